//! Codes given while a target is written.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[&NOT_EXPRESSIBLE, &NAME_COLLISION, &TEMPLATE];

/// A rule has no exact form in a target.
pub static NOT_EXPRESSIBLE: Code = Code {
    id: "not-expressible",
    summary: "a rule has no exact form in a target",
    explanation: "A target gets a rule only with the verdict and the message that the rule means. What an engine cannot do exactly is refused, \
never weakened.\n\nFor example, Rego sees one object at a time:\n\n```pol\nrule pdb-required {\n    match Deployment\n    require any b in \
cluster(PodDisruptionBudget): selects(b.spec.selector, pod.metadata.labels)\n        message \"no PodDisruptionBudget\"\n}\n```\n\nLeave the target out \
for the rule; the report then shows it as dropped by the author:\n\n```pol\nrule pdb-required {\n    targets except opa\n    match Deployment\n    ...\n}\n```\n",
};

/// Two names become one in a target.
pub static NAME_COLLISION: Code = Code {
    id: "name-collision",
    summary: "two names become one in a target",
    explanation: "What is emitted stands in packages, policies and rules whose names come from the packs and rules. Where two of them come out the same, one \
would hide the other, so it is an error. In OPA, for instance, the violations of all packs stand in `polc.main`, which a pack of that name would take:\n\n```pol\npack \
main\n```\n\nRename one of them.\n",
};

/// A file of the output cannot be put together.
pub static TEMPLATE: Code = Code {
    id: "template-failed",
    summary: "a file of the output cannot be put together",
    explanation: "The text around the emitted rules comes from templates that are a part of polc. Should one of them fail, nothing is written rather than \
something incomplete. There is nothing to change in the policies: report it.\n\n```text\n`opa/main.rego` cannot be written: ...\n```\n",
};
