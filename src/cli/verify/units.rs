//! Engines that load a folder of files, as OPA and Gatekeeper do: each rule alone in a folder of its own, and now and then among all others.

use super::carried::{compared, only, outcome, policy_name, write};
use super::engines::Start;
use super::pool::Pool;
use super::request::{Admission, is_exact, reaches_a_cluster};
use crate::ir::walk::kinds_beside;
use crate::ir::{Kind, Program, Rule};
use crate::target::{Artifact, Emission, GatekeeperEngine, Options, conftest, gatekeeper, opa};
use crate::verify::engine::{Answer, Engine, Reply};
use crate::verify::generate::Case;
use crate::verify::{admission_review, cel_of, cluster_data, inventory, is_plain, rego_of};
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Every so many cases one is judged by all rules together.
const TOGETHER: usize = 32;

/// The unit of all rules.
const ALL: &str = "all";

/// In which form a case goes in: by itself, in a request, or in one to all rules.
const ALONE: usize = 0;
const REQUESTED: usize = 1;
const AMONG_ALL: usize = 2;

/// A finding, as an engine tells it: the rule or its policy, and the message.
type Found = (String, String);

/// What is different from engine to engine.
struct Dialect {
    emit: fn(&Program) -> Emission,
    /// What its program gets before the folder.
    arguments: &'static [&'static str],
    /// Whether the case can reach it.
    takes: fn(&Rule, &Case) -> bool,
    /// The line about a case: its number, the unit, and what is asked.
    line: fn(usize, &str, &Asked<'_>) -> String,
    /// The findings in an answer.
    findings: fn(&Json) -> Option<Vec<Found>>,
    /// What was emitted, for people.
    text: fn(&Rule, &[Artifact]) -> String,
}

/// What is asked of an engine.
struct Asked<'a> {
    case: &'a Case,
    /// Whether the object is given by itself.
    by_itself: bool,
    /// The kinds of the objects that the rule looks at beside that of the case.
    beside: &'a BTreeSet<Kind>,
}

struct Units {
    name: &'static str,
    dialect: Dialect,
    pool: Pool,
    /// By rule: what was emitted, and in which unit it stands, or why there is nothing.
    rules: BTreeMap<String, Result<(Vec<Artifact>, String), String>>,
}

/// Emitted Rego in OPA, through the helper `polc-opa`.
pub fn opa(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let dialect = Dialect {
        emit: opa::emit,
        arguments: &[],
        takes: |_, _| true,
        line: opa_line,
        findings: opa_findings,
        text: |_, files| rego_of(files),
    };
    begin(start, dialect)
}

/// The modules for conftest, through the helper `polc-opa` with conftest's OPA.
pub fn conftest(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let dialect = Dialect {
        emit: conftest::emit,
        arguments: &["-query", "data.main"],
        takes: |_, _| true,
        line: opa_line,
        findings: conftest_findings,
        text: |_, files| rego_of(files),
    };
    begin(start, dialect)
}

/// Templates in Rego in Gatekeeper's client, through the helper `polc-gator`.
pub fn gatekeeper(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let dialect = Dialect {
        emit: |program| gatekeeper::emit(program, &Options { gatekeeper: GatekeeperEngine::Rego, ..Options::default() }),
        arguments: &[],
        takes: in_gatekeeper,
        line: gatekeeper_line,
        findings: gatekeeper_findings,
        text: template,
    };
    begin(start, dialect)
}

/// Templates in CEL in Gatekeeper's client, through the helper `polc-gator`.
pub fn gatekeeper_cel(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let dialect = Dialect {
        emit: |program| gatekeeper::emit(program, &Options { gatekeeper: GatekeeperEngine::Cel, ..Options::default() }),
        arguments: &[],
        takes: in_gatekeeper,
        line: gatekeeper_line,
        findings: gatekeeper_findings,
        text: |rule, _| crate::lower::cel::lower(rule).map(|policy| cel_of(&policy)).unwrap_or_default(),
    };
    begin(start, dialect)
}

/// Writes the files, a folder for each rule and one for all, and starts the engine on them.
fn begin(start: Start<'_>, dialect: Dialect) -> Result<Box<dyn Engine>, String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut rules = BTreeMap::new();
    for (number, rule) in start.rules.iter().enumerate() {
        let emission = (dialect.emit)(&only(start.program, &|other| other.id == rule.id));
        let entry = match outcome(&emission, &rule.id) {
            Ok(()) => {
                let unit = number.to_string();
                write(&work.path().join(&unit), &emission.artifacts)?;
                Ok((emission.artifacts, unit))
            }
            Err(why) => Err(why),
        };
        rules.insert(rule.id.clone(), entry);
    }
    let mut carried = compared(start);
    for pack in carried.packs.values_mut() {
        pack.rules.retain(|rule| rules.get(&rule.id).is_some_and(Result::is_ok));
    }
    carried.packs.retain(|_, pack| !pack.rules.is_empty());
    write(&work.path().join(ALL), &(dialect.emit)(&carried).artifacts)?;
    let mut arguments: Vec<String> = dialect.arguments.iter().map(|argument| (*argument).to_owned()).collect();
    arguments.extend(["-units".to_owned(), work.path().display().to_string()]);
    let (pool, _) = Pool::new(start.path.to_owned(), arguments, work)?;
    Ok(Box::new(Units { name: start.name, dialect, pool, rules }))
}

