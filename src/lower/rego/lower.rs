//! From a rule of the IR to the Rego tree.
//!
//! A condition becomes statements that hold exactly when it is true. Where it may be said more than once - a quantifier finds two elements - it is said inside the test of a comprehension for
//! emptiness, so that a check gives one message. Its contrary is the emptiness of what it would give, never `not`, but for a path compared with a scalar.
//! A value becomes statements that hold exactly when it is present, and an expression.

use super::helper::Helper;
use super::print::KEYWORDS;
use super::tree::{Body, Expr, Head, Operator, Rule as RegoRule, Scalar, Step, Stmt};
use crate::diagnostic::Span;
use crate::ir::{
    Action, Aggregate, Check, Cond, Const, Elements, Form, Function, Glob, Item, Kind, Message, Operation, Order, Piece, PodPath, Presence,
    Read, Root, Rule, Severity, Slot, Source, Stmt as IrStmt, Ty, Value,
    walk::{Node, walk},
};
use crate::lower::Unsupported;
use std::collections::{BTreeMap, BTreeSet};

type Lowered<T> = Result<T, Unsupported>;

/// What the rules of one module need together.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// The functions that they call.
    pub helpers: BTreeSet<Helper>,
    /// The rules that give violations, in the order of the source.
    pub rules: Vec<RegoRule>,
    guards: Vec<(Guard, String)>,
    unreadable: Vec<(Expr, String)>,
    pods: BTreeMap<PodPath, BTreeSet<Type>>,
    values: Vec<RegoRule>,
    place: bool,
    old_object: bool,
}

/// API version and kind.
type Type = (String, String);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Guard {
    types: BTreeSet<Type>,
    operations: BTreeSet<Operation>,
}

/// Names that no variable of a rule may have.
fn reserved() -> BTreeSet<String> {
    let mut names = super::helper::names();
    let own = [
        "input",
        "data",
        "obj",
        "old_object",
        "operation",
        "pod",
        "pod_place",
        "violations",
        "list",
        "item",
        "failures",
        "unreadable",
        "walk",
        "count",
        "sum",
        "max",
        "min",
        "sort",
        "concat",
    ];
    names.extend(own.iter().map(|name| (*name).to_owned()));
    names.extend(KEYWORDS.iter().map(|name| (*name).to_owned()));
    // The first words of built-in functions.
    names.extend(
        [
            "array",
            "object",
            "strings",
            "regex",
            "json",
            "numbers",
            "bits",
            "time",
            "units",
            "net",
            "http",
            "io",
            "opa",
            "rego",
            "graph",
            "glob",
            "graphql",
            "crypto",
            "uuid",
            "semver",
            "hex",
            "yaml",
            "urlquery",
            "base64",
            "base64url",
            "print",
            "trace",
            "all",
            "any",
            "set_diff",
            "product",
            "round",
            "ceil",
            "floor",
            "abs",
            "split",
            "replace",
            "contains",
            "lower",
            "upper",
            "trim",
            "substring",
            "indexof",
            "format_int",
            "sprintf",
            "startswith",
            "endswith",
            "to_number",
            "type_name",
            "intersection",
            "union",
            "rand",
            "providers",
            "tokens",
            "cast_array",
        ]
        .iter()
        .map(|name| (*name).to_owned()),
    );
    names
}

impl Module {
    /// Adds a rule. Nothing is added when it has no exact form.
    ///
    /// # Errors
    /// When a construct of the rule cannot be said exactly.
    pub fn add(&mut self, rule: &Rule) -> Lowered<()> {
        if let Some((construct, span)) = rule.unlowered.first() {
            return Err(Unsupported::new(construct.clone(), *span));
        }
        if rule.operations.contains(&Operation::Delete) {
            return Err(Unsupported::new("`on delete`", rule.span));
        }
        if let Some(kind) = rule.kinds.iter().find(|kind| kind.subresource.is_some()) {
            return Err(Unsupported::new(
                format!("the subresource of `{}/{}`", kind.kind, kind.subresource.as_deref().unwrap_or_default()),
                rule.span,
            ));
        }
        if matches!(rule.applies, Cond::Const(false)) {
            return Ok(());
        }
        let mut module = self.clone();
        module.lower(rule)?;
        *self = module;
        Ok(())
    }

    fn lower(&mut self, rule: &Rule) -> Lowered<()> {
        let guard = self.guard(rule);
        let guarded = Stmt::Holds(Expr::var(guard));
        let mut scope = Scope::new(self, rule);
        let mut reads = scope.reads(&rule.reads)?;
        let resources = requested_resources(rule);
        let asked = |resource: &String| {
            let place = Expr::var("place");
            let head =
                Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("cannot read `"), place, Expr::string("`")])]);
            head.each(Body(vec![Stmt::Each("place".to_owned(), Expr::Call("unreadable_requests", vec![Expr::string(resource)]))]))
        };
        reads.extend(resources.early.iter().map(asked));
        let mut applies = Body::default();
        scope.pos(&rule.applies, true, &mut applies)?;
        let failures = scope.messages(&rule.body)?;
        let late: Vec<Expr> = resources.late.iter().map(asked).collect();
        let violation = |messages: Expr| {
            Head::Contains(
                "violations".to_owned(),
                Expr::Object(vec![
                    ("rule".to_owned(), Expr::string(&rule.id)),
                    ("msg".to_owned(), Expr::Call("message", vec![messages])),
                    ("action".to_owned(), Expr::string(action(rule.action))),
                    ("severity".to_owned(), Expr::string(severity(rule.severity))),
                ]),
            )
        };
        self.helpers.insert(Helper::Message);
        let comment = annotations(rule);
        let mut start = vec![guarded];
        if !reads.is_empty() {
            let name = self.unreadable(Expr::concat_lists(reads));
            let first = Expr::var(&name).step(Step::Index(Expr::int(0)));
            let mut body = start.clone();
            body.push(Stmt::Holds(Expr::var(&name).infix(Operator::Ne, Expr::Array(Vec::new()))));
            self.rules.push(RegoRule { comment: comment.clone(), head: violation(Expr::Array(vec![first])), body: Body(body) });
            start.push(Stmt::Holds(Expr::var(&name).infix(Operator::Eq, Expr::Array(Vec::new()))));
        }
        start.extend(applies.0);
        if !late.is_empty() {
            let name = self.unreadable(Expr::concat_lists(late));
            let first = Expr::var(&name).step(Step::Index(Expr::int(0)));
            let mut body = start.clone();
            body.push(Stmt::Holds(Expr::var(&name).infix(Operator::Ne, Expr::Array(Vec::new()))));
            self.rules.push(RegoRule { comment: comment.clone(), head: violation(Expr::Array(vec![first])), body: Body(body).tidy(&NULL) });
            start.push(Stmt::Holds(Expr::var(&name).infix(Operator::Eq, Expr::Array(Vec::new()))));
        }
        start.push(Stmt::Let("failures".to_owned(), failures));
        start.push(Stmt::Holds(Expr::var("failures").infix(Operator::Ne, Expr::Array(Vec::new()))));
        self.rules.push(RegoRule { comment, head: violation(Expr::var("failures")), body: Body(start).tidy(&NULL) });
        Ok(())
    }

    fn guard(&mut self, rule: &Rule) -> String {
        for kind in &rule.kinds {
            if let Some(path) = kind.pod {
                self.pods.entry(path).or_default().insert(type_of(kind));
            }
        }
        let guard = Guard { types: rule.kinds.iter().map(type_of).collect(), operations: rule.operations.clone() };
        if let Some((_, name)) = self.guards.iter().find(|(known, _)| *known == guard) {
            return name.clone();
        }
        let words: Vec<String> = guard.types.iter().map(|(_, kind)| kind.to_ascii_lowercase()).collect();
        let mut name = if words.len() <= 2 {
            format!("is_{}", words.join("_or_"))
        } else if rule.kinds.iter().all(|kind| kind.pod.is_some()) {
            "is_workload".to_owned()
        } else {
            "is_matched".to_owned()
        };
        if guard.operations != [Operation::Create, Operation::Update].into() {
            let operations: Vec<String> =
                guard.operations.iter().map(|operation| operation_name(*operation).to_ascii_lowercase()).collect();
            name = format!("{name}_on_{}", operations.join("_or_"));
        }
        let base = name.clone();
        let mut number = 1;
        while self.guards.iter().any(|(_, known)| *known == name) || name == "is_image" {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.guards.push((guard, name.clone()));
        name
    }

    fn unreadable(&mut self, list: Expr) -> String {
        if let Some((_, name)) = self.unreadable.iter().find(|(known, _)| *known == list) {
            return name.clone();
        }
        let name = format!("unreadable_{}", self.unreadable.len() + 1);
        self.unreadable.push((list, name.clone()));
        name
    }

    /// A rule of its own for a value that several may want.
    fn shared_rule(&mut self, word: &str, value: Expr, body: Body) -> Expr {
        let body = body.tidy(&value);
        let same = self.values.iter().find(|rule| rule.body == body && matches!(&rule.head, Head::Value(_, known) if *known == value));
        if let Some(RegoRule { head: Head::Value(name, _), .. }) = same {
            return Expr::var(name);
        }
        let base = format!("its_{}", snake(word));
        let mut name = base.clone();
        let mut number = 1;
        while self.values.iter().any(|rule| matches!(&rule.head, Head::Value(known, _) if *known == name)) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.values.push(RegoRule { comment: Vec::new(), head: Head::Value(name.clone(), value), body });
        Expr::Var(name)
    }

    /// The rules on which those of the author stand: what is judged, and by which of them.
    #[must_use]
    pub fn foundation(&self) -> Vec<RegoRule> {
        let rule = |head, body| RegoRule { comment: Vec::new(), head, body: Body(body) };
        let review = Expr::var("input").key("kind").infix(Operator::Eq, Expr::string("AdmissionReview"));
        let path = super::tree::Path { root: "input".to_owned(), keys: vec!["kind".to_owned()] };
        let plain = Stmt::Unless(path, Scalar::String("AdmissionReview".to_owned()));
        let request = || Expr::var("input").key("request");
        let mut rules = vec![
            rule(Head::Value("obj".to_owned(), request().key("object")), vec![Stmt::Holds(review.clone())]),
            rule(Head::Value("obj".to_owned(), Expr::var("input")), vec![plain.clone()]),
            rule(Head::Value("operation".to_owned(), request().key("operation")), vec![Stmt::Holds(review.clone())]),
            rule(Head::Value("operation".to_owned(), Expr::string("CREATE")), vec![plain]),
        ];
        if self.old_object {
            rules.push(rule(Head::Value("old_object".to_owned(), request().key("oldObject")), vec![Stmt::Holds(review)]));
        }
        for (guard, name) in &self.guards {
            let operations = guard.operations.iter().map(|operation| Expr::string(operation_name(*operation))).collect();
            rules.push(rule(
                Head::True(name.clone()),
                vec![Stmt::Holds(is_of(&guard.types)), Stmt::Holds(Expr::var("operation").infix(Operator::In, Expr::Set(operations)))],
            ));
        }
        for (path, types) in &self.pods {
            let pod = path.segments().iter().fold(Expr::var("obj"), |expr, name| expr.key(*name));
            rules.push(rule(Head::Value("pod".to_owned(), pod), vec![Stmt::Holds(is_of(types))]));
        }
        if self.place {
            for (path, types) in &self.pods {
                let place: String = path.segments().iter().map(|name| format!("{name}.")).collect();
                rules.push(rule(Head::Value("pod_place".to_owned(), Expr::string(place)), vec![Stmt::Holds(is_of(types))]));
            }
        }
        rules.extend(self.values.iter().cloned());
        rules.extend(self.unreadable.iter().map(|(list, name)| rule(Head::Value(name.clone(), list.clone()), Vec::new())));
        rules
    }
}

