//! `polc docs`

use super::{CompileArguments, Context, Failure, Format, Status, compile, output, print, print_json};
use crate::diagnostic::codes::build;
use crate::docs::{entry, rows, site};
use crate::target::{self, Target};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Writes a catalogue of the policies that people read: static pages, one for each rule, with a search.
///
/// Open `OUT/index.html`, or serve the folder. All files are written, or none; pages of an earlier run that are no longer made are removed, other files are left alone.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input [default: those of the configuration, else `policies`].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The output folder.
    #[arg(long, default_value = "site", value_name = "DIR")]
    out: PathBuf,
    /// Write no pages; print the table of the rows with the items that carry them, as Markdown.
    #[arg(long, conflicts_with = "out")]
    rows: bool,
    #[command(flatten)]
    compile: CompileArguments,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    pages: usize,
    written: &'a [String],
    removed: &'a [String],
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let (compiled, loaded) = compile(&arguments.paths, &arguments.compile, context)?;
    if arguments.rows {
        let report = target::emit(&compiled.program, &Target::ALL.into_iter().collect(), &target::Options::default()).report;
        print(&rows::markdown(&entry::entries(&compiled.program, &report)))?;
        return Ok(Status::Fine);
    }
    let artifacts = site::site(&compiled.program, &loaded.sources).map_err(|error| {
        Failure::new(&build::TEMPLATE, error.to_string()).with_help("this is a fault of polc, not of the policies: report it")
    })?;
    let plan = output::plan(&arguments.out, &site::ROOTS.iter().map(|root| (*root).to_owned()).collect(), &artifacts)?;
    output::write(&plan, &AtomicBool::new(false))?;
    let (written, removed) = (plan.changes.written.len(), plan.changes.removed.len());
    match arguments.format {
        Format::Json => print_json(&Report {
            out: arguments.out.display().to_string(),
            pages: artifacts.len(),
            written: &plan.changes.written,
            removed: &plan.changes.removed,
        })?,
        Format::Text => print(&format!(
            "{}: {} files; {written} written, {} unchanged, {removed} removed; open {}\n",
            arguments.out.display(),
            artifacts.len(),
            artifacts.len() - written.min(artifacts.len()),
            arguments.out.join("index.html").display(),
        ))?,
    }
    Ok(Status::Fine)
}
