package memory

import (
	"context"
	"encoding/binary"
	"strconv"
)

// blob is what the State has of a value that may take several entries: their
// versions, in order.
type blob struct{ versions []int64 }

// pieceBytes is how much of a value goes into one entry; the first starts with
// the number of entries.
const pieceBytes = MaxEntry - 16

func pieceKey(key string, n int) string {
	if n == 0 {
		return key
	}
	return key + "#" + strconv.Itoa(n)
}

// put gives the entries that make data the value of key, and remembers their
// versions; nil data removes it.
func (b *blob) put(key string, data []byte) (all []Entry) {
	var pieces [][]byte
	if data != nil {
		n := max(1, (len(data)+pieceBytes-1)/pieceBytes)
		head := binary.AppendUvarint(nil, uint64(n))
		for i := range n {
			piece := data[i*pieceBytes : min(len(data), (i+1)*pieceBytes)]
			if i == 0 {
				piece = append(head, piece...)
			}
			pieces = append(pieces, piece)
		}
	}
	var versions []int64
	for i := range max(len(pieces), len(b.versions)) {
		e := Entry{Key: pieceKey(key, i), Version: 1}
		if i < len(b.versions) {
			e.Version = b.versions[i] + 1
		}
		if i < len(pieces) {
			e.Data = pieces[i]
			versions = append(versions, e.Version)
		}
		all = append(all, e)
	}
	b.versions = versions
	return all
}

// most keys of one Load.
const mostKeys = 100

// entries loads entries and gives those that are there to visit.
func (e *Engine) entries(ctx context.Context, keys []string, visit func(Entry) error) error {
	for len(keys) > 0 {
		n := min(len(keys), mostKeys)
		found, err := e.opts.State.Load(ctx, keys[:n])
		if err != nil {
			return err
		}
		for _, x := range found {
			if err := visit(x); err != nil {
				return err
			}
		}
		keys = keys[n:]
	}
	return nil
}

// blobs loads values and gives those that are there to visit.
func (e *Engine) blobs(ctx context.Context, keys []string, visit func(key string, data []byte, stored blob) error) error {
	return e.entries(ctx, keys, func(x Entry) error {
		data, stored, err := e.assemble(ctx, x)
		if err != nil {
			return err
		}
		return visit(x.Key, data, stored)
	})
}

// assemble loads the further entries of a value.
func (e *Engine) assemble(ctx context.Context, x Entry) ([]byte, blob, error) {
	n, size := binary.Uvarint(x.Data)
	c := codec{bad: size <= 0 || n == 0 || n > 1<<20}
	if c.bad {
		return nil, blob{}, c.fault(x.Key)
	}
	data, versions := x.Data[size:], []int64{x.Version}
	if n == 1 {
		return data, blob{versions}, nil
	}
	var keys []string
	for i := 1; i < int(n); i++ {
		keys = append(keys, pieceKey(x.Key, i))
	}
	more, err := e.opts.State.Load(ctx, keys)
	if err != nil {
		return nil, blob{}, err
	}
	found := map[string]Entry{}
	for _, m := range more {
		found[m.Key] = m
	}
	data = append([]byte(nil), data...)
	for _, k := range keys {
		m, ok := found[k]
		if c.bad = !ok; c.bad {
			return nil, blob{}, c.fault(k)
		}
		data, versions = append(data, m.Data...), append(versions, m.Version)
	}
	return data, blob{versions}, nil
}
