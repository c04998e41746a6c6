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
