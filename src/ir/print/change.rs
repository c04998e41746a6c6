//! The dump of mutations and generations.

use super::{cond, line, print_clauses, quoted, source, value};
use crate::ir::change::{Change, Conflict, Content, Edit, Generation, Mutation};

/// The dump of one mutation.
pub(super) fn mutation(out: &mut String, mutation: &Mutation) {
    line(out, 0, &format!("mutation {}", mutation.head.id));
    print_clauses(out, &mutation.head);
    if mutation.on_conflict == Conflict::Skip {
        line(out, 1, "on conflict skip");
    }
    changes(out, 1, &mutation.body);
}

/// The dump of one generation.
pub(super) fn generation(out: &mut String, generation: &Generation) {
    line(out, 0, &format!("generation {}", generation.head.id));
    print_clauses(out, &generation.head);
    for creation in &generation.creates {
        let namespace = creation.namespace.as_ref().map(|namespace| format!(" in {}", value(namespace))).unwrap_or_default();
        line(out, 1, &format!("create {} {} named {}{namespace}", creation.kind.api_version(), creation.kind.kind, value(&creation.name)));
        line(out, 2, &fields(&creation.fields));
    }
}

fn changes(out: &mut String, depth: usize, body: &[Change]) {
    for change in body {
        match change {
            Change::For { source: from, body } => {
                line(out, depth, &format!("for {} {{", source(from)));
                changes(out, depth + 1, body);
                line(out, depth, "}");
            }
            Change::If { condition, then, otherwise } => {
                line(out, depth, &format!("if {} {{", cond(condition)));
                changes(out, depth + 1, then);
                if !otherwise.is_empty() {
                    line(out, depth, "} else {");
                    changes(out, depth + 1, otherwise);
                }
                line(out, depth, "}");
            }
            Change::Edit { place, edit, span: _ } => {
                let place = value(place);
                let text = match edit {
                    Edit::Set(to) => format!("set {place} = {}", content(to)),
                    Edit::Default(to) => format!("default {place} = {}", content(to)),
                    Edit::Remove => format!("remove {place}"),
                    Edit::Append(of) => format!("append {place} {}", content(of)),
                    Edit::Merge { slot, keys, fields: of } => {
                        let keys: Vec<String> = keys.iter().map(|key| format!("{} == {}", value(&key.there), value(&key.given))).collect();
                        format!("merge {place} ${} by {} {}", slot.0, keys.join(", "), fields(of))
                    }
                };
                line(out, depth, &text);
            }
        }
    }
}

fn content(of: &Content) -> String {
    match of {
        Content::Value(of) => value(of),
        Content::Object(of) => fields(of),
        Content::List(items) => format!("[{}]", items.iter().map(content).collect::<Vec<_>>().join(", ")),
    }
}

fn fields(of: &[(String, Content)]) -> String {
    format!("{{{}}}", of.iter().map(|(name, of)| format!("{}: {}", quoted(name), content(of))).collect::<Vec<_>>().join(", "))
}
