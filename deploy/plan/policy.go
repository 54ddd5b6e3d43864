package plan

// A Policy is a policy document (IAM User Guide, IAM JSON policy reference).
type Policy struct {
	Statements []Statement
}

// A Statement allows or denies something, and says why.
type Statement struct {
	Sid  string
	Deny bool
	// Principals are empty in the policies of roles.
	Principals []Principal
	Actions    []string // spelled out, never with a wildcard
	Resources  []Value  // empty in trust policies
	Conditions []Condition
	Why        string // one sentence
}

// A Principal is who a statement is about.
type Principal struct {
	Type string // Service, AWS, or * for everybody (with ID nil)
	ID   Value
}

// A Condition holds a key of the request to values.
type Condition struct {
	Operator string // StringEquals, ArnLike, Bool …
	Key      string // aws:SourceArn
	Values   []Value
}

// Service is a service principal: Service("cloudtrail") is
// cloudtrail.amazonaws.com, which it is in every partition.
func Service(name string) Principal {
	return Principal{Type: "Service", ID: Text(name + ".amazonaws.com")}
}

// Everybody is the principal *.
func Everybody() Principal { return Principal{Type: "*"} }

// Equals is the condition that a key is one of the values.
func Equals(key string, values ...Value) Condition {
	return Condition{Operator: "StringEquals", Key: key, Values: values}
}

// ArnLike is the condition that a key is an ARN like one of the values.
func ArnLike(key string, values ...Value) Condition {
	return Condition{Operator: "ArnLike", Key: key, Values: values}
}

// Document is the policy as the Map that its JSON has. Lists of one are written
// as such, so that the form does not depend on the length.
func (p *Policy) Document() Map {
	statements := List{}
	for _, s := range p.Statements {
		statements = append(statements, s.Document())
	}
	return Fields("Version", "2012-10-17", "Statement", statements)
}

// Document is the statement as the Map that its JSON has.
func (s Statement) Document() Map {
	effect := Text("Allow")
	if s.Deny {
		effect = "Deny"
	}
	m := Fields("Sid", s.Sid, "Effect", effect)
	if len(s.Principals) > 0 {
		m = append(m, Entry{Key: "Principal", Value: principals(s.Principals)})
	}
	m = append(m, Entry{Key: "Action", Value: Texts(s.Actions...)})
	if len(s.Resources) > 0 {
		m = append(m, Entry{Key: "Resource", Value: List(s.Resources)})
	}
	if len(s.Conditions) > 0 {
		m = append(m, Entry{Key: "Condition", Value: conditions(s.Conditions)})
	}
	return m
}

func principals(all []Principal) Value {
	if all[0].Type == "*" {
		return Text("*")
	}
	var m Map
	for _, p := range all {
		m = m.put(p.Type, p.ID)
	}
	return m
}

func conditions(all []Condition) Map {
	var m Map
	for _, c := range all {
		inner, _ := m.Get(c.Operator).(Map)
		for _, v := range c.Values {
			inner = inner.put(c.Key, v)
		}
		m = m.set(c.Operator, inner)
	}
	return m
}

// put adds a value to the list at a key.
func (m Map) put(key string, v Value) Map {
	list, _ := m.Get(key).(List)
	return m.set(key, append(list, v))
}

func (m Map) set(key string, v Value) Map {
	for i := range m {
		if m[i].Key == key {
			m[i].Value = v
			return m
		}
	}
	return append(m, Entry{Key: key, Value: v})
}

func (p *Policy) walk(visit func(Value)) {
	for _, s := range p.Statements {
		for _, q := range s.Principals {
			Walk(q.ID, visit)
		}
		for _, r := range s.Resources {
			Walk(r, visit)
		}
		for _, c := range s.Conditions {
			for _, v := range c.Values {
				Walk(v, visit)
			}
		}
	}
}

// Policies calls visit with every policy among a resource's properties, and
// where it stands: PolicyDocument, AssumeRolePolicyDocument, KeyPolicy …
func (r *Resource) Policies(visit func(place string, p *Policy)) {
	eachPolicy("", r.Properties, visit)
}

func eachPolicy(place string, v Value, visit func(string, *Policy)) {
	switch v := v.(type) {
	case *Policy:
		visit(place, v)
	case Map:
		for _, e := range v {
			eachPolicy(e.Key, e.Value, visit)
		}
	case List:
		for _, x := range v {
			eachPolicy(place, x, visit)
		}
	}
}
