//! Mutations and generations.

use super::context::Context;
use super::rule::{Header, Owner};
use super::stmt::without_defaults;
use super::types::{Term, Typed, describe, join, structure, ty_of};
use super::{Dropped, PackItems, World, fold, iter::Iter, overlap};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Level, Span, nearest};
use crate::ir::change::{self, Change, Conflict, Content, Creation, Edit, Generation, MergeKey, Mutation};
use crate::ir::walk::{self, Node};
use crate::ir::{Cond, Const, Kind, Operation, Presence, Quantity, Root, Rule, Ty, Value};
use crate::schema::{Field, Schema};
use crate::syntax::ast::{self, Clause, Create, Expr, ExprKind, Item, Name, ObjectField};
use std::collections::BTreeSet;

/// What may stand at a place.
struct Wanted {
    ty: Ty,
    /// The strings that it may hold; any where there is none.
    values: &'static [&'static str],
}

impl Wanted {
    fn any_of(ty: Ty) -> Self {
        Wanted { ty, values: &[] }
    }

    fn of_field(field: &Field) -> Self {
        Wanted { ty: ty_of(&field.ty), values: field.values }
    }

    /// What an element may be: of a list of enums the field says it.
    fn element(&self, ty: &Ty) -> Self {
        Wanted { ty: ty.clone(), values: self.values }
    }
}

/// What `on conflict` says.
pub(super) fn conflict(clauses: &[Clause]) -> Conflict {
    let skip = clauses.iter().any(|clause| matches!(clause, Clause::OnConflict(how) if how.node == "skip"));
    if skip { Conflict::Skip } else { Conflict::Overwrite }
}

/// Whether the operations are written.
pub(super) fn operations_written(clauses: &[Clause]) -> bool {
    clauses.iter().any(|clause| matches!(clause, Clause::Match { operations, .. } if !operations.is_empty()))
}

/// The clauses of a mutation or generation, and what it reads.
fn head<'a>(context: &mut Context<'a>, item: &'a Item, name: &Name, header: Header<'a>, applies: Cond) -> Rule {
    let never = matches!(applies, Cond::Const(false));
    Rule {
        id: format!("{}/{}", context.pack.name, name.node),
        name: name.node.clone(),
        doc: item.doc.clone(),
        severity: header.severity,
        action: header.action,
        tags: header.tags,
        docs: header.docs,
        targets: header.targets,
        kinds: context.kinds.clone(),
        operations: header.operations,
        reads: if never { Vec::new() } else { super::reads::distinct(std::mem::take(&mut context.reads)) },
        applies,
        apart: context.apart.take(),
        body: Vec::new(),
        slots: context.slots,
        unlowered: super::rule::distinct(std::mem::take(&mut context.unlowered)),
        looks_at_others: None,
        span: item.span,
    }
}

/// What is wrong with the clauses of something that changes objects.
fn check_header(context: &mut Context<'_>, header: &Header<'_>, clauses: &[Clause]) {
    if header.operations.contains(&Operation::Delete) {
        context.error::<()>(
            &codes::NOT_AVAILABLE,
            header.matched.unwrap_or_default(),
            "nothing is changed on delete",
            "write `on create`, `on update` or both",
        );
    }
    if let Some((kind, _)) = header.kinds.iter().find(|(kind, _)| kind.subresource.is_some()) {
        let message = format!("`{}` is a part of an object", kind.written());
        context.error::<()>(&codes::NOT_AVAILABLE, header.matched.unwrap_or_default(), message, "match the kind without it");
    }
    if let Some(Clause::Action(action)) = clauses.iter().find(|clause| matches!(clause, Clause::Action(_))) {
        context.error::<()>(&codes::MISPLACED, action.span, "`action` belongs into a `rule`", "remove it: nothing is denied here");
    }
    // Operations are part of what every back end of mutations packages.
    context.unlowered.clear();
}

