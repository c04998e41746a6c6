//! Fields that the API server writes even where they are absent, as `null`: Gatekeeper finds something there, and fails where its location leads through it.
//!
//! Source: `k8s.io/api` 0.37: pointers, lists and maps without `omitempty`.

/// The struct and its fields.
const NULLS: &[(&str, &[&str])] = &[
    ("AllocatedDeviceStatus", &["conditions"]),
    ("AzureFilePersistentVolumeSource", &["secretNamespace"]),
    ("CSINodeDriver", &["topologyKeys"]),
    ("CSINodeSpec", &["drivers"]),
    ("CapacityRequestPolicy", &["default"]),
    ("CephFSPersistentVolumeSource", &["monitors"]),
    ("CephFSVolumeSource", &["monitors"]),
    ("CertificateSigningRequestSpec", &["request"]),
    ("ClusterRole", &["rules"]),
    ("DeviceClaim", &["requests"]),
    ("Endpoint", &["addresses"]),
    ("EndpointSlice", &["endpoints", "ports"]),
    ("GRPCAction", &["service"]),
    ("HTTPIngressPath", &["pathType"]),
    ("IngressClassParametersReference", &["scope"]),
    ("LimitRangeSpec", &["limits"]),
    ("LimitedPriorityLevelConfiguration", &["nominalConcurrencyShares"]),
    ("MutatingWebhook", &["admissionReviewVersions", "sideEffects"]),
    ("NodeSelector", &["nodeSelectorTerms"]),
    ("NonResourcePolicyRule", &["nonResourceURLs", "verbs"]),
    ("PodFailurePolicy", &["rules"]),
    ("PodFailurePolicyOnExitCodesRequirement", &["values"]),
    ("PodGroupTemplate", &["schedulingConstraints"]),
    ("PolicyRule", &["verbs"]),
    ("PolicyRulesWithSubjects", &["subjects"]),
    ("ProjectedVolumeSource", &["sources"]),
    ("RBDPersistentVolumeSource", &["monitors"]),
    ("RBDVolumeSource", &["monitors"]),
    ("ResourcePolicyRule", &["apiGroups", "namespaces", "resources", "verbs"]),
    ("Role", &["rules"]),
    ("ScaleIOPersistentVolumeSource", &["secretRef"]),
    ("ScaleIOVolumeSource", &["secretRef"]),
    ("SuccessPolicy", &["rules"]),
    ("TopologySelectorLabelRequirement", &["values"]),
    ("TypedLocalObjectReference", &["apiGroup"]),
    ("TypedObjectReference", &["apiGroup"]),
    ("ValidatingWebhook", &["admissionReviewVersions", "sideEffects"]),
    ("WorkloadSpec", &["podGroupTemplates"]),
];

/// Those that are `null` only in objects that the API server refuses afterwards.
const DEMANDED: &[(&str, &[&str])] = &[
    ("DaemonSetSpec", &["selector"]),
    ("DeploymentSpec", &["selector"]),
    ("HTTPIngressRuleValue", &["paths"]),
    ("PodSpec", &["containers"]),
    ("ReplicaSetSpec", &["selector"]),
    ("StatefulSetSpec", &["selector"]),
];

fn is_in(table: &[(&str, &[&str])], of: &str, field: &str) -> bool {
    let short = of.rsplit('.').next().unwrap_or(of);
    table.iter().any(|(name, fields)| *name == short && fields.contains(&field))
}

/// Whether a field may be `null` in an object that is admitted.
pub(super) fn stops(of: &str, field: &str) -> bool {
    is_in(NULLS, of, field)
}

/// Whether a field may be `null` in any object.
pub(super) fn may_be_null(of: &str, field: &str) -> bool {
    is_in(NULLS, of, field) || is_in(DEMANDED, of, field)
}
