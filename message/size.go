package message

import (
	"bytes"

	"github.com/trailwarden/trailwarden/alert"
)

// What a struct takes as JSON beside its texts and lists, in bytes: names of its
// fields, marks, numbers and times, and more.
const (
	frameMessage   = 2048
	frameEvent     = 512
	frameDetection = 512
	frameNote      = 160
	frameTotal     = 192
	frameOther     = 96
)

// most is at least as many bytes as m has as JSON. Most messages are far below
// their limit; counting tells so at a fraction of what writing them costs.
func (m *Message) most() int {
	n := frameMessage + most(m.Key, string(m.Kind), string(m.Status), m.Headline, m.Summary, m.Text, m.HTML)
	n += m.Rule.most() + m.Who.most() + m.What.most()
	n += most(m.Where.Account, m.Where.AccountName, m.Where.Unit, m.Where.Region, m.Where.Place, m.Where.Partition)
	n += most(m.From.IP, m.From.Country, m.From.City, m.From.ASN, m.From.UserAgent, m.From.Client)
	n += mostOf(m.Group) + mostOf(m.Facts) + mostOf(m.Custom) + most(m.Columns...)
	for i := range m.Events {
		n += m.Events[i].most()
	}
	for i := range m.Tallies {
		n += mostOfTally(&m.Tallies[i])
	}
	if m.Detection != nil {
		n += mostOfDetection(m.Detection)
	}
	for _, s := range m.Next {
		n += frameOther + most(s.Text, s.Command)
	}
	for _, l := range m.Links {
		n += frameOther + most(l.Text, l.URL)
	}
	for i := range m.Notes {
		n += frameNote + most(m.Notes[i].By, m.Notes[i].Did, m.Notes[i].Text)
	}
	for _, row := range m.Rows {
		n += frameOther + most(row...)
	}
	for _, t := range m.Totals {
		n += frameTotal + most(t.Rule, t.Title)
	}
	return n
}

func (r *Rule) most() int {
	n := most(r.ID, r.Title, r.Explanation, r.Author, r.Link, r.Version, r.Place) + most(r.References...) + most(r.FalsePositives...)
	for _, t := range r.Attack {
		n += frameOther + most(t.ID, t.Name, t.URL)
	}
	return n
}

func (w *Who) most() int {
	return most(w.Name, w.Type, w.ARN, w.Session, w.Source, w.AccessKey, w.Account, w.MFA, w.Kind, w.Via, w.Principal)
}

func (w *What) most() int {
	return most(w.Action, w.Service, w.Product, w.ErrorCode, w.Error, w.ReadOnly, w.Words) + most(w.Resources...) + most(w.Others...) +
		mostOf(w.Parameters) + mostOf(w.Results)
}

func (e *Event) most() int {
	return frameEvent + most(e.Who, e.Action, e.Service, e.Account, e.Region, e.IP, e.Error, e.Resource, e.ID) +
		mostOfEvidence(&e.Evidence) + mostOf(e.Fields) + mostOfRaw(e.Raw)
}

// mostOfRaw is what JSON text takes within a message, where markup is escaped and so
// are two characters that begin with the byte e2. Every record has one, and nearly none
// has any of these: counting them tells a text's size better than its length does.
func mostOfRaw(raw []byte) int {
	markup := bytes.Count(raw, []byte("<")) + bytes.Count(raw, []byte(">")) + bytes.Count(raw, []byte("&"))
	return 3 + len(raw) + (longestEscape-1)*markup + (longestEscape-1)*bytes.Count(raw, []byte("\xe2"))
}

func mostOfEvidence(e *alert.Evidence) int {
	return 2*frameOther + most(e.File, e.Version, e.EventID, e.Integrity)
}

func mostOfTally(t *alert.Tally) int {
	n := frameOther + most(t.Field)
	for _, v := range t.Values {
		n += frameOther + most(v.Text)
	}
	return n
}

func mostOfDetection(d *alert.Detection) int {
	n := frameDetection + most(d.ID, d.Summary) + mostOf(d.Group)
	for i := range d.Related {
		n += mostOfEvidence(&d.Related[i])
	}
	return n
}

func mostOf(labels []alert.Label) (n int) {
	for i := range labels {
		n += frameOther + most(labels[i].Name, labels[i].Value)
	}
	return n
}

// most is what texts take between quotes, each with a comma, however they are
// written.
func most(texts ...string) int {
	n := 3 * len(texts)
	for _, s := range texts {
		n += longestEscape * len(s)
	}
	return n
}

// longestEscape is what a byte takes at most: \u0000.
const longestEscape = 6
