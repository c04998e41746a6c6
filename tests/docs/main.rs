//! The documentation holds: its commands print what it shows, its examples are read and compiled, its tables are what the compiler does, its links lead somewhere.
//!
//! `POLC_UPDATE_DOCS=1 cargo test --test docs` writes anew what comes from the program; read the difference before you commit it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod console;
mod constructs;
mod examples;
mod pages;

use std::path::{Path, PathBuf};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Markdown files that people read, as paths in the repository.
fn markdown() -> Vec<String> {
    let mut files: Vec<String> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/engines/README.md"].map(str::to_owned).into();
    for entry in walkdir::WalkDir::new(repository("docs")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|ending| ending == "md") {
            files.push(path.strip_prefix(repository("")).unwrap().to_str().unwrap().to_owned());
        }
    }
    files
}

/// A fenced block of a Markdown text.
struct Block {
    /// What stands behind the opening fence.
    info: String,
    /// Its first line, from 0.
    start: usize,
    /// The line of its closing fence.
    end: usize,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some((info, start))) => blocks.push(Block { info, start, end: number }),
            (Some(info), None) => open = Some((info.trim().to_owned(), number + 1)),
            (None, still) => open = still,
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

fn update() -> bool {
    std::env::var_os("POLC_UPDATE_DOCS").is_some_and(|value| value == "1")
}

/// Compares a file with what it has to be, or writes it.
fn holds(path: &str, wanted: &str) {
    let file = repository(path);
    if update() {
        std::fs::write(&file, wanted).unwrap();
    }
    let held = std::fs::read_to_string(&file).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(held.as_str(), wanted).unified_diff().header("held", "made").to_string();
    assert!(held == wanted, "{difference}\n{path} is stale: `POLC_UPDATE_DOCS=1 cargo test --test docs` writes it anew");
}
