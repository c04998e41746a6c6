//! The embedded engines, each rule alone: what is emitted for one rule is compiled by itself.

use super::engine::{Answer, Engine, Reply};
use super::generate::Case;
use super::{admission_review, alone, cel_of, cluster_data, is_plain, rego_of};
use crate::engine::{cel, regorus};
use crate::eval::{Request, is_about};
use crate::ir::walk::kinds_beside;
use crate::ir::{Program, Rule};
use crate::lower;
use crate::target::{Artifact, Outcome, opa};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Emitted Rego in `regorus`.
#[derive(Debug)]
pub struct Regorus {
    rules: BTreeMap<String, Result<Rego, String>>,
}

/// A rule's modules, and what became of them in the engine.
#[derive(Debug)]
struct Rego {
    artifacts: Vec<Artifact>,
    compiled: Result<regorus::Rego, String>,
}

impl Regorus {
    /// Compiles what is emitted for these rules.
    #[must_use]
    pub fn new(rules: &[&Rule], program: &Program) -> Self {
        let one = |rule: &&Rule| {
            let emission = opa::emit(&alone(rule, program));
            let refused = emission.report.iter().find_map(|row| match &row.outcome {
                Outcome::Refused(why) | Outcome::NotApplicable(why) => Some(why.clone()),
                Outcome::Exact | Outcome::Dropped => None,
            });
            let rego = match refused {
                Some(why) => Err(why),
                None => Ok(Rego {
                    compiled: regorus::Rego::new(&emission.artifacts).map_err(|error| error.to_string()),
                    artifacts: emission.artifacts,
                }),
            };
            (rule.id.clone(), rego)
        };
        Regorus { rules: rules.par_iter().map(one).collect() }
    }
}

impl Engine for Regorus {
    fn name(&self) -> &str {
        regorus::NAME
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some("it was not emitted".to_owned()),
            Some(Err(why)) => Some(why.clone()),
            Some(Ok(_)) => None,
        }
    }

    /// The object itself, or in a review.
    fn forms(&self) -> usize {
        2
    }

    fn judge(&self, rule: &Rule, cases: &[Case], form: Option<usize>) -> Vec<Reply> {
        let Some(Ok(rego)) = self.rules.get(&rule.id) else { return Vec::new() };
        let compiled = match &rego.compiled {
            Ok(compiled) => compiled,
            Err(error) => return vec![Answer::Error(error.clone()).into(); cases.len()],
        };
        let mut session = compiled.session();
        let kinds = kinds_beside(rule);
        let mut judge = |number: usize, case: &Case| {
            // What is more than the creation of an object is always a review.
            let review;
            let input = if is_plain(case) && form.unwrap_or(number % 2) == 0 {
                &case.object
            } else {
                review = admission_review(case);
                &review
            };
            let findings = match cluster_data(case, &kinds) {
                Some(data) => compiled.judge_beside(input, Some(&data)),
                None => session.judge(input),
            };
            match findings {
                Err(error) => Answer::Error(error.message).into(),
                Ok(findings) => answer(rule, findings).into(),
            }
        };
        cases.iter().enumerate().map(|(number, case)| judge(number, case)).collect()
    }

    fn emitted(&self, rule: &Rule) -> String {
        let Some(Ok(rego)) = self.rules.get(&rule.id) else { return String::new() };
        rego_of(&rego.artifacts)
    }
}

/// The answer in what a program of one rule finds.
fn answer(rule: &Rule, findings: Vec<(String, String)>) -> Answer {
    let mut findings = findings.into_iter();
    match (findings.next(), findings.next()) {
        (None, _) => Answer::Clean,
        (Some((id, message)), None) if id == rule.id => Answer::Finding(message),
        (Some((id, message)), None) => Answer::Error(format!("a finding of `{id}`: {message}")),
        (Some((_, first)), Some((_, second))) => Answer::Error(format!("two findings: {first}; {second}")),
    }
}

/// Emitted CEL in `kube-cel`.
#[derive(Debug)]
pub struct KubeCel {
    engine: cel::Engine,
    rules: BTreeMap<String, Result<Cel, String>>,
}

/// A rule's expressions.
#[derive(Debug)]
struct Cel {
    text: String,
    compiled: Result<cel::Compiled, String>,
}

impl KubeCel {
    /// Compiles what is emitted for these rules.
    #[must_use]
    pub fn new(rules: &[&Rule]) -> Self {
        let one = |rule: &&Rule| {
            let cel = lower::cel::lower(rule)
                .map_err(|unsupported| format!("{} has no exact form", unsupported.construct))
                .map(|policy| Cel { text: cel_of(&policy), compiled: cel::Compiled::new(&policy).map_err(|error| error.to_string()) });
            (rule.id.clone(), cel)
        };
        KubeCel { engine: cel::Engine::new(), rules: rules.par_iter().map(one).collect() }
    }
}

impl Engine for KubeCel {
    fn name(&self) -> &str {
        cel::NAME
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some("it was not emitted".to_owned()),
            Some(Err(why)) => Some(why.clone()),
            Some(Ok(_)) => None,
        }
    }

    fn judge(&self, rule: &Rule, cases: &[Case], _form: Option<usize>) -> Vec<Reply> {
        let Some(Ok(cel)) = self.rules.get(&rule.id) else { return Vec::new() };
        let compiled = match &cel.compiled {
            Ok(compiled) => compiled,
            Err(error) => return vec![Answer::Error(error.clone()).into(); cases.len()],
        };
        // Which requests reach a policy, its expressions do not say.
        let judged = |request: &Request<'_>| {
            if is_about(&rule.kinds, &rule.operations, request) { self.engine.judge(compiled, request) } else { Ok(None) }
        };
        let judge = |case: &Case| match case.with_request(judged) {
            Err(error) => Answer::Error(error.0),
            Ok(None) => Answer::Clean,
            Ok(Some(message)) => Answer::Finding(message),
        };
        cases.iter().map(|case| judge(case).into()).collect()
    }

    fn emitted(&self, rule: &Rule) -> String {
        match self.rules.get(&rule.id) {
            Some(Ok(cel)) => cel.text.clone(),
            Some(Err(_)) | None => String::new(),
        }
    }
}
