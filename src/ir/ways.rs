//! Which requests a rule is about.

use super::walk::roots;
use super::{Operation, Root, Rule};
use std::collections::BTreeSet;

/// Requests that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// API version and kind of their objects.
    pub types: BTreeSet<(String, String)>,
    /// The subresources that they name, `""` for none.
    pub subresources: BTreeSet<String>,
    /// Group, version and name of the resources, where the types do not tell.
    pub resources: BTreeSet<[String; 3]>,
}

/// The requests that a rule is about, those together that differ in their types alone.
#[must_use]
pub fn ways(rule: &Rule) -> BTreeSet<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for kind in &rule.kinds {
        let subresources: BTreeSet<String> = kind.ways(&rule.operations).into_iter().map(str::to_owned).collect();
        let whole = kind.is_whole();
        // Only Pods have those that a rule about them sees too.
        let same = |way: &Way| {
            way.resources.is_empty() == whole
                && (way.subresources == subresources || way.subresources.contains("") && subresources.contains(""))
        };
        let index = ways.iter().position(same).unwrap_or_else(|| {
            ways.push(Way { types: BTreeSet::new(), subresources: BTreeSet::new(), resources: BTreeSet::new() });
            ways.len() - 1
        });
        let Some(way) = ways.get_mut(index) else { continue };
        way.types.insert((kind.object_version(), kind.object_kind().to_owned()));
        way.subresources.extend(subresources);
        if !whole {
            way.resources.insert([kind.group.clone(), kind.version.clone(), kind.resource.clone()]);
        }
    }
    ways.into_iter().collect()
}

impl Rule {
    /// Whether it says something of an object that is there, by which nobody asks for anything: as if it were just created.
    #[must_use]
    pub fn is_of_what_is_there(&self) -> bool {
        self.operations.contains(&Operation::Create)
            && self.kinds.iter().any(|kind| kind.subresource.is_none())
            && !roots(self).contains(&Root::Request)
    }
}
