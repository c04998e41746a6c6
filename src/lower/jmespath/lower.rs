//! Conditions and values.

use super::tree::{Expr, and, not, or};
use crate::diagnostic::Span;
use crate::ir::{
    Aggregate, Cond, Const, Elements, Form, Function, Glob, Kind, Order, Pattern, PodPath, Presence, Root, Rule, Slot, Source, Ty, Value,
};
use crate::lower::Unsupported;
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub(super) type Result<T> = std::result::Result<T, Unsupported>;

/// When a value is absent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Absent {
    /// Never.
    Never,
    /// Where it is nothing.
    Null,
    /// Where it is nothing, `""`, `false` or empty.
    False,
    /// Where it is nothing or 0.
    Zero,
    /// Where this is not so: a text of a map, of which `null` is `""`.
    Unless(Box<Expr>),
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Val {
    /// What it is, where it is present.
    pub expr: Expr,
    /// When it is not.
    pub absent: Absent,
}

/// What a slot is bound to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// What can be reached from the current value.
    Path(Expr),
    /// A constant.
    Const(Const),
}

/// What can be named at a place of an expression.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Whether it is outside of all brackets, where `request` is known.
    pub roots: bool,
    /// The slots.
    pub slots: BTreeMap<Slot, Bound>,
}

impl Scope {
    /// That of an expression outside of all brackets.
    pub fn new() -> Self {
        Scope { roots: true, slots: BTreeMap::new() }
    }

    /// That of an element's brackets: of what is outside of them only constants are known.
    pub fn inside(&self, slot: Slot, element: Expr) -> Self {
        let mut slots: BTreeMap<Slot, Bound> =
            self.slots.iter().filter(|(_, bound)| matches!(bound, Bound::Const(_))).map(|(slot, bound)| (*slot, bound.clone())).collect();
        slots.insert(slot, Bound::Path(element));
        Scope { roots: false, slots }
    }

    /// The same with a constant.
    pub fn with(&self, slot: Slot, value: Const) -> Self {
        let mut scope = self.clone();
        scope.slots.insert(slot, Bound::Const(value));
        scope
    }
}

/// The lowering of a mutation or generation for kinds whose Pods stand at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lowering<'r> {
    /// Its clauses.
    pub rule: &'r Rule,
    /// The kinds.
    pub kinds: &'r [Kind],
    /// Where their Pods are.
    pub pod: Option<PodPath>,
    /// What is being lowered.
    pub span: Span,
}

fn unknown(construct: impl Into<String>, span: Span) -> Unsupported {
    Unsupported::new(construct, span)
}

/// The number that a value is, whether it is read as a whole one or not.
fn number(expr: Expr) -> Expr {
    Expr::Call("to_number", vec![Expr::Call("to_string", vec![expr])])
}

fn or_empty(expr: Expr, empty: Json) -> Expr {
    expr.or(Expr::Literal(empty))
}

/// A list, which may be absent, as a list.
pub(super) fn list_of(expr: Expr) -> Expr {
    or_empty(expr, Json::Array(Vec::new()))
}

/// An object, which may be absent, as an object.
pub(super) fn object_of(expr: Expr) -> Expr {
    or_empty(expr, Json::Object(serde_json::Map::new()))
}

