//! Comparing engines with the reference evaluator on many cases.

use super::coverage::{Branch, Coverage};
use super::engine::{Answer, Engine, Reply};
use super::generate::{self, Case, Tally};
use super::shrink::{shrink, size};
use crate::eval::{Judge, Request, Verdict};
use crate::ir::{Cond, Program, Rule};
use crate::schema::Schema;
use rayon::prelude::*;

/// How many cases are made and judged at once.
const CHUNK: usize = 1_000;

/// Up to so many given objects are judged in every form that an engine takes; more by turns.
const FEW: usize = 64;

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// From which all cases come.
    pub seed: u64,
    /// How many there are of each rule.
    pub cases: usize,
    /// The kinds that the rules are about.
    pub schema: &'static Schema,
}

/// One rule in one engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// `pack/rule`.
    pub rule: String,
    /// The engine's name.
    pub engine: String,
    /// What the reference evaluator said of the cases that the engine was given.
    pub tally: Tally,
    /// How many of them the engine judged otherwise.
    pub disagreements: usize,
}

/// A case of which an engine says something else than the reference evaluator.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// Index of the rule among those compared.
    pub rule: usize,
    /// Index of the engine.
    pub engine: usize,
    /// The case, as small as could be made.
    pub case: Case,
    /// What the reference evaluator says.
    pub expected: Answer,
    /// What the engine says.
    pub got: Answer,
    /// How many cases of the rule the engine judged otherwise.
    pub count: usize,
}

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// By rule, then by engine.
    pub rows: Vec<Row>,
    /// One for each row that has some.
    pub disagreements: Vec<Disagreement>,
    /// Rules that an engine leaves out: rule, engine and why.
    pub left_out: Vec<(String, String, String)>,
    /// Rules that cannot apply to any object: rule and why.
    pub not_applicable: Vec<(String, String)>,
    /// Rules that were not seen both to pass and to fail.
    pub one_sided: Vec<(String, Tally)>,
    /// Branches that no case reached, by the rule's index, and how many branches there are in all.
    pub unreached: Vec<(usize, Branch)>,
    /// How many branches there are.
    pub branches: usize,
}

/// Why no object is ever judged by the rule; nothing where one can be.
#[must_use]
pub fn never_applies(rule: &Rule) -> Option<&'static str> {
    if rule.kinds.is_empty() {
        Some("it matches no kind")
    } else if matches!(rule.applies, Cond::Const(false)) {
        Some("its `where` is false whatever the object, with these params")
    } else if rule.body.is_empty() && rule.reads.is_empty() {
        Some("its checks are met whatever the object, with these params")
    } else {
        None
    }
}

/// What the reference evaluator says of a case.
struct Expected {
    answer: Answer,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Pass,
    Fail,
    Skip,
}

impl Tally {
    fn count(&mut self, side: Side) {
        match side {
            Side::Pass => self.pass += 1,
            Side::Fail => self.fail += 1,
            Side::Skip => self.skip += 1,
        }
    }
}

/// What the reference evaluator says; nothing where it does not judge.
fn expected(judge: &Judge, request: &Request<'_>) -> Option<Expected> {
    match judge.judge_by(0, request) {
        Verdict::Pass => Some(Expected { answer: Answer::Clean, side: Side::Pass }),
        Verdict::Skip => Some(Expected { answer: Answer::Clean, side: Side::Skip }),
        Verdict::Fail { message, .. } => Some(Expected { answer: Answer::Finding(message), side: Side::Fail }),
        Verdict::NotJudged(_) => None,
    }
}

/// A rule with what is known of it.
struct Subject<'a> {
    rule: &'a Rule,
    judge: Judge,
    coverage: Coverage,
    tests: Vec<Case>,
    engines: Vec<usize>,
}

impl<'a> Subject<'a> {
    fn new(rule: &'a Rule, program: &Program, engines: &[Box<dyn Engine>], schema: &Schema, outcome: &mut Outcome) -> Self {
        let mut own = Vec::new();
        for (index, engine) in engines.iter().enumerate() {
            match engine.leaves_out(rule) {
                None => own.push(index),
                Some(why) => outcome.left_out.push((rule.id.clone(), engine.name().to_owned(), why)),
            }
        }
        let tests = program
            .packs
            .values()
            .flat_map(|pack| &pack.tests)
            .filter(|test| test.rule == rule.id)
            .filter_map(|test| Case::of_test(schema, test))
            .map(|case| case.for_rule(rule))
            .filter(|case| is_for(rule, case))
            .collect();
        Subject { rule, judge: Judge::new([rule]).without_places(), coverage: Coverage::new(rule), tests, engines: own }
    }

