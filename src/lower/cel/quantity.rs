//! Quantities and durations: whole thousandths in an `int`, which 2^53 units fit.

use super::tree::{Comprehension, Expr, Ident, Operator, and, or, ternary};
use crate::ir::{Order, Quantity};

/// What reads as a quantity.
pub const PATTERN: &str = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|[KMGTPE]i|[MGTPE]|[eE][+-]?[0-9]+)?$";

/// What Go reads as a duration.
pub const DURATION: &str = "^[+-]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u{b5}s|\u{3bc}s|ms|s|m|h))+)$";

/// `quantity("...")` of so many thousandths.
fn constant(milli: i128) -> Expr {
    let text = if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") };
    Expr::String(text).to("quantity")
}

/// A raw quantity as text.
#[must_use]
pub fn text(raw: Expr) -> Expr {
    if raw.ty() == super::tree::Type::String { raw } else { raw.to("string") }
}

/// Whether a text reads as a quantity. It is said several times.
#[must_use]
pub fn readable(text: &Expr) -> Expr {
    let quantity = || text.clone().to("quantity");
    and([
        text.clone().call("matches", [Expr::text(PATTERN)]),
        text.clone().to("isQuantity"),
        quantity().call("isGreaterThan", [constant(Quantity::MAX_MILLI)]).not(),
        quantity().call("isGreaterThan", [constant(-Quantity::MAX_MILLI - 1)]),
    ])
}

/// A raw value in thousandths, rounded up.
///
/// `asApproximateFloat` is off by at most a few units below 2^53, so the rest over a whole number somewhat below is exact enough for its thousandths to be right or
/// one too few.
#[must_use]
pub fn milli(raw: Expr, fresh: &mut dyn FnMut(&str, super::tree::Type) -> Ident) -> Expr {
    use super::tree::Type;
    let (q, whole, n) = (fresh("q", Type::Quantity), fresh("whole", Type::Int), fresh("n", Type::Int));
    let (q_, whole_, n_) = (Expr::Ident(q.clone()), Expr::Ident(whole.clone()), Expr::Ident(n.clone()));
    let below = q_.clone().call("asApproximateFloat", []).to("int").op(Operator::Sub, Expr::Int(4));
    let rest = q_.clone().call("sub", [whole_.clone()]).call("asApproximateFloat", []);
    let rough = whole_.op(Operator::Mul, Expr::Int(1000)).plus(rest.op(Operator::Mul, Expr::Double(1000)).to("int"));
    let printed = n_.clone().to("string").plus(Expr::text("m")).to("quantity");
    let exact = ternary(printed.call("isLessThan", [q_]), n_.clone().plus(Expr::Int(1)), n_);
    let inner = Expr::List(vec![below]).each(Comprehension::Map, whole, rough).each(Comprehension::Map, n, exact).first();
    Expr::List(vec![text(raw).to("quantity")]).each(Comprehension::Map, q, inner).first()
}

/// How a raw value stands to a constant, in thousandths rounded up: `ceil(q) <= n` is `q <= n` for a whole `n`. `raw` is said twice for `Eq`.
#[must_use]
pub fn compare(raw: Expr, order: Order, milli: i128) -> Expr {
    let above = |milli| text(raw.clone()).to("quantity").call("isGreaterThan", [constant(milli)]);
    match order {
        Order::Gt => above(milli),
        Order::Ge => above(milli - 1),
        Order::Le => above(milli).not(),
        Order::Lt => above(milli - 1).not(),
        Order::Eq => and([above(milli - 1), above(milli).not()]),
    }
}

/// Thousandths as a text that reads as a quantity: `1500m`, `2`. `milli` is said several times.
#[must_use]
pub fn print(milli: Expr) -> Expr {
    ternary(
        milli.clone().op(Operator::Rem, Expr::Int(1000)).eq(Expr::Int(0)),
        milli.clone().op(Operator::Div, Expr::Int(1000)).to("string"),
        milli.to("string").plus(Expr::text("m")),
    )
}

/// Thousandths rounded up to whole units, in thousandths. `milli` is said several times.
#[must_use]
pub fn units_up(milli: Expr) -> Expr {
    let over = milli.clone().op(Operator::Rem, Expr::Int(1000));
    ternary(
        over.clone().op(Operator::Gt, Expr::Int(0)),
        milli.clone().op(Operator::Sub, over.clone()).plus(Expr::Int(1000)),
        milli.op(Operator::Sub, over),
    )
}

/// Whether a text reads as a duration.
#[must_use]
pub fn is_duration(text: Expr) -> Expr {
    text.call("matches", [Expr::text(DURATION)])
}

/// A duration in thousandths of a second, rounded up.
#[must_use]
pub fn duration_milli(text: Expr, fresh: &mut dyn FnMut(&str, super::tree::Type) -> Ident) -> Expr {
    use super::tree::Type;
    let (d, n) = (fresh("d", Type::Duration), fresh("n", Type::Int));
    let (d_, n_) = (Expr::Ident(d.clone()), Expr::Ident(n.clone()));
    let printed = n_.clone().to("string").plus(Expr::text("ms")).to("duration");
    let exact = ternary(printed.op(Operator::Lt, d_.clone()), n_.clone().plus(Expr::Int(1)), n_);
    let inner = Expr::List(vec![d_.call("getMilliseconds", [])]).each(Comprehension::Map, n, exact).first();
    Expr::List(vec![text.to("duration")]).each(Comprehension::Map, d, inner).first()
}

/// Whether `left + right` (or `left - right`) fits an `int`. Both are said several times.
#[must_use]
pub fn fits(left: &Expr, right: &Expr, minus: bool) -> Expr {
    let (least, most) = (Expr::Int(i64::MIN), Expr::Int(i64::MAX));
    let not_negative = right.clone().op(Operator::Ge, Expr::Int(0));
    let negative = right.clone().op(Operator::Lt, Expr::Int(0));
    let bound = |extreme: Expr| if minus { extreme.plus(right.clone()) } else { extreme.op(Operator::Sub, right.clone()) };
    let (up, down) = if minus { (negative, not_negative) } else { (not_negative, negative) };
    or([and([up, left.clone().op(Operator::Le, bound(most))]), and([down, left.clone().op(Operator::Ge, bound(least))])])
}
