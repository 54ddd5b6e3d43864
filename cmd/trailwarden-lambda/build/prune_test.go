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
		"ssm/schemas.go":             {"GetParameterRequest = smithy.NewSchema", "AddTagsToResourceRequest = smithy.NewSchema"},
		"dynamodb/schemas.go":        {"TransactWriteItemsInput = smithy.NewSchema", "CreateBackupInput = smithy.NewSchema"},
		"dynamodb/endpoints.go":      {"func New()", "amazonaws.com"},
		"securityhub/serializers.go": {`object.Key("ResourceRole")`, `object.Key("AwsEc2Instance")`},
	} {
		if !strings.Contains(all[file], parts[0]) || strings.Contains(all[file], parts[1]) {
			t.Errorf("%s: want %q in it and not %q", file, parts[0], parts[1])
		}
	}
}

// Every call that the function makes says the same, and understands the same, as
// with the whole of the SDK.
func TestCallsOfPrunedClients(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	calls, err := callsOfClients()
	if err != nil || len(calls) < 15 {
		t.Fatal(calls, err)
	}
	module, list, err := overlay(t.TempDir(), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	want := made(t, calls)
	t.Setenv("CGO_ENABLED", "0") // as the bootstrap is built, of which the rest is at hand
	got := made(t, calls, "-trimpath", "-modfile", module, "-overlay", list, "-tags", tags)
	if len(want) < len(calls) {
		t.Errorf("%d lines of %d calls", len(want), len(calls))
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("line %d differs:\n%v\nwant\n%v", i, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
		}
	}
}

// callsOfClients are the calls that the function may make of clients with
// schemas, such as ssm:GetParameter.
func callsOfClients() (all []string, err error) {
	packages, err := linked(os.Environ())
	if err != nil {
		return nil, err
	}
	m, err := mentioned(packages)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		service, ok := strings.CutSuffix(p.ImportPath, "/schemas")
		if !ok {
			continue
		}
		files, err := filepath.Glob(filepath.Join(filepath.Dir(p.Dir), "api_op_*.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if op := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "api_op_"), ".go"); !strings.HasSuffix(op, "_test") && calls(op, m[service]) {
				all = append(all, path.Base(service)+":"+op)
			}
		}
	}
	return all, nil
}

// made are the lines that testdata/calls prints, built with some flags.
func made(t *testing.T, calls []string, flags ...string) (lines []string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "calls")
	cmd := exec.Command("go", append(append([]string{"build", "-o", bin}, flags...), "./testdata/calls")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, call := range calls {
		out, err := exec.Command(bin, call).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", call, err, out)
		}
		lines = append(lines, strings.Split(string(out), "\n")...)
	}
	return lines
}
