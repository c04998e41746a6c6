//! `kyverno-vpol`, mutations: a `policies.kyverno.io/v1` MutatingPolicy for each.
//!
//! Source: `github.com/kyverno/api` of Kyverno 1.19, `policies.kyverno.io/v1/mutating_policy.go`.

use super::Emission;
use super::admission::{MatchConstraints, Variable};
use super::map::{self, MutationOf};
use super::metadata::{Metadata, description, title};
use crate::ir::change::Mutation;
use crate::ir::{Pack, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::cost;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MutatingPolicy {
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
    autogen: Autogen,
    evaluation: Evaluation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<Variable>,
    mutations: [MutationOf; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Autogen {
    pod_controllers: Controllers,
}

/// The list is written though it is empty: without it Kyverno rewrites the expressions for the kinds that make Pods.
#[derive(Serialize)]
struct Controllers {
    controllers: [String; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evaluation {
    admission: Enabled,
    mutate_existing: Enabled,
}

#[derive(Serialize)]
struct Enabled {
    enabled: bool,
}

/// The metadata of a policy, with what Kyverno's reports show.
pub(crate) fn metadata(pack: &Pack, head: &Rule) -> Metadata {
    let mut metadata = Metadata::of_rule(pack, head);
    metadata.annotations.extend([
        ("policies.kyverno.io/category", format!("pack {}", pack.name)),
        ("policies.kyverno.io/severity", head.severity.name().to_owned()),
        ("policies.kyverno.io/title", title(&format!("{} {}", pack.name, head.name))),
    ]);
    metadata.annotations.extend(description(&head.doc).map(|text| ("policies.kyverno.io/description", text)));
    metadata
}

/// The policy of a mutation; none where there is nothing to write, which the emission then says.
pub(crate) fn document(target: &'static str, pack: &Pack, mutation: &Mutation, emission: &mut Emission) -> Option<String> {
    let head = &mutation.head;
    let patch = map::lowered(target, pack, mutation, emission)?;
    let cost = cost::of_patch(&patch).of_each();
    let (variables, mutations) = map::parts(patch);
    let policy = MutatingPolicy {
        api_version: "policies.kyverno.io/v1",
        kind: "MutatingPolicy",
        metadata: metadata(pack, head),
        spec: Spec {
            failure_policy: "Fail",
            reinvocation_policy: "IfNeeded",
            match_constraints: map::match_constraints(&head.kinds, |kind| mutation.on(kind)),
            autogen: Autogen { pod_controllers: Controllers { controllers: [] } },
            evaluation: Evaluation { admission: Enabled { enabled: true }, mutate_existing: Enabled { enabled: false } },
            variables,
            mutations,
        },
    };
    match serde_yaml::to_string(&policy) {
        Ok(text) => emission.costed(target, &head.id, head.span, cost).then_some(text),
        Err(error) => {
            emission.refuse(target, &head.id, &Unsupported::new(error.to_string(), head.span));
            None
        }
    }
}
