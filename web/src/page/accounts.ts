/** An account and its proof. */
export interface Account {
  readonly userId: string;
  readonly userSig: string;
}

/** What the server tells of itself. */
export interface ServerFacts {
  readonly isDemo: boolean;
  /** Accounts that anybody at the server's own machine may sign in as. */
  readonly accounts: readonly Account[];
}

const NOTHING: ServerFacts = { isDemo: false, accounts: [] };

/** Asks the server of this page; without an answer there are no demo accounts. */
export async function serverFacts(ask: typeof fetch = fetch): Promise<ServerFacts> {
  try {
    const response = await ask("/v1/status");
    return response.ok ? factsOf(await response.json()) : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** Reads the answer of `/v1/status`. */
export function factsOf(status: unknown): ServerFacts {
  if (typeof status !== "object" || status === null) return NOTHING;
  const { demo, accounts } = status as { demo?: unknown; accounts?: unknown };
  const list: readonly unknown[] = Array.isArray(accounts) ? accounts : [];
  return { isDemo: demo === true, accounts: list.flatMap(accountOf) };
}

function accountOf(value: unknown): Account[] {
  if (typeof value !== "object" || value === null) return [];
  const { user_id: userId, user_sig: userSig } = value as Record<string, unknown>;
  return typeof userId === "string" && typeof userSig === "string" ? [{ userId, userSig }] : [];
}

const KEY = "calling.account";

/** Who signed in in this tab. */
export function keptAccount(storage: Pick<Storage, "getItem">): Account | undefined {
  try {
    const { userId, userSig } = JSON.parse(storage.getItem(KEY) ?? "{}") as Partial<Account>;
    return typeof userId === "string" && typeof userSig === "string"
      ? { userId, userSig }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps who signed in for this tab, so that a reload goes on; `undefined` forgets it. */
export function keepAccount(storage: Storage, account: Account | undefined): void {
  if (account === undefined) storage.removeItem(KEY);
  else storage.setItem(KEY, JSON.stringify(account));
}
