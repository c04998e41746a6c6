//! Input that is wrong in every way: a message with its place and what to do, exit code 2, and never a crash or a long wait.

use super::{BAD, GOOD, POLICY, Place};
use std::time::{Duration, Instant};

/// What JSON says of wrong input, as `file:line:column code`.
#[track_caller]
fn errors(place: &Place, arguments: &[&str]) -> Vec<String> {
    let json = place.run(&[arguments, &["--format", "json"]].concat()).with(2).json();
    let errors = json["errors"].as_array().unwrap_or_else(|| panic!("{json}"));
    errors
        .iter()
        .map(|error| {
            assert!(!error["message"].as_str().unwrap().is_empty() && error["help"].is_string(), "{error}");
            let place = &error["labels"][0];
            match place["file"].as_str() {
                Some(file) => format!("{file}:{}:{} {}", place["line"], place["column"], error["code"].as_str().unwrap()),
                None => error["code"].as_str().unwrap().to_owned(),
            }
        })
        .collect()
}

#[test]
fn line_ends_of_windows_change_nothing() {
    let place = Place::new();
    place.write("dos.pol", POLICY.replace('\n', "\r\n")).write("dos.yaml", BAD.replace('\n', "\r\n"));
    let unix = place.run(&["check", "--policies", "a.pol", "bad.yaml"]).with(1).out;
    assert_eq!(place.run(&["check", "--policies", "dos.pol", "dos.yaml"]).with(1).out, unix.replace("bad.yaml", "dos.yaml"));
    place.run(&["build", "a.pol", "--out", "unix"]).with(0);
    place.run(&["build", "dos.pol", "--out", "dos"]).with(0);
    assert_eq!(place.files("unix"), place.files("dos"));
    // the place of an error is the same too
    place.write("wrong.pol", POLICY.replace("hostNetwork", "hostNetwrok").replace('\n', "\r\n"));
    assert_eq!(errors(&place, &["build", "wrong.pol"]), ["wrong.pol:10:24 unknown-field"]);
}

#[test]
fn text_that_is_not_utf8_has_a_place() {
    let place = Place::new();
    place.write("a.pol", [POLICY.as_bytes(), b"// \xff\n"].concat());
    place.run(&["build", "a.pol"]).with(2).says(&["not-utf8", "`a.pol` is not UTF-8", "line 18", "save the file as UTF-8"]);
    assert_eq!(errors(&place, &["build", "a.pol"]), ["not-utf8"]);
    let place = Place::new();
    place.write("bad.yaml", b"a: 1\nb: \xff\n");
    let ended = place.run(&["check", "--policies", "a.pol", "bad.yaml"]).with(2);
    assert!(ended.out.starts_with("bad.yaml:2: deny builtin/yaml-syntax: the byte 0xFF is not UTF-8"), "{}", ended.out);
}

