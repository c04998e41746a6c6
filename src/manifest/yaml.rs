//! One YAML document to a node with its places.

use super::MAX_DEPTH;
use super::json::{Duplicate, close_map};
use super::scalar::{self, NotANumber};
use crate::object::{Key, Node, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many nodes the aliases of one file may copy; a long string counts as several.
pub(super) const ALIAS_BUDGET: usize = 1_000_000;

/// Why a document cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlError {
    pub kind: ErrorKind,
    pub message: String,
    pub line: u32,
    pub column: u32,
}

/// What kind of mistake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// Any that has no word of its own.
    Syntax,
    /// A tab indents a line.
    Tab,
}

/// What one chunk between separators holds.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The document, where there is one.
    pub node: Option<Node>,
    /// Keys that stand twice in one map.
    pub duplicates: Vec<Duplicate>,
    /// The line of a second document, after `...`, which `kubectl` ignores.
    pub ignored: Option<u32>,
}

/// Reads the document of a chunk whose first line has the number `line`; `budget` is what is left for aliases.
pub(super) fn parse(text: &str, line: u32, budget: &mut usize) -> Result<Parsed, YamlError> {
    let mut builder = Builder::new(line, budget);
    match builder.run(text) {
        Ok(()) => {}
        Err(Failure::Scan(error)) if is_indentation(&error) => return reindent(text, line, budget, error),
        Err(failure) => return Err(explain(text, line, failure)),
    }
    let parsed = builder.finish();
    match stray_tab(text) {
        Some((row, column)) => Err(YamlError { kind: ErrorKind::Tab, message: String::new(), line: line.saturating_add(row), column }),
        None => Ok(parsed),
    }
}

enum Failure {
    Scan(ScanError),
    /// At a line and column of the file.
    Other(String, u32, u32),
}

/// `kubectl`'s reader lets the lines of a quoted text or of a `[...]` start left of the field that they belong to; the parser here does not. The spaces before such
/// a line mean nothing, so more of them are put there, line by line, until the parser agrees.
fn reindent(text: &str, line: u32, budget: &mut usize, mut error: ScanError) -> Result<Parsed, YamlError> {
    let first = error.clone();
    let mut lines: Vec<(&str, bool)> = text.split_inclusive('\n').map(|line| (line, false)).collect();
    let pad = lines.iter().map(|(line, _)| line.len() - line.trim_start_matches(' ').len()).max().unwrap_or_default() + 1;
    let spaces = " ".repeat(pad);
    let tries = (64_000_000 / text.len().max(1)).clamp(1, 500);
    let mut padded = String::new();
    for _ in 0..tries {
        let row = error.marker().line().saturating_sub(1);
        let rows = if error.info().contains("quoted") {
            quoted_rows(if padded.is_empty() { text } else { &padded }, *error.marker())
        } else {
            row..row + 1
        };
        let mut changed = false;
        for entry in lines.iter_mut().skip(rows.start).take(rows.len()) {
            changed |= !entry.1;
            entry.1 = true;
        }
        if !changed {
            break;
        }
        padded = lines.iter().fold(String::with_capacity(text.len() + pad), |mut all, (line, wide)| {
            if *wide {
                all.push_str(&spaces);
            }
            all.push_str(line);
            all
        });
        let mut builder = Builder::new(line, budget);
        builder.padded = lines.iter().map(|(_, wide)| *wide).collect();
        builder.pad = u32::try_from(pad).unwrap_or(u32::MAX);
        match builder.run(&padded) {
            Ok(()) => return Ok(builder.finish()),
            Err(Failure::Scan(next)) if is_indentation(&next) => error = next,
            Err(_) => break,
        }
    }
    Err(explain(text, line, Failure::Scan(first)))
}

fn is_indentation(error: &ScanError) -> bool {
    matches!(error.info(), "invalid indentation" | "invalid indentation in quoted scalar" | "invalid indentation in flow construct")
}

/// The rows after the first one of the quoted text that starts at the mark.
fn quoted_rows(text: &str, start: Marker) -> std::ops::Range<usize> {
    let mut chars = text.chars().skip(start.index()).peekable();
    let quote = chars.next().unwrap_or('"');
    let mut rows = 0;
    while let Some(c) = chars.next() {
        let escaped = (c == '\\' && quote == '"') || (c == '\'' && quote == '\'' && chars.peek() == Some(&'\''));
        let c = if escaped { chars.next().filter(|c| *c == '\n') } else { Some(c) };
        match c {
            Some('\n') => rows += 1,
            Some(c) if c == quote => break,
            _ => {}
        }
    }
    start.line()..start.line() + rows
}

