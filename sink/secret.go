package sink

import "context"

// Secret fetches a secret from where it is kept. A sink asks each time it needs
// it, so that a rotated one is used without a restart. Errors never hold the
// secret. A nil Secret is a setting that was left out.
type Secret func(context.Context) (string, error)

// Fixed is a secret that is at hand.
func Fixed(secret string) Secret {
	return func(context.Context) (string, error) { return secret, nil }
}
