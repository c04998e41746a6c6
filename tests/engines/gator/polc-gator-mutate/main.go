// Command polc-gator-mutate changes objects by Gatekeeper's mutators as its webhook does: JSON lines in, JSON lines out.
//
// Mutators are read strictly and validated as Gatekeeper's own webhook validates them. Objects are read into their types and written again before and after, as the API server does around a webhook.
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

	"github.com/open-policy-agent/gatekeeper/v3/apis/mutations/unversioned"
	mutationsv1 "github.com/open-policy-agent/gatekeeper/v3/apis/mutations/v1"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators/assign"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators/assignmeta"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/mutators/modifyset"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/schema"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/meta/testrestmapper"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/yaml"
)

type request struct {
	lines.Asked
	Operation string          `json:"operation"`
	Object    json.RawMessage `json:"object"`
	// NamespaceLabels are those of the object's Namespace.
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	// Policies are the names of the mutations that run, whose mutators are called so with a number after it; all unless given, none of them where the list is empty.
	Policies *[]string `json:"policies"`
}

type answer struct {
	lines.Reply
	// Before is the object as the API server has read it.
	Before map[string]any `json:"before,omitempty"`
	// After is the object after the mutators, read again.
	After map[string]any `json:"after,omitempty"`
	// Unreadable says that the API server could not even decode the object, or refuses it whatever a mutator makes of it.
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
	Refused  []refused `json:"refused"`
}

type gatekeeper struct {
	hello    hello
	mutators []types.Mutator
	// systems hold some of the mutators each, by the names that were asked for.
	systems map[string]*mutation.System
	mapper  meta.RESTMapper
}

func main() {
	flag.Parse()
	if err := run(flag.Args(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-gator-mutate:", err)
		os.Exit(2)
	}
}

func run(roots []string, in io.Reader, out io.Writer) error {
	if len(roots) == 0 {
		return errors.New("usage: polc-gator-mutate FILE-OR-FOLDER... < REQUESTS")
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

// load reads every YAML file under the roots. What is no mutator is left alone.
func load(roots []string) (*gatekeeper, error) {
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, err
	}
	made := &gatekeeper{
		hello:   hello{Ready: true, Engine: "gatekeeper", Version: lines.Version("github.com/open-policy-agent/gatekeeper/v3"), Refused: []refused{}},
		systems: map[string]*mutation.System{},
		mapper:  testrestmapper.TestOnlyStaticRESTMapper(scheme.Scheme),
	}
	versions := runtime.NewScheme()
	if err := mutationsv1.AddToScheme(versions); err != nil {
		return nil, err
	}
	for _, document := range documents {
		if err := made.add(versions, document.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", document.Path, err)
		}
	}
	// All of them together: mutators that contradict each other do not run.
	together, err := made.system(nil)
	if err != nil {
		return nil, err
	}
	for _, mutator := range made.mutators {
		if conflicts := together.GetConflicts(mutator.ID()); len(conflicts) > 0 {
			made.hello.Refused = append(made.hello.Refused, refused{mutator.ID().Name, "it contradicts another one"})
		}
	}
	made.hello.Policies = len(made.mutators)
	if len(made.mutators) == 0 && len(made.hello.Refused) == 0 {
		return nil, fmt.Errorf("no mutator under %s", strings.Join(roots, ", "))
	}
	return made, nil
}

func (g *gatekeeper) add(versions *runtime.Scheme, document []byte) error {
	var about metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(document, &about); err != nil {
		return err
	}
	if about.APIVersion != mutationsv1.GroupVersion.String() {
		return nil
	}
	var mutator types.Mutator
	var invalid error
	switch about.Kind {
	case "Assign":
		var written mutationsv1.Assign
		var read unversioned.Assign
		if err := convert(versions, document, &written, &read); err != nil {
			return err
		}
		mutator, invalid = assign.MutatorForAssign(&read)
	case "AssignMetadata":
		var written mutationsv1.AssignMetadata
		var read unversioned.AssignMetadata
		if err := convert(versions, document, &written, &read); err != nil {
			return err
		}
		mutator, invalid = assignmeta.MutatorForAssignMetadata(&read)
	case "ModifySet":
		var written mutationsv1.ModifySet
		var read unversioned.ModifySet
		if err := convert(versions, document, &written, &read); err != nil {
			return err
		}
		mutator, invalid = modifyset.MutatorForModifySet(&read)
	default:
		return fmt.Errorf("no mutator of kind %q", about.Kind)
	}
	if invalid != nil {
		g.hello.Refused = append(g.hello.Refused, refused{about.Name, invalid.Error()})
		return nil
	}
	g.mutators = append(g.mutators, mutator)
	return nil
}

func convert(versions *runtime.Scheme, document []byte, written, read any) error {
	if err := yaml.UnmarshalStrict(document, written); err != nil {
		return err
	}
	return versions.Convert(written, read, nil)
}

// system gives one with the mutators of these mutations, or all where there is nothing.
func (g *gatekeeper) system(policies *[]string) (*mutation.System, error) {
	key := "*"
	if policies != nil {
		key = strings.Join(*policies, "\n")
	}
	if made, known := g.systems[key]; known {
		return made, nil
	}
	made := mutation.NewSystem(mutation.SystemOpts{})
	found := map[string]bool{}
	for _, mutator := range g.mutators {
		name := mutator.ID().Name
		policy := name[:max(strings.LastIndex(name, "-"), 0)]
		if policies != nil {
			if !slices.Contains(*policies, policy) {
				continue
			}
			found[policy] = true
		}
		// Of all of them, those that contradict others are told in the first line.
		if err := made.Upsert(mutator); err != nil && (policies != nil || !errors.As(err, &schema.ErrConflictingSchema{})) {
			return nil, err
		}
	}
	if policies != nil {
		for _, policy := range *policies {
			if !found[policy] {
				return nil, fmt.Errorf("no mutator of `%s`", policy)
			}
		}
	}
	g.systems[key] = made
	return made, nil
}

// read gives the JSON of an object that has gone through its type, as the API server sends it to a webhook.
func read(object []byte) ([]byte, error) {
	typed, _, err := scheme.Codecs.UniversalDeserializer().Decode(object, nil, nil)
	if err != nil {
		return nil, err
	}
	return json.Marshal(typed)
}

// keys are those of the lists of a Pod's spec in which the API server's validation lets no two elements have the same one.
var keys = map[string]string{
	"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
}

// twice says which element stands twice where the API server lets it stand once.
func twice(value any) string {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if found := twice(item); found != "" {
				return found
			}
		}
	case map[string]any:
		for name, inner := range value {
			if found := twice(inner); found != "" {
				return found
			}
			items, _ := inner.([]any)
			key, unique := keys[name]
			seen := map[any]bool{}
			for _, item := range items {
				element, _ := item.(map[string]any)
				if text, _ := element[key].(string); unique && seen[text] {
					return fmt.Sprintf("two elements of `%s` have the %s %q", name, key, text)
				} else {
					seen[text] = true
				}
			}
		}
	}
	return ""
}

