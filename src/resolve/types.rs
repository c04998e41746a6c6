//! What an expression stands for while it is resolved, and the types of the schema.

use crate::diagnostic::Span;
use crate::ir::{Cond, Const, Kind, Pattern, Presence, Ty, Value};
use crate::schema::{Field, FieldType, Nulls, Schema, Struct};
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub(super) const POD_SPEC: &str = "io.k8s.api.core.v1.PodSpec";
pub(super) const POD: &str = "io.k8s.api.core.v1.Pod";
pub(super) const POD_TEMPLATE: &str = "io.k8s.api.core.v1.PodTemplateSpec";
pub(super) const CONTAINER: &str = "io.k8s.api.core.v1.Container";
pub(super) const EPHEMERAL: &str = "io.k8s.api.core.v1.EphemeralContainer";
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
pub(super) const LABEL_SELECTOR: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector";
pub(super) const NAMESPACE: &str = "io.k8s.api.core.v1.Namespace";
pub(super) const REQUEST: &str = "request";

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// A value of the IR.
    Val(Typed),
    /// A condition.
    Cond(Cond),
    /// A list whose elements come from several places: a view, a list literal, a sum of lists.
    Seq(Vec<Part>),
    /// `x[*]`: a field of it is that field of each element.
    Star(Vec<Part>),
    /// An object literal that is not constant.
    Record(Vec<(String, Term)>),
    /// An element of a view, with fields that the schema does not have.
    Element(Box<Typed>, Vec<(&'static str, Term)>),
    /// A minor version of Kubernetes 1.
    Version(u32),
    /// `image(x)`
    Image(Box<Typed>),
    /// A regular expression.
    Regex(Pattern),
    /// A day.
    Date(String),
}

/// A value with its type and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    /// The value.
    pub value: Value,
    /// Its type.
    pub ty: Ty,
    /// The path as written, if it is one.
    pub path: Option<Span>,
    /// In which containers of a Pod it is.
    pub flavour: Flavour,
    /// The strings that it may hold.
    pub values: &'static [&'static str],
    /// How many structs without a pointer the path ends in.
    pub hollow: u32,
    /// For `resources.requests` of a Pod: the limits that stand in.
    pub limits: Option<Box<Value>>,
    /// Whether OpenAPI demands it where its parent is.
    pub required: bool,
}

impl Typed {
    /// A value of a type.
    pub fn new(value: Value, ty: Ty) -> Self {
        Typed { value, ty, path: None, flavour: Flavour::Other, values: &[], hollow: 0, limits: None, required: false }
    }

    /// A constant.
    pub fn constant(value: Const) -> Self {
        let ty = type_of_const(&value);
        Typed::new(Value::Const(value), ty)
    }
}

/// In which containers of a Pod a value is: some defaults of the API server depend on it.
#[derive(Debug, Clone)]
pub(super) enum Flavour {
    /// Nowhere that matters.
    Other,
    /// In an init or main container of the Pod with this spec.
    Regular(Box<Value>),
    /// In a loop over several lists of containers: the loop of this slot has to be split if it matters.
    Mixed(u32),
}

/// Elements of a list.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// One element, there when the condition holds.
    One(Cond, Box<Term>),
    /// The elements of runtime lists.
    Lists {
        /// The lists.
        lists: Vec<ListPart>,
        /// Whether only sidecars count.
        sidecars: bool,
        /// What has to hold besides, whatever the element.
        guard: Cond,
    },
    /// What the steps give from each element of the part.
    Each(Box<Part>, Vec<Step>),
    /// The objects of the cluster of some kinds.
    Cluster {
        /// The kinds, all with their Pod in one place.
        kinds: Vec<Kind>,
        /// Their type.
        ty: Ty,
        /// What has to hold besides.
        guard: Cond,
    },
}

/// A runtime list.
#[derive(Debug, Clone)]
pub(super) struct ListPart {
    /// The list.
    pub value: Value,
    /// The type of an element.
    pub ty: Ty,
    /// In which containers its elements are.
    pub flavour: Flavour,
    /// The strings that an element may hold.
    pub values: &'static [&'static str],
}

