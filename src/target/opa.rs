//! OPA: a package `polc.PACK` for each pack, `polc.main` with the violations of all, `system` with the answer to an admission review, and all of it as a bundle.

use super::rego_modules::{PackModule, data, packs, write};
use super::signature::Signing;
use super::{Artifact, Emission, bundle, inventory};
use crate::ir::Program;
use crate::lower::rego::Frame;
use serde_json::json;

/// The name of the target.
pub const NAME: &str = "opa";

/// The folder of the bundle: beside that of the modules, for OPA reads all that lies in a folder, and so would read each module twice.
pub const BUNDLE: &str = "opa-bundle";

/// The package under which everything stands.
const ROOT: &str = "polc";

/// The packages that the bundle owns.
const ROOTS: &[&str] = &[ROOT, "system"];

/// Where the bundle is.
const BUNDLE_PATH: &str = "opa-bundle/bundle.tar.gz";

/// Signs the bundle among what was emitted for a program; whether there is one.
///
/// # Errors
/// When the key does not sign.
pub fn sign(emission: &mut Emission, program: &Program, signing: &Signing) -> std::io::Result<bool> {
    let modules: Vec<Artifact> =
        emission.artifacts.iter().filter(|artifact| artifact.path.starts_with(&format!("{NAME}/"))).cloned().collect();
    let Some(artifact) = emission.artifacts.iter_mut().find(|artifact| artifact.path == BUNDLE_PATH) else { return Ok(false) };
    artifact.contents = bundle::of(&modules, ROOTS, &program.digest, Some(signing))?;
    Ok(true)
}

/// Writes the modules of a program, and the bundle of them.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    let taken = [("main", "the package of all violations"), ("system", "the file of the answer to a review")];
    let modules = packs(program, NAME, ROOT, Frame::Opa, &taken, |_| None, &mut emission);
    for PackModule { pack, package, module } in &modules {
        let data = data(pack, ROOT, package, module);
        write(&mut emission, format!("{NAME}/{}.rego", pack.name), include_str!("../../templates/opa-pack.hbs"), &data);
    }
    let mut imported: Vec<&str> = modules.iter().map(|module| module.package.as_str()).collect();
    imported.sort_unstable();
    let data = json!({ "root": ROOT, "packages": imported, "empty": imported.is_empty() });
    write(&mut emission, format!("{NAME}/main.rego"), include_str!("../../templates/opa-main.hbs"), &data);
    write(&mut emission, format!("{NAME}/system.rego"), include_str!("../../templates/opa-system.hbs"), &data);
    if let Some(flags) = inventory::replication(program, NAME) {
        emission.notes.push(format!(
            "opa: rules look at other objects, which have to be replicated into OPA, for kube-mgmt with {flags}: see docs/targets.md"
        ));
    }
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    match bundle::of(&emission.artifacts, ROOTS, &program.digest, None) {
        Ok(contents) => emission.artifacts.push(Artifact { path: BUNDLE_PATH.to_owned(), contents }),
        Err(error) => bundle::fail(&mut emission, &error),
    }
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    emission
}
