//! Rules that look at other objects: where they are refused, what has to be replicated, and what is said where it is not.

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
use polc::ir::Program;
use polc::target::{Emission, GatekeeperEngine, Options, Outcome, Target};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use support::engine::{self, Engine};

const RULE: &str = "pack p\n\nrule r {\n    match Pod\n    for v in pod.spec.volumes {\n        require v.configMap.name in cluster(ConfigMap)[*].metadata.name message \"{v.name} is not there\"\n    }\n    \
    require count(cluster(StorageClass)) < 2 message \"two\"\n}\n";

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("p.pol", RULE);
    sources
}

fn program() -> Program {
    compile(&sources(), &polc::resolve::Options::default()).unwrap().program
}

fn emitted(target: Target, engine: GatekeeperEngine) -> Emission {
    polc::target::emit(&program(), &BTreeSet::from([target]), &Options { gatekeeper: engine, ..Options::default() })
}

#[test]
fn what_cannot_look_at_other_objects_refuses_by_name() {
    for (target, engine) in [
        (Target::Conftest, GatekeeperEngine::Rego),
        (Target::Gatekeeper, GatekeeperEngine::Cel),
        (Target::Vap, GatekeeperEngine::Rego),
        (Target::KyvernoVpol, GatekeeperEngine::Rego),
        (Target::Kyverno, GatekeeperEngine::Rego),
    ] {
        let emission = emitted(target, engine);
        let name = target.name();
        let [found] = &emission.diagnostics[..] else { panic!("{name}: {:?}", emission.diagnostics) };
        assert_eq!(found.message, format!("`p/r` cannot be written for {name}: `cluster()` has no exact form there"));
        assert_eq!(
            found.help,
            Some(format!("leave the target out for this rule with `targets except {name}`, or state the rule without it"))
        );
        assert_eq!(sources().text(found.labels[0].0), "cluster(ConfigMap)");
        assert!(matches!(emission.report[0].outcome, Outcome::Refused(_)), "{name}");
    }
}

#[test]
fn a_rule_can_be_kept_from_one_language_of_gatekeeper() {
    for (clause, rego, cel) in [
        ("targets opa, gatekeeper-rego", Outcome::Exact, Outcome::Dropped),
        ("targets gatekeeper-cel", Outcome::Dropped, Outcome::Exact),
        ("targets except gatekeeper-cel", Outcome::Exact, Outcome::Dropped),
        ("targets except gatekeeper-rego", Outcome::Dropped, Outcome::Exact),
        ("targets except gatekeeper", Outcome::Dropped, Outcome::Dropped),
        ("targets gatekeeper", Outcome::Exact, Outcome::Exact),
    ] {
        let mut sources = Sources::default();
        sources.add("p.pol", format!("pack p\nrule r {{ {clause} match Pod forbid pod.spec.hostPID message \"no\" }}\n"));
        let program = compile(&sources, &polc::resolve::Options::default()).unwrap().program;
        for (engine, outcome) in [(GatekeeperEngine::Rego, &rego), (GatekeeperEngine::Cel, &cel)] {
            let options = Options { gatekeeper: engine, ..Options::default() };
            assert_eq!(polc::target::gatekeeper::emit(&program, &options).report[0].outcome, *outcome, "{clause} in {engine:?}");
        }
    }
}

fn text<'a>(emission: &'a Emission, path: &str) -> &'a str {
    let artifact = emission.artifacts.iter().find(|artifact| artifact.path == path);
    std::str::from_utf8(&artifact.unwrap_or_else(|| panic!("no {path}")).contents).unwrap()
}

#[test]
fn what_has_to_be_replicated_is_said() {
    let emission = emitted(Target::Opa, GatekeeperEngine::Rego);
    let flags = "--replicate=v1/configmaps --replicate-cluster=storage.k8s.io/v1/storageclasses";
    assert!(emission.notes.iter().any(|note| note.starts_with("opa: ") && note.contains(flags)), "{:?}", emission.notes);
    let emission = emitted(Target::Gatekeeper, GatekeeperEngine::Rego);
    assert_eq!(
        text(&emission, "gatekeeper/sync/p.yaml"),
        "apiVersion: syncset.gatekeeper.sh/v1alpha1\nkind: SyncSet\nmetadata:\n  name: polc-p\n  labels:\n    polc/pack: p\nspec:\n  gvks:\n  - group: ''\n    version: v1\n    kind: ConfigMap\n  \
         - group: storage.k8s.io\n    version: v1\n    kind: StorageClass\n"
    );
    assert!(text(&emission, "gatekeeper/kustomization.yaml").contains("- sync/p.yaml\n"));
    let template = text(&emission, "gatekeeper/p-pod/template.yaml");
    let required = r#"[[{"groups":[""],"versions":["v1"],"kinds":["ConfigMap"]}],[{"groups":["storage.k8s.io"],"versions":["v1"],"kinds":["StorageClass"]}]]"#;
    assert!(template.contains(&format!("metadata.gatekeeper.sh/requires-sync-data: '{required}'\n")), "{template}");
    assert!(emission.notes.iter().any(|note| note.contains("`gatekeeper/sync`")), "{:?}", emission.notes);
    // Who looks at nothing needs nothing.
    let mut sources = Sources::default();
    sources.add("q.pol", "pack q\nrule r { match Pod forbid pod.spec.hostPID message \"no\" }\n");
    let program = compile(&sources, &polc::resolve::Options::default()).unwrap().program;
    let emission = polc::target::emit(&program, &BTreeSet::from([Target::Opa, Target::Gatekeeper]), &Options::default());
    assert!(!emission.artifacts.iter().any(|artifact| artifact.path.contains("/sync/")));
    assert!(!text(&emission, "gatekeeper/q-pod/template.yaml").contains("requires-sync-data"));
    assert!(!emission.notes.iter().any(|note| note.contains("other objects")), "{:?}", emission.notes);
}

