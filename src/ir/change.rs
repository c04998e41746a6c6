//! Mutations and generations: what an item changes in an object, or brings with it.
//!
//! **A mutation reads the object as it was.** Every condition, loop and value of a mutation is evaluated on the object that is given; what its statements change is seen by none of
//! them. No statement may read what one of them changes, and no two may change the same place (the resolver refuses both), so that the order of the statements does not count,
//! and that a second run finds every value that it would give in its place: **running a mutation twice changes nothing more.**
//!
//! A mutation does nothing to an object that it does not match (kind, operation, `where`, `except`), in which it cannot read what it names ([`Rule::reads`], or a value of another type
//! than its field's), or, with [`Conflict::Skip`], in which one of its edits conflicts. Otherwise all of its edits are made.
//!
//! An edit makes the structs, maps and lists on the way to its place where they are absent or `null`, but only if it has something to write. A value that is absent is not written.
//!
//! **On its own, an object of an immutable kind is mutated when it is created only** ([`Mutation::on`]): most of a Pod or a Job cannot be changed later, and a cluster refuses an update that
//! a mutation made impossible.

use super::{Kind, Operation, Root, Rule, Slot, Source, Value};
use crate::diagnostic::Span;
use crate::ir::Cond;
use crate::ir::walk::{self, Node};
use serde::Serialize;
use std::collections::BTreeSet;

/// Changes to an object.
#[derive(Debug, Clone, Serialize)]
pub struct Mutation {
    /// Its clauses and what it reads; `body` is empty, and `action` means nothing.
    pub head: Rule,
    /// Whether its author wrote the operations.
    pub operations_written: bool,
    /// What a conflict does.
    pub on_conflict: Conflict,
    /// The statements.
    pub body: Vec<Change>,
}

impl Mutation {
    /// The operations on which objects of a kind are mutated: as written; else create, and update where the kind's spec can be updated.
    #[must_use]
    pub fn on(&self, kind: &Kind) -> BTreeSet<Operation> {
        let immutable = matches!((kind.group.as_str(), kind.kind.as_str()), ("", "Pod") | ("batch", "Job"));
        if self.operations_written || !immutable { self.head.operations.clone() } else { BTreeSet::from([Operation::Create]) }
    }

    /// The roots that it reads or changes.
    #[must_use]
    pub fn roots(&self) -> BTreeSet<Root> {
        let mut all = walk::roots(&self.head);
        nodes(&self.body, &mut |node| all.extend(walk::roots_of(node)));
        all
    }
}

/// Objects that another one brings with it.
///
/// Each is made where the object matches and can be read, on the operations of the clauses, unless it is there: nothing of an object that is there is changed, and nothing is removed with the
/// object that brought it.
#[derive(Debug, Clone, Serialize)]
pub struct Generation {
    /// Its clauses and what it reads; `body` is empty, and `action` means nothing.
    pub head: Rule,
    /// What it makes.
    pub creates: Vec<Creation>,
}

impl Generation {
    /// The roots that it reads.
    #[must_use]
    pub fn roots(&self) -> BTreeSet<Root> {
        let mut all = walk::roots(&self.head);
        for creation in &self.creates {
            for value in std::iter::once(&creation.name).chain(&creation.namespace) {
                all.extend(walk::roots_of(Node::Value(value)));
            }
            for (_, content) in &creation.fields {
                values(content, &mut |value| all.extend(walk::roots_of(Node::Value(value))));
            }
        }
        all
    }
}

/// `create KIND named NAME in namespace NAMESPACE { ... }`: not made where its name, or the namespace that its kind needs, is absent.
#[derive(Debug, Clone, Serialize)]
pub struct Creation {
    /// The kind.
    pub kind: Kind,
    /// `metadata.name`
    pub name: Value,
    /// `metadata.namespace`, where the kind lives in one: as written, else that of the object which brings it.
    pub namespace: Option<Value>,
    /// Its other fields.
    pub fields: Vec<(String, Content)>,
    /// Where it stands.
    pub span: Span,
}

/// What is done where an edit conflicts: where something is there that [`Edit::Set`] or [`Edit::Merge`] would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conflict {
    /// It is changed.
    #[default]
    Overwrite,
    /// The mutation leaves the whole object alone: PodPreset's rule. So it only ever adds.
    Skip,
}

