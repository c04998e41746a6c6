//! What mutations make of an object, and what generations bring: see [`crate::ir::change`].

use super::plan::{Expr, Loop, Plan, Planner, Shared, Test};
use super::run::{Bound, Member, Run};
use super::value::{Constant, Shape, Val, Wrong};
use super::{Missing, Request, message, missing};
use crate::ir::change::{Change, Conflict, Content, Creation, Edit, Generation, Mutation};
use crate::ir::{Kind, Operation, Quantity, Root, Value as Ir};
use crate::object::{Key, Node, Value};
use std::collections::BTreeSet;

/// What a mutation or generation does with an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<T> {
    /// It does not match, or has nothing to change.
    Nothing,
    /// It is not judged; why.
    NotJudged(Missing),
    /// It leaves the object alone, for this place in it cannot be read: `cannot read PATH`, as a rule would say.
    Unreadable(String),
    /// It leaves the object alone, for something else stands at this place.
    Conflict(String),
    /// What it makes.
    Done(T),
}

/// A mutation, ready to run.
#[derive(Debug)]
pub struct Mutator {
    plan: Plan,
    operations: Vec<BTreeSet<Operation>>,
    shared: Shared,
    slots: usize,
    skips: bool,
    body: Vec<Step>,
}

/// A generation, ready to run.
#[derive(Debug)]
pub struct Generator {
    plan: Plan,
    shared: Shared,
    slots: usize,
    creates: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    api_version: String,
    kind: String,
    name: Expr,
    /// Where the kind lives in one.
    namespace: Option<Expr>,
    fields: Vec<(Box<str>, Planned)>,
}

#[derive(Debug)]
enum Step {
    For { source: Loop, body: Vec<Step> },
    If { condition: Test, then: Vec<Step>, otherwise: Vec<Step> },
    Edit { place: Place, edit: PlannedEdit },
}

#[derive(Debug)]
struct Place {
    from: From,
    steps: Vec<PlaceStep>,
    /// What is there, as far as it counts.
    there: Expr,
}

#[derive(Debug)]
enum From {
    Root(Root),
    Slot(usize),
}

#[derive(Debug)]
enum PlaceStep {
    Field(Box<str>),
    Key(Expr),
}

#[derive(Debug)]
enum PlannedEdit {
    Set(Planned),
    Default(Planned),
    Remove,
    Append(Planned),
    Merge { slot: usize, keys: Vec<(Expr, Expr)>, names: Vec<Box<str>>, fields: Vec<(Box<str>, Planned)> },
}

#[derive(Debug)]
enum Planned {
    Value(Expr),
    Object(Vec<(Box<str>, Planned)>),
    List(Vec<Planned>),
}

/// A step from a node to one in it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    Key(Box<str>),
    Index(usize),
}

/// An edit of a certain place.
#[derive(Debug)]
enum Action {
    Put(Node),
    Remove,
    /// An element at the end of the list, unless the same one was put there.
    Push(Node),
    /// Leaves of an element of the list.
    Into(usize, Vec<(Box<str>, Node)>),
}

type Result<'a, T> = std::result::Result<T, Wrong<'a>>;

fn index(slot: crate::ir::Slot) -> usize {
    usize::try_from(slot.0).unwrap_or(usize::MAX)
}

impl Mutator {
    /// Prepares a mutation.
    #[must_use]
    pub fn new(mutation: &Mutation) -> Self {
        let mut planner = Planner::default();
        let mut plan = planner.rule(&mutation.head);
        let body = steps(&mut planner, &mutation.body);
        plan.broken |= planner.is_broken();
        Mutator {
            plan,
            operations: mutation.head.kinds.iter().map(|kind| mutation.on(kind)).collect(),
            shared: planner.finish(),
            slots: index(crate::ir::Slot(mutation.head.slots)),
            skips: mutation.on_conflict == Conflict::Skip,
            body,
        }
    }

