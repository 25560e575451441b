import { readFileSync, statSync } from "node:fs";

// AppToken is the secret by which Signet knows this service. It prints itself as [redacted].
export class AppToken {
  #text = "";
  #file: string | undefined;
  #version = "";

  static from(text: string | undefined, file: string | undefined): AppToken | undefined {
    if (text !== undefined && file !== undefined) throw new TypeError("appToken and appTokenFile are both set: one is enough");
    if (text === undefined && file === undefined) return undefined;
    const token = new AppToken();
    if (file === undefined) token.#text = well("appToken", text);
    else token.#read(file);
    return token;
  }

  /** The token, as it is in the file now. */
  get(): string {
    this.changed();
    return this.#text;
  }

  /** Whether the file has another token than at the last look. A file that can't be read now keeps the old one. */
  changed(): boolean {
    if (this.#file === undefined) return false;
    try {
      return version(this.#file) !== this.#version && this.#read(this.#file);
    } catch {
      return false;
    }
  }

  /** Another token than the one that Signet refused, if the file has one: it is read whether it looks changed or not. */
  insteadOf(refused: string): string | undefined {
    this.#version = "";
    const token = this.get();
    return token === refused ? undefined : token;
  }

  #read(file: string): boolean {
    const before = this.#text;
    try {
      const seen = version(file);
      const text = readFileSync(file, "utf8").trim();
      if (text === "") throw new TypeError(`appTokenFile ${file} is empty: it must have an application token. signet tokens create makes one`);
      this.#text = well("appTokenFile", text);
      this.#version = seen;
      this.#file = file;
    } catch (cause) {
      if (cause instanceof TypeError) throw cause;
      throw new TypeError(`appTokenFile can't be read: ${(cause as Error).message}`);
    }
    return this.#text !== before;
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return "[redacted]";
  }
}

// version changes with the file's content. A mounted secret is a link that leads to another file after a change.
function version(file: string): string {
  const { ino, size, mtimeMs } = statSync(file);
  return `${ino} ${size} ${mtimeMs}`;
}

function well(setting: string, text: unknown): string {
  if (typeof text !== "string" || !/^sgat_[\x21-\x7e]+$/.test(text)) {
    throw new TypeError(`${setting} must be an application token, which begins with sgat_; this is something else. signet tokens create makes one`);
  }
  return text;
}
