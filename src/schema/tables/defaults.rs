//! What the API server fills in.

use crate::schema::Default::{self, Bool, Empty, Int, Special, String, Strings, Text};
use crate::schema::SpecialDefault::{EmptyDirWithoutSource, HostPortOfHostNetwork, InKind, PullPolicy, RequestFromLimit, Sibling, When};
use crate::schema::Test::{OneOf, Unwritten, Written};

type Fields = &'static [(&'static str, Default)];

/// The defaults of a struct's fields.
pub(in crate::schema) fn of(type_name: &str) -> Fields {
    DEFAULTS
        .binary_search_by(|(name, _)| (*name).cmp(type_name))
        .ok()
        .and_then(|index| DEFAULTS.get(index))
        .map_or(&[], |(_, fields)| fields)
}

const CLUSTER: Default = String("Cluster");
const EXACT_COUNT: Default = Special(When { test: OneOf("allocationMode", &["ExactCount"]), then: &Int(1), otherwise: None });
const ROLLING_UPDATE: Default = Special(When { test: OneOf("type", &["RollingUpdate"]), then: &Empty, otherwise: None });

const CONTAINER: Fields = &[
    ("imagePullPolicy", Special(PullPolicy { image: "image" })),
    ("terminationMessagePath", String("/dev/termination-log")),
    ("terminationMessagePolicy", String("File")),
];

