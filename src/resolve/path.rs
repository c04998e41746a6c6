//! Paths: fields, keys, `[*]`, presence and the API server's defaults.

use super::context::Context;
use super::expr::{const_of, constant};
use super::fold;
use super::types::{
    CONTAINER, EPHEMERAL, Flavour, ListPart, POD, POD_SPEC, POD_TEMPLATE, Part, Step, Term, Typed, describe, join, request_part, short,
    ty_of,
};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Span, nearest};
use crate::ir::walk::{self, Node};
use crate::ir::{Cond, Const, Function, Order, Presence, Root, Ty, Value};
use crate::schema::{Default, Field, SpecialDefault, Test};
use std::sync::Arc;

/// What no target can say: a cluster shows no object before its defaults.
const DECLARED: &str = "`declared` of a field that the API server fills in";

/// How far value structs within value structs are looked into for `exists`.
const MAX_HOLLOW: u32 = 6;

const POD_VIEWS: &[&str] = &["allContainers", "containers", "sidecars", "securityContexts", "volumeNames"];
const CONTAINER_VIEWS: &[&str] = &["probes", "handlers"];

impl Context<'_> {
    /// `of.name`
    pub fn field(&mut self, of: Term, name: &str, at: Span, span: Span) -> Option<Term> {
        match of {
            Term::Val(typed) => self.field_of_value(typed, name, at, span),
            Term::Element(typed, extra) => {
                if let Some((_, term)) = extra.iter().find(|(own, _)| *own == name) {
                    return Some(term.clone());
                }
                if matches!(typed.ty, Ty::Struct(_)) && self.lookup(&typed.ty, name).is_none() {
                    let own: Vec<&str> = extra.iter().map(|(own, _)| *own).collect();
                    return self.unknown_field(&typed.ty, name, at, &own);
                }
                self.field_of_value(*typed, name, at, span)
            }
            Term::Star(parts) => Some(Term::Star(parts.into_iter().map(|part| then(part, Step::Field(name.to_owned(), at))).collect())),
            Term::Record(fields) => match fields.iter().find(|(own, _)| own == name) {
                Some((_, term)) => Some(term.clone()),
                None => {
                    let near = nearest(name, fields.iter().map(|(own, _)| own.as_str())).map(str::to_owned);
                    self.no_field("the object literal", name, at, near)
                }
            },
            Term::Image(image) => {
                let function = match name {
                    "registry" => Function::ImageRegistry,
                    "repository" => Function::ImageRepository,
                    "tag" => Function::ImageTag,
                    "digest" => Function::ImageDigest,
                    _ => {
                        let near = nearest(name, ["registry", "repository", "tag", "digest"]).map(str::to_owned);
                        return self.no_field("an image", name, at, near);
                    }
                };
                Some(Term::Val(Typed { path: Some(span), ..Typed::new(Value::Call(function, vec![image.value]), Ty::String) }))
            }
            other @ (Term::Cond(_) | Term::Seq(_) | Term::Version(_) | Term::Regex(_) | Term::Date(_)) => {
                let what = self.describe_term(&other);
                let help = if matches!(other, Term::Seq(_)) {
                    format!("say which elements: `any x in ...: x.{name}`, or all of them with `[*].{name}`")
                } else {
                    "only objects have fields".to_owned()
                };
                self.error(&codes::UNKNOWN_FIELD, at, format!("{what} has no field `{name}`"), help)
            }
        }
    }

    fn no_field<T>(&mut self, what: &str, name: &str, at: Span, near: Option<String>) -> Option<T> {
        let help = near.map_or_else(|| "check the spelling".to_owned(), |near| format!("did you mean `{near}`?"));
        self.error(&codes::UNKNOWN_FIELD, at, format!("{what} has no field `{name}`"), help)
    }

    fn field_of_value(&mut self, typed: Typed, name: &str, at: Span, span: Span) -> Option<Term> {
        let spaces = self.kinds.iter().any(|kind| kind.group.is_empty() && kind.kind == "Namespace");
        if name == "namespace" && spaces && matches!(typed.value, Value::Root(Root::Request)) {
            // The API server gives a Namespace itself as the namespace of some requests about it, and none of others.
            return self.error(
                &codes::NOT_AVAILABLE,
                at,
                "`request.namespace` of a Namespace is not always told",
                "read `object.metadata.name`, or do not match Namespace",
            );
        }
        if let Value::Const(Const::Object(fields)) = &typed.value
            && let Some((_, value)) = fields.iter().find(|(own, _)| own == name)
        {
            return Some(constant(value.clone()));
        }
        match &typed.ty {
            Ty::Struct(_) => self.field_of_struct(typed, name, at, span),
            Ty::Record(fields) => match fields.get(name) {
                Some(ty) if matches!(typed.value, Value::Const(_)) => Some(Term::Val(Typed::new(fold::absent(), ty.clone()))),
                Some(ty) => {
                    let ty = ty.clone();
                    let value = Value::Field {
                        of: Box::new(typed.value),
                        name: name.to_owned(),
                        presence: Presence::Written,
                        default: None,
                        ty: ty.clone(),
                    };
                    Some(Term::Val(Typed::new(value, ty)))
                }
                None => {
                    let near = nearest(name, fields.keys().map(String::as_str)).map(str::to_owned);
                    self.no_field("the object literal", name, at, near)
                }
            },
            Ty::List(_) => self.error(
                &codes::UNKNOWN_FIELD,
                at,
                format!("`{}` is a list, which has no field `{name}`", self.text(before(span, at))),
                format!("say which elements: `any x in ...: x.{name}`, or all of them with `[*].{name}`"),
            ),
            Ty::Map(_) => self.error(
                &codes::UNKNOWN_FIELD,
                at,
                format!("`{}` is a map, which has no field `{name}`", self.text(before(span, at))),
                format!("write the key in brackets: `[\"{name}\"]`"),
            ),
            Ty::Any => {
                if fold::is_absent(&typed.value) {
                    return Some(Term::Val(typed));
                }
                self.error(
                    &codes::UNKNOWN_FIELD,
                    at,
                    format!("`{}` is free-form JSON, of which no field can be read", self.text(before(span, at))),
                    "the schema does not say what is in it",
                )
            }
            Ty::Bool | Ty::Int | Ty::Quantity | Ty::String | Ty::IntOrString => {
                let what = describe(&typed.ty);
                self.error(&codes::UNKNOWN_FIELD, at, format!("{what} has no field `{name}`"), "only objects have fields")
            }
        }
    }

    fn struct_names(&self, ty: &Ty) -> Arc<[String]> {
        match ty {
            Ty::Struct(names) => Arc::clone(names),
            _ => Arc::default(),
        }
    }

    /// A field of the first of the types.
    fn lookup(&self, ty: &Ty, name: &str) -> Option<&'static Field> {
        let Ty::Struct(names) = ty else { return None };
        self.structure(names.first()?)?.fields.get(name)
    }

    fn unknown_field<T>(&mut self, ty: &Ty, name: &str, at: Span, own: &[&str]) -> Option<T> {
        let names = self.struct_names(ty);
        let mut known: Vec<&str> = own.to_vec();
        for structure in names.iter().filter_map(|name| self.structure(name)) {
            known.extend(structure.fields.keys().copied());
        }
        if let Some(first) = names.first() {
            if first == POD || first == POD_TEMPLATE {
                known.extend(POD_VIEWS);
            } else if first == CONTAINER || first == EPHEMERAL {
                known.extend(CONTAINER_VIEWS);
            }
        } else {
            known.extend(["apiVersion", "kind", "metadata"]);
        }
        let near = nearest(name, known.iter().copied()).map(str::to_owned);
        let what = describe(ty);
        if near.is_none() && names.iter().any(|name| self.structure(name).is_some_and(|structure| structure.open)) {
            let message = format!("{what} may hold `{name}`, but its schema does not describe it");
            return self.error(&codes::UNKNOWN_FIELD, at, message, "describe it in the CustomResourceDefinition to read it");
        }
        match near {
            None if !known.is_empty() && known.len() <= 12 => {
                known.sort_unstable();
                let list = known.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
                self.error(&codes::UNKNOWN_FIELD, at, format!("{what} has no field `{name}`"), format!("it has {list}"))
            }
            near => self.no_field(&what, name, at, near),
        }
    }

    fn field_of_struct(&mut self, typed: Typed, name: &str, at: Span, span: Span) -> Option<Term> {
        let names = self.struct_names(&typed.ty);
        if names.is_empty() {
            return self.field_of_any_kind(typed, name, at, span);
        }
        if let Some(view) = self.view(&typed, &names, name, at, span)? {
            return Some(view);
        }
        let mut found: Option<(&'static Field, Ty, &str)> = None;
        for structure_name in names.iter() {
            let Some(field) = self.structure(structure_name).and_then(|structure| structure.fields.get(name)) else {
                if let Some((_, _, has)) = &found {
                    let message = format!("`{name}` is a field of {} and not of {}", short(has), short(structure_name));
                    return self.error(
                        &codes::KINDS_DIFFER,
                        at,
                        message,
                        "a rule over several kinds reads what they all have: write one rule for each",
                    );
                }
                if let Some(has) = names.iter().find(|other| self.structure(other).is_some_and(|other| other.fields.contains_key(name))) {
                    let message = format!("`{name}` is a field of {} and not of {}", short(has), short(structure_name));
                    return self.error(
                        &codes::KINDS_DIFFER,
                        at,
                        message,
                        "a rule over several kinds reads what they all have: write one rule for each",
                    );
                }
                return self.unknown_field(&typed.ty, name, at, &[]);
            };
            let ty = request_part(structure_name, name).unwrap_or_else(|| ty_of(&field.ty));
            found = Some(match found {
                None => (field, ty, structure_name),
                Some((first, sofar, has)) => {
                    if first.default != field.default || first.presence != field.presence || first.value_struct != field.value_struct {
                        if let Flavour::Mixed(slot) = typed.flavour {
                            self.split.insert(slot);
                        } else {
                            let message = format!("`{name}` has other defaults in {} than in {}", short(has), short(structure_name));
                            return self.error(&codes::KINDS_DIFFER, at, message, "write one rule for each kind");
                        }
                    }
                    match join_fields(&sofar, &ty) {
                        Some(ty) => (first, ty, has),
                        None => {
                            let message = format!(
                                "`{name}` is {} in {} and {} in {}",
                                describe(&sofar),
                                short(has),
                                describe(&ty),
                                short(structure_name)
                            );
                            return self.error(&codes::KINDS_DIFFER, at, message, "write one rule for each kind");
                        }
                    }
                }
            });
        }
        let (field, ty, _) = found?;
        if let Some(why) = field.unreadable {
            let message = format!("`{name}` of {} cannot be read: {why}", describe(&typed.ty));
            return self.error(&codes::UNREADABLE_FIELD, at, message, "judge another field, or change the CustomResourceDefinition");
        }
        self.build_field(typed, name, field, ty, at, span)
    }

    /// Whether one of the kinds has a subresource for its replicas.
    fn can_be_scaled(&self) -> bool {
        self.kinds.iter().any(|kind| {
            let info = self.world.schema.by_gvk(&kind.api_version(), &kind.kind);
            info.is_none_or(|info| !info.custom || info.subresources.iter().any(|known| known.name == "scale"))
        })
    }

    fn field_of_any_kind(&mut self, typed: Typed, name: &str, at: Span, span: Span) -> Option<Term> {
        let ty = match name {
            "apiVersion" | "kind" => Ty::String,
            "metadata" => Context::object_meta(),
            _ => {
                return self.error(
                    &codes::KINDS_DIFFER,
                    at,
                    format!("`{name}` is not a field of every kind"),
                    "of `any` kind only `apiVersion`, `kind` and `metadata` can be read",
                );
            }
        };
        let hollow = u32::from(name == "metadata");
        let value =
            Value::Field { of: Box::new(typed.value), name: name.to_owned(), presence: Presence::Written, default: None, ty: ty.clone() };
        Some(Term::Val(Typed { path: Some(span), hollow, required: true, ..Typed::new(value, ty) }))
    }

    fn build_field(&mut self, typed: Typed, name: &str, field: &'static Field, ty: Ty, at: Span, span: Span) -> Option<Term> {
        self.charge(1, at)?;
        if name == "replicas"
            && self.can_be_scaled()
            && matches!(&typed.value, Value::Field { of, name, .. } if name == "spec" && matches!(**of, Value::Root(Root::Object)))
        {
            self.replicas_read.get_or_insert(span);
        }
        let mut limits = None;
        let default = match &field.default {
            Some(_) if self.declared => {
                self.note(DECLARED, span);
                None
            }
            Some(Default::Special(SpecialDefault::RequestFromLimit)) => {
                limits = self.limits(&typed, at)?;
                None
            }
            Some(default) => self.default_value(default, &typed, at)?,
            None if name == "namespace" => {
                let default = self.namespace_default(&typed.value);
                if self.declared && default.is_some() {
                    self.note(DECLARED, span);
                }
                default.filter(|_| !self.declared)
            }
            None => None,
        };
        let mut of = typed.value;
        if default.is_none() && !field.value_struct {
            strip(&mut of);
        }
        let flavour = match (name, &typed.ty) {
            ("containers" | "initContainers", Ty::Struct(names)) if names.iter().any(|name| name == POD_SPEC) => {
                Flavour::Regular(Box::new(of.clone()))
            }
            _ => typed.flavour,
        };
        let hollow = if field.value_struct { typed.hollow.saturating_add(1) } else { 0 };
        let value = Value::Field {
            of: Box::new(of),
            name: name.to_owned(),
            presence: field.presence,
            default: default.map(Box::new),
            ty: ty.clone(),
        };
        Some(Term::Val(Typed { value, ty, path: Some(span), flavour, values: field.values, hollow, limits, required: field.required }))
    }

    /// The namespace `default` of an object that lives in one and does not say in which.
    fn namespace_default(&self, of: &Value) -> Option<Value> {
        let Value::Field { of, name, .. } = of else { return None };
        if name != "metadata" {
            return None;
        }
        let condition = match **of {
            Value::Root(Root::Object | Root::OldObject) => self.is_namespaced(),
            Value::Root(Root::Pod) => self.is_pod(),
            _ => return None,
        };
        let default = fold::if_value(condition, text("default"), fold::absent());
        (!fold::is_absent(&default)).then_some(default)
    }

    fn sibling(&mut self, typed: &Typed, name: &str, at: Span) -> Option<Value> {
        self.charge(walk::size(Node::Value(&typed.value)), at)?;
        let declared = self.declared;
        let term = self.field_of_struct(typed.clone(), name, at, at);
        self.declared = declared;
        match term? {
            Term::Val(typed) => Some(typed.value),
            _ => None,
        }
    }

    /// What the API server fills in; none where it fills in nothing.
    fn default_value(&mut self, default: &'static Default, typed: &Typed, at: Span) -> Option<Option<Value>> {
        let value = match default {
            Default::String(s) | Default::Text(s) => text(s),
            Default::Int(n) => Value::Const(Const::Int(*n)),
            Default::Bool(b) => Value::Const(Const::Bool(*b)),
            Default::Strings(list) => Value::Const(Const::List(list.iter().map(|item| Const::String((*item).to_owned())).collect())),
            Default::Empty => Value::Const(Const::Object(Vec::new())),
            Default::Constant(constant) => Value::Const((*constant).clone()),
            Default::Special(special) => match special {
                SpecialDefault::PullPolicy { image } => {
                    let image = self.sibling(typed, image, at)?;
                    let latest = fold::compare(Order::Eq, Value::Call(Function::ImageTag, vec![image]), text("latest"), Ty::String);
                    fold::if_value(latest, text("Always"), text("IfNotPresent"))
                }
                SpecialDefault::EmptyDirWithoutSource => {
                    let others: Vec<&str> = self.union_of(&typed.ty).into_iter().filter(|name| *name != "emptyDir").collect();
                    let mut without = Vec::new();
                    for other in others {
                        without.push(fold::not(fold::exists(self.sibling(typed, other, at)?)));
                    }
                    fold::if_value(fold::and(without), Value::Const(Const::Object(Vec::new())), fold::absent())
                }
                SpecialDefault::HostPortOfHostNetwork => match typed.flavour.clone() {
                    Flavour::Other => fold::absent(),
                    Flavour::Mixed(slot) => {
                        if !matches!(self.is_pod(), Cond::Const(false)) {
                            self.split.insert(slot);
                        }
                        fold::absent()
                    }
                    Flavour::Regular(spec) => {
                        let spec = Typed::new(*spec, Ty::named(POD_SPEC));
                        let network = self.sibling(&spec, "hostNetwork", at)?;
                        let port = self.sibling(typed, "containerPort", at)?;
                        fold::if_value(fold::and([self.is_pod(), fold::is_true(network)]), port, fold::absent())
                    }
                },
                SpecialDefault::RequestFromLimit => fold::absent(),
                SpecialDefault::Sibling(path) => self.sibling_written(typed, path, at)?,
                SpecialDefault::InKind(kind, inner) => {
                    let condition = self.is_kind(kind);
                    match self.default_value(inner, typed, at)? {
                        Some(value) => fold::if_value(condition, value, fold::absent()),
                        None => fold::absent(),
                    }
                }
                SpecialDefault::When { test, then, otherwise } => {
                    let condition = match test {
                        Test::OneOf(field, among) => {
                            let other = self.sibling(typed, field, at)?;
                            let list = Const::List(among.iter().map(|value| Const::String((*value).to_owned())).collect());
                            match among {
                                [one] => fold::compare(Order::Eq, other, text(one), Ty::String),
                                _ => fold::is_in(other, Value::Const(list), Ty::String),
                            }
                        }
                        Test::Written(field) => fold::exists(self.sibling_written(typed, &[field], at)?),
                        Test::Unwritten(field) => fold::not(fold::exists(self.sibling_written(typed, &[field], at)?)),
                    };
                    let then = self.default_value(then, typed, at)?.unwrap_or_else(fold::absent);
                    let otherwise = match otherwise {
                        Some(otherwise) => self.default_value(otherwise, typed, at)?.unwrap_or_else(fold::absent),
                        None => fold::absent(),
                    };
                    fold::if_value(condition, then, otherwise)
                }
            },
        };
        Some((!fold::is_absent(&value)).then_some(value))
    }

    /// What a path from the same struct holds, without defaults.
    fn sibling_written(&mut self, typed: &Typed, path: &[&str], at: Span) -> Option<Value> {
        self.charge(walk::size(Node::Value(&typed.value)), at)?;
        let before = std::mem::replace(&mut self.declared, true);
        let unlowered = self.unlowered.len();
        let mut term = Some(Term::Val(typed.clone()));
        for name in path {
            term = term.and_then(|term| self.field(term, name, at, at));
        }
        self.declared = before;
        self.unlowered.truncate(unlowered);
        match term? {
            Term::Val(typed) => Some(typed.value),
            _ => None,
        }
    }

    /// The limits that stand in for absent requests.
    fn limits(&mut self, typed: &Typed, at: Span) -> Option<Option<Box<Value>>> {
        match &typed.flavour {
            Flavour::Other => Some(None),
            Flavour::Mixed(slot) => {
                if !matches!(self.is_pod(), Cond::Const(false)) {
                    self.split.insert(*slot);
                }
                Some(None)
            }
            Flavour::Regular(_) => {
                if matches!(self.is_pod(), Cond::Const(false)) {
                    return Some(None);
                }
                Some(Some(Box::new(self.sibling(typed, "limits", at)?)))
            }
        }
    }

    /// The one-of fields of a struct.
    pub fn union_of(&self, ty: &Ty) -> Vec<&'static str> {
        let Ty::Struct(names) = ty else { return Vec::new() };
        names.first().and_then(|name| self.structure(name)).map(|structure| structure.union.to_vec()).unwrap_or_default()
    }

    /// `of[key]`
    pub fn index(&mut self, of: Term, key: Term, of_span: Span, key_span: Span, span: Span) -> Option<Term> {
        let constant_key = match const_of(&key) {
            Some(Const::String(key)) => Some(key.clone()),
            _ => None,
        };
        match of {
            Term::Record(fields) => match constant_key {
                Some(key) => match fields.into_iter().find(|(name, _)| *name == key) {
                    Some((_, term)) => Some(term),
                    None => Some(Term::Val(Typed::new(fold::absent(), Ty::Any))),
                },
                None => self.error(
                    &codes::NOT_CONSTANT,
                    key_span,
                    "a key into an object literal has to be known when compiling",
                    "write the key as a literal",
                ),
            },
            Term::Val(typed) if matches!(typed.value, Value::Const(Const::Object(_))) => match (constant_key, &typed.value) {
                (Some(key), Value::Const(Const::Object(fields))) => match fields.iter().find(|(name, _)| *name == key) {
                    Some((_, value)) => Some(constant(value.clone())),
                    None => {
                        let ty = match &typed.ty {
                            Ty::Record(fields) => fields.values().next().cloned().unwrap_or(Ty::Any),
                            Ty::Map(inner) => (**inner).clone(),
                            _ => Ty::Any,
                        };
                        Some(Term::Val(Typed::new(fold::absent(), ty)))
                    }
                },
                (_, Value::Const(Const::Object(fields))) => {
                    // The values of a constant map, each under the condition that the key is its own.
                    let key = self.string_operand(key, key_span, "[ ]")?;
                    let ty =
                        fields.iter().map(|(_, value)| super::types::type_of_const(value)).reduce(|a, b| join(&a, &b).unwrap_or(Ty::Any));
                    let mut value = fold::absent();
                    for (name, entry) in fields.iter().rev() {
                        self.charge(walk::size(Node::Value(&key.value)), span)?;
                        let is = fold::compare(Order::Eq, key.value.clone(), text(name), Ty::String);
                        value = fold::if_value(is, Value::Const(entry.clone()), value);
                    }
                    Some(Term::Val(Typed::new(value, ty.unwrap_or(Ty::Any))))
                }
                _ => None,
            },
            Term::Val(Typed { ty: Ty::Map(inner), value, limits, flavour, .. }) => {
                let key = self.string_operand(key, key_span, "[ ]")?.value;
                let default = match limits {
                    Some(limits) if !self.declared => {
                        self.charge(walk::size(Node::Value(&limits)) + walk::size(Node::Value(&key)), span)?;
                        let limit = Value::Entry { of: limits, key: Box::new(key.clone()), default: None, ty: (*inner).clone() };
                        Some(fold::if_value(self.is_pod(), limit, fold::absent())).filter(|value| !fold::is_absent(value)).map(Box::new)
                    }
                    _ => None,
                };
                if fold::is_absent(&value) || fold::is_absent(&key) {
                    return Some(Term::Val(Typed::new(fold::absent(), *inner)));
                }
                let entry = Value::Entry { of: Box::new(value), key: Box::new(key), default, ty: (*inner).clone() };
                Some(Term::Val(Typed { path: Some(span), flavour, ..Typed::new(entry, *inner) }))
            }
            other => {
                let what = self.describe_term(&other);
                let help = match &other {
                    Term::Seq(_) | Term::Star(_) | Term::Val(Typed { ty: Ty::List(_), .. }) => {
                        "an element is found by what it is: `any x in ...: x.name == ...`".to_owned()
                    }
                    Term::Val(Typed { ty: Ty::Struct(_), .. }) => match constant_key {
                        Some(key) => format!("write the field with a dot: `.{key}`"),
                        None => "fields are written with a dot".to_owned(),
                    },
                    _ => "only maps have keys".to_owned(),
                };
                self.error(&codes::WRONG_TYPE, of_span, format!("`{}` is {what}, not a map", self.text(of_span)), help)
            }
        }
    }

    /// `of[*]`
    pub fn star(&mut self, of: Term, span: Span) -> Option<Term> {
        if let Term::Star(parts) = of {
            return Some(Term::Star(parts.into_iter().map(|part| then(part, Step::Star(span))).collect()));
        }
        Some(Term::Star(self.parts(of, span)?))
    }

    /// The elements of a list.
    pub fn parts(&mut self, term: Term, span: Span) -> Option<Vec<Part>> {
        match term {
            Term::Seq(parts) | Term::Star(parts) => Some(parts),
            Term::Val(Typed { value: Value::Const(Const::List(items)), ty, .. }) => {
                self.charge(items.len(), span)?;
                let element = match ty {
                    Ty::List(inner) => *inner,
                    _ => Ty::Any,
                };
                Some(
                    items
                        .into_iter()
                        .map(|item| {
                            let typed = match (&element, &item) {
                                // So that a field that only other elements have is absent.
                                (Ty::Record(_), Const::Object(_)) => Typed::new(Value::Const(item), element.clone()),
                                _ => Typed::constant(item),
                            };
                            Part::One(Cond::Const(true), Box::new(Term::Val(typed)))
                        })
                        .collect(),
                )
            }
            Term::Val(Typed { value, ty: Ty::List(element), flavour, values, .. }) => {
                if fold::is_absent(&value) {
                    return Some(Vec::new());
                }
                let list = ListPart { value, ty: *element, flavour, values };
                Some(vec![Part::Lists { lists: vec![list], sidecars: false, guard: Cond::Const(true) }])
            }
            other => {
                let what = self.describe_term(&other);
                let help = match &other {
                    Term::Val(Typed { ty: Ty::Map(_), .. }) => format!("a map gives keys and values: `for k, v in {}`", self.text(span)),
                    _ => "only lists have elements".to_owned(),
                };
                self.error(&codes::WRONG_TYPE, span, format!("`{}` is {what}, not a list", self.text(span)), help)
            }
        }
    }

    /// `exists x`
    pub fn exists(&mut self, term: &Term, span: Span) -> Option<Cond> {
        match term {
            Term::Val(typed) => self.exists_value(typed, span),
            Term::Element(typed, _) => self.exists_value(typed, span),
            Term::Seq(parts) | Term::Star(parts) => {
                let iters = self.iterate(parts, None, span, &mut |_, _| Some(Cond::Const(true)))?;
                Some(super::iter::any(iters))
            }
            Term::Cond(_) | Term::Record(_) | Term::Version(_) | Term::Date(_) | Term::Regex(_) => Some(Cond::Const(true)),
            Term::Image(image) => {
                let image = (**image).clone();
                self.exists_value(&image, span)
            }
        }
    }

    fn exists_value(&mut self, typed: &Typed, span: Span) -> Option<Cond> {
        if typed.hollow > 0 && typed.hollow <= MAX_HOLLOW {
            return self.exists_struct(typed, span);
        }
        self.charge(walk::size(Node::Value(&typed.value)), span)?;
        if let Some(limits) = &typed.limits {
            let limits = fold::exists((**limits).clone());
            return Some(fold::or([fold::exists(typed.value.clone()), fold::and([self.is_pod(), limits])]));
        }
        Some(fold::exists(typed.value.clone()))
    }

    /// A struct without a pointer exists when a leaf of it does.
    fn exists_struct(&mut self, typed: &Typed, span: Span) -> Option<Cond> {
        let Ty::Struct(names) = &typed.ty else { return Some(fold::exists(typed.value.clone())) };
        let names = if names.is_empty() { self.struct_names(&Context::object_meta()) } else { Arc::clone(names) };
        let Some(first) = names.first().and_then(|name| self.structure(name)) else { return Some(fold::exists(typed.value.clone())) };
        let common: Vec<&'static str> = first
            .fields
            .keys()
            .copied()
            .filter(|field| names.iter().all(|name| self.structure(name).is_some_and(|other| other.fields.contains_key(field))))
            .collect();
        let mut leaves = Vec::new();
        for field in common {
            self.charge(walk::size(Node::Value(&typed.value)), span)?;
            let leaf = self.field_of_struct(typed.clone(), field, span, span)?;
            leaves.push(self.exists(&leaf, span)?);
        }
        Some(fold::or(leaves))
    }

    /// A view of a Pod or container by the name of a field that the schema does not have.
    fn view(&mut self, typed: &Typed, names: &[String], name: &str, at: Span, span: Span) -> Option<Option<Term>> {
        if names.iter().all(|name| name == POD || name == POD_TEMPLATE) && POD_VIEWS.contains(&name) {
            return Some(Some(self.pod_view(typed.clone(), name, at, span)?));
        }
        if names.iter().all(|name| name == CONTAINER || name == EPHEMERAL) && CONTAINER_VIEWS.contains(&name) {
            return Some(Some(self.container_view(typed.clone(), name, at)?));
        }
        Some(None)
    }

    fn pod_view(&mut self, pod: Typed, name: &str, at: Span, span: Span) -> Option<Term> {
        let is_root = matches!(pod.value, Value::Root(Root::Pod | Root::Object));
        let spec = self.field_of_struct(pod, "spec", at, span)?;
        self.charge(16, at)?;
        let list = |me: &mut Self, field: &str| -> Option<ListPart> {
            let mut parts = match me.field(spec.clone(), field, at, span)? {
                Term::Val(Typed { value, ty: Ty::List(element), flavour, values, .. }) => {
                    Some(ListPart { value, ty: *element, flavour, values })
                }
                _ => None,
            };
            parts.take()
        };
        let lists = |lists: Vec<ListPart>, sidecars: bool| Part::Lists { lists, sidecars, guard: Cond::Const(true) };
        match name {
            "allContainers" => {
                let all = vec![list(self, "initContainers")?, list(self, "containers")?, list(self, "ephemeralContainers")?];
                Some(Term::Seq(vec![lists(all, false)]))
            }
            "containers" => Some(Term::Seq(vec![lists(vec![list(self, "initContainers")?, list(self, "containers")?], false)])),
            "sidecars" => Some(Term::Seq(vec![lists(vec![list(self, "initContainers")?], true)])),
            "securityContexts" => {
                let all = vec![list(self, "initContainers")?, list(self, "containers")?, list(self, "ephemeralContainers")?];
                let own = self.field(spec, "securityContext", at, span)?;
                let guard = self.exists(&own, at)?;
                let own = match own {
                    Term::Val(typed) => Term::Element(Box::new(typed), vec![("owner", string("the Pod"))]),
                    other => other,
                };
                Some(Term::Seq(vec![
                    Part::One(guard, Box::new(own)),
                    Part::Each(Box::new(lists(all, false)), vec![Step::SecurityContext(at)]),
                ]))
            }
            _ => {
                let volumes = list(self, "volumes")?;
                let name_of = |path: &[&str]| path.iter().map(|field| Step::Field((*field).to_owned(), at)).collect::<Vec<_>>();
                let mut parts = vec![Part::Each(Box::new(lists(vec![volumes], false)), name_of(&["name"]))];
                if is_root {
                    parts.extend(self.claim_templates(at)?.map(|part| Part::Each(Box::new(part), name_of(&["metadata", "name"]))));
                }
                Some(Term::Star(parts))
            }
        }
    }

    /// The claim templates of a StatefulSet, where one is matched.
    fn claim_templates(&mut self, at: Span) -> Option<Option<Part>> {
        let sets: Vec<String> =
            self.kinds.iter().filter(|kind| kind.kind == "StatefulSet" && kind.group == "apps").map(crate::ir::Kind::id).collect();
        if sets.is_empty() {
            return Some(None);
        }
        let guard = if sets.len() == self.kinds.len() { Cond::Const(true) } else { Cond::KindIs(sets) };
        let ty = Ty::named("io.k8s.api.apps.v1.StatefulSet");
        let object = Term::Val(Typed::new(Value::Root(Root::Object), ty));
        let spec = self.field(object, "spec", at, at)?;
        match self.field(spec, "volumeClaimTemplates", at, at)? {
            Term::Val(Typed { value, ty: Ty::List(element), flavour, values, .. }) => {
                let list = ListPart { value, ty: *element, flavour, values };
                Some(Some(Part::Lists { lists: vec![list], sidecars: false, guard }))
            }
            _ => Some(None),
        }
    }

    fn container_view(&mut self, container: Typed, name: &str, at: Span) -> Option<Term> {
        let mut parts = Vec::new();
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            self.charge(walk::size(Node::Value(&container.value)), at)?;
            let probe = self.field_of_struct(container.clone(), field, at, at)?;
            parts.extend(self.handler(probe, field, at)?);
        }
        if name == "handlers" {
            let lifecycle = self.field_of_struct(container, "lifecycle", at, at)?;
            for field in ["postStart", "preStop"] {
                let hook = self.field(lifecycle.clone(), field, at, at)?;
                parts.extend(self.handler(hook, field, at)?);
            }
        }
        Some(Term::Seq(parts))
    }

    fn handler(&mut self, term: Term, field: &'static str, at: Span) -> Option<Option<Part>> {
        let guard = self.exists(&term, at)?;
        let Term::Val(typed) = term else { return Some(None) };
        let element = Term::Element(Box::new(typed), vec![("field", string(field))]);
        Some(Some(Part::One(guard, Box::new(element))))
    }
}

