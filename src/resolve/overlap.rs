//! What a mutation reads and what it changes must not overlap: then no order counts, and a second run changes nothing.

use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::ir::change::{Change, Edit, values};
use crate::ir::walk::{self, Node};
use crate::ir::{Cond, Const, Elements, Kind, Root, Slot, Source, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A step of a path, whatever the object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// A field.
    Field(String),
    /// Some element of a list.
    Element,
    /// An entry of a map; any where the key is not constant.
    Key(Option<String>),
}

type Path = Vec<Step>;

fn meets(a: &Step, b: &Step) -> bool {
    match (a, b) {
        (Step::Key(a), Step::Key(b)) => a.is_none() || b.is_none() || a == b,
        (Step::Field(a), Step::Field(b) | Step::Key(Some(b))) | (Step::Key(Some(a)), Step::Field(b)) => a == b,
        (Step::Field(_), Step::Key(None)) | (Step::Key(None), Step::Field(_)) | (Step::Element, Step::Element) => true,
        (Step::Element, Step::Field(_) | Step::Key(_)) | (Step::Field(_) | Step::Key(_), Step::Element) => false,
    }
}

/// Whether the first leads to the second or to something around it.
fn leads(outer: &[Step], inner: &[Step]) -> bool {
    outer.len() <= inner.len() && outer.iter().zip(inner).all(|(a, b)| meets(a, b))
}

fn overlap(a: &[Step], b: &[Step]) -> bool {
    leads(a, b) || leads(b, a)
}

fn shown(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Field(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Element => out.push_str("[*]"),
            Step::Key(Some(key)) => out.push_str(&format!("[{key:?}]")),
            Step::Key(None) => out.push_str("[...]"),
        }
    }
    out
}

/// What is known of a mutation.
struct Known<'r> {
    kinds: &'r [Kind],
    /// Where the elements that a slot is bound to may stand.
    bound: BTreeMap<Slot, Vec<Path>>,
    sources: BTreeMap<Slot, &'r Source>,
    reads: Vec<Path>,
    /// What is only asked to be there.
    asked: Vec<Path>,
    /// Lists whose elements are counted, whatever is in them.
    counted: Vec<Path>,
    writes: Vec<Write<'r>>,
    diagnostics: Vec<Diagnostic>,
}

struct Write<'r> {
    paths: Vec<Path>,
    edit: &'r Edit,
    span: Span,
    /// The conditions around it, by their place in memory, and which body it is in; only those that say the same whenever the same place is meant.
    branches: Vec<(*const Cond, bool)>,
    /// What is there whenever this is done.
    there: Vec<Path>,
}

impl Write<'_> {
    /// Whether it may make elements.
    fn adds(&self) -> bool {
        matches!(self.edit, Edit::Append(_) | Edit::Merge { .. })
    }
}

/// Everything that is wrong.
pub(super) fn check(kinds: &[Kind], applies: &Cond, body: &[Change]) -> Vec<Diagnostic> {
    let mut known = Known {
        kinds,
        bound: BTreeMap::new(),
        sources: BTreeMap::new(),
        reads: Vec::new(),
        asked: Vec::new(),
        counted: Vec::new(),
        writes: Vec::new(),
        diagnostics: Vec::new(),
    };
    known.read(Node::Cond(applies));
    known.changes(body, &mut vec![(applies, true)]);
    known.reads_and_writes();
    known.writes_and_writes();
    known.diagnostics
}