/// By the name of the struct.
pub(in crate::schema) const DEFAULTS: &[(&str, Fields)] = &[
    (
        "io.k8s.api.admissionregistration.v1.MatchResources",
        &[("matchPolicy", String("Equivalent")), ("namespaceSelector", Empty), ("objectSelector", Empty)],
    ),
    ("io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec", &[("failurePolicy", String("Fail"))]),
    (
        "io.k8s.api.admissionregistration.v1.MutatingWebhook",
        &[
            ("failurePolicy", String("Fail")),
            ("matchPolicy", String("Equivalent")),
            ("namespaceSelector", Empty),
            ("objectSelector", Empty),
            ("reinvocationPolicy", String("Never")),
            ("timeoutSeconds", Int(10)),
        ],
    ),
    ("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", &[("scope", String("*"))]),
    ("io.k8s.api.admissionregistration.v1.RuleWithOperations", &[("scope", String("*"))]),
    ("io.k8s.api.admissionregistration.v1.ServiceReference", &[("port", Int(443))]),
    ("io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec", &[("failurePolicy", String("Fail"))]),
    (
        "io.k8s.api.admissionregistration.v1.ValidatingWebhook",
        &[
            ("failurePolicy", String("Fail")),
            ("matchPolicy", String("Equivalent")),
            ("namespaceSelector", Empty),
            ("objectSelector", Empty),
            ("timeoutSeconds", Int(10)),
        ],
    ),
    (
        "io.k8s.api.admissionregistration.v1alpha1.MatchResources",
        &[("matchPolicy", String("Equivalent")), ("namespaceSelector", Empty), ("objectSelector", Empty)],
    ),
    ("io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicySpec", &[("failurePolicy", String("Fail"))]),
    ("io.k8s.api.admissionregistration.v1alpha1.NamedRuleWithOperations", &[("scope", String("*"))]),
    ("io.k8s.api.admissionregistration.v1alpha1.ParamRef", &[("parameterNotFoundAction", String("Deny"))]),
    (
        "io.k8s.api.admissionregistration.v1beta1.MatchResources",
        &[("matchPolicy", String("Equivalent")), ("namespaceSelector", Empty), ("objectSelector", Empty)],
    ),
    ("io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicySpec", &[("failurePolicy", String("Fail"))]),
    ("io.k8s.api.admissionregistration.v1beta1.NamedRuleWithOperations", &[("scope", String("*"))]),
    ("io.k8s.api.apps.v1.DaemonSetSpec", &[("revisionHistoryLimit", Int(10)), ("updateStrategy", Empty)]),
    ("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", &[("rollingUpdate", ROLLING_UPDATE), ("type", String("RollingUpdate"))]),
    (
        "io.k8s.api.apps.v1.DeploymentSpec",
        &[("progressDeadlineSeconds", Int(600)), ("replicas", Int(1)), ("revisionHistoryLimit", Int(10)), ("strategy", Empty)],
    ),
    ("io.k8s.api.apps.v1.DeploymentStrategy", &[("rollingUpdate", ROLLING_UPDATE), ("type", String("RollingUpdate"))]),
    ("io.k8s.api.apps.v1.ReplicaSetSpec", &[("replicas", Int(1))]),
    ("io.k8s.api.apps.v1.RollingUpdateDaemonSet", &[("maxSurge", Int(0)), ("maxUnavailable", Int(1))]),
    ("io.k8s.api.apps.v1.RollingUpdateDeployment", &[("maxSurge", Text("25%")), ("maxUnavailable", Text("25%"))]),
    ("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", &[("maxUnavailable", Int(1)), ("partition", Int(0))]),
    (
        "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
        &[("whenDeleted", String("Retain")), ("whenScaled", String("Retain"))],
    ),
    (
        "io.k8s.api.apps.v1.StatefulSetSpec",
        &[
            ("persistentVolumeClaimRetentionPolicy", Empty),
            ("podManagementPolicy", String("OrderedReady")),
            ("replicas", Int(1)),
            ("revisionHistoryLimit", Int(10)),
            ("updateStrategy", Empty),
        ],
    ),
    (
        "io.k8s.api.apps.v1.StatefulSetUpdateStrategy",
        &[("rollingUpdate", Special(When { test: Unwritten("type"), then: &Empty, otherwise: None })), ("type", String("RollingUpdate"))],
    ),
    ("io.k8s.api.authentication.v1.TokenRequestSpec", &[("expirationSeconds", Int(3600))]),
    ("io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec", &[("minReplicas", Int(1)), ("targetCPUUtilizationPercentage", Int(80))]),
    ("io.k8s.api.autoscaling.v2.HPAScalingRules", &[("selectPolicy", String("Max"))]),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior", &[("scaleDown", Empty), ("scaleUp", Empty)]),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", &[("minReplicas", Int(1))]),
    (
        "io.k8s.api.batch.v1.CronJobSpec",
        &[
            ("concurrencyPolicy", String("Allow")),
            ("failedJobsHistoryLimit", Int(1)),
            ("successfulJobsHistoryLimit", Int(3)),
            ("suspend", Bool(false)),
        ],
    ),
    (
        "io.k8s.api.batch.v1.JobSpec",
        &[
            (
                "backoffLimit",
                Special(InKind(
                    "Job",
                    &Special(When { test: Written("backoffLimitPerIndex"), then: &Int(2_147_483_647), otherwise: Some(&Int(6)) }),
                )),
            ),
            ("completionMode", Special(InKind("Job", &String("NonIndexed")))),
            ("completions", Special(InKind("Job", &Special(When { test: Unwritten("parallelism"), then: &Int(1), otherwise: None })))),
            ("manualSelector", Special(InKind("Job", &Bool(false)))),
            ("parallelism", Special(InKind("Job", &Int(1)))),
            (
                "podReplacementPolicy",
                Special(InKind(
                    "Job",
                    &Special(When {
                        test: Written("podFailurePolicy"),
                        then: &String("Failed"),
                        otherwise: Some(&String("TerminatingOrFailed")),
                    }),
                )),
            ),
            ("suspend", Special(InKind("Job", &Bool(false)))),
        ],
    ),
    ("io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern", &[("status", String("True"))]),
    ("io.k8s.api.certificates.v1.PodCertificateRequestSpec", &[("maxExpirationSeconds", Int(86400))]),
    ("io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec", &[("maxExpirationSeconds", Int(86400))]),
    (
        "io.k8s.api.core.v1.AzureDiskVolumeSource",
        &[("cachingMode", String("ReadWrite")), ("fsType", String("ext4")), ("kind", String("Shared")), ("readOnly", Bool(false))],
    ),
    ("io.k8s.api.core.v1.ClientIPConfig", &[("timeoutSeconds", Int(10800))]),
    ("io.k8s.api.core.v1.ConfigMapVolumeSource", &[("defaultMode", Int(420))]),
    ("io.k8s.api.core.v1.Container", CONTAINER),
    ("io.k8s.api.core.v1.ContainerPort", &[("hostPort", Special(HostPortOfHostNetwork)), ("protocol", String("TCP"))]),
    ("io.k8s.api.core.v1.DownwardAPIVolumeSource", &[("defaultMode", Int(420))]),
    ("io.k8s.api.core.v1.EndpointPort", &[("protocol", String("TCP"))]),
    ("io.k8s.api.core.v1.EphemeralContainer", CONTAINER),
    ("io.k8s.api.core.v1.FileKeySelector", &[("optional", Bool(false))]),
    ("io.k8s.api.core.v1.GRPCAction", &[("service", String(""))]),
    ("io.k8s.api.core.v1.HTTPGetAction", &[("path", String("/")), ("scheme", String("HTTP"))]),
    ("io.k8s.api.core.v1.HostPathVolumeSource", &[("type", String(""))]),
    ("io.k8s.api.core.v1.ISCSIPersistentVolumeSource", &[("iscsiInterface", String("default"))]),
    ("io.k8s.api.core.v1.ISCSIVolumeSource", &[("iscsiInterface", String("default"))]),
    ("io.k8s.api.core.v1.ImageVolumeSource", &[("pullPolicy", Special(PullPolicy { image: "reference" }))]),
    ("io.k8s.api.core.v1.NamespaceStatus", &[("phase", String("Active"))]),
    ("io.k8s.api.core.v1.ObjectFieldSelector", &[("apiVersion", String("v1"))]),
    ("io.k8s.api.core.v1.PersistentVolumeClaimSpec", &[("volumeMode", String("Filesystem"))]),
    ("io.k8s.api.core.v1.PersistentVolumeClaimStatus", &[("phase", String("Pending"))]),
    (
        "io.k8s.api.core.v1.PersistentVolumeSpec",
        &[
            ("persistentVolumeReclaimPolicy", Special(InKind("PersistentVolume", &String("Retain")))),
            ("volumeMode", Special(InKind("PersistentVolume", &String("Filesystem")))),
        ],
    ),
    ("io.k8s.api.core.v1.PersistentVolumeStatus", &[("phase", String("Pending"))]),
    (
        "io.k8s.api.core.v1.PodSpec",
        &[
            ("dnsPolicy", String("ClusterFirst")),
            ("enableServiceLinks", Special(InKind("Pod", &Bool(true)))),
            ("restartPolicy", String("Always")),
            ("schedulerName", String("default-scheduler")),
            ("securityContext", Empty),
            ("serviceAccount", Special(Sibling(&["serviceAccountName"]))),
            ("serviceAccountName", Special(Sibling(&["serviceAccount"]))),
            ("terminationGracePeriodSeconds", Int(30)),
        ],
    ),
    (
        "io.k8s.api.core.v1.Probe",
        &[("failureThreshold", Int(3)), ("periodSeconds", Int(10)), ("successThreshold", Int(1)), ("timeoutSeconds", Int(1))],
    ),
    ("io.k8s.api.core.v1.ProjectedVolumeSource", &[("defaultMode", Int(420))]),
    (
        "io.k8s.api.core.v1.RBDPersistentVolumeSource",
        &[("keyring", String("/etc/ceph/keyring")), ("pool", String("rbd")), ("user", String("admin"))],
    ),
    ("io.k8s.api.core.v1.RBDVolumeSource", &[("keyring", String("/etc/ceph/keyring")), ("pool", String("rbd")), ("user", String("admin"))]),
    (
        "io.k8s.api.core.v1.ReplicationControllerSpec",
        &[("replicas", Int(1)), ("selector", Special(Sibling(&["template", "metadata", "labels"])))],
    ),
    ("io.k8s.api.core.v1.ResourceRequirements", &[("requests", Special(RequestFromLimit))]),
    ("io.k8s.api.core.v1.ScaleIOPersistentVolumeSource", &[("fsType", String("xfs")), ("storageMode", String("ThinProvisioned"))]),
    ("io.k8s.api.core.v1.ScaleIOVolumeSource", &[("fsType", String("xfs")), ("storageMode", String("ThinProvisioned"))]),
    ("io.k8s.api.core.v1.Secret", &[("type", String("Opaque"))]),
    ("io.k8s.api.core.v1.SecretVolumeSource", &[("defaultMode", Int(420))]),
    ("io.k8s.api.core.v1.ServiceAccountTokenProjection", &[("expirationSeconds", Int(3600))]),
    ("io.k8s.api.core.v1.ServicePort", &[("protocol", String("TCP")), ("targetPort", Special(Sibling(&["port"])))]),
    (
        "io.k8s.api.core.v1.ServiceSpec",
        &[
            ("allocateLoadBalancerNodePorts", Special(When { test: OneOf("type", &["LoadBalancer"]), then: &Bool(true), otherwise: None })),
            (
                "externalTrafficPolicy",
                Special(When {
                    test: OneOf("type", &["LoadBalancer", "NodePort"]),
                    then: &CLUSTER,
                    otherwise: Some(&Special(When {
                        test: OneOf("type", &["ClusterIP"]),
                        then: &Special(When { test: Written("externalIPs"), then: &CLUSTER, otherwise: None }),
                        otherwise: None,
                    })),
                }),
            ),
            (
                "internalTrafficPolicy",
                Special(When { test: OneOf("type", &["ClusterIP", "LoadBalancer", "NodePort"]), then: &CLUSTER, otherwise: None }),
            ),
            ("sessionAffinity", String("None")),
            ("sessionAffinityConfig", Special(When { test: OneOf("sessionAffinity", &["ClientIP"]), then: &Empty, otherwise: None })),
            ("type", String("ClusterIP")),
        ],
    ),
    ("io.k8s.api.core.v1.SessionAffinityConfig", &[("clientIP", Empty)]),
    ("io.k8s.api.core.v1.Volume", &[("emptyDir", Special(EmptyDirWithoutSource))]),
    ("io.k8s.api.discovery.v1.EndpointPort", &[("name", String("")), ("protocol", String("TCP"))]),
    ("io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration", &[("lendablePercent", Int(0)), ("nominalConcurrencyShares", Int(0))]),
    ("io.k8s.api.flowcontrol.v1.FlowSchemaSpec", &[("matchingPrecedence", Int(1000))]),
    ("io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration", &[("lendablePercent", Int(0)), ("nominalConcurrencyShares", Int(30))]),
    ("io.k8s.api.flowcontrol.v1.QueuingConfiguration", &[("handSize", Int(8)), ("queueLengthLimit", Int(50)), ("queues", Int(64))]),
    ("io.k8s.api.networking.v1.IngressClassParametersReference", &[("scope", CLUSTER)]),
    ("io.k8s.api.networking.v1.NetworkPolicyPort", &[("protocol", String("TCP"))]),
    (
        "io.k8s.api.networking.v1.NetworkPolicySpec",
        &[(
            "policyTypes",
            Special(When { test: Written("egress"), then: &Strings(&["Ingress", "Egress"]), otherwise: Some(&Strings(&["Ingress"])) }),
        )],
    ),
    ("io.k8s.api.rbac.v1.RoleRef", &[("apiGroup", String("rbac.authorization.k8s.io"))]),
    (
        "io.k8s.api.rbac.v1.Subject",
        &[(
            "apiGroup",
            Special(When { test: OneOf("kind", &["Group", "User"]), then: &String("rbac.authorization.k8s.io"), otherwise: None }),
        )],
    ),
    ("io.k8s.api.resource.v1.DeviceSubRequest", &[("allocationMode", String("ExactCount")), ("count", EXACT_COUNT)]),
    ("io.k8s.api.resource.v1.DeviceToleration", &[("operator", String("Equal"))]),
    ("io.k8s.api.resource.v1.ExactDeviceRequest", &[("allocationMode", String("ExactCount")), ("count", EXACT_COUNT)]),
    ("io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequestSpec", &[("limit", Int(100))]),
    (
        "io.k8s.api.resource.v1beta1.DeviceRequest",
        &[
            ("allocationMode", Special(When { test: Written("deviceClassName"), then: &String("ExactCount"), otherwise: None })),
            ("count", Special(When { test: Written("deviceClassName"), then: &EXACT_COUNT, otherwise: None })),
        ],
    ),
    ("io.k8s.api.resource.v1beta1.DeviceSubRequest", &[("allocationMode", String("ExactCount")), ("count", EXACT_COUNT)]),
    ("io.k8s.api.resource.v1beta1.DeviceToleration", &[("operator", String("Equal"))]),
    ("io.k8s.api.resource.v1beta2.DeviceSubRequest", &[("allocationMode", String("ExactCount")), ("count", EXACT_COUNT)]),
    ("io.k8s.api.resource.v1beta2.DeviceToleration", &[("operator", String("Equal"))]),
    ("io.k8s.api.resource.v1beta2.ExactDeviceRequest", &[("allocationMode", String("ExactCount")), ("count", EXACT_COUNT)]),
    ("io.k8s.api.scheduling.v1.PriorityClass", &[("preemptionPolicy", String("PreemptLowerPriority"))]),
    (
        "io.k8s.api.storage.v1.CSIDriverSpec",
        &[
            ("attachRequired", Bool(true)),
            ("fsGroupPolicy", String("ReadWriteOnceWithFSType")),
            ("podInfoOnMount", Bool(false)),
            ("preventPodSchedulingIfMissing", Bool(false)),
            ("requiresRepublish", Bool(false)),
            ("seLinuxMount", Bool(false)),
            ("storageCapacity", Bool(false)),
            ("volumeLifecycleModes", Strings(&["Persistent"])),
        ],
    ),
    ("io.k8s.api.storage.v1.StorageClass", &[("reclaimPolicy", String("Delete")), ("volumeBindingMode", String("Immediate"))]),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceConversion", &[("strategy", String("None"))]),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec", &[("conversion", Empty)]),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ServiceReference", &[("port", Int(443))]),
    ("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference", &[("port", Int(443))]),
];
