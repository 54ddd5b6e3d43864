package pipeline

import (
	"bufio"
	"fmt"
	"os"
)

// keep holds records of inputs that cannot be read a second time, such as the
// standard input, in a temporary file.
type keep struct {
	file   *os.File
	out    *bufio.Writer
	size   int64
	places map[place]span
}

type span struct{ at, size int64 }

func (k *keep) add(p place, raw []byte) (err error) {
	if _, has := k.places[p]; has {
		return nil
	}
	if k.file == nil {
		if k.file, err = os.CreateTemp("", "trailwarden-*.records"); err != nil {
			return fmt.Errorf("no temporary file for records that rules remember: %w", err)
		}
		_ = os.Remove(k.file.Name()) // where the system allows it
		k.out, k.places = bufio.NewWriterSize(k.file, 1<<18), map[place]span{}
	}
	if _, err := k.out.Write(raw); err != nil {
		return fmt.Errorf("records that rules remember: %w", err)
	}
	k.places[p] = span{k.size, int64(len(raw))}
	k.size += int64(len(raw))
	return nil
}

func (k *keep) get(p place) ([]byte, error) {
	s, has := k.places[p]
	if !has {
		return nil, fmt.Errorf("record %d of the input was not kept", p.index)
	}
	if err := k.out.Flush(); err != nil {
		return nil, err
	}
	raw := make([]byte, s.size)
	_, err := k.file.ReadAt(raw, s.at)
	return raw, err
}

func (k *keep) close() {
	if k.file != nil {
		name := k.file.Name()
		_ = k.file.Close()
		_ = os.Remove(name)
	}
}
