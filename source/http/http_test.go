package http_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
	"github.com/trailwarden/trailwarden/source/http"
)

// F45: what SNS signs is accepted, in both versions and every form.
func TestGenuineMessages(t *testing.T) {
	k := keys()
	for name, p := range map[string]post{
		"version 1":             note().with("SignatureVersion", "1"),
		"version 2":             note(),
		"without a subject":     note().with("Subject", nil),
		"with an empty subject": note().with("Subject", ""),
		"with line feeds":       note().with("Message", "{\"s3Bucket\":\"trail-logs\",\n\"s3ObjectKey\":[\"k\"]}"),
		"with escapes":          note().with("Subject", "<ü> & \u2028 \"quoted\""),
		"unsubscribed":          confirmation().with("Type", "UnsubscribeConfirmation"),
		"at the age limit":      note().with("Timestamp", now.Add(-59*time.Minute).Format(time.RFC3339)),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, nil)
			if w := d.post(p.signed(k.signer).body()); w.Code != 200 || len(d.got) != 1 {
				t.Fatalf("answer %d %s, %d deliveries", w.Code, w.Body, len(d.got))
			}
			g := d.got[0]
			if g.ID != p["MessageId"] || g.Items[0].Path[0].Shape != envelope.ShapeSNS || g.Items[0].Kind == envelope.Poison {
				t.Errorf("delivery %+v", g)
			}
		})
	}
	for _, name := range []string{"sns.amazonaws.com", "sns.eu-west-1.amazonaws.com", "sns-signing.eu-south-2.amazonaws.com", "sns-cn-north-1.amazonaws.com.cn", "sns-us-gov-west-1.amazonaws.com"} {
		d := newDesk(t, nil)
		d.certs[certURL] = armour(k.root.leaf(name, &k.signer.PublicKey, nil))
		if w := d.post(note().signed(k.signer).body()); w.Code != 200 {
			t.Errorf("certificate for %s: %d", name, w.Code)
		}
	}
	for _, u := range []string{"https://sns.us-gov-west-1.amazonaws.com/x.pem", "https://sns.cn-north-1.amazonaws.com.cn/x.pem", "https://sns.eusc-de-east-1.amazonaws.eu/x.pem", "https://sns.ap-southeast-7.amazonaws.com/a/x.pem"} {
		d := newDesk(t, nil)
		d.certs[u] = d.certs[certURL]
		if w := d.post(note().with("SigningCertURL", u).signed(k.signer).body()); w.Code != 200 {
			t.Errorf("certificate at %s: %d", u, w.Code)
		}
	}
}

