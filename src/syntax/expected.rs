//! Why the grammar stopped: the words for it, and the likely slips.

use super::parse::{Rule, span};
use super::scan::{HEADS, KEYWORDS, Kind, Token, quoted};
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use pest::error::{Error, ErrorVariant, InputLocation};

const CLAUSES: &[&str] = &["action", "docs", "except", "match", "on", "overrides", "severity", "tags", "targets"];
const CHECKS: &[&str] = &["for", "forbid", "if", "let", "require"];
const CHANGES: &[&str] = &["append", "default", "merge", "remove", "set"];
const COMPARISONS: &[&str] = &["contains", "in", "like", "matches"];
const POD_SECURITY: &[&str] = &["default", "exempt", "namespaces", "version"];
const VERDICTS: &[&str] = &["allow", "deny", "skip"];
const WHO: &[&str] = &["groups", "namespaces", "runtimeClasses", "users"];
const QUANTIFIERS: &[&str] = &["all", "any", "count", "max", "min", "no", "sum"];

/// Words of other languages, and what they are here.
const SYNONYMS: &[(&str, &str)] = &[
    ("assert", "require"),
    ("must", "require"),
    ("ensure", "require"),
    ("check", "require"),
    ("validate", "require"),
    ("deny", "forbid"),
    ("prohibit", "forbid"),
    ("foreach", "for"),
    ("when", "where"),
    ("msg", "message"),
    ("error", "message"),
    ("exclude", "except"),
    ("unless", "except"),
    ("policy", "rule"),
    ("import", "use"),
    ("package", "pack"),
    ("function", "fn"),
    ("def", "fn"),
    ("func", "fn"),
    ("const", "let"),
    ("var", "let"),
    ("parameter", "param"),
    ("mutate", "mutation"),
    ("generate", "generation"),
    ("delete", "remove"),
    ("add", "append"),
    ("kinds", "match"),
    ("kind", "match"),
    ("of", "in"),
    ("pass", "allow"),
    ("fail", "deny"),
    ("is", "=="),
    ("eq", "=="),
    ("elif", "else if"),
    ("elsif", "else if"),
    ("elseif", "else if"),
];

/// What may stand at a place.
#[derive(Default)]
struct Expected {
    /// In words, for the message.
    named: Vec<String>,
    /// The keywords that may stand there.
    words: Vec<&'static str>,
    operator: bool,
    expression: bool,
    statement: bool,
    clause: bool,
    name: bool,
    id: bool,
    colon: bool,
    message: bool,
}

