package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// TestFormula reads the formula for every machine's archive with its checksum,
// and has Ruby read it where there is one.
func TestFormula(t *testing.T) {
	var text strings.Builder
	sums := map[string]string{}
	for i, name := range []string{"darwin_arm64", "darwin_amd64", "linux_arm64", "linux_amd64", "windows_amd64"} {
		sums[name] = strings.Repeat(fmt.Sprint(i), 64)
		fmt.Fprintf(&text, "%s  trailwarden_1.2.3_%s.tar.gz\n", sums[name], name)
	}
	list := filepath.Join(t.TempDir(), "checksums.txt")
	if err := os.WriteFile(list, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"-version", "1.2.3", list}, &out); err != nil {
		t.Fatal(err)
	}
	for _, machine := range []struct{ system, cpu, file string }{
		{"macos", "arm", "darwin_arm64"}, {"macos", "intel", "darwin_amd64"}, {"linux", "arm", "linux_arm64"}, {"linux", "intel", "linux_amd64"},
	} {
		want := fmt.Sprintf("  on_%s do\n    on_%s do\n      url \"https://github.com/trailwarden/trailwarden/releases/download/v1.2.3/trailwarden_1.2.3_%s.tar.gz\"\n      sha256 \"%s\"\n",
			machine.system, machine.cpu, machine.file, sums[machine.file])
		if !strings.Contains(out.String(), want) {
			t.Errorf("for %s on %s: want\n%s\nin\n%s", machine.system, machine.cpu, want, out.String())
		}
	}
	t.Run("ruby reads it", func(t *testing.T) {
		cmd := exec.Command(needs.Program(t, "ruby"), "-c")
		cmd.Stdin = &out
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}

// TestNoFormula: of a release that lacks an archive, or is none.
func TestNoFormula(t *testing.T) {
	list := filepath.Join(t.TempDir(), "checksums.txt")
	if err := os.WriteFile(list, []byte(strings.Repeat("a", 64)+"  trailwarden_1.2.3_linux_amd64.tar.gz\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"do not name trailwarden_1.2.3_darwin_arm64.tar.gz": {"-version", "1.2.3", list},
		"want -version 1.2.3":                               {"-version", "1.2.3\"; system(\"x", list},
		"no such file":                                      {"-version", "1.2.3", list + "x"},
	} {
		if err := run(args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", args, err, want)
		}
	}
}
