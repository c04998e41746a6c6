# METADATA
# title: "subresources"
# description: "Requests about parts of objects: what is judged by which rule."
package polc.subresources

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

resource := input.request.resource if input.kind == "AdmissionReview"

old_object := input.request.oldObject if input.kind == "AdmissionReview"

is_deployment_scale_or_statefulset_scale if {
	{"autoscaling/v1": {"Scale"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == "scale"
	{"apps": {"v1": {"deployments", "statefulsets"}}}[resource.group][resource.version][resource.resource]
}

is_pod_ephemeralcontainers_on_update if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource == "ephemeralcontainers"
}

is_pod_eviction_on_create if {
	{"policy/v1": {"Eviction"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE"}
	subresource == "eviction"
	{"": {"v1": {"pods"}}}[resource.group][resource.version][resource.resource]
}

is_node_status_or_pod_status_on_update if {
	{"v1": {"Node", "Pod"}}[obj.apiVersion][obj.kind]
	operation in {"UPDATE"}
	subresource == "status"
}

is_deployment_or_deployment_scale if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_deployment_or_deployment_scale if {
	{"autoscaling/v1": {"Scale"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == "scale"
	{"apps": {"v1": {"deployments"}}}[resource.group][resource.version][resource.resource]
}

is_deployment_or_pod if {
	{"apps/v1": {"Deployment"}, "v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

pod := object.get(
	obj,
	{"apps/v1": {"Deployment": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

# METADATA
# title: "subresources/few-replicas"
# description: "Nobody scales far. What is sent is a Scale, whosever part it is."
violations contains {"rule": "subresources/few-replicas", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_scale_or_statefulset_scale
	not obj.metadata.namespace == "kube-system"
	failures := [text |
		[1 |
			replicas := obj.spec.replicas
			replicas != 0
			is_number(replicas)
			replicas <= 10
		] == []
		text := concat(
			"",
			[
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				": not ",
				shown([format_int(replicas_2, 10) |
					replicas_2 := obj.spec.replicas
					replicas_2 != 0
					is_number(replicas_2)
				]),
				" {{ request.object }} $(x) ' \" \\ é😀",
			],
		)
	]
	failures != []
}

# METADATA
# title: "subresources/known-debuggers"
# description: "What comes by this way is the whole Pod."
violations contains {"rule": "subresources/known-debuggers", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_ephemeralcontainers_on_update
	failures := [text |
		container := pod.spec.ephemeralContainers[_]
		container != null
		[1 |
			container_2 := old_object.spec.ephemeralContainers[_]
			name := container_2.name
			name != null
			name_2 := container.name
			name_2 != null
			name == name_2
		] == []
		[1 |
			image := container.image
			image > ""
			is_string(image)
			startswith(image, "registry.example.com/")
		] == []
		text := concat(
			"",
			[
				"debug container ",
				shown([name_3 | name_3 := container.name; is_string(name_3)]),
				" has the image ",
				shown([image_2 | image_2 := container.image; image_2 > ""; is_string(image_2)]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "subresources/time-to-end"
# description: "Those who evict give time. Kyverno takes an Eviction for a Pod, so the message says no kind."
violations contains {"rule": "subresources/time-to-end", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_eviction_on_create
	failures := [text |
		[1 |
			grace_period_seconds := obj.deleteOptions.gracePeriodSeconds
			is_number(grace_period_seconds)
			grace_period_seconds >= 10
		] == []
		obj.deleteOptions.gracePeriodSeconds != null
		text := concat(
			"",
			[
				"the eviction of ",
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" gives ",
				shown([format_int(grace_period_seconds_2, 10) |
					grace_period_seconds_2 := obj.deleteOptions.gracePeriodSeconds
					is_number(grace_period_seconds_2)
				]),
				" seconds",
			],
		)
	]
	failures != []
}

# METADATA
# title: "subresources/labels-stay"
# description: "Who reports a status may not take a label away."
violations contains {"rule": "subresources/labels-stay", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_node_status_or_pod_status_on_update
	failures := [text |
		[1 |
			[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
			[1 | owner_2 := label(old_object.metadata.labels.owner); owner_2 != null] == []
		] == []
		[1 |
			owner_3 := label(obj.metadata.labels.owner)
			owner_3 != null
			owner_4 := label(old_object.metadata.labels.owner)
			owner_4 != null
			owner_3 == owner_4
		] == []
		text := concat(
			"",
			[
				"the ",
				shown([kind | kind := obj.kind; kind > ""; is_string(kind)]),
				" ",
				shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
				" changes its owner",
			],
		)
	]
	failures != []
}

# METADATA
# title: "subresources/owners"
# description: "The object and a part of it, of two kinds."
violations contains {"rule": "subresources/owners", "msg": message(failures), "action": "warn", "severity": "medium"} if {
	is_deployment_or_deployment_scale
	obj.metadata.labels > {}
	failures := [concat("", ["nobody owns ", shown([name | name := obj.metadata.name; name > ""; is_string(name)])]) |
		[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
	]
	failures != []
}

# METADATA
# title: "subresources/no-host-network"
# description: "A rule about objects is not about their parts, but for what reaches a Pod by `ephemeralcontainers` and `resize`."
violations contains {"rule": "subresources/no-host-network", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_or_pod
	failures := ["hostNetwork is true" | pod.spec.hostNetwork == true]
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
