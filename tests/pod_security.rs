//! The shipped Pod Security packs against Kubernetes' own evaluator, on upstream's fixtures.
//!
//! The fixtures are read from Go's module cache, where building the engines has put them.

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

use polc::cli::verify::engines;
use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::ir::{Operation, Program, Rule};
use polc::schema::Schema;
use polc::verify::generate::{self, Case};
use polc::verify::run::{never_applies, verify_objects};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{compare, engine, engine::Engine, repository};

const LEVELS: [&str; 2] = ["baseline", "restricted"];
const NEWEST: u32 = 37;

/// A Pod of the fixtures and where upstream says that it passes or fails.
struct Fixture {
    pod: Json,
    claims: Vec<(String, u32, bool)>,
}

/// The folder of upstream's fixtures, if Go and the module are there.
fn fixtures_folder() -> Option<PathBuf> {
    let output = Command::new("go")
        .args(["list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission"])
        .current_dir(repository("tests/engines/k8s"))
        .env("GOFLAGS", "-mod=readonly")
        .env("GOWORK", "off")
        .output();
    let folder = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()).join("test/testdata"));
    let folder = folder.filter(|folder| folder.is_dir());
    if folder.is_none() {
        assert!(
            !engine::required(),
            "the fixtures of k8s.io/pod-security-admission are not in Go's module cache: run tests/engines/build.sh k8s"
        );
        support::skip("upstream's Pod Security fixtures, because they are not in Go's module cache");
    }
    folder
}

/// Every distinct Pod below the folder, named by its number.
fn fixtures(folder: &PathBuf) -> Vec<Fixture> {
    let mut found: BTreeMap<String, Fixture> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let inside: Vec<String> =
            entry.path().strip_prefix(folder).unwrap().components().map(|part| part.as_os_str().to_str().unwrap().to_owned()).collect();
        let [level, version, side, _] = inside.as_slice() else { panic!("what is {inside:?}?") };
        let version = version.strip_prefix("v1.").unwrap().parse().unwrap();
        let pod: Json = serde_yaml::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
        let fixture = found.entry(pod.to_string()).or_insert_with(|| Fixture { pod, claims: Vec::new() });
        fixture.claims.push((level.clone(), version, side == "pass"));
    }
    let mut fixtures: Vec<Fixture> = found.into_values().collect();
    for (number, fixture) in fixtures.iter_mut().enumerate() {
        fixture.pod["metadata"]["name"] = json!(format!("fixture-{number}"));
    }
    fixtures
}

/// The names of the Pods that the shipped pack denies.
fn denied(list: &PathBuf, level: &str, version: u32) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_polc"))
        .args([
            "check",
            "--policies",
            &format!("policies/pod-security/{level}.pol"),
            "--param",
            &format!("version=v1.{version}"),
            "--format",
            "json",
        ])
        .arg(list)
        .current_dir(repository(""))
        .output()
        .unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let unreadable = report["results"].as_array().unwrap().iter().find(|row| row["rule"] == "builtin/yaml-syntax");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{unreadable:?} {}", String::from_utf8_lossy(&output.stderr));
    let rows = report["results"].as_array().unwrap().iter();
    rows.filter(|row| row["verdict"] == "fail" && !row["rule"].as_str().unwrap().starts_with("builtin/"))
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Says where two verdicts differ, a few of them in full.
fn report(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} verdicts differ, first of all:\n{}",
        wrong.len(),
        wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn upstreams_fixtures_get_the_real_verdicts() {
    let Some(program) = engine::find("polc-psa", "the Pod Security fixtures") else { return };
    let Some(folder) = fixtures_folder() else { return };
    let fixtures = fixtures(&folder);
    assert!(fixtures.len() > 300, "only {} distinct Pods", fixtures.len());
    let claims = compare(&program, &fixtures);
    assert!(claims > 4_000, "only {claims} claims of upstream were met");
}