    /// What it makes of an object: [`Effect::Done`] only where that differs.
    #[must_use]
    pub fn mutate(&self, request: &Request<'_>) -> Effect<Node> {
        let Some((place, kind)) = kind_of(&self.plan.kinds, request) else { return Effect::Nothing };
        let Some(operations) = self.operations.get(place) else { return Effect::Nothing };
        if let Some(effect) = not_judged(&self.plan, place, operations, request) {
            return effect;
        }
        let mut run = Run::new(*request, self.slots, &self.shared, true);
        match run.applies(&self.plan, kind) {
            Err(path) => return Effect::Unreadable(path),
            Ok(false) => return Effect::Nothing,
            Ok(true) => {}
        }
        let mut collected = Collected { actions: Vec::new(), conflict: None, skips: self.skips };
        if let Err(wrong) = collected.steps(&mut run, &self.body) {
            return Effect::Unreadable(run.place_of(wrong));
        }
        if let Some(place) = collected.conflict {
            return Effect::Conflict(place);
        }
        let mut object = request.object.clone();
        let mut pushed: Vec<(Vec<At>, Node)> = Vec::new();
        for (place, action) in collected.actions {
            apply(&mut object, &place, action, &mut pushed);
        }
        if same(&object, request.object) { Effect::Nothing } else { Effect::Done(object) }
    }
}

impl Generator {
    /// Prepares a generation.
    #[must_use]
    pub fn new(generation: &Generation) -> Self {
        let mut planner = Planner::default();
        let mut plan = planner.rule(&generation.head);
        let creates = generation.creates.iter().map(|creation| made(&mut planner, creation)).collect();
        plan.broken |= planner.is_broken();
        Generator { plan, shared: planner.finish(), slots: index(crate::ir::Slot(generation.head.slots)), creates }
    }

    /// The objects that one brings with it.
    #[must_use]
    pub fn generate(&self, request: &Request<'_>) -> Effect<Vec<Node>> {
        let Some((place, kind)) = kind_of(&self.plan.kinds, request) else { return Effect::Nothing };
        if let Some(effect) = not_judged(&self.plan, place, &self.plan.operations, request) {
            return effect;
        }
        let mut run = Run::new(*request, self.slots, &self.shared, true);
        match run.applies(&self.plan, kind) {
            Err(path) => return Effect::Unreadable(path),
            Ok(false) => return Effect::Nothing,
            Ok(true) => {}
        }
        let mut objects = Vec::new();
        for made in &self.creates {
            match made.object(&mut run) {
                Ok(object) => objects.extend(object),
                Err(wrong) => return Effect::Unreadable(run.place_of(wrong)),
            }
        }
        if objects.is_empty() { Effect::Nothing } else { Effect::Done(objects) }
    }
}

fn kind_of<'k>(kinds: &'k [Kind], request: &Request<'_>) -> Option<(usize, &'k Kind)> {
    // A request about a subresource sends a part of the object, which nothing is changed in.
    if request.subresource().is_some() {
        return None;
    }
    let text = |name| request.object.get(name).and_then(Node::as_str);
    let (version, name) = (text("apiVersion")?, text("kind")?);
    kinds.iter().enumerate().find(|(_, kind)| kind.kind == name && kind.api_version() == version && kind.subresource.is_none())
}

fn not_judged<T>(plan: &Plan, kind: usize, operations: &BTreeSet<Operation>, request: &Request<'_>) -> Option<Effect<T>> {
    if !operations.contains(&request.operation) {
        let only_the_object = request.operation == Operation::Create && request.old_object.is_none();
        return Some(if only_the_object { Effect::NotJudged(Missing::Operation) } else { Effect::Nothing });
    }
    let unknown = plan.reads_namespace && plan.kinds.get(kind).is_some_and(|kind| kind.namespaced) && request.namespace_object.is_none();
    missing(plan, kind, request).or(unknown.then_some(Missing::NamespaceObject)).map(Effect::NotJudged)
}

