//! The drivers under `tests/engines/` themselves: that they judge, and that nothing which cannot be judged looks like a pass.

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

use serde_json::{Value as Json, json};
use std::fs;
use std::process::Command;
use support::{engine, engine::Engine};

const OPAS: [(&str, &str); 3] = [("polc-opa", "1.22.2"), ("polc-opa-1.21", "1.21.1"), ("polc-opa-1.17", "1.17.1")];

const REGO: &str = r#"package polc.main

violations contains {"rule": "p/r", "msg": concat("", ["hello ", input.metadata.name])} if input.metadata.labels.bad == "yes"

violations contains {"rule": "p/n", "msg": "number"} if to_number(input.metadata.labels.number) > 1
"#;

fn pod(name: &str, labels: Json) -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": labels}, "spec": {"containers": []}})
}

#[test]
fn each_opa_is_the_pinned_one_and_judges() {
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("main.rego"), REGO).unwrap();
    let folder = work.path().to_str().unwrap();
    for (name, version) in OPAS {
        let Some(program) = engine::find(name, "a Rego module in OPA") else { continue };
        let engine = Engine::start(&program, &[folder]);
        assert_eq!(engine.hello["version"], version);
        assert_eq!(engine.hello["packages"], json!(["data.polc.main"]));
        assert_eq!(engine.hello["rules"], 2);
        let objects =
            [pod("a", json!({"bad": "yes"})), pod("b", json!({})), pod("c", json!({"number": "none"})), pod("d", json!({"number": "2"}))];
        let requests: Vec<Json> = objects.iter().enumerate().map(|(id, object)| json!({"id": id, "input": object})).collect();
        let answers = engine.answers(&requests);
        assert_eq!(answers[0], json!({"id": 0, "result": [{"rule": "p/r", "msg": "hello a"}]}));
        assert_eq!(answers[1], json!({"id": 1, "result": []}));
        let error = answers[2]["error"].as_str().unwrap_or_else(|| panic!("a builtin that fails is an error, not {}", answers[2]));
        assert!(error.contains("to_number"), "{error}");
        assert_eq!(answers[3], json!({"id": 3, "result": [{"rule": "p/n", "msg": "number"}]}));
    }
}

#[test]
fn an_undefined_answer_of_opa_is_an_error() {
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("main.rego"), REGO).unwrap();
    for (name, _) in OPAS {
        let Some(program) = engine::find(name, "an undefined query in OPA") else { continue };
        let engine = Engine::start(&program, &["-query", "data.polc.mian.violations", work.path().to_str().unwrap()]);
        let answers = engine.answers(&[json!({"id": 1, "input": {}})]);
        assert_eq!(answers[0]["error"], "the query is undefined");
    }
}

fn policy(name: &str, expression: &str, message: &str) -> String {
    let policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": name, "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"}},
        "spec": {"rules": [{
            "name": "r",
            "match": {"any": [{"resources": {"kinds": ["v1/Pod"], "operations": ["CREATE"]}}]},
            "celPreconditions": [{"name": "where", "expression": "object.metadata.name != 'skipped'"}],
            "validate": {
                "failureAction": "Enforce", "allowExistingViolations": false,
                "cel": {"expressions": [{"expression": expression, "messageExpression": message, "message": "static"}]}
            }
        }]}
    });
    format!("---\n{}", serde_yaml::to_string(&policy).unwrap())
}

const GOOD: &str = "!('bad' in object.metadata.?labels.orValue({}))";

#[test]
fn kyverno_judges_as_its_own_engine_does() {
    let Some(program) = engine::find("polc-kyverno", "a ClusterPolicy in Kyverno") else { return };
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("policy.yaml"), policy("good", GOOD, "'hello ' + object.metadata.name")).unwrap();
    let engine = Engine::start(&program, &[work.path().to_str().unwrap()]);
    assert_eq!(engine.hello["version"], "1.19.1");
    assert_eq!((&engine.hello["policies"], &engine.hello["rules"], &engine.hello["refused"]), (&json!(1), &json!(1), &json!([])));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "default"}});
    let objects = [pod("a", json!({"bad": "yes"})), pod("b", json!({})), pod("skipped", json!({"bad": "yes"})), service];
    let requests: Vec<Json> =
        [false, true].iter().flat_map(|full| objects.iter().map(move |object| json!({"object": object, "full": full}))).collect();
    let answers = engine.answers(&requests);
    let (compiled, full) = answers.split_at(objects.len());
    assert_eq!(compiled, full);
    assert_eq!(compiled[0]["results"], json!([{"policy": "good", "rule": "r", "status": "fail", "message": "hello a"}]));
    assert_eq!(compiled[1], json!({"ran": 1, "results": []}));
    assert_eq!(compiled[2]["results"][0]["status"], "skip");
    assert_eq!(compiled[3], json!({"ran": 0, "results": []}));
}

