//! `polc verify`

mod carried;
mod changers;
pub mod engines;
mod idle;
mod objects;
mod policies;
mod pool;
pub mod process;
mod request;
mod show;
mod units;
mod yaml;

use super::{CompileArguments, Context, Failure, Format, Status, compile};
use crate::diagnostic::codes::input;
use crate::ir::Rule;
use crate::verify::changed::{self, Changer, Item};
use crate::verify::engine::Engine;
use crate::verify::run::{self, Options};
use clap::ValueEnum;
use engines::{ENGINES, Known, Source, Start};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Shows that every engine judges as the rules mean, on objects made out of the rules.
///
/// For each rule, objects are made that stand on both sides of everything that it asks, and judged by the reference evaluator and by every engine: verdict and message have to
/// be the same. Where they are not, the object is made as small as it can be and shown with a command that repeats it. The embedded engines always run; the others where their
/// programs are found (`tests/engines/build.sh` of polc's sources builds them).
///
/// Exits with 1 when an engine differs, when a rule was not seen both to pass and to fail, or when an engine that was asked for carries none of the rules; with 2 when an engine that was asked for is missing.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input.
    #[arg(default_value = "policies", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
    /// Only rules whose id contains this.
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// The engines, instead of all that are there: regorus, kube-cel; opa, opa-1.21 (conftest's), opa-1.17 (Gatekeeper's), conftest, gatekeeper, gatekeeper-cel, kyverno, kyverno-vpol, kyverno-exceptions (rules with exemptions, as PolicyExceptions), vap; and for what changes objects or brings others map, gatekeeper-mutation, kyverno-mpol, kyverno-changes.
    #[arg(long = "engine", value_name = "NAME", value_delimiter = ',')]
    engines: Vec<String>,
    /// How many cases there are in all, over rules and engines: each rule and engine gets an equal share.
    #[arg(long, default_value_t = 50_000, value_name = "N")]
    cases: usize,
    /// Where the cases come from: the same seed gives the same cases.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Judge the objects of these YAML or JSON files or folders instead; `-` is standard input. An AdmissionReview stands for its request; beside `request` it may hold the Namespace as `namespaceObject`, other objects as a list `beside`, and as a list `unknown` the kinds of which it is not known what there is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cases", "seed"])]
    objects: Vec<PathBuf>,
    /// With `--objects`: leave out those in which a built-in check finds something, and list them.
    #[arg(long, requires = "objects")]
    only_valid: bool,
    /// The folder with the programs of the engines; without it they are looked for on the `PATH`.
    #[arg(long, env = "POLC_ENGINES", hide_env_values = true, value_name = "DIR")]
    engines_dir: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    format: VerifyFormat,
}