fn steps(planner: &mut Planner, body: &[Change]) -> Vec<Step> {
    body.iter()
        .map(|change| match change {
            Change::For { source, body } => Step::For { source: planner.source(source), body: steps(planner, body) },
            Change::If { condition, then, otherwise } => {
                Step::If { condition: planner.cond(condition), then: steps(planner, then), otherwise: steps(planner, otherwise) }
            }
            Change::Edit { place, edit, span: _ } => {
                let edit = match edit {
                    Edit::Set(content) => PlannedEdit::Set(planned(planner, content)),
                    Edit::Default(content) => PlannedEdit::Default(planned(planner, content)),
                    Edit::Remove => PlannedEdit::Remove,
                    Edit::Append(content) => PlannedEdit::Append(planned(planner, content)),
                    Edit::Merge { slot, keys, fields } => PlannedEdit::Merge {
                        slot: index(*slot),
                        keys: keys.iter().map(|key| (planner.value(&key.there), planner.value(&key.given))).collect(),
                        names: keys.iter().map(|key| key.name.as_str().into()).collect(),
                        fields: fields.iter().map(|(name, content)| (name.as_str().into(), planned(planner, content))).collect(),
                    },
                };
                Step::Edit { place: place_of(planner, place), edit }
            }
        })
        .collect()
}

fn planned(planner: &mut Planner, content: &Content) -> Planned {
    match content {
        Content::Value(value) => Planned::Value(planner.value(value)),
        Content::Object(fields) => {
            Planned::Object(fields.iter().map(|(name, content)| (name.as_str().into(), planned(planner, content))).collect())
        }
        Content::List(items) => Planned::List(items.iter().map(|item| planned(planner, item)).collect()),
    }
}

fn made(planner: &mut Planner, creation: &Creation) -> Made {
    Made {
        api_version: creation.kind.api_version(),
        kind: creation.kind.kind.clone(),
        name: planner.value(&creation.name),
        namespace: creation.namespace.as_ref().map(|namespace| planner.value(namespace)),
        fields: creation.fields.iter().map(|(name, content)| (name.as_str().into(), planned(planner, content))).collect(),
    }
}

fn place_of(planner: &mut Planner, place: &Ir) -> Place {
    let mut steps = Vec::new();
    let mut at = place;
    let from = loop {
        match at {
            Ir::Field { of, name, .. } => {
                steps.push(PlaceStep::Field(name.as_str().into()));
                at = of;
            }
            Ir::Entry { of, key, .. } => {
                steps.push(PlaceStep::Key(planner.value(key)));
                at = of;
            }
            Ir::Var(slot) => break From::Slot(index(*slot)),
            Ir::Root(root) => break From::Root(*root),
            // The resolver lets nothing else be a place.
            Ir::Const(_)
            | Ir::Coalesce(_)
            | Ir::If(..)
            | Ir::Truth(_)
            | Ir::List(_)
            | Ir::Aggregate { .. }
            | Ir::Arithmetic { .. }
            | Ir::Concat(_)
            | Ir::Call(..) => break From::Slot(usize::MAX),
        }
    };
    steps.reverse();
    Place { from, steps, there: planner.value(place) }
}

struct Collected {
    actions: Vec<(Vec<At>, Action)>,
    conflict: Option<String>,
    skips: bool,
}

impl Collected {
    fn steps<'a>(&mut self, run: &mut Run<'a>, steps: &'a [Step]) -> Result<'a, ()> {
        for step in steps {
            match step {
                Step::For { source, body } => {
                    run.each(source, &mut |run| self.steps(run, body).map(|()| false))?;
                }
                Step::If { condition, then, otherwise } => {
                    let chosen = if run.test(condition)? { then } else { otherwise };
                    self.steps(run, chosen)?;
                }
                Step::Edit { place, edit } => self.edit(run, place, edit)?,
            }
        }
        Ok(())
    }

