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
