package main

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The installed Go still looks for methods where we change it, and what comes of
// the change is Go.
func TestChange(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "text", "template", "exec.go"))
	if err != nil {
		t.Skip("the toolchain's sources are not installed: ", err)
	}
	changed, err := change(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "exec.go", changed, 0); err != nil {
		t.Error(err)
	}
	if strings.Contains(string(changed), call) {
		t.Error("it still calls any method")
	}
	if _, err := change(changed); err == nil {
		t.Error("a source that looks for methods in another way was changed")
	}
}
