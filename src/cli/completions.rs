//! `polc completions`

use super::{Failure, Status, print};
use clap::CommandFactory as _;

/// Prints a completion script: `polc completions bash > /etc/bash_completion.d/polc`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "polc", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Status::Fine)
}
