//! The embedded engines: what is emitted, run at once. They are a smoke test; the engines that clusters run are the judges.

pub mod cel;
pub mod regorus;
