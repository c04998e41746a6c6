//! Conditions as what a match and path tests say.

use super::place::Step;
use super::{Lowering, Match, Operator, Requirement, Result, Scope, constant, known};
use crate::ir::{Cond, Const, Glob, Order, Root, Value};
use crate::object::name::{is_label_key, is_label_value};
use serde_json::Value as Json;

impl Lowering<'_> {
    /// Adds to a scope that a condition holds, or that it does not. Whether it can, on objects of the kind.
    pub(super) fn require(&self, scope: &mut Scope, cond: &Cond, holds: bool) -> Result<bool> {
        match cond {
            Cond::Const(value) => Ok(*value == holds),
            Cond::Not(inner) => self.require(scope, inner, !holds),
            Cond::And(parts) if holds => self.all(scope, parts, true),
            Cond::Or(parts) if !holds => self.all(scope, parts, false),
            Cond::And(parts) | Cond::Or(parts) => self.one(scope, parts, holds),
            Cond::KindIs(kinds) => Ok(kinds.contains(&self.kind.id()) == holds),
            Cond::Exists(value) => self.exists(scope, value, holds),
            Cond::Compare { op: Order::Eq, left, right, ty: _ } => match (left, right) {
                (Value::Const(constant), value) | (value, Value::Const(constant)) => {
                    self.is_one_of(scope, value, std::slice::from_ref(constant), holds)
                }
                (value, _) => self.unsaid(value),
            },
            Cond::In { item, list: Value::Const(Const::List(items)), ty: _ } => self.is_one_of(scope, item, items, holds),
            Cond::Like(value, glob) => self.like(scope, value, glob, holds),
            Cond::Compare { left: value, .. }
            | Cond::In { item: value, .. }
            | Cond::True(value)
            | Cond::Matches(value, _)
            | Cond::Contains(value, _)
            | Cond::IsImage(value)
            | Cond::Selects { labels: value, .. } => self.unsaid(value),
            Cond::Any(..) | Cond::All(..) => self.unsupported("a condition on the elements of a list"),
        }
    }

    fn all(&self, scope: &mut Scope, parts: &[Cond], hold: bool) -> Result<bool> {
        for part in parts {
            if !self.require(scope, part, hold)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One of several parts: only where all but one are decided by the kind.
    fn one(&self, scope: &mut Scope, parts: &[Cond], hold: bool) -> Result<bool> {
        let mut open: Option<&Cond> = None;
        for part in parts {
            match self.decided(part) {
                Some(value) if value == hold => return Ok(true),
                Some(_) => {}
                None if open.is_some() => return self.unsupported("a condition with `or`"),
                None => open = Some(part),
            }
        }
        match open {
            Some(part) => self.require(scope, part, hold),
            None => Ok(false),
        }
    }

    /// Whether a condition holds, where the kind decides that.
    fn decided(&self, cond: &Cond) -> Option<bool> {
        if let Cond::Not(inner) = cond {
            self.decided(inner).map(|value| !value)
        } else if let Cond::KindIs(kinds) = cond {
            Some(kinds.contains(&self.kind.id()))
        } else {
            constant(cond)
        }
    }

    fn unsaid<T>(&self, value: &Value) -> Result<T> {
        self.unsupported(format!("the condition on {}", shown(value)))
    }

    fn exists(&self, scope: &mut Scope, value: &Value, holds: bool) -> Result<bool> {
        let operator = if holds { Operator::Exists } else { Operator::DoesNotExist };
        if let Some(key) = namespace_label(value) {
            return self.labelled(scope, key, operator, Vec::new(), true, holds);
        }
        let Some(place) = self.place(scope, value) else { return self.unsaid(value) };
        if let Some(key) = label(&place.steps) {
            return self.labelled(scope, key, operator, Vec::new(), false, holds);
        }
        if !holds || place.is_metadata() || !place.is_there_when_present() {
            return self.unsaid(value);
        }
        if !scope.there.contains(&place.steps) {
            scope.there.push(place.steps);
        }
        Ok(true)
    }

    fn is_one_of(&self, scope: &mut Scope, value: &Value, constants: &[Const], holds: bool) -> Result<bool> {
        if let Some(one) = known(scope, value) {
            return Ok(constants.contains(&one) == holds);
        }
        let texts: Option<Vec<String>> =
            constants.iter().map(|constant| if let Const::String(text) = constant { Some(text.clone()) } else { None }).collect();
        let operator = if holds { Operator::In } else { Operator::NotIn };
        if let (Some(key), Some(texts)) = (namespace_label(value), &texts) {
            return self.labelled(scope, key, operator, texts.clone(), true, holds);
        }
        let Some(place) = self.place(scope, value) else { return self.unsaid(value) };
        match (place.steps.as_slice(), &texts) {
            (steps, Some(texts)) if label(steps).is_some() => {
                let key = label(steps).unwrap_or_default();
                self.labelled(scope, key, operator, texts.clone(), false, holds)
            }
            ([Step::Field(metadata), Step::Field(name)], Some(texts)) if metadata == "metadata" && name == "namespace" => {
                self.in_namespaces(&mut scope.matched, texts, holds)
            }
            ([Step::Field(metadata), Step::Field(name)], Some(texts)) if metadata == "metadata" && name == "name" => {
                self.named(&mut scope.matched, value, texts, holds)
            }
            ([.., Step::Element(slot), Step::Field(name)], _) if holds => {
                let only = match constants {
                    [Const::String(text)] if !text.is_empty() => Json::from(text.as_str()),
                    [Const::Int(number)] if *number > 0 => Json::from(*number),
                    _ => return self.unsaid(value),
                };
                match scope.elements.get_mut(slot).filter(|element| element.key == name) {
                    None => self.unsaid(value),
                    Some(element) => {
                        let known = element.only.replace(only.clone());
                        Ok(known.is_none_or(|known| known == only))
                    }
                }
            }
            _ => self.unsaid(value),
        }
    }

    fn like(&self, scope: &mut Scope, value: &Value, glob: &Glob, holds: bool) -> Result<bool> {
        let pattern = match glob.parts.as_slice() {
            [whole] => whole.clone(),
            [start, end] if end.is_empty() && !start.is_empty() => format!("{start}*"),
            [start, end] if start.is_empty() && !end.is_empty() => format!("*{end}"),
            [start, middle, end] if start.is_empty() && end.is_empty() && !middle.is_empty() => format!("*{middle}*"),
            _ => return self.unsaid(value),
        };
        let Some(place) = self.place(scope, value) else { return self.unsaid(value) };
        match place.steps.as_slice() {
            [Step::Field(metadata), Step::Field(name)] if metadata == "metadata" && name == "namespace" => {
                self.in_namespaces(&mut scope.matched, &[pattern], holds)
            }
            [Step::Field(metadata), Step::Field(name)] if metadata == "metadata" && name == "name" => {
                self.named(&mut scope.matched, value, &[pattern], holds)
            }
            _ => self.unsaid(value),
        }
    }

    fn labelled(
        &self,
        scope: &mut Scope,
        key: &str,
        operator: Operator,
        values: Vec<String>,
        of_namespace: bool,
        holds: bool,
    ) -> Result<bool> {
        if of_namespace && !self.kind.namespaced {
            // There is no Namespace, and so no label of it.
            return Ok(!holds);
        }
        if matches!(operator, Operator::In | Operator::NotIn) && values.is_empty() {
            return Ok(!holds);
        }
        if !is_label_key(key) {
            return self.unsupported(format!("the label {key:?}, which no selector can name,"));
        }
        if let Some(value) = values.iter().find(|value| !is_label_value(value)) {
            return self.unsupported(format!("the value {value:?} of a label, which no selector can name,"));
        }
        let requirement = Requirement { key: key.to_owned(), operator, values };
        let of = if of_namespace { &mut scope.matched.namespace_labels } else { &mut scope.matched.labels };
        if !of.contains(&requirement) {
            of.push(requirement);
        }
        Ok(true)
    }

    /// The namespace that the object is in is one of these.
    fn in_namespaces(&self, matched: &mut Match, names: &[String], holds: bool) -> Result<bool> {
        if !self.kind.namespaced {
            return Ok(!holds);
        }
        self.namespaces(matched, names, holds)
    }

    fn namespaces(&self, matched: &mut Match, names: &[String], holds: bool) -> Result<bool> {
        if names.is_empty() {
            return Ok(!holds);
        }
        if let Some(name) = names.iter().find(|name| !is_wildcard(name)) {
            return self.unsupported(format!("the name {name:?}, which no namespace can have,"));
        }
        if !holds {
            let new: Vec<String> = names.iter().filter(|name| !matched.excluded_namespaces.contains(name)).cloned().collect();
            matched.excluded_namespaces.extend(new);
        } else if matched.namespaces.is_empty() || matched.namespaces == names {
            matched.namespaces = names.to_vec();
        } else {
            return self.unsupported("a second condition on the namespace");
        }
        Ok(true)
    }

    /// The name of the object is one of these.
    fn named(&self, matched: &mut Match, value: &Value, names: &[String], holds: bool) -> Result<bool> {
        if self.kind.group.is_empty() && self.kind.kind == "Namespace" {
            // Of a Namespace, Gatekeeper compares these with its own name.
            return self.namespaces(matched, names, holds);
        }
        match names {
            // With a star at its end it would be compared with `generateName` too.
            [name] if holds && is_wildcard(name) && !name.ends_with('*') && matched.name.as_ref().is_none_or(|known| known == name) => {
                matched.name = Some(name.clone());
                Ok(true)
            }
            _ => self.unsaid(value),
        }
    }
}

/// The key, where a place is a label of the object.
fn label(steps: &[Step]) -> Option<&str> {
    match steps {
        [Step::Field(metadata), Step::Field(labels), Step::Key(key)] if metadata == "metadata" && labels == "labels" => Some(key),
        _ => None,
    }
}

/// The key, where a value is a label of the Namespace that the object is in.
fn namespace_label(value: &Value) -> Option<&str> {
    let Value::Entry { of, key, .. } = value else { return None };
    let (Value::Field { of, name: labels, .. }, Value::Const(Const::String(key))) = (&**of, &**key) else { return None };
    let Value::Field { of, name: metadata, .. } = &**of else { return None };
    (labels == "labels" && metadata == "metadata" && **of == Value::Root(Root::NamespaceObject)).then_some(key)
}

/// Whether a text is a name, with a star at its ends perhaps, as Gatekeeper's resources hold it.
///
/// Source: `pkg/wildcard`.
fn is_wildcard(text: &str) -> bool {
    let name = text.strip_prefix('*').unwrap_or(text);
    let name = name.strip_suffix('*').unwrap_or(name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What a condition is about, in backticks where it is a path.
fn shown(value: &Value) -> String {
    fn path(value: &Value) -> Option<String> {
        Some(match value {
            Value::Root(root) => root.name().to_owned(),
            Value::Field { of, name, .. } => {
                if matches!(**of, Value::Var(_)) {
                    name.clone()
                } else {
                    format!("{}.{name}", path(of)?)
                }
            }
            Value::Entry { of, key, .. } => {
                if let Value::Const(Const::String(key)) = &**key {
                    format!("{}[{key:?}]", path(of)?)
                } else {
                    format!("{}[...]", path(of)?)
                }
            }
            Value::Var(_)
            | Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => return None,
        })
    }
    path(value).map_or_else(|| "a value that is computed".to_owned(), |path| format!("`{path}`"))
}
