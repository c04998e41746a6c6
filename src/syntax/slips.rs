//! From a place where the grammar failed to what was probably meant.

#![allow(clippy::wildcard_enum_match_arm, reason = "most of the grammar's rules have no words of their own")]

use super::parse::GrammarRule as Rule;
use super::scan::ITEM_WORDS;
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use pest::error::{Error, ErrorVariant, InputLocation};
use std::ops::Range;

struct Place<'a> {
    source: u32,
    chunk_start: usize,
    chunk: &'a str,
    at: usize,
}

impl<'a> Place<'a> {
    fn span(&self, start: usize, end: usize) -> Span {
        let byte = |n: usize| u32::try_from(n + self.chunk_start).unwrap_or(u32::MAX);
        Span { source: self.source, start: byte(start), end: byte(end) }
    }

    fn rest(&self) -> &'a str {
        self.chunk.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> &'a str {
        self.chunk.get(..self.at).unwrap_or_default()
    }

    fn error(&self, code: &'static Code, length: usize, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.span(self.at, (self.at + length).min(self.chunk.len())), message).with_help(help)
    }
}

fn word_at(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn token_at(text: &str) -> &str {
    let word = word_at(text);
    if word.is_empty() { text.get(..text.chars().next().map_or(0, char::len_utf8)).unwrap_or_default() } else { word }
}

const STATEMENT_WORDS: [&str; 17] = [
    "severity",
    "tags",
    "docs",
    "action",
    "overrides",
    "match",
    "except",
    "targets",
    "for",
    "if",
    "let",
    "require",
    "forbid",
    "merge",
    "set",
    "append",
    "message",
];

/// What the grammar wanted, in words.
fn expected(rules: &[Rule]) -> String {
    let mut words: Vec<String> = rules
        .iter()
        .filter_map(|wanted| {
            let name = format!("{wanted:?}");
            Some(match wanted {
                Rule::EOI => "the end of the item".to_owned(),
                Rule::expr | Rule::term => "an expression".to_owned(),
                Rule::stmt => "a statement (`for`, `if`, `let`, `require`, `forbid`)".to_owned(),
                Rule::text | Rule::string => "a text in double quotes".to_owned(),
                Rule::ident => "a name".to_owned(),
                Rule::id | Rule::path_id => "a name in kebab-case".to_owned(),
                Rule::word => "a word".to_owned(),
                Rule::type_ => "a type".to_owned(),
                Rule::kind => "a kind".to_owned(),
                Rule::object => "`{`".to_owned(),
                Rule::block => "`{`".to_owned(),
                Rule::cmp | Rule::or | Rule::and | Rule::coalesce | Rule::add | Rule::sub => "an operator".to_owned(),
                Rule::clause => "a clause (`match`, `severity`, `tags`)".to_owned(),
                Rule::item => "an item".to_owned(),
                Rule::case => "a case (`allow`, `deny`, `skip`)".to_owned(),
                _ if name.starts_with("k_") => format!("`{}`", name.trim_start_matches("k_").replace('_', "-")),
                _ => return None,
            })
        })
        .collect();
    words.sort();
    words.dedup();
    words.truncate(5);
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
    }
}

/// Explains why an item could not be read.
pub(super) fn explain(source: u32, text: &str, chunk: &Range<usize>, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let part = text.get(chunk.clone()).unwrap_or_default();
    let skipped = part.get(at..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    let place = Place { source, chunk_start: chunk.start, chunk: part, at: at + skipped };
    let positives: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    unclosed_string(&place)
        .or_else(|| wrong_word(&place))
        .or_else(|| wrong_sign(&place))
        .or_else(|| missing(&place, positives))
        .unwrap_or_else(|| {
            let token = token_at(place.rest());
            let found = if token.is_empty() { "the item ends too soon".to_owned() } else { format!("`{token}` is not expected here") };
            let expected = expected(positives);
            let help = if expected.is_empty() { "`docs/grammar.md` shows the syntax".to_owned() } else { format!("expected {expected}") };
            place.error(&codes::UNEXPECTED, token.len(), found, help)
        })
}

/// A string that does not end on its line, or holds an escape that does not exist.
fn unclosed_string(place: &Place<'_>) -> Option<Diagnostic> {
    let line_start = place.before().rfind('\n').map_or(0, |n| n + 1);
    let line = place.chunk.get(line_start..)?.lines().next()?;
    let mut open: Option<usize> = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if open.is_some() => open = None,
            '"' => open = Some(at),
            '\\' if open.is_some() => {
                let (_, escaped) = chars.next()?;
                let known = matches!(escaped, '"' | '\\' | '/' | 'n' | 't' | 'r' | '{' | '}' | 'u');
                if !known && line_start + at >= place.at.saturating_sub(2) {
                    let start = line_start + at;
                    return Some(
                        Diagnostic::error(
                            &codes::BAD_ESCAPE,
                            place.span(start, start + 1 + escaped.len_utf8()),
                            format!("there is no escape `\\{escaped}`"),
                        )
                        .with_help("the escapes are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\r`, `\\{`, `\\}` and `\\u{...}`"),
                    );
                }
            }
            '/' if open.is_none() && line.get(at..).is_some_and(|rest| rest.starts_with("//")) => break,
            _ => {}
        }
    }
    let start = line_start + open?;
    (start <= place.at + 1).then(|| {
        Diagnostic::error(&codes::UNCLOSED_STRING, place.span(start, line_start + line.len()), "the string does not end on its line")
            .with_help("close it with `\"`; write a newline as `\\n`")
    })
}

