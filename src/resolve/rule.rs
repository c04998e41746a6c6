//! Rules: their clauses, kinds and body.

use super::context::Context;
use super::fold;
use super::functions::WORKLOADS;
use super::types::{Term, Typed};
use super::{Dropped, PackItems, World};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::ir::{Action, Apart, Cond, Const, Exempt, Kind, Operation, Rule, Severity, Subresource, Targets, Ty, Value};
use crate::schema::Removed;
use crate::syntax::ast::{self, Clause, Expr, Item, KindName, Name};
use std::collections::BTreeSet;

/// What the clauses of a rule, mutation or generation say.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub name: String,
    pub severity: Severity,
    pub action: Action,
    pub tags: Vec<String>,
    pub docs: Option<String>,
    pub targets: Targets,
    pub overrides: Option<&'a Name>,
    pub operations: BTreeSet<Operation>,
    pub kinds: Vec<(Kind, String)>,
    pub any: bool,
    pub matched: Option<Span>,
    conditions: Vec<&'a Expr>,
    excepts: Vec<(&'a Name, &'a [Name])>,
    except_conditions: Vec<&'a Expr>,
    pub except_scale: bool,
}

/// Where the clauses stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Rule,
    Mutation,
    Generation,
}

/// Reads a fixed word.
pub(super) fn word<T: Copy>(of: &Name, what: &str, known: &[(&str, T)], diagnostics: &mut Vec<Diagnostic>) -> Option<T> {
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == of.node) {
        return Some(*value);
    }
    let list = known.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let help = match nearest(&of.node, known.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {list}"),
    };
    diagnostics.push(Diagnostic::error(&codes::UNKNOWN_WORD, of.span, format!("unknown {what} `{}`", of.node)).with_help(help));
    None
}

