# METADATA
# title: "defaults"
# description: "What the API server fills in counts as written."
package main.defaults

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

is_workload if {
	{
		"apps/v1": {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
		"batch/v1": {"CronJob", "Job"},
		"v1": {"Pod", "PodTemplate", "ReplicationController"},
	}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

is_deployment_or_pod if {
	{"apps/v1": {"Deployment"}, "v1": {"Pod"}}[obj.apiVersion][obj.kind]
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

its_restart_policy := restart_policy_2 if {
	restart_policy_2 := array.concat(
		[restart_policy | restart_policy := pod.spec.restartPolicy; restart_policy > ""],
		["Always" | pod.spec != null],
	)[0]
}

its_termination_grace_period_seconds := termination_grace_period_seconds_2 if {
	termination_grace_period_seconds_2 := array.concat(
		[termination_grace_period_seconds |
			termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
			termination_grace_period_seconds != null
		],
		[30 | pod.spec != null],
	)[0]
}

its_dns_policy := dns_policy_2 if {
	dns_policy_2 := array.concat(
		[dns_policy | dns_policy := pod.spec.dnsPolicy; dns_policy > ""],
		["ClusterFirst" | pod.spec != null],
	)[0]
}

its_containers := [container |
	some field in ["initContainers", "containers", "ephemeralContainers"]
	container := pod.spec[field][_]
	container != null
]

its_replicas := replicas_2 if {
	replicas_2 := array.concat([replicas | replicas := obj.spec.replicas; replicas != null], [1 | obj.spec != null])[0]
}

# METADATA
# title: "defaults/plain"
# description: "Plain defaults."
violations contains {"rule": "defaults/plain", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	failures := array.concat(
		[text |
			pod.spec != null
			[1 | not pod.spec.restartPolicy == "Always"; pod.spec.restartPolicy > ""] == []
			termination_grace_period_seconds := pod.spec.terminationGracePeriodSeconds
			is_number(termination_grace_period_seconds)
			termination_grace_period_seconds > 30
			text := concat(
				"",
				[
					shown([restart_policy | restart_policy := its_restart_policy; is_string(restart_policy)]),
					" after ",
					shown([format_int(termination_grace_period_seconds_2, 10) |
						termination_grace_period_seconds_2 := its_termination_grace_period_seconds
						is_number(termination_grace_period_seconds_2)
					]),
					" s",
				],
			)
		],
		array.concat(
			[text |
				pod.spec.dnsPolicy == "Default"
				text := concat(
					"",
					["dnsPolicy is ", shown([dns_policy | dns_policy := its_dns_policy; is_string(dns_policy)])],
				)
			],
			[text |
				container := pod.spec.containers[_]
				container != null
				text := array.concat(
					[text |
						period_seconds := container.livenessProbe.periodSeconds
						period_seconds != 0
						is_number(period_seconds)
						period_seconds < 10
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" is probed every ",
								shown([format_int(period_seconds_3, 10) |
									period_seconds_3 := array.concat(
										[period_seconds_2 |
											period_seconds_2 := container.livenessProbe.periodSeconds
											period_seconds_2 != null
											period_seconds_2 != 0
										],
										[10 | container.livenessProbe != null],
									)[0]
									is_number(period_seconds_3)
								]),
								" s",
							],
						)
					],
					[text |
						port := container.ports[_]
						not port.protocol == "TCP"
						port.protocol > ""
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								": ",
								shown([protocol_2 |
									protocol_2 := array.concat(
										[protocol | protocol := port.protocol; protocol > ""],
										["TCP"],
									)[0]
									is_string(protocol_2)
								]),
							],
						)
					],
				)[_]
			],
		),
	)
	failures != []
}

# METADATA
# title: "defaults/pull-policy"
# description: "A default that depends on another field."
violations contains {"rule": "defaults/pull-policy", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_workload
	failures := [text |
		container := its_containers[_]
		not container.imagePullPolicy == "Always"
		[1 |
			[1 | container.imagePullPolicy > ""] == []
			image := container.image
			image > ""
			is_string(image)
			tag := image_tag(image)
			tag == "latest"
		] == []
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" pulls ",
				shown([image_pull_policy_2 |
					image_pull_policy_2 := array.concat(
						[image_pull_policy | image_pull_policy := container.imagePullPolicy; image_pull_policy > ""],
						[value |
							value := array.concat(
								["Always" |
									image_3 := container.image
									image_3 > ""
									is_string(image_3)
									tag_3 := image_tag(image_3)
									tag_3 == "latest"
								],
								["IfNotPresent" |
									[1 |
										image_4 := container.image
										image_4 > ""
										is_string(image_4)
										tag_4 := image_tag(image_4)
										tag_4 == "latest"
									] == []
								],
							)[0]
						],
					)[0]
					is_string(image_pull_policy_2)
				]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "defaults/host-port"
# description: "A default of a Pod that a template has not."
violations contains {"rule": "defaults/host-port", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment_or_pod
	failures := [text |
		container := pod.spec.containers[_]
		port := container.ports[_]
		port != null
		[1 |
			not port.hostPort == 80
			[1 |
				[1 | host_port := port.hostPort; host_port != null; host_port != 0] == []
				{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
				pod.spec.hostNetwork == true
				port.containerPort == 80
			] == []
		] == []
		text := concat(
			"",
			[
				"container ",
				shown([name | name := container.name; is_string(name)]),
				" takes the port ",
				shown([format_int(host_port_3, 10) |
					host_port_3 := array.concat(
						[host_port_2 | host_port_2 := port.hostPort; host_port_2 != null; host_port_2 != 0],
						[container_port |
							{"v1": {"Pod"}}[obj.apiVersion][obj.kind]
							pod.spec.hostNetwork == true
							container_port := port.containerPort
							container_port != null
						],
					)[0]
					is_number(host_port_3)
				]),
				" of the node",
			],
		)
	]
	failures != []
}

# METADATA
# title: "defaults/coalesce"
# description: "A default of the author."
violations contains {"rule": "defaults/coalesce", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_deployment
	failures := array.concat(
		[text |
			[1 | replicas := obj.spec.replicas; is_number(replicas); replicas >= 2] == []
			text := concat(
				"",
				[shown([format_int(replicas_2, 10) | replicas_2 := its_replicas; is_number(replicas_2)]), " replicas"],
			)
		],
		["no tier" |
			[1 | not obj.metadata.labels.tier == "none"; tier := label(obj.metadata.labels.tier); tier != null] == []
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
