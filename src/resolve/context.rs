//! What is known while one rule, or another item with expressions, is resolved.

use super::types::{OBJECT_META, Term, Typed};
use super::{PackItems, World};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::ir::walk::{self, Node};
use crate::ir::{Apart, Cond, Form, Kind, PodPath, Read, Root, Slot, Source, Ty, Value};
use crate::syntax::ast::{Expr, Name};
use std::collections::{BTreeMap, BTreeSet};

/// How many nodes a rule may come to.
const MAX_NODES: usize = 100_000;
/// How deep expressions may be nested once functions and lets are put in.
const MAX_DEPTH: u32 = 100;

/// A name that statements, quantifiers or arguments bind.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub name: String,
    /// None where an error was reported.
    pub term: Option<Term>,
    /// Where a `let` binds it: it has to be used.
    pub defined: Option<Span>,
    pub size: usize,
}

/// A point to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    reads: usize,
    unlowered: usize,
    looks: usize,
    diagnostics: usize,
    slots: u32,
}

/// What is known while one item is resolved.
pub(super) struct Context<'a> {
    pub world: &'a World<'a>,
    pub pack: &'a PackItems<'a>,
    /// Whether what is resolved changes objects: a mutation or generation.
    pub changes: bool,
    /// The matched kinds; empty outside of rules.
    pub kinds: Vec<Kind>,
    /// The type of `object`, where there is one.
    pub object: Option<Ty>,
    /// Whether the rule is `on update` only.
    pub update_only: bool,
    /// Why nothing but constants may be read, where that is so.
    pub constant: Option<&'static str>,
    pub scope: Vec<Local>,
    pub loops: Vec<Source>,
    pub reads: Vec<Read>,
    pub unlowered: Vec<(String, Span)>,
    /// Where other objects are asked for.
    pub looks: Vec<Span>,
    /// The exemptions of the rule apart from its condition.
    pub apart: Option<Box<Apart>>,
    pub diagnostics: Vec<Diagnostic>,
    pub slots: u32,
    pub split: BTreeSet<u32>,
    /// Whether `object` means `oldObject`, in the second half of `unchanged`.
    pub old: bool,
    /// Whether defaults are left out, under `declared`.
    pub declared: bool,
    /// Whether the rule says `except scale`, and where it reads `spec.replicas`.
    pub replicas_read: Option<Span>,
    /// The conditions around a statement, for the lint.
    pub around: Vec<Cond>,
    /// The comparisons of a check as they are written, for the lint.
    pub atoms: Vec<super::lint::Atom>,
    lets: BTreeMap<String, Option<(Term, usize)>>,
    stack: Vec<String>,
    nodes: usize,
    depth: u32,
    too_large: bool,
    defined: BTreeMap<Span, String>,
    used: BTreeSet<Span>,
    pub used_items: BTreeSet<String>,
}

impl<'a> Context<'a> {
    pub fn new(world: &'a World<'a>, pack: &'a PackItems<'a>) -> Self {
        Context {
            world,
            pack,
            changes: false,
            kinds: Vec::new(),
            object: None,
            update_only: false,
            constant: None,
            scope: Vec::new(),
            loops: Vec::new(),
            reads: Vec::new(),
            unlowered: Vec::new(),
            looks: Vec::new(),
            apart: None,
            diagnostics: Vec::new(),
            slots: 0,
            split: BTreeSet::new(),
            old: false,
            declared: false,
            replicas_read: None,
            around: Vec::new(),
            atoms: Vec::new(),
            lets: BTreeMap::new(),
            stack: Vec::new(),
            nodes: 0,
            depth: 0,
            too_large: false,
            defined: BTreeMap::new(),
            used: BTreeSet::new(),
            used_items: BTreeSet::new(),
        }
    }

    /// Reports an error and gives nothing.
    pub fn error<T>(&mut self, code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) -> Option<T> {
        self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
        None
    }

