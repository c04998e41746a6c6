//! What came of a comparison, for people and programs.

use super::super::report::table;
use super::super::{Failure, print, print_json};
use super::{Arguments, objects, quoted, word, yaml};
use crate::diagnostic::{Sources, Span};
use crate::ir::Rule;
use crate::manifest;
use crate::object::Node;
use crate::schema::Schema;
use crate::verify::changed::{self, Changer, Item};
use crate::verify::engine::Engine;
use crate::verify::generate::{Beside, Case};
use crate::verify::run::{Disagreement, Outcome, Row};
use crate::verify::{admission_review, is_plain};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

/// How many lines of an emitted rule are shown to people.
const EMITTED_LINES: usize = 60;

/// How many of a list are shown to people.
const LISTED: usize = 20;

/// Everything that there is to show.
pub struct Shown<'a> {
    pub arguments: &'a Arguments,
    pub sources: &'a Sources,
    pub schema: &'a Schema,
    pub rules: &'a [&'a Rule],
    pub engines: &'a [Box<dyn Engine>],
    pub outcome: &'a Outcome,
    pub items: &'a [Item<'a>],
    pub changers: &'a [Box<dyn Changer>],
    pub changes: &'a changed::Outcome,
    /// Engines that were asked for and judged nothing, and why.
    pub idle: &'a [(String, String)],
    pub left_out_objects: &'a [(String, u32, String)],
    pub elapsed: Duration,
    pub color: bool,
}

/// Where an engine differs, as people are told.
struct Different<'a> {
    id: &'a str,
    place: (&'a str, usize),
    engine: &'a str,
    count: usize,
    expected: &'a str,
    got: &'a str,
    emitted: &'a str,
    case: &'a Case,
}