/// A step from an element to what is meant.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `.name`
    Field(String, Span),
    /// `[*]`
    Star(Span),
    /// A container's `securityContext`, with its `.owner`.
    SecurityContext(Span),
}

pub(super) fn type_of_const(value: &Const) -> Ty {
    match value {
        Const::Bool(_) => Ty::Bool,
        Const::Int(_) => Ty::Int,
        Const::Quantity(_) => Ty::Quantity,
        Const::String(_) => Ty::String,
        Const::List(items) => Ty::List(Box::new(items.iter().map(type_of_const).reduce(|a, b| mixed(&a, &b)).unwrap_or(Ty::Any))),
        Const::Object(fields) => Ty::Record(fields.iter().map(|(name, value)| (name.clone(), type_of_const(value))).collect()),
    }
}

// A list may hold numbers and texts, to be compared with an int-or-string.
fn mixed(a: &Ty, b: &Ty) -> Ty {
    match (a, b) {
        (Ty::Int | Ty::IntOrString, Ty::String) | (Ty::String | Ty::IntOrString, Ty::Int) => Ty::IntOrString,
        (a, b) => join(a, b).unwrap_or(Ty::Any),
    }
}

/// The type of values that are of one of two types; none where that makes no sense.
pub(super) fn join(a: &Ty, b: &Ty) -> Option<Ty> {
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (Ty::Int | Ty::String | Ty::IntOrString, Ty::IntOrString) | (Ty::IntOrString, Ty::Int | Ty::String) => Some(Ty::IntOrString),
        (Ty::Int, Ty::Quantity) | (Ty::Quantity, Ty::Int) => Some(Ty::Quantity),
        (Ty::Struct(a), Ty::Struct(b)) => {
            if a.is_empty() || b.is_empty() {
                return Some(Ty::any_object());
            }
            let mut names: Vec<String> = a.iter().chain(b.iter()).cloned().collect();
            names.sort();
            names.dedup();
            Some(Ty::Struct(names.into()))
        }
        (Ty::Record(a), Ty::Record(b)) => {
            let mut fields = a.clone();
            for (name, ty) in b {
                match fields.get(name) {
                    Some(other) => {
                        let both = join(other, ty)?;
                        fields.insert(name.clone(), both);
                    }
                    None => {
                        fields.insert(name.clone(), ty.clone());
                    }
                }
            }
            Some(Ty::Record(fields))
        }
        (Ty::List(a), Ty::List(b)) if **a == Ty::Any => Some(Ty::List(b.clone())),
        (Ty::List(a), Ty::List(b)) if **b == Ty::Any => Some(Ty::List(a.clone())),
        (Ty::List(a), Ty::List(b)) => Some(Ty::List(Box::new(join(a, b)?))),
        (Ty::Map(a), Ty::Map(b)) => Some(Ty::Map(Box::new(join(a, b)?))),
        _ => None,
    }
}

/// The IR's type of a field's type.
pub(crate) fn ty_of(field: &FieldType) -> Ty {
    match field {
        FieldType::Bool => Ty::Bool,
        FieldType::Int => Ty::Int,
        FieldType::String => Ty::String,
        FieldType::Quantity => Ty::Quantity,
        FieldType::IntOrString => Ty::IntOrString,
        FieldType::List(inner) => Ty::List(Box::new(ty_of(inner))),
        FieldType::Map(inner) => Ty::Map(Box::new(ty_of(inner))),
        FieldType::Struct(id) => Ty::named(id.name()),
        FieldType::Number | FieldType::Any => Ty::Any,
    }
}

