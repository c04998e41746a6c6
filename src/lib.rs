//! `polc` compiles rules for Kubernetes, written once, to what clusters enforce.
//!
//! The stages are the modules, each seeing only those before it: [`syntax`], [`schema`], [`resolve`], [`ir`], [`eval`], [`lower`], [`target`].

pub mod cli;
pub mod compile;
pub mod config;
pub mod crd;
pub mod diagnostic;
pub mod docs;
#[cfg(feature = "engines")]
pub mod engine;
pub mod eval;
pub mod ir;
pub mod library;
pub mod lower;
pub mod manifest;
pub mod object;
pub mod resolve;
pub mod schema;
pub mod suite;
pub mod syntax;
pub mod target;
pub mod verify;
