//! What an engine is to a comparison.

use super::generate::Case;
use crate::ir::Rule;

/// What an engine says of a case by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No finding: the rule passes or does not apply.
    Clean,
    /// A finding with this message.
    Finding(String),
    /// It refuses what was emitted, or cannot run it: never right.
    Error(String),
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answer::Clean => f.write_str("no finding"),
            Answer::Finding(message) => write!(f, "finding: {message}"),
            Answer::Error(error) => write!(f, "error: {error}"),
        }
    }
}

/// What an engine says of a case, and of which object it says that.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// What it says.
    pub answer: Answer,
    /// The case as the engine sees it, where it has read the object into a type and so seen another than was written: without nulls, or with defaults. The reference evaluator has to judge that.
    pub saw: Option<Box<Case>>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Reply { answer, saw: None }
    }
}

/// An engine that has what is emitted for the rules of a program.
pub trait Engine: Send + Sync {
    /// Its name on the command line.
    fn name(&self) -> &str;

    /// Why it does not judge a rule; nothing where it does.
    fn leaves_out(&self, rule: &Rule) -> Option<String>;

    /// Whether a case can reach it in a cluster; those that cannot are not given to it.
    fn takes(&self, _rule: &Rule, _case: &Case) -> bool {
        true
    }

    /// In how many ways it can be given a case: as an object or within a request, one rule alone or among others.
    fn forms(&self) -> usize {
        1
    }

    /// What it says of cases of a rule that it does not leave out: a reply for each, in their order. Given in one form, or without one by turns.
    fn judge(&self, rule: &Rule, cases: &[Case], form: Option<usize>) -> Vec<Reply>;

    /// What was emitted for the rule, for whoever reads a disagreement.
    fn emitted(&self, rule: &Rule) -> String;
}
