//! Places in objects of one kind, as Gatekeeper writes them.

use super::{Element, Lowering, Scope, known, nulls};
use crate::ir::{Const, Root, Slot, Value};
use crate::schema::{Field, FieldType};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A step of a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A field of a struct.
    Field(String),
    /// An entry of a map, or of a struct whose type does not matter.
    Key(String),
    /// The element that a loop is at.
    Element(Slot),
    /// The element with a key, made where there is none.
    Merged {
        /// The name of the key.
        key: String,
        /// A text or a whole number above zero.
        value: Json,
    },
}

/// A place in objects of a kind.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) steps: Vec<Step>,
    pub(super) ty: FieldType,
    /// The struct's name and the field, where the last step is one.
    field: Option<(&'static str, &'static Field)>,
    /// Something on the way to it that may be `null`.
    stop: Option<String>,
}

impl Place {
    /// Whether it is the object's own metadata.
    pub(super) fn is_metadata(&self) -> bool {
        self.steps.first().is_some_and(|step| *step == Step::Field("metadata".to_owned()))
    }

    pub(super) fn is_value_struct(&self) -> bool {
        self.field.is_some_and(|(_, field)| field.value_struct)
    }

    /// Whether it is written as `null` where it is absent.
    pub(super) fn may_be_null(&self) -> bool {
        match (self.field, self.steps.last()) {
            (Some((of, _)), Some(Step::Field(name))) => nulls::may_be_null(of, name),
            _ => false,
        }
    }

    /// Something on the way to it, or where it is to be entered it itself, that may be `null`.
    pub(super) fn stop(&self, entered: bool) -> Option<String> {
        match (self.field, self.steps.last()) {
            (Some((of, _)), Some(Step::Field(name))) if entered && self.stop.is_none() && nulls::stops(of, name) => Some(self.shown()),
            _ => self.stop.clone(),
        }
    }

    /// Whether it is one of these fields of a struct with this short name.
    pub(super) fn is_field(&self, of: &str, names: &[&str]) -> bool {
        let last = if let Some(Step::Field(name)) = self.steps.last() { name.as_str() } else { return false };
        self.field.is_some_and(|(name, _)| name.rsplit('.').next() == Some(of)) && names.contains(&last)
    }

    /// Whether something is there exactly where it is not absent.
    pub(super) fn is_there_when_present(&self) -> bool {
        self.field.is_none_or(|(_, field)| !field.value_struct && field.default.is_none()) && !self.may_be_null()
    }

    /// The loops whose elements are on the way.
    pub(super) fn slots(&self, scope: &Scope) -> BTreeSet<Slot> {
        fn add(steps: &[Step], elements: &BTreeMap<Slot, Element>, slots: &mut BTreeSet<Slot>) {
            for step in steps {
                if let Step::Element(slot) = step
                    && slots.insert(*slot)
                    && let Some(element) = elements.get(slot)
                {
                    add(&element.list, elements, slots);
                }
            }
        }
        let mut slots = BTreeSet::new();
        add(&self.steps, &scope.elements, &mut slots);
        slots
    }

    pub(super) fn shown(&self) -> String {
        shown(&self.steps)
    }
}

impl Lowering<'_> {
    /// The place that a value is; none where it is none, or has a key that is not constant.
    pub(super) fn place(&self, scope: &Scope, value: &Value) -> Option<Place> {
        match value {
            Value::Root(Root::Object) => Some(Place { steps: Vec::new(), ty: FieldType::Struct(self.ty), field: None, stop: None }),
            Value::Root(Root::Pod) => {
                let mut place = Place { steps: Vec::new(), ty: FieldType::Struct(self.ty), field: None, stop: None };
                for segment in self.kind.pod?.segments() {
                    place = field_of(place, segment)?;
                }
                Some(place)
            }
            Value::Var(slot) => {
                let element = scope.elements.get(slot)?;
                let mut steps = element.list.clone();
                steps.push(Step::Element(*slot));
                Some(Place { steps, ty: element.ty.clone(), field: None, stop: None })
            }
            Value::Field { of, name, .. } => field_of(self.place(scope, of)?, name),
            Value::Entry { of, key, .. } => {
                let mut place = self.place(scope, of)?;
                let (Some(Const::String(key)), FieldType::Map(inner)) = (known(scope, key), &place.ty) else { return None };
                let stop = place.stop(true);
                place.ty = (**inner).clone();
                place.stop = stop;
                place.steps.push(Step::Key(key));
                place.field = None;
                Some(place)
            }
            Value::Root(Root::OldObject | Root::NamespaceObject | Root::Request)
            | Value::Const(_)
            | Value::Coalesce(_)
            | Value::If(..)
            | Value::Truth(_)
            | Value::List(_)
            | Value::Aggregate { .. }
            | Value::Arithmetic { .. }
            | Value::Concat(_)
            | Value::Call(..) => None,
        }
    }
}

fn field_of(mut place: Place, name: &str) -> Option<Place> {
    let FieldType::Struct(of) = place.ty else { return None };
    let of = of.get();
    let field = of.fields.get(name)?;
    place.stop = place.stop(true);
    place.ty = field.ty.clone();
    place.steps.push(Step::Field(name.to_owned()));
    place.field = Some((of.name, field));
    Some(place)
}

/// A place as people write it.
pub(super) fn shown(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Field(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Key(key) => out.push_str(&format!("[{key:?}]")),
            Step::Element(_) | Step::Merged { .. } => out.push_str("[*]"),
        }
    }
    out
}

/// A place as Gatekeeper reads it.
///
/// Source: `pkg/mutation/path/token/scanner.go`.
pub(super) fn print(steps: &[Step], elements: &BTreeMap<Slot, Element>) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Field(name) | Step::Key(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                word(&mut out, name);
            }
            Step::Element(slot) => {
                let Some(element) = elements.get(slot) else { continue };
                key(&mut out, element.key, element.only.as_ref());
            }
            Step::Merged { key: name, value } => key(&mut out, name, Some(value)),
        }
    }
    out
}

/// `[name: *]`
fn key(out: &mut String, name: &str, value: Option<&Json>) {
    out.push('[');
    word(out, name);
    out.push_str(": ");
    match value {
        None => out.push('*'),
        Some(Json::String(text)) => word(out, text),
        Some(number) => out.push_str(&number.to_string()),
    }
    out.push(']');
}

/// A name, quoted where it is anything but letters and digits.
fn word(out: &mut String, text: &str) {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_letters_and_digits_is_quoted() {
        let steps = [
            Step::Field("spec".to_owned()),
            Step::Field("nodeSelector".to_owned()),
            Step::Key("a/b.\"c\\d'[: *]".to_owned()),
            Step::Key(String::new()),
            Step::Key("9a".to_owned()),
            Step::Merged { key: "containerPort".to_owned(), value: Json::from(80) },
            Step::Merged { key: "name".to_owned(), value: Json::from("*") },
        ];
        let printed = print(&steps, &BTreeMap::new());
        assert_eq!(printed, r#"spec.nodeSelector."a/b.\"c\\d'[: *]"."".""#.to_owned() + r#"9a"[containerPort: 80][name: "*"]"#);
    }
}
