//! Prints the tree as `opa fmt` does, so that formatting the output changes nothing.

use super::tree::{Body, Expr, Head, Path, Rule, Scalar, Step, Stmt};
use std::fmt::Write;

/// Lines longer than this are broken where that can be.
const WIDTH: usize = 120;

/// Rules with an empty line in between, without a newline at the end.
#[must_use]
pub fn rules(rules: &[Rule]) -> String {
    rules.iter().map(rule).collect::<Vec<_>>().join("\n\n")
}

/// One rule, without a newline at the end.
#[must_use]
pub fn rule(rule: &Rule) -> String {
    let mut out = String::new();
    for line in &rule.comment {
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
    }
    let start = out.len();
    match &rule.head {
        Head::True(name) => out.push_str(name),
        Head::Value(name, value) => {
            let room = if rule.body.0.is_empty() { 0 } else { 5 };
            let _ = write!(out, "{name} := {}", expr(value, 0, name.len() + 4 + room));
        }
        Head::Contains(name, item) => {
            let _ = write!(out, "{name} contains {}", flat(item));
        }
    }
    match rule.body.0.as_slice() {
        [] => {}
        [only] => {
            let line = stmt(only, 0, out.len() - start + 4);
            if line.contains('\n')
                || out.len() - start + 4 + line.chars().count() > WIDTH
                || matches!(only, Stmt::Each(..) | Stmt::EachAt(..))
            {
                out.push_str(" if ");
                out.push_str(&braces(&rule.body));
            } else {
                let _ = write!(out, " if {line}");
            }
        }
        _ => {
            out.push_str(" if ");
            out.push_str(&braces(&rule.body));
        }
    }
    out
}

fn braces(body: &Body) -> String {
    format!("{{\n{}}}", block(body, 1))
}

/// Each statement on a line of its own.
fn block(body: &Body, indent: usize) -> String {
    body.0.iter().fold(String::new(), |mut out, statement| {
        let _ = writeln!(out, "{}{}", tabs(indent), stmt(statement, indent, indent * 4));
        out
    })
}

fn tabs(indent: usize) -> String {
    "\t".repeat(indent)
}

/// A statement whose first line begins in column `column`.
fn stmt(stmt: &Stmt, indent: usize, column: usize) -> String {
    match stmt {
        Stmt::Holds(value) => expr(value, indent, column),
        Stmt::Let(name, value) => format!("{name} := {}", expr(value, indent, column + name.chars().count() + 4)),
        Stmt::Present(name) | Stmt::Used(name) => format!("{name} != null"),
        Stmt::Each(name, list) => format!("some {name} in {}", expr(list, indent, column + name.chars().count() + 9)),
        Stmt::EachAt(index, name, list) => {
            format!("some {index}, {name} in {}", expr(list, indent, column + index.chars().count() + name.chars().count() + 11))
        }
        Stmt::Unless(path, scalar) => format!("not {} == {}", self::path(path), self::scalar(scalar)),
        Stmt::Ever(body) => format!("{} != []", comprehension(&Expr::int(1), body, indent, column + 6)),
        Stmt::Never(body) => format!("{} == []", comprehension(&Expr::int(1), body, indent, column + 6)),
    }
}

/// An expression that begins in column `column`, over several lines if it is too long for one.
fn expr(value: &Expr, indent: usize, column: usize) -> String {
    let line = flat(value);
    if column + line.chars().count() <= WIDTH && is_simple(value) {
        return line;
    }
    match value {
        Expr::Comprehension(head, body) => comprehension(head, body, indent, column),
        Expr::Call(name, arguments) if arguments.len() == 1 => {
            let start = column + name.len() + 1;
            format!("{name}({})", arguments.iter().map(|argument| expr(argument, indent, start)).collect::<String>())
        }
        Expr::Call(name, arguments) if !arguments.is_empty() => format!("{name}(\n{}{})", lines(arguments, indent), tabs(indent)),
        Expr::Array(items) if !items.is_empty() => format!("[\n{}{}]", lines(items, indent), tabs(indent)),
        Expr::Set(items) if !items.is_empty() => format!("{{\n{}{}}}", lines(items, indent), tabs(indent)),
        Expr::Object(entries) if !entries.is_empty() => {
            let entries = entries.iter().fold(String::new(), |mut out, (key, value)| {
                let key = string(key);
                let start = indent * 4 + 4 + key.chars().count() + 2;
                let _ = writeln!(out, "{}{key}: {},", tabs(indent + 1), expr(value, indent + 1, start));
                out
            });
            format!("{{\n{entries}{}}}", tabs(indent))
        }
        Expr::Infix(left, operator, right) => {
            let left = expr(left, indent, column);
            let start = if left.contains('\n') { indent * 4 + 1 } else { column + left.chars().count() };
            format!("{left} {} {}", operator.text(), expr(right, indent, start + operator.text().len() + 2))
        }
        Expr::Ref(head, path) => format!("{}{}", expr(head, indent, column), steps(path)),
        Expr::Call(..) | Expr::Array(_) | Expr::Set(_) | Expr::Object(_) | Expr::Scalar(_) | Expr::Regex(_) | Expr::Var(_) => line,
    }
}

