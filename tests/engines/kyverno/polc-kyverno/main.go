// Command polc-kyverno judges many objects with Kyverno ClusterPolicies whose rules are `validate.cel`, and with ValidatingPolicies and their PolicyExceptions: JSON lines in, JSON lines out.
//
// Kyverno's own engine compiles every CEL expression again for every object. Here the expressions are compiled once, with Kyverno's compiler,
// and matching, rule computation and evaluation are Kyverno's; `full` asks for the engine itself, as a check of that.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	policiesv1beta1 "github.com/kyverno/api/api/policies.kyverno.io/v1beta1"
	kyvernov1 "github.com/kyverno/kyverno/api/kyverno/v1"
	kyvernov2 "github.com/kyverno/kyverno/api/kyverno/v2"
	"github.com/kyverno/kyverno/pkg/admissionpolicy"
	"github.com/kyverno/kyverno/pkg/autogen"
	"github.com/kyverno/kyverno/pkg/config"
	"github.com/kyverno/kyverno/pkg/engine"
	engineapi "github.com/kyverno/kyverno/pkg/engine/api"
	"github.com/kyverno/kyverno/pkg/engine/factories"
	"github.com/kyverno/kyverno/pkg/engine/jmespath"
	"github.com/kyverno/kyverno/pkg/engine/policycontext"
	engineutils "github.com/kyverno/kyverno/pkg/engine/utils"
	imageverifycache "github.com/kyverno/kyverno/pkg/image/verification/cache"
	policyvalidation "github.com/kyverno/kyverno/pkg/validation/policy"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"
)

type request struct {
	ID        json.RawMessage `json:"id"`
	Operation string          `json:"operation"`
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
	// NamespaceObject is the Namespace that the object is in; one that has nothing but its name unless given.
	NamespaceObject *corev1.Namespace `json:"namespaceObject"`
	// UserInfo is who asks.
	UserInfo authenticationv1.UserInfo `json:"userInfo"`
	// Policies are the names of those that are asked; all unless given.
	Policies    []string `json:"policies"`
	Resource    string   `json:"resource"`
	Subresource string   `json:"subresource"`
	// Requested and Parent are the resource of which a subresource is asked for, and its kind; the objects of some, such as `deployments/scale`, do not tell.
	Requested *metav1.GroupVersionResource `json:"requested"`
	Parent    *metav1.GroupVersionKind     `json:"parent"`
	DryRun    bool                         `json:"dryRun"`
	Options   json.RawMessage              `json:"options"`
	// Full takes the engine itself instead of the expressions that were compiled beforehand.
	Full bool `json:"full"`
}

type result struct {
	Policy  string `json:"policy"`
	Rule    string `json:"rule"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// answer holds the results other than passes, and how many rules ran, passes counted.
type answer struct {
	ID      json.RawMessage `json:"id,omitempty"`
	Ran     int             `json:"ran"`
	Results []result        `json:"results"`
	Error   string          `json:"error,omitempty"`
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
	Rules    int       `json:"rules"`
	Refused  []refused `json:"refused"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-kyverno:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	flag.Parse()
	log.SetLogger(logr.Discard())
	if flag.NArg() == 0 {
		return errors.New("usage: polc-kyverno FILE-OR-FOLDER... < OBJECTS")
	}
	policies, newer, exceptions, err := load(flag.Args())
	if err != nil {
		return err
	}
	judge := newJudge()
	greeting := hello{Ready: true, Engine: "kyverno", Version: lines.Version("github.com/kyverno/kyverno"), Refused: []refused{}}
	for _, policy := range policies {
		// What the admission webhook and the CLI refuse, neither runs; nor is it run here.
		if problems := validation.IsDNS1123Subdomain(policy.GetName()); len(problems) > 0 {
			greeting.Refused = append(greeting.Refused, refused{policy.GetName(), problems[0]})
			continue
		}
		if _, err := policyvalidation.Validate(policy, nil, nil, true, "", ""); err != nil {
			greeting.Refused = append(greeting.Refused, refused{policy.GetName(), err.Error()})
			continue
		}
		rules, err := judge.add(policy)
		if err != nil {
			greeting.Refused = append(greeting.Refused, refused{policy.GetName(), err.Error()})
			continue
		}
		greeting.Policies++
		greeting.Rules += rules
	}
	checked, problems, err := newValidating(newer, exceptions)
	if err != nil {
		return err
	}
	judge.validating = checked
	greeting.Policies += len(checked.policies)
	greeting.Rules += len(checked.policies)
	greeting.Refused = append(greeting.Refused, problems...)
	return lines.Serve(in, out, greeting, func(line []byte) any {
		return judge.one(line)
	})
}

type compiled struct {
	validator validating.Validator
	failure   error
}

type judge struct {
	policies []kyvernov1.PolicyInterface
	rules    map[string]validating.Validator
	config   config.Configuration
	jmespath jmespath.Interface
	engine   engineapi.Engine
	// validating holds the policies of the newer kind.
	validating *policySet
}