// forgeries are messages that must not be accepted.
func forgeries() map[string]func(d *desk) []byte {
	k := keys()
	good := func() post { return note().signed(k.signer) }
	all := map[string]func(d *desk) []byte{}
	add := func(name string, f func(d *desk) []byte) { all[name] = f }
	msg := func(name string, p func() post) { add(name, func(*desk) []byte { return p().body() }) }
	// What was signed was changed.
	for _, f := range []string{"Message", "MessageId", "Subject", "Timestamp", "Type"} {
		value := map[string]string{"Timestamp": now.Format(time.RFC3339), "Type": "UnsubscribeConfirmation"}[f]
		if value == "" {
			value = `{"s3Bucket":"evil-logs","s3ObjectKey":["k"]}`
		}
		msg("changed "+f, func() post { return good().with(f, value) })
	}
	msg("subject removed", func() post { return good().with("Subject", nil) })
	msg("subject added", func() post { return note().with("Subject", nil).signed(k.signer).with("Subject", "x") })
	msg("fields run into each other", func() post {
		return good().with("Message", "a\nMessageId\nb").with("MessageId", "c")
	})
	// The signature.
	msg("no signature", func() post { return note() })
	msg("empty signature", func() post { return note().with("Signature", "") })
	msg("signature of zeros", func() post { return note().with("Signature", base64.StdEncoding.EncodeToString(make([]byte, 256))) })
	msg("signature is no base64", func() post { return note().with("Signature", "%%%") })
	msg("signature with junk behind it", func() post { p := good(); return p.with("Signature", p["Signature"].(string)+"AAAA") })
	msg("one bit flipped", func() post {
		p := good()
		b, _ := base64.StdEncoding.DecodeString(p["Signature"].(string))
		b[100] ^= 1
		return p.with("Signature", base64.StdEncoding.EncodeToString(b))
	})
	msg("signed by another key", func() post { return note().signed(k.stranger) })
	msg("version 1 said to be 2", func() post {
		return note().with("SignatureVersion", "1").signed(k.signer).with("SignatureVersion", "2")
	})
	msg("version 2 said to be 1", func() post { return good().with("SignatureVersion", "1") })
	for _, v := range []any{"3", "0", "", nil, 2, "2 "} {
		msg(fmt.Sprintf("version %#v", v), func() post { return good().with("SignatureVersion", v) })
	}
	// The certificate's place. Each of these serves a certificate with which the
	// signature would be right.
	for _, u := range []string{
		"http://sns.eu-west-1.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "https://evil.example/x.pem",
		"https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", "https://user:pw@sns.eu-west-1.amazonaws.com/x.pem",
		"https://sns.eu-west-1.amazonaws.com:444/x.pem", "https://sns.eu-west-1.amazonaws.com:443/x.pem", "https://sns.eu-west-1.amazonaws.com/x.pem?y=.pem",
		"https://sns.eu-west-1.amazonaws.com/x.pem#y", "https://sns.eu-west-1.amazonaws.com/x", "https://sns.eu-west-1.amazonaws.com/x.pem.txt",
		"https://bucket.s3.amazonaws.com/sns.pem", "https://sns.amazonaws.com.s3.amazonaws.com/x.pem", "https://snsXeu-west-1.amazonaws.com/x.pem",
		"https://evilsns.eu-west-1.amazonaws.com/x.pem", "https://sns.evil.amazonaws.com/x.pem", "https://SNS.eu-west-1.amazonaws.com.evil/x.pem",
		"//sns.eu-west-1.amazonaws.com/x.pem", "https:sns.eu-west-1.amazonaws.com/x.pem", "file:///etc/x.pem", "https://sns.eu-west-1.amazonaws.com/../x.pem",
		"https://sns.eu-west-1.amazonaws.com/%2e%2e/x.pem", "https://sns.eu-west-1.amazonaws.com\\@evil.example/x.pem", " https://sns.eu-west-1.amazonaws.com/x.pem",
		"https://sns.eu-west-1.amazonaws.com/x.pem\n", "https://127.0.0.1/x.pem", "https://sns.eu-west-1.amazonaws.com./x.pem", "", "https://sns.eu-west-1.amazonaws.org/x.pem",
	} {
		add(fmt.Sprintf("certificate at %q", u), func(d *desk) []byte {
			d.certs[u] = d.certs[certURL]
			return note().with("SigningCertURL", u).signed(k.signer).body()
		})
	}
	// The certificate itself.
	cert := func(name string, pem func() []byte) {
		add(name, func(d *desk) []byte {
			d.certs[certURL] = pem()
			return good().body()
		})
	}
	key := &k.signer.PublicKey
	cert("certificate of another authority", func() []byte { return armour(k.other.leaf("sns.amazonaws.com", key, nil)) })
	cert("certificate of another authority that brings its root", func() []byte { return armour(k.other.leaf("sns.amazonaws.com", key, nil), k.other.cert.Raw) })
	cert("certificate that signed itself", func() []byte {
		return armour(sign(&x509.Certificate{DNSNames: []string{"sns.amazonaws.com"}}, nil, k.signer, key))
	})
	cert("certificate issued for another name", func() []byte { return armour(k.root.leaf("evil.example", key, nil)) })
	cert("certificate issued for another service", func() []byte { return armour(k.root.leaf("s3.amazonaws.com", key, nil)) })
	cert("certificate issued for a name like it", func() []byte { return armour(k.root.leaf("sns.amazonaws.com.evil.example", key, nil)) })
	cert("certificate with the name only in its subject", func() []byte {
		return armour(k.root.leaf("sns.amazonaws.com", key, func(c *x509.Certificate) { c.DNSNames = []string{"evil.example"} }))
	})
	cert("certificate that has ended", func() []byte {
		return armour(k.root.leaf("sns.amazonaws.com", key, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-48*time.Hour), now.Add(-time.Hour) }))
	})
	cert("certificate that has not begun", func() []byte {
		return armour(k.root.leaf("sns.amazonaws.com", key, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(48*time.Hour) }))
	})
	cert("certificate that may issue others", func() []byte {
		return armour(k.root.leaf("sns.amazonaws.com", key, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }))
	})
	cert("certificate issued by a leaf", func() []byte {
		middle := k.root.leaf("sns.amazonaws.com", &k.stranger.PublicKey, nil)
		parent, _ := x509.ParseCertificate(middle)
		return armour(sign(&x509.Certificate{Subject: pkix.Name{CommonName: "x"}, DNSNames: []string{"sns.amazonaws.com"}}, parent, k.stranger, key), middle)
	})
	cert("certificate with a key of another kind", func() []byte { return armour(k.root.leaf("sns.amazonaws.com", &ecKey().PublicKey, nil)) })
	cert("no certificate", func() []byte { return []byte("hello") })
	cert("a broken certificate", func() []byte { return armour([]byte("hello")) })
	// The topic and the time.
	for _, a := range []string{"arn:aws:sns:eu-west-1:999999999999:trail", topic + "2", topic + " ", strings.ToUpper(topic), "arn:aws:sns:us-east-1:111122223333:trail", ""} {
		msg(fmt.Sprintf("topic %q", a), func() post { return note().with("TopicArn", a).signed(k.signer) })
	}
	msg("no topic", func() post { return good().with("TopicArn", nil) })
	for name, at := range map[string]string{"old": now.Add(-61 * time.Minute).Format(time.RFC3339), "very old": "2016-01-01T00:00:00.000Z",
		"of the future": now.Add(16 * time.Minute).Format(time.RFC3339), "no time": "yesterday", "empty": ""} {
		msg("timestamp "+name, func() post { return note().with("Timestamp", at).signed(k.signer) })
	}
	// The form.
	msg("message is no text", func() post { return good().with("Message", map[string]any{"a": 1}) })
	msg("no message id", func() post { return note().with("MessageId", "").signed(k.signer) })
	msg("another type", func() post { return good().with("Type", "Notice") })
	msg("names in another case", func() post { p := good(); return p.with("message", p["Message"]).with("Message", nil) })
	add("the message twice", func(*desk) []byte {
		b := good().body()
		return bytes.Replace(b, []byte(`"Message":`), []byte(`"Message":"x","Message":"y","Messag":`), 1)
	})
	// Confirmations.
	for _, u := range []string{"https://evil.example/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=x", "http://169.254.169.254/latest/meta-data",
		"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&TopicArn=" + topic + "&Token=x", "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic + "2&Token=x",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic, "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=x",
		"https://sns.eu-west-1.amazonaws.com/x?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=x", "https://sns.eu-west-1.amazonaws.com/?Action=Publish&Action=ConfirmSubscription&TopicArn=" + topic + "&Token=x"} {
		msg("confirmation at "+u, func() post { return confirmation().with("SubscribeURL", u).signed(k.signer) })
	}
	msg("confirmation that is not signed", func() post { return confirmation() })
	msg("confirmation of another key", func() post { return confirmation().signed(k.stranger) })
	msg("confirmation of another topic", func() post {
		p := confirmation()
		other := topic + "2"
		return p.with("TopicArn", other).with("SubscribeURL", strings.ReplaceAll(p["SubscribeURL"].(string), topic, other)).signed(k.signer)
	})
	msg("notification signed as a confirmation", func() post { return confirmation().signed(k.signer).with("Type", "Notification") })
	return all
}

