//! Engines of policies that are named after rules and asked by name: Kyverno's and the API server's.

use super::carried::{compared, outcome, policy_name, write};
use super::engines::Start;
use super::pool::Pool;
use super::request::{Admission, reaches_a_cluster};
use crate::eval::is_about;
use crate::ir::{Operation, Program, Rule};
use crate::target::{Emission, KyvernoExemptions, Options, kyverno, kyverno_vpol, vap};
use crate::verify::cel_of;
use crate::verify::engine::{Answer, Engine, Reply};
use crate::verify::generate::Case;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Every so many cases one goes in the form that takes the longest.
const RARELY: usize = 250;

/// What is different from engine to engine.
struct Dialect {
    emit: fn(&Program) -> Emission,
    forms: &'static [Form],
    /// Why a rule is left out that the engine is not started with.
    others: &'static str,
}

/// Each rule that is compared is given to it.
const ALL_RULES: &str = "it was not emitted";

/// A way in which a case goes in.
struct Form {
    /// What the request says besides.
    with: fn(&Case) -> Json,
    /// Whether all policies are asked, and not that of the rule alone.
    all: bool,
    /// Whether it takes so long that it is used now and then only.
    rare: bool,
}

const PLAIN: Form = Form { with: |_| json!({}), all: false, rare: false };
const AMONG_ALL: Form = Form { with: |_| json!({}), all: true, rare: true };

struct Policies {
    name: &'static str,
    dialect: Dialect,
    /// None where there is nothing to ask.
    pool: Option<Pool>,
    rules: BTreeMap<String, Carried>,
}

enum Carried {
    /// The policy of this name.
    Policy(String),
    /// The engine does not accept what was emitted, and says why.
    Refused(String),
    /// It was not emitted, for this reason.
    Not(String),
}

/// Emitted ClusterPolicies in Kyverno, through the helper `polc-kyverno`: their expressions compiled once, now and then the whole of its engine, which compiles everything again.
pub fn kyverno(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    // The whole engine would ask a cluster for the Namespace.
    const WHOLE: Form = Form { with: |case| json!({"full": case.namespace_object.is_none()}), all: false, rare: true };
    begin(start, Dialect { emit: kyverno::emit, forms: &[PLAIN, WHOLE], others: ALL_RULES })
}

/// Emitted ValidatingPolicies in Kyverno, through the helper `polc-kyverno`.
pub fn kyverno_vpol(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    begin(
        start,
        Dialect { emit: |program| kyverno_vpol::emit(program, &Options::default()), forms: &[PLAIN, AMONG_ALL], others: ALL_RULES },
    )
}

/// Those of rules with exemptions, which are PolicyExceptions.
pub fn kyverno_exceptions(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    fn emit(program: &Program) -> Emission {
        kyverno_vpol::emit(program, &Options { kyverno_exemptions: KyvernoExemptions::Exception, ..Options::default() })
    }
    let exempting: Vec<&Rule> = start.rules.iter().copied().filter(|rule| rule.apart.is_some()).collect();
    begin(Start { rules: &exempting, ..start }, Dialect { emit, forms: &[PLAIN, AMONG_ALL], others: "it has no exemption" })
}

/// Emitted ValidatingAdmissionPolicies in the API server's code, through the helper `polc-admit`: an object as it is written, read into its type, and with the API server's defaults.
pub fn vap(start: Start<'_>) -> Result<Box<dyn Engine>, String> {
    const WRITTEN: Form = Form { with: |_| json!({"raw": true}), all: false, rare: false };
    const TYPED: Form = Form { with: |_| json!({"echo": true}), all: false, rare: false };
    const DEFAULTED: Form = Form { with: |_| json!({"echo": true, "defaults": true}), all: false, rare: false };
    const WRITTEN_AMONG_ALL: Form = Form { with: |_| json!({"raw": true}), all: true, rare: true };
    begin(
        start,
        Dialect {
            emit: |program| vap::emit(program, &Options::default()),
            forms: &[WRITTEN, TYPED, DEFAULTED, WRITTEN_AMONG_ALL],
            others: ALL_RULES,
        },
    )
}

