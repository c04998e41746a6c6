//! Codes of wrong usage, unreadable files and manifests.

use crate::diagnostic::Code;

/// A file or folder cannot be read.
pub static CANNOT_READ: Code = Code {
    id: "cannot-read",
    summary: "a file or folder cannot be read",
    explanation: "A path that was given does not exist, is not a file or folder, or may not be read by this user.\n\n\
        Nothing is judged or built from the other paths, so that a missing file cannot pass unseen. Check the path and its permissions.",
};

/// A text is not UTF-8.
pub static NOT_UTF8: Code = Code {
    id: "not-utf8",
    summary: "a text is not UTF-8",
    explanation: "Policies and manifests are UTF-8. The message gives the offset of the first byte that is not.\n\n\
        Save the file as UTF-8; `iconv -f latin1 -t utf-8 FILE` converts one from Latin-1.",
};

/// A folder without policies.
pub static NO_POLICIES: Code = Code {
    id: "no-policies",
    summary: "a folder holds no `.pol` file",
    explanation: "Judging with no rule would pass every object, so an empty folder is refused.\n\n\
        Give a `.pol` file, or a folder that holds some at any depth (hidden folders are left out).",
};

/// A key that cannot sign the bundle.
pub static BAD_SIGNING_KEY: Code = Code {
    id: "bad-signing-key",
    summary: "a key cannot sign the bundle",
    explanation: "`polc build --bundle-signing-key FILE` signs the bundle of `opa`. The key has to be one for the algorithm of `--bundle-signing-alg`: for RS256, RS384 and RS512 an RSA key of at least \
        2,048 bits, for ES256 one on the curve P-256, both as private keys in PEM without a passphrase; for HS256, HS384 and HS512 a secret at least as long as the digest (32, 48 or 64 bytes), which is all that is in \
        the file, a newline at its end included. Nothing is written with another key, so that no bundle goes out unsigned.\n\n\
        ```sh\nopenssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem\nopenssl pkey -in key.pem -pubout -out public.pem\n```",
};

/// A path without CustomResourceDefinitions.
pub static NO_CRDS: Code = Code {
    id: "no-crds",
    summary: "a path holds no CustomResourceDefinition",
    explanation: "`--crds`, or `crds` in `polc.yaml`, names files or folders with CustomResourceDefinitions. One that holds none is most likely misspelt, and the rules about its kinds would be refused for \
        another reason.\n\nGive a YAML or JSON file, or a folder that holds some at any depth (hidden folders are left out).",
};

/// A folder without manifests.
pub static NO_MANIFESTS: Code = Code {
    id: "no-manifests",
    summary: "there is nothing to judge",
    explanation: "The paths hold no `.yaml`, `.yml` or `.json` file, or no object stands in them. A pipeline that checks nothing would pass, so this is refused.\n\n\
        Check the path; `-` reads standard input.",
};

/// Something cannot be written.
pub static CANNOT_WRITE: Code = Code {
    id: "cannot-write",
    summary: "output cannot be written",
    explanation: "A build writes all of its files or none. They are staged in the output folder first and renamed into place at the end; when that is not possible \
        (no permission, no space, a file where a folder should be) the folder is left as it was.",
};

/// The manifest of a build is not one.
pub static BAD_OUTPUT_MANIFEST: Code = Code {
    id: "bad-output-manifest",
    summary: "the list of built files cannot be understood",
    explanation: "`.polc-manifest.json` in the output folder lists the files that builds made, so that stale ones can be removed and files of others are left alone. \
        It is not to be edited.\n\nRemove it to start anew: files that are in the way then have to be moved by hand.",
};

/// A file that no build made is in the way.
pub static FOREIGN_FILE: Code = Code {
    id: "foreign-file",
    summary: "a file that no build made is in the way",
    explanation: "A build overwrites only files that an earlier build made (they are listed in `.polc-manifest.json`). Where another file has the name of an output, \
        the build stops and nothing is changed.\n\nMove the file away, or build into another folder with `--out`.",
};

/// Ctrl-C.
pub static INTERRUPTED: Code = Code {
    id: "interrupted",
    summary: "the run was interrupted",
    explanation: "Ctrl-C, or a signal to terminate, came before the build began to put its files in place. Nothing was changed.",
};

/// A value on the command line is wrong.
pub static BAD_USAGE: Code = Code {
    id: "bad-usage",
    summary: "an argument is wrong",
    explanation: "An argument or its value is not understood. `polc help COMMAND` shows what a command takes.",
};

/// A code that does not exist.
pub static UNKNOWN_CODE: Code = Code {
    id: "unknown-code",
    summary: "there is no such code",
    explanation: "`polc explain CODE` explains the code that stands in brackets in a message. `polc explain` alone lists all codes.",
};

/// A test names a file that cannot be used.
pub static BAD_TEST_FILE: Code = Code {
    id: "bad-test-file",
    summary: "the file of a test is not one object",
    explanation: "`given file \"PATH\"` reads one Kubernetes object from a YAML or JSON file. The path is relative to the `.pol` file, or to the folder above the policies.",
};

/// No test was found.
pub static NO_TESTS: Code = Code {
    id: "no-tests",
    summary: "there is no test to run",
    explanation: "`polc test` found rules but no `test` item. A run that tests nothing would pass, so this is refused.\n\n\
        ```pol\ntest no-privileged {\n    deny \"is privileged\" given { apiVersion: \"v1\", kind: \"Pod\", metadata: { name: \"a\" }\n        spec: { containers: [{ name: \"app\", image: \"app:1\", securityContext: { privileged: true } }] } }\n}\n```",
};

/// There is no rule.
pub static NO_RULES: Code = Code {
    id: "no-rules",
    summary: "there is no rule to verify",
    explanation: "`polc verify` compares engines on rules, and there is none: the policies hold other items alone, or no rule's id contains the text of `--rule`. A run that \
        compares nothing would pass, so this is refused. `polc list` shows the rules.",
};

/// An engine that does not exist.
pub static UNKNOWN_ENGINE: Code = Code {
    id: "unknown-engine",
    summary: "there is no such engine",
    explanation: "`polc verify --engine` takes the names of engines, with commas in between. `regorus` and `kube-cel` are a part of polc; `opa`, `opa-1.21` (the one inside \
        conftest), `opa-1.17` (inside Gatekeeper) and `kyverno` are programs that `tests/engines/build.sh` builds.",
};

/// An engine that is not here.
pub static ENGINE_MISSING: Code = Code {
    id: "engine-missing",
    summary: "an engine is missing or does not start",
    explanation: "An engine that was asked for with `--engine` is not there, or stops before it is ready. Nothing is compared then, for a run without it would look as if it \
        agreed.\n\n`tests/engines/build.sh OUT` in polc's sources builds the engines into the folder OUT; give it with `--engines-dir OUT`, or set `POLC_ENGINES`.",
};

/// All of them.
pub static ALL: &[&Code] = &[
    &CANNOT_READ,
    &NOT_UTF8,
    &NO_POLICIES,
    &BAD_SIGNING_KEY,
    &NO_CRDS,
    &NO_MANIFESTS,
    &CANNOT_WRITE,
    &BAD_OUTPUT_MANIFEST,
    &FOREIGN_FILE,
    &INTERRUPTED,
    &BAD_USAGE,
    &UNKNOWN_CODE,
    &BAD_TEST_FILE,
    &NO_TESTS,
    &NO_RULES,
    &UNKNOWN_ENGINE,
    &ENGINE_MISSING,
];
