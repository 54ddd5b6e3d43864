package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/internal/inert"
	"github.com/trailwarden/trailwarden/sink/page"
)

// Every message, hostile or large, is text within the limit, with nothing
// active in it and key and links whole.
func TestTextIsInertAndWithinLimits(t *testing.T) {
	for i, c := range messagetest.Distinct() {
		for _, limit := range []int{32 << 10, 256 << 10}[i%2:] {
			got := page.Text(c.Message, limit)
			if len(got) > limit {
				t.Errorf("%s: %d bytes of %d", c.Name, len(got), limit)
			}
			for _, bad := range inert.Text(got) {
				t.Errorf("%s in %d: %s", c.Name, limit, bad)
			}
			for _, l := range c.Message.Links {
				if !strings.Contains(got, l.URL) {
					t.Errorf("%s in %d: link %s is gone", c.Name, limit, l.URL)
				}
			}
			if !strings.Contains(got, c.Message.Key) {
				t.Errorf("%s in %d: the key is gone", c.Name, limit)
			}
		}
	}
}

// Secrets in records show nowhere.
func TestCanariesStayAway(t *testing.T) {
	for _, c := range messagetest.Canaries() {
		got := page.Text(c.Message, 256<<10)
		for _, s := range c.Secrets {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q is shown", c.Name, s)
			}
		}
	}
}

// Only plain web addresses may be followed.
func TestWeb(t *testing.T) {
	for link, want := range map[string]bool{
		"https://docs.aws.amazon.com/a?b=c&d#e": true,
		"http://localhost:8080/alerts/1":        true,
		"javascript:alert(1)":                   false,
		"data:text/html,x":                      false,
		"https://user@evil.example/":            false,
		"https://a b/":                          false,
		"https://a/\"onclick":                   false,
		"//evil.example":                        false,
		"https:":                                false,
		"":                                      false,
	} {
		if got := page.Web(link); got != want {
			t.Errorf("Web(%q) = %v, want %v", link, got, want)
		}
	}
}

// A command keeps its shape; what records put into it is defanged.
func TestCommandsStayRunnable(t *testing.T) {
	m := messagetest.Opened()
	m.Next[0].Command = "SELECT e.id, e.name FROM trail e WHERE e.useragent = 'https://evil.example/x'"
	got := page.Text(m, 64<<10)
	want := "SELECT e.id, e.name FROM trail e WHERE e.useragent = 'hxxps[:]//evil[.]example/x'"
	if !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
}

// A detection names the records behind it, and a rule whose title is its id is
// named once.
func TestADetectionNamesItsRecords(t *testing.T) {
	m := messagetest.Opened()
	m.Rule.ID, m.Rule.Title = "abroad", "abroad"
	m.Detection = &alert.Detection{ID: "d", Summary: "12 records", Count: 12, Related: []alert.Evidence{{EventID: "one"}, {}, {EventID: "two"}}}
	var got []string
	for _, s := range page.Of(m).Sections {
		for _, p := range s.Pairs {
			if p.Name == "Rule" || p.Name == "Event IDs" {
				got = append(got, p.Name+": "+p.Value)
			}
		}
	}
	if want := "Rule: abroad; Event IDs: one, two and 10 more"; strings.Join(got, "; ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A storm says how many rules it does not name.
func TestAStormCountsWhatItDoesNotName(t *testing.T) {
	m := messagetest.Storm()
	for i := range 150 {
		m.Totals = append(m.Totals, message.Total{Rule: fmt.Sprintf("more-%03d", i), Title: strings.Repeat("title ", 20), Alerts: 1, Findings: 1})
	}
	text := page.Text(m, 10_000)
	want := fmt.Sprintf("%d further rules are not shown.", 150-strings.Count(text, "more-"))
	if !strings.Contains(text, want) {
		t.Errorf("%q is missing in\n%s", want, text)
	}
}
