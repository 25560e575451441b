const form = /^[a-z0-9][a-z0-9._-]*(:[a-z0-9][a-z0-9._-]*)+$/;

// shortName is a permission's name within its own service. A name that can never be held is a mistake of the program: it throws, and
// doesn't refuse.
export function shortName(name: string, audience: string): string {
  const text = String(name);
  const slash = text.indexOf("/");
  const service = slash < 0 ? audience : text.slice(0, slash);
  const short = text.slice(slash + 1);
  if (service !== audience) {
    throw new TypeError(`permission ${JSON.stringify(name)} is one of ${JSON.stringify(service)}; tokens of ${JSON.stringify(audience)} never have it`);
  }
  if (!form.test(short) || short.length > 200) {
    throw new TypeError(`permission ${JSON.stringify(name)} is no name like "invoice:read" (lower case, no wildcards)`);
  }
  return short;
}
