//! From sources to a program: everything that comes before evaluation and targets.

use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::ir::Program;
use crate::resolve::{self, Options};
use crate::syntax::{self, ast::File};

/// What sources compile to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// What to look at, though nothing of it is wrong.
    pub warnings: Vec<Diagnostic>,
}

/// A source that was read: its index, its file, and what is wrong in it.
pub type Read = (u32, File, Vec<Diagnostic>);

/// Reads the source with this index; without tests where the program is only to judge.
#[must_use]
pub fn read(index: u32, text: &str, judge_only: bool) -> Read {
    let (file, found) = if judge_only { syntax::parse_without_tests(index, text) } else { syntax::parse(index, text) };
    (index, file, found)
}

/// Compiles all sources together.
///
/// # Errors
/// What is wrong in the sources or options, with the warnings. Where a source cannot be read, no names or types are looked at.
pub fn compile(sources: &Sources, options: &Options) -> Result<Compiled, Vec<Diagnostic>> {
    let files = sources.policies().map(|(index, source)| read(index, &source.text, options.judge_only)).collect();
    compile_read(files, sources, options)
}

/// The same for sources that were read already.
///
/// # Errors
/// As [`compile`].
pub fn compile_read(read: Vec<Read>, sources: &Sources, options: &Options) -> Result<Compiled, Vec<Diagnostic>> {
    let mut files = Vec::new();
    let mut diagnostics = Vec::new();
    for (index, file, found) in read {
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
