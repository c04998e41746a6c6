//! Emitted Rego against the reference evaluator: verdict and message of every rule on generated objects.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![cfg(feature = "engines")]

mod support;

use polc::compile::{Compiled, compile};
use polc::diagnostic::Sources;
use polc::engine::regorus::Rego;
use polc::eval::{Judge, Request, Verdict};
use polc::ir::{Cond, Given, Operation, Program};
use polc::object::Node;
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::{Emission, Outcome, opa};
use polc::verify::generate::{Case, some_cases};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{engine, repository};

/// How many objects are made of each rule.
const CASES: usize = 24;

/// The `.pol` files below a folder.
fn policies(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(repository(folder))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pol"))
        .collect();
    files.sort();
    files
}

fn compiled(files: &[PathBuf]) -> Program {
    let mut sources = Sources::default();
    for file in files {
        sources.add(file.to_string_lossy(), fs::read_to_string(file).unwrap());
    }
    let Compiled { program, .. } = compile(&sources, &Options::default()).unwrap_or_else(|errors| {
        let errors: Vec<String> = errors.iter().map(|error| format!("{:?} {}", error.labels, error.message)).collect();
        panic!("{}", errors.join("\n"))
    });
    program
}

/// What the reference evaluator says, as the engines do; `None` where it does not judge.
fn expected(judge: &Judge, case: &Case) -> Vec<(String, String)> {
    let object = Node::from(&case.object);
    let old = case.old_object.as_ref().map(Node::from);
    let request = Request { operation: case.operation, old_object: old.as_ref(), ..Request::create(&object) };
    let mut failed: Vec<(String, String)> = judge
        .judge(&request)
        .filter_map(|outcome| match outcome.verdict {
            Verdict::Fail { message, .. } => Some((judge.id(outcome.rule).unwrap().to_owned(), message)),
            Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_) => None,
        })
        .collect();
    failed.sort();
    failed
}

fn review(case: &Case) -> Json {
    let operation = match case.operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    };
    if case.operation == Operation::Create && case.old_object.is_none() {
        return case.object.clone();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"operation": operation, "object": case.object, "oldObject": case.old_object}})
}

fn write(emission: &Emission, folder: &Path) {
    for artifact in &emission.artifacts {
        let path = folder.join(&artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.contents).unwrap();
    }
}

/// The program without the rules that OPA does not carry.
fn carried(program: &Program, emission: &Emission) -> Program {
    let exact: BTreeSet<&str> = emission.report.iter().filter(|row| row.outcome == Outcome::Exact).map(|row| row.rule.as_str()).collect();
    let mut program = program.clone();
    for pack in program.packs.values_mut() {
        pack.rules.retain(|rule| exact.contains(rule.id.as_str()));
    }
    program
}

fn generated(program: &Program) -> Vec<Case> {
    let made = program.packs.values().flat_map(|pack| &pack.rules).flat_map(|rule| some_cases(rule, Schema::kubernetes(), 1, CASES));
    let tests = program.packs.values().flat_map(|pack| &pack.tests).filter_map(|test| {
        let Given::Object(object) = &test.object else { return None };
        let old_object = match &test.old_object {
            Some(Given::Object(old)) => Some(old.clone()),
            Some(Given::File(..)) | None => None,
        };
        Some(Case { object: object.clone(), old_object, operation: test.operation, origin: format!("a test of {}", test.rule) })
    });
    made.chain(tests).collect()
}

fn check_folder(folder: &str, refused: &[&str]) {
    let program = compiled(&policies(folder));
    let emission = opa::emit(&program);
    let rows: Vec<&str> =
        emission.report.iter().filter(|row| matches!(row.outcome, Outcome::Refused(_))).map(|row| row.rule.as_str()).collect();
    assert_eq!(rows, refused);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rego-{}", folder.replace('/', "-")));
    let _ = fs::remove_dir_all(&out);
    write(&emission, &out);
    let program = carried(&program, &emission);
    let judge = Judge::of_program(&program);
    let cases = generated(&program);
    let expected: Vec<_> = cases.iter().map(|case| expected(&judge, case)).collect();
    let seen: BTreeSet<&str> = expected.iter().flatten().map(|(rule, _)| rule.as_str()).collect();
    for rule in program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| !matches!(rule.applies, Cond::Const(false))) {
        assert!(seen.contains(rule.id.as_str()), "no object fails {}", rule.id);
    }

    if let Some(opa) = engine::find("opa", "opa check and fmt on emitted Rego") {
        let modules = out.join("opa");
        for arguments in [&["check", "--strict", "--capabilities", "v1.17.1"][..], &["fmt", "--diff", "--fail"]] {
            let output = Command::new(&opa).args(arguments).arg(&modules).output().unwrap();
            let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && output.stdout.is_empty(), "opa {arguments:?}: {text}");
        }
    }
    for name in ["polc-opa", "polc-opa-1.21", "polc-opa-1.17"] {
        let Some(opa) = engine::find(name, "emitted Rego in OPA") else { continue };
        let engine = engine::Engine::start(&opa, &[out.join("opa").to_str().unwrap()]);
        let requests: Vec<Json> = cases.iter().map(|case| json!({"id": 0, "input": review(case)})).collect();
        let answers = engine.answers(&requests);
        compare(
            name,
            &cases,
            &expected,
            answers.iter().map(|answer| {
                let violations = answer["result"].as_array().ok_or_else(|| answer.to_string())?;
                let mut found: Vec<_> =
                    violations.iter().map(|v| (v["rule"].as_str().unwrap().to_owned(), v["msg"].as_str().unwrap().to_owned())).collect();
                found.sort();
                Ok(found)
            }),
        );
    }
    let rego = Rego::new(&emission.artifacts).unwrap();
    compare("regorus", &cases, &expected, cases.iter().map(|case| rego.judge(&review(case)).map_err(|error| error.to_string())));
}

fn compare(
    engine: &str,
    cases: &[Case],
    expected: &[Vec<(String, String)>],
    found: impl Iterator<Item = Result<Vec<(String, String)>, String>>,
) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for ((case, expected), found) in cases.iter().zip(expected).zip(found) {
        count += 1;
        match found {
            Ok(found) if found == *expected => {}
            found => {
                let differ = found.map(|found| {
                    let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
                    let extra: Vec<_> = found.iter().filter(|row| !expected.contains(row)).cloned().collect();
                    format!("missing {missing:?}\n  extra {extra:?}")
                });
                wrong.push(format!("{differ:#?}\n  on {}\n  from {}", case.object, case.origin));
            }
        }
    }
    assert_eq!(count, cases.len());
    assert!(wrong.is_empty(), "{engine} differs on {} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
}

#[test]
fn shipped_policies() {
    check_folder("policies", &[]);
}

#[test]
fn golden_cases() {
    for case in fs::read_dir(repository("golden")).unwrap() {
        let name = case.unwrap().file_name().into_string().unwrap();
        check_folder(&format!("golden/{name}"), &[]);
    }
}
