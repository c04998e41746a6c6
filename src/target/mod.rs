//! The targets: what is written for each engine. A target only packages; conditions come from [`crate::lower`].

use crate::diagnostic::{Diagnostic, Span, codes::build};
use crate::ir::{Cond, PodSecurity, Program, Rule, Targets};
use crate::lower::Unsupported;
use crate::lower::cel::cost::{CHARACTERS, Cost, ITEMS};
use serde::Serialize;
use std::collections::BTreeSet;

mod admission;
pub mod admission_config;
mod bundle;
pub mod conftest;
pub mod gatekeeper;
mod gatekeeper_mutators;
pub mod inventory;
mod kustomization;
pub mod kyverno;
mod kyverno_changes;
pub(crate) mod kyverno_exception;
mod kyverno_generating;
mod kyverno_mutating;
pub mod kyverno_vpol;
pub mod map;
mod metadata;
pub mod opa;
pub mod psa;
mod rego_modules;
mod signature;
pub mod vap;

pub(crate) use metadata::policy_name;
pub(crate) use rego_modules::package_name;
pub use signature::{KeyError, Signing, SigningAlgorithm};

/// What targets are written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The minor version of the clusters' Kubernetes: 37 is 1.37. It decides which functions CEL has.
    pub kubernetes: u32,
    /// In which language Gatekeeper's templates are.
    pub gatekeeper: GatekeeperEngine,
    /// Which rules Gatekeeper's templates hold.
    pub gatekeeper_layout: GatekeeperLayout,
    /// Where Gatekeeper's constraints count: everywhere where there are none.
    pub gatekeeper_points: BTreeSet<EnforcementPoint>,
    /// What exemptions of rules are in Kyverno.
    pub kyverno_exemptions: KyvernoExemptions,
}

/// What exemptions of rules are in Kyverno, for `kyverno-vpol`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum KyvernoExemptions {
    /// A part of the policy's condition.
    #[default]
    Policy,
    /// A PolicyException, which the clusters have to allow: the policy is the same whoever is exempt.
    Exception,
}

/// The language of Gatekeeper's templates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GatekeeperEngine {
    /// Rego: the rules that share match and action are one template, and violations name their rule.
    #[default]
    Rego,
    /// CEL, Gatekeeper's K8sNativeValidation: a template for each rule.
    Cel,
}

/// Which rules a template of Gatekeeper's holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GatekeeperLayout {
    /// The rules of a pack that share match and action: Gatekeeper's time goes by templates.
    #[default]
    Shared,
    /// One rule. In CEL it is always so.
    Rule,
}

/// Where a constraint of Gatekeeper's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum EnforcementPoint {
    /// Admission through Gatekeeper's webhook.
    Webhook,
    /// The audit of what is in the cluster.
    Audit,
    /// Admission through the ValidatingAdmissionPolicies that Gatekeeper makes of templates in CEL.
    Vap,
}

impl EnforcementPoint {
    /// Its name in `scopedEnforcementActions`.
    ///
    /// Source: `github.com/open-policy-agent/gatekeeper` 3.23, `pkg/util/enforcement_action.go`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            EnforcementPoint::Webhook => "validation.gatekeeper.sh",
            EnforcementPoint::Audit => "audit.gatekeeper.sh",
            EnforcementPoint::Vap => "vap.k8s.io",
        }
    }
}

impl Options {
    /// The newest minor version of Kubernetes that this version of `polc` knows.
    pub const NEWEST_KUBERNETES: u32 = 37;
    /// The oldest minor version of Kubernetes for which something is written: the first with ValidatingAdmissionPolicy as `v1`.
    pub const OLDEST_KUBERNETES: u32 = admission::FIRST_MINOR;

    /// `1.37`, also with a `v` or a patch version, as its minor version.
    ///
    /// # Errors
    /// What is wanted, where the text is no version or one that is not known.
    pub fn kubernetes_version(text: &str) -> Result<u32, String> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let minor = match (parts.next(), parts.next().map(str::parse::<u32>), parts.next(), parts.next()) {
            (Some("1"), Some(Ok(minor)), None, None) => Some(minor),
            (Some("1"), Some(Ok(minor)), Some(patch), None) if patch.parse::<u32>().is_ok() => Some(minor),
            _ => None,
        };
        let (oldest, newest) = (Self::OLDEST_KUBERNETES, Self::NEWEST_KUBERNETES);
        match minor {
            Some(minor) if (oldest..=newest).contains(&minor) => Ok(minor),
            Some(minor) => Err(format!("1.{minor} is not among the versions that are known: 1.{oldest} to 1.{newest}")),
            None => Err(format!("expected a version from 1.{oldest} to 1.{newest}, for example `1.{newest}`")),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kubernetes: Self::NEWEST_KUBERNETES,
            gatekeeper: GatekeeperEngine::default(),
            gatekeeper_layout: GatekeeperLayout::default(),
            gatekeeper_points: BTreeSet::new(),
            kyverno_exemptions: KyvernoExemptions::default(),
        }
    }
}

