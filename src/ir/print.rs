//! A readable, deterministic dump of the IR.
//!
//! `$0` is the variable of slot 0, `x.f~` a field whose zero or empty value is absent, `x.f{= d}` a field with a default, `absent` a value that never is there.

mod change;

use super::{
    Aggregate, Cond, Const, Elements, Expect, Form, Function, Given, Item, Kind, Level, Levels, Message, Order, Piece, PodSecurity,
    Presence, Program, Read, Rule, Source, Stmt, Targets, Test, Ty, Value,
};
use std::fmt::Write;

/// The dump of a program.
#[must_use]
pub fn print(program: &Program) -> String {
    let mut out = String::new();
    for pack in program.packs.values() {
        if !out.is_empty() {
            out.push('\n');
        }
        line(&mut out, 0, &format!("pack {}", pack.name));
        for (name, value) in &pack.params {
            line(&mut out, 1, &format!("param {name} = {}", constant(value)));
        }
        for (name, severity) in &pack.builtins {
            line(&mut out, 1, &format!("builtin {name} severity {severity:?}").to_lowercase());
        }
        for rule in &pack.rules {
            out.push('\n');
            print_rule(&mut out, rule);
        }
        for mutation in &pack.mutations {
            out.push('\n');
            change::mutation(&mut out, mutation);
        }
        for generation in &pack.generations {
            out.push('\n');
            change::generation(&mut out, generation);
        }
        if let Some(block) = &pack.pod_security {
            out.push('\n');
            print_pod_security(&mut out, block);
        }
        for exemption in &pack.exemptions {
            out.push('\n');
            line(&mut out, 0, &format!("exempt {} {} until {}", exemption.rules.join(", "), exemption.whom(), exemption.until));
            line(&mut out, 1, &format!("because {:?}", exemption.because));
        }
        for test in &pack.tests {
            out.push('\n');
            print_test(&mut out, test);
        }
    }
    out
}

/// The dump of one rule.
#[must_use]
pub fn rule(rule: &Rule) -> String {
    let mut out = String::new();
    print_rule(&mut out, rule);
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(text);
    out.push('\n');
}

fn print_rule(out: &mut String, rule: &Rule) {
    line(
        out,
        0,
        &format!("rule {} {} {}", rule.id, format!("{:?}", rule.severity).to_lowercase(), format!("{:?}", rule.action).to_lowercase()),
    );
    print_clauses(out, rule);
    statements(out, 1, &rule.body);
}

/// What a rule, mutation or generation says before its statements.
fn print_clauses(out: &mut String, rule: &Rule) {
    if !rule.tags.is_empty() {
        line(out, 1, &format!("tags {}", rule.tags.join(", ")));
    }
    if let Some(docs) = &rule.docs {
        line(out, 1, &format!("docs {docs}"));
    }
    match &rule.targets {
        Targets::All => {}
        Targets::Only(names) => line(out, 1, &format!("targets {}", names.iter().cloned().collect::<Vec<_>>().join(", "))),
        Targets::Except(names) => line(out, 1, &format!("targets except {}", names.iter().cloned().collect::<Vec<_>>().join(", "))),
    }
    let kinds: Vec<String> = rule.kinds.iter().map(|kind| format!("{} {}", kind.api_version(), kind.written())).collect();
    line(out, 1, &format!("kinds {}", kinds.join(", ")));
    let operations: Vec<&str> = rule.operations.iter().map(|operation| operation.name()).collect();
    line(out, 1, &format!("on {}", operations.join(", ")));
    for (construct, _) in &rule.unlowered {
        line(out, 1, &format!("unlowered {construct}"));
    }
    for read in &rule.reads {
        line(out, 1, &print_read(read));
    }
    line(out, 1, &format!("applies {}", cond(&rule.applies)));
}

/// The dump of a read.
#[must_use]
pub fn print_read(read: &Read) -> String {
    let form = match read.form {
        Form::Quantity => "quantity",
        Form::Image => "image",
        Form::Duration => "duration",
    };
    let mut text = format!("read {form} `{}`: {}", read.path, value(&read.value));
    for from in read.sources.iter().rev() {
        let _ = write!(text, " for {}", source(from));
    }
    text
}

fn statements(out: &mut String, depth: usize, body: &[Stmt]) {
    for stmt in body {
        match stmt {
            Stmt::For { source: from, body } => {
                line(out, depth, &format!("for {} {{", source(from)));
                statements(out, depth + 1, body);
                line(out, depth, "}");
            }
            Stmt::If { condition, then, otherwise } => {
                line(out, depth, &format!("if {} {{", cond(condition)));
                statements(out, depth + 1, then);
                if !otherwise.is_empty() {
                    line(out, depth, "} else {");
                    statements(out, depth + 1, otherwise);
                }
                line(out, depth, "}");
            }
            Stmt::Check(check) => {
                line(out, depth, &format!("fails {}", cond(&check.fails)));
                line(out, depth + 1, &message(&check.message));
                if let Some(subject) = &check.subject {
                    line(out, depth + 1, &format!("subject {}", value(subject)));
                }
            }
            Stmt::Unique { source: from, keys, message: text, span: _ } => {
                let keys: Vec<String> = keys.iter().map(value).collect();
                line(out, depth, &format!("unique {} by {}", source(from), keys.join(", ")));
                line(out, depth + 1, &message(text));
            }
        }
    }
}

