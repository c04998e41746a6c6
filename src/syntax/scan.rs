//! What is looked at before the grammar: signs, strings, brackets and depth.
//!
//! The grammar recurses, so a text that nests too deep must not reach it. And much of what people type from habit (`&&`, `'text'`, `2GiB`) is
//! better named here than by the grammar, which only knows what it would have liked instead.

use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use std::ops::Range;

/// How deep brackets, quantifiers and conditions may stand within each other.
pub const MAX_DEPTH: usize = 64;

/// How high the tree of one expression may be; a chain of operators is as high as it is long.
pub const MAX_HEIGHT: usize = 128;

/// Words that begin an item.
pub(super) const HEADS: &[&str] =
    &["pack", "use", "param", "let", "fn", "rule", "mutation", "generation", "pod-security", "exempt", "builtin", "test"];

/// Words that no name may be; the same as `keyword` in the grammar.
pub(super) const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "contains",
    "declared",
    "else",
    "exists",
    "false",
    "for",
    "forbid",
    "if",
    "in",
    "let",
    "like",
    "matches",
    "message",
    "no",
    "not",
    "or",
    "require",
    "then",
    "true",
    "unchanged",
    "where",
];

const QUANTIFIERS: &[&str] = &["all", "any", "count", "max", "min", "no", "sum"];

/// Keywords that begin a statement or end one: no expression goes on behind them.
const STATEMENTS: &[&str] = &["for", "forbid", "let", "message", "require"];

/// Words that begin a statement and may be names too: behind the end of an operand they begin a statement.
const CHANGES: &[&str] = &["append", "default", "merge", "remove", "set"];

const UNITS: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "m", "k", "M", "G", "T", "P", "E"];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word.
    Word,
    /// A word behind a dot.
    Member,
    /// A number, a quantity or a date.
    Number,
    /// A string, or a stretch of a message between braces.
    Text,
    /// `/re/`
    Regex,
    /// A `///` line.
    Doc,
    /// A `//!` line.
    FileDoc,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// Any other sign.
    Sign,
}

/// A token of the text. A text has thousands of them, so they are small.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    start: u32,
    end: u32,
    /// How many brackets are open around it.
    pub(super) depth: u16,
    /// What it is.
    pub(super) kind: Kind,
}

impl Token {
    /// Its first byte.
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }

    /// The byte after its last.
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }
}

/// All that a scan finds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The tokens in order, comments left out.
    pub(super) tokens: Vec<Token>,
    /// What is wrong.
    pub(super) problems: Vec<Diagnostic>,
    /// Whether brackets do not match or stand too deep: then the text is cut at every item and looked at again.
    pub(super) broken: bool,
}

/// An open bracket.
struct Frame {
    sign: u8,
    at: usize,
    /// The white space before the first word of the line that the bracket stands in.
    indent: usize,
    /// Whether it is the brace of an interpolation.
    value: bool,
    /// Quantifiers and `if`s that may still be open within.
    pending: usize,
    /// `<` of a type that may still be open within.
    types: usize,
}

struct Scanner<'a> {
    source: u32,
    text: &'a str,
    at: usize,
    end: usize,
    line: usize,
    frames: Vec<Frame>,
    outer: (usize, usize),
    pending: usize,
    /// The first bracket whose closing sign stands left of its line.
    suspect: Option<usize>,
    too_deep: bool,
    scan: Scan,
}

