//! Building conditions and values so that what is constant is folded at once.

use crate::ir::{Aggregate, Cond, Const, Function, Glob, Item, Order, Quantity, Root, Source, Ty, Value};
use std::cmp::Ordering;

/// The value that is never there.
pub(super) fn absent() -> Value {
    Value::Coalesce(Vec::new())
}

/// Whether it is the value that is never there.
pub(super) fn is_absent(value: &Value) -> bool {
    matches!(value, Value::Coalesce(values) if values.is_empty())
}

pub(super) fn not(cond: Cond) -> Cond {
    match cond {
        Cond::Const(b) => Cond::Const(!b),
        Cond::Not(inner) => *inner,
        other => Cond::Not(Box::new(other)),
    }
}

pub(super) fn and(conds: impl IntoIterator<Item = Cond>) -> Cond {
    let mut all = Vec::new();
    for cond in conds {
        match cond {
            Cond::Const(true) => {}
            Cond::Const(false) => return Cond::Const(false),
            Cond::And(inner) => all.extend(inner),
            other => all.push(other),
        }
    }
    match all.len() {
        0 => Cond::Const(true),
        1 => all.pop().unwrap_or(Cond::Const(true)),
        _ => Cond::And(all),
    }
}

pub(super) fn or(conds: impl IntoIterator<Item = Cond>) -> Cond {
    let mut some = Vec::new();
    for cond in conds {
        match cond {
            Cond::Const(false) => {}
            Cond::Const(true) => return Cond::Const(true),
            Cond::Or(inner) => some.extend(inner),
            other => some.push(other),
        }
    }
    match some.len() {
        0 => Cond::Const(false),
        1 => some.pop().unwrap_or(Cond::Const(false)),
        _ => Cond::Or(some),
    }
}

/// `if c then a else b` on conditions.
pub(super) fn choose(cond: Cond, then: Cond, otherwise: Cond) -> Cond {
    match cond {
        Cond::Const(true) => then,
        Cond::Const(false) => otherwise,
        cond => or([and([cond.clone(), then]), and([not(cond), otherwise])]),
    }
}

pub(super) fn if_value(cond: Cond, then: Value, otherwise: Value) -> Value {
    match cond {
        Cond::Const(true) => then,
        Cond::Const(false) => otherwise,
        cond => Value::If(Box::new(cond), Box::new(then), Box::new(otherwise)),
    }
}

pub(super) fn truth(cond: Cond) -> Value {
    match cond {
        Cond::Const(b) => Value::Const(Const::Bool(b)),
        Cond::True(value) if is_never_absent(&value) => value,
        cond => Value::Truth(Box::new(cond)),
    }
}

/// The condition that a boolean value is present and true.
pub(super) fn is_true(value: Value) -> Cond {
    match value {
        Value::Const(Const::Bool(b)) => Cond::Const(b),
        Value::Truth(cond) => *cond,
        Value::Coalesce(values) if values.is_empty() => Cond::Const(false),
        other => Cond::True(other),
    }
}

fn is_never_absent(value: &Value) -> bool {
    matches!(exists(value.clone()), Cond::Const(true))
}

