package region

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The codes of this package's diagnostics.
const (
	CodeSyntax  = "RG001" // not YAML, or not a mapping
	CodeKey     = "RG002" // a key that a policy does not have
	CodeValue   = "RG003" // a value of the wrong type, or none of those allowed
	CodeTerm    = "RG004" // a term that names no region
	CodeNothing = "RG005" // neither approved nor denied
	CodeAccount = "RG006" // not an account number
	CodeSource  = "RG007" // not an event source

	CodeFuture    = "RGW1" // warning: a region the catalogue does not know
	CodeGlobal    = "RGW2" // warning: global events will be reported
	CodeReads     = "RGW3" // note: reads will be reported
	CodePointless = "RGW4" // warning: a policy or a term that changes nothing
)

// maxTerms bounds the terms and accounts of one policy, and so its predicate.
const maxTerms = 20_000

// Parse reads a policy written as YAML (or JSON).
func Parse(text string) (*Policy, diagnostic.List) {
	docs, err := yamldoc.Parse([]byte(text))
	if err != nil {
		d := diagnostic.Diagnostic{Code: CodeSyntax, Message: err.Error()}
		var at *yamldoc.Error
		if errors.As(err, &at) {
			d.Line, d.Message = at.Line, at.Message
		}
		return nil, diagnostic.List{d}
	}
	if len(docs) != 1 {
		return nil, diagnostic.List{{Code: CodeSyntax, Line: 1, Message: fmt.Sprintf("%d YAML documents; a region policy is one", len(docs))}}
	}
	return ParseNode(docs[0])
}

// ParseNode reads a policy from the YAML value of a rule's match.region.
func ParseNode(n *yamldoc.Node) (*Policy, diagnostic.List) {
	r := reader{policy: blank(), named: make(map[string]bool)}
	if n == nil || n.Kind != yamldoc.Map {
		r.fail(n, CodeSyntax, "a region policy is a mapping with the key approved, as in {approved: [us-east-1, eu-*], reads: ignore}")
		return nil, r.list
	}
	r.read(n)
	slices.SortStableFunc(r.list, func(a, b diagnostic.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if r.list.Err() != nil {
		return nil, r.list
	}
	return r.policy, r.list
}

type reader struct {
	policy *Policy
	list   diagnostic.List
	named  map[string]bool // accounts ("" the policy itself) that name regions of their own
}

func (r *reader) fail(n *yamldoc.Node, code, format string, args ...any) {
	d := diagnostic.Diagnostic{Code: code, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		d.Line, d.Column = n.Line, n.Column
	}
	r.list = append(r.list, d)
}

var (
	accountKeys = []string{"approved", "denied", "reads", "global", "services", "failures"}
	policyKeys  = append(slices.Clone(accountKeys), "global_services", "accounts")
)

func (r *reader) read(n *yamldoc.Node) {
	p := r.policy
	r.settings(n, "", &p.Settings, policyKeys)
	if g := n.Get("global_services"); g != nil {
		r.corrections(g)
	}
	if a := n.Get("accounts"); a != nil {
		r.accounts(a)
	}
	p.Approved = settle(p.terms, "")
	for id, s := range p.Accounts {
		if s.Approved = p.Approved; r.named[id] {
			s.Approved = settle(p.terms, id)
		}
		p.Accounts[id] = s
	}
}

// settings reads the keys that the policy and its accounts share.
func (r *reader) settings(n *yamldoc.Node, account string, s *Settings, known []string) {
	named := n.Get("approved") != nil || n.Get("denied") != nil
	if r.named[account] = named; r.keys(n, "region policy", known) && !named && account == "" {
		r.fail(n, CodeNothing, "no approved regions: give approved: [region, …], or denied: [region, …] for all but those")
	}
	r.regions(n.Get("approved"), account, false)
	r.regions(n.Get("denied"), account, true)
	r.mode(n, "reads", &s.Reads)
	r.mode(n, "global", &s.Global)
	r.mode(n, "services", &s.Services)
	r.mode(n, "failures", &s.Failures)
}

// keys tells whether every key of n is known.
func (r *reader) keys(n *yamldoc.Node, what string, known []string) bool {
	before := len(r.list)
	for _, k := range n.Keys {
		if slices.Contains(known, k.Text) {
			continue
		}
		hint := ""
		if s := nearest.Of(k.Text, known); s != "" {
			hint = "; did you mean " + s + "?"
		}
		r.fail(k, CodeKey, "a %s has no key %.60q%s (it has: %s)", what, k.Text, hint, strings.Join(known, ", "))
	}
	return len(r.list) == before
}

func (r *reader) mode(n *yamldoc.Node, key string, m *Mode) {
	v := n.Get(key)
	switch {
	case v == nil:
	case v.Kind == yamldoc.String && v.Text == "ignore":
		*m = Ignore
	case v.Kind == yamldoc.String && v.Text == "judge":
		*m = Judge
	default:
		r.fail(v, CodeValue, "%s is ignore or judge, not %.60q", key, v.Text)
	}
}

// regions reads a list of terms, or one term without the list.
func (r *reader) regions(n *yamldoc.Node, account string, denied bool) {
	if n == nil {
		return
	}
	items := n.Values
	switch n.Kind {
	case yamldoc.List:
		if len(items) == 0 {
			r.fail(n, CodeNothing, "the list of regions is empty; to watch every region write denied: [\"*\"]")
		}
	case yamldoc.String:
		items = []*yamldoc.Node{n}
	default:
		r.fail(n, CodeValue, "want a list of regions, found a %s", n.Kind)
		return
	}
	for _, v := range items {
		r.term(v, account, denied)
	}
}

func (r *reader) term(v *yamldoc.Node, account string, denied bool) {
	if v.Kind != yamldoc.String {
		r.fail(v, CodeValue, "want a region code, wildcard, geography or partition, found a %s", v.Kind)
		return
	}
	if len(r.policy.terms) >= maxTerms {
		if len(r.policy.terms) == maxTerms {
			r.fail(v, CodeValue, "more than %d regions are listed in one policy", maxTerms)
			r.policy.terms = append(r.policy.terms, term{})
		}
		return
	}
	codes, err := catalog.Default().ExpandRegions(v.Text)
	if err != nil {
		r.fail(v, CodeTerm, "%s", err)
		return
	}
	r.policy.terms = append(r.policy.terms, term{v.Text, account, denied, codes, v.Line, v.Column})
}

func (r *reader) accounts(n *yamldoc.Node) {
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "accounts is a mapping from account number to its approved regions, not a %s", n.Kind)
		return
	}
	r.policy.Accounts = make(map[string]Settings, len(n.Keys))
	for i, k := range n.Keys {
		if !isAccount(k.Text) {
			r.fail(k, CodeAccount, "%.60q is no account number: 12 digits, leading zeros included", k.Text)
			continue
		}
		s := r.policy.Settings
		if v := n.Values[i]; v.Kind == yamldoc.Map {
			r.settings(v, k.Text, &s, accountKeys)
		} else {
			r.named[k.Text] = true
			r.regions(v, k.Text, false)
		}
		r.policy.Accounts[k.Text] = s
	}
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// corrections reads global_services.
func (r *reader) corrections(n *yamldoc.Node) {
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "global_services is a mapping with add and remove, not a %s", n.Kind)
		return
	}
	r.keys(n, "global_services mapping", []string{"add", "remove"})
	if v := n.Get("remove"); v != nil {
		r.remove(v)
	}
	if v := n.Get("add"); v != nil {
		r.add(v)
	}
}

