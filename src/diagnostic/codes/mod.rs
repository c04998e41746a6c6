//! Every code, by the stage that gives it.

pub mod build;
pub mod input;
pub mod resolve;
pub mod syntax;

use super::Code;

/// All codes, in the order of their stages.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [syntax::ALL, resolve::ALL, build::ALL, input::ALL].into_iter().flatten().copied()
}

/// The code with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    all().find(|code| code.id == id)
}
