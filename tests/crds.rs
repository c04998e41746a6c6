//! CustomResourceDefinitions: what is wrong with one is told at its place, and what is right becomes kinds that rules, manifests and commands know.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod support;

use polc::compile::compile;
use polc::crd;
use polc::diagnostic::{Diagnostic, Sources};
use polc::manifest::builtin::Checker;
use polc::resolve::Options;
use polc::schema::{FieldType, Schema};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::repository;

/// A definition of Widget with this schema in its one version.
fn widget(schema: &str) -> String {
    definition(
        "example.com",
        "Widget",
        "widgets",
        &format!("  - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}\n"),
    )
}

fn definition(group: &str, kind: &str, plural: &str, versions: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {plural}.{group}}}\nspec:\n  group: {group}\n  scope: Namespaced\n  names: {{kind: {kind}, plural: {plural}}}\n  versions:\n{versions}"
    )
}

/// The same with fields of its `spec`.
fn with_fields(fields: &str) -> String {
    widget(&format!("{{type: object, properties: {{spec: {{type: object, properties: {{{fields}}}}}}}}}"))
}

fn shown(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = writeln!(out, "{}: {}", diagnostic.code.id, diagnostic.message);
        for (span, label) in &diagnostic.labels {
            let (line, _) = sources.line_column(*span);
            let _ = writeln!(out, "  {line} `{}` {label}", sources.text(*span));
        }
        let _ = writeln!(out, "  help: {}", diagnostic.help.as_deref().expect("a help line"));
    }
    out
}

fn wrong(texts: &[&str]) -> String {
    let mut sources = Sources::default();
    let indices: Vec<u32> = texts.iter().map(|text| sources.add_configuration("crd.yaml", *text)).collect();
    match crd::read(&sources, &indices) {
        Ok(_) => panic!("accepted: {texts:?}"),
        Err(found) => shown(&sources, &found),
    }
}

fn schema(texts: &[&str]) -> &'static Schema {
    let mut sources = Sources::default();
    let indices: Vec<u32> = texts.iter().map(|text| sources.add_configuration("crd.yaml", *text)).collect();
    crd::read(&sources, &indices).unwrap_or_else(|found| panic!("{}", shown(&sources, &found))).schema
}

/// What is said of a rule about Widget with this body.
fn refused(schema: &'static Schema, kinds: &str, body: &str) -> String {
    let mut sources = Sources::default();
    sources.add("a.pol", format!("pack a\nrule r {{\n    match {kinds}\n    {body}\n}}\n"));
    match compile(&sources, &Options { schema, ..Options::default() }) {
        Ok(compiled) => format!("accepted\n{}", shown(&sources, &compiled.warnings)),
        Err(found) => shown(&sources, &found),
    }
}

#[test]
fn definitions_that_are_wrong() {
    let version = |name: &str, more: &str| format!("  - {{name: {name}, {more}, schema: {{openAPIV3Schema: {{type: object}}}}}}\n");
    let good = version("v1", "served: true, storage: true");
    let of = |versions: &str| definition("example.com", "Widget", "widgets", versions);
    let mut out = String::new();
    for text in [
        "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nspec: {}\n".to_owned(),
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n".to_owned(),
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: example.com\n".to_owned(),
        of(&good).replace("Namespaced", "namespaced"),
        of(&good).replace("name: widgets.example.com", "name: widget.example.com"),
        of(&good).replace("plural: widgets}", "plural: ''}"),
        of(&good).replace("  versions:", "  preserveUnknownFields: true\n  versions:"),
        of(&good).split("  versions:").next().unwrap().to_owned() + "  versions: []\n",
        of(&version("v1", "served: true, storage: false")),
        of(&format!("{good}{}", version("v2", "served: true, storage: true"))),
        of(&format!("{good}{good}")),
        of(&version("v1", "storage: true")),
        of("  - {name: v1, served: true, storage: true}\n"),
        definition("apps", "Deployment", "deployments", &good),
        of(&good).replace("  scope", "  group: example.org\n  scope"),
        "kind: [\n".to_owned(),
    ] {
        let _ = writeln!(out, "{}", wrong(&[&text]));
    }
    let _ = writeln!(out, "{}", wrong(&[&of(&good), &of(&good)]));
    insta::assert_snapshot!(out);
}

