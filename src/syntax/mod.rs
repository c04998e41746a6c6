//! Text to syntax tree.

pub mod ast;
mod parse;
mod scan;
mod slips;

pub use parse::{MAX_CHAIN, MAX_DEPTH, MAX_SOURCE, parse};
