//! Mutations as Gatekeeper's mutators: constants that are put at locations of the objects that a match picks.
//!
//! Gatekeeper runs its mutators one after the other, each on what those before it made, until none changes anything. As no statement of a mutation reads or changes what another one changes, that comes to the
//! same as reading the object as it was. What a mutator cannot say is unsupported: it has no conditions but labels, names and namespaces, and whether something is there on the way to its location; it
//! looks for all elements with a key, not for the first; it puts constants only.
//!
//! An object comes as the API server has read it: without nulls and without the zeros that its types drop, so that what is absent is not there. Three kinds of fields are written all the same, and so unsupported
//! where that would be asked: structs without a pointer, lists and maps that are required (as `null`), and what the API server fills in.
//!
//! Source: `github.com/open-policy-agent/gatekeeper` 3.23, `pkg/mutation` and `pkg/webhook/mutation.go`.

mod conditions;
mod keys;
mod nulls;
mod place;

use super::Unsupported;
use crate::diagnostic::Span;
use crate::ir::change::{Change, Conflict, Content, Edit, MergeKey, Mutation, edits};
use crate::ir::{Cond, Const, Elements, Kind, Operation, Slot, Source, Ty, Value};
use crate::schema::{FieldType, Schema};
use place::{Place, Step};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

type Result<T> = std::result::Result<T, Unsupported>;

/// A mutator.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutator {
    /// The kinds that it is for, with the operations for each.
    pub kinds: Vec<(Kind, BTreeSet<Operation>)>,
    /// The objects of them that it is for.
    pub matched: Match,
    /// Where it puts something: `spec.containers[name: *].stdin`.
    pub location: String,
    /// What has to be there or not, each a beginning of the location; what has to be there comes first.
    pub tests: Vec<PathTest>,
    /// What it puts there.
    pub effect: Effect,
}

/// What a mutator does at its location.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Puts a value there: an `Assign`.
    Assign(Json),
    /// Puts a label or annotation there where there is none of this name: an `AssignMetadata`.
    AssignMetadata(String),
    /// Puts those of these texts that are not in the list at its end: a `ModifySet`.
    ModifySet(Vec<String>),
}

/// Whether something is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTest {
    /// A beginning of the location.
    pub path: String,
    /// Whether it has to be there, or must not.
    pub exists: bool,
}

/// Which objects. Everything that is empty says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Names of namespaces, of which one is the object's, or its own where it is a Namespace. `*` may stand at both ends.
    pub namespaces: Vec<String>,
    /// The same, of which none is.
    pub excluded_namespaces: Vec<String>,
    /// The name of the object; `*` may stand at its start.
    pub name: Option<String>,
    /// What its labels are.
    pub labels: Vec<Requirement>,
    /// What the labels of its Namespace are.
    pub namespace_labels: Vec<Requirement>,
}

/// What a label is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Its key.
    pub key: String,
    /// What is asked of it.
    pub operator: Operator,
    /// With these values.
    pub values: Vec<String>,
}

/// `operator` of a label selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It is one of the values.
    In,
    /// It is none of the values, or not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

/// Lowers a mutation: its mutators in the order of its statements, which they have to keep.
///
/// # Errors
/// When a construct of it has no exact form.
pub fn mutators(mutation: &Mutation) -> Result<Vec<Mutator>> {
    let head = &mutation.head;
    if let Some((construct, span)) = head.unlowered.first() {
        return Err(Unsupported::new(construct.clone(), *span));
    }
    if let Some(read) = head.reads.first() {
        return Err(Unsupported::new(format!("a condition or value that reads `{}`", read.path), head.span));
    }
    if mutation.on_conflict == Conflict::Skip && has_conflicts(&mutation.body) {
        return Err(Unsupported::new("`on conflict skip`", head.span));
    }
    let mut drafts: Vec<(usize, Mutator)> = Vec::new();
    for kind in &head.kinds {
        let Some(info) = Schema::kubernetes().by_gvk(&kind.api_version(), &kind.kind) else {
            return Err(Unsupported::new(
                format!("the custom kind `{}`, of which the API server keeps zeros and nulls,", kind.kind),
                head.span,
            ));
        };
        let mut lowering = Lowering { kind, ty: info.ty, operations: mutation.on(kind), span: head.span, order: 0, drafts: Vec::new() };
        let mut scope = Scope::default();
        if lowering.require(&mut scope, &head.applies, true)? {
            lowering.changes(&scope, &mutation.body)?;
        }
        drafts.append(&mut lowering.drafts);
    }
    // Sorting is stable: for a statement the kinds stay in their order.
    drafts.sort_by_key(|(order, _)| *order);
    let mut made: Vec<Mutator> = Vec::new();
    for (_, draft) in drafts {
        add(&mut made, draft);
    }
    Ok(in_sets(made))
}