/// The resources of which a rule wants the effective request: to decide whether it applies, or only after that.
struct Resources {
    early: BTreeSet<String>,
    late: BTreeSet<String>,
}

fn requested_resources(rule: &Rule) -> Resources {
    let mut early = BTreeSet::new();
    collect_resources(Node::Cond(&rule.applies), &mut early);
    let mut late = BTreeSet::new();
    in_stmts(&rule.body, &mut |node| collect_resources(node, &mut late));
    late.retain(|resource| !early.contains(resource));
    Resources { early, late }
}

fn collect_resources(node: Node<'_>, into: &mut BTreeSet<String>) {
    walk(node, &mut |node| {
        if let Node::Value(Value::Call(Function::EffectiveRequest, arguments)) = node
            && let Some(Value::Const(Const::String(resource))) = arguments.get(1)
        {
            into.insert(resource.clone());
        }
        true
    });
}

fn in_stmts(stmts: &[IrStmt], f: &mut dyn FnMut(Node<'_>)) {
    fn in_message(message: &Message, f: &mut dyn FnMut(Node<'_>)) {
        for piece in &message.parts {
            if let Piece::Value(value, _) = piece {
                f(Node::Value(value));
            }
        }
    }
    for stmt in stmts {
        match stmt {
            IrStmt::For { source, body } => {
                f(Node::Source(source));
                in_stmts(body, f);
            }
            IrStmt::If { condition, then, otherwise } => {
                f(Node::Cond(condition));
                in_stmts(then, f);
                in_stmts(otherwise, f);
            }
            IrStmt::Check(check) => {
                f(Node::Cond(&check.fails));
                in_message(&check.message, f);
            }
            IrStmt::Unique { source, keys, message, span: _ } => {
                f(Node::Source(source));
                keys.iter().for_each(|key| f(Node::Value(key)));
                in_message(message, f);
            }
        }
    }
}

fn type_of(kind: &Kind) -> Type {
    (kind.api_version(), kind.kind.clone())
}

/// `object.kind in {"apps/v1": {"Deployment"}}[object.apiVersion]`
fn is_of(types: &BTreeSet<Type>) -> Expr {
    let mut versions: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
    for (version, kind) in types {
        versions.entry(version).or_default().push(Expr::string(kind));
    }
    let versions = Expr::Object(versions.into_iter().map(|(version, kinds)| (version.to_owned(), Expr::Set(kinds))).collect());
    let of_version = versions.step(Step::Index(Expr::var("obj").key("apiVersion")));
    Expr::var("obj").key("kind").infix(Operator::In, of_version)
}

/// The name of an operation in a request.
fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Deny => "deny",
        Action::Warn => "warn",
        Action::Audit => "audit",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// The METADATA lines of a rule. A JSON string is a YAML string.
fn annotations(rule: &Rule) -> Vec<String> {
    let mut lines = vec!["METADATA".to_owned(), format!("title: {}", super::print::string(&rule.id))];
    if !rule.doc.trim().is_empty() {
        lines.push(format!("description: {}", super::print::string(rule.doc.trim())));
    }
    lines
}

/// The variables of one rule.
struct Scope<'m> {
    module: &'m mut Module,
    kinds: &'m [Kind],
    taken: BTreeSet<String>,
    slots: BTreeMap<Slot, Bound>,
    span: Span,
}

#[derive(Clone)]
struct Bound {
    name: String,
    /// A text whose type is known to be right.
    is_key: bool,
    /// A quantity that is already a number of thousandths.
    is_milli: bool,
    ty: Ty,
}

/// A head that uses no variable.
const NULL: Expr = Expr::Scalar(Scalar::Null);

/// Elements to go over.
struct Iteration {
    /// A word for an element.
    word: String,
    /// Each element in turn.
    each: Expr,
    /// Whether null ones are already left out.
    are_present: bool,
}

/// A value whose statements hold: an expression for it.
struct Given {
    expr: Expr,
    /// Whether it is certainly of its type, whatever the object holds.
    certain: bool,
}

impl<'m> Scope<'m> {
    fn new(module: &'m mut Module, rule: &'m Rule) -> Self {
        Scope { module, kinds: &rule.kinds, taken: reserved(), slots: BTreeMap::new(), span: rule.span }
    }

    fn unsupported<T>(&self, construct: impl Into<String>) -> Lowered<T> {
        Err(Unsupported::new(construct, self.span))
    }

    fn need(&mut self, helper: Helper) {
        self.module.helpers.insert(helper);
    }

    /// A name that nothing else in the rule has, after a word.
    fn fresh(&mut self, word: &str) -> String {
        let base = snake(word);
        let base = if base.starts_with(|c: char| c.is_ascii_lowercase()) { base } else { "value".to_owned() };
        // So begin the names of rules.
        let base = if ["is_", "its_", "unreadable_"].iter().any(|start| base.starts_with(start)) { format!("value_{base}") } else { base };
        let mut name = base.clone();
        let mut number = 1;
        while self.taken.contains(&name) {
            number += 1;
            name = format!("{base}_{number}");
        }
        self.taken.insert(name.clone());
        name
    }

    fn bound(&self, slot: Slot) -> Lowered<&Bound> {
        self.slots.get(&slot).ok_or_else(|| Unsupported::new("a variable outside its loop", self.span))
    }

    /// Adds a list of what an expression is while a body holds.
    fn push_list(&mut self, lists: &mut Vec<Expr>, head: Expr, body: Body) {
        let body = body.tidy(&head);
        if body.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))) {
            return;
        }
        if body.0.is_empty() {
            lists.push(Expr::Array(vec![head]));
            return;
        }
        let list = self.each(head, body);
        lists.push(list);
    }

    /// `[head | body]`
    fn each(&mut self, head: Expr, body: Body) -> Expr {
        let mut body = body.tidy(&head);
        // A head stands on one line, and a `|` after it may be taken for an operator.
        let head = if matches!(head, Expr::Object(_) | Expr::Set(_) | Expr::Infix(..)) || super::print::is_long(&head) {
            let name = self.fresh(if matches!(head, Expr::Call(..)) { "text" } else { "value" });
            body.0.push(Stmt::Let(name.clone(), head));
            Expr::Var(name)
        } else {
            head
        };
        head.each(body)
    }

    // ------------------------------------------------------------------ reads

    /// For each read a list of `cannot read` messages.
    fn reads(&mut self, reads: &[Read]) -> Lowered<Vec<Expr>> {
        reads
            .iter()
            .map(|read| {
                // Loops of reads are apart from those of the body, and equal reads of two rules get equal names.
                let taken = self.taken.clone();
                let slots = self.slots.clone();
                let list = self.read(read);
                self.taken = taken;
                self.slots = slots;
                list
            })
            .collect()
    }

    fn read(&mut self, read: &Read) -> Lowered<Expr> {
        let mut body = Body::default();
        for source in &read.sources {
            self.iterate(source, &mut body)?;
        }
        let given = self.bind(&read.value, &mut body)?;
        let mut readable = Body::default();
        match read.form {
            Form::Quantity => {
                let milli = self.quantity(given.expr, &mut readable);
                readable.0.push(Stmt::Holds(milli.infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
            }
            Form::Image => {
                self.need(Helper::IsImage);
                readable.0.push(Stmt::Holds(Expr::Call("is_string", vec![given.expr.clone()])));
                readable.0.push(Stmt::Holds(Expr::Call("is_image", vec![given.expr])));
            }
            Form::Duration => return self.unsupported("`duration()` of a value"),
        }
        never(readable, &mut body);
        Ok(Expr::string(format!("cannot read `{}`", read.path)).each(body.tidy(&NULL)))
    }

    // ------------------------------------------------------------------ statements

    /// The messages that statements give, as a list.
    fn messages(&mut self, stmts: &[IrStmt]) -> Lowered<Expr> {
        Ok(Expr::concat_lists(self.lists_of_messages(stmts)?))
    }

    fn lists_of_messages(&mut self, stmts: &[IrStmt]) -> Lowered<Vec<Expr>> {
        let mut lists = Vec::new();
        let taken = self.taken.clone();
        for stmt in stmts {
            // Each list is a comprehension, whose variables the next one does not see.
            self.taken.clone_from(&taken);
            if let IrStmt::If { condition, then, otherwise } = stmt {
                for (holds, branch) in [(true, then), (false, otherwise)] {
                    if branch.is_empty() {
                        continue;
                    }
                    self.taken.clone_from(&taken);
                    let mut body = Body::default();
                    self.either(condition, holds, false, &mut body)?;
                    let head = self.tail(branch, &mut body)?;
                    self.push_list(&mut lists, head, body);
                }
                continue;
            }
            let mut body = Body::default();
            let head = self.tail(std::slice::from_ref(stmt), &mut body)?;
            self.push_list(&mut lists, head, body);
        }
        self.taken = taken;
        Ok(lists)
    }

    /// Statements after which the expression is a message.
    fn tail(&mut self, stmts: &[IrStmt], body: &mut Body) -> Lowered<Expr> {
        match stmts {
            [IrStmt::Check(Check { fails, message, subject: _, span })] => {
                self.span = *span;
                self.pos(fails, false, body)?;
                self.message(message)
            }
            [IrStmt::For { source, body: inner }] => {
                self.iterate(source, body)?;
                self.tail(inner, body)
            }
            [IrStmt::If { condition, then, otherwise }] if otherwise.is_empty() => {
                self.pos(condition, false, body)?;
                self.tail(then, body)
            }
            [IrStmt::Unique { source, keys, message, span }] => {
                self.span = *span;
                self.unique(source, keys, message, body)
            }
            _ => {
                let lists = self.lists_of_messages(stmts)?;
                let list = if lists.len() > 2 {
                    let list = self.fresh("texts");
                    body.0.push(Stmt::Each(list.clone(), Expr::Array(lists)));
                    Expr::Var(list)
                } else {
                    Expr::concat_lists(lists)
                };
                let name = self.fresh("text");
                body.0.push(Stmt::Let(name.clone(), list.step(Step::Each)));
                Ok(Expr::Var(name))
            }
        }
    }

    fn unique(&mut self, source: &Source, keys: &[Value], message: &Message, body: &mut Body) -> Lowered<Expr> {
        let mut inner = Body::default();
        self.iterate(source, &mut inner)?;
        let mut all = Vec::new();
        for key in keys {
            let mut of = Body::default();
            let given = self.bind(key, &mut of)?;
            let given = self.comparable(given.expr, key, &mut of);
            let found = self.each(given, of);
            all.push(found);
        }
        let bound = self.bound(source.slot)?.clone();
        let mut entries = vec![("element".to_owned(), Expr::var(&bound.name)), ("keys".to_owned(), Expr::Array(all))];
        let index = source.key.map(|slot| self.bound(slot).cloned()).transpose()?;
        if let Some(index) = &index {
            entries.push(("key".to_owned(), Expr::var(&index.name)));
        }
        let elements = self.fresh("elements");
        let all = self.each(Expr::Object(entries), inner);
        body.0.push(Stmt::Let(elements.clone(), all));
        let position = self.fresh("position");
        let later = self.fresh("later");
        body.0.push(Stmt::EachAt(position.clone(), later.clone(), Expr::var(&elements)));
        let earlier = self.fresh("earlier");
        let before = Expr::Call("array.slice", vec![Expr::var(&elements), Expr::int(0), Expr::var(&position)]);
        body.0.push(Stmt::Ever(Body(vec![
            Stmt::Each(earlier.clone(), before),
            Stmt::Holds(Expr::var(&earlier).key("keys").infix(Operator::Eq, Expr::var(&later).key("keys"))),
        ])));
        // The message speaks of the later element.
        let element = self.fresh(&bound.name);
        body.0.push(Stmt::Let(element.clone(), Expr::var(&later).key("element")));
        body.0.push(Stmt::Present(element.clone()));
        self.slots.insert(source.slot, Bound { name: element, ..bound });
        if let (Some(slot), Some(index)) = (source.key, index) {
            let name = self.fresh(&index.name);
            body.0.push(Stmt::Let(name.clone(), Expr::var(&later).key("key")));
            body.0.push(Stmt::Present(name.clone()));
            self.slots.insert(slot, Bound { name, ..index });
        }
        self.message(message)
    }

    fn message(&mut self, message: &Message) -> Lowered<Expr> {
        let mut parts: Vec<Expr> = Vec::new();
        for piece in &message.parts {
            let part = match piece {
                Piece::Text(text) => Expr::string(text),
                Piece::Value(value, ty) => self.shown(value, ty)?,
            };
            if let (Some(Expr::Scalar(Scalar::String(before))), Expr::Scalar(Scalar::String(text))) = (parts.last_mut(), &part) {
                before.push_str(text);
            } else {
                parts.push(part);
            }
        }
        Ok(match parts.as_slice() {
            [only @ Expr::Scalar(_)] => only.clone(),
            _ => Expr::Call("concat", vec![Expr::string(""), Expr::Array(parts)]),
        })
    }

    /// The text of a value, whatever it is.
    fn shown(&mut self, value: &Value, ty: &Ty) -> Lowered<Expr> {
        let taken = self.taken.clone();
        let shown = self.shown_in_its_own_scope(value, ty);
        self.taken = taken;
        shown
    }

    fn shown_in_its_own_scope(&mut self, value: &Value, ty: &Ty) -> Lowered<Expr> {
        let mut body = Body::default();
        let given = self.bind(value, &mut body)?;
        let certain = given.certain;
        let milli = is_milli(value, &self.slots);
        let (text, total) = self.text(given.expr, ty, milli, certain, &mut body)?;
        let body = body.tidy(&text);
        if body.0.is_empty() && total {
            return Ok(text);
        }
        self.need(Helper::Shown);
        let found = self.each(text, body);
        Ok(Expr::Call("shown", vec![found]))
    }

    /// The text of what is present, and whether it is certainly one.
    fn text(&mut self, expr: Expr, ty: &Ty, is_milli: bool, certain: bool, body: &mut Body) -> Lowered<(Expr, bool)> {
        Ok(match ty {
            Ty::String => {
                if !certain {
                    body.0.push(Stmt::Holds(Expr::Call("is_string", vec![expr.clone()])));
                }
                (expr, certain)
            }
            Ty::Bool => (Expr::Call("json.marshal", vec![expr]), true),
            Ty::Int => {
                if !certain {
                    body.0.push(Stmt::Holds(Expr::Call("is_number", vec![expr.clone()])));
                }
                (Expr::Call("format_int", vec![expr, Expr::int(10)]), certain)
            }
            Ty::IntOrString => {
                self.need(Helper::PlainText);
                (Expr::Call("plain_text", vec![expr]), false)
            }
            Ty::Quantity => {
                let milli = if is_milli { expr } else { self.quantity(expr, body) };
                self.need(Helper::QuantityText);
                (Expr::Call("quantity_text", vec![milli]), false)
            }
            Ty::List(of) => {
                let element = self.fresh("element");
                let mut inner = Body(vec![Stmt::Let(element.clone(), expr.step(Step::Each))]);
                inner.0.push(Stmt::Present(element.clone()));
                let (text, _) = self.text(Expr::Var(element), of, is_milli, false, &mut inner)?;
                let texts = self.each(text, inner);
                (Expr::Call("concat", vec![Expr::string(", "), texts]), false)
            }
            Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any => return self.unsupported("a map or struct in a message"),
        })
    }

    // ------------------------------------------------------------------ sources

    /// Binds the variables of a source to each of its elements.
    fn iterate(&mut self, source: &Source, body: &mut Body) -> Lowered<()> {
        match &source.of {
            Elements::Lists(lists) => {
                let is_milli = source.ty == Ty::Quantity && lists.iter().all(|list| is_milli(list, &self.slots));
                let elements = self.elements(lists, source.key)?;
                let name = self.fresh(&elements.word);
                body.0.push(Stmt::Let(name.clone(), elements.each));
                body.0.push(if elements.are_present { Stmt::Used(name.clone()) } else { Stmt::Present(name.clone()) });
                self.slots.insert(source.slot, Bound { name, is_key: false, is_milli, ty: source.ty.clone() });
            }
            Elements::Map(map) => {
                let word = singular(map);
                let map = match self.path(map)? {
                    Some(path) => path,
                    None => self.bind(map, body)?.expr,
                };
                let step = match source.key {
                    Some(slot) => {
                        let name = self.fresh("key");
                        self.slots.insert(slot, Bound { name: name.clone(), is_key: true, is_milli: false, ty: Ty::String });
                        Step::At(name)
                    }
                    None => Step::Each,
                };
                let name = self.fresh(&word);
                let entry = map.step(step);
                self.slots.insert(source.slot, Bound { name: name.clone(), is_key: false, is_milli: false, ty: source.ty.clone() });
                if source.ty != Ty::String {
                    body.0.push(Stmt::Let(name.clone(), entry));
                    body.0.push(Stmt::Present(name));
                } else if let Some(filter) = source.filter.as_ref().filter(|filter| !reads(filter, source.slot)) {
                    // What asks for the key alone need not wait for the text.
                    self.need(Helper::Label);
                    let written = self.fresh("written");
                    body.0.push(Stmt::Let(written.clone(), entry));
                    self.pos(filter, false, body)?;
                    body.0.push(Stmt::Let(name.clone(), Expr::Call("label", vec![Expr::Var(written)])));
                    body.0.push(Stmt::Used(name));
                    return Ok(());
                } else {
                    self.need(Helper::Label);
                    body.0.push(Stmt::Let(name.clone(), Expr::Call("label", vec![entry])));
                    body.0.push(Stmt::Used(name));
                }
            }
        }
        if let Some(filter) = &source.filter {
            self.pos(filter, false, body)?;
        }
        Ok(())
    }

    /// A reference that is each element of some lists in turn.
    fn elements(&mut self, lists: &[Value], key: Option<Slot>) -> Lowered<Iteration> {
        let word = lists.first().map(singular).unwrap_or_default();
        let path = match lists {
            [only] => self.path(only)?,
            _ => None,
        };
        let (list, are_present) = match path {
            Some(path) => (path, false),
            None => (self.all(lists)?, true),
        };
        let step = match key {
            Some(slot) => {
                let index = self.fresh("index");
                self.slots.insert(slot, Bound { name: index.clone(), is_key: true, is_milli: false, ty: Ty::Int });
                Step::At(index)
            }
            None => Step::Each,
        };
        Ok(Iteration { word, each: list.step(step), are_present })
    }

    /// Lists that are fields of one struct, all in one: for the whole object in a rule of its own, which is worked out once.
    fn fields(&mut self, lists: &[Value]) -> Lowered<Option<Expr>> {
        let mut names = Vec::new();
        let mut holder: Option<Expr> = None;
        for list in lists {
            let Value::Field { of, name, default: None, presence: _, ty: _ } = list else { return Ok(None) };
            let Some(path) = self.path(of)? else { return Ok(None) };
            if holder.as_ref().is_some_and(|holder| *holder != path) {
                return Ok(None);
            }
            holder = Some(path);
            names.push(Expr::string(name));
        }
        let (Some(holder), Some(first), true) = (holder, lists.first(), lists.len() > 1) else { return Ok(None) };
        let closed = is_closed(first);
        let taken = if closed { std::mem::replace(&mut self.taken, reserved()) } else { self.taken.clone() };
        let word = singular(first);
        let field = self.fresh("field");
        let element = self.fresh(&word);
        self.taken = taken;
        let body = Body(vec![
            Stmt::Each(field.clone(), Expr::Array(names)),
            Stmt::Let(element.clone(), holder.step(Step::Index(Expr::Var(field))).step(Step::Each)),
            Stmt::Present(element.clone()),
        ]);
        let list = Expr::Var(element).each(body);
        Ok(Some(if closed { self.module.shared_rule(&format!("{word}s"), list, Body::default()) } else { list }))
    }

    /// The elements of some lists as one list that is always there.
    fn all(&mut self, lists: &[Value]) -> Lowered<Expr> {
        if let Some(list) = self.fields(lists)? {
            return Ok(list);
        }
        let lists = lists.iter().map(|list| self.list(list)).collect::<Lowered<Vec<_>>>()?;
        Ok(Expr::concat_lists(lists))
    }

    /// The elements of a list value, null ones left out; none where it is absent.
    fn list(&mut self, list: &Value) -> Lowered<Expr> {
        Ok(match list {
            Value::Const(constant @ Const::List(_)) => constant_expr(constant),
            Value::List(items) => self.items(items, false)?,
            Value::Const(_)
            | Value::Root(_)
            | Value::Var(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                let mut body = Body::default();
                let holder = match self.path(list)? {
                    Some(path) => path,
                    None => self.bind(list, &mut body)?.expr,
                };
                let element = self.fresh("element");
                body.0.push(Stmt::Let(element.clone(), holder.step(Step::Each)));
                body.0.push(Stmt::Present(element.clone()));
                Expr::Var(element).each(body)
            }
        })
    }

    /// What items give, as a list that is always there.
    fn items(&mut self, items: &[Item], milli: bool) -> Lowered<Expr> {
        let mut lists: Vec<Expr> = Vec::new();
        for item in items {
            match item {
                Item::One(Value::Const(constant)) => {
                    let constant = if milli { milli_constant(constant) } else { constant_expr(constant) };
                    if let Some(Expr::Array(before)) = lists.last_mut() {
                        before.push(constant);
                    } else {
                        lists.push(Expr::Array(vec![constant]));
                    }
                }
                Item::One(Value::If(condition, then, otherwise)) => {
                    for (holds, value) in [(true, then), (false, otherwise)] {
                        let mut body = Body::default();
                        self.either(condition, holds, false, &mut body)?;
                        let given = self.number(value, milli, &mut body)?;
                        self.push_list(&mut lists, given, body);
                    }
                }
                Item::One(value) => {
                    let mut body = Body::default();
                    let given = self.number(value, milli, &mut body)?;
                    self.push_list(&mut lists, given, body);
                }
                Item::Spread(list) => {
                    let all = self.list(list)?;
                    if milli && !is_milli(list, &self.slots) {
                        let element = self.fresh("element");
                        let mut body = Body(vec![Stmt::Each(element.clone(), all)]);
                        let number = self.quantity(Expr::Var(element), &mut body);
                        self.push_list(&mut lists, number, body);
                    } else {
                        lists.push(all);
                    }
                }
                Item::Each(source, inner) => {
                    let mut body = Body::default();
                    self.iterate(source, &mut body)?;
                    let head = if let [Item::One(value)] = inner.as_slice() {
                        self.number(value, milli, &mut body)?
                    } else {
                        let list = self.items(inner, milli)?;
                        let element = self.fresh("element");
                        body.0.push(Stmt::Let(element.clone(), list.step(Step::Each)));
                        Expr::Var(element)
                    };
                    self.push_list(&mut lists, head, body);
                }
            }
        }
        Ok(Expr::concat_lists(lists))
    }

    // ------------------------------------------------------------------ values

    /// The reference that a value is, undefined or null where it is absent: what counts as absent besides is not looked at.
    fn path(&mut self, value: &Value) -> Lowered<Option<Expr>> {
        if is_shared(value) {
            return self.shared(value).map(Some);
        }
        Ok(match value {
            Value::Root(root) => Some(self.root(*root)?),
            Value::Var(slot) => Some(Expr::var(&self.bound(*slot)?.name)),
            Value::Field { of, name, default: None, presence: _, ty: _ } => self.path(of)?.map(|of| of.key(name)),
            Value::Entry { of, key, default: None, ty: _ } => {
                if let Value::Const(Const::String(key)) = &**key {
                    self.path(of)?.map(|of| of.key(key))
                } else {
                    None
                }
            }
            Value::Const(_)
            | Value::Field { .. }
            | Value::Entry { .. }
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        })
    }

    /// A rule for a value that no loop has a part in, undefined where it is absent.
    fn shared(&mut self, value: &Value) -> Lowered<Expr> {
        let taken = std::mem::replace(&mut self.taken, reserved());
        let mut body = Body::default();
        let given = self.compute(value, &mut body);
        self.taken = taken;
        let head = given?.expr;
        let word = if let Value::Field { name, .. } = value { name } else { "value" };
        Ok(self.module.shared_rule(word, head, body))
    }

    fn root(&mut self, root: Root) -> Lowered<Expr> {
        match root {
            Root::Object => Ok(Expr::var("obj")),
            Root::Pod => Ok(Expr::var("pod")),
            Root::OldObject => {
                self.module.old_object = true;
                Ok(Expr::var("old_object"))
            }
            Root::NamespaceObject => self.unsupported("`namespaceObject`"),
            Root::Request => self.unsupported("`request`"),
        }
    }

    /// Statements that hold once exactly when the value is present, and the value then.
    fn bind(&mut self, value: &Value, body: &mut Body) -> Lowered<Given> {
        if is_shared(value) {
            let shared = self.shared(value)?;
            let word = if let Value::Field { name, .. } = value { name } else { "value" };
            let var = self.fresh(word);
            body.0.push(Stmt::Let(var.clone(), shared));
            body.0.push(Stmt::Used(var.clone()));
            return Ok(Given { expr: Expr::Var(var), certain: false });
        }
        self.compute(value, body)
    }

    /// The same, worked out on the spot.
    fn compute(&mut self, value: &Value, body: &mut Body) -> Lowered<Given> {
        let certain = |expr| Ok(Given { expr, certain: true });
        match value {
            Value::Const(constant) => certain(constant_expr(constant)),
            Value::Root(root) => {
                let expr = self.root(*root)?;
                if *root != Root::Object {
                    body.0.push(Stmt::Holds(expr.clone().infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
                }
                Ok(Given { expr, certain: false })
            }
            Value::Var(slot) => {
                let bound = self.bound(*slot)?;
                Ok(Given { expr: Expr::var(&bound.name), certain: bound.is_key })
            }
            Value::Field { of, name, presence, default: None, ty } => {
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, body)?.expr,
                };
                let var = self.fresh(name);
                body.0.push(Stmt::Let(var.clone(), holder.key(name)));
                counts(&var, *presence, ty, body);
                Ok(Given { expr: Expr::Var(var), certain: false })
            }
            Value::Field { of, name, presence, default: Some(default), ty } => {
                let written = Value::Field { of: of.clone(), name: name.clone(), presence: *presence, default: None, ty: ty.clone() };
                let mut first = Body::default();
                let given = self.bind(&written, &mut first)?;
                let mut second = Body::default();
                self.pos(&Cond::Exists((**of).clone()), false, &mut second)?;
                let filled = self.bind(default, &mut second)?;
                self.first(name, vec![(given.expr, first), (filled.expr, second)], body)
            }
            Value::Entry { of, key, default: None, ty } => {
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, body)?.expr,
                };
                let (entry, word) = if let Value::Const(Const::String(key)) = &**key {
                    (holder.key(key), key.as_str())
                } else {
                    let key = self.bind(key, body)?.expr;
                    (holder.step(Step::Index(key)), "entry")
                };
                let var = self.fresh(word);
                if *ty == Ty::String {
                    self.need(Helper::Label);
                    body.0.push(Stmt::Let(var.clone(), Expr::Call("label", vec![entry])));
                } else {
                    body.0.push(Stmt::Let(var.clone(), entry));
                }
                body.0.push(Stmt::Present(var.clone()));
                Ok(Given { expr: Expr::Var(var), certain: false })
            }
            Value::Entry { of, key, default: Some(default), ty } => {
                let written = Value::Entry { of: of.clone(), key: key.clone(), default: None, ty: ty.clone() };
                let mut first = Body::default();
                let given = self.bind(&written, &mut first)?;
                let mut second = Body::default();
                self.pos(&Cond::Exists((**key).clone()), false, &mut second)?;
                let filled = self.bind(default, &mut second)?;
                self.first("entry", vec![(given.expr, first), (filled.expr, second)], body)
            }
            Value::Coalesce(values) => match values.as_slice() {
                [] => {
                    body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false))));
                    certain(Expr::Scalar(Scalar::Null))
                }
                [only] => self.bind(only, body),
                _ => {
                    let mut choices = Vec::new();
                    for value in values {
                        let mut of = Body::default();
                        let given = self.bind(value, &mut of)?;
                        choices.push((given.expr, of));
                    }
                    self.first("value", choices, body)
                }
            },
            Value::If(condition, then, otherwise) => {
                let mut choices = Vec::new();
                for (holds, value) in [(true, then), (false, otherwise)] {
                    let mut of = Body::default();
                    self.either(condition, holds, true, &mut of)?;
                    let given = self.bind(value, &mut of)?;
                    choices.push((given.expr, of));
                }
                self.first("value", choices, body)
            }
            Value::Truth(condition) => {
                let mut of = Body::default();
                self.pos(condition, true, &mut of)?;
                let var = self.fresh("truth");
                body.0.push(Stmt::Let(var.clone(), Expr::int(1).each(of.tidy(&NULL)).infix(Operator::Ne, Expr::Array(Vec::new()))));
                body.0.push(Stmt::Used(var.clone()));
                certain(Expr::Var(var))
            }
            Value::List(items) => {
                let list = self.items(items, false)?;
                Ok(Given { expr: list, certain: false })
            }
            Value::Aggregate { op, items, ty } => {
                let list = self.items(items, *ty == Ty::Quantity && *op != Aggregate::Count)?;
                let (function, word) = match op {
                    Aggregate::Count => ("count", "number"),
                    Aggregate::Sum => ("sum", "total"),
                    Aggregate::Min => ("min", "least"),
                    Aggregate::Max => ("max", "greatest"),
                };
                let var = self.fresh(word);
                body.0.push(Stmt::Let(var.clone(), Expr::Call(function, vec![list])));
                body.0.push(Stmt::Used(var.clone()));
                if *op == Aggregate::Sum && *ty == Ty::Int {
                    in_64_bits(&var, body);
                }
                certain(Expr::Var(var))
            }
            Value::Arithmetic { minus, left, right, ty } => {
                let milli = *ty == Ty::Quantity;
                let left = self.number(left, milli, body)?;
                let right = self.number(right, milli, body)?;
                let operator = if *minus { Operator::Sub } else { Operator::Add };
                let var = self.fresh("result");
                body.0.push(Stmt::Let(var.clone(), left.infix(operator, right)));
                body.0.push(Stmt::Used(var.clone()));
                if !milli {
                    in_64_bits(&var, body);
                }
                certain(Expr::Var(var))
            }
            Value::Concat(values) => {
                let mut parts = Vec::new();
                for value in values {
                    parts.push(self.string(value, body)?);
                }
                let var = self.fresh("text");
                body.0.push(Stmt::Let(var.clone(), Expr::Call("concat", vec![Expr::string(""), Expr::Array(parts)])));
                body.0.push(Stmt::Used(var.clone()));
                certain(Expr::Var(var))
            }
            Value::Call(function, arguments) => self.call(*function, arguments, body),
        }
    }

    /// The first of some choices that holds.
    fn first(&mut self, word: &str, choices: Vec<(Expr, Body)>, body: &mut Body) -> Lowered<Given> {
        let mut choices = choices;
        choices.retain(|(_, of)| !of.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))));
        if choices.len() == 1
            && let Some((head, of)) = choices.pop()
        {
            body.0.extend(of.0);
            return Ok(Given { expr: head, certain: false });
        }
        let mut lists = Vec::new();
        for (head, of) in choices {
            self.push_list(&mut lists, head, of);
        }
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), Expr::concat_lists(lists).step(Step::Index(Expr::int(0)))));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: false })
    }

    /// A value as a number: thousandths where it is a quantity.
    fn number(&mut self, value: &Value, milli: bool, body: &mut Body) -> Lowered<Expr> {
        if milli {
            if let Value::Const(constant) = value {
                return Ok(milli_constant(constant));
            }
            let given = self.bind(value, body)?.expr;
            return Ok(if is_milli(value, &self.slots) { given } else { self.quantity(given, body) });
        }
        Ok(self.bind(value, body)?.expr)
    }

    /// What is written as a quantity, in thousandths.
    fn quantity(&mut self, expr: Expr, body: &mut Body) -> Expr {
        self.need(Helper::Quantity);
        let var = self.fresh("milli");
        body.0.push(Stmt::Let(var.clone(), Expr::Call("quantity", vec![expr])));
        Expr::Var(var)
    }

    /// A value as a text.
    fn string(&mut self, value: &Value, body: &mut Body) -> Lowered<Expr> {
        let given = self.bind(value, body)?;
        if !given.certain {
            body.0.push(Stmt::Holds(Expr::Call("is_string", vec![given.expr.clone()])));
        }
        Ok(given.expr)
    }

    fn call(&mut self, function: Function, arguments: &[Value], body: &mut Body) -> Lowered<Given> {
        let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Const(Const::Bool(false)));
        let (word, value) = match function {
            Function::Quantity => {
                let expr = self.number(argument(0), true, body)?;
                if let Expr::Scalar(_) = expr {
                    return Ok(Given { expr, certain: true });
                }
                body.0.push(Stmt::Holds(expr.clone().infix(Operator::Ne, Expr::Scalar(Scalar::Null))));
                return Ok(Given { expr, certain: true });
            }
            Function::Duration => return self.unsupported("`duration()` of a value"),
            Function::AsInt => {
                let given = self.bind(argument(0), body)?;
                body.0.push(Stmt::Holds(Expr::Call("is_number", vec![given.expr.clone()])));
                return Ok(Given { expr: given.expr, certain: true });
            }
            Function::AsName => {
                let expr = self.string(argument(0), body)?;
                return Ok(Given { expr, certain: true });
            }
            Function::Percent => {
                let text = self.string(argument(0), body)?;
                body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![Expr::Regex("^[0-9]{1,9}%$".to_owned()), text.clone()])));
                // A leading 1 keeps the zeros from being leading ones, which not every engine reads.
                let digits = Expr::Call("trim_suffix", vec![text, Expr::string("%")]);
                let padded = Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("1000000000"), digits])]);
                let start = self.fresh("digits");
                body.0.push(Stmt::Let(start.clone(), padded));
                let tail = Expr::Call(
                    "substring",
                    vec![Expr::var(&start), Expr::Call("count", vec![Expr::var(&start)]).infix(Operator::Sub, Expr::int(9)), Expr::int(-1)],
                );
                let number = Expr::Call("concat", vec![Expr::string(""), Expr::Array(vec![Expr::string("1"), tail])]);
                ("percent", Expr::Call("to_number", vec![number]).infix(Operator::Sub, Expr::int(1_000_000_000)))
            }
            Function::ImageRegistry => ("registry", self.image("image_registry", argument(0), body)?),
            Function::ImageRepository => ("repository", self.image("image_repository", argument(0), body)?),
            Function::ImageTag => ("tag", self.image("image_tag", argument(0), body)?),
            Function::ImageDigest => ("digest", self.image("image_digest", argument(0), body)?),
            Function::Lower | Function::Upper => {
                self.need(Helper::Ascii);
                let text = self.string(argument(0), body)?;
                let letters = if function == Function::Lower { "lower_letters" } else { "upper_letters" };
                ("text", Expr::Call("strings.replace_n", vec![Expr::var(letters), text]))
            }
            Function::Replace => {
                let text = self.string(argument(0), body)?;
                let old = self.string(argument(1), body)?;
                let new = self.string(argument(2), body)?;
                ("text", Expr::Call("replace", vec![text, old, new]))
            }
            Function::Split => {
                let text = self.string(argument(0), body)?;
                let separator = self.string(argument(1), body)?;
                ("parts", Expr::Call("split", vec![text, separator]))
            }
            Function::Join => {
                let list = self.list(argument(0))?;
                let separator = self.string(argument(1), body)?;
                let part = self.fresh("part");
                let texts = Expr::var(&part)
                    .each(Body(vec![Stmt::Each(part.clone(), list), Stmt::Holds(Expr::Call("is_string", vec![Expr::var(&part)]))]));
                ("text", Expr::Call("concat", vec![separator, texts]))
            }
            Function::Size => return self.size(argument(0), body),
            Function::IndexOf => {
                let list = self.list(argument(0))?;
                let all = self.fresh("elements");
                body.0.push(Stmt::Let(all.clone(), list));
                let mut of = Body::default();
                let given = self.bind(argument(1), &mut of)?;
                let index = self.fresh("index");
                of.0.push(Stmt::Holds(Expr::var(&all).step(Step::At(index.clone())).infix(Operator::Eq, given.expr)));
                let found = Expr::concat_lists(vec![Expr::var(&index).each(of), Expr::Array(vec![Expr::int(-1)])]);
                ("position", found.step(Step::Index(Expr::int(0))))
            }
            Function::EffectiveRequest => {
                self.need(Helper::EffectiveRequest);
                self.module.place = true;
                let resource = self.string(argument(1), body)?;
                ("request", Expr::Call("effective_request", vec![resource]))
            }
        };
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), value));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: true })
    }

    fn image(&mut self, function: &'static str, text: &Value, body: &mut Body) -> Lowered<Expr> {
        self.need(Helper::Image);
        let text = self.string(text, body)?;
        Ok(Expr::Call(function, vec![text]))
    }

    /// The size of a list or map, 0 where it is absent, or of a text.
    fn size(&mut self, of: &Value, body: &mut Body) -> Lowered<Given> {
        let (elements, word) = match static_ty(of, &self.slots) {
            Some(Ty::String) => {
                let text = self.string(of, body)?;
                (Expr::Call("regex.find_n", vec![Expr::Regex("(?s).".to_owned()), text, Expr::int(-1)]), "length")
            }
            Some(Ty::Map(inner)) => {
                let mut entries = Body::default();
                let holder = match self.path(of)? {
                    Some(path) => path,
                    None => self.bind(of, &mut entries)?.expr,
                };
                let entry = self.fresh("entry");
                if *inner == Ty::String {
                    self.need(Helper::Label);
                    entries.0.push(Stmt::Let(entry.clone(), Expr::Call("label", vec![holder.step(Step::Each)])));
                } else {
                    entries.0.push(Stmt::Let(entry.clone(), holder.step(Step::Each)));
                }
                entries.0.push(Stmt::Present(entry.clone()));
                (Expr::Var(entry).each(entries), "number")
            }
            Some(Ty::List(_)) => (self.list(of)?, "number"),
            Some(Ty::Bool | Ty::Int | Ty::Quantity | Ty::IntOrString | Ty::Struct(_) | Ty::Record(_) | Ty::Any) | None => {
                return self.unsupported("the size of a value of unknown type");
            }
        };
        let var = self.fresh(word);
        body.0.push(Stmt::Let(var.clone(), Expr::Call("count", vec![elements])));
        body.0.push(Stmt::Used(var.clone()));
        Ok(Given { expr: Expr::Var(var), certain: true })
    }

    /// A bound value as something that `==` compares as the IR does.
    fn comparable(&mut self, expr: Expr, value: &Value, body: &mut Body) -> Expr {
        match static_ty(value, &self.slots) {
            Some(Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) => {
                self.need(Helper::Canonical);
                Expr::Call("canonical", vec![expr])
            }
            Some(Ty::Quantity) if !is_milli(value, &self.slots) => self.quantity(expr, body),
            Some(Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString) | None => expr,
        }
    }

    // ------------------------------------------------------------------ conditions

    fn either(&mut self, cond: &Cond, holds: bool, many: bool, body: &mut Body) -> Lowered<()> {
        if holds { self.pos(cond, many, body) } else { self.neg(cond, many, body) }
    }

    /// Statements that hold exactly when the condition is true; once, unless it may be many times.
    fn pos(&mut self, cond: &Cond, many: bool, body: &mut Body) -> Lowered<()> {
        match cond {
            Cond::Const(true) => {}
            Cond::Const(false) => body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))),
            Cond::Not(inner) => self.neg(inner, many, body)?,
            Cond::And(all) => {
                for cond in all {
                    self.pos(cond, many, body)?;
                }
            }
            Cond::Or(any) => self.or(any, many, body)?,
            Cond::Exists(value) => {
                if let Some(simpler) = expand(value, &mut Cond::Exists) {
                    return self.pos(&simpler, many, body);
                }
                self.exists(value, body)?;
            }
            Cond::True(value) => {
                if let Some(simpler) = expand(value, &mut Cond::True) {
                    return self.pos(&simpler, many, body);
                }
                let expr = match self.path(value)? {
                    Some(path) => path,
                    None => self.bind(value, body)?.expr,
                };
                body.0.push(Stmt::Holds(expr.infix(Operator::Eq, Expr::Scalar(Scalar::Bool(true)))));
            }
            Cond::Compare { op, left, right, ty } => self.compare(*op, left, right, ty, many, body)?,
            Cond::In { item, list, ty } => self.contains_item(item, list, ty, many, body)?,
            Cond::Like(value, glob) => {
                if let Value::Const(Const::String(text)) = value {
                    return self.pos(&Cond::Const(crate::eval::glob::matches(glob, text)), many, body);
                }
                if let Some(simpler) = expand(value, &mut |value| Cond::Like(value, glob.clone())) {
                    return self.pos(&simpler, many, body);
                }
                let text = self.string(value, body)?;
                like(&text, glob, body);
            }
            Cond::Matches(value, pattern) => {
                let text = self.string(value, body)?;
                let regex = Expr::Regex(crate::eval::pattern::anchored(&pattern.source));
                body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![regex, text])));
            }
            Cond::Contains(whole, part) => {
                let whole = self.string(whole, body)?;
                let part = self.string(part, body)?;
                body.0.push(Stmt::Holds(Expr::Call("contains", vec![whole, part])));
            }
            Cond::Any(source, cond) => {
                let mut inner = Body::default();
                self.iterate(source, &mut inner)?;
                self.pos(cond, true, &mut inner)?;
                ever(inner, many, body);
            }
            Cond::All(source, cond) => {
                let mut inner = Body::default();
                self.iterate(source, &mut inner)?;
                self.neg(cond, true, &mut inner)?;
                never(inner, body);
            }
            Cond::Selects { selector, map, labels } => {
                self.need(if *map { Helper::SelectsMap } else { Helper::Selects });
                let mut arguments = Vec::new();
                for value in [selector, labels] {
                    let mut of = Body::default();
                    let given = self.bind(value, &mut of)?;
                    self.push_list(&mut arguments, given.expr, of);
                }
                body.0.push(Stmt::Holds(Expr::Call(if *map { "selects_map" } else { "selects" }, arguments)));
            }
            Cond::IsImage(value) => {
                self.need(Helper::IsImage);
                let text = self.string(value, body)?;
                body.0.push(Stmt::Holds(Expr::Call("is_image", vec![text])));
            }
            Cond::KindIs(names) => {
                let types: BTreeSet<Type> = self
                    .kinds
                    .iter()
                    .filter(|kind| {
                        names.iter().any(|name| match name.split_once('/') {
                            Some((group, name)) => kind.group == group && kind.kind == name,
                            None => kind.group.is_empty() && kind.kind == *name,
                        })
                    })
                    .map(type_of)
                    .collect();
                if types.len() == self.kinds.iter().map(type_of).collect::<BTreeSet<_>>().len() {
                    return Ok(());
                }
                if types.is_empty() {
                    return self.pos(&Cond::Const(false), many, body);
                }
                body.0.push(Stmt::Holds(is_of(&types)));
            }
        }
        Ok(())
    }

    /// Statements that hold exactly when the condition is false.
    fn neg(&mut self, cond: &Cond, many: bool, body: &mut Body) -> Lowered<()> {
        match cond {
            Cond::Const(value) => self.pos(&Cond::Const(!value), many, body),
            Cond::Not(inner) => self.pos(inner, many, body),
            Cond::Or(any) => {
                for cond in any {
                    self.neg(cond, many, body)?;
                }
                Ok(())
            }
            Cond::All(source, cond) => self.pos(&Cond::Any(source.clone(), Box::new(Cond::Not(cond.clone()))), many, body),
            Cond::And(_)
            | Cond::Exists(_)
            | Cond::True(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Any(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_) => {
                let mut inner = Body::default();
                self.pos(cond, true, &mut inner)?;
                never(inner, body);
                Ok(())
            }
        }
    }

    fn or(&mut self, any: &[Cond], many: bool, body: &mut Body) -> Lowered<()> {
        let mut flat = Vec::new();
        flatten(any, &mut flat);
        if flat.iter().any(|cond| matches!(cond, Cond::Const(true))) {
            return Ok(());
        }
        flat.retain(|cond| !matches!(cond, Cond::Const(false)));
        if let [only] = flat.as_slice() {
            return self.pos(only, many, body);
        }
        if let Some((value, prefixes)) = self.prefixes(&flat)? {
            let text = self.string(value, body)?;
            let prefixes = prefixes.into_iter().map(Expr::string).collect();
            body.0.push(Stmt::Holds(Expr::Call("strings.any_prefix_match", vec![text, Expr::Array(prefixes)])));
            return Ok(());
        }
        let mut none = Body::default();
        for cond in flat {
            self.neg(cond, true, &mut none)?;
        }
        never(none, body);
        Ok(())
    }

    /// Whether the conditions are that one text begins with one of several.
    fn prefixes<'v>(&mut self, any: &[&'v Cond]) -> Lowered<Option<(&'v Value, Vec<String>)>> {
        let mut found: Option<(&Value, Expr)> = None;
        let mut prefixes = Vec::new();
        for cond in any {
            let Cond::Like(value, Glob { parts }) = cond else { return Ok(None) };
            let [prefix, end] = parts.as_slice() else { return Ok(None) };
            let Some(path) = self.path(value)? else { return Ok(None) };
            if !end.is_empty() || found.as_ref().is_some_and(|(_, known)| *known != path) {
                return Ok(None);
            }
            found = Some((value, path));
            prefixes.push(prefix.clone());
        }
        Ok(found.map(|(value, _)| (value, prefixes)))
    }

    fn exists(&mut self, value: &Value, body: &mut Body) -> Lowered<()> {
        let null = Expr::Scalar(Scalar::Null);
        match value {
            Value::Const(_) | Value::Var(_) | Value::Truth(_) | Value::List(_) | Value::Root(Root::Object) => {}
            Value::Field { presence, default: None, ty, of: _, name: _ } => {
                if let Some(path) = self.path(value)? {
                    let statement = match (presence, ty) {
                        (Presence::Written, _) => path.infix(Operator::Ne, null),
                        (Presence::NonZero, Ty::Bool) => path.infix(Operator::Eq, Expr::Scalar(Scalar::Bool(true))),
                        // Only strings, lists and maps are greater than an empty one of their kind.
                        (Presence::NonZero | Presence::NonEmpty, Ty::String) => path.infix(Operator::Gt, Expr::string("")),
                        (Presence::NonEmpty, Ty::List(_)) => path.infix(Operator::Gt, Expr::Array(Vec::new())),
                        (Presence::NonEmpty, Ty::Map(_) | Ty::Struct(_) | Ty::Record(_)) => {
                            path.infix(Operator::Gt, Expr::Object(Vec::new()))
                        }
                        (
                            Presence::NonZero | Presence::NonEmpty,
                            Ty::Bool
                            | Ty::Int
                            | Ty::Quantity
                            | Ty::IntOrString
                            | Ty::List(_)
                            | Ty::Map(_)
                            | Ty::Struct(_)
                            | Ty::Record(_)
                            | Ty::Any,
                        ) => {
                            self.bind(value, body)?;
                            return Ok(());
                        }
                    };
                    body.0.push(Stmt::Holds(statement));
                } else {
                    self.bind(value, body)?;
                }
            }
            Value::Entry { .. }
            | Value::Field { .. }
            | Value::Root(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => {
                self.bind(value, body)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, op: Order, left: &Value, right: &Value, ty: &Ty, many: bool, body: &mut Body) -> Lowered<()> {
        if let (Value::Const(left), Value::Const(right)) = (left, right) {
            return self.pos(&Cond::Const(compare_constants(op, left, right)), many, body);
        }
        if let (Value::Const(_), false) = (left, matches!(right, Value::Const(_))) {
            return self.compare(flipped(op), right, left, ty, many, body);
        }
        if let Value::Const(_) = right
            && let Some(simpler) = expand(left, &mut |left| Cond::Compare { op, left, right: right.clone(), ty: ty.clone() })
        {
            return self.pos(&simpler, many, body);
        }
        let operator = match op {
            Order::Eq => Operator::Eq,
            Order::Lt => Operator::Lt,
            Order::Le => Operator::Le,
            Order::Gt => Operator::Gt,
            Order::Ge => Operator::Ge,
        };
        // A path and a scalar that is not what counts as absent: the comparison says all.
        if let (Value::Const(constant @ (Const::Bool(_) | Const::Int(_) | Const::String(_))), Order::Eq, false) =
            (right, op, *ty == Ty::Quantity)
        {
            if is_absent_constant(left, constant) {
                return self.pos(&Cond::Const(false), many, body);
            }
            let blank_label = matches!((left, constant), (Value::Entry { ty: Ty::String, .. }, Const::String(text)) if text.is_empty());
            if let (Some(path), false) = (self.path(left)?, blank_label) {
                body.0.push(Stmt::Holds(path.infix(operator, constant_expr(constant))));
                return Ok(());
            }
        }
        let milli = *ty == Ty::Quantity;
        let mut sides = Vec::new();
        for value in [left, right] {
            let side = if milli {
                self.number(value, true, body)?
            } else {
                let given = self.bind(value, body)?;
                if matches!(ty, Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) {
                    self.need(Helper::Canonical);
                    Expr::Call("canonical", vec![given.expr])
                } else {
                    if op != Order::Eq && !given.certain {
                        body.0.push(Stmt::Holds(Expr::Call("is_number", vec![given.expr.clone()])));
                    }
                    given.expr
                }
            };
            sides.push(side);
        }
        if let (Some(right), Some(left)) = (sides.pop(), sides.pop()) {
            body.0.push(Stmt::Holds(left.infix(operator, right)));
        }
        Ok(())
    }

    fn contains_item(&mut self, item: &Value, list: &Value, ty: &Ty, many: bool, body: &mut Body) -> Lowered<()> {
        if matches!(ty, Ty::Struct(_) | Ty::Record(_) | Ty::Map(_) | Ty::List(_) | Ty::Any) {
            return self.unsupported("`in` of structs");
        }
        let milli = *ty == Ty::Quantity;
        if let Value::Const(Const::List(constants)) = list {
            if let Value::Const(item) = item {
                return self.pos(&Cond::Const(constants.iter().any(|constant| compare_constants(Order::Eq, item, constant))), many, body);
            }
            if let Some(simpler) = expand(item, &mut |item| Cond::In { item, list: list.clone(), ty: ty.clone() }) {
                return self.pos(&simpler, many, body);
            }
            let mut kept: Vec<Expr> = Vec::new();
            for constant in constants.iter().filter(|constant| !is_absent_constant(item, constant)) {
                let expr = if milli { milli_constant(constant) } else { constant_expr(constant) };
                if !kept.contains(&expr) {
                    kept.push(expr);
                }
            }
            if kept.is_empty() {
                return self.pos(&Cond::Const(false), many, body);
            }
            let is_label = matches!(item, Value::Entry { ty: Ty::String, .. });
            let item = match self.path(item)? {
                Some(path) if !milli && !is_label => path,
                _ => self.number(item, milli, body)?,
            };
            body.0.push(Stmt::Holds(item.infix(Operator::In, Expr::Set(kept))));
            return Ok(());
        }
        let item = self.number(item, milli, body)?;
        let all = if let (Some(path), false) = (self.path(list)?, milli) { path } else { self.list(list)? };
        let is_raw = milli && !is_milli(list, &self.slots);
        if is_raw {
            let element = self.fresh("element");
            let mut inner = Body(vec![Stmt::Each(element.clone(), all)]);
            let number = self.quantity(Expr::Var(element), &mut inner);
            inner.0.push(Stmt::Holds(number.infix(Operator::Eq, item)));
            ever(inner, many, body);
        } else {
            body.0.push(Stmt::Holds(item.infix(Operator::In, all)));
        }
        Ok(())
    }
}

// ---------------------------------------------------------------------- small things

/// A word in lower case with underscores.
fn snake(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with(|c: char| c.is_ascii_uppercase() || c == '_') {
            out.push('_');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_end_matches('_').to_ascii_lowercase()
}

/// Whether a value is worth a rule of its own: it has alternatives and no loop has a part in it.
fn is_shared(value: &Value) -> bool {
    let has_choice = match value {
        Value::Field { default: Some(_), .. } | Value::Entry { default: Some(_), .. } | Value::If(..) => true,
        Value::Coalesce(values) => values.len() > 1,
        Value::Const(_)
        | Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => false,
    };
    has_choice && is_closed(value)
}

/// Whether a condition reads a variable.
fn reads(cond: &Cond, slot: Slot) -> bool {
    let mut found = false;
    walk(Node::Cond(cond), &mut |node| {
        found = found || matches!(node, Node::Value(Value::Var(read)) if *read == slot);
        !found
    });
    found
}

/// Whether every variable in a value is bound in it.
fn is_closed(value: &Value) -> bool {
    let mut bound = BTreeSet::new();
    let mut read = BTreeSet::new();
    walk(Node::Value(value), &mut |node| {
        match node {
            Node::Source(source) => {
                bound.insert(source.slot);
                bound.extend(source.key);
            }
            Node::Value(Value::Var(slot)) => {
                read.insert(*slot);
            }
            Node::Value(_) | Node::Cond(_) => {}
        }
        true
    });
    read.is_subset(&bound)
}

fn flatten<'c>(any: &'c [Cond], into: &mut Vec<&'c Cond>) {
    for cond in any {
        match cond {
            Cond::Or(inner) => flatten(inner, into),
            other @ (Cond::Const(_)
            | Cond::Not(_)
            | Cond::And(_)
            | Cond::Exists(_)
            | Cond::True(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Any(..)
            | Cond::All(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_)) => into.push(other),
        }
    }
}

/// A condition on a value with alternatives as one on each alternative, where that is worth it.
fn expand(value: &Value, f: &mut dyn FnMut(Value) -> Cond) -> Option<Cond> {
    match value {
        Value::Coalesce(values) => match values.as_slice() {
            [] => Some(Cond::Const(false)),
            [only] => Some(f(only.clone())),
            [first, rest @ ..] => {
                let rest = Value::Coalesce(rest.to_vec());
                let rest = expand(&rest, f)?;
                Some(Cond::Or(vec![f(first.clone()), Cond::And(vec![Cond::Not(Box::new(Cond::Exists(first.clone()))), rest])]))
            }
        },
        Value::Field { of, name, presence, default: Some(default), ty } => {
            let written = Value::Field { of: of.clone(), name: name.clone(), presence: *presence, default: None, ty: ty.clone() };
            let filled = fold(f((**default).clone()));
            let holder = fold(Cond::Exists((**of).clone()));
            let absent = Cond::Not(Box::new(Cond::Exists(written.clone())));
            Some(match filled {
                Cond::Const(false) => f(written),
                Cond::Const(true) => and(holder, Cond::Or(vec![f(written), absent])),
                filled @ (Cond::Not(_)
                | Cond::And(_)
                | Cond::Or(_)
                | Cond::Exists(_)
                | Cond::True(_)
                | Cond::Compare { .. }
                | Cond::In { .. }
                | Cond::Like(..)
                | Cond::Matches(..)
                | Cond::Contains(..)
                | Cond::Any(..)
                | Cond::All(..)
                | Cond::Selects { .. }
                | Cond::IsImage(_)
                | Cond::KindIs(_)) => Cond::Or(vec![f(written), and(holder, and(absent, filled))]),
            })
        }
        Value::If(condition, then, otherwise) => Some(Cond::Or(vec![
            Cond::And(vec![(**condition).clone(), f((**then).clone())]),
            Cond::And(vec![Cond::Not(condition.clone()), f((**otherwise).clone())]),
        ])),
        Value::Truth(condition) => match f(Value::Const(Const::Bool(true))) {
            Cond::True(_) => Some((**condition).clone()),
            Cond::Exists(_) => Some(Cond::Const(true)),
            Cond::Const(_)
            | Cond::Not(_)
            | Cond::And(_)
            | Cond::Or(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Any(..)
            | Cond::All(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_) => None,
        },
        Value::Const(_) => match fold(f(value.clone())) {
            known @ Cond::Const(_) => Some(known),
            Cond::Not(_)
            | Cond::And(_)
            | Cond::Or(_)
            | Cond::Exists(_)
            | Cond::True(_)
            | Cond::Compare { .. }
            | Cond::In { .. }
            | Cond::Like(..)
            | Cond::Matches(..)
            | Cond::Contains(..)
            | Cond::Any(..)
            | Cond::All(..)
            | Cond::Selects { .. }
            | Cond::IsImage(_)
            | Cond::KindIs(_) => None,
        },
        Value::Root(_)
        | Value::Var(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => None,
    }
}

/// A condition that is a constant as one.
fn fold(cond: Cond) -> Cond {
    let known = match &cond {
        Cond::Exists(Value::Const(_) | Value::Var(_) | Value::Root(Root::Object) | Value::Truth(_) | Value::List(_)) => Some(true),
        Cond::True(Value::Const(constant)) => Some(*constant == Const::Bool(true)),
        Cond::Compare { op, left: Value::Const(left), right: Value::Const(right), ty: _ } => Some(compare_constants(*op, left, right)),
        Cond::In { item: Value::Const(item), list: Value::Const(Const::List(list)), ty: _ } => {
            Some(list.iter().any(|constant| compare_constants(Order::Eq, item, constant)))
        }
        Cond::Like(Value::Const(Const::String(text)), glob) => Some(crate::eval::glob::matches(glob, text)),
        Cond::Const(_)
        | Cond::Not(_)
        | Cond::And(_)
        | Cond::Or(_)
        | Cond::Exists(_)
        | Cond::True(_)
        | Cond::Compare { .. }
        | Cond::In { .. }
        | Cond::Like(..)
        | Cond::Matches(..)
        | Cond::Contains(..)
        | Cond::Any(..)
        | Cond::All(..)
        | Cond::Selects { .. }
        | Cond::IsImage(_)
        | Cond::KindIs(_) => None,
    };
    known.map_or(cond, Cond::Const)
}

fn and(left: Cond, right: Cond) -> Cond {
    if matches!(left, Cond::Const(true)) { right } else { Cond::And(vec![left, right]) }
}

fn flipped(op: Order) -> Order {
    match op {
        Order::Eq => Order::Eq,
        Order::Lt => Order::Gt,
        Order::Le => Order::Ge,
        Order::Gt => Order::Lt,
        Order::Ge => Order::Le,
    }
}

fn compare_constants(op: Order, left: &Const, right: &Const) -> bool {
    let number = |constant: &Const| match constant {
        Const::Int(number) => Some(i128::from(*number) * 1000),
        Const::Quantity(quantity) => Some(quantity.milli),
        Const::Bool(_) | Const::String(_) | Const::List(_) | Const::Object(_) => None,
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => match op {
            Order::Eq => left == right,
            Order::Lt => left < right,
            Order::Le => left <= right,
            Order::Gt => left > right,
            Order::Ge => left >= right,
        },
        _ => op == Order::Eq && left == right,
    }
}

/// Whether a field that holds this constant counts as absent.
fn is_absent_constant(value: &Value, constant: &Const) -> bool {
    let Value::Field { presence, .. } = value else { return false };
    match (presence, constant) {
        (Presence::NonZero, Const::Bool(value)) => !value,
        (Presence::NonZero, Const::Int(number)) => *number == 0,
        (Presence::NonZero | Presence::NonEmpty, Const::String(text)) => text.is_empty(),
        (Presence::Written, _) | (Presence::NonZero | Presence::NonEmpty, _) => false,
    }
}

/// Statements that hold when what a variable holds counts as present.
fn counts(var: &str, presence: Presence, ty: &Ty, body: &mut Body) {
    let mut holds = |operator, right| body.0.push(Stmt::Holds(Expr::var(var).infix(operator, right)));
    match (presence, ty) {
        (Presence::Written, _) => body.0.push(Stmt::Present(var.to_owned())),
        (Presence::NonZero, Ty::Bool) => holds(Operator::Eq, Expr::Scalar(Scalar::Bool(true))),
        (Presence::NonZero | Presence::NonEmpty, Ty::String) => holds(Operator::Gt, Expr::string("")),
        (Presence::NonZero, Ty::Int) => {
            body.0.push(Stmt::Present(var.to_owned()));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::int(0))));
        }
        (Presence::NonZero, Ty::IntOrString | Ty::Quantity) => {
            body.0.push(Stmt::Present(var.to_owned()));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::int(0))));
            body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, Expr::string(""))));
        }
        (Presence::NonEmpty, Ty::List(_)) => holds(Operator::Gt, Expr::Array(Vec::new())),
        (Presence::NonEmpty, Ty::Map(_) | Ty::Struct(_) | Ty::Record(_)) => holds(Operator::Gt, Expr::Object(Vec::new())),
        (Presence::NonEmpty, Ty::Any | Ty::Bool | Ty::Int | Ty::Quantity | Ty::IntOrString) => {
            body.0.push(Stmt::Present(var.to_owned()));
            for empty in [Expr::string(""), Expr::Array(Vec::new()), Expr::Object(Vec::new())] {
                body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ne, empty)));
            }
        }
        (Presence::NonZero, Ty::List(_) | Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) | Ty::Any) => {
            body.0.push(Stmt::Present(var.to_owned()))
        }
    }
}

