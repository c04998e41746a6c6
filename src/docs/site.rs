//! The pages: all they need is in them, so that a folder of files is the whole site.

use super::entry::{Entry, entries};
use super::rows::{self, carriers, chinese};
use crate::diagnostic::Sources;
use crate::ir::{Action, Const, Expect, Given, Operation, Pack, Program, Test, print};
use crate::target::{self, Artifact, Outcome, Target};
use handlebars::{Handlebars, RenderError};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Why a page could not be written: a fault of the templates.
#[derive(Debug, thiserror::Error)]
#[error("the page `{page}` cannot be written: {source}")]
pub struct SiteError {
    page: String,
    source: Box<RenderError>,
}

/// The version of Kubernetes whose schema, defaults and checks hold.
const KUBERNETES: &str = "1.37";

/// The parts of the site's paths before the first `/`: what a build of the site owns in its folder.
pub const ROOTS: [&str; 5] = ["index.html", "rows.html", "packs", "items", "style.css"];

/// Writes the site of a program: its files by their paths.
///
/// # Errors
/// When a template does not fit, which no policy can bring about.
pub fn site(program: &Program, sources: &Sources) -> Result<Vec<Artifact>, SiteError> {
    let report = target::emit(program, &Target::ALL.into_iter().collect(), &target::Options::default()).report;
    let entries = entries(program, &report);
    let pages = Pages { templates: templates(), program, sources, entries: &entries };
    let mut artifacts = vec![
        pages.page("index.html", "index", pages.index())?,
        pages.page("rows.html", "rows", pages.rows())?,
        Artifact { path: "style.css".to_owned(), contents: include_bytes!("../../templates/docs/style.css").to_vec() },
    ];
    for (pack, of) in pages.packs() {
        artifacts.push(pages.page(&format!("packs/{pack}.html"), "pack", pages.pack(pack, &of))?);
    }
    for entry in &entries {
        artifacts.push(pages.page(&format!("items/{}.html", entry.id), "item", pages.item(entry))?);
    }
    artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(artifacts)
}

fn templates() -> Handlebars<'static> {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    let texts = [
        ("layout", include_str!("../../templates/docs/layout.hbs")),
        ("index", include_str!("../../templates/docs/index.hbs")),
        ("pack", include_str!("../../templates/docs/pack.hbs")),
        ("item", include_str!("../../templates/docs/item.hbs")),
        ("rows", include_str!("../../templates/docs/rows.hbs")),
    ];
    for (name, text) in texts {
        // A template that does not parse is missing then, and its first page says so.
        let _ = templates.register_template_string(name, text);
    }
    templates
}

struct Pages<'a> {
    templates: Handlebars<'static>,
    program: &'a Program,
    sources: &'a Sources,
    entries: &'a [Entry<'a>],
}

