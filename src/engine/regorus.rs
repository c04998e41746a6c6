//! `regorus` runs emitted Rego.

use super::{EngineError, Findings};
use crate::target::Artifact;
use regorus::{Engine, Value};
use serde::Deserialize as _;

/// The name of the engine.
pub const NAME: &str = "regorus";

/// Emitted modules, compiled.
#[derive(Debug, Clone)]
pub struct Rego {
    engine: Engine,
    entry: String,
}

impl Rego {
    /// Compiles the `.rego` files among the artifacts; the violations are those of `polc.main`.
    ///
    /// # Errors
    /// When the engine does not accept a module.
    pub fn new(artifacts: &[Artifact]) -> Result<Self, EngineError> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        for artifact in artifacts.iter().filter(|artifact| artifact.path.ends_with(".rego")) {
            let text = String::from_utf8(artifact.contents.clone()).map_err(|error| failed(&error))?;
            engine.add_policy(artifact.path.clone(), text).map_err(|error| failed(&error))?;
        }
        let mut rego = Rego { engine, entry: "data.polc.main.violations".to_owned() };
        // The first evaluation compiles; clones share what it found.
        rego.engine.set_input(Value::new_object());
        rego.engine.eval_rule(rego.entry.clone()).map_err(|error| failed(&error))?;
        Ok(rego)
    }

    /// The failed rules of an object, or of an `AdmissionReview`.
    ///
    /// # Errors
    /// When the evaluation fails: a built-in function met what it cannot take.
    pub fn judge(&self, input: &serde_json::Value) -> Result<Findings, EngineError> {
        self.judge_beside(input, None)
    }

    /// The same, with data of the cluster under `data`.
    ///
    /// # Errors
    /// When the evaluation fails, or the data is no object.
    pub fn judge_beside(&self, input: &serde_json::Value, data: Option<&serde_json::Value>) -> Result<Findings, EngineError> {
        let mut session = self.session();
        if let Some(data) = data {
            let data = Value::deserialize(data).map_err(|error| failed(&error))?;
            session.engine.add_data(data).map_err(|error| failed(&error))?;
        }
        session.judge(input)
    }

    /// To judge many objects one after the other.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session { engine: self.engine.clone(), entry: &self.entry }
    }
}

/// Emitted modules that judge one object after the other.
#[derive(Debug)]
pub struct Session<'a> {
    engine: Engine,
    entry: &'a str,
}

impl Session<'_> {
    /// The failed rules of an object, or of an `AdmissionReview`.
    ///
    /// # Errors
    /// When the evaluation fails: a built-in function met what it cannot take.
    pub fn judge(&mut self, input: &serde_json::Value) -> Result<Findings, EngineError> {
        self.engine.set_input(Value::deserialize(input).map_err(|error| failed(&error))?);
        let violations = self.engine.eval_rule(self.entry.to_owned()).map_err(|error| failed(&error))?;
        let Value::Set(set) = &violations else {
            return Err(EngineError { engine: NAME, message: format!("the violations are no set: {violations}") });
        };
        let text = |violation: &Value, key: &str| {
            let value = &violation[key];
            value.as_string().map_or_else(|_| value.to_string(), |text| text.to_string())
        };
        let mut findings: Findings = set.iter().map(|violation| (text(violation, "rule"), text(violation, "msg"))).collect();
        findings.sort();
        Ok(findings)
    }
}

fn failed(error: &dyn std::fmt::Display) -> EngineError {
    EngineError { engine: NAME, message: error.to_string() }
}
