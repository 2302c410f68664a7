import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallingError } from "../../../src/sdk/errors.js";
import type { Wanted } from "../../../src/sdk/media/places.js";
import { MediaSession, type Publish } from "../../../src/sdk/media/session.js";
import type { Subscription } from "../../../src/sdk/wire.js";
import { FakeConnection } from "./fake-connection.js";

interface Offered {
  sdp: string;
  subscribe: Record<string, Subscription>;
  publish: Publish;
  /** Answers; `inactive` names the mids that are not served. */
  answer(inactive?: string): Promise<void>;
  refuse(code: number): Promise<void>;
}

let offers: Offered[];
let states: string[];
let received: string[][];
let resized: (readonly Subscription[])[];
let ready: number;
let session: MediaSession;

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const connection = (): FakeConnection => FakeConnection.all.at(-1)!;
const offer = (): Offered => offers.at(-1)!;
const audio = (user: string, ssrc?: number): Wanted => ({ user, track: "audio", ...(ssrc && { ssrc }) });
const camera = (user: string, size: "small" | "large"): Wanted => ({ user, track: "camera", size });
const microphone = { kind: "audio" } as MediaStreamTrack;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  FakeConnection.all.length = 0;
  [offers, states, received, resized, ready] = [[], [], [], [], 0];
  session = new MediaSession(
    {
      offer: (sdp, subscribe, publish) =>
        new Promise((resolve, reject) => {
          offers.push({
            sdp,
            subscribe,
            publish,
            answer: async (inactive = "") => {
              resolve(inactive);
              await settle();
            },
            refuse: async (code) => {
              reject(new CallingError(code, "no"));
              await settle();
            },
          });
        }),
      ready: () => {
        ready += 1;
        return Promise.resolve();
      },
      resize: (views) => {
        resized.push(views);
        return Promise.resolve();
      },
      told: (state) => states.push(state),
      received: (tracks) => received.push(tracks.map(({ wanted }) => `${wanted.user} ${wanted.track}`)),
      debug: () => undefined,
    },
    { iceServers: [], iceTransportPolicy: "all" },
  );
  await settle();
});

