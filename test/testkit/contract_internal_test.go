package testkit

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/routers"
)

// TestTheContractRefuses makes sure that the check of every answer can fail.
func TestTheContractRefuses(t *testing.T) {
	s := Start(t, Options{})
	c := contractOf(t, s.URL)
	request, err := http.NewRequest(http.MethodGet, s.URL+"/api/auth/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	route, _, err := c.router.FindRoute(request)
	if err != nil {
		t.Fatal(err)
	}
	const refusal = `{"type":"urn:signet:problem:token_missing","title":"Unauthorized","status":401,"detail":"x","code":"token_missing","message":"x","success":false,"request_id":"x"}`
	for name, row := range map[string]struct {
		status      int
		media, body string
		breaks      string // empty: nothing
	}{
		"nothing wrong":      {401, "application/problem+json", refusal, ""},
		"another status":     {402, "application/problem+json", refusal, "no such status"},
		"another media type": {401, "application/json", refusal, "no such media type"},
		"no media type":      {401, "", refusal, "media type"},
		"no JSON":            {401, "application/problem+json", refusal[1:], "invalid"},
		"another type":       {401, "application/problem+json", strings.Replace(refusal, "401", `"401"`, 1), "want integer"},
		"a member too few":   {401, "application/problem+json", strings.Replace(refusal, `"code":"token_missing",`, "", 1), "missing propert"},
	} {
		t.Run(name, func(t *testing.T) { wantJudgement(t, c, route, row.status, row.media, row.body, row.breaks) })
	}
}

func wantJudgement(t *testing.T, c *contract, route *routers.Route, status int, media, body, breaks string) {
	t.Helper()
	answer := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {media}}}
	err := c.judge(route, answer, []byte(body), false)
	if breaks == "" && err != nil {
		t.Errorf("refused: %v", err)
	}
	if breaks != "" && (err == nil || !strings.Contains(err.Error(), breaks)) {
		t.Errorf("%v, want one about %q", err, breaks)
	}
}
