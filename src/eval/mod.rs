//! The reference evaluator: what a rule means.
//!
//! The specification is the documentation of [`crate::ir`]; every back end gives the verdict and the message that this stage gives.
//! Rules are planned once ([`Judge::new`]) and then judge any number of objects without copying them.

pub mod change;
mod cluster;
pub mod duration;
pub mod effective_request;
pub mod glob;
pub mod image;
mod locate;
pub mod message;
pub mod pattern;
mod plan;
pub mod quantity;
mod quiet;
mod request;
mod run;
mod selector;
#[cfg(test)]
mod tests;
mod value;

use crate::ir::{Kind, Operation, Program, Rule};
use crate::object::Node;
pub use cluster::Cluster;
use plan::{Plan, Planner, Shared};
pub use request::admission_request;
use run::Run;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The object; on delete the one that is deleted.
    pub object: &'a Node,
    /// What it was before, on update.
    pub old_object: Option<&'a Node>,
    /// What is done to it.
    pub operation: Operation,
    /// Its namespace.
    pub namespace_object: Option<&'a Node>,
    /// The admission request.
    pub request: Option<&'a Node>,
    /// The namespace of an object that lives in one and names none.
    pub default_namespace: Option<&'a str>,
    /// What else is there, where that is known.
    pub cluster: Option<&'a Cluster<'a>>,
}

impl<'a> Request<'a> {
    /// The creation of an object, and nothing else known.
    #[must_use]
    pub fn create(object: &'a Node) -> Self {
        Request {
            object,
            old_object: None,
            operation: Operation::Create,
            namespace_object: None,
            request: None,
            default_namespace: None,
            cluster: None,
        }
    }

    /// The subresource that is asked for; none where it is the object itself, or where no request is known.
    #[must_use]
    pub fn subresource(&self) -> Option<&'a str> {
        self.request?.get("subResource").and_then(Node::as_str).filter(|name| !name.is_empty())
    }
}

/// What a rule says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It applies and is met.
    Pass,
    /// It is not met.
    Fail {
        /// What it says.
        message: String,
        /// The field that the first failing check is about, such as `spec.containers[0].securityContext.privileged`; empty for the object itself.
        field: String,
        /// The line of the deepest part of that field that is there.
        line: u32,
        /// The column of it.
        column: u32,
    },
    /// It does not apply.
    Skip,
    /// It needs what the request does not give.
    NotJudged(Missing),
}

/// Why a rule is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// It is about other operations, and only the object is known.
    Operation,
    /// It is about a subresource, and which one is asked for is not known.
    Subresource,
    /// It reads `oldObject`.
    OldObject,
    /// It reads `namespaceObject`.
    NamespaceObject,
    /// It reads `request`.
    Request,
    /// It asks `cluster()`.
    Cluster,
    /// It has a regular expression that is too large to run.
    Pattern,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Missing::Operation => "judged on update or delete only",
            Missing::Subresource => "is about a subresource, and the request does not tell which",
            Missing::OldObject => "reads `oldObject`, which is not given",
            Missing::NamespaceObject => "reads `namespaceObject`, which is not given",
            Missing::Request => "reads `request`, which is not given",
            Missing::Cluster => "asks `cluster()`, and no other objects are given",
            Missing::Pattern => "has a regular expression that is too large to run",
        })
    }
}

/// The same, as it stands in a [`Session`] until the next rule judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'s> {
    /// [`Verdict::Pass`]
    Pass,
    /// [`Verdict::Fail`]
    Fail {
        /// What it says.
        message: &'s str,
        /// The field that the first failing check is about; empty for the object itself.
        field: &'s str,
        /// The line of the deepest part of that field that is there.
        line: u32,
        /// The column of it.
        column: u32,
    },
    /// [`Verdict::Skip`]
    Skip,
    /// [`Verdict::NotJudged`]
    NotJudged(Missing),
}

impl Said<'_> {
    /// To keep.
    #[must_use]
    pub fn to_verdict(self) -> Verdict {
        match self {
            Said::Pass => Verdict::Pass,
            Said::Fail { message, field, line, column } => {
                Verdict::Fail { message: message.to_owned(), field: field.to_owned(), line, column }
            }
            Said::Skip => Verdict::Skip,
            Said::NotJudged(missing) => Verdict::NotJudged(missing),
        }
    }
}

/// A rule and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The rule: its place among those that the judge was made from.
    pub rule: usize,
    /// What it says.
    pub verdict: Verdict,
}

/// By `apiVersion` and `kind`: places of rules, and which of their kinds it is.
type ByKind = BTreeMap<Box<str>, BTreeMap<Box<str>, Vec<(usize, Fit)>>>;

