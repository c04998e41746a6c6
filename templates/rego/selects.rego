# Whether a selector selects labels. Both are lists of at most one element.
selects(selectors, labels) if {
	some selector in selectors
	[1 | wanted := selector.matchLabels[key]; [1 | label(labels[0][key]) == label(wanted)] == []] == []
	[1 | expression := selector.matchExpressions[_]; expression != null; [1 | satisfied(expression, labels)] == []] == []
}

satisfied(expression, labels) if {
	expression.operator == "In"
	label(labels[0][expression.key]) == expression.values[_]
}

satisfied(expression, labels) if {
	expression.operator == "NotIn"
	[1 | label(labels[0][expression.key]) == expression.values[_]] == []
}

satisfied(expression, labels) if {
	expression.operator == "Exists"
	label(labels[0][expression.key]) != null
}

satisfied(expression, labels) if {
	expression.operator == "DoesNotExist"
	[1 | label(labels[0][expression.key]) != null] == []
}
