// Command mmdb writes the MaxMind DB files of the tests, of addresses that are
// reserved for documentation, with MaxMind's own writer: (cd enrich/testdata/mmdb && go run . && mv *.mmdb ..)
package main

import (
	"log"
	"net"
	"os"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func main() {
	names := func(s string) mmdbtype.Map { return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(s)}} }
	write("city.mmdb", "GeoLite2-City", map[string]mmdbtype.Map{
		"203.0.113.0/24":  {"country": mmdbtype.Map{"iso_code": mmdbtype.String("NL")}, "city": names("Utrecht")},
		"198.51.100.0/24": {"registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("BR")}},
		"2001:db8::/32":   {"country": mmdbtype.Map{"iso_code": mmdbtype.String("JP")}, "city": names("Ōsaka")},
		"192.0.2.0/24":    {"country": mmdbtype.String("CA"), "city": mmdbtype.String("Halifax"), "asn": mmdbtype.String("AS64511"), "as_name": mmdbtype.String("Flat Net")},
	})
	write("asn.mmdb", "GeoLite2-ASN", map[string]mmdbtype.Map{
		"203.0.113.0/24": {"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": mmdbtype.String("Example Net")},
		"2001:db8::/32":  {"autonomous_system_number": mmdbtype.Uint32(64501)},
	})
}

func write(path, kind string, networks map[string]mmdbtype.Map) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IncludeReservedNetworks: true, BuildEpoch: 1700000000})
	check(err)
	for cidr, record := range networks {
		_, network, err := net.ParseCIDR(cidr)
		check(err)
		check(tree.Insert(network, record))
	}
	f, err := os.Create(path)
	check(err)
	_, err = tree.WriteTo(f)
	check(err)
	check(f.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
