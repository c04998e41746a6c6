//! The checks that need no rule: what Kubernetes' schema, its API server or its kubelet make of a manifest.

mod fields;
mod image;
mod object;
mod path;
mod structs;

use super::{Document, Finding};
use crate::diagnostic::Level;
use crate::ir::Severity;
use crate::object::{Key, Node};
use crate::schema::Schema;
use path::Path;
use std::collections::{BTreeMap, BTreeSet};

/// A built-in check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinInfo {
    /// Its id: `builtin/<id>` in results.
    pub id: &'static str,
    /// How grave a finding is, where the policy does not say.
    pub severity: Severity,
    /// What it finds.
    pub summary: &'static str,
    /// What it covers.
    pub tags: &'static [&'static str],
}

const fn info(id: &'static str, severity: Severity, summary: &'static str, tags: &'static [&'static str]) -> BuiltinInfo {
    BuiltinInfo { id, severity, summary, tags }
}

static BUILTINS: &[BuiltinInfo] = &[
    info("api-removed", Severity::High, "an apiVersion and kind that Kubernetes no longer serves", &["doc:api-removed", "doc:psp-migrate"]),
    info("api-unknown", Severity::High, "a kind or version that a group of Kubernetes does not have", &[]),
    info("hook-one-handler", Severity::High, "a lifecycle hook with several handlers or none", &["doc:hook-one-handler"]),
    info("image-name-valid", Severity::High, "an image that no registry could have", &["doc:image-name-valid"]),
    info("image-registry", Severity::Medium, "an image from a frozen registry of Kubernetes, or from a host that misspells it", &[]),
    info("inject-no-legacy", Severity::Medium, "an annotation of PodPreset, which nothing reads any more", &["doc:inject-no-legacy"]),
    info("manifest-object", Severity::High, "a document that is no object", &[]),
    info("name-dns", Severity::High, "a name of an object, container or volume that is no DNS name", &["doc:name-dns"]),
    info("object-duplicate", Severity::Medium, "two objects of one kind, namespace and name", &["doc:object-duplicate"]),
    info("probe-numbers", Severity::High, "a negative number in a probe", &["doc:probe-numbers"]),
    info("probe-one-handler", Severity::High, "a probe with several handlers or none", &["doc:probe-one-handler"]),
    info("quantity-valid", Severity::High, "a quantity that cannot be read, or is negative where it may not be", &["doc:quantity-valid"]),
    info("schema-enum", Severity::High, "a text that is none of those that a field takes", &["doc:schema-enum", "doc:restart-enum"]),
    info("schema-required", Severity::High, "a field that has to be there and is not", &["doc:container-required"]),
    info("schema-type", Severity::High, "a value of the wrong type", &["doc:schema-type"]),
    info("schema-unknown-field", Severity::High, "a field that Kubernetes does not have, and drops", &["doc:schema-unknown-field"]),
    info("volume-one-source", Severity::High, "a volume with several sources", &["doc:volume-one-source"]),
    info("yaml-duplicate-key", Severity::High, "a key that stands twice in a map, so that one value is lost", &[]),
    info("yaml-no-tabs", Severity::High, "a tab that indents a line", &["doc:yaml-no-tabs"]),
    info("yaml-syntax", Severity::High, "a text that is neither YAML nor JSON", &[]),
    info("zero-defaulted", Severity::Low, "a zero in whose place the API server puts its default", &[]),
];

/// The built-in checks in the order of their ids.
#[must_use]
pub fn builtin_ids() -> &'static [BuiltinInfo] {
    BUILTINS
}

/// The check of this id.
#[must_use]
pub fn builtin(id: &str) -> Option<&'static BuiltinInfo> {
    BUILTINS.binary_search_by(|info| info.id.cmp(id)).ok().and_then(|index| BUILTINS.get(index))
}

/// Judges the objects of one run, over all of its files.
///
/// ```
/// let read = polc::manifest::read(b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namaspace: b}\nspec: {containers: [{name: a, image: a}]}\n");
/// let mut checker = polc::manifest::builtin::Checker::new();
/// let findings = checker.check("pod.yaml", &read.documents[0], "default");
/// assert_eq!(findings[0].message, "`namaspace` is no field of ObjectMeta: did you mean `namespace`?");
/// assert_eq!((findings[0].field.as_str(), findings[0].line, findings[0].column), ("metadata.namaspace", 3, 21));
/// ```
#[derive(Debug, Default)]
pub struct Checker {
    schema: &'static Schema,
    seen: BTreeMap<object::Identity, (String, u32)>,
    presets: BTreeSet<String>,
    foreign: BTreeMap<(String, String), usize>,
}

impl Checker {
    /// One that has seen no object, and knows the kinds of Kubernetes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that has seen no object, and knows the kinds of a schema.
    #[must_use]
    pub fn with(schema: &'static Schema) -> Self {
        Checker { schema, ..Self::default() }
    }

    /// What is wrong with an object of the file `source`, in the order of the text, what its reading found included. An object without a namespace is in `namespace`.
    pub fn check(&mut self, source: &str, document: &Document, namespace: &str) -> Vec<Finding> {
        let mut findings = Findings { found: document.findings.clone(), presets: std::mem::take(&mut self.presets) };
        self.object(source, document, namespace, &mut findings);
        let Findings { mut found, presets } = findings;
        self.presets = presets;
        found.sort_by_key(|finding| (finding.line, finding.column));
        found
    }

    /// The apiVersions and kinds of groups that are not Kubernetes' own, with the number of their objects: of those only the metadata was checked.
    #[must_use]
    pub fn foreign_kinds(&self) -> &BTreeMap<(String, String), usize> {
        &self.foreign
    }
}

/// What was found so far.
struct Findings {
    found: Vec<Finding>,
    /// The names of the PodPresets that were seen.
    presets: BTreeSet<String>,
}

impl Findings {
    #[cold]
    fn add(&mut self, id: &'static str, level: Level, path: &Path<'_>, (line, column): (u32, u32), message: String) {
        self.found.push(Finding { id, level, message, field: path.to_string(), line, column });
    }

    fn error(&mut self, id: &'static str, path: &Path<'_>, place: (u32, u32), message: String) {
        self.add(id, Level::Error, path, place, message);
    }

    fn warning(&mut self, id: &'static str, path: &Path<'_>, place: (u32, u32), message: String) {
        self.add(id, Level::Warning, path, place, message);
    }
}

fn at(node: &Node) -> (u32, u32) {
    (node.line, node.column)
}

fn key_at(key: &Key) -> (u32, u32) {
    (key.line, key.column)
}

/// `` `a`, `b` and `c` ``
fn join<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.pop() {
        Some(word) if words.is_empty() => word,
        Some(word) => format!("{} {last} {word}", words.join(", ")),
        None => String::new(),
    }
}

/// A text from a manifest in a message: on one line and not too long.
fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(60).flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_is_found() {
        assert!(BUILTINS.is_sorted_by(|a, b| a.id < b.id));
        for info in BUILTINS {
            assert_eq!(builtin(info.id), Some(info));
            assert!(info.tags.len() <= 3, "{}", info.id);
            assert!(!info.summary.is_empty() && !info.summary.ends_with('.'));
        }
        assert_eq!(builtin("no-such-check"), None);
    }

    #[test]
    fn words_are_joined_and_quoted() {
        assert_eq!(join(["a"], "and"), "`a`");
        assert_eq!(join(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert_eq!(quote(&"x".repeat(61)).chars().count(), 63);
        assert_eq!(&quote("<Pod name>")[..], "`<Pod name>`");
    }
}
