//! What every emitted Kubernetes object says of where it comes from: its labels and annotations.
//!
//! `polc/pack`, `polc/rule` and `polc/severity` are labels, to select by; the annotation `polc/source` is the digest of the rule's text in its source.

use crate::diagnostic::Span;
use crate::ir::{Pack, Rule};
use crate::lower::Unsupported;
use serde::Serialize;
use std::collections::BTreeMap;

/// Kubernetes' limit for values of labels, and so for what names policies in them.
pub(crate) const LONGEST_NAME: usize = 63;

/// `metadata` of an emitted object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Metadata {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<&'static str, String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<&'static str, String>,
}

impl Metadata {
    /// Of an object that stands for a rule.
    pub fn of_rule(pack: &Pack, rule: &Rule) -> Self {
        Metadata {
            name: policy_name(pack, rule),
            labels: labels(pack, rule),
            annotations: BTreeMap::from([("polc/source", source(pack, rule))]),
        }
    }

    /// The same with the rule's description as Kubernetes' own annotation.
    pub fn described(mut self, rule: &Rule) -> Self {
        if let Some(text) = description(&rule.doc) {
            self.annotations.insert("kubernetes.io/description", text);
        }
        self
    }
}

/// The name of the policy of a rule.
pub(crate) fn policy_name(pack: &Pack, rule: &Rule) -> String {
    format!("{}-{}", pack.name, rule.name)
}

/// A name, if it is not too long.
///
/// # Errors
/// When it is longer than [`LONGEST_NAME`].
pub(crate) fn within_length(name: String, span: Span) -> Result<String, Unsupported> {
    if name.len() > LONGEST_NAME {
        Err(Unsupported::new(format!("the name `{name}` of more than {LONGEST_NAME} characters"), span))
    } else {
        Ok(name)
    }
}

/// The labels of an object that stands for a rule.
pub(crate) fn labels(pack: &Pack, rule: &Rule) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("polc/pack", label_value("pack", &pack.name)),
        ("polc/rule", label_value("rule", &rule.name)),
        ("polc/severity", rule.severity.name().to_owned()),
    ])
}

/// The digest of a rule's source text, as an annotation says it.
pub(crate) fn source(pack: &Pack, rule: &Rule) -> String {
    format!("sha256:{}", pack.digests.get(&rule.id).map_or("", String::as_str))
}

/// A name as the value of a label.
pub(crate) fn label_value(kind: &str, name: &str) -> String {
    if is_switch(name) { format!("{kind}.{name}") } else { name.to_owned() }
}

/// A doc comment as the value of an annotation; none where there is nothing to say.
pub(crate) fn description(doc: &str) -> Option<String> {
    let text = doc.trim();
    // A block of lines is text whatever it says: of `1_000` and `off` readers of YAML think otherwise.
    let end = if text.contains(char::is_whitespace) { "" } else { "\n" };
    (!text.is_empty()).then(|| format!("{text}{end}"))
}

/// Words that YAML 1.1, which the tools of Kubernetes read, takes for booleans where they are not quoted; `true` and `false` are quoted.
pub(crate) fn is_switch(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off")
}

/// A name as a heading: `no-privileged` is `No privileged`.
pub(crate) fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_and_annotations_stay_texts() {
        assert_eq!(label_value("pack", "probes"), "probes");
        assert_eq!(label_value("pack", "on"), "pack.on");
        assert_eq!(label_value("rule", "y"), "rule.y");
        assert_eq!(description("  Why so. "), Some("Why so.".to_owned()));
        assert_eq!(description("off"), Some("off\n".to_owned()));
        assert_eq!(description(" \n "), None);
        assert_eq!(title("no-privileged"), "No privileged");
    }
}
