# METADATA
# title: "aggregates"
# description: "Counts, sums, least and greatest."
package main.aggregates

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

pod := obj if {"v1": {"Pod"}}[obj.apiVersion][obj.kind]

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

unreadable_1 := array.concat(
	["cannot read `c.resources.requests[\"cpu\"]`" |
		container := pod.spec.containers[_]
		container != null
		entry := array.concat(
			[cpu | cpu := container.resources.requests.cpu; cpu != null],
			[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
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

# METADATA
# title: "aggregates/counts"
# description: "How many."
violations contains {"rule": "aggregates/counts", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			[text |
				[1 |
					number := count([container | container := its_containers[_]; container.name != null])
					number <= 5
				] == []
				text := concat(
					"",
					[
						shown([format_int(number_2, 10) |
							number_2 := count([container_2 | container_2 := its_containers[_]; container_2.name != null])
						]),
						" containers",
					],
				)
			],
			["several hostPath volumes" |
				number := count([volume | volume := pod.spec.volumes[_]; volume.hostPath != null])
				number > 1
			],
			["three volumes" |
				number := count([element | element := pod.spec.volumes[_]; element != null])
				number == 3
			],
			["more than two labels" |
				number := count([entry | entry := label(obj.metadata.labels[_]); entry != null])
				number > 2
			],
			["a long name" |
				name := obj.metadata.name
				name > ""
				is_string(name)
				length := count(regex.find_n("(?s).", name, -1))
				length > 20
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "aggregates/sums"
# description: "How much."
violations contains {"rule": "aggregates/sums", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_1 != []
}

# METADATA
# title: "aggregates/sums"
# description: "How much."
violations contains {"rule": "aggregates/sums", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_1 == []
	failures := array.concat(
		[text |
			[1 |
				total := sum([milli |
					container := pod.spec.containers[_]
					container != null
					entry := array.concat(
						[cpu | cpu := container.resources.requests.cpu; cpu != null],
						[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
					)[0]
					milli := quantity(entry)
					milli != null
				])
				total <= 2000
			] == []
			text := concat(
				"",
				[
					"all together ",
					shown([quantity_text(total_2) |
						total_2 := sum([milli_2 |
							container_2 := pod.spec.containers[_]
							container_2 != null
							entry_2 := array.concat(
								[cpu_3 | cpu_3 := container_2.resources.requests.cpu; cpu_3 != null],
								[cpu_4 | cpu_4 := container_2.resources.limits.cpu; cpu_4 != null],
							)[0]
							milli_2 := quantity(entry_2)
							milli_2 != null
						])
					]),
					" CPUs",
				],
			)
		],
		array.concat(
			[text |
				[1 |
					greatest := max([period_seconds_2 |
						container := pod.spec.containers[_]
						container != null
						period_seconds_2 := array.concat(
							[period_seconds |
								period_seconds := container.livenessProbe.periodSeconds
								period_seconds != null
								period_seconds != 0
							],
							[10 | container.livenessProbe != null],
						)[0]
					])
					greatest <= 60
				] == []
				text := concat(
					"",
					[
						"a probe every ",
						shown([format_int(greatest_2, 10) |
							greatest_2 := max([period_seconds_4 |
								container_2 := pod.spec.containers[_]
								container_2 != null
								period_seconds_4 := array.concat(
									[period_seconds_3 |
										period_seconds_3 := container_2.livenessProbe.periodSeconds
										period_seconds_3 != null
										period_seconds_3 != 0
									],
									[10 | container_2.livenessProbe != null],
								)[0]
							])
						]),
						" s",
					],
				)
			],
			[text |
				least := min([milli |
					container := pod.spec.containers[_]
					memory := container.resources.limits.memory
					memory != null
					milli := quantity(memory)
					milli != null
				])
				least < 16777216000
				text := concat(
					"",
					[
						"too little memory: ",
						shown([quantity_text(least_2) |
							least_2 := min([milli_2 |
								container_2 := pod.spec.containers[_]
								memory_2 := container_2.resources.limits.memory
								memory_2 != null
								milli_2 := quantity(memory_2)
								milli_2 != null
							])
						]),
					],
				)
			],
		),
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
