//! What an overlay does: it gives params values and rules actions, and says where rules do not count. Each loosening is reported.

use super::{Exemption, Overlay, Placed};
use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::ir::{Action, Program};
use crate::resolve::{Options, Setting};
use crate::syntax::ast;
use serde::Serialize;
use std::collections::BTreeSet;

/// A change that an overlay makes to what the `.pol` files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is changed.
    pub what: What,
    /// Whether objects are admitted that would be refused without it, or fewer are told of.
    pub loosens: bool,
    /// Where it stands.
    pub span: Span,
}

/// What an overlay changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum What {
    /// The action of a rule.
    Action {
        /// `pack/rule`.
        rule: String,
        /// The action in the source.
        from: Action,
        /// The action now.
        to: Action,
    },
    /// A rule does not count for some.
    Exemption {
        /// `pack/rule`.
        rule: String,
        /// For whom: `namespaces gpu, lab`.
        whom: String,
        /// The last day.
        until: String,
        /// Why.
        because: String,
    },
    /// The value of a param. Whether that loosens anything is the rules' matter.
    Param {
        /// `pack.param`.
        param: String,
        /// As JSON.
        value: serde_json::Value,
    },
}

/// Gives the resolver what layers say of params and exemptions, the first layer over the later ones.
pub fn settle(layers: &[&Overlay], options: &mut Options) {
    for layer in layers {
        let params = layer.params.iter().map(|(name, value)| {
            (name.value.clone(), Setting { value: value.value.clone(), name_span: name.span, value_span: value.span })
        });
        options.settings.push(params.collect());
        for exemption in &layer.exemptions {
            options.exempts.extend(exempts(exemption));
        }
    }
}

fn name(placed: &Placed<String>) -> ast::Name {
    ast::Name { node: placed.value.clone(), span: placed.span }
}

/// The exemption as items of the packs of its rules.
fn exempts(exemption: &Exemption) -> Vec<(String, ast::Item)> {
    let pack_of = |rule: &Placed<String>| rule.value.split('/').next().unwrap_or_default().to_owned();
    let packs: BTreeSet<String> = exemption.rules.iter().map(pack_of).collect();
    let item = |pack: &String| ast::Item {
        doc: String::new(),
        span: exemption.span,
        kind: ast::ItemKind::Exempt(ast::Exempt {
            rules: exemption.rules.iter().filter(|rule| pack_of(rule) == *pack).map(name).collect(),
            whom: exemption
                .whom()
                .map(|(word, names)| (ast::Name { node: word.to_owned(), span: exemption.span }, names.iter().map(name).collect()))
                .collect(),
            until: name(&exemption.until),
            because: name(&exemption.because),
        }),
    };
    packs.iter().map(|pack| (pack.clone(), item(pack))).collect()
}

fn strength(action: Action) -> u8 {
    match action {
        Action::Deny => 2,
        Action::Warn => 1,
        Action::Audit => 0,
    }
}

/// The action that layers give a rule: by its name before its pack's, in the first layer that says something.
fn action<'a>(layers: &[&'a Overlay], pack: &str, id: &str) -> Option<&'a Placed<Action>> {
    let whole = format!("{pack}/*");
    layers.iter().find_map(|layer| {
        let of = |key: &str| layer.actions.iter().find(|(name, _)| name.value == key).map(|(_, action)| action);
        of(id).or_else(|| of(&whole))
    })
}

