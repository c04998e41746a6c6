//! Making a case small: parts are taken away as long as what is wrong with it stays wrong.

use super::generate::Case;
use super::generate::places::{Place, Shape, Step, index, key, read, remove};
use crate::eval::admission_request;
use crate::ir::{Kind, Operation, PodPath, Rule};
use crate::object::Node;
use crate::schema::{FieldType, Schema};
use serde_json::{Value as Json, json};

/// How often a smaller case is tried.
const TRIES: usize = 4_000;

/// The smallest case found for which `wrong` still is true. The API server would still decode it if it would the first one: no value becomes one of another type. What it would only miss later,
/// as a container's image, is taken away too, after all else.
pub fn shrink(case: &Case, rule: &Rule, schema: &Schema, wrong: &mut dyn FnMut(&Case) -> bool) -> Case {
    let mut shrinker = Shrinker { best: case.clone(), schema, rule, tries: TRIES, wrong };
    for required in [true, false] {
        loop {
            let before = size(&shrinker.best);
            shrinker.simpler_request();
            shrinker.simpler_kind();
            shrinker.fewer_beside();
            let beside = shrinker.best.beside.as_ref().map_or(0, |beside| beside.objects.len());
            for part in [Part::Object, Part::OldObject, Part::Namespace, Part::Request].into_iter().chain((0..beside).map(Part::Beside)) {
                shrinker.round(part, required);
            }
            if size(&shrinker.best) >= before || shrinker.tries == 0 {
                break;
            }
        }
    }
    shrinker.best
}

/// How large a case is: what it takes to write it.
#[must_use]
pub fn size(case: &Case) -> usize {
    let length = |part: &Option<Json>| part.as_ref().map_or(0, |part| part.to_string().len());
    let beside: usize = case.beside.iter().flat_map(|beside| &beside.objects).map(|object| object.to_string().len()).sum();
    case.object.to_string().len() + length(&case.old_object) + length(&case.namespace_object) + length(&case.request) + beside
}

/// What a case consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Object,
    OldObject,
    Namespace,
    Request,
    /// The object of this number beside the object.
    Beside(usize),
}

struct Shrinker<'a> {
    best: Case,
    schema: &'a Schema,
    rule: &'a Rule,
    tries: usize,
    wrong: &'a mut dyn FnMut(&Case) -> bool,
}

