//! What `polc build` writes for a cluster in a real API server: applied, and then objects created, changed and deleted against it. Verdict, message and result have to be the reference
//! evaluator's on the object as the API server admits it. Objects that it does not take without any policy do not count.
//!
//! `POLC_LIVE_CASES` is the number of generated objects a rule, beside those of the rule's own tests.

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

use polc::eval::change::{Effect, Mutator};
use polc::eval::{Judge, Request, admission_request};
use polc::ir::{Action, Operation, Program, Rule};
use polc::manifest::Document;
use polc::manifest::builtin::Checker;
use polc::object::Node;
use polc::schema::Schema;
use polc::target::{Options, Outcome, map, vap};
use polc::verify::changes;
use polc::verify::generate::{self, Case};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use support::cluster::{Cluster, collection, create, succeeded};
use support::compare::{Differences, Said, number, roots, said};
use support::{engine, files_below, golden, repository, shipped_policies};

const PROGRAM: &str = "polc-apiserver";

/// Who asks where a case does not say: the one whose token the driver uses.
fn administrator() -> Json {
    json!({"username": "polc", "groups": ["system:masters", "system:authenticated"]})
}

fn compiled(files: &[PathBuf], schema: &'static Schema) -> Program {
    let mut sources = polc::diagnostic::Sources::default();
    for file in files {
        sources.add(file.display().to_string(), std::fs::read_to_string(file).unwrap());
    }
    let options = polc::resolve::Options { roots: roots(&sources), schema, ..polc::resolve::Options::default() };
    polc::compile::compile(&sources, &options).unwrap_or_else(|found| panic!("{found:#?}")).program
}

/// The documents that `polc build` writes for a target, but for the list of the files.
fn built(sources: &[PathBuf], crds: &Option<PathBuf>, target: &str) -> Vec<Json> {
    let out = tempfile::tempdir().unwrap();
    golden::build(sources, crds, &[target.to_owned()], &[], out.path());
    let files = files_below(&out.path().join(target), "yaml");
    let documents = files.iter().flat_map(|file| support::yaml_documents(&std::fs::read_to_string(file).unwrap()));
    documents.filter(|document| document["kind"] != "Kustomization").collect()
}

/// The rules by the names of their policies.
fn rules_by_policy(documents: &[Json]) -> BTreeMap<String, String> {
    let labels = |document: &Json, label: &str| document["metadata"]["labels"][label].as_str().unwrap().to_owned();
    let policies = documents.iter().filter(|document| document["kind"] == "ValidatingAdmissionPolicy");
    policies
        .map(|document| {
            (
                document["metadata"]["name"].as_str().unwrap().to_owned(),
                format!("{}/{}", labels(document, "polc/pack"), labels(document, "polc/rule")),
            )
        })
        .collect()
}

/// The bindings with another action, and nothing else changed.
fn with_action(documents: &[Json], action: &str) -> Vec<Json> {
    let mut documents = documents.to_vec();
    for document in documents.iter_mut().filter(|document| document["kind"] == "ValidatingAdmissionPolicyBinding") {
        document["spec"]["validationActions"] = json!([action]);
    }
    documents
}

fn text<'j>(json: &'j Json, pointer: &str) -> Option<&'j str> {
    json.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// A request that the API server takes without policies, with what the policies see of it.
struct Asked {
    request: Json,
    /// The case with the objects as the API server has them.
    case: Case,
    /// The warnings that it gives by itself.
    warnings: BTreeSet<String>,
}

/// Objects of rules: of their own tests, and made out of them.
fn cases(program: &Program, schema: &Schema, rules: &BTreeSet<String>, operations: &[Operation]) -> Vec<Case> {
    let count = usize::try_from(number("POLC_LIVE_CASES", 12)).unwrap();
    let seed = number("POLC_SEED", 1);
    let mut cases = Vec::new();
    for rule in program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| rules.contains(&rule.id)) {
        let tests = program
            .packs
            .values()
            .flat_map(|pack| &pack.tests)
            .filter(|test| test.rule == rule.id)
            .filter_map(|test| Case::of_test(schema, test));
        cases.extend(tests.chain(made(rule, schema, seed, count)).filter(|case| operations.contains(&case.operation)));
    }
    cases
}

fn made(rule: &Rule, schema: &Schema, seed: u64, count: usize) -> Vec<Case> {
    generate::whole_cases(rule, schema, seed, count)
}

