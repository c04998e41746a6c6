# METADATA
# title: Tests of the pack requests
# description: "opa test opa opa-tests"
package polc_test.requests

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_restricted_namespaces_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "a"},
		"operation": "CREATE",
		"name": "a",
		"namespace": "payments",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a", "namespace": "payments"},
			"spec": {"containers": [{"name": "a"}]},
		},
		"oldObject": null,
	},
}

cluster_restricted_namespaces_1 := {
	"namespaces": {
		"payments": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "payments", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
		},
	},
}

test_restricted_namespaces_1 if {
	violations := data.polc.requests.violations with input as given_restricted_namespaces_1 with data.kubernetes as cluster_restricted_namespaces_1
	messages(violations, "requests/restricted-namespaces") == {"container a may escalate in the namespace payments"}
}

given_restricted_namespaces_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "payments",
		"operation": "CREATE",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a", "namespace": "payments"},
			"spec": {"containers": [{"name": "a"}]},
		},
		"oldObject": null,
	},
}

cluster_restricted_namespaces_2 := {
	"namespaces": {"payments": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments"}}},
}

test_restricted_namespaces_2 if {
	violations := data.polc.requests.violations with input as given_restricted_namespaces_2 with data.kubernetes as cluster_restricted_namespaces_2
	messages(violations, "requests/restricted-namespaces") == set()
}

given_restricted_namespaces_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "a"},
		"operation": "CREATE",
		"name": "a",
		"namespace": "payments",
		"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "payments"}},
		"oldObject": null,
	},
}

test_restricted_namespaces_3 if {
	violations := data.polc.requests.violations with input as given_restricted_namespaces_3
	messages(violations, "requests/restricted-namespaces") == {"cannot read `namespaceObject`"}
}

given_owner_of_the_namespace_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "default",
		"operation": "CREATE",
		"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
		"oldObject": null,
	},
}

cluster_owner_of_the_namespace_1 := {
	"namespaces": {
		"default": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "default", "annotations": {"team": "x"}},
		},
	},
}

test_owner_of_the_namespace_1 if {
	violations := data.polc.requests.violations with input as given_owner_of_the_namespace_1 with data.kubernetes as cluster_owner_of_the_namespace_1
	messages(violations, "requests/owner-of-the-namespace") == set()
}

given_owner_of_the_namespace_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "default",
		"operation": "CREATE",
		"object": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "labels": {"team": "b"}}},
		"oldObject": null,
	},
}

cluster_owner_of_the_namespace_2 := {
	"namespaces": {
		"default": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "default", "annotations": {"team": "x"}},
		},
	},
}

test_owner_of_the_namespace_2 if {
	violations := data.polc.requests.violations with input as given_owner_of_the_namespace_2 with data.kubernetes as cluster_owner_of_the_namespace_2
	messages(violations, "requests/owner-of-the-namespace") == {"b is not x"}
}

given_in_or_outside_1 := {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}}

test_in_or_outside_1 if {
	violations := data.polc.requests.violations with input as given_in_or_outside_1
	messages(violations, "requests/in-or-outside") == set()
}

given_in_or_outside_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"namespace": "default",
		"operation": "CREATE",
		"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
		"oldObject": null,
	},
}

cluster_in_or_outside_2 := {
	"namespaces": {
		"default": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "default", "labels": {"env": "prod"}},
		},
	},
}

test_in_or_outside_2 if {
	violations := data.polc.requests.violations with input as given_in_or_outside_2 with data.kubernetes as cluster_in_or_outside_2
	messages(violations, "requests/in-or-outside") == {"ConfigMap a in production"}
}

given_by_namespace_and_label_1 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "namespace": "other", "labels": {"tier": "front"}},
}

test_by_namespace_and_label_1 if {
	violations := data.polc.requests.violations with input as given_by_namespace_and_label_1
	messages(violations, "requests/by-namespace-and-label") == set()
}

given_by_namespace_and_label_2 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "labels": {"tier": "front"}},
	"spec": {"replicas": 1},
}

test_by_namespace_and_label_2 if {
	violations := data.polc.requests.violations with input as given_by_namespace_and_label_2
	messages(violations, "requests/by-namespace-and-label") == {"1 replicas"}
}

given_admins_only_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann", "groups": ["a", "b"]},
		"operation": "CREATE",
		"name": "a",
		"object": {
			"apiVersion": "rbac.authorization.k8s.io/v1",
			"kind": "ClusterRole",
			"metadata": {"name": "a"},
		},
		"oldObject": null,
	},
}

test_admins_only_1 if {
	violations := data.polc.requests.violations with input as given_admins_only_1
	messages(violations, "requests/admins-only") == {"ann of a, b is no administrator"}
}

given_admins_only_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann", "groups": ["a", "platform"]},
		"operation": "CREATE",
		"name": "a",
		"object": {
			"apiVersion": "rbac.authorization.k8s.io/v1",
			"kind": "ClusterRole",
			"metadata": {"name": "a"},
		},
		"oldObject": null,
	},
}

test_admins_only_2 if {
	violations := data.polc.requests.violations with input as given_admins_only_2
	messages(violations, "requests/admins-only") == set()
}

given_no_host_network_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"operation": "CREATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"hostNetwork": true, "containers": []},
		},
		"oldObject": null,
	},
}

test_no_host_network_1 if {
	violations := data.polc.requests.violations with input as given_no_host_network_1
	messages(violations, "requests/no-host-network") == {"hostNetwork is true"}
}

given_no_host_network_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann", "groups": ["system:nodes"]},
		"operation": "CREATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"hostNetwork": true, "containers": []},
		},
		"oldObject": null,
	},
}

test_no_host_network_2 if {
	violations := data.polc.requests.violations with input as given_no_host_network_2
	messages(violations, "requests/no-host-network") == set()
}

given_finalizers_at_birth_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["a/b"]}},
		"oldObject": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
	},
}

test_finalizers_at_birth_1 if {
	violations := data.polc.requests.violations with input as given_finalizers_at_birth_1
	messages(violations, "requests/finalizers-at-birth") == {"ann leaves finalizers in default/a"}
}

given_finalizers_at_birth_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"operation": "CREATE",
		"name": "a",
		"namespace": "default",
		"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["a/b"]}},
		"oldObject": null,
	},
}

test_finalizers_at_birth_2 if {
	violations := data.polc.requests.violations with input as given_finalizers_at_birth_2
	messages(violations, "requests/finalizers-at-birth") == set()
}

given_no_force_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"options": {"gracePeriodSeconds": 0},
		"operation": "DELETE",
		"name": "a",
		"namespace": "default",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
	},
}

test_no_force_1 if {
	violations := data.polc.requests.violations with input as given_no_force_1
	messages(violations, "requests/no-force") == {"ann kills the Pod a"}
}

given_no_force_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"operation": "DELETE",
		"name": "a",
		"namespace": "default",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
	},
}

test_no_force_2 if {
	violations := data.polc.requests.violations with input as given_no_force_2
	messages(violations, "requests/no-force") == set()
}

given_rehearsed_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"dryRun": false,
		"operation": "DELETE",
		"name": "a",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
	},
}

test_rehearsed_1 if {
	violations := data.polc.requests.violations with input as given_rehearsed_1
	messages(violations, "requests/rehearsed") == {"the namespace a is not temporary"}
}

given_rehearsed_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"dryRun": true,
		"operation": "DELETE",
		"name": "a",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
	},
}

test_rehearsed_2 if {
	violations := data.polc.requests.violations with input as given_rehearsed_2
	messages(violations, "requests/rehearsed") == set()
}
