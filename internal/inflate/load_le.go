//go:build amd64 || arm64 || 386 || loong64 || ppc64le || riscv64 || wasm

package inflate

import "unsafe"

// load64 reads 8 bytes as a little-endian number.
func load64(p unsafe.Pointer) uint64 { return *(*uint64)(p) }
