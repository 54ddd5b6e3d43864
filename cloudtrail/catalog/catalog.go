// Package catalog knows what CloudTrail records can hold: its fields, the AWS
// services and their APIs, the regions and the services that have none.
//
// Each fact lives in a text file beside this one, which says where the fact
// comes from and how to refresh it.
package catalog

import (
	"sync"
)

// Catalog is the shipped catalogue. It is immutable, safe for concurrent use,
// and implements diagnostic.Catalogue.
type Catalog struct {
	services map[string]*Service
	fields   map[string]Field
	region   *regionFacts
}

// Default is the catalogue that this release ships.
func Default() *Catalog { return shipped() }

var shipped = sync.OnceValue(func() *Catalog {
	return &Catalog{services: readServices(servicesText, eventsText), fields: readFields(fieldsText), region: readRegions(regionsText)}
})
