//! What mutations make of objects is the same in every engine that is there: every mutation of `policies/` and `golden/`, on objects made out of the mutation.
//!
//! `POLC_CASES` is the number of objects a mutation (200 unless set), `POLC_SEED` the seed.

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
use polc::diagnostic::Sources;
use polc::eval::Request;
use polc::eval::change::{Effect, Generator, Mutator, same};
use polc::ir::Program;
use polc::ir::change::Mutation;
use polc::object::Node;
use polc::resolve::Options;
use polc::schema::Schema;
use polc::target::{Emission, Outcome, kyverno_vpol, map};
use polc::verify::changes;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use support::engine::{self, Engine};
use support::golden;

/// A pack of policies, and the objects for each of its mutations.
struct Subject {
    name: String,
    program: Program,
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

fn compiled(name: String, texts: &[(String, String)]) -> Subject {
    let mut sources = Sources::default();
    for (path, text) in texts {
        sources.add(path.as_str(), text.as_str());
    }
    let program = compile(&sources, &Options::default()).unwrap_or_else(|found| panic!("{name}: {found:#?}")).program;
    Subject { name, program }
}

fn pol_files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pol"))
        .map(|entry| (entry.path().display().to_string(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Everything with mutations.
fn subjects() -> Vec<Subject> {
    let shipped = compiled("policies".to_owned(), &pol_files(&support::repository("policies")));
    let cases = golden::cases().into_iter().map(|case| compiled(format!("golden/{}", case.name), &pol_files(&case.folder)));
    let changes = |subject: &Subject| subject.program.packs.values().any(|pack| !pack.mutations.is_empty() || !pack.generations.is_empty());
    std::iter::once(shipped).chain(cases).filter(changes).collect()
}

fn mutations(program: &Program) -> impl Iterator<Item = &Mutation> {
    program.packs.values().flat_map(|pack| &pack.mutations)
}

fn write(emission: &Emission, folder: &Path) {
    assert!(emission.diagnostics.is_empty(), "{:?}", emission.diagnostics);
    for artifact in &emission.artifacts {
        let path = folder.join(&artifact.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &artifact.contents).unwrap();
    }
}

/// The mutations that a target carries exactly, with the names of their policies.
fn carried<'p>(program: &'p Program, emission: &Emission) -> Vec<(&'p Mutation, String)> {
    mutations(program)
        .filter(|mutation| emission.report.iter().any(|row| row.rule == mutation.head.id && row.outcome == Outcome::Exact))
        .map(|mutation| (mutation, mutation.head.id.replace('/', "-")))
        .collect()
}

/// What the reference evaluator makes of an object.
fn reference(mutator: &Mutator, object: &Json) -> (Json, bool) {
    let node = Node::from(object);
    match mutator.mutate(&Request::create(&node)) {
        Effect::Done(made) => {
            assert_eq!(mutator.mutate(&Request::create(&made)), Effect::Nothing, "a second run changes more than {}", Json::from(&made));
            (Json::from(&made), true)
        }
        Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => (object.clone(), false),
        Effect::NotJudged(missing) => panic!("{missing}"),
    }
}

#[derive(Default)]
struct Tally {
    mutations: usize,
    objects: usize,
    changed: usize,
    unreadable: usize,
    differences: Vec<String>,
}

impl Tally {
    fn settle(self, engine: &str) {
        eprintln!(
            "{engine}: {} mutations, {} objects, {} changed, {} that it cannot read",
            self.mutations, self.objects, self.changed, self.unreadable
        );
        assert!(self.mutations > 0 && self.changed > 0, "{engine}: nothing was compared");
        let shown: Vec<&str> = self.differences.iter().take(5).map(String::as_str).collect();
        assert!(self.differences.is_empty(), "{engine}: {} differences\n{}", self.differences.len(), shown.join("\n\n"));
    }
}

/// The objects of a mutation. It has to change some of them, and to leave some alone unless nothing stands in its way.
fn objects(mutation: &Mutation) -> Vec<Json> {
    let seed = u64::try_from(number("POLC_SEED", 1)).unwrap();
    let cases = changes::some_cases(mutation, Schema::kubernetes(), seed, number("POLC_CASES", 200));
    cases.into_iter().map(|case| case.object).collect()
}

#[test]
fn the_reference_changes_some_objects_of_every_mutation() {
    for subject in subjects() {
        for mutation in mutations(&subject.program) {
            let mutator = Mutator::new(mutation);
            let objects = objects(mutation);
            let changed = objects.iter().filter(|object| reference(&mutator, object).1).count();
            assert!(changed > 0, "{} of {} changes none of {} objects", mutation.head.id, subject.name, objects.len());
            assert!(changed < objects.len(), "{} of {} changes all of {} objects", mutation.head.id, subject.name, objects.len());
        }
    }
}

/// Judged by the API server's own patchers. Each object goes in as it is; what the first policy would see of it is what the reference evaluator gets; and what that makes is read by the API
/// server again, so that only the difference between both counts.
#[test]
fn mutating_admission_policies_in_the_api_server() {
    let Some(program) = engine::find("polc-mutate", "emitted MutatingAdmissionPolicies in the API server's code") else { return };
    let mut tally = Tally::default();
    for subject in subjects() {
        let emission = map::emit(&subject.program, &polc::target::Options::default());
        let carried = carried(&subject.program, &emission);
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let folder = work.path().to_str().unwrap().to_owned();
        let start = || {
            let engine = Engine::start(&program, &[&folder]);
            assert_eq!(engine.hello["refused"], json!([]), "{}", subject.name);
            assert_eq!(engine.hello["policies"], carried.len(), "{}", subject.name);
            engine
        };
        for (mutation, name) in &carried {
            tally.mutations += 1;
            let mutator = Mutator::new(mutation);
            let objects = objects(mutation);
            tally.objects += objects.len();
            let requests: Vec<Json> = objects.iter().map(|object| json!({ "object": object, "policies": [name] })).collect();
            let answers = start().answers(&requests);
            let mut expected = Vec::new();
            let mut got = Vec::new();
            for answer in &answers {
                if let Some(reason) = answer["unreadable"].as_str() {
                    assert!(!reason.is_empty());
                    tally.unreadable += 1;
                    continue;
                }
                assert!(answer["error"].is_null(), "{name}: {answer}");
                let (made, changed) = reference(&mutator, &answer["before"]);
                tally.changed += usize::from(changed);
                expected.push(json!({ "object": made, "policies": [] }));
                got.push((&answer["before"], &answer["after"]));
            }
            let again: Vec<Json> = got.iter().map(|(_, after)| json!({ "object": after, "policies": [name] })).collect();
            let expected = start().answers(&expected);
            let again = start().answers(&again);
            for (((before, after), expected), again) in got.into_iter().zip(&expected).zip(&again) {
                if *after != expected["after"] {
                    tally.differences.push(format!("{name} of\n{before}\nmakes\n{after}\nand not\n{}", expected["after"]));
                } else if again["after"] != *after {
                    tally.differences.push(format!("{name} makes of\n{after}\na second time\n{again}"));
                }
            }
        }
    }
    tally.settle("the API server");
}

/// Judged by the compilers and evaluators of Kyverno's own policies, on the objects as they are written, nulls and all.
#[test]
fn mutating_and_generating_policies_in_kyverno() {
    let Some(program) = engine::find("polc-kyverno-change", "emitted MutatingPolicies and GeneratingPolicies in Kyverno") else { return };
    let mut tally = Tally::default();
    let mut brought = 0;
    for subject in subjects() {
        let emission = kyverno_vpol::emit(&subject.program);
        let carried = carried(&subject.program, &emission);
        let work = tempfile::tempdir().unwrap();
        write(&emission, work.path());
        let folder = work.path().to_str().unwrap().to_owned();
        let start = || {
            let engine = Engine::start(&program, &[&folder]);
            assert_eq!(engine.hello["refused"], json!([]), "{}", subject.name);
            assert_eq!(engine.hello["mutating"], carried.len(), "{}", subject.name);
            engine
        };
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for (mutation, name) in &carried {
            tally.mutations += 1;
            let mutator = Mutator::new(mutation);
            for object in objects(mutation) {
                let (made, changed) = reference(&mutator, &object);
                tally.objects += 1;
                tally.changed += usize::from(changed);
                requests.push(json!({ "object": object, "policies": [name] }));
                expected.push(made);
            }
        }
        let answers = start().answers(&requests);
        let again: Vec<Json> = answers
            .iter()
            .zip(&requests)
            .map(|(answer, request)| json!({ "object": answer["after"], "policies": request["policies"] }))
            .collect();
        let again = start().answers(&again);
        for (((request, answer), expected), again) in requests.iter().zip(&answers).zip(&expected).zip(&again) {
            if !answer["error"].is_null() || !same(&Node::from(&answer["after"]), &Node::from(expected)) {
                tally.differences.push(format!("{request}\nmakes\n{answer}\nand not\n{expected}"));
            } else if !same(&Node::from(&again["after"]), &Node::from(&answer["after"])) {
                tally.differences.push(format!("{request}\nmakes a second time\n{again}"));
            }
        }
        let generations: Vec<_> = subject
            .program
            .packs
            .values()
            .flat_map(|pack| &pack.generations)
            .filter(|generation| emission.report.iter().any(|row| row.rule == generation.head.id && row.outcome == Outcome::Exact))
            .collect();
        for generation in generations {
            let generator = Generator::new(generation);
            let seed = u64::try_from(number("POLC_SEED", 1)).unwrap();
            let count = number("POLC_CASES", 200);
            let cases = polc::verify::generate::some_cases(&generation.head, Schema::kubernetes(), seed, count);
            let name = generation.head.id.replace('/', "-");
            let requests: Vec<Json> = cases.iter().map(|case| json!({ "object": case.object, "policies": [name] })).collect();
            for (request, answer) in requests.iter().zip(start().answers(&requests)) {
                let expected: Vec<Node> = match generator.generate(&Request::create(&Node::from(&request["object"]))) {
                    Effect::Done(objects) => objects,
                    Effect::Nothing | Effect::NotJudged(_) | Effect::Unreadable(_) | Effect::Conflict(_) => Vec::new(),
                };
                brought += expected.len();
                let got: Vec<Node> = answer["generated"].as_array().unwrap().iter().map(Node::from).collect();
                let equal = got.len() == expected.len() && got.iter().zip(&expected).all(|(got, expected)| same(got, expected));
                if !answer["error"].is_null() || !equal {
                    let expected: Vec<Json> = expected.iter().map(Json::from).collect();
                    tally.differences.push(format!("{request}\nbrings\n{answer}\nand not\n{expected:?}"));
                }
            }
        }
    }
    eprintln!("Kyverno: {brought} objects were brought");
    assert!(brought > 0, "nothing was brought");
    tally.settle("Kyverno");
}