afterEach(async () => {
  await session.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Answered, and up. */
async function up(): Promise<void> {
  await offer().answer();
  connection().become("connected");
  await settle();
}

test("offers the microphone's section at once, and sends nothing before the gate opens", async () => {
  await session.send("audio", microphone);
  expect(offers).toHaveLength(1);
  await up();
  const [own] = connection().getTransceivers();
  expect(own).toMatchObject({ direction: "sendonly" });
  expect(own?.sender.track).toBeNull();
  session.openGate();
  await settle();
  expect(own?.sender.track).toBe(microphone);
  expect([states, ready, offers.length]).toEqual([["connecting", "connected"], 1, 1]);
});

test("one offer is under way at a time, and the next takes up all that changed", async () => {
  session.want([audio("bob")]);
  session.want([audio("bob"), audio("carol")]);
  await settle();
  expect(offers).toHaveLength(1);
  await offer().answer();
  expect(offers).toHaveLength(2);
  expect(offer().subscribe).toEqual({
    "1": { user: "bob", track: "audio" },
    "2": { user: "carol", track: "audio" },
  });
  await offer().answer();
  expect(received.at(-1)).toEqual(["bob audio", "carol audio"]);
  // Nothing new is wanted: nothing is offered.
  session.want([audio("carol"), audio("bob")]);
  await settle();
  expect(offers).toHaveLength(2);
});

test("a free section of sound is used again, one of pictures is stopped", async () => {
  await up();
  session.want([audio("bob"), camera("bob", "small")]);
  await settle();
  await offer().answer();
  session.want([]);
  await settle();
  expect(offer().subscribe).toEqual({});
  await offer().answer();
  expect(received.at(-1)).toEqual([]);
  session.want([camera("carol", "large"), audio("carol")]);
  await settle();
  expect(offer().subscribe).toEqual({
    "1": { user: "carol", track: "audio" },
    "3": { user: "carol", track: "camera", size: "large" },
  });
  expect(connection().getTransceivers().map((it) => it.direction)).toEqual([
    expect.anything(),
    "recvonly",
    "stopped",
    "recvonly",
  ]);
});

test("who could not be served is asked for again", async () => {
  await up();
  session.want([audio("bob")]);
  await settle();
  await offer().answer("1");
  expect(received.at(-1)).toEqual([]);
  session.want([audio("bob")]);
  await settle();
  expect(offers).toHaveLength(3);
});

test("who enters under the stream agreed on needs no offer, under another one", async () => {
  await up();
  session.want([audio("bob")]);
  await settle();
  await offer().answer("\r\nm=audio\r\na=mid:1\r\na=ssrc:77 cname:x\r\n");
  session.want([audio("bob", 77)]);
  await settle();
  expect(offers).toHaveLength(2);
  session.want([audio("bob", 78)]);
  await settle();
  expect(offers).toHaveLength(3);
  // A network that is lost meanwhile does not make it forget.
  await offer().refuse(-1406);
  session.signallingBack();
  await settle();
  expect(offers).toHaveLength(4);
  await offer().answer("\r\nm=audio\r\na=mid:1\r\na=ssrc:78 cname:x\r\n");
  session.want([audio("bob", 78)]);
  await settle();
  expect(offers).toHaveLength(4);
});

test("a gate that closes again lets nothing out", async () => {
  await session.send("audio", microphone);
  await up();
  session.openGate();
  session.closeGate();
  await settle();
  expect(connection().getTransceivers()[0]?.sender.track).toBeNull();
});

test("whoever sends pictures offers anew once others are there, and nobody else", async () => {
  await up();
  session.renew();
  await settle();
  expect(offers).toHaveLength(1);
  session.prepare("camera");
  await settle();
  await offer().answer();
  session.renew();
  await settle();
  expect(offers).toHaveLength(3);
});

test("another size needs no offer", async () => {
  await up();
  session.want([camera("bob", "small")]);
  await settle();
  await offer().answer();
  session.want([camera("bob", "large")]);
  await settle();
  expect(offers).toHaveLength(2);
  expect(resized).toEqual([[{ user: "bob", track: "camera", size: "large" }]]);
});

test("the own camera is announced once, with its mid", async () => {
  await up();
  session.openGate();
  await session.send("camera", { kind: "video" } as MediaStreamTrack);
  await settle();
  expect(offer().publish).toEqual({ "1": "camera" });
  await offer().answer();
  await session.send("camera", undefined);
  await session.send("camera", { kind: "video" } as MediaStreamTrack);
  await settle();
  expect(offers).toHaveLength(2);
});

test("an offer that met a lost connection is made again when that is back", async () => {
  await up();
  session.want([audio("bob")]);
  await settle();
  await offer().refuse(-1406);
  expect(connection().signalingState).toBe("stable");
  await vi.advanceTimersByTimeAsync(5_000);
  expect(offers).toHaveLength(2);
  session.signallingBack();
  await settle();
  expect(offers).toHaveLength(3);
  await offer().answer();
  expect(received.at(-1)).toEqual(["bob audio"]);
  expect(FakeConnection.all).toHaveLength(1);
});

test("a refusal for too many offers is waited out", async () => {
  await offer().refuse(-3);
  expect(offers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(offers).toHaveLength(2);
});

test("of a call that is over nothing is offered again", async () => {
  await offer().refuse(8010);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(offers).toHaveLength(1);
});

test("a connection that the server forgot is replaced, with all that is wanted", async () => {
  session.openGate();
  await session.send("audio", microphone);
  session.want([audio("bob")]);
  await up();
  await offer().answer();
  session.forgotten("media_failed");
  await settle();
  expect(FakeConnection.all).toHaveLength(2);
  expect(FakeConnection.all[0]?.connectionState).toBe("closed");
  expect(offer().subscribe).toEqual({ "1": { user: "bob", track: "audio" } });
  expect(connection().getTransceivers()[0]?.sender.track).toBe(microphone);
  await up();
  expect([states, ready]).toEqual([["connecting", "connected", "reconnecting", "connected"], 2]);
});

test("an answer to a connection that was replaced meanwhile is let go", async () => {
  const late = offer();
  session.forgotten("media_failed");
  await settle();
  await late.answer();
  await up();
  expect(states.at(-1)).toBe("connected");
});

test("ICE restarts after a moment of nothing, and another connection follows if that does not help", async () => {
  await up();
  const ufrag = (): string | undefined => /ufrag:(\d)/.exec(offer().sdp)?.[1];
  connection().become("disconnected");
  await vi.advanceTimersByTimeAsync(1_499);
  expect(offers).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect([offers.length, ufrag()]).toEqual([2, "2"]);
  await offer().answer();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(FakeConnection.all).toHaveLength(2);
  expect(states).toEqual(["connecting", "connected", "reconnecting"]);
});

test("a short loss is waited out", async () => {
  await up();
  connection().become("disconnected");
  await vi.advanceTimersByTimeAsync(1_000);
  connection().become("connected");
  await vi.advanceTimersByTimeAsync(20_000);
  expect([offers.length, FakeConnection.all.length]).toEqual([1, 1]);
});

test("it gives up after three more connections, and begins again once signalling is back", async () => {
  for (let attempt = 0; attempt < 4; attempt += 1) await vi.advanceTimersByTimeAsync(8_000);
  expect(states).toEqual(["connecting", "failed"]);
  expect(FakeConnection.all).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeConnection.all).toHaveLength(4);
  session.signallingBack();
  await settle();
  expect(FakeConnection.all).toHaveLength(5);
  await up();
  expect(states.at(-1)).toBe("connected");
});

test("closing gives everything back", async () => {
  await session.send("audio", microphone);
  session.openGate();
  await up();
  await session.close();
  expect(connection().connectionState).toBe("closed");
  expect(connection().getTransceivers()[0]?.sender.track).toBeNull();
  session.want([audio("bob")]);
  session.forgotten("late");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([offers.length, FakeConnection.all.length]).toEqual([1, 1]);
});
