package passkey

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// Create judges a new credential (WebAuthn Level 3 §7.1).
func (rp *RelyingParty) Create(c factor.Creation, response []byte) (factor.Created, error) {
	parsed, err := readCreation(response)
	if err != nil {
		return factor.Created{}, err
	}
	object := parsed.Response.AttestationObject
	if err := attested(object, parsed.RawID); err != nil {
		return factor.Created{}, err
	}
	if _, err := readKey(object.AuthData.AttData.CredentialPublicKey); err != nil {
		return factor.Created{}, err
	}
	hash := sha256.Sum256(parsed.Raw.AttestationResponse.ClientDataJSON)
	err = rp.judge(ceremony{protocol.CreateCeremony, c.Challenge, c.Resident}, parsed.Response.CollectedClientData, object.AuthData, func() bool {
		return object.VerifyAttestation(hash[:], nil, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}) == nil
	})
	if err != nil {
		return factor.Created{}, err
	}
	flags := object.AuthData.Flags
	return factor.Created{
		Credential: domain.Credential{
			ID: parsed.RawID, PublicKey: object.AuthData.AttData.CredentialPublicKey, RPID: rp.id, SignCount: object.AuthData.Counter,
			Transports: transports(parsed.Response.Transports), BackupEligible: flags.HasBackupEligible(), BackedUp: flags.HasBackupState(),
		},
		UserVerified: flags.HasUserVerified(),
	}, nil
}

// Assert judges a signature (WebAuthn Level 3 §7.2), but for the user handle, the counter and a change of the backup flags, which are the
// caller's.
func (rp *RelyingParty) Assert(a factor.Assertion, by domain.Credential, response []byte) (factor.Asserted, error) {
	parsed, err := readAssertion(response)
	if err != nil {
		return factor.Asserted{}, err
	}
	key, err := readKey(by.PublicKey)
	if err != nil {
		return factor.Asserted{}, errors.New("the stored key: " + err.Error()) // which is not about the response
	}
	allowed := func(c domain.Credential) bool { return bytes.Equal(c.ID, parsed.RawID) }
	if !allowed(by) || len(a.Allow) > 0 && !slices.ContainsFunc(a.Allow, allowed) {
		return factor.Asserted{}, fmt.Errorf("%w: another credential", factor.ErrUnfit)
	}
	hash := sha256.Sum256(parsed.Raw.AssertionResponse.ClientDataJSON)
	data := parsed.Response.AuthenticatorData
	err = rp.judge(ceremony{protocol.AssertCeremony, a.Challenge, a.Passwordless}, parsed.Response.CollectedClientData, data, func() bool {
		signed := slices.Concat(parsed.Raw.AssertionResponse.AuthenticatorData, hash[:])
		valid, err := webauthncose.VerifySignature(key, signed, parsed.Response.Signature)
		return valid && err == nil
	})
	if err != nil {
		return factor.Asserted{}, err
	}
	return factor.Asserted{
		SignCount: data.Counter, UserVerified: data.Flags.HasUserVerified(), BackupEligible: data.Flags.HasBackupEligible(),
		BackedUp: data.Flags.HasBackupState(),
	}, nil
}

// ceremony is what was asked for.
type ceremony struct {
	kind      protocol.CeremonyType
	challenge protocol.URLEncodedBase64
	verified  bool
}

// judge compares what the client said, and the authenticator, with the relying party and then with what was asked for: only a genuine
// response can be unfit. The origin has to be one of the list, to the letter.
func (rp *RelyingParty) judge(c ceremony, client protocol.CollectedClientData, data protocol.AuthenticatorData, signed func() bool) error {
	hash := sha256.Sum256([]byte(rp.id))
	switch flags := data.Flags; {
	case len(c.challenge) != factor.ChallengeSize:
		return errNoChallenge
	case !slices.Contains(rp.origins, client.Origin):
		return fmt.Errorf("%w: its origin is %.100q", factor.ErrForged, client.Origin)
	case client.CrossOrigin, client.TopOrigin != "":
		return fmt.Errorf("%w: it was made within a page of another origin", factor.ErrForged)
	case !bytes.Equal(data.RPIDHash, hash[:]):
		return fmt.Errorf("%w: it is for another relying party", factor.ErrForged)
	case !signed():
		return fmt.Errorf("%w: the signature is wrong", factor.ErrForged)
	case flags.HasBackupState() && !flags.HasBackupEligible():
		return fmt.Errorf("%w: backed up without being eligible for it", factor.ErrMalformed)
	case client.Type != c.kind:
		return fmt.Errorf("%w: of another ceremony", factor.ErrUnfit)
	case client.Challenge != c.challenge.String():
		return fmt.Errorf("%w: another challenge", factor.ErrUnfit)
	case !flags.HasUserPresent():
		return fmt.Errorf("%w: nobody was present", factor.ErrUnfit)
	case c.verified && !flags.HasUserVerified():
		return fmt.Errorf("%w: the user was not verified", factor.ErrUnfit)
	}
	return nil
}

// errNoChallenge is a fault of the caller: any response with as little in it would fit.
var errNoChallenge = errors.New("there is no challenge, or one of another size")
