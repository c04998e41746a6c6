# METADATA
# title: Tests of the pack subresources
# description: "conftest verify --policy conftest --policy conftest-tests"
package main_test.subresources

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_owners_1 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "labels": {"x": "y"}},
	"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {}},
}

test_owners_1 if {
	violations := data.main.subresources.violations with input as given_owners_1
	messages(violations, "subresources/owners") == {"nobody owns a"}
}

given_no_host_network_1 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a"},
	"spec": {"containers": [{"name": "a"}]},
}

test_no_host_network_1 if {
	violations := data.main.subresources.violations with input as given_no_host_network_1
	messages(violations, "subresources/no-host-network") == set()
}