/// A statement of a mutation.
#[derive(Debug, Clone, Serialize)]
pub enum Change {
    /// The body for each element of the source.
    For {
        /// What is bound.
        source: Source,
        /// What is done for each element.
        body: Vec<Change>,
    },
    /// One of two bodies.
    If {
        /// Which.
        condition: Cond,
        /// When true.
        then: Vec<Change>,
        /// When false.
        otherwise: Vec<Change>,
    },
    /// A change at a place. Nothing is done where a key on the way is absent, or is computed and no printable ASCII, as every key in Kubernetes is.
    Edit {
        /// The place: a path of fields and keys from `object`, `pod` or the element of a loop around, without defaults.
        place: Value,
        /// What is done there.
        edit: Edit,
        /// Where it stands.
        span: Span,
    },
}

/// What is done at a place.
#[derive(Debug, Clone, Serialize)]
pub enum Edit {
    /// The content is put there, whatever is there. A conflict: something else is there.
    Set(Content),
    /// The content is put there where nothing is, by the [`super::Presence`] of the field.
    Default(Content),
    /// What is there is removed; its parents stay.
    Remove,
    /// An element is put at the end of the list, unless one that is written the same is in it; once.
    Append(Content),
    /// An element is merged into the first element of the list that has its keys: every leaf of it but the keys is set there. Where none has, it is put at the end of the list, once. Nothing is done
    /// where one of its keys is absent. A conflict: an element has its keys and a leaf of it is missing or other there.
    Merge {
        /// The element of the list that `keys` look at.
        slot: Slot,
        /// The keys.
        keys: Vec<MergeKey>,
        /// The fields of the element.
        fields: Vec<(String, Content)>,
    },
}

/// A key of a merge.
#[derive(Debug, Clone, Serialize)]
pub struct MergeKey {
    /// The field of the element.
    pub name: String,
    /// What an element of the list has there, with the API server's default.
    pub there: Value,
    /// What the merged element has there.
    pub given: Value,
    /// The type of both.
    pub ty: super::Ty,
}

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Content {
    /// A value; left out of what it stands in where it is absent.
    Value(Value),
    /// A struct or map; never absent. Where it is merged or compared for a conflict, its leaves are its fields that are no such objects, and it itself where it is empty.
    Object(Vec<(String, Content)>),
    /// A list; never absent.
    List(Vec<Content>),
}

/// Calls `f` for each value in a content.
pub fn values<'a>(content: &'a Content, f: &mut dyn FnMut(&'a Value)) {
    match content {
        Content::Value(value) => f(value),
        Content::Object(fields) => fields.iter().for_each(|(_, content)| values(content, f)),
        Content::List(items) => items.iter().for_each(|content| values(content, f)),
    }
}

/// Calls `f` for each value, condition and source that statements hold directly.
pub fn nodes<'a>(body: &'a [Change], f: &mut dyn FnMut(Node<'a>)) {
    for change in body {
        match change {
            Change::For { source, body } => {
                f(Node::Source(source));
                nodes(body, f);
            }
            Change::If { condition, then, otherwise } => {
                f(Node::Cond(condition));
                nodes(then, f);
                nodes(otherwise, f);
            }
            Change::Edit { place, edit, span: _ } => {
                f(Node::Value(place));
                match edit {
                    Edit::Set(content) | Edit::Default(content) | Edit::Append(content) => {
                        values(content, &mut |value| f(Node::Value(value)));
                    }
                    Edit::Remove => {}
                    Edit::Merge { keys, fields, slot: _ } => {
                        keys.iter().for_each(|key| f(Node::Value(&key.there)));
                        fields.iter().for_each(|(_, content)| values(content, &mut |value| f(Node::Value(value))));
                    }
                }
            }
        }
    }
}

/// Calls `f` for each edit, with its place.
pub fn edits<'a>(body: &'a [Change], f: &mut dyn FnMut(&'a Value, &'a Edit, Span)) {
    for change in body {
        match change {
            Change::For { source: _, body } => edits(body, f),
            Change::If { condition: _, then, otherwise } => {
                edits(then, f);
                edits(otherwise, f);
            }
            Change::Edit { place, edit, span } => f(place, edit, *span),
        }
    }
}
