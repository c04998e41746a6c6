// Command polc-schema writes the schema of the built-in kinds of Kubernetes, or checks the project's tables against Kubernetes' own code.
//
//	polc-schema > src/schema/kubernetes-1.37.jsonl
//	polc-schema -check < tables
//
// docs/schema.md describes the format.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kubernetes/pkg/api/legacyscheme"

	// The API groups that the API server serves.
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apiserverinternal/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/authentication/install"
	_ "k8s.io/kubernetes/pkg/apis/authorization/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/lifecycle/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	_ "k8s.io/kubernetes/pkg/apis/storagemigration/install"
)

var scheme = legacyscheme.Scheme

func init() {
	apiextensions.Install(scheme)
	apiregistration.Install(scheme)
}

func main() {
	check := flag.Bool("check", false, "check the tables on standard input instead of writing the schema")
	flag.Parse()
	var err error
	if *check {
		err = checkTables(os.Stdin)
	} else {
		err = write()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "polc-schema:", err)
		os.Exit(1)
	}
}

// definition is the part of an OpenAPI schema that matters here.
type definition struct {
	Ref                  string                 `json:"$ref"`
	Type                 string                 `json:"type"`
	Format               string                 `json:"format"`
	Items                *definition            `json:"items"`
	AdditionalProperties *definition            `json:"additionalProperties"`
	Properties           map[string]*definition `json:"properties"`
	Required             []string               `json:"required"`
	Kinds                []groupVersionKind     `json:"x-kubernetes-group-version-kind"`
}

type groupVersionKind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

func (k groupVersionKind) schema() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

type operation struct {
	Action string            `json:"x-kubernetes-action"`
	Kind   *groupVersionKind `json:"x-kubernetes-group-version-kind"`
}

type document struct {
	Definitions map[string]*definition                `json:"definitions"`
	Paths       map[string]map[string]json.RawMessage `json:"paths"`
}

func readDocument() (*document, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot find the module k8s.io/kubernetes: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return nil, err
	}
	doc := &document{}
	return doc, json.Unmarshal(text, doc)
}

// kindLine is a line about a kind.
type kindLine struct {
	Kind         string            `json:"kind"`
	Group        string            `json:"group"`
	Version      string            `json:"version"`
	Resource     string            `json:"resource"`
	Namespaced   bool              `json:"namespaced"`
	Preferred    bool              `json:"preferred"`
	Pod          string            `json:"pod,omitempty"`
	Type         string            `json:"type"`
	Subresources map[string]string `json:"subresources,omitempty"`
}

// typeLine is a line about a struct.
type typeLine struct {
	Type   string            `json:"type"`
	Fields map[string]string `json:"fields"`
}

func write() error {
	doc, err := readDocument()
	if err != nil {
		return err
	}
	kinds, err := servedKinds(doc)
	if err != nil {
		return err
	}
	types := map[string]map[string]string{}
	for _, kind := range kinds {
		for _, name := range append([]string{kind.Type}, values(kind.Subresources)...) {
			if name == "" {
				continue
			}
			goType, err := goTypeOf(doc, name)
			if err != nil {
				return err
			}
			if err := addType(doc, types, name, goType); err != nil {
				return err
			}
		}
	}
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, kind := range kinds {
		if err := encoder.Encode(kind); err != nil {
			return err
		}
	}
	names := []string{}
	for name := range types {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := encoder.Encode(typeLine{name, types[name]}); err != nil {
			return err
		}
	}
	return out.Flush()
}

func values(m map[string]string) []string {
	out := []string{}
	for _, v := range m {
		out = append(out, v)
	}
	sort.Strings(out)
	return out
}

