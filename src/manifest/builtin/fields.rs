//! Every field of an object against the schema: its name, type, enum and presence.

use super::path::Path;
use super::structs::Role;
use super::{Findings, at, join, key_at, quote, structs};
use crate::diagnostic::nearest;
use crate::ir::{Presence, Quantity};
use crate::object::{Key, Node, Value};
use crate::schema::{Default, Field, FieldType, Nulls, Schema, TypeId};
use std::collections::BTreeMap;
use std::sync::{OnceLock, RwLock};

/// A struct with what the walk asks of it, drawn out once.
struct Shape {
    id: TypeId,
    /// Its fields, found by a hash of their names.
    slots: Vec<Option<(&'static str, &'static Field)>>,
    required: Vec<&'static str>,
    /// Whether a required field that is empty or zero is refused like an absent one.
    filled: bool,
    role: Role,
}

impl Shape {
    fn new(id: TypeId) -> Shape {
        let fields = &id.get().fields;
        let mut slots = vec![None; (fields.len() * 2).next_power_of_two().max(2)];
        for (name, field) in fields {
            let mut slot = hash(name);
            while let Some(Some(_)) = slots.get(slot & (slots.len() - 1)) {
                slot += 1;
            }
            let slot = slot & (slots.len() - 1);
            if let Some(free) = slots.get_mut(slot) {
                *free = Some((*name, field));
            }
        }
        let mut required: Vec<_> =
            fields.iter().filter(|(name, field)| field.required && !structs::is_zero_allowed(id, name)).map(|(name, _)| *name).collect();
        required.extend(structs::also_required(id));
        Shape { id, slots, required, filled: structs::is_filled(id), role: Role::of(id) }
    }

    fn field(&self, name: &str) -> Option<&'static Field> {
        let mut slot = hash(name);
        loop {
            match self.slots.get(slot & (self.slots.len() - 1)) {
                Some(Some((own, field))) if *own == name => return Some(field),
                Some(Some(_)) => slot += 1,
                Some(None) | None => return None,
            }
        }
    }
}

/// Enough to tell the fields of one struct apart: length, first, middle and last letter.
fn hash(name: &str) -> usize {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    bytes.len().wrapping_mul(29)
        ^ byte(0).wrapping_mul(7)
        ^ byte(bytes.len() / 2).wrapping_mul(13)
        ^ byte(bytes.len().wrapping_sub(1)).wrapping_mul(31)
}

/// Those of Kubernetes' structs, by their places.
fn shapes() -> &'static [OnceLock<Shape>] {
    static SHAPES: OnceLock<Vec<OnceLock<Shape>>> = OnceLock::new();
    SHAPES.get_or_init(|| Schema::kubernetes().types().map(|_| OnceLock::new()).collect())
}

/// The shape of a struct of a custom kind.
#[cold]
fn added_shape(id: TypeId) -> Option<&'static Shape> {
    static SHAPES: RwLock<BTreeMap<usize, &'static Shape>> = RwLock::new(BTreeMap::new());
    if let Some(shape) = SHAPES.read().ok()?.get(&id.index()) {
        return Some(shape);
    }
    Some(SHAPES.write().ok()?.entry(id.index()).or_insert_with(|| Box::leak(Box::new(Shape::new(id)))))
}

/// Checks a struct: `node` is a map with these `entries`.
pub(super) fn structure(id: TypeId, node: &Node, entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    let own = shapes().get(id.index()).map(|cell| cell.get_or_init(|| Shape::new(id)));
    let Some(shape) = own.or_else(|| added_shape(id)) else { return };
    for (key, value) in entries {
        let own = Path::Field(path, &key.name);
        match shape.field(&key.name) {
            // `null` is absent, and a status is dropped when it comes from a manifest
            Some(_) if value.value == Value::Null || (&*key.name == "status" && matches!(path, Path::Root)) => {}
            Some(field) => {
                check(&field.ty, Some(field), value, &own, findings);
            }
            None if shape.id.get().open => {}
            None => unknown(shape, (key, value), entries, path, findings),
        }
    }
    for name in &shape.required {
        let entry = entries.iter().find(|(key, _)| *key.name == **name).map(|(_, value)| value);
        if entry.is_none_or(|value| value.value == Value::Null || (shape.filled && is_zero(&value.value))) {
            missing(shape, name, entry.unwrap_or(node), entries, path, findings);
        }
    }
    structs::check(shape.role, id, node, entries, path, findings);
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Int(number) => *number == 0,
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Map(_) => false,
    }
}

