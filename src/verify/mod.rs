//! Showing that the targets mean what the rules mean: test objects out of the rules themselves, judged by every engine.
//!
//! An engine is an [`engine::Engine`]; the embedded ones are here, those that are programs of their own in [`crate::cli`]. [`run::verify`] compares them with the reference
//! evaluator, and a case that is judged otherwise is made as small as it can be.

pub mod changed;
pub mod changes;
pub mod coverage;
#[cfg(feature = "engines")]
pub mod embedded;
pub mod engine;
pub mod generate;
pub mod run;
pub mod shrink;

use crate::ir::{Kind, Operation, Pack, Program, Rule, Targets};
use crate::lower::cel::{Policy, print};
use crate::schema::Schema;
use crate::target::Artifact;
use crate::target::inventory::{gatekeeper_inventory, opa_data};
use generate::Case;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A program of one rule, which every target is to carry.
#[must_use]
pub fn alone(rule: &Rule, program: &Program) -> Program {
    let mut own = Program::default();
    if let Some((name, pack)) = program.packs.iter().find(|(_, pack)| pack.rules.iter().any(|other| other.id == rule.id)) {
        let pack = Pack {
            name: pack.name.clone(),
            doc: pack.doc.clone(),
            params: pack.params.clone(),
            rules: vec![Rule { targets: Targets::All, ..rule.clone() }],
            ..Pack::default()
        };
        own.packs.insert(name.clone(), pack);
    }
    own
}

/// The admission review of a case, as an API server would send it.
#[must_use]
pub fn admission_review(case: &Case) -> Json {
    let (object, old_object) = match case.operation {
        Operation::Delete => (&Json::Null, Some(&case.object)),
        Operation::Create | Operation::Update => (&case.object, case.old_object.as_ref()),
    };
    let mut request = case.request.clone().unwrap_or_else(|| json!({}));
    if let Some(fields) = request.as_object_mut() {
        if let Some(space) = &case.namespace_object {
            fields.entry("namespace").or_insert_with(|| space.pointer("/metadata/name").cloned().unwrap_or_else(|| json!("default")));
        }
        fields.insert("operation".to_owned(), json!(case.operation));
        fields.insert("object".to_owned(), object.clone());
        fields.insert("oldObject".to_owned(), json!(old_object));
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// What a driver of admission is told besides of a request about a subresource: `subresource`, `requested`, which is the resource, and `parent`, which is its kind.
#[must_use]
pub fn asked_of(case: &Case) -> Json {
    let told = |name: &str| case.request.as_ref().and_then(|request| request.get(name));
    let Some(subresource) = told("subResource").and_then(Json::as_str).filter(|name| !name.is_empty()) else { return json!({}) };
    let Some(requested) = told("resource") else { return json!({"subresource": subresource}) };
    let is = |name: &str, value: &str| requested.get(name).and_then(Json::as_str).unwrap_or_default() == value;
    let named = |kind: &&Kind| is("group", &kind.group) && is("version", &kind.version) && is("resource", &kind.resource);
    let parent = Schema::kubernetes().kinds().iter().map(|info| &info.kind).find(named);
    let parent = parent.map(|kind| json!({"group": kind.group, "version": kind.version, "kind": kind.kind}));
    json!({"subresource": subresource, "requested": requested, "parent": parent})
}

/// Whether a case is no more than the creation of an object: else no engine is given the object alone.
#[must_use]
pub fn is_plain(case: &Case) -> bool {
    case.operation == Operation::Create && case.request.is_none() && case.namespace_object.is_none()
}

/// What OPA holds beside the review of a case: the objects of these kinds that are known, and the Namespace of the object; nothing where neither is.
#[must_use]
pub fn cluster_data(case: &Case, kinds: &BTreeSet<Kind>) -> Option<Json> {
    case.with_request(|request| opa_data(request, kinds))
}

/// The objects that Gatekeeper holds beside that of a case.
#[must_use]
pub fn inventory(case: &Case, kinds: &BTreeSet<Kind>) -> Vec<Json> {
    case.with_request(|request| gatekeeper_inventory(request, kinds))
}

/// The rules in the modules of one rule: what stands after the head of the pack's module.
#[must_use]
pub fn rego_of(artifacts: &[Artifact]) -> String {
    let is_pack = |path: &str| path.ends_with(".rego") && !["opa/main.rego", "opa/system.rego"].contains(&path);
    let pack = artifacts.iter().find(|artifact| is_pack(&artifact.path));
    let text = pack.map(|artifact| String::from_utf8_lossy(&artifact.contents).into_owned()).unwrap_or_default();
    let rules = text.split_once("\n\n").map_or(text.as_str(), |(_, rules)| rules.trim());
    rules.to_owned()
}

/// The expressions of a policy, one a line.
#[must_use]
pub fn cel_of(policy: &Policy) -> String {
    let mut text = String::new();
    for variable in &policy.variables {
        let _ = writeln!(text, "{}: {}", variable.name, print(&variable.expr));
    }
    let _ = write!(text, "validation: {}\nmessage: {}", print(&policy.validation), print(&policy.message));
    text
}
