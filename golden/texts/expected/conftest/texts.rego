# METADATA
# title: "texts"
# description: "Functions of texts and lists."
package main.texts

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

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_namespace if {
	{"v1": {"Namespace"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

pod := obj if {"v1": {"Pod"}}[obj.apiVersion][obj.kind]

its_value := value if value := array.concat([name | name := obj.metadata.name; name > ""], ["pod"])[0]

its_value_2 := value if {
	value := array.concat(
		[pod_security_kubernetes_io_warn |
			pod_security_kubernetes_io_warn := label(obj.metadata.labels["pod-security.kubernetes.io/warn"])
			pod_security_kubernetes_io_warn != null
		],
		["restricted"],
	)[0]
}

its_value_3 := value if {
	value := array.concat(
		[pod_security_kubernetes_io_enforce |
			pod_security_kubernetes_io_enforce := label(obj.metadata.labels["pod-security.kubernetes.io/enforce"])
			pod_security_kubernetes_io_enforce != null
		],
		["privileged"],
	)[0]
}

its_dns_policy := dns_policy_2 if {
	dns_policy_2 := array.concat(
		[dns_policy | dns_policy := pod.spec.dnsPolicy; dns_policy > ""],
		["ClusterFirst" | pod.spec != null],
	)[0]
}

# METADATA
# title: "texts/parts"
# description: "Parts of texts."
violations contains {"rule": "texts/parts", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[text |
			volume := pod.spec.volumes[_]
			volume != null
			some texts in [
				[text |
					".." in [element |
						path := volume.hostPath.path
						path != null
						is_string(path)
						parts := split(path, "/")
						parts != null
						element := parts[_]
						element != null
					]
					text := concat(
						"",
						[
							"volume ",
							shown([name | name := volume.name; is_string(name)]),
							" steps back: ",
							shown([path_2 | path_2 := volume.hostPath.path; is_string(path_2)]),
						],
					)
				],
				[text_2 |
					[1 |
						name := volume.name
						is_string(name)
						text := strings.replace_n(lower_letters, name)
						name_2 := volume.name
						name_2 != null
						text == name_2
					] == []
					text_2 := concat(
						"",
						[
							"volume ",
							shown([name_3 | name_3 := volume.name; is_string(name_3)]),
							" is ",
							shown([text_2 |
								name_3 := volume.name
								is_string(name_3)
								text_2 := strings.replace_n(lower_letters, name_3)
							]),
							" or ",
							shown([text_2 |
								name_3 := volume.name
								is_string(name_3)
								text_2 := strings.replace_n(upper_letters, name_3)
							]),
						],
					)
				],
				[concat("", ["volume ", shown([name_2 | name_2 := volume.name; is_string(name_2)]), " is data"]) |
					name := volume.name
					is_string(name)
					text := replace(name, "-", "")
					text == "data"
				],
				[text |
					name := volume.name
					is_string(name)
					contains(name, "--")
					text := concat(
						"",
						["volume ", shown([name_2 | name_2 := volume.name; is_string(name_2)]), " has a double dash"],
					)
				],
			]
			text := texts[_]
		],
		[text |
			container := pod.spec.containers[_]
			container != null
			text := array.concat(
				[text_2 |
					text := concat(
						" ",
						[part |
							some part in [element | element := container.command[_]; element != null]
							is_string(part)
						],
					)
					startswith(text, "sh -c ")
					text_2 := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							" runs ",
							shown([text_2 |
								text_2 := concat(
									" ",
									[part_2 |
										some part_2 in [element_2 |
											element_2 := container.command[_]
											element_2 != null
										]
										is_string(part_2)
									],
								)
							]),
						],
					)
				],
				[text_2 |
					name := container.name
					name != null
					value := its_value
					is_string(value)
					text := concat("", [value, "-main"])
					name == text
					text_2 := concat(
						"",
						[
							"container ",
							shown([name_2 | name_2 := container.name; is_string(name_2)]),
							" is named after the Pod",
						],
					)
				],
			)[_]
		],
	)
	failures != []
}

# METADATA
# title: "texts/ranks"
# description: "Positions in a list of the author."
violations contains {"rule": "texts/ranks", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_namespace
	failures := ["warns less than it enforces" |
		[1 |
			elements := ["privileged", "baseline", "restricted"]
			position := array.concat([index | value := its_value_2; value != null; elements[index] == value], [-1])[0]
			elements_2 := ["privileged", "baseline", "restricted"]
			position_2 := array.concat(
				[index_2 | value_2 := its_value_3; value_2 != null; elements_2[index_2] == value_2],
				[-1],
			)[0]
			position >= position_2
		] == []
	]
	failures != []
}

# METADATA
# title: "texts/values"
# description: "Conditions as values."
violations contains {"rule": "texts/values", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[text |
			[1 |
				pod.spec.hostNetwork == true
				pod.spec != null
				[1 |
					not pod.spec.dnsPolicy == "ClusterFirst"
					not pod.spec.dnsPolicy == "ClusterFirstWithHostNet"
					pod.spec.dnsPolicy > ""
				] == []
			] == []
			pod.spec.hostNetwork == true
			text := concat(
				"",
				["dnsPolicy is ", shown([dns_policy | dns_policy := its_dns_policy; is_string(dns_policy)])],
			)
		],
		[text |
			[1 |
				host_pid := pod.spec.hostPID
				host_pid == true
				host_ipc := pod.spec.hostIPC
				host_ipc == true
				host_pid == host_ipc
			] == []
			text := concat(
				"",
				[
					"hostPID is ",
					shown([json.marshal(host_pid_2) | host_pid_2 := pod.spec.hostPID; host_pid_2 == true]),
					", hostIPC ",
					shown([json.marshal(host_ipc_2) | host_ipc_2 := pod.spec.hostIPC; host_ipc_2 == true]),
				],
			)
		],
	)
	failures != []
}

# METADATA
# title: "texts/lists"
# description: "Lists in messages."
violations contains {"rule": "texts/lists", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container.securityContext.capabilities.add > []
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" adds ",
				shown([concat(", ", [element | element := add[_]; is_string(element)]) |
					add := container.securityContext.capabilities.add
					add > []
				]),
				": ",
				shown([text |
					text := concat(
						", ",
						[element_2 |
							element_2 := array.concat(
								["a"],
								array.concat(
									[element |
										element := container.securityContext.capabilities.add[_]
										element != null
									],
									["z"],
								),
							)[_]
							is_string(element_2)
						],
					)
				]),
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

# A null in a map of strings is an empty string.
label(x) := "" if {
	x == null
} else := x

# Of ASCII letters only.
lower_letters := {"A": "a", "B": "b", "C": "c", "D": "d", "E": "e", "F": "f", "G": "g", "H": "h", "I": "i", "J": "j", "K": "k", "L": "l", "M": "m", "N": "n", "O": "o", "P": "p", "Q": "q", "R": "r", "S": "s", "T": "t", "U": "u", "V": "v", "W": "w", "X": "x", "Y": "y", "Z": "z"}

upper_letters := {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E", "f": "F", "g": "G", "h": "H", "i": "I", "j": "J", "k": "K", "l": "L", "m": "M", "n": "N", "o": "O", "p": "P", "q": "Q", "r": "R", "s": "S", "t": "T", "u": "U", "v": "V", "w": "W", "x": "X", "y": "Y", "z": "Z"}
