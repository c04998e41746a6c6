//! Conditions.

use super::lower::{Lowering, Result};
use super::sources::may_hold_nulls;
use super::tree::{Comprehension, Expr, Operator, Type, and, list, or, ternary};
use super::val::Val;
use super::{quantity, text};
use crate::ir::{Cond, Const, Function, Order, Quantity, Root, Ty, Value};
use std::collections::BTreeSet;

impl Lowering<'_> {
    pub(super) fn cond(&mut self, cond: &Cond) -> Result<Expr> {
        match cond {
            Cond::Const(value) => Ok(Expr::Bool(*value)),
            Cond::Not(of) => self.cond(of).map(Expr::not),
            Cond::And(parts) => Ok(and(self.conds(parts)?)),
            Cond::Or(parts) => Ok(or(self.conds(parts)?)),
            Cond::Exists(value) => {
                let val = self.value(value)?;
                self.holds(val, false, |_, _| Ok(Expr::Bool(true)))
            }
            Cond::True(value) => {
                let val = self.written(value)?;
                let truth = if val.expr.ty() == Type::Bool { val.expr } else { val.expr.eq(Expr::Bool(true)) };
                Ok(and(val.guards.into_iter().chain([truth])))
            }
            Cond::Compare { op, left, right, ty } => self.compare(*op, left, right, ty),
            Cond::In { item, list, ty } => self.within(item, list, ty),
            Cond::Like(value, glob) => {
                let val = self.value(value)?;
                self.holds(val, false, |_, leaf| Ok(text::like(leaf, glob)))
            }
            Cond::Matches(value, pattern) => {
                let val = self.value(value)?;
                self.holds(val, false, |_, leaf| Ok(text::matches(leaf, pattern)))
            }
            Cond::Contains(whole, part) => {
                let (whole, part) = (self.value(whole)?, self.value(part)?);
                self.holds(whole, false, |this, whole| this.holds(part, false, |_, part| Ok(whole.call("contains", [part]))))
            }
            Cond::Any(source, body) => {
                let each = self.source(source, false)?;
                let body = self.cond(body)?;
                Ok(each.any(body))
            }
            Cond::All(source, body) => {
                let each = self.source(source, false)?;
                let body = self.cond(body)?;
                Ok(each.all(body))
            }
            Cond::Selects { selector, map, labels } => {
                let (selector, labels) = (self.value(selector)?, self.written(labels)?);
                let labels = labels.or_else_empty();
                self.holds(selector, true, |this, selector| {
                    this.holds(Val::always(labels), true, |this, labels| Ok(this.selects(selector, *map, labels)))
                })
            }
            Cond::IsImage(value) => {
                let val = self.value(value)?;
                self.holds(val, true, |this, leaf| Ok(this.image(leaf, |image| image.is_reference())))
            }
            Cond::KindIs(kinds) => self.kind_is(kinds),
        }
    }

    pub(super) fn conds(&mut self, conds: &[Cond]) -> Result<Vec<Expr>> {
        conds.iter().map(|cond| self.cond(cond)).collect()
    }

    pub(super) fn compare(&mut self, op: Order, left: &Value, right: &Value, ty: &Ty) -> Result<Expr> {
        match ty {
            Ty::Quantity => return self.compare_quantities(op, left, right),
            Ty::List(element) if is_scalar(element) && op == Order::Eq => {
                let (left_val, right_val) = (self.value(left)?.present(), self.value(right)?.present());
                let (left, right) = (self.elements(left)?, self.elements(right)?);
                return Ok(and([left_val, right_val, left.eq(right)]));
            }
            Ty::Map(element) if is_scalar(element) && op == Order::Eq => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                return self.holds(left, true, |this, left| this.holds(right, true, |this, right| Ok(this.same_map(left, right))));
            }
            Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => return self.unsupported("`==` between structs"),
            Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString => {}
        }
        if op == Order::Eq {
            // What differs from a zero value needs no presence.
            let (left, right) = match (left, right) {
                (_, Value::Const(constant)) if !is_zero(constant) => (self.written(left)?, self.value(right)?),
                _ => (self.value(left)?, self.value(right)?),
            };
            if left.null && right.null {
                return self.holds(left, true, |_, left| Ok(and(right.guards.into_iter().chain([left.eq(right.expr)]))));
            }
            // `null` equals nothing that is there.
            return Ok(and(left.guards.into_iter().chain(right.guards).chain([left.expr.eq(right.expr)])));
        }
        let operator = match op {
            Order::Eq => Operator::Eq,
            Order::Lt => Operator::Lt,
            Order::Le => Operator::Le,
            Order::Gt => Operator::Gt,
            Order::Ge => Operator::Ge,
        };
        let (left, right) = (self.value(left)?, self.value(right)?);
        self.holds(left, false, |this, left| this.holds(right, false, |_, right| Ok(left.op(operator, right))))
    }

    pub(super) fn compare_quantities(&mut self, op: Order, left: &Value, right: &Value) -> Result<Expr> {
        let constant = |value: &Value| if let Value::Const(Const::Quantity(Quantity { milli })) = value { Some(*milli) } else { None };
        let raw = match (constant(left), constant(right)) {
            (None, Some(milli)) if !is_computed(left) => Some((left, op, milli)),
            (Some(milli), None) if !is_computed(right) => Some((right, turned(op), milli)),
            _ => None,
        };
        if let Some((value, op, milli)) = raw {
            let val = self.value(value)?;
            return self.holds(val, op == Order::Eq, |_, raw| Ok(quantity::compare(raw, op, milli)));
        }
        let operator = match op {
            Order::Eq => Operator::Eq,
            Order::Lt => Operator::Lt,
            Order::Le => Operator::Le,
            Order::Gt => Operator::Gt,
            Order::Ge => Operator::Ge,
        };
        let (left, right) = (self.milli(left)?, self.milli(right)?);
        self.holds(left, false, |this, left| this.holds(right, false, |_, right| Ok(left.op(operator, right))))
    }

    /// Two maps with equal entries; null ones do not count.
    pub(super) fn same_map(&mut self, left: Expr, right: Expr) -> Expr {
        let mut side = |one: &Expr, other: &Expr| {
            let key = self.fresh("key", Type::Dyn);
            let key_ = Expr::Ident(key.clone());
            let (value, twin) = (one.clone().index(key_.clone()), other.clone().index(key_.clone()));
            let same = or([value.clone().present().not(), and([key_.within(other.clone()), twin.eq(value)])]);
            one.clone().each(Comprehension::All, key, same)
        };
        and([side(&left, &right), side(&right, &left)])
    }

    pub(super) fn within(&mut self, item: &Value, of: &Value, ty: &Ty) -> Result<Expr> {
        if !is_scalar(ty) {
            return self.unsupported("`in` with structs");
        }
        if *ty == Ty::Quantity {
            let item = self.milli(item)?;
            let list = self.elements(of)?;
            return self.holds(item, true, |this, item| {
                let element = this.fresh("element", list.ty().element());
                let milli = this.in_milli(Expr::Ident(element.clone()));
                Ok(list.each(Comprehension::Exists, element, milli.eq(item)))
            });
        }
        let nulls = may_hold_nulls(of);
        let list = self.written(of)?;
        let no_zero = matches!(of, Value::Const(Const::List(items)) if !items.iter().any(is_zero));
        let item = if no_zero { self.written(item)? } else { self.value(item)? };
        if list.expr == Expr::List(Vec::new()) {
            return Ok(Expr::Bool(false));
        }
        let inner = |item: Expr| self.holds(list, false, |_, list| Ok(item.within(list)));
        if nulls {
            // Only here could an absent item be found.
            let Val { guards, expr, null } = item;
            if null && !expr.is_simple() {
                return self.unsupported("`in` of a derived value in such a list");
            }
            let present = if null { expr.clone().present() } else { Expr::Bool(true) };
            let inner = inner(expr)?;
            return Ok(and(guards.into_iter().chain([present, inner])));
        }
        let inner = inner(item.expr)?;
        Ok(and(item.guards.into_iter().chain([inner])))
    }

    /// `null` is an empty label.
    pub(super) fn label(of: Expr) -> Expr {
        ternary(of.clone().eq(Expr::Null), Expr::text(""), of)
    }

    /// Whether all pairs of a map are among the labels.
    pub(super) fn pairs(&mut self, wanted: &Expr, labels: &Expr) -> Expr {
        let key = self.fresh("key", Type::Dyn);
        let key_ = Expr::Ident(key.clone());
        let same = Self::label(labels.clone().index(key_.clone())).eq(Self::label(wanted.clone().index(key_.clone())));
        wanted.clone().each(Comprehension::All, key, and([key_.within(labels.clone()), same]))
    }

    pub(super) fn selects(&mut self, selector: Expr, map: bool, labels: Expr) -> Expr {
        if map {
            let all = self.pairs(&selector, &labels);
            return and([selector.to("size").op(Operator::Gt, Expr::Int(0)), all]);
        }
        let wanted = selector.clone().select("matchLabels");
        let none = and([selector.clone().has("matchLabels"), wanted.clone().present()]).not();
        let pairs = or([none, self.pairs(&wanted, &labels)]);
        let expressions = selector.clone().select("matchExpressions");
        let none = and([selector.has("matchExpressions"), expressions.clone().present()]).not();
        let var = self.fresh("expression", Type::Dyn);
        let var_ = Expr::Ident(var.clone());
        let key = Self::path(var_.clone(), &["key"]).or_else(Expr::text(""));
        let operator = |name: &str| and([var_.clone().has("operator"), var_.clone().select("operator").eq(Expr::text(name))]);
        let present = key.clone().within(labels.clone());
        let values = Self::path(var_.clone(), &["values"]).or_else(Expr::List(Vec::new()));
        let named = and([present.clone(), Self::label(labels.index(key)).within(values)]);
        let holds = or([
            var_.clone().eq(Expr::Null),
            and([operator("In"), named.clone()]),
            and([operator("NotIn"), named.not()]),
            and([operator("Exists"), present.clone()]),
            and([operator("DoesNotExist"), present.not()]),
        ]);
        and([pairs, or([none, expressions.each(Comprehension::All, var, holds)])])
    }

    pub(super) fn kind_is(&mut self, names: &[String]) -> Result<Expr> {
        let (named, others): (Vec<_>, Vec<_>) = self.rule.kinds.iter().partition(|kind| names.iter().any(|name| kind.is(name)));
        if others.is_empty() {
            return Ok(Expr::Bool(true));
        }
        if named.iter().any(|kind| others.iter().any(|other| other.object_kind() == kind.object_kind())) {
            return self.unsupported("a kind by a name that two groups have");
        }
        let kinds: BTreeSet<&str> = named.iter().map(|kind| kind.object_kind()).collect();
        let kind = self.root(Root::Object)?.select("kind");
        Ok(match kinds.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Expr::Bool(false),
            [one] => kind.eq(Expr::text(one)),
            several => kind.within(list(several.iter().map(|kind| Expr::text(kind)))),
        })
    }
}

fn turned(op: Order) -> Order {
    match op {
        Order::Eq => Order::Eq,
        Order::Lt => Order::Gt,
        Order::Le => Order::Ge,
        Order::Gt => Order::Lt,
        Order::Ge => Order::Le,
    }
}

fn is_scalar(ty: &Ty) -> bool {
    matches!(ty, Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString)
}

fn is_zero(constant: &Const) -> bool {
    match constant {
        Const::Bool(value) => !value,
        Const::Int(value) => *value == 0,
        Const::String(text) => text.is_empty(),
        Const::Quantity(_) | Const::List(_) | Const::Object(_) => true,
    }
}

/// Whether a quantity is computed in thousandths in the first place.
fn is_computed(value: &Value) -> bool {
    match value {
        Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Call(Function::EffectiveRequest | Function::Duration, _)
        | Value::Const(_) => true,
        Value::If(_, then, otherwise) => is_computed(then) || is_computed(otherwise),
        Value::Coalesce(values) => values.iter().any(is_computed),
        Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::List(_)
        | Value::Concat(_)
        | Value::Call(..) => false,
    }
}
