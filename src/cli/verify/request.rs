//! The lines that engines are asked with.

use crate::ir::walk::roots;
use crate::ir::{Operation, Root, Rule};
use crate::verify::asked_of;
use crate::verify::generate::Case;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// What a driver of admission gets for a case.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Admission<'a> {
    id: usize,
    operation: Operation,
    object: Option<&'a Json>,
    old_object: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_object: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<&'a Json>,
    /// Which subresource is asked for.
    #[serde(flatten)]
    about: Json,
    /// What else this engine wants to know.
    #[serde(flatten)]
    more: Json,
}

impl<'a> Admission<'a> {
    /// The request of a case, with what is more in it for this engine.
    #[must_use]
    pub fn new(id: usize, case: &'a Case, more: Json) -> Self {
        let (object, old_object) = match case.operation {
            Operation::Delete => (None, Some(&case.object)),
            Operation::Create | Operation::Update => (Some(&case.object), case.old_object.as_ref()),
        };
        let told = |name: &str| case.request.as_ref().and_then(|request| request.get(name));
        let options = told("options").cloned().map(|mut options| {
            if let Some(fields) = options.as_object_mut() {
                fields.insert("apiVersion".to_owned(), json!("meta.k8s.io/v1"));
                fields.insert("kind".to_owned(), json!("DeleteOptions"));
            }
            options
        });
        Admission {
            id,
            operation: case.operation,
            object,
            old_object,
            namespace_object: case.namespace_object.as_ref(),
            // Whoever asks is known, if by nothing.
            user_info: case.request.as_ref().map(|_| told("userInfo").cloned().unwrap_or_else(|| json!({}))),
            options,
            dry_run: told("dryRun"),
            about: asked_of(case),
            more,
        }
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether a case can reach an engine in a cluster, which always knows the Namespace: where it cannot find it, the request fails before any policy is asked.
#[must_use]
pub fn reaches_a_cluster(rule: &Rule, case: &Case) -> bool {
    case.namespace_object.is_some() || case.request.is_none() || !roots(rule).contains(&Root::NamespaceObject)
}

/// Whether an engine that reads JSON into floating point, which rounds whole numbers beyond 2^53, gets every number as it is written. (A cluster holds a quantity as text.)
#[must_use]
pub fn is_exact(value: &Json) -> bool {
    match value {
        Json::Number(number) => number.as_i64().is_none_or(|n| n.unsigned_abs() <= 1 << 53),
        Json::Array(items) => items.iter().all(is_exact),
        Json::Object(fields) => fields.values().all(is_exact),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}
