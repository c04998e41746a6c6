//! An expression of JMESPath as a tree, and its text.
//!
//! The text stands in `{{ }}` of a policy, or beside it: literals write braces, `$`, backslashes and backticks as escapes, so that no text of an author or an object is read as a variable.

use serde_json::Value as Json;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `@`: what the brackets around stand for.
    Current,
    /// A constant.
    Literal(Json),
    /// A field, of the current value where there is no other.
    Field(Option<Box<Expr>>, String),
    /// An element of a list, counted from 0.
    Index(Box<Expr>, usize),
    /// The elements of a list on which a condition is true.
    Filter(Box<Expr>, Box<Expr>),
    /// A list or field of each of those elements.
    Each(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The elements of a list, those that are lists replaced by their elements.
    Flatten(Box<Expr>),
    /// A list.
    List(Vec<Expr>),
    /// An object.
    Object(Vec<(String, Expr)>),
    /// The contrary.
    Not(Box<Expr>),
    /// The first that is false, else the last.
    And(Vec<Expr>),
    /// The first that is true, else the last.
    Or(Vec<Expr>),
    /// A comparison.
    Compare(&'static str, Box<Expr>, Box<Expr>),
    /// A function.
    Call(&'static str, Vec<Expr>),
}

impl Expr {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Expr::Literal(Json::String(text.into()))
    }

    /// True or false.
    #[must_use]
    pub fn bool(value: bool) -> Self {
        Expr::Literal(Json::Bool(value))
    }

    /// Nothing.
    #[must_use]
    pub fn null() -> Self {
        Expr::Literal(Json::Null)
    }

    /// A field of the current value.
    pub fn name(name: impl Into<String>) -> Self {
        Expr::Field(None, name.into())
    }

    /// A field of it.
    #[must_use]
    pub fn field(self, name: impl Into<String>) -> Self {
        if self == Expr::Current { Expr::Field(None, name.into()) } else { Expr::Field(Some(Box::new(self)), name.into()) }
    }

    /// An element of it.
    #[must_use]
    pub fn index(self, index: usize) -> Self {
        Expr::Index(Box::new(self), index)
    }

    /// Its elements on which the condition is true.
    #[must_use]
    pub fn filter(self, condition: Expr) -> Self {
        Expr::Filter(Box::new(self), Box::new(condition))
    }

    /// Equality.
    #[must_use]
    pub fn eq(self, other: Expr) -> Self {
        Expr::Compare("==", Box::new(self), Box::new(other))
    }

    /// Inequality.
    #[must_use]
    pub fn ne(self, other: Expr) -> Self {
        Expr::Compare("!=", Box::new(self), Box::new(other))
    }

    /// Whether it is something.
    #[must_use]
    pub fn is_some(self) -> Self {
        self.ne(Expr::null())
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_none(self) -> Self {
        self.eq(Expr::null())
    }

    /// It, or where it is false the other.
    #[must_use]
    pub fn or(self, other: Expr) -> Self {
        Expr::Or(vec![self, other])
    }

    /// It where the condition is true, else nothing.
    #[must_use]
    pub fn only_if(self, condition: Expr) -> Self {
        Expr::Or(vec![Expr::And(vec![condition, Expr::List(vec![self])]), Expr::List(vec![Expr::null()])]).index(0)
    }
}

/// The contrary.
#[must_use]
pub fn not(expr: Expr) -> Expr {
    if let Expr::Literal(Json::Bool(value)) = expr {
        Expr::bool(!value)
    } else if let Expr::Not(inner) = expr {
        *inner
    } else if let Expr::Compare("==", left, right) = expr {
        Expr::Compare("!=", left, right)
    } else if let Expr::Compare("!=", left, right) = expr {
        Expr::Compare("==", left, right)
    } else {
        Expr::Not(Box::new(expr))
    }
}

/// Whether all conditions are true.
pub fn and(parts: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all: Vec<Expr> = Vec::new();
    for part in parts {
        if let Expr::Literal(Json::Bool(value)) = part {
            if !value {
                return Expr::bool(false);
            }
        } else if let Expr::And(inner) = part {
            all.extend(inner);
        } else if !all.contains(&part) {
            all.push(part);
        }
    }
    if all.len() > 1 { Expr::And(all) } else { all.pop().unwrap_or_else(|| Expr::bool(true)) }
}

/// Whether one condition is true.
pub fn or(parts: impl IntoIterator<Item = Expr>) -> Expr {
    let mut all: Vec<Expr> = Vec::new();
    for part in parts {
        if let Expr::Literal(Json::Bool(value)) = part {
            if value {
                return Expr::bool(true);
            }
        } else if let Expr::Or(inner) = part {
            all.extend(inner);
        } else if !all.contains(&part) {
            all.push(part);
        }
    }
    if all.len() > 1 { Expr::Or(all) } else { all.pop().unwrap_or_else(|| Expr::bool(false)) }
}

/// The text of an expression.
#[must_use]
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    write(expr, &mut out);
    out
}

/// How tightly an expression holds together: 0 for `||` to 4 for what needs no parentheses.
fn strength(expr: &Expr) -> u8 {
    match expr {
        Expr::Or(_) => 0,
        Expr::And(_) => 1,
        Expr::Compare(..) => 2,
        Expr::Not(_) => 3,
        // What follows one of these would be asked of each element.
        Expr::Filter(..) | Expr::Each(..) | Expr::Flatten(_) => 3,
        Expr::Current | Expr::Literal(_) | Expr::Field(..) | Expr::Index(..) | Expr::List(_) | Expr::Object(_) | Expr::Call(..) => 4,
    }
}

fn within(expr: &Expr, least: u8, out: &mut String) {
    if strength(expr) < least {
        out.push('(');
        write(expr, out);
        out.push(')');
    } else {
        write(expr, out);
    }
}

fn joined(parts: &[Expr], between: &str, least: u8, out: &mut String) {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            out.push_str(between);
        }
        within(part, least, out);
    }
}

