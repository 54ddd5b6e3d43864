package enrich_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/trailwarden/trailwarden/enrich"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// The names and units of an emulated organization are found, kept in the cache
// and known to the next run without a call.
func TestOrganizations(t *testing.T) {
	cfg := awstest.Config(t)
	ctx := context.Background()
	client := organizations.NewFromConfig(cfg)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	must(err)
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{})
	must(err)
	root := roots.Roots[0]
	unit, err := client.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: root.Id, Name: aws.String("Workloads")})
	must(err)
	deep, err := client.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: unit.OrganizationalUnit.Id, Name: aws.String("Production")})
	must(err)
	made, err := client.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("shop"), Email: aws.String("shop@example.com")})
	must(err)
	_, err = client.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: made.CreateAccountStatus.AccountId, SourceParentId: root.Id, DestinationParentId: deep.OrganizationalUnit.Id})
	must(err)

	cache := filepath.Join(t.TempDir(), "accounts.json")
	now := time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	o := enrich.NewOrganizations(cfg, enrich.OrganizationsOptions{Cache: cache, Now: func() time.Time { return now }})
	id := aws.ToString(made.CreateAccountStatus.AccountId)
	if _, _, ok := o.Account(id); ok {
		t.Error("known before it was asked for")
	}
	must(o.Refresh(ctx))
	want := "shop " + aws.ToString(root.Name) + "/Workloads/Production"
	for _, namer := range []enrich.Namer{o, enrich.NewOrganizations(cfg, enrich.OrganizationsOptions{Cache: cache, Now: func() time.Time { return now }})} {
		if name, unit, _ := namer.Account(id); name+" "+unit != want {
			t.Errorf("%s is %s %s, want %s", id, name, unit, want)
		}
	}
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the cache: %v %v", info.Mode(), err)
	}
}

// fake is a service that answers each page of ListRoots and of accounts, or fails.
func fake(t *testing.T, broken *bool) aws.Config {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 4096)
		n, _ := r.Body.Read(body)
		if *broken {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException","Message":"no"}`)
			return
		}
		second := strings.Contains(string(body[:n]), "NextToken")
		switch action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSOrganizationsV20161128."); {
		case action == "ListRoots":
			fmt.Fprint(w, `{"Roots":[{"Id":"r-1","Name":"Root"}]}`)
		case action == "ListAccountsForParent" && second:
			fmt.Fprint(w, `{"Accounts":[{"Id":"444455556666","Name":"two"}]}`)
		case action == "ListAccountsForParent":
			fmt.Fprint(w, `{"Accounts":[{"Id":"111122223333","Name":"one"}],"NextToken":"2"}`)
		default:
			fmt.Fprint(w, `{"OrganizationalUnits":[]}`)
		}
	}))
	t.Cleanup(s.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "x", "")}
}

// All pages are read; names are due when they are old, and outlast a failure.
func TestRefreshing(t *testing.T) {
	var broken bool
	now := time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	o := enrich.NewOrganizations(fake(t, &broken), enrich.OrganizationsOptions{Every: 24 * time.Hour, Now: func() time.Time { return now }})
	due := func(when string, want time.Duration) {
		t.Helper()
		if got := o.Due(); got != want {
			t.Errorf("%s due in %v, want %v", when, got, want)
		}
	}
	due("never asked for", 0)
	if err := o.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	due("new", 24*time.Hour)
	for id, want := range map[string]string{"111122223333": "one", "444455556666": "two"} {
		if name, unit, ok := o.Account(id); name != want || unit != "Root" || !ok {
			t.Errorf("%s: %q %q %v", id, name, unit, ok)
		}
	}
	broken, now = true, now.Add(25*time.Hour)
	due("a day old", 0)
	if err := o.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "asking AWS Organizations for account names") {
		t.Error(err)
	}
	due("after a failure", 0)
	if name, _, _ := o.Account("111122223333"); name != "one" {
		t.Error("a failure forgot the names")
	}
	broken, now = false, now.AddDate(-1, 0, 0)
	due("after the clock was set back", 0)
}

// A cache that is broken is reported and does not stop the program.
func TestBrokenCache(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "accounts.json")
	if err := os.WriteFile(cache, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var broken bool
	var reported error
	o := enrich.NewOrganizations(fake(t, &broken), enrich.OrganizationsOptions{Cache: cache, Report: func(err error) { reported = err }})
	if reported == nil || !strings.Contains(reported.Error(), cache) || !o.Updated().IsZero() {
		t.Errorf("reported %v", reported)
	}
	if err := o.Refresh(context.Background()); err != nil || o.Updated().IsZero() {
		t.Error(err)
	}
}
