//! Mutations and generations: what is refused, what they make of an object, and `polc fix`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use assert_cmd::Command;
use polc::compile::compile;
use polc::diagnostic::{Diagnostic, Sources};
use polc::eval::change::{Effect, Generator, Mutator};
use polc::eval::{Missing, Request};
use polc::ir::{Operation, Program};
use polc::object::Node;
use polc::resolve::Options;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::fs;

fn compiled(text: &str) -> Result<Program, (Sources, Vec<Diagnostic>)> {
    let mut sources = Sources::default();
    sources.add("p.pol", text);
    match compile(&sources, &Options::default()) {
        Ok(compiled) => Ok(compiled.program),
        Err(found) => Err((sources, found)),
    }
}

/// Each diagnostic of a wrong source with its message, underlined text and help.
fn refused(body: &str) -> String {
    let (sources, found) = compiled(&format!("pack p\n{body}\n")).expect_err(body);
    found.iter().fold(String::new(), |mut out, diagnostic| {
        let _ = writeln!(out, "{}: {}", diagnostic.code.id, diagnostic.message);
        for (span, label) in &diagnostic.labels {
            let _ = writeln!(out, "  `{}` {label}", sources.text(*span));
        }
        let _ = writeln!(out, "  help: {}", diagnostic.help.as_deref().expect("a help line"));
        out
    })
}

/// What a mutation with these clauses and statements makes of an object.
fn mutated(statements: &str, object: &Json) -> Effect<Json> {
    let source = format!("pack p\nmutation m {{\n{statements}\n}}\n");
    let program = compiled(&source).unwrap_or_else(|(_, found)| panic!("{source}\n{found:#?}"));
    let mutator = Mutator::new(&program.packs["p"].mutations[0]);
    let node = Node::from(object);
    let effect = mutator.mutate(&Request::create(&node));
    if let Effect::Done(made) = &effect {
        assert_eq!(mutator.mutate(&Request::create(made)), Effect::Nothing, "a second run of {statements} changes more");
    }
    match effect {
        Effect::Done(made) => Effect::Done(Json::from(&made)),
        Effect::Nothing => Effect::Nothing,
        Effect::NotJudged(missing) => Effect::NotJudged(missing),
        Effect::Unreadable(path) => Effect::Unreadable(path),
        Effect::Conflict(place) => Effect::Conflict(place),
    }
}

fn pod(spec: Json) -> Json {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": spec })
}

