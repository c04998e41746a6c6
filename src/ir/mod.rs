//! The IR: what a rule means, free of any target.
//!
//! What the resolver has done away with, so that neither the evaluator nor a lowering meets it: names, `let` (substituted),
//! functions (inlined), params (constants), constant conditions (folded), views (`pod.allContainers`, `c.probes`, `c.handlers`,
//! `pod.securityContexts`, `variants()` ...: expanded), literal lists as loop sources (unrolled), API defaults (on the field that
//! has them), presence of value structs (expanded into their leaves).
//!
//! Evaluation is total. A [`Value`] is absent or a value; a [`Cond`] is true or false. Only [`Read`]s can fail a rule otherwise.

pub mod change;
pub mod print;
mod quantity;
pub mod walk;
pub mod ways;

pub use quantity::Quantity;

use crate::diagnostic::Span;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that was compiled together.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Program {
    /// The packs, by name.
    pub packs: BTreeMap<String, Pack>,
    /// SHA-256 in hex of the sources: of their texts' digests, sorted, so that it depends on neither names nor order of the files.
    pub digest: String,
}

/// A pack of rules.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pack {
    /// Its name.
    pub name: String,
    /// Its `//!` text.
    pub doc: String,
    /// The values of its params, as the report shows them.
    pub params: BTreeMap<String, Const>,
    /// Its rules in the order of the source. A rule that can never apply (constant `where`) is here with `applies: Const(false)`.
    pub rules: Vec<Rule>,
    /// Its mutations in the order of the source.
    pub mutations: Vec<change::Mutation>,
    /// Its generations in the order of the source.
    pub generations: Vec<change::Generation>,
    /// Its exemptions in the order of the source: each is already in [`Rule::applies`] of the rules that it names.
    pub exemptions: Vec<Exemption>,
    /// Its `pod-security` block.
    pub pod_security: Option<PodSecurity>,
    /// Severities of built-in checks that this pack changes, by id.
    pub builtins: BTreeMap<String, Severity>,
    /// Its tests in the order of the source.
    pub tests: Vec<Test>,
    /// SHA-256 in hex of the text of each rule, mutation and generation in its source, by `pack/name`.
    pub digests: BTreeMap<String, String>,
}

/// `exempt`: whom some rules leave alone, until when and why.
#[derive(Debug, Clone, Serialize)]
pub struct Exemption {
    /// `pack/rule` of each rule, mutation or generation.
    pub rules: Vec<String>,
    /// `namespaces`, `users`, `groups` or `runtimeClasses`, with names of which one has to be the object's or the request's: all of the list have to fit.
    pub whom: Vec<(String, Vec<String>)>,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
    /// Why.
    pub because: String,
    /// Its `///` text.
    pub doc: String,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

impl Exemption {
    /// Whom it is for, as it is written: `namespaces "a", "b" users "c"`.
    #[must_use]
    pub fn whom(&self) -> String {
        let group = |(who, names): &(String, Vec<String>)| {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            format!("{who} {}", names.join(", "))
        };
        self.whom.iter().map(group).collect::<Vec<_>>().join(" ")
    }
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// `info`
    Info,
    /// `low`
    Low,
    /// `medium`
    #[default]
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// What an engine does with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Refuses the object.
    #[default]
    Deny,
    /// Admits it with a warning.
    Warn,
    /// Admits it and records it.
    Audit,
}

impl Action {
    /// All of them, with the word for each.
    pub const NAMES: [(&'static str, Action); 3] = [("deny", Action::Deny), ("warn", Action::Warn), ("audit", Action::Audit)];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Action::Deny => "deny",
            Action::Warn => "warn",
            Action::Audit => "audit",
        }
    }
}

/// An admission operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// `CREATE`
    Create,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
}

impl Operation {
    /// The word for it in a source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }

    /// Its name in an admission request (`admission.k8s.io/v1`, `AdmissionRequest.operation`).
    #[must_use]
    pub fn request_name(self) -> &'static str {
        match self {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
        }
    }
}

/// Where the Pod template stands in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PodPath {
    /// The object is the Pod.
    Object,
    /// `spec.template`
    SpecTemplate,
    /// `template` (PodTemplate)
    Template,
    /// `spec.jobTemplate.spec.template` (CronJob)
    JobTemplate,
}

