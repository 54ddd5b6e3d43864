package live

import (
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// Place is where events come from.
type Place struct {
	Source  string `json:"source"`
	Account string `json:"account"`
	Region  string `json:"region"`
}

// maxPlaces bounds the places that are watched; an organization of 10,000
// accounts in 34 regions has 340,000.
const maxPlaces = 500_000

// Pulse notices when a source, an account or a region that used to deliver goes
// quiet. A place is expected once it was heard in Hours different hours, and a
// source that has a time of its own always.
type Pulse struct {
	// Source, Account and Region are how long a source, an account of it and a
	// region of that may be silent; 0 means two hours (the time of two digests),
	// a day and a week, and less than 0 that it is never told. Set them before the
	// first use.
	Source, Account, Region time.Duration
	// Hours is in how many different hours a place must have been heard before
	// its silence is news; 0 means 3.
	Hours int
	// Forget is how long after its gap a silent place is no longer expected; 0
	// means a week.
	Forget time.Duration

	mu     sync.Mutex
	places map[Place]*beat
	own    map[string]time.Duration // by source, of those with a time of their own
	done   map[string]bool          // sources that have given everything
}

// Watch says which sources there are from now on, and how long each may be silent;
// 0 leaves that to Source. One with a time of its own is expected from the start,
// whether it was ever heard or not, until it has given everything; one that is not
// there any more is forgotten.
func (p *Pulse) Watch(sources map[string]time.Duration, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.places, func(at Place, _ *beat) bool { _, there := sources[at.Source]; return !there })
	p.own = sources
	for name := range sources {
		p.expect(name, now.UTC())
	}
}

// expect begins to wait for a source that has a time of its own.
func (p *Pulse) expect(source string, now time.Time) {
	if at := (Place{Source: source}); p.timed(at) && p.places[at] == nil {
		p.add(at, now)
	}
}

// beat is what is known of a place.
type beat struct {
	Heard time.Time `json:"heard"` // last arrival, UTC
	Hours int       `json:"hours"` // different hours it was heard in
	Quiet bool      `json:"quiet,omitempty"`
	Told  bool      `json:"told,omitempty"` // its silence was told for itself, and its end is news
	Back  bool      `json:"back,omitempty"` // it was heard since it was Quiet
	// From is when the silence of what it is a part of was over, while it stayed
	// silent itself; zero otherwise.
	From time.Time `json:"from,omitzero"`
}

// silent is for how long nothing has come that could have.
func (b *beat) silent(now time.Time) time.Duration {
	if b.From.After(b.Heard) {
		return now.Sub(b.From)
	}
	return now.Sub(b.Heard)
}

// Silence is a place that went quiet or is heard again.
type Silence struct {
	Place Place
	Since time.Time // last heard, UTC
	Over  bool      // heard again
}

// Begin says that a source runs, perhaps anew.
func (p *Pulse) Begin(source string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.done, source)
	p.expect(source, now.UTC())
}

// Done says that a source has given everything that it will, unless it begins anew.
func (p *Pulse) Done(source string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == nil {
		p.done = map[string]bool{}
	}
	p.done[source] = true
	maps.DeleteFunc(p.places, func(at Place, _ *beat) bool { return at.Source == source })
}

// gap is how long a place may be silent.
func (p *Pulse) gap(at Place) time.Duration {
	switch {
	case p.timed(at):
		return p.own[at.Source]
	case at.Account == "":
		return either(p.Source, 2*time.Hour)
	case at.Region == "":
		return either(p.Account, 24*time.Hour)
	}
	return either(p.Region, 7*24*time.Hour)
}

// never is longer than anything is silent.
const never = 100 * 365 * 24 * time.Hour

func either(set, otherwise time.Duration) time.Duration {
	switch {
	case set > 0:
		return set
	case set < 0:
		return never
	}
	return otherwise
}

func (p *Pulse) hours() int {
	if p.Hours > 0 {
		return p.Hours
	}
	return 3
}

