//! `vap`: a ValidatingAdmissionPolicy and its binding for each rule, a file for each pack.
//!
//! Source: `k8s.io/api` 0.37, `admissionregistration/v1/types.go`.

use super::admission::{self, MatchConstraints, Validation, Variable};
use super::metadata::Metadata;
use super::{Artifact, Emission, Options, Outcome, join_documents};
use crate::ir::{Pack, Program, Rule};
use crate::lower::Unsupported;
use serde::Serialize;
use std::collections::BTreeMap;

/// The target's name.
pub const NAME: &str = "vap";

const API_VERSION: &str = "admissionregistration.k8s.io/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatingAdmissionPolicy {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    failure_policy: &'static str,
    match_constraints: MatchConstraints,
    variables: Vec<Variable>,
    validations: [Validation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatingAdmissionPolicyBinding {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: BindingSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BindingSpec {
    policy_name: String,
    validation_actions: [&'static str; 1],
}

/// Writes all packs.
#[must_use]
pub fn emit(program: &Program, options: &Options) -> Emission {
    let mut emission = Emission::default();
    let mut names = BTreeMap::new();
    for pack in program.packs.values() {
        let mut documents = Vec::new();
        for rule in &pack.rules {
            if !rule.targets.include(NAME) {
                emission.row(NAME, &rule.id, Outcome::Dropped);
                continue;
            }
            let Some(lowered) = admission::lowered(NAME, pack, rule, &mut emission) else { continue };
            if !admission::is_known_to(options.kubernetes, NAME, rule, &lowered, &mut emission) {
                continue;
            }
            let (variables, validation) = admission::parts(rule, lowered);
            let metadata = Metadata::of_rule(pack, rule);
            if let Some(first) = names.insert(metadata.name.clone(), rule.id.clone()) {
                emission.collide(NAME, &metadata.name, &first, &rule.id, rule.span);
            }
            match both(pack, rule, variables, validation) {
                Ok(both) => {
                    documents.extend(both);
                    emission.row(NAME, &rule.id, Outcome::Exact);
                }
                Err(error) => emission.refuse(NAME, &rule.id, &Unsupported::new(error.to_string(), rule.span)),
            }
        }
        if !documents.is_empty() {
            emission.artifacts.push(Artifact { path: format!("{NAME}/{}.yaml", pack.name), contents: join_documents(&documents) });
        }
    }
    emission
}

/// The policy and its binding, of one name.
fn both(pack: &Pack, rule: &Rule, variables: Vec<Variable>, validation: Validation) -> Result<[String; 2], serde_yaml::Error> {
    let metadata = Metadata::of_rule(pack, rule);
    let binding = ValidatingAdmissionPolicyBinding {
        api_version: API_VERSION,
        kind: "ValidatingAdmissionPolicyBinding",
        metadata: metadata.clone(),
        spec: BindingSpec { policy_name: metadata.name.clone(), validation_actions: admission::validation_actions(rule.action) },
    };
    let policy = ValidatingAdmissionPolicy {
        api_version: API_VERSION,
        kind: "ValidatingAdmissionPolicy",
        metadata: metadata.described(rule),
        spec: Spec {
            failure_policy: "Fail",
            match_constraints: admission::match_constraints(&rule.kinds, &rule.operations),
            variables,
            validations: [validation],
        },
    };
    Ok([serde_yaml::to_string(&policy)?, serde_yaml::to_string(&binding)?])
}
