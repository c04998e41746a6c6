//! Mutations as the operations of a JSON patch that an expression gives, and generations as the objects that they bring.
//!
//! A mutation is one list, computed from the object as it is: first what is missing on the way to the places, each once, then what is put there, then what is removed. What happens to the elements of a list is
//! such a list of its own, in a projection over the elements with their indices.

use super::lower::{Bound, Lowering, Result, Scope, bound, list_of, truth};
use super::tree::{Expr, and, not, or};
use crate::ir::change::{Change, Conflict, Content, Creation, Edit, Generation, MergeKey, Mutation};
use crate::ir::{Cond, Elements, Kind, Operation, Order, PodPath, Root, Slot, Source, Value};
use crate::lower::Unsupported;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What a mutation becomes for some of its kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The kinds.
    pub kinds: Vec<Kind>,
    /// Where their Pods stand, if the mutation asks.
    pub pod: Option<PodPath>,
    /// Whether anything is done: `true`, `false` or an expression that gives one.
    pub applies: Expr,
    /// A list of the operations, whether or not `applies`.
    pub operations: Expr,
}

/// What a creation of a generation becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    /// The kinds of what brings it.
    pub kinds: Vec<Kind>,
    /// Where their Pods stand, if the generation asks.
    pub pod: Option<PodPath>,
    /// Whether it is brought: `true`, `false` or an expression that gives one.
    pub applies: Expr,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: Expr,
    /// Its namespace, where its kind lives in one.
    pub namespace: Option<Expr>,
    /// Its other fields.
    pub fields: Vec<(String, Data)>,
}

/// A part of an object that is brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// A constant, or what an expression gives: nothing where that is absent.
    Value(Expr),
    /// An object.
    Object(Vec<(String, Data)>),
    /// A list.
    List(Vec<Data>),
}

/// Lowers a mutation: once for the kinds whose Pods stand at one place.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn mutation(mutation: &Mutation) -> Result<Vec<Patch>> {
    let head = &mutation.head;
    let mut patches = Vec::new();
    for (pod, kinds) in by_pod(&head.kinds, mutation.roots().contains(&Root::Pod)) {
        let mut changes = Changes {
            lowering: Lowering { rule: head, kinds: &kinds, pod, span: head.span },
            skips: mutation.on_conflict == Conflict::Skip,
            parts: Vec::new(),
            conflicts: Vec::new(),
        };
        let applies = changes.lowering.applies()?;
        let scope = Scope::new();
        changes.body(&Place::top(), &scope, &scope, &mutation.body, &[])?;
        let conflict = or(std::mem::take(&mut changes.conflicts));
        patches.push(Patch { pod, applies: truth(and([applies, not(conflict)])), operations: changes.operations(), kinds });
    }
    Ok(patches)
}

/// Lowers a generation: each creation, once for the kinds whose Pods stand at one place.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn generation(generation: &Generation) -> Result<Vec<Brought>> {
    let head = &generation.head;
    if head.operations.contains(&Operation::Delete) {
        return Err(Unsupported::new("`on delete`", head.span));
    }
    let mut all = Vec::new();
    for creation in &generation.creates {
        for (pod, kinds) in by_pod(&head.kinds, generation.roots().contains(&Root::Pod)) {
            let lowering = Lowering { rule: head, kinds: &kinds, pod, span: head.span };
            let applies = lowering.applies()?;
            all.push(brought(&Lowering { span: creation.span, ..lowering }, applies, creation)?);
        }
    }
    Ok(all)
}

/// The kinds by where their Pods stand, if that counts.
fn by_pod(kinds: &[Kind], counts: bool) -> Vec<(Option<PodPath>, Vec<Kind>)> {
    if !counts {
        return vec![(None, kinds.to_vec())];
    }
    let mut groups: Vec<(Option<PodPath>, Vec<Kind>)> = Vec::new();
    for kind in kinds {
        match groups.iter_mut().find(|(pod, _)| *pod == kind.pod) {
            Some((_, those)) => those.push(kind.clone()),
            None => groups.push((kind.pod, vec![kind.clone()])),
        }
    }
    groups
}