func (g *gatekeeper) one(asked *request, reply *answer) error {
	if len(asked.Object) == 0 {
		return errors.New("no object")
	}
	before, err := read(asked.Object)
	if err != nil {
		reply.Unreadable = err.Error()
		return nil
	}
	if err := json.Unmarshal(before, &reply.Before); err != nil {
		return err
	}
	if reply.Unreadable = twice(reply.Before); reply.Unreadable != "" {
		return nil
	}
	system, err := g.system(asked.Policies)
	if err != nil {
		return err
	}
	changed, err := g.mutate(system, asked, before)
	if err != nil {
		if strings.Contains(err.Error(), "received object (type: <nil>)") {
			// The mutator leads through a required list or struct that is not there.
			reply.Unreadable = err.Error()
			return nil
		}
		return err
	}
	after, err := read(changed)
	if err != nil {
		return fmt.Errorf("what it makes cannot be read: %w", err)
	}
	return json.Unmarshal(after, &reply.After)
}

// mutate does what Gatekeeper's webhook does with a request (`pkg/webhook/mutation.go`).
func (g *gatekeeper) mutate(system *mutation.System, asked *request, before []byte) ([]byte, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(before); err != nil {
		return nil, err
	}
	kind := object.GroupVersionKind()
	mapping, err := g.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	var namespace *corev1.Namespace
	requested := ""
	switch {
	case kind.Kind == "Namespace" && kind.Group == "":
		namespace = &corev1.Namespace{}
		if err := json.Unmarshal(before, namespace); err != nil {
			return nil, err
		}
	case mapping.Scope.Name() == meta.RESTScopeNameNamespace:
		if requested = object.GetNamespace(); requested == "" {
			requested = metav1.NamespaceDefault
		}
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: requested, Labels: asked.NamespaceLabels}}
	}
	written := object.GetNamespace()
	object.SetNamespace(requested)
	operation := admissionv1.Operation(asked.Operation)
	if operation == "" {
		operation = admissionv1.Create
	}
	mutable := &types.Mutable{Object: object, Namespace: namespace, Username: "polc", Source: types.SourceTypeOriginal, Operation: operation}
	mutated, err := system.Mutate(context.Background(), mutable)
	if err != nil {
		return nil, err
	}
	if !mutated {
		return before, nil
	}
	mutable.Object.SetNamespace(written)
	return mutable.Object.MarshalJSON()
}
