//! `polc.yaml`: what a project builds, and what its environments change.
//!
//! [`read()`] takes its text and gives it with the place of every part, or all that is wrong in it. [`Config::layers`] gives what counts in an environment;
//! [`overlay::apply`] lays the actions over a compiled program. The types here are the JSON schema that editors use too (`docs/polc.schema.json`).

pub mod function;
pub mod overlay;
mod read;
#[cfg(test)]
mod schema;

use crate::diagnostic::Span;
use crate::ir::Action;
use crate::target::{EnforcementPoint, GatekeeperEngine, GatekeeperLayout, KyvernoExemptions, Options, Target};

pub use read::read;

/// The name of the file that is looked for in the working directory.
pub const FILE_NAME: &str = "polc.yaml";

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A map with the places of its keys, in the order of the file.
pub type Entries<T> = Vec<(Placed<String>, T)>;

/// What a project builds.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields, title = "polc.yaml"))]
pub struct Config {
    /// `.pol` files, or folders that hold some, relative to this file. Without it, the folder `policies`.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub policies: Vec<Placed<String>>,
    /// CustomResourceDefinitions, for rules about their kinds: files, or folders that hold some, relative to this file.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub crds: Vec<Placed<String>>,
    /// The targets that are built. Without it, all.
    #[cfg_attr(test, schemars(default, with = "Vec<schema::TargetName>", length(min = 1)))]
    pub targets: Vec<Placed<Target>>,
    /// The version of the clusters' Kubernetes, `"1.34"`. Without it, the newest that is known.
    #[cfg_attr(test, schemars(default, with = "schema::Version"))]
    pub kubernetes: Option<Placed<u32>>,
    /// The output folder, relative to this file; an environment is built into its subfolder of the environment's name. Without it, `dist`.
    #[cfg_attr(test, schemars(default, with = "String"))]
    pub out: Option<Placed<String>>,
    /// How Gatekeeper's templates and constraints are written.
    #[cfg_attr(test, schemars(default))]
    pub gatekeeper: Gatekeeper,
    /// How Kyverno's policies are written.
    #[cfg_attr(test, schemars(default))]
    pub kyverno: Kyverno,
    /// Whether tests in the forms of the engines are written beside the targets. Without it, they are.
    #[cfg_attr(test, schemars(default, with = "bool"))]
    pub tests: Option<Placed<bool>>,
    /// What is changed in every environment.
    #[cfg_attr(test, schemars(flatten))]
    pub base: Overlay,
    /// What is changed in one environment, by its name: `polc build --env NAME`.
    #[cfg_attr(test, schemars(default, with = "std::collections::BTreeMap<String, Overlay>"))]
    pub environments: Entries<Overlay>,
}

impl Config {
    /// Its keys.
    pub(crate) const KEYS: [&str; 12] = [
        "policies",
        "crds",
        "targets",
        "kubernetes",
        "out",
        "gatekeeper",
        "kyverno",
        "tests",
        "params",
        "actions",
        "exemptions",
        "environments",
    ];
}

/// How Gatekeeper's templates and constraints are written.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Gatekeeper {
    /// The language of the templates. Without it, `rego`.
    #[cfg_attr(test, schemars(default, with = "schema::Engine"))]
    pub engine: Option<Placed<GatekeeperEngine>>,
    /// `shared` for a template for the rules of a pack that share match and action, `rule` for one each. Without it, `shared`.
    #[cfg_attr(test, schemars(default, with = "schema::Layout"))]
    pub layout: Option<Placed<GatekeeperLayout>>,
    /// Where the constraints count. Without it, everywhere.
    #[cfg_attr(test, schemars(default, with = "Vec<schema::Point>", length(min = 1)))]
    pub enforcement_points: Vec<Placed<EnforcementPoint>>,
}

impl Gatekeeper {
    /// Its keys.
    pub(crate) const KEYS: [&str; 3] = ["engine", "layout", "enforcementPoints"];
}

