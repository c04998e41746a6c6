//! Showing that the targets mean what the rules mean: test objects out of the rules themselves, judged by every engine.

pub mod changes;
pub mod generate;
