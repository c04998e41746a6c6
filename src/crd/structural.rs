//! A structural schema to structs.
//!
//! The rules are those of `k8s.io/apiextensions-apiserver/pkg/apiserver/schema` (structural schemas, pruning, defaulting). An object of a custom kind is kept as it is sent: unlike in the
//! structs of Kubernetes no zero is dropped, so that whatever is written is there. Its `metadata` is that of every kind.

use super::value::{self, Wrong};
use super::{Reader, codes};
use crate::diagnostic::{Span, nearest};
use crate::ir::Presence;
use crate::manifest::Text;
use crate::object::{Node, Value};
use crate::schema::{Default, Field, FieldType, Nulls, Schema, TypeId, keep};
use std::collections::BTreeMap;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// The pattern by which generators of definitions (controller-gen) mark a quantity.
const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";
const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
/// What has no place in a structural schema.
const FORBIDDEN: [&str; 7] = ["$ref", "$schema", "definitions", "dependencies", "patternProperties", "additionalItems", "id"];
/// What says of which form a value is, and so may not stand under `allOf`, `anyOf`, `oneOf` and `not`.
const FORM: [&str; 6] =
    ["type", "default", "nullable", "additionalProperties", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"];

/// Where a schema stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Field,
    Item,
}

/// The struct of a kind; `name` is its name.
pub(super) fn root(reader: &mut Reader, text: &Text<'_>, schema: &Node, name: &str) -> TypeId {
    let mut walk = Walk { reader, text };
    let name = walk.reader.additions.reserve(name);
    if !matches!(schema.value, Value::Map(_)) {
        walk.not_structural(text.value(schema), "the schema is no map", "write `type: object` and `properties`");
    } else {
        walk.invariants(schema, Level::Root);
    }
    walk.structure(schema, name, true)
}

struct Walk<'r, 't> {
    reader: &'r mut Reader,
    text: &'r Text<'t>,
}

fn flag(schema: &Node, name: &str) -> bool {
    schema.get(name).is_some_and(|node| node.value == Value::Bool(true))
}

fn preserves(schema: &Node) -> bool {
    flag(schema, "x-kubernetes-preserve-unknown-fields")
}

impl Walk<'_, '_> {
    fn not_structural(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.reader.error(&codes::NOT_STRUCTURAL, span, message, help);
    }

    fn key_of(&self, schema: &Node, name: &str) -> Span {
        let key = schema.entries().iter().find(|(key, _)| &*key.name == name).map(|(key, _)| key);
        key.map_or_else(|| self.text.value(schema), |key| self.text.key(key))
    }

