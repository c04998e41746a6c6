//! CustomResourceDefinitions: their YAML to kinds of the schema.
//!
//! [`read()`] takes the `apiextensions.k8s.io/v1` definitions out of texts and adds their kinds to those of Kubernetes, or says what is wrong with them. What the API server refuses in a
//! definition is an error; what it takes and the language cannot say exactly is a field that no rule can read ([`crate::schema::Field::unreadable`]).

mod structural;
mod value;
mod version;

use crate::diagnostic::codes::crd as codes;
use crate::diagnostic::{Code, Diagnostic, Sources, Span, nearest};
use crate::ir::Kind;
use crate::manifest::{self, Text};
use crate::object::{Node, Value};
use crate::schema::{Additions, KindInfo, Schema, Subresource, TypeId};
use std::collections::BTreeMap;

/// The group of the definitions themselves.
const GROUP: &str = "apiextensions.k8s.io/";
/// What is sent to the subresource `scale`.
const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// What texts with definitions hold.
#[derive(Debug)]
pub struct Definitions {
    /// The schema of Kubernetes with their kinds.
    pub schema: &'static Schema,
    /// How many definitions each of the sources holds.
    pub by_source: BTreeMap<u32, usize>,
}

/// Reads the definitions in the sources with these indices. Other objects in them are left out.
///
/// # Errors
/// All that is wrong in them.
pub fn read(sources: &Sources, indices: &[u32]) -> Result<Definitions, Vec<Diagnostic>> {
    let mut reader = Reader { additions: Additions::new(), diagnostics: Vec::new(), seen: BTreeMap::new() };
    let mut by_source = BTreeMap::new();
    for (index, source) in indices.iter().filter_map(|index| Some((*index, sources.get(*index)?))) {
        by_source.insert(index, reader.source(Text::new(index, &source.text)));
    }
    if reader.diagnostics.is_empty() {
        Ok(Definitions { schema: reader.additions.finish(), by_source })
    } else {
        reader.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|(span, _)| *span));
        Err(reader.diagnostics)
    }
}

struct Reader {
    additions: Additions,
    diagnostics: Vec<Diagnostic>,
    /// Where the definition of each group and kind stands.
    seen: BTreeMap<(String, String), Span>,
}

/// What a definition says of all its versions.
struct Names<'n> {
    group: &'n str,
    kind: &'n str,
    plural: &'n str,
    namespaced: bool,
}

impl Reader {
    fn error(&mut self, code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
    }

    /// Reads a text and gives the number of its definitions.
    fn source(&mut self, text: Text<'_>) -> usize {
        let read = manifest::read_text(text.text);
        for finding in &read.findings {
            if finding.id == "yaml-syntax" {
                let span = text.place(finding.line, finding.column);
                self.error(&codes::BAD_CRD, span, finding.message.clone(), "mend the YAML, or name only files with definitions");
            }
        }
        let mut count = 0;
        for document in &read.documents {
            let node = &document.node;
            let Some(api_version) = node.text_at(&["apiVersion"]) else { continue };
            if node.text_at(&["kind"]) != Some("CustomResourceDefinition") || !api_version.starts_with(GROUP) {
                continue;
            }
            count += 1;
            if api_version != "apiextensions.k8s.io/v1" {
                let span = node.get("apiVersion").map(|node| text.value(node)).unwrap_or_default();
                self.error(
                    &codes::BAD_CRD,
                    span,
                    format!("`{api_version}` is not served since Kubernetes 1.22"),
                    "write the definition as `apiextensions.k8s.io/v1`, where the schema stands in each version",
                );
                continue;
            }
            for finding in &document.findings {
                let span = text.place(finding.line, finding.column);
                self.error(&codes::BAD_CRD, span, finding.message.clone(), "write each key once");
            }
            self.definition(&text, node);
        }
        count
    }

    /// The text under a key that has to be there.
    fn text<'n>(&mut self, text: &Text<'_>, of: &'n Node, name: &str, what: &str) -> Option<&'n str> {
        let found = of.get(name);
        match found.and_then(Node::as_str) {
            Some(value) if !value.is_empty() => Some(value),
            Some(_) | None => {
                let span = found.filter(|node| !node.is_null()).map_or_else(|| text.value(of), |node| text.value(node));
                self.error(&codes::BAD_CRD, span, format!("the definition has no `{name}`"), format!("write {what}"));
                None
            }
        }
    }

    fn definition(&mut self, text: &Text<'_>, node: &Node) {
        let Some(spec) = node.get("spec").filter(|spec| matches!(spec.value, Value::Map(_))) else {
            return self.error(
                &codes::BAD_CRD,
                text.value(node),
                "the definition has no `spec`",
                "write group, names, scope and versions in it",
            );
        };
        let Some(names) = self.names(text, node, spec) else { return };
        if let Some(keep) = spec.get("preserveUnknownFields").filter(|keep| matches!(keep.value, Value::Bool(true))) {
            self.error(
                &codes::NOT_STRUCTURAL,
                text.value(keep),
                "`preserveUnknownFields` may not be true",
                "say `x-kubernetes-preserve-unknown-fields: true` in the schema, where unknown fields are kept",
            );
        }
        let at = spec.at(&["names", "kind"]).map(|kind| text.value(kind)).unwrap_or_default();
        if Schema::kubernetes().kinds().iter().any(|info| info.kind.group == names.group && info.kind.kind == names.kind) {
            let message = format!("`{}` of the group `{}` is a kind of Kubernetes itself", names.kind, names.group);
            return self.error(&codes::BUILT_IN_KIND, at, message, "remove the definition: polc knows the kind");
        }
        let key = (names.group.to_owned(), names.kind.to_owned());
        if let Some(first) = self.seen.get(&key) {
            let message = format!("the kind `{}.{}` is defined twice", names.kind, names.group);
            self.diagnostics.push(
                Diagnostic::error(&codes::DUPLICATE_CRD, at, message)
                    .with_label(*first, "first here")
                    .with_help("give only the definition that the clusters have"),
            );
            return;
        }
        self.seen.insert(key, at);
        self.versions(text, spec, &names);
    }

