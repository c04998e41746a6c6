//! The objects beside the one that is judged.

use super::Request;
use crate::ir::{Kind, Operation};
use crate::object::Node;
use std::collections::{BTreeMap, BTreeSet};

/// Objects that are there together, such as the manifests of a folder: what `cluster()` looks at.
#[derive(Debug, Default)]
pub struct Cluster<'a> {
    /// By `apiVersion` and kind, then by namespace; those of a namespace by name.
    objects: BTreeMap<(&'a str, &'a str), BTreeMap<&'a str, Vec<&'a Node>>>,
    /// The kinds of which it is not known what there is.
    unknown: BTreeSet<Kind>,
}

impl<'a> Cluster<'a> {
    /// Of these objects, which are all that there is; one that names no namespace is in the default one.
    pub fn new(objects: impl IntoIterator<Item = &'a Node>, default_namespace: &'a str) -> Self {
        let mut cluster = Cluster::default();
        for object in objects {
            let kind = (object.text_at(&["apiVersion"]).unwrap_or_default(), object.text_at(&["kind"]).unwrap_or_default());
            let namespace = namespace(object).unwrap_or(default_namespace);
            cluster.objects.entry(kind).or_default().entry(namespace).or_default().push(object);
        }
        for objects in cluster.objects.values_mut().flat_map(BTreeMap::values_mut) {
            objects.sort_by_key(|object| name(object));
        }
        cluster
    }

    /// The same, but that of these kinds it is not known what there is, as in an engine into which they are not replicated.
    #[must_use]
    pub fn without(mut self, unknown: impl IntoIterator<Item = Kind>) -> Self {
        self.unknown.extend(unknown);
        self
    }

    /// The first of some kinds of which it is not known what there is.
    pub(super) fn first_unknown<'k>(&self, kinds: &'k BTreeSet<Kind>) -> Option<&'k Kind> {
        kinds.iter().find(|kind| self.unknown.contains(kind))
    }

    /// The objects of a kind with the namespace of each, which is the default one for a kind that lives in none; nothing where it is not known what there is.
    pub fn of_kind(&self, kind: &Kind) -> Option<impl Iterator<Item = (&'a str, &'a Node)>> {
        let version = kind.api_version();
        let known = !self.unknown.contains(kind);
        let spaces = self.objects.iter().filter(move |((of, name), _)| *of == version && *name == kind.kind).flat_map(|(_, spaces)| spaces);
        known.then(|| spaces.flat_map(|(namespace, objects)| objects.iter().map(|object| (*namespace, *object))))
    }

    /// The objects of a kind that a rule sees beside the object, which is of the kind `own`: those of its namespace, without itself.
    pub(super) fn beside(&self, kind: &Kind, own: &Kind, request: &Request<'a>) -> Vec<&'a Node> {
        let own_name = name(request.object);
        let own_namespace = namespace(request.object).or(request.default_namespace).unwrap_or(DEFAULT_NAMESPACE);
        let here = (kind.namespaced && own.namespaced).then_some(own_namespace);
        let same_kind = kind.group == own.group && kind.kind == own.kind;
        let objects = self.of_kind(kind).into_iter().flatten();
        let beside = |(namespace, object): (&str, &'a Node)| {
            let in_place = !own.namespaced || namespace == own_namespace;
            let itself = same_kind && in_place && own_name.is_some() && name(object) == own_name;
            (here.is_none_or(|here| namespace == here) && !itself && !std::ptr::eq(object, request.object)).then_some(object)
        };
        objects.filter_map(beside).collect()
    }
}

/// The name of an object, if it has one.
fn name(object: &Node) -> Option<&str> {
    object.text_at(&["metadata", "name"]).filter(|name| !name.is_empty())
}

/// The namespace that an object names.
fn namespace(object: &Node) -> Option<&str> {
    object.text_at(&["metadata", "namespace"]).filter(|name| !name.is_empty())
}

/// Whether no more is known than an object, which is taken as being created: what is not known besides keeps a rule from being judged, where a request fails it.
pub(super) fn is_object_alone(request: &Request<'_>) -> bool {
    request.operation == Operation::Create && request.request.is_none()
}

/// Where an object is that names no namespace.
const DEFAULT_NAMESPACE: &str = "default";
