// The real server, on SQLite in a folder of its own, or on what DATABASE_URI and REDIS_URL say.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const given = ["DATABASE_URI", "DATABASE_TIMEOUT", "REDIS_URL", "REDIS_TIMEOUT", "SECRET_KEY", "BCRYPT_COST"];
const password = "correct horse battery";

export class RealSignet {
  #folder = mkdtempSync(join(tmpdir(), "signet-real-"));
  #process;

  static async start(binary) {
    const signet = new RealSignet();
    signet.binary = binary;
    signet.port = await freePort();
    signet.url = `http://localhost:${signet.port}`;
    await signet.up();
    return signet;
  }

  get #env() {
    return {
      PATH: process.env.PATH, DATA_DIR: join(this.#folder, "data"), HOST: "127.0.0.1", PORT: String(this.port), PUBLIC_URL: this.url, LOG_LEVEL: "warn",
      SIGNET_ENV: "development", ADMIN_ADDR: "off",
      ...Object.fromEntries(given.filter((name) => process.env[name]).map((name) => [name, process.env[name]])),
    };
  }

  async up() {
    this.#process = spawn(this.binary, ["serve"], { cwd: this.#folder, env: this.#env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    this.#process.stderr.on("data", (chunk) => { said = (said + chunk).slice(-2000); });
    for (let i = 0; i < 600 && this.#process.exitCode === null; i++) {
      if (await fetch(`${this.url}/.well-known/jwks.json`).then((r) => r.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`signet does not start: ${said}`);
  }

  async kill() {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  // run is a command for operators.
  run(...args) {
    return execFileSync(this.binary, args, { cwd: this.#folder, env: this.#env, input: password, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  // service makes one with permissions and a role that has them all, and gives an application token.
  service(key, ...permissions) {
    this.run("services", "create", key);
    for (const name of permissions) this.run("permissions", "create", key, name);
    this.run("roles", "create", key, "clerk", ...permissions.flatMap((name) => ["--permission", name]));
    return JSON.parse(this.run("tokens", "create", key, "test", "--json"));
  }

  admin(email) {
    this.run("admin", "create", "--email", email, "--password-stdin");
  }

  async login(email, service) {
    const body = await this.post("/api/auth/login", { email, password, service });
    return body.access_token;
  }

  async post(path, body, token) {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
