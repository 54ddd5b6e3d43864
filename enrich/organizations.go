package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
)

// OrganizationsOptions say how names from AWS Organizations are kept.
type OrganizationsOptions struct {
	Every time.Duration // between refreshes; 0 means 24 hours
	Cache string        // file that keeps the names between runs; empty for none
	Now   func() time.Time
	// Report hears of a cache that cannot be read; it may be nil.
	Report func(error)
}

// Organizations knows the accounts of an organization. It needs the permissions
// organizations:ListRoots, ListAccountsForParent and
// ListOrganizationalUnitsForParent, in the management account or a delegated one.
type Organizations struct {
	client  *organizations.Client
	options OrganizationsOptions

	mu      sync.RWMutex
	table   Accounts
	updated time.Time
}

// NewOrganizations makes an Organizations that knows what its cache knows; Refresh
// asks AWS. A cache that cannot be read is reported and made anew.
func NewOrganizations(cfg aws.Config, o OrganizationsOptions) *Organizations {
	if o.Every <= 0 {
		o.Every = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	org := &Organizations{client: organizations.NewFromConfig(cfg), options: o}
	if err := org.load(); err != nil {
		o.Report(err)
	}
	return org
}

// Account finds an account by its 12 digits.
func (o *Organizations) Account(id string) (name, unit string, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.table.Account(id)
}

// Updated is when the names were last fetched, UTC; zero when never.
func (o *Organizations) Updated() time.Time {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.updated
}

// Due is how long the names may be used before AWS is to be asked again: not at all
// when it never was, and when they are from a time to come, as the clock was set
// back and nobody knows how old they are.
func (o *Organizations) Due() time.Duration {
	age := o.options.Now().Sub(o.Updated())
	if age < 0 {
		return 0
	}
	return max(0, o.options.Every-age)
}

// Refresh asks AWS for all accounts and writes the cache. When it fails the names
// known before stay.
func (o *Organizations) Refresh(ctx context.Context) error {
	table, err := o.fetch(ctx)
	if err != nil {
		return fmt.Errorf("asking AWS Organizations for account names: %w", err)
	}
	now := o.options.Now().UTC()
	o.mu.Lock()
	o.table, o.updated = table, now
	o.mu.Unlock()
	return o.save(table, now)
}

// parent is a root or an organizational unit with its path.
type parent struct{ id, path string }

// maxParents bounds the walk; an organization has at most 2,000 units.
const maxParents = 10_000

func (o *Organizations) fetch(ctx context.Context) (Accounts, error) {
	var parents []parent
	roots := organizations.NewListRootsPaginator(o.client, &organizations.ListRootsInput{})
	for roots.HasMorePages() {
		page, err := roots.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Roots {
			parents = append(parents, parent{aws.ToString(r.Id), aws.ToString(r.Name)})
		}
	}
	table := Accounts{}
	for i := 0; i < len(parents); i++ {
		if len(parents) > maxParents {
			return nil, fmt.Errorf("the organization has more than %d units", maxParents)
		}
		if err := o.accountsIn(ctx, parents[i], table); err != nil {
			return nil, err
		}
		below, err := o.unitsIn(ctx, parents[i])
		if err != nil {
			return nil, err
		}
		parents = append(parents, below...)
	}
	return table, nil
}

func (o *Organizations) accountsIn(ctx context.Context, p parent, table Accounts) error {
	pages := organizations.NewListAccountsForParentPaginator(o.client, &organizations.ListAccountsForParentInput{ParentId: aws.String(p.id)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.Accounts {
			id := aws.ToString(a.Id)
			table[id] = Account{ID: id, Name: aws.ToString(a.Name), Unit: p.path}
		}
	}
	return nil
}

func (o *Organizations) unitsIn(ctx context.Context, p parent) ([]parent, error) {
	var below []parent
	pages := organizations.NewListOrganizationalUnitsForParentPaginator(o.client, &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(p.id)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, u := range page.OrganizationalUnits {
			below = append(below, parent{aws.ToString(u.Id), p.path + "/" + aws.ToString(u.Name)})
		}
	}
	return below, nil
}

// cached is the cache file.
type cached struct {
	Updated  time.Time `json:"updated"`
	Accounts Accounts  `json:"accounts"`
}

func (o *Organizations) load() error {
	if o.options.Cache == "" {
		return nil
	}
	text, err := os.ReadFile(o.options.Cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var c cached
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return fmt.Errorf("%s: the cache of account names cannot be read, and is made anew: %w", o.options.Cache, err)
	}
	if !c.Updated.After(o.options.Now()) { // of the future: the clock was wrong, so ask again
		o.updated = c.Updated
	}
	o.table = c.Accounts
	return nil
}

// save replaces the cache whole, so that a crash leaves the old one.
func (o *Organizations) save(table Accounts, now time.Time) error {
	if o.options.Cache == "" {
		return nil
	}
	text, err := json.Marshal(cached{now, table})
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(o.options.Cache), ".accounts-*")
	if err != nil {
		return fmt.Errorf("writing the cache of account names: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), o.options.Cache)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: writing the cache of account names: %w", o.options.Cache, err), os.Remove(f.Name()))
	}
	return nil
}

// All is the table of accounts as it is now; it is not changed any more.
func (o *Organizations) All() Accounts {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.table
}