/// The condition that a value is present. Value structs are not looked into.
pub(super) fn exists(value: Value) -> Cond {
    match value {
        Value::Const(_)
        | Value::Var(_)
        | Value::Truth(_)
        | Value::List(_)
        | Value::Root(Root::Object | Root::Request)
        | Value::Aggregate { op: Aggregate::Count | Aggregate::Sum, .. }
        | Value::Call(Function::EffectiveRequest, _) => Cond::Const(true),
        Value::Coalesce(values) => or(values.into_iter().map(exists)),
        Value::Concat(values) => and(values.into_iter().map(exists)),
        Value::If(cond, then, otherwise) => choose(*cond, exists(*then), exists(*otherwise)),
        Value::Call(function @ (Function::Lower | Function::Upper), args) => {
            let _ = function;
            and(args.into_iter().map(exists))
        }
        other @ (Value::Root(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Call(..)) => Cond::Exists(other),
    }
}

pub(super) fn coalesce(values: impl IntoIterator<Item = Value>) -> Value {
    let mut flat = Vec::new();
    for value in values {
        match value {
            Value::Coalesce(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if let Some(end) = flat.iter().position(|value| is_constantly_there(value)) {
        flat.truncate(end + 1);
    }
    if flat.len() == 1 { flat.pop().unwrap_or_else(absent) } else { Value::Coalesce(flat) }
}

// Cheap, for it is asked of every operand.
fn is_constantly_there(value: &Value) -> bool {
    matches!(value, Value::Const(_) | Value::Var(_) | Value::Truth(_) | Value::List(_))
}

/// Whether two constants are equal: objects whatever the order of their keys, numbers of one kind by their value.
pub(super) fn equal(left: &Const, right: &Const) -> bool {
    match (left, right) {
        (Const::Object(a), Const::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.iter().any(|(other, right)| key == other && equal(value, right)))
        }
        (Const::List(a), Const::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Const::Int(a), Const::Quantity(b)) | (Const::Quantity(b), Const::Int(a)) => i128::from(*a) * 1000 == b.milli,
        (Const::Bool(_) | Const::Int(_) | Const::Quantity(_) | Const::String(_) | Const::List(_) | Const::Object(_), _) => left == right,
    }
}

fn ordering(left: &Const, right: &Const) -> Option<Ordering> {
    let milli = |number: &Const| match number {
        Const::Int(n) => Some(i128::from(*n) * 1000),
        Const::Quantity(quantity) => Some(quantity.milli),
        Const::Bool(_) | Const::String(_) | Const::List(_) | Const::Object(_) => None,
    };
    Some(milli(left)?.cmp(&milli(right)?))
}

pub(super) fn compare(op: Order, left: Value, right: Value, ty: Ty) -> Cond {
    if is_absent(&left) || is_absent(&right) {
        return Cond::Const(false);
    }
    if let (Value::Const(a), Value::Const(b)) = (&left, &right) {
        let holds = match op {
            Order::Eq => equal(a, b),
            Order::Lt => ordering(a, b) == Some(Ordering::Less),
            Order::Le => matches!(ordering(a, b), Some(Ordering::Less | Ordering::Equal)),
            Order::Gt => ordering(a, b) == Some(Ordering::Greater),
            Order::Ge => matches!(ordering(a, b), Some(Ordering::Greater | Ordering::Equal)),
        };
        return Cond::Const(holds);
    }
    if op == Order::Eq && ty == Ty::Bool {
        match (left, right) {
            (Value::Truth(cond), Value::Const(Const::Bool(b))) | (Value::Const(Const::Bool(b)), Value::Truth(cond)) => {
                return if b { *cond } else { not(*cond) };
            }
            (value, Value::Const(Const::Bool(true))) | (Value::Const(Const::Bool(true)), value) => return Cond::True(value),
            (left, right) => return Cond::Compare { op, left, right, ty },
        }
    }
    Cond::Compare { op, left, right, ty }
}

pub(super) fn is_in(item: Value, list: Value, ty: Ty) -> Cond {
    if is_absent(&item) || is_absent(&list) {
        return Cond::Const(false);
    }
    match (&item, &list) {
        (Value::Const(item), Value::Const(Const::List(items))) => Cond::Const(items.iter().any(|other| equal(item, other))),
        (_, Value::Const(Const::List(items))) if items.is_empty() => Cond::Const(false),
        (_, Value::List(items)) if items.is_empty() => Cond::Const(false),
        _ => Cond::In { item, list, ty },
    }
}

/// Whether a text fits a pattern.
pub(super) fn fits(glob: &Glob, text: &str) -> bool {
    let Some((first, rest)) = glob.parts.split_first() else { return text.is_empty() };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(mut left) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else { return false };
    for part in middle {
        match left.find(part.as_str()) {
            Some(at) => left = left.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

pub(super) fn like(value: Value, glob: Glob) -> Cond {
    match &value {
        Value::Const(Const::String(text)) => Cond::Const(fits(&glob, text)),
        value if is_absent(value) => Cond::Const(false),
        _ => Cond::Like(value, glob),
    }
}

pub(super) fn contains(text: Value, part: Value) -> Cond {
    match (&text, &part) {
        (Value::Const(Const::String(text)), Value::Const(Const::String(part))) => Cond::Const(text.contains(part.as_str())),
        (text, part) if is_absent(text) || is_absent(part) => Cond::Const(false),
        _ => Cond::Contains(text, part),
    }
}

pub(super) fn any(source: Source, body: Cond) -> Cond {
    if matches!(body, Cond::Const(false)) || matches!(source.filter, Some(Cond::Const(false))) {
        return Cond::Const(false);
    }
    Cond::Any(Box::new(source), Box::new(body))
}

pub(super) fn all(source: Source, body: Cond) -> Cond {
    if matches!(body, Cond::Const(true)) || matches!(source.filter, Some(Cond::Const(false))) {
        return Cond::Const(true);
    }
    Cond::All(Box::new(source), Box::new(body))
}

pub(super) fn concat(values: impl IntoIterator<Item = Value>) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    for value in values {
        let inner = match value {
            Value::Concat(inner) => inner,
            other => vec![other],
        };
        for value in inner {
            if is_absent(&value) {
                return absent();
            }
            match (parts.last_mut(), value) {
                (Some(Value::Const(Const::String(before))), Value::Const(Const::String(text))) => before.push_str(&text),
                (_, value) => parts.push(value),
            }
        }
    }
    match parts.len() {
        0 => Value::Const(Const::String(String::new())),
        1 => parts.pop().unwrap_or_else(absent),
        _ => Value::Concat(parts),
    }
}

/// `a + b` or `a - b` on two numbers of one type; `None` where two constants overflow.
pub(super) fn arithmetic(minus: bool, left: Value, right: Value, ty: Ty) -> Option<Value> {
    if is_absent(&left) || is_absent(&right) {
        return Some(absent());
    }
    let sum = match (&left, &right) {
        (Value::Const(Const::Int(a)), Value::Const(Const::Int(b))) => {
            Const::Int(if minus { a.checked_sub(*b)? } else { a.checked_add(*b)? })
        }
        (Value::Const(Const::Quantity(a)), Value::Const(Const::Quantity(b))) => {
            let milli = if minus { a.milli.checked_sub(b.milli)? } else { a.milli.checked_add(b.milli)? };
            Const::Quantity(Quantity::from_milli(milli)?)
        }
        _ => return Some(Value::Arithmetic { minus, left: Box::new(left), right: Box::new(right), ty }),
    };
    Some(Value::Const(sum))
}

/// How many items there are, where that is known.
pub(super) fn count(items: Vec<Item>) -> Value {
    let known = items.iter().try_fold(0_i64, |sum, item| match item {
        Item::One(Value::Const(_)) => Some(sum + 1),
        Item::One(value) if is_absent(value) => Some(sum),
        Item::Spread(Value::Const(Const::List(list))) => i64::try_from(list.len()).ok().and_then(|len| sum.checked_add(len)),
        Item::One(_) | Item::Spread(_) | Item::Each(..) => None,
    });
    match known {
        Some(count) => Value::Const(Const::Int(count)),
        None => Value::Aggregate { op: Aggregate::Count, items, ty: Ty::Int },
    }
}
