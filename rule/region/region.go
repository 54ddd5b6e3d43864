// Package region is the region guard: it finds what happened in regions that
// nobody approved, knowing which events only seem to happen somewhere.
//
//	approved: [us-east-1, eu-*, US]  # codes, wildcards, geographies, partitions
//	denied: [eu-west-3]              # taken out again; alone: all regions but these
//	reads: ignore                    # or judge: calls that only read
//	global: ignore                   # or judge: services without regions, sign-in, global STS
//	services: judge                  # or ignore: AWS acting on its own
//	failures: judge                  # or ignore: calls that failed
//	global_services:                 # corrections to the shipped list
//	  add: {example.amazonaws.com: [us-east-1]}
//	  remove: [support.amazonaws.com]
//	accounts:                        # approved sets of single accounts
//	  "111122223333": [eu-west-1]
//	  "444455556666": {approved: [US], reads: judge}
//
// Only approved (or denied) is needed; the values shown for the other keys'
// first lines are the defaults. An account's mapping keeps what it does not name.
//
// A record is judged in this order. An awsRegion that is missing, empty or no
// text is always reported: nobody approved it. A global event is left alone,
// unless global says judge: one of a service without regions, recorded in that
// service's home; a console sign-in recorded where the global endpoint records
// (root: at the home only); an STS call to the global endpoint. An approved
// region is left alone. What remains is reported, except reads (readOnly true or
// the text "true"; a record that does not say counts as a write) and whatever
// else the policy ignores.
//
// Terms are expanded against the shipped catalogue when the policy is read, so
// that a region AWS opens tomorrow is unapproved until somebody says otherwise.
package region

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// Mode says what happens to a class of events outside the approved regions.
type Mode uint8

// The modes.
const (
	Ignore Mode = iota
	Judge
)

// String is the mode's name in a policy.
func (m Mode) String() string { return [...]string{"ignore", "judge"}[m] }

// Settings are a policy for one account, or for all that have none of their own.
type Settings struct {
	Approved []string // region codes, expanded, in catalogue order
	Reads    Mode     // calls that only read
	Global   Mode     // events of services without a region, at their homes
	Services Mode     // AWS acting on its own
	Failures Mode     // calls that failed
}

// Policy is a region guard. Make one with New, Parse or ParseNode.
type Policy struct {
	Settings
	Accounts map[string]Settings // by account number
	Globals  []catalog.GlobalService
	SignIn   catalog.SignIn

	terms []term // as written, for Lint and Describe
}

// term is one entry of an approved or denied list.
type term struct {
	text    string
	account string // "" for everybody
	denied  bool
	codes   []string
	line    int
	column  int
}

// New is the default policy for approved terms (codes, wildcards, geographies,
// partitions): reads are ignored, global events are no violation, everything
// else outside is.
func New(approved ...string) (*Policy, error) {
	p := blank()
	for _, text := range approved {
		codes, err := catalog.Default().ExpandRegions(text)
		if err != nil {
			return nil, err
		}
		p.terms = append(p.terms, term{text: text, codes: codes})
	}
	p.Approved = settle(p.terms, "")
	return p, nil
}

func blank() *Policy {
	return &Policy{
		Settings: Settings{Services: Judge, Failures: Judge},
		Globals:  catalog.Default().GlobalServices(),
		SignIn:   catalog.Default().SignIn(),
	}
}

// settle is the set of codes that an account's terms leave approved, in
// catalogue order, codes of regions to come last.
func settle(terms []term, account string) []string {
	in, named := map[string]bool{}, false
	for _, t := range terms {
		if t.account == account && !t.denied {
			named = true
			for _, c := range t.codes {
				in[c] = true
			}
		}
	}
	if !named {
		for _, r := range catalog.Default().Regions() {
			in[r.Code] = true
		}
	}
	for _, t := range terms {
		if t.account == account && t.denied {
			for _, c := range t.codes {
				delete(in, c)
			}
		}
	}
	return ordered(in)
}

func ordered(in map[string]bool) []string {
	var out []string
	for _, r := range catalog.Default().Regions() {
		if in[r.Code] {
			out = append(out, r.Code)
			delete(in, r.Code)
		}
	}
	return append(out, slices.Sorted(maps.Keys(in))...)
}

// Describe says in plain words what the policy approves once its terms are
// expanded, and what it leaves alone, one line each.
func (p *Policy) Describe() string {
	var b strings.Builder
	p.describe(&b, "", p.Settings)
	for _, id := range slices.Sorted(maps.Keys(p.Accounts)) {
		p.describe(&b, id, p.Accounts[id])
	}
	return b.String()
}

func (p *Policy) describe(b *strings.Builder, account string, s Settings) {
	if account != "" {
		fmt.Fprintf(b, "account %s:\n", account)
	}
	fmt.Fprintf(b, "approved regions (%d): %s\n", len(s.Approved), strings.Join(s.Approved, ", "))
	for _, t := range p.terms {
		if t.account == account && !slices.Equal(t.codes, []string{t.text}) {
			fmt.Fprintf(b, "  %s is %s\n", t.text, strings.Join(t.codes, ", "))
		}
	}
	for _, x := range []struct {
		what string
		mode Mode
	}{
		{"calls that only read", s.Reads},
		{"services without regions, sign-in and global STS at their homes", s.Global},
		{"AWS acting on its own", s.Services},
		{"calls that failed", s.Failures},
	} {
		if x.mode == Ignore {
			fmt.Fprintf(b, "not reported: %s\n", x.what)
		}
	}
}
