//! The lines of a source that a diagnostic shows, with long lines cut around what is underlined.

use super::{Source, Span};
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::ops::Range;

/// Lines that stand above and below an underlined one.
const CONTEXT: usize = 2;
/// The longest line that is shown whole, in bytes.
const LONG: usize = 400;
/// How much of a longer line is shown before and behind what is underlined, in bytes.
const AROUND: usize = 80;
const CUT: &str = "\u{2026}";

/// A line of the excerpt.
#[derive(Debug)]
struct Line {
    /// Where it stands in the source.
    source: Range<usize>,
    /// The part of it that is shown, from the start of the line.
    shown: Range<usize>,
    /// Where the shown part begins in the excerpt.
    at: usize,
    /// Where the line begins in the excerpt: at the shown part, or at the sign that it is cut.
    start: usize,
    /// How many characters stand before the shown part, less that sign.
    hidden: usize,
}

/// Lines of a source.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// The number of the first line in the source, from 0.
    first: usize,
    lines: Vec<Line>,
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl Excerpt {
    /// The lines around these spans of the source.
    pub(super) fn new(source: &Source, spans: impl Iterator<Item = Span> + Clone) -> Excerpt {
        let inside = |at: u32| (at as usize).min(source.text.len());
        let mut all = Vec::new();
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            all.push(start..start + line.len());
            start += line.len();
        }
        let row = |at: usize| all.partition_point(|line| line.end <= at).min(all.len().saturating_sub(1));
        let first = spans.clone().map(|span| row(inside(span.start))).min().unwrap_or(0).saturating_sub(CONTEXT);
        let last = spans.clone().map(|span| row(inside(span.end))).max().unwrap_or(0) + CONTEXT;
        let mut excerpt = Excerpt { name: source.name.clone(), text: String::new(), first, lines: Vec::new() };
        for line in all.into_iter().take(last + 1).skip(first) {
            let text = source.text.get(line.clone()).unwrap_or_default();
            let content = text.trim_end_matches(['\n', '\r']);
            let underlined = spans
                .clone()
                .flat_map(|span| [inside(span.start), inside(span.end)])
                .filter(|at| line.contains(at) || *at == line.end)
                .map(|at| at - line.start);
            let shown = if content.len() <= LONG {
                0..text.len()
            } else {
                let from = underlined.clone().min().map_or(0, |at| boundary(content, at.saturating_sub(AROUND)));
                let to = underlined.max().unwrap_or(0).min(from + LONG).saturating_add(AROUND);
                from..boundary(content, to)
            };
            let start = excerpt.text.len();
            let cut_before = shown.start > 0;
            if cut_before {
                excerpt.text.push_str(CUT);
            }
            let before = text.get(..shown.start).unwrap_or_default().chars().count();
            let hidden = before.saturating_sub(usize::from(cut_before));
            let at = excerpt.text.len();
            excerpt.text.push_str(text.get(shown.clone()).unwrap_or_default());
            if shown.end < content.len() {
                excerpt.text.push_str(CUT);
                excerpt.text.push('\n');
            }
            excerpt.lines.push(Line { source: line, shown, at, start, hidden });
        }
        excerpt
    }

    /// Where a byte of the source is in the excerpt.
    pub(super) fn offset(&self, at: u32) -> usize {
        let at = at as usize;
        let line = self.lines.iter().find(|line| line.source.contains(&at)).or(self.lines.last());
        line.map_or(0, |line| {
            let within = at.saturating_sub(line.source.start).clamp(line.shown.start, line.shown.end);
            line.at + (within - line.shown.start)
        })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        // the column in code points, where the span is not given with whole lines around it
        let column = match (inner.column(), self.lines.get(inner.line())) {
            (0, _) | (_, None) => 0,
            (_, Some(line)) => line.hidden + self.text.get(line.start..inner.span().offset()).map_or(0, |before| before.chars().count()),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            self.first + inner.line(),
            column,
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes::syntax::UNEXPECTED;
    use super::super::render::render;
    use super::super::{Diagnostic, Sources};
    use super::*;

    fn drawn(text: &str, at: Range<u32>) -> String {
        let mut sources = Sources::default();
        let source = sources.add("a.pol", text);
        let diagnostic =
            Diagnostic::error(&UNEXPECTED, Span { source, start: at.start, end: at.end }, "what is this").with_help("remove it");
        render(&[diagnostic], &sources, false)
    }

    #[test]
    fn short_lines_are_shown_whole() {
        let text = drawn("one\ntwo\nthree\nfour\nfive\nsix\n", 14..18);
        assert!(text.contains("[a.pol:4:1]"), "{text}");
        assert!(text.contains(" 3 \u{2502} three") && text.contains(" 4 \u{2502} four") && text.contains(" 5 \u{2502} five"), "{text}");
        assert!(!text.contains("one") && !text.contains(CUT), "{text}");
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_underlined() {
        let long = format!("first\n{}here{}\nlast\n", "\u{e4}".repeat(50_000), "b".repeat(100_000));
        let text = drawn(&long, 100_006..100_010);
        assert!(text.contains("[a.pol:2:50001]"), "{text}");
        assert!(text.len() < 1_500, "{}", text.len());
        assert!(text.contains(&format!("{CUT}{}here{}{CUT}", "\u{e4}".repeat(40), "b".repeat(80))), "{text}");
        let shown: Vec<&str> = text.lines().collect();
        let code = shown.iter().position(|line| line.contains("here")).unwrap_or_default();
        let column = |line: &str, what: char| line.chars().position(|c| c == what);
        let marked = shown.get(code + 1).copied().unwrap_or_default();
        assert_eq!(column(shown.get(code).copied().unwrap_or_default(), 'h'), column(marked, '\u{2500}'), "{text}");
        assert!(text.contains("first") && text.contains("last"), "{text}");
    }

    #[test]
    fn places_at_the_end_and_in_an_empty_text_are_drawn() {
        assert!(drawn("one\ntwo", 7..7).contains("[a.pol:2:4]"));
        assert!(drawn("", 0..0).contains("what is this"));
        assert!(drawn("one\n", 4..4).contains("what is this"));
        // a span that begins on one long line and ends on another
        let two = format!("{}\n{}\n", "a".repeat(5_000), "b".repeat(5_000));
        assert!(drawn(&two, 10..9_000).len() < 3_000);
    }
}