impl Shown<'_> {
    fn place(&self, span: Span) -> (String, usize) {
        let file = self.sources.get(span.source).map(|source| source.name.clone()).unwrap_or_default();
        (file, self.sources.line_column(span).0)
    }

    fn rule(&self, index: usize) -> (&str, String, usize) {
        match self.rules.get(index) {
            Some(rule) => {
                let (file, line) = self.place(rule.span);
                (&rule.id, file, line)
            }
            None => ("", String::new(), 0),
        }
    }

    fn engine(&self, index: usize) -> &str {
        self.engines.get(index).map(|engine| engine.name()).unwrap_or_default()
    }

    fn emitted(&self, found: &Disagreement) -> String {
        match (self.rules.get(found.rule), self.engines.get(found.engine)) {
            (Some(rule), Some(engine)) => engine.emitted(rule),
            (None, _) | (_, None) => String::new(),
        }
    }

    /// The command that shows a disagreement again, and nothing else.
    fn command(&self, found: &Disagreement) -> String {
        let (rule, ..) = self.rule(found.rule);
        self.command_for(rule, self.engine(found.engine), &found.case)
    }

    fn command_for(&self, id: &str, engine: &str, case: &Case) -> String {
        let mut command = "polc verify".to_owned();
        for path in &self.arguments.paths {
            let _ = write!(command, " {}", quoted(path));
        }
        for path in self.arguments.compile.crds.given() {
            let _ = write!(command, " --crds {}", quoted(path));
        }
        for (name, value) in &self.arguments.compile.params {
            let _ = write!(command, " --param {}", word(&format!("{name}={value}")));
        }
        let _ = write!(command, " --rule {} --engine {engine}", word(id));
        if let Some(folder) = &self.arguments.engines_dir {
            let _ = write!(command, " --engines-dir {}", quoted(folder));
        }
        let _ = write!(command, " --objects - <<'END'\n{}END", document(self.schema, case));
        command
    }

    fn disagreement(&self, text: &mut String, found: &Disagreement) {
        let (rule, file, line) = self.rule(found.rule);
        let different = Different {
            id: rule,
            place: (&file, line),
            engine: self.engine(found.engine),
            count: found.count,
            expected: &found.expected.to_string(),
            got: &found.got.to_string(),
            emitted: &self.emitted(found),
            case: &found.case,
        };
        self.different(text, &different);
    }

    fn changed_otherwise(&self, text: &mut String, found: &changed::Disagreement) {
        let (Some(item), Some(engine)) = (self.items.get(found.item), self.changers.get(found.engine)) else { return };
        let (file, line) = self.place(item.head().span);
        let different = Different {
            id: &item.head().id,
            place: (&file, line),
            engine: engine.name(),
            count: found.count,
            expected: &found.expected,
            got: &found.got,
            emitted: &engine.emitted(*item),
            case: &found.case,
        };
        self.different(text, &different);
    }

    fn different(&self, text: &mut String, found: &Different<'_>) {
        let (red, reset) = if self.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        let (Different { id, engine, emitted, .. }, (file, line)) = (found, found.place);
        let _ = writeln!(text, "{file}:{line}: {red}{engine} differs{reset} on {id} ({} cases)", found.count);
        let _ = writeln!(text, "  reference: {}", found.expected);
        let _ = writeln!(text, "  {engine}: {}", found.got);
        let _ = writeln!(text, "  emitted:");
        for line in emitted.lines().take(EMITTED_LINES) {
            let _ = writeln!(text, "    {line}");
        }
        if emitted.lines().count() > EMITTED_LINES {
            let _ = writeln!(text, "    ... (`--format json` shows all of it)");
        }
        let _ = writeln!(text, "  repeat it with:\n\n{}\n", self.command_for(id, engine, found.case));
    }

    /// The table of rules and engines: the verdicts of the reference evaluator, and for each engine how often it differs.
    fn table(&self) -> String {
        let mut head = vec!["RULE", "CASES", "PASS", "FAIL", "SKIP"];
        head.extend(self.engines.iter().map(|engine| engine.name()));
        let mut rows: Vec<Vec<String>> = Vec::new();
        let of = |rule: &Rule| self.outcome.rows.iter().filter(|row| row.rule == rule.id).collect::<Vec<&Row>>();
        for rule in self.rules {
            let own = of(rule);
            let Some(first) = own.first() else { continue };
            let tally = first.tally;
            let mut row = vec![rule.id.clone()];
            row.extend([tally.judged(), tally.pass, tally.fail, tally.skip].map(|number| number.to_string()));
            for engine in self.engines {
                let cell = own.iter().find(|row| row.engine == engine.name()).map(|row| row.disagreements);
                row.push(match cell {
                    None => "-".to_owned(),
                    Some(0) => "ok".to_owned(),
                    Some(count) => format!("{count} differ"),
                });
            }
            rows.push(row);
        }
        table(&head, rows.into_iter())
    }

    /// The table of what changes objects or brings others.
    fn changes_table(&self) -> String {
        let mut head = vec!["CHANGE", "CASES", "CHANGED", "LEFT ALONE", "UNREADABLE"];
        head.extend(self.changers.iter().map(|engine| engine.name()));
        let mut rows: Vec<Vec<String>> = Vec::new();
        for item in self.items {
            let own: Vec<&changed::Row> = self.changes.rows.iter().filter(|row| row.id == item.head().id).collect();
            let Some(first) = own.first() else { continue };
            let unreadable = own.iter().map(|row| row.unreadable).max().unwrap_or_default();
            let most = own.iter().max_by_key(|row| row.changed + row.left_alone).unwrap_or(first);
            let mut row = vec![item.head().id.clone()];
            row.extend([most.changed + most.left_alone, most.changed, most.left_alone, unreadable].map(|number| number.to_string()));
            for engine in self.changers {
                row.push(match own.iter().find(|row| row.engine == engine.name()).map(|row| row.disagreements) {
                    None => "-".to_owned(),
                    Some(0) => "ok".to_owned(),
                    Some(count) => format!("{count} differ"),
                });
            }
            rows.push(row);
        }
        if rows.is_empty() { String::new() } else { table(&head, rows.into_iter()) }
    }

    /// For people.
    pub fn text(&self) -> Result<(), Failure> {
        let outcome = self.outcome;
        let mut text = if outcome.rows.is_empty() { String::new() } else { self.table() };
        let changes = self.changes_table();
        if !changes.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&changes);
        }
        let mut list = |title: &str, lines: &mut dyn Iterator<Item = String>| {
            let lines: Vec<String> = lines.collect();
            if !lines.is_empty() {
                let _ = writeln!(text, "\n{title}");
                lines.iter().take(LISTED).for_each(|line| {
                    let _ = writeln!(text, "  {line}");
                });
                if lines.len() > LISTED {
                    let _ = writeln!(text, "  ... and {} more (`--format json` lists all)", lines.len() - LISTED);
                }
            }
        };
        list("rules that apply to no object:", &mut outcome.not_applicable.iter().map(|(rule, why)| format!("{rule}: {why}")));
        list(
            "rules that an engine leaves out:",
            &mut outcome.left_out.iter().chain(&self.changes.left_out).map(|(rule, engine, why)| format!("{rule} in {engine}: {why}")),
        );
        list("objects that were left out:", &mut self.left_out_objects.iter().map(|(file, line, why)| format!("{file}:{line}: {why}")));
        list(
            "branches that no case reached:",
            &mut outcome.unreached.iter().map(|(rule, branch)| {
                let (file, line) = self.place(branch.span);
                format!("{file}:{line}: {}: {}", self.rule(*rule).0, branch.what)
            }),
        );
        list(
            "rules that were not seen both to pass and to fail:",
            &mut outcome
                .one_sided
                .iter()
                .map(|(rule, tally)| format!("{rule}: passed {}, failed {}, did not apply {}", tally.pass, tally.fail, tally.skip)),
        );
        list(
            "changes that were not seen both to change an object and to leave one alone:",
            &mut self.changes.one_sided.iter().map(|(id, changed, left)| format!("{id}: changed {changed}, left {left} alone")),
        );
        list("engines that were asked for and judged nothing:", &mut self.idle.iter().map(|(engine, why)| format!("{engine}: {why}")));
        text.push('\n');
        for found in &outcome.disagreements {
            self.disagreement(&mut text, found);
        }
        for found in &self.changes.disagreements {
            self.changed_otherwise(&mut text, found);
        }
        let objects = |row: &changed::Row| row.changed + row.left_alone;
        let compared: usize = outcome.rows.iter().map(|row| row.tally.judged()).chain(self.changes.rows.iter().map(objects)).sum();
        let differ: usize =
            outcome.rows.iter().map(|row| row.disagreements).chain(self.changes.rows.iter().map(|row| row.disagreements)).sum();
        let seed = if self.arguments.objects.is_empty() { format!("seed {}: ", self.arguments.seed) } else { String::new() };
        let _ = writeln!(
            text,
            "{seed}{compared} verdicts of {} engines on {} rules{} compared in {:.1} s, {differ} differ",
            self.engines.len() + self.changers.len(),
            self.rules.len() - outcome.not_applicable.len() + if self.changers.is_empty() { 0 } else { self.items.len() },
            if self.changers.is_empty() { "" } else { " and changes" },
            self.elapsed.as_secs_f64()
        );
        print(&text)
    }

    /// For programs.
    pub fn json(&self) -> Result<(), Failure> {
        let outcome = self.outcome;
        let results: Vec<Json> = outcome
            .rows
            .iter()
            .map(|row| {
                json!({
                    "rule": row.rule, "engine": row.engine, "cases": row.tally.judged(), "pass": row.tally.pass, "fail": row.tally.fail,
                    "skip": row.tally.skip, "disagreements": row.disagreements,
                })
            })
            .collect();
        let disagreements: Vec<Json> = outcome
            .disagreements
            .iter()
            .map(|found| {
                let (rule, file, line) = self.rule(found.rule);
                json!({
                    "rule": rule, "file": file, "line": line, "engine": self.engine(found.engine), "cases": found.count,
                    "expected": found.expected.to_string(), "got": found.got.to_string(),
                    "operation": found.case.operation, "object": found.case.object, "oldObject": found.case.old_object,
                    "namespaceObject": found.case.namespace_object, "request": found.case.request,
                    "beside": found.case.beside.as_ref().map(|beside| &beside.objects),
                    "unknown": found.case.beside.as_ref().map(Beside::unknown_ids),
                    "emitted": self.emitted(found), "command": self.command(found),
                })
            })
            .collect();
        let unreached: Vec<Json> = outcome
            .unreached
            .iter()
            .map(|(rule, branch)| {
                let (file, line) = self.place(branch.span);
                json!({"rule": self.rule(*rule).0, "file": file, "line": line, "branch": branch.what})
            })
            .collect();
        let changes: Vec<Json> = self
            .changes
            .rows
            .iter()
            .map(|row| {
                json!({
                    "change": row.id, "engine": row.engine, "cases": row.changed + row.left_alone, "changed": row.changed,
                    "leftAlone": row.left_alone, "unreadable": row.unreadable, "disagreements": row.disagreements,
                })
            })
            .collect();
        let mut disagreements = disagreements;
        for found in &self.changes.disagreements {
            let (Some(item), Some(engine)) = (self.items.get(found.item), self.changers.get(found.engine)) else { continue };
            let (file, line) = self.place(item.head().span);
            disagreements.push(json!({
                "rule": item.head().id, "file": file, "line": line, "engine": engine.name(), "cases": found.count,
                "expected": found.expected, "got": found.got, "operation": found.case.operation, "object": found.case.object,
                "emitted": engine.emitted(*item), "command": self.command_for(&item.head().id, engine.name(), &found.case),
            }));
        }
        let one_sided_changes: Vec<Json> =
            self.changes.one_sided.iter().map(|(id, changed, left)| json!({"change": id, "changed": changed, "leftAlone": left})).collect();
        let document = json!({
            "seed": if self.arguments.objects.is_empty() { Some(self.arguments.seed) } else { None },
            "results": results,
            "changes": changes,
            "oneSidedChanges": one_sided_changes,
            "disagreements": disagreements,
            "oneSided": outcome.one_sided.iter().map(|(rule, tally)| json!({"rule": rule, "pass": tally.pass, "fail": tally.fail, "skip": tally.skip})).collect::<Vec<_>>(),
            "judgedNothing": self.idle.iter().map(|(engine, why)| json!({"engine": engine, "why": why})).collect::<Vec<_>>(),
            "notApplicable": outcome.not_applicable.iter().map(|(rule, why)| json!({"rule": rule, "why": why})).collect::<Vec<_>>(),
            "leftOut": outcome.left_out.iter().chain(&self.changes.left_out).map(|(rule, engine, why)| json!({"rule": rule, "engine": engine, "why": why})).collect::<Vec<_>>(),
            "objectsLeftOut": self.left_out_objects.iter().map(|(file, line, why)| json!({"file": file, "line": line, "why": why})).collect::<Vec<_>>(),
            "unreached": unreached,
            "branches": outcome.branches,
            "seconds": self.elapsed.as_secs_f64(),
        });
        print_json(&document)
    }

    /// For CI.
    pub fn junit(&self) -> Result<(), Failure> {
        print(&self.xml().map_err(Failure::from)?)
    }

    fn xml(&self) -> io::Result<String> {
        let outcome = self.outcome;
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let changes = self.changes;
        let failures =
            outcome.disagreements.len() + outcome.one_sided.len() + changes.disagreements.len() + changes.one_sided.len() + self.idle.len();
        let tests = outcome.rows.len() + outcome.one_sided.len() + changes.rows.len() + changes.one_sided.len() + self.idle.len();
        let time = format!("{:.3}", self.elapsed.as_secs_f64());
        let suites = [("name", "polc verify".to_owned()), ("tests", tests.to_string()), ("failures", failures.to_string()), ("time", time)];
        writer
            .create_element("testsuites")
            .with_attributes(suites.iter().map(|(name, value)| (*name, value.as_str())))
            .write_inner_content(|writer| {
                for engine in self.engines {
                    let rows: Vec<&Row> = outcome.rows.iter().filter(|row| row.engine == engine.name()).collect();
                    let failed = rows.iter().filter(|row| row.disagreements > 0).count();
                    let suite = [("name", engine.name().to_owned()), ("tests", rows.len().to_string()), ("failures", failed.to_string())];
                    writer
                        .create_element("testsuite")
                        .with_attributes(suite.iter().map(|(name, value)| (*name, value.as_str())))
                        .write_inner_content(|writer| {
                            for row in rows {
                                let failure = (row.disagreements > 0).then(|| {
                                    let found = outcome
                                        .disagreements
                                        .iter()
                                        .find(|found| self.rule(found.rule).0 == row.rule && self.engine(found.engine) == row.engine);
                                    let mut text = String::new();
                                    if let Some(found) = found {
                                        self.disagreement(&mut text, found);
                                    }
                                    (format!("{} of {} cases differ", row.disagreements, row.tally.judged()), text)
                                });
                                test_case(writer, &row.rule, engine.name(), failure)?;
                            }
                            Ok(())
                        })?;
                }
                for engine in self.changers {
                    let rows: Vec<&changed::Row> = changes.rows.iter().filter(|row| row.engine == engine.name()).collect();
                    let failed = rows.iter().filter(|row| row.disagreements > 0).count();
                    let suite = [("name", engine.name().to_owned()), ("tests", rows.len().to_string()), ("failures", failed.to_string())];
                    writer
                        .create_element("testsuite")
                        .with_attributes(suite.iter().map(|(name, value)| (*name, value.as_str())))
                        .write_inner_content(|writer| {
                            for row in rows {
                                let failure = (row.disagreements > 0).then(|| {
                                    let of_row = |found: &&changed::Disagreement| {
                                        self.items.get(found.item).is_some_and(|item| item.head().id == row.id)
                                            && self.changers.get(found.engine).is_some_and(|engine| engine.name() == row.engine)
                                    };
                                    let mut text = String::new();
                                    if let Some(found) = changes.disagreements.iter().find(of_row) {
                                        self.changed_otherwise(&mut text, found);
                                    }
                                    (format!("{} of {} cases differ", row.disagreements, row.changed + row.left_alone), text)
                                });
                                test_case(writer, &row.id, engine.name(), failure)?;
                            }
                            Ok(())
                        })?;
                }
                let one_sided = outcome.one_sided.len() + changes.one_sided.len();
                let suite = [("name", "both sides".to_owned()), ("tests", one_sided.to_string()), ("failures", one_sided.to_string())];
                if one_sided > 0 {
                    writer
                        .create_element("testsuite")
                        .with_attributes(suite.iter().map(|(name, value)| (*name, value.as_str())))
                        .write_inner_content(|writer| {
                            for (rule, tally) in &outcome.one_sided {
                                let text = format!("passed {}, failed {}, did not apply {}", tally.pass, tally.fail, tally.skip);
                                test_case(writer, rule, "both sides", Some(("not seen both to pass and to fail".to_owned(), text)))?;
                            }
                            for (id, changed, left) in &changes.one_sided {
                                let text = format!("changed {changed}, left {left} alone");
                                let failure = ("not seen both to change and to leave alone".to_owned(), text);
                                test_case(writer, id, "both sides", Some(failure))?;
                            }
                            Ok(())
                        })?;
                }
                let idle = self.idle.len().to_string();
                let suite = [("name", "judged nothing"), ("tests", idle.as_str()), ("failures", idle.as_str())];
                if !self.idle.is_empty() {
                    writer.create_element("testsuite").with_attributes(suite).write_inner_content(|writer| {
                        for (engine, why) in self.idle {
                            test_case(writer, engine, "judged nothing", Some(("judged nothing".to_owned(), why.clone())))?;
                        }
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
        let mut text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
        text.push('\n');
        Ok(text)
    }
}

fn test_case(writer: &mut Writer<Vec<u8>>, name: &str, class: &str, failure: Option<(String, String)>) -> io::Result<()> {
    let case = writer.create_element("testcase").with_attributes([("name", name), ("classname", class)]);
    match failure {
        None => case.write_empty().map(|_| ()),
        Some((message, text)) => case
            .write_inner_content(|writer| {
                // XML has no other control characters.
                let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
                writer.create_element("failure").with_attribute(("message", message.as_str())).write_text_content(BytesText::new(&text))?;
                Ok(())
            })
            .map(|_| ()),
    }
}

/// A case as a manifest that reads as the same case: in YAML, or in JSON where YAML would read otherwise.
fn document(schema: &Schema, case: &Case) -> String {
    let mut whole = if is_plain(case) && case.beside.is_none() { case.object.clone() } else { admission_review(case) };
    if let (Some(space), Some(fields)) = (&case.namespace_object, whole.as_object_mut()) {
        fields.insert("namespaceObject".to_owned(), space.clone());
    }
    if let (Some(beside), Some(fields)) = (&case.beside, whole.as_object_mut()) {
        fields.insert("beside".to_owned(), beside.objects.clone().into());
        if !beside.unknown.is_empty() {
            fields.insert("unknown".to_owned(), beside.unknown_ids().into());
        }
    }
    let reads_as_the_case = |whole: &Json| {
        objects::case(schema, &Node::from(whole), "", 0).is_ok_and(|read| Case { origin: case.origin.clone(), ..read } == *case)
    };
    // What goes without saying is not said; some of it only where other things are not said either.
    for name in ["name", "namespace", "object", "oldObject"].repeat(2) {
        let mut less = whole.clone();
        if let Some(request) = less.get_mut("request").and_then(Json::as_object_mut)
            && request.shift_remove(name).is_some()
            && reads_as_the_case(&less)
        {
            whole = less;
        }
    }
    let same = |text: &str| {
        let read = manifest::read_text(text);
        let [document] = read.documents.as_slice() else { return false };
        read.findings.is_empty() && Json::from(&document.node) == whole
    };
    let yaml = yaml::compact(&whole);
    if same(&yaml) && !yaml.lines().any(|line| line == "END") { yaml } else { format!("{whole}\n") }
}
