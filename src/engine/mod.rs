//! The embedded engines: what is emitted, run at once, with nothing installed. They are a smoke test; the engines that clusters run are the judges.

pub mod cel;
pub mod regorus;

use crate::diagnostic::codes::build;
use crate::diagnostic::{Diagnostic, Span};
use crate::eval::{Request, is_about};
use crate::ir::walk::kinds_beside;
use crate::ir::{Kind, Operation, Program, Rule};
use crate::object::Node;
use crate::target::inventory::opa_data;
use crate::target::opa;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What an engine says of an object: the failed rules, as `pack/rule` and message, sorted.
pub type Findings = Vec<(String, String)>;

/// The embedded engines by name.
pub const NAMES: [&str; 2] = [regorus::NAME, cel::NAME];

/// An engine that does not accept or cannot run what was emitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{engine}: {message}")]
pub struct EngineError {
    /// Its name.
    pub engine: &'static str,
    /// What it says.
    pub message: String,
}

impl From<&EngineError> for Diagnostic {
    fn from(error: &EngineError) -> Self {
        Diagnostic::error(&build::ENGINE_FAILED, Span::default(), format!("the embedded engine {} fails: {}", error.engine, error.message))
            .with_help("this is a fault of polc, not of the policies: report it")
    }
}

/// What an engine of admission policies gets for a request: the object alone where nothing but its creation is known, else an `AdmissionReview`.
#[must_use]
pub fn review(request: &Request<'_>) -> Json {
    let json = |node: Option<&Node>| node.map_or(Json::Null, Json::from);
    let (object, old_object) = match request.operation {
        Operation::Create => (Some(request.object), None),
        Operation::Update => (Some(request.object), request.old_object),
        Operation::Delete => (None, Some(request.object)),
    };
    if request.operation == Operation::Create && request.request.is_none() {
        return json(object);
    }
    let mut asked = match json(request.request) {
        Json::Object(fields) => fields,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => serde_json::Map::new(),
    };
    asked.insert("operation".to_owned(), request.operation.request_name().into());
    asked.insert("object".to_owned(), json(object));
    asked.insert("oldObject".to_owned(), json(old_object));
    serde_json::json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked })
}

/// All embedded engines, with what they emit for some rules compiled once.
#[derive(Debug)]
pub struct Engines {
    rego: Result<regorus::Rego, EngineError>,
    /// Rules that Rego cannot say.
    not_in_rego: Vec<String>,
    engine: cel::Engine,
    cel: BTreeMap<String, Result<cel::Compiled, cel::Error>>,
    about: BTreeMap<String, About>,
    skipped: usize,
}

/// What a rule is about.
#[derive(Debug)]
struct About {
    /// A policy is not asked about other kinds and operations.
    kinds: Vec<Kind>,
    operations: BTreeSet<Operation>,
    /// The kinds of the objects that it asks for beside the one that it judges.
    beside: BTreeSet<Kind>,
}

impl Engines {
    /// Lowers the wanted rules and loads them; a rule that a language cannot say is skipped there.
    pub fn new(program: &Program, wanted: impl Fn(&Rule) -> bool) -> Self {
        let mut own = program.clone();
        for pack in own.packs.values_mut() {
            pack.rules.retain(&wanted);
            for rule in &mut pack.rules {
                rule.targets = crate::ir::Targets::All;
            }
        }
        let mut not_in_rego: Vec<String> = Vec::new();
        let emission = opa::emit(&own);
        for row in &emission.report {
            if let crate::target::Outcome::Refused(_) = row.outcome {
                not_in_rego.push(row.rule.clone());
            }
        }
        let mut cel = BTreeMap::new();
        let mut skipped = not_in_rego.len();
        let mut about = BTreeMap::new();
        for rule in own.packs.values().flat_map(|pack| &pack.rules) {
            let (kinds, operations) = (rule.kinds.clone(), rule.operations.clone());
            about.insert(rule.id.clone(), About { kinds, operations, beside: kinds_beside(rule) });
            match crate::lower::cel::lower(rule) {
                Ok(policy) => {
                    cel.insert(rule.id.clone(), cel::Compiled::new(&policy));
                }
                Err(_) => skipped += 1,
            }
        }
        Engines { rego: regorus::Rego::new(&emission.artifacts), not_in_rego, engine: cel::Engine::new(), cel, about, skipped }
    }

    /// How many rules an engine was not given, over all engines.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// What the engines say of a request by one rule where it is not what is expected: a message, or that it passes.
    #[must_use]
    pub fn disagreements(&self, rule: &str, request: &Request<'_>, expected: Option<&str>) -> Vec<String> {
        let mut problems = Vec::new();
        let mut compare = |engine: &str, got: Result<Option<&str>, String>| match got {
            Err(error) => problems.push(format!("{engine}: {error}")),
            Ok(got) if got == expected => {}
            Ok(Some(message)) => problems.push(format!("{engine}: finds `{message}`")),
            Ok(None) => problems.push(format!("{engine}: finds nothing")),
        };
        let about = self.about.get(rule);
        if !self.not_in_rego.iter().any(|id| id == rule) {
            let data = about.and_then(|about| opa_data(request, &about.beside));
            match self.rego.as_ref().map_err(EngineError::clone).and_then(|rego| rego.judge_beside(&review(request), data.as_ref())) {
                Err(error) => compare(regorus::NAME, Err(error.message)),
                Ok(findings) => {
                    let own = findings.iter().find(|(id, _)| id == rule).map(|(_, message)| message.as_str());
                    compare(regorus::NAME, Ok(own));
                }
            }
        }
        let asked = about.is_some_and(|about| is_about(&about.kinds, &about.operations, request));
        match self.cel.get(rule).filter(|_| asked) {
            None => {}
            Some(Err(error)) => compare(cel::NAME, Err(error.to_string())),
            Some(Ok(compiled)) => match self.engine.judge(compiled, request) {
                Err(error) => compare(cel::NAME, Err(error.to_string())),
                Ok(message) => compare(cel::NAME, Ok(message.as_deref())),
            },
        }
        problems
    }
}