/// Writes the policies and starts the engine on them.
fn begin(start: Start<'_>, dialect: Dialect) -> Result<Box<dyn Engine>, String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let emission = (dialect.emit)(&compared(start));
    let carried = |rule: &&Rule| {
        let carried = match outcome(&emission, &rule.id) {
            Ok(()) => Carried::Policy(policy_name(rule)),
            Err(why) => Carried::Not(why),
        };
        (rule.id.clone(), carried)
    };
    let mut rules: BTreeMap<String, Carried> = start.rules.iter().map(carried).collect();
    if !rules.values().any(|carried| matches!(carried, Carried::Policy(_))) {
        return Ok(Box::new(Policies { name: start.name, dialect, pool: None, rules }));
    }
    write(work.path(), &emission.artifacts)?;
    let arguments = vec![work.path().display().to_string()];
    let (pool, hello) = Pool::new(start.path.to_owned(), arguments, work)?;
    // A warning of the type checker is an expression that fails on some object.
    for list in ["refused", "warnings"] {
        for refused in hello.get(list).and_then(Json::as_array).into_iter().flatten() {
            for carried in rules.values_mut() {
                if matches!(carried, Carried::Policy(name) if refused["policy"] == **name) {
                    *carried = Carried::Refused(format!("the policy is refused: {}", refused["reason"].as_str().unwrap_or_default()));
                }
            }
        }
    }
    Ok(Box::new(Policies { name: start.name, dialect, pool: Some(pool), rules }))
}

impl Policies {
    fn form(&self, number: usize, form: Option<usize>) -> Option<&Form> {
        if let Some(form) = form {
            return self.dialect.forms.get(form);
        }
        let (rare, usual): (Vec<&Form>, Vec<&Form>) = self.dialect.forms.iter().partition(|form| form.rare);
        if number % RARELY == RARELY / 2 && !rare.is_empty() {
            return rare.get((number / RARELY) % rare.len()).copied();
        }
        usual.get(number % usual.len().max(1)).copied()
    }

    fn ask(&self, rule: &Rule, name: &str, cases: &[Case], form: Option<usize>, as_written: bool) -> Vec<Answered> {
        let Some(pool) = &self.pool else { return Vec::new() };
        let line = |number: usize, case: &Case| {
            let Some(form) = self.form(number, form) else { return String::new() };
            let mut more = (form.with)(case);
            if let Some(fields) = more.as_object_mut() {
                fields.insert("policies".to_owned(), if form.all { json!([]) } else { json!([name]) });
                if as_written {
                    fields.insert("raw".to_owned(), json!(true));
                    fields.insert("echo".to_owned(), json!(false));
                }
            }
            Admission::new(number, case, more).line()
        };
        let all = |number: usize| self.form(number, form).is_some_and(|form| form.all);
        let read = |number: usize, reply: &Json| {
            let case = cases.get(number);
            let asked = case.is_none_or(|case| case.with_request(|request| is_about(&rule.kinds, &rule.operations, request)));
            let ran = match (asked, all(number)) {
                (true, true) => Ran::AmongOthers,
                (true, false) => Ran::Alone,
                (false, _) => Ran::Not,
            };
            answer(name, number, reply, ran, case)
        };
        pool.ask_for(cases, &line, &read, &|error| Answered::Said(Answer::Error(error).into()))
    }
}

impl Engine for Policies {
    fn name(&self) -> &str {
        self.name
    }

    fn leaves_out(&self, rule: &Rule) -> Option<String> {
        match self.rules.get(&rule.id) {
            None => Some(self.dialect.others.to_owned()),
            Some(Carried::Not(why)) => Some(why.clone()),
            Some(Carried::Policy(_) | Carried::Refused(_)) => None,
        }
    }

    fn takes(&self, rule: &Rule, case: &Case) -> bool {
        reaches_a_cluster(rule, case)
    }

    fn forms(&self) -> usize {
        self.dialect.forms.len()
    }

