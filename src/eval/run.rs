//! Running a planned rule over an object.

use super::effective_request::{Unreadable, effective_request};
use super::image::{Image, is_reference};
use super::message::{self, Message};
use super::plan::{
    Base, Column, Element, Entry, Expr, Field, Fields, Loop, Name, Part, Path, Plan, PlannedRead, Set, Shared, Start, Step, Test, Trail,
};
use super::quiet::{Gap, Gaps, Quiet};
use super::value::{Constant, Shape, Val, Wrong, counts, sorted};
use super::{Request, Said, duration, glob, locate};
use crate::ir::{Aggregate, Form, Function, Kind, Order, PodPath, Root};
use crate::object::{Node, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

type Result<'a, T> = std::result::Result<T, Wrong<'a>>;

/// What a loop has bound.
#[derive(Debug, Clone)]
pub(super) enum Bound<'a> {
    /// A part of the object, and what element of a set it is where the loop goes over one.
    Node(&'a Node, Shape, Member),
    /// Something else.
    Val(Val<'a>),
}

/// An element of a set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) set: usize,
    pub(super) element: usize,
}

impl Member {
    /// Of none.
    pub(super) const NONE: Member = Member { set: usize::MAX, element: usize::MAX };
}

impl<'a> Bound<'a> {
    fn new(val: Val<'a>) -> Self {
        if let Val::Node(node) = val { Bound::Node(node, Shape::Any, Member::NONE) } else { Bound::Val(val) }
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
    pub(super) request: Request<'a>,
    kind: Option<&'a Kind>,
    env: Vec<Bound<'a>>,
    pub(super) common: &'a Shared,
    trails: Vec<Known<'a>>,
    /// The roots whose steps were looked up, by their places.
    rooted: Vec<bool>,
    sets: Vec<Elements<'a>>,
    values: Vec<Option<Val<'a>>>,
    /// Of the shared gaps those that were asked for, a bit each.
    asked: Vec<u64>,
    /// Those of them that there are.
    missing: Vec<u64>,
    /// Whether it is asked where what fails stands.
    places: bool,
    /// For the names on the way to what a check is about.
    pub(super) names: Vec<Cow<'a, str>>,
    /// The fields of elements that were asked for, one behind the other: several rules fail for one.
    fields: String,
    /// The fields of lists, for all requests.
    lists: Vec<(PodPath, usize, String)>,
    /// What the checks of the rule say that have failed.
    message: Message,
    /// What the first of them is about.
    pub(super) place: locate::Place,
}

/// What has been looked up: a part of the object, or that there is none. Nothing where that is not known, or where it is not of its type.
type Known<'a> = Option<Option<&'a Node>>;

/// The elements of a set.
#[derive(Debug, Default)]
struct Elements<'a> {
    /// Whether the lists were looked up.
    listed: bool,
    elements: Vec<Listed<'a>>,
    width: usize,
    /// So many as there are columns for each element.
    cells: Vec<Known<'a>>,
}

#[derive(Debug)]
struct Listed<'a> {
    node: &'a Node,
    /// The shared step that leads to its list, and its place there.
    list: usize,
    index: usize,
    /// The field that it is, in those of the run; empty until it was asked for.
    field: Range<usize>,
}

