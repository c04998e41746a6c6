//! `kyverno`, mutations and generations: a `kyverno.io/v1` ClusterPolicy for each, with a rule for the kinds whose Pods stand at one place.
//!
//! A mutation is a JSON patch that JMESPath computes from the object, whose operations `foreach` makes one by one. A generation brings its data once: nothing is synchronised, what is there is not
//! changed, and what was brought stays.
//!
//! Source: `github.com/kyverno/kyverno` 1.19, `api/kyverno/v1/rule_types.go`.

use super::kyverno::{ClusterPolicy, Filter, Match, Resources, Spec, WebhookConfiguration, metadata, rule_name, whole};
use super::metadata::{policy_name, within_length};
use super::{Emission, Outcome};
use crate::diagnostic::Span;
use crate::ir::change::{Generation, Mutation};
use crate::ir::{Kind, Operation, Pack, Rule};
use crate::lower::Unsupported;
use crate::lower::jmespath::change::{self, Brought, Data, Patch};
use crate::lower::jmespath::{Expr, print};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
struct ChangingRule {
    name: String,
    r#match: Match,
    #[serde(skip_serializing_if = "Option::is_none")]
    preconditions: Option<Preconditions>,
    #[serde(flatten)]
    does: Does,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Does {
    Mutate { foreach: [ForEach; 1] },
    Generate(Box<Generate>),
}

#[derive(Debug, Serialize)]
struct Preconditions {
    all: [Precondition; 1],
}

#[derive(Debug, Serialize)]
struct Precondition {
    key: String,
    operator: &'static str,
    value: bool,
}

#[derive(Debug, Serialize)]
struct ForEach {
    list: String,
    #[serde(rename = "patchesJson6902")]
    patches: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Generate {
    api_version: String,
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    synchronize: bool,
    generate_existing: bool,
    data: Json,
}

/// The policies of a pack's mutations and generations; the emission says what became of each.
pub(crate) fn documents(target: &'static str, pack: &Pack, names: &mut BTreeMap<String, String>, emission: &mut Emission) -> Vec<String> {
    let mut documents = Vec::new();
    for mutation in &pack.mutations {
        documents.extend(document(target, pack, &mutation.head, names, emission, || mutating(pack, mutation)));
    }
    for generation in &pack.generations {
        documents.extend(document(target, pack, &generation.head, names, emission, || generating(pack, generation)));
    }
    documents
}

fn document(
    target: &'static str,
    pack: &Pack,
    head: &Rule,
    names: &mut BTreeMap<String, String>,
    emission: &mut Emission,
    rules: impl FnOnce() -> Result<Vec<ChangingRule>, Unsupported>,
) -> Option<String> {
    if !emission.wants_change(target, head) {
        return None;
    }
    let name = policy_name(pack, head);
    let text = within_length(name.clone(), head.span).and_then(|_| rules()).and_then(|rules| {
        let policy = ClusterPolicy {
            api_version: "kyverno.io/v1",
            kind: "ClusterPolicy",
            metadata: metadata(pack, head),
            spec: Spec {
                background: false,
                emit_warning: None,
                webhook_configuration: WebhookConfiguration { failure_policy: "Fail" },
                rules,
            },
        };
        serde_yaml::to_string(&policy).map_err(|error| Unsupported::new(error.to_string(), head.span))
    });
    match text {
        Ok(text) => {
            if let Some(first) = names.insert(name.clone(), head.id.clone()) {
                emission.collide(target, &name, &first, &head.id, head.span);
            }
            emission.row(target, &head.id, Outcome::Exact);
            Some(text)
        }
        Err(unsupported) => {
            emission.refuse(target, &head.id, &unsupported);
            None
        }
    }
}

fn mutating(pack: &Pack, mutation: &Mutation) -> Result<Vec<ChangingRule>, Unsupported> {
    let head = &mutation.head;
    let mut rules = Vec::new();
    for Patch { kinds, applies, operations, .. } in change::mutation(mutation)? {
        let foreach = ForEach { list: print(&operations), patches: "{{ to_string([element]) }}" };
        rules.push(ChangingRule {
            name: numbered(pack, head, rules.len())?,
            r#match: matching(&kinds, |kind| mutation.on(kind)),
            preconditions: preconditions(&applies, head.span)?,
            does: Does::Mutate { foreach: [foreach] },
        });
    }
    Ok(rules)
}

fn generating(pack: &Pack, generation: &Generation) -> Result<Vec<ChangingRule>, Unsupported> {
    let head = &generation.head;
    let mut rules = Vec::new();
    for Brought { kinds, applies, kind, name, namespace, fields, .. } in change::generation(generation)? {
        let text = |expr: &Expr| {
            Ok::<String, Unsupported>(match written(expr, head.span)?.as_str() {
                Some(text) => text.to_owned(),
                None => print(expr),
            })
        };
        let mut data = serde_json::Map::new();
        for (name, field) in &fields {
            if name == "metadata" {
                own_labels(field, head.span)?;
            }
            data.insert(tame_key(name, head.span)?, of(field, head.span)?);
        }
        let generate = Generate {
            api_version: kind.api_version(),
            kind: kind.kind.clone(),
            name: text(&name)?,
            namespace: namespace.as_ref().map(text).transpose()?,
            synchronize: false,
            generate_existing: false,
            data: Json::Object(data),
        };
        rules.push(ChangingRule {
            name: numbered(pack, head, rules.len())?,
            r#match: matching(&kinds, |_| head.operations.clone()),
            preconditions: preconditions(&applies, head.span)?,
            does: Does::Generate(Box::new(generate)),
        });
    }
    Ok(rules)
}

/// The name of a rule of the policy: the first is called like the item.
fn numbered(pack: &Pack, head: &Rule, before: usize) -> Result<String, Unsupported> {
    let name = rule_name(pack, head);
    within_length(if before == 0 { name } else { format!("{name}-{}", before + 1) }, head.span)
}

/// The requests that a rule is about: kinds with the same operations together. Parts of objects are left alone.
fn matching(kinds: &[Kind], on: impl Fn(&Kind) -> BTreeSet<Operation>) -> Match {
    let mut filters: Vec<(BTreeSet<Operation>, Vec<String>)> = Vec::new();
    for kind in kinds {
        let operations = on(kind);
        match filters.iter_mut().find(|(known, _)| *known == operations) {
            Some((_, kinds)) => kinds.push(whole(kind)),
            None => filters.push((operations, vec![whole(kind)])),
        }
    }
    let filter = |(operations, kinds): (BTreeSet<Operation>, Vec<String>)| Filter {
        resources: Resources { kinds, operations: operations.into_iter().collect() },
    };
    Match { any: filters.into_iter().map(filter).collect() }
}

fn preconditions(applies: &Expr, span: Span) -> Result<Option<Preconditions>, Unsupported> {
    if *applies == Expr::bool(true) {
        return Ok(None);
    }
    Ok(Some(Preconditions { all: [Precondition { key: variable(applies, span)?, operator: "Equals", value: true }] }))
}

/// An expression as a variable. Kyverno knows where it ends by its braces, of which one pair may stand in another, and takes none that is nothing but a literal.
fn variable(expr: &Expr, span: Span) -> Result<String, Unsupported> {
    let text = if let Expr::Literal(_) = expr { print(&Expr::Call("to_string", vec![expr.clone()])) } else { print(expr) };
    let mut open = 0_u32;
    for c in text.chars() {
        match c {
            '{' => open = open.saturating_add(1),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > 1 {
            return Err(Unsupported::new("an object in an object, in a variable,", span));
        }
    }
    Ok(format!("{{{{ {text} }}}}"))
}

/// A value as it is written: as it is, where it is a constant in which nothing means something to Kyverno.
fn written(expr: &Expr, span: Span) -> Result<Json, Unsupported> {
    if let Expr::Literal(value) = expr { constant(value, span) } else { Ok(Json::String(variable(expr, span)?)) }
}

fn constant(value: &Json, span: Span) -> Result<Json, Unsupported> {
    Ok(match value {
        Json::String(text) if !is_tame(text) => Json::String(variable(&Expr::text(text), span)?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
        Json::Array(items) => Json::Array(items.iter().map(|item| constant(item, span)).collect::<Result<_, _>>()?),
        Json::Object(fields) => {
            let mut all = serde_json::Map::new();
            for (name, value) in fields {
                all.insert(tame_key(name, span)?, constant(value, span)?);
            }
            Json::Object(all)
        }
    })
}

fn of(data: &Data, span: Span) -> Result<Json, Unsupported> {
    Ok(match data {
        Data::Value(expr) => written(expr, span)?,
        Data::List(items) => Json::Array(items.iter().map(|item| of(item, span)).collect::<Result<_, _>>()?),
        Data::Object(fields) => {
            let mut all = serde_json::Map::new();
            for (name, field) in fields {
                all.insert(tame_key(name, span)?, of(field, span)?);
            }
            Json::Object(all)
        }
    })
}

/// Refuses labels that Kyverno writes over: by them it knows what it has made.
///
/// Source: `github.com/kyverno/kyverno` 1.19, `pkg/background/common/labels.go`.
fn own_labels(metadata: &Data, span: Span) -> Result<(), Unsupported> {
    let is_kyvernos = |name: &str| name == "app.kubernetes.io/managed-by" || name.starts_with("generate.kyverno.io/");
    let names = |labels: &Data| match labels {
        Data::Object(fields) => Some(fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()),
        Data::Value(Expr::Literal(Json::Object(fields))) => Some(fields.keys().cloned().collect()),
        Data::Value(_) | Data::List(_) => None,
    };
    let Data::Object(fields) = metadata else { return Err(Unsupported::new("metadata that are computed", span)) };
    let Some((_, labels)) = fields.iter().find(|(name, _)| name == "labels") else { return Ok(()) };
    match names(labels) {
        None => Err(Unsupported::new("labels that are computed, of which Kyverno writes some itself,", span)),
        Some(names) => match names.into_iter().find(|name| is_kyvernos(name)) {
            Some(name) => Err(Unsupported::new(format!("the label `{name}`, which Kyverno writes itself,"), span)),
            None => Ok(()),
        },
    }
}

/// Whether nothing in a text means something to Kyverno.
fn is_tame(text: &str) -> bool {
    !text.contains(['{', '}', '$', '\\'])
}

/// A key: anchors stand in parentheses.
fn tame_key(key: &str, span: Span) -> Result<String, Unsupported> {
    if is_tame(key) && !key.contains(['(', ')']) {
        Ok(key.to_owned())
    } else {
        Err(Unsupported::new(format!("the key `{key}`, of which Kyverno reads a part,"), span))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::target::kyverno::{NAME, emit};

    fn emitted(text: &str) -> (Emission, Sources) {
        let mut sources = Sources::default();
        sources.add("a.pol", format!("pack p\n{text}\n"));
        let program = match compile(&sources, &crate::resolve::Options::default()) {
            Ok(compiled) => compiled.program,
            Err(found) => panic!("{text}: {found:?}"),
        };
        (emit(&program), sources)
    }

    #[test]
    fn what_jmespath_cannot_say_is_refused_by_name() {
        for (item, construct) in [
            ("mutation m { match Pod for c in pod.containers { for e in c.env { set e.value = \"x\" } } }", "a loop in a loop"),
            ("mutation m { match Pod for k, v in object.metadata.labels { set object.metadata.annotations[k] = v } }", "a loop over a map"),
            ("mutation m { match Pod for i, c in pod.spec.containers { set c.stdin = true } }", "the index of an element"),
            ("mutation m { match Pod set object.metadata.annotations[object.metadata.name] = \"x\" }", "a key that is computed"),
            (
                "mutation m { match Pod for c in pod.containers { set pod.spec.hostname = \"x\" } }",
                "a change of what a loop does not go over, in the loop,",
            ),
            (
                "mutation m { match Pod for c in pod.spec.containers { set object.metadata.annotations[\"a\"] = \"b\" } }",
                "a change of what a loop does not go over, in the loop,",
            ),
            (
                "mutation m { match Deployment, Pod for c in pod.spec.containers { set pod.spec.hostname = \"x\" } }",
                "a change of what a loop does not go over, in the loop,",
            ),
            (
                "mutation m { match Pod for c in pod.spec.containers { set c.stdin = true } if pod.spec.hostNetwork { for c in pod.spec.containers { set c.tty = true } } }",
                "a second loop over the same list under another condition",
            ),
            (
                "generation g { match Pod create ConfigMap named \"x\" { metadata: { finalizers: [object.metadata.labels[\"a\"]] } } }",
                "an element of a list that may be absent",
            ),
            (
                "mutation m { match Pod for c in pod.containers where c.name == object.metadata.name { set c.stdin = true } }",
                "`object` in a loop or in a condition on the elements of a list",
            ),
            ("mutation m { match Pod where lower(object.metadata.name) == \"x\" set pod.spec.hostname = \"x\" }", "`lower()`"),
            (
                "mutation m { match Pod where object.spec.priority == object.spec.terminationGracePeriodSeconds set pod.spec.hostname = \"x\" }",
                "a comparison of two numbers of which none is constant",
            ),
            (
                "mutation m { match Deployment where object.spec.replicas > 9007199254740993 set object.spec.paused = true }",
                "a number above 2^53",
            ),
            (
                "mutation m { match Pod for c in pod.containers where image(c.image).tag == \"x\" { set c.stdin = true } }",
                "`c.image`, which is read as an image,",
            ),
            (
                "generation g { match Pod create ConfigMap named \"x\" { data: { \"{{ a }}\": \"b\" } } }",
                "the key `{{ a }}`, of which Kyverno reads a part,",
            ),
            (
                "generation g { match Pod create ConfigMap named \"x\" { data: { \"(a)\": \"b\" } } }",
                "the key `(a)`, of which Kyverno reads a part,",
            ),
            (
                "generation g { match Pod create ConfigMap named \"x\" { metadata: { labels: { \"app.kubernetes.io/managed-by\": \"b\" } } } }",
                "the label `app.kubernetes.io/managed-by`, which Kyverno writes itself,",
            ),
            (
                "generation g { match Pod create ConfigMap named \"x\" { metadata: { labels: object.metadata.labels } } }",
                "labels that are computed, of which Kyverno writes some itself,",
            ),
        ] {
            let (emission, sources) = emitted(item);
            let [refusal] = &emission.diagnostics[..] else { panic!("{item}: {:?}", emission.diagnostics) };
            assert_eq!(refusal.code.id, "not-expressible");
            let id = if item.starts_with("mutation") { "p/m" } else { "p/g" };
            assert_eq!(refusal.message, format!("`{id}` cannot be written for {NAME}: {construct} has no exact form there"), "{item}");
            assert_eq!(
                refusal.help.as_deref(),
                Some("leave the target out for this rule with `targets except kyverno`, or state the rule without it")
            );
            assert!(item.contains(sources.text(refusal.labels[0].0)), "{item}: {}", sources.text(refusal.labels[0].0));
            assert!(emission.artifacts.is_empty());
        }
    }

    #[test]
    fn a_rule_stands_for_the_kinds_whose_pods_are_at_one_place() {
        let (emission, _) = emitted("mutation m { match Pod, Deployment, Job, CronJob set pod.spec.hostPID = false }");
        let text = std::str::from_utf8(&emission.artifacts[0].contents).unwrap();
        let rules: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  - name: ")).collect();
        assert_eq!(rules, ["m", "m-2", "m-3"]);
        assert!(text.contains("{op: 'add', path: '/spec/template/spec/hostPID', value: `false`}"), "{text}");
        assert!(!text.contains("preconditions"), "{text}");

        let (emission, _) = emitted("mutation m { match Pod, Deployment set object.metadata.labels[\"a\"] = \"b\" }");
        let text = std::str::from_utf8(&emission.artifacts[0].contents).unwrap();
        assert_eq!(text.matches("  - name: ").count(), 1, "{text}");
        assert_eq!(text.matches("operations:").count(), 2, "Pods are mutated on create only: {text}");
    }

    #[test]
    fn texts_of_a_generation_are_no_variables() {
        let (emission, _) = emitted(
            "generation g { match Namespace create ConfigMap named \"x\" in namespace object.metadata.name { data: { a: \"{{ x }}\", b: \"c\" } } }",
        );
        let text = std::str::from_utf8(&emission.artifacts[0].contents).unwrap();
        for line in [
            "a: '{{ to_string(`\"\\u007b\\u007b x \\u007d\\u007d\"`) }}'",
            "b: c\n",
            "namespace: '{{ request.object.metadata.name }}'",
            "synchronize: false",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
