package alert

import (
	"context"
	"errors"
	"time"
)

// Errors that callers of a Store decide on.
var (
	// ErrNotFound is returned for an alert, silence or delivery that the store
	// does not hold.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous is returned for the beginning of an ID that several alerts have.
	ErrAmbiguous = errors.New("several alerts begin so; give more of the ID")
	// ErrFull is returned when the store has no room: nothing was written, what
	// it holds is sound, and the source must not be acknowledged. The same call
	// works again once there is room.
	ErrFull = errors.New("the store is full")
	// ErrBroken is returned when a write failed in a way that leaves open what
	// reached the disk. The store refuses every further write until it is opened
	// anew.
	ErrBroken = errors.New("the store cannot write")
	// ErrCorrupt is returned when the store holds something that it did not
	// write.
	ErrCorrupt = errors.New("the store is damaged")
	// ErrNewer is returned for a store that a later version has written. It is
	// left untouched.
	ErrNewer = errors.New("the store was written by a later version")
	// ErrConflict is returned by Commit when another process has written a piece
	// of the batch's state since it was read: nothing of the state is written, and
	// the caller reads it again.
	ErrConflict = errors.New("another process has changed the state")
	// ErrLost is returned by Settle when the lease had ended and the delivery is
	// somebody else's by now, or gone.
	ErrLost = errors.New("the lease was lost")
)

// Kind is what a delivery tells.
type Kind string

// The kinds of delivery.
const (
	Opened   Kind = "opened"   // first message of an alert
	Repeated Kind = "repeated" // more findings, with the new count
	Acked    Kind = "acknowledged"
	Closed   Kind = "resolved"
	Reopened Kind = "reopened"
	Storm    Kind = "storm"  // running totals in place of single messages
	Report   Kind = "report" // rows of a scheduled query, as one message
	Health   Kind = "health" // the watcher itself needs attention
	Test     Kind = "test"
)

// Position is how far a source was read; it is saved in the same transaction as
// the alerts of what was read.
type Position struct {
	Name string // source, or source and object
	Data []byte
	// Version, when not 0, is one more than the version that was read: a store
	// with several writers writes on condition that it still is, and gives it
	// back with State. A store with one writer may ignore it.
	Version int64
}

// Batch is what one transaction adds.
type Batch struct {
	Findings  []Finding
	Positions []Position
	// State are the windows of rules that remember, by key; one with nil Data
	// is forgotten. Those with a Version are written all or none, and with the
	// findings; everybody who writes such pieces changes the last of them, by
	// which a store whose transactions are bounded knows that others wrote.
	State []Position
	// Letters are what could not be judged, to be looked at by a person.
	Letters []Letter
	Now     time.Time // arrival time, UTC
}

// Letter is a dead letter of the intake: something that arrived and cannot be
// judged, with the reason. One whose ID the store has changes nothing.
type Letter struct {
	ID      string    `json:"id"` // the same each time the same thing arrives
	Time    time.Time `json:"time"`
	Source  string    `json:"source"`
	From    string    `json:"from"`             // file, object or message
	Record  int       `json:"record"`           // position in the file, -1 for all of it
	Offset  int64     `json:"offset,omitempty"` // in the decompressed bytes, -1 unknown
	Reason  string    `json:"reason"`
	Excerpt []byte    `json:"excerpt,omitempty"` // its beginning, at most 64 KiB
}

// Delivery is a row of the outbox: one message of one alert for one sink.
type Delivery struct {
	ID       string    `json:"id"`
	Sink     string    `json:"sink"`
	Alert    string    `json:"alert"` // its ID; empty for Health, Storm and Test
	Kind     Kind      `json:"kind"`
	Sequence int64     `json:"sequence"` // of this alert on this sink, from 1
	Created  time.Time `json:"created"`
	NotUntil time.Time `json:"notUntil"` // not to be sent before
	Attempts int       `json:"attempts"`
	// MayRepeat says that an earlier attempt ended without an answer, so the
	// receiver may have the message already.
	MayRepeat bool `json:"mayRepeat,omitempty"`
	// Body is what the message is made of when there is no alert behind it.
	Body []byte `json:"body,omitempty"`
	// Receipt is what the sink returned for an earlier message of this alert:
	// a thread, an incident's id, a Message-ID.
	Receipt []byte `json:"receipt,omitempty"`
	// LastError is why the last attempt failed.
	LastError string `json:"lastError,omitempty"`
	// Count is how many findings the message tells of; whoever builds it from
	// the alert sets it, and Settle remembers it.
	Count int64 `json:"count,omitempty"`
	// FirstTry is when the first attempt failed: giving up counts from it, so
	// that waiting alone never ends a message. Zero before.
	FirstTry time.Time `json:"firstTry,omitzero"`
	// Since is, of a Repeated, when the alert was last told: what NotUntil is
	// counted from.
	Since time.Time `json:"since,omitzero"`
	// Died is when it became a dead letter.
	Died time.Time `json:"died,omitzero"`
	// Lease tells the holder apart from one that was too slow.
	Lease string `json:"-"`
	// Of is the alert as it was when the delivery was claimed, for whoever builds
	// the message; nil when the store has not read it.
	Of *Alert `json:"-"`
}

