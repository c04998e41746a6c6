//! `polc list`

use super::report::table;
use super::{CompileArguments, Context, Failure, Format, Status, compile, print, print_json};
use crate::ir::{Expect, Severity, Test};
use serde::Serialize;
use std::path::PathBuf;

/// Lists the rules and other items with their tags and how many tests each has.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `.pol` files or folders; `-` is standard input [default: those of the configuration, else `policies`].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    compile: CompileArguments,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

#[derive(Serialize)]
struct Listing {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    id: String,
    kind: &'static str,
    title: String,
    severity: Severity,
    tags: Vec<String>,
    tests: Tests,
}

#[derive(Serialize, Default)]
struct Tests {
    allow: usize,
    deny: usize,
    skip: usize,
    gives: usize,
}

fn tests_of<'a>(id: &str, tests: impl Iterator<Item = &'a Test>) -> Tests {
    tests.filter(|test| test.rule == id).fold(Tests::default(), |mut count, test| {
        match test.expect {
            Expect::Allow => count.allow += 1,
            Expect::Deny(_) => count.deny += 1,
            Expect::Skip => count.skip += 1,
            Expect::Gives(_) => count.gives += 1,
        }
        count
    })
}

fn title(doc: &str) -> String {
    doc.lines().next().unwrap_or_default().trim().to_owned()
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<Status, Failure> {
    let (compiled, _) = compile(&arguments.paths, &arguments.compile, context)?;
    let packs = || compiled.program.packs.values();
    let mut items = Vec::new();
    for pack in packs() {
        items.extend(pack.rules.iter().map(|rule| Item {
            id: rule.id.clone(),
            kind: "rule",
            title: title(&rule.doc),
            severity: rule.severity,
            tags: rule.tags.clone(),
            tests: tests_of(&rule.id, packs().flat_map(|pack| &pack.tests)),
        }));
        let changes = pack.mutations.iter().map(|mutation| ("mutation", &mutation.head));
        items.extend(changes.chain(pack.generations.iter().map(|generation| ("generation", &generation.head))).map(|(kind, head)| Item {
            id: head.id.clone(),
            kind,
            title: title(&head.doc),
            severity: head.severity,
            tags: head.tags.clone(),
            tests: tests_of(&head.id, packs().flat_map(|pack| &pack.tests)),
        }));
        items.extend(pack.exemptions.iter().map(|exemption| Item {
            id: exemption.rules.join(","),
            kind: "exempt",
            title: format!("{} until {}: {}", exemption.whom(), exemption.until, exemption.because),
            severity: Severity::default(),
            tags: Vec::new(),
            tests: Tests::default(),
        }));
    }
    items.extend(crate::manifest::builtin::builtin_ids().iter().map(|check| Item {
        id: format!("builtin/{}", check.id),
        kind: "builtin",
        title: check.summary.to_owned(),
        severity: packs().find_map(|pack| pack.builtins.get(check.id).copied()).unwrap_or(check.severity),
        tags: check.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        tests: Tests::default(),
    }));
    match arguments.format {
        Format::Json => print_json(&Listing { items })?,
        Format::Text => {
            let rows = items.iter().map(|item| {
                let severity = format!("{:?}", item.severity).to_lowercase();
                [item.id.clone(), item.kind.to_owned(), severity, item.tags.join(" "), item.title.clone()].to_vec()
            });
            print(&table(&["ID", "KIND", "SEVERITY", "TAGS", "TITLE"], rows))?;
        }
    }
    Ok(Status::Fine)
}
