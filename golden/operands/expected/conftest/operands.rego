# METADATA
# title: "operands"
# description: "What may stand on either side of a comparison: constants, zeros, computed values, lists, maps, and what may be absent."
package main.operands

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

is_matched if {
	{
		"apps/v1": {"Deployment"},
		"events.k8s.io/v1": {"Event"},
		"rbac.authorization.k8s.io/v1": {"ClusterRole"},
		"v1": {"Namespace", "Pod"},
	}[obj.apiVersion][obj.kind]
	operation in {"CREATE", "UPDATE"}
	subresource in {"", "ephemeralcontainers", "resize"}
}

pod := object.get(
	obj,
	{"apps/v1": {"Deployment": ["spec", "template"]}, "v1": {"Pod": []}}[obj.apiVersion][obj.kind],
	null,
)

pod_place := "" if {"v1": {"Pod"}}[obj.apiVersion][obj.kind]

pod_place := "spec.template." if {"apps/v1": {"Deployment"}}[obj.apiVersion][obj.kind]

its_value := value if value := array.concat([hostname | hostname := pod.spec.hostname; hostname > ""], ["memory"])[0]

its_containers := [container |
	some field in ["initContainers", "containers"]
	container := pod.spec[field][_]
	container != null
]

its_value_2 := value if {
	value := array.concat(
		[labels | pod.spec.hostNetwork == true; labels := obj.metadata.labels; labels > {}],
		[annotations | not pod.spec.hostNetwork == true; annotations := obj.metadata.annotations; annotations > {}],
	)[0]
}

its_value_3 := value if {
	value := array.concat(
		[annotations | annotations := obj.metadata.annotations; annotations > {}],
		[labels | labels := obj.metadata.labels; labels > {}],
	)[0]
}

its_value_4 := value if {
	value := array.concat(
		[priority_class_name | priority_class_name := pod.spec.priorityClassName; priority_class_name > ""],
		[class | class := label(obj.metadata.labels.class); class != null],
	)[0]
}

its_value_5 := value if value := array.concat([node_name | node_name := pod.spec.nodeName; node_name > ""], ["none"])[0]

its_value_6 := value if value := array.concat([priority | priority := pod.spec.priority; priority != null], [0])[0]

