//! Kubernetes' types, defaults and removed versions: generated data, tables, and their reader.

use crate::ir::{Kind, Presence};
use std::collections::BTreeMap;

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
    /// A struct, by its OpenAPI name.
    Struct(String),
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
    /// The strings that it may hold, where it is an enum (the project's own table).
    pub values: &'static [&'static str],
    /// What the API server fills in when it is absent or zero and its parent exists (the project's own table).
    pub default: Option<Default>,
}

/// A default of the API server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// A string.
    String(&'static str),
    /// A number.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A quantity or int-or-string in its text, such as `25%`.
    Text(&'static str),
    /// An empty struct.
    Empty,
    /// Another field of the same struct (`successThreshold` has none; `hostPort` has, see `SpecialDefault`).
    Special(SpecialDefault),
}

/// A default that depends on other fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialDefault {
    /// `imagePullPolicy`: `Always` when the image's tag is `latest`, else `IfNotPresent`.
    PullPolicy,
    /// `emptyDir` of a volume without a source: `{}`.
    EmptyDirWithoutSource,
    /// `hostPort`: `containerPort` in init and main containers of a Pod (not of a template) with `hostNetwork`.
    HostPortOfHostNetwork,
    /// `resources.requests[k]`: `limits[k]` in init and main containers of a Pod (not of a template).
    RequestFromLimit,
    /// `Deployment.spec.strategy.rollingUpdate`: `{}` with its own defaults when `type` is `RollingUpdate`.
    RollingUpdate,
}

/// A struct of the schema.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Its OpenAPI name, for example `io.k8s.api.core.v1.Container`.
    pub name: String,
    /// Its fields.
    pub fields: BTreeMap<String, Field>,
    /// Fields of which exactly one is to be set: volume sources, probe and hook handlers ... (the project's own table). Used by `variants()`.
    pub union: &'static [&'static str],
}

/// A kind that the API server serves (or whose type it has).
#[derive(Debug, Clone)]
pub struct KindInfo {
    /// Group, version, names and where its Pod is.
    pub kind: Kind,
    /// The OpenAPI name of its struct.
    pub ty: String,
    /// Whether this is the version that `match` means when only the kind is named (the most stable, newest one).
    pub preferred: bool,
    /// Subresources, for example `scale`, `ephemeralcontainers`.
    pub subresources: Vec<String>,
}

/// An apiVersion and kind that a release removed.
#[derive(Debug, Clone, Copy)]
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
