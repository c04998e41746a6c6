//! Engines that change objects and bring others: the API server's code, Gatekeeper and Kyverno.

use super::carried::{outcome, policy_name, write};
use super::engines::Start;
use super::pool::Pool;
use crate::ir::{Pack, Program};
use crate::target::{self, Emission, Options, gatekeeper, kyverno_vpol, map};
use crate::verify::changed::{Changer, Item, Made};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What is different from engine to engine.
struct Dialect {
    emit: fn(&Program) -> Emission,
    /// Whether it always says what it sees of an object before it changes it; else that is the object as it is written, unless it says otherwise.
    reads: bool,
}

struct Changers {
    name: &'static str,
    dialect: Dialect,
    /// None where there is nothing to ask.
    pool: Option<Pool>,
    /// By id: the name and text of the policy, or why there is none.
    carried: BTreeMap<String, Result<String, String>>,
}

/// Emitted MutatingAdmissionPolicies in the API server's code, through the helper `polc-mutate`.
pub fn map(start: Start<'_>) -> Result<Box<dyn Changer>, String> {
    begin(start, Dialect { emit: |program| map::emit(program, &Options::default()), reads: true })
}

/// Emitted Assigns, AssignMetadatas and ModifySets in Gatekeeper's code, through the helper `polc-gator-mutate`.
pub fn gatekeeper(start: Start<'_>) -> Result<Box<dyn Changer>, String> {
    begin(start, Dialect { emit: |program| gatekeeper::emit(program, &Options::default()), reads: true })
}

/// Emitted MutatingPolicies and GeneratingPolicies in Kyverno, through the helper `polc-kyverno-change`.
pub fn kyverno(start: Start<'_>) -> Result<Box<dyn Changer>, String> {
    begin(start, Dialect { emit: |program| kyverno_vpol::emit(program, &Options::default()), reads: false })
}

/// Emitted ClusterPolicies with mutate and generate rules in Kyverno, through the helper `polc-kyverno-change`.
pub fn cluster_policies(start: Start<'_>) -> Result<Box<dyn Changer>, String> {
    begin(start, Dialect { emit: target::kyverno::emit, reads: false })
}

fn begin(start: Start<'_>, dialect: Dialect) -> Result<Box<dyn Changer>, String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut program = Program::default();
    for (name, pack) in &start.program.packs {
        let pack = Pack { rules: Vec::new(), tests: Vec::new(), pod_security: None, ..pack.clone() };
        program.packs.insert(name.clone(), pack);
    }
    let emission = (dialect.emit)(&program);
    let mut carried = BTreeMap::new();
    for item in Item::all(start.program) {
        let id = &item.head().id;
        let text = outcome(&emission, id).map(|()| text_of(&emission, &policy_name(item.head())));
        carried.insert(id.clone(), text);
    }
    if !carried.values().any(Result::is_ok) {
        return Ok(Box::new(Changers { name: start.name, dialect, pool: None, carried }));
    }
    write(work.path(), &emission.artifacts)?;
    let arguments = vec![work.path().display().to_string()];
    let (pool, hello) = Pool::new(start.path.to_owned(), arguments, work)?;
    let refused = hello.get("refused").and_then(Json::as_array).filter(|refused| !refused.is_empty());
    match refused {
        // It would never run, and look like one that changes nothing.
        Some(refused) => Err(format!("it refuses policies: {}", json!(refused))),
        None => Ok(Box::new(Changers { name: start.name, dialect, pool: Some(pool), carried })),
    }
}

/// The document of the policy of this name, or those of its numbered parts.
fn text_of(emission: &Emission, name: &str) -> String {
    let is_meant = |document: &str| {
        document.lines().filter_map(|line| line.strip_prefix("  name: ")).any(|found| {
            found.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
            })
        })
    };
    let mut documents = Vec::new();
    for artifact in &emission.artifacts {
        let text = String::from_utf8_lossy(&artifact.contents);
        documents.extend(text.split("\n---\n").filter(|document| is_meant(document)).map(str::to_owned));
    }
    documents.join("\n---\n")
}

impl Changers {
    fn ask(&self, policies: &Json, objects: &[Json], brings: bool) -> Vec<Made> {
        let Some(pool) = &self.pool else { return Vec::new() };
        let line = |number: usize, object: &Json| json!({"id": number, "object": object, "policies": policies}).to_string();
        let read = |number: usize, reply: &Json| self.answer(number, reply, objects.get(number), brings);
        pool.ask_for(objects, &line, &read, &Made::Error)
    }

    fn answer(&self, number: usize, reply: &Json, object: Option<&Json>, brings: bool) -> Made {
        if let Some(why) = reply.get("unreadable").and_then(Json::as_str) {
            return Made::Unreadable(why.to_owned());
        }
        if let Some(error) = reply.get("error").and_then(Json::as_str) {
            return Made::Error(error.to_owned());
        }
        if reply["id"] != number {
            return Made::Error(format!("an answer that cannot be read: {reply}"));
        }
        if brings {
            return reply["generated"]
                .as_array()
                .cloned()
                .map_or_else(|| Made::Error(format!("it does not say what it brings: {reply}")), Made::Brought);
        }
        let before = if self.dialect.reads { reply.get("before") } else { reply.get("before").or(object) };
        match (before, reply.get("after")) {
            (Some(before), Some(after)) => Made::Changed(before.clone(), after.clone()),
            (_, _) => Made::Error(format!("it does not say what it makes: {reply}")),
        }
    }
}

impl Changer for Changers {
    fn name(&self) -> &str {
        self.name
    }

    fn leaves_out(&self, item: Item<'_>) -> Option<String> {
        match self.carried.get(&item.head().id) {
            None => Some("it was not emitted".to_owned()),
            Some(carried) => carried.as_ref().err().cloned(),
        }
    }

    fn make(&self, item: Item<'_>, objects: &[Json]) -> Vec<Made> {
        self.ask(&json!([policy_name(item.head())]), objects, matches!(item, Item::Generation(_)))
    }

    fn read(&self, objects: &[Json]) -> Vec<Made> {
        if self.dialect.reads {
            self.ask(&json!([]), objects, false)
        } else {
            objects.iter().map(|object| Made::Changed(object.clone(), object.clone())).collect()
        }
    }

    fn emitted(&self, item: Item<'_>) -> String {
        self.carried.get(&item.head().id).and_then(|carried| carried.clone().ok()).unwrap_or_default()
    }
}
