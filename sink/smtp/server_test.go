package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	server "github.com/emersion/go-smtp"
)

// errCut makes the server drop the connection in place of an answer.
var errCut = errors.New("cut")

// mail is what the server took.
type mail struct {
	from string
	to   []string
	data string
}

// answers are what a server is to say; nil is yes.
type answers struct {
	mechanism      string
	implicit, bare bool
	auth, mail     error
	data           error
	rcpt           map[string]error
}

// mailbox is an SMTP server.
type mailbox struct {
	answers
	address string
	roots   *x509.CertPool
	mu      sync.Mutex
	got     []mail
	tried   int
}

func (b *mailbox) mails() []mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]mail(nil), b.got...)
}

func (b *mailbox) logins() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tried
}

func serve(t testing.TB, a answers) *mailbox {
	t.Helper()
	b := &mailbox{answers: a}
	certificate, roots := certify(t)
	b.roots = roots
	s := server.NewServer(b)
	s.Domain, s.AllowInsecureAuth = "mail.example.com", b.bare
	s.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	if !b.bare {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	if b.implicit {
		l = tls.NewListener(l, s.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
	return b
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// NewSession implements the server's Backend.
func (b *mailbox) NewSession(c *server.Conn) (server.Session, error) {
	return &session{box: b, conn: c}, nil
}

type session struct {
	box  *mailbox
	conn *server.Conn
	now  mail
}

func (s *session) AuthMechanisms() []string { return []string{s.box.mechanism} }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.box.mu.Lock()
		s.box.tried++
		s.box.mu.Unlock()
		if s.box.auth == nil && (user != "user" || password != "pass word") {
			return server.ErrAuthFailed
		}
		return s.box.auth
	}
	if mechanism == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the obsolete mechanism LOGIN, which the library has for
// clients only.
type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *session) Mail(from string, _ *server.MailOptions) error {
	s.now.from = from
	return s.box.mail
}

func (s *session) Rcpt(to string, _ *server.RcptOptions) error {
	if err := s.box.rcpt[to]; err != nil {
		return err
	}
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if errors.Is(s.box.data, errCut) {
		s.conn.Conn().Close()
	}
	if s.box.data != nil {
		return s.box.data
	}
	s.now.data = string(data)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.got = append(s.box.got, s.now)
	return nil
}

func (s *session) Reset()        { s.now = mail{} }
func (s *session) Logout() error { return nil }

// certify makes a certificate for the loopback address and the pool that
// trusts it.
func certify(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
