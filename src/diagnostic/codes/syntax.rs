//! Codes given while a text is read as `.pol`.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[
    &UNEXPECTED,
    &UNCLOSED,
    &TOO_DEEP,
    &TOO_LARGE,
    &BIDI_CONTROL,
    &BAD_SIGN,
    &BAD_ESCAPE,
    &BAD_NUMBER,
    &BAD_MESSAGE,
    &DUPLICATE_KEY,
    &SINGLE_QUOTES,
    &FOREIGN_OPERATOR,
    &ASSIGNMENT,
    &UNKNOWN_KEYWORD,
    &KEYWORD_AS_NAME,
    &MISSING_MESSAGE,
    &MISSING_COLON,
    &CHAINED_COMPARISON,
    &LOOSE_OPERAND,
    &CLAUSE_ORDER,
    &MISPLACED_DOC,
    &EMPTY_BODY,
];

/// Something else was expected.
pub static UNEXPECTED: Code = Code {
    id: "unexpected",
    summary: "something else is expected at this place",
    explanation: "The text does not go on as the grammar allows. The message names what stands there and what could stand there.\n\n\
```pol\nparam registries list<string>      // wrong: a colon is missing\nparam registries: list<string>\n```\n\nThe whole syntax is in the grammar \
reference. After an error the reading goes on at the next item that begins in the first column, so each item gives an error of its own.\n",
};

/// A bracket, string or regular expression without its end.
pub static UNCLOSED: Code = Code {
    id: "unclosed",
    summary: "a bracket, a string or a regular expression is not closed",
    explanation: "Each `(`, `[` and `{` needs its closing sign, and a string, an interpolation or a regular expression ends on the line on which it \
begins.\n\n```pol\nrule no-host-network {\n    match workloads\n    forbid pod.spec.hostNetwork message \"hostNetwork is true    // wrong: the quote is \
missing\n}\n```\n\nWhere a brace is missing, the message points at the bracket whose closing sign stands left of the line on which it was opened: that is \
where it is most likely missing.\n",
};

/// Nested too deep.
pub static TOO_DEEP: Code = Code {
    id: "too-deep",
    summary: "the text nests more than 64 deep",
    explanation: "Brackets, blocks, quantifiers and conditions may stand 64 deep within each other, and the tree of one expression may be 128 high; a \
chain of operators such as `a or b or c` is as high as it is long. So no stage of the compiler can run out of stack, whatever it is given.\n\nGive an inner \
part a name with `let` or `fn`, and write a long chain of comparisons with one list:\n\n```pol\nrequire x == \"a\" or x == \"b\" or x == \"c\" message \"...\"\n\
require x in [\"a\", \"b\", \"c\"] message \"...\"\n```\n",
};

/// The file is too large.
pub static TOO_LARGE: Code = Code {
    id: "file-too-large",
    summary: "a file has more than 1 MiB",
    explanation: "A file of rules may have 1,048,576 bytes. A larger one is surely no file of rules; if it is, divide it into packs and `use` them.\n",
};

/// A character that reorders text on the screen.
pub static BIDI_CONTROL: Code = Code {
    id: "bidi-control",
    summary: "a character reorders the text on the screen",
    explanation: "Bidirectional control characters make an editor or a review page show a text in another order than the compiler reads it, so that a \
rule can look stricter than it is. They are refused everywhere, in comments and strings too.\n\nWhere a string has to hold one, write its number: \
`\"\\u{202e}\"`.\n",
};

/// A sign that the language does not have.
pub static BAD_SIGN: Code = Code {
    id: "bad-sign",
    summary: "a sign that the language does not have",
    explanation: "The signs of the language are `( ) [ ] { } = == != < <= > >= ?? + - : , . |`, strings in double quotes, regular expressions between \
slashes and comments after `//`. Names are made of ASCII letters, digits and `_`. Any other sign stands in a string.\n\n```pol\nseverity high;      // wrong: \
a statement ends where the next one begins\nseverity high\n```\n",
};

/// An unknown escape.
pub static BAD_ESCAPE: Code = Code {
    id: "bad-escape",
    summary: "an unknown escape in a string",
    explanation: "In a string, `\\\"`, `\\\\`, `\\/`, `\\n`, `\\r`, `\\t`, `\\{`, `\\}` and `\\u{...}` are known. A backslash is written `\\\\`. A regular expression \
between slashes takes its backslashes as they are.\n\n```pol\nlet wrong = \"C:\\dir\"\nlet right = \"C:\\\\dir\"\n```\n",
};

/// Not a number or quantity.
pub static BAD_NUMBER: Code = Code {
    id: "bad-number",
    summary: "neither a number nor a quantity",
    explanation: "A number is an integer of 64 bits (`42`), a decimal (`1.5`) or a Kubernetes quantity: a number and one of `n u m k M G T P E` (powers of \
1000) or `Ki Mi Gi Ti Pi Ei` (powers of 1024). `500m` is a half, `5m` is five thousandths and never five minutes: a duration is written \
`duration(\"5m\")`.\n\n```pol\nrequire c.resources.limits[\"memory\"] <= 2GiB message \"...\"    // wrong\nrequire c.resources.limits[\"memory\"] <= 2Gi \
message \"...\"\n```\n",
};

/// A message with wrong braces, or blank.
pub static BAD_MESSAGE: Code = Code {
    id: "bad-message",
    summary: "a message is blank or its braces are wrong",
    explanation: "A message holds text that is not blank: where all its values are absent it still has to say something. Between `{` and `}` stands one \
expression; plain braces are written `\\{` and `\\}`. In other strings a brace is a plain sign.\n\n```pol\nforbid c.securityContext.privileged message \
\"{c.name}\"    // wrong\nforbid c.securityContext.privileged message \"container {c.name} is privileged\"\n```\n",
};

