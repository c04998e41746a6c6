# METADATA
# title: "regexes"
# description: "Regular expressions over the whole text."
package polc.regexes

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
# title: "regexes/shapes"
# description: "Classes, groups, counts and escapes."
violations contains {"rule": "regexes/shapes", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			[text |
				container := its_containers[_]
				text := array.concat(
					[text |
						[1 |
							name := container.name
							is_string(name)
							regex.match("^(?:[a-z]([-a-z0-9]{0,10}[a-z0-9])?)$", name)
						] == []
						text := concat(
							"",
							[
								"container ",
								shown([name_2 | name_2 := container.name; is_string(name_2)]),
								" is badly named",
							],
						)
					],
					[text |
						image := container.image
						image > ""
						is_string(image)
						regex.match(`^(?:(.*/)?(busybox|alpine)(:[0-9]+\.[0-9]+)?)$`, image)
						text := concat(
							"",
							[
								"image ",
								shown([image_2 | image_2 := container.image; image_2 > ""; is_string(image_2)]),
								" is a shell",
							],
						)
					],
				)[_]
			],
			[text |
				path := label(obj.metadata.annotations.path)
				is_string(path)
				regex.match("^(?:/tmp(/[^/]+)*)$", path)
				text := concat(
					"",
					[
						"the path is ",
						shown([path_2 | path_2 := label(obj.metadata.annotations.path); is_string(path_2)]),
					],
				)
			],
			[text |
				marks := label(obj.metadata.annotations.marks)
				is_string(marks)
				regex.match(`^(?:[\[\]"'\\{}$^|]+)$`, marks)
				text := concat(
					"",
					["marks: ", shown([marks_2 | marks_2 := label(obj.metadata.annotations.marks); is_string(marks_2)])],
				)
			],
			[text |
				letters := label(obj.metadata.annotations.letters)
				is_string(letters)
				regex.match("^(?:[а-яё]+😀?)$", letters)
				text := concat(
					"",
					[
						"letters: ",
						shown([letters_2 | letters_2 := label(obj.metadata.annotations.letters); is_string(letters_2)]),
					],
				)
			],
		]
		item := list[_]
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
