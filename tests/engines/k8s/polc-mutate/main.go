// Command polc-mutate changes objects by MutatingAdmissionPolicies as the API server does: JSON lines in, JSON lines out.
//
// Policies and bindings are read strictly and validated by the API server's own validation; expressions are compiled with the CEL environment of new policies, and the patches
// are computed and applied by the API server's patchers, defaults filled in after each policy as its dispatcher does it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	"k8s.io/kubernetes/pkg/apis/admissionregistration/validation"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/yaml"
)

type request struct {
	lines.Asked
	Operation string          `json:"operation"`
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
	// NamespaceLabels are those of the object's Namespace.
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	// Policies are the names of those that run; all unless given, none of them where the list is empty.
	Policies *[]string `json:"policies"`
	// Cost adds what the patch of each policy cost.
	Cost bool `json:"cost"`
}

type answer struct {
	lines.Reply
	// Before is the object as the first policy sees it: read, and with defaults.
	Before map[string]any `json:"before,omitempty"`
	// After is the object after the policies.
	After map[string]any `json:"after,omitempty"`
	// Ran counts the policies that matched.
	Ran    int              `json:"ran"`
	Costs  map[string]int64 `json:"costs,omitempty"`
	Policy string           `json:"policy,omitempty"`
	// Unreadable says that the API server could not even decode the object.
	Unreadable string `json:"unreadable,omitempty"`
}

type refused struct {
	Policy string `json:"policy"`
	Reason string `json:"reason"`
}

type hello struct {
	Ready    bool      `json:"ready"`
	Engine   string    `json:"engine"`
	Version  string    `json:"version"`
	Policies int       `json:"policies"`
	Bindings int       `json:"bindings"`
	Refused  []refused `json:"refused"`
}

// compiled is a policy that is bound, ready to run.
type compiled struct {
	policy     *admissionv1.MutatingAdmissionPolicy
	compiler   *cel.CompositedCompiler
	evaluators []cel.MutatingEvaluator
	patchers   []patch.Patcher
}

type mutator struct {
	hello    hello
	policies []*compiled
	mapper   meta.RESTMapper
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-mutate:", err)
		os.Exit(2)
	}
}

func run(roots []string, in io.Reader, out io.Writer) error {
	if len(roots) == 0 {
		return errors.New("usage: polc-mutate FILE-OR-FOLDER... < REQUESTS")
	}
	all, err := load(roots)
	if err != nil {
		return err
	}
	return lines.Serve(in, out, all.hello, func(line []byte) any {
		var asked request
		var reply answer
		reply.Answer(line, &asked, func() error { return all.one(&asked, &reply) })
		return reply
	})
}

// load reads every YAML file under the roots. What is no policy or binding is left alone; a policy without a binding is an error.
func load(roots []string) (*mutator, error) {
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, err
	}
	made := &mutator{
		mapper: testrestmapper.TestOnlyStaticRESTMapper(legacyscheme.Scheme),
		hello:  hello{Ready: true, Engine: "kube-apiserver", Version: lines.Version("k8s.io/apiserver"), Refused: []refused{}},
	}
	var policies []*admissionv1.MutatingAdmissionPolicy
	bound := map[string]bool{}
	for _, document := range documents {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(document.Text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		if head.APIVersion != admissionv1.SchemeGroupVersion.String() {
			continue
		}
		switch head.Kind {
		case "MutatingAdmissionPolicy":
			policy, internal := &admissionv1.MutatingAdmissionPolicy{}, &admissionregistration.MutatingAdmissionPolicy{}
			if err := read(document.Text, policy, internal); err != nil {
				return nil, fmt.Errorf("%s: %w", document.Path, err)
			}
			if problems := validation.ValidateMutatingAdmissionPolicy(internal); len(problems) > 0 {
				made.refuse(policy.Name, problems.ToAggregate())
				continue
			}
			policies = append(policies, policy)
		case "MutatingAdmissionPolicyBinding":
			binding, internal := &admissionv1.MutatingAdmissionPolicyBinding{}, &admissionregistration.MutatingAdmissionPolicyBinding{}
			if err := read(document.Text, binding, internal); err != nil {
				return nil, fmt.Errorf("%s: %w", document.Path, err)
			}
			if problems := validation.ValidateMutatingAdmissionPolicyBinding(internal); len(problems) > 0 {
				made.refuse("binding "+binding.Name, problems.ToAggregate())
				continue
			}
			bound[binding.Spec.PolicyName] = true
			made.hello.Bindings++
		}
	}
	if len(policies) == 0 && len(made.hello.Refused) == 0 {
		return nil, fmt.Errorf("no MutatingAdmissionPolicy under %s", strings.Join(roots, ", "))
	}
	// What the API server takes in new policies is what the version before it has too.
	base := environment.MustBaseEnvSet(version.MajorMinor(1, 36))
	for _, policy := range policies {
		if !bound[policy.Name] {
			made.refuse(policy.Name, errors.New("no binding"))
			continue
		}
		one, err := compile(base, policy)
		if err != nil {
			made.refuse(policy.Name, err)
			continue
		}
		made.policies = append(made.policies, one)
	}
	made.hello.Policies = len(made.policies)
	return made, nil
}

