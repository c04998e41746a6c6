//! `polc ir`

use super::{CompileArguments, Context, Failure, Status, compile, print};
use std::path::PathBuf;

/// Prints what the rules mean to the compiler: names resolved, `let` and functions put in, defaults and constants worked out.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input [default: those of the configuration, else `policies`].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let (compiled, _) = compile(&arguments.paths, &arguments.compile, context)?;
    print(&crate::ir::print::print(&compiled.program))?;
    Ok(Status::Fine)
}
