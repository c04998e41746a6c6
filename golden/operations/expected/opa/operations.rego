# METADATA
# title: "operations"
# description: "Creation, update and deletion, and what an object was before."
package polc.operations

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

old_object := input.request.oldObject if input.kind == "AdmissionReview"

is_deployment_on_create if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE"}
	subresource == ""
}

is_deployment_on_update if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource == ""
}

is_deployment_or_statefulset_on_update if {
	{"apps/v1": {"Deployment", "StatefulSet"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource == ""
}

is_pod_on_update if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_namespace_on_update if {
	{"v1": {"Namespace"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource == ""
}

is_matched_on_delete if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController"},
	}[obj.apiVersion][obj.kind]
	operation in {"DELETE"}
	subresource == ""
}

is_configmap_on_create_or_update_or_delete if {
	{"v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE", "DELETE"}
	subresource == ""
}

is_pod_on_create_or_delete if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "DELETE"}
	subresource == ""
}

pod := object.get(
	obj,
	{
		"apps/v1": {
			"DaemonSet": ["spec", "template"],
			"Deployment": ["spec", "template"],
			"ReplicaSet": ["spec", "template"],
			"StatefulSet": ["spec", "template"],
		},
		"batch/v1": {"CronJob": ["spec", "jobTemplate", "spec", "template"], "Job": ["spec", "template"]},
		"v1": {"Pod": [], "PodTemplate": ["template"], "ReplicationController": ["spec", "template"]},
	}[obj.apiVersion][obj.kind],
	null,
)

its_replicas := replicas_2 if {
	replicas_2 := array.concat([replicas | replicas := obj.spec.replicas; replicas != null], [1 | obj.spec != null])[0]
}

its_replicas_2 := replicas_2 if {
	replicas_2 := array.concat(
		[replicas | replicas := old_object.spec.replicas; replicas != null],
		[1 | old_object.spec != null],
	)[0]
}

its_security_context := security_context_2 if {
	security_context_2 := array.concat(
		[security_context | security_context := pod.spec.securityContext; security_context != null],
		[value | pod.spec != null; value := {}],
	)[0]
}

its_security_context_2 := security_context_2 if {
	security_context_2 := array.concat(
		[security_context | security_context := old_object.spec.securityContext; security_context != null],
		[value | old_object.spec != null; value := {}],
	)[0]
}

its_scheduler_name := scheduler_name_2 if {
	scheduler_name_2 := array.concat(
		[scheduler_name | scheduler_name := pod.spec.schedulerName; scheduler_name > ""],
		["default-scheduler" | pod.spec != null],
	)[0]
}

its_scheduler_name_2 := scheduler_name_2 if {
	scheduler_name_2 := array.concat(
		[scheduler_name | scheduler_name := old_object.spec.schedulerName; scheduler_name > ""],
		["default-scheduler" | old_object.spec != null],
	)[0]
}

its_containers := [container |
	some field in ["initContainers", "containers"]
	container := pod.spec[field][_]
	container != null
]

its_termination_grace_period_seconds := termination_grace_period_seconds_2 if {
	termination_grace_period_seconds_2 := array.concat(
		[termination_grace_period_seconds |
			termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
			termination_grace_period_seconds != null
		],
		[30 | pod.spec != null],
	)[0]
}

