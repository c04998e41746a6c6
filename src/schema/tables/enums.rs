//! The strings that a field may hold, where Kubernetes knows them all.

type Fields = &'static [(&'static str, &'static [&'static str])];

/// The enums of a struct's fields.
pub(in crate::schema) fn of(type_name: &str) -> Fields {
    ENUMS.binary_search_by(|(name, _)| (*name).cmp(type_name)).ok().and_then(|index| ENUMS.get(index)).map_or(&[], |(_, fields)| fields)
}

const PULL_POLICY: &[&str] = &["Always", "IfNotPresent", "Never"];

/// By the name of the struct.
pub(in crate::schema) const ENUMS: &[(&str, Fields)] = &[
    ("io.k8s.api.core.v1.Container", &[("imagePullPolicy", PULL_POLICY)]),
    (
        "io.k8s.api.core.v1.PodSpec",
        &[
            ("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
            ("restartPolicy", &["Always", "Never", "OnFailure"]),
        ],
    ),
];
