//! `polc.yaml` from outside: two environments are built, checked and judged, flags count before the file, and what is wrong in it is said at its place.

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

use assert_cmd::Command;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use support::repository;

/// A copy of a folder of the repository.
fn copy(of: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(repository(of)) {
        let entry = entry.unwrap();
        let to = folder.path().join(entry.path().strip_prefix(repository(of)).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    folder
}

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn polc(folder: &Path, arguments: &[&str]) -> Ended {
    polc_on(folder, arguments, "")
}

fn polc_on(folder: &Path, arguments: &[&str], input: &str) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_polc")).args(arguments).current_dir(folder).write_stdin(input).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn replace(folder: &Path, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    write(folder, name, &text.replace(from, to));
}

/// The messages of a failed run with the text that each underlines: `message @ line:column`.
#[track_caller]
fn errors(ended: &Ended) -> Vec<String> {
    let said = |error: &Json| {
        let place = &error["labels"][0];
        format!("{} @ {}:{}:{}", error["message"].as_str().unwrap(), place["file"].as_str().unwrap_or("-"), place["line"], place["column"])
    };
    ended.json()["errors"].as_array().unwrap().iter().map(said).collect()
}

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: app\n    image: registry.example.com/dev/app:1\n";

#[test]
fn the_example_is_built_and_checked_for_both_environments() {
    let place = copy("examples/gitops");
    let folder = place.path();
    for environment in ["dev", "prod"] {
        polc(folder, &["build", "--check", "--env", environment]).with(1);
        polc(folder, &["build", "--env", environment]).with(0);
        polc(folder, &["build", "--check", "--env", environment]).with(0);
    }
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let (dev, prod) = (read("dist/dev/vap/hardening.yaml"), read("dist/prod/vap/hardening.yaml"));
    assert!(dev.contains("- Warn\n") && !dev.contains("- Deny\n"), "{dev}");
    assert!(prod.contains("- Deny\n") && !prod.contains("- Warn\n"), "{prod}");
    assert!(prod.contains("registry.example.com/prod/") && !dev.contains("registry.example.com/prod/"));
    assert!(!folder.join("dist/dev/opa").exists(), "only the targets of polc.yaml are built");

    polc(folder, &["test"]).with(0);
    polc(folder, &["list"]).with(0);
    polc_on(folder, &["check", "--env", "dev", "-"], POD).with(0);
    let judged = polc_on(folder, &["check", "--env", "prod", "--format", "json", "-"], POD).with(1).json();
    assert_eq!(judged["results"][0]["message"], "image registry.example.com/dev/app:1 comes from an unknown registry");

    // A change of one environment leaves the other's files as they are.
    replace(folder, "polc.yaml", "registry.example.com/prod/*", "registry.example.com/live/*");
    polc(folder, &["build", "--check", "--env", "dev"]).with(0);
    assert!(polc(folder, &["build", "--check", "--env", "prod"]).with(1).out.contains("+"));
}

#[test]
fn each_change_is_reported_with_its_line() {
    let place = copy("examples/gitops");
    let folder = place.path();
    let report = polc(folder, &["build", "--env", "dev", "--format", "json"]).with(0).json();
    assert_eq!(report["config"], "polc.yaml");
    assert_eq!(report["environment"], "dev");
    assert_eq!(report["out"], "dist/dev");
    assert_eq!(report["targets"], serde_json::json!(["vap", "psa"]));
    let line = |text: &str| std::fs::read_to_string(folder.join("polc.yaml")).unwrap().lines().position(|l| l.contains(text)).unwrap() + 1;
    let action = |rule: &str| serde_json::json!({ "change": "action", "rule": rule, "from": "deny", "to": "warn", "loosens": true, "line": line("hardening/*") });
    let param = serde_json::json!({
        "change": "param", "param": "hardening.registries", "value": ["registry.example.com/*"], "loosens": false, "line": line("hardening.registries")
    });
    assert_eq!(report["changes"], serde_json::json!([action("hardening/known-registries"), action("hardening/no-privileged"), param]));
    let text = polc(folder, &["build", "--env", "dev"]).with(0).out;
    let said = format!("polc.yaml:{}: loosened: `hardening/no-privileged` is `warn` instead of `deny`", line("hardening/*"));
    assert!(text.contains(&said), "{text}");
    // The base alone goes beside the environments.
    let base = polc(folder, &["build", "--format", "json"]).with(0).json();
    assert_eq!((&base["out"], &base["environment"]), (&Json::from("dist"), &Json::Null));
    polc(folder, &["build", "--check", "--env", "dev"]).with(0);
}

#[test]
fn the_command_line_counts_before_the_file() {
    let place = copy("examples/gitops");
    let folder = place.path();
    let arguments = ["build", "--env", "prod", "--out", "other", "--target", "opa", "--param", "registries=a.io/*", "--format", "json"];
    let report = polc(folder, &arguments).with(0).json();
    assert_eq!((&report["out"], &report["targets"]), (&Json::from("other"), &serde_json::json!(["opa"])));
    assert_eq!(report["changes"], serde_json::json!([]));
    assert!(std::fs::read_to_string(folder.join("other/opa/hardening.rego")).unwrap().contains("a.io/"));
    assert!(!folder.join("dist").exists());

    // Policies that are named on the command line need not have what the file names.
    write(folder, "one.pol", "pack one\nrule x { match Pod forbid pod.spec.hostNetwork message \"host\" }\n");
    assert_eq!(polc(folder, &["list", "one.pol", "--format", "json"]).with(0).json()["items"][0]["id"], "one/x");
    polc_on(folder, &["check", "--policies", "one.pol", "--env", "dev", "-"], POD).with(0);

    // A file elsewhere: its paths are relative to it.
    let above = folder.parent().unwrap();
    let name = folder.file_name().unwrap().to_str().unwrap();
    let report = polc(above, &["build", "--config", &format!("{name}/polc.yaml"), "--env", "prod", "--format", "json"]).with(0).json();
    assert_eq!(report["out"], format!("{name}/dist/prod"));
    assert!(folder.join("dist/prod/vap/hardening.yaml").is_file());
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    let place = copy("examples/gitops");
    let folder = place.path();
    let wrong = |from: &str, to: &str, arguments: &[&str]| {
        let place = copy("examples/gitops");
        replace(place.path(), "polc.yaml", from, to);
        errors(&polc(place.path(), &[&["build", "--format", "json"], arguments].concat()).with(2))
    };
    assert_eq!(wrong("targets:", "target:", &[]), ["polc.yaml has no key `target` @ polc.yaml:2:1"]);
    assert_eq!(wrong("hardening/*", "hardning/*", &["--env", "dev"]), ["there is no rule `hardning/*` @ polc.yaml:9:7"]);
    assert_eq!(
        wrong("\n  hardening.registries", "\n  hardening.registry", &[]),
        ["no pack has a param `hardening.registry` @ polc.yaml:5:3"]
    );
    assert_eq!(
        wrong("  hardening.registries: [registry.example.com/*]", "  hardening.registries: yes", &[]),
        ["`yes` is no value for the param `registries` @ polc.yaml:5:25"]
    );
    for (arguments, message) in [
        (&["--env", "prd"][..], "`polc.yaml` has no environment `prd` @ -:null:null"),
        (&["--config", "none.yaml"][..], "cannot read `none.yaml`: no such file or directory @ -:null:null"),
    ] {
        for command in ["build", "list", "test"] {
            assert_eq!(errors(&polc(folder, &[&[command, "--format", "json"], arguments].concat()).with(2)), [message]);
        }
    }
    let help = polc(folder, &["build", "--env", "prd"]).with(2).err;
    assert!(help.contains("help: did you mean `prod`?"), "{help}");
    let none = tempfile::tempdir().unwrap();
    write(none.path(), "policies/a.pol", "pack a\nrule x { match Pod forbid pod.spec.hostNetwork message \"host\" }\n");
    let message = "there is no environment `prod`: there is no `polc.yaml` in the working directory @ -:null:null";
    assert_eq!(errors(&polc(none.path(), &["build", "--env", "prod", "--format", "json"]).with(2)), [message]);
    polc(none.path(), &["build", "--target", "opa"]).with(0);
    assert!(none.path().join("dist/opa/a.rego").is_file());
    assert!(!folder.join("dist").exists(), "a build that fails writes nothing");
}

/// Runs `polc krm` on a ResourceList with a `spec` of its functionConfig and two items.
fn krm(folder: &Path, spec: &str) -> Ended {
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: polc/v1\n  kind: Policies\n  spec: {spec}\nitems:\n\
         - apiVersion: v1\n  kind: Pod\n  metadata: # kept\n    name: a\n    namespace: shop\n    annotations:\n      \
         internal.config.kubernetes.io/path: pods/a.yaml\n      internal.config.kubernetes.io/index: '2'\n  spec:\n    containers:\n    - name: app\n      \
         image: registry.example.com/dev/app:1\n\
         - apiVersion: v1\n  kind: Pod\n  metadata:\n    name: own\n    annotations:\n      config.kubernetes.io/local-config: 'true'\n  spec:\n    containers:\n    \
         - name: app\n      image: elsewhere.example.com/app:1\n"
    );
    let ended = polc_on(folder, &["krm"], &list);
    if ended.code == Some(0) && !spec.contains("targets") {
        assert!(ended.out.starts_with(&list), "what is only judged comes out as it came in: {}", ended.out);
    }
    ended
}

