package main

import (
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	"k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/yaml"
)

// loaded holds the policies, and the bindings by the name of their policy.
type loaded struct {
	policies []*admissionv1.ValidatingAdmissionPolicy
	bindings map[string][]*admissionv1.ValidatingAdmissionPolicyBinding
	count    int
	refused  []refused
}

// load reads every YAML file under the roots. What is no policy or binding is left alone.
func load(roots []string) (*loaded, error) {
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, err
	}
	all := &loaded{bindings: map[string][]*admissionv1.ValidatingAdmissionPolicyBinding{}, refused: []refused{}}
	names := map[string]string{}
	for _, document := range documents {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(document.Text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		if head.Kind != "ValidatingAdmissionPolicy" && head.Kind != "ValidatingAdmissionPolicyBinding" {
			continue
		}
		if head.APIVersion != admissionv1.SchemeGroupVersion.String() {
			return nil, fmt.Errorf("%s: %s of %s", document.Path, head.Kind, head.APIVersion)
		}
		name, err := all.add(head.Kind, document.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		key := head.Kind + " " + name
		if other, twice := names[key]; twice {
			return nil, fmt.Errorf("%s stands in %s and in %s", key, other, document.Path)
		}
		names[key] = document.Path
	}
	if len(all.policies) == 0 && len(all.refused) == 0 {
		return nil, fmt.Errorf("no ValidatingAdmissionPolicy under %s", strings.Join(roots, ", "))
	}
	return all, nil
}

func (all *loaded) add(kind string, document []byte) (string, error) {
	if kind == "ValidatingAdmissionPolicy" {
		policy := &admissionv1.ValidatingAdmissionPolicy{}
		if err := yaml.UnmarshalStrict(document, policy); err != nil {
			return "", err
		}
		legacyscheme.Scheme.Default(policy)
		internal := &admissionregistration.ValidatingAdmissionPolicy{}
		if err := legacyscheme.Scheme.Convert(policy, internal, nil); err != nil {
			return "", err
		}
		if problems := validation.ValidateValidatingAdmissionPolicy(internal); len(problems) > 0 {
			all.refuse(policy.Name, problems)
			return policy.Name, nil
		}
		all.policies = append(all.policies, policy)
		return policy.Name, nil
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
	if err := yaml.UnmarshalStrict(document, binding); err != nil {
		return "", err
	}
	legacyscheme.Scheme.Default(binding)
	internal := &admissionregistration.ValidatingAdmissionPolicyBinding{}
	if err := legacyscheme.Scheme.Convert(binding, internal, nil); err != nil {
		return "", err
	}
	if problems := validation.ValidateValidatingAdmissionPolicyBinding(internal); len(problems) > 0 {
		all.refuse("binding "+binding.Name, problems)
		return binding.Name, nil
	}
	all.bindings[binding.Spec.PolicyName] = append(all.bindings[binding.Spec.PolicyName], binding)
	all.count++
	return binding.Name, nil
}

func (all *loaded) refuse(name string, problems field.ErrorList) {
	all.refused = append(all.refused, refused{name, problems.ToAggregate().Error()})
}
