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
use polc::target::inventory::kinds_beside;
use polc::target::{kyverno, opa};
use polc::verify::generate::{self, Tally};
use polc::verify::{admission_review, cluster_data, is_plain};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use support::compare::{Differences, Said, agrees, matching, number, subjects, write};
use support::engine::{self, Engine};

/// All rules of every subject together in an OPA, on every `step`th object: none keeps another from its verdict.
fn whole_in_opa(program: &str, version: &str, step: usize) {
    let Some(path) = engine::find(program, &format!("emitted Rego in OPA {version}")) else { return };
    let mut differences = Differences::default();
    for subject in subjects() {
        let emission = opa::emit(&subject.program);
        let carried = subject.carried(&emission);
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let beside = kinds_beside(subject.program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| carried.contains(&rule.id)));
        let engine = match Engine::try_start(&path, &[work.path().to_str().unwrap()]) {
            Ok(engine) => engine,
            Err(error) => {
                differences.refuse(program, subject, &error);
                continue;
            }
        };
        assert_eq!(engine.hello["version"], version);
        let packages: BTreeSet<&str> = engine.hello["packages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let modules = emission.artifacts.iter().filter(|artifact| artifact.path.ends_with(".rego"));
        let expected: BTreeSet<String> = modules.map(|artifact| package(&artifact.contents)).collect();
        assert_eq!(packages, expected.iter().map(String::as_str).collect::<BTreeSet<_>>(), "{}", subject.name);
        let chosen: Vec<usize> = (0..subject.cases.len()).step_by(step).collect();
        let request = |number: &usize| {
            let case = &subject.cases[*number];
            // The object itself or a review by turns.
            let input = if is_plain(case) && number.is_multiple_of(2) { case.object.clone() } else { admission_review(case) };
            json!({"id": number, "input": input, "data": cluster_data(case, &beside)})
        };
        let requests: Vec<Json> = chosen.iter().map(request).collect();
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
fn packs_as_a_whole_in_opa() {
    whole_in_opa("polc-opa", "1.22.2", 7);
}

#[test]
fn packs_as_a_whole_in_the_opa_of_conftest() {
    whole_in_opa("polc-opa-1.21", "1.21.1", 23);
}

#[test]
fn packs_as_a_whole_in_the_opa_of_gatekeeper() {
    whole_in_opa("polc-opa-1.17", "1.17.1", 23);
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
#[test]
fn rego_in_regorus() {
    agrees("regorus");
}

#[cfg(feature = "engines")]
#[test]
fn cel_in_kube_cel() {
    agrees("kube-cel");
}

#[test]
fn rego_in_opa() {
    agrees("opa");
}

#[test]
fn rego_in_the_opa_of_conftest() {
    agrees("opa-1.21");
}

#[test]
fn rego_in_the_opa_of_gatekeeper() {
    agrees("opa-1.17");
}

#[test]
fn cluster_policies_in_kyverno() {
    agrees("kyverno");
}

#[test]
fn cluster_policies_in_kyvernos_command() {
    let Some(path) = engine::find("kyverno", "emitted ClusterPolicies in Kyverno's command") else { return };
    let subject = &subjects()[0];
    // The command prints what mutations and generations give before its report.
    let mut rules_alone = subject.program.clone();
    for pack in rules_alone.packs.values_mut() {
        pack.mutations.clear();
        pack.generations.clear();
    }
    let emission = kyverno::emit(&rules_alone);
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
    let escaped = |c: char| if c.is_control() || c == '\u{feff}' { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    let objects: Vec<String> =
        chosen.iter().map(|number| subject.cases[*number].object.to_string().chars().map(escaped).collect()).collect();
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
    let missing: Vec<_> = expected.iter().filter(|finding| !got.contains(finding)).collect();
    let extra: Vec<_> = got.iter().filter(|finding| !expected.contains(finding)).collect();
    assert_eq!(got.len(), expected.len(), "missing: {missing:?}, extra: {extra:?}");
    assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, extra: {extra:?}");
}

#[test]
fn every_rule_is_seen_to_pass_and_to_fail() {
    let mut blind = Vec::new();
    for subject in subjects() {
        for rule in subject.program.packs.values().flat_map(|pack| &pack.rules) {
            if matches!(rule.applies, polc::ir::Cond::Const(false)) {
                continue;
            }
            let cases = generate::cases(rule, subject.schema, number("POLC_SEED", 1));
            assert!(cases.len() >= generate::LEAST, "{} has {} cases", rule.id, cases.len());
            let tally = Tally::of(rule, &cases);
            if !tally.both_sides() {
                blind.push(format!("{}: {tally:?}", rule.id));
            }
        }
    }
    assert!(blind.is_empty(), "never seen on both sides: {blind:#?}");
}