fn in_64_bits(var: &str, body: &mut Body) {
    body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Ge, Expr::int(i64::MIN))));
    body.0.push(Stmt::Holds(Expr::var(var).infix(Operator::Le, Expr::int(i64::MAX))));
}

fn like(text: &Expr, glob: &Glob, body: &mut Body) {
    let call = |name, part: &str| Stmt::Holds(Expr::Call(name, vec![text.clone(), Expr::string(part)]));
    match glob.parts.as_slice() {
        [] => body.0.push(Stmt::Holds(text.clone().infix(Operator::Eq, Expr::string("")))),
        [only] => body.0.push(Stmt::Holds(text.clone().infix(Operator::Eq, Expr::string(only)))),
        [start, end] if start.is_empty() && end.is_empty() => {}
        [start, end] if end.is_empty() => body.0.push(call("startswith", start)),
        [start, end] if start.is_empty() => body.0.push(call("endswith", end)),
        [start, middle, end] if start.is_empty() && end.is_empty() => body.0.push(call("contains", middle)),
        parts => {
            let parts: Vec<String> = parts.iter().map(|part| escape_regex(part)).collect();
            let regex = Expr::Regex(format!("(?s)^{}$", parts.join(".*")));
            body.0.push(Stmt::Holds(Expr::Call("regex.match", vec![regex, text.clone()])));
        }
    }
}

