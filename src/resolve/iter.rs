//! Going over lists and maps: loops of the IR where elements are known at run time only, unrolled where they are known.

use super::context::{Context, Mark};
use super::expr::const_of;
use super::fold;
use super::types::{EPHEMERAL, Flavour, ListPart, Part, Step, Term, Typed, describe, join};
use crate::diagnostic::Span;
use crate::diagnostic::codes::resolve as codes;
use crate::ir::walk::{self, Node};
use crate::ir::{Aggregate, Cond, Const, Elements, Item, Quantity, Source, Ty, Value};
use crate::syntax::ast::{Binder, Expr, Quantifier};

/// What is done for the elements of a list.
#[derive(Debug)]
pub(super) enum Iter<T> {
    /// For each element of the source.
    Loop(Source, Vec<Iter<T>>),
    /// Where the condition holds.
    Guard(Cond, Vec<Iter<T>>),
    /// Once.
    Leaf(T),
}

/// The names that a binder gives to an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bind<'a> {
    pub key: Option<&'a str>,
    pub name: &'a str,
    pub filter: Option<&'a Expr>,
}

impl<'a> Bind<'a> {
    pub fn new(binder: &'a Binder) -> Self {
        Bind { key: binder.key.as_ref().map(|key| key.node.as_str()), name: &binder.name.node, filter: binder.filter.as_deref() }
    }
}

type Body<'f, 'c, T> = &'f mut dyn FnMut(&mut Context<'c>, &Term) -> Option<T>;

/// True for one of the elements.
pub(super) fn any(iters: Vec<Iter<Cond>>) -> Cond {
    fold::or(iters.into_iter().map(|iter| match iter {
        Iter::Loop(source, inner) => fold::any(source, any(inner)),
        Iter::Guard(cond, inner) => fold::and([cond, any(inner)]),
        Iter::Leaf(cond) => cond,
    }))
}

/// True for all of the elements.
pub(super) fn all(iters: Vec<Iter<Cond>>) -> Cond {
    fold::and(iters.into_iter().map(|iter| match iter {
        Iter::Loop(source, inner) => fold::all(source, all(inner)),
        Iter::Guard(cond, inner) => fold::or([fold::not(cond), all(inner)]),
        Iter::Leaf(cond) => cond,
    }))
}

/// The items of a list.
pub(super) fn items(iters: Vec<Iter<Value>>, guard: &Cond) -> Vec<Item> {
    let mut list = Vec::new();
    for iter in iters {
        match iter {
            Iter::Loop(mut source, inner) => {
                let filter = fold::and([guard.clone(), source.filter.take().unwrap_or(Cond::Const(true))]);
                if matches!(filter, Cond::Const(false)) {
                    continue;
                }
                source.filter = Some(filter).filter(|filter| !matches!(filter, Cond::Const(true)));
                let inner = items(inner, &Cond::Const(true));
                if let ([Item::One(Value::Var(slot))], None, None, Elements::Lists(lists)) =
                    (inner.as_slice(), &source.filter, &source.key, &source.of)
                    && *slot == source.slot
                {
                    list.extend(lists.iter().cloned().map(Item::Spread));
                    continue;
                }
                list.push(Item::Each(Box::new(source), inner));
            }
            Iter::Guard(cond, inner) => {
                // An absent item is left out anyway.
                let needless = matches!((&cond, inner.as_slice()), (Cond::Exists(of), [Iter::Leaf(value)]) if of == value);
                let guard = if needless { guard.clone() } else { fold::and([guard.clone(), cond]) };
                list.extend(items(inner, &guard));
            }
            Iter::Leaf(value) => {
                let value = fold::if_value(guard.clone(), value, fold::absent());
                if !fold::is_absent(&value) {
                    list.push(Item::One(value));
                }
            }
        }
    }
    list
}

impl<'a> Context<'a> {
    /// What a binder goes over: the elements of a list or the entries of a map.
    pub fn over<T>(&mut self, binder: &'a Binder, body: Body<'_, 'a, T>) -> Option<Vec<Iter<T>>> {
        let term = self.expr(&binder.source);
        self.check_bindable(&binder.name)?;
        if let Some(key) = &binder.key {
            self.check_bindable(key)?;
        }
        let term = term?;
        let span = binder.source.span;
        let bind = Bind::new(binder);
        match term {
            Term::Val(Typed { value, ty: Ty::Map(element), limits, flavour, .. }) => {
                self.over_map(value, *element, limits, flavour, bind, span, body)
            }
            Term::Val(Typed { value: Value::Const(Const::Object(fields)), .. }) => self.over_fields(fields, bind, span, body),
            term => {
                let parts = self.parts(term, span)?;
                self.iterate(&parts, Some(bind), span, body)
            }
        }
    }