/// The clauses may ask about the request; what is written comes from the object alone.
fn check_roots<'n>(context: &mut Context<'_>, span: Span, nodes: impl FnOnce(&mut dyn FnMut(Node<'n>))) {
    let mut found: Option<&'static str> = None;
    nodes(&mut |node| {
        walk::walk(node, &mut |node| {
            if let Node::Value(Value::Root(root)) = node {
                found = found.or(match root {
                    Root::Object | Root::Pod => None,
                    Root::OldObject | Root::NamespaceObject | Root::Request => Some(root.name()),
                });
            }
            true
        });
    });
    if let Some(root) = found {
        context.error::<()>(
            &codes::NOT_AVAILABLE,
            span,
            format!("`{root}` cannot be read in the statements of what changes objects"),
            "ask about it in `where`",
        );
    }
}

/// Resolves a mutation.
pub(super) fn mutation<'a>(
    world: &'a World<'a>,
    pack: &'a PackItems<'a>,
    item: &'a Item,
    mutation: &'a ast::Mutation,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Mutation> {
    let mut context = Context::new(world, pack);
    context.changes = true;
    let header = world.header(Owner::Mutation, &mutation.name, &mutation.clauses, &mut context.diagnostics);
    if header.kinds.is_empty() {
        diagnostics.append(&mut context.diagnostics);
        return None;
    }
    context.about(&header);
    check_header(&mut context, &header, &mutation.clauses);
    if mutation.body.is_empty() {
        let message = format!("`{}` changes nothing", mutation.name.node);
        context.error::<()>(
            &codes::EMPTY_RULE,
            mutation.name.span,
            message,
            "write a `set`, `default`, `merge`, `append` or `remove` in it",
        );
    }
    let applies = context.applies(&header);
    let body = context.changes(&mutation.body);
    context.warn_unused();
    dropped.used_items.append(&mut context.used_items);
    if let (Some(applies), Some(body)) = (&applies, &body) {
        context.check_changes(applies, body);
        check_roots(&mut context, mutation.name.span, |f| change::nodes(body, f));
    }
    let fine = !context.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let resolved = match (fine, applies, body) {
        (true, Some(applies), Some(body)) => Some(Mutation {
            head: head(&mut context, item, &mutation.name, header, applies),
            operations_written: operations_written(&mutation.clauses),
            on_conflict: conflict(&mutation.clauses),
            body,
        }),
        _ => None,
    };
    diagnostics.append(&mut context.diagnostics);
    resolved
}

/// Resolves a generation.
pub(super) fn generation<'a>(
    world: &'a World<'a>,
    pack: &'a PackItems<'a>,
    item: &'a Item,
    generation: &'a ast::Generation,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Generation> {
    let mut context = Context::new(world, pack);
    context.changes = true;
    let header = world.header(Owner::Generation, &generation.name, &generation.clauses, &mut context.diagnostics);
    if header.kinds.is_empty() {
        diagnostics.append(&mut context.diagnostics);
        return None;
    }
    context.about(&header);
    check_header(&mut context, &header, &generation.clauses);
    if generation.creates.is_empty() {
        let message = format!("`{}` brings nothing", generation.name.node);
        context.error::<()>(&codes::EMPTY_RULE, generation.name.span, message, "write a `create KIND named NAME { ... }` in it");
    }
    let applies = context.applies(&header);
    let creates: Vec<Option<Creation>> = generation.creates.iter().map(|create| context.create(create)).collect();
    dropped.used_items.append(&mut context.used_items);
    for creation in creates.iter().flatten() {
        check_roots(&mut context, creation.span, |f| {
            [Some(&creation.name), creation.namespace.as_ref()].into_iter().flatten().for_each(|value| f(Node::Value(value)));
            creation.fields.iter().for_each(|(_, content)| change::values(content, &mut |value| f(Node::Value(value))));
        });
    }
    let fine = !context.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    let resolved = match (fine, applies, creates.into_iter().collect::<Option<Vec<_>>>()) {
        (true, Some(applies), Some(creates)) => {
            Some(Generation { head: head(&mut context, item, &generation.name, header, applies), creates })
        }
        _ => None,
    };
    diagnostics.append(&mut context.diagnostics);
    resolved
}

