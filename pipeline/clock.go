package pipeline

import "github.com/trailwarden/trailwarden/cloudtrail"

// clock reads times of the form 2026-03-14T09:00:00Z, which nearly all records
// have. It remembers the day that it read last: records of a file are of one or
// two.
type clock struct {
	day  [10]byte // as written
	from int64    // its first millisecond of Unix time
}

// instant is the time in milliseconds of Unix time; ok is false for a text of 20
// bytes that is to be read in another way.
func (c *clock) instant(text []byte) (ms int64, ok bool) {
	if string(text[:10]) != string(c.day[:]) {
		t, ok := cloudtrail.ParseTime(string(text[:10]) + "T00:00:00Z")
		if !ok {
			return 0, false
		}
		copy(c.day[:], text)
		c.from = t.UnixMilli()
	}
	hours, minutes, seconds := two(text[11:]), two(text[14:]), two(text[17:])
	if hours > 23 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	return c.from + int64(hours*3600+minutes*60+seconds)*1000, true
}

// two is the number of two digits, more than 99 for others.
func two(text []byte) uint {
	tens, ones := uint(text[0]-'0'), uint(text[1]-'0')
	if tens > 9 || ones > 9 {
		return 100
	}
	return 10*tens + ones
}