#[test]
fn mistakes() {
    let cases = [
        "mutation m { match Pod set pod.spec.hostname = \"a\" set pod.spec.hostname = \"b\" }",
        "mutation m { match Pod default pod.spec.securityContext = {} set pod.spec.securityContext.runAsNonRoot = true }",
        "mutation m { match Pod if not exists pod.spec.hostname { set pod.spec.hostname = \"a\" } }",
        "mutation m { match Pod where pod.spec.hostname == \"a\" remove pod.spec.hostname }",
        "mutation m { match Pod for c in pod.containers { set pod.metadata.labels[\"image\"] = c.image } }",
        "mutation m { match Pod for c in pod.containers { if c.tty { set pod.spec.hostname = \"a\" } else { set pod.spec.hostname = \"b\" } } }",
        "mutation m { match Pod for c in pod.containers { merge pod.spec.volumes by name { name: \"v\", hostPath: { path: c.workingDir } } } }",
        "mutation m { match Pod for c in pod.containers { set c.tty = true } merge pod.spec.containers by name { name: \"s\", image: \"s:1\" } }",
        "mutation m { match Pod merge pod.spec.volumes by name { name: \"v\" } merge pod.spec.volumes by name { name: \"v\", emptyDir: {} } }",
        "mutation m { match Pod set object.metadata.name = \"x\" }",
        "mutation m { match Pod merge pod.spec.volumes by name { emptyDir: {} } }",
        "mutation m { match Pod merge pod.spec.volumes by emptyDir { name: \"a\", emptyDir: {} } }",
        "mutation m { match Pod set pod.spec.restartPolicy = \"always\" }",
        "mutation m { match Pod set pod.spec.hostname = 5 }",
        "mutation m { match Pod set pod.spec.overhead[\"cpu\"] = \"a lot\" }",
        "mutation m { match Pod append pod.spec.volumes { name: \"a\" } }",
        "mutation m { match Pod set pod.spec.nope = 1 }",
        "mutation m { match Pod set pod.spec.hostname = request.userInfo.username }",
        "mutation m { match Pod on delete remove pod.spec.nodeName }",
        "mutation m { action deny match Pod set pod.spec.nodeName = \"a\" }",
        "mutation m { match Pod on conflict fail set pod.spec.nodeName = \"a\" }",
        "mutation m { match Deployment/scale set object.spec.replicas = 1 }",
        "mutation m { match Pod for x in [\"a\"] { set x = \"b\" } }",
        "mutation m { match Pod require pod.spec.hostNetwork message \"m\" }",
        "generation g { match Namespace create LimitRange named \"x\" { spec: { limits: [] } } }",
        "generation g { match Pod create Namespace named \"x\" in namespace \"y\" {} }",
        "generation g { match Pod create Namespace named \"x\" { metadata: { name: \"z\" } } }",
        "generation g { match Pod create Namespace named \"x\" { kind: \"Namespace\" } }",
        "generation g { match Pod create workloads named \"x\" {} }",
        "mutation m { match Pod set pod.spec.hostname = \"a\" }\ntest m { allow given { apiVersion: \"v1\", kind: \"Pod\" } }",
    ];
    let shown = cases.iter().fold(String::new(), |mut out, case| {
        let _ = writeln!(out, "{case}\n{}", refused(case));
        out
    });
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_done_to_an_object_has_to_be_known() {
    let source = "pack p\nmutation m { match ConfigMap on update default object.immutable = true }\n";
    let program = compiled(source).unwrap_or_else(|(_, found)| panic!("{found:#?}"));
    let mutator = Mutator::new(&program.packs["p"].mutations[0]);
    let node = Node::from(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}));
    // A manifest may stand for either.
    assert_eq!(mutator.mutate(&Request::create(&node)), Effect::NotJudged(Missing::Operation));
    assert_eq!(mutator.mutate(&Request { old_object: Some(&node), ..Request::create(&node) }), Effect::Nothing);
    assert_eq!(mutator.mutate(&Request { operation: Operation::Delete, ..Request::create(&node) }), Effect::Nothing);
    let updated = mutator.mutate(&Request { operation: Operation::Update, old_object: Some(&node), ..Request::create(&node) });
    assert!(matches!(updated, Effect::Done(_)), "{updated:?}");
}

#[test]
fn a_computed_key_is_printable_ascii() {
    let statements = "match Pod set pod.metadata.annotations[object.metadata.labels[\"key\"]] = \"x\"";
    let with = |key: &str| mutated(statements, &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"key": key}}}));
    for key in ["a", " ", "~", "a/b"] {
        let made = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"key": key}, "annotations": {key: "x"}}});
        assert_eq!(with(key), Effect::Done(made), "{key}");
    }
    for key in ["", "é", "a\n", "\u{7f}"] {
        assert_eq!(with(key), Effect::Nothing, "{key:?}");
    }
}

#[test]
fn what_is_removed_takes_nothing_with_it() {
    let object = pod(json!({"nodeName": "a", "hostname": "b", "volumes": []}));
    assert_eq!(mutated("match Pod remove pod.spec.nodeName", &object), Effect::Done(pod(json!({"hostname": "b", "volumes": []}))));
    assert_eq!(mutated("match Pod remove pod.spec.nodeName", &pod(json!({"hostname": "b"}))), Effect::Nothing);
}

