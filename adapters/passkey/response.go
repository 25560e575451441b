package passkey

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// Presented reads the credential's id and the user handle.
func (*RelyingParty) Presented(response []byte) (factor.Presented, error) {
	parsed, err := readAssertion(response)
	if err != nil {
		return factor.Presented{}, err
	}
	presented := factor.Presented{CredentialID: parsed.RawID}
	if handle := parsed.Response.UserHandle; len(handle) == 16 {
		presented.User = domain.UUIDText[domain.UserID]([16]byte(handle))
	}
	return presented, nil
}

func readAssertion(response []byte) (*protocol.ParsedCredentialAssertionData, error) {
	var raw protocol.CredentialAssertionResponse
	if err := decode(response, &raw, &raw.RawID); err != nil {
		return nil, err
	}
	parsed, err := raw.Parse()
	if err != nil {
		return nil, errResponse
	}
	return parsed, nil
}

func readCreation(response []byte) (*protocol.ParsedCredentialCreationData, error) {
	var raw protocol.CredentialCreationResponse
	if err := decode(response, &raw, &raw.RawID); err != nil {
		return nil, err
	}
	parsed, err := raw.Parse()
	if err != nil {
		return nil, errResponse
	}
	return parsed, nil
}

// decode reads the JSON alone, so that sizes are known before more is read. The library's errors say more, and repeat what was sent.
func decode(response []byte, raw any, id *protocol.URLEncodedBase64) error {
	if len(response) > factor.MaxResponse {
		return fmt.Errorf("%w: more than %d bytes", factor.ErrMalformed, factor.MaxResponse)
	}
	if json.Unmarshal(response, raw) != nil {
		return errResponse
	}
	if len(*id) > factor.MaxCredentialID {
		return fmt.Errorf("%w: the id has more than %d bytes", factor.ErrMalformed, factor.MaxCredentialID)
	}
	return nil
}

var errResponse = fmt.Errorf("%w: it must be what toJSON of a PublicKeyCredential returns", factor.ErrMalformed)
