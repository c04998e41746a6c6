//! The syntax tree: what an author wrote, with the place of every part.

use crate::diagnostic::Span;
use serde::Serialize;

/// A name or word together with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spanned<T> {
    /// What was written.
    pub node: T,
    /// Where it stands.
    pub span: Span,
}

/// A word of the source with its place.
pub type Name = Spanned<String>;

/// One source file.
#[derive(Debug, Clone, Serialize)]
pub struct File {
    /// The `//!` lines, joined by newlines, without the marker.
    pub doc: String,
    /// The items in the order of the source.
    pub items: Vec<Item>,
}

/// A top-level item with its `///` lines.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// The `///` lines before the item, joined by newlines, without the marker.
    pub doc: String,
    /// The whole item.
    pub span: Span,
    /// What the item is.
    pub kind: ItemKind,
}

/// What a top-level item is.
#[derive(Debug, Clone, Serialize)]
pub enum ItemKind {
    /// `pack NAME`
    Pack(Name),
    /// `use PACK except RULES { param: value }`
    Use(Use),
    /// `param NAME: TYPE = DEFAULT`
    Param(Param),
    /// `let NAME = EXPR`
    Let(Let),
    /// `fn NAME(ARGS) = EXPR`
    Function(Function),
    /// `rule NAME { ... }`
    Rule(Rule),
    /// `mutation NAME { ... }`
    Mutation(Mutation),
    /// `generation NAME { ... }`
    Generation(Generation),
    /// `pod-security { ... }`
    PodSecurity(PodSecurity),
    /// `exempt rule NAMES namespaces "..." until DATE because "..."`
    Exempt(Exempt),
    /// `builtin NAME { severity high }`
    Builtin(Builtin),
    /// `test NAME { ... }`
    Test(Test),
}

/// `use PACK except RULES { param: value }`
#[derive(Debug, Clone, Serialize)]
pub struct Use {
    /// The used pack.
    pub pack: Name,
    /// Rules of it that are left out.
    pub except: Vec<Name>,
    /// Values for its params.
    pub params: Vec<ObjectField>,
}

/// `param NAME: TYPE = DEFAULT`
#[derive(Debug, Clone, Serialize)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Its default; none means that a value has to be given.
    pub default: Option<Expr>,
}

/// `let NAME = EXPR`
#[derive(Debug, Clone, Serialize)]
pub struct Let {
    /// Its name.
    pub name: Name,
    /// What the name stands for.
    pub value: Expr,
}

/// `fn NAME(ARGS) = EXPR`
#[derive(Debug, Clone, Serialize)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Its arguments, typed; empty both for `fn f() = ...` and `fn f = ...`.
    pub args: Vec<(Name, Type)>,
    /// Its body.
    pub body: Expr,
}

/// A type as written.
#[derive(Debug, Clone, Serialize)]
pub enum Type {
    /// `string`, `Container`, `list<string>`, `map<string, quantity>`
    Named {
        /// The word before `<`.
        name: Name,
        /// The types between `<` and `>`.
        args: Vec<Type>,
    },
    /// `"baseline" | "restricted"`: one of some strings.
    Enum {
        /// The strings.
        values: Vec<Name>,
        /// The whole type.
        span: Span,
    },
}

/// `rule NAME { clauses statements }`
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Its name within the pack.
    pub name: Name,
    /// Its clauses in order.
    pub clauses: Vec<Clause>,
    /// Its statements in order.
    pub body: Vec<Stmt>,
}

/// `mutation NAME { clauses statements }`
#[derive(Debug, Clone, Serialize)]
pub struct Mutation {
    /// Its name within the pack.
    pub name: Name,
    /// Its clauses in order.
    pub clauses: Vec<Clause>,
    /// Its statements in order.
    pub body: Vec<Stmt>,
}

/// `generation NAME { clauses create ... }`
#[derive(Debug, Clone, Serialize)]
pub struct Generation {
    /// Its name within the pack.
    pub name: Name,
    /// Its clauses in order.
    pub clauses: Vec<Clause>,
    /// What it creates.
    pub creates: Vec<Create>,
}

/// `create KIND named EXPR in namespace EXPR { ... }`
#[derive(Debug, Clone, Serialize)]
pub struct Create {
    /// The kind that is created.
    pub kind: KindName,
    /// Its name.
    pub name: Expr,
    /// Its namespace, where given.
    pub namespace: Option<Expr>,
    /// Its other fields.
    pub object: Expr,
}