    fn names<'n>(&mut self, text: &Text<'_>, node: &Node, spec: &'n Node) -> Option<Names<'n>> {
        let group = self.text(text, spec, "group", "the API group, such as `example.com`");
        let scope = self.text(text, spec, "scope", "`Namespaced` or `Cluster`");
        let namespaced = match scope {
            Some("Namespaced") => Some(true),
            Some("Cluster") => Some(false),
            Some(other) => {
                let span = spec.get("scope").map(|scope| text.value(scope)).unwrap_or_default();
                let help = nearest(other, ["Namespaced", "Cluster"])
                    .map_or_else(|| "it is `Namespaced` or `Cluster`".to_owned(), |near| format!("did you mean `{near}`?"));
                self.error(&codes::BAD_CRD, span, format!("`{other}` is no scope"), help);
                None
            }
            None => None,
        };
        let Some(words) = spec.get("names").filter(|names| matches!(names.value, Value::Map(_))) else {
            self.error(&codes::BAD_CRD, text.value(spec), "the definition has no `names`", "write `kind` and `plural` in it");
            return None;
        };
        let kind = self.text(text, words, "kind", "the kind, such as `Widget`");
        let plural = self.text(text, words, "plural", "the name of the resource, such as `widgets`");
        let (group, namespaced, kind, plural) = (group?, namespaced?, kind?, plural?);
        let wanted = format!("{plural}.{group}");
        if let Some(name) = node.at(&["metadata", "name"])
            && name.as_str() != Some(&*wanted)
        {
            let message = format!("the definition of `{wanted}` has another name");
            self.error(&codes::BAD_CRD, text.value(name), message, format!("name it `{wanted}`: its plural and group"));
        }
        Some(Names { group, kind, plural, namespaced })
    }

    fn versions(&mut self, text: &Text<'_>, spec: &Node, names: &Names<'_>) {
        let Some(versions) = spec.get("versions").filter(|versions| !versions.items().is_empty()) else {
            return self.error(&codes::BAD_CRD, text.value(spec), "the definition has no `versions`", "write at least one");
        };
        let mut known: BTreeMap<&str, Span> = BTreeMap::new();
        let mut stored = 0;
        let mut served: Vec<KindInfo> = Vec::new();
        for version in versions.items() {
            let Some(name) = self.text(text, version, "name", "the version, such as `v1`") else { continue };
            let at = version.get("name").map(|name| text.value(name)).unwrap_or_default();
            if let Some(first) = known.insert(name, at) {
                self.diagnostics.push(
                    Diagnostic::error(&codes::BAD_CRD, at, format!("the version `{name}` stands twice"))
                        .with_label(first, "first here")
                        .with_help("remove one of them"),
                );
                continue;
            }
            let is = |key: &str| version.get(key).map(|node| &node.value);
            for key in ["served", "storage"] {
                if !matches!(is(key), Some(Value::Bool(_))) {
                    let span = version.get(key).map_or(at, |node| text.value(node));
                    self.error(
                        &codes::BAD_CRD,
                        span,
                        format!("the version `{name}` does not say `{key}`"),
                        format!("write `{key}: true` or `{key}: false`"),
                    );
                }
            }
            stored += usize::from(is("storage") == Some(&Value::Bool(true)));
            let Some(schema) = version.at(&["schema", "openAPIV3Schema"]).filter(|schema| !schema.is_null()) else {
                self.error(
                    &codes::BAD_CRD,
                    at,
                    format!("the version `{name}` has no schema"),
                    "write `schema.openAPIV3Schema`: the API server demands one",
                );
                continue;
            };
            let ty = structural::root(self, text, schema, &format!("{}.{name}.{}", names.group, names.kind));
            if is("served") == Some(&Value::Bool(true)) {
                served.push(KindInfo {
                    kind: Kind {
                        group: names.group.to_owned(),
                        version: name.to_owned(),
                        kind: names.kind.to_owned(),
                        resource: names.plural.to_owned(),
                        subresource: None,
                        namespaced: names.namespaced,
                        pod: None,
                    },
                    ty,
                    preferred: false,
                    subresources: subresources(version, ty),
                    custom: true,
                });
            }
        }
        if stored != 1 && known.len() == versions.items().len() {
            let message =
                if stored == 0 { "no version says `storage: true`".to_owned() } else { format!("{stored} versions say `storage: true`") };
            self.error(&codes::BAD_CRD, text.value(versions), message, "say it in the one version in which objects are stored");
        }
        // The one that `kubectl` prefers, and rules mean.
        if let Some(first) = served.iter_mut().max_by(|a, b| version::compare(&a.kind.version, &b.kind.version)) {
            first.preferred = true;
        }
        served.into_iter().for_each(|kind| self.additions.add_kind(kind));
    }
}

fn subresources(version: &Node, ty: TypeId) -> Vec<Subresource> {
    let has = |name: &str| version.at(&["subresources", name]).is_some_and(|node| !node.is_null());
    let scale = has("scale").then(|| Subresource { name: "scale", ty: Schema::kubernetes().type_id(SCALE) });
    let status = has("status").then_some(Subresource { name: "status", ty: Some(ty) });
    scale.into_iter().chain(status).collect()
}
