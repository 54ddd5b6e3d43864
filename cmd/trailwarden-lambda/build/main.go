// Command build builds the bootstrap of the Lambda function, less than half as
// large as a plain go build makes it, and quicker to start.
//
//	go run ./cmd/trailwarden-lambda/build -arch arm64 -o bin/lambda-arm64/bootstrap
//
// Seven things make the difference.
//
// What a function has no use for: build tags leave out the sources of a server,
// ways to find credentials that Lambda has not, and HTTP/2, which nobody that the
// function calls insists on.
//
// What templates may not call: Go's text/template, which users' templates and
// mails are made with, may call any method of what it is given, by its name at
// run time. With it in a program the linker has to keep every exported method of
// every type that is in use, and the AWS SDK has tens of thousands. So the package
// is compiled with one line changed: only the methods that templates here may call
// can be called (package message/template refuses all others anyway), and their
// names are constants, which the linker understands.
//
// What it does not call: AWS's clients make tables of addresses, when a program
// starts, that were used before there were rules for addresses, and Security Hub's
// writes hundreds of forms that no finding here has. These are compiled from
// copies without. See clients. Errors that nobody looks for by their types are
// read by their names. See withoutErrors.
//
// What is read seldom: texts in the program and the rules of time zones are packed.
// See embedded and zones.
//
// What is there for every type: lists are sorted by one copy of the toolchain's
// algorithm. See sorts.
//
// What need not be fast: calls are copied into their callers only where records
// are read and judged. See inlined.
//
// Where functions begin: on amd64 at any byte, which processors allow, and not at
// each 32nd as the linker has them by itself.
//
// Neither the installed toolchain nor the module cache is touched: go build reads
// the changed files from an overlay, and where the SDK or the toolchain is written
// in another way than this command knows, it says so and builds nothing.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run() error {
	out := flag.String("o", "bootstrap", "file to write")
	arch := flag.String("arch", runtime.GOARCH, "arm64 or amd64")
	system := flag.String("os", "linux", "operating system; Lambda's is linux")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is no flag; try -help", flag.Arg(0))
	}
	dir, err := os.MkdirTemp("", "trailwarden-build")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	env := append(os.Environ(), "CGO_ENABLED=0", "GOOS="+*system, "GOARCH="+*arch)
	module, overlay, err := overlay(dir, env)
	if err != nil {
		return err
	}
	link := "-s -w"
	if *arch == "amd64" {
		link += " -funcalign=1"
	}
	args := []string{"build", "-trimpath", "-modfile", module, "-overlay", overlay, "-tags", tags, "-ldflags", link, "-o", *out}
	cmd := exec.Command("go", append(append(args, inlined()...), own+"cmd/trailwarden-lambda")...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

const own = "github.com/trailwarden/trailwarden/"

// inlined are the flags that say where the compiler may copy a call into its
// caller, which takes room: not in what waits for the network, is done once in a
// start or is seldom asked for, of which most of the program consists; yes, by
// the later flags, in what is done for every record, and in the packages of the
// toolchain that it is made of.
func inlined() (flags []string) {
	for _, cold := range []string{
		"github.com/...", "go.yaml.in/...", "golang.org/x/...", "vendor/...", "archive/tar", "crypto/tls/...", "crypto/x509/...", "encoding/asn1", "encoding/csv",
		"encoding/xml", "html/template", "log/...", "math/big", "mime/...", "net/...", "os/...", "regexp/syntax", "text/template/...",
	} {
		flags = append(flags, "-gcflags", cold+"=-l")
	}
	for _, hot := range []string{own + "cloudtrail", own + "detect/...", own + "internal/...", "golang.org/x/sys/..."} {
		flags = append(flags, "-gcflags", hot+"=")
	}
	return flags
}

// toolchain is the folder of the installed Go.
func toolchain() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return strings.TrimSpace(string(root)), nil
}

// templates is the toolchain's file of text/template that is changed.
func templates(root string) (original string, text []byte, err error) {
	original = filepath.Join(root, "src", "text", "template", "exec.go")
	if text, err = os.ReadFile(original); err != nil {
		return "", nil, err
	}
	if text, err = change(text); err != nil {
		return "", nil, fmt.Errorf("%s: %w", original, err)
	}
	return original, text, nil
}

// call is how text/template looks for a method.
const call = "ptr.MethodByName(fieldName)"

// change has text/template look for the methods by constant names.
func change(text []byte) ([]byte, error) {
	if n := bytes.Count(text, []byte("MethodByName(")); n != 1 || !bytes.Contains(text, []byte(call)) {
		return nil, fmt.Errorf("this version of Go looks for methods in another way: want %s once; build with go build, which only makes a larger file", call)
	}
	text = bytes.Replace(text, []byte(call), []byte("trailwardenMethod(ptr, fieldName)"), 1)
	text = append(text, "\nfunc trailwardenMethod(v reflect.Value, name string) reflect.Value {\n\tswitch name {\n"...)
	for _, name := range methods() {
		text = fmt.Appendf(text, "\tcase %[1]q:\n\t\treturn v.MethodByName(%[1]q)\n", name)
	}
	return append(text, "\t}\n\treturn reflect.Value{}\n}\n"...), nil
}

// methods are those that templates may call: of times, durations and severities.
func methods() []string {
	return []string{
		"String", "Format", "UTC", "Unix", "UnixMilli", "IsZero", "Year", "Month", "Day", "YearDay", "Hour", "Minute", "Second", "Weekday",
		"Before", "After", "Equal", "Compare", "Sub", "Add", "AddDate", "Truncate", "Round", "Local", "In", "Hours", "Minutes", "Seconds", "Milliseconds", "Error",
	}
}
