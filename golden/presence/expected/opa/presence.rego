# METADATA
# title: "presence"
# description: "When a field is there: written, not zero, not empty, a leaf of it written."
package polc.presence

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

pod := obj if {"v1": {"Pod"}}[obj.apiVersion][obj.kind]

# METADATA
# title: "presence/exists-or-not"
# description: "A pointer is there as soon as it is written, a list or map when it is not empty."
violations contains {"rule": "presence/exists-or-not", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			["a securityContext without runAsUser" |
				pod.spec != null
				[1 | pod.spec.securityContext.runAsUser != null] == []
			],
			["has volumes" | pod.spec.volumes > []],
			["has annotations" | obj.metadata.annotations > {}],
			["hostNetwork is written" | pod.spec.hostNetwork == true],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "presence/value-structs"
# description: "A struct that is held by value is there when something in it is."
violations contains {"rule": "presence/value-structs", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		text := array.concat(
			[text |
				[1 | container.resources.claims > []] == []
				[1 | container.resources.limits > {}] == []
				[1 | container.resources.requests > {}] == []
				[1 | container.resources.limits > {}] == []
				text := concat(
					"",
					["container ", shown([name | name := container.name; is_string(name)]), " has no resources"],
				)
			],
			[text |
				[1 | memory := container.resources.limits.memory; memory != null] == []
				text := concat(
					"",
					["container ", shown([name | name := container.name; is_string(name)]), " has no memory limit"],
				)
			],
		)[_]
	]
	failures != []
}

# METADATA
# title: "presence/comparisons"
# description: "A comparison with what is absent is false, its contrary true."
violations contains {"rule": "presence/comparisons", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			[text |
				pod.spec.priority == 1000
				text := concat(
					"",
					[
						"priority is ",
						shown([format_int(priority, 10) | priority := pod.spec.priority; is_number(priority)]),
					],
				)
			],
			[text |
				pod.spec.priority != null
				priority := pod.spec.priority
				is_number(priority)
				priority < 0
				text := concat(
					"",
					[
						"priority is ",
						shown([format_int(priority_2, 10) | priority_2 := pod.spec.priority; is_number(priority_2)]),
					],
				)
			],
			[text |
				pod.spec.hostname in {"localhost"}
				text := concat(
					"",
					[
						"hostname is ",
						shown([hostname | hostname := pod.spec.hostname; hostname > ""; is_string(hostname)]),
					],
				)
			],
			["mounts the token" | pod.spec.automountServiceAccountToken == true],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "presence/unset"
# description: "An absent value in a message."
violations contains {"rule": "presence/unset", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		[1 | pod.spec.priorityClassName > ""] == []
		text := concat(
			"",
			[
				"the class is ",
				shown([priority_class_name |
					priority_class_name := pod.spec.priorityClassName
					priority_class_name > ""
					is_string(priority_class_name)
				]),
				", the node ",
				shown([node_name | node_name := pod.spec.nodeName; node_name > ""; is_string(node_name)]),
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