/// The kind of an object, if the API server serves it.
fn kind_of<'s>(schema: &'s Schema, object: &Json) -> Option<&'s polc::ir::Kind> {
    let info = schema.by_gvk(text(object, "/apiVersion")?, text(object, "/kind")?)?;
    Some(&info.kind)
}

/// Asks the API server without policies, and keeps what it takes.
fn taken(cluster: &mut Cluster, schema: &Schema, cases: Vec<Case>) -> Vec<Asked> {
    // The Namespaces first: where cases give one name different labels, the first holds.
    let mut namespaces: BTreeMap<String, Option<Json>> = BTreeMap::new();
    let mut chosen = Vec::new();
    for case in cases {
        let Some(kind) = kind_of(schema, &case.object) else { continue };
        let name = text(&case.object, "/metadata/namespace").unwrap_or("default").to_owned();
        if kind.namespaced {
            let given = case.namespace_object.as_ref().map(|space| space["metadata"]["labels"].clone());
            let held = namespaces.entry(name.clone()).or_insert_with(|| given.clone());
            if given.is_some() && *held != given {
                continue;
            }
        }
        chosen.push((kind, name, case));
    }
    let mut known: BTreeMap<String, Json> = BTreeMap::new();
    for (name, labels) in &namespaces {
        let mut space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        if let Some(labels) = labels {
            space["metadata"]["labels"] = labels.clone();
        }
        let there = cluster.ask(json!({"path": format!("/api/v1/namespaces/{name}")}));
        let answer = if succeeded(&there) && labels.is_none() {
            there
        } else if succeeded(&there) {
            cluster.put("/api/v1/namespaces", &space)
        } else {
            cluster.ask(create("/api/v1/namespaces", &space))
        };
        if succeeded(&answer) {
            known.insert(name.clone(), answer["body"].clone());
        }
    }

    let mut requests = Vec::new();
    let mut stored: BTreeSet<String> = BTreeSet::new();
    for (kind, namespace, case) in chosen {
        if kind.namespaced && !known.contains_key(&namespace) {
            continue;
        }
        let path = collection(kind, &namespace);
        let mut request = if case.operation == Operation::Create {
            create(&format!("{path}?dryRun=All"), &case.object)
        } else {
            let first = if case.operation == Operation::Update { case.old_object.as_ref() } else { Some(&case.object) };
            let Some((first, name)) = first.and_then(|object| Some((object, text(object, "/metadata/name")?))) else { continue };
            let own = format!("{path}/{name}");
            if !stored.insert(own.clone()) {
                continue;
            }
            let answer = cluster.ask(create(&path, first));
            if !succeeded(&answer) {
                continue;
            }
            let version = &answer["body"]["metadata"]["resourceVersion"];
            let own = format!("{own}?dryRun=All");
            if case.operation == Operation::Update {
                let mut body = case.object.clone();
                // Of a custom kind, only what is known is replaced.
                if schema.by_gvk(&kind.api_version(), &kind.kind).is_some_and(|info| info.custom) {
                    body["metadata"]["resourceVersion"] = version.clone();
                }
                json!({"method": "PUT", "path": own, "body": body})
            } else {
                let mut options = case.request.as_ref().map_or(Json::Null, |request| request["options"].clone());
                if options.is_null() {
                    options = json!({});
                }
                options["apiVersion"] = json!("v1");
                options["kind"] = json!("DeleteOptions");
                options["dryRun"] = json!(["All"]);
                json!({"method": "DELETE", "path": own, "body": options})
            }
        };
        if let Some(who) = case.request.as_ref().map(|request| &request["userInfo"]).filter(|who| who["username"].is_string()) {
            request["userInfo"] = who.clone();
        }
        requests.push((request, namespace, case));
    }
    let answers = cluster.ask_all(&requests.iter().map(|(request, ..)| request.clone()).collect::<Vec<_>>());
    let mut taken = Vec::new();
    for ((request, namespace, case), answer) in requests.into_iter().zip(answers) {
        if !succeeded(&answer) {
            continue;
        }
        let there = request["path"].as_str().unwrap().trim_end_matches("?dryRun=All").to_owned();
        let (mut object, mut old_object) = match case.operation {
            Operation::Create => (answer["body"].clone(), None),
            Operation::Update => (answer["body"].clone(), Some(cluster.ask(json!({ "path": there }))["body"].clone())),
            Operation::Delete => (cluster.ask(json!({ "path": there }))["body"].clone(), None),
        };
        // Who wrote which field is long, and no rule reads it.
        for present in [Some(&mut object), old_object.as_mut()].into_iter().flatten() {
            present["metadata"].as_object_mut().unwrap().remove("managedFields");
        }
        let mut given = json!({"dryRun": true, "userInfo": request.get("userInfo").cloned().unwrap_or_else(administrator)});
        if let Some(groups) = given["userInfo"]["groups"].as_array_mut() {
            // Whoever is authenticated is in this group too.
            if !groups.contains(&json!("system:authenticated")) {
                groups.push(json!("system:authenticated"));
            }
        }
        if case.operation == Operation::Delete {
            given["options"] = request["body"].clone();
            // The API server writes into the options what it does with the Pod, before any policy sees them.
            if object["kind"] == "Pod" {
                given["options"]["gracePeriodSeconds"] =
                    answer["body"]["metadata"].get("deletionGracePeriodSeconds").cloned().unwrap_or(json!(0));
            }
        }
        let asked = admission_request(schema, &Node::from(&given), &Node::from(&object), case.operation, &namespace);
        let namespaced = kind_of(schema, &object).is_some_and(|kind| kind.namespaced);
        let namespace_object = known.get(&namespace).filter(|_| namespaced).cloned();
        taken.push(Asked {
            case: Case { object, old_object, namespace_object, request: Some(Json::from(&asked)), ..case },
            warnings: strings(&answer["warnings"]).into_iter().collect(),
            request,
        });
    }
    taken
}

