//go:build !(amd64 || arm64 || 386 || loong64 || ppc64le || riscv64 || wasm)

package inflate

import (
	"encoding/binary"
	"unsafe"
)

// load64 reads 8 bytes as a little-endian number, on machines of either byte
// order and however strict about alignment.
func load64(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }
