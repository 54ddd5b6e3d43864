package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type awsResponse = smithyhttp.Response

// object is the body of one object.
type object struct {
	ctx         context.Context //nolint:containedctx // the life of one reading, as in net/http's Request
	client      *s3.Client
	bucket, key string
	etag        *string
	body        io.ReadCloser
	at          int64
	breaks      int
}

// maxBreaks is how often in a row one object is taken up again.
const maxBreaks = 5

// Read reads on, over connections that break.
func (o *object) Read(p []byte) (int, error) {
	for {
		n, err := o.body.Read(p)
		o.at += int64(n)
		switch {
		case n > 0:
			o.breaks = 0
			if err != io.EOF {
				err = nil // a break shows again with the next read
			}
			return n, err
		case err == nil, errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF), o.ctx.Err() != nil:
			return n, err
		}
		if again := o.resume(); again != nil {
			return 0, errors.Join(err, again)
		}
	}
}

// resume asks for the rest of the same version of the object.
func (o *object) resume() error {
	if o.breaks++; o.breaks > maxBreaks {
		return fmt.Errorf("broke off %d times in a row at byte %d", maxBreaks, o.at)
	}
	span := fmt.Sprintf("bytes=%d-", o.at)
	out, err := o.client.GetObject(o.ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: &o.key, Range: &span, IfMatch: o.etag})
	var answer *smithyhttp.ResponseError
	switch {
	case errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable:
		return io.EOF // all of it was read
	case err != nil:
		return reason(err)
	}
	if err := o.body.Close(); err != nil {
		o.breaks++ // the old connection is of no more use either way
	}
	o.body = out.Body
	return nil
}

// Close ends the reading.
func (o *object) Close() error { return o.body.Close() }
