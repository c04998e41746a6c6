//! `polc explain`

use super::{Failure, Status, print};
use crate::diagnostic::codes::{self, input};
use crate::diagnostic::nearest;
use std::fmt::Write as _;

/// Explains the code of a message, with a wrong example and a right one; without a code, lists all.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The code that a message begins with, such as `unknown-field`.
    code: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let Some(id) = &arguments.code else {
        let width = codes::all().map(|code| code.id.len()).max().unwrap_or(0);
        let mut text = String::new();
        for code in codes::all() {
            let _ = writeln!(text, "{:width$}  {}", code.id, code.summary);
        }
        print(&text)?;
        return Ok(Status::Fine);
    };
    match codes::find(id) {
        Some(code) => {
            print(&format!("{}: {}\n\n{}\n", code.id, code.summary, code.explanation.trim_end()))?;
            Ok(Status::Fine)
        }
        None => {
            let help = match nearest(id, codes::all().map(|code| code.id)) {
                Some(near) => format!("did you mean `{near}`? `polc explain` lists all codes"),
                None => "`polc explain` lists all codes".to_owned(),
            };
            Err(Failure::new(&input::UNKNOWN_CODE, format!("there is no code `{id}`")).with_help(help))
        }
    }
}