impl Expected {
    fn add_group(&mut self, named: &str, words: &[&'static str]) {
        if !named.is_empty() && !self.named.iter().any(|known| known == named) {
            self.named.push(named.to_owned());
        }
        self.words.extend(words);
    }

    fn add(&mut self, rule: Rule) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other rule is a keyword or a sign, named by its own text")]
        match rule {
            Rule::item => self.add_group("an item", HEADS),
            Rule::clause => {
                self.clause = true;
                self.add_group("a clause", CLAUSES);
            }
            Rule::statement | Rule::block => {
                self.statement = true;
                self.add_group("a statement", CHECKS);
                self.words.extend(CHANGES);
            }
            Rule::create => self.add_group("`create`", &["create"]),
            Rule::case | Rule::verdict => self.add_group("a case", VERDICTS),
            Rule::ps_default | Rule::ps_namespaces | Rule::ps_version | Rule::ps_exempt => self.add_group("a line of levels", POD_SECURITY),
            Rule::who | Rule::exempted => self.add_group("`namespaces`, `users`, `groups` or `runtimeClasses`", WHO),
            Rule::expr
            | Rule::term
            | Rule::quantified
            | Rule::quantifier
            | Rule::conditional
            | Rule::parens
            | Rule::call
            | Rule::not
            | Rule::exists
            | Rule::declared
            | Rule::unchanged
            | Rule::list_value
            | Rule::boolean
            | Rule::quantity
            | Rule::int
            | Rule::regex
            | Rule::source => {
                self.expression = true;
                self.add_group("an expression", &["not", "exists", "declared", "unchanged", "if"]);
                self.words.extend(QUANTIFIERS);
            }
            Rule::comparison => {
                self.operator = true;
                self.words.extend(COMPARISONS);
                self.words.push("==");
            }
            Rule::or => self.add_operator("or"),
            Rule::and => self.add_operator("and"),
            Rule::coalesce | Rule::add | Rule::sub | Rule::star | Rule::field | Rule::index | Rule::dot => self.operator = true,
            Rule::ident | Rule::binder | Rule::argument => {
                self.name = true;
                self.add_group("a name", &[]);
            }
            Rule::id | Rule::rule_id | Rule::ids | Rule::rule_ids => {
                self.id = true;
                self.add_group("a name in small letters, digits and hyphens", &[]);
            }
            Rule::word | Rule::words => self.add_group("a word", &[]),
            Rule::level | Rule::levels => self.add_group("a mode and a level such as `enforce baseline`", &[]),
            Rule::kind | Rule::kinds => self.add_group("a kind", &[]),
            Rule::type_ | Rule::named_type | Rule::type_name | Rule::enum_type => self.add_group("a type", &[]),
            Rule::string | Rule::strings | Rule::text => self.add_group("a string in double quotes", &[]),
            Rule::date => self.add_group("a date such as `2027-03-01`", &[]),
            Rule::version => self.add_group("a version such as `v1.34`", &[]),
            Rule::pair => self.add_group("a field such as `name: VALUE`", &[]),
            Rule::object | Rule::lbrace => self.add_group("`{`", &[]),
            Rule::given => self.add_group("an object `{ ... }` or `file \"PATH\"`", &["file"]),
            Rule::rbrace => self.add_group("`}`", &[]),
            Rule::lparen => self.add_group("`(`", &[]),
            Rule::rparen => self.add_group("`)`", &[]),
            Rule::lbracket => self.operator = true,
            Rule::rbracket => self.add_group("`]`", &[]),
            Rule::comma => self.add_group("`,`", &[]),
            Rule::equals => self.add_group("`=`", &[]),
            Rule::pipe => self.add_group("`|`", &[]),
            Rule::less => self.add_group("`<`", &[]),
            Rule::greater => self.add_group("`>`", &[]),
            Rule::colon => {
                self.colon = true;
                self.add_group("`:`", &[]);
            }
            Rule::k_message => {
                self.message = true;
                self.add_group("`message`", &["message"]);
            }
            Rule::operations => self.add_group("`on`", &["on"]),
            Rule::old => self.add_group("`old`", &["old"]),
            Rule::space => self.add_group("`namespaceObject`", &["namespaceObject"]),
            Rule::asked => self.add_group("`request`", &["request"]),
            Rule::beside => self.add_group("`beside`", &["beside"]),
            Rule::EOI => self.add_group("the end", &[]),
            other => {
                if let Some(keyword) = keyword(other) {
                    self.add_group(&format!("`{keyword}`"), &[keyword]);
                }
            }
        }
    }

    fn add_operator(&mut self, word: &'static str) {
        self.operator = true;
        self.words.push(word);
    }

    /// `a`, `b` or `c`
    fn list(&self) -> String {
        let mut named = self.named.clone();
        if self.operator && named.len() < 3 {
            named.insert(0, "an operator".to_owned());
        }
        match named.split_last() {
            None => "something else".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, first)) => format!("{} or {last}", first.join(", ")),
        }
    }
}

/// The keyword of a rule `k_...`.
fn keyword(rule: Rule) -> Option<&'static str> {
    const ALL: &[&[&str]] = &[HEADS, CLAUSES, CHECKS, CHANGES, COMPARISONS, POD_SECURITY, VERDICTS, WHO];
    const OTHERS: &[&str] = &[
        "conflict",
        "where",
        "scale",
        "then",
        "else",
        "unique",
        "by",
        "message",
        "create",
        "named",
        "namespace",
        "until",
        "because",
        "given",
        "gives",
        "old",
        "namespaceObject",
        "request",
        "beside",
        "with",
        "file",
    ];
    let name = format!("{rule:?}").replace('_', "-");
    let name = name.strip_prefix("k-")?;
    ALL.iter().copied().chain(std::iter::once(OTHERS)).flatten().copied().find(|word| *word == name)
}

struct Place<'a> {
    source: u32,
    text: &'a str,
    tokens: &'a [Token],
    /// Index of the token at which the grammar stopped; past the end where the piece ended too early.
    index: usize,
    /// The byte at which it stopped.
    at: usize,
}

impl<'a> Place<'a> {
    fn token(&self, index: usize) -> Option<(&'a Token, &'a str)> {
        let token = self.tokens.get(index)?;
        Some((token, self.text.get(token.start()..token.end())?))
    }

    fn found(&self) -> Option<(&'a Token, &'a str)> {
        self.token(self.index)
    }

    fn before(&self) -> Option<(&'a Token, &'a str)> {
        self.token(self.index.checked_sub(1)?)
    }

    fn span_of(&self, token: &Token) -> Span {
        span(self.source, token.start(), token.end())
    }

    /// What is underlined: the token found, or the last one.
    fn span(&self) -> Span {
        match self.found().or_else(|| self.before()) {
            Some((token, _)) => self.span_of(token),
            None => span(self.source, self.at, self.at),
        }
    }

