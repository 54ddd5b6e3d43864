package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"github.com/trailwarden/trailwarden/doctor"
	"github.com/trailwarden/trailwarden/internal/awstest"
)

// onAccount sets the environment to an account of the emulator, in a folder
// without configuration.
func onAccount(t *testing.T) aws.Config {
	t.Helper()
	cfg := awstest.Config(t)
	for _, v := range awstest.Env(t, cfg) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	return cfg
}

func doctorRun(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(append([]string{"doctor"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// An account without a trail is broken: exit code 1, with cause and fix; a
// single check that is right gives 0.
func TestDoctor(t *testing.T) {
	cfg := onAccount(t)
	code, out, errOut := doctorRun(t, "--region", awstest.Region, "--region", "us-east-1")
	if code != exitFinding || !strings.Contains(out, "trail-exists: broken, critical") || !strings.Contains(out, "fix: Make one: aws cloudtrail create-trail") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	if code, out, _ = doctorRun(t, "--check", "caller", "--all"); code != exitDone || !strings.Contains(out, "caller: ok: arn:") || !strings.Contains(out, "0 broken") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, _ = doctorRun(t, "-f", "json", "--check", "trail-exists")
	var report struct {
		Results []struct{ Check, State, Severity, Cause, Fix string }
		Summary map[string]int
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitFinding || report.Summary["broken"] != 1 || report.Results[0].Severity != "critical" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	bucket := awstest.Bucket(t, cfg)
	if _, err := cloudtrail.NewFromConfig(cfg).CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: aws.String("everything"), S3BucketName: &bucket, IsMultiRegionTrail: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if code, out, _ = doctorRun(t, "--check", "trail-exists", "-f", "ndjson"); code != exitDone || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"state":"ok"`) {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, out, _ = doctorRun(t, "--check", "bucket-private"); code != exitDone || !strings.Contains(out, "1 warning") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _, _ = doctorRun(t, "--check", "bucket-private", "--strict"); code != exitFinding {
		t.Errorf("--strict: exit %d", code)
	}
}

// What cannot be asked is exit code 3, never a silent pass; bad usage is 2.
func TestDoctorCannotAsk(t *testing.T) {
	onAccount(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	if code, out, _ := doctorRun(t, "--check", "trail-logging"); code != exitFault || !strings.Contains(out, "could not check") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if code, _, errOut := doctorRun(t, "--check", "trail-loging"); code != exitUsage || !strings.Contains(errOut, `nearest is "trail-logging"`) {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if code, _, _ := doctorRun(t, "--topology", "nothing"); code != exitUsage {
		t.Errorf("--topology nothing: exit %d", code)
	}
	for _, name := range doctor.Topologies() {
		if code, _, errOut := doctorRun(t, "--topology", name, "--check", "rules-match"); code != exitDone {
			t.Errorf("--topology %s: exit %d: %s", name, code, errOut)
		}
	}
}

// Without credentials that is what is said, once, and nothing of permissions.
func TestDoctorWithoutCredentials(t *testing.T) {
	onAccount(t)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"} {
		t.Setenv(name, value)
	}
	code, out, errOut := doctorRun(t)
	if code != exitFault || strings.Count(out, "no AWS credentials can be had") != 1 || !strings.Contains(out, "caller, trail-exists, ") ||
		!strings.Contains(out, " more: unknown, critical\n") || !strings.Contains(out, "AWS_PROFILE") || strings.Contains(out, "Allow ") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	code, out, _ = doctorRun(t, "-f", "ndjson", "--check", "caller", "--check", "trail-exists")
	if code != exitFault || strings.Count(out, `"cause":"could not check: NoCredentials: `) != 2 {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, errOut = doctorRun(t, "--canary")
	if code != exitFault || !strings.Contains(errOut, "AWS_PROFILE") {
		t.Errorf("--canary: exit %d\n%s%s", code, out, errOut)
	}
}

// A canary that nobody can follow to its end says so.
func TestDoctorCanary(t *testing.T) {
	onAccount(t)
	code, out, errOut := doctorRun(t, "--canary", "--canary-timeout", "1s")
	if code != exitFault || !strings.Contains(out, "call") || !strings.Contains(out, "not followed: file") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	if code, out, _ := doctorRun(t, "--canary-rule"); code != exitDone || !strings.HasPrefix(out, "id: trailwarden-canary") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
