package catalog

import (
	_ "embed"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/embedded"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
)

//go:embed services.txt
var servicesText string

//go:embed apis.txt
var apisText string

//go:embed events.txt
var eventsText string

// Service is one CloudTrail eventSource.
type Service struct {
	Source string          // "iam.amazonaws.com"
	Title  string          // "IAM"
	APIs   map[string]bool // recorded event names; true: known to only read
}

// readServices reads a format of lines "source title", each followed by indented
// lines "r names…" (only read) and "a names…". What a text says of a service adds
// to what was said before. The texts are shipped, so a line of another form is a
// mistake that tests find; it is left out.
func readServices(texts ...string) map[string]*Service {
	services := make(map[string]*Service)
	for _, text := range texts {
		var s *Service
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			switch {
			case line == "" || line[0] == '#':
			case line[0] != ' ':
				s = serviceFor(services, line)
			case s != nil:
				for _, api := range strings.Fields(line[3:]) {
					s.APIs[api] = s.APIs[api] || line[1] == 'r'
				}
			}
		}
	}
	return services
}

func serviceFor(services map[string]*Service, line string) *Service {
	source, title, _ := strings.Cut(line, " ")
	if s := services[source]; s != nil {
		return s
	}
	s := &Service{Source: source, Title: title, APIs: make(map[string]bool)}
	services[source] = s
	return s
}

// canonicalSource gives eventSource the DNS suffix that the catalogue uses.
func canonicalSource(eventSource string) string {
	for _, suffix := range []string{".amazonaws.com.cn", ".amazonaws.eu"} {
		if s, ok := strings.CutSuffix(eventSource, suffix); ok {
			return s + ".amazonaws.com"
		}
	}
	return eventSource
}

// services reads all services and their APIs when somebody first asks. It is no
// function in a field, so that a program that never asks has not the text either.
func (c *Catalog) services() map[string]*Service {
	c.reading.Do(func() {
		c.known = readServices(embedded.Text(servicesText), embedded.Text(apisText), embedded.Text(eventsText))
	})
	return c.known
}

// Title is the name that people know the service by that records under
// eventSource, "" if none is known. It reads no APIs.
func (c *Catalog) Title(eventSource string) string {
	return c.titles()[canonicalSource(eventSource)]
}

// readTitles reads of the services' format what the services are called.
func readTitles(texts ...string) map[string]string {
	titles := make(map[string]string)
	for _, text := range texts {
		for line := range strings.Lines(text) {
			source, title, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			if source != "" && source != "#" && titles[source] == "" {
				titles[source] = title
			}
		}
	}
	return titles
}

// Service is the service that records under eventSource, or nil.
func (c *Catalog) Service(eventSource string) *Service {
	return c.services()[canonicalSource(eventSource)]
}

// endpointOnly are endpoints that name no eventSource, however like one they
// look, and what their calls are recorded as. Origin: the Bedrock user guide on
// what it logs to CloudTrail.
var endpointOnly = map[string]string{"bedrock-runtime.amazonaws.com": "bedrock.amazonaws.com"}

// Source tells whether eventSource is a known service and, if not, which known
// one is spelled most like it ("" when none is near).
func (c *Catalog) Source(eventSource string) (known bool, suggestion string) {
	if source := endpointOnly[canonicalSource(eventSource)]; source != "" {
		return false, source
	}
	if c.Service(eventSource) != nil {
		return true, ""
	}
	if c.services()[eventSource+".amazonaws.com"] != nil {
		return false, eventSource + ".amazonaws.com"
	}
	if s, ok := strings.CutPrefix(eventSource, "aws."); ok && c.services()[s+".amazonaws.com"] != nil {
		return false, s + ".amazonaws.com"
	}
	return false, c.sourceMeant(eventSource)
}

// dnsSuffix ends every eventSource of the catalogue.
const dnsSuffix = ".amazonaws.com"

// sourceMeant is the known eventSource spelled most like the unknown one. What
// all of them end in is no likeness.
func (c *Catalog) sourceMeant(eventSource string) string {
	name := strings.TrimSuffix(canonicalSource(eventSource), dnsSuffix)
	if len(name) < 3 {
		return ""
	}
	names := make([]string, 0, len(c.services()))
	for source := range c.services() {
		names = append(names, strings.TrimSuffix(source, dnsSuffix))
	}
	slices.Sort(names)
	if near := nearest.Of(name, names); near != "" {
		return near + dnsSuffix
	}
	return ""
}

// apiVersionSuffix is the API version that some services append to the names
// they record: CreateFunction20150331, AddPermission20150331v2,
// CreateDistribution2020_05_31.
var apiVersionSuffix = re2.Own(`(20\d{6}|20\d\d_\d\d_\d\d)(v\d)?$`)

