package cloudtrail

import "github.com/trailwarden/trailwarden/internal/jsonscan"

// Limits bound what one file may cost. A file over a limit is refused from
// there on with a Fault; a record over one is passed over with a Fault. Start
// from DefaultLimits: a limit of 0 lets nothing through.
type Limits struct {
	// Decompressed is the most bytes that a file may unpack to.
	Decompressed int64
	// Ratio is the most bytes that one compressed byte may unpack to, judged
	// once a file has unpacked to RatioAfter bytes.
	Ratio      int64
	RatioAfter int64
	// Record is the most bytes in one record.
	Record int
	// Depth is the most nested objects and arrays in one record.
	Depth int
	// Keys is the most object keys in one record, at all depths.
	Keys int
	// Members is the most gzip members in one file.
	Members int
	// Whole is the most bytes of a compressed file that is read in one piece,
	// which is faster to unpack; larger ones are unpacked as they are read.
	Whole int
	// Faults is the most faults listed of one file; more are only counted.
	Faults int
}

// DefaultLimits are far above what CloudTrail writes: it closes a file at 50
// MB before compression (User Guide, finding log files), bounds a record at
// 256 KB, or 1 MB in an event data store, and packs about 6 to 20 to one.
func DefaultLimits() Limits {
	return Limits{
		Decompressed: 2 << 30,
		Ratio:        200,
		RatioAfter:   16 << 20,
		Record:       4 << 20,
		Depth:        256,
		Keys:         20_000,
		Members:      1024,
		Whole:        16 << 20,
		Faults:       1000,
	}
}

// index is an Index that holds to the limits.
func (l *Limits) index() *jsonscan.Index {
	return &jsonscan.Index{MaxDepth: l.Depth, MaxKeys: l.Keys, MaxBytes: l.Record}
}
