//! The engines of `tests/engines/` as long-lived helpers: a JSON line in, a JSON line out.

use super::{repository, skip};
use polc::cli::verify::process::Process;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

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
    skip(&format!("{what_is_not_run}, because {} is missing (tests/engines/build.sh builds it)", path.display()));
    None
}

/// A running engine.
pub struct Engine {
    process: Process,
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
        let process = Process::start(program, arguments)?;
        let hello = process.hello.clone();
        Ok(Engine { process, hello })
    }

    /// The answers to these requests, in their order. The engine is done afterwards.
    pub fn answers(mut self, requests: &[Json]) -> Vec<Json> {
        let lines: Vec<String> = requests.iter().map(Json::to_string).collect();
        let answers = self
            .process
            .answers(&lines)
            .unwrap_or_else(|(number, error)| panic!("no answer to {}: {error}", lines.get(number).map_or("", String::as_str)));
        self.process.finish().unwrap();
        answers
    }
}