impl<'a> Context<'a> {
    /// The statements of a mutation.
    pub fn changes(&mut self, body: &'a [ast::Stmt]) -> Option<Vec<Change>> {
        let depth = self.scope.len();
        let mut out = Some(Vec::new());
        for stmt in body {
            match (self.change(stmt), &mut out) {
                (Some(changes), Some(out)) => out.extend(changes),
                (Some(_), None) => {}
                (None, out) => *out = None,
            }
        }
        self.scope.truncate(depth);
        out
    }

    fn change(&mut self, stmt: &'a ast::Stmt) -> Option<Vec<Change>> {
        match stmt {
            ast::Stmt::Let(binding) => {
                self.let_stmt(binding)?;
                Some(Vec::new())
            }
            ast::Stmt::If { condition, then, otherwise, span } => {
                self.enter(*span)?;
                let condition = self.cond(condition);
                let mark = self.mark();
                let then = self.changes(then);
                if matches!(condition, Some(Cond::Const(false))) {
                    self.forget(mark);
                }
                let mark = self.mark();
                let otherwise = self.changes(otherwise);
                if matches!(condition, Some(Cond::Const(true))) {
                    self.forget(mark);
                }
                self.leave();
                let (condition, then, otherwise) = (condition?, then?, otherwise?);
                Some(match condition {
                    Cond::Const(true) => then,
                    Cond::Const(false) => otherwise,
                    _ if then.is_empty() && otherwise.is_empty() => Vec::new(),
                    condition => vec![Change::If { condition, then, otherwise }],
                })
            }
            ast::Stmt::For { binder, body, span } => {
                self.enter(*span)?;
                let iters = self.over(binder, &mut |me, _| me.changes(body));
                self.leave();
                Some(in_loops(iters?))
            }
            ast::Stmt::Merge { target, keys, value, span } => {
                let (place, wanted) = self.place(target, false)?;
                let element = self.element(&wanted.ty, target.span)?;
                let mut known = true;
                for key in keys {
                    if self.schema_field(&element, &key.node).is_none() {
                        known = self.no_such_field::<()>(&element, &key.node, key.span).is_some();
                    }
                }
                let fields = self.content(value, &Wanted::any_of(element.clone()))?;
                if !known {
                    return None;
                }
                let Content::Object(fields) = fields else {
                    return self.error(&codes::WRONG_TYPE, value.span, "an object is merged", "write the element with its keys in braces");
                };
                let slot = self.slot();
                let mut resolved = Vec::new();
                for key in keys {
                    resolved.push(self.merge_key(&element, slot, key, &fields, value.span)?);
                }
                Some(vec![Change::Edit { place, edit: Edit::Merge { slot, keys: resolved, fields }, span: *span }])
            }
            ast::Stmt::Append { target, value, span } => {
                let (place, wanted) = self.place(target, false)?;
                let element = self.element(&wanted.ty, target.span)?;
                if let Some(field) = defaulted(self.world.schema, &element, &mut BTreeSet::new()) {
                    let message = format!(
                        "the API server fills in `{field}` of the elements of `{}`, so that one that was appended could not be told from others",
                        self.text(target.span)
                    );
                    return self.error(&codes::WRONG_TYPE, target.span, message, "write `merge LIST by KEY { ... }`");
                }
                let content = self.content(value, &wanted.element(&element))?;
                Some(vec![Change::Edit { place, edit: Edit::Append(content), span: *span }])
            }
            ast::Stmt::Default { target, value, span } => {
                if let Some(Term::Val(Typed {
                    value: Value::Field { default: Some(_), .. } | Value::Entry { default: Some(_), .. }, ..
                })) = self.expr(target)
                {
                    let path = self.text(target.span);
                    self.note(format!("`default {path}`, which the API server fills in before a policy sees it,"), *span);
                }
                let (place, wanted) = self.place(target, true)?;
                let content = self.content(value, &wanted)?;
                Some(vec![Change::Edit { place, edit: Edit::Default(content), span: *span }])
            }
            ast::Stmt::Set { target, value, span } => {
                let (place, wanted) = self.place(target, true)?;
                let content = self.content(value, &wanted)?;
                Some(vec![Change::Edit { place, edit: Edit::Set(content), span: *span }])
            }
            ast::Stmt::Remove { target, span } => {
                let (place, _) = self.place(target, false)?;
                Some(vec![Change::Edit { place, edit: Edit::Remove, span: *span }])
            }
            ast::Stmt::Check(check) => {
                self.error(&codes::MISPLACED, check.span, "a mutation checks nothing", "write the check in a `rule`")
            }
            ast::Stmt::Unique { span, .. } => {
                self.error(&codes::MISPLACED, *span, "a mutation checks nothing", "write the check in a `rule`")
            }
        }
    }

