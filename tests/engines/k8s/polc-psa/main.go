// Command polc-psa asks Kubernetes' own Pod Security code: JSON lines in, JSON lines out.
//
// A line holds one of
//   - `object`, `level`, `version`: the verdict on the object, or its Pod template, after API defaulting (`raw`: as it is);
//   - `labels`: the policy that the labels of a namespace stand for;
//   - `configuration`: the text of a PodSecurityConfiguration, checked as the API server does when it starts.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/pod-security-admission/admission"
	"k8s.io/pod-security-admission/admission/api/load"
	"k8s.io/pod-security-admission/admission/api/validation"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"polc.invalid/tests/engines/lines"
)

type request struct {
	lines.Asked
	Object        json.RawMessage   `json:"object"`
	Level         string            `json:"level"`
	Version       string            `json:"version"`
	Raw           bool              `json:"raw"`
	Labels        map[string]string `json:"labels"`
	Configuration string            `json:"configuration"`
}

type answer struct {
	lines.Reply
	Allowed *bool             `json:"allowed,omitempty"`
	Reasons []string          `json:"reasons,omitempty"`
	Details []string          `json:"details,omitempty"`
	Policy  map[string]string `json:"policy,omitempty"`
	Nanos   int64             `json:"nanos,omitempty"`
}

type hello struct {
	Ready   bool   `json:"ready"`
	Engine  string `json:"engine"`
	Version string `json:"version"`
	Checks  int    `json:"checks"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-psa:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	bench := flag.Int("bench", 0, "judge each object `N` times and add the nanoseconds that one judgement took")
	flag.Parse()
	if flag.NArg() != 0 {
		return errors.New("usage: polc-psa [-bench N] < REQUESTS")
	}
	checks := policy.DefaultChecks()
	evaluator, err := policy.NewEvaluator(checks, nil)
	if err != nil {
		return err
	}
	return lines.Serve(in, out, hello{true, "pod-security-admission", lines.Version("k8s.io/pod-security-admission"), len(checks)}, func(line []byte) any {
		var asked request
		reply := answer{}
		reply.Answer(line, &asked, func() error { return one(evaluator, &asked, &reply, *bench) })
		return reply
	})
}

func one(evaluator policy.Evaluator, asked *request, reply *answer, bench int) error {
	switch {
	case asked.Labels != nil:
		return readLabels(asked.Labels, reply)
	case asked.Configuration != "":
		return readConfiguration(asked.Configuration, reply)
	default:
		return judge(evaluator, asked, reply, bench)
	}
}

func readLabels(labels map[string]string, reply *answer) error {
	privileged := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	found, problems := api.PolicyToEvaluate(labels, api.Policy{Enforce: privileged, Audit: privileged, Warn: privileged})
	if len(problems) > 0 {
		return problems.ToAggregate()
	}
	reply.Policy = map[string]string{"enforce": found.Enforce.String(), "audit": found.Audit.String(), "warn": found.Warn.String()}
	return nil
}

func readConfiguration(text string, reply *answer) error {
	configuration, err := load.LoadFromData([]byte(text))
	if err != nil {
		return err
	}
	if problems := validation.ValidatePodSecurityConfiguration(configuration); len(problems) > 0 {
		return problems.ToAggregate()
	}
	reply.Policy = map[string]string{
		"enforce": configuration.Defaults.Enforce + ":" + configuration.Defaults.EnforceVersion,
		"audit":   configuration.Defaults.Audit + ":" + configuration.Defaults.AuditVersion,
		"warn":    configuration.Defaults.Warn + ":" + configuration.Defaults.WarnVersion,
		"exempt": fmt.Sprintf("namespaces=%s usernames=%s runtimeClasses=%s", strings.Join(configuration.Exemptions.Namespaces, ","),
			strings.Join(configuration.Exemptions.Usernames, ","), strings.Join(configuration.Exemptions.RuntimeClasses, ",")),
	}
	return nil
}

func judge(evaluator policy.Evaluator, asked *request, reply *answer, bench int) error {
	level, err := api.ParseLevel(asked.Level)
	if err != nil {
		return err
	}
	version := api.LatestVersion()
	if asked.Version != "" {
		if version, err = api.ParseVersion(asked.Version); err != nil {
			return err
		}
	}
	meta, spec, err := podOf(asked)
	if err != nil {
		return err
	}
	against := api.LevelVersion{Level: level, Version: version}
	if bench > 0 {
		start := time.Now()
		for range bench {
			policy.AggregateCheckResults(evaluator.EvaluatePod(against, meta, spec))
		}
		reply.Nanos = time.Since(start).Nanoseconds() / int64(bench)
	}
	verdict := policy.AggregateCheckResults(evaluator.EvaluatePod(against, meta, spec))
	reply.Allowed, reply.Reasons, reply.Details = &verdict.Allowed, verdict.ForbiddenReasons, verdict.ForbiddenDetails
	return nil
}

// podOf decodes the object and fills in the API server's defaults, unless `raw`.
func podOf(asked *request) (*metav1.ObjectMeta, *corev1.PodSpec, error) {
	var kind metav1.TypeMeta
	if err := json.Unmarshal(asked.Object, &kind); err != nil {
		return nil, nil, err
	}
	object, err := legacyscheme.Scheme.New(schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind))
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(asked.Object, object); err != nil {
		return nil, nil, err
	}
	if !asked.Raw {
		legacyscheme.Scheme.Default(object)
	}
	meta, spec, err := admission.DefaultPodSpecExtractor{}.ExtractPodSpec(object)
	if err == nil && spec == nil {
		err = fmt.Errorf("%s %s holds no Pod", kind.APIVersion, kind.Kind)
	}
	return meta, spec, err
}
