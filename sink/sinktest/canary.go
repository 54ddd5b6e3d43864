package sinktest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
)

// Canary is a made-up secret that tests configure and then look for in
// everything that comes out.
type Canary struct{ Name, Secret string }

// Canaries has one secret for every kind of setting that holds one.
func Canaries() []Canary {
	return []Canary{
		{"slack webhook path", "T00CANARY/B00CANARY/canarySlackHookXXXXXXXXXX"},
		{"slack token", "xoxb-canary-2222222222-slackbottoken"},
		{"servicenow password", "canary&Snow=Pa55+w0rd/"},
		{"servicenow client secret", "canary-snow-client-secret-81"},
		{"servicenow bearer", "canary-snow-bearer-token-93"},
		{"pagerduty routing key", "canary0pagerduty0routing0key0032"},
		{"teams signature", "canaryTeamsSig_a-b_c~42"},
		{"webhook hmac key", "canary-webhook-hmac-key-17"},
		{"webhook header", "canary-webhook-header-token-29"},
		{"webhook url token", "canary-webhook-url-token-31"},
		{"smtp password", "canary smtp:pass word"},
		{"aws secret key", "canaryAwsSecretKey/EXAMPLE+41"},
	}
}

// Secret is the canary of a setting; it panics on a name that does not exist.
func Secret(name string) string {
	for _, c := range Canaries() {
		if c.Name == name {
			return c.Secret
		}
	}
	panic("no canary named " + name)
}

// Leaks names the canaries that text holds in the clear or in one of the usual
// encodings: URL, JSON, hex, base64 of any alignment.
func Leaks(text string) []string {
	var found []string
	for _, c := range Canaries() {
		for _, form := range forms(c.Secret) {
			if strings.Contains(text, form) {
				found = append(found, c.Name)
				break
			}
		}
	}
	return found
}

func forms(secret string) []string {
	quoted, _ := json.Marshal(secret) // a string always has a JSON form
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret),
		strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(secret))}
	for pad := range 3 { // base64 of a text that has the secret in its middle
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", pad) + secret))
		from, to := (pad*8+5)/6, len(text)-4
		out = append(out, text[from:to])
	}
	return out
}
