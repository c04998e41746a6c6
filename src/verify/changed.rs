//! Comparing what engines make of objects with what the reference evaluator makes of them: mutations, and generations.

use super::changes;
use super::generate::{self, Case};
use super::run::{self, Options};
use super::shrink::{shrink, size};
use crate::eval::change::{Effect, Generator, Mutator, same};
use crate::ir::change::{Generation, Mutation};
use crate::ir::{Operation, Program, Rule};
use crate::object::Node;
use crate::schema::Schema;
use rayon::prelude::*;
use serde_json::Value as Json;

/// How many objects are made and changed at once.
const CHUNK: usize = 500;

/// A mutation or a generation of a program.
#[derive(Debug, Clone, Copy)]
pub enum Item<'p> {
    /// A mutation.
    Mutation(&'p Mutation),
    /// A generation.
    Generation(&'p Generation),
}

impl<'p> Item<'p> {
    /// All of a program: the mutations of a pack, then its generations.
    #[must_use]
    pub fn all(program: &'p Program) -> Vec<Item<'p>> {
        let of = |pack: &'p crate::ir::Pack| {
            pack.mutations.iter().map(Item::Mutation).chain(pack.generations.iter().map(Item::Generation)).collect::<Vec<_>>()
        };
        program.packs.values().flat_map(of).collect()
    }

    /// Its clauses.
    #[must_use]
    pub fn head(self) -> &'p Rule {
        match self {
            Item::Mutation(mutation) => &mutation.head,
            Item::Generation(generation) => &generation.head,
        }
    }

    fn cases(self, schema: &Schema, seed: u64, count: usize) -> Vec<Case> {
        match self {
            Item::Mutation(mutation) => changes::some_cases(mutation, schema, seed, count),
            Item::Generation(generation) => generate::whole_cases(&generation.head, schema, seed, count),
        }
    }
}

/// What an engine makes of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// The object as the engine sees it before it changes anything, and after it.
    Changed(Json, Json),
    /// The objects that it brings.
    Brought(Vec<Json>),
    /// It would refuse the object before any policy sees it; why.
    Unreadable(String),
    /// It fails: never right.
    Error(String),
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Made::Changed(_, after) => write!(f, "{after}"),
            Made::Brought(objects) if objects.is_empty() => f.write_str("brings nothing"),
            Made::Brought(objects) => objects.iter().enumerate().try_for_each(|(number, object)| {
                let comma = if number == 0 { "brings " } else { ", " };
                write!(f, "{comma}{object}")
            }),
            Made::Unreadable(why) => write!(f, "cannot read it: {why}"),
            Made::Error(error) => write!(f, "error: {error}"),
        }
    }
}

/// An engine that has what is emitted for the mutations and generations of a program.
pub trait Changer: Send + Sync {
    /// Its name on the command line.
    fn name(&self) -> &str;

    /// Why it does not run one; nothing where it does.
    fn leaves_out(&self, item: Item<'_>) -> Option<String>;

    /// What it makes of objects by one that it does not leave out: an answer for each, in their order.
    fn make(&self, item: Item<'_>, objects: &[Json]) -> Vec<Made>;

    /// What it makes of objects without any policy: what it reads.
    fn read(&self, objects: &[Json]) -> Vec<Made>;

    /// What was emitted, for whoever reads a disagreement.
    fn emitted(&self, item: Item<'_>) -> String;
}

/// One mutation or generation in one engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// `pack/name`.
    pub id: String,
    /// The engine's name.
    pub engine: String,
    /// How many objects the reference evaluator changes, or for which it brings others.
    pub changed: usize,
    /// How many it leaves alone.
    pub left_alone: usize,
    /// How many the engine refuses before any policy sees them. They are compared with nothing.
    pub unreadable: usize,
    /// Of how many the engine makes something else.
    pub disagreements: usize,
}

/// An object of which an engine makes something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// Index among those compared.
    pub item: usize,
    /// Index of the engine.
    pub engine: usize,
    /// The object, as small as could be made.
    pub case: Case,
    /// What is to be made of it.
    pub expected: String,
    /// What the engine makes of it.
    pub got: String,
    /// Of how many objects the engine makes something else.
    pub count: usize,
}

/// What an engine leaves out: its id, the engine and why.
pub type LeftOut = (String, String, String);

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// By mutation or generation, then by engine.
    pub rows: Vec<Row>,
    /// One for each row that has some.
    pub disagreements: Vec<Disagreement>,
    /// What engines leave out.
    pub left_out: Vec<LeftOut>,
    /// Those that changed all objects or none: id, how many were changed and how many left alone.
    pub one_sided: Vec<(String, usize, usize)>,
}

