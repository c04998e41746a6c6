//! What loops go over, and lists.

use super::constants::{constant_expr, is_milli, milli_constant, singular};
use super::helper::Helper;
use super::module::{Lowered, reserved};
use super::scope::{Bound, Iteration, Scope};
use super::simplify::{is_closed, reads};
use super::tree::{Body, Expr, Step, Stmt};
use crate::ir::{Const, Elements, Item, Slot, Source, Ty, Value};

impl Scope<'_> {
    /// Binds the variables of a source to each of its elements.
    pub(super) fn iterate(&mut self, source: &Source, body: &mut Body) -> Lowered<()> {
        match &source.of {
            Elements::Lists(lists) => {
                let is_milli = source.ty == Ty::Quantity && lists.iter().all(|list| is_milli(list, &self.slots));
                let elements = self.elements(lists, source.key)?;
                let name = self.fresh(&elements.word);
                body.0.push(Stmt::Let(name.clone(), elements.each));
                body.0.push(if elements.are_present { Stmt::Used(name.clone()) } else { Stmt::Present(name.clone()) });
                self.slots.insert(source.slot, Bound { name, is_key: false, is_milli, ty: source.ty.clone() });
            }
            Elements::Cluster(kinds) => {
                let all = self.beside(kinds)?;
                if source.key.is_some() {
                    return self.unsupported("an index over several lists");
                }
                let name = self.fresh(&Self::other_word(kinds));
                body.0.push(Stmt::Let(name.clone(), all.step(Step::Each)));
                body.0.push(Stmt::Used(name.clone()));
                self.slots.insert(source.slot, Bound { name, is_key: false, is_milli: false, ty: source.ty.clone() });
            }
            Elements::Map(map) => {
                let word = singular(map);
                let map = match self.path(map)? {
                    Some(path) => path,
                    None => self.bind(map, body)?.expr,
                };
                let step = match source.key {
                    Some(slot) => {
                        let name = self.fresh("key");
                        self.slots.insert(slot, Bound { name: name.clone(), is_key: true, is_milli: false, ty: Ty::String });
                        Step::At(name)
                    }
                    None => Step::Each,
                };
                let name = self.fresh(&word);
                let entry = map.step(step);
                self.slots.insert(source.slot, Bound { name: name.clone(), is_key: false, is_milli: false, ty: source.ty.clone() });
                if source.ty != Ty::String {
                    body.0.push(Stmt::Let(name.clone(), entry));
                    body.0.push(Stmt::Present(name));
                } else if let Some(filter) = source.filter.as_ref().filter(|filter| !reads(filter, source.slot)) {
                    // What asks for the key alone need not wait for the text.
                    self.need(Helper::Label);
                    let written = self.fresh("written");
                    body.0.push(Stmt::Let(written.clone(), entry));
                    self.pos(filter, false, body)?;
                    body.0.push(Stmt::Let(name.clone(), Expr::Call("label", vec![Expr::Var(written)])));
                    body.0.push(Stmt::Used(name));
                    return Ok(());
                } else {
                    self.need(Helper::Label);
                    body.0.push(Stmt::Let(name.clone(), Expr::Call("label", vec![entry])));
                    body.0.push(Stmt::Used(name));
                }
            }
        }
        if let Some(filter) = &source.filter {
            self.pos(filter, false, body)?;
        }
        Ok(())
    }

    /// A reference that is each element of some lists in turn.
    pub(super) fn elements(&mut self, lists: &[Value], key: Option<Slot>) -> Lowered<Iteration> {
        let word = lists.first().map(singular).unwrap_or_default();
        let path = match lists {
            [only] => self.path(only)?,
            _ => None,
        };
        let (list, are_present) = match path {
            Some(path) => (path, false),
            None => (self.all(lists)?, true),
        };
        let step = match key {
            Some(slot) => {
                let index = self.fresh("index");
                self.slots.insert(slot, Bound { name: index.clone(), is_key: true, is_milli: false, ty: Ty::Int });
                Step::At(index)
            }
            None => Step::Each,
        };
        Ok(Iteration { word, each: list.step(step), are_present })
    }

    /// Lists that are fields of one struct, all in one: for the whole object in a rule of its own, which is worked out once.
    pub(super) fn fields(&mut self, lists: &[Value]) -> Lowered<Option<Expr>> {
        let mut names = Vec::new();
        let mut holder: Option<Expr> = None;
        for list in lists {
            let Value::Field { of, name, default: None, presence: _, ty: _ } = list else { return Ok(None) };
            let Some(path) = self.path(of)? else { return Ok(None) };
            if holder.as_ref().is_some_and(|holder| *holder != path) {
                return Ok(None);
            }
            holder = Some(path);
            names.push(Expr::string(name));
        }
        let (Some(holder), Some(first), true) = (holder, lists.first(), lists.len() > 1) else { return Ok(None) };
        let closed = is_closed(first);
        let taken = if closed { std::mem::replace(&mut self.taken, reserved()) } else { self.taken.clone() };
        let word = singular(first);
        let field = self.fresh("field");
        let element = self.fresh(&word);
        self.taken = taken;
        let body = Body(vec![
            Stmt::Each(field.clone(), Expr::Array(names)),
            Stmt::Let(element.clone(), holder.step(Step::Index(Expr::Var(field))).step(Step::Each)),
            Stmt::Present(element.clone()),
        ]);
        let list = Expr::Var(element).each(body);
        Ok(Some(if closed { self.module.shared_rule(&format!("{word}s"), list, Body::default()) } else { list }))
    }

    /// The elements of some lists as one list that is always there.
    pub(super) fn all(&mut self, lists: &[Value]) -> Lowered<Expr> {
        if let Some(list) = self.fields(lists)? {
            return Ok(list);
        }
        let lists = lists.iter().map(|list| self.list(list)).collect::<Lowered<Vec<_>>>()?;
        Ok(Expr::concat_lists(lists))
    }

    /// The elements of a list value, null ones left out; none where it is absent.
    pub(super) fn list(&mut self, list: &Value) -> Lowered<Expr> {
        Ok(match list {
            Value::Const(constant @ Const::List(_)) => constant_expr(constant),
            Value::List(items) => self.items(items, false)?,
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let mut body = Body::default();
                let holder = match self.path(list)? {
                    Some(path) => path,
                    None => self.bind(list, &mut body)?.expr,
                };
                let element = self.fresh("element");
                body.0.push(Stmt::Let(element.clone(), holder.step(Step::Each)));
                body.0.push(Stmt::Present(element.clone()));
                Expr::Var(element).each(body)
            }
        })
    }

    /// What items give, as a list that is always there.
    pub(super) fn items(&mut self, items: &[Item], milli: bool) -> Lowered<Expr> {
        let mut lists: Vec<Expr> = Vec::new();
        for item in items {
            match item {
                Item::One(Value::Const(constant)) => {
                    let constant = if milli { milli_constant(constant) } else { constant_expr(constant) };
                    if let Some(Expr::Array(before)) = lists.last_mut() {
                        before.push(constant);
                    } else {
                        lists.push(Expr::Array(vec![constant]));
                    }
                }
                Item::One(Value::If(condition, then, otherwise)) => {
                    for (holds, value) in [(true, then), (false, otherwise)] {
                        let mut body = Body::default();
                        self.either(condition, holds, false, &mut body)?;
                        let given = self.number(value, milli, &mut body)?;
                        self.push_list(&mut lists, given, body);
                    }
                }
                Item::One(value) => {
                    let mut body = Body::default();
                    let given = self.number(value, milli, &mut body)?;
                    self.push_list(&mut lists, given, body);
                }
                Item::Spread(list) => {
                    let all = self.list(list)?;
                    if milli && !is_milli(list, &self.slots) {
                        let element = self.fresh("element");
                        let mut body = Body(vec![Stmt::Each(element.clone(), all)]);
                        let number = self.quantity(Expr::Var(element), &mut body);
                        self.push_list(&mut lists, number, body);
                    } else {
                        lists.push(all);
                    }
                }
                Item::Each(source, inner) => {
                    let mut body = Body::default();
                    self.iterate(source, &mut body)?;
                    let head = if let [Item::One(value)] = inner.as_slice() {
                        self.number(value, milli, &mut body)?
                    } else {
                        let list = self.items(inner, milli)?;
                        let element = self.fresh("element");
                        body.0.push(Stmt::Let(element.clone(), list.step(Step::Each)));
                        Expr::Var(element)
                    };
                    self.push_list(&mut lists, head, body);
                }
            }
        }
        Ok(Expr::concat_lists(lists))
    }
}
