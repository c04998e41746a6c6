# METADATA
# title: "operations"
# description: "Creation, update and deletion, and what an object was before."
package main.operations

deny contains violation if {
	some violation in violations
	violation.action == "deny"
}

# conftest has nothing that only records: what is audited is warned of.
warn contains violation if {
	some violation in violations
	violation.action != "deny"
}

obj := input.request.object if {
	input.kind == "AdmissionReview"
	not input.request.operation == "DELETE"
}

obj := input.request.oldObject if {
	input.kind == "AdmissionReview"
	input.request.operation == "DELETE"
}

obj := input if not input.kind == "AdmissionReview"

operation := input.request.operation if input.kind == "AdmissionReview"

operation := "CREATE" if not input.kind == "AdmissionReview"

subresource := object.get(input.request, "subResource", "") if input.kind == "AdmissionReview"

subresource := "" if not input.kind == "AdmissionReview"

is_deployment_on_create if {
	{"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE"}
	subresource == ""
}

is_configmap_on_create_or_update_or_delete if {
	{"v1": {"ConfigMap"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE", "DELETE"}
	subresource == ""
}

is_pod_on_create_or_delete if {
	{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "DELETE"}
	subresource == ""
}

pod := object.get(
	obj,
	{"apps/v1": {"Deployment": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

its_termination_grace_period_seconds := termination_grace_period_seconds_2 if {
	termination_grace_period_seconds_2 := array.concat(
		[termination_grace_period_seconds |
			termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
			termination_grace_period_seconds != null
		],
		[30 | pod.spec != null],
	)[0]
}

# METADATA
# title: "operations/born-labelled"
# description: "On creation only."
violations contains {"rule": "operations/born-labelled", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_on_create
	failures := [text |
		[1 | team := label(obj.metadata.labels.team); team != null] == []
		text := concat(
			"",
			["the Deployment ", shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no team"],
		)
	]
	failures != []
}

# METADATA
# title: "operations/always-owned"
# description: "Of each operation."
violations contains {"rule": "operations/always-owned", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_configmap_on_create_or_update_or_delete
	not obj.metadata.namespace == "kube-system"
	failures := [text |
		[1 | owner := label(obj.metadata.labels.owner); owner != null] == []
		text := concat(
			"",
			["the ConfigMap ", shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has no owner"],
		)
	]
	failures != []
}

# METADATA
# title: "operations/pods-stop-in-time"
# description: "A deleted Pod is read like any other."
violations contains {"rule": "operations/pods-stop-in-time", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod_on_create_or_delete
	failures := [text |
		[1 |
			pod.spec != null
			[1 |
				[1 |
					termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
					is_number(termination_grace_period_seconds)
					termination_grace_period_seconds <= 300
				] == []
				pod.spec.terminationGracePeriodSeconds != null
			] == []
		] == []
		text := concat(
			"",
			[
				"the Pod may take ",
				shown([format_int(termination_grace_period_seconds_2, 10) |
					termination_grace_period_seconds_2 := its_termination_grace_period_seconds
					is_number(termination_grace_period_seconds_2)
				]),
				" seconds",
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
