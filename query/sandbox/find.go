package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// EngineName is the name of the engine's program.
const EngineName = "trailwarden-engine"

// EngineVariable names the engine's program when it lies elsewhere.
const EngineVariable = "TRAILWARDEN_ENGINE"

// ErrNoEngine says that there is no engine to be found.
var ErrNoEngine = errors.New("the SQL engine " + EngineName + " is not installed")

// FindEngine is the path of the engine: what TRAILWARDEN_ENGINE says, the
// program beside our own, or the one on the PATH. A program that was built from
// a checkout that is still there (go run, go test) has the engine built from
// that checkout, once; say is told, because it takes a while.
func FindEngine(ctx context.Context, say func(string)) (string, error) {
	if path := os.Getenv(EngineVariable); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s: %w", EngineVariable, err)
		}
		return path, nil
	}
	name := EngineName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		if self, err = filepath.EvalSymlinks(self); err == nil {
			if path := filepath.Join(filepath.Dir(self), name); isFile(path) {
				return path, nil
			}
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	if path, err := buildEngine(ctx, say); err == nil || !errors.Is(err, ErrNoEngine) {
		return path, err
	}
	return "", fmt.Errorf("%w; install it with\n\n    go install github.com/trailwarden/trailwarden/cmd/%s@latest\n\n"+
		"(it needs a C compiler and the C++ library), put it beside trailwarden or on the PATH, or set %s", ErrNoEngine, EngineName, EngineVariable)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// checkout is the folder of the source that this program was built from, or
// empty when it is not there. Programs that are built to be given away
// (-trimpath) do not know it.
func checkout() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return ""
	}
	root := filepath.Join(filepath.Dir(file), "..", "..")
	if !isFile(filepath.Join(root, "go.mod")) || !isFile(filepath.Join(root, "cmd", EngineName, "main.go")) {
		return ""
	}
	return root
}

// buildEngine has Go build the engine into its own cache, where nothing happens
// when what lies there is up to date, and asks for the place.
func buildEngine(ctx context.Context, say func(string)) (string, error) {
	root := checkout()
	gocmd, err := exec.LookPath("go")
	if root == "" || err != nil {
		return "", ErrNoEngine
	}
	for try := range 2 {
		// Go runs "echo PROGRAM"; right after building that is not the cached one.
		cmd := exec.CommandContext(ctx, gocmd, "run", "-exec", "echo", "./cmd/"+EngineName)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=1")
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if try == 0 {
			late := time.AfterFunc(2*time.Second, func() { say("building the SQL engine from " + root + ", once") })
			defer late.Stop()
		}
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("the SQL engine could not be built from %s: %w\n%s", root, err, errOut.Bytes())
		}
		if path := strings.TrimSpace(out.String()); isFile(path) {
			return path, nil
		}
	}
	return "", ErrNoEngine
}
