package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// catalogue is a package of schemas: those of each request, answer and value of
// a service, which the client writes and reads by. All are made when a program
// starts, and a function calls one operation of a hundred.
type catalogue struct {
	*source
	values  map[string]*ast.ValueSpec  // of schemas by name
	makes   map[string]*ast.AssignStmt // what makes a member
	owner   map[string]string          // of a member
	members map[string][]string        // of a schema
	refs    map[string][]string        // the schemas that making one needs
	kept    map[string]bool
}

// withoutSchemas leaves the schemas out that no mentioned operation comes to.
// Their names stay, and are nil.
func withoutSchemas(file string, mentioned map[string]bool) ([]byte, error) {
	src, err := parse(file)
	if err != nil {
		return nil, err
	}
	c := &catalogue{source: src, values: map[string]*ast.ValueSpec{}, makes: map[string]*ast.AssignStmt{}, owner: map[string]string{},
		members: map[string][]string{}, refs: map[string][]string{}, kept: map[string]bool{}}
	var start *ast.FuncDecl
	for _, d := range src.file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			c.declare(d)
		case *ast.FuncDecl:
			start = d
		}
	}
	if start == nil || start.Name.Name != "init" {
		return nil, errors.New("schemas.go has no init")
	}
	for _, s := range start.Body.List {
		if err := c.member(s); err != nil {
			return nil, err
		}
	}
	roots, err := roots(filepath.Dir(filepath.Dir(file)), mentioned)
	if err != nil {
		return nil, err
	}
	for _, name := range roots {
		c.keep(name)
	}
	return c.rest(start), nil
}

func (c *catalogue) declare(d *ast.GenDecl) {
	for _, s := range d.Specs {
		if v, ok := s.(*ast.ValueSpec); ok && len(v.Names) == 1 {
			c.values[v.Names[0].Name] = v
			for _, value := range v.Values {
				c.refs[v.Names[0].Name] = names(value)
			}
		}
	}
}

// member reads name = owner.AddMember("Name", target, …).
func (c *catalogue) member(s ast.Stmt) error {
	a, ok := s.(*ast.AssignStmt)
	if ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
		name, isName := a.Lhs[0].(*ast.Ident)
		call, isCall := a.Rhs[0].(*ast.CallExpr)
		if isName && isCall {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "AddMember" {
				if owner, ok := f.X.(*ast.Ident); ok {
					c.makes[name.Name], c.owner[name.Name], c.refs[name.Name] = a, owner.Name, names(call)
					c.members[owner.Name] = append(c.members[owner.Name], name.Name)
					return nil
				}
			}
		}
	}
	return fmt.Errorf("%s: want a call of AddMember", c.set.Position(s.Pos()))
}

// names are the package's own names in an expression.
func names(e ast.Expr) (all []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				all = append(all, x.Name) // a package's name is none of ours
			}
			return false
		case *ast.Ident:
			all = append(all, n.Name)
		}
		return true
	})
	return all
}

// keep keeps a schema with its members and all that they are made of.
func (c *catalogue) keep(name string) {
	if _, ours := c.values[name]; !ours || c.kept[name] {
		return
	}
	c.kept[name] = true
	for _, more := range [][]string{{c.owner[name]}, c.members[name], c.refs[name]} {
		for _, n := range more {
			c.keep(n)
		}
	}
}

func (c *catalogue) rest(start *ast.FuncDecl) []byte {
	for _, d := range c.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && len(v.Values) == 1 && !c.kept[v.Names[0].Name] {
				c.replace(v.Names[0].End(), v.End(), " *smithy.Schema")
			}
		}
	}
	for _, s := range start.Body.List {
		a := s.(*ast.AssignStmt) // member has seen to it
		if name, ok := a.Lhs[0].(*ast.Ident); ok && !c.kept[name.Name] {
			c.replace(s.Pos(), s.End(), "")
		}
	}
	return c.changed()
}

// roots are the schemas that a client in dir uses by itself, in errors, and in
// the operations that are mentioned.
func roots(dir string, mentioned map[string]bool) (all []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range append(files, filepath.Join(dir, "types", "errors.go")) {
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		op, isOp := strings.CutPrefix(name, "api_op_")
		if strings.HasSuffix(name, "_test") || name == "common_serde" || isOp && !calls(op, mentioned) {
			continue
		}
		found, err := schemasIn(file)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// calls tells whether an operation may be called. DynamoDB's client asks by
// itself where its tables are.
func calls(op string, mentioned map[string]bool) bool {
	return mentioned[op] || mentioned[op+"Input"] || op == "DescribeEndpoints"
}

// schemasIn are the names of schemas in a file.
func schemasIn(file string) (all []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "schemas" {
				all = append(all, s.Sel.Name)
			}
		}
		return true
	})
	return all, nil
}

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
			s.replace(f.Body.Pos(), f.Body.End(), `{ return fmt.Errorf("this build writes no %T", v) }`)
		}
	}
	if len(s.cuts) == 0 {
		return nil, errors.New("serializers.go has no documents")
	}
	return s.changed(), nil
}
