//! From the IR to the languages of the engines: the only generators of conditions.

pub mod cel;
pub mod jmespath;
pub mod location;
pub mod rego;

use crate::diagnostic::Span;

/// Something that a language cannot say exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// What, in the author's words and with backticks where they wrote it, for example `` `cluster()` ``.
    pub construct: String,
    /// Where.
    pub span: Span,
}

impl Unsupported {
    /// A construct at a place.
    #[must_use]
    pub fn new(construct: impl Into<String>, span: Span) -> Self {
        Unsupported { construct: construct.into(), span }
    }
}