    /// The struct of this name.
    pub fn structure(&self, name: &str) -> Option<&'static crate::schema::Struct> {
        super::types::structure(self.world.schema, name)
    }

    pub fn text(&self, span: Span) -> &'a str {
        self.world.sources.text(span)
    }

    pub fn slot(&mut self) -> Slot {
        let slot = Slot(self.slots);
        self.slots = self.slots.saturating_add(1);
        slot
    }

    pub fn mark(&self) -> Mark {
        Mark {
            reads: self.reads.len(),
            unlowered: self.unlowered.len(),
            looks: self.looks.len(),
            diagnostics: self.diagnostics.len(),
            slots: self.slots,
        }
    }

    /// Forgets the reads and constructs since the mark: what they stood in is constantly left out.
    pub fn forget(&mut self, mark: Mark) {
        self.reads.truncate(mark.reads);
        self.unlowered.truncate(mark.unlowered);
        self.looks.truncate(mark.looks);
    }

    /// Goes back to the mark.
    pub fn rewind(&mut self, mark: Mark) {
        self.forget(mark);
        self.diagnostics.truncate(mark.diagnostics);
        self.slots = mark.slots;
    }

    /// One level deeper; to be followed by `leave`.
    pub fn enter(&mut self, span: Span) -> Option<()> {
        self.depth += 1;
        self.charge(1, span)?;
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return self.error(
                &codes::TOO_LARGE,
                span,
                format!("this is nested more than {MAX_DEPTH} deep once functions and lets are put in"),
                "use fewer functions and lets that build on each other",
            );
        }
        Some(())
    }

    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts nodes towards the rule's limit.
    pub fn charge(&mut self, nodes: usize, span: Span) -> Option<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Some(());
        }
        if !self.too_large {
            self.too_large = true;
            return self.error(
                &codes::TOO_LARGE,
                span,
                format!("the rule is larger than {MAX_NODES} nodes once functions, lets, loops over constants and views are put in"),
                "use shorter constant lists, or split the rule",
            );
        }
        None
    }

    /// What a name stands for.
    pub fn name(&mut self, name: &str, span: Span) -> Option<Term> {
        if let Some(local) = self.scope.iter().rev().find(|local| local.name == name) {
            let (term, size, defined) = (local.term.clone(), local.size, local.defined);
            self.used.extend(defined);
            self.charge(size, span)?;
            return Some(match term? {
                Term::Val(typed) if matches!(typed.value, Value::Var(_)) => Term::Val(Typed { path: Some(span), ..typed }),
                term => term,
            });
        }
        if let Some(term) = self.root(name, span)? {
            return Some(term);
        }
        let pack = self.pack;
        if let Some(value) = pack.values.get(name) {
            self.used_items.insert(name.to_owned());
            return value.clone();
        }
        if let Some(item) = pack.lets.get(name) {
            self.used_items.insert(name.to_owned());
            return self.pack_let(name, &item.value, span);
        }
        if let Some(function) = pack.functions.get(name) {
            if function.args.is_empty() {
                self.used_items.insert(name.to_owned());
                return self.pack_let(name, &function.body, span);
            }
            let args: Vec<&str> = function.args.iter().map(|(arg, _)| arg.node.as_str()).collect();
            return self.error(
                &codes::WRONG_ARGUMENTS,
                span,
                format!("`{name}` is a function"),
                format!("call it: `{name}({})`", args.join(", ")),
            );
        }
        if name == "latest" {
            return Some(Term::Version(super::expr::NEWEST_MINOR));
        }
        self.unknown_name(name, span)
    }

    fn unknown_name<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let help = {
            let known = self.known_names();
            match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if name == "null" => "`null` is absent: ask `exists x` or `not exists x`".to_owned(),
                None if name == "spec" || name == "metadata" || name == "status" => format!("a path starts at a root: `object.{name}`"),
                None => "a path starts at `object` or `pod`; other names are those of `for`, `let`, `param` and `fn`".to_owned(),
            }
        };
        self.error(&codes::UNKNOWN_NAME, span, format!("unknown name `{name}`"), help)
    }

    fn known_names(&self) -> Vec<String> {
        let mut known: Vec<String> = self.scope.iter().map(|local| local.name.clone()).collect();
        known.extend(["object", "oldObject", "namespaceObject", "request", "pod"].map(str::to_owned));
        known.extend(self.pack.values.keys().cloned());
        known.extend(self.pack.lets.keys().cloned());
        known.extend(self.pack.functions.iter().filter(|(_, function)| function.args.is_empty()).map(|(name, _)| name.clone()));
        known
    }

    fn root(&mut self, name: &str, span: Span) -> Option<Option<Term>> {
        let root = match name {
            "object" => Root::Object,
            "oldObject" => Root::OldObject,
            "namespaceObject" => Root::NamespaceObject,
            "request" => Root::Request,
            "pod" => Root::Pod,
            _ => return Some(None),
        };
        if let Some(why) = self.constant {
            return self.error(&codes::NOT_CONSTANT, span, format!("`{name}` is not known when compiling"), why);
        }
        let Some(object) = self.object.clone() else {
            return self.error(&codes::NOT_AVAILABLE, span, format!("there is no `{name}` here"), "objects can be read in rules only");
        };
        let (root, ty) = match root {
            Root::Object if self.old => (Root::OldObject, object),
            Root::Object => (Root::Object, object),
            Root::OldObject => {
                if !self.update_only {
                    return self.error(
                        &codes::NOT_AVAILABLE,
                        span,
                        "`oldObject` is there on update only",
                        "write `on update` after the kinds of `match`",
                    );
                }
                (Root::OldObject, object)
            }
            Root::NamespaceObject => (Root::NamespaceObject, Ty::named(super::types::NAMESPACE)),
            Root::Request => (Root::Request, Ty::named(super::types::REQUEST)),
            Root::Pod => {
                if let Some(kind) = self.kinds.iter().find(|kind| kind.pod.is_none()) {
                    let message = format!("there is no `pod` in {}", super::types::describe(&Ty::named(kind.kind.clone())));
                    return self.error(&codes::NOT_AVAILABLE, span, message, "match `workloads`, or kinds that make Pods");
                }
                if self.old && self.kinds.iter().all(|kind| kind.pod == Some(PodPath::Object)) {
                    (Root::OldObject, object)
                } else if self.old {
                    return self.error(
                        &codes::NOT_AVAILABLE,
                        span,
                        "`unchanged` cannot look at `pod` of several kinds",
                        "write the path from `object`, or match `Pod` only",
                    );
                } else {
                    (Root::Pod, Ty::named(super::types::POD_TEMPLATE))
                }
            }
        };
        let mut typed = Typed::new(Value::Root(root), ty);
        typed.path = Some(span);
        Some(Some(Term::Val(typed)))
    }

    /// Notes a construct that no lowering carries.
    pub fn note(&mut self, construct: impl Into<String>, span: Span) {
        self.unlowered.push((construct.into(), span));
    }

    fn pack_let(&mut self, name: &str, value: &'a Expr, span: Span) -> Option<Term> {
        if let Some(known) = self.lets.get(name) {
            let (term, size) = known.clone()?;
            self.charge(size, span)?;
            return Some(term);
        }
        if self.stack.iter().any(|other| other == name) {
            return self.recursion(name, span);
        }
        self.stack.push(name.to_owned());
        let scope = std::mem::take(&mut self.scope);
        let loops = std::mem::take(&mut self.loops);
        let flags = (self.old, self.declared);
        let term = self.expr(value);
        self.scope = scope;
        self.loops = loops;
        self.stack.pop();
        let known = term.map(|term| {
            let size = size_of(&term);
            (term, size)
        });
        // Under `unchanged` and `declared` the same name means something else.
        if flags == (false, false) {
            self.lets.insert(name.to_owned(), known.clone());
        }
        known.map(|(term, _)| term)
    }

    fn recursion<T>(&mut self, name: &str, span: Span) -> Option<T> {
        self.error(
            &codes::RECURSION,
            span,
            format!("`{name}` needs itself"),
            "functions and lets are put in where they are used, so none may need itself",
        )
    }

    /// Puts in a function of the pack.
    pub fn inline(&mut self, name: &Name, args: Vec<Term>) -> Option<Term> {
        let function = *self.pack.functions.get(&name.node)?;
        self.used_items.insert(name.node.clone());
        if self.stack.contains(&name.node) {
            return self.recursion(&name.node, name.span);
        }
        self.stack.push(name.node.clone());
        let scope = std::mem::take(&mut self.scope);
        for ((arg, _), term) in function.args.iter().zip(args) {
            let size = size_of(&term);
            self.scope.push(Local { name: arg.node.clone(), term: Some(term), defined: None, size });
        }
        let term = self.expr(&function.body);
        self.scope = scope;
        self.stack.pop();
        term
    }

    /// Binds a name for what follows.
    pub fn bind(&mut self, name: &str, term: Term) {
        let size = size_of(&term);
        self.scope.push(Local { name: name.to_owned(), term: Some(term), defined: None, size });
    }

    /// Binds a `let`.
    pub fn bind_let(&mut self, name: &Name, term: Option<Term>) {
        let size = term.as_ref().map_or(0, size_of);
        self.defined.insert(name.span, name.node.clone());
        self.scope.push(Local { name: name.node.clone(), term, defined: Some(name.span), size });
    }

    /// Whether a name may be bound: roots may not be hidden.
    pub fn check_bindable(&mut self, name: &Name) -> Option<()> {
        if ["object", "oldObject", "namespaceObject", "request", "pod"].contains(&name.node.as_str()) {
            return self.error(
                &codes::DUPLICATE_NAME,
                name.span,
                format!("`{}` is a root and cannot be bound again", name.node),
                "choose another name",
            );
        }
        Some(())
    }

    /// The lets that nothing used.
    pub fn warn_unused(&mut self) {
        let unused: Vec<(Span, String)> =
            self.defined.iter().filter(|(span, _)| !self.used.contains(span)).map(|(span, name)| (*span, name.clone())).collect();
        for (span, name) in unused {
            self.diagnostics
                .push(Diagnostic::warning(&codes::UNUSED, span, format!("`{name}` is not used")).with_help("use it or remove it"));
        }
    }

    /// The condition that the object is a Pod itself.
    pub fn is_pod(&self) -> Cond {
        self.is_kind("Pod")
    }

    /// The condition that the object is of a built-in kind.
    pub fn is_kind(&self, name: &str) -> Cond {
        let built_in = |kind: &&Kind| self.world.schema.by_gvk(&kind.api_version(), &kind.kind).is_none_or(|info| !info.custom);
        let of: Vec<String> = self.kinds.iter().filter(|kind| kind.kind == name).filter(built_in).map(Kind::id).collect();
        if of.is_empty() {
            Cond::Const(false)
        } else if of.len() == self.kinds.len() {
            Cond::Const(true)
        } else {
            Cond::KindIs(of)
        }
    }

    /// The condition that the object is of a kind whose objects live in a namespace.
    pub fn is_namespaced(&self) -> Cond {
        let count = self.kinds.iter().filter(|kind| kind.namespaced).count();
        if count == 0 {
            Cond::Const(false)
        } else if count == self.kinds.len() {
            Cond::Const(true)
        } else if count * 2 > self.kinds.len() {
            super::fold::not(Cond::KindIs(self.kinds.iter().filter(|kind| !kind.namespaced).map(Kind::id).collect()))
        } else {
            Cond::KindIs(self.kinds.iter().filter(|kind| kind.namespaced).map(Kind::id).collect())
        }
    }

    /// Records that a value has to be readable.
    pub fn read(&mut self, value: &Value, form: Form, path: Span) {
        let mut needed = walk::free_slots(Node::Value(value));
        if matches!(value, Value::Const(_)) {
            return;
        }
        let mut sources: Vec<Source> = Vec::new();
        for source in self.loops.iter().rev() {
            if needed.contains(&source.slot) || source.key.is_some_and(|key| needed.contains(&key)) {
                needed.extend(walk::free_slots(Node::Source(source)));
                sources.push(source.clone());
            }
        }
        sources.reverse();
        let path = self.text(path).split_whitespace().collect::<Vec<_>>().join(" ");
        self.reads.push(Read { path, sources, value: value.clone(), form });
    }

    /// The type of `metadata` of any kind.
    pub fn object_meta() -> Ty {
        Ty::named(OBJECT_META)
    }
}