impl Arguments {
    /// The form of what is said where the command cannot do its work.
    pub(super) fn format(&self) -> Format {
        match self.format {
            VerifyFormat::Json => Format::Json,
            VerifyFormat::Text | VerifyFormat::Junit => Format::Text,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum VerifyFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document on standard output.
    Json,
    /// For CI: JUnit's XML, a test case for each rule and engine.
    Junit,
}

/// The engines to start: those that were asked for, or all that are there.
fn chosen(arguments: &Arguments) -> Result<Vec<(&'static Known, PathBuf)>, Failure> {
    let folder = arguments.engines_dir.as_deref();
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::new(&input::CANNOT_READ, format!("there is no folder `{}`", folder.display()))
            .with_help("give the folder with the programs of the engines with `--engines-dir` or `POLC_ENGINES`"));
    }
    let path = |known: &Known| match known.source {
        #[cfg(feature = "engines")]
        Source::Embedded(_) => Some(PathBuf::new()),
        Source::Program { file, .. } | Source::Changing { file, .. } => engines::locate(file, folder),
    };
    if arguments.engines.is_empty() {
        return Ok(ENGINES.iter().filter_map(|known| Some((known, path(known)?))).collect());
    }
    let mut chosen: Vec<(&'static Known, PathBuf)> = Vec::new();
    for name in &arguments.engines {
        let Some(known) = engines::find(name) else {
            let names: Vec<&str> = ENGINES.iter().map(|known| known.name).collect();
            return Err(Failure::new(&input::UNKNOWN_ENGINE, format!("there is no engine `{name}`"))
                .with_help(format!("the engines are {}", names.join(", "))));
        };
        if chosen.iter().any(|(other, _)| other.name == known.name) {
            continue;
        }
        match (path(known), known.source) {
            (Some(path), _) => chosen.push((known, path)),
            (None, Source::Program { file, .. } | Source::Changing { file, .. }) => {
                let place = folder.map_or_else(|| "on the `PATH`".to_owned(), |folder| format!("in `{}`", folder.display()));
                return Err(Failure::new(&input::ENGINE_MISSING, format!("the engine `{name}` is missing: there is no `{file}` {place}"))
                    .with_help("build it with `tests/engines/build.sh`, and give its folder with `--engines-dir` or `POLC_ENGINES`"));
            }
            #[cfg(feature = "engines")]
            (None, Source::Embedded(_)) => {}
        }
    }
    Ok(chosen)
}

/// The engines that were started.
#[derive(Default)]
struct Started {
    judging: Vec<Box<dyn Engine>>,
    changing: Vec<Box<dyn Changer>>,
}

/// Starts the engines.
fn start(chosen: &[(&'static Known, PathBuf)], rules: &[&Rule], program: &crate::ir::Program) -> Result<Started, Failure> {
    let mut started = Started::default();
    for (known, path) in chosen {
        let with = Start { rules, program, path, name: known.name };
        let problem = match known.source {
            #[cfg(feature = "engines")]
            Source::Embedded(start) => {
                started.judging.push(start(with));
                None
            }
            Source::Program { start, .. } => start(with).map(|engine| started.judging.push(engine)).err(),
            Source::Changing { start, .. } => start(with).map(|engine| started.changing.push(engine)).err(),
        };
        if let Some(error) = problem {
            return Err(Failure::new(&input::ENGINE_MISSING, format!("the engine `{}` does not start: {error}", known.name))
                .with_help(format!("leave it out by naming the others with `--engine`; its program is `{}`", path.display())));
        }
    }
    Ok(started)
}

fn progress_bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} verdicts, {elapsed} ({eta} left)") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let chosen = chosen(arguments)?;
    if chosen.is_empty() {
        return Err(Failure::new(&input::ENGINE_MISSING, "there is no engine to compare with".to_owned())
            .with_help("build the engines with `tests/engines/build.sh`, and give their folder with `--engines-dir` or `POLC_ENGINES`"));
    }
    let (compiled, loaded) = compile(&arguments.paths, &arguments.compile, context)?;
    let program = &compiled.program;
    let schema = loaded.options.schema;
    let wanted = |rule: &&Rule| arguments.rule.as_deref().is_none_or(|part| rule.id.contains(part));
    let rules: Vec<&Rule> = program.packs.values().flat_map(|pack| &pack.rules).filter(wanted).collect();
    let items: Vec<Item<'_>> =
        Item::all(program).into_iter().filter(|item| arguments.rule.as_deref().is_none_or(|part| item.head().id.contains(part))).collect();
    if rules.is_empty() && items.is_empty() {
        return Err(Failure::new(&input::NO_RULES, "there is no rule to verify".to_owned())
            .with_help("give policies that hold rules; `--rule` takes a part of a rule's id"));
    }
    let given = if arguments.objects.is_empty() { None } else { Some(objects::read(schema, &arguments.objects, arguments.only_valid)?) };
    let judged: Vec<&Rule> = rules.iter().copied().filter(|rule| run::never_applies(rule).is_none()).collect();
    let began = Instant::now();
    let engines = start(&chosen, &judged, program)?;
    let carried = judged.iter().flat_map(|rule| engines.judging.iter().filter(|engine| engine.leaves_out(rule).is_none())).count()
        + items.iter().flat_map(|item| engines.changing.iter().filter(|engine| engine.leaves_out(*item).is_none())).count();
    let each = arguments.cases.div_ceil(carried.max(1)).max(1);
    let bar = match &given {
        None => progress_bar(each * carried),
        Some(_) => ProgressBar::hidden(),
    };
    let progress = |count: usize| bar.inc(count as u64);
    let options = Options { seed: arguments.seed, cases: each, schema };
    let outcome = match &given {
        None => run::verify(&rules, program, &engines.judging, options, &progress),
        Some(given) => run::verify_objects(&rules, program, &engines.judging, (&given.cases, schema), &progress),
    };
    let changes = changed::verify(&items, &engines.changing, options, given.as_ref().map(|given| given.cases.as_slice()), &progress);
    bar.finish_and_clear();
    let idle = if arguments.engines.is_empty() {
        Vec::new()
    } else {
        idle::idle(&engines, judged.len(), &items, &outcome, &changes, given.is_none())
    };
    let shown = show::Shown {
        arguments,
        sources: &loaded.sources,
        schema,
        rules: &rules,
        engines: &engines.judging,
        outcome: &outcome,
        items: &items,
        changers: &engines.changing,
        changes: &changes,
        idle: &idle,
        left_out_objects: given.as_ref().map(|given| given.left_out.as_slice()).unwrap_or_default(),
        elapsed: began.elapsed(),
        color: context.color,
    };
    match arguments.format {
        VerifyFormat::Text => shown.text()?,
        VerifyFormat::Json => shown.json()?,
        VerifyFormat::Junit => shown.junit()?,
    }
    let fine = outcome.disagreements.is_empty()
        && outcome.one_sided.is_empty()
        && changes.disagreements.is_empty()
        && changes.one_sided.is_empty()
        && idle.is_empty();
    Ok(if fine { Status::Fine } else { Status::Findings })
}

/// How a path is written in a command.
fn quoted(path: &Path) -> String {
    word(&path.display().to_string())
}

/// How a word is written in a command.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
