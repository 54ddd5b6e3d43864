// Package catalog knows what CloudTrail records can hold: its fields, the AWS
// services and their APIs, the regions and the services that have none.
//
// Each fact lives in a text file beside this one, which says where the fact
// comes from and how to refresh it.
package catalog

import (
	"sync"

	"github.com/trailwarden/trailwarden/internal/embedded"
)

// Catalog is the shipped catalogue. It is immutable, safe for concurrent use,
// and implements diagnostic.Catalogue. Each of its parts is read when somebody
// first asks for it: judging asks for regions at most, and the APIs of all
// services are half a megabyte of text.
type Catalog struct {
	titles    func() map[string]string
	fields    func() map[string]Field
	spellings func() map[string]string
	region    func() *regionFacts

	reading sync.Once
	known   map[string]*Service

	naming sync.Once
	names  []string // of all APIs, in order; nil until a name is not known
}

// Default is the catalogue that this release ships.
func Default() *Catalog { return shipped() }

var shipped = sync.OnceValue(func() *Catalog {
	fields := sync.OnceValue(func() map[string]Field { return readFields(embedded.Text(fieldsText)) })
	return &Catalog{
		titles:    sync.OnceValue(func() map[string]string { return readTitles(embedded.Text(servicesText), embedded.Text(eventsText)) }),
		fields:    fields,
		spellings: sync.OnceValue(func() map[string]string { return spellings(fields()) }),
		region:    sync.OnceValue(func() *regionFacts { return readRegions(embedded.Text(regionsText)) }),
	}
})
