//! Diagnostics as text for people and as JSON for programs.

use super::{Diagnostic, Level, Sources};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};
use serde_json::{Value, json};
use std::fmt;

/// A diagnostic together with its source, in the form that `miette` draws.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
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
    let label = |span: super::Span, text: &str| {
        let length = span.end.saturating_sub(span.start) as usize;
        LabeledSpan::new((!text.is_empty()).then(|| text.to_owned()), span.start as usize, length)
    };
    let named = |index: u32| sources.get(index).map(|source| NamedSource::new(&source.name, source.text.clone()));
    let others = diagnostic.labels.iter().filter(|(span, _)| Some(span.source) != main).map(|(span, text)| Drawn {
        diagnostic,
        source: named(span.source),
        others: Vec::new(),
        labels: vec![label(*span, text)],
        message: if text.is_empty() { "related".to_owned() } else { text.clone() },
    });
    Drawn {
        diagnostic,
        source: main.and_then(named),
        others: others.collect(),
        labels: diagnostic.labels.iter().filter(|(span, _)| Some(span.source) == main).map(|(span, text)| label(*span, text)).collect(),
        message: diagnostic.message.clone(),
    }
}

/// All diagnostics, drawn with their places in the source.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120);
    let mut text = String::new();
    for diagnostic in diagnostics {
        // Writing to a `String` cannot fail; what miette cannot draw is said in one line.
        let mut one = String::new();
        if handler.render_report(&mut one, &drawn(diagnostic, sources)).is_err() {
            one = format!("{}: {}\n", diagnostic.code.id, diagnostic.message);
        }
        text.push_str(&one);
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
