//! Test objects out of a rule: on both sides of everything that it asks, alone and in pairs, then at random around.
//!
//! The same rule and seed give the same objects on every machine. An object would be decoded by the API server: required fields are there and no value is of
//! a wrong type, but for texts that are no quantity, image or duration where the rule reads one.

mod beside;
mod make;
pub(in crate::verify) mod places;
mod random;
mod sites;
mod values;

use crate::eval::{Cluster, Judge, Request, Verdict, admission_request};
use crate::ir::walk::roots;
use crate::ir::{Cond, Given, Kind, Operation, Root, Rule, Test};
use crate::object::Node;
use crate::schema::Schema;
pub use beside::Beside;
use make::{Maker, is_dns_name, is_name};
use places::{BESIDE, NAMESPACE, REQUEST, Shape, fits, remove};
use random::Random;
use serde_json::{Value as Json, json};
use sites::{Path, Sites, sites, usual};

/// The least number of objects of a rule.
pub const LEAST: usize = 200;

/// How often an object is made anew that does not turn out as it was meant.
const ATTEMPTS: usize = 24;

/// An object to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The object; for a delete the one that is deleted.
    pub object: Json,
    /// The object before, for an update.
    pub old_object: Option<Json>,
    /// The operation.
    pub operation: Operation,
    /// The Namespace that the object is in, where the rule reads it.
    pub namespace_object: Option<Json>,
    /// The admission request, where the rule reads it.
    pub request: Option<Json>,
    /// What there is beside the object, where the rule looks at that.
    pub beside: Option<Beside>,
    /// How it was made, for whoever reads a disagreement.
    pub origin: String,
}

/// Objects for a rule: at least [`LEAST`], more where the rule asks about more. A rule whose kinds are none gives none.
#[must_use]
pub fn cases(rule: &Rule, schema: &Schema, seed: u64) -> Vec<Case> {
    let mut generator = Generator::new(rule, schema, seed);
    let count = (generator.changes.len() * 2).clamp(LEAST, 3 * LEAST);
    generator.take(count)
}

/// So many objects for a rule, some of them in requests about a subresource of their kind.
#[must_use]
pub fn some_cases(rule: &Rule, schema: &Schema, seed: u64, count: usize) -> Vec<Case> {
    Generator::new(rule, schema, seed)
        .take(count)
        .into_iter()
        .enumerate()
        .map(|(number, case)| elsewhere(rule, schema, number, case))
        .collect()
}

/// So many objects for a rule, all in requests about what it names.
#[must_use]
pub fn whole_cases(rule: &Rule, schema: &Schema, seed: u64, count: usize) -> Vec<Case> {
    Generator::new(rule, schema, seed).take(count)
}

/// Every so many cases one is about another subresource than the rule names.
const ELSEWHERE: usize = 24;

/// Now and then the same in a request about another subresource that takes such objects: `status` where the rule is about the kind, the kind where it is about a subresource, `statefulsets/scale` where it is
/// about `deployments/scale`.
fn elsewhere(rule: &Rule, schema: &Schema, number: usize, mut case: Case) -> Case {
    let Some(kind) = case.kind(rule).filter(|_| number % ELSEWHERE == ELSEWHERE / 2) else { return case };
    let sends = (kind.object_version(), kind.object_kind().to_owned());
    let mut others: Vec<(&Kind, &str)> = Vec::new();
    let updated = rule.operations.contains(&Operation::Update);
    for info in schema.kinds() {
        let own = (info.kind.kind == kind.kind && info.kind.group == kind.group && info.kind.version == kind.version).then_some("");
        let subresources = info.subresources.iter().filter(|known| known.ty.and_then(|ty| schema.object_of(ty)).as_ref() == Some(&sends));
        let names = own.filter(|_| kind.is_whole()).into_iter().chain(subresources.map(|known| known.name));
        let known = |name: &str| {
            kind.subresource.as_ref().map_or("", |subresource| &subresource.name) == name
                && info.kind == Kind { subresource: None, ..kind.clone() }
        };
        others.extend(names.filter(|name| !known(name) && (updated || name.is_empty())).map(|name| (&info.kind, name)));
    }
    let Some((resource, name)) = others.get((number / ELSEWHERE) % others.len().max(1)) else { return case };
    // What is there is updated by its parts; nothing is created or deleted by them.
    if !name.is_empty() && case.operation != Operation::Update {
        case.old_object = Some(case.object.clone());
        case.operation = Operation::Update;
    }
    let mut request = case.request.take().unwrap_or_else(|| json!({}));
    if let Some(fields) = request.as_object_mut() {
        fields.extend(about(resource, Some(name)));
    }
    case.request =
        Some(Json::from(&admission_request(schema, &Node::from(&request), &Node::from(&case.object), case.operation, "default")));
    case.origin.push_str(&format!(
        ", asked for {}",
        if name.is_empty() { resource.resource.clone() } else { format!("{}/{name}", resource.resource) }
    ));
    case
}

