package iam_test

import (
	"path/filepath"
	"testing"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/plan"
)

// Who is who in the tests.
const (
	region     = "eu-west-1"
	central    = "222222222222"
	management = "111111111111"
	logs       = "example-trail-logs"
)

// sample is the plan of a topology's sample, in one region whatever the sample
// says, with every account known.
func sample(t testing.TB, name string) *plan.Plan {
	t.Helper()
	cfg, err := config.Load(filepath.Join("..", "samples", name, "trailwarden.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := deploy.Plan(cfg, deploy.Options{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// place is where a stack of the sample stands.
func place(s *plan.Stack) plan.Place {
	account := central
	if s.Account == plan.Management {
		account = management
	}
	return plan.Place{Stack: s, Account: account, Region: region, Partition: "aws", Parameters: map[string]string{
		"LogBucketName": logs, "AlertEmail": "soc@example.com", "OrganizationId": "o-exampleorgid", "ManagementAccountId": management,
		"CentralAccountId": central, "HomeRegion": region, "SenderMailAddress": "alerts@example.com",
	}}
}