impl PodPath {
    /// The field names from the object to the Pod or Pod template.
    #[must_use]
    pub fn segments(self) -> &'static [&'static str] {
        match self {
            PodPath::Object => &[],
            PodPath::SpecTemplate => &["spec", "template"],
            PodPath::Template => &["template"],
            PodPath::JobTemplate => &["spec", "jobTemplate", "spec", "template"],
        }
    }
}

/// A matched kind in its served version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// API group, `""` for the core.
    pub group: String,
    /// The version, for example `v1`.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural resource name.
    pub resource: String,
    /// A subresource, where the rule matches that instead (`Deployment/scale`).
    pub subresource: Option<Subresource>,
    /// Whether objects of it live in a namespace.
    pub namespaced: bool,
    /// Where its Pod is, if it makes Pods.
    pub pod: Option<PodPath>,
}

impl Kind {
    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `Pod`, `apps/Deployment`, `Pod/eviction`: as [`Cond::KindIs`] names it.
    #[must_use]
    pub fn id(&self) -> String {
        let name = self.written();
        if self.group.is_empty() { name } else { format!("{}/{name}", self.group) }
    }

    /// Whether this is its [`Kind::id`].
    #[must_use]
    pub fn is(&self, id: &str) -> bool {
        let name = if self.group.is_empty() { Some(id) } else { id.strip_prefix(&*self.group).and_then(|rest| rest.strip_prefix('/')) };
        let rest = name.and_then(|name| name.strip_prefix(&*self.kind));
        match &self.subresource {
            None => rest == Some(""),
            Some(subresource) => rest.and_then(|rest| rest.strip_prefix('/')) == Some(&*subresource.name),
        }
    }

    /// `Deployment`, `Deployment/scale`: without the group.
    #[must_use]
    pub fn written(&self) -> String {
        self.subresource.as_ref().map_or_else(|| self.kind.clone(), |subresource| format!("{}/{}", self.kind, subresource.name))
    }

    /// The API version of the objects: that of the kind, or of what is sent to its subresource.
    #[must_use]
    pub fn object_version(&self) -> String {
        self.subresource.as_ref().map_or_else(|| self.api_version(), |subresource| subresource.api_version.clone())
    }

    /// The kind of the objects: itself, or that of what is sent to its subresource.
    #[must_use]
    pub fn object_kind(&self) -> &str {
        self.subresource.as_ref().map_or(&self.kind, |subresource| &subresource.kind)
    }

    /// Whether its objects are of the kind itself, though a request may be about a subresource.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.object_kind() == self.kind && self.object_version() == self.api_version()
    }

    /// The subresources that requests about it name, `""` for none. What reaches a Pod by `ephemeralcontainers` and `resize` is an update of the Pod; others, `status` among them, are judged only by
    /// rules that name them.
    #[must_use]
    pub fn ways(&self, operations: &BTreeSet<Operation>) -> Vec<&str> {
        match &self.subresource {
            Some(subresource) => vec![&subresource.name],
            None if self.group.is_empty() && self.kind == "Pod" && operations.contains(&Operation::Update) => {
                vec!["", "ephemeralcontainers", "resize"]
            }
            None => vec![""],
        }
    }
}

/// A subresource of a kind, and what is sent to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subresource {
    /// `scale`
    pub name: String,
    /// The API version of the objects, such as `autoscaling/v1`; empty for a connection (`Pod/exec`), to which no object is sent.
    pub api_version: String,
    /// The kind of the objects, such as `Scale`; empty for a connection.
    pub kind: String,
}

impl Subresource {
    /// Whether it is a connection, to which no object is sent.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.kind.is_empty()
    }
}

/// The targets that a rule is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Targets {
    /// Every chosen target.
    All,
    /// These only.
    Only(BTreeSet<String>),
    /// All but these: dropped by the author.
    Except(BTreeSet<String>),
}

impl Targets {
    /// Whether the author means the target of this name.
    #[must_use]
    pub fn include(&self, target: &str) -> bool {
        self.include_in(target, target)
    }

