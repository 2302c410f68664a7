import { html, nothing, type TemplateResult } from "lit";

import type { GroupId, MediaType, UserId } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { ACCOUNT, peopleList, submit } from "../window/invite.js";
import type { ChatScene } from "./context.js";

/** The dialog that is open. */
export function chatDialog(scene: ChatScene): TemplateResult | typeof nothing {
  const { dialog, texts } = scene;
  switch (dialog.kind) {
    case "none":
      return nothing;
    case "chat":
      return framed(scene, texts.newChat, newChat(scene));
    case "group":
      return framed(scene, texts.newGroup, newGroup(scene));
    case "members":
      return framed(scene, texts.addPeople, newMembers(scene, dialog.group));
    case "call":
      return framed(scene, texts.choosePeople, whomToCall(scene, dialog.group, dialog.media));
  }
}

function framed({ texts, act }: ChatScene, heading: string, body: TemplateResult): TemplateResult {
  return html`<calling-dialog
    .heading=${heading}
    .closeLabel=${texts.close}
    @close=${() => act.open({ kind: "none" })}
    >${body}</calling-dialog
  >`;
}

function others({ contacts, state }: ChatScene): readonly UserId[] {
  return contacts.filter((user) => user !== state.me);
}

function accountField(label: string, isNeeded: boolean): TemplateResult {
  return html`<label class="field"
    >${label}
    <input
      name="other"
      pattern=${ACCOUNT}
      ?required=${isNeeded}
      ?autofocus=${isNeeded}
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
  /></label>`;
}

function newChat(scene: ChatScene): TemplateResult {
  const { texts, act } = scene;
  const start = ([user]: readonly UserId[]): void => {
    act.open({ kind: "none" });
    if (user !== undefined) act.go({ page: "profile", user });
  };
  return html`<form class="people" @submit=${(event: SubmitEvent) => submit(event, start)}>
    ${accountField(texts.accountOf, true)}
    <button class="button primary">${texts.start}</button>
  </form>`;
}

function newGroup(scene: ChatScene): TemplateResult {
  const { texts, act, names } = scene;
  const create = (event: SubmitEvent): void => {
    const name = new FormData(event.target as HTMLFormElement).get("name");
    const text = typeof name === "string" ? name.trim() : "";
    submit(event, (users) => act.createGroup(text, users));
  };
  return html`<form class="people" @submit=${create}>
    <label class="field"
      >${texts.groupName} <input name="name" maxlength="80" required autofocus autocomplete="off"
    /></label>
    ${peopleList(others(scene), names)} ${accountField(texts.otherAccount, false)}
    <button class="button primary">${icons.group} ${texts.create}</button>
  </form>`;
}

function newMembers(scene: ChatScene, group: GroupId): TemplateResult {
  const { texts, act, names, state } = scene;
  const there = new Set((state.members[group] ?? []).map((it) => it.user));
  const free = others(scene).filter((user) => !there.has(user));
  const add = (users: readonly UserId[]): void => act.addMembers(group, users);
  return html`<form class="people" @submit=${(event: SubmitEvent) => submit(event, add)}>
    ${free.length === 0 ? nothing : peopleList(free, names)}
    ${accountField(texts.otherAccount, false)}
    <button class="button primary">${icons.addPerson} ${texts.add}</button>
  </form>`;
}

function whomToCall(scene: ChatScene, group: GroupId, media: MediaType): TemplateResult {
  const { texts, act, names, state } = scene;
  const members = (state.members[group] ?? []).map((it) => it.user);
  const callable = members.filter((user) => user !== state.me);
  const call = (users: readonly UserId[]): void => act.groupCall(group, users, media);
  return html`<form class="people" @submit=${(event: SubmitEvent) => submit(event, call)}>
    ${peopleList(callable, names, callable.length <= 8)}
    <button class="button primary" data-control="start-call">
      ${media === "video" ? icons.video : icons.phone} ${texts.call}
    </button>
  </form>`;
}
