//! Every field that a rule asks about, with the values that its conditions make interesting there.

use super::places::{BESIDE, NAMESPACE, Place, REQUEST, Shape, Step, key, keys, length};
use super::random::Random;
use super::values::{
    DURATIONS, HOSTILE, IMAGES, around, around_glob, around_int, around_pattern, around_text, images_at, images_digested, images_named,
    images_with_tag, quantities,
};
use crate::ir::{Cond, Const, Elements, Function, Item, Kind, Piece, Root, Rule, Slot, Source, Stmt, Ty, Value};
use crate::schema::FieldType;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// A step of a path whose elements are open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// A field of a struct, or an entry of a map under a known key.
    Key(String),
    /// Any element of a list.
    Element,
    /// Any entry of a map.
    Entry,
}

/// A path from the object, or from its Pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    pod: bool,
    hops: Vec<Hop>,
}

impl Path {
    fn with(&self, hop: Hop) -> Path {
        let mut longer = self.clone();
        longer.hops.push(hop);
        longer
    }

    /// The place that it stands for in an object: of several elements any, now and then one that is not yet there.
    pub fn locate(&self, shape: Shape<'_>, object: &Json, random: &mut Random) -> Option<Place> {
        let mut place = Place::new();
        if self.pod {
            place.extend(shape.kind().pod?.segments().iter().map(|name| Step::Key((*name).to_owned())));
        }
        for hop in &self.hops {
            let step = match hop {
                Hop::Key(name) => Step::Key(name.clone()),
                Hop::Element => {
                    let there = length(object, &place);
                    Step::Index(if there == 0 || (there < 4 && random.one_in(5)) { there } else { random.below(there) })
                }
                Hop::Entry => {
                    let there = keys(object, &place);
                    let fresh = ["app", "example.com/x", "k", "", "ключ", "a.b-c/d_e"];
                    let chosen = if random.one_in(3) { None } else { random.pick(&there).cloned() };
                    Step::Key(chosen.unwrap_or_else(|| random.pick(&fresh).map_or_else(String::new, |name| (*name).to_owned())))
                }
            };
            place.push(step);
        }
        // What makes the object one of its kind, and its name, are not for the taking.
        let fixed = place.len() < 2 && place.first().is_none_or(is_head);
        (!fixed).then_some(place)
    }
}

