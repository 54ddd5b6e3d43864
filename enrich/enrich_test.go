package enrich_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/enrich"
	"github.com/trailwarden/trailwarden/message"
)

// What the messages ask for is what this package answers.
var (
	_ message.Accounts  = enrich.Accounts{}
	_ message.Accounts  = enrich.Chain{}
	_ message.Accounts  = (*enrich.Organizations)(nil)
	_ message.Addresses = (*enrich.Addresses)(nil)
)

func TestAccountsFromFiles(t *testing.T) {
	want := enrich.Accounts{"011122223333": {ID: "011122223333", Name: "production", Unit: "Root/Work"}, "444455556666": {ID: "444455556666", Name: "sandbox"}}
	for name, text := range map[string]string{
		"mapping.yaml":  "accounts:\n  011122223333: {name: production, unit: Root/Work}\n  \"444455556666\": sandbox\n",
		"list.yml":      "accounts:\n- {id: 011122223333, name: production, unit: Root/Work}\n- id: \"444455556666\"\n  name: sandbox\n",
		"plain.csv":     "id,name,unit\n011122223333,production,Root/Work\n444455556666,sandbox,\n",
		"console.csv":   "\ufeffAccount ID,Email,Account Name,Status,OU Path\r\n011122223333,a@example.com,production,ACTIVE,Root/Work\r\n444455556666,,sandbox\r\n",
		"UPPER.CSV":     "Name,Id,Unit\nproduction,011122223333, Root/Work\nsandbox,444455556666,\n",
		"anchored.yaml": "accounts: {011122223333: {name: production, unit: Root/Work}, '444455556666': {name: sandbox}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := enrich.LoadAccounts(path)
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		})
	}
}

// Every mistake is named with its file and line.
func TestMistakesNameFileAndLine(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"short id", "a.csv", "id,name\n11122223333,x\n", "a.csv:2: the account id 11122223333 has 11 digits of 12; if a spreadsheet dropped leading zeros, put them back"},
		{"no id", "a.csv", "id,name\n111122223333,x\nprod,x\n", `a.csv:3: "prod" is no account id; expected 12 digits`},
		{"no columns", "a.csv", "email,x\n", `a.csv:1: expected columns id and name`},
		{"empty", "a.csv", "", "a.csv:1: expected a line that names the columns"},
		{"twice", "a.csv", "id,name\n111122223333,x\n111122223333,y\n", "a.csv:3: account 111122223333 is named twice"},
		{"quote", "a.csv", "id,name\n\"111122223333,x\n", "a.csv:2: not CSV: extraneous"},
		{"scientific", "a.yaml", "accounts:\n  1.11e11: x\n", `a.yaml:2: "1.11e11" is no account id`},
		{"unknown key", "a.yaml", "accounts:\n  111122223333:\n    nme: x\n", `a.yaml:3: unknown key "nme" of an account`},
		{"unknown top", "a.yaml", "names: {}\n", `a.yaml:1: unknown key "names"; expected accounts`},
		{"no mapping", "a.yaml", "- x\n", "a.yaml:1: expected one mapping"},
		{"nested", "a.yaml", "accounts:\n  111122223333: {name: [x]}\n", "a.yaml:2: name must be text"},
		{"null", "a.yaml", "accounts:\n  111122223333:\n", "a.yaml:2: an account must be a name"},
		{"list without id", "a.yaml", "accounts:\n- production\n", "a.yaml:2: an account must be a name, or a mapping"},
		{"no YAML", "a.yaml", "accounts: [\n", "a.yaml:"},
		{"nothing", "a.yaml", "accounts:\n", "a.yaml:1: accounts must be a mapping"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := enrich.ParseAccounts(c.file, []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if _, err := enrich.LoadAccounts(filepath.Join(t.TempDir(), "none.csv")); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestChainPrefersTheFirst(t *testing.T) {
	c := enrich.Chain{enrich.Accounts{"1": {Name: "mine"}}, enrich.Accounts{"1": {Name: "theirs", Unit: "Root"}, "2": {Name: "two"}}}
	for id, want := range map[string]string{"1": "mine Root true", "2": "two  true", "3": "  false"} {
		name, unit, ok := c.Account(id)
		if got := name + " " + unit + " " + map[bool]string{true: "true", false: "false"}[ok]; got != want {
			t.Errorf("%s: %q", id, got)
		}
	}
}

func TestAddresses(t *testing.T) {
	a, err := enrich.OpenAddresses("testdata/city.mmdb", "testdata/asn.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]string{
		"203.0.113.7": "NL|Utrecht|AS64500 Example Net", "::ffff:203.0.113.7": "NL|Utrecht|AS64500 Example Net", "198.51.100.1": "BR||",
		"2001:db8::1": "JP|Ōsaka|AS64501", "2001:db8::1%eth0": "JP|Ōsaka|AS64501", "192.0.2.5": "CA|Halifax|AS64511 Flat Net",
		"10.0.0.1": "||", "127.0.0.1": "||", "8.8.8.8": "||", "::": "||",
	} {
		country, city, asn, ok := a.Address(netip.MustParseAddr(ip))
		if code := a.Country(netip.MustParseAddr(ip)); code != country {
			t.Errorf("%s is in %q by itself, and in %q with its city", ip, code, country)
		}
		if got := country + "|" + city + "|" + asn; got != want || ok != (want != "||") {
			t.Errorf("%s is %q, %v; want %q", ip, got, ok, want)
		}
	}
	if _, _, _, ok := a.Address(netip.Addr{}); ok {
		t.Error("no address has a place")
	}
	if err := a.Reload(); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, _, _, ok := a.Address(netip.MustParseAddr("203.0.113.7")); ok {
		t.Error("something is known after Close")
	}
	if _, err := enrich.OpenAddresses("testdata/city.mmdb", "enrich_test.go"); err == nil || !strings.Contains(err.Error(), "enrich_test.go: not a MaxMind DB file") {
		t.Error(err)
	}
}

// A file of accounts, whatever is in it, is read or refused.
func FuzzParseAccounts(f *testing.F) {
	f.Add("a.csv", "id,name\n111122223333,x\n")
	f.Add("a.yaml", "accounts:\n  111122223333: x\n")
	f.Fuzz(func(t *testing.T, path, text string) {
		accounts, err := enrich.ParseAccounts(path, []byte(text))
		if err != nil {
			return
		}
		for id := range accounts {
			if len(id) != 12 {
				t.Errorf("account %q", id)
			}
		}
	})
}
