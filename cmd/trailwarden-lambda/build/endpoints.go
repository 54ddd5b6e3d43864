package main

import (
	"errors"
	"go/ast"
	"go/token"
)

// withoutPartitions leaves the tables of addresses out that clients had before
// their rules: they are asked by programs that bring a resolver of their own in
// the old way, which nobody does here, and are made when a program starts.
func withoutPartitions(file string) ([]byte, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	var expressions *ast.GenDecl
	uses, within := 0, 0
	for _, d := range s.file.Decls {
		used := 0
		ast.Inspect(d, func(n ast.Node) bool {
			if x, ok := n.(*ast.Ident); ok && x.Name == "partitionRegexp" {
				used++
			}
			return true
		})
		uses += used
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR || len(g.Specs) != 1 {
			continue
		}
		v, ok := g.Specs[0].(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || len(v.Values) != 1 {
			continue
		}
		switch v.Names[0].Name {
		case "partitionRegexp":
			expressions, within = g, within+used
		case "defaultPartitions":
			within += used
			s.replace(v.Names[0].End(), v.End(), " endpoints.Partitions")
		}
	}
	if len(s.cuts) != 1 {
		return nil, errors.New("endpoints.go has no defaultPartitions")
	}
	if expressions != nil && uses == within {
		s.cuts = append([]cut{{expressions.Pos(), expressions.End(), ""}}, s.cuts...)
	}
	return s.changed(), nil
}
