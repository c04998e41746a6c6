//! `polc krm`

use super::sources::{self, read_text};
use super::{Context, Failure, Purpose, Status, compile_layers, config::ConfigArguments, options, print};
use crate::config::function::{self, Function};
use crate::diagnostic::codes::{config as codes, input};
use crate::diagnostic::{Level, Sources};
use crate::eval::{Cluster, Judge, Request, Verdict};
use crate::ir::{Action, Operation, Program, Severity};
use crate::manifest::{self, Document, builtin};
use crate::object::{Key, Node, Value};
use crate::schema::Schema;
use crate::target::{self, Artifact, Options};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Runs as a KRM function of kustomize or kpt: a ResourceList on standard input, one on standard output.
///
/// The `functionConfig` is `apiVersion: polc/v1`, `kind: Policies`. Its `spec` names policies by `policies` (paths), `sources` (texts) or `config` (a polc.yaml,
/// with `env`); `targets` are added to the items, and without them, or with `validate: true`, the items are judged. Exits with 1 when a rule whose action is `deny`
/// finds something.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// A result, as the KRM Functions Specification has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    message: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_ref: Option<ResourceRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    tags: BTreeMap<&'static str, String>,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
struct ResourceRef {
    api_version: String,
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

#[derive(Serialize)]
struct Field {
    path: String,
}

#[derive(Serialize, Clone)]
struct File {
    path: String,
    index: u64,
}

/// An annotation that the orchestrator gives an item; older ones have no `internal.` before it.
fn annotation<'n>(item: &'n Node, name: &str) -> Option<&'n str> {
    ["internal.config.kubernetes.io", "config.kubernetes.io"]
        .iter()
        .find_map(|group| item.text_at(&["metadata", "annotations", &format!("{group}/{name}")]))
}

fn reference(item: &Node) -> Option<ResourceRef> {
    Some(ResourceRef {
        api_version: item.text_at(&["apiVersion"])?.to_owned(),
        kind: item.text_at(&["kind"])?.to_owned(),
        name: item.text_at(&["metadata", "name"])?.to_owned(),
        namespace: item.text_at(&["metadata", "namespace"]).map(str::to_owned),
    })
}

fn file(item: &Node) -> Option<File> {
    let path = annotation(item, "path")?.to_owned();
    Some(File { path, index: annotation(item, "index").and_then(|index| index.parse().ok()).unwrap_or(0) })
}

/// Judges items: those that the orchestrator keeps to itself are left out.
fn judge(program: &Program, schema: &'static Schema, items: &[Node]) -> Vec<Finding> {
    let rules: Vec<_> = program.packs.values().flat_map(|pack| &pack.rules).collect();
    let judge = Judge::of_program(program);
    let mut checker = builtin::Checker::with(schema);
    let is_local = |item: &Node| annotation(item, "local-config") == Some("true");
    let cluster = Cluster::new(items.iter().filter(|item| !is_local(item)), "default");
    let mut findings = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if is_local(item) {
            continue;
        }
        let (resource, of_file) = (reference(item), file(item));
        let mut add = |message: &str, action: Action, field: &str, rule: String, severity: Severity| {
            findings.push(Finding {
                message: format!("{rule}: {message}"),
                severity: match action {
                    Action::Deny => "error",
                    Action::Warn => "warning",
                    Action::Audit => "info",
                },
                field: (resource.is_some() && !field.is_empty()).then(|| Field { path: field.to_owned() }),
                resource_ref: resource.clone(),
                file: of_file.clone(),
                tags: BTreeMap::from([("rule", rule), ("severity", severity.name().to_owned())]),
            });
        };
        let document = Document { node: item.clone(), index, line: item.line, findings: Vec::new() };
        let source = of_file.as_ref().map_or("<stdin>", |file| file.path.as_str());
        for found in checker.check(source, &document, "default") {
            let action = match found.level {
                Level::Error => Action::Deny,
                Level::Warning => Action::Warn,
            };
            let severity = super::check::severity_of(found.id, program);
            add(&found.message, action, &found.field, format!("builtin/{}", found.id), severity);
        }
        let request = Request {
            object: item,
            old_object: None,
            operation: Operation::Create,
            namespace_object: None,
            request: None,
            default_namespace: Some("default"),
            cluster: Some(&cluster),
        };
        for outcome in judge.judge(&request) {
            let (Verdict::Fail { message, field, .. }, Some(rule)) = (&outcome.verdict, rules.get(outcome.rule)) else { continue };
            add(message, rule.action, field, rule.id.clone(), rule.severity);
        }
    }
    findings
}

/// The Kubernetes objects in what targets write.
fn objects(artifacts: &[Artifact]) -> Vec<Node> {
    let applied = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.ends_with(".yaml") && name != "kustomization.yaml" && !path.split('/').any(|part| part == "tests")
    };
    let documents =
        artifacts.iter().filter(|artifact| applied(&artifact.path)).flat_map(|artifact| manifest::read(&artifact.contents).documents);
    documents.map(|document| document.node).collect()
}

/// What tells one object from another.
fn identity(item: &Node) -> [&str; 4] {
    [&["apiVersion"][..], &["kind"], &["metadata", "namespace"], &["metadata", "name"]].map(|path| item.text_at(path).unwrap_or_default())
}

