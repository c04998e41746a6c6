# METADATA
# title: "int-or-string"
# description: "Numbers, names and percentages in one field."
package polc.int_or_string

obj := input.request.object if input.kind == "AdmissionReview"

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_poddisruptionbudget if {
	{"policy/v1": {"PodDisruptionBudget"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_pod if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_deployment if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

pod := object.get(
	obj,
	{"apps/v1": {"Deployment": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

its_strategy := strategy_2 if {
	strategy_2 := array.concat(
		[strategy | strategy := obj.spec.strategy; strategy != null],
		[value | obj.spec != null; value := {}],
	)[0]
}

its_value := {} if {
	obj.spec != null
	[1 | [1 | obj.spec.strategy != null] == []; obj.spec.strategy != null] == []
	[1 | not its_strategy.type == "RollingUpdate"; its_strategy.type > ""] == []
}

its_rolling_update := rolling_update_2 if {
	rolling_update_2 := array.concat(
		[rolling_update | rolling_update := its_strategy.rollingUpdate; rolling_update != null],
		[value |
			obj.spec != null
			[1 | [1 | obj.spec.strategy != null] == []; obj.spec.strategy != null] == []
			value := its_value
		],
	)[0]
}

its_max_surge := max_surge_2 if {
	max_surge_2 := array.concat(
		[max_surge | max_surge := its_rolling_update.maxSurge; max_surge != null],
		["25%" |
			[1 |
				[1 | its_strategy.rollingUpdate != null] == []
				[1 |
					obj.spec != null
					[1 | [1 | obj.spec.strategy != null] == []; obj.spec.strategy != null] == []
					obj.spec != null
					[1 | [1 | obj.spec.strategy != null] == []; obj.spec.strategy != null] == []
					[1 | not its_strategy.type == "RollingUpdate"; its_strategy.type > ""] == []
				] == []
			] == []
		],
	)[0]
}

# METADATA
# title: "int-or-string/bounds"
# description: "Each kind by itself."
violations contains {"rule": "int-or-string/bounds", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_poddisruptionbudget
	failures := [item |
		some list in [
			[text |
				obj.spec.minAvailable == 0
				text := concat(
					"",
					[
						"minAvailable is ",
						shown([plain_text(min_available) |
							min_available := obj.spec.minAvailable
							min_available != null
						]),
					],
				)
			],
			[text |
				obj.spec.minAvailable == "100%"
				text := concat(
					"",
					[
						"minAvailable is ",
						shown([plain_text(min_available) |
							min_available := obj.spec.minAvailable
							min_available != null
						]),
					],
				)
			],
			[text |
				max_unavailable := obj.spec.maxUnavailable
				is_string(max_unavailable)
				regex.match("^[0-9]{1,9}%$", max_unavailable)
				digits := concat("", ["1000000000", trim_suffix(max_unavailable, "%")])
				percent := to_number(concat("", ["1", substring(digits, count(digits) - 9, -1)])) - 1000000000
				percent != null
				[1 |
					max_unavailable_2 := obj.spec.maxUnavailable
					is_string(max_unavailable_2)
					regex.match("^[0-9]{1,9}%$", max_unavailable_2)
					digits_2 := concat("", ["1000000000", trim_suffix(max_unavailable_2, "%")])
					percent_2 := to_number(concat("", ["1", substring(digits_2, count(digits_2) - 9, -1)])) - 1000000000
					percent_2 >= 10
				] == []
				text := concat(
					"",
					[
						"maxUnavailable is ",
						shown([plain_text(max_unavailable_3) |
							max_unavailable_3 := obj.spec.maxUnavailable
							max_unavailable_3 != null
						]),
					],
				)
			],
			["set minAvailable or maxUnavailable, and only one" |
				truth := [1 | obj.spec.minAvailable != null] != []
				truth_2 := [1 | obj.spec.maxUnavailable != null] != []
				truth == truth_2
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "int-or-string/ports"
# description: "A port by number or by name."
violations contains {"rule": "int-or-string/ports", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container.livenessProbe.httpGet.port != null
		[1 |
			port := container.ports[_]
			port != null
			[1 |
				[1 |
					container_port := port.containerPort
					container_port != null
					port_2 := container.livenessProbe.httpGet.port
					is_number(port_2)
					container_port == port_2
				] == []
				[1 |
					name := port.name
					name > ""
					port_3 := container.livenessProbe.httpGet.port
					is_string(port_3)
					name == port_3
				] == []
			] == []
		] == []
		text := concat(
			"",
			[
				"container ",
				shown([name_2 | name_2 := container.name; is_string(name_2)]),
				" is probed at ",
				shown([plain_text(port_4) | port_4 := container.livenessProbe.httpGet.port; port_4 != null]),
				", where nothing listens",
			],
		)
	]
	failures != []
}

# METADATA
# title: "int-or-string/rollout"
# description: "The default of a rollout."
violations contains {"rule": "int-or-string/rollout", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment
	failures := [concat("", ["surges by ", shown([plain_text(max_surge_2) | max_surge_2 := its_max_surge])]) |
		max_surge := its_max_surge
		is_string(max_surge)
		regex.match("^[0-9]{1,9}%$", max_surge)
		digits := concat("", ["1000000000", trim_suffix(max_surge, "%")])
		percent := to_number(concat("", ["1", substring(digits, count(digits) - 9, -1)])) - 1000000000
		percent > 50
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

plain_text(x) := x if is_string(x)

plain_text(x) := format_int(x, 10) if is_number(x)
