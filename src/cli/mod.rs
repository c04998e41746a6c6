//! The command line: one file a command. Only this part of the crate reads and writes files.

#![allow(clippy::disallowed_methods, reason = "input and output belong here")]

mod admission;
mod build;
mod check;
mod completions;
mod config;
mod crds;
mod docs;
mod explain;
mod fix;
mod identity;
mod init;
mod ir;
mod krm;
mod list;
mod output;
mod report;
mod signing;
mod sources;
mod test;
mod today;
pub mod verify;

use crate::diagnostic::codes::input;
use crate::diagnostic::{Code, Diagnostic, Sources, render};
use clap::{Parser, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Exit codes: 0 all is well, 1 there are findings, 2 the input or the usage is wrong.
`polc explain CODE` explains the code that a message begins with.";

/// Compiles rules for Kubernetes, written once in `.pol` files, to what clusters enforce.
#[derive(Debug, Parser)]
#[command(name = "polc", version, about, after_help = AFTER_HELP, arg_required_else_help = true, propagate_version = true)]
struct Arguments {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Color {
    /// When the output is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document on standard output.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Build(build::Arguments),
    Check(check::Arguments),
    Fix(fix::Arguments),
    Test(test::Arguments),
    Verify(verify::Arguments),
    List(list::Arguments),
    Docs(docs::Arguments),
    Ir(ir::Arguments),
    Krm(krm::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
}

/// How a command that did its work ended; `WrongInput` where it could not read a part of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Fine,
    Findings,
    WrongInput,
}

/// Why a command could not do its work: exit code 2.
#[derive(Debug)]
pub struct Failure {
    code: &'static Code,
    message: String,
    help: Option<String>,
    diagnostics: Option<Box<(Vec<Diagnostic>, Sources)>>,
}

impl Failure {
    fn new(code: &'static Code, message: String) -> Self {
        Failure { code, message, help: None, diagnostics: None }
    }

    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn diagnostics(diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        Failure { code: &input::BAD_USAGE, message: String::new(), help: None, diagnostics: Some(Box::new((diagnostics, sources))) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(&input::CANNOT_WRITE, format!("cannot write to standard output: {}", io_text(&error)))
    }
}

/// What the operating system says, in the style of the other messages.
fn io_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

/// What every command gets.
#[derive(Debug, Clone, Copy)]
struct Context {
    color: bool,
    error_color: bool,
}

impl Context {
    fn new(color: Color) -> Self {
        let auto = |terminal: bool| match color {
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Color::Always => true,
            Color::Never => false,
        };
        Context { color: auto(io::stdout().is_terminal()), error_color: auto(io::stderr().is_terminal()) }
    }

    /// Shows warnings on standard error.
    fn warn(&self, diagnostics: &[Diagnostic], sources: &Sources) -> io::Result<()> {
        if diagnostics.is_empty() {
            Ok(())
        } else {
            io::stderr().lock().write_all(render::render(diagnostics, sources, self.error_color).as_bytes())
        }
    }
}

/// Reads the arguments, runs the command and gives the exit code.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let context = Context::new(arguments.color);
    let format = match &arguments.command {
        Command::Init(a) => a.format,
        Command::Build(a) => a.format,
        Command::Check(a) => a.format,
        Command::Fix(a) => a.format,
        Command::Test(a) => a.format,
        Command::Verify(a) => a.format(),
        Command::List(a) => a.format,
        Command::Docs(a) => a.format,
        Command::Ir(_) | Command::Krm(_) | Command::Explain(_) | Command::Completions(_) => Format::Text,
    };
    let result = match arguments.command {
        Command::Init(a) => init::run(&a, &context),
        Command::Build(a) => build::run(&a, &context),
        Command::Check(a) => check::run(&a, &context),
        Command::Fix(a) => fix::run(&a, &context),
        Command::Test(a) => test::run(&a, &context),
        Command::Verify(a) => verify::run(&a, &context),
        Command::List(a) => list::run(&a, &context),
        Command::Docs(a) => docs::run(&a, &context),
        Command::Ir(a) => ir::run(&a, &context),
        Command::Krm(a) => krm::run(&a, &context),
        Command::Explain(a) => explain::run(&a),
        Command::Completions(a) => completions::run(&a),
    };
    match result {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Findings) => ExitCode::from(1),
        Ok(Status::WrongInput) => ExitCode::from(2),
        Err(failure) => {
            let _ = report_failure(&failure, format, &context);
            ExitCode::from(2)
        }
    }
}

/// Says why a command failed: on standard error, and for `--format json` as one document on standard output too.
fn report_failure(failure: &Failure, format: Format, context: &Context) -> io::Result<()> {
    let owned;
    let (diagnostics, sources) = match &failure.diagnostics {
        Some(both) => (&both.0, &both.1),
        None => {
            let mut diagnostic = Diagnostic::error(failure.code, crate::diagnostic::Span::default(), failure.message.clone());
            diagnostic.labels.clear();
            diagnostic.help.clone_from(&failure.help);
            owned = (vec![diagnostic], Sources::default());
            (&owned.0, &owned.1)
        }
    };
    if format == Format::Json {
        let document = serde_json::json!({ "errors": render::to_json(diagnostics, sources) });
        writeln!(io::stdout().lock(), "{document}")?;
    }
    io::stderr().lock().write_all(render::render(diagnostics, sources, context.error_color).as_bytes())
}

/// Writes to standard output. A reader that went away (`polc list | head`) is no error.
fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    printed(io::stdout().lock(), [bytes])
}

