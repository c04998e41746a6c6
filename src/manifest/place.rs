//! Places in a YAML text as spans of its bytes.

use crate::diagnostic::Span;
use crate::object::{Key, Node, Value};

/// A text with the starts of its lines.
pub(crate) struct Text<'a> {
    pub source: u32,
    pub text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    pub fn new(source: u32, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Text { source, text, starts }
    }

    /// The byte at a line and column, both counted from 1.
    fn at(&self, line: u32, column: u32) -> usize {
        let start = self.starts.get((line as usize).saturating_sub(1)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth((column as usize).saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
    }

    fn span(&self, start: usize, length: usize) -> Span {
        let end = (start + length).min(self.text.len());
        Span { source: self.source, start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// The token that begins at a place: what is quoted with its quotes, else `plain` where it stands there as it is, else what has no space.
    fn token(&self, line: u32, column: u32, plain: Option<&str>) -> Span {
        let start = self.at(line, column);
        let rest = self.text.get(start..).unwrap_or_default();
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let length = match (quote, plain) {
            (Some(quote), _) => quoted(rest, quote),
            (None, Some(plain)) if !plain.is_empty() && rest.starts_with(plain) => plain.len(),
            (None, _) => rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}')).unwrap_or(rest.len()).max(1),
        };
        self.span(start, length)
    }

    /// What begins at a place of which nothing else is known.
    pub fn place(&self, line: u32, column: u32) -> Span {
        let span = self.token(line, column, None);
        let end = if self.get(span).len() > 1 && self.get(span).ends_with(':') { span.end - 1 } else { span.end };
        Span { end, ..span }
    }

    pub fn key(&self, key: &Key) -> Span {
        self.token(key.line, key.column, Some(&key.name))
    }

    pub fn value(&self, node: &Node) -> Span {
        match &node.value {
            Value::String(text) => self.token(node.line, node.column, Some(text)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => self.token(node.line, node.column, None),
            Value::List(items) => match items.last() {
                Some(last) if last.line == node.line => self.flow(node, last),
                Some(_) | None => self.place(node.line, node.column),
            },
            Value::Map(entries) => match entries.first() {
                Some((key, _)) => self.key(key),
                None => self.place(node.line, node.column),
            },
        }
    }

    /// A list on one line, with the bracket that ends it.
    fn flow(&self, node: &Node, last: &Node) -> Span {
        let start = self.at(node.line, node.column);
        let whole = self.span(start, 1).to(self.value(last));
        let behind = self.text.get(whole.end as usize..).unwrap_or_default();
        let closes = behind.trim_start().starts_with(']');
        let end = if closes { whole.end as usize + behind.find(']').unwrap_or(0) + 1 } else { whole.end as usize };
        self.span(whole.start as usize, end - whole.start as usize)
    }

    /// What stands at a span.
    pub fn get(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// The length of a quoted text with its quotes: in double quotes `\\` escapes, in single ones a quote stands twice.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if quote == '"' => {
                characters.next();
            }
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) => {
                characters.next();
            }
            ends if ends == quote => return at + 1,
            _ => {}
        }
    }
    1
}