fn brought(lowering: &Lowering<'_>, applies: Expr, creation: &Creation) -> Result<Brought> {
    let scope = Scope::new();
    let mut guards = vec![applies];
    let mut text = |value: &Value| {
        let val = lowering.value(&scope, value)?;
        guards.push(lowering.exists(&val));
        Ok::<Expr, Unsupported>(val.expr)
    };
    let name = text(&creation.name)?;
    let namespace = creation.namespace.as_ref().map(&mut text).transpose()?;
    let mut fields = Vec::new();
    for (name, content) in &creation.fields {
        fields.push((name.clone(), data(lowering, &scope, content, false)?));
    }
    Ok(Brought {
        kinds: lowering.kinds.to_vec(),
        pod: lowering.pod,
        applies: truth(and(guards)),
        kind: creation.kind.clone(),
        name,
        namespace,
        fields,
    })
}

fn data(lowering: &Lowering<'_>, scope: &Scope, content: &Content, in_list: bool) -> Result<Data> {
    Ok(match content {
        Content::Value(value) => {
            let val = lowering.value(scope, value)?;
            if in_list && lowering.exists(&val) != Expr::bool(true) {
                return lowering.unsupported("an element of a list that may be absent");
            }
            Data::Value(lowering.or_null(val))
        }
        Content::Object(fields) => {
            let mut all = Vec::new();
            for (name, content) in fields {
                all.push((name.clone(), data(lowering, scope, content, false)?));
            }
            Data::Object(all)
        }
        Content::List(items) => Data::List(items.iter().map(|item| data(lowering, scope, item, true)).collect::<Result<_>>()?),
    })
}

/// A place in the object: a JSON pointer from the top, or from an element of a list.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    /// The parts of the pointer.
    pointer: Vec<Expr>,
    /// What is on the way to it from the top or the element, outermost first: its pointer, and what is there.
    parents: Vec<(Vec<Expr>, Expr)>,
}

impl Place {
    fn top() -> Self {
        Place { pointer: Vec::new(), parents: Vec::new() }
    }

    fn step(mut self, name: &str) -> Self {
        self.pointer = step(&self.pointer, name);
        self
    }
}

fn step(pointer: &[Expr], name: &str) -> Vec<Expr> {
    add(pointer, Expr::text(format!("/{}", name.replace('~', "~0").replace('/', "~1"))))
}

fn add(pointer: &[Expr], part: Expr) -> Vec<Expr> {
    let mut pointer = pointer.to_vec();
    match (pointer.pop(), part) {
        (Some(Expr::Literal(Json::String(before))), Expr::Literal(Json::String(after))) => pointer.push(Expr::text(before + &after)),
        (before, part) => {
            pointer.extend(before);
            pointer.push(part);
        }
    }
    pointer
}

fn pointer_of(parts: &[Expr]) -> Expr {
    match parts {
        [one @ Expr::Literal(_)] => one.clone(),
        parts => Expr::Call("join", vec![Expr::text(""), Expr::List(parts.to_vec())]),
    }
}

fn index_of(expr: Expr) -> Expr {
    Expr::Call("to_string", vec![expr])
}

/// A list with the indices of its elements: `i` and `e` of each.
fn numbered(list: Expr) -> Expr {
    Expr::Call("items", vec![list_of(list), Expr::text("i"), Expr::text("e")])
}

/// What is done outside of lists, or to the elements of one.
#[derive(Debug, Clone, Default)]
struct Part {
    /// The list and on which condition it is gone through, where it is one.
    list: Option<(Expr, Expr)>,
    /// What is put where something is missing on the way: the pointer, on which conditions, and what.
    parents: Vec<(Vec<Expr>, Vec<Expr>, Json)>,
    /// The pointer, on which conditions, and what is put there.
    puts: Vec<(Vec<Expr>, Vec<Expr>, Expr)>,
    /// The pointer and the conditions.
    removals: Vec<(Vec<Expr>, Vec<Expr>)>,
}

/// One of the conditions, so that what is done once stands once.
fn once<T: PartialEq>(all: &mut Vec<(Vec<Expr>, Vec<Expr>, T)>, pointer: Vec<Expr>, condition: Expr, value: T) {
    match all.iter_mut().find(|(other, _, known)| *other == pointer && *known == value) {
        Some((_, conditions, _)) => conditions.push(condition),
        None => all.push((pointer, vec![condition], value)),
    }
}

