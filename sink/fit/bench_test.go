package fit_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink/fit"
)

func BenchmarkAppendJSON(b *testing.B) {
	m := messagetest.Kinds()[0].Message
	var room []byte
	b.ReportAllocs()
	for b.Loop() {
		room, _ = fit.AppendJSON(room[:0], m, 1<<20)
	}
	b.SetBytes(int64(len(room)))
}
