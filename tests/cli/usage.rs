//! Help, versions, colours, completions, and what each command prints when all is well.

use super::{BAD, GOOD, POLICY, Place};
use serde_json::json;

/// The commands that the help names.
fn commands(place: &Place) -> Vec<String> {
    let help = place.run(&["--help"]).with(0).out;
    let rows = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = rows
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.trim().split(' ').next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn help_is_on_standard_output_and_names_everything() {
    let place = Place::new();
    let help = place.run(&["--help"]).with(0);
    let commands = commands(&place);
    for command in ["build", "check", "test", "list", "ir", "explain", "completions"] {
        assert!(commands.iter().any(|name| name == command), "{commands:?}");
    }
    for command in commands.iter().map(String::as_str) {
        let own = place.run(&[command, "--help"]).with(0);
        assert!(own.out.contains(&format!("Usage: polc {command}")) && own.err.is_empty(), "{}", own.out);
        assert_eq!(place.run(&["help", command]).with(0).out, own.out);
        // the short help is short
        assert!(
            place.run(&[command, "-h"]).with(0).out.lines().count() < own.out.lines().count() || own.out.lines().count() < 25,
            "{command}"
        );
    }
    assert!(help.out.contains("Exit codes: 0 all is well, 1 there are findings, 2 the input or the usage is wrong."));
    let none = place.run(&[]).with(2);
    assert!(none.out.is_empty() && none.err.contains("Usage: polc"));
}

#[test]
fn the_version_is_the_crates() {
    let place = Place::new();
    for arguments in [["--version"], ["-V"]] {
        assert_eq!(place.run(&arguments).with(0).out, concat!("polc ", env!("CARGO_PKG_VERSION"), "\n"));
    }
    assert!(place.run(&["check", "--version"]).with(0).out.ends_with(concat!(env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn wrong_usage_exits_with_2_and_says_how_it_is_right() {
    let place = Place::new();
    place.run(&["chek"]).with(2).says(&["unrecognized subcommand 'chek'", "'check'"]);
    place.run(&["build", "--traget", "opa"]).with(2).says(&["'--traget'", "'--target'"]);
    place.run(&["check", "good.yaml"]).with(2).says(&["--policies <PATH>"]);
    place.run(&["check", "--policies", "a.pol"]).with(2).says(&["<MANIFEST>"]);
    place.run(&["build", "a.pol", "--param", "allowed"]).with(2).says(&["expected NAME=VALUE, for example `version=v1.34`"]);
    place
        .run(&["build", "a.pol", "--target", "kyvreno"])
        .with(2)
        .says(&["there is no target `kyvreno`", "did you mean `kyverno`? the targets are opa, "]);
    place.run(&["check", "--policies", "a.pol", "--format", "yaml", "good.yaml"]).with(2).says(&["text", "json"]);
    place.run(&["explain", "unknwon-field"]).with(2).says(&["there is no code `unknwon-field`", "did you mean `unknown-field`?"]);
    place.run(&["completions", "tcsh"]).with(2).says(&["bash", "zsh", "fish"]);
    assert!(!place.path("dist").exists());
}

#[test]
fn colour_comes_when_it_is_asked_for() {
    let place = Place::new();
    let check = ["check", "--policies", "a.pol", "bad.yaml"];
    let plain = place.run(&check).with(1).out;
    assert!(!plain.contains('\u{1b}'), "a pipe gets no colours");
    let always = place.run(&[&check[..], &["--color", "always"]].concat()).with(1).out;
    assert!(always.contains("\u{1b}[1;31mdeny\u{1b}[0m"), "{always}");
    assert_eq!(place.run(&[&["--color", "never"], &check[..]].concat()).with(1).out, plain);
    let error = place.run(&["build", "none.pol", "--color", "always"]).with(2).err;
    assert!(error.contains('\u{1b}'), "{error}");
    assert!(!place.run(&["build", "none.pol"]).with(2).err.contains('\u{1b}'));
    place.run(&["--color", "sometimes", "explain"]).with(2).says(&["auto", "always", "never"]);
}

#[test]
fn completions_know_the_commands() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&["completions", shell]).with(0).out;
        for command in commands(&place) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

#[test]
fn every_code_is_explained() {
    let place = Place::new();
    let all = place.run(&["explain"]).with(0).out;
    let ids: Vec<&str> = all.lines().filter(|line| line.contains("  ")).map(|line| line.split(' ').next().unwrap()).collect();
    assert!(ids.len() >= 60, "{all}");
    for id in ids {
        let one = place.run(&["explain", id]).with(0).out;
        assert!(one.contains(&format!("{id}: ")) && one.lines().count() > 2, "{one}");
    }
    assert_eq!(place.run(&["explain", "builtin/schema-type"]).with(0).out, place.run(&["explain", "schema-type"]).with(0).out);
    place.run(&["explain", "--all", "schema-type"]).with(2);
}

#[test]
fn check_prints_findings_for_people_and_for_programs() {
    let place = Place::new();
    let text = place.run(&["check", "--policies", "a.pol", "good.yaml", "bad.yaml"]).with(1);
    assert_eq!(
        text.out,
        "bad.yaml:6: deny a/no-host-network: bad is on the host's network\n    Pod default/bad, spec.hostNetwork\n2 objects, 1 rule: 1 passed, 1 failed, 0 did not apply\n"
    );
    assert!(text.err.is_empty());
    let json = place.run(&["check", "--policies", "a.pol", "--format", "json", "good.yaml", "bad.yaml"]).with(1).json();
    assert_eq!(
        json,
        json!({
            "results": [{
                "file": "bad.yaml", "line": 6, "field": "spec.hostNetwork", "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "bad",
                "rule": "a/no-host-network", "severity": "high", "action": "deny", "verdict": "fail", "message": "bad is on the host's network",
            }],
            "summary": { "objects": 2, "rules": 1, "pass": 1, "fail": 1, "skip": 0, "notJudged": 0 },
        })
    );
    let all = place.run(&["check", "--all", "--policies", "a.pol", "--format", "json", "-n", "team", "good.yaml"]).with(0).json();
    assert_eq!(all["results"][0]["verdict"], "pass");
    assert_eq!(all["results"][0]["namespace"], "team");
    assert_eq!(place.run(&["check", "--policies", "a.pol", "--param", "allowed=bad,worse", "bad.yaml"]).with(0).out.lines().count(), 1);
}

#[test]
fn check_reads_folders_lists_json_and_standard_input() {
    let place = Place::new();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "in-list" }, "spec": { "hostNetwork": true, "containers": [{ "name": "a", "image": "a:1" }] } },
    ] });
    place.write("more/list.json", list.to_string()).write("more/both.yml", format!("{GOOD}---\n{}", BAD.replace("bad", "second")));
    place.write("more/notes.txt", "no manifest").write("more/.hidden/x.yaml", "{").write("more/deep/er/x.yaml", BAD.replace("bad", "deep"));
    let json = place.run(&["check", "--policies", "a.pol", "--format", "json", "more"]).with(1).json();
    let names: Vec<&str> = json["results"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["second", "deep", "in-list"]);
    assert_eq!(json["summary"]["objects"], 4);
    assert_eq!(json["results"][0]["file"], "more/both.yml");
    assert_eq!(json["results"][0]["line"], 15);

    let piped = place.run_with(&["check", "--policies", "a.pol", "-"], BAD).with(1).out;
    assert!(piped.starts_with("<stdin>:6: deny a/no-host-network"), "{piped}");
    let policy = place.run_with(&["check", "--policies", "-", "bad.yaml"], POLICY).with(1).out;
    assert!(policy.starts_with("bad.yaml:6: deny"), "{policy}");
    assert_eq!(place.run_with(&["list", "-"], POLICY).with(0).out, place.run(&["list", "a.pol"]).with(0).out);
}

