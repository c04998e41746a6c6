//! Conditions and values in simpler words, before they are lowered.

use crate::ir::{
    Cond, Const, Order, Presence, Root, Slot, Value,
    walk::{Node, walk},
};
use std::collections::BTreeSet;
/// A word in lower case with underscores.
pub(super) fn snake(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with(|c: char| c.is_ascii_uppercase() || c == '_') {
            out.push('_');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_ascii_lowercase()
}

/// Whether a value is worth a rule of its own: it has alternatives and no loop has a part in it.
pub(super) fn is_shared(value: &Value) -> bool {
    let has_choice = match value {
        Value::Field { default: Some(_), .. } | Value::Entry { default: Some(_), .. } | Value::If(..) => true,
        Value::Coalesce(values) => values.len() > 1,
        Value::Const(_)
        | Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => false,
    };
    has_choice && is_closed(value)
}

/// Whether a condition reads a variable.
pub(super) fn reads(cond: &Cond, slot: Slot) -> bool {
    let mut found = false;
    walk(Node::Cond(cond), &mut |node| {
        found = found || matches!(node, Node::Value(Value::Var(read)) if *read == slot);
        !found
    });
    found
}

/// Whether every variable in a value is bound in it.
pub(super) fn is_closed(value: &Value) -> bool {
    let mut bound = BTreeSet::new();
    let mut read = BTreeSet::new();
    walk(Node::Value(value), &mut |node| {
        match node {
            Node::Source(source) => {
                bound.insert(source.slot);
                bound.extend(source.key);
            }
            Node::Value(Value::Var(slot)) => {
                read.insert(*slot);
            }
            Node::Value(_) | Node::Cond(_) => {}
        }
        true
    });
    read.is_subset(&bound)
}

pub(super) fn flatten<'c>(any: &'c [Cond], into: &mut Vec<&'c Cond>) {
    for cond in any {
        if let Cond::Or(inner) = cond {
            flatten(inner, into);
        } else {
            into.push(cond);
        }
    }
}

/// A condition on a value with alternatives as one on each alternative, where that is worth it.
pub(super) fn expand(value: &Value, f: &mut dyn FnMut(Value) -> Cond) -> Option<Cond> {
    match value {
        Value::Coalesce(values) => match values.as_slice() {
            [] => Some(Cond::Const(false)),
            [only] => Some(f(only.clone())),
            [first, rest @ ..] => {
                let rest = Value::Coalesce(rest.to_vec());
                let rest = expand(&rest, f)?;
                Some(Cond::Or(vec![f(first.clone()), where_absent(first, f, rest)]))
            }
        },
        Value::Field { of, name, presence, default: Some(default), ty } => {
            let written = Value::Field { of: of.clone(), name: name.clone(), presence: *presence, default: None, ty: ty.clone() };
            let filled = fold(f((**default).clone()));
            let holder = fold(Cond::Exists((**of).clone()));
            Some(if filled == Cond::Const(false) {
                f(written)
            } else if filled == Cond::Const(true) {
                let absent = Cond::Not(Box::new(Cond::Exists(written.clone())));
                and(holder, Cond::Or(vec![f(written), absent]))
            } else {
                let filled = and(holder, where_absent(&written, f, filled));
                Cond::Or(vec![f(written), filled])
            })
        }
        Value::If(condition, then, otherwise) => Some(Cond::Or(vec![
            Cond::And(vec![(**condition).clone(), f((**then).clone())]),
            Cond::And(vec![Cond::Not(condition.clone()), f((**otherwise).clone())]),
        ])),
        Value::Truth(condition) => {
            let asked = f(Value::Const(Const::Bool(true)));
            if matches!(asked, Cond::True(_)) {
                Some((**condition).clone())
            } else {
                matches!(asked, Cond::Exists(_)).then_some(Cond::Const(true))
            }
        }
        Value::Const(_) => Some(fold(f(value.clone()))).filter(|cond| matches!(cond, Cond::Const(_))),
        Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => None,
    }
}

/// What counts where a value is absent, beside the condition on the value: where that asks no more than whether the value is there, its absence goes without saying.
fn where_absent(value: &Value, f: &mut dyn FnMut(Value) -> Cond, otherwise: Cond) -> Cond {
    let exists = Cond::Exists(value.clone());
    if f(value.clone()) == exists { otherwise } else { and(Cond::Not(Box::new(exists)), otherwise) }
}

/// A condition that is a constant as one.
pub(super) fn fold(cond: Cond) -> Cond {
    let known = match &cond {
        Cond::Exists(Value::Const(_) | Value::Var(_) | Value::Root(Root::Object) | Value::Truth(_) | Value::List(_)) => Some(true),
        Cond::True(Value::Const(constant)) => Some(*constant == Const::Bool(true)),
        Cond::Compare { op, left: Value::Const(left), right: Value::Const(right), ty: _ } => Some(compare_constants(*op, left, right)),
        Cond::In { item: Value::Const(item), list: Value::Const(Const::List(list)), ty: _ } => {
            Some(list.iter().any(|constant| compare_constants(Order::Eq, item, constant)))
        }
        Cond::Like(Value::Const(Const::String(text)), glob) => Some(crate::eval::glob::matches(glob, text)),
        Cond::Const(_)
        | Cond::Not(_)
        | Cond::And(_)
        | Cond::Or(_)
        | Cond::Exists(_)
        | Cond::True(_)
        | Cond::Compare { .. }
        | Cond::In { .. }
        | Cond::Like(..)
        | Cond::Matches(..)
        | Cond::Contains(..)
        | Cond::Any(..)
        | Cond::All(..)
        | Cond::Selects { .. }
        | Cond::IsImage(_)
        | Cond::KindIs(_) => None,
    };
    known.map_or(cond, Cond::Const)
}

pub(super) fn and(left: Cond, right: Cond) -> Cond {
    if matches!(left, Cond::Const(true)) { right } else { Cond::And(vec![left, right]) }
}

pub(super) fn flipped(op: Order) -> Order {
    match op {
        Order::Eq => Order::Eq,
        Order::Lt => Order::Gt,
        Order::Le => Order::Ge,
        Order::Gt => Order::Lt,
        Order::Ge => Order::Le,
    }
}

pub(super) fn compare_constants(op: Order, left: &Const, right: &Const) -> bool {
    let number = |constant: &Const| match constant {
        Const::Int(number) => Some(i128::from(*number) * 1000),
        Const::Quantity(quantity) => Some(quantity.milli),
        Const::Bool(_) | Const::String(_) | Const::List(_) | Const::Object(_) => None,
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => match op {
            Order::Eq => left == right,
            Order::Lt => left < right,
            Order::Le => left <= right,
            Order::Gt => left > right,
            Order::Ge => left >= right,
        },
        _ => op == Order::Eq && left == right,
    }
}

/// Whether a field that holds this constant counts as absent.
pub(super) fn is_absent_constant(value: &Value, constant: &Const) -> bool {
    let Value::Field { presence, .. } = value else { return false };
    match (presence, constant) {
        (Presence::NonZero, Const::Bool(value)) => !value,
        (Presence::NonZero, Const::Int(number)) => *number == 0,
        (Presence::NonZero | Presence::NonEmpty, Const::String(text)) => text.is_empty(),
        (Presence::Written, _) | (Presence::NonZero | Presence::NonEmpty, _) => false,
    }
}
