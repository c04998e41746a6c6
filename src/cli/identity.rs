//! What names an object.

use crate::object::Node;
use crate::schema::Schema;
use serde::Serialize;

/// What names an object: empty where it says nothing, and where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity<'a> {
    /// Its `apiVersion`.
    pub api_version: &'a str,
    /// Its `kind`.
    pub kind: &'a str,
    /// Its namespace; empty where its kind lives in none.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl<'a> Identity<'a> {
    /// That of an object; `default_namespace` is where it is when it lives in a namespace and names none.
    pub fn of(schema: &Schema, object: &'a Node, default_namespace: &'a str) -> Self {
        let text = |path| object.text_at(path).unwrap_or_default();
        let (api_version, kind) = (text(&["apiVersion"][..]), text(&["kind"]));
        let cluster_scoped = schema.by_gvk(api_version, kind).is_some_and(|info| !info.kind.namespaced);
        let namespace = if cluster_scoped { "" } else { object.text_at(&["metadata", "namespace"]).unwrap_or(default_namespace) };
        Identity { api_version, kind, namespace, name: text(&["metadata", "name"]) }
    }

    /// The `apiVersion`, kind, namespace and name.
    pub fn parts(self) -> [&'a str; 4] {
        [self.api_version, self.kind, self.namespace, self.name]
    }
}
