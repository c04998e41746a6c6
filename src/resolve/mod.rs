//! Syntax tree and schema to IR: names, types, defaults, views; what is constant is folded.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operand has one of the few forms that are wanted, and any other is an error or left as it is"
)]

mod change;
mod context;
pub(crate) mod digest;
mod expr;
mod fold;
mod functions;
mod items;
mod iter;
mod lint;
mod overlap;
mod params;
mod path;
mod pattern;
mod reads;
mod rule;
mod stmt;
mod types;

use crate::diagnostic::codes::resolve as codes;
use crate::diagnostic::{Diagnostic, Level, Sources, Span, nearest};
use crate::ir::{Const, Pack, Program};
use crate::schema::Schema;
use crate::syntax::ast::{self, File, Item, ItemKind, Name};
pub use items::is_date;
use std::collections::{BTreeMap, BTreeSet};
use types::Term;
pub(crate) use types::ty_of;

/// A value for a param that a configuration gives.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The value.
    pub value: serde_json::Value,
    /// Where the param is named.
    pub name_span: Span,
    /// Where the value stands.
    pub value_span: Span,
}

/// What is given besides the sources.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of params by `name` or `pack.name`, as text: `--param`.
    pub params: BTreeMap<String, String>,
    /// Values of params by `name` or `pack.name`, below `params`: what a configuration says. The first map that has a value counts.
    pub settings: Vec<BTreeMap<String, Setting>>,
    /// Whether a default, or what a `use` says, counts before `settings`: so it is where rules are tested as they are written.
    pub defaults_first: bool,
    /// Whether `settings` and `exempts` may name packs, params and rules that are not there, for only a part of what they are for is compiled.
    pub part: bool,
    /// Exemptions that stand in no pack's source, each with its pack.
    pub exempts: Vec<(String, Item)>,
    /// Values of params by `pack.name`, over all others: what a test says with `with`.
    pub values: BTreeMap<String, Const>,
    /// The packs that are compiled, with those that they use; all where there is none. A pack that is named here keeps all its rules, for it is wanted for itself: what a user
    /// of it leaves out or overrides is left out only where the pack is there for its users.
    pub roots: BTreeSet<String>,
    /// The day on which exemptions are judged, `YYYY-MM-DD`; without it none is past.
    pub today: Option<String>,
    /// The names that `targets` may say; any where there is none.
    pub targets: BTreeSet<String>,
    /// The ids that `builtin` may say; any where there is none.
    pub builtins: BTreeSet<String>,
    /// Whether the program is only to judge: then it is without tests, which are not read, and without digests.
    pub judge_only: bool,
    /// The kinds that rules are about: those of Kubernetes, unless others are added.
    pub schema: &'static Schema,
}

impl Options {
    /// What the configuration says of a param: in the first layer that says something, the pack's own name before the bare one.
    #[must_use]
    pub fn setting(&self, pack: &str, param: &str) -> Option<&Setting> {
        let key = format!("{pack}.{param}");
        self.settings.iter().find_map(|layer| layer.get(&key).or_else(|| layer.get(param)))
    }
}

/// What every item is resolved against.
struct World<'a> {
    schema: &'a Schema,
    sources: &'a Sources,
    options: &'a Options,
    /// By `pack/rule`.
    exempts: BTreeMap<String, Vec<&'a ast::Exempt>>,
}

/// The items of a pack, from all its files.
#[derive(Debug, Clone, Default)]
struct PackItems<'a> {
    name: String,
    doc: String,
    uses: Vec<&'a ast::Use>,
    params: BTreeMap<String, &'a ast::Param>,
    /// The values of the params; none after an error.
    values: BTreeMap<String, Option<Term>>,
    lets: BTreeMap<String, &'a ast::Let>,
    functions: BTreeMap<String, &'a ast::Function>,
    rules: Vec<(&'a Item, &'a ast::Rule)>,
    mutations: Vec<(&'a Item, &'a ast::Mutation)>,
    generations: Vec<(&'a Item, &'a ast::Generation)>,
    pod_security: Vec<(&'a Item, &'a ast::PodSecurity)>,
    exempts: Vec<(&'a Item, &'a ast::Exempt)>,
    builtins: Vec<&'a ast::Builtin>,
    tests: Vec<&'a ast::Test>,
    /// Where each name stands.
    names: BTreeMap<String, Span>,
}

