//! The project's own tables, for what Kubernetes' OpenAPI document does not hold. `docs/schema.md` says where each comes from and how it is checked.

pub(super) mod defaults;
pub(super) mod enums;
pub(super) mod removed;
pub(super) mod unions;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::schema::{Default, FieldType, Schema, SpecialDefault, Struct, Test};
    use crate::schema::{Field, TypeId};

    fn known(ty: &str) -> &'static Struct {
        Schema::kubernetes().get(ty).unwrap_or_else(|| panic!("no type {ty}"))
    }

    fn field(ty: &str, name: &str) -> &'static Field {
        known(ty).fields.get(name).unwrap_or_else(|| panic!("no field {ty}.{name}"))
    }

    #[test]
    fn enums_are_sorted_strings_of_known_fields() {
        assert!(enums::ENUMS.is_sorted_by(|a, b| a.0 < b.0));
        for (ty, fields) in enums::ENUMS {
            assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "{ty}");
            for (name, values) in *fields {
                let is = &field(ty, name).ty;
                assert!(*is == FieldType::String || matches!(is, FieldType::List(inner) if **inner == FieldType::String), "{ty}.{name}");
                assert!(values.len() > 1 && values.is_sorted_by(|a, b| a < b), "{ty}.{name}");
                assert_eq!(field(ty, name).values, *values);
            }
        }
    }

    // Whether a default can be what a field holds.
    fn fits(owner: &Struct, ty: &FieldType, values: &[&str], default: &Default) -> bool {
        match default {
            Default::String(text) => *ty == FieldType::String && (values.is_empty() || values.contains(text)),
            Default::Int(_) => matches!(ty, FieldType::Int | FieldType::IntOrString),
            Default::Bool(_) => *ty == FieldType::Bool,
            Default::Text(_) => matches!(ty, FieldType::Quantity | FieldType::IntOrString),
            Default::Strings(items) => {
                *ty == FieldType::List(Box::new(FieldType::String)) && items.iter().all(|item| values.is_empty() || values.contains(item))
            }
            Default::Empty => matches!(ty, FieldType::Struct(_)),
            // Of custom kinds alone.
            Default::Constant(_) => false,
            Default::Special(special) => match special {
                SpecialDefault::PullPolicy { image } => owner.fields[*image].ty == FieldType::String && values.contains(&"IfNotPresent"),
                SpecialDefault::EmptyDirWithoutSource => owner.name == "io.k8s.api.core.v1.Volume",
                SpecialDefault::HostPortOfHostNetwork => owner.name == "io.k8s.api.core.v1.ContainerPort",
                SpecialDefault::RequestFromLimit => owner.fields["limits"].ty == *ty,
                SpecialDefault::Sibling(path) => path
                    .iter()
                    .try_fold(None::<&FieldType>, |at, name| {
                        let inside = match at {
                            None => owner,
                            Some(FieldType::Struct(id)) => TypeId::get(*id),
                            Some(_) => return None,
                        };
                        inside.fields.get(name).map(|field| Some(&field.ty))
                    })
                    .flatten()
                    .is_some_and(|other| other == ty || (*other == FieldType::Int && *ty == FieldType::IntOrString)),
                SpecialDefault::InKind(kind, then) => !Schema::kubernetes().kind(kind, None).is_empty() && fits(owner, ty, values, then),
                SpecialDefault::When { test, then, otherwise } => {
                    let tested = match test {
                        Test::OneOf(name, among) => {
                            let other = &owner.fields[*name];
                            other.ty == FieldType::String
                                && among.iter().all(|value| other.values.is_empty() || other.values.contains(value))
                        }
                        Test::Written(name) | Test::Unwritten(name) => owner.fields.contains_key(name),
                    };
                    tested && fits(owner, ty, values, then) && otherwise.is_none_or(|default| fits(owner, ty, values, default))
                }
            },
        }
    }

    #[test]
    fn defaults_fit_known_fields() {
        assert!(defaults::DEFAULTS.is_sorted_by(|a, b| a.0 < b.0));
        for (ty, fields) in defaults::DEFAULTS {
            assert!(fields.is_sorted_by(|a, b| a.0 < b.0), "{ty}");
            for (name, default) in *fields {
                let field = field(ty, name);
                assert!(fits(known(ty), &field.ty, field.values, default), "{ty}.{name}: {default:?}");
                assert_eq!(field.default, Some(*default));
            }
        }
    }

    #[test]
    fn unions_name_known_fields() {
        assert!(unions::UNIONS.is_sorted_by(|a, b| a.0 < b.0));
        for (ty, required, fields) in unions::UNIONS {
            assert!(fields.len() > 1 && fields.is_sorted_by(|a, b| a < b), "{ty}");
            assert!(fields.iter().all(|name| !field(ty, name).required), "{ty}");
            assert_eq!((known(ty).union, known(ty).union_required), (*fields, *required));
        }
    }

    #[test]
    fn removed_kinds_are_gone_and_replaced_by_served_ones() {
        let schema = Schema::kubernetes();
        assert!(removed::REMOVED.is_sorted_by(|a, b| (a.api_version, a.kind) < (b.api_version, b.kind)));
        for entry in removed::REMOVED {
            let name = format!("{} {}", entry.api_version, entry.kind);
            assert!(schema.by_gvk(entry.api_version, entry.kind).is_none(), "{name}");
            assert!(entry.replacement.is_some() != entry.advice.is_some(), "{name}");
            assert!(entry.replacement.is_none_or(|version| schema.by_gvk(version, entry.kind).is_some()), "{name}");
            assert!((8..=37).contains(&entry.in_minor), "{name}");
            assert_eq!(schema.removed(entry.api_version, entry.kind), Some(entry));
        }
    }
}
