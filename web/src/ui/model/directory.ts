import type { CallingApi, Profile, UserId } from "../../sdk/index.js";
import { nameOf } from "./format.js";

/** The most accounts one question may name. */
const MOST = 100;

/** Who is who: profiles are asked for once, several in one question. */
export class Directory {
  readonly #known = new Map<UserId, Profile>();
  readonly #asked = new Set<UserId>();
  readonly #queue = new Set<UserId>();

  constructor(
    private readonly api: Pick<CallingApi, "chat">,
    private readonly changed: () => void,
  ) {}

  /** The name to show for an account; its id until the profile is known. */
  name(user: UserId): string {
    return nameOf(user, this.profile(user));
  }

  /** A profile, if it is known; it is asked for otherwise. */
  profile(user: UserId): Profile | undefined {
    if (user !== "" && !this.#asked.has(user)) this.#ask(user);
    return this.#known.get(user);
  }

  /** What an avatar is made of. */
  avatar(user: UserId): { id: UserId; name: string; url: string } {
    return { id: user, name: this.name(user), url: this.profile(user)?.avatar ?? "" };
  }

  /** Asks anew for an account, as after a change. */
  refresh(user: UserId): void {
    this.#ask(user);
  }

  /** Asks anew for those who are not known, as after a sign-in. */
  retry(): void {
    for (const user of [...this.#asked]) if (!this.#known.has(user)) this.#ask(user);
  }

  #ask(user: UserId): void {
    this.#asked.add(user);
    if (this.#queue.size === 0) queueMicrotask(() => void this.#send());
    this.#queue.add(user);
  }

  async #send(): Promise<void> {
    const users = [...this.#queue];
    this.#queue.clear();
    for (let at = 0; at < users.length; at += MOST) {
      try {
        const profiles = await this.api.chat.profiles(users.slice(at, at + MOST));
        for (const profile of profiles) this.#known.set(profile.user, profile);
        if (profiles.length > 0) this.changed();
      } catch {
        // Not signed in: ids stand for names until `retry`.
      }
    }
  }
}
