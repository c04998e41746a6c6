//! Items that are no rules: `pod-security`, `builtin`, `exempt`, tests, mutations and generations.

use super::context::Context;
use super::rule::{OPERATIONS, SEVERITIES, word};
use super::{Dropped, PackItems, World, params, unknown_rule};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::ir::{Exemption, Expect, Given, Level, Levels, Operation, Pack, PodSecurity, Severity, Test};
use crate::syntax::ast::{self, Case, Clause, Expr, ExprKind, Name, PodSecurityLine};
use std::collections::{BTreeMap, BTreeSet};

/// Resolves what is in a pack besides rules.
pub(super) fn others<'a>(
    world: &'a World<'a>,
    packs: &'a BTreeMap<String, PackItems<'a>>,
    items: &'a PackItems<'a>,
    left_out: &BTreeSet<String>,
    out: &mut Pack,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (index, (item, block)) in items.pod_security.iter().enumerate() {
        if index > 0 {
            let start = Span { end: item.span.start.saturating_add(12).min(item.span.end), ..item.span };
            diagnostics.push(
                Diagnostic::error(&codes::DUPLICATE_NAME, start, "the pack has two `pod-security` blocks").with_help("write one block"),
            );
            continue;
        }
        out.pod_security = Some(pod_security(block, item.span, diagnostics));
    }
    for builtin in &items.builtins {
        if let Some((id, severity)) = self::builtin(world, builtin, diagnostics)
            && out.builtins.insert(id.clone(), severity).is_some()
        {
            diagnostics.push(
                Diagnostic::error(&codes::DUPLICATE_NAME, builtin.name.span, format!("the built-in check `{id}` is set twice"))
                    .with_help("write it once"),
            );
        }
    }
    for (item, mutation) in &items.mutations {
        let resolved = super::change::mutation(world, items, item, mutation, dropped, diagnostics);
        out.mutations.extend(resolved.filter(|mutation| !left_out.contains(&mutation.head.id)));
    }
    for (item, generation) in &items.generations {
        let resolved = super::change::generation(world, items, item, generation, dropped, diagnostics);
        out.generations.extend(resolved.filter(|generation| !left_out.contains(&generation.head.id)));
    }
    for (item, exempt) in &items.exempts {
        out.exemptions.extend(self::exempt(world, packs, items, item, exempt, diagnostics));
    }
    for test in &items.tests {
        let Some(rule) = tested(items, packs, &test.name, diagnostics) else { continue };
        for case in &test.cases {
            let tested = packs.get(rule.split('/').next().unwrap_or_default()).unwrap_or(items);
            let is_rule = tested.rules.iter().any(|(_, other)| rule.ends_with(&format!("/{}", other.name.node)));
            let resolved = self::case(world, items, tested, &rule, is_rule, case, dropped, diagnostics);
            out.tests.extend(resolved.filter(|_| !left_out.contains(&rule)));
        }
    }
}

const LEVELS: &[(&str, Option<Level>)] = &[
    ("privileged", Some(Level::Privileged)),
    ("baseline", Some(Level::Baseline)),
    ("restricted", Some(Level::Restricted)),
    ("derived", None),
];

#[derive(Debug, Clone, Copy)]
enum Mode {
    Enforce,
    Audit,
    Warn,
}

const MODES: &[(&str, Mode)] = &[("enforce", Mode::Enforce), ("audit", Mode::Audit), ("warn", Mode::Warn)];

