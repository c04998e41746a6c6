# METADATA
# title: Tests of the pack subresources
# description: "opa test opa opa-tests"
package polc_test.subresources

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_few_replicas_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "scale",
		"resource": {"group": "apps", "version": "v1", "resource": "deployments"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "autoscaling/v1",
			"kind": "Scale",
			"metadata": {"name": "a", "namespace": "default"},
			"spec": {"replicas": 10},
		},
		"oldObject": null,
	},
}

test_few_replicas_1 if {
	violations := data.polc.subresources.violations with input as given_few_replicas_1
	messages(violations, "subresources/few-replicas") == set()
}

given_few_replicas_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "scale",
		"resource": {"group": "apps", "version": "v1", "resource": "statefulsets"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "autoscaling/v1",
			"kind": "Scale",
			"metadata": {"name": "a", "namespace": "default"},
			"spec": {"replicas": 11},
		},
		"oldObject": null,
	},
}

test_few_replicas_2 if {
	violations := data.polc.subresources.violations with input as given_few_replicas_2
	messages(violations, "subresources/few-replicas") == {"a: not 11 {{ request.object }} $(x) ' \" \\ é😀"}
}

given_few_replicas_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "scale",
		"resource": {"group": "apps", "version": "v1", "resource": "replicasets"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "autoscaling/v1",
			"kind": "Scale",
			"metadata": {"name": "a", "namespace": "default"},
			"spec": {"replicas": 11},
		},
		"oldObject": null,
	},
}

test_few_replicas_3 if {
	violations := data.polc.subresources.violations with input as given_few_replicas_3
	messages(violations, "subresources/few-replicas") == set()
}

given_few_replicas_4 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "scale",
		"resource": {"group": "apps", "version": "v1", "resource": "deployments"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "kube-system",
		"object": {
			"apiVersion": "autoscaling/v1",
			"kind": "Scale",
			"metadata": {"name": "a", "namespace": "kube-system"},
			"spec": {"replicas": 11},
		},
		"oldObject": null,
	},
}

test_few_replicas_4 if {
	violations := data.polc.subresources.violations with input as given_few_replicas_4
	messages(violations, "subresources/few-replicas") == set()
}

given_known_debuggers_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "ephemeralcontainers",
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"resource": {"group": "", "version": "v1", "resource": "pods"},
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"ephemeralContainers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "x:1"}]},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"ephemeralContainers": [{"name": "a", "image": "x:1"}]},
		},
	},
}

test_known_debuggers_1 if {
	violations := data.polc.subresources.violations with input as given_known_debuggers_1
	messages(violations, "subresources/known-debuggers") == {"debug container b has the image x:1"}
}

given_known_debuggers_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "resize",
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"resource": {"group": "", "version": "v1", "resource": "pods"},
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"ephemeralContainers": [{"name": "a", "image": "x:1"}]},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"ephemeralContainers": []},
		},
	},
}

test_known_debuggers_2 if {
	violations := data.polc.subresources.violations with input as given_known_debuggers_2
	messages(violations, "subresources/known-debuggers") == set()
}

given_time_to_end_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "eviction",
		"resource": {"version": "v1", "resource": "pods", "group": ""},
		"operation": "CREATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "policy/v1",
			"kind": "Eviction",
			"metadata": {"name": "a", "namespace": "default"},
			"deleteOptions": {"gracePeriodSeconds": 1},
		},
		"oldObject": null,
	},
}

test_time_to_end_1 if {
	violations := data.polc.subresources.violations with input as given_time_to_end_1
	messages(violations, "subresources/time-to-end") == {"the eviction of a gives 1 seconds"}
}

given_time_to_end_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "eviction",
		"resource": {"version": "v1", "resource": "pods", "group": ""},
		"operation": "CREATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "policy/v1",
			"kind": "Eviction",
			"metadata": {"name": "a", "namespace": "default"},
		},
		"oldObject": null,
	},
}

test_time_to_end_2 if {
	violations := data.polc.subresources.violations with input as given_time_to_end_2
	messages(violations, "subresources/time-to-end") == set()
}

given_labels_stay_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "status",
		"operation": "UPDATE",
		"name": "n",
		"resource": {"group": "", "version": "v1", "resource": "nodes"},
		"object": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
		"oldObject": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {"owner": "a"}}},
	},
}

test_labels_stay_1 if {
	violations := data.polc.subresources.violations with input as given_labels_stay_1
	messages(violations, "subresources/labels-stay") == {"the Node n changes its owner"}
}

given_labels_stay_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"userInfo": {"username": "ann"},
		"operation": "UPDATE",
		"name": "n",
		"object": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
		"oldObject": {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {"owner": "a"}}},
	},
}

test_labels_stay_2 if {
	violations := data.polc.subresources.violations with input as given_labels_stay_2
	messages(violations, "subresources/labels-stay") == set()
}

given_owners_1 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "a", "labels": {"x": "y"}},
	"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {}},
}

test_owners_1 if {
	violations := data.polc.subresources.violations with input as given_owners_1
	messages(violations, "subresources/owners") == {"nobody owns a"}
}

given_owners_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "scale",
		"resource": {"group": "apps", "version": "v1", "resource": "deployments"},
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"object": {
			"apiVersion": "autoscaling/v1",
			"kind": "Scale",
			"metadata": {"name": "a", "labels": {"x": "y"}},
		},
		"oldObject": null,
	},
}

test_owners_2 if {
	violations := data.polc.subresources.violations with input as given_owners_2
	messages(violations, "subresources/owners") == {"nobody owns a"}
}

given_no_host_network_1 := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "a"},
	"spec": {"containers": [{"name": "a"}]},
}

test_no_host_network_1 if {
	violations := data.polc.subresources.violations with input as given_no_host_network_1
	messages(violations, "subresources/no-host-network") == set()
}

given_no_host_network_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "status",
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"resource": {"group": "apps", "version": "v1", "resource": "deployments"},
		"object": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"selector": {}, "template": {"spec": {"hostNetwork": true, "containers": []}}},
		},
		"oldObject": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"selector": {}, "template": {}},
		},
	},
}

test_no_host_network_2 if {
	violations := data.polc.subresources.violations with input as given_no_host_network_2
	messages(violations, "subresources/no-host-network") == set()
}

given_no_host_network_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"subResource": "ephemeralcontainers",
		"operation": "UPDATE",
		"name": "a",
		"namespace": "default",
		"resource": {"group": "", "version": "v1", "resource": "pods"},
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"hostNetwork": true, "containers": [{"name": "a"}]},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"containers": [{"name": "a"}]},
		},
	},
}

test_no_host_network_3 if {
	violations := data.polc.subresources.violations with input as given_no_host_network_3
	messages(violations, "subresources/no-host-network") == {"hostNetwork is true"}
}
