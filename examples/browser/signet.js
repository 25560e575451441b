// newSession keeps somebody logged in at Signet, with tokens for one service. The refresh token is in a cookie that no script reads. The
// access token is in a variable here, gone with the page, and in no storage, where any script that gets into the page would look first.
export function newSession(signet, service) {
  let token;
  let refreshing; // the refresh under way, for all who wait for it

  async function post(path, body) {
    const response = await fetch(`${signet}/api/auth/${path}`, {
      method: "POST",
      credentials: "include", // the cookie
      headers: { "Content-Type": "application/json", "X-Signet": "1" }, // what no form of another page can send
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Refused(response.status, answer);
    return answer;
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
      token = (await post("login", { email, password, service, transport: "cookie" })).access_token;
    },

    async logout() {
      token = undefined;
      await post("logout", {}).catch((e) => {
        if (e.status !== 401) throw e; // it had ended before
      });
    },

    // call is fetch for your own service, in the name of the person who is logged in. A token that is refused may only be too old: it is
    // renewed, and the call made once more.
    async call(url, options = {}) {
      const once = () => fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
      let response = await once();
      if (response.status === 401) {
        await refresh();
        response = await once();
      }
      return response;
    },
  };
}

// Refused is an answer of Signet that is no yes: code is for programs, message for people.
export class Refused extends Error {
  constructor(status, { message, code }) {
    super(message);
    Object.assign(this, { status, code });
  }
}

// LoggedOut tells that there is no session to go on with.
export class LoggedOut extends Error {}