// F45: no forgery is accepted, with or without the key of other clients.
func TestForgeries(t *testing.T) {
	all := forgeries()
	for name, body := range all {
		d := newDesk(t, nil)
		text := body(d)
		w := d.post(text)
		if w.Code < 400 || len(d.got) > 0 || len(d.confirmed) > 0 {
			t.Errorf("%s: answer %d, %d deliveries, %d confirmations", name, w.Code, len(d.got), len(d.confirmed))
		}
		if w.Code >= 500 {
			t.Errorf("%s: %d would be tried again", name, w.Code)
		}
		for _, u := range d.fetched {
			if !strings.HasPrefix(u, "https://sns.") {
				t.Errorf("%s: fetched %s", name, u)
			}
		}
		if h := d.src.Health(); h.Refused == 0 {
			t.Errorf("%s: not counted", name)
		}
	}
	t.Logf("%d forgeries", len(all))
}

// F45: a message counts once; one that failed may come again.
func TestReplays(t *testing.T) {
	k := keys()
	d := newDesk(t, nil)
	body := note().signed(k.signer).body()
	d.fail = errors.New("the disk is full")
	if w := d.post(body); w.Code != 503 {
		t.Errorf("a handler that fails: %d", w.Code)
	}
	d.fail = nil
	for range 5 {
		if w := d.post(body); w.Code != 200 {
			t.Errorf("answer %d", w.Code)
		}
	}
	if len(d.got) != 2 {
		t.Errorf("%d deliveries, want the one that failed and one more", len(d.got))
	}
	d.mu.Lock()
	d.at = now.Add(2 * time.Hour)
	d.mu.Unlock()
	if w := d.post(body); w.Code != 403 || len(d.got) != 2 {
		t.Errorf("after two hours: %d, %d deliveries", w.Code, len(d.got))
	}
}

