//! The IR in JMESPath, as Kyverno's ClusterPolicies read it: mutations and generations, for whose rules they know no CEL.
//!
//! A tree (`tree`), conditions and values (`lower`) and what a mutation or generation becomes (`change`). An expression inside another list's brackets sees that list's element and nothing else, numbers
//! are compared as floating-point numbers, and an expression that is nothing is an error to some callers: what would need more is [`super::Unsupported`].
//!
//! Source: `github.com/kyverno/go-jmespath` and `github.com/kyverno/kyverno` 1.19, `pkg/engine/jmespath/functions.go`.

pub mod change;
mod lower;
pub mod tree;

pub use tree::{Expr, print};
