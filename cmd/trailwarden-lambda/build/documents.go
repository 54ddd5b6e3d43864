package main

import (
	"errors"
	"fmt"
	"go/ast"
	"path/filepath"
	"strings"
)

// hub is the client whose requests have hundreds of forms, and details the one
// of its types that has a field for most of them.
const (
	hub     = services + "securityhub"
	details = "ResourceDetails"
)

// withoutDocuments has the parts of a request that no mentioned type stands for
// refused in place of written: a finding of Security Hub may describe any of a
// hundred kinds of resource in detail.
func withoutDocuments(file string, mentioned map[string]bool) ([]byte, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "awsRestjson1_serializeDocument") || len(f.Type.Params.List) != 2 {
			continue
		}
		pointer, ok := f.Type.Params.List[0].Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		if typ, ok := pointer.X.(*ast.SelectorExpr); ok && !mentioned[typ.Sel.Name] {
			s.replace(f.Body.Pos(), f.Body.End(), fmt.Sprintf("{ return fmt.Errorf(%q) }", "this build writes no "+typ.Sel.Name))
		}
	}
	if len(s.cuts) == 0 {
		return nil, errors.New("serializers.go has no documents")
	}
	return s.changed(), nil
}

// withoutDetails empties the type that has a field for each of these kinds, of
// which nothing here is made, and with it what reads one.
func withoutDetails(file string) ([]byte, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	if err := s.withoutDetails(file); err != nil {
		return nil, err
	}
	return s.changed(), nil
}

func (s *source) withoutDetails(file string) error {
	cuts := len(s.cuts)
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "awsRestjson1_deserializeDocument"+details {
				s.replace(d.Body.Pos(), d.Body.End(), fmt.Sprintf("{ return fmt.Errorf(%q) }", "this build reads no "+details))
			}
		case *ast.GenDecl:
			if typ, ok := d.Specs[0].(*ast.TypeSpec); ok && typ.Name.Name == details {
				s.replace(typ.Type.Pos(), typ.Type.End(), "struct{ noSmithyDocumentSerde }")
			}
		}
	}
	if len(s.cuts) != cuts+1 {
		return fmt.Errorf("%s has no %s", filepath.Base(file), details)
	}
	return nil
}
