package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/domain"
)

// FactorUndoLink is the routes of the link in the mail about a first second factor, for deployments whose front end has no page for it
// (LINK_FACTOR_UNDO). Its button posts back to the same address; no GET of it has an effect (ASVS 3.5.3).
type FactorUndoLink struct {
	Service *factor.Service
	Site    *Site
}

// Mount adds the routes.
func (l *FactorUndoLink) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/api/auth/factors/undo/{token}", echohttp.Op{
		ID: "followFactorUndoLink", Tag: echohttp.TagFactors, Summary: "The page of the link that undoes a first factor",
		Description: "Accept text/html: the page, with a button that posts, or one that says that the link no longer works. Anything else: confirmation_required.",
		Produces:    append([]echohttp.Content{{Description: "The page", Type: mediaHTML}}, lookContents...),
		Errors:      []*domain.Error{domain.ErrConfirmationNeeded},
	}, l.follow)
	echohttp.HandleRaw(a, http.MethodPost, "/api/auth/factors/undo/{token}", echohttp.Op{
		ID: "confirmFactorUndoLink", Tag: echohttp.TagFactors, Summary: "Undo a first factor by the link of the mail about it",
		Produces: append([]echohttp.Content{
			{Description: "Undone", Type: echohttp.MediaJSON, Body: api.MessageResponse{}},
			{Description: "For browsers, a page that says so", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "For browsers, a page that says that the link no longer works", Type: mediaHTML},
		}, retryContents...),
		FailurePage: func(caller echohttp.Caller, status int, failure *domain.Error) (echohttp.Raw, bool) {
			return l.Site.unreadable(factorUndoPage, caller, status, failure, plainView)
		},
		Errors: []*domain.Error{domain.ErrInvalidToken, domain.ErrRateLimited},
	}, l.post)
}

func (l *FactorUndoLink) follow(ctx context.Context, caller echohttp.Caller, in api.FactorUndoLinkRequest) (echohttp.Raw, error) {
	if !caller.Head && !WantsHTML(caller.Accept) {
		return echohttp.Raw{}, domain.ErrConfirmationNeeded
	}
	if err := l.Service.LookAtUndo(ctx, factor.UndoInput{From: caller.Origin, Token: domain.NewSecret(in.Token)}); err != nil {
		return l.Site.renderLook(factorUndoInvalidPage, caller, err)
	}
	return l.Site.render(factorUndoPage, caller, http.StatusOK, linkView{})
}

func (l *FactorUndoLink) post(ctx context.Context, caller echohttp.Caller, in api.FactorUndoLinkRequest) (echohttp.Raw, error) {
	html := WantsHTML(caller.Accept)
	err := l.Service.Undo(ctx, factor.UndoInput{From: caller.Origin, Token: domain.NewSecret(in.Token)})
	status, public := echohttp.Classify(err)
	switch {
	case html && errors.Is(err, domain.ErrInvalidToken):
		return l.Site.render(factorUndoInvalidPage, caller, http.StatusBadRequest, nil)
	case html && err != nil && isTemporary(public):
		return l.Site.renderFailure(factorUndoPage, caller, status, public, newRetryView(public))
	case err != nil:
		return echohttp.Raw{}, err
	case html:
		return l.Site.render(factorUndoDonePage, caller, http.StatusOK, nil)
	}
	return echohttp.JSON(http.StatusOK, api.MessageResponse{Success: true, Message: api.MessageFactorsUndone})
}
