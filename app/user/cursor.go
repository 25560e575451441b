package user

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

var errCursor = &domain.Error{Kind: domain.Invalid, Code: "invalid_cursor", Text: "cursor must be the next_cursor of an earlier answer"}

// A cursor is 8 bytes of time, 16 of id and 16 of MAC: nobody can make one up to look where no page of theirs ended
// (CVE-2026-33503).
const (
	cursorBody = 8 + 16
	cursorMAC  = 16
)

func sealCursor(s secure.Sealer, m store.UserMark) string {
	id, _ := domain.UUIDBytes(m.ID)
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorBody+cursorMAC), uint64(m.CreatedAt.UnixMicro()))
	raw = append(raw, id[:]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, cursorSum(cursorKeys(s)[0], raw)...))
}

func openCursor(s secure.Sealer, text string) (store.UserMark, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != cursorBody+cursorMAC {
		return store.UserMark{}, errCursor
	}
	for _, key := range cursorKeys(s) {
		if hmac.Equal(cursorSum(key, raw[:cursorBody]), raw[cursorBody:]) {
			at := time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC()
			return store.UserMark{CreatedAt: at, ID: domain.UUIDText[domain.UserID]([16]byte(raw[8:cursorBody]))}, nil
		}
	}
	return store.UserMark{}, errCursor
}

func cursorKeys(s secure.Sealer) [][]byte { return s.Derive("cursor-users") }

func cursorSum(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:cursorMAC]
}
