//! Text to syntax tree.

pub mod ast;
mod build;
mod expected;
mod parse;
mod scan;

pub use parse::{MAX_BYTES, pack, packs, parse, parse_without_tests};
pub use scan::{MAX_DEPTH, MAX_HEIGHT};
