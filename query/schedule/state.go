package schedule

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// state is what the store keeps of a query.
type state struct {
	Last time.Time `json:"last"` // slot of the last run
	// Seen are the identities of the rows that were told and may come again: 16
	// bytes each, and 8 of the event's time in Unix seconds.
	Seen []byte `json:"seen,omitempty"`
	// Pending are messages on their way to the outbox.
	Pending []alert.Delivery `json:"pending,omitempty"`
}

// maxSeen bounds the identities that are kept. The latest stay.
const maxSeen = 20_000

const seenSize = 24

func readState(data []byte) (s state, err error) {
	if len(data) == 0 {
		return s, nil
	}
	err = json.Unmarshal(data, &s)
	if err == nil && len(s.Seen)%seenSize != 0 {
		err = errors.New("a piece is missing")
	}
	if err != nil {
		return s, fmt.Errorf("what the store keeps of the query cannot be read: %w", err)
	}
	return s, nil
}

func (s *state) write() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("schedule: a state of texts and times cannot be written: " + err.Error())
	}
	return b
}

// has are the identities that were told.
func (s *state) has() map[identity]bool {
	all := make(map[identity]bool, len(s.Seen)/seenSize)
	for i := 0; i < len(s.Seen); i += seenSize {
		all[identity(s.Seen[i:i+16])] = true
	}
	return all
}

// add remembers rows, and forgets those that no later run asks about.
func (s *state) add(rows []row, slot, from time.Time) {
	for i := range rows {
		at := rows[i].time
		if at.IsZero() {
			at = slot
		}
		s.Seen = append(s.Seen, rows[i].id[:]...)
		s.Seen = binary.BigEndian.AppendUint64(s.Seen, uint64(at.Unix()))
	}
	var kept [][]byte
	for one := range slices.Chunk(s.Seen, seenSize) {
		if int64(binary.BigEndian.Uint64(one[16:])) >= from.Unix() {
			kept = append(kept, one)
		}
	}
	slices.SortFunc(kept, func(a, b []byte) int {
		return cmp.Or(-bytes.Compare(a[16:], b[16:]), bytes.Compare(a[:16], b[:16]))
	})
	kept = kept[:min(len(kept), maxSeen)]
	s.Seen = bytes.Join(kept, nil)
}
