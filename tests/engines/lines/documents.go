package lines

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Document is one of a YAML file.
type Document struct {
	Path string
	Text []byte
}

// Documents are those of every YAML file at or under the roots, in the order of the paths.
func Documents(roots []string) ([]Document, error) {
	var paths []string
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && (filepath.Ext(path) == ".yaml" || filepath.Ext(path) == ".yml") {
				paths = append(paths, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(paths)
	var documents []Document
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for _, document := range strings.Split("\n"+string(text), "\n---") {
			documents = append(documents, Document{path, []byte(document)})
		}
	}
	return documents, nil
}
