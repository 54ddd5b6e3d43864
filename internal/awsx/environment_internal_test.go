package awsx

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// only sets variables and takes away all others of AWS's.
func only(t *testing.T, variables map[string]string) {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	all := map[string]string{"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true"}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			if _, set := all[name]; !set {
				all[name] = ""
			}
		}
	}
	for name, value := range variables {
		all[name] = value
	}
	for name, value := range all {
		t.Setenv(name, value)
		if value == "" {
			os.Unsetenv(name)
		}
	}
}

// described is what matters of a configuration, in a line.
func described(cfg aws.Config) string {
	endpoint := "none"
	if cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint
	}
	c, err := cfg.Credentials.Retrieve(context.Background())
	return fmt.Sprint(cfg.Region, " ", endpoint, " ", c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.AccountID, " ", err, " ",
		cfg.AccountIDEndpointMode, cfg.RequestChecksumCalculation, cfg.ResponseChecksumValidation, cfg.RequestMinCompressSizeBytes,
		cfg.DisableRequestCompression, cfg.AppID, cfg.Retryer().MaxAttempts(), len(cfg.APIOptions))
}

// spy answers nothing, and notes where calls went.
type spy struct{ hosts []string }

func (s *spy) Do(r *http.Request) (*http.Response, error) {
	s.hosts = append(s.hosts, r.URL.Host)
	return nil, context.Canceled
}

// What a Lambda function finds in its environment is what the SDK finds there.
func TestEnvironmentIsReadAsTheSDKReadsIt(t *testing.T) {
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token", "AWS_REGION": "eu-west-1"}
	for name, more := range map[string]map[string]string{
		"a function's":     {"AWS_DEFAULT_REGION": "us-west-2", "AWS_LAMBDA_FUNCTION_NAME": "f"},
		"an account":       {"AWS_ACCOUNT_ID": "111122223333", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"},
		"the other region": {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-west-2"},
		"one address":      {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		"a service's":      {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2"},
		"addresses unused": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"FIPS":             {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_REGION": "us-east-1"},
		"IPv6":             {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"checksums":        {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "WHEN_REQUIRED"},
		"an application":   {"AWS_SDK_UA_APP_ID": "soc", "AWS_DISABLE_REQUEST_COMPRESSION": "true"},
		"another's words":  {"AWS_REQUEST_CHECKSUM_CALCULATION": "never"},
		"no truth":         {"AWS_USE_FIPS_ENDPOINT": "perhaps"},
	} {
		t.Run(name, func(t *testing.T) {
			all := map[string]string{}
			for _, m := range []map[string]string{keys, more} {
				for k, v := range m {
					all[k] = v
				}
			}
			only(t, all)
			want, wrong := Settings{}.load(t.Context())
			got, err := Settings{}.fromEnvironment()
			if name == "no truth" { // told at the first call
				_, err = sts.NewFromConfig(got).GetCallerIdentity(t.Context(), nil)
			}
			if (err == nil) != (wrong == nil) {
				t.Fatalf("error %v, the SDK says %v", err, wrong)
			}
			if err != nil {
				return
			}
			if described(got) != described(want) {
				t.Errorf("got  %s\nwant %s", described(got), described(want))
			}
			if g, w := called(t, got), called(t, want); g != w || g == "" {
				t.Errorf("calls go to %s, the SDK's to %s", g, w)
			}
		})
	}
}

// called are the hosts to which two services' calls go.
func called(t *testing.T, cfg aws.Config) string {
	t.Helper()
	s := &spy{}
	cfg.HTTPClient, cfg.Retryer = s, func() aws.Retryer { return aws.NopRetryer{} }
	_, _ = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	_, _ = sqs.NewFromConfig(cfg).ListQueues(t.Context(), nil)
	return strings.Join(s.hosts, " ")
}

// Credentials that an address hands out, as it does to a function that was
// started from a snapshot; and that of no stranger.
func TestCredentialsThatAreHandedOut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "sesame" {
			http.Error(w, `{"code":"no","message":"no"}`, http.StatusForbidden)
			return
		}
		fmt.Fprint(w, `{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}`)
	}))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"AWS_CONTAINER_AUTHORIZATION_TOKEN": "sesame", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file} {
		only(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": srv.URL, name: token})
		cfg, err := Settings{}.fromEnvironment()
		if err != nil {
			t.Fatal(err)
		}
		if c, err := cfg.Credentials.Retrieve(t.Context()); err != nil || c.AccessKeyID != "ASIAEXAMPLE" || !c.CanExpire {
			t.Errorf("%s: %v %v", name, c.AccessKeyID, err)
		}
		os.Unsetenv(name)
	}
	for _, address := range []string{"http://198.51.100.7/creds", "http://metadata.example.com/", "nonsense"} {
		only(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_FULL_URI": address})
		if _, err := (Settings{}).fromEnvironment(); err == nil {
			t.Errorf("%s may hand out credentials", address)
		}
	}
}

// Without credentials, and with settings that only the whole chain knows, the
// reason is told.
func TestWhatAnEnvironmentLacks(t *testing.T) {
	only(t, map[string]string{"AWS_REGION": "eu-west-1"})
	if _, err := (Settings{}).fromEnvironment(); err == nil || !strings.Contains(err.Error(), "no AWS credentials") {
		t.Errorf("no credentials: %v", err)
	}
	if _, err := (Settings{Profile: "soc"}).fromEnvironment(); err == nil || !strings.Contains(err.Error(), "no profiles") {
		t.Errorf("a profile: %v", err)
	}
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
	if _, err := (Settings{}).fromEnvironment(); err == nil || !strings.Contains(err.Error(), "AWS_ROLE_ARN") {
		t.Errorf("no role: %v", err)
	}
	t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/f")
	if _, err := (Settings{}).fromEnvironment(); err != nil {
		t.Errorf("a web identity: %v", err)
	}
}

// The certificates of AWS_CA_BUNDLE are trusted, and a file without any is a
// mistake.
func TestCertificates(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	only(t, map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CA_BUNDLE": file})
	for text, ok := range map[string]bool{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})): true, "none": false} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Settings{}.fromEnvironment()
		if (err == nil) != ok {
			t.Errorf("%.30q: %v", text, err)
		}
		if !ok || err != nil {
			continue
		}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		resp, err := cfg.HTTPClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}
