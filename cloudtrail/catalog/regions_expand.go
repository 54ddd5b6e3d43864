package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
)

// ExpandRegions gives the known region codes that term stands for, in the order
// of Regions. A term is a code (eu-west-1), a wildcard (eu-*, where * is any run
// of characters), a geography in any case (US, EU, JP: the regions on its soil,
// in every partition) or a partition (aws-us-gov). A code of a future region,
// one that has the shape of a region code, stands for itself.
func (c *Catalog) ExpandRegions(term string) ([]string, error) {
	if _, ok := c.region().byCode[term]; ok {
		return []string{term}, nil
	}
	if strings.Contains(term, "*") {
		return c.matchingRegions(term)
	}
	if countries := c.region().geographies[strings.ToUpper(term)]; countries != nil {
		return c.codes(func(r Region) bool { return slices.Contains(countries, r.Country) }), nil
	}
	if in := c.codes(func(r Region) bool { return r.Partition == term }); len(in) > 0 {
		return in, nil
	}
	if c.PartitionOf(term) != "" {
		return []string{term}, nil
	}
	return nil, c.unknownTerm(term)
}

func (c *Catalog) matchingRegions(wildcard string) ([]string, error) {
	in := c.codes(func(r Region) bool { return wild(wildcard, r.Code) })
	if len(in) == 0 {
		return nil, fmt.Errorf("%q matches none of the %d known regions", wildcard, len(c.region().regions))
	}
	return in, nil
}

func (c *Catalog) codes(in func(Region) bool) []string {
	var out []string
	for _, r := range c.region().regions {
		if in(r) {
			out = append(out, r.Code)
		}
	}
	return out
}

// unknownTerm says what a term may be, and the one that was probably meant.
func (c *Catalog) unknownTerm(term string) error {
	known := slices.Collect(maps.Keys(c.region().byCode))
	known = append(known, c.Geographies()...)
	for _, p := range c.region().partitions {
		known = append(known, p.Name)
	}
	slices.Sort(known)
	if s := nearest.Of(term, known); s != "" {
		return fmt.Errorf("%.60q is no region; did you mean %s?", term, s)
	}
	return fmt.Errorf("%.60q is no region: give a code (eu-west-1), a wildcard (eu-*), a partition (aws-us-gov) or a geography (%s)",
		term, strings.Join(c.Geographies(), ", "))
}

// Geographies are the names of geographies that ExpandRegions knows, sorted.
func (c *Catalog) Geographies() []string {
	return slices.Sorted(maps.Keys(c.region().geographies))
}

// GeographiesOf are the geographies of a known region: its country and the
// groups around it.
func (c *Catalog) GeographiesOf(code string) []string {
	r, ok := c.region().byCode[code]
	if !ok {
		return nil
	}
	var out []string
	for _, g := range c.Geographies() {
		if slices.Contains(c.region().geographies[g], r.Country) {
			out = append(out, g)
		}
	}
	return out
}

// wild tells whether text matches pattern, whose * is any run of characters.
func wild(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}
