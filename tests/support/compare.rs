//! Every rule of `policies/` and `golden/` on objects made out of it, and how an engine's answers are compared with the reference evaluator's: verdict and message, byte for byte.
//!
//! `POLC_CASES` is the number of objects a rule (200 unless set), `POLC_SEED` the seed.

use super::engine;
use super::{golden, repository};
use polc::cli::verify::engines;
use polc::compile::compile;
use polc::diagnostic::{Sources, render};
use polc::eval::{Judge, Verdict};
use polc::ir::{Operation, Program};
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::{Emission, Outcome};
use polc::verify::generate::{self, Case};
use polc::verify::run;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is {value}: use a number")))
}

/// What the rules of an object say: the message of each that fails.
pub type Said = BTreeMap<String, String>;

/// Policies with the objects that are made out of them.
pub struct Subject {
    pub name: String,
    pub program: Program,
    /// The kinds that its rules are about.
    pub schema: &'static Schema,
    pub cases: Vec<Case>,
    /// The rule out of which each object was made.
    pub origins: Vec<String>,
    /// What the reference evaluator says of each object, and which rules it leaves alone.
    pub expected: Vec<(Said, BTreeSet<String>)>,
}

impl Subject {
    pub fn new(name: &str, files: &[PathBuf], params: &[String], schema: &'static Schema) -> Self {
        let mut sources = Sources::default();
        for file in files {
            sources.add(file.strip_prefix(repository("")).unwrap().display().to_string(), fs::read_to_string(file).unwrap());
        }
        let params =
            params.iter().map(|param| param.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let program = match compile(&sources, &Options { params, roots: roots(&sources), schema, ..Options::default() }) {
            Ok(compiled) => compiled.program,
            Err(diagnostics) => panic!("{}", render::render(&diagnostics, &sources, false)),
        };
        let (seed, count) = (number("POLC_SEED", 1), usize::try_from(number("POLC_CASES", 200)).unwrap());
        let rules: Vec<&polc::ir::Rule> = program.packs.values().flat_map(|pack| &pack.rules).collect();
        let (mut cases, mut origins) = (Vec::new(), Vec::new());
        for rule in rules {
            let mut made = generate::some_cases(rule, schema, seed, count);
            made.extend(
                program
                    .packs
                    .values()
                    .flat_map(|pack| &pack.tests)
                    .filter(|test| test.rule == rule.id)
                    .filter_map(|test| Case::of_test(schema, test))
                    .map(|case| case.for_rule(rule)),
            );
            origins.extend(made.iter().map(|_| rule.id.clone()));
            cases.extend(made);
        }
        let judge = Judge::of_program(&program);
        let expected = cases.iter().map(|case| said(&judge, case)).collect();
        Subject { name: name.to_owned(), program, schema, cases, origins, expected }
    }

    /// The rules that the target has in their exact form; none may be refused.
    pub fn carried(&self, emission: &Emission) -> BTreeSet<String> {
        let errors = emission.diagnostics.iter().filter(|diagnostic| diagnostic.level == polc::diagnostic::Level::Error);
        let refused: Vec<&str> = errors.map(|diagnostic| diagnostic.message.as_str()).collect();
        assert!(refused.is_empty(), "{}: {refused:?}", self.name);
        let rules: BTreeSet<&str> = self.program.packs.values().flat_map(|pack| &pack.rules).map(|rule| rule.id.as_str()).collect();
        let exact = emission.report.iter().filter(|row| row.outcome == Outcome::Exact && rules.contains(row.rule.as_str()));
        exact.map(|row| row.rule.clone()).collect()
    }
}

/// The packs that the sources state themselves: of these, every rule is compiled, as the command does, also one that another pack leaves out where it uses them.
pub fn roots(sources: &Sources) -> BTreeSet<String> {
    sources.iter().filter_map(|(_, source)| polc::syntax::pack(&source.text)).collect()
}

/// What the reference evaluator says of an object, and which rules it leaves alone.
pub fn said(judge: &Judge, case: &Case) -> (Said, BTreeSet<String>) {
    let (mut said, mut left) = (Said::new(), BTreeSet::new());
    for outcome in case.with_request(|request| judge.judge(request).collect::<Vec<_>>()) {
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
}

/// The shipped policies, then each golden case.
pub fn subjects() -> &'static [Subject] {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    SUBJECTS.get_or_init(read_subjects)
}

fn read_subjects() -> Vec<Subject> {
    let shipped = super::shipped_policies();
    let wanted = std::env::var("POLC_SUBJECT").unwrap_or_default();
    let mut all = Vec::new();
    if "policies".contains(&wanted) {
        all.push(Subject::new("policies", &shipped, &[], Schema::kubernetes()));
    }
    for case in golden::cases() {
        let name = format!("golden/{}", case.name);
        if name.contains(&wanted) {
            all.push(Subject::new(&name, &case.sources(), &case.params(), case.schema()));
        }
    }
    assert!(!all.is_empty(), "nothing is called {wanted}");
    all
}

pub fn write(emission: &Emission, out: &Path) {
    for artifact in &emission.artifacts {
        let path = out.join(&artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.contents).unwrap();
    }
}

/// Where an engine says something else, by rule: how often, and on the smallest object.
#[derive(Default)]
pub struct Differences {
    pub compared: usize,
    pub by_rule: BTreeMap<String, (usize, String)>,
}

impl Differences {
    pub fn add(&mut self, engine: &str, rule: &str, case: &Case, expected: Option<&str>, got: &str) {
        let verdict = expected.map_or("pass or skip".to_owned(), |message| format!("fail: {message}"));
        let text = format!(
            "{engine} differs on {rule}\n  object ({}, {:?}): {}{}\n  expected {verdict}\n  got      {got}",
            case.origin,
            case.operation,
            case.object,
            [("before", &case.old_object), ("namespace", &case.namespace_object), ("request", &case.request)]
                .into_iter()
                .filter_map(|(what, json)| json.as_ref().map(|json| format!("\n  {what}: {json}")))
                .collect::<String>()
        );
        let held = self.by_rule.entry(format!("{engine} {rule}")).or_insert_with(|| (0, text.clone()));
        held.0 += 1;
        if text.len() < held.1.len() {
            held.1 = text;
        }
    }

