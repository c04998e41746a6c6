// Command polc-kyverno-change runs Kyverno's MutatingPolicies and GeneratingPolicies, of policies.kyverno.io/v1, by Kyverno's own compilers, and ClusterPolicies with mutate and generate rules by its engine:
// JSON lines in, JSON lines out.
//
// Each policy is read strictly, compiled once, and asked about the objects whose kind and operation it matches.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	policiesv1 "github.com/kyverno/api/api/policies.kyverno.io/v1"
	policiesv1beta1 "github.com/kyverno/api/api/policies.kyverno.io/v1beta1"
	"github.com/kyverno/kyverno/pkg/cel/libs"
	gpol "github.com/kyverno/kyverno/pkg/cel/policies/gpol/compiler"
	mpol "github.com/kyverno/kyverno/pkg/cel/policies/mpol/compiler"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	"k8s.io/apiserver/pkg/authentication/user"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"
)

type request struct {
	lines.Asked
	Operation string         `json:"operation"`
	Object    map[string]any `json:"object"`
	// Policies are the names of those that run; all unless given.
	Policies []string `json:"policies"`
}

type answer struct {
	lines.Reply
	// Before is the object that the policies see, where that is not the one that was given.
	Before map[string]any `json:"before,omitempty"`
	// After is the object after the policies.
	After map[string]any `json:"after,omitempty"`
	// Generated are the objects that it brings.
	Generated []map[string]any `json:"generated"`
	// Ran counts the policies that matched.
	Ran    int    `json:"ran"`
	Policy string `json:"policy,omitempty"`
}

type refused struct {
	Policy string `json:"policy"`
	Reason string `json:"reason"`
}

type hello struct {
	Ready      bool      `json:"ready"`
	Engine     string    `json:"engine"`
	Version    string    `json:"version"`
	Mutating   int       `json:"mutating"`
	Generating int       `json:"generating"`
	Refused    []refused `json:"refused"`
}

type mutating struct {
	name   string
	policy *mpol.Policy
}

type generating struct {
	name   string
	policy *gpol.Policy
}

type engine struct {
	hello      hello
	mutating   []mutating
	generating []generating
	cluster    *clusterPolicies
	context    *libs.FakeContextProvider
}

// noConverters is all that JSON patches need.
type noConverters struct{}

func (noConverters) GetTypeConverter(schema.GroupVersionKind) managedfields.TypeConverter { return nil }

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-kyverno-change:", err)
		os.Exit(2)
	}
}

func run(roots []string, in io.Reader, out io.Writer) error {
	if len(roots) == 0 {
		return errors.New("usage: polc-kyverno-change FILE-OR-FOLDER... < REQUESTS")
	}
	made, err := load(roots)
	if err != nil {
		return err
	}
	return lines.Serve(in, out, made.hello, func(line []byte) any {
		asked, reply := &request{}, &answer{Generated: []map[string]any{}}
		reply.Answer(line, asked, func() error { return made.one(line, asked, reply) })
		return reply
	})
}

