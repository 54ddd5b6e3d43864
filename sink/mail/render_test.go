package mail_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/internal/inert"
	"github.com/trailwarden/trailwarden/sink/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hosts are those that messages may link to.
func hosts() []string {
	return []string{"docs.aws.amazon.com", "attack.mitre.org", "console.aws.amazon.com", "eu-west-1.console.aws.amazon.com",
		"us-east-1.console.aws.amazon.com", "trailwarden.example.com", "runbooks.example.com", "example.com"}
}

// Every message, hostile or large, is a mail within the limits, with nothing
// active in subject, text and HTML, and key and links whole.
func TestMailIsInertAndWithinLimits(t *testing.T) {
	r := mail.NewRenderer()
	for _, c := range cases() {
		b, err := r.Render(c.Message)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if n := len([]rune(b.Subject)); n > mail.MaxSubject || strings.ContainsAny(b.Subject, "\r\n") {
			t.Errorf("%s: subject of %d characters: %q", c.Name, n, b.Subject)
		}
		if len(b.Text) > mail.MaxText || len(b.HTML) > mail.MaxHTML {
			t.Errorf("%s: %d bytes of text, %d of HTML", c.Name, len(b.Text), len(b.HTML))
		}
		bad := append(inert.Text(b.Subject), inert.Text(b.Text)...)
		for _, s := range append(bad, inert.HTML(b.HTML, hosts()...)...) {
			t.Errorf("%s: %s", c.Name, s)
		}
		for _, l := range c.Message.Links {
			if !strings.Contains(b.HTML, strings.ReplaceAll(l.URL, "&", "&amp;")) {
				t.Errorf("%s: link %s is gone", c.Name, l.URL)
			}
		}
		if !strings.Contains(b.HTML, c.Message.Key) {
			t.Errorf("%s: the key is gone", c.Name)
		}
	}
}

func writeUp(t *testing.T, name string) *message.Message {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "message", "testdata", "golden", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var m message.Message
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, d)
	}
}

// The mails of the published write-up on queries by schedule, and of an alert.
func TestWriteUpMails(t *testing.T) {
	for _, name := range []string{"004-report", "004-root-sign-in"} {
		b, err := mail.NewRenderer().Render(writeUp(t, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", "Subject: "+b.Subject+"\n\n"+b.Text)
		golden(t, name+".html", b.HTML)
	}
}

// A user's template comes in place of ours, within the limits.
func TestTemplates(t *testing.T) {
	m := messagetest.Opened()
	m.Text, m.HTML = "My <text>\nof two lines", "<p>My HTML</p>"
	r := mail.NewRenderer()
	b, err := r.Render(m)
	if err != nil || b.Text != m.Text || b.HTML != m.HTML {
		t.Errorf("got %+v, %v", b, err)
	}
	m.HTML = ""
	if b, err = r.Render(m); err != nil || !strings.Contains(b.HTML, "My &lt;text&gt;") {
		t.Errorf("the text is not in the HTML: %v\n%s", err, b.HTML)
	}
	m.Text, m.HTML = strings.Repeat("<&", 1<<20), strings.Repeat("<p>", 1<<20)
	if b, err = r.Render(m); err != nil || len(b.Text) > mail.MaxText || len(b.HTML) > mail.MaxHTML {
		t.Errorf("%d bytes of text, %d of HTML, %v", len(b.Text), len(b.HTML), err)
	}
}

// The subject says what became of an alert; repeats keep the first one's, so
// that they are threaded.
func TestSubjects(t *testing.T) {
	for _, c := range []struct {
		kind string
		want string
	}{
		{"opened", "[HIGH] DeleteTrail by"}, {"repeated", "Re: [HIGH] DeleteTrail by"},
		{"resolved", "[HIGH] resolved: "}, {"test", "[TEST] "},
	} {
		m := messagetest.Opened()
		if err := json.Unmarshal([]byte(`{"kind":"`+c.kind+`"}`), m); err != nil {
			t.Fatal(err)
		}
		if got := mail.Subject(m); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q first", c.kind, got, c.want)
		}
	}
}

// cases are all messages but for the repeated ones with payloads: their texts
// stand where those of the first message and the report do.
func cases() []messagetest.Case {
	var out []messagetest.Case
	for _, c := range messagetest.All() {
		if !strings.HasPrefix(c.Name, "repeated, ") {
			out = append(out, c)
		}
	}
	return out
}

// Secrets in records show in no part of a mail.
func TestCanariesStayAway(t *testing.T) {
	r := mail.NewRenderer()
	for _, c := range messagetest.Canaries() {
		b, err := r.Render(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Secrets {
			if strings.Contains(b.Subject+b.Text+b.HTML, s) {
				t.Errorf("%s: %q is shown", c.Name, s)
			}
		}
	}
}
