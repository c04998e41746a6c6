# METADATA
# title: Tests of the pack custom-resources
# description: "conftest verify --policy conftest --policy conftest-tests"
package main_test.custom_resources

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_written_zeros_1 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {"image": "a:1", "label": ""},
}

test_written_zeros_1 if {
	violations := data.main.custom_resources.violations with input as given_written_zeros_1
	messages(violations, "custom-resources/written-zeros") == {"label is written and empty"}
}

given_written_zeros_2 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {"image": "a:1", "hosts": []},
}

test_written_zeros_2 if {
	violations := data.main.custom_resources.violations with input as given_written_zeros_2
	messages(violations, "custom-resources/written-zeros") == {"hosts is written and empty"}
}

given_written_zeros_3 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {"image": "a:1", "note": null, "hosts": null},
}

test_written_zeros_3 if {
	violations := data.main.custom_resources.violations with input as given_written_zeros_3
	messages(violations, "custom-resources/written-zeros") == set()
}

given_defaults_1 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {"image": "a:1", "mode": "Fast"},
}

test_defaults_1 if {
	violations := data.main.custom_resources.violations with input as given_defaults_1
	messages(violations, "custom-resources/defaults") == {"owned by platform, none"}
}

given_defaults_2 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {"image": "a:1", "owner": {"team": "shop"}, "routes": [{"path": "/a", "secure": false}]},
}

test_defaults_2 if {
	violations := data.main.custom_resources.violations with input as given_defaults_2
	messages(violations, "custom-resources/defaults") == {"mode is Safe; route /a of weight 10 is not secure"}
}

given_defaults_3 := {
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "a"},
	"spec": {
		"image": "a:1",
		"mode": "Fast",
		"owner": {},
		"routes": [{"path": "/a", "secure": false, "weight": 5}],
	},
}

test_defaults_3 if {
	violations := data.main.custom_resources.violations with input as given_defaults_3
	messages(violations, "custom-resources/defaults") == set()
}

given_zones_1 := {
	"apiVersion": "net.example.com/v1",
	"kind": "Zone",
	"metadata": {"name": "a"},
	"spec": {"selector": {}},
}

test_zones_1 if {
	violations := data.main.custom_resources.violations with input as given_zones_1
	messages(violations, "custom-resources/zones") == set()
}

given_zones_2 := {"apiVersion": "net.example.com/v1", "kind": "Zone", "metadata": {"name": "a"}}

test_zones_2 if {
	violations := data.main.custom_resources.violations with input as given_zones_2
	messages(violations, "custom-resources/zones") == {"web"}
}

given_zones_3 := {
	"apiVersion": "net.example.com/v1",
	"kind": "Zone",
	"metadata": {"name": "a"},
	"spec": {"visibility": "Public"},
}

test_zones_3 if {
	violations := data.main.custom_resources.violations with input as given_zones_3
	messages(violations, "custom-resources/zones") == {"a is Public; web"}
}