impl<'r> Known<'r> {
    /// Where a path may lead; none where the value is no path.
    fn paths(&self, value: &Value) -> Option<Vec<Path>> {
        let extended = |of: &Value, step: Step| {
            let mut paths = self.paths(of)?;
            paths.iter_mut().for_each(|path| path.push(step.clone()));
            Some(paths)
        };
        match value {
            Value::Root(Root::Object) => Some(vec![Vec::new()]),
            Value::Root(Root::Pod) => {
                let mut paths: Vec<Path> = Vec::new();
                for pod in self.kinds.iter().filter_map(|kind| kind.pod) {
                    let path: Path = pod.segments().iter().map(|name| Step::Field((*name).to_owned())).collect();
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                Some(paths)
            }
            Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request) => Some(Vec::new()),
            Value::Var(slot) => Some(self.bound.get(slot).cloned().unwrap_or_default()),
            Value::Field { of, name, .. } => extended(of, Step::Field(name.clone())),
            Value::Entry { of, key, .. } => match &**key {
                Value::Const(Const::String(key)) => extended(of, Step::Key(Some(key.clone()))),
                _ => extended(of, Step::Key(None)),
            },
            Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        }
    }

    /// Records what is read.
    fn read(&mut self, node: Node<'r>) {
        match node {
            Node::Value(value) => match self.paths(value) {
                Some(paths) => {
                    self.reads.extend(paths);
                    self.read_within(value);
                }
                None => walk::children(node, &mut |child| self.read(child)),
            },
            Node::Cond(Cond::Exists(value)) if self.paths(value).is_some() => {
                self.asked.extend(self.paths(value).unwrap_or_default());
                self.read_within(value);
            }
            Node::Cond(_) => walk::children(node, &mut |child| self.read(child)),
            Node::Source(source) => self.source(source),
        }
    }

    /// The keys and defaults of a path.
    fn read_within(&mut self, path: &'r Value) {
        match path {
            Value::Field { of, default, .. } => {
                if let Some(default) = default {
                    self.read(Node::Value(default));
                }
                self.read_within(of);
            }
            Value::Entry { of, key, default, .. } => {
                self.read(Node::Value(key));
                if let Some(default) = default {
                    self.read(Node::Value(default));
                }
                self.read_within(of);
            }
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {}
        }
    }

    fn source(&mut self, source: &'r Source) {
        let mut elements = Vec::new();
        match &source.of {
            Elements::Lists(lists) => {
                for list in lists {
                    match self.paths(list) {
                        Some(paths) => {
                            self.counted.extend(paths.clone());
                            self.read_within(list);
                            elements.extend(paths.into_iter().map(|mut path| {
                                path.push(Step::Element);
                                path
                            }));
                        }
                        None => self.read(Node::Value(list)),
                    }
                }
            }
            Elements::Map(map) => {
                self.read(Node::Value(map));
                elements.extend(self.paths(map).unwrap_or_default().into_iter().map(|mut path| {
                    path.push(Step::Key(None));
                    path
                }));
            }
            Elements::Cluster(_) => {}
        }
        self.bound.insert(source.slot, elements);
        self.sources.insert(source.slot, source);
        if let Some(key) = source.key {
            self.sources.insert(key, source);
        }
        if let Some(filter) = &source.filter {
            self.read(Node::Cond(filter));
        }
    }

    /// The slots that a place determines: there is one element of each for every place.
    fn determined(&self, place: &Value) -> BTreeSet<Slot> {
        let mut slots = BTreeSet::new();
        let mut at = place;
        loop {
            match at {
                Value::Field { of, .. } => at = of,
                Value::Entry { of, key, .. } => {
                    if let Value::Var(slot) = &**key {
                        slots.insert(*slot);
                        // A key of a map goes with its value.
                        slots.extend(self.sources.get(slot).filter(|source| source.key == Some(*slot)).map(|source| source.slot));
                    }
                    at = of;
                }
                Value::Var(slot) => {
                    slots.insert(*slot);
                    if let Some(source) = self.sources.get(slot) {
                        slots.extend(source.key);
                        if let Elements::Lists(lists) = &source.of {
                            lists.iter().for_each(|list| slots.extend(self.determined(list)));
                        }
                    }
                    return slots;
                }
                Value::Root(_)
                | Value::Const(_)
                | Value::Coalesce(_)
                | Value::If(..)
                | Value::Truth(_)
                | Value::List(_)
                | Value::Aggregate { .. }
                | Value::Arithmetic { .. }
                | Value::Concat(_)
                | Value::Call(..) => return slots,
            }
        }
    }

