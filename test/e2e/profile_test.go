package e2e_test

import (
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// patching is the request that changes one's account; content is an object, or text that is sent as it is.
func patching(access string, content any) testkit.Request {
	return testkit.Request{Method: http.MethodPatch, Path: "/api/auth/me", Bearer: access, Body: content}
}

func TestUpdateMe(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()
		in := c.Login(account)
		shown := func(r testkit.Response) body {
			user, _ := r.JSON()["user"].(body)
			return body{"first_name": user["first_name"], "last_name": user["last_name"], "locale": user["locale"], "metadata": user["metadata"]}
		}

		t.Run("absent keeps, a value replaces, null and empty clear", func(t *testing.T) {
			for _, step := range []struct{ send, want string }{
				{`{"first_name":"Ada","last_name":"Lovelace","locale":"en-GB","metadata":{"theme":"dark","tabs":[1,2]}}`, `{"first_name":"Ada","last_name":"Lovelace","locale":"en-GB","metadata":{"theme":"dark","tabs":[1,2]}}`},
				{`{}`, `{"first_name":"Ada","last_name":"Lovelace","locale":"en-GB","metadata":{"theme":"dark","tabs":[1,2]}}`},
				{`{"last_name":"Byron"}`, `{"first_name":"Ada","last_name":"Byron","locale":"en-GB","metadata":{"theme":"dark","tabs":[1,2]}}`},
				{`{"metadata":{"other":null}}`, `{"first_name":"Ada","last_name":"Byron","locale":"en-GB","metadata":{"other":null}}`}, // replaced as a whole
				{`{"first_name":null,"locale":null,"metadata":null}`, `{"first_name":"","last_name":"Byron","locale":null,"metadata":{}}`},
				{`{"last_name":"","metadata":{}}`, `{"first_name":"","last_name":"","locale":null,"metadata":{}}`},
			} {
				answer := c.In(t).Do(patching(in.Access, step.send)).Want(http.StatusOK, "")
				var want body
				if err := json.Unmarshal([]byte(step.want), &want); err != nil {
					t.Fatal(err)
				}
				for what, got := range map[string]testkit.Response{"answered": answer, "shown after": c.Me(in.Access)} {
					if diff := cmp.Diff(want, shown(got)); diff != "" {
						t.Errorf("%s, %s (-want +got):\n%s", step.send, what, diff)
					}
				}
				if answer.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control %q", answer.Header.Get("Cache-Control"))
				}
			}
		})
		t.Run("without a body keeps everything", func(t *testing.T) {
			c.In(t).Do(patching(in.Access, nil)).Want(http.StatusOK, "")
		})
		t.Run("answers the user as me does", func(t *testing.T) {
			answer := c.In(t).Do(patching(in.Access, `{"first_name":"Grace"}`)).Want(http.StatusOK, "")
			if diff := cmp.Diff(normalized(t, c.Me(in.Access).Body), normalized(t, answer.Body)); diff != "" {
				t.Errorf("(-me +patch):\n%s", diff)
			}
		})
		t.Run("is audited by the names of what changed", func(t *testing.T) {
			one := s.NewAccount()
			c.In(t).Do(patching(c.Login(one).Access, `{"first_name":"Secretname","last_name":"","metadata":{"a":"Secretvalue"}}`)).Want(http.StatusOK, "")
			events := record.Events(domain.EventUserUpdated, one.ID)
			if len(events) != 1 || !cmp.Equal(events[0].Details, map[string]string{"changed": "first_name metadata"}) || string(events[0].ActorID) != one.ID {
				t.Errorf("got %+v", events)
			}
			if log := s.Log.String(); strings.Contains(log, "Secretname") || strings.Contains(log, "Secretvalue") {
				t.Error("the log has a value")
			}
		})
		t.Run("takes times forward", func(t *testing.T) {
			before := c.Me(in.Access).Text("user.updated_at")
			s.Move(time.Minute)
			if after := c.In(t).Do(patching(in.Access, `{"first_name":"Later"}`)).Text("user.updated_at"); after <= before {
				t.Errorf("updated_at is %s after %s", after, before)
			}
		})
	})
}