/// Checks a value; `field` is there where it is the field itself, not an element or entry of it.
fn check(ty: &FieldType, field: Option<&'static Field>, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    match (ty, &node.value) {
        (FieldType::Struct(id), Value::Map(entries)) => structure(*id, node, entries, path, findings),
        (FieldType::String, Value::String(text)) => {
            if let Some(field) = field
                && !field.values.is_empty()
                && !text.is_empty()
                && !field.values.contains(&&**text)
            {
                not_among(field.values, text, node, path, findings);
            }
        }
        (FieldType::List(inner), Value::List(items)) => {
            for (index, item) in items.iter().enumerate() {
                let own = Path::Index(path, index);
                if item.value == Value::Null {
                    null_element(inner, field.map_or(Nulls::Emptied, |field| field.nulls), item, &own, findings);
                } else {
                    check(inner, None, item, &own, findings);
                }
            }
        }
        (FieldType::Map(inner), Value::Map(entries)) => {
            for (key, value) in entries {
                if value.value != Value::Null {
                    check(inner, None, value, &Path::Field(path, &key.name), findings);
                } else if field.is_some_and(|field| field.nulls == Nulls::Refused) {
                    null_entry(key, &Path::Field(path, &key.name), findings);
                }
            }
        }
        (FieldType::Int, Value::Int(number)) => {
            if *number == 0
                && let Some(field) = field
                && field.presence == Presence::NonZero
                && let Some(Default::Int(default)) = field.default
                && default != 0
            {
                let message = format!("`{}: 0` counts as absent, so the default holds: {default}", path.name());
                findings.warning("zero-defaulted", path, at(node), message);
            }
        }
        (FieldType::Quantity, Value::String(text)) => quantity(text, node, path, findings),
        (FieldType::Bool, Value::Bool(_))
        | (FieldType::Number, Value::Int(_) | Value::Float(_))
        | (FieldType::Quantity, Value::Int(_) | Value::Float(_))
        | (FieldType::IntOrString, Value::Int(_) | Value::String(_))
        | (FieldType::Any, _) => {}
        (
            FieldType::Bool
            | FieldType::Int
            | FieldType::Number
            | FieldType::String
            | FieldType::Quantity
            | FieldType::IntOrString
            | FieldType::List(_)
            | FieldType::Map(_)
            | FieldType::Struct(_),
            _,
        ) => wrong_type(ty, field, node, path, findings),
    }
}

/// Kubernetes reads a `null` in a list as an empty element, which rules do not see: whatever that leads to is told here.
#[cold]
fn null_element(ty: &FieldType, nulls: Nulls, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    match nulls {
        Nulls::Emptied => {}
        Nulls::Kept => return,
        Nulls::Refused => {
            let message = format!("{} is `null`, which the API server refuses: remove it", path.subject(true));
            return findings.error("schema-type", path, at(node), message);
        }
    }
    let before = findings.found.len();
    if let FieldType::Struct(id) = ty {
        structure(*id, node, &[], path, findings);
    }
    if findings.found.len() == before {
        let message = format!("{} is `null`, which Kubernetes reads as an empty one: remove it", path.subject(true));
        findings.error("schema-type", path, at(node), message);
    }
}

/// Rules read a `null` in a map of texts as Kubernetes does, as an empty one; the API server drops it from an object of a custom kind.
#[cold]
fn null_entry(key: &Key, path: &Path<'_>, findings: &mut Findings) {
    let message = format!("{} is `null`, so that the API server drops it: remove it", path.subject(true));
    findings.error("schema-type", path, key_at(key), message);
}

#[cold]
fn wrong_type(ty: &FieldType, field: Option<&Field>, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    let entry = field.is_none();
    let wanted = match ty {
        FieldType::Bool => "`true` or `false`",
        FieldType::Int => "a whole number",
        FieldType::Number => "a number",
        FieldType::String => match field {
            Some(field) if !field.values.is_empty() => &format!("one of {}", join(field.values.iter().copied(), "and")),
            _ => "text",
        },
        FieldType::Quantity => "a quantity such as `500m` or `2Gi`",
        FieldType::IntOrString => "a whole number or text",
        FieldType::List(_) => "a list",
        FieldType::Map(inner) if **inner == FieldType::String => "a map of text",
        FieldType::Map(_) | FieldType::Struct(_) => "a map",
        FieldType::Any => return,
    };
    let help = match (ty, &node.value) {
        (FieldType::String, Value::List(_)) if field.is_some_and(|field| !field.values.is_empty()) => ": choose one",
        (FieldType::String, Value::Bool(_) | Value::Int(_) | Value::Float(_)) => ": put it in quotes",
        (FieldType::Int | FieldType::Number, Value::String(text)) if text.parse::<f64>().is_ok() => ": remove the quotes",
        (FieldType::Bool, Value::String(text)) if matches!(&**text, "true" | "false") => ": remove the quotes",
        (FieldType::Map(_) | FieldType::Struct(_), Value::List(_)) => ": write its keys without `-`",
        (FieldType::List(_), Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Map(_)) => {
            ": put `-` before each element"
        }
        _ => "",
    };
    findings.error("schema-type", path, at(node), format!("{} is {wanted}, not {}{help}", path.subject(entry), describe(node)));
}

