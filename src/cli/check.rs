//! `polc check`

use super::sources::{files_under, read_bytes};
use super::{CompileArguments, Context, Failure, Format, Status, compile, print, print_json};
use crate::diagnostic::codes::input;
use crate::eval::{Evaluator, Request, Verdict};
use crate::ir::{Action, Operation, Program, Severity};
use crate::manifest::{self, Checker};
use crate::object::Node;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Judges manifests with the reference evaluator, and checks them against the schema of Kubernetes.
///
/// Exits with 1 when a rule whose action is `deny`, or a built-in check, finds something; rules that warn or audit do not count.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; may be repeated.
    #[arg(long, required = true, num_args = 1, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// YAML or JSON files, or folders that hold some; `-` is standard input.
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
    /// The namespace of objects that name none.
    #[arg(long, short, default_value = "default", value_name = "NAME")]
    namespace: String,
    /// A file with the Namespace that the objects are in: rules that read `namespaceObject` are judged then.
    #[arg(long, value_name = "FILE")]
    namespace_object: Option<PathBuf>,
    /// A file with the object before an update: rules on update are judged then; one manifest with one object is needed.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Show the rules that pass and that do not apply too.
    #[arg(long)]
    all: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    line: u32,
    field: &'a str,
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    rule: &'a str,
    severity: Severity,
    action: Action,
    verdict: &'static str,
    message: &'a str,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    objects: usize,
    rules: usize,
    pass: usize,
    fail: usize,
    skip: usize,
    not_judged: usize,
}

/// Gathers the rows as text: nothing is printed until all manifests are read, so that a run with wrong input prints no half of a document.
struct Printer {
    format: Format,
    color: bool,
    text: String,
    first: bool,
}

impl Printer {
    fn new(format: Format, color: bool) -> Self {
        let text = match format {
            Format::Json => "{\"results\":[".to_owned(),
            Format::Text => String::new(),
        };
        Printer { format, color, text, first: true }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                if !std::mem::take(&mut self.first) {
                    self.text.push(',');
                }
                self.text.push_str(&serde_json::to_string(row).map_err(|error| Failure::from(std::io::Error::other(error)))?);
            }
            Format::Text => self.line(row),
        }
        Ok(())
    }

    fn line(&mut self, row: &Row<'_>) {
        let (paint, reset) = match (self.color, row.verdict, row.action) {
            (false, _, _) => ("", ""),
            (true, "fail", Action::Deny) => ("\u{1b}[1;31m", "\u{1b}[0m"),
            (true, "fail", Action::Warn | Action::Audit) => ("\u{1b}[1;33m", "\u{1b}[0m"),
            (true, _, _) => ("\u{1b}[2m", "\u{1b}[0m"),
        };
        let word = match (row.verdict, row.action) {
            ("fail", Action::Deny) => "deny",
            ("fail", Action::Warn) => "warn",
            ("fail", Action::Audit) => "audit",
            (other, _) => other,
        };
        let _ = write!(self.text, "{}:{}: {paint}{word}{reset} {}", row.file, row.line, row.rule);
        if !row.message.is_empty() {
            let _ = write!(self.text, ": {}", row.message);
        }
        let _ = write!(self.text, "\n    {} ", if row.kind.is_empty() { "document" } else { row.kind });
        if row.namespace.is_empty() {
            let _ = write!(self.text, "{}", row.name);
        } else {
            let _ = write!(self.text, "{}/{}", row.namespace, row.name);
        }
        if !row.field.is_empty() {
            let _ = write!(self.text, ", {}", row.field);
        }
        self.text.push('\n');
    }

    fn finish(mut self, summary: &Summary) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                let summary = serde_json::to_string(summary).map_err(|error| Failure::from(std::io::Error::other(error)))?;
                let _ = writeln!(self.text, "],\"summary\":{summary}}}");
            }
            Format::Text => {
                let _ = write!(
                    self.text,
                    "{} objects, {} rules: {} passed, {} failed, {} did not apply",
                    summary.objects, summary.rules, summary.pass, summary.fail, summary.skip
                );
                if summary.not_judged > 0 {
                    let _ = write!(self.text, ", {} not judged (they need the old object, the request or the namespace)", summary.not_judged);
                }
                self.text.push('\n');
            }
        }
        print(&self.text)
    }
}

