//! Reads the generated data: a line a kind, then a line a struct, both sorted. A line is parsed when it is first asked for.

use super::{Default, Field, FieldType, KindInfo, Nulls, Removed, Struct, Subresource, TypeId, tables};
use crate::ir::{Kind, PodPath, Presence};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

static DATA: &str = include_str!("kubernetes-1.37.jsonl");
const TYPE_LINE: &str = "{\"type\":\"";

/// The built-in kinds of Kubernetes 1.37, and those that were added to them.
pub struct Schema {
    kinds: OnceLock<Vec<KindInfo>>,
    added: BTreeMap<&'static str, TypeId>,
}

/// The generated data, line by line.
struct Data {
    kinds: Vec<&'static str>,
    types: Vec<Entry>,
}

/// A struct by its name; read when it is first asked for.
pub(super) struct Entry {
    pub(super) name: &'static str,
    line: &'static str,
    parsed: OnceLock<Struct>,
}

impl Entry {
    /// One that is not in the data.
    pub(super) fn added(of: Struct) -> Self {
        Entry { name: of.name, line: "", parsed: OnceLock::from(of) }
    }

    pub(super) fn get(&self) -> &Struct {
        self.parsed.get_or_init(|| parse_struct(self))
    }
}

fn data() -> &'static Data {
    static KUBERNETES: OnceLock<Data> = OnceLock::new();
    KUBERNETES.get_or_init(|| {
        let mut data = Data { kinds: Vec::new(), types: Vec::new() };
        for line in DATA.lines() {
            match line.strip_prefix(TYPE_LINE).and_then(|rest| rest.split_once('"')) {
                Some((name, _)) => data.types.push(Entry { name, line, parsed: OnceLock::new() }),
                None => data.kinds.push(line),
            }
        }
        data
    })
}

fn built_in_types() -> impl Iterator<Item = TypeId> {
    (0..).zip(&data().types).map(|(index, entry)| TypeId { index, entry })
}

/// The number of the built-in structs.
pub(super) fn built_in_count() -> u32 {
    u32::try_from(data().types.len()).unwrap_or(u32::MAX)
}

fn built_in_type(name: &str) -> Option<TypeId> {
    let types = &data().types;
    let index = types.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
    Some(TypeId { index: u32::try_from(index).ok()?, entry: types.get(index)? })
}

#[derive(Deserialize)]
struct KindLine {
    kind: String,
    group: String,
    version: String,
    resource: String,
    namespaced: bool,
    preferred: bool,
    pod: Option<PodPath>,
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(default, borrow)]
    subresources: BTreeMap<&'static str, &'static str>,
}

#[derive(Deserialize)]
struct TypeLine {
    #[serde(borrow)]
    fields: BTreeMap<&'static str, &'static str>,
}

impl std::default::Default for &'static Schema {
    fn default() -> Self {
        Schema::kubernetes()
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("added", &self.added.keys()).finish_non_exhaustive()
    }
}