// servedKinds finds the resources among the document's paths.
func servedKinds(doc *document) ([]*kindLine, error) {
	definitionOf := map[groupVersionKind]string{}
	for name, def := range doc.Definitions {
		if len(def.Kinds) == 1 {
			definitionOf[def.Kinds[0]] = name
		}
	}
	type resource struct{ prefix, name string }
	found := map[resource]*kindLine{}
	type sub struct {
		resource
		name string
		kind groupVersionKind
	}
	subs := []sub{}
	for path, operations := range doc.Paths {
		prefix, rest, namespaced, ok := splitPath(path)
		if !ok {
			continue
		}
		for method, raw := range operations {
			if method == "parameters" {
				continue
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			if op.Kind == nil {
				continue
			}
			at := resource{prefix, rest[0]}
			switch {
			case len(rest) == 3 && rest[1] == "{name}":
				subs = append(subs, sub{at, rest[2], *op.Kind})
			case len(rest) <= 2:
				line := found[at]
				if line == nil {
					line = &kindLine{Kind: op.Kind.Kind, Group: op.Kind.Group, Version: op.Kind.Version, Resource: rest[0],
						Type: definitionOf[*op.Kind], Subresources: map[string]string{}}
					if line.Type == "" {
						return nil, fmt.Errorf("%s: no definition of %v", path, *op.Kind)
					}
					found[at] = line
				}
				if (groupVersionKind{line.Group, line.Version, line.Kind}) != *op.Kind {
					return nil, fmt.Errorf("%s: both %s and %v", path, line.Kind, *op.Kind)
				}
				line.Namespaced = line.Namespaced || namespaced
			}
		}
	}
	for _, s := range subs {
		line := found[s.resource]
		if line == nil {
			return nil, fmt.Errorf("%s/%s: no such resource", s.resource.name, s.name)
		}
		// Options of a connection (`pods/exec`) are no definition of the document.
		line.Subresources[s.name] = definitionOf[s.kind]
	}
	kinds := []*kindLine{}
	best := map[schema.GroupKind]*kindLine{}
	for _, line := range found {
		kinds = append(kinds, line)
		key := schema.GroupKind{Group: line.Group, Kind: line.Kind}
		if b := best[key]; b == nil || version.CompareKubeAwareVersionStrings(line.Version, b.Version) > 0 {
			best[key] = line
		}
		goType, err := goTypeOf(doc, line.Type)
		if err != nil {
			return nil, err
		}
		if line.Pod, err = podPath(goType); err != nil {
			return nil, fmt.Errorf("%s: %w", line.Type, err)
		}
	}
	for _, line := range best {
		line.Preferred = true
	}
	slices.SortFunc(kinds, func(a, b *kindLine) int {
		return strings.Compare(a.Kind+"\x00"+a.Group+"\x00"+a.Version, b.Kind+"\x00"+b.Group+"\x00"+b.Version)
	})
	return kinds, nil
}

// splitPath cuts `/apis/G/V/namespaces/{namespace}/R/{name}/S` into group and version, and resource, name and subresource.
func splitPath(path string) (prefix string, rest []string, namespaced, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	n := 0
	switch {
	case len(parts) > 2 && parts[0] == "api":
		n = 2
	case len(parts) > 3 && parts[0] == "apis":
		n = 3
	default:
		return "", nil, false, false
	}
	prefix, rest = strings.Join(parts[:n], "/"), parts[n:]
	if rest[0] == "watch" {
		return "", nil, false, false
	}
	if len(rest) > 2 && rest[0] == "namespaces" && rest[1] == "{namespace}" {
		return prefix, rest[2:], true, true
	}
	return prefix, rest, false, true
}

// goTypeOf finds the Go type of a kind's definition.
func goTypeOf(doc *document, name string) (reflect.Type, error) {
	def := doc.Definitions[name]
	if def == nil || len(def.Kinds) != 1 {
		return nil, fmt.Errorf("%s is not the definition of one kind", name)
	}
	goType, ok := scheme.AllKnownTypes()[def.Kinds[0].schema()]
	if !ok {
		return nil, fmt.Errorf("%s: the scheme has no such type", name)
	}
	if definitionName(goType) != name {
		return nil, fmt.Errorf("%s: the scheme has %s", name, definitionName(goType))
	}
	return goType, nil
}

// definitionName gives the OpenAPI name of a Go type.
func definitionName(t reflect.Type) string {
	host, rest, _ := strings.Cut(t.PkgPath(), "/")
	labels := strings.Split(host, ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "." + strings.ReplaceAll(rest, "/", ".") + "." + t.Name()
}

const podTemplate = "io.k8s.api.core.v1.PodTemplateSpec"

// podPath tells where the Pod of a kind is, by the names of the IR's PodPath.
func podPath(t reflect.Type) (string, error) {
	if definitionName(t) == "io.k8s.api.core.v1.Pod" {
		return "Object", nil
	}
	places := []string{}
	var walk func(t reflect.Type, path []string, above []reflect.Type)
	walk = func(t reflect.Type, path []string, above []reflect.Type) {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			walk(t.Elem(), append(path, "*"), above)
			return
		}
		if t.Kind() != reflect.Struct || isFree(t) || slices.Contains(above, t) {
			return
		}
		if definitionName(t) == podTemplate {
			places = append(places, strings.Join(path, "."))
			return
		}
		for _, f := range fieldsOf(t) {
			walk(f.goType, append(path[:len(path):len(path)], f.name), append(above[:len(above):len(above)], t))
		}
	}
	walk(t, nil, nil)
	if len(places) == 0 {
		return "", nil
	}
	known := map[string]string{"spec.template": "SpecTemplate", "template": "Template", "spec.jobTemplate.spec.template": "JobTemplate"}
	name := known[places[0]]
	if name == "" || len(places) > 1 {
		return "", fmt.Errorf("a Pod template in an unknown place: %v", places)
	}
	return name, nil
}

// field is a field as encoding/json sees it.
type field struct {
	name      string
	goType    reflect.Type
	omitEmpty bool
}

// fieldsOf lists the JSON fields of a struct, inlined ones included.
func fieldsOf(t reflect.Type) []field {
	out := []field{}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		tag, hasTag := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			out = append(out, fieldsOf(inner)...)
			continue
		}
		if !hasTag || name == "" {
			name = f.Name
		}
		list := strings.Split(options, ",")
		out = append(out, field{name, f.Type, slices.Contains(list, "omitempty") || slices.Contains(list, "omitzero")})
	}
	return out
}