fn escape_regex(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if "\\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Says that a body never holds.
fn never(inner: Body, body: &mut Body) {
    let inner = inner.tidy(&NULL);
    if inner.0.contains(&Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))) {
        return;
    }
    match inner.0.as_slice() {
        [] => body.0.push(Stmt::Holds(Expr::Scalar(Scalar::Bool(false)))),
        [Stmt::Never(inner)] => ever(inner.clone(), false, body),
        [Stmt::Ever(inner)] => body.0.push(Stmt::Never(inner.clone())),
        [Stmt::Unless(path, scalar)] => {
            let path = path.keys.iter().fold(Expr::var(&path.root), |expr, key| expr.key(key));
            body.0.push(Stmt::Holds(path.infix(Operator::Eq, Expr::Scalar(scalar.clone()))));
        }
        [Stmt::Holds(Expr::Infix(left, Operator::Eq, right))] => match (left.as_path(), &**right) {
            (Some(path), Expr::Scalar(scalar)) => body.0.push(Stmt::Unless(path, scalar.clone())),
            _ => body.0.push(Stmt::Never(inner)),
        },
        [Stmt::Holds(Expr::Infix(left, Operator::In, right))] => match (left.as_path(), &**right) {
            (Some(path), Expr::Set(items)) if items.len() < 4 && items.iter().all(|item| matches!(item, Expr::Scalar(_))) => {
                for item in items {
                    if let Expr::Scalar(scalar) = item {
                        body.0.push(Stmt::Unless(path.clone(), scalar.clone()));
                    }
                }
            }
            _ => body.0.push(Stmt::Never(inner)),
        },
        _ => body.0.push(Stmt::Never(inner)),
    }
}

