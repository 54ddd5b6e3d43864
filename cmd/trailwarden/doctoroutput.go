package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/report"
)

// list prints the catalogue.
func (c *doctorCommand) list(s *streams) error {
	checks, err := c.checks()
	if err != nil {
		return err
	}
	if c.Format != "table" {
		return printCatalogue(s, checks, c.Format == "json")
	}
	for _, k := range checks {
		fmt.Fprintf(s.out, "%s (%s): %s\n    %s\n", k.ID, k.Severity, k.Title, k.Asks)
		if len(k.Actions) > 0 {
			fmt.Fprintf(s.out, "    needs %s\n", strings.Join(k.Actions, " "))
		}
	}
	_, err = fmt.Fprintf(s.out, "\n%s; all actions together:\n%s\n", counted(len(checks), "check"), strings.Join(doctor.Actions(checks), "\n"))
	return err
}

func printCatalogue(s *streams, checks []doctor.Check, one bool) error {
	type entry struct {
		ID       string   `json:"id"`
		Title    string   `json:"title"`
		Asks     string   `json:"asks"`
		Severity string   `json:"severity"`
		Actions  []string `json:"actions"`
	}
	all := []entry{}
	for _, k := range checks {
		all = append(all, entry{k.ID, k.Title, k.Asks, k.Severity.String(), append([]string{}, k.Actions...)})
	}
	if one {
		return writeJSON(s, all)
	}
	return eachLine(s, all)
}

// eachLine prints one JSON object a line.
func eachLine[T any](s *streams, all []T) error {
	e := json.NewEncoder(report.TerminalJSON(s.out))
	e.SetEscapeHTML(false)
	for i := range all {
		if err := e.Encode(all[i]); err != nil {
			return err
		}
	}
	return nil
}

// print prints what the checks say.
func (c *doctorCommand) print(s *streams, r doctor.Report) error {
	shown := []doctor.Result{}
	for _, x := range r.Results {
		if c.All || c.Format != "table" || x.State == doctor.Broken || x.State == doctor.Unknown || x.State == doctor.Warn {
			shown = append(shown, x)
		}
	}
	switch c.Format {
	case "json":
		counts := map[doctor.State]int{}
		for _, state := range doctor.States() {
			counts[state] = r.Count(state)
		}
		return writeJSON(s, struct {
			Results []doctor.Result      `json:"results"`
			Summary map[doctor.State]int `json:"summary"`
		}{shown, counts})
	case "ndjson":
		return eachLine(s, shown)
	}
	for _, x := range alike(shown) {
		printResult(s, x, "")
	}
	_, err := fmt.Fprintf(s.out, "%d broken, %s, %d could not be checked, %d ok, %d not applicable\n",
		r.Count(doctor.Broken), counted(r.Count(doctor.Warn), "warning"), r.Count(doctor.Unknown), r.Count(doctor.OK), r.Count(doctor.NotApplicable))
	return err
}

// shownChecks is how many checks one result names.
const shownChecks = 5

// alike makes one result of those of all checks that could not be made for the
// same reason: without credentials these are nearly all. What they were about is
// named where it is the same.
func alike(list []doctor.Result) (out []doctor.Result) {
	type reason struct{ cause, fix string }
	at := map[reason]int{}
	checks := map[int][]string{}
	for _, x := range list {
		r := reason{x.Cause, x.Fix}
		i, seen := at[r]
		if x.State != doctor.Unknown || !seen {
			i, out = len(out), append(out, x)
		}
		if x.State != doctor.Unknown {
			continue
		}
		at[r], checks[i] = i, append(checks[i], x.Check)
		out[i].Severity = max(out[i].Severity, x.Severity)
		if x.Object != out[i].Object {
			out[i].Object = ""
		}
	}
	for i, all := range checks {
		out[i].Check = strings.Join(all[:min(shownChecks, len(all))], ", ")
		if more := len(all) - shownChecks; more > 0 {
			out[i].Check += fmt.Sprintf(" and %d more", more)
		}
	}
	return out
}

// printResult prints a result for a person. What AWS and other people wrote is
// shown, not obeyed.
func printResult(s *streams, x doctor.Result, indent string) {
	head := string(x.State)
	if x.State == doctor.Broken || x.State == doctor.Warn || x.State == doctor.Unknown {
		head += ", " + x.Severity.String()
	}
	if object := strings.TrimSpace(x.Object); object != "" {
		head += ": " + visible.Text(object)
	}
	fmt.Fprintf(s.out, "%s%s: %s\n", indent, x.Check, head)
	fmt.Fprintf(s.out, "%s    %s\n", indent, visible.Text(x.Cause))
	if x.Fix != "" {
		fmt.Fprintf(s.out, "%s    fix: %s\n", indent, visible.Text(x.Fix))
	}
}

func printHop(s *streams, h doctor.Hop) {
	fmt.Fprintf(s.out, "%s  +%-8s %-12s %s\n", stamp(h.At), time.Duration(h.After).Round(time.Second), visible.Text(h.Name), visible.Text(h.Detail))
}

// printFlight prints the end of a canary's flight; its hops were printed as they
// came.
func (c *doctorCommand) printFlight(s *streams, f doctor.Flight) error {
	switch c.Format {
	case "json":
		return writeJSON(s, f)
	case "ndjson":
		return eachLine(s, []doctor.Flight{f})
	}
	for _, u := range f.Unfollowed {
		fmt.Fprintf(s.out, "not followed: %s\n", visible.Text(u))
	}
	if f.Stuck == "" {
		_, err := fmt.Fprintf(s.out, "The canary %s arrived.\n", f.Marker)
		return err
	}
	fmt.Fprintf(s.out, "The canary %s got stuck: %s was not seen in time.\n", f.Marker, visible.Text(f.Stuck))
	for _, x := range f.Causes {
		printResult(s, x, "  ")
	}
	return nil
}
