package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"strconv"
)

// zones are the toolchain's files of time/tzdata, which has the rules of all time
// zones in it, changed so that they are packed: a function asks for one of them at
// most, and only where its system has no files of them.
func zones(root string) (map[string][]byte, error) {
	dir := filepath.Join(root, "src", "time", "tzdata")
	data, reader := filepath.Join(dir, "zzipdata.go"), filepath.Join(dir, "tzdata.go")
	s, err := parse(data)
	if err != nil {
		return nil, err
	}
	var plain string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && v.Names[0].Name == "zipdata" && len(v.Values) == 1 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				plain, err = strconv.Unquote(lit.Value)
			}
		}
		return err == nil
	})
	if err != nil || plain == "" {
		return nil, errors.Join(err, fmt.Errorf("%s has no zipdata", data))
	}
	packed, err := pack([]byte(plain))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(reader)
	if err != nil {
		return nil, err
	}
	const use = "z := zipdata\n"
	if bytes.Count(text, []byte(use)) != 1 {
		return nil, fmt.Errorf("%s reads its data in another way: want %q once", reader, use)
	}
	text = bytes.Replace(text, []byte(use), []byte("z := trailwardenZones()\n"), 1)
	return map[string][]byte{
		reader: text,
		data: fmt.Appendf(nil, `package tzdata

import (
	"compress/gzip"
	"io"
	"strings"
	"sync"
)

var trailwardenZones = sync.OnceValue(func() string {
	z, err := gzip.NewReader(strings.NewReader(%q))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return string(text)
})
`, packed),
	}, nil
}

// pack is a text as gzip has it.
func pack(text []byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(text)
	err = errors.Join(err, z.Close()) // which writes the rest
	return packed.Bytes(), err
}
