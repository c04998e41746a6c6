# METADATA
# title: Tests of the pack exemptions
# description: "opa test opa opa-tests"
package polc_test.exemptions

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_no_privileged_1 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a", "namespace": "gpu"},
	"spec": {"containers": [{"name": "a", "securityContext": {"privileged": true}}]},
}

test_no_privileged_1 if {
	violations := data.polc.exemptions.violations with input as given_no_privileged_1
	messages(violations, "exemptions/no-privileged") == set()
}

given_no_privileged_2 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a", "namespace": "legacy"},
	"spec": {"containers": []},
}

test_no_privileged_2 if {
	violations := data.polc.exemptions.violations with input as given_no_privileged_2
	messages(violations, "exemptions/no-privileged") == set()
}

given_no_privileged_3 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a", "namespace": "gpus"},
	"spec": {"containers": [{"name": "a", "securityContext": {"privileged": true}}]},
}

test_no_privileged_3 if {
	violations := data.polc.exemptions.violations with input as given_no_privileged_3
	messages(violations, "exemptions/no-privileged") == {"container a is privileged"}
}

given_no_host_path_1 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a"},
	"spec": {
		"runtimeClassName": "kata",
		"containers": [],
		"volumes": [{"name": "v", "hostPath": {"path": "/"}}],
	},
}

test_no_host_path_1 if {
	violations := data.polc.exemptions.violations with input as given_no_host_path_1
	messages(violations, "exemptions/no-host-path") == set()
}

given_no_host_path_2 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a", "namespace": "b"},
	"spec": {
		"runtimeClassName": "kata",
		"containers": [],
		"volumes": [{"name": "v", "hostPath": {"path": "/"}}],
	},
}

test_no_host_path_2 if {
	violations := data.polc.exemptions.violations with input as given_no_host_path_2
	messages(violations, "exemptions/no-host-path") == {"volume v is a hostPath"}
}

given_no_host_path_3 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a"},
	"spec": {"containers": [], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
}

test_no_host_path_3 if {
	violations := data.polc.exemptions.violations with input as given_no_host_path_3
	messages(violations, "exemptions/no-host-path") == {"volume v is a hostPath"}
}

given_no_default_namespace_1 := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

test_no_default_namespace_1 if {
	violations := data.polc.exemptions.violations with input as given_no_default_namespace_1
	messages(violations, "exemptions/no-default-namespace") == set()
}

given_no_default_namespace_2 := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "legacy"}}

test_no_default_namespace_2 if {
	violations := data.polc.exemptions.violations with input as given_no_default_namespace_2
	messages(violations, "exemptions/no-default-namespace") == set()
}

given_no_default_namespace_3 := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}}

test_no_default_namespace_3 if {
	violations := data.polc.exemptions.violations with input as given_no_default_namespace_3
	messages(violations, "exemptions/no-default-namespace") == {"ClusterRole a has no owner"}
}

given_no_default_namespace_4 := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}

test_no_default_namespace_4 if {
	violations := data.polc.exemptions.violations with input as given_no_default_namespace_4
	messages(violations, "exemptions/no-default-namespace") == {"Secret a has no owner"}
}

given_no_deletion_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "system:serviceaccount:kube-system:namespace-controller"},
		"operation": "DELETE",
		"name": "a",
		"namespace": "default",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "PersistentVolumeClaim",
			"metadata": {"name": "a", "labels": {"keep": "yes"}},
		},
	},
}

test_no_deletion_1 if {
	violations := data.polc.exemptions.violations with input as given_no_deletion_1
	messages(violations, "exemptions/no-deletion") == set()
}

given_no_deletion_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann", "groups": ["storage"]},
		"operation": "DELETE",
		"name": "a",
		"namespace": "payments",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "PersistentVolumeClaim",
			"metadata": {"name": "a", "namespace": "payments", "labels": {"keep": "yes"}},
		},
	},
}

test_no_deletion_2 if {
	violations := data.polc.exemptions.violations with input as given_no_deletion_2
	messages(violations, "exemptions/no-deletion") == set()
}

given_no_deletion_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann", "groups": ["storage"]},
		"operation": "DELETE",
		"name": "a",
		"namespace": "default",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "PersistentVolumeClaim",
			"metadata": {"name": "a", "labels": {"keep": "yes"}},
		},
	},
}

test_no_deletion_3 if {
	violations := data.polc.exemptions.violations with input as given_no_deletion_3
	messages(violations, "exemptions/no-deletion") == {"a is to be kept"}
}