#[test]
fn gator_finds_that_the_templates_and_the_sync_sets_fit() {
    let Some(gator) = engine::find("gator", "`gator sync test` on what is written") else { return };
    let work = tempfile::tempdir().unwrap();
    support::compare::write(&emitted(Target::Gatekeeper, GatekeeperEngine::Rego), work.path());
    let fits = || {
        let template = work.path().join("gatekeeper/p-pod/template.yaml");
        let set = work.path().join("gatekeeper/sync/p.yaml");
        let output = Command::new(&gator)
            .args(["sync", "test", "--force-omit-gvk-manifest"])
            .arg("--filename")
            .arg(template)
            .arg("--filename")
            .arg(&set)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), said)
    };
    let (fine, said) = fits();
    assert!(fine, "{said}");
    let set = work.path().join("gatekeeper/sync/p.yaml");
    fs::write(&set, fs::read_to_string(&set).unwrap().replace("kind: StorageClass", "kind: CSIDriver")).unwrap();
    let (fine, said) = fits();
    assert!(!fine && said.contains("StorageClass"), "{said}");
}

/// A Pod with a volume of the ConfigMap `m`.
fn pod() -> Json {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"containers": [], "volumes": [{"name": "v", "configMap": {"name": "m"}}]}})
}

#[test]
fn a_missing_replication_is_no_empty_cluster() {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"operation": "CREATE", "namespace": "shop", "object": pod()}});
    let map =
        |version: &str, name: &str| json!({"apiVersion": version, "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}});
    let said = |message: &str| json!([{"rule": "p/r", "msg": message, "action": "deny", "severity": "medium"}]);
    let classes = |maps: Json| json!({"kubernetes": {"configmaps": maps, "storageclasses": {}}});
    // What is held, what a review gets, and what an object alone.
    let cases = [
        (json!({}), said("cannot read `cluster(ConfigMap)`"), json!([])),
        (json!({"kubernetes": {"namespaces": {}}}), said("cannot read `cluster(ConfigMap)`"), json!([])),
        (json!({"kubernetes": {"configmaps": {}}}), said("cannot read `cluster(StorageClass)`"), json!([])),
        (classes(json!({})), said("v is not there"), said("v is not there")),
        (classes(json!({"other": {"m": map("v1", "m")}})), said("v is not there"), said("v is not there")),
        (classes(json!({"shop": {"m": map("v1", "m")}})), json!([]), json!([])),
        // Another version or group under the same name.
        (
            classes(json!({"shop": {"m": map("example.com/v1", "m")}})),
            said("cannot read `cluster(ConfigMap)`"),
            said("cannot read `cluster(ConfigMap)`"),
        ),
        (classes(json!({"other": {"m": map("example.com/v1", "m")}})), said("v is not there"), said("v is not there")),
    ];
    let work = tempfile::tempdir().unwrap();
    support::compare::write(&emitted(Target::Opa, GatekeeperEngine::Rego), work.path());
    for name in ["polc-opa", "polc-opa-1.17"] {
        let Some(program) = engine::find(name, "a missing replication in OPA") else { continue };
        let engine = Engine::start(&program, &[work.path().to_str().unwrap()]);
        let requests: Vec<Json> =
            cases.iter().flat_map(|(data, ..)| [&review, &pod()].map(|input| json!({"input": input, "data": data}))).collect();
        let answers = engine.answers(&requests);
        for (number, (data, reviewed, alone)) in cases.iter().enumerate() {
            assert_eq!(&answers[2 * number]["result"], reviewed, "{name}: a review beside {data}");
            assert_eq!(&answers[2 * number + 1]["result"], alone, "{name}: an object beside {data}");
        }
    }
}