#[test]
fn rules_that_warn_do_not_fail_a_check() {
    let place = Place::new();
    for (action, word) in [("warn", "warn"), ("audit", "audit")] {
        place.write("w.pol", POLICY.replace("severity high", &format!("severity high action {action}")));
        let ended = place.run(&["check", "--policies", "w.pol", "bad.yaml"]).with(0);
        assert!(ended.out.starts_with(&format!("bad.yaml:6: {word} a/no-host-network")), "{}", ended.out);
    }
}

#[test]
fn rules_on_update_are_judged_with_the_old_object() {
    let place = Place::new();
    place.write(
        "u.pol",
        "pack u\nrule same { match Pod on update require unchanged object.metadata.labels[\"app\"] message \"the label app changes\" }\n",
    );
    let labelled = |app: &str| GOOD.replace("  name: good\n", &format!("  name: good\n  labels: {{ app: {app} }}\n"));
    place.write("old.yaml", labelled("a")).write("new.yaml", labelled("b"));
    let alone = place.run(&["check", "--policies", "u.pol", "--format", "json", "new.yaml"]).with(0).json();
    assert_eq!(alone["summary"]["notJudged"], 1);
    let both = place.run(&["check", "--policies", "u.pol", "--old", "old.yaml", "new.yaml"]).with(1).out;
    assert!(both.contains("u/same: the label app changes"), "{both}");
    place.run(&["check", "--policies", "u.pol", "--old", "new.yaml", "new.yaml"]).with(0);
    place
        .run(&["check", "--policies", "u.pol", "--old", "old.yaml", "new.yaml", "bad.yaml"])
        .with(2)
        .says(&["`--old` goes with one manifest"]);
    place.write("two.yaml", format!("{GOOD}---\n{BAD}"));
    place
        .run(&["check", "--policies", "u.pol", "--old", "two.yaml", "new.yaml"])
        .with(2)
        .says(&["`two.yaml` does not hold exactly one object"]);
}

