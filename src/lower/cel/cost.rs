//! What a policy costs at most in the API server, or in an engine that evaluates with its code, by the units in which it counts while it evaluates.
//!
//! An object of any size costs any amount, so that the estimate is for objects up to a size: no list or map of an object has more than [`ITEMS`] entries, nor has a text that a policy splits more parts; no text
//! has more than [`CHARACTERS`].
//! Every branch is taken, every comprehension goes to its end, and nothing is found early.
//!
//! Source: `github.com/google/cel-go` 0.29, `interpreter/runtimecost.go` and `ext/lists.go`; `k8s.io/apiserver` 0.37, `pkg/cel/library/cost.go` and `pkg/apis/cel/config.go`.

use super::Policy;
use super::change::Patch;
use super::message::ESCAPED;
use super::tree::{Comprehension, Expr, Operator, Type, Variable};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most entries that a list or map of an object is taken to have.
pub const ITEMS: u32 = 16;
/// The most characters that a text in an object is taken to have.
pub const CHARACTERS: u32 = 256;
/// What one expression may cost before the API server ends it.
pub const CALL_LIMIT: u64 = 1_000_000;
/// What a policy may cost in all.
pub const TOTAL_LIMIT: u64 = 10_000_000;

/// What a policy costs at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// All of its expressions together; none where the engine does not add them up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The dearest of its expressions, a variable or a validation. The escaping of the message is left out, for it costs no more with larger objects: it looks at 1,025 characters at most.
    pub call: u64,
}

impl Cost {
    /// How much of what it may cost: 1 is all.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share is shown with few digits")]
    pub fn share(self) -> f64 {
        (self.total.unwrap_or(0) as f64 / TOTAL_LIMIT as f64).max(self.call as f64 / CALL_LIMIT as f64)
    }

    /// The same in an engine that bounds each expression and not all of them together.
    #[must_use]
    pub fn of_each(self) -> Self {
        Cost { total: None, ..self }
    }
}

/// The worst cost of a rule's policy. Validation and message are evaluated for every object, each with the variables that it reads.
#[must_use]
pub fn of_policy(policy: &Policy) -> Cost {
    let mut estimate = Estimate::default();
    let variables: f64 = policy.variables.iter().map(|variable| estimate.variable(variable)).sum();
    let ends = [&policy.validation, &policy.message].map(|expr| estimate.call(expr));
    estimate.cost(2.0 * variables + ends.iter().sum::<f64>())
}

/// The worst cost of a mutation's policy, whose only expression is its patch.
#[must_use]
pub fn of_patch(patch: &Patch) -> Cost {
    let mut estimate = Estimate::default();
    let variables: f64 = patch.variables.iter().map(|variable| estimate.variable(variable)).sum();
    let expression = estimate.call(&patch.expression());
    estimate.cost(variables + expression)
}

/// How large a value is at most.
#[derive(Debug, Clone, PartialEq)]
struct Shape {
    /// As a list or map.
    items: f64,
    /// As a text.
    characters: f64,
    /// Each element; like anything in an object unless given.
    element: Option<Box<Shape>>,
}

impl Shape {
    fn any() -> Self {
        Shape { items: f64::from(ITEMS), characters: f64::from(CHARACTERS), element: None }
    }

    /// A number or a boolean, which has up to 20 characters as a text.
    fn scalar() -> Self {
        Shape { items: 0.0, characters: 20.0, element: None }
    }

    fn text(characters: f64) -> Self {
        Shape { items: 0.0, characters, element: None }
    }

    fn list(items: f64, element: Shape) -> Self {
        Shape { items, characters: 0.0, element: Some(Box::new(element)) }
    }

    fn element(&self) -> Shape {
        self.element.as_deref().cloned().unwrap_or_else(Shape::any)
    }

    fn join(self, other: Shape) -> Shape {
        let element = if self.items == 0.0 {
            other.element
        } else if other.items == 0.0 {
            self.element
        } else {
            match (self.element, other.element) {
                (Some(one), Some(other)) => Some(Box::new(one.join(*other))),
                (None, _) | (_, None) => None,
            }
        };
        Shape { items: self.items.max(other.items), characters: self.characters.max(other.characters), element }
    }

