//! The admission policies of each target in the code of the engine that runs them: verdict and message have to be the reference evaluator's, byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod support;

use polc::target::{Options, vap};
use support::compare::policies_in_engine;
use support::engine;

/// By turns as a typed object, as the API server has it; with its defaults; and as it is written, with its nulls.
#[test]
fn validating_admission_policies_in_the_api_servers_code() {
    let Some(path) = engine::find("polc-admit", "emitted ValidatingAdmissionPolicies in the API server's code") else { return };
    policies_in_engine(
        "vap",
        &path,
        &[],
        |program| vap::emit(program, &Options::default()),
        |number, _, request| {
            request["raw"] = (number % 3 == 1).into();
            request["defaults"] = (number % 3 == 2).into();
            request["echo"] = (number % 3 != 1).into();
        },
    );
}