/// Says that a body holds: as it is, where it does so once or may do so many times.
fn ever(inner: Body, many: bool, body: &mut Body) {
    if many || !inner.0.iter().any(is_many) {
        body.0.extend(inner.0);
    } else {
        body.0.push(Stmt::Ever(inner.tidy(&NULL)));
    }
}

/// Whether a statement may hold more than once.
fn is_many(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Each(..) | Stmt::EachAt(..) => true,
        Stmt::Holds(expr) | Stmt::Let(_, expr) => has_each(expr),
        Stmt::Present(_) | Stmt::Used(_) | Stmt::Unless(..) | Stmt::Ever(_) | Stmt::Never(_) => false,
    }
}

fn has_each(expr: &Expr) -> bool {
    match expr {
        Expr::Ref(head, steps) => has_each(head) || steps.iter().any(|step| matches!(step, Step::Each | Step::At(_))),
        Expr::Array(items) | Expr::Set(items) | Expr::Call(_, items) => items.iter().any(has_each),
        Expr::Object(entries) => entries.iter().any(|(_, value)| has_each(value)),
        Expr::Infix(left, _, right) => has_each(left) || has_each(right),
        Expr::Scalar(_) | Expr::Regex(_) | Expr::Var(_) | Expr::Comprehension(..) => false,
    }
}

