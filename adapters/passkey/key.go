package passkey

import (
	"fmt"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/signet-auth/signet/ports/factor"
)

// algorithms are the ones that are asked for, the best first, with the kind of key that each takes.
var algorithms = []struct {
	id  webauthncose.COSEAlgorithmIdentifier
	key webauthncose.COSEKeyType
}{
	{webauthncose.AlgES256, webauthncose.EllipticKey},
	{webauthncose.AlgEdDSA, webauthncose.OctetKey},
	{webauthncose.AlgRS256, webauthncose.RSAKey},
}

// The numbers of an RSA key (FIPS 186-5 §5.1, §5.4 (e)). Anyone can have a wrong signature judged by a key of their own account, which takes
// 40 ms for one of 2 KB. A small exponent is where forgeries of careless verifiers begin, and crypto/rsa takes none beyond 31 bits.
const (
	shortestRSA   = 2048 // bits
	longestRSA    = 4096
	leastExponent = 1<<16 + 1
	mostExponent  = 1<<31 - 1
)

// readKey reads a COSE key of an algorithm that is asked for. The library reads more of them, and takes any algorithm of an RSA key.
func readKey(cose []byte) (key any, err error) {
	var head webauthncose.PublicKeyData
	if len(cose) > factor.MaxPublicKey {
		return nil, fmt.Errorf("%w: the public key has more than %d bytes", factor.ErrMalformed, factor.MaxPublicKey)
	}
	if webauthncbor.Unmarshal(cose, &head) != nil {
		return nil, errKey
	}
	for _, a := range algorithms {
		if int64(a.id) != head.Algorithm {
			continue
		}
		key, err = webauthncose.ParsePublicKey(cose)
		if err != nil || int64(a.key) != head.KeyType {
			return nil, errKey
		}
		if k, is := key.(webauthncose.RSAPublicKeyData); is && !isSound(k) {
			return nil, errKey
		}
		return key, nil
	}
	return nil, fmt.Errorf("%w: a key of algorithm %d", factor.ErrUnfit, head.Algorithm)
}

// isSound tells whether a key can sign, and nobody but its owner by it. One that can't would only show it when its owner is locked out.
func isSound(k webauthncose.RSAPublicKeyData) bool {
	n := new(big.Int).SetBytes(k.Modulus)
	e, err := webauthncose.ParseRSAPublicKeyDataExponent(&k)
	return err == nil && n.BitLen() >= shortestRSA && n.BitLen() <= longestRSA && n.Bit(0) == 1 && e >= leastExponent && e <= mostExponent && e%2 == 1
}

var errKey = fmt.Errorf("%w: the public key must be of P-256, Ed25519, or RSA of 2048 to 4096 bits with an odd exponent from 65537", factor.ErrMalformed)
