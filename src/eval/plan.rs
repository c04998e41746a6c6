//! Rules in the form in which they run: constants prepared, patterns compiled, paths without loop variables shared by all rules.

use super::locate;
use super::pattern;
use super::quiet::{self, Gap, Quiet};
use super::value::{Constant, Shape};
use crate::ir::{
    Aggregate, Check, Cond, Elements, Form, Function, Glob, Item, Kind, Message, Operation, Order, Piece, Presence, Root, Rule, Source,
    Stmt, Ty, Value, walk,
};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A rule, ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) id: Box<str>,
    /// Rules one after the other often have the same.
    pub(super) kinds: Arc<[Kind]>,
    pub(super) operations: BTreeSet<Operation>,
    pub(super) reads_old: bool,
    pub(super) reads_namespace: bool,
    pub(super) reads_request: bool,
    /// The kinds of the objects that it asks for beside the one that it judges.
    pub(super) beside: BTreeSet<Kind>,
    /// A pattern of it is too large to run.
    pub(super) broken: bool,
    pub(super) reads: Vec<PlannedRead>,
    pub(super) applies: Test,
    pub(super) body: Vec<Step>,
    pub(super) quiet: Option<Quiet>,
}

#[derive(Debug)]
pub(super) struct PlannedRead {
    pub(super) path: Box<str>,
    pub(super) sources: Vec<Loop>,
    pub(super) value: Expr,
    pub(super) form: Form,
}

#[derive(Debug)]
pub(super) enum Step {
    For { source: Loop, body: Vec<Step> },
    If { condition: Test, then: Vec<Step>, otherwise: Vec<Step> },
    Check { fails: Test, message: Vec<Part>, subject: Option<Subject> },
    Unique { source: Loop, keys: Vec<Expr>, message: Vec<Part> },
}

/// What a check is about.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) value: Expr,
    pub(super) way: Option<Way>,
}

/// Where a value is looked for, as far as that is the same for every object.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) from: Anchor,
    pub(super) names: Box<[Box<str>]>,
    /// The names as they stand behind the field that they start from.
    pub(super) field: Box<str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Object,
    Pod,
    Var(usize),
}

#[derive(Debug)]
pub(super) enum Part {
    Text(Box<str>),
    Value(Expr),
    Quantity(Expr),
}

#[derive(Debug)]
pub(super) struct Loop {
    pub(super) slot: usize,
    pub(super) key: Option<usize>,
    /// The shared set that the lists are.
    pub(super) set: Option<usize>,
    pub(super) lists: Vec<Expr>,
    pub(super) map: Option<Expr>,
    /// The kinds of objects beside the one that is judged.
    pub(super) cluster: Option<Box<[Kind]>>,
    pub(super) filter: Option<Test>,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) of: Expr,
    pub(super) name: Box<str>,
    pub(super) presence: Presence,
    pub(super) shape: Shape,
    pub(super) default: Option<Expr>,
    /// `metadata.namespace` of this root.
    pub(super) namespace_of: Option<Root>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) of: Expr,
    pub(super) key: Expr,
    pub(super) shape: Shape,
    pub(super) default: Option<Expr>,
}

/// Fields without defaults.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) base: Base,
    pub(super) steps: Box<[Name]>,
    /// What is found there.
    pub(super) shape: Shape,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Base {
    /// A shared step.
    Trail(usize),
    Var(usize),
    /// A field of an element of a shared set, or of one of its fields.
    Cell {
        slot: usize,
        set: usize,
        column: usize,
    },
}

/// What rules share: it is looked up once an object.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Steps from a root on.
    pub(super) trails: Vec<Trail>,
    /// Those that start from a root.
    pub(super) from_roots: Vec<FromRoot>,
    /// Those that start from each of them.
    pub(super) from_trails: Vec<Fields>,
    /// Lists that loops go over.
    pub(super) sets: Vec<Set>,
    /// What may be missing, so that rules need not run.
    pub(super) gaps: Vec<Gap>,
    /// How many other values without loop variables there are.
    pub(super) values: usize,
}

