//! The lint `absent-passes`: an absent value that lets a check pass unsaid.

use super::context::Context;
use super::types::{CONTAINER, EPHEMERAL, POD_TEMPLATE};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Level, Span};
use crate::ir::walk::{self, Node};
use crate::ir::{Cond, Function, Order, Root, Slot, Ty, Value};
use std::collections::BTreeMap;

/// A comparison as it is written.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// What it became.
    pub cond: Cond,
    /// Where its first operand stands.
    pub first: Span,
    /// Where its second operand stands.
    pub second: Span,
}

/// What the conditions around a check ask about.
#[derive(Debug, Default)]
struct Asked<'a> {
    values: Vec<&'a Value>,
}

impl Context<'_> {
    /// Looks for comparisons that an absent value makes false, and the check pass; `atoms` are the comparisons of the check as they are written.
    pub fn lint(&mut self, fails: &Cond, atoms: &[Atom], span: Span) {
        let mut asked = Asked::default();
        let around = self.around.clone();
        for cond in around.iter().chain([fails]) {
            walk::walk(Node::Cond(cond), &mut |node| {
                if let Node::Cond(Cond::Exists(value)) = node {
                    asked.values.push(value);
                    // Who asks for the digest of an image has thought of the image.
                    if let Value::Call(_, args) = value {
                        asked.values.extend(args);
                    }
                }
                true
            });
        }
        let mut types: BTreeMap<Slot, Ty> = self.loops.iter().map(|source| (source.slot, source.ty.clone())).collect();
        let mut found: Vec<(Level, Span)> = Vec::new();
        self.passing(fails, true, &asked, &mut types, &mut |cond, second, level| {
            let atom = atoms.iter().find(|atom| contains(&atom.cond, cond));
            found.push((level, atom.map_or(span, |atom| if second { atom.second } else { atom.first })));
        });
        for (level, at) in found {
            let text = self.text(at).split_whitespace().collect::<Vec<_>>().join(" ");
            self.diagnostics.push(Diagnostic {
                level,
                ..Diagnostic::error(&codes::ABSENT_PASSES, at, format!("the check passes where `{text}` is absent"))
                    .with_help("say what absent means: give a value with `??`, or ask with `exists`")
            });
        }
    }

    fn passing(
        &self,
        cond: &Cond,
        positive: bool,
        asked: &Asked<'_>,
        types: &mut BTreeMap<Slot, Ty>,
        found: &mut dyn FnMut(&Cond, bool, Level),
    ) {
        match cond {
            Cond::Not(inner) => self.passing(inner, !positive, asked, types, found),
            Cond::And(conds) | Cond::Or(conds) => conds.iter().for_each(|cond| self.passing(cond, positive, asked, types, found)),
            Cond::Any(source, body) | Cond::All(source, body) => {
                types.insert(source.slot, source.ty.clone());
                self.passing(body, positive, asked, types, found);
            }
            _ if !positive => {}
            Cond::Compare { op, left, right, ty: _ } => {
                for (second, value) in [(false, left), (true, right)] {
                    if !self.is_there(value, asked, types) {
                        let level = if *op != Order::Eq || is_derived(value) { Level::Error } else { Level::Warning };
                        found(cond, second, level);
                        return;
                    }
                }
            }
            Cond::In { item: value, .. } | Cond::Like(value, _) | Cond::Matches(value, _) | Cond::Contains(value, _) => {
                if !self.is_there(value, asked, types) {
                    found(cond, false, if is_derived(value) { Level::Error } else { Level::Warning });
                }
            }
            Cond::Const(_) | Cond::Exists(_) | Cond::True(_) | Cond::Selects { .. } | Cond::IsImage(_) | Cond::KindIs(_) => {}
        }
    }

    /// Whether a value is there wherever the API server admits the object, or the author has thought of it.
    fn is_there(&self, value: &Value, asked: &Asked<'_>, types: &BTreeMap<Slot, Ty>) -> bool {
        if asked.values.iter().any(|other| plain(other) == plain(value)) {
            return true;
        }
        match value {
            Value::Const(_) | Value::Root(_) | Value::Var(_) | Value::Truth(_) | Value::List(_) | Value::Aggregate { .. } => true,
            Value::Field { default: Some(_), .. } | Value::Entry { default: Some(_), .. } => true,
            Value::Field { of, name, default: None, .. } => self.is_demanded(of, name, types) && self.is_there(of, asked, types),
            Value::Entry { default: None, .. } => false,
            Value::Coalesce(values) => values.iter().any(|value| self.is_there(value, asked, types)),
            Value::If(_, then, otherwise) => self.is_there(then, asked, types) && self.is_there(otherwise, asked, types),
            Value::Arithmetic { left, right, .. } => self.is_there(left, asked, types) && self.is_there(right, asked, types),
            Value::Concat(values) => values.iter().all(|value| self.is_there(value, asked, types)),
            Value::Call(Function::EffectiveRequest | Function::IndexOf | Function::Size | Function::Join, _) => true,
            Value::Call(Function::ImageTag | Function::ImageDigest, args) => {
                args.iter().any(|arg| asked.values.iter().any(|other| plain(other) == plain(arg)))
            }
            Value::Call(_, args) => args.iter().all(|arg| self.is_there(arg, asked, types)),
        }
    }

    fn is_demanded(&self, of: &Value, name: &str, types: &BTreeMap<Slot, Ty>) -> bool {
        let names = match self.type_of(of, types) {
            Some(Ty::Struct(names)) => names,
            _ => return false,
        };
        if names.is_empty() {
            return matches!(name, "metadata" | "kind" | "apiVersion");
        }
        names.iter().all(|of| {
            // The schema leaves the image out, for templates of old may lack it; no Pod is admitted without.
            let image = name == "image" && (of == CONTAINER || of == EPHEMERAL);
            image || self.structure(of).and_then(|of| of.fields.get(name)).is_some_and(|field| field.required || field.value_struct)
        })
    }

    fn type_of(&self, value: &Value, types: &BTreeMap<Slot, Ty>) -> Option<Ty> {
        match value {
            Value::Field { ty, .. } | Value::Entry { ty, .. } => Some(ty.clone()),
            Value::Var(slot) => types.get(slot).cloned(),
            Value::Root(Root::Pod) => Some(Ty::named(POD_TEMPLATE)),
            Value::Root(Root::Object | Root::OldObject) => self.object.clone(),
            Value::Coalesce(values) => values.first().and_then(|value| self.type_of(value, types)),
            _ => None,
        }
    }
}

/// Whether a value is computed from what is written. A quantity is only read.
fn is_derived(value: &Value) -> bool {
    match value {
        Value::Call(Function::Quantity, args) => args.iter().any(is_derived),
        Value::Call(..) | Value::Arithmetic { .. } | Value::Concat(_) | Value::Aggregate { .. } => true,
        Value::Coalesce(values) => values.iter().any(is_derived),
        Value::If(_, then, otherwise) => is_derived(then) || is_derived(otherwise),
        _ => false,
    }
}

/// The value as it is written: without what is read into it.
fn plain(value: &Value) -> Value {
    match value {
        Value::Call(Function::Quantity, args) => args.first().map_or_else(|| value.clone(), plain),
        other => super::stmt::without_defaults(other),
    }
}

/// Whether an atom is, or holds, a condition.
fn contains(atom: &Cond, cond: &Cond) -> bool {
    let mut found = false;
    walk::walk(Node::Cond(atom), &mut |node| {
        found |= matches!(node, Node::Cond(inner) if inner == cond);
        !found
    });
    found
}