impl Case {
    /// That of a pack's own test; none where the test names files.
    #[must_use]
    pub fn of_test(schema: &Schema, test: &Test) -> Option<Case> {
        let written = |given: &Option<Given>| match given {
            None => Some(None),
            Some(Given::Object(json)) => Some(Some(json.clone())),
            Some(Given::File(..)) => None,
        };
        let mut object = match &test.object {
            Given::Object(object) => object.clone(),
            Given::File(..) => return None,
        };
        let (old_object, namespace_object, request) =
            (written(&test.old_object)?, written(&test.namespace_object)?, written(&test.request)?);
        let text = |name: &str| object.get(name).and_then(Json::as_str).unwrap_or_default();
        let namespaced = schema.by_gvk(text("apiVersion"), text("kind")).is_none_or(|info| info.kind.namespaced);
        if namespaced
            && (request.is_some() || namespace_object.is_some())
            && let Some(Json::Object(metadata)) = object.get_mut("metadata")
        {
            // A request names the namespace in the object too.
            metadata.entry("namespace").or_insert_with(|| json!("default"));
        }
        let request = request
            .map(|asked| Json::from(&admission_request(schema, &Node::from(&asked), &Node::from(&object), test.operation, "default")));
        let origin = "a test of the pack".to_owned();
        let others = test.beside.iter().map(|given| written(&Some(given.clone())).flatten()).collect::<Option<Vec<Json>>>()?;
        let beside = if others.is_empty() { None } else { Some(Beside::of(schema, others)?) };
        Some(Case { object, old_object, operation: test.operation, namespace_object, request, beside, origin })
    }

    /// The same beside nothing, where a rule is asked that looks at other objects and none are said.
    #[must_use]
    pub fn for_rule(mut self, rule: &Rule) -> Self {
        if rule.looks_at_others.is_some() && self.beside.is_none() {
            self.beside = Some(Beside::default());
        }
        self
    }

    /// Which of a rule's kinds the object is of.
    #[must_use]
    pub fn kind<'r>(&self, rule: &'r Rule) -> Option<&'r Kind> {
        let is = |name: &str, text: &str| self.object.get(name).is_some_and(|value| value == text);
        rule.kinds.iter().find(|kind| is("apiVersion", &kind.object_version()) && is("kind", kind.object_kind()))
    }

    /// What is asked of a judge.
    pub fn with_request<T>(&self, f: impl FnOnce(&Request<'_>) -> T) -> T {
        let node = |json: &Option<Json>| json.as_ref().map(Node::from);
        let (object, old_object) = (Node::from(&self.object), node(&self.old_object));
        let (namespace_object, request) = (node(&self.namespace_object), node(&self.request));
        let others: Option<Vec<Node>> = self.beside.as_ref().map(|beside| beside.objects.iter().map(Node::from).collect());
        // The Namespace of the object is one of them.
        let cluster = others.as_ref().map(|others| Cluster::new(others.iter().chain(&namespace_object), "default"));
        let unknown = self.beside.iter().flat_map(|beside| beside.unknown.iter().cloned());
        let cluster = cluster.map(|cluster| cluster.without(unknown));
        f(&Request {
            old_object: old_object.as_ref(),
            operation: self.operation,
            namespace_object: namespace_object.as_ref(),
            request: request.as_ref(),
            cluster: cluster.as_ref(),
            ..Request::create(&object)
        })
    }

    /// What the reference evaluator says of it.
    #[must_use]
    pub fn verdict(&self, rule: &Rule) -> Verdict {
        Judge::new([rule]).without_places().judge_case(self)
    }
}

