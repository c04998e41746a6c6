# METADATA
# title: Tests of the pack cluster
# description: "opa test opa opa-tests"
package polc_test.cluster

messages(violations, rule) := {violation.msg | some violation in violations; violation.rule == rule}

given_has_budget_1 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web"},
	"spec": {
		"selector": {"matchLabels": {"app": "a"}},
		"template": {
			"metadata": {"labels": {"app": "a"}},
			"spec": {"containers": [{"name": "app", "image": "app:1"}]},
		},
	},
}

cluster_has_budget_1 := {"poddisruptionbudgets": {}}

test_has_budget_1 if {
	violations := data.polc.cluster.violations with input as given_has_budget_1 with data.kubernetes as cluster_has_budget_1
	messages(violations, "cluster/has-budget") == {"web has no budget among 0"}
}

given_has_budget_2 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {
		"selector": {"matchLabels": {"app": "a"}},
		"template": {
			"metadata": {"labels": {"app": "a"}},
			"spec": {"containers": [{"name": "app", "image": "app:1"}]},
		},
	},
}

cluster_has_budget_2 := {
	"poddisruptionbudgets": {
		"other": {
			"web": {
				"apiVersion": "policy/v1",
				"kind": "PodDisruptionBudget",
				"metadata": {"name": "web", "namespace": "other"},
				"spec": {"selector": {"matchLabels": {"app": "a"}}},
			},
		},
		"shop": {
			"web": {
				"apiVersion": "policy/v1",
				"kind": "PodDisruptionBudget",
				"metadata": {"name": "web", "namespace": "shop"},
				"spec": {"selector": {"matchLabels": {"app": "b"}}},
			},
		},
	},
}

test_has_budget_2 if {
	violations := data.polc.cluster.violations with input as given_has_budget_2 with data.kubernetes as cluster_has_budget_2
	messages(violations, "cluster/has-budget") == {"web has no budget among 1"}
}

given_has_budget_3 := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {
		"selector": {"matchLabels": {"app": "a"}},
		"template": {
			"metadata": {"labels": {"app": "a"}},
			"spec": {"containers": [{"name": "app", "image": "app:1"}]},
		},
	},
}

cluster_has_budget_3 := {
	"poddisruptionbudgets": {
		"shop": {
			"all": {
				"apiVersion": "policy/v1",
				"kind": "PodDisruptionBudget",
				"metadata": {"name": "all", "namespace": "shop"},
				"spec": {"selector": {}},
			},
			"web": {
				"apiVersion": "policy/v1",
				"kind": "PodDisruptionBudget",
				"metadata": {"name": "web", "namespace": "shop"},
				"spec": {"selector": {"matchLabels": {"app": "b"}}},
			},
		},
	},
}

test_has_budget_3 if {
	violations := data.polc.cluster.violations with input as given_has_budget_3 with data.kubernetes as cluster_has_budget_3
	messages(violations, "cluster/has-budget") == set()
}

given_own_class_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "UPDATE",
		"object": {
			"apiVersion": "networking.k8s.io/v1",
			"kind": "Ingress",
			"metadata": {"name": "a"},
			"spec": {"rules": [{"host": "a.example.com"}]},
		},
		"oldObject": {
			"apiVersion": "networking.k8s.io/v1",
			"kind": "Ingress",
			"metadata": {"name": "a"},
			"spec": {"rules": [{"host": "b.example.com"}]},
		},
	},
}

cluster_own_class_1 := {
	"ingresses": {
		"default": {
			"a": {
				"apiVersion": "networking.k8s.io/v1",
				"kind": "Ingress",
				"metadata": {"name": "a", "namespace": "default"},
				"spec": {"rules": [{"host": "a.example.com"}]},
			},
		},
	},
}

test_own_class_1 if {
	violations := data.polc.cluster.violations with input as given_own_class_1 with data.kubernetes as cluster_own_class_1
	messages(violations, "cluster/own-class") == set()
}

given_own_class_2 := {
	"apiVersion": "networking.k8s.io/v1",
	"kind": "Ingress",
	"metadata": {"name": "a"},
	"spec": {"ingressClassName": "n", "rules": [{"host": "x.example.com"}]},
}

cluster_own_class_2 := {
	"ingresses": {
		"default": {
			"b": {
				"apiVersion": "networking.k8s.io/v1",
				"kind": "Ingress",
				"metadata": {"name": "b", "namespace": "default"},
				"spec": {"ingressClassName": "n", "rules": [{"host": "x.example.com"}]},
			},
			"c": {
				"apiVersion": "networking.k8s.io/v1",
				"kind": "Ingress",
				"metadata": {"name": "c", "namespace": "default"},
				"spec": {"ingressClassName": "n", "rules": [{"host": "x.example.com"}]},
			},
		},
	},
}

test_own_class_2 if {
	violations := data.polc.cluster.violations with input as given_own_class_2 with data.kubernetes as cluster_own_class_2
	messages(violations, "cluster/own-class") == {"x.example.com is taken by b of 2; x.example.com is taken by c of 2"}
}

