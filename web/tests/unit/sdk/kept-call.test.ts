import { expect, test } from "vitest";
import { callState, localMedia } from "../../../src/ui/fake/fake-calling.js";
import { CallKeeper } from "../../../src/sdk/kept-call.js";

class Store {
  readonly #items = new Map<string, string>();
  getItem = (key: string): string | null => this.#items.get(key) ?? null;
  setItem = (key: string, text: string): void => void this.#items.set(key, text);
  removeItem = (key: string): void => void this.#items.delete(key);
}

const talking = callState({
  callId: "c1",
  phase: "connected",
  connectedAt: 7,
  local: localMedia({ micMuted: true, camera: true }),
});

test("a call is kept for its account until it ends", () => {
  const store = new Store();
  const before = new CallKeeper(store);
  before.keep("alice", talking);
  const after = new CallKeeper(store);
  const kept = { user: "alice", callId: "c1", connectedAt: 7, micMuted: true, camera: true };
  expect(after.of("alice")).toEqual(kept);
  expect(after.of("bob")).toBeUndefined();
  before.keep("alice", undefined);
  expect(after.of("alice")).toBeUndefined();
});

test("what a page that goes closes stays as it was", () => {
  const store = new Store();
  const keeper = new CallKeeper(store);
  keeper.keep("alice", talking);
  keeper.close();
  keeper.keep("alice", { ...talking, local: localMedia() });
  keeper.keep("alice", undefined);
  expect(keeper.of("alice")).toMatchObject({ callId: "c1", camera: true });
});

test("what merely rings here is not kept", () => {
  const keeper = new CallKeeper(new Store());
  keeper.keep("alice", { ...talking, phase: "incoming" });
  expect(keeper.of("alice")).toBeUndefined();
});

test.each(["", "null", "[]", "{", '{"user":"alice"}', '{"user":"alice","callId":7}'])(
  "%o in the storage is no call",
  (text) => {
    const store = new Store();
    store.setItem("calling.call", text);
    expect(new CallKeeper(store).of("alice")).toBeUndefined();
  },
);

test("storage that is forbidden keeps nothing and breaks nothing", () => {
  const refuse = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  const keeper = new CallKeeper({ getItem: refuse, setItem: refuse, removeItem: refuse });
  keeper.keep("alice", talking);
  expect(keeper.of("alice")).toBeUndefined();
  expect(new CallKeeper(undefined).of("alice")).toBeUndefined();
});