pub(super) const SEVERITIES: &[(&str, Severity)] = &[
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
pub(super) const OPERATIONS: &[(&str, Operation)] =
    &[("create", Operation::Create), ("update", Operation::Update), ("delete", Operation::Delete)];
const WHO: &[(&str, ())] = &[("namespaces", ()), ("users", ()), ("groups", ()), ("runtimeClasses", ()), ("scale", ())];

impl<'a> World<'a> {
    /// The kinds that a name stands for, each with its type.
    pub fn kinds_named(&self, name: &str, group: Option<&str>, span: Span) -> Result<Vec<(Kind, String)>, Box<Diagnostic>> {
        let several = |members: &[(&str, &str)]| {
            members
                .iter()
                .filter_map(|(kind, group)| {
                    self.schema.kind(kind, Some(group)).first().map(|info| (info.kind.clone(), info.ty.name().to_owned()))
                })
                .collect::<Vec<_>>()
        };
        if group.is_none() {
            match name {
                "workloads" => return Ok(several(WORKLOADS)),
                "templates" => return Ok(several(WORKLOADS.get(1..).unwrap_or_default())),
                "controllers" => {
                    return Ok(several(&[
                        ("ReplicationController", ""),
                        ("ReplicaSet", "apps"),
                        ("Deployment", "apps"),
                        ("StatefulSet", "apps"),
                        ("DaemonSet", "apps"),
                    ]));
                }
                "any" => {
                    return Ok(self
                        .schema
                        .kinds()
                        .iter()
                        .filter(|info| info.preferred)
                        .map(|info| (info.kind.clone(), info.ty.name().to_owned()))
                        .collect());
                }
                _ => {}
            }
        }
        let found = self.schema.kind(name, group);
        match found.as_slice() {
            [one] => Ok(vec![(one.kind.clone(), one.ty.name().to_owned())]),
            [] => Err(Box::new(self.unknown_kind(name, group, span))),
            several => {
                let groups: Vec<String> = several
                    .iter()
                    .map(|info| format!("`{name}.{}`", if info.kind.group.is_empty() { "core" } else { &info.kind.group }))
                    .collect();
                Err(Box::new(
                    Diagnostic::error(&codes::AMBIGUOUS_KIND, span, format!("several API groups have the kind `{name}`"))
                        .with_help(format!("write one of {}", groups.join(", "))),
                ))
            }
        }
    }

    fn unknown_kind(&self, name: &str, group: Option<&str>, span: Span) -> Diagnostic {
        let written = group.map_or_else(|| name.to_owned(), |group| format!("{name}.{group}"));
        let groups = [
            "",
            "apps",
            "batch",
            "extensions",
            "policy",
            "autoscaling",
            "networking.k8s.io",
            "rbac.authorization.k8s.io",
            "storage.k8s.io",
        ];
        let mut last: Option<&'static Removed> = None;
        for candidate in groups.iter().copied().filter(|candidate| group.is_none_or(|group| group == *candidate)).chain(group) {
            for version in ["v1", "v1beta1", "v1beta2", "v2beta1", "v2beta2", "v1alpha1"] {
                let api_version = if candidate.is_empty() { version.to_owned() } else { format!("{candidate}/{version}") };
                let removed = self.schema.removed(&api_version, name);
                last = last.into_iter().chain(removed).max_by_key(|removed| removed.in_minor);
            }
        }
        if let Some(removed) = last {
            let help = match (removed.replacement, removed.advice) {
                (Some(replacement), _) => format!("use `{replacement}`"),
                (None, Some(advice)) => advice.to_owned(),
                (None, None) => "remove the rule".to_owned(),
            };
            let message = format!("`{written}` ({}) was removed in Kubernetes 1.{}", removed.api_version, removed.in_minor);
            return Diagnostic::error(&codes::REMOVED_VERSION, span, message).with_help(help);
        }
        let known = self.schema.kinds().iter().map(|info| info.kind.kind.as_str());
        let is_foreign = group.is_some_and(|group| group.contains('.') && !self.schema.kinds().iter().any(|info| info.kind.group == group));
        let help = match nearest(name, known.chain(["workloads", "templates", "controllers", "any"])) {
            Some(near) if near == name => match self.schema.kinds().iter().find(|info| info.kind.kind == name) {
                Some(info) if info.kind.group.is_empty() => format!("`{name}` is in the core group: write `{name}`"),
                Some(info) => format!("did you mean `{name}.{}`?", info.kind.group),
                None => "check the spelling".to_owned(),
            },
            _ if is_foreign => "give its CustomResourceDefinition with `--crds`, or correct the group".to_owned(),
            Some(near) => format!("did you mean `{near}`?"),
            None => "write a kind of Kubernetes, one whose CustomResourceDefinition is given with `--crds`, or `workloads`, `templates`, `controllers`, `any`".to_owned(),
        };
        Diagnostic::error(&codes::UNKNOWN_KIND, span, format!("unknown kind `{written}`")).with_help(help)
    }

    fn kind_name(&self, name: &KindName) -> Result<Vec<(Kind, String)>, Box<Diagnostic>> {
        let group = name.group.as_deref().map(|group| if group == "core" { "" } else { group });
        let kinds = self.kinds_named(&name.name, group, name.span)?;
        let Some(subresource) = &name.subresource else { return Ok(kinds) };
        let mut out = Vec::new();
        for (kind, _) in kinds {
            let info = self.schema.by_gvk(&kind.api_version(), &kind.kind);
            let known = info.map(|info| info.subresources.as_slice()).unwrap_or_default();
            match known.iter().find(|known| known.name == subresource.as_str()) {
                Some(found) => {
                    let ty = found.ty.map(|ty| ty.name().to_owned()).unwrap_or_default();
                    let pod = kind.pod.filter(|_| ty == super::types::POD);
                    let (api_version, sent) = found.ty.and_then(|ty| self.schema.object_of(ty)).unwrap_or_default();
                    let subresource = Subresource { name: subresource.clone(), api_version, kind: sent };
                    out.push((Kind { subresource: Some(subresource), pod, ..kind }, ty));
                }
                None => {
                    let help = match nearest(subresource, known.iter().map(|known| known.name)) {
                        Some(near) => format!("did you mean `{}/{near}`?", kind.kind),
                        None if known.is_empty() => "it has none".to_owned(),
                        None => format!("it has {}", known.iter().map(|known| format!("`{}`", known.name)).collect::<Vec<_>>().join(", ")),
                    };
                    let message = format!("`{}` has no subresource `{subresource}`", kind.kind);
                    return Err(Box::new(Diagnostic::error(&codes::UNKNOWN_KIND, name.span, message).with_help(help)));
                }
            }
        }
        Ok(out)
    }

    /// What clauses say.
    pub fn header(&self, owner: Owner, name: &Name, clauses: &'a [Clause], diagnostics: &mut Vec<Diagnostic>) -> Header<'a> {
        let mut header = Header {
            name: name.node.clone(),
            severity: Severity::default(),
            action: Action::default(),
            tags: Vec::new(),
            docs: None,
            targets: Targets::All,
            overrides: None,
            operations: BTreeSet::from([Operation::Create, Operation::Update]),
            kinds: Vec::new(),
            any: false,
            matched: None,
            conditions: Vec::new(),
            excepts: Vec::new(),
            except_conditions: Vec::new(),
            except_scale: false,
        };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for clause in clauses {
            let (what, span) = clause_name(clause);
            if !matches!(clause, Clause::Except { .. } | Clause::ExceptWhere(_)) && !seen.insert(what) {
                diagnostics
                    .push(Diagnostic::error(&codes::MISPLACED, span, format!("`{what}` is written twice")).with_help("write it once"));
                continue;
            }
            match clause {
                Clause::Severity(severity) => {
                    header.severity = word(severity, "severity", SEVERITIES, diagnostics).unwrap_or_default();
                }
                Clause::Tags(tags) => header.tags = tags.iter().map(|tag| tag.node.clone()).collect(),
                Clause::Docs(docs) => header.docs = Some(docs.node.clone()),
                Clause::Action(action) => header.action = word(action, "action", &Action::NAMES, diagnostics).unwrap_or_default(),
                Clause::Overrides(rule) => header.overrides = Some(rule),
                Clause::Match { kinds, operations, condition, span } => {
                    header.matched = Some(*span);
                    self.matched(&mut header, kinds, operations, diagnostics);
                    header.conditions.extend(condition);
                }
                Clause::Except { who, names } => {
                    if word(who, "exception", WHO, diagnostics).is_some() {
                        if who.node == "scale" {
                            header.except_scale = true;
                        } else {
                            header.excepts.push((who, names));
                        }
                    }
                }
                Clause::ExceptWhere(condition) => header.except_conditions.push(condition),
                Clause::Targets { except, names } => {
                    let names = self.target_names(names, diagnostics);
                    header.targets = if *except { Targets::Except(names) } else { Targets::Only(names) };
                }
                Clause::OnConflict(how) => {
                    if owner != Owner::Mutation {
                        diagnostics.push(
                            Diagnostic::error(&codes::MISPLACED, how.span, "`on conflict` belongs into a `mutation`")
                                .with_help("remove it"),
                        );
                    } else {
                        word(how, "way with conflicts", &[("skip", ()), ("overwrite", ())], diagnostics);
                    }
                }
            }
        }
        if header.matched.is_none() {
            diagnostics.push(
                Diagnostic::error(&codes::MISSING_MATCH, name.span, format!("`{}` does not say what it is about", name.node))
                    .with_help("write `match workloads`, or name kinds"),
            );
        }
        header
    }

    fn target_names(&self, names: &[Name], diagnostics: &mut Vec<Diagnostic>) -> BTreeSet<String> {
        let known: Vec<(&str, ())> = self.options.targets.iter().map(|target| (target.as_str(), ())).collect();
        for name in names {
            if !known.is_empty() {
                word(name, "target", &known, diagnostics);
            }
        }
        names.iter().map(|name| name.node.clone()).collect()
    }

    fn matched(&self, header: &mut Header<'a>, kinds: &'a [KindName], operations: &'a [Name], diagnostics: &mut Vec<Diagnostic>) {
        for name in kinds {
            header.any |= name.name == "any" && name.group.is_none();
            match self.kind_name(name) {
                Ok(found) => {
                    for (kind, ty) in found {
                        if !header.kinds.iter().any(|(other, _)| super::functions::same_kind(other, &kind)) {
                            header.kinds.push((kind, ty));
                        }
                    }
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
        if !operations.is_empty() {
            header.operations = operations.iter().filter_map(|operation| word(operation, "operation", OPERATIONS, diagnostics)).collect();
        }
    }
}

fn clause_name(clause: &Clause) -> (&'static str, Span) {
    match clause {
        Clause::Severity(name) => ("severity", name.span),
        Clause::Tags(names) => ("tags", names.first().map(|name| name.span).unwrap_or_default()),
        Clause::Docs(name) => ("docs", name.span),
        Clause::Action(name) => ("action", name.span),
        Clause::Overrides(name) => ("overrides", name.span),
        Clause::Match { span, .. } => ("match", *span),
        Clause::Except { who, .. } => ("except", who.span),
        Clause::ExceptWhere(expr) => ("except", expr.span),
        Clause::Targets { names, .. } => ("targets", names.first().map(|name| name.span).unwrap_or_default()),
        Clause::OnConflict(name) => ("on conflict", name.span),
    }
}

impl<'a> Context<'a> {
    /// Sets what the rule is about.
    pub fn about(&mut self, header: &Header<'a>) {
        self.kinds = header.kinds.iter().map(|(kind, _)| kind.clone()).collect();
        let names: BTreeSet<&String> = header.kinds.iter().map(|(_, ty)| ty).collect();
        self.object = Some(if header.any { Ty::any_object() } else { Ty::Struct(names.into_iter().cloned().collect()) });
        self.update_only = header.operations.len() == 1 && header.operations.contains(&Operation::Update);
        for (kind, _) in &header.kinds {
            if kind.subresource.as_ref().is_some_and(Subresource::is_connection) {
                self.note(format!("the connection `{}`", kind.written()), header.matched.unwrap_or_default());
            }
        }
    }

    /// `where` and not `except`.
    pub fn applies(&mut self, header: &Header<'a>) -> Option<Cond> {
        let mark = self.mark();
        let mut conds = Vec::new();
        let mut fine = true;
        for condition in &header.conditions {
            match self.cond(condition) {
                Some(cond) => conds.push(cond),
                None => fine = false,
            }
        }
        for condition in &header.except_conditions {
            match self.cond(condition) {
                Some(cond) => conds.push(fold::not(cond)),
                None => fine = false,
            }
        }
        for (who, names) in &header.excepts {
            match self.excepted(who, names) {
                Some(cond) => conds.push(fold::not(cond)),
                None => fine = false,
            }
        }
        let id = format!("{}/{}", self.pack.name, header.name);
        let mut exempt_from = Vec::new();
        for exempt in self.world.exempts.get(&id).map(Vec::as_slice).unwrap_or_default() {
            let whom: Option<Vec<Cond>> = exempt.whom.iter().map(|(who, names)| self.excepted(who, names)).collect();
            match whom {
                Some(whom) => {
                    let (until, because) = (exempt.until.node.clone(), exempt.because.node.clone());
                    exempt_from.push(Exempt { when: fold::and(whom), until, because });
                }
                None => fine = false,
            }
        }
        if !fine {
            return None;
        }
        if !exempt_from.is_empty() {
            self.apart = Some(Box::new(Apart { applies: fold::and(conds.clone()), exempt: exempt_from.clone() }));
        }
        conds.extend(exempt_from.into_iter().map(|exempt| fold::not(exempt.when)));
        let applies = fold::and(conds);
        if matches!(applies, Cond::Const(_)) {
            self.forget(mark);
        }
        Some(applies)
    }

    fn excepted(&mut self, who: &Name, names: &[Name]) -> Option<Cond> {
        let span = who.span;
        let list = Value::Const(Const::List(names.iter().map(|name| Const::String(name.node.clone())).collect()));
        match who.node.as_str() {
            "namespaces" => {
                let namespaced = self.is_namespaced();
                if matches!(namespaced, Cond::Const(false)) {
                    return Some(namespaced);
                }
                let object = self.name("object", span)?;
                let metadata = self.field(object, "metadata", span, span)?;
                let namespace = self.field(metadata, "namespace", span, span)?;
                let mut namespace = self.operand(namespace, span)?.value;
                // Only objects that live in a namespace get here.
                if let Value::Field { default, .. } = &mut namespace {
                    *default = Some(Box::new(Value::Const(Const::String("default".to_owned()))));
                }
                Some(fold::and([namespaced, fold::is_in(namespace, list, Ty::String)]))
            }
            "runtimeClasses" => {
                let pod = self.name("pod", span)?;
                let spec = self.field(pod, "spec", span, span)?;
                let class = self.field(spec, "runtimeClassName", span, span)?;
                let class = self.operand(class, span)?;
                Some(fold::is_in(class.value, list, Ty::String))
            }
            "users" => {
                let user = self.request_user("username", span)?;
                Some(fold::is_in(user.value, list, Ty::String))
            }
            _ => {
                let groups = self.request_user("groups", span)?;
                let mut any = Vec::new();
                for name in names {
                    any.push(fold::is_in(Value::Const(Const::String(name.node.clone())), groups.value.clone(), Ty::String));
                }
                Some(fold::or(any))
            }
        }
    }

    fn request_user(&mut self, field: &str, span: Span) -> Option<Typed> {
        let request = self.name("request", span)?;
        let user = self.field(request, "userInfo", span, span)?;
        let term: Term = self.field(user, field, span, span)?;
        self.operand(term, span)
    }
}

/// Resolves a rule.
pub(super) fn resolve<'a>(
    world: &'a World<'a>,
    pack: &'a PackItems<'a>,
    item: &'a Item,
    rule: &'a ast::Rule,
    dropped: &mut Dropped,
) -> (Option<Rule>, Vec<Diagnostic>) {
    let mut context = Context::new(world, pack);
    let header = world.header(Owner::Rule, &rule.name, &rule.clauses, &mut context.diagnostics);
    if header.kinds.is_empty() {
        return (None, context.diagnostics);
    }
    context.about(&header);
    if rule.body.is_empty() {
        context.error::<()>(
            &codes::EMPTY_RULE,
            rule.name.span,
            format!("`{}` checks nothing", rule.name.node),
            "write a `require` or `forbid` in it",
        );
    }
    let applies = context.applies(&header);
    context.around.extend(applies.clone());
    let body = context.block(&rule.body);
    if !rule.body.is_empty() && !has_check(&rule.body) {
        context.error::<()>(
            &codes::EMPTY_RULE,
            rule.name.span,
            format!("`{}` checks nothing", rule.name.node),
            "write a `require` or `forbid` in it",
        );
    }
    context.warn_unused();
    dropped.used_items.append(&mut context.used_items);
    let fine = !context.diagnostics.iter().any(|diagnostic| diagnostic.level == crate::diagnostic::Level::Error);
    let parts = header.kinds.iter().all(|(kind, _)| kind.subresource.is_some());
    if let (Some(span), false, true) = (context.replicas_read, header.except_scale || parts, fine) {
        context.diagnostics.push(
            Diagnostic::warning(&codes::SCALE, span, "`kubectl scale` changes the replicas without this rule seeing it")
                .with_help("write `except scale` to say that this is meant, or one more rule for `/scale`"),
        );
    }
    let rule = match (fine, applies, body) {
        (true, Some(applies), Some(body)) => {
            let never = matches!(applies, Cond::Const(false));
            Some(Rule {
                id: format!("{}/{}", pack.name, rule.name.node),
                name: rule.name.node.clone(),
                doc: item.doc.clone(),
                severity: header.severity,
                action: header.action,
                tags: header.tags,
                docs: header.docs,
                targets: header.targets,
                kinds: std::mem::take(&mut context.kinds),
                operations: header.operations,
                reads: if never { Vec::new() } else { super::reads::distinct(std::mem::take(&mut context.reads)) },
                applies,
                apart: context.apart.take(),
                body,
                slots: context.slots,
                unlowered: distinct(std::mem::take(&mut context.unlowered)),
                looks_at_others: std::mem::take(&mut context.looks).first().copied(),
                span: item.span,
            })
        }
        _ => None,
    };
    (rule, context.diagnostics)
}

fn has_check(body: &[ast::Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        ast::Stmt::Check(_) | ast::Stmt::Unique { .. } => true,
        ast::Stmt::For { body, .. } => has_check(body),
        ast::Stmt::If { then, otherwise, .. } => has_check(then) || has_check(otherwise),
        ast::Stmt::Let(_)
        | ast::Stmt::Merge { .. }
        | ast::Stmt::Default { .. }
        | ast::Stmt::Set { .. }
        | ast::Stmt::Append { .. }
        | ast::Stmt::Remove { .. } => false,
    })
}

pub(super) fn distinct(constructs: Vec<(String, Span)>) -> Vec<(String, Span)> {
    let mut seen = BTreeSet::new();
    constructs.into_iter().filter(|(construct, _)| seen.insert(construct.clone())).collect()
}
