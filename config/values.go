package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/internal/period"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/severity"
)

// scalar is a value that is written as text of a form of its own.
type scalar interface {
	parse(text string) error
	form() form
}

// form describes a scalar in the JSON Schema.
type form struct {
	types    []string // of JSON
	pattern  string
	examples []string
	enum     []string
}

// Duration is a length of time, written as 90s, 15m, 24h, 7d or 2w, or a sum
// such as 1h30m.
type Duration time.Duration

func (d *Duration) parse(text string) error {
	length, err := period.Parse(text)
	switch {
	case errors.Is(err, period.ErrLong):
		return fmt.Errorf("%s is longer than 100 years", quoted(text))
	case err != nil:
		return fmt.Errorf("%s is no length of time; want such as 90s, 15m, 24h, 7d or 2w", quoted(text))
	}
	*d = Duration(length)
	return nil
}

func (*Duration) form() form {
	return form{types: []string{"string", "integer"}, pattern: `^(0|([0-9]+(ms|s|m|h|d|w))+)$`, examples: []string{"15m", "24h", "7d"}}
}

// timeUnits are those that durations are written in, from the longest.
var timeUnits = []struct {
	name   string
	length time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// Std is the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration as a configuration does, in days and smaller units.
func (d Duration) String() string {
	if d == 0 {
		return "0"
	}
	var b strings.Builder
	rest := time.Duration(d)
	for _, u := range timeUnits {
		if n := rest / u.length; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			rest -= n * u.length
		}
	}
	return b.String()
}

// Bytes is a number of bytes, written as 4096, 256KiB, 64MiB or 2GiB.
type Bytes int64

var byteForm = re2.Own(`^([0-9]{1,15}) ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$`)

var byteUnits = map[string]int64{
	"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
}

func (b *Bytes) parse(text string) error {
	m := byteForm.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%s is no number of bytes; want such as 4096, 256KiB or 2GiB", quoted(text))
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := byteUnits[m[2]]
	if err != nil || n > (1<<62)/unit {
		return fmt.Errorf("%s is too many bytes", quoted(text))
	}
	*b = Bytes(n * unit)
	return nil
}

func (*Bytes) form() form {
	return form{types: []string{"string", "integer"}, pattern: `^[0-9]{1,15} ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$`, examples: []string{"256KiB", "4MiB", "2GiB"}}
}

// Rate is a number of things in a length of time, written as 30/m or 1/s.
type Rate struct {
	Count int
	Per   time.Duration
}

var rateForm = re2.Own(`^([0-9]{1,6})/(s|m|min|h|d)$`)

func (r *Rate) parse(text string) error {
	m := rateForm.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%s is no rate; want such as 1/s, 30/m or 100/h", quoted(text))
	}
	r.Count, _ = strconv.Atoi(m[1])
	r.Per, _ = period.Parse("1" + strings.TrimSuffix(m[2], "in"))
	if r.Count == 0 {
		return errors.New("a rate of 0 would send nothing; want such as 30/m")
	}
	return nil
}

func (*Rate) form() form {
	return form{types: []string{"string"}, pattern: rateForm.String(), examples: []string{"1/s", "30/m"}}
}

// IsZero tells whether no rate was given.
func (r Rate) IsZero() bool { return r.Count == 0 }

// PerMinute is the rate in whole things a minute, at least one.
func (r Rate) PerMinute() int { return max(1, int(math.Round(r.perMinute()))) }

// perMinute multiplies before it divides: what comes out whole is whole, as
// 1000/60*60 is not.
func (r Rate) perMinute() float64 {
	if r.IsZero() {
		return 0
	}
	return float64(r.Count) * 60 / r.Per.Seconds()
}

// Date is an instant, written as 2026-12-31 (the end of that day, UTC) or in
// RFC 3339.
type Date time.Time

func (d *Date) parse(text string) error {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		*d = Date(t.AddDate(0, 0, 1))
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%s is no date; want such as 2026-12-31 (until its end, UTC) or 2026-12-31T18:00:00Z", quoted(text))
	}
	*d = Date(t.UTC())
	return nil
}

func (*Date) form() form {
	return form{types: []string{"string"}, pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$`, examples: []string{"2026-12-31"}}
}

// Time is the instant, UTC.
func (d Date) Time() time.Time { return time.Time(d) }

// IsZero tells whether no date was given.
func (d Date) IsZero() bool { return time.Time(d).IsZero() }

// Level is a severity; the zero Level was not given.
type Level struct {
	Given bool
	Level severity.Level
}

func (l *Level) parse(text string) (err error) {
	l.Level, err = severity.Parse(text)
	l.Given = err == nil
	if err != nil {
		return notOneOf("severity", text, severity.Names())
	}
	return nil
}

func (*Level) form() form { return form{types: []string{"string"}, enum: severity.Names()} }

func (s *Secret) parse(text string) (err error) {
	*s, err = ParseSecret(text)
	return err
}

func (*Secret) form() form {
	return form{types: []string{"string"}, pattern: `^(env|file|secretsmanager|ssm):.*\S.*$`,
		examples: []string{"env:SLACK_WEBHOOK", "file:/etc/trailwarden/token", "secretsmanager:trailwarden/servicenow#password", "ssm:/trailwarden/token"}}
}

// quoted is text for a message: short, and not at all when it may be a secret.
func quoted(text string) string {
	if looksSecret(text) != "" {
		return "the text here"
	}
	return strconv.Quote(clip(text))
}

// clip shortens text that a message quotes.
func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// ParseDuration reads a length of time as a configuration has it: 90s, 24h, 7d.
func ParseDuration(text string) (time.Duration, error) {
	var d Duration
	err := d.parse(text)
	return d.Std(), err
}

// ParseDate reads the end of something as a configuration has it: 2026-12-31
// (the end of that day, UTC) or RFC 3339.
func ParseDate(text string) (time.Time, error) {
	var d Date
	err := d.parse(text)
	return d.Time(), err
}