fn levels(pairs: &[(Name, Name)], diagnostics: &mut Vec<Diagnostic>) -> Levels {
    let mut out = Levels::default();
    for (mode, level) in pairs {
        let found = word(level, "level", LEVELS, diagnostics);
        if let Some(None) = found {
            diagnostics.push(
                Diagnostic::error(&codes::NOT_YET, level.span, "the level `derived` is not carried yet")
                    .with_help("write `privileged`, `baseline` or `restricted`"),
            );
        }
        let Some(mode_found) = word(mode, "mode", MODES, diagnostics) else { continue };
        let place = match mode_found {
            Mode::Enforce => &mut out.enforce,
            Mode::Audit => &mut out.audit,
            Mode::Warn => &mut out.warn,
        };
        if place.is_some() {
            diagnostics.push(
                Diagnostic::error(&codes::DUPLICATE_NAME, mode.span, format!("`{}` is given twice", mode.node)).with_help("give it once"),
            );
        }
        *place = found.flatten();
    }
    out
}

fn pod_security(block: &ast::PodSecurity, span: Span, diagnostics: &mut Vec<Diagnostic>) -> PodSecurity {
    let mut out = PodSecurity { span, ..PodSecurity::default() };
    let mut default_seen = false;
    for line in &block.lines {
        match line {
            PodSecurityLine::Default(pairs) => {
                if default_seen && let Some((mode, _)) = pairs.first() {
                    diagnostics
                        .push(Diagnostic::error(&codes::DUPLICATE_NAME, mode.span, "`default` is given twice").with_help("write it once"));
                }
                default_seen = true;
                out.default = levels(pairs, diagnostics);
            }
            PodSecurityLine::Namespaces(names, pairs) => {
                let levels = levels(pairs, diagnostics);
                for name in names {
                    if out.namespaces.insert(name.node.clone(), levels.clone()).is_some() {
                        diagnostics.push(
                            Diagnostic::error(&codes::DUPLICATE_NAME, name.span, format!("the namespace `{}` is given twice", name.node))
                                .with_help("write one line for it"),
                        );
                    }
                }
            }
            PodSecurityLine::Version(version) => {
                if super::expr::minor_of(&version.node).is_none() {
                    diagnostics.push(
                        Diagnostic::error(&codes::BAD_LITERAL, version.span, format!("`{}` is not a version of Kubernetes", version.node))
                            .with_help("write `v1.N` or `latest`"),
                    );
                }
                out.version = Some(version.node.clone());
            }
            PodSecurityLine::Exempt(who, names) => {
                let known = [("namespaces", 0_u8), ("users", 1), ("usernames", 1), ("runtimeClasses", 2)];
                let place = match word(who, "exemption", &known, diagnostics) {
                    Some(0) => &mut out.exempt_namespaces,
                    Some(1) => &mut out.exempt_usernames,
                    Some(_) => &mut out.exempt_runtime_classes,
                    None => continue,
                };
                place.extend(names.iter().map(|name| name.node.clone()));
            }
        }
    }
    out
}

