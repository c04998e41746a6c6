//! The variables of one rule.

use super::helper::Helper;
use super::module::{Lowered, Module, reserved};
use super::simplify::snake;
use super::tree::{Body, Expr, Scalar, Stmt};
use crate::diagnostic::Span;
use crate::ir::{Kind, Rule, Slot, Ty};
use crate::lower::Unsupported;
use std::collections::{BTreeMap, BTreeSet};
/// The variables of one rule.
pub(super) struct Scope<'m> {
    pub(super) module: &'m mut Module,
    pub(super) kinds: &'m [Kind],
    pub(super) taken: BTreeSet<String>,
    pub(super) slots: BTreeMap<Slot, Bound>,
    pub(super) span: Span,
}

#[derive(Clone)]
pub(super) struct Bound {
    pub(super) name: String,
    /// A text whose type is known to be right.
    pub(super) is_key: bool,
    /// A quantity that is already a number of thousandths.
    pub(super) is_milli: bool,
    pub(super) ty: Ty,
}

/// A head that uses no variable.
pub(super) const NULL: Expr = Expr::Scalar(Scalar::Null);

/// Elements to go over.
pub(super) struct Iteration {
    /// A word for an element.
    pub(super) word: String,
    /// Each element in turn.
    pub(super) each: Expr,
    /// Whether null ones are already left out.
    pub(super) are_present: bool,
}

/// A value whose statements hold: an expression for it.
pub(super) struct Given {
    pub(super) expr: Expr,
    /// Whether it is certainly of its type, whatever the object holds.
    pub(super) certain: bool,
}

impl<'m> Scope<'m> {
    pub(super) fn new(module: &'m mut Module, rule: &'m Rule) -> Self {
        Scope { module, kinds: &rule.kinds, taken: reserved(), slots: BTreeMap::new(), span: rule.span }
    }

    pub(super) fn unsupported<T>(&self, construct: impl Into<String>) -> Lowered<T> {
        Err(Unsupported::new(construct, self.span))
    }

    pub(super) fn need(&mut self, helper: Helper) {
        self.module.helpers.insert(helper);
    }

    /// A name that nothing else in the rule has, after a word.
    pub(super) fn fresh(&mut self, word: &str) -> String {
        let base = snake(word);
        let base = if base.starts_with(|c: char| c.is_ascii_lowercase()) { base } else { "value".to_owned() };
        // So begin the names of rules.
        let base = if ["is_", "its_", "unreadable_"].iter().any(|start| base.starts_with(start)) { format!("value_{base}") } else { base };
        let mut name = base.clone();
        let mut number = 1;
        while self.taken.contains(&name) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.taken.insert(name.clone());
        name
    }

    pub(super) fn bound(&self, slot: Slot) -> Lowered<&Bound> {
        self.slots.get(&slot).ok_or_else(|| Unsupported::new("a variable outside its loop", self.span))
    }

    /// Adds a list of what an expression is while a body holds.
    pub(super) fn push_list(&mut self, lists: &mut Vec<Expr>, head: Expr, body: Body) {
        let body = body.tidy(&head);
        if body.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))) {
            return;
        }
        if body.0.is_empty() {
            lists.push(Expr::Array(vec![head]));
            return;
        }
        let list = self.each(head, body);
        lists.push(list);
    }

    /// `[head | body]`
    pub(super) fn each(&mut self, head: Expr, body: Body) -> Expr {
        let mut body = body.tidy(&head);
        // A head stands on one line, and a `|` after it may be taken for an operator.
        let head = if matches!(head, Expr::Object(_) | Expr::Set(_) | Expr::Infix(..)) || super::print::is_long(&head) {
            let name = self.fresh(if matches!(head, Expr::Call(..)) { "text" } else { "value" });
            body.0.push(Stmt::Let(name.clone(), head));
            Expr::Var(name)
        } else {
            head
        };
        head.each(body)
    }
}