fn str_at<'a>(node: &'a Node, path: &[&str]) -> &'a str {
    path.iter().try_fold(node, |node, name| node.get(name)).and_then(Node::as_str).unwrap_or_default()
}

fn severity_of(id: &str, program: &Program) -> Severity {
    let own = manifest::builtin_ids().iter().find(|check| check.id == id).map(|check| check.severity).unwrap_or_default();
    program.packs.values().find_map(|pack| pack.builtins.get(id).copied()).unwrap_or(own)
}

/// Reads a file that has to hold exactly one object.
fn one_object(path: &std::path::Path) -> Result<Node, Failure> {
    let read = manifest::read(&read_bytes(path)?);
    let mut documents = read.documents.into_iter();
    match (documents.next(), documents.next()) {
        (Some(document), None) => Ok(document.node),
        (_, _) => Err(Failure::new(&input::NO_MANIFESTS, format!("`{}` does not hold exactly one object", path.display()))
            .with_help("give a YAML or JSON file with one object")),
    }
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let (compiled, _) = compile(&arguments.policies, &arguments.compile, context)?;
    let evaluator = Evaluator::new(&compiled.program);
    let rules: Vec<&crate::ir::Rule> = compiled.program.packs.values().flat_map(|pack| &pack.rules).collect();
    let namespace_object = arguments.namespace_object.as_deref().map(one_object).transpose()?;
    let old = arguments.old.as_deref().map(one_object).transpose()?;
    let mut files = Vec::new();
    for path in &arguments.manifests {
        files.extend(files_under(path, &["yaml", "yml", "json"])?);
    }
    let mut printer = Printer::new(arguments.format, context.color);
    let mut summary = Summary { rules: rules.len(), ..Summary::default() };
    let mut checker = Checker::new(crate::schema::Schema::kubernetes());
    let mut findings = false;
    for path in &files {
        let file = if path == std::path::Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
        let read = manifest::read(&read_bytes(path)?);
        for finding in &read.findings {
            findings |= builtin_row(&mut printer, &mut summary, &compiled.program, &file, None, finding, &arguments.namespace)?;
        }
        summary.objects += read.documents.len();
        if old.is_some() && (files.len() > 1 || read.documents.len() > 1) {
            return Err(Failure::new(&input::BAD_USAGE, "`--old` goes with one manifest that holds one object".to_owned())
                .with_help("judge the updated object by itself"));
        }
        for document in &read.documents {
            let node = &document.node;
            for finding in checker.check(node, &file) {
                findings |= builtin_row(&mut printer, &mut summary, &compiled.program, &file, Some(node), &finding, &arguments.namespace)?;
            }
            let request = Request {
                object: node,
                old_object: old.as_ref(),
                operation: if old.is_some() { Operation::Update } else { Operation::Create },
                namespace_object: namespace_object.as_ref(),
                request: None,
                default_namespace: Some(&arguments.namespace),
            };
            for outcome in evaluator.judge(&request) {
                let Some(rule) = rules.get(outcome.rule) else { continue };
                let (verdict, message, field, line) = match &outcome.verdict {
                    Verdict::Pass => {
                        summary.pass += 1;
                        ("pass", "", "", node.line)
                    }
                    Verdict::Skip => {
                        summary.skip += 1;
                        ("skip", "", "", node.line)
                    }
                    Verdict::NotJudged(why) => {
                        summary.not_judged += 1;
                        ("skip", *why, "", node.line)
                    }
                    Verdict::Fail(failure) => {
                        summary.fail += 1;
                        findings |= rule.action == Action::Deny;
                        ("fail", failure.message.as_str(), failure.field.as_str(), failure.line)
                    }
                };
                if verdict == "fail" || arguments.all {
                    printer.row(&row(&file, node, &arguments.namespace, line, field, &rule.id, rule.severity, rule.action, verdict, message))?;
                }
            }
        }
    }
    if summary.objects == 0 && summary.fail == 0 {
        return Err(Failure::new(&input::NO_MANIFESTS, "there is no object in what was given".to_owned())
            .with_help("give a YAML or JSON file, a folder that holds some, or `-` for standard input"));
    }
    printer.finish(&summary)?;
    Ok(if findings { Status::Findings } else { Status::Fine })
}