#[test]
fn an_empty_struct_is_merged_where_none_is() {
    let statements = "match Pod merge pod.spec.volumes by name { name: \"a\", emptyDir: {} }";
    let volumes = |volume: Json| pod(json!({"volumes": [volume]}));
    let made = volumes(json!({"name": "a", "emptyDir": {}}));
    assert_eq!(mutated(statements, &volumes(json!({"name": "a"}))), Effect::Done(made.clone()));
    assert_eq!(mutated(statements, &made), Effect::Nothing);
    assert_eq!(mutated(statements, &volumes(json!({"name": "a", "emptyDir": {"medium": "Memory"}}))), Effect::Nothing);
    // What is there is not of the same form.
    let conflict = mutated(&format!("on conflict skip {statements}"), &volumes(json!({"name": "a", "emptyDir": "a"})));
    assert!(matches!(conflict, Effect::Conflict(_)), "{conflict:?}");
}

#[test]
fn a_place_is_made_only_for_what_is_written_there() {
    let statements = "match Pod
        default pod.spec.securityContext.seccompProfile = { type: \"RuntimeDefault\" }
        set pod.spec.dnsConfig.nameservers = [pod.metadata.annotations[\"dns\"]]
        set pod.spec.priorityClassName = pod.metadata.annotations[\"priority\"]
        remove pod.spec.affinity.nodeAffinity";
    let made = json!({
        "containers": [], "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } }, "dnsConfig": { "nameservers": [] }
    });
    assert_eq!(mutated(statements, &pod(json!({ "containers": [], "securityContext": null }))), Effect::Done(pod(made)));
    let alone = json!({ "containers": [], "securityContext": { "seccompProfile": {} }, "dnsConfig": { "nameservers": [] } });
    assert_eq!(mutated(statements, &pod(alone)), Effect::Nothing);
}

#[test]
fn what_counts_as_absent_is_filled_in() {
    let statements =
        "match Pod default pod.spec.hostNetwork = true default pod.spec.hostUsers = true default pod.spec.nodeSelector = { disk: \"ssd\" }";
    let made = pod(json!({ "hostNetwork": true, "hostUsers": false, "nodeSelector": { "disk": "ssd" } }));
    assert_eq!(mutated(statements, &pod(json!({ "hostNetwork": false, "hostUsers": false, "nodeSelector": {} }))), Effect::Done(made));
}

#[test]
fn merging_sets_the_leaves_of_the_first_element_with_the_keys() {
    let statements = "match Pod for c in pod.spec.containers {
            merge c.ports by containerPort, protocol { containerPort: 80, protocol: \"TCP\", name: \"http\" }
            merge c.env by name { name: \"A\", valueFrom: { fieldRef: { fieldPath: \"metadata.name\" } } }
        }";
    let given = json!({ "containers": [{
        "name": "a",
        "ports": [null, { "containerPort": 80, "protocol": "UDP" }, { "containerPort": 80, "hostPort": 8080 }],
        "env": [{ "name": "A", "valueFrom": { "fieldRef": { "apiVersion": "v1" } } }, { "name": "A" }]
    }, { "name": "b" }] });
    let made = json!({ "containers": [{
        "name": "a",
        "ports": [null, { "containerPort": 80, "protocol": "UDP" }, { "containerPort": 80, "hostPort": 8080, "name": "http" }],
        "env": [{ "name": "A", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.name" } } }, { "name": "A" }]
    }, {
        "name": "b",
        "ports": [{ "containerPort": 80, "protocol": "TCP", "name": "http" }],
        "env": [{ "name": "A", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }]
    }] });
    assert_eq!(mutated(statements, &pod(given)), Effect::Done(pod(made)));
}

#[test]
fn an_element_that_several_passes_of_a_loop_add_is_added_once() {
    let statements = "match Pod for path in split(pod.metadata.annotations[\"writable\"], \",\") {
            for c in pod.containers { merge c.volumeMounts by mountPath { name: \"writable\" + replace(path, \"/\", \"-\"), mountPath: path } }
            merge pod.spec.volumes by name { name: \"writable\" + replace(path, \"/\", \"-\"), emptyDir: {} }
            append pod.metadata.finalizers \"example.com/writable\"
            append pod.spec.tolerations { key: \"writable\", value: \"\" }
        }";
    let mut given = pod(json!({ "containers": [{ "name": "a" }] }));
    given["metadata"]["annotations"] = json!({ "writable": "/a,/a/b,/a" });
    let mut made = given.clone();
    made["metadata"]["finalizers"] = json!(["example.com/writable"]);
    made["spec"] = json!({
        "tolerations": [{ "key": "writable" }],
        "containers": [{ "name": "a", "volumeMounts": [{ "name": "writable-a", "mountPath": "/a" }, { "name": "writable-a-b", "mountPath": "/a/b" }] }],
        "volumes": [{ "name": "writable-a", "emptyDir": {} }, { "name": "writable-a-b", "emptyDir": {} }]
    });
    assert_eq!(mutated(statements, &given), Effect::Done(made));
}

#[test]
fn any_conflict_leaves_the_whole_object_alone() {
    let statements = "match Pod on conflict skip
        for c in pod.containers { merge c.env by name { name: \"A\", value: \"1\" } }
        set pod.spec.priorityClassName = \"low\"
        default pod.spec.hostname = \"a\"";
    let containers = |value: &str| json!([{ "name": "a" }, { "name": "b", "env": [{ "name": "A", "value": value }] }]);
    let conflict = |spec: Json, place: &str| assert_eq!(mutated(statements, &pod(spec)), Effect::Conflict(place.to_owned()));
    conflict(json!({ "containers": containers("2") }), "spec.containers[1].env[0]");
    conflict(json!({ "containers": [{ "name": "a", "env": [{ "name": "A", "valueFrom": {} }] }] }), "spec.containers[0].env[0]");
    conflict(json!({ "containers": containers("1"), "priorityClassName": "high" }), "spec.priorityClassName");
    let made = json!({
        "containers": [{ "name": "a", "env": [{ "name": "A", "value": "1" }] }, { "name": "b", "env": [{ "name": "A", "value": "1" }] }],
        "priorityClassName": "low", "hostname": "b"
    });
    let given = json!({ "containers": containers("1"), "priorityClassName": "low", "hostname": "b" });
    assert_eq!(mutated(statements, &pod(given)), Effect::Done(pod(made)));
}

#[test]
fn what_cannot_be_read_leaves_the_object_alone() {
    let statements =
        "match Pod for c in pod.containers { if image(c.image).tag == \"latest\" { set c.terminationMessagePolicy = \"File\" } }";
    let image =
        |image: Json| mutated(statements, &pod(json!({ "containers": [{ "name": "a", "image": "a" }, { "name": "b", "image": image }] })));
    assert_eq!(image(json!("A:b:c")), Effect::Unreadable("c.image".to_owned()));
    assert_eq!(image(json!({})), Effect::Unreadable("c.image".to_owned()));
    assert!(matches!(image(json!("a:1")), Effect::Done(_)));
    let wrong = mutated("match Pod for c in pod.containers { set c.tty = true }", &pod(json!({ "containers": [5] })));
    assert_eq!(wrong, Effect::Unreadable("spec.containers[0]".to_owned()));
}

#[test]
fn objects_that_cannot_be_changed_later_are_mutated_on_creation_only() {
    let program = compiled(
        "pack p\nmutation m { match workloads set pod.spec.priorityClassName = \"low\" }\nmutation n { match Pod on update set pod.spec.priorityClassName = \"low\" }",
    )
    .unwrap();
    let update = |mutation: usize, object: &Json| {
        let node = Node::from(object);
        let request = Request { operation: Operation::Update, old_object: Some(&node), ..Request::create(&node) };
        matches!(Mutator::new(&program.packs["p"].mutations[mutation]).mutate(&request), Effect::Done(_))
    };
    let deployment = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "spec": { "template": { "spec": {} } } });
    assert!(update(0, &deployment));
    assert!(!update(0, &pod(json!({}))));
    assert!(update(1, &pod(json!({}))));
}

#[test]
fn generations_bring_what_they_say() {
    let program = compiled(
        "pack p\ngeneration g { match Deployment where object.spec.replicas > 1
            create PodDisruptionBudget named object.metadata.name { spec: { minAvailable: 1, selector: object.spec.selector } }
            create ConfigMap named object.metadata.labels[\"config\"] in namespace \"config\" { data: { replicas: \"many\" } }
        }",
    )
    .unwrap();
    let generator = Generator::new(&program.packs["p"].generations[0]);
    let brought = |object: &Json| match generator.generate(&Request::create(&Node::from(object))) {
        Effect::Done(objects) => objects.iter().map(Json::from).collect::<Vec<_>>(),
        Effect::Nothing | Effect::NotJudged(_) | Effect::Unreadable(_) | Effect::Conflict(_) => Vec::new(),
    };
    let mut given = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "a" },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "a" } } }
    });
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": { "name": "a", "namespace": "default" },
        "spec": { "minAvailable": 1, "selector": { "matchLabels": { "app": "a" } } }
    });
    assert_eq!(brought(&given), std::slice::from_ref(&budget));
    given["metadata"]["labels"] = json!({ "config": "c" });
    let config = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c", "namespace": "config" }, "data": { "replicas": "many" } });
    assert_eq!(brought(&given), [budget, config]);
    given["spec"]["replicas"] = json!(1);
    assert_eq!(brought(&given), [] as [Json; 0]);
}

const POLICY: &str = "pack p
mutation quiet { match Pod on conflict skip set pod.spec.priorityClassName = \"low\" }
generation budget { match Deployment create PodDisruptionBudget named object.metadata.name { spec: { minAvailable: 1, selector: object.spec.selector } } }
";

const MANIFEST: &str = "# kept
apiVersion: v1
kind: ConfigMap
metadata: {name: c}   # kept
---
# lost
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers: [{name: a, image: 'a:1', env: [{name: A, value: 'yes'}]}]
---
kind: Pod
apiVersion: v1
metadata: {name: b}
spec: {priorityClassName: high}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {selector: {matchLabels: {app: d}}}
";

fn polc(folder: &std::path::Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_polc")).current_dir(folder).args(arguments).write_stdin(MANIFEST).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn fix_changes_what_has_to_change_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.pol"), POLICY).unwrap();
    fs::write(path.join("m.yaml"), MANIFEST).unwrap();
    let changed = MANIFEST.replace(
        "# lost\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: 'a:1', env: [{name: A, value: 'yes'}]}]\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a:1\n    env:\n    - name: A\n      value: \"yes\"\n  priorityClassName: low\n",
    );
    assert_ne!(changed, MANIFEST);
    let alone = "p/quiet leaves Pod default/b alone: `spec.priorityClassName` is something else already\n";

    assert_eq!(polc(path, &["fix", "--policies", "p.pol", "m.yaml"]), (0, changed.clone(), format!("m.yaml:13: {alone}")));
    assert_eq!(polc(path, &["fix", "--policies", "p.pol", "-"]), (0, changed.clone(), format!("<stdin>:13: {alone}")));
    let told = format!("m.yaml:7: Pod default/a p/quiet\nm.yaml:13: {alone}1 of 4 objects would change\n");
    assert_eq!(polc(path, &["fix", "--policies", "p.pol", "--check", "m.yaml"]), (1, told, String::new()));
    assert_eq!(fs::read_to_string(path.join("m.yaml")).unwrap(), MANIFEST);

    let (code, told, _) = polc(path, &["fix", "--policies", "p.pol", "--write", "m.yaml"]);
    assert_eq!((code, told.lines().last()), (0, Some("1 of 4 objects changed")));
    assert_eq!(fs::read_to_string(path.join("m.yaml")).unwrap(), changed);
    let (code, told, _) = polc(path, &["fix", "--policies", "p.pol", "--check", "m.yaml"]);
    assert_eq!((code, told.lines().last()), (0, Some("0 of 4 objects would change")));
}

#[test]
fn fix_brings_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.pol"), POLICY).unwrap();
    fs::write(path.join("m.yaml"), MANIFEST).unwrap();
    assert_eq!(polc(path, &["fix", "--policies", "p.pol", "--write", "--generate", "m.yaml"]).0, 0);
    let text = fs::read_to_string(path.join("m.yaml")).unwrap();
    assert!(text.ends_with("---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: d\n  namespace: default\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app: d\n"), "{text}");
    let (code, told, _) = polc(path, &["fix", "--policies", "p.pol", "--check", "--generate", "m.yaml"]);
    assert_eq!((code, told.lines().last()), (0, Some("0 of 5 objects would change")));
}