impl Schema {
    /// The schema of Kubernetes alone.
    #[must_use]
    pub fn kubernetes() -> &'static Schema {
        static SCHEMA: Schema = Schema { kinds: OnceLock::new(), added: BTreeMap::new() };
        &SCHEMA
    }

    /// That of Kubernetes with more kinds and structs.
    pub(super) fn with(kinds: Vec<KindInfo>, added: BTreeMap<&'static str, TypeId>) -> Self {
        let mut all = Schema::kubernetes().kinds().to_vec();
        all.extend(kinds);
        all.sort_by(|a, b| (&a.kind.kind, &a.kind.group, &a.kind.version).cmp(&(&b.kind.kind, &b.kind.group, &b.kind.version)));
        Schema { kinds: OnceLock::from(all), added }
    }

    /// Every kind that the API server serves, in the order of kind, group and version.
    #[must_use]
    pub fn kinds(&self) -> &[KindInfo] {
        self.kinds.get_or_init(|| data().kinds.iter().filter_map(|line| parse_kind(line)).collect())
    }

    /// The kinds of this name, each in its preferred version: several when more than one group has it and none is given, none when it is unknown. Without a group, a kind of
    /// Kubernetes goes before those that were added.
    #[must_use]
    pub fn kind(&self, name: &str, group: Option<&str>) -> Vec<&KindInfo> {
        let preferred = || self.named(name).iter().filter(|info| info.preferred && group.is_none_or(|group| info.kind.group == group));
        let own: Vec<&KindInfo> = preferred().filter(|info| !info.custom).collect();
        if own.is_empty() || group.is_some() { preferred().collect() } else { own }
    }

    /// The kind that an object names: `apps/v1` and `Deployment`.
    #[must_use]
    pub fn by_gvk(&self, api_version: &str, kind: &str) -> Option<&KindInfo> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.named(kind).iter().find(|info| info.kind.group == group && info.kind.version == version)
    }

    /// What an object of this struct names: its `apiVersion` and `kind`, as `autoscaling/v1` and `Scale`. Some are served as subresources only, and have the version of what is served beside them.
    #[must_use]
    pub fn object_of(&self, ty: TypeId) -> Option<(String, String)> {
        let (package, kind) = ty.name().rsplit_once('.')?;
        let beside = |info: &&KindInfo| info.ty.name().rsplit_once('.').is_some_and(|(other, _)| other == package);
        self.kinds().iter().find(beside).map(|info| (info.kind.api_version(), kind.to_owned()))
    }

    /// The struct of this OpenAPI name.
    #[must_use]
    pub fn get(&self, type_name: &str) -> Option<&'static Struct> {
        self.type_id(type_name).map(|id| id.get())
    }

    /// The struct of this OpenAPI name, to be held.
    #[must_use]
    pub fn type_id(&self, type_name: &str) -> Option<TypeId> {
        built_in_type(type_name).or_else(|| self.added.get(type_name).copied())
    }

    /// Every struct: those of Kubernetes, then those that were added, in the order of the names.
    pub fn types(&self) -> impl Iterator<Item = TypeId> + '_ {
        built_in_types().chain(self.added.values().copied())
    }

    /// What became of an apiVersion and kind that Kubernetes once served.
    #[must_use]
    pub fn removed(&self, api_version: &str, kind: &str) -> Option<&'static Removed> {
        tables::removed::of(api_version, kind)
    }

    /// Every apiVersion and kind that a release removed, in their order.
    #[must_use]
    pub fn removed_kinds(&self) -> &'static [Removed] {
        tables::removed::REMOVED
    }

    fn named(&self, kind: &str) -> &[KindInfo] {
        let kinds = self.kinds();
        let start = kinds.partition_point(|info| info.kind.kind.as_str() < kind);
        let rest = kinds.get(start..).unwrap_or_default();
        let end = rest.partition_point(|info| info.kind.kind == kind);
        rest.get(..end).unwrap_or_default()
    }
}

fn parse_kind(line: &'static str) -> Option<KindInfo> {
    let line: KindLine = serde_json::from_str(line).ok()?;
    Some(KindInfo {
        kind: Kind {
            group: line.group,
            version: line.version,
            kind: line.kind,
            resource: line.resource,
            subresource: None,
            namespaced: line.namespaced,
            pod: line.pod,
        },
        ty: built_in_type(line.ty)?,
        preferred: line.preferred,
        subresources: line.subresources.into_iter().map(|(name, ty)| Subresource { name, ty: built_in_type(ty) }).collect(),
        custom: false,
    })
}

// The tests read every line, so that the fallbacks are never met.
fn parse_struct(entry: &Entry) -> Struct {
    let line: TypeLine = serde_json::from_str(entry.line).unwrap_or(TypeLine { fields: BTreeMap::new() });
    let defaults = tables::defaults::of(entry.name);
    let enums = tables::enums::of(entry.name);
    let (union, union_required) = tables::unions::of(entry.name);
    let fields = line
        .fields
        .into_iter()
        .map(|(name, text)| {
            let mut words = text.split(' ');
            let mut field = Field {
                ty: words.next().map_or(FieldType::Any, parse_type),
                required: false,
                presence: Presence::Written,
                value_struct: false,
                values: enums.iter().find(|(field, _)| *field == name).map_or(&[], |(_, values)| *values),
                default: defaults.iter().find(|(field, _)| *field == name).map(|(_, default)| *default),
                nulls: Nulls::Emptied,
                unreadable: None,
            };
            for word in words {
                match word {
                    "required" => field.required = true,
                    "zero" => field.presence = Presence::NonZero,
                    "empty" => field.presence = Presence::NonEmpty,
                    "value" => field.value_struct = true,
                    // A default replaces the zero; where there is none, Go writes the zero out.
                    "filled" if field.default.is_some() => field.presence = Presence::NonZero,
                    "filled" if !field.required => field.default = zero(&field.ty),
                    _ => {}
                }
            }
            (name, field)
        })
        .collect();
    Struct { name: entry.name, fields, union, union_required, open: false }
}