/// How a request fits a rule that has a kind for its object.
#[derive(Debug, Clone, Copy)]
enum Fit {
    /// It is about this kind of the rule.
    Kind(usize),
    /// It is about another resource or subresource.
    Other,
    /// It does not tell which resource or subresource it is about.
    Untold,
}

/// Rules, ready to judge.
#[derive(Debug)]
pub struct Judge {
    plans: Vec<Plan>,
    kinds: ByKind,
    /// The same of kinds by their subresources.
    parts: ByKind,
    slots: usize,
    shared: Shared,
    places: bool,
}

impl Judge {
    /// Prepares rules, to be known by their place in this order.
    pub fn new<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let mut planner = Planner::default();
        let (mut kinds, mut parts) = (ByKind::new(), ByKind::new());
        let (mut plans, mut slots) = (Vec::new(), 0);
        for (index, rule) in rules.into_iter().enumerate() {
            for (place, kind) in rule.kinds.iter().enumerate() {
                let by_kind = if kind.subresource.is_none() { &mut kinds } else { &mut parts };
                let rules: &mut Vec<(usize, Fit)> =
                    by_kind.entry(kind.object_version().into()).or_default().entry(kind.object_kind().into()).or_default();
                if kind.subresource.is_some() || rules.last().is_none_or(|(last, _)| *last != index) {
                    rules.push((index, Fit::Kind(place)));
                }
            }
            slots = slots.max(usize::try_from(rule.slots).unwrap_or(usize::MAX));
            plans.push(planner.rule(rule));
        }
        Judge { plans, kinds, parts, slots, shared: planner.finish(), places: true }
    }

    /// The same, for who asks only what rules say: a failure points at the object itself, so that no field is looked for.
    #[must_use]
    pub fn without_places(self) -> Self {
        Judge { places: false, ..self }
    }

    /// Prepares all rules of a program: its packs by name, the rules of each in the order of the source.
    #[must_use]
    pub fn of_program(program: &Program) -> Self {
        Judge::new(program.packs.values().flat_map(|pack| &pack.rules))
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.plans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// The `pack/rule` of an outcome's rule.
    #[must_use]
    pub fn id(&self, rule: usize) -> Option<&str> {
        self.plans.get(rule).map(|plan| &*plan.id)
    }

    /// Judges by every rule that matches the object's kind, one after the other as the iterator is asked. Rules for other kinds have no outcome: they skip.
    pub fn judge<'a>(&'a self, request: &'a Request<'a>) -> impl Iterator<Item = Outcome> + 'a {
        let matching = self.matching(request);
        let mut run = (!matching.is_empty()).then(|| self.run(*request));
        (0..matching.len()).filter_map(move |index| {
            let (rule, fit) = *matching.get(index)?;
            let plan = self.plans.get(rule)?;
            Some(Outcome { rule, verdict: verdict(plan, fit, run.as_mut()?).to_verdict() })
        })
    }

    /// Judges by one rule; `Skip` where it does not match the object's kind.
    #[must_use]
    pub fn judge_by(&self, rule: usize, request: &Request<'_>) -> Verdict {
        let Some((_, fit)) = self.matching(request).iter().find(|(index, _)| *index == rule).copied() else { return Verdict::Skip };
        let mut run = self.run(*request);
        self.plans.get(rule).map_or(Verdict::Skip, |plan| verdict(plan, fit, &mut run).to_verdict())
    }

    /// Judges many requests, one after the other.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session { judge: self, run: None }
    }

    fn run<'a>(&'a self, request: Request<'a>) -> Run<'a> {
        Run::new(request, self.slots, &self.shared, self.places)
    }

    fn matching(&self, request: &Request<'_>) -> Cow<'_, [(usize, Fit)]> {
        let text = |name| request.object.get(name).and_then(Node::as_str);
        let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else { return Cow::default() };
        let kinds = found(&self.kinds, version, kind);
        let parts = found(&self.parts, version, kind);
        let subresource = request.subresource();
        if parts.is_empty() && subresource.is_none() {
            return Cow::Borrowed(kinds);
        }
        let mut fits: BTreeMap<usize, Fit> = BTreeMap::new();
        for (rule, fit) in kinds.iter().chain(parts) {
            let kind = match (fit, self.plans.get(*rule)) {
                (Fit::Kind(place), Some(plan)) => plan.kinds.get(*place).map(|kind| (plan, kind)),
                (Fit::Kind(_) | Fit::Other | Fit::Untold, _) => None,
            };
            let Some((plan, kind)) = kind else { continue };
            let this = match about(kind, &plan.operations, subresource, request.request) {
                Some(true) => *fit,
                Some(false) => Fit::Other,
                None => Fit::Untold,
            };
            let known = fits.entry(*rule).or_insert(this);
            if matches!((*known, this), (Fit::Other, Fit::Kind(_) | Fit::Untold) | (Fit::Untold, Fit::Kind(_))) {
                *known = this;
            }
        }
        Cow::Owned(fits.into_iter().collect())
    }
}

