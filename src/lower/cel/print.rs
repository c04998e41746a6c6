//! The text of expressions: one line, parentheses only where they are needed.

use super::tree::{Comprehension, Expr, Ident, Operator};
use std::fmt::Write;

/// How tightly an expression binds; what stands in a place has to bind at least as tightly as the place asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    If,
    Or,
    And,
    Relation,
    Sum,
    Product,
    Unary,
    Member,
}

/// The text of an expression.
#[must_use]
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    write(expr, Tightness::If, &mut out);
    out
}

fn tightness(expr: &Expr) -> Tightness {
    match expr {
        Expr::If(..) => Tightness::If,
        Expr::Or(_) => Tightness::Or,
        Expr::And(_) => Tightness::And,
        Expr::Binary(operator, _, _) => of_operator(*operator),
        Expr::Not(_) => Tightness::Unary,
        Expr::Int(value) if *value < 0 => Tightness::Unary,
        Expr::Double(value) if *value < 0 => Tightness::Unary,
        Expr::Null
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::Double(_)
        | Expr::String(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(..)
        | Expr::Global(_)
        | Expr::Variable(..)
        | Expr::Ident(_)
        | Expr::Select(..)
        | Expr::Has(..)
        | Expr::Index(..)
        | Expr::Call(..)
        | Expr::Method(..)
        | Expr::Each { .. } => Tightness::Member,
    }
}

fn of_operator(operator: Operator) -> Tightness {
    match operator {
        Operator::Eq | Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge | Operator::In => Tightness::Relation,
        Operator::Add | Operator::Sub => Tightness::Sum,
        Operator::Mul | Operator::Div | Operator::Rem => Tightness::Product,
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "==",
        Operator::Ne => "!=",
        Operator::Lt => "<",
        Operator::Le => "<=",
        Operator::Gt => ">",
        Operator::Ge => ">=",
        Operator::In => "in",
        Operator::Add => "+",
        Operator::Sub => "-",
        Operator::Mul => "*",
        Operator::Div => "/",
        Operator::Rem => "%",
    }
}

fn tighter(than: Tightness) -> Tightness {
    match than {
        Tightness::If => Tightness::Or,
        Tightness::Or => Tightness::And,
        Tightness::And => Tightness::Relation,
        Tightness::Relation => Tightness::Sum,
        Tightness::Sum => Tightness::Product,
        Tightness::Product => Tightness::Unary,
        Tightness::Unary | Tightness::Member => Tightness::Member,
    }
}

fn write(expr: &Expr, place: Tightness, out: &mut String) {
    let parentheses = tightness(expr) < place;
    if parentheses {
        out.push('(');
    }
    match expr {
        Expr::Null => out.push_str("null"),
        Expr::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Expr::Int(value) => push(out, format_args!("{value}")),
        Expr::Double(value) => push(out, format_args!("{value}.0")),
        Expr::String(text) => string(text, out),
        Expr::List(items) => {
            out.push('[');
            separated(items, ", ", Tightness::If, out);
            out.push(']');
        }
        Expr::Struct(name, fields) => {
            out.push_str(name);
            out.push('{');
            for (index, (field, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(field);
                out.push_str(": ");
                write(value, Tightness::If, out);
            }
            out.push('}');
        }
        Expr::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(key, Tightness::Or, out);
                out.push_str(": ");
                write(value, Tightness::If, out);
            }
            out.push('}');
        }
        Expr::Global(name) => out.push_str(name),
        Expr::Variable(name, _) => push(out, format_args!("variables.{name}")),
        Expr::Ident(Ident { name, .. }) => out.push_str(name),
        Expr::Select(of, field) => {
            write(of, Tightness::Member, out);
            push(out, format_args!(".{field}"));
        }
        Expr::Has(of, field) => {
            out.push_str("has(");
            write(of, Tightness::Member, out);
            push(out, format_args!(".{field})"));
        }
        Expr::Index(of, key) => {
            write(of, Tightness::Member, out);
            out.push('[');
            write(key, Tightness::If, out);
            out.push(']');
        }
        Expr::Call(function, arguments) => call(function, arguments, out),
        Expr::Method(of, function, arguments) => {
            write(of, Tightness::Member, out);
            out.push('.');
            call(function, arguments, out);
        }
        Expr::Each { kind, range, var, filter, body } => {
            write(range, Tightness::Member, out);
            let name = match kind {
                Comprehension::Map => "map",
                Comprehension::Filter => "filter",
                Comprehension::Exists => "exists",
                Comprehension::All => "all",
            };
            push(out, format_args!(".{name}({}, ", var.name));
            if let Some(filter) = filter {
                write(filter, Tightness::If, out);
                out.push_str(", ");
            }
            write(body, Tightness::If, out);
            out.push(')');
        }
        Expr::Not(of) => {
            out.push('!');
            // `!!x` and `!-x` are other tokens in some grammars.
            write(of, Tightness::Member, out);
        }
        Expr::And(parts) => separated(parts, " && ", Tightness::Relation, out),
        Expr::Or(parts) => separated(parts, " || ", Tightness::And, out),
        Expr::Binary(operator, left, right) => {
            let tightness = of_operator(*operator);
            // Relations could be chained too, but `a == b == c` is hard to read.
            let left_place = if tightness == Tightness::Relation { tighter(tightness) } else { tightness };
            write(left, left_place, out);
            push(out, format_args!(" {} ", sign(*operator)));
            write(right, tighter(tightness), out);
        }
        Expr::If(condition, then, otherwise) => {
            write(condition, Tightness::Or, out);
            out.push_str(" ? ");
            write(then, Tightness::Or, out);
            out.push_str(" : ");
            write(otherwise, Tightness::If, out);
        }
    }
    if parentheses {
        out.push(')');
    }
}

