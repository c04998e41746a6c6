//! Exemptions end, and are shown as long as they last.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

use serde_json::{Value as Json, json};
use std::fs;
use std::process::{Command, Output};

const RULES: &str = r#"pack p
rule r { match Pod forbid pod.spec.hostPID ?? false message "hostPID" }
exempt rule r namespaces "gpu", "x" runtimeClasses "kata" until 2027-03-01 because "driver installer"
test r { skip given { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "x" }, spec: { runtimeClassName: "kata", containers: [] } } }
"#;

fn polc(folder: &std::path::Path, arguments: &[&str]) -> Output {
    fs::write(folder.join("p.pol"), RULES).unwrap();
    Command::new(env!("CARGO_BIN_EXE_polc")).args(arguments).current_dir(folder).output().unwrap()
}

fn json_of(output: &Output) -> Json {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_day_after_the_last_one_is_an_error_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n").unwrap();
    for command in
        [&["build", "p.pol", "--target", "opa"][..], &["check", "--policies", "p.pol", "a.yaml"], &["test", "p.pol"], &["list", "p.pol"]]
    {
        let on = |day: &str| polc(folder.path(), &[command, &["--today", day]].concat());
        assert_eq!(on("2027-03-01").status.code(), Some(0), "{command:?}: {}", String::from_utf8_lossy(&on("2027-03-01").stderr));
        let late = on("2027-03-02");
        assert_eq!(late.status.code(), Some(2), "{command:?}");
        let text = String::from_utf8(late.stderr).unwrap();
        assert!(
            text.contains("the exemption ended on `2027-03-01`") && text.contains("remove it, or give it a new end and say why"),
            "{text}"
        );
    }
    let wrong = polc(folder.path(), &["list", "p.pol", "--today", "2027-02-30"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("write it as `2027-03-01`"));
}

#[test]
fn what_is_written_does_not_depend_on_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let built = |day: &str| {
        polc(folder.path(), &["build", "p.pol", "--target", "opa,kyverno", "--out", day, "--today", day]);
        ["opa/p.rego", "opa/main.rego", "kyverno/p.yaml"].map(|file| fs::read(folder.path().join(day).join(file)).unwrap())
    };
    assert_eq!(built("2026-01-01"), built("2027-03-01"));
}

#[test]
fn reports_and_lists_show_them() {
    let folder = tempfile::tempdir().unwrap();
    let report = json_of(&polc(folder.path(), &["build", "p.pol", "--target", "opa", "--today", "2027-01-01", "--format", "json"]));
    assert_eq!(
        report["exemptions"],
        json!([{ "rules": ["p/r"], "whom": [["namespaces", ["gpu", "x"]], ["runtimeClasses", ["kata"]]], "until": "2027-03-01", "because": "driver installer", "doc": "" }])
    );
    let list = json_of(&polc(folder.path(), &["list", "p.pol", "--today", "2027-01-01", "--format", "json"]));
    let item = list["items"].as_array().unwrap().iter().find(|item| item["kind"] == "exempt").unwrap();
    assert_eq!(item["title"], r#"namespaces "gpu", "x" runtimeClasses "kata" until 2027-03-01: driver installer"#);
}

/// As exceptions of Kyverno they leave the policies as they are, whoever is exempt.
#[test]
fn the_policies_are_the_same_whoever_an_exception_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let rest = "exempt rule r users \"root\" until 2027-04-01 because \"{{ x }} 'y'\"\n";
    let built = |name: &str, text: &str, arguments: &[&str]| {
        fs::write(folder.path().join(format!("{name}.pol")), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_polc"))
            .args(["build", &format!("{name}.pol"), "--target", "kyverno-vpol", "--out", name, "--today", "2027-01-01"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |file: &str| fs::read_to_string(folder.path().join(name).join("kyverno-vpol").join(file)).ok();
        (read("p.yaml").unwrap(), read("exceptions/p.yaml"), read("kustomization.yaml").unwrap())
    };
    let without: String = RULES.lines().filter(|line| line.starts_with("pack") || line.starts_with("rule")).collect::<Vec<_>>().join("\n");
    let apart = ["--kyverno-exemptions", "exception"];
    let (nobody, none, _) = built("nobody", &without, &apart);
    assert_eq!(none, None);
    let (one, exceptions, kustomization) = built("one", RULES, &apart);
    assert_eq!(one, nobody);
    assert!(kustomization.contains("- exceptions/p.yaml\n"), "{kustomization}");
    let exceptions = exceptions.unwrap();
    for line in [
        "apiVersion: policies.kyverno.io/v1\n",
        "kind: PolicyException\n",
        "  namespace: kyverno\n",
        "  - kind: ValidatingPolicy\n    name: p-r\n",
        "  expiresAt: 2027-03-01T23:59:59Z\n",
        "kubernetes.io/description: driver installer\n",
    ] {
        assert!(exceptions.contains(line), "{line} in {exceptions}");
    }
    let (two, more, _) = built("two", &format!("{RULES}{rest}"), &apart);
    assert_eq!(two, nobody);
    let more = more.unwrap();
    assert!(more.starts_with(&exceptions) && more.contains("dyn(request).userInfo") && more.contains("{{ x }} ''y''"), "{more}");

    let (usual, none, _) = built("usual", RULES, &[]);
    assert!(usual != nobody && none.is_none());
    fs::write(folder.path().join("polc.yaml"), "kyverno: { exemptions: exception }\n").unwrap();
    assert_eq!(built("configured", RULES, &[]).0, nobody);
    assert_eq!(built("against", RULES, &["--kyverno-exemptions", "policy"]).0, usual);
}
