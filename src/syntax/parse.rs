//! Text to syntax tree.
//!
//! The text is cut at item keywords in column 0 first, so that each item gives its own errors, and its nesting is measured before the grammar runs, so that no
//! stage can overflow the stack.

#![allow(clippy::wildcard_enum_match_arm, reason = "the grammar's rules are named where they differ; what is left is one rule")]

use super::ast::{
    BinaryOp, Binder, Builtin, Case, Check, Clause, Create, Exempt, Expr, ExprKind, File, Function, Generation, Given, Item, ItemKind,
    KindName, Let, Mutation, Name, ObjectField, Param, PodSecurity, PodSecurityLine, Quantifier, Rule as RuleItem, Spanned, Stmt, Test,
    Text, TextPart, Type, Use,
};
use super::scan;
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Diagnostic, Span};
use grammar::{PolParser, Rule};
use pest::Parser as _;
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::sync::LazyLock;

mod grammar {
    /// The parser that `pest` makes of the grammar.
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/pol.pest"]
    pub struct PolParser;
}

/// The deepest nesting of brackets, operators, conditions and quantifiers.
pub const MAX_DEPTH: usize = 64;

/// The longest chain of operators in one expression.
pub const MAX_CHAIN: usize = 128;

/// The largest source in bytes: 1 MiB.
pub const MAX_SOURCE: usize = 1 << 20;

static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    PrattParser::new()
        .op(Op::infix(Rule::or, Assoc::Left))
        .op(Op::infix(Rule::and, Assoc::Left))
        .op(Op::prefix(Rule::not))
        .op(Op::infix(Rule::cmp, Assoc::Left))
        .op(Op::infix(Rule::coalesce, Assoc::Right))
        .op(Op::infix(Rule::add, Assoc::Left) | Op::infix(Rule::sub, Assoc::Left))
        .op(Op::prefix(Rule::exists) | Op::prefix(Rule::declared) | Op::prefix(Rule::unchanged))
});

/// Reads a source. What cannot be understood is left out of the tree and reported; the tree is complete when no diagnostic is an error.
#[must_use]
pub fn parse(source: u32, text: &str) -> (File, Vec<Diagnostic>) {
    let mut file = File { doc: String::new(), items: Vec::new() };
    let mut diagnostics = scan::check(source, text);
    if !diagnostics.is_empty() {
        return (file, diagnostics);
    }
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let chunks = scan::items(text, start);
    let preamble_end = chunks.first().map_or(text.len(), |chunk| chunk.start);
    let mut builder = Builder { source, offset: 0, diagnostics: &mut diagnostics };
    builder.preamble(&mut file, text, start, preamble_end);
    for chunk in chunks {
        builder.offset = chunk.start;
        let part = text.get(chunk.clone()).unwrap_or_default();
        match PolParser::parse(Rule::one_item, part) {
            Ok(pairs) => {
                if let Some(item) = builder.item(pairs) {
                    file.items.push(item);
                }
            }
            Err(error) => {
                let diagnostic = super::slips::explain(source, text, &chunk, &error);
                builder.diagnostics.push(diagnostic);
            }
        }
    }
    (file, diagnostics)
}

pub(super) use grammar::Rule as GrammarRule;

/// Builds the tree of one item; `offset` is where its text begins in the source.
struct Builder<'a> {
    source: u32,
    offset: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

type P<'i> = Pair<'i, Rule>;

/// An expression with how deep it is, and whether it is in parentheses.
struct Built {
    expr: Expr,
    depth: usize,
    closed: bool,
}

fn is_keyword(which: Rule) -> bool {
    format!("{which:?}").starts_with("k_")
}

fn doc_text(pair: &P<'_>) -> String {
    let text = pair.as_str();
    let text = text.get(3..).unwrap_or_default();
    text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
}

