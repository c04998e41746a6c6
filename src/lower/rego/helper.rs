//! Functions that rules call, written in Rego; a module holds those that it uses.

use crate::eval::image::{IDENTIFIER, MAX_REPOSITORY, PATTERN};
use std::collections::BTreeSet;

/// A group of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Helper {
    /// `message(parts)`
    Message,
    /// `shown(values)`
    Shown,
    /// `label(x)`
    Label,
    /// `plain_text(x)`
    PlainText,
    /// `quantity(x)`
    Quantity,
    /// `quantity_text(milli)`
    QuantityText,
    /// `image_registry(text)` and the other parts
    Image,
    /// `is_image(text)`
    IsImage,
    /// `selects(selectors, labels)`
    Selects,
    /// `selects_map(selectors, labels)`
    SelectsMap,
    /// `lower_letters`, `upper_letters`
    Ascii,
    /// `effective_request(resource)`, `unreadable_requests(resource)`
    EffectiveRequest,
    /// `canonical(x)`
    Canonical,
}

impl Helper {
    const ALL: [Helper; 13] = [
        Helper::Message,
        Helper::Shown,
        Helper::Label,
        Helper::PlainText,
        Helper::Quantity,
        Helper::QuantityText,
        Helper::Image,
        Helper::IsImage,
        Helper::Selects,
        Helper::SelectsMap,
        Helper::Ascii,
        Helper::EffectiveRequest,
        Helper::Canonical,
    ];

    /// The Rego of it, without an empty line at either end.
    fn text(self) -> String {
        match self {
            Helper::Message => include_str!("../../../templates/rego/message.rego").to_owned(),
            Helper::Shown => include_str!("../../../templates/rego/shown.rego").to_owned(),
            Helper::Label => include_str!("../../../templates/rego/label.rego").to_owned(),
            Helper::PlainText => include_str!("../../../templates/rego/int_or_string.rego").to_owned(),
            Helper::Quantity => include_str!("../../../templates/rego/quantity.rego").to_owned(),
            Helper::QuantityText => include_str!("../../../templates/rego/quantity_text.rego").to_owned(),
            Helper::Image => include_str!("../../../templates/rego/image.rego").to_owned(),
            Helper::IsImage => include_str!("../../../templates/rego/is_image.rego")
                .replace("{{pattern}}", &format!("`{PATTERN}`"))
                .replace("{{identifier}}", &format!("`{IDENTIFIER}`"))
                .replace("{{max}}", &MAX_REPOSITORY.to_string()),
            Helper::Selects => include_str!("../../../templates/rego/selects.rego").to_owned(),
            Helper::SelectsMap => include_str!("../../../templates/rego/selects_map.rego").to_owned(),
            Helper::Ascii => include_str!("../../../templates/rego/ascii.rego").to_owned(),
            Helper::EffectiveRequest => include_str!("../../../templates/rego/effective_request.rego").to_owned(),
            Helper::Canonical => include_str!("../../../templates/rego/canonical.rego").to_owned(),
        }
    }

    /// What it calls itself.
    fn needs(self) -> &'static [Helper] {
        match self {
            Helper::IsImage => &[Helper::Image],
            Helper::Selects | Helper::SelectsMap => &[Helper::Label],
            Helper::EffectiveRequest => &[Helper::Quantity],
            Helper::Message
            | Helper::Shown
            | Helper::Label
            | Helper::PlainText
            | Helper::Quantity
            | Helper::QuantityText
            | Helper::Image
            | Helper::Ascii
            | Helper::Canonical => &[],
        }
    }
}

/// The helpers and all that they need.
#[must_use]
pub fn closure(helpers: &BTreeSet<Helper>) -> BTreeSet<Helper> {
    let mut all = helpers.clone();
    for helper in helpers {
        all.extend(closure(&helper.needs().iter().copied().collect()));
    }
    all
}

/// The text of some helpers, in a fixed order, without an empty line at either end.
#[must_use]
pub fn text(helpers: &BTreeSet<Helper>) -> String {
    let all = closure(helpers);
    Helper::ALL
        .iter()
        .filter(|helper| all.contains(helper))
        .map(|helper| helper.text().trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// The names that the helpers define: no variable or rule may be called so.
#[must_use]
pub fn names() -> BTreeSet<String> {
    let text = text(&Helper::ALL.into_iter().collect());
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next())
        .map(str::to_owned)
        .collect()
}