unreadable_1 := array.concat(
	["cannot read `c.resources.limits[\"memory\"]`" |
		container := pod.spec.containers[_]
		memory := container.resources.limits.memory
		memory != null
		[1 | milli := quantity(memory); milli != null] == []
	],
	array.concat(
		["cannot read `c.resources.requests[\"cpu\"]`" |
			container := pod.spec.containers[_]
			container != null
			entry := array.concat(
				[cpu | cpu := container.resources.requests.cpu; cpu != null],
				[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
			)[0]
			[1 | milli := quantity(entry); milli != null] == []
		],
		["cannot read `c.resources.limits[\"cpu\"]`" |
			container := pod.spec.containers[_]
			cpu := container.resources.limits.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
	),
)

unreadable_2 := [item |
	some list in [
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
		["cannot read `c.resources.requests[\"memory\"]`" |
			container := pod.spec.containers[_]
			container != null
			entry := array.concat(
				[memory | memory := container.resources.requests.memory; memory != null],
				[memory_2 | memory_2 := container.resources.limits.memory; memory_2 != null],
			)[0]
			[1 | milli := quantity(entry); milli != null] == []
		],
		["cannot read `c.resources.limits[\"cpu\"]`" |
			container := pod.spec.containers[_]
			cpu := container.resources.limits.cpu
			cpu != null
			[1 | milli := quantity(cpu); milli != null] == []
		],
	]
	item := list[_]
]

unreadable_3 := array.concat(
	["cannot read `c.resources.limits[\"memory\"]`" |
		container := pod.spec.containers[_]
		memory := container.resources.limits.memory
		memory != null
		[1 | milli := quantity(memory); milli != null] == []
	],
	["cannot read `c.resources.requests[\"memory\"]`" |
		container := pod.spec.containers[_]
		container != null
		entry := array.concat(
			[memory | memory := container.resources.requests.memory; memory != null],
			[memory_2 | memory_2 := container.resources.limits.memory; memory_2 != null],
		)[0]
		[1 | milli := quantity(entry); milli != null] == []
	],
)

unreadable_4 := [item |
	some list in [
		["cannot read `c.resources.limits[\"memory\"]`" |
			container := pod.spec.containers[_]
			memory := container.resources.limits.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
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

unreadable_6 := ["cannot read `c.resources.limits[\"memory\"]`" |
	container := pod.spec.containers[_]
	memory := container.resources.limits.memory
	memory != null
	[1 | milli := quantity(memory); milli != null] == []
]

unreadable_7 := array.concat(
	["cannot read `c.resources.limits[\"cpu\"]`" |
		container := pod.spec.containers[_]
		cpu := container.resources.limits.cpu
		cpu != null
		[1 | milli := quantity(cpu); milli != null] == []
	],
	array.concat(
		["cannot read `c.resources.limits[\"memory\"]`" |
			container := pod.spec.containers[_]
			memory := container.resources.limits.memory
			memory != null
			[1 | milli := quantity(memory); milli != null] == []
		],
		["cannot read `c.resources.requests[\"cpu\"]`" |
			container := pod.spec.containers[_]
			container != null
			entry := array.concat(
				[cpu | cpu := container.resources.requests.cpu; cpu != null],
				[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
			)[0]
			[1 | milli := quantity(entry); milli != null] == []
		],
	),
)

unreadable_8 := [item |
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

# METADATA
# title: "operands/constants-left"
# description: "A constant on the left."
violations contains {"rule": "operands/constants-left", "msg": message([unreadable_1[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_1 != []
}

# METADATA
# title: "operands/constants-left"
# description: "A constant on the left."
violations contains {"rule": "operands/constants-left", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_1 == []
	failures := [item |
		some list in [
			[text |
				pod.spec.priority == 1000
				text := concat(
					"",
					[
						"priority ",
						shown([format_int(priority, 10) | priority := pod.spec.priority; is_number(priority)]),
					],
				)
			],
			["priority zero" | pod.spec.priority == 0],
			["the class gold" | pod.spec.priorityClassName == "gold"],
			[text |
				container := pod.spec.containers[_]
				container != null
				some texts in [
					[text |
						[1 |
							memory := container.resources.limits.memory
							memory != null
							milli := quantity(memory)
							milli != null
							milli <= 4294967296000
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
								[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
							)[0]
							milli := quantity(entry)
							milli != null
							milli > 10
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
										[cpu_4 | cpu_4 := container.resources.limits.cpu; cpu_4 != null],
									)[0]
									milli_2 := quantity(entry_2)
									milli_2 != null
								]),
							],
						)
					],
					[text |
						cpu := container.resources.limits.cpu
						cpu != null
						milli := quantity(cpu)
						milli != null
						milli == 3000
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" may use three CPUs",
							],
						)
					],
					[text |
						entry := array.concat(
							[cpu | cpu := container.resources.requests.cpu; cpu != null],
							[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
						)[0]
						milli := quantity(entry)
						milli != null
						milli == 0
						text := concat(
							"",
							["container ", shown([name | name := container.name; is_string(name)]), " asks for none"],
						)
					],
					[text |
						container.livenessProbe.initialDelaySeconds == 7
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" is probed after ",
								shown([format_int(initial_delay_seconds, 10) |
									initial_delay_seconds := container.livenessProbe.initialDelaySeconds
									initial_delay_seconds != 0
									is_number(initial_delay_seconds)
								]),
								" s",
							],
						)
					],
					[text |
						entry_3 := array.concat(
							[entry |
								hostname := pod.spec.hostname
								hostname > ""
								entry := container.resources.requests[hostname]
								entry != null
							],
							[entry_2 |
								pod.spec.hostname > ""
								hostname_2 := pod.spec.hostname
								hostname_2 > ""
								entry_2 := container.resources.limits[hostname_2]
								entry_2 != null
							],
						)[0]
						entry_3 != null
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" asks for ",
								shown([hostname_3 |
									hostname_3 := pod.spec.hostname
									hostname_3 > ""
									is_string(hostname_3)
								]),
							],
						)
					],
					[text |
						entry_3 := array.concat(
							[entry | value := its_value; entry := container.resources.requests[value]; entry != null],
							[entry_2 |
								value_2 := its_value
								entry_2 := container.resources.limits[value_2]
								entry_2 != null
							],
						)[0]
						entry_3 != null
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" asks for ",
								shown([hostname | hostname := pod.spec.hostname; hostname > ""; is_string(hostname)]),
								" or memory",
							],
						)
					],
					[text |
						[1 |
							cpu := container.resources.limits.cpu
							cpu != null
							milli := quantity(cpu)
							milli != null
							milli < 8000
						] == []
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" may use ",
								shown([quantity_text(milli_2) |
									cpu_2 := container.resources.limits.cpu
									cpu_2 != null
									milli_2 := quantity(cpu_2)
									milli_2 != null
								]),
								" CPUs",
							],
						)
					],
				]
				text := texts[_]
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/computed"
# description: "Computed quantities beside constants, on both sides."
violations contains {"rule": "operands/computed", "msg": message([unreadable_2[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_2 != []
}

# METADATA
# title: "operands/computed"
# description: "Computed quantities beside constants, on both sides."
violations contains {"rule": "operands/computed", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_2 == []
	failures := array.concat(
		["all together too much" |
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
				total <= 4000
			] == []
		],
		[text |
			container := pod.spec.containers[_]
			container != null
			some texts in [
				[text |
					[1 |
						memory := container.resources.limits.memory
						memory != null
						milli := quantity(memory)
						milli != null
						milli <= 2147483648000
					] == []
					[1 |
						[1 |
							memory_2 := container.resources.limits.memory
							memory_2 != null
							milli_2 := quantity(memory_2)
							milli_2 != null
						] == []
						[1 |
							[1 |
								entry := array.concat(
									[memory_3 | memory_3 := container.resources.requests.memory; memory_3 != null],
									[memory_4 | memory_4 := container.resources.limits.memory; memory_4 != null],
								)[0]
								milli_3 := quantity(entry)
								milli_3 != null
								milli_3 <= 2147483648000
							] == []
							entry_2 := array.concat(
								[memory_5 | memory_5 := container.resources.requests.memory; memory_5 != null],
								[memory_6 | memory_6 := container.resources.limits.memory; memory_6 != null],
							)[0]
							milli_4 := quantity(entry_2)
							milli_4 != null
						] == []
					] == []
					text := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							": ",
							shown([quantity_text(value) |
								value := array.concat(
									[milli_5 |
										memory_7 := container.resources.limits.memory
										memory_7 != null
										milli_5 := quantity(memory_7)
										milli_5 != null
									],
									array.concat(
										[milli_6 |
											entry_3 := array.concat(
												[memory_8 |
													memory_8 := container.resources.requests.memory
													memory_8 != null
												],
												[memory_9 |
													memory_9 := container.resources.limits.memory
													memory_9 != null
												],
											)[0]
											milli_6 := quantity(entry_3)
											milli_6 != null
										],
										[1073741824000],
									),
								)[0]
							]),
						],
					)
				],
				[text |
					[1 |
						[1 |
							cpu := container.resources.limits.cpu
							cpu != null
							milli := quantity(cpu)
							milli != null
							milli == 1500
						] == []
						[1 |
							[1 |
								cpu_2 := container.resources.limits.cpu
								cpu_2 != null
								milli_2 := quantity(cpu_2)
								milli_2 != null
							] == []
							entry := array.concat(
								[cpu_3 | cpu_3 := container.resources.requests.cpu; cpu_3 != null],
								[cpu_4 | cpu_4 := container.resources.limits.cpu; cpu_4 != null],
							)[0]
							milli_3 := quantity(entry)
							milli_3 != null
							milli_3 == 1500
						] == []
					] == []
					text := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							" has one and a half CPUs",
						],
					)
				],
				[text |
					[1 |
						pod.spec.hostNetwork == true
						memory := container.resources.limits.memory
						memory != null
						milli := quantity(memory)
						milli != null
						milli <= 2147483648000
					] == []
					pod.spec.hostNetwork == true
					text := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							" is large on the node's network",
						],
					)
				],
			]
			text := texts[_]
		],
	)
	failures != []
}

