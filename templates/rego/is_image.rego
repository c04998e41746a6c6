# Whether a text is an image reference.
is_image(text) if {
	regex.match({{pattern}}, text)
	regex.match({{identifier}}, text) == false
	substring(image_repository(text), {{max}}, 1) == ""
}