// TestMetadataIsKeptExactly: what front ends store must come back as the same values, on either database.
func TestMetadataIsKeptExactly(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		in := c.Login(s.NewAccount())
		for name, text := range map[string]string{
			"big and small numbers":         `{"n":[12345678901234567890123456789,-9007199254740993,0.1000000000000000000000000000001,1e2,1E-7,1e400,-0.0]}`,
			"a number of 8 KB":              `{"n":1e8000}`,
			"texts":                         `{"é 😀":"\"\\\/ \u2028 <script>&amp;</script> \ud83d\ude00 \t"," ":"","":0}`,
			"words and nesting":             `{"a":[true,false,null,{},[],{"a":{"a":[[[1]]]}}]}`,
			"31 levels":                     `{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`,
			"what looks like ours":          `{"email":"eve@example.com","is_email_verified":true,"id":"x","password":"p"}`,
			"8 KB":                          `{"a":"` + strings.Repeat("x", 8<<10-8) + `"}`,
			"4 000 characters of two bytes": `{"a":"` + strings.Repeat("é", 4000) + `"}`,
		} {
			t.Run(name, func(t *testing.T) {
				c := c.In(t)
				answers := []testkit.Response{c.Do(patching(in.Access, `{"metadata":`+text+`}`)).Want(http.StatusOK, ""), c.Me(in.Access)}
				for _, answer := range answers {
					var got struct {
						User struct{ Metadata json.RawMessage } `json:"user"`
					}
					if err := json.Unmarshal(answer.Body, &got); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(exactly(t, []byte(text)), exactly(t, got.User.Metadata)); diff != "" {
						t.Errorf("(-sent +got):\n%s", diff)
					}
				}
			})
		}
	})
}

// exactly is a JSON value in one spelling, its numbers with all their digits.
func exactly(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatal(err)
	}
	spelled, err := json.Marshal(inDigits(value))
	if err != nil {
		t.Fatal(err)
	}
	return string(spelled)
}

