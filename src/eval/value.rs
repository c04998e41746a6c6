//! Values at run time.

use super::quantity;
use crate::ir::{Const, Presence, Quantity, Ty};
use crate::object::{Key, Node, Value};
use std::borrow::Cow;

/// A value that is not of the type that it has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong<'a>(pub(super) Option<&'a Node>);

/// A value or absent. What stands in the object is borrowed from it.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Absent,
    Bool(bool),
    Int(i64),
    Quantity(i128),
    Text(Cow<'a, str>),
    /// A list or a map, or any value of a type that says nothing.
    Node(&'a Node),
    /// A constant list or object.
    Constant(&'a Constant),
    List(Vec<Val<'a>>),
}

/// A constant, prepared.
#[derive(Debug)]
pub(super) enum Constant {
    Bool(bool),
    Int(i64),
    Quantity(i128),
    Text(Box<str>),
    List(Box<[Constant]>),
    Object(Box<[(Box<str>, Constant)]>),
}

impl From<&Const> for Constant {
    fn from(constant: &Const) -> Self {
        match constant {
            Const::Bool(value) => Constant::Bool(*value),
            Const::Int(value) => Constant::Int(*value),
            Const::Quantity(Quantity { milli }) => Constant::Quantity(*milli),
            Const::String(value) => Constant::Text(value.as_str().into()),
            Const::List(items) => Constant::List(items.iter().map(Constant::from).collect()),
            Const::Object(fields) => {
                Constant::Object(fields.iter().map(|(name, value)| (name.as_str().into(), Constant::from(value))).collect())
            }
        }
    }
}

impl Constant {
    pub(super) fn val(&self) -> Val<'_> {
        match self {
            Constant::Bool(value) => Val::Bool(*value),
            Constant::Int(value) => Val::Int(*value),
            Constant::Quantity(milli) => Val::Quantity(*milli),
            Constant::Text(text) => Val::Text(Cow::Borrowed(text)),
            Constant::List(_) | Constant::Object(_) => Val::Constant(self),
        }
    }
}

/// What a type demands of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Bool,
    Int,
    /// A string or a number.
    Quantity,
    Text,
    IntOrText,
    List,
    Map,
    Any,
}

impl From<&Ty> for Shape {
    fn from(ty: &Ty) -> Self {
        match ty {
            Ty::Bool => Shape::Bool,
            Ty::Int => Shape::Int,
            Ty::Quantity => Shape::Quantity,
            Ty::String => Shape::Text,
            Ty::IntOrString => Shape::IntOrText,
            Ty::List(_) => Shape::List,
            Ty::Map(_) | Ty::Struct(_) | Ty::Record(_) => Shape::Map,
            Ty::Any => Shape::Any,
        }
    }
}

impl Shape {
    /// Whether [`Shape::read`] would read this.
    #[inline]
    pub(super) fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Shape::Map, Value::Map(_))
            | (Shape::List, Value::List(_))
            | (Shape::Any, _)
            | (Shape::Text | Shape::IntOrText | Shape::Quantity, Value::String(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Int | Shape::IntOrText | Shape::Quantity, Value::Int(_))
            | (Shape::Quantity, Value::Float(_)) => true,
            (Shape::Int | Shape::IntOrText, Value::Float(value)) => whole(*value).is_some(),
            (
                Shape::Bool | Shape::Int | Shape::Quantity | Shape::Text | Shape::IntOrText | Shape::List | Shape::Map,
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) | Value::Map(_),
            ) => false,
        }
    }

    /// The value of a node that has to be of this shape; `null` is absent.
    #[inline]
    pub(super) fn read(self, node: &Node) -> Result<Val<'_>, Wrong<'_>> {
        match (self, &node.value) {
            (_, Value::Null) => Ok(Val::Absent),
            (Shape::Map, Value::Map(_)) | (Shape::List, Value::List(_)) | (Shape::Any, Value::List(_) | Value::Map(_)) => {
                Ok(Val::Node(node))
            }
            (Shape::Text | Shape::IntOrText | Shape::Any, Value::String(text)) => Ok(Val::Text(Cow::Borrowed(text))),
            (Shape::Bool | Shape::Any, Value::Bool(value)) => Ok(Val::Bool(*value)),
            (Shape::Int | Shape::IntOrText | Shape::Any, Value::Int(value)) => Ok(Val::Int(*value)),
            (Shape::Int | Shape::IntOrText | Shape::Any, Value::Float(value)) => match whole(*value) {
                Some(value) => Ok(Val::Int(value)),
                None if self == Shape::Any => Ok(Val::Node(node)),
                None => Err(Wrong(Some(node))),
            },
            // The text is kept, for whether it is readable as a number is another question.
            (Shape::Quantity, Value::String(_) | Value::Int(_) | Value::Float(_)) => Ok(Val::Node(node)),
            (
                Shape::Bool | Shape::Int | Shape::Quantity | Shape::Text | Shape::IntOrText | Shape::List | Shape::Map,
                Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) | Value::List(_) | Value::Map(_),
            ) => Err(Wrong(Some(node))),
        }
    }

    /// The same for an element of a list or an entry of a map: a `null` text is empty in a map.
    pub(super) fn read_entry(self, node: &Node) -> Result<Val<'_>, Wrong<'_>> {
        if self == Shape::Text && node.is_null() { Ok(Val::Text(Cow::Borrowed(""))) } else { self.read(node) }
    }
}

