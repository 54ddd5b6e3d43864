package ballast_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/ballast"
)

// TestBallastImportsNothing: what it imports would have to be initialized first,
// and with that other packages.
func TestBallastImportsNothing(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()
	if err != nil {
		t.Skip("the go command is not to be had")
	}
	if got := strings.TrimSpace(string(out)); got != "[]" {
		t.Errorf("the package imports %s", got)
	}
}

var dropped = ballast.Drop()

// TestBallastIsDroppedOnce holds Drop to leaving nothing behind.
func TestBallastIsDroppedOnce(t *testing.T) {
	if dropped < 16<<20 {
		t.Errorf("the ballast has %d bytes, less than starting allocates", dropped)
	}
	if n := ballast.Drop(); n != 0 {
		t.Errorf("after Drop there are %d bytes", n)
	}
}
