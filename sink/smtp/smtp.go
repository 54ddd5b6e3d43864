// Package smtp sends messages as mail by an SMTP server: one connection and
// one mail for each message. SMTP has no idempotency token; a mail whose end got
// no answer may be delivered twice, with the same Message-ID.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
	"github.com/trailwarden/trailwarden/sink/mail"
)

// TLS is how the connection is protected.
type TLS string

// The ways.
const (
	StartTLS TLS = "starttls" // required: a server that does not offer it gets nothing
	Implicit TLS = "implicit" // from the first byte, port 465
	Off      TLS = "off"      // none, and no password either
)

// Config is a server, a sender and who gets the mail.
type Config struct {
	Server          string // host and port
	From            string
	To, Cc, ReplyTo []string
	Username        sink.Secret // for AUTH; sent over TLS only
	// Password is asked for with every connection.
	Password sink.Secret
	TLS      TLS    // StartTLS when empty
	Helo     string // localhost when empty
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	Now   func() time.Time // time.Now when nil
	Roots *x509.CertPool   // authorities; the system's when nil
	// Dial opens connections; a net.Dialer with a bound of ten seconds when nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

type mailer struct {
	cfg       Config
	host      string
	port      int
	addresses mail.Addresses
	renderer  *mail.Renderer
	deps      Deps
}

// New makes a sink; it contacts nobody.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	s := &mailer{cfg: cfg, renderer: mail.NewRenderer(), deps: deps}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	if s.deps.Now == nil {
		s.deps.Now = time.Now
	}
	if s.deps.Dial == nil {
		s.deps.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	}
	return s, nil
}

func (s *mailer) check() (err error) {
	if s.addresses, err = mail.ParseAddresses(s.cfg.From, s.cfg.To, s.cfg.Cc, s.cfg.ReplyTo); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.cfg.Server)
	if err != nil || host == "" {
		return fmt.Errorf("server %q: want host and port, such as smtp.example.com:587", s.cfg.Server)
	}
	s.host = host
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return fmt.Errorf("server %q: port %q: want 1 to 65535", s.cfg.Server, port)
	}
	return s.checkSecrets()
}

func (s *mailer) checkSecrets() error {
	switch s.cfg.TLS {
	case "":
		s.cfg.TLS = StartTLS
	case StartTLS, Implicit, Off:
	default:
		return fmt.Errorf("tls %q: want starttls, implicit or off", s.cfg.TLS)
	}
	if (s.cfg.Username == nil) != (s.cfg.Password == nil) {
		return errors.New("username and password belong together")
	}
	if s.cfg.Username != nil && s.cfg.TLS == Off {
		return errors.New("a password is not sent without TLS: set tls to starttls or implicit, or leave username out")
	}
	return nil
}

func (s *mailer) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.deps.Roots}
}

// Deliver sends n in one connection. Its receipt is the Message-ID of the
// alert's first mail.
func (s *mailer) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Ended(err)
	}
	raw, err := s.compose(n)
	if err != nil {
		return outcome.Refused(err)
	}
	o := s.send(ctx, raw)
	if o.Class == alert.OK {
		if o.Receipt = n.Receipt; len(o.Receipt) == 0 {
			o.Receipt = []byte(s.addresses.ID(n.Message))
		}
	}
	return o
}

func (s *mailer) compose(n sink.Notification) ([]byte, error) {
	body, err := s.renderer.Render(n.Message)
	if err != nil {
		return nil, err
	}
	return s.addresses.Compose(n.Message, body, string(n.Receipt), s.deps.Now())
}

// Preview shows subject, text, HTML and the whole MIME message.
func (s *mailer) Preview(n sink.Notification) (sink.Preview, error) {
	raw, err := s.compose(n)
	if err != nil {
		return sink.Preview{}, err
	}
	return s.renderer.Preview(n.Message, raw)
}

// Traits: a mail server has no use for more.
func (s *mailer) Traits() sink.Traits { return sink.Traits{} }
