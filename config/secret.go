package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// redacted is what every printed form of a secret says.
const redacted = "[redacted]"

// Secret is a reference to a secret: where it is kept, never the secret itself.
// The zero Secret is no reference. All its printed forms say [redacted]: the
// name of a variable or file can tell more than a log should.
type Secret struct{ scheme, name string }

// The places that a secret can be kept in.
const (
	SchemeEnv     = "env"            // env:NAME, an environment variable
	SchemeFile    = "file"           // file:/path, readable by its owner only
	SchemeManager = "secretsmanager" // secretsmanager:NAME or ARN, optionally #key of a JSON secret
	SchemeSSM     = "ssm"            // ssm:NAME, a parameter of Systems Manager
)

// schemes in the order in which messages list them.
func schemes() []string { return []string{SchemeEnv, SchemeFile, SchemeManager, SchemeSSM} }

const secretForms = "env:NAME, file:/path, secretsmanager:NAME[#key] or ssm:NAME"

// errLiteral never quotes the text: it may be the secret.
var errLiteral = errors.New("a secret does not stand in a configuration: keep it elsewhere and refer to it by " + secretForms)

// ParseSecret reads a reference. The error never holds the text.
func ParseSecret(text string) (Secret, error) {
	scheme, name, ok := strings.Cut(text, ":")
	known := false
	for _, s := range schemes() {
		known = known || s == scheme
	}
	switch {
	case !ok || !known:
		return Secret{}, errLiteral
	case strings.TrimSpace(name) == "" || strings.ContainsAny(name, "\x00\r\n"):
		return Secret{}, fmt.Errorf("a reference to a secret without a name; want %s", secretForms)
	}
	return Secret{scheme, name}, nil
}

// IsZero tells whether there is no reference.
func (s Secret) IsZero() bool { return s.scheme == "" }

// Scheme says where the secret is kept: one of the Scheme constants, or "".
func (s Secret) Scheme() string { return s.scheme }

// Reference is the text that ParseSecret read. It is no secret, but it is for
// configuration only, not for messages.
func (s Secret) Reference() string {
	if s.IsZero() {
		return ""
	}
	return s.scheme + ":" + s.name
}

// String is "[redacted]", or empty for no reference.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format is String whatever the verb, for %+v and %x too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is String, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON is String as JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText is String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Login is the half of credentials that is no secret, such as a user's name: it
// may stand in the configuration, and it may be kept where the other half is.
type Login struct {
	Text string // as it is, when Kept is no reference
	Kept Secret
}

func (l *Login) parse(text string) error {
	if kept, err := ParseSecret(text); err == nil {
		*l = Login{Kept: kept}
		return nil
	}
	if why := looksSecret(text); why != "" {
		return fmt.Errorf("this looks like %s; refer to it by %s", why, secretForms)
	}
	*l = Login{Text: text}
	return nil
}

func (*Login) form() form { return form{types: []string{"string", "number"}} }

// IsZero tells whether there is none.
func (l Login) IsZero() bool { return l == Login{} }

// Resolver fetches secrets.
type Resolver interface {
	// Secret gives what the reference stands for; errors never hold a secret.
	Secret(ctx context.Context, s Secret) (string, error)
}

// Resolve fetches the secret from where it is kept. The zero Secret is "".
func (s Secret) Resolve(ctx context.Context, r Resolver) (string, error) {
	if s.IsZero() {
		return "", nil
	}
	if r == nil {
		return "", fmt.Errorf("a secret kept in %s cannot be fetched: nobody is there to fetch it", s.scheme)
	}
	return r.Secret(ctx, s)
}

// From is Resolve bound to a resolver: what a client asks each time it needs
// the secret, so that a rotated one is used without a restart.
func (s Secret) From(r Resolver) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) { return s.Resolve(ctx, r) }
}

// SecretsIn are all references in a part of the configuration, which v points
// to.
func SecretsIn(v any) []Secret { return secretsIn(nil, reflect.ValueOf(v)) }

func secretsIn(found []Secret, v reflect.Value) []Secret {
	if v.Type() == reflect.TypeFor[Secret]() {
		if s := v.Interface().(Secret); !s.IsZero() {
			return append(found, s)
		}
		return found
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return secretsIn(found, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				found = secretsIn(found, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = secretsIn(found, v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			found = secretsIn(found, v.MapIndex(k))
		}
	}
	return found
}
