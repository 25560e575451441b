package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"
)

// Cursor is where a list with the newest first continues: after the row of that time and id. The zero cursor is the beginning.
//
// Clients get it as an opaque text with a MAC over the cursor, the list and its owner, so that a client can't invent a cursor, and a cursor
// of one list is invalid for another (security.md, IN-3).
type Cursor struct {
	At time.Time
	ID string // a UUID
}

// FeedCursor is where the change feed continues: after that number of that epoch. The zero cursor is the beginning.
type FeedCursor struct {
	Epoch [8]byte
	Seq   int64
}

// CursorKeys are the keys of the MAC: the current one first, then the previous ones, whose cursors still count.
type CursorKeys [][]byte

const cursorTagSize = 16

// IsZero tells whether it is the beginning.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// Text is the form for clients; empty for the beginning.
func (c Cursor) Text(keys CursorKeys, list string) string {
	id, ok := UUIDBytes(c.ID)
	if c.IsZero() || !ok {
		return ""
	}
	return cursorText(append(appendInt64(nil, c.At.UnixMicro()), id[:]...), keys, list)
}

// ParseCursor reads the text of a cursor of this list; an empty one is the beginning. ErrInvalidCursor for anything else.
func ParseCursor(text string, keys CursorKeys, list string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	body, err := cursorBody(text, 8+16, keys, list)
	if err != nil {
		return Cursor{}, err
	}
	return Cursor{At: time.UnixMicro(readInt64(body[:8])).UTC(), ID: UUIDText[string]([16]byte(body[8:]))}, nil
}

// Cursor is the cursor after the place.
func (p FeedPlace) Cursor() FeedCursor {
	sum := sha256.Sum256([]byte(p.Epoch))
	return FeedCursor{Epoch: [8]byte(sum[:8]), Seq: p.Seq}
}

// IsZero tells whether it is the beginning.
func (c FeedCursor) IsZero() bool { return c == FeedCursor{} }

// Text is the form for clients.
func (c FeedCursor) Text(keys CursorKeys, list string) string {
	return cursorText(appendInt64(c.Epoch[:], c.Seq), keys, list)
}

// ParseFeedCursor is ParseCursor for the feed: an id of a stream, or the cursor of a poll.
func ParseFeedCursor(text string, keys CursorKeys, list string) (FeedCursor, error) {
	if text == "" {
		return FeedCursor{}, nil
	}
	body, err := cursorBody(text, 8+8, keys, list)
	if err != nil {
		return FeedCursor{}, ErrInvalidCursor.Saying("The cursor does not belong to this service. Begin without one, and go on with cursor of the answer or the last id of the stream")
	}
	return FeedCursor{Epoch: [8]byte(body[:8]), Seq: readInt64(body[8:])}, nil
}

func cursorText(body []byte, keys CursorKeys, list string) string {
	return encodeOpaque(cursorPrefix, append(body, cursorTag(keys[0], list, body)...))
}

func cursorBody(text string, size int, keys CursorKeys, list string) ([]byte, error) {
	fields, ok := decodeOpaque(text, cursorPrefix, size+cursorTagSize)
	if !ok {
		return nil, ErrInvalidCursor
	}
	body, tag := fields[0][:size], fields[0][size:]
	for _, key := range keys {
		if hmac.Equal(tag, cursorTag(key, list, body)) {
			return body, nil
		}
	}
	return nil, ErrInvalidCursor
}

func cursorTag(key []byte, list string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body) // of fixed length, so that it can't be confused with a part of the list's name
	mac.Write([]byte(list))
	return mac.Sum(nil)[:cursorTagSize]
}
