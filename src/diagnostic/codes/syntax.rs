//! Codes given while a text is read as `.pol`.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[];
