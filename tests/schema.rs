//! The schema of Kubernetes 1.37: what it says of fields and kinds that the rules of the world read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]

mod support;

use polc::ir::{PodPath, Presence};
use polc::schema::{Default, Field, FieldType, KindInfo, Removed, Schema, SpecialDefault, Test};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

const CORE: &str = "io.k8s.api.core.v1.";

fn field(ty: &str, name: &str) -> &'static Field {
    let ty = if ty.starts_with("io.k8s.") { ty.to_owned() } else { format!("{CORE}{ty}") };
    Schema::kubernetes()
        .get(&ty)
        .unwrap_or_else(|| panic!("no type {ty}"))
        .fields
        .get(name)
        .unwrap_or_else(|| panic!("no field {ty}.{name}"))
}

fn kind(name: &str) -> &'static KindInfo {
    let found = Schema::kubernetes().kind(name, None);
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

#[test]
fn presence_is_that_of_the_go_types() {
    for (ty, name, presence) in [
        ("Container", "image", Presence::NonZero),
        ("Container", "name", Presence::Written),
        ("Container", "tty", Presence::NonZero),
        ("Container", "command", Presence::NonEmpty),
        ("ContainerPort", "hostPort", Presence::NonZero),
        ("ContainerPort", "containerPort", Presence::Written),
        ("Container", "securityContext", Presence::Written),
        ("SecurityContext", "privileged", Presence::Written),
        ("SecurityContext", "runAsUser", Presence::Written),
        ("PodSpec", "hostNetwork", Presence::NonZero),
        ("PodSpec", "hostUsers", Presence::Written),
        ("PodSpec", "containers", Presence::NonEmpty),
        ("PodSpec", "nodeSelector", Presence::NonEmpty),
        ("PodSpec", "terminationGracePeriodSeconds", Presence::Written),
        ("Probe", "periodSeconds", Presence::NonZero),
        ("ServicePort", "targetPort", Presence::NonZero),
        ("HTTPGetAction", "port", Presence::Written),
        ("io.k8s.api.apps.v1.DeploymentSpec", "replicas", Presence::Written),
        ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "labels", Presence::NonEmpty),
    ] {
        assert_eq!(field(ty, name).presence, presence, "{ty}.{name}");
    }
    assert!(field("Container", "resources").value_struct);
    assert!(!field("Container", "securityContext").value_struct);
    assert!(field("io.k8s.api.apps.v1.DeploymentSpec", "template").value_struct);
    assert!(!field("ReplicationControllerSpec", "template").value_struct);
}

#[test]
fn types_and_required_fields_are_those_of_openapi() {
    assert_eq!(field("Container", "image").ty, FieldType::String);
    assert_eq!(field("PodSpec", "hostPID").ty, FieldType::Bool);
    assert_eq!(field("ResourceRequirements", "limits").ty, FieldType::Map(Box::new(FieldType::Quantity)));
    assert_eq!(field("HTTPGetAction", "port").ty, FieldType::IntOrString);
    assert_eq!(field("EmptyDirVolumeSource", "sizeLimit").ty, FieldType::Quantity);
    assert_eq!(field("Secret", "data").ty, FieldType::Map(Box::new(FieldType::String)));
    assert_eq!(field("Event", "eventTime").ty, FieldType::String);
    assert_eq!(field("io.k8s.api.apps.v1.ControllerRevision", "data").ty, FieldType::Any);
    let FieldType::List(inner) = &field("PodSpec", "containers").ty else { panic!("a list") };
    let FieldType::Struct(id) = **inner else { panic!("a struct") };
    assert_eq!((id.name(), id.short_name()), ("io.k8s.api.core.v1.Container", "Container"));
    assert_eq!(format!("{id:?}"), "io.k8s.api.core.v1.Container");
    assert!(id.get().fields.contains_key("volumeMounts"));
    assert!(field("PodSpec", "containers").required);
    assert!(!field("PodSpec", "initContainers").required);
    assert!(
        field("Volume", "name").required && field("Volume", "hostPath").ty != FieldType::Any,
        "volume sources are fields of the volume"
    );
}

#[test]
fn kinds_know_where_their_pod_is() {
    for (name, api_version, resource, namespaced, pod) in [
        ("Pod", "v1", "pods", true, Some(PodPath::Object)),
        ("PodTemplate", "v1", "podtemplates", true, Some(PodPath::Template)),
        ("ReplicationController", "v1", "replicationcontrollers", true, Some(PodPath::SpecTemplate)),
        ("Deployment", "apps/v1", "deployments", true, Some(PodPath::SpecTemplate)),
        ("Job", "batch/v1", "jobs", true, Some(PodPath::SpecTemplate)),
        ("CronJob", "batch/v1", "cronjobs", true, Some(PodPath::JobTemplate)),
        ("Namespace", "v1", "namespaces", false, None),
        ("Ingress", "networking.k8s.io/v1", "ingresses", true, None),
        ("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies", true, None),
        ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1", "clusterrolebindings", false, None),
        ("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers", true, None),
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", false, None),
        ("APIService", "apiregistration.k8s.io/v1", "apiservices", false, None),
    ] {
        let info = kind(name);
        assert_eq!(
            (info.kind.api_version().as_str(), info.kind.resource.as_str(), info.kind.namespaced, info.kind.pod),
            (api_version, resource, namespaced, pod),
            "{name}"
        );
    }
    let workloads: Vec<&str> =
        Schema::kubernetes().kinds().iter().filter(|info| info.kind.pod.is_some()).map(|info| info.kind.kind.as_str()).collect();
    assert_eq!(
        workloads,
        ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "PodTemplate", "ReplicaSet", "ReplicationController", "StatefulSet"]
    );
}