#[test]
fn fix_tells_programs_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.pol"), POLICY).unwrap();
    fs::write(
        path.join("l.json"),
        json!({ "apiVersion": "v1", "kind": "List", "items": [pod(json!({})), pod(json!({ "priorityClassName": "low" }))] }).to_string(),
    )
    .unwrap();
    let (code, out, _) = polc(path, &["fix", "--policies", "p.pol", "--format", "json", "--generate", "-", "l.json"]);
    assert_eq!(code, 0);
    let report: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(report["summary"], json!({ "objects": 6, "mutations": 1, "generations": 1, "changed": 2, "generated": 1, "leftAlone": 1 }));
    assert_eq!(report["results"][1]["object"]["spec"]["priorityClassName"], "low");
    assert_eq!(
        report["results"][2]["mutations"],
        json!([{ "rule": "p/quiet", "effect": "conflict", "reason": "`spec.priorityClassName` is something else already" }])
    );
    assert_eq!(report["generated"][0]["object"]["kind"], "PodDisruptionBudget");
    assert_eq!(polc(path, &["fix", "--policies", "p.pol", "--write", "l.json"]).0, 0);
    let list: Json = serde_json::from_str(&fs::read_to_string(path.join("l.json")).unwrap()).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["spec"]["priorityClassName"], "low");
}

