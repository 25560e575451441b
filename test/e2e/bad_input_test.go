package e2e_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// canary is in every bad body, so that a log that repeats one is found out.
const canary = "c4n4ry-in-the-body"

// door is a route that takes a body, with two of its members.
type door struct {
	path          string
	member, other string
	strict        bool // refuses unknown members
}

var doors = []door{
	{"/api/auth/register", "email", "password", false},
	{"/api/auth/login", "email", "password", false},
	{"/api/auth/refresh", "refresh_token", "service", false},
	{"/api/auth/logout", "refresh_token", "refresh_token", false},
	{"/api/auth/verify-email", "email", "code", true},
	{"/api/auth/verify-email/resend", "email", "email", true},
	{"/api/auth/change-email/confirm", "token", "token", true},
	{"/api/auth/mfa/verify", "challenge", "code", true},
}

// kind is the media type of a request; "" sends none.
func kind(media ...string) http.Header {
	return http.Header{"Content-Type": media}
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	type row struct {
		body    func(d door) string
		header  http.Header
		outcome string
		detail  func(d door) string // empty: not compared
	}
	says := func(text string) func(door) string { return func(door) string { return text } }
	text := func(format string) func(door) string {
		return func(d door) string {
			return strings.NewReplacer("$m", d.member, "$o", d.other, "$M", strings.ToUpper(d.member[:1])+d.member[1:], "$c", canary).Replace(format)
		}
	}
	const malformed, object = "The body is not valid JSON", "The body must be one JSON object"
	bad := "400 invalid_request"
	rows := map[string]row{
		"an open brace":           {text(`{"$m":"$c"`), nil, bad, says(malformed)},
		"a comma too many":        {text(`{"$m":"$c",}`), nil, bad, says(malformed)},
		"single quotes":           {text(`{'$m':'$c'}`), nil, bad, says(malformed)},
		"a comment":               {text(`{"$m":"$c"} // $c`), nil, bad, nil},
		"NaN":                     {text(`{"$m":NaN,"x":"$c"}`), nil, bad, says(malformed)},
		"a leading zero":          {text(`{"$m":01,"x":"$c"}`), nil, bad, says(malformed)},
		"a byte order mark":       {text("\ufeff" + `{"$m":"$c"}`), nil, bad, says(malformed)},
		"two objects":             {text(`{"$m":"$c"}{"$m":"$c"}`), nil, bad, says("The body has data after its JSON value")},
		"an array":                {text(`[{"$m":"$c"}]`), nil, bad, says(object)},
		"a string":                {text(`"$c"`), nil, bad, says(object)},
		"a number":                {text(`3.1415`), nil, bad, says(object)},
		"null":                    {text(`null`), nil, bad, says(object)},
		"XML":                     {text(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;$c</x>`), nil, bad, says(malformed)},
		"a form as JSON":          {text(`$m=$c&$o=$c`), nil, bad, says(malformed)},
		"a member twice":          {text(`{"$m":"$c","$m":"$c"}`), nil, bad, says("The body has a member twice")},
		"a member twice, escaped": {text(`{"$m":"$c","\u00` + "%MEMBER%" + `":"$c"}`), nil, bad, says("The body has a member twice")},
		"an unknown member twice": {text(`{"x":"$c","x":"$c"}`), nil, bad, nil},
		"a member in other case": {text(`{"$M":"$c"}`), nil, bad, func(d door) string {
			return "a member differs from " + d.member + " by case only; names are case-sensitive"
		}},
		"a NUL escape":            {text(`{"$m":"$c\u0000"}`), nil, bad, says("Strings must not contain NUL characters")},
		"a NUL byte":              {text("{\"$m\":\"$c\x00\"}"), nil, bad, says("Strings must not contain NUL characters")},
		"a NUL in a name":         {text(`{"$m\u0000":"$c"}`), nil, bad, says("Strings must not contain NUL characters")},
		"a raw control character": {text("{\"$m\":\"$c\x07\"}"), nil, bad, says(malformed)},
		"a raw line end":          {text("{\"$m\":\"$c\n\"}"), nil, bad, says(malformed)},
		"bytes that are no UTF-8": {text("{\"$m\":\"$c\xff\xfe\"}"), nil, bad, says("The body is not valid UTF-8")},
		"an overlong encoding":    {text("{\"$m\":\"$c\xc0\xaf\"}"), nil, bad, says("The body is not valid UTF-8")},
		"a surrogate in UTF-8":    {text("{\"$m\":\"$c\xed\xa0\x80\"}"), nil, bad, says("The body is not valid UTF-8")},
		"a lone high surrogate":   {text(`{"$m":"$c\ud800"}`), nil, bad, says("Strings must not contain unpaired surrogates")},
		"a lone low surrogate":    {text(`{"$m":"$c\udc00x"}`), nil, bad, says("Strings must not contain unpaired surrogates")},
		"surrogates in disorder":  {text(`{"$m":"$c\udc00\ud800"}`), nil, bad, says("Strings must not contain unpaired surrogates")},
		"a bad escape":            {text(`{"$m":"$c\x41"}`), nil, bad, says(malformed)},
		"10 000 objects deep":     {text(strings.Repeat(`{"x":`, 10_000) + `"$c"` + strings.Repeat("}", 3_000)), nil, bad, nil},
		"10 000 arrays deep":      {text(`{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `,"$m":"$c"}`), nil, bad, nil},
		"33 levels":               {text(`{"$m":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `,"x":"$c"}`), nil, bad, says("The body is nested too deeply; at most 32 levels are accepted")},
		"a number as text":        {text(`{"$m":123456}`), nil, bad, func(d door) string { return d.member + " must be a string" }},
		"a huge number as text":   {text(`{"$m":1e400}`), nil, bad, func(d door) string { return d.member + " must be a string" }},
		"true as text":            {text(`{"$m":true}`), nil, bad, func(d door) string { return d.member + " must be a string" }},
		"an array as text":        {text(`{"$m":["$c"]}`), nil, bad, func(d door) string { return d.member + " must be a string" }},
		"an object as text":       {text(`{"$m":{"$ne":"$c"}}`), nil, bad, func(d door) string { return d.member + " must be a string" }},
		"a megabyte":              {text(`{"$m":"$c` + strings.Repeat("x", 1<<20) + `"}`), nil, "413 body_too_large", nil},
		"a megabyte of space":     {text(strings.Repeat(" ", 1<<20) + `{"$m":"$c"}`), nil, "413 body_too_large", nil},
		"plain text":              {text(`{"$m":"$c"}`), kind("text/plain"), "415 unsupported_media_type", nil},
		"a form":                  {text(`$m=$c`), kind("application/x-www-form-urlencoded"), "415 unsupported_media_type", nil},
		"a multipart form":        {text("--b\r\nContent-Disposition: form-data; name=\"$m\"\r\n\r\n$c\r\n--b--"), kind("multipart/form-data; boundary=b"), "415 unsupported_media_type", nil},
		"JSON in Latin-1":         {text(`{"$m":"$c"}`), kind("application/json; charset=iso-8859-1"), "415 unsupported_media_type", nil},
		"JSON for a browser form": {text(`{"$m":"$c"}`), kind("text/plain;application/json"), "415 unsupported_media_type", nil},
		"no media type":           {text(`{"$m":"$c"}`), kind(), "415 unsupported_media_type", nil},
		"two media types":         {text(`{"$m":"$c"}`), kind("application/json", "text/plain"), "415 unsupported_media_type", nil},
		"compressed":              {text("\x1f\x8b\x08$c"), http.Header{"Content-Encoding": {"gzip"}}, "415 unsupported_media_type", nil},
	}
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	s.Client().Login(account)
	s.Settled()
	before := s.Record().Rows()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			c := s.Client().In(t)
			for _, d := range doors {
				body := strings.ReplaceAll(row.body(d), "%MEMBER%", fmt.Sprintf("%02x", d.member[0])+d.member[1:])
				answer := c.Do(testkit.Request{Path: d.path, Body: body, Header: row.header})
				if answer.Outcome() != row.outcome {
					t.Errorf("%s: answer %s, want %s\n%s", d.path, answer.Outcome(), row.outcome, answer.Body)
					continue
				}
				if row.detail != nil && answer.Text("detail") != row.detail(d) {
					t.Errorf("%s: detail %q, want %q", d.path, answer.Text("detail"), row.detail(d))
				}
				if strings.Contains(string(answer.Body), canary) {
					t.Errorf("%s: the answer repeats the body: %s", d.path, answer.Body)
				}
			}
		})
	}
	s.Settled()
	if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
		t.Errorf("bad bodies left rows (-before +after):\n%s", diff)
	}
	if strings.Contains(s.Log.String(), canary) {
		t.Error("the log has a part of a body")
	}
	if strings.Contains(s.Log.String(), `"log.level":"error"`) {
		t.Errorf("the log has errors:\n%s", s.Log)
	}
}

func TestUnknownMembers(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		extra := testkit.Object{"is_admin": true, "roles": []string{"admin"}, "user_id": "00000000-0000-4000-8000-000000000001", "confirm_password": testkit.Password}

		t.Run("the original's routes ignore them", func(t *testing.T) {
			c := c.In(t)
			email := testkit.NewAddress()
			c.Do(registering(email, extra)).Want(http.StatusCreated, "")
			c.Do(proving(s.Mail(email, 1).Token())).Want(http.StatusOK, "")
			login := loggingIn(email, testkit.Password)
			login.Body.(testkit.Object)["remember_me"] = testkit.Object{"deep": []int{1}}
			in := c.Do(login).Want(http.StatusOK, "")
			if claims := s.VerifyToken(in.Text("access_token")); fmt.Sprint(claims["roles"]) != "[user]" {
				t.Errorf("roles are %v", claims["roles"])
			}
			again := c.Do(testkit.Request{Path: "/api/auth/refresh", Body: testkit.Object{"refresh_token": in.Text("refresh_token"), "x": nil}}).Want(http.StatusOK, "")
			c.Do(testkit.Request{Path: "/api/auth/logout", Bearer: again.Text("access_token"), Body: testkit.Object{"x": 1}}).Want(http.StatusOK, "")
		})

		t.Run("the new routes refuse them", func(t *testing.T) {
			c := c.In(t)
			email, mail := applicant(t, s)
			for _, request := range []testkit.Request{proving(mail.Token()), provingByCode(email, mail.Code), resending(email)} {
				request.Body.(testkit.Object)["x"] = 1
				answer := c.Do(request).Want(http.StatusBadRequest, "invalid_request")
				if !strings.HasPrefix(answer.Text("detail"), "The body has an unknown member; accepted are: ") {
					t.Errorf("%s: detail %q", request.Path, answer.Text("detail"))
				}
			}
			s.Settled()
			if n := len(s.Mails(email)); n != 1 {
				t.Errorf("%d mails", n)
			}
			c.Do(proving(mail.Token())).Want(http.StatusOK, "")
		})
	})
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		long := strings.Repeat("l", 60_000)
		before := s.Record().Rows()
		for name, row := range map[string]struct {
			request testkit.Request
			outcome string
		}{
			"an address to register": {registering(long + "@example.com"), notAnAddr},
			"a password to register": {registering(testkit.NewAddress(), testkit.Object{"password": long}), "400 password_too_long"},
			"a name":                 {registering(testkit.NewAddress(), testkit.Object{"last_name": long}), notAnAddr},
			"a locale":               {registering(testkit.NewAddress(), testkit.Object{"locale": long}), notAnAddr},
			"a service":              {testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": "a@example.com", "password": "x", "service": long}}, notAnAddr},
			"a device":               {testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": "a@example.com", "password": "x", "device_name": long}}, notAnAddr},
			"a transport":            {testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": "a@example.com", "password": "x", "transport": long}}, notAnAddr},
			"a refresh token":        {testkit.Request{Path: "/api/auth/refresh", Body: testkit.Object{"refresh_token": long}}, "401 token_invalid"},
			"a token to log out":     {testkit.Request{Path: "/api/auth/logout", Body: testkit.Object{"refresh_token": long}}, "401 token_invalid"},
			"a token of a link":      {proving(long), notAToken},
			"a token in the path":    {following(http.MethodPost, long[:7000], ""), notAToken},
			"a code":                 {provingByCode("a@example.com", long), notAnAddr},
			"an address to resend":   {resending(long + "@example.com"), notAnAddr},
			"a challenge":            {verifying(long, body{"code": "123456"}), notAnAddr},
			"a code of an app":       {verifying("sgch_x", body{"code": long}), notAnAddr},
			"a recovery code":        {verifying("sgch_x", body{"recovery_code": long}), notAnAddr},
			"a bearer token":         {testkit.Request{Path: "/api/auth/me", Bearer: long[:9000]}, "401 token_invalid"},
			"a dotted bearer token":  {testkit.Request{Path: "/api/auth/me", Bearer: strings.Repeat(".", 8000)}, "401 token_invalid"},
		} {
			t.Run(name, func(t *testing.T) {
				if answer := s.Client().In(t).Do(row.request); answer.Outcome() != row.outcome {
					t.Errorf("answer %s, want %s\n%s", answer.Outcome(), row.outcome, answer.Body)
				}
			})
		}
		if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		if strings.Contains(s.Log.String(), long[:200]) {
			t.Error("the log has a long text")
		}
	})
}

// TestForgedAndConfusedTokens sends every secret where another one belongs, and access tokens that were tampered with.
func TestForgedAndConfusedTokens(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c := s.Client()
	in := c.Login(s.NewAccount())
	_, mail := applicant(t, s)
	header, payload, signature := strings.Split(in.Access, ".")[0], strings.Split(in.Access, ".")[1], strings.Split(in.Access, ".")[2]
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	tampered := encode(strings.Replace(string(claims), `"roles":["user"]`, `"roles":["admin"]`, 1))
	forgeries := map[string]string{
		"a refresh token":             in.Refresh,
		"the secret of a link":        mail.Token(),
		"a code":                      mail.Code,
		"an app token's form":         "sgat_" + strings.Repeat("0", 22) + "_" + strings.Repeat("0", 49),
		"a word":                      "admin",
		"alg none":                    encode(`{"alg":"none","typ":"at+jwt"}`) + "." + payload + ".",
		"alg none, signed":            encode(`{"alg":"none","typ":"at+jwt"}`) + "." + payload + "." + signature,
		"alg HS256":                   encode(`{"alg":"HS256","typ":"at+jwt","kid":"x"}`) + "." + payload + "." + signature,
		"a key in the header":         encode(`{"alg":"ES256","typ":"at+jwt","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`) + "." + payload + "." + signature,
		"an unknown key":              encode(`{"alg":"ES256","typ":"at+jwt","kid":"../../dev/null"}`) + "." + payload + "." + signature,
		"other roles":                 header + "." + tampered + "." + signature,
		"no signature":                header + "." + payload + ".",
		"half a signature":            header + "." + payload + "." + signature[:len(signature)/2],
		"a longer signature":          in.Access + "AA",
		"two parts":                   header + "." + payload,
		"four parts":                  in.Access + "." + signature,
		"five parts, as if encrypted": header + "." + payload + "." + signature + "." + payload + "." + signature,
		"padding":                     in.Access + "=",
		"nothing but dots":            "..",
	}
	before := s.Record().Rows()
	for name, token := range forgeries {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			for _, path := range []string{"/api/auth/me", "/api/auth/validate-jwt"} {
				answer := c.Do(testkit.Request{Path: path, Bearer: token}).Want(http.StatusUnauthorized, "token_invalid")
				if answer.Header.Get("WWW-Authenticate") != `Bearer realm="signet", error="invalid_token"` {
					t.Errorf("%s: WWW-Authenticate %q", path, answer.Header.Get("WWW-Authenticate"))
				}
			}
			if token != in.Refresh {
				c.Refresh(token).Want(http.StatusUnauthorized, "token_invalid")
				c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: token}).Want(http.StatusUnauthorized, "token_invalid")
				c.Do(testkit.Request{Path: "/api/auth/logout", Body: testkit.Object{"refresh_token": token}}).Want(http.StatusUnauthorized, "token_invalid")
				c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: token}).Want(http.StatusUnauthorized, "token_invalid")
			}
			if token != mail.Token() {
				c.Do(proving(token)).Want(http.StatusBadRequest, "invalid_token")
			}
		})
	}
	for name, header := range map[string]http.Header{
		"another scheme": {"Authorization": {"Basic YWRtaW46YWRtaW4="}}, "no token": {"Authorization": {"Bearer"}},
		"a cookie": {"Cookie": {"access_token=" + in.Access}}, "a header of its own": {"X-Access-Token": {in.Access}},
		"who claims to be": {"X-User-Id": {"00000000-0000-4000-8000-000000000001"}, "X-Forwarded-User": {"admin"}},
	} {
		if got := c.Do(testkit.Request{Path: "/api/auth/me", Header: header}).Status; got != http.StatusUnauthorized {
			t.Errorf("%s: answer %d", name, got)
		}
	}
	two := http.Header{"Authorization": {"Bearer " + in.Access, "Bearer " + in.Access}}
	c.Do(testkit.Request{Path: "/api/auth/me", Header: two}).Want(http.StatusBadRequest, "invalid_request")

	if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
		t.Errorf("forgeries left rows (-before +after):\n%s", diff)
	}
	c.Me(in.Access).Want(http.StatusOK, "") // and none of it ended the session
	c.Refresh(in.Refresh).Want(http.StatusOK, "")
	for name, token := range forgeries {
		if len(token) > 20 && strings.Contains(s.Log.String(), token) {
			t.Errorf("the log has %s", name)
		}
	}
}
