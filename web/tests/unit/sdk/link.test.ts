import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallingError } from "../../../src/sdk/errors.js";
import { Link } from "../../../src/sdk/link.js";
import { FakeSocket } from "./fake-socket.js";

const WHO = { sdkAppId: 1, userId: "alice", userSig: "sig", deviceId: "tab" };
const TERMS = { type: "signed_in", ping_interval_ms: 30_000, resume_token: "t1" };

let sockets: FakeSocket[];
let told: string[];
let link: Link;

beforeEach(() => {
  vi.useFakeTimers();
  // The middle of the spread.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  sockets = [];
  told = [];
  const listener = {
    up: (resumed: boolean) => told.push(resumed ? "resumed" : "up"),
    down: (attempt: number) => told.push(`down ${attempt}`),
    over: (why: { kicked: boolean; error?: CallingError }) =>
      told.push(why.kicked ? "kicked" : `over ${String(why.error?.code)}`),
    event: (event: { event: string }) => told.push(event.event),
    debug: () => undefined,
  };
  link = new Link("ws://server/v1/ws", listener, () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  });
});

afterEach(() => {
  link.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const last = (): FakeSocket => sockets.at(-1)!;

/** Opens the newest socket and signs in, or resumes, on it. */
async function welcome(method: "sign_in" | "resume", token = "t1"): Promise<FakeSocket> {
  const socket = last();
  socket.open();
  await settle();
  socket.answer("hello", { type: "hello", version: 1 });
  await settle();
  socket.answer(method, { ...TERMS, resume_token: token });
  await settle();
  return socket;
}

async function signedIn(): Promise<FakeSocket> {
  const login = link.open(WHO);
  const socket = await welcome("sign_in");
  await login;
  return socket;
}

test("says hello, then signs in", async () => {
  const socket = await signedIn();
  expect(socket.asked.map((it) => it.method)).toEqual(["hello", "sign_in"]);
  expect(socket.request("sign_in").params).toEqual({
    sdk_app_id: 1,
    user_id: "alice",
    user_sig: "sig",
    device_id: "tab",
  });
  expect(told).toEqual(["up"]);
});

test("a server that cannot be reached fails the login, and nothing is tried again", async () => {
  const login = expect(link.open(WHO)).rejects.toThrow("cannot reach the server");
  last().cut();
  await login;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(1);
});

test("a server that says nothing fails the login in time", async () => {
  const login = expect(link.open(WHO)).rejects.toBeInstanceOf(CallingError);
  last().open();
  await vi.advanceTimersByTimeAsync(10_000);
  await login;
  expect(last().closed).toBe(true);
});

test("after a loss the session is taken up where it was, at once", async () => {
  const first = await signedIn();
  first.event("ringing", { call_id: "c", user: "bob" }, 1);
  first.event("accepted", { call_id: "c", user: "bob" }, 2);
  first.cut();
  expect(sockets).toHaveLength(2);
  const second = await welcome("resume", "t2");
  expect(second.request("resume").params).toEqual({ token: "t1", device_id: "tab", last_event: 2 });
  // One that was handled before is not handled again; volumes have no number.
  second.event("accepted", { call_id: "c", user: "bob" }, 2);
  second.event("ended", { call_id: "c", outcome: "completed", duration_ms: 1 }, 3);
  second.event("volumes", { call_id: "c", volumes: [], total: 0 });
  expect(told).toEqual(["up", "ringing", "accepted", "down 1", "resumed", "ended", "volumes"]);
});

test("a session that is over is begun anew on the same connection", async () => {
  (await signedIn()).cut();
  const socket = last();
  socket.open();
  await settle();
  socket.answer("hello", {});
  await settle();
  socket.refuse("resume", -4);
  await settle();
  socket.answer("sign_in", { ...TERMS, resume_token: "t2" });
  await settle();
  // Events count from one again.
  socket.event("ringing", { call_id: "c", user: "bob" }, 1);
  expect(told).toEqual(["up", "down 1", "up", "ringing"]);
});

test("waits grow, are short during a call, and begin small again", async () => {
  (await signedIn()).cut();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    const before = Date.now();
    const made = sockets.length;
    last().cut();
    while (sockets.length === made) await vi.advanceTimersByTimeAsync(25);
    waits.push(Date.now() - before);
  }
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  link.setInCall(true);
  last().cut();
  await vi.advanceTimersByTimeAsync(500);
  expect(sockets).toHaveLength(12);
  await welcome("resume");
  last().cut();
  last().cut();
  await vi.advanceTimersByTimeAsync(50);
  expect(sockets).toHaveLength(14);
});

test("what was refused for good is not tried again", async () => {
  (await signedIn()).cut();
  const socket = last();
  socket.open();
  await settle();
  socket.answer("hello", {});
  await settle();
  socket.refuse("resume", -4);
  await settle();
  socket.refuse("sign_in", 70001, "the UserSig has expired");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["up", "down 1", "over 70001"]);
  expect(sockets).toHaveLength(2);
});

