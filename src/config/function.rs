//! The input of a KRM function: a `ResourceList` whose `functionConfig` says what is built and judged.
//!
//! Source: the KRM Functions Specification, `config.kubernetes.io/v1`.

use super::read::Reader;
use super::{Config, Entries, Overlay, Placed};
use crate::diagnostic::codes::config as codes;
use crate::diagnostic::{Diagnostic, Level};
use crate::manifest::{self, Text};
use crate::object::{Key, Node, Value};

/// `apiVersion` of a `functionConfig`.
pub const API_VERSION: &str = "polc/v1";
/// `kind` of a `functionConfig`.
pub const KIND: &str = "Policies";

/// The keys of `spec`.
const KEYS: [&str; 11] =
    ["config", "env", "policies", "crds", "sources", "targets", "kubernetes", "validate", "params", "actions", "exemptions"];

/// What a function is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// The whole `ResourceList`.
    pub list: Node,
    /// `policies`, `crds`, `targets`, `kubernetes`, and what is changed.
    pub config: Config,
    /// Texts of `.pol` files, by their names.
    pub sources: Entries<Placed<String>>,
    /// Whether the items are judged; what is not said follows from `targets`: without any they are.
    pub validate: Option<bool>,
    /// The path of a `polc.yaml`.
    pub file: Option<Placed<String>>,
    /// The environment in it.
    pub environment: Option<Placed<String>>,
}

impl Function {
    /// The items of the list.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        self.list.get("items").map(Node::items).unwrap_or_default()
    }
}

/// Reads the text of the source with this index.
///
/// # Errors
/// All that is wrong in it.
pub fn read(source: u32, text: &str) -> Result<Function, Vec<Diagnostic>> {
    let mut reader = Reader { text: Text::new(source, text), diagnostics: Vec::new() };
    let function = reader.list();
    match function {
        Some(function) if !reader.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) => Ok(function),
        Some(_) | None => Err(reader.diagnostics),
    }
}

impl Reader<'_> {
    fn list(&mut self) -> Option<Function> {
        let node = self.whole("a ResourceList")?;
        let is_list = node.get("kind").and_then(Node::as_str) == Some("ResourceList");
        if !is_list || !matches!(node.get("items").map(|items| &items.value), Some(Value::List(_) | Value::Null) | None) {
            let span = self.text.value(&node);
            self.error(&codes::BAD_CONFIG, span, "standard input is no ResourceList", "run it as a KRM function of kustomize or kpt");
            return None;
        }
        let mut function = Function {
            config: Config::default(),
            sources: Vec::new(),
            validate: None,
            file: None,
            environment: None,
            list: Node { value: Value::Null, ..node.clone() },
        };
        let entry = node.entries().iter().find(|(key, _)| &*key.name == "functionConfig");
        match entry {
            Some((key, config)) => self.function_config(key, config, &mut function),
            None => {
                let span = self.text.value(&node);
                let help = format!("give it one with `apiVersion: {API_VERSION}`, `kind: {KIND}` and a `spec`");
                self.error(&codes::BAD_CONFIG, span, "the ResourceList has no `functionConfig`", help);
            }
        }
        function.list = node;
        Some(function)
    }

    fn function_config(&mut self, key: &Key, config: &Node, function: &mut Function) {
        let name = |field: &str| config.get(field).and_then(Node::as_str).unwrap_or_default();
        if (name("apiVersion"), name("kind")) != (API_VERSION, KIND) {
            let message = format!("the `functionConfig` is `{} {}`", name("apiVersion"), name("kind"));
            self.error(
                &codes::BAD_CONFIG,
                self.text.key(key),
                message,
                format!("it has to be `apiVersion: {API_VERSION}` and `kind: {KIND}`"),
            );
            return;
        }
        for (key, _) in config.entries() {
            if !["apiVersion", "kind", "metadata", "spec"].contains(&&*key.name) {
                self.unknown_key(key, &["apiVersion", "kind", "metadata", "spec"], "the `functionConfig`");
            }
        }
        let Some((key, spec)) = config.entries().iter().find(|(key, _)| &*key.name == "spec") else {
            self.error(&codes::BAD_CONFIG, self.text.key(key), "the `functionConfig` has no `spec`", "say in it which policies there are");
            return;
        };
        let before = self.diagnostics.len();
        for (key, value) in self.map(key, spec, "a map") {
            match &*key.name {
                "config" => function.file = self.path(key, value),
                "env" => function.environment = self.string(key, value, "the name of an environment"),
                "sources" => {
                    for (name, text) in self.map(key, value, "a map of names and texts of `.pol` files") {
                        let placed = Placed { value: name.name.to_string(), span: self.text.key(name) };
                        function.sources.extend(self.string(name, text, "the text of a `.pol` file").map(|text| (placed, text)));
                    }
                }
                "validate" => match value.value {
                    Value::Bool(validate) => function.validate = Some(validate),
                    Value::Null | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) | Value::Map(_) => {
                        self.wrong_type(self.spot(key, value), &key.name, value, "`true` or `false`");
                    }
                },
                "policies" => function.config.policies = self.paths(key, value),
                "crds" => function.config.crds = self.paths(key, value),
                "targets" => function.config.targets = self.targets(key, value),
                "kubernetes" => function.config.kubernetes = self.kubernetes(value),
                name if Overlay::KEYS.contains(&name) => self.overlay_key(&mut function.config.base, key, value),
                _ => self.unknown_key(key, &KEYS, "the `spec`"),
            }
        }
        if self.diagnostics.len() > before {
            return;
        }
        let span = self.text.key(key);
        if function.config.policies.is_empty() && function.sources.is_empty() && function.file.is_none() {
            self.error(&codes::BAD_CONFIG, span, "the `spec` names no policies", "give `policies`, `sources` or `config`");
        }
        if let (Some(environment), None) = (&function.environment, &function.file) {
            let help = "name the `polc.yaml` that has it with `config`";
            self.error(&codes::BAD_CONFIG, environment.span, "`env` needs a `config`", help);
        }
        for target in &function.config.targets {
            if !target.value.is_applied() {
                let message = format!("the target `{}` is no Kubernetes objects", target.value.name());
                self.error(&codes::BAD_CONFIG, target.span, message, "write it with `polc build`");
            }
        }
    }

    /// The one document of the text, lists of objects not taken apart.
    pub(super) fn whole(&mut self, what: &str) -> Option<Node> {
        let read = manifest::read_whole(self.text.text);
        let findings = read.findings.iter().chain(read.documents.iter().flat_map(|document| &document.findings));
        for finding in findings {
            let span = self.text.place(finding.line, finding.column);
            let message = match finding.id {
                "manifest-object" => format!("{what} is a map"),
                _ => finding.message.clone(),
            };
            self.error(&codes::BAD_CONFIG, span, message, "mend the YAML: one map, each key once");
        }
        let mut documents = read.documents.into_iter();
        let first = documents.next()?;
        if let Some(second) = documents.next() {
            let span = self.text.value(&second.node);
            self.error(&codes::BAD_CONFIG, span, "a second document", "write one YAML document");
        }
        Some(first.node)
    }
}