# METADATA
# title: "operations/born-labelled"
# description: "On creation only."
violations contains {"rule": "operations/born-labelled", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_on_create
	failures := [text |
		[1 | team := label(obj.metadata.labels.team); team != null] == []
		text := concat(
			"",
			["the Deployment ", shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no team"],
		)
	]
	failures != []
}

# METADATA
# title: "operations/label-stays"
# description: "A label does not move."
violations contains {"rule": "operations/label-stays", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_on_update
	failures := [text |
		[1 |
			[1 | app := label(obj.metadata.labels.app); app != null] == []
			[1 | app_2 := label(old_object.metadata.labels.app); app_2 != null] == []
		] == []
		[1 |
			app_3 := label(obj.metadata.labels.app)
			app_3 != null
			app_4 := label(old_object.metadata.labels.app)
			app_4 != null
			app_3 == app_4
		] == []
		text := concat(
			"",
			[
				"the label app was ",
				shown([app_5 | app_5 := label(old_object.metadata.labels.app); is_string(app_5)]),
				" and is ",
				shown([app_5 | app_5 := label(obj.metadata.labels.app); is_string(app_5)]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "operations/no-scaling-down"
# description: "Numbers of both objects, with their defaults."
violations contains {"rule": "operations/no-scaling-down", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_or_statefulset_on_update
	failures := [text |
		[1 |
			replicas := its_replicas
			is_number(replicas)
			replicas_2 := its_replicas_2
			is_number(replicas_2)
			replicas >= replicas_2
		] == []
		text := concat(
			"",
			[
				shown([format_int(replicas_3, 10) | replicas_3 := its_replicas_2; is_number(replicas_3)]),
				" replicas are ",
				shown([format_int(replicas_3, 10) | replicas_3 := its_replicas; is_number(replicas_3)]),
				" now",
			],
		)
	]
	failures != []
}

# METADATA
# title: "operations/context-stays"
# description: "A struct stays as it is written, which CEL cannot say."
violations contains {"rule": "operations/context-stays", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_on_update
	failures := ["the security context changes" |
		[1 | [1 | pod.spec != null] == []; [1 | old_object.spec != null] == []] == []
		[1 |
			security_context := its_security_context
			security_context_2 := its_security_context_2
			canonical(security_context) == canonical(security_context_2)
		] == []
	]
	failures != []
}

# METADATA
# title: "operations/pod-stays"
# description: "Maps and lists stay as they are."
violations contains {"rule": "operations/pod-stays", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_on_update
	failures := [item |
		some list in [
			["the node selector moves" |
				[1 | [1 | obj.spec.nodeSelector > {}] == []; [1 | old_object.spec.nodeSelector > {}] == []] == []
				[1 |
					node_selector := obj.spec.nodeSelector
					node_selector > {}
					node_selector_2 := old_object.spec.nodeSelector
					node_selector_2 > {}
					canonical(node_selector) == canonical(node_selector_2)
				] == []
			],
			["the scheduler changes" |
				[1 | [1 | pod.spec != null] == []; [1 | old_object.spec != null] == []] == []
				[1 |
					scheduler_name := its_scheduler_name
					scheduler_name_2 := its_scheduler_name_2
					scheduler_name == scheduler_name_2
				] == []
			],
			["the finalizers change" |
				[1 | [1 | pod.metadata.finalizers > []] == []; [1 | old_object.metadata.finalizers > []] == []] == []
				[1 |
					finalizers := pod.metadata.finalizers
					finalizers > []
					finalizers_2 := old_object.metadata.finalizers
					finalizers_2 > []
					canonical(finalizers) == canonical(finalizers_2)
				] == []
			],
			[concat("", ["container ", shown([name_3 | name_3 := container.name; is_string(name_3)]), " is new"]) |
				container := its_containers[_]
				[1 |
					container_2 := old_object.spec.containers[_]
					name := container_2.name
					name != null
					name_2 := container.name
					name_2 != null
					name == name_2
				] == []
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operations/no-level-lowered"
# description: "Loops over both objects."
violations contains {"rule": "operations/no-level-lowered", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_namespace_on_update
	failures := [text |
		written := old_object.metadata.labels[key]
		startswith(key, "pod-security.kubernetes.io/")
		label_2 := label(written)
		not label_2 == "privileged"
		[1 | entry := label(obj.metadata.labels[key]); entry != null; entry == label_2] == []
		text := concat(
			"",
			[
				key,
				" was ",
				shown([label_2 | is_string(label_2)]),
				" and is ",
				shown([entry_2 | entry_2 := label(obj.metadata.labels[key]); is_string(entry_2)]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "operations/protected"
# description: "What is protected is not deleted."
violations contains {"rule": "operations/protected", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_matched_on_delete
	failures := [text |
		obj.metadata.labels.protected == "true"
		text := concat(
			"",
			[
				"the ",
				shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
				" ",
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" is protected",
			],
		)
	]
	failures != []
}

# METADATA
# title: "operations/always-owned"
# description: "Of each operation."
violations contains {"rule": "operations/always-owned", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_configmap_on_create_or_update_or_delete
	not obj.metadata.namespace == "kube-system"
	failures := [text |
		[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
		text := concat(
			"",
			["the ConfigMap ", shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no owner"],
		)
	]
	failures != []
}

# METADATA
# title: "operations/pods-stop-in-time"
# description: "A deleted Pod is read like any other."
violations contains {"rule": "operations/pods-stop-in-time", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_on_create_or_delete
	failures := [text |
		[1 |
			pod.spec != null
			[1 |
				[1 |
					termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
					is_number(termination_grace_period_seconds)
					termination_grace_period_seconds <= 300
				] == []
				pod.spec.terminationGracePeriodSeconds != null
			] == []
		] == []
		text := concat(
			"",
			[
				"the Pod may take ",
				shown([format_int(termination_grace_period_seconds_2, 10) |
					termination_grace_period_seconds_2 := its_termination_grace_period_seconds
					is_number(termination_grace_period_seconds_2)
				]),
				" seconds",
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

# What a value holds, place by place: the same for values that are equal but for what is null.
canonical(x) := {[place, leaf] |
	walk(x, [path, value])
	value != null
	holders := [holder |
		some index in numbers.range(0, count(path))
		holder := object.get({"x": x}, array.concat(["x"], array.slice(path, 0, index)), null)
	]
	place := [step | some index, key in path; step := place_in(holders[index], key)]
	leaf := leaf_of(value)
}

leaf_of(value) := type_name(value) if {
	type_name(value) in {"array", "object"}
} else := [value]

# An element's index without the nulls before it.
place_in(holder, key) := key - count([1 | some element in array.slice(holder, 0, key); element == null]) if {
	is_array(holder)
} else := key
