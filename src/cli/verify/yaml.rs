//! JSON as YAML with few lines: what is short stands in one.

use serde_json::Value as Json;
use std::fmt::Write as _;

/// How many characters a map or a list may have that stands in one line.
const SHORT: usize = 60;

/// The text, with a newline at its end.
pub fn compact(value: &Json) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (number, (name, value)) in map.iter().enumerate() {
                // The first entry of an element stands behind its dash.
                let pad = if number == 0 && out.ends_with("- ") { 0 } else { indent };
                let _ = write!(out, "{:pad$}{}:", "", word(name));
                entry(value, indent + 2, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                let inline = flow(item);
                if is_long(item, &inline) {
                    out.push(' ');
                    block(item, indent + 2, out);
                } else {
                    let _ = writeln!(out, " {inline}");
                }
            }
        }
        scalar @ (Json::Object(_) | Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => {
            let _ = writeln!(out, "{:indent$}{}", "", flow(scalar));
        }
    }
}

fn entry(value: &Json, indent: usize, out: &mut String) {
    let inline = flow(value);
    if is_long(value, &inline) {
        out.push('\n');
        block(value, indent, out);
    } else {
        let _ = writeln!(out, " {inline}");
    }
}

fn is_long(value: &Json, inline: &str) -> bool {
    match value {
        Json::Object(map) => !map.is_empty() && inline.chars().count() > SHORT,
        Json::Array(items) => {
            !items.is_empty() && inline.chars().count() > SHORT && items.iter().any(|item| item.is_object() || items.len() > 1)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// In one line.
fn flow(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(name, value)| format!("{}: {}", word(name), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::String(text) => word(text),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A text, quoted where it could be read as something else.
fn word(text: &str) -> String {
    let plain =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].iter().any(|other| text.eq_ignore_ascii_case(other));
    if plain && !other { text.to_owned() } else { Json::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::manifest;
    use serde_json::json;

    #[test]
    fn what_is_short_stands_in_one_line_and_reads_the_same() {
        let value = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "labels": {"a/b": "on", "": "1"}},
            "spec": {"containers": [
                {"name": "c", "image": "registry.example.com/a-long-name/of-an-image:1.2.3", "command": [], "env": [{"name": "A", "value": "\n: #"}]},
                null,
            ], "n": 1.5, "no": true},
        });
        let text = compact(&value);
        let expected = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a/b: \"on\", \"\": \"1\"}}\nspec:\n  containers:\n    \
            - name: c\n      image: \"registry.example.com/a-long-name/of-an-image:1.2.3\"\n      command: []\n      env: [{name: A, value: \"\\n: #\"}]\n    \
            - null\n  \"n\": 1.5\n  \"no\": true\n";
        assert_eq!(text, expected);
        let read = manifest::read_text(&text);
        assert!(read.findings.is_empty(), "{:?}", read.findings);
        assert_eq!(Json::from(&read.documents[0].node), value);
    }
}
