//! `polc verify` as a command: what it prints, and how it exits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

use assert_cmd::Command;
use serde_json::Value as Json;
use std::path::Path;

const POLICY: &str = r#"//! A pack.
pack p

param on: bool = false

/// No host network.
rule no-host-network {
    match Pod, Deployment
    forbid pod.spec.hostNetwork message "{object.metadata.name} uses the host's network"
}

/// Off.
rule off {
    match Pod where on
    forbid pod.spec.hostPID message "the host's processes"
}
"#;

fn verify(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("polc").unwrap();
    command.current_dir(folder).env_remove("POLC_ENGINES").env("PATH", "").arg("verify").args(arguments);
    command
}

fn policies(text: &str) -> tempfile::TempDir {
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("p.pol"), text).unwrap();
    work
}

fn said(command: &mut Command, code: i32) -> (String, String) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}

fn json(command: &mut Command, code: i32) -> Json {
    let (out, _) = said(command.args(["--format", "json"]), code);
    serde_json::from_str(&out).unwrap()
}

#[cfg(feature = "engines")]
#[test]
fn the_embedded_engines_are_always_asked() {
    let work = policies(POLICY);
    let report = json(&mut verify(work.path(), &["p.pol", "--cases", "301", "--seed", "7"]), 0);
    let rows = report["results"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row["rule"].as_str().unwrap(), row["engine"].as_str().unwrap())).collect();
    assert_eq!(names, [("p/no-host-network", "regorus"), ("p/no-host-network", "kube-cel")]);
    for row in rows {
        let [cases, pass, fail, skip] = ["cases", "pass", "fail", "skip"].map(|name| row[name].as_u64().unwrap());
        // Half of them each, rounded up.
        assert_eq!(cases, 151);
        assert_eq!(pass + fail + skip, cases);
        assert!(pass > 0 && fail > 0, "{row}");
        assert_eq!(row["disagreements"], 0);
    }
    assert_eq!(report["seed"], 7);
    assert_eq!(report["notApplicable"][0]["rule"], "p/off");
    assert_eq!(report["disagreements"], Json::Array(Vec::new()));
}

#[cfg(feature = "engines")]
#[test]
fn the_table_names_rules_and_engines() {
    let work = policies(POLICY);
    let (out, _) = said(&mut verify(work.path(), &["p.pol", "--cases", "200"]), 0);
    let head: Vec<&str> = out.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["RULE", "CASES", "PASS", "FAIL", "SKIP", "regorus", "kube-cel"]);
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1], &row[5..]), ("p/no-host-network", "100", &["ok", "ok"][..]));
    assert!(out.contains("rules that apply to no object:\n  p/off: its `where` is false"), "{out}");
    assert!(out.contains("seed 1: 200 verdicts of 2 engines on 1 rules compared in "), "{out}");
}

#[cfg(feature = "engines")]
#[test]
fn a_rule_that_never_fails_is_a_finding() {
    let work = policies("pack p\nrule always { match Pod\n require object.kind == \"Pod\" message \"no Pod\" }\n");
    let (out, _) = said(&mut verify(work.path(), &["p.pol", "--cases", "100"]), 1);
    assert!(out.contains("rules that were not seen both to pass and to fail:\n  p/always: passed 49, failed 0, did not apply 1"), "{out}");
    let report = json(&mut verify(work.path(), &["p.pol", "--cases", "100"]), 1);
    assert_eq!(report["oneSided"][0]["rule"], "p/always");
    let (xml, _) = said(&mut verify(work.path(), &["p.pol", "--cases", "100", "--format", "junit"]), 1);
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"polc verify\" tests=\"3\" failures=\"1\""),
        "{xml}"
    );
    assert!(xml.contains("<testcase name=\"p/always\" classname=\"regorus\"/>"), "{xml}");
    assert!(xml.contains("<failure message=\"not seen both to pass and to fail\">passed 49, failed 0, did not apply 1</failure>"), "{xml}");
}

