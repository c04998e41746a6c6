//! Places in an object, and filling in what has to be there for the API server to decode it.

use crate::ir::Kind;
use crate::schema::{FieldType, Schema, TypeId};
use serde_json::{Map, Value as Json, json};

/// Where the Namespace of an object stands in it while it is made.
pub const NAMESPACE: &str = "~namespaceObject";

/// Where the admission request of an object stands in it while it is made.
pub const REQUEST: &str = "~request";

/// Where the objects beside an object stand in it while it is made: lists by the id of their kind.
pub const BESIDE: &str = "~beside";

/// A step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The entry of an object.
    Key(String),
    /// The element of a list.
    Index(usize),
}

/// A place in an object.
pub type Place = Vec<Step>;

/// A place with one more step to an entry.
pub fn key(place: &[Step], name: &str) -> Place {
    let mut longer = place.to_vec();
    longer.push(Step::Key(name.to_owned()));
    longer
}

/// A place with one more step to an element.
pub fn index(place: &[Step], position: usize) -> Place {
    let mut longer = place.to_vec();
    longer.push(Step::Index(position));
    longer
}

/// What stands at a place.
pub fn read<'a>(object: &'a Json, place: &[Step]) -> Option<&'a Json> {
    place.iter().try_fold(object, |value, step| match step {
        Step::Key(name) => value.get(name),
        Step::Index(position) => value.get(position),
    })
}

/// How many elements the list at a place has.
pub fn length(object: &Json, place: &[Step]) -> usize {
    read(object, place).and_then(Json::as_array).map_or(0, Vec::len)
}

/// The keys of the map at a place.
pub fn keys(object: &Json, place: &[Step]) -> Vec<String> {
    read(object, place).and_then(Json::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

/// Takes away what stands at a place.
pub fn remove(object: &mut Json, place: &[Step]) {
    let Some((last, parents)) = place.split_last() else { return };
    let mut value = object;
    for step in parents {
        let next = match step {
            Step::Key(name) => value.get_mut(name),
            Step::Index(position) => value.get_mut(position),
        };
        let Some(next) = next else { return };
        value = next;
    }
    match (last, value) {
        (Step::Key(name), Json::Object(map)) => {
            map.shift_remove(name);
        }
        (Step::Index(position), Json::Array(items)) if *position < items.len() => {
            items.remove(*position);
        }
        (Step::Key(_) | Step::Index(_), _) => {}
    }
}

/// The objects of one kind.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    schema: &'a Schema,
    kind: &'a Kind,
}

impl<'a> Shape<'a> {
    /// Of this kind.
    pub fn new(schema: &'a Schema, kind: &'a Kind) -> Self {
        Shape { schema, kind }
    }

    /// The kind.
    pub fn kind(self) -> &'a Kind {
        self.kind
    }

    /// The struct of the objects: of the kind, or of what is sent to its subresource.
    fn root(self) -> Option<TypeId> {
        let info = self.schema.by_gvk(&self.kind.api_version(), &self.kind.kind)?;
        match &self.kind.subresource {
            None => Some(info.ty),
            Some(subresource) => info.subresources.iter().find(|known| known.name == subresource.name)?.ty,
        }
    }

    /// An object with only what is required, and one container where it makes Pods.
    pub fn minimal(self, name: &str, namespace: &str) -> Json {
        let mut object = json!({"apiVersion": self.kind.object_version(), "kind": self.kind.object_kind(), "metadata": {"name": name}});
        if self.kind.namespaced {
            self.put(&mut object, &[Step::Key("metadata".to_owned()), Step::Key("namespace".to_owned())], json!(namespace));
        }
        if let Some(ty) = self.root()
            && let (Json::Object(filled), Json::Object(map)) = (fill(&FieldType::Struct(ty), "", 0), &mut object)
        {
            for (name, value) in filled {
                map.entry(name).or_insert(value);
            }
        }
        if let Some(pod) = self.kind.pod {
            let mut place: Place = pod.segments().iter().map(|name| Step::Key((*name).to_owned())).collect();
            place.extend(["spec", "containers"].map(|name| Step::Key(name.to_owned())));
            self.put(&mut object, &place, json!([{"name": "c0", "image": "registry.example.com/app:1"}]));
        }
        object
    }

    /// The type at a place.
    pub fn ty(self, place: &[Step]) -> Option<FieldType> {
        let (ty, place) = match place.split_first() {
            Some((Step::Key(name), rest)) if name == NAMESPACE => (self.schema.by_gvk("v1", "Namespace")?.ty, rest),
            Some((Step::Key(name), rest)) if name == REQUEST => return in_request(rest),
            Some((Step::Key(name), [])) if name == BESIDE => return Some(FieldType::Map(Box::new(FieldType::Any))),
            Some((Step::Key(name), [Step::Key(id), rest @ ..])) if name == BESIDE => {
                let ty = self.schema.kinds().iter().find(|info| info.kind.is(id))?.ty;
                match rest {
                    [] => return Some(FieldType::List(Box::new(FieldType::Struct(ty)))),
                    [_, rest @ ..] => (ty, rest),
                }
            }
            _ => (self.root()?, place),
        };
        place.iter().try_fold(FieldType::Struct(ty), |ty, step| match (ty, step) {
            (FieldType::Struct(id), Step::Key(name)) => id.get().fields.get(name.as_str()).map(|field| field.ty.clone()),
            (FieldType::Map(inner), Step::Key(_)) | (FieldType::List(inner), Step::Index(_)) => Some(*inner),
            _ => None,
        })
    }

    /// The strings that the field at a place may hold, where it is an enum.
    pub fn enumeration(self, place: &[Step]) -> &'static [&'static str] {
        let Some((Step::Key(name), parents)) = place.split_last() else { return &[] };
        match self.ty(parents) {
            Some(FieldType::Struct(id)) => id.get().fields.get(name.as_str()).map_or(&[], |field| field.values),
            _ => &[],
        }
    }

    /// The least value that may stand at a place.
    pub fn least(self, place: &[Step]) -> Json {
        let hint = match place.last() {
            Some(Step::Key(name)) => name.clone(),
            Some(Step::Index(position)) => match place.iter().rev().nth(1) {
                Some(Step::Key(name)) => format!("{}{position}", name.chars().next().unwrap_or('x')),
                Some(Step::Index(_)) | None => format!("x{position}"),
            },
            None => String::new(),
        };
        self.ty(place).map_or_else(|| json!({}), |ty| fill(&ty, &hint, 0))
    }

    /// Writes a value, and all that has to be around it.
    pub fn put(self, object: &mut Json, place: &[Step], value: Json) {
        let mut here = object;
        let mut at = Vec::with_capacity(place.len());
        for step in place {
            at.push(step.clone());
            match step {
                Step::Key(name) => {
                    if !here.is_object() {
                        *here = Json::Object(Map::new());
                    }
                    let Json::Object(map) = here else { return };
                    let slot = map.entry(name.clone()).or_insert(Json::Null);
                    if slot.is_null() {
                        *slot = self.least(&at);
                    }
                    here = slot;
                }
                Step::Index(position) => {
                    if !here.is_array() {
                        *here = Json::Array(Vec::new());
                    }
                    let Json::Array(items) = here else { return };
                    while items.len() <= *position {
                        at.pop();
                        at.push(Step::Index(items.len()));
                        items.push(self.least(&at));
                    }
                    let Some(slot) = items.get_mut(*position) else { return };
                    if slot.is_null() {
                        *slot = self.least(&at);
                    }
                    here = slot;
                }
            }
        }
        *here = value;
    }

    /// Sees to it that something is at a place.
    pub fn ensure(self, object: &mut Json, place: &[Step]) {
        if read(object, place).is_none_or(Json::is_null) {
            let least = self.least(place);
            self.put(object, place, least);
        }
    }
}

