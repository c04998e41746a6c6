//! `polc build`

use super::report::table;
use super::sources::Loaded;
use super::{CompileArguments, Context, Failure, Format, Status, compile, output, print, print_json, report_failure};
use crate::config::overlay::{Change, What};
use crate::diagnostic::codes::input;
use crate::diagnostic::{Level, nearest};
use crate::eval::admission_request;
use crate::ir::{Exemption, Given, Program, Test};
use crate::suite::{self, Example};
use crate::target::{
    self, EnforcementPoint, GatekeeperEngine, GatekeeperLayout, KyvernoExemptions, Options, Outcome, Target, TargetReport,
};
use crate::verify::generate::{Beside, Case};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Compiles policies to what clusters enforce: `OUT/TARGET/...`.
///
/// All files are written, or none. Files of an earlier build that are no longer made are removed; files that no build made are left alone.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input [default: those of the configuration, else `policies`].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The output folder [default: that of the configuration, else `dist`; for an environment, its subfolder of that name].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The targets, separated by commas [default: those of the configuration, else all]: opa, conftest, gatekeeper, vap, map, kyverno-vpol, kyverno, psa, admission-config.
    #[arg(long = "target", value_delimiter = ',', value_name = "TARGET")]
    targets: Vec<String>,
    /// The version of the clusters' Kubernetes, for the functions that CEL has there [default: that of the configuration, else 1.37].
    #[arg(long, value_name = "VERSION", value_parser = Options::kubernetes_version)]
    kubernetes: Option<u32>,
    /// The language of Gatekeeper's templates [default: that of the configuration, else rego].
    #[arg(long, value_enum)]
    gatekeeper_engine: Option<GatekeeperEngine>,
    /// Which rules a template of Gatekeeper's holds [default: that of the configuration, else shared].
    #[arg(long, value_enum)]
    gatekeeper_layout: Option<GatekeeperLayout>,
    /// Where Gatekeeper's constraints count, separated by commas [default: those of the configuration, else everywhere].
    #[arg(long, value_enum, value_delimiter = ',', value_name = "POINT")]
    gatekeeper_points: Vec<EnforcementPoint>,
    /// What exemptions of rules are in `kyverno-vpol` [default: that of the configuration, else policy].
    #[arg(long, value_enum)]
    kyverno_exemptions: Option<KyvernoExemptions>,
    #[command(flatten)]
    compile: CompileArguments,
    #[command(flatten)]
    signing: super::signing::SigningArguments,
    /// Write no tests in the forms of the engines (`OUT/TARGET-tests`).
    #[arg(long)]
    without_tests: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    changes: Vec<ChangeRow<'a>>,
    exemptions: Vec<&'a Exemption>,
    rules: &'a [TargetReport],
    written: &'a [String],
    removed: &'a [String],
    notes: &'a [String],
    stale: bool,
}

/// A change that the configuration makes to what the `.pol` files say.
#[derive(Serialize)]
struct ChangeRow<'a> {
    #[serde(flatten)]
    what: &'a What,
    loosens: bool,
    line: usize,
}

fn change_rows(loaded: &Loaded) -> Vec<ChangeRow<'_>> {
    let row = |change: &'_ Change| (loaded.sources.line_column(change.span).0, change.loosens);
    loaded
        .changes
        .iter()
        .map(|change| {
            let (line, loosens) = row(change);
            ChangeRow { what: &change.what, loosens, line }
        })
        .collect()
}