func inDigits(value any) any {
	switch v := value.(type) {
	case json.Number:
		r, ok := new(big.Rat).SetString(v.String())
		if !ok {
			return v
		}
		return r.RatString()
	case []any:
		for i := range v {
			v[i] = inDigits(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = inDigits(v[name])
		}
	}
	return value
}

func TestUpdateMeRefuses(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	in := c.Login(account)
	before, rows := c.Me(in.Access).Body, record.Rows()
	const bad = "400 invalid_request"
	object := func(member string) string { return `{"metadata":` + member + `}` }
	for name, row := range map[string]struct{ body, outcome, says string }{
		"an unknown member":                          {`{"nickname":"c4n4ry"}`, bad, "The body has an unknown member; accepted are: first_name, last_name, locale, metadata"},
		"is_email_verified (Zitadel CVE-2026-27946)": {`{"is_email_verified":true}`, bad, "unknown member"},
		"email_verified (Zitadel CVE-2026-27946)":    {`{"email_verified":true}`, bad, "unknown member"},
		"email_verified_at (RG-8)":                   {`{"email_verified_at":"2026-01-01T00:00:00Z"}`, bad, "unknown member"},
		"email (RG-10)":                              {`{"email":"c4n4ry@example.com"}`, bad, "unknown member"},
		"is_active":                                  {`{"is_active":true}`, bad, "unknown member"},
		"id":                                         {`{"id":"` + account.ID + `"}`, bad, "unknown member"},
		"password":                                   {`{"password":"c4n4ry-c4n4ry"}`, bad, "unknown member"},
		"roles":                                      {`{"first_name":"Eve","roles":["admin"]}`, bad, "unknown member"},
		"a whole user":                               {`{"user":{"first_name":"Eve"}}`, bad, "unknown member"},
		"a member in other case":                     {`{"First_Name":"c4n4ry"}`, bad, "differs from first_name by case only"},
		"a member twice":                             {`{"first_name":"c4n4ry","first_name":"b"}`, bad, "a member twice"},
		"a name that is a number":                    {`{"first_name":7}`, bad, "first_name must be a string"},
		"a name that is a list":                      {`{"last_name":["c4n4ry"]}`, bad, "last_name must be a string"},
		"a name with a line end":                     {`{"first_name":"c4n4ry\nBcc: x"}`, bad, "first_name must not contain control characters"},
		"a name with a NUL":                          {`{"first_name":"c4n4ry\u0000"}`, bad, "NUL"},
		"a name that turns the text around":          {`{"last_name":"c4n4ry\u202e"}`, bad, "last_name must not contain control characters"},
		"a name of 101 characters":                   {`{"first_name":"` + strings.Repeat("é", 101) + `"}`, bad, "first_name must have at most 100 characters"},
		"a locale that is a path":                    {`{"locale":"../../c4n4ry"}`, bad, "locale must be a language tag"},
		"several":                                    {`{"locale":"c4n4ry!","metadata":[]}`, "400 validation_failed", "; metadata must be an object"},
		"metadata that is a list":                    {object(`["c4n4ry"]`), bad, "metadata must be an object"},
		"metadata that is a text":                    {object(`"c4n4ry"`), bad, "metadata must be an object"},
		"metadata that is a number":                  {object(`7`), bad, "metadata must be an object"},
		"metadata that is a word":                    {object(`true`), bad, "metadata must be an object"},
		"metadata of more than 8 KB":                 {object(`{"a":"` + strings.Repeat("x", 8<<10-7) + `"}`), bad, "metadata must have at most 8192 bytes"},
		"metadata padded beyond 8 KB":                {object(`{"a":` + strings.Repeat(" ", 8<<10) + `1}`), bad, "metadata must have at most 8192 bytes"},
		"metadata of 64 KB":                          {object(`{"a":"` + strings.Repeat("x", 64<<10) + `"}`), "413 body_too_large", ""},
		"a number that grows when written":           {object(`{"a":1e100000}`), bad, "with its numbers written out"},
		"a number that no database takes":            {object(`{"a":1e999999999}`), bad, "with its numbers written out"},
		"a number too small for any":                 {object(`{"a":1e-999999999999999999999}`), bad, "with its numbers written out"},
		"numbers that grow together":                 {object(`{"a":[` + strings.Repeat("1e4000,", 900) + `1]}`), bad, "with its numbers written out"},
		"a key twice in metadata":                    {object(`{"a":1,"a":2}`), bad, "a member twice"},
		"a key twice in disguise":                    {object(`{"a":1,"\u0061":2}`), bad, "a member twice"},
		"a NUL in metadata":                          {object(`{"a":"\u0000"}`), bad, "NUL"},
		"a NUL in a key":                             {object(`{"\u0000":1}`), bad, "NUL"},
		"a lone surrogate in metadata":               {object(`{"a":"\ud800"}`), bad, "surrogates"},
		"bytes that are no UTF-8 in metadata":        {object("{\"a\":\"\xff\"}"), bad, "UTF-8"},
		"metadata of 32 levels":                      {object(`{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`), bad, "nested too deeply"},
		"a hundred thousand levels":                  {object(strings.Repeat("[", 60_000)), bad, "nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.In(t).Do(patching(in.Access, row.body))
			if answer.Outcome() != row.outcome || !strings.Contains(answer.Text("detail"), row.says) || strings.Contains(string(answer.Body), "c4n4ry") {
				t.Errorf("answer %s, want %s and %q\n%s", answer.Outcome(), row.outcome, row.says, answer.Body)
			}
		})
	}
	if diff := cmp.Diff(rows, record.Rows()); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(string(before), string(c.Me(in.Access).Body)); diff != "" {
		t.Errorf("the user (-before +after):\n%s", diff)
	}

	t.Run("who has no token, or another's", func(t *testing.T) {
		c := c.In(t)
		const change = `{"first_name":"Eve"}`
		c.Do(patching("", change)).Want(http.StatusUnauthorized, "token_missing")
		c.Do(patching(in.Refresh, change)).Want(http.StatusUnauthorized, "token_invalid")
		givenService(t, record, "billing", "Billing")
		token := c.Do(login(with(credentials(account), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
		c.Do(patching(token, change)).Want(http.StatusForbidden, "wrong_audience")
		out := c.Login(account)
		c.Do(logout(out.Access)).Want(http.StatusOK, "")
		c.Do(patching(out.Access, change)).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(testkit.Request{Method: http.MethodPatch, Path: "/api/auth/me?user_id=" + account.ID, Body: change}).Want(http.StatusUnauthorized, "token_missing")
	})
	t.Run("a body that is no JSON", func(t *testing.T) {
		r := patching(in.Access, "first_name=Eve")
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		c.In(t).Do(r).Want(http.StatusUnsupportedMediaType, "unsupported_media_type")
	})
}

func TestParallelUpdatesOfOneUserAllSurvive(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		in := c.Login(s.NewAccount())
		members := []string{`{"first_name":"First"}`, `{"last_name":"Last"}`, `{"locale":"pt-BR"}`, `{"metadata":{"a":1}}`}
		tally := persistent(t, c, 20, func(i int) testkit.Request { return patching(in.Access, members[i%len(members)]) })
		if diff := cmp.Diff(map[string]int{"200": 20}, tally); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		user, _ := c.Me(in.Access).JSON()["user"].(body)
		want := body{"first_name": "First", "last_name": "Last", "locale": "pt-BR", "metadata": body{"a": 1.0}}
		for member := range want {
			if !cmp.Equal(want[member], user[member]) {
				t.Errorf("%s is %v", member, user[member])
			}
		}
	})
}

// Not parallel: it is about time.
func TestAnUpdateIsSeenByEveryReplicaWithinASecond(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	b := a.Replica(nil)
	in := a.Client().Login(a.NewAccount())
	b.Client().Me(in.Access).Want(http.StatusOK, "") // remembered there
	a.Client().Do(patching(in.Access, `{"first_name":"Ada"}`)).Want(http.StatusOK, "")
	if got := a.Client().Me(in.Access).Text("user.first_name"); got != "Ada" {
		t.Errorf("who answered shows %q", got)
	}
	b.Eventually(promise, func() bool { return b.Client().Me(in.Access).Text("user.first_name") == "Ada" })
}