/// What resolving leaves besides the result.
#[derive(Debug, Default)]
struct Dropped {
    used_items: BTreeSet<String>,
}

/// Resolves files, each given with the index of its source. There is a program only when there is no error.
#[must_use]
pub fn resolve(files: &[(u32, File)], sources: &Sources, schema: &Schema, options: &Options) -> (Option<Program>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut world = World { schema, sources, options, exempts: BTreeMap::new() };
    let mut packs = collect(files, &mut diagnostics);
    add_exempts(&mut packs, options, &mut diagnostics);
    check_uses(&packs, &mut diagnostics);
    let order = order(&packs, options, &mut diagnostics);
    params::settle(&world, &mut packs, &order, &mut diagnostics);
    let mut left_out = left_out(&packs, &order, &mut diagnostics);
    left_out.retain(|rule| !options.roots.contains(rule.split('/').next().unwrap_or_default()));
    world.exempts = items::exemptions(&packs, &order);
    let mut program = Program::default();
    if !options.judge_only {
        program.digest = digest::of_sources(sources);
    }
    for name in &order {
        if let Some(items) = packs.get(name) {
            let pack = pack(&world, &packs, items, &left_out, &mut diagnostics);
            program.packs.insert(name.clone(), pack);
        }
    }
    let diagnostics = in_order(diagnostics);
    let fine = !diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    (fine.then_some(program), diagnostics)
}

fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let place = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|(span, _)| *span).unwrap_or_default();
    diagnostics.sort_by_key(place);
    let mut seen = BTreeSet::new();
    diagnostics.retain(|diagnostic| seen.insert((diagnostic.code.id, place(diagnostic), diagnostic.message.clone())));
    diagnostics
}

fn collect<'a>(files: &'a [(u32, File)], diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<String, PackItems<'a>> {
    let mut packs: BTreeMap<String, PackItems<'a>> = BTreeMap::new();
    for (source, file) in files {
        let mut name: Option<&Name> = None;
        for item in &file.items {
            if let ItemKind::Pack(pack) = &item.kind {
                match name {
                    None => name = Some(pack),
                    Some(first) => diagnostics.push(
                        Diagnostic::error(&codes::MISPLACED, pack.span, "a file belongs to one pack")
                            .with_label(first.span, "named here")
                            .with_help("put the other pack into a file of its own"),
                    ),
                }
            }
        }
        let Some(name) = name else {
            diagnostics.push(match file.items.first() {
                Some(item) => {
                    let start = Span { end: item.span.start.saturating_add(1), ..item.span };
                    Diagnostic::error(&codes::MISSING_PACK, start, "the file does not say which pack it belongs to")
                        .with_help("begin it with `pack NAME`")
                }
                None => Diagnostic::error(&codes::MISSING_PACK, Span { source: *source, start: 0, end: 0 }, "there is no item in the file")
                    .with_help("begin it with `pack NAME` and write a rule, or remove the file"),
            });
            continue;
        };
        let pack = packs.entry(name.node.clone()).or_default();
        pack.name.clone_from(&name.node);
        if !file.doc.is_empty() {
            if !pack.doc.is_empty() {
                pack.doc.push_str("\n\n");
            }
            pack.doc.push_str(&file.doc);
        }
        for item in &file.items {
            add_item(pack, item, diagnostics);
        }
    }
    packs
}

