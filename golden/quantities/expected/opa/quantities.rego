# METADATA
# title: "quantities"
# description: "Quantities compare exactly, whatever their spelling."
package polc.quantities

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

pod_place := "" if {"v1": {"Pod"}}[obj.apiVersion][obj.kind]

pod_place := "spec.template." if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"Job"},
		"v1": {"ReplicationController"},
	}[obj.apiVersion][obj.kind]
}

pod_place := "template." if {"v1": {"PodTemplate"}}[obj.apiVersion][obj.kind]

pod_place := "spec.jobTemplate.spec.template." if {"batch/v1": {"CronJob"}}[obj.apiVersion][obj.kind]

its_containers := [container |
	some field in ["initContainers", "containers"]
	container := pod.spec[field][_]
	container != null
]

unreadable_1 := array.concat(
	["cannot read `c.resources.limits[\"memory\"]`" |
		container := its_containers[_]
		memory := container.resources.limits.memory
		memory != null
		[1 | milli := quantity(memory); milli != null] == []
	],
	array.concat(
		["cannot read `c.resources.requests[\"cpu\"]`" |
			container := its_containers[_]
			entry := array.concat(
				[cpu | cpu := container.resources.requests.cpu; cpu != null],
				[cpu_2 |
					{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
					cpu_2 := container.resources.limits.cpu
					cpu_2 != null
				],
			)[0]
			[1 | milli := quantity(entry); milli != null] == []
		],
		["cannot read `c.resources.limits[\"cpu\"]`" |
			container := its_containers[_]
			cpu := container.resources.limits.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
	),
)

unreadable_2 := array.concat(
	["cannot read `c.resources.requests[\"memory\"]`" |
		container := pod.spec.containers[_]
		container != null
		entry := array.concat(
			[memory | memory := container.resources.requests.memory; memory != null],
			[memory_2 | memory_2 := container.resources.limits.memory; memory_2 != null],
		)[0]
		[1 | milli := quantity(entry); milli != null] == []
	],
	["cannot read `c.resources.limits[\"memory\"]`" |
		container := pod.spec.containers[_]
		memory := container.resources.limits.memory
		memory != null
		[1 | milli := quantity(memory); milli != null] == []
	],
)

unreadable_3 := ["cannot read `object.metadata.annotations[\"example.com/budget\"]`" |
	example_com_budget := label(obj.metadata.annotations["example.com/budget"])
	example_com_budget != null
	[1 | milli := quantity(example_com_budget); milli != null] == []
]

unreadable_4 := [item |
	some list in [
		["cannot read `effectiveRequest(pod, \"cpu\")`" |
			container := its_containers[_]
			cpu := container.resources.requests.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"cpu\")`" |
			container := its_containers[_]
			cpu := container.resources.limits.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"cpu\")`" |
			cpu := pod.spec.resources.requests.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"cpu\")`" |
			cpu := pod.spec.resources.limits.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"cpu\")`" |
			cpu := pod.spec.overhead.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"memory\")`" |
			container := its_containers[_]
			memory := container.resources.requests.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"memory\")`" |
			container := its_containers[_]
			memory := container.resources.limits.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"memory\")`" |
			memory := pod.spec.resources.requests.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"memory\")`" |
			memory := pod.spec.resources.limits.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
		["cannot read `effectiveRequest(pod, \"memory\")`" |
			memory := pod.spec.overhead.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
	]
	item := list[_]
]

unreadable_5 := array.concat(
	[concat("", ["cannot read `", place, "`"]) | some place in unreadable_requests("cpu")],
	[concat("", ["cannot read `", place, "`"]) | some place in unreadable_requests("memory")],
)

# METADATA
# title: "quantities/limits"
# description: "Against constants."
violations contains {"rule": "quantities/limits", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 != []
}

# METADATA
# title: "quantities/limits"
# description: "Against constants."
violations contains {"rule": "quantities/limits", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_1 == []
	failures := [text |
		container := its_containers[_]
		some texts in [
			[text |
				[1 | memory := container.resources.limits.memory; memory != null] == []
				text := concat(
					"",
					["container ", shown([name | name := container.name; is_string(name)]), " has no memory limit"],
				)
			],
			[text |
				[1 |
					memory := container.resources.limits.memory
					memory != null
					milli := quantity(memory)
					milli != null
					milli <= 2147483648000
				] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" may use ",
						shown([quantity_text(milli_2) |
							memory_2 := container.resources.limits.memory
							memory_2 != null
							milli_2 := quantity(memory_2)
							milli_2 != null
						]),
					],
				)
			],
			[text |
				[1 |
					entry := array.concat(
						[cpu | cpu := container.resources.requests.cpu; cpu != null],
						[cpu_2 |
							{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
							cpu_2 := container.resources.limits.cpu
							cpu_2 != null
						],
					)[0]
					milli := quantity(entry)
					milli != null
					milli >= 100
				] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" asks for ",
						shown([quantity_text(milli_2) |
							entry_2 := array.concat(
								[cpu_3 | cpu_3 := container.resources.requests.cpu; cpu_3 != null],
								[cpu_4 |
									{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
									cpu_4 := container.resources.limits.cpu
									cpu_4 != null
								],
							)[0]
							milli_2 := quantity(entry_2)
							milli_2 != null
						]),
						" CPUs",
					],
				)
			],
			[text |
				cpu := container.resources.limits.cpu
				cpu != null
				milli := quantity(cpu)
				milli != null
				milli == 1500
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						": ",
						shown([quantity_text(milli_2) |
							cpu_2 := container.resources.limits.cpu
							cpu_2 != null
							milli_2 := quantity(cpu_2)
							milli_2 != null
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
# title: "quantities/arithmetic"
# description: "Against each other, and added."
violations contains {"rule": "quantities/arithmetic", "msg": message([unreadable_2[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_2 != []
}

# METADATA
# title: "quantities/arithmetic"
# description: "Against each other, and added."
violations contains {"rule": "quantities/arithmetic", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_2 == []
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		[1 |
			value := array.concat(
				[milli |
					entry := array.concat(
						[memory | memory := container.resources.requests.memory; memory != null],
						[memory_2 | memory_2 := container.resources.limits.memory; memory_2 != null],
					)[0]
					milli := quantity(entry)
					milli != null
				],
				[0],
			)[0]
			result := value + 67108864000
			value_2 := array.concat(
				[milli_2 |
					memory_3 := container.resources.limits.memory
					memory_3 != null
					milli_2 := quantity(memory_3)
					milli_2 != null
				],
				[1073741824000],
			)[0]
			result <= value_2
		] == []
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" has ",
				shown([quantity_text(milli_3) |
					memory_4 := container.resources.limits.memory
					memory_4 != null
					milli_3 := quantity(memory_4)
					milli_3 != null
				]),
				" for ",
				shown([quantity_text(milli_3) |
					entry_2 := array.concat(
						[memory_4 | memory_4 := container.resources.requests.memory; memory_4 != null],
						[memory_5 | memory_5 := container.resources.limits.memory; memory_5 != null],
					)[0]
					milli_3 := quantity(entry_2)
					milli_3 != null
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "quantities/texts"
# description: "A text that is to be a quantity."
violations contains {"rule": "quantities/texts", "msg": message([unreadable_3[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_3 != []
}

# METADATA
# title: "quantities/texts"
# description: "A text that is to be a quantity."
violations contains {"rule": "quantities/texts", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_3 == []
	example_com_budget := label(obj.metadata.annotations["example.com/budget"])
	example_com_budget != null
	failures := [text |
		[1 |
			example_com_budget_2 := label(obj.metadata.annotations["example.com/budget"])
			example_com_budget_2 != null
			milli := quantity(example_com_budget_2)
			milli != null
			milli <= 10000
		] == []
		text := concat(
			"",
			[
				"the budget is ",
				shown([quantity_text(milli_2) |
					example_com_budget_3 := label(obj.metadata.annotations["example.com/budget"])
					example_com_budget_3 != null
					milli_2 := quantity(example_com_budget_3)
					milli_2 != null
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "quantities/effective"
# description: "As the scheduler counts."
violations contains {"rule": "quantities/effective", "msg": message([unreadable_4[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_4 != []
}

# METADATA
# title: "quantities/effective"
# description: "As the scheduler counts."
violations contains {"rule": "quantities/effective", "msg": message([unreadable_5[0]]), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_4 == []
	unreadable_5 != []
}

# METADATA
# title: "quantities/effective"
# description: "As the scheduler counts."
violations contains {"rule": "quantities/effective", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	unreadable_4 == []
	unreadable_5 == []
	failures := array.concat(
		[text |
			[1 | request := effective_request("cpu"); request <= 4000] == []
			text := concat(
				"",
				[
					"the Pod asks for ",
					shown([quantity_text(request_2) | request_2 := effective_request("cpu")]),
					" CPUs",
				],
			)
		],
		[text |
			[1 | request := effective_request("memory"); request <= 8589934592000] == []
			text := concat(
				"",
				[
					"the Pod asks for ",
					shown([quantity_text(request_2) | request_2 := effective_request("memory")]),
					" bytes",
				],
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

# A quantity in thousandths, rounded up; undefined when it is unreadable or its magnitude is above 2^53 units.
quantity(x) := milli if {
	parts := regex.find_all_string_submatch_n(quantity_pattern, number_text(x), 1)[0]
	concat("", [parts[2], parts[3]]) != ""
	milli := signed(parts[1], thousandths(parts[2], parts[3], parts[4]))
	milli <= 9007199254740992000
	milli >= -9007199254740992000
}

quantity_pattern := `^([+-]?)([0-9]*)(?:\.([0-9]*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+|)$`

number_text(x) := x if is_string(x)

number_text(x) := json.marshal(x) if is_number(x)

# [n, 1] stands for something between n and n + 1.
signed("-", [floor, _]) := 0 - floor

signed(sign, [floor, more]) := floor + more if sign != "-"

thousandths(whole, fraction, suffix) := shifted(trim_left(concat("", [whole, fraction]), "0"), (power_of_ten(suffix) + 3) - count(fraction))

thousandths(whole, fraction, suffix) := binary(trim_left(whole, "0"), trim_right(fraction, "0"), powers_of_1024[suffix])

power_of_ten(suffix) := {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}[suffix]

power_of_ten(suffix) := exponent(startswith(digits, "-"), trim_left(digits, "+-0")) if {
	regex.match(`^[eE][+-]?[0-9]`, suffix)
	digits := substring(suffix, 1, -1)
}

# Texts are far shorter than a thousand million characters, so a larger exponent decides alone.
exponent(negative, digits) := {true: 0 - size, false: size}[negative] if {
	count(digits) < 10
	size := to_number(concat("", ["1", digits])) - to_number(concat("", ["1", substring("000000000", 0, count(digits))]))
} else := {true: -1000000000, false: 1000000000}[negative]

# The digits times 10^by.
shifted("", _) := [0, 0]

shifted(digits, by) := [0, 1] if {
	digits != ""
	count(digits) + by <= 0
}

shifted(digits, by) := [to_number(concat("", [substring(digits, 0, point), zeros])), more] if {
	digits != ""
	point := count(digits) + by
	point > 0
	point < 20
	zeros := substring("0000000000000000000", 0, point - count(substring(digits, 0, point)))
	more := count(substring(trim_left(substring(concat("", [digits, "0"]), point, -1), "0"), 0, 1))
}

powers_of_1024 := {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}

# The number times 1000 * 1024^power. Undefined where it is certainly above 2^53 units.
binary(whole, "", power) := [(units(whole) * [1, 1024, 1048576, 1073741824, 1099511627776, 1125899906842624, 1152921504606846976][power]) * 1000, 0]

# A fraction is multiplied ten bits at a time, in limbs of six decimal digits; a limb may exceed its six digits by a carry not yet taken.
binary(whole, fraction, power) := [parts[0] + carry, min([1, count([limb | some limb in rest; limb != 0])])] if {
	fraction != ""
	digits := concat("", [fraction, substring("00000", 0, 5 - ((count(fraction) + 5) % 6))])
	start := [units(whole), [limb |
		some index in numbers.range(0, (count(digits) / 6) - 1)
		limb := to_number(concat("", ["1", substring(digits, index * 6, 6)])) - 1000000
	]]
	parts := times(raised(start, power), 1000)
	over := [index | some index, limb in parts[1]; limb >= 1000000; [1 | some earlier in array.slice(parts[1], 0, index); earlier != 999999] == []]
	carry := count(over)
	rest := array.concat([limb | some index in over; limb := parts[1][index] - 1000000], [limb | some index, limb in parts[1]; [1 | index <= over[0]] == []])
}

units("") := 0

units(digits) := to_number(digits) if {
	digits != ""
	count(digits) < 17
}

raised(parts, 1) := times(parts, 1024)

raised(parts, 2) := times(times(parts, 1024), 1024)

raised(parts, 3) := times(times(times(parts, 1024), 1024), 1024)

raised(parts, 4) := times(times(times(times(parts, 1024), 1024), 1024), 1024)

raised(parts, 5) := times(times(times(times(times(parts, 1024), 1024), 1024), 1024), 1024)

raised(parts, 6) := times(times(times(times(times(times(parts, 1024), 1024), 1024), 1024), 1024), 1024)

times([whole, limbs], factor) := [(whole * factor) + carries[0], sums] if {
	carries := [carry | some limb in limbs; carry := ((limb * factor) - ((limb * factor) % 1000000)) / 1000000]
	taken := array.concat(array.slice(carries, 1, count(carries)), [0])
	sums := [total | some index, limb in limbs; total := ((limb * factor) % 1000000) + taken[index]]
}

# A number of thousandths as Kubernetes prints it.
quantity_text(milli) := format_int(milli / 1000, 10) if {
	milli % 1000 == 0
} else := concat("", [format_int(milli, 10), "m"])

# What the Pod asks the scheduler for, in thousandths.
effective_request(resource) := units_up(resource, sum(array.concat([whole], overhead))) if {
	main := [request | container := pod.spec.containers[_]; request := request_of(container, resource)]
	init := [container | container := pod.spec.initContainers[_]; container != null]
	asked := [[request | request := request_of(container, resource)] | some container in init]
	requests := [total | some request in asked; total := sum(request)]
	sidecars := [total |
		some index, container in init
		total := sum([request | container.restartPolicy == "Always"; request := requests[index]])
	]
	peaks := [peak | some index, request in requests; peak := request + sum(array.slice(sidecars, 0, index))]
	counted := max(array.concat([sum(array.concat(main, sidecars)), 0], peaks))
	whole := array.concat(request_of_pod(resource, array.concat(main, [request | some request in asked[_]])), [counted])[0]
	overhead := [request | request := quantity(pod.spec.overhead[resource])]
}

request_of(container, resource) := quantity(container.resources.requests[resource]) if {
	container.resources.requests[resource] != null
} else := quantity(container.resources.limits[resource])

# What is given for the Pod as a whole. Its limit counts where no container asks, and for huge pages always.
request_of_pod(resource, asked) := [request |
	regex.match("^(cpu|memory|hugepages-.*)$", resource)
	request := array.concat(
		[quantity(pod.spec.resources.requests[resource]) | pod.spec.resources.requests[resource] != null],
		[quantity(pod.spec.resources.limits[resource]) | limit_counts(resource, asked)],
	)[0]
]

limit_counts(resource, asked) if {
	asked == []
	pod.spec.resources.limits[resource] != null
}

limit_counts(resource, asked) if {
	asked != []
	startswith(resource, "hugepages-")
	pod.spec.resources.limits[resource] != null
}

units_up("cpu", milli) := milli

units_up(resource, milli) := (milli - part) + more if {
	resource != "cpu"
	part := milli % 1000
	more := {true: 1000, false: 0}[part > 0]
}

# The places of the quantities in it that cannot be read.
unreadable_requests(resource) := array.concat(array.concat(in_containers("containers", resource), in_containers("initContainers", resource)), in_pod(resource))

in_containers(field, resource) := [place |
	container := pod.spec[field][index]
	some list in ["requests", "limits"]
	value := container.resources[list][resource]
	value != null
	[1 | list == "limits"; container.resources.requests[resource] != null] == []
	[1 | milli := quantity(value); milli != null] == []
	place := concat("", [pod_place, "spec.", field, "[", format_int(index, 10), "].resources.", list, resource_key(resource)])
]

in_pod(resource) := [place |
	some list in ["requests", "limits", "overhead"]
	of_resources := [value | list != "overhead"; value := pod.spec.resources[list][resource]]
	of_overhead := [value | list == "overhead"; value := pod.spec.overhead[resource]]
	value := array.concat(of_resources, of_overhead)[0]
	value != null
	[1 | milli := quantity(value); milli != null] == []
	holder := {"requests": "resources.requests", "limits": "resources.limits", "overhead": "overhead"}[list]
	place := concat("", [pod_place, "spec.", holder, resource_key(resource)])
]

resource_key(resource) := concat("", [".", resource]) if {
	regex.match("^[A-Za-z_][A-Za-z0-9_]*$", resource)
} else := concat("", ["[", json.marshal(resource), "]"])
