package passkey

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// Options say which relying party it is.
type Options struct {
	RPID    string   // a domain
	Name    string   // which authenticators show
	Origins []string // where its credentials may be used, as browsers and apps write them
}

// RelyingParty implements factor.Passkeys.
type RelyingParty struct {
	id, name string
	origins  []string
}

// New checks the options.
func New(o Options) (*RelyingParty, error) {
	if err := protocol.ValidateRPID(o.RPID); err != nil {
		return nil, fmt.Errorf("the relying party's id %q: %w", o.RPID, err)
	}
	if o.Name == "" || len(o.Origins) == 0 {
		return nil, errors.New("a relying party has a name and an origin")
	}
	for _, origin := range o.Origins {
		if exact, err := protocol.FullyQualifiedOrigin(origin); err != nil || exact != origin {
			return nil, fmt.Errorf("%q is not an origin", origin)
		}
	}
	return &RelyingParty{id: o.RPID, name: o.Name, origins: o.Origins}, nil
}

// RPID is the relying party's id.
func (rp *RelyingParty) RPID() string { return rp.id }

// CreationOptions are a PublicKeyCredentialCreationOptionsJSON.
func (rp *RelyingParty) CreationOptions(c factor.Creation) ([]byte, error) {
	handle, ok := domain.UUIDBytes(c.User)
	if !ok {
		return nil, errors.New("the user's id is no UUID")
	}
	if len(c.Challenge) != factor.ChallengeSize {
		return nil, errNoChallenge
	}
	selection := protocol.AuthenticatorSelection{
		RequireResidentKey: protocol.ResidentKeyNotRequired(),
		ResidentKey:        protocol.ResidentKeyRequirementDiscouraged,
		UserVerification:   protocol.VerificationPreferred,
	}
	if c.Resident {
		selection = protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		}
	}
	options := protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{ID: rp.id, CredentialEntity: protocol.CredentialEntity{Name: rp.name}},
		User: protocol.UserEntity{
			ID: protocol.URLEncodedBase64(handle[:]), DisplayName: c.Account, CredentialEntity: protocol.CredentialEntity{Name: c.Account},
		},
		Challenge:              c.Challenge,
		CredentialExcludeList:  descriptors(c.Exclude),
		AuthenticatorSelection: selection,
		Attestation:            protocol.PreferNoAttestation,
	}
	for _, a := range algorithms {
		options.Parameters = append(options.Parameters, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a.id})
	}
	return json.Marshal(options)
}

// RequestOptions are a PublicKeyCredentialRequestOptionsJSON.
func (rp *RelyingParty) RequestOptions(a factor.Assertion) ([]byte, error) {
	if len(a.Challenge) != factor.ChallengeSize {
		return nil, errNoChallenge
	}
	verification := protocol.VerificationPreferred
	if a.Passwordless {
		verification = protocol.VerificationRequired
	}
	return json.Marshal(protocol.PublicKeyCredentialRequestOptions{
		Challenge: a.Challenge, RelyingPartyID: rp.id, AllowedCredentials: descriptors(a.Allow), UserVerification: verification,
	})
}

func descriptors(credentials []domain.Credential) (all []protocol.CredentialDescriptor) {
	for _, c := range credentials {
		d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: c.ID}
		for _, transport := range c.Transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(transport))
		}
		all = append(all, d)
	}
	return all
}