#[test]
fn a_function_judges_items() {
    let place = copy("examples/gitops");
    let folder = place.path();
    let dev = krm(folder, "{ config: polc.yaml, env: dev }").with(0);
    assert!(dev.err.is_empty() && !dev.out.contains("results"), "{} {}", dev.out, dev.err);

    let prod = krm(folder, "{ config: polc.yaml, env: prod }").with(1);
    assert!(prod.out.contains("metadata: # kept\n"));
    let lists = support::yaml_documents(&prod.out);
    let message = "hardening/known-registries: image registry.example.com/dev/app:1 comes from an unknown registry";
    assert_eq!(
        lists[0]["results"],
        serde_json::json!([{
            "message": message,
            "severity": "error",
            "resourceRef": { "apiVersion": "v1", "kind": "Pod", "name": "a", "namespace": "shop" },
            "field": { "path": "spec.containers[0].image" },
            "file": { "path": "pods/a.yaml", "index": 2 },
            "tags": { "rule": "hardening/known-registries", "severity": "high" },
        }])
    );
    assert_eq!(prod.err, format!("error: Pod a: {message}\n"));

    let warned = krm(folder, "{ config: polc.yaml, env: prod, actions: { hardening/*: warn } }").with(0);
    assert_eq!(support::yaml_documents(&warned.out)[0]["results"][0]["severity"], "warning");
    let paths = krm(folder, "{ policies: [policies], params: { registries: [a.io/*] }, actions: { hardening/*: audit } }").with(0);
    assert_eq!(support::yaml_documents(&paths.out)[0]["results"][0]["severity"], "info");
}

