package egress

import (
	"bytes"
	"context"
	"net/http"
)

// Hook posts a text to an incoming webhook, whose whole address is a secret. The
// error is an *Error also where nothing could be sent: Blocked when the address
// is at fault.
func (c *Client) Hook(ctx context.Context, address func(context.Context) (string, error), contentType string, text []byte) (Answer, error) {
	url, err := address(ctx)
	if err != nil {
		return Answer{}, &Error{text: "the webhook's URL cannot be fetched: " + err.Error(), err: err}
	}
	if err := c.CheckURL(url); err != nil {
		return Answer{}, &Error{Blocked: true, text: "webhook: " + err.Error(), err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return Answer{}, &Error{Blocked: true, text: "the webhook's URL is not one", err: err}
	}
	req.Header.Set("Content-Type", contentType)
	return c.Send(req, url)
}
