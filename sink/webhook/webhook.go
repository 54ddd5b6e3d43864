// Package webhook tells alerts to any HTTP endpoint: signed JSON, or CloudEvents
// 1.0 in structured or binary mode.
//
// Each request has these headers:
//
//	Idempotency-Key         the alert's key; from its second message on, -SEQUENCE after it
//	Trailwarden-Key         the alert's key
//	Trailwarden-Timestamp   seconds since 1970, when the request was signed
//	Trailwarden-Signature   v1=HEX, the HMAC-SHA-256 of timestamp + "." + body
//
// A receiver checks the signature over the bytes as they came and refuses a
// timestamp that is minutes old. It may answer 409 to a key that it has.
//
// Sources: CloudEvents 1.0.2, "JSON Event Format" and "HTTP Protocol Binding";
// RFC 2104.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
	"github.com/trailwarden/trailwarden/sink/fit"
)

// Formats of the body.
const (
	JSON             = "json"
	CloudEvents      = "cloudevents"        // structured mode
	CloudEventBinary = "cloudevents-binary" // attributes in headers
)

// Names of headers.
const (
	KeyHeader       = "Trailwarden-Key"
	TimestampHeader = "Trailwarden-Timestamp"
	SignatureHeader = "Trailwarden-Signature"
)

// Config is an endpoint.
type Config struct {
	URL     sink.Secret            // where to post; all of it is a secret
	Format  string                 // JSON when empty
	HMAC    sink.Secret            // key of the signature; nil sends none
	Token   sink.Secret            // of the header Authorization: Bearer
	Secrets map[string]sink.Secret // further headers with secret values
	Headers map[string]string      // further headers
	Source  string                 // CloudEvents source; trailwarden when empty
	Max     int                    // bytes of a body; the table's bound when 0
	// Certificate is shown to endpoints that ask for one (mutual TLS).
	Certificate func() (*tls.Certificate, error)
}

// Sink is the endpoint.
type Sink struct {
	config Config
	client *egress.Client
	now    func() time.Time
}

// reserved headers are ours to set.
var reserved = []string{"Host", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade",
	"Idempotency-Key", KeyHeader, TimestampHeader, SignatureHeader}

// New makes a sink. Errors name the setting.
func New(c Config, client *egress.Client, now func() time.Time) (*Sink, error) {
	if c.Format == "" {
		c.Format = JSON
	}
	if c.Source == "" {
		c.Source = "trailwarden"
	}
	if c.Max == 0 {
		c.Max = sink.WebhookBody.Max()
	}
	switch {
	case c.URL == nil:
		return nil, errors.New("webhook: url is missing")
	case !slices.Contains([]string{JSON, CloudEvents, CloudEventBinary}, c.Format):
		return nil, fmt.Errorf("webhook: format %q: expected json, cloudevents or cloudevents-binary", c.Format)
	case c.Max < 8<<10:
		return nil, fmt.Errorf("webhook: a body of %d bytes holds no message: expected 8192 or more", c.Max)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(c.Headers)), slices.Collect(maps.Keys(c.Secrets))) {
		if err := checkHeader(name, c.Headers[name]); err != nil {
			return nil, err
		}
	}
	if c.Certificate != nil {
		client = client.WithCertificate(c.Certificate)
	}
	return &Sink{c, client, now}, nil
}

func checkHeader(name, value string) error {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case !validName(name):
		return fmt.Errorf("webhook: header %q: expected a name of letters, digits and dashes", name)
	case slices.Contains(reserved, canonical) || strings.HasPrefix(canonical, "Ce-"):
		return fmt.Errorf("webhook: header %s is set by Trailwarden itself", canonical)
	case !validValue(value):
		return fmt.Errorf("webhook: header %s: its value holds a line break or control character", canonical)
	}
	return nil
}

// validName tells a token of RFC 9110.
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
	})
}

// validValue tells a header's value: no control characters, so no line breaks.
func validValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F })
}

// Traits implements sink.Sink: the receiver can tell a repeat by its key.
func (s *Sink) Traits() sink.Traits { return sink.Traits{Idempotent: true, Lifecycle: true} }

// Preview implements sink.Sink.
func (s *Sink) Preview(n sink.Notification) (sink.Preview, error) {
	r, err := s.render(n.Message)
	if err != nil {
		return sink.Preview{}, err
	}
	var head strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		fmt.Fprintf(&head, "%s: %s\n", name, r.header.Get(name))
	}
	return sink.Preview{Parts: []sink.Part{
		{Name: "headers", ContentType: "text/plain", Body: []byte(head.String())},
		{Name: "body", ContentType: r.header.Get("Content-Type"), Body: r.body},
	}}, nil
}

// Deliver implements sink.Sink.
func (s *Sink) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	r, err := s.render(n.Message)
	if err != nil {
		return alert.Outcome{Class: alert.Reject, Reason: err.Error()}
	}
	req, secrets, o := s.request(ctx, r)
	if req == nil {
		return o
	}
	a, err := s.client.Send(req, secrets...)
	o = egress.Outcome(a, err, s.now())
	if taken(a.Status) {
		o = alert.Outcome{Class: alert.OK}
	}
	if o.Reason != "" {
		o.Reason = "webhook: " + o.Reason
	}
	return o
}

// taken tells a status by which the receiver has the message; 409 means since
// before. Nothing else of an answer is asked for, so it may break off.
func taken(status int) bool {
	return status >= 200 && status < 300 || status == http.StatusConflict
}

// rendered is a request without secrets.
type rendered struct {
	header http.Header
	body   []byte
}

