//! Codes of wrong usage, unreadable files and manifests.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[];
