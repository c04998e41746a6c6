//! Defaults that a schema states.

use crate::ir::Const;
use crate::object::{Node, Value};
use crate::schema::{Default, FieldType, keep};

/// What is wrong with a default.
#[derive(Debug)]
pub(super) enum Wrong<'n> {
    /// It is not of the field's type: the API server refuses the definition.
    Type(&'n Node),
    /// The language has no such value.
    Unsayable(&'static str),
}

/// The default of a field of this type.
pub(super) fn default<'n>(ty: &FieldType, node: &'n Node) -> Result<Default, Wrong<'n>> {
    Ok(match constant(ty, node)? {
        Const::Bool(value) => Default::Bool(value),
        Const::Int(value) if *ty == FieldType::Quantity => Default::Text(keep(&value.to_string())),
        Const::Int(value) => Default::Int(value),
        Const::String(text) if *ty == FieldType::String => Default::String(keep(&text)),
        Const::String(text) => Default::Text(keep(&text)),
        Const::Object(fields) if fields.is_empty() && matches!(ty, FieldType::Struct(_)) => Default::Empty,
        constant @ (Const::Quantity(_) | Const::List(_) | Const::Object(_)) => Default::Constant(Box::leak(Box::new(constant))),
    })
}

fn constant<'n>(ty: &FieldType, node: &'n Node) -> Result<Const, Wrong<'n>> {
    match (ty, &node.value) {
        (FieldType::Bool | FieldType::Any, Value::Bool(value)) => Ok(Const::Bool(*value)),
        (FieldType::Int | FieldType::Number | FieldType::IntOrString | FieldType::Quantity | FieldType::Any, Value::Int(value)) => {
            Ok(Const::Int(*value))
        }
        (FieldType::String | FieldType::IntOrString | FieldType::Quantity | FieldType::Any, Value::String(text)) => {
            Ok(Const::String(text.to_string()))
        }
        (FieldType::Number | FieldType::Any, Value::Float(_)) => Err(Wrong::Unsayable("its default holds a number with a fraction")),
        (FieldType::List(inner), Value::List(items)) => {
            items.iter().map(|item| constant(inner, item)).collect::<Result<_, _>>().map(Const::List)
        }
        (FieldType::Any, Value::List(items)) => items.iter().map(|item| constant(ty, item)).collect::<Result<_, _>>().map(Const::List),
        (FieldType::Map(inner), Value::Map(_)) => entries(node, |_| Some(inner)),
        (FieldType::Any, Value::Map(_)) => entries(node, |_| Some(ty)),
        (FieldType::Struct(id), Value::Map(_)) => {
            let of = id.get();
            // What the schema does not know is dropped from a default too, unless it is kept everywhere.
            entries(node, |name| of.fields.get(name).map(|field| &field.ty).or_else(|| of.open.then_some(&FieldType::Any)))
        }
        (_, Value::Null) => Err(Wrong::Unsayable("its default holds `null`")),
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
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) | Value::Map(_),
        ) => Err(Wrong::Type(node)),
    }
}

fn entries<'n, 't>(node: &'n Node, ty: impl Fn(&str) -> Option<&'t FieldType>) -> Result<Const, Wrong<'n>> {
    let mut fields = Vec::new();
    for (key, value) in node.entries() {
        if let Some(ty) = ty(&key.name) {
            fields.push((key.name.to_string(), constant(ty, value)?));
        }
    }
    Ok(Const::Object(fields))
}
