package cloudtrail

import (
	"fmt"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// Fault says what was wrong with a part of a file, where, and what to do. The
// rest of the file was read all the same.
type Fault struct {
	File   string // the name that Decode was given
	Offset int64  // bytes into the decompressed file; -1 when no place is known
	Record int    // index of the record at fault, from 0; -1 when it is none
	Reason string
}

// Error names the file, the place and the reason in one line, whatever characters
// the name has.
func (f Fault) Error() string {
	name := visible.Text(f.File)
	switch {
	case f.Record >= 0 && f.Offset < 0:
		return fmt.Sprintf("%s: record %d: %s", name, f.Record, f.Reason)
	case f.Record >= 0:
		return fmt.Sprintf("%s: record %d, byte %d: %s", name, f.Record, f.Offset, f.Reason)
	case f.Offset >= 0:
		return fmt.Sprintf("%s: byte %d: %s", name, f.Offset, f.Reason)
	}
	return fmt.Sprintf("%s: %s", name, f.Reason)
}

// Summary says what became of one file.
type Summary struct {
	Bytes        int64 // read, as stored
	Decompressed int64 // of JSON or CSV text
	Records      int   // handed over
	// Faults are what could not be read, in the order of the file. MoreFaults
	// counts those beyond Limits.Faults.
	Faults     []Fault
	MoreFaults int
	// Notes are what could be read but deserves a look, such as a key that
	// differs from a documented one in case only. One of a kind is listed.
	Notes []Fault
	// Ignored is why a sound file holds no records: "digest file", "query
	// result", "empty file". It is empty otherwise.
	Ignored string
}
