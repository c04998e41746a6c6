//! Codes of CustomResourceDefinitions.

use crate::diagnostic::Code;

/// A definition that cannot be understood.
pub static BAD_CRD: Code = Code {
    id: "bad-crd",
    summary: "a CustomResourceDefinition cannot be understood",
    explanation: "`--crds`, or `crds` in `polc.yaml`, names CustomResourceDefinitions (`apiextensions.k8s.io/v1`), by whose schemas rules are checked. What the API server would refuse in one is an \
        error, for rules would be compiled against a kind that no cluster has. Other objects in the same files are left out.\n\n\
        ```yaml\nspec:\n  scope: namespaced    # wrong\n  scope: Namespaced    # right\n```",
};

/// A schema that is not structural.
pub static NOT_STRUCTURAL: Code = Code {
    id: "not-structural",
    summary: "the schema of a CustomResourceDefinition is not structural",
    explanation: "The API server takes only structural schemas: each field, element and entry says its `type` (but for `x-kubernetes-int-or-string` and \
        `x-kubernetes-preserve-unknown-fields`), outside of `allOf`, `anyOf`, `oneOf` and `not`; `properties` and `additionalProperties` do not stand together; there are no references. \
        Only so it is known what a field is, what is dropped and what is filled in.\n\n\
        ```yaml\nreplicas: { minimum: 1 }                   # wrong\nreplicas: { type: integer, minimum: 1 }    # right\n```",
};

/// Two definitions of one kind.
pub static DUPLICATE_CRD: Code = Code {
    id: "duplicate-crd",
    summary: "two CustomResourceDefinitions are of one kind",
    explanation: "A cluster holds one definition of a group and kind. Which of two would count here is a guess, so both are refused: give the one that the clusters have.",
};

/// A definition of a kind that Kubernetes has.
pub static BUILT_IN_KIND: Code = Code {
    id: "built-in-kind",
    summary: "a CustomResourceDefinition is of a kind that Kubernetes has itself",
    explanation: "The kinds of Kubernetes are a part of polc, with their defaults. A definition of the same group and kind would never be served. Remove it, or correct its `group`.",
};

/// All of them.
pub static ALL: &[&Code] = &[&BAD_CRD, &NOT_STRUCTURAL, &DUPLICATE_CRD, &BUILT_IN_KIND];
