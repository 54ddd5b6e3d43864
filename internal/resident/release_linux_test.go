package resident

import (
	"bytes"
	"debug/elf"
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
	self, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	self.Close()
	if self.Type != elf.ET_EXEC {
		t.Skip("the test is loaded at an address of the system's choice")
	}
	n := Release()
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
	fixed := file(2, []uint32{1, 1, 1, 4}, []uint32{5, 4, 6, 4})
	if got := segments(bytes.NewReader(fixed)); len(got) != 2 || got[0] != (segment{0x400000, 0x401000}) || got[1] != (segment{0x500000, 0x501000}) {
		t.Errorf("got %x", got)
	}
	large := file(2, []uint32{1}, []uint32{4})
	large[5] = 2 // highest byte first
	for name, text := range map[string][]byte{
		"chosen at the start": file(3, []uint32{1, 1}, []uint32{5, 4}),
		"cut off":             fixed[:80],
		"without headers":     fixed[:20],
		"another format":      []byte(strings.Repeat("MZ", 100)),
		"another order":       large,
		"nothing":             nil,
	} {
		if got := segments(bytes.NewReader(text)); got != nil {
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

// file makes a file with segments of a page each, of these types and flags.
func file(kind uint16, types, flags []uint32) []byte {
	image := make([]byte, 64+56*len(types))
	copy(image, "\x7fELF\x02\x01")
	order := binary.LittleEndian
	order.PutUint16(image[16:], kind)
	order.PutUint64(image[32:], 64)
	order.PutUint16(image[54:], 56)
	order.PutUint16(image[56:], uint16(len(types)))
	for i := range types {
		h := image[64+56*i:]
		order.PutUint32(h, types[i])
		order.PutUint32(h[4:], flags[i])
		order.PutUint64(h[16:], 0x400000+uint64(i)<<20)
		order.PutUint64(h[32:], 0x1000)
	}
	return image
}