fn call(function: &str, arguments: &[Expr], out: &mut String) {
    out.push_str(function);
    out.push('(');
    separated(arguments, ", ", Tightness::If, out);
    out.push(')');
}

fn separated(items: &[Expr], between: &str, place: Tightness, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        write(item, place, out);
    }
}

/// A string in double quotes. Characters that a reader cannot see, or that YAML changes, are escaped.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let code = u32::from(c);
                if code <= 0xffff { push(out, format_args!("\\u{code:04x}")) } else { push(out, format_args!("\\U{code:08x}")) }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Control and format characters, white space other than the space, noncharacters and private use.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' | '\u{1fffe}'..)
}

/// Writing to a string cannot fail.
fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Type, and, list, or, ternary};
    use super::*;

    fn name(name: &str) -> Expr {
        Expr::Ident(Ident { name: name.to_owned(), ty: Type::Dyn })
    }

    fn nested(inner: Operator, outer: Operator, left: bool) -> String {
        let part = name("a").op(inner, name("b"));
        print(&if left { part.op(outer, name("c")) } else { name("c").op(outer, part) })
    }

    #[test]
    fn parentheses_stand_only_where_they_are_needed() {
        use Operator::{Add, Div, Eq, In, Lt, Mul, Rem, Sub};
        for (inner, outer, left, right) in [
            (Add, Add, "a + b + c", "c + (a + b)"),
            (Add, Sub, "a + b - c", "c - (a + b)"),
            (Add, Mul, "(a + b) * c", "c * (a + b)"),
            (Mul, Add, "a * b + c", "c + a * b"),
            (Div, Rem, "a / b % c", "c % (a / b)"),
            (Add, Lt, "a + b < c", "c < a + b"),
            (Eq, Eq, "(a == b) == c", "c == (a == b)"),
            (Lt, In, "(a < b) in c", "c in (a < b)"),
        ] {
            assert_eq!(nested(inner, outer, true), left);
            assert_eq!(nested(inner, outer, false), right);
        }
    }

    #[test]
    fn logic_and_choices_nest() {
        let (a, b, c) = (|| name("a"), || name("b"), || name("c"));
        assert_eq!(print(&or([and([a(), b()]), c()])), "a && b || c");
        assert_eq!(print(&and([or([a(), b()]), c()])), "(a || b) && c");
        assert_eq!(print(&and([a().eq(b()), c()]).not()), "!(a == b && c)");
        assert_eq!(print(&a().not()), "!a");
        assert_eq!(print(&a().eq(b()).not()), "a != b");
        assert_eq!(print(&and([a().not(), b().call("size", []).not()])), "!a && !b.size()");
        assert_eq!(print(&ternary(a(), ternary(b(), a(), c()), ternary(c(), a(), b()))), "a ? (b ? a : c) : c ? a : b");
        assert_eq!(print(&ternary(ternary(a(), b(), c()), a(), b())), "(a ? b : c) ? a : b");
        assert_eq!(print(&ternary(a(), b(), c()).plus(a())), "(a ? b : c) + a");
        assert_eq!(print(&and([ternary(a(), b(), c()), a()])), "(a ? b : c) && a");
        assert_eq!(print(&ternary(or([a(), b()]), a(), b())), "a || b ? a : b");
    }

    #[test]
    fn what_has_members_is_in_parentheses() {
        let sum = name("a").plus(name("b"));
        assert_eq!(print(&sum.clone().call("size", [])), "(a + b).size()");
        assert_eq!(print(&sum.clone().select("x").index(Expr::Int(0))), "(a + b).x[0]");
        assert_eq!(print(&sum.clone().has("x")), "has((a + b).x)");
        assert_eq!(print(&Expr::Int(-1).call("f", [Expr::Int(-2)])), "(-1).f(-2)");
        assert_eq!(print(&Expr::Int(0).call("f", [Expr::Int(1).call("g", [])])), "0.f(1.g())");
        assert_eq!(
            print(&Expr::Double(-1).call("f", [Expr::Double(0).call("g", [Expr::Double(1).call("h", [])])])),
            "(-1.0).f(0.0.g(1.0.h()))"
        );
        assert_eq!(print(&Expr::Int(-1).op(Operator::Sub, Expr::Int(-2))), "-1 - -2");
        assert_eq!(print(&sum.clone().to("string")), "string(a + b)");
        assert_eq!(print(&list([sum, ternary(name("a"), name("b"), name("c"))])), "[a + b, a ? b : c]");
    }

    #[test]
    fn names_that_are_no_identifiers_are_keys() {
        let a = || name("a");
        assert_eq!(print(&a().select("app.kubernetes.io/name")), "a[\"app.kubernetes.io/name\"]");
        assert_eq!(print(&a().select("in")), "a[\"in\"]");
        assert_eq!(print(&a().select("namespace")), "a.namespace");
        assert_eq!(print(&a().has("x-y")), "a != null && \"x-y\" in a");
        assert_eq!(print(&a().has("namespace")), "has(a.namespace)");
    }

    #[test]
    fn strings_are_data() {
        for (text, printed) in [
            ("", "\"\""),
            ("it's", "\"it's\""),
            ("\"\\", "\"\\\"\\\\\""),
            ("a\nb\tc\rd", "\"a\\nb\\tc\\rd\""),
            ("\u{0}\u{7f}\u{85}\u{2028}\u{feff}\u{202e}", "\"\\u0000\\u007f\\u0085\\u2028\\ufeff\\u202e\""),
            ("日本é😀", "\"日本é😀\""),
            ("\u{10ffff}", "\"\\U0010ffff\""),
            ("{{ $(x) ${y} %s", "\"{{ $(x) ${y} %s\""),
        ] {
            assert_eq!(print(&Expr::text(text)), printed);
        }
    }

    #[test]
    fn comprehensions_have_two_or_three_arguments() {
        let var = || Ident { name: "x".to_owned(), ty: Type::Dyn };
        let of = || Expr::Variable("containers".to_owned(), Type::Dyn);
        assert_eq!(print(&of().filter(var(), name("x").ne(Expr::Null))), "variables.containers.filter(x, x != null)");
        assert_eq!(print(&of().map_if(var(), name("x").eq(Expr::Int(1)), name("x"))), "variables.containers.map(x, x == 1, x)");
        assert_eq!(print(&of().map_if(var(), Expr::Bool(true), name("x"))), "variables.containers.map(x, x)");
        assert_eq!(print(&of().filter(var(), Expr::Bool(true))), "variables.containers");
    }
}