func load(roots []string) (*engine, error) {
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, err
	}
	log.SetLogger(logr.Discard())
	made := &engine{
		cluster: newClusterPolicies(),
		context: libs.NewFakeContextProvider(),
		hello:   hello{Ready: true, Engine: "kyverno", Version: lines.Version("github.com/kyverno/kyverno"), Refused: []refused{}},
	}
	for _, document := range documents {
		var head metav1.PartialObjectMetadata
		if err := yaml.Unmarshal(document.Text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		cluster := head.APIVersion == "kyverno.io/v1" && head.Kind == "ClusterPolicy"
		newer := head.APIVersion == policiesv1.SchemeGroupVersion.String() && (head.Kind == "MutatingPolicy" || head.Kind == "GeneratingPolicy")
		if !cluster && !newer {
			continue
		}
		if problems := validation.IsDNS1123Subdomain(head.Name); len(problems) > 0 {
			made.refuse(head.Name, problems[0])
			continue
		}
		if err := made.add(head.Kind, head.Name, document.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
	}
	made.hello.Mutating, made.hello.Generating = len(made.mutating)+made.cluster.mutating, len(made.generating)+made.cluster.generating
	if made.hello.Mutating+made.hello.Generating+len(made.hello.Refused) == 0 {
		return nil, fmt.Errorf("no MutatingPolicy, GeneratingPolicy or ClusterPolicy that changes something under %s", strings.Join(roots, ", "))
	}
	return made, nil
}

func (e *engine) refuse(name, reason string) {
	e.hello.Refused = append(e.hello.Refused, refused{name, reason})
}

// add reads a policy strictly as the version that was written, then as the one that the compilers work on.
func (e *engine) add(kind, name string, document []byte) error {
	if kind == "ClusterPolicy" {
		reason, err := e.cluster.add(document)
		if err == nil && reason != "" {
			e.refuse(name, reason)
		}
		return err
	}
	if kind == "MutatingPolicy" {
		if err := yaml.UnmarshalStrict(document, &policiesv1.MutatingPolicy{}); err != nil {
			return err
		}
		policy := &policiesv1beta1.MutatingPolicy{}
		if err := yaml.UnmarshalStrict(document, policy); err != nil {
			return err
		}
		compiled, problems := mpol.NewCompiler().Compile(policy, nil)
		if compiled == nil {
			e.refuse(name, problems.ToAggregate().Error())
			return nil
		}
		e.mutating = append(e.mutating, mutating{name, compiled})
		return nil
	}
	if err := yaml.UnmarshalStrict(document, &policiesv1.GeneratingPolicy{}); err != nil {
		return err
	}
	policy := &policiesv1beta1.GeneratingPolicy{}
	if err := yaml.UnmarshalStrict(document, policy); err != nil {
		return err
	}
	compiled, problems := gpol.NewCompiler().Compile(policy, nil)
	if compiled == nil {
		e.refuse(name, problems.ToAggregate().Error())
		return nil
	}
	e.generating = append(e.generating, generating{name, compiled})
	return nil
}

func (e *engine) one(line []byte, asked *request, reply *answer) error {
	if asked.Object == nil {
		return errors.New("no object")
	}
	// Numbers as Kubernetes reads them: whole ones are int64.
	var read struct {
		Object unstructured.Unstructured `json:"object"`
	}
	if err := json.Unmarshal(line, &read); err != nil {
		return err
	}
	object := &read.Object
	// The API server takes this away before any policy sees the object, and Kyverno where it reads one.
	if object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("Namespace") && object.GetNamespace() != "" {
		object.SetNamespace("")
		reply.Before = object.DeepCopy().Object
	}
	operation := admission.Operation(asked.Operation)
	if operation == "" {
		operation = admission.Create
	}
	wanted := func(name string) bool { return len(asked.Policies) == 0 || slices.Contains(asked.Policies, name) }
	for _, one := range e.mutating {
		if !wanted(one.name) {
			continue
		}
		attributes, review, namespace, err := parts(object, operation)
		if err != nil {
			return err
		}
		if !matches(one.policy.MatchConstraints(), attributes) {
			continue
		}
		reply.Ran++
		result := one.policy.Evaluate(context.Background(), attributes, namespace, *review, noConverters{}, e.context)
		if result == nil {
			continue
		}
		if result.Error != nil {
			reply.Policy = one.name
			return result.Error
		}
		object = result.PatchedResource
	}
	for _, one := range e.generating {
		if !wanted(one.name) {
			continue
		}
		attributes, review, namespace, err := parts(object, operation)
		if err != nil {
			return err
		}
		if !matches(one.policy.MatchConstraints(), attributes) {
			continue
		}
		reply.Ran++
		result, err := one.policy.Evaluate(context.Background(), attributes, review, namespace, e.context)
		if err != nil {
			reply.Policy = one.name
			return err
		}
		if result != nil {
			for _, made := range result.GeneratedResources {
				reply.Generated = append(reply.Generated, made.Object)
			}
		}
	}
	object, brought, err := e.cluster.apply(object, operation, wanted, reply)
	if err != nil {
		return err
	}
	reply.Generated = append(reply.Generated, brought...)
	reply.After = object.Object
	return nil
}

func matches(constraints *admissionregistrationv1.MatchResources, attributes admission.Attributes) bool {
	return slices.ContainsFunc(constraints.ResourceRules, func(rule admissionregistrationv1.NamedRuleWithOperations) bool {
		matcher := rules.Matcher{Rule: rule.RuleWithOperations, Attr: attributes}
		return matcher.Matches()
	})
}

func parts(object *unstructured.Unstructured, operation admission.Operation) (admission.Attributes, *admissionv1.AdmissionRequest, *corev1.Namespace, error) {
	kind := object.GroupVersionKind()
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	raw, err := object.MarshalJSON()
	if err != nil {
		return nil, nil, nil, err
	}
	who := &user.DefaultInfo{Name: "polc"}
	attributes := admission.NewAttributesRecord(object, nil, kind, object.GetNamespace(), object.GetName(), resource, "", operation, nil, false, who)
	review := &admissionv1.AdmissionRequest{
		UID:       types.UID("polc"),
		Kind:      metav1.GroupVersionKind(kind),
		Resource:  metav1.GroupVersionResource(resource),
		Name:      object.GetName(),
		Namespace: object.GetNamespace(),
		Operation: admissionv1.Operation(operation),
		UserInfo:  authenticationv1.UserInfo{Username: who.Name},
		Object:    runtime.RawExtension{Raw: raw},
	}
	var namespace *corev1.Namespace
	if space := object.GetNamespace(); space != "" {
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
	}
	return attributes, review, namespace, nil
}
