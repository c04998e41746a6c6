//! Reads: each once.

use crate::ir::print::print_read;
use crate::ir::{Elements, Read, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The reads without those that say the same, in their order; a constant or an absent value is always readable.
pub(super) fn distinct(reads: Vec<Read>) -> Vec<Read> {
    let mut seen = BTreeSet::new();
    reads
        .into_iter()
        .filter(|read| !read.sources.iter().any(|source| matches!(&source.of, Elements::Lists(lists) if lists.iter().all(is_nothing))))
        .filter(|read| seen.insert(renamed(&print_read(&Read { path: String::new(), ..read.clone() }))))
        .collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::List(items) => items.is_empty(),
        value => super::fold::is_absent(value),
    }
}

/// The dump with its variables counted from 0, so that reads of two loops over one list look alike.
fn renamed(dump: &str) -> String {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = String::with_capacity(dump.len());
    let mut pieces = dump.split('$');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let (digits, rest) = piece.split_at(end);
        let next = names.len();
        let number = *names.entry(digits).or_insert(next);
        out.push('$');
        out.push_str(&number.to_string());
        out.push_str(rest);
    }
    out
}
