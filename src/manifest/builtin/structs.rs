//! What single structs of a Pod have to keep beyond their schema.

use super::path::Path;
use super::{Findings, at, image, join, key_at, quote};
use crate::object::name::is_dns_label;
use crate::object::{Key, Node, Value};
use crate::schema::TypeId;

/// The structs that are checked beyond their schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Any other.
    Plain,
    /// A container of any kind.
    Container,
    /// A volume of a Pod.
    Volume,
    /// A probe.
    Probe,
    /// A lifecycle hook.
    Hook,
    /// An object's or template's metadata.
    Metadata,
    /// Requests and limits.
    Resources,
}

impl Role {
    pub fn of(id: TypeId) -> Role {
        match id.name() {
            "io.k8s.api.core.v1.Container" | "io.k8s.api.core.v1.EphemeralContainer" => Role::Container,
            "io.k8s.api.core.v1.Volume" => Role::Volume,
            "io.k8s.api.core.v1.Probe" => Role::Probe,
            "io.k8s.api.core.v1.LifecycleHandler" => Role::Hook,
            "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" => Role::Metadata,
            "io.k8s.api.core.v1.ResourceRequirements" => Role::Resources,
            _ => Role::Plain,
        }
    }
}

/// What the API server demands of a struct and OpenAPI does not.
pub(super) fn also_required(id: TypeId) -> &'static [&'static str] {
    match id.name() {
        "io.k8s.api.core.v1.Container" | "io.k8s.api.core.v1.EphemeralContainer" => &["image"],
        "io.k8s.api.core.v1.Pod" | "io.k8s.api.core.v1.PodTemplateSpec" => &["spec"],
        _ => &[],
    }
}

/// Whether a field that OpenAPI calls required may be absent all the same, since the API server accepts its empty value.
pub(super) fn is_zero_allowed(id: TypeId, field: &str) -> bool {
    id.name().starts_with("io.k8s.")
        && matches!(
            (id.short_name(), field),
            ("CSIDriver" | "CSINode", "spec")
                | ("CSINodeSpec", "drivers")
                | ("Event", _)
                | ("GroupResource", "group")
                | ("HTTPHeader" | "Sysctl", "value")
                | ("ISCSIPersistentVolumeSource" | "ISCSIVolumeSource", "lun")
                | ("LimitRangeSpec", "limits")
                | ("PreferredSchedulingTerm", "preference")
                | ("ResourcePool", "generation")
                | ("ScaleIOPersistentVolumeSource" | "ScaleIOVolumeSource", "secretRef")
                | ("SleepAction", "seconds")
                | ("TokenRequest", "audience")
        )
}

/// Whether the API server refuses a required field of the struct that is empty or zero.
pub(super) fn is_filled(id: TypeId) -> bool {
    matches!(
        id.name(),
        "io.k8s.api.core.v1.Container"
            | "io.k8s.api.core.v1.ContainerPort"
            | "io.k8s.api.core.v1.EnvVar"
            | "io.k8s.api.core.v1.EphemeralContainer"
            | "io.k8s.api.core.v1.PodSpec"
            | "io.k8s.api.core.v1.Volume"
            | "io.k8s.api.core.v1.VolumeMount"
            | "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference"
    )
}

pub(super) fn check(role: Role, id: TypeId, node: &Node, entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    match role {
        Role::Plain => {}
        Role::Container => {
            dns_label("container", entries, path, findings);
            if let Some((_, value)) = entries.iter().find(|(key, _)| &*key.name == "image")
                && let Value::String(text) = &value.value
                && !text.is_empty()
            {
                image::check(text, value, &Path::Field(path, "image"), findings);
            }
        }
        Role::Volume => {
            dns_label("volume", entries, path, findings);
            one_of(
                "volume-one-source",
                "volume",
                "sources",
                |name| name != "name" && id.get().fields.contains_key(name),
                false,
                node,
                entries,
                path,
                findings,
            );
        }
        Role::Probe => {
            let union = id.get().union;
            one_of("probe-one-handler", "probe", "handlers", |name| union.contains(&name), true, node, entries, path, findings);
            negative_numbers(entries, path, findings);
        }
        Role::Hook => {
            let union = id.get().union;
            one_of("hook-one-handler", "hook", "handlers", |name| union.contains(&name), true, node, entries, path, findings);
        }
        Role::Metadata => legacy_annotations(entries, path, findings),
        Role::Resources => negative_resources(entries, path, findings),
    }
}

