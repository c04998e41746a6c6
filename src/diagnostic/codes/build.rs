//! Codes given while a target is written.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[];