fn parse_type(text: &str) -> FieldType {
    match text {
        "bool" => FieldType::Bool,
        "int" => FieldType::Int,
        "number" => FieldType::Number,
        "string" => FieldType::String,
        "quantity" => FieldType::Quantity,
        "int-or-string" => FieldType::IntOrString,
        _ => {
            if let Some(inner) = text.strip_prefix("[]") {
                FieldType::List(Box::new(parse_type(inner)))
            } else if let Some(inner) = text.strip_prefix("{}") {
                FieldType::Map(Box::new(parse_type(inner)))
            } else {
                built_in_type(text).map_or(FieldType::Any, FieldType::Struct)
            }
        }
    }
}

// What Go makes of a scalar that is not there.
fn zero(ty: &FieldType) -> Option<Default> {
    match ty {
        FieldType::Bool => Some(Default::Bool(false)),
        FieldType::Int | FieldType::IntOrString => Some(Default::Int(0)),
        FieldType::String => Some(Default::String("")),
        FieldType::Quantity => Some(Default::Text("0")),
        FieldType::Number | FieldType::List(_) | FieldType::Map(_) | FieldType::Struct(_) | FieldType::Any => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use std::collections::BTreeSet;

    fn field(ty: &str, name: &str) -> &'static Field {
        &Schema::kubernetes().get(ty).unwrap_or_else(|| panic!("no type {ty}")).fields[name]
    }

    #[test]
    fn every_line_is_read() {
        let schema = Schema::kubernetes();
        assert_eq!(schema.kinds().len(), data().kinds.len());
        assert!(schema.kinds().len() > 60);
        for entry in &data().types {
            let line: TypeLine = serde_json::from_str(entry.line).unwrap();
            assert_eq!(schema.get(entry.name).unwrap().fields.len(), line.fields.len());
            for (name, text) in line.fields {
                let words: Vec<&str> = text.split(' ').collect();
                for word in &words[1..] {
                    assert!(["required", "zero", "empty", "value", "filled"].contains(word), "{}.{name}: {text}", entry.name);
                }
                let any = words[0].trim_start_matches(['[', ']', '{', '}']) == "any";
                let mut ty = &field(entry.name, name).ty;
                while let FieldType::List(inner) | FieldType::Map(inner) = ty {
                    ty = inner;
                }
                assert_eq!(*ty == FieldType::Any, any, "{}.{name}: {text}", entry.name);
            }
        }
    }

    #[test]
    fn lines_are_sorted() {
        let schema = Schema::kubernetes();
        assert!(data().types.is_sorted_by(|a, b| a.name < b.name));
        let keys: Vec<_> = schema.kinds().iter().map(|k| (&k.kind.kind, &k.kind.group, &k.kind.version)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_kind_is_found() {
        let schema = Schema::kubernetes();
        for info in schema.kinds() {
            let found = schema.by_gvk(&info.kind.api_version(), &info.kind.kind).unwrap();
            assert_eq!(found.kind, info.kind);
            assert_eq!(found.ty.get().name, found.ty.name());
            assert!(found.ty.get().fields.contains_key("metadata") || info.kind.kind == "SelfSubjectReview", "{}", info.kind.kind);
            let preferred = schema.kind(&info.kind.kind, Some(&info.kind.group));
            assert_eq!(preferred.len(), 1, "{}", info.kind.kind);
        }
        let ambiguous: BTreeSet<&str> =
            schema.kinds().iter().map(|k| k.kind.kind.as_str()).filter(|name| schema.kind(name, None).len() > 1).collect();
        assert_eq!(ambiguous, BTreeSet::from(["Event"]));
    }
}