fn explain(text: &str, line: u32, failure: Failure) -> YamlError {
    let (message, at, column) = match failure {
        Failure::Scan(error) => {
            let mark = error.marker();
            let message = match error.info() {
                "simple key expect ':'" | "simple key expected ':'" => "a `:` is missing after a key".to_owned(),
                "recursion limit exceeded" => format!("maps and lists nest deeper than {MAX_DEPTH}"),
                info => info.to_owned(),
            };
            (message, line.saturating_add(small(mark.line()).saturating_sub(1)), small(mark.col()).saturating_add(1))
        }
        Failure::Other(message, line, column) => (message, line, column),
    };
    if let Some((row, column)) = stray_tab(text)
        && (line.saturating_add(row) <= at || message.contains("found a tab"))
    {
        return YamlError { kind: ErrorKind::Tab, message: String::new(), line: line.saturating_add(row), column };
    }
    if let Some((row, column)) = template(text) {
        let message = "`{{` opens a template, which is no YAML; render it first, for example with `helm template`".to_owned();
        return YamlError { kind: ErrorKind::Syntax, message, line: line.saturating_add(row), column };
    }
    if text.starts_with('%') {
        let directive = text.lines().next().unwrap_or_default().trim_end();
        return YamlError {
            kind: ErrorKind::Syntax,
            message: format!("`kubectl` refuses directives such as `{directive}`; remove it"),
            line,
            column: 1,
        };
    }
    YamlError { kind: ErrorKind::Syntax, message: format!("cannot read the YAML: {message}"), line: at, column }
}

/// Row from 0 and column from 1 of the first `{{` that is not in a comment.
fn template(text: &str) -> Option<(u32, u32)> {
    (0..).zip(text.lines()).find_map(|(row, line)| {
        let at = line.find("{{")?;
        let before = line.get(..at)?;
        (!before.trim_start().starts_with('#')).then(|| (row, small(before.chars().count() + 1)))
    })
}

/// Row from 0 and column from 1 of the first tab that stands where spaces indent, on rows that count.
fn indenting_tab(text: &str, counts: impl Fn(usize) -> bool) -> Option<(u32, u32)> {
    memchr::memchr(b'\t', text.as_bytes())?;
    text.lines().enumerate().find_map(|(row, line)| {
        let content = line.find(|c| !matches!(c, ' ' | '\t' | '-'))?;
        let lead = line.get(..content)?;
        // `-` counts only as the mark of a list element, before white space
        let lead = lead.rfind([' ', '\t']).and_then(|end| lead.get(..=end)).unwrap_or_default();
        let tab = lead.find('\t')?;
        (!line.get(content..)?.starts_with('#') && counts(row)).then(|| (small(row), small(tab + 1)))
    })
}

/// The first tab that indents a line which is not within a text of several lines or a `{...}`: the parser takes some of them, `kubectl` none. Where the parser stops,
/// the lines behind are taken as they stand.
fn stray_tab(text: &str) -> Option<(u32, u32)> {
    indenting_tab(text, |_| true)?;
    // (first row that is covered, row after the last)
    let mut covered: Vec<(usize, usize)> = Vec::new();
    let mut open: Vec<(usize, bool)> = Vec::new();
    let rows = text.lines().count();
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            Event::Scalar(_, style, ..) => {
                // a block ends where the next token starts, or with the text
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let start = if block { span.start.line().saturating_sub(1) } else { span.start.line() };
                let last = !block || (span.end.line() == rows && !text.ends_with('\n'));
                covered.push((start, if last { span.end.line() } else { span.end.line().saturating_sub(1) }));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => open.push((span.start.line(), !span.is_empty())),
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some((start, true)) = open.pop() {
                    covered.push((start, span.end.line()));
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Alias(_) => {}
        }
    }
    covered.sort_unstable();
    indenting_tab(text, |row| !covered.iter().take_while(|(start, _)| *start <= row).any(|(start, end)| (*start..*end).contains(&row)))
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct Anchored {
    node: Node,
    weight: usize,
    height: usize,
}

struct Frame {
    /// Where its entries or items start on the common stack.
    start: usize,
    line: u32,
    column: u32,
    anchor: usize,
    map: bool,
    /// The key that waits for its value.
    key: Option<Key>,
    /// Whether the value to come is that of `<<`.
    merging: bool,
    /// Keys that `<<` brought.
    merged: Vec<Box<str>>,
}

struct Builder<'b> {
    line: u32,
    budget: &'b mut usize,
    frames: Vec<Frame>,
    entries: Vec<(Key, Node)>,
    items: Vec<Node>,
    anchors: BTreeMap<usize, Anchored>,
    parsed: Parsed,
    /// Rows that were indented by `pad` more than they are.
    padded: Vec<bool>,
    pad: u32,
}

impl<'b> Builder<'b> {
    fn new(line: u32, budget: &'b mut usize) -> Self {
        Builder {
            line,
            budget,
            frames: Vec::new(),
            entries: Vec::new(),
            items: Vec::new(),
            anchors: BTreeMap::new(),
            parsed: Parsed::default(),
            padded: Vec::new(),
            pad: 0,
        }
    }

