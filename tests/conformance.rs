//! What the targets say is what the rules mean: every rule of `policies/` and `golden/`, on objects made out of the rule, in every engine that is there.
//!
//! Verdict and message have to be those of the reference evaluator, byte for byte. `POLC_CASES` is the number of objects a rule (200 unless set), `POLC_SEED` the seed,
//! `POLC_SUBJECT` a part of the name of what is compared (`golden/matching`; all unless set).

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

use polc::compile::compile;
use polc::diagnostic::{Sources, render};
use polc::eval::{Judge, Request, Verdict};
use polc::ir::{Given, Operation, Program};
use polc::object::Node;
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::{Emission, Outcome, kyverno, opa};
use polc::verify::generate::{self, Case, Tally};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use support::engine::{self, Engine};
use support::{golden, repository};

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is {value}: use a number")))
}

/// What the rules of an object say: the message of each that fails.
type Said = BTreeMap<String, String>;

/// Policies with the objects that are made out of them.
struct Subject {
    name: String,
    program: Program,
    cases: Vec<Case>,
    /// The rule out of which each object was made.
    origins: Vec<String>,
    /// What the reference evaluator says of each object, and which rules it leaves alone.
    expected: Vec<(Said, BTreeSet<String>)>,
}

impl Subject {
    fn new(name: &str, files: &[PathBuf], params: &[String]) -> Self {
        let mut sources = Sources::default();
        for file in files {
            sources.add(file.strip_prefix(repository("")).unwrap().display().to_string(), fs::read_to_string(file).unwrap());
        }
        let params =
            params.iter().map(|param| param.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let program = match compile(&sources, &Options { params, ..Options::default() }) {
            Ok(compiled) => compiled.program,
            Err(diagnostics) => panic!("{}", render::render(&diagnostics, &sources, false)),
        };
        let (seed, count) = (number("POLC_SEED", 1), usize::try_from(number("POLC_CASES", 200)).unwrap());
        let rules: Vec<&polc::ir::Rule> = program.packs.values().flat_map(|pack| &pack.rules).collect();
        let (mut cases, mut origins) = (Vec::new(), Vec::new());
        for rule in rules {
            let mut made = generate::some_cases(rule, Schema::kubernetes(), seed, count);
            made.extend(program.packs.values().flat_map(|pack| &pack.tests).filter(|test| test.rule == rule.id).filter_map(of_test));
            origins.extend(made.iter().map(|_| rule.id.clone()));
            cases.extend(made);
        }
        let judge = Judge::of_program(&program);
        let expected = cases
            .iter()
            .map(|case| {
                let (object, old) = (Node::from(&case.object), case.old_object.as_ref().map(Node::from));
                let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
                let (mut said, mut left) = (Said::new(), BTreeSet::new());
                for outcome in judge.judge(&request) {
                    let rule = judge.id(outcome.rule).unwrap().to_owned();
                    match outcome.verdict {
                        Verdict::Fail { message, .. } => {
                            said.insert(rule, message);
                        }
                        Verdict::NotJudged(_) => {
                            left.insert(rule);
                        }
                        Verdict::Pass | Verdict::Skip => {}
                    }
                }
                (said, left)
            })
            .collect();
        Subject { name: name.to_owned(), program, cases, origins, expected }
    }

    /// The rules that the target has in their exact form; none may be refused.
    fn carried(&self, emission: &Emission) -> BTreeSet<String> {
        let refused: Vec<&str> = emission.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert!(refused.is_empty(), "{}: {refused:?}", self.name);
        emission.report.iter().filter(|row| row.outcome == Outcome::Exact).map(|row| row.rule.clone()).collect()
    }
}

/// The object of a pack's own test.
fn of_test(test: &polc::ir::Test) -> Option<Case> {
    let old_object = match &test.old_object {
        None => None,
        Some(Given::Object(old)) => Some(old.clone()),
        Some(Given::File(..)) => return None,
    };
    match &test.object {
        Given::Object(object) => {
            Some(Case { object: object.clone(), old_object, operation: test.operation, origin: "a test of the pack".to_owned() })
        }
        Given::File(..) => None,
    }
}

/// The shipped policies, then each golden case.
fn subjects() -> &'static [Subject] {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(read_subjects)
}

