package packaging_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// step runs one of the action's scripts as the runner does, with files in place
// of the runner's, and gives what it says and what it wrote to the output file.
func step(t *testing.T, script string, env ...string) (said, output string, code int) {
	t.Helper()
	bash := needs.Program(t, "bash")
	file := filepath.Join(t.TempDir(), "output")
	path, err := filepath.Abs(filepath.Join("action", script))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bash, path)
	cmd.Dir = t.TempDir()
	cmd.Env = append(append(os.Environ(), "GITHUB_OUTPUT="+file), env...)
	out, err := cmd.CombinedOutput()
	if exit, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(exit, err)
	}
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(out), string(text), cmd.ProcessState.ExitCode()
}

// TestActionChoosesARelease: what was asked for, what it is used at, or source.
func TestActionChoosesARelease(t *testing.T) {
	for _, c := range []struct {
		name, version, ref, want string
		code                     int
	}{
		{"asked for", "1.2.3", "main", "version=1.2.3\n", 0},
		{"with a v", "v1.2.3", "", "version=1.2.3\n", 0},
		{"used at a release", "", "v2.0.0", "version=2.0.0\n", 0},
		{"used at a branch", "", "main", "version=source\n", 0},
		{"used at a commit", "", "0123abc", "version=source\n", 0},
		{"source", "source", "v2.0.0", "version=source\n", 0},
		{"no release", "latest", "", "", 2},
		{"another path", "1.2.3-x/../../evil", "", "", 2},
		{"a release and a command", "1.2.3\nversion=9", "", "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			said, got, code := step(t, "which", "INPUT_VERSION="+c.version, "ACTION_REF="+c.ref)
			if got != c.want || code != c.code || (code != 0) != strings.Contains(said, "::error") {
				t.Errorf("%q, code %d, %s; want %q, code %d", got, code, said, c.want, c.code)
			}
		})
	}
}

// release is a folder like a release, with an archive of a program that says who
// it is.
func release(t *testing.T) (dir, archive string) {
	t.Helper()
	dir = t.TempDir()
	at := filepath.Join(dir, "v1.2.3")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "trailwarden")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho it is me\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	archive = filepath.Join(at, "trailwarden_1.2.3_linux_arm64.tar.gz")
	if out, err := exec.Command(needs.Program(t, "tar"), "-czf", archive, "-C", dir, "trailwarden").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	sums := fmt.Sprintf("%064d  trailwarden_1.2.3_linux_amd64.tar.gz\n%x  %s\n", 0, sha256.Sum256(data), filepath.Base(archive))
	if err := os.WriteFile(filepath.Join(at, "checksums.txt"), []byte(sums), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, archive
}

// TestActionInstallsWhatTheReleaseMade, and nothing else.
func TestActionInstallsWhatTheReleaseMade(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the action's steps read files of the system's own paths")
	}
	needs.Program(t, "curl")
	dir, archive := release(t)
	install := func(more ...string) (string, string, int) {
		temp := t.TempDir()
		path := filepath.Join(temp, "path")
		said, _, code := step(t, "install", append([]string{"RUNNER_TEMP=" + temp, "GITHUB_PATH=" + path, "RUNNER_OS=Linux", "RUNNER_ARCH=ARM64",
			"VERSION=1.2.3", "TRAILWARDEN_RELEASES=file://" + dir}, more...)...)
		list, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return said, strings.TrimSpace(string(list)), code
	}
	said, path, code := install()
	if code != 0 {
		t.Fatalf("code %d\n%s", code, said)
	}
	if out, err := exec.Command(filepath.Join(path, "trailwarden")).Output(); err != nil || string(out) != "it is me\n" {
		t.Errorf("%q, %v", out, err)
	}
	if said, _, code := install("RUNNER_ARCH=X86"); code != 2 || !strings.Contains(said, "::error") {
		t.Errorf("another machine: code %d\n%s", code, said)
	}
	if err := os.WriteFile(archive, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	said, path, code = install()
	if code != 2 || !strings.Contains(said, "has not the checksum") {
		t.Errorf("a changed archive: code %d\n%s", code, said)
	}
	if _, err := os.Stat(filepath.Join(path, "trailwarden")); err == nil {
		t.Error("a changed archive was unpacked")
	}
}