/// Prints parts of one text. They may be long, so nobody looks for the ends of lines in them.
fn print_parts(parts: &[Vec<u8>]) -> Result<(), Failure> {
    let parts = parts.iter().map(Vec::as_slice);
    #[cfg(unix)]
    if let Ok(out) = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned() {
        return printed(std::fs::File::from(out), parts);
    }
    printed(io::stdout().lock(), parts)
}

fn printed<'p>(mut out: impl io::Write, parts: impl IntoIterator<Item = &'p [u8]>) -> Result<(), Failure> {
    match parts.into_iter().try_for_each(|part| out.write_all(part)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value).map_err(|error| Failure::from(io::Error::other(error)))?;
    text.push('\n');
    print(&text)
}

/// `name=value` of `--param`.
fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        Some(_) | None => Err("expected NAME=VALUE, for example `version=v1.34`".to_owned()),
    }
}

/// The options of every command that compiles policies.
#[derive(Debug, clap::Args)]
struct CompileArguments {
    /// Give a param a value: `version=v1.34`, or `pack.name=value` for one pack. May be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    params: Vec<(String, String)>,
    #[command(flatten)]
    config: config::ConfigArguments,
    #[command(flatten)]
    crds: crds::CrdArguments,
    /// The day on which exemptions are judged, one that has ended being an error [default: today, in UTC].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = today::day)]
    today: Option<String>,
}

impl CompileArguments {
    fn options(&self) -> Result<crate::resolve::Options, Failure> {
        let mut params = BTreeMap::new();
        for (name, value) in &self.params {
            if params.insert(name.clone(), value.clone()).is_some() {
                return Err(
                    Failure::new(&input::BAD_USAGE, format!("the param `{name}` is given twice")).with_help("give each `--param` once")
                );
            }
        }
        Ok(crate::resolve::Options { params, today: Some(self.today.clone().unwrap_or_else(today::today)), ..options() })
    }
}

/// The options of every compilation; dates are compared with the clock's.
fn options() -> crate::resolve::Options {
    crate::resolve::Options {
        today: Some(today::today()),
        targets: crate::target::KNOWN.iter().map(|name| (*name).to_owned()).collect(),
        builtins: crate::manifest::builtin::builtin_ids().iter().map(|check| check.id.to_owned()).collect(),
        ..Default::default()
    }
}

/// What policies are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To judge objects: with what the configuration changes.
    Judge,
    /// The same, and nothing else: the tests are left unread, for a mistake in one is for the other commands to say.
    JudgeOnly,
    /// To be tested as they are written: the configuration gives only values that no default gives.
    Test,
}

/// Loads and compiles policies; shows warnings. Without paths, those of the configuration.
fn compile(
    paths: &[PathBuf],
    arguments: &CompileArguments,
    context: &Context,
) -> Result<(crate::compile::Compiled, sources::Loaded), Failure> {
    compile_for(Purpose::Judge, paths, arguments, context)
}

/// The same for commands that only judge.
fn compile_to_judge(
    paths: &[PathBuf],
    arguments: &CompileArguments,
    context: &Context,
) -> Result<(crate::compile::Compiled, sources::Loaded), Failure> {
    compile_for(Purpose::JudgeOnly, paths, arguments, context)
}

fn compile_for(
    purpose: Purpose,
    paths: &[PathBuf],
    arguments: &CompileArguments,
    context: &Context,
) -> Result<(crate::compile::Compiled, sources::Loaded), Failure> {
    let mut options = arguments.options()?;
    let mut sources = Sources::default();
    let project = arguments.config.load(&mut sources)?;
    options.schema = arguments.crds.schema(&project, &mut sources)?;
    let own = if paths.is_empty() { Some(project.policies()) } else { None };
    let loaded = sources::load(own.as_deref().unwrap_or(paths), sources, purpose == Purpose::JudgeOnly)?;
    options.part = !paths.is_empty();
    let (compiled, mut loaded) = compile_layers(purpose, &project.layers(), loaded, options, context)?;
    loaded.project = project;
    Ok((compiled, loaded))
}

/// Compiles what was loaded, with what layers of a configuration change.
fn compile_layers(
    purpose: Purpose,
    layers: &[&crate::config::Overlay],
    mut loaded: sources::Loaded,
    mut options: crate::resolve::Options,
    context: &Context,
) -> Result<(crate::compile::Compiled, sources::Loaded), Failure> {
    options.roots.clone_from(&loaded.packs);
    options.defaults_first = purpose == Purpose::Test;
    options.judge_only = purpose == Purpose::JudgeOnly;
    crate::config::overlay::settle(layers, &mut options);
    if purpose == Purpose::Test {
        options.exempts.clear();
    }
    let mut compiled = crate::compile::compile_read(std::mem::take(&mut loaded.files), &loaded.sources, &options)
        .map_err(|wrong| Failure::diagnostics(wrong, loaded.sources.clone()))?;
    if purpose != Purpose::Test {
        loaded.changes = crate::config::overlay::apply(layers, &mut compiled.program, &options)
            .map_err(|wrong| Failure::diagnostics(wrong, loaded.sources.clone()))?;
    }
    context.warn(&compiled.warnings, &loaded.sources)?;
    loaded.options = options;
    Ok((compiled, loaded))
}
