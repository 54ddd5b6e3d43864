package smtp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	server "github.com/emersion/go-smtp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/smtp"
)

func config(address string) smtp.Config {
	return smtp.Config{Server: address, From: "Trailwarden <alerts@example.com>", To: []string{"one@example.com", "two@example.com"},
		Username: sink.Fixed("user"), Password: sink.Fixed("pass word")}
}

func must(t testing.TB, cfg smtp.Config, roots *x509.CertPool) sink.Sink {
	t.Helper()
	s, err := smtp.New(cfg, smtp.Deps{Roots: roots, Now: messagetest.Moment})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t testing.TB, s sink.Sink) alert.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.Deliver(ctx, sink.Notification{Message: messagetest.Opened()})
}

// A mail goes to every recipient over STARTTLS or TLS after a login, and is
// read back as it was rendered.
func TestMailArrives(t *testing.T) {
	for _, way := range []smtp.TLS{smtp.StartTLS, smtp.Implicit} {
		for _, mechanism := range []string{"PLAIN", "LOGIN"} {
			box := serve(t, answers{mechanism: mechanism, implicit: way == smtp.Implicit})
			cfg := config(box.address)
			cfg.TLS = way
			s := must(t, cfg, box.roots)
			o := deliver(t, s)
			if want := messagetest.Key + "@example.com"; o.Class != alert.OK || string(o.Receipt) != want {
				t.Fatalf("%s %s: %+v, want receipt %s", way, mechanism, o, want)
			}
			mails := box.mails()
			if len(mails) != 1 || strings.Join(mails[0].to, " ") != "one@example.com two@example.com" || mails[0].from != "alerts@example.com" {
				t.Fatalf("%s %s: got %+v", way, mechanism, mails)
			}
			p, err := s.Preview(sink.Notification{Message: messagetest.Opened()})
			if err != nil {
				t.Fatal(err)
			}
			got, want := body(t, mails[0].data), body(t, string(p.Parts[3].Body))
			if got.Header.Get("Subject") != want.Header.Get("Subject") || got.Header.Get("Message-Id") != "<"+string(o.Receipt)+">" {
				t.Errorf("headers %v", got.Header)
			}
		}
	}
}

func body(t testing.TB, raw string) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Hostile and large messages arrive as one mail each, with no recipient more.
func TestHostileMailsArriveWhole(t *testing.T) {
	box := serve(t, answers{mechanism: "PLAIN"})
	s := must(t, config(box.address), box.roots)
	n := 0
	for i, c := range append(messagetest.Hostile(), messagetest.Large()...) {
		if i%9 != 0 && !strings.Contains(c.Name, "KiB") {
			continue
		}
		n++
		if o := s.Deliver(context.Background(), sink.Notification{Message: c.Message}); o.Class != alert.OK {
			t.Errorf("%s: %+v", c.Name, o)
		}
	}
	for _, m := range box.mails() {
		if len(m.to) != 2 || body(t, m.data).Header.Get("Bcc") != "" {
			t.Errorf("sent to %v", m.to)
		}
	}
	if got := len(box.mails()); got != n {
		t.Errorf("%d mails arrived of %d", got, n)
	}
}

// Answers of a server have their classes, wherever they come.
func TestErrorClasses(t *testing.T) {
	no := func(code int) error { return &server.SMTPError{Code: code, Message: "no"} }
	for _, c := range []struct {
		name   string
		box    answers
		want   alert.Class
		unsure bool
	}{
		{"sender refused for now", answers{mail: no(451)}, alert.Retry, false},
		{"too many connections", answers{mail: no(421)}, alert.Retry, false},
		{"sender refused", answers{mail: no(550)}, alert.Reject, false},
		{"login wanted", answers{mail: no(530)}, alert.Auth, false},
		{"all recipients refused", answers{rcpt: map[string]error{"one@example.com": no(550), "two@example.com": no(553)}}, alert.Reject, false},
		{"all recipients refused, one for now", answers{rcpt: map[string]error{"one@example.com": no(450), "two@example.com": no(550)}}, alert.Retry, false},
		{"one recipient refused", answers{rcpt: map[string]error{"one@example.com": no(550)}}, alert.OK, false},
		{"one recipient refused for now", answers{rcpt: map[string]error{"two@example.com": no(452)}}, alert.OK, false},
		{"mail refused for now", answers{data: no(452)}, alert.Retry, false},
		{"mail refused", answers{data: no(554)}, alert.Reject, false},
		{"sender not verified, by SES", answers{data: &server.SMTPError{Code: 554, Message: "Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: a@example.com"}}, alert.Auth, false},
		{"mail too large", answers{data: no(552)}, alert.Reject, false},
		{"wrong password", answers{auth: no(535)}, alert.Auth, false},
		{"login fails for now", answers{auth: no(454)}, alert.Retry, false},
		{"connection lost after the mail", answers{data: errCut}, alert.Retry, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.box.mechanism = "PLAIN"
			box := serve(t, c.box)
			o := deliver(t, must(t, config(box.address), box.roots))
			if o.Class != c.want || o.Unsure != c.unsure {
				t.Errorf("%+v, want %s, unsure %v", o, c.want, c.unsure)
			}
			if c.box.rcpt != nil && o.Class == alert.OK && (len(box.mails()) != 1 || !strings.Contains(o.Reason, "1 of 2 recipients refused")) {
				t.Errorf("%+v: the others must get the mail, and the refusal must be told", o)
			}
			if strings.Contains(o.Reason, "pass word") {
				t.Errorf("the reason holds the password: %s", o.Reason)
			}
		})
	}
}

