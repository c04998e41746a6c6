//! JSON text to nodes with their places.

use super::MAX_DEPTH;
use super::scalar::from_float;
use crate::object::{Key, Node, Value};
use std::collections::BTreeMap;

/// Why a text is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsonError {
    pub message: String,
    pub line: u32,
    pub column: u32,
}

/// A key that stands twice in one map.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Duplicate {
    /// The one that counts, the last.
    pub kept: Key,
    /// The line of one that is lost.
    pub lost: u32,
}

/// Reads JSON values that follow one another, `line` being the number of the first line.
pub(super) fn parse(text: &str, line: u32) -> Result<(Vec<Node>, Vec<Duplicate>), JsonError> {
    let mut parser = Parser {
        bytes: text.as_bytes(),
        text,
        at: 0,
        line,
        mark: 0,
        column: 1,
        entries: Vec::new(),
        items: Vec::new(),
        duplicates: Vec::new(),
    };
    let mut nodes = Vec::new();
    loop {
        parser.space();
        if parser.at >= parser.bytes.len() {
            return Ok((nodes, parser.duplicates));
        }
        nodes.push(parser.value(0)?);
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    line: u32,
    /// The byte of this line whose column is `column`.
    mark: usize,
    column: u32,
    /// Entries of the maps that are open, innermost last.
    entries: Vec<(Key, Node)>,
    items: Vec<Node>,
    duplicates: Vec<Duplicate>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => {}
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    self.mark = self.at + 1;
                    self.column = 1;
                }
                _ => return,
            }
            self.at += 1;
        }
    }

    fn place(&mut self) -> (u32, u32) {
        let passed = self.bytes.get(self.mark..self.at).unwrap_or_default();
        let points = passed.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        self.column = self.column.saturating_add(u32::try_from(points).unwrap_or(u32::MAX));
        self.mark = self.at;
        (self.line, self.column)
    }

    fn error<T>(&mut self, message: impl Into<String>) -> Result<T, JsonError> {
        let (line, column) = self.place();
        Err(JsonError { message: message.into(), line, column })
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Result<T, JsonError> {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(found) => self.error(format!("`{found}` stands where {wanted} is expected")),
            None => self.error(format!("the text ends where {wanted} is expected")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, JsonError> {
        let (line, column) = self.place();
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.unexpected("a value"),
        };
        Ok(Node { value, line, column })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(value);
        }
        self.unexpected("a value")
    }

    fn enter(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= MAX_DEPTH {
            return self.error(format!("maps and lists nest deeper than {MAX_DEPTH}"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    fn map(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.enter(depth)?;
        let start = self.entries.len();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(Vec::new()));
        }
        loop {
            let (line, column) = self.place();
            if self.peek() != Some(b'"') {
                return self.unexpected("a key in double quotes");
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.unexpected("`:`");
            }
            self.at += 1;
            self.space();
            let node = self.value(depth + 1)?;
            self.entries.push((Key { name, line, column }, node));
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(close_map(&mut self.entries, start, &mut self.duplicates)));
                }
                _ => return self.unexpected("`,` or `}`"),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.enter(depth)?;
        let start = self.items.len();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(Vec::new()));
        }
        loop {
            let node = self.value(depth + 1)?;
            self.items.push(node);
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(self.items.drain(start..).collect()));
                }
                _ => return self.unexpected("`,` or `]`"),
            }
        }
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if !is_json_number(text.as_bytes()) {
            self.at = start;
            return self.error(format!("`{text}` is no number"));
        }
        if let Ok(int) = text.parse::<i64>() {
            return Ok(Value::Int(int));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(from_float(number)),
            _ => {
                self.at = start;
                self.error(format!("`{text}` is too great a number"))
            }
        }
    }

    fn string(&mut self) -> Result<Box<str>, JsonError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(b'\\') => return self.escaped_string(start),
                Some(0..=0x1F) => return self.error("a control character has to be escaped in a string"),
                Some(_) => self.at += 1,
                None => return self.unexpected("the end of a string"),
            }
        }
    }

    fn escaped_string(&mut self, start: usize) -> Result<Box<str>, JsonError> {
        let mut text = self.text.get(start..self.at).unwrap_or_default().to_owned();
        loop {
            let from = self.at;
            while self.peek().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
                self.at += 1;
            }
            text.push_str(self.text.get(from..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text.into_boxed_str());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let simple = match self.peek() {
                        Some(byte @ (b'"' | b'\\' | b'/')) => byte as char,
                        Some(b'b') => '\u{8}',
                        Some(b'f') => '\u{c}',
                        Some(b'n') => '\n',
                        Some(b'r') => '\r',
                        Some(b't') => '\t',
                        Some(b'u') => {
                            self.at += 1;
                            text.push(self.code_point()?);
                            continue;
                        }
                        _ => return self.unexpected("an escape such as `n` or `u0041`"),
                    };
                    text.push(simple);
                    self.at += 1;
                }
                Some(_) => return self.error("a control character has to be escaped in a string"),
                None => return self.unexpected("the end of a string"),
            }
        }
    }

    fn code_point(&mut self) -> Result<char, JsonError> {
        let first = self.hex()?;
        if !(0xD800..0xDC00).contains(&first) || self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let second = self.hex()?;
        if !(0xDC00..0xE000).contains(&second) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        Ok(char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(number) => {
                self.at += 4;
                Ok(number)
            }
            None => self.unexpected("four hexadecimal digits"),
        }
    }
}