    fn edit<'a>(&mut self, run: &mut Run<'a>, place: &'a Place, edit: &'a PlannedEdit) -> Result<'a, ()> {
        let Some(path) = path(run, place)? else { return Ok(()) };
        let there = run.value(&place.there)?;
        let action = match edit {
            PlannedEdit::Set(content) => {
                let Some(node) = content.node(run)? else { return Ok(()) };
                if there.is_present() && to_node(&there).is_none_or(|there| !same(&there, &node)) {
                    self.conflicts(&path);
                }
                Action::Put(node)
            }
            PlannedEdit::Default(content) => match content.node(run)? {
                Some(node) if !there.is_present() => Action::Put(node),
                _ => return Ok(()),
            },
            PlannedEdit::Remove => Action::Remove,
            PlannedEdit::Append(content) => {
                let Some(node) = content.node(run)? else { return Ok(()) };
                let list = find(run.request.object, &path);
                if list.is_some_and(|list| list.items().iter().any(|item| same(item, &node))) {
                    return Ok(());
                }
                Action::Push(node)
            }
            PlannedEdit::Merge { slot, keys, names, fields } => {
                let mut given = Vec::new();
                for (there, key) in keys {
                    let key = run.value(key)?;
                    if !key.is_present() {
                        return Ok(());
                    }
                    given.push((there, key));
                }
                let mut found = None;
                for (index, item) in find(run.request.object, &path).map(Node::items).unwrap_or_default().iter().enumerate() {
                    if item.is_null() {
                        continue;
                    }
                    if !Shape::Map.fits(&item.value) {
                        return Err(Wrong(Some(item)));
                    }
                    run.bind(*slot, Bound::Node(item, Shape::Map, Member::NONE));
                    let mut all = true;
                    for (there, key) in &given {
                        all = all && run.value(there)?.equals(key);
                    }
                    if all {
                        found = Some((index, item));
                        break;
                    }
                }
                let mut nodes: Vec<(Box<str>, Node)> = Vec::new();
                for (name, content) in fields {
                    nodes.extend(content.node(run)?.map(|node| (name.clone(), node)));
                }
                match found {
                    Some((index, item)) => {
                        // The keys are there, by a default perhaps.
                        nodes.retain(|(name, _)| !names.contains(name));
                        if !nodes.iter().all(|(name, node)| item.get(name).is_some_and(|there| holds(there, node))) {
                            let mut path = path.clone();
                            path.push(At::Index(index));
                            self.conflicts(&path);
                        }
                        Action::Into(index, nodes)
                    }
                    None => Action::Push(node(Value::Map(nodes.into_iter().map(|(name, node)| (key(name), node)).collect()))),
                }
            }
        };
        self.actions.push((path, action));
        Ok(())
    }

    fn conflicts(&mut self, path: &[At]) {
        if self.skips && self.conflict.is_none() {
            self.conflict = Some(shown(path));
        }
    }
}

impl Made {
    fn object<'a>(&'a self, run: &mut Run<'a>) -> Result<'a, Option<Node>> {
        let Some(name) = run.value(&self.name)?.into_text().map(std::borrow::Cow::into_owned) else { return Ok(None) };
        let namespace = match &self.namespace {
            None => None,
            Some(namespace) => match run.value(namespace)?.into_text() {
                None => return Ok(None),
                Some(namespace) => Some(namespace.into_owned()),
            },
        };
        let text = |text: &str| node(Value::String(text.into()));
        let mut entries = vec![(key("apiVersion"), text(&self.api_version)), (key("kind"), text(&self.kind))];
        let mut metadata = vec![(key("name"), text(&name))];
        metadata.extend(namespace.map(|namespace| (key("namespace"), text(&namespace))));
        let mut rest = Vec::new();
        for (field, content) in &self.fields {
            let Some(value) = content.node(run)? else { continue };
            if &**field == "metadata"
                && let Value::Map(more) = value.value
            {
                metadata.extend(more);
            } else {
                rest.push((key(field.clone()), value));
            }
        }
        entries.push((key("metadata"), node(Value::Map(metadata))));
        entries.extend(rest);
        Ok(Some(node(Value::Map(entries))))
    }
}

impl Planned {
    /// The value; none where it is absent.
    fn node<'a>(&'a self, run: &mut Run<'a>) -> Result<'a, Option<Node>> {
        Ok(match self {
            Planned::Value(value) => to_node(&run.value(value)?),
            Planned::Object(fields) => {
                let mut entries = Vec::new();
                for (name, content) in fields {
                    entries.extend(content.node(run)?.map(|node| (key(name.clone()), node)));
                }
                Some(node(Value::Map(entries)))
            }
            Planned::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(item.node(run)?);
                }
                Some(node(Value::List(list)))
            }
        })
    }
}