#[test]
fn kyverno_says_which_policies_it_refuses() {
    let Some(program) = engine::find("polc-kyverno", "policies that Kyverno refuses") else { return };
    let work = tempfile::tempdir().unwrap();
    let all = [
        policy("good", GOOD, "'m'"),
        policy("Bad_Name", GOOD, "'m'"),
        policy("substituted", "object.metadata.name != '{{ nope }}'", "'m'"),
        policy("broken", "object.metadata.name ==", "'m'"),
    ];
    fs::write(work.path().join("policies.yaml"), all.concat()).unwrap();
    let engine = Engine::start(&program, &[work.path().to_str().unwrap()]);
    let refused: Vec<&str> =
        engine.hello["refused"].as_array().unwrap().iter().map(|refused| refused["policy"].as_str().unwrap()).collect();
    assert_eq!(refused, ["Bad_Name", "substituted", "broken"], "{}", engine.hello);
    assert_eq!(engine.hello["rules"], 1);
}

#[test]
fn kyvernos_command_passes_where_nothing_ran() {
    let Some(program) = engine::find("kyverno", "Kyverno's command") else { return };
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("pod.yaml"), serde_yaml::to_string(&pod("a", json!({"bad": "yes"}))).unwrap()).unwrap();
    fs::write(path("good.yaml"), policy("good", GOOD, "'m'")).unwrap();
    fs::write(path("bad.yaml"), policy("Bad_Name", GOOD, "'m'")).unwrap();
    let apply = |name: &str| Command::new(&program).args(["apply", &path(name), "-r", &path("pod.yaml")]).output().unwrap();
    let counted = |text: &str, what: &str| text.contains(what);

    let good = apply("good.yaml");
    assert!(!good.status.success());
    assert!(counted(&String::from_utf8_lossy(&good.stdout), "fail: 1"), "{good:?}");
    // These are why the rules that ran are counted everywhere.
    for name in ["bad.yaml", "missing.yaml"] {
        let nothing = apply(name);
        let said = String::from_utf8_lossy(&nothing.stdout).into_owned() + &String::from_utf8_lossy(&nothing.stderr);
        assert!(!counted(&said, "fail: 1"), "{name}: {said}");
    }
}

/// A ValidatingAdmissionPolicy about the creation of Pods, and its binding.
fn admission_policy(name: &str, expression: &str, message: &str) -> String {
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
            "validations": [{"expression": expression, "message": "static", "messageExpression": message}]
        }
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Warn"]}
    });
    [policy, binding].map(|document| format!("---\n{}", serde_yaml::to_string(&document).unwrap())).concat()
}

#[test]
fn the_api_servers_code_judges_and_says_which_policies_it_refuses() {
    let Some(program) = engine::find("polc-admit", "a ValidatingAdmissionPolicy in the API server's code") else { return };
    let work = tempfile::tempdir().unwrap();
    let all = [
        admission_policy("good", "!has(object.metadata.labels) || !('bad' in object.metadata.labels)", "'hello ' + object.metadata.name"),
        admission_policy("broken", "object.metadata.name ==", "'m'"),
        admission_policy("of-another-type", "object.metadata.name", "'m'"),
        admission_policy("fails", "object.spec.containers[7].name == 'x'", "'m'"),
    ];
    fs::write(work.path().join("policies.yaml"), all.concat()).unwrap();
    let engine = Engine::start(&program, &[work.path().to_str().unwrap()]);
    assert_eq!((&engine.hello["version"], &engine.hello["policies"], &engine.hello["bindings"]), (&json!("0.37.2"), &json!(2), &json!(4)));
    let refused: Vec<&str> =
        engine.hello["refused"].as_array().unwrap().iter().map(|refused| refused["policy"].as_str().unwrap()).collect();
    assert_eq!(refused, ["broken", "of-another-type"], "{}", engine.hello);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
    let mut wrong = pod("w", json!({}));
    wrong["spec"]["hostNetwork"] = json!("yes");
    let answers = engine.answers(&[
        json!({"id": 1, "object": pod("a", json!({"bad": "yes"})), "policies": ["good"], "cost": true}),
        json!({"id": 2, "object": pod("b", json!({})), "policies": ["good"]}),
        json!({"id": 3, "object": pod("b", json!({})), "policies": ["fails"]}),
        json!({"id": 4, "object": service}),
        json!({"id": 5, "object": wrong}),
        json!({"id": 6}),
    ]);
    assert_eq!(
        answers[0]["results"],
        json!([{"policy": "good", "status": "fail", "message": "hello a", "actions": ["Warn"], "reason": "Invalid"}])
    );
    assert!(answers[0]["costs"]["good"].as_u64().unwrap() > 0, "{}", answers[0]);
    assert_eq!(answers[1], json!({"id": 2, "ran": 1, "results": []}));
    assert_eq!(answers[2]["results"][0]["status"], "error", "{}", answers[2]);
    assert_eq!(answers[3], json!({"id": 4, "ran": 0, "results": []}));
    assert!(answers[4]["unreadable"].as_str().unwrap().contains("hostNetwork"), "{}", answers[4]);
    assert_eq!(answers[5]["error"], "no object");
}

