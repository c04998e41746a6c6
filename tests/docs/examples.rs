//! The examples of the language are read and compiled.

use super::{blocks, repository};
use polc::compile::compile;
use polc::diagnostic::{Diagnostic, Level, Sources, render};
use polc::resolve::Options;
use polc::syntax;

/// The text of each block with this info string, and its line.
fn examples(path: &str, info: &str) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(repository(path)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let found = blocks(&text).into_iter().filter(|block| block.info == info);
    found.map(|block| (block.start + 1, lines[block.start..block.end].iter().map(|line| format!("{line}\n")).collect())).collect()
}

fn rule(statements: &str) -> String {
    format!("pack example\n\nrule example {{\n    match workloads\n{statements}}}\n")
}

fn errors(found: &[Diagnostic], sources: &Sources) -> String {
    let errors: Vec<Diagnostic> = found.iter().filter(|diagnostic| diagnostic.level == Level::Error).cloned().collect();
    render::render(&errors, sources, false)
}

fn compiles(page: &str, line: usize, text: &str) {
    let mut sources = Sources::default();
    sources.add(format!("{page}:{line}"), text);
    if let Err(found) = compile(&sources, &Options::default()) {
        panic!("the example at {page}:{line} does not compile:\n{}", errors(&found, &sources));
    }
}

fn parses(page: &str, line: usize, text: &str) {
    let mut sources = Sources::default();
    let source = sources.add(format!("{page}:{line}"), text);
    let (file, found) = syntax::parse(source, text);
    assert!(found.is_empty(), "the example at {page}:{line} cannot be read:\n{}", errors(&found, &sources));
    assert!(!file.items.is_empty(), "the example at {page}:{line} holds nothing");
}

#[test]
fn examples_of_the_syntax_are_read() {
    let page = "docs/grammar.md";
    let files = examples(page, "pol");
    let statements = examples(page, "pol statements");
    let expressions = examples(page, "pol expressions");
    assert!(files.len() >= 6 && !statements.is_empty() && !expressions.is_empty());
    for (line, text) in files {
        parses(page, line, &text);
    }
    for (line, text) in statements {
        compiles(page, line, &rule(&text));
    }
    for (line, text) in expressions {
        for (number, expression) in text.lines().enumerate() {
            compiles(page, line + number, &rule(&format!("    require {expression} message \"no\"\n")));
        }
    }
}

#[test]
fn examples_of_the_language_compile() {
    let page = "docs/language.md";
    let files = examples(page, "pol");
    assert!(files.len() >= 2);
    for (line, text) in files {
        let named = text.lines().any(|line| line.starts_with("pack "));
        compiles(page, line, &if named { text } else { format!("pack example\n{text}") });
    }
}

/// Each word of the grammar stands on the page that describes it.
#[test]
fn every_keyword_is_in_the_description_of_the_syntax() {
    let grammar = std::fs::read_to_string(repository("grammar/pol.pest")).unwrap();
    let page = std::fs::read_to_string(repository("docs/grammar.md")).unwrap();
    let words: Vec<&str> = page.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).collect();
    let mut seen = 0;
    for line in grammar.lines().filter(|line| line.starts_with("k_") || line.starts_with("quantifier ") || line.starts_with("comparison "))
    {
        for word in
            line.split('"').skip(1).step_by(2).filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && word.len() > 1)
        {
            assert!(words.contains(&word), "docs/grammar.md does not mention `{word}`");
            seen += 1;
        }
    }
    assert!(seen >= 50, "only {seen} words were found in the grammar");
}
