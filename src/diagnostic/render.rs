//! Diagnostics as text for people and as JSON for programs.

use super::excerpt::Excerpt;
use super::{Diagnostic, Level, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode};
use serde_json::{Value, json};
use std::fmt;

/// A diagnostic together with its source, in the form that `miette` draws.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<Excerpt>,
    others: Vec<Drawn<'a>>,
    labels: Vec<LabeledSpan>,
    message: String,
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.diagnostic.code.id))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.diagnostic.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        (!self.others.is_empty())
            .then(|| Box::new(self.others.iter().map(|other| other as &dyn miette::Diagnostic)) as Box<dyn Iterator<Item = _>>)
    }
}

/// The diagnostic with those of its labels that are in the first label's source; labels elsewhere follow as related places.
fn drawn<'a>(diagnostic: &'a Diagnostic, sources: &Sources) -> Drawn<'a> {
    let main = diagnostic.labels.first().map(|(span, _)| span.source);
    let place = |message: String, others: Vec<Drawn<'a>>, places: &[&(Span, String)]| {
        let source = places.first().and_then(|(span, _)| sources.get(span.source));
        let source = source.map(|source| Excerpt::new(source, places.iter().map(|(span, _)| *span)));
        let label = |(span, text): &(Span, String)| {
            let (start, end) = source.as_ref().map_or((0, 0), |excerpt| (excerpt.offset(span.start), excerpt.offset(span.end)));
            LabeledSpan::new((!text.is_empty()).then(|| text.clone()), start, end.saturating_sub(start))
        };
        let labels = places.iter().map(|place| label(place)).collect();
        Drawn { diagnostic, others, labels, message, source }
    };
    let (own, elsewhere): (Vec<_>, Vec<_>) = diagnostic.labels.iter().partition(|(span, _)| Some(span.source) == main);
    let others = elsewhere.into_iter().map(|other| {
        let message = if other.1.is_empty() { "related".to_owned() } else { other.1.clone() };
        place(message, Vec::new(), &[other])
    });
    place(diagnostic.message.clone(), others.collect(), &own)
}

/// How many diagnostics are drawn: nobody reads more at once, and a file that is no `.pol` gives many.
pub const MAX_DRAWN: usize = 100;

/// The diagnostics, drawn with their places in the source; after [`MAX_DRAWN`], the number of those that are left out.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120);
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MAX_DRAWN) {
        // Writing to a `String` cannot fail; what miette cannot draw is said in one line.
        let mut one = String::new();
        if handler.render_report(&mut one, &drawn(diagnostic, sources)).is_err() {
            one = format!("{}: {}\n", diagnostic.code.id, diagnostic.message);
        }
        text.push_str(&one);
    }
    let more = diagnostics.len().saturating_sub(MAX_DRAWN);
    if more > 0 {
        text.push_str(&format!("\nand {more} more\n"));
    }
    text
}

/// The diagnostics as a JSON list: `level`, `code`, `message`, `help` and `labels` with `file`, `line`, `column`, `endLine`, `endColumn` (from 1, in code points) and `text`.
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let labels: Vec<Value> = diagnostic
                .labels
                .iter()
                .map(|(span, text)| {
                    let (line, column) = sources.line_column(*span);
                    let (end_line, end_column) = sources.line_column(super::Span { start: span.end, ..*span });
                    let file = sources.get(span.source).map(|source| source.name.as_str()).unwrap_or_default();
                    json!({ "file": file, "line": line, "column": column, "endLine": end_line, "endColumn": end_column, "text": text })
                })
                .collect();
            json!({ "level": diagnostic.level, "code": diagnostic.code.id, "message": diagnostic.message, "help": diagnostic.help, "labels": labels })
        })
        .collect()
}
