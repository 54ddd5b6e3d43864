package plan

import (
	"fmt"
	"strings"
)

// A Place is where a stack stands, and with which parameters.
type Place struct {
	Stack      *Stack
	Account    string // 12 digits
	Region     string
	Partition  string            // aws
	Parameters map[string]string // over the defaults
}

// Text is a value as one text, with everything filled in: what a Ref of a named
// resource gives, its ARN, parameters. It is for showing and for simulation; IDs
// that AWS gives out (of a key) are made up.
func (p Place) Text(v Value) (string, error) {
	switch v := v.(type) {
	case Text:
		return string(v), nil
	case Bool, Int:
		return fmt.Sprint(v), nil
	case Pseudo:
		return map[Pseudo]string{AccountID: p.Account, Region: p.Region, Partition: p.Partition}[v], nil
	case Param:
		return p.parameter(v.Name)
	case Join:
		return p.join(v)
	case Ref:
		return p.of(v.ID, "")
	case Attr:
		return p.of(v.ID, v.Name)
	}
	return "", fmt.Errorf("a %T is no text", v)
}

func (p Place) join(parts Join) (string, error) {
	var b strings.Builder
	for _, v := range parts {
		s, err := p.Text(v)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func (p Place) parameter(name string) (string, error) {
	if s, ok := p.Parameters[name]; ok {
		return s, nil
	}
	if q := p.Stack.Parameter(name); q != nil && !q.Required {
		return q.Default, nil
	}
	return "", fmt.Errorf("parameter %s has no value", name)
}

// Fill is a value with everything filled in, as encoding/json has it: texts,
// float64s, bools, []any and map[string]any. Policies become their documents.
func (p Place) Fill(v Value) (any, error) {
	switch v := v.(type) {
	case Bool:
		return bool(v), nil
	case Int:
		return float64(v), nil
	case *Policy:
		return p.Fill(v.Document())
	case List:
		out := make([]any, len(v))
		for i, x := range v {
			f, err := p.Fill(x)
			if err != nil {
				return nil, err
			}
			out[i] = f
		}
		return out, nil
	case Map:
		out := make(map[string]any, len(v))
		for _, e := range v {
			v := e.Value
			if policy, ok := v.(*Policy); ok && e.Key == "Statement" { // of a bus
				v = policy.Statements[0].Document()
			}
			f, err := p.Fill(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.Key, err)
			}
			out[e.Key] = f
		}
		return out, nil
	}
	return p.Text(v)
}