#[test]
fn a_function_adds_policies_to_the_items() {
    let place = copy("examples/gitops");
    let folder = place.path();
    let policy = "pack a rule x { match Pod forbid pod.spec.hostNetwork message \\\"on the host\\\" }";
    let made = krm(folder, &format!("{{ sources: {{ a.pol: \"{policy}\" }}, targets: [vap] }}")).with(0);
    let list = &support::yaml_documents(&made.out)[0];
    let kinds =
        |list: &Json| list["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let four = ["Pod", "Pod", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
    assert_eq!(kinds(list), four);
    assert!(list.get("results").is_none());
    // What is there already is replaced, and JSON is answered in JSON.
    let again = polc_on(folder, &["krm"], &list.to_string()).with(0);
    assert_eq!(kinds(&again.json()), four);
    let both = krm(folder, "{ config: polc.yaml, env: prod, targets: [psa], validate: true }").with(1);
    let list = &support::yaml_documents(&both.out)[0];
    assert_eq!((kinds(list).len(), list["results"].as_array().unwrap().len()), (3, 1));
    let built = krm(folder, "{ config: polc.yaml, env: prod, targets: [vap] }").with(0);
    polc(folder, &["build", "--env", "prod"]).with(0);
    let written = support::yaml_documents(&std::fs::read_to_string(folder.join("dist/prod/vap/hardening.yaml")).unwrap());
    assert_eq!(support::yaml_documents(&built.out)[0]["items"].as_array().unwrap()[2..], written);
}

#[test]
fn a_function_that_is_asked_wrongly_says_where() {
    let place = copy("examples/gitops");
    let folder = place.path();
    for (spec, said) in [
        ("{ polices: [a] }", &["the `spec` has no key `polices`", "did you mean `policies`?", "<stdin>:6:11"][..]),
        ("{ targets: [vap] }", &["the `spec` names no policies", "<stdin>:6:3"]),
        ("{ policies: [policies], env: prod }", &["`env` needs a `config`", "<stdin>:6:38"]),
        ("{ policies: [policies], targets: [opa] }", &["the target `opa` is no Kubernetes objects", "write it with `polc build`"]),
        ("{ policies: [policies], validate: maybe }", &["`validate` is text", "it has to be `true` or `false`"]),
        ("{ policies: [policies], params: { registry: [a] } }", &["no pack has a param `registry`", "<stdin>:6:43"]),
        ("{ config: polc.yaml, env: prd }", &["`polc.yaml` has no environment `prd`", "did you mean `prod`?"]),
    ] {
        let ended = krm(folder, spec).with(2);
        assert!(ended.out.is_empty() && said.iter().all(|part| ended.err.contains(part)), "{spec}: {}", ended.err);
    }
    for (input, said) in [
        ("", "standard input is empty"),
        ("kind: Pod\n", "standard input is no ResourceList"),
        ("kind: ResourceList\nitems: []\n", "the ResourceList has no `functionConfig`"),
        ("kind: ResourceList\nitems: []\nfunctionConfig: {apiVersion: v1, kind: ConfigMap}\n", "the `functionConfig` is `v1 ConfigMap`"),
    ] {
        let ended = polc_on(folder, &["krm"], input).with(2);
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

/// What the real kustomize builds of a folder: its exit code and both outputs.
fn kustomize(program: &Path, folder: &Path) -> Ended {
    let output = Command::new(program)
        .args(["build", "--enable-alpha-plugins", "--enable-exec", "."])
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn kustomize_runs_the_function() {
    let Some(program) = support::engine::find("kustomize", "`polc krm` in kustomize") else { return };
    let place = copy("examples/gitops");
    let folder = place.path();
    let function = |spec: &str| {
        format!(
            "apiVersion: polc/v1\nkind: Policies\nmetadata:\n  name: policies\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        \
             path: {}\n        args: [krm]\nspec: {spec}\n",
            env!("CARGO_BIN_EXE_polc")
        )
    };
    write(folder, "pod.yaml", POD);
    write(folder, "kustomization.yaml", "resources: [pod.yaml]\ntransformers: [policies.yaml]\n");
    write(folder, "policies.yaml", &function("{ config: polc.yaml, env: dev }"));
    let built = kustomize(&program, folder).with(0);
    assert_eq!(support::yaml_documents(&built.out), support::yaml_documents(POD));
    write(folder, "policies.yaml", &function("{ config: polc.yaml, env: prod }"));
    let refused = kustomize(&program, folder).with(1);
    assert!(
        refused.err.contains("hardening/known-registries: image registry.example.com/dev/app:1 comes from an unknown registry"),
        "{}",
        refused.err
    );

    write(folder, "kustomization.yaml", "resources: [pod.yaml]\ngenerators: [policies.yaml]\n");
    write(folder, "policies.yaml", &function("{ config: polc.yaml, env: prod, targets: [vap, psa] }"));
    let built = kustomize(&program, folder).with(0);
    polc(folder, &["build", "--env", "prod"]).with(0);
    let sorted = |text: &str| {
        let mut documents: Vec<String> =
            support::yaml_documents(text).iter().map(|d| serde_json::to_string(&canonical(d)).unwrap()).collect();
        documents.sort();
        documents
    };
    let mut written = POD.to_owned();
    for entry in walkdir::WalkDir::new(folder.join("dist/prod")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|end| end == "yaml") && !path.ends_with("kustomization.yaml") {
            written += &format!("---\n{}", std::fs::read_to_string(path).unwrap());
        }
    }
    assert_eq!(sorted(&built.out), sorted(&written));
}

/// With its keys in order.
fn canonical(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            map.iter().map(|(k, v)| (k.clone(), canonical(v))).collect::<std::collections::BTreeMap<_, _>>().into_iter().collect()
        }
        Json::Array(items) => items.iter().map(canonical).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

/// Where the objects of a cluster in the example repository say that its manifests are.
fn synchronised(folder: &Path, file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let documents = support::yaml_documents(&text);
    let paths = documents.iter().filter_map(|document| {
        let path = document.pointer("/spec/source/path").or_else(|| document.pointer("/spec/path"))?;
        let prune = document.pointer("/spec/syncPolicy/automated/prune").or_else(|| document.pointer("/spec/prune")).unwrap();
        let path = path.as_str().unwrap().trim_start_matches("./").to_owned();
        // What is pruned is deleted, and with a Namespace all that is in it.
        assert_eq!(prune, &Json::Bool(!path.ends_with("psa")), "{file}");
        Some(path)
    });
    paths.collect()
}

#[test]
fn the_example_repository_is_built_and_synchronised_by_argo_cd_and_flux() {
    if std::env::var_os("POLC_UPDATE_DOCS").is_some() {
        for env in ["dev", "prod"] {
            polc(&repository("docs/repository"), &["build", "--env", env]).with(0);
        }
    }
    let place = copy("docs/repository");
    let folder = place.path();
    let kustomize = support::engine::find("kustomize", "the example repository in kustomize");
    polc(folder, &["test"]).with(0);
    for env in ["dev", "prod"] {
        polc(folder, &["build", "--check", "--env", env]).with(0);
        let paths = synchronised(folder, &format!("argocd/{env}.yaml"));
        assert_eq!(paths, [format!("dist/{env}/vap"), format!("dist/{env}/psa")]);
        assert_eq!(paths, synchronised(folder, &format!("flux/{env}.yaml")));
        for path in &paths {
            assert!(folder.join(path).join("kustomization.yaml").is_file(), "{path}");
            let Some(program) = &kustomize else { continue };
            let output = Command::new(program).args(["build", path]).current_dir(folder).env("HOME", folder).output().unwrap();
            assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
            let built = support::yaml_documents(&String::from_utf8(output.stdout).unwrap());
            assert_eq!(built.len(), if path.ends_with("vap") { 4 } else { 1 }, "{path}: {built:?}");
        }
    }
    let policies = |env: &str| std::fs::read_to_string(folder.join(format!("dist/{env}/vap/hardening.yaml"))).unwrap();
    assert!(policies("dev").contains("  - Warn\n") && !policies("prod").contains("  - Warn\n"));
    assert!(policies("prod").contains("registry.example.com/prod/") && !policies("dev").contains("registry.example.com/prod/"));
    // A param that nobody built for is noticed in review.
    let file = std::fs::read_to_string(folder.join("polc.yaml")).unwrap();
    write(folder, "polc.yaml", &file.replace("registry.example.com/prod/*", "registry.example.com/live/*"));
    let stale = polc(folder, &["build", "--check", "--env", "prod"]).with(1);
    assert!(stale.out.contains("is stale: 1 to write"), "{}", stale.out);
    polc(folder, &["build", "--check", "--env", "dev"]).with(0);
}

#[test]
fn the_hooks_for_pre_commit_run_as_they_are_defined() {
    let hooks: Json = serde_yaml::from_str(&std::fs::read_to_string(repository(".pre-commit-hooks.yaml")).unwrap()).unwrap();
    let entries: BTreeMap<&str, Vec<&str>> = hooks
        .as_array()
        .unwrap()
        .iter()
        .map(|hook| (hook["id"].as_str().unwrap(), hook["entry"].as_str().unwrap().split(' ').skip(1).collect()))
        .collect();
    assert_eq!(entries.keys().copied().collect::<Vec<_>>(), ["polc-build", "polc-check", "polc-test"]);
    let place = copy("docs/repository");
    let folder = place.path();
    let used: Json = serde_yaml::from_str(&std::fs::read_to_string(folder.join(".pre-commit-config.yaml")).unwrap()).unwrap();
    for hook in used["repos"][0]["hooks"].as_array().unwrap() {
        let own = hook["args"].as_array().into_iter().flatten().map(|argument| argument.as_str().unwrap());
        let arguments: Vec<&str> = entries[hook["id"].as_str().unwrap()].iter().copied().chain(own).collect();
        polc(folder, &arguments).with(0);
    }
    write(folder, "pod.yaml", &POD.replace("registry.example.com", "docker.io"));
    let arguments: Vec<&str> = entries["polc-check"].iter().copied().chain(["pod.yaml"]).collect();
    let found = polc(folder, &arguments).with(1);
    assert!(found.out.contains("hardening/known-registries"), "{}", found.out);
}
