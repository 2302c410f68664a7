import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";

import type { CallMember } from "../../sdk/index.js";
import { icons } from "../icons.js";
import { others, self } from "../model/call.js";
import { gridFor, pageCount, pageOf, PER_PAGE } from "../model/layout.js";
import { vars } from "../parts/vars.js";
import { bar } from "./bar.js";
import type { Scene } from "./context.js";
import { head } from "./head.js";
import { notices } from "./simple.js";
import { meter, tile } from "./tile.js";

/** Several: a grid of up to nine a page, or one large and the others beside. */
export function crowd(scene: Scene, groupName: string): TemplateResult {
  const { view, texts } = scene;
  const own = self(view);
  const people = [...(own === undefined ? [] : [own]), ...others(view)];
  const large = spotlight(scene, people);
  return html`<div class="stage dark crowd">
    ${head(scene, groupName === "" ? texts.groupCall : groupName)}
    ${large === undefined ? grid(scene, people) : focus(scene, people, large)} ${notices(scene)}
    ${bar(scene)}
  </div>`;
}

/** Who is shown large: whom one chose, else who shares a screen. */
function spotlight({ view }: Scene, people: readonly CallMember[]): CallMember | undefined {
  const pinned = people.find((it) => it.user === view.pinned);
  return pinned ?? people.find((it) => it.user !== view.me && it.screen);
}

function grid(scene: Scene, people: readonly CallMember[]): TemplateResult {
  const { view, stage } = scene;
  const pages = pageCount(people.length);
  const page = Math.min(view.page, pages - 1);
  const shown = pageOf(people, page);
  const { columns, rows } = gridFor(shown.length, stage.width, stage.height);
  const face = Math.round(
    Math.max(40, Math.min(112, Math.min(stage.width / columns, stage.height / rows) * 0.42)),
  );
  return html`<div class="main grid-area">
    <ul class="grid" ${vars({ "--columns": columns, "--rows": rows })}>
      ${repeat(
        shown,
        (it) => it.user,
        (it) => tile(scene, it, { size: shown.length > 2 ? "small" : "large", face }),
      )}
    </ul>
    ${pages > 1 ? pager(scene, people, page) : nothing}
  </div>`;
}

function pager(scene: Scene, people: readonly CallMember[], page: number): TemplateResult {
  const { texts, act } = scene;
  const pages = pageCount(people.length);
  const to = (next: number) => () => act.show({ type: "page", page: next });
  return html`<nav class="pager" aria-label=${texts.pageOf(page + 1, pages)}>
    <button
      class="icon-button"
      aria-label=${texts.previousPage}
      ?disabled=${page === 0}
      @click=${to(page - 1)}
    >
      ${icons.back}
    </button>
    <span>${page + 1} / ${pages}</span>
    <button
      class="icon-button"
      aria-label=${texts.nextPage}
      ?disabled=${page === pages - 1}
      @click=${to(page + 1)}
    >
      ${icons.next}
    </button>
    ${toSpeaker(scene, people, page)}
  </nav>`;
}

/** Who speaks may be on a page that is not shown. */
function toSpeaker(
  { view, texts, names, act }: Scene,
  people: readonly CallMember[],
  page: number,
): TemplateResult | typeof nothing {
  const at = people.findIndex((it) => it.user === view.speaker);
  const speaker = people[at];
  const there = Math.floor(at / PER_PAGE);
  if (speaker === undefined || there === page) return nothing;
  const name = names.name(speaker.user);
  return html`<button
    class="to-speaker"
    data-control="to-speaker"
    aria-label=${texts.toSpeaker(name)}
    title=${texts.toSpeaker(name)}
    ${vars({ "--level": speaker.volume / 100 })}
    @click=${() => act.show({ type: "page", page: there })}
  >
    ${meter()}<span class="who">${name}</span>
  </button>`;
}

function focus(scene: Scene, people: readonly CallMember[], large: CallMember): TemplateResult {
  const track = large.screen && large.user !== scene.view.me ? "screen" : "camera";
  const rest = people.filter((it) => it.user !== large.user || track === "screen");
  return html`<div class="main focus-area">
    <ul class="spotlight">
      ${tile(scene, large, { size: "large", face: 112, isMain: true, track })}
    </ul>
    <ul class="strip">
      ${repeat(
        rest,
        (it) => it.user,
        (it) => tile(scene, it, { size: "small", face: 40 }),
      )}
    </ul>
  </div>`;
}
