//! The grammar's pairs to the syntax tree.
//!
//! Every function gives `None` only after it has reported why; a pair of a shape that the grammar does not give is reported by [`Builder::odd`].

#![allow(clippy::wildcard_enum_match_arm, reason = "the grammar's rules are generated; one that a place does not know is reported")]

use super::ast::{
    BinaryOp, Binder, Builtin, Case, Check, Clause, Create, Exempt, Expr, ExprKind, File, Function, Generation, Given, Item, ItemKind,
    KindName, Let, Mutation, Name, ObjectField, Param, PodSecurity, PodSecurityLine, Quantifier, Rule as RuleItem, Spanned, Stmt, Test,
    Text, TextPart, Type, Use,
};
use super::parse::{Rule, span};
use super::scan::MAX_HEIGHT;
use crate::diagnostic::codes::syntax as codes;
use crate::diagnostic::{Code, Diagnostic, Span};
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The operators, loose to tight.
static OPERATORS: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    PrattParser::new()
        .op(Op::infix(Rule::or, Assoc::Left))
        .op(Op::infix(Rule::and, Assoc::Left))
        .op(Op::prefix(Rule::not))
        .op(Op::infix(Rule::comparison, Assoc::Left))
        .op(Op::infix(Rule::coalesce, Assoc::Right))
        .op(Op::infix(Rule::add, Assoc::Left) | Op::infix(Rule::sub, Assoc::Left))
        .op(Op::prefix(Rule::exists) | Op::prefix(Rule::declared) | Op::prefix(Rule::unchanged))
});

/// An expression while it is built.
struct Tree {
    expr: Expr,
    /// Whether it stands without parentheses.
    bare: bool,
    /// The height of the tree, itself counted.
    height: usize,
}

struct Builder<'a> {
    source: u32,
    text: &'a str,
    base: usize,
    errors: RefCell<Vec<Diagnostic>>,
    too_high: Cell<bool>,
}

/// Adds the items of a piece that begins at byte `base`.
pub(super) fn file(source: u32, text: &str, base: usize, pairs: Pairs<'_, Rule>, file: &mut File, diagnostics: &mut Vec<Diagnostic>) {
    let builder = Builder { source, text, base, errors: RefCell::default(), too_high: Cell::new(false) };
    let Some(root) = pairs.into_iter().next() else { return };
    let docs = doc(&root, Rule::file_doc, "//!");
    if !docs.is_empty() {
        file.doc = docs;
    }
    for item in children(&root, Rule::item) {
        builder.too_high.set(false);
        file.items.extend(builder.item(&item));
    }
    diagnostics.extend(builder.errors.into_inner());
}

fn child<'i>(pair: &Pair<'i, Rule>, rule: Rule) -> Option<Pair<'i, Rule>> {
    pair.clone().into_inner().find(|child| child.as_rule() == rule)
}

fn children<'i>(pair: &Pair<'i, Rule>, rule: Rule) -> impl Iterator<Item = Pair<'i, Rule>> + use<'i> {
    pair.clone().into_inner().filter(move |child| child.as_rule() == rule)
}

fn has(pair: &Pair<'_, Rule>, rule: Rule) -> bool {
    child(pair, rule).is_some()
}

