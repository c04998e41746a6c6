//! Writes what a build made: whole or not at all, and only over files that an earlier build made.

use super::Failure;
use crate::diagnostic::codes::input;
use crate::target::Artifact;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file at the root of the output folder that lists what a build made.
pub const MANIFEST: &str = ".polc-manifest.json";

/// The list of files that builds into this folder made, with the SHA-256 of their contents.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// Version of this format.
    version: u32,
    /// SHA-256 in hex by path relative to the output folder, `/` between segments.
    files: BTreeMap<String, String>,
}

/// What a build would change in an output folder.
#[derive(Debug, Default)]
pub struct Changes {
    /// Files that are new or differ.
    pub written: Vec<String>,
    /// Files of an earlier build that are no longer made.
    pub removed: Vec<String>,
}

impl Changes {
    /// Whether the folder already is what the build makes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }
}

fn digest(contents: &[u8]) -> String {
    Sha256::digest(contents).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn failure(path: &Path, doing: &str, error: &io::Error) -> Failure {
    Failure::new(&input::CANNOT_WRITE, format!("cannot {doing} `{}`: {}", path.display(), super::io_text(error)))
        .with_help("nothing was changed; give a folder that can be written with `--out`")
}

/// A relative path of plain segments, so that a manifest that somebody wrote by hand cannot reach outside the folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn read_manifest(out: &Path) -> Result<Manifest, Failure> {
    let path = out.join(MANIFEST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Manifest::default());
        }
        Err(error) => return Err(failure(&path, "read", &error)),
    };
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| {
        Failure::new(&input::BAD_OUTPUT_MANIFEST, format!("`{}` is not a manifest of `polc build`: {error}", path.display()))
            .with_help("remove the file, or build into another folder with `--out`")
    })?;
    match manifest.files.keys().find(|path| !is_inside(path)) {
        None => Ok(manifest),
        Some(bad) => {
            Err(Failure::new(&input::BAD_OUTPUT_MANIFEST, format!("`{}` names `{bad}`, which is outside the folder", path.display()))
                .with_help("remove the file, or build into another folder with `--out`"))
        }
    }
}

fn first_segment(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// A plan: what is there, what will be there.
pub struct Plan<'a> {
    out: PathBuf,
    artifacts: BTreeMap<&'a str, &'a Artifact>,
    old: Manifest,
    /// What will change.
    pub changes: Changes,
}

/// Compares what was made for these targets with what lies in the folder. Files of other targets are left alone.
///
/// # Errors
/// When the folder or a file in it cannot be read, or a file that no build made is in the way.
pub fn plan<'a>(out: &Path, targets: &BTreeSet<String>, artifacts: &'a [Artifact]) -> Result<Plan<'a>, Failure> {
    let old = read_manifest(out)?;
    let artifacts: BTreeMap<&str, &Artifact> = artifacts.iter().map(|artifact| (artifact.path.as_str(), artifact)).collect();
    let mut changes = Changes::default();
    for (path, artifact) in &artifacts {
        let file = out.join(path);
        match fs::read(&file) {
            Ok(contents) if contents == artifact.contents => {
                if !old.files.contains_key(*path) {
                    changes.written.push((*path).to_owned());
                }
            }
            Ok(_) if !old.files.contains_key(*path) => {
                return Err(Failure::new(&input::FOREIGN_FILE, format!("`{}` is in the way: no build made it", file.display()))
                    .with_help("move the file away, or build into another folder with `--out`"));
            }
            Ok(_) => changes.written.push((*path).to_owned()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                changes.written.push((*path).to_owned())
            }
            Err(error) => return Err(failure(&file, "read", &error)),
        }
    }
    for path in old.files.keys() {
        if targets.contains(first_segment(path)) && !artifacts.contains_key(path.as_str()) {
            changes.removed.push(path.clone());
        }
    }
    Ok(Plan { out: out.to_owned(), artifacts, old, changes })
}

