//! `polc check`

use super::admission::{Admission, AdmissionArguments};
use super::identity::Identity;
use super::sources::{files_under, read_bytes};
use super::{CompileArguments, Context, Failure, Format, Status, compile_to_judge, print_bytes};
use crate::diagnostic::Level;
use crate::diagnostic::codes::input;
use crate::eval::{Cluster, Judge, Request, Verdict};
use crate::ir::{Action, Program, Rule, Severity};
use crate::manifest::{self, Finding, builtin};
use crate::schema::Schema;
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Judges manifests with the reference evaluator, and checks them against the schema of Kubernetes.
///
/// What is given is judged as one set: rules that ask for other objects (`cluster()`) see all of it. Mistakes in `test` items of the policies are told by `polc build` and `polc test`, not here.
///
/// Exits with 1 when a rule whose action is `deny`, or a built-in check, finds something; rules that warn or audit do not count.
/// Exits with 2 when a manifest cannot be read; the others are judged all the same.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; may be repeated [default: those of the configuration].
    #[arg(long, num_args = 1, value_name = "PATH")]
    policies: Vec<PathBuf>,
    /// YAML or JSON files, or folders that hold some; `-` is standard input.
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
    #[command(flatten)]
    admission: AdmissionArguments,
    /// Show the rules that pass and that do not apply too.
    #[arg(long)]
    all: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

struct Row<'a> {
    file: &'a str,
    line: u32,
    field: &'a str,
    identity: Identity<'a>,
    /// The place of the rule among all; none for a check of manifests.
    place: Option<usize>,
    rule: &'a str,
    severity: Severity,
    action: Action,
    verdict: &'static str,
    message: &'a str,
}

/// What the rows of a rule have in common.
#[derive(Serialize)]
struct JsonRule<'a> {
    rule: &'a str,
    severity: Severity,
    action: Action,
    verdict: &'static str,
}

#[derive(Serialize)]
struct InFile<'a> {
    file: &'a str,
}

/// What was written last of a kind, so that many rows of one object write its names once.
#[derive(Debug, Default)]
struct Written {
    of: Vec<u8>,
    json: Vec<u8>,
}

impl Written {
    /// The members of a JSON object, without its braces.
    fn members(&mut self, texts: &[&str], value: &impl Serialize) -> serde_json::Result<&[u8]> {
        let mut at = 0;
        let same = !self.json.is_empty()
            && texts.iter().all(|text| {
                let known = self.of.get(at..at + text.len()) == Some(text.as_bytes()) && self.of.get(at + text.len()) == Some(&0);
                at += text.len() + 1;
                known
            })
            && at == self.of.len();
        if !same {
            self.of.clear();
            for text in texts {
                self.of.extend_from_slice(text.as_bytes());
                self.of.push(0);
            }
            self.json = serde_json::to_vec(value)?;
        }
        Ok(inside(&self.json))
    }
}