    /// Whether the author means a target where it is written in one of its languages, which has a name of its own.
    #[must_use]
    pub fn include_in(&self, target: &str, language: &str) -> bool {
        match self {
            Targets::All => true,
            Targets::Only(names) => names.contains(target) || names.contains(language),
            Targets::Except(names) => !names.contains(target) && !names.contains(language),
        }
    }
}

/// A rule.
///
/// Judging an object: if its kind is not among `kinds` or the operation not among `operations`: skip. Then the `reads` in order: the first one
/// that finds something unreadable fails the rule with ``cannot read `PATH` `` as its whole message. Then `applies`: if false, skip. Then
/// `body`: every failed check gives one message; none is a pass. The messages, each trimmed of Unicode white space at both ends, are joined by `; `,
/// then control characters (general category Cc) are escaped: newline as `\n`, any other as `\u00XX` (lower-case hex), then a whole of more than 1,024 code points keeps its
/// first 1,023 and ends in `…`.
///
/// Where evaluation comes across a value that is not of the type of its [`Value::Field`], [`Value::Entry`] or [`Source`] (a number of another kind, a text where a list stands ...), the rule
/// fails with ``cannot read `PATH` `` as its whole message, PATH being the place in the object, such as `spec.containers[0].image`. A cluster refuses such an object before it is
/// judged, so no equality between engines is claimed. A number with a fraction of zero is a whole number.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// `pack/rule`.
    pub id: String,
    /// Its name within the pack.
    pub name: String,
    /// Its `///` text.
    pub doc: String,
    /// Its severity.
    pub severity: Severity,
    /// Its action.
    pub action: Action,
    /// Its tags.
    pub tags: Vec<String>,
    /// A link to more, where given.
    pub docs: Option<String>,
    /// Where it is meant to run.
    pub targets: Targets,
    /// The kinds that it matches.
    pub kinds: Vec<Kind>,
    /// The operations that it matches: create and update unless written.
    pub operations: BTreeSet<Operation>,
    /// What has to be readable.
    pub reads: Vec<Read>,
    /// `where` and not `except`, and for nobody who is exempt.
    pub applies: Cond,
    /// Where `exempt` names the rule: the same without that, and who is exempt.
    #[serde(skip)]
    pub apart: Option<Box<Apart>>,
    /// The statements.
    pub body: Vec<Stmt>,
    /// How many slots the rule binds: each [`Slot`] of it is below this.
    pub slots: u32,
    /// Constructs that no lowering carries yet, with their places (a connection, `duration()` of a value ...): refused by every target.
    pub unlowered: Vec<(String, Span)>,
    /// Where it first asks for objects beside the one that it judges (`cluster()`), if it does: refused by every target whose engine cannot look at others.
    #[serde(skip)]
    pub looks_at_others: Option<Span>,
    /// Where it stands.
    pub span: Span,
}

/// A rule's exemptions apart from its condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Apart {
    /// `where` and not `except`.
    pub applies: Cond,
    /// Each of its exemptions.
    pub exempt: Vec<Exempt>,
}

/// For whom a rule does not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Exempt {
    /// Whether an object or a request is exempt.
    pub when: Cond,
    /// The last day, `YYYY-MM-DD`.
    pub until: String,
    /// Why.
    pub because: String,
}

/// The variable of one loop or quantifier of a rule; unique in the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Slot(pub u32);

/// A value that has to be readable wherever it is present, else the rule fails.
///
/// A rule reads what it names: the sources are the loops and quantifiers around the value, without their filters, and conditions around it do not count.
#[derive(Debug, Clone, Serialize)]
pub struct Read {
    /// The path as the author wrote it, for the message.
    pub path: String,
    /// The loops around it, outermost first; their `filter`s are `None`.
    pub sources: Vec<Source>,
    /// The text or number that has to be readable.
    pub value: Value,
    /// As what.
    pub form: Form,
}

/// As what a value has to be readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Form {
    /// A quantity: see [`Function::Quantity`].
    Quantity,
    /// An image reference: what [`Cond::IsImage`] is true of.
    Image,
    /// A Go duration, such as `1h30m`: see [`Function::Duration`].
    Duration,
}