/// How often each verdict was met: a rule that was never seen to pass and to fail has not been tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Applies and is met.
    pub pass: usize,
    /// Applies and is not met.
    pub fail: usize,
    /// Does not apply.
    pub skip: usize,
    /// Needs what the case does not give.
    pub not_judged: usize,
}

impl Tally {
    /// Counts the verdicts of the reference evaluator.
    #[must_use]
    pub fn of(rule: &Rule, cases: &[Case]) -> Self {
        let judge = Judge::new([rule]).without_places();
        let mut tally = Tally::default();
        for case in cases {
            match judge.judge_case(case) {
                Verdict::Pass => tally.pass += 1,
                Verdict::Fail { .. } => tally.fail += 1,
                Verdict::Skip => tally.skip += 1,
                Verdict::NotJudged(_) => tally.not_judged += 1,
            }
        }
        tally
    }

    /// Counts what was counted elsewhere too.
    pub fn add(&mut self, other: Tally) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.skip += other.skip;
        self.not_judged += other.not_judged;
    }

    /// How many cases were judged.
    #[must_use]
    pub fn judged(self) -> usize {
        self.pass + self.fail + self.skip
    }

    /// Whether the rule was seen on both sides.
    #[must_use]
    pub fn both_sides(self) -> bool {
        self.pass > 0 && self.fail > 0
    }
}

// A judge of one rule.
trait JudgeCase {
    fn judge_case(&self, case: &Case) -> Verdict;
}

impl JudgeCase for Judge {
    fn judge_case(&self, case: &Case) -> Verdict {
        case.with_request(|request| self.judge_by(0, request))
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(Json),
    Null,
    Remove,
    /// One of the values that are usual for the type; which depends on the kind, so it is chosen when the change is made.
    Usual(usize),
}

struct Generator<'a> {
    rule: &'a Rule,
    schema: &'a Schema,
    judge: Judge,
    random: Random,
    changes: Vec<(Path, Change)>,
    made: usize,
}

impl<'a> Generator<'a> {
    fn new(rule: &'a Rule, schema: &'a Schema, seed: u64) -> Self {
        let mut random = Random::new(seed, &rule.id);
        let sites: Sites = sites(rule, &mut random);
        let mut changes = Vec::new();
        for (path, candidates) in &sites {
            changes.extend([(path.clone(), Change::Remove), (path.clone(), Change::Null)]);
            changes.extend((0..6).map(|number| (path.clone(), Change::Usual(number))));
            changes.extend(candidates.iter().map(|value| (path.clone(), Change::Set(value.clone()))));
        }
        random.shuffle(&mut changes);
        Generator { rule, schema, judge: Judge::new([rule]).without_places(), random, changes, made: 0 }
    }

    fn take(&mut self, count: usize) -> Vec<Case> {
        let kinds = self.rule.kinds.len();
        if kinds == 0 {
            return Vec::new();
        }
        let mut all = Vec::with_capacity(count);
        // Made on purpose: each kind as it is at least, passing, failing and skipped.
        let rounds = (count / 4).div_ceil(kinds * 4).max(1);
        for round in 0..rounds {
            for kind in 0..kinds {
                let always = matches!(self.rule.applies, Cond::Const(true));
                let wishes: &[Wish] = if always { &[Wish::Pass, Wish::Fail] } else { &[Wish::Pass, Wish::Fail, Wish::Skip] };
                for &wish in wishes {
                    all.push(self.wished(kind, wish));
                }
                if round == 0 {
                    all.push(self.wished(kind, Wish::Least));
                }
            }
        }
        // One thing other than in such an object; then two, then several.
        let changes = self.changes.clone();
        let alone = count.saturating_sub(all.len()) / 2;
        for (number, change) in changes.iter().cycle().take(if changes.is_empty() { 0 } else { alone }).enumerate() {
            all.push(self.changed(number, std::slice::from_ref(change)));
        }
        let mut number = 0;
        while all.len() < count {
            let several = if number % 3 == 0 { 2 + self.random.below(5) } else { 2 };
            let some: Vec<(Path, Change)> = (0..several).filter_map(|_| self.random.pick(&changes).cloned()).collect();
            all.push(self.changed(number, &some));
            number += 1;
        }
        all.truncate(count);
        all
    }

