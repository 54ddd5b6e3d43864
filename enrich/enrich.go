// Package enrich knows what records do not tell: the names of accounts and their
// place in the organization, from a file or from AWS Organizations, and where
// internet addresses are, from MaxMind DB files that the user supplies.
//
// Lookups answer from memory and never wait.
package enrich

import (
	"fmt"
	"strings"
)

// Account is what is known of an AWS account.
type Account struct {
	ID   string `json:"id"` // 12 digits
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"` // path of organizational units, "Root/Workloads/Production"
}

// Accounts is a table of accounts by ID. It is not changed once it is made.
type Accounts map[string]Account

// Account finds an account by its 12 digits.
func (t Accounts) Account(id string) (name, unit string, ok bool) {
	a, ok := t[id]
	return a.Name, a.Unit, ok
}

// Namer finds an account by its 12 digits.
type Namer interface {
	Account(id string) (name, unit string, ok bool)
}

// Chain asks one Namer after the other; the first that knows the account's name
// wins, and a unit that it does not know comes from the next that does.
type Chain []Namer

// Account finds an account by its 12 digits.
func (c Chain) Account(id string) (name, unit string, ok bool) {
	for _, n := range c {
		more, place, known := n.Account(id)
		if !known {
			continue
		}
		ok = true
		if name == "" {
			name = more
		}
		if unit == "" {
			unit = place
		}
	}
	return name, unit, ok
}

// checkID says what is wrong with an account's ID.
func checkID(id string) error {
	digits := strings.Trim(id, "0123456789") == ""
	switch {
	case len(id) == 12 && digits:
		return nil
	case digits && len(id) > 0 && len(id) < 12:
		return fmt.Errorf("the account id %s has %d digits of 12; if a spreadsheet dropped leading zeros, put them back", id, len(id))
	}
	return fmt.Errorf("%.40q is no account id; expected 12 digits", id)
}
