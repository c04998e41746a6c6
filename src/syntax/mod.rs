//! Text to syntax tree.

pub mod ast;
mod build;
mod expected;
mod parse;
mod scan;

pub use parse::{MAX_BYTES, parse};