    // Making is guessing, so the evaluator says whether it was a good guess.
    fn wished(&mut self, kind: usize, wish: Wish) -> Case {
        let mut case = self.attempt(kind, wish, 0);
        for attempt in 1..ATTEMPTS {
            if wish.is_met(&self.judge.judge_case(&case)) {
                break;
            }
            case = self.attempt(kind, wish, attempt % 4);
        }
        case
    }

    fn attempt(&mut self, kind: usize, wish: Wish, more: usize) -> Case {
        let object = self.object(kind, wish, more);
        self.case(object, kind, wish.word().to_owned())
    }

    fn object(&mut self, kind: usize, wish: Wish, more: usize) -> Json {
        let Some(kind) = self.rule.kinds.get(kind) else { return Json::Null };
        self.made += 1;
        let name = format!("{}-{}", self.rule.name.chars().take(40).collect::<String>(), self.made);
        let name = if is_dns_name(&json!(name)) { name } else { format!("case-{}", self.made) };
        let shape = Shape::new(self.schema, kind);
        let namespace = ["default", "payments", "kube-system"].get(self.random.below(5)).copied().unwrap_or("default");
        let mut object = shape.minimal(&name, namespace);
        if self.random.one_in(2) {
            for _ in 0..more {
                object = self.more_elements(shape, object);
            }
        }
        let mut maker = Maker::new(shape, &mut self.random, object);
        match wish {
            Wish::Least => {}
            Wish::Pass => maker.rule(self.rule, true),
            Wish::Fail => maker.rule(self.rule, false),
            Wish::Skip => maker.skip(self.rule),
        }
        maker.finish()
    }

    // A second element in a list that the rule goes through.
    fn more_elements(&mut self, shape: Shape<'_>, mut object: Json) -> Json {
        let Some((path, _)) = self.random.pick(&self.changes) else { return object };
        if let Some(place) = path.clone().locate(shape, &object, &mut self.random)
            && shape.ty(&place).is_some()
        {
            shape.ensure(&mut object, &place);
        }
        object
    }

    fn changed(&mut self, number: usize, changes: &[(Path, Change)]) -> Case {
        let kind = number % self.rule.kinds.len().max(1);
        let wish = [Wish::Pass, Wish::Fail, Wish::Least, Wish::Pass, Wish::Fail].get(number % 5).copied().unwrap_or(Wish::Pass);
        let mut object = self.object(kind, wish, number % 4);
        let mut origin = wish.word().to_owned();
        let Some(described) = self.rule.kinds.get(kind) else { return self.case(object, kind, origin) };
        let shape = Shape::new(self.schema, described);
        for (path, change) in changes {
            if let Some(done) = self.apply(shape, &mut object, path, change) {
                origin.push_str(&done);
            }
        }
        self.case(object, kind, origin)
    }

    // Makes a change where the object allows it, and says what it was.
    fn apply(&mut self, shape: Shape<'_>, object: &mut Json, path: &Path, change: &Change) -> Option<String> {
        let place = path.locate(shape, object, &mut self.random)?;
        let ty = shape.ty(&place)?;
        let value = match change {
            Change::Remove => None,
            Change::Null => Some(Json::Null),
            Change::Set(value) => Some(value.clone()),
            Change::Usual(position) => {
                let all = usual(shape, &place, &mut self.random);
                Some(all.get(position % all.len().max(1)).cloned().unwrap_or(Json::Null))
            }
        };
        if is_name(&place) && !value.as_ref().is_some_and(is_dns_name) {
            return None;
        }
        match value {
            None => {
                remove(object, &place);
                Some(format!(", without {path}"))
            }
            Some(value) if fits(&ty, &value) => {
                let shown: String = value.to_string().chars().take(80).collect();
                shape.put(object, &place, value);
                Some(format!(", {path} = {shown}"))
            }
            Some(_) => None,
        }
    }