fn lines(items: &[Expr], indent: usize) -> String {
    items.iter().fold(String::new(), |mut out, item| {
        let _ = writeln!(out, "{}{},", tabs(indent + 1), expr(item, indent + 1, indent * 4 + 4));
        out
    })
}

fn comprehension(head: &Expr, body: &Body, indent: usize, column: usize) -> String {
    let line = flat_comprehension(head, body);
    if body.0.is_empty() || column + line.chars().count() <= WIDTH && is_short(body) {
        return line;
    }
    format!("[{} |\n{}{}]", flat(head), block(body, indent + 1), tabs(indent))
}

/// Whether an expression is too long to stand at the head of a comprehension.
#[must_use]
pub fn is_long(value: &Expr) -> bool {
    !is_simple(value) || flat(value).chars().count() > WIDTH - 20
}

/// Whether a body reads well on one line.
fn is_short(body: &Body) -> bool {
    body.0.len() <= 3
        && body.0.iter().all(|stmt| match stmt {
            Stmt::Holds(value) | Stmt::Let(_, value) | Stmt::Each(_, value) | Stmt::EachAt(_, _, value) => is_simple(value),
            Stmt::Ever(body) | Stmt::Never(body) => body.0.len() == 1 && is_short(body),
            Stmt::Present(_) | Stmt::Used(_) | Stmt::Unless(..) => true,
        })
}

/// Whether an expression reads well on one line.
fn is_simple(value: &Expr) -> bool {
    match value {
        Expr::Scalar(_) | Expr::Regex(_) | Expr::Var(_) => true,
        Expr::Array(items) | Expr::Set(items) | Expr::Call(_, items) => items.iter().all(is_simple),
        Expr::Object(entries) => entries.iter().all(|(_, value)| is_simple(value)),
        Expr::Ref(head, _) => is_simple(head),
        Expr::Infix(left, _, right) => is_simple(left) && is_simple(right),
        Expr::Comprehension(head, body) => is_simple(head) && is_short(body),
    }
}

/// An expression on one line.
fn flat(value: &Expr) -> String {
    match value {
        Expr::Scalar(value) => scalar(value),
        Expr::Regex(source) => regex(source),
        Expr::Array(items) => format!("[{}]", all_flat(items)),
        Expr::Set(items) => format!("{{{}}}", all_flat(items)),
        Expr::Object(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{}: {}", string(key), flat(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Expr::Var(name) => name.clone(),
        Expr::Ref(head, path) => format!("{}{}", flat(head), steps(path)),
        Expr::Call(name, arguments) => format!("{name}({})", all_flat(arguments)),
        Expr::Infix(left, operator, right) => format!("{} {} {}", flat(left), operator.text(), flat(right)),
        Expr::Comprehension(head, body) => flat_comprehension(head, body),
    }
}

fn all_flat(items: &[Expr]) -> String {
    items.iter().map(flat).collect::<Vec<_>>().join(", ")
}

fn flat_comprehension(head: &Expr, body: &Body) -> String {
    if body.0.is_empty() {
        return format!("[{} | true]", flat(head));
    }
    format!("[{} | {}]", flat(head), body.0.iter().map(flat_stmt).collect::<Vec<_>>().join("; "))
}

fn flat_stmt(stmt: &Stmt) -> String {
    match stmt {
        Stmt::Holds(value) => flat(value),
        Stmt::Let(name, value) => format!("{name} := {}", flat(value)),
        Stmt::Present(name) | Stmt::Used(name) => format!("{name} != null"),
        Stmt::Each(name, list) => format!("some {name} in {}", flat(list)),
        Stmt::EachAt(index, name, list) => format!("some {index}, {name} in {}", flat(list)),
        Stmt::Unless(path, scalar) => format!("not {} == {}", self::path(path), self::scalar(scalar)),
        Stmt::Ever(body) => format!("{} != []", flat_comprehension(&Expr::int(1), body)),
        Stmt::Never(body) => format!("{} == []", flat_comprehension(&Expr::int(1), body)),
    }
}

fn steps(path: &[Step]) -> String {
    path.iter().fold(String::new(), |mut out, step| {
        match step {
            Step::Key(name) => key(&mut out, name),
            Step::Index(index) => {
                let _ = write!(out, "[{}]", flat(index));
            }
            Step::Each => out.push_str("[_]"),
            Step::At(name) => {
                let _ = write!(out, "[{name}]");
            }
        }
        out
    })
}

fn path(path: &Path) -> String {
    path.keys.iter().fold(path.root.clone(), |mut out, name| {
        key(&mut out, name);
        out
    })
}

fn key(out: &mut String, name: &str) {
    if is_word(name) {
        out.push('.');
        out.push_str(name);
    } else {
        let _ = write!(out, "[{}]", string(name));
    }
}

fn is_word(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}

/// Words that may not stand as a name, nor after a point.
pub const KEYWORDS: [&str; 14] =
    ["as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some", "true"];

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::String(text) => string(text),
    }
}

