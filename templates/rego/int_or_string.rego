plain_text(x) := x if is_string(x)

plain_text(x) := format_int(x, 10) if is_number(x)