fn builtin(world: &World<'_>, builtin: &ast::Builtin, diagnostics: &mut Vec<Diagnostic>) -> Option<(String, Severity)> {
    let known = &world.options.builtins;
    let name = &builtin.name;
    if !known.is_empty() && !known.contains(&name.node) {
        let help = match nearest(&name.node, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", known.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        };
        diagnostics
            .push(Diagnostic::error(&codes::UNKNOWN_NAME, name.span, format!("unknown built-in check `{}`", name.node)).with_help(help));
        return None;
    }
    let mut severity = None;
    for clause in &builtin.clauses {
        if let Clause::Severity(name) = clause {
            severity = word(name, "severity", SEVERITIES, diagnostics);
        } else {
            diagnostics.push(
                Diagnostic::error(&codes::MISPLACED, name.span, "a `builtin` has a `severity` only").with_help("remove the other clauses"),
            );
        }
    }
    Some((name.node.clone(), severity?))
}

/// Whether a text is a day of the calendar, `YYYY-MM-DD`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |part: &str, len: usize| if part.len() == len { part.parse::<u32>().ok() } else { None };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else { return false };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

fn exempt<'a>(
    world: &World<'_>,
    packs: &BTreeMap<String, PackItems<'a>>,
    items: &PackItems<'a>,
    item: &ast::Item,
    exempt: &ast::Exempt,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Exemption> {
    let rules: Option<Vec<String>> = exempt.rules.iter().map(|rule| tested(items, packs, rule, diagnostics)).collect();
    for (who, _) in &exempt.whom {
        word(who, "exemption", &[("namespaces", ()), ("users", ()), ("groups", ()), ("runtimeClasses", ())], diagnostics);
    }
    let until = &exempt.until;
    if !is_date(&until.node) {
        diagnostics.push(
            Diagnostic::error(&codes::BAD_LITERAL, until.span, format!("`{}` is not a day", until.node))
                .with_help("write it as `2027-03-01`"),
        );
    } else if world.options.today.as_ref().is_some_and(|today| until.node < *today) {
        diagnostics.push(
            Diagnostic::error(&codes::EXPIRED, until.span, format!("the exemption ended on `{}`", until.node))
                .with_help("remove it, or give it a new end and say why"),
        );
    }
    if exempt.because.node.trim().is_empty() {
        diagnostics.push(
            Diagnostic::error(&codes::BLANK_MESSAGE, exempt.because.span, "the exemption gives no reason")
                .with_help("say why after `because`"),
        );
    }
    let names = |names: &[Name]| names.iter().map(|name| name.node.clone()).collect();
    Some(Exemption {
        rules: rules?,
        whom: exempt.whom.iter().map(|(who, of)| (who.node.clone(), names(of))).collect(),
        until: until.node.clone(),
        because: exempt.because.node.clone(),
        doc: item.doc.clone(),
        span: item.span,
    })
}

/// The exemptions that packs state, by `pack/rule`.
pub(super) fn exemptions<'a>(packs: &BTreeMap<String, PackItems<'a>>, order: &[String]) -> BTreeMap<String, Vec<&'a ast::Exempt>> {
    let mut all: BTreeMap<String, Vec<&'a ast::Exempt>> = BTreeMap::new();
    for pack in order.iter().filter_map(|name| packs.get(name)) {
        for (_, exempt) in &pack.exempts {
            for rule in exempt.rules.iter().filter_map(|rule| tested(pack, packs, rule, &mut Vec::new())) {
                all.entry(rule).or_default().push(exempt);
            }
        }
    }
    all
}

/// `pack/rule` of the rule that a name means.
fn tested(
    items: &PackItems<'_>,
    packs: &BTreeMap<String, PackItems<'_>>,
    name: &Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let (pack, rule) = match name.node.split_once('/') {
        Some((pack, rule)) => match packs.get(pack) {
            Some(other) if other.name == items.name || items.uses.iter().any(|used| used.pack.node == other.name) => (other, rule),
            _ => {
                diagnostics.push(
                    Diagnostic::error(&codes::UNKNOWN_PACK, name.span, format!("the pack `{pack}` is not used here"))
                        .with_help(format!("write `use {pack}`")),
                );
                return None;
            }
        },
        None => (items, name.node.as_str()),
    };
    if !pack.has_rule(rule) {
        diagnostics.push(unknown_rule(name, pack));
        return None;
    }
    Some(format!("{}/{rule}", pack.name))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Allow,
    Deny,
    Skip,
    Gives,
}

