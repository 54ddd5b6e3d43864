// Package crash names the places at which a test ends the process, as a power
// cut or kill -9 would. Without the build tag crashpoints it is nothing.
package crash

// Names lists the points, in the order in which a finding passes them.
func Names() []string {
	return []string{
		"findings gathered", "commit begun", "findings recorded", "alerts written",
		"outbox written", "positions written", "before commit", "after commit",
		"claim begun", "claim written", "claimed", "message built",
		"before send", "sent", "settle begun", "settle written", "settled",
	}
}
