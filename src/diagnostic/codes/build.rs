//! Codes given while a target is written.

use crate::diagnostic::Code;

/// All of them.
pub static ALL: &[&Code] = &[
    &NOT_EXPRESSIBLE,
    &NAME_COLLISION,
    &TEMPLATE,
    &ENGINE_FAILED,
    &REACHES_NO_TARGET,
    &SECOND_POD_SECURITY,
    &NEEDS_NEWER_KUBERNETES,
    &TOO_COSTLY,
];

/// A rule has no exact form in a target.
pub static NOT_EXPRESSIBLE: Code = Code {
    id: "not-expressible",
    summary: "a rule has no exact form in a target",
    explanation: "A target gets a rule only with the verdict and the message that the rule means. What an engine cannot do exactly is refused, \
never weakened.\n\nFor example, a ValidatingAdmissionPolicy sees one object at a time:\n\n```pol\nrule pdb-required {\n    match Deployment\n    require any b in \
cluster(PodDisruptionBudget): selects(b.spec.selector, pod.metadata.labels)\n        message \"no PodDisruptionBudget\"\n}\n```\n\nLeave the target out \
for the rule; the report then shows it as dropped by the author:\n\n```pol\nrule pdb-required {\n    targets except vap\n    match Deployment\n    ...\n}\n```\n",
};

/// Two names become one in a target.
pub static NAME_COLLISION: Code = Code {
    id: "name-collision",
    summary: "two names become one in a target",
    explanation: "What is emitted stands in packages, policies and rules whose names come from the packs and rules. Where two of them come out the same, one \
would hide the other, so it is an error. In OPA, for instance, the violations of all packs stand in `polc.main`, which a pack of that name would take:\n\n```pol\npack \
main\n```\n\nRename one of them.\n",
};

/// A rule is dropped by its author for every chosen target.
pub static REACHES_NO_TARGET: Code = Code {
    id: "reaches-no-target",
    summary: "a rule reaches none of the chosen targets",
    explanation: "The rule's `targets` clause leaves out every target of this build that carries rules, so that nothing would enforce it. That is surely not meant.\n\n\
        ```pol\nrule no-privileged {\n    targets opa      // and the build says --target kyverno\n    ...\n}\n```\n\nChoose a target that the clause allows, or change the clause.",
};

/// Two `pod-security` blocks.
pub static SECOND_POD_SECURITY: Code = Code {
    id: "second-pod-security",
    summary: "there are two `pod-security` blocks",
    explanation: "The labels of a namespace and the defaults of the API server come from one `pod-security` block. With two, one would hide the other.\n\n\
        Put the lines of both into one block.",
};

/// The CEL of a rule needs a newer Kubernetes.
pub static NEEDS_NEWER_KUBERNETES: Code = Code {
    id: "needs-newer-kubernetes",
    summary: "the CEL of a rule needs a newer Kubernetes than the build is for",
    explanation: "The functions of CEL grow with Kubernetes, and an API server takes a function in a new policy only one version after it was added. A rule that goes over nested \
lists, for instance, needs `flatten`, which an API server takes from 1.35. Where `--kubernetes` says that the clusters are older, the policy would not be admitted there:\n\n\
```text\npolc build --kubernetes 1.33\n```\n\nBuild for the version that the clusters have, or leave the target out for the rule with `targets except vap`.\n",
};

/// The CEL of a rule costs too much.
pub static TOO_COSTLY: Code = Code {
    id: "too-costly",
    summary: "the CEL of a rule costs more than its engine allows",
    explanation: "The API server, and Kyverno with its code, counts what a policy costs while it evaluates it, and refuses the request where an expression costs more than 1,000,000 or the whole policy more than \
10,000,000 (ValidatingPolicy and MutatingPolicy of Kyverno have the first limit alone). `polc build` works out what each rule and mutation costs at most on an object with lists of 16 entries, texts of 256 characters \
and texts that split into 16 parts; above those limits such an object would be refused whatever is in it. Loops in loops \
multiply:\n\n```pol\nfor a in pod.allContainers {\n    for b in pod.allContainers {\n        for c in pod.allContainers {\n            for d in pod.allContainers {\n                forbid a.image == d.image message \"twice\"\n            }\n        \
}\n    }\n}\n```\n\nAbove a tenth of a limit the build warns. Loop less deeply, or leave the target out for the rule with `targets except vap`.\n",
};

/// A file of the output cannot be put together.
pub static TEMPLATE: Code = Code {
    id: "template-failed",
    summary: "a file of the output cannot be put together",
    explanation: "The text around the emitted rules comes from templates that are a part of polc. Should one of them fail, nothing is written rather than \
something incomplete. There is nothing to change in the policies: report it.\n\n```text\n`opa/main.rego` cannot be written: ...\n```\n",
};

/// An embedded engine does not accept what was emitted.
pub static ENGINE_FAILED: Code = Code {
    id: "engine-failed",
    summary: "an embedded engine does not accept or cannot run what was emitted",
    explanation: "`polc` runs emitted policies in engines of its own to check that they mean what the rules mean. When such an engine refuses a policy or stops with an \
error, either the policy or the engine is at fault, and neither can be helped by changing the rules: report it.\n\n```text\nthe embedded engine regorus fails: ...\n```\n",
};