impl Pages<'_> {
    fn page(&self, path: &str, template: &str, mut data: Json) -> Result<Artifact, SiteError> {
        if let Json::Object(fields) = &mut data {
            fields.insert("root".to_owned(), json!("../".repeat(path.matches('/').count())));
        }
        let contents = self
            .templates
            .render(template, &data)
            .map_err(|error| SiteError { page: path.to_owned(), source: Box::new(error) })?
            .into_bytes();
        Ok(Artifact { path: path.to_owned(), contents })
    }

    /// The packs by name, with their items; the built-in checks stand in the pack `builtin`.
    fn packs(&self) -> BTreeMap<&str, Vec<&Entry<'_>>> {
        let mut packs: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in self.entries {
            packs.entry(entry.pack()).or_default().push(entry);
        }
        packs
    }

    fn about(&self, pack: &str) -> &str {
        self.program.packs.get(pack).map(|pack| pack.doc.trim()).filter(|doc| !doc.is_empty()).unwrap_or_default()
    }

    fn index(&self) -> Json {
        let packs: Vec<Json> = self
            .packs()
            .into_iter()
            .map(|(name, of)| {
                let about = self.about(name).split("\n\n").next().unwrap_or_default().to_owned();
                json!({ "name": name, "about": prose(&about), "items": of.len() })
            })
            .collect();
        let search: Vec<Json> = self
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "id": entry.id,
                    "title": entry.title(),
                    "severity": entry.severity.name(),
                    "words": words(entry),
                })
            })
            .collect();
        // `<` is written as an escape, so that no text can end the script that holds the index.
        let search = Json::from(search).to_string().replace('<', "\\u003c");
        json!({
            "title": "Catalogue",
            "packs": packs,
            "items": self.entries.len(),
            "search": search,
            "script": include_str!("../../templates/docs/search.js"),
        })
    }

    fn pack(&self, name: &str, of: &[&Entry<'_>]) -> Json {
        let pack = self.program.packs.get(name);
        json!({
            "title": name,
            "about": paragraphs(self.about(name).split("\n\n")),
            "params": pack.map(params).unwrap_or_default(),
            "items": of.iter().map(|entry| summary(entry)).collect::<Vec<_>>(),
        })
    }

    fn rows(&self) -> Json {
        let rows: Vec<Json> = rows::rows()
            .iter()
            .map(|row| {
                let carriers: Vec<Json> = carriers(row, self.entries).into_iter().map(summary).collect();
                json!({ "id": row.id, "meaning": row.meaning, "chinese": row.chinese, "carriers": carriers })
            })
            .collect();
        json!({ "title": "Rows", "rows": rows })
    }

    fn item(&self, entry: &Entry<'_>) -> Json {
        let pack = self.program.packs.get(entry.pack());
        let targets: Vec<Json> = entry
            .report
            .iter()
            .map(|row| {
                let (outcome, why) = match &row.outcome {
                    Outcome::Exact => ("exact", String::new()),
                    Outcome::NotApplicable(why) => ("not applicable", why.clone()),
                    Outcome::Dropped => ("not sent there", "its author keeps it from this target".to_owned()),
                    Outcome::Refused(why) => ("refused", why.clone()),
                };
                json!({ "name": row.target, "outcome": outcome, "why": why })
            })
            .collect();
        let (good, bad): (Vec<&Test>, Vec<&Test>) = entry.tests.iter().partition(|test| !matches!(test.expect, Expect::Deny(_)));
        let rule = entry.rule;
        json!({
            "title": entry.id,
            "about": prose(entry.title()),
            "pack": entry.pack(),
            "kind": entry.kind,
            "severity": entry.severity.name(),
            "action": entry.action.map(Action::name),
            "tags": tags(&entry.tags),
            "chinese": chinese(&entry.tags),
            "paragraphs": paragraphs(entry.paragraphs()),
            "fix": entry.fix().map(prose),
            "docs": rule.and_then(|rule| rule.docs.as_deref()).filter(|link| link.starts_with("https://") || link.starts_with("http://")),
            "kinds": rule.map(|rule| rule.kinds.iter().map(|kind| json!({ "kind": kind.kind, "version": kind.api_version(), "subresource": kind.subresource.as_ref().map(|subresource| &subresource.name) })).collect::<Vec<_>>()),
            "everyKind": rule.is_some_and(|rule| rule.kinds.is_empty()),
            "operations": rule.map(|rule| rule.operations.iter().map(|on| on.name()).collect::<Vec<_>>().join(", ")),
            "params": pack.map(params).unwrap_or_default(),
            "source": rule.map(|rule| self.source(rule)),
            "good": good.into_iter().map(|test| self.example(test)).collect::<Vec<_>>(),
            "bad": bad.into_iter().map(|test| self.example(test)).collect::<Vec<_>>(),
            "targets": targets,
            "emitted": pack.map(|pack| emitted(pack, entry)).unwrap_or_default(),
            "kubernetes": KUBERNETES,
        })
    }

    fn source(&self, rule: &crate::ir::Rule) -> Json {
        let (line, _) = self.sources.line_column(rule.span);
        let file = self.sources.get(rule.span.source).map(|source| source.name.clone()).unwrap_or_default();
        let text: Vec<&str> = self.sources.text(rule.span).lines().skip_while(|line| line.trim_start().starts_with("///")).collect();
        json!({ "file": file, "line": line, "text": text.join("\n") })
    }

    fn example(&self, test: &Test) -> Json {
        let given = |given: &Given| match given {
            Given::Object(object) => serde_yaml::to_string(object).unwrap_or_default(),
            Given::File(name, _) => format!("# the file {name}\n"),
        };
        let (word, message) = match &test.expect {
            Expect::Allow => ("passes", None),
            Expect::Deny(message) => ("fails", message.clone()),
            Expect::Skip => ("does not apply", None),
            Expect::Gives(_) => ("gives", None),
        };
        let gives = match &test.expect {
            Expect::Gives(made) => Some(given(made)),
            Expect::Allow | Expect::Deny(_) | Expect::Skip => None,
        };
        let params: Vec<String> = test.params.iter().map(|(name, value)| format!("{name}: {}", print::constant(value))).collect();
        json!({
            "word": word,
            "message": message,
            "on": (test.operation != Operation::Create).then(|| test.operation.name()),
            "given": (!params.is_empty()).then(|| params.join(", ")),
            "object": given(&test.object),
            "old": test.old_object.as_ref().map(given),
            "beside": test.beside.iter().map(given).collect::<Vec<_>>().join("---\n"),
            "gives": gives,
        })
    }
}

