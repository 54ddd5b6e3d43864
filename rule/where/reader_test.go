package where_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/where"
)

// TestAReaderOfManyReadsEachAsIfAlone holds the tests that rules share to those
// that each would have had, with what is said of them.
func TestAReaderOfManyReadsEachAsIfAlone(t *testing.T) {
	seed := seeds.Of(t)
	d := dice{rand.New(rand.NewPCG(seed, 2))}
	texts := []string{
		`{a: {equals: 1}}`, `{a: {equals: "1"}}`, `{a: {equals: 1.0}}`, `{a: {in: 1}}`, `{a: {equals: [1]}}`, `{a: {equals: !!str 1}}`,
		`{a: {equals: 010}}`, `{a: {equals: 010}}`, `{a: {equal: x}}`, `{a: {equal: x}}`, `{a: x}`, `{a: x}`, `{"a[0]": {equals: x}}`,
		`{a: {equals: x}, b: {equals: x}}`, `{b: {equals: x, ignore_case: true}}`, `{b: {ignore_case: true, equals: x}}`, `{}`, `{a: {}}`,
	}
	for range 600 {
		texts = append(texts, d.condition(2))
	}
	var r where.Reader
	for _, text := range texts {
		docs, err := yamldoc.Parse([]byte(text))
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		got, said := r.ParseNode(docs[0])
		want, says := where.ParseNode(docs[0])
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(said, says) {
			t.Fatalf("seed %d: %s:\namong others %#v, %v\nalone %#v, %v", seed, text, got, said, want, says)
		}
	}
}
