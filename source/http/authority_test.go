package http_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	nethttp "net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/http"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic   = "arn:aws:sns:eu-west-1:111122223333:trail"
	certURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
)

var now = time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

func newAuthority() authority {
	a := authority{key: newKey()}
	der := sign(&x509.Certificate{Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}, nil, a.key, &a.key.PublicKey)
	a.cert, _ = x509.ParseCertificate(der)
	return a
}

// sign makes a certificate, valid around now unless it says otherwise.
func sign(c, parent *x509.Certificate, by *rsa.PrivateKey, key any) []byte {
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = now.Add(-24*time.Hour), now.Add(24*time.Hour)
	}
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, by)
	if err != nil {
		panic(err)
	}
	return der
}

func armour(der ...[]byte) []byte {
	var b bytes.Buffer
	for _, d := range der {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: d})
	}
	return b.Bytes()
}

// leaf issues a certificate for a name.
func (a authority) leaf(name string, key any, change func(*x509.Certificate)) []byte {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}
	if change != nil {
		change(c)
	}
	return sign(c, a.cert, a.key, key)
}

// keys are made once: they take long.
var keys = sync.OnceValue(func() (k struct {
	root, other      authority
	signer, stranger *rsa.PrivateKey
}) {
	k.root, k.other, k.signer, k.stranger = newAuthority(), newAuthority(), newKey(), newKey()
	return k
})

// post is an SNS message under construction.
type post map[string]any

func note() post {
	return post{"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": topic, "Subject": "Amazon S3 Notification",
		"Message": `{"s3Bucket":"trail-logs","s3ObjectKey":["k"]}`, "Timestamp": now.Add(-time.Minute).Format("2006-01-02T15:04:05.000Z"),
		"SignatureVersion": "2", "SigningCertURL": certURL, "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe"}
}

func confirmation() post {
	p := note()
	delete(p, "Subject")
	p["Type"], p["Token"] = "SubscriptionConfirmation", "2336412f37"
	p["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=2336412f37"
	return p
}

// text is what is signed, made here a second time.
func (p post) text() string {
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if p["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	s := ""
	for _, n := range names {
		if v, ok := p[n].(string); ok {
			s += n + "\n" + v + "\n"
		}
	}
	return s
}

// signed signs with a key, by the message's version.
func (p post) signed(key *rsa.PrivateKey) post {
	hash, sum := crypto.SHA256, sha256.New()
	if p["SignatureVersion"] == "1" {
		hash, sum = crypto.SHA1, sha1.New()
	}
	sum.Write([]byte(p.text()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, hash, sum.Sum(nil))
	if err != nil {
		panic(err)
	}
	p["Signature"] = base64.StdEncoding.EncodeToString(sig)
	return p
}

func (p post) with(field string, value any) post {
	q := post{}
	for k, v := range p {
		q[k] = v
	}
	if q[field] = value; value == nil {
		delete(q, field)
	}
	return q
}

func (p post) body() []byte {
	b, _ := json.Marshal(p)
	return b
}

// desk is an endpoint that is running.
type desk struct {
	t         *testing.T
	src       *http.Source
	mu        sync.Mutex
	got       []source.Delivery
	fail      error
	block     chan struct{}
	certs     map[string][]byte
	fetched   []string
	confirmed []string
	at        time.Time
}

func newDesk(t *testing.T, change func(*http.Options)) *desk {
	k := keys()
	d := &desk{t: t, at: now, certs: map[string][]byte{certURL: armour(k.root.leaf("sns.amazonaws.com", &k.signer.PublicKey, nil))}}
	roots := x509.NewCertPool()
	roots.AddCert(k.root.cert)
	o := http.Options{Name: "push", Topics: []string{topic}, Clock: source.Clock{Now: func() time.Time { d.mu.Lock(); defer d.mu.Unlock(); return d.at }},
		Key: func(context.Context) (string, error) { return "s3cret-key", nil },
		SNS: http.Verify{Roots: roots, Certificate: d.certificate, Confirm: d.confirm}}
	if change != nil {
		change(&o)
	}
	d.src = http.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.src.Run(ctx, d.handle) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for d.post([]byte("{}"), "X-Api-Key", "s3cret-key").Code == 503 { // until it runs
		time.Sleep(time.Millisecond)
	}
	d.got = nil
	return d
}

func (d *desk) certificate(_ context.Context, u string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fetched = append(d.fetched, u)
	if c := d.certs[u]; c != nil {
		return c, nil
	}
	return nil, errors.New("no such certificate")
}

func (d *desk) confirm(_ context.Context, u string) error {
	d.confirmed = append(d.confirmed, u)
	return nil
}

func (d *desk) handle(_ context.Context, v source.Delivery) error {
	if d.block != nil {
		<-d.block
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, v)
	return d.fail
}

// post sends a body with headers, in pairs.
func (d *desk) post(body []byte, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(nethttp.MethodPost, "/", bytes.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.src.ServeHTTP(w, r)
	return w
}

func ecKey() *ecdsa.PrivateKey {
	k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
}
