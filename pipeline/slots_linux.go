package pipeline

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page, and adviseHuge asks for them
// (madvise(2), MADV_HUGEPAGE).
const (
	hugePage   = 2 << 20
	adviseHuge = 14
)

// addresses is how much address space is set aside for slots, in bytes: 64 GiB, or
// 64 MiB where an address has 32 bits. It takes no memory.
const addresses = 1 << (26 + 10*(^uint(0)>>63))

// room is memory for slots that grows in its place. It is the system's and not
// Go's, in huge pages where they can be had: all of it is written to, in no order,
// and with pages of 4 KiB the system is asked for each of thousands of them, and
// the processor forgets where they are.
type room struct {
	mapped []byte
	whole  []byte // of mapped, from where a huge page may begin
}

// grow makes n slots. The first of them are those that there were before, as they
// were; or, where they could not stay, all are empty and the old ones elsewhere.
func (r *room) grow(n int) []uint64 {
	if r.mapped == nil {
		r.reserve()
	}
	size := n * slotSize
	if size > len(r.whole) || syscall.Mprotect(r.whole[:size], syscall.PROT_READ|syscall.PROT_WRITE) != nil {
		return make([]uint64, n)
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(r.whole))), n)
}

// reserve sets addresses aside. What the first huge page would hold comes in small
// pages: few records need much less.
func (r *room) reserve() {
	mapped, err := syscall.Mmap(-1, 0, addresses, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return // grow does without
	}
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(mapped))) & (hugePage - 1)
	r.mapped, r.whole = mapped, mapped[skip:]
	_ = syscall.Madvise(r.whole[hugePage:], adviseHuge) // without them it is only slower
}

// release gives the memory back to the system.
func (r *room) release() {
	if r.mapped != nil {
		_ = syscall.Munmap(r.mapped) // it is there until the process ends, else
	}
	*r = room{}
}
