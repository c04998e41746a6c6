# METADATA
# title: "requests"
# description: "Who asks for what, and in which namespace."
package main.requests

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

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

namespace_name := input.request.namespace if input.kind == "AdmissionReview"

namespace_name := array.concat([space | space := input.metadata.namespace; space > ""], ["default"])[0] if {
	not input.kind == "AdmissionReview"
}

namespace_object := data.kubernetes.namespaces[namespace_name] if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"ConfigMap", "Pod", "PodTemplate", "ReplicationController", "Secret"},
	}[obj.apiVersion][obj.kind]
}

knows_namespace if input.kind == "AdmissionReview"

knows_namespace if {
	not input.kind == "AdmissionReview"
	namespace_object != null
}

knows_namespace if {
	not input.kind == "AdmissionReview"
	{"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]
}

is_workload if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"Pod", "PodTemplate", "ReplicationController"},
	}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_configmap_or_secret if {
	{"v1": {"ConfigMap", "Secret"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_clusterrole_or_configmap if {
	{"rbac.authorization.k8s.io/v1": {"ClusterRole"}, "v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_deployment if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
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

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

its_value := value if {
	value := array.concat(
		[team | team := label(obj.metadata.labels.team); team != null],
		[team_2 | team_2 := label(namespace_object.metadata.annotations.team); team_2 != null],
	)[0]
}

its_replicas := replicas_2 if {
	replicas_2 := array.concat([replicas | replicas := obj.spec.replicas; replicas != null], [1 | obj.spec != null])[0]
}

unreadable_1 := ["cannot read `namespaceObject`" | [1 | namespace_object != null] == []]

unreadable_2 := ["cannot read `namespaceObject`" |
	{"v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	[1 | namespace_object != null] == []
]

# METADATA
# title: "requests/restricted-namespaces"
# description: "A condition on the Namespace of the object."
violations contains {"rule": "requests/restricted-namespaces", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	knows_namespace
	unreadable_1 != []
}

# METADATA
# title: "requests/restricted-namespaces"
# description: "A condition on the Namespace of the object."
violations contains {"rule": "requests/restricted-namespaces", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	knows_namespace
	unreadable_1 == []
	namespace_object.metadata.labels["pod-security.kubernetes.io/enforce"] == "restricted"
	failures := [text |
		container := its_containers[_]
		not container.securityContext.allowPrivilegeEscalation == false
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" may escalate in the namespace ",
				shown([name | name := namespace_object.metadata.name; name > ""; is_string(name)]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "requests/owner-of-the-namespace"
# description: "A value of the Namespace in a check."
violations contains {"rule": "requests/owner-of-the-namespace", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_configmap_or_secret
	knows_namespace
	unreadable_1 != []
}

# METADATA
# title: "requests/owner-of-the-namespace"
# description: "A value of the Namespace in a check."
violations contains {"rule": "requests/owner-of-the-namespace", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_configmap_or_secret
	knows_namespace
	unreadable_1 == []
	failures := array.concat(
		[text |
			[1 | team := label(namespace_object.metadata.annotations.team); team != null] == []
			text := concat(
				"",
				[
					"the namespace ",
					shown([name | name := namespace_object.metadata.name; name > ""; is_string(name)]),
					" belongs to no team",
				],
			)
		],
		[text |
			[1 |
				value := its_value
				team := label(namespace_object.metadata.annotations.team)
				team != null
				value == team
			] == []
			text := concat(
				"",
				[
					shown([team_2 | team_2 := label(obj.metadata.labels.team); is_string(team_2)]),
					" is not ",
					shown([team_2 | team_2 := label(namespace_object.metadata.annotations.team); is_string(team_2)]),
				],
			)
		],
	)
	failures != []
}

# METADATA
# title: "requests/in-or-outside"
# description: "Some kinds live in no namespace."
violations contains {"rule": "requests/in-or-outside", "msg": message([unreadable_2[0]]), "action": "deny", "severity": "medium"} if {
	is_clusterrole_or_configmap
	knows_namespace
	unreadable_2 != []
}

# METADATA
# title: "requests/in-or-outside"
# description: "Some kinds live in no namespace."
violations contains {"rule": "requests/in-or-outside", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_clusterrole_or_configmap
	knows_namespace
	unreadable_2 == []
	failures := [text |
		namespace_object.metadata.labels.env == "prod"
		text := concat(
			"",
			[
				shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
				" ",
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" in production",
			],
		)
	]
	failures != []
}

# METADATA
# title: "requests/by-namespace-and-label"
# description: "Objects in these namespaces only, and with a label."
violations contains {"rule": "requests/by-namespace-and-label", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment
	obj.metadata != null
	[1 |
		not obj.metadata.namespace == "payments"
		not obj.metadata.namespace == "default"
		obj.metadata.namespace > ""
	] == []
	obj.metadata.labels.tier == "front"
	failures := [text |
		[1 | replicas := obj.spec.replicas; is_number(replicas); replicas >= 2] == []
		text := concat(
			"",
			[shown([format_int(replicas_2, 10) | replicas_2 := its_replicas; is_number(replicas_2)]), " replicas"],
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
