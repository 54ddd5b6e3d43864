package config

import (
	"fmt"
	"io"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// readBounded reads no more than a configuration can have.
func readBounded(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, yamldoc.MaxBytes+1))
	if err == nil && len(text) > yamldoc.MaxBytes {
		return nil, fmt.Errorf("more than %d bytes", yamldoc.MaxBytes)
	}
	return text, err
}
