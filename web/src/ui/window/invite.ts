import { html, nothing, type TemplateResult } from "lit";

import type { UserId } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { others } from "../model/call.js";
import { avatar } from "../parts/avatar.js";
import type { Scene } from "./context.js";

/** What an account may be called: 1 to 32 of letters, digits, `_` and `-`. */
export const ACCOUNT = "[A-Za-z0-9_\\-]{1,32}";

/** Whom to ring into the call. */
export function inviteDialog(scene: Scene): TemplateResult {
  const { view, texts, names, act, contacts } = scene;
  const inCall = new Set([view.me, ...others(view).map((it) => it.user)]);
  const free = contacts.filter((user) => !inCall.has(user));
  return html`<calling-dialog
    .heading=${texts.addPeople}
    .closeLabel=${texts.close}
    @close=${() => act.open("none")}
  >
    <form class="people" @submit=${(event: SubmitEvent) => submit(event, act.invite)}>
      ${free.length === 0 ? nothing : peopleList(free, names)}
      <label class="field"
        >${texts.otherAccount}
        <input
          name="other"
          pattern=${ACCOUNT}
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
      /></label>
      <button class="button primary">${icons.addPerson} ${texts.add}</button>
    </form>
  </calling-dialog>`;
}

/** People to tick. */
export function peopleList(
  users: readonly UserId[],
  names: Scene["names"],
  isTicked = false,
): TemplateResult {
  return html`<ul class="tick-list">
    ${users.map(
      (user) =>
        html`<li>
          <label
            ><input type="checkbox" name="user" value=${user} ?checked=${isTicked} />${avatar(
              names.avatar(user),
              36,
            )}<span>${names.name(user)}</span></label
          >
        </li>`,
    )}
  </ul>`;
}

/** Those who are ticked, and the one who was written. */
export function submit(event: SubmitEvent, act: (users: readonly UserId[]) => void): void {
  event.preventDefault();
  const form = new FormData(event.target as HTMLFormElement);
  const written = form.getAll("other").map(String);
  const users = [...form.getAll("user").map(String), ...written]
    .map((it) => it.trim())
    .filter((it) => it !== "");
  if (users.length > 0) act([...new Set(users)]);
}
