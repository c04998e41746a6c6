# METADATA
# title: Tests of the pack operations
# description: "conftest verify --policy conftest --policy conftest-tests"
package main_test.operations

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_born_labelled_1 := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

test_born_labelled_1 if {
	violations := data.main.operations.violations with input as given_born_labelled_1
	messages(violations, "operations/born-labelled") == {"the Deployment a has no team"}
}

given_always_owned_1 := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

test_always_owned_1 if {
	violations := data.main.operations.violations with input as given_always_owned_1
	messages(violations, "operations/always-owned") == {"the ConfigMap a has no owner"}
}
