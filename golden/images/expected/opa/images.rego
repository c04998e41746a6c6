# METADATA
# title: "images"
# description: "The parts of image references."
package polc.images

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

unreadable_1 := ["cannot read `c.image`" |
	container := its_containers[_]
	image := container.image
	image > ""
	[1 | is_string(image); is_image(image)] == []
]

# METADATA
# title: "images/pinned"
# description: "Tag and digest."
violations contains {"rule": "images/pinned", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 != []
}

# METADATA
# title: "images/pinned"
# description: "Tag and digest."
violations contains {"rule": "images/pinned", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 == []
	failures := [text |
		container := its_containers[_]
		image := container.image
		image > ""
		is_string(image)
		tag := image_tag(image)
		tag == "latest"
		[1 |
			image_2 := container.image
			image_2 > ""
			is_string(image_2)
			digest := image_digest(image_2)
			digest != null
		] == []
		text := concat(
			"",
			[
				"image ",
				shown([image_3 | image_3 := container.image; image_3 > ""; is_string(image_3)]),
				" floats: tag ",
				shown([tag_2 |
					image_3 := container.image
					image_3 > ""
					is_string(image_3)
					tag_2 := image_tag(image_3)
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "images/places"
# description: "Registry and repository."
violations contains {"rule": "images/places", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 != []
}

# METADATA
# title: "images/places"
# description: "Registry and repository."
violations contains {"rule": "images/places", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 == []
	failures := [text |
		container := its_containers[_]
		some texts in [
			[text |
				[1 |
					image := container.image
					image > ""
					is_string(image)
					registry := image_registry(image)
					registry in {"docker.io", "registry.example.com:5000", "localhost"}
				] == []
				text := concat(
					"",
					[
						"image ",
						shown([image_2 | image_2 := container.image; image_2 > ""; is_string(image_2)]),
						" is from ",
						shown([registry_2 |
							image_2 := container.image
							image_2 > ""
							is_string(image_2)
							registry_2 := image_registry(image_2)
						]),
					],
				)
			],
			[text |
				image := container.image
				image > ""
				is_string(image)
				repository := image_repository(image)
				startswith(repository, "library/")
				text := concat(
					"",
					[
						"image ",
						shown([image_2 | image_2 := container.image; image_2 > ""; is_string(image_2)]),
						" is ",
						shown([repository_2 |
							image_2 := container.image
							image_2 > ""
							is_string(image_2)
							repository_2 := image_repository(image_2)
						]),
					],
				)
			],
			[text |
				image := container.image
				image > ""
				is_string(image)
				digest := image_digest(image)
				digest != null
				image_2 := container.image
				image_2 > ""
				is_string(image_2)
				digest_2 := image_digest(image_2)
				digest_2 == "sha256:0000000000000000000000000000000000000000000000000000000000000000"
				text := concat(
					"",
					[
						"image ",
						shown([image_3 | image_3 := container.image; image_3 > ""; is_string(image_3)]),
						" is empty",
					],
				)
			],
		]
		text := texts[_]
	]
	failures != []
}

# METADATA
# title: "images/tags"
# description: "The tag alone."
violations contains {"rule": "images/tags", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 != []
}

# METADATA
# title: "images/tags"
# description: "The tag alone."
violations contains {"rule": "images/tags", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 == []
	failures := [text |
		container := its_containers[_]
		image := container.image
		image > ""
		is_string(image)
		tag := image_tag(image)
		tag == "latest"
		text := concat(
			"",
			[
				"image ",
				shown([image_3 | image_3 := container.image; image_3 > ""; is_string(image_3)]),
				" has the tag latest",
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

# The parts of a text that is an image reference.
image_name(text) := split(text, "@")[0]

image_digest(text) := substring(text, indexof(text, "@") + 1, -1) if contains(text, "@")

image_last(text) := parts[count(parts) - 1] if {
	parts := split(image_name(text), "/")
}

written_image_tag(text) := substring(last, indexof(last, ":") + 1, -1) if {
	last := image_last(text)
	contains(last, ":")
}

image_tag(text) := written_image_tag(text) if {
	contains(image_last(text), ":")
} else := "latest" if {
	indexof(text, "@") < 0
}

# The name without its tag, as the host, if it has one, and the path.
image_path(text) := concat("/", array.concat(array.slice(parts, 0, count(parts) - 1), [split(image_last(text), ":")[0]])) if {
	parts := split(image_name(text), "/")
}

image_host(text) := host if {
	path := image_path(text)
	contains(path, "/")
	host := split(path, "/")[0]
	regex.match(`^localhost$|[.:A-Z]`, host)
}

image_hosts(text) := [host | host := image_host(text)]

image_registry(text) := array.concat([host | some host in image_hosts(text); host != "index.docker.io"], ["docker.io"])[0]

image_repository(text) := path if {
	path := image_rest(text)
	[1 | image_registry(text) == "docker.io"; indexof(path, "/") < 0] == []
} else := concat("", ["library/", image_rest(text)])

image_rest(text) := substring(image_path(text), count(concat("/", array.concat(image_hosts(text), [""]))), -1)

# Whether a text is an image reference.
is_image(text) if {
	regex.match(`^(([a-zA-Z0-9]+((\.|-+)[a-zA-Z0-9]+)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?/)?[a-z0-9]+((\.|__?|-+|/)[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128}))?$`, text)
	regex.match(`^[a-f0-9]{64}$`, text) == false
	substring(image_repository(text), 255, 1) == ""
}
