# METADATA
# title: "exemptions"
# description: "Exceptions with a reason and an end: they narrow what a rule is about."
package main.exemptions

deny contains violation if {
	some violation in violations
	violation.action == "deny"
}

# conftest has nothing that only records: what is audited is warned of.
warn contains violation if {
	some violation in violations
	violation.action != "deny"
}

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

is_workload if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"Pod", "PodTemplate", "ReplicationController"},
	}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
}

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
}

is_matched if {
	{"rbac.authorization.k8s.io/v1": {"ClusterRole"}, "v1": {"ConfigMap", "Secret"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
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

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

# METADATA
# title: "exemptions/no-privileged"
# description: "Left alone in some namespaces."
violations contains {"rule": "exemptions/no-privileged", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	not obj.metadata.namespace == "gpu"
	not obj.metadata.namespace == "payments"
	not obj.metadata.namespace == "legacy"
	failures := [text |
		container := its_containers[_]
		container.securityContext.privileged == true
		text := concat("", ["container ", shown([name | name := container.name; is_string(name)]), " is privileged"])
	]
	failures != []
}

# METADATA
# title: "exemptions/no-host-path"
# description: "Left alone for a class of Pods in one namespace, and nowhere else."
violations contains {"rule": "exemptions/no-host-path", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	not pod.spec.os.name == "windows"
	[1 |
		obj.metadata != null
		[1 | not obj.metadata.namespace == "default"; obj.metadata.namespace > ""] == []
		pod.spec.runtimeClassName in {"kata"}
	] == []
	failures := [concat("", ["volume ", shown([name | name := volume.name; is_string(name)]), " is a hostPath"]) |
		volume := pod.spec.volumes[_]
		volume.hostPath != null
	]
	failures != []
}

# METADATA
# title: "exemptions/no-default-namespace"
# description: "Of two exemptions one is enough."
violations contains {"rule": "exemptions/no-default-namespace", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_matched
	[1 |
		[1 | {"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]] == []
		obj.metadata.namespace in {"kube-system"}
	] == []
	[1 |
		[1 | {"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]] == []
		obj.metadata.namespace in {"legacy"}
	] == []
	[1 |
		[1 | {"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]] == []
		obj.metadata != null
		[1 | not obj.metadata.namespace == "default"; obj.metadata.namespace > ""] == []
	] == []
	failures := array.concat(
		[text |
			[1 |
				not obj.metadata.namespace == "default"
				[1 |
					obj.metadata != null
					[1 | obj.metadata.namespace > ""] == []
					[1 | {"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]] == []
				] == []
			] == []
			text := concat(
				"",
				[
					shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
					" ",
					shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
					" is in default",
				],
			)
		],
		[text |
			[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
			text := concat(
				"",
				[
					shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
					" ",
					shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
					" has no owner",
				],
			)
		],
	)
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
