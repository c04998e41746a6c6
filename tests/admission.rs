//! `polc check` with what is known of a request besides the objects.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RULES: &str = r#"pack p
rule born { match ConfigMap on create require exists object.metadata.labels["a"] message "created" }
rule stays { match ConfigMap on update require unchanged object.metadata.labels["a"] message "changed" }
rule kept { match ConfigMap on delete forbid (object.metadata.labels["a"] ?? "z") == "z" message "deleted" }
rule spaced { match ConfigMap require (namespaceObject.metadata.labels["team"] ?? "none") == "x" message "of {namespaceObject.metadata.labels["team"]}" }
rule asked { match ConfigMap require (request.userInfo.username ?? "?") == "ann" message "{request.operation} in {request.namespace} by {request.userInfo.username}" }
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("p.pol", RULES);
    write("now.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    a: z\n");
    write("old.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    a: x\n");
    write(
        "spaces.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: default\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  labels:\n    team: x\n",
    );
    write("request.yaml", "userInfo:\n  username: bob\n");
    write(
        "review.json",
        r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1", "userInfo": {"username": "ann"}}}"#,
    );
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polc"))
        .args(["check", "--policies", "p.pol", "now.yaml", "--all", "--format", "json"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Verdict and message of each rule.
fn said(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let output = check(folder, arguments);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let rows = report["results"].as_array().unwrap().iter().filter(|row| row["rule"].as_str().unwrap().starts_with("p/"));
    rows.map(|row| {
        format!("{} {} {}", &row["rule"].as_str().unwrap()[2..], row["verdict"].as_str().unwrap(), row["message"].as_str().unwrap())
    })
    .map(|text| text.trim_end().to_owned())
    .collect()
}

#[test]
fn a_file_is_a_creation() {
    let folder = folder();
    assert_eq!(
        said(folder.path(), &[]),
        [
            "born pass",
            "stays skip not judged: judged on update or delete only",
            "kept skip not judged: judged on update or delete only",
            "spaced skip not judged: reads `namespaceObject`, which is not given",
            "asked skip not judged: reads `request`, which is not given",
        ]
    );
}

#[test]
fn operations_are_those_that_are_given() {
    let folder = folder();
    let first = |arguments: &[&str]| said(folder.path(), arguments)[..3].to_vec();
    assert_eq!(first(&["--old", "old.yaml"]), ["born skip", "stays fail changed", "kept skip"]);
    assert_eq!(first(&["--operation", "update"])[1], "stays skip not judged: reads `oldObject`, which is not given");
    assert_eq!(first(&["--operation", "delete"]), ["born skip", "stays skip", "kept fail deleted"]);
    for wrong in ["create", "delete"] {
        let output = check(folder.path(), &["--old", "old.yaml", "--operation", wrong]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("`--old` goes with an update") && text.contains("leave it out, or write `--operation update`"), "{text}");
    }
}

#[test]
fn namespaces_and_requests_are_those_that_are_given() {
    let folder = folder();
    let last = |arguments: &[&str]| said(folder.path(), arguments)[3..].to_vec();
    assert_eq!(last(&["--namespace-object", "spaces.yaml"])[0], "spaced fail of <unset>");
    assert_eq!(last(&["--namespace-object", "spaces.yaml", "-n", "x"])[0], "spaced pass");
    assert_eq!(
        last(&["--namespace-object", "spaces.yaml", "-n", "y"])[0],
        "spaced skip not judged: reads `namespaceObject`, which is not given"
    );
    assert_eq!(
        last(&["--request", "request.yaml", "-n", "x"]),
        ["spaced fail cannot read `namespaceObject`", "asked fail CREATE in x by bob"]
    );
    assert_eq!(last(&["--request", "review.json"])[1], "asked pass");
    let output = check(folder.path(), &["--namespace-object", "now.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("`now.yaml` holds something else than Namespaces"), "{text}");
}
