//! The reference evaluator: what a rule means.
//!
//! The specification is the documentation of [`crate::ir`]; every back end gives the verdict and the message that this stage gives.

pub mod duration;
pub mod effective_request;
pub mod glob;
pub mod image;
pub mod message;
pub mod pattern;
pub mod quantity;
