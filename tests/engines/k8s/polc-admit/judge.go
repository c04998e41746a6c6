package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

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
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/generated/openapi"
	"polc.invalid/tests/engines/lines"
)

// compiled is a policy with its bindings, ready to judge.
type compiled struct {
	policy    *admissionv1.ValidatingAdmissionPolicy
	bindings  []*admissionv1.ValidatingAdmissionPolicyBinding
	validator validating.Validator
	compiler  *cel.CompositedCompiler
	conditions,
	messages cel.ConditionEvaluator
}

type judge struct {
	hello    hello
	policies []*compiled
	mapper   meta.RESTMapper
}

func newJudge(of *version.Version, roots []string) (*judge, error) {
	all, err := load(roots)
	if err != nil {
		return nil, err
	}
	mapper := testrestmapper.TestOnlyStaticRESTMapper(legacyscheme.Scheme)
	made := &judge{mapper: mapper, hello: hello{
		Ready: true, Engine: "kube-apiserver", Version: lines.Version("k8s.io/apiserver"), Bindings: all.count, Refused: all.refused, Warnings: []refused{},
	}}
	// What the API server does on start: what it takes in new policies is what the version before it has too.
	base := environment.MustBaseEnvSet(version.MajorMinor(of.Major(), of.Minor()-1))
	checker := validating.TypeChecker{
		SchemaResolver: resolver.NewDefinitionsSchemaResolver(openapi.GetOpenAPIDefinitions, legacyscheme.Scheme),
		RestMapper:     mapper,
	}
	for _, policy := range all.policies {
		one, err := compile(base, policy)
		if err != nil {
			made.hello.Refused = append(made.hello.Refused, refused{policy.Name, err.Error()})
			continue
		}
		for _, warning := range checker.Check(policy) {
			made.hello.Warnings = append(made.hello.Warnings, refused{policy.Name, warning.FieldRef + ": " + warning.Warning})
		}
		one.bindings = all.bindings[policy.Name]
		made.policies = append(made.policies, one)
	}
	made.hello.Policies = len(made.policies)
	return made, nil
}

func compile(base *environment.EnvSet, policy *admissionv1.ValidatingAdmissionPolicy) (*compiled, error) {
	if policy.Spec.ParamKind != nil {
		return nil, fmt.Errorf("policies with params are not carried")
	}
	compiler, err := cel.NewCompositedCompiler(base)
	if err != nil {
		return nil, err
	}
	with := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	without := cel.OptionalVariableDeclarations{}
	for _, variable := range policy.Spec.Variables {
		outcome := compiler.CompileAndStoreVariable(&validating.Variable{Name: variable.Name, Expression: variable.Expression}, with, environment.NewExpressions)
		if outcome.Error != nil {
			return nil, fmt.Errorf("variable %s: %w", variable.Name, outcome.Error)
		}
	}
	var checks, texts []cel.ExpressionAccessor
	for _, validation := range policy.Spec.Validations {
		checks = append(checks, &validating.ValidationCondition{Expression: validation.Expression, Message: validation.Message, Reason: validation.Reason})
		if validation.MessageExpression == "" {
			return nil, fmt.Errorf("a validation without a messageExpression")
		}
		texts = append(texts, &validating.MessageExpressionCondition{MessageExpression: validation.MessageExpression})
	}
	conditions := compiler.CompileCondition(checks, with, environment.NewExpressions)
	messages := compiler.CompileCondition(texts, without, environment.NewExpressions)
	var matching []cel.ExpressionAccessor
	for i := range policy.Spec.MatchConditions {
		matching = append(matching, (*matchconditions.MatchCondition)(&policy.Spec.MatchConditions[i]))
	}
	matches := compiler.CompileCondition(matching, with, environment.NewExpressions)
	for _, evaluator := range []cel.ConditionEvaluator{conditions, messages, matches} {
		for _, problem := range evaluator.CompilationErrors() {
			return nil, problem
		}
	}
	var matcher matchconditions.Matcher
	if len(matching) > 0 {
		matcher = matchconditions.NewMatcher(matches, policy.Spec.FailurePolicy, "policy", "validate", policy.Name)
	}
	none := compiler.CompileCondition(nil, with, environment.NewExpressions)
	return &compiled{
		policy:     policy,
		validator:  validating.NewValidator(conditions, matcher, none, messages, policy.Spec.FailurePolicy, nil),
		compiler:   compiler,
		conditions: conditions,
		messages:   messages,
	}, nil
}

func (j *judge) one(asked *request, reply *answer) error {
	object, kind, err := decode(asked, asked.Object)
	if err != nil {
		reply.Unreadable = err.Error()
		return nil
	}
	old, oldKind, err := decode(asked, asked.OldObject)
	if err != nil {
		reply.Unreadable = err.Error()
		return nil
	}
	operation := admission.Operation(asked.Operation)
	if operation == "" {
		operation = admission.Create
	}
	present := object
	if operation == admission.Delete {
		present, kind = old, oldKind
	}
	if present == nil {
		return fmt.Errorf("no object")
	}
	attributes, namespace, err := j.attributes(asked, operation, object, old, present, kind)
	if err != nil {
		return err
	}
	versioned, err := admission.NewVersionedAttributes(attributes, kind, admission.NewObjectInterfacesFromScheme(legacyscheme.Scheme))
	if err != nil {
		return err
	}
	if asked.Echo {
		if reply.Object, err = seen(object); err != nil {
			return err
		}
		if reply.OldObject, err = seen(old); err != nil {
			return err
		}
	}
	for _, policy := range j.policies {
		if len(asked.Policies) > 0 && !slices.Contains(asked.Policies, policy.policy.Name) {
			continue
		}
		if !policy.matches(attributes) {
			continue
		}
		reply.Ran++
		outcome := policy.validator.Validate(context.Background(), attributes.GetResource(), versioned, nil, namespace, celconfig.RuntimeCELCostBudget, nil)
		for _, decision := range outcome.Decisions {
			if decision.Action == validating.ActionAdmit {
				continue
			}
			status := "fail"
			if decision.Evaluation == validating.EvalError {
				status = "error"
			}
			reply.Results = append(reply.Results, result{policy.policy.Name, status, decision.Message, policy.actions(), string(decision.Reason)})
		}
		if asked.Cost {
			if reply.Costs == nil {
				reply.Costs = map[string]int64{}
			}
			if reply.Costs[policy.policy.Name], err = policy.cost(versioned, namespace); err != nil {
				return err
			}
		}
	}
	return nil
}

