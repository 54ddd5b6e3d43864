// Package plan is a piece of infrastructure before it is written in anybody's
// language: stacks of resources with their policies, and the steps to make them.
// Topologies make Plans; renderers write them as CloudFormation, Terraform or
// AWS CLI commands; explain tells what each part is for.
//
// # Stacks
//
// A Plan has Stacks in the order in which they are made. Each says in which
// account (Central, Management, Members) and in which regions (Home, Every) it
// stands. A stack knows others by names alone: what one calls "trail-topic" the
// other refers to by an ARN put together from account, region and name. Nothing
// is exported or imported, so stacks may lie in different accounts.
//
// # Resources
//
// A Resource has the type name and the properties that AWS CloudFormation
// documents (AWS CloudFormation Template Reference), in the order in which they
// are to be shown. Values are
//
//	Text Bool Int List Map        as they are
//	Ref{ID} Attr{ID, "Arn"}       of another resource of the stack
//	Param{Name}                   a parameter of the stack
//	AccountID Region Partition    of where the stack stands (type Pseudo)
//	Join{…}                       one text out of parts
//	*Policy                       a policy document
//
// What a Ref gives is what CloudFormation says: the name of a bucket, role, rule,
// bus or log group, the URL of a queue, the ARN of a topic, the name of a
// function or trail.
//
// Every resource has a name of its own among its properties (BucketName,
// RoleName, FunctionName …), which is a Text, a Param or a Join of those and
// Pseudos, so that a stack can be taken away and found again by name.
//
// # Policies
//
// A Policy is a list of Statements with a reason each. It stands as
// PolicyDocument, AssumeRolePolicyDocument, KeyPolicy or EventBusPolicy's
// Statement, and says there what the renderer has to write as JSON.
//
// Validate holds a Plan to what all of this promises.
package plan

// A Plan is everything that one topology needs.
type Plan struct {
	Topology string // its name, such as recommended
	Title    string
	Flow     []string // what happens to a record, one sentence for each hop
	Home     string   // region of what stands in one region only
	Regions  []string // regions of what stands in every region, Home among them
	Stacks   []*Stack // in the order in which they are made
	Steps    []Step   // what a person does, in order; see Step
	Costs    []string // what AWS charges for, one sentence each
	Removal  []string // how to take it away again, in order
	Notes    []string // what a reader has to know: what is not watched, what was left out
	// Files go beside what a renderer writes, the same for all.
	Files []File
}

// Account says in whose account a stack stands.
type Account string

// The accounts. Without an organization there is Central alone.
const (
	Central    Account = "central"    // where the watch runs: the security account
	Management Account = "management" // the organization's management account
	Members    Account = "members"    // every account of the organization, Central and Management included
)

// Reach says in which regions a stack stands.
type Reach string

// The reaches.
const (
	Home  Reach = "home"  // Plan.Home
	Every Reach = "every" // each of Plan.Regions
)

// A Stack is made, changed and taken away as one.
type Stack struct {
	Name       string // trailwarden-watch; also the name of the CloudFormation stack
	Purpose    string
	Account    Account
	Reach      Reach
	Parameters []Parameter
	Resources  []*Resource
	Outputs    []Output
}

// A Parameter is a value that is given when the stack is made.
type Parameter struct {
	Name    string
	Type    string // String or Number, as CloudFormation has it
	Default string // used where no other value is given
	// Required tells that there is no default.
	Required    bool
	Description string
	Pattern     string   // RE2, whole text; empty takes any
	Values      []string // the only values; empty takes any
}

// A Resource is one thing in AWS.
type Resource struct {
	ID         string // letters and digits; unique in its stack
	Type       string // AWS::S3::Bucket
	Properties Map
	DependsOn  []string // IDs, beyond what properties refer to
	// Retain keeps it when the stack is taken away: what holds data.
	Retain bool
	// Why says what it is for, one sentence.
	Why string
}

// An Output is a value that a person or the next stack needs.
type Output struct {
	Name  string
	Value Value
	Why   string
}

// A Step is something that a person does. One that names a Stack means making
// it, and each renderer says how in its own words; the others are the same for
// all: a text and the commands of a POSIX shell.
type Step struct {
	Title    string
	Text     string
	Stack    string
	Commands []string
}

// A File is what a renderer makes; Name is relative, with slashes.
type File struct {
	Name string
	Text []byte
}

// A Renderer writes a plan in a language. It is given valid plans only.
type Renderer func(*Plan) ([]File, error)

// Stack is the stack of that name, or nil.
func (p *Plan) Stack(name string) *Stack {
	for _, s := range p.Stacks {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Resource is the resource of that ID, or nil.
func (s *Stack) Resource(id string) *Resource {
	for _, r := range s.Resources {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Parameter is the parameter of that name, or nil.
func (s *Stack) Parameter(name string) *Parameter {
	for i := range s.Parameters {
		if s.Parameters[i].Name == name {
			return &s.Parameters[i]
		}
	}
	return nil
}

// MaxTemplate is the most bytes of a template that is given with a call, and of
// the one that a StackSet holds; a larger one has to lie in Amazon S3 (AWS
// CloudFormation User Guide, quotas).
const MaxTemplate = 51_200