func (m *mutator) refuse(name string, reason error) {
	m.hello.Refused = append(m.hello.Refused, refused{name, reason.Error()})
}

func read(document []byte, into, internal runtime.Object) error {
	if err := yaml.UnmarshalStrict(document, into); err != nil {
		return err
	}
	legacyscheme.Scheme.Default(into)
	return legacyscheme.Scheme.Convert(into, internal, nil)
}

func compile(base *environment.EnvSet, policy *admissionv1.MutatingAdmissionPolicy) (*compiled, error) {
	if policy.Spec.ParamKind != nil || len(policy.Spec.MatchConditions) > 0 {
		return nil, errors.New("policies with params or matchConditions are not carried")
	}
	compiler, err := cel.NewCompositedCompiler(base)
	if err != nil {
		return nil, err
	}
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	for _, variable := range policy.Spec.Variables {
		outcome := compiler.CompileAndStoreVariable(&validating.Variable{Name: variable.Name, Expression: variable.Expression}, options, environment.NewExpressions)
		if outcome.Error != nil {
			return nil, fmt.Errorf("variable %s: %w", variable.Name, outcome.Error)
		}
	}
	options.HasPatchTypes = true
	made := &compiled{policy: policy, compiler: compiler}
	for _, mutation := range policy.Spec.Mutations {
		if mutation.JSONPatch == nil {
			return nil, errors.New("a mutation without a JSON patch")
		}
		evaluator := compiler.CompileMutatingEvaluator(&patch.JSONPatchCondition{Expression: mutation.JSONPatch.Expression}, options, environment.NewExpressions)
		for _, problem := range evaluator.CompilationErrors() {
			return nil, problem
		}
		made.evaluators = append(made.evaluators, evaluator)
		made.patchers = append(made.patchers, patch.NewJSONPatcher(evaluator))
	}
	return made, nil
}

func (m *mutator) one(asked *request, reply *answer) error {
	if len(asked.Object) == 0 {
		return errors.New("no object")
	}
	object, kind, err := decode(asked.Object)
	if err != nil {
		reply.Unreadable = err.Error()
		return nil
	}
	legacyscheme.Scheme.Default(object)
	if reply.Before, err = runtime.DefaultUnstructuredConverter.ToUnstructured(object); err != nil {
		return err
	}
	var old runtime.Object
	if len(asked.OldObject) > 0 {
		if old, _, err = decode(asked.OldObject); err != nil {
			reply.Unreadable = err.Error()
			return nil
		}
		legacyscheme.Scheme.Default(old)
	}
	for _, policy := range m.policies {
		if asked.Policies != nil && !slices.Contains(*asked.Policies, policy.policy.Name) {
			continue
		}
		changed, err := m.apply(policy, asked, object, old, *kind, reply)
		if err != nil {
			reply.Policy = policy.policy.Name
			return err
		}
		object = changed
	}
	reply.After, err = runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	return err
}

