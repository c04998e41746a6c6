# METADATA
# title: The answer to an AdmissionReview, as the API server gets it from OPA's webhook
package system

main := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

uid := object.get(input, ["request", "uid"], "")

denied := said("deny")

said(action) := [text |
	some violation in data.polc.main.violations
	violation.action == action
	text := concat(": ", [violation.rule, violation.msg])
]

audited := {name: violation.msg |
	some violation in data.polc.main.violations
	violation.action == "audit"
	name := replace(violation.rule, "/", ".")
}

answer := {"uid": uid, "warnings": said("warn"), "auditAnnotations": audited}

response := object.union(answer, {"allowed": true}) if denied == []

response := object.union(answer, {"allowed": false, "status": {
	"code": 403,
	"reason": "Forbidden",
	"message": concat("; ", denied),
}}) if {
	denied != []
}
