//! `polc fix`

use super::identity::Identity;
use super::sources::{files_under, read_bytes};
use super::{CompileArguments, Context, Failure, Format, Status, compile_to_judge, io_text, print, print_json};
use crate::diagnostic::codes::input;
use crate::eval::Request;
use crate::eval::change::{Effect, Generator, Mutator, reason, same};
use crate::ir::{Operation, Program};
use crate::manifest::{self, Document};
use crate::object::Node;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Applies the mutations of policies to manifests, as a cluster would when they are created.
///
/// The mutations run once, in the order of packs and sources, each on what those before it made. A document that none changes stays as it is, byte for byte. One that is changed is written anew: its comments are lost, and a
/// `List` becomes the documents that it holds. Nothing is written unless all manifests can be read.
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
    /// The namespace of objects that name none.
    #[arg(long, short, default_value = "default", value_name = "NAME")]
    namespace: String,
    /// Write the changed files instead of printing all manifests.
    #[arg(long, conflicts_with = "check")]
    write: bool,
    /// Print which objects would change, and exit with 1 if any would.
    #[arg(long)]
    check: bool,
    /// Put the objects that generations bring behind those that bring them, unless they are among the manifests.
    #[arg(long)]
    generate: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What one item did with an object.
#[derive(Serialize)]
struct Applied {
    rule: String,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    file: String,
    line: u32,
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    changed: bool,
    mutations: Vec<Applied>,
    object: serde_json::Value,
}

