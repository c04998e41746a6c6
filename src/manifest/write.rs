//! Objects to YAML, in the form in which people write manifests.
//!
//! Every string that some reader of YAML, old or new, takes for something else (`yes`, `1e3`, `2001-01-01`) is quoted.

use crate::object::{Node, Value};
use std::fmt::Write as _;

/// A YAML document, without `---`.
///
/// ```
/// let read = polc::manifest::read(b"{\"kind\": \"Pod\", \"spec\": {\"hostNetwork\": true, \"nodeName\": \"yes\"}}");
/// assert_eq!(polc::manifest::yaml(&read.documents[0].node), "kind: Pod\nspec:\n  hostNetwork: true\n  nodeName: \"yes\"\n");
/// ```
#[must_use]
pub fn yaml(node: &Node) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => map(&mut out, node, 0, false),
        Value::List(items) if !items.is_empty() => list(&mut out, items, 0),
        Value::Map(_) | Value::List(_) | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
            scalar(&mut out, node, 0);
            out.push('\n');
        }
    }
    out
}

/// The entries of a map; the first goes on in the line where it `continues` one.
fn map(out: &mut String, node: &Node, indent: usize, continues: bool) {
    let entries = node.entries();
    let mut first = continues;
    for (index, (key, value)) in entries.iter().enumerate() {
        // Of equal keys the last counts.
        if entries.iter().skip(index + 1).any(|(other, _)| other.name == key.name) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push_str(&" ".repeat(indent));
        }
        if is_plain(&key.name) {
            out.push_str(&key.name)
        } else {
            quote(out, &key.name)
        }
        out.push(':');
        match &value.value {
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                map(out, value, indent + 2, false);
            }
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                list(out, items, indent);
            }
            Value::Map(_) | Value::List(_) | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
                out.push(' ');
                scalar(out, value, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn list(out: &mut String, items: &[Node], indent: usize) {
    for item in items {
        out.push_str(&" ".repeat(indent));
        out.push('-');
        match &item.value {
            Value::Map(entries) if !entries.is_empty() => {
                out.push(' ');
                map(out, item, indent + 2, true);
            }
            Value::List(inner) if !inner.is_empty() => {
                out.push('\n');
                list(out, inner, indent + 2);
            }
            Value::Map(_) | Value::List(_) | Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
                out.push(' ');
                scalar(out, item, indent + 2);
                out.push('\n');
            }
        }
    }
}

fn scalar(out: &mut String, node: &Node, indent: usize) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Value::Float(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => {
                let _ = write!(out, "{number}");
            }
            None => out.push_str(if value.is_nan() { ".nan" } else { ".inf" }),
        },
        Value::String(text) if is_plain(text) => out.push_str(text),
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
            for line in text.lines() {
                out.push('\n');
                if !line.is_empty() {
                    out.push_str(&" ".repeat(indent));
                    out.push_str(line);
                }
            }
        }
        Value::String(text) => quote(out, text),
        Value::Map(_) => out.push_str("{}"),
        Value::List(_) => out.push_str("[]"),
    }
}

/// Whether a text stands as it is, and no reader takes it for something else.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _./@%+,=:()*$-".contains(&byte))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a text of several lines stands as a literal block.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| c == '\n' || c == '\t' || !needs_escape(c))
        && text.lines().all(|line| !line.trim().is_empty() || line.is_empty())
}

fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::eval::change::same;
    use proptest::prelude::*;

    fn read_back(node: &Node) -> Node {
        let text = yaml(node);
        let read = crate::manifest::read(text.as_bytes());
        assert_eq!(read.findings, [], "{text}");
        assert_eq!(read.documents.len(), 1, "{text}");
        read.documents.into_iter().next().unwrap().node
    }

    #[test]
    fn what_readers_take_for_something_else_is_quoted() {
        for text in [
            "yes",
            "No",
            "on",
            "y",
            "1e3",
            "0x1F",
            "1_000",
            "2001-01-01",
            ".inf",
            "~",
            "null",
            "",
            "a: b",
            "- a",
            "#",
            "a #b",
            "*x",
            "&x",
            "!x",
            "=",
            "12:30",
            "a:",
            " a",
            "%x",
        ] {
            let node = Node::from(&serde_json::json!({ "a": text, text: "b" }));
            let written = yaml(&node);
            assert!(written.starts_with(&format!("a: \"{text}\"\n")), "{written}");
        }
        for text in ["nginx:1.25", "/var/lib/app", "a b", "registry.example.com/app@sha256:ab", "$(POD_NAME)"] {
            let written = yaml(&Node::from(&serde_json::json!({ "a": text })));
            assert_eq!(written.contains('"'), text.starts_with('$'), "{written}");
        }
    }

    #[test]
    fn lines_stand_as_a_block() {
        let node =
            Node::from(&serde_json::json!({ "data": { "run": "set -e\n\necho \"a: b\"\n", "end": "a\nb" }, "list": [["x\ny\n"], {}, []] }));
        assert_eq!(
            yaml(&node),
            "data:\n  run: |\n    set -e\n\n    echo \"a: b\"\n  end: |-\n    a\n    b\nlist:\n-\n  - |\n    x\n    y\n- {}\n- []\n"
        );
        assert!(same(&node, &read_back(&node)));
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[ -~\\n\\t]{0,12}".prop_map(Into::into),
            "\\PC{0,6}".prop_map(Into::into),
            "[a-z\\n :#-]{0,16}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec(("[ -~]{1,8}", inner), 0..4)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let node = Node::from(&serde_json::json!({ "kind": "X", "value": value }));
            let back = read_back(&node);
            prop_assert_eq!(serde_json::Value::from(&back), serde_json::Value::from(&node));
        }
    }
}
