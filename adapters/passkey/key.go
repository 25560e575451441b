package passkey

import (
	"fmt"

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

// The sizes of an RSA modulus, in bytes. Anyone can have a wrong signature judged by a key of their own account, which takes 40 ms for
// one of 2 KB.
const (
	shortestRSA = 2048 / 8
	longestRSA  = 4096 / 8
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
		if k, is := key.(webauthncose.RSAPublicKeyData); is && (len(k.Modulus) < shortestRSA || len(k.Modulus) > longestRSA) {
			return nil, errKey
		}
		return key, nil
	}
	return nil, fmt.Errorf("%w: a key of algorithm %d", factor.ErrUnfit, head.Algorithm)
}

var errKey = fmt.Errorf("%w: the public key must be one of P-256, of Ed25519, or of RSA with 2048 to 4096 bits", factor.ErrMalformed)
