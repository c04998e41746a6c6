//! What engines hold of the objects beside the one that is judged: OPA in `data.kubernetes`, where kube-mgmt replicates them, Gatekeeper in `data.inventory`, as a SyncSet says.
//!
//! Source: `github.com/open-policy-agent/kube-mgmt`, README; `github.com/open-policy-agent/gatekeeper` 3.23, `apis/syncset/v1alpha1` and `pkg/cachemanager/parser/syncannotationreader.go`.

use super::metadata::{LONGEST_NAME, Metadata, label_value};
use crate::eval::Request;
use crate::ir::{Kind, Pack, Program, Rule, walk};
use crate::object::Node;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The annotation of a ConstraintTemplate that says what has to be synced.
pub(crate) const REQUIRES: &str = "metadata.gatekeeper.sh/requires-sync-data";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncSet {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Serialize)]
struct Spec {
    gvks: Vec<Gvk>,
}

#[derive(Serialize)]
struct Gvk {
    group: String,
    version: String,
    kind: String,
}

/// The kinds of the objects that some rules ask for beside the one that they judge.
#[must_use]
pub fn kinds_beside<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> BTreeSet<Kind> {
    rules.into_iter().flat_map(walk::kinds_beside).collect()
}

/// What a template says that it requires: nothing where its rules look at no other object.
pub(crate) fn requires(rules: &[&Rule]) -> Option<String> {
    let kinds = kinds_beside(rules.iter().copied());
    let all = kinds.iter().map(|kind| json!([{"groups": [kind.group], "versions": [kind.version], "kinds": [kind.kind]}]));
    (!kinds.is_empty()).then(|| Json::from_iter(all).to_string())
}

/// The SyncSet for rules of a pack: nothing where they look at no other object.
pub(crate) fn sync_set(pack: &Pack, rules: &[&Rule]) -> Option<Result<String, serde_yaml::Error>> {
    let gvks: Vec<Gvk> = kinds_beside(rules.iter().copied())
        .into_iter()
        .map(|kind| Gvk { group: kind.group, version: kind.version, kind: kind.kind })
        .collect();
    let name: String = format!("polc-{}", pack.name).chars().take(LONGEST_NAME).collect();
    let labels = BTreeMap::from([("polc/pack", label_value("pack", &pack.name))]);
    let set = SyncSet {
        api_version: "syncset.gatekeeper.sh/v1alpha1",
        kind: "SyncSet",
        metadata: Metadata { name, labels, annotations: BTreeMap::new() },
        spec: Spec { gvks },
    };
    (!set.spec.gvks.is_empty()).then(|| serde_yaml::to_string(&set))
}

/// How kube-mgmt is told to replicate what the rules of a target look at: nothing where they look at no other object.
pub(crate) fn replication(program: &Program, target: &str) -> Option<String> {
    let rules = program.packs.values().flat_map(|pack| &pack.rules);
    let kinds = kinds_beside(rules.filter(|rule| rule.targets.include(target)));
    let flags: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let flag = if kind.namespaced { "--replicate" } else { "--replicate-cluster" };
            format!("{flag}={}/{}", kind.api_version(), kind.resource)
        })
        .collect();
    (!flags.is_empty()).then(|| flags.join(" "))
}

/// What OPA holds for a request: the objects of these kinds that are known, and the Namespace of the object; nothing where neither is.
#[must_use]
pub fn opa_data(request: &Request<'_>, kinds: &BTreeSet<Kind>) -> Option<Json> {
    let mut resources = Map::new();
    let mut put = |path: [&str; 3], object: Option<&Node>| {
        let mut here = &mut resources;
        let (last, parents) = match path {
            [resource, "", name] => (name, vec![resource]),
            [resource, namespace, name] => (name, vec![resource, namespace]),
        };
        for key in parents {
            let Json::Object(inner) = here.entry(key.to_owned()).or_insert_with(|| json!({})) else { return };
            here = inner;
        }
        if let Some(object) = object {
            here.insert(last.to_owned(), Json::from(object));
        }
    };
    for (kind, objects) in kinds.iter().filter_map(|kind| Some((kind, request.cluster?.of_kind(kind)?))) {
        put([&kind.resource, "", ""], None);
        for (namespace, object) in objects {
            let name = object.text_at(&["metadata", "name"]).unwrap_or_default();
            put([&kind.resource, if kind.namespaced { namespace } else { "" }, name], Some(object));
        }
    }
    if let Some(space) = request.namespace_object {
        let own = request.object.text_at(&["metadata", "namespace"]);
        let asked = request.request.and_then(|request| request.get("namespace")).and_then(Node::as_str);
        let name = asked.or(own).filter(|name| !name.is_empty()).or(request.default_namespace).unwrap_or("default");
        put(["namespaces", "", name], Some(space));
    }
    (!resources.is_empty()).then(|| json!({"kubernetes": resources}))
}

/// The objects that Gatekeeper holds for a request of what rules about these kinds look at.
#[must_use]
pub fn gatekeeper_inventory(request: &Request<'_>, kinds: &BTreeSet<Kind>) -> Vec<Json> {
    let known = kinds.iter().filter_map(|kind| request.cluster?.of_kind(kind)).flatten();
    known.map(|(_, object)| Json::from(object)).collect()
}