    /// A field of a custom kind on the way to a place, or at it unless the whole of it is written, in which the API server puts a default before any policy changes something: what is done to
    /// a manifest would be another thing.
    fn filled_in(&self, place: &Value, whole: bool) -> Option<String> {
        let custom = |kind: &Kind| self.world.schema.by_gvk(&kind.api_version(), &kind.kind).is_some_and(|info| info.custom);
        if self.kinds.iter().any(custom) { self.with_default(place, whole) } else { None }
    }

    fn with_default(&self, place: &Value, whole: bool) -> Option<String> {
        match place {
            Value::Field { name, default: Some(default), .. }
                if !whole && !matches!(&**default, Value::Const(Const::Object(fields)) if fields.is_empty()) =>
            {
                Some(name.clone())
            }
            Value::Field { of, .. } | Value::Entry { of, .. } => self.with_default(of, false),
            Value::Var(slot) => self.loops.iter().filter(|source| source.slot == *slot).find_map(|source| match &source.of {
                crate::ir::Elements::Lists(lists) => lists.iter().find_map(|list| self.with_default(list, false)),
                crate::ir::Elements::Map(_) | crate::ir::Elements::Cluster(_) => None,
            }),
            _ => None,
        }
    }

    /// The path that is changed, and what may stand there; `whole` where all that is there is replaced.
    fn place(&mut self, expr: &'a Expr, whole: bool) -> Option<(Value, Wanted)> {
        let term = self.expr(expr)?;
        if let Term::Val(Typed { value: value @ (Value::Field { .. } | Value::Entry { .. }), ty, values, .. }) = &term
            && self.is_place(value)
        {
            if let Some(field) = self.filled_in(value, whole) {
                let message = format!("the API server fills in `{field}`, so that a part of it cannot be changed");
                return self.error(&codes::NOT_AVAILABLE, expr.span, message, "`set` the whole of it");
            }
            return Some((without_defaults(value), Wanted { ty: ty.clone(), values }));
        }
        self.error(
            &codes::WRONG_TYPE,
            expr.span,
            format!("`{}` is not a place in the object", self.text(expr.span)),
            "name one field from `object`, `pod` or the element of a loop, such as `pod.spec.volumes`",
        )
    }