/// Single quotes.
pub static SINGLE_QUOTES: Code = Code {
    id: "single-quotes",
    summary: "a string stands in double quotes",
    explanation: "Strings have one form, in double quotes.\n\n```pol\ntags 'cis-5.2.2'    // wrong\ntags \"cis-5.2.2\"\n```\n",
};

/// `&&`, `||`, `!` and others.
pub static FOREIGN_OPERATOR: Code = Code {
    id: "foreign-operator",
    summary: "an operator of another language",
    explanation: "The logical operators are words: `and`, `or`, `not`.\n\n```pol\nrequire a && !b message \"...\"    // wrong\nrequire a and not b message \
\"...\"\n```\n",
};

/// `=` where `==` is meant.
pub static ASSIGNMENT: Code = Code {
    id: "assignment",
    summary: "`=` does not compare",
    explanation: "`=` gives a name or a field its value, in `param`, `let`, `fn`, `set` and `default`. Equality is `==`.\n\n```pol\nrequire c.imagePullPolicy = \
\"Always\" message \"...\"    // wrong\nrequire c.imagePullPolicy == \"Always\" message \"...\"\n```\n",
};

/// A misspelt keyword.
pub static UNKNOWN_KEYWORD: Code = Code {
    id: "unknown-keyword",
    summary: "a keyword is misspelt, or is one of another language",
    explanation: "At this place stands one of a few keywords, and the word is none of them.\n\n```pol\nruel no-privileged { ... }    // wrong\nrule no-privileged \
{ ... }\n```\n",
};

/// A keyword where a name is expected.
pub static KEYWORD_AS_NAME: Code = Code {
    id: "keyword-as-name",
    summary: "a keyword cannot be a name",
    explanation: "A name that an expression may begin with (a param, a `let`, a function, an argument, a bound element) cannot be a keyword. Behind a dot and as \
a field of an object each word is allowed.\n\n```pol\nfor in in pod.containers { ... }    // wrong\nfor c in pod.containers { ... }\n```\n",
};

/// A check without its message.
pub static MISSING_MESSAGE: Code = Code {
    id: "missing-message",
    summary: "a check has no message",
    explanation: "Each `require` and `forbid` says what is wrong, in the words that the author of the refused object reads.\n\n```pol\nforbid \
pod.spec.hostNetwork    // wrong\nforbid pod.spec.hostNetwork message \"hostNetwork is true\"\n```\n",
};

/// A quantifier without its colon.
pub static MISSING_COLON: Code = Code {
    id: "missing-colon",
    summary: "a quantifier has no colon",
    explanation: "A quantifier is `any x in LIST: CONDITION`, with `where FILTER` before the colon where only some elements count.\n\n```pol\nrequire any r in \
registries c.image like r message \"...\"    // wrong\nrequire any r in registries: c.image like r message \"...\"\n```\n",
};

/// `a < b < c`
pub static CHAINED_COMPARISON: Code = Code {
    id: "chained-comparison",
    summary: "comparisons do not chain",
    explanation: "`a < b < c` would compare the truth of `a < b` with `c`. Write both comparisons; to compare truths, use parentheses.\n\n```pol\nrequire 1 <= n <= \
10 message \"...\"    // wrong\nrequire 1 <= n and n <= 10 message \"...\"\n```\n",
};

/// `a == not b`
pub static LOOSE_OPERAND: Code = Code {
    id: "loose-operand",
    summary: "`not` needs parentheses here",
    explanation: "`not` binds looser than comparisons, so it cannot stand bare on their right side.\n\n```pol\nrequire a == not b message \"...\"    // \
wrong\nrequire a == (not b) message \"...\"\n```\n",
};

/// A clause behind a statement.
pub static CLAUSE_ORDER: Code = Code {
    id: "clause-order",
    summary: "a clause stands behind a statement",
    explanation: "Clauses (`severity`, `tags`, `docs`, `action`, `overrides`, `match`, `except`, `targets`, `on conflict`) come first, statements follow: what a \
rule is about stands before what it asks.\n\n```pol\nrule no-host-network {\n    forbid pod.spec.hostNetwork message \"hostNetwork is true\"\n    match \
workloads    // wrong: it stands before the statements\n}\n```\n",
};

/// A key twice in an object.
pub static DUPLICATE_KEY: Code = Code {
    id: "duplicate-key",
    summary: "a field is written twice in an object",
    explanation: "Of two values of one field only one could count. Keep the one that is meant.\n\n```pol\n{ name: \"a\", image: \"b\", name: \"c\" }    // \
wrong\n```\n",
};

/// `///` or `//!` at a wrong place.
pub static MISPLACED_DOC: Code = Code {
    id: "misplaced-doc",
    summary: "a documentation comment at a wrong place",
    explanation: "`///` documents the item or test case that follows, and `//!` the file, at its top. Anywhere else a comment begins with `//`.\n\n```pol\nrule \
no-privileged {\n    match workloads /// wrong\n    match workloads // right\n}\n```\n",
};

/// A body without anything in it.
pub static EMPTY_BODY: Code = Code {
    id: "empty-body",
    summary: "a body holds nothing that does something",
    explanation: "A rule without a check would pass everything, a mutation without a change and a generation without `create` do nothing, and a test without a case \
tests nothing. That is surely a slip.\n\n```pol\nrule no-privileged {\n    match workloads    // wrong: nothing is checked\n}\n```\n",
};
