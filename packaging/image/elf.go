package main

import (
	"bytes"
	"debug/elf"
	"fmt"
)

// built checks that the program runs on Linux on the architecture: an image with
// the wrong one starts nowhere, and says little about why.
func built(program []byte, arch string) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("not a program for Linux: %w", err)
	}
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
	if f.Machine != want {
		return fmt.Errorf("built for %v; want %v", f.Machine, want)
	}
	return nil
}
