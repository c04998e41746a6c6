// Command polc-gator judges many objects with Gatekeeper's ConstraintTemplates and Constraints: JSON lines in, JSON lines out.
//
// Templates are read strictly and compiled once by Gatekeeper's own client, with its engines for Rego and for CEL.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-policy-agent/frameworks/constraint/pkg/apis"
	templatesv1 "github.com/open-policy-agent/frameworks/constraint/pkg/apis/templates/v1"
	"github.com/open-policy-agent/frameworks/constraint/pkg/client/reviews"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
	mutationtypes "github.com/open-policy-agent/gatekeeper/v3/pkg/mutation/types"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/target"
	"github.com/open-policy-agent/gatekeeper/v3/pkg/util"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"polc.invalid/tests/engines/lines"
	"sigs.k8s.io/yaml"
)

type request struct {
	lines.Asked
	// Unit is the folder whose templates are asked, with `-units`.
	Unit        string `json:"unit"`
	Operation   string `json:"operation"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	// Requested is the resource of which a subresource is asked for; the objects of some, such as `deployments/scale`, do not tell.
	Requested       *metav1.GroupVersionResource `json:"requested"`
	Object          json.RawMessage              `json:"object"`
	OldObject       json.RawMessage              `json:"oldObject"`
	UserInfo        json.RawMessage              `json:"userInfo"`
	Options         json.RawMessage              `json:"options"`
	DryRun          bool                         `json:"dryRun"`
	NamespaceObject json.RawMessage              `json:"namespaceObject"`
	// Inventory is what Gatekeeper holds of other objects.
	Inventory []json.RawMessage `json:"inventory"`
	// Audit gives the object as an audit does: without a request around it.
	Audit bool `json:"audit"`
}

type result struct {
	Constraint string `json:"constraint"`
	Rule       string `json:"rule,omitempty"`
	Message    string `json:"message"`
	Action     string `json:"action"`
}

type answer struct {
	lines.Reply
	Results []result `json:"results"`
	Nanos   int64    `json:"nanos,omitempty"`
}

type hello struct {
	Ready       bool   `json:"ready"`
	Engine      string `json:"engine"`
	Version     string `json:"version"`
	Templates   int    `json:"templates"`
	Constraints int    `json:"constraints"`
	Units       int    `json:"units,omitempty"`
}

// A client with its templates, or why there is none.
type unit struct {
	client  gator.Client
	failure error
}

// Units are templates that have nothing to do with each other: each folder is loaded by itself, when it is first asked.
type units struct {
	root   string
	loaded map[string]unit
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-gator:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	bench := flag.Int("bench", 0, "review each object `N` times and add the nanoseconds that one review took")
	root := flag.String("units", "", "take each folder in this `FOLDER` as templates of their own; a line names in `unit` the one that it asks")
	flag.Parse()
	if (flag.NArg() == 0) == (*root == "") {
		return errors.New("usage: polc-gator [-bench N] (FILE-OR-FOLDER... | -units FOLDER) < REQUESTS")
	}
	greeting := hello{Ready: true, Engine: "gatekeeper", Version: lines.Version("github.com/open-policy-agent/gatekeeper/v3")}
	all := units{root: *root, loaded: map[string]unit{}}
	if *root == "" {
		client, templates, constraints, err := load(flag.Args())
		if err != nil {
			return err
		}
		greeting.Templates, greeting.Constraints = templates, constraints
		all.loaded[""] = unit{client: client}
	} else {
		entries, err := os.ReadDir(*root)
		if err != nil {
			return err
		}
		greeting.Units = len(entries)
	}
	return lines.Serve(in, out, greeting, func(line []byte) any {
		var asked request
		reply := answer{Results: []result{}}
		reply.Answer(line, &asked, func() error { return one(&all, &asked, &reply, *bench) })
		return reply
	})
}

// find gives the client of a unit.
func (u *units) find(name string) (gator.Client, error) {
	found, known := u.loaded[name]
	if !known && name != filepath.Base(name) {
		return nil, fmt.Errorf("`%s` is no unit", name)
	}
	if !known {
		found.client, _, _, found.failure = load([]string{filepath.Join(u.root, name)})
		u.loaded[name] = found
	}
	return found.client, found.failure
}

func one(all *units, asked *request, reply *answer, bench int) error {
	client, err := all.find(asked.Unit)
	if err != nil {
		return err
	}
	review, err := toReview(asked)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for _, text := range asked.Inventory {
		other := &unstructured.Unstructured{}
		if err := other.UnmarshalJSON(text); err != nil {
			return err
		}
		defer func() { _, _ = client.RemoveData(ctx, other) }()
		if _, err := client.AddData(ctx, other); err != nil {
			return err
		}
	}
	if bench > 0 {
		start := time.Now()
		for range bench {
			if _, err := client.Review(ctx, review, reviews.EnforcementPoint(util.GatorEnforcementPoint)); err != nil {
				return err
			}
		}
		reply.Nanos = time.Since(start).Nanoseconds() / int64(bench)
	}
	responses, err := client.Review(ctx, review, reviews.EnforcementPoint(util.GatorEnforcementPoint))
	if err != nil {
		return err
	}
	for _, found := range responses.Results() {
		details, _ := found.Metadata["details"].(map[string]any)
		rule, _ := details["rule"].(string)
		reply.Results = append(reply.Results, result{found.Constraint.GetName(), rule, found.Msg, found.EnforcementAction})
	}
	return nil
}

func toReview(asked *request) (any, error) {
	present := asked.Object
	if asked.Operation == string(admissionv1.Delete) {
		present = asked.OldObject
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(present); err != nil {
		return nil, err
	}
	var namespace *corev1.Namespace
	if len(asked.NamespaceObject) > 0 && string(asked.NamespaceObject) != "null" {
		namespace = &corev1.Namespace{}
		if err := json.Unmarshal(asked.NamespaceObject, namespace); err != nil {
			return nil, err
		}
	} else if name := object.GetNamespace(); name != "" {
		namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	if asked.Audit {
		return target.AugmentedUnstructured{Object: *object, Namespace: namespace, Source: mutationtypes.SourceTypeOriginal}, nil
	}
	kind := object.GroupVersionKind()
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	if asked.Resource != "" {
		resource.Resource = asked.Resource
	}
	if asked.Requested != nil {
		resource = schema.GroupVersionResource(*asked.Requested)
	}
	operation := admissionv1.Operation(asked.Operation)
	if operation == "" {
		operation = admissionv1.Create
	}
	admitted := &admissionv1.AdmissionRequest{
		UID:         "polc",
		Kind:        metav1.GroupVersionKind(kind),
		Resource:    metav1.GroupVersionResource(resource),
		SubResource: asked.Subresource,
		Name:        object.GetName(),
		Namespace:   object.GetNamespace(),
		Operation:   operation,
		DryRun:      &asked.DryRun,
	}
	if len(asked.Options) > 0 && string(asked.Options) != "null" {
		admitted.Options = runtime.RawExtension{Raw: asked.Options}
	}
	if len(asked.UserInfo) > 0 {
		var user authenticationv1.UserInfo
		if err := json.Unmarshal(asked.UserInfo, &user); err != nil {
			return nil, err
		}
		admitted.UserInfo = user
	}
	if operation != admissionv1.Delete {
		admitted.Object = runtime.RawExtension{Raw: asked.Object}
	}
	if len(asked.OldObject) > 0 && string(asked.OldObject) != "null" {
		admitted.OldObject = runtime.RawExtension{Raw: asked.OldObject}
	}
	return target.AugmentedReview{AdmissionRequest: admitted, Namespace: namespace, Source: mutationtypes.SourceTypeOriginal, IsAdmission: true}, nil
}

func load(roots []string) (client gator.Client, templates, constraints int, err error) {
	if client, err = gator.NewOPAClient(false, gator.WithK8sCEL()); err != nil {
		return nil, 0, 0, err
	}
	scheme := runtime.NewScheme()
	if err := apis.AddToScheme(scheme); err != nil {
		return nil, 0, 0, err
	}
	documents, err := lines.Documents(roots)
	if err != nil {
		return nil, 0, 0, err
	}
	ctx := context.Background()
	var waiting []*unstructured.Unstructured
	for _, document := range documents {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document.Text, &object.Object); err != nil {
			return nil, 0, 0, fmt.Errorf("%s: %w", document.Path, err)
		}
		switch {
		case len(object.Object) == 0:
		case reader.IsConstraint(object):
			waiting = append(waiting, object)
		case reader.IsTemplate(object):
			if err := yaml.UnmarshalStrict(document.Text, &templatesv1.ConstraintTemplate{}); err != nil {
				return nil, 0, 0, fmt.Errorf("%s: %w", document.Path, err)
			}
			template, err := reader.ToTemplate(scheme, object)
			if err != nil {
				return nil, 0, 0, fmt.Errorf("%s: %w", document.Path, err)
			}
			if _, err := client.AddTemplate(ctx, template); err != nil {
				return nil, 0, 0, fmt.Errorf("%s: %w", document.Path, err)
			}
			templates++
		}
	}
	for _, constraint := range waiting {
		if _, err := client.AddConstraint(ctx, constraint); err != nil {
			return nil, 0, 0, fmt.Errorf("constraint %s: %w", constraint.GetName(), err)
		}
	}
	if templates == 0 || len(waiting) == 0 {
		return nil, 0, 0, fmt.Errorf("no ConstraintTemplate with a Constraint under %s", strings.Join(roots, ", "))
	}
	return client, templates, len(waiting), nil
}
