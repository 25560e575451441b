// newSession keeps somebody logged in at Signet, with tokens for one service. The refresh token is in a cookie that no script reads. The
// access token is in a variable here, gone with the page, and in no storage, where any script that gets into the page would look first.
//
// ask(methods, refusal, atLogin) asks the person for a second factor, in one of the ways that methods names ("totp", "recovery"), and resolves
// to {code} or {recovery_code}. refusal is why the last one did not count. At a login, {code, remember_device: true} has the device remembered,
// by a cookie: the next logins here ask for none.
export function newSession(signet, service, ask) {
  let token;
  let refreshing; // the refresh under way, for all who wait for it

  async function send(method, path, body, bearer) {
    const headers = { "Content-Type": "application/json", "X-Signet": "1" }; // what no form of another page can send
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    const request = {
      method,
      credentials: "include", // the cookie
      headers,
      body: body && JSON.stringify(body),
    };
    // Tabs take turns: a late answer of a refresh in another tab would put its cookie over the newer one of a step-up.
    const response = await navigator.locks.request("signet", () => fetch(`${signet}/api/auth/${path}`, request));
    const answer = await response.json();
    if (!response.ok) throw new Refused(response.status, answer);
    return answer;
  }

  const post = (path, body, bearer) => send("POST", path, body, bearer);

  // prove asks for a second factor until one counts, or no more are accepted.
  async function prove(path, body, methods, bearer) {
    for (let refusal; ; ) {
      const proof = await ask(methods, refusal, path === "mfa/verify");
      try {
        return await post(path, { ...body, ...proof }, bearer);
      } catch (e) {
        const again = e.code === "validation_failed" || (e.code === "invalid_code" && e.answer.tries_left !== 0);
        if (!again) throw e;
        refusal = e;
      }
    }
  }

  // stepUp proves a second factor again, and is false for a person without one. Signet takes a token of its own for it.
  async function stepUp() {
    const { access_token: own } = await post("refresh", {});
    const { methods } = await send("GET", "factors", undefined, own);
    if (methods.length === 0) return false;
    token = (await prove("step-up", { service }, methods, own)).access_token;
    return true;
  }

  // refresh gets the next access token. Another tab may do so at the same moment: both are given the same successor.
  function refresh() {
    refreshing ??= post("refresh", { service })
      .then(
        (answer) => (token = answer.access_token),
        (e) => {
          token = undefined;
          const over = e.status === 401 || e.code === "invalid_request"; // the session has ended, or there is no cookie
          throw over ? new LoggedOut() : e;
        },
      )
      .finally(() => (refreshing = undefined));
    return refreshing;
  }

  return {
    // resume goes on with the session of the cookie, after a reload, say.
    resume: refresh,

    async login(email, password) {
      const answer = await post("login", { email, password, service, transport: "cookie" }).catch((e) => {
        if (e.code !== "mfa_required") throw e;
        return prove("mfa/verify", { challenge: e.answer.challenge }, e.answer.methods);
      });
      token = answer.access_token;
    },

    async logout() {
      token = undefined;
      await post("logout", {}).catch((e) => {
        if (e.status !== 401) throw e; // it had ended before
      });
    },

    // call is fetch for your own service, in the name of the person who is logged in. A token that is refused may only be too old: it is
    // renewed, and the call made once more. Where the service wants a fresh, strong login (RFC 9470), the person is asked for it.
    async call(url, options = {}) {
      const once = () => fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
      let response = await once();
      if (response.status === 401 && !wantsProof(response)) {
        await refresh();
        response = await once();
      }
      if (wantsProof(response) && (await stepUp())) response = await once();
      return response;
    },
  };
}

const wantsProof = (response) => response.headers.get("WWW-Authenticate")?.includes("insufficient_user_authentication");

// Refused is an answer of Signet that is no yes: code is for programs, message for people.
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.message);
    Object.assign(this, { status, answer, code: answer.code });
  }
}

// LoggedOut tells that there is no session to go on with.
export class LoggedOut extends Error {}
