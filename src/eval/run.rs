//! Running a planned rule over an object.

use super::effective_request::{Unreadable, effective_request};
use super::image::{Image, is_reference};
use super::message::{self, Message};
use super::plan::{Base, Element, Entry, Expr, Field, Loop, Name, Part, Path, Plan, PlannedRead, Set, Shared, Start, Step, Test, Trail};
use super::value::{Constant, Shape, Val, Wrong, counts, sorted};
use super::{Request, Verdict, duration, glob, locate};
use crate::ir::{Aggregate, Form, Function, Kind, Order, PodPath, Root};
use crate::object::{Node, Value};
use std::borrow::Cow;

type Result<'a, T> = std::result::Result<T, Wrong<'a>>;

/// What a loop has bound.
#[derive(Debug, Clone)]
pub(super) enum Bound<'a> {
    /// A part of the object, and its place in its set where the loop goes over one.
    Node(&'a Node, Shape, usize),
    /// Something else.
    Val(Val<'a>),
}

impl<'a> Bound<'a> {
    fn new(val: Val<'a>) -> Self {
        if let Val::Node(node) = val { Bound::Node(node, Shape::Any, usize::MAX) } else { Bound::Val(val) }
    }

    fn val(&self) -> Val<'a> {
        match self {
            // It has been found to fit when it was bound.
            Bound::Node(node, shape, _) => shape.read_entry(node).unwrap_or(Val::Absent),
            Bound::Val(val) => val.clone(),
        }
    }
}

/// What rules see of a request, and what they have found out about it together.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) request: &'a Request<'a>,
    kind: Option<&'a Kind>,
    env: Vec<Bound<'a>>,
    common: &'a Shared,
    trails: Vec<Known<'a>>,
    sets: Vec<Option<Elements<'a>>>,
    values: Vec<Option<Val<'a>>>,
    /// Whether it is asked where what fails stands.
    places: bool,
    /// The fields of elements that were looked for: several rules fail for one.
    fields: Vec<(&'a Node, String)>,
    /// For the names on the way to what a check is about.
    pub(super) names: Vec<Cow<'a, str>>,
    /// For the text of a message, until it is added to those of its rule.
    text: String,
}

/// What has been looked up: a part of the object, or that there is none.
type Known<'a> = Option<Option<&'a Node>>;

/// The elements of a set.
#[derive(Debug)]
struct Elements<'a> {
    elements: Vec<&'a Node>,
    width: usize,
    /// So many as there are columns for each element.
    cells: Vec<Known<'a>>,
}

impl<'a> Elements<'a> {
    fn cell(&mut self, element: usize, column: usize) -> Option<&mut Known<'a>> {
        self.cells.get_mut(element.checked_mul(self.width)?.checked_add(column)?)
    }
}