/// The whole number that a float is.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53")]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

/// Whether a value that is written counts.
#[inline]
pub(super) fn counts(value: &Value, presence: Presence) -> bool {
    match presence {
        Presence::Written => true,
        Presence::NonZero => match value {
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::Null | Value::List(_) | Value::Map(_) => true,
        },
        Presence::NonEmpty => match value {
            Value::String(text) => !text.is_empty(),
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => true,
        },
    }
}

impl<'a> Val<'a> {
    pub(super) fn is_present(&self) -> bool {
        !matches!(self, Val::Absent)
    }

    /// The number of thousandths; absent when this is absent or unreadable.
    pub(super) fn quantity(&self) -> Val<'a> {
        let quantity = match self {
            Val::Quantity(milli) => return Val::Quantity(*milli),
            Val::Int(value) => Quantity::from_units(*value),
            Val::Text(text) => Quantity::parse(text),
            Val::Node(node) => quantity::read(node),
            Val::Absent | Val::Bool(_) | Val::Constant(_) | Val::List(_) => None,
        };
        quantity.map_or(Val::Absent, |quantity| Val::Quantity(quantity.milli))
    }

    /// The text, where this is one.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Val::Text(text) => Some(text),
            Val::Node(node) => node.as_str().map(Cow::Borrowed),
            Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Constant(_) | Val::List(_) => None,
        }
    }

    /// Without the indirections by which a scalar may hide.
    fn plain(&self) -> Plain<'_> {
        match self {
            Val::Absent => Plain::Absent,
            Val::Bool(value) => Plain::Bool(*value),
            Val::Int(value) => Plain::Number(Number::Int(*value)),
            Val::Quantity(milli) => Plain::Number(Number::Milli(*milli)),
            Val::Text(text) => Plain::Text(text),
            Val::Node(node) => Plain::of(node),
            Val::Constant(constant) => Plain::of_constant(constant),
            Val::List(items) => Plain::Values(items),
        }
    }

    /// Whether both are absent, or equal.
    pub(super) fn same(&self, other: &Val<'_>) -> bool {
        self.plain().same(&other.plain())
    }

    /// Whether both are present and equal.
    pub(super) fn equals(&self, other: &Val<'_>) -> bool {
        self.is_present() && self.same(other)
    }

    /// How two present numbers are ordered.
    pub(super) fn order(&self, other: &Val<'_>) -> Option<std::cmp::Ordering> {
        match (self.plain(), other.plain()) {
            (Plain::Number(left), Plain::Number(right)) => left.order(right),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Milli(i128),
    Float(f64),
}

impl Number {
    fn order(self, other: Number) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
            (Number::Float(left), Number::Float(right)) => left.partial_cmp(&right),
            _ => Some(self.milli()?.cmp(&other.milli()?)),
        }
    }

    fn milli(self) -> Option<i128> {
        match self {
            Number::Int(value) => Some(i128::from(value) * 1000),
            Number::Milli(milli) => Some(milli),
            Number::Float(value) => whole(value).map(|value| i128::from(value) * 1000),
        }
    }
}

