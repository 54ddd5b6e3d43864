package config

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const canary = "canary-hunter2-s3cr3t"

// No printed form of a secret says more than [redacted].
func TestSecretIsRedactedInEveryForm(t *testing.T) {
	s, err := ParseSecret("env:" + canary)
	if err != nil {
		t.Fatal(err)
	}
	type inside struct {
		Token Secret
		In    *Secret
		More  []Secret
		ByKey map[string]Secret
	}
	x := inside{s, &s, []Secret{s}, map[string]Secret{"a": s}}
	var forms []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T"} {
		forms = append(forms, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, x), fmt.Sprintf(verb, &x))
	}
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "s", s, "x", x)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "s", s, "x", x)
	forms = append(forms, string(b), log.String(), fmt.Sprint(s), fmt.Sprint(errors.New(s.String())))
	for _, f := range forms {
		if strings.Contains(f, canary) {
			t.Errorf("a form tells the reference: %s", f)
		}
	}
	if s.String() != redacted || (Secret{}).String() != "" {
		t.Errorf("%q, %q", s.String(), Secret{}.String())
	}
}

func TestParseSecret(t *testing.T) {
	for text, ok := range map[string]bool{
		"env:A": true, "file:/run/secrets/a": true, "secretsmanager:a/b#c": true, "ssm:/a/b": true,
		"secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf#password": true,
		"": false, "env:": false, "env: ": false, canary: false, "https://hooks.slack.com/services/" + canary: false,
		"ENV:A": false, "vault:" + canary: false, "file:a\nb": false,
	} {
		s, err := ParseSecret(text)
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if ok && s.Reference() != text {
			t.Errorf("%q became %q", text, s.Reference())
		}
		if err != nil && text != "" && strings.Contains(err.Error(), canary) {
			t.Errorf("the error quotes the secret: %v", err)
		}
	}
}