/// Adds the exemptions of a configuration to their packs.
fn add_exempts<'a>(packs: &mut BTreeMap<String, PackItems<'a>>, options: &'a Options, diagnostics: &mut Vec<Diagnostic>) {
    for (name, item) in &options.exempts {
        let ItemKind::Exempt(exempt) = &item.kind else { continue };
        match packs.get_mut(name) {
            Some(pack) if options.part && exempt.rules.iter().any(|rule| !pack.has_rule(base_name(&rule.node))) => {}
            Some(pack) => pack.exempts.push((item, exempt)),
            None if options.part => {}
            None => diagnostics.extend(exempt.rules.iter().map(|rule| {
                let ids: Vec<String> =
                    packs.values().flat_map(|pack| pack.rule_names().map(|rule| format!("{}/{rule}", pack.name))).collect();
                let help = match nearest(&rule.node, ids.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`polc list` shows the rules".to_owned(),
                };
                Diagnostic::error(&codes::UNKNOWN_RULE, rule.span, format!("there is no rule `{}`", rule.node)).with_help(help)
            })),
        }
    }
}

/// `rule` of `pack/rule`.
fn base_name(rule: &str) -> &str {
    rule.rsplit('/').next().unwrap_or(rule)
}

fn add_item<'a>(pack: &mut PackItems<'a>, item: &'a Item, diagnostics: &mut Vec<Diagnostic>) {
    let own = |name: &'a Name, what: &str, pack: &mut PackItems<'a>, diagnostics: &mut Vec<Diagnostic>| {
        let key = match &item.kind {
            ItemKind::Rule(_) | ItemKind::Mutation(_) | ItemKind::Generation(_) => format!("rule {}", name.node),
            _ => name.node.clone(),
        };
        if ["object", "oldObject", "namespaceObject", "request", "pod"].contains(&key.as_str()) {
            diagnostics.push(
                Diagnostic::error(&codes::DUPLICATE_NAME, name.span, format!("`{}` is a root and cannot be bound again", name.node))
                    .with_help("choose another name"),
            );
            return false;
        }
        match pack.names.get(&key) {
            None => {
                pack.names.insert(key, name.span);
                true
            }
            Some(first) => {
                diagnostics.push(
                    Diagnostic::error(&codes::DUPLICATE_NAME, name.span, format!("the {what} `{}` is defined twice", name.node))
                        .with_label(*first, "first here")
                        .with_help("rename one of them"),
                );
                false
            }
        }
    };
    match &item.kind {
        ItemKind::Pack(_) => {}
        ItemKind::Use(used) => pack.uses.push(used),
        ItemKind::Param(param) => {
            if own(&param.name, "name", pack, diagnostics) {
                pack.params.insert(param.name.node.clone(), param);
            }
        }
        ItemKind::Let(binding) => {
            if own(&binding.name, "name", pack, diagnostics) {
                pack.lets.insert(binding.name.node.clone(), binding);
            }
        }
        ItemKind::Function(function) => {
            if own(&function.name, "name", pack, diagnostics) {
                pack.functions.insert(function.name.node.clone(), function);
            }
        }
        ItemKind::Rule(rule) => {
            if own(&rule.name, "rule", pack, diagnostics) {
                pack.rules.push((item, rule));
            }
        }
        ItemKind::Mutation(mutation) => {
            if own(&mutation.name, "mutation", pack, diagnostics) {
                pack.mutations.push((item, mutation));
            }
        }
        ItemKind::Generation(generation) => {
            if own(&generation.name, "generation", pack, diagnostics) {
                pack.generations.push((item, generation));
            }
        }
        ItemKind::PodSecurity(block) => pack.pod_security.push((item, block)),
        ItemKind::Exempt(exempt) => pack.exempts.push((item, exempt)),
        ItemKind::Builtin(builtin) => pack.builtins.push(builtin),
        ItemKind::Test(test) => pack.tests.push(test),
    }
}

