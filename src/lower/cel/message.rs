//! What becomes of the failed checks' messages: joined, escaped, cut.

use super::tree::{Comprehension, Expr, Ident, Operator, Type, Variable, ternary};

/// The most code points of a message.
const LIMIT: i64 = 1024;

/// The variable with the message escaped.
pub(super) const ESCAPED: &str = "escaped";

/// The control characters of general category Cc in their order: 32, then 33 from U+007F.
fn controls() -> String {
    ('\u{0}'..='\u{1f}').chain('\u{7f}'..='\u{9f}').collect()
}

/// The variables that make the message of `variables.failures`, and the message.
#[must_use]
pub fn normalised(escape: bool) -> (Vec<Variable>, Expr) {
    let failures = Expr::Variable("failures".to_owned(), Type::List(Box::new(Type::String)));
    let mut variables = vec![Variable { name: "joined".to_owned(), expr: failures.call("join", [Expr::text("; ")]) }];
    let mut text = Expr::Variable("joined".to_owned(), Type::String);
    if escape {
        variables.push(Variable { name: ESCAPED.to_owned(), expr: escaped(text) });
        text = Expr::Variable(ESCAPED.to_owned(), Type::String);
    }
    let message = ternary(longer(text.clone(), LIMIT), head(text.clone(), LIMIT - 1).plus(Expr::text("…")), text);
    variables.push(Variable { name: "message".to_owned(), expr: message });
    (variables, Expr::Variable("message".to_owned(), Type::String))
}

fn longer(text: Expr, than: i64) -> Expr {
    super::text::length(text).op(Operator::Gt, Expr::Int(than))
}

fn head(text: Expr, length: i64) -> Expr {
    text.call("substring", [Expr::Int(0), Expr::Int(length)])
}

/// A newline as `\n`, other control characters as `\u00XX`. Only so much of the text is looked at that it is still known whether it is too long.
fn escaped(text: Expr) -> Expr {
    let c = Ident { name: "c".to_owned(), ty: Type::String };
    let i = Ident { name: "i".to_owned(), ty: Type::Int };
    let (c_, i_) = (Expr::Ident(c.clone()), Expr::Ident(i.clone()));
    let digit = |of: Expr| Expr::text("0123456789abcdef").call("charAt", [of]);
    let code = Ident { name: "code".to_owned(), ty: Type::Int };
    let code_ = Expr::Ident(code.clone());
    let shown =
        Expr::text("\\u00").plus(digit(code_.clone().op(Operator::Div, Expr::Int(16)))).plus(digit(code_.op(Operator::Rem, Expr::Int(16))));
    let of_place = ternary(i_.clone().op(Operator::Lt, Expr::Int(32)), i_.clone(), i_.clone().plus(Expr::Int(95)));
    let hexadecimal = Expr::List(vec![of_place]).each(Comprehension::Map, code, shown).first();
    let newline = ternary(c_.clone().eq(Expr::text("\n")), Expr::text("\\n"), hexadecimal);
    let one = Expr::List(vec![Expr::String(controls()).call("indexOf", [c_.clone()])])
        .each(Comprehension::Map, i, ternary(i_.op(Operator::Lt, Expr::Int(0)), c_, newline))
        .first();
    let start = ternary(longer(text.clone(), LIMIT + 1), head(text.clone(), LIMIT + 1), text.clone());
    ternary(
        text.clone().call("matches", [Expr::text(r"[\x00-\x1f\x7f-\x9f]")]),
        start.call("split", [Expr::text("")]).each(Comprehension::Map, c, one).call("join", [Expr::text("")]),
        text,
    )
}

/// Whether a text holds what has to be escaped.
#[must_use]
pub fn has_controls(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// White space at both ends taken off, where there can be any.
#[must_use]
pub fn trimmed(parts: Vec<Expr>) -> Expr {
    let mut parts = parts;
    let (mut start, mut end) = (true, true);
    if let Some(Expr::String(first)) = parts.first_mut() {
        *first = first.trim_start().to_owned();
        start = first.is_empty();
    }
    if let Some(Expr::String(last)) = parts.last_mut() {
        *last = last.trim_end().to_owned();
        end = last.is_empty();
    }
    let text = parts
        .into_iter()
        .filter(|part| !matches!(part, Expr::String(text) if text.is_empty()))
        .reduce(Expr::plus)
        .unwrap_or_else(|| Expr::text(""));
    if start || end { text.call("trim", []) } else { text }
}

/// `condition ? [message] : []`
#[must_use]
pub fn one_if(condition: Expr, message: Expr) -> Expr {
    ternary(condition, Expr::List(vec![message]), Expr::List(Vec::new()))
}

/// No message.
#[must_use]
pub fn is_none(messages: &Expr) -> bool {
    matches!(messages, Expr::List(items) if items.is_empty())
}