/// A text as a JSON string; whatever is invisible is escaped.
#[must_use]
pub fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_invisible(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters, line and paragraph separators, what changes the direction of a text, the byte order mark and non-characters of the first plane.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
}

fn regex(source: &str) -> String {
    if source.contains('\\') && !source.chars().any(|c| c == '`' || is_invisible(c)) { format!("`{source}`") } else { string(source) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::tree::Operator;
    use super::*;

    #[test]
    fn what_is_empty_is_never_broken() {
        for (value, printed) in [
            (Expr::Array(Vec::new()), "[]"),
            (Expr::Object(Vec::new()), "{}"),
            (Expr::Set(Vec::new()), "{}"),
            (Expr::Call("f", Vec::new()), "f()"),
        ] {
            assert_eq!(expr(&value, 0, WIDTH), printed);
        }
        assert_eq!(expr(&Expr::Array(vec![Expr::var("a")]), 0, WIDTH), "[\n\ta,\n]");
        assert_eq!(expr(&Expr::Object(vec![("k".to_owned(), Expr::var("a"))]), 0, WIDTH), "{\n\t\"k\": a,\n}");
        assert_eq!(expr(&Expr::Call("f", vec![Expr::var("a"), Expr::var("b")]), 0, WIDTH), "f(\n\ta,\n\tb,\n)");
    }

    /// An array whose one line has so many characters.
    fn array(length: usize) -> Expr {
        Expr::Array(vec![Expr::var("a"), Expr::var("b".repeat(length - "[a, ]".len()))])
    }

    fn is_broken(text: &str) -> bool {
        text.contains("a,\n")
    }

    #[test]
    fn values_are_broken_where_they_would_pass_the_width() {
        for indent in [0, 1] {
            // the value of a key, which is indented once more
            let object = |length| Expr::Object(vec![("k".to_owned(), array(length)), ("z".to_owned(), array(WIDTH))]);
            let room = WIDTH - (indent * 4 + 4) - "\"k\": ".len();
            let first = |length| expr(&object(length), indent, 0).lines().nth(1).unwrap().len();
            assert!(first(room) > "\"k\": [".len() + indent + 1 && first(room + 1) == "\"k\": [".len() + indent + 1);

            // what is behind an operator, on the first line
            let behind = |length| expr(&Expr::var("abc").infix(Operator::Eq, array(length)), indent, 2);
            let room = WIDTH - 2 - "abc == ".len();
            assert!(!is_broken(&behind(room)) && is_broken(&behind(room + 1)));

            // and on the last of several
            let behind = |length| expr(&array(WIDTH + 1).infix(Operator::Eq, array(length)), indent, 0);
            let room = WIDTH - indent * 4 - "] == ".len();
            let last = |length| behind(length).lines().last().unwrap().trim().len();
            assert!(last(room) == "] == ".len() + room && last(room + 1) == 1);
        }
        // what follows `if`, whatever stands before the rule
        let room = WIDTH - "r if ".len();
        let with = |length| {
            let body = Body(vec![Stmt::Holds(Expr::Call("f", vec![Expr::var("a"), Expr::var("b".repeat(length - "f(a, )".len()))]))]);
            rule(&Rule { comment: vec!["A comment.".to_owned()], head: Head::True("r".to_owned()), body })
        };
        assert!(!with(room).contains("{\n") && with(room + 1).contains("{\n"));
    }

    /// A rule whose one line has so many characters.
    fn one_line(length: usize) -> String {
        let name = "n".repeat(length - "r if  == 1".len());
        let body = Body(vec![Stmt::Holds(Expr::var(&name).infix(Operator::Eq, Expr::int(1)))]);
        rule(&Rule { comment: vec!["A comment.".to_owned()], head: Head::True("r".to_owned()), body })
    }

    #[test]
    fn a_rule_stands_on_one_line_up_to_the_width() {
        let fits = one_line(WIDTH);
        assert!(fits.lines().count() == 2 && fits.lines().last().unwrap().len() == WIDTH, "{fits}");
        let broken = one_line(WIDTH + 1);
        assert!(broken.contains(" if {\n\t"), "{broken}");
    }
}
