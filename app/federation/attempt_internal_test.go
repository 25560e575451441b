package federation

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAnAttemptIsPackedShort(t *testing.T) {
	full := attempt{
		State: hashState("s"), Provider: strings.Repeat("p", 32), Fingerprint: make([]byte, 8), Verifier: strings.Repeat("v", 43), Nonce: strings.Repeat("n", 43),
		User: "018f0000-0000-7000-8000-000000000001", Session: "018f0000-0000-7000-8000-000000000002", RedirectTo: strings.Repeat("r", 512),
		CallerState: strings.Repeat("c", 256), Challenge: strings.Repeat("h", 43), Service: strings.Repeat("x", 50), Begun: time.UnixMicro(1_900_000_000_000_000).UTC(),
	}
	packed := full.pack()
	got, err := unpackAttempt(packed)
	if err != nil || !reflect.DeepEqual(got, full) {
		t.Errorf("%+v, %v", got, err)
	}
	if encoded := (len(packed) + 64) * 4 / 3; encoded > 1600 { // sealed and in base64; proxies bound what a browser may send
		t.Errorf("the largest cookie has about %d bytes", encoded)
	}
}

// FuzzUnpackAttempt wants no panic of what was sealed by another release, and one spelling for each attempt.
func FuzzUnpackAttempt(f *testing.F) {
	f.Add(attempt{Provider: "google", Begun: time.UnixMicro(1).UTC()}.pack())
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := unpackAttempt(b)
		if err != nil {
			return
		}
		again, err := unpackAttempt(a.pack())
		if err != nil || !bytes.Equal(again.pack(), a.pack()) {
			t.Fatalf("%v, %v", again, err)
		}
	})
}
