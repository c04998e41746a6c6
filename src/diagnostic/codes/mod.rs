//! Every code, by the stage that gives it.

pub mod build;
pub mod config;
pub mod crd;
pub mod input;
pub mod resolve;
pub mod syntax;

use super::Code;

/// The codes by stage, each with what the stage does, for a heading.
pub static STAGES: &[(&str, &[&Code])] = &[
    ("Reading `.pol` files", syntax::ALL),
    ("Names, types and meaning", resolve::ALL),
    ("Writing targets", build::ALL),
    ("Reading `polc.yaml`", config::ALL),
    ("Reading CustomResourceDefinitions", crd::ALL),
    ("Files, manifests and arguments", input::ALL),
];

/// All codes, in the order of their stages.
pub fn all() -> impl Iterator<Item = &'static Code> {
    STAGES.iter().flat_map(|(_, codes)| *codes).copied()
}

/// The code with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Code> {
    all().find(|code| code.id == id)
}