// The type of what stands in an admission request.
fn in_request(place: &[Step]) -> Option<FieldType> {
    let names: Vec<&str> = place
        .iter()
        .map(|step| match step {
            Step::Key(name) => name.as_str(),
            Step::Index(_) => "[]",
        })
        .collect();
    match names.as_slice() {
        [] | ["userInfo" | "options"] => Some(FieldType::Map(Box::new(FieldType::Any))),
        ["dryRun"] => Some(FieldType::Bool),
        ["options", "gracePeriodSeconds"] => Some(FieldType::Int),
        ["userInfo", "groups"] => Some(FieldType::List(Box::new(FieldType::String))),
        ["operation" | "name" | "namespace" | "subResource"]
        | ["userInfo", "username" | "uid"]
        | ["userInfo", "groups", "[]"]
        | ["options", "propagationPolicy" | "fieldManager"] => Some(FieldType::String),
        _ => None,
    }
}

/// Whether the API server would decode the value as one of this type.
pub fn fits(ty: &FieldType, value: &Json) -> bool {
    match (ty, value) {
        (_, Json::Null) | (FieldType::Any, _) => true,
        (FieldType::Bool, _) => value.is_boolean(),
        (FieldType::Int, _) => value.is_i64(),
        (FieldType::Number, _) => value.is_number(),
        (FieldType::String, _) => value.is_string(),
        (FieldType::Quantity, _) => value.is_string() || value.is_number(),
        (FieldType::IntOrString, _) => value.is_string() || value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        (FieldType::List(inner), Json::Array(items)) => items.iter().all(|item| fits(inner, item)),
        (FieldType::Map(inner), Json::Object(map)) => map.values().all(|item| fits(inner, item)),
        (FieldType::Struct(id), Json::Object(map)) => {
            let fields = &id.get().fields;
            map.iter().all(|(name, item)| fields.get(name.as_str()).is_some_and(|field| fits(&field.ty, item)))
        }
        (FieldType::List(_) | FieldType::Map(_) | FieldType::Struct(_), _) => false,
    }
}

// What a value of the type has to hold at least: its required fields.
fn fill(ty: &FieldType, hint: &str, depth: usize) -> Json {
    match ty {
        FieldType::Bool => json!(false),
        FieldType::Int | FieldType::Number | FieldType::IntOrString => json!(1),
        FieldType::Quantity => json!("1"),
        FieldType::String => match hint {
            "image" | "reference" => json!("registry.example.com/app:1"),
            "mountPath" | "path" | "devicePath" => json!("/data"),
            "apiVersion" => json!("v1"),
            "kind" => json!("ConfigMap"),
            _ => json!("x"),
        },
        FieldType::List(_) => json!([]),
        FieldType::Map(_) | FieldType::Any => json!({}),
        FieldType::Struct(id) => {
            let mut map = Map::new();
            for (name, field) in id.get().fields.iter().filter(|(_, field)| field.required && depth < 8) {
                let value = match (field.values.first(), *name) {
                    (Some(first), _) => json!(first),
                    // The name of a list's element tells where it stands.
                    (None, "name") if !hint.is_empty() && field.ty == FieldType::String => json!(hint),
                    (None, inner) => fill(&field.ty, inner, depth + 1),
                };
                map.insert((*name).to_owned(), value);
            }
            // A container without an image is refused long before any policy sees it.
            if id.short_name() == "Container" || id.short_name() == "EphemeralContainer" {
                map.entry("image".to_owned()).or_insert_with(|| json!("registry.example.com/app:1"));
            }
            Json::Object(map)
        }
    }
}
