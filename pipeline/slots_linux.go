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

// makeSlots gets memory for n keys from the system, in huge pages if it can. All
// of it will be written to, in no order: with pages of 4 KiB the system is asked
// for each of thousands of them, and the processor forgets where they are.
func makeSlots(n int) slots {
	size := n * keySize
	if size < hugePage {
		return slots{keys: make([]key, n)}
	}
	mapped, err := syscall.Mmap(-1, 0, size+hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return slots{keys: make([]key, n)}
	}
	start := unsafe.Pointer(unsafe.SliceData(mapped))
	skip := -uintptr(start) & (hugePage - 1)
	whole := mapped[skip : skip+uintptr(size)]
	_ = syscall.Madvise(whole, adviseHuge) // without them it is only slower
	return slots{keys: unsafe.Slice((*key)(unsafe.Pointer(unsafe.SliceData(whole))), n), mapped: mapped}
}

// discard gives up what a part of mapped memory holds.
func discard(part []key) {
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(part))), len(part)*keySize)
	_ = syscall.Madvise(bytes, syscall.MADV_DONTNEED) // it takes up memory, else
}

// release gives the memory back to the system.
func (s *slots) release() {
	if s.mapped != nil {
		_ = syscall.Munmap(s.mapped) // it is there until the process ends, else
	}
	*s = slots{}
}
