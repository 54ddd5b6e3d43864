// Command formula writes the Homebrew formula of a release out of its list of
// checksums: the archives of both systems and both architectures, manual pages
// and completions. goreleaser's own formulas are deprecated in favour of casks,
// which are for programs with a window.
//
//	go run ./packaging/formula -version 1.2.3 dist/checksums.txt > trailwarden.rb
package main

import (
	"bufio"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"text/template"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "formula:", err)
		os.Exit(1)
	}
}

//go:embed trailwarden.rb.tmpl
var formula string

// archive is what one machine downloads.
type archive struct{ System, CPU, OS, Arch, URL, SHA256 string }

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("formula", flag.ContinueOnError)
	version := flags.String("version", "", "release, without v")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || !regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`).MatchString(*version) {
		return errors.New("want -version 1.2.3 and the file of checksums")
	}
	sums, err := checksums(flags.Arg(0))
	if err != nil {
		return err
	}
	all, err := archives(*version, sums)
	if err != nil {
		return err
	}
	t := template.Must(template.New("formula").Parse(formula))
	return t.Execute(out, map[string]any{"Version": *version, "Archives": all})
}

// archives are the four that the formula chooses among.
func archives(version string, sums map[string]string) ([]archive, error) {
	var out []archive
	for _, a := range []archive{
		{System: "macos", CPU: "arm", OS: "darwin", Arch: "arm64"}, {System: "macos", CPU: "intel", OS: "darwin", Arch: "amd64"},
		{System: "linux", CPU: "arm", OS: "linux", Arch: "arm64"}, {System: "linux", CPU: "intel", OS: "linux", Arch: "amd64"},
	} {
		name := fmt.Sprintf("trailwarden_%s_%s_%s.tar.gz", version, a.OS, a.Arch)
		a.URL = "https://github.com/trailwarden/trailwarden/releases/download/v" + version + "/" + name
		if a.SHA256 = sums[name]; a.SHA256 == "" {
			return nil, fmt.Errorf("the checksums do not name %s", name)
		}
		out = append(out, a)
	}
	return out, nil
}

var sumLine = regexp.MustCompile(`^([0-9a-f]{64})[ *]+([A-Za-z0-9._+-]+)$`)

// checksums reads a list as sha256sum writes it.
func checksums(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out, lines := map[string]string{}, bufio.NewScanner(f)
	for lines.Scan() {
		if m := sumLine.FindStringSubmatch(strings.TrimSpace(lines.Text())); m != nil {
			out[m[2]] = m[1]
		}
	}
	return out, lines.Err()
}