fn strings(list: &Json) -> Vec<String> {
    list.as_array().map(|list| list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()).unwrap_or_default()
}

fn warning(policy: &str, message: &str) -> String {
    format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{policy}': {message}")
}

/// More than this and the API server cuts its warnings.
const LONGEST_WARNINGS: usize = 4_096;

fn too_long(warnings: &BTreeSet<String>, asked: &Asked) -> bool {
    warnings.union(&asked.warnings).map(|text| text.chars().count()).sum::<usize>() > LONGEST_WARNINGS
}

#[derive(Default)]
struct Tally {
    denied: usize,
    warned: usize,
    audited: usize,
    passed: usize,
    cut: usize,
}

/// Every shipped rule in a live API server, on these operations.
fn shipped_rules(operations: &[Operation]) -> (Tally, BTreeSet<String>) {
    let mut tally = Tally::default();
    let mut failed = BTreeSet::new();
    let path = engine::find(PROGRAM, "emitted ValidatingAdmissionPolicies in a live API server");
    let Some(path) = path else { return (tally, failed) };
    let files = shipped_policies();
    let program = compiled(&files, Schema::kubernetes());
    let documents = built(&[repository("policies")], &None, "vap");
    let rules = rules_by_policy(&documents);
    let policies: BTreeMap<&str, &str> = rules.iter().map(|(policy, rule)| (rule.as_str(), policy.as_str())).collect();
    let carried: BTreeSet<String> = rules.values().cloned().collect();
    let exact = vap::emit(&program, &Options::default()).report.into_iter().filter(|row| row.outcome == Outcome::Exact);
    assert_eq!(carried, exact.map(|row| row.rule).collect());
    let all_rules = || program.packs.values().flat_map(|pack| &pack.rules);
    let actions: &BTreeMap<&str, Action> = &all_rules().map(|rule| (rule.id.as_str(), rule.action)).collect();

    let mut cluster = Cluster::start(&path);
    assert_eq!(cluster.hello["version"], "v1.37.2");
    let cases = cases(&program, Schema::kubernetes(), &carried, operations);
    let all = cases.len();
    let asked = taken(&mut cluster, Schema::kubernetes(), cases);
    let judge = Judge::of_program(&program);
    let expected: Vec<Said> = asked
        .iter()
        .map(|asked| {
            let (mut said, left) = said(&judge, &asked.case);
            // A request in a cluster tells all that a rule may ask; only rules for other operations are left.
            let about =
                |id: &String| all_rules().find(|rule| rule.id == *id).is_some_and(|rule| rule.operations.contains(&asked.case.operation));
            assert!(!left.intersection(&carried).any(about), "{left:?}");
            said.retain(|rule, _| carried.contains(rule));
            said
        })
        .collect();
    failed.extend(expected.iter().flat_map(Said::keys).cloned());

    let mut differences = Differences::default();
    // As they are written, with the action of each.
    cluster.apply_policies(&documents, "as-written");
    let requests: Vec<Json> = asked
        .iter()
        .map(|asked| {
            let mut request = asked.request.clone();
            request["audit"] = json!(true);
            request
        })
        .collect();
    for ((asked, said), answer) in asked.iter().zip(&expected).zip(cluster.ask_all(&requests)) {
        let of = |action: Action| said.iter().filter(move |(rule, _)| actions[rule.as_str()] == action);
        let mut differs = |why: &str| differences.add("the API server", why, &asked.case, Some(&format!("{said:?}")), &answer.to_string());
        match (succeeded(&answer), of(Action::Deny).next()) {
            (true, None) => tally.passed += 1,
            (true, Some(_)) => differs("admits what is to be denied"),
            (false, None) => differs("refuses what no rule denies"),
            (false, Some(_)) => {
                tally.denied += 1;
                let message = answer["body"]["message"].as_str().unwrap();
                let ends = of(Action::Deny).any(|(rule, said)| {
                    let policy = policies[rule.as_str()];
                    message.ends_with(&format!(
                        "forbidden: ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {said}"
                    ))
                });
                if !ends {
                    differs("denies with another message");
                }
            }
        }
        let texts: BTreeSet<String> = of(Action::Warn).map(|(rule, said)| warning(policies[rule.as_str()], said)).collect();
        if !too_long(&texts, asked) {
            let mut got: BTreeSet<String> = strings(&answer["warnings"]).into_iter().collect();
            got.retain(|text| !asked.warnings.contains(text));
            tally.warned += texts.len();
            if got != texts {
                differs("warns otherwise");
            }
        }
        // The API server keeps one of them.
        let recorded = answer["annotations"]["validation.policy.admission.k8s.io/validation_failure"].as_str().unwrap_or("[]");
        let recorded: Json = serde_json::from_str(recorded).unwrap();
        let is_recorded =
            |(rule, said): (&String, &String)| recorded[0]["policy"] == policies[rule.as_str()] && recorded[0]["message"] == **said;
        match of(Action::Audit).next() {
            None if recorded[0].is_null() => {}
            Some(_) if of(Action::Audit).any(is_recorded) => tally.audited += 1,
            None | Some(_) => differs("records otherwise"),
        }
    }

    // As warnings, of which the API server gives all.
    cluster.apply_policies(&with_action(&documents, "Warn"), "warnings");
    let requests: Vec<Json> = asked.iter().map(|asked| asked.request.clone()).collect();
    for ((asked, said), answer) in asked.iter().zip(&expected).zip(cluster.ask_all(&requests)) {
        let texts: BTreeSet<String> = said.iter().map(|(rule, said)| warning(policies[rule.as_str()], said)).collect();
        if too_long(&texts, asked) {
            tally.cut += 1;
            continue;
        }
        let mut got: BTreeSet<String> = strings(&answer["warnings"]).into_iter().collect();
        got.retain(|text| !asked.warnings.contains(text));
        differences.compared += carried.len();
        if !succeeded(&answer) {
            differences.add("the API server", "refuses", &asked.case, Some("a warning"), &answer.to_string());
        }
        for text in texts.symmetric_difference(&got) {
            let rule =
                rules.iter().find(|(policy, _)| text.contains(&format!("'{policy}'"))).map_or("of itself", |(_, rule)| rule.as_str());
            let expected = texts.contains(text).then_some(text.as_str());
            differences.add("the API server", rule, &asked.case, expected, if expected.is_none() { text } else { "no warning" });
        }
    }
    cluster.finish();
    eprintln!(
        "a live API server: {} of {all} requests are taken; {} denied, {} warnings, {} recorded, {} admitted, {} with too many warnings",
        asked.len(),
        tally.denied,
        tally.warned,
        tally.audited,
        tally.passed,
        tally.cut,
    );
    assert!(tally.cut * 20 < asked.len(), "{} of {} have too many warnings", tally.cut, asked.len());
    differences.settle("a live API server");
    (tally, failed)
}

