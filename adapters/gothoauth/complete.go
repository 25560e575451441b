package gothoauth

import (
	"context"
	"errors"

	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// maxCode is the longest code, in bytes.
const maxCode = 2 << 10

// Complete reads the callback's parameters, exchanges the code and says who the person is.
func (c *client) Complete(ctx context.Context, a provider.Attempt, answer provider.Answer) (provider.Profile, error) {
	select {
	case c.underWay <- struct{}{}:
		defer func() { <-c.underWay }()
	default:
		return provider.Profile{}, domain.ErrBusy.Because(c.fault(provider.StepCallback, "busy", "", nil))
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	m, err := c.metadata(ctx)
	if err != nil {
		return provider.Profile{}, err
	}
	if err := c.judgeAnswer(m, answer); err != nil {
		return provider.Profile{}, err
	}
	l := &login{calls: &calls{ctx: ctx, client: c}, metadata: m, answer: answer}
	if l.token, err = c.exchange(l, a.Verifier); err != nil {
		return provider.Profile{}, err
	}
	p, err := c.identify(ctx, l, a)
	if err != nil {
		return provider.Profile{}, err
	}
	return p, nil
}

// judgeAnswer checks what the browser brought, before the provider is called.
func (c *client) judgeAnswer(m *metadata, answer provider.Answer) error {
	if c.dialect.openID { // RFC 9207: a code of another provider that learned our state must not be exchanged here
		missing := answer.Issuer == "" && m.SendsIssuer && answer.Error == "" // an error is only reported, and some providers send no iss with it
		if missing || answer.Issuer != "" && !c.isIssuer(m)(answer.Issuer) {
			return domain.ErrInvalidState.Because(c.fault(provider.StepCallback, "iss", "", nil))
		}
	}
	switch {
	case answer.Error != "":
		return c.refused(provider.StepCallback, answer.Error, answer.ErrorDescription)
	case answer.ErrorCode != "":
		return c.facebookRefused(answer.ErrorCode)
	case answer.Code.IsZero():
		return domain.ErrInvalidRequest.Saying("The callback must have a code or an error")
	case len(answer.Code.Reveal()) > maxCode:
		return domain.ErrInvalidRequest.Saying("The code is too long")
	}
	return nil
}

func (c *client) isIssuer(m *metadata) func(string) bool {
	if c.dialect.issuers != nil {
		return c.dialect.issuers
	}
	return func(iss string) bool { return iss == m.Issuer }
}

// exchange turns the code into tokens, once: a code that was sent can't be used again, whatever the result.
func (c *client) exchange(l *login, verifier domain.Secret) (*oauth2.Token, error) {
	secret, err := c.secret()
	if err != nil {
		return nil, c.failed(provider.StepExchange, "secret", c.remedy("invalid_client"), err)
	}
	config := c.oauth(l.metadata)
	config.ClientSecret = secret.Reveal()
	var options []oauth2.AuthCodeOption
	if c.pkce(l.metadata) {
		options = append(options, oauth2.VerifierOption(verifier.Reveal()))
	}
	ctx := context.WithValue(l.calls.ctx, oauth2.HTTPClient, l.calls.http())
	token, err := config.Exchange(ctx, l.answer.Code.Reveal(), options...)
	if err != nil {
		return nil, c.exchangeFailed(l.calls, err)
	}
	return token, nil
}

// identify says who the person is: by the id_token, else by a profile.
func (c *client) identify(ctx context.Context, l *login, a provider.Attempt) (provider.Profile, error) {
	if !c.dialect.openID {
		return c.dialect.profile(ctx, l)
	}
	token, _ := l.token.Extra("id_token").(string)
	if token == "" {
		return provider.Profile{}, c.failed(provider.StepIDToken, "missing", "", errors.New("the answer has no id_token"))
	}
	var err error
	l.claims, err = c.verify(ctx, token, l.metadata, provider.Expected{
		Issuer: c.isIssuer(l.metadata), Audience: c.options.ClientID, Nonce: a.Nonce, Algorithms: l.metadata.Algorithms, Now: c.now(),
	})
	if err != nil {
		return provider.Profile{}, err
	}
	return c.dialect.identify(ctx, l)
}

// named writes the names and language that the provider reports.
func named(p *provider.Profile, claims map[string]any) {
	p.GivenName, p.FamilyName, p.Locale = text(claims["given_name"]), text(claims["family_name"]), text(claims["locale"])
	if p.GivenName == "" && p.FamilyName == "" { // not split: first and last name can't be told apart
		p.GivenName = text(claims["name"])
	}
}