/// The part with one more step.
fn then(part: Part, step: Step) -> Part {
    match part {
        Part::Each(inner, mut steps) => {
            steps.push(step);
            Part::Each(inner, steps)
        }
        other => Part::Each(Box::new(other), vec![step]),
    }
}

// Types of one field in several structs: scalars have to be the same.
fn join_fields(a: &Ty, b: &Ty) -> Option<Ty> {
    match (a, b) {
        (Ty::Struct(_), Ty::Struct(_)) => join(a, b),
        (Ty::List(a), Ty::List(b)) => Some(Ty::List(Box::new(join_fields(a, b)?))),
        (Ty::Map(a), Ty::Map(b)) => Some(Ty::Map(Box::new(join_fields(a, b)?))),
        _ => (a == b).then(|| a.clone()),
    }
}

/// Leaves out defaults that are `{}`: of an empty struct no field without a default is there, as of an absent one.
fn strip(value: &mut Value) {
    if let Value::Field { of, default, .. } = value
        && default.as_deref().is_some_and(is_empty_struct)
    {
        *default = None;
        strip(of);
    }
}

fn is_empty_struct(value: &Value) -> bool {
    match value {
        Value::Const(Const::Object(fields)) => fields.is_empty(),
        Value::If(_, then, otherwise) => [then, otherwise].into_iter().all(|value| fold::is_absent(value) || is_empty_struct(value)),
        _ => false,
    }
}

fn before(span: Span, at: Span) -> Span {
    Span { end: at.start.saturating_sub(1).max(span.start), ..span }
}

fn text(s: &str) -> Value {
    Value::Const(Const::String(s.to_owned()))
}

fn string(s: &str) -> Term {
    constant(Const::String(s.to_owned()))
}