/// How a type is called in a message, with its article.
pub(super) fn describe(ty: &Ty) -> String {
    match ty {
        Ty::Bool => "a boolean".to_owned(),
        Ty::Int => "a whole number".to_owned(),
        Ty::Quantity => "a quantity".to_owned(),
        Ty::String => "a string".to_owned(),
        Ty::IntOrString => "an int-or-string".to_owned(),
        Ty::List(inner) => match &**inner {
            Ty::Any => "a list".to_owned(),
            inner => format!("a list of {}", plural(inner)),
        },
        Ty::Map(inner) => format!("a map of {}", plural(inner)),
        Ty::Struct(names) => match &**names {
            [] => "an object of any kind".to_owned(),
            [name, ..] => article(short(name)),
        },
        Ty::Record(_) => "an object literal".to_owned(),
        Ty::Any => "free-form JSON".to_owned(),
    }
}

fn article(noun: &str) -> String {
    if noun.starts_with(['A', 'E', 'I', 'O', 'U']) { format!("an {noun}") } else { format!("a {noun}") }
}

fn plural(ty: &Ty) -> String {
    match ty {
        Ty::Bool => "booleans".to_owned(),
        Ty::Int => "whole numbers".to_owned(),
        Ty::Quantity => "quantities".to_owned(),
        Ty::String => "strings".to_owned(),
        Ty::IntOrString => "int-or-strings".to_owned(),
        Ty::List(_) => "lists".to_owned(),
        Ty::Map(_) => "maps".to_owned(),
        Ty::Struct(names) => names.first().map_or("objects".to_owned(), |name| format!("{}s", short(name))),
        Ty::Record(_) => "object literals".to_owned(),
        Ty::Any => "anything".to_owned(),
    }
}

/// The last part of an OpenAPI name.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The struct of this name: of the schema, or one that only the language has.
pub(super) fn structure(schema: &Schema, name: &str) -> Option<&'static Struct> {
    schema.get(name).or_else(|| own_structs().get(name))
}

/// `request`, as an admission webhook gets it, as far as rules may read it.
fn own_structs() -> &'static BTreeMap<&'static str, Struct> {
    static OWN: OnceLock<BTreeMap<&'static str, Struct>> = OnceLock::new();
    OWN.get_or_init(|| {
        let field = |ty: FieldType, presence: Presence| Field {
            ty,
            required: false,
            presence,
            value_struct: false,
            values: &[],
            default: None,
            nulls: Nulls::Emptied,
            unreadable: None,
        };
        let text = || field(FieldType::String, Presence::NonZero);
        let operation = Field { values: &["CREATE", "UPDATE", "DELETE", "CONNECT"], required: true, ..text() };
        let texts = || field(FieldType::List(Box::new(FieldType::String)), Presence::NonEmpty);
        // The types of the two parts stand in `request_part`.
        let part = || field(FieldType::Any, Presence::Written);
        let structs: [(&'static str, Vec<(&'static str, Field)>); 3] = [
            (
                REQUEST,
                vec![
                    ("operation", operation),
                    ("name", text()),
                    ("namespace", text()),
                    ("subResource", text()),
                    ("dryRun", field(FieldType::Bool, Presence::Written)),
                    ("userInfo", part()),
                    ("options", part()),
                ],
            ),
            ("request.userInfo", vec![("username", text()), ("uid", text()), ("groups", texts())]),
            (
                "request.options",
                vec![
                    ("gracePeriodSeconds", field(FieldType::Int, Presence::Written)),
                    ("propagationPolicy", text()),
                    ("fieldManager", text()),
                ],
            ),
        ];
        structs
            .into_iter()
            .map(|(name, fields)| {
                (name, Struct { name, fields: fields.into_iter().collect(), union: &[], union_required: false, open: false })
            })
            .collect()
    })
}

/// The type of a field of `request` that is a struct itself.
pub(super) fn request_part(structure: &str, field: &str) -> Option<Ty> {
    match (structure, field) {
        (REQUEST, "userInfo") => Some(Ty::named("request.userInfo")),
        (REQUEST, "options") => Some(Ty::named("request.options")),
        _ => None,
    }
}

/// Every OpenAPI name whose last part is this one, the core's first.
pub(super) fn by_short_name(schema: &Schema, name: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = schema.types().map(|id| id.name()).filter(|full| short(full) == name).collect();
    found.sort_by_key(|full| (!full.starts_with("io.k8s.api.core.v1."), *full));
    found
}
