# METADATA
# title: "matching"
# description: "What a rule is about: kinds, conditions, exceptions, actions, targets."
package polc.matching

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_workload if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"Pod", "PodTemplate", "ReplicationController"},
	}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_deployment if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_service if {
	{"v1": {"Service"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_namespace if {
	{"v1": {"Namespace"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_workload_2 if {
	{"apps/v1": {"StatefulSet"}, "batch/v1": {"CronJob", "Job"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_clusterrole if {
	{"rbac.authorization.k8s.io/v1": {"ClusterRole"}}[obj.apiVersion][obj.kind]
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

its_replicas := replicas_2 if {
	replicas_2 := array.concat([replicas | replicas := obj.spec.replicas; replicas != null], [1 | obj.spec != null])[0]
}

its_restart_policy := restart_policy_2 if {
	restart_policy_2 := array.concat(
		[restart_policy | restart_policy := pod.spec.restartPolicy; restart_policy > ""],
		["Always" | pod.spec != null],
	)[0]
}

# METADATA
# title: "matching/conditions"
# description: "A condition, with an exception for a namespace and for a label."
violations contains {"rule": "matching/conditions", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	not pod.spec.os.name == "windows"
	not obj.metadata.labels.exempt == "true"
	not obj.metadata.namespace == "kube-system"
	not obj.metadata.namespace == "monitoring"
	failures := ["hostNetwork is true" | pod.spec.hostNetwork == true]
	failures != []
}

# METADATA
# title: "matching/warned"
# description: "Only warned about."
violations contains {"rule": "matching/warned", "msg": message(failures), "action": "warn", "severity": "low"} if {
	is_deployment
	failures := [text |
		[1 | replicas := obj.spec.replicas; is_number(replicas); replicas >= 2] == []
		text := concat(
			"",
			[shown([format_int(replicas_2, 10) | replicas_2 := its_replicas; is_number(replicas_2)]), " replicas"],
		)
	]
	failures != []
}

# METADATA
# title: "matching/audited"
# description: "Only recorded."
violations contains {"rule": "matching/audited", "msg": message(failures), "action": "audit", "severity": "info"} if {
	is_service
	failures := ["a NodePort" | obj.spec.type == "NodePort"]
	failures != []
}

# METADATA
# title: "matching/only-opa"
# description: "For one engine only."
violations contains {"rule": "matching/only-opa", "msg": message(failures), "action": "deny", "severity": "critical"} if {
	is_namespace
	failures := [text |
		[1 | team := label(obj.metadata.labels.team); team != null] == []
		text := concat(
			"",
			["the namespace ", shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no team"],
		)
	]
	failures != []
}

# METADATA
# title: "matching/several-kinds"
# description: "Of one kind among several."
violations contains {"rule": "matching/several-kinds", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload_2
	failures := [text |
		not pod.spec.restartPolicy == "OnFailure"
		not pod.spec.restartPolicy == "Never"
		text := concat(
			"",
			[
				shown([restart_policy | restart_policy := its_restart_policy; is_string(restart_policy)]),
				" in a ",
				shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "matching/cluster-scoped"
# description: "Objects outside namespaces."
violations contains {"rule": "matching/cluster-scoped", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_clusterrole
	failures := ["everything on everything" | rule := obj.rules[_]; "*" in rule.verbs; "*" in rule.resources]
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
