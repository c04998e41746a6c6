//! Statements and messages.

use super::context::Context;
use super::fold;
use super::iter::Iter;
use super::types::{Part, Term, Typed};
use crate::diagnostic::Span;
use crate::diagnostic::codes::resolve as codes;
use crate::ir::walk::{self, Node};
use crate::ir::{Check, Cond, Const, Elements, Message, Piece, Slot, Source, Stmt, Ty, Value};
use crate::syntax::ast::{self, Binder, Expr, Let, Text, TextPart};
use std::collections::BTreeSet;

impl<'a> Context<'a> {
    /// The statements of a block; lets are visible to its end.
    pub fn block(&mut self, body: &'a [ast::Stmt]) -> Option<Vec<Stmt>> {
        let depth = self.scope.len();
        let mut out = Some(Vec::new());
        for stmt in body {
            match (self.stmt(stmt), &mut out) {
                (Some(stmts), Some(out)) => out.extend(stmts),
                (Some(_), None) => {}
                (None, out) => *out = None,
            }
        }
        self.scope.truncate(depth);
        out
    }

    fn stmt(&mut self, stmt: &'a ast::Stmt) -> Option<Vec<Stmt>> {
        match stmt {
            ast::Stmt::Let(binding) => {
                self.let_stmt(binding)?;
                Some(Vec::new())
            }
            ast::Stmt::Check(check) => self.check(check),
            ast::Stmt::If { condition, then, otherwise, span } => self.if_stmt(condition, then, otherwise, *span),
            ast::Stmt::For { binder, body, span } => {
                self.enter(*span)?;
                let iters = self.over(binder, &mut |me, _| me.block(body));
                self.leave();
                Some(statements(iters?))
            }
            ast::Stmt::Unique { binder, keys, message, span } => self.unique(binder, keys, message, *span),
            ast::Stmt::Merge { span, .. }
            | ast::Stmt::Default { span, .. }
            | ast::Stmt::Set { span, .. }
            | ast::Stmt::Append { span, .. }
            | ast::Stmt::Remove { span, .. } => {
                self.error(&codes::MISPLACED, *span, "a rule does not change objects", "write this statement in a `mutation`")
            }
        }
    }

    /// Binds what a `let` stands for.
    pub fn let_stmt(&mut self, binding: &'a Let) -> Option<()> {
        self.check_bindable(&binding.name)?;
        let term = self.expr(&binding.value);
        let term = term.and_then(|term| self.check_depth(&term, binding.value.span).map(|()| term));
        let fine = term.as_ref().map(|_| ());
        self.bind_let(&binding.name, term);
        fine
    }

    fn if_stmt(&mut self, condition: &'a Expr, then: &'a [ast::Stmt], otherwise: &'a [ast::Stmt], span: Span) -> Option<Vec<Stmt>> {
        self.enter(span)?;
        let condition = self.cond(condition);
        let mark = self.mark();
        let around = self.around.len();
        self.around.extend(condition.clone());
        let first = self.block(then);
        if matches!(condition, Some(Cond::Const(false))) {
            self.forget(mark);
        }
        let mark = self.mark();
        let second = self.block(otherwise);
        self.around.truncate(around);
        if matches!(condition, Some(Cond::Const(true))) {
            self.forget(mark);
        }
        self.leave();
        let (condition, then, otherwise) = (condition?, first?, second?);
        Some(match condition {
            Cond::Const(true) => then,
            Cond::Const(false) => otherwise,
            _ if then.is_empty() && otherwise.is_empty() => Vec::new(),
            condition => vec![Stmt::If { condition, then, otherwise }],
        })
    }

    fn check(&mut self, check: &'a ast::Check) -> Option<Vec<Stmt>> {
        let start = self.mark();
        self.atoms.clear();
        let condition = self.cond(&check.condition);
        let atoms = std::mem::take(&mut self.atoms);
        let message = self.message(&check.message);
        let (condition, message) = (condition?, message?);
        let fails = if check.forbid { condition } else { fold::not(condition) };
        if matches!(fails, Cond::Const(false)) {
            self.forget(start);
            return Some(Vec::new());
        }
        self.lint(&fails, &atoms, check.condition.span);
        let subject = self.subject(&fails);
        Some(vec![Stmt::Check(Check { fails, message, subject, span: check.span })])
    }

    /// The first path of a condition that does not hang on a variable bound within it.
    fn subject(&self, cond: &Cond) -> Option<Value> {
        let bound: BTreeSet<Slot> = self.loops.iter().map(|source| source.slot).collect();
        let mut found: Option<Value> = None;
        walk::walk(Node::Cond(cond), &mut |node| {
            if found.is_some() {
                return false;
            }
            if let Node::Value(value @ (Value::Field { .. } | Value::Entry { .. } | Value::Var(_))) = node {
                if walk::free_slots(node).is_subset(&bound) {
                    found = Some(without_defaults(value));
                }
                return found.is_none();
            }
            true
        });
        found
    }