/// A statement.
#[derive(Debug, Clone, Serialize)]
pub enum Stmt {
    /// The body for each element in order.
    For {
        /// What is bound.
        source: Source,
        /// What is done for each element.
        body: Vec<Stmt>,
    },
    /// One of two bodies.
    If {
        /// Which.
        condition: Cond,
        /// When true.
        then: Vec<Stmt>,
        /// When false.
        otherwise: Vec<Stmt>,
    },
    /// A message when a condition is true.
    Check(Check),
    /// A message for each element whose keys stood in an earlier element of the source; absent keys are equal to each other.
    Unique {
        /// The elements; binds the slot that `keys` and `message` read.
        source: Source,
        /// The keys, compared with [`Cond::Compare`]'s equality.
        keys: Vec<Value>,
        /// The message, about the later element.
        message: Message,
        /// Where it stands.
        span: Span,
    },
}

/// A check.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// When it fails: `forbid C` as is, `require C` negated.
    pub fails: Cond,
    /// What it says then.
    pub message: Message,
    /// The field that a finding points at: the first path of the condition.
    pub subject: Option<Value>,
    /// Where it stands.
    pub span: Span,
}

/// A message: never blank, for at least one literal holds more than white space.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Its parts; literals next to each other are joined.
    pub parts: Vec<Piece>,
}

/// A part of a message.
#[derive(Debug, Clone, Serialize)]
pub enum Piece {
    /// Text.
    Text(String),
    /// A value: absent is `<unset>`; a string is raw; a boolean `true` or `false`; a number decimal; an int-or-string as it is;
    /// a quantity as an integer, or as an integer of thousandths and `m`, rounded up to thousandths; a list its elements joined by `, `.
    Value(Value, Ty),
}

/// A list of elements in order, each bound to `slot`. Absent and null elements are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// The element.
    pub slot: Slot,
    /// For a map its key; for a list the index in that list (of a single list only), counted from 0, null elements counted.
    pub key: Option<Slot>,
    /// Where the elements come from.
    pub of: Elements,
    /// Which elements count; may read `slot` and `key`.
    pub filter: Option<Cond>,
    /// The type of an element.
    pub ty: Ty,
}

/// Where elements come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Elements {
    /// The elements of these lists, one list after the other. An absent list is empty.
    Lists(Vec<Value>),
    /// The entries of a map, sorted by the bytes of the key. An absent map is empty.
    Map(Value),
    /// The objects of these kinds that are known beside the object: those in its namespace (all of a kind that lives in none, and all for an object that lives in none) but the object itself,
    /// kind by kind, those of a kind by the bytes of namespace and name. A rule that asks says so in [`Rule::looks_at_others`]. Where an admission request is known and it is not known whether there are
    /// objects of a kind that a rule asks for, the rule fails with ``cannot read `cluster(KIND)` `` before it is applied, KIND being the first such of [`walk::kinds_beside`].
    Cluster(Vec<Kind>),
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Ty {
    /// true or false
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A Kubernetes quantity; in an expression an exact number.
    Quantity,
    /// Text.
    String,
    /// A whole number or a text.
    IntOrString,
    /// A list.
    List(Box<Ty>),
    /// A map from text.
    Map(Box<Ty>),
    /// A struct of the schema, by its full name (`io.k8s.api.core.v1.Container`), or of several types with common fields.
    /// Without names: an object of any kind, of which `apiVersion`, `kind` and `metadata` are read.
    Struct(Arc<[String]>),
    /// A literal object's type.
    Record(BTreeMap<String, Ty>),
    /// Anything that JSON can hold; no field of it can be read.
    Any,
}

impl Ty {
    /// The struct of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Ty::Struct([name.into()].into())
    }

    /// An object of any kind.
    #[must_use]
    pub fn any_object() -> Self {
        Ty::Struct([].into())
    }
}

/// When a field's value counts as absent, besides missing and `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Presence {
    /// A pointer (or a required field): whatever is written is there, `{}` and `0` too.
    Written,
    /// A scalar with `omitempty` and no pointer: `""`, `0` and `false` are absent.
    NonZero,
    /// A list or map: an empty one is absent.
    NonEmpty,
}

