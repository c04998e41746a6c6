//! From sources to a program: everything that comes before evaluation and targets.

use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::ir::Program;
use crate::resolve::{self, Options};
use crate::syntax;

/// What sources compile to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// What to look at, though nothing of it is wrong.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles all sources together.
///
/// # Errors
/// What is wrong in the sources or options, with the warnings. Where a source cannot be read, no names or types are looked at.
pub fn compile(sources: &Sources, options: &Options) -> Result<Compiled, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut diagnostics = Vec::new();
    for (index, source) in sources.policies() {
        let read = if options.judge_only { syntax::parse_without_tests } else { syntax::parse };
        let (file, found) = read(index, &source.text);
        diagnostics.extend(found);
        files.push((index, file));
    }
    if diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        return Err(diagnostics);
    }
    let (program, found) = resolve::resolve(&files, sources, options.schema, options);
    diagnostics.extend(found);
    match program {
        Some(program) => Ok(Compiled { program, warnings: diagnostics }),
        None => Err(diagnostics),
    }
}
