/**
 * Every screen by its address, for those who draw them: `gallery.html?screen=voice&theme=dark&lang=en`;
 * and one after the other on one page, by `gallery`. For development; it is not built.
 */
import type { Profile } from "../sdk/index.js";
import { adoptStyles } from "../page/ground.js";
import { FakeCalling } from "../ui/fake/fake-calling.js";
import "../ui/window/calling-window.js";
import { CALLS } from "./calls.js";
import { CHAT_SCREENS } from "./chat-screens.js";
import { showChat } from "./chats.js";
import { PEOPLE } from "./people.js";

adoptStyles(document);

/** What shows the screens, for those who look at many of them. */
export interface Gallery {
  /** Shows a screen in place of what was shown; a call lies over the screen `under` it, if there is one. */
  show(screen: string, theme: string, under?: string): Promise<void>;
  /** The same screen in another theme. */
  wear(theme: string): void;
}

declare global {
  var gallery: Gallery;
}

const { body, documentElement } = document;

function profiles(users: readonly string[]): Promise<readonly Profile[]> {
  const known = users.map((user) => ({
    user,
    nickname: PEOPLE[user] ?? "",
    avatar: "",
    remark: "",
  }));
  return Promise.resolve(known);
}

async function showCall(name: string, theme: string): Promise<void> {
  const scenario = CALLS[name];
  if (scenario === undefined) return;
  const window = document.createElement("calling-window");
  const fake = new FakeCalling({
    state: { connection: "connected", user: "alice" },
    chat: { profiles },
  });
  window.theme = theme;
  window.silent = true;
  window.contacts = Object.keys(PEOPLE);
  window.groupName = () => "Weekly planning";
  window.calling = fake;
  body.append(window);
  await window.updateComplete;
  fake.put(scenario.state);
  await settled(window);
  if (window.shadowRoot !== null) await scenario.then?.(fake, window.shadowRoot);
  await settled(window);
}

async function settled(element: { updateComplete: Promise<boolean> }): Promise<void> {
  await element.updateComplete;
  await new Promise((soon) => setTimeout(soon, 60));
  await element.updateComplete;
}

function showList(): void {
  const list = document.createElement("ul");
  for (const name of [...Object.keys(CALLS), ...CHAT_SCREENS]) {
    const link = document.createElement("a");
    link.href = `?screen=${name}`;
    link.textContent = name;
    list.append(document.createElement("li"));
    list.lastElementChild?.append(link);
  }
  body.append(list);
}

globalThis.gallery = {
  async show(screen, theme, under) {
    body.replaceChildren();
    documentElement.dataset["theme"] = theme;
    const below = CHAT_SCREENS.find((it) => it === under);
    if (below !== undefined) {
      await showChat(below, theme, profiles);
      // As the page has it.
      body.style.setProperty("--calling-mini-bottom", "88px");
    }
    if (screen in CALLS) return showCall(screen, theme);
    const found = CHAT_SCREENS.find((it) => it === screen);
    if (found !== undefined) await showChat(found, theme, profiles);
  },
  wear(theme) {
    documentElement.dataset["theme"] = theme;
    for (const shown of body.children) shown.setAttribute("theme", theme);
  },
};

const query = new URLSearchParams(location.search);
documentElement.lang = query.get("lang") ?? "en";
const screen = query.get("screen");
if (screen === null) showList();
else await gallery.show(screen, query.get("theme") ?? "auto");
documentElement.dataset["ready"] = "";
