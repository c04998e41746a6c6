//! An object as a whole: its apiVersion and kind, its name, and whether it stands twice.

use super::path::Path;
use super::{Checker, Findings, at, fields, join, key_at, quote};
use crate::diagnostic::nearest;
use crate::manifest::Document;
use crate::object::name::{is_dns_label, is_dns_subdomain};
use crate::object::{Node, Value};
use crate::schema::{KindInfo, Schema};
use std::collections::BTreeSet;

/// What makes an object one: group, kind, namespace and name.
pub(super) type Identity = (String, String, String, String);

const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

impl Checker {
    pub(super) fn object(&mut self, source: &str, document: &Document, namespace: &str, findings: &mut Findings) {
        let node = &document.node;
        let Some((api_version, kind)) = type_of(node, findings) else { return };
        let schema = self.schema;
        let known = schema.by_gvk(api_version, kind);
        if kind == "PodPreset" && api_version.starts_with("settings.k8s.io/") {
            findings
                .presets
                .extend(node.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str).map(str::to_owned));
        }
        match known {
            Some(info) => {
                fields::structure(info.ty, node, node.entries(), &Path::Root, findings);
                name(info, node, findings);
            }
            None => {
                let served = unserved(schema, api_version, kind, node, findings);
                if !served {
                    *self.foreign.entry((api_version.to_owned(), kind.to_owned())).or_default() += 1;
                }
                if let (Some(id), Some(metadata)) = (schema.type_id(METADATA), node.get("metadata")) {
                    fields::structure(id, metadata, metadata.entries(), &Path::Field(&Path::Root, "metadata"), findings);
                }
            }
        }
        self.duplicate(source, known, (api_version, kind), node, namespace, findings);
    }

    fn duplicate(
        &mut self,
        source: &str,
        known: Option<&KindInfo>,
        (api_version, kind): (&str, &str),
        node: &Node,
        namespace: &str,
        findings: &mut Findings,
    ) {
        let metadata = node.get("metadata");
        let text = |field| metadata.and_then(|metadata| metadata.get(field)).and_then(Node::as_str).filter(|text| !text.is_empty());
        let Some(name) = text("name") else { return };
        let namespace = match known {
            Some(info) if !info.kind.namespaced => "",
            _ => text("namespace").unwrap_or(namespace),
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let place = metadata.and_then(|metadata| metadata.get("name")).map_or(at(node), at);
        match self.seen.entry((group.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned())) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert((source.to_owned(), place.0));
            }
            std::collections::btree_map::Entry::Occupied(entry) => {
                let (file, line) = entry.get();
                let other = if file == source { format!("on line {line}") } else { format!("in `{file}` on line {line}") };
                let within = if namespace.is_empty() { String::new() } else { format!(" of the namespace `{namespace}`") };
                let message = format!("the {kind} {}{within} stands {other} already: the later one replaces it", quote(name));
                let metadata = Path::Field(&Path::Root, "metadata");
                findings.warning("object-duplicate", &Path::Field(&metadata, "name"), place, message);
            }
        }
    }
}

/// The apiVersion and kind, where both are there.
fn type_of<'a>(node: &'a Node, findings: &mut Findings) -> Option<(&'a str, &'a str)> {
    let mut text = |field: &'static str| match node.get(field) {
        Some(Node { value: Value::String(text), .. }) if !text.is_empty() => Some(&**text),
        Some(wrong) if wrong.value != Value::Null && wrong.as_str().is_none() => {
            findings.error("schema-type", &Path::Field(&Path::Root, field), at(wrong), format!("`{field}` is text"));
            None
        }
        _ => {
            if !matches!((node.get("apiVersion"), node.get("kind")), (None, None)) {
                let misspelt =
                    node.entries().iter().map(|(key, _)| key).find(|key| nearest(&key.name, [field]).is_some() && &*key.name != field);
                let help = misspelt.map_or(String::new(), |key| format!(": {} is spelt `{field}`", quote(&key.name)));
                findings.error(
                    "schema-required",
                    &Path::Field(&Path::Root, field),
                    misspelt.map_or(at(node), key_at),
                    format!("there is no `{field}`{help}"),
                );
            }
            None
        }
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if node.get("apiVersion").is_none() && node.get("kind").is_none() {
        let message = "this document has neither `apiVersion` nor `kind`, so it is no object".to_owned();
        findings.error("manifest-object", &Path::Root, at(node), message);
    }
    Some((api_version?, kind?))
}