struct Changes<'r> {
    lowering: Lowering<'r>,
    skips: bool,
    parts: Vec<Part>,
    /// What is true of an object in which something conflicts.
    conflicts: Vec<Expr>,
}

/// A loop over elements that are places.
#[derive(Debug, Clone)]
struct Within {
    list: Expr,
    /// What has to be true outside.
    when: Expr,
}

impl Changes<'_> {
    fn part(&mut self, within: Option<&Within>) -> Option<&mut Part> {
        let list = within.map(|within| (within.list.clone(), within.when.clone()));
        if !self.parts.iter().any(|part| part.list == list) {
            self.parts.push(Part { list: list.clone(), ..Part::default() });
        }
        self.parts.iter_mut().find(|part| part.list == list)
    }

    /// `at` is where the statements stand, `scope` what is known there, `bare` the same where the element of the list around is all that is in sight: in the condition of a filter on it.
    fn body(&mut self, at: &Place, scope: &Scope, bare: &Scope, body: &[Change], around: &[Around]) -> Result<()> {
        for change in body {
            match change {
                Change::For { source, body } => self.each(at, scope, bare, source, body, around)?,
                Change::If { condition, then, otherwise } => {
                    for (body, is) in [(then, true), (otherwise, false)] {
                        if body.is_empty() {
                            continue;
                        }
                        let mut around = around.to_vec();
                        let condition = condition.clone();
                        let condition = if is { condition } else { Cond::Not(Box::new(condition)) };
                        around.push(Around::Condition(condition));
                        self.body(at, scope, bare, body, &around)?;
                    }
                }
                Change::Edit { place, edit, span } => {
                    self.lowering.span = *span;
                    self.edit(at, scope, bare, place, edit, around)?;
                }
            }
        }
        Ok(())
    }

    fn each(&mut self, at: &Place, scope: &Scope, bare: &Scope, source: &Source, body: &[Change], around: &[Around]) -> Result<()> {
        if let Some(entries) = self.lowering.constants(scope, source) {
            for (key, value) in entries {
                let (scope, bare) = (bound(scope, source, key.clone(), value.clone()), bound(bare, source, key, value));
                let mut around = around.to_vec();
                around.extend(source.filter.clone().map(Around::Condition));
                self.body(at, &scope, &bare, body, &around)?;
            }
            return Ok(());
        }
        let Elements::Lists(lists) = &source.of else { return self.lowering.unsupported("a loop over a map") };
        if source.key.is_some() {
            return self.lowering.unsupported("the index of an element");
        }
        if around.iter().any(|around| matches!(around, Around::List(_))) {
            return self.lowering.unsupported("a loop in a loop");
        }
        for list in lists {
            let Some(place) = self.place(at, scope, list)? else { return self.lowering.unsupported("a loop over what is computed") };
            let expr = self.lowering.path(scope, list)?;
            let inner = scope.inside(source.slot, Expr::name("e"));
            let bare = scope.inside(source.slot, Expr::Current);
            let mut pointer = add(&place.pointer, Expr::text("/"));
            pointer = add(&pointer, index_of(Expr::name("i")));
            let mut around = around.to_vec();
            let when = and(self.active(scope, &around)?);
            if self.parts.iter().filter_map(|part| part.list.as_ref()).any(|(list, other)| *list == expr && *other != when) {
                return self.lowering.unsupported("a second loop over the same list under another condition");
            }
            around.clear();
            around.push(Around::List(Within { list: expr, when }));
            around.extend(source.filter.clone().map(Around::Condition));
            self.body(&Place { pointer, parents: Vec::new() }, &inner, &bare, body, &around)?;
        }
        Ok(())
    }

    /// The place of a value; none where it is none. `at` is that of the element of the loop around.
    fn place(&self, at: &Place, scope: &Scope, value: &Value) -> Result<Option<Place>> {
        match value {
            Value::Root(Root::Object) if scope.roots => Ok(Some(Place::top())),
            Value::Root(Root::Pod) if scope.roots => {
                let segments = self.lowering.pod.map(PodPath::segments).unwrap_or_default();
                Ok(Some(segments.iter().fold(Place::top(), |place, name| place.step(name))))
            }
            Value::Root(Root::Object | Root::Pod) => self.lowering.unsupported("a change of what a loop does not go over, in the loop,"),
            Value::Var(slot) => Ok(matches!(scope.slots.get(slot), Some(Bound::Path(_))).then(|| at.clone())),
            Value::Field { of, name, .. } => Ok(self.around(at, scope, of)?.map(|place| place.step(name))),
            Value::Entry { of, key, .. } => {
                let Some(place) = self.around(at, scope, of)? else { return Ok(None) };
                Ok(Some(place.step(&self.lowering.constant_key(scope, key)?)))
            }
            Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request)
            | Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => Ok(None),
        }
    }

    fn around(&self, at: &Place, scope: &Scope, of: &Value) -> Result<Option<Place>> {
        let Some(mut place) = self.place(at, scope, of)? else { return Ok(None) };
        if !matches!(of, Value::Root(_) | Value::Var(_)) {
            place.parents.push((place.pointer.clone(), self.lowering.path(scope, of)?));
        }
        Ok(Some(place))
    }

    /// The conditions around, where this is known.
    fn active(&self, scope: &Scope, around: &[Around]) -> Result<Vec<Expr>> {
        let mut all = Vec::new();
        for around in around {
            if let Around::Condition(condition) = around {
                all.push(self.lowering.cond(scope, condition)?);
            }
        }
        Ok(all)
    }

    /// Notes on which objects something conflicts: `condition` is of the bare scope.
    fn conflicts_where(&mut self, bare: &Scope, around: &[Around], condition: Expr) -> Result<()> {
        let active = self.active(bare, around)?;
        let condition = and(active.into_iter().chain([condition]));
        if condition == Expr::bool(false) {
            return Ok(());
        }
        self.conflicts.push(match within(around) {
            Some(within) => and([within.when.clone(), within.list.clone().filter(and([Expr::Current.is_some(), condition]))]),
            None => condition,
        });
        Ok(())
    }

    fn put(&mut self, around: &[Around], active: &[Expr], place: &Place, pointer: Vec<Expr>, value: Expr) {
        let condition = and(active.iter().cloned());
        let parents: Vec<_> = place.parents.iter().map(|(pointer, there)| (pointer.clone(), there.clone())).collect();
        let Some(part) = self.part(within(around)) else { return };
        for (pointer, there) in parents {
            let empty = Json::Object(serde_json::Map::new());
            once(&mut part.parents, pointer, and([there.is_none(), condition.clone()]), empty);
        }
        once(&mut part.puts, pointer, condition, value);
    }

    fn list_there(&mut self, around: &[Around], active: &[Expr], place: &Place, there: &Expr) {
        let condition = and([there.clone().is_none()].into_iter().chain(active.iter().cloned()));
        let (pointer, parents) = (place.pointer.clone(), place.parents.clone());
        let all = and(active.iter().cloned());
        let Some(part) = self.part(within(around)) else { return };
        for (pointer, there) in parents {
            once(&mut part.parents, pointer, and([there.is_none(), all.clone()]), Json::Object(serde_json::Map::new()));
        }
        once(&mut part.parents, pointer, condition, Json::Array(Vec::new()));
    }

    fn edit(&mut self, at: &Place, scope: &Scope, bare: &Scope, target: &Value, edit: &Edit, around: &[Around]) -> Result<()> {
        let Some(place) = self.place(at, scope, target)? else { return self.lowering.unsupported("a change outside of the object") };
        let active = self.active(scope, around)?;
        match edit {
            Edit::Set(content) => {
                if self.skips {
                    let there = self.lowering.value(bare, target)?;
                    let other = not(self.same(bare, there.expr.clone(), content)?);
                    let conflict = and([self.lowering.exists(&there), other]);
                    self.conflicts_where(bare, around, conflict)?;
                }
                let (content, present) = self.content(scope, content)?;
                let active: Vec<Expr> = active.into_iter().chain([present]).collect();
                self.put(around, &active, &place, place.pointer.clone(), content);
            }
            Edit::Default(content) => {
                let there = self.lowering.value(scope, target)?;
                let absent = not(self.lowering.exists(&there));
                let (content, present) = self.content(scope, content)?;
                let active: Vec<Expr> = active.into_iter().chain([absent, present]).collect();
                self.put(around, &active, &place, place.pointer.clone(), content);
            }
            Edit::Remove => {
                let above = place.parents.last().map(|(_, there)| there.clone().is_some());
                let condition = and(active.into_iter().chain(above));
                let Some(part) = self.part(within(around)) else { return Ok(()) };
                part.removals.push((place.pointer, vec![condition]));
            }
            Edit::Append(content) => {
                let list = self.lowering.path(scope, target)?;
                let element = scope_of_constants(scope);
                let known = list.clone().filter(and([Expr::Current.is_some(), self.same(&element, Expr::Current, content)?]));
                let (content, present) = self.content(scope, content)?;
                let active: Vec<Expr> = active.into_iter().chain([present, not(known)]).collect();
                self.list_there(around, &active, &place, &list);
                self.put(around, &active, &place, add(&place.pointer, Expr::text("/-")), content);
            }
            Edit::Merge { slot, keys, fields } => {
                self.merge(&Merging { scope, bare, target, place: &place, around, active: &active }, *slot, keys, fields)?
            }
        }
        Ok(())
    }

    fn merge(&mut self, at: &Merging<'_>, slot: Slot, keys: &[MergeKey], fields: &[(String, Content)]) -> Result<()> {
        let is = |changes: &Self, scope: &Scope, element: Expr| {
            let scope = scope.inside(slot, element.clone());
            let mut same = vec![element.is_some()];
            for key in keys {
                if changes.lowering.constant(&scope, &key.given).is_none() {
                    return changes.lowering.unsupported("`merge` by a key that is computed");
                }
                same.push(changes.lowering.compare(&scope, Order::Eq, &key.there, &key.given, &key.ty)?);
            }
            Ok(and(same))
        };
        let leaves: Vec<&(String, Content)> = fields.iter().filter(|(name, _)| keys.iter().all(|key| key.name != *name)).collect();
        let list = self.lowering.path(at.scope, at.target)?;
        if self.skips {
            let list = self.lowering.path(at.bare, at.target)?;
            let first = list.filter(is(self, at.bare, Expr::Current)?).index(0);
            let mut held = Vec::new();
            for (name, content) in &leaves {
                held.push(self.holds(at.bare, first.clone().field(name), content)?);
            }
            let conflict = and([first.is_some(), not(and(held))]);
            self.conflicts_where(at.bare, at.around, conflict)?;
        }
        let found = list.clone().filter(is(self, at.scope, Expr::Current)?);
        let absent: Vec<Expr> = at.active.iter().cloned().chain([not(found)]).collect();
        let (element, _) = self.content(at.scope, &Content::Object(fields.to_vec()))?;
        self.list_there(at.around, &absent, at.place, &list);
        self.put(at.around, &absent, at.place, add(&at.place.pointer, Expr::text("/-")), element);
        if self.skips || leaves.is_empty() {
            // What is there has all of it already.
            return Ok(());
        }
        let found = numbered(list).filter(is(self, at.scope, Expr::name("e"))?).index(0);
        let pointer = add(&add(&at.place.pointer, Expr::text("/")), index_of(found.clone().field("i")));
        let active: Vec<Expr> = at.active.iter().cloned().chain([found.clone().is_some()]).collect();
        for (name, content) in leaves {
            let place = Place { pointer: pointer.clone(), parents: Vec::new() };
            self.leaves(at, &active, &place, found.clone().field("e"), name, content)?;
        }
        Ok(())
    }

    /// Sets the leaves of a content in an element that is there.
    fn leaves(&mut self, at: &Merging<'_>, active: &[Expr], element: &Place, of: Expr, name: &str, content: &Content) -> Result<()> {
        let place = element.clone().step(name);
        let there = of.field(name);
        match content {
            Content::Object(fields) if fields.is_empty() => {
                let other = Expr::Call("type", vec![there]).ne(Expr::text("object"));
                let active: Vec<Expr> = active.iter().cloned().chain([other]).collect();
                self.put(at.around, &active, &place, place.pointer.clone(), Expr::Literal(Json::Object(serde_json::Map::new())));
            }
            Content::Object(fields) => {
                let mut inner = place.clone();
                inner.parents.push((place.pointer.clone(), there.clone()));
                for (name, content) in fields {
                    self.leaves(at, active, &inner, there.clone(), name, content)?;
                }
            }
            Content::Value(_) | Content::List(_) => {
                let (content, present) = self.content(at.scope, content)?;
                let active: Vec<Expr> = active.iter().cloned().chain([present]).collect();
                self.put(at.around, &active, &place, place.pointer.clone(), content);
            }
        }
        Ok(())
    }

    /// A content, and whether it is present.
    fn content(&self, scope: &Scope, content: &Content) -> Result<(Expr, Expr)> {
        if let Some(value) = self.constant(scope, content)? {
            return Ok((Expr::Literal(value), Expr::bool(true)));
        }
        match content {
            Content::Value(value) => {
                let val = self.lowering.value(scope, value)?;
                let present = self.lowering.exists(&val);
                Ok((val.expr, present))
            }
            Content::Object(fields) => {
                let (mut all, mut certain) = (Vec::new(), true);
                for (name, content) in fields {
                    let (expr, present) = self.content(scope, content)?;
                    certain = certain && present == Expr::bool(true);
                    all.push((name.clone(), or_nothing(expr, present)));
                }
                let object = Expr::Object(all);
                Ok((if certain { object } else { without_nothing(object) }, Expr::bool(true)))
            }
            Content::List(items) => {
                let (mut all, mut certain) = (Vec::new(), true);
                for item in items {
                    let (expr, present) = self.content(scope, item)?;
                    certain = certain && present == Expr::bool(true);
                    all.push(or_nothing(expr, present));
                }
                let list = Expr::List(all);
                Ok((if certain { list } else { list.filter(Expr::Current.is_some()) }, Expr::bool(true)))
            }
        }
    }

    /// A content of constants.
    fn constant(&self, scope: &Scope, content: &Content) -> Result<Option<Json>> {
        Ok(match content {
            Content::Value(value) => match self.lowering.constant(scope, value) {
                None => None,
                Some(value) => {
                    if let Expr::Literal(value) = self.lowering.literal(&value)? {
                        Some(value)
                    } else {
                        None
                    }
                }
            },
            Content::Object(fields) => {
                let mut all = serde_json::Map::new();
                for (name, content) in fields {
                    let Some(value) = self.constant(scope, content)? else { return Ok(None) };
                    all.insert(name.clone(), value);
                }
                Some(Json::Object(all))
            }
            Content::List(items) => {
                let mut all = Vec::new();
                for item in items {
                    let Some(value) = self.constant(scope, item)? else { return Ok(None) };
                    all.push(value);
                }
                Some(Json::Array(all))
            }
        })
    }

    /// Whether what is there is written the same as a content.
    fn same(&self, scope: &Scope, there: Expr, content: &Content) -> Result<Expr> {
        match self.constant(scope, content)? {
            Some(value) => Ok(same(there, &value)),
            None => self.lowering.unsupported("a comparison with what is computed"),
        }
    }

    /// Whether the leaves of a content are there.
    fn holds(&self, scope: &Scope, there: Expr, content: &Content) -> Result<Expr> {
        match content {
            Content::Object(fields) => {
                let mut all = vec![Expr::Call("type", vec![there.clone()]).eq(Expr::text("object"))];
                for (name, content) in fields {
                    all.push(self.holds(scope, there.clone().field(name), content)?);
                }
                Ok(and(all))
            }
            Content::Value(_) | Content::List(_) => self.same(scope, there, content),
        }
    }

    /// All operations as one list.
    fn operations(self) -> Expr {
        let mut all = Vec::new();
        let mut nested = false;
        let (outside, lists): (Vec<Part>, Vec<Part>) = self.parts.into_iter().partition(|part| part.list.is_none());
        let mut last = Vec::new();
        for part in outside {
            let (parents, puts, removals) = operations(part);
            all.extend(parents.into_iter().chain(puts));
            last.extend(removals);
        }
        for part in lists {
            let Some((list, when)) = part.list.clone() else { continue };
            let (parents, puts, removals) = operations(part);
            let each = parents.into_iter().chain(puts).chain(removals).collect();
            nested = true;
            let over = Expr::Each(Box::new(numbered(list)), Box::new(Expr::name("e").is_some()), Box::new(Expr::List(each)));
            all.push(and([when, Expr::Flatten(Box::new(over))]));
        }
        all.extend(last);
        let all = Expr::List(all);
        let all = if nested { Expr::Flatten(Box::new(all)) } else { all };
        all.filter(Expr::Current)
    }
}

