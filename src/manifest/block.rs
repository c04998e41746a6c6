//! The plain part of YAML that nearly every manifest keeps to, read in one pass.
//!
//! Block maps and lists, scalars that stay on their line, `|` texts and `[...]` or `{...}` on one line. Whatever else there is (anchors, tags, folded texts, tabs, a
//! mistake), [`parse`] gives nothing and the whole document goes to the complete parser; where it gives something, that parser gives the same, places included. The
//! tests hold the two against each other.

use super::MAX_DEPTH;
use super::json::{Duplicate, close_map};
use super::scalar;
use crate::object::{Key, Node, Value};

/// The document of a chunk whose first line has the number `line`, where it is of the plain part and not empty.
pub(super) fn parse(text: &str, line: u32) -> Option<(Node, Vec<Duplicate>)> {
    if memchr::memchr2(b'\t', b'\r', text.as_bytes()).is_some() || text.contains('\u{feff}') {
        return None;
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        next: 0,
        row: line,
        line: None,
        entries: Vec::new(),
        items: Vec::new(),
        duplicates: Vec::new(),
    };
    reader.advance();
    let first = reader.line?;
    if first.indent != 0 {
        return None;
    }
    let node = reader.map(0, 1)?;
    if reader.line.is_some() {
        return None;
    }
    Some((node, reader.duplicates))
}

/// What is left of a line that holds something.
#[derive(Clone, Copy)]
struct Line {
    /// Byte at which its row starts.
    start: usize,
    /// Byte at which what is left starts.
    at: usize,
    /// The byte after its last.
    end: usize,
    /// Column of `at`, from 0.
    indent: usize,
    row: u32,
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Byte at which the next row starts, and its number.
    next: usize,
    row: u32,
    line: Option<Line>,
    entries: Vec<(Key, Node)>,
    items: Vec<Node>,
    duplicates: Vec<Duplicate>,
}

/// A byte with which a scalar without quotes may start, with no look at what follows.
fn starts_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'$' | b'(' | b'<' | b'=' | b'+' | b'~' | b'^' | b';' | b'\\')
}

fn column(line: Line, at: usize) -> u32 {
    u32::try_from(at - line.start + 1).unwrap_or(u32::MAX)
}

