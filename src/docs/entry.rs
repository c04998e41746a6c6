//! What the catalogue has a page for: rules, mutations, generations and built-in checks.

use crate::ir::{Action, Expect, Program, Rule, Severity, Targets, Test};
use crate::manifest::builtin;
use crate::target::{Outcome, TargetReport};

/// An item of the catalogue.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// `pack/name`, or `builtin/name`.
    pub id: String,
    /// `rule`, `mutation`, `generation` or `builtin`.
    pub kind: &'static str,
    /// Its text: a title in the first line, then paragraphs.
    pub doc: String,
    /// Its severity.
    pub severity: Severity,
    /// What an engine does with a finding; a mutation and a generation find nothing.
    pub action: Option<Action>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it means, where it is no built-in check: the rule, or the clauses of a mutation or generation.
    pub rule: Option<&'a Rule>,
    /// Its tests.
    pub tests: Vec<&'a Test>,
    /// What becomes of it in each target.
    pub report: Vec<&'a TargetReport>,
}

impl Entry<'_> {
    /// The first line of its text.
    #[must_use]
    pub fn title(&self) -> &str {
        self.doc.lines().next().unwrap_or_default().trim()
    }

    /// The paragraphs after the title; what follows `Fix: ` is not among them.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.doc.split("\n\n").skip(1).map(str::trim).filter(|paragraph| !paragraph.is_empty() && !paragraph.starts_with(FIX))
    }

    /// What to do about a finding.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.doc.split("\n\n").find_map(|paragraph| paragraph.trim().strip_prefix(FIX))
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &str {
        self.id.split_once('/').map_or("", |(pack, _)| pack)
    }

    /// How many tests there are of each kind: `2 allow, 1 deny`.
    #[must_use]
    pub fn tests_text(&self) -> String {
        let count = |of: fn(&Expect) -> bool| self.tests.iter().filter(|test| of(&test.expect)).count();
        let counts = [
            (count(|expect| matches!(expect, Expect::Allow)), "allow"),
            (count(|expect| matches!(expect, Expect::Deny(_))), "deny"),
            (count(|expect| matches!(expect, Expect::Skip)), "skip"),
            (count(|expect| matches!(expect, Expect::Gives(_))), "give"),
        ];
        let text: Vec<String> = counts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
        if text.is_empty() && self.kind == "builtin" { "in the program".to_owned() } else { text.join(", ") }
    }

    /// Where it holds: `polc check`, and the targets that carry it.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        let in_check = match self.rule.map(|rule| &rule.targets) {
            None | Some(Targets::All | Targets::Except(_)) => true,
            Some(Targets::Only(names)) => names.contains("check") || names.is_empty(),
        };
        let command = match self.kind {
            "rule" | "builtin" if in_check => Some("polc check"),
            "mutation" | "generation" => Some("polc fix"),
            _ => None,
        };
        let targets = self.report.iter().filter(|row| row.outcome == Outcome::Exact).map(|row| row.target);
        command.into_iter().chain(targets).collect()
    }
}

const FIX: &str = "Fix: ";

/// The items of a program and the built-in checks, in the order of packs and sources.
#[must_use]
pub fn entries<'a>(program: &'a Program, report: &'a [TargetReport]) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let tests = |id: &str| program.packs.values().flat_map(|pack| &pack.tests).filter(|test| test.rule == id).collect::<Vec<_>>();
    let own = |id: &str| report.iter().filter(|row| row.rule == id).collect::<Vec<_>>();
    let entry = |kind: &'static str, rule: &'a Rule| Entry {
        id: rule.id.clone(),
        kind,
        doc: rule.doc.lines().map(str::trim).collect::<Vec<_>>().join("\n"),
        severity: rule.severity,
        action: (kind == "rule").then_some(rule.action),
        tags: rule.tags.clone(),
        rule: Some(rule),
        tests: tests(&rule.id),
        report: own(&rule.id),
    };
    for pack in program.packs.values() {
        entries.extend(pack.rules.iter().map(|rule| entry("rule", rule)));
        entries.extend(pack.mutations.iter().map(|mutation| entry("mutation", &mutation.head)));
        entries.extend(pack.generations.iter().map(|generation| entry("generation", &generation.head)));
    }
    entries.extend(builtin::builtin_ids().iter().map(|check| Entry {
        id: format!("builtin/{}", check.id),
        kind: "builtin",
        doc: sentence(check.summary),
        severity: program.packs.values().find_map(|pack| pack.builtins.get(check.id).copied()).unwrap_or(check.severity),
        action: None,
        tags: check.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        rule: None,
        tests: Vec::new(),
        report: Vec::new(),
    }));
    entries
}

/// A summary as the sentence that it is on a page.
fn sentence(summary: &str) -> String {
    let mut letters = summary.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_title_paragraphs_and_a_fix() {
        let entry = Entry {
            id: "a/b".to_owned(),
            kind: "rule",
            doc: "The title.\n\nMore\nof it.\n\nFix: do it.\n\nLast.".to_owned(),
            severity: Severity::Low,
            action: None,
            tags: Vec::new(),
            rule: None,
            tests: Vec::new(),
            report: Vec::new(),
        };
        assert_eq!((entry.title(), entry.fix(), entry.pack()), ("The title.", Some("do it."), "a"));
        assert_eq!(entry.paragraphs().collect::<Vec<_>>(), ["More\nof it.", "Last."]);
        assert_eq!(entry.tests_text(), "");
        assert_eq!(entry.places(), ["polc check"]);
    }

    #[test]
    fn built_in_checks_are_entries() {
        let program = Program::default();
        let all = entries(&program, &[]);
        assert_eq!(all.len(), builtin::builtin_ids().len());
        assert!(all.iter().all(|entry| entry.title().ends_with('.') && entry.tests_text() == "in the program"));
    }
}