/// Judges request after request with the same memory.
#[derive(Debug)]
pub struct Session<'a> {
    judge: &'a Judge,
    run: Option<Run<'a>>,
}

impl<'a> Session<'a> {
    /// Judges by every rule that matches the object's kind and tells what each of them says, in their order. Rules for other kinds are not told: they skip.
    ///
    /// # Errors
    /// The first one of `tell`, behind which nothing is judged.
    pub fn judge<E>(&mut self, request: Request<'a>, mut tell: impl FnMut(usize, Said<'_>) -> Result<(), E>) -> Result<(), E> {
        let judge = self.judge;
        let matching = judge.matching(&request);
        if matching.is_empty() {
            return Ok(());
        }
        let run = match &mut self.run {
            Some(run) => {
                run.turn_to(request);
                run
            }
            none => none.insert(judge.run(request)),
        };
        for (rule, fit) in matching.iter() {
            if let Some(plan) = judge.plans.get(*rule) {
                tell(*rule, verdict(plan, *fit, run))?;
            }
        }
        Ok(())
    }
}

fn found<'k>(kinds: &'k ByKind, version: &str, kind: &str) -> &'k [(usize, Fit)] {
    kinds.get(version).and_then(|kinds| kinds.get(kind)).map_or(&[], Vec::as_slice)
}

/// Whether a request with an object of the kind is about the kind, by its subresource and resource; nothing where it does not tell.
fn about(kind: &Kind, operations: &BTreeSet<Operation>, subresource: Option<&str>, request: Option<&Node>) -> Option<bool> {
    if kind.subresource.is_some() && request.is_none() {
        return None;
    }
    if !kind.ways(operations).contains(&subresource.unwrap_or_default()) {
        return Some(false);
    }
    if kind.is_whole() {
        return Some(true);
    }
    let resource = request?.get("resource")?;
    let is = |name: &str, value: &str| resource.get(name).and_then(Node::as_str).unwrap_or_default() == value;
    Some(is("group", &kind.group) && is("version", &kind.version) && is("resource", &kind.resource))
}

/// Whether a request is about one of these kinds, as far as it tells: what an engine that is told the resource of each request judges by a policy for them.
#[must_use]
pub fn is_about(kinds: &[Kind], operations: &BTreeSet<Operation>, request: &Request<'_>) -> bool {
    let text = |name| request.object.get(name).and_then(Node::as_str).unwrap_or_default();
    let (version, name) = (text("apiVersion"), text("kind"));
    operations.contains(&request.operation)
        && kinds.iter().any(|kind| {
            kind.object_kind() == name
                && kind.object_version() == version
                && about(kind, operations, request.subresource(), request.request) == Some(true)
        })
}

fn verdict<'a, 'r>(plan: &'a Plan, fit: Fit, run: &'r mut Run<'a>) -> Said<'r> {
    let request = &run.request;
    let kind = match fit {
        Fit::Kind(kind) => kind,
        Fit::Other => return Said::Skip,
        Fit::Untold => return Said::NotJudged(Missing::Subresource),
    };
    if !plan.operations.contains(&request.operation) {
        let only_the_object = request.operation == Operation::Create && request.old_object.is_none();
        return if only_the_object && !plan.operations.is_empty() { Said::NotJudged(Missing::Operation) } else { Said::Skip };
    }
    match (missing(plan, kind, request), plan.kinds.get(kind)) {
        (Some(missing), _) => Said::NotJudged(missing),
        (None, None) => Said::Skip,
        (None, Some(kind)) => run.rule(plan, kind),
    }
}

/// What a rule needs and the request does not give.
fn missing(plan: &Plan, kind: usize, request: &Request<'_>) -> Option<Missing> {
    if plan.reads_old && request.old_object.is_none() {
        Some(Missing::OldObject)
    } else if plan.reads_request && request.request.is_none() {
        Some(Missing::Request)
    } else if plan.reads_namespace
        && plan.kinds.get(kind).is_some_and(|kind| kind.namespaced)
        && request.namespace_object.is_none()
        && request.request.is_none()
    {
        Some(Missing::NamespaceObject)
    } else if !plan.beside.is_empty()
        && request.cluster.is_none_or(|known| cluster::is_object_alone(request) && known.first_unknown(&plan.beside).is_some())
    {
        Some(Missing::Cluster)
    } else if plan.broken {
        Some(Missing::Pattern)
    } else {
        None
    }
}
