# METADATA
# title: "quantifiers"
# description: "any, all and no, with filters, in each other, under not."
package polc.quantifiers

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_statefulset_or_pod if {
	{"apps/v1": {"StatefulSet"}, "v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

pod := object.get(
	obj,
	{"apps/v1": {"StatefulSet": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

# METADATA
# title: "quantifiers/some"
# description: "One of many."
violations contains {"rule": "quantifiers/some", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := ["tolerates no gpu" |
		[1 | toleration := pod.spec.tolerations[_]; toleration.key == "gpu"] == []
	]
	failures != []
}

# METADATA
# title: "quantifiers/every"
# description: "Every one, also of none."
violations contains {"rule": "quantifiers/every", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := ["a hostPath outside /var/log" |
		[1 |
			volume := pod.spec.volumes[_]
			volume.hostPath != null
			[1 | path := volume.hostPath.path; is_string(path); startswith(path, "/var/log/")] == []
		] != []
	]
	failures != []
}

# METADATA
# title: "quantifiers/none"
# description: "Not a single one."
violations contains {"rule": "quantifiers/none", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := ["a volume is mounted at /" |
		[1 |
			container := its_containers[_]
			volume_mount := container.volumeMounts[_]
			volume_mount.mountPath == "/"
		] != []
	]
	failures != []
}

# METADATA
# title: "quantifiers/joins"
# description: "A quantifier that reads the element around."
violations contains {"rule": "quantifiers/joins", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_statefulset_or_pod
	failures := [text |
		container := its_containers[_]
		volume_mount := container.volumeMounts[_]
		volume_mount != null
		[1 |
			name := volume_mount.name
			name != null
			name in array.concat(
				[name_2 | volume := pod.spec.volumes[_]; name_2 := volume.name; name_2 != null],
				[name_3 |
					volume_claim_template := obj.spec.volumeClaimTemplates[_]
					{"apps/v1": {"StatefulSet"}}[obj.apiVersion][obj.kind]
					name_3 := volume_claim_template.metadata.name
					name_3 > ""
				],
			)
		] == []
		text := concat(
			"",
			[
				"container ",
				shown([name_4 | name_4 := container.name; is_string(name_4)]),
				" mounts ",
				shown([name_4 | name_4 := volume_mount.name; is_string(name_4)]),
				", which is no volume",
			],
		)
	]
	failures != []
}

# METADATA
# title: "quantifiers/logic"
# description: "Logic around quantifiers."
violations contains {"rule": "quantifiers/logic", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		["no container is probed" |
			[1 | container := pod.spec.containers[_]; container.livenessProbe != null] == []
			[1 | container_2 := pod.spec.containers[_]; container_2.readinessProbe != null] == []
		],
		[text |
			[1 | zone := label(obj.metadata.labels.zone); zone in {"a", "b"}] == []
			zone_2 := label(obj.metadata.labels.zone)
			zone_2 != null
			text := concat(
				"",
				["the zone is ", shown([zone_3 | zone_3 := label(obj.metadata.labels.zone); is_string(zone_3)])],
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
