//! Label selectors.

use super::value::{Constant, Val};
use crate::object::Node;

/// Whether a selector selects labels: see [`crate::ir::Cond::Selects`].
pub(super) fn selects(selector: &Val<'_>, map: bool, labels: &Val<'_>) -> bool {
    if map {
        let wanted = pairs(selector);
        return !wanted.is_empty() && wanted.iter().all(|(key, value)| label(labels, key) == Some(value));
    }
    let Val::Node(selector) = selector else { return false };
    let equal = selector
        .get("matchLabels")
        .is_none_or(|wanted| pairs(&Val::Node(wanted)).iter().all(|(key, value)| label(labels, key) == Some(value)));
    equal
        && selector.get("matchExpressions").is_none_or(|expressions| {
            expressions.items().iter().filter(|expression| !expression.is_null()).all(|expression| holds(expression, labels))
        })
}

fn holds(expression: &Node, labels: &Val<'_>) -> bool {
    let label = label(labels, expression.get("key").and_then(Node::as_str).unwrap_or_default());
    let named = || {
        let values = expression.get("values").map(Node::items).unwrap_or_default();
        label.is_some_and(|label| values.iter().any(|value| value.as_str() == Some(label)))
    };
    match expression.get("operator").and_then(Node::as_str) {
        Some("In") => named(),
        Some("NotIn") => !named(),
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        // The API server refuses any other.
        _ => false,
    }
}

/// The label under a key; `null` is empty.
fn label<'v>(labels: &Val<'v>, key: &str) -> Option<&'v str> {
    if let Val::Node(labels) = labels {
        labels.get(key).and_then(text)
    } else {
        pairs(labels).into_iter().rev().find_map(|(name, value)| (name == key).then_some(value))
    }
}

fn pairs<'v>(map: &Val<'v>) -> Vec<(&'v str, &'v str)> {
    if let Val::Node(map) = map {
        super::value::sorted(map.entries()).into_iter().filter_map(|(key, value)| Some((&*key.name, text(value)?))).collect()
    } else if let Val::Constant(Constant::Object(fields)) = map {
        let pair = |(name, value): &'v (Box<str>, Constant)| if let Constant::Text(text) = value { Some((&**name, &**text)) } else { None };
        fields.iter().filter_map(pair).collect()
    } else {
        Vec::new()
    }
}

fn text(node: &Node) -> Option<&str> {
    if node.is_null() { Some("") } else { node.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Value;
    use serde_json::{Value as Json, json};

    fn check(selector: &Json, map: bool, labels: &Json) -> bool {
        let (selector, labels) = (Node::from(selector), Node::from(labels));
        let val = |node| if matches!(node, &Node { value: Value::Null, .. }) { Val::Absent } else { Val::Node(node) };
        selects(&val(&selector), map, &val(&labels))
    }

    #[test]
    fn label_selectors() {
        let labels = json!({"app": "a", "tier": "x", "none": null});
        for (selector, selected) in [
            (json!(null), false),
            (json!({}), true),
            (json!({"matchLabels": null, "matchExpressions": null}), true),
            (json!({"matchLabels": {}}), true),
            (json!({"matchLabels": {"app": "a"}}), true),
            (json!({"matchLabels": {"app": "a", "tier": "y"}}), false),
            (json!({"matchLabels": {"none": ""}}), true),
            (json!({"matchLabels": {"none": null}}), true),
            (json!({"matchLabels": {"missing": ""}}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["b"]}]}), false),
            (json!({"matchExpressions": [{"key": "missing", "operator": "In", "values": ["b"]}]}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["b"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}), false),
            (json!({"matchExpressions": [{"key": "missing", "operator": "NotIn", "values": ["a"]}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "missing", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "missing", "operator": "DoesNotExist"}]}), true),
            (json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}, null]}), false),
            (json!({"matchExpressions": [{"key": "app", "operator": "Equals"}]}), false),
            (
                json!({"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "x", "operator": "Exists"}]}),
                false,
            ),
        ] {
            assert_eq!(check(&selector, false, &labels), selected, "{selector}");
        }
        assert!(check(&json!({}), false, &json!(null)), "absent labels are empty");
        assert!(!check(&json!({"matchLabels": {"app": "a"}}), false, &json!(null)));
    }

    #[test]
    fn maps() {
        let labels = json!({"app": "a", "tier": "x"});
        for (selector, selected) in [
            (json!(null), false),
            (json!({}), false),
            (json!({"app": "a"}), true),
            (json!({"app": "a", "tier": "x"}), true),
            (json!({"app": "b"}), false),
            (json!({"missing": ""}), false),
        ] {
            assert_eq!(check(&selector, true, &labels), selected, "{selector}");
        }
    }
}
