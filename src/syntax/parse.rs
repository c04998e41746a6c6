//! `.pol` text to syntax tree, in three steps: the scan, a cut at items, the grammar for each piece.

use super::ast::File;
use super::scan::{HEADS, KEYWORDS, Kind, Scan, Token, scan};
use super::{build, expected};
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use pest::Parser as _;
use std::ops::Range;

/// The grammar, compiled.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/pol.pest"]
pub(super) struct Grammar;

/// The largest text that is read.
pub const MAX_BYTES: usize = 1 << 20;

/// How many bidirectional control characters of a file are reported.
const MAX_BIDI: usize = 10;

/// A span of bytes.
pub(super) fn span(source: u32, start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { source, start: offset(start), end: offset(end) }
}

/// Whether a character reorders text on the screen.
pub(super) fn is_bidi_control(char: char) -> bool {
    matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads a text as `.pol`.
///
/// The file holds every item that could be read, whatever is wrong with the others; spans are in bytes of `text`. No text makes this panic
/// or recurse deeper than the limits of the language allow.
#[must_use]
pub fn parse(source: u32, text: &str) -> (File, Vec<Diagnostic>) {
    let mut file = File { doc: String::new(), items: Vec::new() };
    if text.len() > MAX_BYTES {
        let message = format!("this file has {} bytes, more than {MAX_BYTES}", text.len());
        let diagnostic = Diagnostic::error(&codes::TOO_LARGE, span(source, 0, 0), message).with_help("divide it into packs and `use` them");
        return (file, vec![diagnostic]);
    }
    let mut diagnostics: Vec<Diagnostic> = text
        .char_indices()
        .filter(|(_, char)| is_bidi_control(*char))
        .take(MAX_BIDI)
        .map(|(at, char)| {
            let message = format!("the character U+{:04X} reorders the text on the screen", u32::from(char));
            Diagnostic::error(&codes::BIDI_CONTROL, span(source, at, at + char.len_utf8()), message)
                .with_help(format!("leave it out; where a string has to hold it, write `\\u{{{:x}}}`", u32::from(char)))
        })
        .collect();

    let start = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    let whole = scan(source, text, start..text.len());
    if whole.broken {
        let cuts = cuts(text, &whole.tokens, start, false);
        for range in pieces(&cuts, start, text.len()) {
            let piece = scan(source, text, range.clone());
            read_piece(source, text, range, &piece.tokens, piece.problems, &mut file, &mut diagnostics);
        }
    } else {
        let Scan { tokens, mut problems, .. } = whole;
        problems.sort_by_key(at);
        let cuts = cuts(text, &tokens, start, true);
        let mut rest = tokens.as_slice();
        for range in pieces(&cuts, start, text.len()) {
            let (here, behind) = rest.split_at(rest.partition_point(|token| token.start < range.end));
            rest = behind;
            let of_here = problems.iter().filter(|problem| at(problem) < range.end).count();
            let later = problems.split_off(of_here);
            read_piece(source, text, range, here, std::mem::replace(&mut problems, later), &mut file, &mut diagnostics);
        }
    }
    diagnostics.sort_by_key(at);
    (file, diagnostics)
}

fn at(diagnostic: &Diagnostic) -> usize {
    diagnostic.labels.first().map_or(0, |(span, _)| span.start as usize)
}

/// Where items begin: at their first `///`. With `outside` only where no bracket is open.
fn cuts(text: &str, tokens: &[Token], start: usize, outside: bool) -> Vec<usize> {
    let word = |token: &Token| text.get(token.start..token.end).unwrap_or_default();
    let mut cuts = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let first_column = token.start == start || text.as_bytes().get(token.start.wrapping_sub(1)) == Some(&b'\n');
        if token.kind != Kind::Word || !first_column || outside && token.depth > 0 {
            continue;
        }
        let following = tokens.get(index + 1);
        let next = following.map(word).unwrap_or_default();
        let named = following.is_some_and(|next| next.kind == Kind::Word);
        let this = word(token);
        let is_head = match this {
            "pod" => next == "-",
            _ if HEADS.contains(&this) => named,
            _ => named && !KEYWORDS.contains(&this) && !KEYWORDS.contains(&next) && nearest(this, HEADS.iter().copied()).is_some(),
        };
        if is_head {
            let documented = tokens.get(..index).unwrap_or_default().iter().rev().take_while(|token| token.kind == Kind::Doc).last();
            cuts.push(documented.map_or(token.start, |doc| doc.start));
        }
    }
    cuts
}

/// The stretches between cuts, none of them empty.
fn pieces(cuts: &[usize], start: usize, end: usize) -> Vec<Range<usize>> {
    let starts = std::iter::once(start).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(end));
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
}

fn read_piece(
    source: u32,
    text: &str,
    range: Range<usize>,
    tokens: &[Token],
    problems: Vec<Diagnostic>,
    file: &mut File,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !problems.is_empty() {
        diagnostics.extend(problems);
        return;
    }
    let Some(piece) = text.get(range.clone()) else { return };
    match Grammar::parse(Rule::file, piece) {
        Ok(pairs) => build::file(source, text, range.start, pairs, file, diagnostics),
        Err(error) => diagnostics.push(expected::explain(source, text, range.start, tokens, &error)),
    }
}