fn constant_expr(constant: &Const) -> Expr {
    match constant {
        Const::Bool(value) => Expr::Scalar(Scalar::Bool(*value)),
        Const::Int(number) => Expr::int(*number),
        Const::Quantity(quantity) => Expr::int(quantity.milli),
        Const::String(text) => Expr::string(text),
        Const::List(items) => Expr::Array(items.iter().map(constant_expr).collect()),
        Const::Object(entries) => Expr::Object(entries.iter().map(|(key, value)| (key.clone(), constant_expr(value))).collect()),
    }
}

/// A constant in thousandths.
fn milli_constant(constant: &Const) -> Expr {
    match constant {
        Const::Int(number) => Expr::int(i128::from(*number) * 1000),
        Const::Bool(_) | Const::Quantity(_) | Const::String(_) | Const::List(_) | Const::Object(_) => constant_expr(constant),
    }
}

/// Whether a value of type quantity, or a list of such, is already in thousandths.
fn is_milli(value: &Value, slots: &BTreeMap<Slot, Bound>) -> bool {
    match value {
        Value::Const(Const::Quantity(_)) => true,
        Value::Const(Const::List(items)) => items.iter().all(|item| matches!(item, Const::Quantity(_))),
        Value::Call(Function::Quantity | Function::Duration | Function::EffectiveRequest, _) => true,
        Value::Aggregate { ty, .. } | Value::Arithmetic { ty, .. } => *ty == Ty::Quantity,
        Value::Coalesce(values) => values.iter().all(|value| is_milli(value, slots)),
        Value::If(_, then, otherwise) => is_milli(then, slots) && is_milli(otherwise, slots),
        Value::Var(slot) => slots.get(slot).is_some_and(|bound| bound.is_milli),
        Value::List(items) => items.iter().all(|item| match item {
            Item::One(value) | Item::Spread(value) => is_milli(value, slots),
            Item::Each(_, inner) => inner.iter().all(|item| match item {
                Item::One(value) | Item::Spread(value) => is_milli(value, slots),
                Item::Each(..) => false,
            }),
        }),
        Value::Const(_)
        | Value::Root(_)
        | Value::Field { .. }
        | Value::Entry { .. }
        | Value::Truth(_)
        | Value::Concat(_)
        | Value::Call(..) => false,
    }
}

