//! Params: their types and values.

use super::context::Context;
use super::expr::{NEWEST_MINOR, constant, minor_of};
use super::types::{Term, Typed};
use super::{PackItems, Setting, World};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::ir::{Const, Quantity, Ty, Value};
use crate::syntax::ast::{Expr, Type};
use std::collections::{BTreeMap, BTreeSet};

const TYPES: &[&str] = &["string", "int", "bool", "quantity", "version", "list", "map", "any"];
const CONSTANT: &str = "params are values that are known when compiling: write a literal";

/// The value as the report shows it.
pub(super) fn report(term: &Term) -> Option<Const> {
    match term {
        Term::Version(minor) => Some(Const::String(format!("v1.{minor}"))),
        Term::Val(Typed { value: Value::Const(value), .. }) => Some(value.clone()),
        _ => None,
    }
}

/// Gives each param of the packs its value; `order` has users before used packs.
pub(super) fn settle(world: &World<'_>, packs: &mut BTreeMap<String, PackItems<'_>>, order: &[String], diagnostics: &mut Vec<Diagnostic>) {
    check_given(world, packs, order, diagnostics);
    // What users say, by pack and param, with the user's name.
    let mut said: BTreeMap<(String, String), (Term, Span)> = BTreeMap::new();
    for name in order {
        let Some(pack) = packs.get(name) else { continue };
        let mut values = BTreeMap::new();
        for (param_name, param) in &pack.params {
            if check_type(&param.ty, diagnostics).is_none() {
                values.insert(param_name.clone(), None);
                continue;
            }
            let key = format!("{name}.{param_name}");
            let text = world.options.params.get(&key).or_else(|| world.options.params.get(param_name));
            let value = if let Some(value) = world.options.values.get(&key) {
                read_const(value.clone(), &param.ty)
                    .map_err(|wanted| bad(param_name, &format!("{value:?}"), &wanted, None))
                    .map_err(|diagnostic| diagnostics.push(diagnostic))
                    .ok()
            } else if let Some(text) = text {
                read_text(text, &param.ty)
                    .map_err(|wanted| bad(param_name, text, &wanted, None))
                    .map_err(|diagnostic| diagnostics.push(diagnostic))
                    .ok()
            } else if let Some(setting) = world.options.setting(name, param_name).filter(|_| !world.options.defaults_first) {
                read_setting(world, param_name, setting, &param.ty, diagnostics)
            } else if let Some((term, span)) = said.get(&(name.clone(), param_name.clone())) {
                fit(term.clone(), &param.ty)
                    .map_err(|wanted| bad(param_name, world.sources.text(*span), &wanted, Some(*span)))
                    .map_err(|diagnostic| diagnostics.push(diagnostic))
                    .ok()
            } else if let Some(default) = &param.default {
                let empty = PackItems::default();
                evaluate(world, &empty, default, diagnostics).and_then(|term| {
                    fit(term, &param.ty)
                        .map_err(|wanted| bad(param_name, world.sources.text(default.span), &wanted, Some(default.span)))
                        .map_err(|diagnostic| diagnostics.push(diagnostic))
                        .ok()
                })
            } else if let Some(setting) = world.options.setting(name, param_name) {
                read_setting(world, param_name, setting, &param.ty, diagnostics)
            } else {
                diagnostics.push(
                    Diagnostic::error(&codes::MISSING_PARAM, param.name.span, format!("the param `{param_name}` has no value"))
                        .with_help(format!("give it with `--param {key}=...`, or give it a default")),
                );
                None
            };
            values.insert(param_name.clone(), value);
        }
        let mut settled = pack.clone();
        settled.values = values;
        for used in &settled.uses {
            let Some(other) = packs.get(&used.pack.node) else { continue };
            for field in &used.params {
                if !other.params.contains_key(&field.name.node) {
                    let help = match nearest(&field.name.node, other.params.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "see the params of the pack".to_owned(),
                    };
                    let message = format!("the pack `{}` has no param `{}`", other.name, field.name.node);
                    diagnostics.push(Diagnostic::error(&codes::UNKNOWN_PARAM, field.name.span, message).with_help(help));
                    continue;
                }
                let Some(term) = evaluate(world, &settled, &field.value, diagnostics) else { continue };
                let key = (used.pack.node.clone(), field.name.node.clone());
                match said.get(&key) {
                    Some((first, span)) if report(first) != report(&term) => diagnostics.push(
                        Diagnostic::error(
                            &codes::BAD_PARAM,
                            field.value.span,
                            format!("the param `{}` of `{}` is given two values", field.name.node, used.pack.node),
                        )
                        .with_label(*span, "the other value")
                        .with_help("a pack is compiled once: let both users give the same value"),
                    ),
                    _ => {
                        said.insert(key, (term, field.value.span));
                    }
                }
            }
        }
        if let Some(pack) = packs.get_mut(name) {
            pack.values = settled.values;
        }
    }
}