#[test]
fn shipped_rules_judge_what_is_created() {
    let (tally, failed) = shipped_rules(&[Operation::Create]);
    eprintln!("{} rules failed", failed.len());
    if !failed.is_empty() || engine::required() {
        assert!(
            tally.denied > 300 && tally.warned > 500 && tally.passed > 10 && failed.len() > 60,
            "{} {} {} {}",
            tally.denied,
            tally.warned,
            tally.passed,
            failed.len()
        );
    }
}

#[test]
fn shipped_rules_judge_what_is_changed_and_deleted() {
    let (tally, failed) = shipped_rules(&[Operation::Update, Operation::Delete]);
    eprintln!("{} rules failed", failed.len());
    if !failed.is_empty() || engine::required() {
        assert!(tally.denied > 10 && tally.passed > 10, "{} {}", tally.denied, tally.passed);
    }
}

/// Rules about custom kinds in an API server that has their definitions: it says of an object what the reference evaluator says of it, both as it was sent and as it is admitted, with the
/// defaults of the definition filled in and what is unknown dropped.
#[test]
fn custom_resources_are_judged_as_their_manifests_are() {
    let Some(path) = engine::find(PROGRAM, "rules about custom resources in a live API server") else { return };
    let golden = golden::cases().into_iter().find(|case| case.name == "custom-resources").unwrap();
    let schema = golden.schema();
    let program = compiled(&golden.sources(), schema);
    let documents = built(&golden.sources(), &golden.crds(), "vap");
    let rules = rules_by_policy(&documents);
    let mut cluster = Cluster::start(&path);
    for file in files_below(&golden.crds().unwrap(), "yaml") {
        for definition in support::yaml_documents(&std::fs::read_to_string(file).unwrap()) {
            cluster.define(&definition);
        }
    }
    let (seed, count) = (number("POLC_SEED", 1), usize::try_from(number("POLC_LIVE_CASES", 60)).unwrap());
    let mut cases: Vec<Case> = program.packs.values().flat_map(|pack| &pack.tests).filter_map(|test| Case::of_test(schema, test)).collect();
    for rule in program.packs.values().flat_map(|pack| &pack.rules) {
        cases.extend(made(rule, schema, seed, count));
    }
    let all = cases.len();
    let asked = taken(&mut cluster, schema, cases);
    let judge = Judge::of_program(&program);
    let mut differences = Differences::default();
    let mut failed = BTreeSet::new();
    cluster.apply_policies(&with_action(&documents, "Warn"), "custom");
    let requests: Vec<Json> = asked.iter().map(|asked| asked.request.clone()).collect();
    let (mut warned, mut filled, mut updated, mut dropped) = (0, 0, 0, 0);
    for (asked, answer) in asked.iter().zip(cluster.ask_all(&requests)) {
        let (said_of_it, _) = said(&judge, &asked.case);
        let texts: BTreeSet<String> = said_of_it.iter().map(|(rule, said)| warning(&rule.replace('/', "-"), said)).collect();
        if too_long(&texts, asked) {
            continue;
        }
        let mut got: BTreeSet<String> = strings(&answer["warnings"]).into_iter().collect();
        got.retain(|text| !asked.warnings.contains(text));
        differences.compared += rules.len();
        warned += texts.len();
        updated += usize::from(asked.case.operation == Operation::Update);
        if got != texts {
            let rule = format!("{:?}", texts.symmetric_difference(&got));
            differences.add("the API server", &rule, &asked.case, Some(&format!("{texts:?}")), &format!("{got:?}"));
        }
        if asked.case.operation == Operation::Create {
            let sent = Case { object: asked.request["body"].clone(), ..asked.case.clone() };
            // An entry of a map that is null is dropped, of which `polc check` tells by itself.
            let document = Document { node: Node::from(&sent.object), index: 0, line: 0, findings: Vec::new() };
            if Checker::with(schema).check("", &document, "default").iter().any(|finding| finding.message.contains("drops it")) {
                dropped += 1;
                continue;
            }
            filled += usize::from(sent.object["spec"] != asked.case.object["spec"]);
            let (of_manifest, _) = said(&judge, &sent);
            if of_manifest != said_of_it {
                differences.add("a manifest", "as it is sent", &sent, Some(&format!("{said_of_it:?}")), &format!("{of_manifest:?}"));
            }
        }
        failed.extend(said_of_it.into_keys());
    }
    cluster.finish();
    eprintln!(
        "custom resources: {} of {all} requests are taken, {updated} updates; {warned} warnings, {filled} objects filled in, {dropped} with a null dropped",
        asked.len()
    );
    differences.settle("a live API server");
    assert_eq!(failed.len(), rules.len(), "{failed:?}");
    assert!(asked.len() > 200 && warned > 200 && filled > 50 && updated > 10, "{} {warned} {filled} {updated}", asked.len());
}

