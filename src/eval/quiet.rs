//! What a rule says where nothing that it looks for is there, worked out once: most objects say nothing of most rules.

use super::plan::{Base, Expr, Loop, Path, Shared, Start, Step, Test};
use super::value::Val;
use crate::ir::Order;

/// A verdict that holds without running the rule.
#[derive(Debug)]
pub(super) struct Quiet {
    /// Whether the rule passes; otherwise it does not apply.
    pub(super) passes: bool,
    /// Where all of them hold.
    pub(super) gaps: Box<[Gaps]>,
    /// And one of each pair: by the first, the second is not asked for.
    pub(super) pairs: Box<[(usize, usize)]>,
}

/// Up to 64 places in [`Shared::gaps`], a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Behind so many times 64 others.
    pub(super) word: usize,
    pub(super) bits: u64,
}

impl Gaps {
    /// One of them.
    pub(super) fn one(gap: usize) -> Self {
        Gaps { word: gap / 64, bits: 1 << (gap % 64) }
    }
}

/// Something that is not there, seen without finding anything that is not of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// A shared step leads nowhere.
    Trail(usize),
    /// The elements of a set are of its type.
    Set(usize),
    /// No element of a set has this field.
    Column { set: usize, column: usize },
}

/// The verdict of a rule without reads, where one holds for want of what it looks for.
pub(super) fn of(shared: &mut Shared, applies: &Test, body: &[Step]) -> Option<Quiet> {
    let mut search = Search { shared, gaps: Vec::new(), unless: None };
    let passes = search.test(applies)?;
    if passes {
        search.steps(body)?;
    }
    let found = search.gaps;
    let mut place = |gap: Gap| {
        shared.gaps.iter().position(|known| *known == gap).unwrap_or_else(|| {
            shared.gaps.push(gap);
            shared.gaps.len() - 1
        })
    };
    let mut gaps: Vec<Gaps> = Vec::new();
    let mut pairs = Vec::new();
    for (gap, unless) in found {
        let wanted = place(gap);
        if let Some(unless) = unless {
            let pair = (place(unless), wanted);
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
            continue;
        }
        let one = Gaps::one(wanted);
        match gaps.iter_mut().find(|gaps| gaps.word == one.word) {
            Some(gaps) => gaps.bits |= one.bits,
            None => gaps.push(one),
        }
    }
    Some(Quiet { passes, gaps: gaps.into(), pairs: pairs.into() })
}

/// Follows a rule as it would run with these gaps; nothing where that is not known, or where it could find something that is not of its type.
struct Search<'s> {
    shared: &'s Shared,
    /// Each with one by which it is not asked for.
    gaps: Vec<(Gap, Option<Gap>)>,
    unless: Option<Gap>,
}

fn gap(path: &Path) -> Option<Gap> {
    match path.base {
        Base::Trail(trail) => Some(Gap::Trail(trail)),
        Base::Cell { set, column, .. } => Some(Gap::Column { set, column }),
        Base::Var(_) => None,
    }
}