/// The steps from a root on.
#[derive(Debug)]
pub(super) struct FromRoot {
    pub(super) root: Root,
    pub(super) first: Fields,
    pub(super) all: Vec<usize>,
}

/// Fields of one holder, each with its place among all.
pub(super) type Fields = Vec<(usize, Name)>;

#[derive(Debug)]
pub(super) struct Trail {
    pub(super) from: Start,
    pub(super) name: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Start {
    Root(Root),
    /// Where another step leads.
    Trail(usize),
}

/// Lists one after the other.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) lists: Vec<usize>,
    pub(super) shape: Shape,
    /// The fields of the elements that rules look up, those before that they are fields of.
    pub(super) columns: Vec<Column>,
    /// Those that are fields of the element itself.
    pub(super) own: Fields,
    /// Those that are fields of each of them.
    pub(super) inner: Vec<Fields>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// The column that it is a field of; none where it is one of the element itself.
    pub(super) of: Option<usize>,
    pub(super) name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) name: Box<str>,
    pub(super) presence: Presence,
    pub(super) shape: Shape,
}

#[derive(Debug)]
pub(super) enum Expr {
    Const(Constant),
    Root(Root),
    Var(usize),
    /// Fields of the object, one after the other, and what that is where a variable is bound to a constant; nothing where it starts at a root.
    Path(Path, Option<Box<Expr>>),
    /// A value without loop variables: evaluated once an object.
    Shared(usize, Box<Expr>),
    Field(Box<Field>),
    Entry(Box<Entry>),
    Coalesce(Box<[Expr]>),
    If(Box<(Test, Expr, Expr)>),
    Truth(Box<Test>),
    List(Box<[Element]>),
    Aggregate {
        op: Aggregate,
        quantity: bool,
        items: Box<[Element]>,
    },
    Arithmetic {
        minus: bool,
        quantity: bool,
        sides: Box<(Expr, Expr)>,
    },
    Concat(Box<[Expr]>),
    Call(Function, Box<[Expr]>),
    /// The size of a list or map, which is 0 when absent.
    SizeOf(Box<Expr>),
    Quantity(Box<Expr>),
}

/// An item of a list.
#[derive(Debug)]
pub(super) enum Element {
    One(Expr),
    Spread(Expr),
    Each(Box<Loop>, Vec<Element>),
}

#[derive(Debug)]
pub(super) enum Test {
    Const(bool),
    Not(Box<Test>),
    And(Box<[Test]>),
    Or(Box<[Test]>),
    Exists(Expr),
    /// Whether a field of an element of a shared set is there, or is not.
    Has {
        slot: usize,
        set: usize,
        column: usize,
        there: bool,
        value: Expr,
    },
    True(Expr),
    Compare(Order, Box<(Expr, Expr)>),
    In(Box<(Expr, Expr)>),
    /// In a constant list of texts.
    InTexts(Expr, Box<[Box<str>]>),
    Like(Expr, Glob),
    Matches(Expr, Regex),
    Contains(Box<(Expr, Expr)>),
    Any(Box<(Loop, Test)>),
    All(Box<(Loop, Test)>),
    Selects {
        map: bool,
        sides: Box<(Expr, Expr)>,
    },
    IsImage(Expr),
    KindIs(Box<[Box<str>]>),
}

/// Plans rules; what several look up is numbered.
#[derive(Debug, Default)]
pub(super) struct Planner {
    common: Shared,
    trails: BTreeMap<(Start, Name), usize>,
    values: BTreeMap<String, usize>,
    /// The set that each loop variable of the rule is an element of.
    slots: BTreeMap<usize, usize>,
    kinds: Arc<[Kind]>,
    broken: bool,
}

impl Planner {
    /// What the rules share.
    pub(super) fn finish(self) -> Shared {
        self.common
    }