// render is m in the sink's format.
func (s *Sink) render(m *message.Message) (rendered, error) {
	r := rendered{header: http.Header{
		"Content-Type": {"application/json"}, "Idempotency-Key": {IdempotencyKey(m)}, KeyHeader: {header(m.Key)},
		"User-Agent": {"Trailwarden"},
	}}
	envelope, err := s.envelope(m, empty)
	if err != nil {
		return r, fmt.Errorf("webhook: %w", err)
	}
	data, err := fit.JSON(m, s.config.Max-(len(envelope)-len(empty)))
	if err != nil {
		return r, fmt.Errorf("webhook: %w", err)
	}
	switch s.config.Format {
	case CloudEvents:
		r.header.Set("Content-Type", "application/cloudevents+json; charset=UTF-8")
	case CloudEventBinary:
		for name, v := range s.attributes(m) {
			r.header.Set("Ce-"+name, percent(v))
		}
	}
	r.body, err = s.envelope(m, data)
	return r, err
}

// empty stands for a message when the size of what is around it is asked for.
var empty = []byte("{}")

// envelope is the body with data as its message.
func (s *Sink) envelope(m *message.Message, data []byte) ([]byte, error) {
	switch s.config.Format {
	case JSON:
		return json.Marshal(map[string]any{"version": "1", "message": json.RawMessage(data)})
	case CloudEvents:
		event := map[string]any{"data": json.RawMessage(data), "datacontenttype": "application/json"}
		for name, v := range s.attributes(m) {
			event[name] = v
		}
		return json.Marshal(event)
	}
	return data, nil
}

// attributes are those of CloudEvents 1.0.
func (s *Sink) attributes(m *message.Message) map[string]string {
	out := map[string]string{
		"specversion": "1.0", "id": IdempotencyKey(m), "source": s.config.Source,
		"type": "io.trailwarden.alert." + token(string(m.Kind)), "subject": header(m.Key),
	}
	if at := when(m); !at.IsZero() {
		out["time"] = at.UTC().Format(time.RFC3339)
	}
	if out["subject"] == "" {
		delete(out, "subject")
	}
	return out
}

func when(m *message.Message) time.Time {
	if m.LastSeen.IsZero() {
		return m.Opened
	}
	return m.LastSeen
}

// IdempotencyKey tells messages apart: the alert's key for the first, and the
// message's number after it for what follows, or an update would be taken for a
// repeat.
func IdempotencyKey(m *message.Message) string {
	key := header(m.Key)
	if key == "" {
		sum := sha256.Sum256([]byte(string(m.Kind) + "\x00" + m.Headline + "\x00" + m.Opened.UTC().String()))
		key = hex.EncodeToString(sum[:])
	}
	if m.Sequence > 1 {
		key += "-" + strconv.FormatInt(m.Sequence, 10)
	}
	return key
}

// header is s as a header may hold it.
func header(s string) string { return percent(sink.Cut(s, 255, sink.Bytes)) }

func token(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

// percent is the encoding of CloudEvents header values: everything but printable
// ASCII, and the space, the quote and the percent sign, as %XX of UTF-8.
func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(s, "\uFFFD")) {
		if c <= ' ' || c >= 0x7F || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// request adds address, secrets and signature; without a request the outcome
// says why.
func (s *Sink) request(ctx context.Context, r rendered) (*http.Request, []string, alert.Outcome) {
	secrets, err := s.secrets(ctx)
	if err != nil {
		return nil, nil, alert.Outcome{Class: alert.Retry, Reason: "webhook: " + err.Error()}
	}
	url := secrets["url"]
	if err := s.client.CheckURL(url); err != nil {
		return nil, nil, alert.Outcome{Class: alert.Auth, Reason: "webhook: url: " + err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(r.body))
	if err != nil {
		return nil, nil, alert.Outcome{Class: alert.Auth, Reason: "webhook: the URL is not one"}
	}
	for name, value := range s.config.Headers {
		req.Header.Set(name, value)
	}
	for name := range s.config.Secrets {
		if !validValue(secrets["header "+name]) {
			return nil, nil, alert.Outcome{Class: alert.Auth, Reason: "webhook: the secret of header " + name + " holds a line break or control character"}
		}
		req.Header.Set(name, secrets["header "+name])
	}
	maps.Copy(req.Header, r.header)
	if s.config.Token != nil {
		if !validValue(secrets["bearer_token"]) {
			return nil, nil, alert.Outcome{Class: alert.Auth, Reason: "webhook: bearer_token holds a line break or control character"}
		}
		req.Header.Set("Authorization", "Bearer "+secrets["bearer_token"])
	}
	if s.config.HMAC != nil {
		stamp := strconv.FormatInt(s.now().Unix(), 10)
		req.Header.Set(TimestampHeader, stamp)
		req.Header.Set(SignatureHeader, Signature(secrets["hmac_key"], stamp, r.body))
	}
	return req, slices.Collect(maps.Values(secrets)), alert.Outcome{}
}

// secrets are those of the settings, by name.
func (s *Sink) secrets(ctx context.Context) (map[string]string, error) {
	from := map[string]sink.Secret{"url": s.config.URL, "hmac_key": s.config.HMAC, "bearer_token": s.config.Token}
	for name, f := range s.config.Secrets {
		from["header "+name] = f
	}
	out := map[string]string{}
	for name, f := range from {
		if f == nil {
			continue
		}
		v, err := f(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be fetched: %w", name, err)
		}
		if v = strings.TrimSpace(v); v == "" {
			return nil, fmt.Errorf("%s is empty", name)
		}
		out[name] = v
	}
	return out, nil
}

// Signature is the value of the signature's header, for receivers and tests.
func Signature(key, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

var _ sink.Sink = (*Sink)(nil)
