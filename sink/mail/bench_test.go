package mail_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/mail"
)

// What rendering costs, from a plain message to the largest.
func BenchmarkRender(b *testing.B) {
	r := mail.NewRenderer()
	for _, c := range append(messagetest.Kinds()[:1], messagetest.Large()...) {
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Render(c.Message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