impl Builder<'_> {
    fn at(&self, start: usize, end: usize) -> Span {
        let byte = |n: usize| u32::try_from(n + self.offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: byte(start), end: byte(end) }
    }

    fn span(&self, pair: &P<'_>) -> Span {
        self.at(pair.as_span().start(), pair.as_span().end())
    }

    fn name(&self, pair: &P<'_>) -> Name {
        Spanned { node: pair.as_str().to_owned(), span: self.span(pair) }
    }

    fn preamble(&mut self, file: &mut File, text: &str, start: usize, end: usize) {
        let part = text.get(start..end).unwrap_or_default();
        self.offset = start;
        match PolParser::parse(Rule::preamble, part) {
            Ok(pairs) => {
                let docs = pairs.flatten().filter(|pair| pair.as_rule() == Rule::moddoc);
                file.doc = docs.map(|pair| doc_text(&pair)).collect::<Vec<_>>().join("\n");
            }
            Err(error) => {
                let diagnostic = super::slips::explain(self.source, text, &(start..end), &error);
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn item(&mut self, pairs: Pairs<'_, Rule>) -> Option<Item> {
        let mut doc = Vec::new();
        let one = pairs.into_iter().next()?;
        for pair in one.into_inner() {
            match pair.as_rule() {
                Rule::doc => doc.push(doc_text(&pair)),
                Rule::item => {
                    let span = self.span(&pair);
                    let inner = pair.into_inner().next()?;
                    let kind = self.item_kind(inner)?;
                    return Some(Item { doc: doc.join("\n"), span, kind });
                }
                _ => {}
            }
        }
        None
    }

    fn item_kind(&mut self, pair: P<'_>) -> Option<ItemKind> {
        let what = pair.as_rule();
        let mut inner = pair.into_inner().filter(|p| !is_keyword(p.as_rule()) || p.as_rule() == Rule::k_except).peekable();
        Some(match what {
            Rule::pack => ItemKind::Pack(self.name(&inner.next()?)),
            Rule::use_item => {
                let pack = self.name(&inner.next()?);
                let (mut except, mut params) = (Vec::new(), Vec::new());
                for part in inner {
                    match part.as_rule() {
                        Rule::ids => except = self.names(part),
                        Rule::object => params = self.fields(part)?,
                        _ => {}
                    }
                }
                ItemKind::Use(Use { pack, except, params })
            }
            Rule::param => {
                let name = self.name(&inner.next()?);
                let ty = self.ty(inner.next()?)?;
                let default = match inner.next() {
                    Some(expr) => Some(self.expr(expr)?),
                    None => None,
                };
                ItemKind::Param(Param { name, ty, default })
            }
            Rule::let_stmt => ItemKind::Let(Let { name: self.name(&inner.next()?), value: self.expr(inner.next()?)? }),
            Rule::fn_item => {
                let name = self.name(&inner.next()?);
                let mut args = Vec::new();
                if let Some(list) = inner.next_if(|p| p.as_rule() == Rule::args) {
                    for arg in list.into_inner() {
                        let mut parts = arg.into_inner();
                        args.push((self.name(&parts.next()?), self.ty(parts.next()?)?));
                    }
                }
                ItemKind::Function(Function { name, args, body: self.expr(inner.next()?)? })
            }
            Rule::rule | Rule::mutation => {
                let name = self.name(&inner.next()?);
                let (mut clauses, mut body) = (Vec::new(), Vec::new());
                for part in inner {
                    match part.as_rule() {
                        Rule::clause => clauses.push(self.clause(part)?),
                        Rule::stmt => body.push(self.stmt(part)?),
                        _ => {}
                    }
                }
                if what == Rule::rule {
                    ItemKind::Rule(RuleItem { name, clauses, body })
                } else {
                    ItemKind::Mutation(Mutation { name, clauses, body })
                }
            }
            Rule::generation => {
                let name = self.name(&inner.next()?);
                let (mut clauses, mut creates) = (Vec::new(), Vec::new());
                for part in inner {
                    match part.as_rule() {
                        Rule::clause => clauses.push(self.clause(part)?),
                        Rule::create => creates.push(self.create(part)?),
                        _ => {}
                    }
                }
                ItemKind::Generation(Generation { name, clauses, creates })
            }
            Rule::builtin => {
                let name = self.name(&inner.next()?);
                let mut clauses = Vec::new();
                for part in inner {
                    clauses.push(self.clause(part)?);
                }
                ItemKind::Builtin(Builtin { name, clauses })
            }
            Rule::pod_security => {
                let mut lines = Vec::new();
                for part in inner {
                    lines.push(self.pod_security_line(part)?);
                }
                ItemKind::PodSecurity(PodSecurity { lines })
            }
            Rule::exempt => {
                let rules = self.names(inner.next()?);
                let mut whom = Vec::new();
                while let Some(part) = inner.next_if(|p| p.as_rule() == Rule::whom) {
                    let mut parts = part.into_inner();
                    whom.push((self.name(&parts.next()?), self.strings(parts.next()?)?));
                }
                let until = self.name(&inner.next()?);
                ItemKind::Exempt(Exempt { rules, whom, until, because: self.string(inner.next()?)? })
            }
            Rule::test => {
                let name = self.name(&inner.next()?);
                let mut cases = Vec::new();
                for part in inner {
                    cases.push(self.case(part)?);
                }
                ItemKind::Test(Test { name, cases })
            }
            _ => return None,
        })
    }

    fn names(&self, list: P<'_>) -> Vec<Name> {
        list.into_inner().map(|pair| self.name(&pair)).collect()
    }

    fn strings(&mut self, list: P<'_>) -> Option<Vec<Name>> {
        list.into_inner().map(|pair| self.string(pair)).collect()
    }

    fn string(&mut self, pair: P<'_>) -> Option<Name> {
        let span = self.span(&pair);
        let mut node = String::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::escape => node.push(self.escape(&part)?),
                _ => node.push_str(part.as_str()),
            }
        }
        Some(Spanned { node, span })
    }

    fn escape(&mut self, pair: &P<'_>) -> Option<char> {
        let text = pair.as_str().get(1..).unwrap_or_default();
        match text {
            "n" => Some('\n'),
            "t" => Some('\t'),
            "r" => Some('\r'),
            _ => match text.strip_prefix("u{").and_then(|hex| hex.strip_suffix('}')) {
                None => text.chars().next(),
                Some(hex) => {
                    let char = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
                    if char.is_none() {
                        let span = self.span(pair);
                        self.diagnostics.push(
                            Diagnostic::error(&codes::BAD_ESCAPE, span, format!("`{}` is no code point", pair.as_str()))
                                .with_help("a code point is at most `\\u{10FFFF}` and no surrogate"),
                        );
                    }
                    char
                }
            },
        }
    }

    fn ty(&mut self, pair: P<'_>) -> Option<Type> {
        let inner = pair.into_inner().next()?;
        let span = self.span(&inner);
        match inner.as_rule() {
            Rule::enum_type => Some(Type::Enum { values: self.strings(inner)?, span }),
            _ => {
                let mut parts = inner.into_inner();
                let name = self.name(&parts.next()?);
                let mut args = Vec::new();
                for part in parts {
                    args.push(self.ty(part)?);
                }
                Some(Type::Named { name, args })
            }
        }
    }

    fn kind(&self, pair: &P<'_>) -> KindName {
        let text = pair.as_str();
        let (text, subresource) = text.split_once('/').map_or((text, None), |(kind, sub)| (kind, Some(sub.to_owned())));
        let (name, group) = text.split_once('.').map_or((text, None), |(kind, group)| (kind, Some(group.to_owned())));
        KindName { name: name.to_owned(), group, subresource, span: self.span(pair) }
    }

    fn clause(&mut self, pair: P<'_>) -> Option<Clause> {
        let inner = pair.into_inner().find(|p| p.as_rule() != Rule::doc)?;
        let span = self.span(&inner);
        let what = inner.as_rule();
        let mut parts = inner.into_inner().peekable();
        parts.next()?;
        Some(match what {
            Rule::severity => Clause::Severity(self.name(&parts.next()?)),
            Rule::tags => Clause::Tags(self.strings(parts.next()?)?),
            Rule::docs => Clause::Docs(self.string(parts.next()?)?),
            Rule::action => Clause::Action(self.name(&parts.next()?)),
            Rule::overrides => Clause::Overrides(self.name(&parts.next()?)),
            Rule::on_conflict => {
                parts.next()?;
                Clause::OnConflict(self.name(&parts.next()?))
            }
            Rule::targets => {
                let except = parts.next_if(|p| p.as_rule() == Rule::k_except).is_some();
                Clause::Targets { except, names: self.names(parts.next()?) }
            }
            Rule::except => {
                let first = parts.next()?;
                match first.as_rule() {
                    Rule::k_where => Clause::ExceptWhere(self.expr(parts.next()?)?),
                    Rule::who => Clause::Except { who: self.name(&first), names: self.strings(parts.next()?)? },
                    _ => Clause::Except { who: self.name(&first), names: Vec::new() },
                }
            }
            Rule::match_ => {
                let kinds = parts.next()?.into_inner().map(|kind| self.kind(&kind)).collect();
                let (mut operations, mut condition) = (Vec::new(), None);
                for part in parts {
                    match part.as_rule() {
                        Rule::words => operations = self.names(part),
                        Rule::expr => condition = Some(self.expr(part)?),
                        _ => {}
                    }
                }
                Clause::Match { kinds, operations, condition, span }
            }
            _ => return None,
        })
    }

    fn stmts(&mut self, block: P<'_>) -> Option<Vec<Stmt>> {
        block.into_inner().map(|stmt| self.stmt(stmt)).collect()
    }

    fn stmt(&mut self, pair: P<'_>) -> Option<Stmt> {
        let inner = pair.into_inner().next()?;
        self.stmt_kind(inner)
    }

    fn stmt_kind(&mut self, inner: P<'_>) -> Option<Stmt> {
        let span = self.span(&inner);
        let what = inner.as_rule();
        let mut all = inner.into_inner();
        let first = all.next()?;
        let mut parts = all.filter(|p| !is_keyword(p.as_rule()));
        Some(match what {
            Rule::for_stmt => Stmt::For { binder: self.binder(parts.next()?)?, body: self.stmts(parts.next()?)?, span },
            Rule::if_stmt => {
                let condition = self.expr(parts.next()?)?;
                let then = self.stmts(parts.next()?)?;
                let otherwise = match parts.next() {
                    None => Vec::new(),
                    Some(part) if part.as_rule() == Rule::block => self.stmts(part)?,
                    Some(part) => vec![self.stmt_kind(part)?],
                };
                Stmt::If { condition, then, otherwise, span }
            }
            Rule::let_stmt => Stmt::Let(Let { name: self.name(&parts.next()?), value: self.expr(parts.next()?)? }),
            Rule::unique_check => {
                let binder = self.binder(parts.next()?)?;
                let (mut keys, mut message) = (Vec::new(), None);
                for part in parts {
                    match part.as_rule() {
                        Rule::text => message = Some(self.text(part)?),
                        _ => keys.push(self.expr(part)?),
                    }
                }
                Stmt::Unique { binder, keys, message: message?, span }
            }
            Rule::check => Stmt::Check(Check {
                forbid: first.as_rule() == Rule::k_forbid,
                condition: self.expr(parts.next()?)?,
                message: self.text(parts.next()?)?,
                span,
            }),
            Rule::merge => {
                let target = self.term(parts.next()?)?.expr;
                let keys = self.names(parts.next()?);
                Stmt::Merge { target, keys, value: self.object(parts.next()?)?, span }
            }
            Rule::default => Stmt::Default { target: self.term(parts.next()?)?.expr, value: self.expr(parts.next()?)?, span },
            Rule::set => Stmt::Set { target: self.term(parts.next()?)?.expr, value: self.expr(parts.next()?)?, span },
            Rule::append => Stmt::Append { target: self.term(parts.next()?)?.expr, value: self.expr(parts.next()?)?, span },
            Rule::remove => Stmt::Remove { target: self.term(parts.next()?)?.expr, span },
            _ => return None,
        })
    }

    fn create(&mut self, pair: P<'_>) -> Option<Create> {
        let mut parts = pair.into_inner().filter(|p| !is_keyword(p.as_rule()));
        let kind = self.kind(&parts.next()?);
        let name = self.term(parts.next()?)?.expr;
        let mut namespace = None;
        let mut object = None;
        for part in parts {
            match part.as_rule() {
                Rule::term => namespace = Some(self.term(part)?.expr),
                _ => object = Some(self.object(part)?),
            }
        }
        Some(Create { kind, name, namespace, object: object? })
    }

    fn levels(&self, pair: P<'_>) -> Vec<(Name, Name)> {
        pair.into_inner()
            .filter_map(|level| {
                let mut parts = level.into_inner();
                Some((self.name(&parts.next()?), self.name(&parts.next()?)))
            })
            .collect()
    }

    fn pod_security_line(&mut self, pair: P<'_>) -> Option<PodSecurityLine> {
        let inner = pair.into_inner().next()?;
        let what = inner.as_rule();
        let mut parts = inner.into_inner().skip(1);
        let first = parts.next()?;
        Some(match what {
            Rule::ps_default => PodSecurityLine::Default(self.levels(first)),
            Rule::ps_namespaces => PodSecurityLine::Namespaces(self.strings(first)?, self.levels(parts.next()?)),
            Rule::ps_version => PodSecurityLine::Version(self.name(&first)),
            _ => PodSecurityLine::Exempt(self.name(&first), self.strings(parts.next()?)?),
        })
    }

    fn given(&mut self, pair: P<'_>) -> Option<Given> {
        let inner = pair.into_inner().find(|p| !is_keyword(p.as_rule()))?;
        Some(match inner.as_rule() {
            Rule::string => Given::File(self.string(inner)?),
            _ => Given::Object(self.object(inner)?),
        })
    }

    fn case(&mut self, pair: P<'_>) -> Option<Case> {
        let mut doc = Vec::new();
        let (mut expect, mut message, mut operation, mut given, mut old, mut result) = (None, None, None, None, None, None);
        let (mut params, mut beside) = (Vec::new(), Vec::new());
        let mut start = None;
        let end = pair.as_span().end();
        for part in pair.into_inner() {
            if part.as_rule() != Rule::doc {
                start.get_or_insert(part.as_span().start());
            }
            let what = part.as_rule();
            let inner = || part.clone().into_inner().filter(|p| !is_keyword(p.as_rule()));
            match what {
                Rule::doc => doc.push(doc_text(&part)),
                Rule::word => expect = Some(self.name(&part)),
                Rule::string => message = Some(self.string(part)?),
                Rule::case_on => operation = Some(self.name(&inner().next()?)),
                Rule::case_with => params = self.fields(inner().next()?)?,
                Rule::given => given = Some(self.given(part)?),
                Rule::case_old => old = Some(self.given(inner().next()?)?),
                Rule::case_gives => result = Some(self.given(inner().next()?)?),
                Rule::case_beside => {
                    for other in inner() {
                        beside.push(self.given(other)?);
                    }
                }
                _ => {}
            }
        }
        let span = self.at(start?, end);
        Some(Case { doc: doc.join("\n"), expect: expect?, message, operation, params, given: given?, old, beside, result, span })
    }

    fn binder(&mut self, pair: P<'_>) -> Option<Binder> {
        let mut parts = pair.into_inner().filter(|p| !is_keyword(p.as_rule()));
        let first = self.name(&parts.next()?);
        let mut next = parts.next()?;
        let mut key = None;
        let mut name = first;
        if next.as_rule() == Rule::ident {
            key = Some(std::mem::replace(&mut name, self.name(&next)));
            next = parts.next()?;
        }
        let source = self.source_expr(next)?;
        let filter = match parts.next() {
            Some(expr) => Some(Box::new(self.expr(expr)?)),
            None => None,
        };
        Some(Binder { key, name, source, filter })
    }

    fn source_expr(&mut self, pair: P<'_>) -> Option<Expr> {
        let mut terms = pair.into_inner().filter(|p| p.as_rule() == Rule::term);
        let mut built = self.term(terms.next()?)?;
        for term in terms {
            let right = self.term(term)?;
            built = self.binary(BinaryOp::Add, built, right);
        }
        Some(built.expr)
    }

    fn expr(&mut self, pair: P<'_>) -> Option<Expr> {
        Some(self.built(pair)?.expr)
    }

    fn built(&mut self, pair: P<'_>) -> Option<Built> {
        // The Pratt parser's callbacks cannot share `self`, so the operands are built first.
        let pairs: Vec<P<'_>> = pair.into_inner().collect();
        let mut terms = Vec::new();
        for part in pairs.iter().filter(|p| p.as_rule() == Rule::term) {
            terms.push(Some(self.term(part.clone())?));
        }
        let cell = std::cell::RefCell::new((self, terms.into_iter()));
        PRATT
            .map_primary(|_| cell.borrow_mut().1.next().flatten())
            .map_prefix(|op, operand: Option<Built>| {
                let this = &mut cell.borrow_mut().0;
                let operand = operand?;
                let span = this.span(&op).to(operand.expr.span);
                let inner = Box::new(operand.expr);
                let kind = match op.as_rule() {
                    Rule::not => ExprKind::Not(inner),
                    Rule::exists => ExprKind::Exists(inner),
                    Rule::declared => ExprKind::Declared(inner),
                    _ => ExprKind::Unchanged(inner),
                };
                Some(this.bounded(Expr { kind, span }, operand.depth + 1))
            })
            .map_infix(|left: Option<Built>, op, right: Option<Built>| {
                let this = &mut cell.borrow_mut().0;
                let (left, right) = (left?, right?);
                let op = match op.as_rule() {
                    Rule::or => BinaryOp::Or,
                    Rule::and => BinaryOp::And,
                    Rule::coalesce => BinaryOp::Coalesce,
                    Rule::add => BinaryOp::Add,
                    Rule::sub => BinaryOp::Sub,
                    _ => comparison(op.as_str()),
                };
                if is_comparison(op) {
                    for side in [&left, &right] {
                        if !side.closed && matches!(side.expr.kind, ExprKind::Binary(inner, _, _) if is_comparison(inner)) {
                            let span = left.expr.span.to(right.expr.span);
                            this.diagnostics.push(
                                Diagnostic::error(&codes::CHAINED_COMPARISON, span, "comparisons cannot be chained")
                                    .with_help("join two comparisons with `and`, or put one in parentheses"),
                            );
                        }
                    }
                }
                Some(this.binary(op, left, right))
            })
            .parse(pairs.into_iter())
    }

    fn binary(&mut self, op: BinaryOp, left: Built, right: Built) -> Built {
        let span = left.expr.span.to(right.expr.span);
        let depth = left.depth.max(right.depth) + 1;
        self.bounded(Expr { kind: ExprKind::Binary(op, Box::new(left.expr), Box::new(right.expr)), span }, depth)
    }

    /// Refuses an expression that is too deep and puts a leaf in its place, so that no stage meets a deeper one.
    fn bounded(&mut self, expr: Expr, depth: usize) -> Built {
        if depth <= MAX_CHAIN {
            return Built { expr, depth, closed: false };
        }
        let span = expr.span;
        if !self.diagnostics.iter().any(|d| d.code == &codes::TOO_DEEP) {
            self.diagnostics.push(
                Diagnostic::error(&codes::TOO_DEEP, span, format!("the expression has more than {MAX_CHAIN} operators inside each other"))
                    .with_help("name parts of it with `let` or `fn`, or use a list with `in` or `any`"),
            );
        }
        Built { expr: Expr { kind: ExprKind::Bool(false), span }, depth: 1, closed: true }
    }

    fn term(&mut self, pair: P<'_>) -> Option<Built> {
        let mut parts = pair.into_inner();
        let mut built = self.primary(parts.next()?)?;
        for postfix in parts {
            let inner = postfix.into_inner().next()?;
            let span = built.expr.span.to(self.span(&inner));
            let of = Box::new(built.expr);
            let mut depth = built.depth + 1;
            let what = inner.as_rule();
            let kind = match what {
                Rule::field_of => ExprKind::Field(of, self.name(&inner.into_inner().next()?)),
                Rule::star => ExprKind::Star(of),
                _ => {
                    let index = self.built(inner.into_inner().next()?)?;
                    depth = depth.max(index.depth + 1);
                    ExprKind::Index(of, Box::new(index.expr))
                }
            };
            built = self.bounded(Expr { kind, span }, depth);
            built.closed = true;
        }
        Some(built)
    }

    fn primary(&mut self, pair: P<'_>) -> Option<Built> {
        let span = self.span(&pair);
        let what = pair.as_rule();
        let mut depth = 1;
        let kind = match what {
            Rule::ident => ExprKind::Name(pair.as_str().to_owned()),
            Rule::literal => self.literal(pair.into_inner().next()?)?,
            Rule::paren => {
                let mut built = self.built(pair.into_inner().next()?)?;
                built.expr.span = span;
                built.closed = true;
                return Some(built);
            }
            Rule::list => {
                let mut items = Vec::new();
                for part in pair.into_inner() {
                    let built = self.built(part)?;
                    depth = depth.max(built.depth + 1);
                    items.push(built.expr);
                }
                ExprKind::List(items)
            }
            Rule::object => return Some(self.object_built(pair)?),
            Rule::call => {
                let mut parts = pair.into_inner();
                let name = self.name(&parts.next()?);
                let mut args = Vec::new();
                for part in parts {
                    let built = self.built(part)?;
                    depth = depth.max(built.depth + 1);
                    args.push(built.expr);
                }
                ExprKind::Call(name, args)
            }
            Rule::quant => {
                let mut parts = pair.into_inner();
                let op = match parts.next()?.as_str() {
                    "any" => Quantifier::Any,
                    "all" => Quantifier::All,
                    "no" => Quantifier::No,
                    "count" => Quantifier::Count,
                    "sum" => Quantifier::Sum,
                    "min" => Quantifier::Min,
                    _ => Quantifier::Max,
                };
                let binder = Box::new(self.binder(parts.next()?)?);
                let body = self.built(parts.next()?)?;
                depth = body.depth + 1;
                ExprKind::Quantifier { op, binder, body: Box::new(body.expr) }
            }
            _ => {
                let mut parts = pair.into_inner().filter(|p| p.as_rule() == Rule::expr);
                let (condition, then, otherwise) = (self.built(parts.next()?)?, self.built(parts.next()?)?, self.built(parts.next()?)?);
                depth = condition.depth.max(then.depth).max(otherwise.depth) + 1;
                ExprKind::If(Box::new(condition.expr), Box::new(then.expr), Box::new(otherwise.expr))
            }
        };
        Some(Built { closed: true, ..self.bounded(Expr { kind, span }, depth) })
    }

    fn literal(&mut self, pair: P<'_>) -> Option<ExprKind> {
        let text = pair.as_str();
        Some(match pair.as_rule() {
            Rule::bool => ExprKind::Bool(text == "true"),
            Rule::date => ExprKind::Date(text.to_owned()),
            Rule::version => ExprKind::Version(text.to_owned()),
            Rule::quantity => ExprKind::Quantity(text.to_owned()),
            Rule::regex => {
                let body = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
                ExprKind::Regex(body.replace("\\/", "/"))
            }
            Rule::int => match text.parse() {
                Ok(number) => ExprKind::Int(number),
                Err(_) => {
                    let span = self.span(&pair);
                    self.diagnostics.push(
                        Diagnostic::error(&codes::NUMBER_TOO_LARGE, span, format!("`{text}` does not fit 64 bits"))
                            .with_help("whole numbers are from -9223372036854775808 to 9223372036854775807"),
                    );
                    return None;
                }
            },
            _ => ExprKind::String(self.string(pair)?.node),
        })
    }

    fn object(&mut self, pair: P<'_>) -> Option<Expr> {
        Some(self.object_built(pair)?.expr)
    }

    fn object_built(&mut self, pair: P<'_>) -> Option<Built> {
        let span = self.span(&pair);
        let mut depth = 1;
        let mut fields: Vec<ObjectField> = Vec::new();
        for part in pair.into_inner() {
            let mut inner = part.into_inner();
            let key = inner.next()?;
            let name = if key.as_rule() == Rule::string { self.string(key)? } else { self.name(&key) };
            let value = self.built(inner.next()?)?;
            depth = depth.max(value.depth + 1);
            if let Some(first) = fields.iter().find(|field| field.name.node == name.node) {
                self.diagnostics.push(
                    Diagnostic::error(&codes::DUPLICATE_KEY, name.span, format!("`{}` is written twice in this object", name.node))
                        .with_label(first.name.span, "the first")
                        .with_help("keep one of them"),
                );
            }
            fields.push(ObjectField { name, value: value.expr });
        }
        let mut built = self.bounded(Expr { kind: ExprKind::Object(fields), span }, depth);
        built.closed = true;
        Some(built)
    }

    fn fields(&mut self, pair: P<'_>) -> Option<Vec<ObjectField>> {
        match self.object(pair)?.kind {
            ExprKind::Object(fields) => Some(fields),
            _ => None,
        }
    }

    fn text(&mut self, pair: P<'_>) -> Option<Text> {
        let span = self.span(&pair);
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut blank = true;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::interp => {
                    if !literal.is_empty() {
                        parts.push(TextPart::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(TextPart::Value(self.expr(part.into_inner().next()?)?));
                }
                Rule::escape => literal.push(self.escape(&part)?),
                _ => literal.push_str(part.as_str()),
            }
            blank &= literal.trim().is_empty();
        }
        if !literal.is_empty() {
            parts.push(TextPart::Literal(literal));
        }
        if blank {
            self.diagnostics.push(
                Diagnostic::error(&codes::BLANK_MESSAGE, span, "the message has no words of its own")
                    .with_help("say what is wrong and what to do, as in `\"container {c.name} is privileged\"`"),
            );
        }
        Some(Text { parts, span })
    }
}

fn comparison(text: &str) -> BinaryOp {
    let negated = text.starts_with("not");
    let word = text.trim_start_matches("not").trim_start();
    match (word, negated) {
        ("==", _) => BinaryOp::Eq,
        ("!=", _) => BinaryOp::Ne,
        ("<", _) => BinaryOp::Lt,
        ("<=", _) => BinaryOp::Le,
        (">", _) => BinaryOp::Gt,
        (">=", _) => BinaryOp::Ge,
        ("in", false) => BinaryOp::In,
        ("in", true) => BinaryOp::NotIn,
        ("like", false) => BinaryOp::Like,
        ("like", true) => BinaryOp::NotLike,
        ("matches", false) => BinaryOp::Matches,
        ("matches", true) => BinaryOp::NotMatches,
        (_, false) => BinaryOp::Contains,
        (_, true) => BinaryOp::NotContains,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Or | BinaryOp::And | BinaryOp::Coalesce | BinaryOp::Add | BinaryOp::Sub => false,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::In
        | BinaryOp::NotIn
        | BinaryOp::Like
        | BinaryOp::NotLike
        | BinaryOp::Matches
        | BinaryOp::NotMatches
        | BinaryOp::Contains
        | BinaryOp::NotContains => true,
    }
}
