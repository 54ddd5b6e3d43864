package re2_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every expression that the program compiles when it first needs it is one.
func TestOwn(t *testing.T) {
	n := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "re2.Own") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		constants := texts(f)
		ast.Inspect(f, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 || !isOwn(call.Fun) {
				return true
			}
			n++
			if _, err := regexp.Compile(value(call.Args[0], constants)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			return true
		})
		return nil
	})
	if err != nil || n < 50 {
		t.Errorf("%d expressions were found: %v", n, err)
	}
}

// isOwn tells re2.Own, which tables of expressions shorten to re.
func isOwn(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "re"
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "re2" && f.Sel.Name == "Own"
	}
	return false
}

// texts are a file's values that are texts, by name.
func texts(f *ast.File) map[string]string {
	all := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
			for i, name := range v.Names {
				all[name.Name] = value(v.Values[i], all)
			}
		}
		return true
	})
	return all
}

// value is an expression of texts put together.
func value(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value) // a number is no text
		return s
	case *ast.BinaryExpr:
		return value(e.X, constants) + value(e.Y, constants)
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}
