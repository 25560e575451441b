package pages

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
)

// VerificationLink is the routes of the link in a verification mail. A GET by a person shows a page with a button, because mail scanners
// follow links; a GET by a program that asks for JSON consumes the token, as in the original service.
type VerificationLink struct {
	Service *auth.Service
	Site    *Site
	// ConsumeOnAnyGet makes every GET of a link, except a browser's, consume it (VERIFY_GET=consume), for callers of the original service.
	// Mail scanners then consume it, too.
	ConsumeOnAnyGet bool
}

// Mount adds the routes.
func (l *VerificationLink) Mount(a *echohttp.API) {
	produces := []echohttp.Content{
		{Description: "Verified", Type: echohttp.MediaJSON, Body: api.MessageResponse{}},
		{Description: "A page with a button (GET), or with the outcome (POST)", Type: mediaHTML},
	}
	echohttp.HandleRaw(a, http.MethodGet, "/api/auth/verify-email/{token}", echohttp.Op{
		ID: "followVerificationLink", Tag: echohttp.TagRegistration, Summary: "Follow the link of a verification mail",
		Description: "Accept text/html: a page whose button posts, or one that says that the link no longer works. Accept application/json: verifies. " +
			"Anything else, and no Accept, which link checkers send: confirmation_required.",
		Produces: slices.Concat(produces, lookContents), Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrConfirmationNeeded},
	}, l.follow)
	echohttp.HandleRaw(a, http.MethodPost, "/api/auth/verify-email/{token}", echohttp.Op{
		ID: "confirmVerificationLink", Tag: echohttp.TagRegistration, Summary: "Prove a mailbox by the token of the link",
		Produces: slices.Concat(produces, []echohttp.Content{{Status: http.StatusBadRequest, Description: "For browsers, a page that says so", Type: mediaHTML}}, retryContents),
		Errors:   []*domain.Error{domain.ErrInvalidToken}, FailurePage: func(caller echohttp.Caller, status int, failure *domain.Error) (echohttp.Raw, bool) {
			return l.Site.unreadable(confirmPage, caller, status, failure, plainView)
		},
	}, l.post)
}

func (l *VerificationLink) follow(ctx context.Context, caller echohttp.Caller, in api.VerifyEmailLinkRequest) (echohttp.Raw, error) {
	html, json := WantsHTML(caller.Accept), weight(caller.Accept, echohttp.MediaJSON) > 0
	switch {
	case html || caller.Head:
		return l.look(ctx, caller, in)
	case !json && !l.ConsumeOnAnyGet:
		return echohttp.Raw{}, domain.ErrConfirmationNeeded
	}
	return l.consume(ctx, caller, in, false)
}

// look answers a person with a page about the address that the link verifies.
func (l *VerificationLink) look(ctx context.Context, caller echohttp.Caller, in api.VerifyEmailLinkRequest) (echohttp.Raw, error) {
	seen, err := l.Service.LookAtVerification(ctx, auth.LookAtVerificationInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	if err != nil {
		return l.Site.renderLook(invalidPage, caller, err)
	}
	return l.Site.render(confirmPage, caller, http.StatusOK, linkView{Address: seen.Email.String()})
}

func (l *VerificationLink) post(ctx context.Context, caller echohttp.Caller, in api.VerifyEmailLinkRequest) (echohttp.Raw, error) {
	return l.consume(ctx, caller, in, WantsHTML(caller.Accept))
}

// consume answers a person with a page, even if the link no longer works, and a program with JSON.
func (l *VerificationLink) consume(ctx context.Context, caller echohttp.Caller, in api.VerifyEmailLinkRequest, html bool) (echohttp.Raw, error) {
	err := l.Service.VerifyEmail(ctx, auth.VerifyEmailInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	status, public := echohttp.Classify(err)
	switch {
	case html && errors.Is(err, domain.ErrInvalidToken):
		return l.Site.render(invalidPage, caller, http.StatusBadRequest, nil)
	case html && err != nil && isTemporary(public):
		return l.Site.renderFailure(confirmPage, caller, status, public, newRetryView(public))
	case err != nil:
		return echohttp.Raw{}, err
	case html:
		return l.Site.render(verifiedPage, caller, http.StatusOK, doneView{l.Site.afterVerify})
	}
	return echohttp.JSON(http.StatusOK, api.MessageResponse{Success: true, Message: api.MessageEmailVerified})
}