fn is_head(step: &Step) -> bool {
    matches!(step, Step::Key(name) if matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | NAMESPACE | REQUEST | BESIDE))
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.pod { "pod" } else { "object" })?;
        for hop in &self.hops {
            match hop {
                Hop::Key(name) => write!(f, ".{name}")?,
                Hop::Element | Hop::Entry => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// The fields of a rule, each with what to try in it.
pub type Sites = BTreeMap<Path, Vec<Json>>;

/// Finds them.
pub fn sites(rule: &Rule, random: &mut Random) -> Sites {
    let mut survey = Survey { sites: Sites::new(), elements: BTreeMap::new(), maps: BTreeMap::new(), random };
    for read in &rule.reads {
        for source in &read.sources {
            survey.source(source);
        }
        survey.value(&read.value, &[]);
    }
    survey.cond(&rule.applies);
    survey.stmts(&rule.body);
    let mut sites = survey.sites;
    // What is around a field can be missing or empty too.
    let parents: BTreeSet<Path> = sites
        .keys()
        .flat_map(|path| (1..path.hops.len()).map(|end| Path { pod: path.pod, hops: path.hops.iter().take(end).cloned().collect() }))
        .collect();
    for parent in parents {
        sites.entry(parent).or_default();
    }
    for candidates in sites.values_mut() {
        let mut seen = BTreeSet::new();
        candidates.retain(|candidate| seen.insert(candidate.to_string()));
    }
    sites
}

/// What may stand at a place whatever the rule says: by its type.
pub fn usual(shape: Shape<'_>, place: &[Step], random: &mut Random) -> Vec<Json> {
    let name = match place.last() {
        Some(Step::Key(name)) => name.as_str(),
        Some(Step::Index(_)) | None => "",
    };
    let some = |texts: &[&str], random: &mut Random, count: usize| -> Vec<Json> {
        (0..count).filter_map(|_| random.pick(texts).map(|text| json!(text))).collect()
    };
    match shape.ty(place) {
        Some(FieldType::Bool) => vec![json!(true), json!(false)],
        Some(FieldType::Int | FieldType::Number) => [0_i64, 1, -1, 2, 2_147_483_647].into_iter().map(Json::from).collect(),
        Some(FieldType::IntOrString) => {
            vec![json!(0), json!(1), json!(100), json!("50%"), json!("0%"), json!("100%"), json!("1"), json!("http"), json!("")]
        }
        Some(FieldType::Quantity) => {
            let all = quantities();
            (0..8).filter_map(|_| random.pick(&all).cloned()).collect()
        }
        Some(FieldType::String) => {
            let mut all: Vec<Json> = shape.enumeration(place).iter().map(|value| json!(value)).collect();
            all.extend([json!(""), json!("x")]);
            if matches!(name, "image" | "reference") {
                all.extend(some(IMAGES, random, 6));
            }
            all.extend(some(HOSTILE, random, 4));
            if random.one_in(8) {
                all.push(json!("é".repeat(1100)));
            }
            all
        }
        Some(FieldType::List(inner)) => {
            let first = super::places::index(place, 0);
            let second = super::places::index(place, 1);
            let mut all = vec![json!([]), json!([shape.least(&first)]), json!([shape.least(&first), shape.least(&second)])];
            if matches!(*inner, FieldType::Struct(_)) {
                all.push(json!([null]));
                all.push(json!([shape.least(&first), null]));
            }
            all
        }
        Some(FieldType::Map(inner)) => {
            let entry = shape.least(&key(place, "app"));
            let mut all = vec![json!({}), json!({"app": entry, "b": entry})];
            if *inner == FieldType::String {
                all.extend([json!({"app": null}), json!({"app": ""}), json!({"z": "1", "Z": "2", "é": "3", "a.b/c": "4"})]);
            }
            all
        }
        Some(FieldType::Struct(_)) => vec![json!({}), shape.least(place)],
        Some(FieldType::Any) | None => vec![json!({})],
    }
}

struct Survey<'r> {
    sites: Sites,
    /// Where the element of a loop comes from.
    elements: BTreeMap<Slot, Vec<Path>>,
    /// Of which maps a loop has the keys.
    maps: BTreeMap<Slot, Vec<Path>>,
    random: &'r mut Random,
}

impl Survey<'_> {
    fn note(&mut self, paths: &[Path], hints: &[Json]) {
        for path in paths.iter().filter(|path| !path.hops.is_empty()) {
            self.sites.entry(path.clone()).or_default().extend(hints.iter().cloned());
        }
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::For { source, body } => {
                    self.source(source);
                    self.stmts(body);
                }
                Stmt::If { condition, then, otherwise } => {
                    self.cond(condition);
                    self.stmts(then);
                    self.stmts(otherwise);
                }
                Stmt::Check(check) => {
                    self.cond(&check.fails);
                    self.message(&check.message.parts);
                }
                Stmt::Unique { source, keys, message, span: _ } => {
                    self.source(source);
                    for value in keys {
                        self.value(value, &[]);
                    }
                    self.message(&message.parts);
                }
            }
        }
    }

    fn message(&mut self, parts: &[Piece]) {
        for part in parts {
            match part {
                Piece::Text(_) => {}
                Piece::Value(value, _) => {
                    self.value(value, &[]);
                }
            }
        }
    }

    fn source(&mut self, source: &Source) {
        let paths: Vec<Path> = match &source.of {
            Elements::Cluster(kinds) => {
                let list = |kind: &Kind| Path { pod: false, hops: vec![Hop::Key(BESIDE.to_owned()), Hop::Key(kind.id())] };
                kinds.iter().map(|kind| list(kind).with(Hop::Element)).collect()
            }
            Elements::Lists(lists) => lists.iter().flat_map(|list| self.list(list, &[])).collect(),
            Elements::Map(map) => {
                let maps = self.value(map, &[]);
                if let Some(slot) = source.key {
                    self.maps.insert(slot, maps.clone());
                }
                maps.iter().map(|map| map.with(Hop::Entry)).collect()
            }
        };
        self.note(&paths, &[]);
        self.elements.insert(source.slot, paths);
        if let Some(filter) = &source.filter {
            self.cond(filter);
        }
    }

    fn items(&mut self, items: &[Item], hints: &[Json]) -> Vec<Path> {
        let mut paths = Vec::new();
        for item in items {
            match item {
                Item::One(value) => paths.extend(self.value(value, hints)),
                Item::Spread(value) => paths.extend(self.list(value, hints)),
                Item::Each(source, inner) => {
                    self.source(source);
                    paths.extend(self.items(inner, hints));
                }
            }
        }
        paths
    }

    // The elements of a list value.
    fn list(&mut self, value: &Value, hints: &[Json]) -> Vec<Path> {
        match value {
            Value::List(items) => self.items(items, hints),
            Value::Coalesce(values) => values.iter().flat_map(|value| self.list(value, hints)).collect(),
            Value::If(cond, then, otherwise) => {
                self.cond(cond);
                let mut paths = self.list(then, hints);
                paths.extend(self.list(otherwise, hints));
                paths
            }
            Value::Call(Function::Split, arguments) => {
                let separator = if let Some(Value::Const(Const::String(text))) = arguments.get(1) { text.as_str() } else { "," };
                let mut texts = hints.to_vec();
                for hint in hints.iter().filter_map(Json::as_str) {
                    texts.extend([
                        json!(format!("a{separator}{hint}{separator}b")),
                        json!(format!("{hint}{separator}")),
                        json!(format!("{separator}{separator}{hint}")),
                    ]);
                }
                if let Some(first) = arguments.first() {
                    self.value(first, &texts);
                }
                Vec::new()
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
                let paths: Vec<Path> = self.value(value, &[]).iter().map(|path| path.with(Hop::Element)).collect();
                self.note(&paths, hints);
                paths
            }
        }
    }

    // Where a value comes from; what is interesting for it goes to where it is written.
    fn value(&mut self, value: &Value, hints: &[Json]) -> Vec<Path> {
        let paths = match value {
            Value::Const(_) => Vec::new(),
            Value::Root(Root::Object | Root::OldObject) => vec![Path { pod: false, hops: Vec::new() }],
            Value::Root(Root::Pod) => vec![Path { pod: true, hops: Vec::new() }],
            Value::Root(Root::NamespaceObject) => vec![Path { pod: false, hops: vec![Hop::Key(NAMESPACE.to_owned())] }],
            Value::Root(Root::Request) => vec![Path { pod: false, hops: vec![Hop::Key(REQUEST.to_owned())] }],
            Value::Var(slot) => {
                let maps = self.maps.get(slot).cloned().unwrap_or_default();
                for hint in hints.iter().filter_map(Json::as_str) {
                    let entries: Vec<Path> = maps.iter().map(|map| map.with(Hop::Key(hint.to_owned()))).collect();
                    self.note(&entries, &[]);
                }
                self.elements.get(slot).cloned().unwrap_or_default()
            }
            Value::Field { of, name, default, presence: _, ty: _ } => {
                let paths = self.value(of, &[]).iter().map(|path| path.with(Hop::Key(name.clone()))).collect();
                if let Some(default) = default {
                    self.value(default, hints);
                }
                paths
            }
            Value::Entry { of, key, default, ty: _ } => {
                let hop = if let Value::Const(Const::String(text)) = &**key {
                    Hop::Key(text.clone())
                } else {
                    self.value(key, &[]);
                    Hop::Entry
                };
                let paths = self.value(of, &[]).iter().map(|path| path.with(hop.clone())).collect();
                if let Some(default) = default {
                    self.value(default, hints);
                }
                paths
            }
            Value::Coalesce(values) => values.iter().flat_map(|value| self.value(value, hints)).collect(),
            Value::If(cond, then, otherwise) => {
                self.cond(cond);
                let mut paths = self.value(then, hints);
                paths.extend(self.value(otherwise, hints));
                paths
            }
            Value::Truth(cond) => {
                self.cond(cond);
                Vec::new()
            }
            Value::List(items) => {
                self.items(items, &[]);
                Vec::new()
            }
            Value::Aggregate { items, op: _, ty: _ } => {
                self.items(items, hints);
                Vec::new()
            }
            Value::Arithmetic { left, right, minus: _, ty: _ } => {
                self.value(left, hints);
                self.value(right, hints);
                Vec::new()
            }
            Value::Concat(values) => {
                for value in values {
                    self.value(value, hints);
                }
                Vec::new()
            }
            Value::Call(function, arguments) => {
                self.call(*function, arguments, hints);
                Vec::new()
            }
        };
        self.note(&paths, hints);
        paths
    }

    fn call(&mut self, function: Function, arguments: &[Value], hints: &[Json]) {
        let texts: Vec<&str> = hints.iter().filter_map(Json::as_str).collect();
        let of_texts = |f: fn(&str) -> Vec<Json>| -> Vec<Json> { texts.iter().flat_map(|text| f(text)).collect() };
        let mut back: Vec<Json> = match function {
            Function::Quantity => {
                let mut all = hints.to_vec();
                let usual = quantities();
                all.extend((0..6).filter_map(|_| self.random.pick(&usual).cloned()));
                all
            }
            Function::Duration => DURATIONS.iter().map(|text| json!(text)).collect(),
            Function::AsInt => hints.iter().flat_map(|hint| [hint.clone(), json!(hint.to_string())]).collect(),
            Function::AsName => hints.iter().cloned().chain([json!(1), json!("1")]).collect(),
            Function::Percent => hints
                .iter()
                .filter_map(Json::as_i64)
                .flat_map(|number| [json!(format!("{number}%")), json!(number)])
                .chain([json!("%"), json!("05%"), json!("-1%"), json!("1.5%")])
                .collect(),
            Function::ImageRegistry => of_texts(images_at),
            Function::ImageRepository => of_texts(images_named),
            Function::ImageTag => of_texts(images_with_tag),
            Function::ImageDigest => of_texts(images_digested),
            Function::Lower | Function::Upper => of_texts(around_text),
            Function::Size => {
                let most = hints.iter().filter_map(Json::as_u64).max().unwrap_or(0).min(300);
                (0..=most + 1)
                    .rev()
                    .take(4)
                    .filter_map(|size| usize::try_from(size).ok())
                    .flat_map(|size| [json!("é".repeat(size)), json!("a".repeat(size))])
                    .collect()
            }
            Function::Replace | Function::Split | Function::Join | Function::IndexOf | Function::EffectiveRequest => hints.to_vec(),
        };
        if matches!(function, Function::ImageRegistry | Function::ImageRepository | Function::ImageTag | Function::ImageDigest) {
            back.extend(IMAGES.iter().map(|image| json!(image)));
        }
        let Some((first, rest)) = arguments.split_first() else { return };
        match function {
            Function::EffectiveRequest => return self.effective_request(arguments, hints),
            Function::IndexOf => {
                let items: Vec<Json> = rest.iter().flat_map(constants).collect();
                self.list(first, &items);
                let known = constants(first);
                for item in rest {
                    self.value(item, &known);
                }
                return;
            }
            Function::Join => {
                self.list(first, &back);
            }
            Function::Size if is_map(first) => {
                let entries: Vec<Path> = self.value(first, &[]).iter().map(|path| path.with(Hop::Entry)).collect();
                self.note(&entries, &[]);
            }
            Function::Size if !is_text(first) => {
                self.list(first, &[]);
            }
            Function::Size
            | Function::Quantity
            | Function::Duration
            | Function::AsInt
            | Function::AsName
            | Function::Percent
            | Function::ImageRegistry
            | Function::ImageRepository
            | Function::ImageTag
            | Function::ImageDigest
            | Function::Lower
            | Function::Upper
            | Function::Replace
            | Function::Split => {
                self.value(first, &back);
            }
        }
        for value in rest {
            self.value(value, &[]);
        }
    }

    fn effective_request(&mut self, arguments: &[Value], hints: &[Json]) {
        let Some(Value::Const(Const::String(resource))) = arguments.get(1) else { return };
        let spec = Path { pod: true, hops: vec![Hop::Key("spec".to_owned())] };
        let go = |path: &Path, names: &[&str]| {
            names.iter().fold(
                path.clone(),
                |path, name| if *name == "*" { path.with(Hop::Element) } else { path.with(Hop::Key((*name).to_owned())) },
            )
        };
        for list in ["containers", "initContainers"] {
            for amount in ["requests", "limits"] {
                self.note(&[go(&spec, &[list, "*", "resources", amount, resource])], hints);
            }
        }
        self.note(&[go(&spec, &["initContainers", "*", "restartPolicy"])], &[json!("Always"), json!("Never")]);
        self.note(
            &[
                go(&spec, &["overhead", resource]),
                go(&spec, &["resources", "requests", resource]),
                go(&spec, &["resources", "limits", resource]),
            ],
            hints,
        );
    }

    fn cond(&mut self, cond: &Cond) {
        match cond {
            Cond::Const(_) | Cond::KindIs(_) => {}
            Cond::Not(inner) => self.cond(inner),
            Cond::And(all) | Cond::Or(all) => all.iter().for_each(|inner| self.cond(inner)),
            Cond::Exists(value) | Cond::True(value) => {
                self.value(value, &[]);
            }
            Cond::Compare { left, right, op: _, ty: _ } => {
                let (for_left, for_right) = (constants(right), constants(left));
                self.value(left, &for_left);
                self.value(right, &for_right);
            }
            Cond::In { item, list, ty: _ } => {
                let (for_item, for_list) = (constants(list), constants(item));
                self.value(item, &for_item);
                self.list(list, &for_list);
            }
            Cond::Like(value, glob) => {
                let hints = around_glob(glob, self.random);
                self.value(value, &hints);
            }
            Cond::Matches(value, pattern) => {
                let hints = around_pattern(&pattern.source, self.random);
                self.value(value, &hints);
            }
            Cond::Contains(whole, part) => {
                let (for_whole, for_part) = (constants(part), constants(whole));
                self.value(whole, &for_whole);
                self.value(part, &for_part);
            }
            Cond::Any(source, body) | Cond::All(source, body) => {
                self.source(source);
                self.cond(body);
            }
            Cond::Selects { selector, map, labels } => {
                let mut selectors = self.value(selector, &[]);
                let labels = self.value(labels, &[]);
                if !map {
                    let expressions: Vec<Path> = selectors.iter().map(|path| path.with(Hop::Key("matchExpressions".to_owned()))).collect();
                    let some = [
                        json!([{"key": "app", "operator": "In", "values": ["x", "y"]}]),
                        json!([{"key": "app", "operator": "NotIn", "values": ["x"]}]),
                        json!([{"key": "app", "operator": "Exists"}]),
                        json!([{"key": "app", "operator": "DoesNotExist"}]),
                        json!([{"key": "tier", "operator": "NotIn", "values": ["x"]}]),
                    ];
                    self.note(&expressions, &some);
                    selectors = selectors.iter().map(|path| path.with(Hop::Key("matchLabels".to_owned()))).collect();
                }
                for path in selectors.iter().chain(&labels) {
                    self.note(&[path.with(Hop::Key("app".to_owned()))], &[json!("x"), json!("y"), json!("")]);
                }
            }
            Cond::IsImage(value) => {
                let hints: Vec<Json> = IMAGES.iter().map(|image| json!(image)).collect();
                self.value(value, &hints);
            }
        }
    }
}