#[derive(Serialize)]
struct Brought {
    rule: String,
    file: String,
    line: u32,
    object: serde_json::Value,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Summary {
    objects: usize,
    mutations: usize,
    generations: usize,
    changed: usize,
    generated: usize,
    left_alone: usize,
}

#[derive(Serialize)]
struct Report {
    results: Vec<Row>,
    generated: Vec<Brought>,
    summary: Summary,
}

/// A file and what becomes of it.
struct File {
    path: PathBuf,
    name: String,
    text: String,
    documents: Vec<Document>,
    /// For each document what it becomes, where that differs, and what comes with it.
    made: Vec<(Option<Node>, Vec<Node>)>,
}

struct Items {
    mutations: Vec<(String, Mutator)>,
    generations: Vec<(String, Generator)>,
}

impl Items {
    fn new(program: &Program) -> Self {
        Items {
            mutations: program
                .packs
                .values()
                .flat_map(|pack| &pack.mutations)
                .map(|mutation| (mutation.head.id.clone(), Mutator::new(mutation)))
                .collect(),
            generations: program
                .packs
                .values()
                .flat_map(|pack| &pack.generations)
                .map(|generation| (generation.head.id.clone(), Generator::new(generation)))
                .collect(),
        }
    }
}

fn request<'a>(object: &'a Node, namespace: &'a str) -> Request<'a> {
    Request {
        object,
        old_object: None,
        operation: Operation::Create,
        namespace_object: None,
        request: None,
        default_namespace: Some(namespace),
        cluster: None,
    }
}

/// Runs all mutations on an object; gives what it becomes.
fn mutate(object: &Node, items: &Items, namespace: &str) -> (Node, Vec<Applied>) {
    let mut made = object.clone();
    let mut applied = Vec::new();
    for (rule, mutator) in &items.mutations {
        let effect = mutator.mutate(&request(&made, namespace));
        let word = match &effect {
            Effect::Nothing => continue,
            Effect::NotJudged(_) => "not-judged",
            Effect::Unreadable(_) => "unreadable",
            Effect::Conflict(_) => "conflict",
            Effect::Done(_) => "changed",
        };
        applied.push(Applied { rule: rule.clone(), effect: word, reason: reason(&effect) });
        if let Effect::Done(next) = effect {
            made = next;
        }
    }
    (made, applied)
}

/// The parts of a text between lines of `---`: the first line of each, whether it is such a line, and its text with the line ends.
fn parts(text: &str) -> Vec<(u32, bool, &str)> {
    let mut parts: Vec<(u32, bool, &str)> = Vec::new();
    let (mut start, mut at, mut line, mut first) = (0, 0, 1, 1);
    for piece in text.split_inclusive('\n') {
        if piece.starts_with("---") {
            parts.push((first, false, text.get(start..at).unwrap_or_default()));
            parts.push((line, true, piece));
            start = at + piece.len();
            first = line + 1;
        }
        at += piece.len();
        line += 1;
    }
    parts.push((first, false, text.get(start..).unwrap_or_default()));
    parts
}

/// The text of a file with what its documents become.
fn rewritten(file: &File) -> String {
    let mut out = String::new();
    let all = parts(&file.text);
    for (index, (line, separator, text)) in all.iter().enumerate() {
        let end = all.get(index + 1).map_or(u32::MAX, |(next, _, _)| *next);
        let within: Vec<usize> = (0..file.documents.len())
            .filter(|at| file.documents.get(*at).is_some_and(|document| document.line >= *line && document.line < end))
            .collect();
        let changed = |at: &usize| file.made.get(*at).is_some_and(|(made, brought)| made.is_some() || !brought.is_empty());
        if *separator || !within.iter().any(changed) {
            out.push_str(text);
            continue;
        }
        let mut objects: Vec<&Node> = Vec::new();
        for at in within {
            if let (Some(document), Some((made, brought))) = (file.documents.get(at), file.made.get(at)) {
                objects.push(made.as_ref().unwrap_or(&document.node));
                objects.extend(brought);
            }
        }
        if text.trim_start().starts_with('{') {
            out.push_str(&json(&objects));
        } else {
            let documents: Vec<String> = objects.into_iter().map(manifest::yaml).collect();
            out.push_str(&documents.join("---\n"));
        }
    }
    out
}

fn json(objects: &[&Node]) -> String {
    let values: Vec<serde_json::Value> = objects.iter().map(|object| serde_json::Value::from(*object)).collect();
    let value = match <[serde_json::Value; 1]>::try_from(values) {
        Ok([one]) => one,
        Err(several) => serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": several }),
    };
    format!("{value:#}\n")
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = read_bytes(path)?;
    let read = manifest::read(&bytes);
    if let Some(finding) = read.findings.first() {
        return Err(Failure::new(&input::NO_MANIFESTS, format!("`{name}` cannot be read: line {}: {}", finding.line, finding.message))
            .with_help("mend the manifest; nothing was written"));
    }
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(File { path: path.to_owned(), name, text, documents: read.documents, made: Vec::new() })
}

/// Writes a file in one step, so that none is left half written.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong =
        |error: std::io::Error| Failure::new(&input::CANNOT_WRITE, format!("cannot write `{}`: {}", path.display(), io_text(&error)));
    let target = std::fs::canonicalize(path).map_err(wrong)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    let permissions = std::fs::metadata(&target).map_err(wrong)?.permissions();
    std::fs::set_permissions(file.path(), permissions).map_err(wrong)?;
    file.persist(&target).map_err(|error| wrong(error.error))?;
    Ok(())
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    arguments.compile.config.require_policies(&arguments.policies)?;
    let (compiled, loaded) = compile_to_judge(&arguments.policies, &arguments.compile, context)?;
    let items = Items::new(&compiled.program);
    let mut paths = Vec::new();
    for path in &arguments.manifests {
        paths.extend(files_under(path, &["yaml", "yml", "json"])?);
    }
    if arguments.write && paths.iter().any(|path| path == Path::new("-")) {
        return Err(Failure::new(&input::BAD_USAGE, "`--write` needs files, and standard input is none".to_owned())
            .with_help("leave `--write` out to print the manifests"));
    }
    let mut files = paths.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let summary = Summary {
        objects: files.iter().map(|file| file.documents.len()).sum(),
        mutations: items.mutations.len(),
        generations: items.generations.len(),
        ..Summary::default()
    };
    let mut report = Report { results: Vec::new(), generated: Vec::new(), summary };
    if report.summary.objects == 0 {
        return Err(Failure::new(&input::NO_MANIFESTS, "there is no object in what was given".to_owned())
            .with_help("give a YAML or JSON file, a folder that holds some, or `-` for standard input"));
    }
    let namespace = arguments.namespace.as_str();
    let owned = |object: &Node| Identity::of(loaded.options.schema, object, namespace).parts().map(str::to_owned);
    let mut known: Vec<[String; 4]> = files.iter().flat_map(|file| &file.documents).map(|document| owned(&document.node)).collect();
    for file in &mut files {
        for document in &file.documents {
            let (made, mutations) = mutate(&document.node, &items, namespace);
            let changed = !same(&made, &document.node);
            let mut brought = Vec::new();
            for (rule, generator) in items.generations.iter().filter(|_| arguments.generate) {
                let Effect::Done(objects) = generator.generate(&request(&made, namespace)) else { continue };
                for object in objects {
                    let own = owned(&object);
                    if known.contains(&own) {
                        continue;
                    }
                    known.push(own);
                    report.generated.push(Brought {
                        rule: rule.clone(),
                        file: file.name.clone(),
                        line: document.line,
                        object: serde_json::Value::from(&object),
                    });
                    brought.push(object);
                }
            }
            let [api_version, kind, namespace, name] = owned(&document.node);
            report.summary.changed += usize::from(changed);
            report.summary.left_alone += mutations.iter().filter(|applied| applied.reason.is_some()).count();
            report.results.push(Row {
                file: file.name.clone(),
                line: document.line,
                api_version,
                kind,
                namespace,
                name,
                changed,
                mutations,
                object: serde_json::Value::from(&made),
            });
            file.made.push((changed.then_some(made), brought));
        }
    }
    report.summary.generated = report.generated.len();
    let changes = report.summary.changed + report.summary.generated > 0;
    let touched: Vec<&File> =
        files.iter().filter(|file| file.made.iter().any(|(made, brought)| made.is_some() || !brought.is_empty())).collect();
    if arguments.write {
        for file in &touched {
            replace(&file.path, &rewritten(file))?;
        }
    }
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Text if arguments.write || arguments.check => print(&told(&report, arguments.write))?,
        Format::Text => {
            std::io::stderr().lock().write_all(left_alone(&report).as_bytes())?;
            print(&joined(&files))?;
        }
    }
    Ok(if arguments.check && changes { Status::Findings } else { Status::Fine })
}

