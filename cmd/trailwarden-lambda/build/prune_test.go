package main

import (
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
	_, changed, err := clients(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for file, text := range changed {
		if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); err != nil {
			t.Error(err)
		}
		_, rest, _ := strings.Cut(filepath.ToSlash(file), "/service/")
		service, _, _ := strings.Cut(rest, "@")
		all[service+"/"+path.Base(rest)] = string(text)
	}
	for file, parts := range map[string][2]string{ // what is there, and what is not
		"dynamodb/endpoints.go":      {"func New()", "amazonaws.com"},
		"securityhub/serializers.go": {`object.Key("ResourceRole")`, `object.Key("AwsEc2Instance")`},
		"securityhub/types.go":       {"AwsEc2InstanceDetails struct", "AwsEc2Instance *AwsEc2InstanceDetails"},
	} {
		if !strings.Contains(all[file], parts[0]) || strings.Contains(all[file], parts[1]) {
			t.Errorf("%s: want %q in it and not %q", file, parts[0], parts[1])
		}
	}
}

// The sink whose client is cut down does all that it does with the whole client.
func TestSinkOfPrunedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the client")
	}
	module, list, err := overlay(t.TempDir(), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-vet=off", "-short", "-trimpath", "-modfile", module, "-overlay", list, "-tags", tags, "github.com/trailwarden/trailwarden/sink/securityhub")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as the bootstrap is built, of which the rest is at hand
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