/// A value or absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Value {
    /// A constant.
    Const(Const),
    /// A root.
    Root(Root),
    /// The element, key or index of a loop around.
    Var(Slot),
    /// A field of a struct: absent when `of` is; when the field is absent, the default, which is evaluated only then (and only when `of` is there).
    Field {
        /// The struct.
        of: Box<Value>,
        /// The field.
        name: String,
        /// When it counts as absent.
        presence: Presence,
        /// What the API server fills in.
        default: Option<Box<Value>>,
        /// Its type.
        ty: Ty,
    },
    /// The value of a map under a key: absent when the map, the key or the entry is. `null` in a map of strings is `""`, elsewhere absent.
    Entry {
        /// The map.
        of: Box<Value>,
        /// The key, a string.
        key: Box<Value>,
        /// What the API server fills in (also when the map is absent).
        default: Option<Box<Value>>,
        /// The type of the entry.
        ty: Ty,
    },
    /// The first that is present; of nothing: absent.
    Coalesce(Vec<Value>),
    /// One of two values.
    If(Box<Cond>, Box<Value>, Box<Value>),
    /// A condition as a boolean; never absent.
    Truth(Box<Cond>),
    /// A list of what the items give; never absent, perhaps empty.
    List(Vec<Item>),
    /// A number over the items that are present. The sum and count of nothing are 0, the least and greatest of nothing absent; so is a sum of `Int`s that overflows 64 bits.
    Aggregate {
        /// Which number.
        op: Aggregate,
        /// Over what.
        items: Vec<Item>,
        /// `Int` or `Quantity`.
        ty: Ty,
    },
    /// `a + b` or `a - b` on two numbers of one type; absent when either is, or when an `Int` overflows 64 bits.
    Arithmetic {
        /// Subtract instead of add.
        minus: bool,
        /// Left.
        left: Box<Value>,
        /// Right.
        right: Box<Value>,
        /// `Int` or `Quantity`.
        ty: Ty,
    },
    /// Strings one after the other; absent when one is.
    Concat(Vec<Value>),
    /// A function of arguments; absent when an argument is, unless the function says otherwise.
    Call(Function, Vec<Value>),
}

/// A root of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Root {
    /// `object`; on delete the object that is deleted.
    Object,
    /// `oldObject`
    OldObject,
    /// `namespaceObject`
    NamespaceObject,
    /// `request`
    Request,
    /// `pod`: the Pod, or the template of the kind that makes it (with `metadata` and `spec`); see [`Kind::pod`].
    Pod,
}

impl Root {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Root::Object => "object",
            Root::OldObject => "oldObject",
            Root::NamespaceObject => "namespaceObject",
            Root::Request => "request",
            Root::Pod => "pod",
        }
    }
}

/// An item of a list expression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Item {
    /// A value; left out when absent.
    One(Value),
    /// The elements of a list value.
    Spread(Value),
    /// The items for each element of a source.
    Each(Box<Source>, Vec<Item>),
}

/// What an aggregate computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Aggregate {
    /// How many items are present.
    Count,
    /// Their sum.
    Sum,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Const {
    /// true or false
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A quantity.
    Quantity(Quantity),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Const>),
    /// An object with its keys in the order of the source.
    Object(Vec<(String, Const)>),
}

impl Const {
    /// The first whole number in it that is beyond 2^53, where floating point does not hold every one.
    #[must_use]
    pub fn inexact(&self) -> Option<i64> {
        match self {
            Const::Int(number) => Some(*number).filter(|number| number.unsigned_abs() > 1 << 53),
            Const::List(items) => items.iter().find_map(Const::inexact),
            Const::Object(fields) => fields.iter().find_map(|(_, value)| value.inexact()),
            Const::Bool(_) | Const::Quantity(_) | Const::String(_) => None,
        }
    }