func (r *reader) remove(n *yamldoc.Node) {
	if n.Kind != yamldoc.List {
		r.fail(n, CodeValue, "remove is a list of event sources, not a %s", n.Kind)
		return
	}
	for _, v := range n.Values {
		i := slices.IndexFunc(r.policy.Globals, func(g catalog.GlobalService) bool { return g.Source == v.Text })
		if i < 0 {
			r.fail(v, CodeSource, "%.60q is not among the services without regions", v.Text)
			continue
		}
		r.policy.Globals = slices.Delete(r.policy.Globals, i, i+1)
	}
}

func (r *reader) add(n *yamldoc.Node) {
	if n.Kind != yamldoc.Map {
		r.fail(n, CodeValue, "add is a mapping from event source to the regions it records in, not a %s", n.Kind)
		return
	}
	for i, k := range n.Keys {
		if !strings.Contains(k.Text, ".amazonaws.") {
			r.fail(k, CodeSource, "%.60q is no event source; they look like iam.amazonaws.com", k.Text)
			continue
		}
		g := catalog.GlobalService{Source: k.Text, Origin: "policy"}
		homes := n.Values[i]
		if homes.Kind != yamldoc.List {
			homes = &yamldoc.Node{Kind: yamldoc.List, Values: []*yamldoc.Node{homes}}
		}
		for _, v := range homes.Values {
			codes, err := catalog.Default().ExpandRegions(v.Text)
			if err != nil {
				r.fail(v, CodeTerm, "%s", err)
			}
			g.Homes = append(g.Homes, codes...)
		}
		r.policy.Globals = append(r.policy.Globals, g)
	}
}