    /// Whether a pattern since the last rule is too large to run.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn rule(&mut self, rule: &Rule) -> Plan {
        self.broken = false;
        self.slots.clear();
        if *self.kinds != *rule.kinds {
            self.kinds = rule.kinds.as_slice().into();
        }
        let roots = walk::roots(rule);
        let reads = rule
            .reads
            .iter()
            .map(|read| PlannedRead {
                path: read.path.as_str().into(),
                sources: read.sources.iter().map(|source| self.source(source)).collect(),
                value: self.value(&read.value),
                form: read.form,
            })
            .collect();
        let applies = self.cond(&rule.applies);
        let body = self.statements(&rule.body);
        let beside = walk::kinds_beside(rule);
        let reads_namespace = roots.contains(&Root::NamespaceObject);
        // the others first look whether there is what they read
        let looks_only = rule.reads.is_empty() && beside.is_empty() && !reads_namespace;
        let quiet = if looks_only { quiet::of(&mut self.common, &applies, &body) } else { None };
        Plan {
            id: rule.id.as_str().into(),
            kinds: Arc::clone(&self.kinds),
            operations: rule.operations.clone(),
            reads_old: roots.contains(&Root::OldObject),
            reads_namespace,
            reads_request: roots.contains(&Root::Request),
            beside,
            broken: self.broken,
            reads,
            applies,
            body,
            quiet,
        }
    }

    fn statements(&mut self, statements: &[Stmt]) -> Vec<Step> {
        statements.iter().map(|statement| self.statement(statement)).collect()
    }

    fn statement(&mut self, statement: &Stmt) -> Step {
        match statement {
            Stmt::For { source, body } => Step::For { source: self.source(source), body: self.statements(body) },
            Stmt::If { condition, then, otherwise } => {
                Step::If { condition: self.cond(condition), then: self.statements(then), otherwise: self.statements(otherwise) }
            }
            Stmt::Check(Check { fails, message, subject, span: _ }) => Step::Check {
                fails: self.cond(fails),
                message: self.message(message),
                subject: subject.as_ref().map(|subject| Subject { value: self.value(subject), way: way(subject) }),
            },
            Stmt::Unique { source, keys, message, span: _ } => {
                Step::Unique { source: self.source(source), keys: self.values(keys).into(), message: self.message(message) }
            }
        }
    }

    fn message(&mut self, message: &Message) -> Vec<Part> {
        message
            .parts
            .iter()
            .map(|part| match part {
                Piece::Text(text) => Part::Text(text.as_str().into()),
                Piece::Value(value, Ty::Quantity) => Part::Quantity(self.value(value)),
                Piece::Value(value, _) => Part::Value(self.value(value)),
            })
            .collect()
    }

    pub(super) fn source(&mut self, source: &Source) -> Loop {
        let (lists, map): (Vec<Expr>, _) = match &source.of {
            Elements::Lists(lists) => (self.values(lists).into(), None),
            Elements::Map(map) => (Vec::new(), Some(self.value(map))),
            Elements::Cluster(_) => (Vec::new(), None),
        };
        let cluster = match &source.of {
            Elements::Cluster(kinds) => Some(kinds.clone().into()),
            Elements::Lists(_) | Elements::Map(_) => None,
        };
        let shape = Shape::from(&source.ty);
        let set = if map.is_none() && cluster.is_none() && source.key.is_none() { self.set(&lists, shape) } else { None };
        match set {
            Some(set) => self.slots.insert(slot(source.slot), set),
            None => self.slots.remove(&slot(source.slot)),
        };
        let filter = source.filter.as_ref().map(|filter| self.cond(filter));
        Loop { slot: slot(source.slot), key: source.key.map(slot), set, lists, map, cluster, filter, shape }
    }

    /// The set that lists are, where all of them are fixed places of the object.
    fn set(&mut self, lists: &[Expr], shape: Shape) -> Option<usize> {
        let lists: Vec<usize> = lists
            .iter()
            .map(|list| {
                if let Expr::Path(Path { base: Base::Trail(trail), steps, .. }, _) = list
                    && steps.is_empty()
                {
                    Some(*trail)
                } else {
                    None
                }
            })
            .collect::<Option<_>>()?;
        let known = self.common.sets.iter().position(|set| set.lists == lists && set.shape == shape);
        Some(known.unwrap_or_else(|| {
            self.common.sets.push(Set { lists, shape, columns: Vec::new(), own: Vec::new(), inner: Vec::new() });
            self.common.sets.len() - 1
        }))
    }

    fn values(&mut self, values: &[Value]) -> Box<[Expr]> {
        values.iter().map(|value| self.value(value)).collect()
    }

    fn sides(&mut self, left: &Value, right: &Value) -> Box<(Expr, Expr)> {
        Box::new((self.value(left), self.value(right)))
    }

    pub(super) fn value(&mut self, value: &Value) -> Expr {
        match value {
            Value::Const(constant) => Expr::Const(Constant::from(constant)),
            Value::Root(root) => Expr::Root(*root),
            Value::Var(var) => Expr::Var(slot(*var)),
            Value::Field { of, name, presence, default, ty } => {
                let path = self.path(value);
                if let Some(path @ Path { base: Base::Trail(_), .. }) = path {
                    return Expr::Path(path, None);
                }
                let field = Expr::Field(Box::new(Field {
                    of: self.value(of),
                    name: name.as_str().into(),
                    presence: *presence,
                    shape: Shape::from(ty),
                    default: default.as_ref().map(|default| self.value(default)),
                    namespace_of: namespace_of(of, name),
                }));
                match path {
                    Some(path) => Expr::Path(path, Some(Box::new(field))),
                    None if walk::free_slots(walk::Node::Value(value)).is_empty() => {
                        let next = self.values.len();
                        let number = *self.values.entry(format!("{value:?}")).or_insert(next);
                        self.common.values = self.values.len();
                        Expr::Shared(number, Box::new(field))
                    }
                    None => field,
                }
            }
            Value::Entry { of, key, default, ty } => Expr::Entry(Box::new(Entry {
                of: self.value(of),
                key: self.value(key),
                shape: Shape::from(ty),
                default: default.as_ref().map(|default| self.value(default)),
            })),
            Value::Coalesce(values) => Expr::Coalesce(self.values(values)),
            Value::If(cond, then, otherwise) => Expr::If(Box::new((self.cond(cond), self.value(then), self.value(otherwise)))),
            Value::Truth(cond) => Expr::Truth(Box::new(self.cond(cond))),
            Value::List(items) => Expr::List(self.items(items).into()),
            Value::Aggregate { op, items, ty } => {
                Expr::Aggregate { op: *op, quantity: *ty == Ty::Quantity, items: self.items(items).into() }
            }
            Value::Arithmetic { minus, left, right, ty } => {
                Expr::Arithmetic { minus: *minus, quantity: *ty == Ty::Quantity, sides: self.sides(left, right) }
            }
            Value::Concat(values) => Expr::Concat(self.values(values)),
            Value::Call(Function::Quantity, arguments) => match arguments.as_slice() {
                [argument] => Expr::Quantity(Box::new(self.value(argument))),
                _ => Expr::Call(Function::Quantity, self.values(arguments)),
            },
            Value::Call(Function::Size, arguments) => match arguments.as_slice() {
                [argument] if is_collection(argument) => Expr::SizeOf(Box::new(self.value(argument))),
                _ => Expr::Call(Function::Size, self.values(arguments)),
            },
            Value::Call(function, arguments) => Expr::Call(*function, self.values(arguments)),
        }
    }

    /// A field whose holders are fields, down to a root or variable, all without defaults.
    fn path(&mut self, value: &Value) -> Option<Path> {
        let mut steps = Vec::new();
        let mut at = value;
        let start = loop {
            match at {
                Value::Field { of, name, presence, default: None, ty } if namespace_of(of, name).is_none() => {
                    steps.push(Name { name: name.as_str().into(), presence: *presence, shape: Shape::from(ty) });
                    at = of;
                }
                Value::Root(root) => break Ok(*root),
                Value::Var(var) => break Err(slot(*var)),
                Value::Const(_)
                | Value::Field { .. }
                | Value::Entry { .. }
                | Value::Coalesce(_)
                | Value::If(_, _, _)
                | Value::Truth(_)
                | Value::List(_)
                | Value::Aggregate { .. }
                | Value::Arithmetic { .. }
                | Value::Concat(_)
                | Value::Call(_, _) => return None,
            }
        };
        let shape = steps.first()?.shape;
        match start {
            Ok(root) => {
                let end = steps.into_iter().rev().fold(Start::Root(root), |start, name| Start::Trail(self.trail(start, name)));
                match end {
                    Start::Trail(trail) => Some(Path { base: Base::Trail(trail), steps: Box::default(), shape }),
                    Start::Root(_) => None,
                }
            }
            Err(slot) => {
                steps.reverse();
                let Some(set) = self.slots.get(&slot).copied() else {
                    return Some(Path { base: Base::Var(slot), steps: steps.into(), shape });
                };
                let column = steps.into_iter().fold(None, |of, name| Some(self.common.column(set, Column { of, name })))?;
                Some(Path { base: Base::Cell { slot, set, column }, steps: Box::default(), shape })
            }
        }
    }

    fn trail(&mut self, from: Start, name: Name) -> usize {
        let common = &mut self.common;
        *self.trails.entry((from, name.clone())).or_insert_with(|| common.add_trail(Trail { from, name }))
    }

    fn items(&mut self, items: &[Item]) -> Vec<Element> {
        items
            .iter()
            .map(|item| match item {
                Item::One(value) => Element::One(self.value(value)),
                Item::Spread(value) => Element::Spread(self.value(value)),
                Item::Each(source, items) => Element::Each(Box::new(self.source(source)), self.items(items)),
            })
            .collect()
    }

    fn conds(&mut self, conds: &[Cond]) -> Box<[Test]> {
        conds.iter().map(|cond| self.cond(cond)).collect()
    }

    pub(super) fn cond(&mut self, cond: &Cond) -> Test {
        match cond {
            Cond::Const(value) => Test::Const(*value),
            Cond::Not(cond) => {
                let test = self.cond(cond);
                if let Test::Has { slot, set, column, there, value } = test {
                    Test::Has { slot, set, column, there: !there, value }
                } else {
                    Test::Not(Box::new(test))
                }
            }
            Cond::And(conds) => Test::And(self.conds(conds)),
            Cond::Or(conds) => Test::Or(self.conds(conds)),
            Cond::Exists(value) => {
                let value = self.value(value);
                if let Expr::Path(Path { base: Base::Cell { slot, set, column }, .. }, _) = value {
                    Test::Has { slot, set, column, there: true, value }
                } else {
                    Test::Exists(value)
                }
            }
            Cond::True(value) => Test::True(self.value(value)),
            Cond::Compare { op, left, right, ty } => {
                let sides = self.sides(left, right);
                let sides = if *ty == Ty::Quantity { Box::new((quantity(sides.0), quantity(sides.1))) } else { sides };
                Test::Compare(*op, sides)
            }
            Cond::In { item, list, ty } => {
                let (item, list) = (self.value(item), self.value(list));
                let item = if *ty == Ty::Quantity { quantity(item) } else { item };
                match texts(list) {
                    Ok(texts) => Test::InTexts(item, texts),
                    Err(list) => Test::In(Box::new((item, list))),
                }
            }
            Cond::Like(value, glob) => Test::Like(self.value(value), glob.clone()),
            Cond::Matches(value, pattern) => {
                let value = self.value(value);
                match pattern::compile(pattern) {
                    Some(regex) => Test::Matches(value, regex),
                    None => {
                        self.broken = true;
                        Test::Const(false)
                    }
                }
            }
            Cond::Contains(whole, part) => Test::Contains(self.sides(whole, part)),
            Cond::Any(source, body) => Test::Any(Box::new((self.source(source), self.cond(body)))),
            Cond::All(source, body) => Test::All(Box::new((self.source(source), self.cond(body)))),
            Cond::Selects { selector, map, labels } => Test::Selects { map: *map, sides: self.sides(selector, labels) },
            Cond::IsImage(value) => Test::IsImage(self.value(value)),
            Cond::KindIs(kinds) => Test::KindIs(kinds.iter().map(|kind| kind.as_str().into()).collect()),
        }
    }
}

