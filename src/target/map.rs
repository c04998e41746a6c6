//! `map`: a MutatingAdmissionPolicy and its binding for each mutation, a file for each pack.
//!
//! The patch is a JSON patch that CEL computes from the object: see [`crate::lower::cel::change`]. The API server runs a policy again where another mutation has changed the object (`IfNeeded`), which changes
//! nothing more unless the other one brought something new.
//!
//! Source: `k8s.io/api` 0.37, `admissionregistration/v1/types.go`.

use super::admission::{self, MatchConstraints, ResourceRule, Variable};
use super::metadata::{Metadata, policy_name, within_length};
use super::{Artifact, Emission, Options, Outcome, join_documents};
use crate::diagnostic::{Diagnostic, codes::build};
use crate::ir::change::Mutation;
use crate::ir::{Kind, Operation, Pack, Program};
use crate::lower::Unsupported;
use crate::lower::cel::change::{self, Patch};
use crate::lower::cel::{cost, print};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The target's name.
pub const NAME: &str = "map";

/// The first minor version of Kubernetes with `admissionregistration.k8s.io/v1` MutatingAdmissionPolicy.
const FIRST_MINOR: u32 = 36;

const API_VERSION: &str = "admissionregistration.k8s.io/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MutatingAdmissionPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    failure_policy: &'static str,
    reinvocation_policy: &'static str,
    match_constraints: MatchConstraints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<Variable>,
    mutations: [MutationOf; 1],
}

/// A mutation of a policy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MutationOf {
    patch_type: &'static str,
    json_patch: JsonPatch,
}

