// Package severity ranks rules, findings and alerts.
package severity

import "fmt"

// Level is how much a finding matters.
type Level uint8

// The levels, lowest first.
const (
	Informational Level = iota
	Low
	Medium
	High
	Critical
)

var names = [...]string{"informational", "low", "medium", "high", "critical"}

// Names lists the levels, lowest first.
func Names() []string { return append([]string(nil), names[:]...) }

// String is the level's name in rule files and configuration.
func (l Level) String() string {
	if int(l) >= len(names) {
		return fmt.Sprintf("severity(%d)", uint8(l))
	}
	return names[l]
}

// Parse reads a level's name.
func Parse(s string) (Level, error) {
	for i, n := range names {
		if s == n {
			return Level(i), nil
		}
	}
	return 0, fmt.Errorf("severity %q: want informational, low, medium, high or critical", s)
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(b []byte) (err error) {
	*l, err = Parse(string(b))
	return err
}
