//! A rule as the variables, the condition and the message of a validation.

use super::message::{has_controls, is_none, normalised, one_if, trimmed};
use super::text::{self, ImageText};
use super::tree::{Comprehension, Expr, Ident, Operator, Type, Variable, and, is_identifier, list, map, or, ternary};
use super::{effective_request, quantity};
use crate::diagnostic::Span;
use crate::ir::walk::{self, Node};
use crate::ir::{
    Aggregate, Check, Cond, Const, Elements, Form, Function, Item, Message, Operation, Order, Piece, PodPath, Presence, Quantity, Read,
    Root, Rule, Slot, Source, Stmt, Ty, Value,
};
use crate::lower::Unsupported;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule becomes. The engine binds `object` and, on delete, `oldObject`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Each may read those before it. None is evaluated unless it is read, the messages only where a check fails.
    pub variables: Vec<Variable>,
    /// True where the rule does not fail, be it that it does not apply.
    pub validation: Expr,
    /// What it says where it fails.
    pub message: Expr,
}

type Result<T> = std::result::Result<T, Unsupported>;

/// Lowers a rule.
///
/// # Errors
/// When a construct of the rule has no exact form.
pub fn lower(rule: &Rule) -> Result<Policy> {
    if let Some((construct, span)) = rule.unlowered.first() {
        return Err(Unsupported::new(construct.clone(), *span));
    }
    let mut lowering = Lowering {
        rule,
        variables: Vec::new(),
        slots: BTreeMap::new(),
        names: GLOBALS.iter().map(|name| (*name).to_owned()).collect(),
        span: rule.span,
    };
    let mut unreadable = Expr::List(Vec::new());
    for read in rule.reads.iter().rev() {
        lowering.slots.clear();
        let condition = lowering.unreadable(read, &read.sources)?;
        unreadable = ternary(condition, Expr::List(vec![Expr::String(format!("cannot read `{}`", read.path))]), unreadable);
    }
    lowering.slots.clear();
    let applies = lowering.cond(&rule.applies)?;
    let body = lowering.statements(&rule.body)?;
    let judged = ternary(applies, body, Expr::List(Vec::new()));
    let failures = if is_none(&unreadable) {
        judged
    } else {
        let unreadable = lowering.variable("unreadable", unreadable);
        ternary(unreadable.clone().to("size").op(Operator::Gt, Expr::Int(0)), unreadable, judged)
    };
    let mut variables = lowering.variables;
    variables.push(Variable { name: "failures".to_owned(), expr: failures });
    let (rest, message) = normalised(may_hold_controls(rule));
    variables.extend(rest);
    let failures = Expr::Variable("failures".to_owned(), Type::List(Box::new(Type::String)));
    Ok(Policy { variables, validation: failures.to("size").eq(Expr::Int(0)), message })
}

/// Names that a comprehension may not take.
const GLOBALS: [&str; 34] = [
    "object",
    "oldObject",
    "namespaceObject",
    "request",
    "authorizer",
    "params",
    "variables",
    "failures",
    "unreadable",
    "joined",
    "escaped",
    "message",
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "anyObject",
];

/// Whether a message can hold a control character.
fn may_hold_controls(rule: &Rule) -> bool {
    fn any(statements: &[Stmt]) -> bool {
        statements.iter().any(|statement| match statement {
            Stmt::For { body, .. } => any(body),
            Stmt::If { then, otherwise, .. } => any(then) || any(otherwise),
            Stmt::Check(Check { message, .. }) | Stmt::Unique { message, .. } => message.parts.iter().any(|piece| match piece {
                Piece::Text(text) => has_controls(text),
                Piece::Value(_, ty) => !matches!(ty, Ty::Bool | Ty::Int | Ty::Quantity),
            }),
        })
    }
    any(&rule.body) || rule.reads.iter().any(|read| has_controls(&read.path))
}

/// A value: where all guards hold, `expr` can be evaluated; it may be null where `null`, which is absent.
#[derive(Debug, Clone)]
pub(super) struct Val {
    guards: Vec<Expr>,
    expr: Expr,
    null: bool,
}

impl Val {
    pub(super) fn always(expr: Expr) -> Self {
        Val { guards: Vec::new(), expr, null: false }
    }

    fn nullable(expr: Expr) -> Self {
        Val { guards: Vec::new(), null: expr.ty() == Type::Dyn, expr }
    }

    fn absent() -> Self {
        Val { guards: vec![Expr::Bool(false)], expr: Expr::Null, null: true }
    }

    /// Whether it is there.
    pub(super) fn present(self) -> Expr {
        let leaf = if self.null { self.expr.present() } else { Expr::Bool(true) };
        and(self.guards.into_iter().chain([leaf]))
    }

    /// What it is where it is there.
    pub(super) fn leaf(&self) -> Expr {
        self.expr.clone()
    }

    /// It or null.
    pub(super) fn or_null(self) -> Expr {
        ternary(and(self.guards), self.expr, Expr::Null)
    }

    /// It or something else; `self` is said twice.
    fn or_else(self, otherwise: Expr) -> Expr {
        ternary(self.clone().present(), self.expr, otherwise)
    }

