package needs_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
)

// What is missing skips a test, and fails it where it is said to be there.
func TestMissing(t *testing.T) {
	if os.Getenv("NEEDS_CHILD") != "" {
		needs.Program(t, "no-such-program")
		return
	}
	for _, c := range []struct{ needs, want string }{
		{"", "--- SKIP"},
		{"jq no-such-program-2", "--- SKIP"},
		{"jq no-such-program", "--- FAIL"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestMissing$", "-test.v")
		cmd.Env = append(os.Environ(), "NEEDS_CHILD=1", needs.Variable+"="+c.needs)
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), c.want) || !strings.Contains(string(out), `exec: "no-such-program"`) {
			t.Errorf("%s=%q: got\n%s\nwant %s and why", needs.Variable, c.needs, out, c.want)
		}
	}
}
