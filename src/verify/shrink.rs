//! Making a case small: parts are taken away as long as what is wrong with it stays wrong.

use super::generate::Case;
use super::generate::places::{Place, Shape, Step, read, remove};
use crate::ir::{Kind, Rule};
use crate::schema::{FieldType, Schema};
use serde_json::{Value as Json, json};

/// How often a smaller case is tried.
const TRIES: usize = 3_000;

/// The smallest case found for which `wrong` still is true. It would still be decoded by the API server if the first one was: required fields stay.
pub fn shrink(case: &Case, rule: &Rule, schema: &Schema, wrong: &mut dyn FnMut(&Case) -> bool) -> Case {
    let mut shrinker = Shrinker { best: case.clone(), schema, rule, tries: TRIES, wrong };
    shrinker.simpler_kind();
    loop {
        let before = shrinker.size();
        shrinker.round(false);
        if shrinker.best.old_object.is_some() {
            shrinker.round(true);
        }
        if shrinker.size() >= before || shrinker.tries == 0 {
            break;
        }
    }
    shrinker.best
}

/// How large a case is: what it takes to write it.
#[must_use]
pub fn size(case: &Case) -> usize {
    case.object.to_string().len() + case.old_object.as_ref().map_or(0, |old| old.to_string().len())
}

struct Shrinker<'a> {
    best: Case,
    schema: &'a Schema,
    rule: &'a Rule,
    tries: usize,
    wrong: &'a mut dyn FnMut(&Case) -> bool,
}

impl<'a> Shrinker<'a> {
    fn size(&self) -> usize {
        size(&self.best)
    }

