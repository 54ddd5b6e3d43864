package pipeline

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trailwarden/trailwarden/internal/seeds"
)

// A file of which only some is in memory is read to its end all the same: where
// memory holds no more is not taken for the end.
func TestOpenerReadsWhatIsPartlyInMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(seeds.Of(t), 19))
	path := filepath.Join(t.TempDir(), "log")
	want := make([]byte, 200_000)
	for i := range want {
		want[i] = byte(r.Uint32())
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil { // only what is on the disk can leave memory
		t.Fatal(err)
	}
	var o opener
	defer o.release()
	for range 50 {
		at, n := int64(r.IntN(50)*leastPage), int64(r.IntN(10)*leastPage)
		if err := unix.Fadvise(int(f.Fd()), at, n, unix.FADV_DONTNEED); err != nil {
			t.Skip("this file system takes no advice:", err)
		}
		got, _, err := readOpened(&o, path)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of %d with %d from %d on left out of memory: %v", len(got), len(want), n, at, err)
		}
	}
}

// A pipe in the place of a file is read until its writer ends, however it comes.
func TestOpenerReadsPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	written := make(chan error, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		for i := 0; i < 3 && err == nil; i++ {
			_, err = f.WriteString("one part of it")
		}
		if f != nil {
			f.Close()
		}
		written <- err
	}()
	got, size, err := readOpened(new(opener), path)
	if err != nil || size != -1 || len(got) != 3*len("one part of it") {
		t.Errorf("%q of %d bytes, %v", got, size, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}