/// The documentation lines in a pair, without marker and the space behind it.
fn doc(pair: &Pair<'_, Rule>, rule: Rule, marker: &str) -> String {
    let lines = children(pair, rule).map(|line| {
        let line = line.as_str().strip_prefix(marker).unwrap_or_default();
        line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A string without quotes, escapes resolved; the scan has refused bad ones.
fn unescape(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let digits: String = chars.by_ref().skip(1).take_while(|char| *char != '}').collect();
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            other => out.extend(other),
        }
    }
    out
}

impl<'i> Builder<'_> {
    // ------------------------------------------------------------ places and errors

    /// The place of a pair, without the white space that the grammar may have skipped behind it.
    fn span(&self, pair: &Pair<'i, Rule>) -> Span {
        let start = pair.as_span().start();
        let mut last = pair.clone();
        while !matches!(last.as_rule(), Rule::string | Rule::text) {
            match last.clone().into_inner().next_back() {
                Some(inner) => last = inner,
                None => break,
            }
        }
        span(self.source, self.base + start, self.base + last.as_span().end())
    }

    fn error(&self, code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.errors.borrow_mut().push(Diagnostic::error(code, span, message).with_help(help));
    }

    /// Reports a pair that has not the shape that the grammar gives.
    fn odd<T>(&self, pair: &Pair<'i, Rule>) -> Option<T> {
        self.error(&codes::UNEXPECTED, self.span(pair), "this cannot be read", "see the grammar reference");
        None
    }

    fn source_text(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    // ------------------------------------------------------------ names

    fn name(&self, pair: &Pair<'i, Rule>) -> Name {
        let node = if pair.as_rule() == Rule::string { unescape(pair.as_str()) } else { pair.as_str().to_owned() };
        Spanned { node, span: self.span(pair) }
    }

    /// The first child of a rule, as a name.
    fn named(&self, pair: &Pair<'i, Rule>, rule: Rule) -> Option<Name> {
        child(pair, rule).map(|name| self.name(&name)).or_else(|| self.odd(pair))
    }

    /// The words of a list such as `ids` or `strings`, itself a child of `pair`; empty where there is none.
    fn names(&self, pair: &Pair<'i, Rule>, list: Rule, rule: Rule) -> Vec<Name> {
        child(pair, list).iter().flat_map(|list| children(list, rule)).map(|name| self.name(&name)).collect()
    }

    fn kind(&self, pair: &Pair<'i, Rule>) -> KindName {
        let (path, subresource) = match pair.as_str().split_once('/') {
            Some((path, subresource)) => (path, Some(subresource.to_owned())),
            None => (pair.as_str(), None),
        };
        let (name, group) = match path.split_once('.') {
            Some((name, group)) => (name, Some(group.to_owned())),
            None => (path, None),
        };
        KindName { name: name.to_owned(), group, subresource, span: self.span(pair) }
    }

    // ------------------------------------------------------------ items

    fn item(&self, pair: &Pair<'i, Rule>) -> Option<Item> {
        let inner = pair.clone().into_inner().find(|child| child.as_rule() != Rule::doc)?;
        let kind = match inner.as_rule() {
            Rule::pack => ItemKind::Pack(self.named(&inner, Rule::id)?),
            Rule::use_pack => ItemKind::Use(Use {
                pack: self.named(&inner, Rule::id)?,
                except: self.names(&inner, Rule::ids, Rule::id),
                params: self.fields(&inner)?,
            }),
            Rule::param => ItemKind::Param(Param {
                name: self.named(&inner, Rule::ident)?,
                ty: self.type_of(&inner)?,
                default: self.optional_expr(&inner)?,
            }),
            Rule::let_item => ItemKind::Let(self.binding(&inner)?),
            Rule::function => ItemKind::Function(self.function(&inner)?),
            Rule::rule_item => {
                let name = self.named(&inner, Rule::id)?;
                let (clauses, body) = self.body(&inner, &name, "rule", false)?;
                ItemKind::Rule(RuleItem { name, clauses, body })
            }
            Rule::mutation => {
                let name = self.named(&inner, Rule::id)?;
                let (clauses, body) = self.body(&inner, &name, "mutation", true)?;
                ItemKind::Mutation(Mutation { name, clauses, body })
            }
            Rule::generation => {
                let name = self.named(&inner, Rule::id)?;
                let clauses = self.clauses(&inner)?;
                let creates: Vec<Create> = self.all(children(&inner, Rule::create), |create| self.create(create))?;
                if creates.is_empty() {
                    self.empty(&name, "the generation", "creates nothing", "write what it creates: `create KIND named NAME { ... }`");
                }
                ItemKind::Generation(Generation { name, clauses, creates })
            }
            Rule::builtin => ItemKind::Builtin(Builtin { name: self.named(&inner, Rule::id)?, clauses: self.clauses(&inner)? }),
            Rule::exempt => ItemKind::Exempt(Exempt {
                rules: self.names(&inner, Rule::rule_ids, Rule::rule_id),
                whom: self.all(children(&inner, Rule::exempted), |line| {
                    Some((self.named(line, Rule::who)?, self.names(line, Rule::strings, Rule::string)))
                })?,
                until: self.named(&inner, Rule::date)?,
                because: self.named(&inner, Rule::string)?,
            }),
            Rule::pod_security => ItemKind::PodSecurity(PodSecurity {
                lines: self.all(inner.clone().into_inner().filter(Self::is_level_line), |line| self.level_line(line))?,
            }),
            Rule::test => {
                let name = self.named(&inner, Rule::rule_id)?;
                let cases: Vec<Case> = self.all(children(&inner, Rule::case), |case| self.case(case))?;
                if cases.is_empty() {
                    self.empty(&name, "the test", "has no case", "write `allow given { ... }` or `deny \"MESSAGE\" given { ... }`");
                }
                ItemKind::Test(Test { name, cases })
            }
            _ => return self.odd(&inner),
        };
        Some(Item { doc: doc(pair, Rule::doc, "///"), span: self.span(&inner), kind })
    }

    /// Every element, or nothing; each error is reported.
    fn all<T>(&self, pairs: impl Iterator<Item = Pair<'i, Rule>>, read: impl Fn(&Pair<'i, Rule>) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = pairs.map(|pair| read(&pair)).collect();
        read.into_iter().collect()
    }

    fn empty(&self, name: &Name, what: &str, lacks: &str, help: &str) {
        self.error(&codes::EMPTY_BODY, name.span, format!("{what} `{}` {lacks}", name.node), help);
    }

    fn binding(&self, pair: &Pair<'i, Rule>) -> Option<Let> {
        Some(Let { name: self.named(pair, Rule::ident)?, value: self.first_expr(pair)? })
    }

    fn function(&self, pair: &Pair<'i, Rule>) -> Option<Function> {
        let args = self.all(children(pair, Rule::argument), |arg| Some((self.named(arg, Rule::ident)?, self.type_of(arg)?)))?;
        Some(Function { name: self.named(pair, Rule::ident)?, args, body: self.first_expr(pair)? })
    }

    /// The type that is a child of `pair`.
    fn type_of(&self, pair: &Pair<'i, Rule>) -> Option<Type> {
        match child(pair, Rule::type_) {
            Some(ty) => self.ty(&ty),
            None => self.odd(pair),
        }
    }

    fn ty(&self, pair: &Pair<'i, Rule>) -> Option<Type> {
        if let Some(values) = child(pair, Rule::enum_type) {
            let strings = children(&values, Rule::string).map(|value| self.name(&value)).collect();
            return Some(Type::Enum { values: strings, span: self.span(&values) });
        }
        let Some(named) = child(pair, Rule::named_type) else { return self.odd(pair) };
        let args = self.all(children(&named, Rule::type_), |ty| self.ty(ty))?;
        Some(Type::Named { name: self.named(&named, Rule::type_name)?, args })
    }

    fn is_level_line(pair: &Pair<'i, Rule>) -> bool {
        matches!(pair.as_rule(), Rule::ps_default | Rule::ps_namespaces | Rule::ps_version | Rule::ps_exempt)
    }

    fn level_line(&self, pair: &Pair<'i, Rule>) -> Option<PodSecurityLine> {
        let levels = || -> Vec<(Name, Name)> {
            let levels = child(pair, Rule::levels);
            let levels = levels.iter().flat_map(|levels| children(levels, Rule::level));
            levels
                .filter_map(|level| {
                    let mut words = children(&level, Rule::word).map(|word| self.name(&word));
                    words.next().zip(words.next())
                })
                .collect()
        };
        match pair.as_rule() {
            Rule::ps_default => Some(PodSecurityLine::Default(levels())),
            Rule::ps_namespaces => Some(PodSecurityLine::Namespaces(self.names(pair, Rule::strings, Rule::string), levels())),
            Rule::ps_exempt => Some(PodSecurityLine::Exempt(self.named(pair, Rule::word)?, self.names(pair, Rule::strings, Rule::string))),
            _ => {
                let version = child(pair, Rule::version).or_else(|| child(pair, Rule::word));
                version.map(|version| PodSecurityLine::Version(self.name(&version))).or_else(|| self.odd(pair))
            }
        }
    }

    // ------------------------------------------------------------ tests

    fn case(&self, pair: &Pair<'i, Rule>) -> Option<Case> {
        let expect = child(pair, Rule::verdict).or_else(|| child(pair, Rule::k_gives));
        let expect = expect.map(|word| self.name(&word)).or_else(|| self.odd(pair))?;
        let message = child(pair, Rule::string).map(|message| self.name(&message));
        let mut givens = self.all(children(pair, Rule::given), |given| self.given(given))?.into_iter();
        let result = if expect.node == "gives" { givens.next() } else { None };
        let given = givens.next().or_else(|| self.odd(pair))?;
        let side = |rule| self.all(child(pair, rule).iter().flat_map(|side| children(side, Rule::given)), |given| self.given(given));
        let start = child(pair, Rule::verdict).or_else(|| child(pair, Rule::k_gives)).map_or(expect.span, |word| self.span(&word));
        Some(Case {
            doc: doc(pair, Rule::doc, "///"),
            message,
            operation: child(pair, Rule::word).map(|word| self.name(&word)),
            params: self.fields(pair)?,
            given,
            old: side(Rule::old)?.into_iter().next(),
            namespace_object: side(Rule::space)?.into_iter().next(),
            request: side(Rule::asked)?.into_iter().next(),
            beside: side(Rule::beside)?,
            result,
            span: start.to(self.span(pair)),
            expect,
        })
    }

    fn given(&self, pair: &Pair<'i, Rule>) -> Option<Given> {
        match child(pair, Rule::object) {
            Some(object) => Some(Given::Object(self.object(&object)?.expr)),
            None => Some(Given::File(self.named(pair, Rule::string)?)),
        }
    }

    // ------------------------------------------------------------ clauses

    fn clauses(&self, pair: &Pair<'i, Rule>) -> Option<Vec<Clause>> {
        self.all(children(pair, Rule::clause), |clause| self.clause(clause))
    }

    fn clause(&self, pair: &Pair<'i, Rule>) -> Option<Clause> {
        let Some(inner) = pair.clone().into_inner().next() else { return self.odd(pair) };
        match inner.as_rule() {
            Rule::severity => Some(Clause::Severity(self.named(&inner, Rule::word)?)),
            Rule::tags => Some(Clause::Tags(self.names(&inner, Rule::strings, Rule::string))),
            Rule::docs => Some(Clause::Docs(self.named(&inner, Rule::string)?)),
            Rule::action => Some(Clause::Action(self.named(&inner, Rule::word)?)),
            Rule::overrides => Some(Clause::Overrides(self.named(&inner, Rule::rule_id)?)),
            Rule::match_ => Some(Clause::Match {
                kinds: child(&inner, Rule::kinds)
                    .iter()
                    .flat_map(|kinds| children(kinds, Rule::kind))
                    .map(|kind| self.kind(&kind))
                    .collect(),
                operations: child(&inner, Rule::operations).map(|on| self.names(&on, Rule::words, Rule::word)).unwrap_or_default(),
                condition: self.optional_expr(&inner)?,
                span: self.span(&inner),
            }),
            Rule::except if has(&inner, Rule::k_where) => Some(Clause::ExceptWhere(self.first_expr(&inner)?)),
            Rule::except if has(&inner, Rule::k_scale) => {
                Some(Clause::Except { who: self.named(&inner, Rule::k_scale)?, names: Vec::new() })
            }
            Rule::except => {
                Some(Clause::Except { who: self.named(&inner, Rule::who)?, names: self.names(&inner, Rule::strings, Rule::string) })
            }
            Rule::targets => Some(Clause::Targets { except: has(&inner, Rule::k_except), names: self.names(&inner, Rule::ids, Rule::id) }),
            Rule::on_conflict => Some(Clause::OnConflict(self.named(&inner, Rule::word)?)),
            _ => self.odd(&inner),
        }
    }

    // ------------------------------------------------------------ statements

    /// Clauses and statements of a rule or a mutation.
    fn body(&self, pair: &Pair<'i, Rule>, name: &Name, what: &str, mutates: bool) -> Option<(Vec<Clause>, Vec<Stmt>)> {
        let clauses = self.clauses(pair);
        let body = self.all(children(pair, Rule::statement), |statement| self.statement(statement));
        let (clauses, body) = (clauses?, body?);
        if body.is_empty() {
            let (lacks, help) = if mutates {
                ("changes nothing", "write a change: `default`, `set`, `append`, `merge` or `remove`")
            } else {
                ("checks nothing", "write a check: `require CONDITION message \"...\"` or `forbid CONDITION message \"...\"`")
            };
            self.empty(name, &format!("the {what}"), lacks, help);
        }
        Some((clauses, body))
    }

    fn block(&self, pair: &Pair<'i, Rule>) -> Option<Vec<Stmt>> {
        self.all(children(pair, Rule::statement), |statement| self.statement(statement))
    }

    fn statement(&self, pair: &Pair<'i, Rule>) -> Option<Stmt> {
        let Some(inner) = pair.clone().into_inner().next() else { return self.odd(pair) };
        let rule = inner.as_rule();
        let span = self.span(&inner);
        let target = || child(&inner, Rule::term).map_or_else(|| self.odd(&inner), |term| Some(self.term(&term)?.expr));
        let object = || child(&inner, Rule::object).map_or_else(|| self.odd(&inner), |object| Some(self.object(&object)?.expr));
        Some(match rule {
            Rule::for_ => {
                let binder = self.binder_of(&inner)?.0;
                let Some(body) = child(&inner, Rule::block) else { return self.odd(&inner) };
                Stmt::For { binder, body: self.block(&body)?, span }
            }
            Rule::if_ => return self.if_statement(&inner),
            Rule::let_ => Stmt::Let(self.binding(&inner)?),
            Rule::unique => {
                let Some(keys) = child(&inner, Rule::keys) else { return self.odd(&inner) };
                let binder = self.binder_of(&inner)?.0;
                let keys = self.all(children(&keys, Rule::expr), |key| Some(self.expr(key)?.expr))?;
                Stmt::Unique { binder, keys, message: self.message(&inner)?, span }
            }
            Rule::check => {
                let condition = self.first_expr(&inner);
                let message = self.message(&inner);
                Stmt::Check(Check { forbid: has(&inner, Rule::k_forbid), condition: condition?, message: message?, span })
            }
            Rule::merge => Stmt::Merge { target: target()?, keys: self.names(&inner, Rule::words, Rule::word), value: object()?, span },
            Rule::default => Stmt::Default { target: target()?, value: self.first_expr(&inner)?, span },
            Rule::set => Stmt::Set { target: target()?, value: self.first_expr(&inner)?, span },
            Rule::append => Stmt::Append { target: target()?, value: self.first_expr(&inner)?, span },
            Rule::remove => Stmt::Remove { target: target()?, span },
            _ => return self.odd(&inner),
        })
    }

    fn if_statement(&self, pair: &Pair<'i, Rule>) -> Option<Stmt> {
        let mut blocks = children(pair, Rule::block);
        let condition = self.first_expr(pair);
        let then = blocks.next().map_or_else(|| self.odd(pair), |block| self.block(&block));
        let otherwise = match (child(pair, Rule::if_), blocks.next()) {
            (Some(nested), _) => self.if_statement(&nested).map(|nested| vec![nested]),
            (None, Some(block)) => self.block(&block),
            (None, None) => Some(Vec::new()),
        };
        Some(Stmt::If { condition: condition?, then: then?, otherwise: otherwise?, span: self.span(pair) })
    }

    fn create(&self, pair: &Pair<'i, Rule>) -> Option<Create> {
        let Some((kind, object)) = child(pair, Rule::kind).zip(child(pair, Rule::object)) else { return self.odd(pair) };
        let mut terms = self.all(children(pair, Rule::term), |term| Some(self.term(term)?.expr))?.into_iter();
        let name = terms.next().or_else(|| self.odd(pair))?;
        Some(Create { kind: self.kind(&kind), name, namespace: terms.next(), object: self.object(&object)?.expr })
    }

    /// The binder that is a child of `pair`, with the height of what it holds.
    fn binder_of(&self, pair: &Pair<'i, Rule>) -> Option<(Binder, usize)> {
        let Some(binder) = child(pair, Rule::binder) else { return self.odd(pair) };
        let mut names: Vec<Name> = children(&binder, Rule::ident).map(|name| self.name(&name)).collect();
        let Some(name) = names.pop() else { return self.odd(&binder) };
        let Some(source) = child(&binder, Rule::source) else { return self.odd(&binder) };
        let source = self.chain(&source)?;
        let filter = match child(&binder, Rule::expr) {
            Some(filter) => Some(self.expr(&filter)?),
            None => None,
        };
        let height = source.height.max(filter.as_ref().map_or(0, |filter| filter.height));
        Some((Binder { key: names.pop(), name, source: source.expr, filter: filter.map(|filter| Box::new(filter.expr)) }, height))
    }

    fn message(&self, pair: &Pair<'i, Rule>) -> Option<Text> {
        let Some(text) = child(pair, Rule::text) else { return self.odd(pair) };
        let mut parts: Vec<TextPart> = Vec::new();
        for part in text.clone().into_inner() {
            if part.as_rule() == Rule::value {
                parts.push(TextPart::Value(self.first_expr(&part)?));
                continue;
            }
            let piece = unescape_part(part.as_str());
            if let Some(TextPart::Literal(before)) = parts.last_mut() {
                before.push_str(&piece);
            } else {
                parts.push(TextPart::Literal(piece));
            }
        }
        let span = self.span(&text);
        if !parts.iter().any(|part| matches!(part, TextPart::Literal(piece) if !piece.trim().is_empty())) {
            let message = if parts.is_empty() { "this message is empty" } else { "this message has no text of its own" };
            self.error(&codes::BAD_MESSAGE, span, message, "say in words what is wrong with the object");
            return None;
        }
        Some(Text { parts, span })
    }

    // ------------------------------------------------------------ expressions

    fn first_expr(&self, pair: &Pair<'i, Rule>) -> Option<Expr> {
        match child(pair, Rule::expr) {
            Some(expr) => Some(self.expr(&expr)?.expr),
            None => self.odd(pair),
        }
    }

    /// The expression among the children, if there is one; `None` after an error.
    fn optional_expr(&self, pair: &Pair<'i, Rule>) -> Option<Option<Expr>> {
        match child(pair, Rule::expr) {
            Some(expr) => Some(Some(self.expr(&expr)?.expr)),
            None => Some(None),
        }
    }

    /// An expression, unless it is too high.
    fn tree(&self, kind: ExprKind, span: Span, height: usize) -> Option<Tree> {
        if height > MAX_HEIGHT {
            if !self.too_high.replace(true) {
                self.error(
                    &codes::TOO_DEEP,
                    span,
                    format!("this expression is more than {MAX_HEIGHT} operators high"),
                    "give a part of it a name with `let` or `fn`; write a chain of comparisons as `x in [...]`",
                );
            }
            return None;
        }
        Some(Tree { expr: Expr { kind, span }, bare: true, height })
    }

    fn expr(&self, pair: &Pair<'i, Rule>) -> Option<Tree> {
        self.chain(pair)
    }

    /// Operands and operators in a row.
    fn chain(&self, pair: &Pair<'i, Rule>) -> Option<Tree> {
        // The operator parser recurses on prefixes, and trees are dropped recursively.
        let operators = pair.clone().into_inner().filter(|part| part.as_rule() != Rule::term).count();
        if operators >= MAX_HEIGHT {
            let span = self.span(pair);
            return self.tree(ExprKind::Bool(false), span, MAX_HEIGHT + 1);
        }
        OPERATORS
            .map_primary(|term| self.term(&term))
            .map_prefix(|op, operand| self.prefix(&op, operand?))
            .map_infix(|left, op, right| {
                let (left, right) = (left?, right?);
                self.infix(left, &op, right)
            })
            .parse(pair.clone().into_inner())
    }

    /// Refuses an operand that begins with a bare `not`, which would take more than its reader thinks.
    fn tight(&self, op: &Pair<'i, Rule>, operand: &Tree) -> Option<()> {
        if operand.bare && matches!(operand.expr.kind, ExprKind::Not(_)) {
            let text = self.source_text(operand.expr.span).to_owned();
            let message = format!("`not` binds looser than `{}`", op.as_str());
            let help = if text.contains('\n') || text.len() > 60 {
                "put `not ...` into parentheses".to_owned()
            } else {
                format!("write `({text})`")
            };
            self.error(&codes::LOOSE_OPERAND, operand.expr.span, message, help);
            return None;
        }
        Some(())
    }

    fn prefix(&self, op: &Pair<'i, Rule>, operand: Tree) -> Option<Tree> {
        if op.as_rule() != Rule::not {
            self.tight(op, &operand)?;
        }
        let span = self.span(op).to(operand.expr.span);
        let height = operand.height + 1;
        let operand = Box::new(operand.expr);
        let kind = match op.as_rule() {
            Rule::not => ExprKind::Not(operand),
            Rule::exists => ExprKind::Exists(operand),
            Rule::declared => ExprKind::Declared(operand),
            Rule::unchanged => ExprKind::Unchanged(operand),
            _ => return self.odd(op),
        };
        self.tree(kind, span, height)
    }

    fn infix(&self, left: Tree, op: &Pair<'i, Rule>, right: Tree) -> Option<Tree> {
        let words: Vec<&str> = op.as_str().split_whitespace().collect();
        let binary = match words.as_slice() {
            ["or"] => BinaryOp::Or,
            ["and"] => BinaryOp::And,
            ["=="] => BinaryOp::Eq,
            ["!="] => BinaryOp::Ne,
            ["<"] => BinaryOp::Lt,
            ["<="] => BinaryOp::Le,
            [">"] => BinaryOp::Gt,
            [">="] => BinaryOp::Ge,
            ["in"] => BinaryOp::In,
            ["not", "in"] => BinaryOp::NotIn,
            ["like"] => BinaryOp::Like,
            ["not", "like"] => BinaryOp::NotLike,
            ["matches"] => BinaryOp::Matches,
            ["not", "matches"] => BinaryOp::NotMatches,
            ["contains"] => BinaryOp::Contains,
            ["not", "contains"] => BinaryOp::NotContains,
            ["??"] => BinaryOp::Coalesce,
            ["+"] => BinaryOp::Add,
            ["-"] => BinaryOp::Sub,
            _ => return self.odd(op),
        };
        if !matches!(binary, BinaryOp::Or | BinaryOp::And) {
            self.tight(op, &right)?;
        }
        if op.as_rule() == Rule::comparison && left.bare && is_comparison(&left.expr) {
            let second = self.span(op);
            self.errors.borrow_mut().push(
                Diagnostic::error(&codes::CHAINED_COMPARISON, second, format!("`{}` compares the result of a comparison", op.as_str()))
                    .with_label(left.expr.span, "this is true or false")
                    .with_help("join two comparisons with `and`, or put one into parentheses"),
            );
            return None;
        }
        let span = left.expr.span.to(right.expr.span);
        let height = left.height.max(right.height) + 1;
        self.tree(ExprKind::Binary(binary, Box::new(left.expr), Box::new(right.expr)), span, height)
    }

    fn term(&self, pair: &Pair<'i, Rule>) -> Option<Tree> {
        let mut parts = pair.clone().into_inner();
        let Some(primary) = parts.next() else { return self.odd(pair) };
        let mut tree = self.primary(&primary)?;
        for postfix in parts {
            let span = tree.expr.span.to(self.span(&postfix));
            let base = Box::new(tree.expr);
            let (kind, height) = match postfix.as_rule() {
                Rule::field => (ExprKind::Field(base, self.named(&postfix, Rule::word)?), tree.height),
                Rule::star => (ExprKind::Star(base), tree.height),
                Rule::index => {
                    let Some(index) = child(&postfix, Rule::expr) else { return self.odd(&postfix) };
                    let index = self.expr(&index)?;
                    (ExprKind::Index(base, Box::new(index.expr)), tree.height.max(index.height))
                }
                _ => return self.odd(&postfix),
            };
            tree = self.tree(kind, span, height + 1)?;
        }
        Some(tree)
    }

    fn primary(&self, pair: &Pair<'i, Rule>) -> Option<Tree> {
        let span = self.span(pair);
        let text = pair.as_str();
        let leaf = |kind| self.tree(kind, span, 1);
        match pair.as_rule() {
            Rule::boolean => leaf(ExprKind::Bool(text == "true")),
            Rule::int => match text.parse() {
                Ok(int) => leaf(ExprKind::Int(int)),
                Err(_) => {
                    self.error(
                        &codes::BAD_NUMBER,
                        span,
                        format!("`{text}` does not fit into 64 bits"),
                        "write a smaller number, or a quantity such as `1E`",
                    );
                    None
                }
            },
            Rule::quantity => leaf(ExprKind::Quantity(text.to_owned())),
            Rule::date => leaf(ExprKind::Date(text.to_owned())),
            Rule::version => leaf(ExprKind::Version(text.to_owned())),
            Rule::string => leaf(ExprKind::String(unescape(text))),
            Rule::regex => {
                let pattern = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).unwrap_or(text);
                leaf(ExprKind::Regex(unescape_slashes(pattern)))
            }
            Rule::ident => leaf(ExprKind::Name(text.to_owned())),
            Rule::parens => {
                let Some(inner) = child(pair, Rule::expr) else { return self.odd(pair) };
                let inner = self.expr(&inner)?;
                Some(Tree { expr: Expr { span, ..inner.expr }, bare: false, ..inner })
            }
            Rule::list_value => {
                let (elements, height) = self.exprs(pair)?;
                self.tree(ExprKind::List(elements), span, height + 1)
            }
            Rule::object => self.object(pair),
            Rule::call => {
                let (arguments, height) = self.exprs(pair)?;
                self.tree(ExprKind::Call(self.named(pair, Rule::ident)?, arguments), span, height + 1)
            }
            Rule::conditional => {
                let (parts, height) = self.exprs(pair)?;
                let Ok([condition, then, otherwise]) = <[Expr; 3]>::try_from(parts) else { return self.odd(pair) };
                self.tree(ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)), span, height + 1)
            }
            Rule::quantified => {
                let op = match child(pair, Rule::quantifier).as_ref().map(Pair::as_str) {
                    Some("any") => Quantifier::Any,
                    Some("all") => Quantifier::All,
                    Some("no") => Quantifier::No,
                    Some("count") => Quantifier::Count,
                    Some("sum") => Quantifier::Sum,
                    Some("min") => Quantifier::Min,
                    Some("max") => Quantifier::Max,
                    _ => return self.odd(pair),
                };
                let (binder, above) = self.binder_of(pair)?;
                let Some(body) = child(pair, Rule::expr) else { return self.odd(pair) };
                let body = self.expr(&body)?;
                let height = above.max(body.height) + 1;
                self.tree(ExprKind::Quantifier { op, binder: Box::new(binder), body: Box::new(body.expr) }, span, height)
            }
            _ => self.odd(pair),
        }
    }

    /// All expressions among the children, with the greatest height.
    fn exprs(&self, pair: &Pair<'i, Rule>) -> Option<(Vec<Expr>, usize)> {
        let trees = self.all(children(pair, Rule::expr), |expr| self.expr(expr))?;
        let height = trees.iter().map(|tree| tree.height).max().unwrap_or_default();
        Some((trees.into_iter().map(|tree| tree.expr).collect(), height))
    }

    fn object(&self, pair: &Pair<'i, Rule>) -> Option<Tree> {
        let fields = self.all(children(pair, Rule::pair), |field| {
            let name = child(field, Rule::word).or_else(|| child(field, Rule::string));
            let name = name.map(|name| self.name(&name)).or_else(|| self.odd(field))?;
            let Some(value) = child(field, Rule::expr) else { return self.odd(field) };
            let value = self.expr(&value)?;
            Some((ObjectField { name, value: value.expr }, value.height))
        })?;
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        for (field, _) in &fields {
            if let Some(first) = first.insert(&field.name.node, field.name.span) {
                self.errors.borrow_mut().push(
                    Diagnostic::error(
                        &codes::DUPLICATE_KEY,
                        field.name.span,
                        format!("`{}` is written twice in this object", field.name.node),
                    )
                    .with_label(first, "the first")
                    .with_help("keep one of them"),
                );
            }
        }
        let height = fields.iter().map(|(_, height)| *height).max().unwrap_or_default();
        self.tree(ExprKind::Object(fields.into_iter().map(|(field, _)| field).collect()), self.span(pair), height + 1)
    }

    /// The fields of the object that is a child of `pair`; none where there is no object.
    fn fields(&self, pair: &Pair<'i, Rule>) -> Option<Vec<ObjectField>> {
        let Some(object) = child(pair, Rule::object) else { return Some(Vec::new()) };
        if let ExprKind::Object(fields) = self.object(&object)?.expr.kind { Some(fields) } else { self.odd(&object) }
    }
}

fn is_comparison(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Binary(op, _, _) if !matches!(op, BinaryOp::Or | BinaryOp::And | BinaryOp::Coalesce | BinaryOp::Add | BinaryOp::Sub))
}

/// A stretch of a message, escapes resolved. Quotes do not stand in it bare.
fn unescape_part(part: &str) -> String {
    unescape(&format!("\"{part}\""))
}

/// `\/` is a plain slash; every other escape is the regular expression's own.
fn unescape_slashes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match (char, chars.clone().next()) {
            ('\\', Some('/')) => {}
            ('\\', Some(next)) => {
                out.push(char);
                out.push(next);
                chars.next();
            }
            _ => out.push(char),
        }
    }
    out
}
