package live

import (
	"log/slog"

	"github.com/trailwarden/trailwarden/alert"
)

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
