package smtp

import (
	"errors"
	"fmt"
	"slices"

	client "github.com/wneessen/go-mail/smtp"
)

var errNoLogin = errors.New("no login")

// login is AUTH by PLAIN (RFC 4616) or, where a server has only that, LOGIN;
// both over TLS only.
type login struct {
	user, password string
	asked          int
	plain          bool
}

// Start implements the client's Auth.
func (l *login) Start(server *client.ServerInfo) (mechanism string, first []byte, err error) {
	switch {
	case !server.TLS:
		return "", nil, fmt.Errorf("%w: the connection is not protected by TLS", errNoLogin)
	case slices.Contains(server.Auth, "PLAIN"):
		l.plain = true
		return "PLAIN", []byte("\x00" + l.user + "\x00" + l.password), nil
	case slices.Contains(server.Auth, "LOGIN"):
		return "LOGIN", nil, nil
	}
	return "", nil, fmt.Errorf("%w: the server offers %q; want PLAIN or LOGIN", errNoLogin, server.Auth)
}

// Next answers the questions of LOGIN, user first.
func (l *login) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	l.asked++
	switch {
	case l.plain || l.asked > 2:
		return nil, fmt.Errorf("%w: the server asks for more than name and password", errNoLogin)
	case l.asked == 1:
		return []byte(l.user), nil
	}
	return []byte(l.password), nil
}