fn message(message: &Message) -> String {
    let parts: Vec<String> = message
        .parts
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => quoted(text),
            Piece::Value(part, of) => format!("{{{}: {}}}", value(part), ty(of)),
        })
        .collect();
    format!("message {}", parts.join(" "))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The dump of a constant.
#[must_use]
pub fn constant(constant_: &Const) -> String {
    match constant_ {
        Const::Bool(b) => b.to_string(),
        Const::Int(n) => n.to_string(),
        Const::Quantity(quantity) => format!("quantity({quantity})"),
        Const::String(text) => quoted(text),
        Const::List(items) => format!("[{}]", items.iter().map(constant).collect::<Vec<_>>().join(", ")),
        Const::Object(fields) => {
            format!(
                "{{{}}}",
                fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), constant(value))).collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// The dump of a type.
#[must_use]
pub fn ty(of: &Ty) -> String {
    match of {
        Ty::Bool => "bool".to_owned(),
        Ty::Int => "int".to_owned(),
        Ty::Quantity => "quantity".to_owned(),
        Ty::String => "string".to_owned(),
        Ty::IntOrString => "int-or-string".to_owned(),
        Ty::List(inner) => format!("list<{}>", ty(inner)),
        Ty::Map(inner) => format!("map<{}>", ty(inner)),
        Ty::Struct(names) if names.is_empty() => "any kind".to_owned(),
        Ty::Struct(names) => names.iter().map(|name| name.rsplit('.').next().unwrap_or(name)).collect::<Vec<_>>().join("|"),
        Ty::Record(fields) => {
            format!("{{{}}}", fields.iter().map(|(name, field)| format!("{name}: {}", ty(field))).collect::<Vec<_>>().join(", "))
        }
        Ty::Any => "any".to_owned(),
    }
}

/// The dump of a source.
#[must_use]
pub fn source(from: &Source) -> String {
    let names = match from.key {
        Some(key) => format!("${}, ${}", key.0, from.slot.0),
        None => format!("${}", from.slot.0),
    };
    let elements = match &from.of {
        Elements::Lists(lists) => match lists.as_slice() {
            [list] => value(list),
            lists => format!("({})", values(lists)),
        },
        Elements::Map(map) => format!("map {}", value(map)),
        Elements::Cluster(kinds) => format!("cluster {}", kinds.iter().map(Kind::id).collect::<Vec<_>>().join(", ")),
    };
    let filter = from.filter.as_ref().map(|filter| format!(" where {}", cond(filter))).unwrap_or_default();
    format!("{names} in {elements}{filter}")
}

fn values(list: &[Value]) -> String {
    list.iter().map(value).collect::<Vec<_>>().join(", ")
}

fn items(list: &[Item]) -> String {
    let parts: Vec<String> = list
        .iter()
        .map(|item| match item {
            Item::One(one) => value(one),
            Item::Spread(list) => format!("..{}", value(list)),
            Item::Each(from, inner) => format!("for {}: [{}]", source(from), items(inner)),
        })
        .collect();
    parts.join(", ")
}

/// The dump of a value.
#[must_use]
pub fn value(of: &Value) -> String {
    match of {
        Value::Const(inner) => constant(inner),
        Value::Root(root) => root.name().to_owned(),
        Value::Var(slot) => format!("${}", slot.0),
        Value::Field { of, name, presence, default, ty: _ } => {
            let mark = match presence {
                Presence::Written => "",
                Presence::NonZero | Presence::NonEmpty => "~",
            };
            format!("{}.{name}{mark}{}", value(of), default_text(default.as_deref()))
        }
        Value::Entry { of, key, default, ty: _ } => format!("{}[{}]{}", value(of), value(key), default_text(default.as_deref())),
        Value::Coalesce(list) if list.is_empty() => "absent".to_owned(),
        Value::Coalesce(list) => format!("({})", list.iter().map(value).collect::<Vec<_>>().join(" ?? ")),
        Value::If(condition, then, otherwise) => {
            format!("(if {} then {} else {})", cond(condition), value(then), value(otherwise))
        }
        Value::Truth(condition) => format!("truth({})", cond(condition)),
        Value::List(list) => format!("[{}]", items(list)),
        Value::Aggregate { op, items: list, ty: _ } => {
            let name = match op {
                Aggregate::Count => "count",
                Aggregate::Sum => "sum",
                Aggregate::Min => "min",
                Aggregate::Max => "max",
            };
            format!("{name}[{}]", items(list))
        }
        Value::Arithmetic { minus, left, right, ty: _ } => {
            format!("({} {} {})", value(left), if *minus { "-" } else { "+" }, value(right))
        }
        Value::Concat(list) => format!("({})", list.iter().map(value).collect::<Vec<_>>().join(" ++ ")),
        Value::Call(function, args) => format!("{}({})", function_name(*function), values(args)),
    }
}

fn default_text(default: Option<&Value>) -> String {
    default.map(|default| format!("{{= {}}}", value(default))).unwrap_or_default()
}

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Quantity => "quantity",
        Function::Duration => "duration",
        Function::AsInt => "asInt",
        Function::AsName => "asName",
        Function::Percent => "percent",
        Function::ImageRegistry => "imageRegistry",
        Function::ImageRepository => "imageRepository",
        Function::ImageTag => "imageTag",
        Function::ImageDigest => "imageDigest",
        Function::Lower => "lower",
        Function::Upper => "upper",
        Function::Replace => "replace",
        Function::Split => "split",
        Function::Join => "join",
        Function::Size => "size",
        Function::IndexOf => "indexOf",
        Function::EffectiveRequest => "effectiveRequest",
    }
}

