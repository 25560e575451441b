package otp

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

const (
	secretSize = 20 // bytes, as many as SHA-1 has
	digits     = 6
	period     = 30  // seconds
	codeSize   = 256 // pixels of the QR code
	quietZone  = 32  // pixels around it, four of its modules or more: readers need them
)

var text = base32.StdEncoding.WithPadding(base32.NoPadding)

// Generator implements factor.OTP.
type Generator struct{}

// New makes a key.
func (Generator) New(issuer, account string) (factor.OTPKey, error) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // it never fails
	uri := keyURI(issuer, account, text.EncodeToString(secret))
	qr, err := qrCode(uri)
	if err != nil {
		return factor.OTPKey{}, fmt.Errorf("the QR code: %w", err)
	}
	return factor.OTPKey{
		Secret: secret, Text: domain.NewSecret(text.EncodeToString(secret)), URI: domain.NewSecret(uri), QR: qr,
	}, nil
}

// keyURI is an otpauth URI (https://github.com/google/google-authenticator/wiki/Key-Uri-Format). In its label a colon ends the issuer, so a
// colon of the issuer's own is left out there; apps take the parameter first.
func keyURI(issuer, account, secret string) string {
	// Apps show a plus as it is, and not as a blank.
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d",
		escape(strings.ReplaceAll(issuer, ":", "")), escape(account), secret, escape(issuer), digits, period)
}

// qrCode draws the library's code, which comes without its quiet zone, on white.
func qrCode(uri string) ([]byte, error) {
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		return nil, err
	}
	code, err := key.Image(codeSize, codeSize)
	if err != nil {
		return nil, err
	}
	page := image.NewPaletted(image.Rect(0, 0, codeSize+2*quietZone, codeSize+2*quietZone), color.Palette{color.White, color.Black})
	draw.Draw(page, code.Bounds().Add(image.Pt(quietZone, quietZone)), code, code.Bounds().Min, draw.Src)
	var file bytes.Buffer
	err = png.Encode(&file, page)
	return file.Bytes(), err
}

// Match compares the code with those of all three steps, so that the time it takes doesn't tell one wrong code from another. If two steps
// have the same code, the later one counts: the earlier one would leave the code good for another use.
func (Generator) Match(secret []byte, code string, now time.Time) (step int64, ok bool) {
	if len(secret) == 0 { // HMAC takes it
		return 0, false
	}
	current := now.Unix() / period
	for _, candidate := range []int64{current - 1, current, current + 1} {
		right, err := hotp.GenerateCodeCustom(text.EncodeToString(secret), uint64(candidate), hotp.ValidateOpts{
			Digits: digits, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok
}
