package doctor_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// between answers some requests itself and hands the others on.
type between struct {
	next   aws.HTTPClient
	answer func(*http.Request) *http.Response
}

func (b between) Do(r *http.Request) (*http.Response, error) {
	if a := b.answer(r); a != nil {
		a.Request = r
		return a, nil
	}
	return b.next.Do(r)
}

func replied(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

const control = "/v20180820/configuration/publicAccessBlock"

// blockAccount changes what the emulator's account blocks.
func blockAccount(t *testing.T, cfg aws.Config, method, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, aws.ToString(cfg.BaseEndpoint)+control, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	r.Header.Set("x-amz-account-id", awstest.AccountID(t, cfg))
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), "s3", cfg.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	got, err := awshttp.NewBuildableClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode >= 300 {
		t.Fatalf("%s of the account's block: %s", method, got.Status)
	}
}

// A bucket is private when it or its account says so, each for itself or both
// together; whose account cannot be asked is said.
func TestPublicAccessOfTheAccount(t *testing.T) {
	cfg := awstest.Config(t)
	bucket := awstest.Bucket(t, cfg)
	var stop func(*http.Request) *http.Response
	asked := cfg.Copy()
	asked.HTTPClient = between{awshttp.NewBuildableClient(), func(r *http.Request) *http.Response {
		if stop != nil {
			return stop(r)
		}
		return nil
	}}
	says := func(state doctor.State, text string) {
		t.Helper()
		c, err := config.Parse("c.yaml", []byte("sources: {a: {s3: {bucket: "+bucket+"}}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(doctor.Catalogue(), func(c doctor.Check) bool { return c.ID == "bucket-private" })
		r := doctor.Run(t.Context(), doctor.New(doctor.Target{Config: c}, doctor.Options{AWS: asked}), doctor.Catalogue()[i:i+1])
		if len(r.Results) != 1 || r.Results[0].State != state || !strings.Contains(r.Results[0].Cause, text) {
			t.Errorf("%s, want %s %q", show(r.Results), state, text)
		}
	}
	says(doctor.Warn, "neither by the bucket nor by its account")
	blockAccount(t, cfg, http.MethodPut, `<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`)
	says(doctor.OK, "public access is blocked")

	only := func(path func(*http.Request) bool, status int, body string) {
		stop = func(r *http.Request) *http.Response {
			if path(r) {
				return replied(status, body)
			}
			return nil
		}
	}
	account := func(r *http.Request) bool { return r.URL.Path == control }
	only(account, 200, `<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>`)
	says(doctor.Warn, "neither")
	only(account, 404, `<Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>`)
	says(doctor.Warn, "neither")
	for _, body := range []string{`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`} {
		only(account, 403, body)
		says(doctor.Unknown, "s3:GetAccountPublicAccessBlock is refused (AccessDenied)")
	}
	only(account, 503, `busy`)
	says(doctor.Unknown, "could not check: s3:GetAccountPublicAccessBlock")
	only(account, 200, `<html>`)
	says(doctor.Unknown, "could not check: s3:GetAccountPublicAccessBlock")
	only(func(r *http.Request) bool { return r.Header.Get("x-amz-expected-bucket-owner") != "" }, 403, "")
	says(doctor.Warn, "only that account can be asked")
}
