/**
 * Every screen by its address, for those who draw them: `gallery.html?screen=voice&theme=dark&lang=en`.
 * For development; it is not built.
 */
import type { Profile } from "../sdk/index.js";
import { FakeCalling } from "../ui/fake/fake-calling.js";
import "../ui/window/calling-window.js";
import { CALLS } from "./calls.js";
import { CHAT_SCREENS } from "./chat-screens.js";
import { showChat } from "./chats.js";
import { PEOPLE } from "./people.js";

const query = new URLSearchParams(location.search);
const screen = query.get("screen");
const theme = query.get("theme") ?? "auto";
document.documentElement.lang = query.get("lang") ?? "en";
document.documentElement.dataset["theme"] = theme;

function profiles(users: readonly string[]): Promise<readonly Profile[]> {
  const known = users.map((user) => ({
    user,
    nickname: PEOPLE[user] ?? "",
    avatar: "",
    remark: "",
  }));
  return Promise.resolve(known);
}

async function showCall(name: string): Promise<void> {
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
  document.body.append(window);
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
  document.body.append(list);
}

if (screen === null) showList();
else if (screen in CALLS) await showCall(screen);
else {
  const found = CHAT_SCREENS.find((it) => it === screen);
  if (found !== undefined) await showChat(found, theme, profiles);
}
document.documentElement.dataset["ready"] = "";
