package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Documents are read by hand, too, as encoding/json would read them: when sinks
// are slower than what is found, each alert that is told was forgotten by then and
// is read again. What stands in few documents is left to encoding/json. A test
// compares the two.

// rulesRead are rules as they were read, by their text: the documents of all
// alerts of a rule hold the same one.
type rulesRead struct {
	mu  sync.Mutex
	all map[string]*alert.Rule
}

func (r *rulesRead) rule(text []byte) (*alert.Rule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rule := r.all[string(text)]; rule != nil {
		return rule, nil
	}
	var rule *alert.Rule
	if err := json.Unmarshal(text, &rule); err != nil {
		return nil, err
	}
	if len(r.all) >= mostWritten || r.all == nil {
		r.all = map[string]*alert.Rule{}
	}
	r.all[string(text)] = rule
	return rule, nil
}

// loupe reads the members of an object. Its error is the first.
type loupe struct{ err error }

// object gives every member that is not null.
func (l *loupe) object(v cloudtrail.Value, member func(name string, v cloudtrail.Value)) {
	if v.Kind() != cloudtrail.Object {
		l.fail(fmt.Errorf("an object was expected and not a %s", v.Kind()))
	}
	v.Members(func(name []byte, v cloudtrail.Value) bool {
		if v.Kind() != cloudtrail.Null {
			member(string(name), v)
		}
		return l.err == nil
	})
}

func (l *loupe) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

func (l *loupe) number(to *int64, v cloudtrail.Value) {
	n, err := strconv.ParseInt(string(v.Raw()), 10, 64)
	if err != nil {
		l.fail(err)
	}
	*to = n
}

func (l *loupe) time(to *time.Time, v cloudtrail.Value) { l.fail(to.UnmarshalJSON(v.Raw())) }

// any leaves it to encoding/json.
func (l *loupe) any(to any, v cloudtrail.Value) { l.fail(json.Unmarshal(v.Raw(), to)) }

// elements reads an array: what each element says is put into a new element of
// to.
func elements[T any](l *loupe, to *[]T, v cloudtrail.Value, each func(*T, cloudtrail.Value)) {
	if v.Kind() != cloudtrail.Array {
		l.fail(fmt.Errorf("an array was expected and not a %s", v.Kind()))
	}
	*to = []T{}
	v.Elements(func(_ int, v cloudtrail.Value) bool {
		*to = append(*to, *new(T))
		each(&(*to)[len(*to)-1], v)
		return l.err == nil
	})
}

// readAlert reads what doc wrote, or encoding/json in earlier versions.
func readAlert(doc []byte, rules *rulesRead) (*alert.Alert, error) {
	a, l := &alert.Alert{}, &loupe{}
	l.object(cloudtrail.ValueOf(doc), func(name string, v cloudtrail.Value) {
		switch name {
		case "rule":
			var err error
			a.Rule, err = rules.rule(v.Raw())
			l.fail(err)
		case "id":
			a.ID = v.Str()
		case "group":
			elements(l, &a.Group, v, l.label)
		case "status":
			a.Status = alert.Status(v.Str())
		case "mode":
			a.Mode = v.Str()
		case "samples":
			elements(l, &a.Samples, v, l.sample)
		case "tallies":
			elements(l, &a.Tallies, v, l.tally)
		case "told":
			elements(l, &a.Told, v, l.told)
		case "silence":
			a.Silence = v.Str()
		case "notes":
			l.any(&a.Notes, v)
		case "owner":
			a.Owner = v.Str()
		default:
			l.counter(a, name, v)
		}
	})
	if l.err == nil && a.Rule == nil {
		l.err = errors.New("the document names no rule")
	}
	return a, l.err
}

// counter reads a number or a time of an alert.
func (l *loupe) counter(a *alert.Alert, name string, v cloudtrail.Value) {
	switch name {
	case "bucket":
		l.time(&a.Bucket, v)
	case "count":
		l.number(&a.Count, v)
	case "firstSeen":
		l.time(&a.FirstSeen, v)
	case "lastSeen":
		l.time(&a.LastSeen, v)
	case "created":
		l.time(&a.Created, v)
	case "updated":
		l.time(&a.Updated, v)
	case "version":
		l.number(&a.Version, v)
	}
}