/// A unified diff of everything that a build would change, for people.
///
/// # Errors
/// When a file cannot be read.
pub fn difference(plan: &Plan<'_>) -> Result<String, Failure> {
    let mut text = String::new();
    let old_text = |path: &str| match fs::read(plan.out.join(path)) {
        Ok(contents) => Ok(String::from_utf8_lossy(&contents).into_owned()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(String::new()),
        Err(error) => Err(failure(&plan.out.join(path), "read", &error)),
    };
    for path in plan.changes.written.iter().chain(&plan.changes.removed) {
        let old = old_text(path)?;
        let new =
            plan.artifacts.get(path.as_str()).map(|artifact| String::from_utf8_lossy(&artifact.contents).into_owned()).unwrap_or_default();
        let diff = similar::TextDiff::from_lines(&old, &new);
        let _ = write!(text, "{}", diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")));
        if old == new {
            let _ = writeln!(text, "{path}: not listed in {MANIFEST}");
        }
    }
    Ok(text)
}

/// Carries out a plan: everything is staged inside the folder first, then renamed into place; on an error all is put back.
/// An interrupt before the first rename leaves the folder as it was; one after it waits until the last.
///
/// # Errors
/// When something cannot be written, or on an interrupt; the folder is as before then.
pub fn write(plan: &Plan<'_>, interrupted: &AtomicBool) -> Result<(), Failure> {
    if plan.changes.is_empty() {
        return Ok(());
    }
    let created = create_folders(&plan.out)?;
    let result = stage_and_commit(plan, interrupted);
    if result.is_err() {
        for folder in created.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
    result
}

/// Creates a folder with its parents and says which ones are new, outermost first.
fn create_folders(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let missing: Vec<PathBuf> = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(path).map_err(|error| failure(path, "create", &error))?;
    Ok(missing.into_iter().rev().collect())
}

fn stage_and_commit(plan: &Plan<'_>, interrupted: &AtomicBool) -> Result<(), Failure> {
    let staging = tempfile::Builder::new()
        .prefix(".polc-staging-")
        .tempdir_in(&plan.out)
        .map_err(|error| failure(&plan.out, "write into", &error))?;
    let mut files: BTreeMap<String, String> = plan.old.files.clone();
    files.retain(|path, _| !plan.changes.removed.contains(path));
    for artifact in plan.artifacts.values() {
        files.insert(artifact.path.clone(), digest(&artifact.contents));
    }
    let manifest = serde_json::to_string_pretty(&Manifest { version: 1, files })
        .map_err(|error| failure(&plan.out, "write into", &io::Error::other(error)))?;
    let new = staging.path().join("new");
    for path in &plan.changes.written {
        if interrupted.load(Ordering::SeqCst) {
            return Err(self::interrupted());
        }
        if let Some(artifact) = plan.artifacts.get(path.as_str()) {
            stage(&new.join(path), &artifact.contents)?;
        }
    }
    stage(&new.join(MANIFEST), format!("{manifest}\n").as_bytes())?;
    if interrupted.load(Ordering::SeqCst) {
        return Err(self::interrupted());
    }
    let mut journal = Journal::default();
    let old = staging.path().join("old");
    let paths = plan.changes.removed.iter().map(|path| (path.as_str(), false));
    let paths = paths.chain(plan.changes.written.iter().map(|path| (path.as_str(), true))).chain([(MANIFEST, true)]);
    for (path, replaced) in paths {
        if let Err(error) = journal.swap(&plan.out.join(path), &old.join(path), replaced.then(|| new.join(path)).as_deref()) {
            journal.undo();
            return Err(failure(&plan.out.join(path), "write", &error));
        }
    }
    for path in &plan.changes.removed {
        remove_empty_parents(&plan.out, path);
    }
    Ok(())
}

/// The failure of a build that a signal ended.
pub fn interrupted() -> Failure {
    Failure::new(&input::INTERRUPTED, "interrupted; nothing was changed".to_owned())
}

fn stage(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    let write = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = fs::File::create(path)?;
        file.write_all(contents)?;
        file.sync_all()
    };
    write().map_err(|error| failure(path, "write", &error))
}

/// The renames that were done, so that they can be undone.
#[derive(Default)]
struct Journal {
    done: Vec<(PathBuf, PathBuf)>,
    folders: Vec<PathBuf>,
}

impl Journal {
    fn swap(&mut self, place: &Path, backup: &Path, new: Option<&Path>) -> io::Result<()> {
        if place.symlink_metadata().is_ok() {
            if let Some(parent) = backup.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(place, backup)?;
            self.done.push((place.to_owned(), backup.to_owned()));
        }
        if let Some(new) = new {
            if let Some(parent) = place.parent() {
                let missing: Vec<PathBuf> =
                    parent.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists()).map(Path::to_owned).collect();
                fs::create_dir_all(parent)?;
                self.folders.extend(missing.into_iter().rev());
            }
            fs::rename(new, place)?;
            self.done.push((new.to_owned(), place.to_owned()));
        }
        Ok(())
    }

    fn undo(self) {
        for (from, to) in self.done.into_iter().rev() {
            let _ = fs::rename(to, from);
        }
        for folder in self.folders.into_iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn remove_empty_parents(out: &Path, path: &str) {
    let file = out.join(path);
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != out) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