fn read_setting(world: &World<'_>, param: &str, setting: &Setting, ty: &Type, diagnostics: &mut Vec<Diagnostic>) -> Option<Term> {
    let value = json_const(&setting.value, ty).ok_or_else(|| wanted(ty)).and_then(|value| read_const(value, ty));
    let text = || match world.sources.text(setting.value_span) {
        text if setting.value.is_object() || text.is_empty() => setting.value.to_string(),
        text => text.to_owned(),
    };
    value.map_err(|wanted| diagnostics.push(bad(param, &text(), &wanted, Some(setting.value_span)))).ok()
}

/// Every `--param` has to reach a param, and every param that the configuration names.
fn check_given(world: &World<'_>, packs: &BTreeMap<String, PackItems<'_>>, order: &[String], diagnostics: &mut Vec<Diagnostic>) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for pack in order.iter().filter_map(|name| packs.get(name)) {
        for param in pack.params.keys() {
            known.insert(param.clone());
            known.insert(format!("{}.{param}", pack.name));
        }
    }
    let settings = world.options.settings.iter().flatten().filter(|_| !world.options.part);
    let named = settings.map(|(name, setting)| (name, Some(setting.name_span)));
    for (name, span) in world.options.params.keys().chain(world.options.values.keys()).map(|name| (name, None)).chain(named) {
        if !known.contains(name) {
            let help = match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "the packs have no params".to_owned(),
                None => "see the params of the packs".to_owned(),
            };
            let mut diagnostic =
                Diagnostic::error(&codes::UNKNOWN_PARAM, span.unwrap_or_default(), format!("no pack has a param `{name}`")).with_help(help);
            if span.is_none() {
                diagnostic.labels.clear();
            }
            diagnostics.push(diagnostic);
        }
    }
}

fn bad(name: &str, text: &str, wanted: &str, span: Option<Span>) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(&codes::BAD_PARAM, span.unwrap_or_default(), format!("`{text}` is no value for the param `{name}`"))
            .with_help(format!("it has to be {wanted}"));
    if span.is_none() {
        diagnostic.labels.clear();
    }
    diagnostic
}

/// A constant expression.
pub(super) fn evaluate<'a>(
    world: &'a World<'a>,
    pack: &'a PackItems<'a>,
    expr: &'a Expr,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Term> {
    let mut context = Context::new(world, pack);
    context.constant = Some(CONSTANT);
    let term = context.expr(expr);
    diagnostics.append(&mut context.diagnostics);
    let term = match term? {
        Term::Cond(crate::ir::Cond::Const(b)) => constant(Const::Bool(b)),
        term => term,
    };
    if report(&term).is_none() {
        diagnostics.push(
            Diagnostic::error(&codes::NOT_CONSTANT, expr.span, format!("`{}` is not known when compiling", world.sources.text(expr.span)))
                .with_help(CONSTANT),
        );
        return None;
    }
    Some(term)
}

