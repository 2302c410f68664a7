import { expect, test } from "vitest";
import { lean } from "../../../src/sdk/media/lean.js";

const transport = [
  "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=fingerprint:sha-256 AA:BB",
  "a=setup:actpass",
];
const session = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"];
const audio = [
  "m=audio 50000 UDP/TLS/RTP/SAVPF 111 63 9 0",
  "c=IN IP4 192.0.2.1",
  "a=rtcp:9 IN IP4 0.0.0.0",
  ...transport,
  "a=mid:0",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
  "a=sendonly",
  "a=rtcp-mux",
  "a=rtpmap:111 opus/48000/2",
  "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:63 red/48000/2",
  "a=fmtp:63 111/111",
  "a=rtpmap:9 G722/8000",
  "a=ssrc:7 cname:x",
];
const video = [
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 109 35 36 98 100",
  "c=IN IP4 0.0.0.0",
  ...transport,
  "a=mid:1",
  "a=recvonly",
  "a=rtcp-mux",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 nack pli",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:103 H264/90000",
  "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
  "a=rtpmap:104 rtx/90000",
  "a=fmtp:104 apt=103",
  "a=rtpmap:107 H264/90000",
  "a=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
  "a=rtpmap:109 H264/90000",
  "a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  "a=rtpmap:35 AV1/90000",
  "a=fmtp:35 level-idx=5;profile=0;tier=0",
  "a=rtpmap:36 AV1/90000",
  "a=fmtp:36 level-idx=5;profile=1;tier=0",
  "a=rtpmap:98 VP9/90000",
  "a=fmtp:98 profile-id=0",
  "a=rtpmap:100 VP9/90000",
  "a=fmtp:100 profile-id=2",
];
const text = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join("");

test("one form of each codec stays, with what repairs it", () => {
  const short = lean(text(...session, ...audio, ...video));
  expect(short).toContain("m=audio 50000 UDP/TLS/RTP/SAVPF 111 63\r\n");
  expect(short).toContain("m=video 9 UDP/TLS/RTP/SAVPF 96 97 109 35 98\r\n");
  const types = [...short.matchAll(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/gm)].map((it) => it[1]);
  expect([...new Set(types)]).toEqual(["111", "63", "96", "97", "109", "35", "98"]);
});

test("copies stay if they are of one codec", () => {
  const mixed = audio.map((line) => (line === "a=fmtp:63 111/111" ? "a=fmtp:63 111/9" : line));
  expect(lean(text(...session, ...mixed))).toContain("SAVPF 111\r\n");
});

test("the transport stands once, and streams and sections as they were", () => {
  const short = lean(text(...session, ...audio, ...video));
  for (const line of transport) expect(short.split(line)).toHaveLength(2);
  for (const line of [...session, "a=mid:0", "a=mid:1", "a=ssrc:7 cname:x", "a=recvonly"]) {
    expect(short).toContain(`${line}\r\n`);
  }
  expect(short).not.toContain("a=rtcp:");
  expect(short.match(/a=extmap/g)).toHaveLength(1);
});

test("a section without any codec of ours is left for the server to reject", () => {
  const data = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2"];
  expect(lean(text(...session, ...audio, ...data))).toContain(text(...data));
});
