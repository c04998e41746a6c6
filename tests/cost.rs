//! What `polc build` says that a rule costs at most in the API server is never less than what the API server counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod support;

use polc::ir::Operation;
use polc::lower::cel::cost::{CHARACTERS, ITEMS};
use polc::target::{Options, map, vap};
use polc::verify::changes;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;
use support::compare::{Subject, request_of, subjects, write};
use support::engine::{self, Engine};

/// The object with each of its lists as long as the estimate allows; those in lists of lists are shorter, or an object would have a million entries.
fn enlarged(json: &Json, depth: u32) -> Json {
    match json {
        Json::Array(items) if !items.is_empty() => {
            let length = if depth < 2 { usize::try_from(ITEMS).unwrap() } else { 2 };
            let items: Vec<Json> = items.iter().map(|item| enlarged(item, depth + 1)).collect();
            (0..length.max(items.len())).map(|number| items[number % items.len()].clone()).collect()
        }
        Json::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), enlarged(value, depth))).collect::<serde_json::Map<_, _>>().into()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => json.clone(),
    }
}

/// Whether the object is one that the estimate is for.
fn within(json: &Json) -> bool {
    let most = usize::try_from(ITEMS).unwrap();
    match json {
        Json::Array(items) => items.len() <= most && items.iter().all(within),
        Json::Object(fields) => fields.len() <= most && fields.values().all(within),
        Json::String(text) => text.chars().count() <= usize::try_from(CHARACTERS).unwrap(),
        Json::Null | Json::Bool(_) | Json::Number(_) => true,
    }
}

#[test]
fn no_rule_costs_more_than_is_said() {
    let Some(path) = engine::find("polc-admit", "the cost of ValidatingAdmissionPolicies") else { return };
    let files = support::shipped_policies();
    let subject = Subject::new("policies", &files, &[], polc::schema::Schema::kubernetes());
    let emission = vap::emit(&subject.program, &Options::default());
    let said: BTreeMap<String, u64> =
        emission.report.iter().filter_map(|row| Some((row.rule.replace('/', "-"), row.cost?.total?))).collect();
    let work = tempfile::tempdir().unwrap();
    write(&emission, work.path());
    let requests: Vec<Json> = subject
        .cases
        .iter()
        .zip(&subject.origins)
        .enumerate()
        .filter(|(number, (case, rule))| {
            number % 5 == 0 && said.contains_key(&rule.replace('/', "-")) && case.operation == Operation::Create
        })
        .map(|(number, (case, rule))| {
            let mut request = request_of(case, number);
            let large = enlarged(&request["object"], 0);
            if within(&large) {
                request["object"] = large;
            }
            request["policies"] = json!([rule.replace('/', "-")]);
            request["cost"] = json!(true);
            request
        })
        .filter(|request| within(&request["object"]))
        .collect();
    let dearest = dearest(&path, work.path(), &said, &requests);
    assert!(dearest.len() > 60, "{} rules", dearest.len());
}

#[test]
fn no_mutation_costs_more_than_is_said() {
    let Some(path) = engine::find("polc-mutate", "the cost of MutatingAdmissionPolicies") else { return };
    let mut policies = 0;
    for subject in subjects() {
        let emission = map::emit(&subject.program, &Options::default());
        let said: BTreeMap<String, u64> =
            emission.report.iter().filter_map(|row| Some((row.rule.replace('/', "-"), row.cost?.total?))).collect();
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let mutations = subject.program.packs.values().flat_map(|pack| &pack.mutations);
        let requests: Vec<Json> = mutations
            .filter(|mutation| said.contains_key(&mutation.head.id.replace('/', "-")))
            .flat_map(|mutation| {
                let cases = changes::some_cases(mutation, subject.schema, 1, 60);
                cases.into_iter().map(|case| {
                    let large = enlarged(&case.object, 0);
                    let object = if within(&large) { large } else { case.object };
                    json!({"operation": "CREATE", "object": object, "policies": [mutation.head.id.replace('/', "-")], "cost": true})
                })
            })
            .filter(|request| within(&request["object"]))
            .collect();
        if !requests.is_empty() {
            policies += dearest(&path, work.path(), &said, &requests).len();
        }
    }
    assert!(policies > 20, "{policies} policies");
}

/// What each policy of a folder costs at most of all the requests, which must not be more than is said.
fn dearest(program: &Path, folder: &Path, said: &BTreeMap<String, u64>, requests: &[Json]) -> BTreeMap<String, u64> {
    let mut dearest: BTreeMap<String, u64> = BTreeMap::new();
    let engine = Engine::start(program, &[folder.to_str().unwrap()]);
    for (request, answer) in requests.iter().zip(engine.answers(requests)) {
        if !answer["unreadable"].is_null() {
            continue;
        }
        assert!(answer["error"].is_null(), "{answer} of {}", request["policies"]);
        for (policy, cost) in answer["costs"].as_object().into_iter().flatten() {
            let cost = cost.as_u64().unwrap();
            let limit = said[policy];
            assert!(cost <= limit, "{policy} costs {cost}, and at most {limit} was said, of {}", request["object"]);
            let held = dearest.entry(policy.clone()).or_default();
            *held = cost.max(*held);
        }
    }
    let mut rows: Vec<String> = dearest
        .iter()
        .map(|(policy, cost)| {
            format!(
                "{:>7.1}x {policy}: {cost} of {}",
                f64::from(u32::try_from(said[policy]).unwrap_or(u32::MAX)) / f64::from(u32::try_from(*cost).unwrap()).max(1.0),
                said[policy]
            )
        })
        .collect();
    rows.sort();
    eprintln!("{} objects, {} policies\n{}", requests.len(), dearest.len(), rows.join("\n"));
    dearest
}
