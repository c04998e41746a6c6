//! Tests of mutations and generations.

use super::{Failure, Loaded, object};
use crate::eval::Request;
use crate::eval::change::{Effect, Generator, Mutator, reason, same};
use crate::ir::change::{Generation, Mutation};
use crate::ir::{Expect, Test};
use crate::object::Node;

/// What is wrong with what a mutation makes of a test's object.
pub(super) fn mutation_problems(
    mutation: &Mutation,
    test: &Test,
    request: &Request<'_>,
    loaded: &Loaded,
) -> Result<Vec<String>, Box<Failure>> {
    let mutator = Mutator::new(mutation);
    let effect = mutator.mutate(request);
    let mut problems = Vec::new();
    match (&test.expect, &effect) {
        (Expect::Skip, Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_)) => {}
        (Expect::Skip, Effect::Done(made)) => {
            problems.push(format!("expected no change, but {}", differences(request.object, made, ["is", "becomes"])));
        }
        (Expect::Gives(result), Effect::Done(made)) => {
            let wanted = object(result, loaded)?;
            if !same(&wanted, made) {
                problems.push(differences(&wanted, made, ["is expected to be", "is"]));
            }
        }
        (Expect::Gives(result), Effect::Nothing) if same(&object(result, loaded)?, request.object) => {}
        (_, effect) => problems.push(format!("expected {}, {}", wanted(&test.expect), what_happened(effect))),
    }
    if let Effect::Done(made) = &effect {
        let again = mutator.mutate(&Request { object: made, ..*request });
        if let Effect::Done(more) = again {
            problems.push(format!("running it twice changes more: {}", differences(made, &more, ["is", "becomes"])));
        }
    }
    Ok(problems.into_iter().map(|problem| format!("reference: {problem}")).collect())
}

/// What is wrong with what a generation brings with a test's object.
pub(super) fn generation_problems(
    generation: &Generation,
    test: &Test,
    request: &Request<'_>,
    loaded: &Loaded,
) -> Result<Vec<String>, Box<Failure>> {
    let effect = Generator::new(generation).generate(request);
    let problem = match (&test.expect, &effect) {
        (Expect::Skip, Effect::Nothing | Effect::Unreadable(_)) => None,
        (Expect::Gives(result), Effect::Done(made)) => {
            let wanted = object(result, loaded)?;
            let closest = made.iter().find(|made| made.get("kind").map(|kind| &kind.value) == wanted.get("kind").map(|kind| &kind.value));
            match closest {
                Some(_) if made.iter().any(|made| same(&wanted, made)) => None,
                Some(made) => Some(differences(&wanted, made, ["is expected to be", "is"])),
                None => Some("it brings no object of this kind".to_owned()),
            }
        }
        (_, effect) => Some(format!("expected {}, {}", wanted(&test.expect), what_happened(effect))),
    };
    Ok(problem.into_iter().map(|problem| format!("reference: {problem}")).collect())
}

fn wanted(expect: &Expect) -> &'static str {
    if let Expect::Skip = expect { "nothing to happen" } else { "an object" }
}

fn what_happened<T>(effect: &Effect<T>) -> String {
    match (effect, reason(effect)) {
        (Effect::Done(_), _) => "got one".to_owned(),
        (_, Some(reason)) => format!("but {reason}"),
        (_, None) => "but nothing happens".to_owned(),
    }
}

/// Where two objects differ, the first few places.
fn differences(left: &Node, right: &Node, words: [&str; 2]) -> String {
    let mut found = Vec::new();
    differ(&serde_json::Value::from(left), &serde_json::Value::from(right), "", words, &mut found);
    let more = found.len().saturating_sub(3);
    found.truncate(3);
    if more > 0 {
        found.push(format!("and {more} more places differ"));
    }
    if found.is_empty() { "they are written in another way".to_owned() } else { found.join("; ") }
}

fn differ(left: &serde_json::Value, right: &serde_json::Value, path: &str, words: [&str; 2], found: &mut Vec<String>) {
    use serde_json::Value::{Array, Null, Object};
    match (left, right) {
        (Object(a), Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differ(a.get(key).unwrap_or(&Null), b.get(key).unwrap_or(&Null), &path, words, found);
            }
        }
        (Array(a), Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                differ(a.get(index).unwrap_or(&Null), b.get(index).unwrap_or(&Null), &format!("{path}[{index}]"), words, found);
            }
        }
        (a, b) if a != b => {
            let shown = |value: &serde_json::Value| if value.is_null() { "absent".to_owned() } else { value.to_string() };
            let [first, second] = words;
            found.push(format!("`{path}` {first} {} and {second} {}", shown(a), shown(b)));
        }
        _ => {}
    }
}
