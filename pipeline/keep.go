package pipeline

import (
	"bufio"
	"fmt"
	"os"
)

// keep holds records of inputs that cannot be read a second time, such as the
// standard input, in a temporary file. Where that fails, as in a container without
// a place for such files, nothing more is kept and get tells why.
type keep struct {
	file   *os.File
	out    *bufio.Writer
	size   int64
	places map[place]span
	err    error
}

type span struct{ at, size int64 }

func (k *keep) add(p place, raw []byte) {
	if _, has := k.places[p]; has || k.err != nil {
		return
	}
	if k.file == nil {
		if k.file, k.err = os.CreateTemp("", "trailwarden-*.records"); k.err != nil {
			k.err = fmt.Errorf("no temporary file to keep them in can be made in %s: %s", os.TempDir(), reason(k.err))
			return
		}
		_ = os.Remove(k.file.Name()) // where the system allows it
		k.out, k.places = bufio.NewWriterSize(k.file, 1<<18), map[place]span{}
	}
	if _, k.err = k.out.Write(raw); k.err == nil {
		k.places[p] = span{k.size, int64(len(raw))}
		k.size += int64(len(raw))
	}
}

// get is a record that was added, nil when it was not kept; err tells why.
func (k *keep) get(p place) (raw []byte, err error) {
	s, has := k.places[p]
	if !has {
		return nil, k.err
	}
	if err := k.out.Flush(); err != nil {
		return nil, err
	}
	raw = make([]byte, s.size)
	if _, err = k.file.ReadAt(raw, s.at); err != nil {
		return nil, err
	}
	return raw, nil
}

func (k *keep) close() {
	if k.file != nil {
		name := k.file.Name()
		_ = k.file.Close()
		_ = os.Remove(name)
	}
}
