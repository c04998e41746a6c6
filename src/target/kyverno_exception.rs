//! `kyverno-vpol`, exemptions on request: a `policies.kyverno.io/v1` PolicyException for each exemption of each rule, so that a policy stays the same whoever is exempt.
//!
//! Source: `github.com/kyverno/api` of Kyverno 1.19, `policies.kyverno.io/v1/policy_exception.go`.

use super::kyverno_vpol::NAME;
use super::metadata::{description, labels, policy_name, source};
use crate::ir::{Apart, Cond, Exempt, Pack, Rule};
use crate::lower::Unsupported;
use crate::lower::cel::{exemption, print};
use crate::resolve::digest;
use serde::Serialize;
use std::collections::BTreeMap;

/// Where Kyverno looks for exceptions, unless it is told of another namespace.
const NAMESPACE: &str = "kyverno";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyException {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    namespace: &'static str,
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    policy_refs: [PolicyRef; 1],
    match_conditions: [MatchCondition; 1],
    expires_at: String,
}

#[derive(Serialize)]
struct PolicyRef {
    kind: &'static str,
    name: String,
}

#[derive(Serialize)]
struct MatchCondition {
    name: &'static str,
    expression: String,
}

/// The file of a pack's exceptions.
pub(crate) fn path(pack: &str) -> String {
    format!("{NAME}/exceptions/{pack}.yaml")
}

/// The rule for everybody; none where nobody is exempt.
pub(crate) fn without(rule: &Rule) -> Option<Rule> {
    let apart = rule.apart.as_ref()?;
    Some(Rule { applies: apart.applies.clone(), ..rule.clone() })
}

/// The exceptions of a rule.
///
/// # Errors
/// When whom an exemption is for has no exact form.
pub(crate) fn documents(pack: &Pack, rule: &Rule, apart: &Apart) -> Result<Vec<String>, Unsupported> {
    let mut documents: Vec<String> = Vec::new();
    for Exempt { when, until, because } in &apart.exempt {
        // It is for nobody among the objects of the rule.
        if matches!(when, Cond::Const(false)) {
            continue;
        }
        let expression = print(&exemption(rule, when)?);
        let digest = digest::of_text(&format!("{expression}\n{until}\n{because}"));
        let short = digest.get(..8).unwrap_or_default();
        let policy = policy_name(pack, rule);
        let mut annotations = BTreeMap::from([("polc/source", source(pack, rule))]);
        annotations.extend(description(because).map(|text| ("kubernetes.io/description", text)));
        let exception = PolicyException {
            api_version: "policies.kyverno.io/v1",
            kind: "PolicyException",
            metadata: Metadata { name: format!("{policy}-{short}"), namespace: NAMESPACE, labels: labels(pack, rule), annotations },
            spec: Spec {
                policy_refs: [PolicyRef { kind: "ValidatingPolicy", name: policy }],
                match_conditions: [MatchCondition { name: "exempt", expression }],
                expires_at: format!("{until}T23:59:59Z"),
            },
        };
        let text = serde_yaml::to_string(&exception).map_err(|error| Unsupported::new(error.to_string(), rule.span))?;
        if !documents.contains(&text) {
            documents.push(text);
        }
    }
    Ok(documents)
}
