package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Types whose constants are not all that a field may hold. Types of conditions are open too.
var open = map[string]bool{
	"ClaimResourceStatus":      true,
	"CoordinatedLeaseStrategy": true,
	"FinalizerName":            true,
	"LimitType":                true,
	"NodeAddressType":          true,
	"PodResizeStatus":          true,
	"ResourceName":             true,
	"SecretType":               true,
	"StatusReason":             true,
	"StorageMedium":            true,
}

// Fields without a type of their own whose values validation closes.
var closed = map[string]bool{
	"networking.v1.IngressClassParametersReference.scope": true,
	"rbac.v1.RoleRef.kind":                                true,
	"rbac.v1.Subject.kind":                                true,
}

// checkEnums compares the enums with the constants of the fields' Go types.
func checkEnums(t *tables, problem func(at, text string)) (int, error) {
	constants := map[string]map[string][]string{}
	checked, seen := 0, map[string]bool{}
	usedOpen, usedClosed := map[string]bool{}, map[string]bool{}
	var failure error
	var walk func(goType reflect.Type, name string)
	walk = func(goType reflect.Type, name string) {
		table := t.types[name]
		if table == nil || seen[name] {
			return
		}
		seen[name] = true
		for _, f := range fieldsOf(goType) {
			leaf, text := f.goType, table.Fields[f.name].Type
			for leaf.Kind() == reflect.Pointer || (leaf.Kind() == reflect.Slice && strings.HasPrefix(text, "[]")) || leaf.Kind() == reflect.Map {
				if leaf.Kind() != reflect.Pointer {
					text = text[2:]
				}
				leaf = leaf.Elem()
			}
			if leaf.Kind() == reflect.Struct {
				walk(leaf, text)
				continue
			}
			at, values := name+"."+f.name, table.Fields[f.name].Values
			if leaf.Kind() != reflect.String || leaf.PkgPath() == "" {
				if len(values) > 0 {
					checked++
					usedClosed[short(at)] = true
					if !closed[short(at)] {
						problem(at, "is an enum whose Go type is no enum")
					}
				}
				continue
			}
			if constants[leaf.PkgPath()] == nil {
				found, err := constantsOf(leaf.PkgPath())
				if err != nil {
					failure = err
					return
				}
				constants[leaf.PkgPath()] = found
			}
			want := sorted(constants[leaf.PkgPath()][leaf.Name()])
			// An unset value is no choice, but where it has a meaning.
			if leaf.Name() != "HostPathType" {
				want = slices.DeleteFunc(want, func(value string) bool { return value == "" })
			}
			switch {
			case open[leaf.Name()] || strings.HasSuffix(leaf.Name(), "ConditionType"):
				usedOpen[leaf.Name()] = true
				if len(values) > 0 {
					problem(at, "is an enum whose Go type is open")
				}
			case len(want) > 0:
				checked++
				if !slices.Equal(want, values) {
					problem(at, fmt.Sprintf("%s is one of %q, the table has %q", leaf.Name(), want, values))
				}
			}
		}
	}
	for _, kind := range t.kinds {
		goType, ok := scheme.AllKnownTypes()[groupVersionKind{kind.Group, kind.Version, kind.Kind}.schema()]
		if !ok {
			return 0, fmt.Errorf("%s: the scheme has no such type", kind.Type)
		}
		walk(goType, kind.Type)
	}
	for name := range open {
		if !usedOpen[name] {
			problem(name, "is an open type that no field has")
		}
	}
	for name := range closed {
		if !usedClosed[name] {
			problem(name, "is a closed field that is no enum")
		}
	}
	return checked, failure
}

// constantsOf reads the string constants of a package, by their type.
func constantsOf(path string) (map[string][]string, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		return nil, fmt.Errorf("cannot find the package %s: %w", path, err)
	}
	out := map[string][]string{}
	add := func(name string, value ast.Expr) {
		if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				out[name] = append(out[name], text)
			}
		}
	}
	root := strings.TrimSpace(string(dir))
	return out, filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for _, value := range spec.Values {
				if name, ok := spec.Type.(*ast.Ident); ok {
					add(name.Name, value)
				}
				// `Name = Type("value")`
				if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
					if name, ok := call.Fun.(*ast.Ident); ok {
						add(name.Name, call.Args[0])
					}
				}
			}
			return true
		})
		return nil
	})
}