    fn unique(&mut self, binder: &'a Binder, keys: &'a [Expr], message: &'a Text, span: Span) -> Option<Vec<Stmt>> {
        let term = self.expr(&binder.source);
        self.check_bindable(&binder.name)?;
        if let Some(key) = &binder.key {
            return self.error(&codes::MISPLACED, key.span, "`unique` binds one name", "name the element only");
        }
        let at = binder.source.span;
        let parts = self.parts(term?, at)?;
        let (lists, element) = self.one_source(&parts, at)?;
        let slot = self.slot();
        let mut source = Source { slot, key: None, of: Elements::Lists(lists), filter: None, ty: element.ty.clone() };
        let depth = self.scope.len();
        self.loops.push(source.clone());
        let element = Typed { value: Value::Var(slot), path: Some(at), required: true, ..element };
        self.bind(&binder.name.node, Term::Val(element));
        let filter = binder.filter.as_deref().map_or(Some(Cond::Const(true)), |filter| self.cond(filter));
        let mut values = Some(Vec::new());
        for key in keys {
            let value = self
                .expr(key)
                .and_then(|term| self.operand(term, key.span))
                .and_then(|typed| if typed.ty == Ty::Quantity { self.number(typed, key.span) } else { Some(typed.value) });
            match (value, &mut values) {
                (Some(value), Some(values)) => values.push(value),
                (Some(_), None) => {}
                (None, values) => *values = None,
            }
        }
        let message = self.message(message);
        self.loops.pop();
        self.scope.truncate(depth);
        let (filter, keys, message) = (filter?, values?, message?);
        source.filter = Some(filter).filter(|filter| !matches!(filter, Cond::Const(true)));
        Some(vec![Stmt::Unique { source, keys, message, span }])
    }

    /// The parts as the lists of one source.
    fn one_source(&mut self, parts: &[Part], at: Span) -> Option<(Vec<Value>, Typed)> {
        let mut values = Vec::new();
        let mut sofar: Option<Typed> = None;
        for part in parts {
            let (list, element) = match part {
                Part::Lists { lists, sidecars: false, guard: Cond::Const(true) } => {
                    let mut found = None;
                    for list in lists {
                        values.push(list.value.clone());
                        let typed =
                            Typed { flavour: list.flavour.clone(), values: list.values, ..Typed::new(list.value.clone(), list.ty.clone()) };
                        let joined = self.join_elements(found.take(), typed, at)?;
                        found = Some(joined);
                    }
                    (None, found)
                }
                other => {
                    let (items, ty) = self.items(std::slice::from_ref(other), at)?;
                    (Some(Value::List(items)), Some(Typed::new(fold::absent(), ty)))
                }
            };
            values.extend(list);
            if let Some(element) = element {
                sofar = Some(self.join_elements(sofar.take(), element, at)?);
            }
        }
        let element = sofar.unwrap_or_else(|| Typed::new(fold::absent(), Ty::Any));
        Some((values, element))
    }

    fn join_elements(&mut self, sofar: Option<Typed>, next: Typed, at: Span) -> Option<Typed> {
        let Some(sofar) = sofar else { return Some(next) };
        match super::types::join(&sofar.ty, &next.ty) {
            Some(ty) => {
                Some(Typed { ty, values: if sofar.values == next.values { sofar.values } else { &[] }, ..Typed::new(sofar.value, Ty::Any) })
            }
            None => self.error(
                &codes::WRONG_TYPE,
                at,
                "the elements of these lists are of different types",
                "write one `require unique` for each list",
            ),
        }
    }

    /// A message.
    pub fn message(&mut self, text: &'a Text) -> Option<Message> {
        let plain = text.parts.iter().any(|part| match part {
            TextPart::Literal(literal) => !literal.trim().is_empty(),
            TextPart::Value(_) => false,
        });
        if !plain {
            return self.error(
                &codes::BLANK_MESSAGE,
                text.span,
                "the message has no text of its own",
                "say what is wrong; what is interpolated may be empty",
            );
        }
        let mut parts = Some(Vec::new());
        for part in &text.parts {
            let piece = match part {
                TextPart::Literal(literal) => Some(Piece::Text(literal.clone())),
                TextPart::Value(expr) => self.expr(expr).and_then(|term| self.piece(term, expr.span)),
            };
            match (piece, &mut parts) {
                (Some(piece), Some(parts)) => add(parts, piece),
                (Some(_), None) => {}
                (None, parts) => *parts = None,
            }
        }
        Some(Message { parts: parts? })
    }