fn read_subjects() -> Vec<Subject> {
    let mut shipped: Vec<PathBuf> = walkdir::WalkDir::new(repository("policies"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|e| e == "pol"))
        .collect();
    shipped.sort();
    let wanted = std::env::var("POLC_SUBJECT").unwrap_or_default();
    let mut all = Vec::new();
    if "policies".contains(&wanted) {
        all.push(Subject::new("policies", &shipped, &[]));
    }
    for case in golden::cases() {
        let name = format!("golden/{}", case.name);
        if name.contains(&wanted) {
            all.push(Subject::new(&name, &case.sources(), &case.params()));
        }
    }
    assert!(!all.is_empty(), "nothing is called {wanted}");
    all
}

fn write(emission: &Emission, out: &Path) {
    for artifact in &emission.artifacts {
        let path = out.join(&artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.contents).unwrap();
    }
}

/// Where an engine says something else, by rule: how often, and on the smallest object.
#[derive(Default)]
struct Differences {
    compared: usize,
    by_rule: BTreeMap<String, (usize, String)>,
}

impl Differences {
    fn add(&mut self, engine: &str, rule: &str, case: &Case, expected: Option<&str>, got: &str) {
        let verdict = expected.map_or("pass or skip".to_owned(), |message| format!("fail: {message}"));
        let text = format!(
            "{engine} differs on {rule}\n  object ({}, {:?}): {}{}\n  expected {verdict}\n  got      {got}",
            case.origin,
            case.operation,
            case.object,
            case.old_object.as_ref().map(|old| format!("\n  before: {old}")).unwrap_or_default()
        );
        let held = self.by_rule.entry(format!("{engine} {rule}")).or_insert_with(|| (0, text.clone()));
        held.0 += 1;
        if text.len() < held.1.len() {
            held.1 = text;
        }
    }

    /// The engine does not even load what was emitted.
    fn refuse(&mut self, engine: &str, subject: &Subject, error: &str) {
        let text = format!("{engine} does not load {}\n  {}", subject.name, error.chars().take(4_000).collect::<String>());
        self.by_rule.insert(format!("{engine} {}", subject.name), (1, text));
    }

    fn compare(&mut self, engine: &str, subject: &Subject, number: usize, carried: &BTreeSet<String>, got: &Said) {
        let (case, (expected, left)) = (&subject.cases[number], &subject.expected[number]);
        self.compared += carried.len();
        for rule in carried.iter().filter(|rule| !left.contains(*rule)) {
            let (expected, got) = (expected.get(rule), got.get(rule));
            if expected != got {
                self.add(
                    engine,
                    rule,
                    case,
                    expected.map(String::as_str),
                    &got.map_or("no violation".to_owned(), |message| format!("fail: {message}")),
                );
            }
        }
        for rule in got.keys().filter(|rule| !carried.contains(*rule)) {
            self.add(engine, rule, case, None, "a violation of a rule that was not asked");
        }
    }

    fn settle(self, engine: &str) {
        eprintln!("{engine}: {} verdicts compared", self.compared);
        let mut text = String::new();
        for (count, smallest) in self.by_rule.values() {
            writeln!(text, "{smallest}\n  ({count} times)\n").unwrap();
        }
        assert!(self.by_rule.is_empty(), "{text}{} rules differ", self.by_rule.len());
        assert!(self.compared > 0, "{engine} compared nothing");
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    }
}