/// Whatever a field is looked up in.
enum Holder<'a> {
    Absent,
    Node(&'a Node),
    Constant(&'a Constant),
}

#[derive(Default)]
struct Failures {
    message: Message,
    place: locate::Place,
}

impl<'a> Run<'a> {
    pub(super) fn new(request: &'a Request<'a>, slots: usize, common: &'a Shared, places: bool) -> Self {
        Run {
            request,
            kind: None,
            env: vec![Bound::Val(Val::Absent); slots],
            common,
            trails: vec![None; common.trails.len()],
            sets: common.sets.iter().map(|_| None).collect(),
            values: vec![None; common.values],
            places,
            fields: Vec::new(),
            names: Vec::new(),
            text: String::new(),
        }
    }

    /// Judges by a rule whose kinds hold this one and whose operations hold the request's.
    pub(super) fn rule(&mut self, plan: &'a Plan, kind: &'a Kind) -> Verdict {
        self.kind = Some(kind);
        match self.verdict(plan) {
            Ok(verdict) => verdict,
            Err(Wrong(node)) => {
                let place = self.place_at(node);
                self.unreadable(&place.field.clone(), place)
            }
        }
    }

    /// Where a part of the object stands, if that is asked.
    fn place_at(&self, node: Option<&'a Node>) -> locate::Place {
        node.filter(|_| self.places).and_then(|node| locate::of_node(self.request, node)).unwrap_or_default()
    }

    /// Appends the field that a part of the object is.
    pub(super) fn push_field_of(&mut self, node: &'a Node, field: &mut String) {
        if std::ptr::eq(node, self.request.object) {
            return;
        }
        if let Some((_, known)) = self.fields.iter().find(|(known, _)| std::ptr::eq(*known, node)) {
            field.push_str(known);
            return;
        }
        let found = locate::of_node(self.request, node).unwrap_or_default().field;
        field.push_str(&found);
        self.fields.push((node, found));
    }

    fn unreadable(&self, path: &str, place: locate::Place) -> Verdict {
        let mut message = Message::default();
        message.push(&format!("cannot read `{path}`"));
        fail(message, place.or_object(self.request))
    }

    /// Sets the kind of the object.
    pub(super) fn enter(&mut self, kind: &'a Kind) {
        self.kind = Some(kind);
    }

    /// The path of the first read that finds something unreadable.
    pub(super) fn unreadable_path(&mut self, plan: &'a Plan) -> Option<String> {
        plan.reads.iter().find(|read| self.check_read(read, &read.sources).is_some()).map(|read| read.path.to_string())
    }

    fn verdict(&mut self, plan: &'a Plan) -> Result<'a, Verdict> {
        // A request that does not tell the namespace of its object cannot be judged by a rule that reads it: no cluster sends one.
        if plan.reads_namespace && self.kind.is_some_and(|kind| kind.namespaced) && self.request.namespace_object.is_none() {
            return Ok(self.unreadable("namespaceObject", locate::Place::default()));
        }
        if let Some(unknown) = self.request.cluster.and_then(|cluster| cluster.first_unknown(&plan.beside)) {
            return Ok(self.unreadable(&format!("cluster({})", unknown.kind), locate::Place::default()));
        }
        for read in &plan.reads {
            if let Some(place) = self.check_read(read, &read.sources) {
                return Ok(self.unreadable(&read.path, place));
            }
        }
        if !self.test(&plan.applies)? {
            return Ok(Verdict::Skip);
        }
        let mut failures = Failures::default();
        self.steps(&plan.body, &mut failures)?;
        if failures.message.is_empty() {
            return Ok(Verdict::Pass);
        }
        Ok(fail(failures.message, failures.place.or_object(self.request)))
    }

    /// The place of what is unreadable.
    fn check_read(&mut self, read: &'a PlannedRead, sources: &'a [Loop]) -> Option<locate::Place> {
        let Some((source, inner)) = sources.split_first() else {
            let readable = match self.value(&read.value) {
                Err(_) => false,
                Ok(Val::Absent) => true,
                Ok(value) => match read.form {
                    Form::Quantity => value.quantity().is_present(),
                    Form::Image => value.into_text().is_some_and(|text| is_reference(&text)),
                    Form::Duration => value.into_text().is_some_and(|text| duration::parse(&text).is_some()),
                },
            };
            return if readable { None } else { Some(locate::of_value(self, &read.value)) };
        };
        let mut found = None;
        match self.each(source, &mut |run| {
            found = run.check_read(read, inner);
            Ok(found.is_some())
        }) {
            Ok(_) => found,
            Err(Wrong(node)) => Some(self.place_at(node)),
        }
    }

    fn steps(&mut self, steps: &'a [Step], failures: &mut Failures) -> Result<'a, ()> {
        for step in steps {
            match step {
                Step::For { source, body } => {
                    self.each(source, &mut |run| run.steps(body, failures).map(|()| false))?;
                }
                Step::If { condition, then, otherwise } => {
                    let chosen = if self.test(condition)? { then } else { otherwise };
                    self.steps(chosen, failures)?;
                }
                Step::Check { fails, message, subject } => {
                    if self.test(fails)? {
                        if self.places
                            && failures.message.is_empty()
                            && let Some(subject) = subject
                        {
                            failures.place = locate::of_value(self, subject);
                        }
                        self.say(message, failures)?;
                    }
                }
                Step::Unique { source, keys, message } => self.unique(source, keys, message, failures)?,
            }
        }
        Ok(())
    }

    fn unique(&mut self, source: &'a Loop, keys: &'a [Expr], message: &'a [Part], failures: &mut Failures) -> Result<'a, ()> {
        let mut seen: Vec<Vec<Val<'a>>> = Vec::new();
        self.each(source, &mut |run| {
            let key = keys.iter().map(|key| run.value(key)).collect::<Result<'a, Vec<_>>>()?;
            if seen.iter().any(|other| other.iter().zip(&key).all(|(left, right)| left.same(right))) {
                if failures.message.is_empty()
                    && let Some(node) = run.bound(source.slot)
                {
                    failures.place = run.place_at(Some(node));
                }
                run.say(message, failures)?;
            } else {
                seen.push(key);
            }
            Ok(false)
        })?;
        Ok(())
    }

    /// Adds a message to those of the rule.
    fn say(&mut self, parts: &'a [Part], failures: &mut Failures) -> Result<'a, ()> {
        if let [Part::Text(text)] = parts {
            failures.message.push(text);
            return Ok(());
        }
        let mut out = std::mem::take(&mut self.text);
        out.clear();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(value) => {
                    let value = self.value(value)?;
                    print(&value, &mut out);
                }
                Part::Quantity(value) => {
                    let value = self.value(value)?;
                    let value = if value.is_present() { self.quantity(value)? } else { value };
                    print(&value, &mut out);
                }
            }
        }
        failures.message.push(&out);
        self.text = out;
        Ok(())
    }

    /// Where the element of a loop stands, if that is in the object.
    pub(super) fn bound(&self, slot: usize) -> Option<&'a Node> {
        match self.env.get(slot) {
            Some(Bound::Node(node, _, _)) => Some(node),
            Some(Bound::Val(_)) | None => None,
        }
    }

    #[inline]
    pub(super) fn bind(&mut self, slot: usize, element: Bound<'a>) {
        if let Some(bound) = self.env.get_mut(slot) {
            *bound = element;
        }
    }

    /// Runs `f` for each element that counts until it gives true, and gives whether it did.
    pub(super) fn each(&mut self, source: &'a Loop, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        if let Some(map) = &source.map {
            return self.each_entry(source, map, f);
        }
        if let Some(kinds) = &source.cluster {
            return self.each_object(source, kinds, f);
        }
        if let Some(set) = source.set {
            return self.each_element(source, set, f);
        }
        for list in &source.lists {
            let stopped = match self.node(list)? {
                Some(Some(list)) => self.each_node(source, list, f)?,
                Some(None) => false,
                None => match self.value(list)? {
                    Val::Node(list) => self.each_node(source, list, f)?,
                    Val::Constant(Constant::List(items)) => self.each_val(source, items.iter().map(Constant::val), f)?,
                    Val::List(items) => self.each_val(source, items.into_iter(), f)?,
                    Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Text(_) | Val::Constant(_) => false,
                },
            };
            if stopped {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn each_object(&mut self, source: &'a Loop, kinds: &'a [Kind], f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        let (Some(cluster), Some(own)) = (self.request.cluster, self.kind) else { return Ok(false) };
        let request = self.request;
        for (index, object) in kinds.iter().flat_map(|kind| cluster.beside(kind, own, request)).enumerate() {
            if self.element(source, index, Bound::Node(object, source.shape, usize::MAX), f)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn each_element(&mut self, source: &'a Loop, set: usize, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        if matches!(self.sets.get(set), Some(None)) {
            let elements = self.elements(set)?;
            if let Some(known) = self.sets.get_mut(set) {
                *known = elements;
            }
        }
        let mut index = 0;
        while let Some(Some(Elements { elements, .. })) = self.sets.get(set)
            && let Some(element) = elements.get(index)
        {
            self.bind(source.slot, Bound::Node(element, source.shape, index));
            index += 1;
            let counts = match &source.filter {
                Some(filter) => self.test(filter)?,
                None => true,
            };
            if counts && f(self)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn elements(&mut self, set: usize) -> Result<'a, Option<Elements<'a>>> {
        let Some(Set { lists, shape, columns }) = self.common.sets.get(set) else { return Ok(None) };
        let mut elements = Vec::new();
        for list in lists {
            let Some(list) = self.trail(*list)? else { continue };
            for item in list.items().iter().filter(|item| !item.is_null()) {
                if !shape.fits(&item.value) {
                    return Err(Wrong(Some(item)));
                }
                elements.push(item);
            }
        }
        let cells = vec![None; elements.len() * columns.len()];
        Ok(Some(Elements { elements, width: columns.len(), cells }))
    }

    fn each_node(&mut self, source: &'a Loop, list: &'a Node, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        for (index, item) in list.items().iter().enumerate() {
            if item.is_null() {
                continue;
            }
            if !source.shape.fits(&item.value) {
                return Err(Wrong(Some(item)));
            }
            if self.element(source, index, Bound::Node(item, source.shape, usize::MAX), f)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn each_val(
        &mut self,
        source: &'a Loop,
        items: impl Iterator<Item = Val<'a>>,
        f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>,
    ) -> Result<'a, bool> {
        for (index, item) in items.enumerate() {
            if item.is_present() && self.element(source, index, Bound::new(item), f)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[inline]
    fn element(
        &mut self,
        source: &'a Loop,
        index: usize,
        element: Bound<'a>,
        f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>,
    ) -> Result<'a, bool> {
        self.bind(source.slot, element);
        if let Some(key) = source.key {
            self.bind(key, Bound::Val(i64::try_from(index).map_or(Val::Absent, Val::Int)));
        }
        match &source.filter {
            Some(filter) if !self.test(filter)? => Ok(false),
            _ => f(self),
        }
    }

    fn each_entry(&mut self, source: &'a Loop, map: &'a Expr, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        let entries: Vec<(&'a str, Bound<'a>)> = match self.value(map)? {
            Val::Node(map) => {
                let mut bound = Vec::new();
                for (key, node) in sorted(map.entries()) {
                    if source.shape.read_entry(node)?.is_present() {
                        bound.push((&*key.name, Bound::Node(node, source.shape, usize::MAX)));
                    }
                }
                bound
            }
            Val::Constant(Constant::Object(fields)) => {
                let mut entries: Vec<_> = fields.iter().map(|(name, value)| (&**name, Bound::new(value.val()))).collect();
                entries.sort_by_key(|(name, _)| *name);
                entries
            }
            Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Text(_) | Val::Constant(_) | Val::List(_) => {
                return Ok(false);
            }
        };
        for (key, element) in entries {
            self.bind(source.slot, element);
            if let Some(slot) = source.key {
                self.bind(slot, Bound::Val(Val::Text(Cow::Borrowed(key))));
            }
            let counts = match &source.filter {
                Some(filter) => self.test(filter)?,
                None => true,
            };
            if counts && f(self)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn root(&self, root: Root) -> Option<&'a Node> {
        match root {
            Root::Object => Some(self.request.object),
            Root::OldObject => self.request.old_object,
            Root::NamespaceObject => self.request.namespace_object.filter(|_| self.kind.is_some_and(|kind| kind.namespaced)),
            Root::Request => self.request.request,
            Root::Pod => self.request.object.at(self.pod_path()?.segments()),
        }
    }

    pub(super) fn pod_path(&self) -> Option<PodPath> {
        self.kind?.pod
    }

    fn root_value(&self, root: Root) -> Result<'a, Val<'a>> {
        self.root(root).map_or(Ok(Val::Absent), |node| Shape::Map.read(node))
    }

    fn holder(&mut self, expr: &'a Expr) -> Result<'a, Holder<'a>> {
        Ok(match self.value(expr)? {
            Val::Node(node) => Holder::Node(node),
            Val::Constant(constant) => Holder::Constant(constant),
            Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Text(_) | Val::List(_) => Holder::Absent,
        })
    }

    /// What stands where an expression leads, if it is a path or variable that starts in the object.
    #[inline]
    fn node(&mut self, expr: &'a Expr) -> Result<'a, Option<Option<&'a Node>>> {
        if let Expr::Path(path, _) = expr {
            return self.path(path);
        }
        if let Expr::Var(slot) = expr
            && let Some(Bound::Node(node, _, _)) = self.env.get(*slot)
            && !node.is_null()
        {
            return Ok(Some(Some(node)));
        }
        Ok(None)
    }

    /// Follows a path; `None` when it does not start in the object.
    #[inline]
    fn path(&mut self, path: &'a Path) -> Result<'a, Option<Option<&'a Node>>> {
        let start = match path.base {
            Base::Trail(trail) => return self.trail(trail).map(Some),
            Base::Cell { slot, set, column } => match self.env.get(slot) {
                Some(Bound::Node(node, _, element)) => self.cell(node, *element, set, column)?,
                Some(Bound::Val(_)) | None => return Ok(None),
            },
            Base::Var(slot) => match self.env.get(slot) {
                Some(Bound::Node(node, _, _)) => Some(*node),
                Some(Bound::Val(Val::Absent)) | None => None,
                Some(Bound::Val(_)) => return Ok(None),
            },
        };
        match start {
            Some(node) => follow(node, &path.steps).map(Some),
            None => Ok(Some(None)),
        }
    }

    /// A field of an element of a set.
    #[inline]
    fn cell(&mut self, node: &'a Node, element: usize, set: usize, column: usize) -> Result<'a, Option<&'a Node>> {
        if let Some(Some(elements)) = self.sets.get_mut(set)
            && let Some(known) = elements.cell(element, column)
        {
            if let Some(known) = known {
                return Ok(*known);
            }
            if let Some(name) = self.common.sets.get(set).and_then(|set| set.columns.get(column)) {
                let found = step(node, name)?;
                *known = Some(found);
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Where a shared step leads.
    fn trail(&mut self, trail: usize) -> Result<'a, Option<&'a Node>> {
        if let Some(Some(known)) = self.trails.get(trail) {
            return Ok(*known);
        }
        let Some(Trail { from, name }) = self.common.trails.get(trail) else { return Ok(None) };
        let start = match from {
            Start::Trail(trail) => self.trail(*trail)?,
            Start::Root(root) => match self.root(*root).filter(|node| !node.is_null()) {
                Some(node) if !matches!(node.value, Value::Map(_)) => return Err(Wrong(Some(node))),
                start => start,
            },
        };
        let found = match start {
            Some(node) => step(node, name)?,
            None => None,
        };
        if let Some(known) = self.trails.get_mut(trail) {
            *known = Some(found);
        }
        Ok(found)
    }

    pub(super) fn value(&mut self, expr: &'a Expr) -> Result<'a, Val<'a>> {
        match expr {
            Expr::Const(constant) => Ok(constant.val()),
            Expr::Root(root) => self.root_value(*root),
            Expr::Var(slot) => Ok(self.env.get(*slot).map_or(Val::Absent, Bound::val)),
            Expr::Path(path, otherwise) => match self.path(path)? {
                Some(Some(node)) => path.shape.read(node),
                Some(None) => Ok(Val::Absent),
                None => self.value(otherwise),
            },
            Expr::Shared(id, inner) => {
                if let Some(Some(known)) = self.values.get(*id) {
                    return Ok(known.clone());
                }
                let value = self.value(inner)?;
                if let Some(known) = self.values.get_mut(*id) {
                    *known = Some(value.clone());
                }
                Ok(value)
            }
            Expr::Field(field) => self.field(field),
            Expr::Entry(entry) => self.entry(entry),
            Expr::Coalesce(values) => {
                for value in values {
                    let value = self.value(value)?;
                    if value.is_present() {
                        return Ok(value);
                    }
                }
                Ok(Val::Absent)
            }
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                if self.test(condition)? { self.value(then) } else { self.value(otherwise) }
            }
            Expr::Truth(test) => Ok(Val::Bool(self.test(test)?)),
            Expr::List(items) => {
                let mut list = Vec::new();
                self.items(items, &mut |value| list.push(value))?;
                Ok(Val::List(list))
            }
            Expr::Aggregate { op, quantity, items } => self.aggregate(*op, *quantity, items),
            Expr::Arithmetic { minus, quantity, sides } => {
                let (left, right) = (self.value(&sides.0)?, self.value(&sides.1)?);
                if !left.is_present() || !right.is_present() {
                    return Ok(Val::Absent);
                }
                if *quantity {
                    let (left, right) = (self.quantity(left)?, self.quantity(right)?);
                    let (Val::Quantity(left), Val::Quantity(right)) = (left, right) else { return Ok(Val::Absent) };
                    let result = if *minus { left.checked_sub(right) } else { left.checked_add(right) };
                    return Ok(result.map_or(Val::Absent, Val::Quantity));
                }
                let (Val::Int(left), Val::Int(right)) = (left, right) else { return Ok(Val::Absent) };
                let result = if *minus { left.checked_sub(right) } else { left.checked_add(right) };
                Ok(result.map_or(Val::Absent, Val::Int))
            }
            Expr::Concat(values) => {
                let mut text = String::new();
                for value in values {
                    match self.value(value)?.into_text() {
                        Some(part) => text.push_str(&part),
                        None => return Ok(Val::Absent),
                    }
                }
                Ok(Val::Text(Cow::Owned(text)))
            }
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::SizeOf(of) => {
                let value = self.value(of)?;
                Ok(if value.is_present() { size(&value) } else { Val::Int(0) })
            }
            Expr::Quantity(of) => {
                let value = self.value(of)?;
                self.quantity(value)
            }
        }
    }

    /// A present value as a quantity.
    fn quantity(&self, value: Val<'a>) -> Result<'a, Val<'a>> {
        let quantity = value.quantity();
        match value {
            Val::Node(node) if !quantity.is_present() => Err(Wrong(Some(node))),
            Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Text(_) | Val::Node(_) | Val::Constant(_) | Val::List(_) => {
                Ok(quantity)
            }
        }
    }

    fn field(&mut self, field: &'a Field) -> Result<'a, Val<'a>> {
        let holder = self.holder(&field.of)?;
        let value = match holder {
            Holder::Absent => Val::Absent,
            Holder::Node(node) => match node.get(&field.name) {
                Some(node) => {
                    let value = field.shape.read(node)?;
                    if counts(&node.value, field.presence) { value } else { Val::Absent }
                }
                None => Val::Absent,
            },
            Holder::Constant(constant) => member(constant, &field.name),
        };
        if value.is_present() {
            return Ok(value);
        }
        if let Some(root) = field.namespace_of
            && let Some(namespace) = self.default_namespace(root)
        {
            return Ok(Val::Text(Cow::Borrowed(namespace)));
        }
        match &field.default {
            Some(default) if !matches!(holder, Holder::Absent) => self.value(default),
            _ => Ok(Val::Absent),
        }
    }

    /// The namespace of an object that names none.
    fn default_namespace(&self, root: Root) -> Option<&'a str> {
        let kind = self.kind.filter(|kind| kind.namespaced)?;
        (root == Root::Object || kind.pod == Some(PodPath::Object)).then_some(self.request.default_namespace).flatten()
    }

    fn entry(&mut self, entry: &'a Entry) -> Result<'a, Val<'a>> {
        let holder = self.holder(&entry.of)?;
        let key = self.value(&entry.key)?.into_text();
        let value = match (&holder, key) {
            (Holder::Node(node), Some(key)) => match node.get(&key) {
                Some(node) => entry.shape.read_entry(node)?,
                None => Val::Absent,
            },
            (Holder::Constant(constant), Some(key)) => member(constant, &key),
            (_, None) => return Ok(Val::Absent),
            (Holder::Absent, Some(_)) => Val::Absent,
        };
        match &entry.default {
            Some(default) if !value.is_present() => self.value(default),
            _ => Ok(value),
        }
    }

    /// Calls `f` for each item that is present.
    fn items(&mut self, items: &'a [Element], f: &mut dyn FnMut(Val<'a>)) -> Result<'a, ()> {
        for item in items {
            match item {
                Element::One(value) => {
                    let value = self.value(value)?;
                    if value.is_present() {
                        f(value);
                    }
                }
                Element::Spread(value) => spread(self.value(value)?, f),
                Element::Each(source, inner) => {
                    self.each(source, &mut |run| run.items(inner, f).map(|()| false))?;
                }
            }
        }
        Ok(())
    }

    fn aggregate(&mut self, op: Aggregate, quantity: bool, items: &'a [Element]) -> Result<'a, Val<'a>> {
        if op == Aggregate::Count {
            let mut count = 0_i64;
            self.items(items, &mut |_| count += 1)?;
            return Ok(Val::Int(count));
        }
        let mut result: Option<i128> = (op == Aggregate::Sum).then_some(0);
        let mut wrong = None;
        self.items(items, &mut |value| {
            let number = match if quantity { value.quantity() } else { value.clone() } {
                Val::Quantity(milli) => milli,
                Val::Int(number) => i128::from(number),
                Val::Absent | Val::Bool(_) | Val::Text(_) | Val::Node(_) | Val::Constant(_) | Val::List(_) => {
                    wrong = Some(if let Val::Node(node) = value { Wrong(Some(node)) } else { Wrong(None) });
                    return;
                }
            };
            result = match op {
                Aggregate::Sum | Aggregate::Count => result.and_then(|result| result.checked_add(number)),
                Aggregate::Min => Some(result.map_or(number, |result| result.min(number))),
                Aggregate::Max => Some(result.map_or(number, |result| result.max(number))),
            };
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        Ok(match result {
            None => Val::Absent,
            Some(result) if quantity => Val::Quantity(result),
            Some(result) => i64::try_from(result).map_or(Val::Absent, Val::Int),
        })
    }

    fn call(&mut self, function: Function, arguments: &'a [Expr]) -> Result<'a, Val<'a>> {
        let mut values = [const { Val::Absent }; 3];
        for (value, argument) in values.iter_mut().zip(arguments) {
            *value = self.value(argument)?;
        }
        let [first, second, third] = values;
        match function {
            Function::EffectiveRequest => {
                let Some(resource) = second.into_text() else { return Ok(Val::Absent) };
                let Val::Node(pod) = first else { return Ok(Val::Quantity(0)) };
                effective_request(pod, &resource)
                    .map(|quantity| Val::Quantity(quantity.milli))
                    .map_err(|Unreadable(node)| Wrong(Some(node)))
            }
            Function::IndexOf => {
                let mut position = None;
                let mut index = 0_i64;
                spread(first, &mut |element| {
                    if position.is_none() && element.equals(&second) {
                        position = Some(index);
                    }
                    index += 1;
                });
                Ok(Val::Int(position.unwrap_or(-1)))
            }
            Function::Join => {
                let Some(separator) = second.into_text() else { return Ok(Val::Absent) };
                let mut texts = Vec::new();
                spread(first, &mut |element| texts.extend(element.into_text()));
                Ok(Val::Text(Cow::Owned(texts.join(&*separator))))
            }
            Function::Size => Ok(size(&first)),
            Function::Quantity => self.quantity(first),
            Function::AsInt => Ok(if let Val::Int(value) = first { Val::Int(value) } else { Val::Absent }),
            Function::AsName => Ok(if let Val::Text(text) = first { Val::Text(text) } else { Val::Absent }),
            Function::Percent => Ok(first.into_text().and_then(|text| percent(&text)).map_or(Val::Absent, Val::Int)),
            Function::Duration => {
                Ok(first.into_text().and_then(|text| duration::parse(&text)).map_or(Val::Absent, |seconds| Val::Quantity(seconds.milli)))
            }
            Function::ImageRegistry => Ok(image(first, |image| Some(image.registry.into()))),
            Function::ImageRepository => Ok(image(first, |image| Some(image.repository()))),
            Function::ImageTag => Ok(image(first, |image| image.tag().map(Cow::Borrowed))),
            Function::ImageDigest => Ok(image(first, |image| image.digest.map(Cow::Borrowed))),
            Function::Lower => Ok(first.into_text().map_or(Val::Absent, |text| Val::Text(text.to_ascii_lowercase().into()))),
            Function::Upper => Ok(first.into_text().map_or(Val::Absent, |text| Val::Text(text.to_ascii_uppercase().into()))),
            Function::Replace => Ok(match (first.into_text(), second.into_text(), third.into_text()) {
                (Some(text), Some(old), Some(new)) => Val::Text(text.replace(&*old, &new).into()),
                _ => Val::Absent,
            }),
            Function::Split => Ok(match (first.into_text(), second.into_text()) {
                (Some(Cow::Borrowed(text)), Some(separator)) => {
                    Val::List(text.split(&*separator).map(|part| Val::Text(Cow::Borrowed(part))).collect())
                }
                (Some(Cow::Owned(text)), Some(separator)) => {
                    Val::List(text.split(&*separator).map(|part| Val::Text(Cow::Owned(part.to_owned()))).collect())
                }
                _ => Val::Absent,
            }),
        }
    }

    fn text(&mut self, expr: &'a Expr) -> Result<'a, Option<Cow<'a, str>>> {
        match self.node(expr)? {
            Some(Some(node)) => Ok(node.as_str().map(Cow::Borrowed)),
            Some(None) => Ok(None),
            None => Ok(self.value(expr)?.into_text()),
        }
    }

    pub(super) fn test(&mut self, test: &'a Test) -> Result<'a, bool> {
        match test {
            Test::Const(value) => Ok(*value),
            Test::Not(test) => self.test(test).map(|value| !value),
            Test::And(tests) => {
                for test in tests {
                    if !self.test(test)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Or(tests) => {
                for test in tests {
                    if self.test(test)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Exists(value) => match self.node(value)? {
                Some(found) => Ok(found.is_some()),
                None => self.value(value).map(|value| value.is_present()),
            },
            Test::True(value) => match self.node(value)? {
                Some(found) => Ok(found.is_some_and(|node| matches!(node.value, Value::Bool(true)))),
                None => self.value(value).map(|value| matches!(value, Val::Bool(true))),
            },
            Test::Compare(op, sides) => {
                if self.node(&sides.0)? == Some(None) {
                    return Ok(false);
                }
                let left = self.value(&sides.0)?;
                if !left.is_present() {
                    return Ok(false);
                }
                let right = self.value(&sides.1)?;
                Ok(match op {
                    Order::Eq => left.equals(&right),
                    Order::Lt => left.order(&right).is_some_and(std::cmp::Ordering::is_lt),
                    Order::Le => left.order(&right).is_some_and(std::cmp::Ordering::is_le),
                    Order::Gt => left.order(&right).is_some_and(std::cmp::Ordering::is_gt),
                    Order::Ge => left.order(&right).is_some_and(std::cmp::Ordering::is_ge),
                })
            }
            Test::In(sides) => {
                let item = self.value(&sides.0)?;
                if !item.is_present() {
                    return Ok(false);
                }
                if self.node(&sides.1)? == Some(None) {
                    return Ok(false);
                }
                let list = self.value(&sides.1)?;
                if let Val::Node(node) = list {
                    return Ok(node.items().iter().any(|element| Val::Node(element).equals(&item)));
                }
                let mut found = false;
                spread(list, &mut |element| found = found || element.equals(&item));
                Ok(found)
            }
            Test::InTexts(item, texts) => Ok(self.text(item)?.is_some_and(|item| texts.iter().any(|text| **text == *item))),
            Test::Like(value, pattern) => Ok(self.text(value)?.is_some_and(|text| glob::matches(pattern, &text))),
            Test::Matches(value, regex) => Ok(self.text(value)?.is_some_and(|text| regex.is_match(&text))),
            Test::Contains(sides) => {
                let Some(whole) = self.text(&sides.0)? else { return Ok(false) };
                Ok(self.text(&sides.1)?.is_some_and(|part| whole.contains(&*part)))
            }
            Test::Any(parts) => {
                let (source, body) = &**parts;
                self.each(source, &mut |run| run.test(body))
            }
            Test::All(parts) => {
                let (source, body) = &**parts;
                self.each(source, &mut |run| run.test(body).map(|value| !value)).map(|found| !found)
            }
            Test::Selects { map, sides } => {
                let selector = self.value(&sides.0)?;
                let labels = self.value(&sides.1)?;
                Ok(super::selector::selects(&selector, *map, &labels))
            }
            Test::IsImage(value) => Ok(self.text(value)?.is_some_and(|text| is_reference(&text))),
            Test::KindIs(kinds) => Ok(self.kind.is_some_and(|kind| kinds.iter().any(|name| kind.is(name)))),
        }
    }
}

fn fail(message: Message, place: locate::Place) -> Verdict {
    Verdict::Fail { message: message.finish(), field: place.field, line: place.line, column: place.column }
}

fn follow<'a>(start: &'a Node, steps: &[Name]) -> Result<'a, Option<&'a Node>> {
    let mut node = start;
    for name in steps {
        match step(node, name)? {
            Some(child) => node = child,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

/// A field, where it is there.
#[inline]
fn step<'a>(node: &'a Node, name: &Name) -> Result<'a, Option<&'a Node>> {
    match node.get(&name.name) {
        Some(child) if !child.is_null() => {
            if !name.shape.fits(&child.value) {
                return Err(Wrong(Some(child)));
            }
            Ok(counts(&child.value, name.presence).then_some(child))
        }
        Some(_) | None => Ok(None),
    }
}

fn member<'a>(constant: &'a Constant, name: &str) -> Val<'a> {
    match constant {
        Constant::Object(fields) => fields.iter().rev().find(|(key, _)| **key == *name).map_or(Val::Absent, |(_, value)| value.val()),
        Constant::Bool(_) | Constant::Int(_) | Constant::Quantity(_) | Constant::Text(_) | Constant::List(_) => Val::Absent,
    }
}

/// Calls `f` for each element of a list that is present.
fn spread<'a>(list: Val<'a>, f: &mut dyn FnMut(Val<'a>)) {
    match list {
        Val::Node(node) => node.items().iter().for_each(|item| {
            if let Ok(value @ (Val::Bool(_) | Val::Int(_) | Val::Text(_) | Val::Node(_))) = Shape::Any.read(item) {
                f(value);
            }
        }),
        Val::Constant(Constant::List(items)) => items.iter().for_each(|item| f(item.val())),
        Val::List(items) => items.into_iter().filter(Val::is_present).for_each(f),
        Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Text(_) | Val::Constant(_) => {}
    }
}

fn size(value: &Val<'_>) -> Val<'static> {
    let size = match value {
        Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) => return Val::Absent,
        Val::Text(text) => text.chars().count(),
        Val::Node(node) => match &node.value {
            Value::String(text) => text.chars().count(),
            Value::List(items) => items.iter().filter(|item| !item.is_null()).count(),
            Value::Map(entries) => sorted(entries).len(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => return Val::Absent,
        },
        Val::Constant(Constant::List(items)) => items.len(),
        Val::Constant(Constant::Object(fields)) => fields.len(),
        Val::Constant(Constant::Bool(_) | Constant::Int(_) | Constant::Quantity(_) | Constant::Text(_)) => return Val::Absent,
        Val::List(items) => items.len(),
    };
    i64::try_from(size).map_or(Val::Absent, Val::Int)
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%')?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// A part of an image reference.
fn image<'a>(text: Val<'a>, part: impl for<'t> FnOnce(Image<'t>) -> Option<Cow<'t, str>>) -> Val<'a> {
    let part = match text.into_text() {
        None => None,
        Some(Cow::Borrowed(text)) => part(Image::split(text)),
        Some(Cow::Owned(text)) => part(Image::split(&text)).map(|part| Cow::Owned(part.into_owned())),
    };
    part.map_or(Val::Absent, Val::Text)
}

/// Appends a value as a message shows it.
fn print(value: &Val<'_>, out: &mut String) {
    match value {
        Val::Absent => out.push_str(message::UNSET),
        Val::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Val::Int(value) => out.push_str(&value.to_string()),
        Val::Quantity(milli) => out.push_str(&crate::ir::Quantity { milli: *milli }.to_string()),
        Val::Text(text) => out.push_str(text),
        Val::Node(node) => match &node.value {
            Value::Null => out.push_str(message::UNSET),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&value.to_string()),
            Value::String(text) => out.push_str(text),
            Value::List(items) => print_all(items.iter().filter(|item| !item.is_null()).map(Val::Node), out),
            Value::Map(_) => {}
        },
        Val::Constant(Constant::List(items)) => print_all(items.iter().map(Constant::val), out),
        Val::Constant(_) => {}
        Val::List(items) => print_all(items.iter().cloned(), out),
    }
}

fn print_all<'v>(values: impl Iterator<Item = Val<'v>>, out: &mut String) {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(&value, out);
    }
}
