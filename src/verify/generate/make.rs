//! Writes into an object what makes a condition true or false: a guess in each step, right most of the time. Whoever judges the object says what came of it.

use super::beside;
use super::places::{BESIDE, NAMESPACE, Place, REQUEST, Shape, Step, fits, index, key, keys, length, read, remove};
use super::random::Random;
use super::values::{
    DURATIONS, HOSTILE, IMAGES, around, fitting, images_at, images_digested, images_named, images_with_tag, matching, spell,
};
use crate::ir::{Aggregate, Check, Cond, Const, Elements, Function, Item, Order, Quantity, Root, Rule, Slot, Source, Stmt, Ty, Value};
use crate::object::name::is_dns_label;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What a slot stands for while an object is made.
#[derive(Debug, Clone)]
enum Bound {
    At(Place),
    Key(String),
}

/// An object in the making.
pub struct Maker<'a> {
    shape: Shape<'a>,
    random: &'a mut Random,
    object: Json,
    bound: BTreeMap<Slot, Bound>,
    fuel: u32,
}

impl<'a> Maker<'a> {
    /// Starts from an object.
    pub fn new(shape: Shape<'a>, random: &'a mut Random, object: Json) -> Self {
        Maker { shape, random, object, bound: BTreeMap::new(), fuel: 4_000 }
    }

    /// The object.
    pub fn finish(self) -> Json {
        self.object
    }

    /// Tries to make the rule apply, and pass or fail.
    pub fn rule(&mut self, rule: &Rule, pass: bool) {
        for _ in 0..3 {
            self.cond(&rule.applies, true);
            if pass {
                self.pass(&rule.body);
            } else {
                self.pass_some(&rule.body);
                self.fail(&rule.body);
            }
        }
        self.cond(&rule.applies, true);
    }

    /// Tries to make the rule not apply.
    pub fn skip(&mut self, rule: &Rule) {
        self.cond(&rule.applies, false);
    }

    // Now and then everything else is in order, so that only one thing is wrong.
    fn pass_some(&mut self, stmts: &[Stmt]) {
        if self.random.one_in(2) {
            self.pass(stmts);
        }
    }