/// How Kyverno's policies are written.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Kyverno {
    /// `policy` for exemptions in the policies of `kyverno-vpol`, `exception` for PolicyExceptions. Without it, `policy`.
    #[cfg_attr(test, schemars(default, with = "schema::Exemptions"))]
    pub exemptions: Option<Placed<KyvernoExemptions>>,
}

impl Kyverno {
    /// Its keys.
    pub(crate) const KEYS: [&str; 1] = ["exemptions"];
}

/// What may be changed without touching the rules: values of params, actions and exemptions, and nothing else.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Overlay {
    /// Values of params, by `pack.param`, or by `param` for each pack that has it. A value replaces the default and is not merged with it.
    #[cfg_attr(test, schemars(default, with = "std::collections::BTreeMap<String, serde_json::Value>"))]
    pub params: Entries<Placed<serde_json::Value>>,
    /// Actions of rules, by `pack/rule`, or by `pack/*` for all rules of a pack.
    #[cfg_attr(test, schemars(default, with = "std::collections::BTreeMap<String, schema::ActionName>"))]
    pub actions: Entries<Placed<Action>>,
    /// Where rules do not count, why, and until when.
    #[cfg_attr(test, schemars(default))]
    pub exemptions: Vec<Exemption>,
}

impl Overlay {
    /// Its keys.
    pub(crate) const KEYS: [&str; 3] = ["params", "actions", "exemptions"];
}

/// An exemption, as `exempt` states it in `.pol` files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields, rename_all = "camelCase"))]
pub struct Exemption {
    /// The rules: `pack/rule`.
    #[cfg_attr(test, schemars(with = "Vec<String>", length(min = 1)))]
    pub rules: Vec<Placed<String>>,
    /// The namespaces whose objects are exempt.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub namespaces: Vec<Placed<String>>,
    /// The users whose requests are exempt.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub users: Vec<Placed<String>>,
    /// The groups whose requests are exempt.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub groups: Vec<Placed<String>>,
    /// The runtime classes whose Pods are exempt.
    #[cfg_attr(test, schemars(default, with = "Vec<String>", length(min = 1)))]
    pub runtime_classes: Vec<Placed<String>>,
    /// The last day, `YYYY-MM-DD`.
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))]
    pub until: Placed<String>,
    /// Why.
    #[cfg_attr(test, schemars(with = "String", length(min = 1)))]
    pub because: Placed<String>,
    /// Where it stands.
    #[cfg_attr(test, schemars(skip))]
    pub span: Span,
}

impl Exemption {
    /// Its keys.
    pub(crate) const KEYS: [&str; 7] = ["rules", "namespaces", "users", "groups", "runtimeClasses", "until", "because"];

    /// Who is exempt, by the words of the language.
    pub(crate) fn whom(&self) -> impl Iterator<Item = (&'static str, &[Placed<String>])> {
        [
            ("namespaces", self.namespaces.as_slice()),
            ("users", self.users.as_slice()),
            ("groups", self.groups.as_slice()),
            ("runtimeClasses", self.runtime_classes.as_slice()),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
    }
}

impl Config {
    /// For what the targets are written.
    #[must_use]
    pub fn target_options(&self) -> Options {
        let mut options = Options::default();
        if let Some(minor) = &self.kubernetes {
            options.kubernetes = minor.value;
        }
        if let Some(engine) = &self.gatekeeper.engine {
            options.gatekeeper = engine.value;
        }
        if let Some(layout) = &self.gatekeeper.layout {
            options.gatekeeper_layout = layout.value;
        }
        if let Some(exemptions) = &self.kyverno.exemptions {
            options.kyverno_exemptions = exemptions.value;
        }
        options.gatekeeper_points = self.gatekeeper.enforcement_points.iter().map(|point| point.value).collect();
        options
    }

    /// What counts in an environment: its own overlay first, then the base. Without an environment, the base alone; none where there is no such environment.
    #[must_use]
    pub fn layers(&self, environment: Option<&str>) -> Option<Vec<&Overlay>> {
        match environment {
            None => Some(vec![&self.base]),
            Some(name) => {
                let (_, overlay) = self.environments.iter().find(|(key, _)| key.value == name)?;
                Some(vec![overlay, &self.base])
            }
        }
    }
}
