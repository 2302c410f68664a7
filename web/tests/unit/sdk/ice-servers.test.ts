/** Credentials of TURN servers expire: fresh ones are asked for in time. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IceServers } from "../../../src/sdk/ice-servers.js";
import type { NamedServers } from "../../../src/sdk/wire.js";

const server = (username: string): NonNullable<NamedServers["ice_servers"]>[number] => ({
  urls: ["turn:example.org"],
  username,
  credential: "c",
});

function keeper(answers: (NamedServers | Error)[]) {
  const named: string[][] = [];
  let asked = 0;
  const ice = new IceServers({
    ask: () => {
      const answer = answers[asked++] ?? new Error("asked too often");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    named: (servers) => named.push(servers.map((it) => it.username ?? "")),
    debug: () => undefined,
  });
  return { ice, named, asked: () => asked };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("fresh credentials are asked for with a quarter of the time left, again and again", async () => {
  const fresh = (name: string): NamedServers => ({ ice_servers: [server(name)], ice_expire_s: 3_600 });
  const { ice, named, asked } = keeper([fresh("2"), fresh("3")]);
  ice.told(fresh("1"));
  await vi.advanceTimersByTimeAsync(2_699_999);
  expect(asked()).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(named).toEqual([["1"], ["2"]]);
  await vi.advanceTimersByTimeAsync(2_700_000);
  expect(named).toEqual([["1"], ["2"], ["3"]]);
});

test("what does not expire is never asked for", async () => {
  const { ice, named, asked } = keeper([]);
  ice.told({ ice_servers: [server("1")] });
  await vi.advanceTimersByTimeAsync(1_000_000_000);
  expect([named, asked()]).toEqual([[["1"]], 0]);
});

test("a request that fails is made again a minute later", async () => {
  const { ice, named, asked } = keeper([new Error("lost"), { ice_servers: [server("2")] }]);
  ice.told({ ice_servers: [server("1")], ice_expire_s: 60 });
  await vi.advanceTimersByTimeAsync(45_000);
  expect([named.length, asked()]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(named).toEqual([["1"], ["2"]]);
});

test("who signed out asks for nothing, and an answer that was under way is not heeded", async () => {
  const { ice, asked } = keeper([]);
  ice.told({ ice_expire_s: 60 });
  ice.stop();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(asked()).toBe(0);
  let answer: ((told: NamedServers) => void) | undefined;
  const named: unknown[] = [];
  const slow = new IceServers({
    ask: () => new Promise((resolve) => (answer = resolve)),
    named: (servers) => named.push(servers),
    debug: () => undefined,
  });
  slow.told({ ice_expire_s: 60 });
  await vi.advanceTimersByTimeAsync(45_000);
  slow.told({ ice_servers: [server("anew")] });
  answer?.({ ice_servers: [server("late")], ice_expire_s: 1 });
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(named).toEqual([[], [server("anew")]]);
});
