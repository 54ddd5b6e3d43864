package assemble

import (
	"context"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/enrich"
	"github.com/trailwarden/trailwarden/message"
)

// enrichment is what is known beside records. Its parts are nil where the
// configuration has none.
type enrichment struct {
	file      enrich.Accounts
	org       *enrich.Organizations
	addresses *enrich.Addresses
}

func (a *Assembly) enrichment(ctx context.Context) (*enrichment, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known != nil {
		return a.known, nil
	}
	e, c := new(enrichment), a.Config.Enrich
	var err error
	if c.Accounts != nil && c.Accounts.File != "" {
		if e.file, err = enrich.LoadAccounts(c.Accounts.File); err != nil {
			return nil, fmt.Errorf("enrich.accounts: %w", err)
		}
	}
	if c.Accounts != nil && c.Accounts.Organizations != nil {
		if e.org, err = a.organization(ctx, *c.Accounts.Organizations); err != nil {
			return nil, fmt.Errorf("enrich.accounts.organizations: %w", err)
		}
	}
	if files := geoFiles(a); len(files) > 0 {
		if e.addresses, err = enrich.OpenAddresses(files...); err != nil {
			return nil, fmt.Errorf("enrich.geoip: %w", err)
		}
	}
	a.known = e
	return e, nil
}

// organization is what AWS Organizations told of accounts, and how it was asked.
type organization struct {
	config config.Organizations
	names  *enrich.Organizations
}

// organization knows what it did before a reload: when AWS does not answer, old
// names are better than none.
func (a *Assembly) organization(ctx context.Context, c config.Organizations) (*enrich.Organizations, error) {
	if known := a.o.Shared.organization.Load(); known != nil && known.config == c {
		return known.names, nil
	}
	cfg, err := a.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	names := enrich.NewOrganizations(cfg, enrich.OrganizationsOptions{Every: c.Refresh.Std(), Cache: c.Cache, Now: a.o.Now, Report: a.report})
	a.o.Shared.organization.Store(&organization{c, names})
	return names, nil
}

func geoFiles(a *Assembly) (files []string) {
	g := a.Config.Enrich.GeoIP
	if g == nil {
		return nil
	}
	for _, f := range []string{g.City, g.ASN} {
		if f != "" {
			files = append(files, f)
		}
	}
	return files
}

// report tells of trouble that stops nothing.
func (a *Assembly) report(err error) {
	if a.o.Report != nil && err != nil {
		a.o.Report(err)
	}
}

// options are what the message builder knows of the enrichment.
func (e *enrichment) options(o *message.Options) {
	var chain enrich.Chain
	if e.file != nil {
		chain = append(chain, e.file)
	}
	if e.org != nil {
		chain = append(chain, e.org)
	}
	if len(chain) > 0 {
		o.Accounts = chain
	}
	if e.addresses != nil {
		o.Addresses = e.addresses
	}
}

// accounts are all that are known now, for routes by name or unit.
func (a *Assembly) accounts() []Account {
	a.mu.Lock()
	e := a.known
	a.mu.Unlock()
	if e == nil {
		return nil
	}
	byID := map[string]Account{}
	if e.org != nil {
		for id, x := range e.org.All() {
			byID[id] = Account(x)
		}
	}
	for id, x := range e.file {
		unit := x.Unit
		if unit == "" {
			unit = byID[id].Unit
		}
		byID[id] = Account{ID: id, Name: x.Name, Unit: unit}
	}
	var out []Account
	for _, id := range sortedKeys(byID) {
		out = append(out, byID[id])
	}
	return out
}

// refreshWait bounds the question to AWS Organizations.
const refreshWait = 10 * time.Second

// Refresh asks AWS Organizations for names of accounts when they are due. A failure
// is reported and stops nothing.
func (a *Assembly) Refresh(ctx context.Context) {
	e, err := a.enrichment(ctx)
	if err != nil || e.org == nil || e.org.Due() > 0 {
		return // Builder says what is wrong
	}
	ctx, cancel := context.WithTimeout(ctx, refreshWait)
	defer cancel()
	a.report(e.org.Refresh(ctx))
}

// Close lets go of open files. What was made of the Assembly knows fewer names
// afterwards.
func (a *Assembly) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || a.known.addresses == nil {
		return nil
	}
	return a.known.addresses.Close()
}
