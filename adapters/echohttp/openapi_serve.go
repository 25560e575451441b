package echohttp

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// OpenAPI is the document, indented, for humans and for the golden file. An error means a mistake in a registered operation.
func (a *API) OpenAPI() ([]byte, error) {
	document, err := a.document.render()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, document.body, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// addDocument serves the document. It is public and the same for everybody, so clients may cache it and revalidate.
func (a *API) addDocument() {
	op := Op{
		ID: "openapi", Tag: "Document", Summary: "This document",
		Produces: []Content{
			{Description: "The document", Type: MediaJSON, Body: map[string]any{}},
			{Status: http.StatusNotModified, Description: "It is what If-None-Match names."},
		},
	}
	HandleRaw(a, http.MethodGet, "/openapi.json", op, a.showDocument)
}

func (a *API) showDocument(_ context.Context, caller Caller, _ struct{}) (Raw, error) {
	document, err := a.document.render()
	if err != nil {
		return Raw{}, err
	}
	return Cacheable(caller, MediaJSON, document.body, document.etag, "public, no-cache"), nil
}

// Cacheable answers with a prepared public document: 304 when the client has it (RFC 9110 §13.1.2). etag is quoted; any origin may read it.
func Cacheable(caller Caller, mediaType string, body []byte, etag, control string) Raw {
	raw := Raw{Header: http.Header{
		"Etag": {etag}, "Cache-Control": {control}, "Cross-Origin-Resource-Policy": {"cross-origin"},
	}}
	for _, given := range caller.request.Header["If-None-Match"] {
		for one := range strings.SplitSeq(given, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == etag || one == "*" {
				raw.Status = http.StatusNotModified
				return raw
			}
		}
	}
	raw.Type, raw.Body = mediaType, body
	return raw
}
