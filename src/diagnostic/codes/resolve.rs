//! Codes given while names and types are resolved.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[];
