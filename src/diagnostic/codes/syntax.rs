//! Codes given while a text is read as `.pol`.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $summary:literal, $explanation:literal;)*) => {
        $($(#[$doc])* pub static $name: Code = Code { id: $id, summary: $summary, explanation: $explanation };)*
        /// All of them.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// Anything else.
    UNEXPECTED = "unexpected", "something stands where it cannot",
        "The text does not follow the syntax. The help line says what could stand there.\n\n```pol\nrule a {\n    match Pod Deployment            // wrong: kinds are separated by commas\n    match Pod, Deployment           // right\n}\n```";
    /// A misspelt keyword.
    UNKNOWN_WORD = "unknown-word", "a word is not known",
        "A line begins with a word that no item, clause or statement begins with; it looks like one that does.\n\n```pol\nforbbid pod.spec.hostPID message \"...\"    // wrong\nforbid pod.spec.hostPID message \"...\"     // right\n```";
    /// `&&` and its like.
    WRONG_OPERATOR = "wrong-operator", "a sign of another language",
        "Operators are words and the usual comparisons: `and`, `or`, `not`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `like`, `matches`, `contains`, `??`. Strings stand in double quotes.";
    /// A number with a wrong unit.
    BAD_NUMBER = "bad-number", "a number has an unknown unit",
        "Quantities have the units of Kubernetes: `n`, `u`, `m`, `k`, `M`, `G`, `T`, `P`, `E` and `Ki` to `Ei`. There is no `B`, and a duration is a call: `5m` is five thousandths, `duration(\"5m\")` five minutes.";
    /// An integer over 64 bits.
    NUMBER_TOO_LARGE = "number-too-large", "a whole number does not fit 64 bits",
        "Whole numbers are from -9223372036854775808 to 9223372036854775807, as in Kubernetes.";
    /// A string without its end.
    UNCLOSED_STRING = "unclosed-string", "a string does not end on its line",
        "A string begins and ends with `\"` on one line. A newline in it is written `\\n`.";
    /// A bracket without its end.
    UNCLOSED = "unclosed", "a bracket is not closed",
        "An item ends before all of its brackets are closed. An item begins at the first column of a line, so that a missing `}` is found in the item that lacks it.";
    /// An escape that does not exist.
    BAD_ESCAPE = "bad-escape", "an escape does not exist",
        "The escapes in a string are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\r`, `\\{`, `\\}` and `\\u{...}` with a code point in hex. Write a backslash as `\\\\`.";
    /// A check without message.
    MISSING_MESSAGE = "missing-message", "a check has no message",
        "Every `require` and `forbid` says what is wrong: the message is what people see when their object is refused.\n\n```pol\nforbid pod.spec.hostPID message \"hostPID is true\"\n```";
    /// A message of blanks and values only.
    BLANK_MESSAGE = "blank-message", "a message has no words of its own",
        "A message that holds only values could be empty, and an engine without a message to show may admit the object. At least one part of it is a text that is not blank.";
    /// A quantifier without colon.
    MISSING_COLON = "missing-colon", "a quantifier has no colon",
        "A quantifier is `any x in LIST: CONDITION`, with `where` before the colon if only some elements count.\n\n```pol\nrequire any p in c.ports where exists p.name: p.containerPort == 80 message \"...\"\n```";
    /// `a < b < c`
    CHAINED_COMPARISON = "chained-comparison", "comparisons cannot be chained",
        "`1 <= x <= 5` is written `x >= 1 and x <= 5`. Where the result of a comparison is compared, it stands in parentheses: `(exists a) != (exists b)`.";
    /// A key twice in an object literal.
    DUPLICATE_KEY = "duplicate-key", "a key is written twice in an object",
        "Of two values of one key only one could count. Keep the one that is meant.";
    /// Too deep.
    TOO_DEEP = "too-deep", "the source is nested too deep",
        "Brackets, conditions and quantifiers nest at most 64 deep, operators at most 128 in one expression. Name parts with `let` or `fn`; a long chain of `or` is mostly a list: `x in [\"a\", \"b\"]`.";
    /// Over 1 MiB.
    SOURCE_TOO_LARGE = "source-too-large", "a source is over 1 MiB",
        "A file of rules has at most 1,048,576 bytes. Several files may belong to one pack.";
    /// A character that reorders text.
    BIDI_CONTROL = "bidi-control", "a bidirectional control character stands in the source",
        "Such characters make a source look other than it is. They are refused everywhere; inside a string write the escape, as `\\u{202E}`.";
}
