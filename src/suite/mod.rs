//! Tests in the engines' own forms, made of the tests that stand in `.pol` files: modules for `opa test` and `conftest verify`, suites for `gator verify`, and what `kyverno test` reads, that of mutations too.
//!
//! The objects are those of the tests. What has to come out is what the reference evaluator says of the rules as they are built, with the params, actions and exemptions of an environment; so the tests
//! of an engine hold whatever `polc.yaml` changes. A test is left out where its params are others than those that are built, or where the engine's command cannot ask what it asks.

mod gatekeeper;
mod kyverno;
mod kyverno_mutations;
mod rego;

use crate::eval::{Judge, Verdict};
use crate::ir::{Kind, Pack, Program, Rule};
use crate::object::Node;
use crate::target::{Artifact, Emission, Outcome, Target, kyverno_exception};
use crate::verify::generate::Case;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A test of a rule or mutation, with its objects read.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// `pack/rule`.
    pub rule: String,
    /// Its place among the tests of the rule, from 1.
    pub number: usize,
    /// What is judged.
    pub case: Case,
}

impl Example {
    /// The pack.
    fn pack(&self) -> &str {
        self.rule.split_once('/').map_or("", |(pack, _)| pack)
    }

    /// `RULE-1`: its name among those of its pack.
    fn name(&self) -> String {
        format!("{}-{}", self.rule.split_once('/').map_or(self.rule.as_str(), |(_, rule)| rule), self.number)
    }
}

/// The tests of the rules that these targets carry, in the forms of their engines: in the folder `TARGET-tests`, beside that of the target, so that neither a cluster nor an engine that reads a target's
/// folder whole comes across them.
#[must_use]
pub fn emit(program: &Program, targets: &BTreeSet<Target>, emission: &Emission, examples: &[Example]) -> Vec<Artifact> {
    let referee = Referee::new(program);
    let mut artifacts = Vec::new();
    for target in targets {
        let carried: BTreeSet<&str> = emission
            .report
            .iter()
            .filter(|row| row.target == target.name() && row.outcome == Outcome::Exact)
            .map(|row| row.rule.as_str())
            .collect();
        let examples: Vec<&Example> = examples.iter().filter(|example| carried.contains(example.rule.as_str())).collect();
        match target {
            Target::Opa => artifacts.extend(rego::emit(&referee, &examples, &rego::OPA)),
            Target::Conftest => artifacts.extend(rego::emit(&referee, &examples, &rego::CONFTEST)),
            Target::Gatekeeper => artifacts.extend(gatekeeper::emit(&referee, &examples, &emission.units)),
            Target::Kyverno => {
                artifacts.extend(kyverno::emit(&referee, &examples, kyverno::Form::ClusterPolicy));
                artifacts.extend(kyverno_mutations::emit(program, &examples, &carried, kyverno::Form::ClusterPolicy));
            }
            Target::KyvernoVpol => {
                // What a rule says of objects that a PolicyException is for is neither pass nor fail there.
                let excepted = |example: &&Example| {
                    let exempts = referee.rule(&example.rule).is_some_and(|(_, rule)| rule.apart.is_some());
                    exempts && emission.artifacts.iter().any(|artifact| artifact.path == kyverno_exception::path(example.pack()))
                };
                let examples: Vec<&Example> = examples.into_iter().filter(|example| !excepted(example)).collect();
                artifacts.extend(kyverno::emit(&referee, &examples, kyverno::Form::ValidatingPolicy));
                artifacts.extend(kyverno_mutations::emit(program, &examples, &carried, kyverno::Form::ValidatingPolicy));
            }
            Target::Vap | Target::Map | Target::Psa | Target::AdmissionConfig => {}
        }
    }
    artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    artifacts
}

/// Says what has to come out.
struct Referee<'p> {
    program: &'p Program,
    judge: Judge,
}

impl<'p> Referee<'p> {
    fn new(program: &'p Program) -> Self {
        Referee { program, judge: Judge::of_program(program) }
    }

    /// The rule of this id, with its pack.
    fn rule(&self, id: &str) -> Option<(&'p Pack, &'p Rule)> {
        self.program.packs.values().find_map(|pack| pack.rules.iter().find(|rule| rule.id == id).map(|rule| (pack, rule)))
    }

    /// The kind that a rule matches, by its names.
    fn kind(&self, rule: &str, api_version: &str, kind: &str) -> Option<&'p Kind> {
        let (_, rule) = self.rule(rule)?;
        rule.kinds.iter().find(|known| known.object_kind() == kind && known.object_version() == api_version)
    }

    /// What the rules that match a case's kind say, by `pack/rule`.
    fn verdicts(&self, case: &Case) -> BTreeMap<&str, Verdict> {
        let judged: Vec<_> = case.with_request(|asked| self.judge.judge(asked).collect());
        judged.into_iter().filter_map(|outcome| Some((self.judge.id(outcome.rule)?, outcome.verdict))).collect()
    }
}

/// The message of a verdict; none where nothing is found, and an error where that is not known.
fn message(verdict: Option<&Verdict>) -> Result<Option<&str>, ()> {
    match verdict {
        Some(Verdict::Fail { message, .. }) => Ok(Some(message)),
        Some(Verdict::Pass | Verdict::Skip | Verdict::NotJudged(crate::eval::Missing::Operation)) | None => Ok(None),
        Some(Verdict::NotJudged(_)) => Err(()),
    }
}

/// An object as a YAML document.
fn document(object: &Json) -> String {
    crate::manifest::yaml(&Node::from(object))
}
