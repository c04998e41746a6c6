//! Where a finding points: worked out only when a rule fails.

use super::Request;
use super::plan::{Anchor, Base, Expr, Path, Shared, Start, Subject};
use super::run::{Member, Run};
use crate::ir::{PodPath, Root};
use crate::object::{Node, Value};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A place in an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Such as `spec.containers[0].image`; empty for the object itself.
    pub(super) field: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Place {
    pub(super) fn clear(&mut self) {
        self.field.clear();
        (self.line, self.column) = (0, 0);
    }
}

/// The place of a node of the object, or of another root.
pub(super) fn of_node(request: &Request<'_>, node: &Node) -> Option<Place> {
    let roots = [
        ("", Some(request.object)),
        ("oldObject", request.old_object),
        ("namespaceObject", request.namespace_object),
        ("request", request.request),
    ];
    roots.into_iter().find_map(|(name, root)| {
        let root = root?;
        let mut way = Vec::new();
        if !find(root, node, &mut way, true) && !find(root, node, &mut way, false) {
            return None;
        }
        let mut field = name.to_owned();
        for step in way.iter().rev() {
            match step {
                Way::Index(index) => {
                    let _ = write!(field, "[{index}]");
                }
                Way::Key(key) => push_key(&mut field, key),
            }
        }
        Some(Place { field, line: node.line, column: node.column })
    })
}

enum Way<'a> {
    Index(usize),
    Key(&'a str),
}

/// Looks for the node and gives the way to it, the last step first. With `near` only where the place in the text says that it is: that of a copy which an alias made says nothing.
fn find<'a>(within: &'a Node, node: &Node, way: &mut Vec<Way<'a>>, near: bool) -> bool {
    if std::ptr::eq(within, node) {
        return true;
    }
    let place = (node.line, node.column);
    match &within.value {
        Value::List(items) => {
            let last = items.partition_point(|item| (item.line, item.column) <= place);
            let looked_at = if near { last.saturating_sub(1)..last } else { 0..items.len() };
            for (index, item) in items.iter().enumerate().take(looked_at.end).skip(looked_at.start) {
                if find(item, node, way, near) {
                    way.push(Way::Index(index));
                    return true;
                }
            }
        }
        Value::Map(entries) => {
            let last = entries.partition_point(|(key, _)| (key.line, key.column) <= place);
            let looked_at = if near { last.saturating_sub(1)..last } else { 0..entries.len() };
            for (key, value) in entries.iter().take(looked_at.end).skip(looked_at.start) {
                if find(value, node, way, near) {
                    way.push(Way::Key(&key.name));
                    return true;
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => {}
    }
    false
}

pub(super) fn push_key(field: &mut String, key: &str) {
    let known = field.len();
    push_key_behind(field, key);
    if known == 0 && field.starts_with('.') {
        field.remove(0);
    }
}

/// Appends a key to the field that holds it.
pub(super) fn push_key_behind(field: &mut String, key: &str) {
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        field.push('.');
        field.push_str(key);
    } else {
        let _ = write!(field, "[{key:?}]");
    }
}

/// Appends the field to which a shared step leads.
pub(super) fn push_trail(shared: &Shared, pod: PodPath, trail: usize, field: &mut String) {
    let Some(trail) = shared.trails.get(trail) else { return };
    match trail.from {
        Start::Trail(before) => push_trail(shared, pod, before, field),
        Start::Root(Root::Object) => {}
        Start::Root(Root::Pod) => pod.segments().iter().for_each(|name| push_key(field, name)),
        Start::Root(root @ (Root::OldObject | Root::NamespaceObject | Root::Request)) => field.push_str(root.name()),
    }
    push_key(field, &trail.name.name);
}

/// Sets the place of a run to that of what a check is about.
pub(super) fn set_to_subject<'a>(run: &mut Run<'a>, subject: &'a Subject) {
    let Some(way) = &subject.way else { return set_to_value(run, &subject.value) };
    let (start, member, pod) = match way.from {
        Anchor::Object => (Some(run.request.object), Member::NONE, None),
        Anchor::Pod => (Some(run.request.object), Member::NONE, run.pod_path()),
        Anchor::Var(slot) => run.bound(slot).map_or((None, Member::NONE, None), |(node, member)| (Some(node), member, None)),
    };
    let Some(start) = start else { return set_to_value(run, &subject.value) };
    let before = pod.map(PodPath::segments).unwrap_or_default();
    let mut place = std::mem::take(&mut run.place);
    place.field.clear();
    run.push_field_of(start, member, &mut place.field);
    for name in before {
        push_key(&mut place.field, name);
    }
    place.field.push_str(if place.field.is_empty() { way.field.strip_prefix('.').unwrap_or(&way.field) } else { &way.field });
    let deepest = deepest(start, before.iter().copied().chain(way.names.iter().map(|name| &**name)));
    (place.line, place.column) = (deepest.line, deepest.column);
    run.place = place;
}

