//! `polc.yaml` for the commands: where it is found, and what of it counts.

use super::sources::read_text;
use super::{Failure, io_text};
use crate::config::{self, Config, FILE_NAME, Overlay};
use crate::diagnostic::codes::{config as codes, input};
use crate::diagnostic::{Sources, nearest};
use std::path::{Path, PathBuf};

/// The options of every command that reads a configuration.
#[derive(Debug, Default, clap::Args)]
pub struct ConfigArguments {
    /// The configuration [default: `polc.yaml` in the working directory, where there is one].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The environment of the configuration whose params, actions and exemptions count.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
}

/// The configuration of a run; an empty one where there is no file.
#[derive(Debug, Default)]
pub struct Project {
    /// What it says.
    pub config: Config,
    /// The chosen environment.
    pub environment: Option<String>,
    /// Its file as messages name it; none where there is none.
    pub file: Option<String>,
    folder: PathBuf,
}

impl ConfigArguments {
    /// Fails where a command that has no policies of its own finds none on the command line and no configuration either.
    pub fn require_policies(&self, given: &[PathBuf]) -> Result<(), Failure> {
        if given.is_empty() && self.config.is_none() && !Path::new(FILE_NAME).exists() {
            return Err(Failure::new(&input::BAD_USAGE, "no policies are given".to_owned())
                .with_help(format!("name them with `--policies <PATH>`, or in a `{FILE_NAME}`")));
        }
        Ok(())
    }

    /// Reads the configuration and adds its text to the sources.
    pub fn load(&self, sources: &mut Sources) -> Result<Project, Failure> {
        let path = match &self.config {
            Some(path) => path.clone(),
            None => match Path::new(FILE_NAME).try_exists() {
                Ok(true) => PathBuf::from(FILE_NAME),
                Ok(false) => return self.without_file(),
                Err(error) => {
                    return Err(Failure::new(&input::CANNOT_READ, format!("cannot read `{FILE_NAME}`: {}", io_text(&error)))
                        .with_help("check its permissions"));
                }
            },
        };
        let text = read_text(&path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let index = sources.add_configuration(path.display().to_string(), text);
        let config = config::read(index, text).map_err(|diagnostics| Failure::diagnostics(diagnostics, sources.clone()))?;
        let project = Project {
            environment: self.env.clone(),
            file: Some(path.display().to_string()),
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            config,
        };
        match &self.env {
            Some(name) if project.config.layers(Some(name)).is_none() => Err(unknown_environment(name, &path, &project.config)),
            Some(_) | None => Ok(project),
        }
    }

    fn without_file(&self) -> Result<Project, Failure> {
        match &self.env {
            None => Ok(Project::default()),
            Some(name) => Err(Failure::new(
                &codes::UNKNOWN_ENVIRONMENT,
                format!("there is no environment `{name}`: there is no `{FILE_NAME}` in the working directory"),
            )
            .with_help("name the configuration with `--config FILE`")),
        }
    }
}

fn unknown_environment(name: &str, path: &Path, config: &Config) -> Failure {
    let names: Vec<&str> = config.environments.iter().map(|(key, _)| key.value.as_str()).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it has no `environments`".to_owned(),
        None => format!("the environments are {}", names.join(", ")),
    };
    Failure::new(&codes::UNKNOWN_ENVIRONMENT, format!("`{}` has no environment `{name}`", path.display())).with_help(help)
}

impl Project {
    /// The overlays that count, the strongest first.
    pub fn layers(&self) -> Vec<&Overlay> {
        self.config.layers(self.environment.as_deref()).unwrap_or_default()
    }

    /// A path of the configuration, which is relative to its file.
    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The policies: those of the configuration, or the folder `policies`.
    pub fn policies(&self) -> Vec<PathBuf> {
        match self.config.policies.as_slice() {
            [] => vec![self.path("policies")],
            paths => paths.iter().map(|path| self.path(&path.value)).collect(),
        }
    }

    /// The CustomResourceDefinitions.
    pub fn crds(&self) -> Vec<PathBuf> {
        self.config.crds.iter().map(|path| self.path(&path.value)).collect()
    }

    /// The output folder: that of the configuration or `dist`, and below it that of the environment.
    pub fn out(&self) -> PathBuf {
        let out = self.path(self.config.out.as_ref().map_or("dist", |out| out.value.as_str()));
        match &self.environment {
            Some(name) => out.join(name),
            None => out,
        }
    }
}