/// What the configuration changes, a line each.
fn changes(loaded: &Loaded) -> String {
    let mut text = String::new();
    for row in change_rows(loaded) {
        let what = match row.what {
            What::Action { rule, from, to } => {
                let (word, from, to) = (if row.loosens { "loosened" } else { "tightened" }, from.name(), to.name());
                format!("{word}: `{rule}` is `{to}` instead of `{from}`")
            }
            What::Exemption { rule, whom, until, because } => format!("loosened: `{rule}` exempts {whom} until {until}: {because}"),
            What::Param { param, value } => format!("set: `{param}` is {value}"),
        };
        let file = loaded.project.file.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{file}:{}: {what}", row.line);
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

fn targets(names: &[String]) -> Result<BTreeSet<Target>, Failure> {
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
        let cost = row.cost.map(|cost| format!(" ({:.1} % of the cost)", (cost.share() * 1000.0).ceil() / 10.0)).unwrap_or_default();
        cells.entry(&row.rule).or_default().insert(row.target, outcome_text(&row.outcome) + &cost);
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

/// Whom the rules leave alone, until when and why, by the policies; what the configuration exempts is among its changes.
fn exempted(program: &Program, loaded: &Loaded) -> String {
    let configuration = |exemption: &&Exemption| {
        loaded.sources.get(exemption.span.source).is_some_and(|source| Some(source.name.as_str()) == loaded.project.file.as_deref())
    };
    let mut exemptions = program.packs.values().flat_map(|pack| &pack.exemptions).filter(|one| !configuration(one)).peekable();
    if exemptions.peek().is_none() {
        return String::new();
    }
    let rows =
        exemptions.map(|exemption| vec![exemption.rules.join(", "), exemption.whom(), exemption.until.clone(), exemption.because.clone()]);
    format!("\n{}", table(&["EXEMPT", "WHOM", "UNTIL", "BECAUSE"], rows))
}

/// The tests of the `.pol` files whose params are those that are built, with their objects.
fn examples(program: &Program, loaded: &Loaded) -> Result<Vec<Example>, Failure> {
    let mut examples = Vec::new();
    for pack in program.packs.values() {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for test in &pack.tests {
            let number = numbers.entry(&test.rule).or_default();
            *number += 1;
            let number = *number;
            let as_built = test.params.iter().all(|(name, value)| pack.params.get(name) == Some(value));
            if !as_built {
                continue;
            }
            let Some(case) = case(test, loaded).map_err(|failure| *failure)? else { continue };
            let rule = pack.rules.iter().find(|rule| rule.id == test.rule);
            let case = match rule {
                Some(rule) => case.for_rule(rule),
                None => case,
            };
            examples.push(Example { rule: test.rule.clone(), number, case });
        }
    }
    Ok(examples)
}

/// What a test asks; nothing where no cluster holds the objects beside that of the test.
fn case(test: &Test, loaded: &Loaded) -> Result<Option<Case>, Box<Failure>> {
    let read = |given: &Option<Given>| given.as_ref().map(|given| super::test::object(given, loaded)).transpose();
    let object = super::test::object(&test.object, loaded)?;
    let request = read(&test.request)?.map(|given| admission_request(loaded.options.schema, &given, &object, test.operation, "default"));
    let others = test.beside.iter().map(|given| super::test::object(given, loaded)).collect::<Result<Vec<_>, _>>()?;
    let Some(beside) = Beside::of(loaded.options.schema, others.iter().map(Json::from)) else { return Ok(None) };
    Ok(Some(Case {
        beside: (!others.is_empty()).then_some(beside),
        old_object: read(&test.old_object)?.as_ref().map(Json::from),
        operation: test.operation,
        namespace_object: read(&test.namespace_object)?.as_ref().map(Json::from),
        request: request.as_ref().map(Json::from),
        origin: String::new(),
        object: Json::from(&object),
    }))
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let given = targets(&arguments.targets)?;
    let signing = arguments.signing.read()?;
    let interrupts = Arc::new(Interrupts::default());
    if !arguments.check {
        let (interrupts, format, context) = (Arc::clone(&interrupts), arguments.format, *context);
        ctrlc::set_handler(move || interrupts.signalled(format, &context))
            .map_err(|error| Failure::new(&input::INTERRUPTED, format!("cannot listen for interrupts: {error}")))?;
    }
    let (compiled, loaded) = compile(&arguments.paths, &arguments.compile, context)?;
    let config = &loaded.project.config;
    let targets = match (given.is_empty(), config.targets.as_slice()) {
        (false, _) => given,
        (true, []) => Target::ALL.into_iter().collect(),
        (true, targets) => targets.iter().map(|target| target.value).collect(),
    };
    let mut options = config.target_options();
    options.kubernetes = arguments.kubernetes.unwrap_or(options.kubernetes);
    options.gatekeeper = arguments.gatekeeper_engine.unwrap_or(options.gatekeeper);
    options.gatekeeper_layout = arguments.gatekeeper_layout.unwrap_or(options.gatekeeper_layout);
    options.kyverno_exemptions = arguments.kyverno_exemptions.unwrap_or(options.kyverno_exemptions);
    if !arguments.gatekeeper_points.is_empty() {
        options.gatekeeper_points = arguments.gatekeeper_points.iter().copied().collect();
    }
    let out = arguments.out.clone().unwrap_or_else(|| loaded.project.out());
    let mut emission = target::emit(&compiled.program, &targets, &options);
    if emission.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        return Err(Failure::diagnostics(emission.diagnostics, loaded.sources));
    }
    context.warn(&emission.diagnostics, &loaded.sources)?;
    if let Some(signing) = &signing {
        let signed = target::opa::sign(&mut emission, &compiled.program, signing).map_err(|error| {
            Failure::new(&input::BAD_SIGNING_KEY, format!("the bundle cannot be signed: {error}")).with_help("use another key")
        })?;
        if !signed {
            return Err(Failure::new(&input::BAD_USAGE, "there is no bundle to sign: `opa` is not among the targets".to_owned())
                .with_help("add `opa` to the targets, or leave `--bundle-signing-key` out"));
        }
    }
    let names: Vec<&'static str> = targets.iter().map(|target| target.name()).collect();
    let folders: BTreeSet<String> = targets.iter().flat_map(|target| target.folders()).collect();
    if !arguments.without_tests && config.tests.as_ref().is_none_or(|tests| tests.value) {
        let examples = examples(&compiled.program, &loaded)?;
        emission.artifacts.extend(suite::emit(&compiled.program, &targets, &emission, &examples));
    }
    let plan = output::plan(&out, &folders, &emission.artifacts)?;
    let stale = arguments.check && !plan.changes.is_empty();
    if !arguments.check {
        *interrupts.writing() = true;
        output::write(&plan, &interrupts.signalled)?;
    }
    match arguments.format {
        Format::Json => print_json(&Report {
            out: out.display().to_string(),
            targets: names,
            params: compiled
                .program
                .packs
                .iter()
                .filter(|(_, pack)| !pack.params.is_empty())
                .map(|(name, pack)| (name.as_str(), &pack.params))
                .collect(),
            config: loaded.project.file.as_deref(),
            environment: loaded.project.environment.as_deref(),
            changes: change_rows(&loaded),
            exemptions: compiled.program.packs.values().flat_map(|pack| &pack.exemptions).collect(),
            rules: &emission.report,
            written: &plan.changes.written,
            removed: &plan.changes.removed,
            notes: &emission.notes,
            stale,
        })?,
        Format::Text => {
            let out = out.display();
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
                    "{}{}{}\n{out}: {files} files for {}; {written} written, {} unchanged, {removed} removed\n",
                    rule_table(&emission.report, &names),
                    changes(&loaded),
                    exempted(&compiled.program, &loaded),
                    names.join(", "),
                    files - written.min(files),
                ))?;
                for note in &emission.notes {
                    print(&format!("note: {note}\n"))?;
                }
            }
        }
    }
    Ok(if stale { Status::Findings } else { Status::Fine })
}