/// A file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its path below the output folder, with `/`.
    pub path: String,
    /// Its bytes.
    pub contents: Vec<u8>,
}

/// What became of a rule in a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// Emitted with the same verdict and message.
    Exact,
    /// The target has nothing to do with such a rule; why.
    NotApplicable(String),
    /// The author wrote that the rule is not for this target.
    Dropped,
    /// It cannot be said exactly: a build error; why.
    Refused(String),
}

/// A row of the build report: one rule in one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetReport {
    /// `pack/rule`.
    pub rule: String,
    /// The target's name.
    pub target: &'static str,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What its CEL costs at most, where that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What a target gives for a program. It is to be used only if `diagnostics` holds no error.
#[derive(Debug, Clone, Default)]
pub struct Emission {
    /// The files, sorted by path.
    pub artifacts: Vec<Artifact>,
    /// A row for each rule, in the order of packs and rules.
    pub report: Vec<TargetReport>,
    /// Refusals and collisions.
    pub diagnostics: Vec<Diagnostic>,
    /// What a user of the target should know, a sentence each.
    pub notes: Vec<String>,
    /// Which rules an engine always judges together, where those are not all of a pack.
    pub units: Vec<Unit>,
}

/// Rules that an engine judges together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The target's name.
    pub target: &'static str,
    /// What it is called there.
    pub name: String,
    /// Its folder below the output folder.
    pub path: String,
    /// `pack/rule` of each.
    pub rules: Vec<String>,
}

impl Emission {
    /// Whether an item is wanted in a target. Where its author has left the target out, its row says so.
    pub(crate) fn wants(&mut self, target: &'static str, item: &Rule) -> bool {
        self.wants_in(target, target, item)
    }

    /// The same of a target that is written in several languages, in one of them.
    pub(crate) fn wants_in(&mut self, target: &'static str, language: &str, item: &Rule) -> bool {
        let wants = item.targets.include_in(target, language);
        if !wants {
            self.row(target, &item.id, Outcome::Dropped);
        }
        wants
    }

    /// The same for a mutation or generation, which is not written either where it never applies.
    pub(crate) fn wants_change(&mut self, target: &'static str, head: &Rule) -> bool {
        let wants = self.wants(target, head);
        let never = matches!(head.applies, Cond::Const(false));
        if wants && never {
            self.row(target, &head.id, Outcome::NotApplicable("its `where` is never true".to_owned()));
        }
        wants && !never
    }

    /// Adds a row.
    pub fn row(&mut self, target: &'static str, rule: &str, outcome: Outcome) {
        self.report.push(TargetReport { rule: rule.to_owned(), target, outcome, cost: None });
    }

    /// Adds a rule that is written, with what it costs; above what it may cost that is an error. Whether it may be written.
    pub(crate) fn costed(&mut self, target: &'static str, rule: &str, span: Span, cost: Cost) -> bool {
        let share = cost.share();
        let percent = format!("{:.0} %", (share * 100.0).ceil());
        let outcome = if share > 1.0 { Outcome::Refused(format!("its CEL costs up to {percent} of the limit")) } else { Outcome::Exact };
        self.report.push(TargetReport { rule: rule.to_owned(), target, outcome, cost: Some(cost) });
        if share > 1.0 {
            let said = format!(
                "`{rule}` costs up to {percent} of what a policy of {target} may cost, on objects with lists of {ITEMS} entries and texts of {CHARACTERS} characters"
            );
            let help = format!("loop less deeply, or leave the target out for this rule with `targets except {target}`");
            self.diagnostics.push(Diagnostic::error(&build::TOO_COSTLY, span, said).with_help(help));
        }
        share <= 1.0
    }

