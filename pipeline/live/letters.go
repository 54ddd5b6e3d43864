package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// noted are the dead letters of one state of what a source delivers again when it
// has changed, by ID: a file that was read while it was written. When a later
// state was judged they say nothing any more, for that has its own.
type noted struct {
	Delivery string   `json:"delivery"`
	Letters  []string `json:"letters"`
}

// mostNoted bounds them.
const mostNoted = 1_000

// notedName is where the store keeps them.
func (w *worker) notedName() string {
	sum := sha256.Sum256([]byte(w.delivery.Source + "\x00" + w.delivery.Subject))
	return "letters/" + hex.EncodeToString(sum[:16])
}

// earlier reads the dead letters of an earlier state.
func (w *worker) earlier() error {
	if !w.delivery.Again {
		return nil
	}
	name := w.notedName()
	return w.o.Store.State(w.ctx, name, func(p alert.Position) error {
		var n noted
		if p.Name != name || json.Unmarshal(p.Data, &n) != nil {
			return nil
		}
		if n.Delivery == w.delivery.ID { // this very state, when it was tried before
			w.letters = n.Letters
			return nil
		}
		w.withdrawn = n.Letters
		return nil
	})
}

// noteLetters has the dead letters of the part known by what they are of.
func (w *worker) noteLetters() {
	if w.delivery.Subject == "" || len(w.part.letters) == 0 {
		return
	}
	for _, l := range w.part.letters {
		if len(w.letters) < mostNoted {
			w.letters = append(w.letters, l.ID)
		}
	}
	data, err := json.Marshal(noted{w.delivery.ID, w.letters})
	if err == nil { // names and numbers only
		w.part.state = append(w.part.state, alert.Position{Name: w.notedName(), Data: data})
	}
}

// settleLetters forgets what was noted of an earlier state when this one, which is
// about to be committed, has nothing of its own.
func (w *worker) settleLetters() {
	if len(w.withdrawn) > 0 && len(w.letters)+len(w.part.letters) == 0 {
		w.part.state = append(w.part.state, alert.Position{Name: w.notedName()})
	}
}

// dropper is what a store may offer beside Store.
type dropper interface {
	DropLetters(ctx context.Context, ids []string, by, reason string, now time.Time) (int, error)
}

// withdraw drops the dead letters of an earlier state, now that what took its
// place is judged and committed. One that stays for a fault of the store does no
// harm.
func (w *worker) withdraw() {
	store, ok := w.o.Store.(dropper)
	if !ok || len(w.withdrawn) == 0 {
		return
	}
	_, err := store.DropLetters(w.ctx, w.withdrawn, "trailwarden", "it was written further since, and judged again as a whole", w.o.Now().UTC())
	if w.withdrawn = nil; err != nil && !errors.Is(err, context.Canceled) {
		w.trouble(w.delivery.Source, err)
	}
}

// mostLogged bounds the dead letters of one commit that are logged one by one.
const mostLogged = 10

// LogLetters gives what logs dead letters with their reasons, for
// Options.Letters: where the store is forgotten, the log is all that is left.
func LogLetters(log *slog.Logger) func([]alert.Letter) {
	return func(all []alert.Letter) {
		for _, l := range all[:min(len(all), mostLogged)] {
			log.Warn("something could not be judged and is a dead letter", "source", l.Source, "from", l.From, "reason", l.Reason)
		}
		if more := len(all) - mostLogged; more > 0 {
			log.Warn("more could not be judged", "count", more)
		}
	}
}
