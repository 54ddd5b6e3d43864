package main

import (
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message"
)

// The installed Go still looks for methods where we change it, and what comes of
// the change is Go.
func TestChange(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src", "text", "template", "exec.go"))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := change(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "exec.go", changed, 0); err != nil {
		t.Error(err)
	}
	if strings.Contains(string(changed), call) {
		t.Error("it still calls any method")
	}
	if _, err := change(changed); err == nil {
		t.Error("a source that looks for methods in another way was changed")
	}
}

// The installed Go still sorts where we change it, what comes of the change is Go,
// and the algorithm that stands in leaves equal items in the very same order.
func TestSorts(t *testing.T) {
	root, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	file, text, err := sorts(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); err != nil {
		t.Error(err)
	}
	type item struct{ key, number int }
	random := rand.New(rand.NewPCG(seeds.Of(t), 1))
	for n := range 600 {
		each := make([]item, n)
		for i := range each {
			each[i] = item{random.IntN(1 + n/4), i}
		}
		all := slices.Clone(each)
		slices.SortFunc(each, func(a, b item) int { return a.key - b.key })
		sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
		if !slices.Equal(each, all) {
			t.Fatalf("%d items are sorted in another order", n)
		}
	}
}

// Whatever method of a message, or of anything in it, a user's template calls is
// there in the function as it is in the program.
func TestMethodsOfMessages(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] || strings.HasPrefix(typ.PkgPath(), "time") {
			return
		}
		seen[typ] = true
		for m := range typ.Methods() {
			if !slices.Contains(methods(), m.Name) && !strings.HasPrefix(m.Name, "Marshal") && m.Type.NumOut() < 3 { // encoders' methods show nothing, and no template calls what gives three values
				t.Errorf("%v.%s cannot be called in the function; add it to methods", typ, m.Name)
			}
		}
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			for f := range typ.Fields() {
				if f.IsExported() {
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[*message.Message]())
}
