package main

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// The SDK is written as this command knows it, what comes of the changes is Go,
// and what the function calls stays.
func TestClients(t *testing.T) {
	all, err := linked(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	_, changed, err := clients(all)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for file, text := range changed {
		if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); err != nil {
			t.Error(err)
		}
		_, rest, _ := strings.Cut(filepath.ToSlash(file), "/service/")
		service, _, _ := strings.Cut(rest, "@")
		files[service+"/"+path.Base(rest)] = string(text)
	}
	for file, parts := range map[string][2]string{ // what is there, and what is not
		"dynamodb/endpoints.go": {"func New()", "amazonaws.com"},
		// An error that somebody looks for by its type stays, also one of the service's
		// own; that one of the caller's is read by its name.
		"dynamodb/deserializers.go":    {"return awsAwsjson10_deserializeErrorTransactionCanceledException(", "return awsAwsjson10_deserializeErrorLimitExceededException("},
		"eventbridge/deserializers.go": {"return awsAwsjson11_deserializeErrorInternalException(", "return awsAwsjson11_deserializeErrorResourceNotFoundException("},
		"sns/deserializers.go":         {"return genericError", "return awsAwsquery_deserializeErrorNotFoundException("},
		"securityhub/serializers.go":   {`object.Key("ResourceRole")`, `object.Key("AwsEc2Instance")`},
		"securityhub/types.go":         {"AwsEc2InstanceDetails struct", "AwsEc2Instance *AwsEc2InstanceDetails"},
	} {
		if !strings.Contains(files[file], parts[0]) || strings.Contains(files[file], parts[1]) {
			t.Errorf("%s: want %q in it and not %q", file, parts[0], parts[1])
		}
	}
}

// A sink's errors keep code, message and whose fault it is; what is asked of them
// besides keeps its type.
func TestErrorsThatNobodyLooksFor(t *testing.T) {
	const text = `package x

func awsX_deserializeOpErrorSend() error {
	switch {
	case strings.EqualFold("Gone", errorCode):
		return awsX_deserializeErrorGoneException(response, errorBody)

	case strings.EqualFold("Sought", errorCode):
		return awsX_deserializeErrorSoughtException(response, errorBody)

	case strings.EqualFold("Broken", errorCode):
		return awsX_deserializeErrorBrokenException(response, errorBody)

	case strings.EqualFold("Renamed", errorCode):
		return awsX_deserializeErrorRenamedException(response, errorBody)

	default:
		return genericError
	}
}
`
	file := filepath.Join(t.TempDir(), "deserializers.go")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	withoutErrors(s, map[string]refusal{"GoneException": {"Gone", true}, "SoughtException": {"Sought", true}, "BrokenException": {"Broken", false},
		"RenamedException": {"RenamedException", true}}, map[string]bool{"SoughtException": true})
	got := string(s.changed())
	for name, want := range map[string]bool{"Gone": false, "Sought": true, "Broken": true, "Renamed": true} {
		if strings.Contains(got, "_deserializeError"+name) != want {
			t.Errorf("%s is there: %v, want %v, in\n%s", name, !want, want, got)
		}
	}
}

// Time zones are the same packed: the toolchain's own test of them passes, which
// compares them with the system's files.
func TestZones(t *testing.T) {
	root, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "src", "time", "tzdata_test.go")); err != nil {
		t.Skip("the toolchain's tests are not installed: ", err)
	}
	files, err := zones(root)
	if err != nil {
		t.Fatal(err)
	}
	l := &layer{dir: t.TempDir(), replace: map[string]string{}}
	for file, text := range files {
		if len(text) > 600_000 { // 1.4 MB as it is
			t.Errorf("%s is not packed", file)
		}
		if err := l.put(file, text); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(l.dir, "overlay.json")
	places, err := json.Marshal(map[string]any{"Replace": l.replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, places, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "test", "-vet=off", "-v", "-overlay", list, "-run", "TestEmbeddedTZData", "time").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestEmbeddedTZData") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The sinks whose clients are cut down do all that they do with the whole clients.
func TestSinkOfPrunedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the client")
	}
	module, list, err := overlay(t.TempDir(), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-vet=off", "-short", "-trimpath", "-modfile", module, "-overlay", list, "-tags", tags, own+"sink/securityhub", own+"sink/sns")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as the bootstrap is built, of which the rest is at hand
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