test("who is kicked stays out", async () => {
  const socket = await signedIn();
  socket.event("kicked_offline", {});
  socket.cut(4003);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["up", "kicked"]);
  expect(sockets).toHaveLength(1);
  await expect(link.ask("ping", {})).rejects.toThrow("not signed in");
});

test("a request waits for the connection; what may be asked twice is", async () => {
  const first = await signedIn();
  const call = link.ask("call", {});
  const history = link.ask("history", {}, { retry: true });
  const lost = expect(call).rejects.toMatchObject({ code: -1406 });
  first.cut();
  await lost;
  const later = link.ask("accept", { call_id: "c" });
  expect(last().has("accept")).toBe(false);
  const second = await welcome("resume");
  second.answer("history", { messages: [] });
  second.answer("accept", { connected: true });
  await expect(history).resolves.toEqual({ messages: [] });
  await expect(later).resolves.toEqual({ connected: true });
  expect(second.has("call")).toBe(false);
});

test("a request that is not answered in ten seconds ends the connection", async () => {
  const socket = await signedIn();
  const asked = expect(link.ask("call", {})).rejects.toThrow("did not answer");
  await vi.advanceTimersByTimeAsync(10_000);
  await asked;
  expect(socket.closed).toBe(true);
  expect(told).toEqual(["up", "down 1"]);
});

test("pings keep it alive, and during a call find out soon that it is not", async () => {
  const socket = await signedIn();
  await vi.advanceTimersByTimeAsync(15_000);
  expect(socket.has("ping")).toBe(true);
  socket.answer("ping", {});
  link.setInCall(true);
  await vi.advanceTimersByTimeAsync(5_000 + 5_999);
  expect(socket.closed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.closed).toBe(true);
  expect(told).toEqual(["up", "down 1"]);
});

test("a page that wakes up looks at once", async () => {
  const socket = await signedIn();
  link.poke();
  expect(socket.has("ping")).toBe(true);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(socket.closed).toBe(true);
  // While it waits for the next attempt, waking up shortens that.
  for (let attempt = 0; attempt < 9; attempt += 1) {
    last().cut();
    await vi.advanceTimersByTimeAsync(5_000);
  }
  last().cut();
  await settle();
  const before = sockets.length;
  link.poke();
  expect(sockets).toHaveLength(before + 1);
});

test("during a call a socket that hangs is given up soon, and the next has longer", async () => {
  const first = await signedIn();
  link.setInCall(true);
  first.cut();
  await vi.advanceTimersByTimeAsync(2_000 + 50);
  expect(sockets).toHaveLength(3);
  // The third opens, and the server hangs: four seconds from here.
  last().open();
  await vi.advanceTimersByTimeAsync(3_999);
  expect(sockets).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1 + 100);
  expect(sockets).toHaveLength(4);
  await welcome("resume");
  expect(link.isUp).toBe(true);
});

test("closing during a login ends it", async () => {
  const login = expect(link.open(WHO)).rejects.toBeInstanceOf(CallingError);
  link.close();
  await login;
});

test("frames that are none are dropped", async () => {
  const socket = await signedIn();
  for (const text of ["", "{", "[]", "null", "7", '{"id":"x"}', '{"event":7,"params":{}}']) {
    socket.say(text);
  }
  socket.say({ id: null, error: { code: -1, message: "malformed" } });
  socket.say({ id: 999, result: {} });
  expect(told).toEqual(["up"]);
  expect(link.isUp).toBe(true);
});
