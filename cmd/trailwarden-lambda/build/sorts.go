package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Where the toolchain sorts by a function of the caller: in package slices with a
// copy of the algorithm for each type, in package sort with one for all.
const (
	sortsEach   = "func pdqsortCmpFunc[E any](data []E, a, b, limit int, cmp func(a, b E) int) {"
	stablesEach = "func stableCmpFunc[E any](data []E, n int, cmp func(a, b E) int) {"
	sortsAll    = "func pdqsort_func(data lessSwap, a, b, limit int) {"
	stablesAll  = "func stable_func(data lessSwap, n int) {"
)

// sorts is the toolchain's file of package slices that sorts by a function,
// changed so that every type is sorted by the one copy that package sort has. Both
// are made from one text, and compare and swap the same items in the same order:
// also what a function finds equal comes out as it does elsewhere.
func sorts(root string) (original string, text []byte, err error) {
	original = filepath.Join(root, "src", "slices", "zsortanyfunc.go")
	each, err := os.ReadFile(original)
	if err != nil {
		return "", nil, err
	}
	one := filepath.Join(root, "src", "sort", "zsortfunc.go")
	if text, err = os.ReadFile(one); err != nil {
		return "", nil, err
	}
	for _, want := range []struct {
		file string
		text []byte
		once string
	}{{original, each, sortsEach}, {original, each, stablesEach}, {one, text, "package sort\n"}, {one, text, sortsAll}, {one, text, stablesAll}} {
		if bytes.Count(want.text, []byte(want.once)) != 1 {
			return "", nil, fmt.Errorf("%s sorts in another way: want %q once", want.file, want.once)
		}
	}
	text = bytes.Replace(text, []byte("package sort\n"), []byte("package slices\n"), 1)
	return original, fmt.Appendf(text, `
type lessSwap struct {
	Less func(i, j int) bool
	Swap func(i, j int)
}

func trailwardenSorts[E any](data []E, cmp func(a, b E) int) lessSwap {
	return lessSwap{
		func(i, j int) bool { return cmp(data[i], data[j]) < 0 },
		func(i, j int) { data[i], data[j] = data[j], data[i] },
	}
}

%s
	pdqsort_func(trailwardenSorts(data, cmp), a, b, limit)
}

%s
	stable_func(trailwardenSorts(data, cmp), n)
}
`, sortsEach, stablesEach), nil
}
