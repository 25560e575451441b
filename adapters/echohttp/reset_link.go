package echohttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
)

// mountLinks adds the page behind the link in a mail, for who has no front end of their own (LINK_RESET). Its form posts back
// to the same address. The token in there is all that counts, so there is no cookie to forge a request with.
func (r *Passwords) mountLinks(a *API) {
	HandleRaw(a, http.MethodGet, "/api/password/reset/{token}", Op{
		ID: "followResetLink", Tag: passwordsTag, Summary: "The page of the link, with a form for the new password",
		Description: "The same for every token: looking tells nothing and uses nothing up.",
		Produces:    []Content{{Description: "The page", Type: mediaHTML}},
	}, r.followLink)
	HandleRaw(a, http.MethodPost, "/api/password/reset/{token}", Op{
		ID: "postResetForm", Tag: passwordsTag, Summary: "What the form of the page posts", Strict: true,
		Description: "For people; programs use POST /api/password/reset.",
		Produces: append([]Content{
			{Description: "A page that says that it is done", Type: mediaHTML},
			{Status: http.StatusBadRequest, Description: "The form with what is wrong beside the field, or a page that says that the link no longer works", Type: mediaHTML},
		}, retryContents...),
	}, r.postForm)
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

func (r *Passwords) followLink(_ context.Context, caller Caller, _ api.ResetPasswordLinkRequest) (Raw, error) {
	return r.form(caller, http.StatusOK, resetView{})
}

func (r *Passwords) postForm(ctx context.Context, caller Caller, in api.ResetPasswordFormRequest) (Raw, error) {
	if in.NewPassword != "" && in.Repeated != in.NewPassword {
		return r.form(caller, http.StatusBadRequest, resetView{Repeated: true})
	}
	err := r.Reset.Handle(ctx, password.ResetInput{
		From: caller.Origin, Token: domain.NewSecret(in.Token), Field: "The password", Password: domain.NewSecret(in.NewPassword),
	})
	if err == nil {
		return page(caller, http.StatusOK, pageResetDone)
	}
	status, public := classify(err)
	switch {
	case errors.Is(err, domain.ErrInvalidToken):
		return page(caller, http.StatusBadRequest, pageResetInvalid)
	case len(public.Fields) > 0:
		return r.form(caller, http.StatusBadRequest, resetView{Password: public.Fields[0].Text, PasswordCode: public.Fields[0].Code})
	case passes(public):
		return retryPage(status, public, func(v retryView) (Raw, error) { return r.form(caller, status, resetView{retryView: v}) })
	}
	return Raw{}, err
}

func (r *Passwords) form(caller Caller, status int, view resetView) (Raw, error) {
	view.MinLength = r.Reset.Password.MinLength
	return pageOf(caller, status, pageReset, view)
}
