package egress

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// MaxRetryAfter bounds what a receiver may ask for.
const MaxRetryAfter = time.Hour

// RetryAfter is when a receiver wants to hear from us again: the header's
// seconds or HTTP date (RFC 9110, 10.2.3), at most MaxRetryAfter from now. It
// is zero when there is none that makes sense.
func RetryAfter(h http.Header, now time.Time) time.Time {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return time.Time{}
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(MaxRetryAfter/time.Second) {
			return now.Add(MaxRetryAfter)
		}
		return now.Add(time.Duration(seconds) * time.Second)
	}
	at, err := http.ParseTime(text)
	if err != nil || at.Before(now) {
		return time.Time{}
	}
	if limit := now.Add(MaxRetryAfter); at.After(limit) {
		return limit
	}
	return at.UTC()
}

// Outcome is the class of an answer by its status alone, or of a failed
// exchange, which is one without the whole answer. Reasons hold an excerpt of the
// answer without secrets.
func Outcome(a Answer, err error, now time.Time) alert.Outcome {
	if err != nil {
		o := failed(err)
		o.NotUntil = RetryAfter(a.Header, now) // a head may have come
		return o
	}
	reason := a.Reason()
	switch s := a.Status; {
	case s >= 200 && s < 300:
		return alert.Outcome{Class: alert.OK}
	case s == 401 || s == 403:
		return alert.Outcome{Class: alert.Auth, Reason: reason}
	case s == 408 || s == 425 || s == 429 || s >= 500:
		return alert.Outcome{Class: alert.Retry, Reason: reason, NotUntil: RetryAfter(a.Header, now),
			Unsure: s != 425 && s != 429 && s != 503}
	case s >= 300 && s < 400:
		reason += "; redirects are not followed"
	}
	return alert.Outcome{Class: alert.Reject, Reason: reason}
}

func failed(err error) alert.Outcome {
	var e *Error
	if !errors.As(err, &e) {
		return alert.Outcome{Class: alert.Retry, Reason: "the request failed", Unsure: true}
	}
	if e.Blocked { // the setting is at fault, not the message: keep the queue
		return alert.Outcome{Class: alert.Auth, Reason: e.Error()}
	}
	return alert.Outcome{Class: alert.Retry, Reason: e.Error(), Unsure: e.Sent}
}

// excerpt is how many bytes of an answer a reason shows.
const excerpt = 300

// Reason is the answer in one line, for people: status and excerpt.
func (a Answer) Reason() string {
	if text := a.Excerpt(); text != "" {
		return fmt.Sprintf("HTTP %d: %s", a.Status, text)
	}
	return fmt.Sprintf("HTTP %d", a.Status)
}

// Excerpt is the beginning of the body on one line, without secrets.
func (a Answer) Excerpt() string { return line(a.Redact(string(a.Body))) }

// Redact hides the secrets of the exchange in s.
func (a Answer) Redact(s string) string { return redact(s, a.hide) }

// JSON tells whether the answer calls itself JSON.
func (a Answer) JSON() bool {
	t, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

func line(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	if len(s) > excerpt {
		s = strings.ToValidUTF8(s[:excerpt], "") + "…"
	}
	return visible.Text(s)
}

// shortest is the length from which a part of a request counts as secret:
// hiding shorter ones would make errors unreadable.
const shortest = 6

// secretsOf are the parts of a request that must not be repeated: path and
// query of the URL and credentials in the headers.
func secretsOf(req *http.Request) []string {
	u := req.URL
	out := []string{u.RequestURI(), u.Path, u.EscapedPath(), u.RawQuery}
	for _, part := range strings.Split(u.Path, "/") {
		if len(part) >= 16 {
			out = append(out, part)
		}
	}
	for _, values := range u.Query() {
		out = append(out, values...)
	}
	if user, password, ok := req.BasicAuth(); ok {
		out = append(out, password, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	for name, values := range req.Header {
		if !harmless[name] {
			out = append(out, values...)
		}
	}
	if bearer, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok {
		out = append(out, bearer)
	}
	return out
}

var harmless = map[string]bool{
	"Accept": true, "Content-Type": true, "User-Agent": true, "Idempotency-Key": true, "Content-Length": true,
}

const redacted = "[redacted]"

func redact(s string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}
		quoted, _ := json.Marshal(secret) // a string always has a JSON form
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
			base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // longest first
	for _, f := range forms {
		s = strings.ReplaceAll(s, f, redacted)
	}
	return s
}
