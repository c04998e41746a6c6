//! The strings that a field may hold, where Kubernetes knows them all. Open ones (capabilities, secret types, media of `emptyDir` ...) are left out.

type Fields = &'static [(&'static str, &'static [&'static str])];

/// The enums of a struct's fields; for a list those of its elements.
pub(in crate::schema) fn of(type_name: &str) -> Fields {
    ENUMS.binary_search_by(|(name, _)| (*name).cmp(type_name)).ok().and_then(|index| ENUMS.get(index)).map_or(&[], |(_, fields)| fields)
}

const ACCESS_MODE: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const ALLOCATION_MODE: &[&str] = &["All", "ExactCount"];
const ALLOCATION_SOURCE: &[&str] = &["FromClaim", "FromClass"];
const CLAIM_RETENTION: &[&str] = &["Delete", "Retain"];
const CONDITION_STATUS: &[&str] = &["False", "True", "Unknown"];
const DEVICE_TAINT_EFFECT: &[&str] = &["NoExecute", "NoSchedule", "None"];
const DEVICE_TOLERATION_OPERATOR: &[&str] = &["Equal", "Exists"];
const EVICTION_INTENT: &[&str] = &["Eviction", "Withdrawn"];
const EXIT_CODE_OPERATOR: &[&str] = &["In", "NotIn"];
const FAILURE_POLICY: &[&str] = &["Fail", "Ignore"];
const KEY_USAGE: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];
const MATCH_POLICY: &[&str] = &["Equivalent", "Exact"];
const METRIC_SOURCE: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];
const NODE_INCLUSION: &[&str] = &["Honor", "Ignore"];
const NODE_OPERATION: &[&str] = &["*", "NodePrepareResources", "NodeUnprepareResources"];
const OPERATION: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const PARAMETER_NOT_FOUND: &[&str] = &["Allow", "Deny"];
const PATCH_TYPE: &[&str] = &["ApplyConfiguration", "JSONPatch"];
const PREEMPTION_POLICY: &[&str] = &["Never", "PreemptLowerPriority"];
const PROFILE_TYPE: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const PROTOCOL: &[&str] = &["SCTP", "TCP", "UDP"];
const PULL_POLICY: &[&str] = &["Always", "IfNotPresent", "Never"];
const QUOTA_SCOPE: &[&str] = &[
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
const RECLAIM_POLICY: &[&str] = &["Delete", "Recycle", "Retain"];
const RECURSIVE_READ_ONLY: &[&str] = &["Disabled", "Enabled", "IfPossible"];
const REINVOCATION_POLICY: &[&str] = &["IfNeeded", "Never"];
const RESTART_POLICY: &[&str] = &["Always", "Never", "OnFailure"];
const SCOPE: &[&str] = &["*", "Cluster", "Namespaced"];
const SELECTOR_OPERATOR: &[&str] = &["DoesNotExist", "Exists", "In", "NotIn"];
const SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun", "Some", "Unknown"];
const SIGNAL: &[&str] = &[
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMAX-1",
    "SIGRTMAX-10",
    "SIGRTMAX-11",
    "SIGRTMAX-12",
    "SIGRTMAX-13",
    "SIGRTMAX-14",
    "SIGRTMAX-2",
    "SIGRTMAX-3",
    "SIGRTMAX-4",
    "SIGRTMAX-5",
    "SIGRTMAX-6",
    "SIGRTMAX-7",
    "SIGRTMAX-8",
    "SIGRTMAX-9",
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];
const SUBJECT_KIND: &[&str] = &["Group", "ServiceAccount", "User"];
const TAINT_EFFECT: &[&str] = &["NoExecute", "NoSchedule", "PreferNoSchedule"];
const TERMINATION_MESSAGE_POLICY: &[&str] = &["FallbackToLogsOnError", "File"];
const TRAFFIC_POLICY: &[&str] = &["Cluster", "Local"];
const VOLUME_MODE: &[&str] = &["Block", "Filesystem"];

/// By the name of the struct.
pub(in crate::schema) const ENUMS: &[(&str, Fields)] = &[
    ("io.k8s.api.admissionregistration.v1.MatchResources", &[("matchPolicy", MATCH_POLICY)]),
    (
        "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec",
        &[("failurePolicy", FAILURE_POLICY), ("reinvocationPolicy", REINVOCATION_POLICY)],
    ),
    (
        "io.k8s.api.admissionregistration.v1.MutatingWebhook",
        &[
            ("failurePolicy", FAILURE_POLICY),
            ("matchPolicy", MATCH_POLICY),
            ("reinvocationPolicy", REINVOCATION_POLICY),
            ("sideEffects", SIDE_EFFECTS),
        ],
    ),
    ("io.k8s.api.admissionregistration.v1.Mutation", &[("patchType", PATCH_TYPE)]),
    ("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", &[("operations", OPERATION), ("scope", SCOPE)]),
    ("io.k8s.api.admissionregistration.v1.ParamRef", &[("parameterNotFoundAction", PARAMETER_NOT_FOUND)]),
    ("io.k8s.api.admissionregistration.v1.RuleWithOperations", &[("operations", OPERATION), ("scope", SCOPE)]),
    ("io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", &[("validationActions", &["Audit", "Deny", "Warn"])]),
    ("io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec", &[("failurePolicy", FAILURE_POLICY)]),
    (
        "io.k8s.api.admissionregistration.v1.ValidatingWebhook",
        &[("failurePolicy", FAILURE_POLICY), ("matchPolicy", MATCH_POLICY), ("sideEffects", SIDE_EFFECTS)],
    ),
    ("io.k8s.api.admissionregistration.v1alpha1.MatchResources", &[("matchPolicy", MATCH_POLICY)]),
    (
        "io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicySpec",
        &[("failurePolicy", FAILURE_POLICY), ("reinvocationPolicy", REINVOCATION_POLICY)],
    ),
    ("io.k8s.api.admissionregistration.v1alpha1.Mutation", &[("patchType", PATCH_TYPE)]),
    ("io.k8s.api.admissionregistration.v1alpha1.NamedRuleWithOperations", &[("operations", OPERATION), ("scope", SCOPE)]),
    ("io.k8s.api.admissionregistration.v1alpha1.ParamRef", &[("parameterNotFoundAction", PARAMETER_NOT_FOUND)]),
    ("io.k8s.api.admissionregistration.v1beta1.MatchResources", &[("matchPolicy", MATCH_POLICY)]),
    (
        "io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicySpec",
        &[("failurePolicy", FAILURE_POLICY), ("reinvocationPolicy", REINVOCATION_POLICY)],
    ),
    ("io.k8s.api.admissionregistration.v1beta1.Mutation", &[("patchType", PATCH_TYPE)]),
    ("io.k8s.api.admissionregistration.v1beta1.NamedRuleWithOperations", &[("operations", OPERATION), ("scope", SCOPE)]),
    ("io.k8s.api.admissionregistration.v1beta1.ParamRef", &[("parameterNotFoundAction", PARAMETER_NOT_FOUND)]),
    ("io.k8s.api.apiserverinternal.v1alpha1.StorageVersionCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.apps.v1.DaemonSetCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", &[("type", &["OnDelete", "RollingUpdate"])]),
    ("io.k8s.api.apps.v1.DeploymentCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.apps.v1.DeploymentStrategy", &[("type", &["Recreate", "RollingUpdate"])]),
    ("io.k8s.api.apps.v1.ReplicaSetCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.apps.v1.StatefulSetCondition", &[("status", CONDITION_STATUS)]),
    (
        "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
        &[("whenDeleted", CLAIM_RETENTION), ("whenScaled", CLAIM_RETENTION)],
    ),
    ("io.k8s.api.apps.v1.StatefulSetSpec", &[("podManagementPolicy", &["OrderedReady", "Parallel"])]),
    ("io.k8s.api.apps.v1.StatefulSetUpdateStrategy", &[("type", &["OnDelete", "Recreate", "RollingUpdate"])]),
    ("io.k8s.api.autoscaling.v2.HPAScalingPolicy", &[("type", &["Percent", "Pods"])]),
    ("io.k8s.api.autoscaling.v2.HPAScalingRules", &[("selectPolicy", &["Disabled", "Max", "Min"])]),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.autoscaling.v2.MetricSpec", &[("type", METRIC_SOURCE)]),
    ("io.k8s.api.autoscaling.v2.MetricStatus", &[("type", METRIC_SOURCE)]),
    ("io.k8s.api.autoscaling.v2.MetricTarget", &[("type", &["AverageValue", "Utilization", "Value"])]),
    ("io.k8s.api.batch.v1.CronJobSpec", &[("concurrencyPolicy", &["Allow", "Forbid", "Replace"])]),
    ("io.k8s.api.batch.v1.JobCondition", &[("status", CONDITION_STATUS)]),
    (
        "io.k8s.api.batch.v1.JobSpec",
        &[("completionMode", &["Indexed", "NonIndexed"]), ("podReplacementPolicy", &["Failed", "TerminatingOrFailed"])],
    ),
    ("io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement", &[("operator", EXIT_CODE_OPERATOR)]),
    ("io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.batch.v1.PodFailurePolicyRule", &[("action", &["Count", "FailIndex", "FailJob", "Ignore"])]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequestCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequestSpec", &[("usages", KEY_USAGE)]),
    ("io.k8s.api.core.v1.AppArmorProfile", &[("type", PROFILE_TYPE)]),
    (
        "io.k8s.api.core.v1.AzureDiskVolumeSource",
        &[("cachingMode", &["None", "ReadOnly", "ReadWrite"]), ("kind", &["Dedicated", "Managed", "Shared"])],
    ),
    ("io.k8s.api.core.v1.ComponentCondition", &[("status", CONDITION_STATUS)]),
    (
        "io.k8s.api.core.v1.Container",
        &[("imagePullPolicy", PULL_POLICY), ("restartPolicy", RESTART_POLICY), ("terminationMessagePolicy", TERMINATION_MESSAGE_POLICY)],
    ),
    ("io.k8s.api.core.v1.ContainerPort", &[("protocol", PROTOCOL)]),
    ("io.k8s.api.core.v1.ContainerResizePolicy", &[("restartPolicy", &["NotRequired", "RestartContainer"])]),
    ("io.k8s.api.core.v1.ContainerRestartRule", &[("action", &["Restart", "RestartAllContainers"])]),
    ("io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes", &[("operator", EXIT_CODE_OPERATOR)]),
    ("io.k8s.api.core.v1.ContainerStatus", &[("stopSignal", SIGNAL)]),
    ("io.k8s.api.core.v1.EndpointPort", &[("protocol", PROTOCOL)]),
    (
        "io.k8s.api.core.v1.EphemeralContainer",
        &[("imagePullPolicy", PULL_POLICY), ("restartPolicy", RESTART_POLICY), ("terminationMessagePolicy", TERMINATION_MESSAGE_POLICY)],
    ),
    ("io.k8s.api.core.v1.GRPCAction", &[("mode", &["Plaintext", "TLS"])]),
    ("io.k8s.api.core.v1.HTTPGetAction", &[("protocol", &["HTTP1", "HTTP2"]), ("scheme", &["HTTP", "HTTPS"])]),
    (
        "io.k8s.api.core.v1.HostPathVolumeSource",
        &[("type", &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])],
    ),
    ("io.k8s.api.core.v1.ImageVolumeSource", &[("pullPolicy", PULL_POLICY)]),
    ("io.k8s.api.core.v1.Lifecycle", &[("stopSignal", SIGNAL)]),
    ("io.k8s.api.core.v1.LoadBalancerIngress", &[("ipMode", &["Proxy", "VIP"])]),
    ("io.k8s.api.core.v1.ModifyVolumeStatus", &[("status", &["InProgress", "Infeasible", "Pending"])]),
    ("io.k8s.api.core.v1.NamespaceCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.core.v1.NamespaceStatus", &[("phase", &["Active", "Terminating"])]),
    ("io.k8s.api.core.v1.NodeCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.core.v1.NodeSelectorRequirement", &[("operator", &["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"])]),
    ("io.k8s.api.core.v1.NodeStatus", &[("phase", &["Pending", "Running", "Terminated"])]),
    ("io.k8s.api.core.v1.PersistentVolumeClaimCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.core.v1.PersistentVolumeClaimSpec", &[("accessModes", ACCESS_MODE), ("volumeMode", VOLUME_MODE)]),
    ("io.k8s.api.core.v1.PersistentVolumeClaimStatus", &[("accessModes", ACCESS_MODE), ("phase", &["Bound", "Lost", "Pending"])]),
    (
        "io.k8s.api.core.v1.PersistentVolumeSpec",
        &[("accessModes", ACCESS_MODE), ("persistentVolumeReclaimPolicy", RECLAIM_POLICY), ("volumeMode", VOLUME_MODE)],
    ),
    ("io.k8s.api.core.v1.PersistentVolumeStatus", &[("phase", &["Available", "Bound", "Failed", "Pending", "Released"])]),
    ("io.k8s.api.core.v1.PodCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.core.v1.PodOS", &[("name", &["linux", "windows"])]),
    (
        "io.k8s.api.core.v1.PodSecurityContext",
        &[
            ("fsGroupChangePolicy", &["Always", "OnRootMismatch"]),
            ("seLinuxChangePolicy", &["MountOption", "Recursive"]),
            ("supplementalGroupsPolicy", &["Merge", "Strict"]),
        ],
    ),
    (
        "io.k8s.api.core.v1.PodSpec",
        &[
            ("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
            ("preemptionPolicy", PREEMPTION_POLICY),
            ("restartPolicy", RESTART_POLICY),
        ],
    ),
    (
        "io.k8s.api.core.v1.PodStatus",
        &[("phase", &["Failed", "Pending", "Running", "Succeeded", "Unknown"]), ("qosClass", &["BestEffort", "Burstable", "Guaranteed"])],
    ),
    ("io.k8s.api.core.v1.PortStatus", &[("protocol", PROTOCOL)]),
    ("io.k8s.api.core.v1.ReplicationControllerCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.core.v1.ResourceHealth", &[("health", &["Healthy", "Unhealthy", "Unknown"])]),
    ("io.k8s.api.core.v1.ResourceQuotaSpec", &[("scopes", QUOTA_SCOPE)]),
    ("io.k8s.api.core.v1.ScopedResourceSelectorRequirement", &[("operator", SELECTOR_OPERATOR), ("scopeName", QUOTA_SCOPE)]),
    ("io.k8s.api.core.v1.SeccompProfile", &[("type", PROFILE_TYPE)]),
    ("io.k8s.api.core.v1.SecurityContext", &[("procMount", &["Default", "Unmasked"])]),
    ("io.k8s.api.core.v1.ServicePort", &[("protocol", PROTOCOL)]),
    (
        "io.k8s.api.core.v1.ServiceSpec",
        &[
            ("externalTrafficPolicy", TRAFFIC_POLICY),
            ("internalTrafficPolicy", TRAFFIC_POLICY),
            ("ipFamilies", &["IPv4", "IPv6"]),
            ("ipFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]),
            ("sessionAffinity", &["ClientIP", "None"]),
            ("type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
        ],
    ),
    ("io.k8s.api.core.v1.Taint", &[("effect", TAINT_EFFECT)]),
    ("io.k8s.api.core.v1.Toleration", &[("effect", TAINT_EFFECT), ("operator", &["Equal", "Exists", "Gt", "Lt"])]),
    (
        "io.k8s.api.core.v1.TopologySpreadConstraint",
        &[
            ("nodeAffinityPolicy", NODE_INCLUSION),
            ("nodeTaintsPolicy", NODE_INCLUSION),
            ("whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]),
        ],
    ),
    ("io.k8s.api.core.v1.VolumeHealthCondition", &[("status", &["DataLoss", "Degraded", "Inaccessible"])]),
    (
        "io.k8s.api.core.v1.VolumeMount",
        &[("mountPropagation", &["Bidirectional", "HostToContainer", "None"]), ("recursiveReadOnly", RECURSIVE_READ_ONLY)],
    ),
    ("io.k8s.api.core.v1.VolumeMountStatus", &[("recursiveReadOnly", RECURSIVE_READ_ONLY)]),
    ("io.k8s.api.discovery.v1.EndpointPort", &[("protocol", PROTOCOL)]),
    ("io.k8s.api.discovery.v1.EndpointSlice", &[("addressType", &["FQDN", "IPv4", "IPv6"])]),
    ("io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod", &[("type", &["ByNamespace", "ByUser"])]),
    ("io.k8s.api.flowcontrol.v1.FlowSchemaCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.flowcontrol.v1.LimitResponse", &[("type", &["Queue", "Reject"])]),
    ("io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.api.flowcontrol.v1.PriorityLevelConfigurationSpec", &[("type", &["Exempt", "Limited"])]),
    ("io.k8s.api.flowcontrol.v1.Subject", &[("kind", SUBJECT_KIND)]),
    ("io.k8s.api.lifecycle.v1alpha1.EvictionRequestSpec", &[("intent", EVICTION_INTENT)]),
    ("io.k8s.api.lifecycle.v1alpha1.Requester", &[("intent", EVICTION_INTENT)]),
    ("io.k8s.api.lifecycle.v1alpha1.TargetResponder", &[("state", &["Active", "Canceled", "Completed", "Inactive", "Interrupted"])]),
    ("io.k8s.api.networking.v1.HTTPIngressPath", &[("pathType", &["Exact", "ImplementationSpecific", "Prefix"])]),
    ("io.k8s.api.networking.v1.IngressClassParametersReference", &[("scope", &["Cluster", "Namespace"])]),
    ("io.k8s.api.networking.v1.IngressPortStatus", &[("protocol", PROTOCOL)]),
    ("io.k8s.api.networking.v1.NetworkPolicyPort", &[("protocol", PROTOCOL)]),
    ("io.k8s.api.networking.v1.NetworkPolicySpec", &[("policyTypes", &["Egress", "Ingress"])]),
    ("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", &[("unhealthyPodEvictionPolicy", &["AlwaysAllow", "IfHealthyBudget"])]),
    ("io.k8s.api.rbac.v1.RoleRef", &[("kind", &["ClusterRole", "Role"])]),
    ("io.k8s.api.rbac.v1.Subject", &[("kind", SUBJECT_KIND)]),
    ("io.k8s.api.resource.v1.DeviceAllocationConfiguration", &[("source", ALLOCATION_SOURCE)]),
    ("io.k8s.api.resource.v1.DeviceRequestAllocationResult", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.resource.v1.DeviceSubRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1.DeviceTaint", &[("effect", DEVICE_TAINT_EFFECT)]),
    ("io.k8s.api.resource.v1.DeviceToleration", &[("effect", DEVICE_TAINT_EFFECT), ("operator", DEVICE_TOLERATION_OPERATOR)]),
    ("io.k8s.api.resource.v1.ExactDeviceRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1.ResourceSliceSpec", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.resource.v1alpha3.DeviceTaint", &[("effect", DEVICE_TAINT_EFFECT)]),
    ("io.k8s.api.resource.v1beta1.DeviceAllocationConfiguration", &[("source", ALLOCATION_SOURCE)]),
    ("io.k8s.api.resource.v1beta1.DeviceRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1beta1.DeviceRequestAllocationResult", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.resource.v1beta1.DeviceSubRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1beta1.DeviceTaint", &[("effect", DEVICE_TAINT_EFFECT)]),
    ("io.k8s.api.resource.v1beta1.DeviceToleration", &[("effect", DEVICE_TAINT_EFFECT), ("operator", DEVICE_TOLERATION_OPERATOR)]),
    ("io.k8s.api.resource.v1beta1.ResourceSliceSpec", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.resource.v1beta2.DeviceAllocationConfiguration", &[("source", ALLOCATION_SOURCE)]),
    ("io.k8s.api.resource.v1beta2.DeviceRequestAllocationResult", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.resource.v1beta2.DeviceSubRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1beta2.DeviceTaint", &[("effect", DEVICE_TAINT_EFFECT)]),
    ("io.k8s.api.resource.v1beta2.DeviceToleration", &[("effect", DEVICE_TAINT_EFFECT), ("operator", DEVICE_TOLERATION_OPERATOR)]),
    ("io.k8s.api.resource.v1beta2.ExactDeviceRequest", &[("allocationMode", ALLOCATION_MODE)]),
    ("io.k8s.api.resource.v1beta2.ResourceSliceSpec", &[("skipNodeOperations", NODE_OPERATION)]),
    ("io.k8s.api.scheduling.v1.PriorityClass", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1alpha3.CompositePodGroupSpec", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1alpha3.CompositePodGroupTemplate", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1alpha3.PodGroupSpec", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1alpha3.PodGroupTemplate", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1beta1.CompositePodGroupTemplate", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1beta1.PodGroupSpec", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    ("io.k8s.api.scheduling.v1beta1.PodGroupTemplate", &[("preemptionPolicy", PREEMPTION_POLICY)]),
    (
        "io.k8s.api.storage.v1.CSIDriverSpec",
        &[("fsGroupPolicy", &["File", "None", "ReadWriteOnceWithFSType"]), ("volumeLifecycleModes", &["Ephemeral", "Persistent"])],
    ),
    (
        "io.k8s.api.storage.v1.StorageClass",
        &[("reclaimPolicy", RECLAIM_POLICY), ("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"])],
    ),
    (
        "io.k8s.api.storage.v1.StorageHealthCondition",
        &[("accessMode", ACCESS_MODE), ("status", &["StorageDegraded", "StorageUnreachable"]), ("volumeMode", VOLUME_MODE)],
    ),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion", &[("strategy", &["None", "Webhook"])]),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec", &[("scope", &["Cluster", "Namespaced"])]),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule",
        &[("reason", &["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"])],
    ),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Condition", &[("status", CONDITION_STATUS)]),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", &[("propagationPolicy", &["Background", "Foreground", "Orphan"])]),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement", &[("operator", SELECTOR_OPERATOR)]),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", &[("operator", SELECTOR_OPERATOR)]),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", &[("operation", &["Apply", "Update"])]),
    ("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition", &[("status", CONDITION_STATUS)]),
];
