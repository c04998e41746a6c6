//! Finds and reads `.pol` files, and the packs that they use.

use super::config::Project;
use super::{Failure, io_text};
use crate::compile::{self, Read};
use crate::config::overlay::Change;
use crate::diagnostic::Sources;
use crate::diagnostic::codes::input;
use crate::resolve::Options;
use crate::syntax;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What was read, and where files that tests name are looked for.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts, those that were asked for first.
    pub sources: Sources,
    /// What stands in them.
    pub files: Vec<Read>,
    /// The packs of the files that were asked for; other files are there because one of those uses their pack.
    pub packs: BTreeSet<String>,
    /// The folder of each source.
    pub folders: Vec<PathBuf>,
    /// The configuration.
    pub project: Project,
    /// What it changes.
    pub changes: Vec<Change>,
    /// With what the sources were compiled.
    pub options: Options,
}

/// Reads a text file as UTF-8.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().get(..valid).unwrap_or_default().iter().filter(|b| **b == b'\n').count() + 1;
        Failure::new(&input::NOT_UTF8, format!("`{}` is not UTF-8: the byte at offset {valid}, line {line}, is none", path.display()))
            .with_help("save the file as UTF-8")
    })
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// When it cannot be read.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        fs::read(path).map(|read| bytes = read)
    };
    match result {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Failure::new(&input::CANNOT_READ, format!("cannot read `{}`: {}", path.display(), io_text(&error)))
            .with_help("check the path and its permissions")),
    }
}

/// The files with one of these endings under a path: itself when it is a file (whatever its name), else all below it, sorted. Hidden files and folders are left out.
///
/// # Errors
/// When the path or a folder below it cannot be read.
pub fn files_under(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    if path == Path::new("-") {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let walk = walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name();
    let visible = |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
    for entry in walk.into_iter().filter_entry(visible) {
        let entry = entry.map_err(|error| {
            let place = error.path().unwrap_or(path).display().to_string();
            let why = error.io_error().map_or_else(|| "it contains itself through a link".to_owned(), io_text);
            Failure::new(&input::CANNOT_READ, format!("cannot read `{place}`: {why}")).with_help("check the path and its permissions")
        })?;
        let ending = entry.path().extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        if entry.file_type().is_file() && (entry.depth() == 0 || endings.contains(&ending.as_str())) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn folder_of(path: &Path) -> PathBuf {
    if path == Path::new("-") {
        return PathBuf::from(".");
    }
    path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Adds to the sources the `.pol` files at these paths and, for a pack that one uses and none of them is, the files of that pack: looked for beside the using file, then in
/// the folders above it up to one named `policies`. With `judge_only` no tests are read.
///
/// # Errors
/// When a path cannot be read or holds no `.pol` file.
pub fn load(paths: &[PathBuf], sources: Sources, judge_only: bool) -> Result<Loaded, Failure> {
    load_with(paths, &[], sources, judge_only)
}

/// The same, with texts of `.pol` files by their names, which stand in the working directory.
///
/// # Errors
/// When a path cannot be read or holds no `.pol` file.
pub fn load_with(paths: &[PathBuf], texts: &[(&str, &str)], sources: Sources, judge_only: bool) -> Result<Loaded, Failure> {
    let folders = sources.iter().map(|_| PathBuf::from(".")).collect();
    let mut loaded = Loaded { sources, folders, ..Loaded::default() };
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        let found = files_under(path, &["pol"])?;
        if found.is_empty() {
            return Err(Failure::new(&input::NO_POLICIES, format!("there is no `.pol` file in `{}`", path.display()))
                .with_help("give a `.pol` file or a folder that holds some"));
        }
        for file in found {
            if seen.insert(fs::canonicalize(&file).unwrap_or_else(|_| file.clone())) {
                files.push(file);
            }
        }
    }
    let mut packs = BTreeSet::new();
    let mut wanted: VecDeque<(String, PathBuf)> = VecDeque::new();
    let mut take = |loaded: &mut Loaded, path: &Path, text: String, wanted: &mut VecDeque<(String, PathBuf)>| {
        let folder = folder_of(path);
        let name = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
        let index = loaded.sources.add(name, text);
        let text = loaded.sources.get(index).map(|s| s.text.as_str()).unwrap_or_default();
        let read = compile::read(index, text, judge_only);
        let (pack, uses) = syntax::packs(&read.1);
        loaded.files.push(read);
        packs.extend(pack);
        wanted.extend(uses.into_iter().map(|used| (used, folder.clone())));
        loaded.folders.push(folder);
        packs.clone()
    };
    let mut present = BTreeSet::new();
    for (name, text) in texts {
        present = take(&mut loaded, Path::new(name), (*text).to_owned(), &mut wanted);
    }
    for file in &files {
        present = take(&mut loaded, file, read_text(file)?, &mut wanted);
    }
    loaded.packs.clone_from(&present);
    let mut known: BTreeMap<PathBuf, Vec<(PathBuf, String, String)>> = BTreeMap::new();
    while let Some((pack, folder)) = wanted.pop_front() {
        if present.contains(&pack) {
            continue;
        }
        for root in search_path(&folder) {
            if !known.contains_key(&root) {
                known.insert(root.clone(), index_of(&root));
            }
            let found: Vec<(PathBuf, String)> = known
                .get(&root)
                .into_iter()
                .flatten()
                .filter(|(_, name, _)| *name == pack)
                .map(|(path, _, text)| (path.clone(), text.clone()))
                .collect();
            if !found.is_empty() {
                for (path, text) in found {
                    if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                        present = take(&mut loaded, &path, text, &mut wanted);
                    }
                }
                break;
            }
        }
    }
    Ok(loaded)
}

/// The folder itself, then those above it up to the first that is named `policies`; without one, the folder alone.
fn search_path(folder: &Path) -> Vec<PathBuf> {
    let absolute = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let up: Vec<&Path> = absolute.ancestors().collect();
    let depth = up.iter().position(|p| p.file_name().is_some_and(|name| name == "policies")).unwrap_or(0);
    (0..=depth)
        .map(|steps| {
            (0..steps).fold(folder.to_owned(), |path, _| if path == Path::new(".") { PathBuf::from("..") } else { folder_up(&path) })
        })
        .collect()
}

fn folder_up(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.file_name().is_some() && !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) if path.file_name().is_some() => PathBuf::from("."),
        Some(_) | None => path.join(".."),
    }
}

/// The `.pol` files below a folder with the pack of each; what cannot be read is left out, for nobody asked for it by name.
fn index_of(root: &Path) -> Vec<(PathBuf, String, String)> {
    let files = files_under(root, &["pol"]).unwrap_or_default();
    files
        .into_iter()
        .filter_map(|path| {
            let text = read_text(&path).ok()?;
            let name = syntax::pack(&text)?;
            Some((path, name, text))
        })
        .collect()
}
