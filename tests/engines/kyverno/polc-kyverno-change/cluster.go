package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-logr/logr"
	kyvernov1 "github.com/kyverno/kyverno/api/kyverno/v1"
	kyvernov2 "github.com/kyverno/kyverno/api/kyverno/v2"
	"github.com/kyverno/kyverno/pkg/background/generate"
	"github.com/kyverno/kyverno/pkg/clients/dclient"
	"github.com/kyverno/kyverno/pkg/config"
	kyvernoengine "github.com/kyverno/kyverno/pkg/engine"
	"github.com/kyverno/kyverno/pkg/engine/adapters"
	engineapi "github.com/kyverno/kyverno/pkg/engine/api"
	"github.com/kyverno/kyverno/pkg/engine/factories"
	"github.com/kyverno/kyverno/pkg/engine/jmespath"
	"github.com/kyverno/kyverno/pkg/engine/policycontext"
	imageverifycache "github.com/kyverno/kyverno/pkg/image/verification/cache"
	policyvalidation "github.com/kyverno/kyverno/pkg/validation/policy"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"sigs.k8s.io/yaml"
)

// clusterPolicies holds ClusterPolicies with mutate or generate rules.
type clusterPolicies struct {
	policies             []*kyvernov1.ClusterPolicy
	mutating, generating int
	// brought are the kinds that generate rules make.
	brought  []schema.GroupVersionResource
	config   config.Configuration
	jmespath jmespath.Interface
	engine   engineapi.Engine
}

func newClusterPolicies() *clusterPolicies {
	configuration := config.NewDefaultConfiguration(false)
	jp := jmespath.New(configuration)
	return &clusterPolicies{config: configuration, jmespath: jp, engine: newEngine(configuration, jp, nil)}
}

func newEngine(configuration config.Configuration, jp jmespath.Interface, client engineapi.Client) engineapi.Engine {
	cluster := false
	return kyvernoengine.NewEngine(configuration, jp, client, nil, imageverifycache.DisabledImageVerifyCache(), factories.DefaultContextLoaderFactory(nil), nil, &cluster)
}

// add reads a policy strictly; the reason is why the admission webhook would refuse it. One that only validates is left alone.
func (c *clusterPolicies) add(document []byte) (reason string, err error) {
	policy := &kyvernov1.ClusterPolicy{}
	if err := yaml.UnmarshalStrict(document, policy); err != nil {
		return "", err
	}
	if !policy.Spec.HasMutate() && !policy.Spec.HasGenerate() {
		return "", nil
	}
	if _, err := policyvalidation.Validate(policy, nil, nil, true, "", ""); err != nil {
		return err.Error(), nil
	}
	if policy.Spec.HasMutate() {
		c.mutating++
	} else {
		c.generating++
	}
	for _, rule := range policy.Spec.Rules {
		if rule.HasGenerate() {
			kind := schema.FromAPIVersionAndKind(rule.Generation.APIVersion, rule.Generation.Kind)
			// The plural as the stand-in for a cluster forms it.
			c.brought = append(c.brought, kind.GroupVersion().WithResource(strings.ToLower(kind.Kind)+"s"))
		}
	}
	c.policies = append(c.policies, policy)
	return "", nil
}

// apply gives the object after the policies, and what they bring.
func (c *clusterPolicies) apply(object *unstructured.Unstructured, operation admission.Operation, wanted func(string) bool, reply *answer) (*unstructured.Unstructured, []map[string]any, error) {
	var brought []map[string]any
	for _, policy := range c.policies {
		if !wanted(policy.Name) {
			continue
		}
		_, review, _, err := parts(object, operation)
		if err != nil {
			return nil, nil, err
		}
		within, err := policycontext.NewPolicyContextFromAdmissionRequest(c.jmespath, *review, kyvernov2.RequestInfo{AdmissionUserInfo: review.UserInfo}, object.GroupVersionKind(), c.config)
		if err != nil {
			return nil, nil, err
		}
		within = within.WithPolicy(policy)
		fail := func(err error) (*unstructured.Unstructured, []map[string]any, error) {
			reply.Policy = policy.Name
			return nil, nil, err
		}
		if policy.Spec.HasMutate() {
			response := c.engine.Mutate(context.Background(), within)
			for _, rule := range response.PolicyResponse.Rules {
				reply.Ran++
				if status := rule.Status(); status != engineapi.RuleStatusPass && status != engineapi.RuleStatusSkip {
					return fail(fmt.Errorf("rule %s: %s: %s", rule.Name(), status, rule.Message()))
				}
			}
			patched := response.PatchedResource
			object = &patched
			continue
		}
		made, err := c.generate(within, policy, reply)
		if err != nil {
			return fail(err)
		}
		brought = append(brought, made...)
	}
	return object, brought, nil
}

func (c *clusterPolicies) generate(within *policycontext.PolicyContext, policy *kyvernov1.ClusterPolicy, reply *answer) ([]map[string]any, error) {
	client, err := dclient.NewFakeClient(runtime.NewScheme(), nil)
	if err != nil {
		return nil, err
	}
	client.SetDiscovery(dclient.NewFakeDiscoveryClient(c.brought))
	controller := generate.NewGenerateControllerWithOnlyClient(client, newEngine(c.config, c.jmespath, adapters.Client(client)))
	response := c.engine.Generate(context.Background(), within)
	var brought []map[string]any
	for _, rule := range response.PolicyResponse.Rules {
		reply.Ran++
		switch rule.Status() {
		case engineapi.RuleStatusPass:
		case engineapi.RuleStatusSkip:
			continue
		default:
			return nil, fmt.Errorf("rule %s: %s: %s", rule.Name(), rule.Status(), rule.Message())
		}
		made, err := controller.ApplyGeneratePolicy(logr.Discard(), within, []string{rule.Name()})
		if err != nil {
			return nil, err
		}
		objects, err := controller.GetUnstrResources(made[rule.Name()])
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			withoutKyvernos(object)
			brought = append(brought, object.Object)
		}
	}
	return brought, nil
}

// withoutKyvernos takes away the labels by which Kyverno knows what it has made.
func withoutKyvernos(object *unstructured.Unstructured) {
	labels := object.GetLabels()
	for name := range labels {
		if name == "app.kubernetes.io/managed-by" || strings.HasPrefix(name, "generate.kyverno.io/") {
			delete(labels, name)
		}
	}
	if len(labels) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "labels")
		return
	}
	object.SetLabels(labels)
}