// TestActionRuns holds the arguments to what was asked, and the outcome to the
// program's exit code. What stands in an input is never a flag or a command.
func TestActionRuns(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		exit int
		args []string
		code int
	}{
		{"lint", []string{"INPUT_COMMAND=lint"}, 0, []string{"rules", "lint", "-f", "github", "--"}, 0},
		{"warnings", []string{"INPUT_COMMAND=lint"}, 1, []string{"rules", "lint", "-f", "github", "--"}, 1},
		{"warnings that may be", []string{"INPUT_COMMAND=lint", "INPUT_FAIL_ON=error"}, 1, []string{"rules", "lint", "-f", "github", "--"}, 0},
		{"errors", []string{"INPUT_COMMAND=lint", "INPUT_FAIL_ON=error"}, 2, []string{"rules", "lint", "-f", "github", "--"}, 2},
		{"failed tests", []string{"INPUT_COMMAND=test", "INPUT_FAIL_ON=error"}, 1, []string{"rules", "test", "-f", "github", "--"}, 1},
		{"paths", []string{"INPUT_COMMAND=test", "INPUT_PATHS= rules/a b.yaml \n\n--config=x\n$(touch y)\n", "INPUT_CONFIG=trail warden.yaml", "INPUT_REQUIRE_TESTS=true"}, 0,
			[]string{"rules", "test", "-f", "github", "--require-tests", "--config=trail warden.yaml", "--", "rules/a b.yaml", "--config=x", "$(touch y)"}, 0},
		{"another command", []string{"INPUT_COMMAND=scan"}, 0, nil, 2},
		{"another outcome", []string{"INPUT_COMMAND=lint", "INPUT_FAIL_ON=never"}, 0, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			fake := fmt.Sprintf("#!/bin/sh\nfor a in \"$@\"; do printf '%%s\\n' \"$a\" >>%s/args; done\nexit %d\n", dir, c.exit)
			if err := os.WriteFile(filepath.Join(dir, "trailwarden"), []byte(fake), 0o755); err != nil {
				t.Fatal(err)
			}
			said, output, code := step(t, "run", append(c.env, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))...)
			args, _ := os.ReadFile(filepath.Join(dir, "args"))
			got := strings.Split(strings.TrimSuffix(string(args), "\n"), "\n")
			if code != c.code || c.args != nil && (!slices.Equal(got, c.args) || output != fmt.Sprintf("exit-code=%d\n", c.exit)) {
				t.Errorf("code %d, %q, output %q\n%s\nwant code %d, %q", code, got, output, said, c.code, c.args)
			}
		})
	}
}

// action is action.yml, as far as it is looked at.
type action struct {
	Inputs  map[string]struct{ Description string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, If, Uses, Shell, Run string
			Env                      map[string]string
			With                     map[string]string
		}
	}
}

// TestActionFile holds action.yml to its scripts: they are there and may be run,
// every input reaches one, and none by being pasted into a script.
func TestActionFile(t *testing.T) {
	var a action
	decodeYAML(t, "../action.yml", &a)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) != 4 {
		t.Fatalf("%+v", a.Runs)
	}
	used := map[string]bool{}
	for _, s := range a.Runs.Steps {
		if s.Run == "" {
			continue
		}
		m := regexp.MustCompile(`^"\$GITHUB_ACTION_PATH/packaging/(action/\w+)"$`).FindStringSubmatch(s.Run)
		if m == nil || s.Shell != "bash" {
			t.Errorf("step %s runs %s in %q", s.ID, s.Run, s.Shell)
			continue
		}
		if info, err := os.Stat(m[1]); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run: %v", m[1], err)
		}
		script, err := os.ReadFile(m[1])
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range s.Env {
			if !strings.Contains(string(script), name) {
				t.Errorf("%s does not read %s", m[1], name)
			}
			for _, in := range regexp.MustCompile(`inputs\.([a-z-]+)`).FindAllStringSubmatch(value, -1) {
				used[in[1]] = true
			}
		}
	}
	for name, in := range a.Inputs {
		if !used[name] || in.Description == "" {
			t.Errorf("input %s is not used or not described", name)
		}
	}
}

func decodeYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
