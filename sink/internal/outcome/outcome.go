// Package outcome turns the errors of AWS calls into outcomes of deliveries,
// by the classes of the sink contract.
package outcome

import (
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/sink"
)

// Codes are classes of error codes of one API that differ from what their kind
// says.
type Codes map[string]alert.Class

// Of is the outcome of a call that ended with err, at now. A topic, bus or
// identity that does not exist pauses the sink as refused credentials do: the
// configuration is wrong and not the message, so nothing may be lost.
func Of(err error, codes Codes, now time.Time) alert.Outcome {
	if err == nil {
		return alert.Outcome{Class: alert.OK}
	}
	f := awsx.Classify(err)
	o := alert.Outcome{Class: class(f.Kind), Reason: Reason(f.Error())}
	if c, ok := codes[f.Code]; ok {
		o.Class = c
	}
	if o.Class != alert.Retry {
		return o
	}
	o.Unsure = f.Sent && (f.Kind == awsx.Network || f.Kind == awsx.Canceled || f.Kind == awsx.Server && f.Status != 503)
	if f.After > 0 {
		o.NotUntil = now.Add(f.After)
	}
	return o
}

// OfEntry is the outcome of one entry of a batch, by the code and text that the
// answer gives for it.
func OfEntry(code, text string, codes Codes) alert.Outcome {
	o := alert.Outcome{Class: class(awsx.KindOfCode(code)), Reason: Reason(code + ": " + text)}
	if c, ok := codes[code]; ok {
		o.Class = c
	}
	return o
}

func class(k awsx.Kind) alert.Class {
	switch k {
	case awsx.Denied, awsx.NotFound:
		return alert.Auth
	case awsx.Invalid:
		return alert.Reject
	}
	return alert.Retry
}

// longestReason is what a dead letter shows of an answer, in characters.
const longestReason = 500

// Reason is text on one line, short enough for a list.
func Reason(text string) string { return sink.Cut(sink.Line(text), longestReason, sink.Characters) }

// Ended is the outcome when the context was over before anything was sent.
func Ended(err error) alert.Outcome {
	return alert.Outcome{Class: alert.Retry, Reason: Reason(err.Error())}
}

// Refused is the outcome of a message that cannot be rendered or sent as it is.
func Refused(err error) alert.Outcome {
	return alert.Outcome{Class: alert.Reject, Reason: Reason(err.Error())}
}
