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
