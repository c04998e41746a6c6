//! Values: paths, defaults, lists, constants.

use super::lower::{Lowering, Result};
use super::quantity;
use super::tree::{Comprehension, Expr, Operator, and, is_identifier, list, map, ternary};
use super::val::{Number, Val};
use crate::ir::{Aggregate, Const, Function, Item, Operation, PodPath, Presence, Root, Ty, Value};
use std::collections::BTreeMap;

impl Lowering<'_> {
    /// The type of a value.
    pub(super) fn ty(&self, value: &Value) -> Ty {
        match value {
            Value::Const(constant) => const_type(constant),
            Value::Root(_) => Ty::any_object(),
            Value::Var(slot) => self.slots.get(slot).map_or(Ty::Any, |bound| bound.ty.clone()),
            Value::Field { ty, .. } | Value::Entry { ty, .. } | Value::Aggregate { ty, .. } | Value::Arithmetic { ty, .. } => ty.clone(),
            Value::Coalesce(values) => values.first().map_or(Ty::Any, |value| self.ty(value)),
            Value::If(_, then, _) => self.ty(then),
            Value::Truth(_) => Ty::Bool,
            Value::List(items) => Ty::List(Box::new(items.first().map_or(Ty::Any, |item| self.item_type(item)))),
            Value::Concat(_) => Ty::String,
            Value::Call(function, _) => match function {
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
            },
        }
    }

    pub(super) fn item_type(&self, item: &Item) -> Ty {
        match item {
            Item::One(value) => self.ty(value),
            Item::Spread(value) => match self.ty(value) {
                Ty::List(element) => *element,
                Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => {
                    Ty::Any
                }
            },
            Item::Each(_, items) => match items.first() {
                Some(Item::One(Value::Var(_))) | None => Ty::Any,
                Some(item) => self.item_type(item),
            },
        }
    }

    pub(super) fn root(&mut self, root: Root) -> Result<Expr> {
        match root {
            Root::Object => {
                let object = || Expr::Global("object");
                let expr = if self.rule.operations.contains(&Operation::Delete) {
                    // On delete the API server gives null, and a ValidatingPolicy of Kyverno an object of nothing.
                    let there = and([object().ne(Expr::Null), object().has("metadata")]);
                    ternary(there, object().to("dyn"), Expr::Global("oldObject").to("dyn"))
                } else {
                    object().to("dyn")
                };
                Ok(self.variable("object", expr))
            }
            Root::Pod => self.pod(),
            Root::OldObject => Ok(self.variable("oldObject", Expr::Global("oldObject").to("dyn"))),
            Root::NamespaceObject => Ok(self.variable("namespaceObject", Expr::Global("namespaceObject").to("dyn"))),
            Root::Request => Ok(self.variable("request", Expr::Global("request").to("dyn"))),
        }
    }

    pub(super) fn pod(&mut self) -> Result<Expr> {
        let object = self.root(Root::Object)?;
        let mut arms: Vec<(PodPath, Vec<String>)> = Vec::new();
        for kind in &self.rule.kinds {
            let Some(path) = kind.pod else { continue };
            match arms.iter_mut().find(|(known, _)| *known == path) {
                Some((_, kinds)) => kinds.push(kind.object_kind().to_owned()),
                None => arms.push((path, vec![kind.object_kind().to_owned()])),
            }
        }
        let mut seen = BTreeMap::new();
        for (path, kinds) in &arms {
            for kind in kinds {
                if seen.insert(kind.clone(), *path).is_some_and(|other| other != *path) {
                    return self.unsupported("`pod` of two kinds of one name");
                }
            }
        }
        // The most kinds need no question.
        arms.sort_by_key(|(_, kinds)| kinds.len());
        let template = |path: PodPath| {
            let mut expr = object.clone();
            let mut guards = Vec::new();
            for segment in path.segments() {
                guards.push(expr.clone().has(segment));
                expr = expr.select(segment);
            }
            let null = !guards.is_empty();
            Val { guards, expr, null }.or_else(Expr::Map(Vec::new()))
        };
        let Some((last, _)) = arms.pop() else { return self.unsupported("`pod` of a kind that makes no Pods") };
        let mut expr = template(last);
        for (path, mut kinds) in arms.into_iter().rev() {
            kinds.sort();
            kinds.dedup();
            let kind = object.clone().select("kind");
            let is = match kinds.as_slice() {
                [one] => kind.eq(Expr::text(one)),
                several => kind.within(list(several.iter().map(|kind| Expr::text(kind)))),
            };
            expr = ternary(is, template(path), expr);
        }
        Ok(if expr.is_simple() { expr } else { self.variable("pod", expr) })
    }

    pub(super) fn value(&mut self, value: &Value) -> Result<Val> {
        self.value_as(value, true)
    }

    /// As it is written: an empty text or list counts too.
    pub(super) fn written(&mut self, value: &Value) -> Result<Val> {
        self.value_as(value, false)
    }

    pub(super) fn value_as(&mut self, value: &Value, counted: bool) -> Result<Val> {
        match value {
            Value::Const(constant) => Ok(Val::always(constant_expr(constant))),
            // An object outside of namespaces has no Namespace.
            Value::Root(Root::NamespaceObject) => self.root(Root::NamespaceObject).map(|expr| Val { guards: Vec::new(), expr, null: true }),
            Value::Root(root) => self.root(*root).map(Val::always),
            Value::Var(slot) => match self.slots.get(slot) {
                Some(bound) => Ok(Val::always(bound.expr.clone())),
                None => self.unsupported("a variable outside of its loop"),
            },
            Value::Field { of, name, presence, default, ty } => {
                let of = self.value(of)?;
                let presence = if counted || default.is_some() { *presence } else { Presence::Written };
                self.field(of, name, presence, default.as_deref(), ty)
            }
            Value::Entry { of, key, default, ty } => self.entry(of, key, default.as_deref(), ty),
            Value::Coalesce(values) => self.coalesce(values),
            Value::If(condition, then, otherwise) => {
                let condition = self.cond(condition)?;
                let then = self.value(then)?;
                let otherwise = self.value(otherwise)?;
                let null = [&then, &otherwise].iter().any(|val| val.null || !val.guards.is_empty());
                Ok(Val { guards: Vec::new(), expr: ternary(condition, then.or_null(), otherwise.or_null()), null })
            }
            Value::Truth(condition) => self.cond(condition).map(Val::always),
            Value::List(items) => self.items(items, Number::Raw).map(Val::always),
            Value::Aggregate { ty, op, items } => {
                if *ty == Ty::Quantity {
                    let milli = self.milli(value)?;
                    return self.derived(milli, true, |_, milli| Ok(Val::always(quantity::print(milli))));
                }
                self.aggregate(*op, items, Number::Raw)
            }
            Value::Arithmetic { minus, left, right, ty } => {
                if *ty == Ty::Quantity {
                    let milli = self.milli(value)?;
                    return self.derived(milli, true, |_, milli| Ok(Val::always(quantity::print(milli))));
                }
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.arithmetic(*minus, left, right)
            }
            Value::Concat(values) => {
                let mut joined = Val::always(Expr::text(""));
                for value in values {
                    let part = self.value(value)?;
                    joined = self.derived(part, false, |_, part| {
                        let expr = if joined.expr == Expr::text("") { part } else { joined.expr.clone().plus(part) };
                        Ok(Val { guards: joined.guards.clone(), expr, null: false })
                    })?;
                    if joined.null {
                        let text = joined.or_null();
                        joined = Val::nullable(text);
                    }
                }
                Ok(joined)
            }
            Value::Call(function, arguments) => self.call(value, *function, arguments),
        }
    }

    pub(super) fn field(&mut self, of: Val, name: &str, presence: Presence, default: Option<&Value>, ty: &Ty) -> Result<Val> {
        if let Expr::Map(entries) = &of.expr {
            // A field of a constant is a constant.
            return Ok(entries
                .iter()
                .find(|(key, _)| *key == Expr::text(name))
                .map_or_else(Val::absent, |(_, value)| Val::always(value.clone()))
                .guarded(of.guards));
        }
        if !of.expr.is_simple() {
            return self.derived(of, true, |this, of| this.field(Val::always(of), name, presence, default, ty));
        }
        let leaf = of.expr.clone().select(name);
        let mut guards = vec![of.expr.clone().has(name)];
        let null = match presence {
            Presence::Written => true,
            Presence::NonZero => {
                match ty {
                    Ty::Bool => guards.push(leaf.clone().ne(Expr::Bool(false))),
                    Ty::Int => guards.push(leaf.clone().ne(Expr::Int(0))),
                    Ty::String => guards.push(leaf.clone().ne(Expr::text(""))),
                    Ty::IntOrString | Ty::Quantity => {
                        guards.push(leaf.clone().ne(Expr::Int(0)));
                        guards.push(leaf.clone().ne(Expr::text("")));
                    }
                    Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => {}
                }
                true
            }
            Presence::NonEmpty => match ty {
                Ty::List(_) | Ty::Map(_) | Ty::String => {
                    guards.push(leaf.clone().present());
                    guards.push(leaf.clone().to("size").op(Operator::Gt, Expr::Int(0)));
                    false
                }
                Ty::Bool | Ty::Int | Ty::Quantity | Ty::IntOrString | Ty::Struct(_) | Ty::Record(_) | Ty::Any => true,
            },
        };
        let Some(default) = default else {
            return Ok(Val { guards, expr: leaf, null }.guarded(of.guards));
        };
        let default = self.value(default)?;
        // `null` has no field: the guards of the struct do not ask whether it is null, the default does.
        let parent = if of.null { Some(of.expr.present()) } else { None };
        let absent = default.null || !default.guards.is_empty();
        let expr = Val { guards, expr: leaf, null }.or_else(default.or_null());
        Ok(Val { guards: Vec::new(), expr, null: absent }.guarded(of.guards.into_iter().chain(parent)))
    }

    pub(super) fn entry(&mut self, of: &Value, key: &Value, default: Option<&Value>, ty: &Ty) -> Result<Val> {
        let (of, key) = (self.written(of)?, self.value(key)?);
        let text = *ty == Ty::String;
        let key_present = key.clone();
        let found = self.derived(key, true, |this, key| {
            this.derived(of, true, |_, of| {
                let (guard, leaf) = if let Expr::String(name) = &key {
                    let guard = if is_identifier(name) { of.clone().has(name) } else { key.clone().within(of.clone()) };
                    (guard, of.select(name))
                } else {
                    (key.clone().within(of.clone()), of.index(key.clone()))
                };
                Ok(if text {
                    Val { guards: vec![guard], expr: ternary(leaf.clone().eq(Expr::Null), Expr::text(""), leaf), null: false }
                } else {
                    Val { guards: vec![guard], expr: leaf, null: true }
                })
            })
        })?;
        let Some(default) = default else { return Ok(found) };
        let default = self.value(default)?;
        let absent = default.null || !default.guards.is_empty();
        let otherwise = default.or_null();
        let val = if found.null && !found.expr.is_simple() {
            let expr = found.or_null();
            let var = self.fresh("entry", expr.ty());
            let var_ = Expr::Ident(var.clone());
            let body = ternary(var_.clone().present(), var_, otherwise);
            Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
        } else {
            found.or_else(otherwise)
        };
        // Without a key there is no default either.
        let guard = key_present.present();
        Ok(Val { guards: Vec::new(), expr: val, null: absent }.guarded((guard != Expr::Bool(true)).then_some(guard)))
    }

    pub(super) fn coalesce(&mut self, values: &[Value]) -> Result<Val> {
        let Some((last, before)) = values.split_last() else { return Ok(Val::absent()) };
        let last = self.value(last)?;
        let mut null = last.null || !last.guards.is_empty();
        let mut expr = last.or_null();
        for value in before.iter().rev() {
            let val = self.value(value)?;
            if val.guards.is_empty() && !val.null {
                (expr, null) = (val.expr, false);
            } else if val.expr.is_simple() || !val.null {
                expr = val.or_else(expr);
            } else {
                let first = val.or_null();
                let var = self.fresh("first", first.ty());
                let var_ = Expr::Ident(var.clone());
                let body = ternary(var_.clone().present(), var_, expr);
                expr = Expr::List(vec![first]).each(Comprehension::Map, var, body).first();
            }
        }
        Ok(Val { guards: Vec::new(), expr, null })
    }

    pub(super) fn arithmetic(&mut self, minus: bool, left: Val, right: Val) -> Result<Val> {
        self.derived(left, true, |this, left| {
            this.derived(right, true, |_, right| {
                let fits = quantity::fits(&left, &right, minus);
                let operator = if minus { Operator::Sub } else { Operator::Add };
                Ok(Val { guards: vec![fits], expr: left.op(operator, right), null: false })
            })
        })
    }

    /// The items of a list expression; absent ones are left out.
    pub(super) fn items(&mut self, items: &[Item], form: Number) -> Result<Expr> {
        let mut parts: Vec<Expr> = Vec::new();
        let mut certain: Vec<Expr> = Vec::new();
        for item in items {
            let part = match item {
                Item::One(of) => {
                    let val = self.number(of, form)?;
                    if val.guards.is_empty() && !val.null {
                        certain.push(val.expr);
                        continue;
                    }
                    self.at_most_one(val)
                }
                Item::Spread(of) => {
                    let elements = self.elements(of)?;
                    match form {
                        Number::Raw => elements,
                        Number::Milli => {
                            let element = self.fresh("element", elements.ty().element());
                            let milli = self.in_milli(Expr::Ident(element.clone()));
                            elements.each(Comprehension::Map, element, milli)
                        }
                    }
                }
                Item::Each(source, inner) => {
                    let each = self.source(source, true)?;
                    if let [Item::One(of)] = inner.as_slice() {
                        let val = self.number(of, form)?;
                        if val.guards.is_empty() && !val.null {
                            each.map(Expr::Bool(true), val.expr)
                        } else if val.expr.is_simple() || !val.null {
                            each.map(val.clone().present(), val.expr)
                        } else {
                            let expr = val.or_null();
                            let found = self.fresh("found", expr.ty());
                            let present = Expr::Ident(found.clone()).present();
                            each.map(Expr::Bool(true), expr).filter(found, present)
                        }
                    } else {
                        let inner = self.items(inner, form)?;
                        each.map(Expr::Bool(true), inner).call("flatten", [])
                    }
                }
            };
            if !certain.is_empty() {
                parts.push(list(std::mem::take(&mut certain)));
            }
            parts.push(part);
        }
        if !certain.is_empty() || parts.is_empty() {
            parts.push(list(certain));
        }
        Ok(parts.into_iter().reduce(Expr::plus).unwrap_or(Expr::List(Vec::new())))
    }

    pub(super) fn number(&mut self, value: &Value, form: Number) -> Result<Val> {
        match form {
            Number::Raw => self.value(value),
            Number::Milli => self.milli(value),
        }
    }

    pub(super) fn at_most_one(&mut self, val: Val) -> Expr {
        if val.expr.is_simple() || !val.null {
            return ternary(val.clone().present(), Expr::List(vec![val.expr]), Expr::List(Vec::new()));
        }
        let expr = val.or_null();
        let found = self.fresh("found", expr.ty());
        let present = Expr::Ident(found.clone()).present();
        Expr::List(vec![expr]).filter(found, present)
    }

    pub(super) fn aggregate(&mut self, op: Aggregate, items: &[Item], form: Number) -> Result<Val> {
        let numbers = self.items(items, form)?;
        Ok(match op {
            Aggregate::Count => Val::always(numbers.to("size")),
            Aggregate::Sum => Val::always(Expr::List(vec![Expr::Int(0)]).plus(numbers).call("sum", [])),
            Aggregate::Min | Aggregate::Max => {
                let function = if op == Aggregate::Min { "min" } else { "max" };
                return self.derived(Val::always(numbers), true, |_, numbers| {
                    let any = numbers.clone().to("size").op(Operator::Gt, Expr::Int(0));
                    Ok(Val { guards: vec![any], expr: numbers.call(function, []), null: false })
                });
            }
        })
    }
}

fn const_type(constant: &Const) -> Ty {
    match constant {
        Const::Bool(_) => Ty::Bool,
        Const::Int(_) => Ty::Int,
        Const::Quantity(_) => Ty::Quantity,
        Const::String(_) => Ty::String,
        Const::List(items) => Ty::List(Box::new(items.first().map_or(Ty::Any, const_type))),
        Const::Object(fields) => Ty::Record(fields.iter().map(|(name, value)| (name.clone(), const_type(value))).collect()),
    }
}

fn constant_expr(constant: &Const) -> Expr {
    match constant {
        Const::Bool(value) => Expr::Bool(*value),
        Const::Int(value) => Expr::Int(*value),
        Const::Quantity(quantity) => Expr::String(quantity.to_string()),
        Const::String(text) => Expr::text(text),
        Const::List(items) => list(items.iter().map(constant_expr)),
        Const::Object(fields) => {
            // Of equal keys the last counts.
            let mut entries: Vec<(String, Expr)> = Vec::new();
            for (name, value) in fields {
                entries.retain(|(known, _)| known != name);
                entries.push((name.clone(), constant_expr(value)));
            }
            map(entries)
        }
    }
}
