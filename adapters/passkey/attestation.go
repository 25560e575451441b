package passkey

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/signet-auth/signet/ports/factor"
)

// attested refuses a statement that certificates would be read of: clients leave those out when none is asked for, and what the library does
// with them takes hundreds of lines, and the clock.
func attested(o protocol.AttestationObject, id []byte) error {
	_, algorithm := o.AttStatement["alg"]
	_, signature := o.AttStatement["sig"]
	none := o.Format == string(protocol.AttestationFormatNone) && len(o.AttStatement) == 0
	self := o.Format == string(protocol.AttestationFormatPacked) && len(o.AttStatement) == 2 && algorithm && signature
	if !none && !self {
		return fmt.Errorf("%w: the attestation must be none, or packed and signed by the credential itself", factor.ErrMalformed)
	}
	if !bytes.Equal(o.AuthData.AttData.CredentialID, id) {
		return fmt.Errorf("%w: the attested credential has another id", factor.ErrMalformed)
	}
	return nil
}

// transports are the known ones among what a client says, which is not signed.
func transports(said []protocol.AuthenticatorTransport) (known []string) {
	for _, transport := range []protocol.AuthenticatorTransport{
		protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
	} {
		if slices.Contains(said, transport) {
			known = append(known, string(transport))
		}
	}
	return known
}