    /// Whether a path leads from the object, through elements of its lists.
    fn is_place(&self, value: &Value) -> bool {
        match value {
            Value::Field { of, .. } => self.is_place(of),
            Value::Entry { of, key: _, .. } => self.is_place(of),
            Value::Root(Root::Object | Root::Pod) => true,
            Value::Var(slot) => self.loops.iter().any(|source| {
                source.slot == *slot
                    && matches!(&source.of, crate::ir::Elements::Lists(lists) if lists.iter().all(|list| !matches!(list, Value::Var(_)) && self.is_place(list)))
            }),
            Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request)
            | Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => false,
        }
    }

    fn element(&mut self, ty: &Ty, span: Span) -> Option<Ty> {
        match ty {
            Ty::List(element) => Some((**element).clone()),
            ty => {
                let what = describe(ty);
                self.error(
                    &codes::WRONG_TYPE,
                    span,
                    format!("`{}` is {what}, not a list", self.text(span)),
                    "`merge` and `append` are for lists; use `set` or `default`",
                )
            }
        }
    }

    /// A key of a merge: what the elements of the list have there, and what the merged one has.
    fn merge_key(
        &mut self,
        element: &Ty,
        slot: crate::ir::Slot,
        key: &Name,
        fields: &[(String, Content)],
        object: Span,
    ) -> Option<MergeKey> {
        let of = Term::Val(Typed::new(Value::Var(slot), element.clone()));
        let term = self.field(of, &key.node, key.span, key.span)?;
        let there = self.operand(term, key.span)?;
        if !matches!(there.ty, Ty::Bool | Ty::Int | Ty::String | Ty::IntOrString) {
            let what = describe(&there.ty);
            return self.error(
                &codes::WRONG_TYPE,
                key.span,
                format!("`{}` is {what}, which is no key", key.node),
                "a key is a string, a whole number or a boolean",
            );
        }
        match fields.iter().find(|(name, _)| *name == key.node) {
            Some((_, Content::Value(given))) => {
                Some(MergeKey { name: key.node.clone(), there: there.value, given: given.clone(), ty: there.ty })
            }
            Some(_) | None => self.error(
                &codes::WRONG_TYPE,
                object,
                format!("the element does not say its key `{}`", key.node),
                format!("write `{}: ...` in it", key.node),
            ),
        }
    }

    fn schema_field(&self, ty: &Ty, name: &str) -> Option<&'static Field> {
        let Ty::Struct(names) = ty else { return None };
        self.structure(names.first()?)?.fields.get(name)
    }

    fn no_such_field<T>(&mut self, ty: &Ty, name: &str, span: Span) -> Option<T> {
        let known: Vec<&str> = match ty {
            Ty::Struct(names) => names
                .first()
                .and_then(|name| self.structure(name))
                .map(|structure| structure.fields.keys().copied().collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "check the spelling".to_owned(),
        };
        let what = describe(ty);
        self.error(&codes::UNKNOWN_FIELD, span, format!("{what} has no field `{name}`"), help)
    }

    /// An expression as what is written where this is wanted.
    fn content(&mut self, value: &'a Expr, wanted: &Wanted) -> Option<Content> {
        self.enter(value.span)?;
        let content = match (&value.kind, &wanted.ty) {
            (ExprKind::Object(fields), Ty::Struct(_) | Ty::Map(_) | Ty::Any) => self.fields(fields, &wanted.ty).map(Content::Object),
            (ExprKind::List(items), Ty::List(_) | Ty::Any) => {
                let inner = if let Ty::List(inner) = &wanted.ty { wanted.element(inner) } else { Wanted::any_of(Ty::Any) };
                let items: Vec<Option<Content>> = items.iter().map(|item| self.content(item, &inner)).collect();
                items.into_iter().collect::<Option<_>>().map(Content::List)
            }
            (ExprKind::Quantity(text), Ty::Quantity) => Some(Content::Value(Value::Const(Const::String(canonical(text))))),
            _ => match self.expr(value) {
                Some(term) => self.term_content(term, value.span, wanted),
                None => None,
            },
        };
        self.leave();
        content
    }

    fn fields(&mut self, fields: &'a [ObjectField], ty: &Ty) -> Option<Vec<(String, Content)>> {
        let mut out: Option<Vec<(String, Content)>> = Some(Vec::new());
        for field in fields {
            let name = &field.name;
            let wanted = match ty {
                Ty::Map(inner) => Some(Wanted::any_of((**inner).clone())),
                Ty::Struct(_) => match self.schema_field(ty, &name.node) {
                    Some(known) => Some(Wanted::of_field(known)),
                    None => self.no_such_field(ty, &name.node, name.span),
                },
                _ => Some(Wanted::any_of(Ty::Any)),
            };
            let content = wanted.and_then(|wanted| self.content(&field.value, &wanted));
            match (content, &mut out) {
                (Some(content), Some(out)) => {
                    let zero = self.schema_field(ty, &name.node).is_some_and(|known| is_zero(&content, known.presence));
                    if out.iter().any(|(known, _)| *known == name.node) {
                        return self.error(
                            &codes::DUPLICATE_NAME,
                            name.span,
                            format!("the field `{}` is given twice", name.node),
                            "remove one of them",
                        );
                    }
                    // What Kubernetes drops is as if it were not written.
                    if !zero {
                        out.push((name.node.clone(), content));
                    }
                }
                (Some(_), None) => {}
                (None, out) => *out = None,
            }
        }
        out
    }

    fn term_content(&mut self, term: Term, span: Span, wanted: &Wanted) -> Option<Content> {
        let typed = self.operand(term, span)?;
        if fold::is_absent(&typed.value) {
            return Some(Content::Value(typed.value));
        }
        if let Value::Const(constant) = &typed.value {
            return self.constant_content(constant, span, wanted);
        }
        let fits = match (&typed.ty, &wanted.ty) {
            (_, Ty::Any) => true,
            // A computed quantity has no text of its own.
            (Ty::Quantity, Ty::Quantity) => matches!(typed.value, Value::Field { .. } | Value::Entry { .. }),
            (Ty::String, Ty::Quantity) => true,
            (Ty::Int, Ty::Quantity) => false,
            (given, wanted) => join(given, wanted).is_some_and(|both| both == *wanted),
        };
        if !fits {
            return self.does_not_fit(&typed.ty, span, &wanted.ty);
        }
        Some(Content::Value(typed.value))
    }

    fn does_not_fit<T>(&mut self, given: &Ty, span: Span, wanted: &Ty) -> Option<T> {
        let (one, other) = (describe(given), describe(wanted));
        self.error(
            &codes::WRONG_TYPE,
            span,
            format!("{other} is wanted here, and `{}` is {one}", self.text(span)),
            "give a value of the field's type",
        )
    }

    fn constant_content(&mut self, constant: &Const, span: Span, wanted: &Wanted) -> Option<Content> {
        let value = |constant: Const| Some(Content::Value(Value::Const(constant)));
        match (constant, &wanted.ty) {
            (Const::Object(fields), Ty::Struct(_) | Ty::Map(_) | Ty::Any) => {
                let mut out = Vec::new();
                for (name, constant) in fields {
                    let inner = match &wanted.ty {
                        Ty::Map(inner) => Wanted::any_of((**inner).clone()),
                        Ty::Struct(_) => match self.schema_field(&wanted.ty, name) {
                            Some(known) => Wanted::of_field(known),
                            None => return self.no_such_field(&wanted.ty, name, span),
                        },
                        _ => Wanted::any_of(Ty::Any),
                    };
                    out.push((name.clone(), self.constant_content(constant, span, &inner)?));
                }
                Some(Content::Object(out))
            }
            (Const::List(items), Ty::List(_) | Ty::Any) => {
                let inner = if let Ty::List(inner) = &wanted.ty { wanted.element(inner) } else { Wanted::any_of(Ty::Any) };
                items.iter().map(|item| self.constant_content(item, span, &inner)).collect::<Option<_>>().map(Content::List)
            }
            (Const::Quantity(quantity), Ty::Quantity) => value(Const::String(quantity.to_string())),
            (Const::Int(number), Ty::Quantity) => value(Const::String(number.to_string())),
            (Const::String(text), Ty::Quantity) => match Quantity::parse(text) {
                Some(_) => value(Const::String(canonical(text))),
                None => self.error(
                    &codes::BAD_LITERAL,
                    span,
                    format!("`{text}` is not a quantity"),
                    "write it as `500m` or `2Gi`, without quotes",
                ),
            },
            (Const::String(text), Ty::String) if !wanted.values.is_empty() && !wanted.values.contains(&text.as_str()) => {
                let help = match nearest(text, wanted.values.iter().copied()) {
                    Some(near) => format!("did you mean `\"{near}\"`?"),
                    None => format!(
                        "it is one of {}",
                        wanted.values.iter().map(|value| format!("`\"{value}\"`")).collect::<Vec<_>>().join(", ")
                    ),
                };
                self.error(&codes::IMPOSSIBLE_VALUE, span, format!("the field is never `\"{text}\"`"), help)
            }
            (Const::Bool(_) | Const::Int(_) | Const::String(_), Ty::Any)
            | (Const::Bool(_), Ty::Bool)
            | (Const::Int(_), Ty::Int | Ty::IntOrString)
            | (Const::String(_), Ty::String | Ty::IntOrString) => value(constant.clone()),
            (Const::Quantity(quantity), Ty::Any) => value(Const::String(quantity.to_string())),
            (given, ty) => {
                let given = super::types::type_of_const(given);
                self.does_not_fit(&given, span, ty)
            }
        }
    }

    /// What a generation creates.
    pub fn create(&mut self, create: &'a Create) -> Option<Creation> {
        let name = self.expr(&create.name).and_then(|term| self.string_operand(term, create.name.span, "create"));
        let written = match &create.namespace {
            Some(expr) => Some(self.expr(expr).and_then(|term| self.string_operand(term, expr.span, "create"))?),
            None => None,
        };
        let kinds = match self.world.kinds_named(&create.kind.name, create.kind.group.as_deref(), create.kind.span) {
            Ok(kinds) => kinds,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return None;
            }
        };
        let [(kind, ty)] = kinds.as_slice() else {
            return self.error(&codes::UNKNOWN_KIND, create.kind.span, "`create` makes one kind", "name one kind");
        };
        if create.kind.subresource.is_some() {
            return self.error(&codes::UNKNOWN_KIND, create.kind.span, "`create` makes whole objects", "name the kind alone");
        }
        let wanted = Wanted::any_of(Ty::named(ty.clone()));
        let content = self.content(&create.object, &wanted);
        let namespace = match (kind.namespaced, written, &create.namespace) {
            (true, Some(namespace), _) => Some(namespace.value),
            (true, None, _) => Some(self.own_namespace(create)?),
            (false, _, Some(namespace)) => {
                return self.error(
                    &codes::WRONG_TYPE,
                    namespace.span,
                    format!("a {} lives in no namespace", kind.kind),
                    "leave `in namespace` out",
                );
            }
            (false, _, None) => None,
        };
        let Content::Object(fields) = content? else { return None };
        if let ExprKind::Object(written) = &create.object.kind {
            for field in written {
                let twice: Option<&Name> = match field.name.node.as_str() {
                    "apiVersion" | "kind" => Some(&field.name),
                    "metadata" => match &field.value.kind {
                        ExprKind::Object(inner) => inner
                            .iter()
                            .map(|field| &field.name)
                            .find(|name| ["name", "namespace", "generateName"].contains(&name.node.as_str())),
                        _ => Some(&field.name),
                    },
                    _ => None,
                };
                if let Some(name) = twice {
                    return self.error(
                        &codes::DUPLICATE_NAME,
                        name.span,
                        format!("`{}` is said by `create` already", name.node),
                        "`create KIND named NAME in namespace NAMESPACE` says kind, name and namespace",
                    );
                }
            }
        }
        Some(Creation { kind: kind.clone(), name: name?.value, namespace, fields, span: create.kind.span })
    }

    /// The namespace of the object that brings another one.
    fn own_namespace(&mut self, create: &'a Create) -> Option<Value> {
        if self.kinds.iter().any(|kind| !kind.namespaced) {
            return self.error(
                &codes::WRONG_TYPE,
                create.kind.span,
                format!("a {} lives in a namespace, and not every object that is matched does", create.kind.name),
                "write `in namespace NAME` after the name",
            );
        }
        let span = create.kind.span;
        let object = self.name("object", span)?;
        let metadata = self.field(object, "metadata", span, span)?;
        let namespace = self.field(metadata, "namespace", span, span)?;
        self.operand(namespace, span).map(|typed| typed.value)
    }

    /// What a mutation may not do: change what it reads, one place twice, or what identifies an object.
    pub fn check_changes(&mut self, applies: &Cond, body: &[Change]) {
        let found: Vec<Diagnostic> = overlap::check(&self.kinds, applies, body);
        self.diagnostics.extend(found);
    }
}

