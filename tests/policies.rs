//! The admission policies of each target in the code of the engine that runs them: verdict and message have to be the reference evaluator's, byte for byte.

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

use polc::target::inventory::kinds_beside;
use polc::target::{GatekeeperEngine, Options, conftest, gatekeeper, opa};
use polc::verify::generate::Case;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::compare::{Differences, Said, agrees, namespaces, opa_input, policy_names, request_of, subjects, write};
use support::engine::{self, Engine};

#[test]
fn validating_admission_policies_in_the_api_servers_code() {
    agrees("vap");
}

#[test]
fn validating_policies_in_kyverno() {
    agrees("kyverno-vpol");
}

#[test]
fn validating_policies_and_policy_exceptions_in_kyverno() {
    agrees("kyverno-exceptions");
}

#[test]
fn modules_for_conftest_in_its_opa() {
    agrees("conftest");
}

#[test]
fn each_template_in_gatekeeper() {
    agrees("gatekeeper");
    agrees("gatekeeper-cel");
}

/// What a command says, which has to succeed.
fn output(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{} {arguments:?}: {text}{}", program.display(), String::from_utf8_lossy(&output.stderr));
    text
}

/// conftest reads files: each subject's objects in one run. It evaluates every rule anew for each file, so it gets a part of the objects.
#[test]
fn rego_in_conftest() {
    let Some(path) = engine::find("conftest", "emitted Rego in conftest") else { return };
    let mut differences = Differences::default();
    let (mut denied, mut warned) = (0, 0);
    for subject in subjects() {
        let emission = conftest::emit(&subject.program);
        let carried = subject.carried(&emission);
        if carried.is_empty() {
            continue;
        }
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let step = (subject.cases.len() / 40).max(1);
        let chosen: Vec<usize> = (0..subject.cases.len()).step_by(step).collect();
        if let Some(module) = namespaces(subject) {
            fs::write(work.path().join("conftest/namespaces.rego"), module).unwrap();
        }
        fs::create_dir(work.path().join("objects")).unwrap();
        for number in &chosen {
            let input = opa_input(&subject.cases[*number], *number);
            fs::write(work.path().join(format!("objects/{number}.json")), input.to_string()).unwrap();
        }
        let text = output(&path, &["test", "--policy", "conftest", "--no-fail", "--no-color", "--output", "json", "objects"], work.path());
        let report: Vec<Json> = serde_json::from_str(&text).unwrap();
        assert_eq!(report.len(), chosen.len(), "{}: {text}", subject.name);
        let actions: BTreeMap<&str, polc::ir::Action> =
            subject.program.packs.values().flat_map(|pack| &pack.rules).map(|rule| (rule.id.as_str(), rule.action)).collect();
        for of_file in &report {
            let name = of_file["filename"].as_str().unwrap();
            let number: usize = Path::new(name).file_stem().unwrap().to_str().unwrap().parse().unwrap();
            assert_eq!(of_file["namespace"], "main");
            let mut got = Said::new();
            for (list, denies) in [("failures", true), ("warnings", false)] {
                for finding in of_file[list].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let rule = finding["metadata"]["rule"].as_str().unwrap_or_else(|| panic!("{finding}"));
                    assert_eq!(actions[rule] == polc::ir::Action::Deny, denies, "{rule}");
                    *(if denies { &mut denied } else { &mut warned }) += 1;
                    assert!(got.insert(rule.to_owned(), finding["msg"].as_str().unwrap().to_owned()).is_none());
                }
            }
            differences.compare("conftest", subject, number, &carried, &got);
        }
    }
    assert!(denied > 0 && warned > 0, "{denied} denied, {warned} warned");
    differences.settle("conftest");
}

