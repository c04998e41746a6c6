//! Every case under `golden/`: what `polc build` writes for it is there, byte for byte, and nothing else is.
//!
//! A case is a folder of `.pol` files, with the options of the build in `build.json` where it needs any, and CustomResourceDefinitions in `crds`. `POLC_UPDATE_GOLDEN=1 cargo test --test golden`
//! writes what is expected anew; read the difference before you commit it.
//! What is written for `policies/` is held there as a digest for each target, in `policies.sha256`, and what its rules cost the API server in `policies.costs.tsv`.

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

use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use support::golden::{self, Case};
use support::repository;

fn update() -> bool {
    std::env::var_os("POLC_UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// What is wrong with a case; nothing when it is as it has to be.
fn problems(case: &Case) -> Vec<String> {
    let made = case.build();
    let expected = case.folder.join("expected");
    if update() {
        if expected.exists() {
            fs::remove_dir_all(&expected).unwrap();
        }
        for (path, contents) in &made {
            let path = expected.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
    }
    let held = if expected.exists() { golden::files(&expected, 1) } else { BTreeMap::new() };
    let mut problems = Vec::new();
    for path in held.keys().chain(made.keys()).collect::<BTreeSet<_>>() {
        match (held.get(path), made.get(path)) {
            (Some(held), Some(made)) if held == made => {}
            (Some(held), Some(made)) => {
                let (held, made) = (String::from_utf8_lossy(held), String::from_utf8_lossy(made));
                let difference =
                    similar::TextDiff::from_lines(&*held, &*made).unified_diff().context_radius(2).header("expected", "made").to_string();
                problems.push(format!("{}/{path} is stale:\n{difference}", case.name));
            }
            (Some(_), None) => problems.push(format!("{}/{path} is no longer made", case.name)),
            (None, Some(_)) => problems.push(format!("{}/{path} is made but not expected", case.name)),
            (None, None) => {}
        }
    }
    problems
}

#[test]
fn every_case_gives_what_is_expected() {
    let cases = golden::cases();
    assert!(cases.len() >= 15, "only {} golden cases were found", cases.len());
    let problems: Vec<String> = cases.iter().flat_map(problems).collect();
    assert!(
        problems.is_empty(),
        "{}\n{} golden files differ: `POLC_UPDATE_GOLDEN=1 cargo test --test golden` writes them anew",
        problems.join("\n"),
        problems.len()
    );
}

#[test]
fn two_builds_are_the_same() {
    for case in golden::cases() {
        assert_eq!(case.build(), case.build(), "{}", case.name);
    }
}

#[test]
fn nothing_but_cases_lies_in_the_folder() {
    for case in golden::cases() {
        let mut sources = 0;
        for entry in fs::read_dir(&case.folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            sources += usize::from(name.ends_with(".pol"));
            assert!(
                name.ends_with(".pol") || name == "build.json" || name == "expected" || name == "crds",
                "{}: what is {name}?",
                case.name
            );
        }
        assert!(sources > 0, "{} holds no .pol file", case.name);
        let targets: BTreeSet<String> = case.build().keys().map(|path| path.split('/').next().unwrap().to_owned()).collect();
        assert!(!targets.is_empty(), "{} gives nothing", case.name);
    }
}

/// The builds of the shipped policies that are held as digests, each with its options.
const BUILDS: &[(&str, &[&str])] = &[
    ("default", &[]),
    ("gatekeeper-cel", &["--target", "gatekeeper", "--gatekeeper-engine", "cel"]),
    ("gatekeeper-rules", &["--target", "gatekeeper", "--gatekeeper-layout", "rule"]),
    ("kubernetes-1.35", &["--target", "vap", "--kubernetes", "1.35"]),
];

/// Compares with a file of `golden/`, or writes it.
fn compare(name: &str, made: &str) {
    let path = repository("golden").join(name);
    if update() {
        fs::write(&path, made).unwrap();
    }
    let held = fs::read_to_string(&path).unwrap();
    let difference = similar::TextDiff::from_lines(&*held, made).unified_diff().context_radius(0).header("expected", "made").to_string();
    assert!(
        difference.is_empty(),
        "{difference}`POLC_UPDATE_GOLDEN=1 cargo test --test golden` writes `golden/{name}` anew; compare what `polc build` wrote before and writes now"
    );
}

#[test]
fn the_shipped_policies_give_what_they_gave() {
    let (mut digests, mut costs) = (String::new(), String::from("rule\ttarget\tpolicy\tcall\n"));
    for (name, options) in BUILDS {
        let out = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_polc"));
        command.arg("build").arg(repository("policies")).arg("--out").arg(out.path()).args(["--format", "json"]).args(*options);
        let report: serde_json::Value = serde_json::from_slice(&golden::succeed(&mut command)).unwrap();
        let mut of_target: BTreeMap<String, Sha256> = BTreeMap::new();
        for (path, contents) in golden::files(out.path(), 2) {
            let digest = of_target.entry(path.split('/').next().unwrap().to_owned()).or_default();
            digest.update(path.as_bytes());
            digest.update((contents.len() as u64).to_be_bytes());
            digest.update(contents);
        }
        for (target, digest) in of_target {
            let digest = digest.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            writeln!(digests, "{digest}  {name}/{target}").unwrap();
        }
        if options.is_empty() {
            for row in report["rules"].as_array().unwrap().iter().filter(|row| row["cost"].is_object()) {
                let total = row["cost"].get("total").map_or("-".to_owned(), |total| total.to_string());
                let of = |field: &str| row[field].as_str().unwrap();
                writeln!(costs, "{}\t{}\t{total}\t{}", of("rule"), of("target"), row["cost"]["call"]).unwrap();
            }
        }
    }
    compare("policies.sha256", &digests);
    compare("policies.costs.tsv", &costs);
}
