//! Every case under `golden/`: what `polc build` writes for it is there, byte for byte, and nothing else is.
//!
//! A case is a folder of `.pol` files, with the options of the build in `build.json` where it needs any. `POLC_UPDATE_GOLDEN=1 cargo test --test golden`
//! writes what is expected anew; read the difference before you commit it.

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

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use support::golden::{self, Case};

/// The files below a folder, by their path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            (
                path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

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
    let held = if expected.exists() { files(&expected) } else { BTreeMap::new() };
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
            assert!(name.ends_with(".pol") || name == "build.json" || name == "expected", "{}: what is {name}?", case.name);
        }
        assert!(sources > 0, "{} holds no .pol file", case.name);
        let targets: BTreeSet<String> = case.build().keys().map(|path| path.split('/').next().unwrap().to_owned()).collect();
        assert!(!targets.is_empty(), "{} gives nothing", case.name);
    }
}