// Outcome says how an attempt to deliver ended.
type Outcome struct {
	Class    Class
	Receipt  []byte    // kept for the alert's next message when Class is OK
	NotUntil time.Time // with Retry: not before; zero lets the schedule decide
	Reason   string    // why it failed; with OK, which part was not taken; never holds a secret
	Unsure   bool      // with Retry: the receiver may have the message
}

// Class is how a delivery ended, and so what happens next.
type Class string

// The classes.
const (
	OK     Class = "ok"     // the receiver has it
	Retry  Class = "retry"  // try again later
	Reject Class = "reject" // trying again cannot help: dead letter
	Auth   Class = "auth"   // the sink's credentials are refused: pause the sink
)

// Store keeps alerts and the outbox. All methods may be called by several
// goroutines, and, where the store is shared, by several processes. Every
// decision is made by the functions of this package under the Policy that the
// store was opened with, which is asked anew for each call, so that a changed
// configuration counts at once.
//
// A store is little more than rows and transactions around them:
//
//   - Commit: Gather sorts a batch into Incoming, one for each alert. In one
//     transaction for each Incoming, or for all of them: the FindingKeys that the
//     store has move from Facts to Again; Apply makes the alert anew; the alert,
//     the keys, the deliveries and the changed SinkStates are written, positions
//     and state last. Where a transaction is bounded, each part is complete in
//     itself, and a part that is done twice finds its keys known.
//   - Claim: Room, then alert.Claim for each delivery that is due.
//   - Settle: alert.Settle. Act: Perform. Reschedule: Due.
//
// Alert.Version and SinkState.Version grow with each change, for stores that
// write on condition and repeat what failed.
type Store interface {
	Committer
	Alerts
	Outbox
	Letters
	Positions
	// Purge forgets what has outlived its keeping, in small steps: identities of
	// findings, alerts without news, ended silences, dead letters.
	Purge(ctx context.Context, k Keeping, now time.Time) (Purged, error)
	Close() error
}

// Keeping says how long a store keeps things after they last changed, by
// arrival time; 0 means the default, negative means forever.
type Keeping struct {
	Findings time.Duration // identities of counted findings; default 7 days
	Alerts   time.Duration // default 90 days; open ones with messages on the way are kept
	Dead     time.Duration // dead letters; default 30 days
	Silences time.Duration // after their end; default 90 days
}

// Purged counts what a Purge forgot.
type Purged struct {
	Findings, Alerts, Dead, Silences int64
}

// Committer adds findings.
type Committer interface {
	// Commit judges the batch's findings against what the store holds and
	// writes alerts, outbox rows, positions and state in one transaction. A
	// finding whose identity is counted already changes nothing, so that a
	// batch may be committed any number of times; at most another copy of its
	// record is shown, the same one whatever order they come in.
	Commit(ctx context.Context, b Batch) (Committed, error)
}

// Committed counts the findings of a Commit, each in one of New, Repeated,
// Known and Excepted; Silenced counts those of the first two whose alert a
// silence holds back. Alerts are the IDs that changed.
type Committed struct {
	New      int // opened an alert
	Repeated int // joined one
	Known    int // counted before
	Excepted int // an exception of the rule ended them
	Silenced int
	Queued   int // deliveries put into the outbox
	Alerts   []string
}