# METADATA
# title: "operands/differences"
# description: "What is computed from what may be absent."
violations contains {"rule": "operands/differences", "msg": message([unreadable_3[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_3 != []
}

# METADATA
# title: "operands/differences"
# description: "What is computed from what may be absent."
violations contains {"rule": "operands/differences", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_3 == []
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		text := array.concat(
			[text |
				[1 |
					value := array.concat(
						[milli |
							pod.spec.hostNetwork == true
							memory := container.resources.limits.memory
							memory != null
							milli := quantity(memory)
							milli != null
						],
						[milli_2 |
							not pod.spec.hostNetwork == true
							entry := array.concat(
								[memory_2 | memory_2 := container.resources.requests.memory; memory_2 != null],
								[memory_3 | memory_3 := container.resources.limits.memory; memory_3 != null],
							)[0]
							milli_2 := quantity(entry)
							milli_2 != null
						],
					)[0]
					result := value + 1073741824000
					result <= 4294967296000
				] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						": ",
						shown([quantity_text(result_2) |
							value_2 := array.concat(
								[milli_3 |
									pod.spec.hostNetwork == true
									memory_4 := container.resources.limits.memory
									memory_4 != null
									milli_3 := quantity(memory_4)
									milli_3 != null
								],
								[milli_4 |
									not pod.spec.hostNetwork == true
									entry_2 := array.concat(
										[memory_5 | memory_5 := container.resources.requests.memory; memory_5 != null],
										[memory_6 | memory_6 := container.resources.limits.memory; memory_6 != null],
									)[0]
									milli_4 := quantity(entry_2)
									milli_4 != null
								],
							)[0]
							result_2 := value_2 + 1073741824000
						]),
					],
				)
			],
			[text |
				[1 |
					memory := container.resources.limits.memory
					memory != null
					milli := quantity(memory)
					milli != null
					entry := array.concat(
						[memory_2 | memory_2 := container.resources.requests.memory; memory_2 != null],
						[memory_3 | memory_3 := container.resources.limits.memory; memory_3 != null],
					)[0]
					milli_2 := quantity(entry)
					milli_2 != null
					result := milli - milli_2
					result <= 1073741824000
				] == []
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" may use ",
						shown([quantity_text(result_2) |
							memory_4 := container.resources.limits.memory
							memory_4 != null
							milli_3 := quantity(memory_4)
							milli_3 != null
							entry_2 := array.concat(
								[memory_5 | memory_5 := container.resources.requests.memory; memory_5 != null],
								[memory_6 | memory_6 := container.resources.limits.memory; memory_6 != null],
							)[0]
							milli_4 := quantity(entry_2)
							milli_4 != null
							result_2 := milli_3 - milli_4
						]),
						" more than it asks for",
					],
				)
			],
		)[_]
	]
	failures != []
}

