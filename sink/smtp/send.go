package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	client "github.com/wneessen/go-mail/smtp"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
	"github.com/trailwarden/trailwarden/sink/mail"
)

// longest bounds one delivery, whatever the context says.
const longest = 30 * time.Second

// stage is how far a delivery came; it decides what an error means.
type stage int

const (
	dialling stage = iota // up to and with AUTH
	offering              // sender and recipients
	ending                // the mail was sent, its answer was not read
)

// send delivers raw. A connection ends with ctx at any point.
func (s *mailer) send(ctx context.Context, raw []byte) alert.Outcome {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	line := &lifeline{ctx: ctx, dial: s.dial}
	defer line.close()
	c, err := s.connect(ctx, line)
	if err != nil {
		return classify(dialling, timely(ctx, err))
	}
	refused, err := s.offer(c)
	if err != nil {
		return classify(offering, timely(ctx, err))
	}
	if at, err := transfer(c, raw); err != nil {
		return classify(at, timely(ctx, err))
	}
	_ = c.Quit() // the mail is the server's now
	return alert.Outcome{Class: alert.OK, Reason: refused}
}

// timely says so when it was we who closed the connection.
func timely(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("no answer in time: %w", err)
	}
	return err
}

// lifeline opens the connection and closes it when the context ends.
type lifeline struct {
	ctx  context.Context
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	conn net.Conn
	stop func() bool
}

func (l *lifeline) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.conn, l.stop = conn, context.AfterFunc(l.ctx, func() { conn.Close() })
	return conn, nil
}

func (l *lifeline) close() {
	if l.conn != nil {
		l.stop()
		l.conn.Close()
	}
}

// dial opens a connection, under TLS where that comes first.
func (s *mailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.deps.Dial(ctx, network, address)
	if err != nil || s.cfg.TLS != Implicit {
		return conn, err
	}
	secured := tls.Client(conn, s.tlsConfig())
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// connect says hello, turns TLS on and logs in.
func (s *mailer) connect(ctx context.Context, line *lifeline) (*client.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(longest), gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithDialContextFunc(line.open), gomail.WithHELO("localhost"),
	}
	switch s.cfg.TLS {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithSSL())
	case Off:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.cfg.Helo != "" {
		options = append(options, gomail.WithHELO(s.cfg.Helo))
	}
	if s.cfg.Username != nil {
		user, err := s.cfg.Username(ctx)
		if err != nil {
			return nil, fmt.Errorf("the username cannot be fetched: %w", err)
		}
		password, err := s.cfg.Password(ctx)
		if err != nil {
			return nil, fmt.Errorf("the password cannot be fetched: %w", err)
		}
		options = append(options,
			gomail.WithSMTPAuthCustom(&login{user: user, password: password}))
	}
	c, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, err
	}
	return c.DialToSMTPClientWithContext(ctx)
}

// offer names sender and recipients. Those that the server refuses for good are
// returned in words as long as it takes one; a mail for the others must not
// wait for them.
func (s *mailer) offer(c *client.Client) (refused string, err error) {
	if err := c.Mail("<" + s.addresses.From.Address + ">"); err != nil {
		return "", err
	}
	all := s.addresses.Recipients()
	var bad []string
	for _, r := range all {
		failed := c.Rcpt("<" + r + ">")
		var answer *textproto.Error
		switch {
		case failed == nil:
		case errors.As(failed, &answer):
			bad = append(bad, fmt.Sprintf("%s: %v", r, failed))
			if err == nil || temporary(failed) {
				err = failed
			}
		default:
			return "", failed
		}
	}
	switch {
	case len(bad) == len(all):
		return "", err
	case len(bad) > 0:
		return outcome.Reason(fmt.Sprintf("%d of %d recipients refused: %s", len(bad), len(all), strings.Join(bad, "; "))), nil
	}
	return "", nil
}

// transfer sends the mail itself.
func transfer(c *client.Client, raw []byte) (stage, error) {
	w, err := c.Data()
	if err != nil {
		return offering, err
	}
	if _, err := w.Write(raw); err != nil {
		return offering, err // no end was sent, so nothing is delivered
	}
	return ending, w.Close()
}

func temporary(err error) bool {
	var answer *textproto.Error
	return errors.As(err, &answer) && answer.Code >= 400 && answer.Code < 500
}

// classify sorts err by how far the delivery came. 4xx is to be tried again and
// 5xx not (RFC 5321, 4.2.1); a server that refuses the login, the protection or
// the sender as not authenticated pauses the sink.
func classify(at stage, err error) alert.Outcome {
	o := alert.Outcome{Class: alert.Retry, Reason: outcome.Reason(err.Error())}
	var answer *textproto.Error
	switch {
	case errors.As(err, &answer):
		o.Class = class(at, answer.Code)
		if o.Class == alert.Reject && strings.Contains(answer.Msg, mail.Unverified) {
			o.Class = alert.Auth
		}
	case at == ending:
		o.Unsure = true
	case at == dialling && wrongSetting(err):
		o.Class = alert.Auth
	}
	return o
}

func class(at stage, code int) alert.Class {
	switch {
	case code == 530, code == 534, code == 535, code == 538, at == dialling && code >= 500:
		return alert.Auth
	case code >= 500:
		return alert.Reject
	}
	return alert.Retry
}

// wrongSetting tells errors that no waiting mends: certificates, a server
// without STARTTLS or without the login that is wanted.
func wrongSetting(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) ||
		errors.As(err, &record) || errors.Is(err, errNoLogin) ||
		strings.Contains(err.Error(), "STARTTLS") || strings.Contains(err.Error(), "does not support SMTP AUTH")
}
