//! A file to its objects: encoding, separators, JSON or YAML, and lists.

use super::block;
use super::json::{self, Duplicate};
use super::yaml::{self, ALIAS_BUDGET, ErrorKind};
use super::{Finding, Level};
use crate::object::{Key, Node, Value};

/// An object of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The object: a map.
    pub node: Node,
    /// Its place among the objects of the file, from 0; the items of a list count one by one.
    pub index: usize,
    /// The line that it starts on, from 1.
    pub line: u32,
    /// What is wrong with its text: keys that stand twice.
    pub findings: Vec<Finding>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// Its objects in order.
    pub documents: Vec<Document>,
    /// What is wrong with the text outside of these objects: a document that cannot be read, or is no object. The others are read all the same.
    pub findings: Vec<Finding>,
}

/// Reads the bytes of a file: YAML documents or JSON values, with `List`s taken apart.
///
/// Documents are split, and scalars typed, as `kubectl` does it, so that an object is what the cluster would get.
///
/// ```
/// let read = polc::manifest::read(b"kind: Pod\n---\nkind: Job\nspec: {completions: 0x10}\n");
/// assert_eq!(read.documents.len(), 2);
/// assert_eq!(read.documents[1].line, 3);
/// assert_eq!(read.documents[1].node.get("spec").and_then(|spec| spec.get("completions")).map(|node| node.line), Some(4));
/// ```
#[must_use]
pub fn read(bytes: &[u8]) -> Read {
    match std::str::from_utf8(bytes) {
        Ok(text) => read_text(text),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let (line, column) = place(&String::from_utf8_lossy(before));
            let message = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
                "the file is UTF-16: save it as UTF-8".to_owned()
            } else {
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                format!("the byte 0x{byte:02X} is not UTF-8: save the file as UTF-8")
            };
            Read { documents: Vec::new(), findings: vec![syntax(message, line, column)] }
        }
    }
}

/// Reads the text of a file; see [`read()`].
#[must_use]
pub fn read_text(text: &str) -> Read {
    documents(text, true)
}

/// Reads the text of a file, each document as it stands: a list is one object.
#[must_use]
pub fn read_whole(text: &str) -> Read {
    documents(text, false)
}

