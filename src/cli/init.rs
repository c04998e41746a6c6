//! `polc init`

use super::{Context, Failure, Format, Status, io_text, print, print_json};
use crate::diagnostic::codes::{build, input};
use crate::library::Level;
use handlebars::Handlebars;
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Lays out a repository of policies that builds at once: rules with tests, a configuration, example manifests and what CI runs.
///
/// Nothing that is there is overwritten: a file in the way is an error, and nothing is written then.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// How much of the library to begin with.
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Choice,
    /// How to print the report.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Choice {
    /// The baseline of the Pod Security Standards, and what the API server refuses anyway.
    #[default]
    Baseline,
    /// Also the restricted level of the Pod Security Standards.
    Restricted,
    /// Also hardening beyond them, images, resources, probes, disruption and the other topics.
    Hardened,
    /// All of the library: also conventions, and the diagnosis of live objects.
    Full,
}

impl Choice {
    fn level(self) -> Level {
        match self {
            Choice::Baseline => Level::Baseline,
            Choice::Restricted => Level::Restricted,
            Choice::Hardened => Level::Hardened,
            Choice::Full => Level::Full,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    folder: String,
    level: &'a str,
    written: Vec<&'a str>,
}

/// The files of a new repository by their paths.
fn layout(level: Level) -> Result<Vec<(String, String)>, Failure> {
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(handlebars::no_escape);
    let data = json!({
        "level": if level == Level::Baseline { "baseline" } else { level.name() },
        "images": level >= Level::Hardened,
    });
    let render = |text: &str| {
        templates.render_template(text, &data).map_err(|error| {
            Failure::new(&build::TEMPLATE, format!("a file of the layout cannot be written: {error}"))
                .with_help("this is a fault of polc: report it")
        })
    };
    let mut files: Vec<(String, String)> = level.files().map(|file| (format!("policies/{}", file.path), file.text.to_owned())).collect();
    if !level.has_pod_security() {
        files.push(("policies/levels/levels.pol".to_owned(), render(include_str!("../../templates/init/levels.hbs"))?));
    }
    files.push(("policies/own/own.pol".to_owned(), include_str!("../../templates/init/own.pol").to_owned()));
    files.push(("examples/good.yaml".to_owned(), include_str!("../../templates/init/good.yaml").to_owned()));
    files.push(("examples/bad.yaml".to_owned(), include_str!("../../templates/init/bad.yaml").to_owned()));
    files.push(("polc.yaml".to_owned(), include_str!("../../templates/init/polc.yaml").to_owned()));
    files.push((".github/workflows/policies.yaml".to_owned(), include_str!("../../templates/init/workflow.yaml").to_owned()));
    files.push(("check.sh".to_owned(), include_str!("../../templates/init/check.sh").to_owned()));
    files.push(("README.md".to_owned(), render(include_str!("../../templates/init/readme.hbs"))?));
    files.sort();
    Ok(files)
}

fn cannot(path: &Path, doing: &str, error: &std::io::Error) -> Failure {
    Failure::new(&input::CANNOT_WRITE, format!("cannot {doing} `{}`: {}", path.display(), io_text(error)))
        .with_help("give a folder that can be written")
}

/// Writes a file that must not be there.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot(parent, "make", &error))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if path.extension().is_some_and(|extension| extension == "sh") {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o755);
    }
    let mut file = options.open(path).map_err(|error| cannot(path, "write", &error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot(path, "write", &error))
}

pub fn run(arguments: &Arguments, _: &Context) -> Result<Status, Failure> {
    let level = arguments.level.level();
    let files = layout(level)?;
    let folder = &arguments.folder;
    if let Some((path, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(folder.join(path)).is_ok()) {
        return Err(Failure::new(&input::FOREIGN_FILE, format!("`{}` is there already", folder.join(path).display()))
            .with_help("nothing was written; give a new folder: `polc init my-policies`"));
    }
    let mut written: Vec<&str> = Vec::new();
    for (path, text) in &files {
        if let Err(failure) = write_new(&folder.join(path), text) {
            for done in &written {
                let _ = fs::remove_file(folder.join(done));
            }
            return Err(failure);
        }
        written.push(path);
    }
    match arguments.format {
        Format::Json => print_json(&Report { folder: folder.display().to_string(), level: level.name(), written })?,
        Format::Text => {
            let enter = if folder.as_path() == Path::new(".") { String::new() } else { format!("cd {} && ", folder.display()) };
            print(&format!(
                "{}: {} files at level {}\nnow run: {enter}polc build && ./check.sh\n",
                folder.display(),
                written.len(),
                level.name()
            ))?;
        }
    }
    Ok(Status::Fine)
}
