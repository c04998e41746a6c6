//! Manifests: their text to objects with lines, and the checks that one manifest decides by itself.
//!
//! [`read()`] gives the objects of a file and what is wrong with its text
//! [`Finding`]s, whose ids [`builtin::builtin_ids`] lists.

mod json;
mod read;
mod scalar;
mod yaml;

pub use crate::diagnostic::Level;
pub use read::{Document, Read, read, read_text};

/// The deepest nesting of maps and lists in a manifest.
pub const MAX_DEPTH: usize = 128;

/// Something wrong in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check, for example `schema-unknown-field`; see [`builtin::builtin_ids`].
    pub id: &'static str,
    /// Error: the cluster refuses the object or loses a part of it. Warning: it is accepted but does not do what it says.
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

/// A way down into an object, kept on the stack: it costs nothing until a finding prints it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The object.
    Root,
    /// A field.
    Field(&'a Path<'a>, &'a str),
    /// An element of a list.
    Index(&'a Path<'a>, usize),
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(parent, name) => {
                parent.fmt(f)?;
                if name.is_empty() || name.bytes().any(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'$')) {
                    return write!(f, "[{name:?}]");
                }
                if !matches!(parent, Path::Root) {
                    f.write_str(".")?;
                }
                f.write_str(name)
            }
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
