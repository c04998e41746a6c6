//! Differences that were once found, here or by others between policies written by hand: each is a test in `tests/cases`, and every engine that is there judges its objects.

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

use assert_cmd::Command;
use polc::cli::verify::engines::{ENGINES, Source, Start};
use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::ir::{Program, Rule, Test};
use polc::verify::engine::Engine;
use polc::verify::generate::Case;
use polc::verify::run::verify_objects;
use std::path::PathBuf;
use support::{engine, repository};

const FOLDER: &str = "tests/cases";

fn program() -> Program {
    let mut sources = Sources::default();
    for entry in walkdir::WalkDir::new(repository(FOLDER)).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            sources.add(entry.path().display().to_string(), std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    compile(&sources, &polc::resolve::Options::default()).unwrap_or_else(|errors| panic!("{errors:?}")).program
}

#[test]
fn the_reference_evaluator_and_the_embedded_engines_pass_them() {
    Command::cargo_bin("polc").unwrap().current_dir(repository("")).args(["test", FOLDER]).assert().success();
}

#[test]
fn every_engine_judges_them_alike() {
    let program = program();
    let rules: Vec<&Rule> = program.packs.values().flat_map(|pack| &pack.rules).collect();
    let tests: Vec<&Test> = program.packs.values().flat_map(|pack| &pack.tests).collect();
    let cases: Vec<Case> = tests.iter().filter_map(|test| Case::of_test(polc::schema::Schema::kubernetes(), test)).collect();
    assert!(cases.len() > 30, "only {} cases", cases.len());
    for known in ENGINES {
        // This one carries the rules that have exemptions, and no others.
        let carries_exempting = known.name == "kyverno-exceptions";
        let carried: Vec<&Rule> = rules.iter().copied().filter(|rule| !carries_exempting || rule.apart.is_some()).collect();
        if carried.is_empty() {
            continue;
        }
        let start = |path: PathBuf| -> Box<dyn Engine> {
            let with = Start { rules: &carried, program: &program, path: &path, name: known.name };
            match known.source {
                #[cfg(feature = "engines")]
                Source::Embedded(start) => start(with),
                Source::Program { start, .. } => start(with).unwrap_or_else(|error| panic!("{}: {error}", known.name)),
                Source::Changing { .. } => panic!("{} judges nothing", known.name),
            }
        };
        let engine = match known.source {
            #[cfg(feature = "engines")]
            Source::Embedded(_) => start(PathBuf::new()),
            Source::Program { file, .. } => match engine::find(file, known.what) {
                Some(path) => start(path),
                None => continue,
            },
            Source::Changing { .. } => continue,
        };
        // Every object by every rule, not only by the one that it was written for.
        let outcome = verify_objects(&carried, &program, &[engine], (&cases, polc::schema::Schema::kubernetes()), &|_| ());
        assert_eq!(outcome.left_out, [], "{}", known.name);
        assert_eq!(outcome.disagreements, [], "{}", known.name);
        let judged: usize = outcome.rows.iter().map(|row| row.tally.judged()).sum();
        assert!(carries_exempting || judged > 10 * cases.len() / 2, "{}: only {judged} verdicts", known.name);
    }
}