enum Plain<'v> {
    Absent,
    Bool(bool),
    Number(Number),
    Text(&'v str),
    Nodes(&'v [Node]),
    Map(&'v [(Key, Node)]),
    Constants(&'v [Constant]),
    Object(&'v [(Box<str>, Constant)]),
    Values(&'v [Val<'v>]),
}

impl<'v> Plain<'v> {
    fn of(node: &'v Node) -> Self {
        match &node.value {
            Value::Null => Plain::Absent,
            Value::Bool(value) => Plain::Bool(*value),
            Value::Int(value) => Plain::Number(Number::Int(*value)),
            Value::Float(value) => Plain::Number(Number::Float(*value)),
            Value::String(text) => Plain::Text(text),
            Value::List(items) => Plain::Nodes(items),
            Value::Map(entries) => Plain::Map(entries),
        }
    }

    fn of_constant(constant: &'v Constant) -> Self {
        match constant {
            Constant::Bool(value) => Plain::Bool(*value),
            Constant::Int(value) => Plain::Number(Number::Int(*value)),
            Constant::Quantity(milli) => Plain::Number(Number::Milli(*milli)),
            Constant::Text(text) => Plain::Text(text),
            Constant::List(items) => Plain::Constants(items),
            Constant::Object(fields) => Plain::Object(fields),
        }
    }

    fn same(&self, other: &Plain<'_>) -> bool {
        match (self, other) {
            (Plain::Absent, Plain::Absent) => true,
            (Plain::Bool(left), Plain::Bool(right)) => left == right,
            (Plain::Number(left), Plain::Number(right)) => left.order(*right).is_some_and(std::cmp::Ordering::is_eq),
            (Plain::Text(left), Plain::Text(right)) => left == right,
            _ => match (self.elements(), other.elements(), self.fields(), other.fields()) {
                (Some(left), Some(right), _, _) => same_all(left, right, |left, right| left.same(right)),
                (_, _, Some(left), Some(right)) => same_all(left, right, |left, right| left.0 == right.0 && left.1.same(&right.1)),
                _ => false,
            },
        }
    }

    /// The elements of a list that are there.
    fn elements(&self) -> Option<Vec<Plain<'_>>> {
        let mut elements: Vec<Plain<'_>> = match self {
            Plain::Nodes(items) => items.iter().map(Plain::of).collect(),
            Plain::Constants(items) => items.iter().map(Plain::of_constant).collect(),
            Plain::Values(items) => items.iter().map(Val::plain).collect(),
            Plain::Absent | Plain::Bool(_) | Plain::Number(_) | Plain::Text(_) | Plain::Map(_) | Plain::Object(_) => return None,
        };
        elements.retain(|element| !matches!(element, Plain::Absent));
        Some(elements)
    }

    /// The entries of a map that are there, by key.
    fn fields(&self) -> Option<Vec<(&str, Plain<'_>)>> {
        let mut fields: Vec<(&str, Plain<'_>)> = match self {
            Plain::Map(entries) => sorted(entries).into_iter().map(|(key, node)| (&*key.name, Plain::of(node))).collect(),
            Plain::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, Plain::of_constant(value))).collect();
                fields.sort_by_key(|(name, _)| *name);
                fields
            }
            Plain::Absent
            | Plain::Bool(_)
            | Plain::Number(_)
            | Plain::Text(_)
            | Plain::Nodes(_)
            | Plain::Constants(_)
            | Plain::Values(_) => {
                return None;
            }
        };
        fields.retain(|(_, value)| !matches!(value, Plain::Absent));
        Some(fields)
    }
}

fn same_all<L, R>(left: Vec<L>, right: Vec<R>, same: impl Fn(&L, &R) -> bool) -> bool {
    left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| same(left, right))
}