#[test]
fn fix_writes_nothing_where_a_manifest_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("p.pol"), POLICY).unwrap();
    fs::write(path.join("m.yaml"), MANIFEST).unwrap();
    fs::write(path.join("n.yaml"), "kind: Pod\nspec: [\n").unwrap();
    let (code, out, error) = polc(path, &["fix", "--policies", "p.pol", "--write", "m.yaml", "n.yaml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("`n.yaml` cannot be read: line ") && error.contains("nothing was written"), "{error}");
    assert_eq!(fs::read_to_string(path.join("m.yaml")).unwrap(), MANIFEST);
    let (code, _, error) = polc(path, &["fix", "--policies", "p.pol", "--write", "-"]);
    assert!(code == 2 && error.contains("`--write` needs files"), "{error}");
}

#[test]
fn a_test_of_a_mutation_says_where_it_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let given = "given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"a\" } }";
    let tests = format!(
        "test quiet {{\n gives {{ apiVersion: \"v1\", kind: \"Pod\", metadata: {{ name: \"a\" }}, spec: {{ priorityClassName: \"high\" }} }} {given}\n skip {given}\n }}"
    );
    fs::write(path.join("p.pol"), format!("{POLICY}{tests}\n")).unwrap();
    let (code, out, _) = polc(path, &["test", "p.pol"]);
    assert_eq!(code, 1);
    assert!(out.contains("reference: `spec.priorityClassName` is expected to be \"high\" and is \"low\""), "{out}");
    assert!(out.contains("reference: expected no change, but `spec` is absent and becomes {\"priorityClassName\":\"low\"}"), "{out}");
    let (code, out, _) = polc(path, &["list", "p.pol", "--format", "json"]);
    let items: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &items["items"][0]["kind"], &items["items"][0]["tests"]["gives"]), (0, &json!("mutation"), &json!(1)));
}
