package mail_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/mail"
)

// watch is what every page is loaded with: it notes any script that runs.
const watch = `<script>
for (const name of ['alert', 'confirm', 'prompt', 'open', 'fetch']) window[name] = () => document.documentElement.setAttribute('data-ran', name);
addEventListener('securitypolicyviolation', () => document.documentElement.setAttribute('data-ran', 'policy'));
addEventListener('load', () => {
  const count = (s) => document.querySelectorAll(s).length;
  const inside = '.outer';
  document.documentElement.setAttribute('data-active', count(inside + ' script,' + inside + ' img,' + inside + ' svg,' + inside + ' iframe,' +
    inside + ' form,' + inside + ' object,' + inside + ' style,' + inside + ' link,' + inside + ' at'));
  document.documentElement.setAttribute('data-evil', [...document.querySelectorAll('a')].filter(a => /evil|javascript:|data:/i.test(a.href)).length);
  document.documentElement.setAttribute('data-pages', count(inside));
});
</script>`

// In a real browser no payload runs, adds an element or becomes a link. Set
// TRAILWARDEN_BROWSER to the path of Chromium or Chrome to run it; CI does.
func TestNothingRunsInABrowser(t *testing.T) {
	browser := os.Getenv("TRAILWARDEN_BROWSER")
	if browser == "" {
		needs.Missing(t, "chromium", "TRAILWARDEN_BROWSER is not set")
	}
	var page strings.Builder
	page.WriteString("<!DOCTYPE html><html><head><meta charset=utf-8>" + watch + "</head><body>")
	n := 0
	for _, c := range messagetest.Hostile() {
		b, err := mail.NewRenderer().Render(c.Message)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(b.HTML, "<body")
		_, rest, _ = strings.Cut(rest, ">")
		body, _, _ := strings.Cut(rest, "</body>")
		page.WriteString(body)
		n++
	}
	path := filepath.Join(t.TempDir(), "all.html")
	if err := os.WriteFile(path, []byte(page.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000",
		"--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+path).Output()
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(out), "<head>")
	t.Logf("%d pages: %s", n, head)
	for _, want := range []string{`data-active="0"`, `data-evil="0"`} {
		if !strings.Contains(head, want) || strings.Contains(head, "data-ran") {
			t.Errorf("want %s and nothing run: %s", want, head)
		}
	}
}