fn documents(text: &str, lists: bool) -> Read {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { read: Read::default(), budget: ALIAS_BUDGET, lists };
    if let Some(at) = text.bytes().position(is_control) {
        let (line, column) = place(text.get(..at).unwrap_or_default());
        let byte = text.as_bytes().get(at).copied().unwrap_or_default();
        reader.read.findings.push(syntax(format!("the control character 0x{byte:02X} has no place in a manifest"), line, column));
        return reader.read;
    }
    let mut line = 1;
    let mut rest = text;
    let mut separator = rest.starts_with("---").then_some(0);
    let newline_dashes = memchr::memmem::Finder::new(b"\n---");
    loop {
        let Some(at) = separator.or_else(|| newline_dashes.find(rest.as_bytes()).map(|at| at + 1)) else {
            reader.chunk(rest, line);
            return reader.read;
        };
        let (chunk, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        reader.chunk(chunk, line);
        line += lines(chunk);
        let end = memchr::memchr(b'\n', from.as_bytes()).map_or(from.len(), |end| end + 1);
        let (marker, after) = from.split_at_checked(end).unwrap_or((from, ""));
        let content = marker.get(3..).unwrap_or_default().trim();
        if !content.is_empty() && !content.starts_with('#') {
            let message = format!("`{}`: only a comment may follow `---` on its line", marker.trim_end());
            reader.read.findings.push(syntax(message, line, 1));
        }
        line += 1;
        rest = after;
        separator = rest.starts_with("---").then_some(0);
    }
}

struct Reader {
    read: Read,
    budget: usize,
    /// Whether lists are taken apart.
    lists: bool,
}

impl Reader {
    fn chunk(&mut self, text: &str, line: u32) {
        let content = text.trim_start();
        let mut json_error = None;
        if content.starts_with('{') {
            match json::parse(text, line) {
                Ok((nodes, duplicates)) => return self.nodes(nodes, duplicates),
                Err(error) => json_error = Some(error),
            }
        }
        if content.is_empty() {
            return;
        }
        if let Some((node, duplicates)) = block::parse(text, line) {
            return self.nodes(vec![node], duplicates);
        }
        match yaml::parse(text, line, &mut self.budget) {
            Ok(parsed) => {
                if let Some(line) = parsed.ignored {
                    self.read.findings.push(syntax(
                        "`kubectl` ignores what follows `...`; put `---` between documents".to_owned(),
                        line,
                        1,
                    ));
                }
                self.nodes(parsed.node.into_iter().collect(), parsed.duplicates);
            }
            Err(error) => self.read.findings.push(match (error.kind, json_error) {
                (ErrorKind::Tab, _) => Finding {
                    id: "yaml-no-tabs",
                    level: Level::Error,
                    message: "a tab indents this line: YAML takes spaces only".to_owned(),
                    field: String::new(),
                    line: error.line,
                    column: error.column,
                },
                (ErrorKind::Syntax, Some(json)) if looks_like_json(content) => {
                    syntax(format!("cannot read the JSON: {}", json.message), json.line, json.column)
                }
                (ErrorKind::Syntax, _) => syntax(error.message, error.line, error.column),
            }),
        }
    }

    fn nodes(&mut self, nodes: Vec<Node>, duplicates: Vec<Duplicate>) {
        let first = self.read.documents.len();
        for node in nodes {
            self.node(node, None, 0);
        }
        for Duplicate { kept, lost } in duplicates {
            let finding = Finding {
                id: "yaml-duplicate-key",
                level: Level::Error,
                message: format!("the key `{}` stands twice: this one counts, that on line {lost} is lost", kept.name),
                field: kept.name.into(),
                line: kept.line,
                column: kept.column,
            };
            let own = self.read.documents.get_mut(first..).unwrap_or_default();
            let owner = own.partition_point(|document| document.line <= kept.line).max(1);
            match own.get_mut(owner - 1) {
                Some(document) => document.findings.push(finding),
                None => self.read.findings.push(finding),
            }
        }
    }

    /// Takes an object, or the items of a list. An item that has no apiVersion and kind takes those of its list.
    fn node(&mut self, mut node: Node, list: Option<&(Node, Option<Node>)>, depth: usize) {
        let what = match &mut node.value {
            Value::Map(entries) => {
                if let Some((api_version, Some(kind))) = list
                    && entries.iter().all(|(key, _)| &*key.name != "kind")
                {
                    entries.retain(|(key, _)| &*key.name != "apiVersion");
                    let key = |name: &str, node: &Node| Key { name: name.into(), line: node.line, column: node.column };
                    entries.insert(0, (key("kind", kind), kind.clone()));
                    entries.insert(0, (key("apiVersion", api_version), api_version.clone()));
                }
                if let Some(own) = list_of(&node)
                    && depth < super::MAX_DEPTH
                    && self.lists
                {
                    return self.list(node, &own, depth);
                }
                self.read.documents.push(Document { line: node.line, index: self.read.documents.len(), node, findings: Vec::new() });
                return;
            }
            // an empty document
            Value::Null if list.is_none() => return,
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::String(_) => "text",
            Value::List(_) => "a list",
        };
        let place = if list.is_some() { "this item" } else { "this document" };
        self.read.findings.push(Finding {
            id: "manifest-object",
            level: Level::Error,
            message: format!("{place} is {what}: an object is a map with `apiVersion` and `kind`"),
            field: String::new(),
            line: node.line,
            column: node.column,
        });
    }

    fn list(&mut self, node: Node, own: &(Node, Option<Node>), depth: usize) {
        let Value::Map(entries) = node.value else { return };
        for (key, value) in entries {
            if let ("items", Value::List(items)) = (&*key.name, value.value) {
                for item in items {
                    self.node(item, Some(own), depth + 1);
                }
            }
        }
    }
}

/// Where a map is a list of objects (`List`, `PodList`): its apiVersion, and the kind of items that name none.
fn list_of(node: &Node) -> Option<(Node, Option<Node>)> {
    let kind = node.get("kind")?;
    let of = kind.as_str()?.strip_suffix("List")?;
    let api_version = node.get("apiVersion")?;
    if !matches!(node.get("items")?.value, Value::List(_)) {
        return None;
    }
    let of = (!of.is_empty()).then(|| Node { value: Value::String(of.into()), line: kind.line, column: kind.column });
    Some((api_version.clone(), of))
}

fn looks_like_json(content: &str) -> bool {
    content.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// What neither YAML nor JSON lets stand in a text; a NUL would also end it for the parser.
fn is_control(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7F
}

fn lines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

/// Line and column after a text.
fn place(before: &str) -> (u32, u32) {
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (lines(before) + 1, u32::try_from(column).unwrap_or(u32::MAX))
}

fn syntax(message: String, line: u32, column: u32) -> Finding {
    Finding { id: "yaml-syntax", level: Level::Error, message, field: String::new(), line, column }
}
