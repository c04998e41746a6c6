# A null in a map of strings is an empty string.
label(x) := "" if {
	x == null
} else := x
