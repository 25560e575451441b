package api_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/api"
)

type patch struct {
	Name api.Optional[string]          `json:"name,omitzero"`
	Size api.Optional[int]             `json:"size,omitzero"`
	Free api.Optional[json.RawMessage] `json:"free,omitzero"`
}

func TestOptional(t *testing.T) {
	raw := func(text string) api.Optional[json.RawMessage] { return api.Some(json.RawMessage(text)) }
	for text, want := range map[string]patch{
		`{}`:                               {},
		`{"name":null,"free":null}`:        {Name: api.Optional[string]{Given: true, Null: true}, Free: api.Optional[json.RawMessage]{Given: true, Null: true}},
		`{"name":"","size":0}`:             {Name: api.Some(""), Size: api.Some(0)},
		`{"name":"x","free":{"a":1}}`:      {Name: api.Some("x"), Free: raw(`{"a":1}`)},
		`{"free":12345678901234567890.10}`: {Free: raw("12345678901234567890.10")},
	} {
		var got patch
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}

	t.Run("is written when it was given only", func(t *testing.T) {
		for want, p := range map[string]patch{
			`{}`:                               {},
			`{"name":"","size":0,"free":null}`: {Name: api.Some(""), Size: api.Some(0), Free: api.Optional[json.RawMessage]{Given: true, Null: true}},
			`{"name":"x","free":{"a":1}}`:      {Name: api.Some("x"), Free: raw(`{"a":1}`)},
		} {
			if got, err := json.Marshal(p); err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		}
	})

	t.Run("of another type names the member", func(t *testing.T) {
		var mismatch *json.UnmarshalTypeError
		if err := json.Unmarshal([]byte(`{"name":7}`), new(patch)); !errors.As(err, &mismatch) || mismatch.Field != "name" {
			t.Errorf("got %v", err)
		}
	})

	t.Run("is a pointer that is nil when it is absent", func(t *testing.T) {
		var none api.Optional[string]
		if none.Pointer() != nil || *api.Some("x").Pointer() != "x" {
			t.Error("it is not")
		}
	})
}
