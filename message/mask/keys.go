package mask

import (
	"strings"
	"sync"
)

// Shown takes the place of a secret.
const Shown = "[masked]"

// SecretKey tells whether a value under this key is a secret by its name:
// password, masterUserPassword, secretAccessKey, sessionToken, private-key,
// Authorization. Case, underscores, hyphens and dots do not matter, because
// services spell such names in every way; over-masking costs less than a leak.
func SecretKey(key string) bool {
	if len(key) <= longestPlain && !speaksOfSecrets(key) {
		return false
	}
	return secretKey(plain(key))
}

// longestPlain is how much of a key's end counts, in bytes.
const longestPlain = 256

// speaksOfSecrets tells whether a key holds any of the words that secretKey looks
// for. Nearly none does, and one reading tells so. Other letters than those of
// ASCII may be anything.
func speaksOfSecrets(key string) bool {
	var plain [longestPlain]byte
	n := 0
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 0x80:
			return true
		case !joins(rune(c)):
			plain[n] = c
			n++
		}
	}
	found, _ := find(secretWords(), plain[:n])
	return found != 0
}

// secretWords finds what every key has that is secret.
var secretWords = sync.OnceValue(func() *automaton {
	words := append([]string{"password", "passwd", "passphrase", "secret"}, secretEnds...)
	for name := range secretNames {
		words = append(words, name)
	}
	return newAutomaton([][]string{words})
})

func secretKey(k string) bool {
	if secretNames[k] {
		return true
	}
	if harmless[k] {
		return false
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(k, end) {
			return true
		}
	}
	if strings.Contains(k, "password") || strings.Contains(k, "passwd") || strings.Contains(k, "passphrase") {
		return true
	}
	return strings.Contains(k, "secret") && !namesSecret(k)
}

// namesSecret tells that a key speaks of a secret without holding it: secretId,
// secretArn, secretsManagerConfiguration, secretVersionId, secrets.
func namesSecret(k string) bool {
	if strings.Contains(k, "secretsmanager") || strings.Contains(k, "secretversion") {
		return true
	}
	for _, end := range []string{"secretid", "secretids", "secretarn", "secretarns", "secretname", "secretnames", "secretlist", "secrets", "secrettype", "secretstatus"} {
		if strings.HasSuffix(k, end) {
			return true
		}
	}
	return false
}

// wholly tells that anything under the key is secret, numbers too; under
// others, such as maxPasswordAge, numbers are settings.
func wholly(key string) bool {
	k := plain(key)
	for _, end := range append([]string{"password", "passwd", "passphrase", "secret", "pin", "code1", "code2"}, secretEnds...) {
		if strings.HasSuffix(k, end) {
			return true
		}
	}
	return secretNames[k]
}

var secretEnds = []string{
	"token", "tokens", "tokencode", "privatekey", "privatekeys", "apikey", "apikeys", "apisecret", "authorization", "connectionstring",
	"presharedkey", "sharedkey", "accountkey", "encryptionkeyvalue", "keymaterial", "webhookurl", "signature", "passcode", "jwt", "saslcredentials",
}

// harmless are keys that end like a secret's: the subject that a token tells, and
// the marks by which AWS recognizes a repeated request.
var harmless = setOf("subjectfromwebidentitytoken", "clienttoken", "clientrequesttoken", "idempotencytoken")

// secretNames are keys that are secret by their whole name only.
var secretNames = setOf("pwd", "pass", "pin", "otp", "totp", "sig", "cookie", "setcookie", "bearer", "auth", "jwt",
	"plaintext", "plaintextblob", "userdata", "base32stringseed", "qrcodepng", "authenticationcode1", "authenticationcode2",
	"xamzsecuritytoken", "xamzsignature", "xamzcredential", "samlassertion", "certificateprivatekey", "secretstring", "secretbinary", "psk", "hmac", "credentials64")

func setOf(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// plain is a key in lower case without the marks that join words.
func plain(key string) string {
	if len(key) > longestPlain {
		key = key[len(key)-longestPlain:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case joins(r):
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, key)
}

// joins tells the marks between the words of a key.
func joins(r rune) bool {
	return r == '_' || r == '-' || r == '.' || r == ' ' || r == ':' || r == '/'
}
