# METADATA
# title: "globs"
# description: "Patterns whose only special character is the star."
package polc.globs

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

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

# METADATA
# title: "globs/places"
# description: "A star at each place."
violations contains {"rule": "globs/places", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := its_containers[_]
		some texts in [
			[text |
				[1 |
					image := container.image
					image > ""
					is_string(image)
					startswith(image, "registry.example.com/")
				] == []
				[1 |
					image_2 := container.image
					image_2 > ""
					is_string(image_2)
					startswith(image_2, "docker.io/library/")
				] == []
				text := concat(
					"",
					[
						"image ",
						shown([image_3 | image_3 := container.image; image_3 > ""; is_string(image_3)]),
						" is from an unknown registry",
					],
				)
			],
			[text |
				name := container.name
				is_string(name)
				startswith(name, "tmp-")
				text := concat(
					"",
					["container ", shown([name_2 | name_2 := container.name; is_string(name_2)]), " is for a while"],
				)
			],
			[concat("", ["container ", shown([name_2 | name_2 := container.name; is_string(name_2)]), " debugs"]) |
				name := container.name
				is_string(name)
				endswith(name, "-debug")
			],
			[concat("", ["container ", shown([name_2 | name_2 := container.name; is_string(name_2)]), " tests"]) |
				name := container.name
				is_string(name)
				contains(name, "test")
			],
			[text |
				name := container.name
				is_string(name)
				regex.match("(?s)^a.*b.*c$", name)
				text := concat(
					"",
					[
						"container ",
						shown([name_2 | name_2 := container.name; is_string(name_2)]),
						" goes from a over b to c",
					],
				)
			],
			[concat("", ["container ", shown([name_2 | name_2 := container.name; is_string(name_2)])]) |
				name := container.name
				is_string(name)
				name == "exact"
			],
			[text |
				working_dir := container.workingDir
				working_dir > ""
				is_string(working_dir)
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" works in ",
						shown([working_dir_2 |
							working_dir_2 := container.workingDir
							working_dir_2 > ""
							is_string(working_dir_2)
						]),
					],
				)
			],
		]
		text := texts[_]
	]
	failures != []
}

# METADATA
# title: "globs/plain"
# description: "Everything else stands for itself."
violations contains {"rule": "globs/plain", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[text |
			pattern := label(obj.metadata.annotations.pattern)
			is_string(pattern)
			startswith(pattern, "a.b+c?[d]{e}^$|(f)\\")
			text := concat(
				"",
				[
					"the pattern is ",
					shown([pattern_2 | pattern_2 := label(obj.metadata.annotations.pattern); is_string(pattern_2)]),
				],
			)
		],
		["from first to last" |
			lines := label(obj.metadata.annotations.lines)
			is_string(lines)
			regex.match("(?s)^first.*last$", lines)
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
