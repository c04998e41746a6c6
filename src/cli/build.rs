//! `polc build`

use super::report::table;
use super::{CompileArguments, Context, Failure, Format, Status, compile, output, print, print_json, report_failure};
use crate::diagnostic::codes::input;
use crate::diagnostic::{Level, nearest};
use crate::target::{self, Options, Outcome, Target, TargetReport};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Compiles policies to what clusters enforce: `OUT/TARGET/...`.
///
/// All files are written, or none. Files of an earlier build that are no longer made are removed; files that no build made are left alone.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input.
    #[arg(default_value = "policies", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The output folder.
    #[arg(long, default_value = "dist", value_name = "DIR")]
    out: PathBuf,
    /// The targets, separated by commas [default: all]: opa, vap, kyverno, psa, admission-config.
    #[arg(long = "target", value_delimiter = ',', value_name = "TARGET")]
    targets: Vec<String>,
    /// The version of the clusters' Kubernetes, for the functions that CEL has there.
    #[arg(long, value_name = "VERSION", default_value = "1.37", value_parser = kubernetes)]
    kubernetes: u32,
    #[command(flatten)]
    compile: CompileArguments,
    /// Write nothing; exit with 1 and show the differences when the folder is not what this build makes.
    #[arg(long)]
    check: bool,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    out: String,
    targets: Vec<&'static str>,
    params: BTreeMap<&'a str, &'a BTreeMap<String, crate::ir::Const>>,
    rules: &'a [TargetReport],
    written: &'a [String],
    removed: &'a [String],
    stale: bool,
}

fn targets(names: &[String]) -> Result<BTreeSet<Target>, Failure> {
    if names.is_empty() {
        return Ok(Target::ALL.into_iter().collect());
    }
    names
        .iter()
        .map(|name| {
            Target::find(name).ok_or_else(|| {
                let all = Target::ALL.map(Target::name);
                let near = nearest(name, all).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                Failure::new(&input::BAD_USAGE, format!("there is no target `{name}`"))
                    .with_help(format!("{near}the targets are {}", all.join(", ")))
            })
        })
        .collect()
}

/// `1.37`, also with a `v` or a patch version, as its minor version.
fn kubernetes(text: &str) -> Result<u32, String> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let minor = match (parts.next(), parts.next().map(str::parse::<u32>), parts.next(), parts.next()) {
        (Some("1"), Some(Ok(minor)), None, None) => Some(minor),
        (Some("1"), Some(Ok(minor)), Some(patch), None) if patch.parse::<u32>().is_ok() => Some(minor),
        _ => None,
    };
    let (oldest, newest) = (Options::OLDEST_KUBERNETES, Options::NEWEST_KUBERNETES);
    match minor {
        Some(minor) if (oldest..=newest).contains(&minor) => Ok(minor),
        Some(minor) => Err(format!("1.{minor} is not among the versions that are known: 1.{oldest} to 1.{newest}")),
        None => Err(format!("expected a version from 1.{oldest} to 1.{newest}, for example `1.{newest}`")),
    }
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Exact => "exact".to_owned(),
        Outcome::NotApplicable(_) => "not applicable".to_owned(),
        Outcome::Dropped => "dropped by the author".to_owned(),
        Outcome::Refused(why) => format!("refused: {why}"),
    }
}

/// The table rule x target. A target to which nothing at all applies has its reason said once, below.
fn rule_table(rows: &[TargetReport], targets: &[&'static str]) -> String {
    let mut cells: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for row in rows {
        cells.entry(&row.rule).or_default().insert(row.target, outcome_text(&row.outcome));
    }
    let head: Vec<&str> = std::iter::once("RULE").chain(targets.iter().copied()).collect();
    table(
        &head,
        cells.into_iter().map(|(rule, of)| {
            std::iter::once(rule.to_owned())
                .chain(targets.iter().map(|target| of.get(target).cloned().unwrap_or_else(|| "-".to_owned())))
                .collect()
        }),
    )
}

/// What Ctrl-C or a signal to terminate does: before anything is written it ends the program at once, afterwards the writing ends itself where nothing is lost.
#[derive(Default)]
struct Interrupts {
    writing: Mutex<bool>,
    signalled: AtomicBool,
}

impl Interrupts {
    fn writing(&self) -> MutexGuard<'_, bool> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signalled(&self, format: Format, context: &Context) {
        // held until the end, so that no writing begins meanwhile
        let writing = self.writing();
        if *writing {
            self.signalled.store(true, Ordering::SeqCst);
        } else {
            let _ = report_failure(&output::interrupted(), format, context);
            std::process::exit(2);
        }
    }
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let targets = targets(&arguments.targets)?;
    let interrupts = Arc::new(Interrupts::default());
    if !arguments.check {
        let (interrupts, format, context) = (Arc::clone(&interrupts), arguments.format, *context);
        ctrlc::set_handler(move || interrupts.signalled(format, &context))
            .map_err(|error| Failure::new(&input::INTERRUPTED, format!("cannot listen for interrupts: {error}")))?;
    }
    let (compiled, loaded) = compile(&arguments.paths, &arguments.compile, context)?;
    let emission = target::emit(&compiled.program, &targets, &Options { kubernetes: arguments.kubernetes });
    if emission.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        return Err(Failure::diagnostics(emission.diagnostics, loaded.sources));
    }
    context.warn(&emission.diagnostics, &loaded.sources)?;
    let names: Vec<&'static str> = targets.iter().map(|target| target.name()).collect();
    let plan = output::plan(&arguments.out, &names.iter().map(|name| (*name).to_owned()).collect(), &emission.artifacts)?;
    let stale = arguments.check && !plan.changes.is_empty();
    if !arguments.check {
        *interrupts.writing() = true;
        output::write(&plan, &interrupts.signalled)?;
    }
    match arguments.format {
        Format::Json => print_json(&Report {
            out: arguments.out.display().to_string(),
            targets: names,
            params: compiled
                .program
                .packs
                .iter()
                .filter(|(_, pack)| !pack.params.is_empty())
                .map(|(name, pack)| (name.as_str(), &pack.params))
                .collect(),
            rules: &emission.report,
            written: &plan.changes.written,
            removed: &plan.changes.removed,
            stale,
        })?,
        Format::Text => {
            let out = arguments.out.display();
            let (written, removed) = (plan.changes.written.len(), plan.changes.removed.len());
            if arguments.check {
                if stale {
                    print(&format!(
                        "{}{out} is stale: {written} to write, {removed} to remove; run `polc build`\n",
                        output::difference(&plan)?
                    ))?;
                } else {
                    print(&format!("{out} is up to date: {} files\n", emission.artifacts.len()))?;
                }
            } else {
                let files = emission.artifacts.len();
                print(&format!(
                    "{}\n{out}: {files} files for {}; {written} written, {} unchanged, {removed} removed\n",
                    rule_table(&emission.report, &names),
                    names.join(", "),
                    files - written.min(files),
                ))?;
            }
        }
    }
    Ok(if stale { Status::Findings } else { Status::Fine })
}
