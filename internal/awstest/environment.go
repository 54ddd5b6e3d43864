package awstest

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// requirements pins every Python package, moto's own dependencies included.
//
//go:embed requirements.txt
var requirements string

var motoVersion = regexp.MustCompile(`(?m)^moto==(\S+)$`)

// environment returns the Python of a virtual environment that holds the
// requirements, in the user's cache folder. The first process to come makes
// it, the others wait for the lock.
func environment() (python string, err error) {
	version := "unknown"
	if m := motoVersion.FindStringSubmatch(requirements); m != nil {
		version = m[1]
	}
	return environmentOf("moto-"+version, requirements)
}

// environmentOf is environment for any pinned packages.
func environmentOf(name, requirements string) (python string, err error) {
	home, err := environmentPath(name, requirements)
	if err != nil {
		return "", err
	}
	if python = interpreter(home); ready(home) {
		return python, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(home + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if ready(home) {
		return python, nil
	}
	return python, create(home, requirements)
}

// environmentPath names the folder after what it holds.
func environmentPath(name, requirements string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	sum := sha256.Sum256([]byte(requirements))
	return filepath.Join(cache, "trailwarden", name+"-"+hex.EncodeToString(sum[:4])), nil
}

func interpreter(home string) string {
	for _, p := range []string{"Scripts/python.exe", "bin/python"} {
		if path := filepath.Join(home, p); exists(path) {
			return path
		}
	}
	return filepath.Join(home, "bin", "python")
}

// ready looks for the mark that create leaves at its end, and for the
// interpreter behind the environment, which an update of Python may remove.
func ready(home string) bool {
	return exists(filepath.Join(home, "ready")) && exists(interpreter(home))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func create(home, requirements string) error {
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("python3 is needed: %w", err)
	}
	if err := run(python, "-m", "venv", home); err != nil {
		return err
	}
	list := filepath.Join(home, "requirements.txt")
	if err := os.WriteFile(list, []byte(requirements), 0o644); err != nil {
		return err
	}
	err = run(interpreter(home), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--no-input", "--no-deps", "--requirement", list)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, "ready"), nil, 0o644)
}

// run returns the last line of what a failed command printed: a skipped test
// has room for one.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args[:2], " "), err, lines[len(lines)-1])
}
