//! By which field elements of lists are told from each other.
//!
//! Mutators that name several keys for one list block each other, so that each list has one here; where Kubernetes merges the list by a key, it is that.
//!
//! Source: `patchMergeKey` of the fields in `k8s.io/api` 0.37; `pkg/mutation/schema` of Gatekeeper.

use super::place::Place;
use crate::schema::FieldType;

/// Lists whose key is not `name`: the struct that they are in, the field and the key.
const KEYS: &[(&str, &str, &str)] = &[
    ("Container", "ports", "containerPort"),
    ("Container", "volumeMounts", "mountPath"),
    ("Container", "volumeDevices", "devicePath"),
    ("EphemeralContainer", "ports", "containerPort"),
    ("EphemeralContainer", "volumeMounts", "mountPath"),
    ("EphemeralContainer", "volumeDevices", "devicePath"),
    ("PodSpec", "hostAliases", "ip"),
    ("PodSpec", "tolerations", "key"),
    ("PodSpec", "topologySpreadConstraints", "topologyKey"),
    ("ServiceSpec", "ports", "port"),
];

/// What an element may have that tells it from others, where a list is not among [`KEYS`].
const USUAL: &[&str] = &["name", "key", "type", "path", "host", "kind", "port", "ip"];

/// Lists in which the API server lets no two elements have the same key: the struct that they are in and the fields.
///
/// Source: `k8s.io/kubernetes` 1.37, `pkg/apis/core/validation`: `validateContainers`, `validateInitContainers`, `ValidateVolumes`, `ValidateVolumeMounts`, `ValidateVolumeDevices`.
const UNIQUE: &[(&str, &[&str])] = &[
    ("PodSpec", &["containers", "initContainers", "ephemeralContainers", "volumes"]),
    ("Container", &["volumeMounts", "volumeDevices"]),
    ("EphemeralContainer", &["volumeMounts", "volumeDevices"]),
];

/// The key of a list; none where its elements are no structs.
pub(super) fn key_of(list: &Place) -> Option<&'static str> {
    let FieldType::List(element) = &list.ty else { return None };
    let FieldType::Struct(element) = **element else { return None };
    if let Some((_, _, key)) = KEYS.iter().find(|(of, field, _)| list.is_field(of, &[field])) {
        return Some(key);
    }
    let fields = &element.get().fields;
    let usual = USUAL.iter().find(|name| fields.contains_key(**name)).copied();
    usual.or_else(|| fields.keys().next().copied())
}

/// Whether no two elements of a list have the same key.
pub(super) fn is_unique(list: &Place) -> bool {
    UNIQUE.iter().any(|(of, fields)| list.is_field(of, fields))
}
