//! Kubernetes' types, defaults and removed versions: generated data, tables, and their reader. Kinds of CustomResourceDefinitions are added to them.

mod custom;
mod reader;
mod tables;

pub use custom::Additions;
pub(crate) use custom::keep;
pub use reader::Schema;

use crate::ir::{Const, Kind, Presence};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A struct of the schema. The built-in ones are ordered like their names, those that were added come after them in the order in which they were.
#[derive(Clone, Copy)]
pub struct TypeId {
    index: u32,
    entry: &'static reader::Entry,
}

impl PartialEq for TypeId {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for TypeId {}

impl PartialOrd for TypeId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TypeId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.index.cmp(&other.index)
    }
}

impl Hash for TypeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl TypeId {
    /// Its OpenAPI name, for example `io.k8s.api.core.v1.Container`. A struct of a custom kind is named after its group, version, kind and the fields on the way to it:
    /// `example.com.v1.WidgetSpec`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry.name
    }

    /// Its place: those of Kubernetes are counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// Its last part, for example `Container`.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        let name = self.name();
        name.rsplit_once('.').map_or(name, |(_, last)| last)
    }

    /// The struct; read from the data at the first call, then at hand.
    #[must_use]
    pub fn get(self) -> &'static Struct {
        self.entry.get()
    }
}

impl std::fmt::Debug for TypeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// true or false
    Bool,
    /// A whole number (int32 and int64).
    Int,
    /// A number with a fraction.
    Number,
    /// Text; also times, bytes and micro-times.
    String,
    /// `resource.Quantity`
    Quantity,
    /// `intstr.IntOrString`
    IntOrString,
    /// A list.
    List(Box<FieldType>),
    /// A map from text.
    Map(Box<FieldType>),
    /// A struct.
    Struct(TypeId),
    /// Any JSON.
    Any,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its type.
    pub ty: FieldType,
    /// Whether OpenAPI demands it.
    pub required: bool,
    /// When what is written counts as absent (from the Go type).
    pub presence: Presence,
    /// Whether it is a struct held without a pointer: it exists when a leaf of it does.
    pub value_struct: bool,
    /// The strings that it (or an element of it) may hold, where it is an enum (the project's own table).
    pub values: &'static [&'static str],
    /// What the API server fills in when it is absent or zero and its parent exists (the project's own table).
    pub default: Option<Default>,
    /// What becomes of an element or entry that is `null`, where it is a list or map.
    pub nulls: Nulls,
    /// Why no rule can read it, where the schema says something that the language cannot say exactly.
    pub unreadable: Option<&'static str>,
}

/// What becomes of an element of a list, or an entry of a map, that is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Kubernetes reads it as an empty one, or as a text that is empty.
    Emptied,
    /// It is kept (what is `nullable` in a custom kind).
    Kept,
    /// The API server refuses the object, or drops the entry (other elements and entries of a custom kind).
    Refused,
}

/// A default of the API server. It holds where the struct exists or is itself defaulted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// A string.
    String(&'static str),
    /// A number.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A quantity or int-or-string in its text, such as `25%`.
    Text(&'static str),
    /// A list of strings.
    Strings(&'static [&'static str]),
    /// An empty struct, whose fields have their own defaults.
    Empty,
    /// A list, or a struct or map with something in it, of a custom kind.
    Constant(&'static Const),
    /// One that depends on more than the field.
    Special(SpecialDefault),
}

/// A default that depends on other fields or on the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialDefault {
    /// `imagePullPolicy`, and `pullPolicy` of an image volume: `Always` when the tag of the sibling (`image`, `reference`) is `latest`, else `IfNotPresent`.
    PullPolicy {
        /// The field that holds the image.
        image: &'static str,
    },
    /// `emptyDir` of a volume without a source: `{}`.
    EmptyDirWithoutSource,
    /// `hostPort`: `containerPort` in init and main containers of a Pod (not of a template) with `hostNetwork`.
    HostPortOfHostNetwork,
    /// `resources.requests[k]`: `limits[k]` in init and main containers of a Pod (not of a template).
    RequestFromLimit,
    /// What the path from the same struct holds: `["port"]`, `["template", "metadata", "labels"]`. As it is written, without its own default (`serviceAccountName` and
    /// `serviceAccount` name each other).
    Sibling(&'static [&'static str]),
    /// Only in an object of this kind, not in a template of one (`Pod`, `Job`).
    InKind(&'static str, &'static Default),
    /// One of two.
    When {
        /// Which.
        test: Test,
        /// When it holds.
        then: &'static Default,
        /// When it does not.
        otherwise: Option<&'static Default>,
    },
}

/// A test on the struct that a default is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// A string field of it, with its own default, is one of these.
    OneOf(&'static str, &'static [&'static str]),
    /// A field of it is present as it is written, without its own default.
    Written(&'static str),
    /// It is not.
    Unwritten(&'static str),
}

/// A struct of the schema.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Its OpenAPI name, for example `io.k8s.api.core.v1.Container`.
    pub name: &'static str,
    /// Its fields.
    pub fields: BTreeMap<&'static str, Field>,
    /// Fields of which at most one is to be set: volume sources, probe and hook handlers ... (the project's own table). Used by `variants()`.
    pub union: &'static [&'static str],
    /// Whether one of `union` has to be set.
    pub union_required: bool,
    /// Whether the API server keeps fields that it does not have (`x-kubernetes-preserve-unknown-fields`).
    pub open: bool,
}

/// A kind that the API server serves (or whose type it has).
#[derive(Debug, Clone)]
pub struct KindInfo {
    /// Group, version, names and where its Pod is.
    pub kind: Kind,
    /// Its struct.
    pub ty: TypeId,
    /// Whether this is the version that `match` means when only the kind is named (the most stable, newest one).
    pub preferred: bool,
    /// Its subresources in the order of their names.
    pub subresources: Vec<Subresource>,
    /// Whether it is that of a CustomResourceDefinition.
    pub custom: bool,
}

/// A subresource of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subresource {
    /// Its name, for example `scale`, `ephemeralcontainers`.
    pub name: &'static str,
    /// What is sent to it (`Scale`, `Pod`); the schema does not tell for connections such as `exec`.
    pub ty: Option<TypeId>,
}

/// An apiVersion and kind that a release removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// `policy/v1beta1`
    pub api_version: &'static str,
    /// `PodSecurityPolicy`
    pub kind: &'static str,
    /// The minor release of Kubernetes 1 that no longer serves it.
    pub in_minor: u32,
    /// What to use instead, such as `policy/v1`, where it is the same kind.
    pub replacement: Option<&'static str>,
    /// Advice where there is no such version.
    pub advice: Option<&'static str>,
}