/// The list with objects that take the places of those with their names, or stand at the end.
fn with_items(list: &Node, objects: Vec<Node>, results: &[Finding]) -> Result<Node, Failure> {
    let mut items: Vec<Node> = list.get("items").map(Node::items).unwrap_or_default().to_vec();
    for object in objects {
        match items.iter_mut().find(|item| identity(item) == identity(&object)) {
            Some(item) => *item = object,
            None => items.push(object),
        }
    }
    let node = |value: Value| Node { value, line: 0, column: 0 };
    let mut entries: Vec<(Key, Node)> =
        list.entries().iter().filter(|(key, _)| !matches!(&*key.name, "items" | "results")).cloned().collect();
    entries.push((Key { name: "items".into(), line: 0, column: 0 }, node(Value::List(items))));
    if !results.is_empty() {
        entries.extend(results_node(results)?.entries().iter().cloned());
    }
    Ok(node(Value::Map(entries)))
}

fn results_node(results: &[Finding]) -> Result<Node, Failure> {
    let results = serde_json::to_value(results).map_err(|error| Failure::from(std::io::Error::other(error)))?;
    Ok(Node::from(&json!({ "results": results })))
}

/// What goes out: where nothing is added to the items, the text as it came, so that no comment is lost.
fn output(text: &str, function: &Function, objects: Vec<Node>, results: &[Finding]) -> Result<String, Failure> {
    let block = !text.trim_start().starts_with('{') && function.list.get("results").is_none();
    if objects.is_empty() && block {
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        let results = if results.is_empty() { String::new() } else { manifest::yaml(&results_node(results)?) };
        return Ok(format!("{text}{newline}{results}"));
    }
    let list = with_items(&function.list, objects, results)?;
    if text.trim_start().starts_with('{') {
        return Ok(format!("{}\n", Json::from(&list)));
    }
    Ok(manifest::yaml(&list))
}

pub fn run(_: &Arguments, context: &Context) -> Result<Status, Failure> {
    let text = read_text(Path::new("-"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Err(Failure::new(&input::NO_MANIFESTS, "standard input is empty".to_owned())
            .with_help("run it as a KRM function of kustomize or kpt"));
    }
    let mut sources = Sources::default();
    let index = sources.add_configuration("<stdin>", text);
    let function = function::read(index, text).map_err(|wrong| Failure::diagnostics(wrong, sources.clone()))?;
    let project = match &function.file {
        Some(file) => {
            let env = function.environment.as_ref().map(|name| name.value.clone());
            Some(ConfigArguments { config: Some(PathBuf::from(&file.value)), env }.load(&mut sources)?)
        }
        None => None,
    };
    let mut paths: Vec<PathBuf> = function.config.policies.iter().map(|path| PathBuf::from(&path.value)).collect();
    if paths.is_empty() && function.sources.is_empty() {
        paths.extend(project.iter().flat_map(super::config::Project::policies));
    }
    let texts: Vec<(&str, &str)> = function.sources.iter().map(|(name, text)| (name.value.as_str(), text.value.as_str())).collect();
    let mut layers = vec![&function.config.base];
    layers.extend(project.iter().flat_map(super::config::Project::layers));
    let mut crds: Vec<PathBuf> = function.config.crds.iter().map(|path| PathBuf::from(&path.value)).collect();
    if crds.is_empty() {
        crds.extend(project.iter().flat_map(super::config::Project::crds));
    }
    let schema = super::crds::schema(&crds, &mut sources)?;
    let loaded = sources::load_with(&paths, &texts, sources, false)?;
    let compile_options = crate::resolve::Options { schema, ..options() };
    let (compiled, loaded) = compile_layers(Purpose::Judge, &layers, loaded, compile_options, context)?;

    let mut objects_made = Vec::new();
    if !function.config.targets.is_empty() {
        let targets: BTreeSet<_> = function.config.targets.iter().map(|target| target.value).collect();
        let mut emitted_for = project.as_ref().map_or_else(Options::default, |project| project.config.target_options());
        if let Some(version) = &function.config.kubernetes {
            emitted_for.kubernetes = version.value;
        }
        let emission = target::emit(&compiled.program, &targets, &emitted_for);
        if emission.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
            return Err(Failure::diagnostics(emission.diagnostics, loaded.sources));
        }
        context.warn(&emission.diagnostics, &loaded.sources)?;
        objects_made = objects(&emission.artifacts);
        if objects_made.is_empty() {
            return Err(Failure::new(&codes::BAD_CONFIG, "the policies give no object in the targets of the `functionConfig`".to_owned())
                .with_help("name other targets, or leave `targets` out to judge the items"));
        }
    }
    let validate = function.validate.unwrap_or(function.config.targets.is_empty());
    let results = if validate { judge(&compiled.program, schema, function.items()) } else { Vec::new() };
    print(&output(text, &function, objects_made, &results)?)?;
    let mut err = std::io::stderr().lock();
    for result in &results {
        let of = result.resource_ref.as_ref().map(|of| format!("{} {}: ", of.kind, of.name)).unwrap_or_default();
        writeln!(err, "{}: {of}{}", result.severity, result.message)?;
    }
    Ok(if results.iter().any(|result| result.severity == "error") { Status::Findings } else { Status::Fine })
}
