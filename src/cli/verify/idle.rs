//! Engines that were asked for by name and judged nothing: a run that says nothing of them would look as if they agreed.

use super::Started;
use crate::verify::changed::{self, Item};
use crate::verify::run::Outcome;

/// The names of the engines that gave no verdict, and why: `rules` are judged at all, and `made` says that the cases come from the rules. Of objects that were given, an engine may judge none if
/// another one does.
pub fn idle(
    started: &Started,
    rules: usize,
    items: &[Item<'_>],
    outcome: &Outcome,
    changes: &changed::Outcome,
    made: bool,
) -> Vec<(String, String)> {
    let judging = started.judging.iter().map(|engine| {
        let own = outcome.rows.iter().filter(|row| row.engine == engine.name());
        let why = why_not(rules, "rule that can apply", &outcome.left_out, engine.name());
        (engine.name(), own.map(|row| row.tally.judged()).collect::<Vec<_>>(), why)
    });
    let changing = started.changing.iter().map(|engine| {
        let own = changes.rows.iter().filter(|row| row.engine == engine.name());
        let why = why_not(items.len(), "mutation or generation", &changes.left_out, engine.name());
        (engine.name(), own.map(|row| row.changed + row.left_alone).collect::<Vec<_>>(), why)
    });
    let engines: Vec<(&str, Vec<usize>, String)> = judging.chain(changing).collect();
    let is_zero = |verdicts: &[usize]| verdicts.iter().all(|count| *count == 0);
    let has_to_judge = made || engines.iter().all(|(_, verdicts, _)| is_zero(verdicts));
    let without = |(name, verdicts, why): (&str, Vec<usize>, String)| {
        let why = if verdicts.is_empty() { why } else { "it judges none of the cases".to_owned() };
        let nothing = verdicts.is_empty() || (has_to_judge && is_zero(&verdicts));
        nothing.then(|| (name.to_owned(), why))
    };
    engines.into_iter().filter_map(without).collect()
}

fn why_not(count: usize, what: &str, left_out: &[(String, String, String)], engine: &str) -> String {
    let first = left_out.iter().find(|(_, of, _)| of == engine);
    match (count, first) {
        (0, _) | (_, None) => format!("there is no {what}"),
        (1, Some((id, _, why))) => format!("it leaves out {id}: {why}"),
        (_, Some((id, _, why))) => format!("it leaves out all {count}, as {id}: {why}"),
    }
}
