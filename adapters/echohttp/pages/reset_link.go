package pages

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
)

// ResetLink is the routes of the link in a mail to set a new password, for deployments whose front end has no page for it
// (LINK_RESET). Its form posts back to the same address. The token in there is all that counts, so there is no cookie to
// forge a request with.
type ResetLink struct{ Service *password.Service }

// Mount adds the routes.
func (l *ResetLink) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/api/password/reset/{token}", echohttp.Op{
		ID: "followResetLink", Tag: echohttp.TagPasswords, Summary: "The page of the link, with a form for the new password",
		Description: "The same for every token: looking tells nothing and uses nothing up.",
		Produces:    []echohttp.Content{{Description: "The page", Type: mediaHTML}},
	}, l.follow)
	echohttp.HandleRaw(a, http.MethodPost, "/api/password/reset/{token}", echohttp.Op{
		ID: "postResetForm", Tag: echohttp.TagPasswords, Summary: "What the form of the page posts", Strict: true,
		Description: "For people; programs use POST /api/password/reset.",
		Produces: append([]echohttp.Content{
			{Description: "A page that says that it is done", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "The form with what is wrong beside the field, or a page that says that the link no longer works", Type: mediaHTML},
		}, slices.Concat(unreadableContents, retryContents)...),
		FailurePage: resetPage.failurePage(func(v retryView) any { return l.form(resetView{retryView: v}) }),
	}, l.post)
}

// resetView is what the page shows beside the form: what was wrong, by where it stands. Nothing that was typed is in it.
type resetView struct {
	retryView

	Password, PasswordCode string
	Repeated               bool // it is not the same
	MinLength              int
}

// Failed tells whether something was wrong; the title begins with it then, because a screen reader reads that first.
func (v resetView) Failed() bool { return v.retryView.Failed() || v.Password != "" || v.Repeated }

func (l *ResetLink) follow(_ context.Context, caller echohttp.Caller, _ api.ResetPasswordLinkRequest) (echohttp.Raw, error) {
	return resetPage.render(caller, http.StatusOK, l.form(resetView{}))
}

func (l *ResetLink) post(ctx context.Context, caller echohttp.Caller, in api.ResetPasswordFormRequest) (echohttp.Raw, error) {
	if in.NewPassword != "" && in.Repeated != in.NewPassword {
		return resetPage.render(caller, http.StatusBadRequest, l.form(resetView{Repeated: true}))
	}
	err := l.Service.Reset(ctx, password.ResetInput{
		From: caller.Origin, Token: domain.NewSecret(in.Token), Field: "The password", Password: domain.NewSecret(in.NewPassword),
	})
	if err == nil {
		return resetDonePage.render(caller, http.StatusOK, nil)
	}
	status, public := echohttp.Classify(err)
	switch {
	case errors.Is(err, domain.ErrInvalidToken):
		return resetInvalidPage.render(caller, http.StatusBadRequest, nil)
	case len(public.Fields) > 0:
		view := resetView{Password: public.Fields[0].Text, PasswordCode: public.Fields[0].Code}
		return resetPage.render(caller, http.StatusBadRequest, l.form(view))
	case isTemporary(public):
		return resetPage.renderFailure(caller, status, public, l.form(resetView{retryView: newRetryView(public)}))
	}
	return echohttp.Raw{}, err
}

// form adds what the form says about every password.
func (l *ResetLink) form(view resetView) resetView {
	view.MinLength = l.Service.Policy().MinLength
	return view
}
