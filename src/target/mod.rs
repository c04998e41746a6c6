//! The targets: what is written for each engine. A target only packages; conditions come from [`crate::lower`].

pub mod kyverno;
pub mod opa;

use crate::diagnostic::{Diagnostic, Span, codes::build};
use crate::lower::Unsupported;
use serde::Serialize;

/// A file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its path below the output folder, with `/`.
    pub path: String,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// What became of a rule in a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// Emitted with the same verdict and message.
    Exact,
    /// The target has nothing to do with such a rule; why.
    NotApplicable(String),
    /// The author wrote that the rule is not for this target.
    Dropped,
    /// It cannot be said exactly: a build error; why.
    Refused(String),
}

/// A row of the build report: one rule in one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetReport {
    /// `pack/rule`.
    pub rule: String,
    /// The target's name.
    pub target: &'static str,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a target gives for a program. It is to be used only if `diagnostics` holds no error.
#[derive(Debug, Clone, Default)]
pub struct Emission {
    /// The files, sorted by path.
    pub artifacts: Vec<Artifact>,
    /// A row for each rule, in the order of packs and rules.
    pub report: Vec<TargetReport>,
    /// Refusals and collisions.
    pub diagnostics: Vec<Diagnostic>,
}

impl Emission {
    /// Adds a row.
    pub fn row(&mut self, target: &'static str, rule: &str, outcome: Outcome) {
        self.report.push(TargetReport { rule: rule.to_owned(), target, outcome });
    }

    /// Adds a refused rule: its row and the build error that names rule, construct and target.
    pub fn refuse(&mut self, target: &'static str, rule: &str, unsupported: &Unsupported) {
        let construct = &unsupported.construct;
        self.row(target, rule, Outcome::Refused(format!("{construct} has no exact form")));
        self.diagnostics.push(
            Diagnostic::error(
                &build::NOT_EXPRESSIBLE,
                unsupported.span,
                format!("`{rule}` cannot be written for {target}: {construct} has no exact form there"),
            )
            .with_help(format!("leave the target out for this rule with `targets except {target}`, or state the rule without it")),
        );
    }

    /// Adds the error that two names become one.
    pub fn collide(&mut self, target: &'static str, name: &str, first: &str, second: &str, span: Span) {
        self.diagnostics.push(
            Diagnostic::error(
                &build::NAME_COLLISION,
                span,
                format!("`{first}` and `{second}` are both called `{name}` in the output for {target}"),
            )
            .with_help("rename one of them"),
        );
    }
}
