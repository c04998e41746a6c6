//! CustomResourceDefinitions that commands are given.

use super::Failure;
use super::config::Project;
use super::sources::{files_under, read_text};
use crate::crd;
use crate::diagnostic::Sources;
use crate::diagnostic::codes::input;
use crate::schema::Schema;
use std::path::PathBuf;

/// The options of every command that knows custom kinds.
#[derive(Debug, Default, clap::Args)]
pub struct CrdArguments {
    /// CustomResourceDefinitions, for rules about their kinds: a YAML or JSON file, or a folder that holds some; may be repeated [default: those of the configuration].
    #[arg(long, num_args = 1, value_name = "PATH")]
    crds: Vec<PathBuf>,
}

impl CrdArguments {
    /// The paths on the command line.
    pub fn given(&self) -> &[PathBuf] {
        &self.crds
    }

    /// The schema of Kubernetes with the kinds of the definitions that are given, or else of those of the configuration; their texts are added to the sources.
    pub fn schema(&self, project: &Project, sources: &mut Sources) -> Result<&'static Schema, Failure> {
        if self.crds.is_empty() { schema(&project.crds(), sources) } else { schema(&self.crds, sources) }
    }
}

/// The schema of Kubernetes with the kinds of the definitions at these paths.
pub fn schema(paths: &[PathBuf], sources: &mut Sources) -> Result<&'static Schema, Failure> {
    if paths.is_empty() {
        return Ok(Schema::kubernetes());
    }
    let mut indices = Vec::new();
    let mut of_path = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for path in paths {
        let mut own = Vec::new();
        for file in files_under(path, &["yaml", "yml", "json"])? {
            // Two paths may lead to one file.
            if !seen.insert(std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone())) {
                continue;
            }
            let text = read_text(&file)?;
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            own.push(sources.add_configuration(file.display().to_string(), text));
        }
        indices.extend(&own);
        of_path.push((path, own));
    }
    let found = crd::read(sources, &indices).map_err(|wrong| Failure::diagnostics(wrong, sources.clone()))?;
    for (path, own) in of_path {
        if !own.is_empty() && own.iter().all(|index| found.by_source.get(index).is_none_or(|count| *count == 0)) {
            return Err(none_in(path));
        }
        if own.is_empty() && !path.is_file() && files_under(path, &["yaml", "yml", "json"])?.is_empty() {
            return Err(none_in(path));
        }
    }
    Ok(found.schema)
}

fn none_in(path: &std::path::Path) -> Failure {
    Failure::new(&input::NO_CRDS, format!("there is no CustomResourceDefinition in `{}`", path.display())).with_help(
        "give a file with objects of `apiVersion: apiextensions.k8s.io/v1`, `kind: CustomResourceDefinition`, or a folder that holds some",
    )
}