impl Shared {
    fn column(&mut self, set: usize, column: Column) -> usize {
        let Some(set) = self.sets.get_mut(set) else { return 0 };
        set.columns.iter().position(|known| *known == column).unwrap_or_else(|| {
            let place = set.columns.len();
            let fields = match column.of {
                None => Some(&mut set.own),
                Some(of) => set.inner.get_mut(of),
            };
            fields.into_iter().for_each(|fields| fields.push((place, column.name.clone())));
            set.columns.push(column);
            set.inner.push(Fields::new());
            place
        })
    }

    fn add_trail(&mut self, trail: Trail) -> usize {
        let place = self.trails.len();
        let field = (place, trail.name.clone());
        match trail.from {
            Start::Trail(from) => {
                self.from_trails.get_mut(from).into_iter().for_each(|fields| fields.push(field.clone()));
                self.from_roots.iter_mut().filter(|known| known.all.contains(&from)).for_each(|known| known.all.push(place));
            }
            Start::Root(root) => match self.from_roots.iter_mut().find(|known| known.root == root) {
                Some(known) => {
                    known.first.push(field);
                    known.all.push(place);
                }
                None => self.from_roots.push(FromRoot { root, first: vec![field], all: vec![place] }),
            },
        }
        self.trails.push(trail);
        self.from_trails.push(Fields::new());
        place
    }
}

