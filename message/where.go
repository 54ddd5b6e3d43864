package message

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// where is the account that the record concerns and the region it names.
func (v *view) where() Where {
	account, code := v.rec.Account(), v.rec.Field(cloudtrail.AWSRegion).Str()
	w := Where{Account: v.clean(account), Region: v.at("awsRegion")}
	v.placeOf(&w, account, code)
	return w
}

// placeOf adds what is known of an account and a region beside their codes.
func (b *Builder) placeOf(w *Where, account, code string) {
	if b.Accounts != nil && account != "" {
		if name, unit, ok := b.Accounts.Account(account); ok {
			w.AccountName, w.Unit = b.clean(name), b.clean(unit)
		}
	}
	if r, ok := b.Catalog.Region(code); ok {
		w.Place, w.Partition = place(r), r.Partition
	} else if len(code) < 64 {
		w.Partition = b.Catalog.PartitionOf(code)
	}
}

func place(r catalog.Region) string {
	if r.Country == "" {
		return r.Place
	}
	return r.Place + ", " + r.Country
}

// account is the account as people know it: "production (111122223333)".
func (w Where) account() string {
	if w.AccountName != "" {
		return w.AccountName + " (" + w.Account + ")"
	}
	return w.Account
}
