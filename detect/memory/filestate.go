package memory

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// FileState is a State in one file, for a process that has no database: each
// Save appends its entries as one block with a checksum and waits for the disk.
// A block that was cut off by a crash is not there when the file is opened
// again, and everything before it is. What is superseded is dropped from the
// file when most of it is. Keys are held in memory, data is not.
type FileState struct {
	path    string
	file    *os.File
	size    int64
	live    int64 // bytes of entries that are not superseded
	entries map[string]stored
}

// stored is where the data of an entry is.
type stored struct {
	at, size int64
	version  int64
}

const fileMagic = "trailwarden state 1\n"

// OpenFileState opens the file, or makes it. A file that is none of ours is an
// error and is left as it is.
func OpenFileState(path string) (*FileState, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &FileState{path: path, file: f, entries: map[string]stored{}}
	if err := s.read(); err != nil {
		_ = f.Close() // the error of reading matters
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// read replays the blocks; the file is cut after the last whole one.
func (s *FileState) read() error {
	in := bufio.NewReaderSize(s.file, 1<<18)
	head := make([]byte, len(fileMagic))
	n, err := io.ReadFull(in, head)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		_, err = s.file.WriteAt([]byte(fileMagic), 0)
		s.size = int64(len(fileMagic))
		return err
	case err != nil || string(head) != fileMagic:
		return errors.New("not a state file of this program; give another path")
	}
	s.size = int64(n)
	for {
		block, err := readBlock(in)
		if err != nil {
			break
		}
		s.apply(block)
	}
	return s.file.Truncate(s.size)
}

const blockHead = 8 // length and checksum

func readBlock(in io.Reader) ([]byte, error) {
	var head [blockHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > 1<<30 {
		return nil, errors.New("no block")
	}
	block := make([]byte, n)
	if _, err := io.ReadFull(in, block); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(block) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("damaged block")
	}
	return block, nil
}

// apply takes up the entries of a whole block, which starts at s.size.
func (s *FileState) apply(block []byte) {
	from := s.size + blockHead
	c := codec{b: block, reading: true}
	for len(c.b) > 0 && !c.bad {
		var key string
		var version, size int64
		c.text(&key)
		c.int(&version)
		c.int(&size)
		if c.bad || size > int64(len(c.b)) {
			break
		}
		was := s.entries[key]
		s.live -= was.size
		if delete(s.entries, key); size >= 0 {
			s.entries[key] = stored{from + int64(len(block)-len(c.b)), size, version}
			s.live += size
			c.b = c.b[size:]
		}
	}
	s.size += blockHead + int64(len(block))
}

// Load implements State.
func (s *FileState) Load(_ context.Context, keys []string) (found []Entry, _ error) {
	for _, k := range keys {
		e, ok := s.entries[k]
		if !ok {
			continue
		}
		data := make([]byte, e.size)
		if _, err := s.file.ReadAt(data, e.at); err != nil {
			return nil, fmt.Errorf("%s: %w", s.path, err)
		}
		found = append(found, Entry{k, data, e.version})
	}
	return found, nil
}

// Save implements State. It returns when the entries are on the disk.
func (s *FileState) Save(_ context.Context, entries []Entry) error {
	c := codec{b: make([]byte, blockHead)}
	for _, e := range entries {
		if s.entries[e.Key].version != e.Version-1 {
			return ErrConflict
		}
		size := int64(len(e.Data))
		if e.Data == nil {
			size = -1
		}
		c.text(&e.Key)
		c.int(&e.Version)
		c.int(&size)
		c.b = append(c.b, e.Data...)
	}
	if len(entries) == 0 {
		return nil
	}
	block := c.b[blockHead:]
	binary.LittleEndian.PutUint32(c.b, uint32(len(block)))
	binary.LittleEndian.PutUint32(c.b[4:], crc32.ChecksumIEEE(block))
	if err := s.write(c.b); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	s.apply(block)
	if s.size > 64<<20 && s.size > 4*s.live {
		return s.compact()
	}
	return nil
}

// write appends, and takes back what it wrote when the disk does not take all.
func (s *FileState) write(b []byte) error {
	_, err := s.file.WriteAt(b, s.size)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.file.Truncate(s.size))
	}
	return nil
}

// compact writes what is current into a new file that takes the old one's place.
func (s *FileState) compact() error {
	next, err := os.CreateTemp(filepath.Dir(s.path), ".state-*")
	if err != nil {
		return err
	}
	fresh := &FileState{path: s.path, file: next, entries: map[string]stored{}, size: int64(len(fileMagic))}
	_, err = next.WriteString(fileMagic)
	for _, key := range sortedKeys(s.entries) {
		if err != nil {
			break
		}
		var found []Entry
		if found, err = s.Load(context.Background(), []string{key}); err == nil {
			c := codec{b: make([]byte, blockHead)}
			size := int64(len(found[0].Data))
			c.text(&key)
			c.int(&found[0].Version)
			c.int(&size)
			block := append(c.b, found[0].Data...)
			binary.LittleEndian.PutUint32(block, uint32(len(block)-blockHead))
			binary.LittleEndian.PutUint32(block[4:], crc32.ChecksumIEEE(block[blockHead:]))
			if _, err = next.WriteAt(block, fresh.size); err == nil {
				fresh.apply(block[blockHead:])
			}
		}
	}
	if err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(next.Name(), s.path)
	}
	if err != nil {
		_ = os.Remove(next.Name())
		return errors.Join(err, next.Close())
	}
	old := s.file
	*s = *fresh
	return old.Close()
}

// Close closes the file; everything saved is in it.
func (s *FileState) Close() error { return s.file.Close() }