/// The entries of a map by the bytes of their keys; of equal keys the last.
pub(super) fn sorted(entries: &[(Key, Node)]) -> Vec<&(Key, Node)> {
    let mut sorted: Vec<&(Key, Node)> = entries.iter().rev().collect();
    sorted.sort_by(|left, right| left.0.name.cmp(&right.0.name));
    sorted.dedup_by(|later, first| later.0.name == first.0.name);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_that_are_not_whole_are_read_only_as_anything() {
        let [half, two] = [1.5, 2.0].map(|number| Node::from(&json!(number)));
        for shape in [Shape::Int, Shape::IntOrText] {
            assert!(shape.read(&half).is_err());
            assert!(matches!(shape.read(&two), Ok(Val::Int(2))));
        }
        assert!(matches!(Shape::Any.read(&half), Ok(Val::Node(_))));
    }

    #[test]
    fn what_is_empty_does_not_count() {
        for (value, counted) in [
            (json!(""), false),
            (json!("a"), true),
            (json!([]), false),
            (json!([0]), true),
            (json!({}), false),
            (json!({"a": 0}), true),
            (json!(0), true),
        ] {
            assert_eq!(counts(&Node::from(&value).value, Presence::NonEmpty), counted, "{value}");
        }
        for (value, counted) in [
            (json!(0), false),
            (json!(0.0), false),
            (json!(0.5), true),
            (json!(false), false),
            (json!(""), false),
            (json!("a"), true),
            (json!({}), true),
        ] {
            assert_eq!(counts(&Node::from(&value).value, Presence::NonZero), counted, "{value}");
        }
    }

    #[test]
    fn floats_that_are_less_than_a_thousandth_apart_have_an_order() {
        assert_eq!(Number::Float(0.000_01).order(Number::Float(0.000_02)), Some(std::cmp::Ordering::Less));
    }

    #[test]
    fn structures_are_equal_but_for_what_is_null() {
        for (left, right, equal) in [
            (json!({"a": 1, "b": [1, "x"]}), json!({"b": [1, "x"], "a": 1}), true),
            (json!({"a": 1, "b": null}), json!({"a": 1}), true),
            (json!([1, null, 2]), json!([1, 2]), true),
            (json!({"a": {"b": {}}}), json!({"a": {"b": {"c": null}}}), true),
            (json!({"a": 1.0}), json!({"a": 1}), true),
            (json!({"a": 0}), json!({}), false),
            (json!({"a": ""}), json!({}), false),
            (json!([1, 2]), json!([2, 1]), false),
            (json!([]), json!({}), false),
            (json!({"a": "1"}), json!({"a": 1}), false),
            (json!({"a": 1.5}), json!({"a": 1.5}), true),
            (json!({"a": 1.5}), json!({"a": 1}), false),
            (json!([true]), json!([false]), false),
            (json!({"a": 1}), json!({"b": 1}), false),
        ] {
            let (left, right) = (Node::from(&left), Node::from(&right));
            assert_eq!(Val::Node(&left).equals(&Val::Node(&right)), equal, "{left:?} {right:?}");
            assert_eq!(Val::Node(&right).equals(&Val::Node(&left)), equal, "{right:?} {left:?}");
        }
    }

    #[test]
    fn constants_equal_what_is_written() {
        let constant = Constant::from(&Const::Object(vec![
            ("b".to_owned(), Const::List(vec![Const::Int(1), Const::String("x".to_owned())])),
            ("a".to_owned(), Const::Bool(true)),
        ]));
        let same = Node::from(&json!({"a": true, "b": [null, 1, "x"], "c": null}));
        let other = Node::from(&json!({"a": true, "b": [1, "y"]}));
        assert!(constant.val().equals(&Val::Node(&same)));
        assert!(!constant.val().equals(&Val::Node(&other)));
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let entry =
            |key: &str, value| (Key { name: key.into(), line: 0, column: 0 }, Node { value: Value::Int(value), line: 0, column: 0 });
        let map = |entries| Node { value: Value::Map(entries), line: 0, column: 0 };
        let twice = map(vec![entry("b", 1), entry("a", 2), entry("b", 3)]);
        let once = map(vec![entry("a", 2), entry("b", 3)]);
        assert!(Val::Node(&twice).equals(&Val::Node(&once)));
        assert_eq!(twice.get("b").map(|node| node.value.clone()), Some(Value::Int(3)));
    }

    #[test]
    fn absent_is_equal_to_absent_only_where_that_is_asked() {
        assert!(Val::Absent.same(&Val::Absent));
        assert!(!Val::Absent.equals(&Val::Absent));
        assert!(!Val::Int(1).equals(&Val::Absent));
        assert!(!Val::Absent.same(&Val::Int(1)));
    }
}