/// Sets the place of a run to that of a value: the names on its path, and the line of the deepest part of it that is there.
pub(super) fn set_to_value<'a>(run: &mut Run<'a>, value: &'a Expr) {
    let mut place = std::mem::take(&mut run.place);
    place.clear();
    let mut names = std::mem::take(&mut run.names);
    names.clear();
    if let Some((start, member)) = way(run, value, &mut names) {
        run.push_field_of(start, member, &mut place.field);
        for name in &names {
            push_key(&mut place.field, name);
        }
        let deepest = deepest(start, names.iter().map(|name| &**name));
        (place.line, place.column) = (deepest.line, deepest.column);
    }
    run.names = names;
    run.place = place;
}

fn deepest<'a, 'n>(start: &'a Node, names: impl Iterator<Item = &'n str>) -> &'a Node {
    let mut node = start;
    for name in names {
        match child(node, name) {
            Some(child) => node = child,
            None => break,
        }
    }
    node
}

/// What a value starts from, and the names that lead from there to it.
fn way<'a>(run: &mut Run<'a>, value: &'a Expr, names: &mut Vec<Cow<'a, str>>) -> Option<(&'a Node, Member)> {
    match value {
        Expr::Root(root) => Some((from_root(run, *root, names)?, Member::NONE)),
        Expr::Var(slot) => run.bound(*slot),
        Expr::Path(Path { base: Base::Trail(trail), .. }, _) => Some((from_trail(run, *trail, names)?, Member::NONE)),
        Expr::Path(_, inner) => way(run, inner.as_ref()?, names),
        Expr::Shared(_, inner) | Expr::Quantity(inner) | Expr::SizeOf(inner) => way(run, inner, names),
        Expr::Field(field) => {
            let start = way(run, &field.of, names)?;
            names.push(Cow::Borrowed(&*field.name));
            Some(start)
        }
        Expr::Entry(entry) => {
            let key = run.value(&entry.key).ok()?.into_text()?;
            let start = way(run, &entry.of, names)?;
            names.push(key);
            Some(start)
        }
        Expr::Coalesce(values) | Expr::Concat(values) | Expr::Call(_, values) => {
            let known = names.len();
            values.iter().find_map(|value| {
                names.truncate(known);
                way(run, value, names)
            })
        }
        Expr::If(parts) => way(run, &parts.1, names),
        Expr::Const(_) | Expr::Truth(_) | Expr::List(_) | Expr::Aggregate { .. } | Expr::Arithmetic { .. } => None,
    }
}

fn from_root<'a>(run: &Run<'a>, root: Root, names: &mut Vec<Cow<'a, str>>) -> Option<&'a Node> {
    if root != Root::Pod {
        return run.root(root);
    }
    names.extend(run.pod_path()?.segments().iter().map(|name| Cow::Borrowed(*name)));
    run.root(Root::Object)
}

fn from_trail<'a>(run: &Run<'a>, trail: usize, names: &mut Vec<Cow<'a, str>>) -> Option<&'a Node> {
    let trail = run.common.trails.get(trail)?;
    let start = match trail.from {
        Start::Trail(before) => from_trail(run, before, names)?,
        Start::Root(root) => from_root(run, root, names)?,
    };
    names.push(Cow::Borrowed(&trail.name.name));
    Some(start)
}

fn child<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.get(name).filter(|child| !child.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::read_text;

    fn field(root: &Node, node: &Node) -> Option<String> {
        of_node(&Request::create(root), node).map(|place| place.field)
    }

    /// Every node below, with the way to it.
    fn all<'a>(node: &'a Node, field: &str, out: &mut Vec<(String, &'a Node)>) {
        out.push((field.to_owned(), node));
        for (index, item) in node.items().iter().enumerate() {
            all(item, &format!("{field}[{index}]"), out);
        }
        for (key, value) in node.entries() {
            let mut field = field.to_owned();
            push_key(&mut field, &key.name);
            all(value, &field, out);
        }
    }

    #[test]
    fn keys_that_are_no_names_are_quoted() {
        for (key, expected) in [("a1", "a.a1"), ("_a", "a._a"), ("A_", "a.A_"), ("1a", "a[\"1a\"]"), ("a-b", "a[\"a-b\"]"), ("", "a[\"\"]")]
        {
            let mut field = "a".to_owned();
            push_key(&mut field, key);
            assert_eq!(field, expected);
        }
    }

    #[test]
    fn every_node_is_found_copies_of_aliases_and_nodes_without_a_place_too() {
        let text = "a: &a\n  b: [1, {c: 2}]\nd: {e: *a, f: *a}\ng:\n- *a\n- x/y: 1\n  \"\": [[]]\n";
        let written = read_text(text).documents.remove(0).node;
        let made = Node::from(&serde_json::json!({ "a": [1, { "b": [2, 3] }], "c": { "d": {} } }));
        for root in [&written, &made] {
            let mut nodes = Vec::new();
            all(root, "", &mut nodes);
            assert!(nodes.len() >= 8);
            for (way, node) in nodes {
                assert_eq!(field(root, node), Some(way));
            }
        }
        assert_eq!(field(&written, &made), None);
    }
}