    fn guarded(mut self, guards: impl IntoIterator<Item = Expr>) -> Self {
        let mut all: Vec<Expr> = guards.into_iter().collect();
        all.append(&mut self.guards);
        self.guards = all;
        self
    }
}

/// The form of the numbers in a list.
#[derive(Debug, Clone, Copy)]
enum Number {
    /// As they are written.
    Raw,
    /// Quantities in thousandths.
    Milli,
}

/// What a slot is bound to.
#[derive(Debug, Clone)]
struct Bound {
    expr: Expr,
    ty: Ty,
}

/// The elements of a source.
struct Loop {
    /// What the list is computed from, bound outside.
    outer: Option<(Ident, Expr)>,
    list: Expr,
    var: Ident,
    filter: Expr,
}

impl Loop {
    fn wrap(outer: Option<(Ident, Expr)>, inner: Expr) -> Expr {
        match outer {
            Some((var, expr)) => Expr::List(vec![expr]).each(Comprehension::Map, var, inner).first(),
            None => inner,
        }
    }

    fn any(self, body: Expr) -> Expr {
        let body = and([self.filter, body]);
        Loop::wrap(self.outer, if body == Expr::Bool(false) { body } else { self.list.each(Comprehension::Exists, self.var, body) })
    }

    fn all(self, body: Expr) -> Expr {
        let body = or([self.filter.not(), body]);
        Loop::wrap(self.outer, if body == Expr::Bool(true) { body } else { self.list.each(Comprehension::All, self.var, body) })
    }

    fn map(self, filter: Expr, body: Expr) -> Expr {
        let filter = and([self.filter, filter]);
        let inner = if body == Expr::Ident(self.var.clone()) {
            self.list.filter(self.var, filter)
        } else {
            self.list.map_if(self.var, filter, body)
        };
        Loop::wrap(self.outer, inner)
    }
}

pub(super) struct Lowering<'r> {
    rule: &'r Rule,
    variables: Vec<Variable>,
    slots: BTreeMap<Slot, Bound>,
    names: BTreeSet<String>,
    span: Span,
}

