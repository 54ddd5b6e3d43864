package sinktest

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
)

// Messages are plain, hostile and large messages: those of messagetest, and one
// for each payload of the corpus here; the kinds take turns with payloads.
func Messages() []messagetest.Case {
	all := append(messagetest.Kinds(), messagetest.Large()...)
	for i, c := range messagetest.Hostile() { // three messages for each payload
		if i%3 == i/3%3 {
			all = append(all, c)
		}
	}
	for i, p := range Payloads() {
		m := []*message.Message{messagetest.Opened(), messagetest.Repeated(), messagetest.Report()}[i%3]
		all = append(all, messagetest.Case{Name: string(m.Kind) + ", " + p.Name, Message: messagetest.Poisoned(m, p.Text)})
	}
	return all
}

// Random is a message whose every text, and length of list, is random: payloads,
// fragments of UTF-8 and filler, up to about size bytes together. Key, kind and
// links are proper ones.
func Random(rnd *rand.Rand, size int) *message.Message {
	kinds := messagetest.Kinds()
	m := kinds[rnd.IntN(len(kinds))].Message
	links := m.Links
	g := &generator{rnd, size, Payloads()}
	kind, status, level := m.Kind, m.Status, m.Severity
	g.fill(reflect.ValueOf(m).Elem(), 0)
	m.Kind, m.Status, m.Severity, m.Key, m.Links = kind, status, level, messagetest.Key, links
	m.HTML = ""
	if rnd.IntN(4) > 0 {
		m.Text = ""
	}
	return m
}

type generator struct {
	rnd      *rand.Rand
	left     int
	payloads []Payload
}

func (g *generator) fill(v reflect.Value, depth int) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(g.rnd.Int64N(4e9), 0).UTC()))
	case v.Type() == reflect.TypeFor[json.RawMessage]():
		text, err := json.Marshal(map[string]any{g.text(): g.text(), "requestParameters": map[string]any{g.text(): []string{g.text()}}})
		if err == nil {
			v.SetBytes(text)
		}
	case v.Kind() == reflect.String:
		v.SetString(g.text())
	case v.Kind() == reflect.Int64 || v.Kind() == reflect.Int:
		v.SetInt(g.rnd.Int64N(1e6))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			g.fill(v.Field(i), depth+1)
		}
	case v.Kind() == reflect.Pointer && v.Type() == reflect.TypeFor[*alert.Detection]():
		v.Set(reflect.New(v.Type().Elem()))
		g.fill(v.Elem(), depth+1)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		n := g.rnd.IntN(12)
		if g.rnd.IntN(20) == 0 && g.left > 1<<20 {
			n = 500 + g.rnd.IntN(2000)
		}
		list := reflect.MakeSlice(v.Type(), n, n)
		for i := range n {
			g.fill(list.Index(i), depth+1)
		}
		v.Set(list)
	}
}

func (g *generator) text() string {
	n := 1 << g.rnd.IntN(8)
	if g.rnd.IntN(30) == 0 {
		n = 1 << (10 + g.rnd.IntN(12))
	}
	n = min(n, g.left)
	var b strings.Builder
	for b.Len() < n {
		switch g.rnd.IntN(3) {
		case 0:
			b.WriteString(g.payloads[g.rnd.IntN(len(g.payloads))].Text)
		case 1:
			b.WriteString(strings.Repeat(string(rune(g.rnd.IntN(0x11000))), 1+g.rnd.IntN(max(n/4, 1))))
		default:
			b.WriteString(strings.Repeat("x<&`*é😀 ", 1+g.rnd.IntN(max(n/16, 1))))
		}
	}
	g.left = max(g.left-b.Len(), 0)
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// Seeded is a source of random numbers for messages.
func Seeded(t testing.TB) *rand.Rand { return rand.New(rand.NewPCG(seeds.Of(t), 1)) }
