package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// page is a list of users.
func (f *office) page(t *testing.T, query url.Values) (ids []string, answer testkit.Response) {
	t.Helper()
	answer = f.client.In(t).Do(get("/api/users?"+query.Encode(), f.admin)).Want(http.StatusOK, "")
	users, _ := answer.JSON()["users"].([]any)
	for _, u := range users {
		ids = append(ids, u.(map[string]any)["id"].(string))
	}
	return ids, answer
}

func TestListingUsers(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		want := []string{f.root.ID}
		for range 4 {
			want = append([]string{f.NewAccount().ID}, want...)
		}
		f.on(t, f.admin, "", want[0], "/disable", body{"reason": "x"}).Want(http.StatusOK, "")
		f.on(t, f.admin, "", want[2], "/disable", body{"reason": "x"}).Want(http.StatusOK, "")
		f.on(t, f.admin, http.MethodPatch, want[1], "", body{"first_name": "Searched", "last_name": "Found"}).Want(http.StatusOK, "")
		f.on(t, f.admin, http.MethodPatch, want[2], "", body{"first_name": "Hidden", "last_name": "searcher"}).Want(http.StatusOK, "")

		for name, row := range map[string]struct {
			query url.Values
			want  []string
		}{
			"all":      {nil, want},
			"active":   {url.Values{"is_active": {"true"}}, []string{want[1], want[3], want[4]}},
			"disabled": {url.Values{"is_active": {"false"}}, []string{want[0], want[2]}},
		} {
			t.Run(name+", page by page", func(t *testing.T) {
				query := url.Values{"limit": {"2"}}
				maps.Copy(query, row.query)
				var got []string
				for {
					ids, answer := f.page(t, query)
					got = append(got, ids...)
					next, more := answer.JSON()["next_cursor"].(string)
					if !more {
						break
					}
					query.Set("cursor", next)
				}
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Errorf("users (-want +got):\n%s", diff)
				}
			})
		}
		for name, row := range map[string]struct {
			query     url.Values
			want      []string
			truncated bool
		}{
			"the beginning of a name, first or last":     {url.Values{"search": {"SEARCH"}}, []string{want[1], want[2]}, false},
			"of those who may act":                       {url.Values{"search": {"search"}, "is_active": {"true"}}, want[1:2], false},
			"the newest":                                 {url.Values{"search": {"search"}, "limit": {"1"}}, want[1:2], true},
			"the beginning of an address":                {url.Values{"search": {f.root.Email[:len(f.root.Email)-4]}}, want[4:], false},
			"an id":                                      {url.Values{"search": {want[3]}}, want[3:4], false},
			"an id, of those who may not act":            {url.Values{"search": {want[3]}, "is_active": {"false"}}, nil, false},
			"nothing":                                    {url.Values{"search": {"%%"}}, nil, false},
			"what could be SQL (Zitadel CVE-2025-67717)": {url.Values{"search": {"' OR 1=1 --"}}, nil, false},
		} {
			t.Run("search: "+name, func(t *testing.T) {
				ids, answer := f.page(t, row.query)
				if diff := cmp.Diff(row.want, ids); diff != "" {
					t.Errorf("users (-want +got):\n%s", diff)
				}
				if _, more := answer.JSON()["next_cursor"]; more || (answer.JSON()["truncated"] == true) != row.truncated {
					t.Errorf("got %s", answer.Body)
				}
			})
		}
		t.Run("refuses", func(t *testing.T) {
			_, first := f.page(t, url.Values{"limit": {"1"}})
			cursor := first.Text("next_cursor")
			_, reader := f.clerk(t, domain.RolePlatformReader)
			for name, row := range map[string]struct{ query, token, want string }{
				"one letter":                      {"search=a", f.admin, "400 invalid_request"},
				"spaces":                          {"search=%20%20%20", f.admin, "400 invalid_request"},
				"a limit that is too high":        {"limit=201", f.admin, "400 invalid_request"},
				"a state that is none":            {"is_active=maybe", f.admin, "400 invalid_request"},
				"a cursor of another list":        {"is_active=true&cursor=" + cursor, f.admin, "400 invalid_cursor"},
				"a cursor of somebody else":       {"cursor=" + cursor, reader, "400 invalid_cursor"},
				"a cursor in a search":            {"search=search&cursor=" + cursor, f.admin, "400 invalid_cursor"},
				"a cursor (hydra CVE-2026-33503)": {"cursor=AAAA", f.admin, "400 invalid_cursor"},
			} {
				if got := f.client.Do(get("/api/users?"+row.query, row.token)).Outcome(); got != row.want {
					t.Errorf("%s: got %s, want %s", name, got, row.want)
				}
			}
		})
	})
}
