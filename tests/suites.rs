//! The tests that `polc build` writes in the engines' own forms are run by the engines' own commands: those of `policies/` and of every golden case. Each passes, and none passes when what it expects is turned round.

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

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{engine, golden, repository};

/// What an engine's command said: its exit code, and both outputs.
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(program).args(arguments).current_dir(folder).env("HOME", folder).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), said)
}

/// A folder with a folder for each golden case: what is built of it, where it has tests for the target.
fn cases(target: &str) -> tempfile::TempDir {
    let all = tempfile::tempdir().unwrap();
    for case in golden::cases() {
        let out = all.path().join(&case.name);
        case.build_into(&out);
        if !out.join(format!("{target}-tests")).exists() {
            fs::remove_dir_all(out).unwrap();
        }
    }
    all
}

/// The shipped policies, built.
fn shipped(target: &str) -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    golden::build(&[repository("policies")], &None, &[target.to_owned()], &[], out.path());
    out
}

/// Each folder in a folder.
fn folders(of: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// The text files below a folder that end so.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

fn count(folder: &Path, ending: &str, what: &str) -> usize {
    files(folder, ending).iter().map(|(_, text)| text.matches(what).count()).sum()
}

fn change(folder: &Path, ending: &str, with: impl Fn(&str) -> String) {
    for (path, text) in files(folder, ending) {
        fs::write(path, with(&text)).unwrap();
    }
}

#[test]
fn opa_runs_the_tests_of_its_modules() {
    let Some(opa) = engine::find("opa", "the tests for `opa test`") else { return };
    let (cases, shipped) = (cases("opa"), shipped("opa"));
    for folder in folders(cases.path()).iter().chain([&shipped.path().to_owned()]) {
        let tests = count(&folder.join("opa-tests"), "_test.rego", "\ntest_");
        assert!(tests > 0, "{}", folder.display());
        let (code, said) = run(&opa, folder, &["test", "opa", "opa-tests"]);
        assert!(code == Some(0) && said.contains(&format!("PASS: {tests}/{tests}")), "{}: {said}", folder.display());
        let (code, said) = run(&opa, folder, &["check", "--strict", "opa", "opa-tests"]);
        assert_eq!(code, Some(0), "{said}");
        let (_, said) = run(&opa, folder, &["fmt", "--diff", "opa-tests"]);
        assert_eq!(said, "");
        change(&folder.join("opa-tests"), ".rego", |text| text.replace(") == ", ") != "));
        let (_, said) = run(&opa, folder, &["test", "opa", "opa-tests"]);
        assert!(said.contains(&format!("FAIL: {tests}/{tests}")), "{}: {said}", folder.display());
    }
}

#[test]
fn conftest_runs_the_tests_of_its_modules() {
    let Some(conftest) = engine::find("conftest", "the tests for `conftest verify`") else { return };
    let (cases, shipped) = (cases("conftest"), shipped("conftest"));
    for folder in folders(cases.path()).iter().chain([&shipped.path().to_owned()]) {
        let tests = count(&folder.join("conftest-tests"), "_test.rego", "\ntest_");
        assert!(tests > 0, "{}", folder.display());
        let verify = || run(&conftest, folder, &["verify", "--policy", "conftest", "--policy", "conftest-tests", "--no-color"]);
        let (code, said) = verify();
        assert!(code == Some(0) && said.contains(&format!("{tests} tests, {tests} passed")), "{}: {said}", folder.display());
        change(&folder.join("conftest-tests"), ".rego", |text| text.replace(") == ", ") != "));
        let (code, said) = verify();
        assert!(code == Some(1) && said.contains(&format!("{tests} tests, 0 passed")), "{}: {said}", folder.display());
    }
}

#[test]
fn gator_runs_the_suites_of_its_templates() {
    let Some(gator) = engine::find("gator", "the suites for `gator verify`") else { return };
    let verify = |folder: &Path| {
        let cases = count(folder, "suite.yaml", "\n    object: ");
        let (code, said) = run(&gator, folder, &["verify", "--verbose", "./..."]);
        (code, said.matches("    --- PASS: ").count(), cases, said)
    };
    let (cases, shipped) = (cases("gatekeeper"), shipped("gatekeeper"));
    for folder in [cases.path(), shipped.path()] {
        let (code, passed, all, said) = verify(folder);
        assert!(code == Some(0) && passed == all && all > 15, "{passed} of {all}: {said}");
    }
    change(cases.path(), "suite.yaml", |text| {
        text.replace("- violations: 0\n", "- violations: 2\n").replace("- violations: 1\n", "- violations: 0\n")
    });
    let (code, passed, _, said) = verify(cases.path());
    assert!(code == Some(1) && passed == 0, "{said}");
}

fn kyverno_runs(target: &str) {
    let Some(kyverno) = engine::find("kyverno", "the tests for `kyverno test`") else { return };
    let test = |folder: &Path| {
        let results = count(folder, "kyverno-test.yaml", "\n  result: ");
        let (code, said) = run(&kyverno, folder, &["test", folder.to_str().unwrap(), "--remove-color"]);
        // A rule that gave no result passes as well, but for another reason.
        let passed = said.lines().filter(|line| line.contains("Pass") && line.contains(" Ok ")).count();
        (code, passed, results, said)
    };
    let (cases, shipped) = (cases(target), shipped(target));
    for folder in folders(cases.path()) {
        for other in folders(&folder) {
            if other.file_name().unwrap() != target && other.file_name().unwrap() != &*format!("{target}-tests") {
                if other.is_dir() { fs::remove_dir_all(other).unwrap() } else { fs::remove_file(other).unwrap() }
            }
        }
    }
    for folder in [cases.path(), shipped.path()] {
        let (code, passed, all, said) = test(folder);
        assert!(code == Some(0) && passed == all && all > 15, "{passed} of {all}: {said}");
    }
    let mutations: Vec<PathBuf> = folders(cases.path())
        .iter()
        .chain([&shipped.path().to_owned()])
        .flat_map(|folder| folders(&folder.join(format!("{target}-tests"))))
        .filter(|folder| folder.join("patched.yaml").exists())
        .collect();
    assert!(mutations.len() > 5, "{} tests of mutations", mutations.len());
    for folder in mutations {
        change(&folder, "patched.yaml", |text| text.replacen("metadata:\n", "metadata:\n  generateName: other\n", 1));
        let (code, _, _, said) = test(&folder);
        assert!(code == Some(1) && said.contains("1 tests failed"), "{}: {said}", folder.display());
    }
    change(cases.path(), "kyverno-test.yaml", |text| {
        text.replace("  result: pass", "  result: skip")
            .replace("  result: fail", "  result: pass")
            .replace("  result: skip", "  result: fail")
    });
    let (code, _, all, said) = test(cases.path());
    assert!(code == Some(1) && said.contains(&format!("{all} tests failed")), "{said}");
}

#[test]
fn kyverno_runs_the_tests_of_its_cluster_policies() {
    kyverno_runs("kyverno");
}

#[test]
fn kyverno_runs_the_tests_of_its_validating_policies() {
    kyverno_runs("kyverno-vpol");
}

/// Runs `polc build` in a folder, which has to succeed.
fn polc_build(folder: &Path, arguments: &[&str]) {
    let (code, said) = run(Path::new(env!("CARGO_BIN_EXE_polc")), folder, &[&["build", "--target", "opa,gatekeeper"], arguments].concat());
    assert_eq!(code, Some(0), "{said}");
}

const RULES: &str = "pack a\nparam names: list<string> = [\"x\"]\n\
    rule named { match Pod require object.metadata.name in names message \"{object.metadata.name} is no name\" }\n\
    test named {\n  allow given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"x\" } }\n\
    deny given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"y\" } }\n\
    allow with { names: [\"y\"] } given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"y\" } }\n}\n";

#[test]
fn what_is_expected_is_what_the_rules_say_as_they_are_built() {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path();
    fs::write(folder.join("a.pol"), RULES).unwrap();
    let tests = || fs::read_to_string(folder.join("dist/opa-tests/a_test.rego")).unwrap();
    let expected = |number: usize, messages: &str| format!("given_named_{number}\n\tmessages(violations, \"a/named\") == {messages}\n");
    polc_build(folder, &["a.pol"]);
    let text = tests();
    assert!(text.contains(&expected(1, "set()")) && text.contains(&expected(2, "{\"y is no name\"}")), "{text}");
    assert!(!text.contains("given_named_3"), "a test with other params than those that are built: {text}");
    polc_build(folder, &["a.pol", "--param", "a.names=[\"y\"]"]);
    let text = tests();
    for (number, messages) in [(1, "{\"x is no name\"}"), (2, "set()"), (3, "set()")] {
        assert!(text.contains(&expected(number, messages)), "{text}");
    }
    let suite = fs::read_to_string(folder.join("dist/gatekeeper-tests/suite.yaml")).unwrap();
    assert!(suite.contains("- violations: 1\n    - violations: 1\n      message: \"^x is no name$\"\n"), "{suite}");
    let kustomization = fs::read_to_string(folder.join("dist/gatekeeper/kustomization.yaml")).unwrap();
    assert!(!kustomization.contains("tests"), "{kustomization}");
}

#[test]
fn without_tests_none_are_written_and_those_of_earlier_builds_go() {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path();
    fs::write(folder.join("a.pol"), RULES).unwrap();
    let written = || ["opa-tests", "gatekeeper-tests"].map(|name| folder.join("dist").join(name).exists());
    polc_build(folder, &["a.pol"]);
    assert_eq!(written(), [true, true]);
    polc_build(folder, &["a.pol", "--without-tests"]);
    assert_eq!(written(), [false, false]);
    polc_build(folder, &["a.pol"]);
    fs::write(folder.join("polc.yaml"), "policies: [a.pol]\ntests: false\n").unwrap();
    polc_build(folder, &[]);
    assert_eq!(written(), [false, false]);
    fs::write(folder.join("polc.yaml"), "policies: [a.pol]\ntests: maybe\n").unwrap();
    let (code, said) = run(Path::new(env!("CARGO_BIN_EXE_polc")), folder, &["build"]);
    assert!(code == Some(2) && said.contains("`tests` is text") && said.contains("`true` or `false`"), "{said}");
}

#[test]
fn gator_verifies_every_form_of_template() {
    let Some(gator) = engine::find("gator", "the suites of templates in other forms") else { return };
    let work = tempfile::tempdir().unwrap();
    let folder = work.path();
    fs::write(folder.join("a.pol"), RULES).unwrap();
    let forms: [&[&str]; 3] = [
        &["--gatekeeper-layout", "rule"],
        &["--gatekeeper-engine", "cel"],
        &["--gatekeeper-layout", "rule", "--gatekeeper-points", "webhook,audit"],
    ];
    for form in forms {
        polc_build(folder, &[&["a.pol"], form].concat());
        let (code, said) = run(&gator, folder, &["verify", "--verbose", "./dist/gatekeeper-tests/..."]);
        assert!(code == Some(0) && said.matches("    --- PASS: ").count() == 2, "{form:?}: {said}");
    }
    let constraint = fs::read_to_string(folder.join("dist/gatekeeper/a-named/constraint.yaml")).unwrap();
    assert!(constraint.contains("enforcementAction: scoped\n"), "{constraint}");
}

/// A webhook whose policies are mutations alone gets an answer all the same.
#[test]
fn opa_allows_where_there_is_no_rule() {
    let Some(opa) = engine::find("opa", "the answer of a bundle without rules") else { return };
    let work = tempfile::tempdir().unwrap();
    let folder = work.path();
    fs::write(folder.join("a.pol"), "pack a\nmutation m { targets except gatekeeper match Pod set pod.metadata.labels[\"a\"] = \"b\" }\n")
        .unwrap();
    polc_build(folder, &["a.pol"]);
    fs::write(folder.join("review.json"), "{\"kind\": \"AdmissionReview\", \"request\": {\"uid\": \"u\"}}").unwrap();
    let arguments =
        ["eval", "--bundle", "dist/opa-bundle/bundle.tar.gz", "--input", "review.json", "--format", "raw", "data.system.main.response"];
    let (code, said) = run(&opa, folder, &arguments);
    let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, answer), (Some(0), serde_json::json!({"allowed": true, "uid": "u"})));
    let (code, said) = run(&opa, folder, &["check", "--strict", "dist/opa"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn an_exemption_is_reported_once() {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path();
    let own = "exempt rule named namespaces \"own\" until 2999-01-01 because \"of the policies\"\n";
    fs::write(folder.join("a.pol"), format!("{RULES}{own}")).unwrap();
    let exemption = "exemptions:\n- rules: [a/named]\n  namespaces: [other]\n  until: 2999-01-01\n  because: of the file\n";
    fs::write(folder.join("polc.yaml"), format!("policies: [a.pol]\n{exemption}")).unwrap();
    let (code, said) = run(Path::new(env!("CARGO_BIN_EXE_polc")), folder, &["build", "--target", "opa"]);
    assert_eq!(code, Some(0), "{said}");
    for reason in ["of the policies", "of the file"] {
        assert_eq!(said.matches(reason).count(), 1, "{reason}: {said}");
    }
}