fn or_nothing(expr: Expr, present: Expr) -> Expr {
    if present == Expr::bool(true) { expr } else { expr.only_if(present) }
}

/// An object without the fields that are nothing.
fn without_nothing(object: Expr) -> Expr {
    let entries = Expr::Call("items", vec![object, Expr::text("k"), Expr::text("v")]);
    let side = |name: &str| Expr::Each(Box::new(entries.clone()), Box::new(Expr::name("v").is_some()), Box::new(Expr::name(name)));
    Expr::Call("object_from_lists", vec![side("k"), side("v")])
}

/// Where a merge stands.
struct Merging<'a> {
    scope: &'a Scope,
    bare: &'a Scope,
    target: &'a Value,
    place: &'a Place,
    around: &'a [Around],
    active: &'a [Expr],
}

/// What is around a statement.
#[derive(Debug, Clone)]
enum Around {
    /// A condition.
    Condition(Cond),
    /// A loop over a list of the object.
    List(Within),
}

fn within(around: &[Around]) -> Option<&Within> {
    around.iter().find_map(|around| if let Around::List(within) = around { Some(within) } else { None })
}

/// What is known in the brackets of a list of which no element has a name.
fn scope_of_constants(scope: &Scope) -> Scope {
    let constants: BTreeSet<Slot> =
        scope.slots.iter().filter(|(_, bound)| matches!(bound, Bound::Const(_))).map(|(slot, _)| *slot).collect();
    let mut inside = scope.clone();
    inside.slots.retain(|slot, _| constants.contains(slot));
    inside.roots = false;
    inside
}

