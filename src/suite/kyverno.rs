//! Tests for `kyverno test`: a folder for the tests of a pack that can be run together.
//!
//! The command finds an object by its name, and has one operation for all of a test; it compares verdicts and not messages. It cannot be given an old object other than the object, a
//! request or a Namespace: what a rule reads of those is not tested here.
//!
//! Source: `github.com/kyverno/kyverno` 1.19, `cmd/cli/kubectl-kyverno/apis/v1alpha1/test.go`.

use super::{Example, Referee, document};
use crate::eval::Verdict;
use crate::ir::Operation;
use crate::target::{Artifact, kyverno, kyverno_vpol, policy_name};
use crate::verify::generate::Case;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Which kind of policy is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    ClusterPolicy,
    ValidatingPolicy,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Test {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    policies: [String; 1],
    resources: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Json>,
    results: Vec<Expected>,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
}

/// What has to come of one object in one policy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Expected {
    pub(super) policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_validating_policy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_mutating_policy: Option<bool>,
    pub(super) kind: String,
    pub(super) resources: [String; 1],
    /// The file with the object as it has to be then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patched_resources: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fail_on_missing_resources: Option<bool>,
    pub(super) result: &'static str,
}

impl Test {
    /// A test of a pack's policies.
    pub(super) fn new(name: &str, target: &str, pack: &str, values: Option<Json>, results: Vec<Expected>) -> Self {
        Test {
            api_version: "cli.kyverno.io/v1alpha1",
            kind: "Test",
            metadata: Metadata { name: name.to_owned() },
            policies: [format!("../../{target}/{pack}.yaml")],
            resources: ["resources.yaml"],
            values,
            results,
        }
    }

    /// As YAML.
    pub(super) fn document(&self) -> String {
        serde_json::to_value(self).map(|test| document(&test)).unwrap_or_default()
    }
}

impl Expected {
    /// That a policy gives this of an object.
    pub(super) fn new(policy: String, object: &Json, result: &'static str) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        Expected {
            policy,
            rule: None,
            is_validating_policy: None,
            is_mutating_policy: None,
            kind: text("/kind").to_owned(),
            resources: [if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }],
            patched_resources: None,
            fail_on_missing_resources: None,
            result,
        }
    }
}

/// What is run together.
#[derive(Default)]
struct Folder {
    /// Names of objects: what is expected is looked up by them alone.
    taken: BTreeSet<String>,
    resources: Vec<String>,
    results: Vec<Expected>,
}

/// `kyverno-test.yaml` and `resources.yaml` in each folder.
pub(super) fn emit(referee: &Referee<'_>, examples: &[&Example], form: Form) -> Vec<Artifact> {
    let target = match form {
        Form::ClusterPolicy => kyverno::NAME,
        Form::ValidatingPolicy => kyverno_vpol::NAME,
    };
    let mut packs: BTreeMap<(&str, Operation), Vec<Folder>> = BTreeMap::new();
    for example in examples {
        let Some((case, result)) = asked(referee, example) else { continue };
        let Some((pack, rule)) = referee.rule(&example.rule) else { continue };
        let name = case.object.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let folders = packs.entry((example.pack(), case.operation)).or_default();
        let index = folders.iter().position(|folder| !folder.taken.contains(&name)).unwrap_or_else(|| {
            folders.push(Folder::default());
            folders.len() - 1
        });
        let Some(folder) = folders.get_mut(index) else { continue };
        folder.results.push(Expected {
            rule: (form == Form::ClusterPolicy).then(|| kyverno::rule_name(pack, rule)),
            is_validating_policy: (form == Form::ValidatingPolicy).then_some(true),
            ..Expected::new(policy_name(pack, rule), &case.object, result)
        });
        folder.resources.push(document(&case.object));
        folder.taken.insert(name);
    }
    let mut artifacts = Vec::new();
    for ((pack, on), folders) in packs {
        for (number, folder) in folders.into_iter().enumerate() {
            let on_word = match on {
                Operation::Create => String::new(),
                Operation::Update | Operation::Delete => format!("-on-{}", on.name()),
            };
            let more = if number == 0 { String::new() } else { format!("-{}", number + 1) };
            let name = format!("{pack}{on_word}{more}");
            let values = (on != Operation::Create).then(|| json!({"globalValues": {"request.operation": on.request_name()}}));
            let test = Test::new(&name, target, pack, values, folder.results).document();
            let file = |file: &str, text: String| Artifact { path: format!("{target}-tests/{name}/{file}"), contents: text.into_bytes() };
            artifacts.extend([file("kyverno-test.yaml", test), file("resources.yaml", folder.resources.join("---\n"))]);
        }
    }
    artifacts
}

/// What the command is asked of an example, and what has to come out: `pass` or `fail`. None where it cannot ask that.
fn asked(referee: &Referee<'_>, example: &Example) -> Option<(Case, &'static str)> {
    let given = &example.case;
    if given.request.is_some() || given.namespace_object.is_some() || given.old_object.as_ref().is_some_and(|old| *old != given.object) {
        return None;
    }
    let text = |pointer: &str| given.object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    // A policy that is not asked gives no result.
    let (_, rule) = referee.rule(&example.rule)?;
    if !rule.operations.contains(&given.operation) {
        return None;
    }
    let kind = referee.kind(&example.rule, text("/apiVersion"), text("/kind"))?;
    let mut case = given.clone();
    // On an update the command gives the object as the old one too.
    if case.operation == Operation::Update {
        case.old_object = Some(case.object.clone());
    }
    if kind.namespaced && text("/metadata/namespace").is_empty() {
        put(&mut case.object, "namespace", "default");
    }
    let named = {
        let mut named = case.clone();
        put(&mut named.object, "name", &example.name());
        named
    };
    let verdict = |case: &Case| referee.verdicts(&synchronised(case)).remove(example.rule.as_str());
    let own = verdict(&case)?;
    // Many tests call their object the same: one of a name of its own can stand beside others where the rule says the same of it.
    let renamed = verdict(&named)? == own || text("/metadata/name").is_empty();
    let case = if renamed { named } else { case };
    let result = match verdict(&case)? {
        Verdict::Pass | Verdict::Skip => "pass",
        Verdict::Fail { .. } => "fail",
        Verdict::NotJudged(_) => return None,
    };
    Some((synchronised(&case), result))
}

/// The case with the old object that the command gives.
fn synchronised(case: &Case) -> Case {
    let old_object = (case.operation == Operation::Update).then(|| case.object.clone());
    Case { old_object, ..case.clone() }
}

/// Puts a text into the metadata.
pub(super) fn put(object: &mut Json, name: &str, text: &str) {
    if let Some(fields) = object.as_object_mut() {
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if metadata.is_null() {
            *metadata = json!({});
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert(name.to_owned(), json!(text));
        }
    }
}
