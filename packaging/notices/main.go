// Command notices writes THIRD_PARTY_NOTICES.md: the modules that programs are
// built of, with their licences and whose they are, and the data of others.
//
//	go run ./packaging/notices > THIRD_PARTY_NOTICES.md
//
// It reads the modules of go.mod where the go command keeps them. Licences that
// differ only in the names of their owners are printed once, with all names.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// preamble is what no module says of itself: the data, the toolchain, and what
// DuckDB brings along.
//
//go:embed preamble.md
var preamble string

func run(w io.Writer) error {
	mods, err := modules()
	if err != nil {
		return err
	}
	var all []module
	for _, m := range mods {
		if m.licences, m.notices, err = licencesIn(m.Dir); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		all = append(all, m)
	}
	_, err = io.WriteString(w, preamble+"\n"+table(all)+texts(all))
	return err
}

// module is a module of go.mod.
type module struct {
	Path, Version, Dir string
	licences           []licence
	notices            []string
}

// modules are those that go.mod requires, by name.
func modules() ([]module, error) {
	text, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		return nil, fmt.Errorf("go mod edit: %w", err)
	}
	var mod struct{ Require []module }
	if err := json.Unmarshal(text, &mod); err != nil {
		return nil, err
	}
	args := []string{"mod", "download", "-json"}
	for _, m := range mod.Require {
		args = append(args, m.Path)
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	if text, err = cmd.Output(); err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	var out []module
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var m module
		if err := d.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// licencesIn reads the licence files of a module's top folder, and the notices
// that the Apache License asks to pass on.
func licencesIn(dir string) (found []licence, notices []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		licensed := strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "UNLICENSE") || strings.HasPrefix(name, "LICENCE") || strings.HasPrefix(name, "COPYING") || strings.HasPrefix(name, "COPYRIGHT")
		notice := strings.HasPrefix(name, "NOTICE")
		if e.IsDir() || !licensed && !notice || strings.HasSuffix(name, ".GO") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		if notice {
			notices = append(notices, strings.TrimSpace(string(text)))
			continue
		}
		found = append(found, licenceOf(string(text)))
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("no licence file in %s", dir)
	}
	return found, notices, nil
}
