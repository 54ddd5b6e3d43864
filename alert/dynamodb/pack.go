package dynamodb

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/alert"
)

// The first byte of content says what the others are.
const (
	plain     = 0
	deflated  = 1
	elsewhere = 2 // the hash of blobs and how many there are
)

// maxUnpacked bounds the content of an item once it is unpacked, in bytes.
const maxUnpacked = 64 << 20

// packer deflates; compressors are large and so kept.
type packer struct{ pool sync.Pool }

// pack deflates content if that makes it smaller.
func (p *packer) pack(content []byte) []byte {
	if len(content) > 200 {
		var buf bytes.Buffer
		buf.WriteByte(deflated)
		z, _ := p.pool.Get().(*flate.Writer)
		if z == nil {
			z, _ = flate.NewWriter(&buf, flate.DefaultCompression) // the level is valid
		} else {
			z.Reset(&buf)
		}
		_, _ = z.Write(content) // a Buffer takes everything
		_ = z.Close()
		p.pool.Put(z)
		if buf.Len() <= len(content) {
			return buf.Bytes()
		}
	}
	return append([]byte{plain}, content...)
}

func unpack(k key, data []byte) ([]byte, error) {
	switch {
	case len(data) > 0 && data[0] == plain:
		return data[1:], nil
	case len(data) > 0 && data[0] == deflated:
		content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[1:])), maxUnpacked))
		if err == nil {
			return content, nil
		}
		return nil, fmt.Errorf("item %s, %s: %w: %w", k.pk, k.sk, alert.ErrCorrupt, err)
	}
	return nil, fmt.Errorf("item %s, %s: %w: its content begins with %.1x", k.pk, k.sk, alert.ErrCorrupt, data)
}

// fill puts content into an op's item; what does not fit goes into blobs, which
// must be written with it.
func (s *Store) fill(o op, content []byte) []op {
	packed := s.packer.pack(content)
	if len(packed) <= maxData {
		o.data = packed
		return []op{o}
	}
	hash := sha256.Sum256(append([]byte(o.pk+"\n"+o.sk+"\n"), packed...))
	var blobs []op
	for n := 0; len(packed) > 0; n++ {
		piece := packed[:min(maxData, len(packed))]
		packed = packed[len(piece):]
		it := item{key: blobKey(hash[:], n), rev: 1, at: o.at, ttl: longer(o.ttl), data: piece, words: o.pk + "\n" + o.sk}
		blobs = append(blobs, op{item: it})
	}
	o.data = binary.BigEndian.AppendUint32(append([]byte{elsewhere}, hash[:]...), uint32(len(blobs)))
	return append(blobs, o)
}

func blobKey(hash []byte, n int) key {
	return key{"blob#" + hex.EncodeToString(hash), fmt.Sprintf("%05d", n)}
}

// blobs are the keys of the blobs behind an item, if there are any.
func (i *item) blobs() []key {
	const head = 1 + sha256.Size
	if len(i.data) != head+4 || i.data[0] != elsewhere {
		return nil
	}
	keys := make([]key, min(binary.BigEndian.Uint32(i.data[head:]), maxUnpacked/maxData+1))
	for n := range keys {
		keys[n] = blobKey(i.data[1:head], n)
	}
	return keys
}

// apart are the keys of all that belongs to an item and is not in it.
func (i *item) apart() []key { return append(i.blobs(), i.journal()...) }

// owner is the item that a blob was written for.
func (i *item) owner() (k key, isBlob bool) {
	if !strings.HasPrefix(i.pk, "blob#") {
		return key{}, false
	}
	k.pk, k.sk, _ = strings.Cut(i.words, "\n")
	return k, true
}

// content is what an item holds, unpacked.
func (s *Store) content(ctx context.Context, it item) ([]byte, error) {
	keys := it.blobs()
	if keys == nil {
		return unpack(it.key, it.data)
	}
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return nil, err
	}
	var packed []byte
	for _, k := range keys {
		if _, ok := found[k]; !ok {
			return nil, fmt.Errorf("item %s, %s: %w: its blob %s is missing", it.pk, it.sk, alert.ErrCorrupt, k.pk)
		}
		packed = append(packed, found[k].data...)
	}
	return unpack(it.key, packed)
}