fn is_json_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with(b"0")) {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            _ => exponent,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Takes the entries from `start` on as a map; of two equal keys the last stays, in its own place, and is reported.
pub(super) fn close_map(entries: &mut Vec<(Key, Node)>, start: usize, duplicates: &mut Vec<Duplicate>) -> Vec<(Key, Node)> {
    let own = entries.get(start..).unwrap_or_default();
    let mut map = Vec::with_capacity(own.len());
    if has_equal(own) {
        let last: BTreeMap<Box<str>, (usize, Key)> =
            own.iter().enumerate().map(|(index, (key, _))| (key.name.clone(), (index, key.clone()))).collect();
        for (index, entry) in entries.drain(start..).enumerate() {
            match last.get(&entry.0.name) {
                Some((other, kept)) if *other != index => duplicates.push(Duplicate { kept: kept.clone(), lost: entry.0.line }),
                _ => map.push(entry),
            }
        }
    } else {
        map.extend(entries.drain(start..));
    }
    map
}

fn has_equal(entries: &[(Key, Node)]) -> bool {
    if entries.len() <= 16 {
        return entries.iter().enumerate().any(|(index, (key, _))| entries.iter().take(index).any(|(other, _)| other.name == key.name));
    }
    let mut names: Vec<&str> = entries.iter().map(|(key, _)| &*key.name).collect();
    names.sort_unstable();
    !names.is_sorted_by(|a, b| a < b)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn gives_every_value_its_place() {
        let (nodes, duplicates) = parse("{\n  \"é\": [1, {\"b\": null}],\n  \"c\": \"x\\u00e9\\ud83d\\ude00\\n\"}{}", 3).unwrap();
        assert!(duplicates.is_empty());
        assert_eq!(nodes.len(), 2);
        let list = nodes[0].get("é").unwrap();
        assert_eq!((list.line, list.column), (4, 8));
        assert_eq!((list.items()[1].line, list.items()[1].column), (4, 12));
        assert_eq!(nodes[0].get("c").unwrap().as_str(), Some("xé😀\n"));
        assert_eq!(nodes[0].entries()[1].0.line, 5);
        assert_eq!((nodes[1].line, nodes[1].column), (5, 32));
    }

    #[test]
    fn keeps_the_last_of_equal_keys() {
        let (nodes, duplicates) = parse(r#"{"a": 1, "b": 2, "a": 3}"#, 1).unwrap();
        assert_eq!(nodes[0].entries().len(), 2);
        assert_eq!(nodes[0].get("a").unwrap().value, Value::Int(3));
        assert_eq!(duplicates[0], Duplicate { kept: Key { name: "a".into(), line: 1, column: 18 }, lost: 1 });
    }

    #[test]
    fn refuses_what_is_no_json() {
        for (text, message, column) in [
            ("{\"a\":01}", "`01` is no number", 6),
            ("{\"a\":1e999}", "`1e999` is too great a number", 6),
            ("{\"a\" 1}", "`1` stands where `:` is expected", 6),
            ("{a: 1}", "`a` stands where a key in double quotes is expected", 2),
            ("[1, 2", "the text ends where `,` or `]` is expected", 6),
            ("[nul]", "`n` stands where a value is expected", 2),
            ("\"\\q\"", "`q` stands where an escape such as `n` or `u0041` is expected", 3),
            ("\"\\u00g0\"", "`0` stands where four hexadecimal digits is expected", 4),
        ] {
            assert_eq!(parse(text, 1).unwrap_err(), JsonError { message: message.to_owned(), line: 1, column }, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000), 1).unwrap_err().message, "maps and lists nest deeper than 128");
    }
}