    fn finish(self) -> Parsed {
        self.parsed
    }

    fn run(&mut self, text: &str) -> Result<(), Failure> {
        let mut parser = Parser::new_from_str(text);
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(Failure::Scan)?;
            let place = span.start;
            match event {
                Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag, place)?,
                Event::MappingStart(anchor, _) => self.open(true, anchor, place)?,
                Event::SequenceStart(anchor, _) => self.open(false, anchor, place)?,
                Event::MappingEnd | Event::SequenceEnd => self.close()?,
                Event::Alias(anchor) => self.alias(anchor, place)?,
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        self.parsed.ignored = Some(self.place(place).0);
                        return Ok(());
                    }
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        Ok(())
    }

    fn place(&self, mark: Marker) -> (u32, u32) {
        let row = mark.line().saturating_sub(1);
        let column = small(mark.col()).saturating_add(1);
        let column = if self.padded.get(row) == Some(&true) { column.saturating_sub(self.pad).max(1) } else { column };
        (self.line.saturating_add(small(row)), column)
    }

    fn fail<T>(&self, message: impl Into<String>, mark: Marker) -> Result<T, Failure> {
        let (line, column) = self.place(mark);
        Err(Failure::Other(message.into(), line, column))
    }

    /// Whether the next node is a key.
    fn at_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.map && frame.key.is_none() && !frame.merging)
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        mark: Marker,
    ) -> Result<(), Failure> {
        let plain = style == ScalarStyle::Plain;
        let at_key = self.at_key();
        if at_key
            && plain
            && text == "<<"
            && tag.is_none()
            && let Some(frame) = self.frames.last_mut()
        {
            frame.merging = true;
            return Ok(());
        }
        let value = match tag {
            None if !plain => None,
            None => match scalar::resolve(&text) {
                Ok(value) => value,
                Err(NotANumber) => return self.fail(format!("`{text}` is a number that JSON, and so Kubernetes, does not have"), mark),
            },
            Some(tag) => match tagged(&tag, &text) {
                Ok(value) => value,
                Err(message) => return self.fail(message, mark),
            },
        };
        let (line, column) = self.place(mark);
        let value = value.unwrap_or_else(|| Value::String(text.into_owned().into_boxed_str()));
        let node = Node { value, line, column };
        if anchor != 0 {
            self.keep(anchor, &node, mark)?;
        }
        if at_key { self.key(node, mark) } else { self.put(node, mark) }
    }

    fn key(&mut self, node: Node, mark: Marker) -> Result<(), Failure> {
        let name: Box<str> = match node.value {
            Value::String(text) => text,
            Value::Bool(true) => "true".into(),
            Value::Bool(false) => "false".into(),
            Value::Int(int) => int.to_string().into(),
            #[expect(clippy::cast_possible_truncation, reason = "keys are written in single precision")]
            Value::Float(float) => (float as f32).to_string().into(),
            Value::Null => return self.fail("a key is empty: keys are text", mark),
            Value::List(_) | Value::Map(_) => return self.fail("a key is a list or a map: keys are text", mark),
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some(Key { name, line: node.line, column: node.column });
        }
        Ok(())
    }

    /// A node that is complete goes where it belongs.
    fn put(&mut self, node: Node, mark: Marker) -> Result<(), Failure> {
        let Some(frame) = self.frames.last_mut() else {
            self.parsed.node = Some(node);
            return Ok(());
        };
        if !frame.map {
            self.items.push(node);
        } else if frame.merging {
            frame.merging = false;
            return self.merge(node, mark);
        } else if let Some(key) = frame.key.take() {
            self.entries.push((key, node));
        }
        Ok(())
    }

    /// What `<<` names is set over what stands before it, the first of a list last, and what follows is set over it.
    fn merge(&mut self, node: Node, mark: Marker) -> Result<(), Failure> {
        let maps = match node.value {
            Value::Map(entries) => vec![entries],
            Value::List(items) => {
                let mut maps = Vec::with_capacity(items.len());
                for item in items.into_iter().rev() {
                    match item.value {
                        Value::Map(entries) => maps.push(entries),
                        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
                            return self.fail("`<<` merges a map or a list of maps", mark);
                        }
                    }
                }
                maps
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {
                return self.fail("`<<` merges a map or a list of maps", mark);
            }
        };
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        for (key, value) in maps.into_iter().flatten() {
            let own = self.entries.get_mut(frame.start..).unwrap_or_default();
            match own.iter_mut().rfind(|(other, _)| other.name == key.name) {
                Some(entry) => *entry = (key, value),
                None => {
                    frame.merged.push(key.name.clone());
                    self.entries.push((key, value));
                }
            }
            if self.budget.checked_sub(1).map(|left| *self.budget = left).is_none() {
                return self.fail("aliases make this file too large", mark);
            }
        }
        Ok(())
    }

    fn open(&mut self, map: bool, anchor: usize, mark: Marker) -> Result<(), Failure> {
        if self.frames.len() >= MAX_DEPTH {
            return self.fail(format!("maps and lists nest deeper than {MAX_DEPTH}"), mark);
        }
        if self.at_key() {
            return self.fail("a key is a list or a map: keys are text", mark);
        }
        let (line, column) = self.place(mark);
        let start = if map { self.entries.len() } else { self.items.len() };
        self.frames.push(Frame { start, line, column, anchor, map, key: None, merging: false, merged: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = if frame.map {
            let before = self.parsed.duplicates.len();
            let entries = close_map(&mut self.entries, frame.start, &mut self.parsed.duplicates);
            if !frame.merged.is_empty() {
                let new = self.parsed.duplicates.split_off(before);
                self.parsed.duplicates.extend(new.into_iter().filter(|duplicate| !frame.merged.contains(&duplicate.kept.name)));
            }
            Value::Map(entries)
        } else {
            Value::List(self.items.drain(frame.start..).collect())
        };
        let node = Node { value, line: frame.line, column: frame.column };
        let mark = Marker::new(0, (frame.line - self.line) as usize + 1, (frame.column - 1) as usize);
        if frame.anchor != 0 {
            self.keep(frame.anchor, &node, mark)?;
        }
        self.put(node, mark)
    }

    fn keep(&mut self, anchor: usize, node: &Node, mark: Marker) -> Result<(), Failure> {
        let (weight, height) = measure(node);
        self.spend(weight, mark)?;
        self.anchors.insert(anchor, Anchored { node: node.clone(), weight, height });
        Ok(())
    }

    fn spend(&mut self, weight: usize, mark: Marker) -> Result<(), Failure> {
        match self.budget.checked_sub(weight) {
            Some(left) => {
                *self.budget = left;
                Ok(())
            }
            None => self.fail("aliases make this file too large", mark),
        }
    }

    fn alias(&mut self, anchor: usize, mark: Marker) -> Result<(), Failure> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return self.fail("an alias stands inside what it names", mark);
        };
        let (weight, height) = (anchored.weight, anchored.height);
        if self.frames.len() + height > MAX_DEPTH {
            return self.fail(format!("maps and lists nest deeper than {MAX_DEPTH}"), mark);
        }
        self.spend(weight, mark)?;
        let Some(anchored) = self.anchors.get(&anchor) else { return Ok(()) };
        let node = anchored.node.clone();
        if self.at_key() { self.key(node, mark) } else { self.put(node, mark) }
    }
}

