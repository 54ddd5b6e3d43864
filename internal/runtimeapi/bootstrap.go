package runtimeapi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Bootstrap builds the function's binary for this machine as the documentation
// says, into a new temporary folder, and gives its path. It must be called from
// within the module; callers keep the result, because building takes seconds.
func Bootstrap() (string, error) {
	dir, err := os.MkdirTemp("", "trailwarden-bootstrap-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "run", "github.com/trailwarden/trailwarden/cmd/trailwarden-lambda/build", "-os", runtime.GOOS, "-o", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the bootstrap: %w: %s", err, out)
	}
	return file, nil
}