/// Whether a value is written the same as a constant, `null` entries and elements left aside.
fn same(there: Expr, value: &Json) -> Expr {
    let type_is = |name: &str| Expr::Call("type", vec![there.clone()]).eq(Expr::text(name));
    let length = |list: Expr, length: usize| Expr::Call("length", vec![list]).eq(Expr::Literal(Json::from(length)));
    match value {
        Json::Null => there.is_none(),
        Json::Bool(_) | Json::String(_) => there.eq(Expr::Literal(value.clone())),
        // A number may have been read as a whole one or not.
        Json::Number(number) => {
            let text = Expr::text(number.to_string());
            and([there.clone().ne(text.clone()), Expr::Call("to_string", vec![there]).eq(text)])
        }
        Json::Object(fields) => {
            let entries = Expr::Call("items", vec![there.clone(), Expr::text("k"), Expr::text("v")]).filter(Expr::name("v").is_some());
            let mut all = vec![type_is("object"), length(entries, fields.len())];
            all.extend(fields.iter().map(|(name, value)| same(there.clone().field(name), value)));
            and(all)
        }
        Json::Array(items) => {
            let elements = there.clone().filter(Expr::Current.is_some());
            let mut all = vec![type_is("array"), length(elements.clone(), items.len())];
            all.extend(items.iter().enumerate().map(|(index, value)| same(elements.clone().index(index), value)));
            and(all)
        }
    }
}

