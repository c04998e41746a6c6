//! The catalogue: a site of static pages that people read, one for each item, and the table of the rows that the items carry.

pub mod entry;
pub mod rows;
pub mod site;
