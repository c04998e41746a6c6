//! Constants, and what a value is without looking at an object.

use super::scope::Bound;
use super::tree::{Expr, Scalar};
use crate::ir::{Const, Function, Item, Slot, Ty, Value};
use std::collections::BTreeMap;
pub(super) fn constant_expr(constant: &Const) -> Expr {
    match constant {
        Const::Bool(value) => Expr::Scalar(Scalar::Bool(*value)),
        Const::Int(number) => Expr::int(*number),
        Const::Quantity(quantity) => Expr::int(quantity.milli),
        Const::String(text) => Expr::string(text),
        Const::List(items) => Expr::Array(items.iter().map(constant_expr).collect()),
        Const::Object(entries) => Expr::Object(entries.iter().map(|(key, value)| (key.clone(), constant_expr(value))).collect()),
    }
}

/// A constant in thousandths.
pub(super) fn milli_constant(constant: &Const) -> Expr {
    match constant {
        Const::Int(number) => Expr::int(i128::from(*number) * 1000),
        Const::Bool(_) | Const::Quantity(_) | Const::String(_) | Const::List(_) | Const::Object(_) => constant_expr(constant),
    }
}

/// Whether a value of type quantity, or a list of such, is already in thousandths.
pub(super) fn is_milli(value: &Value, slots: &BTreeMap<Slot, Bound>) -> bool {
    match value {
        Value::Const(Const::Quantity(_)) => true,
        Value::Const(Const::List(items)) => items.iter().all(|item| matches!(item, Const::Quantity(_))),
        Value::Call(Function::Quantity | Function::Duration | Function::EffectiveRequest, _) => true,
        Value::Aggregate { ty, .. } | Value::Arithmetic { ty, .. } => *ty == Ty::Quantity,
        Value::Coalesce(values) => values.iter().all(|value| is_milli(value, slots)),
        Value::If(_, then, otherwise) => is_milli(then, slots) && is_milli(otherwise, slots),
        Value::Var(slot) => slots.get(slot).is_some_and(|bound| bound.is_milli),
        Value::List(items) => items.iter().all(|item| match item {
            Item::One(value) | Item::Spread(value) => is_milli(value, slots),
            Item::Each(_, inner) => inner.iter().all(|item| match item {
                Item::One(value) | Item::Spread(value) => is_milli(value, slots),
                Item::Each(..) => false,
            }),
        }),
        Value::Const(_)
        | Value::Root(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::Concat(_)
        | Value::Call(..) => false,
    }
}

/// The type of a value, where it says it itself.
pub(super) fn static_ty(value: &Value, slots: &BTreeMap<Slot, Bound>) -> Option<Ty> {
    match value {
        Value::Field { ty, .. } | Value::Entry { ty, .. } | Value::Aggregate { ty, .. } | Value::Arithmetic { ty, .. } => Some(ty.clone()),
        Value::Const(Const::String(_)) | Value::Concat(_) => Some(Ty::String),
        Value::Const(Const::List(_)) | Value::List(_) => Some(Ty::List(Box::new(Ty::Any))),
        Value::Coalesce(values) => values.iter().find_map(|value| static_ty(value, slots)),
        Value::If(_, then, otherwise) => static_ty(then, slots).or_else(|| static_ty(otherwise, slots)),
        Value::Truth(_) => Some(Ty::Bool),
        Value::Call(function, _) => Some(match function {
            Function::Quantity | Function::Duration | Function::EffectiveRequest => Ty::Quantity,
            Function::AsInt | Function::Percent | Function::Size | Function::IndexOf => Ty::Int,
            Function::AsName
            | Function::ImageRegistry
            | Function::ImageRepository
            | Function::ImageTag
            | Function::ImageDigest
            | Function::Lower
            | Function::Upper
            | Function::Replace
            | Function::Join => Ty::String,
            Function::Split => Ty::List(Box::new(Ty::String)),
        }),
        Value::Var(slot) => slots.get(slot).map(|bound| bound.ty.clone()),
        Value::Const(_) | Value::Root(_) => None,
    }
}

/// A word for an element of a list.
pub(super) fn singular(list: &Value) -> String {
    match list {
        Value::Field { name, .. } if name.ends_with("ontainers") => "container".to_owned(),
        Value::Field { name, .. } => match name.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => name.strip_suffix('s').map_or_else(|| "element".to_owned(), str::to_owned),
        },
        Value::Const(_)
        | Value::Root(_)
        | Value::Var(_)
        | Value::Entry { .. }
        | Value::Coalesce(_)
        | Value::If(..)
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => "element".to_owned(),
    }
}
