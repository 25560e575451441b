package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector sends spans by OTLP/HTTP. The library's own client links megabytes of gRPC, which it never uses.
type collector struct {
	endpoint string
	headers  http.Header
	client   *http.Client
	log      *slog.Logger
	failing  atomic.Bool
}

func newCollector(o TracingOptions) *collector {
	headers := o.Headers.Clone()
	if headers == nil {
		headers = http.Header{}
	}
	headers.Set("Content-Type", "application/x-protobuf")
	headers.Set("Content-Encoding", "gzip")
	headers.Set("User-Agent", "Signet/"+o.Version)
	return &collector{
		endpoint: o.Endpoint, headers: headers, log: o.Log,
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Start does nothing: connections are made when they are needed.
func (*collector) Start(context.Context) error { return nil }

// Stop closes connections.
func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces sends a batch, and retries while the collector is down or asks for a retry. It returns no error, because the library would
// print it.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := encoded(spans)
	again := err == nil
	for wait := time.Second; again; wait *= 2 {
		if again, err = c.post(ctx, body); err == nil {
			if c.failing.Swap(false) {
				c.log.InfoContext(ctx, "traces arrive again")
			}
			return nil
		}
		if again {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				again = false
			}
		}
	}
	if !c.failing.Swap(true) { // once for each outage
		c.log.WarnContext(ctx, "traces can't be sent and are dropped (OTEL_EXPORTER_OTLP_ENDPOINT)", "error", err)
	}
	return nil
}

// encoded is an ExportTraceServiceRequest, which has the fields of TracesData.
func encoded(spans []*tracepb.ResourceSpans) ([]byte, error) {
	plain, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	packer := gzip.NewWriter(&body)
	_, err = packer.Write(plain)
	if err == nil {
		err = packer.Close()
	}
	return body.Bytes(), err
}

// post tells whether a retry makes sense (OTLP 1.x, "failures").
func (c *collector) post(ctx context.Context, body []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header = c.headers
	answer, err := c.client.Do(request)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	if answer.StatusCode < http.StatusMultipleChoices {
		return false, nil
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	return again, fmt.Errorf("the collector answers %d", answer.StatusCode)
}