/// Says why Kubernetes does not serve a kind; `false` where its group is not one of Kubernetes' own.
fn unserved(schema: &Schema, api_version: &str, kind: &str, node: &Node, findings: &mut Findings) -> bool {
    let place = |field| node.get(field).map_or(at(node), at);
    let api_field = Path::Field(&Path::Root, "apiVersion");
    let kind_field = Path::Field(&Path::Root, "kind");
    if let Some(removed) = schema.removed(api_version, kind) {
        let mut message = format!("`{api_version}` {kind} is gone since Kubernetes 1.{}", removed.in_minor);
        match (removed.replacement, removed.advice) {
            (Some(replacement), Some(advice)) => message.push_str(&format!(": use `{replacement}` ({advice})")),
            (Some(replacement), None) => message.push_str(&format!(": use `{replacement}`")),
            (None, Some(advice)) => message.push_str(&format!(": {advice}")),
            (None, None) => {}
        }
        findings.error("api-removed", &api_field, place("apiVersion"), message);
        return true;
    }
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let in_group = || schema.kinds().iter().filter(|info| info.kind.group == group);
    // Of a custom group not every definition needs to be there.
    if in_group().any(|info| info.custom) && !in_group().any(|info| info.kind.kind == kind || !info.custom) {
        return false;
    }
    let own: Vec<&KindInfo> = in_group().collect();
    let versions: BTreeSet<String> = own.iter().filter(|info| info.kind.kind == kind).map(|info| info.kind.api_version()).collect();
    let elsewhere: BTreeSet<String> = schema.kind(kind, None).into_iter().map(|info| info.kind.api_version()).collect();
    if own.is_empty() && group.contains('.') {
        return false;
    }
    let words = |set: &BTreeSet<String>| join(set.iter().map(String::as_str), "or");
    if !versions.is_empty() {
        findings.error("api-unknown", &api_field, place("apiVersion"), format!("`{api_version}` has no {kind}: use {}", words(&versions)));
    } else if !elsewhere.is_empty() {
        findings.error(
            "api-unknown",
            &api_field,
            place("apiVersion"),
            format!("`{api_version}` has no {kind}: it is in {}", words(&elsewhere)),
        );
    } else if own.is_empty() {
        let groups: BTreeSet<&str> = schema.kinds().iter().map(|info| info.kind.group.as_str()).filter(|group| !group.is_empty()).collect();
        let help = nearest(group, groups).map_or(String::new(), |group| format!(": did you mean `{group}`?"));
        findings.error("api-unknown", &api_field, place("apiVersion"), format!("there is no group `{group}`{help}"));
    } else {
        let help = nearest(kind, own.iter().map(|info| info.kind.kind.as_str()))
            .or_else(|| nearest(kind, schema.kinds().iter().map(|info| info.kind.kind.as_str())))
            .map_or(String::new(), |kind| format!(": did you mean `{kind}`?"));
        findings.error("api-unknown", &kind_field, place("kind"), format!("`{api_version}` has no kind `{kind}`{help}"));
    }
    true
}

/// The object's name, by the grammar that the API server has for its kind.
fn name(info: &KindInfo, node: &Node, findings: &mut Findings) {
    // answers to questions are not kept, so they need no name; a Binding has that of its Pod
    if info.kind.kind.ends_with("Review") && !info.custom {
        return;
    }
    let metadata_path = Path::Field(&Path::Root, "metadata");
    let path = Path::Field(&metadata_path, "name");
    let metadata = node.get("metadata");
    let field = |name| metadata.and_then(|metadata| metadata.get(name));
    let given = |name| field(name).is_some_and(|node| !matches!(&node.value, Value::Null) && node.as_str() != Some(""));
    if !given("name") {
        let misspelt = metadata.is_some_and(|metadata| {
            metadata
                .entries()
                .iter()
                .any(|(key, _)| !matches!(&*key.name, "name" | "generateName") && nearest(&key.name, ["name"]).is_some())
        });
        if !given("generateName") && !misspelt {
            findings.error(
                "schema-required",
                &path,
                metadata.map_or(at(node), at),
                format!("this {} has no name: set `metadata.name`", info.kind.kind),
            );
        }
        return;
    }
    let Some((text, name)) = field("name").and_then(|node| node.as_str().map(|text| (text, node))) else { return };
    let rule = match info.kind.group.as_str() {
        "rbac.authorization.k8s.io" => {
            if !matches!(text, "." | "..") && !text.contains(['/', '%']) {
                return;
            }
            "`/` and `%` have no place in it"
        }
        "" if matches!(info.kind.kind.as_str(), "Namespace" | "Service") => {
            if is_dns_label(text) {
                return;
            }
            "lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends"
        }
        group
            if info.custom
                || matches!(
                    group,
                    "" | "apps"
                        | "batch"
                        | "policy"
                        | "autoscaling"
                        | "networking.k8s.io"
                        | "scheduling.k8s.io"
                        | "storage.k8s.io"
                        | "node.k8s.io"
                ) =>
        {
            if is_dns_subdomain(text) || info.kind.kind == "IPAddress" {
                return;
            }
            "lower-case letters, digits, `-` and `.`, at most 253, with a letter or digit at both ends"
        }
        _ => return,
    };
    findings.error("name-dns", &path, at(name), format!("{} is no {} name: {rule}", quote(text), info.kind.kind));
}
