package rule

import (
	"net/netip"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// NoCountries is why a rule on countries judges nothing where nobody knows them.
const NoCountries = "it is on countries, and no file of countries is given (enrich.geoip.city in the configuration, or --geoip)"

// locate gives rules on countries somebody who knows them.
func (l *loader) locate() {
	var countryOf func(netip.Addr) string
	var err error
	asked := false
	for _, r := range l.set.Rules {
		if r.Memory == nil || !r.Memory.Spec.NeedsCountry() {
			continue
		}
		if !asked && l.opts.Countries != nil {
			asked = true
			countryOf, err = l.opts.Countries()
		}
		switch {
		case countryOf != nil:
			r.Memory.Spec = r.Memory.Spec.Located(countryOf)
			continue
		case err != nil:
			r.Inactive = "it is on countries: " + err.Error()
		default:
			r.Inactive = NoCountries
		}
		l.list = append(l.list, diagnostic.Diagnostic{
			Code: CodeCountry, Severity: diagnostic.Warning, File: r.File, Rule: r.ID, Line: r.Line,
			Message: "the rule judges nothing: " + r.Inactive,
			Why:     "nothing else tells the country of an address",
			Fix:     "give a GeoLite2-City, GeoIP2-City or -Country file, or use network in place of country",
		})
	}
}
