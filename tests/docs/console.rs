//! Every command in a `console` block is run, and prints what stands below it.

use super::{blocks, holds, markdown, repository};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Where the commands of a page run: what a clone has of policies and examples, and nothing else.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "examples"] {
        for entry in walkdir::WalkDir::new(repository(name)) {
            let entry = entry.unwrap();
            let to = folder.path().join(entry.path().strip_prefix(repository("")).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).unwrap();
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    folder
}

/// What a command prints on both outputs, as a shell shows it.
fn output(command: &str, folder: &Path) -> String {
    let polc = Path::new(env!("CARGO_BIN_EXE_polc")).parent().unwrap();
    let path =
        std::env::join_paths(std::iter::once(polc.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())));
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env("PATH", path.unwrap())
        .env("LC_ALL", "C")
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env_remove("POLC_ENGINES")
        .output()
        .unwrap();
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// The text of a page with the output of its commands put in, and how many commands it has.
fn run(text: &str) -> (String, usize) {
    let lines: Vec<&str> = text.lines().collect();
    let folder = workplace();
    let mut page = String::new();
    let mut written = 0;
    let mut commands = 0;
    for block in blocks(text).iter().filter(|block| block.info == "console") {
        for line in &lines[written..block.start] {
            let _ = writeln!(page, "{line}");
        }
        assert!(lines[block.start].starts_with("$ "), "a console block begins with a command: {}", lines[block.start]);
        for line in lines[block.start..block.end].iter().filter(|line| line.starts_with("$ ")) {
            let _ = writeln!(page, "{line}");
            for printed in output(&line[2..], folder.path()).lines() {
                assert!(!printed.starts_with("$ "), "what `{line}` prints looks like a command");
                let _ = writeln!(page, "{}", printed.trim_end());
            }
            commands += 1;
        }
        written = block.end;
    }
    for line in &lines[written..] {
        let _ = writeln!(page, "{line}");
    }
    (page, commands)
}

#[test]
fn commands_print_what_the_pages_show() {
    let mut all = 0;
    for path in markdown() {
        let text = std::fs::read_to_string(repository(&path)).unwrap();
        let (page, commands) = run(&text);
        if commands > 0 {
            holds(&path, &page);
        }
        all += commands;
    }
    assert!(all >= 15, "only {all} commands were found");
}

/// The commands that a reader copies but that no page shows the output of: each is tried in its own way, here or by being what runs this test.
#[test]
fn commands_of_the_readme_without_output_are_these() {
    let text = std::fs::read_to_string(repository("README.md")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let found: Vec<&str> =
        blocks(&text).iter().filter(|block| block.info == "sh").flat_map(|block| lines[block.start..block.end].to_vec()).collect();
    assert_eq!(found, ["cargo run --release -- build", "cargo test", "tests/engines/run"]);
    assert!(repository("tests/engines/run").is_file());

    // the first: what stands behind `--`, in a fresh place
    let folder = workplace();
    let printed = output("polc build --format json | tail -n 1", folder.path());
    let report: serde_json::Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    for target in report["targets"].as_array().unwrap() {
        assert!(folder.path().join("dist").join(target.as_str().unwrap()).is_dir(), "{target}");
    }
    for target in ["opa", "kyverno"] {
        assert!(folder.path().join("dist").join(target).is_dir() && text.contains(&format!("`dist/{target}`")), "{target}");
    }
}
