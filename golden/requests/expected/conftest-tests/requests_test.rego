# METADATA
# title: Tests of the pack requests
# description: "conftest verify --policy conftest --policy conftest-tests"
package main_test.requests

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_in_or_outside_1 := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}}

test_in_or_outside_1 if {
	violations := data.main.requests.violations with input as given_in_or_outside_1
	messages(violations, "requests/in-or-outside") == set()
}

given_by_namespace_and_label_1 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "namespace": "other", "labels": {"tier": "front"}},
}

test_by_namespace_and_label_1 if {
	violations := data.main.requests.violations with input as given_by_namespace_and_label_1
	messages(violations, "requests/by-namespace-and-label") == set()
}

given_by_namespace_and_label_2 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "labels": {"tier": "front"}},
	"spec": {"replicas": 1},
}

test_by_namespace_and_label_2 if {
	violations := data.main.requests.violations with input as given_by_namespace_and_label_2
	messages(violations, "requests/by-namespace-and-label") == {"1 replicas"}
}
