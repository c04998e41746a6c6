//! `conftest`: a package `main.PACK` for each pack with `deny` and `warn`, and `main` with those of all.

use super::Emission;
use super::rego_modules::{PackModule, data, packs, write};
use crate::ir::Program;
use crate::lower::rego::Frame;
use serde_json::json;

/// The name of the target.
pub const NAME: &str = "conftest";

/// The package that conftest looks at unless it is told another.
const ROOT: &str = "main";

/// Writes the modules of a program.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    let taken = [("main", "the file of all packs"), ("deny", "the rule of what is denied"), ("warn", "the rule of what is warned of")];
    let modules = packs(program, NAME, ROOT, &taken, &mut emission);
    for PackModule { pack, package, module } in &modules {
        let data = data(pack, ROOT, package, module, Frame::Opa);
        write(&mut emission, format!("{NAME}/{}.rego", pack.name), include_str!("../../templates/conftest-pack.hbs"), &data);
    }
    let mut imported: Vec<&str> = modules.iter().map(|module| module.package.as_str()).collect();
    imported.sort_unstable();
    let data = json!({ "root": ROOT, "packages": imported });
    write(&mut emission, format!("{NAME}/main.rego"), include_str!("../../templates/conftest-main.hbs"), &data);
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    emission
}
