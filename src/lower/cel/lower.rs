//! A rule as the variables, the condition and the message of a validation.

use super::message::{has_controls, is_none, normalised};
use super::quantity;
use super::text::ImageText;
use super::tree::{Comprehension, Expr, Ident, Operator, SEPARATOR, Type, Variable, and, is_identifier, ternary};
use super::val::{Bound, Val};
use crate::diagnostic::Span;
use crate::ir::{Check, Cond, Form, Kind, Piece, Read, Root, Rule, Slot, Source, Stmt, Ty, walk::roots};
use crate::lower::Unsupported;
use std::collections::BTreeMap;

/// Names that no other variable of the policy may have: those that each policy has, and words that YAML takes for booleans.
const OWN: [&str; 16] = [
    "failures",
    "unreadable",
    "joined",
    "escaped",
    "message",
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
    "applies",
    "conflict",
    "parents",
    "puts",
    "removals",
];

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

pub(super) type Result<T> = std::result::Result<T, Unsupported>;

/// Lowers a rule.
///
/// # Errors
/// When a construct of the rule has no exact form.
pub fn lower(rule: &Rule) -> Result<Policy> {
    if let Some((construct, span)) = rule.unlowered.first() {
        return Err(Unsupported::new(construct.clone(), *span));
    }
    if let Some(span) = rule.looks_at_others {
        return Err(Unsupported::new("`cluster()`", span));
    }
    let mut lowering = Lowering { rule, variables: Vec::new(), slots: BTreeMap::new(), idents: 0, span: rule.span };
    let mut unreadable = Expr::List(Vec::new());
    for read in rule.reads.iter().rev() {
        lowering.slots.clear();
        let condition = lowering.unreadable(read, &read.sources)?;
        unreadable = ternary(condition, Expr::List(vec![Expr::String(format!("cannot read `{}`", read.path))]), unreadable);
    }
    if let Some(unknown) = lowering.unknown_namespace()? {
        unreadable = ternary(unknown, Expr::List(vec![Expr::text("cannot read `namespaceObject`")]), unreadable);
    }
    lowering.slots.clear();
    let applies = lowering.cond(&rule.applies)?;
    let body = lowering.statements(&rule.body)?;
    let judged = ternary(applies, body, Expr::List(Vec::new()));
    let failures = if is_none(&unreadable) {
        judged
    } else {
        lowering.variables.push(Variable { name: "unreadable".to_owned(), expr: unreadable.renamed() });
        let unreadable = Expr::Variable("unreadable".to_owned(), Type::List(Box::new(Type::String)));
        ternary(unreadable.clone().to("size").op(Operator::Gt, Expr::Int(0)), unreadable, judged)
    };
    let mut variables = lowering.variables;
    variables.push(Variable { name: "failures".to_owned(), expr: failures.renamed() });
    let (rest, message) = normalised(may_hold_controls(rule));
    variables.extend(rest);
    let failures = Expr::Variable("failures".to_owned(), Type::List(Box::new(Type::String)));
    Ok(Policy { variables, validation: failures.to("size").eq(Expr::Int(0)), message })
}

/// Lowers whom an exemption of a rule is for to one expression without variables. Who is exempt is not exempt from what the rule cannot read: that fails it before it asks whom it is for.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn exemption(rule: &Rule, when: &Cond) -> Result<Expr> {
    let mut lowering = Lowering { rule, variables: Vec::new(), slots: BTreeMap::new(), idents: 0, span: rule.span };
    let mut parts = vec![lowering.cond(when)?];
    for read in &rule.reads {
        lowering.slots.clear();
        parts.push(lowering.unreadable(read, &read.sources)?.not());
    }
    parts.extend(lowering.unknown_namespace()?.map(Expr::not));
    Ok(and(parts).with_variables(&lowering.variables).renamed())
}

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

pub(super) struct Lowering<'r> {
    pub(super) rule: &'r Rule,
    pub(super) variables: Vec<Variable>,
    pub(super) slots: BTreeMap<Slot, Bound>,
    pub(super) idents: u32,
    pub(super) span: Span,
}

impl Lowering<'_> {
    pub(super) fn unsupported<T>(&self, construct: impl Into<String>) -> Result<T> {
        Err(Unsupported::new(construct, self.span))
    }

    /// Where the engine does not tell the Namespace of an object that lives in one, if the rule reads it.
    fn unknown_namespace(&mut self) -> Result<Option<Expr>> {
        let namespaced: Vec<String> = self.rule.kinds.iter().filter(|kind| kind.namespaced).map(Kind::id).collect();
        if namespaced.is_empty() || !roots(self.rule).contains(&Root::NamespaceObject) {
            return Ok(None);
        }
        let lives = if namespaced.len() == self.rule.kinds.len() { Cond::Const(true) } else { Cond::KindIs(namespaced) };
        let lives = self.cond(&lives)?;
        let unknown = self.root(Root::NamespaceObject)?.eq(Expr::Null);
        Ok(Some(and([lives, unknown])))
    }

    /// A variable of a comprehension that is no other; [`Expr::renamed`] gives it a name to read.
    pub(super) fn fresh(&mut self, hint: &str, ty: Type) -> Ident {
        self.idents += 1;
        Ident { name: format!("{}{SEPARATOR}{}", if is_identifier(hint) { hint } else { "item" }, self.idents), ty }
    }

    /// A variable of the policy with this expression, an existing one if there is.
    pub(super) fn variable(&mut self, hint: &str, expr: Expr) -> Expr {
        let expr = expr.renamed();
        let ty = expr.ty();
        if let Some(known) = self.variables.iter().find(|variable| variable.expr == expr) {
            return Expr::Variable(known.name.clone(), ty);
        }
        let hint = if is_identifier(hint) { hint } else { "item" };
        let taken = |name: &str| OWN.contains(&name) || self.variables.iter().any(|variable| variable.name == name);
        let mut name = hint.to_owned();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{hint}{number}");
        }
        self.variables.push(Variable { name: name.clone(), expr });
        Expr::Variable(name, ty)
    }

    /// A condition on a value that is there; false otherwise. `f` may say the value several times where `many`.
    pub(super) fn holds(&mut self, val: Val, many: bool, f: impl FnOnce(&mut Self, Expr) -> Result<Expr>) -> Result<Expr> {
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
    pub(super) fn derived(&mut self, val: Val, many: bool, f: impl FnOnce(&mut Self, Expr) -> Result<Val>) -> Result<Val> {
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

    pub(super) fn unreadable(&mut self, read: &Read, sources: &[Source]) -> Result<Expr> {
        if let Some((source, inner)) = sources.split_first() {
            let each = self.source(source, false)?;
            let body = self.unreadable(read, inner)?;
            return Ok(each.any(body));
        }
        let val = self.value(&read.value)?;
        self.holds(val, read.form == Form::Image, |this, leaf| {
            Ok(match read.form {
                Form::Quantity => {
                    let text = this.fresh("text", Type::String);
                    let unreadable = quantity::readable(&Expr::Ident(text.clone())).not();
                    return Ok(Expr::List(vec![quantity::text(leaf)]).each(Comprehension::Exists, text, unreadable));
                }
                Form::Image => this.image(leaf, |image| image.is_reference()),
                Form::Duration => quantity::is_duration(leaf),
            }
            .not())
        })
    }

    pub(super) fn image(&mut self, text: Expr, f: impl FnOnce(&mut ImageText<'_>) -> Expr) -> Expr {
        let mut fresh = |hint: &str, ty: Type| self.fresh(hint, ty);
        f(&mut ImageText { text, fresh: &mut fresh })
    }
}
