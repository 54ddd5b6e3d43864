package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// A repetition makes a large corpus of few real logs. Each copy has event IDs of
// its own, as else a scan would know all but the first for duplicates and judge
// none of them; nothing else differs. The copies are packed as CloudTrail packs
// its files, with gzip's best compression.
type repetition struct {
	logs   []realLog
	packer *gzip.Writer
	buf    bytes.Buffer
}

// A realLog is one file, unpacked.
type realLog struct {
	name string
	json []byte
}

// repeat makes copies of the logs below from, of at least so many bytes of JSON
// in all, in folders below to. What an earlier call has made is left as it is.
func repeat(from, to string, size int) error {
	r := repetition{}
	total, err := r.read(from)
	if err != nil {
		return err
	}
	marker, made := to+".made", fmt.Sprintf("%d bytes of %s", size, from)
	if text, err := os.ReadFile(marker); err == nil && string(text) == made {
		return nil
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "making %s (%s)\n", to, made)
	for i := range (size + total - 1) / total {
		if err := r.copy(filepath.Join(to, strconv.Itoa(i)), uint32(i)); err != nil {
			return err
		}
	}
	return os.WriteFile(marker, []byte(made), 0o644)
}

// read unpacks the logs and returns their size.
func (r *repetition) read(from string) (total int, err error) {
	paths, err := filepath.Glob(filepath.Join(from, "*.gz"))
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		log := realLog{name: filepath.Base(path)}
		if log.json, err = unpackFile(path); err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		r.logs, total = append(r.logs, log), total+len(log.json)
	}
	if total == 0 {
		return 0, fmt.Errorf("%s: no logs to repeat (*.gz)", from)
	}
	return total, nil
}

func unpackFile(path string) ([]byte, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// copy writes copy number i of all logs into dir.
func (r *repetition) copy(dir string, i uint32) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, log := range r.logs {
		packed, err := r.pack(rename(log.json, i))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, log.name), packed, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pack is valid until the next call.
func (r *repetition) pack(json []byte) ([]byte, error) {
	r.buf.Reset()
	if r.packer == nil {
		z, err := gzip.NewWriterLevel(&r.buf, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		r.packer = z
	}
	r.packer.Reset(&r.buf)
	if _, err := r.packer.Write(json); err != nil {
		return nil, err
	}
	if err := r.packer.Close(); err != nil {
		return nil, err
	}
	return r.buf.Bytes(), nil
}

var eventID = regexp.MustCompile(`"eventID":"[0-9a-f]{8}-`)

// rename gives the records in json the event IDs of copy number i: the first
// eight digits are changed, by another number for each copy, so that IDs which
// differ go on to differ and pack no better than before.
func rename(json []byte, i uint32) []byte {
	return eventID.ReplaceAllFunc(json, func(m []byte) []byte {
		at := len(m) - len("01234567-")
		digits, err := strconv.ParseUint(string(m[at:at+8]), 16, 32)
		if err != nil {
			return m // cannot be: they are hexadecimal digits
		}
		return fmt.Appendf(m[:at:at], "%08x-", uint32(digits)^i*0x9e3779b9)
	})
}