// API tells whether the service of eventSource (any service, when that is "")
// records eventName, with or without an API version at its end; if not,
// suggestion is the known name that was probably meant.
func (c *Catalog) API(eventSource, eventName string) (known bool, suggestion string) {
	if _, ok := c.api(eventSource, eventName); ok {
		return true, ""
	}
	if eventSource == "" {
		c.naming.Do(func() { c.names = apiNames(c.candidates("")) })
		return false, apiMeant(eventName, c.names)
	}
	return false, apiMeant(eventName, apiNames(c.candidates(eventSource)))
}

// apiNames are the names of the services' APIs in order.
func apiNames(services []*Service) []string {
	var apis []string
	for _, s := range services {
		apis = slices.AppendSeq(apis, maps.Keys(s.APIs))
	}
	slices.Sort(apis)
	return slices.Compact(apis)
}

// apiMeant is the name spelled most like the unknown one, or the shortest that
// has all of its words: SetDefaultPolicyVersion for SetPolicyVersion. No name
// that reads is meant by one that writes, however like it is spelled.
func apiMeant(name string, apis []string) string {
	near := nearest.Of(name, apis)
	if near != "" && !misspells(name, near) {
		near = ""
	}
	if !writingVerbs.MatchString(name) || near != "" && !readingVerbs.MatchString(near) {
		return near
	}
	words, best := word.FindAllString(name, -1), ""
	for _, api := range apis {
		if hasWords(word.FindAllString(api, -1), words) && (best == "" || len(api) < len(best)) {
			best = api
		}
	}
	return best
}

// misspells tells whether name may be api misspelt: word by word where they have
// as many, and never when one of them undoes what the other does.
func misspells(name, api string) bool {
	if undoingVerbs.MatchString(name) != undoingVerbs.MatchString(api) {
		return false
	}
	a, b := word.FindAllString(name, -1), word.FindAllString(api, -1)
	if len(a) != len(b) {
		return true
	}
	for i, w := range a {
		if nearest.Of(w, b[i:i+1]) == "" {
			return false
		}
	}
	return true
}

// undoingVerbs start the names of APIs that take something away or end it.
var undoingVerbs = re2.Own(`^(Cancel|Deactivate|Delete|Deny|Deregister|Detach|Disable|Disassociate|Reject|Remove|Revoke|Stop|Terminate|Unsubscribe|Untag)[A-Z0-9]`)

// readingVerbs start the names of APIs that look at something. What they start
// may still change something; see ReadOnly.
var readingVerbs = re2.Own(`^(BatchGet|Describe|Get|Head|List|Lookup|Search)[A-Z0-9]`)

var word = re2.Own(`[A-Z]+[^A-Z]*`)

// hasWords tells whether all words stand among those of a name, in their order,
// the first of them first, and at most as many others.
func hasWords(name, words []string) bool {
	if len(words) < 2 || len(name) > 2*len(words) || len(name) == 0 || name[0] != words[0] {
		return false
	}
	for _, w := range name {
		if len(words) > 0 && w == words[0] {
			words = words[1:]
		}
	}
	return len(words) == 0
}

// writingVerbs start the names of APIs that change something, in every service.
var writingVerbs = re2.Own(`^(Add|Associate|Attach|Authorize|Change|Create|Deactivate|Delete|Deregister|Detach|Disable|Disassociate|Enable|Modify|Put|Reboot|Register|Remove|Replace|Reset|Restore|Revoke|Run|Set|Start|Stop|Tag|Terminate|Untag|Update|Upload)[A-Z0-9]`)

// ReadOnly tells whether the API only reads. The service models mark some APIs
// as such; of the others only a plainly writing verb tells, and a reading verb
// proves nothing (GetSessionToken hands out credentials), so ok is false.
func (c *Catalog) ReadOnly(eventSource, eventName string) (readOnly, ok bool) {
	marked, known := c.api(eventSource, eventName)
	return marked, known && (marked || writingVerbs.MatchString(eventName))
}

// api finds an API by exact name or by the name without its version.
func (c *Catalog) api(eventSource, eventName string) (readOnly, ok bool) {
	base := apiVersionSuffix.ReplaceAllString(eventName, "")
	for _, s := range c.candidates(eventSource) {
		for _, name := range []string{eventName, base} {
			if ro, here := s.APIs[name]; here {
				return ro, true
			}
		}
	}
	return false, false
}

func (c *Catalog) candidates(eventSource string) []*Service {
	if eventSource != "" {
		if s := c.Service(eventSource); s != nil {
			return []*Service{s}
		}
		return nil
	}
	all := make([]*Service, 0, len(c.services()))
	for _, s := range c.services() {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Service) int { return strings.Compare(a.Source, b.Source) })
	return all
}

// Services are all known services, by eventSource.
func (c *Catalog) Services() iter.Seq[*Service] { return slices.Values(c.candidates("")) }
