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
