//! The cases under `golden/`.

use super::repository;
use polc::diagnostic::Sources;
use polc::schema::Schema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The options of a case's build.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The targets; all of them unless given.
    #[serde(default)]
    targets: Vec<String>,
    /// Params, as on the command line.
    #[serde(default)]
    params: BTreeMap<String, String>,
}

/// A case.
#[derive(Debug)]
pub struct Case {
    /// The name of its folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    options: Options,
}

/// All cases, in the order of their names.
pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = fs::read_dir(repository("golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|folder| {
            let options = fs::read_to_string(folder.join("build.json"))
                .map_or_else(|_| Options::default(), |text| serde_json::from_str(&text).unwrap());
            Case { name: folder.file_name().unwrap().to_str().unwrap().to_owned(), folder, options }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

impl Case {
    /// Its policy files.
    pub fn sources(&self) -> Vec<PathBuf> {
        let mut sources: Vec<PathBuf> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "pol"))
            .collect();
        sources.sort();
        sources
    }

    /// The folder of its CustomResourceDefinitions, where it has one.
    pub fn crds(&self) -> Option<PathBuf> {
        Some(self.folder.join("crds")).filter(|folder| folder.exists())
    }

    /// The kinds that its rules are about.
    pub fn schema(&self) -> &'static Schema {
        let Some(folder) = self.crds() else { return Schema::kubernetes() };
        let mut sources = Sources::default();
        let indices: Vec<u32> = super::files_below(&folder, "yaml")
            .iter()
            .map(|file| sources.add_configuration(file.display().to_string(), fs::read_to_string(file).unwrap()))
            .collect();
        polc::crd::read(&sources, &indices).unwrap_or_else(|wrong| panic!("{wrong:#?}")).schema
    }

    /// Its params, as `name=value`.
    pub fn params(&self) -> Vec<String> {
        self.options.params.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Builds it into a folder, through the command.
    pub fn build_into(&self, out: &Path) {
        build(&self.sources(), &self.crds(), &self.options.targets, &self.params(), out);
    }

    /// What it gives: the files by `target/path`.
    pub fn build(&self) -> BTreeMap<String, Vec<u8>> {
        let out = tempfile::tempdir().unwrap();
        self.build_into(out.path());
        files(out.path(), 2)
    }
}

/// The files so many folders below a folder, or deeper, by their path in it.
pub fn files(folder: &Path, depth: usize) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .min_depth(depth)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let path = path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            (path, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Runs `polc build`, which has to succeed.
pub fn build(sources: &[PathBuf], crds: &Option<PathBuf>, targets: &[String], params: &[String], out: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polc"));
    command.arg("build").args(sources).arg("--out").arg(out);
    if let Some(crds) = crds {
        command.arg("--crds").arg(crds);
    }
    if !targets.is_empty() {
        command.arg("--target").arg(targets.join(","));
    }
    for param in params {
        command.arg("--param").arg(param);
    }
    succeed(&mut command);
}

/// Runs a command, which has to succeed, and gives what it prints.
pub fn succeed(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.stdout
}
