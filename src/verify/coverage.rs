//! Which branches of a rule its cases have reached.
//!
//! A branch is a side of a condition: that a check fails and that it does not, that an `if` is true and false, that a loop has an element, and both sides of every operand and
//! of the body of every quantifier. Each is a rule of its own, made out of the loops and conditions around it, and judged by the reference evaluator.

use crate::diagnostic::Span;
use crate::eval::{Judge, Request, Verdict};
use crate::ir::print;
use crate::ir::{Check, Cond, Message, Piece, Rule, Source, Stmt};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What would have to be met.
    pub what: String,
    /// The statement that it belongs to.
    pub span: Span,
}

/// The branches of a rule, and which were reached. Cases may be noted from several threads.
#[derive(Debug)]
pub struct Coverage {
    branches: Vec<(Branch, Judge, AtomicBool)>,
}

impl Coverage {
    /// Nothing reached yet.
    #[must_use]
    pub fn new(rule: &Rule) -> Self {
        let mut finder = Finder { rule, around: Vec::new(), seen: BTreeSet::new(), branches: Vec::new() };
        for read in &rule.reads {
            let mut only = probe(rule, Vec::new());
            only.reads.push(read.clone());
            finder.add(format!("`{}` that cannot be read", read.path), rule.span, &only);
        }
        finder.stmts(&rule.body);
        Coverage { branches: finder.branches }
    }

    /// Notes what a case reaches.
    pub fn note(&self, request: &Request<'_>) {
        for (_, judge, reached) in &self.branches {
            if !reached.load(Ordering::Relaxed) && matches!(judge.judge_by(0, request), Verdict::Fail { .. }) {
                reached.store(true, Ordering::Relaxed);
            }
        }
    }

    /// How many branches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// Those that no case has reached.
    #[must_use]
    pub fn unreached(&self) -> Vec<Branch> {
        self.branches.iter().filter(|(_, _, reached)| !reached.load(Ordering::Relaxed)).map(|(branch, _, _)| branch.clone()).collect()
    }
}

// What stands around a statement.
enum Around {
    For(Source),
    If(Cond),
}

struct Finder<'a> {
    rule: &'a Rule,
    around: Vec<Around>,
    seen: BTreeSet<(Span, String)>,
    branches: Vec<(Branch, Judge, AtomicBool)>,
}

impl Finder<'_> {
    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::For { source, body } => {
                    let span = first_span(body).unwrap_or(self.rule.span);
                    self.source(source, span);
                    self.within(Around::For(source.clone()), |finder| finder.stmts(body));
                }
                Stmt::If { condition, then, otherwise } => {
                    let span = first_span(then).or_else(|| first_span(otherwise)).unwrap_or(self.rule.span);
                    self.cond(condition, span);
                    self.within(Around::If(condition.clone()), |finder| finder.stmts(then));
                    self.within(Around::If(Cond::Not(Box::new(condition.clone()))), |finder| finder.stmts(otherwise));
                }
                Stmt::Check(Check { fails, span, message: _, subject: _ }) => self.cond(fails, *span),
                Stmt::Unique { source, span, keys: _, message: _ } => {
                    self.source(source, *span);
                    let mut whole = stmt.clone();
                    for around in self.around.iter().rev() {
                        whole = wrap(around, whole);
                    }
                    self.add("two elements that are equal".to_owned(), *span, &probe(self.rule, vec![whole]));
                }
            }
        }
    }

    fn within(&mut self, around: Around, inside: impl FnOnce(&mut Self)) {
        self.around.push(around);
        inside(self);
        self.around.pop();
    }

    // That there is an element, and both sides of the filter.
    fn source(&mut self, source: &Source, span: Span) {
        if let Some(filter) = &source.filter {
            let all = Source { filter: None, ..source.clone() };
            self.within(Around::For(all), |finder| finder.cond(filter, span));
        }
        self.within(Around::For(source.clone()), |finder| {
            finder.reach(&Cond::Const(true), format!("an element of `{}`", print::source(source)), span);
        });
    }

    // Both sides of a condition and of what it is made of.
    fn cond(&mut self, cond: &Cond, span: Span) {
        match cond {
            Cond::Const(_) => return,
            Cond::Not(inner) => return self.cond(inner, span),
            Cond::And(all) | Cond::Or(all) => all.iter().for_each(|operand| self.cond(operand, span)),
            Cond::Any(source, body) | Cond::All(source, body) => {
                self.source(source, span);
                self.within(Around::For((**source).clone()), |finder| finder.cond(body, span));
            }
            Cond::Exists(_)
            | Cond::True(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_) => {}
        }
        let text = print::cond(cond);
        self.reach(cond, format!("`{text}` that is true"), span);
        self.reach(&Cond::Not(Box::new(cond.clone())), format!("`{text}` that is false"), span);
    }

    fn reach(&mut self, cond: &Cond, what: String, span: Span) {
        let message = Message { parts: vec![Piece::Text("reached".to_owned())] };
        let check = Stmt::Check(Check { fails: cond.clone(), message, subject: None, span });
        let body = self.around.iter().rev().fold(check, |body, around| wrap(around, body));
        let rule = probe(self.rule, vec![body]);
        self.add(what, span, &rule);
    }

    fn add(&mut self, what: String, span: Span, rule: &Rule) {
        if self.seen.insert((span, what.clone())) {
            self.branches.push((Branch { what, span }, Judge::new([rule]).without_places(), AtomicBool::new(false)));
        }
    }
}

fn wrap(around: &Around, body: Stmt) -> Stmt {
    match around {
        Around::For(source) => Stmt::For { source: source.clone(), body: vec![body] },
        Around::If(condition) => Stmt::If { condition: condition.clone(), then: vec![body], otherwise: Vec::new() },
    }
}

fn probe(rule: &Rule, body: Vec<Stmt>) -> Rule {
    Rule { reads: Vec::new(), body, ..rule.clone() }
}

fn first_span(stmts: &[Stmt]) -> Option<Span> {
    stmts.iter().find_map(|stmt| match stmt {
        Stmt::Check(Check { span, .. }) | Stmt::Unique { span, .. } => Some(*span),
        Stmt::For { body, .. } => first_span(body),
        Stmt::If { then, otherwise, .. } => first_span(then).or_else(|| first_span(otherwise)),
    })
}