// Without protection nothing is sent, least of all the password.
func TestProtectionIsRequired(t *testing.T) {
	bare := serve(t, answers{mechanism: "PLAIN", bare: true})
	if o := deliver(t, must(t, config(bare.address), bare.roots)); o.Class != alert.Auth || !strings.Contains(o.Reason, "STARTTLS") {
		t.Errorf("no STARTTLS: %+v, want auth", o)
	}
	unknown := serve(t, answers{mechanism: "PLAIN"})
	if o := deliver(t, must(t, config(unknown.address), x509.NewCertPool())); o.Class != alert.Auth || !strings.Contains(o.Reason, "certificate") {
		t.Errorf("unknown authority: %+v, want auth", o)
	}
	for _, box := range []*mailbox{bare, unknown} {
		if len(box.mails()) != 0 || box.logins() != 0 {
			t.Error("something was sent")
		}
	}
	cfg := config(bare.address)
	cfg.TLS = smtp.Off
	if _, err := smtp.New(cfg, smtp.Deps{}); err == nil || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("a password without TLS: %v", err)
	}
	cfg.Username, cfg.Password = nil, nil
	if o := deliver(t, must(t, cfg, nil)); o.Class != alert.OK || len(bare.mails()) != 1 {
		t.Errorf("TLS off: %+v", o)
	}
}

// A password whose keeper does not answer is asked for again with the next
// attempt, as the secrets of every sink; nothing is sent meanwhile.
func TestPasswordThatCannotBeFetched(t *testing.T) {
	cfg := config("127.0.0.1:1")
	cfg.Password = func(context.Context) (string, error) { return "", errors.New("no such secret") }
	if o := deliver(t, must(t, cfg, nil)); o.Class != alert.Retry || o.Unsure || !strings.Contains(o.Reason, "password cannot be fetched: no such secret") {
		t.Errorf("%+v, want retry", o)
	}
}

// A server that hangs costs no longer than the context, wherever it hangs.
func TestHangingServers(t *testing.T) {
	for _, greeting := range []string{"", "220 hello\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, greeting)
			io.Copy(io.Discard, conn)
		}()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		o := must(t, config(l.Addr().String()), nil).Deliver(ctx, sink.Notification{Message: messagetest.Opened()})
		if o.Class != alert.Retry || o.Unsure || !strings.Contains(o.Reason, "no answer in time") {
			t.Errorf("%q: %+v, want retry", greeting, o)
		}
		cancel()
		l.Close()
	}
	if o := deliver(t, must(t, config("127.0.0.1:1"), nil)); o.Class != alert.Retry || o.Unsure {
		t.Errorf("nobody listens: %+v, want retry", o)
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for want, change := range map[string]func(*smtp.Config){
		"want host and port":     func(c *smtp.Config) { c.Server = "mail" },
		"want 1 to 65535":        func(c *smtp.Config) { c.Server = "mail:smtp" },
		"want starttls":          func(c *smtp.Config) { c.TLS = "ssl" },
		"belong together":        func(c *smtp.Config) { c.Password = nil },
		"from: \"\" is no mail":  func(c *smtp.Config) { c.From = "" },
		"at least one recipient": func(c *smtp.Config) { c.To = nil },
		"to: \"x y\" is no mail": func(c *smtp.Config) { c.To = []string{"x y"} },
	} {
		cfg := config("mail.example.com:587")
		change(&cfg)
		if _, err := smtp.New(cfg, smtp.Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
