//! What mutations make of objects, and what generations bring, is the same in every engine that is there: everything of `policies/` and `golden/`, on objects made out of the mutation.
//!
//! `POLC_CASES` is the number of objects of each (200 unless set), `POLC_SEED` the seed, `POLC_SUBJECT` a part of the name of what is compared.

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

use polc::cli::verify::engines::{self, Source, Start};
use polc::eval::Request;
use polc::eval::change::{Effect, Mutator};
use polc::object::Node;
use polc::schema::Schema;
use polc::verify::changed::{self, Item};
use polc::verify::changes;
use polc::verify::run::Options;
use support::compare::{number, subjects};
use support::engine;

fn options(schema: &'static Schema) -> Options {
    Options { seed: number("POLC_SEED", 1), cases: usize::try_from(number("POLC_CASES", 200)).unwrap(), schema }
}

#[test]
fn the_reference_changes_some_objects_of_every_mutation_and_nothing_twice() {
    for subject in subjects() {
        for mutation in subject.program.packs.values().flat_map(|pack| &pack.mutations) {
            let mutator = Mutator::new(mutation);
            let options = options(subject.schema);
            let cases = changes::some_cases(mutation, subject.schema, options.seed, options.cases);
            let mut changed = 0;
            for case in &cases {
                match mutator.mutate(&Request::create(&Node::from(&case.object))) {
                    Effect::Done(made) => {
                        assert_eq!(mutator.mutate(&Request::create(&made)), Effect::Nothing, "of {}", case.object);
                        changed += 1;
                    }
                    Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => {}
                    Effect::NotJudged(missing) => panic!("{missing}"),
                }
            }
            assert!(changed > 0, "{} of {} changes none of {} objects", mutation.head.id, subject.name, cases.len());
            assert!(changed < cases.len(), "{} of {} changes all of {} objects", mutation.head.id, subject.name, cases.len());
        }
    }
}

/// What `polc verify` does with an engine that changes objects, on every subject that has something for it.
fn changes_agree(name: &str) {
    let known = engines::find(name).unwrap();
    let Source::Changing { file, start } = known.source else { panic!("{name} changes nothing") };
    let Some(path) = engine::find(file, known.what) else { return };
    let (mut items_compared, mut objects, mut changed, mut unreadable) = (0, 0, 0, 0);
    for subject in subjects() {
        let items = Item::all(&subject.program);
        if items.is_empty() {
            continue;
        }
        let engine = start(Start { rules: &[], program: &subject.program, path: &path, name: known.name })
            .unwrap_or_else(|error| panic!("{name} does not load {}: {error}", subject.name));
        let outcome = changed::verify(&items, &[engine], options(subject.schema), None, &|_| ());
        let shown: Vec<String> = outcome
            .disagreements
            .iter()
            .map(|found| format!("{}\nmakes\n{}\nand not\n{}", found.case.object, found.got, found.expected))
            .collect();
        assert!(shown.is_empty(), "{name} on {}: {}", subject.name, shown.join("\n\n"));
        assert_eq!(outcome.one_sided, [], "{name} on {}", subject.name);
        items_compared += outcome.rows.len();
        objects += outcome.rows.iter().map(|row| row.changed + row.left_alone).sum::<usize>();
        changed += outcome.rows.iter().map(|row| row.changed).sum::<usize>();
        unreadable += outcome.rows.iter().map(|row| row.unreadable).sum::<usize>();
    }
    eprintln!("{name}: {items_compared} mutations and generations, {objects} objects, {changed} changed, {unreadable} that it cannot read");
    assert!(items_compared > 0 && changed > 0, "{name}: nothing was compared");
    assert!(unreadable * 2 < objects, "{name} could not read {unreadable} objects");
}

#[test]
fn mutating_admission_policies_in_the_api_server() {
    changes_agree("map");
}

#[test]
fn mutators_in_gatekeeper() {
    changes_agree("gatekeeper-mutation");
}

#[test]
fn mutating_and_generating_policies_in_kyverno() {
    changes_agree("kyverno-mpol");
}

#[test]
fn mutate_and_generate_rules_in_kyverno() {
    changes_agree("kyverno-changes");
}