    /// The nearest token before this place that one of these words is.
    fn last_word(&self, words: &[&str]) -> Option<(usize, &'a Token)> {
        let before = self.tokens.get(..self.index)?;
        before
            .iter()
            .enumerate()
            .rev()
            .find(|(index, token)| token.kind == Kind::Word && self.token(*index).is_some_and(|(_, word)| words.contains(&word)))
    }
}

/// Says why the grammar stopped in the piece that begins at byte `base`.
pub(super) fn explain(source: u32, text: &str, base: usize, tokens: &[Token], error: &Error<Rule>) -> Diagnostic {
    let at = base
        + match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
    let index = tokens.partition_point(|token| token.end() <= at);
    let place = Place { source, text, tokens, index, at };
    let mut expected = Expected::default();
    if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
        for rule in positives {
            expected.add(*rule);
        }
    }
    slip(&place, &expected).unwrap_or_else(|| plain(&place, &expected))
}

fn plain(place: &Place<'_>, expected: &Expected) -> Diagnostic {
    let found = match place.found() {
        Some((token, _)) if token.kind == Kind::Text => "a string".to_owned(),
        Some((_, text)) => format!("`{text}`"),
        None => "the end".to_owned(),
    };
    let message = format!("expected {}, found {found}", expected.list());
    let diagnostic = Diagnostic::error(&codes::UNEXPECTED, place.span(), message);
    let help = help(place, expected);
    diagnostic.with_help(help)
}

fn help(place: &Place<'_>, expected: &Expected) -> String {
    let found = place.found().map(|(_, text)| text);
    let is_expected = |word: &str| expected.words.contains(&word);
    if found == Some("-") && expected.expression {
        return "only a number has a sign; write `0 - x`".to_owned();
    }
    if is_expected("else") {
        return "an expression with `if` has both arms: `if C then A else B`".to_owned();
    }
    if is_expected("then") {
        return "an expression with `if` is `if C then A else B`; a statement is `if C { ... }`".to_owned();
    }
    if expected.id && place.found().is_some_and(|(token, _)| token.kind == Kind::Text) {
        return "leave out the quotes".to_owned();
    }
    if expected.named.iter().any(|named| named == "an item") {
        return format!("an item begins with one of {}", quoted(HEADS));
    }
    if expected.statement && expected.clause {
        return format!("a clause begins with one of {}; a statement with one of {}, {}", quoted(CLAUSES), quoted(CHECKS), quoted(CHANGES));
    }
    if expected.statement {
        return format!("a statement begins with one of {}, {}", quoted(CHECKS), quoted(CHANGES));
    }
    if expected.clause {
        return format!("a clause begins with one of {}", quoted(CLAUSES));
    }
    if let Some(word) = found.filter(|word| KEYWORDS.contains(word)) {
        return format!("`{word}` is a keyword");
    }
    match expected.named.as_slice() {
        [one] if !expected.operator => format!("write {one} here"),
        _ => "see the grammar reference".to_owned(),
    }
}

fn slip(place: &Place<'_>, expected: &Expected) -> Option<Diagnostic> {
    let found = place.found();
    if let Some((token, text)) = found {
        if matches!(token.kind, Kind::Doc | Kind::FileDoc) {
            return Some(misplaced_doc(place.span(), token.kind));
        }
        if text == "=" && expected.operator {
            let message = "`=` does not compare";
            return Some(Diagnostic::error(&codes::ASSIGNMENT, place.span(), message).with_help("write `==` to compare"));
        }
        if token.kind == Kind::Word
            && let Some(diagnostic) = word_slip(place, expected, token, text)
        {
            return Some(diagnostic);
        }
    } else if let Some((token, _)) = place.before().filter(|(token, _)| matches!(token.kind, Kind::Doc)) {
        return Some(misplaced_doc(place.span_of(token), token.kind));
    }
    if expected.message {
        return Some(missing_message(place, found));
    }
    if expected.colon && expected.operator {
        let (_, quantifier) = place.last_word(QUANTIFIERS)?;
        let word = place.text.get(quantifier.start()..quantifier.end()).unwrap_or_default();
        return Some(
            Diagnostic::error(&codes::MISSING_COLON, place.span(), format!("the colon of `{word}` is missing before this"))
                .with_label(place.span_of(quantifier), "the quantifier")
                .with_help(format!("write `{word} x in LIST: CONDITION`, or `{word} x in LIST where FILTER: CONDITION`")),
        );
    }
    None
}

