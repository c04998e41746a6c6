//! `polc test`

mod changes;

use super::sources::{Loaded, read_bytes};
use super::{CompileArguments, Context, Failure, Format, Purpose, Status, compile_for, print, print_json};
use crate::diagnostic::codes::input;
use crate::diagnostic::{Diagnostic, Span};
use crate::eval::{Cluster, Judge, Missing, Request, Verdict, admission_request};
use crate::ir::{Const, Expect, Given, Program, Rule, Test};
use crate::manifest;
use crate::object::Node;
use crate::resolve::Options;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Runs the tests that stand in `.pol` files: on the reference evaluator, and on the embedded Rego and CEL engines.
///
/// Rules are tested as they are written: of a configuration, only the values of params that have no default count.
/// A test whose rule or file does not exist, or whose object the rule does not match, fails.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input [default: those of the configuration, else `policies`].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
    /// Only tests of rules whose id contains this.
    #[arg(long, value_name = "TEXT")]
    rule: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Serialize)]
struct Row {
    rule: String,
    file: String,
    line: usize,
    expect: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

#[derive(Serialize, Default)]
struct Summary {
    passed: usize,
    failed: usize,
    engines: Vec<&'static str>,
    skipped: usize,
}

#[derive(Serialize)]
struct Report {
    results: Vec<Row>,
    summary: Summary,
}

/// A program compiled with the params of some tests, ready to judge in each engine.
struct Bench {
    program: Program,
    judge: Judge,
    #[cfg(feature = "engines")]
    engines: crate::engine::Engines,
}

impl Bench {
    fn new(program: Program, wanted: impl Fn(&Rule) -> bool) -> Self {
        let judge = Judge::of_program(&program).without_places();
        #[cfg(feature = "engines")]
        let engines = crate::engine::Engines::new(&program, wanted);
        #[cfg(not(feature = "engines"))]
        let _ = wanted;
        Bench {
            judge,
            #[cfg(feature = "engines")]
            engines,
            program,
        }
    }
}

/// The object of a test; a file is looked for beside the source, then in the folders above it, up to the one above `policies`.
pub(super) fn object(given: &Given, loaded: &Loaded) -> Result<Node, Box<Failure>> {
    match given {
        Given::Object(json) => Ok(Node::from(json)),
        Given::File(name, span) => file(name, *span, loaded),
    }
}

fn file(name: &str, span: Span, loaded: &Loaded) -> Result<Node, Box<Failure>> {
    let wrong = |message: String| {
        let diagnostic = Diagnostic::error(&input::BAD_TEST_FILE, span, message)
            .with_help("name a YAML or JSON file with one object, relative to the `.pol` file or to the folder above `policies`");
        Box::new(Failure::diagnostics(vec![diagnostic], loaded.sources.clone()))
    };
    let folder = loaded.folders.get(span.source as usize).cloned().unwrap_or_default();
    let absolute = std::fs::canonicalize(&folder).unwrap_or(folder);
    let above = absolute.ancestors().position(|p| p.file_name().is_some_and(|n| n == "policies")).map_or(1, |depth| depth + 2);
    let path = absolute.ancestors().take(above).map(|folder| folder.join(name)).find(|path| path.is_file());
    let path = path.ok_or_else(|| wrong(format!("there is no file `{name}`")))?;
    let bytes = read_bytes(&path).map_err(Box::new)?;
    let mut read = manifest::read(&bytes);
    match (read.findings.first(), read.documents.pop(), read.documents.is_empty()) {
        (None, Some(document), true) => Ok(document.node),
        (Some(finding), _, _) => Err(wrong(format!("`{name}` cannot be read: {}", finding.message))),
        (None, _, _) => Err(wrong(format!("`{name}` does not hold exactly one object"))),
    }
}

/// What is wrong with the verdict of the reference evaluator.
fn problem(expect: &Expect, verdict: Option<&Verdict>) -> Option<String> {
    let Some(verdict) = verdict else {
        return (*expect != Expect::Skip).then(|| "the rule does not match the object's kind and operation".to_owned());
    };
    match (expect, verdict) {
        (Expect::Allow, Verdict::Pass)
        | (Expect::Skip, Verdict::Skip | Verdict::NotJudged(Missing::Operation))
        | (Expect::Deny(None), Verdict::Fail { .. }) => None,
        (Expect::Deny(Some(part)), Verdict::Fail { message, .. }) => {
            (!message.contains(part.as_str())).then(|| format!("expected a message with `{part}`, got `{message}`"))
        }
        (Expect::Allow, Verdict::Skip) => Some("expected a pass, but the rule does not apply (say `skip`)".to_owned()),
        (_, Verdict::NotJudged(missing)) => Some(format!("not judged: {missing}")),
        (_, Verdict::Fail { message, .. }) => Some(format!("expected no finding, got `{message}`")),
        // The resolver lets no rule give an object.
        (Expect::Gives(_), Verdict::Pass | Verdict::Skip) => Some("a rule gives no object".to_owned()),
        (Expect::Deny(_) | Expect::Skip, Verdict::Pass) | (Expect::Deny(_), Verdict::Skip) => {
            Some(format!("expected {}, but the rule {}", word(expect), if *verdict == Verdict::Pass { "passes" } else { "does not apply" }))
        }
    }
}

fn word(expect: &Expect) -> &'static str {
    match expect {
        Expect::Allow => "allow",
        Expect::Deny(_) => "deny",
        Expect::Skip => "skip",
        Expect::Gives(_) => "gives",
    }
}