/// Rules about parts of objects in a live API server: `kubectl scale` and `kubectl debug` reach those that name the part, and not those about the object.
#[test]
fn parts_are_judged_by_the_rules_that_name_them() {
    let Some(path) = engine::find(PROGRAM, "rules about subresources in a live API server") else { return };
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("parts.pol");
    let text = r#"pack parts
rule few-replicas { match Deployment/scale on update require object.spec.replicas <= 3 message "{object.metadata.name}: not {object.spec.replicas}" }
rule whole { match Deployment on update except scale require object.spec.replicas <= 5 message "at most 5" }
rule known-debuggers { match Pod/ephemeralcontainers on update for c in pod.spec.ephemeralContainers { require c.image like "r/*" message "debugged by {c.image}" } }
rule pods { match Pod on update forbid any c in pod.spec.ephemeralContainers: (c.name ?? "") == "e1" message "too many" }
rule reported { match Deployment/status on update forbid (object.status.replicas ?? 0) > 7 message "reported" }
"#;
    std::fs::write(&source, text).unwrap();
    let documents = built(&[source], &None, "vap");
    let mut cluster = Cluster::start(&path);
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let deployment = |replicas: i64| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "r/c:1"}]}}}})
    };
    let scale = |replicas: i64| json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d", "namespace": "default"}, "spec": {"replicas": replicas}});
    let reported = |replicas: i64| {
        let mut object = deployment(6);
        object["status"] = json!({"replicas": replicas});
        object
    };
    let pods = "/api/v1/namespaces/default/pods";
    let pod = |images: &[&str]| {
        let debuggers: Vec<Json> = images.iter().enumerate().map(|(n, image)| json!({"name": format!("e{n}"), "image": image})).collect();
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c", "image": "r/c:1"}], "ephemeralContainers": debuggers}})
    };
    for (path, object) in [(deployments, deployment(6)), (pods, pod(&[]))] {
        let answer = cluster.ask(create(path, &object));
        assert!(succeeded(&answer), "{answer}");
    }
    cluster.apply_policies(&documents, "parts");
    let said = |policy: &str, message: &str| {
        Some(format!("ValidatingAdmissionPolicy 'parts-{policy}' with binding 'parts-{policy}' denied request: {message}"))
    };
    for (path, object, expected) in [
        (format!("{deployments}/d/scale"), scale(3), None),
        (format!("{deployments}/d/scale"), scale(4), said("few-replicas", "d: not 4")),
        (format!("{deployments}/d/scale"), scale(9), said("few-replicas", "d: not 9")),
        (format!("{deployments}/d"), deployment(5), None),
        (format!("{deployments}/d"), deployment(9), said("whole", "at most 5")),
        (format!("{deployments}/d/status"), reported(7), None),
        (format!("{deployments}/d/status"), reported(8), said("reported", "reported")),
        (format!("{pods}/p/ephemeralcontainers"), pod(&["r/x:1"]), None),
        (format!("{pods}/p/ephemeralcontainers"), pod(&["x:1"]), said("known-debuggers", "debugged by x:1")),
        // A rule about Pods sees these too.
        (format!("{pods}/p/ephemeralcontainers"), pod(&["r/x:1", "r/y:1"]), said("pods", "too many")),
        (format!("{pods}/p/status"), pod(&[]), None),
    ] {
        let answer = cluster.ask(json!({"method": "PUT", "path": format!("{path}?dryRun=All"), "body": object}));
        let message = answer["body"]["message"].as_str().unwrap_or_default();
        match &expected {
            None => assert!(succeeded(&answer), "{path} {answer}"),
            Some(expected) => assert!(answer["status"] == 422 && message.ends_with(expected), "{path} {expected}\n{answer}"),
        }
    }
    cluster.finish();
}

