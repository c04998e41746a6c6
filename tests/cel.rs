//! Emitted CEL says what the reference evaluator says: in the embedded engine, and in Kyverno where it is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use polc::compile::compile;
use polc::diagnostic::Sources;
use polc::engine::cel::{Compiled, Engine};
use polc::eval::{Judge, Request, Verdict};
use polc::ir::{Operation, Program, Rule};
use polc::lower::cel::{lower, print};
use polc::object::Node;
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::kyverno;
use polc::verify::generate::{Case, some_cases};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "pol") {
            found.push(path);
        }
    }
}

fn program_of(paths: &[PathBuf]) -> Program {
    let mut sources = Sources::default();
    for path in paths {
        sources.add(path.display().to_string(), fs::read_to_string(path).unwrap());
    }
    match compile(&sources, &Options::default()) {
        Ok(compiled) => compiled.program,
        Err(diagnostics) => panic!(
            "{:#?}",
            diagnostics
                .iter()
                .map(|found| (found.code.id, &found.message, found.labels.first().map(|(span, _)| sources.text(*span))))
                .collect::<Vec<_>>()
        ),
    }
}

/// Every policy of the repository: the shipped ones together, each golden case alone.
fn programs() -> Vec<Program> {
    let mut shipped = Vec::new();
    sources(&support::repository("policies"), &mut shipped);
    let golden = support::golden::cases().into_iter().map(|case| case.sources());
    std::iter::once(shipped).chain(golden).filter_map(|paths| std::panic::catch_unwind(|| program_of(&paths)).ok()).collect()
}

fn rules(program: &Program) -> impl Iterator<Item = &Rule> {
    program.packs.values().flat_map(|pack| &pack.rules)
}

/// What the reference says of a case: the message where it fails.
fn expected(judge: &Judge, case: &Case) -> Option<Option<String>> {
    let object = Node::from(&case.object);
    let old = case.old_object.as_ref().map(Node::from);
    let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
    match judge.judge_by(0, &request) {
        Verdict::Pass | Verdict::Skip => Some(None),
        Verdict::Fail { message, .. } => Some(Some(message)),
        Verdict::NotJudged(_) => None,
    }
}

#[test]
fn the_embedded_engine_agrees() {
    let engine = Engine::new();
    let count = std::env::var("POLC_CASES").map_or(24, |count| count.parse().unwrap());
    let (mut judged, mut failed) = (0, 0);
    let mut wrong = Vec::new();
    for program in programs() {
        for rule in rules(&program) {
            let policy = match lower(rule) {
                Ok(policy) => policy,
                Err(unsupported) => {
                    assert!(!rule.unlowered.is_empty(), "{}: {unsupported:?}", rule.id);
                    continue;
                }
            };
            let compiled = Compiled::new(&policy).unwrap_or_else(|error| panic!("{}: {error}", rule.id));
            let judge = Judge::new([rule]);
            for case in some_cases(rule, Schema::kubernetes(), 7, count) {
                if case.operation == Operation::Delete {
                    continue;
                }
                let Some(expected) = expected(&judge, &case) else { continue };
                let found = engine.judge(&compiled, &Node::from(&case.object));
                judged += 1;
                failed += usize::from(expected.is_some());
                if found.as_ref() != Ok(&expected) && wrong.len() < 10 {
                    let variables: Vec<String> = policy.variables.iter().map(|v| format!("{} = {}", v.name, print(&v.expr))).collect();
                    wrong.push(format!("{}: expected {expected:?}, found {found:?}\n{}\n{}", rule.id, case.object, variables.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 500 && failed > 100, "{judged} judged, {failed} failed");
}

#[test]
fn kyverno_agrees() {
    let Some(program) = support::engine::find("polc-kyverno", "emitted ClusterPolicies in Kyverno") else { return };
    let count = std::env::var("POLC_CASES").map_or(24, |count| count.parse().unwrap());
    let (mut judged, mut failed) = (0, 0);
    let mut wrong = Vec::new();
    for compiled in programs() {
        let emission = kyverno::emit(&compiled);
        let refused: Vec<_> = emission.diagnostics.iter().map(|found| &found.message).collect();
        let emitted: Vec<&Rule> = rules(&compiled).filter(|rule| rule.unlowered.is_empty()).collect();
        assert_eq!(refused.len() + emitted.len(), rules(&compiled).count(), "{refused:#?}");
        let work = tempfile::tempdir().unwrap();
        for artifact in &emission.artifacts {
            let path = work.path().join(&artifact.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &artifact.contents).unwrap();
        }
        if emission.artifacts.is_empty() {
            continue;
        }
        let engine = support::engine::Engine::start(&program, &[work.path().join(kyverno::NAME).to_str().unwrap()]);
        assert_eq!(engine.hello["refused"], json!([]));
        assert_eq!(engine.hello["rules"], emitted.len(), "every rule is loaded");
        let (mut requests, mut wanted) = (Vec::new(), Vec::new());
        for rule in emitted {
            let judge = Judge::new([rule]);
            for case in some_cases(rule, Schema::kubernetes(), 11, count) {
                let Some(expected) = expected(&judge, &case) else { continue };
                requests.push(json!({
                    "id": requests.len(), "operation": case.operation, "object": case.object, "oldObject": case.old_object,
                }));
                wanted.push((rule, case, expected));
            }
        }
        for ((rule, case, expected), answer) in wanted.iter().zip(engine.answers(&requests)) {
            let name = rule.id.replace('/', "-");
            let results: Vec<&Json> =
                answer["results"].as_array().into_iter().flatten().filter(|result| result["policy"] == name).collect();
            let found = match results.as_slice() {
                [one] if one["status"] == "pass" => Ok(None),
                [one] if one["status"] == "fail" => Ok(Some(one["message"].as_str().unwrap().to_owned())),
                _ => Err(answer.clone()),
            };
            judged += 1;
            failed += usize::from(expected.is_some());
            if found.as_ref() != Ok(expected) && wrong.len() < 10 {
                wrong.push(format!("{}: expected {expected:?}, found {found:?}\n{}", rule.id, case.object));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 500 && failed > 100, "{judged} judged, {failed} failed");
}