    /// As JSON, a quantity as its canonical text.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Const::Bool(value) => (*value).into(),
            Const::Int(number) => (*number).into(),
            Const::Quantity(quantity) => quantity.to_string().into(),
            Const::String(text) => text.as_str().into(),
            Const::List(items) => items.iter().map(Const::to_json).collect(),
            Const::Object(fields) => {
                serde_json::Value::Object(fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
            }
        }
    }
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Function {
    /// A string, a JSON number or an int-or-string read as a quantity: `[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][+-]?\d+)?`; exact, rounded up
    /// (away from minus infinity) to thousandths; absent when unreadable or above 2^53 in magnitude. The argument is a field of type [`Ty::Quantity`] or text.
    Quantity,
    /// A Go duration in seconds as a quantity, rounded up to thousandths; absent when unreadable.
    Duration,
    /// The whole number of an int-or-string; absent when it is a string.
    AsInt,
    /// The text of an int-or-string; absent when it is a number.
    AsName,
    /// The number of a text of one to nine ASCII digits and `%`, as `Int`; absent otherwise.
    Percent,
    /// Registry of an image reference: the part before the first `/` if it holds `.`, `:` or an upper-case ASCII letter or is `localhost`, else `docker.io`;
    /// `docker.io` also for `index.docker.io`. This and the other parts are of a text that a [`Read`] has found to be an image reference.
    ImageRegistry,
    /// Repository: without registry, tag and digest; with `library/` before a bare name on `docker.io`.
    ImageRepository,
    /// Tag; `latest` when there is neither tag nor digest; absent with a digest and no tag.
    ImageTag,
    /// Digest, such as `sha256:...`; absent when there is none.
    ImageDigest,
    /// ASCII lower case.
    Lower,
    /// ASCII upper case.
    Upper,
    /// `replace(text, old, new)`: every occurrence; `old` is a non-empty constant.
    Replace,
    /// `split(text, separator)`: a list of strings; the separator is a non-empty constant.
    Split,
    /// `join(list, separator)`: the texts with the separator in between; an absent list is empty.
    Join,
    /// Code points of a text, elements of a list that are not null, entries of a map that are not null (in a map of strings all). Of an absent list or map 0.
    Size,
    /// `indexOf(list, element)`: position from 0 of the first equal element, null elements not counted; -1 when there is none or the list or the element is absent.
    IndexOf,
    /// `effectiveRequest(pod, "cpu")`: arguments are the Pod root and a constant resource name; a quantity, never absent. As the scheduler of 1.37 counts.
    ///
    /// A limit stands for an absent request, whatever the kind. R is the sum over the main containers and the sidecars (init containers with `restartPolicy: Always`). Each
    /// sidecar asks for itself and all sidecars before it, each other init container for itself and all sidecars before it; R is the greatest of these and R. For `cpu`, `memory` and
    /// `hugepages-*`, the Pod's own `spec.resources.requests` stands in for R; where that is absent its `spec.resources.limits`, but for `cpu` and `memory` only when no
    /// container (init or main) has a request or limit of the resource. Then `spec.overhead` is added. Each quantity is in thousandths, rounded up; the result of anything but `cpu` is rounded up to
    /// a whole unit. An unreadable quantity fails the rule with the place of that quantity (see [`Rule`]).
    EffectiveRequest,
}

