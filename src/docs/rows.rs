//! The rows that the library covers: what can be enforced, defaulted, injected or diagnosed about Pods, and which item carries each.

use super::entry::Entry;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its id: items that carry it have the tag `doc:<id>`.
    pub id: &'static str,
    /// What it is about.
    pub meaning: &'static str,
    /// The same as a Chinese term.
    pub chinese: &'static str,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let (id, rest) = line.split_once('\t')?;
        let (meaning, chinese) = rest.split_once('\t')?;
        Some(Row { id, meaning, chinese })
    };
    include_str!("rows.tsv").lines().filter_map(line).collect()
});

static REASONS: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| include_str!("reasons.tsv").lines().filter_map(|line| line.split_once('\t')).collect());

/// All rows, in their order.
#[must_use]
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// The Chinese term for a reason of a Pod's status, such as `CrashLoopBackOff`.
#[must_use]
pub fn reason(name: &str) -> Option<&'static str> {
    REASONS.get(name).copied()
}

/// The Chinese terms for what an item's tags name: rows and reasons of a status.
#[must_use]
pub fn chinese(tags: &[String]) -> Vec<&'static str> {
    let mut terms = Vec::new();
    for tag in tags {
        let term = match tag.split_once(':') {
            Some(("doc" | "row", id)) => ROWS.iter().find(|row| row.id == id).map(|row| row.chinese),
            Some(("reason", name)) => reason(name),
            Some(_) | None => None,
        };
        terms.extend(term.filter(|term| !terms.contains(term)));
    }
    terms
}

/// The entries that carry a row.
pub fn carriers<'e, 'p>(row: &Row, entries: &'e [Entry<'p>]) -> Vec<&'e Entry<'p>> {
    let tag = format!("doc:{}", row.id);
    entries.iter().filter(|entry| entry.tags.contains(&tag)).collect()
}

/// The table of the rows with what carries each, its tests and its targets, as Markdown.
#[must_use]
pub fn markdown(entries: &[Entry<'_>]) -> String {
    let mut text = "| row | about | carried by | as | tests | where |\n|---|---|---|---|---|---|\n".to_owned();
    for row in rows() {
        let carriers = carriers(row, entries);
        let column = |cell: &dyn Fn(&Entry<'_>) -> String| carriers.iter().map(|entry| cell(entry)).collect::<Vec<_>>().join("<br>");
        let _ = writeln!(
            text,
            "| `{}` | {} ({}) | {} | {} | {} | {} |",
            row.id,
            row.meaning,
            row.chinese,
            column(&|entry| format!("`{}`", entry.id)),
            column(&|entry| entry.kind.to_owned()),
            column(&|entry| entry.tests_text()),
            column(&|entry| entry.places().join(", ")),
        );
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_row_of_its_own() {
        assert_eq!(rows().len(), include_str!("rows.tsv").lines().count());
        assert_eq!(rows().len(), 120);
        for (index, row) in rows().iter().enumerate() {
            assert!(rows()[..index].iter().all(|other| other.id != row.id && other.chinese != row.chinese), "{}", row.id);
            assert!(!row.meaning.is_empty() && !row.meaning.ends_with('.') && !row.chinese.is_ascii(), "{}", row.id);
        }
        assert_eq!(REASONS.len(), include_str!("reasons.tsv").lines().count());
    }

    #[test]
    fn terms_come_from_rows_and_reasons() {
        let tags = ["doc:sec-privileged", "row:sec-privileged", "cis-5.2.2", "reason:OOMKilled", "doc:none"].map(str::to_owned);
        assert_eq!(chinese(&tags), ["特权容器", "内存溢出"]);
        assert_eq!(reason("NoSuchReason"), None);
    }
}
