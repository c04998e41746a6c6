# A number of thousandths as Kubernetes prints it.
quantity_text(milli) := format_int(milli / 1000, 10) if {
	milli % 1000 == 0
} else := concat("", [format_int(milli, 10), "m"])