// Add counts n new findings of an alert; stores call it.
func (c *Committed) Add(opened bool, n int, a *Alert) {
	c.Repeated += n
	if opened {
		c.New++
		c.Repeated--
	}
	if a.Silence != "" {
		c.Silenced += n
	}
	c.Alerts = append(c.Alerts, a.ID)
}

// Query selects alerts; zero fields select all.
type Query struct {
	Status   []Status
	Rule     string
	From, To time.Time // of LastSeen, event time, UTC
	Text     string    // in a group's value
	Limit    int       // 0 means 100
	After    string    // page: the cursor that the last one returned
}

// Action is something a person does with an alert.
type Action struct {
	Did  string // acknowledged, resolved, reopened, noted
	By   string
	Text string
	Now  time.Time
}

// ShortestID is how many characters of an alert's ID name it at least.
const ShortestID = 6

// Alerts are read and acted on. An alert is named by its ID or an unambiguous
// beginning of it, of ShortestID characters or more.
type Alerts interface {
	Alert(ctx context.Context, id string) (*Alert, error)
	Alerts(ctx context.Context, q Query) (page []*Alert, next string, err error)
	Act(ctx context.Context, id string, a Action) (*Alert, error)
	Silence(ctx context.Context, s Silence) (id string, err error)
	Silences(ctx context.Context) ([]Silence, error)
	EndSilence(ctx context.Context, id string, now time.Time) error
}

// Outbox hands out what is to be delivered.
type Outbox interface {
	// Claim leases up to n deliveries of a sink that are due at now, oldest
	// first; a lease that is not settled in time may be claimed by another, and
	// MayRepeat is set then. A lease is at most LongestLease. Of one alert the
	// deliveries are handed out one after the other, in the order of their
	// Sequence. In a storm Claim hands out no more than the sink's quota.
	Claim(ctx context.Context, sink string, n int, now time.Time, lease time.Duration) ([]Delivery, error)
	// Settle records how a claimed delivery ended: OK takes it off the outbox,
	// Retry makes it due again at o.NotUntil, Auth makes it due at once and counts
	// no attempt, Reject makes it a dead letter. It returns ErrLost when the lease
	// was lost.
	Settle(ctx context.Context, d Delivery, o Outcome, now time.Time) error
	// Put adds a delivery that no alert caused (Health, Storm, Test, Report). One
	// whose ID the outbox has seen in the last day changes nothing.
	Put(ctx context.Context, d Delivery) error
	// Reschedule counts the times of all waiting Repeated anew, after the policy
	// has changed, and those that a clock which was ahead has put off, after it was
	// set back (see Due); leases of such a clock end.
	Reschedule(ctx context.Context, now time.Time) (int, error)
	// Backlog counts what waits, by sink; dead letters do not.
	Backlog(ctx context.Context) (map[string]int64, error)
	// Dead lists the dead letters, Retry makes some due again, Drop forgets
	// them; who did it and why is kept.
	Dead(ctx context.Context, sink string, limit int, after string) (page []Delivery, next string, err error)
	Retry(ctx context.Context, ids []string, now time.Time) (int, error)
	Drop(ctx context.Context, ids []string, by, reason string, now time.Time) (int, error)
}

// Settled is a claimed delivery and how it ended.
type Settled struct {
	Delivery Delivery
	Outcome  Outcome
}

// Settler is an Outbox that settles several deliveries at once. It is optional.
type Settler interface {
	// SettleAll is Settle for each, in one transaction: with an error nothing is
	// recorded. lost tells of each whether its lease was lost.
	SettleAll(ctx context.Context, all []Settled, now time.Time) (lost []bool, err error)
}

// Letters are the dead letters of the intake, kept by Commit.
type Letters interface {
	// Letters lists them, DropLetters forgets them and counts those that there
	// were; who did it and why is kept. Purge forgets them with other dead letters
	// (Keeping.Dead).
	Letters(ctx context.Context, limit int, after string) (page []Letter, next string, err error)
	DropLetters(ctx context.Context, ids []string, by, reason string, now time.Time) (int, error)
}

// Positions are saved by Commit; a source may also save its own.
type Positions interface {
	Load(ctx context.Context, name string) ([]byte, error) // nil when there is none
	Save(ctx context.Context, name string, data []byte) error
	// State calls yield for each piece of Batch.State whose name begins with
	// prefix, in the order of names, until yield returns an error.
	State(ctx context.Context, prefix string, yield func(Position) error) error
}
