// Command polc-opa answers one query about many inputs: the policies are compiled once, the inputs come as JSON lines.
//
// It is built against each OPA that emitted Rego has to run on: see build.sh.
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
	"sort"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
	"github.com/open-policy-agent/opa/v1/version"
	"polc.invalid/tests/engines/lines"
)

type request struct {
	ID json.RawMessage `json:"id"`
	// Unit is the folder whose policies are asked, with `-units`.
	Unit  string          `json:"unit"`
	Input json.RawMessage `json:"input"`
	// Data is what `data` holds beside the policies for this input: an object.
	Data json.RawMessage `json:"data"`
}

type answer struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Result any             `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

type hello struct {
	Ready    bool     `json:"ready"`
	Engine   string   `json:"engine"`
	Version  string   `json:"version"`
	Packages []string `json:"packages"`
	Rules    int      `json:"rules"`
	Units    int      `json:"units,omitempty"`
}

// A prepared query, or why there is none.
type unit struct {
	query   rego.PreparedEvalQuery
	failure error
}

// Units are policies that have nothing to do with each other: each folder is compiled by itself, when it is first asked.
type units struct {
	root     string
	query    string
	prepared map[string]unit
	store    storage.Store
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-opa:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	query := flag.String("query", "data.polc.main.violations", "the `ref` whose value is the answer")
	bench := flag.Int("bench", 0, "answer each input `N` times and print nanoseconds an evaluation instead of answers")
	root := flag.String("units", "", "take each folder in this `FOLDER` as policies of their own; a line names in `unit` the one that it asks")
	flag.Parse()
	if (flag.NArg() == 0) == (*root == "") {
		return errors.New("usage: polc-opa [-query REF] [-bench N] (FILE-OR-FOLDER... | -units FOLDER) < INPUTS")
	}
	ctx := context.Background()
	greeting := hello{Ready: true, Engine: "opa", Version: version.Version}
	all := units{root: *root, query: *query, prepared: map[string]unit{}, store: inmem.New()}
	if *root == "" {
		modules, err := load(flag.Args())
		if err != nil {
			return err
		}
		packages := map[string]bool{}
		for _, path := range modules.paths {
			module := modules.parsed[path]
			packages[module.Package.Path.String()] = true
			greeting.Rules += len(module.Rules)
		}
		for name := range packages {
			greeting.Packages = append(greeting.Packages, name)
		}
		sort.Strings(greeting.Packages)
		prepared, err := prepare(ctx, *query, modules, all.store)
		if err != nil {
			return err
		}
		all.prepared[""] = unit{query: prepared}
	} else {
		entries, err := os.ReadDir(*root)
		if err != nil {
			return err
		}
		greeting.Units = len(entries)
	}

	return lines.Serve(in, out, greeting, func(line []byte) any {
		reply := one(ctx, &all, line, *bench)
		return reply
	})
}

// find gives the query of a unit.
func (u *units) find(ctx context.Context, name string) (rego.PreparedEvalQuery, error) {
	found, known := u.prepared[name]
	if !known && name != filepath.Base(name) {
		return found.query, fmt.Errorf("`%s` is no unit", name)
	}
	if !known {
		var modules loaded
		if modules, found.failure = load([]string{filepath.Join(u.root, name)}); found.failure == nil {
			found.query, found.failure = prepare(ctx, u.query, modules, u.store)
		}
		u.prepared[name] = found
	}
	return found.query, found.failure
}

func prepare(ctx context.Context, query string, modules loaded, store storage.Store) (rego.PreparedEvalQuery, error) {
	options := []func(*rego.Rego){rego.Query(query), rego.Store(store), rego.StrictBuiltinErrors(true), rego.Strict(true)}
	for _, path := range modules.paths {
		options = append(options, rego.ParsedModule(modules.parsed[path]))
	}
	return rego.New(options...).PrepareForEval(ctx)
}

func one(ctx context.Context, all *units, line []byte, bench int) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	prepared, err := all.find(ctx, asked.Unit)
	if err != nil {
		return answer{ID: asked.ID, Error: err.Error()}
	}
	data := map[string]any{}
	if len(asked.Data) > 0 {
		// Its numbers keep their text too.
		if err := util.UnmarshalJSON(asked.Data, &data); err != nil {
			return answer{ID: asked.ID, Error: err.Error()}
		}
	}
	for name, value := range data {
		if err := storage.WriteOne(ctx, all.store, storage.AddOp, storage.Path{name}, value); err != nil {
			return answer{ID: asked.ID, Error: err.Error()}
		}
		defer func() { _ = storage.WriteOne(ctx, all.store, storage.RemoveOp, storage.Path{name}, nil) }()
	}
	// Numbers keep their text, as they do when OPA reads an admission review.
	input, err := ast.ValueFromReader(strings.NewReader(string(asked.Input)))
	if err != nil {
		return answer{ID: asked.ID, Error: err.Error()}
	}
	if bench > 0 {
		start := time.Now()
		for range bench {
			if _, err := prepared.Eval(ctx, rego.EvalParsedInput(input)); err != nil {
				return answer{ID: asked.ID, Error: err.Error()}
			}
		}
		return answer{ID: asked.ID, Result: time.Since(start).Nanoseconds() / int64(bench)}
	}
	results, err := prepared.Eval(ctx, rego.EvalParsedInput(input))
	switch {
	case err != nil:
		return answer{ID: asked.ID, Error: err.Error()}
	case len(results) != 1 || len(results[0].Expressions) != 1:
		// An undefined query is a policy that says nothing: never a pass.
		return answer{ID: asked.ID, Error: "the query is undefined"}
	default:
		return answer{ID: asked.ID, Result: results[0].Expressions[0].Value}
	}
}

type loaded struct {
	paths  []string
	parsed map[string]*ast.Module
}

func load(roots []string) (loaded, error) {
	found := loaded{parsed: map[string]*ast.Module{}}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".rego" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			module, err := ast.ParseModuleWithOpts(path, string(text), ast.ParserOptions{RegoVersion: ast.RegoV1})
			if err != nil {
				return err
			}
			found.paths = append(found.paths, path)
			found.parsed[path] = module
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	if len(found.paths) == 0 {
		return found, fmt.Errorf("no .rego file under %s", strings.Join(roots, ", "))
	}
	sort.Strings(found.paths)
	return found, nil
}