/// Appends a text as JSON. Nearly all texts hold nothing to escape, which is seen at once for many bytes.
fn push_json(out: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    if text.bytes().fold(false, |found, byte| found | (byte < 0x20) | (byte == b'"') | (byte == b'\\')) {
        return serde_json::to_writer(out, text);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// A JSON object without its braces.
fn inside(json: &[u8]) -> &[u8] {
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default()
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
    text: Vec<u8>,
    first: bool,
    file: Written,
    identity: Written,
    /// By the place of the rule, that of the checks of manifests first.
    rules: Vec<Written>,
}

impl Printer {
    fn new(format: Format, color: bool) -> Self {
        let text = match format {
            Format::Json => b"{\"results\":[".to_vec(),
            Format::Text => Vec::new(),
        };
        Printer { format, color, text, first: true, file: Written::default(), identity: Written::default(), rules: Vec::new() }
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        match self.format {
            Format::Json => {
                if !std::mem::take(&mut self.first) {
                    self.text.push(b',');
                }
                self.json(row).map_err(|error| Failure::from(std::io::Error::other(error)))?;
            }
            Format::Text => self.line(row),
        }
        Ok(())
    }

    fn json(&mut self, row: &Row<'_>) -> serde_json::Result<()> {
        let text = &mut self.text;
        text.push(b'{');
        text.extend_from_slice(self.file.members(&[row.file], &InFile { file: row.file })?);
        text.extend_from_slice(b",\"line\":");
        serde_json::to_writer(&mut *text, &row.line)?;
        text.extend_from_slice(b",\"field\":");
        push_json(text, row.field)?;
        text.push(b',');
        text.extend_from_slice(self.identity.members(&row.identity.parts(), &row.identity)?);
        text.push(b',');
        let Row { rule, severity, action, verdict, .. } = *row;
        let place = row.place.map_or(0, |place| place + 1);
        if self.rules.len() <= place {
            self.rules.resize_with(place + 1, Written::default);
        }
        if let Some(written) = self.rules.get_mut(place) {
            text.extend_from_slice(written.members(&[rule, action.name(), verdict], &JsonRule { rule, severity, action, verdict })?);
        }
        text.extend_from_slice(b",\"message\":");
        push_json(text, row.message)?;
        text.push(b'}');
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
        let _ = write!(self.text, "\n    {} ", if row.identity.kind.is_empty() { "document" } else { row.identity.kind });
        if row.identity.namespace.is_empty() {
            let _ = write!(self.text, "{}", row.identity.name);
        } else {
            let _ = write!(self.text, "{}/{}", row.identity.namespace, row.identity.name);
        }
        if !row.field.is_empty() {
            let _ = write!(self.text, ", {}", row.field);
        }
        self.text.push(b'\n');
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
                    "{}, {}: {} passed, {} failed, {} did not apply",
                    counted(summary.objects, "object"),
                    counted(summary.rules, "rule"),
                    summary.pass,
                    summary.fail,
                    summary.skip
                );
                if summary.not_judged > 0 {
                    let _ =
                        write!(self.text, ", {} not judged (they need the old object, the request or the namespace)", summary.not_judged);
                }
                self.text.push(b'\n');
            }
        }
        print_bytes(&self.text)
    }
}

/// `1 rule`, `2 rules`
fn counted(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

pub(super) fn severity_of(id: &str, program: &Program) -> Severity {
    let own = builtin::builtin_ids().iter().find(|check| check.id == id).map(|check| check.severity).unwrap_or_default();
    program.packs.values().find_map(|pack| pack.builtins.get(id).copied()).unwrap_or(own)
}

/// Takes findings and verdicts and gives rows.
struct Run<'a> {
    printer: Printer,
    summary: Summary,
    program: &'a Program,
    schema: &'static Schema,
    rules: Vec<&'a Rule>,
    judge: Judge,
    checker: builtin::Checker,
    default_namespace: &'a str,
    all: bool,
    findings: bool,
    unreadable: bool,
}

impl<'a> Run<'a> {
    fn builtin(&mut self, file: &str, identity: Identity<'_>, finding: &Finding) -> Result<(), Failure> {
        let action = match finding.level {
            Level::Error => Action::Deny,
            Level::Warning => Action::Warn,
        };
        self.findings |= action == Action::Deny;
        self.unreadable |= finding.id == "yaml-syntax";
        self.summary.fail += 1;
        let rule = format!("builtin/{}", finding.id);
        self.printer.row(&Row {
            file,
            line: finding.line,
            field: &finding.field,
            identity,
            place: None,
            rule: &rule,
            severity: severity_of(finding.id, self.program),
            action,
            verdict: "fail",
            message: &finding.message,
        })
    }

    fn file(&mut self, file: &str, read: &manifest::Read, admission: &Admission, cluster: Option<&Cluster<'_>>) -> Result<(), Failure> {
        for finding in &read.findings {
            self.builtin(file, Identity::default(), finding)?;
        }
        self.summary.objects += read.documents.len();
        for document in &read.documents {
            let asked = admission.asked(&document.node);
            let request = admission.request(&document.node, asked.as_ref(), cluster);
            self.object(file, document, &request)?;
        }
        Ok(())
    }

