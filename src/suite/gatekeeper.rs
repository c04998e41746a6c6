//! A suite for `gator verify`, with a test for each ConstraintTemplate.
//!
//! Source: `github.com/open-policy-agent/gatekeeper` 3.23, `pkg/gator/verify/suite.go`.

use super::{Example, Referee, document, message};
use crate::eval::Verdict;
use crate::ir::Rule;
use crate::target::inventory::kinds_beside;
use crate::target::{Artifact, Unit, gatekeeper::NAME};
use crate::verify::{inventory, is_plain};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Suite {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    tests: Vec<Test>,
}

#[derive(Serialize)]
struct Metadata {
    name: &'static str,
}

#[derive(Serialize)]
struct Test {
    name: String,
    template: String,
    constraint: String,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    name: String,
    object: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inventory: Vec<String>,
    assertions: Vec<Assertion>,
}

#[derive(Serialize)]
struct Assertion {
    violations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// The suite, and a file for each object.
pub(super) fn emit(referee: &Referee<'_>, examples: &[&Example], units: &[Unit]) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    let mut tests = Vec::new();
    for unit in units.iter().filter(|unit| unit.target == NAME) {
        let mut cases = Vec::new();
        let rules: Vec<&Rule> = unit.rules.iter().filter_map(|id| referee.rule(id)).map(|(_, rule)| rule).collect();
        let kinds = kinds_beside(rules.iter().copied());
        for example in examples.iter().filter(|example| unit.rules.contains(&example.rule)) {
            // All rules of the template are asked, also those that look at other objects.
            let case = rules.iter().fold(example.case.clone(), |case, rule| case.for_rule(rule));
            let example = &Example { case, ..(*example).clone() };
            let Some(assertions) = assertions(referee, example, unit) else { continue };
            let object = format!("{}/{}.yaml", example.pack(), example.name());
            let given = if is_plain(&example.case) { example.case.object.clone() } else { review(referee, example) };
            artifacts.push(Artifact { path: format!("{NAME}-tests/{object}"), contents: document(&given).into_bytes() });
            let held: Vec<String> = inventory(&example.case, &kinds).iter().map(document).collect();
            let beside = (!held.is_empty()).then(|| format!("{}/{}-beside.yaml", example.pack(), example.name()));
            if let Some(file) = &beside {
                artifacts.push(Artifact { path: format!("{NAME}-tests/{file}"), contents: held.join("---\n").into_bytes() });
            }
            cases.push(Case { name: example.name(), object, inventory: beside.into_iter().collect(), assertions });
        }
        if !cases.is_empty() {
            let file = |name: &str| format!("../{}/{name}.yaml", unit.path);
            tests.push(Test { name: unit.name.clone(), template: file("template"), constraint: file("constraint"), cases });
        }
    }
    if !tests.is_empty() {
        let suite = Suite { api_version: "test.gatekeeper.sh/v1alpha1", kind: "Suite", metadata: Metadata { name: "polc" }, tests };
        let text = serde_json::to_value(suite).map(|suite| document(&suite)).unwrap_or_default();
        artifacts.push(Artifact { path: format!("{NAME}-tests/suite.yaml"), contents: text.into_bytes() });
    }
    artifacts
}

/// What all rules of the template say of the object: how many violations, and how many of each message.
fn assertions(referee: &Referee<'_>, example: &Example, unit: &Unit) -> Option<Vec<Assertion>> {
    // `gator verify` takes a namespace from the inventory alone.
    if example.case.namespace_object.is_some() {
        return None;
    }
    let verdicts = referee.verdicts(&example.case);
    // A rule for another kind has nothing to say, which Gatekeeper does not even ask.
    if matches!(verdicts.get(example.rule.as_str()), None | Some(Verdict::NotJudged(_))) {
        return None;
    }
    let mut messages: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &unit.rules {
        if let Some(message) = message(verdicts.get(rule.as_str())).ok()? {
            *messages.entry(message).or_default() += 1;
        }
    }
    let all = Assertion { violations: messages.values().sum(), message: None };
    let each =
        messages.into_iter().map(|(message, violations)| Assertion { violations, message: Some(format!("^{}$", regex::escape(message))) });
    Some(std::iter::once(all).chain(each).collect())
}

/// The AdmissionReview of an example, with all that Gatekeeper matches by.
fn review(referee: &Referee<'_>, example: &Example) -> Json {
    let case = &example.case;
    let text = |pointer: &str| case.object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = referee.kind(&example.rule, api_version, kind).map_or("", |kind| &kind.resource);
    let mut review = crate::verify::admission_review(case);
    if let Some(request) = review.get_mut("request").and_then(Json::as_object_mut) {
        let mut given = |name: &str, value: Json| {
            request.entry(name.to_owned()).or_insert(value);
        };
        given("uid", json!(example.name()));
        given("kind", json!({"group": group, "version": version, "kind": kind}));
        given("resource", json!({"group": group, "version": version, "resource": resource}));
        given("name", json!(text("/metadata/name")));
        given("namespace", json!(text("/metadata/namespace")));
        given("userInfo", json!({}));
        request.insert("operation".to_owned(), json!(case.operation.request_name()));
        request.retain(|name, value| !value.is_null() || !matches!(name.as_str(), "object" | "oldObject"));
    }
    review
}