#[test]
fn opa_signs_the_bundle_and_takes_it_by_the_right_key_only() {
    let Some(path) = engine::find("opa", "the signed bundle in OPA") else { return };
    let mut sources = polc::diagnostic::Sources::default();
    sources.add("a.pol", "pack p\nrule a { match Pod forbid pod.spec.hostNetwork message \"a\" }\n");
    let program = polc::compile::compile(&sources, &polc::resolve::Options::default()).unwrap().program;
    let work = tempfile::tempdir().unwrap();
    write(&opa::emit(&program), work.path());
    for (name, key) in [("key", "a secret of sixteen characters and more"), ("other", "another secret of sixteen characters")] {
        fs::write(work.path().join(name), key).unwrap();
    }
    let opa = |arguments: &[&str]| {
        let output = Command::new(&path).args(arguments).current_dir(work.path()).output().unwrap();
        (output.status.success(), [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
    };
    let bundle = "opa-bundle/bundle.tar.gz";
    let (signed, said) = opa(&["build", "--bundle", bundle, "--signing-alg", "HS256", "--signing-key", "key", "--output", "signed.tar.gz"]);
    assert!(signed, "{said}");
    let verified = |file: &str, key: &str| {
        opa(&["build", "--bundle", file, "--signing-alg", "HS256", "--verification-key", key, "--output", "taken.tar.gz"])
    };
    let (taken, said) = verified("signed.tar.gz", "key");
    assert!(taken, "{said}");
    for (file, key) in [("signed.tar.gz", "other"), (bundle, "key")] {
        let (taken, said) = verified(file, key);
        assert!(!taken && said.contains("signature") | said.contains("verif"), "{file} by {key}: {said}");
    }
}

#[test]
fn opa_loads_the_bundle_and_answers_reviews() {
    let Some(path) = engine::find("opa", "the bundle in OPA") else { return };
    let source = "pack p\n\
        rule a { match Pod forbid pod.spec.hostNetwork message \"a of {object.metadata.name}\" }\n\
        rule b { action warn\n match Pod forbid pod.spec.hostPID message \"b\" }\n\
        rule c { action audit\n match Pod forbid pod.spec.hostIPC message \"c\" }\n";
    let mut sources = polc::diagnostic::Sources::default();
    sources.add("a.pol", source);
    let program = polc::compile::compile(&sources, &polc::resolve::Options::default()).unwrap().program;
    let work = tempfile::tempdir().unwrap();
    write(&opa::emit(&program), work.path());
    let manifest: Json =
        serde_json::from_str(&output(&path, &["inspect", "--format", "json", "opa-bundle/bundle.tar.gz"], work.path())).unwrap();
    assert_eq!(manifest["manifest"]["roots"], json!(["polc", "system"]));
    assert_eq!(manifest["manifest"]["rego_version"], 1);
    assert_eq!(manifest["manifest"]["revision"], format!("sha256:{}", program.digest));
    assert_eq!(program.digest.len(), 64);
    let answer = |spec: Json| {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u-1", "operation": "CREATE", "object": object}});
        fs::write(work.path().join("review.json"), review.to_string()).unwrap();
        let text = output(
            &path,
            &[
                "eval",
                "--strict-builtin-errors",
                "--format",
                "raw",
                "--bundle",
                "opa-bundle/bundle.tar.gz",
                "--input",
                "review.json",
                "data.system.main",
            ],
            work.path(),
        );
        serde_json::from_str::<Json>(&text).unwrap()
    };
    let head = |response: Json| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
    assert_eq!(answer(json!({})), head(json!({"uid": "u-1", "allowed": true, "warnings": [], "auditAnnotations": {}})));
    assert_eq!(
        answer(json!({"hostPID": true, "hostIPC": true})),
        head(json!({"uid": "u-1", "allowed": true, "warnings": ["p/b: b"], "auditAnnotations": {"p.c": "c"}}))
    );
    assert_eq!(
        answer(json!({"hostNetwork": true})),
        head(json!({
            "uid": "u-1", "allowed": false, "warnings": [], "auditAnnotations": {},
            "status": {"code": 403, "reason": "Forbidden", "message": "p/a: a of x"},
        }))
    );
}

/// Whether Gatekeeper gets every number as it is written: it reads JSON into floating point, which rounds whole numbers beyond 2^53. (A cluster holds a quantity as text.)
fn is_exact(value: &Json) -> bool {
    match value {
        Json::Number(number) => number.as_i64().is_none_or(|n| n.unsigned_abs() <= 1 << 53),
        Json::Array(items) => items.iter().all(is_exact),
        Json::Object(fields) => fields.values().all(is_exact),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}

/// Templates in Gatekeeper's own client: as admission requests, and by turns as an audit looks at what is there.
fn templates_in_gatekeeper(label: &str, engine: GatekeeperEngine, step: usize) {
    let Some(path) = engine::find("polc-gator", &format!("emitted ConstraintTemplates in Gatekeeper ({label})")) else { return };
    let mut differences = Differences::default();
    for subject in subjects() {
        let emission = gatekeeper::emit(&subject.program, &Options { gatekeeper: engine, ..Options::default() });
        let carried = subject.carried(&emission);
        if carried.is_empty() {
            continue;
        }
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let engine = match Engine::try_start(&path, &[work.path().to_str().unwrap()]) {
            Ok(engine) => engine,
            Err(error) => {
                differences.refuse(label, subject, &error);
                continue;
            }
        };
        let templates = emission.artifacts.iter().filter(|artifact| artifact.path.ends_with("/template.yaml")).count();
        assert_eq!(
            (engine.hello["templates"].as_u64(), engine.hello["constraints"].as_u64()),
            (Some(templates as u64), Some(templates as u64))
        );
        assert_eq!(engine.hello["version"], "3.23.1");
        let names = policy_names(subject);
        let actions: BTreeMap<&str, &str> = subject
            .program
            .packs
            .values()
            .flat_map(|pack| &pack.rules)
            .map(|rule| {
                let action = match rule.action {
                    polc::ir::Action::Deny => "deny",
                    polc::ir::Action::Warn => "warn",
                    polc::ir::Action::Audit => "dryrun",
                };
                (rule.id.as_str(), action)
            })
            .collect();
        let beside = kinds_beside(subject.program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| carried.contains(&rule.id)));
        // Gatekeeper does not tell a kind of which there is none from one that it does not hold.
        let told = |case: &Case| case.beside.as_ref().is_none_or(|beside| beside.unknown.is_empty() && beside.objects.iter().all(is_exact));
        let is_taken = |number: &usize| is_exact(&subject.cases[*number].object) && told(&subject.cases[*number]);
        let chosen: Vec<usize> = (0..subject.cases.len()).step_by(step).filter(is_taken).collect();
        let requests: Vec<Json> = chosen
            .iter()
            .map(|number| {
                let case = &subject.cases[*number];
                let mut request = request_of(case, *number);
                if case.beside.is_some() {
                    request["inventory"] = polc::verify::inventory(case, &beside).into();
                }
                // An audit knows nothing but the object.
                let plain = case.operation == polc::ir::Operation::Create && case.request.is_none() && case.namespace_object.is_none();
                request["audit"] = (plain && number.is_multiple_of(2)).into();
                request
            })
            .collect();
        for (number, answer) in chosen.iter().copied().zip(engine.answers(&requests)) {
            if answer.get("error").is_some() {
                differences.add(label, &subject.name, &subject.cases[number], None, &answer.to_string());
                continue;
            }
            let mut got = Said::new();
            for result in answer["results"].as_array().unwrap() {
                // In CEL the constraint says which rule it is, in Rego the details of the violation do.
                let rule = result["rule"].as_str().unwrap_or_else(|| names[result["constraint"].as_str().unwrap()].as_str());
                assert_eq!(result["action"], actions[rule], "{rule}");
                let twice = got.insert(rule.to_owned(), result["message"].as_str().unwrap().to_owned());
                assert!(twice.is_none(), "{label}: {rule} says two things of {}", subject.cases[number].object);
            }
            differences.compare(label, subject, number, &carried, &got);
        }
    }
    differences.settle(label);
}

#[test]
fn rego_templates_in_gatekeeper() {
    templates_in_gatekeeper("gatekeeper", GatekeeperEngine::Rego, 5);
}

#[test]
fn cel_templates_in_gatekeeper() {
    templates_in_gatekeeper("gatekeeper in CEL", GatekeeperEngine::Cel, 11);
}
