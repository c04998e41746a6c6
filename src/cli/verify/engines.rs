//! The engines that `polc verify` knows. A new one is a file beside this one and a line in [`ENGINES`].

use super::{changers, policies, units};
use crate::ir::{Program, Rule};
use crate::verify::changed::Changer;
use crate::verify::engine::Engine;
use std::path::{Path, PathBuf};

/// What is given to an engine that starts.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The rules that are compared.
    pub rules: &'a [&'a Rule],
    /// The program that they are of.
    pub program: &'a Program,
    /// The engine's program, where it is one.
    pub path: &'a Path,
    /// The name of the engine.
    pub name: &'static str,
}

/// How an engine comes to be.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// It is in `polc`.
    #[cfg(feature = "engines")]
    Embedded(fn(Start<'_>) -> Box<dyn Engine>),
    /// It is a program of this name, which is looked for.
    Program {
        /// The name of the file.
        file: &'static str,
        /// Starts it, or says why that is not possible.
        start: Begin,
    },
    /// It is a program of this name that changes objects.
    Changing {
        /// The name of the file.
        file: &'static str,
        /// Starts it, or says why that is not possible.
        start: BeginChanging,
    },
}

/// Starts an engine that judges.
pub type Begin = fn(Start<'_>) -> Result<Box<dyn Engine>, String>;

/// Starts an engine that changes objects.
pub type BeginChanging = fn(Start<'_>) -> Result<Box<dyn Changer>, String>;

/// An engine.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// How it comes to be.
    pub source: Source,
}

/// All of them.
pub const ENGINES: &[Known] = &[
    #[cfg(feature = "engines")]
    Known {
        name: crate::engine::regorus::NAME,
        what: "emitted Rego, embedded",
        source: Source::Embedded(|start| Box::new(crate::verify::embedded::Regorus::new(start.rules, start.program))),
    },
    #[cfg(feature = "engines")]
    Known {
        name: crate::engine::cel::NAME,
        what: "emitted CEL, embedded",
        source: Source::Embedded(|start| Box::new(crate::verify::embedded::KubeCel::new(start.rules))),
    },
    program("opa", "emitted Rego in OPA 1.22", "polc-opa", units::opa),
    program("opa-1.21", "emitted Rego in the OPA of conftest", "polc-opa-1.21", units::opa),
    program("opa-1.17", "emitted Rego in the OPA of Gatekeeper", "polc-opa-1.17", units::opa),
    program("conftest", "the modules for conftest in conftest's OPA", "polc-opa-1.21", units::conftest),
    program("gatekeeper", "emitted ConstraintTemplates in Rego in Gatekeeper", "polc-gator", units::gatekeeper),
    program("gatekeeper-cel", "emitted ConstraintTemplates in CEL in Gatekeeper", "polc-gator", units::gatekeeper_cel),
    program("kyverno", "emitted ClusterPolicies in Kyverno", "polc-kyverno", policies::kyverno),
    program("kyverno-vpol", "emitted ValidatingPolicies in Kyverno", "polc-kyverno", policies::kyverno_vpol),
    program(
        "kyverno-exceptions",
        "emitted ValidatingPolicies and PolicyExceptions in Kyverno",
        "polc-kyverno",
        policies::kyverno_exceptions,
    ),
    program("vap", "emitted ValidatingAdmissionPolicies in the API server's code", "polc-admit", policies::vap),
    Known {
        name: "map",
        what: "emitted MutatingAdmissionPolicies in the API server's code",
        source: Source::Changing { file: "polc-mutate", start: changers::map },
    },
    Known {
        name: "gatekeeper-mutation",
        what: "emitted Assigns, AssignMetadatas and ModifySets in Gatekeeper",
        source: Source::Changing { file: "polc-gator-mutate", start: changers::gatekeeper },
    },
    Known {
        name: "kyverno-mpol",
        what: "emitted MutatingPolicies and GeneratingPolicies in Kyverno",
        source: Source::Changing { file: "polc-kyverno-change", start: changers::kyverno },
    },
    Known {
        name: "kyverno-changes",
        what: "emitted ClusterPolicies with mutate and generate rules in Kyverno",
        source: Source::Changing { file: "polc-kyverno-change", start: changers::cluster_policies },
    },
];

const fn program(name: &'static str, what: &'static str, file: &'static str, start: Begin) -> Known {
    Known { name, what, source: Source::Program { file, start } }
}

/// The engine of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Known> {
    ENGINES.iter().find(|engine| engine.name == name)
}

/// Where a program is: in the folder, or where there is none on the `PATH`.
#[must_use]
pub fn locate(file: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let folders = match folder {
        Some(folder) => vec![folder.to_owned()],
        None => std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default(),
    };
    let name = format!("{file}{}", std::env::consts::EXE_SUFFIX);
    folders.into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
}