#[expect(clippy::too_many_arguments, reason = "what a case is read against")]
fn case<'a>(
    world: &'a World<'a>,
    items: &'a PackItems<'a>,
    tested: &'a PackItems<'a>,
    rule: &str,
    is_rule: bool,
    case: &'a Case,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Test> {
    let known = [("allow", Word::Allow), ("deny", Word::Deny), ("skip", Word::Skip), ("gives", Word::Gives)];
    let expect = word(&case.expect, "expectation", &known, diagnostics);
    if let (Some(message), Some(Word::Allow | Word::Skip | Word::Gives)) = (&case.message, expect) {
        diagnostics.push(
            Diagnostic::error(&codes::MISPLACED, message.span, format!("`{}` expects no message", case.expect.node))
                .with_help("remove it, or write `deny`"),
        );
    }
    if expect == Some(Word::Gives) && is_rule {
        diagnostics.push(
            Diagnostic::error(&codes::MISPLACED, case.expect.span, "a rule gives no object").with_help("write `allow`, `deny` or `skip`"),
        );
    }
    let operation = match &case.operation {
        Some(name) => word(name, "operation", OPERATIONS, diagnostics),
        None => Some(Operation::Create),
    };
    let mut values = BTreeMap::new();
    for field in &case.params {
        if !tested.params.contains_key(&field.name.node) {
            let help = match nearest(&field.name.node, tested.params.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "see the params of the pack".to_owned(),
            };
            let message = format!("the pack `{}` has no param `{}`", tested.name, field.name.node);
            diagnostics.push(Diagnostic::error(&codes::UNKNOWN_PARAM, field.name.span, message).with_help(help));
            continue;
        }
        if let Some(value) = params::evaluate(world, items, &field.value, diagnostics).as_ref().and_then(params::report) {
            values.insert(field.name.node.clone(), value);
        }
    }
    if let (Some(Word::Allow | Word::Deny), false) = (expect, is_rule) {
        diagnostics.push(
            Diagnostic::error(&codes::MISPLACED, case.expect.span, "a mutation or generation allows and denies nothing")
                .with_help("write `gives { ... } given { ... }`, or `skip`"),
        );
    }
    let mut given = |of: &'a ast::Given| self::given(world, items, of, dropped, diagnostics);
    let object = given(&case.given);
    let old_object = case.old.as_ref().map(&mut given);
    let namespace_object = case.namespace_object.as_ref().map(&mut given);
    let beside: Vec<Option<Given>> = case.beside.iter().map(&mut given).collect();
    let result = case.result.as_ref().and_then(&mut given);
    let request = case.request.as_ref().map(|of| asked(world, items, of, dropped, diagnostics));
    let expect = match expect? {
        Word::Allow => Expect::Allow,
        Word::Deny => Expect::Deny(case.message.as_ref().map(|message| message.node.clone())),
        Word::Skip => Expect::Skip,
        Word::Gives => Expect::Gives(result?),
    };
    Some(Test {
        rule: rule.to_owned(),
        expect,
        operation: operation?,
        params: values,
        object: object?,
        old_object: match old_object {
            Some(old) => Some(old?),
            None => None,
        },
        namespace_object: match namespace_object {
            Some(namespace) => Some(namespace?),
            None => None,
        },
        request: match request {
            Some(request) => Some(request?),
            None => None,
        },
        beside: beside.into_iter().collect::<Option<_>>()?,
        span: case.span,
    })
}

fn given<'a>(
    world: &'a World<'a>,
    items: &'a PackItems<'a>,
    given: &'a ast::Given,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Given> {
    match given {
        ast::Given::File(path) => Some(Given::File(path.node.clone(), path.span)),
        ast::Given::Object(expr) => {
            let json = json(world, items, expr, dropped, diagnostics)?;
            let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
            match (text("apiVersion"), text("kind")) {
                (Some(api_version), Some(kind)) => {
                    if let Some(removed) = world.schema.removed(&api_version, &kind) {
                        let help = match (removed.replacement, removed.advice) {
                            (Some(replacement), _) => format!("write `{replacement}`"),
                            (None, Some(advice)) => advice.to_owned(),
                            (None, None) => "use another kind".to_owned(),
                        };
                        let message = format!("`{kind}` of `{api_version}` was removed in Kubernetes 1.{}", removed.in_minor);
                        diagnostics.push(Diagnostic::error(&codes::REMOVED_VERSION, expr.span, message).with_help(help));
                        return None;
                    }
                }
                _ => {
                    let start = Span { end: expr.span.start.saturating_add(1), ..expr.span };
                    diagnostics.push(
                        Diagnostic::error(&codes::BAD_LITERAL, start, "the object has no `apiVersion` or no `kind`")
                            .with_help("write both, as in a manifest"),
                    );
                    return None;
                }
            }
            Some(Given::Object(json))
        }
    }
}

