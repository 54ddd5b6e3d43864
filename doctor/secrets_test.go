package doctor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// A parameter is found by whatever names it: its name or its ARN, with a version.
func TestParametersAreFound(t *testing.T) {
	t.Parallel()
	cfg := awstest.Config(t)
	for _, name := range []string{"/watch/parameters/found", "parameters-found"} {
		if _, err := ssm.NewFromConfig(cfg).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String("x"), Type: ssmtypes.ParameterTypeSecureString}); err != nil {
			t.Fatal(err)
		}
	}
	arn := "arn:aws:ssm:" + cfg.Region + ":" + awstest.AccountID(t, cfg) + ":parameter/"
	var b strings.Builder
	refs := []string{"/watch/parameters/found", "/watch/parameters/found:1", "parameters-found", arn + "watch/parameters/found", arn + "watch/parameters/found:1", arn + "parameters-found", "/watch/parameters/lost", arn + "watch/parameters/lost"}
	for i, r := range refs {
		fmt.Fprintf(&b, "  s%d: {slack: {webhook: 'ssm:%s'}}\n", i, r)
	}
	c, err := config.Parse("c.yaml", []byte("sinks:\n"+b.String()))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(doctor.Catalogue(), func(c doctor.Check) bool { return c.ID == "secrets" })
	r := doctor.Run(t.Context(), doctor.New(doctor.Target{Config: c}, doctor.Options{AWS: cfg}), doctor.Catalogue()[i:i+1])
	if len(r.Results) != len(refs) {
		t.Fatalf("%s", show(r.Results))
	}
	for _, x := range r.Results {
		want := doctor.OK
		if x.Object == "sinks.s6" || x.Object == "sinks.s7" {
			want = doctor.Broken
		}
		if x.State != want {
			t.Errorf("%s: %s, want %s: %s", x.Object, x.State, want, x.Cause)
		}
	}
}
