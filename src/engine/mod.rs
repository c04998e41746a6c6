//! Engines inside `polc`: emitted policies run without anything installed. They are a check of the output, not what judges it: the real engines are.

pub mod regorus;

use crate::diagnostic::codes::build;
use crate::diagnostic::{Diagnostic, Span};

/// What an engine says of an object: the failed rules, as `pack/rule` and message, sorted.
pub type Findings = Vec<(String, String)>;

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