// seen is an object as CEL gets it.
func seen(object runtime.Object) (map[string]any, error) {
	if object == nil || reflect.ValueOf(object).IsNil() {
		return nil, nil
	}
	return runtime.DefaultUnstructuredConverter.ToUnstructured(object)
}

// actions are those of all bindings.
func (c *compiled) actions() []string {
	var actions []string
	for _, binding := range c.bindings {
		for _, action := range binding.Spec.ValidationActions {
			actions = append(actions, string(action))
		}
	}
	return actions
}

// matches looks at the resource rules of the policy; selectors are not carried.
func (c *compiled) matches(attributes admission.Attributes) bool {
	for _, rule := range c.policy.Spec.MatchConstraints.ResourceRules {
		if matcher := (rules.Matcher{Rule: rule.RuleWithOperations, Attr: attributes}); matcher.Matches() {
			return true
		}
	}
	return false
}

// cost is that of the conditions and of the messages, which the API server works out for what passes too.
func (c *compiled) cost(versioned *admission.VersionedAttributes, namespace *corev1.Namespace) (int64, error) {
	request := cel.CreateAdmissionRequest(versioned.Attributes, metav1.GroupVersionResource(versioned.GetResource()), metav1.GroupVersionKind(versioned.VersionedKind))
	budget := int64(celconfig.RuntimeCELCostBudget)
	seen := cel.CreateNamespaceObject(namespace)
	for _, evaluator := range []cel.ConditionEvaluator{c.conditions, c.messages} {
		_, left, err := evaluator.ForInput(context.Background(), versioned, request, cel.OptionalVariableBindings{}, seen, budget)
		if err != nil {
			return 0, err
		}
		budget = left
	}
	return celconfig.RuntimeCELCostBudget - budget, nil
}

func (j *judge) attributes(asked *request, operation admission.Operation, object, old, present runtime.Object, kind schema.GroupVersionKind) (admission.Attributes, *corev1.Namespace, error) {
	accessor, err := meta.Accessor(present)
	if err != nil {
		return nil, nil, err
	}
	resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: asked.Resource}
	namespaced := accessor.GetNamespace() != ""
	if mapping, err := j.mapper.RESTMapping(kind.GroupKind(), kind.Version); err == nil {
		if resource.Resource == "" {
			resource = mapping.Resource
		}
		namespaced = mapping.Scope.Name() == meta.RESTScopeNameNamespace
	} else if resource.Resource == "" {
		resource, _ = meta.UnsafeGuessKindToResource(kind)
	}
	if asked.Requested != nil {
		resource = schema.GroupVersionResource(*asked.Requested)
	}
	space := ""
	var namespace *corev1.Namespace
	if namespaced {
		if space = accessor.GetNamespace(); space == "" {
			space = metav1.NamespaceDefault
			// The API server has filled this in before a policy sees the object.
			accessor.SetNamespace(space)
		}
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space, Labels: asked.NamespaceLabels}}
		if len(asked.NamespaceObject) > 0 && string(asked.NamespaceObject) != "null" {
			if err := json.Unmarshal(asked.NamespaceObject, namespace); err != nil {
				return nil, nil, err
			}
		}
	} else if kind.Group == "" && kind.Kind == "Namespace" {
		space = accessor.GetName()
	}
	who := &user.DefaultInfo{Name: "polc"}
	if info := asked.UserInfo; info != nil {
		who = &user.DefaultInfo{Name: info.Username, UID: info.UID, Groups: info.Groups, Extra: info.Extra}
	}
	var options runtime.Object
	if len(asked.Options) > 0 && string(asked.Options) != "null" {
		read := &unstructured.Unstructured{}
		if err := read.UnmarshalJSON(asked.Options); err != nil {
			return nil, nil, err
		}
		options = read
	}
	return admission.NewAttributesRecord(object, old, kind, space, accessor.GetName(), resource, asked.Subresource, operation, options, asked.DryRun, who), namespace, nil
}

// decode reads an object as the API server does; a kind that it does not know, a custom one, stays as it is.
func decode(asked *request, text json.RawMessage) (runtime.Object, schema.GroupVersionKind, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, schema.GroupVersionKind{}, nil
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(text); err != nil {
		return nil, schema.GroupVersionKind{}, err
	}
	kind := read.GroupVersionKind()
	if asked.Raw || !legacyscheme.Scheme.Recognizes(kind) {
		return read, kind, nil
	}
	object, _, err := legacyscheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if err != nil {
		return nil, kind, err
	}
	if asked.Defaults {
		legacyscheme.Scheme.Default(object)
	}
	return object, kind, nil
}
