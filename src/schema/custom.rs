//! Kinds and structs that are added to those of Kubernetes.

use super::reader::{Entry, built_in_count};
use super::{Field, KindInfo, Schema, Struct, TypeId};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is added to the schema of Kubernetes. It is kept as long as the program runs, as the built-in data is.
#[derive(Default)]
pub struct Additions {
    kinds: Vec<KindInfo>,
    types: BTreeMap<&'static str, TypeId>,
    reserved: BTreeMap<&'static str, u32>,
}

impl Additions {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A name for a struct that is still to be added: the wanted one, with a number behind it where another struct has it.
    pub fn reserve(&mut self, wanted: &str) -> &'static str {
        let mut name = wanted.to_owned();
        loop {
            let uses = self.reserved.get(name.as_str()).copied().unwrap_or(0);
            if uses == 0 && Schema::kubernetes().type_id(&name).is_none() {
                let name = keep(&name);
                self.reserved.insert(name, 1);
                return name;
            }
            let next = self.reserved.get(wanted).copied().unwrap_or(1) + 1;
            self.reserved.insert(keep(wanted), next);
            name = format!("{wanted}{next}");
        }
    }

    /// Adds a struct.
    pub fn add_struct(&mut self, name: &'static str, fields: BTreeMap<&'static str, Field>, open: bool) -> TypeId {
        // Unlike those of any other addition, so that types of two schemas are never taken for each other.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let index = built_in_count() + NEXT.fetch_add(1, Ordering::Relaxed);
        let entry = Box::leak(Box::new(Entry::added(Struct { name, fields, union: &[], union_required: false, open })));
        let id = TypeId { index, entry };
        self.types.insert(name, id);
        id
    }

    /// Adds a kind.
    pub fn add_kind(&mut self, kind: KindInfo) {
        self.kinds.push(kind);
    }

    /// The kinds that were added.
    #[must_use]
    pub fn kinds(&self) -> &[KindInfo] {
        &self.kinds
    }

    /// The schema with all of it.
    #[must_use]
    pub fn finish(self) -> &'static Schema {
        Box::leak(Box::new(Schema::with(self.kinds, self.types)))
    }
}

/// A text that is kept as long as the program runs.
#[must_use]
pub(crate) fn keep(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
