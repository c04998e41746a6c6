//! The output folder: whole or not at all, and never a file that no build made.

use super::{POLICY, Place};
use serde_json::json;

const BUILD: [&str; 4] = ["build", "a.pol", "--target", "opa,kyverno"];

/// The files that a build made, its list of them aside.
fn made(place: &Place, folder: &str) -> Vec<String> {
    let files = place.files(folder).into_keys().filter(|name| place.path(folder).join(name).is_file());
    files.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn a_build_reports_what_it_made() {
    let place = Place::new();
    let text = place.run(&BUILD).with(0).out;
    let files = made(&place, "dist");
    let count = files.len();
    assert!(files.iter().any(|name| name == "opa/a.rego") && files.iter().any(|name| name == "kyverno/a.yaml"), "{files:?}");
    assert!(text.contains("a/no-host-network  exact  exact"), "{text}");
    assert!(text.contains(&format!("dist: {count} files for opa, kyverno; {count} written, 0 unchanged, 0 removed")), "{text}");
    let again = place.run(&BUILD).with(0).out;
    assert!(again.contains(&format!("0 written, {count} unchanged, 0 removed")), "{again}");
    let json = place.run(&[&BUILD[..], &["--format", "json", "--param", "allowed=x", "--out", "other"]].concat()).with(0).json();
    assert_eq!(
        (&json["out"], &json["targets"], &json["params"]),
        (&json!("other"), &json!(["opa", "kyverno"]), &json!({ "a": { "allowed": ["x"] } }))
    );
    let cost = &json["rules"][1]["cost"];
    assert!(cost["call"].as_u64() > Some(0) && cost["total"].as_u64() > cost["call"].as_u64(), "{cost}");
    assert_eq!(
        json["rules"],
        json!([
            { "rule": "a/no-host-network", "target": "opa", "outcome": "exact" },
            { "rule": "a/no-host-network", "target": "kyverno", "outcome": "exact", "cost": cost },
        ])
    );
    assert_eq!((&json["written"], &json["removed"], &json["stale"]), (&json!(made(&place, "other")), &json!([]), &json!(false)));
}

#[test]
fn stale_output_is_noticed_and_nothing_written() {
    let place = Place::new();
    let check = [&BUILD[..], &["--check"]].concat();
    let none = place.run(&check).with(1).out;
    assert!(none.contains(" to write, 0 to remove; run `polc build`") && !place.path("dist").exists(), "{none}");
    place.run(&BUILD).with(0);
    let count = made(&place, "dist").len();
    assert!(none.contains(&format!("dist is stale: {count} to write")), "{none}");
    assert_eq!(place.run(&check).with(0).out.lines().next(), Some(format!("dist is up to date: {count} files").as_str()));
    let before = place.files("dist");
    place.write("a.pol", POLICY.replace("is on the", "is in the"));
    let stale = place.run(&check).with(1).out;
    assert!(stale.contains("--- a/kyverno/a.yaml\n+++ b/kyverno/a.yaml\n") && stale.contains("\n-") && stale.contains("\n+"), "{stale}");
    assert_eq!(place.files("dist"), before);
    let json = place.run(&[&check[..], &["--format", "json"]].concat()).with(1).json();
    assert_eq!(json["stale"], true);
    // a file changed by hand, and one that is gone
    place.run(&BUILD).with(0);
    place.write("dist/opa/main.rego", "package polc.main\n");
    std::fs::remove_file(place.path("dist/kyverno/a.yaml")).unwrap();
    assert!(place.run(&check).with(1).out.contains("2 to write"));
    place.run(&BUILD).with(0);
    place.run(&check).with(0);
}

#[test]
fn own_stale_files_go_and_others_stay() {
    let place = Place::new();
    place.run(&BUILD).with(0);
    place.write("dist/opa/mine.rego", "package mine\n").write("dist/README", "mine\n");
    place.write("b.pol", POLICY.replace("pack a", "pack b")).run(&["build", "b.pol", "--target", "opa,kyverno"]).with(0);
    let files = place.files("dist");
    assert!(!files.contains_key("opa/a.rego") && !files.contains_key("kyverno/a.yaml"), "{:?}", files.keys());
    assert!(files.contains_key("opa/b.rego") && files["opa/mine.rego"] == b"package mine\n" && files["README"] == b"mine\n");
    // a build for one target leaves the other's files
    place.run(&["build", "a.pol", "--target", "opa"]).with(0);
    let files = place.files("dist");
    assert!(
        files.contains_key("kyverno/b.yaml") && files.contains_key("opa/a.rego") && !files.contains_key("opa/b.rego"),
        "{:?}",
        files.keys()
    );
}

#[test]
fn a_foreign_file_in_the_way_stops_a_build() {
    let place = Place::new();
    place.write("dist/opa/a.rego", "package mine\n");
    let before = place.files("dist");
    place.run(&BUILD).with(2).says(&["foreign-file", "`dist/opa/a.rego` is in the way: no build made it", "move the file away"]);
    assert_eq!(place.files("dist"), before);
    place.write("broken/.polc-manifest.json", "{");
    place
        .run(&[&BUILD[..], &["--out", "broken"]].concat())
        .with(2)
        .says(&["`broken/.polc-manifest.json` is not a manifest of `polc build`", "remove the file"]);
    // what somebody wrote into the list by hand reaches nothing outside
    place.write("precious", "").write("outside/.polc-manifest.json", "{\"version\": 1, \"files\": {\"../precious\": \"\"}}");
    place.run(&[&BUILD[..], &["--out", "outside"]].concat()).with(2).says(&["names `../precious`, which is outside the folder"]);
    assert!(place.path("precious").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_left_as_it_was() {
    let place = Place::new();
    for out in ["a.pol", "a.pol/below", "/dev/null/x", "/proc/polc"] {
        let ended = place.run(&[&BUILD[..], &["--out", out]].concat()).with(2);
        assert!(ended.err.contains("cannot-write") && ended.err.contains(out) && ended.err.contains("--out"), "{}", ended.err);
    }
    // a file where a folder has to be
    place.write("dist/kyverno", "a file of mine\n");
    let before = place.files("dist");
    place.run(&BUILD).with(2).says(&["cannot-write", "dist/kyverno"]);
    assert_eq!(place.files("dist"), before);
}

/// A limit on the size of files stands for a full disk: the write in the middle of a build fails.
#[test]
fn a_full_disk_leaves_the_folder_as_it_was() {
    let place = Place::new();
    place.run(&BUILD).with(0);
    let before = place.files("dist");
    place.write("a.pol", POLICY.replace("is on the", "is in the"));
    let limited = |out: &str| {
        let script =
            format!("trap '' XFSZ; ulimit -f 1; exec '{}' build a.pol --target opa,kyverno --out {out}", env!("CARGO_BIN_EXE_polc"));
        assert_cmd::Command::new("sh").current_dir(place.folder.path()).args(["-c", &script]).output().unwrap()
    };
    let output = limited("dist");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("cannot-write") && error.contains("file too large") && error.contains("nothing was changed"), "{error}");
    assert_eq!(place.files("dist"), before);
    assert_eq!(limited("new/place").status.code(), Some(2));
    assert!(!place.path("new").exists());
    // with room again it works
    place.run(&BUILD).with(0);
    assert_ne!(place.files("dist"), before);
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    let place = Place::new();
    for command in ["list a.pol", "check --policies a.pol good.yaml", "explain --all", "ir a.pol"] {
        let script = format!("exec '{}' {command} > /dev/full", env!("CARGO_BIN_EXE_polc"));
        let output = assert_cmd::Command::new("sh").current_dir(place.folder.path()).args(["-c", &script]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {error}");
        assert!(error.contains("cannot write to standard output: no space left on device"), "{command}: {error}");
    }
}
