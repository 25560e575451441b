// bearer takes the token from the values of Authorization. Anything but one value, of the scheme Bearer, is as no token.
export function bearer(authorization: string | readonly string[] | undefined): string | undefined {
  const values = typeof authorization === "string" ? [authorization] : (authorization ?? []);
  if (values.length !== 1) return undefined;
  return /^bearer ([^ ]+)$/i.exec(values[0]!)?.[1];
}