    fn cases(&self, schema: &Schema, seed: u64, chunk: usize, count: usize) -> Vec<Case> {
        let mut cases = if chunk == 0 { self.tests.iter().take(count / 4).cloned().collect() } else { Vec::new() };
        let seed = seed.wrapping_add((chunk as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        cases.extend(generate::some_cases(self.rule, schema, seed, count - cases.len()));
        cases
    }

    /// The cases with the reference evaluator's answers; what it leaves alone is counted and taken out.
    fn judged(&self, cases: Vec<Case>, tally: &mut Tally) -> (Vec<Case>, Vec<Expected>) {
        let judge = |case: Case| {
            let expected = case.with_request(|request| {
                self.coverage.note(request);
                expected(&self.judge, request)
            });
            match &expected {
                Some(expected) => tally.count(expected.side),
                None => tally.not_judged += 1,
            }
            Some((case, expected?))
        };
        cases.into_iter().filter_map(judge).unzip()
    }

    /// On which side a case is of which an engine has replied, and whether the reply is right.
    fn compared(&self, written: &Expected, reply: &Reply) -> (Side, bool) {
        let seen;
        let expected = match &reply.saw {
            None => written,
            Some(saw) => match self.expected(saw) {
                Some(expected) => {
                    seen = expected;
                    &seen
                }
                // What is judged as it is written is judged as it is read.
                None => return (written.side, false),
            },
        };
        (expected.side, expected.answer == reply.answer)
    }

    fn expected(&self, case: &Case) -> Option<Expected> {
        case.with_request(|request| expected(&self.judge, request))
    }

    fn compare(&self, chunk: usize, cases: Vec<Case>, engines: &[Box<dyn Engine>], every_form: bool) -> Part {
        let mut part = Part::default();
        let (cases, expected) = self.judged(cases, &mut part.tally);
        for index in &self.engines {
            let Some(engine) = engines.get(*index) else { continue };
            let taken: Vec<bool> = cases.iter().map(|case| engine.takes(self.rule, case)).collect();
            let fewer: Vec<Case>;
            let given = if taken.iter().all(|taken| *taken) {
                &cases
            } else {
                fewer = cases.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(case, _)| case.clone()).collect();
                &fewer
            };
            let mut own = EnginePart { engine: *index, tally: Tally::default(), disagreements: 0, smallest: None };
            let forms: Vec<Option<usize>> = if every_form { (0..engine.forms()).map(Some).collect() } else { vec![None] };
            let mut wrong = vec![false; given.len()];
            for (round, form) in forms.into_iter().enumerate() {
                let mut replies = engine.judge(self.rule, given, form);
                replies.resize(given.len(), Answer::Error("no answer".to_owned()).into());
                let written = expected.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(expected, _)| expected);
                for ((written, reply), wrong) in written.zip(&replies).zip(&mut wrong) {
                    let (side, right) = self.compared(written, reply);
                    *wrong |= !right;
                    if round == 0 {
                        own.tally.count(side);
                    }
                }
            }
            for (number, (case, _)) in given.iter().zip(&wrong).enumerate().filter(|(_, (_, wrong))| **wrong) {
                own.disagreements += 1;
                let order = (size(case), chunk, number);
                if own.smallest.as_ref().is_none_or(|(other, _)| order < *other) {
                    own.smallest = Some((order, case.clone()));
                }
            }
            part.engines.push(own);
        }
        part
    }

    fn smallest(
        &self,
        rule: usize,
        engine: usize,
        count: usize,
        case: &Case,
        engines: &[Box<dyn Engine>],
        schema: &Schema,
    ) -> Option<Disagreement> {
        let judging = engines.get(engine)?;
        let both = |case: &Case, form: usize| {
            let written = self.expected(case).filter(|_| judging.takes(self.rule, case))?;
            let reply = judging.judge(self.rule, std::slice::from_ref(case), Some(form)).pop()?;
            let expected = match &reply.saw {
                None => written,
                Some(saw) => self.expected(saw)?,
            };
            Some((expected.answer, reply.answer))
        };
        // An engine that fails is another matter than one that judges otherwise.
        let fails = |got: &Answer| matches!(got, Answer::Error(_));
        let found = (0..judging.forms()).find_map(|form| Some((form, both(case, form).filter(|(expected, got)| expected != got)?.1)));
        let Some((form, said)) = found else {
            // Only among others does the engine differ: then the case is shown as it was.
            let expected = self.expected(case)?.answer;
            let got = Answer::Error("differs only among other cases".to_owned());
            return Some(Disagreement { rule, engine, case: case.clone(), expected, got, count });
        };
        let mut wrong = |case: &Case| both(case, form).is_some_and(|(expected, got)| expected != got && fails(&got) == fails(&said));
        let case = shrink(case, self.rule, schema, &mut wrong);
        let (expected, got) = both(&case, form)?;
        Some(Disagreement { rule, engine, case, expected, got, count })
    }
}