/// A kind as written: `Pod`, `Event.events.k8s.io`, `Deployment/scale`, `workloads`, `any`.
#[derive(Debug, Clone, Serialize)]
pub struct KindName {
    /// The word up to the first dot or slash.
    pub name: String,
    /// The API group after the first dot, where written.
    pub group: Option<String>,
    /// The subresource after the slash, where written.
    pub subresource: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A clause of a rule, mutation or generation.
#[derive(Debug, Clone, Serialize)]
pub enum Clause {
    /// `severity high`
    Severity(Name),
    /// `tags "a", "b"`
    Tags(Vec<Name>),
    /// `docs "https://..."`
    Docs(Name),
    /// `action deny`
    Action(Name),
    /// `overrides pack/rule` or `overrides rule`
    Overrides(Name),
    /// `match KINDS on OPERATIONS where EXPR`
    Match {
        /// The kinds.
        kinds: Vec<KindName>,
        /// The operations; empty means create and update.
        operations: Vec<Name>,
        /// The condition.
        condition: Option<Expr>,
        /// The whole clause.
        span: Span,
    },
    /// `except namespaces "a", "b"`, `except scale`
    Except {
        /// `namespaces`, `users`, `groups`, `runtimeClasses` or `scale`.
        who: Name,
        /// The names; empty for `scale`.
        names: Vec<Name>,
    },
    /// `except where EXPR`
    ExceptWhere(Expr),
    /// `targets a, b` or `targets except a, b`
    Targets {
        /// Whether the named ones are left out.
        except: bool,
        /// The targets.
        names: Vec<Name>,
    },
    /// `on conflict skip`
    OnConflict(Name),
}

/// A statement.
#[derive(Debug, Clone, Serialize)]
pub enum Stmt {
    /// `for x in L where C { ... }`
    For {
        /// What is bound to what.
        binder: Binder,
        /// The statements inside.
        body: Vec<Stmt>,
        /// The whole statement.
        span: Span,
    },
    /// `if C { ... } else { ... }`
    If {
        /// The condition.
        condition: Expr,
        /// What holds when it is true.
        then: Vec<Stmt>,
        /// What holds when it is false; `else if` is one nested `If`.
        otherwise: Vec<Stmt>,
        /// The whole statement.
        span: Span,
    },
    /// `let NAME = EXPR`
    Let(Let),
    /// `require C message "..."`, `forbid C message "..."`
    Check(Check),
    /// `require unique x in L by k1, k2 message "..."`
    Unique {
        /// The elements.
        binder: Binder,
        /// The keys.
        keys: Vec<Expr>,
        /// What is said of an element whose keys stood before.
        message: Text,
        /// The whole statement.
        span: Span,
    },
    /// `merge LIST by k1, k2 { ... }`
    Merge {
        /// The list.
        target: Expr,
        /// The keys of an element.
        keys: Vec<Name>,
        /// The element.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `default PATH = EXPR`
    Default {
        /// The path.
        target: Expr,
        /// The value.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `set PATH = EXPR`
    Set {
        /// The path.
        target: Expr,
        /// The value.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `append LIST EXPR`
    Append {
        /// The list.
        target: Expr,
        /// The new element.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `remove PATH`
    Remove {
        /// The path.
        target: Expr,
        /// The whole statement.
        span: Span,
    },
}

/// `require` or `forbid` with its message.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// True for `forbid`.
    pub forbid: bool,
    /// The condition.
    pub condition: Expr,
    /// The message.
    pub message: Text,
    /// The whole statement.
    pub span: Span,
}

/// `x in L where C`, `i, x in L`, `k, v in MAP`
#[derive(Debug, Clone, Serialize)]
pub struct Binder {
    /// The key or index, where two names are written.
    pub key: Option<Name>,
    /// The element.
    pub name: Name,
    /// The list or map.
    pub source: Expr,
    /// Which elements count.
    pub filter: Option<Box<Expr>>,
}

/// A message: text and interpolated expressions.
#[derive(Debug, Clone, Serialize)]
pub struct Text {
    /// Its parts in order.
    pub parts: Vec<TextPart>,
    /// The string with its quotes.
    pub span: Span,
}

/// A part of a message.
#[derive(Debug, Clone, Serialize)]
pub enum TextPart {
    /// Text, escapes resolved.
    Literal(String),
    /// `{EXPR}`
    Value(Expr),
}

/// An expression with its place.
#[derive(Debug, Clone, Serialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone, Serialize)]
pub enum ExprKind {
    /// `true`
    Bool(bool),
    /// `42`, `-1`
    Int(i64),
    /// `500m`, `2Gi`, `1.5`: the text as written.
    Quantity(String),
    /// `"text"`, escapes resolved.
    String(String),
    /// `/re/`: the pattern between the slashes, `\/` unescaped.
    Regex(String),
    /// `2027-03-01`
    Date(String),
    /// `v1.34`
    Version(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ a: 1, "b": 2 }`
    Object(Vec<ObjectField>),
    /// `object`, `pod`, `c`, a param or a let.
    Name(String),
    /// `a.b`
    Field(Box<Expr>, Name),
    /// `a[*]`
    Star(Box<Expr>),
    /// `a[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `f(a, b)`
    Call(Name, Vec<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `exists a`
    Exists(Box<Expr>),
    /// `declared a`
    Declared(Box<Expr>),
    /// `unchanged a`
    Unchanged(Box<Expr>),
    /// `a op b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `any x in L where C: E`
    Quantifier {
        /// Which.
        op: Quantifier,
        /// What is bound.
        binder: Box<Binder>,
        /// The body.
        body: Box<Expr>,
    },
    /// `if C then A else B`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `like`
    Like,
    /// `not like`
    NotLike,
    /// `matches`
    Matches,
    /// `not matches`
    NotMatches,
    /// `contains`
    Contains,
    /// `not contains`
    NotContains,
    /// `??`
    Coalesce,
    /// `+`
    Add,
    /// `-`
    Sub,
}

/// A quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Quantifier {
    /// `any`
    Any,
    /// `all`
    All,
    /// `no`
    No,
    /// `count`
    Count,
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
}

/// A field of an object literal.
#[derive(Debug, Clone, Serialize)]
pub struct ObjectField {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `pod-security { ... }`
#[derive(Debug, Clone, Serialize)]
pub struct PodSecurity {
    /// Its lines in order.
    pub lines: Vec<PodSecurityLine>,
}

/// A line of `pod-security`.
#[derive(Debug, Clone, Serialize)]
pub enum PodSecurityLine {
    /// `default enforce baseline, warn restricted`
    Default(Vec<(Name, Name)>),
    /// `namespaces "a", "b" enforce privileged`
    Namespaces(Vec<Name>, Vec<(Name, Name)>),
    /// `version v1.34` or `version latest`
    Version(Name),
    /// `exempt runtimeClasses "kata"`
    Exempt(Name, Vec<Name>),
}

/// `exempt rule NAMES namespaces "..." until DATE because "..."`
#[derive(Debug, Clone, Serialize)]
pub struct Exempt {
    /// The rules, `rule` or `pack/rule`.
    pub rules: Vec<Name>,
    /// Whom: (`namespaces`, names), ...
    pub whom: Vec<(Name, Vec<Name>)>,
    /// The last day, `YYYY-MM-DD`.
    pub until: Name,
    /// Why.
    pub because: Name,
}

/// `builtin NAME { severity high }`
#[derive(Debug, Clone, Serialize)]
pub struct Builtin {
    /// The built-in check.
    pub name: Name,
    /// Its clauses.
    pub clauses: Vec<Clause>,
}

/// `test NAME { cases }`
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// The rule, mutation or generation that is tested.
    pub name: Name,
    /// Its cases.
    pub cases: Vec<Case>,
}

/// A case of a test.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// The `///` lines before the case.
    pub doc: String,
    /// `allow`, `deny`, `skip` (or, for mutations, `gives`).
    pub expect: Name,
    /// The message that `deny` expects: it has to be contained in the rule's message.
    pub message: Option<Name>,
    /// `on create|update|delete`
    pub operation: Option<Name>,
    /// `with { param: value }`
    pub params: Vec<ObjectField>,
    /// The object.
    pub given: Given,
    /// The old object of an update.
    pub old: Option<Given>,
    /// The Namespace that the object is in.
    pub namespace_object: Option<Given>,
    /// What else is known of the request.
    pub request: Option<Given>,
    /// Other objects of the cluster.
    pub beside: Vec<Given>,
    /// The result that a mutation or generation has to give (`gives`).
    pub result: Option<Given>,
    /// The whole case.
    pub span: Span,
}

/// An object of a test.
#[derive(Debug, Clone, Serialize)]
pub enum Given {
    /// An object literal: an [`ExprKind::Object`].
    Object(Expr),
    /// `file "path"`, relative to the policies root.
    File(Name),
}