impl Lowering<'_> {
    fn unsupported<T>(&self, construct: impl Into<String>) -> Result<T> {
        Err(Unsupported::new(construct, self.span))
    }

    /// A name that nothing else has.
    fn name(&mut self, hint: &str) -> String {
        let hint = if is_identifier(hint) { hint } else { "item" };
        let mut name = hint.to_owned();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{hint}{number}");
        }
        name
    }

    pub(super) fn fresh(&mut self, hint: &str, ty: Type) -> Ident {
        Ident { name: self.name(hint), ty }
    }

    /// A variable of the policy with this expression, an existing one if there is.
    pub(super) fn variable(&mut self, hint: &str, expr: Expr) -> Expr {
        let ty = expr.ty();
        if let Some(known) = self.variables.iter().find(|variable| variable.expr == expr) {
            return Expr::Variable(known.name.clone(), ty);
        }
        let name = if self.variables.iter().any(|variable| variable.name == hint)
            || !is_identifier(hint)
            || GLOBALS[7..].contains(&hint) && hint != "unreadable"
        {
            let mut number = 2;
            while self.variables.iter().any(|variable| variable.name == format!("{hint}{number}")) {
                number += 1;
            }
            format!("{hint}{number}")
        } else {
            hint.to_owned()
        };
        self.variables.push(Variable { name: name.clone(), expr });
        Expr::Variable(name, ty)
    }

    /// A condition on a value that is there; false otherwise. `f` may say the value several times where `many`.
    fn holds(&mut self, val: Val, many: bool, f: impl FnOnce(&mut Self, Expr) -> Result<Expr>) -> Result<Expr> {
        let Val { guards, expr, null } = val;
        if guards.contains(&Expr::Bool(false)) {
            return Ok(Expr::Bool(false));
        }
        let null = null && expr.ty() == Type::Dyn;
        let inner = if expr.is_simple() || !(many || null) {
            let leaf = if null { expr.clone().present() } else { Expr::Bool(true) };
            let body = f(self, expr)?;
            and([leaf, body])
        } else {
            let var = self.fresh("value", expr.ty());
            let leaf = if null { Expr::Ident(var.clone()).present() } else { Expr::Bool(true) };
            let body = f(self, Expr::Ident(var.clone()))?;
            Expr::List(vec![expr]).each(Comprehension::Exists, var, and([leaf, body]))
        };
        Ok(and(guards.into_iter().chain([inner])))
    }

    /// A value made of a value that is there; absent otherwise. `f` may say it several times where `many`.
    fn derived(&mut self, val: Val, many: bool, f: impl FnOnce(&mut Self, Expr) -> Result<Val>) -> Result<Val> {
        let Val { guards, expr, null } = val;
        if guards.contains(&Expr::Bool(false)) {
            return Ok(Val::absent());
        }
        let null = null && expr.ty() == Type::Dyn;
        if expr.is_simple() || !(many || null) {
            let leaf = if null { Some(expr.clone().present()) } else { None };
            let inner = f(self, expr)?;
            return Ok(inner.guarded(guards.into_iter().chain(leaf)));
        }
        let var = self.fresh("value", expr.ty());
        let leaf = if null { Some(Expr::Ident(var.clone()).present()) } else { None };
        let inner = f(self, Expr::Ident(var.clone()))?.guarded(leaf);
        let absent = inner.null || !inner.guards.is_empty();
        let expr = Expr::List(vec![expr]).each(Comprehension::Map, var, inner.or_null()).first();
        Ok(Val { guards, expr, null: absent })
    }

    // ---------------------------------------------------------------- statements

    /// The messages of statements, as a list.
    fn statements(&mut self, statements: &[Stmt]) -> Result<Expr> {
        let mut all: Option<Expr> = None;
        for statement in statements {
            let messages = self.statement(statement)?;
            if is_none(&messages) {
                continue;
            }
            all = Some(match all {
                Some(before) => before.plus(messages),
                None => messages,
            });
        }
        Ok(all.unwrap_or(Expr::List(Vec::new())))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<Expr> {
        match statement {
            Stmt::Check(check) => {
                self.span = check.span;
                let fails = self.cond(&check.fails)?;
                let message = self.message(&check.message)?;
                Ok(one_if(fails, message))
            }
            Stmt::If { condition, then, otherwise } => {
                let condition = self.cond(condition)?;
                let then = self.statements(then)?;
                let otherwise = self.statements(otherwise)?;
                Ok(if is_none(&then) && is_none(&otherwise) { then } else { ternary(condition, then, otherwise) })
            }
            Stmt::For { source, body } => {
                let each = self.source(source, true)?;
                // Of one check only the elements that fail make a list.
                if let [Stmt::Check(check)] = body.as_slice() {
                    self.span = check.span;
                    let fails = self.cond(&check.fails)?;
                    let message = self.message(&check.message)?;
                    return Ok(each.map(fails, message));
                }
                let messages = self.statements(body)?;
                if is_none(&messages) {
                    return Ok(messages);
                }
                Ok(each.map(Expr::Bool(true), messages).call("flatten", []))
            }
            Stmt::Unique { source, keys, message, span } => {
                self.span = *span;
                self.unique(source, keys, message)
            }
        }
    }

    /// The keys of all elements are computed once; an element fails whose keys are among those before it.
    fn unique(&mut self, source: &Source, keys: &[Value], message: &Message) -> Result<Expr> {
        if source.key.is_some() || matches!(source.of, Elements::Map(_)) {
            return self.unsupported("`require unique` over a map or with an index");
        }
        let each = self.source(source, true)?;
        let parts = keys.iter().map(|key| self.key(key)).collect::<Result<Vec<_>>>()?;
        let key = if let [part] = parts.as_slice() { part.clone() } else { list(parts) };
        let text = self.message(message)?;
        let Loop { outer, list: of, var, filter } = each;
        let elements = of.filter(var.clone(), filter);
        let (elements, bound) = if elements.is_open() || outer.is_some() {
            let ident = self.fresh("elements", elements.ty());
            (Expr::Ident(ident.clone()), Some((ident, elements)))
        } else {
            (self.variable("elements", elements), None)
        };
        let keys = elements.clone().each(Comprehension::Map, var.clone(), key);
        let keys_var = self.fresh("keys", keys.ty());
        let (keys_, index) = (Expr::Ident(keys_var.clone()), self.fresh("i", Type::Int));
        let index_ = Expr::Ident(index.clone());
        let repeated = keys_.clone().index(index_.clone()).within(keys_.call("slice", [Expr::Int(0), index_.clone()]));
        let told = Expr::List(vec![elements.clone().index(index_)]).each(Comprehension::Map, var, text).first();
        let range = Expr::Call("lists.range", vec![elements.to("size")]);
        let messages = Expr::List(vec![keys]).each(Comprehension::Map, keys_var, range.map_if(index, repeated, told)).first();
        Ok(Loop::wrap(outer, Loop::wrap(bound, messages)))
    }

    /// A key, null where it is absent.
    fn key(&mut self, key: &Value) -> Result<Expr> {
        match self.ty(key) {
            Ty::Quantity => Ok(self.milli(key)?.or_null().dynamic()),
            Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString => Ok(self.value(key)?.or_null().dynamic()),
            Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => self.unsupported("`unique` by a list, a map or a struct"),
        }
    }

    fn message(&mut self, message: &Message) -> Result<Expr> {
        let mut parts = Vec::new();
        for piece in &message.parts {
            parts.push(match piece {
                Piece::Text(text) => Expr::text(text),
                Piece::Value(value, ty) => self.shown(value, ty)?,
            });
        }
        Ok(trimmed(parts))
    }

    /// A value as a message shows it.
    fn shown(&mut self, value: &Value, ty: &Ty) -> Result<Expr> {
        const UNSET: &str = "<unset>";
        let val = match ty {
            Ty::Quantity => {
                let milli = self.milli(value)?;
                self.derived(milli, true, |_, milli| Ok(Val::always(quantity::print(milli))))?
            }
            Ty::List(element) => {
                let val = self.value(value)?;
                let nulls = may_hold_nulls(value);
                self.derived(val, false, |this, of| {
                    let item = this.fresh("item", of.ty().element());
                    let item_ = Expr::Ident(item.clone());
                    let filter = if nulls { item_.clone().present() } else { Expr::Bool(true) };
                    let shown = this.shown_leaf(item_.clone(), element)?;
                    let texts = if shown == item_ { of.filter(item, filter) } else { of.map_if(item, filter, shown) };
                    Ok(Val::always(texts.call("join", [Expr::text(", ")])))
                })?
            }
            Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => {
                let val = self.value(value)?;
                self.derived(val, false, |this, leaf| Ok(Val::always(this.shown_leaf(leaf, ty)?)))?
            }
        };
        if val.guards.is_empty() && !val.null {
            return Ok(val.expr);
        }
        if val.null && !val.expr.is_simple() {
            let expr = val.or_null();
            let var = self.fresh("shown", expr.ty());
            let var_ = Expr::Ident(var.clone());
            let shown = ternary(var_.clone().present(), var_, Expr::text(UNSET));
            return Ok(Expr::List(vec![expr]).each(Comprehension::Map, var, shown).first());
        }
        Ok(val.or_else(Expr::text(UNSET)))
    }

    fn shown_leaf(&mut self, leaf: Expr, ty: &Ty) -> Result<Expr> {
        match ty {
            Ty::String => Ok(leaf),
            Ty::Int | Ty::IntOrString => Ok(leaf.to("string")),
            Ty::Bool => Ok(ternary(leaf.eq(Expr::Bool(true)), Expr::text("true"), Expr::text("false"))),
            Ty::Quantity => {
                let milli = self.to_milli(leaf);
                let n = self.fresh("n", Type::Int);
                let shown = quantity::print(Expr::Ident(n.clone()));
                Ok(Expr::List(vec![milli]).each(Comprehension::Map, n, shown).first())
            }
            Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => {
                self.unsupported("a map, a struct or a list of lists in a message")
            }
        }
    }

    // ---------------------------------------------------------------- reads

    fn unreadable(&mut self, read: &Read, sources: &[Source]) -> Result<Expr> {
        if let Some((source, inner)) = sources.split_first() {
            let each = self.source(source, false)?;
            let body = self.unreadable(read, inner)?;
            return Ok(each.any(body));
        }
        let val = self.value(&read.value)?;
        self.holds(val, true, |this, leaf| {
            Ok(match read.form {
                Form::Quantity => quantity::readable(leaf),
                Form::Image => this.image(leaf, |image| image.is_reference()),
                Form::Duration => quantity::is_duration(leaf),
            }
            .not())
        })
    }

    fn image(&mut self, text: Expr, f: impl FnOnce(&mut ImageText<'_>) -> Expr) -> Expr {
        let mut fresh = |hint: &str, ty: Type| self.fresh(hint, ty);
        f(&mut ImageText { text, fresh: &mut fresh })
    }

    // ---------------------------------------------------------------- sources

    /// The elements of a source; binds its slots. The order of entries counts where `ordered`.
    fn source(&mut self, source: &Source, ordered: bool) -> Result<Loop> {
        let mut each = match &source.of {
            Elements::Map(of) => self.entries(source, of, ordered)?,
            Elements::Lists(lists) => match (lists.as_slice(), source.key) {
                ([one], Some(key)) => self.indexed(source, one, key)?,
                (_, None) => self.lists(source, lists)?,
                (_, Some(_)) => return self.unsupported("an index over several lists"),
            },
        };
        if let Some(filter) = &source.filter {
            let filter = self.cond(filter)?;
            each.filter = and([each.filter, filter]);
        }
        Ok(each)
    }

    fn lists(&mut self, source: &Source, lists: &[Value]) -> Result<Loop> {
        let hint = hint(lists);
        let nulls = lists.iter().any(may_hold_nulls);
        let mut all: Option<Expr> = None;
        for value in lists {
            let items = self.list(value)?;
            all = Some(match all {
                Some(before) => before.plus(items),
                None => items,
            });
        }
        let all = all.unwrap_or(Expr::List(Vec::new()));
        let var = self.fresh(&singular(&hint), all.ty().element());
        let present = if nulls { Expr::Ident(var.clone()).present() } else { Expr::Bool(true) };
        let (list, filter) = if matches!(all, Expr::List(_)) || all.is_open() {
            (all, present)
        } else {
            let list = all.filter(var.clone(), present);
            (if list.is_simple() { list } else { self.variable(&hint, list) }, Expr::Bool(true))
        };
        self.slots.insert(source.slot, Bound { expr: Expr::Ident(var.clone()), ty: source.ty.clone() });
        Ok(Loop { outer: None, list, var, filter })
    }

    fn indexed(&mut self, source: &Source, of: &Value, key: Slot) -> Result<Loop> {
        let hint = hint(std::slice::from_ref(of));
        let items = self.list(of)?;
        let (items, outer) = self.repeatable(items, &hint);
        let var = self.fresh("i", Type::Int);
        let element = items.clone().index(Expr::Ident(var.clone()));
        let filter = if may_hold_nulls(of) { element.clone().present() } else { Expr::Bool(true) };
        self.slots.insert(source.slot, Bound { expr: element, ty: source.ty.clone() });
        self.slots.insert(key, Bound { expr: Expr::Ident(var.clone()), ty: Ty::Int });
        Ok(Loop { outer, list: Expr::Call("lists.range", vec![items.to("size")]), var, filter })
    }

    fn entries(&mut self, source: &Source, of: &Value, ordered: bool) -> Result<Loop> {
        let hint = hint(std::slice::from_ref(of));
        let map = self.value(of)?.or_else_empty();
        let (map, outer) = self.repeatable(map, &hint);
        let var = self.fresh("key", Type::Dyn);
        let entry = map.clone().index(Expr::Ident(var.clone()));
        let (element, filter) = if source.ty == Ty::String {
            (ternary(entry.clone().present().not(), Expr::text(""), entry), Expr::Bool(true))
        } else {
            (entry.clone(), entry.present())
        };
        let list = if ordered {
            let sorted = self.fresh("k", Type::Dyn);
            map.each(Comprehension::Map, sorted.clone(), Expr::Ident(sorted)).call("sort", [])
        } else {
            map
        };
        self.slots.insert(source.slot, Bound { expr: element, ty: source.ty.clone() });
        if let Some(key) = source.key {
            self.slots.insert(key, Bound { expr: Expr::Ident(var.clone()), ty: Ty::String });
        }
        Ok(Loop { outer, list, var, filter })
    }

    /// The expression in a form that may be said several times: itself, a variable of the policy, or one bound outside.
    fn repeatable(&mut self, expr: Expr, hint: &str) -> (Expr, Option<(Ident, Expr)>) {
        if expr.is_simple() {
            (expr, None)
        } else if expr.is_open() {
            let ident = self.fresh(hint, expr.ty());
            (Expr::Ident(ident.clone()), Some((ident, expr)))
        } else {
            (self.variable(hint, expr), None)
        }
    }

    /// The elements of a list value, none where it is absent; null elements are left in.
    fn list(&mut self, value: &Value) -> Result<Expr> {
        let val = self.written(value)?;
        Ok(if val.guards.is_empty() && !val.null { val.expr } else { self.or_empty(val) })
    }

    fn or_empty(&mut self, val: Val) -> Expr {
        if val.expr.is_simple() || !val.null {
            return val.or_else(Expr::List(Vec::new()));
        }
        let expr = val.or_null();
        let var = self.fresh("list", expr.ty());
        let var_ = Expr::Ident(var.clone());
        let body = ternary(var_.clone().present(), var_, Expr::List(Vec::new()));
        Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
    }

    /// The elements of a list value that are there.
    fn elements(&mut self, value: &Value) -> Result<Expr> {
        let items = self.list(value)?;
        if !may_hold_nulls(value) {
            return Ok(items);
        }
        let item = self.fresh("item", items.ty().element());
        let present = Expr::Ident(item.clone()).present();
        Ok(items.filter(item, present))
    }

    // ---------------------------------------------------------------- values

    /// The type of a value.
    fn ty(&self, value: &Value) -> Ty {
        match value {
            Value::Const(constant) => const_type(constant),
            Value::Root(_) => Ty::Struct(Vec::new()),
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

    fn item_type(&self, item: &Item) -> Ty {
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

    fn root(&mut self, root: Root) -> Result<Expr> {
        match root {
            Root::Object => {
                let object = || Expr::Global("object");
                let expr = if self.rule.operations.contains(&Operation::Delete) {
                    ternary(object().ne(Expr::Null), object().to("dyn"), Expr::Global("oldObject").to("dyn"))
                } else {
                    object().to("dyn")
                };
                Ok(self.variable("object", expr))
            }
            Root::Pod => self.pod(),
            Root::OldObject => self.unsupported("`oldObject`"),
            Root::NamespaceObject => self.unsupported("`namespaceObject`"),
            Root::Request => self.unsupported("`request`"),
        }
    }

    fn pod(&mut self) -> Result<Expr> {
        let object = self.root(Root::Object)?;
        let mut arms: Vec<(PodPath, Vec<String>)> = Vec::new();
        for kind in &self.rule.kinds {
            let Some(path) = kind.pod else { continue };
            match arms.iter_mut().find(|(known, _)| *known == path) {
                Some((_, kinds)) => kinds.push(kind.kind.clone()),
                None => arms.push((path, vec![kind.kind.clone()])),
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
    fn written(&mut self, value: &Value) -> Result<Val> {
        self.value_as(value, false)
    }

    fn value_as(&mut self, value: &Value, counted: bool) -> Result<Val> {
        match value {
            Value::Const(constant) => Ok(Val::always(constant_expr(constant))),
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
                if *ty == Ty::Quantity && *op != Aggregate::Count {
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

    fn field(&mut self, of: Val, name: &str, presence: Presence, default: Option<&Value>, ty: &Ty) -> Result<Val> {
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

    fn entry(&mut self, of: &Value, key: &Value, default: Option<&Value>, ty: &Ty) -> Result<Val> {
        let (of, key) = (self.written(of)?, self.value(key)?);
        let text = *ty == Ty::String;
        let key_present = key.clone();
        let found = self.derived(key, true, |this, key| {
            this.derived(of, true, |_, of| {
                let guard = match &key {
                    Expr::String(name) if is_identifier(name) => of.clone().has(name),
                    _ => key.clone().within(of.clone()),
                };
                let leaf = match &key {
                    Expr::String(name) => of.select(name),
                    _ => of.index(key.clone()),
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

    fn coalesce(&mut self, values: &[Value]) -> Result<Val> {
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

    fn arithmetic(&mut self, minus: bool, left: Val, right: Val) -> Result<Val> {
        self.derived(left, true, |this, left| {
            this.derived(right, true, |_, right| {
                let fits = quantity::fits(&left, &right, minus);
                let operator = if minus { Operator::Sub } else { Operator::Add };
                Ok(Val { guards: vec![fits], expr: left.op(operator, right), null: false })
            })
        })
    }

    // ---------------------------------------------------------------- lists

    /// The items of a list expression; absent ones are left out.
    fn items(&mut self, items: &[Item], form: Number) -> Result<Expr> {
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
                            let milli = self.to_milli(Expr::Ident(element.clone()));
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

    fn number(&mut self, value: &Value, form: Number) -> Result<Val> {
        match form {
            Number::Raw => self.value(value),
            Number::Milli => self.milli(value),
        }
    }

    fn at_most_one(&mut self, val: Val) -> Expr {
        if val.expr.is_simple() || !val.null {
            return ternary(val.clone().present(), Expr::List(vec![val.expr]), Expr::List(Vec::new()));
        }
        let expr = val.or_null();
        let found = self.fresh("found", expr.ty());
        let present = Expr::Ident(found.clone()).present();
        Expr::List(vec![expr]).filter(found, present)
    }

    fn aggregate(&mut self, op: Aggregate, items: &[Item], form: Number) -> Result<Val> {
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

    // ---------------------------------------------------------------- quantities

    pub(super) fn to_milli(&mut self, raw: Expr) -> Expr {
        quantity::milli(raw, &mut |hint, ty| self.fresh(hint, ty))
    }

    /// A quantity in thousandths.
    pub(super) fn milli(&mut self, value: &Value) -> Result<Val> {
        match value {
            Value::Const(Const::Quantity(Quantity { milli })) => match i64::try_from(*milli) {
                Ok(milli) => Ok(Val::always(Expr::Int(milli))),
                Err(_) => self.unsupported("a quantity above 2^53"),
            },
            Value::Aggregate { op, items, ty: Ty::Quantity } if *op != Aggregate::Count => self.aggregate(*op, items, Number::Milli),
            Value::Arithmetic { minus, left, right, ty: Ty::Quantity } => {
                let (left, right) = (self.milli(left)?, self.milli(right)?);
                self.arithmetic(*minus, left, right)
            }
            Value::If(condition, then, otherwise) => {
                let condition = self.cond(condition)?;
                let (then, otherwise) = (self.milli(then)?, self.milli(otherwise)?);
                let null = [&then, &otherwise].iter().any(|val| val.null || !val.guards.is_empty());
                Ok(Val { guards: Vec::new(), expr: ternary(condition, then.or_null(), otherwise.or_null()), null })
            }
            Value::Call(Function::EffectiveRequest, arguments) => self.effective_request(arguments),
            Value::Call(Function::Duration, arguments) => {
                let [text] = arguments.as_slice() else { return self.unsupported("`duration()`") };
                let text = self.value(text)?;
                self.derived(text, false, |this, text| {
                    Ok(Val::always(quantity::duration_milli(text, &mut |hint, ty| this.fresh(hint, ty))))
                })
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let raw = self.value(value)?;
                self.derived(raw, false, |this, raw| Ok(Val::always(this.to_milli(raw))))
            }
        }
    }

    fn effective_request(&mut self, arguments: &[Value]) -> Result<Val> {
        let [Value::Root(Root::Pod), Value::Const(Const::String(resource))] = arguments else {
            return self.unsupported("`effectiveRequest()` of anything but `pod` and a constant");
        };
        let pod = self.pod()?;
        effective_request::lower(self, pod, resource).map(Val::always)
    }

    /// The thousandths of a raw value, or 0; the guards of it.
    pub(super) fn milli_or_zero(&mut self, val: Val) -> Result<Expr> {
        let milli = self.derived(val, false, |this, raw| Ok(Val::always(this.to_milli(raw))))?;
        Ok(ternary(and(milli.guards), milli.expr, Expr::Int(0)))
    }

    /// A path of a struct, without presence.
    pub(super) fn path(of: Expr, segments: &[&str]) -> Val {
        let mut expr = of;
        let mut guards = Vec::new();
        for segment in segments {
            guards.push(expr.clone().has(segment));
            expr = expr.select(segment);
        }
        Val { guards, expr, null: true }
    }

    // ---------------------------------------------------------------- functions

    fn call(&mut self, value: &Value, function: Function, arguments: &[Value]) -> Result<Val> {
        match (function, arguments) {
            (Function::Quantity, [of]) => self.value(of),
            (Function::Duration | Function::EffectiveRequest, _) => {
                let milli = self.milli(value)?;
                self.derived(milli, true, |_, milli| Ok(Val::always(quantity::print(milli))))
            }
            (Function::AsInt | Function::AsName, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |_, of| {
                    let text = of.clone().to("string");
                    let guard = if function == Function::AsInt { of.clone().ne(text) } else { of.clone().eq(text) };
                    Ok(Val { guards: vec![guard], expr: of, null: false })
                })
            }
            (Function::Percent, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |_, of| {
                    let text = of.to("string");
                    let guard = text.clone().call("matches", [Expr::text("^[0-9]{1,9}%$")]);
                    Ok(Val { guards: vec![guard], expr: text.call("replace", [Expr::text("%"), Expr::text("")]).to("int"), null: false })
                })
            }
            (Function::ImageRegistry | Function::ImageRepository | Function::ImageTag | Function::ImageDigest, [of]) => {
                let of = self.value(of)?;
                self.derived(of, true, |this, of| {
                    Ok(match function {
                        Function::ImageRegistry => Val::always(this.image(of, |image| image.registry())),
                        Function::ImageRepository => Val::always(this.image(of, |image| image.repository())),
                        Function::ImageTag => Val::nullable(this.image(of, |image| image.tag())),
                        _ => {
                            let has = of.clone().call("contains", [Expr::text("@")]);
                            let at = of.clone().call("indexOf", [Expr::text("@")]).plus(Expr::Int(1));
                            Val { guards: vec![has], expr: of.call("substring", [at]), null: false }
                        }
                    })
                })
            }
            (Function::Lower, [of]) => self.method(of, "lowerAscii"),
            (Function::Upper, [of]) => self.method(of, "upperAscii"),
            (Function::Replace, [of, old, new]) => {
                let (of, old, new) = (self.value(of)?, self.value(old)?, self.value(new)?);
                self.derived(of, false, |this, of| {
                    this.derived(old, false, |this, old| this.derived(new, false, |_, new| Ok(Val::always(of.call("replace", [old, new])))))
                })
            }
            (Function::Split, [of, separator]) => {
                let (of, separator) = (self.value(of)?, self.value(separator)?);
                self.derived(of, false, |this, of| {
                    this.derived(separator, false, |_, separator| Ok(Val::always(of.call("split", [separator]))))
                })
            }
            (Function::Join, [of, separator]) => {
                let elements = self.elements(of)?;
                let separator = self.value(separator)?;
                self.derived(separator, false, |_, separator| Ok(Val::always(elements.call("join", [separator]))))
            }
            (Function::Size, [of]) => self.size(of),
            (Function::IndexOf, [of, element]) => {
                if self.ty(element) == Ty::Quantity {
                    return self.unsupported("`indexOf()` of a quantity");
                }
                let elements = self.elements(of)?;
                let element = self.value(element)?;
                let found = self.derived(element, false, |_, element| Ok(Val::always(elements.call("indexOf", [element]))))?;
                Ok(Val::always(if found.null {
                    let expr = found.or_null();
                    let var = self.fresh("index", expr.ty());
                    let var_ = Expr::Ident(var.clone());
                    let body = ternary(var_.clone().present(), var_, Expr::Int(-1));
                    Expr::List(vec![expr]).each(Comprehension::Map, var, body).first()
                } else {
                    found.or_else(Expr::Int(-1))
                }))
            }
            _ => self.unsupported("a function with these arguments"),
        }
    }

    fn method(&mut self, of: &Value, function: &'static str) -> Result<Val> {
        let of = self.value(of)?;
        self.derived(of, false, |_, of| Ok(Val::always(of.call(function, []))))
    }

    fn size(&mut self, of: &Value) -> Result<Val> {
        match self.ty(of) {
            Ty::List(_) => Ok(Val::always(self.elements(of)?.to("size"))),
            Ty::Map(_) | Ty::Record(_) => {
                let map = self.written(of)?.or_else_empty();
                Ok(Val::always(map.to("size")))
            }
            Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString | Ty::Struct(_) | Ty::Any => {
                let of = self.value(of)?;
                self.derived(of, false, |_, of| Ok(Val::always(text::length(of))))
            }
        }
    }

    // ---------------------------------------------------------------- conditions

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

    fn conds(&mut self, conds: &[Cond]) -> Result<Vec<Expr>> {
        conds.iter().map(|cond| self.cond(cond)).collect()
    }

    fn compare(&mut self, op: Order, left: &Value, right: &Value, ty: &Ty) -> Result<Expr> {
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
                (Value::Const(constant), _) if !is_zero(constant) => (self.value(left)?, self.written(right)?),
                _ => (self.value(left)?, self.value(right)?),
            };
            if left.null && right.null {
                return self.holds(left, true, |_, left| Ok(and(right.guards.into_iter().chain([left.eq(right.expr)]))));
            }
            // `null` equals nothing that is there.
            return Ok(and(left.guards.into_iter().chain(right.guards).chain([equal(left.expr, right.expr)])));
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

    fn compare_quantities(&mut self, op: Order, left: &Value, right: &Value) -> Result<Expr> {
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
    fn same_map(&mut self, left: Expr, right: Expr) -> Expr {
        let mut side = |one: &Expr, other: &Expr| {
            let key = self.fresh("key", Type::Dyn);
            let key_ = Expr::Ident(key.clone());
            let (value, twin) = (one.clone().index(key_.clone()), other.clone().index(key_.clone()));
            let same = or([value.clone().present().not(), and([key_.within(other.clone()), twin.eq(value)])]);
            one.clone().each(Comprehension::All, key, same)
        };
        and([side(&left, &right), side(&right, &left)])
    }

    fn within(&mut self, item: &Value, of: &Value, ty: &Ty) -> Result<Expr> {
        if !is_scalar(ty) {
            return self.unsupported("`in` with structs");
        }
        if *ty == Ty::Quantity {
            let item = self.milli(item)?;
            let list = self.elements(of)?;
            return self.holds(item, true, |this, item| {
                let element = this.fresh("element", list.ty().element());
                let milli = this.to_milli(Expr::Ident(element.clone()));
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
    fn label(of: Expr) -> Expr {
        ternary(of.clone().eq(Expr::Null), Expr::text(""), of)
    }

    /// Whether all pairs of a map are among the labels.
    fn pairs(&mut self, wanted: &Expr, labels: &Expr) -> Expr {
        let key = self.fresh("key", Type::Dyn);
        let key_ = Expr::Ident(key.clone());
        let same = Self::label(labels.clone().index(key_.clone())).eq(Self::label(wanted.clone().index(key_.clone())));
        wanted.clone().each(Comprehension::All, key, and([key_.within(labels.clone()), same]))
    }

    fn selects(&mut self, selector: Expr, map: bool, labels: Expr) -> Expr {
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

    fn kind_is(&mut self, names: &[String]) -> Result<Expr> {
        let is = |name: &str, kind: &crate::ir::Kind| match name.split_once('/') {
            Some((group, name)) => kind.group == group && kind.kind == name,
            None => kind.group.is_empty() && kind.kind == name,
        };
        let (named, others): (Vec<_>, Vec<_>) = self.rule.kinds.iter().partition(|kind| names.iter().any(|name| is(name, kind)));
        if others.is_empty() {
            return Ok(Expr::Bool(true));
        }
        if named.iter().any(|kind| others.iter().any(|other| other.kind == kind.kind)) {
            return self.unsupported("a kind by a name that two groups have");
        }
        let kinds: BTreeSet<&str> = named.iter().map(|kind| kind.kind.as_str()).collect();
        let kind = self.root(Root::Object)?.select("kind");
        Ok(match kinds.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Expr::Bool(false),
            [one] => kind.eq(Expr::text(one)),
            several => kind.within(list(several.iter().map(|kind| Expr::text(kind)))),
        })
    }
}

impl Val {
    /// The map or an empty one.
    fn or_else_empty(self) -> Expr {
        if self.guards.is_empty() && !self.null { self.expr } else { self.or_else(Expr::Map(Vec::new())) }
    }
}

fn equal(left: Expr, right: Expr) -> Expr {
    match (&left, &right) {
        (_, Expr::Bool(true)) if left.ty() == Type::Bool => left,
        (_, Expr::Bool(false)) if left.ty() == Type::Bool => left.not(),
        _ => left.eq(right),
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
        Const::Quantity(quantity) => quantity.milli == 0,
        Const::String(text) => text.is_empty(),
        Const::List(_) | Const::Object(_) => true,
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

/// Whether a list is written in the object, where its elements can be null.
fn may_hold_nulls(list: &Value) -> bool {
    match list {
        Value::Const(_) | Value::List(_) | Value::Call(..) => false,
        Value::Coalesce(values) => values.iter().any(may_hold_nulls),
        Value::If(_, then, otherwise) => may_hold_nulls(then) || may_hold_nulls(otherwise),
        Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_) => true,
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

/// A name for what is in lists: that of the field, or `allContainers` of `initContainers` and `containers`.
fn hint(lists: &[Value]) -> String {
    let names: Vec<&str> = lists
        .iter()
        .filter_map(|list| {
            let mut name = None;
            walk::walk(Node::Value(list), &mut |node| {
                if let Node::Value(Value::Field { name: field, .. }) = node
                    && name.is_none()
                {
                    name = Some(field.as_str());
                }
                name.is_none()
            });
            name
        })
        .collect();
    match names.as_slice() {
        [] => "items".to_owned(),
        [one] => (*one).to_owned(),
        several => {
            let shortest = several.iter().min_by_key(|name| name.len()).copied().unwrap_or("items");
            let mut characters = shortest.chars();
            let first = characters.next().map(|c| c.to_ascii_uppercase()).unwrap_or('I');
            format!("{}{first}{}", if several.len() > 2 { "all" } else { "pod" }, characters.as_str())
        }
    }
}

fn singular(plural: &str) -> String {
    let short =
        plural.strip_prefix("all").or_else(|| plural.strip_prefix("pod")).filter(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    let name = match short {
        Some(rest) => rest.to_ascii_lowercase(),
        None => plural.to_owned(),
    };
    match name.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => name.strip_suffix('s').unwrap_or(if name == "add" || name == "drop" { "capability" } else { "item" }).to_owned(),
    }
}