fn misplaced_doc(span: Span, kind: Kind) -> Diagnostic {
    let (message, help) = if kind == Kind::Doc {
        ("a `///` comment stands before an item or a test case", "begin any other comment with `//`")
    } else {
        ("a `//!` comment stands at the top of the file", "begin any other comment with `//`, or with `///` before an item")
    };
    Diagnostic::error(&codes::MISPLACED_DOC, span, message).with_help(help)
}

fn word_slip(place: &Place<'_>, expected: &Expected, token: &Token, text: &str) -> Option<Diagnostic> {
    if place.at > token.start() && place.at < token.end() {
        // The grammar took the beginning of the word for a name.
        let is_name =
            place.before().is_some_and(|(_, before)| HEADS.contains(&before) || matches!(before, "except" | "targets" | "," | "-"));
        return is_name.then(|| bad_id(place.span_of(token), text));
    }
    if expected.id && !expected.name {
        return Some(bad_id(place.span_of(token), text));
    }
    let wanted = |word: &str| expected.words.contains(&word);
    if !KEYWORDS.contains(&text) {
        let synonym = SYNONYMS.iter().find(|(other, ours)| *other == text && (wanted(ours) || *ours == "else if" && expected.statement));
        let meant = match synonym {
            Some((_, ours)) => Some(*ours),
            None if text.len() > 2 => nearest(text, expected.words.iter().copied()),
            None => None,
        };
        if let Some(meant) = meant.filter(|meant| *meant != text) {
            return Some(
                Diagnostic::error(&codes::UNKNOWN_KEYWORD, place.span(), format!("`{text}` is no keyword here"))
                    .with_help(format!("did you mean `{meant}`?")),
            );
        }
    }
    if expected.statement && !expected.clause && CLAUSES.contains(&text) {
        return Some(
            Diagnostic::error(&codes::CLAUSE_ORDER, place.span(), format!("the clause `{text}` stands behind a statement"))
                .with_help("put clauses before the statements"),
        );
    }
    if expected.name && !expected.expression && KEYWORDS.contains(&text) {
        return Some(
            Diagnostic::error(&codes::KEYWORD_AS_NAME, place.span(), format!("the keyword `{text}` cannot be a name"))
                .with_help("choose another name; behind a dot and as a field of an object each word is allowed"),
        );
    }
    if wanted("create") && (CHECKS.contains(&text) || CHANGES.contains(&text)) {
        return Some(
            Diagnostic::error(&codes::UNEXPECTED, place.span(), format!("a generation only creates, `{text}` does not"))
                .with_help("put checks into a `rule` and changes into a `mutation`"),
        );
    }
    None
}

fn bad_id(span: Span, text: &str) -> Diagnostic {
    let mut name = String::new();
    for char in text.chars() {
        if char.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        name.push(if char == '_' { '-' } else { char.to_ascii_lowercase() });
    }
    let name = name.trim_matches('-');
    let help = if name.is_empty() { "write a name such as `no-privileged`".to_owned() } else { format!("write `{name}`") };
    Diagnostic::error(
        &codes::UNEXPECTED,
        span,
        format!("`{text}` is no name for a pack, a rule or a target: those are made of letters, digits and hyphens, a small letter first"),
    )
    .with_help(help)
}

fn missing_message(place: &Place<'_>, found: Option<(&Token, &str)>) -> Diagnostic {
    if let Some((token, text)) = found.filter(|(token, _)| token.kind == Kind::Text) {
        let help = if text.len() > 60 { "write `message` before it".to_owned() } else { format!("write `message {text}`") };
        return Diagnostic::error(&codes::MISSING_MESSAGE, place.span_of(token), "the keyword `message` is missing before this string")
            .with_help(help);
    }
    let ends = found.is_none_or(|(token, text)| {
        token.kind == Kind::Close
            || token.kind == Kind::Word && (CHECKS.contains(&text) || CHANGES.contains(&text) || CLAUSES.contains(&text))
    });
    let check = place.last_word(&["require", "forbid"]);
    match (check, place.before()) {
        (Some((_, first)), Some((last, _))) if ends => {
            let word = place.text.get(first.start()..first.end()).unwrap_or_default();
            Diagnostic::error(
                &codes::MISSING_MESSAGE,
                span(place.source, first.start(), last.end()),
                format!("this `{word}` has no message"),
            )
            .with_help("write `message \"...\"` behind the condition: what is wrong, for the author of the object")
        }
        _ => {
            let text = found.map_or("the end".to_owned(), |(_, text)| format!("`{text}`"));
            Diagnostic::error(&codes::UNEXPECTED, place.span(), format!("expected an operator or `message`, found {text}"))
                .with_help("a check is `require CONDITION message \"...\"`")
        }
    }
}
