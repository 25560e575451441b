// Package collector is a collector of OpenTelemetry for tests: it takes traces by OTLP over HTTP and keeps them.
package collector

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is a running one. Safe for concurrent use.
type Collector struct {
	URL string

	mu       sync.Mutex
	statuses []int
	headers  []http.Header
	raw      bytes.Buffer
	spans    []*tracepb.Span
	resource map[string]string
}

// Start starts a collector that answers with the statuses in turn, and takes everything then.
func Start(tb testing.TB, statuses ...int) *Collector {
	tb.Helper()
	c := &Collector{statuses: statuses, resource: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.headers = append(c.headers, r.Header)
		if len(c.statuses) > 0 {
			w.WriteHeader(c.statuses[0])
			c.statuses = c.statuses[1:]
			return
		}
		if err := c.take(r); err != nil {
			tb.Error(err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	tb.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

func (c *Collector) take(r *http.Request) error {
	if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		return errors.New("no traces by OTLP: " + r.URL.Path)
	}
	packed, err := gzip.NewReader(r.Body)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(packed)
	if err != nil {
		return err
	}
	var data tracepb.TracesData
	if err := proto.Unmarshal(body, &data); err != nil {
		return err
	}
	c.raw.Write(body)
	for _, of := range data.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			c.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range of.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return nil
}

// Spans are all that came.
func (c *Collector) Spans() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Named are those of a name.
func (c *Collector) Named(name string) []*tracepb.Span {
	return slices.DeleteFunc(c.Spans(), func(s *tracepb.Span) bool { return s.GetName() != name })
}

// Raw is everything that was sent, unpacked: texts stand in it as they are.
func (c *Collector) Raw() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.raw.Bytes())
}

// Headers are those of each request.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Resource is what the sender says of itself.
func (c *Collector) Resource(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resource[key]
}

// Attribute is a text attribute of a span.
func Attribute(s *tracepb.Span, key string) string {
	i := slices.IndexFunc(s.GetAttributes(), func(a *commonpb.KeyValue) bool { return a.GetKey() == key })
	if i < 0 {
		return ""
	}
	return s.GetAttributes()[i].GetValue().GetStringValue()
}
