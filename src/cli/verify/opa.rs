//! Emitted Rego in OPA, through the helper `polc-opa`: each rule alone, and now and then among all others.

use super::engines::Start;
use super::pool::Pool;
use crate::ir::{Program, Rule};
use crate::target::{Artifact, Outcome, opa};
use crate::verify::engine::{Answer, Engine};
use crate::verify::generate::Case;
use crate::verify::{admission_review, alone, cluster_data, is_plain, rego_of};
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

/// Every so many cases one is judged by all rules together.
const TOGETHER: usize = 32;

/// The unit of all rules.
const ALL: &str = "all";

struct Opa {
    name: &'static str,
    pool: Pool,
    /// By rule: what was emitted, and in which unit it stands, or why there is nothing.
    rules: BTreeMap<String, Result<(Vec<Artifact>, String), String>>,
}

/// Writes the modules, a folder for each rule and one for all, and starts the engine on them.
pub fn start(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut rules = BTreeMap::new();
    let mut carried = Program::default();
    for (number, rule) in start.rules.iter().enumerate() {
        let emission = opa::emit(&own(rule, start.program));
        let outcome = emission.report.iter().find(|row| row.rule == rule.id).map(|row| &row.outcome);
        let entry = match outcome {
            Some(Outcome::Exact) => {
                let unit = number.to_string();
                write(&work.path().join(&unit), &emission.artifacts)?;
                for (name, pack) in own(rule, start.program).packs {
                    carried
                        .packs
                        .entry(name)
                        .or_insert_with(|| crate::ir::Pack { rules: Vec::new(), ..pack.clone() })
                        .rules
                        .extend(pack.rules);
                }
                Ok((emission.artifacts, unit))
            }
            Some(Outcome::Refused(why) | Outcome::NotApplicable(why)) => Err(why.clone()),
            Some(Outcome::Dropped) => Err("its `targets` clause leaves it out".to_owned()),
            None => Err("it was not emitted".to_owned()),
        };
        rules.insert(rule.id.clone(), entry);
    }
    write(&work.path().join(ALL), &opa::emit(&carried).artifacts)?;
    let arguments = vec!["-units".to_owned(), work.path().display().to_string()];
    let (pool, _) = Pool::new(start.path.to_owned(), arguments, work)?;
    Ok(Box::new(Opa { name: start.name, pool, rules }))
}

/// The rule alone, with its own `targets`.
fn own(rule: &Rule, program: &Program) -> Program {
    let mut own = alone(rule, program);
    for rule_alone in own.packs.values_mut().flat_map(|pack| &mut pack.rules) {
        rule_alone.targets.clone_from(&rule.targets);
    }
    own
}

/// Writes artifacts into a folder.
pub(super) fn write(folder: &Path, artifacts: &[Artifact]) -> Result<(), String> {
    let mut written = std::fs::create_dir_all(folder);
    for artifact in artifacts {
        let path = folder.join(&artifact.path);
        written = written
            .and_then(|()| path.parent().map_or(Ok(()), std::fs::create_dir_all))
            .and_then(|()| std::fs::write(&path, &artifact.contents));
    }
    written.map_err(|error| format!("{} cannot be written: {}", folder.display(), super::super::io_text(&error)))
}

#[derive(Serialize)]
struct Request<'a> {
    id: usize,
    unit: &'a str,
    input: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Json>,
}

impl Engine for Opa {
    fn name(&self) -> &str {
        self.name
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some("it was not emitted".to_owned()),
            Some(entry) => entry.as_ref().err().cloned(),
        }
    }

    fn judge(&self, rule: &Rule, cases: &[Case]) -> Vec<Answer> {
        let Some(Ok((_, unit))) = self.rules.get(&rule.id) else { return Vec::new() };
        let request = |number: usize, case: &Case| {
            let unit = if number % TOGETHER == TOGETHER - 1 { ALL } else { unit };
            let review;
            // The object itself and a review by turns; what is more than the creation of an object is always a review.
            let input = if is_plain(case) && number.is_multiple_of(2) {
                &case.object
            } else {
                review = admission_review(case);
                &review
            };
            serde_json::to_string(&Request { id: number, unit, input, data: cluster_data(case) }).unwrap_or_default()
        };
        self.pool.ask(cases, &request, &|number, reply| answer(rule, number, reply))
    }

    fn emitted(&self, rule: &Rule) -> String {
        match self.rules.get(&rule.id) {
            Some(Ok((artifacts, _))) => rego_of(artifacts),
            Some(Err(_)) | None => String::new(),
        }
    }
}

fn answer(rule: &Rule, number: usize, reply: &Json) -> Answer {
    if let Some(error) = reply.get("error").and_then(Json::as_str) {
        return Answer::Error(error.to_owned());
    }
    let Some(violations) = reply.get("result").and_then(Json::as_array).filter(|_| reply["id"] == number) else {
        return Answer::Error(format!("an answer that cannot be read: {reply}"));
    };
    let mut own = violations.iter().filter(|violation| violation["rule"] == *rule.id);
    match (own.next(), own.next()) {
        (None, _) => Answer::Clean,
        (Some(violation), None) => match violation["msg"].as_str() {
            Some(message) => Answer::Finding(message.to_owned()),
            None => Answer::Error(format!("a violation without a message: {violation}")),
        },
        (Some(_), Some(_)) => Answer::Error(format!("two violations of one rule: {reply}")),
    }
}