#[test]
fn subresources_come_with_what_is_sent_to_them() {
    let of = |name: &str| -> Vec<(&str, Option<&str>)> {
        kind(name).subresources.iter().map(|sub| (sub.name, sub.ty.map(polc::schema::TypeId::short_name))).collect()
    };
    assert_eq!(of("Deployment"), [("scale", Some("Scale")), ("status", Some("Deployment"))]);
    let pod = of("Pod");
    assert!(pod.contains(&("ephemeralcontainers", Some("Pod"))) && pod.contains(&("resize", Some("Pod"))) && pod.contains(&("exec", None)));
}

#[test]
fn kinds_are_found_by_name_and_version() {
    let schema = Schema::kubernetes();
    let groups: Vec<&str> = schema.kind("Event", None).iter().map(|info| info.kind.group.as_str()).collect();
    assert_eq!(groups, ["", "events.k8s.io"]);
    assert_eq!(schema.kind("Event", Some("events.k8s.io")).len(), 1);
    assert!(schema.kind("Event", Some("apps")).is_empty());
    assert!(schema.kind("Deployments", None).is_empty());
    assert!(schema.kind("", None).is_empty());
    assert_eq!(schema.by_gvk("autoscaling/v1", "HorizontalPodAutoscaler").map(|info| info.preferred), Some(false));
    assert!(schema.by_gvk("v1", "Deployment").is_none());
    assert!(schema.by_gvk("apps/v1", "Deploymen").is_none());
    assert!(schema.get("io.k8s.api.core.v1.Nope").is_none());
}

