# Whether a map of labels, if there is one and it is not empty, is a part of the labels.
selects_map(selectors, labels) if {
	some selector in selectors
	selector != {}
	[1 | wanted := selector[key]; [1 | label(labels[0][key]) == label(wanted)] == []] == []
}