impl<'a> Shrinker<'a> {
    fn attempt(&mut self, mut case: Case) -> bool {
        told_anew(self.schema, &mut case);
        if self.tries == 0 || case == self.best {
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

    // No more than the creation of an object.
    fn simpler_request(&mut self) {
        let best = self.best.clone();
        if best.old_object.is_some() || best.operation != Operation::Create {
            let simpler = Case { operation: Operation::Create, old_object: None, ..best.clone() };
            if self.rule.operations.contains(&Operation::Create) && self.attempt(simpler) {
                return self.simpler_request();
            }
        }
        if best.old_object.is_some() && self.attempt(Case { old_object: None, ..best.clone() }) {
            return self.simpler_request();
        }
        if best.request.is_some() && self.attempt(Case { request: None, ..best.clone() }) {
            return self.simpler_request();
        }
        if best.namespace_object.is_some() {
            self.attempt(Case { namespace_object: None, ..best });
        }
    }

    // As few objects beside it as can be.
    fn fewer_beside(&mut self) {
        let mut number = 0;
        while let Some(mut beside) = self.best.beside.clone().filter(|beside| number < beside.objects.len()) {
            beside.objects.remove(number);
            if !self.attempt(Case { beside: Some(beside), ..self.best.clone() }) {
                number += 1;
            }
        }
    }

    // A kind that has its Pod less deep: best of all a Pod.
    fn simpler_kind(&mut self) {
        let Some(own) = self.kind().and_then(|kind| kind.pod) else { return };
        let depth = |path: PodPath| path.segments().len();
        let mut simpler: Vec<(&Kind, PodPath)> =
            self.rule.kinds.iter().filter_map(|kind| Some((kind, kind.pod?))).filter(|(_, path)| depth(*path) < depth(own)).collect();
        simpler.sort_by_key(|(kind, path)| (depth(*path), kind.kind.len()));
        for (kind, path) in simpler {
            let Some(object) = turned(&self.best.object, own, kind, path) else { return };
            let old_object = match &self.best.old_object {
                None => None,
                Some(old) => match turned(old, own, kind, path) {
                    Some(old) => Some(old),
                    None => return,
                },
            };
            if self.attempt(Case { object, old_object, ..self.best.clone() }) {
                return;
            }
        }
    }

    fn part(&self, part: Part) -> Option<&Json> {
        match part {
            Part::Object => Some(&self.best.object),
            Part::OldObject => self.best.old_object.as_ref(),
            Part::Namespace => self.best.namespace_object.as_ref(),
            Part::Request => self.best.request.as_ref(),
            Part::Beside(number) => self.best.beside.as_ref()?.objects.get(number),
        }
    }

    fn with(&self, part: Part, change: impl FnOnce(&mut Json)) -> Case {
        let mut case = self.best.clone();
        let json = match part {
            Part::Object => Some(&mut case.object),
            Part::OldObject => case.old_object.as_mut(),
            Part::Namespace => case.namespace_object.as_mut(),
            Part::Request => case.request.as_mut(),
            Part::Beside(number) => case.beside.as_mut().and_then(|beside| beside.objects.get_mut(number)),
        };
        if let Some(json) = json {
            change(json);
        }
        case
    }

    fn try_value(&mut self, part: Part, place: &[Step], value: Json) -> bool {
        self.attempt(self.with(part, |object| put(object, place, value)))
    }

    // Goes over every place once, the large ones first.
    fn round(&mut self, part: Part, required: bool) {
        let Some(kind) = self.kind() else { return };
        let shape = Shape::new(self.schema, kind);
        let within = self.best.namespace_object.is_some() || self.best.request.is_some();
        let stays =
            |place: &[Step], name: &str| is_needed(part, within, place, name) || (required && is_required(shape, part, place, name));
        let mut queue: Vec<Place> = vec![Vec::new()];
        let mut next = 0;
        while let Some(place) = queue.get(next).cloned() {
            next += 1;
            if self.tries == 0 {
                return;
            }
            let Some(value) = self.part(part).and_then(|object| read(object, &place)).cloned() else { continue };
            match value {
                Json::Object(map) => {
                    let bare = !map.is_empty() && map.keys().all(|name| !stays(&place, name));
                    if bare && self.try_value(part, &place, json!({})) {
                        continue;
                    }
                    for name in map.keys() {
                        let inner = key(&place, name);
                        if stays(&place, name) || !self.attempt(self.with(part, |object| remove(object, &inner))) {
                            queue.push(inner);
                        }
                    }
                }
                Json::Array(items) => {
                    let left = self.fewer(part, &place, items);
                    queue.extend((0..left).map(|position| index(&place, position)));
                }
                Json::String(text) if is_name(part, &place) => {
                    if text != "x" {
                        self.try_value(part, &place, json!("x"));
                    }
                }
                Json::String(text) if !is_fixed(part, within, &place) => self.shorter(part, &place, &text),
                Json::Number(_) => {
                    for simple in [0, 1] {
                        if value == json!(simple) || self.try_value(part, &place, json!(simple)) {
                            break;
                        }
                    }
                }
                Json::Null | Json::Bool(_) | Json::String(_) => {}
            }
        }
    }

    // Takes away runs of elements, long ones first; gives how many are left.
    fn fewer(&mut self, part: Part, place: &[Step], mut items: Vec<Json>) -> usize {
        let mut run = items.len();
        while run > 0 {
            let mut start = 0;
            while start < items.len() {
                let mut fewer = items.clone();
                fewer.drain(start..(start + run).min(items.len()));
                if self.try_value(part, place, Json::Array(fewer.clone())) {
                    items = fewer;
                } else {
                    start += run;
                }
            }
            run /= 2;
        }
        items.len()
    }

    fn shorter(&mut self, part: Part, place: &[Step], text: &str) {
        let mut chars: Vec<char> = text.chars().collect();
        // An object without a name is nothing that anyone can be told of.
        let named = place.last() == Some(&Step::Key("name".to_owned()));
        let simple = if named { "x" } else { "" };
        if text == simple || self.try_value(part, place, json!(simple)) {
            return;
        }
        let mut run = chars.len();
        while run > 0 {
            let mut start = 0;
            while start < chars.len() {
                let mut fewer = chars.clone();
                fewer.drain(start..(start + run).min(chars.len()));
                let shorter: String = fewer.iter().collect();
                if !(shorter.is_empty() && named) && self.try_value(part, place, json!(shorter)) {
                    chars = fewer;
                } else {
                    start += run;
                }
            }
            run /= 2;
        }
    }
}

/// The Pod of an object of one kind in one of another kind.
fn turned(object: &Json, from: PodPath, kind: &Kind, to: PodPath) -> Option<Json> {
    let inner = from.segments().iter().try_fold(object, |value, name| value.get(name))?;
    let metadata = inner.get("metadata").filter(|metadata| metadata.is_object()).cloned().unwrap_or_else(|| json!({}));
    let mut pod = json!({"metadata": metadata});
    if let (Some(spec), Some(fields)) = (inner.get("spec"), pod.as_object_mut()) {
        fields.insert("spec".to_owned(), spec.clone());
    }
    let around = to.segments().iter().rev().fold(pod, |inner, name| json!({*name: inner}));
    let mut whole = json!({"apiVersion": kind.object_version(), "kind": kind.object_kind(), "metadata": {}});
    let fields = whole.as_object_mut()?;
    for (name, value) in around.as_object()? {
        fields.insert(name.clone(), value.clone());
    }
    let metadata = fields.get_mut("metadata")?.as_object_mut()?;
    for name in ["name", "namespace"] {
        if let Some(value) = object.pointer(&format!("/metadata/{name}")) {
            metadata.insert(name.to_owned(), value.clone());
        }
    }
    Some(whole)
}

/// A request tells what is in the object.
fn told_anew(schema: &Schema, case: &mut Case) {
    let Some(request) = &mut case.request else { return };
    let namespace = request.get("namespace").and_then(Json::as_str).unwrap_or("default").to_owned();
    if let Some(fields) = request.as_object_mut() {
        fields.shift_remove("name");
        fields.shift_remove("namespace");
    }
    *request = Json::from(&admission_request(schema, &Node::from(&*request), &Node::from(&case.object), case.operation, &namespace));
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

fn is_key(step: &Step, name: &str) -> bool {
    matches!(step, Step::Key(key) if key == name)
}

// What says which object it is, and in which namespace where that is known besides.
fn is_fixed(part: Part, within: bool, place: &[Step]) -> bool {
    match place {
        [only] => match part {
            Part::Object | Part::OldObject | Part::Beside(_) => is_key(only, "apiVersion") || is_key(only, "kind"),
            Part::Namespace => false,
            Part::Request => ["operation", "name", "namespace"].iter().any(|name| is_key(only, name)),
        },
        [metadata, name] => {
            is_key(metadata, "metadata")
                && (((within || matches!(part, Part::Beside(_))) && is_key(name, "namespace"))
                    || (matches!(part, Part::Namespace | Part::Beside(_)) && is_key(name, "name")))
        }
        _ => false,
    }
}

fn is_name(part: Part, place: &[Step]) -> bool {
    matches!(part, Part::Object | Part::OldObject)
        && matches!(place, [metadata, name] if is_key(metadata, "metadata") && is_key(name, "name"))
}

// Without it there is nothing to judge.
fn is_needed(part: Part, within: bool, place: &[Step], name: &str) -> bool {
    let place = key(place, name);
    if part == Part::OldObject {
        return is_fixed(part, false, &place);
    }
    let outer = part != Part::Request && matches!(place.as_slice(), [metadata] if is_key(metadata, "metadata"));
    outer || is_name(part, &place) || is_fixed(part, within, &place)
}

fn is_required(shape: Shape<'_>, part: Part, place: &[Step], name: &str) -> bool {
    match part {
        Part::Object | Part::OldObject => match shape.ty(place) {
            Some(FieldType::Struct(id)) => {
                let container = id.short_name() == "Container" && name == "image";
                container || id.get().fields.get(name).is_some_and(|field| field.required)
            }
            _ => false,
        },
        Part::Namespace | Part::Request | Part::Beside(_) => false,
    }
}
