package iam_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/deploy"
	"github.com/trailwarden/trailwarden/deploy/plan"
	"github.com/trailwarden/trailwarden/internal/deploytest"
)

// Who is who in the tests.
const (
	region     = "eu-west-1"
	central    = "222222222222"
	management = "111111111111"
	logs       = "example-trail-logs"
)

// sample is the plan of a topology's sample, with every account known.
func sample(t testing.TB, name string) *plan.Plan {
	t.Helper()
	return deploytest.Sample(t, name, deploy.Options{Open: true})
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
