//! The IR in the Common Expression Language, as Kubernetes 1.35 and later and what embeds it read it.
//!
//! A tree ([`tree`]), its text ([`mod@print`]) and what a rule becomes ([`mod@lower`]). The text keeps to what ValidatingAdmissionPolicy, Kyverno and `cel-rust` read
//! alike: `has()` on every segment, `!= null` on every leaf, no optional types, no `cel.bind`.

pub mod effective_request;
pub mod lower;
pub mod message;
pub mod print;
pub mod quantity;
pub mod text;
pub mod tree;

pub use lower::{Policy, lower};
pub use print::print;
pub use tree::{Expr, Type, Variable};