/// All manifests, one after the other.
fn joined(files: &[File]) -> String {
    let mut out = String::new();
    for file in files {
        let text = rewritten(file);
        if !out.is_empty() && !text.starts_with("---") {
            out.push_str("---\n");
        }
        out.push_str(&text);
        if !out.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

fn named(row: &Row) -> String {
    let namespace = if row.namespace.is_empty() { String::new() } else { format!("{}/", row.namespace) };
    format!("{} {namespace}{}", row.kind, row.name)
}

/// A line for each mutation that leaves an object alone.
fn left_alone(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.results {
        for applied in &row.mutations {
            if let Some(reason) = &applied.reason {
                let _ = writeln!(text, "{}:{}: {} leaves {} alone: {reason}", row.file, row.line, applied.rule, named(row));
            }
        }
    }
    text
}

/// What changed or would change, for people.
fn told(report: &Report, written: bool) -> String {
    let mut text = String::new();
    for row in report.results.iter().filter(|row| row.changed) {
        let rules: Vec<&str> =
            row.mutations.iter().filter(|applied| applied.reason.is_none()).map(|applied| applied.rule.as_str()).collect();
        let _ = writeln!(text, "{}:{}: {} {}", row.file, row.line, named(row), rules.join(", "));
    }
    for brought in &report.generated {
        let name = brought.object.pointer("/metadata/name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let kind = brought.object.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default();
        let _ = writeln!(text, "{}:{}: brings {kind} {name} {}", brought.file, brought.line, brought.rule);
    }
    text.push_str(&left_alone(report));
    let summary = &report.summary;
    let word = if written { "changed" } else { "would change" };
    let s = if summary.objects == 1 { "" } else { "s" };
    let _ = write!(text, "{} of {} object{s} {word}", summary.changed, summary.objects);
    if summary.generated > 0 {
        let _ = write!(text, ", {} {}", summary.generated, if written { "were added" } else { "would be added" });
    }
    text.push('\n');
    text
}
