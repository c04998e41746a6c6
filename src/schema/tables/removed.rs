//! The apiVersions and kinds that Kubernetes once served.

use crate::schema::Removed;

/// What became of an apiVersion and kind.
pub(in crate::schema) fn of(api_version: &str, kind: &str) -> Option<&'static Removed> {
    REMOVED.iter().find(|removed| removed.api_version == api_version && removed.kind == kind)
}

/// In the order of the apiVersion and kind.
pub(in crate::schema) const REMOVED: &[Removed] = &[Removed {
    api_version: "settings.k8s.io/v1alpha1",
    kind: "PodPreset",
    in_minor: 20,
    replacement: None,
    advice: Some("use a MutatingAdmissionPolicy"),
}];