/// Whoever starts the API server may be ended at any time: nothing of it may be left.
#[test]
fn the_server_ends_with_its_input() {
    let Some(path) = engine::find(PROGRAM, "the end of a live API server") else { return };
    let work = tempfile::tempdir().unwrap();
    let output = Command::new(path).arg(work.path()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("polc-apiserver: the input ended before the API server was ready"), "{said}");
}

/// What the API server adds to an object by itself.
fn without_what_differs(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "creationTimestamp", "managedFields", "generation", "resourceVersion"] {
            metadata.remove(field);
        }
    }
    object
}

/// Each mutation by itself in a live API server: the object that it would store is the one that it makes of what the reference evaluator gives.
#[test]
fn mutations_change_what_is_created() {
    let Some(path) = engine::find(PROGRAM, "emitted MutatingAdmissionPolicies in a live API server") else { return };
    let mut sources = vec![("policies".to_owned(), shipped_policies(), None, Schema::kubernetes())];
    sources.extend(golden::cases().iter().map(|case| (format!("golden/{}", case.name), case.sources(), case.crds(), case.schema())));
    let mut cluster = Cluster::start(&path);
    let (mut mutations, mut compared, mut changed, mut differences) = (0, 0, 0, Vec::new());
    for (name, files, crds, schema) in sources {
        let program = compiled(&files, schema);
        let exact: BTreeSet<String> = map::emit(&program, &Options::default())
            .report
            .into_iter()
            .filter(|row| row.outcome == Outcome::Exact)
            .map(|row| row.rule)
            .collect();
        if exact.is_empty() {
            continue;
        }
        for file in crds.iter().flat_map(|folder| files_below(folder, "yaml")) {
            for definition in support::yaml_documents(&std::fs::read_to_string(file).unwrap()) {
                cluster.define(&definition);
            }
        }
        let documents = built(&files, &crds, "map");
        for mutation in program.packs.values().flat_map(|pack| &pack.mutations).filter(|mutation| exact.contains(&mutation.head.id)) {
            mutations += 1;
            let policy = mutation.head.id.replace('/', "-");
            let both: Vec<Json> = documents.iter().filter(|document| document["metadata"]["name"] == policy).cloned().collect();
            assert_eq!(both.len(), 2, "{policy}");
            let seed = number("POLC_SEED", 1);
            let count = usize::try_from(number("POLC_CASES", 200)).unwrap();
            let cases = changes::some_cases(mutation, schema, seed, count);
            let creates = cases.into_iter().filter(|case| case.operation == Operation::Create).collect();
            let asked = taken(&mut cluster, schema, creates);
            let mutator = Mutator::new(mutation);
            let made: Vec<Json> = asked
                .iter()
                .map(|asked| {
                    let object = without_what_differs(&asked.case.object);
                    let case = Case { object: object.clone(), ..asked.case.clone() };
                    match case.with_request(|request: &Request<'_>| mutator.mutate(request)) {
                        Effect::Done(made) => Json::from(&made),
                        Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => object,
                        Effect::NotJudged(missing) => panic!("{missing}"),
                    }
                })
                .collect();
            let of = |object: &Json, asked: &Asked| {
                let mut request = asked.request.clone();
                request["body"] = object.clone();
                request
            };
            let expected = cluster.ask_all(&made.iter().zip(&asked).map(|(object, asked)| of(object, asked)).collect::<Vec<_>>());
            cluster.apply_policies(&both, &policy);
            let got = cluster.ask_all(&asked.iter().map(|asked| asked.request.clone()).collect::<Vec<_>>());
            cluster.remove_policies("MutatingAdmissionPolicy");
            let mut own = 0;
            for ((asked, expected), got) in asked.iter().zip(&expected).zip(&got) {
                // What a mutation makes may be an object that the API server does not take, by which way ever.
                let (expected_object, got_object) = (without_what_differs(&expected["body"]), without_what_differs(&got["body"]));
                let same = succeeded(expected) == succeeded(got) && (!succeeded(got) || expected_object == got_object);
                compared += 1;
                own += usize::from(succeeded(got) && got_object != without_what_differs(&asked.case.object));
                if !same {
                    differences.push(format!("{name}: {policy} of\n{}\nmakes\n{got}\nand not\n{expected}", asked.request["body"]));
                }
            }
            // Few of the objects of the golden cases are such that the API server takes them.
            assert!(own > 0 || name != "policies", "{policy} changes none of {} objects", asked.len());
            changed += own;
        }
    }
    cluster.finish();
    eprintln!("a live API server: {mutations} mutations, {compared} objects, {changed} changed");
    assert!(mutations > 10 && compared > 500, "{mutations} mutations, {compared} objects");
    let shown: Vec<&str> = differences.iter().take(5).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), shown.join("\n\n"));
}

