// Command polc-apiserver is a real API server with its etcd on loopback, behind JSON lines: a request to its API in, the response out.
//
// All its state is under the folder that it is given. It ends when its input ends, so it never outlives the program that started it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/component-base/version"
)

type request struct {
	ID json.RawMessage `json:"id"`
	// Method is that of HTTP, `GET` unless given.
	Method string `json:"method"`
	// Path is that of the API with its query: `/api/v1/namespaces/default/pods?dryRun=All`.
	Path string `json:"path"`
	// Body is the object; ContentType what it is, JSON unless given.
	Body        json.RawMessage `json:"body"`
	ContentType string          `json:"contentType"`
	// UserInfo is who asks, the administrator unless given.
	UserInfo *userInfo `json:"userInfo"`
	// Audit waits for the audit event of the request and adds its annotations.
	Audit bool `json:"audit"`
}

type userInfo struct {
	Username string              `json:"username"`
	UID      string              `json:"uid"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra"`
}

type answer struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Status int             `json:"status,omitempty"`
	// Warnings are those of the response's headers, in their order.
	Warnings []string        `json:"warnings,omitempty"`
	Body     json.RawMessage `json:"body,omitempty"`
	// Annotations are those of the audit event, if they were asked for.
	Annotations map[string]string `json:"annotations,omitempty"`
	Error       string            `json:"error,omitempty"`
}

type hello struct {
	Ready   bool   `json:"ready"`
	Engine  string `json:"engine"`
	Version string `json:"version"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "polc-apiserver:", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer) error {
	if len(os.Args) != 2 {
		return errors.New("usage: polc-apiserver FOLDER < REQUESTS")
	}
	folder, err := filepath.Abs(os.Args[1])
	if err != nil {
		return err
	}
	lines := make(chan []byte)
	ended := make(chan error, 1)
	// Read from the start, so that an input that ends while the server is starting ends it too.
	go func() {
		reader := bufio.NewReaderSize(in, 1<<20)
		for {
			line, err := reader.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				lines <- line
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	started := make(chan error, 1)
	server := newServer(folder)
	go func() { started <- server.start(ctx) }()
	select {
	case err := <-started:
		if err != nil {
			return err
		}
	case <-ended:
		return errors.New("the input ended before the API server was ready")
	}

	writer := bufio.NewWriter(out)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	say := func(line any) error {
		if err := encoder.Encode(line); err != nil {
			return err
		}
		return writer.Flush()
	}
	if err := say(hello{true, "kube-apiserver", version.Get().GitVersion}); err != nil {
		return err
	}
	for {
		select {
		case line := <-lines:
			var asked request
			var reply answer
			if err := json.Unmarshal(line, &asked); err != nil {
				reply.Error = err.Error()
			} else {
				reply.ID = asked.ID
				if err := server.ask(ctx, &asked, &reply); err != nil {
					reply.Error = err.Error()
				}
			}
			if err := say(reply); err != nil {
				return err
			}
		case err := <-server.failed:
			return fmt.Errorf("the API server ended: %w", err)
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}
