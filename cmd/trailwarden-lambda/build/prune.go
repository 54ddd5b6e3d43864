package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// services is where the SDK's clients are.
const services = "github.com/aws/aws-sdk-go-v2/service/"

// tags choose what the function is made of: without the runtime's old protocol,
// sources, ways to find credentials that a function has not, and HTTP/2.
const tags = "lambda.norpc,function,nethttpomithttp2"

// pkg is what go list says of a package.
type pkg struct {
	ImportPath, Dir     string
	GoFiles, EmbedFiles []string
	Imports             []string
	Standard            bool
	Module              *struct{ Path, Dir, GoMod string }
}

// linked are the packages of the function.
func linked(env []string) (all []pkg, err error) {
	cmd := exec.Command("go", "list", "-deps", "-tags", tags, "-json=ImportPath,Dir,GoFiles,EmbedFiles,Imports,Standard,Module", "github.com/trailwarden/trailwarden/cmd/trailwarden-lambda")
	cmd.Env, cmd.Stderr = env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for in := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if !p.Standard {
			all = append(all, p)
		}
	}
}

// mentioned are the names that packages take from one that they import. No value
// of a type can be made without a mention of the type.
func mentioned(all []pkg, from string) (map[string]bool, error) {
	names := map[string]bool{}
	for _, p := range all {
		if strings.HasPrefix(p.ImportPath, services) {
			continue
		}
		for _, name := range p.GoFiles {
			if err := mentions(filepath.Join(p.Dir, name), from, names); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// mentions adds what one file mentions: any selected name, because whose it is
// cannot be seen.
func mentions(file, from string, names map[string]bool) error {
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte(strconv.Quote(from))) {
		return err
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			names[s.Sel.Name] = true
		}
		return true
	})
	return nil
}

// clients are the SDK's clients as the function needs them: the text of changed
// files, and of all packages that have one or lie beside one.
func clients(all []pkg) (packages []pkg, changed map[string][]byte, err error) {
	used, err := mentioned(all, hub+"/types")
	if err != nil {
		return nil, nil, err
	}
	changed = map[string][]byte{}
	for _, p := range all {
		if !strings.HasPrefix(p.ImportPath, services) || strings.HasPrefix(p.ImportPath, services+"internal/") || p.Module == nil {
			continue
		}
		files, err := prune(all, p, used)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w: the SDK is written in another way than this command knows; build with go build -tags %s, which only makes a larger file", p.ImportPath, err, tags)
		}
		maps.Copy(changed, files)
		packages = append(packages, p)
	}
	return packages, changed, nil
}

// prune makes the changed files of a package; it has none where nothing is gained.
func prune(all []pkg, p pkg, used map[string]bool) (map[string][]byte, error) {
	changes := map[string]func(string) ([]byte, error){}
	if slices.Contains(p.GoFiles, "deserializers.go") {
		changes["deserializers.go"] = func(file string) ([]byte, error) { return withoutUnasked(file, all, p, used) }
	}
	switch {
	case strings.HasSuffix(p.ImportPath, "/internal/endpoints"):
		changes["endpoints.go"] = withoutPartitions
	case p.ImportPath == hub && !used[details]:
		changes["serializers.go"] = func(file string) ([]byte, error) { return withoutDocuments(file, used) }
	case p.ImportPath == hub+"/types" && !used[details]:
		changes["types.go"] = withoutDetails
	}
	changed := map[string][]byte{}
	for name, change := range changes {
		file := filepath.Join(p.Dir, name)
		text, err := change(file)
		if err != nil {
			return nil, err
		}
		changed[file] = text
	}
	return changed, nil
}

// withoutUnasked reads of a client's answers what somebody asks for.
func withoutUnasked(file string, all []pkg, p pkg, used map[string]bool) ([]byte, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	of, err := refusals(p.Dir)
	if err != nil {
		return nil, err
	}
	sought, err := soughtErrors(all, p)
	if err != nil {
		return nil, err
	}
	withoutErrors(s, of, sought)
	if p.ImportPath == hub && !used[details] {
		if err := s.withoutDetails(file); err != nil {
			return nil, err
		}
	}
	return s.changed(), nil
}

// source is a file of Go in which places are replaced.
type source struct {
	text []byte
	file *ast.File
	set  *token.FileSet
	cuts []cut
}

type cut struct {
	from, to token.Pos
	by       string
}

func parse(name string) (*source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := &source{text: text, set: token.NewFileSet()}
	s.file, err = parser.ParseFile(s.set, name, text, parser.SkipObjectResolution)
	return s, err
}

func (s *source) replace(from, to token.Pos, by string) {
	s.cuts = append(s.cuts, cut{from, to, by})
}

// changed is the text with its replacements, and without imports that nothing uses
// any more.
func (s *source) changed() []byte {
	var out []byte
	at := 0
	slices.SortFunc(s.cuts, func(a, b cut) int { return cmp.Compare(a.from, b.from) })
	for _, c := range s.cuts {
		out = append(append(out, s.text[at:s.offset(c.from)]...), c.by...)
		at = s.offset(c.to)
	}
	out = append(out, s.text[at:]...)
	for _, i := range s.file.Imports {
		name := path.Base(strings.Trim(i.Path.Value, `"`))
		if i.Name != nil {
			name = i.Name.Name
		}
		if !bytes.Contains(out, []byte(name+".")) {
			line := s.text[s.offset(i.Pos()):s.offset(i.End())]
			out = bytes.Replace(out, line, nil, 1)
		}
	}
	return out
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }
