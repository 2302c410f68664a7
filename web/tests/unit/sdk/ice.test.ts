/** What a peer connection is made with: STUN and TURN servers, and the form of the voice. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallMedia, type IceOptions } from "../../../src/sdk/media/call-media.js";
import type { CallState } from "../../../src/sdk/types.js";
import { FakeConnection } from "./fake-connection.js";

const RINGING: CallState = {
  callId: "c1",
  phase: "outgoing",
  role: "caller",
  mediaType: "audio",
  caller: "alice",
  inviter: "alice",
  isGroup: false,
  userData: "",
  members: [],
  local: { state: "none", microphone: false, micMuted: false, camera: false, screen: false, playbackBlocked: false },
};

function media(ice: IceOptions): CallMedia {
  const ignore = (): void => undefined;
  const ask = (): Promise<never> => new Promise(ignore);
  const owner = { ask, local: ignore, quality: ignore, tell: ignore, me: () => "alice", doubt: ignore, debug: ignore };
  return new CallMedia(owner, ice);
}

beforeEach(() => {
  FakeConnection.all.length = 0;
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
});
afterEach(() => vi.unstubAllGlobals());

const named = (username: string) => [{ urls: ["turn:named"], username, credential: "c" }];

test("a call uses the servers that the server named", () => {
  const calls = media({ relayOnly: false });
  calls.iceServers.told({ ice_servers: named("u") });
  calls.change(RINGING);
  expect(FakeConnection.all[0]?.config).toEqual({
    iceServers: named("u"),
    iceTransportPolicy: "all",
    bundlePolicy: "max-bundle",
  });
});

test("servers of the application win over those of the server", () => {
  const calls = media({ iceServers: [{ urls: "stun:own" }], relayOnly: false });
  calls.iceServers.told({ ice_servers: named("u") });
  calls.change(RINGING);
  expect(FakeConnection.all[0]?.config?.iceServers).toEqual([{ urls: "stun:own" }]);
  const none = media({ iceServers: [], relayOnly: false });
  none.iceServers.told({ ice_servers: named("u") });
  none.change(RINGING);
  expect(FakeConnection.all[1]?.config?.iceServers).toEqual([]);
});

test("fresh credentials reach the call that is under way, for the next restart of ICE", () => {
  const calls = media({ relayOnly: true });
  calls.iceServers.told({ ice_servers: named("old") });
  calls.change(RINGING);
  calls.iceServers.told({ ice_servers: named("fresh") });
  const [connection] = FakeConnection.all;
  expect(connection?.configured).toEqual({
    iceServers: named("fresh"),
    iceTransportPolicy: "relay",
    bundlePolicy: "max-bundle",
  });
  calls.change(undefined);
  calls.iceServers.told({ ice_servers: named("later") });
  expect(connection?.configured?.iceServers).toEqual(named("fresh"));
});

test("an application that hides its addresses speaks through TURN servers alone", () => {
  media({ iceServers: [], relayOnly: true }).change(RINGING);
  expect(FakeConnection.all[0]?.config).toMatchObject({ iceTransportPolicy: "relay" });
});

test("the voice carries copies of itself where the browser can", async () => {
  const getCapabilities = () => ({ codecs: ["audio/opus", "audio/PCMU", "audio/red"].map((mimeType) => ({ mimeType })) });
  vi.stubGlobal("RTCRtpSender", { getCapabilities });
  media({ iceServers: [], relayOnly: false }).change(RINGING);
  await Promise.resolve();
  const preferred = FakeConnection.all[0]?.getTransceivers()[0]?.preferred;
  expect(preferred).toEqual(["audio/red", "audio/opus", "audio/PCMU"]);
});
