//! What the targets in Rego share: a module for each pack, and the templates around it.

use super::{Artifact, Emission, Outcome};
use crate::diagnostic::{Diagnostic, Span, codes::build};
use crate::ir::{Pack, Program, Rule};
use crate::lower::rego::{self, Frame, Module, print};
use handlebars::Handlebars;
use serde_json::json;
use std::collections::BTreeMap;

/// A pack in Rego.
pub(crate) struct PackModule<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The last part of its package's name.
    pub package: String,
    /// Its rules.
    pub module: Module,
}

/// The packs that have rules for a target, each with a package of its own under `root`; `taken` are the names that are no pack's, with what they are. `applies` says why a rule
/// never applies there.
pub(crate) fn packs<'a>(
    program: &'a Program,
    target: &'static str,
    root: &str,
    frame: Frame,
    taken: &[(&str, &str)],
    applies: impl Fn(&Rule) -> Option<&'static str>,
    emission: &mut Emission,
) -> Vec<PackModule<'a>> {
    let mut packages: BTreeMap<String, String> = taken.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())).collect();
    let mut modules = Vec::new();
    for pack in program.packs.values() {
        let mut module = Module::new(frame);
        for rule in &pack.rules {
            match applies(rule).filter(|_| rule.targets.include(target)) {
                Some(why) => emission.row(target, &rule.id, Outcome::NotApplicable(why.to_owned())),
                None if emission.wants(target, rule) => add(rule, target, &mut module, emission),
                None => {}
            }
        }
        if module.rules.is_empty() {
            continue;
        }
        let package = package_name(&pack.name);
        if let Some(first) = packages.get(&package) {
            let span = pack.rules.first().map(|rule| rule.span).unwrap_or_default();
            emission.collide(target, &format!("{root}.{package}"), first, &pack.name, span);
            continue;
        }
        packages.insert(package.clone(), pack.name.clone());
        modules.push(PackModule { pack, package, module });
    }
    modules
}

/// Adds a rule to a module, and its row.
pub(crate) fn add(rule: &Rule, target: &'static str, module: &mut Module, emission: &mut Emission) {
    match module.add(rule) {
        Ok(()) => emission.row(target, &rule.id, Outcome::Exact),
        Err(unsupported) => emission.refuse(target, &rule.id, &unsupported),
    }
}

/// What a pack's template gets.
pub(crate) fn data(pack: &Pack, root: &str, package: &str, module: &Module) -> serde_json::Value {
    json!({
        "title": print::string(&pack.name),
        "description": if pack.doc.trim().is_empty() { None } else { Some(print::string(pack.doc.trim())) },
        "root": root,
        "package": package,
        "foundation": print::rules(&module.foundation()),
        "rules": print::rules(&module.rules),
        "helpers": rego::helper::text(&module.helpers),
    })
}

/// A template with its data as a text; the emission says why there is none.
pub(crate) fn render(emission: &mut Emission, path: &str, template: &str, data: &serde_json::Value) -> Option<String> {
    let mut handlebars = Handlebars::new();
    handlebars.register_escape_fn(handlebars::no_escape);
    handlebars.set_strict_mode(true);
    match handlebars.render_template(template, data) {
        Ok(text) => Some(text),
        Err(error) => {
            emission.diagnostics.push(
                Diagnostic::error(&build::TEMPLATE, Span::default(), format!("`{path}` cannot be written: {error}"))
                    .with_help("this is a fault of polc, not of the policies: report it"),
            );
            None
        }
    }
}

/// Writes a file from a template.
pub(crate) fn write(emission: &mut Emission, path: String, template: &str, data: &serde_json::Value) {
    if let Some(text) = render(emission, &path, template, data) {
        emission.artifacts.push(Artifact { path, contents: text.into_bytes() });
    }
}

/// A pack's name as a part of a package name: hyphens become underscores.
#[must_use]
pub(crate) fn package_name(pack: &str) -> String {
    pack.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