#[test]
fn schemas_that_are_not_structural() {
    let mut out = String::new();
    for text in [
        widget("{properties: {}}"),
        widget("{type: string}"),
        widget("[]"),
        widget("{type: object, additionalProperties: {type: string}}"),
        with_fields("a: {minimum: 1}"),
        with_fields("a: {type: strnig}"),
        with_fields("a: text"),
        with_fields("a: {type: array}"),
        with_fields("a: {type: array, items: {}}"),
        with_fields("a: {type: object, properties: {b: {type: string}}, additionalProperties: {type: string}}"),
        with_fields("a: {type: object, additionalProperties: false}"),
        with_fields("a: {$ref: '#/definitions/b'}"),
        with_fields("a: {type: string, anyOf: [{type: string}]}"),
        with_fields("a: {type: object, not: {properties: {b: {nullable: true}}}}"),
        with_fields("a: {type: integer, default: one}"),
        with_fields("a: {type: array, items: {type: object, properties: {b: {type: boolean}}}, default: [{b: 1}]}"),
    ] {
        let _ = writeln!(out, "{}", wrong(&[&text]));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn fields_have_their_types() {
    const QUANTITY: &str =
        r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";
    let either = "x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]";
    let text = with_fields(&format!(
        "text: {{type: string, enum: [a, b]}}, number: {{type: integer, default: 0}}, fraction: {{type: number}}, truth: {{type: boolean}}, \
         either: {{{either}}}, amount: {{{either}, pattern: '{QUANTITY}'}}, list: {{type: array, items: {{type: string, enum: [c]}}}}, \
         texts: {{type: object, additionalProperties: {{type: string}}}}, nulls: {{type: object, additionalProperties: {{type: string, nullable: true}}}}, \
         free: {{type: object, x-kubernetes-preserve-unknown-fields: true}}, any: {{x-kubernetes-preserve-unknown-fields: true}}, \
         anything: {{type: object, additionalProperties: true}}, nothing: {{type: object}}, \
         embedded: {{type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}}, \
         deep: {{type: array, items: {{type: object, required: [a, b, c], properties: {{a: {{type: string}}, b: {{type: string, default: x}}, c: {{type: string, nullable: true}}}}}}}}"
    ));
    let schema = schema(&[&text]);
    let spec = schema.get("example.com.v1.WidgetSpec").unwrap();
    let of = |name: &str| format!("{:?}", spec.fields[name].ty);
    for (name, ty) in [
        ("text", "String"),
        ("number", "Int"),
        ("fraction", "Number"),
        ("truth", "Bool"),
        ("either", "IntOrString"),
        ("amount", "Quantity"),
        ("list", "List(String)"),
        ("texts", "Map(String)"),
        ("nulls", "Map(Any)"),
        ("free", "Any"),
        ("any", "Any"),
        ("anything", "Map(Any)"),
        ("nothing", "Struct(example.com.v1.WidgetSpecNothing)"),
        ("embedded", "Struct(example.com.v1.WidgetSpecEmbedded)"),
        ("deep", "List(Struct(example.com.v1.WidgetSpecDeepItem))"),
    ] {
        assert_eq!(of(name), ty, "{name}");
    }
    assert_eq!((spec.fields["text"].values, spec.fields["list"].values), (&["a", "b"][..], &["c"][..]));
    let embedded = schema.get("example.com.v1.WidgetSpecEmbedded").unwrap();
    assert!(embedded.open && !spec.open);
    let FieldType::Struct(metadata) = &embedded.fields["metadata"].ty else { panic!("no metadata") };
    assert_eq!(metadata.short_name(), "ObjectMeta");
    let deep = schema.get("example.com.v1.WidgetSpecDeepItem").unwrap();
    // What has a default, or may be null, need not be written.
    assert_eq!(["a", "b", "c"].map(|name| deep.fields[name].required), [true, false, false]);
    assert!(Schema::kubernetes().get("example.com.v1.WidgetSpec").is_none());
}

#[test]
fn names_of_structs_are_never_shared() {
    let fields = "aB: {type: object, properties: {c: {type: string}}}, a: {type: object, properties: {b: {type: object, properties: {d: {type: string}}}}}";
    let schema = schema(&[&with_fields(fields)]);
    assert_eq!(
        refused(schema, "Widget", "forbid object.spec.aB.c == \"x\" or object.spec.a.b.d == \"x\" message \"x\"").lines().next(),
        Some("accepted")
    );
    assert!(
        refused(schema, "Widget", "forbid object.spec.aB.d == \"x\" message \"x\"")
            .starts_with("unknown-field: a WidgetSpecAB has no field `d`")
    );
}

#[test]
fn rules_about_custom_kinds() {
    let fields = "size: {type: integer}, mode: {type: string, enum: [Fast, Safe]}, odd: {type: string, nullable: true, default: x}, ratio: {type: number, default: 0.5}, \
                  template: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {name: {type: string}}}, free: {x-kubernetes-preserve-unknown-fields: true}, \
                  hosts: {type: array, items: {type: string}, default: [a]}";
    let one = with_fields(fields);
    let versions = "  - {name: v1beta1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {old: {type: string}}}}}\n  \
                      - {name: v1, served: true, storage: false, subresources: {status: {}, scale: {}}, schema: {openAPIV3Schema: {type: object, properties: {new: {type: string}}}}}\n  \
                      - {name: v2, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}\n";
    let schema = schema(&[
        &one,
        &definition("net.example.com", "Zone", "zones", versions),
        &definition("net.example.com", "Service", "services", &versions.replace("new:", "port:")),
        &definition("a.example.com", "Both", "boths", versions),
        &definition("b.example.com", "Both", "boths", versions),
    ]);
    let mut out = String::new();
    for (kinds, body) in [
        ("Widget", "forbid object.spec.size > 3 message \"x\""),
        ("Widget.example.com", "forbid object.spec.sise > 3 message \"x\""),
        ("Widget.example.org", "forbid object.spec.size > 3 message \"x\""),
        ("Widgte", "forbid object.spec.size > 3 message \"x\""),
        ("Gadget.acme.io", "forbid object.spec.size > 3 message \"x\""),
        ("Gadget", "forbid object.spec.size > 3 message \"x\""),
        ("Both", "forbid object.new == \"x\" message \"x\""),
        ("Widget", "forbid object.spec.mode == \"fast\" message \"x\""),
        ("Widget", "forbid object.spec.size == \"x\" message \"x\""),
        ("Widget", "forbid object.spec.odd == \"x\" message \"x\""),
        ("Widget", "forbid exists object.spec.ratio message \"x\""),
        ("Widget", "forbid object.spec.template.other == \"x\" message \"x\""),
        ("Widget", "forbid object.spec.free.other == \"x\" message \"x\""),
        ("Widget/scale", "forbid object.spec.replicas > 3 message \"x\""),
        ("Zone/scale", "forbid object.spec.replicas > 3 message \"x\""),
        ("Zone", "forbid object.old == \"x\" message \"x\""),
        ("Zone", "forbid object.new like \"x\" message \"x\""),
        ("Service", "forbid object.port == \"x\" message \"x\""),
        ("Service.net.example.com", "forbid object.port like \"x\" message \"x\""),
    ] {
        let _ = writeln!(out, "match {kinds} {body}\n{}", refused(schema, kinds, body));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_a_default_fills_in_is_not_changed_in_part() {
    let fields = "hosts: {type: array, items: {type: string}, default: [a]}, owner: {type: object, default: {team: x}, properties: {team: {type: string}, pager: {type: string}}}, \
                  routes: {type: array, default: [{path: /}], items: {type: object, properties: {path: {type: string}, weight: {type: integer}}}}, mode: {type: string, default: a}, \
                  plain: {type: object, default: {}, properties: {size: {type: integer}}}";
    let schema = schema(&[&with_fields(fields)]);
    let mut out = String::new();
    for body in [
        "append object.spec.hosts \"b\"",
        "set object.spec.owner.pager = \"b\"",
        "merge object.spec.routes by path { path: \"/\", weight: 1 }",
        "for r in object.spec.routes { set r.weight = 1 }",
        "remove object.spec.mode",
        "set object.spec.hosts = [\"b\"]\n    set object.spec.mode = \"b\"\n    set object.spec.plain.size = 1",
    ] {
        let mut sources = Sources::default();
        sources.add("a.pol", format!("pack a\nmutation m {{\n    match Widget\n    {body}\n}}\n"));
        let said = match compile(&sources, &Options { schema, ..Options::default() }) {
            Ok(_) => "accepted\n".to_owned(),
            Err(found) => shown(&sources, &found),
        };
        let _ = writeln!(out, "{body}\n{said}");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn manifests_of_custom_kinds_are_checked() {
    let fields = "size: {type: integer}, mode: {type: string, enum: [Fast, Safe]}, kept: {type: object, x-kubernetes-preserve-unknown-fields: true}, \
                  list: {type: array, items: {type: string}}, nulls: {type: array, items: {type: string, nullable: true}}, map: {type: object, additionalProperties: {type: string}}, \
                  needed: {type: object, required: [a], properties: {a: {type: string}, b: {type: string}}}";
    let schema = schema(&[&with_fields(fields)]);
    let text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: Widget_1, lables: {}}\nspec:\n  sise: 1\n  size: many\n  mode: fast\n  kept: {a: 1}\n  list: [a, null]\n  nulls: [null]\n  map: {a: null}\n  needed: {b: x}\n\
                ---\napiVersion: example.com/v2\nkind: Widget\nmetadata: {name: b}\n\
                ---\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: c}\n\
                ---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: d}\nspec: {size: 0, mode: Safe}\n";
    let read = polc::manifest::read_text(text);
    let mut checker = Checker::with(schema);
    let mut out = String::new();
    for document in &read.documents {
        for finding in checker.check("a.yaml", document, "default") {
            let _ = writeln!(out, "{}:{} {} {}: {}", finding.line, finding.column, finding.id, finding.field, finding.message);
        }
    }
    insta::assert_snapshot!(out);
    // Without the definition only the metadata is looked at.
    let mut checker = Checker::new();
    let fields: Vec<String> =
        read.documents.iter().flat_map(|document| checker.check("a.yaml", document, "default")).map(|finding| finding.field).collect();
    assert_eq!(fields, ["metadata.lables"]);
}

fn polc(folder: &Path, arguments: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_polc"))
        .args(arguments)
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder with policies, a definition and a manifest.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("crds/widget.yaml", &with_fields("size: {type: integer, default: 3}"));
    write("crds/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    write(
        "policies/a.pol",
        "pack a\n\n/// Small.\nrule small {\n    match Widget\n    require object.spec.size < 3 message \"size {object.spec.size}\"\n}\n",
    );
    write("widget.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {}\n");
    folder
}

#[test]
fn commands_take_definitions() {
    let folder = project();
    for command in [
        &["build", "policies", "--target", "opa,vap"][..],
        &["list", "policies"],
        &["ir", "policies"],
        &["docs", "policies", "--out", "site"],
    ] {
        let without = polc(folder.path(), command, "");
        assert_eq!(without.status.code(), Some(2), "{}", said(&without));
        assert!(said(&without).contains("unknown kind `Widget`"), "{}", said(&without));
        let with = polc(folder.path(), &[command, &["--crds", "crds"]].concat(), "");
        assert_eq!(with.status.code(), Some(0), "{command:?}: {}", said(&with));
    }
    let check = polc(folder.path(), &["check", "--policies", "policies", "--crds", "crds/widget.yaml", "widget.yaml"], "");
    assert_eq!(check.status.code(), Some(1));
    assert!(said(&check).starts_with("widget.yaml:4: deny a/small: size 3\n"), "{}", said(&check));
    let none = polc(folder.path(), &["check", "--policies", "policies", "--crds", "crds/other.yaml", "widget.yaml"], "");
    assert_eq!(none.status.code(), Some(2));
    assert!(said(&none).contains("there is no CustomResourceDefinition in `crds/other.yaml`"), "{}", said(&none));
    assert!(said(&none).contains("no-crds"), "{}", said(&none));
    let missing = polc(folder.path(), &["list", "policies", "--crds", "nowhere"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(said(&missing).contains("cannot read `nowhere`"), "{}", said(&missing));
}

#[test]
fn a_configuration_names_definitions() {
    let folder = project();
    fs::write(folder.path().join("polc.yaml"), "crds: [crds]\ntargets: [vap]\n").unwrap();
    let check = polc(folder.path(), &["check", "widget.yaml"], "");
    assert!(said(&check).starts_with("widget.yaml:4: deny a/small: size 3\n"), "{}", said(&check));
    let build = polc(folder.path(), &["build"], "");
    assert_eq!(build.status.code(), Some(0), "{}", said(&build));
    assert!(fs::read_to_string(folder.path().join("dist/vap/a.yaml")).unwrap().contains("- widgets\n"));
    // From elsewhere, its paths are still relative to it.
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    let list = polc(&below, &["list", "--config", "../polc.yaml"], "");
    assert_eq!(list.status.code(), Some(0), "{}", said(&list));
    fs::write(folder.path().join("polc.yaml"), "crds: crds\n").unwrap();
    assert!(said(&polc(folder.path(), &["build"], "")).contains("`crds` is text"));
}

#[test]
fn the_function_takes_definitions() {
    let folder = project();
    let list = |more: &str| {
        format!(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: polc/v1\n  kind: Policies\n  metadata: {{name: a}}\n  spec:\n    policies: [policies]\n{more}items:\n- apiVersion: example.com/v1\n  kind: Widget\n  metadata: {{name: w}}\n  spec: {{sise: 1}}\n"
        )
    };
    let with = polc(folder.path(), &["krm"], &list("    crds: [crds]\n"));
    assert_eq!(with.status.code(), Some(1), "{}", said(&with));
    for part in ["a/small: size 3", "builtin/schema-unknown-field: `sise` is no field of WidgetSpec: did you mean `size`?"] {
        assert!(said(&with).contains(part), "{}", said(&with));
    }
    assert!(said(&polc(folder.path(), &["krm"], &list(""))).contains("unknown kind `Widget`"));
}

/// The definitions of the golden case are those that its rules are built for, and every target carries them.
#[test]
fn verify_judges_custom_kinds_on_embedded_engines() {
    let crds = repository("golden/custom-resources/crds");
    let rules = repository("golden/custom-resources/custom-resources.pol");
    let arguments = ["verify", rules.to_str().unwrap(), "--crds", crds.to_str().unwrap(), "--engine", "regorus,kube-cel", "--cases", "600"];
    let output = polc(Path::new("."), &arguments, "");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("of 2 engines on 8 rules compared"), "{}", said(&output));
}
