package alert

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Incoming are the findings of one batch that belong to one alert.
type Incoming struct {
	ID     string // of the alert
	Rule   *Rule
	Group  []Label
	Bucket time.Time
	Facts  []Fact // in the order of the batch
	// Again are findings that the store knows by Key: other copies of what is
	// counted, which a store moves here from Facts.
	Again []Fact
}

// Fact is a finding and what its record says for the alert.
type Fact struct {
	*Finding
	Key   [16]byte // FindingKey
	texts texts
	sound bool // the record is JSON within its limits
}

// Gather sorts a batch's findings by alert, in the order in which each alert
// first appears. It leaves out those that an exception in force ends and counts
// them; of a finding that the batch holds twice it keeps one copy and counts the
// other as known.
func Gather(b *Batch, p *Policy) (in []*Incoming, excepted, known int) {
	byID := map[string]*Incoming{}
	seen := make(map[[16]byte]copyAt, len(b.Findings))
	var r records
	for i := range b.Findings {
		f := &b.Findings[i]
		rec, sound := r.of(f)
		if exceptionFor(f, rec, b.Now) {
			excepted++
			continue
		}
		key := FindingKey(f)
		if at, ok := seen[key]; ok {
			known++
			at.prefer(f, sound)
			continue
		}
		texts := r.texts(f)
		id, group, bucket := place(f, rec, texts, p)
		if byID[id] == nil {
			byID[id] = &Incoming{ID: id, Group: group, Bucket: bucket}
			in = append(in, byID[id])
		}
		byID[id].Rule = f.Rule // the newest text of the rule
		seen[key] = copyAt{byID[id], len(byID[id].Facts)}
		byID[id].Facts = append(byID[id].Facts, Fact{f, key, *texts, sound})
	}
	return in, excepted, known
}

// copyAt is where the first copy of a finding is kept.
type copyAt struct {
	in *Incoming
	i  int
}

// prefer keeps f instead, if it is the better copy.
func (c copyAt) prefer(f *Finding, sound bool) {
	if kept := &c.in.Facts[c.i]; betterCopy(f.Evidence, f.Record, kept.Evidence, kept.Record) {
		kept.Finding, kept.sound = f, sound
	}
}

// records reads the records of findings one after the other. Findings of several
// rules on one record follow each other and share its text, which is read once.
type records struct {
	reader  cloudtrail.Reader
	text    json.RawMessage // that was read last
	rec     *cloudtrail.Record
	sound   bool
	read    bool // tallied is of rec
	tallied texts
}

// of is the finding's record, until the next call; one that cannot be read is not
// sound, and has no fields.
func (r *records) of(f *Finding) (rec *cloudtrail.Record, sound bool) {
	if r.rec != nil && len(f.Record) > 0 && len(f.Record) == len(r.text) && &f.Record[0] == &r.text[0] {
		return r.rec, r.sound
	}
	rec, err := r.reader.Read(f.Record)
	if err != nil {
		rec, _ = r.reader.Read([]byte("{}"))
	}
	r.text, r.rec, r.sound, r.read = f.Record, rec, err == nil, false
	return rec, r.sound
}

// texts are those of a finding on the record that was read last.
func (r *records) texts(f *Finding) *texts {
	if len(f.Row) > 0 { // which may have the fields, too
		t := textsOf(f, r.rec)
		return &t
	}
	if !r.read {
		r.read, r.tallied = true, textsOf(f, r.rec)
	}
	return &r.tallied
}

// place says which alert a finding belongs to.
func place(f *Finding, rec *cloudtrail.Record, known *texts, p *Policy) (id string, group []Label, bucket time.Time) {
	group = groupOf(f, rec, known)
	bucket = p.BucketOf(f.Rule, f.Time)
	return Fingerprint(f.Rule.ID, group, bucket), group, bucket
}

// GroupOf are the values that tell the finding's alert apart from others of its
// rule: those of the window that made it, or of the rule's group_by fields, or
// account, region and actor.
func GroupOf(f *Finding) []Label {
	var r records
	rec, _ := r.of(f)
	return groupOf(f, rec, &texts{})
}

// groupOf takes what is known already of the finding's texts from there.
func groupOf(f *Finding, rec *cloudtrail.Record, known *texts) []Label {
	if f.Detection != nil && !names(f.Detection.Group, f.Rule.GroupBy) {
		return boundedLabels(f.Detection.Group)
	}
	fields := f.Rule.GroupBy
	if len(fields) == 0 {
		fields = []string{"account", "region", "actor"}
	}
	group := make([]Label, len(fields))
	for i, name := range fields {
		text := known.of(name)
		if text == "" || f.Detection != nil {
			text = groupText(f, rec, name)
		}
		group[i] = Label{name, text}
	}
	return group
}

// names tells whether the labels have all fields. What a window is not grouped
// by is that of one of its records, and which one is at hand depends on the
// order in which they came: such a field cannot tell alerts apart.
func names(labels []Label, fields []string) bool {
	for _, f := range fields {
		if !slices.ContainsFunc(labels, func(l Label) bool { return l.Name == f }) {
			return false
		}
	}
	return len(fields) > 0
}

// groupText prefers what the window was grouped by to what its last record
// says.
func groupText(f *Finding, rec *cloudtrail.Record, name string) string {
	if f.Detection != nil {
		for _, l := range f.Detection.Group {
			if l.Name == name {
				return bounded(l.Value)
			}
		}
	}
	return fieldText(f, rec, name)
}

func boundedLabels(ls []Label) []Label {
	out := make([]Label, len(ls))
	for i, l := range ls {
		out[i] = Label{bounded(l.Name), bounded(l.Value)}
	}
	return out
}
