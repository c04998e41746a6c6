//! What there is beside an object.

use super::places::{BESIDE, Place, Step, key};
use super::random::Random;
use crate::ir::{Kind, Rule, walk::kinds_beside};
use crate::object::name::is_dns_label;
use crate::schema::Schema;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// The objects beside one that is judged, as far as they are known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// The objects, each with its name and, where its kind lives in one, its namespace; none twice.
    pub objects: Vec<Json>,
    /// The kinds of which it is not known what there is.
    pub unknown: BTreeSet<Kind>,
}

impl Beside {
    /// The kinds of which it is not known what there is, as [`Kind::id`] says them.
    #[must_use]
    pub fn unknown_ids(&self) -> Vec<String> {
        self.unknown.iter().map(Kind::id).collect()
    }

    /// Of objects as they are written; nothing where one has no name or stands there twice, as in no cluster.
    #[must_use]
    pub fn of(schema: &Schema, objects: impl IntoIterator<Item = Json>) -> Option<Self> {
        let mut beside = Beside::default();
        let mut known = BTreeSet::new();
        for mut object in objects {
            let text = |name: &str| object.get(name).and_then(Json::as_str).unwrap_or_default();
            let namespaced = schema.by_gvk(text("apiVersion"), text("kind")).is_none_or(|info| info.kind.namespaced);
            if let (true, Some(Json::Object(metadata))) = (namespaced, object.get_mut("metadata")) {
                metadata.entry("namespace").or_insert_with(|| json!("default"));
            }
            let which = identity(&object);
            if which.3.is_empty() || !known.insert(which) {
                return None;
            }
            beside.objects.push(object);
        }
        Some(beside)
    }
}

type Identity = (String, String, String, String);

/// API version, kind, namespace and name.
fn identity(object: &Json) -> Identity {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    (text("/apiVersion"), text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

/// Where the objects of a kind stand in the object that is made.
pub fn place(kind: &Kind) -> Place {
    key(&[Step::Key(BESIDE.to_owned())], &kind.id())
}

/// The one of several values that a random number chooses.
fn one<'t>(of: &[&'t str], random: &mut Random) -> &'t str {
    random.pick(of).copied().unwrap_or_default()
}

/// What there is beside an object for a rule that looks at others: what was made of them, each with a name; now and then more of them in another namespace or of the object's name, the object itself
/// as it was, and a kind of which nothing is known.
pub fn settle(
    rule: &Rule,
    made: Option<Json>,
    object: &Json,
    old: Option<&Json>,
    namespace_object: Option<&Json>,
    random: &mut Random,
) -> Option<Beside> {
    rule.looks_at_others?;
    let kinds = kinds_beside(rule);
    let own = |name: &str| object.pointer(&format!("/metadata/{name}")).and_then(Json::as_str).filter(|text| !text.is_empty());
    let own_space = own("namespace").unwrap_or("default");
    let mut objects = Vec::new();
    let mut known = BTreeSet::new();
    if let Some(space) = namespace_object {
        // What the Namespace of the object is, is said once.
        known.insert(identity(space));
    }
    let mut add = |object: Json| {
        if known.insert(identity(&object)) {
            objects.push(object);
        }
    };
    for kind in &kinds {
        let lists = made.as_ref().and_then(|made| made.get(kind.id())).and_then(Json::as_array);
        for (number, element) in lists.into_iter().flatten().enumerate() {
            let Json::Object(fields) = element else { continue };
            let first = fresh_name(number, own("name"), random);
            let mut other = whole(fields, kind, &first, if random.one_in(4) { "elsewhere" } else { own_space });
            add(other.clone());
            if random.one_in(4) {
                // The same once more: in another namespace, or of another name.
                let (field, text) = if kind.namespaced && random.one_in(2) {
                    ("namespace", one(&["elsewhere", "default", "payments"], random))
                } else {
                    ("name", "twin")
                };
                if let Some(metadata) = other.get_mut("metadata").and_then(Json::as_object_mut) {
                    metadata.insert(field.to_owned(), json!(text));
                }
                add(other);
            }
        }
    }
    let asked_itself = kinds
        .iter()
        .find(|kind| object.get("apiVersion") == Some(&json!(kind.api_version())) && object.get("kind") == Some(&json!(kind.kind)));
    if let Some(kind) = asked_itself.filter(|_| random.one_in(2))
        && let (Json::Object(fields), Some(name)) = (old.unwrap_or(object), own("name"))
    {
        add(whole(fields, kind, name, own_space));
    }
    let unknown = kinds.iter().filter(|_| random.one_in(40)).cloned().collect();
    Some(Beside { objects, unknown })
}

fn fresh_name(number: usize, own: Option<&str>, random: &mut Random) -> String {
    match (own, random.below(5)) {
        (Some(own), 0) => own.to_owned(),
        (_, 1 | 2) => format!("x{}", if number == 0 { String::new() } else { number.to_string() }),
        _ => format!("other-{number}"),
    }
}

/// An object of a kind, with the name that it has, or else this one.
fn whole(fields: &Map<String, Json>, kind: &Kind, name: &str, namespace: &str) -> Json {
    let mut whole = Map::from_iter([("apiVersion".to_owned(), json!(kind.api_version())), ("kind".to_owned(), json!(kind.kind))]);
    whole.extend(
        fields
            .iter()
            .filter(|(name, _)| !["apiVersion", "kind"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let mut metadata = match whole.get("metadata") {
        Some(Json::Object(metadata)) => metadata.clone(),
        _ => Map::new(),
    };
    if !metadata.get("name").and_then(Json::as_str).is_some_and(is_dns_label) {
        metadata.insert("name".to_owned(), json!(name));
    }
    if kind.namespaced {
        if !metadata.get("namespace").and_then(Json::as_str).is_some_and(is_dns_label) {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
    } else {
        metadata.shift_remove("namespace");
    }
    whole.insert("metadata".to_owned(), Json::Object(metadata));
    Json::Object(whole)
}
