//! Fields of which at most one is to be set.

/// The union of a struct's fields, and whether one of them has to be set.
pub(in crate::schema) fn of(type_name: &str) -> (&'static [&'static str], bool) {
    UNIONS
        .binary_search_by(|(name, _, _)| (*name).cmp(type_name))
        .ok()
        .and_then(|index| UNIONS.get(index))
        .map_or((&[], false), |(_, required, fields)| (fields, *required))
}

/// By the name of the struct: whether one has to be set, and the fields.
pub(in crate::schema) const UNIONS: &[(&str, bool, &[&str])] = &[
    ("io.k8s.api.core.v1.EnvVarSource", true, &["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"]),
    ("io.k8s.api.core.v1.LifecycleHandler", true, &["exec", "httpGet", "sleep", "tcpSocket"]),
    ("io.k8s.api.core.v1.Probe", true, &["exec", "grpc", "httpGet", "tcpSocket"]),
];