impl Engine for Units {
    fn name(&self) -> &str {
        self.name
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some("it was not emitted".to_owned()),
            Some(entry) => entry.as_ref().err().cloned(),
        }
    }

    fn takes(&self, rule: &Rule, case: &Case) -> bool {
        (self.dialect.takes)(rule, case)
    }

    fn forms(&self) -> usize {
        AMONG_ALL + 1
    }

    fn judge(&self, rule: &Rule, cases: &[Case], form: Option<usize>) -> Vec<Reply> {
        let Some(Ok((_, unit))) = self.rules.get(&rule.id) else { return Vec::new() };
        let beside = kinds_beside(rule);
        let line = |number: usize, case: &Case| {
            let by_turns = match (number % TOGETHER == TOGETHER - 1, number.is_multiple_of(2)) {
                (true, _) => AMONG_ALL,
                (false, true) => ALONE,
                (false, false) => REQUESTED,
            };
            let form = form.unwrap_or(by_turns);
            // What is more than the creation of an object is always a request.
            let asked = Asked { case, by_itself: form == ALONE && is_plain(case), beside: &beside };
            (self.dialect.line)(number, if form == AMONG_ALL { ALL } else { unit }, &asked)
        };
        self.pool.ask(cases, &line, &|number, reply| answer(rule, number, reply, self.dialect.findings).into())
    }

    fn emitted(&self, rule: &Rule) -> String {
        match self.rules.get(&rule.id) {
            Some(Ok((artifacts, _))) => (self.dialect.text)(rule, artifacts),
            Some(Err(_)) | None => String::new(),
        }
    }
}

fn answer(rule: &Rule, number: usize, reply: &Json, findings: fn(&Json) -> Option<Vec<Found>>) -> Answer {
    if let Some(error) = reply.get("error").and_then(Json::as_str) {
        return Answer::Error(error.to_owned());
    }
    let Some(found) = findings(reply).filter(|_| reply["id"] == number) else {
        return Answer::Error(format!("an answer that cannot be read: {reply}"));
    };
    let policy = policy_name(rule);
    let mut own = found.into_iter().filter(|(of, _)| *of == rule.id || *of == policy).map(|(_, message)| message);
    match (own.next(), own.next()) {
        (None, _) => Answer::Clean,
        (Some(message), None) => Answer::Finding(message),
        (Some(_), Some(_)) => Answer::Error(format!("two findings of one rule: {reply}")),
    }
}

#[derive(Serialize)]
struct Input<'a> {
    id: usize,
    unit: &'a str,
    input: &'a Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Json>,
}

fn opa_line(id: usize, unit: &str, asked: &Asked<'_>) -> String {
    let review;
    let input = if asked.by_itself {
        &asked.case.object
    } else {
        review = admission_review(asked.case);
        &review
    };
    serde_json::to_string(&Input { id, unit, input, data: cluster_data(asked.case, asked.beside) }).unwrap_or_default()
}

fn found(violation: &Json, rule: &Json) -> Option<Found> {
    Some((rule.as_str()?.to_owned(), violation["msg"].as_str()?.to_owned()))
}

fn opa_findings(reply: &Json) -> Option<Vec<Found>> {
    reply["result"].as_array()?.iter().map(|violation| found(violation, &violation["rule"])).collect()
}

fn conftest_findings(reply: &Json) -> Option<Vec<Found>> {
    let list = |name: &str| reply.get("result")?.get(name)?.as_array();
    let (denied, warned) = (list("deny")?, list("warn")?);
    denied.iter().chain(warned).map(|violation| found(violation, &violation["rule"])).collect()
}

fn in_gatekeeper(rule: &Rule, case: &Case) -> bool {
    let beside = case.beside.as_ref();
    reaches_a_cluster(rule, case)
        && is_exact(&case.object)
        && case.old_object.as_ref().is_none_or(is_exact)
        // It does not tell a kind that it does not hold from one of which there is none.
        && beside.is_none_or(|beside| beside.unknown.is_empty() && beside.objects.iter().all(is_exact))
}

fn gatekeeper_line(id: usize, unit: &str, asked: &Asked<'_>) -> String {
    // What is looked at by itself is what an audit looks at.
    let mut more = json!({"unit": unit, "audit": asked.by_itself});
    if let (Some(more), false) = (more.as_object_mut(), asked.beside.is_empty()) {
        more.insert("inventory".to_owned(), inventory(asked.case, asked.beside).into());
    }
    Admission::new(id, asked.case, more).line()
}

fn gatekeeper_findings(reply: &Json) -> Option<Vec<Found>> {
    let one = |result: &Json| {
        // In CEL the constraint says which rule it is, in Rego the details of the violation do.
        let rule = result["rule"].as_str().or_else(|| result["constraint"].as_str())?;
        Some((rule.to_owned(), result["message"].as_str()?.to_owned()))
    };
    reply["results"].as_array()?.iter().map(one).collect()
}

/// The Rego in a template.
fn template(_rule: &Rule, artifacts: &[Artifact]) -> String {
    let text = artifacts
        .iter()
        .find(|artifact| artifact.path.ends_with("/template.yaml"))
        .map(|artifact| String::from_utf8_lossy(&artifact.contents).into_owned())
        .unwrap_or_default();
    let lines = text.lines().skip_while(|line| !line.trim_start().starts_with("rego:"));
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
}