#[test]
fn tabs_are_named() {
    let place = Place::new();
    place.write("a.pol", POLICY.replace("    ", "\t"));
    place.write("tabs.yaml", GOOD.replace("  containers", "\tcontainers"));
    let ended = place.run(&["check", "--policies", "a.pol", "bad.yaml", "tabs.yaml"]);
    assert!(ended.out.contains("bad.yaml:6: deny a/no-host-network"), "tabs in a policy are white space: {}{}", ended.out, ended.err);
    assert!(ended.out.contains("tabs.yaml:6: deny builtin/yaml-no-tabs"), "{}", ended.out);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_deep_nest_is_an_error_and_quick() {
    let place = Place::new();
    let deep = 100_000;
    let began = Instant::now();
    for (open, inner, close) in
        [("(", "1", ")"), ("[", "1", "]"), ("{ a: ", "1", "}"), ("not ", "true", ""), ("if true then ", "1", " else 2"), ("1 + ", "1", "")]
    {
        let text = format!("pack a\nlet x = {}{inner}{}\n", open.repeat(deep), close.repeat(deep));
        if text.len() <= 1 << 20 {
            place.write("deep.pol", text);
            assert_eq!(errors(&place, &["build", "deep.pol"]).first().unwrap().split(' ').next_back(), Some("too-deep"), "{open}");
        }
    }
    place.write("deep.pol", format!("pack a\nlet x = {}", "(".repeat(deep)));
    place.run(&["build", "deep.pol"]).with(2).says(&["deep.pol:2:"]);
    for (name, text) in [
        ("deep.json", "[".repeat(deep) + &"]".repeat(deep)),
        ("deep.yaml", "{a: ".repeat(deep) + &"}".repeat(deep)),
        ("rows.yaml", "- ".repeat(deep) + "a"),
    ] {
        place.write(name, text);
        let ended = place.run(&["check", "--policies", "a.pol", name]).with(2);
        assert!(
            ended
                .out
                .starts_with(&format!("{name}:1: deny builtin/yaml-syntax: cannot read the YAML: maps and lists nest deeper than 128")),
            "{}",
            ended.out
        );
    }
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn an_alias_bomb_is_an_error_and_quick() {
    let place = Place::new();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for step in 1..30 {
        bomb += &format!("a{step}: &a{step} [{}]\n", vec![format!("*a{}", step - 1); 10].join(", "));
    }
    place.write("bomb.yaml", bomb);
    let began = Instant::now();
    let ended = place.run(&["check", "--policies", "a.pol", "bomb.yaml"]).with(2);
    assert!(ended.out.contains("aliases make this file too large"), "{}", ended.out);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_empty_file_is_an_error() {
    let place = Place::new();
    for (name, text) in [("empty.pol", ""), ("blank.pol", "\n \n"), ("comment.pol", "// nothing\n")] {
        place.write(name, text);
        for command in [&["build", name][..], &["list", name], &["check", "--policies", name, "bad.yaml"], &["build", "a.pol", name]] {
            assert_eq!(errors(&place, command), [format!("{name}:1:1 missing-pack")], "{command:?}");
        }
    }
    place.write("empty.yaml", "").write("comment.yaml", "# nothing\n---\n");
    for name in ["empty.yaml", "comment.yaml"] {
        assert_eq!(errors(&place, &["check", "--policies", "a.pol", name]), ["no-manifests"]);
    }
    std::fs::create_dir(place.path("none")).unwrap();
    assert_eq!(errors(&place, &["build", "none"]), ["no-policies"]);
    assert_eq!(errors(&place, &["check", "--policies", "a.pol", "none"]), ["no-manifests"]);
    assert!(!place.path("dist").exists());
}

#[test]
fn a_path_that_cannot_be_read_stops_everything() {
    let place = Place::new();
    assert_eq!(errors(&place, &["build", "a.pol", "none.pol"]), ["cannot-read"]);
    assert_eq!(errors(&place, &["check", "--policies", "a.pol", "good.yaml", "none.yaml"]), ["cannot-read"]);
    assert_eq!(errors(&place, &["check", "--policies", "a.pol/b", "good.yaml"]), ["cannot-read"]);
    place.write("folder/x.yaml", GOOD).write("folder/a.pol", POLICY);
    std::os::unix::fs::symlink("/nowhere/at/all", place.path("folder/dangling.yaml")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", place.path("folder/dangling.pol")).unwrap();
    place.run(&["check", "--policies", "a.pol", "folder"]).with(2).says(&[
        "cannot read `folder/dangling",
        "no such file or directory",
        "check the path",
    ]);
    assert_eq!(errors(&place, &["build", "folder"]), ["cannot-read"]);
    std::os::unix::fs::symlink(".", place.path("loop")).unwrap();
    place.run(&["check", "--policies", "a.pol", "."]).with(2).says(&["cannot read `./"]);
    assert!(!place.path("dist").exists());
}

#[test]
fn a_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.write("locked/x.yaml", GOOD).write("locked/a.pol", POLICY);
    let set = |mode| std::fs::set_permissions(place.path("locked"), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0);
    // the superuser reads everything: there is nothing to see then
    if std::fs::read_dir(place.path("locked")).is_err() {
        place.run(&["check", "--policies", "a.pol", "locked"]).with(2).says(&["cannot read `locked`: permission denied"]);
        assert_eq!(errors(&place, &["build", "locked"]), ["cannot-read"]);
    }
    set(0o755);
    place.run(&["check", "--policies", "a.pol", "locked"]).with(0);
}

#[test]
fn a_rule_id_twice_is_an_error_with_both_places() {
    let place = Place::new();
    place.write("b.pol", POLICY.replace("param allowed", "param others").replace("not in allowed", "not in others"));
    place.run(&["build", "a.pol", "b.pol"]).with(2).says(&[
        "the rule `no-host-network` is defined twice",
        "b.pol:6",
        "a.pol:6",
        "rename one of them",
    ]);
    assert_eq!(errors(&place, &["build", "a.pol", "b.pol"]), ["b.pol:6:6 duplicate-name"]);
    // one file by two ways is one file
    std::os::unix::fs::symlink("a.pol", place.path("same.pol")).unwrap();
    place.run(&["list", "a.pol", "./a.pol", "same.pol"]).with(0);
}

#[test]
fn params_of_the_wrong_type_or_name_are_errors() {
    let place = Place::new();
    place.write("p.pol", "pack p\nparam n: int = 1\nparam v: version = latest\nparam q: quantity = 1\nparam b: bool = true\nparam e: \"x\" | \"y\" = \"x\"\nparam needed: string\nrule r { match Pod where v >= v1.0 and b and e == \"x\" and q > 0 require size(object.metadata.name) > n and needed != \"z\" message \"no\" }\n");
    place.run(&["list", "p.pol"]).with(2).says(&["needed"]);
    for (param, part) in [
        ("n=many", "`many`"),
        ("n=1.5", "`1.5`"),
        ("v=1.34", "`1.34`"),
        ("q=2GiB", "`2GiB`"),
        ("b=yes", "`yes`"),
        ("e=z", "`z`"),
        ("m=1", "`m`"),
        ("other.n=1", "`other"),
    ] {
        let ended = place.run(&["build", "p.pol", "--param", "needed=a", "--param", param]).with(2);
        assert!(ended.err.contains(part) && ended.err.contains("help:"), "{param}: {}", ended.err);
    }
    place.run(&["list", "p.pol", "--param", "needed=a", "--param", "needed=b"]).with(2).says(&["the param `needed` is given twice"]);
    place
        .run(&["list", "p.pol", "--param", "p.needed=a", "--param", "n=2", "--param", "e=y", "--param", "q=2Gi", "--param", "v=v1.30"])
        .with(0);
    assert!(!place.path("dist").exists());
}

#[test]
fn a_manifest_that_cannot_be_read_leaves_the_others_judged() {
    let place = Place::new();
    place.write("wrong.yaml", "a: [\n---\n".to_owned() + BAD);
    let ended = place.run(&["check", "--policies", "a.pol", "wrong.yaml", "bad.yaml"]).with(2);
    assert!(ended.out.contains("wrong.yaml:2: deny builtin/yaml-syntax"), "{}", ended.out);
    assert!(
        ended.out.contains("wrong.yaml:8: deny a/no-host-network") && ended.out.contains("bad.yaml:6: deny a/no-host-network"),
        "{}",
        ended.out
    );
}

#[test]
fn an_error_names_its_place_and_a_help() {
    let place = Place::new();
    place.write("a.pol", POLICY.replace("hostNetwork", "hostNetwrok"));
    let ended = place.run(&["build", "a.pol"]).with(2);
    assert!(ended.out.is_empty());
    let ended = ended.says(&["unknown-field", "a.pol:10:24", "hostNetwrok", "did you mean `hostNetwork`?"]);
    assert!(!ended.err.contains("panicked"));
    assert!(!place.path("dist").exists());
}

#[test]
fn a_large_source_is_read_and_a_larger_one_refused() {
    let place = Place::new();
    // just below 1 MiB: 4,000 rules
    let mut text = "pack large\n".to_owned();
    let mut number = 0;
    while text.len() < (1 << 20) - 400 {
        text += &format!(
            "/// Number {number}.\nrule r{number} {{\n    match Pod\n    for c in pod.allContainers {{\n        forbid c.securityContext.privileged and c.name != \"n{number}\" message \"container {{c.name}} is privileged\"\n    }}\n}}\n"
        );
        number += 1;
    }
    place.write("large.pol", &text);
    let began = Instant::now();
    let json = place.run(&["check", "--policies", "large.pol", "--format", "json", "good.yaml"]).with(0).json();
    assert_eq!(json["summary"]["rules"], number);
    assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
    place.write("larger.pol", text + &" ".repeat(1 << 20));
    assert_eq!(errors(&place, &["list", "larger.pol"]), ["larger.pol:1:1 file-too-large"]);
    // many mistakes are not all drawn
    place.write("many.pol", format!("pack a\n{}", "let x = &&\n".repeat(5_000)));
    let ended = place.run(&["list", "many.pol"]).with(2);
    assert!(ended.err.contains("and 4900 more") && ended.err.len() < 200_000, "{}", ended.err.len());
}

#[test]
fn a_large_manifest_is_judged() {
    let place = Place::new();
    let mut text = String::new();
    let mut objects = 0;
    while text.len() < 50_000_000 {
        text += &format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{objects}\n  annotations:\n    note: \"{}\"\nspec:\n  containers:\n  - name: a\n    image: a:1\n---\n",
            "x".repeat(20_000)
        );
        objects += 1;
    }
    text += BAD;
    place.write("large.yaml", text);
    let json = place.run(&["check", "--policies", "a.pol", "--format", "json", "large.yaml"]).with(1).json();
    assert_eq!((&json["summary"]["objects"], &json["summary"]["fail"]), (&(objects + 1).into(), &1.into()));
}
