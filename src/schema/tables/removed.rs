//! The apiVersions and kinds that Kubernetes once served, from the lifecycle that its Go types declare and, for types that are gone, its change logs. Alpha versions that few have seen
//! are left out.

use crate::schema::Removed;

/// What became of an apiVersion and kind.
pub(in crate::schema) fn of(api_version: &str, kind: &str) -> Option<&'static Removed> {
    let index = REMOVED.binary_search_by(|removed| (removed.api_version, removed.kind).cmp(&(api_version, kind))).ok()?;
    REMOVED.get(index)
}

const fn moved(api_version: &'static str, kind: &'static str, in_minor: u32, replacement: &'static str) -> Removed {
    Removed { api_version, kind, in_minor, replacement: Some(replacement), advice: None }
}

const fn gone(api_version: &'static str, kind: &'static str, in_minor: u32, advice: &'static str) -> Removed {
    Removed { api_version, kind, in_minor, replacement: None, advice: Some(advice) }
}

const POD_SECURITY: &str = "use Pod Security Admission (a `pod-security` block) or a `ValidatingAdmissionPolicy`";
const ROLLOUT: &str = "use `kubectl rollout undo`";

/// In the order of apiVersion and kind.
pub(in crate::schema) const REMOVED: &[Removed] = &[
    moved("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicy", 32, "admissionregistration.k8s.io/v1"),
    moved("admissionregistration.k8s.io/v1alpha1", "ValidatingAdmissionPolicyBinding", 32, "admissionregistration.k8s.io/v1"),
    moved("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", 22, "admissionregistration.k8s.io/v1"),
    moved("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", 34, "admissionregistration.k8s.io/v1"),
    moved("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicyBinding", 34, "admissionregistration.k8s.io/v1"),
    moved("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", 22, "admissionregistration.k8s.io/v1"),
    moved("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 22, "apiextensions.k8s.io/v1"),
    moved("apiregistration.k8s.io/v1beta1", "APIService", 22, "apiregistration.k8s.io/v1"),
    moved("apps/v1beta1", "ControllerRevision", 16, "apps/v1"),
    moved("apps/v1beta1", "Deployment", 16, "apps/v1"),
    gone("apps/v1beta1", "DeploymentRollback", 16, ROLLOUT),
    moved("apps/v1beta1", "StatefulSet", 16, "apps/v1"),
    moved("apps/v1beta2", "ControllerRevision", 16, "apps/v1"),
    moved("apps/v1beta2", "DaemonSet", 16, "apps/v1"),
    moved("apps/v1beta2", "Deployment", 16, "apps/v1"),
    moved("apps/v1beta2", "ReplicaSet", 16, "apps/v1"),
    moved("apps/v1beta2", "StatefulSet", 16, "apps/v1"),
    gone(
        "auditregistration.k8s.io/v1alpha1",
        "AuditSink",
        19,
        "configure a webhook audit backend with the API server's `--audit-webhook-config-file`",
    ),
    moved("authentication.k8s.io/v1alpha1", "SelfSubjectReview", 32, "authentication.k8s.io/v1"),
    moved("authentication.k8s.io/v1beta1", "SelfSubjectReview", 33, "authentication.k8s.io/v1"),
    moved("authentication.k8s.io/v1beta1", "TokenReview", 22, "authentication.k8s.io/v1"),
    moved("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview", 22, "authorization.k8s.io/v1"),
    moved("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview", 22, "authorization.k8s.io/v1"),
    moved("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview", 22, "authorization.k8s.io/v1"),
    moved("authorization.k8s.io/v1beta1", "SubjectAccessReview", 22, "authorization.k8s.io/v1"),
    moved("autoscaling/v2beta1", "HorizontalPodAutoscaler", 25, "autoscaling/v2"),
    moved("autoscaling/v2beta2", "HorizontalPodAutoscaler", 26, "autoscaling/v2"),
    moved("batch/v1beta1", "CronJob", 25, "batch/v1"),
    moved("batch/v2alpha1", "CronJob", 21, "batch/v1"),
    moved("certificates.k8s.io/v1alpha1", "ClusterTrustBundle", 37, "certificates.k8s.io/v1"),
    moved("certificates.k8s.io/v1beta1", "CertificateSigningRequest", 22, "certificates.k8s.io/v1"),
    moved("coordination.k8s.io/v1beta1", "Lease", 22, "coordination.k8s.io/v1"),
    moved("discovery.k8s.io/v1beta1", "EndpointSlice", 25, "discovery.k8s.io/v1"),
    moved("events.k8s.io/v1beta1", "Event", 25, "events.k8s.io/v1"),
    moved("extensions/v1beta1", "DaemonSet", 16, "apps/v1"),
    moved("extensions/v1beta1", "Deployment", 16, "apps/v1"),
    gone("extensions/v1beta1", "DeploymentRollback", 16, ROLLOUT),
    moved("extensions/v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    moved("extensions/v1beta1", "NetworkPolicy", 16, "networking.k8s.io/v1"),
    gone("extensions/v1beta1", "PodSecurityPolicy", 16, POD_SECURITY),
    moved("extensions/v1beta1", "ReplicaSet", 16, "apps/v1"),
    gone("extensions/v1beta1", "ThirdPartyResource", 8, "use a `CustomResourceDefinition` of `apiextensions.k8s.io/v1`"),
    moved("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", 26, "flowcontrol.apiserver.k8s.io/v1"),
    moved("flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration", 26, "flowcontrol.apiserver.k8s.io/v1"),
    moved("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", 29, "flowcontrol.apiserver.k8s.io/v1"),
    moved("flowcontrol.apiserver.k8s.io/v1beta2", "PriorityLevelConfiguration", 29, "flowcontrol.apiserver.k8s.io/v1"),
    moved("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", 32, "flowcontrol.apiserver.k8s.io/v1"),
    moved("flowcontrol.apiserver.k8s.io/v1beta3", "PriorityLevelConfiguration", 32, "flowcontrol.apiserver.k8s.io/v1"),
    moved("networking.k8s.io/v1beta1", "IPAddress", 37, "networking.k8s.io/v1"),
    moved("networking.k8s.io/v1beta1", "Ingress", 22, "networking.k8s.io/v1"),
    moved("networking.k8s.io/v1beta1", "IngressClass", 22, "networking.k8s.io/v1"),
    moved("networking.k8s.io/v1beta1", "ServiceCIDR", 37, "networking.k8s.io/v1"),
    moved("node.k8s.io/v1alpha1", "RuntimeClass", 24, "node.k8s.io/v1"),
    moved("node.k8s.io/v1beta1", "RuntimeClass", 25, "node.k8s.io/v1"),
    gone("policy/v1beta1", "Eviction", 25, "use `policy/v1`"),
    moved("policy/v1beta1", "PodDisruptionBudget", 25, "policy/v1"),
    gone("policy/v1beta1", "PodSecurityPolicy", 25, POD_SECURITY),
    moved("rbac.authorization.k8s.io/v1alpha1", "ClusterRole", 23, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1alpha1", "ClusterRoleBinding", 23, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1alpha1", "Role", 23, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1alpha1", "RoleBinding", 23, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1beta1", "ClusterRole", 22, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", 22, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1beta1", "Role", 22, "rbac.authorization.k8s.io/v1"),
    moved("rbac.authorization.k8s.io/v1beta1", "RoleBinding", 22, "rbac.authorization.k8s.io/v1"),
    moved("resource.k8s.io/v1alpha2", "ResourceClaim", 31, "resource.k8s.io/v1"),
    moved("resource.k8s.io/v1alpha2", "ResourceClaimTemplate", 31, "resource.k8s.io/v1"),
    gone("resource.k8s.io/v1alpha2", "ResourceClass", 31, "use a `DeviceClass` of `resource.k8s.io/v1`"),
    moved("scheduling.k8s.io/v1alpha1", "PriorityClass", 23, "scheduling.k8s.io/v1"),
    moved("scheduling.k8s.io/v1beta1", "PriorityClass", 22, "scheduling.k8s.io/v1"),
    gone("settings.k8s.io/v1alpha1", "PodPreset", 20, "use a `MutatingAdmissionPolicy` of `admissionregistration.k8s.io/v1`"),
    moved("storage.k8s.io/v1alpha1", "CSIStorageCapacity", 24, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1alpha1", "VolumeAttachment", 24, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 35, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "CSIDriver", 22, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "CSINode", 22, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "CSIStorageCapacity", 27, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "StorageClass", 22, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "VolumeAttachment", 22, "storage.k8s.io/v1"),
    moved("storage.k8s.io/v1beta1", "VolumeAttributesClass", 37, "storage.k8s.io/v1"),
];