func (l *loupe) label(to *alert.Label, v cloudtrail.Value) {
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "name":
			to.Name = v.Str()
		case "value":
			to.Value = v.Str()
		}
	})
}

func (l *loupe) tally(to *alert.Tally, v cloudtrail.Value) {
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "field":
			to.Field = v.Str()
		case "values":
			elements(l, &to.Values, v, l.tallied)
		case "others":
			l.number(&to.Others, v)
		}
	})
}

func (l *loupe) tallied(to *alert.TalliedText, v cloudtrail.Value) {
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "text":
			to.Text = v.Str()
		case "count":
			l.number(&to.Count, v)
		}
	})
}

// readTold reads what told wrote.
func readTold(doc []byte) (all []alert.Told, err error) {
	l := &loupe{}
	elements(l, &all, cloudtrail.ValueOf(doc), l.told)
	return all, l.err
}

func (l *loupe) told(to *alert.Told, v cloudtrail.Value) {
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "sink":
			to.Sink = v.Str()
		case "count":
			l.number(&to.Count, v)
		case "at":
			l.time(&to.At, v)
		case "sequence":
			l.number(&to.Sequence, v)
		case "pending":
			to.Pending = v.Str()
		case "dead":
			l.time(&to.Dead, v)
		case "reopened":
			l.time(&to.Reopened, v)
		case "storm":
			to.Storm = v.Str()
		case "summed":
			l.number(&to.Summed, v)
		case "receipt":
			l.any(&to.Receipt, v)
		}
	})
}

// readSamples reads what samples wrote; the records stay part of doc.
func readSamples(doc []byte) (all []alert.Sample, err error) {
	l := &loupe{}
	elements(l, &all, cloudtrail.ValueOf(doc), l.sample)
	return all, l.err
}

func (l *loupe) sample(to *alert.Sample, v cloudtrail.Value) {
	to.Record = json.RawMessage("null") // which encoding/json keeps as it is
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "event":
			to.Record = v.Raw()
		case "identity":
			to.Identity = v.Str()
		case "time":
			l.time(&to.Time, v)
		case "evidence":
			l.evidence(&to.Evidence, v)
		case "detection":
			l.any(&to.Detection, v)
		case "row":
			elements(l, &to.Row, v, l.label)
		}
	})
}

func (l *loupe) evidence(to *alert.Evidence, v cloudtrail.Value) {
	l.object(v, func(name string, v cloudtrail.Value) {
		switch name {
		case "file":
			to.File = v.Str()
		case "version":
			to.Version = v.Str()
		case "record":
			var n int64
			l.number(&n, v)
			to.Record = int(n)
		case "eventID":
			to.EventID = v.Str()
		case "integrity":
			to.Integrity = v.Str()
		}
	})
}

// readDelivery reads what delivery wrote.
func readDelivery(doc []byte) (d alert.Delivery, err error) {
	l := &loupe{}
	l.object(cloudtrail.ValueOf(doc), func(name string, v cloudtrail.Value) {
		switch name {
		case "id":
			d.ID = v.Str()
		case "sink":
			d.Sink = v.Str()
		case "alert":
			d.Alert = v.Str()
		case "kind":
			d.Kind = alert.Kind(v.Str())
		case "sequence":
			l.number(&d.Sequence, v)
		case "created":
			l.time(&d.Created, v)
		case "notUntil":
			l.time(&d.NotUntil, v)
		default:
			l.attempts(&d, name, v)
		}
	})
	return d, l.err
}

// attempts reads what a delivery says of attempts, which most have not seen.
func (l *loupe) attempts(d *alert.Delivery, name string, v cloudtrail.Value) {
	switch name {
	case "attempts":
		var n int64
		l.number(&n, v)
		d.Attempts = int(n)
	case "mayRepeat":
		d.MayRepeat = v.IsTrue()
	case "body":
		l.any(&d.Body, v)
	case "receipt":
		l.any(&d.Receipt, v)
	case "lastError":
		d.LastError = v.Str()
	case "count":
		l.number(&d.Count, v)
	case "firstTry":
		l.time(&d.FirstTry, v)
	case "since":
		l.time(&d.Since, v)
	case "died":
		l.time(&d.Died, v)
	}
}
