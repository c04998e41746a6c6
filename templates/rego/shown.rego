# What a message shows of a value: the one element, if there is one.
shown(values) := values[0] if {
	values != []
} else := "<unset>"