fn check_uses(packs: &BTreeMap<String, PackItems<'_>>, diagnostics: &mut Vec<Diagnostic>) {
    for pack in packs.values() {
        let mut seen = BTreeSet::new();
        for used in &pack.uses {
            let name = &used.pack;
            if !seen.insert(&name.node) {
                diagnostics.push(
                    Diagnostic::error(&codes::DUPLICATE_NAME, name.span, format!("the pack `{}` is used twice", name.node))
                        .with_help("write one `use` with all params and exceptions"),
                );
            }
            let Some(other) = packs.get(&name.node) else {
                let help = match nearest(&name.node, packs.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "give its files too, or put them under the policies root".to_owned(),
                };
                diagnostics.push(
                    Diagnostic::error(&codes::UNKNOWN_PACK, name.span, format!("the pack `{}` is not among the sources", name.node))
                        .with_help(help),
                );
                continue;
            };
            for rule in &used.except {
                if !other.has_rule(&rule.node) {
                    diagnostics.push(unknown_rule(rule, other));
                }
            }
        }
    }
}

fn unknown_rule(name: &Name, pack: &PackItems<'_>) -> Diagnostic {
    let wanted = name.node.rsplit('/').next().unwrap_or(&name.node);
    let help = match nearest(wanted, pack.rule_names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a rule of the pack".to_owned(),
    };
    Diagnostic::error(&codes::UNKNOWN_RULE, name.span, format!("there is no rule `{wanted}` in the pack `{}`", pack.name)).with_help(help)
}

impl PackItems<'_> {
    fn rule_names(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|(_, rule)| rule.name.node.as_str());
        let mutations = self.mutations.iter().map(|(_, mutation)| mutation.name.node.as_str());
        let generations = self.generations.iter().map(|(_, generation)| generation.name.node.as_str());
        rules.chain(mutations).chain(generations)
    }

    fn has_rule(&self, name: &str) -> bool {
        self.rule_names().any(|rule| rule == name)
    }
}

/// The packs to be compiled, users before used ones.
fn order(packs: &BTreeMap<String, PackItems<'_>>, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut order: Vec<String> = Vec::new();
    for root in packs.keys().filter(|name| options.roots.is_empty() || options.roots.contains(*name)) {
        // Depth first with an own stack: (pack, next use).
        let mut stack: Vec<(&str, usize)> = vec![(root, 0)];
        if !done.insert(root) {
            continue;
        }
        while let Some((name, next)) = stack.pop() {
            let Some(pack) = packs.get(name) else { continue };
            let Some(used) = pack.uses.get(next) else {
                order.push(name.to_owned());
                continue;
            };
            stack.push((name, next + 1));
            let other = used.pack.node.as_str();
            if stack.iter().any(|(open, _)| *open == other) {
                let message = if other == name {
                    format!("the pack `{name}` uses itself")
                } else {
                    format!("the packs `{name}` and `{other}` use each other")
                };
                diagnostics.push(Diagnostic::error(&codes::USE_CYCLE, used.pack.span, message).with_help("remove one `use`"));
            } else if packs.contains_key(other) && done.insert(other) {
                stack.push((other, 0));
            }
        }
    }
    order.reverse();
    order
}

/// The rules, as `pack/rule`, that every user of their pack leaves out, or that a rule of a user stands in for.
fn left_out(packs: &BTreeMap<String, PackItems<'_>>, order: &[String], diagnostics: &mut Vec<Diagnostic>) -> BTreeSet<String> {
    let mut users: BTreeMap<&str, u32> = BTreeMap::new();
    let mut excepted: BTreeMap<String, u32> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for pack in order.iter().filter_map(|name| packs.get(name)) {
        for used in &pack.uses {
            *users.entry(&used.pack.node).or_default() += 1;
            for rule in &used.except {
                *excepted.entry(format!("{}/{}", used.pack.node, rule.node)).or_default() += 1;
            }
        }
        for (_, rule) in &pack.rules {
            for clause in &rule.clauses {
                if let ast::Clause::Overrides(name) = clause {
                    out.extend(overridden(pack, packs, name, diagnostics));
                }
            }
        }
    }
    for (rule, count) in excepted {
        let pack = rule.split('/').next().unwrap_or_default();
        if users.get(pack) == Some(&count) {
            out.insert(rule);
        }
    }
    out
}

