// Command polc-admit judges objects with ValidatingAdmissionPolicies as the API server does: JSON lines in, JSON lines out.
//
// Policies and bindings are read strictly, validated by the API server's own validation, compiled once with the CEL environment of the version that is asked for, and type checked
// against the schemas of the kinds that they match. Matching, evaluation and costs are the API server's.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"polc.invalid/tests/engines/lines"
)

type request struct {
	lines.Asked
	Operation   string `json:"operation"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	// Requested is the resource of which a subresource is asked for; the objects of some, such as `deployments/scale`, do not tell.
	Requested *metav1.GroupVersionResource `json:"requested"`
	Object    json.RawMessage              `json:"object"`
	OldObject json.RawMessage              `json:"oldObject"`
	// Options are the options of a deletion and the like.
	Options         json.RawMessage   `json:"options"`
	DryRun          bool              `json:"dryRun"`
	UserInfo        *userInfo         `json:"userInfo"`
	NamespaceObject json.RawMessage   `json:"namespaceObject"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	// Policies are the names of those that are asked; all unless given.
	Policies []string `json:"policies"`
	// Raw keeps the object as it is written, with its nulls, as where no type of Kubernetes reads it.
	Raw bool `json:"raw"`
	// Defaults fills in the defaults of the API server first.
	Defaults bool `json:"defaults"`
	// Cost adds what each policy cost.
	Cost bool `json:"cost"`
	// Echo adds the objects as the policies see them: a typed object has lost its nulls and zeros.
	Echo bool `json:"echo"`
}

type userInfo struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

type result struct {
	Policy  string   `json:"policy"`
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Actions []string `json:"actions,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

// answer holds the results other than passes, how many policies ran, passes counted, and the cost of each if it was asked for.
type answer struct {
	lines.Reply
	Ran     int              `json:"ran"`
	Results []result         `json:"results"`
	Costs   map[string]int64 `json:"costs,omitempty"`
	// Object and OldObject are what the policies saw, if it was asked for.
	Object    map[string]any `json:"object,omitempty"`
	OldObject map[string]any `json:"oldObject,omitempty"`
	// Unreadable says that the API server could not even decode the object.
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
	Bindings int       `json:"bindings"`
	Refused  []refused `json:"refused"`
	Warnings []refused `json:"warnings"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-admit:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	kubernetes := flag.String("kubernetes", "1.37", "the `VERSION` of the API server whose CEL environment is used for new policies")
	flag.Parse()
	if flag.NArg() == 0 {
		return errors.New("usage: polc-admit [-kubernetes VERSION] FILE-OR-FOLDER... < REQUESTS")
	}
	minor, err := version.ParseMajorMinor(*kubernetes)
	if err != nil {
		return err
	}
	judge, err := newJudge(minor, flag.Args())
	if err != nil {
		return err
	}
	return lines.Serve(in, out, judge.hello, func(line []byte) any {
		var asked request
		reply := answer{Results: []result{}}
		reply.Answer(line, &asked, func() error { return judge.one(&asked, &reply) })
		return reply
	})
}
