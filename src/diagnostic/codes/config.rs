//! Codes of `polc.yaml`.

use crate::diagnostic::Code;

/// A part of the configuration cannot be understood.
pub static BAD_CONFIG: Code = Code {
    id: "bad-config",
    summary: "a part of polc.yaml cannot be understood",
    explanation: "`polc.yaml` is read as strictly as a `.pol` file: what is misunderstood there would change what a cluster enforces. \
        `docs/gitops.md` describes it, and `docs/polc.schema.json` lets editors check it while it is written.\n\n\
        ```yaml\npolicies: policies      # wrong: a list is wanted\npolicies: [policies]    # right\n```",
};

/// A key that the configuration does not have.
pub static UNKNOWN_KEY: Code = Code {
    id: "unknown-key",
    summary: "a key that polc.yaml does not have",
    explanation: "A misspelt key would be left out silently. An environment changes `params`, `actions` and `exemptions` and nothing else, so that rules and targets are the same everywhere.\n\n\
        ```yaml\nenvironments:\n  prod:\n    parameters: {}   # wrong\n    params: {}       # right\n```",
};

/// A target that does not exist.
pub static UNKNOWN_TARGET: Code = Code {
    id: "unknown-target",
    summary: "a target that does not exist",
    explanation: "The targets are those that `polc build --help` lists.\n\n```yaml\ntargets: [kyverno, vap]\n```",
};

/// An environment that the configuration does not have.
pub static UNKNOWN_ENVIRONMENT: Code = Code {
    id: "unknown-environment",
    summary: "an environment that polc.yaml does not have",
    explanation: "`--env` names one of the `environments` of `polc.yaml`. Building without its overlay would write something else than was asked for.\n\n\
        ```yaml\nenvironments:\n  prod:\n    actions: { \"hardening/*\": deny }\n```",
};

/// All of them.
pub static ALL: &[&Code] = &[&BAD_CONFIG, &UNKNOWN_KEY, &UNKNOWN_TARGET, &UNKNOWN_ENVIRONMENT];