/// How much a copy costs, and how many maps and lists nest in it.
fn measure(node: &Node) -> (usize, usize) {
    let add = |sum: (usize, usize), (weight, height): (usize, usize)| (sum.0.saturating_add(weight), sum.1.max(height));
    match &node.value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => (1, 0),
        Value::String(text) => (1 + text.len() / 32, 0),
        Value::List(items) => {
            let (weight, height) = items.iter().map(measure).fold((1, 0), add);
            (weight, height + 1)
        }
        Value::Map(entries) => {
            let (weight, height) = entries.iter().map(|(key, node)| add((1 + key.name.len() / 32, 0), measure(node))).fold((1, 0), add);
            (weight, height + 1)
        }
    }
}

/// The value of a scalar with a tag; `None` is its text.
fn tagged(tag: &Tag, text: &str) -> Result<Option<Value>, String> {
    if tag.handle != "tag:yaml.org,2002:" {
        // `!` alone and tags of an application: text
        return Ok(None);
    }
    let value = || scalar::resolve(text).unwrap_or(None);
    let wrong = || Err(format!("`{text}` is not what the tag `!!{}` says", tag.suffix));
    match tag.suffix.as_str() {
        "str" | "timestamp" => Ok(None),
        "int" => match value() {
            Some(Value::Int(int)) => Ok(Some(Value::Int(int))),
            _ => wrong(),
        },
        "float" => match value() {
            Some(Value::Int(int)) => Ok(Some(Value::Int(int))),
            Some(Value::Float(float)) => Ok(Some(Value::Float(float))),
            _ => wrong(),
        },
        "bool" => match value() {
            Some(Value::Bool(bool)) => Ok(Some(Value::Bool(bool))),
            _ => wrong(),
        },
        "null" => match value() {
            Some(Value::Null) => Ok(Some(Value::Null)),
            _ => wrong(),
        },
        "binary" => Err("the tag `!!binary` has no place in a manifest: write the base64 text without it".to_owned()),
        _ => Ok(None),
    }
}
