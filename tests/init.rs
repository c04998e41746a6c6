//! A repository laid out by `polc init`: it builds, its tests pass, the good manifest passes and the bad one is found; nothing is overwritten.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn polc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polc")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().strip_prefix(folder).unwrap().display().to_string(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn each_level_builds_and_checks_at_once() {
    let mut rules = Vec::new();
    for level in ["baseline", "restricted", "hardened", "full"] {
        let folder = tempfile::tempdir().unwrap();
        let made = polc(folder.path(), &["init", "repository", "--level", level]);
        assert!(made.status.success(), "{level}: {}", text(&made.stderr));
        let repository = folder.path().join("repository");

        let built = polc(&repository, &["build"]);
        assert!(built.status.success(), "{level}: {}", text(&built.stderr));
        assert!(built.stderr.is_empty(), "{level}: {}", text(&built.stderr));
        for target in ["opa", "kyverno", "psa"] {
            assert!(repository.join("dist").join(target).is_dir(), "{level}: {target}");
        }
        let good = polc(&repository, &["check", "examples/good.yaml"]);
        assert_eq!(good.status.code(), Some(0), "{level}: {}", text(&good.stdout));
        let bad = polc(&repository, &["check", "examples/bad.yaml", "--format", "json"]);
        assert_eq!(bad.status.code(), Some(1), "{level}");
        let found: serde_json::Value = serde_json::from_slice(&bad.stdout).unwrap();
        let names: Vec<&str> = found["results"].as_array().unwrap().iter().map(|row| row["rule"].as_str().unwrap()).collect();
        assert!(names.contains(&"pod-security-baseline/privileged"), "{level}: {names:?}");
        assert_eq!(names.contains(&"pod-security-restricted/run-as-non-root"), level != "baseline", "{level}");
        assert_eq!(names.contains(&"images/no-latest"), level == "hardened" || level == "full", "{level}");
        let listed: serde_json::Value = serde_json::from_slice(&polc(&repository, &["list", "--format", "json"]).stdout).unwrap();
        rules.push(listed["items"].as_array().unwrap().len());
    }
    assert!(rules.is_sorted_by(|a, b| a < b), "{rules:?}");
}

#[cfg(unix)]
#[test]
fn the_script_for_ci_passes_and_notices() {
    let folder = tempfile::tempdir().unwrap();
    assert!(polc(folder.path(), &["init"]).status.success());
    assert!(polc(folder.path(), &["build"]).status.success());
    let bin = Path::new(env!("CARGO_BIN_EXE_polc")).parent().unwrap().to_owned();
    let run = || {
        let path =
            std::env::join_paths([bin.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap()))).unwrap();
        Command::new("./check.sh").current_dir(folder.path()).env("PATH", path).output().unwrap()
    };
    let fine = run();
    assert!(fine.status.success(), "{}{}", text(&fine.stdout), text(&fine.stderr));
    let own = folder.path().join("policies/own/own.pol");
    let changed = fs::read_to_string(&own).unwrap().replace("severity low", "severity high");
    fs::write(&own, changed).unwrap();
    assert!(!run().status.success(), "the output is stale");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("policies/own")).unwrap();
    fs::write(folder.path().join("policies/own/own.pol"), "mine").unwrap();
    let before = files(folder.path());
    let refused = polc(folder.path(), &["init"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("own.pol` is there already") && said.contains("nothing was written; give a new folder"), "{said}");
    assert_eq!(files(folder.path()), before);

    let unknown = polc(folder.path(), &["init", "--level", "lax"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("[possible values: baseline, restricted, hardened, full]"), "{}", text(&unknown.stderr));
}

#[test]
fn the_report_names_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = polc(folder.path(), &["init", "new", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let written: Vec<&str> = report["written"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(written, files(&folder.path().join("new")).keys().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(report["level"], "baseline");
}
