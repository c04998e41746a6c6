//! From the IR to Rego, as every OPA from 1.17 reads it.
//!
//! A condition becomes statements that hold exactly when it is true. Where it may be said more than once - a quantifier finds two elements - it is said inside the test of a comprehension for
//! emptiness, so that a check gives one message. Its contrary is the emptiness of what it would give, never `not`, but for a path compared with a scalar.
//! A value becomes statements that hold exactly when it is present, and an expression.

mod bodies;
mod conditions;
mod constants;
mod functions;
pub mod helper;
mod module;
mod others;
pub mod print;
mod scope;
mod simplify;
mod sources;
mod statements;
pub mod tree;
mod values;

pub use module::{Frame, Module};