/// Both levels at every version; gives how many of upstream's own claims were met.
fn compare(program: &Path, fixtures: &[Fixture]) -> usize {
    let mut asked: Vec<(&str, u32, &Fixture)> = Vec::new();
    for level in LEVELS {
        for version in 0..=NEWEST {
            asked.extend(fixtures.iter().map(|fixture| (level, version, fixture)));
        }
    }
    let requests: Vec<Json> = asked
        .iter()
        .map(|(level, version, fixture)| json!({"object": fixture.pod, "level": level, "version": format!("v1.{version}")}))
        .collect();
    let engine = Engine::start(program, &[]);
    assert_eq!(engine.hello["checks"], 19);
    let answers = engine.answers(&requests);

    let work = tempfile::tempdir().unwrap();
    let list = work.path().join("pods.json");
    let items: Vec<&Json> = fixtures.iter().map(|fixture| &fixture.pod).collect();
    // Characters that YAML does not hold as they are.
    let escaped = |c: char| if c.is_control() || c == '\u{feff}' { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    let text: String = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string().chars().map(escaped).collect();
    std::fs::write(&list, text).unwrap();
    let mut by_pack = BTreeMap::new();
    for level in LEVELS {
        for version in 0..=NEWEST {
            by_pack.insert((level, version), denied(&list, level, version));
        }
    }

    let (mut wrong, mut claims) = (Vec::new(), 0);
    for ((level, version, fixture), answer) in asked.iter().zip(&answers) {
        let allowed = answer["allowed"].as_bool().unwrap_or_else(|| panic!("{answer}: {}", fixture.pod));
        for (_, _, passes) in fixture.claims.iter().filter(|(of, at, _)| of == level && at == version) {
            claims += 1;
            assert_eq!(*passes, allowed, "upstream's own claim at {level} v1.{version}: {}", fixture.pod);
        }
        let name = fixture.pod["metadata"]["name"].as_str().unwrap();
        if by_pack[&(*level, *version)].contains(name) == allowed {
            let said = if allowed { "allows it".to_owned() } else { format!("denies it: {}", answer["reasons"]) };
            wrong.push(format!("{level} v1.{version}: Kubernetes {said}, the pack does not: {}", fixture.pod));
        }
    }
    report(&wrong);
    claims
}

/// Pods out of the rules of both levels, at a version.
fn generated(level: &str, version: u32, each: usize) -> (Program, Vec<Case>) {
    let mut sources = Sources::default();
    for file in ["baseline", "restricted"] {
        let path = format!("policies/pod-security/{file}.pol");
        sources.add(path.clone(), std::fs::read_to_string(repository(&path)).unwrap());
    }
    let options = polc::resolve::Options {
        params: BTreeMap::from([("version".to_owned(), format!("v1.{version}"))]),
        roots: BTreeSet::from([format!("pod-security-{level}")]),
        ..Default::default()
    };
    let program = compile(&sources, &options).unwrap_or_else(|errors| panic!("{errors:?}")).program;
    let seed = compare::number("POLC_SEED", 1);
    let rules = program.packs.values().flat_map(|pack| &pack.rules);
    let pods = rules
        .flat_map(|rule| {
            let mut pods = Rule { kinds: rule.kinds.clone(), ..rule.clone() };
            pods.kinds.retain(|kind| kind.kind == "Pod");
            pods.operations.retain(|operation| *operation == Operation::Create);
            generate::whole_cases(&pods, Schema::kubernetes(), seed, each)
        })
        .collect();
    (program, pods)
}

/// The API server reads a null in a list as an empty element, so that nothing in a cluster ever sees one; in a file it counts as not there.
fn without_null_elements(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().filter(|item| !item.is_null()).map(without_null_elements).collect(),
        Json::Object(map) => Json::Object(map.into_iter().map(|(name, value)| (name, without_null_elements(value))).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}

#[test]
fn generated_pods_get_the_real_verdicts() {
    let Some(program) = engine::find("polc-psa", "generated Pods against Pod Security") else { return };
    let mut fixtures: Vec<Fixture> = Vec::new();
    for (level, version) in [("baseline", 0), ("restricted", 8), ("restricted", 22), ("restricted", 34), ("restricted", NEWEST)] {
        let (_, pods) = generated(level, version, 4);
        fixtures.extend(pods.into_iter().map(|case| Fixture { pod: without_null_elements(case.object), claims: Vec::new() }));
    }
    assert!(fixtures.len() > 300, "only {} Pods", fixtures.len());
    for (number, fixture) in fixtures.iter_mut().enumerate() {
        fixture.pod["metadata"]["name"] = json!(format!("generated-{number}"));
    }
    compare(&program, &fixtures);
}

/// The versions at which a check changes.
const CHANGES: [u32; 13] = [0, 8, 19, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37];

#[test]
fn every_engine_has_the_levels_at_each_version_at_which_they_change() {
    for name in ["opa", "kyverno"] {
        let known = engines::find(name).unwrap();
        let engines::Source::Program { file, start } = known.source else { panic!("{name}") };
        let Some(path) = engine::find(file, "the levels of Pod Security") else { continue };
        for level in LEVELS {
            for version in CHANGES {
                let (program, pods) = generated(level, version, 10);
                let rules: Vec<&Rule> =
                    program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| never_applies(rule).is_none()).collect();
                let start_with = engines::Start { rules: &rules, program: &program, path: &path, name: known.name };
                let engine = start(start_with).unwrap_or_else(|error| panic!("{name}: {error}"));
                let outcome = verify_objects(&rules, &program, &[engine], (&pods, Schema::kubernetes()), &|_| ());
                assert_eq!(outcome.disagreements, [], "{name} at {level} v1.{version}");
                assert_eq!(outcome.left_out, [], "{name} at {level} v1.{version}");
                assert!(outcome.rows.iter().map(|row| row.tally.fail).sum::<usize>() > 30, "{name} at {level} v1.{version}");
            }
        }
    }
}

#[test]
fn the_emitted_labels_and_configuration_mean_what_was_written() {
    let Some(program) = engine::find("polc-psa", "the Pod Security labels") else { return };
    let work = tempfile::tempdir().unwrap();
    let targets = ["psa".to_owned(), "admission-config".to_owned()];
    support::golden::build(&[repository("golden/pod-security")], &None, &targets, &[], work.path());

    let mut requests = Vec::new();
    let mut names = Vec::new();
    for entry in walkdir::WalkDir::new(work.path()).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        for document in support::yaml_documents(&std::fs::read_to_string(entry.path()).unwrap()) {
            match document["kind"].as_str() {
                // It names the other files.
                Some("Kustomization") => {}
                Some("Namespace") => {
                    names.push(document["metadata"]["name"].as_str().unwrap().to_owned());
                    requests.push(json!({"labels": document["metadata"]["labels"]}));
                }
                Some("AdmissionConfiguration") => {
                    let plugins = document["plugins"].as_array().unwrap();
                    assert_eq!(plugins.len(), 1);
                    assert_eq!(plugins[0]["name"], "PodSecurity");
                    names.push("configuration".to_owned());
                    requests.push(json!({"configuration": plugins[0]["configuration"].to_string()}));
                }
                other => panic!("{}: what is {other:?}?", entry.path().display()),
            }
        }
    }
    let answers = Engine::start(&program, &[]).answers(&requests);
    let said: BTreeMap<&str, &Json> = names.iter().map(String::as_str).zip(&answers).collect();
    let policy = |enforce: &str, audit: &str, warn: &str| json!({"enforce": format!("{enforce}:v1.34"), "audit": format!("{audit}:v1.34"), "warn": format!("{warn}:v1.34")});
    assert_eq!(said["kube-system"]["policy"], policy("privileged", "restricted", "restricted"));
    assert_eq!(said["monitoring"]["policy"], policy("privileged", "restricted", "restricted"));
    assert_eq!(said["payments"]["policy"], policy("restricted", "restricted", "restricted"));
    let mut whole = policy("baseline", "restricted", "restricted");
    whole["exempt"] = json!("namespaces=gpu usernames=system:serviceaccount:kube-system:replicaset-controller runtimeClasses=kata");
    assert_eq!(said["configuration"]["policy"], whole);
}
