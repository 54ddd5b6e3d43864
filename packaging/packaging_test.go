// Package packaging_test holds what a release is made of to the program: files
// that packages carry are there, scripts can be read, the service starts with the
// configuration that it comes with.
package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/internal/needs"
)

// TestServiceConfiguration: what the package puts into /etc is sound, but for the
// folder that its script makes.
func TestServiceConfiguration(t *testing.T) {
	text, err := os.ReadFile("linux/trailwarden.yaml")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	if err := os.Mkdir(filepath.Join(state, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	cfg, list := config.Decode("trailwarden.yaml", []byte(strings.ReplaceAll(string(text), "/var/lib/trailwarden", state)))
	list = append(list, cfg.Check(config.Known{Now: time.Now()})...)
	if len(list) > 0 {
		t.Error(list)
	}
	script, err := os.ReadFile("linux/postinstall.sh")
	if err != nil || !strings.Contains(string(script), "/var/lib/trailwarden/logs") {
		t.Errorf("the folder of logs is not made (%v)", err)
	}
}

// TestService holds the unit to the package: the program, the configuration and
// the user are those that it installs, and nothing is left open that the program
// does not need.
func TestService(t *testing.T) {
	unit, err := os.ReadFile("linux/trailwarden.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"User=trailwarden", "ExecStart=/usr/bin/trailwarden serve --config /etc/trailwarden/trailwarden.yaml", "ExecReload=/bin/kill -HUP $MAINPID",
		"NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes",
		"RestrictNamespaces=yes", "SystemCallArchitectures=native", "StateDirectory=trailwarden",
	} {
		if !strings.Contains("\n"+string(unit), "\n"+line+"\n") {
			t.Errorf("the unit has no line %s", line)
		}
	}
	analyze := needs.Program(t, "systemd-analyze")
	// The program and its manual need not be installed here.
	text := strings.ReplaceAll(string(unit), "/usr/bin/trailwarden", "/bin/true")
	text = regexp.MustCompile(`(?m)^Documentation=man:\S+ `).ReplaceAllString(text, "Documentation=")
	file := filepath.Join(t.TempDir(), "trailwarden.service")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", file).CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, "trailwarden.service") { // others are this machine's
			t.Errorf("%v: %s", err, line)
		}
	}
}

// TestReleaseFiles: every file that the release names is there, but those that
// are made on the way; scripts can be read by the shell that runs them.
func TestReleaseFiles(t *testing.T) {
	text, err := os.ReadFile("../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, m := range regexp.MustCompile(`(?m)(?:src: |install: |remove: |main: \./|- )"?([A-Za-z_./-]*[A-Za-z])["*,}]?`).FindAllStringSubmatch(string(text), -1) {
		name := m[1]
		if !strings.Contains(name, "/") && !strings.HasSuffix(name, ".md") && name != "LICENSE" || strings.HasPrefix(name, "packaging/out") || strings.HasPrefix(name, "packaging/native") {
			continue
		}
		found++
		if _, err := os.Stat(filepath.Join("..", name)); err != nil {
			t.Errorf("the release takes %s: %v", name, err)
		}
	}
	if found < 10 {
		t.Errorf("only %d files found in .goreleaser.yaml; has its form changed?", found)
	}
	scripts, err := filepath.Glob("linux/*.sh")
	if err != nil || len(scripts) != 4 {
		t.Fatal(scripts, err)
	}
	for _, name := range append(scripts, "prepare", "images") {
		if out, err := exec.Command("sh", "-n", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// hook is one of .pre-commit-hooks.yaml.
type hook struct{ ID, Name, Entry, Language, Files, Exclude string }

// TestHooks: each runs a command that there is, on rule files and on nothing
// that lies beside them.
func TestHooks(t *testing.T) {
	var hooks []hook
	decodeYAML(t, "../.pre-commit-hooks.yaml", &hooks)
	want := map[string]string{"trailwarden-rules-lint": "trailwarden rules lint", "trailwarden-rules-test": "trailwarden rules test"}
	for _, h := range hooks {
		if h.Entry != want[h.ID] || h.Language != "golang" || h.Name == "" {
			t.Errorf("%+v", h)
		}
		delete(want, h.ID)
		for name, takes := range map[string]bool{
			"rules/a.yaml": true, "rules/aws/b.yml": true, "detections/rules/c.filter": true, "rules/d.json": true,
			"rules.yaml": false, "docs/a.yaml": false, "rules/testdata/x.json": false, "rules/README.md": false,
		} {
			got := regexp.MustCompile(h.Files).MatchString(name) && !regexp.MustCompile(h.Exclude).MatchString(name)
			if got != takes {
				t.Errorf("%s takes %s: %v; want %v", h.ID, name, got, takes)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("there is no hook %v", want)
	}
}
