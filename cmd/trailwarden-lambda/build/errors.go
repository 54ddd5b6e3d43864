package main

import (
	"errors"
	"go/ast"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// withoutErrors has answers that say no by a name that nobody here looks for by
// its type read like those by a name that the client does not know: as a
// smithy.GenericAPIError with the same code and message. Left as they are, because
// more than code and message is asked of them: errors that are mentioned, those
// whose code is not the name in the answer, and those that say that the fault is
// the service's.
func withoutErrors(s *source, of map[string]refusal, mentioned map[string]bool) {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.Contains(f.Name.Name, "_deserializeOpError") || f.Body == nil {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			code, name, ok := told(c)
			if e := of[name]; ok && e.client && e.code == code && !mentioned[name] {
				s.replace(c.Pos(), c.End(), "")
			}
			return false
		})
	}
}

// told is what a case of the form
//
//	case strings.EqualFold("NotFound", errorCode):
//		return awsAwsquery_deserializeErrorNotFoundException(response, errorBody)
//
// says: the name in an answer and the type that is made of it.
func told(c *ast.CaseClause) (code, name string, ok bool) {
	if len(c.List) != 1 || len(c.Body) != 1 {
		return "", "", false
	}
	test, _ := c.List[0].(*ast.CallExpr)
	back, _ := c.Body[0].(*ast.ReturnStmt)
	if test == nil || len(test.Args) != 2 || back == nil || len(back.Results) != 1 {
		return "", "", false
	}
	lit, _ := test.Args[0].(*ast.BasicLit)
	call, _ := back.Results[0].(*ast.CallExpr)
	if lit == nil || call == nil {
		return "", "", false
	}
	made, _ := call.Fun.(*ast.Ident)
	if made == nil {
		return "", "", false
	}
	_, name, ok = strings.Cut(made.Name, "_deserializeError")
	code, err := strconv.Unquote(lit.Value)
	return code, name, ok && err == nil
}

// refusal is a modelled error: the code that it says it has, and whether it says
// that the fault is the caller's.
type refusal struct {
	code   string
	client bool
}

// refusals are the errors of a client, by the names of their types.
func refusals(dir string) (map[string]refusal, error) {
	s, err := parse(filepath.Join(dir, "types", "errors.go"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string]refusal{}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || len(f.Recv.List) != 1 {
			continue
		}
		on, ok := f.Recv.List[0].Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		name := on.X.(*ast.Ident).Name
		e := all[name]
		ast.Inspect(f.Body, func(n ast.Node) bool {
			back, ok := n.(*ast.ReturnStmt)
			if !ok || len(back.Results) != 1 {
				return true
			}
			switch said := back.Results[0].(type) {
			case *ast.BasicLit:
				if f.Name.Name == "ErrorCode" {
					e.code, _ = strconv.Unquote(said.Value)
				}
			case *ast.SelectorExpr:
				e.client = e.client || f.Name.Name == "ErrorFault" && said.Sel.Name == "FaultClient"
			}
			return false
		})
		all[name] = e
	}
	return all, nil
}

// soughtErrors are the names that the function and the client's own files take
// from a client's types, other than to read answers.
func soughtErrors(all []pkg, client pkg) (map[string]bool, error) {
	types := client.ImportPath + "/types"
	names, err := mentioned(all, types)
	if err != nil {
		return nil, err
	}
	for _, name := range client.GoFiles {
		if name == "deserializers.go" || name == "serializers.go" || name == "validators.go" {
			continue
		}
		if err := mentions(filepath.Join(client.Dir, name), types, names); err != nil {
			return nil, err
		}
	}
	return names, nil
}
