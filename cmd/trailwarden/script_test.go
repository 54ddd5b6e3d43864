package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"trailwarden": main})
}

// The command line as a user types it; each script in testdata/script shows one
// promise.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("EXAMPLES", examples(t))
			e.Setenv("PLACES", filepath.Join(filepath.Dir(examples(t)), "enrich", "testdata"))
			if err := os.Symlink(e.Getenv("PLACES"), filepath.Join(e.WorkDir, "places")); err != nil {
				return err
			}
			e.Values["receivers"] = &receivers{map[string]*receiver{}}
			return nil
		},
		Condition: func(c string) (bool, error) {
			if c == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %s", c)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gz": gz, "cut": cut, "unhex": unhex, "lines": lines, "make": makeFile,
			"receiver": startReceiver, "answer": answerWith,
		},
	})
}

func examples(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir + "/../../examples"
}

// gz FILE... compresses each file to FILE.gz; several given as A+B become the
// members of one file named after the first.
func gz(ts *testscript.TestScript, _ bool, args []string) {
	for _, a := range args {
		var b bytes.Buffer
		parts := strings.Split(a, "+")
		for _, p := range parts {
			z := gzip.NewWriter(&b)
			_, err := z.Write([]byte(ts.ReadFile(p)))
			ts.Check(err)
			ts.Check(z.Close())
		}
		ts.Check(os.WriteFile(ts.MkAbs(parts[0]+".gz"), b.Bytes(), 0o644))
	}
}

// cut FILE N takes N bytes off the end of the file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()-int64(n)))
}

// unhex FILE replaces each \xNN in the file by that byte.
func unhex(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.ReadFile(args[0])
	var b bytes.Buffer
	for {
		i := strings.Index(s, `\x`)
		if i < 0 {
			break
		}
		c, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		ts.Check(err)
		b.WriteString(s[:i])
		b.WriteByte(byte(c))
		s = s[i+4:]
	}
	b.WriteString(s)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// lines N FILE checks that the file has N lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); (fmt.Sprint(got) == args[0]) == neg {
		ts.Fatalf("%s has %d lines; want %s", args[1], got, args[0])
	}
}

const oneRecord = `{"eventVersion":"1.11","eventTime":"2026-03-14T09:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser",` +
	`"awsRegion":"us-east-1","userIdentity":{"type":"IAMUser","userName":"alice"},"eventID":"00000000-0000-4000-8000-%012d",` +
	`"recipientAccountId":"111122223333","readOnly":false%s}`

// make KIND FILE [N] writes a file that is too large or too odd for a script.
func makeFile(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	if len(args) > 2 {
		var err error
		n, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	var b strings.Builder
	switch args[0] {
	case "records": // N sound records
		b.WriteString(records(n, nil))
	case "one-bad": // N records, the one in the middle broken
		b.WriteString(records(n, map[int]string{n / 2: `,"x":tru`}))
	case "large": // three records, the second with N bytes of text
		b.WriteString(records(3, map[int]string{1: `,"requestParameters":{"policyDocument":"` + strings.Repeat("a", n) + `"}`}))
	case "deep": // three records, the second nested N levels
		b.WriteString(records(3, map[int]string{1: `,"requestParameters":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)}))
	case "bomb": // a record, then N MiB of one letter, compressed
		bomb(ts, args[1], n)
		return
	case "types": // one record for each field and wrong type
		b.WriteString(wrongTypes())
	case "rules": // a folder of N rules, one of them invalid
		ruleFolder(ts, args[1], n)
		return
	default:
		ts.Fatalf("make: unknown kind %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

func records(n int, more map[int]string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(oneRecord, i, more[i])
	}
	return `{"Records":[` + strings.Join(all, ",\n") + `]}`
}

func wrongTypes() string {
	var all []string
	for _, field := range []string{
		"eventVersion", "eventTime", "userIdentity", "eventSource", "awsRegion", "sourceIPAddress", "userAgent",
		"errorCode", "requestParameters", "responseElements", "eventID", "eventType", "readOnly", "resources",
		"recipientAccountId", "eventCategory", "addendum", "tlsDetails", "insightDetails", "managementEvent",
	} {
		for _, v := range []string{"null", "true", "1e400", `"text"`, "[]", `[[1,{"a":null}]]`, "{}", `{"type":[1],"reason":2}`} {
			all = append(all, strings.Replace(fmt.Sprintf(oneRecord, len(all), ""), `{`, fmt.Sprintf(`{"%s":%s,`, field, v), 1))
			all = append(all, strings.TrimSuffix(fmt.Sprintf(oneRecord, 10_000+len(all), ""), "}")+fmt.Sprintf(`,"%s":%s}`, field, v))
		}
	}
	return `{"Records":[` + strings.Join(all, ",") + `]}`
}

func bomb(ts *testscript.TestScript, name string, mib int) {
	f, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	z := gzip.NewWriter(f)
	_, err = fmt.Fprintf(z, `{"Records":[`+oneRecord+`,{"eventVersion":"1.11","userAgent":"`, 1, "")
	ts.Check(err)
	block := bytes.Repeat([]byte("a"), 1<<20)
	for range mib {
		_, err = z.Write(block)
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(f.Close())
}

func ruleFolder(ts *testscript.TestScript, dir string, n int) {
	ts.Check(os.MkdirAll(ts.MkAbs(dir), 0o755))
	for i := range n {
		test := "{equals: CreateUser}"
		if i == n/2 {
			test = "{equal: CreateUser}"
		}
		text := fmt.Sprintf("id: rule-%03d\ntitle: Rule %d\nseverity: low\nmatch:\n  where:\n    all:\n      - eventName: %s\n", i, i, test)
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf("%s/%03d.yaml", dir, i)), []byte(text), 0o644))
	}
}
