//! What a failing rule says.

/// The most code points of a message.
pub const LIMIT: usize = 1024;

/// What stands for an absent value.
pub const UNSET: &str = "<unset>";

/// Joins the messages of the failed checks: each trimmed of Unicode white space, `; ` in between, control characters escaped, cut at [`LIMIT`].
#[derive(Debug, Default)]
pub struct Message {
    text: String,
    any: bool,
    /// Where the part begins that is being written.
    start: usize,
}

impl Message {
    /// Adds the message of a failed check.
    pub fn push(&mut self, part: &str) {
        self.begin();
        self.text.push_str(part);
        self.end();
    }

    /// Begins the message of a failed check, which is written to [`Message::text`].
    pub fn begin(&mut self) {
        if self.any {
            self.text.push_str("; ");
        }
        self.any = true;
        self.start = self.text.len();
    }

    /// What is appended here belongs to the message that was begun.
    pub fn text(&mut self) -> &mut String {
        &mut self.text
    }

    /// Ends the message that was begun: trims and escapes it.
    pub fn end(&mut self) {
        let part = self.text.get(self.start..).unwrap_or_default();
        let trimmed = part.trim();
        if trimmed.len() == part.len() && !may_hold_control(part) {
            return;
        }
        let trimmed = trimmed.to_owned();
        self.text.truncate(self.start);
        escape(&trimmed, &mut self.text);
    }

    /// Whether no check has failed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.any
    }

    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.text.clear();
        (self.any, self.start) = (false, 0);
    }

    /// The whole message.
    #[must_use]
    pub fn finish(&mut self) -> &str {
        cut(&mut self.text);
        &self.text
    }
}

/// Whether a byte may belong to a control character: 0xC2 begins those beyond ASCII.
fn may_hold_control(text: &str) -> bool {
    any_byte(text, |byte| (byte < 0x20) | (byte == 0x7f) | (byte == 0xc2))
}

/// Whether a text has such a byte. Sixteen of them are asked about at a time, whatever the first of them say.
pub fn any_byte(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    let one_of = |bytes: &[u8]| bytes.iter().fold(false, |found, byte| found | is_such(*byte));
    let (whole, rest) = text.as_bytes().as_chunks::<16>();
    whole.iter().any(|bytes| one_of(bytes)) || one_of(rest)
}

/// Appends a text, a newline as `\n` and every other control character (general category Cc) as `\u00XX`.
pub fn escape(text: &str, out: &mut String) {
    if !may_hold_control(text) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if c == '\n' {
            out.push_str("\\n");
        } else if c.is_control() {
            let code = u32::from(c);
            out.push_str("\\u00");
            out.extend(char::from_digit(code >> 4, 16));
            out.extend(char::from_digit(code & 15, 16));
        } else {
            out.push(c);
        }
    }
}

/// A text of more than [`LIMIT`] code points keeps its first `LIMIT - 1` and ends in `…`.
pub fn cut(text: &mut String) {
    if text.len() > LIMIT
        && text.chars().nth(LIMIT).is_some()
        && let Some((end, _)) = text.char_indices().nth(LIMIT - 1)
    {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[&str]) -> String {
        let mut message = Message::default();
        for part in parts {
            message.push(part);
        }
        assert_eq!(message.is_empty(), parts.is_empty());
        message.finish().to_owned()
    }

    #[test]
    fn trims_and_joins() {
        assert_eq!(joined(&["a"]), "a");
        assert_eq!(joined(&[" a\n", "\u{3000}\u{85}b\u{a0}\u{2028}", "\t\u{b}c d\u{c}\r"]), "a; b; c d");
        assert_eq!(joined(&["\u{200b}a\u{feff}"]), "\u{200b}a\u{feff}", "zero-width characters are not white space");
        assert_eq!(joined(&["\u{1c}a\u{1f}"]), "\\u001ca\\u001f", "separators of ASCII are control characters, not white space");
    }

    #[test]
    fn escapes_control_characters() {
        assert_eq!(
            joined(&["a\nb\tc\rd\u{0}e\u{1f}f\u{7f}g\u{85}h\u{9f}i"]),
            "a\\nb\\u0009c\\u000dd\\u0000e\\u001ff\\u007fg\\u0085h\\u009fi"
        );
        assert_eq!(joined(&["a\\nb \u{2028} \u{a0} é😀 \u{202e}"]), "a\\nb \u{2028} \u{a0} é😀 \u{202e}");
    }

    #[test]
    fn escapes_a_control_character_that_is_alone() {
        for (text, expected) in
            [("a\nb", "a\\nb"), ("a\u{1f}b", "a\\u001fb"), ("a\u{7f}b", "a\\u007fb"), ("a\u{80}b", "a\\u0080b"), ("a b", "a b")]
        {
            assert_eq!(joined(&[text]), expected);
        }
    }

    #[test]
    fn cuts_at_the_limit() {
        for c in ['a', 'é', '😀'] {
            let at = |n: usize| c.to_string().repeat(n);
            assert_eq!(joined(&[&at(1024)]), at(1024));
            assert_eq!(joined(&[&at(1025)]), at(1023) + "…");
            assert_eq!(joined(&[&at(1000), &at(1000)]), at(1000) + "; " + &at(21) + "…");
        }
        let escaped = joined(&[&("a".to_owned() + &"\n".repeat(600) + "b")]);
        assert_eq!(escaped, "a".to_owned() + &"\\n".repeat(511) + "…", "escaped before it is cut");
    }
}
