package domain

// The wire format of opaque tokens, for tests that compare it with an independent implementation.
var (
	Base62Length = base62Length
	EncodeBase62 = encodeBase62
	DecodeBase62 = decodeBase62
	EncodeOpaque = encodeOpaque
	DecodeOpaque = decodeOpaque
)
