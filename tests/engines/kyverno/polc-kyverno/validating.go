package main

import (
	"context"
	"fmt"

	policiesv1 "github.com/kyverno/api/api/policies.kyverno.io/v1"
	policiesv1beta1 "github.com/kyverno/api/api/policies.kyverno.io/v1beta1"
	celengine "github.com/kyverno/kyverno/pkg/cel/engine"
	"github.com/kyverno/kyverno/pkg/cel/libs"
	"github.com/kyverno/kyverno/pkg/cel/matching"
	"github.com/kyverno/kyverno/pkg/cel/policies/vpol"
	"github.com/kyverno/kyverno/pkg/cel/policies/vpol/compiler"
	vpolengine "github.com/kyverno/kyverno/pkg/cel/policies/vpol/engine"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// policySet holds ValidatingPolicies: they are compiled once by Kyverno's own provider and judged by its engine.
type policySet struct {
	policies []policiesv1beta1.ValidatingPolicyLike
	engine   vpolengine.Engine
	context  *libs.FakeContextProvider
	// namespace is that of the request at hand.
	namespace *corev1.Namespace
}

// readValidating reads a policy strictly as the version that was written, then as the one that the engine works on.
func readValidating(document []byte) (*policiesv1beta1.ValidatingPolicy, error) {
	if err := yaml.UnmarshalStrict(document, &policiesv1.ValidatingPolicy{}); err != nil {
		return nil, err
	}
	policy := &policiesv1beta1.ValidatingPolicy{}
	return policy, yaml.UnmarshalStrict(document, policy)
}

// readException reads an exception strictly as the version that was written, then as the one that the engine works on.
func readException(document []byte) (*policiesv1beta1.PolicyException, error) {
	if err := yaml.UnmarshalStrict(document, &policiesv1.PolicyException{}); err != nil {
		return nil, err
	}
	exception := &policiesv1beta1.PolicyException{}
	if err := yaml.UnmarshalStrict(document, exception); err != nil {
		return nil, err
	}
	return exception, exception.Validate().ToAggregate()
}

// newValidating compiles the policies with the exceptions that name them; those that are refused are left out and named.
func newValidating(policies []*policiesv1beta1.ValidatingPolicy, exceptions []*policiesv1beta1.PolicyException) (*policySet, []refused, error) {
	made := &policySet{context: libs.NewFakeContextProvider()}
	var out []refused
	for _, policy := range policies {
		if problems := validation.IsDNS1123Subdomain(policy.GetName()); len(problems) > 0 {
			out = append(out, refused{policy.GetName(), problems[0]})
			continue
		}
		if _, err := vpol.Validate(policy); err != nil {
			out = append(out, refused{policy.GetName(), err.Error()})
			continue
		}
		made.policies = append(made.policies, policy)
	}
	provider, err := vpolengine.NewProvider(compiler.NewCompiler(), made.policies, exceptions)
	if err != nil {
		return nil, nil, err
	}
	compiled, err := provider.Fetch(context.Background())
	if err != nil {
		return nil, nil, err
	}
	if len(compiled) != len(made.policies) {
		return nil, nil, fmt.Errorf("%d policies became %d: autogen is on", len(made.policies), len(compiled))
	}
	made.engine = vpolengine.NewEngine(provider, func(string) *corev1.Namespace { return made.namespace }, matching.NewMatcher())
	return made, out, nil
}

func (v *policySet) judge(asked *request, operation string, object, old unstructured.Unstructured) ([]result, int, error) {
	present := &object
	var now, before runtime.Object
	if object.Object != nil {
		now = object.DeepCopy()
	}
	if old.Object != nil {
		before = old.DeepCopy()
	}
	if operation == "DELETE" {
		now, present = nil, &old
	}
	kind := present.GroupVersionKind()
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	if asked.Resource != "" {
		resource.Resource = asked.Resource
	}
	if asked.Requested != nil {
		resource = schema.GroupVersionResource(*asked.Requested)
	}
	space := present.GetNamespace()
	v.namespace = nil
	if kind.Group == "" && kind.Kind == "Namespace" {
		space = ""
	} else if space != "" {
		if v.namespace = asked.NamespaceObject; v.namespace == nil {
			v.namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
		}
	}
	options, err := decode(asked.Options)
	if err != nil {
		return nil, 0, err
	}
	var given runtime.Object
	if options.Object != nil {
		given = &options
	}
	admitted := celengine.Request(v.context, kind, resource, asked.Subresource, present.GetName(), space, admissionv1.Operation(operation), asked.UserInfo, now, before, asked.DryRun, given)
	response, err := v.engine.Handle(context.Background(), admitted, vpolengine.MatchNames(asked.Policies...))
	if err != nil {
		return nil, 0, err
	}
	var results []result
	ran := 0
	for _, policy := range response.Policies {
		for _, rule := range policy.Rules {
			ran++
			if status := string(rule.Status()); status != "pass" {
				results = append(results, result{policy.Policy.GetName(), rule.Name(), status, rule.Message()})
			}
		}
	}
	return results, ran, nil
}
