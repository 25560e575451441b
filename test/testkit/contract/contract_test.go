package contract_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit/contract"
)

// TestTheContractRefuses makes sure that the check of every answer can fail.
func TestTheContractRefuses(t *testing.T) {
	document, err := os.ReadFile("../../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Read(document)
	if err != nil {
		t.Fatal(err)
	}
	const refusal = `{"type":"urn:signet:problem:token_missing","title":"Unauthorized","status":401,"detail":"x","code":"token_missing","message":"x","success":false,"request_id":"x"}`
	for name, row := range map[string]struct {
		path        string
		status      int
		media, body string
		breaks      string // empty: nothing
	}{
		"nothing wrong":      {"/api/auth/me", 401, "application/problem+json", refusal, ""},
		"a trailing slash":   {"/api/auth/me/", 401, "application/problem+json", refusal, ""},
		"another path":       {"/api/auth/you", 401, "application/problem+json", refusal, "not in the document"},
		"another status":     {"/api/auth/me", 402, "application/problem+json", refusal, "no such status"},
		"another media type": {"/api/auth/me", 401, "application/json", refusal, "no such media type"},
		"no media type":      {"/api/auth/me", 401, "", refusal, "media type"},
		"no JSON":            {"/api/auth/me", 401, "application/problem+json", refusal[1:], "invalid"},
		"another type":       {"/api/auth/me", 401, "application/problem+json", strings.Replace(refusal, "401", `"401"`, 1), "want integer"},
		"a member too few":   {"/api/auth/me", 401, "application/problem+json", strings.Replace(refusal, `"code":"token_missing",`, "", 1), "missing propert"},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodGet, "http://localhost"+row.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer := &http.Response{StatusCode: row.status, Header: http.Header{"Content-Type": {row.media}}}
			if err := c.Check(request, answer, []byte(row.body)); row.breaks == "" && err != nil {
				t.Errorf("refused: %v", err)
			} else if row.breaks != "" && (err == nil || !strings.Contains(err.Error(), row.breaks)) {
				t.Errorf("%v, want one about %q", err, row.breaks)
			}
		})
	}
}
