import { html, type TemplateResult } from "lit";

import { avatarUrl, colourOf, initials } from "../model/format.js";
import { icons } from "../icons.js";
import { vars } from "./vars.js";

/** What an avatar is made of. */
export interface AvatarOf {
  readonly id: string;
  readonly name: string;
  readonly url?: string;
}

/** Somebody's picture, else the letters of the name. Told by the name beside it. */
export function avatar({ id, name, url = "" }: AvatarOf, size = 44): TemplateResult {
  const picture = avatarUrl(url, location.href);
  return html`<span
    class="avatar"
    aria-hidden="true"
    ${vars({ "--size": `${size}px`, "--avatar": colourOf(id) })}
    >${picture === undefined ? initials(name) : html`<img src=${picture} alt="" />`}</span
  >`;
}

/** The sign of a group. */
export function groupAvatar(id: string, size = 44): TemplateResult {
  return html`<span
    class="avatar group"
    aria-hidden="true"
    ${vars({ "--size": `${size}px`, "--avatar": colourOf(id) })}
    >${icons.group}</span
  >`;
}