    /// What holds for every schema, and for those in it that only judge values.
    fn invariants(&mut self, schema: &Node, level: Level) {
        for name in FORBIDDEN {
            if schema.get(name).is_some() {
                let span = self.key_of(schema, name);
                self.not_structural(span, format!("`{name}` has no place in a structural schema"), "write out what it stands for");
            }
        }
        let int_or_string = flag(schema, "x-kubernetes-int-or-string");
        match schema.get("type") {
            Some(ty) => match ty.as_str() {
                Some(word) if TYPES.contains(&word) => {
                    if level == Level::Root && word != "object" {
                        self.not_structural(self.text.value(ty), format!("the type at the root is `{word}`"), "it has to be `object`");
                    }
                }
                word => {
                    let word = word.unwrap_or_default();
                    let help = nearest(word, TYPES).map_or_else(
                        || format!("it is one of {}", TYPES.map(|word| format!("`{word}`")).join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    self.not_structural(self.text.value(ty), format!("`{word}` is no type"), help);
                }
            },
            None if int_or_string || (preserves(schema) && level != Level::Root) => {}
            None => {
                let what = match level {
                    Level::Root => "the schema",
                    Level::Field => "the field",
                    Level::Item => "the element",
                };
                self.not_structural(self.text.value(schema), format!("{what} has no `type`"), "write `type: object`, or what else it is");
            }
        }
        if let Some(more) = schema.get("additionalProperties") {
            let span = self.key_of(schema, "additionalProperties");
            if level == Level::Root {
                self.not_structural(span, "`additionalProperties` has no place at the root", "name the fields in `properties`");
            } else if schema.get("properties").is_some_and(|properties| !properties.entries().is_empty()) {
                self.not_structural(
                    span,
                    "`additionalProperties` stands beside `properties`",
                    "an object is a struct, with `properties`, or a map, with `additionalProperties`",
                );
            } else if more.value == Value::Bool(false) {
                self.not_structural(
                    span,
                    "`additionalProperties` may not be false",
                    "remove it: fields that `properties` lacks are dropped anyway",
                );
            }
        }
        for junctor in ["allOf", "anyOf", "oneOf"] {
            for judged in schema.get(junctor).map(Node::items).unwrap_or_default() {
                self.judged(judged, junctor, int_or_string);
            }
        }
        if let Some(judged) = schema.get("not") {
            self.judged(judged, "not", false);
        }
    }

    /// A schema that only judges values.
    fn judged(&mut self, schema: &Node, junctor: &str, int_or_string: bool) {
        for name in FORM {
            // An int-or-string says so once more in this way.
            if schema.get(name).is_some() && !(name == "type" && int_or_string) {
                let span = self.key_of(schema, name);
                let message = format!("`{name}` stands under `{junctor}`");
                self.not_structural(span, message, format!("write it outside: only what judges a value belongs under `{junctor}`"));
            }
        }
        for inner in schema.get("properties").map(Node::entries).unwrap_or_default() {
            self.judged(&inner.1, junctor, int_or_string);
        }
        for inner in schema.get("items").into_iter().chain(schema.get("not")) {
            self.judged(inner, junctor, int_or_string);
        }
        for deeper in ["allOf", "anyOf", "oneOf"] {
            for inner in schema.get(deeper).map(Node::items).unwrap_or_default() {
                self.judged(inner, junctor, int_or_string);
            }
        }
    }

    /// The type of what a schema describes; `name` is that of a struct, if it is one.
    fn ty(&mut self, schema: &Node, name: &str, level: Level) -> FieldType {
        if !matches!(schema.value, Value::Map(_)) {
            self.not_structural(self.text.value(schema), "the schema of a field is no map", "write `type: string`, or what else it is");
            return FieldType::Any;
        }
        self.invariants(schema, level);
        if flag(schema, "x-kubernetes-int-or-string") {
            let quantity = schema.get("pattern").and_then(Node::as_str) == Some(QUANTITY);
            return if quantity { FieldType::Quantity } else { FieldType::IntOrString };
        }
        match schema.get("type").and_then(Node::as_str) {
            Some("boolean") => FieldType::Bool,
            Some("integer") => FieldType::Int,
            Some("number") => FieldType::Number,
            Some("string") => FieldType::String,
            Some("array") => match schema.get("items") {
                Some(items) => {
                    let inner = self.ty(items, &format!("{name}Item"), Level::Item);
                    FieldType::List(Box::new(self.part(items, inner)))
                }
                None => {
                    self.not_structural(self.text.value(schema), "the list has no `items`", "say what its elements are");
                    FieldType::Any
                }
            },
            Some("object") => {
                let embedded = flag(schema, "x-kubernetes-embedded-resource");
                let fields = schema.get("properties").is_some_and(|properties| !properties.entries().is_empty());
                match schema.get("additionalProperties") {
                    Some(entry) if matches!(entry.value, Value::Map(_)) && !fields => {
                        let inner = self.ty(entry, &format!("{name}Value"), Level::Field);
                        let inner = self.part(entry, inner);
                        // `null` is kept there, where a rule would read an empty text.
                        let null = inner == FieldType::String && flag(entry, "nullable");
                        FieldType::Map(Box::new(if null { FieldType::Any } else { inner }))
                    }
                    Some(Node { value: Value::Bool(true), .. }) if !fields => FieldType::Map(Box::new(FieldType::Any)),
                    _ if !fields && !embedded && preserves(schema) => FieldType::Any,
                    _ => {
                        let name = self.reader.additions.reserve(name);
                        FieldType::Struct(self.structure(schema, name, embedded))
                    }
                }
            }
            Some(_) | None => FieldType::Any,
        }
    }

    /// The type of elements or entries. A default stands in for those that are `null`, which no rule sees.
    fn part(&self, schema: &Node, ty: FieldType) -> FieldType {
        if schema.get("default").is_some_and(|default| !default.is_null()) { FieldType::Any } else { ty }
    }

    /// A struct; a `resource` has `apiVersion`, `kind` and `metadata`.
    fn structure(&mut self, schema: &Node, name: &'static str, resource: bool) -> TypeId {
        let mut fields = BTreeMap::new();
        let demanded: Vec<&str> = schema.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str).collect();
        for (key, property) in schema.get("properties").map(Node::entries).unwrap_or_default() {
            if resource && matches!(&*key.name, "apiVersion" | "kind" | "metadata") {
                continue;
            }
            let of = format!("{name}{}", capitalised(&key.name));
            let field = self.field(property, &of, demanded.contains(&&*key.name));
            fields.insert(keep(&key.name), field);
        }
        if resource {
            let text = || plain(FieldType::String, Presence::NonZero);
            fields.insert("apiVersion", text());
            fields.insert("kind", text());
            if let Some(id) = Schema::kubernetes().type_id(OBJECT_META) {
                fields.insert("metadata", Field { value_struct: true, ..plain(FieldType::Struct(id), Presence::Written) });
            }
        }
        self.reader.additions.add_struct(name, fields, preserves(schema))
    }

    fn field(&mut self, schema: &Node, name: &str, demanded: bool) -> Field {
        let ty = self.ty(schema, name, Level::Field);
        let nullable = flag(schema, "nullable");
        let inner = schema.get("items").or_else(|| schema.get("additionalProperties"));
        let kept = preserves(schema) || inner.is_some_and(|inner| flag(inner, "nullable") || preserves(inner));
        let nulls = if kept { Nulls::Kept } else { Nulls::Refused };
        let mut field = Field { values: values(schema, &ty), nulls, ..plain(ty, Presence::Written) };
        if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
            match value::default(&field.ty, default) {
                Ok(_) if nullable => {
                    field.unreadable = Some("`null` is kept in it, but what is missing has a default");
                }
                Ok(default) => field.default = Some(default),
                Err(Wrong::Unsayable(why)) => field.unreadable = Some(why),
                Err(Wrong::Type(node)) => {
                    let span = self.text.value(node);
                    let help = "the API server refuses such a definition: correct the default, or the type";
                    self.reader.error(&codes::BAD_CRD, span, "the default is not of the type of its field", help);
                }
            }
        }
        field.required = demanded && !nullable && field.default.is_none() && field.unreadable.is_none();
        field
    }
}

fn plain(ty: FieldType, presence: Presence) -> Field {
    Field {
        ty,
        required: false,
        presence,
        value_struct: false,
        values: &[],
        default: None::<Default>,
        nulls: Nulls::Refused,
        unreadable: None,
    }
}

/// The texts that a field, or an element of it, may hold.
fn values(schema: &Node, ty: &FieldType) -> &'static [&'static str] {
    let of = match ty {
        FieldType::String => Some(schema),
        FieldType::List(inner) if **inner == FieldType::String => schema.get("items"),
        FieldType::Bool
        | FieldType::Int
        | FieldType::Number
        | FieldType::Quantity
        | FieldType::IntOrString
        | FieldType::List(_)
        | FieldType::Map(_)
        | FieldType::Struct(_)
        | FieldType::Any => None,
    };
    let texts: Vec<&'static str> =
        of.and_then(|of| of.get("enum")).map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str).map(keep).collect();
    Vec::leak(texts)
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