fn write(expr: &Expr, out: &mut String) {
    match expr {
        Expr::Current => out.push('@'),
        Expr::Literal(Json::String(text)) if is_plain(text) => {
            out.push('\'');
            out.push_str(text);
            out.push('\'');
        }
        Expr::Literal(value) => {
            out.push('`');
            literal(value, out);
            out.push('`');
        }
        Expr::Field(of, name) => {
            if let Some(of) = of {
                within(of, 4, out);
                out.push('.');
            }
            identifier(name, out);
        }
        Expr::Index(of, index) => {
            within(of, 4, out);
            out.push_str(&format!("[{index}]"));
        }
        Expr::Filter(of, condition) => {
            within(of, 4, out);
            out.push_str("[?");
            write(condition, out);
            out.push(']');
        }
        Expr::Each(of, condition, body) => {
            within(of, 4, out);
            out.push_str("[?");
            write(condition, out);
            out.push_str("].");
            write(body, out);
        }
        Expr::Flatten(of) => {
            within(of, 4, out);
            out.push_str("[]");
        }
        Expr::List(items) => {
            // What does something stands on a line of its own.
            let between = if items.len() > 1 && items.iter().any(does) { ",\n" } else { ", " };
            out.push('[');
            joined(items, between, 0, out);
            out.push(']');
        }
        Expr::Object(fields) => {
            out.push('{');
            for (number, (name, value)) in fields.iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                identifier(name, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
        Expr::Not(inner) => {
            // `!` binds more tightly than `.` does.
            out.push_str("!(");
            write(inner, out);
            out.push(')');
        }
        Expr::And(parts) => joined(parts, " && ", 2, out),
        Expr::Or(parts) => joined(parts, " || ", 1, out),
        Expr::Compare(operator, left, right) => {
            within(left, 4, out);
            out.push_str(&format!(" {operator} "));
            within(right, 4, out);
        }
        Expr::Call(name, arguments) => {
            out.push_str(name);
            out.push('(');
            joined(arguments, ", ", 0, out);
            out.push(')');
        }
    }
}

/// Whether an element of a list is an object, perhaps under a condition.
fn does(expr: &Expr) -> bool {
    match expr {
        Expr::Object(_) => true,
        Expr::And(parts) => parts.last().is_some_and(does),
        Expr::Current
        | Expr::Literal(_)
        | Expr::Field(..)
        | Expr::Index(..)
        | Expr::Filter(..)
        | Expr::Each(..)
        | Expr::Flatten(_)
        | Expr::List(_)
        | Expr::Not(_)
        | Expr::Or(_)
        | Expr::Compare(..)
        | Expr::Call(..) => false,
    }
}

/// Whether a text can stand between single quotes, and is no word for which Kyverno would go and look for something (`images`).
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '\'' | '\\' | '`' | '{' | '}' | '$')) && !text.contains("images")
}

