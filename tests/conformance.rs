//! What the targets say is what the rules mean: every rule of `policies/` and `golden/`, on objects made out of the rule, in every engine that is there.
//!
//! Verdict and message have to be those of the reference evaluator, byte for byte. `POLC_CASES` is the number of objects a rule (200 unless set), `POLC_SEED` the seed,
//! `POLC_SUBJECT` a part of the name of what is compared (`golden/matching`; all unless set).

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
use polc::schema::Schema;
use polc::target::{kyverno, opa};
use polc::verify::generate::{self, Case, Tally};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use support::compare::{Differences, Said, Subject, matching, number, operation, policies_in_engine, subjects, write};
use support::engine::{self, Engine};

/// What OPA gets: the object itself or an admission review, by turns; an update is always a review, and so is what is asked with more than the object.
///
/// The data of a cluster are the same for all cases: the Namespace of each stands there by the number of the case.
fn opa_input(case: &Case, number: usize) -> Json {
    let plain = case.operation == Operation::Create && case.request.is_none() && case.namespace_object.is_none();
    if plain && number.is_multiple_of(2) {
        return case.object.clone();
    }
    let mut request = case.request.clone().unwrap_or_else(|| json!({}));
    request["operation"] = json!(operation(case.operation));
    request["object"] = case.object.clone();
    request["oldObject"] = json!(case.old_object);
    if case.namespace_object.is_some() {
        request["namespace"] = json!(format!("of_case_{number}"));
    }
    if case.operation == Operation::Delete {
        request["oldObject"] = request["object"].take();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// The Namespaces of a subject's cases, as OPA holds them of a cluster, in a module of their own for an engine that reads modules only.
fn namespaces(subject: &Subject) -> Option<String> {
    let mut module = String::new();
    for (number, case) in subject.cases.iter().enumerate() {
        if let Some(space) = &case.namespace_object {
            // A module may not hold every character that a label may.
            let text: String = space.to_string().replace('\u{feff}', "\\ufeff");
            writeln!(module, "\nof_case_{number} := {text}").unwrap();
        }
    }
    (!module.is_empty()).then(|| format!("package kubernetes.namespaces\n{module}"))
}

/// The Rego of every subject in an OPA, on every `step`th object.
fn in_opa(program: &str, version: &str, step: usize) {
    let Some(path) = engine::find(program, &format!("emitted Rego in OPA {version}")) else { return };
    let mut differences = Differences::default();
    for subject in subjects() {
        let emission = opa::emit(&subject.program);
        let carried = subject.carried(&emission);
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let namespaces = namespaces(subject);
        if let Some(module) = &namespaces {
            fs::write(work.path().join("namespaces.rego"), module).unwrap();
        }
        let engine = match Engine::try_start(&path, &[work.path().to_str().unwrap()]) {
            Ok(engine) => engine,
            Err(error) => {
                differences.refuse(program, subject, &error);
                continue;
            }
        };
        assert_eq!(engine.hello["version"], version);
        let packages: BTreeSet<&str> = engine.hello["packages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let mut expected: BTreeSet<String> = emission.artifacts.iter().map(|artifact| package(&artifact.contents)).collect();
        expected.extend(namespaces.iter().map(|module| package(module.as_bytes())));
        assert_eq!(packages, expected.iter().map(String::as_str).collect::<BTreeSet<_>>(), "{}", subject.name);
        let chosen: Vec<usize> = (0..subject.cases.len()).step_by(step).collect();
        let requests: Vec<Json> =
            chosen.iter().map(|number| json!({"id": number, "input": opa_input(&subject.cases[*number], *number)})).collect();
        for (number, answer) in chosen.into_iter().zip(engine.answers(&requests)) {
            let Some(violations) = answer["result"].as_array() else {
                differences.add(program, &subject.name, &subject.cases[number], None, &answer.to_string());
                continue;
            };
            let mut got = Said::new();
            for violation in violations {
                let rule = violation["rule"].as_str().unwrap().to_owned();
                let twice = got.insert(rule.clone(), violation["msg"].as_str().unwrap().to_owned());
                assert!(twice.is_none(), "{program}: {rule} says two things of {}", subject.cases[number].object);
            }
            differences.compare(program, subject, number, &carried, &got);
        }
    }
    differences.settle(program);
}

/// The package of a module, as OPA names it.
fn package(module: &[u8]) -> String {
    let text = std::str::from_utf8(module).unwrap();
    let name = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap();
    format!("data.{name}")
}

#[test]
fn rego_in_opa() {
    in_opa("polc-opa", "1.22.2", 1);
}

#[test]
fn rego_in_the_opa_of_conftest() {
    in_opa("polc-opa-1.21", "1.21.1", 3);
}

#[test]
fn rego_in_the_opa_of_gatekeeper() {
    in_opa("polc-opa-1.17", "1.17.1", 3);
}

#[test]
fn emitted_rego_is_strict_and_formatted() {
    let Some(path) = engine::find("opa", "opa check and opa fmt on emitted Rego") else { return };
    for subject in subjects() {
        let work = tempfile::tempdir().unwrap();
        write(&opa::emit(&subject.program), work.path());
        for arguments in [&["check", "--strict", "--capabilities", "v1.17.1"][..], &["fmt", "--diff", "--fail"]] {
            let output = Command::new(&path).args(arguments).arg(work.path()).output().unwrap();
            let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && output.stdout.is_empty(), "opa {arguments:?} on {}: {said}", subject.name);
        }
    }
}

#[cfg(feature = "engines")]
mod embedded {
    //! The engines inside `polc` are a smoke test and slow, so they get a part of the objects.

    use super::{BTreeSet, Differences, Operation, Said, json, kyverno, opa, opa_input, subjects};
    use polc::engine::{cel, regorus};
    use std::collections::BTreeMap;

    const STEP: usize = 9;

    #[test]
    fn rego_in_regorus() {
        let mut differences = Differences::default();
        for subject in subjects() {
            let emission = opa::emit(&subject.program);
            let carried = subject.carried(&emission);
            let engine = match regorus::Rego::new(&emission.artifacts) {
                Ok(engine) => engine,
                Err(error) => {
                    differences.refuse(regorus::NAME, subject, &error.to_string());
                    continue;
                }
            };
            for number in (0..subject.cases.len()).step_by(STEP) {
                let space = subject.cases[number].namespace_object.as_ref();
                let data = space.map(|space| json!({"kubernetes": {"namespaces": {format!("of_case_{number}"): space}}}));
                match engine.judge_beside(&opa_input(&subject.cases[number], number), data.as_ref()) {
                    Ok(findings) => differences.compare(regorus::NAME, subject, number, &carried, &findings.into_iter().collect::<Said>()),
                    Err(error) => differences.add(regorus::NAME, &subject.name, &subject.cases[number], None, &error.to_string()),
                }
            }
        }
        differences.settle(regorus::NAME);
    }

    #[test]
    fn cel_in_kube_cel() {
        let mut differences = Differences::default();
        let engine = cel::Engine::new();
        for subject in subjects() {
            let rules = subject.program.packs.values().flat_map(|pack| &pack.rules);
            let carried = subject.carried(&kyverno::emit(&subject.program));
            let policies: BTreeMap<&str, cel::Compiled> = rules
                .filter(|rule| carried.contains(&rule.id) && !matches!(rule.applies, polc::ir::Cond::Const(false)))
                .map(|rule| (rule.id.as_str(), polc::lower::cel::lower(rule).unwrap_or_else(|error| panic!("{}: {error:?}", rule.id))))
                .map(|(id, policy)| (id, cel::Compiled::new(&policy).unwrap_or_else(|error| panic!("{id}: {error}"))))
                .collect();
            let operations: BTreeMap<&str, &BTreeSet<Operation>> =
                subject.program.packs.values().flat_map(|pack| &pack.rules).map(|rule| (rule.id.as_str(), &rule.operations)).collect();
            for number in (0..subject.cases.len()).step_by(STEP) {
                let (case, rule) = (&subject.cases[number], &subject.origins[number]);
                // The policy of a rule judges objects of the rule's kinds; others never reach it.
                let Some(policy) = policies.get(rule.as_str()).filter(|_| operations[rule.as_str()].contains(&case.operation)) else {
                    continue;
                };
                match case.with_request(|request| engine.judge(policy, request)) {
                    Ok(message) => {
                        let said = message.map(|message| (rule.clone(), message)).into_iter().collect::<Said>();
                        differences.compare(cel::NAME, subject, number, &BTreeSet::from([rule.clone()]), &said);
                    }
                    Err(error) => differences.add(cel::NAME, rule, case, None, &error.to_string()),
                }
            }
        }
        differences.settle(cel::NAME);
    }
}

#[test]
fn cluster_policies_in_kyverno() {
    let Some(path) = engine::find("polc-kyverno", "emitted ClusterPolicies in Kyverno") else { return };
    // Now and then through the whole engine of Kyverno, which compiles everything again.
    policies_in_engine("kyverno", &path, &[], kyverno::emit, |number, of, request| {
        let known = request["namespaceObject"].is_null();
        request["full"] = (known && of > 40 && number.is_multiple_of(of / 20)).into();
    });
}

#[test]
fn cluster_policies_in_kyvernos_command() {
    let Some(path) = engine::find("kyverno", "emitted ClusterPolicies in Kyverno's command") else { return };
    let subject = &subjects()[0];
    let emission = kyverno::emit(&subject.program);
    let carried = subject.carried(&emission);
    let work = tempfile::tempdir().unwrap();
    write(&emission, work.path());

    // A few objects of each rule, each with a name of its own: the command panics on two of one name. YAML cannot hold every text that JSON can.
    let mut names = BTreeSet::new();
    let step = subject.cases.len() / 120;
    let chosen: Vec<usize> = (0..subject.cases.len())
        .step_by(step.max(1))
        .filter(|number| subject.cases[*number].operation == Operation::Create)
        .filter(|number| names.insert(subject.cases[*number].object["metadata"]["name"].as_str().unwrap().to_owned()))
        .collect();
    assert!(chosen.len() > 50, "only {} objects", chosen.len());
    let objects: Vec<String> = chosen.iter().map(|number| subject.cases[*number].object.to_string()).collect();
    fs::write(work.path().join("objects.yaml"), objects.join("\n---\n")).unwrap();
    let output = Command::new(path)
        .args(["apply", "kyverno", "-r", "objects.yaml", "-p", "--output-format", "json", "--continue-on-fail"])
        .current_dir(work.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let start = text.find('{').unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    let report: Json = serde_json::from_str(&text[start..]).unwrap();

    let (mut got, mut ran) = (Vec::new(), 0);
    for result in report["results"].as_array().unwrap() {
        for resource in result["resources"].as_array().unwrap() {
            ran += 1;
            let name = resource["name"].as_str().unwrap().to_owned();
            match result["result"].as_str().unwrap() {
                "pass" | "skip" => {}
                "fail" => got.push((name, result["message"].as_str().unwrap().to_owned())),
                other => panic!("{other}: {result}"),
            }
        }
    }
    let expected_runs: usize = chosen.iter().map(|number| matching(subject, &carried, &subject.cases[*number])).sum();
    assert_eq!(ran, expected_runs, "the number of rules that the command ran");
    let mut expected: Vec<(String, String)> = Vec::new();
    for number in &chosen {
        let name = subject.cases[*number].object["metadata"]["name"].as_str().unwrap();
        expected.extend(
            subject.expected[*number]
                .0
                .iter()
                .filter(|(rule, _)| carried.contains(*rule))
                .map(|(_, message)| (name.to_owned(), message.clone())),
        );
    }
    got.sort();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(got, expected);
}

#[test]
fn every_rule_is_seen_to_pass_and_to_fail() {
    let mut blind = Vec::new();
    for subject in subjects() {
        for rule in subject.program.packs.values().flat_map(|pack| &pack.rules) {
            if matches!(rule.applies, polc::ir::Cond::Const(false)) {
                continue;
            }
            let cases = generate::cases(rule, Schema::kubernetes(), number("POLC_SEED", 1));
            assert!(cases.len() >= generate::LEAST, "{} has {} cases", rule.id, cases.len());
            let tally = Tally::of(rule, &cases);
            if !tally.both_sides() {
                blind.push(format!("{}: {tally:?}", rule.id));
            }
        }
    }
    assert!(blind.is_empty(), "never seen on both sides: {blind:#?}");
}
