//! Emitted CEL says what the reference evaluator says: in the embedded engine, and in Kyverno where it is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use polc::compile::compile;
use polc::diagnostic::{Diagnostic, Sources};
use polc::engine::cel::{Compiled, Engine};
use polc::eval::{Judge, Request, Verdict};
use polc::ir::{Operation, Program, Rule};
use polc::lower::cel::{lower, print};
use polc::object::Node;
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::{Outcome, kyverno};
use polc::verify::generate::{Case, some_cases};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
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

fn program_of(paths: &[PathBuf]) -> Result<Program, String> {
    let mut sources = Sources::default();
    for path in paths {
        sources.add(path.display().to_string(), fs::read_to_string(path).unwrap());
    }
    let wrong = |found: &Diagnostic| format!("{}: {}", found.message, found.labels.first().map_or("", |(span, _)| sources.text(*span)));
    match compile(&sources, &Options::default()) {
        Ok(compiled) => Ok(compiled.program),
        Err(diagnostics) => Err(diagnostics.iter().map(wrong).collect::<Vec<_>>().join("\n")),
    }
}

/// Every policy of the repository: the shipped ones together, each golden case alone. That golden cases compile is for another test to say.
fn programs() -> Vec<Program> {
    let mut shipped = Vec::new();
    sources(&support::repository("policies"), &mut shipped);
    let shipped = program_of(&shipped).unwrap();
    let golden = support::golden::cases();
    let count = golden.len();
    let golden: Vec<Program> = golden.into_iter().filter_map(|case| program_of(&case.sources()).ok()).collect();
    assert!(golden.len() * 2 > count, "{} of {count} golden cases compile", golden.len());
    std::iter::once(shipped).chain(golden).collect()
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

/// Kyverno gets objects made out of each rule and judges each by every policy.
#[test]
fn kyverno_agrees() {
    let Some(program) = support::engine::find("polc-kyverno", "emitted ClusterPolicies in Kyverno") else { return };
    let count = std::env::var("POLC_CASES").map_or(8, |count| count.parse().unwrap());
    let (mut judged, mut failed) = (0, 0);
    let mut wrong = Vec::new();
    for compiled in programs() {
        let emission = kyverno::emit(&compiled);
        let emitted: Vec<&Rule> = rules(&compiled)
            .filter(|rule| emission.report.iter().any(|row| row.rule == rule.id && row.outcome == Outcome::Exact))
            .collect();
        if emitted.is_empty() {
            continue;
        }
        let work = tempfile::tempdir().unwrap();
        for artifact in &emission.artifacts {
            let path = work.path().join(&artifact.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &artifact.contents).unwrap();
        }
        let engine = support::engine::Engine::start(&program, &[work.path().join(kyverno::NAME).to_str().unwrap()]);
        assert_eq!(engine.hello["refused"], json!([]));
        assert_eq!(engine.hello["rules"], emitted.len(), "every rule is loaded");
        let judge = Judge::new(emitted.iter().copied());
        let cases: Vec<Case> = emitted.iter().flat_map(|rule| some_cases(rule, Schema::kubernetes(), 11, count)).collect();
        let requests: Vec<Json> =
            cases.iter().map(|case| json!({"operation": case.operation, "object": case.object, "oldObject": case.old_object})).collect();
        for (case, answer) in cases.iter().zip(engine.answers(&requests)) {
            let (object, old) = (Node::from(&case.object), case.old_object.as_ref().map(Node::from));
            let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
            let mut expected: BTreeMap<String, Option<String>> = BTreeMap::new();
            for outcome in judge.judge(&request) {
                let rule = emitted[outcome.rule];
                let message = match outcome.verdict {
                    Verdict::Fail { message, .. } => Some(message),
                    Verdict::Skip if !rule.operations.contains(&case.operation) => continue,
                    Verdict::Pass | Verdict::Skip => None,
                    Verdict::NotJudged(_) => continue,
                };
                expected.insert(rule.id.replace('/', "-"), message);
            }
            assert_eq!(answer["ran"], expected.len(), "the rules that ran on {}: {answer}", case.object);
            // Only what does not pass has a result.
            judged += expected.len();
            expected.retain(|_, message| message.is_some());
            let found: BTreeMap<String, Option<String>> = answer["results"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|result| {
                    let message = match result["status"].as_str() {
                        Some("fail") => result["message"].as_str().unwrap().to_owned(),
                        _ => format!("neither pass nor fail: {result}"),
                    };
                    (result["policy"].as_str().unwrap().to_owned(), Some(message))
                })
                .collect();
            failed += expected.len();
            if found != expected && wrong.len() < 10 {
                let differences: Vec<_> = expected
                    .keys()
                    .chain(found.keys())
                    .filter(|policy| expected.get(*policy) != found.get(*policy))
                    .map(|policy| format!("{policy}: expected {:?}, found {:?}", expected.get(policy), found.get(policy)))
                    .collect();
                wrong.push(format!("{}\n{:?} {}", differences.join("\n"), case.operation, case.object));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(judged > 5000 && failed > 500, "{judged} judged, {failed} failed");
}
