//! Statements and messages.

use super::lower::{Lowering, Result};
use super::message::{is_none, one_if, trimmed};
use super::quantity;
use super::sources::may_hold_nulls;
use super::tree::{Comprehension, Expr, Type, list, ternary};
use super::val::{Loop, Val};
use crate::ir::{Elements, Message, Piece, Source, Stmt, Ty, Value};

impl Lowering<'_> {
    /// The messages of statements, as a list.
    pub(super) fn statements(&mut self, statements: &[Stmt]) -> Result<Expr> {
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

    pub(super) fn statement(&mut self, statement: &Stmt) -> Result<Expr> {
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
    pub(super) fn unique(&mut self, source: &Source, keys: &[Value], message: &Message) -> Result<Expr> {
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
    pub(super) fn key(&mut self, key: &Value) -> Result<Expr> {
        match self.ty(key) {
            Ty::Quantity => Ok(self.milli(key)?.or_null().dynamic()),
            Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString => Ok(self.value(key)?.or_null().dynamic()),
            Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => self.unsupported("`unique` by a list, a map or a struct"),
        }
    }

    pub(super) fn message(&mut self, message: &Message) -> Result<Expr> {
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
    pub(super) fn shown(&mut self, value: &Value, ty: &Ty) -> Result<Expr> {
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

    pub(super) fn shown_leaf(&mut self, leaf: Expr, ty: &Ty) -> Result<Expr> {
        match ty {
            Ty::String => Ok(leaf),
            // Kyverno's command reads every number as a double, which is printed with an exponent from a million on.
            Ty::Int if leaf.ty() != Type::Int => Ok(leaf.to("int").to("string")),
            Ty::Int | Ty::IntOrString => Ok(leaf.to("string")),
            Ty::Bool => Ok(ternary(leaf.eq(Expr::Bool(true)), Expr::text("true"), Expr::text("false"))),
            Ty::Quantity => {
                let milli = self.in_milli(leaf);
                let n = self.fresh("n", Type::Int);
                let shown = quantity::print(Expr::Ident(n.clone()));
                Ok(Expr::List(vec![milli]).each(Comprehension::Map, n, shown).first())
            }
            Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => {
                self.unsupported("a map, a struct or a list of lists in a message")
            }
        }
    }
}