given_restart_1 := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

cluster_restart_1 := {
	"pods": {},
	"podtemplates": {},
	"replicationcontrollers": {},
	"daemonsets": {},
	"deployments": {},
	"replicasets": {},
	"statefulsets": {},
	"cronjobs": {},
	"jobs": {},
}

test_restart_1 if {
	violations := data.polc.cluster.violations with input as given_restart_1 with data.kubernetes as cluster_restart_1
	messages(violations, "cluster/restart") == set()
}

given_restart_2 := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

cluster_restart_2 := {
	"pods": {
		"default": {
			"a": {
				"apiVersion": "v1",
				"kind": "Pod",
				"metadata": {"name": "a", "namespace": "default"},
				"spec": {},
			},
		},
	},
	"podtemplates": {},
	"replicationcontrollers": {},
	"daemonsets": {},
	"deployments": {},
	"replicasets": {},
	"statefulsets": {},
	"cronjobs": {},
	"jobs": {
		"default": {
			"a": {
				"apiVersion": "batch/v1",
				"kind": "Job",
				"metadata": {"name": "a", "namespace": "default"},
				"spec": {"template": {"spec": {"restartPolicy": "Never"}}},
			},
		},
	},
}

test_restart_2 if {
	violations := data.polc.cluster.violations with input as given_restart_2 with data.kubernetes as cluster_restart_2
	messages(violations, "cluster/restart") == {"a is of what starts again: a, a"}
}

given_known_class_1 := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": {"name": "a"},
	"spec": {"storageClassName": "fast"},
}

cluster_known_class_1 := {"storageclasses": {}}

test_known_class_1 if {
	violations := data.polc.cluster.violations with input as given_known_class_1 with data.kubernetes as cluster_known_class_1
	messages(violations, "cluster/known-class") == {"there is no class fast"}
}

given_known_class_2 := {
	"apiVersion": "v1",
	"kind": "PersistentVolumeClaim",
	"metadata": {"name": "a"},
	"spec": {"storageClassName": "fast"},
}

cluster_known_class_2 := {
	"storageclasses": {
		"fast": {
			"apiVersion": "storage.k8s.io/v1",
			"kind": "StorageClass",
			"metadata": {"name": "fast"},
			"provisioner": "x",
		},
	},
}

test_known_class_2 if {
	violations := data.polc.cluster.violations with input as given_known_class_2 with data.kubernetes as cluster_known_class_2
	messages(violations, "cluster/known-class") == set()
}

given_unused_1 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {
			"apiVersion": "storage.k8s.io/v1",
			"kind": "StorageClass",
			"metadata": {"name": "fast"},
			"provisioner": "x",
		},
	},
}

cluster_unused_1 := {
	"persistentvolumeclaims": {
		"shop": {
			"a": {
				"apiVersion": "v1",
				"kind": "PersistentVolumeClaim",
				"metadata": {"name": "a", "namespace": "shop"},
				"spec": {"storageClassName": "fast"},
			},
		},
	},
}

test_unused_1 if {
	violations := data.polc.cluster.violations with input as given_unused_1 with data.kubernetes as cluster_unused_1
	messages(violations, "cluster/unused") == {"StorageClass fast is used"}
}

given_unused_2 := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"request": {
		"operation": "DELETE",
		"object": null,
		"oldObject": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty"}},
	},
}

cluster_unused_2 := {
	"persistentvolumeclaims": {
		"shop": {
			"a": {
				"apiVersion": "v1",
				"kind": "PersistentVolumeClaim",
				"metadata": {"name": "a", "namespace": "shop"},
				"spec": {"storageClassName": "fast"},
			},
		},
	},
}

test_unused_2 if {
	violations := data.polc.cluster.violations with input as given_unused_2 with data.kubernetes as cluster_unused_2
	messages(violations, "cluster/unused") == set()
}

given_names_1 := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}

cluster_names_1 := {
	"secrets": {
		"default": {
			"a": {
				"apiVersion": "v1",
				"kind": "Secret",
				"metadata": {"name": "a", "namespace": "default"},
			},
		},
		"other": {
			"a": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "other"}},
		},
	},
}

test_names_1 if {
	violations := data.polc.cluster.violations with input as given_names_1 with data.kubernetes as cluster_names_1
	messages(violations, "cluster/names") == set()
}

given_names_2 := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}

cluster_names_2 := {
	"secrets": {
		"default": {
			"a": {
				"apiVersion": "v1",
				"kind": "Secret",
				"metadata": {"name": "a", "namespace": "default"},
			},
		},
		"other": {
			"a": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "other"}},
		},
	},
}

test_names_2 if {
	violations := data.polc.cluster.violations with input as given_names_2 with data.kubernetes as cluster_names_2
	messages(violations, "cluster/names") == {"a is a name of several Secrets"}
}
