package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// layer is what go build reads in place of what is on the disk. The go command
// lets nobody change files of its module cache, so a changed module is one that
// go.mod replaces by a folder which is in the overlay only.
type layer struct {
	dir     string // where texts are written
	root    string // the module
	replace map[string]string
	module  string // the text of go.mod
	texts   int
}

// overlay writes what go build reads: a go.mod and a list of files.
func overlay(dir string, env []string) (module, list string, err error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(out))
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	l := &layer{dir: dir, root: filepath.Dir(file), replace: map[string]string{}, module: string(text)}
	root, err := toolchain()
	if err != nil {
		return "", "", err
	}
	original, changed, err := templates(root)
	if err != nil {
		return "", "", err
	}
	sorting, sorted, err := sorts(root)
	if err != nil {
		return "", "", err
	}
	times, err := zones(root)
	if err != nil {
		return "", "", err
	}
	for file, text := range times {
		if err := l.put(file, text); err != nil {
			return "", "", err
		}
	}
	all, err := linked(env)
	if err != nil {
		return "", "", err
	}
	packages, files, err := clients(all)
	if err != nil {
		return "", "", err
	}
	err = errors.Join(l.put(original, changed), l.put(sorting, sorted), l.clients(packages, files), l.embedded(all))
	if err != nil {
		return "", "", err
	}
	sums, err := os.ReadFile(filepath.Join(l.root, "go.sum"))
	if err != nil {
		return "", "", err
	}
	places, err := json.Marshal(map[string]any{"Replace": l.replace})
	if err != nil {
		return "", "", err
	}
	module, list = filepath.Join(dir, "go.mod"), filepath.Join(dir, "overlay.json")
	return module, list, errors.Join(os.WriteFile(module, []byte(l.module), 0o600),
		os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600), os.WriteFile(list, places, 0o600))
}

// put has a text stand in for a file.
func (l *layer) put(file string, text []byte) error {
	l.texts++
	changed := filepath.Join(l.dir, fmt.Sprintf("%d.go", l.texts))
	l.replace[file] = changed
	return os.WriteFile(changed, text, 0o600)
}

// embedded packs the texts of packages that know how to read packed ones.
func (l *layer) embedded(all []pkg) error {
	for _, p := range all {
		if !slices.Contains(p.Imports, own+"internal/embedded") {
			continue
		}
		for _, name := range p.EmbedFiles {
			file := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			packed, err := pack(text)
			if err != nil {
				return err
			}
			if err := l.put(file, packed); err != nil {
				return err
			}
		}
	}
	return nil
}

// clients puts the SDK's clients into folders of their own, with the files that
// stay as they are.
func (l *layer) clients(packages []pkg, changed map[string][]byte) error {
	moved := map[string]string{}
	for _, p := range packages {
		to, ok := moved[p.Module.Path]
		if !ok {
			place := "./.sdk/" + strings.TrimPrefix(p.Module.Path, services)
			to = filepath.Join(l.root, filepath.FromSlash(place))
			moved[p.Module.Path] = to
			l.replace[filepath.Join(to, "go.mod")] = p.Module.GoMod
			l.module += fmt.Sprintf("\nreplace %s => %s\n", p.Module.Path, place)
		}
		folder, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			return err
		}
		for _, name := range append(append([]string{}, p.GoFiles...), p.EmbedFiles...) {
			original, stand := filepath.Join(p.Dir, name), filepath.Join(to, folder, name)
			if text, ok := changed[original]; !ok {
				l.replace[stand] = original
			} else if err := l.put(stand, text); err != nil {
				return err
			}
		}
	}
	return nil
}