fn overridden(
    pack: &PackItems<'_>,
    packs: &BTreeMap<String, PackItems<'_>>,
    name: &Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let used: Vec<&PackItems<'_>> = pack.uses.iter().filter_map(|used| packs.get(&used.pack.node)).collect();
    let found: Vec<String> = match name.node.split_once('/') {
        Some((of, rule)) => {
            used.iter().filter(|other| other.name == of && other.has_rule(rule)).map(|other| format!("{}/{rule}", other.name)).collect()
        }
        None => used.iter().filter(|other| other.has_rule(&name.node)).map(|other| format!("{}/{}", other.name, name.node)).collect(),
    };
    match found.as_slice() {
        [one] => Some(one.clone()),
        several => {
            let help = if several.is_empty() {
                let wanted = name.node.rsplit('/').next().unwrap_or(&name.node);
                match nearest(wanted, used.iter().flat_map(|other| other.rule_names())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a rule of a pack that this pack uses".to_owned(),
                }
            } else {
                format!("say which: {}", several.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", "))
            };
            let message = format!("`overrides` does not find the rule `{}` in the used packs", name.node);
            diagnostics.push(Diagnostic::error(&codes::UNKNOWN_RULE, name.span, message).with_help(help));
            None
        }
    }
}

fn pack<'a>(
    world: &'a World<'a>,
    packs: &'a BTreeMap<String, PackItems<'a>>,
    items: &'a PackItems<'a>,
    left_out: &BTreeSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Pack {
    let mut out = Pack { name: items.name.clone(), doc: items.doc.clone(), ..Pack::default() };
    let mut dropped = Dropped::default();
    for (item, rule) in &items.rules {
        let (resolved, found) = rule::resolve(world, items, item, rule, &mut dropped);
        diagnostics.extend(found);
        out.rules.extend(resolved.filter(|rule| !left_out.contains(&rule.id)));
    }
    let named = items.rules.iter().map(|(item, rule)| (item, &rule.name));
    let named = named.chain(items.mutations.iter().map(|(item, mutation)| (item, &mutation.name)));
    let named = named.chain(items.generations.iter().map(|(item, generation)| (item, &generation.name)));
    if !world.options.judge_only {
        let digests = named.map(|(item, name)| (format!("{}/{}", items.name, name.node), digest::of_text(world.sources.text(item.span))));
        out.digests = digests.collect();
    }
    items::others(world, packs, items, left_out, &mut out, &mut dropped, diagnostics);
    for (name, value) in &items.values {
        if let Some(constant) = value.as_ref().and_then(params::report) {
            out.params.insert(name.clone(), constant);
        }
    }
    if diagnostics.iter().all(|diagnostic| diagnostic.level == Level::Warning) {
        unused(items, &dropped, diagnostics);
    }
    out
}

fn unused(items: &PackItems<'_>, dropped: &Dropped, diagnostics: &mut Vec<Diagnostic>) {
    let params = items.params.values().map(|param| (&param.name, "param"));
    let lets = items.lets.values().map(|binding| (&binding.name, "let"));
    let functions = items.functions.values().map(|function| (&function.name, "fn"));
    for (name, what) in params.chain(lets).chain(functions) {
        if !dropped.used_items.contains(&name.node) {
            diagnostics.push(
                Diagnostic::warning(&codes::UNUSED, name.span, format!("the {what} `{}` is not used", name.node))
                    .with_help("use it or remove it"),
            );
        }
    }
}
