//! The program from outside: what it prints, how it exits and what it leaves behind, whatever it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

mod bad_input;
mod folders;
mod interrupts;
mod usage;

use assert_cmd::Command;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A rule that refuses Pods on the host's network, with a param and tests.
const POLICY: &str = "\
pack a

param allowed: list<string> = [\"system\"]

/// The host's network is not for everybody.
rule no-host-network {
    severity high
    tags \"x\"
    match Pod
    forbid object.spec.hostNetwork and object.metadata.name not in allowed
        message \"{object.metadata.name} is on the host's network\"
}

test no-host-network {
    deny \"is on the host's\" given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"a\" }, spec: { hostNetwork: true } }
    allow given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"a\" } }
}
";

const GOOD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: good\nspec:\n  containers:\n  - name: a\n    image: a:1\n";
const BAD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: bad\nspec:\n  hostNetwork: true\n  containers:\n  - name: a\n    image: a:1\n";

/// A folder of its own with `a.pol`, `good.yaml` and `bad.yaml`.
struct Place {
    folder: tempfile::TempDir,
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    /// With this exit code.
    #[track_caller]
    fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    fn json(&self) -> Json {
        assert_eq!(self.out.lines().count(), 1, "one document on one line: {}", self.out);
        serde_json::from_str(&self.out).unwrap()
    }

    /// Standard error holds each of these.
    #[track_caller]
    fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is missing in:\n{}", self.err);
        }
        self
    }
}

impl Place {
    fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        place.write("a.pol", POLICY).write("good.yaml", GOOD).write("bad.yaml", BAD);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polc"));
        command.current_dir(self.folder.path()).args(arguments).env_remove("NO_COLOR").timeout(std::time::Duration::from_secs(120));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "")
    }

    /// With this on standard input.
    fn run_with(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Ended {
        let output = self.command(arguments).write_stdin(input).output().unwrap();
        Ended { code: output.status.code(), out: String::from_utf8(output.stdout).unwrap(), err: String::from_utf8(output.stderr).unwrap() }
    }

    /// The files below a folder with their contents.
    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        files(&self.path(name))
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let walk = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap());
    let found = walk.filter(|entry| entry.file_type().is_file() || entry.depth() > 0 && entry.file_type().is_dir());
    found
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            (name, if entry.file_type().is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() })
        })
        .collect()
}
