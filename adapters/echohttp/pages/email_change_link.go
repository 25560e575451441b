package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
)

// EmailChangeLink is the routes of the link in a mail that proves a new address, for deployments whose front end has no page for it
// (LINK_EMAIL_CHANGE). Its button posts back to the same address. No GET of this link has an effect (ASVS 3.5.3), unlike the verification
// link, which programs already called before Signet.
type EmailChangeLink struct {
	Service *profile.Service
	Site    *Site
}

// Mount adds the routes.
func (l *EmailChangeLink) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/api/auth/change-email/{token}", echohttp.Op{
		ID: "followEmailChangeLink", Tag: echohttp.TagAccount, Summary: "The page of the link, with a button that posts",
		Description: "Accept text/html: the page, or one that says that the link no longer works. Anything else: confirmation_required.",
		Produces:    append([]echohttp.Content{{Description: "The page", Type: mediaHTML}}, lookContents...),
		Errors:      []*domain.Error{domain.ErrConfirmationNeeded},
	}, l.follow)
	echohttp.HandleRaw(a, http.MethodPost, "/api/auth/change-email/{token}", echohttp.Op{
		ID: "confirmEmailChangeLink", Tag: echohttp.TagAccount, Summary: "Prove the new address by the token of the link",
		Produces: append([]echohttp.Content{
			{Description: "Changed", Type: echohttp.MediaJSON, Body: api.MessageResponse{}},
			{Description: "For browsers, a page that says so", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "For browsers, a page that says that the link no longer works", Type: mediaHTML},
		}, retryContents...),
		FailurePage: func(caller echohttp.Caller, status int, failure *domain.Error) (echohttp.Raw, bool) {
			return l.Site.unreadable(emailChangePage, caller, status, failure, plainView)
		},
		Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, l.post)
}

func (l *EmailChangeLink) follow(ctx context.Context, caller echohttp.Caller, in api.ChangeEmailLinkRequest) (echohttp.Raw, error) {
	if !caller.Head && !WantsHTML(caller.Accept) {
		return echohttp.Raw{}, domain.ErrConfirmationNeeded
	}
	seen, err := l.Service.LookAtEmailChange(ctx, profile.LookAtEmailChangeInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	if err != nil {
		return l.Site.renderLook(emailChangeInvalidPage, caller, err)
	}
	return l.Site.render(emailChangePage, caller, http.StatusOK, linkView{Address: seen.Email.String()})
}

func (l *EmailChangeLink) post(ctx context.Context, caller echohttp.Caller, in api.ChangeEmailLinkRequest) (echohttp.Raw, error) {
	html := WantsHTML(caller.Accept)
	err := l.Service.ConfirmEmail(ctx, profile.ConfirmEmailInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	status, public := echohttp.Classify(err)
	switch {
	case html && errors.Is(err, domain.ErrInvalidToken):
		return l.Site.render(emailChangeInvalidPage, caller, http.StatusBadRequest, nil)
	case html && err != nil && isTemporary(public):
		return l.Site.renderFailure(emailChangePage, caller, status, public, newRetryView(public))
	case err != nil:
		return echohttp.Raw{}, err
	case html:
		return l.Site.render(emailChangeDonePage, caller, http.StatusOK, nil)
	}
	return echohttp.JSON(http.StatusOK, api.MessageResponse{Success: true, Message: api.MessageEmailChanged})
}