/// The dump of a condition.
#[must_use]
pub fn cond(of: &Cond) -> String {
    match of {
        Cond::Const(b) => b.to_string(),
        Cond::Not(inner) => format!("not {}", cond(inner)),
        Cond::And(list) => format!("({})", list.iter().map(cond).collect::<Vec<_>>().join(" and ")),
        Cond::Or(list) => format!("({})", list.iter().map(cond).collect::<Vec<_>>().join(" or ")),
        Cond::Exists(inner) => format!("exists {}", value(inner)),
        Cond::True(inner) => format!("true({})", value(inner)),
        Cond::Compare { op, left, right, ty: of } => {
            let op = match op {
                Order::Eq => "==",
                Order::Lt => "<",
                Order::Le => "<=",
                Order::Gt => ">",
                Order::Ge => ">=",
            };
            format!("({} {op} {} : {})", value(left), value(right), ty(of))
        }
        Cond::In { item, list, ty: _ } => format!("({} in {})", value(item), value(list)),
        Cond::Like(text, glob) => format!("({} like {})", value(text), quoted(&glob.parts.join("*"))),
        Cond::Matches(text, pattern) => format!("({} matches /{}/)", value(text), pattern.source),
        Cond::Contains(text, part) => format!("({} contains {})", value(text), value(part)),
        Cond::Any(from, body) => format!("(any {}: {})", source(from), cond(body)),
        Cond::All(from, body) => format!("(all {}: {})", source(from), cond(body)),
        Cond::Selects { selector, map: _, labels } => format!("selects({}, {})", value(selector), value(labels)),
        Cond::IsImage(text) => format!("isImage({})", value(text)),
        Cond::KindIs(kinds) => format!("kind is {}", kinds.join("|")),
    }
}

fn print_pod_security(out: &mut String, block: &PodSecurity) {
    line(out, 0, "pod-security");
    line(out, 1, &format!("default {}", levels(&block.default)));
    for (name, of) in &block.namespaces {
        line(out, 1, &format!("namespace {name} {}", levels(of)));
    }
    if let Some(version) = &block.version {
        line(out, 1, &format!("version {version}"));
    }
    for (who, names) in [
        ("namespaces", &block.exempt_namespaces),
        ("usernames", &block.exempt_usernames),
        ("runtimeClasses", &block.exempt_runtime_classes),
    ] {
        if !names.is_empty() {
            line(out, 1, &format!("exempt {who} {}", names.iter().cloned().collect::<Vec<_>>().join(", ")));
        }
    }
}

fn levels(of: &Levels) -> String {
    let parts: Vec<String> = [("enforce", of.enforce), ("audit", of.audit), ("warn", of.warn)]
        .into_iter()
        .filter_map(|(mode, level)| level.map(|level| format!("{mode} {}", level_name(level))))
        .collect();
    parts.join(", ")
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Privileged => "privileged",
        Level::Baseline => "baseline",
        Level::Restricted => "restricted",
    }
}

fn print_test(out: &mut String, test: &Test) {
    let expect = match &test.expect {
        Expect::Allow => "allow".to_owned(),
        Expect::Deny(None) => "deny".to_owned(),
        Expect::Deny(Some(text)) => format!("deny {}", quoted(text)),
        Expect::Skip => "skip".to_owned(),
        Expect::Gives(result) => format!("gives {}", given(result)),
    };
    line(out, 0, &format!("test {} {expect} on {}", test.rule, test.operation.name()));
    for (name, value) in &test.params {
        line(out, 1, &format!("with {name} = {}", constant(value)));
    }
    line(out, 1, &format!("given {}", given(&test.object)));
    if let Some(old) = &test.old_object {
        line(out, 1, &format!("old {}", given(old)));
    }
    for beside in &test.beside {
        line(out, 1, &format!("beside {}", given(beside)));
    }
}

fn given(of: &Given) -> String {
    match of {
        Given::Object(json) => json.to_string(),
        Given::File(path, _) => format!("file {}", quoted(path)),
    }
}
