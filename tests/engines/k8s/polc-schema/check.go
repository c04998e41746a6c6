package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand"
	"reflect"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/util/parsers"
)

// tables is what the project says of Kubernetes.
type tables struct {
	kinds   []kindLine
	types   map[string]*tableType
	removed map[string]int
}

type tableType struct {
	Type   string                 `json:"type"`
	Fields map[string]*tableField `json:"fields"`
	Union  []string               `json:"union"`
	// How often a field of the union was written.
	turn int
}

type tableField struct {
	Type     string        `json:"type"`
	Presence string        `json:"presence"`
	Required bool          `json:"required"`
	Value    bool          `json:"value"`
	Values   []string      `json:"values"`
	Default  *tableDefault `json:"default"`
	// Whether the check met it written as zero, and as a default.
	zeroes, defaulted bool
	// Whether it can be written as zero at all.
	fixed bool
}

type tableDefault struct {
	Value                 any           `json:"value"`
	Empty                 bool          `json:"empty"`
	PullPolicy            string        `json:"pullPolicy"`
	EmptyDirWithoutSource bool          `json:"emptyDirWithoutSource"`
	HostPortOfHostNetwork bool          `json:"hostPortOfHostNetwork"`
	RequestFromLimit      bool          `json:"requestFromLimit"`
	Sibling               []string      `json:"sibling"`
	InKind                string        `json:"inKind"`
	OneOf                 string        `json:"oneOf"`
	Among                 []string      `json:"among"`
	Written               string        `json:"written"`
	Unwritten             string        `json:"unwritten"`
	Then                  *tableDefault `json:"then"`
	Otherwise             *tableDefault `json:"otherwise"`
}