    fn needs_key<T>(&mut self, span: Span, name: &str) -> Option<T> {
        let map = self.text(span);
        self.error(
            &codes::WRONG_TYPE,
            span,
            format!("`{map}` is a map, which gives keys and values"),
            format!("name both: `k, {name} in {map}`"),
        )
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn over_map<T>(
        &mut self,
        map: Value,
        element: Ty,
        limits: Option<Box<Value>>,
        flavour: Flavour,
        bind: Bind<'a>,
        span: Span,
        body: Body<'_, 'a, T>,
    ) -> Option<Vec<Iter<T>>> {
        let Some(key_name) = bind.key else { return self.needs_key(span, bind.name) };
        if fold::is_absent(&map) {
            return Some(Vec::new());
        }
        let mut out = Vec::new();
        let standing_in = limits.filter(|_| !self.declared).map(|limits| (limits, map.clone()));
        self.map_loop(map, &element, &flavour, key_name, bind, None, span, body, &mut out)?;
        if let Some((limits, requests)) = standing_in {
            // In a Pod a limit is a request where none is written.
            self.map_loop(*limits, &element, &flavour, key_name, bind, Some(requests), span, body, &mut out)?;
        }
        Some(out)
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn map_loop<T>(
        &mut self,
        map: Value,
        element: &Ty,
        flavour: &Flavour,
        key_name: &str,
        bind: Bind<'a>,
        unless_in: Option<Value>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        self.charge(walk::size(Node::Value(&map)), span)?;
        let slot = self.slot();
        let key = self.slot();
        let mut source = Source { slot, key: Some(key), of: Elements::Map(map), filter: None, ty: element.clone() };
        let depth = self.scope.len();
        self.loops.push(source.clone());
        self.bind(key_name, Term::Val(Typed { required: true, ..Typed::new(Value::Var(key), Ty::String) }));
        let value = Term::Val(Typed {
            path: Some(span),
            required: true,
            flavour: flavour.clone(),
            ..Typed::new(Value::Var(slot), element.clone())
        });
        self.bind(bind.name, value.clone());
        let mark = self.mark();
        let filter = bind.filter.map_or(Some(Cond::Const(true)), |filter| self.cond(filter));
        let around = self.around.len();
        self.around.extend(filter.clone());
        let done = match &filter {
            Some(_) => body(self, &value),
            None => None,
        };
        self.around.truncate(around);
        self.scope.truncate(depth);
        self.loops.pop();
        let mut filter = filter?;
        if let Some(requests) = unless_in {
            let entry = Value::Entry { of: Box::new(requests), key: Box::new(Value::Var(key)), default: None, ty: element.clone() };
            filter = fold::and([self.is_pod(), fold::not(Cond::Exists(entry)), filter]);
        }
        let leaf = done?;
        match filter {
            Cond::Const(false) => self.forget(mark),
            filter => {
                source.filter = Some(filter).filter(|filter| !matches!(filter, Cond::Const(true)));
                out.push(Iter::Loop(source, vec![Iter::Leaf(leaf)]));
            }
        }
        Some(())
    }

    fn over_fields<T>(
        &mut self,
        mut fields: Vec<(String, Const)>,
        bind: Bind<'a>,
        span: Span,
        body: Body<'_, 'a, T>,
    ) -> Option<Vec<Iter<T>>> {
        let Some(key_name) = bind.key else { return self.needs_key(span, bind.name) };
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut out = Vec::new();
        for (key, value) in fields {
            let depth = self.scope.len();
            self.bind(key_name, super::expr::constant(Const::String(key)));
            let term = super::expr::constant(value);
            let done = self.leaf(Cond::Const(true), term, Some(bind), body, &mut out);
            self.scope.truncate(depth);
            done?;
        }
        Some(out)
    }

    /// What is done for each element of the parts.
    pub fn iterate<T>(&mut self, parts: &[Part], bind: Option<Bind<'a>>, span: Span, body: Body<'_, 'a, T>) -> Option<Vec<Iter<T>>> {
        let mut out = Vec::new();
        let keyed = bind.is_some_and(|bind| bind.key.is_some());
        let indexable = parts.iter().all(|part| matches!(part, Part::One(..)))
            || matches!(parts, [Part::Lists { lists, sidecars: false, guard: _ }] if lists.len() == 1);
        if keyed && !indexable {
            let text = self.text(span);
            return self.error(
                &codes::WRONG_TYPE,
                span,
                format!("the elements of `{text}` have no index, for they come from several places"),
                "go over one list",
            );
        }
        for (index, part) in parts.iter().enumerate() {
            let depth = self.scope.len();
            if let (Some(key), Part::One(..)) = (bind.and_then(|bind| bind.key), part) {
                let index = i64::try_from(index).unwrap_or(i64::MAX);
                self.bind(key, super::expr::constant(Const::Int(index)));
            }
            let done = self.part(part, &[], bind, span, body, &mut out);
            self.scope.truncate(depth);
            done?;
        }
        Some(out)
    }

    fn part<T>(
        &mut self,
        part: &Part,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        self.enter(span)?;
        let done = match part {
            Part::One(guard, term) => {
                self.charge(super::context::size_of(term), span)?;
                self.step(guard.clone(), (**term).clone(), steps, bind, span, body, out)
            }
            Part::Each(inner, more) => {
                let all: Vec<Step> = more.iter().chain(steps).cloned().collect();
                self.part(inner, &all, bind, span, body, out)
            }
            Part::Lists { lists, sidecars, guard } => {
                let mut inner = Vec::new();
                let done = self.lists(lists, *sidecars, steps, bind, span, body, &mut inner);
                match guard {
                    Cond::Const(true) => out.append(&mut inner),
                    Cond::Const(false) => {}
                    guard => out.push(Iter::Guard(guard.clone(), inner)),
                }
                done
            }
            Part::Cluster { kinds, ty, guard } => {
                let mut inner = Vec::new();
                let of = Elements::Cluster(kinds.clone());
                let done = self.elements(of, ty.clone(), Flavour::Other, &[], false, steps, bind, span, body, &mut inner);
                match guard {
                    Cond::Const(true) => out.append(&mut inner),
                    Cond::Const(false) => {}
                    guard => out.push(Iter::Guard(guard.clone(), inner)),
                }
                done
            }
        };
        self.leave();
        done
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn lists<T>(
        &mut self,
        lists: &[ListPart],
        sidecars: bool,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        let Some(first) = lists.first() else { return Some(()) };
        let ty = lists.iter().skip(1).try_fold(first.ty.clone(), |ty, list| join(&ty, &list.ty));
        let same = lists.iter().all(|list| flavour_of(list) == flavour_of(first));
        let mark = self.mark();
        if let Some(ty) = ty {
            let slot = self.slots;
            let flavour = if same { first.flavour.clone() } else { Flavour::Mixed(slot) };
            let values = if lists.iter().all(|list| list.values == first.values) { first.values } else { &[] };
            let at = out.len();
            let done = self.one_loop(lists, ty, flavour, values, sidecars, steps, bind, span, body, out);
            if !self.split.remove(&slot) || same {
                return done;
            }
            out.truncate(at);
        }
        // What is read has other defaults in some of the lists: one loop for each kind of container.
        self.rewind(mark);
        let mut rest = lists;
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|list| flavour_of(list) == flavour_of(first)).count().max(1);
            let (group, others) = rest.split_at(count);
            rest = others;
            self.one_loop(group, first.ty.clone(), first.flavour.clone(), first.values, sidecars, steps, bind, span, body, out)?;
        }
        Some(())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn one_loop<T>(
        &mut self,
        lists: &[ListPart],
        ty: Ty,
        flavour: Flavour,
        values: &'static [&'static str],
        sidecars: bool,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        let of: Vec<Value> = lists.iter().map(|list| list.value.clone()).collect();
        self.charge(of.iter().map(|list| walk::size(Node::Value(list))).sum(), span)?;
        self.elements(Elements::Lists(of), ty, flavour, values, sidecars, steps, bind, span, body, out)
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn elements<T>(
        &mut self,
        of: Elements,
        ty: Ty,
        flavour: Flavour,
        values: &'static [&'static str],
        sidecars: bool,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        let slot = self.slot();
        let mut source = Source { slot, key: None, of, filter: None, ty: ty.clone() };
        let depth = self.scope.len();
        if let Some(key) = bind.and_then(|bind| bind.key) {
            let key_slot = self.slot();
            source.key = Some(key_slot);
            self.bind(key, Term::Val(Typed { required: true, ..Typed::new(Value::Var(key_slot), Ty::Int) }));
        }
        self.loops.push(source.clone());
        let element = Term::Val(Typed { path: Some(span), required: true, flavour, values, ..Typed::new(Value::Var(slot), ty) });
        let mark = self.mark();
        let done = self.loop_body(&mut source, element, sidecars, steps, bind, span, body);
        self.loops.pop();
        self.scope.truncate(depth);
        let inner = done?;
        if matches!(source.filter, Some(Cond::Const(false))) {
            self.forget(mark);
            return Some(());
        }
        if !inner.is_empty() {
            out.push(Iter::Loop(source, inner));
        }
        Some(())
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn loop_body<T>(
        &mut self,
        source: &mut Source,
        element: Term,
        sidecars: bool,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
    ) -> Option<Vec<Iter<T>>> {
        let mut filter = Cond::Const(true);
        if sidecars {
            let policy = self.field(element.clone(), "restartPolicy", span, span)?;
            let always = super::expr::constant(Const::String("Always".to_owned()));
            filter = self.equal(policy, span, always, span)?;
        }
        let mut inner = Vec::new();
        if steps.is_empty() {
            if let Some(bind) = bind {
                self.bind(bind.name, element.clone());
                if let Some(condition) = bind.filter {
                    filter = fold::and([filter, self.cond(condition)?]);
                }
            }
            let around = self.around.len();
            self.around.push(filter.clone());
            let leaf = body(self, &element);
            self.around.truncate(around);
            inner.push(Iter::Leaf(leaf?));
        } else {
            self.step(Cond::Const(true), element, steps, bind, span, body, &mut inner)?;
        }
        source.filter = Some(filter).filter(|filter| !matches!(filter, Cond::Const(true)));
        Some(inner)
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one loop")]
    fn step<T>(
        &mut self,
        guard: Cond,
        term: Term,
        steps: &[Step],
        bind: Option<Bind<'a>>,
        span: Span,
        body: Body<'_, 'a, T>,
        out: &mut Vec<Iter<T>>,
    ) -> Option<()> {
        let Some((first, rest)) = steps.split_first() else { return self.leaf(guard, term, bind, body, out) };
        match first {
            Step::Field(name, at) => {
                let term = self.field(term, name, *at, *at)?;
                let guard = if rest.is_empty() { fold::and([guard, self.exists(&term, *at)?]) } else { guard };
                self.step(guard, term, rest, bind, span, body, out)
            }
            Step::SecurityContext(at) => {
                let name = self.field(term.clone(), "name", *at, *at)?;
                let name = self.operand(name, *at)?;
                let owner = fold::concat([Value::Const(Const::String("container ".to_owned())), fold::coalesce([name.value, unset()])]);
                let context = self.field(term, "securityContext", *at, *at)?;
                let guard = fold::and([guard, self.exists(&context, *at)?]);
                let context = self.operand(context, *at)?;
                let owner = Term::Val(Typed { required: true, ..Typed::new(owner, Ty::String) });
                self.step(guard, Term::Element(Box::new(context), vec![("owner", owner)]), rest, bind, span, body, out)
            }
            Step::Star(at) => {
                let parts = self.parts(term, *at)?;
                let mut inner = Vec::new();
                for part in &parts {
                    self.part(part, rest, bind, span, body, &mut inner)?;
                }
                match guard {
                    Cond::Const(true) => out.append(&mut inner),
                    Cond::Const(false) => {}
                    guard => out.push(Iter::Guard(guard, inner)),
                }
                Some(())
            }
        }
    }

    fn leaf<T>(&mut self, guard: Cond, term: Term, bind: Option<Bind<'a>>, body: Body<'_, 'a, T>, out: &mut Vec<Iter<T>>) -> Option<()> {
        let mark = self.mark();
        let depth = self.scope.len();
        let mut guard = Some(guard);
        if let Some(bind) = bind {
            self.bind(bind.name, term.clone());
            if let Some(filter) = bind.filter {
                let cond = self.cond(filter);
                guard = guard.zip(cond).map(|(guard, cond)| fold::and([guard, cond]));
            }
        }
        let around = self.around.len();
        self.around.extend(guard.clone());
        let done = guard.and_then(|guard| body(self, &term).map(|leaf| (guard, leaf)));
        self.around.truncate(around);
        self.scope.truncate(depth);
        let (guard, leaf) = done?;
        match guard {
            Cond::Const(true) => out.push(Iter::Leaf(leaf)),
            Cond::Const(false) => self.forget(mark),
            guard => out.push(Iter::Guard(guard, vec![Iter::Leaf(leaf)])),
        }
        Some(())
    }

    /// The items of a list that comes from several places, and the type of one.
    pub fn items(&mut self, parts: &[Part], span: Span) -> Option<(Vec<Item>, Ty)> {
        let mut ty: Option<Ty> = None;
        let iters = self.iterate(parts, None, span, &mut |me, term| {
            let typed = me.operand(term.clone(), span)?;
            ty = Some(me.same_type(ty.take(), &typed.ty, span)?);
            Some(typed)
        })?;
        let ty = ty.unwrap_or(Ty::Any);
        let iters = self.as_values(iters, &ty, span)?;
        Some((items(iters, &Cond::Const(true)), ty))
    }

    fn same_type(&mut self, sofar: Option<Ty>, ty: &Ty, span: Span) -> Option<Ty> {
        match sofar {
            None => Some(ty.clone()),
            Some(sofar) => match join(&sofar, ty) {
                Some(ty) => Some(ty),
                None => {
                    let (one, other) = (describe(&sofar), describe(ty));
                    self.error(
                        &codes::WRONG_TYPE,
                        span,
                        format!("a list cannot hold both {one} and {other}"),
                        "all elements of a list are of one type",
                    )
                }
            },
        }
    }

    /// The values of items, quantities as numbers.
    fn as_values(&mut self, iters: Vec<Iter<Typed>>, ty: &Ty, span: Span) -> Option<Vec<Iter<Value>>> {
        let mut out = Vec::new();
        for iter in iters {
            out.push(match iter {
                Iter::Loop(source, inner) => {
                    self.loops.push(Source { filter: None, ..source.clone() });
                    let inner = self.as_values(inner, ty, span);
                    self.loops.pop();
                    Iter::Loop(source, inner?)
                }
                Iter::Guard(cond, inner) => Iter::Guard(cond, self.as_values(inner, ty, span)?),
                Iter::Leaf(typed) if *ty == Ty::Quantity => Iter::Leaf(self.number(typed, span)?),
                Iter::Leaf(typed) => Iter::Leaf(typed.value),
            });
        }
        Some(out)
    }

    /// `any x in L where C: E` and its like.
    pub fn quantifier(&mut self, op: Quantifier, binder: &'a Binder, body: &'a Expr, span: Span) -> Option<Term> {
        match op {
            Quantifier::Any | Quantifier::All | Quantifier::No | Quantifier::Count => {
                let start = self.mark();
                let iters = self.over(binder, &mut |me, _| me.cond(body))?;
                match op {
                    Quantifier::Any => Some(self.decided(any(iters), start)),
                    Quantifier::No => Some(self.decided(fold::not(any(iters)), start)),
                    Quantifier::All => Some(self.decided(all(iters), start)),
                    Quantifier::Count | Quantifier::Sum | Quantifier::Min | Quantifier::Max => {
                        let counted = items(count_items(iters), &Cond::Const(true));
                        Some(Term::Val(Typed::new(fold::count(counted), Ty::Int)))
                    }
                }
            }
            Quantifier::Sum | Quantifier::Min | Quantifier::Max => {
                let mut ty: Option<Ty> = None;
                let iters = self.over(binder, &mut |me, _| {
                    let term = me.expr(body)?;
                    let typed = me.operand(term, body.span)?;
                    ty = Some(me.same_type(ty.take(), &typed.ty, body.span)?);
                    Some(typed)
                })?;
                let ty = ty.unwrap_or(Ty::Int);
                if !matches!(ty, Ty::Int | Ty::Quantity) {
                    let what = describe(&ty);
                    return self.error(
                        &codes::WRONG_TYPE,
                        body.span,
                        format!("`{}` is {what}, not a number", self.text(body.span)),
                        "`sum`, `min` and `max` are of numbers",
                    );
                }
                let iters = self.as_values(iters, &ty, span)?;
                let list = items(iters, &Cond::Const(true));
                Some(Term::Val(Typed::new(aggregate(op, list, ty.clone()), ty)))
            }
        }
    }

    fn decided(&mut self, cond: Cond, start: Mark) -> Term {
        if matches!(cond, Cond::Const(_)) {
            self.forget(start);
        }
        Term::Cond(cond)
    }

    /// `count(x)`, `sum(x)` ... of a list.
    pub fn aggregate_of(&mut self, op: Quantifier, term: Term, span: Span) -> Option<Term> {
        if let (Quantifier::Count, Some(Const::List(list))) = (op, const_of(&term)) {
            return Some(super::expr::constant(Const::Int(i64::try_from(list.len()).unwrap_or(i64::MAX))));
        }
        let parts = self.parts(term, span)?;
        if op == Quantifier::Count {
            let iters = self.iterate(&parts, None, span, &mut |_, _| Some(Cond::Const(true)))?;
            let counted = items(count_items(iters), &Cond::Const(true));
            return Some(Term::Val(Typed::new(fold::count(counted), Ty::Int)));
        }
        let (list, ty) = self.items(&parts, span)?;
        if !matches!(ty, Ty::Int | Ty::Quantity | Ty::Any) {
            let what = describe(&ty);
            return self.error(
                &codes::WRONG_TYPE,
                span,
                format!("the elements of `{}` are not numbers: one is {what}", self.text(span)),
                "`sum`, `min` and `max` are of numbers",
            );
        }
        let ty = if ty == Ty::Any { Ty::Int } else { ty };
        Some(Term::Val(Typed::new(aggregate(op, list, ty.clone()), ty)))
    }
}

/// The flavour of a list: regular, ephemeral, or neither.
fn flavour_of(list: &ListPart) -> u8 {
    match (&list.flavour, &list.ty) {
        (Flavour::Regular(_), _) => 1,
        (_, Ty::Struct(names)) if names.iter().any(|name| name == EPHEMERAL) => 2,
        (Flavour::Other | Flavour::Mixed(_), _) => 0,
    }
}

fn unset() -> Value {
    Value::Const(Const::String("<unset>".to_owned()))
}

// One item for each element for which the condition holds: the element itself where it is a variable, else a 1.
fn count_items(iters: Vec<Iter<Cond>>) -> Vec<Iter<Value>> {
    iters
        .into_iter()
        .map(|iter| match iter {
            Iter::Loop(mut source, inner) => {
                let mut inner = inner;
                if let [Iter::Leaf(_)] = inner.as_slice()
                    && let Some(Iter::Leaf(cond)) = inner.pop()
                {
                    let filter = fold::and([source.filter.take().unwrap_or(Cond::Const(true)), cond]);
                    source.filter = Some(filter).filter(|filter| !matches!(filter, Cond::Const(true)));
                    let element = Value::Var(source.slot);
                    return Iter::Loop(source, vec![Iter::Leaf(element)]);
                }
                Iter::Loop(source, count_items(inner))
            }
            Iter::Guard(cond, inner) => Iter::Guard(cond, count_items(inner)),
            Iter::Leaf(cond) => Iter::Guard(cond, vec![Iter::Leaf(Value::Const(Const::Int(1)))]),
        })
        .collect()
}

fn aggregate(op: Quantifier, list: Vec<Item>, ty: Ty) -> Value {
    let op = match op {
        Quantifier::Sum => Aggregate::Sum,
        Quantifier::Min => Aggregate::Min,
        Quantifier::Max => Aggregate::Max,
        Quantifier::Count | Quantifier::Any | Quantifier::All | Quantifier::No => Aggregate::Count,
    };
    let constants: Option<Vec<i128>> = list
        .iter()
        .map(|item| match item {
            Item::One(Value::Const(Const::Int(n))) => Some(i128::from(*n)),
            Item::One(Value::Const(Const::Quantity(quantity))) => Some(quantity.milli),
            _ => None,
        })
        .collect();
    let folded = constants.and_then(|numbers| match op {
        Aggregate::Sum => Some(numbers.iter().try_fold(0_i128, |sum, n| sum.checked_add(*n))),
        Aggregate::Min => numbers.iter().min().copied().map(Some),
        Aggregate::Max => numbers.iter().max().copied().map(Some),
        Aggregate::Count => None,
    });
    if let Some(Some(number)) = folded {
        let constant = match ty {
            Ty::Quantity => Quantity::from_milli(number).map(Const::Quantity),
            _ => i64::try_from(number).ok().map(Const::Int),
        };
        if let Some(constant) = constant {
            return Value::Const(constant);
        }
    }
    if list.is_empty() && matches!(op, Aggregate::Min | Aggregate::Max) {
        return fold::absent();
    }
    Value::Aggregate { op, items: list, ty }
}
