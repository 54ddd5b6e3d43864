package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// receivers are the HTTP servers of one script, by name.
type receivers struct{ byName map[string]*receiver }

// receiver writes the bodies that it gets to a file, and answers with a status
// that a script may change.
type receiver struct {
	*httptest.Server
	status atomic.Int64
}

// startReceiver NAME FILE starts a server on a loopback address and puts its
// URL into the environment as NAME; bodies go to FILE, a line each.
func startReceiver(ts *testscript.TestScript, _ bool, args []string) {
	all := ts.Value("receivers").(*receivers)
	name, file := args[0], ts.MkAbs(args[1])
	r := new(receiver)
	r.status.Store(http.StatusOK)
	var mu sync.Mutex
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintf(f, "%s %s\n", req.URL.Path, body)
			_ = f.Close()
		}
		w.WriteHeader(int(r.status.Load()))
		if r.status.Load() == http.StatusOK {
			fmt.Fprint(w, "ok")
		} else {
			fmt.Fprint(w, "invalid_payload")
		}
	}))
	ts.Defer(r.Close)
	ts.Setenv(name, r.URL+"/hook/"+name+"-canary-hunter2")
	all.byName[name] = r
}

// answerWith NAME STATUS has a receiver answer with a status from now on.
func answerWith(ts *testscript.TestScript, _ bool, args []string) {
	code, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Value("receivers").(*receivers).byName[args[0]].status.Store(int64(code))
}
