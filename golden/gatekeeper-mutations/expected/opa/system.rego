# METADATA
# title: The answer to an AdmissionReview, as the API server gets it from OPA's webhook
package system

main := {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

uid := object.get(input, ["request", "uid"], "")

response := {"uid": uid, "allowed": true}