// A subscription of an accepted topic is confirmed, once.
func TestConfirmation(t *testing.T) {
	d := newDesk(t, nil)
	p := confirmation().signed(keys().signer)
	for range 2 {
		if w := d.post(p.body()); w.Code != 200 {
			t.Fatalf("answer %d %s", w.Code, w.Body)
		}
	}
	if len(d.confirmed) != 1 || d.confirmed[0] != p["SubscribeURL"] || len(d.got) != 0 {
		t.Errorf("confirmed %q, %d deliveries", d.confirmed, len(d.got))
	}
}

// A certificate that cannot be fetched now is no reason to lose a message, and
// outsiders cannot make us fetch without end.
func TestCertificates(t *testing.T) {
	k := keys()
	d := newDesk(t, nil)
	good := d.certs[certURL]
	delete(d.certs, certURL)
	if w := d.post(note().signed(k.signer).body()); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("answer %d", w.Code)
	}
	d.certs[certURL] = good
	for i := range 10 {
		if w := d.post(note().with("MessageId", fmt.Sprint("m", i)).signed(k.signer).body()); w.Code != 200 {
			t.Errorf("answer %d", w.Code)
		}
	}
	if len(d.fetched) != 2 {
		t.Errorf("fetched %d times", len(d.fetched))
	}
	for i := range 100 {
		u := fmt.Sprintf("https://sns.eu-west-1.amazonaws.com/%d.pem", i)
		if w := d.post(note().with("SigningCertURL", u).signed(k.stranger).body()); w.Code < 400 {
			t.Errorf("answer %d", w.Code)
		}
	}
	if len(d.fetched) > 30 {
		t.Errorf("fetched %d times", len(d.fetched))
	}
}