/// Lays the actions over a program that was compiled with these options, and gives all changes that the layers make to what its sources say.
///
/// Where only a part of what the layers are for was compiled, what names other rules is left alone.
///
/// # Errors
/// Names of rules that do not exist.
pub fn apply(layers: &[&Overlay], program: &mut Program, options: &Options) -> Result<Vec<Change>, Vec<Diagnostic>> {
    let ids: BTreeSet<String> = program.packs.values().flat_map(|pack| &pack.rules).map(|rule| rule.id.clone()).collect();
    let mut diagnostics = Vec::new();
    let known = |name: &str| match name.strip_suffix("/*") {
        Some(pack) => ids.iter().any(|id| id.split('/').next() == Some(pack)),
        None => ids.contains(name),
    };
    for (name, _) in layers.iter().flat_map(|layer| &layer.actions) {
        if !known(&name.value) && !options.part {
            diagnostics.push(unknown(name, &ids));
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut changes = Vec::new();
    for pack in program.packs.values_mut() {
        for rule in &mut pack.rules {
            let Some(to) = action(layers, &pack.name, &rule.id) else { continue };
            let from = std::mem::replace(&mut rule.action, to.value);
            if from != to.value {
                changes.push(Change {
                    what: What::Action { rule: rule.id.clone(), from, to: to.value },
                    loosens: strength(to.value) < strength(from),
                    span: to.span,
                });
            }
        }
    }
    for layer in layers {
        for exemption in &layer.exemptions {
            let whom: Vec<String> = exemption.whom().map(|(word, names)| format!("{word} {}", joined(names))).collect();
            changes.extend(exemption.rules.iter().filter(|rule| !options.part || ids.contains(&rule.value)).map(|rule| Change {
                what: What::Exemption {
                    rule: rule.value.clone(),
                    whom: whom.join(" and "),
                    until: exemption.until.value.clone(),
                    because: exemption.because.value.clone(),
                },
                loosens: true,
                span: rule.span,
            }));
        }
    }
    for pack in program.packs.values() {
        for param in pack.params.keys() {
            let id = format!("{}.{param}", pack.name);
            let given = options.params.contains_key(&id) || options.params.contains_key(param);
            let Some(setting) = options.setting(&pack.name, param).filter(|_| !given) else { continue };
            let what = What::Param { param: id, value: setting.value.clone() };
            changes.push(Change { what, loosens: false, span: setting.name_span });
        }
    }
    Ok(changes)
}

fn joined(names: &[Placed<String>]) -> String {
    names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(", ")
}

/// The error that there is no such rule.
pub(crate) fn unknown(name: &Placed<String>, ids: &BTreeSet<String>) -> Diagnostic {
    let help = match nearest(&name.value, ids.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`polc list` shows the rules".to_owned(),
    };
    Diagnostic::error(&codes::UNKNOWN_RULE, name.span, format!("there is no rule `{}`", name.value)).with_help(help)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

    use super::*;
    use crate::compile::compile;
    use crate::config::read;
    use crate::diagnostic::Sources;

    const POLICY: &str = "pack a\nparam most: int = 2\n\
        rule one { match Deployment except scale forbid object.spec.replicas > most message \"one\" }\n\
        rule two { action warn match Pod forbid pod.spec.hostNetwork message \"two\" }\n";

    fn run(configuration: &str, environment: Option<&str>, change: impl Fn(&mut Options)) -> Result<(Program, Vec<Change>), Vec<String>> {
        let mut sources = Sources::default();
        let index = sources.add_configuration("polc.yaml", configuration);
        sources.add("a.pol", POLICY);
        let config = read(index, configuration).unwrap();
        let layers = config.layers(environment).unwrap();
        let mut options = Options::default();
        change(&mut options);
        settle(&layers, &mut options);
        let say = |wrong: Vec<Diagnostic>| {
            wrong
                .iter()
                .map(|one| format!("{} @ {} ? {}", one.message, sources.text(one.labels[0].0), one.help.clone().unwrap_or_default()))
                .collect::<Vec<String>>()
        };
        let mut program = compile(&sources, &options).map_err(say)?.program;
        let changes = apply(&layers, &mut program, &options).map_err(say)?;
        Ok((program, changes))
    }

    fn actions(program: &Program) -> Vec<Action> {
        program.packs["a"].rules.iter().map(|rule| rule.action).collect()
    }

    #[test]
    fn the_environment_counts_before_the_base_and_a_rule_before_its_pack() {
        let text = "actions: { a/one: warn, a/*: audit }\nenvironments: { prod: { actions: { a/*: deny } }, dev: {} }\n";
        assert_eq!(actions(&run(text, None, |_| ()).unwrap().0), [Action::Warn, Action::Audit]);
        assert_eq!(actions(&run(text, Some("dev"), |_| ()).unwrap().0), [Action::Warn, Action::Audit]);
        let (program, changes) = run(text, Some("prod"), |_| ()).unwrap();
        assert_eq!(actions(&program), [Action::Deny, Action::Deny]);
        let [change] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!(change.what, What::Action { rule: "a/two".to_owned(), from: Action::Warn, to: Action::Deny });
        assert!(!change.loosens);
        assert!(run(text, None, |_| ()).unwrap().1.iter().all(|change| change.loosens));
    }

    #[test]
    fn a_value_of_the_environment_replaces_that_of_the_base_and_a_flag_both() {
        let text = "params: { a.most: 3 }\nenvironments: { prod: { params: { most: 4 } } }\n";
        let most = |environment, flag: Option<&str>| {
            let set = |options: &mut Options| options.params.extend(flag.map(|value| ("a.most".to_owned(), value.to_owned())));
            let (program, changes) = run(text, environment, set).unwrap();
            (format!("{:?}", program.packs["a"].params["most"]), changes.len())
        };
        assert_eq!(most(None, None), ("Int(3)".to_owned(), 1));
        assert_eq!(most(Some("prod"), None), ("Int(4)".to_owned(), 1));
        assert_eq!(most(Some("prod"), Some("5")), ("Int(5)".to_owned(), 0));
    }

    #[test]
    fn rules_are_tested_with_their_own_defaults() {
        let (program, _) = run("params: { a.most: 3 }\n", None, |options| options.defaults_first = true).unwrap();
        assert_eq!(format!("{:?}", program.packs["a"].params["most"]), "Int(2)");
    }

    #[test]
    fn names_that_do_not_exist_are_errors_at_their_place() {
        let wrong = |text: &str| run(text, None, |_| ()).unwrap_err();
        assert_eq!(wrong("actions: { a/oen: warn }\n"), ["there is no rule `a/oen` @ a/oen ? did you mean `a/one`?"]);
        assert_eq!(wrong("actions: { 'b/*': warn }\n"), ["there is no rule `b/*` @ 'b/*' ? `polc list` shows the rules"]);
        assert_eq!(wrong("params: { a.mots: 3 }\n"), ["no pack has a param `a.mots` @ a.mots ? did you mean `a.most`?"]);
        assert_eq!(wrong("params: { most: many }\n"), ["`many` is no value for the param `most` @ many ? it has to be a whole number"]);
        let exempt =
            |rule: &str, until: &str| format!("exemptions: [{{ rules: [{rule}], namespaces: [x], until: {until}, because: b }}]\n");
        assert_eq!(wrong(&exempt("b/one", "2027-01-01")), ["there is no rule `b/one` @ b/one ? did you mean `a/one`?"]);
        assert_eq!(wrong(&exempt("a/two", "soon")), ["`soon` is not a day @ soon ? write it as `2027-03-01`"]);
        let part = |text: &str| run(text, None, |options| options.part = true).map(|(_, changes)| changes.len());
        assert_eq!(part("actions: { b/x: warn }\nparams: { b.most: 3 }\n"), Ok(0));
        assert_eq!(part(&exempt("b/one", "2027-01-01")), Ok(0));
    }

    #[test]
    fn an_exemption_reaches_the_pack_of_its_rules_and_is_a_loosening() {
        let text = "exemptions: [{ rules: [a/one, a/two], namespaces: [x, z], users: [u], until: 2027-01-01, because: b }]\n";
        let (_, changes) = run(text, None, |_| ()).unwrap();
        assert_eq!(changes.len(), 2);
        assert!(changes.iter().all(|change| change.loosens));
        let What::Exemption { rule, whom, until, because } = &changes[0].what else { panic!("{changes:?}") };
        assert_eq!([rule, whom, until, because], ["a/one", "namespaces x, z and users u", "2027-01-01", "b"]);
        let past = |options: &mut Options| options.today = Some("2027-01-02".to_owned());
        assert_eq!(
            run(text, None, past).unwrap_err()[0],
            "the exemption ended on `2027-01-01` @ 2027-01-01 ? remove it, or give it a new end and say why"
        );
    }
}