/// What each target writes for one item alone.
fn emitted(pack: &Pack, entry: &Entry<'_>) -> Vec<Json> {
    let mut own = Pack { name: pack.name.clone(), doc: pack.doc.clone(), params: pack.params.clone(), ..Pack::default() };
    own.rules = pack.rules.iter().filter(|rule| rule.id == entry.id).cloned().collect();
    own.mutations = pack.mutations.iter().filter(|mutation| mutation.head.id == entry.id).cloned().collect();
    own.generations = pack.generations.iter().filter(|generation| generation.head.id == entry.id).cloned().collect();
    let program = Program { packs: BTreeMap::from([(own.name.clone(), own)]), ..Program::default() };
    let dashed = entry.id.replace('/', "-");
    let mut files = Vec::new();
    for row in entry.report.iter().filter(|row| row.outcome == Outcome::Exact) {
        let Some(target) = Target::find(row.target) else { continue };
        let emission = target::emit(&program, &BTreeSet::from([target]), &target::Options::default());
        for artifact in emission.artifacts {
            let Ok(text) = String::from_utf8(artifact.contents) else { continue };
            if text.contains(&entry.id) || text.contains(&dashed) {
                files.push(json!({ "target": row.target, "path": artifact.path, "text": text }));
            }
        }
    }
    files
}

fn summary(entry: &Entry<'_>) -> Json {
    json!({
        "id": entry.id,
        "about": prose(entry.title()),
        "kind": entry.kind,
        "severity": entry.severity.name(),
        "chinese": chinese(&entry.tags),
        "tests": entry.tests_text(),
        "places": entry.places(),
    })
}

fn params(pack: &Pack) -> Vec<Json> {
    let text = |value: &Const| match value {
        Const::Quantity(quantity) => quantity.to_string(),
        other @ (Const::Bool(_) | Const::Int(_) | Const::String(_) | Const::List(_) | Const::Object(_)) => print::constant(other),
    };
    pack.params.iter().map(|(name, value)| json!({ "name": name, "value": text(value) })).collect()
}

/// What an item is found by, besides its id and title.
fn words(entry: &Entry<'_>) -> String {
    let mut words = entry.tags.join(" ");
    for term in chinese(&entry.tags) {
        let _ = write!(words, " {term}");
    }
    if let Some(fix) = entry.fix() {
        let _ = write!(words, " {fix}");
    }
    words
}

/// Tags with what they refer to.
fn tags(tags: &[String]) -> Vec<Json> {
    tags.iter()
        .map(|tag| {
            let kind = match tag.split_once(':') {
                Some(("pss", _)) => "a level of the Pod Security Standards",
                Some(("psa", _)) => "a check of Pod Security Admission",
                Some(("nsa", _)) => "a topic of the Kubernetes Hardening Guide of NSA and CISA",
                Some(("doc", _)) => "a row of the table",
                Some(("row", _)) => "a row of the table that it has to do with",
                Some(("reason", _)) => "a reason in the status of live objects",
                Some(_) | None if tag.starts_with("cis-") => "a recommendation of the CIS Kubernetes Benchmark 1.11",
                Some(_) | None => "",
            };
            json!({ "tag": tag, "kind": kind })
        })
        .collect()
}

fn paragraphs<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.filter(|text| !text.trim().is_empty()).map(prose).collect()
}

/// A text as HTML: escaped, and what stands in backticks as code.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = handlebars::html_escape(part);
        if index % 2 == 1 {
            let _ = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(&part);
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_escaped_and_code_is_marked() {
        assert_eq!(prose("a `b < c` & <script>"), "a <code>b &lt; c</code> &amp; &lt;script&gt;");
    }
}
