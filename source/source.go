// Package source is the contract between the places where CloudTrail is
// delivered and those who judge it.
//
// A Source brings Deliveries, each of which is acknowledged as a whole: an SQS
// message, an HTTP post, a file, a page of LookupEvents. It hands each to a
// Handler and acknowledges it upstream only when the Handler says that all its
// effects are durable. Whatever goes wrong before that, the delivery comes
// again: at least once, never at most once. The kinds of source are the packages
// below this one; source/envelope opens what they bring.
package source

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/trailwarden/trailwarden/source/envelope"
)

// Object names an object in S3 or a file.
type Object = envelope.Object

// Delivery is what a source brings at once and acknowledges as a whole.
type Delivery struct {
	// ID is the same each time the delivery comes, and different from that of
	// other deliveries of the source: messageId, path and version of a file,
	// place of a page.
	ID     string
	Source string // the source's Name
	// Receives is how often the delivery was handed out, this time included;
	// 0 when the source cannot know.
	Receives int
	// MaxReceives is the number of tries after which the source wants an end;
	// 0 means that it tries for ever.
	MaxReceives int
	// Arrived is when the source received it; Sent is when its sender sent it,
	// zero when unknown. Both UTC.
	Arrived, Sent time.Time
	Items         []envelope.Item
	// Subject, when set, names what is delivered where it may come again in a later
	// state, as a file does that was being written. Again says that an earlier
	// state was delivered.
	Subject string
	Again   bool
	// Position, when set, says under the source's Cursor that the delivery is
	// done. A handler may save it together with what comes of the delivery, and
	// says so in Kept; otherwise the source does.
	Position *Position
}

// Position is a piece of a Cursor.
type Position struct {
	Name string
	Data []byte
	Kept bool // the handler has saved it
}

// LastTry tells whether the delivery will not be tried again after this time,
// so that a Handler which cannot handle it should write a dead letter and return
// a *Poison.
func (d Delivery) LastTry() bool { return d.MaxReceives > 0 && d.Receives >= d.MaxReceives }

// Exhausted tells whether the delivery has used up its tries without any of them
// coming to an end, as happens when it brings down the process: write the dead
// letter without trying again.
func (d Delivery) Exhausted() bool { return d.MaxReceives > 0 && d.Receives > d.MaxReceives }

// Handler handles a delivery. It returns nil only when everything that the
// delivery causes is durable; the source then acknowledges it.
//
// Items of kind envelope.Poison are the handler's to put into the dead letter;
// they are no reason to fail. An error means that the delivery is to come again.
// An error that wraps a *Poison says that it need not, for the handler has put
// the whole delivery into the dead letter: the source acknowledges it. An error
// that wraps ErrOverloaded asks the sender to come back later. Handlers are
// called concurrently.
type Handler func(ctx context.Context, d Delivery) error

// Source brings deliveries from one place.
type Source interface {
	// Name is what configuration calls the source.
	Name() string
	// Run brings deliveries to h until ctx ends; then it takes in nothing new,
	// lets the handlers in flight finish, and returns nil. An error before that
	// is a *ConfigError: the source cannot work until somebody changes
	// something. All other faults are retried and told by Health.
	Run(ctx context.Context, h Handler) error
	// Health says how the source is, at any time and to anyone.
	Health() Health
}

// Poison says that a delivery can never be handled.
type Poison struct {
	Reason string
	Err    error // may be nil
}

// Error names the reason.
func (p *Poison) Error() string {
	if p.Err == nil {
		return "the delivery can never be handled: " + p.Reason
	}
	return fmt.Sprintf("the delivery can never be handled: %s: %v", p.Reason, p.Err)
}

// Unwrap is the cause.
func (p *Poison) Unwrap() error { return p.Err }

// ErrOverloaded is for a Handler that has no room for a delivery now.
var ErrOverloaded = errors.New("no room for more deliveries now")

// ErrEnds is for a Handler to which a delivery came while it was stopping.
var ErrEnds = errors.New("the handler is stopping")

// Done tells whether a source acknowledges a delivery that its handler left with
// err.
func Done(err error) bool {
	var p *Poison
	return err == nil || errors.As(err, &p)
}

// Panicked is a handler's panic, as an error.
type Panicked struct {
	Value any
	Stack []byte
}

// Error names the value of the panic.
func (p *Panicked) Error() string { return fmt.Sprintf("the handler panicked: %v", p.Value) }

// Call calls h and turns a panic into an error, so that a delivery which crashes
// its handler is tried again and then given up, while all others go on.
func Call(ctx context.Context, h Handler, d Delivery) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panicked{v, debug.Stack()}
		}
	}()
	return h(ctx, d)
}

// ConfigError says that a source cannot work until somebody changes something.
type ConfigError struct {
	Source string // the source's name
	What   string // what does not work
	Do     string // what to change
	Err    error  // may be nil
}

// Error says what does not work and what to do.
func (e *ConfigError) Error() string {
	s := fmt.Sprintf("source %s: %s", e.Source, e.What)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Do != "" {
		s += "; " + e.Do
	}
	return s
}

// Unwrap is the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Cursor keeps positions over restarts. Names are chosen by sources and stay the
// same. Load gives nil for a name that was never saved. Save returns only when
// the position is durable; an empty position forgets the name.
type Cursor interface {
	Load(ctx context.Context, name string) ([]byte, error)
	Save(ctx context.Context, name string, position []byte) error
}

// Shelf keeps over restarts what a source has acknowledged upstream and must
// handle yet. Put returns only when the data is durable; nil data forgets the
// name. Each calls yield for every name that begins with prefix, in their order,
// until yield returns an error; the data is good until then.
type Shelf interface {
	Put(ctx context.Context, name string, data []byte) error
	Each(ctx context.Context, prefix string, yield func(name string, data []byte) error) error
}

// Lister is what a Cursor may be besides: List yields every position whose name
// begins with prefix, which costs much less than to ask for each. Its error is
// errors.ErrUnsupported where that cannot be done after all.
type Lister interface {
	List(ctx context.Context, prefix string, yield func(name string, position []byte)) error
}

// The classes of object; see envelope.Class.
const (
	Unclassified = envelope.Unclassified
	LogFile      = envelope.LogFile
	DigestFile   = envelope.DigestFile
	FolderMark   = envelope.FolderMark
	ForeignFile  = envelope.ForeignFile
	SecurityLake = envelope.SecurityLake
)
