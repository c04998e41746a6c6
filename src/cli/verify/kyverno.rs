//! Emitted ClusterPolicies in Kyverno, through the helper `polc-kyverno`.

use super::engines::Start;
use super::opa::write;
use super::pool::Pool;
use crate::ir::walk::roots;
use crate::ir::{Operation, Program, Root, Rule};
use crate::target::{Outcome, kyverno};
use crate::verify::cel_of;
use crate::verify::engine::{Answer, Engine};
use crate::verify::generate::Case;
use serde::Serialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Every so many cases one goes through the whole of Kyverno's engine, which compiles everything again.
const WHOLE: usize = 250;

struct Kyverno {
    name: &'static str,
    /// None where there is nothing to ask.
    pool: Option<Pool>,
    rules: BTreeMap<String, Carried>,
}

enum Carried {
    /// The policy of this name, which holds these expressions.
    Policy(String, String),
    /// The engine does not accept what was emitted, and says why.
    Refused(String),
    /// It was not emitted, for this reason.
    Not(String),
}

/// Writes the policies and starts the engine on them.
pub fn start(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = only(start.rules, start.program);
    let emission = kyverno::emit(&program);
    let mut rules: BTreeMap<String, Carried> = BTreeMap::new();
    for rule in start.rules {
        let carried = match emission.report.iter().find(|row| row.rule == rule.id).map(|row| &row.outcome) {
            Some(Outcome::Exact) => {
                let expressions = crate::lower::cel::lower(rule).map(|policy| cel_of(&policy)).unwrap_or_default();
                Carried::Policy(rule.id.replace('/', "-"), expressions)
            }
            Some(Outcome::Refused(why) | Outcome::NotApplicable(why)) => Carried::Not(why.clone()),
            Some(Outcome::Dropped) => Carried::Not("its `targets` clause leaves it out".to_owned()),
            None => Carried::Not("it was not emitted".to_owned()),
        };
        rules.insert(rule.id.clone(), carried);
    }
    if !rules.values().any(|carried| matches!(carried, Carried::Policy(..))) {
        return Ok(Box::new(Kyverno { name: start.name, pool: None, rules }));
    }
    write(work.path(), &emission.artifacts)?;
    let arguments = vec![work.path().display().to_string()];
    let (pool, hello) = Pool::new(start.path.to_owned(), arguments, work)?;
    for refused in hello.get("refused").and_then(Json::as_array).into_iter().flatten() {
        for carried in rules.values_mut() {
            if matches!(carried, Carried::Policy(name, _) if refused["policy"] == **name) {
                *carried = Carried::Refused(format!("the policy is refused: {}", refused["reason"].as_str().unwrap_or_default()));
            }
        }
    }
    Ok(Box::new(Kyverno { name: start.name, pool: Some(pool), rules }))
}

/// The program with these rules alone.
fn only(rules: &[&Rule], program: &Program) -> Program {
    let mut own = Program::default();
    for (name, pack) in &program.packs {
        let kept: Vec<Rule> = pack.rules.iter().filter(|rule| rules.iter().any(|wanted| wanted.id == rule.id)).cloned().collect();
        if !kept.is_empty() {
            own.packs.insert(
                name.clone(),
                crate::ir::Pack { name: pack.name.clone(), doc: pack.doc.clone(), rules: kept, ..crate::ir::Pack::default() },
            );
        }
    }
    own
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    id: usize,
    operation: Operation,
    object: Option<&'a Json>,
    old_object: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_object: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<&'a Json>,
    policies: [&'a str; 1],
    full: bool,
}

impl Engine for Kyverno {
    fn name(&self) -> &str {
        self.name
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some("it was not emitted".to_owned()),
            Some(Carried::Not(why)) => Some(why.clone()),
            Some(Carried::Policy(..) | Carried::Refused(_)) => None,
        }
    }

    fn takes(&self, rule: &Rule, case: &Case) -> bool {
        // In a cluster it always knows the Namespace: where it cannot find it, the request fails before any policy is asked.
        case.namespace_object.is_some() || case.request.is_none() || !roots(rule).contains(&Root::NamespaceObject)
    }

    fn judge(&self, rule: &Rule, cases: &[Case]) -> Vec<Answer> {
        let name = match self.rules.get(&rule.id) {
            None | Some(Carried::Not(_)) => return Vec::new(),
            Some(Carried::Refused(why)) => return vec![Answer::Error(why.clone()); cases.len()],
            Some(Carried::Policy(name, _)) => name,
        };
        let request = |number: usize, case: &Case| {
            let (object, old_object) = match case.operation {
                Operation::Delete => (None, Some(&case.object)),
                Operation::Create | Operation::Update => (Some(&case.object), case.old_object.as_ref()),
            };
            let request = Request {
                id: number,
                operation: case.operation,
                object,
                old_object,
                namespace_object: case.namespace_object.as_ref(),
                user_info: case.request.as_ref().and_then(|request| request.get("userInfo")),
                policies: [name],
                // The whole engine would ask a cluster for the Namespace.
                full: number % WHOLE == WHOLE / 2 && case.namespace_object.is_none(),
            };
            serde_json::to_string(&request).unwrap_or_default()
        };
        self.pool.as_ref().map(|pool| pool.ask(cases, &request, &|number, reply| answer(number, reply))).unwrap_or_default()
    }

    fn emitted(&self, rule: &Rule) -> String {
        match self.rules.get(&rule.id) {
            Some(Carried::Policy(_, expressions)) => expressions.clone(),
            Some(Carried::Refused(_) | Carried::Not(_)) | None => String::new(),
        }
    }
}

fn answer(number: usize, reply: &Json) -> Answer {
    if let Some(error) = reply.get("error").and_then(Json::as_str) {
        return Answer::Error(error.to_owned());
    }
    // A rule that does not run looks like one that passes.
    let (Some(results), true) = (reply["results"].as_array(), reply["ran"] == 1 && reply["id"] == number) else {
        return Answer::Error(format!("the rule did not run: {reply}"));
    };
    match results.as_slice() {
        [] => Answer::Clean,
        [one] => match (one["status"].as_str(), one["message"].as_str()) {
            (Some("skip"), _) => Answer::Clean,
            (Some("fail"), Some(message)) => Answer::Finding(message.to_owned()),
            (_, _) => Answer::Error(one.to_string()),
        },
        [_, _, ..] => Answer::Error(format!("two results of one rule: {reply}")),
    }
}