// Forgeries do not crowd out a certificate that was found good, and it is good
// for longer than its chain is believed unjudged.
func TestForgeriesCrowdOutNoCertificate(t *testing.T) {
	k := keys()
	d := newDesk(t, nil)
	genuine := func(id string) post {
		return note().with("MessageId", id).with("Timestamp", d.at.Format(time.RFC3339))
	}
	if w := d.post(genuine("first").signed(k.signer).body()); w.Code != 200 {
		t.Fatalf("answer %d", w.Code)
	}
	d.mu.Lock()
	d.at = d.at.Add(2 * time.Hour)
	d.mu.Unlock()
	for i := range 300 {
		u := fmt.Sprintf("https://sns.eu-west-1.amazonaws.com/%d.pem", i)
		if w := d.post(genuine("forged").with("SigningCertURL", u).signed(k.stranger).body()); w.Code < 400 {
			t.Errorf("forgery %d: answer %d", i, w.Code)
		}
	}
	if w := d.post(genuine("second").signed(k.signer).body()); w.Code != 200 {
		t.Errorf("after forgeries: answer %d: %s", w.Code, w.Body)
	}
}

// A certificate that ends meanwhile is not believed any longer.
func TestCertificateThatEndsMeanwhile(t *testing.T) {
	k := keys()
	d := newDesk(t, nil)
	d.certs[certURL] = armour(k.root.leaf("sns.amazonaws.com", &k.signer.PublicKey, func(c *x509.Certificate) { c.NotAfter = now.Add(90 * time.Minute) }))
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 200}, {61 * time.Minute, 200}, {3 * time.Hour, 403}} {
		d.mu.Lock()
		d.at = now.Add(c.after)
		d.mu.Unlock()
		p := note().with("MessageId", c.after.String()).with("Timestamp", now.Add(c.after).Format(time.RFC3339))
		if w := d.post(p.signed(k.signer).body()); w.Code != c.want {
			t.Errorf("after %v: answer %d, want %d", c.after, w.Code, c.want)
		}
	}
}

// The source is well again as soon as what it lacked is to be had: its fault is
// told to people, and while it lasts the server does not count as ready.
func TestFaultsPass(t *testing.T) {
	k := keys()
	var mu sync.Mutex
	var lost error
	d := newDesk(t, func(o *http.Options) {
		o.Key = func(context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			return "s3cret-key", lost
		}
	})
	posted := func(what string, failing bool, body []byte, headers ...string) {
		t.Helper()
		w := d.post(body, headers...)
		if h := d.src.Health(); (h.Fault != nil) != failing {
			t.Errorf("%s: answer %d, fault %v", what, w.Code, h.Fault)
		}
	}
	event := func(what string, failing bool) {
		t.Helper()
		posted(what, failing, []byte("{}"), "X-Api-Key", "s3cret-key")
	}
	good := d.certs[certURL]
	delete(d.certs, certURL)
	posted("no certificate", true, note().signed(k.signer).body())
	event("the key is no certificate", true)
	d.certs[certURL] = good
	posted("the certificate again", false, note().signed(k.signer).body())
	mu.Lock()
	lost = errors.New("no such secret")
	mu.Unlock()
	event("no key", true)
	mu.Lock()
	lost = nil
	mu.Unlock()
	event("the key again", false)
}

// SNS sends the password of its subscription's URL only when it is asked for it
// (SNS Developer Guide, HTTP/HTTPS endpoints: 401 Unauthorized).
func TestPasswordsAreAskedFor(t *testing.T) {
	d := newDesk(t, nil)
	if w := d.post([]byte("{}")); w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `Basic realm="`) {
		t.Errorf("answer %d, %v", w.Code, w.Header())
	}
}