// decode reads an object as the API server does; a kind that it does not know, a custom one, stays as it is.
func decode(text []byte) (runtime.Object, *schema.GroupVersionKind, error) {
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(text); err != nil {
		return nil, nil, err
	}
	kind := read.GroupVersionKind()
	if !legacyscheme.Scheme.Recognizes(kind) {
		return read, &kind, nil
	}
	return legacyscheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
}

func (m *mutator) apply(policy *compiled, asked *request, object, old runtime.Object, kind schema.GroupVersionKind, reply *answer) (runtime.Object, error) {
	attributes, namespace, err := m.attributes(asked, object, old, kind)
	if err != nil {
		return nil, err
	}
	matches := slices.ContainsFunc(policy.policy.Spec.MatchConstraints.ResourceRules, func(rule admissionv1.NamedRuleWithOperations) bool {
		matcher := rules.Matcher{Rule: rule.RuleWithOperations, Attr: attributes}
		return matcher.Matches()
	})
	if !matches {
		return object, nil
	}
	reply.Ran++
	interfaces := admission.NewObjectInterfacesFromScheme(legacyscheme.Scheme)
	versioned, err := admission.NewVersionedAttributes(attributes, kind, interfaces)
	if err != nil {
		return nil, err
	}
	if asked.Cost {
		if reply.Costs == nil {
			reply.Costs = map[string]int64{}
		}
		if reply.Costs[policy.policy.Name], err = policy.cost(versioned, namespace); err != nil {
			return nil, err
		}
	}
	// The variables live as long as one run of the policy.
	ctx := policy.compiler.CreateContext(context.Background())
	for _, patcher := range policy.patchers {
		changed, err := patcher.Patch(ctx, patch.Request{
			MatchedResource:     attributes.GetResource(),
			VersionedAttributes: versioned,
			ObjectInterfaces:    interfaces,
			Namespace:           namespace,
		}, celconfig.RuntimeCELCostBudget)
		if err != nil {
			return nil, err
		}
		interfaces.GetObjectDefaulter().Default(changed)
		versioned.UpdateObject(changed)
	}
	return versioned.VersionedObject.Object(), nil
}

// cost is that of the patches and of the variables that they read.
func (c *compiled) cost(versioned *admission.VersionedAttributes, namespace *corev1.Namespace) (int64, error) {
	request := cel.CreateAdmissionRequest(versioned.Attributes, metav1.GroupVersionResource(versioned.GetResource()), metav1.GroupVersionKind(versioned.VersionedKind))
	seen := cel.CreateNamespaceObject(namespace)
	ctx := c.compiler.CreateContext(context.Background())
	budget := int64(celconfig.RuntimeCELCostBudget)
	for _, evaluator := range c.evaluators {
		_, left, err := evaluator.ForInput(ctx, versioned, request, cel.OptionalVariableBindings{}, seen, budget)
		if err != nil {
			return 0, err
		}
		budget = left
	}
	return celconfig.RuntimeCELCostBudget - budget, nil
}

func (m *mutator) attributes(asked *request, object, old runtime.Object, kind schema.GroupVersionKind) (admission.Attributes, *corev1.Namespace, error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return nil, nil, err
	}
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	namespaced := accessor.GetNamespace() != ""
	if mapping, err := m.mapper.RESTMapping(kind.GroupKind(), kind.Version); err == nil {
		resource = mapping.Resource
		namespaced = mapping.Scope.Name() == meta.RESTScopeNameNamespace
	}
	var namespace *corev1.Namespace
	space := ""
	if namespaced {
		if space = accessor.GetNamespace(); space == "" {
			// The API server has filled this in before a policy sees the object.
			space = metav1.NamespaceDefault
			accessor.SetNamespace(space)
		}
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space, Labels: asked.NamespaceLabels}}
	}
	operation := admission.Operation(asked.Operation)
	if operation == "" {
		operation = admission.Create
	}
	if old != nil && reflect.ValueOf(old).IsNil() {
		old = nil
	}
	who := &user.DefaultInfo{Name: "polc"}
	return admission.NewAttributesRecord(object, old, kind, space, accessor.GetName(), resource, "", operation, nil, false, who), namespace, nil
}