    fn attempt(&mut self, case: Case) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let smaller = (self.wrong)(&case);
        if smaller {
            self.best = case;
        }
        smaller
    }

    fn kind(&self) -> Option<&'a Kind> {
        self.best.kind(self.rule)
    }

    // A Pod instead of what makes Pods.
    fn simpler_kind(&mut self) {
        let Some(template) = self.kind().and_then(|kind| kind.pod) else { return };
        let Some(pod) = self.rule.kinds.iter().find(|kind| kind.kind == "Pod" && kind.group.is_empty()) else { return };
        if template.segments().is_empty() {
            return;
        }
        let turn = |object: &Json| {
            let inner = template.segments().iter().try_fold(object, |value, name| value.get(name))?;
            let mut turned = json!({"apiVersion": pod.api_version(), "kind": pod.kind, "metadata": inner.get("metadata").cloned().unwrap_or_else(|| json!({}))});
            let metadata = turned.get_mut("metadata")?.as_object_mut()?;
            for name in ["name", "namespace"] {
                if let Some(value) = object.pointer(&format!("/metadata/{name}")) {
                    metadata.insert(name.to_owned(), value.clone());
                }
            }
            turned.as_object_mut()?.insert("spec".to_owned(), inner.get("spec")?.clone());
            Some(turned)
        };
        let Some(object) = turn(&self.best.object) else { return };
        let old_object = match &self.best.old_object {
            None => None,
            Some(old) => match turn(old) {
                Some(old) => Some(old),
                None => return,
            },
        };
        self.attempt(Case { object, old_object, ..self.best.clone() });
    }

    fn part(&self, old: bool) -> Option<&Json> {
        if old { self.best.old_object.as_ref() } else { Some(&self.best.object) }
    }

    fn with(&self, old: bool, change: impl FnOnce(&mut Json)) -> Case {
        let mut case = self.best.clone();
        if !old {
            change(&mut case.object);
        } else if let Some(object) = &mut case.old_object {
            change(object);
        }
        case
    }

    // Goes over every place once, the large ones first.
    fn round(&mut self, old: bool) {
        let Some(kind) = self.kind() else { return };
        let shape = Shape::new(self.schema, kind);
        let mut queue: Vec<Place> = vec![Vec::new()];
        let mut next = 0;
        while let Some(place) = queue.get(next).cloned() {
            next += 1;
            if self.tries == 0 {
                return;
            }
            let Some(value) = self.part(old).and_then(|object| read(object, &place)).cloned() else { continue };
            match value {
                Json::Object(map) => {
                    for name in map.keys() {
                        let inner = longer(&place, Step::Key(name.clone()));
                        if required(shape, &place, name) || !self.attempt(self.with(old, |object| remove(object, &inner))) {
                            queue.push(inner);
                        }
                    }
                }
                Json::Array(items) => {
                    let left = self.fewer(old, &place, items);
                    queue.extend((0..left).map(|position| longer(&place, Step::Index(position))));
                }
                Json::String(text) if is_name(&place) => {
                    if text != "x" {
                        self.attempt(self.with(old, |object| put(object, &place, json!("x"))));
                    }
                }
                Json::String(text) if !is_fixed(&place) => self.shorter(old, &place, &text),
                Json::Number(_) => {
                    for simple in [0, 1] {
                        if value == json!(simple) || self.attempt(self.with(old, |object| put(object, &place, json!(simple)))) {
                            break;
                        }
                    }
                }
                Json::Null | Json::Bool(_) | Json::String(_) => {}
            }
        }
    }

    // Takes away runs of elements, long ones first; gives how many are left.
    fn fewer(&mut self, old: bool, place: &[Step], mut items: Vec<Json>) -> usize {
        let mut run = items.len();
        while run > 0 {
            let mut start = 0;
            while start < items.len() {
                let mut fewer = items.clone();
                fewer.drain(start..(start + run).min(items.len()));
                if self.attempt(self.with(old, |object| put(object, place, Json::Array(fewer.clone())))) {
                    items = fewer;
                } else {
                    start += run;
                }
            }
            run /= 2;
        }
        items.len()
    }

    fn shorter(&mut self, old: bool, place: &[Step], text: &str) {
        let mut chars: Vec<char> = text.chars().collect();
        let mut run = chars.len();
        while run > 0 {
            let mut start = 0;
            while start < chars.len() {
                let mut fewer = chars.clone();
                fewer.drain(start..(start + run).min(chars.len()));
                let shorter: String = fewer.iter().collect();
                // An object without a name is nothing that anyone can be told of.
                let named = !(shorter.is_empty() && place.last() == Some(&Step::Key("name".to_owned())));
                if named && self.attempt(self.with(old, |object| put(object, place, json!(shorter)))) {
                    chars = fewer;
                } else {
                    start += run;
                }
            }
            run /= 2;
        }
    }
}

fn longer(place: &[Step], step: Step) -> Place {
    let mut longer = place.to_vec();
    longer.push(step);
    longer
}

fn put(object: &mut Json, place: &[Step], value: Json) {
    let mut here = object;
    for step in place {
        let next = match step {
            Step::Key(name) => here.get_mut(name),
            Step::Index(position) => here.get_mut(position),
        };
        let Some(next) = next else { return };
        here = next;
    }
    *here = value;
}

// What says which object it is.
fn is_fixed(place: &[Step]) -> bool {
    matches!(place, [Step::Key(name)] if name == "apiVersion" || name == "kind")
}

fn is_name(place: &[Step]) -> bool {
    matches!(place, [Step::Key(metadata), Step::Key(name)] if metadata == "metadata" && name == "name")
}

fn required(shape: Shape<'_>, place: &[Step], name: &str) -> bool {
    let outer = match place {
        [] => matches!(name, "apiVersion" | "kind" | "metadata"),
        [Step::Key(first)] if first == "metadata" => name == "name",
        _ => false,
    };
    outer
        || match shape.ty(place) {
            Some(FieldType::Struct(id)) => {
                let container = id.short_name() == "Container" && name == "image";
                container || id.get().fields.get(name).is_some_and(|field| field.required)
            }
            _ => false,
        }
}
