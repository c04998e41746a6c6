//! `.pol` text to syntax tree, in three steps: the scan, a cut at items, the grammar for each piece.

use super::ast::{File, ItemKind};
use super::scan::{HEADS, KEYWORDS, Kind, Scan, Token, scan};
use super::{build, expected};
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use pest::Parser as _;
use std::collections::BTreeSet;
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

/// The pack that a file belongs to, and the packs that it uses.
#[must_use]
pub fn packs(file: &File) -> (Option<String>, BTreeSet<String>) {
    let mut name = None;
    let mut uses = BTreeSet::new();
    for item in &file.items {
        match &item.kind {
            ItemKind::Pack(pack) => name = Some(pack.node.clone()),
            ItemKind::Use(used) => {
                uses.insert(used.pack.node.clone());
            }
            ItemKind::Param(_)
            | ItemKind::Let(_)
            | ItemKind::Function(_)
            | ItemKind::Rule(_)
            | ItemKind::Mutation(_)
            | ItemKind::Generation(_)
            | ItemKind::PodSecurity(_)
            | ItemKind::Exempt(_)
            | ItemKind::Builtin(_)
            | ItemKind::Test(_) => {}
        }
    }
    (name, uses)
}

/// The pack that a text belongs to. Where it begins with that, as texts do, the rest is not looked at.
#[must_use]
pub fn pack(text: &str) -> Option<String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"))?;
    let name = first.strip_prefix("pack").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim);
    let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    match name.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).filter(is_plain) {
        Some(name) => Some(name.to_owned()),
        None => packs(&parse_pieces(0, text, |piece| piece.has(text, "pack")).0).0,
    }
}

/// Reads a text as `.pol`, but no tests in it, unless something else is wrong: for those who only judge.
#[must_use]
pub fn parse_without_tests(source: u32, text: &str) -> (File, Vec<Diagnostic>) {
    parse_pieces(source, text, |piece| !piece.is_test(text))
}

/// The tokens between two cuts.
struct Piece<'t> {
    tokens: &'t [Token],
}

impl Piece<'_> {
    fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let outside = self.tokens.iter().filter(|token| token.kind == Kind::Word && token.depth == 0);
        outside.map(move |token| text.get(token.start()..token.end()).unwrap_or_default())
    }

    /// Whether this word stands outside of all brackets.
    fn has(&self, text: &str, wanted: &str) -> bool {
        self.words(text).any(|word| word == wanted)
    }

    /// Whether it is one test and nothing else.
    fn is_test(&self, text: &str) -> bool {
        let behind = self.tokens.iter().skip_while(|token| token.kind == Kind::Doc);
        let first =
            behind.clone().next().is_some_and(|token| token.kind == Kind::Word && text.get(token.start()..token.end()) == Some("test"));
        // one body is closed, and nothing follows it
        let closed = |token: &Token| token.kind == Kind::Close && token.depth == 0 && text.get(token.start()..token.end()) == Some("}");
        first && self.tokens.iter().filter(|token| closed(token)).count() == 1 && self.tokens.last().is_some_and(closed)
    }
}

/// Reads a text as `.pol`.
///
/// The file holds every item that could be read, whatever is wrong with the others; spans are in bytes of `text`. No text makes this panic
/// or recurse deeper than the limits of the language allow.
#[must_use]
pub fn parse(source: u32, text: &str) -> (File, Vec<Diagnostic>) {
    parse_pieces(source, text, |_| true)
}

/// Reads the pieces that are asked for; all of them where brackets do not match, for then nobody knows where a piece ends.
fn parse_pieces(source: u32, text: &str, wanted: impl Fn(&Piece<'_>) -> bool) -> (File, Vec<Diagnostic>) {
    let mut file = File { doc: String::new(), items: Vec::new() };
    if text.len() > MAX_BYTES {
        let message = format!("this file has {} bytes, more than {MAX_BYTES}", text.len());
        let diagnostic = Diagnostic::error(&codes::TOO_LARGE, span(source, 0, 0), message).with_help("divide it into packs and `use` them");
        return (file, vec![diagnostic]);
    }
    // each of them begins with one of these bytes
    let mut diagnostics: Vec<Diagnostic> = memchr::memchr2_iter(0xd8, 0xe2, text.as_bytes())
        .filter_map(|at| Some((at, text.get(at..)?.chars().next()?)))
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
            let (here, behind) = rest.split_at(rest.partition_point(|token| token.start() < range.end));
            rest = behind;
            let of_here = problems.iter().filter(|problem| at(problem) < range.end).count();
            let later = problems.split_off(of_here);
            if problems.is_empty() && !wanted(&Piece { tokens: here }) {
                problems = later;
                continue;
            }
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
    let word = |token: &Token| text.get(token.start()..token.end()).unwrap_or_default();
    let mut cuts = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let first_column = token.start() == start || text.as_bytes().get(token.start().wrapping_sub(1)) == Some(&b'\n');
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
            cuts.push(documented.map_or(token.start(), |doc| doc.start()));
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! Doc.\n// pack wrong\npack a\n\nuse b except use { pack: 1 }\nrule pack { match Pod for use in pod.containers { forbid use.tty message \"pack x\" } }\n  use c\n\
        /// Doc.\ntest pack { allow given { pack: \"use d\" } }\ntest pack { skip given {} } let x = 1\nuse e";

    #[test]
    fn packs_are_found_whatever_is_wrong_with_the_rest() {
        let of = |text: &str| packs(&parse(0, text).0);
        let uses = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(of(TEXT), (Some("a".to_owned()), uses(&["b", "c", "e"])));
        assert_eq!(of(""), (None, uses(&[])));
        assert_eq!(of("pack a\nrule r { require"), (Some("a".to_owned()), uses(&[])));
        assert_eq!(of("rule r { match Pod }\npack b"), (Some("b".to_owned()), uses(&[])));
        assert_eq!(of(&" ".repeat(MAX_BYTES + 1)), (None, uses(&[])));
        for text in [
            TEXT,
            "",
            "pack a",
            "//! Doc.\r\n\r\npack a-b\r\nuse c\r\n",
            "pack\ta // why\n",
            "rule r { match Pod }\npack b",
            "packs",
            "pack \"a\"",
        ] {
            assert_eq!(pack(text), packs(&parse(0, text).0).0, "{text}");
        }
    }

    #[test]
    fn without_tests_all_else_is_read() {
        let count = |file: &File, wanted: fn(&ItemKind) -> bool| file.items.iter().filter(|item| wanted(&item.kind)).count();
        let is_test = |kind: &ItemKind| matches!(kind, ItemKind::Test(_));
        let (all, found) = parse(0, TEXT);
        assert!(found.is_empty(), "{found:?}");
        let (without, found) = parse_without_tests(0, TEXT);
        assert!(found.is_empty());
        // one that shares its line with another item is read with it
        assert_eq!((count(&all, is_test), count(&without, is_test)), (2, 1));
        assert_eq!(all.items.len() - 1, without.items.len());
        // what is wrong outside of tests is found
        for wrong in [
            "rule r { match }\ntest r { allow given {} }\n",
            "test r { allow given { }\nrule r { match Pod }\n",
            "test r { allow given { a: 'b' } }\n",
        ] {
            assert!(!parse_without_tests(0, wrong).1.is_empty(), "{wrong}");
        }
    }
}
