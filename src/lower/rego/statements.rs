//! Reads, statements and messages.

use super::bodies::never;
use super::constants::is_milli;
use super::helper::Helper;
use super::module::Lowered;
use super::scope::{Bound, NULL, Scope};
use super::tree::{Body, Expr, Operator, Scalar, Step, Stmt};
use crate::ir::{Check, Form, Message, Piece, Read, Source, Stmt as IrStmt, Ty, Value};

impl Scope<'_> {
    /// For each read a list of `cannot read` messages.
    pub(super) fn reads(&mut self, reads: &[Read]) -> Lowered<Vec<Expr>> {
        reads
            .iter()
            .map(|read| {
                // Loops of reads are apart from those of the body, and equal reads of two rules get equal names.
                let taken = self.taken.clone();
                let slots = self.slots.clone();
                let list = self.read(read);
                self.taken = taken;
                self.slots = slots;
                list
            })
            .collect()
    }

    pub(super) fn read(&mut self, read: &Read) -> Lowered<Expr> {
        let mut body = Body::default();
        for source in &read.sources {
            self.iterate(source, &mut body)?;
        }
        let given = self.bind(&read.value, &mut body)?;
        let mut readable = Body::default();
        match read.form {
            Form::Quantity => {
                let milli = self.quantity(given.expr, &mut readable);
                readable.0.push(Stmt::Holds(milli.infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
            }
            Form::Image => {
                self.need(Helper::IsImage);
                readable.0.push(Stmt::Holds(Expr::Call("is_string", vec![given.expr.clone()])));
                readable.0.push(Stmt::Holds(Expr::Call("is_image", vec![given.expr])));
            }
            Form::Duration => return self.unsupported("`duration()` of a value"),
        }
        never(readable, &mut body);
        Ok(Expr::string(format!("cannot read `{}`", read.path)).each(body.tidy(&NULL)))
    }

    /// The messages that statements give, as a list.
    pub(super) fn messages(&mut self, stmts: &[IrStmt]) -> Lowered<Expr> {
        Ok(Expr::concat_lists(self.lists_of_messages(stmts)?))
    }

    pub(super) fn lists_of_messages(&mut self, stmts: &[IrStmt]) -> Lowered<Vec<Expr>> {
        let mut lists = Vec::new();
        let taken = self.taken.clone();
        for stmt in stmts {
            // Each list is a comprehension, whose variables the next one does not see.
            self.taken.clone_from(&taken);
            if let IrStmt::If { condition, then, otherwise } = stmt {
                for (holds, branch) in [(true, then), (false, otherwise)] {
                    if branch.is_empty() {
                        continue;
                    }
                    self.taken.clone_from(&taken);
                    let mut body = Body::default();
                    self.either(condition, holds, false, &mut body)?;
                    let head = self.tail(branch, &mut body)?;
                    self.push_list(&mut lists, head, body);
                }
                continue;
            }
            let mut body = Body::default();
            let head = self.tail(std::slice::from_ref(stmt), &mut body)?;
            self.push_list(&mut lists, head, body);
        }
        self.taken = taken;
        Ok(lists)
    }

    /// Statements after which the expression is a message.
    pub(super) fn tail(&mut self, stmts: &[IrStmt], body: &mut Body) -> Lowered<Expr> {
        match stmts {
            [IrStmt::Check(Check { fails, message, subject: _, span })] => {
                self.span = *span;
                self.pos(fails, false, body)?;
                self.message(message)
            }
            [IrStmt::For { source, body: inner }] => {
                self.iterate(source, body)?;
                self.tail(inner, body)
            }
            [IrStmt::If { condition, then, otherwise }] if otherwise.is_empty() => {
                self.pos(condition, false, body)?;
                self.tail(then, body)
            }
            [IrStmt::Unique { source, keys, message, span }] => {
                self.span = *span;
                self.unique(source, keys, message, body)
            }
            _ => {
                let lists = self.lists_of_messages(stmts)?;
                let list = if lists.len() > 2 {
                    let list = self.fresh("texts");
                    body.0.push(Stmt::Each(list.clone(), Expr::Array(lists)));
                    Expr::Var(list)
                } else {
                    Expr::concat_lists(lists)
                };
                let name = self.fresh("text");
                body.0.push(Stmt::Let(name.clone(), list.step(Step::Each)));
                Ok(Expr::Var(name))
            }
        }
    }

    pub(super) fn unique(&mut self, source: &Source, keys: &[Value], message: &Message, body: &mut Body) -> Lowered<Expr> {
        let mut inner = Body::default();
        self.iterate(source, &mut inner)?;
        let mut all = Vec::new();
        for key in keys {
            let mut of = Body::default();
            let given = self.bind(key, &mut of)?;
            let given = self.comparable(given.expr, key, &mut of);
            let found = self.each(given, of);
            all.push(found);
        }
        let bound = self.bound(source.slot)?.clone();
        let mut entries = vec![("element".to_owned(), Expr::var(&bound.name)), ("keys".to_owned(), Expr::Array(all))];
        let index = source.key.map(|slot| self.bound(slot).cloned()).transpose()?;
        if let Some(index) = &index {
            entries.push(("key".to_owned(), Expr::var(&index.name)));
        }
        let elements = self.fresh("elements");
        let all = self.each(Expr::Object(entries), inner);
        body.0.push(Stmt::Let(elements.clone(), all));
        let position = self.fresh("position");
        let later = self.fresh("later");
        body.0.push(Stmt::EachAt(position.clone(), later.clone(), Expr::var(&elements)));
        let earlier = self.fresh("earlier");
        let before = Expr::Call("array.slice", vec![Expr::var(&elements), Expr::int(0), Expr::var(&position)]);
        body.0.push(Stmt::Ever(Body(vec![
            Stmt::Each(earlier.clone(), before),
            Stmt::Holds(Expr::var(&earlier).key("keys").infix(Operator::Eq, Expr::var(&later).key("keys"))),
        ])));
        // The message speaks of the later element.
        let element = self.fresh(&bound.name);
        body.0.push(Stmt::Let(element.clone(), Expr::var(&later).key("element")));
        body.0.push(Stmt::Present(element.clone()));
        self.slots.insert(source.slot, Bound { name: element, ..bound });
        if let (Some(slot), Some(index)) = (source.key, index) {
            let name = self.fresh(&index.name);
            body.0.push(Stmt::Let(name.clone(), Expr::var(&later).key("key")));
            body.0.push(Stmt::Present(name.clone()));
            self.slots.insert(slot, Bound { name, ..index });
        }
        self.message(message)
    }

    pub(super) fn message(&mut self, message: &Message) -> Lowered<Expr> {
        let mut parts: Vec<Expr> = Vec::new();
        for piece in &message.parts {
            let part = match piece {
                Piece::Text(text) => Expr::string(text),
                Piece::Value(value, ty) => self.shown(value, ty)?,
            };
            if let (Some(Expr::Scalar(Scalar::String(before))), Expr::Scalar(Scalar::String(text))) = (parts.last_mut(), &part) {
                before.push_str(text);
            } else {
                parts.push(part);
            }
        }
        Ok(match parts.as_slice() {
            [only @ Expr::Scalar(_)] => only.clone(),
            _ => Expr::Call("concat", vec![Expr::string(""), Expr::Array(parts)]),
        })
    }

    /// The text of a value, whatever it is.
    pub(super) fn shown(&mut self, value: &Value, ty: &Ty) -> Lowered<Expr> {
        let taken = self.taken.clone();
        let shown = self.shown_in_its_own_scope(value, ty);
        self.taken = taken;
        shown
    }

    pub(super) fn shown_in_its_own_scope(&mut self, value: &Value, ty: &Ty) -> Lowered<Expr> {
        let mut body = Body::default();
        let given = self.bind(value, &mut body)?;
        let certain = given.certain;
        let milli = is_milli(value, &self.slots);
        let (text, total) = self.text(given.expr, ty, milli, certain, &mut body)?;
        let body = body.tidy(&text);
        if body.0.is_empty() && total {
            return Ok(text);
        }
        self.need(Helper::Shown);
        let found = self.each(text, body);
        Ok(Expr::Call("shown", vec![found]))
    }

    /// The text of what is present, and whether it is certainly one.
    pub(super) fn text(&mut self, expr: Expr, ty: &Ty, is_milli: bool, certain: bool, body: &mut Body) -> Lowered<(Expr, bool)> {
        Ok(match ty {
            Ty::String => {
                if !certain {
                    body.0.push(Stmt::Holds(Expr::Call("is_string", vec![expr.clone()])));
                }
                (expr, certain)
            }
            Ty::Bool => (Expr::Call("json.marshal", vec![expr]), true),
            Ty::Int => {
                if !certain {
                    body.0.push(Stmt::Holds(Expr::Call("is_number", vec![expr.clone()])));
                }
                (Expr::Call("format_int", vec![expr, Expr::int(10)]), certain)
            }
            Ty::IntOrString => {
                self.need(Helper::PlainText);
                (Expr::Call("plain_text", vec![expr]), false)
            }
            Ty::Quantity => {
                let milli = if is_milli { expr } else { self.quantity(expr, body) };
                self.need(Helper::QuantityText);
                (Expr::Call("quantity_text", vec![milli]), false)
            }
            Ty::List(of) => {
                let element = self.fresh("element");
                let mut inner = Body(vec![Stmt::Let(element.clone(), expr.step(Step::Each))]);
                inner.0.push(Stmt::Present(element.clone()));
                let (text, _) = self.text(Expr::Var(element), of, is_milli, false, &mut inner)?;
                let texts = self.each(text, inner);
                (Expr::Call("concat", vec![Expr::string(", "), texts]), false)
            }
            Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => return self.unsupported("a map or struct in a message"),
        })
    }
}
