package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trailwarden/trailwarden/config"
)

// canaries are the secrets of one test: each has a text of its own.
type canaries struct {
	t   *testing.T
	dir string // where secret files are, outside of what the program writes
	all []string

	mu   sync.Mutex
	sent []byte // what receivers got
}

// arrived counts the canaries that receivers got, as they should.
func (c *canaries) arrived() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.all {
		if bytes.Contains(c.sent, []byte(s)) {
			n++
		}
	}
	return n
}

// env makes a secret in the environment and gives the reference to it. Text
// stands around the canary.
func (c *canaries) env(before, after string) string {
	name := fmt.Sprintf("TW_SECRET_%d", len(c.all))
	c.t.Setenv(name, before+c.next()+after)
	return "env:" + name
}

func (c *canaries) file() string {
	p := filepath.Join(c.dir, fmt.Sprintf("secret%d", len(c.all)))
	if err := os.WriteFile(p, []byte(c.next()+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return "file:" + p
}

func (c *canaries) next() string {
	s := fmt.Sprintf("canary%02dhunter2hunter2hunter2hunter", len(c.all))
	c.all = append(c.all, s)
	return s
}

// find looks for canaries in a text and blames what.
func (c *canaries) find(what string, text []byte) {
	c.t.Helper()
	for _, s := range c.all {
		if i := bytes.Index(text, []byte(s)); i >= 0 {
			c.t.Errorf("%s tells the secret %s: …%s…", what, s, text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// echo answers every request with an error that repeats all of it: URL, headers
// and body. The status takes turns.
func (c *canaries) echo() string {
	statuses := []int{http.StatusBadRequest, http.StatusForbidden, http.StatusInternalServerError, http.StatusOK}
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		w.WriteHeader(statuses[int(asked.Add(1))%len(statuses)])
		text := fmt.Appendf(nil, "refused: %s %s %v %s", r.Method, r.URL, r.Header, body)
		_, _ = w.Write(text)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, text...)
	}))
	c.t.Cleanup(s.Close)
	return s.URL
}

// canaryConfig has a secret in every setting that takes one.
func canaryConfig(c *canaries, url string) string {
	return fmt.Sprintf(`
rules: [rule.yaml]
store: {sqlite: {path: alerts.db}}
aws: {endpoint: %[1]s, region: eu-west-1}
alerts: {give_up: 1s}
sources:
  push: {http: {eventbridge_api_key: %[2]s}}
sinks:
  slack: {slack: {webhook: %[3]s, allow_private: [127.0.0.0/8]}}
  bot: {slack: {token: %[4]s, channel: c, api_url: %[1]s/api, allow_private: [127.0.0.0/8]}}
  teams: {teams: {webhook: %[5]s, allow_private: [127.0.0.0/8]}}
  hook: {webhook: {url: %[6]s, hmac_key: %[7]s, bearer_token: %[8]s, secret_headers: {X-Key: %[9]s}, allow_private: [127.0.0.0/8]}}
  proxied: {webhook: {url: %[10]s, proxy: %[11]s, allow_private: [127.0.0.0/8]}}
  bad: {webhook: {url: %[12]s}}
  page: {pagerduty: {routing_key: %[13]s, events_url: %[1]s/enqueue, allow_private: [127.0.0.0/8]}}
  now: {servicenow: {instance: %[1]s, username: u, password: %[14]s, allow_private: [127.0.0.0/8]}}
  oauth: {servicenow: {instance: %[1]s, auth: password, username: u, password: %[15]s, client_id: i, client_secret: %[16]s, allow_private: [127.0.0.0/8]}}
  mail: {smtp: {server: '127.0.0.1:1', from: a@example.com, to: [b@example.com], username: u, password: %[17]s}}
  sns: {sns: {topic: 'arn:aws:sns:eu-west-1:111122223333:t'}}
  ses: {ses: {from: a@example.com, to: [b@example.com]}}
  bus: {eventbridge: }
  hub: {securityhub: {account: '111122223333'}}
`, url, c.file(), c.env(url+"/hook/", ""), c.file(), c.env(url+"/workflows/", "?sig=x"), c.env(url+"/", "/x"), c.file(), c.file(), c.env("", ""),
		c.env("http://192.0.2.1/", ""), c.env("http://user:", "@127.0.0.1:1"), c.env("gopher://", "/"), c.env("", "")[:], c.file(), c.file(), c.env("", ""), c.file())
}

const canaryRule = "id: user-made\ntitle: A user was made\nseverity: high\nmatch: {where: {eventName: {equals: CreateUser}}}\n"

// Canary secrets in every setting, all commands, receivers that repeat what they
// are sent: no output, no file and no command line has one.
func TestNoCommandTellsASecret(t *testing.T) {
	t.Chdir(t.TempDir())
	c := &canaries{t: t, dir: t.TempDir()}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", c.next())
	t.Setenv("AWS_SESSION_TOKEN", c.next())
	text := canaryConfig(c, c.echo())
	for name, content := range map[string]string{"trailwarden.yaml": text, "rule.yaml": canaryRule, "log.json": records(3, nil)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.runAll(text)
	c.files(".")
	if n := c.arrived(); n < 7 {
		t.Errorf("only %d secrets were ever used: this test shows little", n)
	}
	if line, err := os.ReadFile("/proc/self/cmdline"); err == nil {
		c.find("the command line", line)
	}
}

// runAll runs every command about alerts and messages.
func (c *canaries) runAll(text string) {
	cfg, err := config.Parse("trailwarden.yaml", []byte(text))
	if err != nil {
		c.t.Fatal(err)
	}
	commands := [][]string{
		{"config", "check"}, {"config", "check", "-f", "json"}, {"config", "schema"},
		{"scan", "--notify", "--wait", "1s", "-f", "json", "log.json"},
		{"notify", "test"}, {"notify", "flush", "--wait", "1s"},
		{"notify", "deadletter", "list"}, {"notify", "deadletter", "list", "-f", "json"},
		{"notify", "deadletter", "retry", "--all", "--deliver", "--wait", "1s"},
		{"intake", "deadletter", "list"}, {"intake", "deadletter", "list", "-f", "json"},
		{"alerts", "list"}, {"alerts", "list", "-f", "json"}, {"alerts", "silences"},
		{"notify", "preview", "--sink", "none"}, {"notify", "deadletter", "drop", "--all", "--reason", "test"},
	}
	for _, s := range cfg.Sinks {
		commands = append(commands, []string{"notify", "preview", "--sink", s.Name, "log.json"}, []string{"notify", "preview", "--sink", s.Name, "-f", "json", "--kind", "test"})
	}
	for _, args := range commands {
		var out, errOut bytes.Buffer
		run(args, strings.NewReader(""), &out, &errOut)
		c.find(strings.Join(args, " ")+": standard output", out.Bytes())
		c.find(strings.Join(args, " ")+": standard error", errOut.Bytes())
	}
	c.find("the configuration printed", fmt.Appendf(nil, "%v %+v %#v %+v", cfg, cfg, cfg, cfg.Sinks))
}

// files looks into every file below dir.
func (c *canaries) files(dir string) {
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		c.find("the file "+p, text)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}
