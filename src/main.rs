//! The `polc` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    polc::cli::run()
}
