//! Values that may be absent, and the elements of sources.

use super::tree::{Comprehension, Expr, Ident, Type, and, or, ternary};
use crate::ir::Ty;

/// A value: where all guards hold, `expr` can be evaluated; it may be null where `null`, which is absent.
#[derive(Debug, Clone)]
pub(super) struct Val {
    pub(super) guards: Vec<Expr>,
    pub(super) expr: Expr,
    pub(super) null: bool,
}

impl Val {
    pub(super) fn always(expr: Expr) -> Self {
        Val { guards: Vec::new(), expr, null: false }
    }

    pub(super) fn nullable(expr: Expr) -> Self {
        Val { guards: Vec::new(), null: expr.ty() == Type::Dyn, expr }
    }

    pub(super) fn absent() -> Self {
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
    pub(super) fn or_else(self, otherwise: Expr) -> Expr {
        ternary(self.clone().present(), self.expr, otherwise)
    }

    pub(super) fn guarded(mut self, guards: impl IntoIterator<Item = Expr>) -> Self {
        let mut all: Vec<Expr> = guards.into_iter().collect();
        all.append(&mut self.guards);
        self.guards = all;
        self
    }

    /// The map or an empty one.
    pub(super) fn or_else_empty(self) -> Expr {
        if self.guards.is_empty() && !self.null { self.expr } else { self.or_else(Expr::Map(Vec::new())) }
    }
}
/// The form of the numbers in a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// As they are written.
    Raw,
    /// Quantities in thousandths.
    Milli,
}

/// What a slot is bound to.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) expr: Expr,
    pub(super) ty: Ty,
}

/// The elements of a source.
pub(super) struct Loop {
    /// What the list is computed from, bound outside.
    pub(super) outer: Option<(Ident, Expr)>,
    pub(super) list: Expr,
    pub(super) var: Ident,
    pub(super) filter: Expr,
}

impl Loop {
    pub(super) fn wrap(outer: Option<(Ident, Expr)>, inner: Expr) -> Expr {
        match outer {
            Some((var, expr)) => Expr::List(vec![expr]).each(Comprehension::Map, var, inner).first(),
            None => inner,
        }
    }

    /// Whether an expression depends on the turn.
    pub(super) fn is_read_by(&self, expr: &Expr) -> bool {
        let outer = self.outer.as_ref().map(|(var, _)| var);
        [Some(&self.var), outer].into_iter().flatten().any(|var| expr.reads(&var.name))
    }

    pub(super) fn any(self, body: Expr) -> Expr {
        let body = and([self.filter, body]);
        Loop::wrap(self.outer, if body == Expr::Bool(false) { body } else { self.list.each(Comprehension::Exists, self.var, body) })
    }

    pub(super) fn all(self, body: Expr) -> Expr {
        let body = or([self.filter.not(), body]);
        Loop::wrap(self.outer, if body == Expr::Bool(true) { body } else { self.list.each(Comprehension::All, self.var, body) })
    }

    pub(super) fn map(self, filter: Expr, body: Expr) -> Expr {
        let filter = and([self.filter, filter]);
        let inner = if body == Expr::Ident(self.var.clone()) {
            self.list.filter(self.var, filter)
        } else {
            self.list.map_if(self.var, filter, body)
        };
        Loop::wrap(self.outer, inner)
    }
}
