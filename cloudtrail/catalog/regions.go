package catalog

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

//go:embed regions.txt
var regionsText string

// GlobalHome is the region of the aws partition where services without a region
// record by default.
const GlobalHome = "us-east-1"

// Region is one AWS region.
type Region struct {
	Code      string // "eu-central-1"
	Partition string // "aws"
	Country   string // ISO 3166 alpha-2
	Place     string // "Frankfurt"
	OptIn     bool   // accounts must enable it
}

// Partition is a group of regions with accounts of its own.
type Partition struct {
	Name      string   // "aws-us-gov"
	DNSSuffix string   // of its endpoints; eventSource keeps amazonaws.com
	Homes     []string // regions where services without a region record
	codes     *re2.Lazy
}

// GlobalService is a service without regions.
type GlobalService struct {
	Source string   // eventSource
	Homes  []string // regions where its events are recorded, in every partition
	Origin string   // sdk, guide or practice; regions.txt explains
}

// SignIn says where console sign-in is recorded when the global endpoint was
// used, which is then no sign of activity in that region.
type SignIn struct {
	Source string
	Homes  []string // anybody's, root's included
	Nearby []string // further regions, for everybody but root
}

// STSSource is the Security Token Service's eventSource. A call to its global
// endpoint records additionalEventData.RequestDetails.endpointType "global".
const STSSource = "sts.amazonaws.com"

// regionFacts is what regions.txt says.
type regionFacts struct {
	regions     []Region
	byCode      map[string]Region
	partitions  []Partition
	geographies map[string][]string // name to countries
	globals     []GlobalService
	signIn      SignIn
}

// readRegions reads the shipped regions text. A line of another form is a
// mistake that tests find; it is left out.
func readRegions(text string) *regionFacts {
	f := &regionFacts{byCode: map[string]Region{}, geographies: map[string][]string{}}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 2 || w[0] == "#" {
			continue
		}
		f.fact(w[0], w[1:])
	}
	f.spreadHomes()
	return f
}

func (f *regionFacts) fact(kind string, w []string) {
	switch kind {
	case "region":
		r := Region{Code: w[0], Partition: w[1], Country: w[2], OptIn: w[3] == "opt-in", Place: strings.Join(w[4:], " ")}
		f.regions, f.byCode[r.Code] = append(f.regions, r), r
		if len(f.geographies[r.Country]) == 0 {
			f.geographies[r.Country] = []string{r.Country}
		}
	case "partition":
		f.partitions = append(f.partitions, Partition{Name: w[0], DNSSuffix: w[1], codes: re2.Own(w[2])})
	case "home":
		for i := range f.partitions {
			if f.partitions[i].Name == f.byCode[w[0]].Partition {
				f.partitions[i].Homes = w
			}
		}
	case "geography":
		f.geographies[w[0]] = w[1:]
	case "global":
		f.globals = append(f.globals, GlobalService{Source: w[0], Homes: []string{w[1]}, Origin: w[2]})
	case "sign-in":
		f.signIn = SignIn{Source: w[0], Homes: []string{GlobalHome}, Nearby: w[1:]}
	}
}

// spreadHomes gives every global service, and sign-in, the homes of the
// partitions other than aws.
func (f *regionFacts) spreadHomes() {
	for i := range f.partitions {
		p := &f.partitions[i]
		if p.Name == "aws" {
			p.Homes = []string{GlobalHome}
			continue
		}
		f.signIn.Homes = append(f.signIn.Homes, p.Homes...)
		for j := range f.globals {
			f.globals[j].Homes = append(f.globals[j].Homes, p.Homes...)
		}
	}
}

// Regions are all known regions in the order of regions.txt.
func (c *Catalog) Regions() []Region { return slices.Clone(c.region().regions) }

// Region is the known region with this code.
func (c *Catalog) Region(code string) (Region, bool) {
	r, ok := c.region().byCode[code]
	return r, ok
}

// Partitions are all partitions.
func (c *Catalog) Partitions() []Partition {
	out := slices.Clone(c.region().partitions)
	for i := range out {
		out[i].Homes = slices.Clone(out[i].Homes)
	}
	return out
}

// PartitionOf is the partition whose region codes look like code, known or not
// yet; "" when none do.
func (c *Catalog) PartitionOf(code string) string {
	if r, ok := c.region().byCode[code]; ok {
		return r.Partition
	}
	for _, p := range c.region().partitions {
		if p.codes.MatchString(code) {
			return p.Name
		}
	}
	return ""
}

// GlobalServices are the services without regions, without STS and sign-in,
// which have rules of their own (see STSSource and SignIn).
func (c *Catalog) GlobalServices() []GlobalService {
	out := slices.Clone(c.region().globals)
	for i := range out {
		out[i].Homes = slices.Clone(out[i].Homes)
	}
	return out
}

// SignIn is where console sign-in is recorded.
func (c *Catalog) SignIn() SignIn {
	s := c.region().signIn
	return SignIn{s.Source, slices.Clone(s.Homes), slices.Clone(s.Nearby)}
}
