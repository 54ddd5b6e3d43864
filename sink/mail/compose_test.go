package mail_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/mail"
)

func addresses(t testing.TB) mail.Addresses {
	t.Helper()
	a, err := mail.ParseAddresses("Trailwarden <alerts@example.com>",
		[]string{"Jürgen <jürgen@example.com>", "two@example.com"}, []string{"cc@example.com"}, []string{"soc@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// read takes a MIME message apart with the standard library.
func read(t testing.TB, raw []byte) (h netmail.Header, text, html string) {
	t.Helper()
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for _, out := range []*string{&text, &html} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*out = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("more than two parts: %v", err)
	}
	return msg.Header, text, html
}

func compose(t testing.TB, m *message.Message, earlier string) (raw []byte, b mail.Body) {
	t.Helper()
	b, err := mail.NewRenderer().Render(m)
	if err != nil {
		t.Fatal(err)
	}
	raw, err = addresses(t).Compose(m, b, earlier, messagetest.Moment().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return raw, b
}

// known are the header fields that a mail of ours may have.
const known = " From To Cc Reply-To Date Message-Id In-Reply-To References Subject Mime-Version Content-Type Auto-Submitted " +
	"X-Auto-Response-Suppress Importance Priority X-Msmail-Priority X-Priority X-Trailwarden-Key X-Trailwarden-Kind " +
	"X-Trailwarden-Severity X-Trailwarden-Rule X-Trailwarden-Account X-Trailwarden-Region "

// What is composed reads back as it was, whatever the message holds: no header
// is added, no line is longer than SMTP allows.
func TestComposedMailsReadBack(t *testing.T) {
	decoder := new(mime.WordDecoder)
	for _, c := range cases() {
		raw, b := compose(t, c.Message, "")
		h, text, html := read(t, raw)
		for name, values := range h {
			if !strings.Contains(known, " "+name+" ") || len(values) != 1 {
				t.Errorf("%s: header %s: %q", c.Name, name, values)
			}
		}
		if subject, err := decoder.DecodeHeader(h.Get("Subject")); err != nil || subject != b.Subject {
			t.Errorf("%s: subject %q, want %q (%v)", c.Name, subject, b.Subject, err)
		}
		if text != b.Text || html != b.HTML {
			t.Errorf("%s: text or HTML did not survive", c.Name)
		}
		for i, line := range strings.Split(string(raw), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: line %d has %d bytes or a bare CR or LF", c.Name, i+1, len(line))
			}
		}
	}
}

// Message-ID is the same for every attempt, and later mails refer to the first.
func TestThreads(t *testing.T) {
	first := messagetest.Opened()
	h, _, _ := read(t, must(compose(t, first, "")))
	id := h.Get("Message-Id")
	if want := "<" + first.Key + "@example.com>"; id != want || h.Get("References") != "" {
		t.Errorf("first mail: Message-ID %s, want %s, and no references", id, want)
	}
	second := messagetest.Repeated()
	second.Sequence = 2
	h, _, _ = read(t, must(compose(t, second, "")))
	if h.Get("In-Reply-To") != id || h.Get("References") != id || h.Get("Message-Id") == id {
		t.Errorf("second mail: %v", h)
	}
	given := "0102abc-xyz-000000@eu-west-1.amazonses.com"
	h, _, _ = read(t, must(compose(t, second, given)))
	if h.Get("In-Reply-To") != "<"+given+">" || h.Get("References") != id+" <"+given+">" {
		t.Errorf("second mail after a given id: %v", h)
	}
	h, _, _ = read(t, must(compose(t, second, "x@y>\r\nBcc: evil@evil.example")))
	if h.Get("In-Reply-To") != id || h.Get("Bcc") != "" {
		t.Errorf("second mail after a hostile receipt: %v", h)
	}
}

// What is wrong for days is told each day by a mail of its own: mail servers drop
// a second one of the same Message-ID. Attempts to send the same one keep theirs.
func TestHealthOfEachDayIsAMailOfItsOwn(t *testing.T) {
	b, err := message.NewBuilder(message.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := func(at time.Time) string {
		m, err := b.Build(t.Context(), nil, alert.Notice{Key: "auth chat", Headline: "Sink chat is paused"}.Delivery("mail", at))
		if err != nil {
			t.Fatal(err)
		}
		h, _, _ := read(t, must(compose(t, m, "")))
		return h.Get("Message-Id")
	}
	day := time.Date(2026, 3, 14, 0, 0, 0, 0, time.FixedZone("", 3600))
	if a, b := id(day), id(day.Add(24*time.Hour)); a == b {
		t.Errorf("two days have the same Message-ID %s", a)
	}
	if a, b := id(day.Add(time.Hour)), id(day.Add(24*time.Hour)); a != b {
		t.Errorf("one day, in UTC, has the Message-IDs %s and %s", a, b)
	}
}

func must(raw []byte, _ mail.Body) []byte { return raw }

// Addresses are parsed, never put together as text.
func TestAddresses(t *testing.T) {
	many := make([]string, 51)
	for i := range many {
		many[i] = "a@example.com"
	}
	for _, c := range []struct {
		name, from string
		to         []string
		want       string
	}{
		{"no sender", "", []string{"a@example.com"}, "from: \"\" is no mail address"},
		{"no recipient", "a@example.com", nil, "at least one recipient"},
		{"header injection", "a@example.com\r\nBcc: b@example.com", []string{"a@example.com"}, "from:"},
		{"injected recipient", "a@example.com", []string{"a@example.com>\nRCPT TO:<b@example.com"}, "to:"},
		{"list in one text", "a@example.com", []string{"a@example.com, b@example.com"}, "to:"},
		{"more than 50", "a@example.com", many, "51 recipients, at most 50"},
	} {
		_, err := mail.ParseAddresses(c.from, c.to, nil, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
