//! Tests of mutations for `kyverno test`: a folder for each, for the command changes an object by all policies of a file.
//!
//! A ClusterPolicy's result is the object after it and those before it in the file, a MutatingPolicy's that after all of them. So a test is left out where what comes out depends on their order, or where they
//! would change the object again.
//!
//! Source: `github.com/kyverno/kyverno` 1.19, `cmd/cli/kubectl-kyverno/commands/test/output.go` and `processor/policy_processor.go`.

use super::kyverno::{Expected, Form, Test, put};
use super::{Example, document};
use crate::eval::Request;
use crate::eval::change::{Effect, Mutator};
use crate::ir::change::Mutation;
use crate::ir::{Operation, Pack, Program};
use crate::object::Node;
use crate::target::{Artifact, kyverno, policy_name};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// `kyverno-test.yaml`, `resources.yaml` and `patched.yaml` in each folder.
pub(super) fn emit(program: &Program, examples: &[&Example], carried: &BTreeSet<&str>, form: Form) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for pack in program.packs.values() {
        let mutations: Vec<&Mutation> = pack.mutations.iter().filter(|mutation| carried.contains(mutation.head.id.as_str())).collect();
        let mutators: Vec<Mutator> = mutations.iter().map(|mutation| Mutator::new(mutation)).collect();
        for (place, mutation) in mutations.iter().enumerate() {
            for example in examples.iter().filter(|example| example.rule == mutation.head.id) {
                let files = asked(mutation, example).and_then(|object| folder(pack, mutation, place, &mutators, example, &object, form));
                artifacts.extend(files.into_iter().flatten());
            }
        }
    }
    artifacts
}

/// The object that the command is given. None where it cannot ask what the example asks, or where nobody would ask the policy.
fn asked(mutation: &Mutation, example: &Example) -> Option<Json> {
    let given = &example.case;
    if given.operation != Operation::Create || given.request.is_some() || given.namespace_object.is_some() {
        return None;
    }
    let text = |pointer: &str| given.object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let mut kinds = mutation.head.kinds.iter();
    let kind = kinds.find(|kind| kind.object_kind() == text("/kind") && kind.object_version() == text("/apiVersion"))?;
    if !mutation.on(kind).contains(&Operation::Create) {
        return None;
    }
    let mut object = given.object.clone();
    if text("/metadata/name").is_empty() {
        put(&mut object, "name", &example.name());
    }
    if kind.namespaced && text("/metadata/namespace").is_empty() {
        put(&mut object, "namespace", "default");
    }
    Some(object)
}

fn folder(
    pack: &Pack,
    mutation: &Mutation,
    place: usize,
    mutators: &[Mutator],
    example: &Example,
    object: &Json,
    form: Form,
) -> Option<[Artifact; 3]> {
    let given = Node::from(object);
    let before = changed(&given, mutators.get(..place)?)?;
    let here = changed(&before, mutators.get(place..=place)?)?;
    let after = changed(&here, mutators.get(place + 1..)?)?;
    if changed(&given, mutators.iter().rev())? != after || changed(&after, mutators)? != after {
        return None;
    }
    let (target, patched, result) = match form {
        Form::ClusterPolicy => (kyverno::NAME, &here, if here == before { "skip" } else { "pass" }),
        Form::ValidatingPolicy => (crate::target::kyverno_vpol::NAME, &after, "pass"),
    };
    // A ClusterPolicy has a rule for each shape of objects, of which one answers: none is named.
    let expected = Expected {
        is_mutating_policy: (form == Form::ValidatingPolicy).then_some(true),
        patched_resources: Some("patched.yaml"),
        fail_on_missing_resources: Some(true),
        ..Expected::new(policy_name(pack, &mutation.head), object, result)
    };
    let name = format!("{}.{}", pack.name, example.name());
    let test = Test::new(&name, target, &pack.name, None, vec![expected]);
    let file = |file: &str, text: String| Artifact { path: format!("{target}-tests/{name}/{file}"), contents: text.into_bytes() };
    Some([
        file("kyverno-test.yaml", test.document()),
        file("patched.yaml", crate::manifest::yaml(patched)),
        file("resources.yaml", document(object)),
    ])
}

/// What mutations make of an object, one after the other; none where that is not known.
fn changed<'m>(object: &Node, mutators: impl IntoIterator<Item = &'m Mutator>) -> Option<Node> {
    let mut object = object.clone();
    for mutator in mutators {
        match mutator.mutate(&Request::create(&object)) {
            Effect::Done(made) => object = made,
            Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => {}
            Effect::NotJudged(_) => return None,
        }
    }
    Some(object)
}
