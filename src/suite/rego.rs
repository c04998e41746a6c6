//! Modules of tests for `opa test` and `conftest verify`: one for each pack.

use super::{Example, Referee, message};
use crate::ir::walk::kinds_beside;
use crate::lower::rego::print::string;
use crate::target::{Artifact, package_name};
use crate::verify::{admission_review, cluster_data, is_plain};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Whose modules are tested.
pub(super) struct Dialect {
    /// The target.
    target: &'static str,
    /// The package above those of the packs.
    root: &'static str,
    /// The command that runs the tests.
    command: &'static str,
}

pub(super) const OPA: Dialect = Dialect { target: "opa", root: "polc", command: "opa test opa opa-tests" };
pub(super) const CONFTEST: Dialect =
    Dialect { target: "conftest", root: "main", command: "conftest verify --policy conftest --policy conftest-tests" };

/// Values are written over several lines where one would be longer than this.
const WIDTH: usize = 100;

/// A module for each pack that has tests.
pub(super) fn emit(referee: &Referee<'_>, examples: &[&Example], dialect: &Dialect) -> Vec<Artifact> {
    let mut artifacts: Vec<(String, String)> = Vec::new();
    for example in examples {
        let Some(text) = test(referee, example, dialect) else { continue };
        let path = format!("{0}-tests/{1}_test.rego", dialect.target, example.pack());
        match artifacts.last_mut() {
            Some((last, module)) if *last == path => module.push_str(&text),
            _ => artifacts.push((path, head(example.pack(), dialect) + &text)),
        }
    }
    artifacts.into_iter().map(|(path, text)| Artifact { path, contents: text.into_bytes() }).collect()
}

fn head(pack: &str, dialect: &Dialect) -> String {
    format!(
        "# METADATA\n# title: Tests of the pack {pack}\n# description: \"{}\"\npackage {}_test.{}\n\n\
         messages(violations, rule) := {{violation.msg | some violation in violations; violation.rule == rule}}\n",
        dialect.command,
        dialect.root,
        package_name(pack)
    )
}

/// A test, and before it what is given in it.
fn test(referee: &Referee<'_>, example: &Example, dialect: &Dialect) -> Option<String> {
    let case = &example.case;
    // conftest is given manifests and knows no cluster.
    if dialect.target == CONFTEST.target && !is_plain(case) {
        return None;
    }
    let verdicts = referee.verdicts(case);
    let message = message(verdicts.get(example.rule.as_str())).ok()?;
    let name = package_name(&example.name());
    let review;
    let input = if is_plain(case) {
        &case.object
    } else {
        review = admission_review(case);
        &review
    };
    let mut text = format!("\ngiven_{name} := {}\n", value(input, 0));
    let mut with = format!("with input as given_{name}");
    let kinds = referee.rule(&example.rule).map(|(_, rule)| kinds_beside(rule)).unwrap_or_default();
    if let Some(data) = cluster_data(case, &kinds) {
        let _ = write!(text, "\ncluster_{name} := {}\n", value(data.get("kubernetes")?, 0));
        let _ = write!(with, " with data.kubernetes as cluster_{name}");
    }
    let expected = message.map_or_else(|| "set()".to_owned(), |message| format!("{{{}}}", string(message)));
    let _ = write!(
        text,
        "\ntest_{name} if {{\n\tviolations := data.{}.{}.violations {with}\n\tmessages(violations, {}) == {expected}\n}}\n",
        dialect.root,
        package_name(example.pack()),
        string(&example.rule),
    );
    Some(text)
}

/// A value in Rego.
fn value(json: &Json, indent: usize) -> String {
    let flat = flat(json);
    if indent * 4 + flat.chars().count() <= WIDTH {
        return flat;
    }
    let tabs = "\t".repeat(indent);
    match json {
        Json::Object(fields) if !fields.is_empty() => {
            let lines = fields.iter().fold(String::new(), |mut lines, (key, field)| {
                let _ = writeln!(lines, "{tabs}\t{}: {},", string(key), value(field, indent + 1));
                lines
            });
            format!("{{\n{lines}{tabs}}}")
        }
        Json::Array(items) if !items.is_empty() => {
            let lines = items.iter().fold(String::new(), |mut lines, item| {
                let _ = writeln!(lines, "{tabs}\t{},", value(item, indent + 1));
                lines
            });
            format!("[\n{lines}{tabs}]")
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => flat,
    }
}

fn flat(json: &Json) -> String {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => json.to_string(),
        Json::String(text) => string(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(key, field)| format!("{}: {}", string(key), flat(field))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
