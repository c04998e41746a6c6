//! Pages that the program writes, links and the index.

use super::{holds, markdown, repository};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn the_page_of_diagnostics_is_what_explain_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_polc")).args(["explain", "--all"]).output().unwrap();
    assert!(output.status.success());
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.matches("\n### ").count() >= 60, "{page}");
    holds("docs/diagnostics.md", &page);
}

/// How GitHub names a heading in links.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The targets of the links in a text, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced {
            links.extend(line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()));
        }
    }
    links
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in markdown() {
        let text = std::fs::read_to_string(repository(&page)).unwrap();
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let (file, place) = link.split_once('#').map_or((link.as_str(), None), |(file, place)| (file, Some(place)));
            let target = if file.is_empty() { repository(&page) } else { repository(&page).parent().unwrap().join(file) };
            assert!(target.exists(), "{page} links to {link}, which is not there");
            if let Some(place) = place {
                let headings: Vec<String> =
                    std::fs::read_to_string(&target).unwrap().lines().filter(|line| line.starts_with('#')).map(anchor).collect();
                assert!(headings.iter().any(|heading| heading == place), "{page} links to {link}: there is no such heading");
            }
            seen += 1;
        }
    }
    assert!(seen >= 10);
}

#[test]
fn the_index_names_every_page() {
    let index = std::fs::read_to_string(repository("docs/README.md")).unwrap();
    let linked: BTreeSet<String> = links(&index).into_iter().collect();
    for page in markdown() {
        if let Some(name) = Path::new(&page).strip_prefix("docs").ok().map(|name| name.to_str().unwrap().to_owned())
            && name != "README.md"
        {
            assert!(linked.contains(&name), "docs/README.md does not name docs/{name}");
        }
    }
}

#[test]
fn every_command_has_its_section() {
    let help = String::from_utf8(Command::new(env!("CARGO_BIN_EXE_polc")).arg("--help").output().unwrap().stdout).unwrap();
    let page = std::fs::read_to_string(repository("docs/commands.md")).unwrap();
    let rows = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut seen = 0;
    for row in rows.filter(|line| !line.starts_with("   ") && !line.starts_with("  help ")) {
        let name = row.trim().split(' ').next().unwrap();
        assert!(
            page.contains(&format!("\n## `polc {name}`\n")) && page.contains(&format!("\n$ polc {name} --help\n")),
            "docs/commands.md has no section on `polc {name}` with its help"
        );
        seen += 1;
    }
    assert!(seen >= 7, "{help}");
}

#[test]
fn the_table_of_rows_is_what_the_policies_carry() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_polc")).args(["docs", "--rows", "policies"]).current_dir(repository("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 122, "{table}");
    let page = std::fs::read_to_string(repository("docs/rules.md")).unwrap();
    let (before, rest) = page.split_once("<!-- rows -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of rows -->\n").unwrap();
    holds("docs/rules.md", &format!("{before}<!-- rows -->\n{table}<!-- end of rows -->\n{after}"));
}
