package echohttp

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
)

// mountLinks adds the routes of the link in a verification mail. A GET by a person shows a page with a button, because mail
// scanners follow links; a GET by a program that says so consumes, as the original service did.
func (r *Accounts) mountLinks(a *API) {
	produces := []Content{
		{Description: "Verified", Type: mediaJSON, Body: api.MessageResponse{}},
		{Description: "A page with a button (GET), or with the outcome (POST)", Type: mediaHTML},
	}
	HandleRaw(a, http.MethodGet, "/api/auth/verify-email/{token}", Op{
		ID: "followVerificationLink", Tag: accountsTag, Summary: "Follow the link of a verification mail",
		Description: "Accept text/html: a page whose button posts. Accept application/json, or no Accept: verifies. Anything else: confirmation_required.",
		Produces:    produces, Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrConfirmationNeeded},
	}, r.followLink)
	HandleRaw(a, http.MethodPost, "/api/auth/verify-email/{token}", Op{
		ID: "confirmVerificationLink", Tag: accountsTag, Summary: "Prove a mailbox by the token of the link",
		Produces: slices.Concat(produces, []Content{{Status: http.StatusBadRequest, Description: "For browsers, a page that says so", Type: mediaHTML}}, retryContents),
		Errors:   []*domain.Error{domain.ErrInvalidToken},
	}, r.postLink)
}

func (r *Accounts) followLink(ctx context.Context, caller Caller, in api.VerifyEmailLinkRequest) (Raw, error) {
	html, json := accepts(caller.Accept, mediaHTML), caller.Accept == "" || accepts(caller.Accept, mediaJSON)
	switch {
	case html || caller.Head:
		return pageOf(caller, http.StatusOK, pageConfirm, retryView{})
	case !json && !r.ConsumeOnAnyGet:
		return Raw{}, domain.ErrConfirmationNeeded
	}
	return r.consumeLink(ctx, caller, in, false)
}

func (r *Accounts) postLink(ctx context.Context, caller Caller, in api.VerifyEmailLinkRequest) (Raw, error) {
	return r.consumeLink(ctx, caller, in, accepts(caller.Accept, mediaHTML))
}

// consumeLink answers a person with a page, also when the link is no good any more, and a program with JSON.
func (r *Accounts) consumeLink(ctx context.Context, caller Caller, in api.VerifyEmailLinkRequest, html bool) (Raw, error) {
	_, err := r.Verification.Handle(ctx, auth.VerifyEmailInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	status, public := classify(err)
	switch {
	case html && errors.Is(err, domain.ErrInvalidToken):
		return page(caller, http.StatusBadRequest, pageInvalid)
	case html && err != nil && passes(public):
		return retryPage(status, public, func(v retryView) (Raw, error) { return pageOf(caller, status, pageConfirm, v) })
	case err != nil:
		return Raw{}, err
	case html:
		return page(caller, http.StatusOK, pageVerified)
	}
	return JSON(http.StatusOK, verified)
}

// accepts tells whether an Accept header names a media type itself. Wildcards don't count: they are what scanners send.
func accepts(header, media string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(item)
		if err != nil || name != media {
			continue
		}
		if weight, given := params["q"]; !given || strings.ContainsAny(weight, "123456789") { // 0 and 0.000 are "not this one"
			return true
		}
	}
	return false
}