/// What OPA gets: the object itself or an admission review, by turns; an update is always a review.
fn opa_input(case: &Case, number: usize) -> Json {
    if case.operation == Operation::Create && number.is_multiple_of(2) {
        return case.object.clone();
    }
    let mut request = json!({"operation": operation(case.operation), "object": case.object, "oldObject": case.old_object});
    if case.operation == Operation::Delete {
        request["oldObject"] = request["object"].take();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// The Rego of every subject in an OPA, on every `step`th object.
fn in_opa(program: &str, version: &str, step: usize) {
    let Some(path) = engine::find(program, &format!("emitted Rego in OPA {version}")) else { return };
    let mut differences = Differences::default();
    for subject in subjects() {
        let emission = opa::emit(&subject.program);
        let carried = subject.carried(&emission);
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let engine = match Engine::try_start(&path, &[work.path().to_str().unwrap()]) {
            Ok(engine) => engine,
            Err(error) => {
                differences.refuse(program, subject, &error);
                continue;
            }
        };
        assert_eq!(engine.hello["version"], version);
        let packages: BTreeSet<&str> = engine.hello["packages"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let expected: BTreeSet<String> = emission.artifacts.iter().map(|artifact| package(&artifact.contents)).collect();
        assert_eq!(packages, expected.iter().map(String::as_str).collect::<BTreeSet<_>>(), "{}", subject.name);
        let chosen: Vec<usize> = (0..subject.cases.len()).step_by(step).collect();
        let requests: Vec<Json> =
            chosen.iter().map(|number| json!({"id": number, "input": opa_input(&subject.cases[*number], *number)})).collect();
        for (number, answer) in chosen.into_iter().zip(engine.answers(&requests)) {
            let Some(violations) = answer["result"].as_array() else {
                differences.add(program, &subject.name, &subject.cases[number], None, &answer.to_string());
                continue;
            };
            let mut got = Said::new();
            for violation in violations {
                let rule = violation["rule"].as_str().unwrap().to_owned();
                let twice = got.insert(rule.clone(), violation["msg"].as_str().unwrap().to_owned());
                assert!(twice.is_none(), "{program}: {rule} says two things of {}", subject.cases[number].object);
            }
            differences.compare(program, subject, number, &carried, &got);
        }
    }
    differences.settle(program);
}

/// The package of a module, as OPA names it.
fn package(module: &[u8]) -> String {
    let text = std::str::from_utf8(module).unwrap();
    let name = text.lines().find_map(|line| line.strip_prefix("package ")).unwrap();
    format!("data.{name}")
}

#[test]
fn rego_in_opa() {
    in_opa("polc-opa", "1.22.2", 1);
}

#[test]
fn rego_in_the_opa_of_conftest() {
    in_opa("polc-opa-1.21", "1.21.1", 3);
}

#[test]
fn rego_in_the_opa_of_gatekeeper() {
    in_opa("polc-opa-1.17", "1.17.1", 3);
}

#[test]
fn emitted_rego_is_strict_and_formatted() {
    let Some(path) = engine::find("opa", "opa check and opa fmt on emitted Rego") else { return };
    for subject in subjects() {
        let work = tempfile::tempdir().unwrap();
        write(&opa::emit(&subject.program), work.path());
        for arguments in [&["check", "--strict", "--capabilities", "v1.17.1"][..], &["fmt", "--diff", "--fail"]] {
            let output = Command::new(&path).args(arguments).arg(work.path()).output().unwrap();
            let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && output.stdout.is_empty(), "opa {arguments:?} on {}: {said}", subject.name);
        }
    }
}

#[cfg(feature = "engines")]
mod embedded {
    //! The engines inside `polc` are a smoke test and slow, so they get a part of the objects.

    use super::{BTreeMap, BTreeSet, Differences, Node, Operation, Request, Said, kyverno, opa, opa_input, subjects};
    use polc::engine::{cel, regorus};

    const STEP: usize = 9;

    #[test]
    fn rego_in_regorus() {
        let mut differences = Differences::default();
        for subject in subjects() {
            let emission = opa::emit(&subject.program);
            let carried = subject.carried(&emission);
            let engine = match regorus::Rego::new(&emission.artifacts) {
                Ok(engine) => engine,
                Err(error) => {
                    differences.refuse(regorus::NAME, subject, &error.to_string());
                    continue;
                }
            };
            for number in (0..subject.cases.len()).step_by(STEP) {
                match engine.judge(&opa_input(&subject.cases[number], number)) {
                    Ok(findings) => differences.compare(regorus::NAME, subject, number, &carried, &findings.into_iter().collect::<Said>()),
                    Err(error) => differences.add(regorus::NAME, &subject.name, &subject.cases[number], None, &error.to_string()),
                }
            }
        }
        differences.settle(regorus::NAME);
    }

    #[test]
    fn cel_in_kube_cel() {
        let mut differences = Differences::default();
        let engine = cel::Engine::new();
        for subject in subjects() {
            let rules = subject.program.packs.values().flat_map(|pack| &pack.rules);
            let carried = subject.carried(&kyverno::emit(&subject.program));
            let policies: BTreeMap<&str, cel::Compiled> = rules
                .filter(|rule| carried.contains(&rule.id) && !matches!(rule.applies, polc::ir::Cond::Const(false)))
                .map(|rule| (rule.id.as_str(), polc::lower::cel::lower(rule).unwrap_or_else(|error| panic!("{}: {error:?}", rule.id))))
                .map(|(id, policy)| (id, cel::Compiled::new(&policy).unwrap_or_else(|error| panic!("{id}: {error}"))))
                .collect();
            let operations: BTreeMap<&str, &BTreeSet<Operation>> =
                subject.program.packs.values().flat_map(|pack| &pack.rules).map(|rule| (rule.id.as_str(), &rule.operations)).collect();
            for number in (0..subject.cases.len()).step_by(STEP) {
                let (case, rule) = (&subject.cases[number], &subject.origins[number]);
                // The policy of a rule judges objects of the rule's kinds; others never reach it.
                let Some(policy) = policies.get(rule.as_str()).filter(|_| operations[rule.as_str()].contains(&case.operation)) else {
                    continue;
                };
                let (object, old) = (Node::from(&case.object), case.old_object.as_ref().map(Node::from));
                let request = Request { old_object: old.as_ref(), operation: case.operation, ..Request::create(&object) };
                match engine.judge(policy, &request) {
                    Ok(message) => {
                        let said = message.map(|message| (rule.clone(), message)).into_iter().collect::<Said>();
                        differences.compare(cel::NAME, subject, number, &BTreeSet::from([rule.clone()]), &said);
                    }
                    Err(error) => differences.add(cel::NAME, rule, case, None, &error.to_string()),
                }
            }
        }
        differences.settle(cel::NAME);
    }
}

/// The policies of a subject's rules by their names in Kyverno.
fn policy_names(subject: &Subject) -> BTreeMap<String, String> {
    let packs = subject.program.packs.values();
    packs.flat_map(|pack| pack.rules.iter().map(|rule| (format!("{}-{}", pack.name, rule.name), rule.id.clone()))).collect()
}

/// How many of the carried rules are about such an object.
fn matching(subject: &Subject, carried: &BTreeSet<String>, case: &Case) -> usize {
    let of_kind = |rule: &&polc::ir::Rule| {
        let kinds = || rule.kinds.iter().filter(|kind| kind.subresource.is_none());
        kinds().any(|kind| case.object["apiVersion"] == kind.api_version() && case.object["kind"] == *kind.kind)
    };
    let rules = subject.program.packs.values().flat_map(|pack| &pack.rules);
    rules.filter(|rule| carried.contains(&rule.id) && rule.operations.contains(&case.operation)).filter(of_kind).count()
}

#[test]
fn cluster_policies_in_kyverno() {
    let Some(path) = engine::find("polc-kyverno", "emitted ClusterPolicies in Kyverno") else { return };
    let mut differences = Differences::default();
    for subject in subjects() {
        let emission = kyverno::emit(&subject.program);
        let carried = subject.carried(&emission);
        if carried.is_empty() {
            continue;
        }
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let engine = match Engine::try_start(&path, &[work.path().to_str().unwrap()]) {
            Ok(engine) => engine,
            Err(error) => {
                differences.refuse("kyverno", subject, &error);
                continue;
            }
        };
        if engine.hello["rules"] != carried.len() {
            differences.refuse("kyverno", subject, &engine.hello["refused"].to_string());
            continue;
        }
        let names = policy_names(subject);
        // Now and then through the whole engine of Kyverno, which compiles everything again.
        let whole = |number: usize| subject.cases.len() > 40 && number.is_multiple_of(subject.cases.len() / 20);
        // Every rule judges some of the objects; the others only the one that they were made for.
        let own: Vec<BTreeSet<String>> =
            subject.origins.iter().map(|rule| carried.iter().filter(|id| *id == rule).cloned().collect()).collect();
        let asked = |number: usize| if number.is_multiple_of(5) { &carried } else { &own[number] };
        let request = |(number, case): (usize, &Case)| {
            let policies: Vec<&str> =
                names.iter().filter(|(_, rule)| asked(number).contains(*rule)).map(|(policy, _)| policy.as_str()).collect();
            let policies = if number.is_multiple_of(5) { Vec::new() } else { policies };
            let mut request = json!({
                "id": number, "operation": operation(case.operation), "object": case.object, "oldObject": case.old_object, "full": whole(number), "policies": policies,
            });
            if case.operation == Operation::Delete {
                request["oldObject"] = request["object"].take();
            }
            request
        };
        let chosen: Vec<usize> = (0..subject.cases.len()).filter(|number| !asked(*number).is_empty()).collect();
        let requests: Vec<Json> = chosen.iter().map(|number| request((*number, &subject.cases[*number]))).collect();
        for (number, answer) in chosen.iter().copied().zip(engine.answers(&requests)) {
            let (case, asked) = (&subject.cases[number], asked(number));
            if answer.get("error").is_some() {
                differences.add("kyverno", &subject.name, case, None, &answer.to_string());
                continue;
            }
            assert_eq!(
                answer["ran"],
                matching(subject, asked, case),
                "the number of rules that ran on {} of {}",
                case.object,
                subject.name
            );
            let mut got = Said::new();
            for result in answer["results"].as_array().unwrap() {
                let rule = &names[result["policy"].as_str().unwrap()];
                let message = result["message"].as_str().unwrap();
                match result["status"].as_str().unwrap() {
                    "skip" => {}
                    "fail" => {
                        got.insert(rule.clone(), message.to_owned());
                    }
                    other => differences.add("kyverno", rule, case, None, &format!("{other}: {message}")),
                }
            }
            differences.compare("kyverno", subject, number, asked, &got);
        }
    }
    differences.settle("kyverno");
}

#[test]
fn cluster_policies_in_kyvernos_command() {
    let Some(path) = engine::find("kyverno", "emitted ClusterPolicies in Kyverno's command") else { return };
    let subject = &subjects()[0];
    let emission = kyverno::emit(&subject.program);
    let carried = subject.carried(&emission);
    let work = tempfile::tempdir().unwrap();
    write(&emission, work.path());

    // A few objects of each rule, each with a name of its own: the command panics on two of one name. YAML cannot hold every text that JSON can.
    let mut names = BTreeSet::new();
    let step = subject.cases.len() / 120;
    let chosen: Vec<usize> = (0..subject.cases.len())
        .step_by(step.max(1))
        .filter(|number| subject.cases[*number].operation == Operation::Create)
        .filter(|number| names.insert(subject.cases[*number].object["metadata"]["name"].as_str().unwrap().to_owned()))
        .collect();
    assert!(chosen.len() > 50, "only {} objects", chosen.len());
    let objects: Vec<String> = chosen.iter().map(|number| subject.cases[*number].object.to_string()).collect();
    fs::write(work.path().join("objects.yaml"), objects.join("\n---\n")).unwrap();
    let output = Command::new(path)
        .args(["apply", "kyverno", "-r", "objects.yaml", "-p", "--output-format", "json", "--continue-on-fail"])
        .current_dir(work.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let start = text.find('{').unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    let report: Json = serde_json::from_str(&text[start..]).unwrap();

    let (mut got, mut ran) = (Vec::new(), 0);
    for result in report["results"].as_array().unwrap() {
        for resource in result["resources"].as_array().unwrap() {
            ran += 1;
            let name = resource["name"].as_str().unwrap().to_owned();
            match result["result"].as_str().unwrap() {
                "pass" | "skip" => {}
                "fail" => got.push((name, result["message"].as_str().unwrap().to_owned())),
                other => panic!("{other}: {result}"),
            }
        }
    }
    let expected_runs: usize = chosen.iter().map(|number| matching(subject, &carried, &subject.cases[*number])).sum();
    assert_eq!(ran, expected_runs, "the number of rules that the command ran");
    let mut expected: Vec<(String, String)> = Vec::new();
    for number in &chosen {
        let name = subject.cases[*number].object["metadata"]["name"].as_str().unwrap();
        expected.extend(
            subject.expected[*number]
                .0
                .iter()
                .filter(|(rule, _)| carried.contains(*rule))
                .map(|(_, message)| (name.to_owned(), message.clone())),
        );
    }
    got.sort();
    expected.sort();
    assert!(!expected.is_empty());
    assert_eq!(got, expected);
}

#[test]
fn every_rule_is_seen_to_pass_and_to_fail() {
    let mut blind = Vec::new();
    for subject in subjects() {
        for rule in subject.program.packs.values().flat_map(|pack| &pack.rules) {
            if matches!(rule.applies, polc::ir::Cond::Const(false)) {
                continue;
            }
            let cases = generate::cases(rule, Schema::kubernetes(), number("POLC_SEED", 1));
            assert!(cases.len() >= generate::LEAST, "{} has {} cases", rule.id, cases.len());
            let tally = Tally::of(rule, &cases);
            if !tally.both_sides() {
                blind.push(format!("{}: {tally:?}", rule.id));
            }
        }
    }
    assert!(blind.is_empty(), "never seen on both sides: {blind:#?}");
}