/// How the reference evaluator and an engine compare on one object.
enum Compared {
    Same {
        changed: bool,
    },
    Unreadable,
    Differs {
        changed: bool,
        expected: String,
        got: String,
    },
    /// The reference evaluator needs to know more than the object.
    NotJudged,
}

/// What runs one mutation or generation.
enum Reference {
    Mutator(Mutator),
    Generator(Generator),
}

impl Reference {
    fn new(item: Item<'_>) -> Self {
        match item {
            Item::Mutation(mutation) => Reference::Mutator(Mutator::new(mutation)),
            Item::Generation(generation) => Reference::Generator(Generator::new(generation)),
        }
    }
}

/// What a mutation makes of an object, and whether it changes it; nothing where it is not judged.
fn mutated(mutator: &Mutator, object: &Json) -> Option<(Json, bool)> {
    let node = Node::from(object);
    match mutator.mutate(&crate::eval::Request::create(&node)) {
        Effect::Done(made) => Some((Json::from(&made), true)),
        Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => Some((object.clone(), false)),
        Effect::NotJudged(_) => None,
    }
}

/// What a generation brings; nothing where it is not judged.
fn brought(generator: &Generator, object: &Json) -> Option<Vec<Json>> {
    let node = Node::from(object);
    match generator.generate(&crate::eval::Request::create(&node)) {
        Effect::Done(objects) => Some(objects.iter().map(Json::from).collect()),
        Effect::Nothing | Effect::Conflict(_) | Effect::Unreadable(_) => Some(Vec::new()),
        Effect::NotJudged(_) => None,
    }
}

fn alike(a: &Json, b: &Json) -> bool {
    a == b || same(&Node::from(a), &Node::from(b))
}

/// An object as an engine has it that reads its labels and annotations: in a map of texts `null` is `""`.
fn labelled(object: &Json) -> Json {
    let mut object = object.clone();
    for map in ["/metadata/labels", "/metadata/annotations"] {
        for text in object.pointer_mut(map).and_then(Json::as_object_mut).into_iter().flat_map(|map| map.values_mut()) {
            if text.is_null() {
                *text = Json::from("");
            }
        }
    }
    object
}

/// Compares one engine on some objects. What a mutation makes is read by the engine as if it had been written so: only the difference between both counts. A second time nothing changes.
fn compared(item: Item<'_>, reference: &Reference, engine: &dyn Changer, objects: &[Json]) -> Vec<Compared> {
    let mut made = engine.make(item, objects);
    made.resize(objects.len(), Made::Error("no answer".to_owned()));
    match reference {
        Reference::Generator(generator) => {
            let one = |(object, made): (&Json, Made)| {
                let Some(expected) = brought(generator, object) else { return Compared::NotJudged };
                let changed = !expected.is_empty();
                let same = |a: &Json, b: &Json| alike(&labelled(a), &labelled(b));
                let right = matches!(&made, Made::Brought(got) if got.len() == expected.len() && got.iter().zip(&expected).all(|(a, b)| same(a, b)));
                if right {
                    Compared::Same { changed }
                } else {
                    Compared::Differs { changed, expected: Made::Brought(expected).to_string(), got: made.to_string() }
                }
            };
            objects.iter().zip(made).map(one).collect()
        }
        Reference::Mutator(mutator) => {
            let expected: Vec<Option<(Json, bool)>> =
                made.iter().map(|made| if let Made::Changed(before, _) = made { mutated(mutator, before) } else { None }).collect();
            let written: Vec<Json> = expected.iter().flatten().map(|(object, _)| object.clone()).collect();
            let afters = made.iter().zip(&expected).filter(|(_, expected)| expected.is_some());
            let afters: Vec<Json> =
                afters.filter_map(|(made, _)| if let Made::Changed(_, after) = made { Some(after.clone()) } else { None }).collect();
            let mut read = engine.read(&written).into_iter();
            let mut again = engine.make(item, &afters).into_iter();
            let one = |((object, made), expected): ((&Json, Made), Option<(Json, bool)>)| match (made, expected) {
                (Made::Unreadable(_), _) => Compared::Unreadable,
                (Made::Changed(..), None) => Compared::NotJudged,
                (Made::Changed(_, after), Some((written, changed))) => {
                    let (read, again) = (read.next(), again.next());
                    let differs = |expected: String, got: String| Compared::Differs { changed, expected, got };
                    if changed && mutated(mutator, &written).is_none_or(|(_, changes)| changes) {
                        return differs(
                            format!("{written}, and no change to that"),
                            "the reference evaluator changes it a second time".to_owned(),
                        );
                    }
                    match (read, again) {
                        (Some(Made::Changed(_, read)), _) if !alike(&read, &after) => differs(read.to_string(), after.to_string()),
                        (Some(Made::Changed(..)), Some(Made::Changed(_, twice))) if alike(&twice, &after) => Compared::Same { changed },
                        (Some(Made::Changed(..)), twice) => differs(
                            format!("{after}, and no change to that"),
                            twice.map_or_else(|| "no answer".to_owned(), |twice| twice.to_string()),
                        ),
                        (read, _) => differs(read.map_or_else(|| "no answer".to_owned(), |read| read.to_string()), after.to_string()),
                    }
                }
                (made @ (Made::Brought(_) | Made::Error(_)), _) => {
                    let (expected, changed) = mutated(mutator, object).unwrap_or_else(|| (object.clone(), false));
                    Compared::Differs { changed, expected: expected.to_string(), got: made.to_string() }
                }
            };
            objects.iter().zip(made).zip(expected).map(one).collect()
        }
    }
}