// Note says that places were heard now. Each counts for itself, for its account
// and for its source.
func (p *Pulse) Note(traffic map[Place]struct{}, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for place := range traffic {
		for _, at := range []Place{place, {Source: place.Source, Account: place.Account}, {Source: place.Source}} {
			p.heard(at, now.UTC())
		}
	}
}

func (p *Pulse) heard(at Place, now time.Time) {
	b := p.places[at]
	if b == nil {
		if len(p.places) >= maxPlaces {
			return
		}
		b = p.add(at, time.Time{})
	}
	if !b.Heard.Truncate(time.Hour).Equal(now.Truncate(time.Hour)) {
		b.Hours++
	}
	if now.After(b.Heard) {
		b.Heard, b.Back = now, b.Quiet
	}
}

func (p *Pulse) add(at Place, now time.Time) *beat {
	if p.places == nil {
		p.places = map[Place]*beat{}
	}
	b := &beat{Heard: now}
	p.places[at] = b
	return b
}

// expected tells whether the silence of a place is news.
func (p *Pulse) expected(at Place, b *beat) bool {
	return b.Hours >= p.hours() || p.timed(at)
}

// timed tells whether a place is a source with a time of its own.
func (p *Pulse) timed(at Place) bool {
	return at.Account == "" && p.own[at.Source] > 0 && !p.done[at.Source]
}

// Check gives the places that went quiet or came back since the last call.
// While a whole source or account is quiet its parts are not told one by one; a part
// that stays quiet after that is, once it had its own time to come back.
func (p *Pulse) Check(now time.Time) (news []Silence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, b := range p.places {
		quiet := b.silent(now) > p.gap(at)
		if b.Back { // between two calls; that it is quiet again is news for the next
			quiet, b.Back = false, false
		}
		switch {
		case b.silent(now) > p.gap(at)+either(p.Forget, 7*24*time.Hour) && !p.timed(at):
			delete(p.places, at)
		case quiet && b.Quiet && !b.Told && !p.partOf(at, now):
			b.Quiet, b.From = false, now.UTC()
		case quiet == b.Quiet:
		case quiet && !p.expected(at, b):
		default:
			b.Quiet = quiet
			tell := quiet && !p.partOf(at, now) || !quiet && b.Told
			if b.Told = quiet && tell; tell {
				news = append(news, Silence{at, b.Heard, !quiet})
			}
		}
	}
	return news
}

// Shift moves what was heard by d: the clock was set, or the machine slept. The
// places are given as much time as they had before.
func (p *Pulse) Shift(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.places {
		b.Heard = b.Heard.Add(d)
		if !b.From.IsZero() {
			b.From = b.From.Add(d)
		}
	}
}

// partOf tells whether a larger place is quiet as well.
func (p *Pulse) partOf(at Place, now time.Time) bool {
	silent := func(at Place) bool {
		b := p.places[at]
		return b != nil && b.silent(now) > p.gap(at) && p.expected(at, b)
	}
	return at.Account != "" && silent(Place{Source: at.Source}) ||
		at.Region != "" && silent(Place{Source: at.Source, Account: at.Account})
}

// Save is the state of the pulse, for Load after a restart.
func (p *Pulse) Save() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	type entry struct {
		Place
		beat
	}
	all := make([]entry, 0, len(p.places))
	for at, b := range p.places {
		all = append(all, entry{at, *b})
	}
	return json.Marshal(all)
}

// Load takes over what Save gave. The time during which nobody listened does not
// count as silence: a place is given a whole gap from now on.
func (p *Pulse) Load(data []byte, now time.Time) error {
	var all []struct {
		Place
		beat
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.places = make(map[Place]*beat, len(all))
	for _, e := range all {
		b := e.beat
		if !b.Quiet {
			b.Heard = now.UTC()
		}
		p.places[e.Place] = &b
	}
	return nil
}
