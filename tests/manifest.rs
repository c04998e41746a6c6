//! Reading manifests and the built-in checks, over the fixtures in `tests/manifests/`.
//!
//! A file in `bad/` is named after the check that it fails, and says in comments what is found in it, and nothing else:
//! `# expect LINE:COLUMN error|warning FIELD: MESSAGE`. The files in `many/` do the same, with many mistakes at once. In a file in `good/` nothing is found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

use polc::diagnostic::Level;
use polc::manifest::builtin::{Checker, builtin_ids};
use polc::manifest::{Finding, MAX_DEPTH, Read, read, read_text};
use polc::object::{Node, Value};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn fixtures(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/manifests").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn judge(text: &str) -> Vec<Finding> {
    let Read { documents, mut findings } = read(text.as_bytes());
    let mut checker = Checker::new();
    for document in &documents {
        findings.extend(checker.check("this.yaml", document, "default"));
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

fn line_of(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    format!("{}:{} {level} {}: {}", finding.line, finding.column, finding.field, finding.message)
}

/// The findings in a file, and what it should say where it does not say them.
fn unlike(path: &Path, text: &str) -> (Vec<Finding>, Option<String>) {
    let found = judge(text);
    let wanted: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# expect ")).collect();
    let lines: Vec<String> = found.iter().map(line_of).collect();
    let wrong = (lines != wanted).then(|| format!("{} should say\n# expect {}\n", path.display(), lines.join("\n# expect ")));
    (found, wrong)
}

#[test]
fn finds_in_a_bad_file_what_it_says() {
    let mut wrong = String::new();
    for (path, text) in fixtures("bad") {
        let (found, unlike) = unlike(&path, &text);
        wrong.extend(unlike);
        let id = path.file_stem().unwrap().to_str().unwrap();
        assert!(found.iter().any(|finding| finding.id == id), "{}: {found:#?}", path.display());
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn finds_each_of_many_mistakes_at_once() {
    let files = fixtures("many");
    assert!(!files.is_empty());
    let wrong: String = files.iter().filter_map(|(path, text)| unlike(path, text).1).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn finds_nothing_in_a_good_file() {
    for (path, text) in fixtures("good") {
        assert_eq!(judge(&text), [], "{}", path.display());
        assert!(!read_text(&text).documents.is_empty(), "{}", path.display());
    }
}

#[test]
fn every_check_has_a_bad_file() {
    let files: Vec<String> = fixtures("bad").iter().map(|(path, _)| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let ids: Vec<&str> = builtin_ids().iter().map(|info| info.id).collect();
    assert_eq!(files, ids);
}

#[test]
fn every_finding_has_an_id_of_the_list() {
    for (_, text) in fixtures("bad") {
        for finding in judge(&text) {
            assert!(builtin_ids().iter().any(|info| info.id == finding.id), "{}", finding.id);
        }
    }
}

/// A node as compact JSON with `line:column` behind every value.
fn shown(node: &Node) -> String {
    let value = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::String(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, node)| format!("{}@{}:{}={}", key.name, key.line, key.column, shown(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    };
    format!("{value}@{}:{}", node.line, node.column)
}

fn only(text: &str) -> String {
    let read = read_text(text);
    assert_eq!(read.findings, []);
    assert_eq!(read.documents.len(), 1);
    shown(&read.documents[0].node)
}

#[test]
fn every_value_has_its_line_and_column() {
    let text = "a:\n  - b: yes\n    é: [1.50, 'x', \"y\"]\n  - |\n    text\n  -\n? c\n: ~\n1: {}\n";
    let wanted = "{a@1:1=[{b@2:5=true@2:8, é@3:5=[1.5@3:9, \"x\"@3:15, \"y\"@3:20]@3:8}@2:5, \"text\\n\"@5:5, null@6:4]@2:3, c@7:3=null@8:3, 1@9:1={}@9:4}@1:1";
    assert_eq!(only(text), wanted);
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "a:\n  b: |\n    x\n    y\n  c: 'd\n\n    e'\nf: g\n";
    let unix = only(text);
    assert_eq!(only(&text.replace('\n', "\r\n")), unix);
    assert_eq!(only(&format!("\u{feff}{text}")), unix);
    let dos = read_text("a: 1\r\n---\r\nb: 2\r\n--- # c\r\nd: 3");
    assert_eq!(dos.findings, []);
    assert_eq!(dos.documents.iter().map(|document| document.line).collect::<Vec<_>>(), [1, 3, 5]);
}

#[test]
fn json_gives_the_same_values_as_yaml() {
    let json = "{\"a\": [1, 2.5, true, null, \"x\\n\"],\n \"b\": {\"c\": -3}}";
    assert_eq!(only(json), "{a@1:2=[1@1:8, 2.5@1:11, true@1:16, null@1:22, \"x\\n\"@1:28]@1:7, b@2:2={c@2:8=-3@2:13}@2:7}@1:1");
    // what only YAML takes in braces is read as YAML
    assert_eq!(only("{a: b,}"), "{a@1:2=\"b\"@1:5}@1:1");
    assert_eq!(only("{\"a\": 010}"), "{a@1:2=8@1:7}@1:1");
    assert_eq!(read_text("{\"a\": 1}\n{\"b\": 2} {\"c\": 3}\n---\n{\"d\": 4}").documents.len(), 4);
}

#[test]
fn merges_and_aliases_are_expanded_as_kubectl_does_it() {
    // what `<<` brings wins over what stands before it, and loses against what follows; the first of a list wins
    assert_eq!(only("p: &p {a: 1, b: 2}\nq:\n  a: 9\n  <<: *p\n  b: 8\n"), {
        "{p@1:1={a@1:8=1@1:11, b@1:14=2@1:17}@1:4, q@2:1={a@1:8=1@1:11, b@5:3=8@5:6}@3:3}@1:1"
    });
    let list = read_text("p: &p {a: 1}\nq: &q {a: 2, c: 3}\nr: {<<: [*p, *q]}\n");
    let merged = list.documents[0].node.get("r").unwrap();
    assert_eq!((&merged.get("a").unwrap().value, &merged.get("c").unwrap().value), (&Value::Int(1), &Value::Int(3)));
    assert_eq!(only("'<<': {a: 1}"), "{<<@1:1={a@1:8=1@1:11}@1:7}@1:1");
    assert_eq!(read_text("a: {<<: 5}").findings[0].message, "cannot read the YAML: `<<` merges a map or a list of maps");
}

#[test]
fn tags_say_what_a_scalar_is() {
    assert_eq!(only("a: !!str 5\nb: !!int '5'\nc: !!float 5\nd: !x 5\ne: !!bool yes\n"), {
        "{a@1:1=\"5\"@1:4, b@2:1=5@2:4, c@3:1=5@3:4, d@4:1=\"5\"@4:4, e@5:1=true@5:4}@1:1"
    });
    assert_eq!(read_text("a: !!int x").findings[0].message, "cannot read the YAML: `x` is not what the tag `!!int` says");
}

#[test]
fn lists_are_taken_apart() {
    let read = read_text("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- kind: Job\n  apiVersion: batch/v1\n");
    assert_eq!(read.findings, []);
    let kinds: Vec<_> = read
        .documents
        .iter()
        .map(|document| (document.index, document.line, document.node.get("kind").unwrap().as_str().unwrap()))
        .collect();
    assert_eq!(kinds, [(0, 4, "Pod"), (1, 5, "Job")]);
    assert_eq!(read.documents[0].node.get("apiVersion").unwrap().as_str(), Some("v1"));
    let nested = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [".repeat(40) + "{\"kind\": \"Pod\"}" + &"]}".repeat(40);
    assert_eq!(read_text(&nested).documents.len(), 1);
    // a kind that only ends like one is an object
    assert_eq!(read_text("apiVersion: v1\nkind: List\nitems: {}\n").documents.len(), 1);
}

#[test]
fn empty_files_hold_nothing() {
    for text in ["", "\n\n", "# only\n# comments\n", "---\n---\n", "--- # c\n...\n", "null\n", "\u{feff}", " \t \n"] {
        assert_eq!(read_text(text), Read::default(), "{text:?}");
    }
}

#[test]
fn a_mistake_in_one_document_leaves_the_others() {
    let read = read_text("a: 1\n---\nb: [\n---\nc: 3\n");
    assert_eq!(read.documents.iter().map(|document| document.line).collect::<Vec<_>>(), [1, 5]);
    assert_eq!(read.findings.len(), 1);
    assert_eq!(read.findings[0].id, "yaml-syntax");
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let found = |bytes: &[u8]| {
        let read = read(bytes);
        assert!(read.documents.is_empty());
        (read.findings[0].message.clone(), read.findings[0].line, read.findings[0].column)
    };
    assert_eq!(found(b"a: 1\nb: \xC3\xA9\xFF\n"), ("the byte 0xFF is not UTF-8: save the file as UTF-8".to_owned(), 2, 5));
    assert_eq!(found(b"\xFF\xFEa\0"), ("the file is UTF-16: save it as UTF-8".to_owned(), 1, 1));
    assert_eq!(found(b"a: b\nc: d\0e: f\n"), ("the control character 0x00 has no place in a manifest".to_owned(), 2, 5));
    assert_eq!(found(b"{\"a\": \"\x1b\"}"), ("the control character 0x1B has no place in a manifest".to_owned(), 1, 8));
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let open = 100_000;
    for text in [
        "[".repeat(open),
        "{\"a\":".repeat(open),
        "{a: ".repeat(open),
        "- ".repeat(open),
        "? ".repeat(open),
        "[".repeat(open) + &"]".repeat(open),
        "a: ".to_owned() + &"[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH),
        (0..2000).map(|depth| " ".repeat(depth) + "a:\n").collect(),
    ] {
        let read = read_text(&text);
        assert!(read.documents.is_empty());
        assert_eq!(read.findings.len(), 1, "{:.20}", text);
        assert_eq!(read.findings[0].id, "yaml-syntax");
    }
    let deepest = "a: ".to_owned() + &"[".repeat(MAX_DEPTH - 1) + &"]".repeat(MAX_DEPTH - 1);
    assert_eq!(read_text(&deepest).documents.len(), 1);
    let json = "{\"a\": ".to_owned() + &"[".repeat(MAX_DEPTH - 1) + &"]".repeat(MAX_DEPTH - 1) + "}";
    assert_eq!(read_text(&json).documents.len(), 1);
    assert!(read_text(&json.replace("{\"a\": ", "{\"a\": [").replace('}', "]}")).documents.is_empty());
}

#[test]
fn aliases_cannot_blow_up() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for step in 1..30 {
        let aliases = vec![format!("*a{}", step - 1); 10].join(", ");
        bomb += &format!("a{step}: &a{step} [{aliases}]\n");
    }
    assert_eq!(read_text(&bomb).findings[0].message, "cannot read the YAML: aliases make this file too large");
    // many small documents share one budget
    let long = format!("a: &a {}\nb: [{}]\n---\n", "x".repeat(10_000), vec!["*a"; 100].join(", "));
    let read = read_text(&long.repeat(100));
    assert!(!read.documents.is_empty());
    assert_eq!(read.findings.last().unwrap().message, "cannot read the YAML: aliases make this file too large");
    // depth counts where an alias stands
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for step in 1..200 {
        deep += &format!("a{step}: &a{step} [*a{}]\n", step - 1);
    }
    assert_eq!(read_text(&deep).findings[0].message, "cannot read the YAML: maps and lists nest deeper than 128");
}

#[test]
fn large_input_is_read_in_linear_time() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a\n---\n";
    let read = read_text(&pod.repeat(10_000));
    assert_eq!((read.documents.len(), read.findings.len()), (10_000, 0));
    let keys: String = (0..50_000).map(|key| format!("k{key}: v\n")).collect();
    assert_eq!(read_text(&keys).documents[0].node.entries().len(), 50_000);
    let line = format!("{{\"a\": [{}1]}}", "\"é\", ".repeat(500_000));
    assert_eq!(read_text(&line).documents[0].node.get("a").unwrap().items().last().unwrap().column, 5 * 500_000 + 8);
    // 10 MB of one text, of one comment, of one unclosed quote
    assert_eq!(read_text(&format!("a: {}\n", "x".repeat(10_000_000))).documents.len(), 1);
    assert_eq!(read_text(&format!("# {}\n", "x".repeat(10_000_000))), Read::default());
    assert_eq!(read_text(&format!("a: '{}", "x\n".repeat(1_000_000))).findings.len(), 1);
    // a bracket left of its field, many times over
    let left = "a:\n  b: [\n]\n".to_owned() + &"]\n".repeat(5_000);
    assert_eq!(read_text(&left).findings.len(), 1);
}

#[test]
fn objects_of_all_files_are_compared() {
    let mut checker = Checker::new();
    let pod = read_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n");
    assert_eq!(checker.check("one.yaml", &pod.documents[0], "default"), []);
    let found = checker.check("two.yaml", &pod.documents[0], "default");
    assert_eq!(
        found[0].message,
        "the Pod `a` of the namespace `default` stands in `one.yaml` on line 3 already: the later one replaces it"
    );
    assert_eq!(checker.check("two.yaml", &pod.documents[0], "other"), []);
}

#[test]
fn kinds_of_other_groups_are_counted() {
    let mut checker = Checker::new();
    for name in ["a", "b"] {
        let widget = read_text(&format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: {name}}}\nspec: {{x: 1}}\n"));
        assert_eq!(checker.check("a.yaml", &widget.documents[0], "default"), []);
    }
    assert_eq!(checker.foreign_kinds().iter().collect::<Vec<_>>(), [(&("example.com/v1".to_owned(), "Widget".to_owned()), &2)]);
}

fn yamlish() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "<<: ",
        "# c\n",
        "---\n",
        "...\n",
        "!!int ",
        "?",
        "{{ x }}",
        "\\",
        "\u{e9}",
        "0x1F",
        "~",
        "\r\n",
        "%",
        "@",
        "\u{feff}",
        "apiVersion: v1\n",
        "kind: Pod\n",
        "spec:\n",
        "  containers:\n",
        "items: ",
        "List",
    ]);
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_it_panic(text in yamlish()) {
        let found = judge(&text);
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        for finding in found {
            prop_assert!((1..=lines + 1).contains(&finding.line) && finding.column >= 1, "{finding:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let Read { documents, findings } = read(&bytes);
        prop_assert!(documents.len() <= 200 && findings.iter().all(|finding| finding.line >= 1));
    }

    #[test]
    fn json_is_read_back(numbers in prop::collection::vec(any::<i64>(), 0..9), text in any::<String>(), key in "[a-z]{1,9}") {
        let json = serde_json::json!({ key: { "numbers": numbers, "text": text, "none": null } });
        let read = read_text(&serde_json::to_string_pretty(&json).unwrap());
        if text.contains('\u{7f}') {
            return Ok(());
        }
        prop_assert_eq!(read.documents.len(), 1);
        let same = same(&read.documents[0].node, &Node::from(&json));
        prop_assert!(same);
    }
}

/// Equal but for the places.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((key, a), (other, b))| key.name == other.name && same(a, b))
        }
        (a, b) => a == b,
    }
}
