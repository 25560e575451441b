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

// ResetLink is the routes of the link in a mail to set a new password, for deployments whose front end has no page for it (LINK_RESET). Its
// form posts back to the same address and is answered with a page, not with a redirect: the link is used up, so sending the form again does
// nothing. Only the token in that address counts, so there is no cookie that a forged request could use.
type ResetLink struct {
	Service *password.Service
	Site    *Site
}

// Mount adds the routes.
func (l *ResetLink) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/api/password/reset/{token}", echohttp.Op{
		ID: "followResetLink", Tag: echohttp.TagPasswords, Summary: "The page of the link, with a form for the new password",
		Description: "Opening the page does not use up the link. A link that no longer works says so.",
		Produces:    append([]echohttp.Content{{Description: "The page", Type: mediaHTML}}, lookContents...),
	}, l.follow)
	echohttp.HandleRaw(a, http.MethodPost, "/api/password/reset/{token}", echohttp.Op{
		ID: "postResetForm", Tag: echohttp.TagPasswords, Summary: "What the form of the page posts", Strict: true,
		Description: "For people; programs use POST /api/password/reset.",
		Produces: append([]echohttp.Content{
			{Description: "A page that says that it is done", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "The form with what is wrong beside the field, or a page that says that the link no longer works", Type: mediaHTML},
		}, slices.Concat(unreadableContents, retryContents)...),
		FailurePage: func(caller echohttp.Caller, status int, failure *domain.Error) (echohttp.Raw, bool) {
			return l.Site.unreadable(resetPage, caller, status, failure, func(v linkView) any { return l.policed(resetView{linkView: v}) })
		},
	}, l.post)
}

// resetView is what the page shows beside the form: whose password it is, and what was wrong with which field. It contains nothing that was
// typed.
type resetView struct {
	linkView

	Email                  string // unmasked: password managers store the password under it
	Password, PasswordCode string
	Repeated               bool // the two passwords differ
	MinLength              int
}

// Failed tells whether something was wrong; the title then begins with that, because a screen reader reads it first.
func (v resetView) Failed() bool { return v.linkView.Failed() || v.Password != "" || v.Repeated }

func (l *ResetLink) follow(ctx context.Context, caller echohttp.Caller, in api.ResetPasswordLinkRequest) (echohttp.Raw, error) {
	seen, err := l.look(ctx, caller, in.Token)
	if err != nil {
		return l.Site.renderLook(resetInvalidPage, caller, err)
	}
	return l.form(caller, http.StatusOK, resetView{Email: seen.Email.Mailbox()})
}

func (l *ResetLink) look(ctx context.Context, caller echohttp.Caller, token string) (password.LookAtResetOutput, error) {
	return l.Service.LookAtReset(ctx, password.LookAtResetInput{From: caller.Origin, Token: domain.NewSecret(token)})
}

// post looks the link up before it sets the password: a page that is shown again says whose password it is, and a dead link is reported
// first.
func (l *ResetLink) post(ctx context.Context, caller echohttp.Caller, in api.ResetPasswordFormRequest) (echohttp.Raw, error) {
	seen, err := l.look(ctx, caller, in.Token)
	view := resetView{Email: seen.Email.Mailbox()}
	if err == nil && in.NewPassword != "" && in.Repeated != in.NewPassword {
		view.Repeated = true
		return l.form(caller, http.StatusBadRequest, view)
	}
	if err == nil {
		err = l.Service.Reset(ctx, password.ResetInput{
			From: caller.Origin, Token: domain.NewSecret(in.Token), Field: "The password", Password: domain.NewSecret(in.NewPassword),
		})
	}
	if err == nil {
		return l.Site.render(resetDonePage, caller, http.StatusOK, doneView{l.Site.afterReset})
	}
	status, public := echohttp.Classify(err)
	switch {
	case errors.Is(err, domain.ErrInvalidToken):
		return l.Site.render(resetInvalidPage, caller, http.StatusBadRequest, nil)
	case len(public.Fields) > 0:
		view.Password, view.PasswordCode = public.Fields[0].Text, public.Fields[0].Code
		return l.form(caller, http.StatusBadRequest, view)
	case isTemporary(public):
		view.linkView = newRetryView(public)
		raw, err := l.form(caller, status, view)
		if err == nil {
			echohttp.SetFailureHeaders(raw.Header, status, public)
		}
		return raw, err
	}
	return echohttp.Raw{}, err
}

// form is the page with the form and the rules for passwords.
func (l *ResetLink) form(caller echohttp.Caller, status int, view resetView) (echohttp.Raw, error) {
	return l.Site.render(resetPage, caller, status, l.policed(view))
}

func (l *ResetLink) policed(view resetView) resetView {
	view.MinLength = l.Service.Policy().MinLength
	return view
}
