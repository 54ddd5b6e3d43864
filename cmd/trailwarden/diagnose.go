package main

import (
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/lint"
)

// diagnose prints what is wrong with rules, as rules lint does, and counts the
// errors. Notes are left to rules lint.
func diagnose(s *streams, list diagnostic.List) (errors int) {
	var worth diagnostic.List
	for _, d := range list {
		if d.Severity == diagnostic.Error {
			errors++
		}
		if d.Severity != diagnostic.Note {
			worth = append(worth, d)
		}
	}
	if err := lint.WriteText(s.err, worth); err != nil {
		s.say("%v", err)
	}
	return errors
}
