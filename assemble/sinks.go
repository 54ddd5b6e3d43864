package assemble

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/config/awssecret"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/message/template"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// Options of an Assembly.
type Options struct {
	Now     func() time.Time // nil means time.Now
	Version string           // of the program, named to receivers that ask for it
	Out     io.Writer        // what the stdout sink writes to; nil means os.Stdout
	// LoadAWS makes AWS configurations; nil means awsx.Load. Tests hand in one
	// that leads to an emulator.
	LoadAWS func(context.Context, awsx.Settings) (aws.Config, error)
	// Secrets fetch secrets; nil means the environment, files and AWS.
	Secrets *config.Secrets
	// Report is told of trouble that stops nothing, such as a template that
	// failed; it may be called by several goroutines, and may be nil.
	Report func(error)
	// Shared is what the assemblies of a process share over reloads; nil makes
	// one for this assembly alone.
	Shared *Shared
}

// Assembly makes parts from one configuration. They share AWS configurations
// and fetched secrets.
type Assembly struct {
	Config  *config.Config
	o       Options
	clouds  *clouds
	secrets *config.Secrets

	mu        sync.Mutex
	known     *enrichment
	templates map[string]*template.Set // set by Builder
	unnamed   bool                     // STS did not say who we are
}

// New makes an Assembly; it contacts nobody.
func New(cfg *config.Config, o Options) *Assembly {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.LoadAWS == nil {
		o.LoadAWS = awsx.Load
	}
	if o.Shared == nil {
		o.Shared = new(Shared)
	}
	a := &Assembly{Config: cfg, o: o, clouds: &clouds{general: cfg.AWS, load: o.LoadAWS}, secrets: o.Secrets}
	if a.secrets == nil {
		a.secrets = &config.Secrets{Now: o.Now, Fetch: awssecret.Fetchers(func(ctx context.Context) (aws.Config, error) {
			return a.AWS(ctx, config.Client{})
		})}
	}
	return a
}

// AWS is how to speak with AWS as a block of the configuration says.
func (a *Assembly) AWS(ctx context.Context, block config.Client) (aws.Config, error) {
	return a.clouds.of(ctx, block)
}

// Secrets is what fetches the configuration's secrets.
func (a *Assembly) Secrets() *config.Secrets { return a.secrets }

// Login is what gives a user's name, which may stand in the configuration; nil
// when there is none.
func (a *Assembly) Login(l config.Login) sink.Secret {
	switch {
	case !l.Kept.IsZero():
		return a.Secret(l.Kept)
	case l.Text != "":
		return sink.Fixed(l.Text)
	}
	return nil
}

// Secret binds a reference to what fetches it; nil when there is none.
func (a *Assembly) Secret(s config.Secret) sink.Secret {
	if s.IsZero() {
		return nil
	}
	return s.From(a.secrets)
}

// ErrUnknownSink is in the chain of Sink's error for a name that the
// configuration does not have.
var ErrUnknownSink = errors.New("no such sink")

// Sink makes the sink of that name. It contacts nobody; the error names the
// sink and what is wrong with its settings.
func (a *Assembly) Sink(ctx context.Context, name string) (sink.Sink, error) {
	c := a.Config.Sink(name)
	if c == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknownSink, name)
	}
	kind := c.Kind()
	build, ok := makers()[kind]
	if !ok {
		return nil, fmt.Errorf("sinks.%s: this release has no sink of kind %q", name, kind)
	}
	s, err := build(ctx, &maker{a, c})
	if err != nil {
		return nil, fmt.Errorf("sinks.%s: %w", name, err)
	}
	return withSecrets(s, a.secrets, secretsOf(c)), nil
}

// Sinks makes every sink that is enabled, by name. One that cannot be made does
// not stop the others: the error joins what is wrong with each.
func (a *Assembly) Sinks(ctx context.Context) (map[string]sink.Sink, error) {
	out := map[string]sink.Sink{}
	var faults []error
	for _, c := range a.Config.Sinks {
		if !c.Enabled {
			continue
		}
		s, err := a.Sink(ctx, c.Name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out[c.Name] = s
	}
	return out, errors.Join(faults...)
}

// maker makes one sink.
type maker struct {
	*Assembly
	sink *config.Sink
}

// egress is the way out for HTTP sinks.
func (m *maker) egress(o config.Outgoing) (*egress.Client, error) {
	allow, err := prefixes(o.Private)
	if err != nil {
		return nil, err
	}
	roots, err := authorities(o.CA)
	if err != nil {
		return nil, err
	}
	out := egress.Options{Allow: allow, Roots: roots, Total: m.sink.Timeout.Std()}
	if !o.Proxy.IsZero() {
		out.Proxy = m.proxy(o.Proxy)
	}
	return egress.New(out), nil
}

// proxy asks for the proxy's URL with each request; its error does not repeat
// it.
func (m *maker) proxy(s config.Secret) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		text, err := s.Resolve(req.Context(), m.secrets)
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return nil, errors.New("the proxy's URL is not one")
		}
		return u, nil
	}
}

// prefixes reads ranges of addresses; a single address is a range of one.
func prefixes(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, t := range texts {
		p, err := netip.ParsePrefix(t)
		if err != nil {
			a, err := netip.ParseAddr(t)
			if err != nil {
				return nil, fmt.Errorf("allow_private: %q is no range of addresses", t)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// authorities are the system's certificate authorities and those of a file; nil
// when there is no file.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca: %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// certificate reads the certificate that is shown to receivers with each
// handshake, so that a renewed one is used without a restart; nil when there is
// none.
func (m *maker) certificate(file string, key config.Secret) func() (*tls.Certificate, error) {
	if file == "" {
		return nil
	}
	return func() (*tls.Certificate, error) {
		chain, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("client_certificate: %w", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), egress.ConnectTimeout)
		defer cancel()
		private, err := key.Resolve(ctx, m.secrets)
		if err != nil {
			return nil, fmt.Errorf("client_key: %w", err)
		}
		pair, err := tls.X509KeyPair(chain, []byte(private))
		if err != nil {
			return nil, errors.New("client_certificate and client_key are no pair in PEM")
		}
		return &pair, nil
	}
}
