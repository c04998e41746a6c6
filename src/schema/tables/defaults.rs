//! What the API server fills in.

use crate::schema::Default::{self, Bool, Empty, Int, Special, String, Text};
use crate::schema::SpecialDefault::{EmptyDirWithoutSource, HostPortOfHostNetwork, InPod, PullPolicy, RequestFromLimit, Sibling, When};

type Fields = &'static [(&'static str, Default)];

/// The defaults of a struct's fields.
pub(in crate::schema) fn of(type_name: &str) -> Fields {
    DEFAULTS
        .binary_search_by(|(name, _)| (*name).cmp(type_name))
        .ok()
        .and_then(|index| DEFAULTS.get(index))
        .map_or(&[], |(_, fields)| fields)
}

const ROLLING: Default = Special(When { field: "type", among: &["RollingUpdate"], then: &Empty });

const CONTAINER: Fields = &[
    ("imagePullPolicy", Special(PullPolicy { image: "image" })),
    ("terminationMessagePath", String("/dev/termination-log")),
    ("terminationMessagePolicy", String("File")),
];

/// By the name of the struct.
pub(in crate::schema) const DEFAULTS: &[(&str, Fields)] = &[
    ("io.k8s.api.apps.v1.DaemonSetSpec", &[("revisionHistoryLimit", Int(10)), ("updateStrategy", Empty)]),
    ("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", &[("rollingUpdate", ROLLING), ("type", String("RollingUpdate"))]),
    (
        "io.k8s.api.apps.v1.DeploymentSpec",
        &[("progressDeadlineSeconds", Int(600)), ("replicas", Int(1)), ("revisionHistoryLimit", Int(10)), ("strategy", Empty)],
    ),
    ("io.k8s.api.apps.v1.DeploymentStrategy", &[("rollingUpdate", ROLLING), ("type", String("RollingUpdate"))]),
    ("io.k8s.api.apps.v1.RollingUpdateDaemonSet", &[("maxSurge", Int(0)), ("maxUnavailable", Int(1))]),
    ("io.k8s.api.apps.v1.RollingUpdateDeployment", &[("maxSurge", Text("25%")), ("maxUnavailable", Text("25%"))]),
    ("io.k8s.api.core.v1.Container", CONTAINER),
    ("io.k8s.api.core.v1.ContainerPort", &[("hostPort", Special(HostPortOfHostNetwork)), ("protocol", String("TCP"))]),
    ("io.k8s.api.core.v1.EphemeralContainer", CONTAINER),
    (
        "io.k8s.api.core.v1.PodSpec",
        &[
            ("dnsPolicy", String("ClusterFirst")),
            ("enableServiceLinks", Special(InPod(&Bool(true)))),
            ("restartPolicy", String("Always")),
            ("schedulerName", String("default-scheduler")),
            ("securityContext", Empty),
            ("serviceAccount", Special(Sibling("serviceAccountName"))),
            ("serviceAccountName", Special(Sibling("serviceAccount"))),
            ("terminationGracePeriodSeconds", Int(30)),
        ],
    ),
    (
        "io.k8s.api.core.v1.Probe",
        &[("failureThreshold", Int(3)), ("periodSeconds", Int(10)), ("successThreshold", Int(1)), ("timeoutSeconds", Int(1))],
    ),
    ("io.k8s.api.core.v1.ResourceRequirements", &[("requests", Special(RequestFromLimit))]),
    ("io.k8s.api.core.v1.Volume", &[("emptyDir", Special(EmptyDirWithoutSource))]),
];