/// The way to a value that is a field, or to the first of several of which one is taken.
fn way(value: &Value) -> Option<Way> {
    let mut names: Vec<Box<str>> = Vec::new();
    let mut at = value;
    let from = loop {
        match at {
            Value::Field { of, name, .. } => {
                names.push(name.as_str().into());
                at = of;
            }
            Value::Coalesce(values) => at = values.first()?,
            Value::If(_, then, _) => at = then,
            Value::Root(Root::Object) => break Anchor::Object,
            Value::Root(Root::Pod) => break Anchor::Pod,
            Value::Var(var) => break Anchor::Var(slot(*var)),
            Value::Const(_)
            | Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request)
            | Value::Entry { .. }
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(_, _) => return None,
        }
    };
    names.reverse();
    let mut field = String::new();
    for name in &names {
        locate::push_key_behind(&mut field, name);
    }
    Some(Way { from, names: names.into(), field: field.into() })
}

fn slot(slot: crate::ir::Slot) -> usize {
    usize::try_from(slot.0).unwrap_or(usize::MAX)
}

fn quantity(value: Expr) -> Expr {
    if matches!(value, Expr::Quantity(_) | Expr::Const(Constant::Quantity(_))) { value } else { Expr::Quantity(Box::new(value)) }
}

/// The texts of a constant list that holds nothing else.
fn texts(list: Expr) -> Result<Box<[Box<str>]>, Expr> {
    let Expr::Const(Constant::List(items)) = &list else { return Err(list) };
    let texts: Option<Box<[Box<str>]>> =
        items.iter().map(|item| if let Constant::Text(text) = item { Some(text.clone()) } else { None }).collect();
    texts.ok_or(list)
}

fn namespace_of(of: &Value, name: &str) -> Option<Root> {
    if let Value::Field { of, name: metadata, .. } = of
        && let Value::Root(root @ (Root::Object | Root::Pod)) = **of
        && (metadata.as_str(), name) == ("metadata", "namespace")
    {
        Some(root)
    } else {
        None
    }
}

fn is_collection(value: &Value) -> bool {
    match value {
        Value::Field { ty, .. } | Value::Entry { ty, .. } => matches!(ty, Ty::List(_) | Ty::Map(_)),
        Value::List(_) | Value::Call(Function::Split, _) => true,
        Value::Const(constant) => matches!(constant, crate::ir::Const::List(_) | crate::ir::Const::Object(_)),
        Value::Coalesce(values) => values.iter().any(is_collection),
        Value::If(_, then, otherwise) => is_collection(then) || is_collection(otherwise),
        Value::Root(_)
        | Value::Var(_)
        | Value::Truth(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(_, _) => false,
    }
}