/// Whether a param may have this type.
fn check_type(ty: &Type, diagnostics: &mut Vec<Diagnostic>) -> Option<()> {
    let Type::Named { name, args } = ty else { return Some(()) };
    let wanted = match name.node.as_str() {
        "list" => 1,
        "map" => 2,
        word if TYPES.contains(&word) => 0,
        word => {
            let help = match nearest(word, TYPES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is one of {}", TYPES.iter().map(|ty| format!("`{ty}`")).collect::<Vec<_>>().join(", ")),
            };
            diagnostics.push(Diagnostic::error(&codes::WRONG_TYPE, name.span, format!("unknown type `{word}`")).with_help(help));
            return None;
        }
    };
    if args.len() != wanted {
        let help = match wanted {
            1 => "write `list<string>`",
            2 => "write `map<string, string>`",
            _ => "leave `< >` out",
        };
        diagnostics.push(
            Diagnostic::error(
                &codes::WRONG_TYPE,
                name.span,
                format!("`{}` takes {wanted} type{}, not {}", name.node, if wanted == 1 { "" } else { "s" }, args.len()),
            )
            .with_help(help),
        );
        return None;
    }
    args.iter().try_for_each(|arg| check_type(arg, diagnostics))
}

/// What a type wants, for messages.
fn wanted(ty: &Type) -> String {
    match ty {
        Type::Enum { values, .. } => {
            format!("one of {}", values.iter().map(|value| format!("`\"{}\"`", value.node)).collect::<Vec<_>>().join(", "))
        }
        Type::Named { name, args } => match (name.node.as_str(), args.as_slice()) {
            ("string", _) => "a string".to_owned(),
            ("int", _) => "a whole number".to_owned(),
            ("bool", _) => "`true` or `false`".to_owned(),
            ("quantity", _) => "a quantity, such as `500m`".to_owned(),
            ("version", _) => format!("a version `v1.0` to `v1.{NEWEST_MINOR}`, or `latest`"),
            ("list", [inner]) => format!("a list, each element {}", wanted(inner)),
            ("map", [_, inner]) => format!("an object, each value {}", wanted(inner)),
            _ => "a value".to_owned(),
        },
    }
}

/// A value as one of the type; else what the type wants.
fn fit(term: Term, ty: &Type) -> Result<Term, String> {
    match (term, ty) {
        (Term::Version(minor), Type::Named { name, .. }) if name.node == "version" => Ok(Term::Version(minor)),
        (Term::Val(Typed { value: Value::Const(value), .. }), ty) => read_const(value, ty),
        _ => Err(wanted(ty)),
    }
}

fn read_const(value: Const, ty: &Type) -> Result<Term, String> {
    if let (Const::String(text), Type::Named { name, .. }) = (&value, ty)
        && name.node == "version"
    {
        return minor_of(text).map(Term::Version).ok_or_else(|| wanted(ty));
    }
    let value = fit_const(value, ty).ok_or_else(|| wanted(ty))?;
    Ok(match (constant(value), ty_of(ty)) {
        (Term::Val(typed), Some(ty)) => Term::Val(Typed { ty, ..typed }),
        (term, _) => term,
    })
}

/// The type that an empty list or map has nevertheless; none for the others.
fn ty_of(ty: &Type) -> Option<Ty> {
    match ty {
        Type::Enum { .. } => Some(Ty::String),
        Type::Named { name, args } => match (name.node.as_str(), args.as_slice()) {
            ("string", _) => Some(Ty::String),
            ("int", _) => Some(Ty::Int),
            ("bool", _) => Some(Ty::Bool),
            ("quantity", _) => Some(Ty::Quantity),
            ("list", [inner]) => Some(Ty::List(Box::new(ty_of(inner)?))),
            ("map", [_, inner]) => Some(Ty::Map(Box::new(ty_of(inner)?))),
            _ => None,
        },
    }
}

