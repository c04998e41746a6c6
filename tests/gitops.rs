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
