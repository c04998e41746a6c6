# METADATA
# title: "loops"
# description: "Loops over lists, over maps by key, with an index, in each other, with a filter."
package polc.loops

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_deployment_or_pod if {
	{"apps/v1": {"Deployment"}, "v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

pod := object.get(
	obj,
	{"apps/v1": {"Deployment": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

# METADATA
# title: "loops/nested"
# description: "Lists in lists."
violations contains {"rule": "loops/nested", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_or_pod
	failures := [text |
		container := its_containers[_]
		text := array.concat(
			[text |
				port := container.ports[_]
				port.protocol == "UDP"
				port.containerPort == 53
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" serves DNS at ",
						shown([format_int(container_port, 10) |
							container_port := port.containerPort
							is_number(container_port)
						]),
					],
				)
			],
			[text |
				element := container.env[_]
				element.name == "DEBUG"
				element.value == "1"
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" debugs: ",
						shown([name | name := element.name; is_string(name)]),
						"=",
						shown([value | value := element.value; value > ""; is_string(value)]),
					],
				)
			],
		)[_]
	]
	failures != []
}

# METADATA
# title: "loops/maps"
# description: "The entries of a map in the order of their keys."
violations contains {"rule": "loops/maps", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[concat("", ["the label ", key, " is empty"]) |
			written := obj.metadata.labels[key]
			startswith(key, "team/")
			label_2 := label(written)
			label_2 == ""
		],
		[concat("", [key, " selects itself"]) | element := label(pod.spec.nodeSelector[key]); key == element],
	)
	failures != []
}

# METADATA
# title: "loops/positions"
# description: "The position of an element."
violations contains {"rule": "loops/positions", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[index]
		container != null
		text := array.concat(
			[text |
				[1 | index < 2] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" is number ",
						format_int(index, 10),
					],
				)
			],
			[concat("", ["container ", shown([name | name := container.name; is_string(name)]), " comes first"]) |
				index == 0
				container.name == "sidecar"
			],
		)[_]
	]
	failures != []
}

# METADATA
# title: "loops/joined"
# description: "Several lists as one."
violations contains {"rule": "loops/joined", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[concat("", ["container ", shown([name | name := container.name; is_string(name)]), " runs a shell"]) |
			container := pod.spec.initContainers[_]
			container.command > []
			"sh" in container.command
		],
		[concat("", ["container ", shown([name | name := container.name; is_string(name)]), " runs a shell"]) |
			container := pod.spec.containers[_]
			container.command > []
			"sh" in container.command
		],
	)
	failures != []
}

# METADATA
# title: "loops/statements"
# description: "Several statements and a local name."
violations contains {"rule": "loops/statements", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		some texts in [
			[text |
				not container.securityContext.runAsNonRoot == true
				[1 |
					[1 | container.securityContext.runAsNonRoot != null] == []
					pod.spec.securityContext.runAsNonRoot == true
				] == []
				text := concat(
					"",
					["container ", shown([name | name := container.name; is_string(name)]), " may run as root"],
				)
			],
			[concat("", ["container ", shown([name | name := container.name; is_string(name)]), " runs as root"]) |
				container.securityContext.runAsUser != null
				container.securityContext.runAsUser == 0
			],
			[text |
				[1 | container.securityContext.runAsUser != null] == []
				[1 | pod.spec.securityContext.runAsUser != null] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" runs as whoever the image says",
					],
				)
			],
		]
		text := texts[_]
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