    fn object(&mut self, file: &str, document: &manifest::Document, request: &Request<'_>) -> Result<(), Failure> {
        let node = &document.node;
        let identity = Identity::of(self.schema, node, self.default_namespace);
        for finding in &self.checker.check(file, document, self.default_namespace) {
            self.builtin(file, identity, finding)?;
        }
        let mut outcomes = self.judge.judge(request).peekable();
        let skipped = Verdict::Skip;
        for (index, rule) in self.rules.iter().enumerate() {
            let outcome = outcomes.next_if(|outcome| outcome.rule == index);
            let why;
            let (verdict, message, field, line) = match outcome.as_ref().map_or(&skipped, |outcome| &outcome.verdict) {
                Verdict::Pass => {
                    self.summary.pass += 1;
                    ("pass", "", "", document.line)
                }
                Verdict::Skip => {
                    self.summary.skip += 1;
                    ("skip", "", "", document.line)
                }
                Verdict::NotJudged(missing) => {
                    self.summary.not_judged += 1;
                    why = format!("not judged: {missing}");
                    ("skip", why.as_str(), "", document.line)
                }
                Verdict::Fail { message, field, line, .. } => {
                    self.summary.fail += 1;
                    self.findings |= rule.action == Action::Deny;
                    ("fail", message.as_str(), field.as_str(), *line)
                }
            };
            if verdict == "fail" || self.all {
                self.printer.row(&Row {
                    file,
                    line,
                    field,
                    identity,
                    place: Some(index),
                    rule: &rule.id,
                    severity: rule.severity,
                    action: rule.action,
                    verdict,
                    message,
                })?;
            }
        }
        Ok(())
    }
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    arguments.compile.config.require_policies(&arguments.policies)?;
    let (compiled, loaded) = compile_to_judge(&arguments.policies, &arguments.compile, context)?;
    let program = &compiled.program;
    let schema = loaded.options.schema;
    let rules: Vec<&Rule> = program.packs.values().flat_map(|pack| &pack.rules).collect();
    let admission = arguments.admission.read(schema)?;
    let mut files = Vec::new();
    for path in &arguments.manifests {
        files.extend(files_under(path, &["yaml", "yml", "json"])?);
    }
    let mut run = Run {
        printer: Printer::new(arguments.format, context.color),
        summary: Summary { rules: rules.len(), ..Summary::default() },
        judge: Judge::of_program(program),
        checker: builtin::Checker::with(schema),
        program,
        schema,
        rules,
        default_namespace: &admission.namespace,
        all: arguments.all,
        findings: false,
        unreadable: false,
    };
    let read = |path: &PathBuf| {
        let file = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
        let read = manifest::read(&read_bytes(path)?);
        if admission.is_of_one() && (files.len() > 1 || read.documents.len() != 1) {
            return Err(Failure::new(&input::BAD_USAGE, "`--old` goes with one manifest that holds one object".to_owned())
                .with_help("judge the updated object by itself"));
        }
        Ok((file, read))
    };
    if run.rules.iter().any(|rule| rule.looks_at_others.is_some()) {
        let all = files.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        let objects = all.iter().flat_map(|(_, read)| &read.documents).map(|document| &document.node);
        let cluster = Cluster::new(objects, &admission.namespace);
        for (file, read) in &all {
            run.file(file, read, &admission, Some(&cluster))?;
        }
    } else {
        for path in &files {
            let (file, read) = read(path)?;
            run.file(&file, &read, &admission, None)?;
        }
    }
    if run.summary.objects == 0 && run.summary.fail == 0 {
        return Err(Failure::new(&input::NO_MANIFESTS, "there is no object in what was given".to_owned())
            .with_help("give a YAML or JSON file, a folder that holds some, or `-` for standard input"));
    }
    run.printer.finish(&run.summary)?;
    Ok(match (run.unreadable, run.findings) {
        (true, _) => Status::WrongInput,
        (false, true) => Status::Findings,
        (false, false) => Status::Fine,
    })
}
