package source

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"
)

// Seen remembers hashes of what was handled, in the order in which it was noted.
// It is for the overlap between one question and the next, and no more than a
// help: what it forgets is handled twice, which does no harm.
type Seen struct {
	set  map[uint64]int64 // hash to time, seconds since 1970
	most int
}

// NewSeen makes a Seen for at most most things.
func NewSeen(most int) *Seen { return &Seen{set: map[uint64]int64{}, most: most} }

// Has tells whether the thing was noted.
func (s *Seen) Has(id string) bool {
	_, ok := s.set[hash(id)]
	return ok
}

// Len is how many things are remembered.
func (s *Seen) Len() int { return len(s.set) }

// Note remembers a thing of the given time.
func (s *Seen) Note(id string, at time.Time) {
	if len(s.set) < s.most {
		s.set[hash(id)] = at.Unix()
	}
}

// Forget drops what is older than before.
func (s *Seen) Forget(before time.Time) {
	for k, at := range s.set {
		if at < before.Unix() {
			delete(s.set, k)
		}
	}
}

// hash is the same over restarts, and nobody can find two names that share one.
func hash(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.LittleEndian.Uint64(sum[:])
}

// MarshalJSON writes pairs of hash and time.
func (s *Seen) MarshalJSON() ([]byte, error) { return marshalSeen(s.set) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Seen) UnmarshalJSON(b []byte) (err error) {
	s.set, err = unmarshalSeen(b, s.most)
	return err
}

// marshalSeen packs hashes and times, 12 bytes each, as a base64 string.
func marshalSeen(set map[uint64]int64) ([]byte, error) {
	b := make([]byte, 0, 12*len(set))
	for k, at := range set {
		b = binary.LittleEndian.AppendUint64(b, k)
		b = binary.LittleEndian.AppendUint32(b, uint32(at))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

func unmarshalSeen(text []byte, most int) (map[uint64]int64, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	if len(b)%12 != 0 {
		return nil, errors.New("the list of what was seen is cut")
	}
	set := map[uint64]int64{}
	for ; len(b) > 0 && len(set) < most; b = b[12:] {
		set[binary.LittleEndian.Uint64(b)] = int64(binary.LittleEndian.Uint32(b[8:]))
	}
	return set, nil
}