    /// Adds a refused rule: its row and the build error that names rule, construct and target.
    pub fn refuse(&mut self, target: &'static str, rule: &str, unsupported: &Unsupported) {
        let construct = &unsupported.construct;
        self.row(target, rule, Outcome::Refused(format!("{construct} has no exact form")));
        self.diagnostics.push(
            Diagnostic::error(
                &build::NOT_EXPRESSIBLE,
                unsupported.span,
                format!("`{rule}` cannot be written for {target}: {construct} has no exact form there"),
            )
            .with_help(format!("leave the target out for this rule with `targets except {target}`, or state the rule without it")),
        );
    }

    /// Adds the error that two names become one.
    pub fn collide(&mut self, target: &'static str, name: &str, first: &str, second: &str, span: Span) {
        self.diagnostics.push(
            Diagnostic::error(
                &build::NAME_COLLISION,
                span,
                format!("`{first}` and `{second}` are both called `{name}` in the output for {target}"),
            )
            .with_help("rename one of them"),
        );
    }
}

/// The `pod-security` block of a program.
pub(crate) struct PodSecurityBlock<'a> {
    /// `pack/pod-security`.
    pub id: String,
    /// The block.
    pub pod_security: &'a PodSecurity,
}

/// The one `pod-security` block; more than one is an error, for labels of one namespace cannot come from two.
pub(crate) fn pod_security<'a>(emission: &mut Emission, program: &'a Program, target: &'static str) -> Option<PodSecurityBlock<'a>> {
    let mut blocks = program.packs.values().filter_map(|pack| {
        pack.pod_security.as_ref().map(|pod_security| PodSecurityBlock { id: format!("{}/pod-security", pack.name), pod_security })
    });
    let first = blocks.next()?;
    for other in blocks {
        emission.row(target, &other.id, Outcome::Refused("there is another `pod-security` block".to_owned()));
        emission.diagnostics.push(
            Diagnostic::error(&build::SECOND_POD_SECURITY, other.pod_security.span, "a second `pod-security` block")
                .with_label(first.pod_security.span, "the first")
                .with_help("state the levels of all namespaces in one block"),
        );
    }
    Some(first)
}

/// Rows for the rules, which a target of whole levels does not carry.
pub(crate) fn not_applicable(emission: &mut Emission, program: &Program, target: &'static str, why: &str) {
    for rule in program.packs.values().flat_map(|pack| &pack.rules) {
        emission.row(target, &rule.id, Outcome::NotApplicable(why.to_owned()));
    }
}

/// A YAML document of a typed value.
pub(crate) fn yaml(value: &impl Serialize) -> Result<Vec<u8>, serde_yaml::Error> {
    serde_yaml::to_string(value).map(String::into_bytes)
}

/// The documents of a file, one after the other.
pub(crate) fn join_documents(documents: &[String]) -> Vec<u8> {
    documents.join("---\n").into_bytes()
}

impl Emission {
    /// Adds the error that an output could not be written as YAML.
    pub(crate) fn fail(&mut self, target: &'static str, id: &str, error: &serde_yaml::Error, span: Span) {
        self.row(target, id, Outcome::Refused(error.to_string()));
        self.diagnostics.push(
            Diagnostic::error(&build::NOT_EXPRESSIBLE, span, format!("`{id}` cannot be written for {target}: {error}"))
                .with_help(format!("leave the target out with `targets except {target}`")),
        );
    }
}

/// The names that a `targets` clause may say: those of the targets, those of Gatekeeper's languages, and `check` for `polc check`.
pub const KNOWN: [&str; 12] = [
    "check",
    "opa",
    "kyverno",
    "psa",
    "admission-config",
    "conftest",
    "gatekeeper",
    gatekeeper::REGO,
    gatekeeper::CEL,
    "kyverno-vpol",
    "vap",
    "map",
];

/// A target of `polc build`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Rego modules for OPA.
    Opa,
    /// Rego modules for conftest.
    Conftest,
    /// ConstraintTemplates and Constraints.
    Gatekeeper,
    /// ValidatingAdmissionPolicy and its bindings.
    Vap,
    /// MutatingAdmissionPolicy and its bindings.
    Map,
    /// `policies.kyverno.io/v1` ValidatingPolicy.
    KyvernoVpol,
    /// `kyverno.io/v1` ClusterPolicy.
    Kyverno,
    /// Namespaces with Pod Security labels.
    Psa,
    /// The API server's AdmissionConfiguration.
    AdmissionConfig,
}

