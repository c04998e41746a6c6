//! What admission policies in CEL share, whoever runs them: which requests reach them, their variables and validations, and the version that their CEL needs.

use super::Emission;
use super::metadata::{policy_name, within_length};
use crate::diagnostic::{Diagnostic, codes::build};
use crate::ir::{Action, Kind, Operation, Pack, Rule};
use crate::lower::cel::{self, Expr, Policy, print};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The first minor version of Kubernetes with `admissionregistration.k8s.io/v1` ValidatingAdmissionPolicy.
pub(crate) const FIRST_MINOR: u32 = 30;

/// `spec.matchConstraints`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MatchConstraints {
    /// A request in another version of the kind is converted and judged.
    pub match_policy: &'static str,
    /// Which requests.
    pub resource_rules: Vec<ResourceRule>,
}

/// A rule of `matchConstraints`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceRule {
    /// `""` is the core.
    pub api_groups: Vec<String>,
    /// Versions of the group.
    pub api_versions: Vec<String>,
    /// Operations.
    pub operations: Vec<Operation>,
    /// Plural names, with subresources after a slash.
    pub resources: Vec<String>,
}

/// A variable of a policy.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Variable {
    name: String,
    expression: String,
}

/// A validation of a policy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validation {
    expression: String,
    message: String,
    message_expression: String,
}

/// The requests that a rule is about. What reaches a Pod by its subresources is a Pod too.
pub(crate) fn match_constraints(kinds: &[Kind], operations: &BTreeSet<Operation>) -> MatchConstraints {
    let mut resources: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for kind in kinds {
        let of_group = resources.entry((&kind.group, &kind.version)).or_default();
        of_group.extend(kind.ways(operations).into_iter().map(|way| in_way(&kind.resource, way)));
    }
    let resource_rules = resources
        .into_iter()
        .map(|((group, version), resources)| ResourceRule {
            api_groups: vec![group.to_owned()],
            api_versions: vec![version.to_owned()],
            operations: operations.iter().copied().collect(),
            resources: resources.into_iter().collect(),
        })
        .collect();
    MatchConstraints { match_policy: "Equivalent", resource_rules }
}

/// `pods`, `pods/resize`
fn in_way(resource: &str, way: &str) -> String {
    if way.is_empty() { resource.to_owned() } else { format!("{resource}/{way}") }
}

/// `validationActions` of a rule.
pub(crate) fn validation_actions(action: Action) -> [&'static str; 1] {
    [match action {
        Action::Deny => "Deny",
        Action::Warn => "Warn",
        Action::Audit => "Audit",
    }]
}

/// The variables of a policy.
pub(crate) fn variables(variables: Vec<cel::Variable>) -> Vec<Variable> {
    variables.into_iter().map(|variable| Variable { name: variable.name, expression: print(&variable.expr) }).collect()
}

/// The variables and the validation that a rule becomes.
pub(crate) fn parts(rule: &Rule, lowered: Policy) -> (Vec<Variable>, Validation) {
    let variables = variables(lowered.variables);
    let validation = Validation {
        expression: print(&lowered.validation),
        // Only an engine that cannot evaluate the expression says this.
        message: format!("{} is not met", rule.id),
        message_expression: print(&lowered.message),
    };
    (variables, validation)
}

/// A rule in CEL for a target whose policies are named after rules; a refusal is put into the emission.
pub(crate) fn lowered(target: &'static str, pack: &Pack, rule: &Rule, emission: &mut Emission) -> Option<Policy> {
    let lowered = within_length(policy_name(pack, rule), rule.span).and_then(|_| cel::lower(rule));
    lowered.map_err(|unsupported| emission.refuse(target, &rule.id, &unsupported)).ok()
}

/// The function that needs the newest Kubernetes of all that a policy calls, with the minor version from which an API server takes it in new policies: one later than
/// the first that has it, for a policy has to survive a downgrade by one.
///
/// Source: `k8s.io/apiserver` 0.37, `pkg/cel/environment/base.go`.
pub(crate) fn newest_function(policy: &Policy) -> Option<(&'static str, u32)> {
    fn newer(than: &mut Option<(&'static str, u32)>, function: &'static str) {
        let needs = match function {
            "flatten" | "slice" | "sort" | "lists.range" => 35,
            _ => FIRST_MINOR,
        };
        if than.is_none_or(|(_, minor)| minor < needs) {
            *than = Some((function, needs));
        }
    }
    fn walk(expr: &Expr, newest: &mut Option<(&'static str, u32)>) {
        match expr {
            Expr::Call(function, _) | Expr::Method(_, function, _) => newer(newest, function),
            Expr::Null
            | Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Double(_)
            | Expr::String(_)
            | Expr::List(_)
            | Expr::Map(_)
            | Expr::Struct(..)
            | Expr::Global(_)
            | Expr::Variable(..)
            | Expr::Ident(_)
            | Expr::Select(..)
            | Expr::Has(..)
            | Expr::Index(..)
            | Expr::Each { .. }
            | Expr::Not(_)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Binary(..)
            | Expr::If(..) => {}
        }
        for child in expr.children() {
            walk(child, newest);
        }
    }
    let mut newest = None;
    let variables = policy.variables.iter().map(|variable| &variable.expr);
    for expr in variables.chain([&policy.validation, &policy.message]) {
        walk(expr, &mut newest);
    }
    newest
}

/// Whether the CEL of a policy is there in this minor version of Kubernetes; if not, the emission says so.
pub(crate) fn is_known_to(minor: u32, target: &'static str, rule: &Rule, policy: &Policy, emission: &mut Emission) -> bool {
    let Some((function, needs)) = newest_function(policy).filter(|(_, needs)| *needs > minor) else { return true };
    emission.row(target, &rule.id, super::Outcome::Refused(format!("`{function}` of CEL needs Kubernetes 1.{needs}")));
    emission.diagnostics.push(
        Diagnostic::error(
            &build::NEEDS_NEWER_KUBERNETES,
            rule.span,
            format!("`{}` cannot be written for {target} on Kubernetes 1.{minor}: its conditions need `{function}` of CEL, which 1.{needs} is the first to take", rule.id),
        )
        .with_help(format!("build for 1.{needs} or newer with `--kubernetes 1.{needs}`, or leave the target out for this rule with `targets except {target}`")),
    );
    false
}