    fn judge(&self, rule: &Rule, cases: &[Case], form: Option<usize>) -> Vec<Reply> {
        let name = match self.rules.get(&rule.id) {
            None | Some(Carried::Not(_)) => return Vec::new(),
            Some(Carried::Refused(why)) => return vec![Answer::Error(why.clone()).into(); cases.len()],
            Some(Carried::Policy(name)) => name,
        };
        let mut answered = self.ask(rule, name, cases, form, false);
        // What is no object of its type goes in as it is written.
        let unreadable = |answered: &Answered| matches!(answered, Answered::Unreadable(_));
        let again: Vec<Case> =
            cases.iter().zip(&answered).filter(|(_, answered)| unreadable(answered)).map(|(case, _)| case.clone()).collect();
        let mut anew = self.ask(rule, name, &again, Some(0), true).into_iter();
        for answered in &mut answered {
            if unreadable(answered)
                && let Some(other) = anew.next()
            {
                *answered = other;
            }
        }
        let reply = |answered| match answered {
            Answered::Said(reply) => reply,
            Answered::Unreadable(why) => Answer::Error(format!("the object cannot be read: {why}")).into(),
        };
        answered.into_iter().map(reply).collect()
    }

    fn emitted(&self, rule: &Rule) -> String {
        match self.rules.get(&rule.id) {
            Some(Carried::Policy(_) | Carried::Refused(_)) => {
                crate::lower::cel::lower(rule).map(|policy| cel_of(&policy)).unwrap_or_default()
            }
            Some(Carried::Not(_)) | None => String::new(),
        }
    }
}

#[derive(Clone)]
enum Answered {
    Said(Reply),
    /// The API server would refuse the object before any policy sees it.
    Unreadable(String),
}

/// Whether a policy has to run.
#[derive(Clone, Copy)]
enum Ran {
    /// It is the only one that is asked.
    Alone,
    /// All policies are asked.
    AmongOthers,
    /// The request is not about what it matches.
    Not,
}

fn answer(policy: &str, number: usize, reply: &Json, ran: Ran, case: Option<&Case>) -> Answered {
    if let Some(why) = reply.get("unreadable").and_then(Json::as_str) {
        return Answered::Unreadable(why.to_owned());
    }
    let saw = case.and_then(|case| seen(case, reply)).map(Box::new);
    Answered::Said(Reply { answer: said(policy, number, reply, ran), saw })
}

fn said(policy: &str, number: usize, reply: &Json, ran: Ran) -> Answer {
    if let Some(error) = reply.get("error").and_then(Json::as_str) {
        return Answer::Error(error.to_owned());
    }
    // A rule that does not run looks like one that passes.
    let ran = match ran {
        Ran::Alone => reply["ran"] == 1,
        Ran::AmongOthers => reply["ran"].as_u64() >= Some(1),
        Ran::Not => true,
    };
    let (Some(results), true) = (reply["results"].as_array(), ran && reply["id"] == number) else {
        return Answer::Error(format!("the rule did not run: {reply}"));
    };
    let mut own = results.iter().filter(|result| result["policy"] == policy);
    match (own.next(), own.next()) {
        (None, _) => Answer::Clean,
        (Some(one), None) => match (one["status"].as_str(), one["message"].as_str()) {
            (Some("skip"), _) => Answer::Clean,
            (Some("fail"), Some(message)) => Answer::Finding(message.to_owned()),
            (_, _) => Answer::Error(one.to_string()),
        },
        (Some(_), Some(_)) => Answer::Error(format!("two results of one rule: {reply}")),
    }
}

/// The case as it was judged, where the engine says what it saw.
fn seen(case: &Case, reply: &Json) -> Option<Case> {
    let part = |name: &str| reply.get(name).filter(|part| part.is_object());
    let object = match case.operation {
        Operation::Delete => part("oldObject"),
        Operation::Create | Operation::Update => part("object"),
    }?;
    let old_object = part("oldObject").filter(|_| case.operation == Operation::Update);
    Some(Case { object: object.clone(), old_object: old_object.cloned(), ..case.clone() })
}
