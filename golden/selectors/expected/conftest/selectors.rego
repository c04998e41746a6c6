# METADATA
# title: "selectors"
# description: "Label selectors and maps that select labels."
package main.selectors

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

is_deployment_or_statefulset if {
	{"apps/v1": {"Deployment", "StatefulSet"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_networkpolicy if {
	{"networking.k8s.io/v1": {"NetworkPolicy"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

is_service if {
	{"v1": {"Service"}}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource == ""
}

pod := obj.spec.template if {"apps/v1": {"Deployment", "StatefulSet"}}[obj.apiVersion][obj.kind]

# METADATA
# title: "selectors/own-pods"
# description: "A selector that selects its own Pods."
violations contains {"rule": "selectors/own-pods", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_or_statefulset
	failures := ["the selector does not select the Pods" |
		[1 |
			selects(
				[selector | selector := obj.spec.selector; selector != null],
				[labels | labels := pod.metadata.labels; labels > {}],
			)
		] == []
	]
	failures != []
}

# METADATA
# title: "selectors/everything"
# description: "A selector of labels that need not be there."
violations contains {"rule": "selectors/everything", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_networkpolicy
	failures := ["selects what has its own labels" |
		selects(
			[pod_selector | pod_selector := obj.spec.podSelector; pod_selector != null],
			[labels | labels := obj.metadata.labels; labels > {}],
		)
	]
	failures != []
}

# METADATA
# title: "selectors/service"
# description: "A map."
violations contains {"rule": "selectors/service", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_service
	failures := ["selects its own labels" |
		selects_map(
			[selector | selector := obj.spec.selector; selector > {}],
			[labels | labels := obj.metadata.labels; labels > {}],
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

# A null in a map of strings is an empty string.
label(x) := "" if {
	x == null
} else := x

# Whether a selector selects labels. Both are lists of at most one element.
selects(selectors, labels) if {
	some selector in selectors
	[1 | wanted := selector.matchLabels[key]; [1 | label(labels[0][key]) == label(wanted)] == []] == []
	[1 | expression := selector.matchExpressions[_]; expression != null; [1 | satisfied(expression, labels)] == []] == []
}

satisfied(expression, labels) if {
	expression.operator == "In"
	label(labels[0][expression.key]) == expression.values[_]
}

satisfied(expression, labels) if {
	expression.operator == "NotIn"
	[1 | label(labels[0][expression.key]) == expression.values[_]] == []
}

satisfied(expression, labels) if {
	expression.operator == "Exists"
	label(labels[0][expression.key]) != null
}

satisfied(expression, labels) if {
	expression.operator == "DoesNotExist"
	[1 | label(labels[0][expression.key]) != null] == []
}

# Whether a map of labels, if there is one and it is not empty, is a part of the labels.
selects_map(selectors, labels) if {
	some selector in selectors
	selector != {}
	[1 | wanted := selector[key]; [1 | label(labels[0][key]) == label(wanted)] == []] == []
}
