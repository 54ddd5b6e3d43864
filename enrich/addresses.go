package enrich

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Addresses knows where internet addresses are, from MaxMind DB files: cities or
// countries, autonomous systems, in one file or several. MaxMind's own files and
// those of others that use its field names, or the flat ones of IPinfo, are read.
type Addresses struct {
	paths []string

	mu      sync.RWMutex
	readers []*maxminddb.Reader
}

// OpenAddresses opens the files at paths. Of a fact that several know, the first
// file's is told.
func OpenAddresses(paths ...string) (*Addresses, error) {
	a := &Addresses{paths: paths}
	return a, a.Reload()
}

// Reload opens the files anew, after they were replaced. When one cannot be
// opened, the old ones stay.
func (a *Addresses) Reload() error {
	var readers []*maxminddb.Reader
	for _, p := range a.paths {
		r, err := maxminddb.Open(p)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: not a MaxMind DB file that can be read: %w", p, err), closeAll(readers))
		}
		readers = append(readers, r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.readers
	a.readers = readers
	return closeAll(old)
}

// Close closes the files; nothing is known afterwards.
func (a *Addresses) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.readers
	a.readers = nil
	return closeAll(old)
}

func closeAll(readers []*maxminddb.Reader) error {
	var err error
	for _, r := range readers {
		err = errors.Join(err, r.Close())
	}
	return err
}

// Address tells the country (ISO 3166 alpha-2), the city in English and the
// autonomous system ("AS64500 Example Net") of an address, each where it is
// known.
func (a *Addresses) Address(ip netip.Addr) (country, city, asn string, ok bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if !placed(ip) {
		return "", "", "", false
	}
	for _, r := range a.readers {
		found := r.Lookup(ip.Unmap().WithZone(""))
		var rec map[string]any
		if !found.Found() || found.Decode(&rec) != nil {
			continue
		}
		country = first(country, text(rec, "country", "iso_code"), text(rec, "country_code"), text(rec, "country"), text(rec, "registered_country", "iso_code"))
		city = first(city, text(rec, "city", "names", "en"), text(rec, "city"))
		asn = first(asn, system(rec))
	}
	return country, city, asn, country+city+asn != ""
}

// Country is the country of an address (ISO 3166 alpha-2), empty where it is not
// known. It is what Address tells, at a tenth of the cost.
func (a *Addresses) Country(ip netip.Addr) (code string) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if !placed(ip) {
		return ""
	}
	for _, r := range a.readers {
		found := r.Lookup(ip.Unmap().WithZone(""))
		for _, keys := range countryKeys {
			var s string
			if found.Found() && found.DecodePath(&s, keys...) == nil && s != "" {
				return s
			}
		}
	}
	return ""
}

// countryKeys are where files keep a country's code, in the order of preference.
var countryKeys = [][]any{{"country", "iso_code"}, {"country_code"}, {"country"}, {"registered_country", "iso_code"}}

// placed tells whether the address can have a place.
func placed(ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsUnspecified()
}

// system is the autonomous system, by number and name.
func system(rec map[string]any) string {
	number := text(rec, "asn")
	if n, ok := number64(rec["autonomous_system_number"]); ok {
		number = "AS" + strconv.FormatUint(n, 10)
	}
	return strings.TrimSpace(number + " " + first(text(rec, "autonomous_system_organization"), text(rec, "as_name")))
}

func number64(x any) (uint64, bool) {
	switch n := x.(type) {
	case uint64:
		return n, true
	case uint32:
		return uint64(n), true
	case uint16:
		return uint64(n), true
	case int32:
		return uint64(max(n, 0)), true
	case int:
		return uint64(max(n, 0)), true
	}
	return 0, false
}

func text(x any, keys ...string) string {
	for _, k := range keys {
		m, _ := x.(map[string]any)
		x = m[k]
	}
	s, _ := x.(string)
	return s
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
