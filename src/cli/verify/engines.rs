//! The engines that `polc verify` knows. A new one is a file beside this one and a line in [`ENGINES`].

use super::{kyverno, opa};
use crate::ir::{Program, Rule};
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
        start: fn(Start<'_>) -> Result<Box<dyn Engine>, String>,
    },
}

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
    Known { name: "opa", what: "emitted Rego in OPA 1.22", source: Source::Program { file: "polc-opa", start: opa::start } },
    Known {
        name: "opa-1.21",
        what: "emitted Rego in the OPA of conftest",
        source: Source::Program { file: "polc-opa-1.21", start: opa::start },
    },
    Known {
        name: "opa-1.17",
        what: "emitted Rego in the OPA of Gatekeeper",
        source: Source::Program { file: "polc-opa-1.17", start: opa::start },
    },
    Known {
        name: "kyverno",
        what: "emitted ClusterPolicies in Kyverno",
        source: Source::Program { file: "polc-kyverno", start: kyverno::start },
    },
];

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