fn node(value: Value) -> Node {
    Node { value, line: 0, column: 0 }
}

fn key(name: impl Into<Box<str>>) -> Key {
    Key { name: name.into(), line: 0, column: 0 }
}

/// A value as it is written; none where it is absent.
fn to_node(val: &Val<'_>) -> Option<Node> {
    Some(match val {
        Val::Absent => return None,
        Val::Bool(value) => node(Value::Bool(*value)),
        Val::Int(value) => node(Value::Int(*value)),
        Val::Quantity(milli) => node(Value::String(Quantity { milli: *milli }.to_string().into())),
        Val::Text(text) => node(Value::String((&**text).into())),
        Val::Node(there) => (*there).clone(),
        Val::Constant(constant) => constant_node(constant),
        Val::List(items) => node(Value::List(items.iter().filter_map(to_node).collect())),
    })
}

fn constant_node(constant: &Constant) -> Node {
    node(match constant {
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Int(value) => Value::Int(*value),
        Constant::Quantity(milli) => Value::String(Quantity { milli: *milli }.to_string().into()),
        Constant::Text(text) => Value::String(text.clone()),
        Constant::List(items) => Value::List(items.iter().map(constant_node).collect()),
        Constant::Object(fields) => Value::Map(fields.iter().map(|(name, value)| (key(name.clone()), constant_node(value))).collect()),
    })
}

/// Whether a computed text can be a key: printable ASCII.
fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The certain place; none where a key is absent or none.
fn path<'a>(run: &mut Run<'a>, place: &'a Place) -> Result<'a, Option<Vec<At>>> {
    let mut path = match place.from {
        From::Root(Root::Pod) => {
            run.pod_path().map(|pod| pod.segments().iter().map(|name| At::Key((*name).into())).collect()).unwrap_or_default()
        }
        From::Root(_) => Vec::new(),
        From::Slot(slot) => match run.bound(slot).and_then(|(node, _)| way(run.request.object, node)) {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    for step in &place.steps {
        match step {
            PlaceStep::Field(name) => path.push(At::Key(name.clone())),
            PlaceStep::Key(Expr::Const(Constant::Text(key))) => path.push(At::Key(key.clone())),
            PlaceStep::Key(key) => match run.value(key)?.into_text() {
                Some(key) if is_key(&key) => path.push(At::Key((&*key).into())),
                Some(_) | None => return Ok(None),
            },
        }
    }
    Ok(Some(path))
}

/// The way from a node to one in it.
fn way(within: &Node, node: &Node) -> Option<Vec<At>> {
    fn walk(within: &Node, node: &Node, path: &mut Vec<At>) -> bool {
        if std::ptr::eq(within, node) {
            return true;
        }
        let children: Vec<(At, &Node)> = match &within.value {
            Value::List(items) => items.iter().enumerate().map(|(index, item)| (At::Index(index), item)).collect(),
            Value::Map(entries) => entries.iter().map(|(key, value)| (At::Key(key.name.clone()), value)).collect(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => Vec::new(),
        };
        for (step, child) in children {
            path.push(step);
            if walk(child, node, path) {
                return true;
            }
            path.pop();
        }
        false
    }
    let mut path = Vec::new();
    walk(within, node, &mut path).then_some(path)
}

fn find<'a>(object: &'a Node, path: &[At]) -> Option<&'a Node> {
    path.iter().try_fold(object, |node, step| match step {
        At::Key(name) => node.get(name),
        At::Index(index) => node.items().get(*index),
    })
}

fn shown(path: &[At]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            At::Key(name) => super::locate::push_key(&mut out, name),
            At::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}

/// The place in the object, its parents made where they are missing; none where something else than a struct stands on the way.
fn enter<'n>(object: &'n mut Node, path: &[At]) -> Option<&'n mut Node> {
    let mut at = object;
    for step in path {
        match step {
            At::Index(index) => {
                let Value::List(items) = &mut at.value else { return None };
                at = items.get_mut(*index)?;
            }
            At::Key(name) => {
                if at.is_null() {
                    at.value = Value::Map(Vec::new());
                }
                let Value::Map(entries) = &mut at.value else { return None };
                let place = match entries.iter().rposition(|(key, _)| key.name == *name) {
                    Some(place) => place,
                    None => {
                        entries.push((key(name.clone()), node(Value::Null)));
                        entries.len() - 1
                    }
                };
                at = &mut entries.get_mut(place)?.1;
            }
        }
    }
    Some(at)
}

