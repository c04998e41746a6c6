//! What is known of an admission request.

use crate::ir::{Kind, Operation};
use crate::object::Node;
use crate::schema::Schema;
use serde_json::{Map, Value as Json, json};

/// The admission request of an object, as rules read it: the given fields (`userInfo`, `options` ...), with `operation`, `name` and `namespace` as they follow from the object where they are not given.
///
/// `namespace` is that of an object that lives in one and names none; the schema says which kinds do. Where a subresource is asked for that takes objects of its own kind (`Pod/status`), the
/// `resource` follows from the object too.
#[must_use]
pub fn admission_request(schema: &Schema, given: &Node, object: &Node, operation: Operation, namespace: &str) -> Node {
    let mut fields = match Json::from(given) {
        Json::Object(fields) => fields,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => Map::new(),
    };
    fields.insert("operation".to_owned(), operation.request_name().into());
    let text = |path: &[&str]| object.text_at(path);
    if let Some(name) = text(&["metadata", "name"]) {
        fields.entry("name").or_insert_with(|| name.into());
    }
    let known = schema.by_gvk(text(&["apiVersion"]).unwrap_or_default(), text(&["kind"]).unwrap_or_default());
    if known.is_none_or(|info| info.kind.namespaced) {
        fields.entry("namespace").or_insert_with(|| text(&["metadata", "namespace"]).unwrap_or(namespace).into());
    }
    let asked = fields.get("subResource").and_then(Json::as_str).unwrap_or_default();
    if let Some(info) = known.filter(|info| info.subresources.iter().any(|known| known.name == asked && known.ty == Some(info.ty))) {
        let Kind { group, version, resource, .. } = &info.kind;
        fields.entry("resource").or_insert_with(|| json!({"group": group, "version": version, "resource": resource}));
    }
    if let Some(Json::Object(resource)) = fields.get_mut("resource") {
        resource.entry("group").or_insert_with(|| "".into());
    }
    Node::from(&Json::Object(fields))
}