/// True or false, whatever is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Cond {
    /// Always so.
    Const(bool),
    /// The contrary.
    Not(Box<Cond>),
    /// All are true; evaluated in order up to the first that is false.
    And(Vec<Cond>),
    /// One is true; evaluated in order up to the first that is true.
    Or(Vec<Cond>),
    /// The value is present.
    Exists(Value),
    /// The value is present and `true`.
    True(Value),
    /// Both present, of the same JSON kind, and in this order. Booleans, structs, lists and maps have `Eq` only; strings `Eq` only.
    /// Structs, lists and maps are equal as they are written, but that a `null` entry of a map and a `null` element of a list are as if they were not there.
    Compare {
        /// How.
        op: Order,
        /// Left.
        left: Value,
        /// Right.
        right: Value,
        /// The type of both: `IntOrString` is equal only within one kind.
        ty: Ty,
    },
    /// The item is present and equal to an element of the list.
    In {
        /// The item.
        item: Value,
        /// A list value; absent is empty.
        list: Value,
        /// The type of the item.
        ty: Ty,
    },
    /// The text is present and fits the whole pattern.
    Like(Value, Glob),
    /// The text is present and the whole of it matches.
    Matches(Value, Pattern),
    /// Both texts are present and the second is a part of the first.
    Contains(Value, Value),
    /// An element for which the body is true.
    Any(Box<Source>, Box<Cond>),
    /// No element for which the body is false.
    All(Box<Source>, Box<Cond>),
    /// `selects(selector, labels)`: a `LabelSelector` (an absent one selects nothing, an empty one everything) or a map of labels
    /// (absent or empty selects nothing) selects these labels (absent is empty).
    Selects {
        /// `LabelSelector` or map.
        selector: Value,
        /// Whether `selector` is a map.
        map: bool,
        /// The labels.
        labels: Value,
    },
    /// The text is present and an image reference as `distribution/reference` reads it: it matches [`crate::eval::image::PATTERN`], is not 64 lower-case hexadecimal digits, and its
    /// [`Function::ImageRepository`] has at most 255 characters.
    IsImage(Value),
    /// The object is of one of these kinds ([`Kind::id`]: `Pod`, or with the group: `apps/Deployment`), all among the rule's.
    KindIs(Vec<String>),
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Order {
    /// `==`
    Eq,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A pattern whose only special character is `*`: any text, also none, also with `/` and newlines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Glob {
    /// The literal texts between the stars: one more than there are stars. Neighbouring stars are merged.
    pub parts: Vec<String>,
}

impl Glob {
    /// Reads a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        let mut parts: Vec<String> = pattern.split('*').map(str::to_owned).collect();
        let last = parts.len().saturating_sub(1);
        let mut index = 0;
        parts.retain(|part| {
            let keep = index == 0 || index == last || !part.is_empty();
            index += 1;
            keep
        });
        Glob { parts }
    }
}

/// A regular expression of the common subset (RE2 and Rust): ASCII classes, groups, alternation, `. ^ $` excepted as noted, `* + ? {n,m}` with m <= 100; checked by the
/// resolver. It has no anchors: the whole text has to match. `.` is any code point but newline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pattern {
    /// The text between the slashes.
    pub source: String,
}

/// `pod-security`, checked.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PodSecurity {
    /// Levels of every namespace that is not named.
    pub default: Levels,
    /// Levels of named namespaces, over the default's.
    pub namespaces: BTreeMap<String, Levels>,
    /// `v1.N` or `latest`, where written.
    pub version: Option<String>,
    /// Exempt namespaces.
    pub exempt_namespaces: BTreeSet<String>,
    /// Exempt users.
    pub exempt_usernames: BTreeSet<String>,
    /// Exempt runtime classes.
    pub exempt_runtime_classes: BTreeSet<String>,
    /// Where it stands.
    pub span: Span,
}

/// The level of each mode that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// Refuses.
    pub enforce: Option<Level>,
    /// Records.
    pub audit: Option<Level>,
    /// Warns.
    pub warn: Option<Level>,
}

/// A Pod Security level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything.
    Privileged,
    /// No known escalation.
    Baseline,
    /// Hardened.
    Restricted,
}

/// A test case.
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// `pack/rule`.
    pub rule: String,
    /// What is expected.
    pub expect: Expect,
    /// The operation.
    pub operation: Operation,
    /// Params that are other than the pack's, by name.
    pub params: BTreeMap<String, Const>,
    /// The object.
    pub object: Given,
    /// The old one.
    pub old_object: Option<Given>,
    /// The Namespace that the object is in.
    pub namespace_object: Option<Given>,
    /// What else is known of the request: `userInfo`, `options`, ...
    pub request: Option<Given>,
    /// Other objects.
    pub beside: Vec<Given>,
    /// Where it stands.
    pub span: Span,
}

/// The object of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Given {
    /// Written in the source.
    Object(serde_json::Value),
    /// A file, relative to the policies root; read by the caller.
    File(String, Span),
}

/// What a test expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Expect {
    /// The rule applies and passes.
    Allow,
    /// The rule fails, with a message that contains this.
    Deny(Option<String>),
    /// The rule does not apply; a mutation leaves the object as it is, a generation brings nothing.
    Skip,
    /// The mutation makes this object of it, or the generation brings this object.
    Gives(Given),
}
