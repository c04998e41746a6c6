//! What a target makes of each of the rules that are compared.

use super::engines::Start;
use crate::ir::{Pack, Program, Rule};
use crate::target::{Artifact, Emission, Outcome};
use std::path::Path;

/// The program with the rules that `wanted` says alone, each with its own `targets`.
pub fn only(program: &Program, wanted: &dyn Fn(&Rule) -> bool) -> Program {
    let mut own = Program::default();
    for (name, pack) in &program.packs {
        let rules: Vec<Rule> = pack.rules.iter().filter(|rule| wanted(rule)).cloned().collect();
        if !rules.is_empty() {
            let pack = Pack { name: pack.name.clone(), doc: pack.doc.clone(), params: pack.params.clone(), rules, ..Pack::default() };
            own.packs.insert(name.clone(), pack);
        }
    }
    own
}

/// The program with the rules that are compared.
pub fn compared(start: Start<'_>) -> Program {
    only(start.program, &|rule| start.rules.iter().any(|wanted| wanted.id == rule.id))
}

/// Why a target does not have what is called so; nothing where it has it exactly.
///
/// # Errors
/// The reason.
pub fn outcome(emission: &Emission, id: &str) -> Result<(), String> {
    match emission.report.iter().find(|row| row.rule == id).map(|row| &row.outcome) {
        Some(Outcome::Exact) => Ok(()),
        Some(Outcome::Refused(why) | Outcome::NotApplicable(why)) => Err(why.clone()),
        Some(Outcome::Dropped) => Err("its `targets` clause leaves it out".to_owned()),
        None => Err("it was not emitted".to_owned()),
    }
}

/// What the policy is called that stands for one rule alone.
#[must_use]
pub fn policy_name(rule: &Rule) -> String {
    rule.id.replace('/', "-")
}

/// Writes artifacts into a folder.
///
/// # Errors
/// Why that is not possible.
pub fn write(folder: &Path, artifacts: &[Artifact]) -> Result<(), String> {
    let mut written = std::fs::create_dir_all(folder);
    for artifact in artifacts {
        let path = folder.join(&artifact.path);
        written = written
            .and_then(|()| path.parent().map_or(Ok(()), std::fs::create_dir_all))
            .and_then(|()| std::fs::write(&path, &artifact.contents));
    }
    written.map_err(|error| format!("{} cannot be written: {}", folder.display(), super::super::io_text(&error)))
}
