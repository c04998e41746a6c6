//! `gatekeeper`, mutations: `Assign`, `AssignMetadata` and `ModifySet`, a file for each pack. A mutation may need several.
//!
//! Gatekeeper runs mutators in the order of their kinds and names, so that the names of those of one mutation are numbered in the order of its statements.
//!
//! Source: `github.com/open-policy-agent/gatekeeper` 3.23, `apis/mutations/v1` and `pkg/mutation/match`.

use super::gatekeeper::NAME;
use super::metadata::{Metadata, policy_name, within_length};
use super::{Artifact, Emission, Outcome, join_documents};
use crate::ir::change::Mutation;
use crate::ir::{Kind, Operation, Pack};
use crate::lower::Unsupported;
use crate::lower::location::{self, Effect, Match, Mutator, Operator, Requirement};
use crate::manifest;
use crate::object::Node;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    apply_to: Vec<ApplyTo>,
    #[serde(skip_serializing_if = "Matched::is_empty")]
    r#match: Matched,
    parameters: Parameters,
    /// Last, for it never ends in a line break: some readers lose one at the end of a document.
    location: String,
}

#[derive(Serialize)]
struct ApplyTo {
    groups: [String; 1],
    versions: [String; 1],
    kinds: Vec<String>,
    operations: BTreeSet<Operation>,
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Matched {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<Kinds>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    namespaces: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded_namespaces: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_selector: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_selector: Option<Selector>,
}

impl Matched {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kinds {
    api_groups: [String; 1],
    kinds: Vec<String>,
}

#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    match_expressions: Vec<Expression>,
}

#[derive(PartialEq, Serialize)]
struct Expression {
    key: String,
    operator: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path_tests: Vec<PathTest>,
    #[serde(flatten)]
    effect: What,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PathTest {
    sub_path: String,
    condition: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What {
    Assign { assign: Value },
    Set { operation: &'static str, values: Values },
}

#[derive(Serialize)]
struct Value {
    value: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    from_list: Vec<String>,
}

/// Writes the mutations of a pack. `names` are those of all mutators so far.
pub(super) fn emit(pack: &Pack, names: &mut BTreeMap<String, String>, emission: &mut Emission) {
    let mut documents = Vec::new();
    for mutation in &pack.mutations {
        let head = &mutation.head;
        if !emission.wants_change(NAME, head) {
            continue;
        }
        match written(pack, mutation) {
            Ok(written) => {
                for (name, text) in written {
                    if let Some(other) = names.insert(name.clone(), head.id.clone()) {
                        emission.collide(NAME, &name, &other, &head.id, head.span);
                    }
                    documents.push(text);
                }
                emission.row(NAME, &head.id, Outcome::Exact);
            }
            Err(unsupported) => emission.refuse(NAME, &head.id, &unsupported),
        }
    }
    if !documents.is_empty() {
        emission.artifacts.push(Artifact { path: format!("{NAME}/mutations/{}.yaml", pack.name), contents: join_documents(&documents) });
    }
}

/// The mutators of a mutation, with their names.
fn written(pack: &Pack, mutation: &Mutation) -> Result<Vec<(String, String)>, Unsupported> {
    let head = &mutation.head;
    let mutators = location::mutators(mutation)?;
    let width = mutators.len().to_string().len().max(2);
    let mut written = Vec::new();
    for (number, mutator) in (1..).zip(mutators) {
        let name = within_length(format!("{}-{number:0width$}", policy_name(pack, head)), head.span)?;
        let metadata = Metadata { name: name.clone(), ..Metadata::of_rule(pack, head) }.described(head);
        let json = serde_json::to_value(document(metadata, mutator)).map_err(|error| Unsupported::new(error.to_string(), head.span))?;
        // The values are the author's: a reader of YAML must not take a text for something else.
        written.push((name, manifest::yaml(&Node::from(&json))));
    }
    Ok(written)
}

fn document(metadata: Metadata, mutator: Mutator) -> Document {
    let kind = match mutator.effect {
        Effect::Assign(_) => "Assign",
        Effect::AssignMetadata(_) => "AssignMetadata",
        Effect::ModifySet(_) => "ModifySet",
    };
    let (apply_to, kinds) = match mutator.effect {
        // It has no `applyTo`.
        Effect::AssignMetadata(_) => (Vec::new(), kinds(&mutator.kinds)),
        Effect::Assign(_) | Effect::ModifySet(_) => (apply_to(&mutator.kinds), Vec::new()),
    };
    let effect = match mutator.effect {
        Effect::Assign(value) => What::Assign { assign: Value { value } },
        Effect::AssignMetadata(text) => What::Assign { assign: Value { value: Json::String(text) } },
        Effect::ModifySet(from_list) => What::Set { operation: "merge", values: Values { from_list } },
    };
    let test =
        |test: location::PathTest| PathTest { sub_path: test.path, condition: if test.exists { "MustExist" } else { "MustNotExist" } };
    Document {
        api_version: "mutations.gatekeeper.sh/v1",
        kind,
        metadata,
        spec: Spec {
            apply_to,
            r#match: matched(mutator.matched, kinds),
            location: mutator.location,
            parameters: Parameters { path_tests: mutator.tests.into_iter().map(test).collect(), effect },
        },
    }
}

/// Kinds of one version and with the same operations together.
fn apply_to(kinds: &[(Kind, BTreeSet<Operation>)]) -> Vec<ApplyTo> {
    let mut groups: BTreeMap<(&str, &str, &BTreeSet<Operation>), BTreeSet<&str>> = BTreeMap::new();
    for (kind, operations) in kinds {
        groups.entry((&kind.group, &kind.version, operations)).or_default().insert(&kind.kind);
    }
    let entry = |((group, version, operations), kinds): ((&str, &str, &BTreeSet<Operation>), BTreeSet<&str>)| ApplyTo {
        groups: [group.to_owned()],
        versions: [version.to_owned()],
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        operations: operations.clone(),
    };
    groups.into_iter().map(entry).collect()
}

fn kinds(kinds: &[(Kind, BTreeSet<Operation>)]) -> Vec<Kinds> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (kind, _) in kinds {
        groups.entry(&kind.group).or_default().insert(&kind.kind);
    }
    let entry = |(group, kinds): (&str, BTreeSet<&str>)| Kinds {
        api_groups: [group.to_owned()],
        kinds: kinds.into_iter().map(str::to_owned).collect(),
    };
    groups.into_iter().map(entry).collect()
}

fn matched(matched: Match, kinds: Vec<Kinds>) -> Matched {
    Matched {
        kinds,
        namespaces: matched.namespaces,
        excluded_namespaces: matched.excluded_namespaces,
        name: matched.name,
        label_selector: selector(matched.labels),
        namespace_selector: selector(matched.namespace_labels),
    }
}

fn selector(requirements: Vec<Requirement>) -> Option<Selector> {
    let expression = |requirement: Requirement| Expression {
        key: requirement.key,
        operator: match requirement.operator {
            Operator::In => "In",
            Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
        },
        values: requirement.values,
    };
    (!requirements.is_empty()).then(|| Selector { match_expressions: requirements.into_iter().map(expression).collect() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::target::{Emission, Options, Outcome, gatekeeper};
    use serde::Deserialize as _;
    use serde_json::json;

    /// What is written for `mutation m { ... }` in the pack `p`, and its source.
    fn emitted(mutation: &str) -> (Emission, Sources) {
        let mut sources = Sources::default();
        sources.add("a.pol", format!("pack p\nmutation m {{ {mutation} }}\n"));
        let program =
            compile(&sources, &crate::resolve::Options::default()).unwrap_or_else(|found| panic!("{mutation}: {found:?}")).program;
        (gatekeeper::emit(&program, &Options::default()), sources)
    }

    fn text(mutation: &str) -> String {
        let (emission, _) = emitted(mutation);
        assert!(emission.diagnostics.is_empty(), "{mutation}: {:?}", emission.diagnostics);
        let [artifact] = &emission.artifacts[..] else { panic!("{mutation}: {:?}", emission.artifacts) };
        assert_eq!(artifact.path, "gatekeeper/mutations/p.yaml");
        String::from_utf8(artifact.contents.clone()).unwrap()
    }

    #[test]
    fn what_a_mutator_cannot_say_is_refused_by_name_at_its_place() {
        let cases = [
            ("match Pod remove pod.spec.nodeName", "`remove`", "remove pod.spec.nodeName"),
            ("on conflict skip match Pod set pod.spec.nodeName = \"a\"", "`on conflict skip`", "mutation m {"),
            ("match Pod where pod.spec.hostPID set pod.spec.nodeName = \"a\"", "the condition on `pod.spec.hostPID`", "mutation m {"),
            ("match Pod except users \"a\" set pod.spec.nodeName = \"a\"", "the condition on `request.userInfo.username`", "mutation m {"),
            (
                "match Pod except where exists object.metadata.annotations[\"a\"] set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.annotations[\"a\"]`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.labels[\"a\"] == \"b\" or object.metadata.labels[\"c\"] == \"d\" set pod.spec.nodeName = \"a\"",
                "a condition with `or`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.labels[\"a\"] == \"no value\" set pod.spec.nodeName = \"a\"",
                "the value \"no value\" of a label, which no selector can name,",
                "mutation m {",
            ),
            (
                "match Pod where exists object.metadata.labels[\"A/b/c\"] set pod.spec.nodeName = \"a\"",
                "the label \"A/b/c\", which no selector can name,",
                "mutation m {",
            ),
            (
                "match Pod except namespaces \"a*\", \"A\" set pod.spec.nodeName = \"a\"",
                "the name \"A\", which no namespace can have,",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.name like \"a-*\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.name`",
                "mutation m {",
            ),
            (
                "match Pod for c in pod.containers { if image(c.image).tag == \"a\" { set c.stdin = true } }",
                "a condition or value that reads `c.image`",
                "mutation m {",
            ),
            ("match Pod set pod.spec.hostname = object.metadata.name", "a value that is computed from the object", "set pod.spec.hostname"),
            (
                "match Pod set pod.spec.nodeSelector[\"a\" + object.metadata.name] = \"b\"",
                "a key of a map that is computed",
                "set pod.spec.nodeSelector",
            ),
            (
                "match Pod set pod.spec.activeDeadlineSeconds = 9007199254740993",
                "the number 9007199254740993, which Gatekeeper reads into floating point,",
                "set pod.spec",
            ),
            (
                "match Pod set object.metadata.labels[\"a\"] = \"b\"",
                "`set` in `metadata`, of which Gatekeeper only adds labels and annotations,",
                "set object.metadata",
            ),
            (
                "match Pod append object.metadata.finalizers \"a/b\"",
                "`append` in `metadata`, of which Gatekeeper only adds labels and annotations,",
                "append object.metadata",
            ),
            (
                "match Pod default object.metadata.labels[\"a\"] = \"b\"",
                "`default` in `metadata.labels` that is not for create and update both, as Gatekeeper's AssignMetadata always is (of a Pod or Job say `on create, update`),",
                "default object.metadata",
            ),
            (
                "match ConfigMap default object.metadata.labels = { a: \"b\" }",
                "`default` in `metadata` of anything but one label or annotation",
                "default object.metadata",
            ),
            (
                "match Pod for c in pod.containers { default c.resources = { limits: { cpu: 1 } } }",
                "`default` of `spec.initContainers[*].resources`, a struct which is always there,",
                "default c.resources",
            ),
            (
                "match Role default object.rules = [{ verbs: [\"get\"] }]",
                "`default` of `rules`, which may be `null`,",
                "default object.rules",
            ),
            ("match Role for r in object.rules { append r.verbs \"get\" }", "a loop over `rules`, which may be `null`,", "append r.verbs"),
            (
                "match Pod append pod.spec.securityContext.supplementalGroups 5",
                "`append` of anything but a text",
                "append pod.spec.securityContext",
            ),
            (
                "match Pod for c in pod.containers { merge c.env by name { name: \"A\", value: \"b\" } }",
                "`merge` into `spec.initContainers[*].env`, in which several elements may have the same `name` and Gatekeeper changes all of them,",
                "merge c.env",
            ),
            (
                "match Pod for c in pod.containers { merge c.ports by containerPort, protocol { containerPort: 80, protocol: \"TCP\", name: \"a\" } }",
                "`merge` by several keys",
                "merge c.ports",
            ),
            (
                "match Pod for c in pod.containers { merge c.volumeMounts by name { name: \"a\", mountPath: \"/a\" } }",
                "`merge` into `spec.initContainers[*].volumeMounts` by `name`",
                "merge c.volumeMounts",
            ),
            (
                "match Pod for c in pod.containers where exists c.livenessProbe { set c.stdin = true }",
                "the condition on `spec.initContainers[*].livenessProbe`, which is not on the way to what is changed,",
                "set c.stdin",
            ),
            (
                "match Pod for c in pod.containers where c.workingDir like \"a*\" { set c.stdin = true }",
                "the condition on `workingDir`",
                "set c.stdin",
            ),
            (
                "match Pod for c in pod.containers { set pod.spec.nodeName = \"a\" }",
                "a loop around what is no part of its element",
                "set pod.spec.nodeName",
            ),
            (
                "match Pod for k, v in pod.spec.nodeSelector { set pod.metadata.annotations[k] = \"a\" }",
                "a loop over a map",
                "set pod.metadata",
            ),
            (
                "match Pod for c in pod.spec.containers { merge c.ports by containerPort { containerPort: 0 } }",
                "`merge` by a key that is computed, empty or not above zero",
                "merge c.ports",
            ),
            (
                "match Pod set pod.spec.hostname = object.metadata.labels[\"a\"] ?? \"b\"",
                "a value that is computed from the object",
                "set pod.spec.hostname",
            ),
            (
                "match Pod if not exists pod.spec.dnsConfig { set pod.spec.nodeName = \"a\" }",
                "the condition on `pod.spec.dnsConfig`",
                "set pod.spec.nodeName",
            ),
            (
                "match Pod where exists object.metadata.annotations[\"a\"] set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.annotations[\"a\"]`",
                "mutation m {",
            ),
            (
                "match Pod where object.spec.nodeName == \"a\" set pod.spec.hostname = \"a\"",
                "the condition on `object.spec.nodeName`",
                "mutation m {",
            ),
            (
                "match Pod where object.spec.nodeName like \"*a\" set pod.spec.hostname = \"a\"",
                "the condition on `object.spec.nodeName`",
                "mutation m {",
            ),
            ("match Pod for c in pod.containers where c.name != \"a\" { set c.stdin = true }", "the condition on `name`", "set c.stdin"),
            ("match Pod for c in pod.containers where c.name == \"\" { set c.stdin = true }", "the condition on `name`", "set c.stdin"),
            (
                "match Pod for c in pod.spec.containers { for p in c.ports where p.containerPort == 0 { set p.hostIP = \"a\" } }",
                "the condition on `containerPort`",
                "set p.hostIP",
            ),
            (
                "match Pod where exists pod.spec.containers for c in pod.spec.containers { set c.stdin = true }",
                "the condition on `pod.spec.containers`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.generateName == \"a\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.generateName`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.generateName like \"*a\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.generateName`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.namespace like \"a*b\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.namespace`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.namespace like \"a*b*\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.namespace`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.namespace like \"*a*b\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.namespace`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.namespace == \"a\" if object.metadata.namespace == \"b\" { set pod.spec.nodeName = \"a\" }",
                "a second condition on the namespace",
                "set pod.spec",
            ),
            (
                "match Pod where object.metadata.name != \"a\" set pod.spec.nodeName = \"a\"",
                "the condition on `object.metadata.name`",
                "mutation m {",
            ),
            (
                "match Pod where object.metadata.name == \"a\" if object.metadata.name == \"b\" { set pod.spec.nodeName = \"a\" }",
                "the condition on `object.metadata.name`",
                "set pod.spec",
            ),
            (
                "match Pod where namespaceObject.metadata.annotations[\"a\"] == \"b\" set pod.spec.nodeName = \"a\"",
                "the condition on `namespaceObject.metadata.annotations[\"a\"]`",
                "mutation m {",
            ),
            (
                "match Pod for c in pod.containers { set c.name = \"a\" }",
                "the field `name`, by which Gatekeeper finds the elements of the list,",
                "set c.name",
            ),
        ];
        for (mutation, construct, place) in cases {
            let (emission, sources) = emitted(mutation);
            let [found] = &emission.diagnostics[..] else { panic!("{mutation}: {:?}", emission.diagnostics) };
            assert_eq!(found.message, format!("`p/m` cannot be written for gatekeeper: {construct} has no exact form there"), "{mutation}");
            assert_eq!(
                found.help.as_deref(),
                Some("leave the target out for this rule with `targets except gatekeeper`, or state the rule without it"),
                "{mutation}"
            );
            let underlined = sources.text(found.labels[0].0);
            assert!(underlined.starts_with(place), "{mutation}: {underlined}");
            assert!(emission.artifacts.is_empty(), "{mutation}");
            assert!(
                matches!(&emission.report[..], [row] if matches!(row.outcome, Outcome::Refused(_))),
                "{mutation}: {:?}",
                emission.report
            );
        }
    }

    #[test]
    fn the_statements_of_a_mutation_keep_their_order_in_the_names_of_its_mutators() {
        let written = text(
            "match Pod, CronJob where exists object.metadata.labels[\"a\"] and namespaceObject.metadata.labels[\"b\"] != \"c\" \
             append pod.spec.dnsConfig.searches \"b\" append pod.spec.dnsConfig.searches \"a\" append pod.spec.dnsConfig.searches \"b\" \
             default pod.spec.nodeName = \"yes\"",
        );
        let found: Vec<&str> = written
            .lines()
            .filter(|line| {
                ["kind: ", "  name: ", "  location: ", "      - "].iter().any(|start| line.starts_with(start)) && !line.contains("- key")
            })
            .map(str::trim)
            .collect();
        assert_eq!(
            found,
            [
                "kind: ModifySet",
                "name: p-m-01",
                "- b",
                "- a",
                "location: spec.dnsConfig.searches",
                "kind: ModifySet",
                "name: p-m-02",
                "- b",
                "- a",
                "location: spec.jobTemplate.spec.template.spec.dnsConfig.searches",
                "kind: Assign",
                "name: p-m-03",
                "location: spec.nodeName",
                "kind: Assign",
                "name: p-m-04",
                "location: spec.jobTemplate.spec.template.spec.nodeName",
            ]
        );
        let matched = "  match:\n    labelSelector:\n      matchExpressions:\n      - key: a\n        operator: Exists\n    \
            namespaceSelector:\n      matchExpressions:\n      - key: b\n        operator: NotIn\n        values:\n        - c\n";
        assert_eq!(written.matches(matched).count(), 4, "{written}");
        let value = "  parameters:\n    pathTests:\n    - subPath: spec.nodeName\n      condition: MustNotExist\n    assign:\n      value: \"yes\"\n";
        assert_eq!(written.matches(value).count(), 1, "{written}");
        let pods = "    - Pod\n    operations:\n    - CREATE\n  match:";
        let others = "    - CronJob\n    operations:\n    - CREATE\n    - UPDATE\n  match:";
        assert_eq!((written.matches(pods).count(), written.matches(others).count()), (2, 2), "{written}");
    }

    #[test]
    fn what_the_kind_decides_is_no_condition() {
        let written = text(
            "match PersistentVolume, ConfigMap on create, update except namespaces \"a\" \
             default object.metadata.annotations[\"a/b\"] = \"c\"",
        );
        assert_eq!(written.matches("kind: AssignMetadata\n").count(), 2, "{written}");
        assert_eq!(written.matches("excludedNamespaces:\n    - a\n").count(), 1, "{written}");
        assert_eq!(written.matches("  location: \"metadata.annotations.\\\"a/b\\\"\"\n").count(), 2, "{written}");
        let none = text(
            "match ConfigMap, Namespace on create, update where object.metadata.namespace == \"a\" default object.metadata.labels[\"b\"] = \"c\"",
        );
        assert!(none.contains("      - ConfigMap\n    namespaces:\n    - a\n") && !none.contains("- Namespace\n"), "{none}");
    }

    /// Where the mutators put something, in their order, each with the kinds that it is for.
    fn puts(mutation: &str) -> Vec<(String, Vec<String>)> {
        let written = text(mutation);
        let documents: Vec<serde_json::Value> =
            serde_yaml::Deserializer::from_str(&written).map(|document| serde_json::Value::deserialize(document).unwrap()).collect();
        let kinds = |document: &serde_json::Value| {
            let applies = document["spec"]["applyTo"].as_array().or_else(|| document["spec"]["match"]["kinds"].as_array());
            let all = applies.into_iter().flatten().flat_map(|rule| rule["kinds"].as_array().into_iter().flatten());
            all.map(|kind| kind.as_str().unwrap().to_owned()).collect()
        };
        documents.iter().map(|document| (document["spec"]["location"].as_str().unwrap().to_owned(), kinds(document))).collect()
    }

    fn put(location: &str, kinds: &[&str]) -> (String, Vec<String>) {
        (location.to_owned(), kinds.iter().map(|kind| (*kind).to_owned()).collect())
    }

    #[test]
    fn statements_that_are_not_for_a_kind_keep_their_numbers() {
        let found = puts(
            "match ConfigMap, ClusterRole on create, update \
             if object.metadata.namespace == \"shop\" { default object.metadata.labels[\"a\"] = \"a\" default object.metadata.labels[\"b\"] = \"b\" } \
             default object.metadata.labels[\"c\"] = \"c\"",
        );
        let expected = [
            put("metadata.labels.a", &["ConfigMap"]),
            put("metadata.labels.b", &["ConfigMap"]),
            put("metadata.labels.c", &["ConfigMap", "ClusterRole"]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn elements_are_found_by_their_keys() {
        for (mutation, location) in [
            (
                "for c in pod.spec.containers { merge c.ports by containerPort { containerPort: 80 } }",
                "spec.containers[name: *].ports[containerPort: 80]",
            ),
            (
                "for c in pod.spec.containers { for p in c.ports where p.containerPort == 80 { set p.hostIP = \"a\" } }",
                "spec.containers[name: *].ports[containerPort: 80].hostIP",
            ),
            (
                "for c in pod.spec.containers where c.name == \"a\" { if c.name == \"a\" { set c.stdin = true } }",
                "spec.containers[name: a].stdin",
            ),
        ] {
            let found = puts(&format!("match Pod {mutation}"));
            assert_eq!(found, [put(location, &["Pod"])], "{mutation}");
        }
        let none = emitted("match Pod for c in pod.spec.containers where c.name == \"a\" { if c.name == \"b\" { set c.stdin = true } }").0;
        assert!(none.artifacts.is_empty(), "{:?}", none.artifacts);
    }

    #[test]
    fn what_constants_decide_is_no_condition() {
        let found = puts("match Pod for k, v in { \"a\": \"x\", \"b\": \"y\" } { if v == \"x\" { set pod.spec.nodeSelector[k] = v } }");
        assert_eq!(found, [put("spec.nodeSelector.a", &["Pod"])]);
    }

    #[test]
    fn a_match_says_which_namespaces_names_and_labels() {
        for (condition, expected) in [
            ("where object.metadata.namespace like \"shop-*\"", json!({"namespaces": ["shop-*"]})),
            ("where object.metadata.namespace like \"*-shop\"", json!({"namespaces": ["*-shop"]})),
            ("where object.metadata.namespace like \"*shop*\"", json!({"namespaces": ["*shop*"]})),
            ("where not (object.metadata.namespace like \"shop-*\")", json!({"excludedNamespaces": ["shop-*"]})),
            ("where object.metadata.name like \"*-shop\"", json!({"name": "*-shop"})),
            (
                "except where exists object.metadata.labels[\"a\"] or object.metadata.labels[\"b\"] == \"c\"",
                json!({"labelSelector": {"matchExpressions": [
                    {"key": "a", "operator": "DoesNotExist"}, {"key": "b", "operator": "NotIn", "values": ["c"]},
                ]}}),
            ),
        ] {
            let written = text(&format!("match Pod {condition} set pod.spec.nodeName = \"a\""));
            let document: serde_json::Value = serde_yaml::from_str(&written).unwrap();
            assert_eq!(document["spec"]["match"], expected, "{condition}");
        }
        let twice = text(
            "match Pod where object.metadata.namespace in [\"a\", \"b\"] \
             if object.metadata.namespace in [\"a\", \"b\"] { set pod.spec.nodeName = \"a\" }",
        );
        assert_eq!(twice.matches("    namespaces:\n    - a\n    - b\n").count(), 1, "{twice}");
    }

    #[test]
    fn what_lives_in_no_namespace_has_no_labels_of_one() {
        let found = |condition: &str| {
            let written =
                text(&format!("match ConfigMap, ClusterRole on create, update {condition} default object.metadata.labels[\"b\"] = \"c\""));
            (written.matches("- ClusterRole").count(), written.matches("namespaceSelector").count())
        };
        assert_eq!(found("where namespaceObject.metadata.labels[\"a\"] == \"b\""), (0, 1));
        assert_eq!(found("where not exists namespaceObject.metadata.labels[\"a\"]"), (1, 1));
    }

    #[test]
    fn a_condition_that_a_kind_meets_is_not_asked_of_it() {
        let written = text(
            "match ConfigMap, Secret, Namespace on create, update except namespaces \"a\" default object.metadata.labels[\"c\"] = \"d\"",
        );
        let [others, namespaces] = &written.split("\n---\n").collect::<Vec<_>>()[..] else { panic!("{written}") };
        assert!(
            others.contains("- ConfigMap") && others.contains("- Secret") && others.contains("excludedNamespaces:\n    - a\n"),
            "{others}"
        );
        assert!(namespaces.contains("- Namespace") && !namespaces.contains("excludedNamespaces"), "{namespaces}");
    }

    #[test]
    fn names_are_of_at_most_63_characters_and_become_one_only_once() {
        let mut sources = Sources::default();
        sources.add("a.pol", format!("pack {}\nmutation m {{ match Pod set pod.spec.nodeName = \"a\" }}\n", "p".repeat(60)));
        sources.add("b.pol", "pack a-b\nmutation m { match Pod set pod.spec.nodeName = \"a\" }\n");
        sources.add("c.pol", "pack a\nmutation b-m { match Pod set pod.spec.nodeName = \"a\" }\n");
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let emission = gatekeeper::emit(&program, &Options::default());
        let found: Vec<&str> = emission.diagnostics.iter().map(|found| found.message.as_str()).collect();
        let long = "p".repeat(60);
        assert_eq!(
            found,
            [
                "`a/b-m` and `a-b/m` are both called `a-b-m-01` in the output for gatekeeper".to_owned(),
                format!(
                    "`{long}/m` cannot be written for gatekeeper: the name `{long}-m-01` of more than 63 characters has no exact form there"
                ),
            ]
        );
    }
}