// Clients other than SNS show a key; nothing else lets them in.
func TestKeys(t *testing.T) {
	event := []byte(`{"version":"0","id":"e1","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":{"eventVersion":"1.08","eventSource":"iam.amazonaws.com"}}`)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("sns:s3cret-key"))
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"the key", []string{"X-Api-Key", "s3cret-key"}, 200},
		{"as a password", []string{"Authorization", basic}, 200},
		{"raw SNS of an accepted topic", []string{"Authorization", basic, "x-amz-sns-rawdelivery", "true", "x-amz-sns-message-id", "r1", "x-amz-sns-topic-arn", topic}, 200},
		{"raw SNS of another topic", []string{"Authorization", basic, "x-amz-sns-rawdelivery", "true", "x-amz-sns-message-id", "r1", "x-amz-sns-topic-arn", "arn:x"}, 403},
		{"none", nil, 401},
		{"an empty one", []string{"X-Api-Key", ""}, 401},
		{"a wrong one", []string{"X-Api-Key", "s3cret-kez"}, 401},
		{"a longer one", []string{"X-Api-Key", "s3cret-key1"}, 401},
		{"a shorter one", []string{"X-Api-Key", "s3cret-ke"}, 401},
		{"in another case", []string{"X-Api-Key", "S3CRET-KEY"}, 401},
		{"in another header", []string{"X-Key", "s3cret-key"}, 401},
		{"raw SNS without a key", []string{"x-amz-sns-rawdelivery", "true", "x-amz-sns-message-id", "r1", "x-amz-sns-topic-arn", topic}, 401},
		{"SNS type without a signature", []string{"x-amz-sns-message-type", "Notification"}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			if w := d.post(event, c.headers...); w.Code != c.want || (c.want == 200) != (len(d.got) == 1) {
				t.Errorf("answer %d, want %d; %d deliveries", w.Code, c.want, len(d.got))
			}
		})
	}
	none := newDesk(t, func(o *http.Options) { o.Key = func(context.Context) (string, error) { return "s3cret-key", nil } })
	none.src.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(nethttp.MethodPost, "/", nil))
	empty := http.New(http.Options{Name: "x", Key: func(context.Context) (string, error) { return "", nil }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- empty.Run(ctx, func(context.Context, source.Delivery) error { return nil }) }()
	for {
		w := httptest.NewRecorder()
		empty.ServeHTTP(w, httptest.NewRequest(nethttp.MethodPost, "/", bytes.NewReader(event)))
		if w.Code == 401 {
			break
		}
		if w.Code != 503 {
			t.Fatalf("an empty key lets in: %d", w.Code)
		}
	}
	cancel()
	<-done
}