    /// As it counts in a comparison.
    fn size(&self) -> f64 {
        self.items.max(self.characters).max(1.0)
    }

    fn read(&self) -> f64 {
        (self.characters * 0.1).ceil()
    }
}

/// What the next step of a path costs; the first after a call or an operator counts as a path of its own.
fn step(of: &Expr) -> f64 {
    match of {
        Expr::Global(_) | Expr::Variable(..) | Expr::Ident(_) | Expr::Select(..) | Expr::Index(..) => 1.0,
        Expr::Null
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::Double(_)
        | Expr::String(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(..)
        | Expr::Has(..)
        | Expr::Call(..)
        | Expr::Method(..)
        | Expr::Each { .. }
        | Expr::Not(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Binary(..)
        | Expr::If(..) => 2.0,
    }
}

/// How long a text can be where a condition that it is longer does not hold.
fn shorter_than(condition: &Expr, text: &Expr) -> Option<f64> {
    let Expr::Binary(Operator::Gt, length, limit) = condition else { return None };
    let (Expr::Method(of, "lastIndexOf", arguments), Expr::Int(limit)) = (&**length, &**limit) else { return None };
    let is_of_text = **of == *text && *arguments == [Expr::text("")];
    u32::try_from(*limit).ok().filter(|_| is_of_text).map(f64::from)
}

#[derive(Default)]
struct Estimate {
    variables: BTreeMap<String, Shape>,
    elements: BTreeMap<String, Shape>,
    dearest: f64,
}

impl Estimate {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded up, never negative, and a float becomes the largest number where it is beyond"
    )]
    fn cost(self, total: f64) -> Cost {
        Cost { total: Some(total.ceil() as u64), call: self.dearest.ceil() as u64 }
    }

    fn variable(&mut self, variable: &Variable) -> f64 {
        let (cost, shape) = self.visit(&variable.expr);
        self.variables.insert(variable.name.clone(), shape);
        if variable.name != ESCAPED {
            self.dearest = self.dearest.max(cost);
        }
        cost
    }

    fn call(&mut self, expr: &Expr) -> f64 {
        let cost = self.visit(expr).0;
        self.dearest = self.dearest.max(cost);
        cost
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> (f64, Option<Shape>) {
        let mut total = 0.0;
        let mut joined: Option<Shape> = None;
        for expr in exprs {
            let (cost, shape) = self.visit(expr);
            total += cost;
            joined = Some(match joined {
                None => shape,
                Some(joined) => joined.join(shape),
            });
        }
        (total, joined)
    }

    fn visit(&mut self, expr: &Expr) -> (f64, Shape) {
        match expr {
            Expr::Null | Expr::Bool(_) | Expr::Int(_) | Expr::Double(_) => (0.0, Shape::scalar()),
            Expr::String(text) => (0.0, Shape::text(f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)))),
            Expr::List(items) => {
                let (cost, element) = self.all(items);
                (cost + 10.0, Shape::list(f64::from(u32::try_from(items.len()).unwrap_or(u32::MAX)), element.unwrap_or_else(Shape::scalar)))
            }
            Expr::Map(entries) => {
                let keys = self.all(entries.iter().map(|(key, _)| key)).0;
                let (values, element) = self.all(entries.iter().map(|(_, value)| value));
                let items = f64::from(u32::try_from(entries.len()).unwrap_or(u32::MAX));
                (keys + values + 30.0, Shape::list(items, element.unwrap_or_else(Shape::scalar)))
            }
            Expr::Struct(_, fields) => (self.all(fields.iter().map(|(_, value)| value)).0 + 40.0, Shape::any()),
            Expr::Global(_) => (1.0, Shape::any()),
            Expr::Variable(name, _) => (2.0, self.variables.get(name).cloned().unwrap_or_else(Shape::any)),
            Expr::Ident(ident) => (1.0, self.elements.get(&ident.name).cloned().unwrap_or_else(Shape::any)),
            Expr::Select(of, _) => {
                let (cost, shape) = self.visit(of);
                (cost + step(of), shape.element())
            }
            Expr::Has(of, _) => (self.visit(of).0 + step(of), Shape::scalar()),
            Expr::Index(of, key) => {
                let (cost, shape) = self.visit(of);
                (cost + self.visit(key).0 + step(of), shape.element())
            }
            Expr::Not(of) => (self.visit(of).0 + 1.0, Shape::scalar()),
            Expr::And(of) | Expr::Or(of) => (self.all(of).0, Shape::scalar()),
            Expr::If(of_condition, then, otherwise) => {
                let condition = self.visit(of_condition).0;
                let shortened = shorter_than(of_condition, otherwise);
                let ((then, one), (otherwise, mut other)) = (self.visit(then), self.visit(otherwise));
                other.characters = shortened.map_or(other.characters, |length| other.characters.min(length));
                (condition + then.max(otherwise) + 1.0, one.join(other))
            }
            Expr::Binary(operator, left, right) => self.binary(*operator, left, right),
            Expr::Each { kind, range, var, filter, body } => {
                let (cost, shape) = self.visit(range);
                // Over a map it goes by the keys.
                let element = if range.ty() == Type::Map { Shape::text(f64::from(CHARACTERS)) } else { shape.element() };
                let held = self.elements.insert(var.name.clone(), element.clone());
                let filtered = filter.as_ref().map_or(0.0, |filter| self.visit(filter).0);
                let (each, made) = self.visit(body);
                match held {
                    Some(held) => self.elements.insert(var.name.clone(), held),
                    None => self.elements.remove(&var.name),
                };
                let (step, result) = match kind {
                    // The accumulator, a list of one, and both put together.
                    Comprehension::Map => (14.0, Shape::list(shape.items, made)),
                    Comprehension::Filter => (15.0, Shape::list(shape.items, element)),
                    Comprehension::Exists | Comprehension::All => (5.0, Shape::scalar()),
                };
                (cost + 12.0 + shape.items * (step + filtered + each), result)
            }
            Expr::Call(function, arguments) => self.function(function, None, arguments),
            Expr::Method(receiver, function, arguments) => self.function(function, Some(receiver), arguments),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> (f64, Shape) {
        let ((one, left), (other, right)) = (self.visit(left), self.visit(right));
        let (cost, shape) = match operator {
            Operator::Eq | Operator::Ne | Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge => {
                ((left.size().min(right.size()) * 0.1).ceil(), Shape::scalar())
            }
            Operator::In => (right.items.max(1.0), Shape::scalar()),
            Operator::Add => {
                let (items, characters) = (left.items + right.items, left.characters + right.characters);
                ((characters * 0.1).ceil().max(1.0), Shape { items, characters, element: left.join(right).element })
            }
            Operator::Sub | Operator::Mul | Operator::Div | Operator::Rem => (1.0, Shape::scalar()),
        };
        (one + other + cost, shape)
    }

    /// A function whose first argument is what it is called on.
    fn function(&mut self, function: &str, receiver: Option<&Expr>, arguments: &[Expr]) -> (f64, Shape) {
        let mut costs = 0.0;
        let mut shapes = Vec::new();
        for expr in receiver.into_iter().chain(arguments) {
            let (cost, shape) = self.visit(expr);
            costs += cost;
            shapes.push(shape);
        }
        let mut shapes = shapes.into_iter();
        let of = shapes.next().unwrap_or_else(Shape::scalar);
        let first = shapes.next();
        let read = of.read();
        let argument = first.as_ref().map_or(0.0, Shape::read);
        let longer = first.as_ref().map_or(0.0, |shape| shape.characters).max(shapes.next().map_or(0.0, |shape| shape.characters)).max(1.0);
        let (cost, shape) = match function {
            "matches" => {
                let pattern = first.as_ref().map_or(0.0, |shape| shape.characters);
                (((1.0 + of.characters) * 0.1).ceil() * (pattern * 0.25).ceil(), Shape::scalar())
            }
            "contains" => (read.max(1.0) * argument.max(1.0), Shape::scalar()),
            "startsWith" | "endsWith" => (argument, Shape::scalar()),
            "sum" | "max" | "min" => (read.max(of.items * (1.0 + of.element().read())), of.element().join(Shape::scalar())),
            "indexOf" | "lastIndexOf" => (read.max(of.items * (1.0 + of.element().read())), Shape::scalar()),
            "charAt" => (1.0, Shape::text(1.0)),
            "distinct" | "sort" => (11.0 + 2.1 * of.items * of.items, of),
            "flatten" => {
                let inner = of.element();
                (11.0 + of.items, Shape::list(of.items * inner.items, inner.element()))
            }
            "lists.range" | "slice" => {
                let items = if function == "slice" { of.items } else { f64::from(ITEMS) };
                let element = if function == "slice" { of.element() } else { Shape::scalar() };
                (11.0 + items, Shape::list(items, element))
            }
            "join" => {
                let characters = of.items * (of.element().characters + longer);
                ((characters * 0.2).ceil(), Shape::text(characters))
            }
            "split" => {
                // Without a separator, into its characters.
                let (parts, part) = if arguments == [Expr::text("")] {
                    (of.characters, 1.0)
                } else {
                    ((of.characters + 1.0).min(f64::from(ITEMS)), of.characters)
                };
                ((of.characters * 0.2).ceil(), Shape::list(parts, Shape::text(part)))
            }
            "substring" => {
                let length = if let [Expr::Int(start), Expr::Int(end)] = arguments {
                    u32::try_from(end.saturating_sub(*start)).map_or(of.characters, f64::from)
                } else {
                    of.characters
                };
                (read, Shape::text(of.characters.min(length)))
            }
            "replace" => ((of.characters * 0.2).ceil(), Shape::text(of.characters * longer)),
            // Each `~` and `/` becomes two characters.
            "jsonpatch.escapeKey" => (read, Shape::text(of.characters * 2.0)),
            "trim" | "lowerAscii" | "upperAscii" | "quantity" | "isQuantity" => (read.max(1.0), Shape::text(of.characters)),
            "dyn" => (1.0, of),
            "string" => (1.0 + read, Shape::text(of.characters.max(20.0))),
            // Everything else costs one, whatever it is given.
            _ => (1.0, Shape::scalar()),
        };
        (costs + cost, shape)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::Type;
    use super::*;

    fn visited(expr: &Expr) -> (f64, Shape) {
        Estimate::default().visit(expr)
    }

    fn variable(name: &str) -> Expr {
        Expr::Variable(name.to_owned(), Type::Dyn)
    }

    #[test]
    fn literals_cost_what_is_in_them_and_their_making() {
        let object = || Expr::Global("object");
        assert_eq!(visited(&Expr::List(vec![object(), variable("a")])).0, 1.0 + 2.0 + 10.0);
        assert_eq!(visited(&Expr::Map(vec![(object(), variable("a"))])).0, 1.0 + 2.0 + 30.0);
        assert_eq!(visited(&Expr::Struct("JSONPatch", vec![("op", object())])).0, 1.0 + 40.0);
    }

    #[test]
    fn a_text_may_be_longer_after_a_replacement() {
        let (cost, shape) = visited(&Expr::text("abababab").call("replace", [Expr::text("ab"), Expr::text("xyz")]));
        assert_eq!((cost, shape.characters), (2.0, 8.0 * 3.0));
    }

    #[test]
    fn only_the_length_of_the_text_itself_bounds_it() {
        let longer = |of: Expr, part: &str| of.call("lastIndexOf", [Expr::text(part)]).op(Operator::Gt, Expr::Int(100));
        let text = || variable("text");
        assert_eq!(shorter_than(&longer(text(), ""), &text()), Some(100.0));
        assert_eq!(shorter_than(&longer(text(), "x"), &text()), None);
        assert_eq!(shorter_than(&longer(variable("other"), ""), &text()), None);
        assert_eq!(shorter_than(&Expr::Bool(true), &text()), None);
    }
}