/// Whether a rule is for objects of this kind and for the operation: others never reach what is emitted for it.
pub(super) fn is_for(rule: &Rule, case: &Case) -> bool {
    rule.operations.contains(&case.operation) && case.kind(rule).is_some()
}

/// What came of a chunk of a rule's cases.
#[derive(Default)]
struct Part {
    tally: Tally,
    engines: Vec<EnginePart>,
}

/// What came of it in one engine.
struct EnginePart {
    engine: usize,
    tally: Tally,
    disagreements: usize,
    /// The smallest case that it judges otherwise, and what orders it.
    smallest: Option<((usize, usize, usize), Case)>,
}

/// Compares the engines with the reference evaluator on cases made out of each rule. `progress` is told how many verdicts of engines were compared.
///
/// The same program, options and engines give the same outcome, however many threads there are.
pub fn verify(
    rules: &[&Rule],
    program: &Program,
    engines: &[Box<dyn Engine>],
    options: Options,
    progress: &(dyn Fn(usize) + Sync),
) -> Outcome {
    let chunks = options.cases.div_ceil(CHUNK);
    let sizes: Vec<usize> = (0..chunks).map(|chunk| options.cases.saturating_sub(chunk * CHUNK).min(CHUNK)).collect();
    let schema = options.schema;
    compare(
        rules,
        program,
        engines,
        progress,
        &|subject| {
            if never_applies(subject.rule).is_some() { Vec::new() } else { sizes.clone() }
        },
        &|subject, chunk, count| subject.cases(schema, options.seed, chunk, count),
        (Origin::Made, schema),
    )
}

/// Compares the engines with the reference evaluator on given objects, each by every rule for its kind.
pub fn verify_objects(
    rules: &[&Rule],
    program: &Program,
    engines: &[Box<dyn Engine>],
    (cases, schema): (&[Case], &Schema),
    progress: &(dyn Fn(usize) + Sync),
) -> Outcome {
    let own = |rule: &Rule| -> Vec<&Case> { cases.iter().filter(|case| is_for(rule, case)).collect() };
    compare(
        rules,
        program,
        engines,
        progress,
        &|subject| own(subject.rule).chunks(CHUNK).map(<[_]>::len).collect(),
        &|subject, chunk, count| own(subject.rule).into_iter().skip(chunk * CHUNK).take(count).cloned().collect(),
        (if cases.len() <= FEW { Origin::Few } else { Origin::Many }, schema),
    )
}

/// Where cases come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Made out of the rules.
    Made,
    /// A few that were given.
    Few,
    /// Many that were given.
    Many,
}