/// The type of a value, where it says it itself.
fn static_ty(value: &Value, slots: &BTreeMap<Slot, Bound>) -> Option<Ty> {
    match value {
        Value::Field { ty, .. } | Value::Entry { ty, .. } | Value::Aggregate { ty, .. } | Value::Arithmetic { ty, .. } => Some(ty.clone()),
        Value::Const(Const::String(_)) | Value::Concat(_) => Some(Ty::String),
        Value::Const(Const::List(_)) | Value::List(_) => Some(Ty::List(Box::new(Ty::Any))),
        Value::Coalesce(values) => values.iter().find_map(|value| static_ty(value, slots)),
        Value::If(_, then, otherwise) => static_ty(then, slots).or_else(|| static_ty(otherwise, slots)),
        Value::Truth(_) => Some(Ty::Bool),
        Value::Call(function, _) => Some(match function {
            Function::Quantity | Function::Duration | Function::EffectiveRequest => Ty::Quantity,
            Function::AsInt | Function::Percent | Function::Size | Function::IndexOf => Ty::Int,
            Function::AsName
            | Function::ImageRegistry
            | Function::ImageRepository
            | Function::ImageTag
            | Function::ImageDigest
            | Function::Lower
            | Function::Upper
            | Function::Replace
            | Function::Join => Ty::String,
            Function::Split => Ty::List(Box::new(Ty::String)),
        }),
        Value::Var(slot) => slots.get(slot).map(|bound| bound.ty.clone()),
        Value::Const(_) | Value::Root(_) => None,
    }
}

/// A word for an element of a list.
fn singular(list: &Value) -> String {
    match list {
        Value::Field { name, .. } if name.ends_with("ontainers") => "container".to_owned(),
        Value::Field { name, .. } => match name.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => name.strip_suffix('s').map_or_else(|| "element".to_owned(), str::to_owned),
        },
        Value::Const(_)
        | Value::Root(_)
        | Value::Var(_)
        | Value::Entry { .. }
        | Value::Coalesce(_)
        | Value::If(..)
        | Value::Truth(_)
        | Value::List(_)
        | Value::Aggregate { .. }
        | Value::Arithmetic { .. }
        | Value::Concat(_)
        | Value::Call(..) => "element".to_owned(),
    }
}