fn identifier(name: &str, out: &mut String) {
    let mut characters = name.chars();
    let plain =
        characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain { out.push_str(name) } else { quoted(name, out) }
}

/// A JSON text in which nothing means something to Kyverno.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    let hidden = text.contains("images");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' | '`' | '{' | '}' | '$' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            'i' if hidden => out.push_str("\\u0069"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn literal(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::String(text) => quoted(text, out),
        Json::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                literal(item, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (number, (name, value)) in fields.iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                quoted(name, out);
                out.push_str(": ");
                literal(value, out);
                if matches!(value, Json::Object(_)) {
                    // Two braces next to each other end a variable.
                    out.push(' ');
                }
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_in_a_literal_means_something_to_kyverno() {
        for (value, expected) in [
            (json!("kube-*"), "'kube-*'"),
            (json!("{{ x }} $(a) \\ ` '"), "`\"\\u007b\\u007b x \\u007d\\u007d \\u0024(a) \\u005c \\u0060 '\"`"),
            (json!("my images"), "`\"my \\u0069mages\"`"),
            (json!({"a": {"b": {}}}), "`{\"a\": {\"b\": {} } }`"),
            (json!(["a\n", 1, null, true]), "`[\"a\\u000a\", 1, null, true]`"),
        ] {
            assert_eq!(print(&Expr::Literal(value)), expected);
        }
    }

    #[test]
    fn a_name_is_quoted_where_it_is_no_identifier() {
        for (name, expected) in [("a_9", "a_9"), ("_a", "_a"), ("9a", "\"9a\""), ("é", "\"é\""), ("a.b", "\"a.b\""), ("", "\"\"")] {
            assert_eq!(print(&Expr::name(name)), expected);
        }
    }

    #[test]
    fn what_belongs_together_is_put_in_parentheses() {
        let a = || Expr::name("a");
        let filtered = a().filter(Expr::Current.eq(Expr::text("x")));
        for (expr, expected) in [
            (and([a(), or([a(), Expr::name("b")])]), "a && (a || b)"),
            (not(and([a(), Expr::name("b")])), "!(a && b)"),
            (not(a().eq(Expr::text("x"))), "a != 'x'"),
            (filtered.clone().index(0), "(a[?@ == 'x'])[0]"),
            (filtered.clone().field("b"), "(a[?@ == 'x']).b"),
            (Expr::Flatten(Box::new(filtered)), "(a[?@ == 'x'])[]"),
            (a().or(Expr::bool(false)).field("b-c"), "(a || `false`).\"b-c\""),
            (not(a().field("b")), "!(a.b)"),
            (and([]), "`true`"),
            (or([a(), Expr::bool(true)]), "`true`"),
        ] {
            assert_eq!(print(&expr), expected);
        }
    }
}