#[cfg(feature = "engines")]
#[test]
fn given_objects_are_judged_in_every_engine() {
    let work = policies(POLICY);
    let objects = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: true, containers: [{name: c, image: app}]}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {hostNetwrok: true, containers: [{name: c, image: app}]}\n---\n\
        apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  operation: UPDATE\n  object: {apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {hostNetwork: true}}\n  \
        oldObject: {apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {}}\n";
    std::fs::write(work.path().join("objects.yaml"), objects).unwrap();
    let report = json(&mut verify(work.path(), &["p.pol", "--objects", "objects.yaml"]), 0);
    for row in report["results"].as_array().unwrap() {
        assert_eq!((&row["cases"], &row["pass"], &row["fail"]), (&3.into(), &1.into(), &2.into()), "{row}");
    }
    let report = json(&mut verify(work.path(), &["p.pol", "--objects", "objects.yaml", "--only-valid"]), 0);
    assert_eq!(report["objectsLeftOut"][0]["line"], 9);
    assert!(report["objectsLeftOut"][0]["why"].as_str().unwrap().contains("`hostNetwork`"), "{report}");
    // Of objects that no rule is about, nothing is shown of an engine that was asked for.
    let mut other = verify(work.path(), &["p.pol", "--engine", "regorus", "--objects", "-"]);
    let report = json(other.write_stdin("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"), 1);
    assert_eq!(report["judgedNothing"], serde_json::json!([{"engine": "regorus", "why": "it judges none of the cases"}]));
    let (_, err) = said(verify(work.path(), &["p.pol", "--objects", "-"]).write_stdin("# nothing\n"), 2);
    assert!(err.contains("there is no object to judge in what was given"), "{err}");
}

#[test]
fn engines_that_are_missing_or_unknown_are_wrong_usage() {
    let work = policies(POLICY);
    let (_, err) = said(&mut verify(work.path(), &["p.pol", "--engine", "opa"]), 2);
    assert!(err.contains("the engine `opa` is missing: there is no `polc-opa` on the `PATH`"), "{err}");
    assert!(err.contains("tests/engines/build.sh"), "{err}");
    let (_, err) = said(&mut verify(work.path(), &["p.pol", "--engine", "opaa"]), 2);
    assert!(err.contains("there is no engine `opaa`") && err.contains("opa-1.17"), "{err}");
    let (_, err) = said(&mut verify(work.path(), &["p.pol", "--engines-dir", "nowhere"]), 2);
    assert!(err.contains("there is no folder `nowhere`"), "{err}");
    let (out, _) = said(&mut verify(work.path(), &["p.pol", "--engine", "kyverno", "--format", "json"]), 2);
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(report["errors"][0]["code"], "engine-missing");
}

#[test]
fn a_run_that_compares_nothing_is_refused() {
    let work = policies(POLICY);
    let (_, err) = said(&mut verify(work.path(), &["p.pol", "--rule", "other"]), 2);
    assert!(err.contains("there is no rule to verify"), "{err}");
}

#[cfg(unix)]
mod broken {
    //! An engine that does not do as it should.

