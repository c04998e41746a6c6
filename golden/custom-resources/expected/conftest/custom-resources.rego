# METADATA
# title: "custom-resources"
# description: "Kinds of CustomResourceDefinitions: their own defaults, no zero dropped, what is null is absent."
package main.custom_resources

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

is_widget if {
	{"example.com/v1": {"Widget"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_zone if {
	{"net.example.com/v1": {"Zone"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_matched if {
	{"example.com/v1": {"Widget"}, "net.example.com/v1": {"Zone"}, "v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

its_replicas := replicas_2 if {
	replicas_2 := array.concat([replicas | replicas := obj.spec.replicas; replicas != null], [1 | obj.spec != null])[0]
}

its_hosts := hosts_2 if {
	hosts_2 := array.concat(
		[hosts | hosts := obj.spec.hosts; hosts != null],
		[["a.example.com", "b.example.com"] | obj.spec != null],
	)[0]
}

its_mode := mode_2 if {
	mode_2 := array.concat([mode | mode := obj.spec.mode; mode != null], ["Safe" | obj.spec != null])[0]
}

its_owner := owner_2 if {
	owner_2 := array.concat(
		[owner | owner := obj.spec.owner; owner != null],
		[value | obj.spec != null; value := {"team": "platform"}],
	)[0]
}

its_pager := pager_2 if {
	pager_2 := array.concat(
		[pager | pager := its_owner.pager; pager != null],
		["none" |
			obj.spec != null
			[1 | [1 | obj.spec.owner != null] == []; obj.spec.owner != null] == []
		],
	)[0]
}

its_routes := routes_2 if {
	routes_2 := array.concat(
		[routes | routes := obj.spec.routes; routes != null],
		[[{"path": "/", "weight": 1}] | obj.spec != null],
	)[0]
}

its_limit := limit_2 if {
	limit_2 := array.concat([limit | limit := obj.spec.limit; limit != null], ["500m" | obj.spec != null])[0]
}

its_spec := spec_2 if spec_2 := array.concat([spec | spec := obj.spec; spec != null], [{}])[0]

its_visibility := visibility_2 if {
	visibility_2 := array.concat(
		[visibility | visibility := its_spec.visibility; visibility != null],
		["Private" |
			[1 | [1 | obj.spec != null] == []; obj.spec != null] == []
		],
	)[0]
}

its_nested := nested_2 if {
	nested_2 := array.concat(
		[nested | nested := its_spec.nested; nested != null],
		[value |
			[1 | [1 | obj.spec != null] == []; obj.spec != null] == []
			value := {"level": 2, "names": ["a"], "more": {"deep": true}}
		],
	)[0]
}

its_count := count_3 if {
	count_3 := array.concat(
		[count_2 | count_2 := its_nested.more.count; count_2 != null],
		[0 | its_nested.more != null],
	)[0]
}

its_selector := selector_2 if {
	selector_2 := array.concat(
		[selector | selector := its_spec.selector; selector != null],
		[value |
			[1 | [1 | obj.spec != null] == []; obj.spec != null] == []
			value := {"app": "web"}
		],
	)[0]
}

unreadable_1 := ["cannot read `object.spec.limit`" |
	limit := its_limit
	[1 | milli := quantity(limit); milli != null] == []
]

# METADATA
# title: "custom-resources/replicas"
violations contains {"rule": "custom-resources/replicas", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_widget
	failures := [text |
		[1 |
			obj.spec != null
			[1 |
				[1 | replicas := obj.spec.replicas; is_number(replicas); replicas >= 1] == []
				obj.spec.replicas != null
			] == []
			obj.spec != null
			[1 |
				[1 | replicas_2 := obj.spec.replicas; is_number(replicas_2); replicas_2 <= 5] == []
				obj.spec.replicas != null
			] == []
		] == []
		text := concat(
			"",
			[shown([format_int(replicas_3, 10) | replicas_3 := its_replicas; is_number(replicas_3)]), " replicas"],
		)
	]
	failures != []
}

# METADATA
# title: "custom-resources/written-zeros"
violations contains {"rule": "custom-resources/written-zeros", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_widget
	failures := [item |
		some list in [
			["label is written and empty" | obj.spec.label != null; obj.spec.label == ""],
			["paused is written and false" | obj.spec.paused != null; not obj.spec.paused == true],
			["hosts is written and empty" |
				obj.spec != null
				number := count([element | element := its_hosts[_]; element != null])
				number == 0
			],
			["labels is written and empty" |
				obj.spec.labels != null
				number := count([entry | entry := label(obj.spec.labels[_]); entry != null])
				number == 0
			],
			["note is empty" | obj.spec.note == ""],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "custom-resources/defaults"
violations contains {"rule": "custom-resources/defaults", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_widget
	failures := [item |
		some list in [
			[concat("", ["mode is ", shown([mode | mode := its_mode; is_string(mode)])]) |
				obj.spec != null
				[1 | not obj.spec.mode == "Safe"; obj.spec.mode != null] == []
			],
			[text |
				its_owner.team == "platform"
				text := concat(
					"",
					[
						"owned by ",
						shown([team | team := its_owner.team; is_string(team)]),
						", ",
						shown([pager | pager := its_pager; is_string(pager)]),
					],
				)
			],
			[text |
				[1 |
					host := its_hosts[_]
					host != null
					[1 | is_string(host); endswith(host, ".example.com")] == []
				] != []
				text := concat(
					"",
					[
						"hosts ",
						shown([concat(", ", [element | element := hosts[_]; is_string(element)]) | hosts := its_hosts]),
					],
				)
			],
			[text |
				route := its_routes[_]
				not route.secure == true
				route.secure != null
				[1 |
					[1 | weight := route.weight; is_number(weight); weight > 5] == []
					route.weight != null
				] == []
				text := concat(
					"",
					[
						"route ",
						shown([path | path := route.path; is_string(path)]),
						" of weight ",
						shown([format_int(weight_3, 10) |
							weight_3 := array.concat([weight_2 | weight_2 := route.weight; weight_2 != null], [10])[0]
							is_number(weight_3)
						]),
						" is not secure",
					],
				)
			],
			[concat("", ["route ", shown([path_2 | path_2 := route_2.path; is_string(path_2)]), " stands twice"]) |
				elements := [value |
					route := its_routes[_]
					route != null
					value := {"element": route, "keys": [[path | path := route.path; path != null]]}
				]
				some position, later in elements
				[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
				route_2 := later.element
				route_2 != null
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "custom-resources/numbers"
violations contains {"rule": "custom-resources/numbers", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_widget
	unreadable_1 != []
}

# METADATA
# title: "custom-resources/numbers"
violations contains {"rule": "custom-resources/numbers", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_widget
	unreadable_1 == []
	failures := array.concat(
		[text |
			limit := its_limit
			milli := quantity(limit)
			milli != null
			milli > 2000
			text := concat(
				"",
				[
					"limit ",
					shown([quantity_text(milli_2) | limit_2 := its_limit; milli_2 := quantity(limit_2); milli_2 != null]),
				],
			)
		],
		array.concat(
			[concat("", ["port ", shown([plain_text(port) | port := obj.spec.port; port != null])]) |
				obj.spec.port != null
				obj.spec.port in {"http", 80}
			],
			["a privileged port" | port := obj.spec.port; is_number(port); port < 1024],
		),
	)
	failures != []
}

# METADATA
# title: "custom-resources/maps"
violations contains {"rule": "custom-resources/maps", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_widget
	not obj.metadata.namespace == "kube-system"
	failures := [item |
		some list in [
			["tier is empty" | tier := label(obj.spec.labels.tier); tier == ""],
			[concat("", [key, " is ", shown([label_2 | is_string(label_2)])]) |
				written := obj.spec.labels[key]
				startswith(key, "example.com/")
				label_2 := label(written)
				not label_2 == "yes"
			],
			["no options" | [1 | obj.spec.options != null] == []],
			[text |
				not obj.spec.template.kind == "Pod"
				text := concat(
					"",
					[
						"a template of ",
						shown([kind | kind := obj.spec.template.kind; kind > ""; is_string(kind)]),
						" ",
						shown([name | name := obj.spec.template.metadata.name; name > ""; is_string(name)]),
					],
				)
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "custom-resources/zones"
# description: "Zones."
violations contains {"rule": "custom-resources/zones", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_zone
	failures := [item |
		some list in [
			[text |
				[1 |
					[1 | [1 | obj.spec != null] == []; obj.spec != null] == []
					[1 | not its_spec.visibility == "Private"; its_spec.visibility != null] == []
				] == []
				text := concat(
					"",
					[
						shown([name | name := obj.metadata.name; name > ""; is_string(name)]),
						" is ",
						shown([visibility | visibility := its_visibility; is_string(visibility)]),
					],
				)
			],
			[text |
				level := its_nested.level
				is_number(level)
				level > 2
				text := concat(
					"",
					["level ", shown([format_int(level_2, 10) | level_2 := its_nested.level; is_number(level_2)])],
				)
			],
			[text |
				its_nested.more.deep == true
				count_2 := its_nested.more.count
				is_number(count_2)
				count_2 > 0
				text := concat(
					"",
					[
						shown([format_int(count_3, 10) | count_3 := its_count; is_number(count_3)]),
						" deep, ",
						shown([concat(", ", [element | element := names[_]; is_string(element)]) |
							names := its_nested.names
							names != null
						]),
					],
				)
			],
			["b" | "b" in its_nested.names],
			["web" | its_selector.app == "web"; its_nested.more != null],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "custom-resources/both"
violations contains {"rule": "custom-resources/both", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_matched
	[1 |
		[1 | {"net.example.com/v1": {"Zone"}}[obj.apiVersion][obj.kind]] == []
		obj.metadata.namespace in {"kube-system"}
	] == []
	failures := [concat("", [shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no team"]) |
		[1 | team := label(obj.metadata.labels.team); is_string(team); startswith(team, "t")] == []
		[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
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

plain_text(x) := x if is_string(x)

plain_text(x) := format_int(x, 10) if is_number(x)

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
