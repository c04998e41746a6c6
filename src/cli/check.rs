//! `polc check`

use super::admission::{Admission, AdmissionArguments};
use super::identity::Identity;
use super::sources::{files_under, read_bytes};
use super::{CompileArguments, Context, Failure, Format, Status, compile_to_judge, print_parts};
use crate::diagnostic::Level;
use crate::diagnostic::codes::input;
use crate::eval::message::any_byte;
use crate::eval::{Cluster, Judge, Request, Said, Session};
use crate::ir::{Action, Program, Rule, Severity};
use crate::manifest::{self, Finding, builtin};
use crate::object::Node;
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

#[derive(Clone, Copy)]
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

/// The members of a rule's rows, up to the message: most of these are as the one before.
#[derive(Debug, Default)]
struct OfRule {
    id: String,
    action: Action,
    verdict: &'static str,
    json: Vec<u8>,
}

impl OfRule {
    fn members(&mut self, rule: &JsonRule<'_>) -> serde_json::Result<&[u8]> {
        if self.verdict != rule.verdict || self.action != rule.action || self.id != rule.rule {
            rule.rule.clone_into(&mut self.id);
            (self.action, self.verdict) = (rule.action, rule.verdict);
            self.json.clear();
            write_members(&mut self.json, rule)?;
            self.json.extend_from_slice(b",\"message\":");
        }
        Ok(&self.json)
    }
}

