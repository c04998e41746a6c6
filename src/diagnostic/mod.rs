//! What `polc` says of wrong input: one declaration a code, with text, help and places.

pub mod codes;
mod excerpt;
pub mod render;

use serde::Serialize;

/// A place in a source: bytes `start..end` of the source with this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// Index of the source in [`Sources`].
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both; both have to be of one source.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A source text with the name that messages use for it.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path as the user gave it, or `-`.
    pub name: String,
    /// The text.
    pub text: String,
    /// Whether it is policies, and not a configuration.
    pub policies: bool,
}

/// All sources of one run; a [`Span`] points into it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    sources: Vec<Source>,
}

impl Sources {
    /// Adds a source and gives its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.push(Source { name: name.into(), text: text.into(), policies: true })
    }

    /// Adds a configuration, which holds no policies, and gives its index.
    pub fn add_configuration(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.push(Source { name: name.into(), text: text.into(), policies: false })
    }

    fn push(&mut self, source: Source) -> u32 {
        self.sources.push(source);
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }

    /// The source with this index.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Source> {
        self.sources.get(index as usize)
    }

    /// The sources that hold policies, with their indices.
    pub fn policies(&self) -> impl Iterator<Item = (u32, &Source)> {
        self.iter().filter(|(_, source)| source.policies)
    }

    /// All sources with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Source)> {
        (0..).zip(&self.sources)
    }

    /// The text at a span; empty where the span points nowhere.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).and_then(|s| s.text.get(span.start as usize..span.end as usize)).unwrap_or_default()
    }

    /// Line and column of a byte, both counted from 1, the column in code points.
    #[must_use]
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let before = self.get(span.source).and_then(|s| s.text.get(..span.start as usize)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The input is accepted.
    Warning,
    /// The input is refused.
    Error,
}

/// The declaration of a code: one place for what `polc explain` and the docs page say.
#[derive(Debug)]
pub struct Code {
    /// kebab-case, unique, for example `unknown-field`.
    pub id: &'static str,
    /// One line: what is wrong, in general.
    pub summary: &'static str,
    /// Markdown: why it is refused, a wrong example and the right one.
    pub explanation: &'static str,
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// One message with its places.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Which.
    pub code: &'static Code,
    /// Error or warning.
    pub level: Level,
    /// Lower case, no full stop, backticks round what the user wrote.
    pub message: String,
    /// The underlined places; the first is the main one. A label may be empty.
    pub labels: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { code, level: Level::Error, message: message.into(), labels: vec![(span, String::new())], help: None }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic { level: Level::Warning, ..Self::error(code, span, message) }
    }

    /// With a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With one more labelled place.
    #[must_use]
    pub fn with_label(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }
}

/// The nearest of some names, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 4);
    let lower = word.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, name)| (*distance, *name))
        .map(|(_, name)| name)
}