impl Lowering<'_> {
    pub fn unsupported<T>(&self, construct: impl Into<String>) -> Result<T> {
        Err(unknown(construct, self.span))
    }

    /// Whether the item applies. What it has to read beforehand cannot be said.
    pub fn applies(&self) -> Result<Expr> {
        if let Some((construct, span)) = self.rule.unlowered.first() {
            return Err(unknown(construct.clone(), *span));
        }
        if let Some(read) = self.rule.reads.first() {
            let form = match read.form {
                Form::Quantity => "a quantity",
                Form::Image => "an image",
                Form::Duration => "a duration",
            };
            return self.unsupported(format!("`{}`, which is read as {form},", read.path));
        }
        self.cond(&Scope::new(), &self.rule.applies)
    }

    /// Whether a value is present.
    pub fn exists(&self, val: &Val) -> Expr {
        match &val.absent {
            Absent::Never => Expr::bool(true),
            Absent::Null => val.expr.clone().is_some(),
            Absent::False => val.expr.clone(),
            Absent::Zero => and([val.expr.clone().is_some(), number(val.expr.clone()).ne(Expr::Literal(Json::from(0)))]),
            Absent::Unless(present) => (**present).clone(),
        }
    }

    /// The value, nothing where it is absent.
    pub fn or_null(&self, val: Val) -> Expr {
        let present = self.exists(&val);
        match val.absent {
            Absent::Never => val.expr,
            Absent::Null => Expr::Call("not_null", vec![val.expr]),
            Absent::False => val.expr.or(Expr::null()),
            Absent::Zero | Absent::Unless(_) => val.expr.only_if(present),
        }
    }

    /// A place as it is written, whether or not what is there counts as present.
    pub fn path(&self, scope: &Scope, value: &Value) -> Result<Expr> {
        match value {
            Value::Root(root) => self.root(scope, *root),
            Value::Var(slot) => match scope.slots.get(slot) {
                Some(Bound::Path(expr)) => Ok(expr.clone()),
                Some(Bound::Const(value)) => Ok(Expr::Literal(value.to_json())),
                None => self.unsupported("what a loop around gives, in a condition on the elements of a list,"),
            },
            Value::Field { of, name, .. } => Ok(self.path(scope, of)?.field(name.clone())),
            Value::Entry { of, key, .. } => {
                let key = self.constant_key(scope, key)?;
                Ok(self.path(scope, of)?.field(key))
            }
            Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let val = self.value(scope, value)?;
                Ok(self.or_null(val))
            }
        }
    }

    fn root(&self, scope: &Scope, root: Root) -> Result<Expr> {
        if matches!(root, Root::OldObject | Root::NamespaceObject | Root::Request) {
            return self.unsupported(format!("`{}`", root.name()));
        }
        if !scope.roots {
            return self.unsupported(format!("`{}` in a loop or in a condition on the elements of a list", root.name()));
        }
        let object = Expr::name("request").field("object");
        match (root, self.pod) {
            (Root::Pod, Some(path)) => Ok(path.segments().iter().fold(object, |expr, name| expr.field(*name))),
            (Root::Pod, None) => self.unsupported("`pod` of a kind that makes no Pods"),
            (Root::Object | Root::OldObject | Root::NamespaceObject | Root::Request, _) => Ok(object),
        }
    }

    /// The key of an entry, which has to be constant.
    pub fn constant_key(&self, scope: &Scope, key: &Value) -> Result<String> {
        match self.constant(scope, key) {
            Some(Const::String(key)) => Ok(key),
            Some(Const::Bool(_) | Const::Int(_) | Const::Quantity(_) | Const::List(_) | Const::Object(_)) | None => {
                self.unsupported("a key that is computed")
            }
        }
    }

    /// A constant, what a loop over constants gives, or a text made of such.
    pub fn constant(&self, scope: &Scope, value: &Value) -> Option<Const> {
        let text = |value: &Value| match self.constant(scope, value) {
            Some(Const::String(text)) => Some(text),
            Some(Const::Bool(_) | Const::Int(_) | Const::Quantity(_) | Const::List(_) | Const::Object(_)) | None => None,
        };
        match value {
            Value::Const(value) => Some(value.clone()),
            Value::Var(slot) => match scope.slots.get(slot) {
                Some(Bound::Const(value)) => Some(value.clone()),
                Some(Bound::Path(_)) | None => None,
            },
            Value::Concat(parts) => parts.iter().map(text).collect::<Option<String>>().map(Const::String),
            Value::Call(Function::Replace, arguments) => match arguments.as_slice() {
                [whole, old, new] => Some(Const::String(text(whole)?.replace(text(old)?.as_str(), text(new)?.as_str()))),
                _ => None,
            },
            Value::Call(Function::Lower, arguments) => match arguments.as_slice() {
                [whole] => Some(Const::String(text(whole)?.to_ascii_lowercase())),
                _ => None,
            },
            Value::Root(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Call(..) => None,
        }
    }

    /// A constant as a literal.
    pub fn literal(&self, value: &Const) -> Result<Expr> {
        match value.inexact() {
            Some(_) => self.unsupported("a number above 2^53"),
            None => Ok(Expr::Literal(value.to_json())),
        }
    }

    /// A value.
    pub fn value(&self, scope: &Scope, value: &Value) -> Result<Val> {
        let never = |expr| Val { expr, absent: Absent::Never };
        if let Some(value) = self.constant(scope, value) {
            return Ok(never(self.literal(&value)?));
        }
        match value {
            Value::Const(value) => Ok(never(self.literal(value)?)),
            Value::Var(_) | Value::Root(_) => Ok(never(self.path(scope, value)?)),
            Value::Field { of, name: _, presence, default, ty } => {
                let absent = match (presence, ty) {
                    (Presence::Written, _) => Absent::Null,
                    (Presence::NonZero, Ty::Int) => Absent::Zero,
                    (Presence::NonZero, Ty::Bool | Ty::String) | (Presence::NonEmpty, _) => Absent::False,
                    (
                        Presence::NonZero,
                        Ty::Quantity | Ty::IntOrString | Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any,
                    ) => {
                        return self.unsupported("a field of this type");
                    }
                };
                let val = Val { expr: self.path(scope, value)?, absent };
                match default {
                    None => Ok(val),
                    Some(default) => self.with_default(scope, of, val, default),
                }
            }
            Value::Entry { of, key, default, ty } => {
                let name = self.constant_key(scope, key)?;
                let map = self.path(scope, of)?;
                let expr = map.clone().field(name.clone());
                let val = if *ty == Ty::String {
                    let keys = Expr::Call("keys", vec![object_of(map)]);
                    let present = Expr::Call("contains", vec![keys, Expr::text(name)]);
                    Val { expr: Expr::Call("not_null", vec![expr, Expr::text("")]), absent: Absent::Unless(Box::new(present)) }
                } else {
                    Val { expr, absent: Absent::Null }
                };
                match default {
                    None => Ok(val),
                    Some(_) => self.unsupported("an entry of a map with a default"),
                }
            }
            Value::If(condition, then, otherwise) => {
                let condition = self.cond(scope, condition)?;
                let (then, otherwise) = (self.value(scope, then)?, self.value(scope, otherwise)?);
                let absent = if then.absent == Absent::Never && otherwise.absent == Absent::Never { Absent::Never } else { Absent::Null };
                let (then, otherwise) = (self.or_null(then), self.or_null(otherwise));
                let both = Expr::Or(vec![Expr::And(vec![condition, Expr::List(vec![then])]), Expr::List(vec![otherwise])]);
                Ok(Val { expr: both.index(0), absent })
            }
            Value::Truth(condition) => {
                let condition = self.cond(scope, condition)?;
                Ok(never(truth(condition)))
            }
            Value::Coalesce(values) => {
                let mut exprs = Vec::new();
                for value in values {
                    let val = self.value(scope, value)?;
                    exprs.push(self.or_null(val));
                }
                Ok(Val { expr: if exprs.is_empty() { Expr::null() } else { Expr::Call("not_null", exprs) }, absent: Absent::Null })
            }
            Value::Concat(values) => {
                let (mut exprs, mut present) = (Vec::new(), Vec::new());
                for value in values {
                    let val = self.value(scope, value)?;
                    present.push(self.exists(&val));
                    exprs.push(val.expr);
                }
                let joined = Expr::Call("join", vec![Expr::text(""), Expr::List(exprs)]);
                Ok(where_all(joined, present))
            }
            Value::Call(function, arguments) => self.call(scope, *function, arguments),
            Value::List(_) => self.unsupported("a list that is computed"),
            Value::Aggregate { op, .. } => self.unsupported(match op {
                Aggregate::Count => "`count()`",
                Aggregate::Sum => "`sum()`",
                Aggregate::Min => "`min()`",
                Aggregate::Max => "`max()`",
            }),
            Value::Arithmetic { minus, .. } => self.unsupported(if *minus { "`-`" } else { "`+` of numbers" }),
        }
    }

    fn with_default(&self, scope: &Scope, of: &Value, val: Val, default: &Value) -> Result<Val> {
        let default = self.value(scope, default)?;
        if default.absent != Absent::Never {
            return self.unsupported("a default that may be absent");
        }
        let expr = match val.absent {
            Absent::Null => Expr::Call("not_null", vec![val.expr, default.expr]),
            Absent::False => val.expr.or(default.expr),
            Absent::Zero => {
                let present = self.exists(&val);
                Expr::Or(vec![Expr::And(vec![present, Expr::List(vec![val.expr])]), Expr::List(vec![default.expr])]).index(0)
            }
            Absent::Never | Absent::Unless(_) => return self.unsupported("a default"),
        };
        // Of a struct that is absent no field has a default.
        if matches!(of, Value::Root(_) | Value::Var(_)) {
            return Ok(Val { expr, absent: Absent::Never });
        }
        let there = self.path(scope, of)?.is_some();
        Ok(Val { expr: expr.only_if(there), absent: Absent::Null })
    }

    fn call(&self, scope: &Scope, function: Function, arguments: &[Value]) -> Result<Val> {
        let name = match function {
            Function::Replace => "replace_all",
            Function::Split => "split",
            Function::Lower => return self.unsupported("`lower()`"),
            Function::Upper => return self.unsupported("`upper()`"),
            Function::Join => return self.unsupported("`join()`"),
            Function::Size => return self.unsupported("`size()`"),
            Function::IndexOf => return self.unsupported("`indexOf()`"),
            Function::EffectiveRequest => return self.unsupported("`effectiveRequest()`"),
            Function::Quantity => return self.unsupported("`quantity()`"),
            Function::Duration => return self.unsupported("`duration()`"),
            Function::ImageRegistry | Function::ImageRepository | Function::ImageTag | Function::ImageDigest => {
                return self.unsupported("`image()`");
            }
            Function::AsInt | Function::AsName | Function::Percent => {
                return self.unsupported("a number or text of a field that holds either");
            }
        };
        let (mut exprs, mut present) = (Vec::new(), Vec::new());
        for argument in arguments {
            let val = self.value(scope, argument)?;
            present.push(self.exists(&val));
            exprs.push(val.expr);
        }
        let expr = Expr::Call(name, exprs);
        Ok(where_all(expr, present))
    }

    /// A condition: something that counts as true or false.
    pub fn cond(&self, scope: &Scope, cond: &Cond) -> Result<Expr> {
        Ok(match cond {
            Cond::Const(value) => Expr::bool(*value),
            Cond::Not(inner) => not(self.cond(scope, inner)?),
            Cond::And(parts) => and(self.conds(scope, parts)?),
            Cond::Or(parts) => or(self.conds(scope, parts)?),
            Cond::Exists(value) => {
                let val = self.value(scope, value)?;
                self.exists(&val)
            }
            Cond::True(value) => self.value(scope, value)?.expr.eq(Expr::bool(true)),
            Cond::Compare { op, left, right, ty } => self.compare(scope, *op, left, right, ty)?,
            Cond::In { item, list, ty } => self.within(scope, item, list, ty)?,
            Cond::Like(value, glob) => self.like(scope, value, glob)?,
            Cond::Matches(value, Pattern { source }) => {
                let val = self.value(scope, value)?;
                let pattern = Expr::text(format!("\\A(?:{source})\\z"));
                and([self.exists(&val), Expr::Call("regex_match", vec![pattern, val.expr])])
            }
            Cond::Contains(text, part) => {
                let (text, part) = (self.value(scope, text)?, self.value(scope, part)?);
                and([self.exists(&text), self.exists(&part), Expr::Call("contains", vec![text.expr, part.expr])])
            }
            Cond::Any(source, body) => self.any(scope, source, |scope| self.cond(scope, body))?,
            Cond::All(source, body) => not(self.any(scope, source, |scope| Ok(not(self.cond(scope, body)?)))?),
            Cond::Selects { .. } => return self.unsupported("`selects()`"),
            Cond::IsImage(_) => return self.unsupported("`image()`"),
            Cond::KindIs(ids) => self.kind_is(scope, ids)?,
        })
    }

    fn conds(&self, scope: &Scope, conds: &[Cond]) -> Result<Vec<Expr>> {
        conds.iter().map(|cond| self.cond(scope, cond)).collect()
    }

    fn kind_is(&self, scope: &Scope, ids: &[String]) -> Result<Expr> {
        let is = |kind: &&Kind| ids.contains(&kind.id());
        let those: Vec<&Kind> = self.kinds.iter().filter(is).collect();
        if those.is_empty() || those.len() == self.kinds.len() {
            return Ok(Expr::bool(!those.is_empty()));
        }
        let object = self.root(scope, Root::Object)?;
        let one = |kind: &Kind| {
            and([
                object.clone().field("apiVersion").eq(Expr::text(kind.api_version())),
                object.clone().field("kind").eq(Expr::text(&kind.kind)),
            ])
        };
        Ok(or(those.into_iter().map(one)))
    }

    /// Equality and order.
    pub fn compare(&self, scope: &Scope, op: Order, left: &Value, right: &Value, ty: &Ty) -> Result<Expr> {
        let (left, right) = (self.value(scope, left)?, self.value(scope, right)?);
        let constant =
            |val: &Val| if let (Expr::Literal(value), Absent::Never) = (&val.expr, &val.absent) { Some(value.clone()) } else { None };
        // What is compared with such a constant is equal only where it is present.
        let distinct =
            |val: &Val| matches!(constant(val), Some(Json::String(text)) if !text.is_empty()) || constant(val) == Some(Json::Bool(true));
        match (ty, op) {
            (Ty::String | Ty::Bool, Order::Eq) => {
                let bare = |val: &Val| match (&val.absent, &val.expr) {
                    // Neither nothing nor `""` is the constant.
                    (Absent::Unless(_), Expr::Call("not_null", arguments)) => {
                        arguments.first().cloned().unwrap_or_else(|| val.expr.clone())
                    }
                    (Absent::Never | Absent::Null | Absent::False | Absent::Zero | Absent::Unless(_), expr) => expr.clone(),
                };
                if distinct(&right) {
                    return Ok(bare(&left).eq(right.expr));
                }
                if distinct(&left) {
                    return Ok(bare(&right).eq(left.expr));
                }
                Ok(and([self.exists(&left), self.exists(&right), left.expr.eq(right.expr)]))
            }
            (Ty::Int, op) => {
                let operator = match op {
                    Order::Eq => "==",
                    Order::Lt => "<",
                    Order::Le => "<=",
                    Order::Gt => ">",
                    Order::Ge => ">=",
                };
                if constant(&left).is_none() && constant(&right).is_none() {
                    return self.unsupported("a comparison of two numbers of which none is constant");
                }
                let side = |val: &Val| if constant(val).is_some() { val.expr.clone() } else { number(val.expr.clone()) };
                let guards: Vec<Expr> =
                    [&left, &right].into_iter().filter(|val| val.absent == Absent::Zero).map(|val| self.exists(val)).collect();
                // The order of nothing is nothing, but nothing is equal to nothing: a constant is none.
                let compared = Expr::Compare(operator, Box::new(side(&left)), Box::new(side(&right)));
                Ok(and(guards.into_iter().chain([compared])))
            }
            (Ty::Quantity, _) => self.unsupported("a comparison of quantities"),
            (Ty::IntOrString, _) => self.unsupported("a comparison of what is a number or a text"),
            (Ty::String | Ty::Bool | Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any, _) => {
                self.unsupported("`==` between structs or lists")
            }
        }
    }

    fn within(&self, scope: &Scope, item: &Value, list: &Value, ty: &Ty) -> Result<Expr> {
        if *ty != Ty::String {
            return self.unsupported("`in` of anything but texts");
        }
        let item = self.value(scope, item)?;
        let list = match self.constant(scope, list) {
            Some(value) => self.literal(&value)?,
            None => list_of(self.path(scope, list)?),
        };
        Ok(and([self.exists(&item), Expr::Call("contains", vec![list, item.expr])]))
    }

    fn like(&self, scope: &Scope, value: &Value, glob: &Glob) -> Result<Expr> {
        let val = self.value(scope, value)?;
        let (text, present) = (val.expr.clone(), self.exists(&val));
        let call = |name: &'static str, part: &str| Expr::Call(name, vec![text.clone(), Expr::text(part)]);
        let parts: Vec<&str> = glob.parts.iter().map(String::as_str).collect();
        let fits = match parts.as_slice() {
            [whole] => text.clone().eq(Expr::text(*whole)),
            ["", ""] => Expr::bool(true),
            [start, ""] => call("starts_with", start),
            ["", end] => call("ends_with", end),
            ["", middle, ""] => call("contains", middle),
            parts => {
                let pattern: Vec<String> = parts.iter().map(|part| regex::escape(part)).collect();
                Expr::Call("regex_match", vec![Expr::text(format!("(?s)\\A{}\\z", pattern.join(".*"))), text.clone()])
            }
        };
        Ok(and([present, fits]))
    }

    /// Whether there is an element for which something is true.
    pub fn any(&self, scope: &Scope, source: &Source, body: impl Fn(&Scope) -> Result<Expr>) -> Result<Expr> {
        if let Some(entries) = self.constants(scope, source) {
            let mut parts = Vec::new();
            for (key, value) in entries {
                let scope = bound(scope, source, key, value);
                parts.push(and([self.filter(&scope, source)?, body(&scope)?]));
            }
            return Ok(or(parts));
        }
        let Elements::Lists(lists) = &source.of else { return self.unsupported("a loop over a map or over other objects") };
        if source.key.is_some() {
            return self.unsupported("the index of an element");
        }
        let inside = scope.inside(source.slot, Expr::Current);
        let condition = and([Expr::Current.is_some(), self.filter(&inside, source)?, body(&inside)?]);
        if condition == Expr::bool(false) {
            return Ok(condition);
        }
        let mut parts = Vec::new();
        for list in lists {
            parts.push(self.path(scope, list)?.filter(condition.clone()));
        }
        Ok(or(parts))
    }

    /// The filter of a source, its slots bound.
    pub fn filter(&self, scope: &Scope, source: &Source) -> Result<Expr> {
        source.filter.as_ref().map_or_else(|| Ok(Expr::bool(true)), |filter| self.cond(scope, filter))
    }

    /// The keys and elements of a source of constants.
    pub fn constants(&self, scope: &Scope, source: &Source) -> Option<Vec<(Const, Const)>> {
        match &source.of {
            Elements::Lists(lists) => {
                let mut all = Vec::new();
                for list in lists {
                    let Some(Const::List(items)) = self.constant(scope, list) else { return None };
                    all.extend(items);
                }
                Some(
                    all.into_iter().enumerate().map(|(index, item)| (Const::Int(i64::try_from(index).unwrap_or(i64::MAX)), item)).collect(),
                )
            }
            Elements::Map(map) => match self.constant(scope, map) {
                Some(Const::Object(mut fields)) => {
                    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                    Some(fields.into_iter().map(|(name, value)| (Const::String(name), value)).collect())
                }
                Some(Const::Bool(_) | Const::Int(_) | Const::Quantity(_) | Const::String(_) | Const::List(_)) | None => None,
            },
            Elements::Cluster(_) => None,
        }
    }
}

/// The scope with an element of constants.
pub(super) fn bound(scope: &Scope, source: &Source, key: Const, value: Const) -> Scope {
    let scope = scope.with(source.slot, value);
    match source.key {
        Some(slot) => scope.with(slot, key),
        None => scope,
    }
}

/// A condition as `true` or `false`.
pub(super) fn truth(condition: Expr) -> Expr {
    if let Expr::Literal(Json::Bool(value)) = condition {
        return Expr::bool(value);
    }
    Expr::Or(vec![Expr::And(vec![condition, Expr::bool(true)]), Expr::bool(false)])
}

/// A value made of others, absent where one of them is.
fn where_all(expr: Expr, present: Vec<Expr>) -> Val {
    let present = and(present);
    if present == Expr::bool(true) {
        Val { expr, absent: Absent::Never }
    } else {
        Val { expr: expr.only_if(present), absent: Absent::Null }
    }
}