    fn pass(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::For { source, body } => {
                    for (place, map_key) in self.elements(source) {
                        self.bind(source, place, map_key);
                        self.pass(body);
                    }
                }
                Stmt::If { condition, then, otherwise } => {
                    let first = self.random.one_in(2);
                    self.cond(condition, first);
                    self.pass(if first { then } else { otherwise });
                }
                Stmt::Check(Check { fails, .. }) => self.cond(fails, false),
                Stmt::Unique { source, keys, .. } => {
                    for (place, map_key) in self.elements(source) {
                        self.bind(source, place, map_key);
                        let number = self.random.below(10_000);
                        if let Some(value) = keys.first() {
                            self.assign(value, distinct(value, number));
                        }
                    }
                }
            }
        }
    }

    fn fail(&mut self, stmts: &[Stmt]) {
        let chosen = self.random.below(stmts.len());
        match stmts.get(chosen) {
            Some(Stmt::For { source, body }) => {
                self.enter(source);
                self.fail(body);
            }
            Some(Stmt::If { condition, then, otherwise }) => {
                let first = otherwise.is_empty() || (!then.is_empty() && self.random.one_in(2));
                self.cond(condition, first);
                self.fail(if first { then } else { otherwise });
            }
            Some(Stmt::Check(check)) => self.cond(&check.fails, true),
            Some(Stmt::Unique { source, keys, .. }) => {
                let Some(first) = self.element(source, false) else { return };
                let Some(second) = self.element(source, true) else { return };
                for value in keys {
                    self.bind(source, first.0.clone(), first.1.clone());
                    let held = self.peek(value);
                    let held = held.unwrap_or_else(|| distinct(value, 1));
                    self.assign(value, held.clone());
                    self.bind(source, second.0.clone(), second.1.clone());
                    self.assign(value, held);
                }
            }
            None => {}
        }
    }

    fn bind(&mut self, source: &Source, place: Place, map_key: Option<String>) {
        self.bound.insert(source.slot, Bound::At(place));
        if let (Some(slot), Some(name)) = (source.key, map_key) {
            self.bound.insert(slot, Bound::Key(name));
        }
    }

    // Every element that is there.
    fn elements(&mut self, source: &Source) -> Vec<(Place, Option<String>)> {
        match &source.of {
            Elements::Cluster(kinds) => {
                let lists: Vec<Place> = kinds.iter().map(beside::place).collect();
                let elements =
                    |list: &Place| (0..length(&self.object, list)).map(|position| (index(list, position), None)).collect::<Vec<_>>();
                lists.iter().flat_map(elements).collect()
            }
            Elements::Lists(lists) => lists.iter().flat_map(|list| self.list_elements(list)).map(|place| (place, None)).collect(),
            Elements::Map(map) => {
                let Some(place) = self.place(map) else { return Vec::new() };
                keys(&self.object, &place).into_iter().map(|name| (key(&place, &name), Some(name))).collect()
            }
        }
    }

    fn list_elements(&mut self, list: &Value) -> Vec<Place> {
        match list {
            Value::List(items) => items.iter().flat_map(|item| self.item_elements(item)).collect(),
            Value::Coalesce(values) => values.iter().flat_map(|value| self.list_elements(value)).collect(),
            Value::If(_, then, otherwise) => {
                let mut all = self.list_elements(then);
                all.extend(self.list_elements(otherwise));
                all
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Truth(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let Some(place) = self.place(list) else { return Vec::new() };
                (0..length(&self.object, &place)).map(|position| index(&place, position)).collect()
            }
        }
    }

    fn item_elements(&mut self, item: &Item) -> Vec<Place> {
        match item {
            Item::One(value) => self.place(value).into_iter().collect(),
            Item::Spread(value) => self.list_elements(value),
            Item::Each(source, items) => {
                let mut all = Vec::new();
                for (place, map_key) in self.elements(source) {
                    self.bind(source, place, map_key);
                    for item in items {
                        all.extend(self.item_elements(item));
                    }
                }
                all
            }
        }
    }

    // One element, an old one or a new one.
    fn element(&mut self, source: &Source, fresh: bool) -> Option<(Place, Option<String>)> {
        let there = self.elements(source);
        if !fresh && !there.is_empty() && !self.random.one_in(4) {
            return self.random.pick(&there).cloned();
        }
        match &source.of {
            Elements::Cluster(kinds) => {
                let list = beside::place(self.random.pick(kinds)?);
                let at = index(&list, length(&self.object, &list));
                self.shape.ensure(&mut self.object, &at);
                Some((at, None))
            }
            Elements::Lists(lists) => {
                let list = self.random.pick(lists)?;
                self.grow(list).map(|place| (place, None)).or_else(|| there.into_iter().next())
            }
            Elements::Map(map) => {
                let place = self.place(map)?;
                self.shape.ensure(&mut self.object, &place);
                let mut name = ["app", "tier", "example.com/x", "ключ", "k"].get(self.random.below(5)).copied().unwrap_or("k").to_owned();
                if fresh {
                    name.push_str(&self.random.below(100).to_string());
                }
                let entry = key(&place, &name);
                self.shape.ensure(&mut self.object, &entry);
                Some((entry, Some(name)))
            }
        }
    }

    // Adds an element to a list.
    fn grow(&mut self, list: &Value) -> Option<Place> {
        match list {
            Value::List(items) => {
                let item = self.random.pick(items)?;
                self.grow_item(item)
            }
            Value::Coalesce(values) => self.grow(values.first()?),
            Value::If(cond, then, otherwise) => {
                let first = self.random.one_in(2);
                self.cond(cond, first);
                self.grow(if first { then } else { otherwise })
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Truth(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let place = self.place(list)?;
                let at = index(&place, length(&self.object, &place));
                self.shape.ensure(&mut self.object, &at);
                Some(at)
            }
        }
    }

    fn grow_item(&mut self, item: &Item) -> Option<Place> {
        match item {
            Item::One(value) => {
                let place = self.place(value)?;
                self.shape.ensure(&mut self.object, &place);
                Some(place)
            }
            Item::Spread(value) => self.grow(value),
            Item::Each(source, items) => {
                self.enter(source);
                let inner = self.random.pick(items)?;
                self.grow_item(inner)
            }
        }
    }

    // Sees to it that the source has an element that counts, and binds it.
    fn enter(&mut self, source: &Source) -> bool {
        let Some((place, map_key)) = self.element(source, false) else { return false };
        self.shape.ensure(&mut self.object, &place);
        self.bind(source, place, map_key);
        if let Some(filter) = &source.filter {
            self.cond(filter, true);
        }
        true
    }

    /// Tries to make a condition true or false.
    fn cond(&mut self, cond: &Cond, want: bool) {
        if self.fuel == 0 {
            return;
        }
        self.fuel -= 1;
        match cond {
            Cond::Const(_) | Cond::KindIs(_) => {}
            Cond::Not(inner) => self.cond(inner, !want),
            Cond::And(all) => self.several(all, want, true),
            Cond::Or(all) => self.several(all, want, false),
            Cond::Exists(value) => {
                if want {
                    if self.peek(value).is_none_or(|held| is_empty(&held)) {
                        self.fill(value);
                    }
                } else {
                    self.unset(value);
                }
            }
            Cond::True(value) => {
                if !want && self.random.one_in(2) {
                    self.unset(value);
                } else {
                    self.assign(value, json!(want));
                }
            }
            Cond::Compare { op, left, right, ty } => self.compare(*op, left, right, ty, want),
            Cond::In { item, list, ty: _ } => self.membership(item, list, want),
            Cond::Like(value, glob) => {
                let text = if want { fitting(glob, self.random) } else { self.stranger() };
                self.assign(value, json!(text));
            }
            Cond::Matches(value, pattern) => {
                let text = if want { matching(&pattern.source, self.random).unwrap_or_default() } else { self.stranger() };
                self.assign(value, json!(text));
            }
            Cond::Contains(whole, part) => {
                let inner = self.peek(part).and_then(|held| held.as_str().map(str::to_owned)).unwrap_or_default();
                let text = if want { format!("a{inner}b") } else { self.stranger() };
                self.assign(whole, json!(text));
            }
            Cond::Any(source, body) => self.quantified(source, body, want, true),
            Cond::All(source, body) => self.quantified(source, body, !want, false),
            Cond::Selects { selector, map, labels } => {
                let value = if want { "x" } else { "y" };
                let selects = if *map { json!({"app": "x"}) } else { json!({"matchLabels": {"app": "x"}}) };
                self.assign(selector, selects);
                if !want && self.random.one_in(3) {
                    self.unset(labels);
                } else {
                    self.assign(labels, json!({"app": value}));
                }
            }
            Cond::IsImage(value) => {
                let image = if want { "registry.example.com/app:1" } else { "Upper/Case:1" };
                self.assign(value, json!(image));
            }
        }
    }

    // All of them for a true `and`, one of them for a false one; the other way round for `or`.
    fn several(&mut self, all: &[Cond], want: bool, and: bool) {
        if want == and {
            for cond in all {
                self.cond(cond, want);
            }
        } else if let Some(cond) = self.random.pick(all) {
            self.cond(cond, want);
        }
    }

    // An element for which the body is as `positive` says, or none.
    fn quantified(&mut self, source: &Source, body: &Cond, want: bool, positive: bool) {
        if want {
            if self.enter(source) {
                self.cond(body, positive);
            }
            return;
        }
        for (place, map_key) in self.elements(source) {
            self.bind(source, place.clone(), map_key);
            match &source.filter {
                Some(filter) if self.random.one_in(3) => self.cond(filter, false),
                _ => self.cond(body, !positive),
            }
        }
    }

    fn stranger(&mut self) -> String {
        let plain = ["other", "evil.com/x:latest", "Other", "z", "q q"];
        let chosen = if self.random.one_in(2) { self.random.pick(HOSTILE) } else { self.random.pick(&plain) };
        chosen.map_or_else(String::new, |text| (*text).to_owned())
    }

    fn compare(&mut self, op: Order, left: &Value, right: &Value, ty: &Ty, want: bool) {
        // The side that can be written is; the other one is read.
        let (target, other, op) =
            if can_assign(left) && !(can_assign(right) && self.random.one_in(3)) { (left, right, op) } else { (right, left, flip(op)) };
        let held = self.peek(other);
        let Some(held) = held else {
            if want {
                self.fill(other);
                if let Some(held) = self.peek(other) {
                    self.assign(target, held);
                }
            }
            return;
        };
        if !want && self.random.one_in(4) {
            self.unset(target);
            return;
        }
        let value = match (ty, number(&held, ty)) {
            (Ty::Int | Ty::Quantity | Ty::IntOrString, Some(milli)) => {
                let unit = if *ty == Ty::Quantity { 1 } else { 1000 };
                let step = unit * i128::try_from(1 + self.random.below(3)).unwrap_or(1);
                let near = match (op, want) {
                    (Order::Eq, true) => milli,
                    (Order::Eq, false) if self.random.one_in(2) => milli - step,
                    (Order::Eq, false) | (Order::Gt, true) | (Order::Le, false) => milli + step,
                    (Order::Lt, true) | (Order::Ge, false) => milli - step,
                    (Order::Le, true) | (Order::Gt, false) => milli - step + unit,
                    (Order::Ge, true) | (Order::Lt, false) => milli + step - unit,
                };
                if *ty == Ty::Quantity {
                    json!(spell(near))
                } else {
                    i64::try_from(near / 1000).map_or_else(|_| json!(0), |whole| json!(whole))
                }
            }
            _ if want => held,
            _ => match held {
                Json::Bool(value) => json!(!value),
                Json::String(_) => json!(self.stranger()),
                Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => Json::Null,
            },
        };
        self.assign(target, value);
    }

    fn membership(&mut self, item: &Value, list: &Value, want: bool) {
        let mut members: Vec<Json> =
            if let Value::Const(Const::List(items)) = list { items.iter().map(Const::to_json).collect() } else { Vec::new() };
        if let Value::List(items) = list {
            members.extend(
                items.iter().filter_map(|item| if let Item::One(Value::Const(constant)) = item { Some(constant.to_json()) } else { None }),
            );
        }
        if members.is_empty() {
            members = self.present(list);
        }
        let constant = matches!(item, Value::Const(_)) || !can_assign(item);
        if constant {
            let Some(held) = self.peek(item) else { return };
            if matches!(list, Value::Call(Function::Split, _)) {
                self.assign(list, if want { json!(["a", held, "b"]) } else { json!(["a"]) });
            } else if want {
                if let Some(place) = self.grow(list) {
                    self.shape.put(&mut self.object, &place, held);
                }
            } else {
                for place in self.list_elements(list).into_iter().rev() {
                    if read(&self.object, &place) == Some(&held) {
                        remove(&mut self.object, &place);
                    }
                }
            }
        } else if want {
            match self.random.pick(&members).cloned() {
                Some(member) => self.assign(item, member),
                None => {
                    self.fill(item);
                    if let (Some(held), Some(place)) = (self.peek(item), self.grow(list)) {
                        self.shape.put(&mut self.object, &place, held);
                    }
                }
            }
        } else if self.random.one_in(3) {
            self.unset(item);
        } else {
            let text = self.stranger();
            let near = self.random.pick(&members).cloned().map(|member| match member {
                Json::String(member) => json!(format!("{member}x")),
                Json::Number(number) => json!(number.as_i64().unwrap_or(0).saturating_add(1000)),
                Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => json!(text),
            });
            self.assign(item, near.unwrap_or_else(|| json!(text)));
        }
    }

    fn present(&mut self, list: &Value) -> Vec<Json> {
        self.list_elements(list).iter().filter_map(|place| read(&self.object, place)).filter(|held| !held.is_null()).cloned().collect()
    }

    // Where a value is written, if it is a path.
    fn place(&mut self, value: &Value) -> Option<Place> {
        match value {
            Value::Root(Root::Object) => Some(Place::new()),
            Value::Root(Root::Pod) => Some(self.shape.kind().pod?.segments().iter().map(|name| Step::Key((*name).to_owned())).collect()),
            Value::Var(slot) => match self.bound.get(slot) {
                Some(Bound::At(place)) => Some(place.clone()),
                Some(Bound::Key(_)) | None => None,
            },
            Value::Field { of, name, .. } => self.place(of).map(|place| key(&place, name)),
            Value::Entry { of, key: name, .. } => {
                let name = self.peek(name)?;
                let place = self.place(of)?;
                name.as_str().map(|name| key(&place, name))
            }
            Value::Coalesce(values) => {
                let chosen = self.random.pick(values)?;
                self.place(chosen)
            }
            Value::If(_, then, otherwise) => self.place(then).or_else(|| self.place(otherwise)),
            Value::Call(Function::Quantity | Function::AsInt | Function::AsName | Function::Lower | Function::Upper, arguments) => {
                self.place(arguments.first()?)
            }
            Value::Root(Root::NamespaceObject) => Some(vec![Step::Key(NAMESPACE.to_owned())]),
            Value::Root(Root::Request) => Some(vec![Step::Key(REQUEST.to_owned())]),
            Value::Root(Root::OldObject)
            | Value::Const(_)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        }
    }

    // What a value is, roughly: enough to write something next to it.
    fn peek(&mut self, value: &Value) -> Option<Json> {
        match value {
            Value::Const(constant) => Some(constant.to_json()),
            Value::Var(slot) => match self.bound.get(slot) {
                Some(Bound::Key(name)) => Some(json!(name)),
                Some(Bound::At(place)) => read(&self.object, place).cloned(),
                None => None,
            },
            Value::Field { default, .. } | Value::Entry { default, .. } => {
                let place = self.place(value);
                let held = place.and_then(|place| read(&self.object, &place).cloned()).filter(|held| !held.is_null());
                held.or_else(|| default.as_ref().and_then(|default| self.peek(default)))
            }
            Value::Coalesce(values) => values.iter().find_map(|value| self.peek(value)),
            Value::Truth(_) => None,
            Value::Call(_, arguments) => arguments.first().and_then(|first| self.peek(first)),
            Value::If(_, then, otherwise) => self.peek(then).or_else(|| self.peek(otherwise)),
            Value::Concat(values) => {
                let mut text = String::new();
                for value in values {
                    text.push_str(self.peek(value)?.as_str()?);
                }
                Some(json!(text))
            }
            Value::Arithmetic { minus, left, right, ty } => {
                let (left, right) = (self.peek(left)?, self.peek(right)?);
                let (left, right) = (number(&left, ty)?, number(&right, ty)?);
                let sum = if *minus { left - right } else { left + right };
                Some(if *ty == Ty::Quantity { json!(spell(sum)) } else { json!(i64::try_from(sum / 1000).ok()?) })
            }
            Value::Aggregate { op: Aggregate::Count, items, .. } => {
                let count: usize = items.iter().map(|item| self.item_elements(item).len()).sum();
                Some(json!(count))
            }
            Value::Root(_) | Value::List(_) | Value::Aggregate { .. } => {
                self.place(value).and_then(|place| read(&self.object, &place).cloned())
            }
        }
    }

    fn unset(&mut self, value: &Value) {
        match value {
            Value::Coalesce(values) => values.iter().for_each(|value| self.unset(value)),
            Value::If(_, then, otherwise) => {
                self.unset(then);
                self.unset(otherwise);
            }
            Value::Call(Function::AsInt, arguments) => arguments.iter().for_each(|value| self.assign(value, json!("name"))),
            Value::Call(Function::AsName, arguments) => arguments.iter().for_each(|value| self.assign(value, json!(1))),
            Value::Call(Function::ImageDigest, arguments) => {
                arguments.iter().for_each(|value| self.assign(value, json!("registry.example.com/app:1")))
            }
            Value::Call(Function::ImageTag, arguments) => arguments.iter().for_each(|value| {
                if let Some(image) = IMAGES.iter().find(|image| image.contains('@')) {
                    self.assign(value, json!(image));
                }
            }),
            Value::Call(Function::EffectiveRequest, _) | Value::Truth(_) | Value::List(_) => {}
            Value::Call(_, arguments) | Value::Concat(arguments) => {
                if let Some(first) = arguments.first() {
                    self.unset(first);
                }
            }
            Value::Arithmetic { left, right, .. } => {
                let chosen = if self.random.one_in(2) { left } else { right };
                self.unset(chosen);
            }
            Value::Aggregate { items, .. } => self.shrink(items, 0),
            Value::Const(_) | Value::Root(_) => {}
            Value::Var(_) | Value::Field { .. } | Value::Entry { .. } => {
                let Some(place) = self.place(value) else { return };
                if is_name(&place) {
                    return;
                }
                if self.random.one_in(3) {
                    if read(&self.object, &place).is_some() {
                        self.shape.put(&mut self.object, &place, Json::Null);
                    }
                } else {
                    remove(&mut self.object, &place);
                }
            }
        }
    }

    // Something, whatever it is.
    fn fill(&mut self, value: &Value) {
        match value {
            Value::Call(Function::ImageDigest, _) => {
                if let Some(image) = IMAGES.iter().find(|image| image.contains('@')) {
                    self.assign_argument(value, json!(image));
                }
            }
            Value::Call(Function::ImageTag | Function::ImageRegistry | Function::ImageRepository, _) => {
                self.assign_argument(value, json!("registry.example.com/app:1"))
            }
            Value::Call(Function::Percent, _) => self.assign_argument(value, json!("50%")),
            Value::Call(Function::AsInt | Function::Quantity, _) => self.assign_argument(value, json!(1)),
            Value::Call(Function::Duration, _) => {
                let duration = self.random.pick(DURATIONS).map_or_else(|| json!("1s"), |text| json!(text));
                self.assign_argument(value, duration);
            }
            Value::Aggregate { items, .. } => {
                if let Some(item) = self.random.pick(items) {
                    self.grow_item(item);
                }
            }
            Value::Coalesce(values) => {
                if let Some(chosen) = self.random.pick(values) {
                    self.fill(chosen);
                }
            }
            Value::If(cond, then, otherwise) => {
                let first = self.random.one_in(2);
                self.cond(cond, first);
                self.fill(if first { then } else { otherwise });
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Truth(_)
            | Value::List(_)
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let Some(place) = self.place(value) else { return };
                let mut least = match self.shape.enumeration(&place) {
                    [] => self.shape.least(&place),
                    some => self.random.pick(some).map_or(Json::Null, |value| json!(value)),
                };
                if least == json!([]) {
                    least = json!([self.shape.least(&index(&place, 0))]);
                } else if least == json!({}) && matches!(self.shape.ty(&place), Some(crate::schema::FieldType::Map(_))) {
                    least = json!({"app": self.shape.least(&key(&place, "app"))});
                } else if least == json!(false) {
                    least = json!(true);
                }
                self.write(&place, least);
            }
        }
    }

    fn assign_argument(&mut self, call: &Value, written: Json) {
        if let Value::Call(_, arguments) = call
            && let Some(first) = arguments.first()
        {
            self.assign(first, written);
        }
    }

    fn write(&mut self, place: &[Step], value: Json) {
        if is_name(place) && !is_dns_name(&value) || !self.shape.ty(place).is_some_and(|ty| fits(&ty, &value)) {
            return;
        }
        if value.is_null() {
            remove(&mut self.object, place);
        } else {
            self.shape.put(&mut self.object, place, value);
        }
    }

    // Writes what makes a value this one.
    fn assign(&mut self, value: &Value, wanted: Json) {
        if self.fuel == 0 {
            return;
        }
        self.fuel -= 1;
        match value {
            Value::Const(_) | Value::Root(_) => {}
            Value::Field { .. } | Value::Entry { .. } => {
                if let Some(place) = self.place(value) {
                    self.write(&place, wanted);
                }
            }
            Value::Var(slot) => match self.bound.get(slot).cloned() {
                Some(Bound::At(place)) => self.write(&place, wanted),
                Some(Bound::Key(old)) => self.rename(*slot, &old, &wanted),
                None => {}
            },
            Value::Coalesce(values) => {
                let chosen = self.random.below(values.len());
                for (position, alternative) in values.iter().enumerate() {
                    if position < chosen {
                        self.unset(alternative);
                    }
                }
                if let Some(alternative) = values.get(chosen) {
                    self.assign(alternative, wanted);
                }
            }
            Value::If(cond, then, otherwise) => {
                let first = self.random.one_in(2);
                self.cond(cond, first);
                self.assign(if first { then } else { otherwise }, wanted);
            }
            Value::Truth(cond) => self.cond(cond, wanted == json!(true)),
            Value::List(items) => {
                if let (Some(item), Json::Array(wanted)) = (items.first(), wanted) {
                    for element in wanted {
                        if let Some(place) = self.grow_item(item) {
                            self.write(&place, element);
                        }
                    }
                }
            }
            Value::Aggregate { op, items, ty: _ } => self.assign_aggregate(*op, items, &wanted),
            Value::Arithmetic { minus, left, right, ty } => {
                let Some(wanted) = number(&wanted, ty) else { return };
                let other = self.peek(right).and_then(|held| number(&held, ty)).unwrap_or(0);
                let rest = if *minus { wanted + other } else { wanted - other };
                let rest = if *ty == Ty::Quantity {
                    json!(spell(rest))
                } else {
                    i64::try_from(rest / 1000).map_or(Json::Null, |whole| json!(whole))
                };
                self.assign(left, rest);
            }
            Value::Concat(values) => {
                let Json::String(text) = wanted else { return };
                let mut rest = text.as_str();
                let parts: Vec<Option<String>> = values
                    .iter()
                    .map(|value| if let Value::Const(Const::String(part)) = value { Some(part.clone()) } else { None })
                    .collect();
                if let Some(Some(first)) = parts.first() {
                    rest = rest.strip_prefix(first.as_str()).unwrap_or(rest);
                }
                if let (Some(Some(last)), true) = (parts.last(), parts.len() > 1) {
                    rest = rest.strip_suffix(last.as_str()).unwrap_or(rest);
                }
                let open: Vec<&Value> = values.iter().filter(|value| !matches!(value, Value::Const(_))).collect();
                if let Some(chosen) = self.random.pick(&open) {
                    self.assign(chosen, json!(rest));
                }
            }
            Value::Call(function, arguments) => self.assign_call(*function, arguments, wanted),
        }
    }

    fn assign_call(&mut self, function: Function, arguments: &[Value], wanted: Json) {
        let Some(first) = arguments.first() else { return };
        let text = wanted.as_str().unwrap_or_default().to_owned();
        let mut one = |all: Vec<Json>, count: usize| -> Json {
            let some: Vec<Json> = all.into_iter().take(count).collect();
            self.random.pick(&some).cloned().unwrap_or(Json::Null)
        };
        let written = match function {
            Function::Quantity => {
                let spelled = Quantity::parse(&text)
                    .map(|quantity| around(&Const::Quantity(quantity)).into_iter().filter(|v| reads_as(v, quantity)).collect::<Vec<_>>());
                match spelled {
                    Some(all) if !all.is_empty() => one(all, usize::MAX),
                    _ => wanted,
                }
            }
            Function::ImageTag => one(images_with_tag(&text), 3),
            Function::ImageRegistry => one(images_at(&text), 3),
            Function::ImageRepository => one(images_named(&text), 2),
            Function::ImageDigest => one(images_digested(&text), 2),
            Function::Percent => json!(format!("{wanted}%")),
            Function::Lower => json!(if self.random.one_in(2) { text.to_ascii_uppercase() } else { text }),
            Function::Upper => json!(text.to_ascii_lowercase()),
            Function::Duration => match Quantity::parse(&text) {
                Some(quantity) => json!(format!("{}ms", quantity.milli)),
                None => wanted,
            },
            Function::Size => {
                let size = wanted.as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(0).min(2_000);
                self.resize(first, size);
                return;
            }
            Function::EffectiveRequest => {
                if let (Some(Value::Const(Const::String(resource))), Some(mut place)) =
                    (arguments.get(1), self.place(&Value::Root(Root::Pod)))
                {
                    place.extend(["spec", "containers"].map(|name| Step::Key(name.to_owned())));
                    let mut place = index(&place, 0);
                    let amount = if self.random.one_in(3) { "limits" } else { "requests" };
                    place.extend(["resources", amount, resource].map(|name| Step::Key(name.to_owned())));
                    self.write(&place, wanted);
                }
                return;
            }
            Function::IndexOf if matches!(first, Value::Const(_)) => {
                let known = self.peek(first);
                let position = wanted.as_u64().and_then(|position| usize::try_from(position).ok());
                if let (Some(known), Some(position), Some(item)) = (known, position, arguments.get(1))
                    && let Some(element) = known.get(position)
                {
                    self.assign(item, element.clone());
                }
                return;
            }
            Function::IndexOf => {
                if let Some(item) = arguments.get(1).and_then(|item| self.peek(item))
                    && let Some(place) = self.grow(first)
                {
                    self.write(&place, item);
                }
                return;
            }
            Function::Split | Function::Join => {
                let separator = arguments.get(1).and_then(|separator| self.peek(separator));
                let separator = separator.as_ref().and_then(Json::as_str).unwrap_or(",").to_owned();
                if function == Function::Split {
                    let parts: Vec<&str> =
                        wanted.as_array().map(|items| items.iter().filter_map(Json::as_str).collect()).unwrap_or_default();
                    json!(parts.join(&separator))
                } else {
                    json!([text])
                }
            }
            Function::AsInt | Function::AsName | Function::Replace => wanted,
        };
        self.assign(first, written);
    }

    fn resize(&mut self, value: &Value, size: usize) {
        let is_text = matches!(self.peek(value), Some(Json::String(_)))
            || self.place(value).is_some_and(|place| matches!(self.shape.ty(&place), Some(crate::schema::FieldType::String)));
        if is_text {
            self.assign(value, json!("é".repeat(size)));
            return;
        }
        let Some(place) = self.place(value) else { return };
        if matches!(self.shape.ty(&place), Some(crate::schema::FieldType::Map(_))) {
            let entry = self.shape.least(&key(&place, "app"));
            let map: serde_json::Map<String, Json> = (0..size.min(64)).map(|number| (format!("k{number}"), entry.clone())).collect();
            self.write(&place, Json::Object(map));
            return;
        }
        let there = length(&self.object, &place);
        for position in there..size.min(64) {
            self.shape.ensure(&mut self.object, &index(&place, position));
        }
        for position in (size..there).rev() {
            remove(&mut self.object, &index(&place, position));
        }
    }

    fn assign_aggregate(&mut self, op: Aggregate, items: &[Item], wanted: &Json) {
        match op {
            Aggregate::Count => {
                let size = wanted.as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(0).min(40);
                for _ in 0..40 {
                    let count: usize = items.iter().map(|item| self.item_elements(item).len()).sum();
                    if count >= size {
                        break;
                    }
                    let Some(item) = self.random.pick(items) else { return };
                    self.grow_item(item);
                }
                self.shrink(items, size);
            }
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => {
                // One of them decides, the others stand back.
                let Some(item) = items.first() else { return };
                if self.item_elements(item).is_empty() {
                    self.grow_item(item);
                }
                let others = if op == Aggregate::Sum { json!(0) } else { wanted.clone() };
                self.assign_items(item, wanted, &others);
            }
        }
    }

    fn assign_items(&mut self, item: &Item, first: &Json, others: &Json) {
        match item {
            Item::One(value) => self.assign(value, first.clone()),
            Item::Spread(value) => {
                for (position, place) in self.list_elements(value).into_iter().enumerate() {
                    self.write(&place, if position == 0 { first.clone() } else { others.clone() });
                }
            }
            Item::Each(source, items) => {
                let mut now = first;
                for (place, map_key) in self.elements(source) {
                    self.bind(source, place, map_key);
                    for item in items {
                        self.assign_items(item, now, others);
                        now = others;
                    }
                }
            }
        }
    }

    fn shrink(&mut self, items: &[Item], size: usize) {
        let mut places: Vec<Place> = items.iter().flat_map(|item| self.item_elements(item)).collect();
        while places.len() > size {
            let Some(place) = places.pop() else { return };
            // An element of a list goes as a whole.
            let end = place.iter().rposition(|step| matches!(step, Step::Index(_))).map_or(place.len(), |last| last + 1);
            remove(&mut self.object, place.get(..end).unwrap_or(&place));
        }
    }

    fn rename(&mut self, slot: Slot, old: &str, wanted: &Json) {
        let Some(name) = wanted.as_str() else { return };
        let entry = self.bound.values().find_map(|bound| match bound {
            Bound::At(place) if place.last() == Some(&Step::Key(old.to_owned())) => Some(place.clone()),
            Bound::At(_) | Bound::Key(_) => None,
        });
        let Some(entry) = entry else { return };
        let Some((_, parents)) = entry.split_last() else { return };
        let held = read(&self.object, &entry).cloned().unwrap_or_else(|| json!("x"));
        remove(&mut self.object, &entry);
        let moved = key(parents, name);
        self.shape.put(&mut self.object, &moved, held);
        for bound in self.bound.values_mut() {
            if matches!(bound, Bound::At(place) if *place == entry) {
                *bound = Bound::At(moved.clone());
            }
        }
        self.bound.insert(slot, Bound::Key(name.to_owned()));
    }
}

fn distinct(value: &Value, number: usize) -> Json {
    let whole = matches!(value, Value::Field { ty: Ty::Int, .. } | Value::Call(Function::AsInt, _))
        || (matches!(value, Value::Field { ty: Ty::IntOrString, .. }) && number.is_multiple_of(2));
    if whole { json!(number) } else { json!(format!("u{number}")) }
}

fn flip(op: Order) -> Order {
    match op {
        Order::Eq => Order::Eq,
        Order::Lt => Order::Gt,
        Order::Le => Order::Ge,
        Order::Gt => Order::Lt,
        Order::Ge => Order::Le,
    }
}

fn can_assign(value: &Value) -> bool {
    match value {
        Value::Const(_) | Value::Root(_) => false,
        Value::Coalesce(values) | Value::Concat(values) | Value::Call(_, values) => {
            values.iter().any(can_assign) || matches!(value, Value::Call(Function::EffectiveRequest, _))
        }
        Value::If(_, then, otherwise) => can_assign(then) || can_assign(otherwise),
        Value::Arithmetic { left, right, .. } => can_assign(left) || can_assign(right),
        Value::Var(_) | Value::Field { .. } | Value::Entry { .. } | Value::Truth(_) | Value::List(_) | Value::Aggregate { .. } => true,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
    }
}

// A number in thousandths.
fn number(value: &Json, ty: &Ty) -> Option<i128> {
    match value {
        Json::Number(number) => number.as_i64().map(|whole| i128::from(whole) * 1000),
        Json::String(text) if *ty == Ty::Quantity => Quantity::parse(text).map(|quantity| quantity.milli),
        Json::String(text) => text.trim_end_matches('%').parse::<i64>().ok().map(|whole| i128::from(whole) * 1000),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

fn reads_as(value: &Json, quantity: Quantity) -> bool {
    number(value, &Ty::Quantity) == Some(quantity.milli)
}

/// Whether this is where the object's name or namespace stands: it has to stay a DNS name.
pub fn is_name(place: &[Step]) -> bool {
    let place = match place {
        [Step::Key(first), _, _, rest @ ..] if first == BESIDE => rest,
        whole => whole,
    };
    matches!(place, [Step::Key(first), Step::Key(second)] if first == "metadata" && matches!(second.as_str(), "name" | "namespace"))
}

/// Whether the API server takes it as a name.
pub fn is_dns_name(value: &Json) -> bool {
    value.as_str().is_some_and(is_dns_label)
}