/// The operations of a part: what is missing on the way, what is put and what is removed. Those on which a condition is not true are false.
fn operations(mut part: Part) -> (Vec<Expr>, Vec<Expr>, Vec<Expr>) {
    // What is around something is put before it.
    part.parents.sort_by_key(|(pointer, ..)| depth(pointer));
    let add = |pointer: &[Expr], conditions: Vec<Expr>, value: Expr| {
        let operation =
            Expr::Object(vec![("op".to_owned(), Expr::text("add")), ("path".to_owned(), pointer_of(pointer)), ("value".to_owned(), value)]);
        and([or(conditions), operation])
    };
    let parents = part.parents.into_iter().map(|(pointer, conditions, empty)| add(&pointer, conditions, Expr::Literal(empty))).collect();
    let puts = part.puts.into_iter().map(|(pointer, conditions, value)| add(&pointer, conditions, value)).collect();
    let removals = part
        .removals
        .into_iter()
        .map(|(pointer, conditions)| {
            let operation = Expr::Object(vec![("op".to_owned(), Expr::text("remove")), ("path".to_owned(), pointer_of(&pointer))]);
            and([or(conditions), operation])
        })
        .collect();
    (parents, puts, removals)
}

fn depth(pointer: &[Expr]) -> usize {
    pointer.iter().map(|part| if let Expr::Literal(Json::String(text)) = part { text.matches('/').count() } else { 0 }).sum()
}
