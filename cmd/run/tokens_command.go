package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/domain"
)

type tokensCommand struct {
	List   tokensList   `cmd:"" help:"List the application tokens of a service, newest first."`
	Show   tokensShow   `cmd:"" help:"Show one token, its secrets' prefixes and its use."`
	Create tokensCreate `cmd:"" help:"Make a token and print its text, this once."`
	Rotate tokensRotate `cmd:"" help:"Draw another secret of a token and print its text, this once. The one before lives on for a while."`
	Revoke tokensRevoke `cmd:"" help:"End a token for good, with the access tokens that were got with it."`
}

// namedToken is the token that a command is about.
type namedToken struct {
	Token string `arg:"" help:"The token's id."`
}

// tokenEnd is the flag that says when a token ends.
type tokenEnd struct {
	Until string `help:"When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 12h or 30d; never for no end."`
}

func (e tokenEnd) at(now time.Time) (apptoken.End, error) {
	switch e.Until {
	case "":
		return apptoken.End{}, nil
	case "never":
		return apptoken.End{At: &time.Time{}}, nil
	}
	at, err := until(e.Until, now)
	return apptoken.End{At: &at}, err
}

type tokensList struct {
	namedService
	listFlags
	inJSON
}

type tokensShow struct {
	namedToken
	inJSON
}

type tokensCreate struct {
	namedService
	tokenEnd
	inJSON

	Name  string   `arg:"" help:"What people call it."`
	Scope []string `help:"What it may of what the service's account may, such as billing/invoice:*; again for more. All unless said."`
}

type tokensRotate struct {
	namedToken
	tokenEnd
	inJSON

	Overlap   string `help:"How long the secret before lives on, up to 30d: a day, or what is left of an earlier overlap, unless said."`
	Supersede string `help:"Which secret ends now while two live: previous, or latest." enum:"previous,latest," default:""`
}

type tokensRevoke struct {
	namedToken
	inJSON
}

// Run lists.
func (c tokensList) Run(p *program) error {
	paging, err := c.paging()
	if err != nil {
		return clientText(err)
	}
	return p.users(func(t *tool) error {
		out, err := t.AppTokens.List(p.ctx, apptoken.ListInput{Actor: domain.System(), Service: c.Service, Paging: paging})
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, tokenList(out), func() error { return printTokens(p.stdio.Out, tokenList(out)) })
	})
}

// Run shows.
func (c tokensShow) Run(p *program) error {
	return p.users(func(t *tool) error {
		found, err := t.AppTokens.Get(p.ctx, c.target())
		if err != nil {
			return noToken(err, c.Token)
		}
		return p.print(c.JSON, tokenOf(found), func() error { return printToken(p.stdio.Out, tokenOf(found)) })
	})
}

// Run creates.
func (c tokensCreate) Run(p *program) error {
	return p.users(func(t *tool) error {
		end, err := c.at(t.Base.System.Now())
		if err != nil {
			return err
		}
		made, err := t.AppTokens.Create(p.ctx, apptoken.CreateInput{
			Actor: domain.System(), Service: c.Service, Name: c.Name, End: end, Scopes: apptoken.Scoping{Given: c.Scope != nil, Texts: c.Scope},
		})
		if err != nil {
			return err
		}
		return p.handOut(c.JSON, made, "is made")
	})
}

// Run rotates.
func (c tokensRotate) Run(p *program) error {
	rotation := domain.Rotation{Supersede: domain.Supersede(c.Supersede)}
	if c.Overlap != "" {
		overlap, err := parseDuration(c.Overlap)
		if err != nil {
			return errors.New("--overlap must be how long: 0s, 12h or 30d")
		}
		rotation.Overlap = &overlap
	}
	return p.users(func(t *tool) error {
		end, err := c.at(t.Base.System.Now())
		if err != nil {
			return err
		}
		rotated, err := t.AppTokens.Rotate(p.ctx, apptoken.RotateInput{Target: c.target(), Rotation: rotation, End: end})
		if err != nil {
			return noToken(err, c.Token)
		}
		return p.handOut(c.JSON, rotated, "has another secret")
	})
}

// Run revokes. It answers with the token, so that a slip shows.
func (c tokensRevoke) Run(p *program) error {
	return p.users(func(t *tool) error {
		if err := t.AppTokens.Revoke(p.ctx, c.target()); err != nil {
			return noToken(err, c.Token)
		}
		ended, err := t.AppTokens.Get(p.ctx, c.target())
		if err != nil {
			return noToken(err, c.Token)
		}
		return p.print(c.JSON, tokenOf(ended), p.saying("%s (%s) is revoked", ended.Name, ended.ID))
	})
}

// handOut prints the text of a token, alone: what reads it is often a variable or a file. What else there is to say goes to standard error.
func (p *program) handOut(asJSON bool, t apptoken.Shown, what string) error {
	return p.print(asJSON, tokenOf(t), func() error {
		_, _ = fmt.Fprintf(p.stdio.Err, "%s (%s) %s; this is the only time that its text is shown\n", t.Name, t.ID, what)
		for _, scope := range t.Unheld {
			_, _ = fmt.Fprintf(p.stdio.Err, "%s permits nothing yet: the service's account holds nothing of it\n", scope)
		}
		_, err := fmt.Fprintln(p.stdio.Out, t.Text.Reveal())
		return err
	})
}

func (n namedToken) target() apptoken.Target {
	return apptoken.Target{Actor: domain.System(), ID: n.Token}
}

func noToken(err error, ref string) error {
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrNotFound.Saying("There is no such token: " + ref)
	}
	return err
}
