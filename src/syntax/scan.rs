//! What is looked at before the grammar runs: size, forbidden characters, nesting, and where items begin.

use super::parse::{MAX_DEPTH, MAX_SOURCE};
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Diagnostic, Span};
use std::ops::Range;

/// The words that begin an item.
pub(super) const ITEM_WORDS: [&str; 12] =
    ["pack", "use", "param", "let", "fn", "rule", "mutation", "generation", "pod-security", "exempt", "builtin", "test"];

fn span(source: u32, start: usize, end: usize) -> Span {
    let byte = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { source, start: byte(start), end: byte(end) }
}

/// A piece of source that matters to nesting.
enum Piece<'a> {
    Word(&'a str),
    Open,
    Close,
    Comma,
    Other,
}

/// Walks over the source, leaving out comments and the insides of strings and regular expressions; `{` in a string counts as nothing.
fn pieces<'a>(text: &'a str, mut visit: impl FnMut(usize, Piece<'a>) -> bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut operand_before = false;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let rest = bytes.get(at..).unwrap_or_default();
        let piece = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'/' if rest.starts_with(b"//") => {
                at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                continue;
            }
            b'"' => {
                at += string_length(rest);
                operand_before = true;
                Piece::Other
            }
            b'/' if !operand_before => {
                at += delimited_length(rest, b'/');
                operand_before = true;
                Piece::Other
            }
            b'(' | b'[' | b'{' => {
                at += 1;
                operand_before = false;
                Piece::Open
            }
            b')' | b']' | b'}' => {
                at += 1;
                operand_before = true;
                Piece::Close
            }
            b',' => {
                at += 1;
                operand_before = false;
                Piece::Comma
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                at += rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                let word = text.get(start..at).unwrap_or_default();
                operand_before = !matches!(word, "matches" | "and" | "or" | "not" | "in" | "like" | "contains" | "then" | "else");
                Piece::Word(word)
            }
            _ => {
                at += 1;
                operand_before = byte.is_ascii_digit();
                Piece::Other
            }
        };
        if !visit(start, piece) {
            return;
        }
    }
}

/// The length of a string with its quotes; to the end of the line when it is not closed. Interpolations hold no strings with braces of their own that matter here:
/// a quote inside `{...}` is skipped as a string in turn.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    let mut braces: usize = 0;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' => return at,
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            b'"' if braces == 0 || !closes_later(rest.get(at + 1..).unwrap_or_default()) => return at + 1,
            b'"' => {
                let inner = rest.get(at + 1..).unwrap_or_default();
                at += memchr::memchr2(b'"', b'\n', inner).map_or(inner.len(), |n| n + 1);
            }
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

/// Whether a string that begins inside an interpolation is closed, and the interpolation after it, on this line: else the quote ends the outer string.
fn closes_later(rest: &[u8]) -> bool {
    let line = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
    let Some(quote) = memchr::memchr(b'"', line) else { return false };
    let after = line.get(quote + 1..).unwrap_or_default();
    memchr::memchr(b'}', after).is_some_and(|brace| memchr::memchr(b'"', after.get(brace..).unwrap_or_default()).is_some())
}

fn delimited_length(rest: &[u8], end: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        if byte == b'\n' {
            return at;
        }
        if byte == b'\\' {
            at += 1;
        }
        at += 1;
        if byte == end {
            return at;
        }
    }
    rest.len()
}

/// Refuses a source that later stages could not walk: too large, too deep, or not what it looks like.
pub(super) fn check(source: u32, text: &str) -> Vec<Diagnostic> {
    if text.len() > MAX_SOURCE {
        return vec![
            Diagnostic::error(
                &codes::SOURCE_TOO_LARGE,
                span(source, 0, 0),
                format!("the source has {} bytes, more than {MAX_SOURCE}", text.len()),
            )
            .with_help("cut it into several files of one pack"),
        ];
    }
    let is_bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}');
    let mut diagnostics: Vec<Diagnostic> = text
        .char_indices()
        .filter(|(_, c)| is_bidi(*c))
        .take(1)
        .map(|(at, c)| {
            Diagnostic::error(
                &codes::BIDI_CONTROL,
                span(source, at, at + c.len_utf8()),
                format!("the bidirectional control character `\\u{{{:X}}}`", u32::from(c)),
            )
            .with_help(format!("remove it, or write `\\u{{{:X}}}` inside a string", u32::from(c)))
        })
        .collect();
    diagnostics.extend(too_deep(source, text));
    diagnostics
}

/// How far open expressions nest without brackets: in one pair of brackets since the last statement word or comma.
#[derive(Default)]
struct Frame {
    open: usize,
    after_close: bool,
}

fn too_deep(source: u32, text: &str) -> Option<Diagnostic> {
    let mut frames = vec![Frame::default()];
    let mut prefixes = 0;
    let mut found = None;
    pieces(text, |at, piece| {
        let before: usize = frames.iter().map(|frame| frame.open).sum::<usize>() + frames.len() - 1;
        if let Some(frame) = frames.last_mut() {
            let after_close = std::mem::take(&mut frame.after_close);
            match piece {
                Piece::Word("not" | "exists" | "declared" | "unchanged") => prefixes += 1,
                Piece::Word(word) => {
                    prefixes = 0;
                    let at_line_start = text.get(..at).is_none_or(|t| t.is_empty() || t.ends_with('\n'));
                    match word {
                        "require" | "forbid" | "let" | "for" | "merge" | "append" | "severity" | "match" | "message" => frame.open = 0,
                        "if" if after_close => frame.open = 1,
                        "if" | "else" | "any" | "all" | "no" | "count" | "sum" | "min" | "max" => frame.open += 1,
                        _ if at_line_start && ITEM_WORDS.contains(&word) => frame.open = 0,
                        _ => {}
                    }
                }
                Piece::Open => {
                    prefixes = 0;
                    frames.push(Frame::default());
                }
                Piece::Close => {
                    prefixes = 0;
                    if frames.len() > 1 {
                        frames.pop();
                    }
                    if let Some(outer) = frames.last_mut() {
                        outer.after_close = true;
                    }
                }
                Piece::Comma => {
                    prefixes = 0;
                    frame.open = 0;
                }
                Piece::Other => prefixes = 0,
            }
        }
        if before + prefixes > MAX_DEPTH {
            found = Some(at);
        }
        found.is_none()
    });
    found.map(|at| {
        let end = at + text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
        Diagnostic::error(&codes::TOO_DEEP, span(source, at, end), format!("nested more than {MAX_DEPTH} deep"))
            .with_help("name parts of it with `let` or `fn`")
    })
}

/// Where each item stands: from its doc lines, or its word in column 0, to the next.
pub(super) fn items(text: &str, from: usize) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut line_start = from;
    let mut docs: Option<usize> = None;
    for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        if line.starts_with("///") {
            docs.get_or_insert(line_start);
        } else {
            let word = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).next().unwrap_or_default();
            let begins = ITEM_WORDS.contains(&word) || line.starts_with(|c: char| c.is_ascii_alphabetic());
            if begins {
                starts.push(docs.unwrap_or(line_start));
            }
            let plain_comment = line.starts_with("//") && !line.starts_with("//!");
            if begins || !(line.trim().is_empty() || plain_comment) {
                docs = None;
            }
        }
        line_start += line.len();
    }
    if let Some(docs) = docs {
        starts.push(docs);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
