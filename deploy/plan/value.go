package plan

import "fmt"

// A Value is what a property holds.
type Value interface{ isValue() }

// The values.
type (
	// Text is a text.
	Text string
	// Bool is true or false.
	Bool bool
	// Int is a whole number.
	Int int64
	// List is a list.
	List []Value
	// Map is a list of keys with their values, in the order to show them in.
	Map []Entry
	// Ref is what identifies a resource of the stack; see the package comment.
	Ref struct{ ID string }
	// Attr is an attribute of a resource of the stack, such as its Arn.
	Attr struct{ ID, Name string }
	// Param is the value of a parameter.
	Param struct{ Name string }
	// Join is one text made of parts: Text, Ref, Attr, Param and Pseudo.
	Join []Value
	// Pseudo is what follows from where the stack stands.
	Pseudo string
)

// An Entry is a key of a Map and its value.
type Entry struct {
	Key   string
	Value Value
}

// The pseudo parameters.
const (
	AccountID Pseudo = "AccountId" // 12 digits
	Region    Pseudo = "Region"    // eu-west-1
	Partition Pseudo = "Partition" // aws, aws-cn, aws-us-gov
)

func (Text) isValue()    {}
func (Bool) isValue()    {}
func (Int) isValue()     {}
func (List) isValue()    {}
func (Map) isValue()     {}
func (Ref) isValue()     {}
func (Attr) isValue()    {}
func (Param) isValue()   {}
func (Join) isValue()    {}
func (Pseudo) isValue()  {}
func (*Policy) isValue() {}

// Get is the value of a key, or nil.
func (m Map) Get(key string) Value {
	for _, e := range m {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// Texts is a list of texts.
func Texts(all ...string) List {
	l := make(List, len(all))
	for i, s := range all {
		l[i] = Text(s)
	}
	return l
}

// Concat joins parts that are texts (string) or Values.
func Concat(parts ...any) Join {
	j := make(Join, len(parts))
	for i, p := range parts {
		switch p := p.(type) {
		case string:
			j[i] = Text(p)
		case Value:
			j[i] = p
		default:
			j[i] = Text(fmt.Sprint(p))
		}
	}
	return j
}

// ARN is the ARN of something in the stack's own account and region:
// arn:partition:service:region:account:resource, where resource is of parts as
// Concat takes them.
func ARN(service string, resource ...any) Join {
	return Concat(append([]any{"arn:", Partition, ":" + service + ":", Region, ":", AccountID, ":"}, resource...)...)
}

// ARNIn is ARN for another region and account, either of which may be empty
// (Text("")) where the service has none in its ARNs.
func ARNIn(service string, region, account Value, resource ...any) Join {
	return Concat(append([]any{"arn:", Partition, ":" + service + ":", region, ":", account, ":"}, resource...)...)
}

// Walk calls visit with v and every value below it; the values of a policy
// count as below it.
func Walk(v Value, visit func(Value)) {
	if v == nil {
		return
	}
	visit(v)
	switch v := v.(type) {
	case List:
		for _, x := range v {
			Walk(x, visit)
		}
	case Join:
		for _, x := range v {
			Walk(x, visit)
		}
	case Map:
		for _, e := range v {
			Walk(e.Value, visit)
		}
	case *Policy:
		v.walk(visit)
	}
}

// Fields is a Map of keys and values in turn. A value may also be a string,
// bool, int or []string.
func Fields(keysAndValues ...any) Map {
	m := make(Map, 0, len(keysAndValues)/2)
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		name, _ := keysAndValues[i].(string)
		m = append(m, Entry{Key: name, Value: valueOf(keysAndValues[i+1])})
	}
	return m
}

// valueOf is nil for what is no value; Validate finds it.
func valueOf(v any) Value {
	switch v := v.(type) {
	case Value:
		return v
	case string:
		return Text(v)
	case bool:
		return Bool(v)
	case int:
		return Int(v)
	case []string:
		return Texts(v...)
	}
	return nil
}
