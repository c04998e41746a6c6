//! Values: roots, paths, defaults, numbers.

use super::bodies::{counts, in_64_bits};
use super::constants::{constant_expr, is_milli, milli_constant};
use super::helper::Helper;
use super::module::{Lowered, reserved};
use super::scope::{Given, NULL, Scope};
use super::simplify::is_shared;
use super::tree::{Body, Expr, Operator, Scalar, Step, Stmt};
use crate::ir::{Aggregate, Cond, Const, Root, Ty, Value};

impl Scope<'_> {
    /// The reference that a value is, undefined or null where it is absent: what counts as absent besides is not looked at.
    pub(super) fn path(&mut self, value: &Value) -> Lowered<Option<Expr>> {
        if is_shared(value) {
            return self.shared(value).map(Some);
        }
        Ok(match value {
            Value::Root(root) => Some(self.root(*root)?),
            Value::Var(slot) => Some(Expr::var(&self.bound(*slot)?.name)),
            Value::Field { of, name, default: None, presence: _, ty: _ } => self.path(of)?.map(|of| of.key(name)),
            Value::Entry { of, key, default: None, ty: _ } => {
                if let Value::Const(Const::String(key)) = &**key {
                    self.path(of)?.map(|of| of.key(key))
                } else {
                    None
                }
            }
            Value::Const(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        })
    }

    /// A rule for a value that no loop has a part in, undefined where it is absent.
    pub(super) fn shared(&mut self, value: &Value) -> Lowered<Expr> {
        let taken = std::mem::replace(&mut self.taken, reserved());
        let mut body = Body::default();
        let given = self.compute(value, &mut body);
        self.taken = taken;
        let head = given?.expr;
        let word = if let Value::Field { name, .. } = value { name } else { "value" };
        Ok(self.module.shared_rule(word, head, body))
    }

    pub(super) fn root(&mut self, root: Root) -> Lowered<Expr> {
        match root {
            Root::Object => Ok(Expr::var("obj")),
            Root::Pod => Ok(Expr::var("pod")),
            Root::OldObject => {
                self.module.old_object = true;
                Ok(Expr::var("old_object"))
            }
            Root::NamespaceObject => Ok(Expr::var("namespace_object")),
            Root::Request => Ok(Expr::var("admission_request")),
        }
    }

    /// Statements that hold once exactly when the value is present, and the value then.
    pub(super) fn bind(&mut self, value: &Value, body: &mut Body) -> Lowered<Given> {
        if is_shared(value) {
            let shared = self.shared(value)?;
            let word = if let Value::Field { name, .. } = value { name } else { "value" };
            let var = self.fresh(word);
            body.0.push(Stmt::Let(var.clone(), shared));
            body.0.push(Stmt::Used(var.clone()));
            return Ok(Given { expr: Expr::Var(var), certain: false });
        }
        self.compute(value, body)
    }

    /// The same, worked out on the spot.
    pub(super) fn compute(&mut self, value: &Value, body: &mut Body) -> Lowered<Given> {
        let certain = |expr| Ok(Given { expr, certain: true });
        match value {
            Value::Const(constant) => certain(constant_expr(constant)),
            Value::Root(root) => {
                let expr = self.root(*root)?;
                if *root != Root::Object {
                    body.0.push(Stmt::Holds(expr.clone().infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
                }
                Ok(Given { expr, certain: false })
            }
            Value::Var(slot) => {
                let bound = self.bound(*slot)?;
                Ok(Given { expr: Expr::var(&bound.name), certain: bound.is_key })
            }
            Value::Field { of, name, presence, default: None, ty } => {
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, body)?.expr,
                };
                let var = self.fresh(name);
                body.0.push(Stmt::Let(var.clone(), holder.key(name)));
                counts(&var, *presence, ty, body);
                Ok(Given { expr: Expr::Var(var), certain: false })
            }
            Value::Field { of, name, presence, default: Some(default), ty } => {
                let written = Value::Field { of: of.clone(), name: name.clone(), presence: *presence, default: None, ty: ty.clone() };
                let mut first = Body::default();
                let given = self.bind(&written, &mut first)?;
                let mut second = Body::default();
                self.pos(&Cond::Exists((**of).clone()), false, &mut second)?;
                let filled = self.bind(default, &mut second)?;
                self.first(name, vec![(given.expr, first), (filled.expr, second)], body)
            }
            Value::Entry { of, key, default: None, ty } => {
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, body)?.expr,
                };
                let (entry, word) = if let Value::Const(Const::String(key)) = &**key {
                    (holder.key(key), key.as_str())
                } else {
                    let key = self.bind(key, body)?.expr;
                    (holder.step(Step::Index(key)), "entry")
                };
                let var = self.fresh(word);
                if *ty == Ty::String {
                    self.need(Helper::Label);
                    body.0.push(Stmt::Let(var.clone(), Expr::Call("label", vec![entry])));
                } else {
                    body.0.push(Stmt::Let(var.clone(), entry));
                }
                body.0.push(Stmt::Present(var.clone()));
                Ok(Given { expr: Expr::Var(var), certain: false })
            }
            Value::Entry { of, key, default: Some(default), ty } => {
                let written = Value::Entry { of: of.clone(), key: key.clone(), default: None, ty: ty.clone() };
                let mut first = Body::default();
                let given = self.bind(&written, &mut first)?;
                let mut second = Body::default();
                self.pos(&Cond::Exists((**key).clone()), false, &mut second)?;
                let filled = self.bind(default, &mut second)?;
                self.first("entry", vec![(given.expr, first), (filled.expr, second)], body)
            }
            Value::Coalesce(values) => match values.as_slice() {
                [] => {
                    body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false))));
                    certain(Expr::Scalar(Scalar::Null))
                }
                [only] => self.bind(only, body),
                _ => {
                    let mut choices = Vec::new();
                    for value in values {
                        let mut of = Body::default();
                        let given = self.bind(value, &mut of)?;
                        choices.push((given.expr, of));
                    }
                    self.first("value", choices, body)
                }
            },
            Value::If(condition, then, otherwise) => {
                let mut choices = Vec::new();
                for (holds, value) in [(true, then), (false, otherwise)] {
                    let mut of = Body::default();
                    self.either(condition, holds, true, &mut of)?;
                    let given = self.bind(value, &mut of)?;
                    choices.push((given.expr, of));
                }
                self.first("value", choices, body)
            }
            Value::Truth(condition) => {
                let mut of = Body::default();
                self.pos(condition, true, &mut of)?;
                let var = self.fresh("truth");
                body.0.push(Stmt::Let(var.clone(), Expr::int(1).each(of.tidy(&NULL)).infix(Operator::Ne, Expr::Array(Vec::new()))));
                body.0.push(Stmt::Used(var.clone()));
                certain(Expr::Var(var))
            }
            Value::List(items) => {
                let list = self.items(items, false)?;
                Ok(Given { expr: list, certain: false })
            }
            Value::Aggregate { op, items, ty } => {
                let list = self.items(items, *ty == Ty::Quantity && *op != Aggregate::Count)?;
                let (function, word) = match op {
                    Aggregate::Count => ("count", "number"),
                    Aggregate::Sum => ("sum", "total"),
                    Aggregate::Min => ("min", "least"),
                    Aggregate::Max => ("max", "greatest"),
                };
                let var = self.fresh(word);
                body.0.push(Stmt::Let(var.clone(), Expr::Call(function, vec![list])));
                body.0.push(Stmt::Used(var.clone()));
                if *op == Aggregate::Sum && *ty == Ty::Int {
                    in_64_bits(&var, body);
                }
                certain(Expr::Var(var))
            }
            Value::Arithmetic { minus, left, right, ty } => {
                let milli = *ty == Ty::Quantity;
                let left = self.number(left, milli, body)?;
                let right = self.number(right, milli, body)?;
                let operator = if *minus { Operator::Sub } else { Operator::Add };
                let var = self.fresh("result");
                body.0.push(Stmt::Let(var.clone(), left.infix(operator, right)));
                body.0.push(Stmt::Used(var.clone()));
                if !milli {
                    in_64_bits(&var, body);
                }
                certain(Expr::Var(var))
            }
            Value::Concat(values) => {
                let mut parts = Vec::new();
                for value in values {
                    parts.push(self.string(value, body)?);
                }
                let var = self.fresh("text");
                body.0.push(Stmt::Let(var.clone(), Expr::Call("concat", vec![Expr::string(""), Expr::Array(parts)])));
                body.0.push(Stmt::Used(var.clone()));
                certain(Expr::Var(var))
            }
            Value::Call(function, arguments) => self.call(*function, arguments, body),
        }
    }

    /// The first of some choices that holds.
    pub(super) fn first(&mut self, word: &str, choices: Vec<(Expr, Body)>, body: &mut Body) -> Lowered<Given> {
        let mut choices = choices;
        choices.retain(|(_, of)| !of.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))));
        if choices.len() == 1
            && let Some((head, of)) = choices.pop()
        {
            body.0.extend(of.0);
            return Ok(Given { expr: head, certain: false });
        }
        let mut lists = Vec::new();
        for (head, of) in choices {
            self.push_list(&mut lists, head, of);
        }
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), Expr::concat_lists(lists).step(Step::Index(Expr::int(0)))));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: false })
    }

    /// A value as a number: thousandths where it is a quantity.
    pub(super) fn number(&mut self, value: &Value, milli: bool, body: &mut Body) -> Lowered<Expr> {
        if milli {
            if let Value::Const(constant) = value {
                return Ok(milli_constant(constant));
            }
            let given = self.bind(value, body)?.expr;
            return Ok(if is_milli(value, &self.slots) { given } else { self.quantity(given, body) });
        }
        Ok(self.bind(value, body)?.expr)
    }

    /// What is written as a quantity, in thousandths.
    pub(super) fn quantity(&mut self, expr: Expr, body: &mut Body) -> Expr {
        self.need(Helper::Quantity);
        let var = self.fresh("milli");
        body.0.push(Stmt::Let(var.clone(), Expr::Call("quantity", vec![expr])));
        Expr::Var(var)
    }

    /// A value as a text.
    pub(super) fn string(&mut self, value: &Value, body: &mut Body) -> Lowered<Expr> {
        let given = self.bind(value, body)?;
        if !given.certain {
            body.0.push(Stmt::Holds(Expr::Call("is_string", vec![given.expr.clone()])));
        }
        Ok(given.expr)
    }
}