/// Appends a text as JSON. Nearly all texts hold nothing to escape.
fn push_json(out: &mut Vec<u8>, text: &str) -> serde_json::Result<()> {
    if any_byte(text, |byte| (byte < 0x20) | (byte == b'"') | (byte == b'\\')) {
        return serde_json::to_writer(out, text);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Appends the members of a JSON object, without its braces.
fn write_members(out: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    let start = out.len();
    serde_json::to_writer(&mut *out, value)?;
    out.pop();
    if out.get(start).is_some() {
        out.remove(start);
    }
    Ok(())
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

/// How many bytes of rows are gathered at a time, where there is no other memory for them.
const ROOM: usize = 64 << 10;

/// Gathers the rows as text: nothing is printed until all manifests are read, so that a run with wrong input prints no half of a document.
struct Printer {
    format: Format,
    color: bool,
    /// What is written already.
    full: Vec<Vec<u8>>,
    text: Vec<u8>,
    /// Memory for what comes next.
    spare: Vec<u8>,
    first: bool,
    /// How each row of the file begins that is read; empty until it has one.
    file: Vec<u8>,
    /// The members of the object that is judged, with the commas around them; empty until it has a row.
    identity: Vec<u8>,
    /// By the place of the rule, that of the checks of manifests first.
    rules: Vec<OfRule>,
}

impl Printer {
    fn new(format: Format, color: bool) -> Self {
        let text = match format {
            Format::Json => b"{\"results\":[".to_vec(),
            Format::Text => Vec::new(),
        };
        Printer {
            format,
            color,
            full: Vec::new(),
            text,
            spare: Vec::new(),
            first: true,
            file: Vec::new(),
            identity: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Takes memory that nobody needs any more: that of a manifest has room for the rows of its objects.
    fn reuse(&mut self, mut memory: Vec<u8>) {
        if memory.capacity() > self.spare.capacity() {
            memory.clear();
            self.spare = memory;
        }
    }

    /// Makes room for a row, without moving those before it.
    fn make_room(&mut self, bytes: usize) {
        if self.text.capacity() - self.text.len() < bytes {
            let mut next = std::mem::take(&mut self.spare);
            next.reserve(bytes.max(ROOM));
            self.full.push(std::mem::replace(&mut self.text, next));
        }
    }

    /// What follows is about another file.
    fn next_file(&mut self) {
        self.file.clear();
        self.identity.clear();
    }

    /// What follows is about another object.
    fn next_object(&mut self) {
        self.identity.clear();
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let identity: usize = row.identity.parts().iter().map(|part| part.len()).sum();
        self.make_room(row.file.len() + row.field.len() + identity + row.rule.len() + row.message.len() + 256);
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
        if self.file.is_empty() {
            self.file.push(b'{');
            write_members(&mut self.file, &InFile { file: row.file })?;
            self.file.extend_from_slice(b",\"line\":");
        }
        if self.identity.is_empty() {
            self.identity.push(b',');
            let Identity { api_version, kind, namespace, name } = row.identity;
            for (before, text) in
                [("\"apiVersion\":", api_version), (",\"kind\":", kind), (",\"namespace\":", namespace), (",\"name\":", name)]
            {
                self.identity.extend_from_slice(before.as_bytes());
                push_json(&mut self.identity, text)?;
            }
            self.identity.push(b',');
        }
        let text = &mut self.text;
        text.extend_from_slice(&self.file);
        serde_json::to_writer(&mut *text, &row.line)?;
        text.extend_from_slice(b",\"field\":");
        push_json(text, row.field)?;
        text.extend_from_slice(&self.identity);
        let Row { rule, severity, action, verdict, .. } = *row;
        let place = row.place.map_or(0, |place| place + 1);
        if self.rules.len() <= place {
            self.rules.resize_with(place + 1, OfRule::default);
        }
        if let Some(known) = self.rules.get_mut(place) {
            text.extend_from_slice(known.members(&JsonRule { rule, severity, action, verdict })?);
        }
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

    fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
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
        self.full.push(std::mem::take(&mut self.text));
        print_parts(&self.full)
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
    judge: &'a Judge,
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
        self.printer.next_file();
        for finding in &read.findings {
            self.builtin(file, Identity::default(), finding)?;
        }
        self.summary.objects += read.documents.len();
        // Of every object or of none.
        let asked: Vec<Node> = read.documents.iter().filter_map(|document| admission.asked(&document.node)).collect();
        let mut session = self.judge.session();
        for (index, document) in read.documents.iter().enumerate() {
            let request = admission.request(&document.node, asked.get(index), cluster);
            self.object(file, document, request, &mut session)?;
        }
        Ok(())
    }

    fn object<'s>(
        &mut self,
        file: &str,
        document: &manifest::Document,
        request: Request<'s>,
        session: &mut Session<'s>,
    ) -> Result<(), Failure> {
        self.printer.next_object();
        let node = &document.node;
        let identity = Identity::of(self.schema, node, self.default_namespace);
        for finding in &self.checker.check(file, document, self.default_namespace) {
            self.builtin(file, identity, finding)?;
        }
        let mut told = 0;
        session.judge(request, |index, said| {
            if told < index {
                self.skipped(file, document, identity, told..index)?;
            }
            told = index + 1;
            self.said(file, document, identity, index, said)
        })?;
        self.skipped(file, document, identity, told..self.rules.len())
    }

    /// What rules say that are about other kinds.
    fn skipped(
        &mut self,
        file: &str,
        document: &manifest::Document,
        identity: Identity<'_>,
        rules: std::ops::Range<usize>,
    ) -> Result<(), Failure> {
        if !self.all {
            self.summary.skip += rules.len();
            return Ok(());
        }
        for index in rules {
            self.said(file, document, identity, index, Said::Skip)?;
        }
        Ok(())
    }

    /// Counts a verdict, and gives it a row if it is shown.
    #[inline]
    fn said(
        &mut self,
        file: &str,
        document: &manifest::Document,
        identity: Identity<'_>,
        index: usize,
        said: Said<'_>,
    ) -> Result<(), Failure> {
        let count = match said {
            Said::Pass => &mut self.summary.pass,
            Said::Skip => &mut self.summary.skip,
            Said::NotJudged(_) => &mut self.summary.not_judged,
            Said::Fail { .. } => &mut self.summary.fail,
        };
        *count += 1;
        if self.all || matches!(said, Said::Fail { .. }) { self.row(file, document, identity, index, said) } else { Ok(()) }
    }

    fn row(
        &mut self,
        file: &str,
        document: &manifest::Document,
        identity: Identity<'_>,
        index: usize,
        said: Said<'_>,
    ) -> Result<(), Failure> {
        let Some(rule) = self.rules.get(index).copied() else { return Ok(()) };
        let why;
        let (verdict, message, field, line) = match said {
            Said::Pass => ("pass", "", "", document.line),
            Said::Skip => ("skip", "", "", document.line),
            Said::NotJudged(missing) => {
                why = format!("not judged: {missing}");
                ("skip", why.as_str(), "", document.line)
            }
            Said::Fail { message, field, line, .. } => {
                self.findings |= rule.action == Action::Deny;
                ("fail", message, field, line)
            }
        };
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
        })
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
    let judge = Judge::of_program(program);
    let mut run = Run {
        printer: Printer::new(arguments.format, context.color),
        summary: Summary { rules: rules.len(), ..Summary::default() },
        judge: &judge,
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
        let bytes = read_bytes(path)?;
        let read = manifest::read(&bytes);
        if admission.is_of_one() && (files.len() > 1 || read.documents.len() != 1) {
            return Err(Failure::new(&input::BAD_USAGE, "`--old` goes with one manifest that holds one object".to_owned())
                .with_help("judge the updated object by itself"));
        }
        Ok((file, read, bytes))
    };
    let mut last = None;
    if run.rules.iter().any(|rule| rule.looks_at_others.is_some()) {
        let all = files.iter().map(|path| read(path).map(|(file, read, _)| (file, read))).collect::<Result<Vec<_>, Failure>>()?;
        let objects = all.iter().flat_map(|(_, read)| &read.documents).map(|document| &document.node);
        let cluster = Cluster::new(objects, &admission.namespace);
        for (file, read) in &all {
            run.file(file, read, &admission, Some(&cluster))?;
        }
    } else {
        for path in &files {
            let (file, read, bytes) = read(path)?;
            run.printer.reuse(bytes);
            run.file(&file, last.insert(read), &admission, None)?;
        }
    }
    if run.summary.objects == 0 && run.summary.fail == 0 {
        return Err(Failure::new(&input::NO_MANIFESTS, "there is no object in what was given".to_owned())
            .with_help("give a YAML or JSON file, a folder that holds some, or `-` for standard input"));
    }
    run.printer.finish(&run.summary)?;
    let status = match (run.unreadable, run.findings) {
        (true, _) => Status::WrongInput,
        (false, true) => Status::Findings,
        (false, false) => Status::Fine,
    };
    // The process ends here, and takes no time to give back what it holds.
    std::mem::forget(run);
    std::mem::forget(judge);
    std::mem::forget((compiled, loaded, last));
    Ok(status)
}