/// A misspelt word.
fn wrong_word(place: &Place<'_>) -> Option<Diagnostic> {
    let word = word_at(place.rest());
    if word.is_empty() {
        return None;
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return wrong_number(place, word);
    }
    let line_before = place.before().rsplit('\n').next().unwrap_or_default();
    if line_before.trim().is_empty() {
        let words: Vec<&str> = if line_before.is_empty() { ITEM_WORDS.to_vec() } else { STATEMENT_WORDS.to_vec() };
        if !words.contains(&word) {
            if let Some(near) = nearest(word, words) {
                return Some(place.error(
                    &codes::UNKNOWN_WORD,
                    word.len(),
                    format!("`{word}` is not expected here"),
                    format!("did you mean `{near}`?"),
                ));
            }
        }
    }
    None
}

fn wrong_number(place: &Place<'_>, word: &str) -> Option<Diagnostic> {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    if digits.is_empty() {
        return None;
    }
    let number = word.get(..word.len() - digits.len())?;
    let unit = digits.trim_end_matches(['B', 'b']);
    let units = ["n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let help = match units.iter().find(|known| known.eq_ignore_ascii_case(unit)) {
        Some(known) => format!("write `{number}{known}`"),
        None if matches!(digits, "s" | "h" | "ms" | "min") => format!("write a duration as `duration(\"{word}\")`"),
        None => format!("the units are {}", units.join(", ")),
    };
    Some(place.error(&codes::BAD_NUMBER, word.len(), format!("`{word}` is no number"), help))
}

/// A sign of another language.
fn wrong_sign(place: &Place<'_>) -> Option<Diagnostic> {
    let rest = place.rest();
    let sign = |length: usize, message: &str, help: &str| Some(place.error(&codes::WRONG_OPERATOR, length, message, help));
    if rest.starts_with("&&") {
        return sign(2, "`&&` is no operator", "write `and`");
    }
    if rest.starts_with("||") {
        return sign(2, "`||` is no operator", "write `or`");
    }
    if rest.starts_with("===") {
        return sign(3, "`===` is no operator", "write `==`");
    }
    if rest.starts_with('=') && !rest.starts_with("==") {
        return sign(1, "`=` does not compare", "write `==`");
    }
    if rest.starts_with('!') && !rest.starts_with("!=") {
        return sign(1, "`!` is no operator", "write `not`");
    }
    if rest.starts_with('\'') {
        let length = rest.get(1..).and_then(|inner| inner.find(['\'', '\n'])).map_or(1, |n| n + 2);
        return sign(length, "a string stands in double quotes", "write `\"...\"`");
    }
    if rest.starts_with('?') && !rest.starts_with("??") {
        return sign(1, "`?` is no operator", "write `if C then A else B`, or `??` for a default");
    }
    None
}

/// Something that is left out.
fn missing(place: &Place<'_>, positives: &[Rule]) -> Option<Diagnostic> {
    let token = token_at(place.rest());
    if positives.contains(&Rule::k_message) {
        return Some(place.error(
            &codes::MISSING_MESSAGE,
            token.len(),
            "the check has no `message`",
            "add `message \"...\"` after the condition",
        ));
    }
    if place.rest().trim().is_empty() {
        let opened = |open: char, close: char| place.chunk.matches(open).count() > place.chunk.matches(close).count();
        for (open, close) in [('{', '}'), ('[', ']'), ('(', ')')] {
            if opened(open, close) {
                let at = place.chunk.find(open)?;
                return Some(
                    Diagnostic::error(&codes::UNCLOSED, place.span(at, at + 1), format!("`{open}` is not closed"))
                        .with_help(format!("add `{close}` where the item ends")),
                );
            }
        }
    }
    let before = place.before().trim_end();
    let opener = before.rsplit(['{', '(', '[', '\n']).next().unwrap_or_default();
    let quantifier = ["any ", "all ", "no ", "count ", "sum ", "min ", "max "].iter().any(|q| opener.contains(q));
    if quantifier && opener.contains(" in ") && !opener.contains(':') {
        return Some(place.error(&codes::MISSING_COLON, token.len(), "the quantifier has no `:`", "write `any x in LIST: CONDITION`"));
    }
    None
}
