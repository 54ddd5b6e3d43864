package resident

import (
	"encoding/binary"
	"io"
	"os"
	"syscall"
)

// Release gives the pages of the program's file back that are only read, and
// tells how many bytes of address space that were: 0 where it can do nothing.
// What the program goes on to use comes back from the system's cache, some ten
// microseconds for each sixteen pages. It is for the moment when a start is over.
//
// Breakpoints that a debugger has set before are lost with the pages.
func Release() (bytes int) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return 0
	}
	defer f.Close()
	page := uintptr(os.Getpagesize())
	for _, s := range segments(f) {
		from, to := (s.from+page-1)/page*page, s.to/page*page
		if from >= to {
			continue
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED); errno == 0 {
			bytes += int(to - from)
		}
	}
	return bytes
}

// segment is a range of addresses.
type segment struct{ from, to uintptr }

// segments are those of an ELF file that are loaded at fixed addresses and that
// nobody may write to (ELF-64 Object File Format, ELF header and program header).
// A file whose addresses are chosen when it starts has none here: some of what is
// only read later is written to before, and would be lost.
func segments(file io.ReaderAt) (all []segment) {
	const (
		fixed, loaded, writable = 2, 1, 2 // ET_EXEC, PT_LOAD, PF_W
		entry, most             = 56, 64  // bytes of a program header, and how many we look at
	)
	head := make([]byte, 64)
	if _, err := file.ReadAt(head, 0); err != nil || string(head[:6]) != "\x7fELF\x02\x01" {
		return nil // not of 64 bits, lowest byte first
	}
	order := binary.LittleEndian
	table, size, n := order.Uint64(head[32:]), order.Uint16(head[54:]), order.Uint16(head[56:])
	if order.Uint16(head[16:]) != fixed || size != entry || n > most {
		return nil
	}
	headers := make([]byte, entry*int(n))
	if _, err := file.ReadAt(headers, int64(table)); err != nil {
		return nil
	}
	for ; len(headers) > 0; headers = headers[entry:] {
		at, length := order.Uint64(headers[16:]), order.Uint64(headers[32:]) // p_vaddr, p_filesz
		if order.Uint32(headers) == loaded && order.Uint32(headers[4:])&writable == 0 {
			all = append(all, segment{uintptr(at), uintptr(at + length)})
		}
	}
	return all
}