func newJudge() *judge {
	configuration := config.NewDefaultConfiguration(false)
	jp := jmespath.New(configuration)
	cluster := false
	return &judge{
		rules:    map[string]validating.Validator{},
		config:   configuration,
		jmespath: jp,
		engine: engine.NewEngine(configuration, jp, nil, nil, imageverifycache.DisabledImageVerifyCache(),
			factories.DefaultContextLoaderFactory(nil), nil, &cluster),
	}
}

// add compiles the rules as they stand in the policy and gives their number.
func (j *judge) add(policy kyvernov1.PolicyInterface) (int, error) {
	rules := policy.GetSpec().Rules
	for _, rule := range rules {
		if !rule.HasValidateCEL() {
			return 0, fmt.Errorf("rule %s is not validate.cel", rule.Name)
		}
		prepared := compile(policy, rule)
		if prepared.failure != nil {
			return 0, fmt.Errorf("rule %s: %w", rule.Name, prepared.failure)
		}
		j.rules[policy.GetName()+"/"+rule.Name] = prepared.validator
	}
	j.policies = append(j.policies, policy)
	return len(rules), nil
}

func compile(policy kyvernov1.PolicyInterface, rule kyvernov1.Rule) compiled {
	source := rule.Validation.CEL
	for i := range source.Expressions {
		if source.Expressions[i].Message == "" {
			source.Expressions[i].Message = rule.Validation.Message
		}
	}
	compiler, err := admissionpolicy.NewCompiler(rule.CELPreconditions, source.Variables)
	if err != nil {
		return compiled{failure: err}
	}
	compiler.WithValidations(source.Expressions)
	compiler.WithAuditAnnotations(source.AuditAnnotations)
	with := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	compiler.CompileVariables(with)
	validations := compiler.CompileValidations(with)
	messages := compiler.CompileMessageExpressions(cel.OptionalVariableDeclarations{})
	annotations := compiler.CompileAuditAnnotationsExpressions(with)
	conditions := compiler.CompileMatchConditions(with)
	// Kyverno would meet these once an object comes, and fall back to the static message where it is the message's expression that is broken.
	for _, evaluator := range []cel.ConditionEvaluator{validations, messages, annotations, conditions} {
		if problems := evaluator.CompilationErrors(); len(problems) > 0 {
			return compiled{failure: errors.Join(problems...)}
		}
	}
	matcher := matchconditions.NewMatcher(conditions, nil, policy.GetKind(), "", policy.GetName())
	return compiled{validator: validating.NewValidator(validations, matcher, annotations, messages, nil, nil)}
}

func (j *judge) one(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	reply := answer{ID: asked.ID, Results: []result{}}
	fail := func(err error) answer {
		reply.Error = err.Error()
		return reply
	}
	object, err := decode(asked.Object)
	if err != nil {
		return fail(err)
	}
	old, err := decode(asked.OldObject)
	if err != nil {
		return fail(err)
	}
	if asked.Operation == "" {
		asked.Operation = string(kyvernov1.Create)
	}
	operation := kyvernov1.AdmissionOperation(asked.Operation)
	for _, policy := range j.policies {
		if len(asked.Policies) > 0 && !slices.Contains(asked.Policies, policy.GetName()) {
			continue
		}
		var results []result
		if asked.Full {
			results, err = j.byEngine(policy, asked, operation, object, old)
		} else {
			results, err = j.byCompiled(policy, asked, operation, object, old)
		}
		if err != nil {
			return fail(fmt.Errorf("policy %s: %w", policy.GetName(), err))
		}
		reply.Ran += len(results)
		for _, one := range results {
			if one.Status != "pass" {
				reply.Results = append(reply.Results, one)
			}
		}
	}
	results, ran, err := j.validating.judge(&asked, asked.Operation, object, old)
	if err != nil {
		return fail(err)
	}
	reply.Ran += ran
	reply.Results = append(reply.Results, results...)
	return reply
}

// kind is that of the resource, also where a subresource of it is asked for.
func (r *request) kind(object unstructured.Unstructured) schema.GroupVersionKind {
	if r.Parent != nil {
		return schema.GroupVersionKind(*r.Parent)
	}
	return object.GroupVersionKind()
}

func decode(text json.RawMessage) (unstructured.Unstructured, error) {
	var object unstructured.Unstructured
	if len(text) == 0 || string(text) == "null" {
		return object, nil
	}
	return object, object.UnmarshalJSON(text)
}

func (j *judge) byEngine(policy kyvernov1.PolicyInterface, asked request, operation kyvernov1.AdmissionOperation, object, old unstructured.Unstructured) ([]result, error) {
	present := object
	if operation == kyvernov1.Delete {
		present = old
	}
	within, err := policycontext.NewPolicyContext(j.jmespath, present, operation, nil, j.config)
	if err != nil {
		return nil, err
	}
	within = within.WithPolicy(policy).WithResourceKind(asked.kind(present), asked.Subresource).WithAdmissionInfo(kyvernov2.RequestInfo{AdmissionUserInfo: asked.UserInfo})
	if operation == kyvernov1.Update {
		within = within.WithOldResource(old)
	}
	response := j.engine.Validate(context.Background(), within)
	var results []result
	for _, rule := range response.PolicyResponse.Rules {
		results = append(results, result{policy.GetName(), rule.Name(), string(rule.Status()), rule.Message()})
	}
	return results, nil
}

