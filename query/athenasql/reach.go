package athenasql

import (
	"slices"
	"time"
)

// Reach is where the records that matter to a query can lie, as far as its text
// says.
type Reach struct {
	// From and To bound the day of delivery, From ≤ day < To; zero times set no
	// bound.
	From, To time.Time
	// Accounts and Regions are the only ones; empty means any.
	Accounts, Regions []string
}

// Reach is what the query's own conditions leave of a bucket.
func (t *Translation) Reach() Reach {
	var r Reach
	r.narrow(t.Filter)
	return r
}

// narrow takes in conditions that all have to hold.
func (r *Reach) narrow(f *Filter) {
	switch {
	case f == nil || f.Any != nil || f.Lower || f.Upper:
	case f.All != nil:
		for _, g := range f.All {
			r.narrow(g)
		}
	case f.Test == Since: // a record is delivered after its event
		r.after(f.Time.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1))
	case f.Leaf == "timestamp":
		r.days(f)
	case f.Leaf == "account" && f.Test == In:
		r.Accounts = common(r.Accounts, f.Values)
	case f.Leaf == "region" && f.Test == In:
		r.Regions = common(r.Regions, f.Values)
	}
}

// days takes in a condition on the day partition.
func (r *Reach) days(f *Filter) {
	var first, last time.Time
	for _, v := range f.Values {
		day, err := time.Parse("2006/01/02", v)
		if err != nil {
			return
		}
		if first.IsZero() || day.Before(first) {
			first = day
		}
		if day.After(last) {
			last = day
		}
	}
	if f.Test == In || f.Test == AtLeast {
		r.after(first)
	}
	if end := last.AddDate(0, 0, 1); (f.Test == In || f.Test == AtMost) && (r.To.IsZero() || end.Before(r.To)) {
		r.To = end
	}
}

func (r *Reach) after(t time.Time) {
	if r.From.IsZero() || t.After(r.From) {
		r.From = t
	}
}

// common are the values that both lists allow; when there are none, those of the
// second, so that something is still asked for and nothing found.
func common(have, more []string) []string {
	if len(have) == 0 {
		return slices.Clone(more)
	}
	both := slices.DeleteFunc(slices.Clone(have), func(v string) bool { return !slices.Contains(more, v) })
	if len(both) == 0 {
		return slices.Clone(more)
	}
	return both
}