impl Search<'_> {
    /// No check fails.
    fn steps(&mut self, steps: &[Step]) -> Option<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::For { source, body } => self.each(source, |search| search.steps(body)),
            Step::If { condition, then, otherwise } => {
                let known = self.gaps.len();
                if otherwise.is_empty() && self.passed_by(condition, then, known).is_some() {
                    return Some(());
                }
                self.gaps.truncate(known);
                let chosen = if self.test(condition)? { then } else { otherwise };
                self.steps(chosen)
            }
            Step::Check { fails, .. } => (!self.test(fails)?).then_some(()),
            Step::Unique { source, .. } => self.each(source, |_| None),
        }
    }

    /// Nothing happens behind a condition that only asks for something which is passed on the way to a gap behind it, so that it can be asked.
    fn passed_by(&mut self, condition: &Test, then: &[Step], known: usize) -> Option<()> {
        let (Test::Exists(Expr::Path(path, _)) | Test::Has { value: Expr::Path(path, _), there: true, .. }) = condition else {
            return None;
        };
        let passed = gap(path)?;
        let outer = self.unless;
        self.unless = outer.or(Some(passed));
        let steps = self.steps(then);
        self.unless = outer;
        steps?;
        self.gaps.iter().skip(known).any(|(gap, _)| self.is_behind(*gap, passed)).then_some(())
    }

    /// Whether a gap is looked for by way of another one.
    fn is_behind(&self, gap: Gap, passed: Gap) -> bool {
        std::iter::successors(Some(gap), |gap| self.before(*gap)).any(|gap| gap == passed)
    }

    fn before(&self, gap: Gap) -> Option<Gap> {
        match gap {
            Gap::Trail(trail) => match self.shared.trails.get(trail)?.from {
                Start::Trail(before) => Some(Gap::Trail(before)),
                Start::Root(_) => None,
            },
            Gap::Column { set, column } => self.shared.sets.get(set)?.columns.get(column)?.of.map(|column| Gap::Column { set, column }),
            Gap::Set(_) => None,
        }
    }

    /// Nothing happens in a loop: `body` says so for any element, or there are none.
    fn each(&mut self, source: &Loop, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if source.cluster.is_some() {
            return None;
        }
        if let Some(map) = &source.map {
            return self.is_absent(map);
        }
        let known = self.gaps.len();
        if let Some(set) = source.set {
            self.gaps.push((Gap::Set(set), None));
            let counts = source.filter.as_ref().map_or(Some(true), |filter| self.test(filter));
            let quiet = match counts {
                Some(true) => body(self),
                Some(false) => Some(()),
                None => None,
            };
            if quiet.is_some() {
                return quiet;
            }
            self.gaps.truncate(known);
        }
        source.lists.iter().try_for_each(|list| self.is_absent(list))
    }

    fn is_absent(&mut self, expr: &Expr) -> Option<()> {
        matches!(self.value(expr)?, Val::Absent).then_some(())
    }

    fn test(&mut self, test: &Test) -> Option<bool> {
        match test {
            Test::Const(value) => Some(*value),
            Test::Not(test) => self.test(test).map(|value| !value),
            Test::And(tests) => {
                for test in tests {
                    if !self.test(test)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            Test::Or(tests) => {
                for test in tests {
                    if self.test(test)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            Test::Exists(value) => Some(self.value(value)?.is_present()),
            Test::Has { there, value, .. } => Some(self.value(value)?.is_present() == *there),
            Test::True(value) => Some(matches!(self.value(value)?, Val::Bool(true))),
            Test::Compare(op, sides) => {
                let left = self.value(&sides.0)?;
                if !left.is_present() {
                    return Some(false);
                }
                let right = self.value(&sides.1)?;
                matches!(op, Order::Eq).then(|| left.equals(&right))
            }
            Test::In(sides) => {
                if !self.value(&sides.0)?.is_present() {
                    return Some(false);
                }
                self.is_absent(&sides.1).map(|()| false)
            }
            Test::InTexts(item, texts) => match self.value(item)? {
                Val::Absent => Some(false),
                Val::Text(item) => Some(texts.iter().any(|text| **text == *item)),
                Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Node(_) | Val::Constant(_) | Val::List(_) => None,
            },
            Test::Like(value, _) | Test::Matches(value, _) | Test::IsImage(value) => self.is_absent(value).map(|()| false),
            Test::Contains(sides) => self.is_absent(&sides.0).map(|()| false),
            Test::Any(parts) => {
                let (source, body) = &**parts;
                self.each(source, |search| (!search.test(body)?).then_some(())).map(|()| false)
            }
            Test::All(parts) => {
                let (source, body) = &**parts;
                self.each(source, |search| search.test(body)?.then_some(())).map(|()| true)
            }
            Test::Selects { .. } | Test::KindIs(_) => None,
        }
    }

    fn value<'e>(&mut self, expr: &'e Expr) -> Option<Val<'e>> {
        match expr {
            Expr::Const(constant) => Some(constant.val()),
            Expr::Path(path, _) => {
                self.gaps.push((gap(path)?, self.unless));
                Some(Val::Absent)
            }
            Expr::Shared(_, inner) | Expr::Quantity(inner) => self.is_absent(inner).map(|()| Val::Absent),
            Expr::Field(field) if field.namespace_of.is_none() => self.is_absent(&field.of).map(|()| Val::Absent),
            Expr::Entry(entry) => {
                self.is_absent(&entry.of)?;
                match (self.value(&entry.key)?, &entry.default) {
                    (Val::Text(_), Some(default)) => self.value(default),
                    (Val::Text(_), None) => Some(Val::Absent),
                    (Val::Absent | Val::Bool(_) | Val::Int(_) | Val::Quantity(_) | Val::Node(_) | Val::Constant(_) | Val::List(_), _) => {
                        None
                    }
                }
            }
            Expr::Coalesce(values) => {
                for value in values {
                    let value = self.value(value)?;
                    if value.is_present() {
                        return Some(value);
                    }
                }
                Some(Val::Absent)
            }
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                if self.test(condition)? { self.value(then) } else { self.value(otherwise) }
            }
            Expr::Truth(test) => self.test(test).map(Val::Bool),
            Expr::SizeOf(of) => self.is_absent(of).map(|()| Val::Int(0)),
            Expr::Root(_)
            | Expr::Var(_)
            | Expr::Field(_)
            | Expr::List(_)
            | Expr::Aggregate { .. }
            | Expr::Arithmetic { .. }
            | Expr::Concat(_)
            | Expr::Call(_, _) => None,
        }
    }
}