func (j *judge) byCompiled(policy kyvernov1.PolicyInterface, asked request, operation kyvernov1.AdmissionOperation, object, old unstructured.Unstructured) ([]result, error) {
	present := object
	if operation == kyvernov1.Delete {
		present = old
	}
	kind := asked.kind(present)
	var results []result
	for _, rule := range autogen.Default.ComputeRules(policy, kind.Kind) {
		err := engineutils.MatchesResourceDescription(present, rule, kyvernov2.RequestInfo{}, nil, policy.GetNamespace(), kind, asked.Subresource, operation)
		if err != nil {
			continue
		}
		prepared, found := j.rules[policy.GetName()+"/"+rule.Name]
		if !found {
			return nil, fmt.Errorf("rule %s was not written but generated: autogen is on", rule.Name)
		}
		status, message, err := evaluate(prepared, asked, kind, operation, object, old)
		if err != nil {
			return nil, err
		}
		results = append(results, result{policy.GetName(), rule.Name, status, message})
	}
	return results, nil
}

func evaluate(validator validating.Validator, asked request, kind schema.GroupVersionKind, operation kyvernov1.AdmissionOperation, object, old unstructured.Unstructured) (status, message string, err error) {
	var now, before runtime.Object
	present := &object
	// As Kyverno does: what is sent to a subresource is taken as an object of the kind.
	if object.Object != nil {
		copied := object.DeepCopy()
		copied.SetGroupVersionKind(kind)
		now = copied
	}
	if old.Object != nil {
		copied := old.DeepCopy()
		copied.SetGroupVersionKind(kind)
		before = copied
	}
	if operation == kyvernov1.Delete {
		now, present = nil, &old
	}
	name, space := present.GetName(), present.GetNamespace()
	var namespace *corev1.Namespace
	if kind.Group == "" && kind.Kind == "Namespace" {
		space = ""
	} else if space != "" {
		if namespace = asked.NamespaceObject; namespace == nil {
			namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
		}
	}
	user := admissionpolicy.NewUser(asked.UserInfo)
	var resource schema.GroupVersionResource
	attributes := admission.NewAttributesRecord(now, before, kind, space, name, resource, "", admission.Operation(operation), nil, false, &user)
	versioned, err := admission.NewVersionedAttributes(attributes, kind, admission.NewObjectInterfacesFromScheme(runtime.NewScheme()))
	if err != nil {
		return "", "", err
	}
	outcome := validator.Validate(context.Background(), resource, versioned, nil, namespace, celconfig.RuntimeCELCostBudget, nil)
	if len(outcome.Decisions) == 0 && len(outcome.AuditAnnotations) == 0 {
		return "skip", "cel preconditions not met", nil
	}
	for _, decision := range outcome.Decisions {
		switch {
		case decision.Action == validating.ActionDeny:
			return "fail", decision.Message, nil
		case decision.Evaluation == validating.EvalError:
			return "error", decision.Message, nil
		}
	}
	return "pass", "", nil
}

func load(roots []string) ([]kyvernov1.PolicyInterface, []*policiesv1beta1.ValidatingPolicy, []*policiesv1beta1.PolicyException, error) {
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, nil, nil, err
	}
	var policies []kyvernov1.PolicyInterface
	var newer []*policiesv1beta1.ValidatingPolicy
	var exceptions []*policiesv1beta1.PolicyException
	names := map[string]string{}
	for _, document := range documents {
		if strings.TrimSpace(string(document.Text)) == "" {
			continue
		}
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(document.Text, &head); err != nil {
			return nil, nil, nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		if head.Kind == "PolicyException" {
			exception, err := readException(document.Text)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", document.Path, err)
			}
			exceptions = append(exceptions, exception)
			continue
		}
		if head.Kind == "ValidatingPolicy" {
			policy, err := readValidating(document.Text)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %w", document.Path, err)
			}
			if other, twice := names["vpol/"+policy.Name]; twice {
				return nil, nil, nil, fmt.Errorf("policy %s stands in %s and in %s", policy.Name, other, document.Path)
			}
			names["vpol/"+policy.Name] = document.Path
			newer = append(newer, policy)
			continue
		}
		if head.Kind != "ClusterPolicy" {
			continue
		}
		policy := &kyvernov1.ClusterPolicy{}
		if err := yaml.UnmarshalStrict(document.Text, policy); err != nil {
			return nil, nil, nil, fmt.Errorf("%s: %w", document.Path, err)
		}
		if other, twice := names[policy.Name]; twice {
			return nil, nil, nil, fmt.Errorf("policy %s stands in %s and in %s", policy.Name, other, document.Path)
		}
		names[policy.Name] = document.Path
		policies = append(policies, policy)
	}
	if len(policies) == 0 && len(newer) == 0 {
		return nil, nil, nil, fmt.Errorf("no ClusterPolicy or ValidatingPolicy under %s", strings.Join(roots, ", "))
	}
	return policies, newer, exceptions, nil
}
