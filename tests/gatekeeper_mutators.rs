//! What Gatekeeper's mutators are asked beside the objects themselves: operations, and the labels of Namespaces. `tests/mutation_engines.rs` compares what they make of objects.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]

mod support;

use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::target::{Options, gatekeeper};
use serde_json::{Value as Json, json};
use support::engine::{self, Engine};

const MUTATIONS: &str = r#"
pack p
mutation created { match Pod, Deployment set pod.spec.schedulerName = "mine" }
mutation updated { match ConfigMap on update default object.immutable = true }
mutation metadata { match Pod, Namespace on create, update default object.metadata.labels["a"] = "b" }
mutation chosen {
    match ServiceAccount where namespaceObject.metadata.labels["tier"] == "front" and not exists namespaceObject.metadata.labels["off"]
    default object.automountServiceAccountToken = false
}
"#;

/// Gatekeeper with the mutators of [`MUTATIONS`]; none where it is not there.
fn started(folder: &std::path::Path) -> Option<Engine> {
    let program = engine::find("polc-gator-mutate", "what Gatekeeper's mutators are asked")?;
    let mut sources = Sources::default();
    sources.add("p.pol", MUTATIONS);
    let compiled = compile(&sources, &polc::resolve::Options::default()).unwrap_or_else(|found| panic!("{found:?}"));
    let emission = gatekeeper::emit(&compiled.program, &Options::default());
    assert!(emission.diagnostics.is_empty(), "{:?}", emission.diagnostics);
    for artifact in emission.artifacts {
        std::fs::write(folder.join("mutations.yaml"), artifact.contents).unwrap();
    }
    let engine = Engine::start(&program, &[folder.to_str().unwrap()]);
    assert_eq!((&engine.hello["refused"], engine.hello["policies"].as_u64()), (&json!([]), Some(5)), "{}", engine.hello);
    Some(engine)
}

/// What a mutation puts at a place of an object, on an operation, in a Namespace with these labels.
fn asked(mutation: &str, operation: &str, object: Json, labels: Json) -> Json {
    json!({"id": 0, "policies": [format!("p-{mutation}")], "operation": operation, "object": object, "namespaceLabels": labels})
}

#[test]
fn operations_and_labels_of_namespaces_decide() {
    let folder = tempfile::tempdir().unwrap();
    let Some(engine) = started(folder.path()) else { return };
    let pod =
        || json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}});
    let deployment = || {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
            "spec": {"selector": {"matchLabels": {"a": "a"}}, "template": {"metadata": {"labels": {"a": "a"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}
        })
    };
    let simple = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
    let cases = [
        // Most of a Pod cannot be changed later.
        (asked("created", "CREATE", pod(), json!({})), "/spec/schedulerName", json!("mine")),
        (asked("created", "UPDATE", pod(), json!({})), "/spec/schedulerName", Json::Null),
        (asked("created", "CREATE", deployment(), json!({})), "/spec/template/spec/schedulerName", json!("mine")),
        (asked("created", "UPDATE", deployment(), json!({})), "/spec/template/spec/schedulerName", json!("mine")),
        (asked("updated", "CREATE", simple("ConfigMap"), json!({})), "/immutable", Json::Null),
        (asked("updated", "UPDATE", simple("ConfigMap"), json!({})), "/immutable", json!(true)),
        (asked("metadata", "CREATE", pod(), json!({})), "/metadata/labels/a", json!("b")),
        (asked("metadata", "UPDATE", simple("Namespace"), json!({})), "/metadata/labels/a", json!("b")),
        (asked("metadata", "CREATE", simple("ConfigMap"), json!({})), "/metadata/labels", Json::Null),
        (asked("chosen", "CREATE", simple("ServiceAccount"), json!({"tier": "front"})), "/automountServiceAccountToken", json!(false)),
        (asked("chosen", "CREATE", simple("ServiceAccount"), json!({"tier": "back"})), "/automountServiceAccountToken", Json::Null),
        (asked("chosen", "CREATE", simple("ServiceAccount"), json!({})), "/automountServiceAccountToken", Json::Null),
        (
            asked("chosen", "CREATE", simple("ServiceAccount"), json!({"tier": "front", "off": ""})),
            "/automountServiceAccountToken",
            Json::Null,
        ),
    ];
    let requests: Vec<Json> = cases.iter().map(|(request, _, _)| request.clone()).collect();
    for ((request, place, expected), answer) in cases.iter().zip(engine.answers(&requests)) {
        assert!(answer["after"].is_object(), "{request}: {answer}");
        let found = answer["after"].pointer(place).cloned().unwrap_or_default();
        assert_eq!(found, *expected, "{request}: {answer}");
        // What it leaves alone is as it was.
        assert_eq!(answer["after"] == answer["before"], expected.is_null(), "{request}: {answer}");
    }
}

#[test]
fn what_the_api_server_refuses_anyway_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let Some(engine) = started(folder.path()) else { return };
    let pod = |spec: Json| {
        asked("created", "CREATE", json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}), json!({}))
    };
    let requests = [
        pod(json!({"containers": [], "volumes": [{"name": "a"}, {"name": "a"}]})),
        pod(json!({"containers": [{"name": "a", "volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a"}]}]})),
        pod(json!({"containers": "a"})),
        pod(json!({"containers": [{"name": "a", "env": [{"name": "a"}, {"name": "a"}]}]})),
    ];
    let answers = engine.answers(&requests);
    let reasons: Vec<&str> = answers.iter().map(|answer| answer["unreadable"].as_str().unwrap_or_default()).collect();
    assert_eq!(reasons[0], "two elements of `volumes` have the name \"a\"");
    assert_eq!(reasons[1], "two elements of `volumeMounts` have the mountPath \"/a\"");
    assert!(reasons[2].contains("cannot unmarshal string"), "{reasons:?}");
    assert_eq!(reasons[3], "", "{answers:?}");
}
