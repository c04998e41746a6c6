//! The objects beside the one that is judged.

use super::Request;
use crate::ir::Kind;
use crate::object::Node;
use std::collections::BTreeMap;

/// Objects that are there together, such as the manifests of a folder: what `cluster()` looks at.
#[derive(Debug, Default)]
pub struct Cluster<'a> {
    /// By `apiVersion` and kind, then by namespace.
    objects: BTreeMap<(&'a str, &'a str), BTreeMap<&'a str, Vec<&'a Node>>>,
}

impl<'a> Cluster<'a> {
    /// Of these objects, in this order; one that names no namespace is in the default one.
    pub fn new(objects: impl IntoIterator<Item = &'a Node>, default_namespace: &'a str) -> Self {
        let mut cluster = Cluster::default();
        for object in objects {
            let kind = (object.text_at(&["apiVersion"]).unwrap_or_default(), object.text_at(&["kind"]).unwrap_or_default());
            let namespace = object.text_at(&["metadata", "namespace"]).unwrap_or(default_namespace);
            cluster.objects.entry(kind).or_default().entry(namespace).or_default().push(object);
        }
        cluster
    }

    /// The objects of a kind that a rule sees beside the object, which is of the kind `own`: those of its namespace, without itself.
    pub(super) fn beside(&self, kind: &Kind, own: &Kind, request: &Request<'a>) -> Vec<&'a Node> {
        let version = kind.api_version();
        let name = request.object.text_at(&["metadata", "name"]);
        let own_namespace = request.object.text_at(&["metadata", "namespace"]).or(request.default_namespace).unwrap_or(DEFAULT_NAMESPACE);
        let here = (kind.namespaced && own.namespaced).then_some(own_namespace);
        let same_kind = kind.group == own.group && kind.kind == own.kind;
        let spaces = self.objects.iter().filter(move |((of, name), _)| *of == version && *name == kind.kind).flat_map(|(_, spaces)| spaces);
        let mut found = Vec::new();
        for (namespace, objects) in spaces.filter(|(namespace, _)| here.is_none_or(|here| **namespace == here)) {
            found.extend(objects.iter().copied().filter(|object| {
                let in_place = !own.namespaced || *namespace == own_namespace;
                let itself = same_kind && in_place && name.is_some() && object.text_at(&["metadata", "name"]) == name;
                !itself && !std::ptr::eq(*object, request.object)
            }));
        }
        found
    }
}

/// Where an object is that names no namespace.
const DEFAULT_NAMESPACE: &str = "default";
