package resident

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
)

// What is given back comes back when it is used, and is what it was.
func TestReleaseLosesNothing(t *testing.T) {
	want := strings.Repeat("what a program says", 1000)
	n := Release()
	if n == 0 {
		t.Skip("the test is loaded at an address of the system's choice")
	}
	if n < 1<<20 {
		t.Errorf("%d bytes are less than any program of Go has", n)
	}
	done := make(chan string)
	for range 4 {
		go func() {
			runtime.GC()
			text, err := json.Marshal(map[string]string{"text": strings.Repeat("what a program says", 1000)})
			if err != nil {
				t.Error(err)
			}
			done <- string(text)
		}()
	}
	for range 4 {
		if got := <-done; got != `{"text":"`+want+`"}` {
			t.Errorf("got %q", got)
		}
		Release()
	}
}

// Only what is loaded where the file says and never written to is given back.
func TestSegments(t *testing.T) {
	fixed := elf(2, []uint32{1, 1, 1, 4}, []uint32{5, 4, 6, 4})
	if got := segments(bytes.NewReader(fixed)); len(got) != 2 || got[0] != (segment{0x400000, 0x401000}) || got[1] != (segment{0x500000, 0x501000}) {
		t.Errorf("got %x", got)
	}
	large := elf(2, []uint32{1}, []uint32{4})
	large[5] = 2 // highest byte first
	for name, file := range map[string][]byte{
		"chosen at the start": elf(3, []uint32{1, 1}, []uint32{5, 4}),
		"cut off":             fixed[:80],
		"without headers":     fixed[:20],
		"another format":      []byte(strings.Repeat("MZ", 100)),
		"another order":       large,
		"nothing":             nil,
	} {
		if got := segments(bytes.NewReader(file)); got != nil {
			t.Errorf("%s: got %x", name, got)
		}
	}
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, s := range segments(f) {
		if s.from >= s.to {
			t.Errorf("got %x", s)
		}
	}
}

// elf makes a file with segments of a page each, of these types and flags.
func elf(kind uint16, types, flags []uint32) []byte {
	file := make([]byte, 64+56*len(types))
	copy(file, "\x7fELF\x02\x01")
	order := binary.LittleEndian
	order.PutUint16(file[16:], kind)
	order.PutUint64(file[32:], 64)
	order.PutUint16(file[54:], 56)
	order.PutUint16(file[56:], uint16(len(types)))
	for i := range types {
		h := file[64+56*i:]
		order.PutUint32(h, types[i])
		order.PutUint32(h[4:], flags[i])
		order.PutUint64(h[16:], 0x400000+uint64(i)<<20)
		order.PutUint64(h[32:], 0x1000)
	}
	return file
}