fn fit_const(value: Const, ty: &Type) -> Option<Const> {
    match ty {
        Type::Enum { values, .. } => match value {
            Const::String(text) if values.iter().any(|value| value.node == text) => Some(Const::String(text)),
            _ => None,
        },
        Type::Named { name, args } => match (name.node.as_str(), args.as_slice(), value) {
            ("any", _, value) => Some(value),
            ("string", _, Const::String(text)) => Some(Const::String(text)),
            ("int", _, Const::Int(n)) => Some(Const::Int(n)),
            ("bool", _, Const::Bool(b)) => Some(Const::Bool(b)),
            ("quantity", _, Const::Quantity(quantity)) => Some(Const::Quantity(quantity)),
            ("quantity", _, Const::Int(n)) => Quantity::from_units(n).map(Const::Quantity),
            ("list", [inner], Const::List(items)) => {
                items.into_iter().map(|item| fit_const(item, inner)).collect::<Option<_>>().map(Const::List)
            }
            ("map", [_, inner], Const::Object(fields)) => fields
                .into_iter()
                .map(|(key, value)| fit_const(value, inner).map(|value| (key, value)))
                .collect::<Option<_>>()
                .map(Const::Object),
            _ => None,
        },
    }
}

/// The text of `--param`, by the type.
fn read_text(text: &str, ty: &Type) -> Result<Term, String> {
    if let Type::Named { name, .. } = ty
        && name.node == "version"
    {
        return minor_of(text.trim()).map(Term::Version).ok_or_else(|| wanted(ty));
    }
    let value = text_const(text, ty).ok_or_else(|| wanted(ty))?;
    read_const(value, ty)
}

fn text_const(text: &str, ty: &Type) -> Option<Const> {
    let Type::Named { name, args } = ty else { return Some(Const::String(text.to_owned())) };
    match (name.node.as_str(), args.as_slice()) {
        ("string", _) => Some(Const::String(text.to_owned())),
        ("int", _) => text.trim().parse().ok().map(Const::Int),
        ("bool", _) => text.trim().parse().ok().map(Const::Bool),
        ("quantity", _) => Quantity::parse(text.trim()).map(Const::Quantity),
        ("list", [inner]) => {
            if text.trim_start().starts_with('[') {
                return json_const(&serde_json::from_str(text).ok()?, ty);
            }
            if text.trim().is_empty() {
                return Some(Const::List(Vec::new()));
            }
            text.split(',').map(|item| text_const(item.trim(), inner)).collect::<Option<_>>().map(Const::List)
        }
        _ => match serde_json::from_str(text) {
            Ok(json) => json_const(&json, ty),
            Err(_) => None,
        },
    }
}

fn json_const(json: &serde_json::Value, ty: &Type) -> Option<Const> {
    let word = if let Type::Named { name, .. } = ty { name.node.as_str() } else { "" };
    let inner = |index: usize| match ty {
        Type::Named { args, .. } => args.get(index).unwrap_or(ty),
        Type::Enum { .. } => ty,
    };
    Some(match json {
        serde_json::Value::Bool(b) => Const::Bool(*b),
        serde_json::Value::Number(number) if word == "quantity" => Const::Quantity(Quantity::parse(&number.to_string())?),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(n) => Const::Int(n),
            None => Const::Quantity(Quantity::parse(&number.to_string())?),
        },
        serde_json::Value::String(text) if word == "quantity" => Const::Quantity(Quantity::parse(text)?),
        serde_json::Value::String(text) => Const::String(text.clone()),
        serde_json::Value::Array(items) => Const::List(items.iter().map(|item| json_const(item, inner(0))).collect::<Option<_>>()?),
        serde_json::Value::Object(map) => Const::Object(
            map.iter().map(|(key, value)| json_const(value, inner(1)).map(|value| (key.clone(), value))).collect::<Option<_>>()?,
        ),
        serde_json::Value::Null => return None,
    })
}
