//! Text to syntax tree.

pub mod ast;
mod build;
mod expected;
mod parse;
mod scan;

pub use parse::{MAX_BYTES, parse};
pub use scan::{MAX_DEPTH, MAX_HEIGHT};
