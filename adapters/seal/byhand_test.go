package seal_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"
)

// expandByHand is HKDF-SHA256 (RFC 5869 §2.2, §2.3) without salt, for at most 32 bytes.
func expandByHand(secret, label string, size int) []byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write([]byte(secret))
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte(label))
	expand.Write([]byte{1})
	return expand.Sum(nil)[:size]
}

// sealedByHand seals under a fixed nonce, so that every process of a fuzzing run has the same values.
func sealedByHand(tb testing.TB, secret, place string, plain []byte) (sealed, same []byte) {
	tb.Helper()
	block, err := aes.NewCipher(expandByHand(secret, "signet/v1/seal", 32))
	if err != nil {
		tb.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatal(err)
	}
	head := append([]byte{1}, expandByHand(secret, "signet/v1/key-id", 4)...)
	nonce := []byte("twelve bytes")
	sealed = append(append([]byte{}, head...), nonce...)
	return aead.Seal(sealed, nonce, plain, append(head, place...)), plain
}

func spellings(b []byte) []string {
	return []string{hex.EncodeToString(b), hex.EncodeToString(b[:16]), base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b), string(b)}
}
