//! Ctrl-C in a build: the output is whole or untouched.

use super::{POLICY, Place, files};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn interrupt(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_polc"))
        .current_dir(place.folder.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// While it waits for its input nothing is written yet, so it ends at once.
#[test]
fn a_build_that_reads_ends_at_once() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        place.run(&["build", "a.pol"]).with(0);
        let before = place.files("dist");
        let mut child = start(&place, &["build", "-", "--format", "json"]);
        let mut input = child.stdin.take().unwrap();
        input.write_all(POLICY.as_bytes()).unwrap();
        // It listens as soon as it reads; until then the signal ends it in the way of the system.
        std::thread::sleep(Duration::from_millis(500));
        let began = Instant::now();
        interrupt(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(output.status.code(), Some(2), "{signal}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted; nothing was changed"));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["errors"][0]["code"], "interrupted");
        assert_eq!(place.files("dist"), before);
        drop(input);
    }
}

/// At whatever moment the signal comes, the folder is that of the build before or that of the whole new one, and no other file stays behind.
#[test]
fn a_build_that_writes_is_whole_or_undone() {
    let place = Place::new();
    let pack = |number: usize, word: &str| POLICY.replace("pack a", &format!("pack p{number}")).replace("is on the", word);
    for number in 0..12 {
        place.write(&format!("policies/p{number}.pol"), pack(number, "is on the"));
    }
    place.run(&["build", "--target", "opa,kyverno"]).with(0);
    let old = place.files("dist");
    for number in 0..12 {
        place.write(&format!("policies/p{number}.pol"), pack(number, "is in the"));
    }
    let began = Instant::now();
    place.run(&["build", "--target", "opa,kyverno", "--out", "new"]).with(0);
    let whole = began.elapsed();
    let new = place.files("new");
    assert_ne!(old, new);
    let (mut undone, mut done) = (0, 0);
    for step in 0..16 {
        let out = place.path("dist");
        std::fs::remove_dir_all(&out).unwrap();
        for (path, contents) in &old {
            let path = out.join(path);
            if contents.is_empty() {
                std::fs::create_dir_all(path).unwrap();
            } else {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, contents).unwrap();
            }
        }
        let child = start(&place, &["build", "--target", "opa,kyverno"]);
        std::thread::sleep(whole * (step + 1) / 14);
        interrupt(&child, "-INT");
        let output = child.wait_with_output().unwrap();
        let now = files(&out);
        match output.status.code() {
            Some(0) => {
                assert!(now == new, "step {step}: a build that succeeds is whole");
                done += 1;
            }
            // 2, or ended by the signal before it listened
            code => {
                assert!(now == old, "step {step}, exit {code:?}: {:?}\n{}", now.keys(), String::from_utf8_lossy(&output.stderr));
                undone += 1;
            }
        }
    }
    assert!(undone > 0, "no build was interrupted: {done} were whole");
}