/// What is known of a request: fields of it, not an object of a cluster.
fn asked<'a>(
    world: &'a World<'a>,
    items: &'a PackItems<'a>,
    given: &'a ast::Given,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Given> {
    let expr = match given {
        ast::Given::File(path) => return Some(Given::File(path.node.clone(), path.span)),
        ast::Given::Object(expr) => expr,
    };
    if let ExprKind::Object(fields) = &expr.kind {
        let mut known: Vec<&str> =
            super::types::structure(world.schema, super::types::REQUEST).map(|of| of.fields.keys().copied().collect()).unwrap_or_default();
        // Rules do not read it, but it says whose subresource is asked for.
        known.push("resource");
        if let Some(field) = fields.iter().find(|field| !known.contains(&field.name.node.as_str())) {
            let help = match nearest(&field.name.node, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            let message = format!("a request has no field `{}`", field.name.node);
            diagnostics.push(Diagnostic::error(&codes::UNKNOWN_FIELD, field.name.span, message).with_help(help));
            return None;
        }
    }
    json(world, items, expr, dropped, diagnostics).map(Given::Object)
}

/// A constant object as JSON: quantities as numbers where they are plain ones, else as text.
fn json<'a>(
    world: &'a World<'a>,
    items: &'a PackItems<'a>,
    expr: &'a Expr,
    dropped: &mut Dropped,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<serde_json::Value> {
    Some(match &expr.kind {
        ExprKind::Bool(b) => serde_json::Value::from(*b),
        ExprKind::Int(n) => serde_json::Value::from(*n),
        ExprKind::String(text) | ExprKind::Date(text) => serde_json::Value::from(text.as_str()),
        ExprKind::Quantity(text) => {
            // `1.5` is a number in YAML, `500m` is text.
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
            match text.parse::<f64>() {
                Ok(number) if plain => serde_json::Value::from(number),
                _ => serde_json::Value::from(text.as_str()),
            }
        }
        ExprKind::Name(name) if name == "null" => serde_json::Value::Null,
        ExprKind::List(list) => {
            serde_json::Value::Array(list.iter().map(|item| json(world, items, item, dropped, diagnostics)).collect::<Option<_>>()?)
        }
        ExprKind::Object(fields) => {
            let mut map = serde_json::Map::new();
            for field in fields {
                let value = json(world, items, &field.value, dropped, diagnostics);
                if map.insert(field.name.node.clone(), value?).is_some() {
                    diagnostics.push(
                        Diagnostic::error(
                            &codes::DUPLICATE_NAME,
                            field.name.span,
                            format!("the field `{}` is given twice", field.name.node),
                        )
                        .with_help("remove one of them"),
                    );
                }
            }
            serde_json::Value::Object(map)
        }
        ExprKind::Regex(_)
        | ExprKind::Version(_)
        | ExprKind::Name(_)
        | ExprKind::Field(..)
        | ExprKind::Star(_)
        | ExprKind::Index(..)
        | ExprKind::Call(..)
        | ExprKind::Not(_)
        | ExprKind::Exists(_)
        | ExprKind::Declared(_)
        | ExprKind::Unchanged(_)
        | ExprKind::Binary(..)
        | ExprKind::Quantifier { .. }
        | ExprKind::If(..) => {
            let mut context = Context::new(world, items);
            context.constant = Some("the objects of tests are constants");
            let term = context.expr(expr);
            dropped.used_items.append(&mut context.used_items);
            diagnostics.append(&mut context.diagnostics);
            match term.as_ref().map(params::report)? {
                Some(constant) => constant.to_json(),
                None => {
                    diagnostics.push(
                        Diagnostic::error(&codes::NOT_CONSTANT, expr.span, "this is not known when compiling")
                            .with_help("the objects of tests are constants"),
                    );
                    return None;
                }
            }
        }
    })
}
