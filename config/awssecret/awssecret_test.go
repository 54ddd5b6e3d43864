package awssecret_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/config/awssecret"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// Secrets that AWS keeps are fetched, a rotated one is used once the old one is
// no longer fresh, and what is missing is named.
func TestSecretsOfAWS(t *testing.T) {
	cfg := awstest.Config(t)
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	r := &config.Secrets{
		Fetch: awssecret.Fetchers(func(context.Context) (aws.Config, error) { return cfg, nil }),
		Now:   func() time.Time { return now },
	}
	manager, store := secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	made, err := manager.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("team/servicenow"), SecretString: aws.String(`{"password":"first"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = manager.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("bin"), SecretBinary: []byte("bytes")}); err != nil {
		t.Fatal(err)
	}
	put := func(value string) {
		t.Helper()
		if _, err := store.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/team/hook"), Value: &value,
			Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
	}
	put("hook-1")
	resolve := func(ref string) (string, error) {
		t.Helper()
		s, err := config.ParseSecret(ref)
		if err != nil {
			t.Fatal(err)
		}
		return s.Resolve(t.Context(), r)
	}
	for ref, want := range map[string]string{
		"secretsmanager:team/servicenow#password":                "first",
		"secretsmanager:team/servicenow":                         `{"password":"first"}`,
		"secretsmanager:" + aws.ToString(made.ARN) + "#password": "first",
		"secretsmanager:bin":                                     "bytes",
		"ssm:/team/hook":                                         "hook-1",
	} {
		if got, err := resolve(ref); got != want || err != nil {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for _, ref := range []string{"secretsmanager:none", "ssm:/none"} {
		if _, err := resolve(ref); err == nil || !strings.Contains(err.Error(), ref) || !strings.Contains(err.Error(), "none of this name") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	put("hook-2")
	if got, _ := resolve("ssm:/team/hook"); got != "hook-1" {
		t.Errorf("asked again after no time: %q", got)
	}
	now = now.Add(6 * time.Minute)
	if got, err := resolve("ssm:/team/hook"); got != "hook-2" || err != nil {
		t.Errorf("after its rotation: %q, %v", got, err)
	}
}
