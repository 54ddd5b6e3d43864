//go:build unix

package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asNobody takes root's rights, which permissions mean nothing to, from the process
// until the test ends.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	if err := syscall.Setreuid(-1, nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setreuid(-1, 0); err != nil {
			t.Fatal(err)
		}
	})
}

// F42: a folder below the watched one that may not be listed is a fault for as long
// as it lasts, the others are read, and what was read of it before is not read
// again after it.
func TestAFolderThatMayNotBeListed(t *testing.T) {
	b := newBench(t)
	b.write("closed/1.json", "one")
	b.write("open/1.json", "two")
	b.write("lost+found/1.json", "not ours")
	if err := os.Chmod(filepath.Dir(b.dir), 0o755); err != nil { // of the test
		t.Fatal(err)
	}
	closed := filepath.Join(b.dir, "closed")
	stop := b.start()
	defer stop()
	b.until("the first files", func() bool { return len(b.got) == 2 })
	chmod := func(mode os.FileMode) {
		if err := os.Chmod(closed, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("closed", func(t *testing.T) {
		chmod(0)
		asNobody(t)
		b.until("the fault", func() bool {
			h := b.src.Health()
			return h.Fault != nil && strings.Contains(h.Fault.Error(), closed+" cannot be listed")
		})
		before := b.src.Health().Faults
		b.until("some more listings", func() bool { return b.src.Health().Faults > before+3 })
		if h := b.src.Health(); h.Fault == nil {
			t.Error("the fault is forgotten while it lasts")
		}
	})
	chmod(0o755)
	b.until("its end", func() bool { return b.src.Health().Fault == nil })
	b.write("open/2.json", "three")
	b.until("another file", func() bool { return len(b.got["open/2.json"]) == 1 })
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.got["closed/1.json"]) != 1 || len(b.got) != 3 {
		t.Errorf("read %v", b.got)
	}
}
