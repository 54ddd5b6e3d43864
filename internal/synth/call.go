package synth

import (
	_ "embed" // for events.txt
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

//go:embed events.txt
var eventsText string

// A call is one kind of event, with the JSON of its parts.
type call struct {
	service, operation string
	readOnly           bool
	data, noTLS        bool
	identities         string
	apiVersion         string
	eventType          string
	request, response  template
	extra, resources   template // empty when absent

	errorChance  float64
	errorCode    string // empty when there is only a message
	errorMessage template
}

// A template is text with values to be made up between.
type template []piece

type piece struct {
	text  string
	value writer // after the text; nil at the end
}

func (t template) appendTo(s *scene, b []byte) []byte {
	for _, p := range t {
		b = append(b, p.text...)
		if p.value != nil {
			b = p.value(s, b)
		}
	}
	return b
}

// A callTable picks calls by their weight.
type callTable struct {
	calls      []*call
	cumulative []float64
}

func (t *callTable) pick(r *rand.Rand) *call {
	x := r.Float64() * t.cumulative[len(t.cumulative)-1]
	i, _ := slices.BinarySearch(t.cumulative, x)
	return t.calls[min(i, len(t.calls)-1)]
}

// parseCalls reads the table of calls. It panics on a mistake there, as the
// table is a part of this program.
func parseCalls(text string) *callTable {
	t := &callTable{}
	var c *call
	for i, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || word == "#" || line[0] == '#':
		case word == "call":
			c = parseCall(rest)
			t.calls = append(t.calls, c)
		case c == nil || !c.set(word, rest):
			panic(fmt.Sprintf("events.txt, line %d: cannot read %q", i+1, line))
		}
	}
	total := 0.0
	for rank, c := range t.calls {
		total += c.weight(rank)
		t.cumulative = append(t.cumulative, total)
	}
	return t
}

// parseCall reads what follows the word call.
func parseCall(line string) *call {
	f := strings.Fields(line)
	c := &call{
		service: f[0], operation: f[1], readOnly: f[2] == "read", identities: f[3],
		eventType: "AwsApiCall", request: parseTemplate("null"), response: parseTemplate("null"),
	}
	for _, f := range f[4:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "api":
			c.apiVersion = value
		case "type":
			c.eventType = value
		case "data":
			c.data = true
		case "notls":
			c.noTLS = true
		default:
			panic("events.txt: unknown key " + key)
		}
	}
	return c
}

// set stores one part of a call.
func (c *call) set(word, rest string) bool {
	switch word {
	case "request":
		c.request = parseTemplate(rest)
	case "response":
		c.response = parseTemplate(rest)
	case "extra":
		c.extra = parseTemplate(rest)
	case "resources":
		c.resources = parseTemplate(rest)
	case "error":
		chance, rest, _ := strings.Cut(rest, " ")
		code, message, _ := strings.Cut(rest, " ")
		c.errorChance, _ = strconv.ParseFloat(chance, 64)
		c.errorCode, c.errorMessage = strings.TrimPrefix(code, "-"), parseTemplate(message)
	default:
		return false
	}
	return true
}

// weight makes frequent what stands first, and reads more so than writes.
func (c *call) weight(rank int) float64 {
	w := math.Pow(float64(rank)+2, -0.95)
	if !c.readOnly {
		w *= 0.45
	}
	return w
}

func parseTemplate(text string) (t template) {
	for text != "" {
		before, rest, found := strings.Cut(text, "<<")
		if !found {
			return append(t, piece{text: text})
		}
		name, after, _ := strings.Cut(rest, ">>")
		value := values[name]
		if value == nil {
			panic("events.txt: no value named " + name)
		}
		t = append(t, piece{before, value})
		text = after
	}
	return t
}