/// Looks at a stretch of a text.
pub(super) fn scan(source: u32, text: &str, range: Range<usize>) -> Scan {
    let mut scanner = Scanner {
        source,
        text,
        at: range.start,
        end: range.end,
        line: range.start,
        frames: Vec::new(),
        outer: (0, 0),
        pending: 0,
        suspect: None,
        too_deep: false,
        scan: Scan::default(),
    };
    while scanner.at < scanner.end {
        scanner.step();
    }
    scanner.finish();
    scanner.scan
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> u8 {
        if at < self.end { self.text.as_bytes().get(at).copied().unwrap_or_default() } else { 0 }
    }

    fn starts(&self, with: &str) -> bool {
        self.text.get(self.at..self.end).is_some_and(|rest| rest.starts_with(with))
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn word_end(&self, from: usize) -> usize {
        let rest = self.text.as_bytes().get(from..self.end).unwrap_or_default();
        from + rest.iter().position(|byte| !is_word_byte(*byte)).unwrap_or(rest.len())
    }

    fn line_end(&self) -> usize {
        self.text.get(self.at..self.end).and_then(|rest| rest.find('\n')).map_or(self.end, |length| self.at + length)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        super::parse::span(self.source, start, end)
    }

    fn problem(&mut self, code: &'static Code, start: usize, end: usize, message: impl Into<String>, help: impl Into<String>) {
        let span = self.span(start, end);
        self.scan.problems.push(Diagnostic::error(code, span, message).with_help(help));
    }

    fn last(&self) -> Option<(Kind, &str)> {
        self.scan.tokens.last().map(|token| (token.kind, self.slice(token.start(), token.end())))
    }

    fn before_last(&self) -> Option<(Kind, &str)> {
        let token = self.scan.tokens.len().checked_sub(2).and_then(|index| self.scan.tokens.get(index))?;
        Some((token.kind, self.slice(token.start(), token.end())))
    }

    fn token(&mut self, kind: Kind, end: usize) {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let depth = u16::try_from(self.frames.len()).unwrap_or(u16::MAX);
        self.scan.tokens.push(Token { start: offset(self.at), end: offset(end), depth, kind });
        self.at = end;
    }

    // ------------------------------------------------------------ depth

    fn counters(&mut self) -> (&mut usize, &mut usize) {
        match self.frames.last_mut() {
            Some(frame) => (&mut frame.pending, &mut frame.types),
            None => (&mut self.outer.0, &mut self.outer.1),
        }
    }

    fn deeper(&mut self) {
        *self.counters().0 += 1;
        self.pending += 1;
        self.check_depth();
    }

    fn unwound(&mut self) {
        let count = std::mem::take(self.counters().0);
        self.pending -= count;
    }

    fn check_depth(&mut self) {
        let types = *self.counters().1;
        if self.frames.len() + self.pending + types > MAX_DEPTH && !self.too_deep {
            self.too_deep = true;
            self.scan.broken = true;
            let end = self.at + self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let end = end.max(self.word_end(self.at));
            self.problem(
                &codes::TOO_DEEP,
                self.at,
                end,
                format!("this nests more than {MAX_DEPTH} deep"),
                "give an inner part a name with `let` or `fn`",
            );
        }
    }

    /// Keeps count of what recurses without a bracket: quantifiers, conditions, types.
    fn count(&mut self, kind: Kind, text: &str) {
        let types_before = *self.counters().1;
        let types = match (kind, text) {
            (Kind::Sign, "<") => types_before + 1,
            (Kind::Sign, ">") => types_before.saturating_sub(1),
            (Kind::Sign, "," | "|") | (Kind::Word | Kind::Text, _) => types_before,
            _ => 0,
        };
        *self.counters().1 = types;
        if types > types_before {
            self.check_depth();
        }
        if (kind, text) == (Kind::Sign, ",") {
            let binds = |word: Option<(Kind, &str)>| {
                word.is_some_and(|(kind, word)| kind == Kind::Word && (QUANTIFIERS.contains(&word) || word == "for" || word == "unique"))
            };
            if !binds(self.before_last()) {
                self.unwound();
            }
        }
        if kind != Kind::Word {
            return;
        }
        let last = self.last();
        let is_item = || last.is_some_and(|(kind, word)| kind == Kind::Word && HEADS.contains(&word)) && !KEYWORDS.contains(&text);
        let is_behind_operand = || {
            last.is_some_and(|(kind, word)| match kind {
                Kind::Word => !KEYWORDS.contains(&word) && !QUANTIFIERS.contains(&word),
                Kind::Member | Kind::Number | Kind::Text | Kind::Regex | Kind::Close => true,
                Kind::Sign | Kind::Open | Kind::Doc | Kind::FileDoc => false,
            })
        };
        if STATEMENTS.contains(&text) || CHANGES.contains(&text) && is_behind_operand() || is_item() {
            self.unwound();
        }
        let last = self.last();
        if text == "if" {
            if last.is_some_and(|(kind, _)| kind == Kind::Close) {
                self.unwound();
            }
            self.deeper();
        } else if last.is_some_and(|(kind, word)| kind == Kind::Word && QUANTIFIERS.contains(&word)) {
            self.deeper();
        }
    }

    // ------------------------------------------------------------ tokens

    fn step(&mut self) {
        let byte = self.byte(self.at);
        match byte {
            b'\n' => {
                if let Some(value) = self.frames.iter().position(|frame| frame.value) {
                    let open = self.frames.get(value).map_or(self.at, |frame| frame.at);
                    self.problem(
                        &codes::UNCLOSED,
                        open,
                        open + 1,
                        "this `{` in a message is not closed on its line",
                        "close it with `}`, or write `\\{` for a plain brace",
                    );
                    self.close_from(value);
                }
                self.at += 1;
                self.line = self.at;
            }
            b' ' | b'\t' | b'\r' => {
                let rest = self.text.as_bytes().get(self.at..self.end).unwrap_or_default();
                self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).unwrap_or(rest.len());
            }
            b'"' => self.string(),
            b'\'' => self.single_quotes(),
            b'/' => self.slash(),
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(byte),
            b'0'..=b'9' => self.number(),
            _ if is_word_byte(byte) => self.word(),
            _ => self.sign(),
        }
    }

    fn word(&mut self) {
        let end = self.word_end(self.at);
        let text = self.text.get(self.at..end).unwrap_or_default();
        let member = self.last() == Some((Kind::Sign, "."));
        let kind = if member { Kind::Member } else { Kind::Word };
        self.count(kind, text);
        self.token(kind, end);
    }

    fn number(&mut self) {
        if self.last() == Some((Kind::Sign, ".")) {
            return self.word();
        }
        let bytes = self.text.as_bytes();
        let digits = |from: usize, count: usize| bytes.get(from..from + count).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
        let at = self.at;
        let date = digits(at, 4) && self.byte(at + 4) == b'-' && digits(at + 5, 2) && self.byte(at + 7) == b'-' && digits(at + 8, 2);
        if date && !is_word_byte(self.byte(at + 10)) {
            return self.token(Kind::Number, at + 10);
        }
        let mut end = self.word_end(at);
        while self.byte(end) == b'.' && self.byte(end + 1).is_ascii_digit() {
            end = self.word_end(end + 1);
        }
        let in_id = at >= 2 && self.byte(at - 1) == b'-' && is_word_byte(self.byte(at - 2));
        let number = self.text.get(at..end).unwrap_or_default();
        if !in_id && let Some((message, help)) = bad_number(number) {
            self.problem(&codes::BAD_NUMBER, at, end, message, help);
        }
        self.count(Kind::Number, "");
        self.token(Kind::Number, end);
    }

    fn slash(&mut self) {
        if self.starts("//") {
            let mut end = self.line_end();
            if self.byte(end.wrapping_sub(1)) == b'\r' {
                end -= 1;
            }
            if self.starts("//!") {
                self.token(Kind::FileDoc, end);
            } else if self.starts("///") && !self.starts("////") {
                self.token(Kind::Doc, end);
            } else {
                self.at = end;
            }
            return;
        }
        if self.starts("/*") {
            let length = self.text.get(self.at..self.end).and_then(|rest| rest.find("*/")).map_or(2, |length| length + 2);
            self.problem(
                &codes::BAD_SIGN,
                self.at,
                self.at + 2,
                "there are no `/* ... */` comments",
                "begin each line of the comment with `//`",
            );
            self.at += length;
            return;
        }
        if self.is_separator() {
            return self.token(Kind::Sign, self.at + 1);
        }
        let mut end = self.at + 1;
        loop {
            match self.byte(end) {
                b'/' => break,
                b'\\' if !matches!(self.byte(end + 1), b'\r' | b'\n' | 0) => end += 2,
                b'\\' | b'\r' | b'\n' | 0 => {
                    self.problem(
                        &codes::UNCLOSED,
                        self.at,
                        self.at + 1,
                        "this `/` begins a regular expression that is not closed on its line",
                        "close it with `/`; there is no division",
                    );
                    self.at = self.line_end();
                    return;
                }
                _ => end += 1,
            }
        }
        self.count(Kind::Regex, "");
        self.token(Kind::Regex, end + 1);
    }

    /// Whether the slash at hand is the one of `pack/rule` or `Deployment/scale`, not of a regular expression.
    fn is_separator(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let run = before.len() - before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).len();
        let run = self.slice(self.at - run, self.at);
        run.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && !KEYWORDS.contains(&run)
    }

    fn single_quotes(&mut self) {
        let line = self.slice(self.at + 1, self.line_end());
        let (end, help) = match line.find('\'') {
            Some(length) => (self.at + length + 2, format!("write `\"{}\"`", line.get(..length).unwrap_or_default())),
            None => (self.at + 1, "write `\"...\"`".to_owned()),
        };
        self.problem(&codes::SINGLE_QUOTES, self.at, end, "a string stands in double quotes", help);
        self.token(Kind::Text, end);
    }

    fn sign(&mut self) {
        const SIGNS: &[&str] = &["==", "!=", "<=", ">=", "??", "=", "<", ">", "+", "-", ":", ",", ".", "|"];
        const SLIPS: &[(&str, &str)] = &[
            ("&&", "write `and`"),
            ("&", "write `and`"),
            ("||", "write `or`"),
            ("===", "write `==`"),
            ("!==", "write `!=`"),
            ("=~", "write `matches`"),
            ("!~", "write `not matches`"),
            ("=>", "write `>=` to compare; `any x in LIST: CONDITION` to ask for each element"),
            ("->", "write `any x in LIST: CONDITION` to ask for each element"),
            (":=", "write `=`"),
            ("<>", "write `!=`"),
            ("!", "write `not`"),
            ("?.", "write `.`: what is absent stays absent"),
            ("?", "write `if C then A else B`, or `A ?? B` for a default"),
            (";", "leave it out: a statement ends where the next one begins"),
            ("#", "begin a comment with `//`"),
            ("`", "put text in double quotes"),
            ("$", "write the name alone; in a message, `{name}`"),
            ("@", "put text in double quotes"),
            ("*", "`[*]` stands for each element of a list; there is no multiplication"),
            ("%", "put a percentage in double quotes; there is no remainder"),
        ];
        let rest = self.text.as_bytes().get(self.at..self.end).unwrap_or_default();
        let is_here = |sign: &str| rest.starts_with(sign.as_bytes());
        // most signs are one of these, with which no slip begins
        let is_plain = matches!(rest, [b',' | b'.', ..] | [b':', b' ', ..]);
        let slip = SLIPS.iter().find(|(sign, _)| !is_plain && is_here(sign) && (*sign != "!" || !is_here("!=")));
        if let Some((sign, help)) = slip
            && !(*sign == "?" && is_here("??"))
        {
            let code = if matches!(*sign, "&&" | "||" | "!" | "===" | "!==" | "=~" | "!~" | "<>" | "&") {
                &codes::FOREIGN_OPERATOR
            } else {
                &codes::BAD_SIGN
            };
            let message = format!("`{sign}` is not a sign of the language");
            self.problem(code, self.at, self.at + sign.len(), message, *help);
            self.token(Kind::Sign, self.at + sign.len());
            return;
        }
        if let Some(sign) = SIGNS.iter().find(|sign| is_here(sign)) {
            self.count(Kind::Sign, sign);
            return self.token(Kind::Sign, self.at + sign.len());
        }
        let Some(char) = self.text.get(self.at..self.end).and_then(|rest| rest.chars().next()) else {
            self.at = self.end;
            return;
        };
        let end = self.at + char.len_utf8();
        if !super::parse::is_bidi_control(char) {
            let help = match char {
                '\u{201c}' | '\u{201d}' | '\u{201e}' => "a string stands in plain double quotes: `\"`",
                '\u{2018}' | '\u{2019}' => "a string stands in plain double quotes: `\"`",
                '\u{a0}' => "put a plain space there",
                _ if char.is_alphanumeric() => {
                    "names are made of the letters `a` to `z`, `A` to `Z`, digits and `_`; other letters stand in strings"
                }
                _ => "leave it out, or put it into a string",
            };
            let message = format!("`{}` is not a sign of the language", char.escape_debug());
            self.problem(&codes::BAD_SIGN, self.at, end, message, help);
        }
        self.token(Kind::Sign, end);
    }

    // ------------------------------------------------------------ brackets

    fn open(&mut self, sign: u8) {
        if self.starts("[*]") {
            self.count(Kind::Sign, "[*]");
            return self.token(Kind::Sign, self.at + 3);
        }
        self.count(Kind::Open, "");
        self.push(sign, false);
        self.token(Kind::Open, self.at + 1);
    }

    fn push(&mut self, sign: u8, value: bool) {
        let line = self.slice(self.line, self.at);
        let indent = line.len() - line.trim_start().len();
        self.frames.push(Frame { sign, at: self.at, indent, value, pending: 0, types: 0 });
        self.check_depth();
    }

    fn close(&mut self, sign: u8) {
        let opening = match sign {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        // not beyond the message that it stands in, and not far into what nests too deep anyway
        let near = self.frames.iter().enumerate().rev().take(2 * MAX_DEPTH);
        let stop = near.clone().find(|(_, frame)| frame.sign == opening || frame.value);
        let Some(index) = stop.filter(|(_, frame)| frame.sign == opening).map(|(index, _)| index) else {
            self.scan.broken = true;
            self.problem(
                &codes::UNCLOSED,
                self.at,
                self.at + 1,
                format!("nothing is open that `{}` could close", char::from(sign)),
                format!("leave it out, or open it with `{}`", char::from(opening)),
            );
            self.at += 1;
            return;
        };
        if let Some(inner) = self.frames.last().filter(|_| index + 1 < self.frames.len()) {
            let (at, open) = (inner.at, char::from(inner.sign));
            self.scan.broken = true;
            let place = self.span(self.at, self.at + 1);
            let diagnostic = Diagnostic::error(&codes::UNCLOSED, self.span(at, at + 1), format!("this `{open}` is not closed"))
                .with_label(place, "another bracket is closed here")
                .with_help(format!("close it with `{}`", closing(open)));
            self.scan.problems.push(diagnostic);
        }
        let value = self.frames.get(index).is_some_and(|frame| frame.value);
        if let Some(frame) = self.frames.get(index) {
            let line = self.slice(self.line, self.at);
            if line.trim().is_empty() && line.len() < frame.indent && self.suspect.is_none() {
                self.suspect = Some(frame.at);
            }
        }
        self.close_from(index);
        self.token(Kind::Close, self.at + 1);
        if value {
            self.string_rest(self.at, true);
        }
    }

    fn close_from(&mut self, index: usize) {
        for frame in self.frames.drain(index..) {
            self.pending -= frame.pending;
        }
    }

    fn finish(&mut self) {
        let Some(last) = self.frames.last() else { return };
        self.scan.broken = true;
        let at = self.suspect.unwrap_or(last.at);
        let open = self.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('{');
        self.problem(&codes::UNCLOSED, at, at + 1, format!("this `{open}` is not closed"), format!("close it with `{}`", closing(open)));
    }

    // ------------------------------------------------------------ strings

    fn string(&mut self) {
        self.count(Kind::Text, "");
        let message = self.last() == Some((Kind::Word, "message"));
        self.string_rest(self.at + 1, message);
    }

    /// The rest of a string, from `from`; the token begins where the scanner stands.
    fn string_rest(&mut self, from: usize, message: bool) {
        let mut end = from;
        loop {
            match self.byte(end) {
                b'"' => return self.token(Kind::Text, end + 1),
                b'\\' => end = self.escape(end),
                b'\r' | b'\n' | 0 if end >= self.end || matches!(self.byte(end), b'\r' | b'\n') => {
                    let open = self.frames.iter().rfind(|frame| frame.value).map(|frame| frame.at);
                    match open {
                        // The quote that would have closed the message was taken for the beginning of a string.
                        Some(open) if !message => {
                            self.problem(
                                &codes::UNCLOSED,
                                open,
                                open + 1,
                                "this `{` in a message is not closed on its line",
                                "close it with `}`, or write `\\{` for a plain brace",
                            );
                            let index = self.frames.iter().position(|frame| frame.value).unwrap_or_default();
                            self.close_from(index);
                        }
                        _ => self.problem(
                            &codes::UNCLOSED,
                            self.at,
                            end,
                            "this string is not closed on its line",
                            "close it with `\"`; a line end inside a string is written `\\n`",
                        ),
                    }
                    return self.token(Kind::Text, end);
                }
                b'{' if message => {
                    self.token(Kind::Text, end);
                    let next = self.text.get(end + 1..self.end).unwrap_or_default();
                    if next.starts_with('{') {
                        self.problem(
                            &codes::BAD_MESSAGE,
                            end,
                            end + 2,
                            "a value in a message stands in one pair of braces",
                            "write `{name}`; a plain brace is written `\\{`",
                        );
                    } else if next.trim_start_matches(' ').starts_with('}') {
                        self.problem(
                            &codes::BAD_MESSAGE,
                            end,
                            end + 1,
                            "there is nothing between these braces",
                            "write an expression between them; a plain brace is written `\\{`",
                        );
                    }
                    self.push(b'{', true);
                    return self.token(Kind::Open, end + 1);
                }
                b'}' if message => {
                    self.problem(
                        &codes::BAD_MESSAGE,
                        end,
                        end + 1,
                        "this `}` in a message closes nothing",
                        "write `\\}` for a plain brace",
                    );
                    end += 1;
                }
                _ => {
                    let rest = self.text.as_bytes().get(end..self.end).unwrap_or_default();
                    let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0 | b'{' | b'}'));
                    end += plain.unwrap_or(rest.len()).max(1);
                }
            }
        }
    }

    /// Looks at an escape; gives the place behind it.
    fn escape(&mut self, at: usize) -> usize {
        let rest = self.text.get(at + 1..self.end).unwrap_or_default();
        let char = rest.chars().next().unwrap_or('\n');
        match char {
            '"' | '\\' | '/' | 'n' | 'r' | 't' | '{' | '}' => return at + 2,
            '\r' | '\n' => return at + 1,
            'u' => {
                let digits = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
                if let Some(digits) = digits.filter(|digits| (1..=6).contains(&digits.len()))
                    && u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).is_some()
                    && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                {
                    return at + 4 + digits.len();
                }
            }
            _ => {}
        }
        let end = at + 1 + char.len_utf8();
        let help = if char == 'u' {
            "write `\\u{...}` with the number of a character in hexadecimal digits"
        } else {
            "the escapes are `\\\"`, `\\\\`, `\\/`, `\\n`, `\\r`, `\\t`, `\\{`, `\\}` and `\\u{...}`; a backslash is written `\\\\`"
        };
        let message = format!("`\\{}` is not an escape", char.escape_debug());
        self.problem(&codes::BAD_ESCAPE, at, end, message, help);
        end
    }
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// What is wrong with a number, and what to write instead.
fn bad_number(number: &str) -> Option<(String, String)> {
    let digits = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let (value, unit) = number.split_at_checked(digits)?;
    if value.matches('.').count() > 1 {
        return Some((format!("`{number}` is not a number"), format!("put it in quotes: `\"{number}\"`")));
    }
    if unit.is_empty() || UNITS.contains(&unit) {
        return None;
    }
    let message = format!("`{number}` is neither a number nor a quantity");
    let lower = unit.to_ascii_lowercase();
    let binary = |letter: char| format!("{value}{}i", letter.to_ascii_uppercase());
    let help = match lower.as_str() {
        "kb" | "kib" | "mb" | "mib" | "gb" | "gib" | "tb" | "tib" | "pb" | "pib" | "eb" | "eib" | "ki" | "mi" | "gi" | "ti" | "pi"
        | "ei" => {
            let letter = lower.chars().next().unwrap_or('g');
            let decimal = if letter == 'k' { 'k' } else { letter.to_ascii_uppercase() };
            if lower.ends_with('b') && !lower.contains('i') {
                format!("write `{}` for powers of 1024, `{value}{decimal}` for powers of 1000", binary(letter))
            } else {
                format!("write `{}`", binary(letter))
            }
        }
        "g" | "t" | "p" | "e" => format!(
            "write `{value}{}` for powers of 1000, `{}` for powers of 1024",
            unit.to_ascii_uppercase(),
            binary(lower.chars().next().unwrap_or('g'))
        ),
        "s" | "ms" | "us" | "ns" | "h" | "d" | "min" | "sec" => {
            format!("write a duration as `duration(\"{}\")`", go_duration(value, &lower))
        }
        _ if is_duration(number) => format!("write a duration as `duration(\"{number}\")`"),
        _ if is_exponent(unit) => "write the number out".to_owned(),
        _ => match nearest(unit, UNITS.iter().copied()) {
            Some(unit) => format!("did you mean `{value}{unit}`? a name does not begin with a digit"),
            None => format!("a quantity ends in one of {}; text stands in quotes: `\"{number}\"`", quoted(UNITS)),
        },
    };
    Some((message, help))
}

fn go_duration(value: &str, unit: &str) -> String {
    match unit {
        "d" => {
            value.parse::<u64>().ok().and_then(|days| days.checked_mul(24)).map_or_else(|| format!("{value}h"), |hours| format!("{hours}h"))
        }
        "min" => format!("{value}m"),
        "sec" => format!("{value}s"),
        _ => format!("{value}{unit}"),
    }
}

/// `1h30m`, `90s`
fn is_duration(number: &str) -> bool {
    let units = number.split(|c: char| c.is_ascii_digit() || c == '.').filter(|unit| !unit.is_empty());
    number.ends_with(|c: char| c.is_ascii_alphabetic())
        && units.clone().count() > 0
        && units.clone().all(|unit| matches!(unit, "h" | "m" | "s" | "ms" | "us" | "ns"))
}

/// `e3`, `E06`
fn is_exponent(unit: &str) -> bool {
    unit.strip_prefix(['e', 'E']).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Words for a help line, each in backticks.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
