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
    let mut all: Vec<Cond> = Vec::new();
    for cond in conds {
        match cond {
            Cond::Const(true) => {}
            Cond::Const(false) => return Cond::Const(false),
            Cond::And(inner) => inner.into_iter().for_each(|cond| add_demand(&mut all, cond)),
            other => add_demand(&mut all, other),
        }
    }
    match all.len() {
        0 => Cond::Const(true),
        1 => all.pop().unwrap_or(Cond::Const(true)),
        _ => Cond::And(all),
    }
}

// What exists has parents that exist.
fn add_demand(all: &mut Vec<Cond>, cond: Cond) {
    if let (Some(Cond::Exists(last)), Cond::Exists(value)) = (all.last(), &cond) {
        let mut inner = Some(value);
        while let Some(value) = inner {
            if value == last {
                all.pop();
                break;
            }
            inner = match value {
                Value::Field { of, .. } | Value::Entry { of, default: None, .. } => Some(of),
                _ => None,
            };
        }
    }
    all.push(cond);
}

pub(super) fn or(conds: impl IntoIterator<Item = Cond>) -> Cond {
    let mut some: Vec<Cond> = Vec::new();
    for cond in conds {
        match cond {
            Cond::Const(false) => {}
            Cond::Const(true) => return Cond::Const(true),
            Cond::Or(inner) => inner.into_iter().for_each(|cond| add_alternative(&mut some, cond)),
            other => add_alternative(&mut some, other),
        }
    }
    match some.len() {
        0 => Cond::Const(false),
        1 => some.pop().unwrap_or(Cond::Const(false)),
        _ => Cond::Or(some),
    }
}

// `x == 1 or x == 2` is `x in [1, 2]`.
fn add_alternative(some: &mut Vec<Cond>, cond: Cond) {
    if let (Some(last), Some((value, constants, ty))) = (some.last_mut(), constants_of(&cond))
        && let Some((before, known, before_ty)) = constants_of(last)
        && before == value
        && before_ty == ty
    {
        let all = known.iter().chain(&constants).cloned().collect();
        *last = Cond::In { item: value.clone(), list: Value::Const(Const::List(all)), ty: ty.clone() };
        return;
    }
    some.push(cond);
}

fn constants_of(cond: &Cond) -> Option<(&Value, Vec<Const>, &Ty)> {
    match cond {
        Cond::Compare { op: Order::Eq, left, right: Value::Const(constant), ty: ty @ (Ty::String | Ty::Int) } => {
            Some((left, vec![constant.clone()], ty))
        }
        Cond::In { item, list: Value::Const(Const::List(list)), ty: ty @ (Ty::String | Ty::Int) } => Some((item, list.clone(), ty)),
        _ => None,
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
        // What has such a default is there where its parent is.
        Value::Field { of, default: Some(default), .. } if is_constantly_there(&default) => exists(*of),
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
    if let Some(end) = flat.iter().position(is_constantly_there) {
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
    if let (Value::Aggregate { op: Aggregate::Count, items, .. }, Value::Const(Const::Int(n))) = (&left, &right) {
        let some = match (op, n) {
            (Order::Gt, 0) | (Order::Ge, 1) => some_item(items),
            (Order::Eq | Order::Le, 0) | (Order::Lt, 1) => some_item(items).map(not),
            _ => None,
        };
        if let Some(cond) = some {
            return cond;
        }
    }
    let (left, right) = if op == Order::Eq && matches!(left, Value::Const(_)) { (right, left) } else { (left, right) };
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

/// The condition that one of the items is there; none where a list would have to be looked into for nulls.
fn some_item(items: &[Item]) -> Option<Cond> {
    let conds: Option<Vec<Cond>> = items
        .iter()
        .map(|item| match item {
            Item::One(value) => Some(exists(value.clone())),
            Item::Spread(_) => None,
            Item::Each(source, inner) => some_item(inner).map(|cond| any((**source).clone(), cond)),
        })
        .collect();
    conds.map(or)
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
