package message

import (
	_ "embed" // the names are part of the program
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/embedded"
	"github.com/trailwarden/trailwarden/internal/re2"
)

//go:embed attack.txt
var attackText string

// attacks are the tables of attack.txt.
type attacks struct {
	tactic map[string]Technique // by tag
	name   map[string]string    // by ID
}

func loadAttacks() *attacks {
	a := &attacks{map[string]Technique{}, map[string]string{}}
	for line := range strings.Lines(embedded.Text(attackText)) {
		f := strings.Fields(line)
		switch {
		case len(f) > 3 && f[0] == "tactic":
			a.tactic[f[1]] = Technique{ID: f[2], Name: strings.Join(f[3:], " "), URL: "https://attack.mitre.org/tactics/" + f[2] + "/"}
		case len(f) > 2 && f[0] == "technique":
			a.name[f[1]] = strings.Join(f[2:], " ")
		}
	}
	return a
}

var attackID = re2.Own(`^([tgs])(\d{4})(?:\.(\d{3}))?$`)

// of are the entries of ATT&CK among a rule's tags (attack.t1078.004,
// attack.persistence; Sigma's tag specification), tactics first, each once.
func (a *attacks) of(tags []string) []Technique {
	var tactics, techniques []Technique
	for _, tag := range tags {
		tag, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(tag)), "attack.")
		if !ok {
			continue
		}
		if t, ok := a.tactic[strings.ReplaceAll(strings.ReplaceAll(tag, "-", "_"), " ", "_")]; ok {
			tactics = append(tactics, t)
		} else if t, ok := a.technique(tag); ok {
			techniques = append(techniques, t)
		}
	}
	return unique(append(tactics, techniques...))
}

// technique is a technique (t), group (g) or software (s) by its ID.
func (a *attacks) technique(tag string) (Technique, bool) {
	p := attackID.FindStringSubmatch(tag)
	if p == nil || p[1] != "t" && p[3] != "" {
		return Technique{}, false
	}
	folder := map[string]string{"t": "techniques", "g": "groups", "s": "software"}[p[1]]
	id, path := strings.ToUpper(p[1])+p[2], strings.ToUpper(p[1])+p[2]+"/"
	if p[3] != "" {
		id, path = id+"."+p[3], path+p[3]+"/"
	}
	return Technique{ID: id, Name: a.name[id], URL: "https://attack.mitre.org/" + folder + "/" + path}, true
}

func unique(all []Technique) []Technique {
	var out []Technique
	for _, t := range all {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