# METADATA
# title: "operands/effective"
# description: "What the scheduler counts, and a list of quantities."
violations contains {"rule": "operands/effective", "msg": message([unreadable_4[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_4 != []
}

# METADATA
# title: "operands/effective"
# description: "What the scheduler counts, and a list of quantities."
violations contains {"rule": "operands/effective", "msg": message([unreadable_5[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_4 == []
	unreadable_5 != []
}

# METADATA
# title: "operands/effective"
# description: "What the scheduler counts, and a list of quantities."
violations contains {"rule": "operands/effective", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_4 == []
	unreadable_5 == []
	failures := array.concat(
		[text |
			container := pod.spec.containers[_]
			memory := container.resources.limits.memory
			memory != null
			milli := quantity(memory)
			milli != null
			milli in {1073741824000, 1610612736000}
			text := concat(
				"",
				["container ", shown([name | name := container.name; is_string(name)]), " has a usual size"],
			)
		],
		array.concat(
			[text |
				request := effective_request("cpu")
				request > 6000
				text := concat(
					"",
					["the Pod asks for ", shown([quantity_text(request_2) | request_2 := effective_request("cpu")])],
				)
			],
			["three" | request := effective_request("memory"); request == 3221225472000],
		),
	)
	failures != []
}

# METADATA
# title: "operands/truths"
# description: "Truth values of fields and of conditions."
violations contains {"rule": "operands/truths", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			["the node's network" | pod.spec.hostNetwork == true],
			["the node's processes" | pod.spec.hostPID == true],
			["shareProcessNamespace is written as false" | pod.spec.shareProcessNamespace == false],
			[text |
				pod.spec.nodeName > ""
				text := concat(
					"",
					[
						"on the node ",
						shown([node_name | node_name := pod.spec.nodeName; node_name > ""; is_string(node_name)]),
					],
				)
			],
			["both or none of hostname and subdomain" |
				truth := [1 | pod.spec.hostname > ""] != []
				truth_2 := [1 | pod.spec.subdomain > ""] != []
				truth == truth_2
			],
			["has a nodeSelector" | pod.spec.nodeSelector > {}],
			[text |
				container := pod.spec.containers[_]
				container != null
				text := array.concat(
					[text |
						stdin := container.stdin
						stdin == true
						tty := container.tty
						tty == true
						stdin == tty
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								": stdin and tty are the same",
							],
						)
					],
					[text |
						container.securityContext.privileged == true
						text := concat(
							"",
							["container ", shown([name | name := container.name; is_string(name)]), " is privileged"],
						)
					],
				)[_]
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/wholes"
# description: "Lists and maps as a whole."
violations contains {"rule": "operands/wholes", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[text |
			finalizers := obj.metadata.finalizers
			finalizers > []
			canonical(finalizers) == canonical(["example.com/a", "example.com/b"])
			text := concat(
				"",
				[
					"the finalizers are ",
					shown([concat(", ", [element | element := finalizers_2[_]; is_string(element)]) |
						finalizers_2 := obj.metadata.finalizers
						finalizers_2 > []
					]),
				],
			)
		],
		array.concat(
			["the labels are the nodeSelector" |
				labels := obj.metadata.labels
				labels > {}
				node_selector := pod.spec.nodeSelector
				node_selector > {}
				canonical(labels) == canonical(node_selector)
			],
			[text |
				container := pod.spec.containers[_]
				container != null
				text := array.concat(
					[text |
						command := container.command
						command > []
						args := container.args
						args > []
						canonical(command) == canonical(args)
						text := concat(
							"",
							["container ", shown([name | name := container.name; is_string(name)]), " repeats itself"],
						)
					],
					[text |
						add := container.securityContext.capabilities.add
						add > []
						drop := container.securityContext.capabilities.drop
						drop > []
						canonical(add) == canonical(drop)
						text := concat(
							"",
							[
								"container ",
								shown([name | name := container.name; is_string(name)]),
								" adds what it drops",
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
# title: "operands/members"
# description: "Members of lists of the object, where either may be absent."
violations contains {"rule": "operands/members", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			[text |
				node_name := pod.spec.nodeName
				node_name > ""
				node_name in obj.metadata.finalizers
				text := concat(
					"",
					[
						"the node ",
						shown([node_name_2 | node_name_2 := pod.spec.nodeName; node_name_2 > ""; is_string(node_name_2)]),
						" is a finalizer",
					],
				)
			],
			[text |
				pod.spec.priorityClassName in {"low"}
				text := concat(
					"",
					[
						"the class ",
						shown([priority_class_name |
							priority_class_name := pod.spec.priorityClassName
							priority_class_name > ""
							is_string(priority_class_name)
						]),
					],
				)
			],
			[text |
				[1 | not pod.spec.priority == 0; not pod.spec.priority == 7; pod.spec.priority != null] == []
				text := concat(
					"",
					[
						"priority ",
						shown([format_int(priority, 10) | priority := pod.spec.priority; is_number(priority)]),
					],
				)
			],
			[text |
				[1 | app := label(obj.metadata.labels.app); app in {"a", "b"}] == []
				text := concat(
					"",
					["the app is ", shown([app_2 | app_2 := label(obj.metadata.labels.app); is_string(app_2)])],
				)
			],
			[text |
				container := pod.spec.containers[_]
				container != null
				some texts in [
					[text |
						name := container.name
						name != null
						name in array.concat(
							[element | element := container.command[_]; element != null],
							[element_2 | element_2 := container.args[_]; element_2 != null],
						)
						text := concat(
							"",
							[
								"container ",
								shown([name_2 | name_2 := container.name; is_string(name_2)]),
								" is told its name",
							],
						)
					],
					[concat("", ["container ", shown([name | name := container.name; is_string(name)]), " runs sh"]) |
						[1 |
							element_2 := [element |
								value := array.concat(
									[command | command := container.command; command > []],
									[args | args := container.args; args > []],
								)[0]
								value != null
								element := value[_]
								element != null
							][_]
							element_2 == "sh"
						] != []
					],
					[text |
						[1 |
							element_2 := [element |
								value := array.concat(
									[command | container.tty == true; command := container.command; command > []],
									[["cat"] | not container.tty == true],
								)[0]
								value != null
								element := value[_]
								element != null
							][_]
							element_2 in container.args
						] != []
						text := concat(
							"",
							["container ", shown([name | name := container.name; is_string(name)]), ": a word of both"],
						)
					],
					[concat("", ["container ", shown([name | name := container.name; is_string(name)]), ": x"]) |
						"x" in [element |
							value := array.concat(
								[["x", "y"] | container.stdin == true],
								[args | not container.stdin == true; args := container.args; args > []],
							)[0]
							value != null
							element := value[_]
							element != null
						]
					],
					[text |
						element := label(its_value_2[key])
						name := container.name
						name != null
						element == name
						text := concat(
							"",
							[key, " is the container ", shown([name_2 | name_2 := container.name; is_string(name_2)])],
						)
					],
					[concat("", [key, " is called as the container"]) |
						element := label(its_value_3[key])
						element != null
						name := container.name
						name != null
						key == name
					],
				]
				text := texts[_]
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/positions"
# description: "Positions of what may not be there."
violations contains {"rule": "operands/positions", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		["the class is in the middle" |
			elements := ["low", "middle", "high"]
			position := array.concat(
				[index |
					priority_class_name := pod.spec.priorityClassName
					priority_class_name > ""
					elements[index] == priority_class_name
				],
				[-1],
			)[0]
			position == 1
		],
		array.concat(
			["the label is above the annotation" |
				elements := ["low", "middle", "high"]
				position := array.concat(
					[index | class := label(obj.metadata.labels.class); class != null; elements[index] == class],
					[-1],
				)[0]
				elements_2 := ["low", "middle", "high"]
				position_2 := array.concat(
					[index_2 |
						class_2 := label(obj.metadata.annotations.class)
						class_2 != null
						elements_2[index_2] == class_2
					],
					[-1],
				)[0]
				position > position_2
			],
			["high" |
				elements := ["low", "middle", "high"]
				position := array.concat([index | value := its_value_4; value != null; elements[index] == value], [-1])[0]
				position == 2
			],
		),
	)
	failures != []
}

# METADATA
# title: "operands/texts"
# description: "Texts put together of what may be absent."
violations contains {"rule": "operands/texts", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		some texts in [
			[text_2 |
				[1 |
					name := container.name
					name != null
					name_2 := obj.metadata.name
					name_2 > ""
					is_string(name_2)
					node_name := pod.spec.nodeName
					node_name > ""
					is_string(node_name)
					text := concat("", [name_2, "-", node_name])
					name == text
				] == []
				text_2 := concat(
					"",
					[
						"container ",
						shown([name_3 | name_3 := container.name; is_string(name_3)]),
						" is not named after Pod and node",
					],
				)
			],
			[text_2 |
				working_dir := container.workingDir
				working_dir > ""
				value := array.concat(
					[text |
						pod.spec.hostname > ""
						hostname := pod.spec.hostname
						hostname > ""
						is_string(hostname)
						text := concat("", ["/", hostname])
					],
					[name | [1 | pod.spec.hostname > ""] == []; name := container.name; name != null],
				)[0]
				working_dir == value
				text_2 := concat(
					"",
					[
						"container ",
						shown([name_2 | name_2 := container.name; is_string(name_2)]),
						" works in ",
						shown([working_dir_2 |
							working_dir_2 := container.workingDir
							working_dir_2 > ""
							is_string(working_dir_2)
						]),
					],
				)
			],
			[text |
				value := array.concat(
					[hostname | hostname := pod.spec.hostname; hostname > ""],
					array.concat(
						[node_name | node_name := pod.spec.nodeName; node_name > ""],
						[working_dir | working_dir := container.workingDir; working_dir > ""],
					),
				)[0]
				name := container.name
				name != null
				value == name
				text := concat(
					"",
					[
						"container ",
						shown([name_2 | name_2 := container.name; is_string(name_2)]),
						" has a name of the Pod",
					],
				)
			],
		]
		text := texts[_]
	]
	failures != []
}

# METADATA
# title: "operands/beginnings"
# description: "Begins with one of several, and the like."
violations contains {"rule": "operands/beginnings", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			[text |
				node_name := pod.spec.nodeName
				node_name > ""
				is_string(node_name)
				strings.any_prefix_match(node_name, ["a", "b", "c"])
				text := concat(
					"",
					[
						"the node ",
						shown([node_name_2 | node_name_2 := pod.spec.nodeName; node_name_2 > ""; is_string(node_name_2)]),
					],
				)
			],
			[text |
				[1 |
					[1 |
						node_name := pod.spec.nodeName
						node_name > ""
						is_string(node_name)
						endswith(node_name, "x")
					] == []
					[1 |
						node_name_2 := pod.spec.nodeName
						node_name_2 > ""
						is_string(node_name_2)
						startswith(node_name_2, "y")
					] == []
				] == []
				text := concat(
					"",
					[
						"the node ",
						shown([node_name_3 | node_name_3 := pod.spec.nodeName; node_name_3 > ""; is_string(node_name_3)]),
						" is odd",
					],
				)
			],
			["one of them is a d" |
				[1 |
					[1 |
						node_name := pod.spec.nodeName
						node_name > ""
						is_string(node_name)
						startswith(node_name, "d")
					] == []
					[1 |
						hostname := pod.spec.hostname
						hostname > ""
						is_string(hostname)
						startswith(hostname, "d")
					] == []
				] == []
			],
			[text |
				hostname := pod.spec.hostname
				hostname > ""
				is_string(hostname)
				regex.match("(?s)^a.*b.*$", hostname)
				text := concat(
					"",
					[
						"a, then b: ",
						shown([hostname_2 | hostname_2 := pod.spec.hostname; hostname_2 > ""; is_string(hostname_2)]),
					],
				)
			],
			[text |
				hostname := pod.spec.hostname
				hostname > ""
				is_string(hostname)
				regex.match("(?s)^.*c.*d$", hostname)
				text := concat(
					"",
					[
						"c, and d at the end: ",
						shown([hostname_2 | hostname_2 := pod.spec.hostname; hostname_2 > ""; is_string(hostname_2)]),
					],
				)
			],
			["ends in y" |
				hostname := pod.spec.hostname
				hostname > ""
				is_string(hostname)
				endswith(hostname, "y")
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/negations"
# description: "Negations of what may hold many times."
violations contains {"rule": "operands/negations", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		["has a hostname" | hostname := pod.spec.hostname; hostname > ""; is_string(hostname)],
		array.concat(
			["no container has a terminal" |
				[1 | container := pod.spec.containers[_]; container.tty == true] == []
			],
			["a mount at /x" |
				[1 |
					container := pod.spec.containers[_]
					volume_mount := container.volumeMounts[_]
					volume_mount.mountPath == "/x"
					name := volume_mount.name
					name != null
					name_2 := container.name
					name_2 != null
					name == name_2
				] != []
			],
		),
	)
	failures != []
}

# METADATA
# title: "operands/keys"
# description: "Names of keys as they come."
violations contains {"rule": "operands/keys", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := [item |
		some list in [
			["_x" | obj.metadata.labels._x == "1"],
			["in" | obj.metadata.labels["in"] == "1"],
			["a-b" | obj.metadata.labels["a-b"] == "1"],
			["a label of the node" | value := its_value_5; entry := label(obj.metadata.labels[value]); entry == "1"],
			["a label of the hostname" |
				hostname := pod.spec.hostname
				hostname > ""
				entry := label(obj.metadata.labels[hostname])
				entry == "yes"
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/few"
# description: "An empty list and a list of one."
violations contains {"rule": "operands/few", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		["the node one" | pod.spec.nodeName in {"one"}],
		["one of five nodes" | pod.spec.nodeName in {"a", "b", "c", "d", "e"}],
	)
	failures != []
}

# METADATA
# title: "operands/constants"
# description: "A constant object."
violations contains {"rule": "operands/constants", "msg": message([unreadable_6[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_6 != []
}

# METADATA
# title: "operands/constants"
# description: "A constant object."
violations contains {"rule": "operands/constants", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_6 == []
	failures := [text |
		container := pod.spec.containers[_]
		container != null
		text := array.concat(
			[text |
				container.name == "main"
				text := concat(
					"",
					["container ", shown([name | name := container.name; is_string(name)]), " is called main"],
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
					["container ", shown([name | name := container.name; is_string(name)]), " is above 2147483648"],
				)
			],
		)[_]
	]
	failures != []
}

# METADATA
# title: "operands/numbers"
# description: "Whole numbers that are added."
violations contains {"rule": "operands/numbers", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	failures := array.concat(
		[text |
			container := pod.spec.containers[_]
			container != null
			text := array.concat(
				[text |
					[1 |
						value := array.concat(
							[period_seconds_2 |
								period_seconds_2 := array.concat(
									[period_seconds |
										period_seconds := container.livenessProbe.periodSeconds
										period_seconds != null
										period_seconds != 0
									],
									[10 | container.livenessProbe != null],
								)[0]
							],
							[10],
						)[0]
						value_2 := array.concat(
							[timeout_seconds_2 |
								timeout_seconds_2 := array.concat(
									[timeout_seconds |
										timeout_seconds := container.livenessProbe.timeoutSeconds
										timeout_seconds != null
										timeout_seconds != 0
									],
									[1 | container.livenessProbe != null],
								)[0]
							],
							[1],
						)[0]
						result := value + value_2
						result >= -9223372036854775808
						result <= 9223372036854775807
						result <= 60
					] == []
					text := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							" is probed every ",
							shown([format_int(result_2, 10) |
								value_3 := array.concat(
									[period_seconds_4 |
										period_seconds_4 := array.concat(
											[period_seconds_3 |
												period_seconds_3 := container.livenessProbe.periodSeconds
												period_seconds_3 != null
												period_seconds_3 != 0
											],
											[10 | container.livenessProbe != null],
										)[0]
									],
									[10],
								)[0]
								value_4 := array.concat(
									[timeout_seconds_4 |
										timeout_seconds_4 := array.concat(
											[timeout_seconds_3 |
												timeout_seconds_3 := container.livenessProbe.timeoutSeconds
												timeout_seconds_3 != null
												timeout_seconds_3 != 0
											],
											[1 | container.livenessProbe != null],
										)[0]
									],
									[1],
								)[0]
								result_2 := value_3 + value_4
								result_2 >= -9223372036854775808
								result_2 <= 9223372036854775807
							]),
							" s",
						],
					)
				],
				[text |
					[1 |
						run_as_user := container.securityContext.runAsUser
						run_as_user != null
						result := run_as_user - 1000
						result >= -9223372036854775808
						result <= 9223372036854775807
						result >= 0
					] == []
					text := concat(
						"",
						[
							"container ",
							shown([name | name := container.name; is_string(name)]),
							" runs as ",
							shown([format_int(run_as_user_2, 10) |
								run_as_user_2 := container.securityContext.runAsUser
								is_number(run_as_user_2)
							]),
						],
					)
				],
			)[_]
		],
		array.concat(
			["four words" |
				total := sum([number |
					container := pod.spec.containers[_]
					container != null
					number := count([element | element := container.command[_]; element != null])
				])
				total >= -9223372036854775808
				total <= 9223372036854775807
				total == 4
			],
			["no priority" |
				value := its_value_6
				result := value - 1
				result >= -9223372036854775808
				result <= 9223372036854775807
				result == -1
			],
		),
	)
	failures != []
}

# METADATA
# title: "operands/among"
# description: "Quantities in lists, and as keys."
violations contains {"rule": "operands/among", "msg": message([unreadable_7[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_7 != []
}

# METADATA
# title: "operands/among"
# description: "Quantities in lists, and as keys."
violations contains {"rule": "operands/among", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_7 == []
	failures := [item |
		some list in [
			[text |
				container := pod.spec.containers[_]
				cpu := container.resources.limits.cpu
				cpu != null
				milli := quantity(cpu)
				milli != null
				milli in {1000, 2000}
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container.name; is_string(name)]),
						" has a whole number of CPUs",
					],
				)
			],
			[text |
				elements := [value |
					container := pod.spec.containers[_]
					container != null
					value := {
						"element": container,
						"keys": [
							[milli |
								memory := container.resources.limits.memory
								memory != null
								milli := quantity(memory)
								milli != null
							],
						],
					}
				]
				some position, later in elements
				[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
				container_2 := later.element
				container_2 != null
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container_2.name; is_string(name)]),
						" has the memory of another",
					],
				)
			],
			[text |
				elements := [value |
					container := pod.spec.containers[_]
					container != null
					value := {
						"element": container,
						"keys": [
							[result |
								entry := array.concat(
									[cpu | cpu := container.resources.requests.cpu; cpu != null],
									[cpu_2 | cpu_2 := container.resources.limits.cpu; cpu_2 != null],
								)[0]
								milli := quantity(entry)
								milli != null
								result := milli + 1000
							],
						],
					}
				]
				some position, later in elements
				[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
				container_2 := later.element
				container_2 != null
				text := concat(
					"",
					[
						"container ",
						shown([name | name := container_2.name; is_string(name)]),
						" has the CPUs of another",
					],
				)
			],
			[text |
				elements := [value_2 |
					container := pod.spec.containers[_]
					container != null
					value_2 := {
						"element": container,
						"keys": [
							[value |
								value := array.concat(
									[1000 | container.tty == true],
									[milli |
										not container.tty == true
										cpu := container.resources.limits.cpu
										cpu != null
										milli := quantity(cpu)
										milli != null
									],
								)[0]
							],
						],
					}
				]
				some position, later in elements
				[1 | some earlier in array.slice(elements, 0, position); earlier.keys == later.keys] != []
				container_2 := later.element
				container_2 != null
				text := concat(
					"",
					["container ", shown([name | name := container_2.name; is_string(name)]), " is limited as another"],
				)
			],
		]
		item := list[_]
	]
	failures != []
}

# METADATA
# title: "operands/said"
# description: "What is only said."
violations contains {"rule": "operands/said", "msg": message([unreadable_8[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_8 != []
}

# METADATA
# title: "operands/said"
# description: "What is only said."
violations contains {"rule": "operands/said", "msg": message([unreadable_5[0]]), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_8 == []
	unreadable_5 != []
}

# METADATA
# title: "operands/said"
# description: "What is only said."
violations contains {"rule": "operands/said", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_pod
	unreadable_8 == []
	unreadable_5 == []
	failures := [text |
		pod.spec.nodeName > ""
		text := concat(
			"",
			[
				"asks for ",
				shown([quantity_text(request) | request := effective_request("cpu")]),
				", memory ",
				shown([quantity_text(request) | request := effective_request("memory")]),
			],
		)
	]
	failures != []
}

# METADATA
# title: "operands/kinds"
# description: "Kinds of groups, in namespaces and outside."
violations contains {"rule": "operands/kinds", "msg": message(failures), "action": "deny", "severity": "medium"} if {
	is_matched
	[1 |
		[1 | {"rbac.authorization.k8s.io/v1": {"ClusterRole"}, "v1": {"Namespace"}}[obj.apiVersion][obj.kind]] == []
		obj.metadata.namespace in {"kube-*"}
	] == []
	failures := [concat("", [shown([name | name := obj.metadata.name; name > ""; is_string(name)]), " has x"]) |
		obj.metadata.labels.x == "y"
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

# What a value holds, place by place: the same for values that are equal but for what is null.
canonical(x) := {[place, leaf] |
	walk(x, [path, value])
	value != null
	holders := [holder |
		some index in numbers.range(0, count(path))
		holder := object.get({"x": x}, array.concat(["x"], array.slice(path, 0, index)), null)
	]
	place := [step | some index, key in path; step := place_in(holders[index], key)]
	leaf := leaf_of(value)
}

leaf_of(value) := type_name(value) if {
	type_name(value) in {"array", "object"}
} else := [value]

# An element's index without the nulls before it.
place_in(holder, key) := key - count([1 | some element in array.slice(holder, 0, key); element == null]) if {
	is_array(holder)
} else := key
