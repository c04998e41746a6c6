//! The text of `polc.yaml` to a [`Config`], with all that is wrong in it.

use super::{Config, Entries, Exemption, Gatekeeper, Kyverno, Overlay, Placed};
use crate::diagnostic::codes::config as codes;
use crate::diagnostic::{Code, Diagnostic, Level, Span, nearest};
use crate::ir::Action;
use crate::manifest::Text;
use crate::object::{Key, Node, Value};
use crate::target::{Options, Target};

/// Reads the text of the source with this index. A text without content is an empty configuration.
///
/// # Errors
/// All that is wrong in it.
pub fn read(source: u32, text: &str) -> Result<Config, Vec<Diagnostic>> {
    let mut reader = Reader { text: Text::new(source, text), diagnostics: Vec::new() };
    let config = reader.document();
    if reader.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        reader.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|(span, _)| *span));
        Err(reader.diagnostics)
    } else {
        Ok(config)
    }
}

pub(super) struct Reader<'a> {
    pub text: Text<'a>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, code: &'static Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message).with_help(help));
    }

    fn document(&mut self) -> Config {
        self.whole("the configuration").map(|node| self.config(&node)).unwrap_or_default()
    }

    fn config(&mut self, node: &Node) -> Config {
        let mut config = Config::default();
        for (key, value) in node.entries() {
            match &*key.name {
                "policies" => config.policies = self.paths(key, value),
                "crds" => config.crds = self.paths(key, value),
                "targets" => config.targets = self.targets(key, value),
                "kubernetes" => config.kubernetes = self.kubernetes(value),
                "out" => config.out = self.path(key, value),
                "gatekeeper" => config.gatekeeper = self.gatekeeper(key, value),
                "kyverno" => config.kyverno = self.kyverno(key, value),
                "tests" => config.tests = self.boolean(key, value),
                "environments" => config.environments = self.environments(key, value),
                name if Overlay::KEYS.contains(&name) => self.overlay_key(&mut config.base, key, value),
                _ => self.unknown_key(key, &Config::KEYS, "polc.yaml"),
            }
        }
        config
    }

    pub(super) fn unknown_key(&mut self, key: &Key, keys: &[&str], what: &str) {
        let help = match nearest(&key.name, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", keys.join(", ")),
        };
        self.error(&codes::UNKNOWN_KEY, self.text.key(key), format!("{what} has no key `{}`", key.name), help);
    }

    pub(super) fn wrong_type(&mut self, span: Span, name: &str, got: &Node, wanted: &str) {
        let got = match &got.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::String(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        };
        self.error(&codes::BAD_CONFIG, span, format!("`{name}` is {got}"), format!("it has to be {wanted}"));
    }

    /// Underlines the key where the value is a block, else the value.
    pub(super) fn spot(&self, key: &Key, value: &Node) -> Span {
        match &value.value {
            Value::Map(_) | Value::List(_) => self.text.key(key),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) if value.line == key.line => {
                self.text.value(value)
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_) => self.text.key(key),
        }
    }

    pub(super) fn map<'n>(&mut self, key: &Key, value: &'n Node, wanted: &str) -> &'n [(Key, Node)] {
        if !matches!(value.value, Value::Map(_) | Value::Null) {
            self.wrong_type(self.spot(key, value), &key.name, value, wanted);
        }
        value.entries()
    }

    pub(super) fn string(&mut self, key: &Key, value: &Node, wanted: &str) -> Option<Placed<String>> {
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            let span = self.spot(key, value);
            match value.as_str() {
                Some(_) => self.error(&codes::BAD_CONFIG, span, format!("`{}` is empty", key.name), format!("it has to be {wanted}")),
                None => self.wrong_type(span, &key.name, value, wanted),
            }
        }
        text.map(|text| Placed { value: text.to_owned(), span: self.text.value(value) })
    }

    /// A list of texts that is not empty.
    fn strings(&mut self, key: &Key, value: &Node, wanted: &str) -> Vec<Placed<String>> {
        let Value::List(items) = &value.value else {
            self.wrong_type(self.spot(key, value), &key.name, value, wanted);
            return Vec::new();
        };
        if items.is_empty() {
            self.error(
                &codes::BAD_CONFIG,
                self.text.key(key),
                format!("`{}` is empty", key.name),
                format!("it has to be {wanted}, with at least one"),
            );
        }
        let mut strings = Vec::new();
        for item in items {
            let span = self.text.value(item);
            match item.as_str() {
                Some(text) if !text.trim().is_empty() => strings.push(Placed { value: text.to_owned(), span }),
                Some(_) => {
                    self.error(&codes::BAD_CONFIG, span, format!("an element of `{}` is empty", key.name), "name something or leave it out")
                }
                None => self.wrong_type(span, &format!("{}[]", key.name), item, "text: put it in quotes"),
            }
        }
        strings
    }

    pub(super) fn paths(&mut self, key: &Key, value: &Node) -> Vec<Placed<String>> {
        let paths = self.strings(key, value, "a list of files and folders");
        for path in &paths {
            if path.value == "-" {
                self.error(&codes::BAD_CONFIG, path.span, "standard input is no place for files of a project", "name a file or folder");
            }
        }
        paths
    }

    pub(super) fn path(&mut self, key: &Key, value: &Node) -> Option<Placed<String>> {
        self.string(key, value, "a folder")
    }

    fn gatekeeper(&mut self, key: &Key, value: &Node) -> Gatekeeper {
        let mut gatekeeper = Gatekeeper::default();
        for (key, value) in self.map(key, value, "a map with `engine`, `layout` and `enforcementPoints`") {
            match &*key.name {
                "engine" => gatekeeper.engine = self.string(key, value, "an engine").and_then(|word| self.word(&word, "engine")),
                "layout" => gatekeeper.layout = self.string(key, value, "a layout").and_then(|word| self.word(&word, "layout")),
                "enforcementPoints" => {
                    let words = self.strings(key, value, "a list of enforcement points");
                    gatekeeper.enforcement_points = words.iter().filter_map(|word| self.word(word, "enforcement point")).collect();
                }
                _ => self.unknown_key(key, &Gatekeeper::KEYS, "`gatekeeper`"),
            }
        }
        gatekeeper
    }

    fn kyverno(&mut self, key: &Key, value: &Node) -> Kyverno {
        let mut kyverno = Kyverno::default();
        for (key, value) in self.map(key, value, "a map with `exemptions`") {
            match &*key.name {
                "exemptions" => {
                    let word = self.string(key, value, "`policy` or `exception`");
                    kyverno.exemptions = word.and_then(|word| self.word(&word, "form of exemptions"));
                }
                _ => self.unknown_key(key, &Kyverno::KEYS, "`kyverno`"),
            }
        }
        kyverno
    }

    /// One of the words that the command line takes too.
    fn word<T: clap::ValueEnum>(&mut self, word: &Placed<String>, what: &str) -> Option<Placed<T>> {
        let found = T::from_str(&word.value, false).ok();
        if found.is_none() {
            let words: Vec<String> =
                T::value_variants().iter().filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned())).collect();
            let near =
                nearest(&word.value, words.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            self.error(
                &codes::BAD_CONFIG,
                word.span,
                format!("`{}` is no {what}", word.value),
                format!("{near}it is one of {}", words.join(", ")),
            );
        }
        found.map(|value| Placed { value, span: word.span })
    }

    fn boolean(&mut self, key: &Key, value: &Node) -> Option<Placed<bool>> {
        if let Value::Bool(truth) = value.value {
            return Some(Placed { value: truth, span: self.text.value(value) });
        }
        self.wrong_type(self.spot(key, value), &key.name, value, "`true` or `false`");
        None
    }

    pub(super) fn targets(&mut self, key: &Key, value: &Node) -> Vec<Placed<Target>> {
        let mut targets: Vec<Placed<Target>> = Vec::new();
        for name in self.strings(key, value, "a list of targets") {
            let all = Target::ALL.map(Target::name);
            match Target::find(&name.value) {
                Some(target) if targets.iter().any(|other| other.value == target) => {
                    self.error(&codes::BAD_CONFIG, name.span, format!("the target `{}` is named twice", name.value), "name it once");
                }
                Some(target) => targets.push(Placed { value: target, span: name.span }),
                None => {
                    let near = nearest(&name.value, all).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                    self.error(
                        &codes::UNKNOWN_TARGET,
                        name.span,
                        format!("there is no target `{}`", name.value),
                        format!("{near}the targets are {}", all.join(", ")),
                    );
                }
            }
        }
        targets
    }

    /// The version is taken as it is written: as a number `1.30` would be 1.3.
    pub(super) fn kubernetes(&mut self, value: &Node) -> Option<Placed<u32>> {
        let span = self.text.value(value);
        let written = self.text.get(span);
        let text = value.as_str().unwrap_or(written);
        match Options::kubernetes_version(text) {
            Ok(minor) => Some(Placed { value: minor, span }),
            Err(wanted) => {
                self.error(
                    &codes::BAD_CONFIG,
                    span,
                    format!("`{text}` is no version of Kubernetes for which policies are written"),
                    wanted,
                );
                None
            }
        }
    }

    pub(super) fn overlay_key(&mut self, overlay: &mut Overlay, key: &Key, value: &Node) {
        match &*key.name {
            "params" => overlay.params = self.params(key, value),
            "actions" => overlay.actions = self.actions(key, value),
            "exemptions" => overlay.exemptions = self.exemptions(key, value),
            _ => {
                let what = "an environment changes params, actions and exemptions only: it";
                self.unknown_key(key, &Overlay::KEYS, what);
            }
        }
    }

    fn params(&mut self, key: &Key, value: &Node) -> Entries<Placed<serde_json::Value>> {
        let mut params = Vec::new();
        for (name, value) in self.map(key, value, "a map of params and their values") {
            let placed = Placed { value: name.name.to_string(), span: self.text.key(name) };
            if value.is_null() {
                self.error(
                    &codes::BAD_CONFIG,
                    placed.span,
                    format!("the param `{}` has no value here", name.name),
                    "give it one, or leave it out",
                );
                continue;
            }
            params.push((placed, Placed { value: value.into(), span: self.text.value(value) }));
        }
        params
    }

    fn actions(&mut self, key: &Key, value: &Node) -> Entries<Placed<Action>> {
        let mut actions = Vec::new();
        for (rule, value) in self.map(key, value, "a map of rules and their actions") {
            let placed = Placed { value: rule.name.to_string(), span: self.text.key(rule) };
            if !placed.value.contains('/') {
                let message = format!("`{}` does not say which pack the rule is of", rule.name);
                self.error(&codes::BAD_CONFIG, placed.span, message, "write `pack/rule`, or `pack/*` for all rules of a pack");
                continue;
            }
            let span = self.spot(rule, value);
            let word = value.as_str();
            match word.and_then(|word| Action::NAMES.iter().find(|(name, _)| *name == word)) {
                Some((_, action)) => actions.push((placed, Placed { value: *action, span })),
                None => {
                    let near = word.and_then(|word| nearest(word, Action::NAMES.iter().map(|(name, _)| *name)));
                    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                    let written = self.text.get(span).to_owned();
                    self.error(
                        &codes::BAD_CONFIG,
                        span,
                        format!("`{written}` is no action"),
                        format!("{near}the actions are deny, warn and audit"),
                    );
                }
            }
        }
        actions
    }

    fn exemptions(&mut self, key: &Key, value: &Node) -> Vec<Exemption> {
        if !matches!(value.value, Value::List(_) | Value::Null) {
            self.wrong_type(self.spot(key, value), &key.name, value, "a list of exemptions");
        }
        value.items().iter().filter_map(|item| self.exemption(item)).collect()
    }

    fn exemption(&mut self, node: &Node) -> Option<Exemption> {
        let span = self.text.value(node);
        if !matches!(node.value, Value::Map(_)) {
            self.wrong_type(span, "exemptions[]", node, "a map with `rules`, `until`, `because` and whom it is for");
            return None;
        }
        let before = self.diagnostics.len();
        let mut lists: [Vec<Placed<String>>; 5] = Default::default();
        let (mut until, mut because) = (None, None);
        let [rules, namespaces, users, groups, runtime_classes] = &mut lists;
        for (key, value) in node.entries() {
            match &*key.name {
                "rules" => *rules = self.strings(key, value, "a list of rules, each `pack/rule`"),
                "namespaces" => *namespaces = self.strings(key, value, "a list of namespaces"),
                "users" => *users = self.strings(key, value, "a list of users"),
                "groups" => *groups = self.strings(key, value, "a list of groups"),
                "runtimeClasses" => *runtime_classes = self.strings(key, value, "a list of runtime classes"),
                "until" => until = self.string(key, value, "a day, such as `2027-03-01`"),
                "because" => because = self.string(key, value, "the reason, as text"),
                _ => self.unknown_key(key, &Exemption::KEYS, "an exemption"),
            }
        }
        for rule in rules.iter().filter(|rule| !rule.value.contains('/')) {
            let message = format!("`{}` does not say which pack the rule is of", rule.value);
            self.error(&codes::BAD_CONFIG, rule.span, message, "write `pack/rule`");
        }
        if self.diagnostics.len() > before {
            return None;
        }
        let missing = [("rules", rules.is_empty()), ("until", until.is_none()), ("because", because.is_none())];
        for (name, _) in missing.iter().filter(|(_, missing)| *missing) {
            self.error(
                &codes::BAD_CONFIG,
                span,
                format!("the exemption has no `{name}`"),
                "an exemption says which rules, for whom, until when and why",
            );
        }
        if [&*namespaces, users, groups, runtime_classes].iter().all(|whom| whom.is_empty()) {
            let help = "name `namespaces`, `users`, `groups` or `runtimeClasses`; for a rule that is to refuse nothing, change its action";
            self.error(&codes::BAD_CONFIG, span, "the exemption does not say for whom it is", help);
        }
        let [rules, namespaces, users, groups, runtime_classes] = lists;
        Some(Exemption { rules, namespaces, users, groups, runtime_classes, until: until?, because: because?, span })
    }

    fn environments(&mut self, key: &Key, value: &Node) -> Entries<Overlay> {
        let mut environments = Vec::new();
        for (name, value) in self.map(key, value, "a map of environments") {
            let placed = Placed { value: name.name.to_string(), span: self.text.key(name) };
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if placed.value.is_empty() || placed.value.starts_with('-') || !placed.value.chars().all(good) {
                let message = format!("`{}` cannot name an environment", name.name);
                self.error(
                    &codes::BAD_CONFIG,
                    placed.span,
                    message,
                    "a name is of the letters `a` to `z`, digits and `-`: it names a folder of the output",
                );
            } else if Target::ALL.iter().any(|target| target.folders().contains(&placed.value)) {
                let message = format!("an environment cannot be called `{}` as a target's folder is", name.name);
                self.error(&codes::BAD_CONFIG, placed.span, message, "choose another name: both name folders of the output");
            }
            let mut overlay = Overlay::default();
            for (key, value) in self.map(name, value, "a map with `params`, `actions` and `exemptions`") {
                self.overlay_key(&mut overlay, key, value);
            }
            environments.push((placed, overlay));
        }
        environments
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::diagnostic::Sources;
    use crate::target::{EnforcementPoint, GatekeeperEngine, GatekeeperLayout, KyvernoExemptions};

    /// Each message with what it underlines and its help.
    fn wrong(text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let index = sources.add_configuration("polc.yaml", text);
        let say =
            |one: &Diagnostic| format!("{} @ {} ? {}", one.message, sources.text(one.labels[0].0), one.help.clone().unwrap_or_default());
        read(index, text).unwrap_err().iter().map(say).collect()
    }

    #[test]
    fn all_parts_are_read_with_their_places() {
        let text = "policies: [policies, \"more\"]\ntargets:\n- vap\n- opa\nkubernetes: 1.30\nout: build/out\n\
            params: { a.b: [1, x] }\nactions: { a/*: warn }\nenvironments:\n  prod:\n    exemptions:\n    - rules: [a/b]\n      \
            namespaces: [ns]\n      until: 2027-03-01\n      because: 'it''s so'\n  dev:\n";
        let config = read(0, text).unwrap();
        let at = |span: Span| &text[span.start as usize..span.end as usize];
        assert_eq!(
            config.policies.iter().map(|path| (path.value.as_str(), at(path.span))).collect::<Vec<_>>(),
            [("policies", "policies"), ("more", "\"more\"")]
        );
        assert_eq!(config.targets.iter().map(|target| target.value).collect::<Vec<_>>(), [Target::Vap, Target::Opa]);
        assert_eq!(config.kubernetes.map(|version| version.value), Some(30));
        assert_eq!(config.out.map(|out| out.value), Some("build/out".to_owned()));
        assert_eq!(config.base.params[0].1.value, serde_json::json!([1, "x"]));
        assert_eq!(at(config.base.params[0].1.span), "[1, x]");
        assert_eq!(config.base.actions[0].1.value, Action::Warn);
        assert_eq!(config.environments.len(), 2);
        let exemption = &config.environments[0].1.exemptions[0];
        assert_eq!((exemption.because.value.as_str(), at(exemption.because.span)), ("it's so", "'it''s so'"));
        assert_eq!(exemption.until.value, "2027-03-01");
        assert_eq!(read(0, "").unwrap(), Config::default());
        assert_eq!(read(0, "# nothing\n").unwrap(), Config::default());
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        assert_eq!(wrong("- a\n"), ["the configuration is a map @ - ? mend the YAML: one map, each key once"]);
        assert_eq!(wrong("out: a\n---\nout: b\n"), ["a second document @ out ? write one YAML document"]);
        assert_eq!(
            wrong("out: a\nout: b\n"),
            ["the key `out` stands twice: this one counts, that on line 1 is lost @ out ? mend the YAML: one map, each key once"]
        );
        assert_eq!(wrong("out: [a\n").len(), 1);
    }

    #[test]
    fn how_kyverno_is_written_is_read_by_the_words_of_the_command_line() {
        let options = |text: &str| read(0, text).unwrap().target_options().kyverno_exemptions;
        assert_eq!(options("out: a\n"), KyvernoExemptions::Policy);
        assert_eq!(options("kyverno: { exemptions: exception }\n"), KyvernoExemptions::Exception);
        assert_eq!(
            wrong("kyverno: { exemptions: exceptions }\n"),
            ["`exceptions` is no form of exemptions @ exceptions ? did you mean `exception`? it is one of policy, exception"]
        );
        assert_eq!(wrong("kyverno: { exception: policy }\n")[0].split(" ?").next(), Some("`kyverno` has no key `exception` @ exception"));
        assert_eq!(wrong("kyverno: exception\n"), ["`kyverno` is text @ exception ? it has to be a map with `exemptions`"]);
    }

    #[test]
    fn how_gatekeeper_is_written_is_read_by_the_words_of_the_command_line() {
        let config = read(0, "gatekeeper:\n  engine: cel\n  layout: rule\n  enforcementPoints: [audit, webhook]\ntests: false\n").unwrap();
        let options = config.target_options();
        assert_eq!((options.gatekeeper, options.gatekeeper_layout), (GatekeeperEngine::Cel, GatekeeperLayout::Rule));
        assert_eq!(options.gatekeeper_points, [EnforcementPoint::Webhook, EnforcementPoint::Audit].into());
        assert_eq!(config.tests.map(|tests| tests.value), Some(false));
        assert_eq!(wrong("gatekeeper: { engine: Rego }\n"), ["`Rego` is no engine @ Rego ? did you mean `rego`? it is one of rego, cel"]);
        assert_eq!(
            wrong("gatekeeper: { layout: rules, enforcementPoints: [] }\n"),
            [
                "`rules` is no layout @ rules ? did you mean `rule`? it is one of shared, rule",
                "`enforcementPoints` is empty @ enforcementPoints ? it has to be a list of enforcement points, with at least one"
            ]
        );
        assert_eq!(wrong("gatekeeper: { points: [audit] }\n")[0].split(" ?").next(), Some("`gatekeeper` has no key `points` @ points"));
        assert_eq!(
            wrong("gatekeeper: cel\n"),
            ["`gatekeeper` is text @ cel ? it has to be a map with `engine`, `layout` and `enforcementPoints`"]
        );
    }

    #[test]
    fn unknown_keys_and_names_have_a_suggestion() {
        assert_eq!(wrong("target: [opa]\n"), ["polc.yaml has no key `target` @ target ? did you mean `targets`?"]);
        assert_eq!(
            wrong("targets: [kyvern]\n")[0].split(" the targets are").next(),
            Some("there is no target `kyvern` @ kyvern ? did you mean `kyverno`?")
        );
        assert_eq!(wrong("targets: [opa, opa]\n"), ["the target `opa` is named twice @ opa ? name it once"]);
        assert_eq!(
            wrong("environments: { prod: { targets: [opa] } }\n"),
            [
                "an environment changes params, actions and exemptions only: it has no key `targets` @ targets ? the keys are params, actions, exemptions"
            ]
        );
        assert_eq!(
            wrong("actions: { a/b: wran, b: deny }\n"),
            [
                "`wran` is no action @ wran ? did you mean `warn`? the actions are deny, warn and audit",
                "`b` does not say which pack the rule is of @ b ? write `pack/rule`, or `pack/*` for all rules of a pack"
            ]
        );
        assert_eq!(
            wrong("environments: { opa: {} }\n"),
            ["an environment cannot be called `opa` as a target's folder is @ opa ? choose another name: both name folders of the output"]
        );
        assert!(wrong("environments: { ../x: {} }\n")[0].starts_with("`../x` cannot name an environment @ ../x ?"));
    }

    #[test]
    fn wrong_types_and_values_are_refused() {
        assert_eq!(wrong("policies: a\n"), ["`policies` is text @ a ? it has to be a list of files and folders"]);
        assert_eq!(
            wrong("policies: []\n"),
            ["`policies` is empty @ policies ? it has to be a list of files and folders, with at least one"]
        );
        assert_eq!(wrong("policies: [1]\n"), ["`policies[]` is a number @ 1 ? it has to be text: put it in quotes"]);
        assert_eq!(wrong("policies: ['-']\n")[0].split(" ?").next(), Some("standard input is no place for files of a project @ '-'"));
        assert_eq!(wrong("out:\n  a: b\n"), ["`out` is a map @ out ? it has to be a folder"]);
        assert_eq!(wrong("out: ''\n"), ["`out` is empty @ '' ? it has to be a folder"]);
        assert_eq!(
            wrong("kubernetes: 1.3\n"),
            [
                "`1.3` is no version of Kubernetes for which policies are written @ 1.3 ? 1.3 is not among the versions that are known: 1.30 to 1.37"
            ]
        );
        assert_eq!(wrong("params: [a]\n"), ["`params` is a list @ params ? it has to be a map of params and their values"]);
        assert_eq!(wrong("params: { a: null }\n"), ["the param `a` has no value here @ a ? give it one, or leave it out"]);
        assert_eq!(wrong("environments: prod\n"), ["`environments` is text @ prod ? it has to be a map of environments"]);
        assert_eq!(wrong("exemptions: { a: b }\n"), ["`exemptions` is a map @ exemptions ? it has to be a list of exemptions"]);
        assert_eq!(
            wrong("exemptions: [{ rules: [a/b] }]\n"),
            [
                "the exemption has no `until` @ rules ? an exemption says which rules, for whom, until when and why",
                "the exemption has no `because` @ rules ? an exemption says which rules, for whom, until when and why",
                "the exemption does not say for whom it is @ rules ? name `namespaces`, `users`, `groups` or `runtimeClasses`; \
                 for a rule that is to refuse nothing, change its action"
            ]
        );
        assert_eq!(wrong("exemptions: [{ rules: [b] }]\n"), ["`b` does not say which pack the rule is of @ b ? write `pack/rule`"]);
    }
}
