package servicenow

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/sink"
)

// token is a bearer token and until when it is used.
type token struct {
	mu     sync.Mutex
	bearer string
	until  time.Time
}

func (t *token) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bearer = ""
}

// authorize puts the credentials into a request and names the secrets of it.
func (s *Sink) authorize(ctx context.Context, req *http.Request) ([]string, *alert.Outcome) {
	if s.config.Auth != Basic {
		bearer, o := s.bearer(ctx)
		if o != nil {
			return nil, o
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		return []string{bearer}, nil
	}
	user, password, o := s.login(ctx)
	if o != nil {
		return nil, o
	}
	req.SetBasicAuth(user, password)
	return []string{password}, nil
}

// login is the user and the password.
func (s *Sink) login(ctx context.Context) (user, password string, o *alert.Outcome) {
	if user, o = fetched(ctx, "username", s.config.Username); o != nil {
		return "", "", o
	}
	password, o = fetched(ctx, "password", s.config.Password)
	return user, password, o
}

func fetched(ctx context.Context, name string, secret sink.Secret) (string, *alert.Outcome) {
	text, err := secret(ctx)
	if err != nil {
		return "", unfetched(name, err)
	}
	return strings.TrimRight(text, "\r\n"), nil
}

func unfetched(name string, err error) *alert.Outcome {
	return &alert.Outcome{Class: alert.Retry, Reason: "servicenow: " + name + " cannot be fetched: " + err.Error()}
}

// early is how long before its end a token is no longer used.
const early = time.Minute

// bearer is the token at hand, or a new one.
func (s *Sink) bearer(ctx context.Context) (string, *alert.Outcome) {
	t := &s.oauth
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bearer != "" && s.now().Before(t.until) {
		return t.bearer, nil
	}
	form, secrets, o := s.grant(ctx)
	if o != nil {
		return "", o
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/oauth_token.do", strings.NewReader(form.Encode()))
	if err != nil {
		return "", &alert.Outcome{Class: alert.Auth, Reason: "servicenow: the instance's URL is not one"}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	a, err := s.client.Send(req, secrets...)
	judged := s.judge(a, err, false)
	if err == nil && (a.Status == http.StatusBadRequest || a.Status == http.StatusForbidden) {
		judged.Class = alert.Auth // invalid_grant, invalid_client, unsupported_grant_type
	}
	if judged.Class != alert.OK {
		return "", &judged
	}
	var got struct {
		Token   string      `json:"access_token"`
		Expires json.Number `json:"expires_in"`
	}
	if json.Unmarshal(a.Body, &got) != nil || got.Token == "" || strings.ContainsFunc(got.Token, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		// The answer is not shown: it may hold a token.
		return "", &alert.Outcome{Class: alert.Auth, Reason: "servicenow: the token endpoint answered without an access_token"}
	}
	seconds, err := got.Expires.Int64()
	if err != nil || seconds <= 0 || seconds > 86400 {
		seconds = 1800 // ServiceNow's default
	}
	t.bearer, t.until = got.Token, s.now().Add(max(time.Duration(seconds)*time.Second-early, 0))
	return t.bearer, nil
}

// grant is the form of the token request.
func (s *Sink) grant(ctx context.Context) (url.Values, []string, *alert.Outcome) {
	id, o := fetched(ctx, "client_id", s.config.ClientID)
	if o != nil {
		return nil, nil, o
	}
	secret, o := fetched(ctx, "client_secret", s.config.ClientSecret)
	if o != nil {
		return nil, nil, o
	}
	form := url.Values{"grant_type": {s.config.Auth}, "client_id": {id}, "client_secret": {secret}}
	secrets := []string{secret}
	if s.config.Auth == Password {
		user, password, o := s.login(ctx)
		if o != nil {
			return nil, nil, o
		}
		form.Set("username", user)
		form.Set("password", password)
		secrets = append(secrets, password)
	}
	return form, secrets, nil
}