fn apply(object: &mut Node, path: &[At], action: Action, pushed: &mut Vec<(Vec<At>, Node)>) {
    match action {
        Action::Put(node) => {
            if let Some(place) = enter(object, path) {
                *place = node;
            }
        }
        Action::Remove => {
            let Some((At::Key(name), above)) = path.split_last() else { return };
            if find(object, above).is_some()
                && let Some(Node { value: Value::Map(entries), .. }) = enter(object, above)
            {
                entries.retain(|(key, _)| key.name != *name);
            }
        }
        Action::Push(element) => {
            if pushed.iter().any(|(list, other)| list == path && same(other, &element)) {
                return;
            }
            if let Some(list) = enter(object, path) {
                if list.is_null() {
                    list.value = Value::List(Vec::new());
                }
                if let Value::List(items) = &mut list.value {
                    items.push(element.clone());
                }
            }
            pushed.push((path.to_vec(), element));
        }
        Action::Into(index, fields) => {
            for (name, content) in fields {
                let mut path = path.to_vec();
                path.extend([At::Index(index), At::Key(name)]);
                merge(object, &path, content);
            }
        }
    }
}

/// Sets every leaf of a content.
fn merge(object: &mut Node, path: &[At], content: Node) {
    match content.value {
        Value::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                let mut path = path.to_vec();
                path.push(At::Key(key.name));
                merge(object, &path, value);
            }
        }
        Value::Map(_) => {
            if let Some(place) = enter(object, path)
                && !matches!(place.value, Value::Map(_))
            {
                place.value = content.value;
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
            if let Some(place) = enter(object, path) {
                *place = content;
            }
        }
    }
}

/// Whether every leaf of a content is there already.
fn holds(there: &Node, content: &Node) -> bool {
    match &content.value {
        Value::Map(entries) => {
            matches!(there.value, Value::Map(_))
                && entries.iter().all(|(key, value)| there.get(&key.name).is_some_and(|there| holds(there, value)))
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) => same(there, content),
    }
}

/// Whether two nodes are written the same, `null` entries and elements left aside.
#[must_use]
pub fn same(a: &Node, b: &Node) -> bool {
    Val::Node(a).same(&Val::Node(b))
}

impl<'a> Run<'a> {
    /// Whether an item applies; the message where something cannot be read.
    fn applies(&mut self, plan: &'a Plan, kind: &'a Kind) -> std::result::Result<bool, String> {
        self.enter(kind);
        if let Some(path) = self.unreadable_path(plan) {
            return Err(path);
        }
        self.test(&plan.applies).map_err(|wrong| self.place_of(wrong))
    }

    /// The path of what has the wrong type.
    fn place_of(&self, Wrong(node): Wrong<'a>) -> String {
        node.and_then(|node| way(self.request.object, node)).map(|path| shown(&path)).unwrap_or_default()
    }
}

/// Where an effect leaves an object alone, why, for a message.
#[must_use]
pub fn reason<T>(effect: &Effect<T>) -> Option<String> {
    let text = match effect {
        Effect::Nothing | Effect::Done(_) => return None,
        Effect::NotJudged(missing) => missing.to_string(),
        Effect::Unreadable(path) => format!("cannot read `{path}`"),
        Effect::Conflict(place) => format!("`{place}` is something else already"),
    };
    let mut line = String::new();
    message::escape(&text, &mut line);
    Some(line)
}
