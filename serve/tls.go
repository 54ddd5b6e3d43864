package serve

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// keyPair is a certificate with its key, in files that somebody renews while the
// server runs: what is in them is looked at with every connection, and what cannot
// be used leaves the one before in force.
type keyPair struct {
	certificate, key string
	log              *slog.Logger

	mu    sync.Mutex
	stamp string
	now   *tls.Certificate
}

// get implements tls.Config.GetCertificate.
func (p *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if err := p.load(); err != nil {
		p.log.Error("the new TLS certificate cannot be used and the old one stays", "error", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, nil
}

// load reads the files if they changed since they were last read.
func (p *keyPair) load() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	stamp := fileStamp(p.certificate) + fileStamp(p.key)
	if stamp == p.stamp {
		return nil
	}
	p.stamp = stamp // what is broken is said once
	pair, err := tls.LoadX509KeyPair(p.certificate, p.key)
	if err != nil {
		return fmt.Errorf("tls_certificate %s and tls_key %s: %w", p.certificate, p.key, err)
	}
	p.now = &pair
	return nil
}

// fileStamp tells versions of a file apart.
func fileStamp(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return "? "
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano(), " ")
}