// addType adds a struct and those that it refers to.
func addType(doc *document, types map[string]map[string]string, name string, t reflect.Type) error {
	if types[name] != nil {
		return nil
	}
	def := doc.Definitions[name]
	if def == nil {
		return fmt.Errorf("%s: no definition", name)
	}
	lines := map[string]string{}
	types[name] = lines
	goFields := map[string]field{}
	for _, f := range fieldsOf(t) {
		goFields[f.name] = f
	}
	if len(goFields) != len(def.Properties) {
		return fmt.Errorf("%s: %d fields in Go, %d in OpenAPI", name, len(goFields), len(def.Properties))
	}
	for property, schema := range def.Properties {
		f, ok := goFields[property]
		if !ok {
			return fmt.Errorf("%s.%s is not a field in Go", name, property)
		}
		text, err := typeText(doc, types, schema, f.goType)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", name, property, err)
		}
		required := slices.Contains(def.Required, property)
		lines[property] = text + flags(f, text, required)
	}
	return nil
}

// flags tells what OpenAPI demands, and when what is written counts as absent.
func flags(f field, text string, required bool) string {
	out := ""
	if required {
		out = " required"
	}
	scalar := slices.Contains([]string{"bool", "int", "number", "string", "quantity", "int-or-string"}, text)
	bytes := text == "string" && f.goType.Kind() == reflect.Slice
	switch {
	case f.goType.Kind() == reflect.Pointer || f.goType.Kind() == reflect.Interface:
		return out
	case strings.HasPrefix(text, "[]") || strings.HasPrefix(text, "{}"):
		return out + " empty"
	case scalar && f.omitEmpty:
		return out + " zero"
	case scalar && !bytes && !isFree(f.goType):
		// The API server writes it out, whatever it holds.
		return out + " filled"
	case !scalar && text != "any" && f.goType.Kind() == reflect.Struct:
		return out + " value"
	default:
		return out
	}
}

// typeText writes a field's type, and adds the structs that it refers to.
func typeText(doc *document, types map[string]map[string]string, def *definition, t reflect.Type) (string, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if def.Ref != "" {
		name := strings.TrimPrefix(def.Ref, "#/definitions/")
		target := doc.Definitions[name]
		if target == nil {
			return "", fmt.Errorf("no definition of %s", name)
		}
		if definitionName(t) != name {
			return "", fmt.Errorf("OpenAPI has %s, Go %s", name, definitionName(t))
		}
		switch {
		case name == "io.k8s.apimachinery.pkg.api.resource.Quantity":
			return "quantity", nil
		case target.Format == "int-or-string":
			return "int-or-string", nil
		case target.Type == "string":
			return "string", nil
		case isFree(t):
			return "any", nil
		}
		return name, addType(doc, types, name, t)
	}
	switch def.Type {
	case "string":
		return "string", nil
	case "boolean":
		return "bool", nil
	case "integer":
		return "int", nil
	case "number":
		return "number", nil
	case "array":
		if t.Kind() != reflect.Slice {
			return "", fmt.Errorf("a list in OpenAPI, %s in Go", t)
		}
		inner, err := typeText(doc, types, def.Items, t.Elem())
		return "[]" + inner, err
	case "object":
		if def.AdditionalProperties == nil {
			return "any", nil
		}
		if t.Kind() != reflect.Map {
			return "", fmt.Errorf("a map in OpenAPI, %s in Go", t)
		}
		inner, err := typeText(doc, types, def.AdditionalProperties, t.Elem())
		return "{}" + inner, err
	}
	return "", fmt.Errorf("unknown type %q", def.Type)
}

// isFree tells whether a type reads its JSON by itself, so that its fields say nothing: RawExtension, JSON, FieldsV1 ...
func isFree(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}