/// Adds a mutator: to one that is the same but for its kinds, where there is one.
fn add(made: &mut Vec<Mutator>, mut draft: Mutator) {
    let same = |other: &&mut Mutator| {
        other.matched == draft.matched && other.location == draft.location && other.tests == draft.tests && other.effect == draft.effect
    };
    match made.iter_mut().find(same) {
        Some(other) => {
            draft.kinds.retain(|kind| !other.kinds.contains(kind));
            other.kinds.append(&mut draft.kinds);
        }
        None => made.push(draft),
    }
}

/// One set for what is appended to a list on the same conditions, one after the other.
fn in_sets(mutators: Vec<Mutator>) -> Vec<Mutator> {
    let mut made: Vec<Mutator> = Vec::new();
    for mutator in mutators {
        if let Effect::ModifySet(values) = &mutator.effect
            && let Some(last) = made.iter_mut().rev().find(|other| other.location == mutator.location)
            && last.kinds == mutator.kinds
            && last.matched == mutator.matched
            && last.tests == mutator.tests
            && let Effect::ModifySet(before) = &mut last.effect
        {
            for value in values {
                if !before.contains(value) {
                    before.push(value.clone());
                }
            }
            continue;
        }
        made.push(mutator);
    }
    made
}

/// Whether there is a statement that may conflict.
fn has_conflicts(body: &[Change]) -> bool {
    let mut found = false;
    edits(body, &mut |_, edit, _| found |= matches!(edit, Edit::Set(_) | Edit::Merge { .. }));
    found
}

/// A mutation on objects of one kind.
struct Lowering<'r> {
    kind: &'r Kind,
    ty: crate::schema::TypeId,
    operations: BTreeSet<Operation>,
    /// The statement that is looked at.
    span: Span,
    /// Its number.
    order: usize,
    drafts: Vec<(usize, Mutator)>,
}

/// What holds where a statement is done.
#[derive(Clone, Default)]
struct Scope {
    matched: Match,
    /// What has to be there.
    there: Vec<Vec<Step>>,
    elements: BTreeMap<Slot, Element>,
    /// What the variables of loops over constant maps are.
    constants: BTreeMap<Slot, Const>,
}

/// The element that a loop is at.
#[derive(Clone)]
struct Element {
    list: Vec<Step>,
    ty: FieldType,
    /// The field by which Gatekeeper tells elements of the list from each other.
    key: &'static str,
    /// What that is of the elements that are meant; of all of them where there is nothing.
    only: Option<Json>,
}

