//! Codes given while names and types are resolved.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal, $summary:literal, $explanation:expr;)+) => {
        /// All of them.
        pub static ALL: &[&Code] = &[$(&$name),+];
        $($(#[doc = $doc])+ pub static $name: Code = Code { id: $id, summary: $summary, explanation: $explanation };)+
    };
}

codes! {
    /// A name that nothing defines.
    UNKNOWN_NAME = "unknown-name", "a name that nothing defines",
        "A name in an expression is a root (`object`, `oldObject`, `namespaceObject`, `request`, `pod`), the variable of a `for` or quantifier around it, a `let`, \
a `param` or a `fn` of the pack. There is no undefined value at run time, so a name that is none of these is refused.\n\n```pol\nforbid \
spec.hostNetwork message \"...\"        // wrong: a path starts at a root\nforbid pod.spec.hostNetwork message \"...\"    // right\n```\n";
    /// A field that the type does not have.
    UNKNOWN_FIELD = "unknown-field", "a field that the type does not have",
        "Every path is checked against the schema of the matched kinds. A misspelt field would always be absent, and the rule would silently pass or \
silently fail everything.\n\n```pol\nforbid c.securityContext.priviliged message \"...\"    // wrong\nforbid c.securityContext.privileged message \"...\"    // \
right\n```\n";
    /// A field of a custom kind that the language cannot say exactly.
    UNREADABLE_FIELD = "unreadable-field", "a field of a custom kind that the language cannot say exactly",
        "A CustomResourceDefinition can say of a field what the language has no exact words for: the field keeps `null` where it is written, and has a default where it is missing (`nullable` with \
`default`), or its default holds `null` or a number with a fraction. A rule that read it would say one thing of a manifest and another in a cluster. Other fields of the kind are not \
concerned.\n\n```yaml\nsize: { type: integer, default: 1, nullable: true }    # no rule can read it\nsize: { type: integer, default: 1 }                    # rules read what is written, or 1\n```\n";
    /// A function that does not exist.
    UNKNOWN_FUNCTION = "unknown-function", "a function that does not exist",
        "The functions are `image`, `isImage`, `quantity`, `duration`, `asInt`, `asName`, `percent`, `lower`, `upper`, `replace`, `split`, `join`, `count`, `size`, \
`indexOf`, `selects`, `variants`, `effectiveRequest`, `podOf`, `cluster`, and each `fn` of the pack.\n\n```pol\nfn sidecar(c: Container) = c.restartPolicy == \
\"Always\"\n```\n";
    /// A kind that the schema does not have.
    UNKNOWN_KIND = "unknown-kind", "a kind that the schema does not have",
        "`match` names kinds of Kubernetes, or one of the words `workloads` (every kind that makes Pods, and Pod), `templates` (the same without Pod), \
`controllers` and `any`.\n\n```pol\nmatch Deploymnet      // wrong\nmatch Deployment      // right\nmatch Event.events.k8s.io   // with its group\n```\n";
    /// A word that means nothing at its place.
    UNKNOWN_WORD = "unknown-word", "a word that means nothing at its place",
        "Severities, actions, operations, modes and levels are a few fixed words.\n\n```pol\nseverity sever     // wrong\nseverity high      // right: info, low, medium, \
high, critical\naction   deny      // deny, warn, audit\n```\n";
    /// A string that an enum field never holds.
    IMPOSSIBLE_VALUE = "impossible-value", "a string that the field never holds",
        "Some fields hold one of a few strings, in exact case. Comparing such a field with another string is always false, which is never what the author \
meant.\n\n```pol\nrequire pod.spec.restartPolicy == \"always\" message \"...\"    // wrong\nrequire pod.spec.restartPolicy == \"Always\" message \"...\"    // \
right\n```\n";
    /// An operation on values of the wrong type.
    WRONG_TYPE = "wrong-type", "an operation on values of the wrong type",
        "Types come from the schema. A string is never equal to a number, strings have no order, and an int-or-string has one only through `asInt` or \
`percent`.\n\n```pol\nrequire object.spec.replicas >= \"2\" message \"...\"    // wrong\nrequire object.spec.replicas >= 2 message \"...\"      // right\n```\n";
    /// A condition that is neither true nor false.
    NOT_A_CONDITION = "not-a-condition", "a condition that is neither true nor false",
        "A condition is a comparison, a quantifier or an optional boolean, which is false when absent. Of anything else ask what you mean.\n\n```pol\nforbid \
pod.spec.volumes message \"...\"           // wrong\nforbid exists pod.spec.volumes message \"...\"    // right\n```\n";
    /// A function called with the wrong arguments.
    WRONG_ARGUMENTS = "wrong-arguments", "a function called with the wrong arguments",
        "Each function takes a fixed number of arguments of fixed types.\n\n```pol\nsplit(v.hostPath.path)          // wrong\nsplit(v.hostPath.path, \"/\")     // \
right\n```\n";
    /// A message that would have to print a struct or map.
    NOT_PRINTABLE = "not-printable", "a message that would have to print a struct or map",
        "A message interpolates text, numbers, booleans, quantities and lists of them. How a struct looks as text differs between engines, so the language \
does not have it.\n\n```pol\nmessage \"bad {c.securityContext}\"               // wrong\nmessage \"container {c.name} is privileged\"      // right\n```\n";
    /// A message without text.
    BLANK_MESSAGE = "blank-message", "a message without text",
        "A message holds at least one piece of plain text that is not blank: what is interpolated may be empty, and an engine takes an empty message for no \
finding.\n\n```pol\nmessage \"{c.name}\"                       // wrong\nmessage \"container {c.name} is bad\"      // right\n```\n";
    /// A name that is given twice.
    DUPLICATE_NAME = "duplicate-name", "a name that is given twice",
        "Rules, params, lets and functions of a pack each have a name of their own, across all files of the pack. A rule's full name `pack/rule` is how findings, \
exemptions and emitted policies name it.\n";
    /// A let, param, function or variable that is not used.
    UNUSED = "unused", "something that is defined and not used",
        "A `let`, `param` or `fn` that nothing uses is often a slip: the rule that should have used it does not.\n\n```pol\nlet profile = \
c.securityContext.seccompProfile\nrequire exists c.securityContext.seccompProfile message \"...\"    // `profile` is not used\n```\n";
    /// A rule that checks nothing.
    EMPTY_RULE = "empty-rule", "a rule that checks nothing",
        "A rule without a `require` or `forbid` always passes.\n\n```pol\nrule host-network {\n    match workloads\n    forbid pod.spec.hostNetwork message \
\"hostNetwork is true\"\n}\n```\n";
    /// A rule that does not say what it is about.
    MISSING_MATCH = "missing-match", "a rule that does not say what it is about",
        "Every rule names the kinds that it judges; there is no default, for forgetting one is how policies fail.\n\n```pol\nrule host-network {\n    match workloads\n    ...\n}\
\n```\n";
    /// A clause that is written twice or does not belong.
    MISPLACED = "misplaced", "a clause or statement that is written twice or does not belong there",
        "Each clause is written once. `merge`, `default`, `set`, `append` and `remove` belong into a `mutation`, `require` and `forbid` into a `rule`.\n";
    /// An apiVersion that Kubernetes no longer serves.
    REMOVED_VERSION = "removed-version", "an apiVersion that Kubernetes no longer serves",
        "The kind, or this version of it, was removed from Kubernetes. A rule about it would never apply.\n\n```pol\nmatch PodSecurityPolicy    // removed in 1.25\n```\n";
    /// A kind that several API groups have.
    AMBIGUOUS_KIND = "ambiguous-kind", "a kind that several API groups have",
        "Write the group after the kind.\n\n```pol\nmatch Event                   // wrong\nmatch Event.events.k8s.io     // right\n```\n";
    /// A path that is not the same in all matched kinds.
    KINDS_DIFFER = "kinds-differ", "a path that is not the same in all matched kinds",
        "A rule over several kinds may read only what exists with one type, and one default, in all of them.\n\n```pol\nmatch Deployment, DaemonSet\nrequire \
object.spec.replicas >= 2 message \"...\"    // wrong: a DaemonSet has no replicas\n```\n\nWrite one rule for each kind.\n";
    /// A root that the rule does not have.
    NOT_AVAILABLE = "not-available", "a root or view that the rule does not have",
        "`pod` is there when every matched kind is a Pod or makes Pods. `oldObject` and `unchanged` are there when the rule is `on update` only.\n\n```pol\nmatch \
Deployment on update\nrequire unchanged object.spec.selector message \"...\"\n```\n";
    /// A value that has to be known at compile time.
    NOT_CONSTANT = "not-constant", "a value that has to be known when compiling",
        "Patterns, separators, params and test objects are constants: literals, params, and what is computed from them.\n\n```pol\nrequire c.image like c.name + \"*\" \
message \"...\"              // wrong\nrequire any r in registries: c.image like r message \"...\"    // right: registries is a param\n```\n";
    /// A pattern that is not in the common subset.
    BAD_PATTERN = "bad-pattern", "a pattern that the engines would read differently",
        "A regular expression is matched against the whole text and made of ASCII classes, groups, alternation and `* + ? {n,m}` with m up to 100. `\\d`, `\\w`, `\\s`, \
`\\b`, `\\p`, flags, anchors and look-around differ between engines.\n\nIn an image pattern a `*` before the first `/` could stand for a foreign registry: \
`*example.com/x` fits `evil.com/example.com/x`.\n\n```pol\nmatches /\\d+/        // wrong\nmatches /[0-9]+/     // right\nlike \"nginx*\"        // wrong: fits \
nginx.evil.com/x\nlike \"docker.io/library/nginx:*\"   // right\n```\n";
    /// A literal that cannot be read.
    BAD_LITERAL = "bad-literal", "a literal that cannot be read",
        "Quantities are written as in Kubernetes (`500m`, `2Gi`), versions as `v1.34`, dates as `2027-03-01`.\n";
    /// A function or let that needs itself.
    RECURSION = "recursion", "a function or let that needs itself",
        "Functions are put in where they are called, and lets where they are named, so that every rule ends. None may need itself.\n";
    /// A rule that becomes too large.
    TOO_LARGE = "too-large", "a rule that becomes too large or too deep",
        "Functions, lets, loops over constants and views are put in where they are used. A rule that becomes larger than 100,000 nodes or very deep would exceed \
the limits of every engine. Use shorter constant lists, or split the rule.\n";
    /// A param that no pack has.
    UNKNOWN_PARAM = "unknown-param", "a param that no pack has",
        "A value is given with `--param name=value` or `--param pack.name=value`, or in `use`. A misspelt name would leave the default in place unseen.\n\n```pol\nuse \
baseline { registires: [\"registry.example.com/*\"] }    // wrong\nuse baseline { registries: [\"registry.example.com/*\"] }    // right\n```\n";
    /// A param without a value.
    MISSING_PARAM = "missing-param", "a param without a value",
        "A `param` without a default has to be given: with `--param`, or in `use`.\n\n```pol\nparam registries: list<string>              // has to be given\nparam \
version: version = v1.34                // has a default\n```\n";
    /// A param's value that does not fit its type.
    BAD_PARAM = "bad-param", "a param's value that does not fit its type",
        "The text of `--param` is read by the param's type: `v1.34` or `latest` for a version, `500m` for a quantity, `true` for a bool, a JSON list or words with commas \
for a list.\n";
    /// A pack that is not there.
    UNKNOWN_PACK = "unknown-pack", "a pack that is not there",
        "`use` names a pack that is among the given files or under the policies root.\n";
    /// A file that does not name its pack.
    MISSING_PACK = "missing-pack", "a file that does not name its pack",
        "Rules are known by `pack/rule`, so every file says once which pack it belongs to. Several files may belong to one. A file without any item, such as an \
empty one, is refused too: it may be what is left of a file of rules.\n\n```pol\npack hardening\n```\n";
    /// Packs that use each other.
    USE_CYCLE = "use-cycle", "packs that use each other",
        "`use` brings in another pack, with params of its own. Two packs that use each other would have no order in which params and exceptions count.\n";
    /// A rule or other item that is not there.
    UNKNOWN_RULE = "unknown-rule", "a rule that is not there",
        "`except`, `overrides`, `exempt` and `test` name a rule of the pack, or `pack/rule` of a used pack.\n";
    /// An exemption whose day has passed.
    EXPIRED = "expired", "an exemption whose last day has passed",
        "Exemptions carry an end date so that they end. Remove it, or give a new date and say why.\n\n```pol\nexempt rule no-privileged namespaces \"gpu\" until \
2027-03-01 because \"driver installer\"\n```\n";
    /// A construct that is not carried yet.
    NOT_YET = "not-yet", "a construct that is not carried yet",
        "The construct belongs to the language, but nothing carries it out yet. It is refused rather than left out in silence.\n";
    /// An absent value lets a rule pass.
    ABSENT_PASSES = "absent-passes", "an absent value lets the rule pass",
        "A comparison with something absent is false, so its negation is true: a `forbid` of it passes. That is often right, and sometimes the hole in the policy.\n\n```pol\nforbid \
c.resources.limits[\"memory\"] > 4Gi message \"...\"                      // no limit at all passes\nforbid (c.resources.limits[\"memory\"] ?? 8Gi) > 4Gi message \
\"...\"             // no limit fails\nforbid exists c.resources.limits[\"memory\"] and c.resources.limits[\"memory\"] > 4Gi message \"...\"   // says that it passes\n```\n\nIt is an \
error for order comparisons and for values that are computed, a warning otherwise. `??`, `exists`, a field with a default and a required field silence it.\n";
    /// Scaling passes a rule by.
    SCALE = "scale-not-judged", "scaling by the subresource passes the rule by",
        "`kubectl scale` and autoscalers change `spec.replicas` through the subresource `/scale`, which a rule about the object does not see. Write a rule \
for `Deployment/scale` too, or say `except scale`.\n";
    /// A place that a mutation changes twice.
    CHANGED_TWICE = "changed-twice", "a place that a mutation changes twice",
        "The statements of a mutation have no order that counts: each sees the object as it was. So none may change what another changes, and a loop may not give one place \
several values.\n\n```pol\nset pod.spec.priorityClassName = \"low\"\nset pod.spec.priorityClassName = \"high\"     // wrong\n\nfor c in pod.containers {\n    \
set pod.metadata.labels[\"image\"] = c.image    // wrong: which one?\n    set c.imagePullPolicy = \"Always\"           // right\n}\n```\n\nWhat excludes each other may stand \
in the two blocks of one `if ... else`.\n";
    /// A mutation that reads what it changes.
    READ_AND_CHANGED = "read-and-changed", "a mutation that reads what it changes",
        "Running a mutation twice changes nothing more: the API server runs it again on every update, and again when another one has changed the object. That holds when no condition, loop or \
value of it reads what one of its statements changes.\n\n```pol\nif not exists pod.spec.priorityClassName {\n    set pod.spec.priorityClassName = \"low\"    // wrong\n}\ndefault \
pod.spec.priorityClassName = \"low\"    // right\n```\n";
}
