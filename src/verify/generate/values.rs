//! What a field may hold that a rule could get wrong, by what the rule does with it.

use super::random::Random;
use crate::ir::{Const, Glob, Quantity};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value as Json, json};

/// Texts that a target could take as something else than data.
pub const HOSTILE: &[&str] = &[
    "",
    " ",
    "*",
    "?",
    "{{ request.object.metadata.name }}",
    "{{",
    "${x} $(x) %s %d %",
    "\"double\" 'single' `back`",
    "back\\slash \\n \\u0041",
    "line\nbreak",
    "tab\tand\rreturn",
    "\u{1}\u{7f}\u{85}\u{9f}",
    "é😀x",
    "e\u{301}",
    "\u{212a}elvin",
    "\u{feff}bom",
    "\u{2028}\u{a0}\u{3000}",
    "\u{202e}override",
    "null",
    "true",
    "~",
    "n",
    "-1",
    "1e3",
    "0x10",
    "007",
    "<unset>",
    "# not a comment",
    "a: b",
    "- item",
    "<script>&amp;</script>",
    "/etc/../passwd",
    "; drop",
];

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Image references in every form, and texts that are none.
pub const IMAGES: &[&str] = &[
    "nginx",
    "nginx:latest",
    "nginx:1.25",
    "library/nginx",
    "docker.io/nginx:1",
    "docker.io/library/nginx:1",
    "index.docker.io/library/nginx",
    "registry.example.com/app:1",
    "registry.example.com/team/app",
    "registry.example.com:5000/team/app:v1.2.3-rc.1",
    "registry.example.com:5000/app",
    "localhost/app:dev",
    "localhost:5000/app",
    "team/app:latest",
    "gcr.io/google_containers/pause:3.1",
    "registry.k8s.io/pause@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "nginx:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "nginx:latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "evil.com/registry.example.com/app:1",
    "registry.example.com.evil.com/app:1",
    "Upper/Case:1",
    "nginx:",
    "nginx@sha256:short",
    ":1",
    "a//b",
    "https://registry.example.com/app",
    " nginx",
    "nginx\n",
    "registry.example.com/",
    "a:b:c",
    "-a/b",
    "",
];

/// Quantities in every spelling, and texts that are none.
pub fn quantities() -> Vec<Json> {
    let texts = [
        "0",
        "1",
        "100m",
        "0.1",
        "1.5",
        "1500m",
        "1k",
        "1Ki",
        "1M",
        "1Mi",
        "1G",
        "1Gi",
        "1T",
        "1Ti",
        "1P",
        "1Pi",
        "1E",
        "1e3",
        "1E3",
        "1e-3",
        "100u",
        "1n",
        "0.0001",
        "0.00001n",
        "-1",
        "+1",
        "1.",
        ".5",
        "005",
        "9007199254740992",
        "9007199254740993",
        "8Pi",
        "9Pi",
        "16Ei",
        "1e30",
        "1e-30",
        "",
        "abc",
        "1 Gi",
        "1gi",
        "1.2.3",
        " 5",
        "5 ",
        "1_000",
        "0x10",
        "--1",
        "1KiB",
        "NaN",
        "1e",
        ".",
    ];
    let mut all: Vec<Json> = texts.iter().map(|text| json!(text)).collect();
    all.extend([json!(0), json!(1), json!(-1), json!(2), json!(0.5), json!(1.0), json!(9_007_199_254_740_993_i64)]);
    all
}

/// A quantity in several spellings, and those next to it.
pub fn around_quantity(quantity: Quantity) -> Vec<Json> {
    let mut all = Vec::new();
    for milli in [quantity.milli - 1, quantity.milli, quantity.milli + 1] {
        all.push(json!(format!("{milli}m")));
        if milli % 1000 == 0 {
            all.push(json!((milli / 1000).to_string()));
        }
    }
    let units = quantity.milli / 1000;
    if quantity.milli % 1000 == 0 {
        all.push(json!(format!("{units}.0")));
        all.push(json!(format!("{units}e0")));
        if let Ok(number) = i64::try_from(units) {
            all.push(json!(number));
        }
        for (factor, suffix) in [(1000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1 << 10, "Ki"), (1 << 20, "Mi"), (1 << 30, "Gi")] {
            if units != 0 && units % factor == 0 {
                all.push(json!(format!("{}{suffix}", units / factor)));
            }
        }
        all.push(json!((units - 1).to_string()));
        all.push(json!((units + 1).to_string()));
    }
    all
}

/// A quantity as one text.
pub fn spell(milli: i128) -> String {
    Quantity { milli }.to_string()
}

/// Durations, and texts that are none.
pub const DURATIONS: &[&str] = &["0", "0s", "1s", "90s", "1m30s", "1h", "1.5h", "300ms", "1us", "-1s", "", "5", "1d", "h", "1h 30m"];

/// An image reference with this tag.
pub fn images_with_tag(tag: &str) -> Vec<Json> {
    [
        format!("app:{tag}"),
        format!("team/app:{tag}"),
        format!("registry.example.com:5000/team/app:{tag}"),
        format!("app:{tag}@{DIGEST}"),
        format!("{tag}/app:1"),
        format!("{tag}:1"),
    ]
    .into_iter()
    .map(Json::from)
    .collect()
}