impl Lowering<'_> {
    fn unsupported<T>(&self, construct: impl Into<String>) -> Result<T> {
        Err(Unsupported::new(construct, self.span))
    }

    fn changes(&mut self, scope: &Scope, body: &[Change]) -> Result<()> {
        for change in body {
            match change {
                Change::For { source, body } => self.each(scope, source, body)?,
                Change::If { condition, then, otherwise } => {
                    for (body, side) in [(then, true), (otherwise, false)] {
                        if let Some(first) = first_span(body) {
                            self.span = first;
                        }
                        let mut within = scope.clone();
                        if body.is_empty() {
                            continue;
                        }
                        if self.require(&mut within, condition, side)? {
                            self.changes(&within, body)?;
                        } else {
                            self.order += count(body);
                        }
                    }
                }
                Change::Edit { place, edit, span } => {
                    self.span = *span;
                    self.edit(scope, place, edit)?;
                    self.order += 1;
                }
            }
        }
        Ok(())
    }

    fn each(&mut self, scope: &Scope, source: &Source, body: &[Change]) -> Result<()> {
        if let Some(first) = first_span(body) {
            self.span = first;
        }
        let lists = match &source.of {
            Elements::Lists(lists) => lists,
            Elements::Map(Value::Const(Const::Object(entries))) if source.filter.is_none() => {
                let mut sorted: Vec<&(String, Const)> = entries.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (name, value) in sorted {
                    let mut within = scope.clone();
                    within.constants.insert(source.slot, value.clone());
                    within.constants.extend(source.key.map(|key| (key, Const::String(name.clone()))));
                    self.changes(&within, body)?;
                }
                return Ok(());
            }
            Elements::Map(_) => return self.unsupported("a loop over a map"),
            Elements::Cluster(_) => return self.unsupported("`cluster()`"),
        };
        let order = self.order;
        for list in lists {
            // The statements have their numbers whichever list they are for.
            self.order = order;
            let Some(place) = self.place(scope, list) else { return self.unsupported("a loop over a list that is computed") };
            let FieldType::List(element) = &place.ty else { return self.unsupported("a loop over what is no list") };
            if let Some(stop) = place.stop(true) {
                return self.unsupported(format!("a loop over `{stop}`, which may be `null`,"));
            }
            let Some(key) = keys::key_of(&place) else { return self.unsupported("a loop over a list whose elements have no key") };
            let element = Element { list: place.steps.clone(), ty: (**element).clone(), key, only: None };
            let mut within = scope.clone();
            within.elements.insert(source.slot, element);
            let applies = match &source.filter {
                Some(filter) => self.require(&mut within, filter, true)?,
                None => true,
            };
            if applies {
                self.changes(&within, body)?;
            }
        }
        self.order = order + count(body);
        Ok(())
    }

    fn edit(&mut self, scope: &Scope, place: &Value, edit: &Edit) -> Result<()> {
        let Some(place) = self.place(scope, place) else { return self.unsupported("a key of a map that is computed") };
        let slots: BTreeSet<Slot> = place.slots(scope);
        if scope.elements.keys().any(|slot| !slots.contains(slot)) {
            return self.unsupported("a loop around what is no part of its element");
        }
        if let Some(stop) = place.stop(false) {
            return self.unsupported(format!("a change within `{stop}`, which may be `null`,"));
        }
        match edit {
            Edit::Set(content) => {
                let Some(value) = self.json(scope, content)? else { return Ok(()) };
                if place.is_metadata() {
                    return self.unsupported("`set` in `metadata`, of which Gatekeeper only adds labels and annotations,");
                }
                self.put(scope, &place.steps, &[], Effect::Assign(value))
            }
            Edit::Default(content) => {
                let Some(value) = self.json(scope, content)? else { return Ok(()) };
                if place.is_metadata() {
                    return self.metadata(scope, &place, value);
                }
                if place.is_value_struct() {
                    return self.unsupported(format!("`default` of `{}`, a struct which is always there,", place.shown()));
                }
                if place.may_be_null() {
                    return self.unsupported(format!("`default` of `{}`, which may be `null`,", place.shown()));
                }
                self.put(scope, &place.steps, &[place.steps.len()], Effect::Assign(value))
            }
            Edit::Append(content) => {
                let Some(value) = self.json(scope, content)? else { return Ok(()) };
                let Json::String(text) = value else {
                    return self.unsupported("`append` of anything but a text");
                };
                if place.is_metadata() {
                    return self.unsupported("`append` in `metadata`, of which Gatekeeper only adds labels and annotations,");
                }
                if place.may_be_null() {
                    return self.unsupported(format!("`append` to `{}`, which may be `null`,", place.shown()));
                }
                self.put(scope, &place.steps, &[], Effect::ModifySet(vec![text]))
            }
            Edit::Merge { keys, fields, slot: _ } => self.merge(scope, &place, keys, fields),
            Edit::Remove => self.unsupported("`remove`"),
        }
    }

    /// A label or annotation of the object itself.
    fn metadata(&mut self, scope: &Scope, place: &Place, value: Json) -> Result<()> {
        let map = match place.steps.as_slice() {
            [_, Step::Field(map), Step::Key(_)] if ["labels", "annotations"].contains(&map.as_str()) => map,
            _ => return self.unsupported("`default` in `metadata` of anything but one label or annotation"),
        };
        if self.operations != BTreeSet::from([Operation::Create, Operation::Update]) {
            let construct = format!(
                "`default` in `metadata.{map}` that is not for create and update both, as Gatekeeper's AssignMetadata always is (of a Pod or Job say `on create, update`),"
            );
            return self.unsupported(construct);
        }
        let Json::String(text) = value else { return self.unsupported("a label or annotation that is no text") };
        self.put(scope, &place.steps, &[], Effect::AssignMetadata(text))
    }

    /// `merge LIST by KEY { ... }`: the leaves of the element, each a mutator of its own.
    fn merge(&mut self, scope: &Scope, list: &Place, keys: &[MergeKey], fields: &[(String, Content)]) -> Result<()> {
        let [key] = keys else { return self.unsupported("`merge` by several keys") };
        if list.is_metadata() {
            return self.unsupported("`merge` in `metadata`, of which Gatekeeper only adds labels and annotations,");
        }
        if list.may_be_null() {
            return self.unsupported(format!("`merge` into `{}`, which may be `null`,", list.shown()));
        }
        let given = match known(scope, &key.given) {
            Some(Const::String(text)) if !text.is_empty() => Json::from(text),
            Some(Const::Int(number)) if number > 0 => Json::from(number),
            _ => return self.unsupported("`merge` by a key that is computed, empty or not above zero"),
        };
        let named = keys::key_of(list) == Some(key.name.as_str()) && matches!(&key.there, Value::Field { default: None, .. });
        if !named || !matches!(key.ty, Ty::String | Ty::Int) {
            return self.unsupported(format!("`merge` into `{}` by `{}`", list.shown(), key.name));
        }
        let mut element = list.steps.clone();
        element.push(Step::Merged { key: key.name.clone(), value: given.clone() });
        let rest: Vec<&(String, Content)> = fields.iter().filter(|(name, _)| *name != key.name).collect();
        let mut leaves: Vec<(Vec<Step>, Json, bool)> = Vec::new();
        for (name, content) in rest {
            let mut place = element.clone();
            place.push(Step::Field(name.clone()));
            self.leaves(scope, &place, content, &mut leaves)?;
        }
        if leaves.is_empty() {
            let object = Json::Object([(key.name.clone(), given)].into_iter().collect());
            return self.put(scope, &element, &[element.len()], Effect::Assign(object));
        }
        if !keys::is_unique(list) {
            let construct = format!(
                "`merge` into `{}`, in which several elements may have the same `{}` and Gatekeeper changes all of them,",
                list.shown(),
                key.name
            );
            return self.unsupported(construct);
        }
        for (place, value, only_where_absent) in leaves {
            let absent = if only_where_absent { vec![place.len()] } else { Vec::new() };
            self.put(scope, &place, &absent, Effect::Assign(value))?;
        }
        Ok(())
    }

    /// The leaves of what is merged, each with whether something that is there stays.
    fn leaves(&self, scope: &Scope, place: &[Step], content: &Content, out: &mut Vec<(Vec<Step>, Json, bool)>) -> Result<()> {
        match content {
            Content::Object(fields) if !fields.is_empty() => {
                for (name, content) in fields {
                    let mut inner = place.to_vec();
                    inner.push(Step::Key(name.clone()));
                    self.leaves(scope, &inner, content, out)?;
                }
                Ok(())
            }
            Content::Object(_) | Content::Value(_) | Content::List(_) => {
                let empty = matches!(content, Content::Object(_));
                out.extend(self.json(scope, content)?.map(|value| (place.to_vec(), value, empty)));
                Ok(())
            }
        }
    }

    /// Puts something at a place. `absent` are the lengths of the beginnings of it that must not be there.
    fn put(&mut self, scope: &Scope, steps: &[Step], absent: &[usize], effect: Effect) -> Result<()> {
        let mut there: BTreeSet<usize> = BTreeSet::new();
        for test in &scope.there {
            if !steps.starts_with(test) {
                let construct = format!("the condition on `{}`, which is not on the way to what is changed,", place::shown(test));
                return self.unsupported(construct);
            }
            there.insert(test.len());
        }
        for (index, step) in steps.iter().enumerate() {
            if let Step::Element(slot) = step
                && scope.elements.get(slot).is_some_and(|element| element.only.is_some())
            {
                there.insert(index + 1);
            }
        }
        if let [.., Step::Element(slot), Step::Field(name)] = steps
            && scope.elements.get(slot).is_some_and(|element| element.key == name)
        {
            return self.unsupported(format!("the field `{name}`, by which Gatekeeper finds the elements of the list,"));
        }
        let path = |length: usize| place::print(steps.get(..length).unwrap_or(steps), &scope.elements);
        if matches!(effect, Effect::AssignMetadata(_)) && !there.is_empty() {
            return self.unsupported("a condition on what is in `metadata`");
        }
        let tests = there.iter().map(|length| (*length, true)).chain(absent.iter().map(|length| (*length, false)));
        let mutator = Mutator {
            kinds: vec![(self.kind.clone(), self.operations.clone())],
            matched: scope.matched.clone(),
            location: path(steps.len()),
            tests: tests.map(|(length, exists)| PathTest { path: path(length), exists }).collect(),
            effect,
        };
        self.drafts.push((self.order, mutator));
        Ok(())
    }

    /// A constant; none where it is absent.
    fn json(&self, scope: &Scope, content: &Content) -> Result<Option<Json>> {
        Ok(match content {
            Content::Value(Value::Coalesce(values)) if values.is_empty() => None,
            Content::Value(value) => match known(scope, value) {
                Some(constant) => Some(self.constant(&constant)?),
                None => return self.unsupported("a value that is computed from the object"),
            },
            Content::Object(fields) => {
                let mut object = serde_json::Map::new();
                for (name, content) in fields {
                    if let Some(value) = self.json(scope, content)? {
                        object.insert(name.clone(), value);
                    }
                }
                Some(Json::Object(object))
            }
            Content::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(self.json(scope, item)?);
                }
                Some(Json::Array(list))
            }
        })
    }

    fn constant(&self, constant: &Const) -> Result<Json> {
        match constant.inexact() {
            // It reads the numbers of a mutator so.
            Some(number) => self.unsupported(format!("the number {number}, which Gatekeeper reads into floating point,")),
            None => Ok(constant.to_json()),
        }
    }
}

/// How many statements change something.
fn count(body: &[Change]) -> usize {
    let mut count = 0;
    edits(body, &mut |_, _, _| count += 1);
    count
}

fn first_span(body: &[Change]) -> Option<Span> {
    let mut first = None;
    edits(body, &mut |_, _, span| first = first.or(Some(span)));
    first
}

/// What a value is, where that is known.
fn known(scope: &Scope, value: &Value) -> Option<Const> {
    match value {
        Value::Const(constant) => Some(constant.clone()),
        Value::Var(slot) => scope.constants.get(slot).cloned(),
        Value::Concat(parts) => {
            let text = |part| if let Some(Const::String(text)) = known(scope, part) { Some(text) } else { None };
            parts.iter().map(text).collect::<Option<String>>().map(Const::String)
        }
        Value::Root(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Coalesce(_)
        | Value::If(..)
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Call(..) => None,
    }
}

/// Whether a condition is one whatever the object.
fn constant(cond: &Cond) -> Option<bool> {
    if let Cond::Const(value) = cond { Some(*value) } else { None }
}
