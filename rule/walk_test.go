//go:build unix

package rule_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/rule"
)

// A link to a pipe, on which nobody ever writes, does not hold up the rules beside
// it, and a folder whose name is no text is said to have one.
func TestOddThingsInAFolder(t *testing.T) {
	dir := write(t, files{"good.yaml": native("good")})
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		needs.Missing(t, "pipes", err)
	}
	if err := os.Symlink(pipe, filepath.Join(dir, "link.yaml")); err != nil {
		needs.Missing(t, "links", err)
	}
	odd := os.Mkdir(filepath.Join(dir, "n\xff"), 0o700) // not every file system has such names
	set, list := rule.Load([]string{dir}, rule.Options{})
	same(t, "rules", []string{"good where"}, brief(set))
	if len(set.Ignored) != 1 || !strings.Contains(set.Ignored[0].Reason, "no regular file") {
		t.Errorf("ignored: %v", set.Ignored)
	}
	if odd == nil && (len(list) != 1 || list[0].Code != rule.CodeRead || !strings.Contains(list[0].Message, "not UTF-8")) {
		t.Error(list)
	}
}