/// The levels that `polc build` writes on Namespaces: the API server refuses exactly the Pods that the shipped packs of the enforced level deny, and warns of those of the level to warn of.
#[test]
fn labels_of_pod_security_hold() {
    let Some(path) = engine::find(PROGRAM, "emitted Pod Security labels in a live API server") else { return };
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("levels.pol");
    std::fs::write(
        &source,
        "pack levels\n\npod-security {\n    default enforce baseline, warn restricted\n    namespaces \"open\" enforce privileged, warn privileged\n    namespaces \"some\" enforce baseline\n    namespaces \"strict\" enforce restricted, warn restricted\n    version v1.37\n}\n",
    )
    .unwrap();
    let namespaces = built(&[source], &None, "psa");
    assert_eq!(namespaces.len(), 3);
    let level_of = |namespace: &Json, mode: &str| {
        let label = format!("pod-security.kubernetes.io/{mode}");
        namespace["metadata"]["labels"][label.as_str()].as_str().unwrap().to_owned()
    };
    let packs = |level: &str| -> &[&str] {
        match level {
            "privileged" => &[],
            "baseline" => &["pod-security-baseline/"],
            "restricted" => &["pod-security-baseline/", "pod-security-restricted/"],
            other => panic!("what is the level {other}?"),
        }
    };

    let schema = Schema::kubernetes();
    let program = compiled(&[repository("policies/pod-security/baseline.pol"), repository("policies/pod-security/restricted.pol")], schema);
    let judge = Judge::of_program(&program);
    let rules = program.packs.values().flat_map(|pack| &pack.rules).map(|rule| rule.id.clone()).collect();
    let mut cluster = Cluster::start(&path);
    for namespace in &namespaces {
        cluster.put("/api/v1/namespaces", namespace);
    }
    let mut pods: BTreeMap<String, Json> = BTreeMap::new();
    for case in cases(&program, schema, &rules, &[Operation::Create]).into_iter().filter(|case| case.object["kind"] == "Pod") {
        let mut pod = case.object;
        let Some(metadata) = pod["metadata"].as_object_mut() else { continue };
        metadata.remove("namespace");
        pods.insert(pod.to_string(), pod);
    }
    let ask = |cluster: &mut Cluster, namespace: &str| -> Vec<Json> {
        let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
        cluster.ask_all(&pods.values().map(|pod| create(&path, pod)).collect::<Vec<_>>())
    };
    let free = ask(&mut cluster, "default");
    let (mut refused, mut warned, mut admitted) = (0, 0, 0);
    let mut wrong = Vec::new();
    for namespace in &namespaces {
        let name = namespace["metadata"]["name"].as_str().unwrap();
        let (enforced, to_warn) = (level_of(namespace, "enforce"), level_of(namespace, "warn"));
        for (free, answer) in free.iter().zip(ask(&mut cluster, name)).filter(|(free, _)| succeeded(free)) {
            let object = Node::from(&free["body"]);
            let request = Request { default_namespace: Some(name), ..Request::create(&object) };
            let failing: Vec<&str> = judge
                .judge(&request)
                .filter(|outcome| matches!(outcome.verdict, polc::eval::Verdict::Fail { .. }))
                .map(|outcome| judge.id(outcome.rule).unwrap())
                .collect();
            let fails = |level: &str| failing.iter().any(|rule| packs(level).iter().any(|pack| rule.starts_with(pack)));
            let violates = |level: &str| format!("violates PodSecurity \"{level}:v1.37\": ");
            let message = answer["body"]["message"].as_str().unwrap_or_default();
            let is_refused = answer["status"] == 403 && message.contains(&violates(&enforced));
            let is_warned = strings(&answer["warnings"])
                .iter()
                .any(|warning| warning.contains(&violates(&to_warn).replace("violates", "would violate")));
            // What is refused is not warned of as well.
            let to_be_warned = fails(&to_warn) && !fails(&enforced);
            if is_refused != fails(&enforced) || succeeded(&answer) == is_refused || is_warned != to_be_warned {
                wrong.push(format!("in {name}, {failing:?} fail, and the API server says {answer}"));
            }
            refused += usize::from(is_refused);
            warned += usize::from(is_warned);
            admitted += usize::from(succeeded(&answer));
        }
    }
    cluster.finish();
    eprintln!("Pod Security in a live API server: {} Pods, {refused} refused, {warned} warned of, {admitted} admitted", pods.len());
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n"));
    assert!(refused > 50 && warned > 20 && admitted > 50, "{refused} {warned} {admitted}");
}
