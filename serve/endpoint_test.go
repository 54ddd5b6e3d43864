package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/serve"
)

// renew writes a certificate with this number, and its key.
func renew(t *testing.T, dir string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(number), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is the number of the certificate that a server shows.
func shown(t *testing.T, address string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// address is one that is free.
func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A certificate that is renewed is shown without a restart, and one that is
// broken, or only half renewed, leaves the old one.
func TestRenewedCertificate(t *testing.T) {
	dir, at := t.TempDir(), address(t)
	renew(t, dir, 1)
	run(t, dir, "sources: {push: {http: {listen: '"+at+"', sns_topics: ['arn:aws:sns:us-east-1:111122223333:t'], tls_certificate: DIR/tls.crt, tls_key: DIR/tls.key}}}", assemble.Options{})
	if n := shown(t, at); n != 1 {
		t.Errorf("certificate %d, want the first", n)
	}
	renew(t, dir, 2)
	if n := shown(t, at); n != 2 {
		t.Errorf("certificate %d, want the second", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := shown(t, at); n != 2 {
		t.Errorf("certificate %d while the files are broken, want the second", n)
	}
}

// What a reload cannot put in force is said, in the log and to who asks.
func TestChangesThatNeedARestart(t *testing.T) {
	dir, log := t.TempDir(), &written{}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := runWith(t, dir, "sources: {logs: {folder: {path: DIR/logs}}}", assemble.Options{}, func(o *serve.Options) { o.Log = slog.New(slog.NewTextHandler(log, nil)) })
	file := filepath.Join(dir, "trailwarden.yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{string(before), `"needsRestart":null`},
		{strings.Replace(string(before), "sources: {", "limits: {lateness: 2h}\nsources: {push: {http: {listen: '"+address(t)+"', sns_topics: ['arn:aws:sns:us-east-1:111122223333:t']}}, ", 1),
			`"needsRestart":["limits","sources.push.http"]`},
		{string(before), `"needsRestart":null`},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.reload <- struct{}{}
		r.reload <- struct{}{} // the first one is done when the second is taken
		if _, body := r.get(t, "/readyz"); !strings.Contains(body, c.want) {
			t.Errorf("want %s in %s", c.want, body)
		}
	}
	if !log.has("setting=sources.push.http") {
		t.Error("the log does not say that nobody listens for the new source")
	}
}

// What an endpoint refuses is counted, and said with its reason: SNS takes it for
// the last word, so a topic that is missing in the configuration loses messages.
func TestRefusalsAreTold(t *testing.T) {
	at, log := address(t), &written{}
	r := runWith(t, t.TempDir(), "sources: {push: {http: {listen: '"+at+"', sns_topics: ['arn:aws:sns:us-east-1:111122223333:t']}}}", assemble.Options{},
		func(o *serve.Options) { o.Look, o.Log = 20*time.Millisecond, slog.New(slog.NewTextHandler(log, nil)) })
	resp, err := http.Post("http://"+at+"/", "text/plain", strings.NewReader(`{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:111122223333:other","Message":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	soon(t, "the refusal to be logged", func() bool { return log.has("requests were refused") })
	if resp.StatusCode != http.StatusForbidden || !log.has("source=push count=1") || !log.has("the topic is not among those that are accepted") {
		t.Errorf("%s, %s", resp.Status, log.b.String())
	}
	if _, body := r.get(t, "/metrics"); counted(body)[`trailwarden_refused_total{source="push"}`] != 1 {
		t.Error("the metrics do not count it")
	}
	if _, body := r.get(t, "/readyz"); !strings.Contains(body, `"refused":1`) || !strings.Contains(body, "not among those") {
		t.Errorf("/readyz: %s", body)
	}
}