    fn changes(&mut self, body: &'r [Change], around: &mut Vec<(&'r Cond, bool)>) {
        for change in body {
            match change {
                Change::For { source, body } => {
                    self.source(source);
                    let before = around.len();
                    around.extend(source.filter.as_ref().map(|filter| (filter, true)));
                    self.changes(body, around);
                    around.truncate(before);
                }
                Change::If { condition, then, otherwise } => {
                    self.read(Node::Cond(condition));
                    for (body, side) in [(then, true), (otherwise, false)] {
                        around.push((condition, side));
                        self.changes(body, around);
                        around.pop();
                    }
                }
                Change::Edit { place, edit, span } => self.edit(place, edit, *span, around),
            }
        }
    }

    fn edit(&mut self, place: &'r Value, edit: &'r Edit, span: Span, around: &[(&'r Cond, bool)]) {
        self.read_within(place);
        let mut determined = self.determined(place);
        let mut free = BTreeSet::new();
        let mut contents: Vec<&'r Value> = Vec::new();
        match edit {
            // Each element that is appended is one of its own, whatever it is made of.
            Edit::Set(content) | Edit::Default(content) | Edit::Append(content) => values(content, &mut |value| contents.push(value)),
            Edit::Remove => {}
            Edit::Merge { keys, fields, slot: _ } => {
                for key in keys {
                    if let Value::Var(slot) = &key.given {
                        determined.insert(*slot);
                        determined.extend(self.sources.get(slot).filter(|source| source.key == Some(*slot)).map(|source| source.slot));
                    }
                }
                let keys: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                for (name, content) in fields {
                    if keys.contains(&name.as_str()) {
                        values(content, &mut |value| self.read(Node::Value(value)));
                    } else {
                        values(content, &mut |value| contents.push(value));
                    }
                }
            }
        }
        for value in contents {
            free.extend(walk::free_slots(Node::Value(value)));
            self.read(Node::Value(value));
        }
        let paths = self.paths(place).unwrap_or_default();
        let appends = matches!(edit, Edit::Append(_));
        if !appends && !free.is_subset(&determined) {
            let path = paths.first().map(|path| shown(path)).unwrap_or_default();
            let what = if matches!(edit, Edit::Merge { .. }) { "an element with the same keys" } else { "the same place" };
            self.diagnostics.push(
                Diagnostic::error(&codes::CHANGED_TWICE, span, format!("the loop would give {what} in `{path}` several values"))
                    .with_help("change something of the loop's element, or make the loop's variable a key"),
            );
        }
        for path in &paths {
            let fields: Vec<&str> = path.iter().map(|step| if let Step::Field(name) = step { name.as_str() } else { "" }).collect();
            let identity = matches!(
                fields.as_slice(),
                ["apiVersion" | "kind" | "metadata"]
                    | ["status", ..]
                    | [
                        "metadata",
                        "name"
                            | "namespace"
                            | "generateName"
                            | "uid"
                            | "resourceVersion"
                            | "generation"
                            | "creationTimestamp"
                            | "managedFields"
                            | "selfLink"
                            | "deletionTimestamp"
                            | "deletionGracePeriodSeconds",
                        ..
                    ]
            );
            if identity {
                self.diagnostics.push(
                    Diagnostic::error(&codes::MISPLACED, span, format!("`{}` cannot be changed", shown(path)))
                        .with_help("a mutation changes the spec, labels and annotations of an object"),
                );
                break;
            }
        }
        let branches = around
            .iter()
            .filter(|(condition, _)| walk::free_slots(Node::Cond(condition)).is_subset(&determined))
            .map(|(condition, side)| (std::ptr::from_ref(*condition), *side))
            .collect();
        let there = around.iter().filter(|(_, side)| *side).flat_map(|(condition, _)| self.certain(condition)).collect();
        self.writes.push(Write { paths, edit, span, branches, there });
    }

    /// The paths that are there where a condition is true.
    fn certain(&self, condition: &Cond) -> Vec<Path> {
        if let Cond::And(parts) = condition {
            parts.iter().flat_map(|part| self.certain(part)).collect()
        } else if let Cond::Exists(value) = condition {
            self.paths(value).unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    fn reads_and_writes(&mut self) {
        let mut found = Vec::new();
        for write in &self.writes {
            let read = self.reads.iter().find(|read| write.paths.iter().any(|path| overlap(path, read)));
            // Something in a struct that is there does not change whether it is there.
            let asked = self.asked.iter().find(|read| {
                write.paths.iter().any(|path| overlap(path, read) && !(read.len() < path.len() && write.there.contains(read)))
            });
            let counted = self.counted.iter().find(|list| write.paths.iter().any(|path| leads(path, list)));
            if let Some(path) = read.or(asked).or(counted) {
                found.push(
                    Diagnostic::error(
                        &codes::READ_AND_CHANGED,
                        write.span,
                        format!("the mutation reads `{}`, which this changes: a second run could change more", shown(path)),
                    )
                    .with_help("let it depend on something else; what is asked with `default` and `merge` needs no condition"),
                );
            }
        }
        self.diagnostics.extend(found);
    }

    fn writes_and_writes(&mut self) {
        let mut found = Vec::new();
        for (index, second) in self.writes.iter().enumerate() {
            for first in self.writes.iter().take(index) {
                let apart = first.branches.iter().any(|(of, side)| second.branches.contains(&(*of, !side)));
                if apart || first.same(second) {
                    continue;
                }
                let clash = first.paths.iter().find(|a| {
                    second.paths.iter().any(|b| match (first.adds(), second.adds()) {
                        (true, true) => {
                            (leads(a, b) || leads(b, a)) && !(leads(a, b) && leads(b, a) && compatible(first.edit, second.edit))
                        }
                        (true, false) | (false, true) | (false, false) => overlap(a, b),
                    })
                });
                if let Some(path) = clash {
                    found.push(
                        Diagnostic::error(&codes::CHANGED_TWICE, second.span, format!("`{}` is changed twice", shown(path)))
                            .with_label(first.span, "first here")
                            .with_help("change each place once; what excludes each other stands in one `if ... else`"),
                    );
                }
            }
        }
        self.diagnostics.extend(found);
    }
}

impl Write<'_> {
    /// Whether two writes do the same to the same places: one statement of an unrolled loop.
    fn same(&self, other: &Write<'_>) -> bool {
        if self.span != other.span || self.paths != other.paths {
            return false;
        }
        match (self.edit, other.edit) {
            (Edit::Set(a), Edit::Set(b)) | (Edit::Default(a), Edit::Default(b)) => a == b,
            (Edit::Remove, Edit::Remove) => true,
            (Edit::Append(a), Edit::Append(b)) => a == b,
            (Edit::Merge { fields: a, .. }, Edit::Merge { fields: b, .. }) => a == b,
            (Edit::Set(_) | Edit::Default(_) | Edit::Remove | Edit::Append(_) | Edit::Merge { .. }, _) => false,
        }
    }
}

/// Whether both may add to one list.
fn compatible(first: &Edit, second: &Edit) -> bool {
    match (first, second) {
        (Edit::Append(_), Edit::Append(_)) => true,
        // The same keys, and one of them constant and different.
        (Edit::Merge { keys: first, .. }, Edit::Merge { keys: second, .. }) => {
            let names = |keys: &[crate::ir::change::MergeKey]| keys.iter().map(|key| key.name.clone()).collect::<BTreeSet<_>>();
            names(first) == names(second)
                && first.iter().any(|key| {
                    second.iter().any(|other| {
                        other.name == key.name && matches!((&key.given, &other.given), (Value::Const(a), Value::Const(b)) if a != b)
                    })
                })
        }
        (Edit::Append(_) | Edit::Merge { .. } | Edit::Set(_) | Edit::Default(_) | Edit::Remove, _) => false,
    }
}
