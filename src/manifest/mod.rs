//! Manifests: their text to objects with lines, and the checks that one run over manifests decides without a rule.
//!
//! [`read()`] gives the objects of a file and what is wrong with its text; [`builtin::Checker`] judges each object by Kubernetes' schema and what its API server or
//! kubelet would refuse. Both report [`Finding`]s, whose ids [`builtin::builtin_ids`] lists.

mod block;
pub mod builtin;
mod json;
mod place;
mod read;
mod scalar;
mod write;
mod yaml;

pub(crate) use place::Text;
pub use read::{Document, Read, read, read_text, read_whole};
pub use write::yaml;

use crate::diagnostic::Level;

/// The deepest nesting of maps and lists in a manifest.
pub const MAX_DEPTH: usize = 128;

/// Something wrong in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check, for example `schema-unknown-field`; see [`builtin::builtin_ids`].
    pub id: &'static str,
    /// Error: the cluster refuses the object, loses a part of it or cannot run it. Warning: it is accepted but is hardly what was meant.
    pub level: Level,
    /// Lower case, no full stop, backticks round what the manifest says.
    pub message: String,
    /// The path in the object, for example `spec.containers[0].image`; empty where it is the whole object or the text.
    pub field: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in code points, from 1.
    pub column: u32,
}
