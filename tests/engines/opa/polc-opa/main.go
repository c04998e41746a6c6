// Command polc-opa answers one query about many inputs: the policies are compiled once, the inputs come as JSON lines.
//
// It is built against each OPA that emitted Rego has to run on: see build.sh.
package main

import (
	"bufio"
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
	"github.com/open-policy-agent/opa/v1/version"
)

type request struct {
	ID    json.RawMessage `json:"id"`
	Input json.RawMessage `json:"input"`
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
	flag.Parse()
	if flag.NArg() == 0 {
		return errors.New("usage: polc-opa [-query REF] [-bench N] FILE-OR-FOLDER... < INPUTS")
	}
	modules, err := load(flag.Args())
	if err != nil {
		return err
	}
	options := []func(*rego.Rego){rego.Query(*query), rego.StrictBuiltinErrors(true), rego.Strict(true)}
	greeting := hello{Ready: true, Engine: "opa", Version: version.Version}
	packages := map[string]bool{}
	for _, path := range modules.paths {
		module := modules.parsed[path]
		packages[module.Package.Path.String()] = true
		greeting.Rules += len(module.Rules)
		options = append(options, rego.ParsedModule(module))
	}
	for name := range packages {
		greeting.Packages = append(greeting.Packages, name)
	}
	sort.Strings(greeting.Packages)
	ctx := context.Background()
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return err
	}

	writer := bufio.NewWriter(out)
	defer writer.Flush()
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	say := func(line any) error {
		if err := encoder.Encode(line); err != nil {
			return err
		}
		return writer.Flush()
	}
	if err := say(greeting); err != nil {
		return err
	}
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			reply := one(ctx, prepared, line, *bench)
			if err := say(reply); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func one(ctx context.Context, prepared rego.PreparedEvalQuery, line []byte, bench int) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
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