/// Whatever a field is looked up in.
enum Holder<'a> {
    Absent,
    Node(&'a Node),
    Constant(&'a Constant),
}

impl<'a> Run<'a> {
    pub(super) fn new(request: Request<'a>, slots: usize, common: &'a Shared, places: bool) -> Self {
        Run {
            request,
            kind: None,
            env: vec![Bound::Val(Val::Absent); slots],
            common,
            trails: vec![None; common.trails.len()],
            rooted: vec![false; common.from_roots.len()],
            sets: common.sets.iter().map(|set| Elements { width: set.columns.len(), ..Elements::default() }).collect(),
            values: vec![None; common.values],
            asked: vec![0; common.gaps.len().div_ceil(64)],
            missing: vec![0; common.gaps.len().div_ceil(64)],
            places,
            names: Vec::new(),
            fields: String::new(),
            lists: Vec::new(),
            message: Message::default(),
            place: locate::Place::default(),
        }
    }

    /// Turns to another request, of which nothing is known.
    pub(super) fn turn_to(&mut self, request: Request<'a>) {
        self.request = request;
        self.kind = None;
        self.trails.fill(None);
        self.rooted.fill(false);
        for set in &mut self.sets {
            set.listed = false;
        }
        self.values.fill(None);
        self.asked.fill(0);
        self.missing.fill(0);
        self.fields.clear();
    }

    /// Judges by a rule whose kinds hold this one and whose operations hold the request's.
    pub(super) fn rule(&mut self, plan: &'a Plan, kind: &'a Kind) -> Said<'_> {
        self.kind = Some(kind);
        if let Some(quiet) = &plan.quiet
            && self.is_quiet(quiet)
        {
            return if quiet.passes { Said::Pass } else { Said::Skip };
        }
        self.message.clear();
        self.place.clear();
        match self.verdict(plan) {
            Ok(true) if self.message.is_empty() => Said::Pass,
            Ok(true) => self.fail(),
            Ok(false) => Said::Skip,
            Err(Wrong(node)) => {
                self.message.clear();
                self.place_at(node);
                let path = std::mem::take(&mut self.place.field);
                self.unreadable(&path);
                self.place.field = path;
                self.fail()
            }
        }
    }

    fn fail(&mut self) -> Said<'_> {
        if self.place.field.is_empty() && self.place.line == 0 {
            (self.place.line, self.place.column) = (self.request.object.line, self.request.object.column);
        }
        Said::Fail { message: self.message.finish(), field: &self.place.field, line: self.place.line, column: self.place.column }
    }

    /// Whether nothing is there that a rule looks for.
    fn is_quiet(&mut self, quiet: &Quiet) -> bool {
        quiet.gaps.iter().all(|gaps| self.are_gaps(*gaps))
            && quiet.pairs.iter().all(|(one, other)| self.are_gaps(Gaps::one(*one)) || self.are_gaps(Gaps::one(*other)))
    }

    /// Whether all of them are missing.
    #[inline]
    fn are_gaps(&mut self, Gaps { word, bits }: Gaps) -> bool {
        let open = bits & !self.missing.get(word).copied().unwrap_or_default();
        open == 0 || self.are_missing(word, open)
    }

    /// The same of some that are not known to be: asks for them until one is not.
    fn are_missing(&mut self, word: usize, mut open: u64) -> bool {
        if open & self.asked.get(word).copied().unwrap_or_default() != 0 {
            return false;
        }
        while open != 0 {
            let bit = open & open.wrapping_neg();
            let gap = self.common.gaps.get(word * 64 + bit.trailing_zeros() as usize);
            let found = gap.is_some_and(|what| self.is_missing(*what).unwrap_or_default());
            if let (Some(asked), Some(missing)) = (self.asked.get_mut(word), self.missing.get_mut(word)) {
                *asked |= bit;
                *missing |= if found { bit } else { 0 };
            }
            if !found {
                return false;
            }
            open ^= bit;
        }
        true
    }

    fn is_missing(&mut self, gap: Gap) -> Result<'a, bool> {
        match gap {
            Gap::Trail(trail) => self.trail(trail).map(|found| found.is_none()),
            Gap::Set(set) => self.list(set).map(|()| true),
            Gap::Column { set, column } => {
                self.list(set)?;
                Ok(self
                    .sets
                    .get(set)
                    .is_some_and(|set| set.cells.iter().skip(column).step_by(set.width.max(1)).all(|cell| *cell == Some(None))))
            }
        }
    }

    /// Sets the place to that of a part of the object, if places are asked for.
    fn place_at(&mut self, node: Option<&'a Node>) {
        self.place.clear();
        if self.places
            && let Some(place) = node.and_then(|node| locate::of_node(&self.request, node))
        {
            self.place = place;
        }
    }

    /// Appends the field that a part of the object is.
    pub(super) fn push_field_of(&mut self, node: &'a Node, member: Member, field: &mut String) {
        if std::ptr::eq(node, self.request.object) {
            return;
        }
        let pod = self.pod_path().unwrap_or(PodPath::Object);
        if let Some(listed) = self.sets.get_mut(member.set).and_then(|set| set.elements.get_mut(member.element)) {
            if listed.field.is_empty() {
                let start = self.fields.len();
                match self.lists.iter().find(|(of, list, _)| *of == pod && *list == listed.list) {
                    Some((_, _, known)) => self.fields.push_str(known),
                    None => {
                        let mut list = String::new();
                        locate::push_trail(self.common, pod, listed.list, &mut list);
                        self.fields.push_str(&list);
                        self.lists.push((pod, listed.list, list));
                    }
                }
                let _ = write!(self.fields, "[{}]", listed.index);
                listed.field = start..self.fields.len();
            }
            field.push_str(self.fields.get(listed.field.clone()).unwrap_or_default());
            return;
        }
        field.push_str(&locate::of_node(&self.request, node).unwrap_or_default().field);
    }

    fn unreadable(&mut self, path: &str) {
        self.message.push(&format!("cannot read `{path}`"));
    }

    /// Sets the kind of the object.
    pub(super) fn enter(&mut self, kind: &'a Kind) {
        self.kind = Some(kind);
    }

    /// The path of the first read that finds something unreadable.
    pub(super) fn unreadable_path(&mut self, plan: &'a Plan) -> Option<String> {
        plan.reads.iter().find(|read| self.check_read(read, &read.sources)).map(|read| read.path.to_string())
    }

    /// Whether a rule applies; what it then says is in the message.
    fn verdict(&mut self, plan: &'a Plan) -> Result<'a, bool> {
        // A request that does not tell the namespace of its object cannot be judged by a rule that reads it: no cluster sends one.
        if plan.reads_namespace && self.kind.is_some_and(|kind| kind.namespaced) && self.request.namespace_object.is_none() {
            self.unreadable("namespaceObject");
            return Ok(true);
        }
        if let Some(unknown) = self.request.cluster.and_then(|cluster| cluster.first_unknown(&plan.beside)) {
            self.unreadable(&format!("cluster({})", unknown.kind));
            return Ok(true);
        }
        for read in &plan.reads {
            if self.check_read(read, &read.sources) {
                self.unreadable(&read.path);
                return Ok(true);
            }
        }
        if !self.test(&plan.applies)? {
            return Ok(false);
        }
        self.steps(&plan.body)?;
        Ok(true)
    }

    /// Whether something is unreadable; then the place is its.
    fn check_read(&mut self, read: &'a PlannedRead, sources: &'a [Loop]) -> bool {
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
            if !readable {
                locate::set_to_value(self, &read.value);
            }
            return !readable;
        };
        let found = self.each(source, &mut |run| Ok(run.check_read(read, inner)));
        match found {
            Ok(found) => found,
            Err(Wrong(node)) => {
                self.place_at(node);
                true
            }
        }
    }

    fn steps(&mut self, steps: &'a [Step]) -> Result<'a, ()> {
        for step in steps {
            match step {
                Step::For { source, body } => {
                    self.each(source, &mut |run| run.steps(body).map(|()| false))?;
                }
                Step::If { condition, then, otherwise } => {
                    let chosen = if self.test(condition)? { then } else { otherwise };
                    self.steps(chosen)?;
                }
                Step::Check { fails, message, subject } => {
                    if self.test(fails)? {
                        if self.places
                            && self.message.is_empty()
                            && let Some(subject) = subject
                        {
                            locate::set_to_subject(self, subject);
                        }
                        self.say(message)?;
                    }
                }
                Step::Unique { source, keys, message } => self.unique(source, keys, message)?,
            }
        }
        Ok(())
    }

    fn unique(&mut self, source: &'a Loop, keys: &'a [Expr], message: &'a [Part]) -> Result<'a, ()> {
        let mut seen: Vec<Vec<Val<'a>>> = Vec::new();
        self.each(source, &mut |run| {
            let key = keys.iter().map(|key| run.value(key)).collect::<Result<'a, Vec<_>>>()?;
            if seen.iter().any(|other| other.iter().zip(&key).all(|(left, right)| left.same(right))) {
                if run.message.is_empty()
                    && let Some((node, _)) = run.bound(source.slot)
                {
                    run.place_at(Some(node));
                }
                run.say(message)?;
            } else {
                seen.push(key);
            }
            Ok(false)
        })?;
        Ok(())
    }

    /// Adds a message to those of the rule.
    fn say(&mut self, parts: &'a [Part]) -> Result<'a, ()> {
        self.message.begin();
        for part in parts {
            let value = match part {
                Part::Text(text) => {
                    self.message.text().push_str(text);
                    continue;
                }
                Part::Value(value) => {
                    if let Some(Some(Node { value: Value::String(text), .. })) = self.node(value)? {
                        self.message.text().push_str(text);
                        continue;
                    }
                    self.value(value)?
                }
                Part::Quantity(value) => {
                    let value = self.value(value)?;
                    if value.is_present() { self.quantity(value)? } else { value }
                }
            };
            print(&value, self.message.text());
        }
        self.message.end();
        Ok(())
    }

    /// Where the element of a loop stands, if that is in the object.
    pub(super) fn bound(&self, slot: usize) -> Option<(&'a Node, Member)> {
        match self.env.get(slot) {
            Some(Bound::Node(node, _, member)) => Some((node, *member)),
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
        for (index, object) in kinds.iter().flat_map(|kind| cluster.beside(kind, own, &request)).enumerate() {
            if self.element(source, index, Bound::Node(object, source.shape, Member::NONE), f)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn each_element(&mut self, source: &'a Loop, set: usize, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        self.list(set)?;
        let mut element = 0;
        while let Some(listed) = self.sets.get(set).and_then(|set| set.elements.get(element)) {
            self.bind(source.slot, Bound::Node(listed.node, source.shape, Member { set, element }));
            element += 1;
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

    /// Looks up the elements of a set, once.
    fn list(&mut self, set: usize) -> Result<'a, ()> {
        if self.sets.get(set).is_none_or(|set| set.listed) {
            return Ok(());
        }
        let Some(Set { lists, shape, own, inner, .. }) = self.common.sets.get(set) else { return Ok(()) };
        let mut elements = self.sets.get_mut(set).map(|set| std::mem::take(&mut set.elements)).unwrap_or_default();
        elements.clear();
        for list in lists {
            let Some(node) = self.trail(*list)? else { continue };
            for (index, item) in node.items().iter().enumerate() {
                if item.is_null() {
                    continue;
                }
                if !shape.fits(&item.value) {
                    return Err(Wrong(Some(item)));
                }
                elements.push(Listed { node: item, list: *list, index, field: 0..0 });
            }
        }
        if let Some(set) = self.sets.get_mut(set) {
            set.cells.clear();
            set.cells.resize(elements.len() * set.width, Some(None));
            for (listed, cells) in elements.iter().zip(set.cells.chunks_exact_mut(set.width.max(1))) {
                look_up_all(listed.node, own, inner, cells);
            }
            set.elements = elements;
            set.listed = true;
        }
        Ok(())
    }

    fn each_node(&mut self, source: &'a Loop, list: &'a Node, f: &mut dyn FnMut(&mut Self) -> Result<'a, bool>) -> Result<'a, bool> {
        for (index, item) in list.items().iter().enumerate() {
            if item.is_null() {
                continue;
            }
            if !source.shape.fits(&item.value) {
                return Err(Wrong(Some(item)));
            }
            if self.element(source, index, Bound::Node(item, source.shape, Member::NONE), f)? {
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
                        bound.push((&*key.name, Bound::Node(node, source.shape, Member::NONE)));
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
                Some(Bound::Node(_, _, member)) if member.set == set => return self.cell(*member, column).map(Some),
                Some(Bound::Node(_, _, _) | Bound::Val(_)) | None => return Ok(None),
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
    fn cell(&mut self, member: Member, column: usize) -> Result<'a, Option<&'a Node>> {
        if let Some(set) = self.sets.get(member.set)
            && let Some(Some(known)) = set.cells.get(member.element * set.width + column)
        {
            return Ok(*known);
        }
        self.look_up(member, column)
    }

    /// The same, to find what is not of its type.
    fn look_up(&mut self, member: Member, column: usize) -> Result<'a, Option<&'a Node>> {
        let Some(Column { of, name }) = self.common.sets.get(member.set).and_then(|set| set.columns.get(column)) else { return Ok(None) };
        let holder = match of {
            Some(of) => self.cell(member, *of)?,
            None => self.sets.get(member.set).and_then(|set| set.elements.get(member.element)).map(|listed| listed.node),
        };
        holder.map_or(Ok(None), |holder| step(holder, name))
    }

    /// Where a shared step leads.
    fn trail(&mut self, trail: usize) -> Result<'a, Option<&'a Node>> {
        if let Some(Some(known)) = self.trails.get(trail) {
            return Ok(*known);
        }
        self.look_for(trail)
    }

    /// The same, with all other steps from its root; if that was done, then to find what is not of its type.
    fn look_for(&mut self, trail: usize) -> Result<'a, Option<&'a Node>> {
        let Some(Trail { from, name }) = self.common.trails.get(trail) else { return Ok(None) };
        let holder = match from {
            Start::Trail(before) => self.trail(*before)?,
            Start::Root(root) => {
                let holder = self.root(*root).filter(|node| !node.is_null());
                if let Some(node) = holder
                    && !matches!(node.value, Value::Map(_))
                {
                    return Err(Wrong(Some(node)));
                }
                self.look_from(*root, holder);
                holder
            }
        };
        match self.trails.get(trail) {
            Some(Some(known)) => Ok(*known),
            Some(None) | None => holder.map_or(Ok(None), |holder| step(holder, name)),
        }
    }

    /// Looks up all shared steps from a root, once.
    fn look_from(&mut self, root: Root, node: Option<&'a Node>) {
        let Some(place) = self.common.from_roots.iter().position(|known| known.root == root) else { return };
        let (Some(rooted), Some(steps)) = (self.rooted.get_mut(place), self.common.from_roots.get(place)) else { return };
        if std::mem::replace(rooted, true) {
            return;
        }
        for place in &steps.all {
            if let Some(known) = self.trails.get_mut(*place) {
                *known = Some(None);
            }
        }
        if let Some(node) = node {
            look_up_all(node, &steps.first, &self.common.from_trails, &mut self.trails);
        }
    }

    pub(super) fn value(&mut self, expr: &'a Expr) -> Result<'a, Val<'a>> {
        match expr {
            Expr::Const(constant) => Ok(constant.val()),
            Expr::Root(root) => self.root_value(*root),
            Expr::Var(slot) => Ok(self.env.get(*slot).map_or(Val::Absent, Bound::val)),
            Expr::Path(path, otherwise) => match self.path(path)? {
                Some(Some(node)) => path.shape.read(node),
                Some(None) => Ok(Val::Absent),
                None => otherwise.as_ref().map_or(Ok(Val::Absent), |otherwise| self.value(otherwise)),
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
                if self.holds(condition)? { self.value(then) } else { self.value(otherwise) }
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

    /// The same as [`Run::test`], at once where it is known already.
    #[inline]
    fn holds(&mut self, test: &'a Test) -> Result<'a, bool> {
        if let Test::Has { slot, set, column, there, .. } = test
            && let Some(Bound::Node(_, _, member)) = self.env.get(*slot)
            && member.set == *set
            && let Some(elements) = self.sets.get(*set)
            && let Some(Some(known)) = elements.cells.get(member.element * elements.width + column)
        {
            return Ok(known.is_some() == *there);
        }
        self.test(test)
    }

    pub(super) fn test(&mut self, test: &'a Test) -> Result<'a, bool> {
        match test {
            Test::Const(value) => Ok(*value),
            Test::Not(test) => self.test(test).map(|value| !value),
            Test::And(tests) => {
                for test in tests {
                    if !self.holds(test)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Or(tests) => {
                for test in tests {
                    if self.holds(test)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Exists(value) => match self.node(value)? {
                Some(found) => Ok(found.is_some()),
                None => self.value(value).map(|value| value.is_present()),
            },
            Test::Has { slot, set, column, there, value } => match self.env.get(*slot) {
                Some(Bound::Node(_, _, member)) if member.set == *set => {
                    let member = *member;
                    self.cell(member, *column).map(|found| found.is_some() == *there)
                }
                Some(Bound::Node(_, _, _) | Bound::Val(_)) | None => self.value(value).map(|value| value.is_present() == *there),
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
    node.get(&name.name).map_or(Ok(None), |child| read(child, name))
}

/// What a field holds, where that counts.
#[inline]
fn read<'a>(child: &'a Node, name: &Name) -> Result<'a, Option<&'a Node>> {
    if child.is_null() {
        return Ok(None);
    }
    if !name.shape.fits(&child.value) {
        return Err(Wrong(Some(child)));
    }
    Ok(counts(&child.value, name.presence).then_some(child))
}

/// Looks up the fields of a node and those within them, where nothing was found so far; what is not of its type becomes unknown, until it is asked for.
fn look_up_all<'a>(node: &'a Node, fields: &Fields, inner: &[Fields], cells: &mut [Known<'a>]) {
    // of two equal keys the last counts
    for (key, child) in node.entries() {
        for (place, name) in fields {
            if name.name == key.name
                && let Some(cell) = cells.get_mut(*place)
            {
                *cell = read(child, name).ok();
            }
        }
    }
    for (place, _) in fields {
        let (Some(cell), Some(fields)) = (cells.get(*place), inner.get(*place)) else { continue };
        match *cell {
            Some(Some(node)) if !fields.is_empty() => look_up_all(node, fields, inner, cells),
            None => forget(fields, inner, cells),
            Some(Some(_) | None) => {}
        }
    }
}

fn forget(fields: &Fields, inner: &[Fields], cells: &mut [Known<'_>]) {
    for (place, _) in fields {
        if let (Some(cell), Some(fields)) = (cells.get_mut(*place), inner.get(*place)) {
            *cell = None;
            forget(fields, inner, cells);
        }
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