#[test]
fn enums_hold_what_kubernetes_takes() {
    for (ty, name, values) in [
        ("PodSpec", "restartPolicy", &["Always", "Never", "OnFailure"][..]),
        ("Container", "imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
        ("EphemeralContainer", "imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
        ("ContainerPort", "protocol", &["SCTP", "TCP", "UDP"]),
        ("HTTPGetAction", "scheme", &["HTTP", "HTTPS"]),
        ("PersistentVolumeClaimSpec", "accessModes", &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]),
        (
            "HostPathVolumeSource",
            "type",
            &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"],
        ),
        ("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy", &["AlwaysAllow", "IfHealthyBudget"]),
    ] {
        assert_eq!(field(ty, name).values, values, "{ty}.{name}");
    }
    assert!(field("Capabilities", "add").values.is_empty(), "capabilities are open");
    assert!(field("EmptyDirVolumeSource", "medium").values.is_empty(), "media are open");
}

#[test]
fn defaults_are_those_of_the_api_server() {
    for (ty, name, default) in [
        ("PodSpec", "restartPolicy", Default::String("Always")),
        ("PodSpec", "terminationGracePeriodSeconds", Default::Int(30)),
        ("PodSpec", "securityContext", Default::Empty),
        ("PodSpec", "enableServiceLinks", Default::Special(SpecialDefault::InKind("Pod", &Default::Bool(true)))),
        ("Probe", "timeoutSeconds", Default::Int(1)),
        ("HTTPGetAction", "path", Default::String("/")),
        ("ConfigMapVolumeSource", "defaultMode", Default::Int(420)),
        ("Container", "imagePullPolicy", Default::Special(SpecialDefault::PullPolicy { image: "image" })),
        ("ServicePort", "targetPort", Default::Special(SpecialDefault::Sibling(&["port"]))),
        ("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxSurge", Default::Text("25%")),
        (
            "io.k8s.api.apps.v1.DeploymentStrategy",
            "rollingUpdate",
            Default::Special(SpecialDefault::When {
                test: Test::OneOf("type", &["RollingUpdate"]),
                then: &Default::Empty,
                otherwise: None,
            }),
        ),
    ] {
        assert_eq!(field(ty, name).default, Some(default), "{ty}.{name}");
    }
    assert_eq!(field("SecurityContext", "privileged").default, None);
    assert_eq!(field("Probe", "initialDelaySeconds").default, None);
}

#[test]
fn unions_are_variants() {
    let union = |ty: &str| {
        let found = Schema::kubernetes().get(&format!("{CORE}{ty}")).unwrap();
        (found.union, found.union_required)
    };
    assert_eq!(union("Probe"), (&["exec", "grpc", "httpGet", "tcpSocket"][..], true));
    assert_eq!(union("EnvVarSource").0.len(), 5);
    let (sources, required) = union("Volume");
    assert!(!required, "a volume without a source is an `emptyDir`");
    assert!(sources.contains(&"hostPath") && sources.contains(&"ephemeral") && !sources.contains(&"name"));
    assert_eq!(union("Container"), (&[][..], false));
}

#[test]
fn removed_versions_say_what_to_use() {
    let schema = Schema::kubernetes();
    let ingress = schema.removed("extensions/v1beta1", "Ingress").unwrap();
    assert_eq!((ingress.in_minor, ingress.replacement), (22, Some("networking.k8s.io/v1")));
    let preset = schema.removed("settings.k8s.io/v1alpha1", "PodPreset").unwrap();
    assert_eq!((preset.in_minor, preset.replacement), (20, None));
    assert!(preset.advice.is_some_and(|advice| advice.contains("MutatingAdmissionPolicy")));
    assert!(schema.removed("policy/v1beta1", "PodSecurityPolicy").is_some_and(|psp| psp.in_minor == 25));
    assert!(schema.removed("apps/v1", "Deployment").is_none());
    assert!(schema.removed("apps/v1beta1", "DaemonSet").is_none(), "that one was never there");
}

fn type_text(ty: &FieldType) -> String {
    match ty {
        FieldType::Bool => "bool".to_owned(),
        FieldType::Int => "int".to_owned(),
        FieldType::Number => "number".to_owned(),
        FieldType::String => "string".to_owned(),
        FieldType::Quantity => "quantity".to_owned(),
        FieldType::IntOrString => "int-or-string".to_owned(),
        FieldType::List(inner) => format!("[]{}", type_text(inner)),
        FieldType::Map(inner) => format!("{{}}{}", type_text(inner)),
        FieldType::Struct(id) => id.name().to_owned(),
        FieldType::Any => "any".to_owned(),
    }
}

fn default_json(default: &Default) -> Value {
    match default {
        Default::String(text) | Default::Text(text) => json!({ "value": text }),
        Default::Int(number) => json!({ "value": number }),
        Default::Bool(truth) => json!({ "value": truth }),
        Default::Strings(items) => json!({ "value": items }),
        Default::Empty => json!({ "empty": true }),
        Default::Constant(constant) => json!({ "value": constant }),
        Default::Special(special) => match special {
            SpecialDefault::PullPolicy { image } => json!({ "pullPolicy": image }),
            SpecialDefault::EmptyDirWithoutSource => json!({ "emptyDirWithoutSource": true }),
            SpecialDefault::HostPortOfHostNetwork => json!({ "hostPortOfHostNetwork": true }),
            SpecialDefault::RequestFromLimit => json!({ "requestFromLimit": true }),
            SpecialDefault::Sibling(path) => json!({ "sibling": path }),
            SpecialDefault::InKind(kind, then) => json!({ "inKind": kind, "then": default_json(then) }),
            SpecialDefault::When { test, then, otherwise } => {
                let mut out = match test {
                    Test::OneOf(name, among) => json!({ "oneOf": name, "among": among }),
                    Test::Written(name) => json!({ "written": name }),
                    Test::Unwritten(name) => json!({ "unwritten": name }),
                };
                out["then"] = default_json(then);
                out["otherwise"] = otherwise.map_or(Value::Null, default_json);
                out
            }
        },
    }
}

// The tables as `polc-schema -check` reads them.
fn tables() -> String {
    let schema = Schema::kubernetes();
    let mut lines = Vec::new();
    for info in schema.kinds() {
        let kind = &info.kind;
        lines.push(json!({ "kind": kind.kind, "group": kind.group, "version": kind.version, "type": info.ty.name() }));
    }
    for id in schema.types() {
        let found = id.get();
        let fields: serde_json::Map<String, Value> = found
            .fields
            .iter()
            .map(|(name, field)| {
                let presence = match field.presence {
                    Presence::Written => "written",
                    Presence::NonZero => "zero",
                    Presence::NonEmpty => "empty",
                };
                let mut out =
                    json!({ "type": type_text(&field.ty), "presence": presence, "required": field.required, "value": field.value_struct, "values": field.values });
                out["default"] = field.default.as_ref().map_or(Value::Null, default_json);
                ((*name).to_owned(), out)
            })
            .collect();
        lines.push(json!({ "type": id.name(), "fields": fields, "union": found.union }));
    }
    for Removed { api_version, kind, in_minor, .. } in schema.removed_kinds() {
        lines.push(json!({ "removed": format!("{api_version} {kind}"), "minor": in_minor }));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_tables_hold_in_kubernetes() {
    let Some(binary) = support::engine::find("polc-schema", "the check of the tables against Kubernetes") else { return };
    let mut check = Command::new(binary)
        .arg("-check")
        .current_dir(support::repository("tests/engines/k8s"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(tables().as_bytes()).unwrap();
    let output = check.wait_with_output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && report.ends_with(" 0 problems\n"), "{report}");
}
