# METADATA
# title: Tests of the pack operations
# description: "opa test opa opa-tests"
package polc_test.operations

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_born_labelled_1 := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

test_born_labelled_1 if {
	violations := data.polc.operations.violations with input as given_born_labelled_1
	messages(violations, "operations/born-labelled") == {"the Deployment a has no team"}
}

given_born_labelled_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}},
		"oldObject": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}},
	},
}

test_born_labelled_2 if {
	violations := data.polc.operations.violations with input as given_born_labelled_2
	messages(violations, "operations/born-labelled") == set()
}

given_label_stays_1 := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

test_label_stays_1 if {
	violations := data.polc.operations.violations with input as given_label_stays_1
	messages(violations, "operations/label-stays") == set()
}

given_label_stays_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a", "labels": {"app": "x"}},
		},
		"oldObject": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a", "labels": {"app": "x"}},
		},
	},
}

test_label_stays_2 if {
	violations := data.polc.operations.violations with input as given_label_stays_2
	messages(violations, "operations/label-stays") == set()
}

given_label_stays_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}},
		"oldObject": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a", "labels": {"app": "x"}},
		},
	},
}

test_label_stays_3 if {
	violations := data.polc.operations.violations with input as given_label_stays_3
	messages(violations, "operations/label-stays") == {"the label app was x and is <unset>"}
}

given_no_scaling_down_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"paused": true},
		},
		"oldObject": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"replicas": 3},
		},
	},
}

test_no_scaling_down_1 if {
	violations := data.polc.operations.violations with input as given_no_scaling_down_1
	messages(violations, "operations/no-scaling-down") == {"3 replicas are 1 now"}
}

given_no_scaling_down_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"replicas": 2},
		},
		"oldObject": {
			"apiVersion": "apps/v1",
			"kind": "Deployment",
			"metadata": {"name": "a"},
			"spec": {"paused": true},
		},
	},
}

test_no_scaling_down_2 if {
	violations := data.polc.operations.violations with input as given_no_scaling_down_2
	messages(violations, "operations/no-scaling-down") == set()
}

given_context_stays_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"securityContext": {"runAsUser": 1}, "containers": []},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"securityContext": {"runAsUser": 2}, "containers": []},
		},
	},
}

test_context_stays_1 if {
	violations := data.polc.operations.violations with input as given_context_stays_1
	messages(violations, "operations/context-stays") == {"the security context changes"}
}

given_pod_stays_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a", "finalizers": ["a/b"]},
			"spec": {"nodeSelector": {"disk": "ssd"}, "schedulerName": "own", "containers": [{"name": "b"}]},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"containers": [{"name": "a"}]},
		},
	},
}

test_pod_stays_1 if {
	violations := data.polc.operations.violations with input as given_pod_stays_1
	messages(violations, "operations/pod-stays") == {"the node selector moves; the scheduler changes; the finalizers change; container b is new"}
}

given_pod_stays_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"nodeSelector": {}, "containers": [{"name": "a"}]},
		},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"containers": [{"name": "a"}, {"name": "b"}]},
		},
	},
}

test_pod_stays_2 if {
	violations := data.polc.operations.violations with input as given_pod_stays_2
	messages(violations, "operations/pod-stays") == set()
}

given_no_level_lowered_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Namespace",
			"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}},
		},
	},
}

test_no_level_lowered_1 if {
	violations := data.polc.operations.violations with input as given_no_level_lowered_1
	messages(violations, "operations/no-level-lowered") == {"pod-security.kubernetes.io/enforce was baseline and is <unset>"}
}

given_protected_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a", "labels": {"protected": "true"}},
		},
	},
}

test_protected_1 if {
	violations := data.polc.operations.violations with input as given_protected_1
	messages(violations, "operations/protected") == {"the Pod a is protected"}
}

given_protected_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}},
	},
}

test_protected_2 if {
	violations := data.polc.operations.violations with input as given_protected_2
	messages(violations, "operations/protected") == set()
}

given_protected_3 := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"protected": "true"}}}

test_protected_3 if {
	violations := data.polc.operations.violations with input as given_protected_3
	messages(violations, "operations/protected") == set()
}

given_always_owned_1 := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

test_always_owned_1 if {
	violations := data.polc.operations.violations with input as given_always_owned_1
	messages(violations, "operations/always-owned") == {"the ConfigMap a has no owner"}
}

given_always_owned_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
	},
}

test_always_owned_2 if {
	violations := data.polc.operations.violations with input as given_always_owned_2
	messages(violations, "operations/always-owned") == {"the ConfigMap a has no owner"}
}

given_always_owned_3 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
		"oldObject": {
			"apiVersion": "v1",
			"kind": "ConfigMap",
			"metadata": {"name": "a", "labels": {"owner": "x"}},
		},
	},
}

test_always_owned_3 if {
	violations := data.polc.operations.violations with input as given_always_owned_3
	messages(violations, "operations/always-owned") == {"the ConfigMap a has no owner"}
}

given_always_owned_4 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "ConfigMap",
			"metadata": {"name": "a", "namespace": "kube-system"},
		},
	},
}

test_always_owned_4 if {
	violations := data.polc.operations.violations with input as given_always_owned_4
	messages(violations, "operations/always-owned") == set()
}

given_pods_stop_in_time_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {
			"apiVersion": "v1",
			"kind": "Pod",
			"metadata": {"name": "a"},
			"spec": {"terminationGracePeriodSeconds": 301, "containers": []},
		},
	},
}

test_pods_stop_in_time_1 if {
	violations := data.polc.operations.violations with input as given_pods_stop_in_time_1
	messages(violations, "operations/pods-stop-in-time") == {"the Pod may take 301 seconds"}
}

given_pods_stop_in_time_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": []}},
	},
}

test_pods_stop_in_time_2 if {
	violations := data.polc.operations.violations with input as given_pods_stop_in_time_2
	messages(violations, "operations/pods-stop-in-time") == set()
}
