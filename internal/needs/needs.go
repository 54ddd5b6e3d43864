// Package needs ends tests for which a machine lacks something: a program, an
// emulator, published data. They are skipped, saying so; where the environment
// says that it must be there they fail, so that nothing is left out unseen.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Variable names the environment variable that lists, between spaces, what must
// be there.
const Variable = "TRAILWARDEN_NEEDS"

// Missing ends a test that needs what, for the reason.
func Missing(t testing.TB, what string, reason ...any) {
	t.Helper()
	said := fmt.Sprint(reason...)
	if slices.Contains(strings.Fields(os.Getenv(Variable)), what) {
		t.Fatalf("%s says that %s is here: %s", Variable, what, said)
	}
	t.Skipf("without %s: %s", what, said)
}

// Program is the path of a program that is looked for as a shell does it; a test
// ends where it is not installed.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name, err)
	}
	return path
}
