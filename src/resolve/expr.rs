//! Expressions.

use super::context::Context;
use super::fold;
use super::lint::Atom;
use super::types::{Part, Term, Typed, describe, join};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Span, nearest};
use crate::ir::{Cond, Const, Form, Function, Glob, Item, Order, Pattern, Quantity, Ty, Value};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, ObjectField};

/// The newest minor version of Kubernetes 1 that is known.
pub(super) const NEWEST_MINOR: u32 = 37;

impl<'a> Context<'a> {
    /// What an expression stands for; none where an error was reported.
    pub fn expr(&mut self, expr: &'a Expr) -> Option<Term> {
        self.enter(expr.span)?;
        let term = self.expr_kind(expr);
        self.leave();
        term
    }

    fn expr_kind(&mut self, expr: &'a Expr) -> Option<Term> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Bool(b) => Some(constant(Const::Bool(*b))),
            ExprKind::Int(n) => Some(constant(Const::Int(*n))),
            ExprKind::String(text) => Some(constant(Const::String(text.clone()))),
            ExprKind::Quantity(text) => self.quantity_literal(text, span),
            ExprKind::Version(text) => self.version_literal(text, span),
            ExprKind::Regex(text) => self.regex_literal(text, span),
            ExprKind::Date(text) => Some(Term::Date(text.clone())),
            ExprKind::List(items) => self.list_literal(items),
            ExprKind::Object(fields) => self.object_literal(fields),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Field(of, name) => {
                let of = self.expr(of)?;
                self.field(of, &name.node, name.span, span)
            }
            ExprKind::Star(of) => {
                let term = self.expr(of)?;
                self.star(term, of.span)
            }
            ExprKind::Index(of, key) => {
                let term = self.expr(of);
                let key_term = self.outside_declared(|me| me.expr(key));
                self.index(term?, key_term?, of.span, key.span, span)
            }
            ExprKind::Call(name, args) => self.call(name, args, span),
            ExprKind::Not(inner) => Some(Term::Cond(fold::not(self.cond(inner)?))),
            ExprKind::Exists(inner) => {
                let term = self.expr(inner)?;
                Some(Term::Cond(self.exists(&term, inner.span)?))
            }
            ExprKind::Declared(inner) => {
                let before = std::mem::replace(&mut self.declared, true);
                let term = self.expr(inner);
                self.declared = before;
                term
            }
            ExprKind::Unchanged(inner) => self.unchanged(inner, span),
            ExprKind::Binary(op, left, right) => self.binary(expr, *op, left, right),
            ExprKind::Quantifier { op, binder, body } => self.quantifier(*op, binder, body, span),
            ExprKind::If(cond, then, otherwise) => self.if_expr(cond, then, otherwise, span),
        }
    }

    fn outside_declared<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.declared, false);
        let result = f(self);
        self.declared = before;
        result
    }

    /// A condition.
    pub fn cond(&mut self, expr: &'a Expr) -> Option<Cond> {
        let term = self.expr(expr)?;
        self.as_cond(term, expr.span)
    }

    pub fn as_cond(&mut self, term: Term, span: Span) -> Option<Cond> {
        match term {
            Term::Cond(cond) => Some(cond),
            Term::Val(Typed { value, ty: Ty::Bool, .. }) => Some(fold::is_true(value)),
            other => {
                let what = self.describe_term(&other);
                let help = match &other {
                    Term::Val(Typed { ty: Ty::Any, value, .. }) if fold::is_absent(value) => return Some(Cond::Const(false)),
                    Term::Val(_) | Term::Element(..) => format!("ask what you mean, such as `exists {}`", self.text(span)),
                    Term::Seq(_) | Term::Star(_) => format!("ask what you mean, such as `count({}) > 0`", self.text(span)),
                    Term::Cond(_) | Term::Record(_) | Term::Version(_) | Term::Image(_) | Term::Regex(_) | Term::Date(_) => {
                        "a condition is a comparison, a quantifier or a boolean".to_owned()
                    }
                };
                self.error(&codes::NOT_A_CONDITION, span, format!("`{}` is {what}, not a condition", self.text(span)), help)
            }
        }
    }

    pub fn describe_term(&self, term: &Term) -> String {
        match term {
            Term::Val(typed) => describe(&typed.ty),
            Term::Element(typed, _) => describe(&typed.ty),
            Term::Cond(_) => "a condition".to_owned(),
            Term::Seq(_) | Term::Star(_) => "a list".to_owned(),
            Term::Record(_) => "an object literal".to_owned(),
            Term::Version(_) => "a version".to_owned(),
            Term::Image(_) => "an image".to_owned(),
            Term::Regex(_) => "a regular expression".to_owned(),
            Term::Date(_) => "a date".to_owned(),
        }
    }

    fn quantity_literal(&mut self, text: &str, span: Span) -> Option<Term> {
        match Quantity::parse(text) {
            Some(quantity) => Some(constant(Const::Quantity(quantity))),
            None => self.error(
                &codes::BAD_LITERAL,
                span,
                format!("`{text}` is not a quantity that can be held"),
                "quantities are written as `500m`, `2Gi` or `1.5`, up to 2^53",
            ),
        }
    }

    fn version_literal(&mut self, text: &str, span: Span) -> Option<Term> {
        match minor_of(text) {
            Some(minor) => Some(Term::Version(minor)),
            None => self.error(
                &codes::BAD_LITERAL,
                span,
                format!("`{text}` is not a version of Kubernetes"),
                "a version is written as `v1.34`, without a leading zero",
            ),
        }
    }

    fn regex_literal(&mut self, text: &str, span: Span) -> Option<Term> {
        match super::pattern::check(text) {
            Ok(()) => Some(Term::Regex(Pattern { source: text.to_owned() })),
            Err((message, help)) => self.error(&codes::BAD_PATTERN, span, message, help),
        }
    }

    fn list_literal(&mut self, items: &'a [Expr]) -> Option<Term> {
        let terms: Vec<Option<Term>> = items.iter().map(|item| self.expr(item)).collect();
        let mut constants = Vec::new();
        let mut parts = Vec::new();
        for (item, term) in items.iter().zip(terms) {
            let term = match term? {
                Term::Cond(cond) => Term::Val(Typed::new(fold::truth(cond), Ty::Bool)),
                term => term,
            };
            if let Term::Val(Typed { value: Value::Const(value), .. }) = &term {
                constants.push(value.clone());
            }
            let guard = self.exists(&term, item.span)?;
            if guard_is_never(&guard) {
                continue;
            }
            parts.push(Part::One(guard, Box::new(term)));
        }
        if constants.len() == items.len() {
            return Some(constant(Const::List(constants)));
        }
        Some(Term::Seq(parts))
    }

    fn object_literal(&mut self, fields: &'a [ObjectField]) -> Option<Term> {
        let mut terms: Vec<(String, Term)> = Vec::new();
        let mut fine = true;
        for field in fields {
            if terms.iter().any(|(name, _)| *name == field.name.node) {
                fine = false;
                self.error::<()>(
                    &codes::DUPLICATE_NAME,
                    field.name.span,
                    format!("the field `{}` is given twice", field.name.node),
                    "remove one of them",
                );
            }
            match self.expr(&field.value) {
                Some(term) => terms.push((field.name.node.clone(), term)),
                None => fine = false,
            }
        }
        if !fine {
            return None;
        }
        let constants: Vec<(String, Const)> = terms
            .iter()
            .filter_map(|(name, term)| match term {
                Term::Val(Typed { value: Value::Const(value), .. }) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect();
        if constants.len() == terms.len() {
            return Some(constant(Const::Object(constants)));
        }
        Some(Term::Record(terms))
    }

    fn unchanged(&mut self, inner: &'a Expr, span: Span) -> Option<Term> {
        if !self.update_only {
            return self.error(
                &codes::NOT_AVAILABLE,
                span,
                "`unchanged` looks at the old object, which is there on update only",
                "write `on update` after the kinds of `match`",
            );
        }
        let new = self.expr(inner)?;
        let before = std::mem::replace(&mut self.old, true);
        let old = self.expr(inner);
        self.old = before;
        let old = old?;
        let both_absent = fold::and([fold::not(self.exists(&new, inner.span)?), fold::not(self.exists(&old, inner.span)?)]);
        let same = self.equal(new, inner.span, old, inner.span)?;
        Some(Term::Cond(fold::or([both_absent, same])))
    }

    fn if_expr(&mut self, cond: &'a Expr, then: &'a Expr, otherwise: &'a Expr, span: Span) -> Option<Term> {
        let cond = self.cond(cond);
        let mark = self.mark();
        let first = self.expr(then);
        if matches!(cond, Some(Cond::Const(false))) {
            self.forget(mark);
        }
        let mark = self.mark();
        let second = self.expr(otherwise);
        if matches!(cond, Some(Cond::Const(true))) {
            self.forget(mark);
        }
        let (cond, first, second) = (cond?, first?, second?);
        match cond {
            Cond::Const(true) => return Some(first),
            Cond::Const(false) => return Some(second),
            _ => {}
        }
        match (first, second) {
            (Term::Cond(a), Term::Cond(b)) => Some(Term::Cond(fold::choose(cond, a, b))),
            (Term::Version(_), Term::Version(_)) => {
                self.error(&codes::NOT_CONSTANT, span, "this version depends on the object", "a version has to be known when compiling")
            }
            (a @ (Term::Seq(_) | Term::Star(_)), b) | (a, b @ (Term::Seq(_) | Term::Star(_))) => {
                let first = self.parts(a, then.span)?;
                let mut parts = self.guarded(first, &cond);
                let rest = self.parts(b, otherwise.span)?;
                parts.extend(self.guarded(rest, &fold::not(cond)));
                Some(Term::Seq(parts))
            }
            (a, b) => {
                let a = self.operand(a, then.span)?;
                let b = self.operand(b, otherwise.span)?;
                let (a, b, ty) = self.unify(a, then.span, b, otherwise.span)?;
                Some(Term::Val(Typed::new(fold::if_value(cond, a, b), ty)))
            }
        }
    }

    /// The parts with one more condition.
    fn guarded(&self, parts: Vec<Part>, cond: &Cond) -> Vec<Part> {
        parts
            .into_iter()
            .map(|part| match part {
                Part::One(guard, term) => Part::One(fold::and([cond.clone(), guard]), term),
                Part::Lists { lists, sidecars, guard } => Part::Lists { lists, sidecars, guard: fold::and([cond.clone(), guard]) },
                Part::Each(inner, steps) => {
                    let mut inner = self.guarded(vec![*inner], cond);
                    match inner.pop() {
                        Some(inner) => Part::Each(Box::new(inner), steps),
                        None => Part::Lists { lists: Vec::new(), sidecars: false, guard: Cond::Const(false) },
                    }
                }
                Part::Cluster { kinds, ty, guard } => Part::Cluster { kinds, ty, guard: fold::and([cond.clone(), guard]) },
            })
            .collect()
    }

    fn binary(&mut self, expr: &'a Expr, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Option<Term> {
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(expr, op),
            BinaryOp::Add | BinaryOp::Sub => self.sum(expr),
            BinaryOp::Coalesce => self.coalesce(expr),
            BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::In
            | BinaryOp::NotIn
            | BinaryOp::Like
            | BinaryOp::NotLike
            | BinaryOp::Matches
            | BinaryOp::NotMatches
            | BinaryOp::Contains
            | BinaryOp::NotContains => self.comparison(op, left, right),
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Option<Term> {
        let a = self.expr(left);
        let b = self.expr(right);
        let (a, b) = (a?, b?);
        let (l, r) = (left.span, right.span);
        let swapped = const_of(&a).is_some();
        let cond = match op {
            BinaryOp::Eq => self.equal(a, l, b, r)?,
            BinaryOp::Ne => fold::not(self.equal(a, l, b, r)?),
            BinaryOp::Lt => self.order(Order::Lt, a, l, b, r)?,
            BinaryOp::Le => self.order(Order::Le, a, l, b, r)?,
            BinaryOp::Gt => self.order(Order::Gt, a, l, b, r)?,
            BinaryOp::Ge => self.order(Order::Ge, a, l, b, r)?,
            BinaryOp::In => self.is_in(a, l, b, r)?,
            BinaryOp::NotIn => fold::not(self.is_in(a, l, b, r)?),
            BinaryOp::Like => self.like(a, l, b, r)?,
            BinaryOp::NotLike => fold::not(self.like(a, l, b, r)?),
            BinaryOp::Matches => self.matches(a, l, b, r)?,
            BinaryOp::NotMatches => fold::not(self.matches(a, l, b, r)?),
            BinaryOp::Contains => self.contains(a, l, b, r)?,
            BinaryOp::NotContains => fold::not(self.contains(a, l, b, r)?),
            BinaryOp::Or | BinaryOp::And | BinaryOp::Coalesce | BinaryOp::Add | BinaryOp::Sub => return None,
        };
        let (first, second) = if swapped { (r, l) } else { (l, r) };
        self.atoms.push(Atom { cond: cond.clone(), first, second });
        Some(Term::Cond(cond))
    }

    /// The operands of a chain of one operator, from left to right; chains may be longer than nesting is deep.
    fn chain(expr: &'a Expr, of: &[BinaryOp]) -> Vec<(BinaryOp, &'a Expr)> {
        let mut operands = Vec::new();
        let mut rest = expr;
        while let ExprKind::Binary(op, left, right) = &rest.kind {
            if !of.contains(op) {
                break;
            }
            operands.push((*op, &**right));
            rest = left;
        }
        operands.push((of.first().copied().unwrap_or(BinaryOp::Add), rest));
        operands.reverse();
        operands
    }

    fn logic(&mut self, expr: &'a Expr, op: BinaryOp) -> Option<Term> {
        let start = self.mark();
        let mut conds = Vec::new();
        let mut decided = false;
        let mut fine = true;
        for (_, operand) in Self::chain(expr, &[op]) {
            let mark = self.mark();
            match self.cond(operand) {
                Some(cond) => {
                    if decided {
                        self.forget(mark);
                    }
                    decided |= matches!((op, &cond), (BinaryOp::And, Cond::Const(false)) | (BinaryOp::Or, Cond::Const(true)));
                    conds.push(cond);
                }
                None => fine = false,
            }
        }
        if !fine {
            return None;
        }
        let cond = if op == BinaryOp::And { fold::and(conds) } else { fold::or(conds) };
        if matches!(cond, Cond::Const(_)) {
            self.forget(start);
        }
        Some(Term::Cond(cond))
    }

    fn coalesce(&mut self, expr: &'a Expr) -> Option<Term> {
        // `??` may be built to either side.
        let mut operands: Vec<&'a Expr> = Self::chain(expr, &[BinaryOp::Coalesce]).into_iter().map(|(_, operand)| operand).collect();
        while let Some(ExprKind::Binary(BinaryOp::Coalesce, left, right)) = operands.last().map(|last| &last.kind) {
            operands.pop();
            operands.push(left);
            operands.push(right);
        }
        let mut terms = Vec::new();
        for operand in operands {
            terms.push((self.expr(operand), operand.span));
        }
        let mut terms = terms.into_iter();
        let (first, mut span) = terms.next()?;
        let mut sofar = first?;
        for (term, right) in terms {
            let term = term?;
            sofar = self.coalesce_two(sofar, span, term, right)?;
            span = span.to(right);
        }
        Some(sofar)
    }

    fn coalesce_two(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Term> {
        if let (Term::Record(_), _) | (_, Term::Record(_)) = (&left, &right) {
            return self.error(
                &codes::WRONG_TYPE,
                l.to(r),
                "`??` cannot choose between object literals that are not constant",
                "choose between their fields",
            );
        }
        let there = self.exists(&left, l)?;
        match there {
            Cond::Const(true) => return Some(left),
            Cond::Const(false) => return Some(right),
            _ => {}
        }
        let a = self.operand(left, l)?;
        let b = self.operand(right, r)?;
        let (hollow, required, values) = (a.hollow, a.required || b.required, if a.values == b.values { a.values } else { &[] });
        let flavour = a.flavour.clone();
        let (a, b, ty) = self.unify(a, l, b, r)?;
        let value = if hollow > 0 { fold::if_value(there, a, b) } else { fold::coalesce([a, b]) };
        Some(Term::Val(Typed { flavour, required, values, path: Some(l), ..Typed::new(value, ty) }))
    }

    fn sum(&mut self, expr: &'a Expr) -> Option<Term> {
        let operands = Self::chain(expr, &[BinaryOp::Add, BinaryOp::Sub]);
        let mut terms = Vec::new();
        for (op, operand) in operands {
            terms.push((op, self.expr(operand), operand.span));
        }
        let mut terms = terms.into_iter();
        let (_, first, mut span) = terms.next()?;
        let mut sofar = first?;
        for (op, term, right) in terms {
            let term = term?;
            sofar = self.sum_two(op == BinaryOp::Sub, sofar, span, term, right)?;
            span = span.to(right);
        }
        Some(sofar)
    }

    fn sum_two(&mut self, minus: bool, left: Term, l: Span, right: Term, r: Span) -> Option<Term> {
        let listy = |term: &Term| matches!(term, Term::Seq(_) | Term::Star(_) | Term::Val(Typed { ty: Ty::List(_), .. }));
        if !minus && listy(&left) && listy(&right) {
            if let (Some(Const::List(a)), Some(Const::List(b))) = (const_of(&left), const_of(&right)) {
                let both: Vec<Const> = a.iter().chain(b).cloned().collect();
                self.charge(both.len(), l)?;
                return Some(constant(Const::List(both)));
            }
            let mut parts = self.parts(left, l)?;
            parts.extend(self.parts(right, r)?);
            return Some(Term::Seq(parts));
        }
        let a = self.operand(left, l)?;
        let b = self.operand(right, r)?;
        if !minus && a.ty == Ty::String && b.ty == Ty::String {
            return Some(Term::Val(Typed::new(fold::concat([a.value, b.value]), Ty::String)));
        }
        let number = |ty: &Ty| matches!(ty, Ty::Int | Ty::Quantity);
        if number(&a.ty) && number(&b.ty) {
            let (a, b, ty) = self.unify(a, l, b, r)?;
            return match fold::arithmetic(minus, a, b, ty.clone()) {
                Some(value) => Some(Term::Val(Typed::new(value, ty))),
                None => self.error(&codes::BAD_LITERAL, l.to(r), "the result is too large to be held", "use smaller numbers"),
            };
        }
        let sign = if minus { "-" } else { "+" };
        let (a, b) = (describe(&a.ty), describe(&b.ty));
        self.error(
            &codes::WRONG_TYPE,
            l.to(r),
            format!("`{sign}` does not join {a} and {b}"),
            if minus { "`-` is for two numbers" } else { "`+` is for two numbers, two strings or two lists" },
        )
    }

    /// A term as one value.
    pub fn operand(&mut self, term: Term, span: Span) -> Option<Typed> {
        match term {
            Term::Val(typed) => Some(typed),
            Term::Element(typed, _) => Some(*typed),
            Term::Cond(cond) => Some(Typed::new(fold::truth(cond), Ty::Bool)),
            Term::Seq(parts) | Term::Star(parts) => self.list_value(&parts, span),
            other @ (Term::Record(_) | Term::Version(_) | Term::Image(_) | Term::Regex(_) | Term::Date(_)) => {
                let what = self.describe_term(&other);
                let help = match other {
                    Term::Image(_) => "read `.registry`, `.repository`, `.tag` or `.digest` of it",
                    Term::Version(_) => "a version is compared with `v1.N` only",
                    Term::Regex(_) => "a regular expression stands to the right of `matches`",
                    _ => "use one of its fields",
                };
                self.error(&codes::WRONG_TYPE, span, format!("{what} cannot be used as a value here"), help)
            }
        }
    }

    /// Two values made one type: int to quantity where they are mixed, quantity fields read as numbers.
    pub fn unify(&mut self, a: Typed, l: Span, b: Typed, r: Span) -> Option<(Value, Value, Ty)> {
        let a_absent = fold::is_absent(&a.value);
        let b_absent = fold::is_absent(&b.value);
        let ty = match join(&a.ty, &b.ty) {
            Some(ty) => ty,
            None if a_absent => b.ty.clone(),
            None if b_absent => a.ty.clone(),
            None => {
                let (one, other) = (describe(&a.ty), describe(&b.ty));
                let help = self.mismatch_help(&a, l, &b, r);
                return self.error(&codes::WRONG_TYPE, l.to(r), format!("{one} and {other} do not go together"), help);
            }
        };
        if ty == Ty::Quantity {
            let left = self.number(a, l)?;
            let right = self.number(b, r)?;
            return Some((left, right, ty));
        }
        Some((a.value, b.value, ty))
    }

    fn mismatch_help(&self, a: &Typed, l: Span, b: &Typed, r: Span) -> String {
        match (&a.ty, &b.ty) {
            (Ty::Quantity, Ty::String) => match &b.value {
                Value::Const(Const::String(text)) if Quantity::parse(text).is_some() => {
                    format!("write the quantity without quotes: `{text}`")
                }
                _ => format!("read the text as a quantity: `quantity({})`", self.text(r)),
            },
            (Ty::String, Ty::Quantity) => format!("read the text as a quantity: `quantity({})`", self.text(l)),
            (Ty::Int, Ty::String) => match &b.value {
                Value::Const(Const::String(text)) if text.parse::<i64>().is_ok() => format!("write the number without quotes: `{text}`"),
                _ => format!("`{}` is a whole number", self.text(l)),
            },
            (Ty::Bool, Ty::String) => match &b.value {
                Value::Const(Const::String(text)) if text == "true" || text == "false" => {
                    format!("write the boolean without quotes: `{text}`")
                }
                _ => format!("`{}` is a boolean", self.text(l)),
            },
            (Ty::String, Ty::Int | Ty::Bool) => format!("`{}` is a string: put the other side in quotes", self.text(l)),
            _ => "both sides have to be of one type".to_owned(),
        }
    }

    /// A number as an exact quantity; a field is read as one, which has to be possible.
    pub fn number(&mut self, typed: Typed, span: Span) -> Option<Value> {
        if typed.ty == Ty::Int {
            return match typed.value {
                Value::Const(Const::Int(n)) => match Quantity::from_units(n) {
                    Some(quantity) => Some(Value::Const(Const::Quantity(quantity))),
                    None => self.error(&codes::BAD_LITERAL, span, format!("`{n}` is too large for a quantity"), "quantities go up to 2^53"),
                },
                value if fold::is_absent(&value) => Some(value),
                value => Some(Value::Call(Function::Quantity, vec![value])),
            };
        }
        let path = typed.path.unwrap_or(span);
        Some(self.readable(typed.value, path))
    }

    /// Wraps each quantity field in a value.
    fn readable(&mut self, value: Value, path: Span) -> Value {
        match value {
            Value::Const(Const::Int(n)) => {
                Quantity::from_units(n).map_or_else(fold::absent, |quantity| Value::Const(Const::Quantity(quantity)))
            }
            value @ (Value::Const(_) | Value::Call(..) | Value::Arithmetic { .. } | Value::Aggregate { .. }) => value,
            Value::Coalesce(values) => fold::coalesce(values.into_iter().map(|value| self.readable(value, path)).collect::<Vec<_>>()),
            Value::If(cond, then, otherwise) => {
                let then = self.readable(*then, path);
                let otherwise = self.readable(*otherwise, path);
                fold::if_value(*cond, then, otherwise)
            }
            value @ (Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Truth(_)
            | Value::List(_)
            | Value::Concat(_)) => {
                self.read(&value, Form::Quantity, path);
                Value::Call(Function::Quantity, vec![value])
            }
        }
    }

    /// `a == b`
    pub fn equal(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        if let (Term::Version(a), Term::Version(b)) = (&left, &right) {
            return Some(Cond::Const(a == b));
        }
        let left = self.version_hint(left, &right, r, l)?;
        let right = self.version_hint(right, &left, l, r)?;
        let a = self.operand(left, l)?;
        let b = self.operand(right, r)?;
        self.check_values(&a, &b, r)?;
        self.check_values(&b, &a, l)?;
        let (a, b, ty) = self.unify(a, l, b, r)?;
        Some(fold::compare(Order::Eq, a, b, ty))
    }

    // A version against a string is a likely slip.
    fn version_hint(&mut self, term: Term, other: &Term, other_span: Span, span: Span) -> Option<Term> {
        if matches!(term, Term::Version(_)) && !matches!(other, Term::Version(_)) {
            let what = self.describe_term(other);
            return self.error(
                &codes::WRONG_TYPE,
                span.to(other_span),
                format!("a version and {what} do not go together"),
                "compare a version with `v1.N`",
            );
        }
        Some(term)
    }

    /// An enum field is compared with what it can hold only.
    fn check_values(&mut self, field: &Typed, other: &Typed, span: Span) -> Option<()> {
        if field.values.is_empty() {
            return Some(());
        }
        let texts: Vec<&String> = match &other.value {
            Value::Const(Const::String(text)) => vec![text],
            Value::Const(Const::List(items)) => {
                items.iter().filter_map(|item| if let Const::String(text) = item { Some(text) } else { None }).collect()
            }
            _ => return Some(()),
        };
        for text in texts {
            if field.values.contains(&text.as_str()) || (text.is_empty() && !matches!(field.value, Value::Field { .. })) {
                continue;
            }
            let path = field.path.map_or("the field", |path| self.text(path)).to_owned();
            let help = match nearest(text, field.values.iter().copied()) {
                Some(near) => format!("did you mean `\"{near}\"`?"),
                None => {
                    format!("it is one of {}", field.values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(", "))
                }
            };
            return self.error(&codes::IMPOSSIBLE_VALUE, span, format!("`{path}` is never `\"{text}\"`"), help);
        }
        Some(())
    }

    fn order(&mut self, op: Order, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        if let (Term::Version(a), Term::Version(b)) = (&left, &right) {
            let holds = match op {
                Order::Eq => a == b,
                Order::Lt => a < b,
                Order::Le => a <= b,
                Order::Gt => a > b,
                Order::Ge => a >= b,
            };
            return Some(Cond::Const(holds));
        }
        let left = self.version_hint(left, &right, r, l)?;
        let right = self.version_hint(right, &left, l, r)?;
        let a = self.operand(left, l)?;
        let b = self.operand(right, r)?;
        for (typed, span) in [(&a, l), (&b, r)] {
            if matches!(typed.ty, Ty::Int | Ty::Quantity) || fold::is_absent(&typed.value) {
                continue;
            }
            let text = self.text(span);
            let help = match typed.ty {
                Ty::IntOrString => format!("say which kind you mean: `asInt({text})` or `percent({text})`"),
                Ty::String => format!("read the text as a number: `quantity({text})`"),
                Ty::List(_) => format!("compare its length: `count({text})`"),
                _ => "numbers have an order, nothing else".to_owned(),
            };
            let what = describe(&typed.ty);
            return self.error(&codes::WRONG_TYPE, span, format!("`{text}` is {what}, which has no order"), help);
        }
        let (a, b, ty) = self.unify(a, l, b, r)?;
        Some(fold::compare(op, a, b, ty))
    }

    fn is_in(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        if let Term::Val(Typed { ty: Ty::Map(_) | Ty::Record(_), .. }) = &right {
            let map = self.text(r);
            let key = self.text(l);
            return self.error(
                &codes::WRONG_TYPE,
                r,
                format!("`in` looks into lists, and `{map}` is a map"),
                format!("ask for the key: `exists {map}[{key}]`"),
            );
        }
        let item = self.operand(left, l)?;
        let list = self.operand(right, r)?;
        let Ty::List(element) = &list.ty else {
            if fold::is_absent(&list.value) {
                return Some(Cond::Const(false));
            }
            let what = describe(&list.ty);
            return self.error(
                &codes::WRONG_TYPE,
                r,
                format!("`in` looks into lists, and `{}` is {what}", self.text(r)),
                "put a list to the right of `in`",
            );
        };
        let element = (**element).clone();
        self.check_values(&item, &list, r)?;
        if let Value::Const(Const::List(items)) = &list.value
            && items.is_empty()
        {
            return Some(Cond::Const(false));
        }
        let Some(ty) = join(&item.ty, &element) else {
            let (one, other) = (describe(&item.ty), describe(&list.ty));
            return self.error(&codes::WRONG_TYPE, l.to(r), format!("{one} is never in {other}"), "both sides have to be of one type");
        };
        if ty == Ty::Quantity {
            let Value::Const(Const::List(items)) = list.value else {
                return self.error(
                    &codes::WRONG_TYPE,
                    r,
                    "quantities can be looked up in constant lists only",
                    "say `any x in ...: x == ...`",
                );
            };
            let items = items
                .into_iter()
                .map(|item| match item {
                    Const::Int(n) => Quantity::from_units(n).map_or(Const::Int(n), Const::Quantity),
                    other => other,
                })
                .collect();
            let item = self.number(item, l)?;
            return Some(fold::is_in(item, Value::Const(Const::List(items)), ty));
        }
        Some(fold::is_in(item.value, list.value, ty))
    }

    fn like(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        let Some(Const::String(pattern)) = const_of(&right) else {
            if let Some(Const::List(_)) = const_of(&right) {
                return self.error(
                    &codes::WRONG_TYPE,
                    r,
                    "`like` takes one pattern, not a list",
                    format!("say `any p in {}: {} like p`", self.text(r), self.text(l)),
                );
            }
            return self.error(
                &codes::NOT_CONSTANT,
                r,
                "the pattern of `like` is not known when compiling",
                "use a literal or a param; of a list of patterns say `any p in patterns: x like p`",
            );
        };
        let pattern = pattern.clone();
        let text = self.string_operand(left, l, "like")?;
        let of_image = matches!(&text.value, Value::Field { name, .. } if name == "image");
        if of_image && !image_pattern_is_safe(&pattern) {
            return self.error(
                &codes::BAD_PATTERN,
                r,
                format!("in the image pattern `\"{pattern}\"` a `*` before the first `/` could stand for any registry"),
                "name the registry: `\"docker.io/library/nginx:*\"`, `\"registry.example.com/*\"`",
            );
        }
        Some(fold::like(text.value, Glob::new(&pattern)))
    }

    pub fn string_operand(&mut self, term: Term, span: Span, what: &str) -> Option<Typed> {
        let typed = self.operand(term, span)?;
        if typed.ty == Ty::String || fold::is_absent(&typed.value) {
            return Some(typed);
        }
        let help = match typed.ty {
            Ty::IntOrString => format!("take its text: `asName({})`", self.text(span)),
            Ty::List(_) => format!("say `any x in {}: ...`", self.text(span)),
            _ => "only text can be looked at like this".to_owned(),
        };
        let is = describe(&typed.ty);
        self.error(&codes::WRONG_TYPE, span, format!("`{what}` needs a string, and `{}` is {is}", self.text(span)), help)
    }

    fn matches(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        let Term::Regex(pattern) = right else {
            let what = self.describe_term(&right);
            return self.error(
                &codes::WRONG_TYPE,
                r,
                format!("`matches` needs a regular expression, not {what}"),
                "write it between slashes: `/[a-z]+/`",
            );
        };
        let text = self.string_operand(left, l, "matches")?;
        if fold::is_absent(&text.value) {
            return Some(Cond::Const(false));
        }
        Some(Cond::Matches(text.value, pattern))
    }

    fn contains(&mut self, left: Term, l: Span, right: Term, r: Span) -> Option<Cond> {
        if matches!(left, Term::Seq(_) | Term::Star(_) | Term::Val(Typed { ty: Ty::List(_), .. })) {
            return self.is_in(right, r, left, l);
        }
        let text = self.string_operand(left, l, "contains")?;
        let part = self.string_operand(right, r, "contains")?;
        Some(fold::contains(text.value, part.value))
    }

    /// The constant list of a value's items, or the value of a list that comes from several places.
    pub fn list_value(&mut self, parts: &[Part], span: Span) -> Option<Typed> {
        if let [Part::Lists { lists, sidecars: false, guard: Cond::Const(true) }] = parts
            && let [list] = lists.as_slice()
        {
            let mut typed = Typed::new(list.value.clone(), Ty::List(Box::new(list.ty.clone())));
            typed.values = list.values;
            typed.flavour = list.flavour.clone();
            return Some(typed);
        }
        let (items, ty) = self.items(parts, span)?;
        let constants: Option<Vec<Const>> =
            items.iter().map(|item| if let Item::One(Value::Const(value)) = item { Some(value.clone()) } else { None }).collect();
        if let Some(constants) = constants {
            return Some(Typed::new(Value::Const(Const::List(constants)), Ty::List(Box::new(ty))));
        }
        Some(Typed::new(Value::List(items), Ty::List(Box::new(ty))))
    }
}

/// A constant term.
pub(super) fn constant(value: Const) -> Term {
    Term::Val(Typed { required: true, ..Typed::constant(value) })
}

/// The constant that a term is.
pub(super) fn const_of(term: &Term) -> Option<&Const> {
    match term {
        Term::Val(Typed { value: Value::Const(value), .. }) => Some(value),
        _ => None,
    }
}

fn guard_is_never(guard: &Cond) -> bool {
    matches!(guard, Cond::Const(false))
}

/// `v1.N`, or `latest`; versions newer than the newest known count as that, as Pod Security does.
pub(super) fn minor_of(text: &str) -> Option<u32> {
    if text == "latest" {
        return Some(NEWEST_MINOR);
    }
    let digits = text.strip_prefix("v1.")?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse::<u32>().map_or(NEWEST_MINOR, |minor| minor.min(NEWEST_MINOR)))
}

/// Whether no `*` stands before the first `/`.
fn image_pattern_is_safe(pattern: &str) -> bool {
    match (pattern.find('*'), pattern.find('/')) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(star), Some(slash)) => slash < star,
    }
}
