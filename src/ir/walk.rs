//! Going over the parts of values and conditions.

use super::{Check, Cond, Elements, Item, Kind, Message, Piece, Root, Rule, Slot, Source, Stmt, Value};
use std::collections::BTreeSet;

/// A part of a rule.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// A value.
    Value(&'a Value),
    /// A condition.
    Cond(&'a Cond),
    /// A source of a loop, a quantifier or a list.
    Source(&'a Source),
}

/// Calls `f` for the node and, where it gives true, for what is in it, in the order of evaluation.
pub fn walk<'a>(node: Node<'a>, f: &mut dyn FnMut(Node<'a>) -> bool) {
    if f(node) {
        children(node, &mut |child| walk(child, f));
    }
}

/// Calls `f` for each node directly in this one.
pub fn children<'a>(node: Node<'a>, f: &mut dyn FnMut(Node<'a>)) {
    match node {
        Node::Value(value) => of_value(value, f),
        Node::Cond(cond) => of_cond(cond, f),
        Node::Source(source) => {
            match &source.of {
                Elements::Lists(lists) => lists.iter().for_each(|list| f(Node::Value(list))),
                Elements::Map(map) => f(Node::Value(map)),
                Elements::Cluster(_) => {}
            }
            if let Some(filter) = &source.filter {
                f(Node::Cond(filter));
            }
        }
    }
}

fn of_value<'a>(value: &'a Value, f: &mut dyn FnMut(Node<'a>)) {
    match value {
        Value::Const(_) | Value::Root(_) | Value::Var(_) => {}
        Value::Field { of, default, name: _, presence: _, ty: _ } => {
            f(Node::Value(of));
            if let Some(default) = default {
                f(Node::Value(default));
            }
        }
        Value::Entry { of, key, default, ty: _ } => {
            f(Node::Value(of));
            f(Node::Value(key));
            if let Some(default) = default {
                f(Node::Value(default));
            }
        }
        Value::Coalesce(values) | Value::Concat(values) | Value::Call(_, values) => values.iter().for_each(|value| f(Node::Value(value))),
        Value::If(cond, then, otherwise) => {
            f(Node::Cond(cond));
            f(Node::Value(then));
            f(Node::Value(otherwise));
        }
        Value::Truth(cond) => f(Node::Cond(cond)),
        Value::List(items) | Value::Aggregate { items, op: _, ty: _ } => items.iter().for_each(|item| of_item(item, f)),
        Value::Arithmetic { left, right, minus: _, ty: _ } => {
            f(Node::Value(left));
            f(Node::Value(right));
        }
    }
}

fn of_item<'a>(item: &'a Item, f: &mut dyn FnMut(Node<'a>)) {
    match item {
        Item::One(value) | Item::Spread(value) => f(Node::Value(value)),
        Item::Each(source, items) => {
            f(Node::Source(source));
            items.iter().for_each(|item| of_item(item, f));
        }
    }
}

fn of_cond<'a>(cond: &'a Cond, f: &mut dyn FnMut(Node<'a>)) {
    match cond {
        Cond::Const(_) | Cond::KindIs(_) => {}
        Cond::Not(inner) => f(Node::Cond(inner)),
        Cond::And(conds) | Cond::Or(conds) => conds.iter().for_each(|cond| f(Node::Cond(cond))),
        Cond::Exists(value) | Cond::True(value) | Cond::IsImage(value) | Cond::Like(value, _) | Cond::Matches(value, _) => {
            f(Node::Value(value));
        }
        Cond::Compare { left, right, op: _, ty: _ } => {
            f(Node::Value(left));
            f(Node::Value(right));
        }
        Cond::In { item, list, ty: _ } => {
            f(Node::Value(item));
            f(Node::Value(list));
        }
        Cond::Contains(text, part) => {
            f(Node::Value(text));
            f(Node::Value(part));
        }
        Cond::Any(source, body) | Cond::All(source, body) => {
            f(Node::Source(source));
            f(Node::Cond(body));
        }
        Cond::Selects { selector, labels, map: _ } => {
            f(Node::Value(selector));
            f(Node::Value(labels));
        }
    }
}

/// Calls `f` for each value and condition that statements hold directly.
pub fn statements<'a>(body: &'a [Stmt], f: &mut dyn FnMut(Node<'a>)) {
    for stmt in body {
        match stmt {
            Stmt::For { source, body } => {
                f(Node::Source(source));
                statements(body, f);
            }
            Stmt::If { condition, then, otherwise } => {
                f(Node::Cond(condition));
                statements(then, f);
                statements(otherwise, f);
            }
            Stmt::Check(Check { fails, message, subject, span: _ }) => {
                f(Node::Cond(fails));
                of_message(message, f);
                if let Some(subject) = subject {
                    f(Node::Value(subject));
                }
            }
            Stmt::Unique { source, keys, message, span: _ } => {
                f(Node::Source(source));
                keys.iter().for_each(|key| f(Node::Value(key)));
                of_message(message, f);
            }
        }
    }
}

fn of_message<'a>(message: &'a Message, f: &mut dyn FnMut(Node<'a>)) {
    for piece in &message.parts {
        match piece {
            Piece::Text(_) => {}
            Piece::Value(value, _) => f(Node::Value(value)),
        }
    }
}

/// Calls `f` for each value and condition that a rule holds directly: reads, `applies` and the body.
pub fn rule<'a>(rule: &'a Rule, f: &mut dyn FnMut(Node<'a>)) {
    for read in &rule.reads {
        read.sources.iter().for_each(|source| f(Node::Source(source)));
        f(Node::Value(&read.value));
    }
    f(Node::Cond(&rule.applies));
    statements(&rule.body, f);
}

/// The roots that a rule reads.
#[must_use]
pub fn roots(of: &Rule) -> BTreeSet<Root> {
    let mut roots = BTreeSet::new();
    rule(of, &mut |node| roots.extend(roots_of(node)));
    roots
}

/// The roots that a node reads.
#[must_use]
pub fn roots_of(node: Node<'_>) -> BTreeSet<Root> {
    let mut roots = BTreeSet::new();
    walk(node, &mut |node| {
        if let Node::Value(Value::Root(root)) = node {
            roots.insert(*root);
        }
        true
    });
    roots
}

/// The kinds of the objects that a rule asks for beside the one that it judges.
#[must_use]
pub fn kinds_beside(of: &Rule) -> BTreeSet<Kind> {
    let mut kinds = BTreeSet::new();
    rule(of, &mut |node| {
        walk(node, &mut |node| {
            if let Node::Source(Source { of: Elements::Cluster(asked), .. }) = node {
                kinds.extend(asked.iter().cloned());
            }
            true
        });
    });
    kinds
}

/// The fields of `request` that a rule reads.
#[must_use]
pub fn request_fields(of: &Rule) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    rule(of, &mut |node| {
        walk(node, &mut |node| {
            if let Node::Value(Value::Field { of, name, .. }) = node
                && matches!(**of, Value::Root(Root::Request))
            {
                fields.insert(name.clone());
            }
            true
        });
    });
    fields
}

/// Whether a rule asks of which kind or API version an object is.
#[must_use]
pub fn asks_kind(of: &Rule) -> bool {
    let mut asks = false;
    rule(of, &mut |node| {
        walk(node, &mut |node| {
            asks |= match node {
                Node::Value(Value::Field { of, name, .. }) => {
                    matches!(**of, Value::Root(Root::Object | Root::OldObject | Root::Pod))
                        && matches!(name.as_str(), "kind" | "apiVersion")
                }
                Node::Cond(Cond::KindIs(_)) => true,
                Node::Value(_) | Node::Cond(_) | Node::Source(_) => false,
            };
            true
        });
    });
    asks
}

/// How many values, conditions and sources a node holds, itself included.
#[must_use]
pub fn size(node: Node<'_>) -> usize {
    let mut count = 0;
    walk(node, &mut |_| {
        count += 1;
        true
    });
    count
}

/// The slots that a node reads but does not bind.
#[must_use]
pub fn free_slots(node: Node<'_>) -> BTreeSet<Slot> {
    let mut read = BTreeSet::new();
    let mut bound = BTreeSet::new();
    walk(node, &mut |node| {
        match node {
            Node::Value(Value::Var(slot)) => {
                read.insert(*slot);
            }
            Node::Source(source) => {
                bound.insert(source.slot);
                bound.extend(source.key);
            }
            Node::Value(_) | Node::Cond(_) => {}
        }
        true
    });
    read.difference(&bound).copied().collect()
}

/// How many levels a node has.
#[must_use]
pub fn depth(node: Node<'_>) -> usize {
    let mut deepest = 0;
    children(node, &mut |child| deepest = deepest.max(depth(child)));
    deepest + 1
}