func readTables(in io.Reader) (*tables, error) {
	t := &tables{types: map[string]*tableType{}, removed: map[string]int{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Kind    string `json:"kind"`
			Removed string `json:"removed"`
			Minor   int    `json:"minor"`
		}
		err := json.Unmarshal(lines.Bytes(), &line)
		switch {
		case err != nil:
		case line.Kind != "":
			kind := kindLine{}
			err = json.Unmarshal(lines.Bytes(), &kind)
			t.kinds = append(t.kinds, kind)
		case line.Removed != "":
			t.removed[line.Removed] = line.Minor
		default:
			table := &tableType{}
			err = json.Unmarshal(lines.Bytes(), table)
			t.types[table.Type] = table
		}
		if err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(t.kinds) == 0 || len(t.types) == 0 || len(t.removed) == 0 {
		return nil, fmt.Errorf("%d kinds, %d types and %d removed versions on standard input", len(t.kinds), len(t.types), len(t.removed))
	}
	return t, nil
}

// What the tables leave out or say otherwise on purpose; docs/schema.md has the reasons. A `*` stands for any version.
var exceptions = map[string]bool{
	"apiextensions.v1.CustomResourceConversion.strategy":             true,
	"apiextensions.v1.CustomResourceConversion.webhook":              true,
	"apiextensions.v1.CustomResourceDefinitionNames.listKind":        true,
	"apiextensions.v1.CustomResourceDefinitionNames.singular":        true,
	"apiextensions.v1.CustomResourceDefinitionStatus.storedVersions": true,
	"autoscaling.v2.HPAScalingRules.policies":                        true,
	"autoscaling.v2.HPAScalingRules.stabilizationWindowSeconds":      true,
	"autoscaling.v2.HorizontalPodAutoscalerSpec.metrics":             true,
	"core.v1.LoadBalancerIngress.ipMode":                             true,
	"core.v1.NodeSpec.podCIDR":                                       true,
	"core.v1.NodeSpec.podCIDRs":                                      true,
	"core.v1.NodeStatus.allocatable":                                 true,
	"core.v1.PersistentVolumeClaim.apiVersion":                       true,
	"core.v1.PersistentVolumeClaim.kind":                             true,
	"core.v1.PodIP.ip":                                               true,
	"core.v1.PodStatus.podIP":                                        true,
	"core.v1.PodStatus.podIPs":                                       true,
	"core.v1.Secret.data":                                            true,
	"core.v1.Secret.stringData":                                      true,
	"discovery.v1.EndpointSlice.addressType":                         true,
	"meta.v1.ObjectMeta.labels":                                      true,
	"resource.*.DeviceTaint.timeAdded":                               true,
	"resource.v1beta1.Device.basic":                                  true,
	"resource.v1beta1.DeviceRequest.allocationMode":                  true,
	"resource.v1beta1.DeviceRequest.count":                           true,
	"scheduling.*.CompositePodGroupSpec.disruptionMode":              true,
	"scheduling.*.PodGroupSpec.disruptionMode":                       true,
}

func exceptionOf(at string) string {
	for _, name := range []string{at, anyVersion(at)} {
		if exceptions[name] {
			return name
		}
	}
	return ""
}

// short cuts what the names of types begin with.
func short(at string) string {
	for _, prefix := range []string{"io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apiextensions-apiserver.pkg.apis.", "io.k8s.kube-aggregator.pkg.apis."} {
		if rest, ok := strings.CutPrefix(at, prefix); ok {
			return rest
		}
	}
	return at
}

// anyVersion turns `resource.v1beta1.DeviceTaint.timeAdded` into `resource.*.DeviceTaint.timeAdded`.
func anyVersion(at string) string {
	parts := strings.Split(at, ".")
	if len(parts) > 2 {
		parts[len(parts)-3] = "*"
	}
	return strings.Join(parts, ".")
}

// How many objects of a kind are made: many of those that hold the most, fewer of the large ones that hold a Pod again.
func rounds(kind string) int {
	switch kind {
	case "Pod":
		return 1200
	case "PersistentVolume", "Service", "VolumeAttachment":
		return 500
	case "CronJob", "DaemonSet", "Deployment", "Job", "PodTemplate", "ReplicaSet", "ReplicationController", "StatefulSet":
		return 25
	}
	return 80
}

// checkTables compares the tables with Kubernetes' own code and constants.
func checkTables(in io.Reader) error {
	t, err := readTables(in)
	if err != nil {
		return err
	}
	problems := map[string]string{}
	met := map[string]bool{}
	problem := func(at, text string) {
		at = short(at)
		if name := exceptionOf(at); name != "" {
			met[name] = true
			return
		}
		if problems[at] == "" {
			problems[at] = text
		}
	}
	objects, err := checkDefaults(t, problem)
	if err != nil {
		return err
	}
	enums, err := checkEnums(t, problem)
	if err != nil {
		return err
	}
	removed := checkRemoved(t, problem)
	for name := range exceptions {
		if !met[name] {
			problems[name] = "is an exception that never arose"
		}
	}
	for _, at := range slices.Sorted(maps.Keys(problems)) {
		fmt.Println(at+":", problems[at])
	}
	fmt.Printf("%d objects of %d kinds, %d enums, %d removed versions: %d problems\n", objects, len(t.kinds), enums, removed, len(problems))
	if len(problems) > 0 {
		return fmt.Errorf("%d problems", len(problems))
	}
	return nil
}

// checkDefaults makes objects of each kind at random, and compares what the language reads in what was written with what it reads
// in what the API server makes of it: defaulted, converted to the internal version and back.
func checkDefaults(t *tables, problem func(at, text string)) (int, error) {
	objects := 0
	kinds := map[string]schema.GroupVersionKind{}
	for gvk, goType := range scheme.AllKnownTypes() {
		// What subresources take (Scale, Eviction, TokenRequest) is a kind too.
		if name := definitionName(goType); t.types[name] != nil && !strings.HasPrefix(name, "io.k8s.apimachinery.") {
			kinds[name] = gvk
		}
	}
	for i, name := range slices.Sorted(maps.Keys(kinds)) {
		gvk := kinds[name]
		random := rand.New(rand.NewSource(int64(i)))
		for range rounds(gvk.Kind) {
			object, err := scheme.New(gvk)
			if err != nil {
				return 0, err
			}
			g := generator{t, random}
			written := g.object(reflect.TypeOf(object).Elem(), name, 0)
			written["kind"], written["apiVersion"] = gvk.Kind, gvk.GroupVersion().String()
			text, err := json.Marshal(written)
			if err != nil {
				return 0, err
			}
			if err := json.Unmarshal(text, object); err != nil {
				return 0, fmt.Errorf("%s: %w in %s", gvk, err, text)
			}
			stored, err := throughServer(object, gvk)
			if err != nil {
				return 0, fmt.Errorf("%s: %w in %s", gvk, err, text)
			}
			objects++
			before := viewer{t, gvk.Kind, true}.object(name, written, place{})
			after := viewer{t, gvk.Kind, false}.object(name, stored, place{})
			checkZeroes(t, name, stored, problem)
			compare(t, name, before, after, func(at, difference string) { problem(at, difference+" ("+gvk.Kind+")") })
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.types)) {
		for fieldName, field := range t.types[name].Fields {
			if field.Default != nil && !field.defaulted {
				problem(name+"."+fieldName, "its default was never met")
			}
			if field.Presence != "empty" && !field.Value && !field.zeroes && !field.fixed && scalar(field.Type) {
				problem(name+"."+fieldName, "was never written as zero")
			}
		}
	}
	return objects, nil
}

// checkZeroes looks for zeroes that the server keeps although the tables say that they count as absent.
func checkZeroes(t *tables, text string, stored any, problem func(at, text string)) {
	switch value := stored.(type) {
	case []any:
		for _, element := range value {
			checkZeroes(t, strings.TrimPrefix(text, "[]"), element, problem)
		}
	case map[string]any:
		table := t.types[text]
		for key, inner := range value {
			if table == nil {
				checkZeroes(t, strings.TrimPrefix(text, "{}"), inner, problem)
				continue
			}
			field := table.Fields[key]
			if field.Presence == "zero" && field.Default == nil && slices.Contains([]any{"", 0.0, false}, inner) && field.Type != "int-or-string" {
				problem(text+"."+key, fmt.Sprintf("the tables make %s absent, the API server keeps it", show(inner)))
			}
			checkZeroes(t, field.Type, inner, problem)
		}
	}
}

func scalar(text string) bool {
	return slices.Contains([]string{"bool", "int", "string", "int-or-string", "quantity"}, text)
}

func throughServer(object runtime.Object, gvk schema.GroupVersionKind) (map[string]any, error) {
	scheme.Default(object)
	internal, err := scheme.ConvertToVersion(object, schema.GroupVersion{Group: gvk.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return nil, err
	}
	back, err := scheme.ConvertToVersion(internal, gvk.GroupVersion())
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(back)
	if err != nil {
		return nil, err
	}
	var stored map[string]any
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	if metadata, ok := stored["metadata"].(map[string]any); ok {
		if annotations, ok := metadata["annotations"].(map[string]any); ok {
			// Conversion keeps here what the version has no field for.
			maps.DeleteFunc(annotations, func(key string, _ any) bool {
				return key == "deprecated.daemonset.template.generation" || strings.HasPrefix(key, "autoscaling.alpha.kubernetes.io/")
			})
		}
	}
	return stored, nil
}

// generator writes objects at random.
type generator struct {
	*tables
	random *rand.Rand
}

func (g generator) chance(percent int) bool { return g.random.Intn(100) < percent }

func pick[T any](g generator, from ...T) T { return from[g.random.Intn(len(from))] }

func (g generator) object(t reflect.Type, name string, depth int) map[string]any {
	out := map[string]any{}
	table := g.types[name]
	kept := ""
	if len(table.Union) > 0 && g.chance(80) {
		// In turns, so that none is left out.
		kept = table.Union[table.turn%len(table.Union)]
		table.turn++
	}
	for _, f := range fieldsOf(t) {
		field := table.Fields[f.name]
		if slices.Contains(table.Union, f.name) && f.name != kept {
			continue
		}
		if depth == 0 && (f.name == "kind" || f.name == "apiVersion") {
			field.fixed = true
			continue
		}
		if value, ok := g.value(f.goType, f.name, field.Type, field, f.name == kept, depth); ok {
			out[f.name] = value
		}
	}
	// Validation refuses other objects, and conversion is free to lose what is in them.
	if kind, ok := out["type"].(string); ok && kind != "" && kind != "RollingUpdate" && table.Fields["rollingUpdate"] != nil {
		delete(out, "rollingUpdate")
	}
	if out["sessionAffinity"] != "ClientIP" {
		delete(out, "sessionAffinityConfig")
	}
	return out
}

func (g generator) value(t reflect.Type, name, text string, field *tableField, kept bool, depth int) (any, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	// A list has no absent elements, and an object what it has to have.
	needed := kept || field == nil || field.Required || (field.Value && (field.Default == nil || !field.Default.Empty))
	if inner, ok := strings.CutPrefix(text, "[]"); ok {
		if depth > 13 || g.chance(30) {
			return nil, false
		}
		list := []any{}
		for range g.random.Intn(3) {
			if element, ok := g.value(t.Elem(), name, inner, nil, false, depth+1); ok {
				list = append(list, element)
			}
		}
		return list, true
	}
	if inner, ok := strings.CutPrefix(text, "{}"); ok {
		if depth > 13 || g.chance(40) {
			return nil, false
		}
		entries := map[string]any{}
		for _, key := range []string{"cpu", "memory", "x"}[:g.random.Intn(4)] {
			if element, ok := g.value(t.Elem(), name, inner, nil, false, depth+1); ok {
				entries[key] = element
			}
		}
		return entries, true
	}
	switch text {
	case "any":
		return nil, false
	case "bool", "int", "number", "string", "quantity", "int-or-string":
		// What was not met yet comes first.
		absent := 40
		if field != nil && !field.zeroes {
			absent = 10
		} else if field != nil && field.Default != nil && !field.defaulted {
			absent = 80
		}
		if !needed && g.chance(absent) {
			return nil, false
		}
		return g.scalar(t, name, text, field)
	}
	if !needed && (depth > 13 || g.chance(25)) {
		return nil, false
	}
	if field != nil && !field.Value && !g.needs(text) && g.chance(15) {
		return map[string]any{}, true
	}
	return g.object(t, text, depth+1), true
}

// needs tells whether a struct has something that has to be written.
func (g generator) needs(name string) bool {
	for _, field := range g.types[name].Fields {
		if field.Required || field.Value {
			return true
		}
	}
	return false
}

func (g generator) scalar(t reflect.Type, name, text string, field *tableField) (any, bool) {
	zero := g.chance(30) || (field != nil && !field.zeroes)
	if field != nil {
		field.zeroes = field.zeroes || zero
		field.fixed = t.Name() == "Time" || t.Name() == "MicroTime" || t.Name() == "Duration"
	}
	switch {
	case t.Name() == "Time":
		return "2026-01-02T03:04:05Z", true
	case t.Name() == "MicroTime":
		return "2026-01-02T03:04:05.000006Z", true
	case t.Name() == "Duration":
		return "1h0m0s", true
	case text == "bool":
		return !zero, true
	case text == "int", text == "number":
		if zero {
			return 0.0, true
		}
		return float64(1 + g.random.Intn(100)), true
	case text == "quantity":
		if field != nil && zero {
			field.zeroes = true
			return "0", true
		}
		return pick(g, "2", "500m", "1Gi"), true
	case text == "int-or-string":
		if zero {
			field.zeroes = true
			return pick[any](g, 0.0, ""), true
		}
		return pick[any](g, 8080.0, "25%"), true
	case t.Kind() == reflect.Slice:
		return pick(g, "", "eA=="), true
	case zero:
		return "", true
	case field != nil && len(field.Values) > 0 && g.chance(90):
		return pick(g, field.Values...), true
	case name == "image" || name == "reference":
		digest := "@sha256:" + strings.Repeat("0", 64)
		return pick(g, "nginx", "nginx:latest", "nginx:1", "r.example:5000/nginx", "nginx"+digest, "nginx:latest"+digest), true
	default:
		return "x", true
	}
}

// viewer reads an object as the language does.
type viewer struct {
	*tables
	kind string
	// Whether absent fields are defaulted.
	defaults bool
}

// place is where in an object a struct is.
type place struct {
	hostNetwork bool
	// In a container other than an ephemeral one, of the object's own Pod.
	container bool
}

func (v viewer) object(name string, raw map[string]any, at place) map[string]any {
	out := map[string]any{}
	table := v.types[name]
	if v.kind == "Pod" && name == "io.k8s.api.core.v1.PodSpec" {
		at.hostNetwork = raw["hostNetwork"] == true
	}
	for fieldName, field := range table.Fields {
		inside := at
		if v.kind == "Pod" && name == "io.k8s.api.core.v1.PodSpec" {
			inside.container = fieldName == "containers" || fieldName == "initContainers"
		}
		value := v.field(field, raw[fieldName], inside)
		if v.defaults && field.Default != nil {
			if field.Default.RequestFromLimit {
				value = requestsFromLimits(value, raw, at)
				field.defaulted = true
			} else if value == nil {
				if value = v.defaulted(field.Default, field, table, raw, inside); value != nil {
					field.defaulted = true
				}
			}
		}
		if value != nil {
			out[fieldName] = value
		}
	}
	return out
}

func requestsFromLimits(requests any, raw map[string]any, at place) any {
	limits, _ := raw["limits"].(map[string]any)
	if !at.container || len(limits) == 0 {
		return requests
	}
	out := maps.Clone(limits)
	if written, ok := requests.(map[string]any); ok {
		maps.Copy(out, written)
	}
	return out
}

// field gives what a field holds, nil where it is absent.
func (v viewer) field(field *tableField, raw any, at place) any {
	if raw == nil {
		return nil
	}
	value := v.value(field.Type, raw, at)
	switch {
	case field.Value:
		if len(value.(map[string]any)) == 0 {
			return nil
		}
	case field.Presence == "zero":
		if slices.Contains([]any{"", 0.0, false}, value) || (field.Type == "quantity" && value == "0") {
			return nil
		}
	case field.Presence == "empty":
		if reflect.ValueOf(value).Len() == 0 {
			return nil
		}
	}
	return value
}

func (v viewer) value(text string, raw any, at place) any {
	if inner, ok := strings.CutPrefix(text, "[]"); ok {
		out := []any{}
		list, _ := raw.([]any)
		for _, element := range list {
			out = append(out, v.value(inner, element, at))
		}
		return out
	}
	if inner, ok := strings.CutPrefix(text, "{}"); ok {
		out := map[string]any{}
		entries, _ := raw.(map[string]any)
		for key, element := range entries {
			out[key] = v.value(inner, element, at)
		}
		return out
	}
	if _, ok := v.types[text]; ok {
		object, _ := raw.(map[string]any)
		return v.object(text, object, at)
	}
	return raw
}

// defaulted gives the default of a field, nil where there is none.
func (v viewer) defaulted(d *tableDefault, field *tableField, table *tableType, raw map[string]any, at place) any {
	plain := v
	plain.defaults = false
	written := func(name string) bool { return plain.field(table.Fields[name], raw[name], at) != nil }
	branch := func(holds bool) any {
		next := d.Otherwise
		if holds {
			next = d.Then
		}
		if next == nil {
			return nil
		}
		return v.defaulted(next, field, table, raw, at)
	}
	switch {
	case d.Empty:
		return v.object(field.Type, map[string]any{}, at)
	case d.PullPolicy != "":
		image, _ := raw[d.PullPolicy].(string)
		if _, tag, _, _ := parsers.ParseImageName(image); tag == "latest" {
			return "Always"
		}
		return "IfNotPresent"
	case d.EmptyDirWithoutSource:
		if slices.ContainsFunc(table.Union, written) {
			return nil
		}
		return v.object(field.Type, map[string]any{}, at)
	case d.HostPortOfHostNetwork:
		if !at.container || !at.hostNetwork || raw["containerPort"] == 0.0 {
			return nil
		}
		return raw["containerPort"]
	case d.Sibling != nil:
		return v.field(field, plain.path(table, raw, d.Sibling), at)
	case d.InKind != "":
		return branch(v.kind == d.InKind)
	case d.OneOf != "":
		other := table.Fields[d.OneOf]
		value := v.field(other, raw[d.OneOf], at)
		if value == nil && other.Default != nil {
			value = v.defaulted(other.Default, other, table, raw, at)
		}
		text, _ := value.(string)
		return branch(slices.Contains(d.Among, text))
	case d.Written != "":
		return branch(written(d.Written))
	case d.Unwritten != "":
		return branch(!written(d.Unwritten))
	}
	return v.field(field, d.Value, at)
}

func (v viewer) path(table *tableType, raw map[string]any, path []string) any {
	field := table.Fields[path[0]]
	if len(path) == 1 {
		return v.field(field, raw[path[0]], place{})
	}
	inner, _ := raw[path[0]].(map[string]any)
	return v.path(v.types[field.Type], inner, path[1:])
}

func compare(t *tables, name string, before, after map[string]any, report func(at, difference string)) {
	for fieldName, field := range t.types[name].Fields {
		compareValue(t, field.Type, name+"."+fieldName, before[fieldName], after[fieldName], report)
	}
}

func compareValue(t *tables, text, at string, before, after any, report func(at, difference string)) {
	if reflect.DeepEqual(before, after) {
		return
	}
	switch a := before.(type) {
	case map[string]any:
		b, ok := after.(map[string]any)
		if !ok {
			break
		}
		if _, ok := t.types[text]; ok {
			compare(t, text, a, b, report)
			return
		}
		inner, isMap := strings.CutPrefix(text, "{}")
		if !isMap || !slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))) {
			break
		}
		for key := range a {
			compareValue(t, inner, at, a[key], b[key], report)
		}
		return
	case []any:
		b, ok := after.([]any)
		inner, isList := strings.CutPrefix(text, "[]")
		if !ok || !isList || len(a) != len(b) {
			break
		}
		for i := range a {
			compareValue(t, inner, at, a[i], b[i], report)
		}
		return
	}
	report(at, fmt.Sprintf("the tables make it %s, the API server %s", show(before), show(after)))
}