#[test]
fn tests_are_run_and_their_failures_shown() {
    let place = Place::new();
    let fine = place.run(&["test", "a.pol"]).with(0).out;
    assert!(fine.starts_with("2 tests passed, 0 failed, on the reference evaluator"), "{fine}");
    let json = place.run(&["test", "a.pol", "--format", "json"]).with(0).json();
    assert_eq!((&json["summary"]["passed"], &json["summary"]["failed"]), (&json!(2), &json!(0)));
    assert_eq!(json["results"][0], json!({ "rule": "a/no-host-network", "file": "a.pol", "line": 15, "expect": "deny", "ok": true }));

    place.write("wrong.pol", POLICY.replace("deny \"is on the host's\" given", "allow given"));
    let wrong = place.run(&["test", "wrong.pol"]).with(1).out;
    assert!(
        wrong.contains(
            "wrong.pol:15: failed a/no-host-network (allow)\n    reference: expected no finding, got `a is on the host's network`"
        ),
        "{wrong}"
    );
    place.write("part.pol", POLICY.replace("is on the host's\" given", "is somewhere\" given"));
    let part = place.run(&["test", "part.pol"]).with(1).out;
    assert!(part.contains("expected a message with `is somewhere`, got `a is on the host's network`"), "{part}");
    // a test that judges nothing fails
    place.write(
        "kind.pol",
        POLICY.replace("allow given { apiVersion: \"v1\", kind: \"Pod\"", "allow given { apiVersion: \"v1\", kind: \"Service\""),
    );
    assert!(place.run(&["test", "kind.pol"]).with(1).out.contains("the rule does not match the object's kind"));
    place.write("file.pol", POLICY.replace("allow given {", "allow given file \"none.yaml\"\n    deny given {"));
    place.run(&["test", "file.pol"]).with(2).says(&["there is no file `none.yaml`"]);
    place.run(&["test", "a.pol", "--rule", "nothing"]).with(2).says(&["there is no test to run"]);
    place.write("untested.pol", POLICY.split("test no").next().unwrap());
    place.run(&["test", "untested.pol"]).with(2).says(&["there is no test to run"]);
}

#[test]
fn list_and_ir_show_the_rules() {
    let place = Place::new();
    let json = place.run(&["list", "a.pol", "--format", "json"]).with(0).json();
    let item = &json["items"][0];
    assert_eq!(
        (&item["id"], &item["kind"], &item["severity"], &item["tags"]),
        (&json!("a/no-host-network"), &json!("rule"), &json!("high"), &json!(["x"]))
    );
    assert_eq!(item["title"], "The host's network is not for everybody.");
    assert_eq!((&item["tests"]["allow"], &item["tests"]["deny"], &item["tests"]["skip"]), (&json!(1), &json!(1), &json!(0)));
    assert!(json["items"].as_array().unwrap().iter().any(|item| item["kind"] == "builtin" && item["id"] == "builtin/schema-type"));
    assert!(place.run(&["list", "a.pol"]).with(0).out.contains("a/no-host-network"));
    let ir = place.run(&["ir", "a.pol"]).with(0).out;
    assert!(ir.contains("a/no-host-network") && ir.contains("hostNetwork") && ir.contains("system"), "{ir}");
    assert!(place.run(&["ir", "a.pol", "--param", "allowed=other"]).with(0).out.contains("other"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_polc");
    let script = format!("{{ '{program}' explain --all; echo $? >&3; }} 3>code | head -n 1 > first");
    assert_cmd::Command::new("sh").current_dir(place.folder.path()).args(["-c", &script]).assert().success();
    assert_eq!(std::fs::read_to_string(place.path("code")).unwrap(), "0\n");
    assert_eq!(std::fs::read_to_string(place.path("first")).unwrap(), "# Diagnostics\n");
}

#[test]
fn a_folder_is_judged_as_a_whole() {
    let place = Place::new();
    place.write(
        "c.pol",
        "pack c\n\nrule mapped {\n    targets check\n    match Pod\n    for v in pod.spec.volumes {\n        require v.configMap.name in cluster(ConfigMap)[*].metadata.name message \"{v.name} is not there\"\n    }\n}\n",
    );
    place.write(
        "set/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  volumes: [{name: v, configMap: {name: m}}]\n  containers: [{name: c, image: \"i:1\"}]\n",
    );
    place.write("set/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: other}\n");
    let check = ["check", "--policies", "c.pol", "set", "--format", "json"];
    let found = place.run(&check).with(1).json();
    assert_eq!(found["results"].as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!((&found["results"][0]["rule"], &found["results"][0]["message"]), (&json!("c/mapped"), &json!("v is not there")));
    assert_eq!((&found["results"][0]["line"], &found["summary"]["objects"]), (&json!(5), &json!(2)));
    // what comes later in the folder counts, and so does the namespace of what names none
    place.run(&["check", "--policies", "c.pol", "set", "--namespace", "other"]).with(0);
    place.write("set/z.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
    place.run(&check).with(0);
    place.run(&["build", "c.pol", "--target", "opa"]).with(0);
}
