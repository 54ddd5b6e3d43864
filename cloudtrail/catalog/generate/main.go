// Command generate writes services.txt and apis.txt, the catalogue of AWS services
// and their APIs, from the service models that botocore ships (Apache-2.0).
//
// To refresh the catalogue:
//
//	pip download --no-deps botocore
//	go run ./cloudtrail/catalog/generate -o cloudtrail/catalog botocore-*.whl
package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// model is the part of a botocore service model that the catalogue keeps.
type model struct {
	Metadata struct {
		EndpointPrefix, SigningName, ServiceID string
	}
	Operations map[string]struct {
		ReadOnly bool `json:"readonly"`
	}
}

// service is one eventSource: its names and, by API, whether the model marks
// the API as reading only.
type service struct {
	titles map[string]bool
	apis   map[string]bool
}

func main() {
	log.SetFlags(0)
	out := flag.String("o", ".", "write the catalogue to this `folder`")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: generate [-o FOLDER] botocore-VERSION.whl")
	}
	if err := run(flag.Arg(0), *out); err != nil {
		log.Fatal(err)
	}
}

func run(wheel, out string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("%s: %w", wheel, err)
	}
	defer z.Close()
	services := make(map[string]*service)
	for _, f := range z.File {
		if path.Base(f.Name) != "service-2.json.gz" {
			continue
		}
		if err := add(services, f); err != nil {
			return fmt.Errorf("%s: %s: %w", wheel, f.Name, err)
		}
	}
	return write(out, strings.TrimSuffix(path.Base(wheel), "-py3-none-any.whl"), services)
}

func add(services map[string]*service, f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	g, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	var m model
	if err := json.NewDecoder(g).Decode(&m); err != nil {
		return err
	}
	for _, source := range sources(m.Metadata.EndpointPrefix, m.Metadata.SigningName) {
		s := services[source]
		if s == nil {
			s = &service{titles: map[string]bool{}, apis: map[string]bool{}}
			services[source] = s
		}
		s.titles[m.Metadata.ServiceID] = true
		for name, op := range m.Operations {
			s.apis[name] = s.apis[name] || op.ReadOnly
		}
	}
	return nil
}

// sources are the names that CloudTrail's eventSource may have for a model, as
// far as the model tells: the name it signs with and, where that is one word,
// its endpoint's.
func sources(endpoint, signing string) []string {
	names := []string{endpoint}
	if signing != "" && signing != endpoint {
		names = append(names, signing)
	}
	names = slices.DeleteFunc(names, func(n string) bool {
		return strings.Contains(n, ".") || n == "email" || n == "execute-api"
	})
	for i, n := range names {
		names[i] = strings.ToLower(n) + ".amazonaws.com"
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func write(dir, origin string, services map[string]*service) error {
	var titles, apis bytes.Buffer
	fmt.Fprintf(&titles, "# AWS services by CloudTrail eventSource; generated, do not edit.\n")
	fmt.Fprintf(&titles, "# Origin: the service models of %s, Apache-2.0.\n", origin)
	fmt.Fprintf(&apis, "# APIs of AWS services by CloudTrail eventSource; generated, do not edit.\n")
	fmt.Fprintf(&apis, "# Origin: the service models of %s, Apache-2.0. \"r\" lines: marked read-only there.\n", origin)
	for _, source := range slices.Sorted(maps.Keys(services)) {
		s := services[source]
		fmt.Fprintf(&titles, "%s %s\n", source, strings.Join(slices.Sorted(maps.Keys(s.titles)), ", "))
		fmt.Fprintf(&apis, "%s\n", source)
		writeAPIs(&apis, "r", s.apis, true)
		writeAPIs(&apis, "a", s.apis, false)
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "services.txt"), titles.Bytes(), 0o644), os.WriteFile(filepath.Join(dir, "apis.txt"), apis.Bytes(), 0o644))
}

func writeAPIs(w io.Writer, mark string, apis map[string]bool, readOnly bool) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(apis)), func(n string) bool { return apis[n] != readOnly })
	for chunk := range slices.Chunk(names, 8) {
		fmt.Fprintf(w, " %s %s\n", mark, strings.Join(chunk, " "))
	}
}