// What the constants in a value make interesting for what is compared with it.
fn constants(value: &Value) -> Vec<Json> {
    match value {
        Value::Const(constant) => around(constant),
        Value::Coalesce(values) | Value::Concat(values) => values.iter().flat_map(constants).collect(),
        Value::If(_, then, otherwise) => constants(then).into_iter().chain(constants(otherwise)).collect(),
        Value::Arithmetic { left, right, minus: _, ty: _ } => constants(left).into_iter().chain(constants(right)).collect(),
        Value::List(items) => items.iter().flat_map(of_item).collect(),
        Value::Field { default: Some(default), .. } | Value::Entry { default: Some(default), .. } => constants(default),
        Value::Aggregate { .. } => around_int(1),
        Value::Root(_) | Value::Var(_) | Value::Field { .. } | Value::Entry { .. } | Value::Truth(_) | Value::Call(..) => Vec::new(),
    }
}

fn of_item(item: &Item) -> Vec<Json> {
    match item {
        Item::One(value) | Item::Spread(value) => constants(value),
        Item::Each(_, items) => items.iter().flat_map(of_item).collect(),
    }
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Field { ty: Ty::String, .. } | Value::Entry { ty: Ty::String, .. } | Value::Concat(_) | Value::Call(..))
}

fn is_map(value: &Value) -> bool {
    matches!(value, Value::Field { ty: Ty::Map(_), .. } | Value::Entry { ty: Ty::Map(_), .. })
}
