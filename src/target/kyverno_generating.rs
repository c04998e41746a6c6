//! `kyverno-vpol`, generations: a `policies.kyverno.io/v1` GeneratingPolicy for each.
//!
//! Nothing is synchronised: what is there is not changed, and what was brought stays.
//!
//! Source: `github.com/kyverno/api` of Kyverno 1.19, `policies.kyverno.io/v1/generating_policy.go`.

use super::admission::{self, MatchConstraints, Variable};
use super::kyverno_mutating::metadata;
use super::map::match_constraints;
use super::metadata::{Metadata, policy_name, within_length};
use super::{Emission, Outcome};
use crate::ir::Pack;
use crate::ir::change::Generation;
use crate::lower::Unsupported;
use crate::lower::cel::change::{self, Brought};
use crate::lower::cel::tree::{and, ternary};
use crate::lower::cel::{Expr, print};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeneratingPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    match_constraints: MatchConstraints,
    evaluation: Evaluation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<Variable>,
    generate: Vec<Generate>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evaluation {
    admission: Enabled,
    generate_existing: Enabled,
    orphan_downstream_on_policy_delete: Enabled,
    synchronize: Enabled,
}

#[derive(Serialize)]
struct Enabled {
    enabled: bool,
}

#[derive(Serialize)]
struct Generate {
    expression: String,
}

/// The policy of a generation; none where there is nothing to write, which the emission then says.
pub(crate) fn document(target: &'static str, pack: &Pack, generation: &Generation, emission: &mut Emission) -> Option<String> {
    let head = &generation.head;
    if !emission.wants_change(target, head) {
        return None;
    }
    let lowered = within_length(policy_name(pack, head), head.span).and_then(|_| change::generation(generation));
    let text = lowered.and_then(|brought| {
        serde_yaml::to_string(&policy(pack, generation, brought)).map_err(|error| Unsupported::new(error.to_string(), head.span))
    });
    match text {
        Ok(text) => {
            emission.row(target, &head.id, Outcome::Exact);
            Some(text)
        }
        Err(unsupported) => {
            emission.refuse(target, &head.id, &unsupported);
            None
        }
    }
}

fn policy(pack: &Pack, generation: &Generation, brought: Brought) -> GeneratingPolicy {
    let head = &generation.head;
    let Brought { variables, applies, objects } = brought;
    let generate = objects
        .into_iter()
        .map(|(present, namespace, object)| {
            let apply = Expr::Global("generator").call("Apply", [namespace, Expr::List(vec![object])]);
            // What is brought by nobody is no failure.
            Generate { expression: print(&ternary(and([applies.clone(), present]), apply, Expr::Bool(true))) }
        })
        .collect();
    GeneratingPolicy {
        api_version: "policies.kyverno.io/v1",
        kind: "GeneratingPolicy",
        metadata: metadata(pack, head),
        spec: Spec {
            match_constraints: match_constraints(&head.kinds, |_| head.operations.clone()),
            evaluation: Evaluation {
                admission: Enabled { enabled: true },
                generate_existing: Enabled { enabled: false },
                orphan_downstream_on_policy_delete: Enabled { enabled: true },
                synchronize: Enabled { enabled: false },
            },
            variables: admission::variables(variables),
            generate,
        },
    }
}