func show(value any) string {
	if value == nil {
		return "absent"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if len(text) > 200 {
		return string(text[:200]) + "..."
	}
	return string(text)
}

// checkRemoved compares the table with the lifecycle that Kubernetes' types declare.
func checkRemoved(t *tables, problem func(at, text string)) int {
	served := map[schema.GroupVersionKind]bool{}
	for _, kind := range t.kinds {
		served[schema.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind}] = true
	}
	known := scheme.AllKnownTypes()
	checked := 0
	for gvk, goType := range known {
		name := gvk.GroupVersion().String() + " " + gvk.Kind
		lifecycle, ok := reflect.New(goType).Interface().(interface{ APILifecycleRemoved() (int, int) })
		minor, listed := t.removed[name]
		if !ok || served[gvk] || strings.HasSuffix(gvk.Kind, "List") || slices.Contains([]string{"Scale", "ConversionReview"}, gvk.Kind) {
			continue
		}
		checked++
		if _, want := lifecycle.APILifecycleRemoved(); !listed {
			problem(name, fmt.Sprintf("was removed in 1.%d and is not in the table", want))
		} else if minor != want {
			problem(name, fmt.Sprintf("was removed in 1.%d, the table says 1.%d", want, minor))
		}
	}
	return checked
}

// sorted gives the strings in order, without repetition.
func sorted(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return slices.Compact(out)
}
