//! Statements on what is already bound.

use super::scope::NULL;
use super::tree::{Body, Expr, Operator, Scalar, Step, Stmt};
use crate::ir::{Glob, Presence, Ty};
/// Statements that hold when what a variable holds counts as present.
pub(super) fn counts(var: &str, presence: Presence, ty: &Ty, body: &mut Body) {
    let mut holds = |operator, right| body.0.push(Stmt::Holds(Expr::var(var).infix(operator, right)));
    match (presence, ty) {
        (Presence::Written, _) => body.0.push(Stmt::Present(var.to_owned())),
        (Presence::NonZero, Ty::Bool) => holds(Operator::Eq, Expr::Scalar(Scalar::Bool(true))),
        (Presence::NonZero | Presence::NonEmpty, Ty::String) => holds(Operator::Gt, Expr::string("")),
        (Presence::NonZero, Ty::Int) => {
            body.0.push(Stmt::Present(var.to_owned()));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::int(0))));
        }
        (Presence::NonZero, Ty::IntOrString | Ty::Quantity) => {
            body.0.push(Stmt::Present(var.to_owned()));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::int(0))));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::string(""))));
        }
        (Presence::NonEmpty, Ty::List(_)) => holds(Operator::Gt, Expr::Array(Vec::new())),
        (Presence::NonEmpty, Ty::Map(_) | Ty::Struct(_) | Ty::Record(_)) => holds(Operator::Gt, Expr::Object(Vec::new())),
        (Presence::NonEmpty, Ty::Any | Ty::Bool | Ty::Int | Ty::Quantity | Ty::IntOrString) => {
            body.0.push(Stmt::Present(var.to_owned()));
            for empty in [Expr::string(""), Expr::Array(Vec::new()), Expr::Object(Vec::new())] {
                body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, empty)));
            }
        }
        (Presence::NonZero, Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any) => {
            body.0.push(Stmt::Present(var.to_owned()))
        }
    }
}

pub(super) fn in_64_bits(var: &str, body: &mut Body) {
    body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ge, Expr::int(i64::MIN))));
    body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Le, Expr::int(i64::MAX))));
}

pub(super) fn like(text: &Expr, glob: &Glob, body: &mut Body) {
    let call = |name, part: &str| Stmt::Holds(Expr::Call(name, vec![text.clone(), Expr::string(part)]));
    match glob.parts.as_slice() {
        [] => body.0.push(Stmt::Holds(text.clone().infix(Operator::Eq, Expr::string("")))),
        [only] => body.0.push(Stmt::Holds(text.clone().infix(Operator::Eq, Expr::string(only)))),
        [start, end] if start.is_empty() && end.is_empty() => {}
        [start, end] if end.is_empty() => body.0.push(call("startswith", start)),
        [start, end] if start.is_empty() => body.0.push(call("endswith", end)),
        [start, middle, end] if start.is_empty() && end.is_empty() => body.0.push(call("contains", middle)),
        parts => {
            let parts: Vec<String> = parts.iter().map(|part| escape_regex(part)).collect();
            let regex = Expr::Regex(format!("(?s)^{}$", parts.join(".*")));
            body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![regex, text.clone()])));
        }
    }
}

pub(super) fn escape_regex(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Says that a body never holds.
pub(super) fn never(inner: Body, body: &mut Body) {
    let inner = inner.tidy(&NULL);
    if inner.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))) {
        return;
    }
    match inner.0.as_slice() {
        [] => body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))),
        [Stmt::Never(inner)] => ever(inner.clone(), false, body),
        [Stmt::Ever(inner)] => body.0.push(Stmt::Never(inner.clone())),
        [Stmt::Unless(path, scalar)] => {
            let path = path.keys.iter().fold(Expr::var(&path.root), |expr, key| expr.key(key));
            body.0.push(Stmt::Holds(path.infix(Operator::Eq, Expr::Scalar(scalar.clone()))));
        }
        [Stmt::Holds(Expr::Infix(left, Operator::Eq, right))] => match (left.as_path(), &**right) {
            (Some(path), Expr::Scalar(scalar)) => body.0.push(Stmt::Unless(path, scalar.clone())),
            _ => body.0.push(Stmt::Never(inner)),
        },
        [Stmt::Holds(Expr::Infix(left, Operator::In, right))] => match (left.as_path(), &**right) {
            (Some(path), Expr::Set(items)) if items.len() < 4 && items.iter().all(|item| matches!(item, Expr::Scalar(_))) => {
                for item in items {
                    if let Expr::Scalar(scalar) = item {
                        body.0.push(Stmt::Unless(path.clone(), scalar.clone()));
                    }
                }
            }
            _ => body.0.push(Stmt::Never(inner)),
        },
        _ => body.0.push(Stmt::Never(inner)),
    }
}

/// Says that a body holds: as it is, where it does so once or may do so many times.
pub(super) fn ever(inner: Body, many: bool, body: &mut Body) {
    if many || !inner.0.iter().any(is_many) {
        body.0.extend(inner.0);
    } else {
        body.0.push(Stmt::Ever(inner.tidy(&NULL)));
    }
}

/// Whether a statement may hold more than once.
pub(super) fn is_many(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Each(..) | Stmt::EachAt(..) => true,
        Stmt::Holds(expr) | Stmt::Let(_, expr) => has_each(expr),
        Stmt::Present(_) | Stmt::Used(_) | Stmt::Unless(..) | Stmt::Ever(_) | Stmt::Never(_) => false,
    }
}

pub(super) fn has_each(expr: &Expr) -> bool {
    match expr {
        Expr::Ref(head, steps) => has_each(head) || steps.iter().any(|step| matches!(step, Step::Each | Step::At(_))),
        Expr::Array(items) | Expr::Set(items) | Expr::Call(_, items) => items.iter().any(has_each),
        Expr::Object(entries) => entries.iter().any(|(_, value)| has_each(value)),
        Expr::Infix(left, _, right) => has_each(left) || has_each(right),
        Expr::Scalar(_) | Expr::Regex(_) | Expr::Var(_) | Expr::Comprehension(..) => false,
    }
}