    // What an object may have been before: the same, almost the same, or something else.
    fn before(&mut self, object: &Json, kind: usize) -> Json {
        if !self.random.one_in(3) {
            let mut old = object.clone();
            if let (Some(described), true) = (self.rule.kinds.get(kind), self.random.one_in(2)) {
                let shape = Shape::new(self.schema, described);
                for _ in 0..=self.random.below(2) {
                    let Some((path, change)) = self.random.pick(&self.changes).cloned() else { break };
                    self.apply(shape, &mut old, &path, &change);
                }
            }
            return old;
        }
        let mut old = self.object(kind, Wish::Least, 2);
        if let (Some(name), Some(slot)) = (object.pointer("/metadata/name"), old.pointer_mut("/metadata/name")) {
            *slot = name.clone();
        }
        old
    }

    fn case(&mut self, mut object: Json, kind: usize, origin: String) -> Case {
        let mut take = |name: &str| object.as_object_mut().and_then(|map| map.shift_remove(name));
        let (space, asked, others) = (take(NAMESPACE), take(REQUEST), take(BESIDE));
        self.same_kind(&mut object, kind);
        let operation = self.operation(asked.as_ref());
        let old_object = (operation == Operation::Update).then(|| {
            let mut old = self.before(&object, kind);
            self.same_kind(&mut old, kind);
            if let Some(map) = old.as_object_mut() {
                map.retain(|name, _| ![NAMESPACE, REQUEST, BESIDE].contains(&name.as_str()));
            }
            old
        });
        let roots = roots(self.rule);
        let namespaced = self.rule.kinds.get(kind).is_some_and(|kind| kind.namespaced);
        let reads_space = roots.contains(&Root::NamespaceObject);
        // Now and then a request that does not tell the namespace, which no rule can read then.
        let namespace_object = (reads_space && namespaced && !self.random.one_in(12)).then(|| {
            let mut fields = match space {
                Some(Json::Object(fields)) => fields,
                _ => serde_json::Map::new(),
            };
            let mut metadata = match fields.get("metadata") {
                Some(Json::Object(metadata)) => metadata.clone(),
                _ => serde_json::Map::new(),
            };
            metadata.insert("name".to_owned(), object.pointer("/metadata/namespace").cloned().unwrap_or_else(|| json!("default")));
            fields.insert("metadata".to_owned(), Json::Object(metadata));
            fields.insert("apiVersion".to_owned(), json!("v1"));
            fields.insert("kind".to_owned(), json!("Namespace"));
            Json::Object(fields)
        });
        let beside = beside::settle(self.rule, others, &object, old_object.as_ref(), namespace_object.as_ref(), &mut self.random);
        let subresource = self.rule.kinds.get(kind).filter(|kind| kind.subresource.is_some());
        // Of an object alone nothing is known where others are not; a request has to be able to tell.
        let asks_unknown = beside.as_ref().is_some_and(|beside| !beside.unknown.is_empty());
        let request = (reads_space || asks_unknown || subresource.is_some() || roots.contains(&Root::Request)).then(|| {
            let mut asked = asked.unwrap_or_else(|| json!({}));
            without_nulls(&mut asked);
            // These are the object's, and the resource's.
            if let Some(fields) = asked.as_object_mut() {
                fields.retain(|name, _| !matches!(name.as_str(), "name" | "namespace" | "subResource" | "resource"));
                fields.extend(subresource.into_iter().flat_map(|kind| about(kind, kind.ways(&self.rule.operations).first().copied())));
            }
            let asked = Node::from(&asked);
            Json::from(&admission_request(self.schema, &asked, &Node::from(&object), operation, "default"))
        });
        Case { object, old_object, operation, namespace_object, request, beside, origin }
    }

    // Whatever was changed: no engine is asked about objects of other kinds.
    fn same_kind(&self, object: &mut Json, kind: usize) {
        if let (Some(kind), Json::Object(map)) = (self.rule.kinds.get(kind), object) {
            map.insert("apiVersion".to_owned(), json!(kind.object_version()));
            map.insert("kind".to_owned(), json!(kind.object_kind()));
        }
    }