/// What stands there, in words.
fn describe(node: &Node) -> String {
    match &node.value {
        Value::Null => "`null`".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Int(number) => format!("the number {number}"),
        Value::Float(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {}", quote(text)),
        Value::List(items) => match items.iter().map(plain).collect::<Option<Vec<_>>>() {
            Some(words) if !words.is_empty() => format!("the list {}", quote(&format!("[{}]", words.join(", ")))),
            Some(_) | None => "a list".to_owned(),
        },
        Value::Map(_) => "a map".to_owned(),
    }
}

/// A scalar as a list shows it.
fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::String(text) => Some(text.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

#[cold]
fn not_among(values: &[&str], text: &str, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    let help = match nearest(text, values.iter().copied()) {
        Some(value) => format!(": did you mean `{value}`?"),
        None => String::new(),
    };
    findings.error("schema-enum", path, at(node), format!("{} is none of {}{help}", quote(text), join(values.iter().copied(), "and")));
}

fn quantity(text: &str, node: &Node, path: &Path<'_>, findings: &mut Findings) {
    if Quantity::parse(text.trim()).is_none() {
        let message = format!(
            "{} is no quantity that can be read: one is a number below 2^53, perhaps with a suffix, such as `500m` or `2Gi`",
            quote(text)
        );
        findings.error("quantity-valid", path, at(node), message);
    }
}

/// A field that the struct does not have. Where it is likely a misspelt one, its value is checked as that one's, so that one look finds both mistakes.
#[cold]
fn unknown(shape: &Shape, (key, value): (&Key, &Node), entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    let fields = &shape.id.get().fields;
    let name = &*key.name;
    let kind = shape.id.short_name();
    let near = fields.keys().find(|field| field.eq_ignore_ascii_case(name)).copied().or_else(|| nearest(name, fields.keys().copied()));
    let help = match near {
        Some(field) => format!(": did you mean `{field}`?"),
        None if name == "$patch" => ": it directs a patch, and this is an object".to_owned(),
        None => match deeper(shape.id, name) {
            Some(place) => format!(": it stands under `{place}`"),
            None => String::new(),
        },
    };
    findings.error("schema-unknown-field", &Path::Field(path, name), key_at(key), format!("{} is no field of {kind}{help}", quote(name)));
    if let Some(near) = near
        && value.value != Value::Null
        && !entries.iter().any(|(other, _)| &*other.name == near)
        && let Some(field) = shape.field(near)
    {
        check(&field.ty, Some(field), value, &Path::Field(path, near), findings);
    }
}

/// Where, one or two steps further down, a struct has a field of this name.
fn deeper(id: TypeId, name: &str) -> Option<String> {
    let below = |id: TypeId| {
        id.get().fields.iter().filter_map(|(field, info)| {
            if let FieldType::Struct(id) = info.ty {
                Some(((*field).to_owned(), id))
            } else if let FieldType::List(inner) = &info.ty
                && let FieldType::Struct(id) = **inner
            {
                Some((format!("{field}[]"), id))
            } else {
                None
            }
        })
    };
    let has = |id: TypeId| id.get().fields.contains_key(name);
    let first: Vec<_> = below(id).filter(|(field, _)| field != "status" && field != "metadata").collect();
    first.iter().find(|(_, id)| has(*id)).map(|(field, _)| field.clone()).or_else(|| {
        first.iter().find_map(|(field, id)| {
            below(*id).find(|(inner, id)| has(*id) && inner != "metadata").map(|(inner, _)| format!("{field}.{inner}"))
        })
    })
}

#[cold]
fn missing(shape: &Shape, name: &str, node: &Node, entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    // a misspelt one has its own finding
    let misspelt = entries.iter().any(|(key, _)| shape.field(&key.name).is_none() && nearest(&key.name, [name]).is_some());
    if !misspelt {
        let given = entries.iter().any(|(key, value)| *key.name == *name && value.value != Value::Null);
        let message = if given {
            format!("`{name}` of {} is empty, but required", shape.id.short_name())
        } else {
            format!("{} has no `{name}`, which is required", shape.id.short_name())
        };
        findings.error("schema-required", &Path::Field(path, name), at(node), message);
    }
}