#[derive(Debug, Serialize)]
struct JsonPatch {
    expression: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MutatingAdmissionPolicyBinding {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: BindingSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BindingSpec {
    policy_name: String,
}

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program, options: &Options) -> Emission {
    let mut emission = Emission::default();
    let mut names = BTreeMap::new();
    for pack in program.packs.values() {
        for rule in &pack.rules {
            emission.row(NAME, &rule.id, Outcome::NotApplicable("a MutatingAdmissionPolicy denies nothing".to_owned()));
        }
        let mut documents = Vec::new();
        for mutation in &pack.mutations {
            let Some(patch) = lowered(NAME, pack, mutation, &mut emission) else { continue };
            if options.kubernetes < FIRST_MINOR {
                too_old(mutation, options.kubernetes, &mut emission);
                continue;
            }
            let metadata = Metadata::of_rule(pack, &mutation.head);
            if let Some(first) = names.insert(metadata.name.clone(), mutation.head.id.clone()) {
                emission.collide(NAME, &metadata.name, &first, &mutation.head.id, mutation.head.span);
            }
            let cost = cost::of_patch(&patch);
            match both(pack, mutation, patch) {
                Ok(both) => {
                    if emission.costed(NAME, &mutation.head.id, mutation.head.span, cost) {
                        documents.extend(both);
                    }
                }
                Err(error) => emission.refuse(NAME, &mutation.head.id, &Unsupported::new(error.to_string(), mutation.head.span)),
            }
        }
        if !documents.is_empty() {
            emission.artifacts.push(Artifact { path: format!("{NAME}/{}.yaml", pack.name), contents: join_documents(&documents) });
        }
    }
    emission
}

/// A mutation in CEL; where there is nothing to write, the emission says why.
pub(crate) fn lowered(target: &'static str, pack: &Pack, mutation: &Mutation, emission: &mut Emission) -> Option<Patch> {
    let head = &mutation.head;
    if !emission.wants_change(target, head) {
        return None;
    }
    let lowered = within_length(policy_name(pack, head), head.span).and_then(|_| change::mutation(mutation));
    lowered.map_err(|unsupported| emission.refuse(target, &head.id, &unsupported)).ok()
}

fn too_old(mutation: &Mutation, minor: u32, emission: &mut Emission) {
    let id = &mutation.head.id;
    emission.row(NAME, id, Outcome::Refused(format!("MutatingAdmissionPolicy needs Kubernetes 1.{FIRST_MINOR}")));
    emission.diagnostics.push(
        Diagnostic::error(
            &build::NEEDS_NEWER_KUBERNETES,
            mutation.head.span,
            format!("`{id}` cannot be written for {NAME} on Kubernetes 1.{minor}: 1.{FIRST_MINOR} is the first to have `{API_VERSION}` MutatingAdmissionPolicy"),
        )
        .with_help(format!(
            "build for 1.{FIRST_MINOR} or newer with `--kubernetes 1.{FIRST_MINOR}`, or leave the target out for this mutation with `targets except {NAME}`"
        )),
    );
}

/// The requests that a mutation is about: kinds with the same operations together. Parts of objects (`pods/resize`) are left alone.
pub(crate) fn match_constraints(kinds: &[Kind], on: impl Fn(&Kind) -> BTreeSet<Operation>) -> MatchConstraints {
    let mut resources: BTreeMap<(&str, &str, BTreeSet<Operation>), BTreeSet<String>> = BTreeMap::new();
    for kind in kinds {
        resources.entry((&kind.group, &kind.version, on(kind))).or_default().insert(kind.resource.clone());
    }
    let resource_rules = resources
        .into_iter()
        .map(|((group, version, operations), resources)| ResourceRule {
            api_groups: vec![group.to_owned()],
            api_versions: vec![version.to_owned()],
            operations: operations.into_iter().collect(),
            resources: resources.into_iter().collect(),
        })
        .collect();
    MatchConstraints { match_policy: "Equivalent", resource_rules }
}

/// The variables and the mutation that a patch becomes.
pub(crate) fn parts(patch: Patch) -> (Vec<Variable>, [MutationOf; 1]) {
    let expression = print(&patch.expression());
    (admission::variables(patch.variables), [MutationOf { patch_type: "JSONPatch", json_patch: JsonPatch { expression } }])
}

/// The policy and its binding, of one name.
fn both(pack: &Pack, mutation: &Mutation, patch: Patch) -> Result<[String; 2], serde_yaml::Error> {
    let head = &mutation.head;
    let metadata = Metadata::of_rule(pack, head);
    let binding = MutatingAdmissionPolicyBinding {
        api_version: API_VERSION,
        kind: "MutatingAdmissionPolicyBinding",
        metadata: metadata.clone(),
        spec: BindingSpec { policy_name: metadata.name.clone() },
    };
    let (variables, mutations) = parts(patch);
    let policy = MutatingAdmissionPolicy {
        api_version: API_VERSION,
        kind: "MutatingAdmissionPolicy",
        metadata: metadata.described(head),
        spec: Spec {
            failure_policy: "Fail",
            reinvocation_policy: "IfNeeded",
            match_constraints: match_constraints(&head.kinds, |kind| mutation.on(kind)),
            variables,
            mutations,
        },
    };
    Ok([serde_yaml::to_string(&policy)?, serde_yaml::to_string(&binding)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;

    #[test]
    fn a_key_that_the_api_server_would_quote_wrongly_is_refused() {
        for (key, fine) in [("a/b~\\\"é\\u{2028}", true), ("a\\u{1}", false), ("a\\u{7f}", false), ("\\u{10ffff}", false)] {
            let mut sources = Sources::default();
            sources.add("a.pol", format!("pack p\nmutation m {{ match Pod set pod.spec.nodeSelector[\"{key}\"] = \"x\" }}\n"));
            let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
            let emission = emit(&program, &Options::default());
            if fine {
                assert!(emission.diagnostics.is_empty() && emission.artifacts.len() == 1, "{:?}", emission.diagnostics);
                continue;
            }
            let [found] = &emission.diagnostics[..] else { panic!("{key}: {:?}", emission.diagnostics) };
            assert_eq!(
                found.message,
                format!(
                    "`p/m` cannot be written for map: the key \"{key}\", which the API server cannot write into a JSON patch, has no exact form there"
                )
            );
            assert!(sources.text(found.labels[0].0).starts_with("set pod.spec.nodeSelector"));
            assert!(emission.artifacts.is_empty());
        }
    }
}
