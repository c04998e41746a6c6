package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// auditedWithin is how long the audit event of a request may take.
const auditedWithin = 10 * time.Second

// ask sends one request to the API server.
func (s *server) ask(ctx context.Context, asked *request, reply *answer) error {
	method := asked.Method
	if method == "" {
		method = http.MethodGet
	}
	sent, err := http.NewRequestWithContext(ctx, method, s.url+asked.Path, bytes.NewReader(asked.Body))
	if err != nil {
		return err
	}
	sent.Header.Set("Authorization", "Bearer "+s.token)
	sent.Header.Set("Accept", "application/json")
	sent.Header.Set("User-Agent", "polc-apiserver")
	if len(asked.Body) > 0 {
		kind := asked.ContentType
		if kind == "" {
			kind = "application/json"
		}
		sent.Header.Set("Content-Type", kind)
	}
	if who := asked.UserInfo; who != nil {
		sent.Header.Set("Impersonate-User", who.Username)
		if who.UID != "" {
			sent.Header.Set("Impersonate-Uid", who.UID)
		}
		for _, group := range who.Groups {
			sent.Header.Add("Impersonate-Group", group)
		}
		for key, values := range who.Extra {
			for _, value := range values {
				sent.Header.Add("Impersonate-Extra-"+key, value)
			}
		}
	}
	response, err := s.client.Do(sent)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	reply.Status = response.StatusCode
	if json.Valid(text) {
		reply.Body = text
	} else if len(text) > 0 {
		if reply.Body, err = json.Marshal(string(text)); err != nil {
			return err
		}
	}
	warnings, problems := utilnet.ParseWarningHeaders(response.Header["Warning"])
	if len(problems) > 0 {
		return problems[0]
	}
	for _, warning := range warnings {
		reply.Warnings = append(reply.Warnings, warning.Text)
	}
	if asked.Audit {
		id := response.Header.Get("Audit-Id")
		if reply.Annotations, err = s.annotations(id); err != nil {
			return fmt.Errorf("audit event %s: %w", id, err)
		}
	}
	return nil
}

// annotations are those of the audit event of this id, which is written when the response is complete.
func (s *server) annotations(id string) (map[string]string, error) {
	deadline := time.Now().Add(auditedWithin)
	for {
		more, err := io.ReadAll(s.audit)
		if err != nil {
			return nil, err
		}
		s.rest = append(s.rest, more...)
		for {
			line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
			if !whole {
				break
			}
			s.rest = rest
			var event struct {
				AuditID     string            `json:"auditID"`
				Annotations map[string]string `json:"annotations"`
			}
			if err := json.Unmarshal(line, &event); err != nil {
				return nil, err
			}
			if event.AuditID == id {
				return event.Annotations, nil
			}
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("not written after %s", auditedWithin)
		}
		time.Sleep(time.Millisecond)
	}
}
