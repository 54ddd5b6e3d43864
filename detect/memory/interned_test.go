package memory_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/detect/memory"
)

// TestTextsKeepTheirNumbers: a text has one number, and a page has the text of
// each number that was given before it was taken, whatever the texts' lengths
// and however many there are.
func TestTextsKeepTheirNumbers(t *testing.T) {
	l := memory.NewLexicon()
	texts := []string{"", "a", strings.Repeat("b", 127), strings.Repeat("c", 128), strings.Repeat("d", 65535), strings.Repeat("e", 65536), strings.Repeat("f", 300_000), ""}
	for i := range 20_000 {
		texts = append(texts, fmt.Sprint("group ", i, strings.Repeat(" x", i%50)))
	}
	numbers := map[string]uint32{}
	page := l.Page()
	for i, text := range texts {
		n := l.Number([]byte(text))
		if was, ok := numbers[text]; ok && was != n {
			t.Fatalf("text %d is %d, and was %d", i, n, was)
		}
		if numbers[text] = n; i%100 < 10 {
			page = l.Page()
		}
		if i%100 < 10 && page.Text(n) != text {
			t.Fatalf("text %d is %.40q on the page", i, page.Text(n))
		}
	}
	page = l.Page()
	for text, n := range numbers {
		if l.Number([]byte(text)) != n || page.Text(n) != text {
			t.Fatalf("number %d is %.40q, and %.40q on the page", n, text, page.Text(n))
		}
	}
	if len(numbers) != len(texts)-1 {
		t.Fatalf("%d texts have %d numbers", len(texts)-1, len(numbers))
	}
}

// TestTextsShareChunks: memory for texts grows by pieces, not with every text.
func TestTextsShareChunks(t *testing.T) {
	l := memory.NewLexicon()
	for i := range 60_000 {
		l.Number(fmt.Appendf(nil, "a text of some forty bytes, number %06d", i))
	}
	if chunks, bytes := l.Room(); chunks > 60 || bytes > 3<<20 {
		t.Errorf("%d chunks with %d bytes", chunks, bytes)
	}
}