// An API destination may be set to any method; those that carry an event are taken.
func TestMethodsThatCarryAnEvent(t *testing.T) {
	d := newDesk(t, nil)
	for _, method := range []string{nethttp.MethodPost, nethttp.MethodPut, nethttp.MethodPatch} {
		r := httptest.NewRequest(method, "/", strings.NewReader(`{"of":"`+method+`"}`))
		r.Header.Set("X-Api-Key", "s3cret-key")
		w := httptest.NewRecorder()
		if d.src.ServeHTTP(w, r); w.Code != 200 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if len(d.got) != 3 {
		t.Errorf("%d deliveries; want 3", len(d.got))
	}
}

// A rotated key is accepted at its first use, and one that is wrong does not have
// its keeper asked each time.
func TestARotatedKeyIsAcceptedAtOnce(t *testing.T) {
	kept, known, asked := "new-key", "s3cret-key", 0
	d := newDesk(t, func(o *http.Options) {
		o.Key = func(context.Context) (string, error) { return known, nil }
		o.Forget = func() { known, asked = kept, asked+1 }
	})
	if w := d.post([]byte("{}"), "X-Api-Key", "new-key"); w.Code != 200 || asked != 1 {
		t.Errorf("the new key: %d, asked %d times", w.Code, asked)
	}
	for range 5 {
		if w := d.post([]byte("{}"), "X-Api-Key", "s3cret-key"); w.Code != 401 || asked != 1 {
			t.Errorf("the old key: %d, asked %d times", w.Code, asked)
		}
	}
	d.mu.Lock()
	d.at, kept = d.at.Add(31*time.Second), "third-key"
	d.mu.Unlock()
	if w := d.post([]byte("{}"), "X-Api-Key", "third-key"); w.Code != 200 || asked != 2 {
		t.Errorf("the third key: %d, asked %d times", w.Code, asked)
	}
}

// Overload, size and method have the answers that make senders do right.
func TestAnswers(t *testing.T) {
	d := newDesk(t, func(o *http.Options) { o.Parallel, o.MaxBody = 1, 1000 })
	if w := d.post(bytes.Repeat([]byte("x"), 2000), "X-Api-Key", "s3cret-key"); w.Code != 413 {
		t.Errorf("too large: %d", w.Code)
	}
	w := httptest.NewRecorder()
	d.src.ServeHTTP(w, httptest.NewRequest(nethttp.MethodGet, "/", nil))
	if w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
	d.fail = fmt.Errorf("full: %w", source.ErrOverloaded)
	if w := d.post([]byte("{}"), "X-Api-Key", "s3cret-key"); w.Code != 503 {
		t.Errorf("overloaded: %d", w.Code)
	}
	d.fail = fmt.Errorf("x: %w", &source.Poison{Reason: "no"})
	if w := d.post([]byte("{}"), "X-Api-Key", "s3cret-key"); w.Code != 200 {
		t.Errorf("poison: %d", w.Code)
	}
	d.fail, d.block = nil, make(chan struct{})
	first := make(chan int)
	go func() { first <- d.post([]byte("{}"), "X-Api-Key", "s3cret-key").Code }()
	for d.src.Health().InFlight == 0 {
		time.Sleep(time.Millisecond)
	}
	if w := d.post([]byte("{}"), "X-Api-Key", "s3cret-key"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("no room: %d", w.Code)
	}
	close(d.block)
	if code := <-first; code != 200 {
		t.Errorf("the one that had room: %d", code)
	}
	h := d.src.Health()
	if h.Received != h.Acknowledged+h.Poisoned+h.Returned+h.InFlight {
		t.Errorf("counters do not balance: %+v", h)
	}
}

// Clients without the key who send slowly, whatever their number, leave room for
// those who show it.
func TestStrangersLeaveRoom(t *testing.T) {
	d := newDesk(t, func(o *http.Options) { o.Parallel = 4 })
	held, busy := make(chan struct{}), make(chan int, 8)
	defer close(held)
	begun := make(chan struct{}, 8)
	for range 8 {
		go func() {
			body := readerFunc(func([]byte) (int, error) { begun <- struct{}{}; <-held; return 0, io.EOF })
			w := httptest.NewRecorder()
			d.src.ServeHTTP(w, httptest.NewRequest(nethttp.MethodPost, "/", body))
			busy <- w.Code
		}()
	}
	for range 2 {
		<-begun
	}
	for range 6 {
		select {
		case code := <-busy:
			if code != 503 {
				t.Errorf("a stranger for whom there is no room: %d", code)
			}
		case <-time.After(time.Minute):
			t.Fatal("strangers have more than half of the room")
		}
	}
	if w := d.post([]byte("{}"), "X-Api-Key", "s3cret-key"); w.Code != 200 {
		t.Errorf("with the key: %d %s", w.Code, w.Body)
	}
	if w := d.post([]byte("{}"), "X-Api-Key", "wrong"); w.Code != 503 {
		t.Errorf("with a wrong key: %d", w.Code)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// F8: a client who sends his body slowly does not hold up the stop: he is told to
// come again.
func TestStopWhileABodyComes(t *testing.T) {
	s := http.New(http.Options{Name: "push", Timeout: 5 * time.Minute, Key: func(context.Context) (string, error) { return "k", nil }})
	began := make(chan struct{})
	srv := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		r.Body = &firstRead{ReadCloser: r.Body, began: began}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(context.Context, source.Delivery) error { return nil })
	}()
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nContent-Length: 100\r\n\r\n{")
	<-began
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for the body")
	}
	if resp, err := nethttp.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != nethttp.StatusServiceUnavailable {
		t.Errorf("answer %v, %v", resp, err)
	}
}

// firstRead tells when a body is first read.
type firstRead struct {
	io.ReadCloser
	began chan struct{}
	once  sync.Once
}

func (f *firstRead) Read(p []byte) (int, error) {
	f.once.Do(func() { close(f.began) })
	return f.ReadCloser.Read(p)
}
