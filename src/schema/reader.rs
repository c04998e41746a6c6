//! Reads the generated data: a line a kind, then a line a struct, both sorted. A line is parsed when it is first asked for.

use super::{Default, Field, FieldType, KindInfo, Removed, Struct, Subresource, TypeId, tables};
use crate::ir::{Kind, PodPath, Presence};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

static DATA: &str = include_str!("kubernetes-1.37.jsonl");
const TYPE_LINE: &str = "{\"type\":\"";

/// The built-in kinds of Kubernetes 1.37.
pub struct Schema {
    kind_lines: Vec<&'static str>,
    kinds: OnceLock<Vec<KindInfo>>,
    types: Vec<Entry>,
}

struct Entry {
    name: &'static str,
    line: &'static str,
    parsed: OnceLock<Struct>,
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

impl Schema {
    /// The schema.
    #[must_use]
    pub fn kubernetes() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| {
            let mut schema = Schema { kind_lines: Vec::new(), kinds: OnceLock::new(), types: Vec::new() };
            for line in DATA.lines() {
                match line.strip_prefix(TYPE_LINE).and_then(|rest| rest.split_once('"')) {
                    Some((name, _)) => schema.types.push(Entry { name, line, parsed: OnceLock::new() }),
                    None => schema.kind_lines.push(line),
                }
            }
            schema
        })
    }

    /// Every kind that the API server serves, in the order of kind, group and version.
    #[must_use]
    pub fn kinds(&self) -> &[KindInfo] {
        self.kinds.get_or_init(|| self.kind_lines.iter().filter_map(|line| self.parse_kind(line)).collect())
    }

    /// The kinds of this name, each in its preferred version: several when more than one group has it and none is given, none when it is unknown.
    #[must_use]
    pub fn kind(&self, name: &str, group: Option<&str>) -> Vec<&KindInfo> {
        self.named(name).iter().filter(|info| info.preferred && group.is_none_or(|group| info.kind.group == group)).collect()
    }

    /// The kind that an object names: `apps/v1` and `Deployment`.
    #[must_use]
    pub fn by_gvk(&self, api_version: &str, kind: &str) -> Option<&KindInfo> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.named(kind).iter().find(|info| info.kind.group == group && info.kind.version == version)
    }

    /// The struct of this OpenAPI name.
    #[must_use]
    pub fn get(&self, type_name: &str) -> Option<&Struct> {
        self.type_id(type_name).map(|id| self.struct_of(id))
    }

    /// The place of the struct of this OpenAPI name.
    #[must_use]
    pub fn type_id(&self, type_name: &str) -> Option<TypeId> {
        let index = self.types.binary_search_by(|entry| entry.name.cmp(type_name)).ok()?;
        u16::try_from(index).ok().map(TypeId)
    }

    /// Every struct, in the order of the names.
    pub fn types(&self) -> impl Iterator<Item = TypeId> + '_ {
        self.types.iter().enumerate().filter_map(|(index, _)| u16::try_from(index).ok().map(TypeId))
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

    pub(super) fn name_of(&self, id: TypeId) -> &'static str {
        self.types.get(usize::from(id.0)).map_or("", |entry| entry.name)
    }

    pub(super) fn struct_of(&self, id: TypeId) -> &Struct {
        static NONE: Struct = Struct { name: "", fields: BTreeMap::new(), union: &[], union_required: false };
        self.types.get(usize::from(id.0)).map_or(&NONE, |entry| entry.parsed.get_or_init(|| self.parse_struct(entry)))
    }

    fn named(&self, kind: &str) -> &[KindInfo] {
        let kinds = self.kinds();
        let start = kinds.partition_point(|info| info.kind.kind.as_str() < kind);
        let rest = kinds.get(start..).unwrap_or_default();
        let end = rest.partition_point(|info| info.kind.kind == kind);
        rest.get(..end).unwrap_or_default()
    }

    fn parse_kind(&self, line: &'static str) -> Option<KindInfo> {
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
            ty: self.type_id(line.ty)?,
            preferred: line.preferred,
            subresources: line.subresources.into_iter().map(|(name, ty)| Subresource { name, ty: self.type_id(ty) }).collect(),
        })
    }

    // The tests read every line, so that the fallbacks are never met.
    fn parse_struct(&self, entry: &Entry) -> Struct {
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
                    ty: words.next().map_or(FieldType::Any, |ty| self.parse_type(ty)),
                    required: false,
                    presence: Presence::Written,
                    value_struct: false,
                    values: enums.iter().find(|(field, _)| *field == name).map_or(&[], |(_, values)| *values),
                    default: defaults.iter().find(|(field, _)| *field == name).map(|(_, default)| *default),
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
        Struct { name: entry.name, fields, union, union_required }
    }

    fn parse_type(&self, text: &str) -> FieldType {
        match text {
            "bool" => FieldType::Bool,
            "int" => FieldType::Int,
            "number" => FieldType::Number,
            "string" => FieldType::String,
            "quantity" => FieldType::Quantity,
            "int-or-string" => FieldType::IntOrString,
            _ => {
                if let Some(inner) = text.strip_prefix("[]") {
                    FieldType::List(Box::new(self.parse_type(inner)))
                } else if let Some(inner) = text.strip_prefix("{}") {
                    FieldType::Map(Box::new(self.parse_type(inner)))
                } else {
                    self.type_id(text).map_or(FieldType::Any, FieldType::Struct)
                }
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
        assert_eq!(schema.kinds().len(), schema.kind_lines.len());
        assert!(schema.kinds().len() > 60);
        for entry in &schema.types {
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
        assert!(schema.types.is_sorted_by(|a, b| a.name < b.name));
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