/// Compares engines with the reference evaluator on objects made out of each mutation and generation; `given` are objects to use instead. `progress` is told how many objects were compared.
pub fn verify(
    items: &[Item<'_>],
    engines: &[Box<dyn Changer>],
    options: Options,
    given: Option<&[Case]>,
    progress: &(dyn Fn(usize) + Sync),
) -> Outcome {
    let schema = options.schema;
    let work: Vec<(usize, usize)> = (0..items.len()).flat_map(|item| (0..engines.len()).map(move |engine| (item, engine))).collect();
    let parts: Vec<Result<(Row, Option<Disagreement>), LeftOut>> = work
        .par_iter()
        .filter_map(|(index, number)| {
            let (item, engine) = (*items.get(*index)?, engines.get(*number)?.as_ref());
            let left_out = engine.leaves_out(item).or_else(|| {
                let created = item.head().operations.contains(&Operation::Create);
                (!created).then(|| "only what is created is compared".to_owned())
            });
            if let Some(why) = left_out {
                return Some(Err((item.head().id.clone(), engine.name().to_owned(), why)));
            }
            let cases = match given {
                Some(given) => given.iter().filter(|case| run::is_for(item.head(), case)).cloned().collect(),
                None => item.cases(schema, options.seed, options.cases),
            };
            Some(Ok(one((*index, *number), item, engine, (&cases, schema), progress)))
        })
        .collect();
    let mut outcome = Outcome::default();
    for part in parts {
        match part {
            Err(left_out) => outcome.left_out.push(left_out),
            Ok((row, disagreement)) => {
                outcome.rows.push(row);
                outcome.disagreements.extend(disagreement);
            }
        }
    }
    if given.is_none() {
        for item in items {
            let own = || outcome.rows.iter().filter(|row| row.id == item.head().id);
            if let Some(first) = own().next()
                && own().all(|row| row.changed == 0 || row.left_alone == 0)
            {
                outcome.one_sided.push((first.id.clone(), first.changed, first.left_alone));
            }
        }
    }
    outcome
}

fn one(
    (index, number): (usize, usize),
    item: Item<'_>,
    engine: &dyn Changer,
    (cases, schema): (&[Case], &Schema),
    progress: &(dyn Fn(usize) + Sync),
) -> (Row, Option<Disagreement>) {
    let reference = Reference::new(item);
    let mut row = Row { id: item.head().id.clone(), engine: engine.name().to_owned(), ..Row::default() };
    let mut smallest: Option<&Case> = None;
    for chunk in cases.chunks(CHUNK) {
        let objects: Vec<Json> = chunk.iter().map(|case| case.object.clone()).collect();
        for (case, compared) in chunk.iter().zip(compared(item, &reference, engine, &objects)) {
            let changed = match compared {
                Compared::Unreadable => {
                    row.unreadable += 1;
                    continue;
                }
                Compared::NotJudged => continue,
                Compared::Same { changed } => changed,
                Compared::Differs { changed, .. } => {
                    row.disagreements += 1;
                    if smallest.is_none_or(|smallest| size(case) < size(smallest)) {
                        smallest = Some(case);
                    }
                    changed
                }
            };
            *(if changed { &mut row.changed } else { &mut row.left_alone }) += 1;
        }
        progress(chunk.len());
    }
    let disagreement = smallest.map(|case| {
        let differs = |case: &Case| match compared(item, &reference, engine, std::slice::from_ref(&case.object)).pop() {
            Some(Compared::Differs { expected, got, .. }) => Some((expected, got)),
            Some(Compared::Same { .. } | Compared::Unreadable | Compared::NotJudged) | None => None,
        };
        let case = shrink(case, item.head(), schema, &mut |case| differs(case).is_some());
        let (expected, got) = differs(&case).unwrap_or_else(|| ("the same".to_owned(), "differs only among other objects".to_owned()));
        Disagreement { item: index, engine: number, case, expected, got, count: row.disagreements }
    });
    (row, disagreement)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use serde_json::json;

    /// Does as the reference evaluator does, but for what `wrong` makes of it.
    struct Fake(fn(Json) -> Made);

    impl Changer for Fake {
        fn name(&self) -> &str {
            "fake"
        }

        fn leaves_out(&self, _item: Item<'_>) -> Option<String> {
            None
        }

        fn make(&self, item: Item<'_>, objects: &[Json]) -> Vec<Made> {
            let Item::Mutation(mutation) = item else { panic!("a mutation") };
            let mutator = Mutator::new(mutation);
            let one = |object: &Json| match self.0(mutated(&mutator, object).unwrap().0) {
                Made::Changed(_, after) => Made::Changed(object.clone(), after),
                other @ (Made::Brought(_) | Made::Unreadable(_) | Made::Error(_)) => other,
            };
            objects.iter().map(one).collect()
        }

        fn read(&self, objects: &[Json]) -> Vec<Made> {
            objects.iter().map(|object| Made::Changed(object.clone(), object.clone())).collect()
        }

        fn emitted(&self, _item: Item<'_>) -> String {
            String::new()
        }
    }

    fn outcome(fake: fn(Json) -> Made) -> Outcome {
        let mut sources = Sources::default();
        sources.add("p.pol", "pack p\nmutation m {\n    match Pod\n    default pod.spec.enableServiceLinks = false\n}\n");
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap_or_else(|errors| panic!("{errors:?}")).program;
        verify(
            &Item::all(&program),
            &[Box::new(Fake(fake))],
            Options { seed: 5, cases: 120, schema: crate::schema::Schema::kubernetes() },
            None,
            &|_| (),
        )
    }

    #[test]
    fn an_engine_that_makes_the_same_has_its_row() {
        let outcome = outcome(|object| Made::Changed(Json::Null, object));
        let [row] = outcome.rows.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((row.id.as_str(), row.engine.as_str(), row.disagreements, row.unreadable), ("p/m", "fake", 0, 0));
        assert_eq!(row.changed + row.left_alone, 120);
        assert!(row.changed > 0 && row.left_alone > 0, "{row:?}");
        assert_eq!((outcome.disagreements, outcome.one_sided), (Vec::new(), Vec::new()));
    }

    #[test]
    fn another_object_is_found_and_made_small() {
        let outcome = outcome(|mut object| {
            if object["spec"]["enableServiceLinks"] == false {
                object["spec"]["enableServiceLinks"] = json!(true);
            }
            Made::Changed(Json::Null, object)
        });
        let [found] = outcome.disagreements.as_slice() else { panic!("{outcome:?}") };
        assert_eq!((found.count, outcome.rows[0].disagreements), (found.count, found.count));
        assert!(found.expected.contains("\"enableServiceLinks\":false") && found.got.contains("\"enableServiceLinks\":true"), "{found:?}");
        assert!(found.case.object.to_string().len() < 90, "{}", found.case.object);
    }

    #[test]
    fn an_error_differs_and_what_cannot_be_read_is_counted() {
        let failing = outcome(|_| Made::Error("no".to_owned()));
        assert_eq!(failing.rows[0].disagreements, 120);
        assert_eq!(failing.disagreements[0].got, "error: no");
        let blind = outcome(|_| Made::Unreadable("no".to_owned()));
        assert_eq!((blind.rows[0].unreadable, blind.rows[0].disagreements), (120, 0));
        assert_eq!(blind.one_sided, [("p/m".to_owned(), 0, 0)]);
    }
}