/// Runs one test; gives what is wrong.
fn run_test(test: &Test, bench: &Bench, loaded: &Loaded) -> Result<Vec<String>, Box<Failure>> {
    let node = object(&test.object, loaded)?;
    let old = test.old_object.as_ref().map(|old| object(old, loaded)).transpose()?;
    let namespace_object = test.namespace_object.as_ref().map(|given| object(given, loaded)).transpose()?;
    let asked = test.request.as_ref().map(|given| object(given, loaded)).transpose()?;
    let asked = asked.map(|asked| admission_request(loaded.options.schema, &asked, &node, test.operation, "default"));
    let beside = test.beside.iter().map(|given| object(given, loaded)).collect::<Result<Vec<_>, _>>()?;
    let cluster = Cluster::new(&beside, "default");
    let request = Request {
        object: &node,
        old_object: old.as_ref(),
        operation: test.operation,
        namespace_object: namespace_object.as_ref(),
        request: asked.as_ref(),
        default_namespace: None,
        cluster: Some(&cluster),
    };
    let packs = || bench.program.packs.values();
    if let Some(mutation) = packs().flat_map(|pack| &pack.mutations).find(|mutation| mutation.head.id == test.rule) {
        return changes::mutation_problems(mutation, test, &request, loaded);
    }
    if let Some(generation) = packs().flat_map(|pack| &pack.generations).find(|generation| generation.head.id == test.rule) {
        return changes::generation_problems(generation, test, &request, loaded);
    }
    let rules = packs().flat_map(|pack| &pack.rules);
    let Some((index, _)) = rules.enumerate().find(|(_, rule)| rule.id == test.rule) else {
        return Ok(vec![format!("there is no rule `{}`", test.rule)]);
    };
    let outcome = bench.judge.judge(&request).find(|outcome| outcome.rule == index);
    let verdict = outcome.map(|outcome| outcome.verdict);
    let problems = problem(&test.expect, verdict.as_ref()).map(|p| format!("reference: {p}")).into_iter();
    #[cfg(feature = "engines")]
    let problems = {
        let expected = match &verdict {
            Some(Verdict::Fail { message, .. }) => Some(message.as_str()),
            Some(Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_)) | None => None,
        };
        problems.chain(bench.engines.disagreements(&test.rule, &request, expected))
    };
    Ok(problems.collect())
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let (compiled, loaded) = compile_for(Purpose::Test, &arguments.paths, &arguments.compile, context)?;
    let wanted = |id: &str| arguments.rule.as_deref().is_none_or(|part| id.contains(part));
    let tests: Vec<Test> =
        compiled.program.packs.values().flat_map(|pack| &pack.tests).filter(|test| wanted(&test.rule)).cloned().collect();
    if tests.is_empty() {
        return Err(Failure::new(&input::NO_TESTS, "there is no test to run".to_owned()).with_help("add a `test` item beside the rule"));
    }
    let mut benches: BTreeMap<String, Bench> = BTreeMap::new();
    let mut report = Report { results: Vec::new(), summary: Summary::default() };
    let mut program = Some(compiled.program);
    for test in &tests {
        let pack = test.rule.split('/').next().unwrap_or_default();
        let values: BTreeMap<String, Const> = test.params.iter().map(|(name, value)| (format!("{pack}.{name}"), value.clone())).collect();
        let key = format!("{values:?}");
        if !benches.contains_key(&key) {
            let of_params = |rule: &Rule| tests.iter().any(|other| other.rule == rule.id && other.params == test.params);
            let bench = if values.is_empty() && program.is_some() {
                Bench::new(program.take().unwrap_or_default(), of_params)
            } else {
                let options = Options { values, ..loaded.options.clone() };
                match crate::compile::compile(&loaded.sources, &options) {
                    Ok(compiled) => Bench::new(compiled.program, of_params),
                    Err(diagnostics) => return Err(Failure::diagnostics(diagnostics, loaded.sources)),
                }
            };
            benches.insert(key.clone(), bench);
        }
        let Some(bench) = benches.get(&key) else { continue };
        let problems = run_test(test, bench, &loaded).map_err(|failure| *failure)?;
        let (line, _) = loaded.sources.line_column(test.span);
        let file = loaded.sources.get(test.span.source).map(|source| source.name.clone()).unwrap_or_default();
        let ok = problems.is_empty();
        if ok {
            report.summary.passed += 1;
        } else {
            report.summary.failed += 1;
        }
        report.results.push(Row { rule: test.rule.clone(), file, line, expect: word(&test.expect), ok, problems });
    }
    #[cfg(feature = "engines")]
    {
        report.summary.engines = crate::engine::NAMES.to_vec();
        report.summary.skipped = benches.values().map(|bench| bench.engines.skipped()).sum();
    }
    let failed = report.summary.failed > 0;
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Text => print(&text(&report, context))?,
    }
    Ok(if failed { Status::Findings } else { Status::Fine })
}

fn text(report: &Report, context: &Context) -> String {
    let mut text = String::new();
    let (red, reset) = if context.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    for row in report.results.iter().filter(|row| !row.ok) {
        let _ = writeln!(text, "{}:{}: {red}failed{reset} {} ({})", row.file, row.line, row.rule, row.expect);
        for problem in &row.problems {
            let _ = writeln!(text, "    {problem}");
        }
    }
    let summary = &report.summary;
    let engines = if summary.engines.is_empty() { String::new() } else { format!(" and {}", summary.engines.join(", ")) };
    let _ = writeln!(text, "{} tests passed, {} failed, on the reference evaluator{engines}", summary.passed, summary.failed);
    if summary.skipped > 0 {
        let _ = writeln!(text, "{} rules are not for an embedded engine", summary.skipped);
    }
    text
}
