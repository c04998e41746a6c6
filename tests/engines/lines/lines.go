// Package lines is how the drivers of engines are spoken to: a line of JSON that says that they are ready, and then one for each line that they are given.
package lines

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strings"
)

// Serve writes the greeting and answers every line that is not blank, until there is none left.
func Serve(in io.Reader, out io.Writer, greeting any, answer func(line []byte) any) error {
	writer := bufio.NewWriter(out)
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
		if len(bytes.TrimSpace(line)) > 0 {
			if err := say(answer(line)); err != nil {
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

// Asked is what every request holds.
type Asked struct {
	ID json.RawMessage `json:"id"`
}

func (a *Asked) id() json.RawMessage { return a.ID }

// Reply is what every answer holds.
type Reply struct {
	ID    json.RawMessage `json:"id,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Answer reads a line as a request and lets it be answered: with its id, and with the error that there is.
func (r *Reply) Answer(line []byte, asked interface{ id() json.RawMessage }, answer func() error) {
	err := json.Unmarshal(line, asked)
	if err == nil {
		r.ID = asked.id()
		err = answer()
	}
	if err != nil {
		r.Error = err.Error()
	}
}

// Version is that of a module as it was built, without the `v`.
func Version(path string) string {
	info, found := debug.ReadBuildInfo()
	if !found {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == path {
			if module.Replace != nil {
				module = module.Replace
			}
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}
