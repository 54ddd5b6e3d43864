package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Unverified is part of what Amazon SES answers, by its API and by SMTP, to mail
// whose sender is not verified, or a recipient in its sandbox ("Amazon SES email
// sending errors").
const Unverified = "Email address is not verified"

// Addresses are the parsed parties of every mail of a sink.
type Addresses struct {
	From    *netmail.Address
	To, Cc  []*netmail.Address
	ReplyTo []*netmail.Address
}

// ParseAddresses reads addresses of RFC 5322, with or without a name. There
// must be a sender and between one and 50 recipients, copies included.
func ParseAddresses(from string, to, cc, replyTo []string) (Addresses, error) {
	var a Addresses
	var err error
	if a.From, err = address("from", from); err != nil {
		return a, err
	}
	for _, list := range []struct {
		name string
		in   []string
		out  *[]*netmail.Address
	}{{"to", to, &a.To}, {"cc", cc, &a.Cc}, {"reply_to", replyTo, &a.ReplyTo}} {
		for _, s := range list.in {
			one, err := address(list.name, s)
			if err != nil {
				return a, err
			}
			*list.out = append(*list.out, one)
		}
	}
	n, most := len(a.To)+len(a.Cc), sink.SESRecipients.Max()
	switch {
	case len(a.To) == 0:
		return a, errors.New("to: at least one recipient is needed")
	case n > most:
		return a, fmt.Errorf("to and cc: %d recipients, at most %d may get one mail: use a distribution list", n, most)
	}
	return a, nil
}

func address(setting, s string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil || strings.ContainsAny(s, "\r\n\x00") {
		return nil, fmt.Errorf("%s: %q is no mail address; want name@example.com or Name <name@example.com>", setting, s)
	}
	return a, nil
}

// Recipients are the addresses of To and Cc, without names.
func (a Addresses) Recipients() []string {
	var out []string
	for _, r := range append(append([]*netmail.Address(nil), a.To...), a.Cc...) {
		out = append(out, r.Address)
	}
	return out
}

// ID is the Message-ID of m, without angle brackets: the same for every attempt
// to send it, and for the first message of an alert made of its key alone.
func (a Addresses) ID(m *message.Message) string {
	id := root(m)
	if m.Sequence > 1 {
		id += "." + strconv.FormatInt(m.Sequence, 10)
	}
	return id + "@" + a.domain()
}

var plainKey = re2.Own(`^[0-9A-Za-z-]{1,128}$`)

// root stands for the key in a Message-ID; a key of other characters than ours
// have is hashed.
func root(m *message.Message) string {
	if plainKey.MatchString(m.Key) {
		return m.Key
	}
	sum := sha256.Sum256([]byte(m.Key))
	return hex.EncodeToString(sum[:])
}

func (a Addresses) domain() string {
	d := a.From.Address[strings.LastIndexByte(a.From.Address, '@')+1:]
	if !isDomain.MatchString(d) {
		return "trailwarden.invalid"
	}
	return d
}

var isDomain = re2.Own(`^[0-9A-Za-z.-]{1,253}$`)

var isID = re2.Own(`^[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{1,300}@[0-9A-Za-z.-]{1,253}$`)

// Compose writes m as a MIME message: lines of at most 998 octets ended by CR
// LF, multipart/alternative. earlier is the Message-ID that an earlier mail of
// the alert was given, if any; date is the time of the attempt.
func (a Addresses) Compose(m *message.Message, b Body, earlier string, date time.Time) ([]byte, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(a.From)
	msg.ToMailAddress(a.To...)
	if len(a.Cc) > 0 {
		msg.CcMailAddress(a.Cc...)
	}
	if len(a.ReplyTo) > 0 {
		msg.ReplyToMailAddress(a.ReplyTo...)
	}
	msg.SetDateWithValue(date.UTC())
	msg.SetMessageIDWithValue(a.ID(m))
	a.thread(msg, m, earlier)
	headers(msg, m, b)
	msg.SetBodyString(gomail.TypeTextPlain, b.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, b.HTML)
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("composing the mail: %w", err)
	}
	return out.Bytes(), nil
}

// thread refers to the alert's first mail, by the ID that it was sent with and
// the one that it was given on the way.
func (a Addresses) thread(msg *gomail.Msg, m *message.Message, earlier string) {
	if m.Sequence <= 1 && earlier == "" {
		return
	}
	first := "<" + root(m) + "@" + a.domain() + ">"
	references := first
	if isID.MatchString(earlier) && "<"+earlier+">" != first {
		references = first + " <" + earlier + ">"
		first = "<" + earlier + ">"
	}
	msg.SetGenHeader("In-Reply-To", first)
	msg.SetGenHeader("References", references)
}

// headers say what the mail is to programs: filters, and answering machines
// that should keep quiet.
func headers(msg *gomail.Msg, m *message.Message, b Body) {
	msg.Subject(b.Subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	if m.Severity >= severity.High {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	for _, h := range []struct{ name, value string }{
		{"X-Trailwarden-Key", root(m)}, {"X-Trailwarden-Kind", string(m.Kind)},
		{"X-Trailwarden-Severity", m.Severity.String()}, {"X-Trailwarden-Rule", m.Rule.ID},
		{"X-Trailwarden-Account", m.Where.Account}, {"X-Trailwarden-Region", m.Where.Region},
	} {
		if v := sink.Cut(page.Header(h.value), 200, sink.Characters); v != "" {
			msg.SetGenHeader(gomail.Header(h.name), v)
		}
	}
}