    // The one that the request was made to say, if the rule is about it; else the creation, now and then another one.
    fn operation(&mut self, asked: Option<&Json>) -> Operation {
        let asked = match asked.and_then(|asked| asked.get("operation")).and_then(Json::as_str) {
            Some("UPDATE") => Some(Operation::Update),
            Some("DELETE") => Some(Operation::Delete),
            Some(_) | None => None,
        };
        let operations = &self.rule.operations;
        match asked.filter(|asked| operations.contains(asked)) {
            Some(asked) => asked,
            None if operations.contains(&Operation::Create) && !self.random.one_in(8) => Operation::Create,
            None => {
                let operations: Vec<Operation> = operations.iter().copied().collect();
                self.random.pick(&operations).copied().unwrap_or(Operation::Create)
            }
        }
    }
}

// What a request says that is about a subresource of a kind.
fn about(kind: &Kind, subresource: Option<&str>) -> [(String, Json); 2] {
    let resource = json!({"group": kind.group, "version": kind.version, "resource": kind.resource});
    [("resource".to_owned(), resource), ("subResource".to_owned(), json!(subresource.unwrap_or_default()))]
}

// The API server writes no null into a request.
fn without_nulls(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Json::Array(items) => {
            items.retain(|value| !value.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// What an object is meant to be.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Least,
    Pass,
    Fail,
    Skip,
}

impl Wish {
    fn is_met(self, verdict: &Verdict) -> bool {
        match self {
            Wish::Least => true,
            Wish::Pass => *verdict == Verdict::Pass,
            Wish::Fail => matches!(verdict, Verdict::Fail { .. }),
            Wish::Skip => *verdict == Verdict::Skip,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Wish::Least => "the least object",
            Wish::Pass => "made to pass",
            Wish::Fail => "made to fail",
            Wish::Skip => "made not to apply",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::ir::{
        Action, Check, Elements, Glob, Kind, Message, Piece, PodPath, Presence, Root, Severity, Slot, Source, Stmt, Targets, Ty, Value,
    };
    use crate::schema::FieldType;
    use std::collections::BTreeSet;

    fn field(of: Value, name: &str, ty: Ty) -> Value {
        Value::Field { of: Box::new(of), name: name.to_owned(), presence: Presence::Written, default: None, ty }
    }

    fn spec() -> Value {
        field(Value::Root(Root::Pod), "spec", Ty::named("io.k8s.api.core.v1.PodSpec"))
    }

    fn containers() -> Source {
        let list = |name| field(spec(), name, Ty::List(Box::new(Ty::Any)));
        let lists = ["initContainers", "containers", "ephemeralContainers"].map(list).to_vec();
        Source { slot: Slot(0), key: None, of: Elements::Lists(lists), filter: None, ty: Ty::Any }
    }

    fn kind(name: &str) -> Kind {
        Schema::kubernetes().kind(name, None)[0].kind.clone()
    }

    fn rule(body: Vec<Stmt>) -> Rule {
        Rule {
            id: "p/sample".to_owned(),
            name: "sample".to_owned(),
            doc: String::new(),
            severity: Severity::Medium,
            action: Action::Deny,
            tags: Vec::new(),
            docs: None,
            targets: Targets::All,
            kinds: vec![kind("Pod"), kind("Deployment"), kind("CronJob")],
            operations: [Operation::Create, Operation::Update].into(),
            reads: Vec::new(),
            applies: Cond::Const(true),
            body,
            slots: 1,
            apart: None,
            unlowered: Vec::new(),
            looks_at_others: None,
            span: crate::diagnostic::Span::default(),
        }
    }

    fn each_container(fails: Cond) -> Rule {
        let message = Message { parts: vec![Piece::Text("no".to_owned())] };
        let check = Stmt::Check(Check { fails, message, subject: None, span: crate::diagnostic::Span::default() });
        rule(vec![Stmt::For { source: containers(), body: vec![check] }])
    }

    fn privileged() -> Rule {
        let context = field(Value::Var(Slot(0)), "securityContext", Ty::Any);
        each_container(Cond::True(field(context, "privileged", Ty::Bool)))
    }

    // The containers of an object, with the list that each is in.
    fn all_containers(object: &Json) -> Vec<(&str, &Json)> {
        let path = match object["kind"].as_str().unwrap() {
            "Pod" => "/spec",
            "Deployment" => "/spec/template/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            other => panic!("{other} was not asked for"),
        };
        let Some(spec) = object.pointer(path) else { return Vec::new() };
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten().map(move |container| (list, container))).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_objects() {
        let rule = privileged();
        let first = cases(&rule, Schema::kubernetes(), 7);
        assert_eq!(first, cases(&rule, Schema::kubernetes(), 7));
        assert_ne!(first, cases(&rule, Schema::kubernetes(), 8));
        assert!(first.len() >= LEAST);
    }

    #[test]
    fn every_kind_and_list_is_seen_on_both_sides() {
        let mut seen = BTreeSet::new();
        for case in cases(&privileged(), Schema::kubernetes(), 1) {
            let kind = case.object["kind"].as_str().unwrap().to_owned();
            for (list, container) in all_containers(&case.object) {
                let held = container.pointer("/securityContext/privileged").map_or("absent".to_owned(), Json::to_string);
                seen.insert((kind.clone(), list.to_owned(), held));
            }
        }
        for kind in ["Pod", "Deployment", "CronJob"] {
            for list in ["initContainers", "containers", "ephemeralContainers"] {
                for held in ["true", "false", "absent"] {
                    assert!(seen.contains(&(kind.to_owned(), list.to_owned(), held.to_owned())), "{kind} {list} {held}");
                }
                assert!(seen.iter().any(|(_, other, held)| other == list && held == "null"), "{list}");
            }
        }
    }

    #[test]
    fn objects_are_such_as_the_api_server_decodes() {
        let image = field(Value::Var(Slot(0)), "image", Ty::String);
        let rules = [privileged(), each_container(Cond::Not(Box::new(Cond::Like(image, Glob::new("registry.example.com/*")))))];
        for case in rules.iter().flat_map(|rule| cases(rule, Schema::kubernetes(), 3)) {
            let info =
                Schema::kubernetes().by_gvk(case.object["apiVersion"].as_str().unwrap(), case.object["kind"].as_str().unwrap()).unwrap();
            assert!(fits(&FieldType::Struct(info.ty), &case.object), "{}: {}", case.origin, case.object);
            assert!(is_dns_name(&case.object["metadata"]["name"]), "{}: {}", case.origin, case.object);
        }
    }

    #[test]
    fn names_are_unique() {
        let all = cases(&privileged(), Schema::kubernetes(), 5);
        let names: BTreeSet<&str> = all.iter().map(|case| case.object["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn both_sides_of_a_pattern_are_met() {
        let image = field(Value::Var(Slot(0)), "image", Ty::String);
        let rule = each_container(Cond::Not(Box::new(Cond::Like(image, Glob::new("registry.example.com/*")))));
        let images: BTreeSet<String> = cases(&rule, Schema::kubernetes(), 2)
            .iter()
            .flat_map(|case| {
                all_containers(&case.object).into_iter().filter_map(|(_, c)| c["image"].as_str().map(str::to_owned)).collect::<Vec<_>>()
            })
            .collect();
        assert!(images.iter().any(|image| image.starts_with("registry.example.com/")));
        assert!(
            images.iter().any(|image| image.starts_with("registry.example.co") && !image.starts_with("registry.example.com/")),
            "{images:?}"
        );
        assert!(images.iter().any(|image| image.contains('\n') || image.contains("{{")), "{images:?}");
    }

    #[test]
    fn the_verdicts_are_counted() {
        let all = cases(&privileged(), Schema::kubernetes(), 9);
        let tally = Tally::of(&privileged(), &all);
        assert!(tally.both_sides(), "{tally:?}");
        assert_eq!(tally.pass + tally.fail + tally.skip + tally.not_judged, all.len());
        assert!(!Tally::of(&rule(Vec::new()), &all).both_sides());
    }

    #[test]
    fn a_rule_without_fields_still_has_objects() {
        let all = cases(&rule(Vec::new()), Schema::kubernetes(), 1);
        assert_eq!(all.len(), LEAST);
        assert_eq!(PodPath::Object, kind("Pod").pod.unwrap());
    }

    #[test]
    fn an_update_only_rule_has_an_old_object_of_the_same_name() {
        let mut rule = privileged();
        rule.operations = [Operation::Update].into();
        for case in cases(&rule, Schema::kubernetes(), 1) {
            assert_eq!(case.operation, Operation::Update);
            assert_eq!(case.old_object.unwrap().pointer("/metadata/name"), case.object.pointer("/metadata/name"));
        }
    }
}
