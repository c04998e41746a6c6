//! Conditions: as they are and their contraries.

use super::bodies::{ever, like, never};
use super::constants::{constant_expr, is_milli, milli_constant};
use super::helper::Helper;
use super::module::{Lowered, Type, is_of, type_of};
use super::scope::Scope;
use super::simplify::{compare_constants, expand, flatten, flipped, is_absent_constant};
use super::tree::{Body, Expr, Operator, Scalar, Stmt};
use crate::ir::{Cond, Const, Glob, Kind, Order, Presence, Root, Ty, Value};
use std::collections::BTreeSet;

impl Scope<'_> {
    pub(super) fn either(&mut self, cond: &Cond, holds: bool, many: bool, body: &mut Body) -> Lowered<()> {
        if holds { self.pos(cond, many, body) } else { self.neg(cond, many, body) }
    }

    /// Statements that hold exactly when the condition is true; once, unless it may be many times.
    pub(super) fn pos(&mut self, cond: &Cond, many: bool, body: &mut Body) -> Lowered<()> {
        match cond {
            Cond::Const(true) => {}
            Cond::Const(false) => body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))),
            Cond::Not(inner) => self.neg(inner, many, body)?,
            Cond::And(all) => {
                for cond in all {
                    self.pos(cond, many, body)?;
                }
            }
            Cond::Or(any) => self.or(any, many, body)?,
            Cond::Exists(value) => {
                if let Some(simpler) = expand(value, &mut Cond::Exists) {
                    return self.pos(&simpler, many, body);
                }
                self.exists(value, body)?;
            }
            Cond::True(value) => {
                if let Some(simpler) = expand(value, &mut Cond::True) {
                    return self.pos(&simpler, many, body);
                }
                let expr = match self.path(value)? {
                    Some(path) => path,
                    None => self.bind(value, body)?.expr,
                };
                body.0.push(Stmt::Holds(expr.infix(Operator::Eq, Expr::Scalar(Scalar::Bool(true)))));
            }
            Cond::Compare { op, left, right, ty } => self.compare(*op, left, right, ty, many, body)?,
            Cond::In { item, list, ty } => self.contains_item(item, list, ty, many, body)?,
            Cond::Like(value, glob) => {
                if let Value::Const(Const::String(text)) = value {
                    return self.pos(&Cond::Const(crate::eval::glob::matches(glob, text)), many, body);
                }
                if let Some(simpler) = expand(value, &mut |value| Cond::Like(value, glob.clone())) {
                    return self.pos(&simpler, many, body);
                }
                let text = self.string(value, body)?;
                like(&text, glob, body);
            }
            Cond::Matches(value, pattern) => {
                let text = self.string(value, body)?;
                let regex = Expr::Regex(crate::eval::pattern::anchored(&pattern.source));
                body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![regex, text])));
            }
            Cond::Contains(whole, part) => {
                let whole = self.string(whole, body)?;
                let part = self.string(part, body)?;
                body.0.push(Stmt::Holds(Expr::Call("contains", vec![whole, part])));
            }
            Cond::Any(source, cond) => {
                let mut inner = Body::default();
                self.iterate(source, &mut inner)?;
                self.pos(cond, true, &mut inner)?;
                ever(inner, many, body);
            }
            Cond::All(source, cond) => {
                let mut inner = Body::default();
                self.iterate(source, &mut inner)?;
                self.neg(cond, true, &mut inner)?;
                never(inner, body);
            }
            Cond::Selects { selector, map, labels } => {
                self.need(if *map { Helper::SelectsMap } else { Helper::Selects });
                let mut arguments = Vec::new();
                for value in [selector, labels] {
                    let mut of = Body::default();
                    let given = self.bind(value, &mut of)?;
                    self.push_list(&mut arguments, given.expr, of);
                }
                body.0.push(Stmt::Holds(Expr::Call(if *map { "selects_map" } else { "selects" }, arguments)));
            }
            Cond::IsImage(value) => {
                self.need(Helper::IsImage);
                let text = self.string(value, body)?;
                body.0.push(Stmt::Holds(Expr::Call("is_image", vec![text])));
            }
            Cond::KindIs(names) => {
                let (named, others): (Vec<&Kind>, Vec<&Kind>) = self.kinds.iter().partition(|kind| names.iter().any(|name| kind.is(name)));
                let types: BTreeSet<Type> = named.into_iter().map(type_of).collect();
                if others.is_empty() {
                    return Ok(());
                }
                if types.is_empty() {
                    return self.pos(&Cond::Const(false), many, body);
                }
                if others.into_iter().map(type_of).any(|other| types.contains(&other)) {
                    return self.unsupported("a kind whose objects are of the kind of another's");
                }
                body.0.push(Stmt::Holds(is_of(&types)));
            }
        }
        Ok(())
    }

    /// Statements that hold exactly when the condition is false.
    pub(super) fn neg(&mut self, cond: &Cond, many: bool, body: &mut Body) -> Lowered<()> {
        match cond {
            Cond::Const(value) => self.pos(&Cond::Const(!value), many, body),
            Cond::Not(inner) => self.pos(inner, many, body),
            Cond::Or(any) => {
                for cond in any {
                    self.neg(cond, many, body)?;
                }
                Ok(())
            }
            Cond::All(source, cond) => self.pos(&Cond::Any(source.clone(), Box::new(Cond::Not(cond.clone()))), many, body),
            Cond::And(_)
            | Cond::Exists(_)
            | Cond::True(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Any(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_) => {
                let mut inner = Body::default();
                self.pos(cond, true, &mut inner)?;
                never(inner, body);
                Ok(())
            }
        }
    }

    pub(super) fn or(&mut self, any: &[Cond], many: bool, body: &mut Body) -> Lowered<()> {
        let mut flat = Vec::new();
        flatten(any, &mut flat);
        if flat.iter().any(|cond| matches!(cond, Cond::Const(true))) {
            return Ok(());
        }
        flat.retain(|cond| !matches!(cond, Cond::Const(false)));
        if let [only] = flat.as_slice() {
            return self.pos(only, many, body);
        }
        if let Some((value, prefixes)) = self.prefixes(&flat)? {
            let text = self.string(value, body)?;
            let prefixes = prefixes.into_iter().map(Expr::string).collect();
            body.0.push(Stmt::Holds(Expr::Call("strings.any_prefix_match", vec![text, Expr::Array(prefixes)])));
            return Ok(());
        }
        let mut none = Body::default();
        for cond in flat {
            self.neg(cond, true, &mut none)?;
        }
        never(none, body);
        Ok(())
    }

    /// Whether the conditions are that one text begins with one of several.
    pub(super) fn prefixes<'v>(&mut self, any: &[&'v Cond]) -> Lowered<Option<(&'v Value, Vec<String>)>> {
        let mut found: Option<(&Value, Expr)> = None;
        let mut prefixes = Vec::new();
        for cond in any {
            let Cond::Like(value, Glob { parts }) = cond else { return Ok(None) };
            let [prefix, end] = parts.as_slice() else { return Ok(None) };
            let Some(path) = self.path(value)? else { return Ok(None) };
            if !end.is_empty() || found.as_ref().is_some_and(|(_, known)| *known != path) {
                return Ok(None);
            }
            found = Some((value, path));
            prefixes.push(prefix.clone());
        }
        Ok(found.map(|(value, _)| (value, prefixes)))
    }

    pub(super) fn exists(&mut self, value: &Value, body: &mut Body) -> Lowered<()> {
        let null = Expr::Scalar(Scalar::Null);
        match value {
            Value::Const(_) | Value::Var(_) | Value::Truth(_) | Value::List(_) | Value::Root(Root::Object) => {}
            Value::Field { presence, default: None, ty, of: _, name: _ } => {
                if let Some(path) = self.path(value)? {
                    let statement = match (presence, ty) {
                        (Presence::Written, _) => path.infix(Operator::Ne, null),
                        (Presence::NonZero, Ty::Bool) => path.infix(Operator::Eq, Expr::Scalar(Scalar::Bool(true))),
                        // Only strings, lists and maps are greater than an empty one of their kind.
                        (Presence::NonZero | Presence::NonEmpty, Ty::String) => path.infix(Operator::Gt, Expr::string("")),
                        (Presence::NonEmpty, Ty::List(_)) => path.infix(Operator::Gt, Expr::Array(Vec::new())),
                        (Presence::NonEmpty, Ty::Map(_) | Ty::Struct(_) | Ty::Record(_)) => {
                            path.infix(Operator::Gt, Expr::Object(Vec::new()))
                        }
                        (
                            Presence::NonZero | Presence::NonEmpty,
                            Ty::Bool
                            | Ty::Int
                            | Ty::Quantity
                            | Ty::IntOrString
                            | Ty::List(_)
                            | Ty::Map(_)
                            | Ty::Struct(_)
                            | Ty::Record(_)
                            | Ty::Any,
                        ) => {
                            self.bind(value, body)?;
                            return Ok(());
                        }
                    };
                    body.0.push(Stmt::Holds(statement));
                } else {
                    self.bind(value, body)?;
                }
            }
            Value::Entry { .. }
            | Value::Field { .. }
            | Value::Root(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                self.bind(value, body)?;
            }
        }
        Ok(())
    }

    pub(super) fn compare(&mut self, op: Order, left: &Value, right: &Value, ty: &Ty, many: bool, body: &mut Body) -> Lowered<()> {
        if let (Value::Const(left), Value::Const(right)) = (left, right) {
            return self.pos(&Cond::Const(compare_constants(op, left, right)), many, body);
        }
        if let (Value::Const(_), false) = (left, matches!(right, Value::Const(_))) {
            return self.compare(flipped(op), right, left, ty, many, body);
        }
        if let Value::Const(_) = right
            && let Some(simpler) = expand(left, &mut |left| Cond::Compare { op, left, right: right.clone(), ty: ty.clone() })
        {
            return self.pos(&simpler, many, body);
        }
        let operator = match op {
            Order::Eq => Operator::Eq,
            Order::Lt => Operator::Lt,
            Order::Le => Operator::Le,
            Order::Gt => Operator::Gt,
            Order::Ge => Operator::Ge,
        };
        // A path and a scalar that is not what counts as absent: the comparison says all.
        if let (Value::Const(constant @ (Const::Bool(_) | Const::Int(_) | Const::String(_))), Order::Eq, false) =
            (right, op, *ty == Ty::Quantity)
        {
            if is_absent_constant(left, constant) {
                return self.pos(&Cond::Const(false), many, body);
            }
            let blank_label = matches!((left, constant), (Value::Entry { ty: Ty::String, .. }, Const::String(text)) if text.is_empty());
            if let (Some(path), false) = (self.path(left)?, blank_label) {
                body.0.push(Stmt::Holds(path.infix(operator, constant_expr(constant))));
                return Ok(());
            }
        }
        let milli = *ty == Ty::Quantity;
        let mut sides = Vec::new();
        for value in [left, right] {
            let side = if milli {
                self.number(value, true, body)?
            } else {
                let given = self.bind(value, body)?;
                if matches!(ty, Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) {
                    self.need(Helper::Canonical);
                    Expr::Call("canonical", vec![given.expr])
                } else {
                    if op != Order::Eq && !given.certain {
                        body.0.push(Stmt::Holds(Expr::Call("is_number", vec![given.expr.clone()])));
                    }
                    given.expr
                }
            };
            sides.push(side);
        }
        if let (Some(right), Some(left)) = (sides.pop(), sides.pop()) {
            body.0.push(Stmt::Holds(left.infix(operator, right)));
        }
        Ok(())
    }

    pub(super) fn contains_item(&mut self, item: &Value, list: &Value, ty: &Ty, many: bool, body: &mut Body) -> Lowered<()> {
        if matches!(ty, Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) {
            return self.unsupported("`in` of structs");
        }
        let milli = *ty == Ty::Quantity;
        if let Value::Const(Const::List(constants)) = list {
            if let Value::Const(item) = item {
                return self.pos(&Cond::Const(constants.iter().any(|constant| compare_constants(Order::Eq, item, constant))), many, body);
            }
            if let Some(simpler) = expand(item, &mut |item| Cond::In { item, list: list.clone(), ty: ty.clone() }) {
                return self.pos(&simpler, many, body);
            }
            let mut kept: Vec<Expr> = Vec::new();
            for constant in constants.iter().filter(|constant| !is_absent_constant(item, constant)) {
                let expr = if milli { milli_constant(constant) } else { constant_expr(constant) };
                if !kept.contains(&expr) {
                    kept.push(expr);
                }
            }
            if kept.is_empty() {
                return self.pos(&Cond::Const(false), many, body);
            }
            let is_label = matches!(item, Value::Entry { ty: Ty::String, .. });
            let item = match self.path(item)? {
                Some(path) if !milli && !is_label => path,
                _ => self.number(item, milli, body)?,
            };
            body.0.push(Stmt::Holds(item.infix(Operator::In, Expr::Set(kept))));
            return Ok(());
        }
        let item = self.number(item, milli, body)?;
        let all = if let (Some(path), false) = (self.path(list)?, milli) { path } else { self.list(list)? };
        let is_raw = milli && !is_milli(list, &self.slots);
        if is_raw {
            let element = self.fresh("element");
            let mut inner = Body(vec![Stmt::Each(element.clone(), all)]);
            let number = self.quantity(Expr::Var(element), &mut inner);
            inner.0.push(Stmt::Holds(number.infix(Operator::Eq, item)));
            ever(inner, many, body);
        } else {
            body.0.push(Stmt::Holds(item.infix(Operator::In, all)));
        }
        Ok(())
    }
}
