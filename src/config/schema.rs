//! The JSON schema for editors, made from the types that `polc.yaml` is read into.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use super::{Config, Exemption, Gatekeeper, Kyverno, Overlay};
use crate::ir::Action;
use crate::target::{EnforcementPoint, GatekeeperEngine, GatekeeperLayout, KyvernoExemptions, Options, Target};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use std::borrow::Cow;

/// One of the targets.
pub(super) struct TargetName;

impl JsonSchema for TargetName {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": Target::ALL.map(Target::name) })
    }
}

/// One of the actions.
pub(super) struct ActionName;

impl JsonSchema for ActionName {
    fn schema_name() -> Cow<'static, str> {
        "Action".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": Action::NAMES.map(|(name, _)| name) })
    }
}

/// The words of an enumeration.
fn words<T: clap::ValueEnum>() -> Schema {
    let words: Vec<String> =
        T::value_variants().iter().filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned())).collect();
    json_schema!({ "enum": words })
}

/// The language of Gatekeeper's templates.
pub(super) struct Engine;

impl JsonSchema for Engine {
    fn schema_name() -> Cow<'static, str> {
        "GatekeeperEngine".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words::<GatekeeperEngine>()
    }
}

/// What Gatekeeper's templates hold.
pub(super) struct Layout;

impl JsonSchema for Layout {
    fn schema_name() -> Cow<'static, str> {
        "GatekeeperLayout".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words::<GatekeeperLayout>()
    }
}

/// Where Gatekeeper's constraints count.
pub(super) struct Point;

impl JsonSchema for Point {
    fn schema_name() -> Cow<'static, str> {
        "EnforcementPoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words::<EnforcementPoint>()
    }
}

/// What exemptions are in Kyverno.
pub(super) struct Exemptions;

impl JsonSchema for Exemptions {
    fn schema_name() -> Cow<'static, str> {
        "KyvernoExemptions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        words::<KyvernoExemptions>()
    }
}

/// A minor version of Kubernetes; a number too, for without quotes it is one.
pub(super) struct Version;

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let versions: Vec<String> = (Options::OLDEST_KUBERNETES..=Options::NEWEST_KUBERNETES).map(|minor| format!("1.{minor}")).collect();
        json_schema!({ "anyOf": [{ "enum": versions }, { "type": "string", "pattern": "^v?1\\.[0-9]+(\\.[0-9]+)?$" }, { "type": "number" }] })
    }
}

fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<Config>().into()
}

fn text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
    text.push('\n');
    text
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads and writes a file of the documentation")]
fn the_schema_for_editors_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/polc.schema.json");
    if std::env::var_os("POLC_UPDATE_DOCS").is_some() {
        std::fs::write(path, text()).expect("the documentation can be written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, text(), "docs/polc.schema.json is stale: POLC_UPDATE_DOCS=1 cargo test --lib config::schema");
}

fn keys(schema: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<&str> = schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn sorted<const N: usize>(mut keys: [&'static str; N]) -> [&'static str; N] {
    keys.sort_unstable();
    keys
}

#[test]
fn the_reader_takes_the_keys_that_the_schema_has() {
    let schema = schema();
    assert_eq!(keys(&schema), sorted(Config::KEYS));
    assert_eq!(schema["additionalProperties"], false);
    let of = |name: &str| &schema["definitions"][name];
    assert_eq!(keys(of("Overlay")), sorted(Overlay::KEYS));
    assert_eq!(keys(of("Exemption")), sorted(Exemption::KEYS));
    assert_eq!(keys(of("Gatekeeper")), sorted(Gatekeeper::KEYS));
    assert_eq!(keys(of("Kyverno")), sorted(Kyverno::KEYS));
    for name in ["Overlay", "Exemption", "Gatekeeper", "Kyverno"] {
        assert_eq!(of(name)["additionalProperties"], false, "{name}");
    }
    assert_eq!(of("Exemption")["required"], serde_json::json!(["rules", "until", "because"]));
}