/// Whether a constant counts as absent in a field.
fn is_zero(content: &Content, presence: Presence) -> bool {
    match (content, presence) {
        (Content::Value(Value::Const(constant)), Presence::NonZero) => match constant {
            Const::Bool(value) => !value,
            Const::Int(value) => *value == 0,
            Const::String(text) => text.is_empty(),
            Const::Quantity(_) | Const::List(_) | Const::Object(_) => false,
        },
        (Content::Object(fields), Presence::NonEmpty) => fields.is_empty(),
        (Content::List(items), Presence::NonEmpty) => items.is_empty(),
        (Content::Value(_) | Content::Object(_) | Content::List(_), Presence::Written | Presence::NonZero | Presence::NonEmpty) => false,
    }
}

/// A field somewhere in values of this type that the API server fills in.
fn defaulted(schema: &Schema, ty: &Ty, seen: &mut BTreeSet<String>) -> Option<String> {
    match ty {
        Ty::List(inner) | Ty::Map(inner) => defaulted(schema, inner, seen),
        Ty::Struct(names) => names.iter().find_map(|name| {
            if !seen.insert(name.clone()) {
                return None;
            }
            structure(schema, name)?.fields.iter().find_map(|(name, field)| match &field.default {
                Some(_) => Some((*name).to_owned()),
                None => defaulted(schema, &ty_of(&field.ty), seen),
            })
        }),
        Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString | Ty::Record(_) | Ty::Any => None,
    }
}