/// An image reference at this registry.
pub fn images_at(registry: &str) -> Vec<Json> {
    [
        format!("{registry}/app:1"),
        format!("{registry}/team/app"),
        format!("{registry}/team/app@{DIGEST}"),
        format!("{registry}.evil.com/app:1"),
        format!("evil.com/{registry}/app:1"),
        format!("{registry}:1"),
    ]
    .into_iter()
    .map(Json::from)
    .collect()
}

/// An image reference with this repository.
pub fn images_named(repository: &str) -> Vec<Json> {
    [
        repository.to_owned(),
        format!("{repository}:1"),
        format!("docker.io/{repository}"),
        format!("registry.example.com/{repository}:1"),
        format!("{repository}-x:1"),
    ]
    .into_iter()
    .map(Json::from)
    .collect()
}

/// An image reference with this digest, and without.
pub fn images_digested(digest: &str) -> Vec<Json> {
    vec![json!(format!("app@{digest}")), json!(format!("app:1@{digest}")), json!(format!("app@{DIGEST}")), json!("app:1")]
}

/// A text and its near misses.
pub fn around_text(text: &str) -> Vec<Json> {
    let mut all = vec![text.to_owned(), format!("{text}x"), format!("x{text}"), format!("{text}\n"), format!(" {text}")];
    let swapped: String =
        text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    all.push(swapped);
    let mut shorter = text.to_owned();
    if shorter.pop().is_some() {
        all.push(shorter);
    }
    all.dedup();
    all.into_iter().map(Json::from).collect()
}

/// A number and its neighbours.
pub fn around_int(number: i64) -> Vec<Json> {
    [number.saturating_sub(1), number, number.saturating_add(1)].into_iter().map(Json::from).collect()
}

/// What to try for a constant that a field is compared with.
pub fn around(constant: &Const) -> Vec<Json> {
    match constant {
        Const::Bool(_) => vec![json!(true), json!(false)],
        Const::Int(number) => around_int(*number),
        Const::Quantity(quantity) => around_quantity(*quantity),
        Const::String(text) => around_text(text),
        Const::List(items) => items.iter().flat_map(around).collect(),
        Const::Object(_) => vec![constant.to_json()],
    }
}

/// A text that fits the pattern.
pub fn fitting(glob: &Glob, random: &mut Random) -> String {
    let mut text = String::new();
    for (index, part) in glob.parts.iter().enumerate() {
        if index > 0 {
            text.push_str(random.pick(&["", "a", "x/y", "a.b", "1", "l\nm"]).copied().unwrap_or_default());
        }
        text.push_str(part);
    }
    text
}

/// Texts that fit the pattern and texts that just do not.
pub fn around_glob(glob: &Glob, random: &mut Random) -> Vec<Json> {
    let mut all: Vec<String> = (0..3).map(|_| fitting(glob, random)).collect();
    all.push(glob.parts.join("*"));
    all.push(glob.parts.concat());
    for (index, _) in glob.parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        let mut parts = glob.parts.clone();
        if let Some(part) = parts.get_mut(index) {
            part.pop();
        }
        all.push(parts.join("q"));
    }
    all.push(format!("x{}", fitting(glob, random)));
    all.push(format!("{}x", fitting(glob, random)));
    all.push(fitting(glob, random).to_ascii_uppercase());
    all.into_iter().map(Json::from).collect()
}

/// A text of the expression's language; `None` when it cannot be read.
pub fn matching(source: &str, random: &mut Random) -> Option<String> {
    let hir = regex_syntax::parse(source).ok()?;
    let mut text = String::new();
    sample(&hir, random, &mut text);
    Some(text)
}

fn sample(hir: &Hir, random: &mut Random, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges: Vec<(char, char)> = class.iter().map(|range| (range.start(), range.end())).collect();
            if let Some((start, end)) = random.pick(&ranges) {
                let (low, high) = (u32::from(*start), u32::from(*end));
                let width = usize::try_from(high - low).unwrap_or(0).min(40);
                let chosen = low + u32::try_from(random.below(width + 1)).unwrap_or(0);
                text.push(char::from_u32(chosen).unwrap_or(*start));
            }
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges: Vec<u8> = class.iter().map(|range| range.start()).collect();
            text.push(random.pick(&ranges).map_or('x', |byte| char::from(*byte)));
        }
        HirKind::Repetition(repetition) => {
            let spread = repetition.max.map_or(3, |max| max.saturating_sub(repetition.min).min(3));
            let extra = u32::try_from(random.below(usize::try_from(spread).unwrap_or(0) + 1)).unwrap_or(0);
            for _ in 0..repetition.min.saturating_add(extra).min(200) {
                sample(&repetition.sub, random, text);
            }
        }
        HirKind::Capture(capture) => sample(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| sample(part, random, text)),
        HirKind::Alternation(arms) => {
            if let Some(arm) = random.pick(arms) {
                sample(arm, random, text);
            }
        }
    }
}

/// Texts that match and texts that just do not.
pub fn around_pattern(source: &str, random: &mut Random) -> Vec<Json> {
    let mut all = vec![json!(""), json!(source)];
    for _ in 0..4 {
        let Some(text) = matching(source, random) else { continue };
        all.push(json!(format!("{text}\n")));
        all.push(json!(format!("-{text}")));
        all.push(json!(format!("{text}{text}")));
        all.push(json!(text.to_ascii_uppercase()));
        let shorter: String = text.chars().skip(1).collect();
        all.push(json!(shorter));
        all.push(json!(text));
    }
    all
}