/// About how many nodes a term holds.
pub(super) fn size_of(term: &Term) -> usize {
    use super::types::{Part, Step};
    fn part(of: &Part) -> usize {
        match of {
            Part::One(guard, term) => walk::size(Node::Cond(guard)) + size_of(term),
            Part::Lists { lists, guard, sidecars: _ } => {
                walk::size(Node::Cond(guard)) + lists.iter().map(|list| walk::size(Node::Value(&list.value))).sum::<usize>()
            }
            Part::Each(inner, steps) => {
                part(inner)
                    + steps
                        .iter()
                        .map(|step| match step {
                            Step::Field(..) | Step::Star(_) | Step::SecurityContext(_) => 1,
                        })
                        .sum::<usize>()
            }
            Part::Cluster { guard, kinds: _, ty: _ } => walk::size(Node::Cond(guard)) + 1,
        }
    }
    match term {
        Term::Val(typed) => walk::size(Node::Value(&typed.value)),
        Term::Image(typed) => walk::size(Node::Value(&typed.value)),
        Term::Cond(cond) => walk::size(Node::Cond(cond)),
        Term::Seq(parts) | Term::Star(parts) => parts.iter().map(part).sum(),
        Term::Record(fields) => fields.iter().map(|(_, field)| size_of(field)).sum::<usize>() + 1,
        Term::Element(typed, extra) => walk::size(Node::Value(&typed.value)) + extra.iter().map(|(_, field)| size_of(field)).sum::<usize>(),
        Term::Version(_) | Term::Regex(_) | Term::Date(_) => 1,
    }
}
