# METADATA
# title: "unique"
# description: "Elements that differ in their keys."
package polc.unique

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

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
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

# METADATA
# title: "unique/names"
# description: "One key."
violations contains {"rule": "unique/names", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	failures := [text |
		elements := [value |
			container := its_containers[_]
			value := {"element": container, "keys": [[name | name := container.name; name != null]]}
		]
		some position, later in elements
		[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
		container_2 := later.element
		container_2 != null
		text := concat(
			"",
			["two containers are called ", shown([name_2 | name_2 := container_2.name; is_string(name_2)])],
		)
	]
	failures != []
}

# METADATA
# title: "unique/ports"
# description: "Several keys, of which some may be absent."
violations contains {"rule": "unique/ports", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		elements := [value |
			port := container.ports[_]
			port != null
			[1 |
				[1 | host_port := port.hostPort; host_port != null; host_port != 0] == []
				[1 | pod.spec.hostNetwork == true; port.containerPort != null] == []
			] == []
			value := {
				"element": port,
				"keys": [
					[protocol_2 |
						protocol_2 := array.concat([protocol | protocol := port.protocol; protocol > ""], ["TCP"])[0]
					],
					[host_ip | host_ip := port.hostIP; host_ip > ""],
					[host_port_3 |
						host_port_3 := array.concat(
							[host_port_2 | host_port_2 := port.hostPort; host_port_2 != null; host_port_2 != 0],
							[container_port |
								pod.spec.hostNetwork == true
								container_port := port.containerPort
								container_port != null
							],
						)[0]
					],
				],
			}
		]
		some position, later in elements
		[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
		port_2 := later.element
		port_2 != null
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				": ",
				shown([protocol_4 |
					protocol_4 := array.concat([protocol_3 | protocol_3 := port_2.protocol; protocol_3 > ""], ["TCP"])[0]
					is_string(protocol_4)
				]),
				" ",
				shown([host_ip_2 | host_ip_2 := port_2.hostIP; host_ip_2 > ""; is_string(host_ip_2)]),
				":",
				shown([format_int(host_port_5, 10) |
					host_port_5 := array.concat(
						[host_port_4 | host_port_4 := port_2.hostPort; host_port_4 != null; host_port_4 != 0],
						[container_port_2 |
							pod.spec.hostNetwork == true
							container_port_2 := port_2.containerPort
							container_port_2 != null
						],
					)[0]
					is_number(host_port_5)
				]),
				" twice",
			],
		)
	]
	failures != []
}

# METADATA
# title: "unique/mounts"
# description: "A key that is computed."
violations contains {"rule": "unique/mounts", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text_2 |
		container := its_containers[_]
		elements := [value |
			volume_mount := container.volumeMounts[_]
			volume_mount != null
			value := {
				"element": volume_mount,
				"keys": [
					[text |
						mount_path := volume_mount.mountPath
						is_string(mount_path)
						text := strings.replace_n(lower_letters, mount_path)
					],
				],
			}
		]
		some position, later in elements
		[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
		volume_mount_2 := later.element
		volume_mount_2 != null
		text_2 := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" mounts twice at ",
				shown([mount_path_2 | mount_path_2 := volume_mount_2.mountPath; is_string(mount_path_2)]),
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

# Of ASCII letters only.
lower_letters := {"A": "a", "B": "b", "C": "c", "D": "d", "E": "e", "F": "f", "G": "g", "H": "h", "I": "i", "J": "j", "K": "k", "L": "l", "M": "m", "N": "n", "O": "o", "P": "p", "Q": "q", "R": "r", "S": "s", "T": "t", "U": "u", "V": "v", "W": "w", "X": "x", "Y": "y", "Z": "z"}

upper_letters := {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E", "f": "F", "g": "G", "h": "H", "i": "I", "j": "J", "k": "K", "l": "L", "m": "M", "n": "N", "o": "O", "p": "P", "q": "Q", "r": "R", "s": "S", "t": "T", "u": "U", "v": "V", "w": "W", "x": "X", "y": "Y", "z": "Z"}
