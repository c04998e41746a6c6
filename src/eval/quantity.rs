//! Quantities of an object.

use crate::ir::Quantity;
use crate::object::{Node, Value};

/// Reads a string or a number as a quantity; `None` when it is something else, unreadable, or above 2^53 in magnitude.
#[must_use]
pub fn read(node: &Node) -> Option<Quantity> {
    match &node.value {
        Value::String(text) => Quantity::parse(text),
        Value::Int(number) => Quantity::from_units(*number),
        Value::Float(number) => Quantity::from_f64(*number),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_strings_and_numbers() {
        for (json, milli) in [
            (json!("1500m"), Some(1500)),
            (json!(2), Some(2000)),
            (json!(0.5), Some(500)),
            (json!(1e3), Some(1_000_000)),
            (json!(-1), Some(-1000)),
            (json!("x"), None),
            (json!(""), None),
            (json!(true), None),
            (json!(null), None),
            (json!([1]), None),
            (json!({}), None),
            (json!(9_007_199_254_740_993_i64), None),
            (json!(u64::MAX), None),
            (json!(1e300), None),
        ] {
            assert_eq!(read(&Node::from(&json)).map(|quantity| quantity.milli), milli, "{json}");
        }
    }
}