/// A quantity as the API server writes it, so that what is written is what is read back.
fn canonical(text: &str) -> String {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = text.get(digits.len()..).unwrap_or_default();
    let plain = || {
        let plain = Quantity::parse(text).map_or_else(|| text.to_owned(), |quantity| quantity.to_string());
        if plain != text && plain.bytes().all(|byte| byte.is_ascii_digit()) { canonical(&plain) } else { plain }
    };
    let Ok(mut number) = digits.parse::<i128>() else { return plain() };
    for (suffixes, base) in [(BINARY, 1024), (DECIMAL, 1000)] {
        if let Some(mut power) = suffixes.iter().position(|known| *known == suffix) {
            while number != 0 && number % base == 0 && power + 1 < suffixes.len() {
                number /= base;
                power += 1;
            }
            return format!("{number}{}", suffixes.get(power).copied().unwrap_or_default());
        }
    }
    if suffix.is_empty() && number != 0 {
        let mut power = 0;
        while number % 1000 == 0 && power < DECIMAL.len() {
            number /= 1000;
            power += 1;
        }
        let suffix = power.checked_sub(1).and_then(|power| DECIMAL.get(power)).copied().unwrap_or_default();
        return format!("{number}{suffix}");
    }
    plain()
}

fn in_loops(iters: Vec<Iter<Vec<Change>>>) -> Vec<Change> {
    let mut out = Vec::new();
    for iter in iters {
        match iter {
            Iter::Loop(source, inner) => {
                let body = in_loops(inner);
                if !body.is_empty() {
                    out.push(Change::For { source, body });
                }
            }
            Iter::Guard(condition, inner) => {
                let then = in_loops(inner);
                if !then.is_empty() {
                    out.push(Change::If { condition, then, otherwise: Vec::new() });
                }
            }
            Iter::Leaf(changes) => out.extend(changes),
        }
    }
    out
}
