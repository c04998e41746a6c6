# METADATA
# title: "cluster"
# description: "Other objects: of one kind and of several, in a namespace and in none, without the object itself."
package polc.cluster

obj := input.request.object if {
	input.kind == "AdmissionReview"
	not input.request.operation == "DELETE"
}

obj := input.request.oldObject if {
	input.kind == "AdmissionReview"
	input.request.operation == "DELETE"
}

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_deployment if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_ingress if {
	{"networking.k8s.io/v1": {"Ingress"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_configmap if {
	{"v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_persistentvolumeclaim if {
	{"v1": {"PersistentVolumeClaim"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_storageclass_or_namespace_on_delete if {
	{"storage.k8s.io/v1": {"StorageClass"}, "v1": {"Namespace"}}[obj.apiVersion][obj.kind]
	operation in {"DELETE"}
	subresource == ""
}

is_matched if {
	{"v1": {"ConfigMap", "Namespace", "Secret"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

pod := obj.spec.template if {"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]

its_own_namespace := array.concat([space | space := obj.metadata.namespace; space > ""], ["default"])[0]

its_other_poddisruptionbudgets := [other | other := data.kubernetes.poddisruptionbudgets[its_own_namespace][_]]

its_other_ingresses := [other |
	other := data.kubernetes.ingresses[its_own_namespace][name]
	[1 | name == obj.metadata.name] == []
]

its_other_pods := [other | other := data.kubernetes.pods[its_own_namespace][_]]

its_other_podtemplates := [other | other := data.kubernetes.podtemplates[its_own_namespace][_]]

its_other_replicationcontrollers := [other | other := data.kubernetes.replicationcontrollers[its_own_namespace][_]]

its_other_daemonsets := [other | other := data.kubernetes.daemonsets[its_own_namespace][_]]

its_other_deployments := [other | other := data.kubernetes.deployments[its_own_namespace][_]]

its_other_replicasets := [other | other := data.kubernetes.replicasets[its_own_namespace][_]]

its_other_statefulsets := [other | other := data.kubernetes.statefulsets[its_own_namespace][_]]

its_other_cronjobs := [other | other := data.kubernetes.cronjobs[its_own_namespace][_]]

its_other_jobs := [other | other := data.kubernetes.jobs[its_own_namespace][_]]

its_value := value if value := array.concat([name | name := obj.metadata.name; name > ""], [""])[0]

its_others := [item |
	some list in [
		its_other_replicationcontrollers,
		its_other_replicasets,
		its_other_deployments,
		its_other_statefulsets,
		its_other_daemonsets,
		its_other_jobs,
	]
	item := list[_]
]

its_other_storageclasses := [other | other := data.kubernetes.storageclasses[_]]

its_other_persistentvolumeclaims := [other | other := data.kubernetes.persistentvolumeclaims[_][_]]

its_other_secrets := array.concat(
	[other |
		{"v1": {"ConfigMap", "Secret"}}[obj.apiVersion][obj.kind]
		other := data.kubernetes.secrets[its_own_namespace][name]
		[1 | {"v1": {"Secret"}}[obj.apiVersion][obj.kind]; name == obj.metadata.name] == []
	],
	[other | {"v1": {"Namespace"}}[obj.apiVersion][obj.kind]; other := data.kubernetes.secrets[_][_]],
)

unreadable_1 := array.concat(
	[text |
		some asked in [["PodDisruptionBudget", "poddisruptionbudgets"]]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [["PodDisruptionBudget", "policy/v1", its_other_poddisruptionbudgets]]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

unreadable_2 := array.concat(
	[text |
		some asked in [["Ingress", "ingresses"]]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [["Ingress", "networking.k8s.io/v1", its_other_ingresses]]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

unreadable_3 := array.concat(
	[text |
		some asked in [
			["Pod", "pods"],
			["PodTemplate", "podtemplates"],
			["ReplicationController", "replicationcontrollers"],
			["DaemonSet", "daemonsets"],
			["Deployment", "deployments"],
			["ReplicaSet", "replicasets"],
			["StatefulSet", "statefulsets"],
			["CronJob", "cronjobs"],
			["Job", "jobs"],
		]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [
			["Pod", "v1", its_other_pods],
			["PodTemplate", "v1", its_other_podtemplates],
			["ReplicationController", "v1", its_other_replicationcontrollers],
			["DaemonSet", "apps/v1", its_other_daemonsets],
			["Deployment", "apps/v1", its_other_deployments],
			["ReplicaSet", "apps/v1", its_other_replicasets],
			["StatefulSet", "apps/v1", its_other_statefulsets],
			["CronJob", "batch/v1", its_other_cronjobs],
			["Job", "batch/v1", its_other_jobs],
		]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

unreadable_4 := array.concat(
	[text |
		some asked in [["StorageClass", "storageclasses"]]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [["StorageClass", "storage.k8s.io/v1", its_other_storageclasses]]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

unreadable_5 := array.concat(
	[text |
		some asked in [["PersistentVolumeClaim", "persistentvolumeclaims"]]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [["PersistentVolumeClaim", "v1", its_other_persistentvolumeclaims]]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

unreadable_6 := array.concat(
	[text |
		some asked in [["Secret", "secrets"]]
		[1 | data.kubernetes[asked[1]] != null] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
	[text |
		some asked in [["Secret", "v1", its_other_secrets]]
		some other in asked[2]
		[1 | other.apiVersion == asked[1]] == []
		text := concat("", ["cannot read `cluster(", asked[0], ")`"])
	],
)

# METADATA
# title: "cluster/has-budget"
# description: "One kind that the object is not of: its own namespace alone."
violations contains {"rule": "cluster/has-budget", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_deployment
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["poddisruptionbudgets"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_1 != []
}

# METADATA
# title: "cluster/has-budget"
# description: "One kind that the object is not of: its own namespace alone."
violations contains {"rule": "cluster/has-budget", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["poddisruptionbudgets"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_1 == []
	failures := [text |
		[1 |
			other_pod_disruption_budget := its_other_poddisruptionbudgets[_]
			selects(
				[selector | selector := other_pod_disruption_budget.spec.selector; selector != null],
				[labels | labels := pod.metadata.labels; labels > {}],
			)
		] == []
		text := concat(
			"",
			[
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" has no budget among ",
				shown([format_int(number, 10) |
					number := count([other_pod_disruption_budget_2 |
						other_pod_disruption_budget_2 := its_other_poddisruptionbudgets[_]
					])
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "cluster/own-class"
# description: "The kind of the object: without itself, which is there on update; by name."
violations contains {"rule": "cluster/own-class", "msg": message([unreadable_2[0]]), "action": "deny", "severity": "medium"} if {
	is_ingress
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["ingresses"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_2 != []
}

# METADATA
# title: "cluster/own-class"
# description: "The kind of the object: without itself, which is there on update; by name."
violations contains {"rule": "cluster/own-class", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_ingress
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["ingresses"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_2 == []
	failures := [text |
		other_ingress := its_other_ingresses[_]
		ingress_class_name := other_ingress.spec.ingressClassName
		ingress_class_name != null
		ingress_class_name_2 := obj.spec.ingressClassName
		ingress_class_name_2 != null
		ingress_class_name == ingress_class_name_2
		rule := other_ingress.spec.rules[_]
		rule.host > ""
		host := rule.host
		host > ""
		host in [host_2 | rule_2 := obj.spec.rules[_]; host_2 := rule_2.host; host_2 > ""]
		text := concat(
			"",
			[
				shown([host_3 | host_3 := rule.host; host_3 > ""; is_string(host_3)]),
				" is taken by ",
				shown([name | name := other_ingress.metadata.name; name > ""; is_string(name)]),
				" of ",
				shown([format_int(number, 10) |
					number := count([other_ingress_2 | other_ingress_2 := its_other_ingresses[_]])
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "cluster/restart"
# description: "Kinds whose Pods stand in different places, one after the other, with the defaults of the API server."
violations contains {"rule": "cluster/restart", "msg": message([unreadable_3[0]]), "action": "deny", "severity": "medium"} if {
	is_configmap
	[1 |
		not input.kind == "AdmissionReview"
		some asked in [
			"pods",
			"podtemplates",
			"replicationcontrollers",
			"daemonsets",
			"deployments",
			"replicasets",
			"statefulsets",
			"cronjobs",
			"jobs",
		]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_3 != []
}

# METADATA
# title: "cluster/restart"
# description: "Kinds whose Pods stand in different places, one after the other, with the defaults of the API server."
violations contains {"rule": "cluster/restart", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_configmap
	[1 |
		not input.kind == "AdmissionReview"
		some asked in [
			"pods",
			"podtemplates",
			"replicationcontrollers",
			"daemonsets",
			"deployments",
			"replicasets",
			"statefulsets",
			"cronjobs",
			"jobs",
		]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_3 == []
	failures := [text |
		[1 |
			[1 |
				other_pod := its_other_pods[_]
				other_pod.spec != null
				[1 | not other_pod.spec.restartPolicy == "Always"; other_pod.spec.restartPolicy > ""] == []
				value := array.concat([name | name := other_pod.metadata.name; name > ""], ["-"])[0]
				value_2 := its_value
				value == value_2
			] == []
			[1 |
				other_pod_template := its_other_podtemplates[_]
				other_pod_template.template.spec != null
				[1 |
					not other_pod_template.template.spec.restartPolicy == "Always"
					other_pod_template.template.spec.restartPolicy > ""
				] == []
				value_3 := array.concat([name_2 | name_2 := other_pod_template.metadata.name; name_2 > ""], ["-"])[0]
				value_4 := its_value
				value_3 == value_4
			] == []
			[1 |
				other := its_others[_]
				other.spec.template.spec != null
				[1 |
					not other.spec.template.spec.restartPolicy == "Always"
					other.spec.template.spec.restartPolicy > ""
				] == []
				value_5 := array.concat([name_3 | name_3 := other.metadata.name; name_3 > ""], ["-"])[0]
				value_6 := its_value
				value_5 == value_6
			] == []
			[1 |
				other_cron_job := its_other_cronjobs[_]
				other_cron_job.spec.jobTemplate.spec.template.spec != null
				[1 |
					not other_cron_job.spec.jobTemplate.spec.template.spec.restartPolicy == "Always"
					other_cron_job.spec.jobTemplate.spec.template.spec.restartPolicy > ""
				] == []
				value_7 := array.concat([name_4 | name_4 := other_cron_job.metadata.name; name_4 > ""], ["-"])[0]
				value_8 := its_value
				value_7 == value_8
			] == []
		] == []
		text := concat(
			"",
			[
				shown([name_5 | name_5 := obj.metadata.name; name_5 > ""; is_string(name_5)]),
				" is of what starts again: ",
				shown([text |
					text := concat(
						", ",
						[element |
							element := [item |
								some list in [
									[name_5 |
										other_pod_2 := its_other_pods[_]
										name_5 := other_pod_2.metadata.name
										name_5 > ""
									],
									[name_6 |
										other_pod_template_2 := its_other_podtemplates[_]
										name_6 := other_pod_template_2.metadata.name
										name_6 > ""
									],
									[name_7 | other_2 := its_others[_]; name_7 := other_2.metadata.name; name_7 > ""],
									[name_8 |
										other_cron_job_2 := its_other_cronjobs[_]
										name_8 := other_cron_job_2.metadata.name
										name_8 > ""
									],
								]
								item := list[_]
							][_]
							is_string(element)
						],
					)
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "cluster/known-class"
# description: "A kind that lives in no namespace: all of it."
violations contains {"rule": "cluster/known-class", "msg": message([unreadable_4[0]]), "action": "deny", "severity": "medium"} if {
	is_persistentvolumeclaim
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["storageclasses"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_4 != []
}

# METADATA
# title: "cluster/known-class"
# description: "A kind that lives in no namespace: all of it."
violations contains {"rule": "cluster/known-class", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_persistentvolumeclaim
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["storageclasses"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_4 == []
	failures := [text |
		obj.spec.storageClassName != null
		[1 |
			storage_class_name := obj.spec.storageClassName
			storage_class_name != null
			storage_class_name in [name |
				other_storage_class := its_other_storageclasses[_]
				name := other_storage_class.metadata.name
				name > ""
			]
		] == []
		text := concat(
			"",
			[
				"there is no class ",
				shown([storage_class_name_2 |
					storage_class_name_2 := obj.spec.storageClassName
					is_string(storage_class_name_2)
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "cluster/unused"
# description: "An object that lives in no namespace sees those of every one."
violations contains {"rule": "cluster/unused", "msg": message([unreadable_5[0]]), "action": "deny", "severity": "medium"} if {
	is_storageclass_or_namespace_on_delete
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["persistentvolumeclaims"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_5 != []
}

# METADATA
# title: "cluster/unused"
# description: "An object that lives in no namespace sees those of every one."
violations contains {"rule": "cluster/unused", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_storageclass_or_namespace_on_delete
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["persistentvolumeclaims"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_5 == []
	failures := [text |
		[1 |
			other_persistent_volume_claim := its_other_persistentvolumeclaims[_]
			value := its_value
			value in array.concat(
				[storage_class_name |
					storage_class_name := other_persistent_volume_claim.spec.storageClassName
					storage_class_name != null
				],
				[namespace | namespace := other_persistent_volume_claim.metadata.namespace; namespace > ""],
			)
		] != []
		text := concat(
			"",
			[
				shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
				" ",
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" is used",
			],
		)
	]
	failures != []
}

# METADATA
# title: "cluster/names"
# description: "Objects in namespaces and in none, of which some are of the kind that is asked for."
violations contains {"rule": "cluster/names", "msg": message([unreadable_6[0]]), "action": "deny", "severity": "medium"} if {
	is_matched
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["secrets"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_6 != []
}

# METADATA
# title: "cluster/names"
# description: "Objects in namespaces and in none, of which some are of the kind that is asked for."
violations contains {"rule": "cluster/names", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_matched
	[1 |
		not input.kind == "AdmissionReview"
		some asked in ["secrets"]
		[1 | data.kubernetes[asked] != null] == []
	] == []
	unreadable_6 == []
	failures := [text |
		[1 |
			number := count([other_secret |
				other_secret := its_other_secrets[_]
				name := other_secret.metadata.name
				name > ""
				name_2 := obj.metadata.name
				name_2 > ""
				name == name_2
			])
			number <= 1
		] == []
		text := concat(
			"",
			[
				shown([name_3 | name_3 := obj.metadata.name; name_3 > ""; is_string(name_3)]),
				" is a name of several Secrets",
			],
		)
	]
	failures != []
}

# The messages of the failed checks as one text: trimmed, joined, without control characters, at most 1,024 characters.
message(parts) := shortened(escaped(concat("; ", [trim_space(part) | some part in parts])))

escaped(text) := text if {
	regex.match(`^[^\x00-\x1f\x7f-\x9f]*$`, text)
} else := strings.replace_n(escapes, text)

escapes := {
	"\u0000": "\\u0000",
	"\u0001": "\\u0001",
	"\u0002": "\\u0002",
	"\u0003": "\\u0003",
	"\u0004": "\\u0004",
	"\u0005": "\\u0005",
	"\u0006": "\\u0006",
	"\u0007": "\\u0007",
	"\u0008": "\\u0008",
	"\t": "\\u0009",
	"\n": "\\n",
	"\u000b": "\\u000b",
	"\u000c": "\\u000c",
	"\r": "\\u000d",
	"\u000e": "\\u000e",
	"\u000f": "\\u000f",
	"\u0010": "\\u0010",
	"\u0011": "\\u0011",
	"\u0012": "\\u0012",
	"\u0013": "\\u0013",
	"\u0014": "\\u0014",
	"\u0015": "\\u0015",
	"\u0016": "\\u0016",
	"\u0017": "\\u0017",
	"\u0018": "\\u0018",
	"\u0019": "\\u0019",
	"\u001a": "\\u001a",
	"\u001b": "\\u001b",
	"\u001c": "\\u001c",
	"\u001d": "\\u001d",
	"\u001e": "\\u001e",
	"\u001f": "\\u001f",
	"\u007f": "\\u007f",
	"\u0080": "\\u0080",
	"\u0081": "\\u0081",
	"\u0082": "\\u0082",
	"\u0083": "\\u0083",
	"\u0084": "\\u0084",
	"\u0085": "\\u0085",
	"\u0086": "\\u0086",
	"\u0087": "\\u0087",
	"\u0088": "\\u0088",
	"\u0089": "\\u0089",
	"\u008a": "\\u008a",
	"\u008b": "\\u008b",
	"\u008c": "\\u008c",
	"\u008d": "\\u008d",
	"\u008e": "\\u008e",
	"\u008f": "\\u008f",
	"\u0090": "\\u0090",
	"\u0091": "\\u0091",
	"\u0092": "\\u0092",
	"\u0093": "\\u0093",
	"\u0094": "\\u0094",
	"\u0095": "\\u0095",
	"\u0096": "\\u0096",
	"\u0097": "\\u0097",
	"\u0098": "\\u0098",
	"\u0099": "\\u0099",
	"\u009a": "\\u009a",
	"\u009b": "\\u009b",
	"\u009c": "\\u009c",
	"\u009d": "\\u009d",
	"\u009e": "\\u009e",
	"\u009f": "\\u009f",
}

shortened(text) := text if {
	substring(text, 1024, 1) == ""
} else := concat("", [substring(text, 0, 1023), "…"])

# What a message shows of a value: the one element, if there is one.
shown(values) := values[0] if {
	values != []
} else := "<unset>"

# A null in a map of strings is an empty string.
label(x) := "" if {
	x == null
} else := x

# Whether a selector selects labels. Both are lists of at most one element.
selects(selectors, labels) if {
	some selector in selectors
	[1 | wanted := selector.matchLabels[key]; [1 | label(labels[0][key]) == label(wanted)] == []] == []
	[1 | expression := selector.matchExpressions[_]; expression != null; [1 | satisfied(expression, labels)] == []] == []
}

satisfied(expression, labels) if {
	expression.operator == "In"
	label(labels[0][expression.key]) == expression.values[_]
}

satisfied(expression, labels) if {
	expression.operator == "NotIn"
	[1 | label(labels[0][expression.key]) == expression.values[_]] == []
}

satisfied(expression, labels) if {
	expression.operator == "Exists"
	label(labels[0][expression.key]) != null
}

satisfied(expression, labels) if {
	expression.operator == "DoesNotExist"
	[1 | label(labels[0][expression.key]) != null] == []
}