#[test]
fn gatekeeper_judges_and_refuses_what_it_cannot_load() {
    let Some(program) = engine::find("polc-gator", "a ConstraintTemplate in Gatekeeper") else { return };
    let documents = |rego: &str| {
        let template = json!({
            "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "sample"},
            "spec": {
                "crd": {"spec": {"names": {"kind": "Sample"}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": "Rego", "source": {"version": "v1", "rego": rego}}]}]
            }
        });
        let constraint = json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Sample", "metadata": {"name": "s"},
            "spec": {"enforcementAction": "warn", "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}
        });
        [template, constraint].map(|document| format!("---\n{}", serde_yaml::to_string(&document).unwrap())).concat()
    };
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("all.yaml");
    let good = "package a\n\nviolation contains {\"msg\": input.review.object.metadata.name, \"details\": {\"rule\": \"p/r\"}} if input.review.object.metadata.labels.bad\n";
    fs::write(&file, documents(good)).unwrap();
    let engine = Engine::start(&program, &[file.to_str().unwrap()]);
    assert_eq!(
        (&engine.hello["version"], &engine.hello["templates"], &engine.hello["constraints"]),
        (&json!("3.23.1"), &json!(1), &json!(1))
    );
    let answers = engine.answers(&[
        json!({"id": 1, "object": pod("a", json!({"bad": "yes"}))}),
        json!({"id": 2, "object": pod("a", json!({"bad": "yes"})), "audit": true}),
        json!({"id": 3, "object": pod("b", json!({}))}),
        json!({"id": 4}),
    ]);
    let found = json!([{"constraint": "s", "rule": "p/r", "message": "a", "action": "warn"}]);
    assert_eq!((&answers[0]["results"], &answers[1]["results"]), (&found, &found));
    assert_eq!(answers[2], json!({"id": 3, "results": []}));
    assert!(answers[3]["error"].is_string(), "{}", answers[3]);

    fs::write(&file, documents("package a\n\nviolation contains {\"msg\": x} if true\n")).unwrap();
    let Err(said) = Engine::try_start(&program, &[file.to_str().unwrap()]) else { panic!("an unsafe variable was loaded") };
    assert!(said.contains("unsafe"), "{said}");
}

#[test]
fn what_is_skipped_for_want_of_an_engine_is_counted_where_it_is_seen() {
    let nothing = tempfile::tempdir().unwrap();
    let run = |required: bool| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--skip", "what_is_skipped", "--test-threads", "1"]).env("POLC_ENGINES", nothing.path());
        command.env_remove("CI").env_remove("POLC_REQUIRE_ENGINES");
        if required {
            command.env("CI", "true");
        }
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (passed, said) = run(false);
    assert!(passed, "{said}");
    let skipped: Vec<&str> = said.lines().filter(|line| line.starts_with("skipped ")).collect();
    assert_eq!(skipped.len(), 11, "{said}");
    assert!(skipped[0].starts_with("skipped 1: ") && skipped[0].ends_with(" is missing (tests/engines/build.sh builds it)"), "{said}");
    assert!(skipped[10].starts_with("skipped 11: "), "{said}");
    // where they are required, nothing is skipped
    let (passed, said) = run(true);
    assert!(!passed && !said.contains("skipped"), "{said}");
}
