//! `polc explain`

use super::{Failure, Status, print};
use crate::diagnostic::codes::{self, input};
use crate::diagnostic::nearest;
use crate::manifest::builtin;
use std::fmt::Write as _;

/// Explains the code of a message, with a wrong example and a right one; without a code, lists all.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The code that a message begins with, such as `unknown-field`, or a built-in check, such as `schema-type`.
    code: Option<String>,
    /// Explain all codes and built-in checks, as one page of Markdown.
    #[arg(long, conflicts_with = "code")]
    all: bool,
}

fn ids() -> impl Iterator<Item = &'static str> {
    codes::all().map(|code| code.id).chain(builtin::builtin_ids().iter().map(|check| check.id))
}

fn list() -> String {
    let width = ids().map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for code in codes::all() {
        let _ = writeln!(text, "{:width$}  {}", code.id, code.summary);
    }
    let _ = writeln!(text, "\nBuilt-in checks of manifests:\n");
    for check in builtin::builtin_ids() {
        let _ = writeln!(text, "{:width$}  {}", check.id, check.summary);
    }
    text
}

fn page() -> String {
    let mut text = "# Diagnostics\n\nEvery message of `polc` begins with a code, which `polc explain CODE` explains. This page holds all of them; `polc explain --all` prints it.\n".to_owned();
    for (stage, codes) in codes::STAGES {
        let _ = write!(text, "\n## {stage}\n");
        for code in *codes {
            let _ = write!(text, "\n### {}\n\n{}.\n\n{}\n", code.id, capital(code.summary), code.explanation.trim_end());
        }
    }
    text.push_str(
        "\n## Built-in checks\n\n`polc check` gives these findings, whatever the rules are; `builtin CHECK { severity LEVEL }` in a pack changes how grave one is.\n\n\
         | check | severity | finds |\n|---|---|---|\n",
    );
    for check in builtin::builtin_ids() {
        let _ = writeln!(text, "| `{}` | {} | {} |", check.id, check.severity.name(), check.summary);
    }
    text
}

/// With the first letter as a capital, unless it begins with what a user writes.
fn capital(text: &str) -> String {
    text.chars().take(1).flat_map(char::to_uppercase).chain(text.chars().skip(1)).collect()
}

pub fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let Some(id) = &arguments.code else {
        print(&if arguments.all { page() } else { list() })?;
        return Ok(Status::Fine);
    };
    let id = id.strip_prefix("builtin/").unwrap_or(id);
    let text = if let Some(code) = codes::find(id) {
        format!("{}: {}\n\n{}\n", code.id, code.summary, code.explanation.trim_end())
    } else if let Some(check) = builtin::builtin(id) {
        let severity = check.severity.name();
        format!(
            "builtin/{}: {}\n\nA built-in check of manifests, severity {severity}. A pack changes that with `builtin {} {{ severity LEVEL }}`.\n",
            check.id, check.summary, check.id
        )
    } else {
        let help = match nearest(id, ids()) {
            Some(near) => format!("did you mean `{near}`? `polc explain` lists all codes"),
            None => "`polc explain` lists all codes".to_owned(),
        };
        return Err(Failure::new(&input::UNKNOWN_CODE, format!("there is no code `{id}`")).with_help(help));
    };
    print(&text)?;
    Ok(Status::Fine)
}
