//! The engines of `tests/engines/` as long-lived helpers: a JSON line in, a JSON line out.

use super::repository;
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Where the engines are.
pub fn folder() -> PathBuf {
    std::env::var_os("POLC_ENGINES").map_or_else(|| repository("tests/engines/bin"), PathBuf::from)
}

/// Whether a missing engine is a failure: in CI and where `POLC_REQUIRE_ENGINES` says so.
pub fn required() -> bool {
    ["CI", "POLC_REQUIRE_ENGINES"].iter().any(|name| std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false")))
}

/// The program of this name. Where it is missing: a failure if engines are required, else a line on standard error and `None`.
pub fn find(name: &str, what_is_not_run: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        !required(),
        "the engine `{name}` is not in {}: run tests/engines/build.sh, or set POLC_ENGINES to the folder that has it",
        folder().display()
    );
    eprintln!("skipped: {what_is_not_run}, because {} is missing (tests/engines/build.sh builds it)", path.display());
    None
}

/// A running engine.
pub struct Engine {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub hello: Json,
}

impl Engine {
    /// Starts it and waits until it has loaded its policies, which it has to.
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        Self::try_start(program, arguments).unwrap_or_else(|error| panic!("{} did not start: {error}", program.display()))
    }

    /// Starts it and waits until it has loaded its policies, or gives what it said instead.
    pub fn try_start(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let input = Some(BufWriter::new(child.stdin.take().unwrap()));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = child.stderr.take().unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Ok(hello) = serde_json::from_str::<Json>(&line) else {
            let mut text = String::new();
            said.read_to_string(&mut text).unwrap();
            child.wait().unwrap();
            return Err(text);
        };
        assert_eq!(hello["ready"], true, "{}: {hello}", program.display());
        // What it has to say from now on is for whoever looks at the test.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::stderr()));
        Ok(Engine { child, input, output, hello })
    }

    /// The answers to these requests, in their order. The engine is done afterwards.
    pub fn answers(mut self, requests: &[Json]) -> Vec<Json> {
        let mut input = self.input.take().unwrap();
        let answers: Vec<Json> = std::thread::scope(|scope| {
            scope.spawn(move || {
                for request in requests {
                    if writeln!(input, "{request}").is_err() {
                        return;
                    }
                }
                let _ = input.flush();
            });
            let mut answers = Vec::with_capacity(requests.len());
            let mut line = String::new();
            while answers.len() < requests.len() {
                line.clear();
                let read = self.output.read_line(&mut line).unwrap();
                assert!(read > 0, "the engine ended after {} of {} answers: {}", answers.len(), requests.len(), requests[answers.len()]);
                answers.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
            }
            answers
        });
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the engine ended with {status}");
        answers
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // After a failed test it may wait for someone to read its answers.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
