package sqlite

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// sum is the checksum of a row: CRC-32C over its columns, each with its length.
// It begins with the table's name, so that a row of one is none of another.
func sum(table string, columns ...any) int64 {
	room := sumRooms.Get().(*[512]byte)
	defer sumRooms.Put(room)
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	buf := appendColumn(room[:0], table)
	check := uint32(0)
	for _, c := range columns {
		if b, ok := c.([]byte); ok { // a document, which is not copied
			buf = binary.AppendUvarint(buf, uint64(len(b)))
			check = crc32.Update(crc32.Update(check, castagnoli, buf), castagnoli, b)
			buf = buf[:0]
			continue
		}
		buf = appendColumn(buf, c)
	}
	return int64(crc32.Update(check, castagnoli, buf))
}

// sumRooms is room for columns that are short, which the checksum's function would
// have anew for each row.
var sumRooms = sync.Pool{New: func() any { return new([512]byte) }}

func appendColumn(buf []byte, c any) []byte {
	switch c := c.(type) {
	case string:
		return append(binary.AppendUvarint(buf, uint64(len(c))), c...)
	case int64:
		return binary.AppendVarint(buf, c)
	}
	panic(fmt.Sprintf("a column of type %T has no checksum", c)) // a mistake in this package
}

// remedy is what helps against damage.
const remedy = "restore the file from a copy, or move it away and let the sources be read again"

// damaged reports a row that is not as it was written.
func damaged(table string, key any) error {
	return fmt.Errorf("table %s, row %v: %w; %s", table, key, alert.ErrCorrupt, remedy)
}

// millis is a time as columns hold it, rounded up so that nothing is early.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}