#[expect(clippy::too_many_arguments, reason = "one check, four structs")]
fn one_of(
    id: &'static str,
    what: &str,
    members: &str,
    is_member: impl Fn(&str) -> bool,
    required: bool,
    node: &Node,
    entries: &[(Key, Node)],
    path: &Path<'_>,
    findings: &mut Findings,
) {
    let set = || entries.iter().filter(|(key, value)| value.value != Value::Null && is_member(&key.name)).map(|(key, _)| key);
    let mut keys = set();
    match (keys.next(), keys.next()) {
        (None, _) if required => {
            findings.error(id, path, at(node), format!("a {what} has one of several {members}; this one has none"));
        }
        (Some(_), Some(second)) => {
            let names = join(set().map(|key| &*key.name), "and");
            let count = set().count();
            findings.error(id, path, key_at(second), format!("a {what} has one of several {members}; this one has {count}: {names}"));
        }
        _ => {}
    }
}

fn dns_label(what: &str, entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    if let Some((_, value)) = entries.iter().find(|(key, _)| &*key.name == "name")
        && let Value::String(text) = &value.value
        && !text.is_empty()
        && !is_dns_label(text)
    {
        let message = format!(
            "{} is no {what} name: lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends",
            quote(text)
        );
        findings.error("name-dns", &Path::Field(path, "name"), at(value), message);
    }
}

const PRESET_NOTE: &str = "podpreset.admission.kubernetes.io/podpreset-";

fn legacy_annotations(entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    let Some((_, annotations)) = entries.iter().find(|(key, _)| &*key.name == "annotations") else { return };
    for (key, _) in annotations.entries() {
        if key.name.starts_with("podpreset.admission.kubernetes.io/") {
            let mut message = format!("{} has no effect: PodPreset is gone since Kubernetes 1.20", quote(&key.name));
            // the controller noted each preset that it applied under the preset's name
            let noted = key.name.strip_prefix(PRESET_NOTE).filter(|name| !findings.presets.contains(*name));
            if let (Some(noted), false) = (noted, findings.presets.is_empty()) {
                let right: Vec<String> = findings.presets.iter().map(|preset| format!("{PRESET_NOTE}{preset}")).collect();
                let right = join(right.iter().map(String::as_str), "or");
                message.push_str(&format!("; nor is there a preset {}, so it would be {right}", quote(noted)));
            }
            findings.warning("inject-no-legacy", &Path::Field(&Path::Field(path, "annotations"), &key.name), key_at(key), message);
        }
    }
}

fn negative_numbers(entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    for (key, value) in entries {
        if let Value::Int(number) = value.value
            && number < 0
        {
            findings.error("probe-numbers", &Path::Field(path, &key.name), at(value), format!("`{}` of a probe is negative", key.name));
        }
    }
}

fn negative_resources(entries: &[(Key, Node)], path: &Path<'_>, findings: &mut Findings) {
    for (key, list) in entries {
        if !matches!(&*key.name, "limits" | "requests") {
            continue;
        }
        for (resource, value) in list.entries() {
            let negative = match &value.value {
                Value::String(text) => {
                    text.starts_with('-') && text.contains(|c: char| matches!(c, '1'..='9')) && crate::ir::Quantity::parse(text).is_some()
                }
                Value::Int(number) => *number < 0,
                Value::Float(number) => *number < 0.0,
                Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => false,
            };
            if negative {
                let message = format!("`{}` in `{}` is negative", resource.name, key.name);
                findings.error("quantity-valid", &Path::Field(&Path::Field(path, &key.name), &resource.name), at(value), message);
            }
        }
    }
}