impl Target {
    /// All of them, in the order of the report.
    pub const ALL: [Target; 9] = [
        Target::Opa,
        Target::Conftest,
        Target::Gatekeeper,
        Target::Vap,
        Target::Map,
        Target::KyvernoVpol,
        Target::Kyverno,
        Target::Psa,
        Target::AdmissionConfig,
    ];

    /// Its name on the command line and in the output folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Target::Opa => opa::NAME,
            Target::Conftest => conftest::NAME,
            Target::Gatekeeper => gatekeeper::NAME,
            Target::Vap => vap::NAME,
            Target::Map => map::NAME,
            Target::KyvernoVpol => kyverno_vpol::NAME,
            Target::Kyverno => kyverno::NAME,
            Target::Psa => psa::NAME,
            Target::AdmissionConfig => admission_config::NAME,
        }
    }

    /// The target of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Target> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// Whether it carries rules (and not only `pod-security`).
    #[must_use]
    pub fn carries_rules(self) -> bool {
        match self {
            Target::Opa | Target::Conftest | Target::Gatekeeper | Target::Vap | Target::KyvernoVpol | Target::Kyverno => true,
            Target::Map | Target::Psa | Target::AdmissionConfig => false,
        }
    }

    /// Whether what it writes is applied to a cluster, and so gets a `kustomization.yaml`.
    #[must_use]
    pub fn is_applied(self) -> bool {
        match self {
            Target::Gatekeeper | Target::Vap | Target::Map | Target::KyvernoVpol | Target::Kyverno | Target::Psa => true,
            Target::Opa | Target::Conftest | Target::AdmissionConfig => false,
        }
    }

    /// The folders below the output folder that are its own: those of what it writes, and of the tests in its engine's form.
    #[must_use]
    pub fn folders(self) -> Vec<String> {
        let own = self.name().to_owned();
        let tests = format!("{own}-tests");
        match self {
            Target::Opa => vec![own, opa::BUNDLE.to_owned(), tests],
            Target::Conftest | Target::Gatekeeper | Target::KyvernoVpol | Target::Kyverno => vec![own, tests],
            Target::Vap | Target::Map | Target::Psa | Target::AdmissionConfig => vec![own],
        }
    }

    /// What it writes for a program.
    #[must_use]
    pub fn emit(self, program: &Program, options: &Options) -> Emission {
        match self {
            Target::Opa => opa::emit(program),
            Target::Conftest => conftest::emit(program),
            Target::Gatekeeper => gatekeeper::emit(program, options),
            Target::Vap => vap::emit(program, options),
            Target::Map => map::emit(program, options),
            Target::KyvernoVpol => kyverno_vpol::emit(program, options),
            Target::Kyverno => kyverno::emit(program),
            Target::Psa => psa::emit(program),
            Target::AdmissionConfig => admission_config::emit(program),
        }
    }
}

/// A warning of the rules that cost more than a tenth of what they may, dearest first.
fn costly(target: &str, report: &[TargetReport]) -> Option<String> {
    let mut dear: Vec<(f64, &str)> = report
        .iter()
        .filter(|row| row.outcome == Outcome::Exact)
        .filter_map(|row| Some((row.cost?.share(), &*row.rule)))
        .filter(|(share, _)| *share > 0.1)
        .collect();
    dear.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
    let named: Vec<String> = dear.iter().map(|(share, rule)| format!("`{rule}` {:.0} %", (share * 100.0).ceil())).collect();
    (!named.is_empty()).then(|| {
        format!(
            "{target} may spend much of what a policy may cost on {}; where objects are larger than lists of {ITEMS} entries and texts of {CHARACTERS} characters, it may refuse them \
             because the rule cannot be judged",
            named.join(", ")
        )
    })
}