    fn piece(&mut self, term: Term, span: Span) -> Option<Piece> {
        if let Term::Version(minor) = term {
            return Some(Piece::Text(format!("v1.{minor}")));
        }
        if let Term::Date(date) = term {
            return Some(Piece::Text(date));
        }
        if let Term::Image(_) | Term::Record(_) | Term::Regex(_) = term {
            let what = self.describe_term(&term);
            let help = if matches!(term, Term::Image(_)) {
                "print `.registry`, `.repository`, `.tag` or `.digest` of it"
            } else {
                "print one of its fields"
            };
            return self.error(&codes::NOT_PRINTABLE, span, format!("`{}` is {what}, which has no text", self.text(span)), help);
        }
        let typed = self.operand(term, span)?;
        if fold::is_absent(&typed.value) {
            return Some(Piece::Text("<unset>".to_owned()));
        }
        if !printable(&typed.ty) {
            let what = super::types::describe(&typed.ty);
            return self.error(
                &codes::NOT_PRINTABLE,
                span,
                format!("`{}` is {what}, which has no text", self.text(span)),
                "print one of its fields",
            );
        }
        if let Value::Const(constant) = &typed.value {
            return Some(Piece::Text(print(constant)));
        }
        let ty = typed.ty.clone();
        let value = if ty == Ty::Quantity { self.number(typed, span)? } else { typed.value };
        Some(Piece::Value(value, ty))
    }

    /// Terms that lets stand for stay shallow, so that no stage runs out of stack.
    pub fn check_depth(&mut self, term: &Term, span: Span) -> Option<()> {
        let deep = match term {
            Term::Val(typed) => walk::depth(Node::Value(&typed.value)),
            Term::Element(typed, _) => walk::depth(Node::Value(&typed.value)),
            Term::Image(typed) => walk::depth(Node::Value(&typed.value)),
            Term::Cond(cond) => walk::depth(Node::Cond(cond)),
            Term::Seq(parts) | Term::Star(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::One(guard, _) => walk::depth(Node::Cond(guard)),
                    Part::Lists { lists, .. } => lists.iter().map(|list| walk::depth(Node::Value(&list.value))).max().unwrap_or(0),
                    Part::Cluster { guard, .. } => walk::depth(Node::Cond(guard)),
                    Part::Each(..) => 0,
                })
                .max()
                .unwrap_or(0),
            Term::Record(_) | Term::Version(_) | Term::Regex(_) | Term::Date(_) => 0,
        };
        if deep > MAX_LET_DEPTH {
            return self.error(
                &codes::TOO_LARGE,
                span,
                format!("this is nested more than {MAX_LET_DEPTH} deep once functions and lets are put in"),
                "use fewer functions and lets that build on each other",
            );
        }
        Some(())
    }
}

const MAX_LET_DEPTH: usize = 150;

/// The path alone: a finding points at what is written.
pub(super) fn without_defaults(value: &Value) -> Value {
    match value {
        Value::Field { of, name, presence, default: _, ty } => {
            Value::Field { of: Box::new(without_defaults(of)), name: name.clone(), presence: *presence, default: None, ty: ty.clone() }
        }
        Value::Entry { of, key, default: _, ty } => {
            Value::Entry { of: Box::new(without_defaults(of)), key: key.clone(), default: None, ty: ty.clone() }
        }
        other => other.clone(),
    }
}

fn statements(iters: Vec<Iter<Vec<Stmt>>>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for iter in iters {
        match iter {
            Iter::Loop(source, inner) => {
                let body = statements(inner);
                if !body.is_empty() {
                    out.push(Stmt::For { source, body });
                }
            }
            Iter::Guard(condition, inner) => {
                let then = statements(inner);
                if !then.is_empty() {
                    out.push(Stmt::If { condition, then, otherwise: Vec::new() });
                }
            }
            Iter::Leaf(stmts) => out.extend(stmts),
        }
    }
    out
}

fn add(parts: &mut Vec<Piece>, piece: Piece) {
    match (parts.last_mut(), piece) {
        (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
        (_, Piece::Text(text)) if text.is_empty() => {}
        (_, piece) => parts.push(piece),
    }
}

fn printable(ty: &Ty) -> bool {
    match ty {
        Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString => true,
        Ty::List(inner) => match &**inner {
            Ty::Any => true,
            Ty::List(_) => false,
            inner => printable(inner),
        },
        Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => false,
    }
}

fn print(constant: &Const) -> String {
    match constant {
        Const::Bool(b) => b.to_string(),
        Const::Int(n) => n.to_string(),
        Const::Quantity(quantity) => quantity.to_string(),
        Const::String(text) => text.clone(),
        Const::List(items) => items.iter().map(print).collect::<Vec<_>>().join(", "),
        Const::Object(_) => String::new(),
    }
}
