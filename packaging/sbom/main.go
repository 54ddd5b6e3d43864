// Command sbom writes the bill of materials of a Go program, in CycloneDX 1.6
// (ECMA-424) JSON, from what the linker wrote into the program itself: every
// module that is in it, in its exact version, and the toolchain. It says nothing
// that is not in the file, needs no network, and gives the same bytes each time.
//
//	go run ./packaging/sbom -version 1.2.3 -o trailwarden.cdx.json dist/trailwarden
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	version := flags.String("version", "", "release; without it, what the program says")
	created := flags.Int64("created", 0, "`seconds` since 1970 that the document carries")
	out := flags.String("o", "", "`file` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *out == "" {
		return fmt.Errorf("want -o FILE and one program")
	}
	program, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	if *version != "" {
		info.Main.Version = *version
	}
	doc := billOf(info, filepath.Base(flags.Arg(0)), program, time.Unix(*created, 0).UTC())
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(*out, append(text, '\n'), 0o644)
}

// The parts of CycloneDX 1.6 that are filled in.
type (
	bill struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Ref        string     `json:"bom-ref"`
		Type       string     `json:"type"`
		Name       string     `json:"name"`
		Version    string     `json:"version,omitempty"`
		Hashes     []hash     `json:"hashes,omitempty"`
		PURL       string     `json:"purl,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// billOf puts the document together. The program is known by its digest, and so
// is the document.
func billOf(info *debug.BuildInfo, file string, program []byte, when time.Time) bill {
	sum := sha256.Sum256(program)
	main := component{Ref: info.Path, Type: "application", Name: file, Version: info.Main.Version, PURL: purl(info.Main.Path, info.Main.Version),
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}}, Properties: properties(info)}
	b := bill{Format: "CycloneDX", Spec: "1.6", Serial: serial(sum), Version: 1, Metadata: metadata{when.Format(time.RFC3339), main}, Components: []component{}}
	release := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = append(b.Components, library("std", release, ""))
	for _, m := range info.Deps {
		b.Components = append(b.Components, libraryOf(m))
	}
	slices.SortFunc(b.Components, func(x, y component) int { return strings.Compare(x.Ref, y.Ref) })
	on := []string{}
	for _, c := range b.Components {
		on = append(on, c.Ref)
	}
	b.Dependencies = []dependency{{main.Ref, on}}
	return b
}

// libraryOf is a module of the program. One that a folder stands in for is still
// that module: the function is built with parts of the SDK left out.
func libraryOf(m *debug.Module) component {
	r := m.Replace
	switch {
	case r == nil:
		return library(m.Path, m.Version, m.Sum)
	case !strings.HasPrefix(r.Path, "."):
		return library(r.Path, r.Version, r.Sum)
	}
	c := library(m.Path, m.Version, "")
	c.Properties = []property{{"trailwarden:built", "with parts left out"}}
	return c
}

// library is a module, with the checksum by which go.sum knows it.
func library(path, version, sum string) component {
	c := component{Ref: purl(path, version), Type: "library", Name: path, Version: version, PURL: purl(path, version)}
	if sum != "" {
		c.Properties = []property{{"go:sum", sum}}
	}
	return c
}

// purl is a package URL (ECMA-427), type golang.
func purl(path, version string) string {
	s := "pkg:golang/" + path
	if version != "" {
		s += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return s
}

// properties are how the program was built, as far as it says; paths are not.
func properties(info *debug.BuildInfo) (out []property) {
	for _, s := range info.Settings {
		if slices.Contains([]string{"-tags", "CGO_ENABLED", "GOARCH", "GOOS", "vcs.revision", "vcs.modified"}, s.Key) {
			out = append(out, property{"go:build:" + s.Key, s.Value})
		}
	}
	return out
}

// serial is a UUID (RFC 9562, version 8) made of the program's digest.
func serial(sum [32]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
