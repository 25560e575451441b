package echohttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
)

// mountLinks adds the page behind the link in a mail, for who has no front end of their own (LINK_EMAIL_CHANGE). Its button posts
// back to the same address. Unlike that of a verification, whose callers are older than Signet, no GET of this link has an
// effect (ASVS 3.5.3): it is for people.
func (r *Profile) mountLinks(a *API) {
	HandleRaw(a, http.MethodGet, "/api/auth/change-email/{token}", Op{
		ID: "followEmailChangeLink", Tag: accountsTag, Summary: "The page of the link, with a button that posts",
		Description: "Accept text/html: the page, the same for every token. Anything else: confirmation_required.",
		Produces:    []Content{{Description: "The page", Type: mediaHTML}},
		Errors:      []*domain.Error{domain.ErrConfirmationNeeded},
	}, r.followLink)
	HandleRaw(a, http.MethodPost, "/api/auth/change-email/{token}", Op{
		ID: "confirmEmailChangeLink", Tag: accountsTag, Summary: "Prove the new address by the token of the link",
		Produces: append([]Content{
			{Description: "Changed", Type: mediaJSON, Body: api.MessageResponse{}},
			{Description: "For browsers, a page that says so", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "For browsers, a page that says that the link no longer works", Type: mediaHTML},
		}, retryContents...),
		Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, r.postLink)
}

func (r *Profile) followLink(_ context.Context, caller Caller, _ api.ChangeEmailLinkRequest) (Raw, error) {
	if !caller.Head && !accepts(caller.Accept, mediaHTML) {
		return Raw{}, domain.ErrConfirmationNeeded
	}
	return pageOf(caller, http.StatusOK, pageEmailChange, retryView{})
}

func (r *Profile) postLink(ctx context.Context, caller Caller, in api.ChangeEmailLinkRequest) (Raw, error) {
	html := accepts(caller.Accept, mediaHTML)
	err := r.ConfirmEmail.Handle(ctx, profile.ConfirmEmailInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	status, public := classify(err)
	switch {
	case html && errors.Is(err, domain.ErrInvalidToken):
		return page(caller, http.StatusBadRequest, pageEmailChangeInvalid)
	case html && err != nil && passes(public):
		return retryPage(status, public, func(v retryView) (Raw, error) { return pageOf(caller, status, pageEmailChange, v) })
	case err != nil:
		return Raw{}, err
	case html:
		return page(caller, http.StatusOK, pageEmailChangeDone)
	}
	return JSON(http.StatusOK, emailChanged)
}
