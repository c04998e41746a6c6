//! Regular expressions: what every engine reads alike.

use regex_syntax::ast::{
    self, Ast, ClassSet, ClassSetItem, GroupKind, HexLiteralKind, Literal, LiteralKind, RepetitionKind, RepetitionRange, Visitor,
};

/// RE2 refuses a pattern whose nested repetitions multiply to more.
const MAX_REPEATS: u64 = 1000;

type Refusal = (String, String);

/// Whether a pattern is in the common subset; else what is wrong and what to do.
pub(super) fn check(pattern: &str) -> Result<(), Refusal> {
    let parsed = ast::parse::ParserBuilder::new().nest_limit(40).build().parse(pattern).map_err(|error| match error.kind() {
        ast::ErrorKind::UnsupportedLookAround => {
            ("a regular expression may have no look-around".to_owned(), "say it with two conditions".to_owned())
        }
        ast::ErrorKind::UnsupportedBackreference => {
            ("a regular expression may have no back-reference".to_owned(), "say it with two conditions".to_owned())
        }
        kind => (format!("the regular expression cannot be read: {kind}"), "write it in the syntax of RE2".to_owned()),
    })?;
    ast::visit(&parsed, Checker { pattern, repeats: Vec::new() })
}

struct Checker<'a> {
    pattern: &'a str,
    repeats: Vec<u64>,
}

impl Checker<'_> {
    fn text(&self, span: &ast::Span) -> &str {
        self.pattern.get(span.start.offset..span.end.offset).unwrap_or_default()
    }

    fn refuse<T>(&self, span: &ast::Span, what: &str, help: &str) -> Result<T, Refusal> {
        Err((format!("`{}` in a regular expression is {what}", self.text(span)), help.to_owned()))
    }

    fn literal(&self, literal: &Literal) -> Result<(), Refusal> {
        match &literal.kind {
            LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous => Ok(()),
            LiteralKind::Special(_) | LiteralKind::HexFixed(HexLiteralKind::X) => Ok(()),
            LiteralKind::Octal | LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) => {
                self.refuse(&literal.span, "not read alike by all engines", "write the character itself")
            }
        }
    }
}

const CLASS_HELP: &str = "write the class out: `[0-9]`, `[A-Za-z0-9_]`, `[ \\t\\n]`";

impl Visitor for Checker<'_> {
    type Output = ();
    type Err = Refusal;

    fn finish(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Refusal> {
        match ast {
            Ast::Empty(_) | Ast::Dot(_) | Ast::ClassBracketed(_) | Ast::Alternation(_) | Ast::Concat(_) => Ok(()),
            Ast::Flags(flags) => self.refuse(&flags.span, "a flag", "write both cases: `[Aa]`"),
            Ast::Literal(literal) => self.literal(literal),
            Ast::Assertion(assertion) => {
                self.refuse(&assertion.span, "an anchor or boundary", "leave it out: the whole text has to match anyway")
            }
            Ast::ClassUnicode(class) => self.refuse(&class.span, "a Unicode class", CLASS_HELP),
            Ast::ClassPerl(class) => self.refuse(&class.span, "a class that the engines read differently", CLASS_HELP),
            Ast::Group(group) => match &group.kind {
                GroupKind::CaptureIndex(_) => Ok(()),
                GroupKind::NonCapturing(flags) if flags.items.is_empty() => Ok(()),
                GroupKind::NonCapturing(flags) => self.refuse(&flags.span, "a flag", "write both cases: `[Aa]`"),
                GroupKind::CaptureName { .. } => self.refuse(&group.span, "a named group", "use `( )`"),
            },
            Ast::Repetition(repetition) => {
                if !repetition.greedy {
                    return self.refuse(&repetition.op.span, "a lazy repetition", "leave the `?` out: the whole text has to match anyway");
                }
                if matches!(*repetition.ast, Ast::Repetition(_)) {
                    return self.refuse(&repetition.span, "a repetition of a repetition", "write one of them");
                }
                let greatest = match &repetition.op.kind {
                    RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => 1,
                    RepetitionKind::Range(RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n)) => *n,
                    RepetitionKind::Range(RepetitionRange::Bounded(_, m)) => *m,
                };
                if self.text(&repetition.op.span).starts_with("{,") {
                    return self.refuse(&repetition.op.span, "not read alike by all engines", "write the lower bound: `{0,5}`");
                }
                if greatest > 100 {
                    return self.refuse(&repetition.op.span, "more than 100 repetitions", "compare the length instead: `size(x) <= 253`");
                }
                let product = self.repeats.last().copied().unwrap_or(1).saturating_mul(u64::from(greatest.max(1)));
                if product > MAX_REPEATS {
                    return self.refuse(&repetition.span, "more than 1,000 repetitions in all", "repeat less");
                }
                self.repeats.push(product);
                Ok(())
            }
        }
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Refusal> {
        if matches!(ast, Ast::Repetition(_)) {
            self.repeats.pop();
        }
        // A class that is one item is not visited item by item.
        if let Ast::ClassBracketed(class) = ast
            && let ClassSet::Item(item) = &class.kind
        {
            return self.visit_class_set_item_pre(item);
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Refusal> {
        match item {
            ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) | ClassSetItem::Union(_) => Ok(()),
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Range(range) => {
                self.literal(&range.start)?;
                self.literal(&range.end)
            }
            ClassSetItem::Unicode(class) => self.refuse(&class.span, "a Unicode class", CLASS_HELP),
            ClassSetItem::Perl(class) => self.refuse(&class.span, "a class that the engines read differently", CLASS_HELP),
            ClassSetItem::Bracketed(class) => self.refuse(&class.span, "a class within a class", "write one class"),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, op: &ast::ClassSetBinaryOp) -> Result<(), Refusal> {
        self.refuse(&op.span, "not read alike by all engines", "write the class out")
    }
}
