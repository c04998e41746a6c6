//! `conftest`: a package `main.PACK` for each pack with `deny` and `warn`, and `main` with those of all.

use super::Emission;
use super::rego_modules::{PackModule, data, packs, write};
use crate::ir::walk::roots;
use crate::ir::{Operation, Program, Root, Rule};
use crate::lower::rego::Frame;
use serde_json::json;

/// The name of the target.
pub const NAME: &str = "conftest";

/// The package that conftest looks at unless it is told another.
const ROOT: &str = "main";

/// Why a rule says nothing of manifests, which are read without a request around them.
fn never_applies(rule: &Rule) -> Option<&'static str> {
    if !rule.operations.contains(&Operation::Create) {
        return Some("conftest reads manifests, which are neither updated nor deleted");
    }
    if !rule.kinds.iter().any(|kind| kind.subresource.is_none()) {
        return Some("conftest reads manifests, which are sent to no subresource");
    }
    roots(rule).contains(&Root::Request).then_some("conftest reads manifests, around which there is no `request`")
}

/// Writes the modules of a program.
#[must_use]
pub fn emit(program: &Program) -> Emission {
    let mut emission = Emission::default();
    let taken = [("main", "the file of all packs"), ("deny", "the rule of what is denied"), ("warn", "the rule of what is warned of")];
    let modules = packs(program, NAME, ROOT, Frame::Conftest, &taken, never_applies, &mut emission);
    for PackModule { pack, package, module } in &modules {
        let data = data(pack, ROOT, package, module);
        write(&mut emission, format!("{NAME}/{}.rego", pack.name), include_str!("../../templates/conftest-pack.hbs"), &data);
    }
    let mut imported: Vec<&str> = modules.iter().map(|module| module.package.as_str()).collect();
    imported.sort_unstable();
    let data = json!({ "root": ROOT, "packages": imported });
    write(&mut emission, format!("{NAME}/main.rego"), include_str!("../../templates/conftest-main.hbs"), &data);
    emission.artifacts.sort_by(|left, right| left.path.cmp(&right.path));
    emission
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::Sources;
    use crate::target::Outcome;

    #[test]
    fn what_no_manifest_can_show_is_not_applicable() {
        let mut sources = Sources::default();
        sources.add(
            "a.pol",
            "pack p\nrule a { match Pod forbid pod.spec.hostPID message \"a\" }\n\
            rule b { match Pod on update, delete forbid pod.spec.hostPID message \"b\" }\n\
            rule c { match Pod where request.userInfo.username == \"x\" forbid pod.spec.hostPID message \"c\" }\n\
            rule e { match Deployment/scale require object.spec.replicas > 1 message \"e\" }\n\
            rule d { targets except conftest\n match Pod on delete forbid pod.spec.hostPID message \"d\" }\n",
        );
        let emission = emit(&compile(&sources, &crate::resolve::Options::default()).unwrap().program);
        let outcomes: Vec<_> = emission.report.iter().map(|row| &row.outcome).collect();
        let [
            Outcome::Exact,
            Outcome::NotApplicable(on_update),
            Outcome::NotApplicable(request),
            Outcome::NotApplicable(part),
            Outcome::Dropped,
        ] = outcomes[..]
        else {
            panic!("{outcomes:?}")
        };
        assert_eq!(part, "conftest reads manifests, which are sent to no subresource");
        assert_eq!(on_update, "conftest reads manifests, which are neither updated nor deleted");
        assert_eq!(request, "conftest reads manifests, around which there is no `request`");
        let modules: String = emission.artifacts.iter().map(|artifact| String::from_utf8_lossy(&artifact.contents)).collect();
        assert!(modules.contains("\"p/a\"") && !modules.contains("\"p/b\"") && !modules.contains("\"p/c\""), "{modules}");
    }
}