    /// The engine does not even load what was emitted.
    pub fn refuse(&mut self, engine: &str, subject: &Subject, error: &str) {
        let text = format!("{engine} does not load {}\n  {}", subject.name, error.chars().take(4_000).collect::<String>());
        self.by_rule.insert(format!("{engine} {}", subject.name), (1, text));
    }

    pub fn compare(&mut self, engine: &str, subject: &Subject, number: usize, carried: &BTreeSet<String>, got: &Said) {
        self.compare_with(engine, &subject.cases[number], &subject.expected[number], carried, got);
    }

    pub fn compare_with(
        &mut self,
        engine: &str,
        case: &Case,
        (expected, left): &(Said, BTreeSet<String>),
        carried: &BTreeSet<String>,
        got: &Said,
    ) {
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

    pub fn settle(self, engine: &str) {
        eprintln!("{engine}: {} verdicts compared", self.compared);
        let mut text = String::new();
        for (count, smallest) in self.by_rule.values() {
            writeln!(text, "{smallest}\n  ({count} times)\n").unwrap();
        }
        assert!(self.by_rule.is_empty(), "{text}{} rules differ", self.by_rule.len());
        assert!(self.compared > 0, "{engine} compared nothing");
    }
}

pub fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    }
}

/// What OPA gets: the object itself or an admission review, by turns; an update is always a review, and so is what is asked with more than the object.
///
/// The data of a cluster are the same for all cases: the Namespace of each stands there by the number of the case.
pub fn opa_input(case: &Case, number: usize) -> Json {
    let plain = case.operation == Operation::Create && case.request.is_none() && case.namespace_object.is_none();
    if plain && number.is_multiple_of(2) {
        return case.object.clone();
    }
    let mut request = case.request.clone().unwrap_or_else(|| json!({}));
    request["operation"] = json!(operation(case.operation));
    request["object"] = case.object.clone();
    request["oldObject"] = json!(case.old_object);
    if case.namespace_object.is_some() {
        request["namespace"] = json!(format!("of_case_{number}"));
    }
    if case.operation == Operation::Delete {
        request["oldObject"] = request["object"].take();
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// The Namespaces of a subject's cases, as OPA holds them of a cluster, in a module of their own for an engine that reads modules only.
pub fn namespaces(subject: &Subject) -> Option<String> {
    let mut module = String::new();
    for (number, case) in subject.cases.iter().enumerate() {
        if let Some(space) = &case.namespace_object {
            // A module may not hold every character that a label may.
            let text: String = space.to_string().replace('\u{feff}', "\\ufeff");
            writeln!(module, "\nof_case_{number} := {text}").unwrap();
        }
    }
    (!module.is_empty()).then(|| format!("package kubernetes.namespaces\n{module}"))
}

/// The policies of a subject's rules by their names in Kyverno.
pub fn policy_names(subject: &Subject) -> BTreeMap<String, String> {
    let packs = subject.program.packs.values();
    packs.flat_map(|pack| pack.rules.iter().map(|rule| (format!("{}-{}", pack.name, rule.name), rule.id.clone()))).collect()
}

/// How many of the carried rules are about such an object.
pub fn matching(subject: &Subject, carried: &BTreeSet<String>, case: &Case) -> usize {
    let rules = subject.program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| carried.contains(&rule.id));
    case.with_request(|request| rules.filter(|rule| polc::eval::is_about(&rule.kinds, &rule.operations, request)).count())
}

/// What a driver of admission gets for a case.
pub fn request_of(case: &Case, number: usize) -> Json {
    let mut request = json!({
        "id": number, "operation": operation(case.operation), "object": case.object, "oldObject": case.old_object, "namespaceObject": case.namespace_object,
    });
    if let Some(asked) = &case.request {
        request["userInfo"] = asked.get("userInfo").cloned().unwrap_or_else(|| json!({}));
        request["dryRun"] = asked.get("dryRun").cloned().unwrap_or_default();
        request["options"] = asked.get("options").cloned().unwrap_or_default();
        if let Some(options) = request["options"].as_object_mut() {
            options.insert("apiVersion".to_owned(), "meta.k8s.io/v1".into());
            options.insert("kind".to_owned(), "DeleteOptions".into());
        }
    }
    if case.operation == Operation::Delete {
        request["oldObject"] = request["object"].take();
    }
    if let (Some(fields), Some(about)) = (request.as_object_mut(), polc::verify::asked_of(case).as_object()) {
        fields.extend(about.clone());
    }
    request
}

/// Whether a manifest, around which there is no request, can show what a rule is about.
fn shows(rule: &polc::ir::Rule) -> bool {
    rule.operations.contains(&polc::ir::Operation::Create) && !polc::ir::walk::roots(rule).contains(&polc::ir::Root::Request)
}

/// What `polc verify` does, with one engine on every subject.
pub fn agrees(name: &str) {
    let known = engines::find(name).unwrap();
    let path = match known.source {
        #[cfg(feature = "engines")]
        engines::Source::Embedded(_) => PathBuf::new(),
        engines::Source::Program { file, .. } | engines::Source::Changing { file, .. } => match engine::find(file, known.what) {
            Some(path) => path,
            None => return,
        },
    };
    let (seed, cases) = (number("POLC_SEED", 1), usize::try_from(number("POLC_CASES", 200)).unwrap());
    let (mut compared, mut problems) = (0, String::new());
    for subject in subjects() {
        let options = run::Options { seed, cases, schema: subject.schema };
        let rules: Vec<&polc::ir::Rule> = subject.program.packs.values().flat_map(|pack| &pack.rules).collect();
        let start = engines::Start { rules: &rules, program: &subject.program, path: &path, name: known.name };
        let started = match known.source {
            #[cfg(feature = "engines")]
            engines::Source::Embedded(start_it) => Ok(start_it(start)),
            engines::Source::Program { start: start_it, .. } => start_it(start),
            engines::Source::Changing { .. } => panic!("{name} judges nothing"),
        };
        let engine = started.unwrap_or_else(|error| panic!("{name} does not load {}: {error}", subject.name));
        let outcome = run::verify(&rules, &subject.program, &[engine], options, &|_| ());
        // What no engine of a language can say, the author has kept from its targets.
        let carries = |rule: &polc::ir::Rule| match name {
            "conftest" => shows(rule) && rule.kinds.iter().any(|kind| kind.subresource.is_none()),
            "kyverno-exceptions" => rule.apart.is_some(),
            _ => true,
        };
        let everywhere = |id: &str| rules.iter().any(|rule| rule.id == id && rule.targets == polc::ir::Targets::All && carries(rule));
        let refused: Vec<_> = outcome.left_out.iter().filter(|(rule, ..)| everywhere(rule)).collect();
        assert!(refused.is_empty(), "{}: not carried: {refused:?}", subject.name);
        compared += outcome.rows.iter().map(|row| row.tally.judged()).sum::<usize>();
        for found in &outcome.disagreements {
            writeln!(
                problems,
                "{name} differs on {} ({} cases)\n  object ({:?}): {}{}\n  expected {}\n  got      {}\n",
                rules[found.rule].id,
                found.count,
                found.case.operation,
                found.case.object,
                found.case.old_object.as_ref().map(|old| format!("\n  before: {old}")).unwrap_or_default(),
                found.expected,
                found.got
            )
            .unwrap();
        }
    }
    eprintln!("{name}: {compared} verdicts compared");
    assert!(problems.is_empty(), "{problems}");
    assert!(compared > 0, "{name} compared nothing");
}
