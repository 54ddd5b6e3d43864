package live

import (
	"sync"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// seen remembers the identities of records whose findings are durable, the
// newer ones of them: two sets take turns, and the older is forgotten when the
// younger is full.
type seen struct {
	mu         sync.RWMutex
	young, old map[cloudtrail.Key]struct{}
	half       int
}

func newSeen(n int) *seen {
	return &seen{half: max(1, n/2), young: map[cloudtrail.Key]struct{}{}}
}

func (s *seen) has(k cloudtrail.Key) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, ok := s.young[k]; ok {
		return true
	}
	_, ok := s.old[k]
	return ok
}

func (s *seen) add(keys []cloudtrail.Key) {
	if len(keys) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if len(s.young) >= s.half {
			s.old, s.young = s.young, make(map[cloudtrail.Key]struct{}, len(s.young))
		}
		s.young[k] = struct{}{}
	}
}
