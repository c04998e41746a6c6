//! The IR in the Common Expression Language, as Kubernetes 1.35 and later and what embeds it read it.
//!
//! A tree ([`tree`]), its text ([`mod@print`]) and what a rule becomes ([`mod@lower`]). The text keeps to what ValidatingAdmissionPolicy, Kyverno and `cel-rust` read
//! alike: `has()` on every segment, `!= null` on every leaf, no optional types, no `cel.bind`.

pub mod change;
mod conditions;
pub mod cost;
mod effective_request;
mod functions;
pub mod lower;
mod message;
pub mod print;
mod quantity;
mod sources;
mod statements;
mod text;
pub mod tree;
mod val;
mod values;

pub use lower::{Policy, exemption, lower};
pub use print::print;
pub use tree::{Expr, Type, Variable};