fn compare(
    rules: &[&Rule],
    program: &Program,
    engines: &[Box<dyn Engine>],
    progress: &(dyn Fn(usize) + Sync),
    sizes: &dyn Fn(&Subject<'_>) -> Vec<usize>,
    cases: &(dyn Fn(&Subject<'_>, usize, usize) -> Vec<Case> + Sync),
    (origin, schema): (Origin, &Schema),
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut subjects = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        match never_applies(rule) {
            Some(why) => outcome.not_applicable.push((rule.id.clone(), why.to_owned())),
            None => subjects.push((index, Subject::new(rule, program, engines, schema, &mut outcome))),
        }
    }
    let work: Vec<(usize, usize, usize)> = subjects
        .iter()
        .enumerate()
        .filter(|(_, (_, subject))| !subject.engines.is_empty())
        .flat_map(|(number, (_, subject))| sizes(subject).into_iter().enumerate().map(move |(chunk, count)| (number, chunk, count)))
        .collect();
    let parts: Vec<(usize, Part)> = work
        .par_iter()
        .filter_map(|(number, chunk, count)| {
            let (_, subject) = subjects.get(*number)?;
            let part = subject.compare(*chunk, cases(subject, *chunk, *count), engines, origin == Origin::Few);
            progress(count * subject.engines.len());
            Some((*number, part))
        })
        .collect();
    let mut found = Vec::new();
    for (number, (index, subject)) in subjects.iter().enumerate() {
        let own = || parts.iter().filter(|(of, _)| *of == number).map(|(_, part)| part);
        let mut tally = Tally::default();
        own().for_each(|part| tally.add(part.tally));
        for engine in &subject.engines {
            let mut row = Row { rule: subject.rule.id.clone(), ..Row::default() };
            row.engine = engines.get(*engine).map(|engine| engine.name().to_owned()).unwrap_or_default();
            let parts = || own().flat_map(|part| &part.engines).filter(|part| part.engine == *engine);
            for part in parts() {
                row.tally.add(part.tally);
                row.disagreements += part.disagreements;
            }
            if let Some((_, case)) = parts().filter_map(|part| part.smallest.as_ref()).min_by_key(|(order, _)| *order) {
                found.push((number, *index, *engine, row.disagreements, case));
            }
            outcome.rows.push(row);
        }
        if origin == Origin::Made && !subject.engines.is_empty() {
            if !tally.both_sides() {
                outcome.one_sided.push((subject.rule.id.clone(), tally));
            }
            outcome.branches += subject.coverage.len();
            outcome.unreached.extend(subject.coverage.unreached().into_iter().map(|branch| (*index, branch)));
        }
    }
    outcome.disagreements = found
        .par_iter()
        .filter_map(|(number, index, engine, count, case)| {
            let (_, subject) = subjects.get(*number)?;
            subject.smallest(*index, *engine, *count, case, engines, schema)
        })
        .collect();
    outcome
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use serde_json::json;

    const POLICY: &str = r#"pack p

rule no-host-network {
    match workloads
    forbid pod.spec.hostNetwork message "the host's network"
}

rule never {
    param on: bool = false
    match Pod where on
    forbid pod.spec.hostPID message "never"
}

rule always {
    match Pod
    require object.kind == "Pod" message "no Pod"
}
"#;

    fn program(text: &str) -> Program {
        let mut sources = Sources::default();
        sources.add("p.pol", text);
        compile(&sources, &crate::resolve::Options::default()).unwrap_or_else(|errors| panic!("{errors:?}")).program
    }

    fn policy() -> Program {
        program(&POLICY.replace("    param on: bool = false\n", "").replace("pack p\n", "pack p\n\nparam on: bool = false\n"))
    }

    /// Judges as the reference evaluator does, but for what `wrong` makes of the answer.
    struct Fake(fn(&Case, Answer) -> Answer);

    impl Engine for Fake {
        fn name(&self) -> &str {
            "fake"
        }

        fn leaves_out(&self, rule: &Rule) -> Option<String> {
            rule.id.ends_with("left-out").then(|| "not today".to_owned())
        }

        fn judge(&self, rule: &Rule, cases: &[Case], _form: Option<usize>) -> Vec<Reply> {
            let answer = |case: &Case| match case.verdict(rule) {
                Verdict::Fail { message, .. } => Answer::Finding(message),
                Verdict::Pass | Verdict::Skip | Verdict::NotJudged(_) => Answer::Clean,
            };
            cases.iter().map(|case| self.0(case, answer(case)).into()).collect()
        }

        fn emitted(&self, rule: &Rule) -> String {
            format!("emitted for {}", rule.id)
        }
    }

    fn outcome(program: &Program, id: &str, cases: usize, fake: fn(&Case, Answer) -> Answer) -> Outcome {
        let rules: Vec<&Rule> = program.packs.values().flat_map(|pack| &pack.rules).filter(|rule| rule.id.contains(id)).collect();
        let counted = std::sync::atomic::AtomicUsize::new(0);
        let count = |number: usize| {
            counted.fetch_add(number, std::sync::atomic::Ordering::Relaxed);
        };
        let outcome = verify(&rules, program, &[Box::new(Fake(fake))], Options { seed: 3, cases, schema: Schema::kubernetes() }, &count);
        let judged: usize = outcome.rows.iter().map(|row| row.tally.judged()).sum();
        assert_eq!(counted.into_inner(), judged);
        outcome
    }

    #[test]
    fn an_engine_that_agrees_has_its_row() {
        let outcome = outcome(&policy(), "no-host-network", 150, |_, answer| answer);
        let [row] = outcome.rows.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((row.rule.as_str(), row.engine.as_str(), row.disagreements), ("p/no-host-network", "fake", 0));
        assert_eq!(row.tally.judged(), 150);
        assert!(row.tally.both_sides());
        assert_eq!((outcome.disagreements.as_slice(), outcome.one_sided.as_slice()), (&[][..], &[][..]));
        assert!(outcome.branches > 0 && outcome.unreached.is_empty(), "{:?}", outcome.unreached);
    }

    #[test]
    fn a_difference_is_found_and_made_small() {
        // It only walks Pods.
        let fake = |case: &Case, answer| if case.object["kind"] == "Deployment" { Answer::Clean } else { answer };
        let outcome = outcome(&policy(), "no-host-network", 1_500, fake);
        let [found] = outcome.disagreements.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((found.rule, found.engine, found.count), (0, 0, outcome.rows[0].disagreements));
        assert!(found.count > 1);
        assert_eq!(found.expected, Answer::Finding("the host's network".to_owned()));
        assert_eq!(found.got, Answer::Clean);
        let expected = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": {"spec": {"hostNetwork": true}}},
        });
        assert_eq!(found.case.object, expected);
    }

    #[test]
    fn an_error_is_never_right_and_stays_an_error() {
        let fake = |case: &Case, answer| {
            let long = case.object.pointer("/metadata/name").is_some_and(|name| name != "x");
            if long {
                Answer::Error("too long".to_owned())
            } else if case.object["kind"] == "Pod" {
                Answer::Clean
            } else {
                answer
            }
        };
        let outcome = outcome(&policy(), "no-host-network", 60, fake);
        assert_eq!(outcome.rows[0].disagreements, 60);
        assert_eq!(outcome.disagreements[0].got, Answer::Error("too long".to_owned()));
    }

    #[test]
    fn rules_that_cannot_apply_are_no_results() {
        let outcome = outcome(&policy(), "never", 50, |_, answer| answer);
        assert_eq!(outcome.rows, []);
        assert_eq!(outcome.one_sided, []);
        assert_eq!(
            outcome.not_applicable,
            [("p/never".to_owned(), "its `where` is false whatever the object, with these params".to_owned())]
        );
    }

    #[test]
    fn a_rule_that_never_fails_is_reported() {
        let outcome = outcome(&policy(), "always", 50, |_, answer| answer);
        let [(rule, tally)] = outcome.one_sided.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((rule.as_str(), tally.fail), ("p/always", 0));
        assert!(outcome.unreached.iter().any(|(_, branch)| branch.what.contains("that is false")), "{:?}", outcome.unreached);
    }

    #[test]
    fn a_rule_that_an_engine_leaves_out_is_said() {
        let program = program("pack p\nrule left-out { match Pod\n forbid pod.spec.hostPID message \"m\" }");
        let outcome = outcome(&program, "left-out", 50, |_, answer| answer);
        assert_eq!(outcome.rows, []);
        assert_eq!(outcome.left_out, [("p/left-out".to_owned(), "fake".to_owned(), "not today".to_owned())]);
    }

    #[test]
    fn given_objects_are_judged_by_the_rules_of_their_kind() {
        let program = policy();
        let rules: Vec<&Rule> = program.packs.values().flat_map(|pack| &pack.rules).collect();
        let object = |kind: &str, host: bool| {
            let spec = json!({"containers": [], "hostNetwork": host});
            let object = match kind {
                "Pod" => json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}),
                _ => {
                    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {"selector": {}, "template": {"spec": spec}}})
                }
            };
            Case {
                object,
                old_object: None,
                operation: crate::ir::Operation::Create,
                namespace_object: None,
                request: None,
                beside: None,
                origin: String::new(),
            }
        };
        let cases = [object("Pod", true), object("Pod", false), object("Deployment", true)];
        let engines: [Box<dyn Engine>; 1] = [Box::new(Fake(|_, _| Answer::Clean))];
        let outcome = verify_objects(&rules, &program, &engines, (&cases, Schema::kubernetes()), &|_| ());
        let rows: Vec<_> = outcome.rows.iter().map(|row| (row.rule.as_str(), row.tally.pass, row.tally.fail, row.disagreements)).collect();
        assert_eq!(rows, [("p/no-host-network", 1, 2, 2), ("p/always", 2, 0, 0)]);
        assert_eq!(outcome.one_sided, []);
        // A Pod says it with less.
        assert_eq!(
            outcome.disagreements[0].case.object,
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"hostNetwork": true}})
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_outcome() {
        let fake = |case: &Case, answer| if case.object["kind"] == "CronJob" { Answer::Clean } else { answer };
        let first = outcome(&policy(), "no-host-network", 2_500, fake);
        let second = outcome(&policy(), "no-host-network", 2_500, fake);
        assert_eq!((first.rows, first.disagreements), (second.rows, second.disagreements));
    }
}