func secretFile(t *testing.T, mode os.FileMode, text string) Secret {
	t.Helper()
	p := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p, mode); err != nil {
		t.Fatal(err)
	}
	s, err := ParseSecret("file:" + p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A secret's file is read only when nobody else can read or change it.
func TestSecretFilesAreTheOwnersAlone(t *testing.T) {
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o644: false, 0o640: false, 0o604: false, 0o620: false, 0o700: false} {
		got, err := secretFile(t, mode, canary+"\n").Resolve(t.Context(), new(Secrets))
		if (err == nil) != ok || ok && got != canary {
			t.Errorf("mode %04o: %q, %v", mode, got, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("mode %04o: the error tells the secret: %v", mode, err)
		}
	}
	dir, _ := ParseSecret("file:" + t.TempDir())
	none, _ := ParseSecret("file:" + filepath.Join(t.TempDir(), "none"))
	for _, s := range []Secret{dir, none, secretFile(t, 0o600, ""), secretFile(t, 0o600, "\n"), secretFile(t, 0o600, strings.Repeat("a", MaxSecret+1))} {
		if _, err := s.Resolve(t.Context(), new(Secrets)); err == nil {
			t.Errorf("%s was read", s.Reference())
		}
	}
}

// keeper is a store of secrets that counts how often it is asked.
type keeper struct {
	value string
	err   error
	asked int
}

func (k *keeper) fetch(context.Context, string) (string, error) {
	k.asked++
	return k.value, k.err
}

// A rotated secret is used without a restart, and an outage of its keeper does
// not take away the one that is known.
func TestSecretsAreRememberedAndRefreshed(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	k := &keeper{value: "one"}
	r := &Secrets{Fetch: map[string]Fetch{SchemeSSM: k.fetch}, Now: func() time.Time { return now }}
	s, _ := ParseSecret("ssm:/token")
	step := func(what, want string, asked int) {
		t.Helper()
		got, err := s.Resolve(t.Context(), r)
		if got != want || (err == nil) != (want != "") || k.asked != asked {
			t.Errorf("%s: %q, %v after %d questions; want %q after %d", what, got, err, k.asked, want, asked)
		}
	}
	step("first", "one", 1)
	k.value = "two"
	step("remembered", "one", 1)
	now = now.Add(6 * time.Minute)
	step("rotated", "two", 2)
	k.err = errors.New("no route to host")
	now = now.Add(6 * time.Minute)
	step("outage", "two", 3)
	now = now.Add(time.Second)
	step("an outage is not asked about all the time", "two", 3)
	now = now.Add(25 * time.Hour)
	step("too old to go on with", "", 4)
	k.err, k.value = nil, "three"
	now = now.Add(time.Minute)
	step("back", "three", 5)
	k.value = "four"
	r.Forget(s)
	step("refused by its receiver", "four", 6)
	k.value = "five"
	now = now.Add(-time.Hour)
	step("a clock set back", "five", 7)
}

// However often a secret is forgotten, as for keys that strangers show, the last one
// stands in for a day.
func TestForgettingOftenDoesNotShortenHowLongASecretStandsIn(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	k := &keeper{value: "one"}
	r := &Secrets{Fetch: map[string]Fetch{SchemeSSM: k.fetch}, Now: func() time.Time { return now }}
	s, _ := ParseSecret("ssm:/token")
	if _, err := s.Resolve(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	k.err = errors.New("no route to host")
	for range 1000 {
		r.Forget(s)
	}
	now = now.Add(23 * time.Hour)
	if got, err := s.Resolve(t.Context(), r); got != "one" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestSecretOfAJSONObject(t *testing.T) {
	k := &keeper{value: `{"password":"` + canary + `","port":3}`}
	for ref, ok := range map[string]bool{"a#password": true, "a#port": false, "a#none": false} {
		r := &Secrets{Fetch: map[string]Fetch{SchemeManager: k.fetch}}
		s, _ := ParseSecret("secretsmanager:" + ref)
		got, err := s.Resolve(t.Context(), r)
		if (err == nil) != ok || ok && got != canary {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error tells the secret", ref)
		}
	}
	k.value = canary
	s, _ := ParseSecret("secretsmanager:a#password")
	if _, err := s.Resolve(t.Context(), &Secrets{Fetch: map[string]Fetch{SchemeManager: k.fetch}}); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("%v", err)
	}
}

// A secret's file is named as every other file of the configuration: relative to
// its folder, wherever the program was started.
func TestSecretFileBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(canary+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	c, err := Parse(filepath.Join(dir, "trailwarden.yaml"), []byte("sinks:\n  p: {pagerduty: {routing_key: 'file:key'}}\n  m: {smtp: {server: 'localhost:25', from: a@b.c, to: [a@b.c], username: 'file:key', password: 'file:key'}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(SecretsIn(c.Sinks), c.Sinks[1].SMTP.Username.Kept) {
		if got, err := s.Resolve(t.Context(), new(Secrets)); got != canary || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// What was stored from a file has the editor's line break, wherever it is kept;
// breaks within a secret, as a private key has them, stay.
func TestSecretWithALineBreak(t *testing.T) {
	for stored, want := range map[string]string{"one\n": "one", "one\r\n": "one", "a\nb\n": "a\nb", " one ": " one ", "\n": ""} {
		for _, scheme := range []string{SchemeSSM, SchemeManager} {
			k := &keeper{value: stored}
			s, _ := ParseSecret(scheme + ":a")
			if got, err := s.Resolve(t.Context(), &Secrets{Fetch: map[string]Fetch{scheme: k.fetch}}); got != want || (err == nil) != (want != "") {
				t.Errorf("%s: %q gave %q, %v", scheme, stored, got, err)
			}
		}
	}
}

func TestSecretFromTheEnvironment(t *testing.T) {
	env := map[string]string{"A": canary, "EMPTY": ""}
	r := &Secrets{Getenv: func(n string) (string, bool) { v, ok := env[n]; return v, ok }}
	for ref, want := range map[string]string{"env:A": canary, "env:EMPTY": "", "env:NONE": ""} {
		s, _ := ParseSecret(ref)
		got, err := s.Resolve(t.Context(), r)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	if v, err := (Secret{}).Resolve(t.Context(), nil); v != "" || err != nil {
		t.Errorf("no reference: %q, %v", v, err)
	}
	s, _ := ParseSecret("ssm:/a")
	if _, err := s.Resolve(t.Context(), r); err == nil {
		t.Error("a keeper that nobody asks gave a secret")
	}
}