impl<'a> Reader<'a> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The next row's end; goes on to the row after it.
    fn row_end(&mut self) -> usize {
        let end =
            memchr::memchr(b'\n', self.bytes.get(self.next..).unwrap_or_default()).map_or(self.bytes.len(), |length| self.next + length);
        self.next = end + 1;
        self.row = self.row.saturating_add(1);
        end
    }

    fn spaces(&self, mut at: usize) -> usize {
        while self.bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    /// Goes on to the next line that holds more than white space and a comment.
    fn advance(&mut self) {
        while self.next < self.bytes.len() {
            let (start, row) = (self.next, self.row);
            let at = self.spaces(start);
            let end = self.row_end();
            if at < end && self.byte(at) != b'#' {
                self.line = Some(Line { start, at, end, indent: at - start, row });
                return;
            }
        }
        self.line = None;
    }

    fn is_item(&self, line: Line) -> bool {
        self.byte(line.at) == b'-' && (line.at + 1 == line.end || self.byte(line.at + 1) == b' ')
    }

    /// Whether nothing but a comment follows on the line.
    fn is_end(&self, line: Line, at: usize) -> bool {
        let content = self.spaces(at);
        content >= line.end || (self.byte(content) == b'#' && content > at)
    }

    /// What the current line starts: a list or a map.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Node> {
        if self.is_item(self.line?) { self.list(indent, depth, false) } else { self.map(indent, depth) }
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let first = self.line?;
        let start = self.entries.len();
        if depth > MAX_DEPTH {
            return None;
        }
        while let Some(line) = self.line {
            if line.indent != indent {
                if line.indent > indent {
                    return None;
                }
                break;
            }
            let (name, after) = self.key(line)?;
            let key = Key { name, line: line.row, column: column(line, line.at) };
            let node = if self.is_end(line, after) {
                self.advance();
                match self.line {
                    Some(next) if next.indent > indent => self.block(next.indent, depth + 1)?,
                    Some(next) if next.indent == indent && self.is_item(next) => self.list(indent, depth + 1, true)?,
                    _ => Node { value: Value::Null, line: line.row, column: column(line, after - 1) },
                }
            } else {
                let at = self.spaces(after);
                self.value(line, at, indent, depth)?
            };
            self.entries.push((key, node));
        }
        let entries = close_map(&mut self.entries, start, &mut self.duplicates);
        Some(Node { value: Value::Map(entries), line: first.row, column: column(first, first.at) })
    }

    fn list(&mut self, indent: usize, depth: usize, in_map: bool) -> Option<Node> {
        let first = self.line?;
        let start = self.items.len();
        if depth > MAX_DEPTH {
            return None;
        }
        // the parser places a list that stands at the column of its key behind its first `-`
        let place = if in_map { self.spaces(first.at + 1) } else { first.at };
        if in_map && self.is_end(first, first.at + 1) {
            return None;
        }
        while let Some(line) = self.line {
            if line.indent != indent || !self.is_item(line) {
                if line.indent > indent || (line.indent == indent && !in_map) {
                    return None;
                }
                break;
            }
            let node = if self.is_end(line, line.at + 1) {
                self.advance();
                match self.line {
                    Some(next) if next.indent > indent => self.block(next.indent, depth + 1)?,
                    _ => return None,
                }
            } else {
                let at = self.spaces(line.at + 1);
                let inner = Line { at, indent: at - line.start, ..line };
                self.line = Some(inner);
                if self.is_item(inner) {
                    self.list(inner.indent, depth + 1, false)?
                } else if self.key(inner).is_some() {
                    self.map(inner.indent, depth + 1)?
                } else {
                    self.value(inner, at, indent, depth)?
                }
            };
            self.items.push(node);
        }
        let items = self.items.drain(start..).collect();
        Some(Node { value: Value::List(items), line: first.row, column: column(first, place) })
    }

    /// The key at the start of a line, and the byte after its `:`.
    fn key(&self, line: Line) -> Option<(Box<str>, usize)> {
        let quote = self.byte(line.at);
        let (name, colon): (Box<str>, usize) = if matches!(quote, b'"' | b'\'') {
            let (name, end) = self.quoted(line, line.at)?;
            (name, end)
        } else {
            if !starts_plain(quote) {
                return None;
            }
            let mut from = line.at;
            let colon = loop {
                let colon = from + memchr::memchr(b':', self.bytes.get(from..line.end)?)?;
                if colon + 1 == line.end || self.byte(colon + 1) == b' ' {
                    break colon;
                }
                from = colon + 1;
            };
            let name = self.slice(line.at, colon);
            if name.ends_with(' ')
                || name.starts_with("...")
                || name == "<<"
                || name.contains(" #")
                || !matches!(scalar::resolve(name), Ok(None))
            {
                return None;
            }
            (name.into(), colon)
        };
        let ends = self.byte(colon) == b':' && colon < line.end && (colon + 1 == line.end || self.byte(colon + 1) == b' ');
        (ends && colon - line.at < 200 && self.slice(line.at, colon).is_ascii()).then_some((name, colon + 1))
    }

    /// A value that starts at a byte of the line; goes on to the next line that is not of it. `indent` is that of the map or list around.
    fn value(&mut self, line: Line, at: usize, indent: usize, depth: usize) -> Option<Node> {
        let place = (line.row, column(line, at));
        let (value, place) = match self.byte(at) {
            b'"' | b'\'' => {
                let (text, end) = self.quoted(line, at)?;
                if !self.is_end(line, end) {
                    return None;
                }
                self.advance();
                (Value::String(text), place)
            }
            b'|' => {
                let strip = match self.slice(at + 1, line.end).trim_end_matches(' ') {
                    "" => false,
                    "-" => true,
                    _ => return None,
                };
                self.literal(indent, strip)?
            }
            b'[' | b'{' => {
                if !self.slice(at, line.end).is_ascii() {
                    return None;
                }
                let (node, end) = self.flow(line, at, depth + 1)?;
                if !self.is_end(line, end) {
                    return None;
                }
                self.advance();
                (node.value, place)
            }
            first => {
                if !starts_plain(first) && first < 0x80 && !(first == b'-' && at + 1 < line.end && self.byte(at + 1) != b' ') {
                    return None;
                }
                let mut text = self.slice(at, line.end);
                for (colon, _) in text.match_indices(':') {
                    if matches!(text.as_bytes().get(colon + 1), None | Some(b' ')) {
                        return None;
                    }
                }
                if let Some(comment) = memchr::memmem::find(text.as_bytes(), b" #") {
                    text = text.get(..comment).unwrap_or_default();
                }
                let text = text.trim_end_matches(' ');
                self.advance();
                (scalar::resolve(text).ok()?.unwrap_or_else(|| Value::String(text.into())), place)
            }
        };
        // a line that stands further right would go on with the value
        if self.line.is_some_and(|next| next.indent > indent) {
            return None;
        }
        Some(Node { value, line: place.0, column: place.1 })
    }

    /// A quoted text that ends on its line, and the byte after it.
    fn quoted(&self, line: Line, at: usize) -> Option<(Box<str>, usize)> {
        let from = at + 1;
        let rest = self.bytes.get(from..line.end)?;
        if self.byte(at) == b'\'' {
            let end = from + memchr::memchr(b'\'', rest)?;
            if self.byte(end + 1) != b'\'' {
                return Some((self.slice(from, end).into(), end + 1));
            }
            let mut end = end;
            while self.byte(end + 1) == b'\'' {
                end = end + 2 + memchr::memchr(b'\'', self.bytes.get(end + 2..line.end)?)?;
            }
            return Some((self.slice(from, end).replace("''", "'").into(), end + 1));
        }
        let stop = from + memchr::memchr2(b'"', b'\\', rest)?;
        if self.byte(stop) == b'"' {
            return Some((self.slice(from, stop).into(), stop + 1));
        }
        let mut text = String::with_capacity(rest.len());
        let (mut from, mut stop) = (from, stop);
        loop {
            text.push_str(self.slice(from, stop));
            if self.byte(stop) == b'"' {
                return Some((text.into_boxed_str(), stop + 1));
            }
            text.push(match self.byte(stop + 1) {
                b'n' => '\n',
                b't' => '\t',
                byte @ (b'"' | b'\\') => byte as char,
                _ => return None,
            });
            from = stop + 2;
            stop = from + memchr::memchr2(b'"', b'\\', self.bytes.get(from..line.end)?)?;
        }
    }

    /// The text under a `|`, which goes on to the line after it.
    fn literal(&mut self, indent: usize, strip: bool) -> Option<(Value, (u32, u32))> {
        let row = self.row;
        let own = self.spaces(self.next) - self.next;
        if own <= indent || self.byte(self.next + own) == b'\n' {
            return None;
        }
        let mut text = String::new();
        // line ends that count only where more text follows
        let mut ends = 0;
        while self.next < self.bytes.len() {
            let start = self.next;
            let content = self.spaces(start);
            let blank = self.byte(content) == b'\n';
            if !blank && content - start < own {
                break;
            }
            if blank && content - start > own {
                return None;
            }
            let end = self.row_end();
            if end == self.bytes.len() {
                return None;
            }
            if !blank {
                text.extend(std::iter::repeat_n('\n', ends));
                ends = 0;
                text.push_str(self.slice(start + own, end));
            }
            ends += 1;
        }
        if !strip {
            text.push('\n');
        }
        self.advance();
        let column = u32::try_from(own + 1).unwrap_or(u32::MAX);
        Some((Value::String(text.into_boxed_str()), (row, column)))
    }

    /// A list or map in brackets, or a scalar in one, all on the line; and the byte after it.
    fn flow(&mut self, line: Line, at: usize, depth: usize) -> Option<(Node, usize)> {
        let place = (line.row, column(line, at));
        let (value, end) = match self.byte(at) {
            b'[' => self.flow_list(line, at, depth)?,
            b'{' => self.flow_map(line, at, depth)?,
            b'"' | b'\'' => {
                let (text, end) = self.quoted(line, at)?;
                (Value::String(text), end)
            }
            _ => {
                let (text, end) = self.flow_plain(line, at)?;
                (scalar::resolve(text).ok()?.unwrap_or_else(|| Value::String(text.into())), end)
            }
        };
        Some((Node { value, line: place.0, column: place.1 }, end))
    }

    fn flow_list(&mut self, line: Line, at: usize, depth: usize) -> Option<(Value, usize)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.items.len();
        let mut at = self.spaces(at + 1);
        if self.byte(at) == b']' {
            return Some((Value::List(Vec::new()), at + 1));
        }
        loop {
            let (node, end) = self.flow(line, at, depth + 1)?;
            self.items.push(node);
            at = self.spaces(end);
            match self.byte(at) {
                b',' => at = self.spaces(at + 1),
                b']' => return Some((Value::List(self.items.drain(start..).collect()), at + 1)),
                _ => return None,
            }
        }
    }

    fn flow_map(&mut self, line: Line, at: usize, depth: usize) -> Option<(Value, usize)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.entries.len();
        let mut at = self.spaces(at + 1);
        if self.byte(at) == b'}' {
            return Some((Value::Map(Vec::new()), at + 1));
        }
        loop {
            let (name, end): (Box<str>, usize) = if matches!(self.byte(at), b'"' | b'\'') {
                self.quoted(line, at)?
            } else {
                let (name, end) = self.flow_plain(line, at)?;
                if name == "<<" || !matches!(scalar::resolve(name), Ok(None)) {
                    return None;
                }
                (name.into(), end)
            };
            if self.byte(end) != b':' || self.byte(end + 1) != b' ' {
                return None;
            }
            let key = Key { name, line: line.row, column: column(line, at) };
            let (node, end) = self.flow(line, self.spaces(end + 1), depth + 1)?;
            self.entries.push((key, node));
            at = self.spaces(end);
            match self.byte(at) {
                b',' => at = self.spaces(at + 1),
                b'}' => return Some((Value::Map(close_map(&mut self.entries, start, &mut self.duplicates)), at + 1)),
                _ => return None,
            }
        }
    }

    /// A scalar without quotes in brackets, and the byte after it.
    fn flow_plain(&self, line: Line, at: usize) -> Option<(&'a str, usize)> {
        let first = self.byte(at);
        if !starts_plain(first) && !(first == b'-' && (self.byte(at + 1).is_ascii_alphanumeric() || self.byte(at + 1) == b'-')) {
            return None;
        }
        let mut end = at;
        while end < line.end {
            match self.byte(end) {
                b',' | b']' | b'}' => break,
                b':' => match self.byte(end + 1) {
                    b' ' | b',' | b'[' | b']' | b'{' | b'}' | b'\n' => break,
                    _ => {}
                },
                b'[' | b'{' | b'#' => return None,
                _ => {}
            }
            end += 1;
        }
        let text = self.slice(at, end);
        if self.byte(end) == b':' {
            return (!text.ends_with(' ')).then_some((text, end));
        }
        Some((text.trim_end_matches(' '), end))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use crate::manifest::yaml;
    use proptest::prelude::*;

    /// What the complete parser says; `None` where it refuses.
    fn complete(text: &str) -> Option<(Node, Vec<Duplicate>)> {
        let parsed = yaml::parse(text, 7, &mut 1000).ok()?;
        if parsed.ignored.is_some() {
            return None;
        }
        Some((parsed.node?, parsed.duplicates))
    }

    /// Whether the plain reader takes it; if it does, as the complete one.
    fn agrees(text: &str) -> bool {
        let plain = parse(text, 7);
        if plain.is_some() {
            assert_eq!(plain, complete(text), "{text}");
        }
        plain.is_some()
    }

    #[test]
    fn reads_the_usual_forms() {
        for text in [
            "a: 1\n",
            "a: 1",
            "a:\nb:\n",
            "a:   \n  # c\nb: # c\nc: d # e\n",
            "a:\n  b: x y z\n  c: http://x:80/y#z\n\n\nd: -1\n",
            "a:\n- b\n- c: d\n  e: f\n-   g: h\n    i: j\nk: l\n",
            "a:\n  - b\n  - - c\n    - d\n  -\n    e: f\n  -\n    - g\n",
            "a: 'it''s'\nb: \"x \\\"y\\\" \\n\\t\\\\\"\nc: '' # d\n'e f': \"\"\n\"g\": ''''\n",
            "a: |\n  x\n    y\n\n  # z\n\nb: |-\n x\n\n# c\nc:\n- |\n  x: y\n- z\n",
            "a: []\nb: {}\nc: [a, 'b, c', \"d\", -e, --f, 1.0, http://g:80/h]\nd: {a: b, c d: [e, {f: g}], \"h\": yes}\n",
            "a: é\nb: 'é' # é\nc: \"é\" # é\nd: |\n  é\n",
            "a: {a: 1, a: 2}\na: 3\n",
            "a:\n    b:\n        c: d\n    e: f\n",
        ] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn leaves_the_rest_to_the_complete_parser() {
        for text in [
            "",
            "# c\n",
            "- a\n",
            " a: b\n",
            "a\n",
            "a: b: c\n",
            "a: b\n  c\n",
            "a: b\n  c: d\n",
            "a: 'b\n  c'\n",
            "a: &b c\n",
            "a: *b\n",
            "a: !!str 1\n",
            "a: >\n  b\n",
            "a: |2\n  b\n",
            "a: |\nb: c\n",
            "a: |\n\n  b\n",
            "a:\tb\n",
            "a: b\r\n",
            "<<: {a: b}\n",
            "1: a\n",
            "~: a\n",
            "? a\n",
            "é: a\n",
            "a : b\n",
            "a: .inf\n",
            "a: [b,]\n",
            "a: [b: c]\n",
            "a: {b}\n",
            "a: [\n  b]\n",
            "a: {{ b }}\n",
            "a: \"\\x41\"\n",
            "a: b\n...\n",
            "... a: b\n",
            "a:\n  b: c\n d: e\n",
            "a:\n  - b\n  c: d\n",
            "a:\n- b\n  c: d\n",
            "a:\n  -\n  - b\n",
        ] {
            assert_eq!(parse(text, 7), None, "{text}");
        }
    }

    fn manifestish() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "a", "b c", "key", ": ", ":", ":\n", "- ", "-\n", "-", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n      ", " ", "  ", "[", "]",
            "{", "}", ", ", ",", "'", "''", "\"", "\\n", "|\n", "|-\n", ">\n", "# c", " # c\n", "#", "1", "0644", "yes", "~", "é", "<<",
            "&a ", "*a", "!x ", "--f", "/p", "{}", "[]", ".", "...", "%", "@", "?", "? ", "=", "$(x)", "a: b", "c: d\n",
        ]);
        prop::collection::vec(part, 0..25).prop_map(|parts| parts.concat())
    }

    #[derive(Debug, Clone)]
    enum Tree {
        Scalar(&'static str),
        Literal(bool),
        Map(Vec<(&'static str, Tree)>),
        List(bool, Vec<Tree>),
    }

    /// Writes a value that follows `key:` or `-`, with the line's end.
    fn write(tree: &Tree, indent: usize, out: &mut String) {
        let pad = " ".repeat(indent);
        match tree {
            Tree::Scalar(text) => *out += &format!(" {text}\n"),
            Tree::Literal(strip) => *out += &format!(" |{}\n{pad}  text: 1\n\n{pad}    more\n", if *strip { "-" } else { "" }),
            Tree::Map(entries) => {
                *out += "\n";
                for (key, value) in entries {
                    *out += &format!("{pad}  {key}:");
                    write(value, indent + 2, out);
                }
            }
            Tree::List(deeper, items) => {
                *out += "\n";
                let indent = if *deeper { indent + 2 } else { indent };
                for item in items {
                    *out += &format!("{}-", " ".repeat(indent));
                    match item {
                        // on the line of the `-`
                        Tree::Map(entries) => {
                            for (index, (key, value)) in entries.iter().enumerate() {
                                *out += &if index == 0 { format!(" {key}:") } else { format!("{}{key}:", " ".repeat(indent + 2)) };
                                write(value, indent + 2, out);
                            }
                        }
                        Tree::List(_, items) => write(&Tree::List(true, items.clone()), indent, out),
                        Tree::Scalar(_) | Tree::Literal(_) => write(item, indent, out),
                    }
                }
            }
        }
    }

    fn document() -> impl Strategy<Value = String> {
        let scalar = prop::sample::select(vec![
            "a",
            "b c",
            "'q ''r'",
            "\"s\\n\"",
            "1",
            "on",
            "~",
            "-x",
            "http://h:1/p",
            "[a, 'b', {c: d}]",
            "{e: [f]}",
            "{}",
            "x # c",
            "é",
            "",
            "# c",
        ]);
        let leaf = prop_oneof![4 => scalar.prop_map(Tree::Scalar), 1 => any::<bool>().prop_map(Tree::Literal)];
        let key = prop::sample::select(vec!["a", "b-c", "d.e/f", "'g'", "\"h i\"", "j k", "l"]);
        let tree = leaf.prop_recursive(6, 60, 5, move |inner| {
            prop_oneof![
                prop::collection::vec((key.clone(), inner.clone()), 1..5).prop_map(Tree::Map),
                (any::<bool>(), prop::collection::vec(inner, 1..5)).prop_map(|(deeper, items)| Tree::List(deeper, items)),
            ]
        });
        prop::collection::vec(("[a-z]{3,5}", tree), 1..6).prop_map(|entries| {
            let mut out = String::new();
            for (key, value) in entries {
                out += &format!("{key}x:");
                write(&value, 0, &mut out);
            }
            out
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn gives_what_the_complete_parser_gives(text in manifestish()) {
            agrees(&text);
        }

        #[test]
        fn gives_it_for_whole_documents(text in document()) {
            let bare_dash = ["-\n", "- \n", "- # c\n"].iter().any(|dash| text.contains(dash));
            prop_assert!(agrees(&text) || bare_dash, "{}", text);
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the fixtures are files")]
    fn gives_it_for_the_fixtures() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
        let mut taken = 0;
        for file in ["good", "bad"].into_iter().flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap()) {
            for chunk in std::fs::read_to_string(file.unwrap().path()).unwrap().split("\n---\n") {
                taken += usize::from(agrees(chunk));
            }
        }
        assert!(taken > 20);
    }
}
