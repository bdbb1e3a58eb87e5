/**
 * The mini-program API, typed from its OpenAPI document (`npm run generate`).
 *
 * Paths, inputs and answers are checked by the compiler. Writes get an `Idempotency-Key`; one that got no answer, or was told to come
 * back later, is sent again with the same key, so nothing happens twice. Reads of the catalogue are conditional where the shop gives
 * an `ETag`. A refusal is thrown as `Refusal`: programs look at `code`, people at `message`.
 */

import createFetchClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

export interface Options {
  /** Where the server is, without a path: `https://shop.example`. */
  baseUrl: string;
  /** The language of messages. */
  locale?: "zh-CN" | "en";
  /** How often a request is sent at most. */
  tries?: number;
  /** What sends requests, where it is not the platform's `fetch`: in a WeChat mini-program, one made of `wx.request`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** The server said no. `status` is 0 where there was no answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly params: Problem["params"],
    readonly requestId: string,
  ) {
    super(message);
    this.name = "Refusal";
  }
}

export interface Yucun extends Client<paths> {
  /** Signs in with what `wx.login` gave; what is asked afterwards is asked as this customer. */
  signIn(code: string): Promise<Schemas["SignedIn"]>;
  /** Goes on as somebody who has signed in before, or as nobody. */
  as(token: string | null): void;
}

const COME_BACK = new Set([429, 503]);
const LONGEST_WAIT_S = 30;

export function connect(options: Options): Yucun {
  let token: string | null = null;
  const client = createFetchClient<paths>({
    baseUrl: options.baseUrl,
    fetch: again(options.fetch ?? ((request) => fetch(request)), options.tries ?? 4),
  });
  // answers go through them from the last to the first
  client.use(refusing(), headers(() => token, options.locale ?? "zh-CN"), conditional());
  const added = {
    as(next: string | null) {
      token = next;
    },
    async signIn(code: string) {
      const { data } = await client.POST("/api/v1/login", { body: { code } });
      token = data!.token;
      return data!;
    },
  };
  return Object.assign(Object.create(client) as Client<paths>, added);
}

/** A key for one wish of a person: keep it, and send it again, until the wish is answered. */
export function newKey(): string {
  return crypto.randomUUID();
}

function headers(token: () => string | null, locale: string): Middleware {
  return {
    onRequest({ request }) {
      request.headers.set("Accept-Language", locale);
      const known = token();
      if (known !== null) request.headers.set("Authorization", `Bearer ${known}`);
      if (request.method !== "GET" && !request.headers.has("Idempotency-Key")) {
        request.headers.set("Idempotency-Key", newKey());
      }
    },
  };
}

/** Sends a request again, under the same key, when nothing came back or the server asks to wait. */
function again(send: (request: Request) => Promise<Response>, tries: number) {
  return async (request: Request): Promise<Response> => {
    for (let left = tries - 1; ; left--) {
      let answer: Response | null = null;
      try {
        answer = await send(request.clone());
      } catch (failure) {
        if (left <= 0) throw new Refusal(0, "no_answer", String(failure), {}, "");
      }
      if (answer !== null && (left <= 0 || !COME_BACK.has(answer.status))) return answer;
      await pause(answer, tries - left);
    }
  };
}

async function pause(answer: Response | null, tried: number): Promise<void> {
  const told = Number(answer?.headers.get("Retry-After") ?? Number.NaN);
  const seconds = Number.isFinite(told) ? told : 0.2 * 2 ** tried * (0.5 + Math.random());
  await new Promise((resume) => setTimeout(resume, Math.min(seconds, LONGEST_WAIT_S) * 1000));
}

/** Reads what is known already only when it has changed. */
function conditional(most = 100): Middleware {
  const known = new Map<string, { tag: string; body: string; type: string }>();
  const name = (request: Request) =>
    `${request.url} ${request.headers.get("Accept-Language")} ${request.headers.get("Authorization")}`;
  return {
    onRequest({ request }) {
      const seen = request.method === "GET" ? known.get(name(request)) : undefined;
      if (seen !== undefined) request.headers.set("If-None-Match", seen.tag);
    },
    async onResponse({ request, response }) {
      const tag = response.headers.get("ETag");
      if (request.method !== "GET" || tag === null) return undefined;
      const seen = known.get(name(request));
      if (response.status === 304 && seen !== undefined) {
        return new Response(seen.body, { status: 200, headers: { "Content-Type": seen.type, ETag: seen.tag } });
      }
      if (response.status !== 200) return undefined;
      if (known.size >= most) known.delete(known.keys().next().value!);
      const type = response.headers.get("Content-Type") ?? "application/json";
      known.set(name(request), { tag, body: await response.clone().text(), type });
      return undefined;
    },
  };
}

function refusing(): Middleware {
  return {
    async onResponse({ response }) {
      if (response.ok) return undefined;
      const problem = (await response.clone().json().catch(() => null)) as Problem | null;
      throw new Refusal(
        response.status,
        problem?.code ?? "no_problem",
        problem?.message ?? response.statusText,
        problem?.params ?? {},
        problem?.request_id ?? response.headers.get("X-Request-ID") ?? "",
      );
    },
  };
}
