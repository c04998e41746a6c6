//! Objects for mutations: made by asking, as a rule would, about everything that a mutation looks at and changes.

use super::generate::{self, Case};
use crate::diagnostic::Span;
use crate::ir::change::{Change, Content, Edit, Mutation};
use crate::ir::{Check, Cond, Const, Elements, Message, Operation, Order, Piece, Rule, Source, Stmt, Ty, Value};
use crate::resolve::ty_of;
use crate::schema::Schema;
use std::collections::BTreeSet;

/// So many objects for a mutation, on which it finds places filled and empty, elements with and without its keys, and what it asks about on both sides.
#[must_use]
pub fn some_cases(mutation: &Mutation, schema: &Schema, seed: u64, count: usize) -> Vec<Case> {
    generate::whole_cases(&questions(mutation, schema), schema, seed, count)
}

/// A rule that reads what the mutation reads and changes.
fn questions(mutation: &Mutation, schema: &Schema) -> Rule {
    let created = mutation.head.operations.contains(&Operation::Create);
    let operation = if created { Operation::Create } else { Operation::Update };
    Rule { operations: BTreeSet::from([operation]), body: statements(&mutation.body, schema), ..mutation.head.clone() }
}

fn statements(body: &[Change], schema: &Schema) -> Vec<Stmt> {
    let mut out = Vec::new();
    for change in body {
        match change {
            Change::For { source, body } => out.push(Stmt::For { source: source.clone(), body: statements(body, schema) }),
            Change::If { condition, then, otherwise } => out.push(Stmt::If {
                condition: condition.clone(),
                then: statements(then, schema),
                otherwise: statements(otherwise, schema),
            }),
            Change::Edit { place, edit, span } => out.extend(edited(place, edit, *span, schema)),
        }
    }
    out
}

fn edited(place: &Value, edit: &Edit, span: Span, schema: &Schema) -> Vec<Stmt> {
    match edit {
        Edit::Set(content) | Edit::Default(content) => leaves(place, content, span, schema),
        Edit::Remove => vec![check(Cond::Exists(place.clone()), span)],
        Edit::Append(Content::Value(value)) => {
            let ty = if let Some(Ty::List(element)) = type_of(place) { *element } else { Ty::Any };
            vec![check(Cond::In { item: value.clone(), list: place.clone(), ty }, span)]
        }
        Edit::Append(Content::Object(_) | Content::List(_)) => vec![check(Cond::Exists(place.clone()), span)],
        Edit::Merge { slot, keys, fields } => {
            let Some(Ty::List(element)) = type_of(place) else { return Vec::new() };
            let same: Vec<Cond> = keys
                .iter()
                .map(|key| Cond::Compare { op: Order::Eq, left: key.there.clone(), right: key.given.clone(), ty: key.ty.clone() })
                .collect();
            let of = Value::Var(*slot);
            let then = fields
                .iter()
                .filter(|(name, _)| keys.iter().all(|key| key.name != *name))
                .filter_map(|(name, content)| Some(leaves(&field(&of, name, &element, schema)?, content, span, schema)))
                .flatten()
                .collect();
            let source = Source { slot: *slot, key: None, of: Elements::Lists(vec![place.clone()]), filter: None, ty: (*element).clone() };
            let condition = Cond::And(same);
            vec![Stmt::For { source, body: vec![check(condition.clone(), span), Stmt::If { condition, then, otherwise: Vec::new() }] }]
        }
    }
}

/// Asks whether the leaves of a content are there.
fn leaves(place: &Value, content: &Content, span: Span, schema: &Schema) -> Vec<Stmt> {
    match content {
        Content::Object(fields) if !fields.is_empty() => {
            let Some(ty) = type_of(place) else { return vec![check(Cond::Exists(place.clone()), span)] };
            let mut out = vec![check(Cond::Exists(place.clone()), span)];
            for (name, content) in fields {
                if let Some(field) = field(place, name, &ty, schema) {
                    out.extend(leaves(&field, content, span, schema));
                }
            }
            out
        }
        Content::Value(value @ Value::Const(Const::Bool(_) | Const::Int(_) | Const::String(_))) => {
            let ty = type_of(place).unwrap_or(Ty::Any);
            let exists = check(Cond::Exists(place.clone()), span);
            if matches!(ty, Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString) {
                let equal = Cond::Compare { op: Order::Eq, left: place.clone(), right: value.clone(), ty };
                vec![exists, check(equal, span)]
            } else {
                vec![exists]
            }
        }
        Content::Value(_) | Content::Object(_) | Content::List(_) => vec![check(Cond::Exists(place.clone()), span)],
    }
}

fn check(fails: Cond, span: Span) -> Stmt {
    Stmt::Check(Check { fails, message: Message { parts: vec![Piece::Text("there".to_owned())] }, subject: None, span })
}

fn type_of(value: &Value) -> Option<Ty> {
    match value {
        Value::Field { ty, .. } | Value::Entry { ty, .. } => Some(ty.clone()),
        Value::Const(_)
        | Value::Root(_)
        | Value::Var(_)
        | Value::Coalesce(_)
        | Value::If(..)
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => None,
    }
}

/// A field of a struct, or an entry of a map.
fn field(of: &Value, name: &str, ty: &Ty, schema: &Schema) -> Option<Value> {
    match ty {
        Ty::Struct(names) => {
            let field = schema.get(names.first()?)?.fields.get(name)?;
            Some(Value::Field {
                of: Box::new(of.clone()),
                name: name.to_owned(),
                presence: field.presence,
                default: None,
                ty: ty_of(&field.ty),
            })
        }
        Ty::Map(inner) => Some(Value::Entry {
            of: Box::new(of.clone()),
            key: Box::new(Value::Const(Const::String(name.to_owned()))),
            default: None,
            ty: (**inner).clone(),
        }),
        Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString | Ty::List(_) | Ty::Record(_) | Ty::Any => None,
    }
}
