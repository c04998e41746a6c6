//! OPA: a package `polc.PACK` for each pack, and `polc.main` with the violations of all.

use super::{Artifact, Emission, Outcome};
use crate::diagnostic::{Diagnostic, Span, codes::build};
use crate::ir::{Pack, Program, Rule};
use crate::lower::rego::{self, Module, print};
use handlebars::Handlebars;
use serde_json::json;
use std::collections::BTreeMap;

/// The name of the target.
pub const NAME: &str = "opa";

/// The package under which everything stands.
const ROOT: &str = "polc";

/// Writes the modules of a program.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    let mut packages: BTreeMap<String, String> = BTreeMap::from([("main".to_owned(), "the package of all violations".to_owned())]);
    let mut imported = Vec::new();
    for pack in program.packs.values() {
        let mut module = Module::default();
        for rule in &pack.rules {
            rule_row(rule, &mut module, &mut emission);
        }
        for item in &pack.uncompiled {
            emission.row(NAME, &item.id, Outcome::NotApplicable(format!("OPA judges: it carries no {}", item.construct)));
        }
        if module.rules.is_empty() {
            continue;
        }
        let package = package_name(&pack.name);
        if let Some(first) = packages.get(&package) {
            let span = pack.rules.first().map(|rule| rule.span).unwrap_or_default();
            emission.collide(NAME, &format!("{ROOT}.{package}"), first, &pack.name, span);
            continue;
        }
        packages.insert(package.clone(), pack.name.clone());
        write(
            &mut emission,
            format!("opa/{}.rego", pack.name),
            include_str!("../../templates/opa-pack.hbs"),
            &pack_data(pack, &package, &module),
        );
        imported.push(package);
    }
    imported.sort();
    let data = json!({ "root": ROOT, "packages": imported });
    write(&mut emission, "opa/main.rego".to_owned(), include_str!("../../templates/opa-main.hbs"), &data);
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    emission
}

fn rule_row(rule: &Rule, module: &mut Module, emission: &mut Emission) {
    if !rule.targets.include(NAME) {
        emission.row(NAME, &rule.id, Outcome::Dropped);
        return;
    }
    match module.add(rule) {
        Ok(()) => emission.row(NAME, &rule.id, Outcome::Exact),
        Err(unsupported) => emission.refuse(NAME, &rule.id, &unsupported),
    }
}

fn pack_data(pack: &Pack, package: &str, module: &Module) -> serde_json::Value {
    json!({
        "title": print::string(&pack.name),
        "description": if pack.doc.trim().is_empty() { None } else { Some(print::string(pack.doc.trim())) },
        "root": ROOT,
        "package": package,
        "foundation": print::rules(&module.foundation()),
        "rules": print::rules(&module.rules),
        "helpers": rego::helper::text(&module.helpers),
    })
}

fn write(emission: &mut Emission, path: String, template: &str, data: &serde_json::Value) {
    let mut handlebars = Handlebars::new();
    handlebars.register_escape_fn(handlebars::no_escape);
    handlebars.set_strict_mode(true);
    match handlebars.render_template(template, data) {
        Ok(text) => emission.artifacts.push(Artifact { path, contents: text.into_bytes() }),
        Err(error) => emission.diagnostics.push(
            Diagnostic::error(&build::TEMPLATE, Span::default(), format!("`{path}` cannot be written: {error}"))
                .with_help("this is a fault of polc, not of the policies: report it"),
        ),
    }
}

/// A pack's name as a part of a package name: hyphens become underscores.
#[must_use]
pub fn package_name(pack: &str) -> String {
    pack.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
