package mail

import (
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
)

// Preview is m as its parts and as raw, the MIME message of them.
func (r *Renderer) Preview(m *message.Message, raw []byte) (sink.Preview, error) {
	b, err := r.Render(m)
	if err != nil {
		return sink.Preview{}, err
	}
	return sink.Preview{Parts: []sink.Part{
		{Name: "subject", ContentType: "text/plain; charset=utf-8", Body: []byte(b.Subject)},
		{Name: "text", ContentType: "text/plain; charset=utf-8", Body: []byte(b.Text)},
		{Name: "html", ContentType: "text/html; charset=utf-8", Body: []byte(b.HTML)},
		{Name: "mime", ContentType: "message/rfc822", Body: raw},
	}}, nil
}