    use super::{POLICY, json, policies, said, verify};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    fn engine(folder: &Path, script: &str) {
        let path = folder.join("polc-opa");
        std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn one_that_never_finds_anything(folder: &Path) {
        engine(
            folder,
            "echo '{\"ready\":true}'\nwhile read -r line; do id=${line#*:}; id=${id%%,*}; echo \"{\\\"id\\\":$id,\\\"result\\\":[]}\"; done\n",
        );
    }

    #[test]
    fn a_disagreement_is_shown_small_with_a_command_that_repeats_it() {
        let work = policies(POLICY);
        one_that_never_finds_anything(work.path());
        let mut command = verify(work.path(), &["p.pol", "--engine", "opa", "--engines-dir", ".", "--cases", "60"]);
        let (out, _) = said(&mut command, 1);
        assert!(out.contains("p.pol:7: opa differs on p/no-host-network ("), "{out}");
        assert!(out.contains("  reference: finding: x uses the host's network\n  opa: no finding\n"), "{out}");
        assert!(out.contains("violations contains {\"rule\": \"p/no-host-network\""), "{out}");
        let expected = "polc verify p.pol --rule p/no-host-network --engine opa --engines-dir . --objects - <<'END'\n\
            apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {hostNetwork: true}\nEND\n";
        assert!(out.contains(expected), "{out}");
        let (_, object) = expected.trim_end().split_once('\n').unwrap();
        let mut again =
            verify(work.path(), &["p.pol", "--rule", "p/no-host-network", "--engine", "opa", "--engines-dir", ".", "--objects", "-"]);
        let report = json(again.write_stdin(object.trim_end_matches("END")), 1);
        assert_eq!(report["disagreements"][0]["object"]["metadata"]["name"], "x");
        assert_eq!(report["results"][0]["disagreements"], 1);
    }

    #[test]
    fn what_is_said_beside_an_object_is_shown_with_it() {
        let work = policies(
            "pack p\n\nrule alone {\n    match Pod\n    forbid any b in cluster(ConfigMap): b.metadata.name == \"a\" message \"a is there\"\n}\n",
        );
        one_that_never_finds_anything(work.path());
        let pod = r#"{ apiVersion: v1, kind: Pod, metadata: { name: x, namespace: n } }"#;
        let map = r#"{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: n } }"#;
        let review = |more: &str| {
            format!(
                "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest: {{ operation: CREATE, userInfo: {{ username: u }}, object: {pod} }}\n{more}\n"
            )
        };
        for (more, beside, unknown) in [
            (format!("beside: [{map}]"), serde_json::json!(["a"]), serde_json::json!([])),
            ("unknown: [ConfigMap]".to_owned(), serde_json::json!([]), serde_json::json!(["ConfigMap"])),
        ] {
            let mut command = verify(work.path(), &["p.pol", "--engine", "opa", "--engines-dir", ".", "--objects", "-"]);
            let report = json(command.write_stdin(review(&more)), 1);
            let found = &report["disagreements"][0];
            let names: Vec<_> = found["beside"].as_array().unwrap().iter().map(|object| object["metadata"]["name"].clone()).collect();
            assert_eq!((serde_json::Value::from(names), &found["unknown"]), (beside, &unknown), "{report}");
        }
    }

    const MUTATION: &str =
        "//! A pack.\npack p\n\n/// Off.\nmutation links {\n    match Pod\n    default pod.spec.priorityClassName = \"apps\"\n}\n";

    // Makes of each object what the script says.
    fn changing(folder: &Path, name: &str, answer: &str) {
        engine(
            folder,
            &format!("echo '{{\"ready\":true,\"refused\":[]}}'\nwhile read -r line; do id=${{line#*:}}; id=${{id%%,*}}; {answer}; done\n"),
        );
        std::fs::rename(folder.join("polc-opa"), folder.join(name)).unwrap();
    }

    #[test]
    fn what_a_mutation_makes_is_compared_too() {
        let work = policies(MUTATION);
        changing(work.path(), "polc-kyverno-change", "echo \"{\\\"id\\\":$id,\\\"after\\\":{\\\"kind\\\":\\\"Pod\\\"}}\"");
        let arguments = ["p.pol", "--engine", "kyverno-mpol", "--engines-dir", ".", "--cases", "40"];
        let report = json(&mut verify(work.path(), &arguments), 1);
        let row = &report["changes"][0];
        assert_eq!((&row["change"], &row["engine"], &row["cases"]), (&"p/links".into(), &"kyverno-mpol".into(), &40.into()), "{report}");
        assert!(row["changed"].as_u64() > Some(0) && row["leftAlone"].as_u64() > Some(0), "{row}");
        assert_eq!(row["disagreements"], 40);
        assert_eq!(report["disagreements"][0]["got"], r#"{"kind":"Pod"}"#);
        let (out, _) = said(&mut verify(work.path(), &arguments), 1);
        let head: Vec<&str> = out.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(head, ["CHANGE", "CASES", "CHANGED", "LEFT", "ALONE", "UNREADABLE", "kyverno-mpol"]);
        assert!(out.contains("p.pol:5: kyverno-mpol differs on p/links (40 cases)\n"), "{out}");
        assert!(
            out.contains(
                "--rule p/links --engine kyverno-mpol --engines-dir . --objects - <<'END'\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
            ),
            "{out}"
        );
        assert!(out.contains("40 verdicts of 1 engines on 1 rules and changes compared in "), "{out}");
        let (xml, _) = said(verify(work.path(), &arguments).args(["--format", "junit"]), 1);
        assert!(xml.contains("<failure message=\"40 of 40 cases differ\">"), "{xml}");
    }

    #[test]
    fn a_change_that_never_changes_is_a_finding() {
        let work = policies(MUTATION);
        changing(work.path(), "polc-mutate", "echo \"{\\\"id\\\":$id,\\\"unreadable\\\":\\\"no\\\"}\"");
        let (out, _) = said(&mut verify(work.path(), &["p.pol", "--engine", "map", "--engines-dir", ".", "--cases", "20"]), 1);
        assert!(
            out.contains("changes that were not seen both to change an object and to leave one alone:\n  p/links: changed 0, left 0 alone"),
            "{out}"
        );
    }

    #[test]
    fn an_engine_that_was_asked_for_and_judges_nothing_is_a_finding() {
        let work = policies(POLICY);
        changing(work.path(), "polc-mutate", "true");
        changing(work.path(), "polc-kyverno", "true");
        let arguments = ["p.pol", "--engine", "map,kyverno-exceptions", "--engines-dir", ".", "--cases", "20"];
        let (out, _) = said(&mut verify(work.path(), &arguments), 1);
        assert!(
            out.contains(
                "engines that were asked for and judged nothing:\n  kyverno-exceptions: it leaves out p/no-host-network: it has no exemption\n  \
                map: there is no mutation or generation\n"
            ),
            "{out}"
        );
        let report = json(&mut verify(work.path(), &arguments), 1);
        assert_eq!(report["judgedNothing"][1], serde_json::json!({"engine": "map", "why": "there is no mutation or generation"}));
        let (xml, _) = said(verify(work.path(), &arguments).args(["--format", "junit"]), 1);
        assert!(xml.contains("<testsuites name=\"polc verify\" tests=\"2\" failures=\"2\""), "{xml}");
        assert!(
            xml.contains("<testcase name=\"map\" classname=\"judged nothing\">\n      <failure message=\"judged nothing\">there is no mutation or generation</failure>"),
            "{xml}"
        );
        // Where it was not asked for by name, it is there for others.
        std::fs::remove_file(work.path().join("polc-kyverno")).unwrap();
        let (out, _) = said(&mut verify(work.path(), &["p.pol", "--engines-dir", ".", "--cases", "200"]), 0);
        assert!(!out.contains("judged nothing"), "{out}");
    }

    #[test]
    fn an_engine_whose_rules_are_all_left_out_says_why() {
        let work = policies(&POLICY.replace("forbid pod.spec.hostNetwork", "targets except vap\n    forbid pod.spec.hostNetwork"));
        changing(work.path(), "polc-admit", "true");
        let (out, _) = said(&mut verify(work.path(), &["p.pol", "--engine", "vap", "--engines-dir", "."]), 1);
        assert!(out.contains("judged nothing:\n  vap: it leaves out p/no-host-network: its `targets` clause leaves it out\n"), "{out}");
    }

    #[test]
    fn a_policy_that_an_engine_refuses_never_looks_like_one_that_changes_nothing() {
        let work = policies(MUTATION);
        engine(work.path(), "echo '{\"ready\":true,\"refused\":[{\"policy\":\"p-links\",\"reason\":\"no\"}]}'\ncat > /dev/null\n");
        std::fs::rename(work.path().join("polc-opa"), work.path().join("polc-mutate")).unwrap();
        let (_, err) = said(&mut verify(work.path(), &["p.pol", "--engine", "map", "--engines-dir", "."]), 2);
        assert!(err.contains("the engine `map` does not start: it refuses policies: "), "{err}");
    }

    #[test]
    fn an_engine_that_dies_differs_everywhere_it_dies() {
        let work = policies(POLICY);
        engine(work.path(), "echo '{\"ready\":true}'\nread -r line\necho gone >&2\nexit 3\n");
        let mut command = verify(work.path(), &["p.pol", "--engine", "opa", "--engines-dir", ".", "--cases", "5"]);
        let report = json(&mut command, 1);
        assert_eq!(report["results"][0]["disagreements"], 5);
        assert!(report["disagreements"][0]["got"].as_str().unwrap().starts_with("error: it ended: gone"), "{report}");
    }

    #[test]
    fn an_engine_that_does_not_start_is_wrong_usage() {
        let work = policies(POLICY);
        engine(work.path(), "echo 'cannot load' >&2\nexit 2\n");
        let (_, err) = said(&mut verify(work.path(), &["p.pol", "--engine", "opa", "--engines-dir", "."]), 2);
        assert!(err.contains("the engine `opa` does not start: cannot load"), "{err}");
    }
}
