//! From the IR to Rego, as every OPA from 1.17 reads it.

pub mod helper;
mod lower;
pub mod print;
pub mod tree;

pub use lower::Module;