/// What these targets write for a program, one after the other; a rule that its author sends to none of those that carry rules is an error.
#[must_use]
pub fn emit(program: &Program, targets: &BTreeSet<Target>, options: &Options) -> Emission {
    let mut all = Emission::default();
    for target in targets {
        let mut emission = target.emit(program, options);
        if target.is_applied() {
            kustomization::add(target.name(), &mut emission);
        }
        emission.notes.extend(costly(target.name(), &emission.report));
        all.artifacts.extend(emission.artifacts);
        all.report.extend(emission.report);
        all.diagnostics.extend(emission.diagnostics);
        all.notes.extend(emission.notes);
        all.units.extend(emission.units);
    }
    all.artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    changes(&mut all, program, targets);
    let carriers: Vec<&str> = targets.iter().filter(|target| target.carries_rules()).map(|target| target.name()).collect();
    for rule in program.packs.values().flat_map(|pack| &pack.rules) {
        let rows = || all.report.iter().filter(|row| row.rule == rule.id && carriers.contains(&row.target));
        let in_check = matches!(&rule.targets, Targets::Only(names) if names.contains("check"));
        if !in_check && rows().next().is_some() && rows().all(|row| row.outcome == Outcome::Dropped) {
            // Who names the targets that a rule is for wants it somewhere; who leaves one out has said so of that one.
            let found = match &rule.targets {
                Targets::Except(_) => Diagnostic::warning,
                Targets::All | Targets::Only(_) => Diagnostic::error,
            };
            let message = format!("`{}` reaches none of the chosen targets ({})", rule.id, carriers.join(", "));
            all.diagnostics.push(
                found(&build::REACHES_NO_TARGET, rule.span, message)
                    .with_help("choose a target that its `targets` clause allows, or change the clause"),
            );
        }
    }
    all
}

/// Rows for the mutations and generations of which a target says nothing: it carries none.
fn changes(emission: &mut Emission, program: &Program, targets: &BTreeSet<Target>) {
    for pack in program.packs.values() {
        let mutations = pack.mutations.iter().map(|mutation| ("mutations", &mutation.head.id));
        let generations = pack.generations.iter().map(|generation| ("generations", &generation.head.id));
        for (what, id) in mutations.chain(generations) {
            for target in targets.iter().map(|target| target.name()) {
                if !emission.report.iter().any(|row| row.rule == *id && row.target == target) {
                    emission.row(target, id, Outcome::NotApplicable(format!("{target} carries no {what}")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::diagnostic::{Level, Sources};

    #[test]
    fn a_rule_that_reaches_no_target_is_an_error_unless_its_author_left_the_target_out() {
        for (clause, level) in [("targets opa", Level::Error), ("targets except kyverno", Level::Warning)] {
            let mut sources = Sources::default();
            sources.add("a.pol", format!("pack p\nrule a {{ {clause}\n match Pod forbid pod.spec.hostPID message \"a\" }}\n"));
            let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
            let [found] = &emit(&program, &[Target::Kyverno].into(), &Options::default()).diagnostics[..] else { panic!("{clause}") };
            assert_eq!(found.level, level, "{clause}");
            assert_eq!(found.message, "`p/a` reaches none of the chosen targets (kyverno)");
            assert_eq!(found.help.as_deref(), Some("choose a target that its `targets` clause allows, or change the clause"));
            assert!(sources.text(found.labels[0].0).starts_with("rule a {"));
            assert!(emit(&program, &[Target::Opa, Target::Kyverno].into(), &Options::default()).diagnostics.is_empty());
        }
    }

    #[test]
    fn what_costs_more_than_a_tenth_is_a_warning_of_each_target() {
        let loops = |lists: &[&str]| -> String {
            let start: String = lists.iter().enumerate().map(|(level, list)| format!("for c{level} in pod.{list} {{ ")).collect();
            format!("match Pod\n {start}forbid c0.stdin message \"m\"{}", " }".repeat(lists.len()))
        };
        let dear = loops(&["containers", "spec.containers", "spec.containers"]);
        let dearer = loops(&["allContainers", "containers", "spec.containers"]);
        let mut sources = Sources::default();
        sources.add("a.pol", format!("pack p\nrule a {{ {} }}\nrule b {{ {dear} }}\nrule c {{ {dearer} }}\n", loops(&["allContainers"])));
        let program = compile(&sources, &crate::resolve::Options::default()).unwrap().program;
        let emission = emit(&program, &[Target::Opa, Target::KyvernoVpol, Target::Vap].into(), &Options::default());
        let mut notes = emission.notes.iter().filter(|note| note.contains(" may spend much "));
        for target in ["vap", "kyverno-vpol"] {
            let note = notes.next().unwrap();
            let start = format!("{target} may spend much of what a policy may cost on `p/c` ");
            assert!(note.starts_with(&start) && note.contains(" %, `p/b` ") && !note.contains("p/a"), "{note}");
        }
        assert_eq!(notes.next(), None);
        assert!(emission.diagnostics.is_empty(), "{:?}", emission.diagnostics);
    }
}
